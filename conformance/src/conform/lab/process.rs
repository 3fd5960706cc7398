//! The real world: programs as processes, real sockets, real time, a folder of its own. No root.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use outage_host::{BoxStream, Signal};
use rustix::process::{Pid, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::{Accept, FLAG, HOOKS, Lab, NO_PROCESS, Process, Start, TOLD, Target, drivers, programs};
use crate::conform::Miss;
use crate::conform::record::Record;

/// Whose programs.
#[derive(Clone, Debug)]
pub enum Programs {
    /// Ours: this binary, which answers to every name.
    Ours(PathBuf),
    /// NUT's own, in this folder or where they are installed.
    Nut(Option<PathBuf>),
}

/// A folder with configuration, state and programs.
pub struct ProcessLab {
    folder: TempDir,
    programs: Programs,
    target: Target,
    address: Ipv4Addr,
    port: u16,
}

impl ProcessLab {
    /// Makes the folder.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub fn new(programs: Programs) -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("outage-conform-")
            .tempdir()
            .map_err(|error| format!("failed to make a folder: {error}"))?;
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir(&path)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o700)))
                .map_err(|error| format!("failed to make {}: {error}", path.display()))
        };
        make("etc")?;
        make("run")?;
        make(drivers::FOLDER)?;
        make(HOOKS)?;
        let drivers = drivers::scripts(folder.path()).into_iter().map(|file| (drivers::FOLDER, file));
        let hooks = hooks(&folder.path().display().to_string()).into_iter().map(|file| (HOOKS, file));
        for (place, (name, text)) in drivers.chain(hooks) {
            let path = folder.path().join(place).join(name);
            fs::write(&path, text)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o700)))
                .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        let target = match &programs {
            Programs::Ours(program) => {
                make("bin")?;
                for name in outage_ups::PROGRAMS.iter().map(|program| program.name).chain(["ups"]) {
                    let link = folder.path().join("bin").join(name);
                    symlink(program, &link)
                        .map_err(|error| format!("failed to link {}: {error}", link.display()))?;
                }
                Target::Ours
            }
            Programs::Nut(_) => Target::Nut,
        };
        let (address, port) =
            free_address().map_err(|error| format!("failed to find a free port: {error}"))?;
        Ok(Self { folder, programs, target, address, port })
    }

    fn program(&self, name: &str) -> Result<PathBuf, Miss> {
        match &self.programs {
            // A file of the place: a script, an installed program.
            _ if name.contains('/') => Ok(self.path(name)),
            Programs::Ours(_) if name == "ups" || outage_ups::find(name).is_some() => {
                Ok(self.folder.path().join("bin").join(name))
            }
            Programs::Ours(_) => Err(Miss::Unimplemented(format!("there is no program {name} yet"))),
            Programs::Nut(folder) => programs::find(name, folder.as_deref()),
        }
    }
}

/// An address of this process's and this lab's own, which no outgoing connection uses, and a port that is free there.
fn free_address() -> io::Result<(Ipv4Addr, u16)> {
    static LABS: AtomicU16 = AtomicU16::new(0);
    let [high, low] = LABS.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let process = std::process::id().to_be_bytes()[3];
    let address = Ipv4Addr::new(127, 128 | (high & 0x7f), process, low.clamp(1, 254));
    let listener = std::net::TcpListener::bind((address, 0))?;
    Ok((address, listener.local_addr()?.port()))
}

