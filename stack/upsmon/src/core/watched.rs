//! One UPS: what was last read of it, and the notices that follow.

use std::time::Duration;

use outage_config::{Confirm, Monitor, MonitorRole, NotifyType, UpsmonConf};

use super::action::{Action, LoginError, LoginStep, MonitorId, PollError, Priority};
use super::held::{Held, Sight};
use super::notice;
use super::status::{self, Parsed, Reading, Word, Words};

/// How long a refused login rests before it is tried again.
const LOGIN_RETRY: Duration = Duration::from_secs(30);

/// Whether the UPS answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// No poll has ended yet.
    Unknown,
    /// The last poll failed.
    Lost,
    /// The last poll read a status.
    Up,
}

/// A MONITOR line and what is known about its UPS.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) id: MonitorId,
    pub(super) conf: Monitor,
    pub(super) link: Link,
    /// Whether any poll since the start read a status.
    pub(super) ever_read: bool,
    /// Words of the last status read.
    pub(super) words: Words,
    /// When the last status was read.
    pub(super) last_read: Option<Duration>,
    /// When the last status was read that was not on battery and low, or the first one that was.
    pub(super) last_fine: Duration,
    /// OFF.
    pub(super) off: Option<Held>,
    /// On battery and low; like the next two, not while it calibrates.
    pub(super) low: Option<Held>,
    /// On battery.
    pub(super) on_batt: Option<Held>,
    /// On battery, and the charge at or below CHARGESHUTDOWN.
    pub(super) low_charge: Option<Held>,
    /// A poll is under way since then.
    pub(super) asked_at: Option<Duration>,
    /// That poll began before the machine slept: its answer is about another time.
    pub(super) outdated: bool,
    /// upsd answers, but has nothing from the driver yet (`WAIT`).
    pub(super) waiting: bool,
    pub(super) over_since: Duration,
    /// FSD is an order: not one that was there already when this upsmon came, or that mains have outlived.
    fsd_ordered: bool,
    /// FSD beside OL in every poll since then.
    fsd_calm_since: Option<Duration>,
    /// A status was read since the start, or since the machine slept.
    known: bool,
    said_no_charge: bool,
    alarm: String,
    alarm_known: bool,
    other: String,
    said_rb: Option<Duration>,
    said_no_comm: Option<Duration>,
    failures: u32,
    last_failure: Option<PollError>,
    login_complaint: Option<LoginError>,
    login_retry: Option<Duration>,
}

impl Watched {
    pub(super) fn new(id: MonitorId, conf: Monitor, now: Duration) -> Self {
        Self {
            id,
            conf,
            link: Link::Unknown,
            ever_read: false,
            words: Words::default(),
            last_read: None,
            last_fine: now,
            asked_at: None,
            outdated: false,
            waiting: false,
            off: None,
            low: None,
            on_batt: None,
            low_charge: None,
            over_since: now,
            fsd_ordered: false,
            fsd_calm_since: None,
            known: false,
            said_no_charge: false,
            alarm: String::new(),
            alarm_known: false,
            other: String::new(),
            said_rb: None,
            said_no_comm: None,
            failures: 0,
            last_failure: None,
            login_complaint: None,
            login_retry: None,
        }
    }

    /// The same UPS, with other words in its MONITOR line that change nothing about its connection.
    pub(super) fn with_conf(self, conf: Monitor) -> Self {
        Self { conf, ..self }
    }

    /// The same UPS by another login: what is known of it stays true.
    pub(super) fn reopened(self, id: MonitorId, conf: Monitor) -> Self {
        Self { id, conf, asked_at: None, outdated: false, login_complaint: None, login_retry: None, ..self }
    }

    /// Forgets what was read, as after a sleep of the machine: none of it is true any more.
    pub(super) fn forget(&mut self, now: Duration) {
        self.link = Link::Unknown;
        self.words = Words::default();
        self.ever_read = false;
        self.last_fine = now;
        (self.off, self.low, self.on_batt, self.low_charge) = (None, None, None, None);
        (self.fsd_ordered, self.fsd_calm_since, self.known) = (false, None, false);
        self.waiting = false;
        self.alarm.clear();
        self.alarm_known = false;
        self.other.clear();
        self.outdated = self.asked_at.is_some();
    }

