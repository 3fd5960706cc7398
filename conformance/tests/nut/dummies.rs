//! dummy-ups, ours and NUT's: the same files, the same servers, the same answers.

use std::fmt::Write as _;

use crate::Case;
use crate::clients::differences;
use crate::lab::{Lab, PASSWORD, play};
use crate::programs::Maker::{self, C, Ours};

const NEEDS: &[&str] = &["dummy-ups", "upsd"];

pub(crate) const CASES: &[Case] = &[
    Case { name: "dummy::both-show-the-same-files-alike", needs: NEEDS, run: files },
    Case { name: "dummy::both-are-served-alike-by-both-upsd", needs: NEEDS, run: served },
    Case { name: "dummy::both-play-a-sequence", needs: NEEDS, run: sequences },
    Case { name: "dummy::both-read-a-changed-file-again", needs: NEEDS, run: changed },
    Case { name: "dummy::ours-repeats-nut-s", needs: NEEDS, run: || repeated(C, C, Ours) },
    Case { name: "dummy::nut-s-repeats-ours", needs: NEEDS, run: || repeated(Ours, Ours, C) },
    Case { name: "dummy::ours-hands-orders-on-through-nut-s-upsd", needs: NEEDS, run: handed_on },
];

/// Definition files that both understand alike: what differs on purpose is in docs/differences.md.
const FILES: &[(&str, &str)] = &[
    ("empty.dev", ""),
    (
        "dump.dev",
        "battery.charge: 100\nbattery.runtime: 1800\ndevice.mfr: EATON\ndevice.model: Eaton 5E 850i\ndevice.type: ups\n\
         driver.name: usbhid-ups\ndriver.parameter.port: auto\ndriver.version: 2.7.4\ninput.voltage: 234.0\n\
         outlet.1.desc: PowerShare Outlet 1\noutlet.1.status: on\nups.mfr: EATON\nups.model: Eaton 5E 850i\n\
         ups.serial: 000000000\nups.status: OL CHRG\nups.delay.shutdown: 20\n",
    ),
    (
        "odd.seq",
        "# a comment\n\n   \nups.mfr:    many    blanks\nups.model: \"kept  blanks\" a=b # behind\nups.id den\n\
         foo.bar: 19\\\" \\#1 \\\\\nups.alarm: Fan failure\nups.status: OL RB\nups.load: 1 2 3\nups.load: \"\"\n\
         UPS.Test.Result: done\nbattery.charge: 5\nbattery.charge: 6\n",
    ),
    ("no-extension", "ups.status: OB DISCHRG\nbattery.charge: 40\n"),
    ("timers.dev", "ups.load: 1\nTIMER 3600\nups.load: 2\n"),
];

const MODES: &[&str] = &["", "  mode = dummy-loop\n", "  mode = dummy-once\n", "  mode = dummy\n"];

/// What differs between versions of NUT.
const ITS_OWN: [&str; 4] = ["driver.version", "driver.flag.allow_killpower", "driver.debug", "driver.state"];

/// Both homes get this section, and the file lies beside.
fn configure(lab: &Lab, port: &str, settings: &str) -> Result<(), String> {
    lab.configure_for("dummy-ups", "")?;
    for home in [Ours, C].map(Maker::name) {
        let conf = format!(
            "[office]\n  driver = dummy-ups\n  port = {port}\n  pollinterval = 1\n  desc = \"The office\"\n{settings}"
        );
        lab.configure(home, "ups.conf", &conf)?;
    }
    Ok(())
}

fn put(lab: &Lab, file: &str, text: &str) -> Result<(), String> {
    [Ours, C].into_iter().try_for_each(|maker| lab.configure(maker.name(), file, text))
}

/// Lines but for those that are the driver's own.
fn common(text: &str) -> String {
    let own = |line: &&str| !ITS_OWN.iter().any(|name| line.contains(name));
    let mut lines: Vec<_> = text.lines().filter(own).collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn alike(what: &str, ours: &str, c: &str) -> Result<(), String> {
    if ours == c { Ok(()) } else { Err(format!("{what}: - ours + NUT's: {}", differences(ours, c))) }
}

/// `-d` of both, for each file.
fn files() -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        for (file, text) in FILES {
            // NUT's takes some seconds for each.
            let modes = if *file == "dump.dev" { MODES } else { &MODES[..1] };
            for mode in modes {
                configure(lab, file, mode)?;
                put(lab, file, text)?;
                let mut shown = Vec::new();
                for maker in [Ours, C] {
                    let ran = lab.run(maker, "dummy-ups", &["-F", "-a", "office", "-d", "1"]).await?;
                    if ran.code != Some(0) {
                        return Err(format!("dummy-ups -d failed: {ran:?}"));
                    }
                    let lines: Vec<_> = ran.stdout.lines().filter(|line| line.contains(": ")).collect();
                    shown.push(common(&lines.join("\n")));
                }
                if shown[0].lines().count() < 9 {
                    return Err(format!("{file} shows next to nothing:\n{}", shown[0]));
                }
                alike(&format!("{file} {}", mode.trim()), &shown[0], &shown[1])?;
            }
        }
        Ok(())
    })
}

