//! A room with one virtual UPS and the programs around it. All that was started in it ends with it.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outage_simulator::bus::pty::Pty;
use outage_simulator::bus::usbip::{Bus, Listener};
use outage_simulator::ups::{BusKind, Options, Ups};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::programs::{self, Maker};

/// How long anything that is waited for may take. Long: it is only ever used up by what has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked whether something has come true in another process.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The password of all users: it protects nothing.
pub(crate) const PASSWORD: &str = "secret";

/// What a program that has ended left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A room. Its UPS is called `office`.
pub(crate) struct Lab {
    folder: TempDir,
    pub(crate) ups: Ups,
    /// Our driver for the device, and its `port`.
    pub(crate) driver: &'static str,
    device: String,
    /// Where each upsd listens.
    servers: BTreeMap<Maker, SocketAddr>,
    running: Vec<(String, Child)>,
    /// All that the programs said.
    said: Arc<Mutex<String>>,
    tasks: JoinSet<()>,
    /// Connections that are open as long as the room is.
    held: Vec<UnixStream>,
    _bus: Option<Listener>,
}

/// Plays `case` in a room with this device, whose time runs `time_scale` times as fast as ours.
///
/// # Errors
/// What the case says, with all that the programs said.
pub(crate) fn play(
    device: &str,
    time_scale: f64,
    case: impl AsyncFnOnce(&mut Lab) -> Result<(), String>,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("failed to start a runtime: {error}"))?;
    runtime.block_on(async {
        let mut lab = Lab::new(device, time_scale).await?;
        let result = case(&mut lab).await;
        lab.end().await;
        let said = lab.said.lock().unwrap_or_else(PoisonError::into_inner);
        result.map_err(|error| format!("{error}\n\nWhat the programs said:\n{said}"))
    })
}

