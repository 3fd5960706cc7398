//! The kernel lane: each machine is a Linux guest in QEMU, with vhci-hcd, usbfs, an init of its own and a real power-off.
//!
//! The virtual UPSes stand outside: USB ones are attached by USB/IP through the guest's kernel, serial ones hang on a UART.
//! A machine's power *is* the output of its UPS: when that drops, QEMU is killed on the spot; when it returns, the guest
//! boots again from the same disk. No root, no kernel module of the host's.

mod agent;
mod guest;
mod image;
pub(crate) mod peers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use outage_simulator::ups::Ups;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::agent::Told;
use self::guest::{Guest, Parts, Said};
use self::image::Image;
use super::network::Network;
use super::{Ending, Lane, Trouble, files, process};
use crate::judge::Answer;
use crate::probe;
use crate::run::Sink;
use crate::scenario::{MachineSpec, Scenario, Service, UpsSpec};
use crate::trace::What;

/// Scenario seconds in a second here, at most: an emulated machine takes its time.
const FASTEST: f64 = 5.0;
/// How long things may take.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// The emulator, to make its sockets.
    sockets: Duration,
    /// A guest, to start its services.
    boot: Duration,
    /// An order.
    order: Duration,
}

const LIMITS: Limits = Limits {
    sockets: Duration::from_secs(10),
    boot: Duration::from_secs(90),
    order: Duration::from_secs(30),
};
/// How long a question to upsd may take.
const ASK_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of a machine's disk.
const DISK: u64 = 32 << 20;
/// POWERDOWNFLAG in the guest: it must outlive a power cut.
const FLAG: &str = "/var/killpower";
/// Where QEMU's user network shows a guest the laboratory's loopback.
const LABORATORY: &str = "10.0.2.2";
/// How many serial ports are left beside the console and the log.
const SERIAL_PORTS: usize = 2;

/// Scenario seconds in a second of the kernel lane.
pub(crate) fn scale(scenario: &Scenario, programs: Programs) -> f64 {
    match programs {
        Programs::Ours => scenario.scale.min(FASTEST),
        // They count in whole seconds.
        Programs::Nut => 1.0,
    }
}

/// Whose programs the guest runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Programs {
    /// Ours.
    #[default]
    Ours,
    /// NUT's, as Debian has them.
    Nut,
}

impl FromStr for Programs {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "ours" => Ok(Self::Ours),
            "nut" => Ok(Self::Nut),
            other => Err(format!("there is no target `{other}`: ours or nut")),
        }
    }
}

/// One machine, over all of its boots.
struct Machine {
    folder: PathBuf,
    /// What its initramfs adds.
    own: PathBuf,
    disk: PathBuf,
    port: u16,
    /// Its lines to serial UPSes.
    lines: Vec<PathBuf>,
    /// What its counter said last: durable, so it must still be there after whatever happens.
    count: Arc<AtomicU64>,
    guest: Mutex<Option<Arc<Guest>>>,
    /// What orders came to.
    ran: tokio::sync::Mutex<Option<mpsc::UnboundedReceiver<(i32, String)>>>,
}

/// The world of one run.
pub(crate) struct KernelLane {
    image: Arc<Image>,
    machines: BTreeMap<String, Machine>,
    network: Network,
    limits: Limits,
    sink: Sink,
    /// Buses, ptys and those who listen to guests: they end with the run.
    tasks: Mutex<JoinSet<()>>,
}

