//! NUT's upsmon and ours, in a power failure.

use std::fs::File;
use std::path::Path;

use crate::Case;
use crate::lab::{Lab, play};
use crate::programs::Maker::{self, C, Ours};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "monitor::upsmon-at-our-upsd",
        needs: &["upsmon"],
        run: || alone(|| low_battery(C, Ours, "eaton-3s-700")),
    },
    Case {
        name: "monitor::our-upsmon-at-upsd",
        needs: &["upsmon", "upsd", "nutdrv_qx"],
        run: || alone(|| low_battery(Ours, C, "megatec-650")),
    },
    Case {
        name: "monitor::our-primary-waits-for-a-secondary",
        needs: &["upsmon"],
        run: || alone(|| together(Ours, C)),
    },
    Case {
        name: "monitor::a-primary-waits-for-our-secondary",
        needs: &["upsmon"],
        run: || alone(|| together(C, Ours)),
    },
];

/// NUT's upsmon keeps its pid file in one place, whatever its environment says, and does not start beside another. So one of
/// these cases plays at a time, in all test programs of this machine.
fn alone(case: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let path = std::env::temp_dir().join("outage-nut-upsmon.lock");
    let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("failed to lock {}: {error}", path.display()))?;
    let result = case();
    // One that was killed has left the file, and would keep the next from starting if its number came up again.
    let pid = std::fs::read_to_string(PID_FILE).unwrap_or_default();
    if !pid.is_empty() && !Path::new("/proc").join(pid.trim()).exists() {
        let _ = std::fs::remove_file(PID_FILE);
    }
    result
}

/// Of Debian's upsmon.
const PID_FILE: &str = "/run/nut/upsmon.pid";

/// Waits until an event of a maker's begins with this; returns its place.
async fn event(lab: &Lab, maker: Maker, text: &str) -> Result<usize, String> {
    let line = format!("{} {text}", maker.name());
    lab.until(&format!("`{line}` happens"), async |lab| {
        let events = lab.events()?;
        events.iter().position(|event| event.starts_with(&line)).ok_or_else(|| format!("{events:#?}"))
    })
    .await
}

/// A shutdown with the flag written before the command.
const SHUTDOWN: &str = "shutdown, flag: upsmon-shutdown-file";

/// The mains fail and the battery runs low: upsmon tells, writes its flag, and runs its command.
fn low_battery(monitor: Maker, server: Maker, device: &str) -> Result<(), String> {
    play(device, 1.0, async |lab| {
        lab.configure_for(lab.driver, "")?;
        lab.start_driver(server, lab.driver).await?;
        lab.start_upsd(server).await?;
        lab.start_upsmon(monitor, server, "primary", 1).await?;
        lab.ups.mains(false);
        event(lab, monitor, &format!("notice ONBATT {}", lab.at(server))).await?;
        let events = lab.events()?;
        if events.iter().any(|event| event.contains("shutdown")) {
            return Err(format!("upsmon shut down with a full battery: {events:#?}"));
        }
        lab.ups.charge(12.0);
        event(lab, monitor, &format!("notice LOWBATT {}", lab.at(server))).await?;
        event(lab, monitor, "notice SHUTDOWN").await?;
        // `shutdown without flag` would never be this.
        event(lab, monitor, "shutdown").await?;
        event(lab, monitor, SHUTDOWN).await?;
        lab.until_status(Ours, server, "FSD OB LB").await?;
        lab.until_last_ends().await?;
        // Both programs know the flag for one.
        let home = format!("upsmon-{}", monitor.name());
        for maker in [Ours, C] {
            let ran = lab.run_at(&home, maker, "upsmon", &["-K"]).await?;
            if ran.code != Some(0) {
                return Err(format!("{maker:?} upsmon -K does not know the flag: {ran:?}"));
            }
        }
        std::fs::remove_file(lab.flag(monitor))
            .map_err(|error| format!("failed to remove the flag: {error}"))?;
        for maker in [Ours, C] {
            let ran = lab.run_at(&home, maker, "upsmon", &["-K"]).await?;
            if ran.code == Some(0) {
                return Err(format!("{maker:?} upsmon -K sees a flag where there is none: {ran:?}"));
            }
        }
        Ok(())
    })
}

/// The secondary is told of the shutdown, and is down before the primary, long before HOSTSYNC has passed.
fn together(primary: Maker, secondary: Maker) -> Result<(), String> {
    play("eaton-3s-700", 1.0, async |lab| {
        lab.configure_for(lab.driver, "")?;
        lab.start_driver(Ours, lab.driver).await?;
        lab.start_upsd(Ours).await?;
        lab.start_upsmon(primary, Ours, "primary", 1).await?;
        lab.start_upsmon(secondary, Ours, "secondary", 2).await?;
        lab.ups.mains(false);
        lab.ups.charge(12.0);
        let second = event(lab, primary, SHUTDOWN).await?;
        let first = event(lab, secondary, SHUTDOWN).await?;
        event(lab, secondary, &format!("notice FSD {}", lab.at(Ours))).await?;
        if first < second { Ok(()) } else { Err(format!("the primary did not wait: {:#?}", lab.events()?)) }
    })
}