/// What clients see and may do, in the words of the wire.
async fn transcript(lab: &Lab, server: Maker) -> Result<String, String> {
    let lists = ["LIST VAR office", "LIST RW office", "LIST CMD office", "GET UPSDESC office"];
    let types = ["ups.mfr", "ups.status", "ups.alarm", "battery.charge", "foo.bar", "ups.id", "driver.name"]
        .map(|name| format!("GET TYPE office {name}"));
    let mut requests: Vec<&str> = lists.to_vec();
    requests.extend(types.iter().map(String::as_str));
    let mut text = lab.converse(server, &requests).await?;
    let user = ["USERNAME admin".to_owned(), format!("PASSWORD {PASSWORD}")];
    for order in [
        "SET VAR office ups.mfr \"two  words\"",
        "SET VAR office ups.id \"much longer than sixteen\"",
        "SET VAR office battery.charge 7",
        "SET VAR office battery.runtime \"\"",
        "SET VAR office no.such 1",
        "SET VAR office driver.name 1",
        "SET VAR office ups.status \"OB LB\"",
        "INSTCMD office load.off",
        "INSTCMD office no.such",
    ] {
        let answer = lab.converse(server, &[&user[0], &user[1], "SET TRACKING ON", order]).await?;
        let last = answer.lines().last().unwrap_or_default().to_owned();
        let outcome = match last.strip_prefix("OK TRACKING ") {
            None => last,
            Some(id) => {
                lab.until("the driver has answered", async |lab| {
                    let answer = lab
                        .converse(
                            server,
                            &[&user[0], &user[1], "SET TRACKING ON", &format!("GET TRACKING {id}")],
                        )
                        .await?;
                    let last = answer.lines().last().unwrap_or_default().to_owned();
                    if last == "PENDING" { Err(last) } else { Ok(last) }
                })
                .await?
            }
        };
        let _ = write!(text, "\n{order}: {outcome}");
    }
    for name in ["ups.mfr", "battery.charge", "battery.runtime", "ups.status"] {
        text += &lab.say(server, &format!("GET VAR office {name}")).await?;
    }
    Ok(text)
}

