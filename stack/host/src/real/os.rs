//! This process's view of the operating system.

use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use rustix::rand::GetRandomFlags;
use rustix::time::{ClockId, clock_gettime};

use super::daemon::Readiness;
use super::log::{Log, notify_manager};
use super::process::{self, Account, Signals};
use super::timer::Timers;
use super::{files, hidraw, net, serial, sys, terminal, usb};
use crate::net::{BoxListener, BoxStream};
use crate::os::{BoxLock, FileInfo, LocalTime, Os, Priority, Signal, UserInfo};
use crate::process::{Child, Command};
use crate::serial::{BoxSerial, SerialSettings};
use crate::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

/// The clock that goes on while the machine sleeps.
pub(super) fn boot_time() -> Duration {
    read_clock(ClockId::Boottime)
}

/// Two readings of a clock between which nothing happened.
const CLOSE: Duration = Duration::from_millis(1);

/// What that clock is ahead of the one that stands still meanwhile.
fn asleep() -> Duration {
    let mut best = Duration::MAX;
    let mut before = read_clock(ClockId::Monotonic);
    // Whoever is held up between the two clocks sees too much; so the least counts, or one between two close readings.
    for _ in 0..3 {
        best = best.min(boot_time().saturating_sub(before));
        let after = read_clock(ClockId::Monotonic);
        if after.saturating_sub(before) < CLOSE {
            break;
        }
        before = after;
    }
    best
}

fn read_clock(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    // The kernel never gives negative ones for these clocks.
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

pub(super) struct RealOs {
    log: &'static Log,
    timers: Timers,
    /// What is to be done when start-up is over; once.
    readiness: Mutex<Option<Readiness>>,
    signals: Mutex<Option<Signals>>,
    /// A user that was looked up before the root was changed.
    account: Mutex<Option<(String, Account)>>,
}

impl RealOs {
    pub(super) fn new(log: &'static Log, readiness: Readiness, timers: Timers) -> Self {
        Self {
            log,
            timers,
            readiness: Mutex::new(Some(readiness)),
            signals: Mutex::default(),
            account: Mutex::new(None),
        }
    }

    /// From the first call on, signals wait for [`Os::next_signal`].
    fn signals(&self) -> MutexGuard<'_, Option<Signals>> {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        if signals.is_none() {
            match Signals::new() {
                Ok(taken) => *signals = Some(taken),
                Err(error) => self.log(Priority::Error, &format!("failed to watch for signals: {error}")),
            }
        }
        signals
    }
}

#[async_trait]
impl Os for RealOs {
    fn now(&self) -> Duration {
        boot_time()
    }

