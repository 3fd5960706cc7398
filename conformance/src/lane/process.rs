//! The process lane: the real programs as real processes, over TCP, Unix sockets, ptys and USB/IP, in real time.
//!
//! A machine is a folder with its configuration and its state. The programs are this very binary under the names of the
//! stack, so that `ps` shows what a user would see. No root, no kernel module.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use outage_simulator::bus::pty::Pty;
use outage_simulator::bus::usbip::Bus;
use outage_simulator::ups::{BusKind, Ups};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::{TcpStream, UnixDatagram, UnixListener};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::network::Network;
use super::{Ending, Lane, command_line, files};
use crate::hooks;
use crate::judge::Answer;
use crate::probe;
use crate::run::Sink;
use crate::scenario::{MachineSpec, Scenario, Service};
use crate::trace::What;

/// How long the next program waits for one to be ready.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// How long a program may take to answer SIGTERM.
const TERM_LIMIT: Duration = Duration::from_secs(5);
/// How long the late step of a shutdown may take.
const LATE_LIMIT: Duration = Duration::from_secs(40);
/// How long a question to upsd may take.
const ASK_LIMIT: Duration = Duration::from_secs(2);

/// The world of one run.
pub(crate) struct ProcessLane {
    folder: PathBuf,
    programs: PathBuf,
    scenario: Scenario,
    ports: BTreeMap<String, u16>,
    devices: BTreeMap<String, (String, String)>,
    network: Network,
    running: Mutex<BTreeMap<String, Vec<(Service, Child)>>>,
    sink: Sink,
    /// Buses, ptys and the readers of what programs say: they end with the run.
    tasks: Mutex<JoinSet<()>>,
}

impl ProcessLane {
    /// Lays out folders, links and buses. `program` is this binary.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub(crate) async fn set_up(
        folder: &Path,
        program: &Path,
        scenario: &Scenario,
        upses: &BTreeMap<String, Ups>,
        sink: Sink,
    ) -> Result<Arc<Self>, String> {
        let folder = folder.to_owned();
        let programs = folder.join("bin");
        make(&programs)?;
        for name in outage_ups::PROGRAMS.iter().map(|program| program.name).chain(hooks::NAMES) {
            let link = programs.join(name);
            std::os::unix::fs::symlink(program, &link)
                .map_err(|error| format!("failed to link {}: {error}", link.display()))?;
        }
        let mut tasks = JoinSet::new();
        let devices = plug_in(&folder, upses, &mut tasks).await?;
        let listener = UnixListener::bind(folder.join("lab.sock"))
            .map_err(|error| format!("failed to listen in {}: {error}", folder.display()))?;
        tasks.spawn(hear_hooks(listener, sink.clone()));
        let names = scenario.machines.iter().map(|machine| machine.name.clone());
        let ports = names.zip(free_ports(scenario.machines.len())?).collect();
        let network = Network::lay(scenario, &ports, &mut tasks).await?;
        let lane = Self {
            folder,
            programs,
            scenario: scenario.clone(),
            ports,
            devices,
            network,
            running: Mutex::new(BTreeMap::new()),
            sink,
            tasks: Mutex::new(tasks),
        };
        for machine in &scenario.machines {
            lane.write_files(machine)?;
        }
        Ok(Arc::new(lane))
    }

    fn home(&self, machine: &str) -> PathBuf {
        self.folder.join(machine)
    }

    fn write_files(&self, machine: &MachineSpec) -> Result<(), String> {
        let home = self.home(&machine.name);
        let state = home.join("run");
        make(&state)?;
        let configuration = home.join("etc");
        make(&configuration)?;
        let place = files::Place {
            scale: self.scenario.scale,
            state: state.display().to_string(),
            listen: self.ports[&machine.name],
            device: &|ups| self.devices[ups].clone(),
            server: &|server| {
                let port = self.network.port(&machine.name, server).unwrap_or(self.ports[server]);
                ("127.0.0.1".to_owned(), port)
            },
            flag: self.flag_path(&machine.name).display().to_string(),
            shutdown: self.programs.join(hooks::SHUTDOWN).display().to_string(),
            notify: self.programs.join(hooks::NOTIFY).display().to_string(),
        };
        let mut texts = vec![("upsmon.conf", place.upsmon_conf(machine))];
        if !machine.serves.is_empty() {
            texts.push(("ups.conf", place.ups_conf(machine, &self.scenario.upses)));
            texts.push(("upsd.conf", place.upsd_conf(machine, "127.0.0.1")));
            texts.push(("upsd.users", place.upsd_users()));
        }
        for (name, text) in texts {
            use std::os::unix::fs::OpenOptionsExt as _;
            let path = configuration.join(name);
            std::fs::OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o640)
                .open(&path)
                .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
                .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        Ok(())
    }

    fn spec(&self, machine: &str) -> Result<&MachineSpec, String> {
        let found = self.scenario.machines.iter().find(|spec| spec.name == machine);
        found.ok_or_else(|| format!("there is no machine {machine}"))
    }

    /// Starts a program of a machine; what it says becomes events.
    fn run(&self, machine: &str, arguments: &[&str], manager: Option<&Path>) -> Result<Child, String> {
        let home = self.home(machine);
        let program = self.programs.join(arguments[0]);
        let mut command = Command::new(&program);
        match manager {
            Some(manager) => command.env("NOTIFY_SOCKET", manager),
            None => command.env_remove("NOTIFY_SOCKET"),
        };
        let mut child = command
            .args(&arguments[1..])
            .env("NUT_CONFPATH", home.join("etc"))
            .env("NUT_STATEPATH", home.join("run"))
            .env("NUT_ALTPIDPATH", home.join("run"))
            .env("NUT_PIDPATH", home.join("run"))
            .env(hooks::SOCKET, self.folder.join("lab.sock"))
            .env(hooks::MACHINE, machine)
            .env(hooks::FLAG, self.flag_path(machine))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("failed to start {}: {error}", program.display()))?;
        if let Some(output) = child.stdout.take() {
            self.listen_to(machine, arguments[0], output);
        }
        if let Some(output) = child.stderr.take() {
            self.listen_to(machine, arguments[0], output);
        }
        Ok(child)
    }

    fn listen_to(&self, machine: &str, process: &str, output: impl AsyncRead + Unpin + Send + 'static) {
        let (sink, machine, process) = (self.sink.clone(), machine.to_owned(), process.to_owned());
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(text)) = lines.next_line().await {
                sink.send(&machine, What::Log { process: process.clone(), text });
            }
        });
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<(Service, Child)>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a service, and waits until it has.
    async fn end_process(&self, machine: &str, service: &Service, mut child: Child, how: Ending) {
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        let signal = match how {
            Ending::Kill => rustix::process::Signal::KILL,
            Ending::Stop => rustix::process::Signal::TERM,
        };
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, signal);
        }
        let text = match tokio::time::timeout(TERM_LIMIT, child.wait()).await {
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "killed: it did not answer SIGTERM".to_owned(),
        };
        let process = command_line(service, |ups| &self.devices[ups].0)[0].to_owned();
        self.sink.send(machine, What::Exit { process, text });
    }

    fn flag_path(&self, machine: &str) -> PathBuf {
        self.home(machine).join("killpower")
    }

    /// Runs a program of a machine to its end, within a limit.
    async fn finish(&self, machine: &str, arguments: &[&str]) -> Result<bool, String> {
        let mut child = self.run(machine, arguments, None)?;
        match tokio::time::timeout(LATE_LIMIT, child.wait()).await {
            Ok(Ok(status)) => Ok(status.success()),
            Ok(Err(error)) => Err(format!("failed to wait for {}: {error}", arguments[0])),
            Err(_) => Err(format!("{} still ran after {LATE_LIMIT:?}", arguments.join(" "))),
        }
    }
}

