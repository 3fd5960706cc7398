//! NUT's upsd, with our clients and our drivers, and beside ours.

use crate::Case;
use crate::clients::{differences, same_listing};
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
    Case { name: "server::both-upsd-answer-alike", needs: &["upsd"], run: alike },
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

/// Requests that change nothing, or are refused.
const REQUESTS: &[&[&str]] = &[
    &["LIST UPS"],
    &["LIST VAR office"],
    &["LIST RW office"],
    &["LIST CMD office"],
    &["LIST CLIENT office"],
    &["LIST ENUM office ups.delay.shutdown"],
    &["LIST RANGE office ups.delay.shutdown"],
    &["LIST ENUM office ups.nonsense"],
    &["LIST RANGE office ups.nonsense"],
    &["GET VAR office ups.status"],
    &["GET VAR office ups.nonsense"],
    &["GET VAR attic ups.status"],
    &["GET TYPE office ups.delay.shutdown"],
    &["GET TYPE office ups.status"],
    &["GET TYPE office battery.charge"],
    &["GET DESC office ups.status"],
    &["GET DESC office ups.nonsense"],
    &["GET CMDDESC office beeper.toggle"],
    &["GET CMDDESC office nonsense"],
    &["GET UPSDESC office"],
    &["GET UPSDESC attic"],
    &["GET NUMLOGINS office"],
    &["GET NUMLOGINS attic"],
    &["GET TRACKING"],
    &["SET TRACKING ON"],
    &["LIST VAR attic"],
    &["LIST RW attic"],
    &["LIST CMD attic"],
    &["LIST"],
    &["LIST NONSENSE"],
    &["LIST VAR"],
    &["GET"],
    &["GET VAR office"],
    &["GET NONSENSE office"],
    &["NONSENSE"],
    &["list ups"],
    &["PROTVER"],
    &["NETVER"],
    &["USERNAME"],
    &["USERNAME admin", "USERNAME admin"],
    &["PASSWORD secret", "PASSWORD secret"],
    &["LOGIN office"],
    &["USERNAME admin", "LOGIN office"],
    &["USERNAME admin", "PASSWORD secret", "LOGIN office"],
    &["USERNAME primary", "PASSWORD secret", "LOGIN attic"],
    &[
        "USERNAME primary",
        "PASSWORD secret",
        "LOGIN office",
        "LOGIN office",
        "PRIMARY office",
        "LIST CLIENT office",
    ],
    &["USERNAME primary", "PASSWORD secret", "LOGIN office", "MASTER office"],
    &["USERNAME secondary", "PASSWORD secret", "LOGIN office", "PRIMARY office", "FSD office"],
    &["USERNAME guest", "PASSWORD secret", "INSTCMD office beeper.toggle"],
    &["USERNAME guest", "PASSWORD secret", "SET VAR office ups.delay.shutdown 33"],
    &["USERNAME admin", "PASSWORD wrong", "INSTCMD office beeper.toggle"],
    &["USERNAME admin", "PASSWORD secret", "INSTCMD office nonsense"],
    &["USERNAME admin", "PASSWORD secret", "INSTCMD attic beeper.toggle"],
    &["USERNAME admin", "PASSWORD secret", "INSTCMD"],
    &["USERNAME admin", "PASSWORD secret", "SET VAR office ups.status OL"],
    &["USERNAME admin", "PASSWORD secret", "SET VAR office ups.nonsense 1"],
    &["USERNAME admin", "PASSWORD secret", "SET VAR attic ups.delay.shutdown 1"],
    &["USERNAME admin", "PASSWORD secret", "SET VAR office ups.delay.shutdown"],
    &["FSD office"],
    &["PRIMARY office"],
    &["INSTCMD office beeper.toggle"],
    &["SET VAR office ups.delay.shutdown 33"],
    &["STARTTLS"],
    &["GET VAR \"office\" 'ups.status'"],
    &["GET VAR office \"ups.status", "\""],
    &["GET VAR office \"ups.\\s\\\"tatus\""],
    &["# GET VAR office ups.status"],
    &["GET VAR office ups.status = 1"],
    &[""],
    &["   GET   VAR   office   ups.status   "],
];

/// Both upsd, at the same driver, give the same answers to the same words.
fn alike() -> Result<(), String> {
    play("eaton-3s-700", 1.0, async |lab| {
        lab.configure_for(lab.driver, "")?;
        lab.start_driver(Ours, lab.driver).await?;
        lab.start_upsd(C).await?;
        lab.start_upsd(Ours).await?;
        lab.until_status(Ours, C, "OL").await?;
        let mut found = String::new();
        for requests in REQUESTS {
            // Nothing happens to the UPS, so nothing changes between the one and the other.
            let (ours, c) = (lab.converse(Ours, requests).await?, lab.converse(C, requests).await?);
            if ours != c {
                found += &format!("\n{requests:?}: - ours + NUT's:{}", differences(&ours, &c));
            }
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    })
}