/// Forgets the images that were made, and removes their files: at the end of all runs.
pub(crate) fn clean_up() {
    image::forget();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl KernelLane {
    /// Makes the guest's image, the machines' disks and files, and the buses. `program` is this binary.
    ///
    /// # Errors
    /// What is missing, or text that says what could not be made.
    pub(crate) async fn set_up(
        folder: &Path,
        program: &Path,
        programs: Programs,
        scale: f64,
        scenario: &Scenario,
        upses: &BTreeMap<String, Ups>,
        sink: Sink,
    ) -> Result<Arc<Self>, Trouble> {
        let image = image::image(program, programs == Programs::Nut)?;
        let mut tasks = JoinSet::new();
        let devices = process::plug_in(folder, upses, &mut tasks).await.map_err(Trouble::Broken)?;
        let names = scenario.machines.iter().map(|machine| machine.name.clone());
        let ports = names.zip(process::free_ports(scenario.machines.len())?).collect();
        let network = Network::lay(scenario, &ports, &mut tasks).await?;
        let world = World { folder, programs, scale, scenario, devices: &devices, network: &network };
        let mut machines = BTreeMap::new();
        for spec in &scenario.machines {
            let machine = lay_out(&world, spec, ports[&spec.name]).await?;
            machines.insert(spec.name.clone(), machine);
        }
        Ok(Arc::new(Self { image, machines, network, limits: LIMITS, sink, tasks: Mutex::new(tasks) }))
    }

    fn machine(&self, name: &str) -> Result<&Machine, String> {
        self.machines.get(name).ok_or_else(|| format!("there is no machine {name}"))
    }

    fn guest(&self, name: &str) -> Result<Arc<Guest>, String> {
        lock(&self.machine(name)?.guest).clone().ok_or_else(|| format!("{name} is switched off"))
    }

    /// Has a machine run a command: its exit code, and what it printed.
    async fn order(&self, name: &str, command: &str) -> Result<(i32, String), String> {
        let machine = self.machine(name)?;
        let mut ran = machine.ran.lock().await;
        let ran = ran.as_mut().ok_or_else(|| format!("{name} is switched off"))?;
        // Answers that came too late for their orders.
        while ran.try_recv().is_ok() {}
        self.guest(name)?.order(command).await?;
        let limit = self.limits.order;
        match tokio::time::timeout(limit, ran.recv()).await {
            Ok(Some(ran)) => Ok(ran),
            Ok(None) => Err(format!("{name} was switched off before `{command}` was done")),
            Err(_) => {
                let says = guest::says(&machine.folder);
                Err(format!("the agent of {name} is silent: `{command}` was not done in {limit:?}{says}"))
            }
        }
    }

    async fn must(&self, name: &str, command: &str) -> Result<(), String> {
        match self.order(name, command).await? {
            (0, _) => Ok(()),
            (code, output) => Err(format!("`{command}` ended with {code}: {output}")),
        }
    }

    /// Says when a guest ends that was neither told to nor cut.
    fn watch_over(&self, name: &str, guest: &Guest, stopping: Arc<AtomicBool>) {
        let (sink, name, mut ended, folder) =
            (self.sink.clone(), name.to_owned(), guest.ended(), guest.folder());
        lock(&self.tasks).spawn(async move {
            // A cut closes the channel.
            if ended.wait_for(|ended| *ended).await.is_ok() && !stopping.load(Ordering::Relaxed) {
                let text = format!("it ended by itself{}", guest::says(&folder));
                sink.send(&name, What::Damage { text });
            }
        });
    }

    /// Turns what a guest says into events, until it is gone.
    fn listen_to(&self, name: &str, mut said: mpsc::UnboundedReceiver<Said>, listener: Listener) {
        let Listener { count, stopping, booted, ran, folder } = listener;
        let (sink, name) = (self.sink.clone(), name.to_owned());
        lock(&self.tasks).spawn(async move {
            let mut printed = Vec::new();
            while let Some(said) = said.recv().await {
                let what = match said {
                    Said::Logged(process, text) => What::Log { process, text },
                    Said::Told(Told::Booted) => {
                        let _ = booted.send(true);
                        continue;
                    }
                    Said::Told(Told::Printed(line)) => {
                        printed.push(line);
                        continue;
                    }
                    Said::Told(Told::Ran(code)) => {
                        let _ = ran.send((code, std::mem::take(&mut printed).join("\n")));
                        continue;
                    }
                    Said::Told(Told::Count(reached)) => {
                        count.store(reached, Ordering::Relaxed);
                        continue;
                    }
                    Said::Told(Told::Counted(found)) => {
                        let durable = count.load(Ordering::Relaxed);
                        if found >= durable {
                            let text = format!("the count is whole: {found}");
                            What::Log { process: "counter".to_owned(), text }
                        } else {
                            What::Damage {
                                text: format!("the count on the disk is {found}, {durable} was durable"),
                            }
                        }
                    }
                    Said::Told(Told::Journal { replayed }) => {
                        let text = if replayed { "journal replayed" } else { "journal clean" };
                        What::Log { process: "kernel".to_owned(), text: text.to_owned() }
                    }
                    Said::Told(Told::Step(step)) => {
                        stopping.store(true, Ordering::Relaxed);
                        What::Log { process: "init".to_owned(), text: step }
                    }
                    Said::Told(Told::Fault(text)) => What::Damage { text: text + &guest::says(&folder) },
                    Said::Told(Told::Notice { kind, ups, text }) => What::Notice { kind, ups, text },
                    Said::Told(Told::Flag) => What::FlagWritten,
                    Said::Told(Told::Shutdown) => What::ShutdownCommand,
                };
                sink.send(&name, what);
            }
        });
    }
}

/// What the news of a guest go to.
struct Listener {
    count: Arc<AtomicU64>,
    stopping: Arc<AtomicBool>,
    booted: watch::Sender<bool>,
    ran: mpsc::UnboundedSender<(i32, String)>,
    folder: PathBuf,
}

/// What machines are laid out in.
struct World<'a> {
    folder: &'a Path,
    programs: Programs,
    scale: f64,
    scenario: &'a Scenario,
    /// Driver and port of each UPS.
    devices: &'a BTreeMap<String, (String, String)>,
    network: &'a Network,
}

