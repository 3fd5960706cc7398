//! Suite `upssched`: what upsmon runs for things that are to be done later, and the process that holds its timers, with a
//! CMDSCRIPT that writes down how it was run.

mod cancel;
mod config;
mod execute;
mod options;
mod race;
mod timer;

use std::time::Duration;

use tokio::time::sleep;

use super::run;
use crate::conform::lab::{LIMIT, LOOK_EVERY, Start};
use crate::conform::{Case, Miss, Outcome, Ran, Stage, ensure_eq};

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] =
    &[options::CASES, config::CASES, execute::CASES, timer::CASES, cancel::CASES, race::CASES];

/// What scripts have come to rely on without a text that says it.
const SEEN: &str = "nut 2.8.0 as seen";

/// The text of every notice.
const MESSAGE: &str = "UPS a@localhost on battery";

/// CMDSCRIPT: writes its arguments and environment down, then takes its time (`slow`), fails (`fail`) or is done. Machines
/// in memory have no shell: theirs is in `lab/virt.rs`.
const SCRIPT: &str = r#"#!/bin/sh
# Blanks of the environment are kept; a line is written in one go.
printf '%s|%s|%s|%s|%s\n' "$#" "$*" "$NOTIFYTYPE" "$UPSNAME" "$NOTIFYMSG" >> "${0%/*}/calls"
case "$1" in
slow) exec sleep 4 ;;
fail) exit 3 ;;
esac
"#;

/// A run of CMDSCRIPT.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Called {
    /// How many arguments it got.
    count: String,
    /// Its arguments, with blanks between.
    arguments: String,
    notice: String,
    ups: String,
    message: String,
}

/// The head of upssched.conf.
fn head(stage: &Stage) -> String {
    let path = |name: &str| stage.lab().path(name).display().to_string();
    format!(
        "CMDSCRIPT {}\nPIPEFN {}\nLOCKFN {}\n",
        path("run/upssched-cmd"),
        path("run/upssched.pipe"),
        path("run/upssched.lock")
    )
}

/// Writes the files, with these AT lines.
fn prepare(stage: &Stage, rules: &str) -> Outcome {
    configure(stage, &(head(stage) + rules))
}

/// Writes the files, with this configuration.
fn configure(stage: &Stage, text: &str) -> Outcome {
    stage.write("run/upssched-cmd", SCRIPT, 0o755)?;
    stage.write("run/calls", "", 0o640)?;
    let text: String = text.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    stage.write("etc/upssched.conf", &text, 0o640)
}

/// How upsmon starts it.
fn start(kind: &str, ups: &str) -> Start<'static> {
    let mut start = Start::new("upssched", &[MESSAGE]);
    start.environment =
        vec![("NOTIFYTYPE".to_owned(), kind.to_owned()), ("UPSNAME".to_owned(), ups.to_owned())];
    start
}

/// Runs it for a notice to its end, whatever that is.
async fn run_for(stage: &mut Stage, kind: &str, ups: &str) -> Result<Ran, Miss> {
    stage.run(start(kind, ups), LIMIT * 4).await
}

/// Runs it for a notice; it must end with 0.
async fn notice(stage: &mut Stage, kind: &str, ups: &str) -> Result<Ran, Miss> {
    let ran = run_for(stage, kind, ups).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    Ok(ran)
}

/// What it said, wherever.
fn said(ran: &Ran) -> String {
    format!("{}{}", ran.stdout, ran.stderr)
}

/// The runs of CMDSCRIPT so far.
fn calls(stage: &Stage) -> Result<Vec<Called>, Miss> {
    let text = stage.read("run/calls")?;
    let called = |line: &str| {
        let mut cells = line.split('|').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        Called { count: cell(), arguments: cell(), notice: cell(), ups: cell(), message: cell() }
    };
    Ok(text.lines().map(called).collect())
}

/// Their arguments.
fn arguments(stage: &Stage) -> Result<Vec<String>, Miss> {
    Ok(calls(stage)?.into_iter().map(|call| call.arguments).collect())
}

/// What CMDSCRIPT was run with so far.
fn ran(stage: &Stage, expected: &[&str]) -> Outcome {
    let seen = arguments(stage)?;
    ensure_eq(
        "the runs of CMDSCRIPT",
        seen.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        expected,
    )
}

/// Waits until CMDSCRIPT was run so often; a run too many is for [`exactly`].
async fn until(stage: &Stage, count: usize, limit: Duration) -> Result<Vec<Called>, Miss> {
    let end = stage.record().now() + limit;
    loop {
        let seen = calls(stage)?;
        if seen.len() >= count {
            return Ok(seen);
        }
        if stage.record().now() >= end {
            return Err(Miss::Fail(format!("after {limit:?} CMDSCRIPT was not run {count} times: {seen:?}")));
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Waits until CMDSCRIPT was run with these arguments, and then a while longer, in which nothing more may come.
async fn exactly(stage: &Stage, expected: &[&str], limit: Duration) -> Outcome {
    until(stage, expected.len(), limit).await?;
    sleep(stage.quiet()).await;
    ran(stage, expected)
}

/// Nothing may have been run after `wait`.
async fn nothing(stage: &Stage, wait: Duration) -> Outcome {
    sleep(wait).await;
    ran(stage, &[])
}

/// Whether the process that holds the timers is gone, as its socket tells.
async fn gone(stage: &Stage, limit: Duration) -> Outcome {
    let end = stage.record().now() + limit;
    while stage.lab().connect_unix("run/upssched.pipe").await.is_ok() {
        if stage.record().now() >= end {
            return Err(Miss::Fail(format!("after {limit:?} somebody still listens on PIPEFN")));
        }
        // Each look is a client; the process may wait a little for one that comes again.
        sleep(Duration::from_millis(250)).await;
    }
    Ok(())
}

const SECOND: Duration = Duration::from_secs(1);
