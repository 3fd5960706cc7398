//! The handle that daemons hold.

use std::fmt::Display;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;

use crate::os::{Os, Priority, Signal};

/// A machine. Cheap to clone; everything [`Os`] offers, and some conveniences.
#[derive(Clone)]
pub struct Host(Arc<dyn Os>);

/// The time for something ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl Display for Elapsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("timed out")
    }
}

impl std::error::Error for Elapsed {}

/// Runs `work` until `end`.
///
/// # Errors
/// [`Elapsed`] when `end` came first; `work` is dropped then.
pub async fn before<T>(end: impl Future<Output = ()>, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    select! {
        biased;
        value = work => Ok(value),
        () = end => Err(Elapsed),
    }
}

impl Deref for Host {
    type Target = dyn Os;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl Host {
    /// A handle to a machine.
    pub fn new(os: impl Os) -> Self {
        Self(Arc::new(os))
    }

    /// Returns after `length`. Cancel safe.
    pub async fn sleep(&self, length: Duration) {
        self.sleep_until(self.now() + length).await;
    }

    /// Runs `work` for at most `length`.
    ///
    /// # Errors
    /// [`Elapsed`] when the time ran out; `work` is dropped then.
    pub async fn timeout<T>(&self, length: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        before(self.sleep(length), work).await
    }

    /// How often a service manager that would restart this process if it hung is to hear of it: twice as often as it
    /// looks (sd_watchdog_enabled(3); `WatchdogSec=` of a unit). `None` where none does.
    #[must_use]
    pub fn watchdog_period(&self) -> Option<Duration> {
        let of_another = |pid: String| !pid.is_empty() && pid.trim().parse() != Ok(self.pid());
        if self.env("WATCHDOG_PID").is_some_and(of_another) {
            return None;
        }
        let limit = self.env("WATCHDOG_USEC")?.trim().parse().ok()?;
        Some(Duration::from_micros(limit) / 2).filter(|period| !period.is_zero())
    }

    /// Does `work`, and meanwhile tells the service manager again and again that this process does not hang.
    pub async fn watched<T>(&self, work: impl Future<Output = T>) -> T {
        self.watched_by(work, || self.notify_manager("WATCHDOG=1")).await
    }

    /// The same, telling somebody else.
    pub async fn watched_by<T>(&self, work: impl Future<Output = T>, tell: impl Fn()) -> T {
        let Some(period) = self.watchdog_period() else { return work.await };
        let telling = async {
            loop {
                tell();
                self.sleep(period).await;
            }
        };
        select! {
            biased;
            value = work => value,
            never = telling => never,
        }
    }

    /// Whether a process runs. One that has ended, and whose parent has not noticed yet, does not.
    #[must_use]
    pub fn is_alive(&self, pid: u32) -> bool {
        self.send_signal(pid, Signal::Probe).is_ok()
            && self.command_line(pid).is_none_or(|line| !line.is_empty())
    }

    /// Whether a process is this program: called by its name, as a word of the binary that has all (`ups upsd`), or a
    /// script (`sh /lib/nut/upsd`); `None` where the system doesn't tell. Process ids are given anew at each boot, and a
    /// pid file outlives a power cut: by now it may name anything.
    #[must_use]
    pub fn is_called(&self, pid: u32, name: &str) -> Option<bool> {
        let line = self.command_line(pid).filter(|line| !line.is_empty())?;
        let mut words = line.split(|byte| *byte == 0).take(2).map(String::from_utf8_lossy);
        Some(words.any(|word| word.rsplit('/').next() == Some(name)))
    }

    fn command_line(&self, pid: u32) -> Option<Vec<u8>> {
        self.read(format!("/proc/{pid}/cmdline").as_ref()).ok()
    }

    /// `LOG_NOTICE`.
    pub fn notice(&self, text: impl Display) {
        self.log(Priority::Notice, &text.to_string());
    }

    /// `LOG_INFO`.
    pub fn info(&self, text: impl Display) {
        self.log(Priority::Info, &text.to_string());
    }

    /// `LOG_WARNING`.
    pub fn warn(&self, text: impl Display) {
        self.log(Priority::Warning, &text.to_string());
    }

    /// `LOG_ERR`.
    pub fn error(&self, text: impl Display) {
        self.log(Priority::Error, &text.to_string());
    }

    /// A line that `level` times `-D` shows.
    pub fn debug(&self, level: u8, text: impl Display) {
        if self.wants(Priority::Debug(level)) {
            self.log(Priority::Debug(level), &text.to_string());
        }
    }
}
