//! The shutdown itself: everyone else first, then this machine; the flag before the command.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outage_config::NotifyType;

use super::action::{Action, MonitorId, Priority};
use super::status::Word;
use super::{Core, notice};

/// How often a primary looks whether it is alone.
const SYNC_PERIOD: Duration = Duration::from_millis(250);

/// How often the connections are kept busy while the machine goes down around us.
const LINGER_PERIOD: Duration = Duration::from_secs(1);

/// A time that never comes: a hundred years, which every clock can still hold.
const NEVER: Duration = Duration::from_secs(3_155_760_000);

/// How far the shutdown has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// There is none.
    Watching,
    /// FSD is set, and the secondaries are leaving.
    Syncing(Sync),
    /// SHUTDOWN was said; the command runs at `at`.
    Final { at: Duration },
    /// The command runs.
    Running,
    /// The command has run, and this program stays until `until`.
    Lingering { until: Option<Duration>, next: Duration, code: u8 },
    /// Nothing more to do.
    Done,
}

/// A primary's wait for its secondaries.
#[derive(Debug)]
pub(super) struct Sync {
    until: Duration,
    next_ask: Duration,
    setting: BTreeSet<MonitorId>,
    asking: BTreeSet<MonitorId>,
    counts: BTreeMap<MonitorId, u32>,
    said: bool,
}

impl Core {
    /// NUT's order: FSD on every UPS this machine is primary of, critical or not; then the wait; then this machine.
    pub(super) fn begin_shutdown(&mut self, now: Duration, out: &mut Vec<Action>) {
        let primaries = self.primaries();
        out.push(Action::Hurry);
        if primaries.is_empty() {
            return self.final_delay(now, out);
        }
        out.extend(primaries.iter().map(|id| Action::SetFsd(*id)));
        out.extend(primaries.iter().map(|id| Action::QueryLogins(*id)));
        self.phase = Phase::Syncing(Sync {
            until: now + self.conf.host_sync + SYNC_PERIOD,
            next_ask: now + SYNC_PERIOD,
            setting: primaries.clone(),
            asking: primaries,
            counts: BTreeMap::new(),
            said: false,
        });
    }

    fn primaries(&self) -> BTreeSet<MonitorId> {
        self.watched.iter().filter(|ups| ups.is_primary()).map(|ups| ups.id).collect()
    }

    pub(super) fn fsd_set(&mut self, id: MonitorId, result: Result<(), String>, out: &mut Vec<Action>) {
        if let Phase::Syncing(sync) = &mut self.phase {
            sync.setting.remove(&id);
        }
        let Some(ups) = self.watched.iter_mut().find(|ups| ups.id == id) else { return };
        match result {
            Ok(()) if ups.words.has(Word::ForcedShutdown) => {}
            Ok(()) => {
                ups.words.set(Word::ForcedShutdown, true);
                let system = ups.conf.system.clone();
                out.push(notice::notify(&self.conf, NotifyType::Fsd, &system, &[&system]));
            }
            Err(text) => {
                let system = &ups.conf.system;
                out.push(Action::Log(
                    Priority::Error,
                    format!("FSD set on UPS {system} failed: {text}; its secondaries are not told, the shutdown goes on"),
                ));
            }
        }
    }

    pub(super) fn logins(&mut self, id: MonitorId, result: Result<u32, String>, out: &mut Vec<Action>) {
        let Phase::Syncing(sync) = &mut self.phase else { return };
        sync.asking.remove(&id);
        match result {
            Ok(count) => {
                sync.counts.insert(id, count);
            }
            // Who can't be counted can't be waited for.
            Err(text) => {
                if sync.counts.insert(id, 0) != Some(0)
                    && let Some(ups) = self.watched.iter().find(|ups| ups.id == id)
                {
                    let text = format!("Get UPS [{}] logins failed: {text}", ups.conf.system);
                    out.push(Action::Log(Priority::Error, text));
                }
            }
        }
    }

