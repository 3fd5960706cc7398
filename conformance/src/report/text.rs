//! Reports in plain text.

use std::fmt::Write as _;

use super::caret;
use crate::lane::kernel::Programs;
use crate::run::Outcome;

/// One line for a run: verdict, name, lane and how long it took.
#[must_use]
pub fn line(outcome: &Outcome) -> String {
    if let Some(what) = &outcome.unmet {
        return format!(
            "skip  {:<36} {:<8} precondition unmet: {what}",
            outcome.name,
            outcome.lane.to_string()
        );
    }
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
    failure_with(outcome, path, source, &again(outcome, path), colour)
}

/// The command that does this run again, and no other.
#[must_use]
pub fn again(outcome: &Outcome, path: &str) -> String {
    let (lane, seed) = (outcome.lane, outcome.seed);
    let target = match outcome.programs {
        Programs::Ours => "",
        Programs::Nut => " --target nut",
    };
    format!(
        "outage run --lane {lane}{target} --seed {seed} --only {} {}",
        shell_word(&outcome.name),
        shell_word(path)
    )
}

/// [`failure`], with another command to run it again.
#[must_use]
pub fn failure_with(
    outcome: &Outcome,
    path: &str,
    source: &str,
    again: &str,
    colour: bool,
) -> Option<String> {
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
    let _ = write!(text, "\nagain: {again}");
    if let Some(folder) = &outcome.kept {
        let _ = write!(text, "\nits files and logs: {}", folder.display());
    }
    Some(text)
}

/// A word that a shell takes as it is.
fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./+=:,@".contains(&byte);
    if !word.is_empty() && !word.starts_with('-') && word.bytes().all(plain) {
        return word.to_owned();
    }
    let word = if word.starts_with('-') { format!("./{word}") } else { word.to_owned() };
    format!("'{}'", word.replace('\'', "'\\''"))
}
