//! The judgement, fed by hand.

mod limits;
mod notices;
mod oracle;
mod own;
mod properties;
mod schedules;
mod sequence;

use std::collections::BTreeMap;
use std::time::Duration;

use outage_config::{Monitor, MonitorRole, NotifyFlags, NotifyRule, NotifyType, UpsmonConf};

use super::*;

pub(super) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// `name role power-value`, e.g. `a primary 1`.
pub(super) fn monitor(text: &str) -> Monitor {
    let mut words = text.split_whitespace();
    let ups = words.next().expect("a name").to_owned();
    let role = match words.next() {
        Some("secondary") => MonitorRole::Secondary,
        _ => MonitorRole::Primary,
    };
    let power_value = words.next().map_or(1, |word| word.parse().expect("a number"));
    Monitor {
        system: format!("{ups}@h"),
        ups,
        host: "h".into(),
        port: 3493,
        power_value,
        user: "admin".into(),
        password: "secret".into(),
        role,
        line: 1,
    }
}

pub(super) fn conf(monitors: &[&str]) -> UpsmonConf {
    UpsmonConf {
        monitors: monitors.iter().map(|text| monitor(text)).collect(),
        shutdown_cmd: Some("halt".into()),
        powerdown_flag: Some("/flag".into()),
        notify: NotifyType::ALL
            .into_iter()
            .map(|kind| {
                (kind, NotifyRule { message: format!("{kind:?} %s %s"), flags: NotifyFlags::default() })
            })
            .collect(),
        ..UpsmonConf::default()
    }
}

/// One UPS, `a`, and these lines of upsmon.conf, with `; ` between them. FINALDELAY is 0 unless they say otherwise.
pub(super) fn conf_with(role: &str, lines: &str) -> UpsmonConf {
    let text = format!("FINALDELAY 0\n{}\n", lines.replace("; ", "\n"));
    let (read, faults) = outage_config::upsmon_conf("upsmon.conf", text.as_bytes());
    assert!(faults.is_empty(), "{faults:?}");
    let UpsmonConf { monitors, notify, shutdown_cmd, powerdown_flag, .. } = conf(&[&format!("a {role}")]);
    UpsmonConf { monitors, notify, shutdown_cmd, powerdown_flag, ..read }
}

/// Plays what the UPS says from each time on; when the shutdown command runs, or never.
pub(super) fn shutdown_of(conf: UpsmonConf, history: &[(u64, &str)]) -> Option<f64> {
    let mut lab = Lab::new(conf, &[("a", history[0].1)]);
    for (at, answer) in &history[1..] {
        lab.run_until(*at - 1);
        lab.set("a", answer);
        lab.run_until(*at);
    }
    lab.run_until(3600);
    lab.ran_at()
}

/// What a server answers at once.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(Reading),
    Error(PollError),
    /// Nothing, ever.
    Silence,
}

impl From<&str> for Answer {
    /// A status, with a charge as in `OB @35`; `-` is a server that refuses connections, `...` one that never answers, `stale` one with old data.
    fn from(text: &str) -> Self {
        match text {
            "-" => Self::Error(PollError::Connect("refused".into())),
            "..." => Self::Silence,
            "stale" => Self::Error(PollError::Refused("DATA-STALE".into())),
            _ => Self::Status(match text.split_once(" @") {
                Some((status, charge)) => Reading { charge: Some(charge.into()), ..Reading::status(status) },
                None => Reading::status(text),
            }),
        }
    }
}

/// A core, a clock, and servers that answer at once.
pub(super) struct Lab {
    pub(super) core: Core,
    pub(super) now: Duration,
    wake: Duration,
    answers: BTreeMap<String, Answer>,
    /// Logins that `NUMLOGINS` tells.
    pub(super) logins: Option<u32>,
    /// What an FSD command is answered with; `None`: nothing.
    pub(super) fsd: Option<Result<(), String>>,
    pub(super) shutdown: Result<(), String>,
    /// Everything that was done, but for polls: `seconds what`.
    pub(super) done: Vec<String>,
    pub(super) polls: u32,
    pub(super) ended: bool,
}

