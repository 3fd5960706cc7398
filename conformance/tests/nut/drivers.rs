//! NUT's drivers on the virtual Megatec UPS.

use crate::Case;
use crate::clients::differences;
use crate::lab::{Lab, play};
use crate::programs::Maker::{self, C, Ours};

const NEEDS_QX: &[&str] = &["nutdrv_qx"];
const NEEDS_BLAZER: &[&str] = &["blazer_ser"];

pub(crate) const CASES: &[Case] = &[
    Case { name: "driver::nutdrv_qx-drives-the-simulator", needs: NEEDS_QX, run: || drives("nutdrv_qx") },
    Case {
        name: "driver::blazer_ser-drives-the-simulator",
        needs: NEEDS_BLAZER,
        run: || drives("blazer_ser"),
    },
    Case { name: "driver::nutdrv_qx-kills-the-power", needs: NEEDS_QX, run: || kills("nutdrv_qx") },
    Case { name: "driver::blazer_ser-kills-the-power", needs: NEEDS_BLAZER, run: || kills("blazer_ser") },
    Case { name: "driver::both-nutdrv_qx-read-alike", needs: NEEDS_QX, run: || alike("nutdrv_qx") },
    Case { name: "driver::both-blazer_ser-read-alike", needs: NEEDS_BLAZER, run: || alike("blazer_ser") },
];

/// NUT's driver, at our upsd, tells what happens to the UPS.
fn drives(driver: &'static str) -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        lab.configure_for(driver, "")?;
        lab.start_driver(C, driver).await?;
        lab.start_upsd(Ours).await?;
        lab.until_status(Ours, Ours, "OL").await?;
        let ups = lab.at(Ours);
        let charge = lab.upsc(Ours, &[&ups, "battery.charge"]).await?;
        if charge.trim_end() != "100" {
            return Err(format!("battery.charge of a full battery is {charge}"));
        }
        lab.ups.mains(false);
        lab.until_status(Ours, Ours, "OB").await?;
        lab.ups.charge(12.0);
        lab.until_status(Ours, Ours, "OB LB").await?;
        lab.ups.mains(true);
        lab.ups.charge(100.0);
        lab.until("the status is OL alone", async |lab| {
            let status = lab.upsc(Ours, &[&ups, "ups.status"]).await?;
            if status.trim_end() == "OL" { Ok(()) } else { Err(status) }
        })
        .await
    })
}

/// NUT's driver makes the UPS cut its output, and come back with the mains.
fn kills(driver: &'static str) -> Result<(), String> {
    // Half a minute, and the minute that Megatec counts start delays in, are a while.
    play("megatec-650", 30.0, async |lab| {
        let ondelay = if driver == "nutdrv_qx" { 60 } else { 1 };
        lab.configure_for(driver, &format!("  offdelay = 30\n  ondelay = {ondelay}\n"))?;
        lab.ups.mains(false);
        let ran = lab.run(C, driver, &["-a", "office", "-k"]).await?;
        if ran.code != Some(0) {
            return Err(format!("{driver} -k failed: {ran:?}"));
        }
        let cut = lab.until_output(0, false).await?;
        lab.ups.mains(true);
        lab.until_output(cut, true).await.map(drop)
    })
}

/// What differs between versions of NUT, or says how a driver was made.
const ITS_OWN: [&str; 2] = ["driver.version", "driver.flag.allow_killpower:"];

/// What a driver reads, by `-d`, without what is the driver's own.
async fn dump(lab: &Lab, maker: Maker, driver: &str) -> Result<String, String> {
    // The first round may know less than the second.
    let ran = lab.run(maker, driver, &["-F", "-a", "office", "-d", "2"]).await?;
    if ran.code != Some(0) {
        return Err(format!("{driver} -d failed: {ran:?}"));
    }
    let mut lines: Vec<_> =
        ran.stdout.lines().filter(|line| line.contains(": ")).map(str::to_owned).collect();
    lines.retain(|line| !ITS_OWN.iter().any(|name| line.starts_with(name)));
    lines.sort();
    lines.dedup();
    Ok(lines.join("\n"))
}

/// Both drivers read the same from the same UPS.
fn alike(driver: &'static str) -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        lab.configure_for(driver, "")?;
        let (ours, c) = (dump(lab, Ours, driver).await?, dump(lab, C, driver).await?);
        if ours == c { Ok(()) } else { Err(format!("- ours + NUT's: {}", differences(&ours, &c))) }
    })
}
