//! What a person or a program reads of a run.

pub mod caret;
pub mod json;
pub mod junit;
pub mod text;

use std::fmt::Display;
use std::io::Write as _;

use crate::run::Outcome;

/// What became of several runs.
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

/// Counts runs: one that was skipped has not passed.
pub(crate) fn count(outcomes: &[Outcome]) -> Count {
    let skipped = outcomes.iter().filter(|outcome| outcome.unmet.is_some()).count();
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    Count { passed: outcomes.len() - failed - skipped, failed, skipped }
}

/// Prints a line. Whoever reads may stop (`| head`) without ending a run in the middle.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
