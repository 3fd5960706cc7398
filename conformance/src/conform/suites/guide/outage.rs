//! The mains fail.

use outage_host::Signal;
use tokio::time::timeout;

use super::place::{ADMIN, Guide, MONITOR_USER, says};
use super::service::{SCRIPT, machine};
use super::watcher::logged_in;
use super::{GUIDE, run};
use crate::conform::Level::Must;
use crate::conform::lab::{LIMIT, Process};
use crate::conform::{Case, Miss, Outcome, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/outage/quick-test",
        GUIDE,
        Must,
        "The mains off and on: a line in the log and on the terminals for each, in NUT's words.",
        run_check!(quick),
    ),
    run(
        "guide/outage/low",
        GUIDE,
        Must,
        "When the battery runs low, the flag is written and the shutdown command run.",
        run_check!(low),
    ),
    run(
        "guide/outage/real-test",
        GUIDE,
        Must,
        "After the shutdown for the battery the UPS cuts the load, and gives it back with the mains.",
        run_check!(real),
    ),
];

/// Changes what the UPS says: the mains of the virtual one, or the variable of the stand-in.
async fn becomes(guide: &Guide, stage: &mut Stage, status: &str) -> Outcome {
    if *stage.target() == Target::Ours {
        let ups = guide.ups()?;
        match status {
            "OL" => ups.mains(true),
            "OB" => ups.mains(false),
            _ => ups.charge(5.0),
        }
        return Ok(());
    }
    let (user, password) = MONITOR_USER.split_once(' ').unwrap_or_default();
    let set = format!("ups.status={status}");
    let arguments = ["-s", &set, "-u", user, "-p", password.trim_matches('"'), &guide.system()];
    guide.good(stage, "upsrw", &arguments).await.map(drop)
}

/// A machine that runs up to its upsmon.
async fn watched(stage: &mut Stage) -> Result<(Guide, Box<dyn Process>), Miss> {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, &ADMIN.replace("instcmds", "upsmon = master\n\tinstcmds")).await?;
    guide.watch(stage, "master", "")?;
    let upsmon = guide.start_upsmon(stage, "-F").await?;
    logged_in(stage, &*upsmon).await?;
    Ok((guide, upsmon))
}

async fn quick(stage: &mut Stage) -> Outcome {
    let (guide, upsmon) = watched(stage).await?;
    // One look at the mains before they fail, or their return is no news.
    stage.wait(std::time::Duration::from_millis(1500)).await;
    for (status, words) in [("OB", "on battery"), ("OL", "on line power")] {
        becomes(&guide, stage, status).await?;
        let line = format!("UPS {} {words}", guide.system());
        guide.until(&format!("the log says: {line}"), || upsmon.output().1.contains(&line)).await?;
        guide
            .until(&format!("the terminals say: {line}"), || {
                guide.read("terminals").is_ok_and(|text| text.contains(&line))
            })
            .await?;
    }
    ensure(!guide.exists("down"), || "this machine was shut down".to_owned())
}

async fn low(stage: &mut Stage) -> Outcome {
    let (guide, mut upsmon) = watched(stage).await?;
    becomes(&guide, stage, "OB").await?;
    becomes(&guide, stage, "OB LB").await?;
    guide.until("the shutdown command has run", || guide.exists("down")).await?;
    let flag = guide.read("etc/killpower")?;
    ensure(flag == "upsmon-shutdown-file", || format!("the flag holds {flag:?}"))?;
    says(&upsmon.output().1, "battery is low")?;
    if *stage.target() == Target::Ours {
        // NUT's refuses beside another upsmon on this machine.
        guide.good(stage, "upsmon", &["-K"]).await?;
    }
    upsmon.signal(Signal::Term);
    let ended = timeout(LIMIT, upsmon.ended()).await;
    ensure(ended.is_ok(), || "upsmon goes on after the shutdown".to_owned())
}

async fn real(stage: &mut Stage) -> Outcome {
    let guide = machine(stage, "standalone", 5.0).await?;
    let said = guide.good(stage, SCRIPT, &["start"]).await?;
    guide.answers(stage, "OL").await?;
    let ups = guide.ups()?.clone();
    ups.mains(false);
    ups.charge(5.0);
    guide
        .until("the shutdown command has run", || guide.exists("down"))
        .await
        .map_err(|miss| Miss::Fail(format!("{}; at the start: {said}", miss.text())))?;
    ensure(ups.state().output_on, || "the power was cut before the machine was down".to_owned())?;
    // What a shutdown does: it stops the services, and at its very end comes the late step.
    guide.good(stage, SCRIPT, &["stop"]).await?;
    let late = guide.good(stage, SCRIPT, &["poweroff"]).await?;
    guide.until("the load is cut", || !ups.state().output_on).await.map_err(|miss| {
        Miss::Fail(format!("{}; the late step said: {late}; {:?}", miss.text(), ups.state()))
    })?;
    ups.mains(true);
    guide.until("the load is back", || ups.state().output_on).await
}
