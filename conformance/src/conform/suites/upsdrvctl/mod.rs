//! Suite `upsdrvctl`: how drivers are called, in which order, how often, how long they are waited for, and how they end.
//! Most of the drivers are only played (`lab/drivers.rs`); the subject's `dummy-ups` is the real one.

mod options;
mod real;
mod retry;
mod shutdown;
mod start;
mod stop;

use super::run;
use crate::conform::lab::drivers::{CALLED, FOLDER};
use crate::conform::lab::{LIMIT, Ran, Start};
use crate::conform::{Case, Miss, Outcome, Stage, ensure, ensure_eq};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] =
    &[options::CASES, start::CASES, retry::CASES, shutdown::CASES, stop::CASES, real::CASES];

/// What scripts have come to rely on without a text that says it.
const SEEN: &str = "nut 2.8.0 as seen";
const MAN: &str = "upsdrvctl(8)";
const CONF: &str = "ups.conf(5)";

/// Two played drivers that start at once.
const TWO: &str = "[one]\n  driver = good\n  port = auto\n[two]\n  driver = other\n  port = auto\n";

/// Writes ups.conf: this, with the played drivers' folder as `driverpath`.
fn conf(stage: &mut Stage, text: &str) -> Outcome {
    stage.touch();
    let folder = stage.lab().path(FOLDER);
    stage.write("etc/ups.conf", &format!("driverpath = {}\n{text}", folder.display()), 0o640)
}

/// Runs upsdrvctl.
async fn upsdrvctl(stage: &mut Stage, arguments: &[&str]) -> Result<Ran, Miss> {
    with(stage, Start::new("upsdrvctl", arguments)).await
}

async fn with(stage: &mut Stage, start: Start<'_>) -> Result<Ran, Miss> {
    let ran = stage.run(start, LIMIT * 6).await?;
    ensure(!ran.hung, || format!("upsdrvctl still ran after {:?}", LIMIT * 6))?;
    Ok(ran)
}

/// All that it said.
fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

/// A subject that refuses the option or the word says that it does not have this.
fn known(ran: &Ran) -> Outcome {
    let said = said(ran);
    let refused = |line: &&str| line.contains("invalid option") || line.contains("unrecognized command");
    match said.lines().find(refused) {
        Some(line) => Err(Miss::Unimplemented(line.to_owned())),
        None => Ok(()),
    }
}

/// It ended with this code.
fn code(ran: &Ran, wanted: i32) -> Outcome {
    ensure(ran.code == Some(wanted), || {
        format!("the exit code: expected {wanted}, seen {:?}; it said {:?}", ran.code, said(ran))
    })
}

/// It said this.
fn says(ran: &Ran, wanted: &str) -> Outcome {
    let said = said(ran);
    ensure(said.contains(wanted), || format!("it does not say {wanted:?} but {said:?}"))
}

/// What the played drivers told so far.
fn called(stage: &Stage) -> Vec<String> {
    // Nothing was told yet.
    let told = stage.read(CALLED).unwrap_or_default();
    told.lines().map(str::to_owned).collect()
}

/// The played drivers told this, in this order.
fn told(stage: &Stage, wanted: &[&str]) -> Outcome {
    ensure_eq(
        "what the drivers were called with",
        called(stage),
        wanted.iter().map(|w| (*w).to_owned()).collect(),
    )
}
