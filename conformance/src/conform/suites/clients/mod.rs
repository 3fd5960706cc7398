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

use super::{run, talk};
use crate::conform::Case;

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
