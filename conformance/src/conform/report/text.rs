//! For people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Counts;
use crate::conform::verdict::{Judged, Standing};
use crate::conform::{Case, Check, Profile};

/// One line of a case, unless it passed at once.
#[must_use]
pub fn line(judged: &Judged) -> Option<String> {
    let id = judged.case.id;
    match judged.standing() {
        Standing::Passed => judged.flaky.as_ref().map(|first| format!("flaky        {id}: at first {first}")),
        Standing::NotJudged => {
            let word = if judged.verdict.name() == "skipped" { "skipped" } else { "unmet" };
            Some(format!("{word:<12} {id}: {}", judged.text))
        }
        Standing::Expected => {
            let reason = judged.entry.as_ref().map_or("", |entry| entry.reason.as_str());
            Some(format!("{:<12} {id}: {reason}", "expected"))
        }
        Standing::Unexpected | Standing::UnexpectedPass => None,
    }
}

/// All there is to say of a case that did not go as expected; `None` of others.
#[must_use]
pub fn failure(judged: &Judged) -> Option<String> {
    if judged.as_expected() {
        return None;
    }
    let case = judged.case;
    let mut text = format!("{} {} ({})\n", judged.word().to_uppercase(), case.id, judged.target);
    let mut say = |name: &str, what: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {name:<9} {what}");
    };
    say("claim", &format!("{} ({}, {})", case.claim, case.level, case.source));
    if !judged.text.is_empty() {
        say("seen", &judged.text);
    }
    if let Some(entry) = &judged.entry {
        say("expected", &format!("{}: {} ({})", entry.verdict, entry.reason, entry.source));
    }
    if let Some(folder) = &judged.kept {
        say("kept", &folder.display().to_string());
    }
    say("repeat", &judged.command());
    let shown = judged.transcript.len().saturating_sub(TRANSCRIPT);
    if shown > 0 {
        say("wires", &format!("(the last {TRANSCRIPT} lines of {})", judged.transcript.len()));
    } else {
        say("wires", "");
    }
    for entry in &judged.transcript[shown..] {
        let _ = writeln!(text, "  {entry}");
    }
    Some(text)
}

/// The most lines of a transcript that are shown; the kept folder has all.
const TRANSCRIPT: usize = 40;

/// The last word on a target.
#[must_use]
pub fn summary(target: &str, all: &[&Judged], took: std::time::Duration) -> String {
    let counts = Counts::of(all.iter().copied());
    let mut parts = vec![format!("{} passed", counts.passed)];
    let mut part = |count: usize, what: &str| {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    };
    part(counts.expected, "failed as expected");
    part(counts.skipped, "skipped");
    part(counts.unmet, "with a precondition unmet");
    part(counts.flaky, "flaky");
    part(counts.unexpected, "FAILED");
    part(counts.unexpected_passes, "PASSED UNEXPECTEDLY");
    format!("{target}: {} of {} cases in {:.1} s", parts.join(", "), all.len(), took.as_secs_f64())
}

/// The cases there are, by topic.
#[must_use]
pub fn list(cases: &[&'static Case]) -> String {
    let mut text = String::new();
    let mut topic = "";
    for case in cases {
        if case.topic() != topic {
            topic = case.topic();
            let count = cases.iter().filter(|other| other.topic() == topic).count();
            let _ = writeln!(text, "{topic} ({count})");
        }
        let safe = if case.profile == Profile::ReadOnly { "  [reads only]" } else { "" };
        let _ = writeln!(
            text,
            "  {:<8} {}{safe}\n           {} ({})",
            case.level, case.id, case.claim, case.source
        );
    }
    let mut levels = BTreeMap::new();
    for case in cases {
        *levels.entry(case.level.name()).or_insert(0) += 1;
    }
    let levels: Vec<_> = levels.iter().map(|(level, count)| format!("{count} {level}")).collect();
    let _ = writeln!(text, "{} cases: {}", cases.len(), levels.join(", "));
    text
}

/// What would be run, with the conversations as they are written.
#[must_use]
pub fn dry(cases: &[&'static Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let _ = writeln!(text, "{}\n  {} {} ({})", case.id, case.level, case.claim, case.source);
        match case.check {
            Check::Talk(talk) | Check::Watch(talk) => {
                for line in talk.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    let _ = writeln!(text, "    {line}");
                }
            }
            Check::Run(_) => text.push_str("    (code)\n"),
        }
    }
    text
}
