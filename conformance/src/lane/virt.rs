//! The virtual lane: the programs' own code on machines in memory, in virtual time.
//!
//! The same files, the same programs and the same bytes on every wire as in the process lane; only the operating system
//! below them is not there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use outage_host::virt::{EventKind, Machine, Running, Spawn, Timeline, World};
use outage_host::{ExitStatus, Signal};
use outage_simulator::bus::line::{Line, serve};
use outage_simulator::bus::usbip::Bus;
use outage_simulator::ups::{BusKind, Ups};
use tokio::task::JoinSet;

use super::{Ending, Lane, command_line, files};
use crate::judge::Answer;
use crate::probe;
use crate::run::Sink;
use crate::scenario::{MachineSpec, Scenario, Service};
use crate::trace::What;

/// Port of upsd on every machine.
const UPSD_PORT: u16 = 3493;
/// The machine at whose USB ports the UPSes hang.
const LAB: &str = "usb-lab";
const USBIP_PORT: u16 = 3240;

const STATE: &str = "/var/state/ups";
const FLAG: &str = "/etc/killpower";
const SHUTDOWN: &str = "/sbin/shutdown";
const NOTIFY: &str = "/usr/local/bin/notify";

/// How long the next service waits for one to be ready.
const READY_LIMIT: Duration = Duration::from_secs(75);
/// How long a program may take to answer SIGTERM.
const TERM_LIMIT: Duration = Duration::from_secs(5);
/// How long each program of the late step of a shutdown may take.
const LATE_LIMIT: Duration = Duration::from_secs(90);
/// How long a question to upsd may take.
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// The world of one run.
pub(crate) struct VirtualLane {
    world: World,
    scenario: Scenario,
    devices: BTreeMap<String, (String, String)>,
    running: Mutex<BTreeMap<String, Vec<(Service, u32)>>>,
    sink: Sink,
    /// Buses and the reader of the world's trace: they end with the run.
    _tasks: JoinSet<()>,
}

impl VirtualLane {
    /// Makes the machines, their files and the buses.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub(crate) async fn set_up(
        scenario: &Scenario,
        upses: &BTreeMap<String, Ups>,
        seed: u64,
        timeline: Timeline,
        sink: Sink,
    ) -> Result<Arc<Self>, String> {
        let world = World::leaping(seed, timeline);
        let mut tasks = JoinSet::new();
        let devices = plug_in(&world, scenario, upses, &mut tasks).await?;
        tasks.spawn(retell(world.clone(), sink.clone()));
        let lane = Self {
            world,
            scenario: scenario.clone(),
            devices,
            running: Mutex::new(BTreeMap::new()),
            sink,
            _tasks: tasks,
        };
        for machine in &scenario.machines {
            lane.write_files(machine)
                .map_err(|error| format!("failed to set {} up: {error}", machine.name))?;
        }
        Ok(Arc::new(lane))
    }

    fn write_files(&self, spec: &MachineSpec) -> std::io::Result<()> {
        let machine = self.world.machine(&spec.name);
        let place = files::Place {
            scale: 1.0,
            state: STATE.to_owned(),
            listen: UPSD_PORT,
            device: &|ups| self.devices[ups].clone(),
            server: &|server| (if server == spec.name { "localhost" } else { server }.to_owned(), UPSD_PORT),
            flag: FLAG.to_owned(),
            shutdown: format!("{SHUTDOWN} -h +0"),
            notify: NOTIFY.to_owned(),
        };
        machine.put_file("/etc/nut/upsmon.conf", place.upsmon_conf(spec), 0o640)?;
        if !spec.serves.is_empty() {
            machine.put_file("/etc/nut/ups.conf", place.ups_conf(spec, &self.scenario.upses), 0o640)?;
            machine.put_file("/etc/nut/upsd.conf", place.upsd_conf(spec, "0.0.0.0"), 0o640)?;
            machine.put_file("/etc/nut/upsd.users", place.upsd_users(), 0o640)?;
        }
        // A file makes its folder.
        machine.put_file(format!("{STATE}/.keep"), "", 0o640)?;
        machine.set_mode(STATE, 0o770)?;
        for hook in [SHUTDOWN, NOTIFY] {
            machine.put_file(hook, "", 0o755)?;
        }
        machine.on_spawn(program);
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<(Service, u32)>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spec(&self, machine: &str) -> Result<&MachineSpec, String> {
        let found = self.scenario.machines.iter().find(|spec| spec.name == machine);
        found.ok_or_else(|| format!("there is no machine {machine}"))
    }

    /// Ends a process, and waits until it has.
    async fn end_process(&self, machine: &Machine, pid: u32, how: Ending) {
        // One that is gone already needs no signal.
        if how == Ending::Stop {
            let _ = machine.signal(pid, Signal::Term);
            if self.world.timeout(TERM_LIMIT, machine.exited(pid)).await.is_ok() {
                return;
            }
        }
        let _ = machine.signal(pid, Signal::Kill);
        machine.exited(pid).await;
    }

    /// Starts a program of the stack.
    fn run(machine: &Machine, arguments: &[&str]) -> u32 {
        let words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        machine.run(arguments[0], |host| outage_ups::run(words, host))
    }

    /// Runs a program of the stack to its end, within a limit.
    async fn finish(machine: &Machine, arguments: &[&str]) -> Result<bool, String> {
        let pid = Self::run(machine, arguments);
        match machine.world().timeout(LATE_LIMIT, machine.exited(pid)).await {
            Ok(status) => Ok(status == Some(ExitStatus::Code(0))),
            Err(_) => Err(format!("{} still ran after {LATE_LIMIT:?}", arguments.join(" "))),
        }
    }
}

