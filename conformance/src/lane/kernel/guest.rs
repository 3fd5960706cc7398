//! One guest while it runs: QEMU, and the two lines that come out of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::agent::{self, Told};
use super::image::Image;

/// The emulator.
pub(super) const QEMU: &str = "qemu-system-x86_64";
/// A machine with nothing that it does not need, which ends when it is switched off.
pub(super) const BARE: [&str; 11] = [
    "-M",
    "q35",
    "-cpu",
    "max",
    "-m",
    "256",
    "-display",
    "none",
    "-nodefaults",
    "-no-reboot",
    "-no-user-config",
];
/// Runs a program only while the process that asked for it lives: one that died before `setpriv` got to ask for a signal at
/// its death would leave the guest behind.
const WHILE_ALIVE: &str = r#"[ "$PPID" = "$0" ] && exec "$@""#;
/// How often it is looked for QEMU's sockets.
const SOCKET_EVERY: Duration = Duration::from_millis(20);
/// How many lines of each an error shows.
const LAST_LINES: usize = 40;
/// How a kernel begins the line that says why it can't go on; how long its trace behind it is, is chance.
const PANIC: &str = "Kernel panic";

/// What a guest says.
#[derive(Debug)]
pub(super) enum Said {
    /// Its agent.
    Told(Told),
    /// A process, in the system's log.
    Logged(String, String),
}

/// What a guest is made of.
pub(super) struct Parts<'a> {
    /// Kernel and common initramfs.
    pub(super) image: &'a Image,
    /// Its own folder: sockets, console, initramfs.
    pub(super) folder: &'a Path,
    /// What its own initramfs adds, as a compressed archive.
    pub(super) own: &'a Path,
    /// Its disk.
    pub(super) disk: &'a Path,
    /// The laboratory's port that leads to its upsd.
    pub(super) port: u16,
    /// Lines to serial UPSes, in the order of its ports from `/dev/ttyS2` on.
    pub(super) lines: &'a [PathBuf],
    /// How long the emulator may take to make its sockets.
    pub(super) patience: Duration,
}

/// A running guest. Dropping it is a power cut; so is the end of this program, whatever ends it.
pub(super) struct Guest {
    orders: Mutex<OwnedWriteHalf>,
    /// The power: aborting this task kills QEMU.
    power: AbortHandle,
    ended: watch::Receiver<bool>,
    folder: PathBuf,
    _tasks: JoinSet<()>,
}