    pub(super) fn is_primary(&self) -> bool {
        self.conf.role == MonitorRole::Primary
    }

    /// Whether it is worth looking more often.
    pub(super) fn is_alert(&self) -> bool {
        self.words.has(Word::OnBattery) || self.words.has(Word::Off)
    }

    /// Whether a poll that begins now should be preceded by another try to log in.
    pub(super) fn login_due(&mut self, now: Duration) -> bool {
        let due = self.login_retry.is_some_and(|at| at <= now);
        if due {
            self.login_retry = None;
        }
        due
    }

    /// A poll ended.
    pub(super) fn polled(
        &mut self,
        result: Result<Reading, PollError>,
        conf: &UpsmonConf,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        self.asked_at = None;
        match result {
            Ok(reading) => self.read(&reading, conf, now, out),
            Err(error) => self.failed(error, conf, now, out),
        }
    }

    fn say(&self, kind: NotifyType, extra: Option<&str>, conf: &UpsmonConf, out: &mut Vec<Action>) {
        let args: Vec<&str> = std::iter::once(self.conf.system.as_str()).chain(extra).collect();
        out.push(notice::notify(conf, kind, &self.conf.system, &args));
    }

    fn failed(&mut self, error: PollError, conf: &UpsmonConf, now: Duration, out: &mut Vec<Action>) {
        self.waiting = false;
        self.fsd_calm_since = None;
        self.log_failure(&error, conf.poll_fail_log_throttle, out);
        if self.link != Link::Lost {
            self.link = Link::Lost;
            self.say(NotifyType::CommBad, None, conf, out);
            return;
        }
        let limit = conf.no_comm_warn_time;
        let silent = self.last_read.is_none_or(|at| now.saturating_sub(at) >= limit);
        if silent && self.said_no_comm.is_none_or(|at| now.saturating_sub(at) > limit) {
            self.said_no_comm = Some(now);
            self.say(NotifyType::NoComm, None, conf, out);
        }
    }

    /// POLLFAIL_LOG_THROTTLE_MAX: below zero every failure, 0 when it is another one, n every n-th.
    fn log_failure(&mut self, error: &PollError, throttle: i32, out: &mut Vec<Action>) {
        let changed = self.last_failure.as_ref() != Some(error);
        self.failures = if changed { 0 } else { self.failures.saturating_add(1) };
        let wanted = match u32::try_from(throttle) {
            Err(_) => true,
            Ok(0) => changed,
            Ok(every) => self.failures.is_multiple_of(every),
        };
        if wanted {
            let system = &self.conf.system;
            let text = match error {
                PollError::Connect(_) => format!("UPS [{system}]: {error}"),
                _ => format!("Poll UPS [{system}] failed - {error}"),
            };
            out.push(Action::Log(Priority::Error, text));
        }
        if changed {
            self.last_failure = Some(error.clone());
        }
    }

    fn read(&mut self, reading: &Reading, conf: &UpsmonConf, now: Duration, out: &mut Vec<Action>) {
        let parsed = status::parse(reading);
        if reading.status.trim().is_empty() {
            return self.failed(PollError::Empty, conf, now, out);
        }
        if !parsed.says_something {
            // The driver has said nothing yet: neither news nor a failure.
            self.waiting = true;
            self.fsd_calm_since = None;
            return;
        }
        self.waiting = false;
        self.last_read = Some(now);
        self.failures = 0;
        self.last_failure = None;
        self.said_no_comm = None;
        if self.link == Link::Lost {
            self.say(NotifyType::CommOk, None, conf, out);
        }
        self.link = Link::Up;

        let before = self.words;
        let words = self.next_words(before, parsed.words);
        self.words = words;
        self.say_ended(before, words, conf, out);
        self.say_begun(before, &parsed.order, reading, conf, now, out);
        match (parsed.other.as_str(), self.other.as_str()) {
            ("", "") => {}
            ("", _) => self.say(NotifyType::NotOther, None, conf, out),
            (now, before) if now != before => self.say(NotifyType::Other, Some(now), conf, out),
            _ => {}
        }
        self.hold(before, &parsed, conf, now, out);
        self.hold_fsd(before, &parsed, conf, now, out);
        self.other = parsed.other;
        self.ever_read |= words.has(Word::OnLine) || words.has(Word::OnBattery);
        self.known = true;
    }

