//! One UPS: what was last read of it, and the notices that follow.

use std::time::Duration;

use outage_config::{Monitor, MonitorRole, NotifyType, UpsmonConf};

use super::action::{Action, LoginError, LoginStep, MonitorId, PollError, Priority};
use super::notice;
use super::status::{self, Reading, Word, Words};

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
    /// When the last status was read that was not on battery and low.
    pub(super) last_fine: Duration,
    /// A poll is under way since then.
    pub(super) asked_at: Option<Duration>,
    /// That poll began before the machine slept: its answer is about another time.
    pub(super) outdated: bool,
    /// upsd answers, but has nothing from the driver yet (`WAIT`).
    pub(super) waiting: bool,
    pub(super) off_since: Duration,
    pub(super) over_since: Duration,
    pub(super) oblb_since: Option<Duration>,
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
            off_since: now,
            over_since: now,
            oblb_since: None,
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
        self.oblb_since = None;
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
        self.log_failure(&error, conf.poll_fail_log_throttle, out);
        if self.link != Link::Lost {
            self.link = Link::Lost;
            self.say(NotifyType::CommBad, None, conf, out);
            return;
        }
        let long =
            |since: Option<Duration>| since.is_none_or(|at| now.saturating_sub(at) >= conf.no_comm_warn_time);
        if long(self.last_read) && long(self.said_no_comm) {
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
        if parsed.other.is_empty() && !self.other.is_empty() {
            self.say(NotifyType::NotOther, None, conf, out);
        }
        self.say_begun(before, words, conf, now, out);
        self.say_alarm(words, reading.alarm.as_deref().unwrap_or(""), conf, out);
        if !parsed.other.is_empty() && parsed.other != self.other {
            self.say(NotifyType::Other, Some(&parsed.other), conf, out);
        }
        self.other = parsed.other;
        self.ever_read |= words.has(Word::OnLine) || words.has(Word::OnBattery);
        if !(words.has(Word::OnBattery) && words.has(Word::LowBattery)) || words.has(Word::Calibrating) {
            self.last_fine = now;
        }
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

    fn say_begun(
        &mut self,
        before: Words,
        words: Words,
        conf: &UpsmonConf,
        now: Duration,
        out: &mut Vec<Action>,
    ) {
        let begun = |word| words.has(word) && !before.has(word);
        // The first OL after the start is what everyone hopes for, and no news.
        if begun(Word::OnLine) && self.ever_read {
            self.say(NotifyType::Online, None, conf, out);
        }
        for (word, kind) in [
            (Word::OnBattery, NotifyType::OnBatt),
            (Word::LowBattery, NotifyType::LowBatt),
            (Word::Calibrating, NotifyType::Cal),
            (Word::Off, NotifyType::Off),
            (Word::Bypass, NotifyType::Bypass),
            (Word::Eco, NotifyType::Eco),
            (Word::Overload, NotifyType::Over),
            (Word::Trim, NotifyType::Trim),
            (Word::Boost, NotifyType::Boost),
            (Word::ForcedShutdown, NotifyType::Fsd),
        ] {
            if begun(word) {
                self.say(kind, None, conf, out);
            }
        }
        if begun(Word::Off) {
            self.off_since = now;
        }
        if begun(Word::Overload) {
            self.over_since = now;
        }
        if words.has(Word::ReplaceBattery)
            && self.said_rb.is_none_or(|at| now.saturating_sub(at) > conf.rb_warn_time)
        {
            self.said_rb = Some(now);
            self.say(NotifyType::ReplBatt, None, conf, out);
        }
    }

    fn say_alarm(&mut self, words: Words, text: &str, conf: &UpsmonConf, out: &mut Vec<Action>) {
        if !words.has(Word::Alarm) {
            self.alarm.clear();
            self.alarm_known = false;
            return;
        }
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
