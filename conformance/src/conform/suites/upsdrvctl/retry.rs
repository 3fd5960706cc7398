//! How often a driver is tried, and how long it is waited for.

use std::time::Duration;

use super::{CONF, SEEN, code, conf, run, says, told, upsdrvctl, with};
use crate::conform::Level::{May, Must, Should};
use crate::conform::lab::drivers::SLOW;
use crate::conform::lab::{Ran, Start};
use crate::conform::{Case, Miss, Outcome, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/retry/once",
        CONF,
        Must,
        "A driver is tried once when nothing is said of it.",
        run_check!(once),
    ),
    run(
        "upsdrvctl/retry/until-it-starts",
        CONF,
        Must,
        "With maxretry a driver is tried until it starts, and no more; then all is well.",
        run_check!(until_it_starts),
    ),
    run(
        "upsdrvctl/retry/so-often",
        CONF,
        Must,
        "With maxretry a driver is tried that often at most; then it has failed.",
        run_check!(so_often),
    ),
    run(
        "upsdrvctl/retry/of-a-section",
        "docs/differences.md",
        May,
        "A section's maxretry counts before that of all.",
        run_check!(of_a_section),
    ),
    run(
        "upsdrvctl/retry/delay",
        CONF,
        Must,
        "Between two attempts there are retrydelay seconds.",
        run_check!(delay),
    ),
    run(
        "upsdrvctl/retry/given-up",
        CONF,
        Must,
        "A driver that does not get ready is given up after maxstartdelay, which is said and ends with 1; the others are \
         started.",
        run_check!(given_up),
    ),
    run(
        "upsdrvctl/retry/given-up-of-a-section",
        CONF,
        Must,
        "A section's maxstartdelay counts before that of all.",
        run_check!(given_up_of_a_section),
    ),
    run(
        "upsdrvctl/retry/slow-and-ready",
        "nut#1914, upsdrvctl of NUT 2.8.1",
        Should,
        "A driver that took longer than maxstartdelay, and was ready before all had their turn, has started.",
        run_check!(slow_and_ready),
    ),
    run("upsdrvctl/retry/nowait", CONF, Must, "With nowait no driver is waited for.", run_check!(nowait)),
    run(
        "upsdrvctl/retry/ignore-nowait",
        "upsdrvctl of NUT 2.8.1",
        Should,
        "With NUT_IGNORE_NOWAIT in the environment drivers are waited for in spite of nowait.",
        run_check!(ignore_nowait),
    ),
    run(
        "upsdrvctl/retry/nonsense",
        SEEN,
        Should,
        "A maxretry and a maxstartdelay that are no numbers keep no driver from being started.",
        run_check!(nonsense),
    ),
];

/// Runs it, and says how long that took.
async fn timed(stage: &mut Stage, arguments: &[&str]) -> Result<(Ran, Duration), Miss> {
    let begin = stage.record().now();
    let ran = upsdrvctl(stage, arguments).await?;
    Ok((ran, stage.record().now() - begin))
}

async fn once(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = second\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 1)?;
    told(stage, &["second -a one"])
}

async fn until_it_starts(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "maxretry = 5\nretrydelay = 0\n[one]\ndriver = third\nport = auto\n[two]\ndriver = other\nport = auto\n",
    )?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 0)?;
    says(&ran, "Driver failed to start (exit status=1)")?;
    told(stage, &["third -a one", "third -a one", "third -a one", "other -a two"])
}

async fn so_often(stage: &mut Stage) -> Outcome {
    conf(stage, "maxretry = 2\nretrydelay = 0\n[one]\ndriver = third\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 1)?;
    told(stage, &["third -a one", "third -a one"])
}

async fn of_a_section(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "maxretry = 3\nretrydelay = 0\n[one]\ndriver = bad\nport = auto\nmaxretry = 1\n[two]\ndriver = third\nport = auto\n",
    )?;
    code(&upsdrvctl(stage, &["start"]).await?, 1)?;
    told(stage, &["bad -a one", "third -a two", "third -a two", "third -a two"])
}

async fn delay(stage: &mut Stage) -> Outcome {
    conf(stage, "maxretry = 3\nretrydelay = 1\n[one]\ndriver = third\nport = auto\n")?;
    let (ran, took) = timed(stage, &["start"]).await?;
    code(&ran, 0)?;
    ensure(took >= Duration::from_secs(2), || format!("three attempts took {took:?}"))?;
    told(stage, &["third -a one"; 3])
}

async fn given_up(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "maxstartdelay = 1\n[one]\ndriver = hangs\nport = auto\n[two]\ndriver = other\nport = auto\n",
    )?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 1)?;
    says(&ran, "Startup timer elapsed, continuing...")?;
    told(stage, &["hangs -a one", "other -a two"])
}

async fn given_up_of_a_section(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "maxstartdelay = 1\n[one]\ndriver = slow\nport = auto\nmaxstartdelay = 20\n[two]\ndriver = other\nport = auto\n",
    )?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    told(stage, &["slow -a one", "slow done", "other -a two"])
}

async fn slow_and_ready(stage: &mut Stage) -> Outcome {
    // The second takes as long as the first, and is waited for.
    conf(
        stage,
        "[one]\ndriver = slow\nport = auto\nmaxstartdelay = 1\n[two]\ndriver = slow\nport = auto\nmaxstartdelay = 20\n",
    )?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    says(&ran, "Startup timer elapsed, continuing...")?;
    code(&ran, 0)
}

async fn nowait(stage: &mut Stage) -> Outcome {
    conf(stage, "nowait\n[one]\ndriver = hangs\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    let (ran, took) = timed(stage, &["start"]).await?;
    code(&ran, 0)?;
    // Far less than a driver is waited for.
    ensure(took < Duration::from_secs(15), || format!("it took {took:?}"))?;
    // Nobody waits for them to have begun either.
    for _ in 0..100 {
        if super::called(stage).len() == 2 {
            break;
        }
        stage.wait(Duration::from_millis(50)).await;
    }
    let mut calls = super::called(stage);
    calls.sort();
    crate::conform::ensure_eq("the calls", calls, vec!["hangs -a one".to_owned(), "other -a two".to_owned()])
}

async fn ignore_nowait(stage: &mut Stage) -> Outcome {
    conf(stage, "nowait\n[one]\ndriver = slow\nport = auto\n")?;
    let mut start = Start::new("upsdrvctl", &["start"]);
    start.environment.push(("NUT_IGNORE_NOWAIT".to_owned(), "true".to_owned()));
    let begin = stage.record().now();
    code(&with(stage, start).await?, 0)?;
    ensure(stage.record().now() - begin >= SLOW, || "it did not wait".to_owned())?;
    told(stage, &["slow -a one", "slow done"])
}

async fn nonsense(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = good\nport = auto\nmaxretry = often\nmaxstartdelay = soon\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    told(stage, &["good -a one"])
}
