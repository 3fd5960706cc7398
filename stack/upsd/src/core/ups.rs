//! One UPS: what its driver said, and whether that can be believed.

use std::time::Duration;

use outage_wire::Lexer;
use outage_wire::net::ErrorCode;
use outage_wire::sock::{FromDriver, SockError, ToDriver};

use super::notice::Notice;
use super::session::ClientId;
use super::tracking::Tracking;
use super::variable::{Variable, Variables, compare_names};

/// A driver that does not take what it is told is not told more than this many bytes.
const MOST_OUTGOING: usize = 64 * 1024;
/// Silence is measured in MAXAGE and this much more (nut 2.8: whole seconds are compared, so 15 means 16).
const GRACE: Duration = Duration::from_secs(1);
/// Pings are never much closer together than this, however short MAXAGE is.
const SHORTEST_PING_INTERVAL: Duration = Duration::from_millis(100);
/// A ping waits for this part of the interval between pings, to go out while upsd is awake for a client.
const PING_LEEWAY: u32 = 5;
/// What a driver says so soon after a ping is the answer to it, and the next ping is counted from this one: to count from
/// the answer would move it by a few microseconds, and wake the machine once more for those.
const SOON: Duration = Duration::from_millis(10);

/// How long a driver may be silent before it is pinged.
fn ping_interval(max_age: Duration) -> Duration {
    (max_age / 3).max(SHORTEST_PING_INTERVAL)
}

/// Names a UPS for as long as it is configured; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpsId(pub(super) u32);

/// A client that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) client: ClientId,
    pub(super) address: String,
}

/// The connection to a driver, and what it says of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Link {
    last_heard: Duration,
    last_ping: Option<Duration>,
    dump_done: bool,
    data_ok: bool,
    /// Whether staleness was last seen, so that each change is said once.
    stale_said: bool,
    /// Whether it was said that the driver talks nonsense.
    nonsense_said: bool,
}

/// A UPS of ups.conf.
#[derive(Debug)]
pub(super) struct Ups {
    pub(super) id: UpsId,
    pub(super) name: String,
    pub(super) driver: String,
    pub(super) description: Option<String>,
    pub(super) variables: Variables,
    pub(super) commands: Vec<String>,
    pub(super) logins: Vec<Login>,
    /// See [`Ups::latch_fsd`].
    pub(super) fsd: bool,
    link: Option<Link>,
    lexer: Lexer,
    outgoing: Vec<u8>,
    /// The whole reply to LIST VAR by the name of ups.conf, once somebody asked; empty when it is out of date.
    listing: Vec<u8>,
}

