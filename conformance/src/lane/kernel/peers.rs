//! Two drivers in one guest: NUT's in C and ours read the same virtual UPSes through the same kernel.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use outage_simulator::device::file::DeviceFile;
use outage_simulator::ups::{Options, Ups};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::agent::Told;
use super::guest::{self, Guest, Parts, Said};
use super::{LABORATORY, LIMITS, image, make_up};
use crate::lane::{Trouble, process};
use crate::peers::{self, LOAD, Readings, SETTINGS, Setting};

/// How long an order may take; the longest is to read all UPSes.
const READ_LIMIT: Duration = Duration::from_secs(120);
/// NUT's driver and ours, and what the copies of a UPS that they read are called. NUT's looks for alarms in full updates
/// only, which come when more than `pollfreq` seconds have passed: -1 makes each one full.
const DRIVERS: [(&str, &str); 2] =
    [("/lib/nut/usbhid-ups -x pollfreq=-1", "nut"), ("/usr/lib/nut/usbhid-ups", "ours")];
/// After how many updates a driver prints what it knows, and ends: NUT's makes two more.
const UPDATES: &str = "-d 1 -i 1";
/// What stands before a driver's lines: its exit code follows.
const ENDED: &str = "== ended: ";

/// What was read.
pub(crate) struct Read {
    /// The version of NUT's driver.
    pub(crate) version: String,
    /// Each device's readings, in the order in which they were asked for.
    pub(crate) readings: Vec<Readings>,
}

/// Has both drivers read each device in each of the settings. `program` is this binary.
///
/// # Errors
/// What is missing, or text: a guest, a bus or a driver that does not work.
pub(crate) async fn read(
    program: &Path,
    devices: &[(String, DeviceFile)],
    progress: &mut dyn FnMut(&str),
) -> Result<Read, Trouble> {
    progress("making the guest");
    let image = image::image(program, true)?;
    let folder = tempfile::Builder::new().prefix("outage-").tempdir();
    let folder = folder.map_err(|error| format!("failed to make a folder for the guest: {error}"))?;
    let mut upses = BTreeMap::new();
    for (index, (name, file)) in devices.iter().enumerate() {
        for (_, whose) in DRIVERS {
            let ups = Ups::new(name, file, Options::default());
            ups.load(LOAD);
            ups.change(|plant, now| plant.hold(now, true));
            upses.insert(copy(index, whose), ups);
        }
    }
    let mut tasks = JoinSet::new();
    let plugs = process::plug_in(folder.path(), &upses, &mut tasks).await?;
    progress("booting the guest");
    let texts = [
        ("etc/lab", "USBIP=\nTTYS=\nPROGRAMS=none\n".to_owned()),
        ("etc/nut/nut.conf", "MODE=none\n".to_owned()),
    ];
    let (own, disk) = make_up(folder.path(), &texts).await?;
    let port = process::free_ports(1)?[0];
    let parts = Parts {
        image: &image,
        folder: folder.path(),
        own: &own,
        disk: &disk,
        port,
        lines: &[],
        patience: LIMITS.sockets,
    };
    let mut shell = Shell::start(&parts).await?;
    shell.order("/usr/lib/outage/counter stop", READ_LIMIT).await?;
    let mut places = BTreeMap::new();
    for (name, (_, port)) in &plugs {
        places.insert(name.clone(), shell.plug(port).await?);
    }
    let mut readings: Vec<_> = devices
        .iter()
        .map(|(name, file)| Readings {
            device: name.clone(),
            description: file.description.clone(),
            ..Readings::default()
        })
        .collect();
    let mut version = String::new();
    for setting in SETTINGS {
        for ups in upses.values() {
            set(ups, setting);
        }
        progress(&format!("reading {} UPSes {}", devices.len(), setting.name));
        let said = shell.dump(&places).await.map_err(|error| format!("{}: {error}", setting.name))?;
        for (index, readings) in readings.iter_mut().enumerate() {
            let [nut, ours] = DRIVERS.map(|(_, whose)| said[&copy(index, whose)].as_str());
            if let Some(told) = nut.lines().find_map(|line| line.strip_prefix("driver.version: ")) {
                version = told.to_owned();
            }
            readings.nut.push(peers::dump(nut));
            readings.ours.push(peers::dump(ours));
        }
    }
    Ok(Read { version, readings })
}