/// So many TCP ports of 127.0.0.1 that nobody listens at.
pub(super) fn free_ports(count: usize) -> Result<Vec<u16>, String> {
    // All are held until all are known, so that no two are the same.
    let held: Vec<_> = (0..count)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("failed to find a free port on 127.0.0.1: {error}"))?;
    held.iter()
        .map(|probe| probe.local_addr().map(|address| address.port()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("failed to find a free port: {error}"))
}

/// Plugs each UPS into its bus: driver and port of each.
pub(super) async fn plug_in(
    folder: &Path,
    upses: &BTreeMap<String, Ups>,
    tasks: &mut JoinSet<()>,
) -> Result<BTreeMap<String, (String, String)>, String> {
    let bus = Bus::new();
    let mut devices = BTreeMap::new();
    let mut usb = Vec::new();
    for (index, (name, ups)) in upses.iter().enumerate() {
        match ups.kind() {
            BusKind::Usb => {
                let busid = format!("1-{}", index + 1);
                bus.plug(&busid, ups.clone())
                    .map_err(|error| format!("failed to plug {name} in: {error}"))?;
                usb.push((name.clone(), busid));
            }
            BusKind::Serial => {
                let link = folder.join(format!("tty-{name}"));
                let pty = Pty::link(ups.clone(), &link)
                    .map_err(|error| format!("failed to open a pty at {}: {error}", link.display()))?;
                tasks.spawn(async move {
                    // A line that fails is the driver's to notice.
                    let _ = pty.serve().await;
                });
                devices.insert(name.clone(), ("nutdrv_qx".to_owned(), link.display().to_string()));
            }
        }
    }
    if !usb.is_empty() {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, server) =
            bus.listen(address).await.map_err(|error| format!("failed to serve USB/IP: {error}"))?;
        tasks.spawn(async move {
            let _server = server;
            std::future::pending::<()>().await;
        });
        for (name, busid) in usb {
            devices.insert(name, ("usbhid-ups".to_owned(), format!("usbip://{address}/{busid}")));
        }
    }
    Ok(devices)
}

