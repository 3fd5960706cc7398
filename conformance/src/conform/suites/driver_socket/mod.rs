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

use super::{run, talk};
use crate::conform::Case;

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