/// The programs of [`HOOKS`], and a `wall` that reaches nobody. Each tells in one write, so that no two mix.
fn hooks(folder: &str) -> [(&'static str, String); 5] {
    let notice =
        format!(r#"printf 'notice\t%s\t%s\t%s\n' "$NOTIFYTYPE" "$UPSNAME" "$*" >>'{folder}/{TOLD}'"#);
    let halt = format!(
        r#"flag=absent; [ ! -e '{folder}/{FLAG}' ] || flag="is $(cat '{folder}/{FLAG}')"
printf 'shutdown\t%s\t%s\n' "$flag" "$*" >>'{folder}/{TOLD}'"#
    );
    [
        ("notify", format!("#!/bin/sh\n{notice}\n")),
        ("slow", format!("#!/bin/sh\n{notice}\nexec sleep 5\n")),
        ("halt", format!("#!/bin/sh\n{halt}\n")),
        ("fail", format!("#!/bin/sh\n{halt}\nexit 3\n")),
        ("wall", format!("#!/bin/sh\nexec cat >>'{folder}/{WALL}'\n")),
    ]
}

/// What was said to everyone who is logged in.
const WALL: &str = "run/wall";

/// Where an installed NUT keeps the PID file of its upsmon, whatever its environment says.
const PID_FILE: &str = "/run/nut/upsmon.pid";

/// NUT's upsmon does not start beside another one, and would take its PID file from it. Beside those of other labs it
/// starts when it is told of a process to ask for instead that is not there.
fn beside_others(target: &Target, start: &Start<'_>) -> Result<Vec<String>, Miss> {
    let has = |option: &str| start.arguments.iter().any(|argument| argument.starts_with(option));
    if *target != Target::Nut || start.program != "upsmon" || ["-c", "-P", "-h", "-V"].into_iter().any(has) {
        return Ok(Vec::new());
    }
    // What stood there before the first one of ours was started is somebody else's.
    static FOREIGN: OnceLock<Option<String>> = OnceLock::new();
    let foreign = FOREIGN.get_or_init(|| {
        let pid = fs::read_to_string(PID_FILE).ok()?.trim().to_owned();
        let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
        // One of another run's of these cases is as good as one of ours.
        let played = String::from_utf8_lossy(&environment).contains("NUT_CONFPATH=");
        (rustix::process::geteuid().is_root() && !played).then_some(pid)
    });
    match foreign {
        None => Ok(vec!["-P".to_owned(), NO_PROCESS.to_string()]),
        Some(pid) => {
            Err(Miss::Precondition(format!("NUT's upsmon runs as process {pid}: {PID_FILE} is its own")))
        }
    }
}

/// Root's daemons would become a user of their own, who may not look into the folder.
fn as_root(program: &str) -> &'static [&'static str] {
    let stays = ["ups", "upsc", "upscmd", "upsrw", "upslog", "upssched", "upsdrvctl"].contains(&program);
    let stays = stays || program.contains('/');
    if !stays && rustix::process::geteuid().is_root() { &["-u", "root"] } else { &[] }
}

#[async_trait]
impl Lab for ProcessLab {
    fn target(&self) -> &Target {
        &self.target
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn write(&self, relative: &str, content: &[u8], mode: u32) -> io::Result<()> {
        let path = self.path(relative);
        let mut options = fs::OpenOptions::new();
        let mut file = options.create(true).truncate(true).write(true).mode(mode).open(&path)?;
        io::Write::write_all(&mut file, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
    }

    fn read(&self, relative: &str) -> io::Result<Vec<u8>> {
        fs::read(self.path(relative))
    }

    fn remove(&self, relative: &str) -> io::Result<()> {
        fs::remove_file(self.path(relative))
    }

    fn upsd_address(&self) -> (String, u16) {
        (self.address.to_string(), self.port)
    }

    async fn connect(&self) -> io::Result<BoxStream> {
        let stream = TcpStream::connect(SocketAddr::from((self.address, self.port))).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    async fn connect_unix(&self, relative: &str) -> io::Result<BoxStream> {
        Ok(Box::new(UnixStream::connect(self.path(relative)).await?))
    }

    async fn listen_unix(&self, relative: &str) -> io::Result<Box<dyn Accept>> {
        let path = self.path(relative);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        Ok(Box::new(UnixListener::bind(&path)?))
    }

    async fn listen_tcp(&self) -> io::Result<(String, Box<dyn Accept>)> {
        let listener = TcpListener::bind((self.address, 0)).await?;
        Ok((listener.local_addr()?.to_string(), Box::new(listener)))
    }

    async fn listen_tcp_again(&self, address: &str) -> io::Result<Box<dyn Accept>> {
        Ok(Box::new(TcpListener::bind(address).await?))
    }

    fn broadcasts(&self) -> String {
        // Nothing was said yet.
        let said = self.read(WALL).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    async fn start(&self, start: Start<'_>, record: &Record) -> Result<Box<dyn Process>, Miss> {
        let program = self.program(start.program)?;
        let more = beside_others(&self.target, &start)?;
        let (etc, run, hooks) = (self.path("etc"), self.path("run"), self.path(HOOKS));
        // `wall` is to be ours.
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(&program);
        command
            .args(&start.arguments)
            .args(more)
            .args(as_root(start.program))
            .env("PATH", format!("{}:{path}", hooks.display()))
            .env("NUT_CONFPATH", &etc)
            .env("NUT_STATEPATH", &run)
            .env("NUT_ALTPIDPATH", &run)
            .env("NUT_PIDPATH", &run)
            .env_remove("NOTIFY_SOCKET")
            .env_remove("NUT_DEBUG_LEVEL")
            .env("LC_ALL", "C.UTF-8")
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&run)
            .stdin(if start.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .map_err(|error| Miss::Fail(format!("failed to start {}: {error}", program.display())))?;
        record.did(start.program, format!("started: {} {}", start.program, start.arguments.join(" ")));
        let mut tasks = JoinSet::new();
        if let (Some(text), Some(mut input)) = (start.stdin, child.stdin.take()) {
            tasks.spawn(async move {
                // A program that does not read its input is free to.
                let _ = input.write_all(&text).await;
            });
        }
        let output = [Arc::<Mutex<Vec<u8>>>::default(), Arc::default()];
        if let Some(stream) = child.stdout.take() {
            tasks.spawn(collect(stream, Arc::clone(&output[0]), record.clone(), start.program.to_owned()));
        }
        if let Some(stream) = child.stderr.take() {
            tasks.spawn(collect(stream, Arc::clone(&output[1]), record.clone(), start.program.to_owned()));
        }
        Ok(Box::new(Running { child, output, tasks }))
    }
}

/// Keeps what a program says.
async fn collect(
    mut stream: impl AsyncRead + Unpin + Send,
    all: Arc<Mutex<Vec<u8>>>,
    record: Record,
    name: String,
) {
    let mut line = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await.unwrap_or(0);
        all.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..count]);
        line.extend_from_slice(&chunk[..count]);
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let rest = line.split_off(end + 1);
            record.said(&name, String::from_utf8_lossy(&line).trim_end());
            line = rest;
        }
        if count == 0 {
            if !line.is_empty() {
                record.said(&name, &String::from_utf8_lossy(&line));
            }
            return;
        }
    }
}

struct Running {
    child: Child,
    output: [Arc<Mutex<Vec<u8>>>; 2],
    tasks: JoinSet<()>,
}

#[async_trait]
impl Process for Running {
    async fn ended(&mut self) -> Option<i32> {
        let status = self.child.wait().await.ok()?;
        // What it said last is still to be read.
        while self.tasks.join_next().await.is_some() {}
        status.code()
    }

    fn signal(&mut self, signal: Signal) {
        use rustix::process::Signal as Sys;
        let sys = match signal {
            Signal::Hup => Sys::HUP,
            Signal::Int => Sys::INT,
            Signal::Quit => Sys::QUIT,
            Signal::Term => Sys::TERM,
            Signal::Usr1 => Sys::USR1,
            Signal::Usr2 => Sys::USR2,
            Signal::Urg => Sys::URG,
            Signal::Kill => Sys::KILL,
            Signal::Probe => return,
        };
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // One that has just ended needs no signal.
            let _ = kill_process(pid, sys);
        }
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or(NO_PROCESS)
    }

    fn output(&self) -> (String, String) {
        let [out, err] = &self.output;
        let text = |bytes: &Arc<Mutex<Vec<u8>>>| {
            String::from_utf8_lossy(&bytes.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
        };
        (text(out), text(err))
    }
}

#[async_trait]
impl Accept for TcpListener {
    async fn accept(&self) -> io::Result<BoxStream> {
        let (stream, _) = Self::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

#[async_trait]
impl Accept for UnixListener {
    async fn accept(&self) -> io::Result<BoxStream> {
        let (stream, _) = Self::accept(self).await?;
        Ok(Box::new(stream))
    }
}
