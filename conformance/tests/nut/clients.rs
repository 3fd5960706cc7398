//! NUT's clients at our upsd.

use crate::Case;
use crate::lab::{Lab, PASSWORD, play};
use crate::programs::Maker::{self, C, Ours};

pub(crate) const CASES: &[Case] = &[
    Case { name: "client::upsc-reads-usbhid-ups", needs: &["upsc"], run: || reads("eaton-3s-700", 40) },
    Case { name: "client::upsc-reads-nutdrv_qx", needs: &["upsc"], run: || reads("megatec-650", 20) },
    Case { name: "client::upscmd-and-upsrw", needs: &["upscmd", "upsrw"], run: orders },
];

/// Our driver and our upsd run, and serve.
async fn serve(lab: &mut Lab) -> Result<(), String> {
    lab.configure_for(lab.driver, "")?;
    lab.start_driver(Ours, lab.driver).await?;
    lab.start_upsd(Ours).await
}

/// Waits until two clients' outputs are the same, as values may change between the one and the other; returns it.
pub(crate) async fn same_listing(
    lab: &Lab,
    one: (Maker, &[&str]),
    other: (Maker, &[&str]),
) -> Result<String, String> {
    lab.until("both show the same", async |lab| {
        let (first, second) = (lab.upsc(one.0, one.1).await?, lab.upsc(other.0, other.1).await?);
        if first == second { Ok(first) } else { Err(differences(&first, &second)) }
    })
    .await
}

/// The lines that only one of two texts has.
pub(crate) fn differences(one: &str, other: &str) -> String {
    let only = |a: &str, b: &str, mark| -> String {
        let missing = a.lines().filter(|line| !b.lines().any(|other| other == *line));
        missing.map(|line| format!("\n{mark} {line}")).collect()
    };
    let text = only(one, other, '-') + &only(other, one, '+');
    if text.is_empty() { format!("the same lines in another order:\n{one}\n{other}") } else { text }
}

/// NUT's upsc shows what ours shows, while all is well and while the mains are out.
fn reads(device: &str, at_least: usize) -> Result<(), String> {
    play(device, 1.0, async |lab| {
        serve(lab).await?;
        let ups = lab.at(Ours);
        let listing = same_listing(lab, (C, &[&ups]), (Ours, &[&ups])).await?;
        for line in ["battery.charge: 100", "ups.status: OL"] {
            if !listing.lines().any(|other| other == line) {
                return Err(format!("no `{line}` in:\n{listing}"));
            }
        }
        if listing.lines().count() < at_least {
            return Err(format!("fewer than {at_least} variables:\n{listing}"));
        }
        let server = lab.server(Ours);
        for option in ["-l", "-L"] {
            let text = same_listing(lab, (C, &[option, &server]), (Ours, &[option, &server])).await?;
            if !text.starts_with("office") {
                return Err(format!("upsc {option} shows no office: {text}"));
            }
        }
        lab.ups.mains(false);
        lab.until_status(C, Ours, "OB").await?;
        lab.ups.mains(true);
        lab.until_status(C, Ours, "OL").await
    })
}

/// NUT's upscmd and upsrw change what who asks may change, and nothing else.
fn orders() -> Result<(), String> {
    play("eaton-3s-700", 1.0, async |lab| {
        serve(lab).await?;
        let ups = lab.at(Ours);
        let offered = lab.run(C, "upscmd", &["-l", &ups]).await?;
        if !offered.stdout.lines().any(|line| line.starts_with("beeper.disable - ")) {
            return Err(format!("upscmd offers no beeper.disable: {offered:?}"));
        }
        let writable = lab.run(C, "upsrw", &[&ups]).await?;
        if !writable.stdout.contains("[ups.delay.shutdown]") {
            return Err(format!("upsrw shows no ups.delay.shutdown: {writable:?}"));
        }
        let value =
            async |name: &str| lab.upsc(Ours, &[&ups, name]).await.map(|value| value.trim_end().to_owned());
        let (beeper, delay) = (value("ups.beeper.status").await?, value("ups.delay.shutdown").await?);
        // Who may not, is told so, and nothing has happened by the time that another's order has been carried out.
        for (user, password) in [("guest", PASSWORD), ("admin", "wrong")] {
            for (program, order) in [
                ("upscmd", vec![&*ups, "beeper.disable"]),
                ("upsrw", vec!["-s", "ups.delay.shutdown=77", &ups]),
            ] {
                let mut arguments = vec!["-u", user, "-p", password, "-w"];
                arguments.extend(order);
                let ran = lab.run(C, program, &arguments).await?;
                if ran.code == Some(0)
                    || !ran.stderr.to_lowercase().replace('-', " ").contains("access denied")
                {
                    return Err(format!("{program} as {user} ({password}) was not refused: {ran:?}"));
                }
            }
        }
        let arguments = ["-u", "admin", "-p", PASSWORD, "-w", "-s", "ups.delay.shutdown=45", &ups];
        let ran = lab.run(C, "upsrw", &arguments).await?;
        if ran.code != Some(0) {
            return Err(format!("upsrw failed: {ran:?}"));
        }
        lab.until("the delay is 45", async |_| match value("ups.delay.shutdown").await?.as_str() {
            "45" => Ok(()),
            other => Err(other.to_owned()),
        })
        .await?;
        if delay == "45" || beeper != "enabled" || value("ups.beeper.status").await? != beeper {
            return Err(format!(
                "delay was {delay}, beeper was {beeper}: an order that was refused came through"
            ));
        }
        let ran =
            lab.run(C, "upscmd", &["-u", "admin", "-p", PASSWORD, "-w", &ups, "beeper.disable"]).await?;
        if ran.code != Some(0) {
            return Err(format!("upscmd failed: {ran:?}"));
        }
        lab.until("the beeper is disabled", async |_| {
            let now = value("ups.beeper.status").await?;
            if now == "disabled" { Ok(()) } else { Err(now) }
        })
        .await
    })
}