/// Writes what one machine is made of. `port` is where its upsd is for the laboratory.
async fn lay_out(world: &World<'_>, spec: &MachineSpec, port: u16) -> Result<Machine, String> {
    let World { programs, scale, scenario, devices, .. } = *world;
    let folder = world.folder.join(&spec.name);
    let served: Vec<_> = scenario.upses.iter().filter(|ups| spec.serves.contains(&ups.name)).collect();
    // Names and places, in the order of the ports that they are plugged into.
    let mut usb = Vec::new();
    let mut lines = Vec::new();
    let mut ports = BTreeMap::new();
    for ups in &served {
        let (driver, port) = &devices[&ups.name];
        let port = match port.strip_prefix("usbip://") {
            Some(place) => {
                let (address, busid) = place.split_once('/').unwrap_or((place, ""));
                let port = address.rsplit(':').next().unwrap_or_default();
                usb.push((ups.name.as_str(), format!("{LABORATORY}:{port}/{busid}")));
                "auto".to_owned()
            }
            None => {
                lines.push(PathBuf::from(port));
                // ttyS0 is the console, ttyS1 the log.
                format!("/dev/ttyS{}", lines.len() + 1)
            }
        };
        ports.insert(ups.name.clone(), (driver.clone(), port));
    }
    if lines.len() > SERIAL_PORTS {
        return Err(format!(
            "{} has {} serial UPSes, a guest only {SERIAL_PORTS} ports",
            spec.name,
            lines.len()
        ));
    }
    let upses: Vec<_> = scenario.upses.iter().map(|ups| with_place(ups, &usb)).collect();
    // What each looks for by itself. Ours is on the disk, so that it outlives a power cut.
    let state = match programs {
        Programs::Ours => "/var/state/ups",
        Programs::Nut => "/run/nut",
    };
    let place = files::Place {
        scale,
        state: state.to_owned(),
        listen: 3493,
        device: &|ups| ports[ups].clone(),
        server: &|server| match world.network.port(&spec.name, server) {
            // The cable begins in the laboratory.
            Some(port) => (LABORATORY.to_owned(), port),
            None => ("127.0.0.1".to_owned(), 3493),
        },
        flag: FLAG.to_owned(),
        shutdown: "/usr/lib/outage/shutdown".to_owned(),
        notify: "/usr/lib/outage/notify".to_owned(),
    };
    let mode = if spec.serves.is_empty() { "netclient" } else { "netserver" };
    let stop = spec.stop_time.as_secs_f64() / scale;
    let lab = format!(
        "USBIP=\"{}\"\nTTYS=\"{}\"\nFLAG={FLAG}\nSTOP_TIME={stop:.1}\nLATE={:.0}\nHANGS={}\nEARLY={}\nPROGRAMS={}\n",
        usb.iter().map(|(_, place)| place.as_str()).collect::<Vec<_>>().join(" "),
        (0..lines.len()).map(|index| format!("/dev/ttyS{}", index + 2)).collect::<Vec<_>>().join(" "),
        (spec.late_nodes.as_secs_f64() / scale).ceil(),
        if spec.hangs { "yes" } else { "" },
        if spec.early_killpower { "yes" } else { "" },
        match programs {
            Programs::Ours => "ours",
            Programs::Nut => "nut",
        }
    );
    let texts = [
        ("etc/lab", lab),
        ("etc/nut/nut.conf", format!("MODE={mode}\n")),
        ("etc/nut/ups.conf", place.ups_conf(spec, &upses)),
        ("etc/nut/upsd.conf", place.upsd_conf(spec, "0.0.0.0")),
        ("etc/nut/upsd.users", place.upsd_users()),
        ("etc/nut/upsmon.conf", place.upsmon_conf(spec)),
    ];
    let (own, disk) = make_up(&folder, &texts).await?;
    Ok(Machine {
        own,
        disk,
        folder,
        port,
        lines,
        count: Arc::default(),
        guest: Mutex::new(None),
        ran: tokio::sync::Mutex::new(None),
    })
}

