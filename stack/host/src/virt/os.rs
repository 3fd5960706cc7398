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
use crate::os::{BoxLock, FileInfo, FileLock, LocalTime, Os, Priority, Signal, UserInfo};
use crate::process::{Child, Command};
use crate::serial::{BoxSerial, SerialSettings};
use crate::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

/// The calendar when a world begins: 2026-01-01 00:00:00 UTC.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// How many files a process may have open: Linux's usual hard limit.
const OPEN_FILES: usize = 4096;

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
    /// What the process takes for `/`, if that was changed.
    top: Mutex<Option<PathBuf>>,
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
            top: Mutex::new(None),
            debug: AtomicU8::new(0),
            random: Mutex::new(SplitMix::new(world.seed(), machine, process, incarnation)),
        })
    }

    fn record(&self, kind: EventKind) {
        if !self.life.is_dead() {
            self.world.record(&self.machine, &self.process, kind);
        }
    }

    /// A path as the machine knows it.
    fn place(&self, path: &Path) -> PathBuf {
        match &*lock(&self.top) {
            Some(top) => top.join(path.strip_prefix("/").unwrap_or(path)),
            None => path.to_owned(),
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

    fn asleep(&self) -> Duration {
        self.world.asleep(&self.machine)
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + EPOCH + self.world.now()
    }

    fn local_time(&self) -> LocalTime {
        utc(EPOCH + self.world.now())
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
        Ok(Box::new(self.world.connect_unix(&self.machine, self.pid, &self.place(path))?))
    }

    async fn listen_unix(&self, path: &Path, mode: u32) -> io::Result<BoxListener> {
        self.life.check().await;
        Ok(Box::new(self.world.listen_unix(&self.machine, self.pid, &self.life, &self.place(path), mode)?))
    }

    async fn open_serial(&self, path: &Path, settings: SerialSettings) -> io::Result<BoxSerial> {
        self.life.check().await;
        self.world.open_serial(&self.machine, self.pid, &self.life, path, settings)
    }

    async fn usb_devices(&self, access: UsbAccess) -> Result<Vec<UsbInfo>, TransferError> {
        self.life.check().await;
        Ok(self.world.usb_devices(&self.machine, access))
    }

    async fn open_usb(&self, access: UsbAccess, id: &str) -> Result<Box<dyn UsbDevice>, TransferError> {
        self.life.check().await;
        self.world.open_usb(&self.machine, access, id)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.read(&self.place(path)))
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        self.check()?;
        let path = self.place(path);
        self.world.with_files(&self.machine, |files| files.write(&path, content, mode))?;
        self.record(EventKind::Wrote(path, content.into(), mode));
        Ok(())
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn io::Write + Send>> {
        self.check()?;
        let path = self.place(path);
        self.world.with_files(&self.machine, |files| files.append(&path, b""))?;
        Ok(Box::new(Appender {
            world: self.world.clone(),
            machine: Arc::clone(&self.machine),
            life: Arc::clone(&self.life),
            path,
        }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        let path = self.place(path);
        self.world.with_files(&self.machine, |files| files.remove(&path))?;
        self.record(EventKind::Removed(path));
        Ok(())
    }

    fn stat(&self, path: &Path) -> io::Result<FileInfo> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.stat(&self.place(path)))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        self.check()?;
        let own = self.place(path);
        let names = self.world.with_files(&self.machine, |files| files.names(&own))?;
        Ok(names.iter().map(|name| path.join(name)).collect())
    }

    fn lock_file(&self, path: &Path, mode: u32) -> io::Result<Option<BoxLock>> {
        self.check()?;
        let path = self.place(path);
        let taken = self.world.lock_file(&self.machine, self.pid, &path, mode)?;
        Ok(taken.then(|| -> BoxLock {
            Box::new(Lock {
                world: self.world.clone(),
                machine: Arc::clone(&self.machine),
                pid: self.pid,
                path,
            })
        }))
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.create_dir_all(&self.place(path)))
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.check()?;
        self.world.with_files(&self.machine, |files| files.set_mode(&self.place(path), mode))
    }

    /// Files in memory belong to nobody; only root may give them away all the same.
    fn set_owner(&self, path: &Path, _user: u32, _group: u32) -> io::Result<()> {
        self.stat(path)?;
        if self.is_root() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// There are no groups in memory.
    fn group_id(&self, _name: &str) -> Option<u32> {
        None
    }

    /// There are no links in memory.
    fn make_link(&self, _path: &Path, _target: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        self.stat(path)?;
        Err(io::ErrorKind::InvalidInput.into())
    }

    fn env(&self, name: &str) -> Option<String> {
        self.world.env(&self.machine, self.pid, name)
    }

    fn program(&self) -> (PathBuf, String) {
        (Path::new("/usr/sbin").join(&self.program), self.program.clone())
    }

    fn host_name(&self) -> String {
        self.machine.to_string()
    }

    fn boot_id(&self) -> Option<String> {
        let mut random = SplitMix::new(self.world.seed(), &self.machine, "", self.world.boots(&self.machine));
        let hex: Vec<_> = random.bytes(16).iter().map(|byte| format!("{byte:02x}")).collect();
        Some([&hex[..4], &hex[4..6], &hex[6..8], &hex[8..10], &hex[10..]].map(<[String]>::concat).join("-"))
    }

    fn user_name(&self) -> Option<String> {
        Some(if self.is_root() { "root" } else { "user" }.to_owned())
    }

    fn pid(&self) -> u32 {
        self.pid
    }

    fn is_root(&self) -> bool {
        self.root.load(Ordering::Relaxed)
    }

    fn find_user(&self, name: &str) -> Option<UserInfo> {
        // Everybody, but for the one that tests take for nobody.
        let number = u32::from(name != "root") * 1000;
        (name != "nosuch").then(|| UserInfo { user: number, groups: vec![number] })
    }

    fn change_root(&self, root: &Path, _user: Option<&str>) -> io::Result<()> {
        self.check()?;
        if !self.is_root() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if !self.stat(root)?.is_dir {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let top = self.place(root);
        *lock(&self.top) = Some(top);
        Ok(())
    }

    fn open_files(&self) -> usize {
        OPEN_FILES
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
        self.world.spawn(&self.machine, &self.process, self.pid, &self.life, command)
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

    async fn ask(&self, prompt: &str, secret: bool) -> io::Result<Option<String>> {
        self.life.check().await;
        self.record(EventKind::Asked(prompt.into(), secret));
        Ok(self.world.typed(&self.machine))
    }

    async fn broadcast(&self, text: &str) {
        self.life.check().await;
        self.record(EventKind::Broadcast(text.into()));
    }

    fn ready(&self) {
        self.life.take_signals();
        if !self.life.ready.send_replace(true) {
            self.record(EventKind::Ready);
        }
    }

    fn notify_manager(&self, state: &str) {
        self.record(EventKind::Manager(state.into()));
    }
}

/// A locked file.
struct Lock {
    world: World,
    machine: Arc<str>,
    pid: u32,
    path: PathBuf,
}

impl FileLock for Lock {}

impl Drop for Lock {
    fn drop(&mut self) {
        self.world.unlock_file(&self.machine, self.pid, &self.path);
    }
}

/// A file that is written at its end. What was moved away meanwhile is not followed: there is a new file then.
struct Appender {
    world: World,
    machine: Arc<str>,
    life: Arc<Life>,
    path: PathBuf,
}

impl io::Write for Appender {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        if self.life.is_dead() {
            return Err(io::Error::other("the process is dead"));
        }
        self.world.with_files(&self.machine, |files| files.append(&self.path, content))?;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The calendar in UTC. (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": days to civil.)
fn utc(since_1970: Duration) -> LocalTime {
    let unix = since_1970.as_secs();
    let (days, rest) = (unix / 86_400, unix % 86_400);
    // Eras of 400 years that begin on the first of March of the year 0.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let year_day = if month <= 2 { day_of_year - 306 } else { day_of_year + 59 + u64::from(leap) };
    // All of these are in range by their making.
    let small = |value: u64| u8::try_from(value).unwrap_or(0);
    LocalTime {
        unix: i64::try_from(unix).unwrap_or(0),
        year: i64::try_from(year).unwrap_or(0),
        month: small(month),
        day: small(day),
        hour: small(rest / 3600),
        minute: small(rest / 60 % 60),
        second: small(rest % 60),
        // The first of January 1970 was a Thursday.
        weekday: small((days + 4) % 7),
        year_day: u16::try_from(year_day).unwrap_or(0),
        offset: 0,
        zone: "UTC".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_is_that_of_date() {
        // date -u -d @N '+%Y-%m-%d %H:%M:%S %w %j'
        for (unix, expected) in [
            (0, "1970-1-1 0:0:0 4 0"),
            (1_767_225_600, "2026-1-1 0:0:0 4 0"),
            (1_709_251_199, "2024-2-29 23:59:59 4 59"),
            (1_735_689_599, "2024-12-31 23:59:59 2 365"),
            (951_782_400, "2000-2-29 0:0:0 2 59"),
        ] {
            let t = utc(Duration::from_secs(unix));
            let text = format!(
                "{}-{}-{} {}:{}:{} {} {}",
                t.year, t.month, t.day, t.hour, t.minute, t.second, t.weekday, t.year_day
            );
            assert_eq!(text, expected);
        }
    }
}
