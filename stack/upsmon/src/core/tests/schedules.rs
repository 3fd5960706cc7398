//! Random configurations, and servers that answer whatever they like, whenever they like: what must hold all the same.

use std::collections::{BTreeMap, BTreeSet};

use outage_config::Confirm;
use quickcheck::{Arbitrary, Gen, QuickCheck};

use super::oracle::{History, View};
use super::*;

/// How many schedules are played.
const SCHEDULES: u64 = 10_000;

/// How long one is, in seconds.
const LENGTH: u64 = 130;

const STATUSES: [&str; 34] = [
    "OL",
    "OL",
    "OL CHRG",
    "OB",
    "OB",
    "OB DISCHRG",
    "OB LB",
    "OB LB",
    "LB OB",
    "OL LB",
    "LB",
    "OL CAL",
    "OB CAL",
    "OB LB CAL",
    "OL RB",
    "OFF",
    "OL OFF",
    "OB OFF",
    "BYPASS",
    "OL BYPASS",
    "OL ALARM",
    "ALARM OB",
    "OL OVER",
    "OL TRIM",
    "FSD OL",
    "FSD OL",
    "FSD OB LB",
    "OL FSD",
    "FSD OL FSD",
    "FSD WAIT",
    "WAIT",
    "",
    "LBX OBX",
    "OL TEST",
];

