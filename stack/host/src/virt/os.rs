//! One process's view of a virtual machine.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::World;
use super::life::Life;
use super::pipe::lock;
use super::random::SplitMix;
use super::trace::EventKind;
use crate::host::Host;
use crate::net::{BoxListener, BoxStream};
use crate::os::{FileInfo, Os, Priority, Signal};
use crate::process::{Child, Command};
use crate::serial::{BoxSerial, SerialSettings};
use crate::usb::{TransferError, UsbDevice, UsbInfo};

/// The calendar when a world begins: 2026-01-01 00:00:00 UTC.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

pub(super) struct VirtualOs {
    world: World,
    machine: Arc<str>,
    process: Arc<str>,
    program: String,
    pid: u32,
    life: Arc<Life>,
    /// The process's end is told by something else than the drop of its last handle.
    managed: bool,
    root: AtomicBool,
    debug: AtomicU8,
    random: Mutex<SplitMix>,
}

impl VirtualOs {
    pub(super) fn host(
        world: &World,
        machine: &Arc<str>,
        process: &str,
        program: &str,
        pid: u32,
        life: &Arc<Life>,
        managed: bool,
    ) -> Host {
        let incarnation = world.next_incarnation(machine, process);
        Host::new(Self {
            world: world.clone(),
            machine: Arc::clone(machine),
            process: process.into(),
            program: program.into(),
            pid,
            life: Arc::clone(life),
            managed,
            root: AtomicBool::new(true),
            debug: AtomicU8::new(0),
            random: Mutex::new(SplitMix::new(world.seed(), machine, process, incarnation)),
        })
    }

    fn record(&self, kind: EventKind) {
        if !self.life.is_dead() {
            self.world.record(&self.machine, &self.process, kind);
        }
    }

    /// What a process without power cannot do.
    fn check(&self) -> io::Result<()> {
        if self.life.is_dead() { Err(io::Error::other("the process is dead")) } else { Ok(()) }
    }
}

impl Drop for VirtualOs {
    fn drop(&mut self) {
        if !self.managed {
            self.world.forget_process(&self.machine, self.pid);
        }
    }
}

#[async_trait]
impl Os for VirtualOs {
    fn now(&self) -> Duration {
        self.world.now()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + self.world.now()
    }

    async fn sleep_until(&self, at: Duration) {
        self.world.sleep_until(at).await;
        self.life.check().await;
    }

    fn random(&self, length: usize) -> Vec<u8> {
        lock(&self.random).bytes(length)
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.life.check().await;
        self.world.resolve(host, port)
    }

    async fn connect_tcp(&self, host: &str, port: u16) -> io::Result<BoxStream> {
        self.life.check().await;
        let stream = self.world.connect_tcp(&self.machine, self.pid, host, port).await;
        self.life.check().await;
        Ok(Box::new(stream?))
    }

    async fn listen_tcp(&self, address: SocketAddr) -> io::Result<BoxListener> {
        self.life.check().await;
        Ok(Box::new(self.world.listen_tcp(&self.machine, self.pid, &self.life, address)?))
    }

    async fn connect_unix(&self, path: &Path) -> io::Result<BoxStream> {
        self.life.check().await;
        Ok(Box::new(self.world.connect_unix(&self.machine, self.pid, path)?))
    }

    async fn listen_unix(&self, path: &Path, mode: u32) -> io::Result<BoxListener> {
        self.life.check().await;
        Ok(Box::new(self.world.listen_unix(&self.machine, self.pid, &self.life, path, mode)?))
    }

    async fn open_serial(&self, path: &Path, settings: SerialSettings) -> io::Result<BoxSerial> {
        self.life.check().await;
        self.world.open_serial(&self.machine, self.pid, &self.life, path, settings)
    }

    async fn usb_devices(&self) -> Result<Vec<UsbInfo>, TransferError> {
        self.life.check().await;
        Ok(self.world.usb_devices(&self.machine))
    }

    async fn open_usb(&self, id: &str) -> Result<Box<dyn UsbDevice>, TransferError> {
        self.life.check().await;
        self.world.open_usb(&self.machine, id)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.read(path))
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.write(path, content, mode))?;
        self.record(EventKind::Wrote(path.into(), content.into(), mode));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.remove(path))?;
        self.record(EventKind::Removed(path.into()));
        Ok(())
    }

    fn stat(&self, path: &Path) -> io::Result<FileInfo> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.stat(path))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.create_dir_all(path))
    }

    fn env(&self, name: &str) -> Option<String> {
        self.world.env(&self.machine, name)
    }

    fn program(&self) -> (PathBuf, String) {
        (Path::new("/usr/sbin").join(&self.program), self.program.clone())
    }

    fn pid(&self) -> u32 {
        self.pid
    }

    fn is_root(&self) -> bool {
        self.root.load(Ordering::Relaxed)
    }

    fn become_user(&self, user: &str, group: Option<&str>) -> io::Result<()> {
        self.check()?;
        if !self.is_root() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.root.store(user == "root", Ordering::Relaxed);
        self.record(EventKind::BecameUser(user.into(), group.map(Into::into)));
        Ok(())
    }

    async fn spawn(&self, command: &Command) -> io::Result<Box<dyn Child>> {
        self.life.check().await;
        self.world.spawn(&self.machine, &self.process, &self.life, command)
    }

    fn send_signal(&self, pid: u32, signal: Signal) -> io::Result<()> {
        self.check()?;
        self.world.signal(&self.machine, pid, signal)
    }

    async fn next_signal(&self) -> Signal {
        self.life.next_signal().await
    }

    fn debug_level(&self) -> u8 {
        self.debug.load(Ordering::Relaxed).max(self.world.debug_level(&self.machine))
    }

    fn set_debug_level(&self, level: u8) {
        self.debug.store(level, Ordering::Relaxed);
    }

    fn wants(&self, priority: Priority) -> bool {
        match priority {
            Priority::Debug(level) => level <= self.debug_level(),
            _ => true,
        }
    }

    fn log(&self, priority: Priority, text: &str) {
        if self.wants(priority) {
            self.record(EventKind::Log(priority, text.into()));
        }
    }

    fn print(&self, text: &str) {
        self.record(EventKind::Print(text.into()));
    }

    async fn broadcast(&self, text: &str) {
        self.life.check().await;
        self.record(EventKind::Broadcast(text.into()));
    }

    fn ready(&self) {
        if !self.life.ready.send_replace(true) {
            self.record(EventKind::Ready);
        }
    }

    fn notify_manager(&self, state: &str) {
        self.record(EventKind::Manager(state.into()));
    }
}
