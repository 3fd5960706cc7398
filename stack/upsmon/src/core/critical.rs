//! Whether a UPS still counts as a supply.

use std::fmt;
use std::time::Duration;

use outage_config::UpsmonConf;

use super::status::Word;
use super::watched::{Link, Watched};

/// Why a UPS does not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its server says FSD, or this machine has set it.
    ForcedShutdown,
    /// It was overloaded when it fell silent, OVERDURATION ago.
    LostOverloaded,
    /// It had an alarm when it fell silent.
    LostAlarm,
    /// It was calibrating when it fell silent.
    LostCalibrating,
    /// It was on bypass when it fell silent.
    LostBypass,
    /// It was off when it fell silent.
    LostOff,
    /// It was on battery when it fell silent, more than DEADTIME ago.
    Dead,
    /// It has been off for OFFDURATION.
    Off,
    /// On battery, and the battery is low.
    LowBattery,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForcedShutdown => "a forced shutdown is in progress",
            Self::LostOverloaded => {
                "was last known to be overloaded and currently is not communicating, assuming dead"
            }
            Self::LostAlarm => "was last known to have an alarm and currently is not communicating, assuming dead",
            Self::LostCalibrating => "was last known to be calibrating and currently is not communicating, assuming dead",
            Self::LostBypass => "was last known to be on BYPASS and currently is not communicating, assuming dead",
            Self::LostOff => {
                "was last known to be (administratively) OFF and currently is not communicating, assuming dead"
            }
            Self::Dead => "was last known to be on battery and has not answered for DEADTIME, assuming a low battery",
            Self::Off => "has been off for OFFDURATION",
            Self::LowBattery => "is on battery, and the battery is low",
        })
    }
}

/// Past a limit, an answer that is due right then still has this long to arrive: a poll is made at the limit itself,
/// and judgement is passed one grace later. NUT counts in whole seconds and asks for "more than", which is the same.
pub(super) fn grace(limit: Duration) -> Duration {
    (limit / 10).min(Duration::from_secs(1))
}

/// A silent server is as good as none after this long. NUT's clients give up on a read after 5 s.
fn patience(conf: &UpsmonConf) -> Duration {
    (conf.dead_time / 3).min(Duration::from_secs(5))
}

/// A time at which a UPS would turn critical if nothing is heard until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// When another poll is due.
    pub(super) look: Duration,
    /// When it is judged.
    pub(super) judge: Duration,
}

impl Deadline {
    fn after(since: Duration, limit: Duration) -> Self {
        Self { look: since + limit, judge: since + limit + grace(limit) }
    }

    fn passed(self, now: Duration) -> bool {
        now >= self.judge
    }
}

/// Whether `ups` is critical, in NUT's order. Remembers since when it has been on battery and low.
pub(super) fn is_critical(ups: &mut Watched, conf: &UpsmonConf, now: Duration) -> Option<Cause> {
    let has = |word| ups.words.has(word);
    if has(Word::ForcedShutdown) {
        return Some(Cause::ForcedShutdown);
    }
    if ups.link == Link::Lost
        && let Some(cause) = comm_loss_is_critical(ups, conf, now)
    {
        return Some(cause);
    }
    if off_deadline(ups, conf).is_some_and(|off| off.passed(now)) {
        return Some(Cause::Off);
    }
    let dead = is_dead(ups, conf, now);
    if !(has(Word::OnBattery) && (has(Word::LowBattery) || dead)) {
        ups.oblb_since = None;
        return None;
    }
    if has(Word::Calibrating) {
        return None;
    }
    let since = *ups.oblb_since.get_or_insert(now);
    if !conf.oblb_duration.is_zero() && !Deadline::after(since, conf.oblb_duration).passed(now) {
        return None;
    }
    // The primary needs the time to see everyone else off; a secondary rather waits for its word.
    if !ups.is_primary() && !Deadline::after(ups.last_fine, conf.host_sync).passed(now) {
        return None;
    }
    Some(if has(Word::LowBattery) { Cause::LowBattery } else { Cause::Dead })
}

/// NUT's rule for a UPS that was last seen in a state in which silence may well be its end: no DEADTIME, at once.
/// It is why a driver's restart in the middle of a calibration shuts the machine down (nut#2794).
fn comm_loss_is_critical(ups: &Watched, conf: &UpsmonConf, now: Duration) -> Option<Cause> {
    let has = |word| ups.words.has(word);
    if over_deadline(ups, conf).is_some_and(|over| over.passed(now)) {
        Some(Cause::LostOverloaded)
    } else if has(Word::Alarm) && conf.alarm_critical {
        Some(Cause::LostAlarm)
    } else if has(Word::Calibrating) {
        Some(Cause::LostCalibrating)
    } else if has(Word::Bypass) {
        Some(Cause::LostBypass)
    } else if has(Word::Off) && conf.off_duration.is_some() {
        Some(Cause::LostOff)
    } else {
        None
    }
}

/// Whether a UPS that was on battery has been silent for more than DEADTIME. A poll that has yet to be made, or
/// has only just been, is no silence: POLLFREQ may well be longer than DEADTIME.
pub(super) fn is_dead(ups: &Watched, conf: &UpsmonConf, now: Duration) -> bool {
    dead_deadline(ups, conf).is_some_and(|dead| dead.passed(now))
}

fn dead_deadline(ups: &Watched, conf: &UpsmonConf) -> Option<Deadline> {
    if !ups.words.has(Word::OnBattery) {
        return None;
    }
    let mut dead = Deadline::after(ups.last_read?, conf.dead_time);
    if ups.link != Link::Lost && !ups.waiting {
        dead.judge = dead.judge.max(ups.asked_at? + patience(conf));
    }
    Some(dead)
}

fn off_deadline(ups: &Watched, conf: &UpsmonConf) -> Option<Deadline> {
    let limit = conf.off_duration.filter(|_| ups.words.has(Word::Off))?;
    Some(Deadline::after(ups.off_since, limit))
}

fn over_deadline(ups: &Watched, conf: &UpsmonConf) -> Option<Deadline> {
    let limit = conf.over_duration.filter(|_| ups.words.has(Word::Overload))?;
    Some(Deadline::after(ups.over_since, limit))
}

/// Everything that time alone could change about `ups`.
pub(super) fn deadlines(ups: &Watched, conf: &UpsmonConf) -> impl Iterator<Item = Deadline> {
    let low = ups.oblb_since.filter(|_| !ups.words.has(Word::Calibrating));
    [
        off_deadline(ups, conf),
        over_deadline(ups, conf).filter(|_| ups.link == Link::Lost),
        dead_deadline(ups, conf),
        low.filter(|_| !conf.oblb_duration.is_zero()).map(|since| Deadline::after(since, conf.oblb_duration)),
        low.filter(|_| !ups.is_primary()).map(|_| Deadline::after(ups.last_fine, conf.host_sync)),
    ]
    .into_iter()
    .flatten()
}
