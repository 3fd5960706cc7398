//! Suite `wire`: how bytes become requests, and answers bytes, whatever the requests are.

mod bytes;
mod letters;
mod limits;
mod lines;
mod words;

use crate::conform::{Case, Check, Level, Profile};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[lines::CASES, words::CASES, letters::CASES, bytes::CASES, limits::CASES];

/// A written conversation with an upsd that the harness starts.
const fn talk(
    id: &'static str,
    source: &'static str,
    level: Level,
    claim: &'static str,
    text: &'static str,
) -> Case {
    Case { id, source, level, claim, profile: Profile::Own, check: Check::Talk(text) }
}

/// A written conversation that only reads.
const fn read(
    id: &'static str,
    source: &'static str,
    level: Level,
    claim: &'static str,
    text: &'static str,
) -> Case {
    Case { id, source, level, claim, profile: Profile::ReadOnly, check: Check::Talk(text) }
}
