//! `upsdrvctl start`.

use super::place::{Guide, has_line, says};
use super::{GUIDE, SEEN, run};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Miss, Outcome, Ran, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/driver/start",
        GUIDE,
        Must,
        "upsdrvctl start introduces itself and the driver, with both versions.",
        run_check!(start),
    ),
    run(
        "guide/driver/usb",
        GUIDE,
        Must,
        "A USB driver that starts says which USB driver and which subdriver it uses.",
        run_check!(usb),
    ),
    run(
        "guide/driver/unreachable",
        GUIDE,
        Must,
        "Of a UPS that can't be reached it is said that it can't, and why.",
        run_check!(unreachable),
    ),
    run(
        "guide/driver/unreachable-fails",
        SEEN,
        Observed,
        "upsdrvctl fails when a UPS can't be reached at the start.",
        run_check!(unreachable_fails),
    ),
    run(
        "guide/driver/stale",
        GUIDE,
        Must,
        "A UPS that no longer answers is stale to clients, and comes back by itself.",
        run_check!(stale),
    ),
];

async fn start(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    let said = guide.start_driver(stage).await?;
    has_line(&said, "Network UPS Tools - UPS driver controller ", "")?;
    match stage.target() {
        Target::Ours => has_line(&said, "Network UPS Tools - Generic HID driver ", ")"),
        _ => has_line(&said, "Network UPS Tools - Device simulation and repeater driver ", ")"),
    }
}

async fn usb(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.ups()?;
    guide.configure(stage, "")?;
    let said = guide.start_driver(stage).await?;
    has_line(&said, "USB communication driver ", "")?;
    has_line(&said, "Using subdriver: MGE HID ", "")
}

/// Starts a driver of a UPS that is nowhere.
async fn start_nowhere(stage: &mut Stage) -> Result<Ran, Miss> {
    let guide = Guide::begin(stage).await?;
    // Nobody listens at the one; no UPS with this serial number is on the bus of the other.
    let port = if *stage.target() == Target::Ours { "usbip://127.0.0.1:9/1-1" } else { "auto" };
    let section = format!("[eaton3s]\n\tdriver = usbhid-ups\n\tport = {port}\n\tserial = NONE-SUCH\n");
    let sample = guide.sample(stage, "ups.conf")?.replace("maxretry = 3", "maxretry = 1");
    guide.write("etc/nut/ups.conf", &format!("{sample}\n{section}"), 0o640)?;
    guide.run(stage, "upsdrvctl", &["start"]).await
}

async fn unreachable(stage: &mut Stage) -> Outcome {
    let ran = start_nowhere(stage).await?;
    let said = ran.stdout + &ran.stderr;
    match stage.target() {
        Target::Ours => {
            says(&said, "[eaton3s] no UPS on usbip://127.0.0.1:9/1-1 yet: cannot reach the USB/IP server")
        }
        _ => says(&said, "No matching HID UPS found"),
    }
}

async fn unreachable_fails(stage: &mut Stage) -> Outcome {
    let ran = start_nowhere(stage).await?;
    let said = ran.stdout + &ran.stderr;
    ensure(ran.code == Some(1), || format!("upsdrvctl start: {:?}: {said}", ran.code))?;
    says(&said, "Driver failed to start (exit status=1)")
}

async fn stale(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.ups()?;
    guide.serve(stage, "").await?;
    guide.ups()?.unplug();
    let system = guide.system();
    let mut said = String::new();
    for _ in 0..200 {
        let ran = guide.run(stage, "upsc", &[&system, "ups.status"]).await?;
        said = ran.stdout + &ran.stderr;
        if ran.code != Some(0) {
            break;
        }
        stage.wait(std::time::Duration::from_millis(50)).await;
    }
    says(&said, "Data stale")?;
    guide.ups()?.replug();
    guide.answers(stage, "OL").await
}