/// Each dummy-ups under each upsd.
fn served() -> Result<(), String> {
    for server in [Ours, C] {
        let mut seen = Vec::new();
        for driver in [Ours, C] {
            play("megatec-650", 1.0, async |lab| {
                configure(lab, "a.dev", "")?;
                let text = "ups.status: OL\nups.alarm: Fan\nups.mfr: ACME\nups.id: x\nbattery.charge: 90\nbattery.runtime: 9\n\
                            foo.bar: \"say \\\"hi\\\" \\\\ x\"\ninput.sensitivity: low\nups.load: 3\n";
                put(lab, "a.dev", text)?;
                lab.start_driver(driver, "dummy-ups").await?;
                lab.start_upsd(server).await?;
                seen.push(transcript(lab, server).await?);
                Ok(())
            })?;
        }
        // What every driver of ours offers beside, as NUT's do after 2.8.0.
        let later = ["shutdown.default", "driver.killpower", "driver.reload"];
        let seen: Vec<String> = seen
            .iter()
            .map(|text| {
                text.lines()
                    .filter(|line| !later.iter().any(|name| line.contains(name)))
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .map(|text| common(&text))
            .collect();
        if !seen[0].contains("VAR office ups.status \"OB LB\"")
            || !seen[0].contains("INSTCMD office load.off: ERR UNKNOWN")
        {
            return Err(format!("the orders had no effect:\n{}", seen[0]));
        }
        alike(&format!("under {}'s upsd", server.name()), &seen[0], &seen[1])?;
    }
    Ok(())
}

/// The statuses that a client sees, in turn.
fn sequences() -> Result<(), String> {
    for driver in [Ours, C] {
        play("megatec-650", 1.0, async |lab| {
            configure(lab, "a.seq", "")?;
            put(
                lab,
                "a.seq",
                "ups.status: OL\nTIMER 3\nups.status: OB\nTIMER 3\nups.status: OB LB\nTIMER 3\n",
            )?;
            lab.start_driver(driver, "dummy-ups").await?;
            lab.start_upsd(Ours).await?;
            for status in ["OL", "OB", "OB LB", "OL", "OB"] {
                lab.until(&format!("{}'s status is {status}", driver.name()), async |lab| {
                    let answer = lab.say(Ours, "GET VAR office ups.status").await?;
                    if answer.contains(&format!("\"{status}\"")) { Ok(()) } else { Err(answer) }
                })
                .await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A file that is played once, and changes.
fn changed() -> Result<(), String> {
    for driver in [Ours, C] {
        play("megatec-650", 1.0, async |lab| {
            configure(lab, "a.dev", "")?;
            put(lab, "a.dev", "ups.load: 1\n")?;
            lab.start_driver(driver, "dummy-ups").await?;
            lab.start_upsd(Ours).await?;
            let load = async |lab: &Lab, value: &str| {
                lab.until(&format!("{}'s load is {value}", driver.name()), async |lab| {
                    let answer = lab.say(Ours, "GET VAR office ups.load").await?;
                    if answer.contains(&format!("\"{value}\"")) { Ok(()) } else { Err(answer) }
                })
                .await
            };
            load(lab, "1").await?;
            let set = ["USERNAME admin", &format!("PASSWORD {PASSWORD}"), "SET VAR office ups.load 5"]
                .map(str::to_owned);
            lab.converse(Ours, &set.each_ref().map(String::as_str)).await?;
            load(lab, "5").await?;
            // NUT compares whole seconds.
            tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
            put(lab, "a.dev", "ups.load: 2\n")?;
            load(lab, "2").await
        })?;
    }
    Ok(())
}

/// A UPS of the other's server, in a room of its own, as a repeater tells it on.
fn repeated(driver: Maker, server: Maker, repeater: Maker) -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        configure(lab, "a.dev", "")?;
        put(
            lab,
            "a.dev",
            "ups.status: OL CHRG\nups.mfr: ACME\nups.alarm: Fan\nfoo.bar: \"a  b\"\nbattery.charge: 90\n",
        )?;
        lab.start_driver(driver, "dummy-ups").await?;
        lab.start_upsd(server).await?;
        let conf = format!(
            "[again]\n  driver = dummy-ups\n  mode = repeater\n  port = {}\n  pollinterval = 1\n",
            lab.at(server)
        );
        lab.configure("repeater", "ups.conf", &conf)?;
        let ran = lab.run_at("repeater", repeater, "dummy-ups", &["-F", "-a", "again", "-d", "1"]).await?;
        if ran.code != Some(0) {
            return Err(format!("the repeater failed: {ran:?}"));
        }
        let own = |line: &str| line.starts_with("driver.") || line.starts_with("device.");
        let told = lab.upsc(Ours, &[&lab.at(server)]).await?;
        let told: Vec<_> = told.lines().filter(|line| line.contains(": ") && !own(line)).collect();
        let again: Vec<_> = ran.stdout.lines().filter(|line| line.contains(": ") && !own(line)).collect();
        if told.len() < 5 {
            return Err(format!("next to nothing is told: {told:?}"));
        }
        alike("what is repeated", &common(&again.join("\n")), &common(&told.join("\n")))
    })
}

/// A write at our upsd reaches NUT's dummy-ups by way of our repeater and NUT's upsd.
fn handed_on() -> Result<(), String> {
    play("megatec-650", 1.0, async |lab| {
        configure(lab, "a.dev", "")?;
        put(lab, "a.dev", "ups.status: OL\nups.id: old\n")?;
        lab.start_driver(C, "dummy-ups").await?;
        lab.start_upsd(C).await?;
        let port = lab.at(C);
        let conf = format!(
            "[again]\n  driver = dummy-ups\n  mode = repeater\n  port = {port}\n  authconf = our.auth\n  pollinterval = 1\n"
        );
        lab.configure(Ours.name(), "ups.conf", &conf)?;
        let server = port.split_once('@').map_or("", |(_, server)| server);
        lab.configure(Ours.name(), "our.auth", &format!("[{server}]\nUSER = admin\nPASS = {PASSWORD}\n"))?;
        lab.start_driver_of(Ours, "dummy-ups", "again").await?;
        lab.start_upsd_for(Ours, "again").await?;
        let order = [
            "USERNAME admin".to_owned(),
            format!("PASSWORD {PASSWORD}"),
            "SET VAR again ups.id new".to_owned(),
        ];
        let answer = lab.converse(Ours, &order.each_ref().map(String::as_str)).await?;
        lab.until("NUT's dummy-ups was told", async |lab| {
            let there = lab.say(C, "GET VAR office ups.id").await?;
            if there.contains("\"new\"") { Ok(()) } else { Err(format!("{there} (the answer was {answer})")) }
        })
        .await
    })
}