impl Guest {
    /// Switches a machine on. What it says goes to `said`.
    ///
    /// # Errors
    /// Text: QEMU does not start, or makes no sockets.
    pub(super) async fn start(parts: &Parts<'_>, said: mpsc::UnboundedSender<Said>) -> Result<Self, String> {
        let console = console(parts.folder);
        let agent = parts.folder.join("agent.sock");
        let syslog = parts.folder.join("syslog.sock");
        for stale in [&console, &agent, &syslog] {
            let _ = std::fs::remove_file(stale);
        }
        let initramfs = parts.folder.join("initramfs.gz");
        join(&[&parts.image.initramfs(), parts.own], &initramfs)?;
        // The signal comes when the *thread* that spawned it ends. A run has one, and its guests end before it does.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", "sh", "-c", WHILE_ALIVE])
            .arg(std::process::id().to_string());
        command.arg(&parts.image.emulator).args(["-accel", parts.image.accelerator]).args(BARE);
        command.arg("-kernel").arg(parts.image.kernel()).arg("-initrd").arg(&initramfs);
        command.args(["-append", "console=ttyS0 quiet panic=-1"]);
        command.arg("-serial").arg(format!("file:{}", console.display()));
        command.arg("-serial").arg(format!("unix:{},server=on,wait=off", syslog.display()));
        for (index, line) in parts.lines.iter().enumerate() {
            command.arg("-chardev").arg(format!("serial,id=line{index},path={}", line.display()));
            command.arg("-serial").arg(format!("chardev:line{index}"));
        }
        command.arg("-drive").arg(format!("file={},if=virtio,format=raw", parts.disk.display()));
        command.args([
            "-device",
            "virtio-serial",
            "-device",
            "virtserialport,chardev=agent,name=org.outage.agent",
        ]);
        command.arg("-chardev").arg(format!("socket,id=agent,path={},server=on,wait=off", agent.display()));
        let forward = format!("user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{}-:3493", parts.port);
        command.arg("-nic").arg(forward);
        let log = log(parts.folder);
        let error_file = std::fs::File::create(&log)
            .map_err(|error| format!("failed to make {}: {error}", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(error_file)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("failed to start {QEMU} by setpriv: {error}"))?;
        let mut tasks = JoinSet::new();
        let (ending, mut ended) = watch::channel(false);
        let power = tasks.spawn(async move {
            // However it ends, it has ended.
            let _ = child.wait().await;
            let _ = ending.send(true);
        });
        let sockets = async { (connect(&agent).await, connect(&syslog).await) };
        let (agent_side, log_side) = tokio::select! {
            biased;
            sockets = sockets => sockets,
            _ = ended.wait_for(|ended| *ended) => {
                return Err(format!("{QEMU} ended at once{}", says(parts.folder)));
            }
            () = tokio::time::sleep(parts.patience) => {
                let limit = parts.patience;
                return Err(format!("{QEMU} made no sockets within {limit:?}{}", says(parts.folder)));
            }
        };
        let (agent_side, orders) = agent_side.into_split();
        let tell = Arc::new(said);
        let log = Arc::clone(&tell);
        tasks.spawn(async move {
            let mut lines = BufReader::new(agent_side).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(told) = agent::told(&line) {
                    let _ = tell.send(Said::Told(told));
                }
            }
        });
        tasks.spawn(async move {
            let mut lines = BufReader::new(log_side).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((process, text)) = agent::logged(&line) {
                    let _ = log.send(Said::Logged(process, text));
                }
            }
        });
        let folder = parts.folder.to_owned();
        Ok(Self { orders: Mutex::new(orders), power, ended, folder, _tasks: tasks })
    }

    /// Has the guest run a command. What comes of it is told.
    ///
    /// # Errors
    /// Text: nobody takes it.
    pub(super) async fn order(&self, command: &str) -> Result<(), String> {
        let line = format!("run {command}\n");
        self.orders
            .lock()
            .await
            .write_all(line.as_bytes())
            .await
            .map_err(|error| format!("the agent is gone: {error}"))
    }

    /// Becomes true, or closes, when the machine is switched off.
    pub(super) fn ended(&self) -> watch::Receiver<bool> {
        self.ended.clone()
    }

    /// Cuts the power.
    pub(super) fn cut(&self) {
        self.power.abort();
    }

    /// Where it is kept what it says.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.clone()
    }
}

/// A connection to a socket, once it is there.
async fn connect(path: &Path) -> UnixStream {
    loop {
        if let Ok(stream) = UnixStream::connect(path).await {
            return stream;
        }
        tokio::time::sleep(SOCKET_EVERY).await;
    }
}

fn console(folder: &Path) -> PathBuf {
    folder.join("console")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("qemu.log")
}

/// What there is to read about a guest in whose folder something went wrong, to be put behind an error: the last lines of
/// its console, from a panic of the kernel on where there is one, and what the emulator said.
pub(super) fn says(folder: &Path) -> String {
    let mut text = String::new();
    for (who, path) in [("its console's last lines", console(folder)), (QEMU, log(folder))] {
        let bytes = std::fs::read(path).unwrap_or_default();
        let lines = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = lines.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let last = lines.len().saturating_sub(LAST_LINES);
        let panic = lines.iter().position(|line| line.contains(PANIC));
        for (index, line) in lines[panic.unwrap_or(last).min(last)..].iter().enumerate() {
            let heading = if index == 0 { format!("\n{who}:") } else { String::new() };
            text += &format!("{heading}\n  {line}");
        }
    }
    if text.is_empty() { "; nothing on its console".to_owned() } else { text }
}

/// One file of several: an initramfs may be several archives, one behind the other.
fn join(parts: &[&Path], whole: &Path) -> Result<(), String> {
    let mut bytes = Vec::new();
    for part in parts {
        let text =
            std::fs::read(part).map_err(|error| format!("failed to read {}: {error}", part.display()))?;
        bytes.extend(text);
    }
    std::fs::write(whole, bytes).map_err(|error| format!("failed to write {}: {error}", whole.display()))
}
