//! Suite `driver-socket`: the Unix socket between drivers and upsd, from both sides. In most topics the harness plays the
//! driver and looks at what clients of upsd see; in `daemon` it plays upsd to a real driver.

mod daemon;
mod dump;
mod fresh;
mod later;
mod life;
mod lines;
mod orders;
mod tracking;
mod types;
mod vars;

use crate::conform::{Case, Check, Level, Profile};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[
    dump::CASES,
    vars::CASES,
    types::CASES,
    orders::CASES,
    tracking::CASES,
    fresh::CASES,
    lines::CASES,
    life::CASES,
    daemon::CASES,
    later::CASES,
];

/// The document that both sides of the socket follow.
const SOCKET: &str = "sock-protocol";
/// What drivers have come to rely on without a text that says it.
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
