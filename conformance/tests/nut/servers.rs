//! NUT's upsd with our clients and our drivers. What both upsd answer is the suites' (`outage conform`).

use crate::Case;
use crate::clients::same_listing;
use crate::lab::play;
use crate::programs::Maker::{C, Ours};

pub(crate) const CASES: &[Case] = &[
    Case { name: "server::our-upsc-reads-upsd", needs: &["upsc", "upsd", "nutdrv_qx"], run: our_upsc },
    Case {
        name: "server::upsd-hears-our-usbhid-ups",
        needs: &["upsc", "upsd"],
        run: || our_driver("eaton-3s-700"),
    },
    Case {
        name: "server::upsd-hears-our-nutdrv_qx",
        needs: &["upsc", "upsd"],
        run: || our_driver("megatec-650"),
    },
];

/// Our upsc shows of NUT's upsd, over NUT's driver, what NUT's shows; and fails where that fails.
fn our_upsc() -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        lab.configure_for("nutdrv_qx", "")?;
        lab.start_driver(C, "nutdrv_qx").await?;
        lab.start_upsd(C).await?;
        lab.until_status(C, C, "OL").await?;
        let (ups, server) = (lab.at(C), lab.server(C));
        let listing = same_listing(lab, (Ours, &[&ups]), (C, &[&ups])).await?;
        if !listing.lines().any(|line| line == "ups.status: OL") {
            return Err(format!("no `ups.status: OL` in:\n{listing}"));
        }
        for arguments in [["-l", &*server], ["-L", &server], [&ups, "battery.charge"]] {
            same_listing(lab, (Ours, &arguments), (C, &arguments)).await?;
        }
        let unknown = format!("attic@{server}");
        for arguments in [vec![&*unknown], vec![&*ups, "ups.nonsense"], vec!["-c", &unknown]] {
            let (one, other) =
                (lab.run(Ours, "upsc", &arguments).await?, lab.run(C, "upsc", &arguments).await?);
            let complaint = |text: &str| text.lines().last().unwrap_or_default().to_owned();
            if (one.code, complaint(&one.stderr)) != (other.code, complaint(&other.stderr)) {
                return Err(format!("upsc {arguments:?}: ours {one:?}, NUT's {other:?}"));
            }
        }
        Ok(())
    })
}

/// NUT's upsd takes our driver for its own.
fn our_driver(device: &str) -> Result<(), String> {
    play(device, 1.0, async |lab| {
        lab.configure_for(lab.driver, "")?;
        lab.start_driver(Ours, lab.driver).await?;
        lab.start_upsd(C).await?;
        lab.until_status(C, C, "OL").await?;
        lab.ups.mains(false);
        lab.until_status(C, C, "OB").await?;
        lab.ups.mains(true);
        lab.until_status(C, C, "OL").await?;
        // It also comes and goes.
        lab.start_upsd(Ours).await?;
        let (here, there) = (lab.at(Ours), lab.at(C));
        same_listing(lab, (C, &[&here]), (C, &[&there])).await.map(drop)
    })
}