/// What makes a guest a machine of its own, in its folder: an initramfs with these files, and an empty disk.
async fn make_up(folder: &Path, texts: &[(&str, String)]) -> Result<(PathBuf, PathBuf), String> {
    let root = folder.join("root");
    let configuration = root.join("etc/nut");
    std::fs::create_dir_all(&configuration)
        .map_err(|error| format!("failed to make {}: {error}", configuration.display()))?;
    for (name, text) in texts {
        let path = root.join(name);
        std::fs::write(&path, text)
            .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
    }
    let own = folder.join("own.gz");
    shell(&root, "find . | cpio -o -H newc --quiet -R 0:0 | gzip -1 > ../own.gz").await?;
    let disk = folder.join("disk");
    std::fs::File::create(&disk)
        .and_then(|file| file.set_len(DISK))
        .map_err(|error| format!("failed to make {}: {error}", disk.display()))?;
    shell(
        folder,
        "PATH=$PATH:/sbin:/usr/sbin mke2fs -q -t ext4 -E lazy_itable_init=0,lazy_journal_init=0 disk",
    )
    .await?;
    Ok((own, disk))
}

/// The section of a UPS: of several on USB, each says which port it hangs on.
fn with_place(ups: &UpsSpec, usb: &[(&str, String)]) -> UpsSpec {
    let mut ups = ups.clone();
    // Its node belongs to nut's group, as udev's rules would have it.
    ups.settings.push(("user".to_owned(), Some("nut".to_owned())));
    if usb.len() > 1
        && let Some(index) = usb.iter().position(|(name, _)| *name == ups.name)
    {
        ups.settings.push(("busport".to_owned(), Some(format!("^1-{}$", index + 1))));
    }
    ups
}

async fn shell(folder: &Path, script: &str) -> Result<(), String> {
    let ran = Command::new("sh").args(["-c", script]).current_dir(folder).stdin(Stdio::null()).output().await;
    let ran = ran.map_err(|error| format!("failed to run sh: {error}"))?;
    let text = String::from_utf8_lossy(&ran.stderr);
    if ran.status.success() { Ok(()) } else { Err(format!("`{script}` failed: {}", text.trim())) }
}