    fn asleep(&self) -> Duration {
        asleep()
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn local_time(&self) -> LocalTime {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        sys::local_time(i64::try_from(now.as_secs()).unwrap_or(0))
    }

    async fn sleep_until(&self, at: Duration) {
        self.timers.sleep_until(at).await;
    }

    fn random(&self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match rustix::rand::getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                // Kernels before 3.17. Whoever guesses these could do no more than name a pending command.
                Err(_) => {
                    let device = std::fs::File::open("/dev/urandom");
                    let read =
                        device.and_then(|mut file| io::Read::read_exact(&mut file, &mut bytes[filled..]));
                    if let Err(error) = read {
                        self.log(Priority::Critical, &format!("no random numbers: {error}"));
                    }
                    filled = length;
                }
            }
        }
        bytes
    }

    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        net::resolve(host, port).await
    }

    async fn connect_tcp(&self, host: &str, port: u16) -> io::Result<BoxStream> {
        net::connect_tcp(host, port, &self.timers).await
    }

    async fn listen_tcp(&self, address: SocketAddr) -> io::Result<BoxListener> {
        net::listen_tcp(address, &self.timers)
    }

    async fn connect_unix(&self, path: &Path) -> io::Result<BoxStream> {
        net::connect_unix(path).await
    }

    async fn listen_unix(&self, path: &Path, mode: u32) -> io::Result<BoxListener> {
        net::listen_unix(path, mode, &self.timers)
    }

    async fn open_serial(&self, path: &Path, settings: SerialSettings) -> io::Result<BoxSerial> {
        serial::open(path, settings, &self.timers)
    }

    async fn usb_devices(&self, access: UsbAccess) -> Result<Vec<UsbInfo>, TransferError> {
        match access {
            UsbAccess::Usbfs => usb::devices().await,
            UsbAccess::Hidraw => Ok(hidraw::devices(&hidraw::Places::default())),
        }
    }

    async fn open_usb(&self, access: UsbAccess, id: &str) -> Result<Box<dyn UsbDevice>, TransferError> {
        match access {
            UsbAccess::Usbfs => usb::open(id).await,
            UsbAccess::Hidraw => hidraw::open(&hidraw::Places::default(), id).await,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        files::write(path, content, mode)
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(std::fs::File::options().append(true).create(true).open(path)?))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn stat(&self, path: &Path) -> io::Result<FileInfo> {
        files::stat(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        files::list(path)
    }

    fn lock_file(&self, path: &Path, mode: u32) -> io::Result<Option<BoxLock>> {
        files::lock(path, mode)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()> {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode))
    }

    fn set_owner(&self, path: &Path, user: u32, group: u32) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(user), Some(group))
    }

    fn group_id(&self, name: &str) -> Option<u32> {
        process::named_group(name)
    }

    fn make_link(&self, path: &Path, target: &Path) -> io::Result<()> {
        files::make_link(path, target)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }

    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn program(&self) -> (PathBuf, String) {
        let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
        let file = std::env::current_exe().unwrap_or_else(|_| called.clone());
        let name = called.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (file, name)
    }

    fn host_name(&self) -> String {
        rustix::system::uname().nodename().to_string_lossy().into_owned()
    }

    fn boot_id(&self) -> Option<String> {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(text.trim().to_owned()).filter(|id| !id.is_empty())
    }

    fn user_name(&self) -> Option<String> {
        process::user_name()
    }

    fn pid(&self) -> u32 {
        std::process::id()
    }

    fn is_root(&self) -> bool {
        nix::unistd::Uid::effective().is_root()
    }

    fn find_user(&self, name: &str) -> Option<UserInfo> {
        Account::find(name).ok().map(|account| account.info())
    }

    fn change_root(&self, root: &Path, user: Option<&str>) -> io::Result<()> {
        let account = user.and_then(|user| Some((user.to_owned(), Account::find(user).ok()?)));
        self.log.open_syslog();
        process::change_root(root)?;
        *self.account.lock().unwrap_or_else(PoisonError::into_inner) = account;
        Ok(())
    }

    fn open_files(&self) -> usize {
        process::open_files()
    }

    fn become_user(&self, user: &str, group: Option<&str>) -> io::Result<()> {
        let known = self.account.lock().unwrap_or_else(PoisonError::into_inner).take();
        match known {
            Some((name, account)) if name == user => account.adopt(group),
            _ => Account::find(user)?.adopt(group),
        }
    }

    async fn spawn(&self, command: &Command) -> io::Result<Box<dyn Child>> {
        process::spawn(command)
    }

    fn send_signal(&self, pid: u32, signal: Signal) -> io::Result<()> {
        process::send_signal(pid, signal)
    }

    async fn next_signal(&self) -> Signal {
        poll_fn(|context| match &mut *self.signals() {
            Some(signals) => signals.poll_next(context),
            None => Poll::Pending,
        })
        .await
    }

    fn debug_level(&self) -> u8 {
        self.log.debug_level()
    }

    fn set_debug_level(&self, level: u8) {
        self.log.set_debug_level(level);
    }

    fn wants(&self, priority: Priority) -> bool {
        self.log.wants(priority)
    }

    fn log(&self, priority: Priority, text: &str) {
        self.log.write(priority, text);
    }

    fn print(&self, text: &str) {
        let mut out = io::stdout().lock();
        // Who reads it may have had enough (`| head`).
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    async fn ask(&self, prompt: &str, secret: bool) -> io::Result<Option<String>> {
        terminal::ask(prompt, secret).await
    }

    async fn broadcast(&self, text: &str) {
        if let Err(error) = process::wall(text, &self.timers).await {
            self.log(Priority::Debug(1), &format!("failed to run wall: {error}"));
        }
    }

    fn ready(&self) {
        drop(self.signals());
        let readiness = self.readiness.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(readiness) = readiness {
            readiness.reached(self.log);
            notify_manager(&format!("READY=1\nMAINPID={}", self.pid()));
        }
    }

    fn notify_manager(&self, state: &str) {
        notify_manager(state);
    }
}
