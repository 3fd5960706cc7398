//! The same for programs. Equal seeds give equal bytes in the virtual lane, so nothing here depends on the wall clock there.

use serde_json::{Value, json};

use super::{Count, count};
use crate::run::Outcome;
use crate::trace::millis;

/// All runs as one JSON document.
#[must_use]
pub fn document(outcomes: &[Outcome]) -> Value {
    let Count { passed, failed, skipped } = count(outcomes);
    json!({
        "passed": passed,
        "failed": failed,
        "skipped": skipped,
        "runs": outcomes.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(outcome: &Outcome) -> Value {
    json!({
        "name": outcome.name,
        "lane": outcome.lane.to_string(),
        "seed": outcome.seed,
        "verdict": match outcome {
            Outcome { unmet: Some(_), .. } => "skip",
            Outcome { failure: Some(_), .. } => "fail",
            _ => "pass",
        },
        "unmet": outcome.unmet,
        "lasted": millis(outcome.lasted),
        "held": outcome.held.iter().map(|held| json!({ "t": millis(held.at), "step": held.step })).collect::<Vec<_>>(),
        "failure": outcome.failure.as_ref().map(|failure| json!({
            "t": millis(failure.at),
            "step": failure.step,
            "seen": failure.seen,
        })),
        "trace": outcome.trace,
    })
}