/// The name of one driver's copy of a device.
fn copy(index: usize, whose: &str) -> String {
    format!("{index:02}-{whose}")
}

fn set(ups: &Ups, setting: Setting) {
    ups.charge(setting.charge);
    ups.mains(setting.mains);
}

/// A guest that does what it is told.
struct Shell {
    guest: Guest,
    said: mpsc::UnboundedReceiver<Said>,
}

impl Shell {
    /// Boots it.
    async fn start(parts: &Parts<'_>) -> Result<Self, String> {
        let (sender, said) = mpsc::unbounded_channel();
        let guest = Guest::start(parts, sender).await?;
        let mut shell = Self { guest, said };
        shell.wait(LIMITS.boot, |told| (*told == Told::Booted).then_some(())).await?;
        Ok(shell)
    }

    /// Waits for something that the agent says.
    async fn wait<T>(
        &mut self,
        limit: Duration,
        mut wanted: impl FnMut(&Told) -> Option<T>,
    ) -> Result<T, String> {
        let folder = self.guest.folder();
        let found = async {
            while let Some(said) = self.said.recv().await {
                match said {
                    Said::Told(Told::Fault(text)) => return Err(text),
                    Said::Told(told) => {
                        if let Some(found) = wanted(&told) {
                            return Ok(found);
                        }
                    }
                    Said::Logged(..) => {}
                }
            }
            Err("it ended".to_owned())
        };
        let found = tokio::time::timeout(limit, found).await;
        found
            .unwrap_or_else(|_| Err(format!("nothing within {limit:?}")))
            .map_err(|error| format!("the guest: {error}{}", guest::says(&folder)))
    }

    /// What a command prints.
    async fn order(&mut self, command: &str, limit: Duration) -> Result<String, String> {
        self.guest.order(command).await?;
        let mut lines = Vec::new();
        let code = self
            .wait(limit, |told| match told {
                Told::Printed(line) => {
                    lines.push(line.clone());
                    None
                }
                Told::Ran(code) => Some(*code),
                _ => None,
            })
            .await?;
        let output = lines.join("\n");
        if code == 0 { Ok(output) } else { Err(format!("`{command}` ended with {code}: {output}")) }
    }

    /// Attaches the device at `usbip://HOST:PORT/BUSID` of this machine: its bus's number and its own.
    async fn plug(&mut self, place: &str) -> Result<String, String> {
        let (address, busid) = place.trim_start_matches("usbip://").split_once('/').unwrap_or((place, ""));
        let port = address.rsplit(':').next().unwrap_or_default();
        self.order(&format!("/usr/lib/outage/peer plug {LABORATORY}:{port} {busid}"), READ_LIMIT).await
    }

    /// What each driver prints of its copy. All of them read at the same time: most of it is waiting.
    async fn dump(&mut self, places: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, String> {
        let (mut start, mut show) = (String::new(), String::new());
        for (copy, place) in places {
            let file = format!("/run/lab/{copy}");
            let driver = DRIVERS.iter().find(|(_, whose)| copy.ends_with(whose)).map_or("", |(path, _)| path);
            start.push_str(&format!(
                "(/usr/lib/outage/peer dump {place} {driver} {UPDATES} >{file} 2>{file}.log; echo $? >{file}.code) & "
            ));
            show.push_str(&format!(
                "echo \"{ENDED}$(cat {file}.code)\"; cat {file}; grep -qx 0 {file}.code || cat {file}.log; "
            ));
        }
        let text = self.order(&format!("{start}wait; {show}"), READ_LIMIT).await?;
        let mut parts = text.split(ENDED).skip(1);
        let mut said = BTreeMap::new();
        for copy in places.keys() {
            match parts.next().and_then(|part| part.split_once('\n')) {
                Some(("0", text)) => said.insert(copy.clone(), text.to_owned()),
                Some((code, text)) => return Err(format!("the driver of {copy} ended with {code}: {text}")),
                None => return Err(format!("the driver of {copy} said nothing")),
            };
        }
        Ok(said)
    }
}
