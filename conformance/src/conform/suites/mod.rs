//! The suites. Each is a folder of its own; its topics are tables of cases.

pub mod clients;
pub mod driver_socket;
pub mod upsd;
pub mod wire;

use super::Case;

/// Every case, by suite and topic in the order in which people read them.
#[must_use]
pub fn all() -> Vec<&'static Case> {
    [wire::CASES, upsd::CASES, driver_socket::CASES, clients::CASES]
        .into_iter()
        .flatten()
        .flat_map(|topic| topic.iter())
        .collect()
}
