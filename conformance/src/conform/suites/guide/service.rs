//! nut.conf and the init script.

use super::place::{ADMIN, Guide, says};
use super::{GUIDE, run};
use crate::conform::Level::Must;
use crate::conform::{Case, Miss, Outcome, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/service/modes",
        GUIDE,
        Must,
        "MODE in nut.conf says what the init script starts: nothing, all, or the watcher alone.",
        run_check!(modes),
    ),
    run(
        "guide/service/start",
        GUIDE,
        Must,
        "The init script starts driver, server and watcher without an error, and all three run.",
        run_check!(start),
    ),
    run(
        "guide/service/status",
        GUIDE,
        Must,
        "Its status says of each that it runs or does not, for a page to read, with the exit codes of the LSB.",
        run_check!(status),
    ),
    run(
        "guide/service/restart-and-reload",
        GUIDE,
        Must,
        "Its reload keeps all processes, its restart replaces them, its stop leaves none.",
        run_check!(restart),
    ),
    run(
        "guide/service/poweroff",
        GUIDE,
        Must,
        "Its late step leaves the UPS on after an ordinary shutdown.",
        run_check!(poweroff),
    ),
];

/// The script below the lab's folder.
pub(super) const SCRIPT: &str = "root/etc/init.d/nut";

/// A machine that is set up to its end, with this mode.
pub(super) async fn machine(stage: &mut Stage, mode: &str, scale: f64) -> Result<Guide, Miss> {
    let mut guide = Guide::begin(stage).await?;
    if *stage.target() != Target::Ours {
        return Err(Miss::Skipped("NUT's own has its scripts from the distribution, for / alone".to_owned()));
    }
    guide.plug_in(stage, scale).await?;
    guide.configure(stage, &ADMIN.replace("instcmds", "upsmon = master\n\tinstcmds"))?;
    guide.watch(stage, "master", "")?;
    // Root's daemons would become a user that may not look into this folder.
    let user = if rustix::process::geteuid().is_root() { "-u root" } else { "" };
    let sample = guide.sample(stage, "nut.conf")?;
    let text = sample.replace("MODE=none", &format!("MODE={mode}"));
    guide.write(
        "etc/nut/nut.conf",
        &format!("{text}UPSD_OPTIONS='{user}'\nUPSMON_OPTIONS='{user}'\n"),
        0o640,
    )?;
    Ok(guide)
}

/// Fails unless the script ends like this; what it said.
async fn script(guide: &Guide, stage: &mut Stage, word: &str, code: i32) -> Result<String, Miss> {
    let ran = guide.run(stage, SCRIPT, &[word]).await?;
    let said = ran.stdout + &ran.stderr;
    ensure(ran.code == Some(code), || format!("nut {word}: {:?} instead of {code}: {said}", ran.code))?;
    Ok(said)
}

const PIDS: [&str; 3] = ["var/state/ups/usbhid-ups-eaton3s.pid", "var/state/ups/upsd.pid", "run/upsmon.pid"];

/// Which of driver, server and watcher run.
fn running(guide: &Guide) -> [bool; 3] {
    PIDS.map(|file| guide.read(file).is_ok_and(|pid| std::path::Path::new("/proc").join(pid.trim()).exists()))
}

async fn modes(stage: &mut Stage) -> Outcome {
    for (mode, wanted) in [
        ("none", [false; 3]),
        ("controlled", [false; 3]),
        ("manual", [false; 3]),
        ("standalone", [true; 3]),
        ("netserver", [true; 3]),
        ("netclient", [false, false, true]),
    ] {
        let guide = machine(stage, mode, 1.0).await?;
        script(&guide, stage, "start", 0).await?;
        let seen = running(&guide);
        ensure(seen == wanted, || format!("MODE={mode}: driver, upsd, upsmon: {seen:?}"))?;
        script(&guide, stage, "stop", 0).await?;
    }
    Ok(())
}

async fn start(stage: &mut Stage) -> Outcome {
    let guide = machine(stage, "standalone", 1.0).await?;
    let said = script(&guide, stage, "start", 0).await?;
    for part in ["Generic HID driver", "Network UPS Tools upsd", "Network UPS Tools upsmon"] {
        says(&said, part)?;
    }
    let complaint = said.lines().find(|line| {
        let line = line.to_ascii_lowercase();
        ["error", "fail", "denied", "not found"].iter().any(|word| line.contains(word))
    });
    ensure(complaint.is_none(), || format!("an error: {said}"))?;
    guide.answers(stage, "OL").await?;
    script(&guide, stage, "stop", 0).await.map(drop)
}

async fn status(stage: &mut Stage) -> Outcome {
    let guide = machine(stage, "standalone", 1.0).await?;
    let said = script(&guide, stage, "status", 3).await?;
    says(&said, "upsd is not running")?;
    script(&guide, stage, "start", 0).await?;
    let said = script(&guide, stage, "status", 0).await?;
    for part in ["RUNNING", "upsd is running (process ", "upsmon is running (process "] {
        says(&said, part)?;
    }
    script(&guide, stage, "stop", 0).await?;
    script(&guide, stage, "status", 3).await?;
    script(&guide, stage, "begin", 2).await.map(drop)
}

async fn restart(stage: &mut Stage) -> Outcome {
    let guide = machine(stage, "standalone", 1.0).await?;
    script(&guide, stage, "start", 0).await?;
    let pids = || PIDS.map(|file| guide.read(file).unwrap_or_default());
    let first = pids();
    script(&guide, stage, "reload", 0).await?;
    ensure(pids() == first, || "reload started something anew".to_owned())?;
    script(&guide, stage, "restart", 0).await?;
    let second = pids();
    ensure(first.iter().zip(&second).all(|(old, new)| old != new), || {
        format!("{first:?} became {second:?}")
    })?;
    guide.answers(stage, "OL").await?;
    script(&guide, stage, "stop", 0).await?;
    let seen = running(&guide);
    ensure(seen == [false; 3], || format!("after stop: driver, upsd, upsmon: {seen:?}"))
}

async fn poweroff(stage: &mut Stage) -> Outcome {
    let guide = machine(stage, "standalone", 1.0).await?;
    script(&guide, stage, "start", 0).await?;
    script(&guide, stage, "stop", 0).await?;
    script(&guide, stage, "poweroff", 0).await?;
    let state = guide.ups()?.state();
    ensure(state.output_on && state.shutdown_in.is_none(), || {
        format!("the UPS was told to cut the power: {state:?}")
    })
}
