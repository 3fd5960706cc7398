//! `stop`: drivers are told to end, by their PID files.

use std::time::Duration;

use super::{CONF, MAN, SEEN, called, code, conf, run, says, upsdrvctl, with};
use crate::conform::Level::{Must, Should};
use crate::conform::lab::Start;
use crate::conform::{Case, Miss, Outcome, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/stop/all",
        MAN,
        Must,
        "stop sends SIGTERM to each driver by its PID file, and ends with 0.",
        run_check!(all),
    ),
    run("upsdrvctl/stop/one", MAN, Must, "stop with a UPS ends its driver alone.", run_check!(one)),
    run(
        "upsdrvctl/stop/waits",
        "upsdrvctl of NUT 2.8.1",
        Should,
        "When stop has ended, so have the drivers: they can be started again at once.",
        run_check!(waits),
    ),
    run(
        "upsdrvctl/stop/deaf",
        "upsdrvctl of NUT 2.8.1",
        Should,
        "A driver that does not end at SIGTERM within some seconds is killed.",
        run_check!(deaf),
    ),
    run(
        "upsdrvctl/stop/not-running",
        SEEN,
        Must,
        "A driver without a PID file is an error that names the file, ends with 1, and keeps no other running.",
        run_check!(not_running),
    ),
    run(
        "upsdrvctl/stop/nonsense",
        SEEN,
        Must,
        "A PID file that holds no process id is an error that ends with 1.",
        run_check!(nonsense),
    ),
    run(
        "upsdrvctl/stop/stale",
        "nut#2463, common/common.c of NUT 2.8.3",
        Should,
        "A PID file that was left behind and names a process that is no such driver ends nobody.",
        run_check!(stale),
    ),
    run(
        "upsdrvctl/stop/jail",
        CONF,
        Should,
        "With chroot in ups.conf the PID file is looked for where the driver in its jail wrote it.",
        run_check!(jail),
    ),
];

const DAEMONS: &str = "[one]\ndriver = daemon\nport = auto\n[two]\ndriver = daemon\nport = auto\n";

/// Waits until a played driver tells this of itself.
pub(super) async fn signalled(stage: &Stage, line: &str) -> Outcome {
    for _ in 0..200 {
        if called(stage).iter().any(|told| told == line) {
            return Ok(());
        }
        stage.wait(Duration::from_millis(25)).await;
    }
    Err(Miss::Fail(format!("no `{line}` in {:?}", called(stage))))
}

/// A played driver did not tell this of itself.
fn not_signalled(stage: &Stage, line: &str) -> Outcome {
    ensure(!called(stage).iter().any(|told| told == line), || format!("`{line}`"))
}

async fn all(stage: &mut Stage) -> Outcome {
    conf(stage, DAEMONS)?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    code(&upsdrvctl(stage, &["stop"]).await?, 0)?;
    signalled(stage, "daemon one TERM").await?;
    signalled(stage, "daemon two TERM").await
}

async fn one(stage: &mut Stage) -> Outcome {
    conf(stage, DAEMONS)?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    code(&upsdrvctl(stage, &["stop", "two"]).await?, 0)?;
    signalled(stage, "daemon two TERM").await?;
    not_signalled(stage, "daemon one TERM")?;
    code(&upsdrvctl(stage, &["stop", "one"]).await?, 0)?;
    signalled(stage, "daemon one TERM").await
}

async fn waits(stage: &mut Stage) -> Outcome {
    conf(stage, DAEMONS)?;
    code(&upsdrvctl(stage, &["start", "one"]).await?, 0)?;
    let stopped = upsdrvctl(stage, &["stop", "one"]).await?;
    let told = called(stage).iter().any(|line| line == "daemon one TERM");
    // It ends in any case.
    signalled(stage, "daemon one TERM").await?;
    code(&stopped, 0)?;
    ensure(told, || "stop had ended before the driver heard of it".to_owned())
}

async fn deaf(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = deaf\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    let pid = stage.read("run/deaf-one.pid")?;
    let ran = upsdrvctl(stage, &["stop"]).await?;
    says(&ran, "retrying harder")?;
    code(&ran, 0)?;
    // Now there is nobody to be asked once more.
    stage.write("run/deaf-one.pid", &pid, 0o644)?;
    let _ = upsdrvctl(stage, &["stop"]).await?;
    let asked = called(stage).iter().filter(|line| *line == "deaf one TERM").count();
    ensure(asked == 1, || format!("it was asked {asked} times: {:?}", called(stage)))
}

async fn not_running(stage: &mut Stage) -> Outcome {
    conf(stage, "[gone]\ndriver = daemon\nport = auto\n[two]\ndriver = daemon\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start", "two"]).await?, 0)?;
    let ran = upsdrvctl(stage, &["stop"]).await?;
    code(&ran, 1)?;
    says(&ran, "daemon-gone.pid")?;
    signalled(stage, "daemon two TERM").await
}

async fn nonsense(stage: &mut Stage) -> Outcome {
    conf(stage, DAEMONS)?;
    stage.write("run/daemon-one.pid", "none\n", 0o644)?;
    let ran = upsdrvctl(stage, &["stop", "one"]).await?;
    code(&ran, 1)?;
    says(&ran, "daemon-one.pid")
}

async fn stale(stage: &mut Stage) -> Outcome {
    if stage.is_virtual() {
        return Err(Miss::Skipped("processes in memory are not told apart by their names".to_owned()));
    }
    conf(stage, "[one]\ndriver = daemon\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start", "one"]).await?, 0)?;
    let pid = stage.read("run/daemon-one.pid")?;
    stage.write("run/other-two.pid", &pid, 0o644)?;
    let ran = upsdrvctl(stage, &["stop", "two"]).await?;
    let spared = not_signalled(stage, "daemon one TERM");
    if spared.is_ok() {
        code(&upsdrvctl(stage, &["stop", "one"]).await?, 0)?;
    }
    signalled(stage, "daemon one TERM").await?;
    spared?;
    code(&ran, 1)
}

async fn jail(stage: &mut Stage) -> Outcome {
    // What is `run` to us is a folder of the jail to the driver.
    let run = stage.lab().path("run");
    let (Some(root), Some(folder)) = (run.parent(), run.file_name()) else {
        return Err("the lab has no folder".into());
    };
    let inside = format!("/{}", folder.to_string_lossy());
    conf(stage, &format!("chroot = {}\n[one]\ndriver = daemon\nport = auto\n", root.display()))?;
    let start = |verb: &'static str| {
        let mut start = Start::new("upsdrvctl", &[verb]);
        for name in ["NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"] {
            start.environment.push((name.to_owned(), inside.clone()));
        }
        start
    };
    code(&with(stage, start("start")).await?, 0)?;
    let stopped = with(stage, start("stop")).await?;
    if stopped.code != Some(0) {
        // Nothing is to be left running.
        conf(stage, "[one]\ndriver = daemon\nport = auto\n")?;
        code(&upsdrvctl(stage, &["stop"]).await?, 0)?;
    }
    signalled(stage, "daemon one TERM").await?;
    code(&stopped, 0)
}
