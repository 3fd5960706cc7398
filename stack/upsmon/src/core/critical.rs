//! Whether a UPS still counts as a supply.

use std::fmt;
use std::time::Duration;

use outage_config::{Confirm, UpsmonConf};

use super::held::Held;
use super::status::Word;
use super::watched::{Link, Watched};

/// Why a UPS does not count any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its server says FSD, or this machine has set it.
    ForcedShutdown,
    /// It was overloaded when it fell silent, and that began OVERDURATION ago.
    LostOverloaded,
    /// It had an alarm when it fell silent, DEADTIME ago (at once with COMPAT nut, like the next three).
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
    /// On battery for ONBATTSHUTDOWN.
    OnBattery,
    /// On battery, and the charge is at or below CHARGESHUTDOWN.
    LowCharge,
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
            Self::OnBattery => "has been on battery for ONBATTSHUTDOWN",
            Self::LowCharge => "is on battery, and its charge is not above CHARGESHUTDOWN",
        })
    }
}

/// Past a limit, an answer that is due right then still has this long to arrive: a poll is made at the limit itself,
/// and judgement is passed one grace later. NUT counts in whole seconds and asks for "more than", which is the same.
pub(super) fn grace(limit: Duration) -> Duration {
    (limit / 10).min(Duration::from_secs(1))
}

/// A silent server is as good as none after this long. NUT's clients give up on a read after 5 s. Also with DEADTIME 0
/// a poll that was just made is no silence.
fn patience(conf: &UpsmonConf) -> Duration {
    (conf.dead_time / 3).clamp(Duration::from_millis(100), Duration::from_secs(5))
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

/// Whether `ups` is critical, in NUT's order; what NUT does not know comes last.
pub(super) fn is_critical(ups: &Watched, conf: &UpsmonConf, now: Duration) -> Option<Cause> {
    let dead = is_dead(ups, conf, now);
    if ups.words.has(Word::ForcedShutdown) && (ups.is_ordered(conf) || dead) {
        return Some(Cause::ForcedShutdown);
    }
    if ups.link == Link::Lost && over_deadline(ups, conf).is_some_and(|over| over.passed(now)) {
        return Some(Cause::LostOverloaded);
    }
    // NUT's rule for these has no DEADTIME. It is why a driver's restart in the middle of a calibration shuts its
    // machines down (nut#2794).
    if (dead || conf.compat_nut && ups.link == Link::Lost)
        && let Some(cause) = lost_while(ups, conf)
    {
        return Some(cause);
    }
    if is_off(ups, conf, now) {
        return Some(Cause::Off);
    }
    if !ups.words.has(Word::OnBattery) || ups.words.has(Word::Calibrating) {
        return None;
    }
    low_battery(ups, conf, now, dead).or_else(|| {
        let confirmed = |held: &Held| held.confirmed(conf.confirm);
        if let (Some(limit), Some(held)) = (conf.on_batt_shutdown, ups.on_batt.filter(confirmed))
            && held.lasted(limit)
        {
            return Some(Cause::OnBattery);
        }
        let low = ups.low_charge.filter(|held| conf.charge_shutdown.is_some() && confirmed(held));
        low.map(|_| Cause::LowCharge)
    })
}

/// A state in which silence may well be the UPS's end.
fn lost_while(ups: &Watched, conf: &UpsmonConf) -> Option<Cause> {
    let has = |word| ups.words.has(word);
    if has(Word::Alarm) && conf.alarm_critical {
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

/// OFF for OFFDURATION: it must have been read after that, too.
fn is_off(ups: &Watched, conf: &UpsmonConf, now: Duration) -> bool {
    let (Some(limit), Some(off)) = (conf.off_duration, ups.off) else { return false };
    off.lasted(limit) && Deadline::after(off.since, limit).passed(now) && off.confirmed(conf.confirm)
}

/// On battery and low. After DEADTIME without an answer nothing more can be confirmed, and the worst is assumed.
fn low_battery(ups: &Watched, conf: &UpsmonConf, now: Duration, dead: bool) -> Option<Cause> {
    let low = ups.low.filter(|low| dead || low.confirmed(conf.confirm));
    let since = match low {
        Some(low) => low.since,
        None if dead => dead_deadline(ups, conf)?.judge,
        None => return None,
    };
    let grace = conf.oblb_duration;
    let lasted = low.is_some_and(|low| low.lasted(grace));
    if !grace.is_zero() && !lasted && !Deadline::after(since, grace).passed(now) {
        return None;
    }
    // The primary needs the time to see everyone else off; a secondary rather waits for its word.
    if !ups.is_primary() && !Deadline::after(ups.last_fine, conf.host_sync).passed(now) {
        return None;
    }
    Some(if low.is_some() { Cause::LowBattery } else { Cause::Dead })
}

/// Whether a UPS whose silence matters has been silent for more than DEADTIME. A poll that has yet to be made, or
/// has only just been, is no silence: POLLFREQ may well be longer than DEADTIME.
fn is_dead(ups: &Watched, conf: &UpsmonConf, now: Duration) -> bool {
    dead_deadline(ups, conf).is_some_and(|dead| dead.passed(now))
}

fn dead_deadline(ups: &Watched, conf: &UpsmonConf) -> Option<Deadline> {
    let has = |word| ups.words.has(word);
    if !(has(Word::OnBattery) || has(Word::ForcedShutdown) || lost_while(ups, conf).is_some()) {
        return None;
    }
    let mut dead = Deadline::after(ups.last_read?, conf.dead_time);
    if ups.link != Link::Lost && !ups.waiting {
        dead.judge = dead.judge.max(ups.asked_at? + patience(conf));
    }
    Some(dead)
}

fn over_deadline(ups: &Watched, conf: &UpsmonConf) -> Option<Deadline> {
    let limit = conf.over_duration.filter(|_| ups.words.has(Word::Overload))?;
    Some(Deadline::after(ups.over_since, limit))
}

/// Everything that time alone could change about `ups`, or that a poll right then could.
pub(super) fn deadlines(ups: &Watched, conf: &UpsmonConf) -> impl Iterator<Item = Deadline> {
    let after = |held: Option<Held>, limit: Option<Duration>| Some(Deadline::after(held?.since, limit?));
    let confirm = match conf.confirm {
        Confirm::Polls(_) => None,
        Confirm::Time(time) => Some(time),
    };
    let since = ups.low.map(|low| low.since).or_else(|| Some(dead_deadline(ups, conf)?.judge));
    let grace = Some(conf.oblb_duration).filter(|grace| !grace.is_zero() && ups.words.has(Word::OnBattery));
    [
        dead_deadline(ups, conf),
        over_deadline(ups, conf).filter(|_| ups.link == Link::Lost),
        after(ups.off, conf.off_duration),
        after(ups.on_batt, conf.on_batt_shutdown),
        since.zip(grace).map(|(since, grace)| Deadline::after(since, grace)),
        since.filter(|_| !ups.is_primary()).map(|_| Deadline::after(ups.last_fine, conf.host_sync)),
    ]
    .into_iter()
    .chain([ups.off, ups.low, ups.low_charge].map(move |held| after(held, confirm)))
    .flatten()
}
