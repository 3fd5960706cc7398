//! What people and programs read of judged cases.

pub mod differences;
pub mod html;
pub mod json;
pub mod junit;
pub mod text;

use super::verdict::{Judged, Standing, Verdict};

/// How many of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The claim holds.
    pub passed: usize,
    /// It does not, as the ledger says.
    pub expected: usize,
    /// It does not, and the ledger says nothing of it.
    pub unexpected: usize,
    /// It does, and the ledger says otherwise.
    pub unexpected_passes: usize,
    /// Something that the check needs was not there.
    pub unmet: usize,
    /// The check makes no sense there.
    pub skipped: usize,
    /// Passed at the second attempt only.
    pub flaky: usize,
}

impl Counts {
    /// Counts.
    #[must_use]
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Judged>) -> Self {
        let mut counts = Self::default();
        for judged in all {
            counts.flaky += usize::from(judged.flaky.is_some());
            match judged.standing() {
                Standing::Passed => counts.passed += 1,
                Standing::Expected => counts.expected += 1,
                Standing::Unexpected => counts.unexpected += 1,
                Standing::UnexpectedPass => counts.unexpected_passes += 1,
                Standing::NotJudged if judged.verdict == Verdict::Precondition => counts.unmet += 1,
                Standing::NotJudged => counts.skipped += 1,
            }
        }
        counts
    }

    /// Whether all is as expected.
    #[must_use]
    pub fn good(&self) -> bool {
        self.unexpected == 0 && self.unexpected_passes == 0
    }
}
