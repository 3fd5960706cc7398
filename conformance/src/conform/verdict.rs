//! What became of a case at a target, and whether that was expected.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::expectations::Entry;
use super::record;
use super::{Case, Level, Miss, Outcome, Target};

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The claim holds.
    Pass,
    /// It does not.
    Fail,
    /// What must be holds, what should be does not.
    NonStrict,
    /// The subject says that it does not have this.
    Unimplemented,
    /// Something that the check needs is not there.
    Precondition,
    /// The check makes no sense of this subject.
    Skipped,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pass, Self::Fail, Self::NonStrict, Self::Unimplemented, Self::Precondition, Self::Skipped];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NonStrict => "non-strict",
            Self::Unimplemented => "unimplemented",
            Self::Precondition => "precondition unmet",
            Self::Skipped => "skipped",
        }
    }

    /// The verdict of a check, and what it has to say. What is not required can't fail, it is non-strict.
    #[must_use]
    pub fn of(level: Level, outcome: Outcome) -> (Self, String) {
        match outcome {
            Ok(()) => (Self::Pass, String::new()),
            Err(Miss::Fail(text)) if matches!(level, Level::Should | Level::May) => (Self::NonStrict, text),
            Err(Miss::Fail(text)) => (Self::Fail, text),
            Err(Miss::NonStrict(text)) => (Self::NonStrict, text),
            Err(Miss::Unimplemented(text)) => (Self::Unimplemented, text),
            Err(Miss::Precondition(text)) => (Self::Precondition, text),
            Err(Miss::Skipped(text)) => (Self::Skipped, text),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == text).ok_or_else(|| {
            format!("`{text}` is no verdict that can be expected: fail, non-strict or unimplemented")
        })
    }
}

/// How a verdict stands to what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It passes, and nothing else was expected.
    Passed,
    /// It was not judged, for a reason that lies outside of the subject.
    NotJudged,
    /// It does not pass, and the ledger says so and why.
    Expected,
    /// It passes, and the ledger says that it does not: the entry is to go.
    UnexpectedPass,
    /// It does not pass, or not in the way that the ledger says.
    Unexpected,
}

/// A case that was judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The case.
    pub case: &'static Case,
    /// Where.
    pub target: Target,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, when it did not pass.
    pub text: String,
    /// What the ledger says of it.
    pub entry: Option<Entry>,
    /// How it failed at the first attempt, when it passed at the second. Only where time is real.
    pub flaky: Option<String>,
    /// What went over the wires and into the logs.
    pub transcript: Vec<record::Entry>,
    /// Real time it took.
    pub took: Duration,
    /// Where its files were kept.
    pub kept: Option<PathBuf>,
}

impl Judged {
    /// How the verdict stands to what was expected.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let expected = self.entry.as_ref().map(|entry| entry.verdict);
        match (self.verdict, expected) {
            (Verdict::Precondition | Verdict::Skipped, _) => Standing::NotJudged,
            (Verdict::Pass, None) => Standing::Passed,
            (Verdict::Pass, Some(_)) => Standing::UnexpectedPass,
            (seen, Some(expected)) if seen == expected => Standing::Expected,
            _ => Standing::Unexpected,
        }
    }

    /// Whether all is as it should be.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        !matches!(self.standing(), Standing::Unexpected | Standing::UnexpectedPass)
    }

    /// The verdict as people read it, with what was expected.
    #[must_use]
    pub fn word(&self) -> String {
        match self.standing() {
            Standing::Expected => format!("expected {}", self.verdict),
            Standing::UnexpectedPass => "unexpected pass".to_owned(),
            _ => self.verdict.name().to_owned(),
        }
    }

    /// The one command that repeats it.
    #[must_use]
    pub fn command(&self) -> String {
        format!("outage conform --target {} {}", self.target, self.case.id)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Level::Must, Miss::fail("x"), Verdict::Fail)]
    #[case(Level::Observed, Miss::fail("x"), Verdict::Fail)]
    #[case(Level::Should, Miss::fail("x"), Verdict::NonStrict)]
    #[case(Level::May, Miss::fail("x"), Verdict::NonStrict)]
    #[case(Level::Should, Miss::Unimplemented("x".into()), Verdict::Unimplemented)]
    fn verdicts(#[case] level: Level, #[case] miss: Miss, #[case] expected: Verdict) {
        assert_eq!(Verdict::of(level, Err(miss)), (expected, "x".to_owned()));
    }

    #[rstest]
    #[case(Verdict::Pass, None, Standing::Passed)]
    #[case(Verdict::Pass, Some(Verdict::Fail), Standing::UnexpectedPass)]
    #[case(Verdict::Fail, None, Standing::Unexpected)]
    #[case(Verdict::Fail, Some(Verdict::Fail), Standing::Expected)]
    #[case(Verdict::Fail, Some(Verdict::Unimplemented), Standing::Unexpected)]
    #[case(Verdict::NonStrict, None, Standing::Unexpected)]
    #[case(Verdict::Unimplemented, None, Standing::Unexpected)]
    #[case(Verdict::Skipped, None, Standing::NotJudged)]
    #[case(Verdict::Skipped, Some(Verdict::Fail), Standing::NotJudged)]
    #[case(Verdict::Precondition, None, Standing::NotJudged)]
    fn standings(#[case] verdict: Verdict, #[case] expected: Option<Verdict>, #[case] standing: Standing) {
        let entry = expected.map(|verdict| Entry {
            id: "a/b/c".into(),
            verdict,
            reason: "r".into(),
            source: "s".into(),
            since: "v".into(),
        });
        let judged = Judged {
            case: crate::conform::suites::all()[0],
            target: Target::Nut,
            verdict,
            text: String::new(),
            entry,
            flaky: None,
            transcript: Vec::new(),
            took: Duration::ZERO,
            kept: None,
        };
        assert_eq!(judged.standing(), standing);
    }
}