impl Ups {
    pub(super) fn new(id: UpsId, name: &str, driver: &str, description: Option<&str>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            driver: driver.to_owned(),
            description: description.map(str::to_owned),
            variables: Variables::default(),
            commands: Vec::new(),
            logins: Vec::new(),
            fsd: false,
            link: None,
            lexer: Lexer::driver(),
            outgoing: Vec::new(),
            listing: Vec::new(),
        }
    }

    /// The driver's socket took the connection.
    pub(super) fn connected(&mut self, now: Duration) {
        self.disconnected();
        self.link = Some(Link {
            last_heard: now,
            last_ping: None,
            dump_done: false,
            data_ok: false,
            stale_said: false,
            nonsense_said: false,
        });
        self.variables.set("ups.status", "WAIT");
        self.settle();
        self.put_out(&ToDriver::DumpAll);
    }

    /// The driver's socket is closed: nothing it said counts any more.
    pub(super) fn disconnected(&mut self) {
        self.link = None;
        self.lexer = Lexer::driver();
        self.outgoing.clear();
        self.variables.clear();
        self.commands.clear();
        self.settle();
    }

    /// What is known of the UPS has changed.
    fn settle(&mut self) {
        self.variables.settle();
        self.listing.clear();
    }

    /// FSD: latched until upsd restarts or the UPS leaves ups.conf.
    pub(super) fn latch_fsd(&mut self) {
        self.fsd = true;
        self.listing.clear();
    }

    /// The reply to LIST VAR by the name of ups.conf.
    pub(super) fn listing(&mut self) -> &[u8] {
        if self.listing.is_empty() {
            let mut listing = std::mem::take(&mut self.listing);
            self.push_listing(&mut listing);
            self.listing = listing;
        }
        &self.listing
    }

    /// Whether requests about the UPS's data can be answered.
    pub(super) fn available(&self, now: Duration, max_age: Duration) -> Result<(), ErrorCode> {
        match &self.link {
            None => Err(ErrorCode::DriverNotConnected),
            Some(link) if link.is_stale(now, max_age) => Err(ErrorCode::DataStale),
            Some(_) => Ok(()),
        }
    }

    /// Pings a silent driver and says when its data go stale or come back. Returns when to call again at the latest;
    /// `None` when not connected.
    pub(super) fn supervise(
        &mut self,
        now: Duration,
        max_age: Duration,
        notices: &mut Vec<Notice>,
    ) -> Option<Duration> {
        let mut link = self.link?;
        let stale = link.is_stale(now, max_age);
        if stale != link.stale_said {
            link.stale_said = stale;
            let ups = self.name.clone();
            notices.push(if stale { Notice::Stale { ups } } else { Notice::Fresh { ups } });
        }
        if now >= link.ping_from(max_age) {
            link.last_ping = Some(now);
            // A driver that has not read the last pings needs no more of them.
            if self.outgoing.len() < 1024 {
                self.put_out(&ToDriver::Ping);
            }
        }
        self.link = Some(link);
        let next_ping = link.ping_from(max_age) + SOON + ping_interval(max_age) / PING_LEEWAY;
        let goes_stale = link.last_heard + max_age + GRACE;
        Some(if stale { next_ping } else { next_ping.min(goes_stale) })
    }

    /// From when on a silent driver is pinged; `None` when not connected.
    pub(super) fn ping_from(&self, max_age: Duration) -> Option<Duration> {
        self.link.map(|link| link.ping_from(max_age))
    }

    /// Puts a line out to the driver.
    ///
    /// # Errors
    /// It is not connected, or has not taken what it was told before.
    pub(super) fn tell(&mut self, line: &ToDriver<'_>) -> Result<(), ErrorCode> {
        if self.link.is_none() || self.outgoing.len() > MOST_OUTGOING {
            return Err(ErrorCode::DriverNotConnected);
        }
        self.put_out(line);
        Ok(())
    }

    fn put_out(&mut self, line: &ToDriver<'_>) {
        self.outgoing.extend_from_slice(format!("{line}\n").as_bytes());
    }

    pub(super) fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    pub(super) fn has_command(&self, name: &str) -> bool {
        self.commands.binary_search_by(|c| compare_names(c, name)).is_ok()
    }

    /// Takes what the driver wrote.
    pub(super) fn hear(
        &mut self,
        bytes: &[u8],
        now: Duration,
        tracking: &mut Tracking,
        notices: &mut Vec<Notice>,
    ) {
        let mut lexer = std::mem::replace(&mut self.lexer, Lexer::driver());
        let mut rest = bytes;
        let mut changed = false;
        while let Some(line) = lexer.next(&mut rest) {
            match line {
                Err(_) => self.complain(notices),
                Ok(line) => match FromDriver::parse(&line) {
                    Ok(said) => {
                        changed |= !matches!(said, FromDriver::Pong | FromDriver::DataOk);
                        self.act(said, tracking, notices);
                        if let Some(link) = &mut self.link {
                            link.last_heard = now;
                        }
                    }
                    Err(SockError::Empty) => {}
                    Err(error) => {
                        notices.push(Notice::UnknownLine { ups: self.name.clone(), why: error.to_string() });
                    }
                },
            }
        }
        self.lexer = lexer;
        if changed {
            self.settle();
        }
    }

    /// A line that cannot be taken apart; said once a connection, for where there is one there are more.
    fn complain(&mut self, notices: &mut Vec<Notice>) {
        if let Some(link) = self.link.as_mut().filter(|link| !link.nonsense_said) {
            link.nonsense_said = true;
            notices.push(Notice::BadLine { ups: self.name.clone() });
        }
    }

    fn act(&mut self, said: FromDriver<'_>, tracking: &mut Tracking, notices: &mut Vec<Notice>) {
        match said {
            FromDriver::SetInfo { var, value } => self.variables.set(var, value),
            FromDriver::DelInfo { var } => self.variables.remove(var),
            FromDriver::SetFlags { var, flags } => {
                self.with(var, notices, |variable| variable.set_flags(flags));
            }
            FromDriver::SetAux { var, length } => {
                self.with(var, notices, |variable| variable.longest = length);
            }
            FromDriver::AddEnum { var, value } => self.with(var, notices, |variable| {
                if !variable.choices.iter().any(|choice| choice == value) {
                    variable.choices.push(value.to_owned());
                }
            }),
            FromDriver::DelEnum { var, value } => {
                self.with(var, notices, |variable| variable.choices.retain(|choice| choice != value));
            }
            // Nothing could ever be in it.
            FromDriver::AddRange { min, max, .. } if min > max => {}
            FromDriver::AddRange { var, min, max } => self.with(var, notices, |variable| {
                if !variable.ranges.contains(&(min, max)) {
                    variable.ranges.push((min, max));
                }
            }),
            FromDriver::DelRange { var, min, max } => {
                self.with(var, notices, |variable| variable.ranges.retain(|range| *range != (min, max)));
            }
            FromDriver::AddCmd { command } => {
                if let Err(at) = self.commands.binary_search_by(|c| compare_names(c, command)) {
                    self.commands.insert(at, command.to_owned());
                }
            }
            FromDriver::DelCmd { command } => {
                if let Ok(at) = self.commands.binary_search_by(|c| compare_names(c, command)) {
                    self.commands.remove(at);
                }
            }
            FromDriver::DumpDone => {
                if let Some(link) = &mut self.link {
                    link.dump_done = true;
                }
                notices.push(Notice::DumpDone { ups: self.name.clone() });
            }
            FromDriver::DataOk | FromDriver::DataStale => {
                if let Some(link) = &mut self.link {
                    link.data_ok = said == FromDriver::DataOk;
                }
            }
            FromDriver::Tracking { id, status } => tracking.finish(id, status.into()),
            // Proof of life, and answers to what is never asked.
            FromDriver::Pong | FromDriver::Pid(_) | FromDriver::Goodbye => {}
        }
    }

    /// Changes a variable that the driver set before.
    fn with(&mut self, name: &str, notices: &mut Vec<Notice>, change: impl FnOnce(&mut Variable)) {
        match self.variables.get_mut(name) {
            Some(variable) => change(variable),
            None => {
                let ups = self.name.clone();
                notices.push(Notice::UnknownVariable { ups, variable: name.to_owned() });
            }
        }
    }
}

impl Link {
    /// The driver says so (which counts once its dump is done), or it was silent for too long.
    fn is_stale(&self, now: Duration, max_age: Duration) -> bool {
        (self.dump_done && !self.data_ok) || now.saturating_sub(self.last_heard) >= max_age + GRACE
    }

    /// From when on it is to be pinged. A client that polls as often as that comes a little early now and then.
    fn ping_from(&self, max_age: Duration) -> Duration {
        let since = match self.last_ping {
            Some(ping) if self.last_heard < ping + SOON => ping,
            _ => self.last_heard,
        };
        since + ping_interval(max_age) - SOON
    }
}