/// What a UPS's server does with a poll.
#[derive(Clone, Debug)]
enum Say {
    /// A status, a charge, and after how many milliseconds.
    Status(&'static str, Option<u8>, u64),
    Error(&'static str),
    /// Nothing: the connection is given up after 5 s.
    Timeout,
    /// Nothing, and nobody gives up.
    Mute,
}

/// What is asked in the course of a shutdown, and the answer after this many milliseconds; `None`: there is none.
type Reply<T> = Option<(Result<T, String>, u64)>;

/// What is said from the start for so many seconds, and after that.
type Life = Vec<(Say, u64)>;

/// One run of everything.
#[derive(Clone, Debug)]
struct Schedule {
    /// Which of each directive's values; 0 is NUT's default.
    picks: [u8; SETTINGS],
    min_supplies: u32,
    /// Whether primary, the power value, and what its server says.
    monitors: Vec<(bool, u32, Life)>,
    /// Answers to NUMLOGINS from each second on.
    logins: Vec<(Reply<u32>, u64)>,
    fsd: Reply<()>,
    login_refused: bool,
    /// The machine sleeps: from when, how long.
    sleep: Option<(u64, u64)>,
    /// SIGUSR1
    order: Option<u64>,
}

const SETTINGS: usize = 14;

/// Sets the `pick`th value of the `which`th directive.
fn setting(conf: &mut UpsmonConf, which: usize, pick: u8) {
    let pick = usize::from(pick);
    let of = |values: &[u64]| secs(values[pick % values.len()]);
    let or_never = |values: &[Option<u64>]| values[pick % values.len()].map(secs);
    match which {
        0 => conf.poll_freq = of(&[5, 1, 3, 8, 20]),
        1 => conf.poll_freq_alert = of(&[5, 1, 2, 8, 20]),
        2 => conf.dead_time = of(&[15, 0, 4, 9, 30]),
        3 => conf.host_sync = of(&[15, 0, 3, 30]),
        4 => conf.final_delay = of(&[5, 0, 2]),
        5 => conf.off_duration = or_never(&[Some(30), None, Some(0), Some(7)]),
        6 => conf.over_duration = or_never(&[None, Some(0), Some(6)]),
        7 => conf.oblb_duration = of(&[0, 0, 7, 12]),
        8 => conf.alarm_critical = pick.is_multiple_of(2),
        9 => conf.compat_nut = pick % 3 == 1,
        10 => {
            let choices = [Confirm::Polls(1), Confirm::Polls(1), Confirm::Polls(2), Confirm::Polls(4)];
            let times = [Confirm::Time(Duration::from_millis(500)), Confirm::Time(secs(9))];
            conf.confirm = *choices.iter().chain(&times).nth(pick % 6).expect("one of six");
        }
        11 => conf.on_batt_shutdown = or_never(&[None, None, Some(10), Some(31)]),
        12 => conf.charge_shutdown = (pick % 3 == 1).then_some(20),
        _ => conf.fsd_clear = or_never(&[None, Some(10), Some(25)]),
    }
}

fn pick<T: Clone>(g: &mut Gen, from: &[T]) -> T {
    g.choose(from).expect("not empty").clone()
}

fn chance(g: &mut Gen, one_in: u8) -> bool {
    u8::arbitrary(g).is_multiple_of(one_in)
}

fn say(g: &mut Gen) -> Say {
    match u8::arbitrary(g) % 16 {
        0 => Say::Error("-"),
        1 => Say::Error("stale"),
        2 => Say::Timeout,
        3 if chance(g, 4) => Say::Mute,
        _ => {
            let charge = pick(g, &[None, Some(5), Some(20), Some(21), Some(90)]);
            Say::Status(pick(g, &STATUSES), charge, pick(g, &[0, 0, 0, 20, 700, 4900, 7000]))
        }
    }
}

fn reply<T: Clone>(g: &mut Gen, values: &[T]) -> Reply<T> {
    let late = pick(g, &[0, 0, 3, 100, 1900]);
    match u8::arbitrary(g) % 8 {
        0 => None,
        1 => Some((Err("ERR ACCESS-DENIED".into()), late)),
        _ => Some((Ok(pick(g, values)), late)),
    }
}

impl Arbitrary for Schedule {
    fn arbitrary(g: &mut Gen) -> Self {
        let mut picks = [0; SETTINGS];
        for pick in &mut picks {
            if chance(g, 3) {
                *pick = u8::arbitrary(g);
            }
        }
        let count = 1 + u8::arbitrary(g) % 4;
        let monitors: Vec<_> = (0..count)
            .map(|_| {
                let stretches = 1 + u8::arbitrary(g) % 7;
                let life = (0..stretches).map(|_| (say(g), u64::arbitrary(g) % 30)).collect();
                (bool::arbitrary(g), pick(g, &[1, 1, 1, 2, 0]), life)
            })
            .collect();
        let all: u32 = monitors.iter().map(|(_, value, _)| value).sum();
        let logins = (0..3).map(|_| (reply(g, &[0, 1, 1, 2, 3]), u64::arbitrary(g) % 20)).collect();
        Self {
            picks,
            min_supplies: if chance(g, 8) { 0 } else { 1 + u32::arbitrary(g) % all.max(1) },
            monitors,
            logins,
            fsd: reply(g, &[()]),
            login_refused: chance(g, 6),
            sleep: chance(g, 8).then(|| (u64::arbitrary(g) % 80, 30 + u64::arbitrary(g) % 40)),
            order: chance(g, 20).then(|| u64::arbitrary(g) % 80),
        }
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        let mut smaller = Vec::new();
        for at in 0..self.monitors.len() {
            if self.monitors.len() > 1 {
                let mut less = self.clone();
                less.monitors.remove(at);
                smaller.push(less);
            }
            for stretch in 0..self.monitors[at].2.len() {
                let mut less = self.clone();
                less.monitors[at].2.remove(stretch);
                if !less.monitors[at].2.is_empty() {
                    smaller.push(less);
                }
                let mut shorter = self.clone();
                shorter.monitors[at].2[stretch].1 /= 2;
                if self.monitors[at].2[stretch].1 > 0 {
                    smaller.push(shorter);
                }
            }
        }
        for at in (0..SETTINGS).filter(|at| self.picks[*at] != 0) {
            let mut less = self.clone();
            less.picks[at] = 0;
            smaller.push(less);
        }
        if self.sleep.is_some() || self.order.is_some() || self.login_refused {
            smaller.push(Self { sleep: None, ..self.clone() });
            smaller.push(Self { order: None, login_refused: false, ..self.clone() });
        }
        if self.min_supplies > 1 {
            smaller.push(Self { min_supplies: self.min_supplies - 1, ..self.clone() });
        }
        let same = format!("{self:?}");
        Box::new(smaller.into_iter().filter(move |less| format!("{less:?}") != same))
    }
}

impl Schedule {
    fn conf(&self) -> UpsmonConf {
        let names = ["a", "b", "c", "d"];
        let lines: Vec<String> = (names.iter().zip(&self.monitors))
            .map(|(name, (primary, value, _))| {
                format!("{name} {} {value}", if *primary { "primary" } else { "secondary" })
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut conf = UpsmonConf { min_supplies: self.min_supplies, ..conf(&lines) };
        for (which, pick) in self.picks.into_iter().enumerate() {
            setting(&mut conf, which, pick);
        }
        conf
    }
}

/// What is said at `now`: the last one stays.
fn current<T>(life: &[(T, u64)], now: Duration) -> &T {
    let mut until = 0;
    for (what, length) in life {
        until += length;
        if now < secs(until) {
            return what;
        }
    }
    &life.last().expect("not empty").0
}

/// How far the shutdown is, as seen from outside.
#[derive(Default)]
struct Course {
    begun: Option<Duration>,
    ordered: bool,
    /// UPSes that were told FSD.
    told: BTreeSet<MonitorId>,
    /// The last answers to NUMLOGINS.
    counts: BTreeMap<MonitorId, u32>,
    said: Option<Duration>,
    flag: bool,
    ran: Option<Duration>,
}

struct Play<'a> {
    schedule: &'a Schedule,
    conf: UpsmonConf,
    core: Core,
    now: Duration,
    wake: Duration,
    queue: BTreeMap<(Duration, u64), Event>,
    posted: u64,
    histories: Vec<History>,
    /// Polls that were asked before a sleep.
    outdated: BTreeSet<MonitorId>,
    course: Course,
    slept: bool,
    ended: bool,
    /// Steps since the time went on.
    idle: u32,
}

impl<'a> Play<'a> {
    fn run(schedule: &'a Schedule) -> Result<bool, String> {
        let conf = schedule.conf();
        let (core, actions) = Core::start(conf.clone(), Duration::ZERO);
        let histories = vec![History::default(); schedule.monitors.len()];
        let mut play = Self {
            schedule,
            conf,
            core,
            now: Duration::ZERO,
            wake: Duration::ZERO,
            queue: BTreeMap::new(),
            posted: 0,
            histories,
            outdated: BTreeSet::new(),
            course: Course::default(),
            slept: false,
            ended: false,
            idle: 0,
        };
        if let Some(at) = schedule.order {
            play.post(secs(at), Event::ForceShutdown);
        }
        if schedule.login_refused {
            let error = LoginError { step: LoginStep::Login, answer: "ERR ACCESS-DENIED".into() };
            play.post(secs(1), Event::LoggedIn(MonitorId(0), Err(error)));
        }
        play.perform(actions)?;
        while !play.ended && play.step()? {}
        Ok(play.course.ran.is_some())
    }

    fn post(&mut self, after: Duration, event: Event) {
        self.posted += 1;
        self.queue.insert((self.now + after, self.posted), event);
    }

    /// The next thing that happens. `false`: the time is over.
    fn step(&mut self) -> Result<bool, String> {
        let first = self.queue.keys().next().copied();
        let timer = first.is_none_or(|(at, _)| self.wake < at);
        let mut at = if timer { self.wake } else { first.map_or(self.wake, |(at, _)| at) }.max(self.now);
        if at > secs(LENGTH) {
            return Ok(false);
        }
        let mut asleep = false;
        if let Some((from, length)) = self.schedule.sleep.filter(|_| !self.slept)
            && at >= secs(from)
        {
            // Whatever would have happened meanwhile happens late.
            (self.slept, asleep) = (true, true);
            at = at.max(secs(from + length));
        }
        let watching = self.course.begun.is_none();
        if watching && !asleep {
            self.check_waiting(at)?;
        }
        self.idle = if at > self.now { 0 } else { self.idle + 1 };
        if self.idle > 1000 {
            return Err(format!("{at:?}: the time does not go on"));
        }
        self.now = at;
        let event = match first {
            Some(key) if !timer => self.queue.remove(&key).unwrap_or(Event::Timer),
            _ => Event::Timer,
        };
        if let Event::Logins(id, Ok(count)) = &event {
            self.course.counts.insert(*id, *count);
        } else if let Event::Logins(id, Err(_)) = &event {
            self.course.counts.insert(*id, 0);
        }
        self.course.ordered |= event == Event::ForceShutdown;
        let actions = self.core.handle(self.now, event.clone());
        let jumped = actions.iter().any(|action| {
            matches!(action, Action::Notify { kind: NotifyType::SuspendTimeJumpUnexpected, .. })
        });
        if jumped && !asleep {
            return Err(format!("{:?}: a jump of the time that was none", self.now));
        }
        if watching && asleep && !jumped {
            return Err(format!("{:?}: slept on after a sleep", self.now));
        }
        if jumped {
            for (at, history) in (0..).zip(&mut self.histories) {
                if history.asked.is_some() {
                    self.outdated.insert(MonitorId(at));
                }
                history.forget(self.now);
            }
        }
        if let Event::Polled(id, answer) = &event {
            let history = &mut self.histories[id.0 as usize];
            if self.outdated.remove(id) {
                (history.asked, history.last_poll) = (None, self.now);
            } else {
                history.answered(self.now, answer);
            }
        }
        self.perform(actions)?;
        Ok(true)
    }

    /// Supplies that are left, by the oracle.
    fn supplies(&self, now: Duration, view: View) -> u32 {
        (self.histories.iter().zip(&self.schedule.monitors))
            .filter(|(history, (primary, ..))| !history.critical(&self.conf, *primary, now, view))
            .map(|(_, (_, value, _))| value)
            .sum()
    }

    /// Nothing may be overdue just before `at`.
    fn check_waiting(&self, at: Duration) -> Result<(), String> {
        let supplies = self.supplies(at, View::Must);
        if supplies < self.conf.min_supplies {
            return Err(format!("still up before {at:?}, with {supplies} supplies: {:#?}", self.histories));
        }
        let alert = self.histories.iter().any(History::is_alert);
        let slow = if alert { self.conf.poll_freq_alert } else { self.conf.poll_freq };
        for history in self.histories.iter().filter(|history| history.asked.is_none()) {
            if at > history.last_poll + slow {
                return Err(format!("not asked for more than {slow:?} before {at:?}"));
            }
        }
        Ok(())
    }

    fn primaries(&self) -> BTreeSet<MonitorId> {
        let primary = |(at, (primary, ..)): (u32, &(bool, u32, _))| primary.then_some(MonitorId(at));
        (0..).zip(&self.schedule.monitors).filter_map(primary).collect()
    }

    /// A shutdown begins: there has to be a reason, in what was read.
    fn begin(&mut self) -> Result<(), String> {
        if self.course.begun.is_some() {
            return Ok(());
        }
        self.course.begun = Some(self.now);
        let supplies = self.supplies(self.now, View::May);
        if supplies >= self.conf.min_supplies && !self.course.ordered {
            return Err(format!(
                "a shutdown at {:?} without a cause, {supplies} supplies are left: {:#?}",
                self.now, self.histories
            ));
        }
        Ok(())
    }

    fn perform(&mut self, actions: Vec<Action>) -> Result<(), String> {
        let now = self.now;
        for (place, action) in actions.iter().enumerate() {
            match action {
                Action::WakeAt(at) => self.wake = *at,
                Action::Poll(id) => self.poll(*id)?,
                Action::SetFsd(id) => {
                    self.begin()?;
                    if !self.course.told.insert(*id) || !self.primaries().contains(id) {
                        return Err(format!("{now:?}: FSD of {id:?} is not to be set, or is already"));
                    }
                    if let Some((result, late)) = self.schedule.fsd.clone() {
                        self.post(Duration::from_millis(late), Event::FsdSet(*id, result));
                    }
                }
                Action::QueryLogins(id) => {
                    if let Some((result, late)) = current(&self.schedule.logins, now).clone() {
                        self.post(Duration::from_millis(late), Event::Logins(*id, result));
                    }
                }
                Action::Notify { kind: NotifyType::Shutdown, .. } => {
                    self.begin()?;
                    self.check_alone()?;
                    if self.course.said.replace(now).is_some() {
                        return Err(format!("{now:?}: SHUTDOWN is said twice"));
                    }
                }
                Action::WritePowerDownFlag(_) => {
                    let again = std::mem::replace(&mut self.course.flag, true);
                    if again || self.course.ran.is_some() {
                        return Err(format!("{now:?}: the flag is written too often or too late"));
                    }
                }
                Action::RunShutdown(_) => {
                    let due = self.course.said.map(|at| at + self.conf.final_delay);
                    let in_time = due.is_some_and(|due| due == now || due < now && self.slept);
                    if self.course.ran.replace(now).is_some() || !self.course.flag || !in_time {
                        return Err(format!(
                            "{now:?}: the command, action {place} of {actions:?}; due {due:?}"
                        ));
                    }
                    self.post(Duration::ZERO, Event::ShutdownRan(Ok(())));
                }
                Action::Exit(_) => self.ended = true,
                _ => {}
            }
        }
        self.check_course()
    }

    fn poll(&mut self, id: MonitorId) -> Result<(), String> {
        let history = &mut self.histories[id.0 as usize];
        if history.asked.replace(self.now).is_some() {
            return Err(format!("{:?}: {id:?} is asked while it is asked", self.now));
        }
        history.last_poll = self.now;
        let life = &self.schedule.monitors[id.0 as usize].2;
        let (answer, late) = match current(life, self.now) {
            Say::Mute => return Ok(()),
            Say::Timeout => (Err(PollError::Lost("the server does not answer".into())), 5000),
            Say::Error("-") => (Err(PollError::Connect("refused".into())), 0),
            Say::Error(_) => (Err(PollError::Refused("DATA-STALE".into())), 0),
            Say::Status(status, charge, late) => {
                let charge = charge.map(|percent| percent.to_string());
                (Ok(Reading { charge, ..Reading::status(status) }), *late)
            }
        };
        self.post(Duration::from_millis(late), Event::Polled(id, answer));
        Ok(())
    }

    /// A primary goes when all others have gone, or HOSTSYNC is over. Whoever is primary of nothing just goes.
    fn check_alone(&self) -> Result<(), String> {
        let (primaries, course) = (self.primaries(), &self.course);
        let begun = course.begun.unwrap_or_default();
        if primaries != course.told {
            return Err(format!("{:?}: FSD is set of {:?} only", self.now, course.told));
        }
        let alone = |id: &MonitorId| course.counts.get(id).is_some_and(|count| *count <= 1);
        if primaries.iter().all(alone) || self.now >= begun + self.conf.host_sync {
            return Ok(());
        }
        Err(format!("{:?}: leaves its secondaries behind: {:?}", self.now, course.counts))
    }

    /// What has begun ends in time.
    fn check_course(&self) -> Result<(), String> {
        let Course { begun, said, ran, .. } = &self.course;
        let late = |since: &Option<Duration>, limit| since.is_some_and(|since| self.now > since + limit);
        if said.is_none() && late(begun, self.conf.host_sync + secs(1)) && !self.slept {
            return Err(format!("{:?}: waits for more than HOSTSYNC", self.now));
        }
        if ran.is_none() && late(said, self.conf.final_delay) && !self.slept {
            return Err(format!("{:?}: waits for more than FINALDELAY", self.now));
        }
        Ok(())
    }
}

/// - No shutdown begins without critical UPSes, by what was read of them.
/// - None that has to begin is put off, whatever the servers do.
/// - FSD on every UPS of a primary, once; then nobody else logged in, or HOSTSYNC; then SHUTDOWN; FINALDELAY later the
///   flag, and after it the command, both once.
/// - Every UPS is asked as often as POLLFREQ and POLLFREQALERT say. After a sleep only new readings count.
#[test]
fn whatever_the_servers_do() {
    fn holds(schedule: Schedule) -> Result<bool, String> {
        Play::run(&schedule).map(|_| true)
    }
    let mut check = QuickCheck::new().tests(SCHEDULES).max_tests(SCHEDULES);
    check.quickcheck(holds as fn(Schedule) -> Result<bool, String>);
}

/// The schedules are worth something: many end in a shutdown, and many do not.
#[test]
fn schedules_of_both_kinds() {
    let mut g = Gen::new(50);
    let ran = (0..400).filter(|_| Play::run(&Schedule::arbitrary(&mut g)).unwrap_or(false)).count();
    assert!((80..360).contains(&ran), "{ran} of 400");
}