impl Lab {
    pub(super) fn new(conf: UpsmonConf, answers: &[(&str, &str)]) -> Self {
        let (core, actions) = Core::start(conf, Duration::ZERO);
        let mut lab = Self {
            core,
            now: Duration::ZERO,
            wake: Duration::ZERO,
            answers: BTreeMap::new(),
            logins: Some(1),
            fsd: Some(Ok(())),
            shutdown: Ok(()),
            done: Vec::new(),
            polls: 0,
            ended: false,
        };
        for (ups, answer) in answers {
            lab.set(ups, answer);
        }
        lab.perform(actions);
        lab
    }

    pub(super) fn set(&mut self, ups: &str, answer: &str) {
        self.answers.insert(format!("{ups}@h"), answer.into());
    }

    pub(super) fn set_reading(&mut self, ups: &str, reading: Reading) {
        self.answers.insert(format!("{ups}@h"), Answer::Status(reading));
    }

    pub(super) fn send(&mut self, event: Event) {
        if !self.ended {
            let actions = self.core.handle(self.now, event);
            self.perform(actions);
        }
    }

    fn note(&mut self, text: &str) {
        self.done.push(format!("{} {}", self.now.as_secs_f64(), text.trim()));
    }

    fn perform(&mut self, actions: Vec<Action>) {
        let mut events = Vec::new();
        for action in actions {
            assert!(!self.ended, "nothing may follow the end: {action:?}");
            match action {
                Action::WakeAt(at) => self.wake = at,
                Action::Poll(id) => {
                    self.polls += 1;
                    let system = self.core.monitor(id).expect("a known id").system.clone();
                    match self.answers.get(&system).cloned() {
                        Some(Answer::Status(reading)) => events.push(Event::Polled(id, Ok(reading))),
                        Some(Answer::Error(error)) => events.push(Event::Polled(id, Err(error))),
                        Some(Answer::Silence) | None => {}
                    }
                }
                Action::QueryLogins(id) => {
                    if let Some(count) = self.logins {
                        events.push(Event::Logins(id, Ok(count)));
                    }
                }
                Action::SetFsd(id) => {
                    self.note(&format!("fsd {}", id.0));
                    if let Some(result) = self.fsd.clone() {
                        events.push(Event::FsdSet(id, result));
                    }
                }
                Action::Notify { text, .. } => self.note(&text),
                Action::Log(priority, text) => {
                    if priority <= Priority::Error {
                        self.note(&format!("log: {text}"));
                    }
                }
                Action::Broadcast(_) | Action::Hurry | Action::Open(_) => {}
                Action::Close(id) => self.note(&format!("close {}", id.0)),
                Action::Login(id) => self.note(&format!("login {}", id.0)),
                Action::WritePowerDownFlag(path) => self.note(&format!("flag {path}")),
                Action::RunShutdown(command) => {
                    self.note(&format!("run {command:?}"));
                    events.push(Event::ShutdownRan(self.shutdown.clone()));
                }
                Action::Reread => self.note("reread"),
                Action::Exit(code) => {
                    self.note(&format!("exit {code}"));
                    self.ended = true;
                }
            }
        }
        for event in events {
            self.send(event);
        }
    }

    /// Lets the time run until `at`, through every wake-up.
    pub(super) fn run_until(&mut self, at: u64) {
        let at = secs(at);
        while !self.ended && self.wake <= at {
            assert!(self.wake > self.now || self.now.is_zero(), "the time must go on: {:?}", self.wake);
            self.now = self.wake.max(self.now);
            self.send(Event::Timer);
        }
        self.now = self.now.max(at);
    }

    /// Sets the answer, and lets `seconds` pass.
    pub(super) fn step(&mut self, ups: &str, answer: &str, seconds: u64) {
        self.set(ups, answer);
        self.run_until(self.now.as_secs() + seconds);
    }

    /// What was done since the last call, log lines left out.
    pub(super) fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.done).into_iter().filter(|line| !line.contains(" log: ")).collect()
    }

    /// When the shutdown command ran.
    pub(super) fn ran_at(&self) -> Option<f64> {
        let line = self.done.iter().find(|line| line.contains(" run "))?;
        line.split(' ').next()?.parse().ok()
    }
}
