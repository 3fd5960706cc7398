//! Machines that exist only in memory, and the network between them.
//!
//! A [`World`] lives in a current-thread tokio runtime, and its time is the runtime's paused clock or a [`Timeline`]: it stands
//! still while anything can be done, then jumps to the next timer. Each [`Machine`] has its files, its serial lines and USB devices, an address,
//! and processes; each process holds a [`Host`] like any daemon on a real machine. Whatever they do that somebody
//! could see is recorded in one ordered trace of [`Event`]s.
//!
//! Equal seeds and equal work give equal traces.

mod files;
mod life;
mod links;
mod network;
mod os;
mod pipe;
mod process;
mod random;
mod serial;
mod timeline;
mod trace;
mod world;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

pub use pipe::Pipe;
pub use process::{Running, Spawn};
pub use serial::SerialEnd;
pub use timeline::{Sleep, Timeline};
pub use trace::{Event, EventKind};
pub use world::World;

use self::os::VirtualOs;
use self::process::status_of;
use crate::host::Host;
use crate::os::{FileInfo, Signal};
use crate::process::ExitStatus;
use crate::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

/// A machine of a [`World`]. Cheap to clone.
#[derive(Clone)]
pub struct Machine {
    world: World,
    name: Arc<str>,
}

impl Machine {
    /// The machine's name, which is also its name on the network.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The world it is in.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The machine's address on the world's network.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.world.address(&self.name)
    }

    /// A new process: the part of a daemon that its `run` is given. The process ends when the last copy of the handle
    /// is dropped. The name is the program's, and the process's in the trace.
    #[must_use]
    pub fn host(&self, process: &str) -> Host {
        let (pid, life) = self.world.add_process(&self.name, process, BTreeMap::new());
        VirtualOs::host(&self.world, &self.name, process, process, pid, &life, false)
    }

    /// Starts a daemon as a process of its own (a task of the current runtime), and returns its process id. A signal
    /// that ends the process, or a power failure, drops its future.
    pub fn run<F>(&self, process: &str, run: impl FnOnce(Host) -> F) -> u32
    where
        F: Future<Output = ExitCode> + Send + 'static,
    {
        self.run_with(process, BTreeMap::new(), run)
    }

    /// The same with variables in the environment of this process and those that it starts.
    pub fn run_with<F>(
        &self,
        process: &str,
        env: BTreeMap<String, String>,
        run: impl FnOnce(Host) -> F,
    ) -> u32
    where
        F: Future<Output = ExitCode> + Send + 'static,
    {
        let (pid, life) = self.world.add_process(&self.name, process, env);
        let task = run(VirtualOs::host(&self.world, &self.name, process, process, pid, &life, true));
        self.world.start_task(&self.name, pid, async move { status_of(task.await) });
        pid
    }

    /// The id of the youngest running process of this name.
    #[must_use]
    pub fn pid(&self, process: &str) -> Option<u32> {
        self.world.pid(&self.name, process)
    }

    /// Sends a signal to a process. One that has not asked for signals yet is ended by it.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`]: there is no such process.
    pub fn signal(&self, pid: u32, signal: Signal) -> io::Result<()> {
        self.world.signal(&self.name, pid, signal)
    }

    /// Waits for the end of a process; returns at once when there is none of this id.
    pub async fn exited(&self, pid: u32) -> Option<ExitStatus> {
        let life = self.world.life(&self.name, pid)?;
        Some(life.ended().await)
    }

    /// Decides what becomes of the programs that this machine's processes start. Without this, there are none.
    pub fn on_spawn(&self, decide: impl Fn(&Spawn) -> Running + Send + Sync + 'static) {
        self.world.set_spawn_handler(&self.name, Arc::new(decide));
    }

    /// The power is cut. No process of this machine does anything any more, in the middle of whatever it was at: its
    /// tasks are dropped, what it waits for never comes. Other machines are not told: their connections go silent.
    /// Serial devices see their line closed. Files stay, but for those under `/run`.
    pub fn stop(&self) {
        self.world.stop(&self.name);
    }

    /// The power is back: processes can be started. Other machines' connections from before are reset when they are
    /// used.
    pub fn start(&self) {
        self.world.start(&self.name);
    }

    /// Whether the machine has power.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.world.is_running(&self.name)
    }

    /// Plugs a serial device in. At each opening, `device` gets its end of the line.
    pub fn plug_serial(&self, path: impl Into<PathBuf>, device: impl Fn(SerialEnd) + Send + Sync + 'static) {
        self.world.plug_serial(&self.name, path.into(), Arc::new(device));
    }

    /// Takes a serial adapter away: who has it open sees the line hang up.
    pub fn unplug_serial(&self, path: &Path) {
        self.world.unplug_serial(&self.name, path);
    }

    /// Plugs a USB device in that can be reached so; `open` answers each attempt to open it.
    pub fn plug_usb(
        &self,
        access: UsbAccess,
        info: UsbInfo,
        open: impl Fn() -> Result<Box<dyn UsbDevice>, TransferError> + Send + Sync + 'static,
    ) {
        self.world.plug_usb(&self.name, access, info, Arc::new(open));
    }

    /// Takes a USB device away, by [`UsbInfo::id`]. Handles that are open are the caller's to end.
    pub fn unplug_usb(&self, access: UsbAccess, id: &str) {
        self.world.unplug_usb(&self.name, access, id);
    }

    /// Types a line: the answer to the next question (see [`crate::Os::ask`]) that has none yet.
    pub fn type_line(&self, line: &str) {
        self.world.type_line(&self.name, line);
    }

    /// Sets a variable of every process's environment.
    pub fn set_env(&self, name: &str, value: &str) {
        self.world.set_env(&self.name, name, value);
    }

    /// From now on this machine says that it has slept for so long. Its programs were awake all the same: time is the
    /// world's.
    pub fn add_sleep(&self, length: std::time::Duration) {
        self.world.add_sleep(&self.name, length);
    }

    /// Records the log lines that this many `-D` show; 0 at first.
    pub fn set_debug(&self, level: u8) {
        self.world.set_debug(&self.name, level);
    }

    /// Puts a file there, as an administrator would; makes the directories above it. Not recorded in the trace.
    ///
    /// # Errors
    /// Something else is in the way.
    pub fn put_file(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
        let path = path.as_ref();
        self.world.with_files(&self.name, |files| {
            if let Some(parent) = path.parent() {
                files.create_dir_all(parent)?;
            }
            files.write(path, content.as_ref(), mode)
        })
    }

    /// A file's content.
    ///
    /// # Errors
    /// As the operating system's.
    pub fn read_file(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        self.world.with_files(&self.name, |files| files.read(path.as_ref()))
    }

    /// Removes a file. Not recorded in the trace.
    ///
    /// # Errors
    /// As the operating system's.
    pub fn remove_file(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.world.with_files(&self.name, |files| files.remove(path.as_ref()))
    }

    /// What `stat` says.
    ///
    /// # Errors
    /// As the operating system's.
    pub fn stat(&self, path: impl AsRef<Path>) -> io::Result<FileInfo> {
        self.world.with_files(&self.name, |files| files.stat(path.as_ref()))
    }

    /// Sets the permission bits of a file or directory.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`].
    pub fn set_mode(&self, path: impl AsRef<Path>, mode: u32) -> io::Result<()> {
        self.world.with_files(&self.name, |files| files.set_mode(path.as_ref(), mode))
    }

    /// The paths of all files, in order.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.world.with_files(&self.name, |files| files.list())
    }

    /// From now on, changes of files under `path` fail like this (a full disk, a read-only one); `None` ends it.
    pub fn fail_files(&self, path: impl AsRef<Path>, fault: Option<io::ErrorKind>) {
        self.world.with_files(&self.name, |files| files.set_fault(path.as_ref(), fault));
    }
}
