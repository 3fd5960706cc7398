//! The same for programs. Equal seeds give equal bytes in the virtual lane, so nothing here depends on the wall clock there.

use serde_json::{Value, json};

use crate::run::Outcome;
use crate::trace::millis;

/// All runs as one JSON document.
#[must_use]
pub fn document(outcomes: &[Outcome]) -> Value {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    json!({
        "passed": outcomes.len() - failed,
        "failed": failed,
        "runs": outcomes.iter().map(run).collect::<Vec<_>>(),
    })
}

fn run(outcome: &Outcome) -> Value {
    json!({
        "name": outcome.name,
        "lane": outcome.lane.to_string(),
        "seed": outcome.seed,
        "verdict": if outcome.failure.is_none() { "pass" } else { "fail" },
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