    /// Goes on with the shutdown as far as the time and the answers allow.
    pub(super) fn advance_shutdown(&mut self, now: Duration, out: &mut Vec<Action>) {
        if let Phase::Syncing(sync) = &mut self.phase {
            let answered = sync.setting.is_empty() && sync.asking.is_empty();
            let most = sync.counts.values().copied().max().unwrap_or(0);
            if answered && most <= 1 {
                self.final_delay(now, out);
            } else if now >= sync.until {
                out.push(Action::Log(Priority::Info, "Host sync timer expired, forcing shutdown".into()));
                self.final_delay(now, out);
            } else {
                if answered && !std::mem::replace(&mut sync.said, true) {
                    out.push(notice::notify(&self.conf, NotifyType::ShutdownHostSync, "", &[]));
                }
                if answered && now >= sync.next_ask {
                    sync.next_ask = now + SYNC_PERIOD;
                    sync.asking = sync.counts.keys().copied().collect();
                    out.extend(sync.asking.iter().map(|id| Action::QueryLogins(*id)));
                }
            }
        }
        match &mut self.phase {
            Phase::Final { at } if now >= *at => {
                if let Some(path) = &self.conf.powerdown_flag {
                    out.push(Action::WritePowerDownFlag(path.clone()));
                }
                out.push(Action::RunShutdown(self.conf.shutdown_cmd.clone()));
                self.phase = Phase::Running;
            }
            Phase::Lingering { until, next, code } => {
                if until.is_some_and(|until| now >= until) {
                    out.push(Action::Exit(*code));
                    self.phase = Phase::Done;
                } else if now >= *next {
                    *next = now + LINGER_PERIOD;
                    out.extend(self.watched.iter().map(|ups| Action::QueryLogins(ups.id)));
                }
            }
            _ => {}
        }
    }

    fn final_delay(&mut self, now: Duration, out: &mut Vec<Action>) {
        const TEXT: &str = "Executing automatic power-fail shutdown";
        out.push(Action::Log(Priority::Critical, TEXT.into()));
        out.push(Action::Broadcast(TEXT.into()));
        out.push(notice::notify(&self.conf, NotifyType::Shutdown, "", &[]));
        self.phase = Phase::Final { at: now + self.conf.final_delay };
    }

    /// SHUTDOWNEXIT: end at once, later, or not before being told.
    pub(super) fn shutdown_ran(&mut self, result: Result<(), String>, now: Duration, out: &mut Vec<Action>) {
        if !matches!(self.phase, Phase::Running) {
            return;
        }
        let code = match result {
            Ok(()) => 0,
            Err(text) => {
                let text = format!("Unable to shut this machine down: {text}");
                out.push(Action::Log(Priority::Critical, text.clone()));
                out.push(Action::Broadcast(text));
                1
            }
        };
        let until = self.conf.shutdown_exit.map(|stay| now + stay);
        self.phase = Phase::Lingering { until, next: now + LINGER_PERIOD, code };
    }

    /// SIGTERM. Once a shutdown has begun it is not called off: the others are already going down.
    pub(super) fn stop(&mut self, out: &mut Vec<Action>) {
        let code = match &self.phase {
            Phase::Watching => 0,
            Phase::Lingering { code, .. } => *code,
            Phase::Syncing(_) | Phase::Final { .. } | Phase::Running => {
                out.push(Action::Log(Priority::Warning, "a shutdown is under way, it goes on".into()));
                return;
            }
            Phase::Done => return,
        };
        out.push(Action::Exit(code));
        self.phase = Phase::Done;
    }

    /// When the shutdown needs the time next; `None` while there is none.
    pub(super) fn shutdown_wake(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Watching => None,
            Phase::Syncing(sync) if sync.setting.is_empty() && sync.asking.is_empty() => {
                Some(sync.next_ask.min(sync.until))
            }
            Phase::Syncing(sync) => Some(sync.until),
            Phase::Final { at } => Some(*at),
            Phase::Lingering { until, next, .. } => Some(until.map_or(*next, |until| until.min(*next))),
            Phase::Running | Phase::Done => Some(NEVER),
        }
    }
}