#[async_trait]
impl Lane for KernelLane {
    async fn boot(&self, name: &str) -> Result<(), String> {
        let machine = self.machine(name)?;
        let (said, heard) = mpsc::unbounded_channel();
        let (ran, orders) = mpsc::unbounded_channel();
        let (booting, mut booted) = watch::channel(false);
        let parts = Parts {
            image: &self.image,
            folder: &machine.folder,
            own: &machine.own,
            disk: &machine.disk,
            port: machine.port,
            lines: &machine.lines,
            patience: self.limits.sockets,
        };
        let stopping = Arc::new(AtomicBool::new(false));
        let listener = Listener {
            count: Arc::clone(&machine.count),
            stopping: Arc::clone(&stopping),
            booted: booting,
            ran,
            folder: machine.folder.clone(),
        };
        self.listen_to(name, heard, listener);
        let guest = Arc::new(Guest::start(&parts, said).await?);
        *machine.ran.lock().await = Some(orders);
        *lock(&machine.guest) = Some(Arc::clone(&guest));
        let mut ended = guest.ended();
        let limit = self.limits.boot;
        let fault = tokio::select! {
            biased;
            up = booted.wait_for(|booted| *booted) => {
                if up.is_ok() {
                    self.watch_over(name, &guest, stopping);
                    return Ok(());
                }
                "it ended while it booted".to_owned()
            }
            _ = ended.wait_for(|ended| *ended) => "it ended while it booted".to_owned(),
            () = tokio::time::sleep(limit) => format!("no services within {limit:?}"),
        };
        if lock(&machine.guest).is_none() {
            // Cut while it came up: no fault of its own.
            return Ok(());
        }
        Err(fault + &guest::says(&machine.folder))
    }

    async fn stop(&self, name: &str) {
        // The machine stops by itself: its shutdown command is a real one.
        let Ok(guest) = self.guest(name) else { return };
        let mut ended = guest.ended();
        drop(guest);
        // One that hangs is not stopped until its power goes.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    async fn killpower(&self, _: &str) -> Result<(), String> {
        // Its shutdown command does that, before anything else.
        Ok(())
    }

    fn cut(&self, name: &str) {
        if let Ok(machine) = self.machine(name)
            && let Some(guest) = lock(&machine.guest).take()
        {
            guest.cut();
        }
    }

    async fn ask(&self, name: &str, ups: &str, variable: &str) -> Answer {
        let Ok(machine) = self.machine(name) else { return Answer::Nothing };
        let question = async {
            match TcpStream::connect(("127.0.0.1", machine.port)).await {
                Ok(stream) => probe::ask(stream, ups, variable).await,
                Err(_) => Answer::Nothing,
            }
        };
        tokio::time::timeout(ASK_LIMIT, question).await.unwrap_or(Answer::Nothing)
    }

    async fn start(&self, name: &str, service: &Service) -> Result<(), String> {
        self.must(name, &format!("/usr/lib/outage/services start {}", words(service))).await
    }

    async fn end(&self, name: &str, service: &Service, how: Ending) -> Result<(), String> {
        let how = match how {
            Ending::Kill => "kill",
            Ending::Stop => "stop",
        };
        self.must(name, &format!("/usr/lib/outage/services {how} {}", words(service))).await
    }

    async fn command(&self, name: &str, ups: &str, command: &str) -> Result<(), String> {
        let port = self.machine(name)?.port;
        let order = async {
            let stream = TcpStream::connect(("127.0.0.1", port)).await;
            probe::order(stream.map_err(|error| error.to_string())?, files::OPERATOR, ups, command).await
        };
        let order = tokio::time::timeout(ASK_LIMIT, order).await;
        order.unwrap_or_else(|_| Err("upsd does not answer".to_owned()))
    }

    fn network(&self, one: &str, other: &str, up: bool) {
        self.network.set(one, other, up);
    }

    async fn write_flag(&self, name: &str) -> Result<(), String> {
        self.must(name, &format!("printf %s {} >{FLAG} && sync", files::FLAG_CONTENT)).await
    }

    async fn flag(&self, name: &str) -> Result<(bool, bool), String> {
        let (there, _) = self.order(name, &format!("test -e {FLAG}")).await?;
        let (says, _) = self.order(name, "/usr/lib/outage/services flag").await?;
        Ok((there == 0, says == 0))
    }
}

/// A service as the guest's script calls it.
fn words(service: &Service) -> String {
    match service {
        Service::Driver(ups) => format!("driver {ups}"),
        Service::Upsd => "upsd".to_owned(),
        Service::Upsmon => "upsmon".to_owned(),
    }
}