/// A program of the stack that a process of a machine in memory starts.
pub(crate) fn own_program(spawn: &Spawn) -> Option<Running> {
    let name = outage_ups::find(spawn.program())?.name;
    let mut words = spawn.command.argv.clone();
    if let Some(first) = words.first_mut() {
        name.clone_into(first);
    }
    let background = match name {
        // Only the process that holds the timers.
        "upssched" => words.iter().any(|word| word == "--timers"),
        _ => !words.iter().any(|word| word.starts_with("-F") || word == "-k"),
    };
    Some(if background {
        spawn.background(name, |host| outage_ups::run(words, host))
    } else {
        spawn.foreground(name, |host| outage_ups::run(words, host))
    })
}

/// What a program started by a daemon is: a program of the stack, or one whose start is all there is to know of it.
fn program(spawn: &Spawn) -> Running {
    own_program(spawn).unwrap_or(Running::Exit(ExitStatus::Code(0), Duration::from_millis(10)))
}

/// Plugs each UPS into its bus: driver and port of each.
async fn plug_in(
    world: &World,
    scenario: &Scenario,
    upses: &BTreeMap<String, Ups>,
    tasks: &mut JoinSet<()>,
) -> Result<BTreeMap<String, (String, String)>, String> {
    let bus = Bus::new();
    let mut devices = BTreeMap::new();
    for (index, (name, ups)) in upses.iter().enumerate() {
        let device = match ups.kind() {
            BusKind::Usb => {
                let busid = format!("1-{}", index + 1);
                bus.plug(&busid, ups.clone())
                    .map_err(|error| format!("failed to plug {name} in: {error}"))?;
                ("usbhid-ups".to_owned(), format!("usbip://{LAB}:{USBIP_PORT}/{busid}"))
            }
            BusKind::Serial => {
                let path = format!("/dev/ttyS{index}");
                for spec in scenario.machines.iter().filter(|spec| spec.serves.contains(name)) {
                    tasks.spawn(cable(world.machine(&spec.name), path.clone(), ups.clone()));
                }
                ("nutdrv_qx".to_owned(), path)
            }
        };
        devices.insert(name.clone(), device);
    }
    let host = world.machine(LAB).host("usbipd");
    let listener = host
        .listen_tcp(std::net::SocketAddr::from(([0, 0, 0, 0], USBIP_PORT)))
        .await
        .map_err(|error| format!("failed to serve USB/IP: {error}"))?;
    tasks.spawn(async move {
        // The host keeps the laboratory's machine alive.
        let _host = host;
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let bus = bus.clone();
            connections.spawn(async move {
                // A connection that ends badly is the importer's to notice.
                let _ = bus.serve(stream).await;
            });
            while connections.try_join_next().is_some() {}
        }
    });
    Ok(devices)
}

/// The serial cable between a UPS and a machine: in while the UPS is plugged, out while it is not.
async fn cable(machine: Machine, path: String, ups: Ups) {
    loop {
        ups.wait_attached().await;
        let (device, line) = (ups.clone(), Line::new(&path).unpaced());
        machine.plug_serial(&path, move |end| {
            let device = device.clone();
            let line = line.clone();
            tokio::spawn(async move {
                // A line that fails is the driver's to notice.
                let _ = serve(&device, &line, end).await;
            });
        });
        ups.wait_detached().await;
        machine.unplug_serial(Path::new(&path));
    }
}

