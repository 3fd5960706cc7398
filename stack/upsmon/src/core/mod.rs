//! upsmon's judgement: a state machine over readings and times, which does nothing but say what is to be done.
//!
//! [`Core::handle`] takes an [`Event`] and the time, and returns [`Action`]s to be done in their order. It reads no
//! clock and no socket, so a whole night of polling is a loop over a table. What it follows is upsmon(8) and
//! upsmon.conf(5), with these differences, each on purpose:
//!
//! - Status words are compared as words: `LBX` is not `LB`. `WAIT` is no status at all, and no notice.
//! - ECO is what the words or the buzzwords say; a buzzword of another mode is not ECO.
//! - The text of an alarm is remembered for each UPS of its own.
//! - The normal poll rate comes back when no UPS needs the faster one, not when any UPS is on line.
//! - A refused login is said with what is missing, and tried again.
//! - Time limits are kept when they run out, not at the next poll: there is a poll at each limit, and the judgement
//!   is passed as soon as that confirms it, or one grace later.
//! - DEADTIME holds for every state in which silence may be the end, not for OB only; `COMPAT nut` undoes that.
//!
//! A UPS is critical for one of two reasons, which are kept apart:
//!
//! - What was *read*: FSD, OB and LB, OFF, and what ONBATTSHUTDOWN and CHARGESHUTDOWN add. `held` knows since when and in
//!   how many polls each was read, so that CONFIRM and the limits need no timers of their own. A poll that reads
//!   nothing changes nothing here.
//! - What was *not* read: silence for DEADTIME after OB, CAL, BYPASS, ALARM, OFF or FSD. Nothing holds that back but
//!   OBLBDURATION and, on a secondary, HOSTSYNC; so no state that waits to be confirmed waits for ever.
//!
//! `tests/schedules.rs` plays random servers against an oracle that knows only what was read.

mod action;
mod critical;
mod held;
mod notice;
mod shutdown;
mod status;
mod watched;

#[cfg(test)]
mod tests;

use std::time::Duration;

use outage_config::{Monitor, NotifyType, UpsmonConf};

pub use action::{Action, Event, LoginError, LoginStep, MonitorId, PollError, Priority};
pub use critical::Cause;
use critical::{deadlines, is_critical};
use shutdown::Phase;
pub use status::{Reading, Word, Words};
use watched::Watched;

/// Later than asked by this much without a sleep of the machine, and this process, or the machine as a whole (a virtual
/// one), must have stood still.
const TIME_JUMP: Duration = Duration::from_secs(5);

/// How often the loss of the parent process is repeated.
const NO_PARENT_REPEAT: Duration = Duration::from_secs(120);

/// Polling is never faster than this.
const FASTEST_POLL: Duration = Duration::from_millis(10);

/// The judgement of one upsmon.
#[derive(Debug)]
pub struct Core {
    conf: UpsmonConf,
    watched: Vec<Watched>,
    next_id: u32,
    last_round: Duration,
    wake: Duration,
    phase: Phase,
    no_parent: Option<Duration>,
}

impl Core {
    /// Begins to watch: the judgement, and what is to be done first.
    #[must_use]
    pub fn start(conf: UpsmonConf, now: Duration) -> (Self, Vec<Action>) {
        let mut core = Self {
            conf: UpsmonConf { monitors: Vec::new(), ..conf.clone() },
            watched: Vec::new(),
            next_id: 0,
            last_round: now,
            wake: now,
            phase: Phase::Watching,
            no_parent: None,
        };
        let mut out = Vec::new();
        core.reload(conf, now, &mut out);
        core.settle(now, &mut out);
        (core, out)
    }

    /// What follows from `event` at `now`. `now` never goes back.
    #[must_use]
    pub fn handle(&mut self, now: Duration, event: Event) -> Vec<Action> {
        let mut out = Vec::new();
        if matches!(self.phase, Phase::Watching) {
            let late = now.saturating_sub(self.wake);
            if event == Event::Slept {
                self.woken(NotifyType::SuspendFinished, &[], now, &mut out);
            } else if late > TIME_JUMP {
                let text = format!("{} s", late.as_secs());
                self.woken(NotifyType::SuspendTimeJumpUnexpected, &[&text], now, &mut out);
            }
        }
        match event {
            Event::Polled(id, result) => {
                let conf = &self.conf;
                if let Some(ups) = self.watched.iter_mut().find(|ups| ups.id == id) {
                    if std::mem::take(&mut ups.outdated) {
                        ups.asked_at = None;
                        Self::poll(ups, now, &mut out);
                    } else {
                        ups.polled(result, conf, now, &mut out);
                    }
                }
            }
            Event::LoggedIn(id, result) => {
                if let Some(ups) = self.watched.iter_mut().find(|ups| ups.id == id) {
                    ups.logged_in(result, now, &mut out);
                }
            }
            Event::FsdSet(id, result) => self.fsd_set(id, result, &mut out),
            Event::Logins(id, result) => self.logins(id, result, &mut out),
            Event::Timer | Event::Slept => {}
            Event::ForceShutdown => {
                if matches!(self.phase, Phase::Watching) {
                    out.push(Action::Log(Priority::Notice, "a forced shutdown was asked for".into()));
                    self.begin_shutdown(now, &mut out);
                }
            }
            Event::Reload(conf) => {
                if matches!(self.phase, Phase::Watching) {
                    self.reload(*conf, now, &mut out);
                }
            }
            Event::Stop => self.stop(&mut out),
            Event::ShutdownRan(result) => self.shutdown_ran(result, now, &mut out),
            Event::ParentGone => self.no_parent = Some(now),
        }
        self.settle(now, &mut out);
        out
    }

