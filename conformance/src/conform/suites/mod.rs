//! The suites. Each is a folder of its own; its topics are tables of cases.

pub mod clients;
pub mod driver_socket;
pub mod guide;
pub mod upsd;
pub mod upsdrvctl;
pub mod upsmon;
pub mod upssched;
pub mod wire;

use super::{Case, Check, Level, Profile};

/// Every case, by suite and topic in the order in which people read them.
#[must_use]
pub fn all() -> Vec<&'static Case> {
    [
        wire::CASES,
        upsd::CASES,
        driver_socket::CASES,
        clients::CASES,
        upsdrvctl::CASES,
        upsmon::CASES,
        upssched::CASES,
        guide::CASES,
    ]
    .into_iter()
    .flatten()
    .flat_map(|topic| topic.iter())
    .collect()
}

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

/// What upsmon must do while its servers are played.
const fn watch(
    id: &'static str,
    source: &'static str,
    level: Level,
    claim: &'static str,
    text: &'static str,
) -> Case {
    Case { id, source, level, claim, profile: Profile::Own, check: Check::Watch(text) }
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