impl Lab {
    async fn new(device: &str, time_scale: f64) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("outage-nut-").tempdir();
        let folder = folder.map_err(|error| format!("failed to make a folder: {error}"))?;
        let file = outage_simulator::device(device).ok_or_else(|| format!("there is no device {device}"))?;
        let ups = Ups::new("office", &file, Options { time_scale, ..Options::default() });
        let mut tasks = JoinSet::new();
        let mut bus = None;
        let (driver, device) = match ups.kind() {
            BusKind::Usb => {
                let usb = Bus::new();
                usb.plug("1-1", ups.clone())
                    .map_err(|error| format!("failed to plug the UPS in: {error}"))?;
                let (address, server) = usb
                    .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
                    .await
                    .map_err(|error| format!("failed to serve USB/IP: {error}"))?;
                bus = Some(server);
                ("usbhid-ups", format!("usbip://{address}/1-1"))
            }
            BusKind::Serial => {
                let link = folder.path().join("tty");
                let pty = Pty::link(ups.clone(), &link).map_err(|error| format!("failed to {error}"))?;
                tasks.spawn(async move {
                    // A line that fails is the driver's to notice.
                    let _ = pty.serve().await;
                });
                ("nutdrv_qx", link.display().to_string())
            }
        };
        let lab = Self {
            folder,
            ups,
            driver,
            device,
            servers: free_ports()?,
            running: Vec::new(),
            said: Arc::default(),
            tasks,
            held: Vec::new(),
            _bus: bus,
        };
        lab.make("run")?;
        lab.make("bin")?;
        for name in [
            "upsd",
            "upsmon",
            "upsc",
            "upscmd",
            "upsrw",
            "dummy-ups",
            "usbhid-ups",
            "nutdrv_qx",
            "blazer_ser",
        ] {
            let link = lab.path("bin").join(name);
            symlink(programs::ours(), &link)
                .map_err(|error| format!("failed to link {}: {error}", link.display()))?;
        }
        lab.write("events", "", 0o644)?;
        lab.configure("ours", "ups.conf", "")?;
        Ok(lab)
    }

    /// Ends all programs.
    async fn end(&mut self) {
        for (_, child) in &mut self.running {
            let _ = child.kill().await;
        }
        // What they said last is still to be read.
        let _ = timeout(Duration::from_secs(2), async {
            while self.readers() > 0 {
                sleep(LOOK_EVERY).await;
            }
        })
        .await;
        self.running.clear();
        self.tasks.abort_all();
    }

    /// How many programs still have their output open: each holds the transcript.
    fn readers(&self) -> usize {
        Arc::strong_count(&self.said) - 1
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make(&self, name: &str) -> Result<(), String> {
        let path = self.path(name);
        let made = fs::DirBuilder::new().recursive(true).mode(0o750).create(&path);
        made.map_err(|error| format!("failed to make {}: {error}", path.display()))
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> Result<(), String> {
        let path = self.path(name);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode)))
            .map_err(|error| format!("failed to write {}: {error}", path.display()))
    }

    /// Writes a configuration file of a home (a folder of them).
    pub(crate) fn configure(&self, home: &str, file: &str, text: &str) -> Result<(), String> {
        self.make(home)?;
        self.write(&format!("{home}/{file}"), text, 0o640)
    }

    /// Where this upsd listens, as ups@host:port has it.
    pub(crate) fn server(&self, maker: Maker) -> String {
        self.servers[&maker].to_string()
    }

    /// The UPS as clients call it.
    pub(crate) fn at(&self, maker: Maker) -> String {
        format!("office@{}", self.server(maker))
    }

    /// Writes all files of both upsd for a driver of this name.
    pub(crate) fn configure_for(&self, driver: &str, settings: &str) -> Result<(), String> {
        let pollfreq = if driver == "blazer_ser" { "" } else { "  pollfreq = 1\n" };
        let ups_conf = format!(
            "[office]\n  driver = {driver}\n  port = \"{}\"\n  desc = \"The office\"\n  pollinterval = 1\n{pollfreq}{settings}",
            self.device
        );
        let users = format!(
            "[primary]\n  password = {PASSWORD}\n  upsmon primary\n\n[secondary]\n  password = {PASSWORD}\n  upsmon secondary\n\n\
             [admin]\n  password = {PASSWORD}\n  actions = SET\n  instcmds = ALL\n\n[guest]\n  password = {PASSWORD}\n"
        );
        for (maker, address) in &self.servers {
            let home = maker.name();
            self.configure(home, "ups.conf", &ups_conf)?;
            self.configure(home, "upsd.conf", &format!("LISTEN {} {}\n", address.ip(), address.port()))?;
            self.configure(home, "upsd.users", &users)?;
        }
        Ok(())
    }

    /// A program with its environment. `home` is the folder of its configuration files.
    fn command(&self, maker: Maker, home: &str, program: &str) -> Result<Command, String> {
        let path = match maker {
            Maker::Ours => self.path("bin").join(program),
            Maker::C => programs::c(program)?,
        };
        let run = self.path("run");
        let mut command = Command::new(path);
        command
            .env("NUT_CONFPATH", self.path(home))
            .env("NUT_STATEPATH", &run)
            .env("NUT_ALTPIDPATH", &run)
            .env("NUT_PIDPATH", &run)
            .env_remove("NOTIFY_SOCKET")
            .current_dir(&run)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(command)
    }

    /// Starts a daemon in the foreground.
    pub(crate) fn start(
        &mut self,
        maker: Maker,
        home: &str,
        program: &str,
        arguments: &[&str],
    ) -> Result<(), String> {
        let mut command = self.command(maker, home, program)?;
        command.args(arguments).args(as_root(program));
        let name = format!("{}'s {program}", if maker == Maker::C { "NUT" } else { "Outage" });
        let mut child = command.spawn().map_err(|error| format!("failed to start {name}: {error}"))?;
        let outputs = [
            child.stdout.take().map(|output| Box::new(output) as Box<dyn AsyncRead + Unpin + Send>),
            child.stderr.take().map(|output| Box::new(output) as Box<dyn AsyncRead + Unpin + Send>),
        ];
        for output in outputs.into_iter().flatten() {
            let (said, name) = (self.said.clone(), name.clone());
            self.tasks.spawn(async move {
                let mut lines = BufReader::new(output).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
                    *said += &format!("  {name}: {line}\n");
                }
            });
        }
        self.running.push((name, child));
        Ok(())
    }

    /// Starts a driver, and waits until it listens for an upsd.
    pub(crate) async fn start_driver(&mut self, maker: Maker, driver: &str) -> Result<(), String> {
        self.start_driver_of(maker, driver, "office").await
    }

    /// Starts the driver of another UPS of the same home.
    pub(crate) async fn start_driver_of(
        &mut self,
        maker: Maker,
        driver: &str,
        ups: &str,
    ) -> Result<(), String> {
        self.start(maker, maker.name(), driver, &["-F", "-a", ups])?;
        let socket = self.path("run").join(format!("{driver}-{ups}"));
        let connection = self
            .until(&format!("{driver} listens"), async |_| {
                UnixStream::connect(&socket).await.map_err(|error| error.to_string())
            })
            .await?;
        // NUT's drivers end by SIGABRT when they write to a connection that has just gone.
        self.held.push(connection);
        Ok(())
    }

    /// Starts an upsd, and waits until it serves fresh data.
    pub(crate) async fn start_upsd(&mut self, maker: Maker) -> Result<(), String> {
        self.start_upsd_for(maker, "office").await
    }

    /// The same, for a UPS of another name.
    pub(crate) async fn start_upsd_for(&mut self, maker: Maker, ups: &str) -> Result<(), String> {
        self.start(maker, maker.name(), "upsd", &["-F"])?;
        self.until("upsd serves the UPS", async |lab| {
            let answer = lab.say(maker, &format!("GET VAR {ups} ups.status")).await?;
            let fresh = answer.starts_with(&format!("VAR {ups} ups.status")) && !answer.contains("WAIT");
            if fresh { Ok(()) } else { Err(answer) }
        })
        .await
    }

    /// Starts an upsmon that watches the UPS at the upsd of `at`, and waits until it is logged in as the `logins`th.
    /// Its notices and its shutdown are lines of [`Lab::events`], that begin with its maker's name.
    pub(crate) async fn start_upsmon(
        &mut self,
        maker: Maker,
        at: Maker,
        role: &str,
        logins: usize,
    ) -> Result<(), String> {
        let home = format!("upsmon-{}", maker.name());
        self.make(&home)?;
        let (events, flag) = (self.path("events"), self.flag(maker));
        let (events, flag, name) = (events.display(), flag.display(), maker.name());
        let notify = format!("#!/bin/sh\necho \"{name} notice $NOTIFYTYPE $UPSNAME\" >>{events}\n");
        let shutdown = format!(
            "#!/bin/sh\nif [ -e {flag} ]; then echo \"{name} shutdown, flag: $(cat {flag})\" >>{events}; else echo \"{name} \
             shutdown without flag\" >>{events}; fi\n"
        );
        self.write(&format!("{home}/notify"), &notify, 0o755)?;
        self.write(&format!("{home}/shutdown"), &shutdown, 0o755)?;
        let mut conf = format!(
            "MONITOR {} 1 {role} {PASSWORD} {role}\nMINSUPPLIES 1\nPOLLFREQ 1\nPOLLFREQALERT 1\nDEADTIME 5\nHOSTSYNC 20\nFINALDELAY 0\n\
             POWERDOWNFLAG {flag}\nNOTIFYCMD {}\nSHUTDOWNCMD {}\n",
            self.at(at),
            self.path(&home).join("notify").display(),
            self.path(&home).join("shutdown").display()
        );
        for notice in ["ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "NOCOMM"] {
            conf += &format!("NOTIFYFLAG {notice} SYSLOG+EXEC\n");
        }
        self.configure(&home, "upsmon.conf", &conf)?;
        // In one process: a privileged parent would be one more to end.
        self.start(maker, &home, "upsmon", &["-F", "-p"])?;
        let logged_in = format!("NUMLOGINS office {logins}");
        self.until("upsmon is logged in", async |lab| {
            let answer = lab.say(at, "GET NUMLOGINS office").await?;
            if answer.trim_end() == logged_in { Ok(()) } else { Err(answer) }
        })
        .await
    }

    /// The POWERDOWNFLAG of an upsmon.
    pub(crate) fn flag(&self, maker: Maker) -> PathBuf {
        self.path(&format!("upsmon-{}/killpower", maker.name()))
    }

    /// What the hooks of all upsmon had to say so far.
    pub(crate) fn events(&self) -> Result<Vec<String>, String> {
        let text = fs::read_to_string(self.path("events"))
            .map_err(|error| format!("failed to read the events: {error}"))?;
        Ok(text.lines().map(|line| line.trim_end().to_owned()).collect())
    }

    /// Waits until what was started last has ended by itself.
    pub(crate) async fn until_last_ends(&mut self) -> Result<(), String> {
        let Some((name, child)) = self.running.last_mut() else { return Err("nothing runs".to_owned()) };
        match timeout(LIMIT, child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("{name} ended with {status}")),
            Ok(Err(error)) => Err(format!("failed to wait for {name}: {error}")),
            Err(_) => Err(format!("{name} still runs after {LIMIT:?}")),
        }
    }

    /// Runs a program to its end, with the configuration files of `home`.
    pub(crate) async fn run_at(
        &self,
        home: &str,
        maker: Maker,
        program: &str,
        arguments: &[&str],
    ) -> Result<Ran, String> {
        let mut command = self.command(maker, home, program)?;
        let output = command.args(arguments).args(as_root(program)).output();
        match timeout(LIMIT, output).await {
            Ok(Ok(output)) => Ok(Ran {
                code: output.status.code(),
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Ok(Err(error)) => Err(format!("failed to run {program}: {error}")),
            Err(_) => Err(format!("{program} {arguments:?} still ran after {LIMIT:?}")),
        }
    }

    /// Runs a program to its end.
    pub(crate) async fn run(&self, maker: Maker, program: &str, arguments: &[&str]) -> Result<Ran, String> {
        self.run_at(maker.name(), maker, program, arguments).await
    }

    /// What this upsc prints.
    pub(crate) async fn upsc(&self, maker: Maker, arguments: &[&str]) -> Result<String, String> {
        let ran = self.run(maker, "upsc", arguments).await?;
        if ran.code == Some(0) { Ok(ran.stdout) } else { Err(format!("upsc {arguments:?}: {ran:?}")) }
    }

    /// Waits until this upsc shows a status with all of these words, of the upsd of `at`.
    pub(crate) async fn until_status(&self, client: Maker, at: Maker, words: &str) -> Result<(), String> {
        let ups = self.at(at);
        self.until(&format!("the status is {words}"), async |lab| {
            let status = lab.upsc(client, &[&ups, "ups.status"]).await?;
            let has = |word| status.split_whitespace().any(|other| other == word);
            if words.split_whitespace().all(has) { Ok(()) } else { Err(status) }
        })
        .await
    }

    /// Asks an upsd for one line.
    pub(crate) async fn say(&self, at: Maker, request: &str) -> Result<String, String> {
        self.converse(at, &[request]).await
    }

    /// Sends requests on one connection, says LOGOUT, and returns all that came up to the farewell.
    pub(crate) async fn converse(&self, at: Maker, requests: &[&str]) -> Result<String, String> {
        let conversation = async {
            let mut stream = TcpStream::connect(self.servers[&at]).await?;
            stream.write_all(format!("{}\nLOGOUT\n", requests.join("\n")).as_bytes()).await?;
            let mut answers = Vec::new();
            stream.read_to_end(&mut answers).await?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&answers).into_owned())
        };
        match timeout(LIMIT, conversation).await {
            Ok(Ok(answers)) => Ok(answers.trim_end().trim_end_matches("OK Goodbye").to_owned()),
            Ok(Err(error)) => Err(format!("no answer from upsd: {error}")),
            Err(_) => Err(format!("upsd did not end the conversation {requests:?} within {LIMIT:?}")),
        }
    }

    /// Waits until `look` finds something; what it says of its failures is told when that takes too long.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        look: impl AsyncFn(&Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let seen = Mutex::new(String::new());
        let looking = async {
            loop {
                match look(self).await {
                    Ok(found) => return found,
                    Err(other) => *seen.lock().unwrap_or_else(PoisonError::into_inner) = other,
                }
                sleep(LOOK_EVERY).await;
            }
        };
        let found = timeout(LIMIT, looking).await;
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.map_err(|_| format!("waited {LIMIT:?} until {what}; last seen: {seen}"))
    }

    /// Waits until the output of the UPS goes on or off, after the `cursor`th event.
    pub(crate) async fn until_output(&self, mut cursor: usize, on: bool) -> Result<usize, String> {
        let waiting = async {
            loop {
                self.ups.wait_events(cursor).await;
                for event in self.ups.events_since(cursor) {
                    cursor += 1;
                    if event.output() == Some(on) {
                        return cursor;
                    }
                }
            }
        };
        let limit = timeout(LIMIT, waiting).await;
        limit.map_err(|_| format!("waited {LIMIT:?} until the output is {}", if on { "on" } else { "off" }))
    }
}

/// Root's daemons would become a user of their own, who may not look into the room.
fn as_root(program: &str) -> &'static [&'static str] {
    let client = program == "upsc" || program == "upscmd" || program == "upsrw";
    if !client && rustix::process::geteuid().is_root() { &["-u", "root"] } else { &[] }
}

/// A free port for each upsd. Each room has an address of its own, which no outgoing connection uses.
fn free_ports() -> Result<BTreeMap<Maker, SocketAddr>, String> {
    static ROOMS: AtomicU8 = AtomicU8::new(1);
    let address = Ipv4Addr::new(127, 0, 83, ROOMS.fetch_add(1, Ordering::Relaxed));
    let bind = || TcpListener::bind((address, 0)).and_then(|listener| Ok((listener.local_addr()?, listener)));
    // Both are held until both are known.
    match (bind(), bind()) {
        (Ok((ours, _held)), Ok((c, _also))) => Ok([(Maker::Ours, ours), (Maker::C, c)].into()),
        (Err(error), _) | (_, Err(error)) => Err(format!("failed to find a free port at {address}: {error}")),
    }
}
