//! For programs: one JSON document.

use serde_json::{Value, json};

use super::Counts;
use crate::conform::verdict::Judged;

/// All judged cases.
#[must_use]
pub fn document(all: &[Judged]) -> Value {
    let mut targets: Vec<_> = all.iter().map(|judged| judged.target.to_string()).collect();
    targets.dedup();
    let targets: Vec<_> = targets
        .into_iter()
        .map(|target| {
            let counts = Counts::of(all.iter().filter(|judged| judged.target.to_string() == target));
            json!({
                "target": target,
                "passed": counts.passed,
                "expected_failures": counts.expected,
                "unexpected_failures": counts.unexpected,
                "unexpected_passes": counts.unexpected_passes,
                "precondition_unmet": counts.unmet,
                "skipped": counts.skipped,
                "flaky": counts.flaky,
            })
        })
        .collect();
    json!({
        "as_expected": all.iter().all(Judged::as_expected),
        "targets": targets,
        "cases": all.iter().map(case).collect::<Vec<_>>(),
    })
}

fn case(judged: &Judged) -> Value {
    let case = judged.case;
    let transcript = (!judged.as_expected())
        .then(|| judged.transcript.iter().map(ToString::to_string).collect::<Vec<_>>());
    json!({
        "id": case.id,
        "target": judged.target.to_string(),
        "level": case.level.name(),
        "source": case.source,
        "claim": case.claim,
        "verdict": judged.verdict.name(),
        "as_expected": judged.as_expected(),
        "text": judged.text,
        "expected": judged.entry.as_ref().map(|entry| json!({
            "verdict": entry.verdict.name(),
            "reason": entry.reason,
            "source": entry.source,
            "since": entry.since,
        })),
        "flaky": judged.flaky,
        "seconds": judged.took.as_secs_f64(),
        "kept": judged.kept,
        "repeat": judged.command(),
        "transcript": transcript,
    })
}
