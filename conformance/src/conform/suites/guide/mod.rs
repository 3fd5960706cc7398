//! Suite `guide`: a set-up guide, walked from top to bottom in a folder that stands for `/`. What the guide says is
//! printed must be printed, and what it does must work.
//!
//! Each case replays what it needs of the steps before it, so that none depends on another. Ours has the guide's UPS, an
//! Eaton 3S on a virtual USB bus, by way of USB/IP in user space. NUT's own USB driver can't reach that without the
//! kernel: where a step is not about it, `dummy-ups` stands in.

mod driver;
mod files;
mod outage;
mod place;
mod server;
mod service;
mod watcher;

use super::run;
use crate::conform::Case;

/// The cases of the suite, by topic, in the guide's order.
pub const CASES: &[&[Case]] =
    &[files::CASES, driver::CASES, server::CASES, watcher::CASES, service::CASES, outage::CASES];

/// The steps and the texts that people look for.
const GUIDE: &str = "set-up guide of a firewall distribution";
/// What NUT's programs do and the guide does not mention.
const SEEN: &str = "nut 2.8.0 as seen";
