//! Suite `upsmon`: what upsmon says, does and survives while the harness plays the servers that it watches. Its NOTIFYCMD,
//! its SHUTDOWNCMD and `wall` are the harness's, so that nothing happens to this machine.

mod config;
mod control;
mod critical;
mod flag;
mod login;
mod lost;
mod notice;
mod reload;
mod rude;
mod sequence;
mod texts;
mod timer;

use super::watch;
use crate::conform::Case;

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[
    notice::CASES,
    texts::CASES,
    login::CASES,
    critical::CASES,
    lost::CASES,
    timer::CASES,
    sequence::CASES,
    flag::CASES,
    rude::CASES,
    control::CASES,
    reload::CASES,
    config::CASES,
];

/// What administrators have come to rely on without a text that says it.
const SEEN: &str = "nut 2.8.0 as seen";
/// The manual of the program.
const MAN: &str = "upsmon(8)";
/// The manual of its configuration.
const CONF: &str = "upsmon.conf(5)";