    /// What this reading says of the states that may become critical.
    fn hold(
        &mut self,
        before: Words,
        parsed: &Parsed,
        conf: &UpsmonConf,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let words = self.words;
        let low = |words: Words| words.has(Word::OnBattery) && words.has(Word::LowBattery);
        let calibrating = words.has(Word::Calibrating);
        if !low(words) || calibrating || !low(before) {
            self.last_fine = now;
        }
        // A calibration drains the battery on purpose: whatever else it may be in, it does not tell.
        let sight = |seen: Option<bool>| match seen {
            Some(true) if calibrating => Sight::Unclear,
            None => Sight::Unclear,
            Some(seen) => Sight::of(seen),
        };
        let on_batt = words.has(Word::OnBattery);
        let low_charge = match conf.charge_shutdown.filter(|_| on_batt) {
            None => Some(false),
            Some(limit) => parsed.charge.map(|percent| percent <= f64::from(limit)),
        };
        let begins = self.low.is_none() && self.low_charge.is_none();
        self.off = Held::next(self.off, Sight::of(words.has(Word::Off)), now);
        self.on_batt = Held::next(self.on_batt, sight(Some(on_batt)), now);
        self.low = Held::next(self.low, sight(Some(low(words))), now);
        self.low_charge = Held::next(self.low_charge, sight(low_charge), now);

        let system = &self.conf.system;
        if low_charge.is_none() && !std::mem::replace(&mut self.said_no_charge, true) {
            let text = format!("CHARGESHUTDOWN is of no use: UPS [{system}] does not tell battery.charge");
            out.push(Action::Log(Priority::Warning, text));
        }
        if begins && (self.low.is_some() || self.low_charge.is_some()) && conf.confirm != Confirm::Polls(1) {
            let text = format!("UPS [{system}] is critical as it seems; that has to be confirmed (CONFIRM)");
            out.push(Action::Log(Priority::Warning, text));
        }
    }

    /// Whether an FSD is an order. upsd holds an FSD until it is restarted; what it says beside OL may be left over.
    fn hold_fsd(
        &mut self,
        before: Words,
        parsed: &Parsed,
        conf: &UpsmonConf,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let calm = parsed.words.has(Word::OnLine) && parsed.fsd_by_server;
        if !self.words.has(Word::ForcedShutdown) {
            (self.fsd_ordered, self.fsd_calm_since) = (false, None);
            return;
        }
        if !calm {
            (self.fsd_ordered, self.fsd_calm_since) = (true, None);
            return;
        }
        let ordered = self.fsd_ordered;
        self.fsd_ordered |= self.known && !before.has(Word::ForcedShutdown);
        let since = *self.fsd_calm_since.get_or_insert(now);
        let Some(limit) = conf.fsd_clear else { return };
        if now.saturating_sub(since) >= limit {
            self.fsd_ordered = false;
        }
        if (ordered || !self.known) && !self.fsd_ordered {
            let system = &self.conf.system;
            let text =
                format!("UPS [{system}] says FSD, but is on line power: taken for left over (FSDCLEAR)");
            out.push(Action::Log(Priority::Warning, text));
        }
    }

    /// Whether the FSD that was read is to be obeyed.
    pub(super) fn is_ordered(&self, conf: &UpsmonConf) -> bool {
        self.words.has(Word::ForcedShutdown) && (conf.fsd_clear.is_none() || self.fsd_ordered)
    }

    /// OL and OB end each other only: a status with neither of them leaves the line state as it was.
    fn next_words(&self, before: Words, mut now: Words) -> Words {
        if !now.has(Word::OnLine) && !now.has(Word::OnBattery) {
            now.set(Word::OnLine, before.has(Word::OnLine));
            now.set(Word::OnBattery, before.has(Word::OnBattery));
        }
        now
    }

    fn say_ended(&self, before: Words, now: Words, conf: &UpsmonConf, out: &mut Vec<Action>) {
        for (word, kind) in [
            (Word::Calibrating, NotifyType::NotCal),
            (Word::Off, NotifyType::NotOff),
            (Word::Bypass, NotifyType::NotBypass),
            (Word::Alarm, NotifyType::NotAlarm),
            (Word::Overload, NotifyType::NotOver),
            (Word::Trim, NotifyType::NotTrim),
            (Word::Boost, NotifyType::NotBoost),
            (Word::Eco, NotifyType::NotEco),
        ] {
            if before.has(word) && !now.has(word) {
                self.say(kind, None, conf, out);
            }
        }
    }

