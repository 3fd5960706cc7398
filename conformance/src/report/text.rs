//! Reports in plain text.

use std::fmt::Write as _;

use super::caret;
use crate::run::Outcome;

/// One line for a run: verdict, name, lane and how long it took.
#[must_use]
pub fn line(outcome: &Outcome) -> String {
    let verdict = if outcome.failure.is_none() { "pass" } else { "FAIL" };
    format!(
        "{verdict}  {:<36} {:<8} {:>9.1} s of it in {:>7.3} s",
        outcome.name,
        outcome.lane.to_string(),
        outcome.lasted.as_secs_f64(),
        outcome.took.as_secs_f64()
    )
}

/// What a person needs of a failed run: the step under a caret, what was seen instead, what happened, and how to run it again.
#[must_use]
pub fn failure(outcome: &Outcome, path: &str, source: &str, colour: bool) -> Option<String> {
    let failure = outcome.failure.as_ref()?;
    let mut text = String::new();
    let message = format!("expected: {}", failure.step);
    let seen = format!("at {:.2} s: {}", failure.at.as_secs_f64(), failure.seen);
    match &failure.span {
        Some(span) => text.push_str(&caret::render(path, source, span, &message, Some(&seen), colour)),
        None => {
            let _ = write!(text, "{message}\n  {seen}");
        }
    }
    text.push_str("\n\nwhat happened (scenario seconds):\n");
    for event in &outcome.trace {
        let _ = writeln!(text, "{event}");
    }
    for held in &outcome.held {
        let _ = writeln!(text, "{:>9.2}  held: {}", held.at.as_secs_f64(), held.step);
    }
    let _ = write!(
        text,
        "\nagain: outage run --lane {} --seed {} --only {} {path}",
        outcome.lane, outcome.seed, outcome.device_names
    );
    if let Some(folder) = &outcome.kept {
        let _ = write!(text, "\nits files and logs: {}", folder.display());
    }
    Some(text)
}
