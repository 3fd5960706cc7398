//! Suite `clients`: `upsc`, `upscmd`, `upsrw` and `upslog`, against a server that the harness plays: right, slow, rude or
//! dead.

mod dead;
mod log;
mod login;
mod options;
mod rude;
mod show;
mod texts;
mod upscmd;
mod upsrw;
mod wait;

use crate::conform::{Case, Check, Level, Profile};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[
    options::CASES,
    show::CASES,
    texts::CASES,
    rude::CASES,
    dead::CASES,
    upscmd::CASES,
    upsrw::CASES,
    login::CASES,
    wait::CASES,
    log::CASES,
];

/// What scripts have come to rely on without a text that says it.
const SEEN: &str = "nut 2.8.0 as seen";

/// A written conversation.
const fn talk(
    id: &'static str,
    source: &'static str,
    level: Level,
    claim: &'static str,
    text: &'static str,
) -> Case {
    Case { id, source, level, claim, profile: Profile::Own, check: Check::Talk(text) }
}

/// A check in code.
const fn run(
    id: &'static str,
    source: &'static str,
    level: Level,
    claim: &'static str,
    check: Check,
) -> Case {
    Case { id, source, level, claim, profile: Profile::Own, check }
}