    /// Does what the time asks for, judges, and says when to come back.
    fn settle(&mut self, now: Duration, out: &mut Vec<Action>) {
        if let Some(at) = self.no_parent.filter(|at| *at <= now) {
            self.no_parent = Some(at.max(now) + NO_PARENT_REPEAT);
            out.push(notice::notify(&self.conf, NotifyType::NoParent, "", &[]));
        }
        if matches!(self.phase, Phase::Watching) {
            self.judge(now, out);
        }
        if matches!(self.phase, Phase::Watching) && now >= self.next_round() {
            self.last_round = now;
            for ups in &mut self.watched {
                Self::poll(ups, now, out);
            }
        }
        self.advance_shutdown(now, out);
        if matches!(self.phase, Phase::Done) {
            return;
        }
        self.wake = self.next_wake(now);
        out.push(Action::WakeAt(self.wake));
    }

    fn poll(ups: &mut Watched, now: Duration, out: &mut Vec<Action>) {
        if ups.asked_at.is_some() {
            return;
        }
        if ups.login_due(now) {
            out.push(Action::Login(ups.id));
        }
        ups.asked_at = Some(now);
        out.push(Action::Poll(ups.id));
    }

    /// Time from one round of polls to the next.
    fn interval(&self) -> Duration {
        let alert = self.watched.iter().any(Watched::is_alert);
        let interval = if alert { self.conf.poll_freq_alert } else { self.conf.poll_freq };
        interval.max(FASTEST_POLL)
    }

    fn next_round(&self) -> Duration {
        let regular = self.last_round + self.interval();
        self.watched
            .iter()
            .flat_map(|ups| deadlines(ups, &self.conf))
            .map(|deadline| deadline.look)
            .filter(|look| *look > self.last_round)
            .fold(regular, Duration::min)
    }

    fn next_wake(&self, now: Duration) -> Duration {
        let phase = match self.shutdown_wake() {
            Some(at) => at,
            None => self
                .watched
                .iter()
                .flat_map(|ups| deadlines(ups, &self.conf))
                .map(|deadline| deadline.judge)
                .filter(|judge| *judge > now)
                .fold(self.next_round(), Duration::min),
        };
        self.no_parent.map_or(phase, |at| at.min(phase))
    }

    /// Counts the supplies that are left. A UPS that was never heard of counts as fine: nothing bad is known about it.
    fn judge(&mut self, now: Duration, out: &mut Vec<Action>) {
        let mut supplies: u64 = 0;
        let mut causes = Vec::new();
        for ups in &self.watched {
            match is_critical(ups, &self.conf, now) {
                None => supplies += u64::from(ups.conf.power_value),
                Some(cause) => causes.push(format!("UPS [{}] {cause}", ups.conf.system)),
            }
        }
        let wanted = self.conf.min_supplies;
        if supplies < u64::from(wanted) {
            out.extend(causes.into_iter().map(|text| Action::Log(Priority::Alert, text)));
            out.push(Action::Log(
                Priority::Alert,
                format!("power supplies left: {supplies}, MINSUPPLIES is {wanted}: shutting down"),
            ));
            self.begin_shutdown(now, out);
        }
    }

    /// Watches what `conf` says from now on. What is known of a UPS that stays is kept.
    fn reload(&mut self, conf: UpsmonConf, now: Duration, out: &mut Vec<Action>) {
        let mut old = std::mem::take(&mut self.watched);
        let mut added = Vec::new();
        let mut kept = Vec::with_capacity(conf.monitors.len());
        for monitor in &conf.monitors {
            let known = old.iter().position(|ups| ups.conf.system == monitor.system).map(|at| old.remove(at));
            let ups = match known {
                Some(ups) if same_login(&ups.conf, monitor) => ups.with_conf(monitor.clone()),
                other => {
                    let id = MonitorId(self.next_id);
                    self.next_id += 1;
                    added.push(id);
                    match other {
                        Some(ups) => {
                            out.push(Action::Close(ups.id));
                            ups.reopened(id, monitor.clone())
                        }
                        None => Watched::new(id, monitor.clone(), now),
                    }
                }
            };
            kept.push(ups);
        }
        out.extend(old.into_iter().map(|ups| Action::Close(ups.id)));
        self.watched = kept;
        self.conf = conf;
        for ups in self.watched.iter_mut().filter(|ups| added.contains(&ups.id)) {
            out.push(Action::Open(ups.id));
            Self::poll(ups, now, out);
        }
    }

    /// The machine slept, or stood still: everything known is old. Ask anew, and judge by the answers only.
    fn woken(&mut self, kind: NotifyType, args: &[&str], now: Duration, out: &mut Vec<Action>) {
        out.push(notice::notify(&self.conf, kind, "", args));
        for ups in &mut self.watched {
            ups.forget(now);
            Self::poll(ups, now, out);
        }
        self.last_round = now;
        out.push(Action::Reread);
    }

    /// The MONITOR line behind an id.
    #[must_use]
    pub fn monitor(&self, id: MonitorId) -> Option<&Monitor> {
        self.watched.iter().find(|ups| ups.id == id).map(|ups| &ups.conf)
    }

    /// The configuration in force.
    #[must_use]
    pub fn conf(&self) -> &UpsmonConf {
        &self.conf
    }
}

fn same_login(a: &Monitor, b: &Monitor) -> bool {
    (&a.user, &a.password, a.role) == (&b.user, &b.password, b.role)
}