    /// Notices of what this reading brought, in the order of its words.
    fn say_begun(
        &mut self,
        before: Words,
        order: &[Word],
        reading: &Reading,
        conf: &UpsmonConf,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let words = self.words;
        if !words.has(Word::Alarm) {
            self.alarm.clear();
            self.alarm_known = false;
        }
        for word in order.iter().copied().filter(|word| words.has(*word)) {
            let begun = !before.has(word);
            let kind = match word {
                // The first OL after the start is what everyone hopes for, and no news.
                Word::OnLine if !self.ever_read => continue,
                Word::OnLine => NotifyType::Online,
                Word::ReplaceBattery => {
                    self.say_replace(conf, now, out);
                    continue;
                }
                Word::Alarm => {
                    self.say_alarm(reading.alarm.as_deref().unwrap_or(""), conf, out);
                    continue;
                }
                Word::OnBattery => NotifyType::OnBatt,
                Word::LowBattery => NotifyType::LowBatt,
                Word::Calibrating => NotifyType::Cal,
                Word::Off => NotifyType::Off,
                Word::Bypass => NotifyType::Bypass,
                Word::Eco => NotifyType::Eco,
                Word::Overload => NotifyType::Over,
                Word::Trim => NotifyType::Trim,
                Word::Boost => NotifyType::Boost,
                Word::ForcedShutdown => NotifyType::Fsd,
            };
            if begun && word == Word::Overload {
                self.over_since = now;
            }
            if begun {
                self.say(kind, None, conf, out);
            }
        }
    }

    fn say_replace(&mut self, conf: &UpsmonConf, now: Duration, out: &mut Vec<Action>) {
        if self.said_rb.is_none_or(|at| now.saturating_sub(at) > conf.rb_warn_time) {
            self.said_rb = Some(now);
            self.say(NotifyType::ReplBatt, None, conf, out);
        }
    }

    fn say_alarm(&mut self, text: &str, conf: &UpsmonConf, out: &mut Vec<Action>) {
        if !self.alarm_known || text != self.alarm {
            self.say(NotifyType::Alarm, Some(text), conf, out);
            self.alarm_known = true;
            text.clone_into(&mut self.alarm);
        }
    }

    /// A login was tried. What was refused is said once, together with what is missing and where; then it is tried again
    /// from time to time, since upsd may be told better by its administrator.
    pub(super) fn logged_in(&mut self, result: Result<(), LoginError>, now: Duration, out: &mut Vec<Action>) {
        let system = &self.conf.system;
        let error = match result {
            Ok(()) => {
                self.login_retry = None;
                if self.login_complaint.take().is_some() {
                    out.push(Action::Log(Priority::Notice, format!("Login on UPS [{system}] succeeded")));
                }
                return;
            }
            Err(error) => error,
        };
        self.login_retry = Some(now + LOGIN_RETRY);
        if self.login_complaint.as_ref() == Some(&error) {
            return;
        }
        let answer = &error.answer;
        match error.step {
            LoginStep::Login => out.push(Action::Log(
                Priority::Error,
                format!("Login on UPS [{system}] failed - got [{answer}]"),
            )),
            LoginStep::Primary => {
                out.push(Action::Log(
                    Priority::Alert,
                    format!("Primary managerial privileges unavailable on UPS [{system}]"),
                ));
                out.push(Action::Log(Priority::Alert, format!("Response: [{answer}]")));
            }
        }
        if answer.contains("ACCESS-DENIED") {
            out.push(Action::Log(Priority::Error, self.login_hint(error.step)));
        }
        self.login_complaint = Some(error);
    }

    fn login_hint(&self, step: LoginStep) -> String {
        let Monitor { user, host, .. } = &self.conf;
        let role = if self.is_primary() { "primary" } else { "secondary" };
        let else_ = match step {
            LoginStep::Login => ", or the password differs",
            LoginStep::Primary => "",
        };
        format!(
            "user {user} has no 'upsmon {role}' in upsd.users on {host}{else_}; the UPS is watched all the same, \
             but upsd does not count this machine in, and the login is tried again"
        )
    }
}
