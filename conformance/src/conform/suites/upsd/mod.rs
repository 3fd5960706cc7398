//! Suite `upsd`: verbs, grants, errors and their order, and what upsd makes of its drivers and its files.

mod auth;
mod config;
mod driver;
mod fsd;
mod get;
mod instcmd;
mod list;
mod login;
mod order;
mod reload;
mod rfc;
mod set;
mod stale;
mod start;
mod tls;
mod tracking;
mod users;
mod version;

use std::time::Duration;

use tokio::time::sleep;

use super::{read, run, talk};
use crate::conform::{Case, Miss, Outcome, Stage};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[
    version::CASES,
    get::CASES,
    list::CASES,
    auth::CASES,
    login::CASES,
    users::CASES,
    set::CASES,
    instcmd::CASES,
    tracking::CASES,
    fsd::CASES,
    order::CASES,
    rfc::CASES,
    stale::CASES,
    driver::CASES,
    reload::CASES,
    config::CASES,
    start::CASES,
    tls::CASES,
];

/// The document that both sides of the wire follow.
const PROTOCOL: &str = "net-protocol";
/// What programs have come to rely on without a text that says it.
const SEEN: &str = "nut 2.8.0 as seen";

/// Asks on a fresh connection each time, until the answer's first line begins with `expected`.
///
/// # Errors
/// It does not within `limit`.
async fn until(stage: &mut Stage, request: &str, expected: &str, limit: Duration) -> Outcome {
    let begun = stage.record().now();
    loop {
        let mut wire = stage.connect().await?;
        let answer = wire.ask(request).await?;
        wire.close();
        if answer[0].starts_with(expected) {
            return Ok(());
        }
        if stage.record().now() > begun + limit {
            let seen = &answer[0];
            return Err(Miss::Fail(format!(
                "`{request}` is not answered with {expected:?} within {limit:?}, last seen {seen:?}"
            )));
        }
        sleep(Duration::from_millis(20)).await;
    }
}