/// Turns what the world records into events.
async fn retell(world: World, sink: Sink) {
    let mut seen = 0;
    loop {
        let events = world.next_events(seen).await;
        seen += events.len();
        for event in events {
            let (machine, process) = (&*event.machine, event.process.to_string());
            match event.kind {
                EventKind::Log(_, text) => sink.send(machine, What::Log { process, text }),
                EventKind::Print(text) => {
                    for line in text.lines() {
                        sink.send(machine, What::Log { process: process.clone(), text: line.to_owned() });
                    }
                }
                EventKind::Spawned(_, command) => {
                    let variable = |name: &str| {
                        let found = command.env.iter().find(|(key, _)| key == name);
                        found.map(|(_, value)| value.clone()).unwrap_or_default()
                    };
                    let program = command.argv.first().map_or("", String::as_str);
                    if program == NOTIFY {
                        let text = command.argv.get(1..).unwrap_or_default().join(" ");
                        let (kind, ups) = (variable("NOTIFYTYPE"), variable("UPSNAME"));
                        sink.send(machine, What::Notice { kind, ups, text });
                    } else if program.starts_with(SHUTDOWN) {
                        sink.send(machine, What::ShutdownCommand);
                    }
                }
                EventKind::Wrote(path, ..) if path == Path::new(FLAG) => {
                    sink.send(machine, What::FlagWritten);
                }
                EventKind::Exited(_, status)
                    if outage_ups::PROGRAMS.iter().any(|program| program.name == process) =>
                {
                    sink.send(machine, What::Exit { process, text: status.to_string() });
                }
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Lane for VirtualLane {
    async fn boot(&self, machine: &str) -> Result<(), String> {
        let services = self.spec(machine)?.services();
        self.world.machine(machine).start();
        for service in &services {
            self.start(machine, service).await?;
        }
        Ok(())
    }

    async fn stop(&self, name: &str) {
        let machine = self.world.machine(name);
        let mut services = self.running().remove(name).unwrap_or_default();
        // The last one started is the first to stop.
        while let Some((_, pid)) = services.pop() {
            self.end_process(&machine, pid, Ending::Stop).await;
        }
        let late = async {
            if !self.spec(name)?.early_killpower && Self::finish(&machine, &["upsmon", "-K"]).await? {
                self.killpower(name).await?;
            }
            Ok::<(), String>(())
        };
        if let Err(text) = late.await {
            self.sink.send(name, What::Log { process: "late".to_owned(), text });
        }
    }

    async fn killpower(&self, name: &str) -> Result<(), String> {
        let machine = self.world.machine(name);
        if Self::finish(&machine, &["upsdrvctl", "shutdown"]).await? {
            Ok(())
        } else {
            Err("upsdrvctl shutdown failed".to_owned())
        }
    }

    fn cut(&self, machine: &str) {
        self.running().remove(machine);
        self.world.machine(machine).stop();
    }

    async fn start(&self, name: &str, service: &Service) -> Result<(), String> {
        let machine = self.world.machine(name);
        let arguments = command_line(service, |ups| &self.devices[ups].0);
        let mut seen = self.world.events().len();
        let pid = Self::run(&machine, &arguments);
        self.running().entry(name.to_owned()).or_default().push((service.clone(), pid));
        let ready = async {
            loop {
                let events = self.world.next_events(seen).await;
                seen += events.len();
                let mut own =
                    events.iter().filter(|event| &*event.machine == name && &*event.process == arguments[0]);
                if own.any(|event| matches!(event.kind, EventKind::Ready | EventKind::Exited(..))) {
                    return;
                }
            }
        };
        // One that never gets ready is not waited for longer than an init script would.
        let _ = self.world.timeout(READY_LIMIT, ready).await;
        Ok(())
    }

    async fn end(&self, name: &str, service: &Service, how: Ending) -> Result<(), String> {
        let pid = {
            let mut running = self.running();
            let services = running.entry(name.to_owned()).or_default();
            let at = services.iter().position(|(known, _)| known == service);
            at.map(|at| services.remove(at).1).ok_or_else(|| format!("{service} does not run"))?
        };
        self.end_process(&self.world.machine(name), pid, how).await;
        Ok(())
    }

    async fn command(&self, machine: &str, ups: &str, command: &str) -> Result<(), String> {
        let host = self.world.machine(LAB).host("operator");
        let order = async {
            let stream = host.connect_tcp(machine, UPSD_PORT).await.map_err(|error| error.to_string())?;
            probe::order(stream, files::OPERATOR, ups, command).await
        };
        self.world.timeout(ASK_LIMIT, order).await.unwrap_or_else(|_| Err("upsd does not answer".to_owned()))
    }

    fn network(&self, one: &str, other: &str, up: bool) {
        if up {
            self.world.heal(one, other);
        } else {
            self.world.cut(one, other);
        }
    }

    async fn write_flag(&self, machine: &str) -> Result<(), String> {
        let written = self.world.machine(machine).put_file(FLAG, files::FLAG_CONTENT, 0o600);
        written.map_err(|error| format!("failed to write {FLAG}: {error}"))
    }

    async fn flag(&self, machine: &str) -> Result<(bool, bool), String> {
        let machine = self.world.machine(machine);
        let there = machine.stat(FLAG).is_ok();
        Ok((there, Self::finish(&machine, &["upsmon", "-K"]).await?))
    }

    async fn ask(&self, machine: &str, ups: &str, variable: &str) -> Answer {
        let host = self.world.machine(LAB).host("probe");
        let question = async {
            match host.connect_tcp(machine, UPSD_PORT).await {
                Ok(stream) => probe::ask(stream, ups, variable).await,
                Err(_) => Answer::Nothing,
            }
        };
        self.world.timeout(ASK_LIMIT, question).await.unwrap_or(Answer::Nothing)
    }
}