/// Hears what the hooks that upsmon runs have to say.
async fn hear_hooks(listener: UnixListener, sink: Sink) {
    let mut hooks = JoinSet::new();
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let sink = sink.clone();
        hooks.spawn(async move {
            let mut text = String::new();
            if stream.read_to_string(&mut text).await.is_ok() {
                hooks::report(&text, &sink);
            }
        });
        while hooks.try_join_next().is_some() {}
    }
}

/// Waits, like a service manager, until a program says that it is ready.
async fn ready(socket: &UnixDatagram) {
    let mut buffer = [0; 512];
    while let Ok(count) = socket.recv(&mut buffer).await {
        if String::from_utf8_lossy(&buffer[..count]).lines().any(|line| line == "READY=1") {
            return;
        }
    }
}

fn make(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o750)
        .create(folder)
        .map_err(|error| format!("failed to make {}: {error}", folder.display()))
}

#[async_trait]
impl Lane for ProcessLane {
    async fn boot(&self, machine: &str) -> Result<(), String> {
        for service in &self.spec(machine)?.services() {
            self.start(machine, service).await?;
        }
        Ok(())
    }

    async fn stop(&self, machine: &str) {
        let mut services = self.running().remove(machine).unwrap_or_default();
        // The last one started is the first to stop.
        while let Some((service, child)) = services.pop() {
            self.end_process(machine, &service, child, Ending::Stop).await;
        }
        let late = async {
            if !self.spec(machine)?.early_killpower && self.finish(machine, &["upsmon", "-K"]).await? {
                self.killpower(machine).await?;
            }
            Ok::<(), String>(())
        };
        if let Err(text) = late.await {
            self.sink.send(machine, What::Log { process: "late".to_owned(), text });
        }
    }

    async fn killpower(&self, machine: &str) -> Result<(), String> {
        if self.finish(machine, &["upsdrvctl", "shutdown"]).await? {
            Ok(())
        } else {
            Err("upsdrvctl shutdown failed".to_owned())
        }
    }

    fn cut(&self, machine: &str) {
        // Dropping a child kills it.
        self.running().remove(machine);
    }

    async fn start(&self, machine: &str, service: &Service) -> Result<(), String> {
        let mut arguments = command_line(service, |ups| &self.devices[ups].0);
        if rustix::process::geteuid().is_root() {
            // Root's daemons would become a user of their own, who may not look into this run's folders.
            arguments.extend(["-u", "root"]);
        }
        let manager = self.home(machine).join(format!("{}.ready", arguments[0]));
        let _ = std::fs::remove_file(&manager);
        let socket = UnixDatagram::bind(&manager)
            .map_err(|error| format!("failed to listen at {}: {error}", manager.display()))?;
        let child = self.run(machine, &arguments, Some(&manager))?;
        self.running().entry(machine.to_owned()).or_default().push((service.clone(), child));
        // One that never gets ready is not waited for longer than an init script would.
        let _ = tokio::time::timeout(READY_LIMIT, ready(&socket)).await;
        Ok(())
    }

    async fn end(&self, machine: &str, service: &Service, how: Ending) -> Result<(), String> {
        let child = {
            let mut running = self.running();
            let services = running.entry(machine.to_owned()).or_default();
            let at = services.iter().position(|(known, _)| known == service);
            at.map(|at| services.remove(at).1).ok_or_else(|| format!("{service} does not run"))?
        };
        self.end_process(machine, service, child, how).await;
        Ok(())
    }

    async fn command(&self, machine: &str, ups: &str, command: &str) -> Result<(), String> {
        let order = async {
            let stream = TcpStream::connect(("127.0.0.1", self.ports[machine])).await;
            probe::order(stream.map_err(|error| error.to_string())?, files::OPERATOR, ups, command).await
        };
        let order = tokio::time::timeout(ASK_LIMIT, order).await;
        order.unwrap_or_else(|_| Err("upsd does not answer".to_owned()))
    }

    fn network(&self, one: &str, other: &str, up: bool) {
        self.network.set(one, other, up);
    }

    async fn write_flag(&self, machine: &str) -> Result<(), String> {
        let path = self.flag_path(machine);
        std::fs::write(&path, files::FLAG_CONTENT)
            .map_err(|error| format!("failed to write {}: {error}", path.display()))
    }

    async fn flag(&self, machine: &str) -> Result<(bool, bool), String> {
        let there = self.flag_path(machine).exists();
        Ok((there, self.finish(machine, &["upsmon", "-K"]).await?))
    }

    async fn ask(&self, machine: &str, ups: &str, variable: &str) -> Answer {
        let question = async {
            match TcpStream::connect(("127.0.0.1", self.ports[machine])).await {
                Ok(stream) => probe::ask(stream, ups, variable).await,
                Err(_) => Answer::Nothing,
            }
        };
        tokio::time::timeout(ASK_LIMIT, question).await.unwrap_or(Answer::Nothing)
    }
}
