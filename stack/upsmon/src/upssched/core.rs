//! The timers: what runs, what is over, what is asked.

use std::time::Duration;

/// The most timers at a time, and notices of one: a loop that starts them must not eat the machine.
const MOST: usize = 1000;

/// What upsmon had to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// NOTIFYTYPE
    pub kind: String,
    /// UPSNAME; empty when it is about none.
    pub ups: String,
    /// NOTIFYMSG
    pub text: String,
}

impl Notice {
    /// With blanks in place of control characters: each of these is a part of a line.
    #[must_use]
    pub fn new(kind: &str, ups: &str, text: &str) -> Self {
        let clean = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { kind: clean(kind), ups: clean(ups), text: clean(text) }
    }
}

/// What is asked of the timers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Another timer.
    Start {
        /// Its name.
        name: String,
        /// When it is over.
        after: Duration,
        /// One that runs already under this name is joined.
        shared: bool,
        /// On whose account.
        notice: Notice,
    },
    /// All timers of a name away.
    Cancel {
        /// Their name.
        name: String,
        /// The argument of CMDSCRIPT when there are none.
        command: Option<String>,
        /// Only those that this notice's UPS started.
        matched: bool,
        /// On whose account.
        notice: Notice,
    },
    /// Which are there?
    List,
}

/// A run of CMDSCRIPT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its argument.
    pub argument: String,
    /// What its environment says.
    pub notice: Notice,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It is done; CMDSCRIPT is to run.
    Run(Call),
    /// These are there.
    Timers(Vec<Row>),
    /// There are too many.
    Full,
}

/// A timer, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// How long it still has.
    pub left: Duration,
    /// On whose account it runs, joined.
    pub notice: Notice,
}

#[derive(Clone, Debug)]
struct Timer {
    name: String,
    at: Duration,
    notices: Vec<Notice>,
}

impl Timer {
    /// All notices in one, as NUT joins them: what is said twice, once.
    fn notice(&self) -> Notice {
        let join = |part: fn(&Notice) -> &str, separator: &str| {
            let mut parts: Vec<&str> = Vec::new();
            for text in self.notices.iter().map(part) {
                if !text.is_empty() && !parts.contains(&text) {
                    parts.push(text);
                }
            }
            parts.join(separator)
        };
        Notice {
            kind: join(|notice| &notice.kind, ","),
            ups: join(|notice| &notice.ups, ","),
            text: join(|notice| &notice.text, ".\t"),
        }
    }
}

/// The timers that run. Times are those of one clock that never goes back.
#[derive(Clone, Debug, Default)]
pub struct Timers(Vec<Timer>);

impl Timers {
    /// Whether none runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When the next one is over.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.0.iter().map(|timer| timer.at).min()
    }

    /// Their names, in the order in which they began.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|timer| timer.name.as_str())
    }

    /// Takes out those that are over, the earliest first; of those that end together, the one that began first.
    pub fn due(&mut self, now: Duration) -> Vec<Call> {
        let mut over: Vec<_> = self.0.extract_if(.., |timer| timer.at <= now).collect();
        over.sort_by_key(|timer| timer.at);
        over.into_iter().map(|timer| Call { notice: timer.notice(), argument: timer.name }).collect()
    }

    /// Does what is asked. What is over by `now` is to be taken out before: it is too late to cancel it.
    pub fn ask(&mut self, now: Duration, request: Request) -> Answer {
        match request {
            Request::Start { name, after, shared, notice } => {
                if let Some(timer) = self.0.iter_mut().find(|timer| shared && timer.name == name) {
                    if !timer.notices.contains(&notice) && timer.notices.len() < MOST {
                        timer.notices.push(notice);
                    }
                    return Answer::Done;
                }
                if self.0.len() >= MOST {
                    return Answer::Full;
                }
                self.0.push(Timer { name, at: now + after, notices: vec![notice] });
                Answer::Done
            }
            Request::Cancel { name, command, matched, notice } => {
                let before = self.0.len();
                self.0.retain(|timer| {
                    timer.name != name
                        || matched && !timer.notices.iter().any(|other| other.ups == notice.ups)
                });
                match command {
                    Some(argument) if self.0.len() == before => Answer::Run(Call { argument, notice }),
                    _ => Answer::Done,
                }
            }
            Request::List => Answer::Timers(
                self.0
                    .iter()
                    .map(|timer| Row {
                        name: timer.name.clone(),
                        left: timer.at.saturating_sub(now),
                        notice: timer.notice(),
                    })
                    .collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn notice(ups: &str) -> Notice {
        Notice::new("ONBATT", ups, "on battery")
    }

    fn start(name: &str, seconds: u32, ups: &str) -> Request {
        Request::Start { name: name.to_owned(), after: SECOND * seconds, shared: false, notice: notice(ups) }
    }

    fn join(name: &str, seconds: u32, ups: &str) -> Request {
        Request::Start { name: name.to_owned(), after: SECOND * seconds, shared: true, notice: notice(ups) }
    }

    fn cancel(name: &str, command: Option<&str>, matched: bool, ups: &str) -> Request {
        let command = command.map(str::to_owned);
        Request::Cancel { name: name.to_owned(), command, matched, notice: notice(ups) }
    }

    fn over(timers: &mut Timers, seconds: u32) -> Vec<String> {
        timers.due(SECOND * seconds).into_iter().map(|call| call.argument).collect()
    }

    #[test]
    fn they_are_over_in_their_order_and_once() {
        let mut timers = Timers::default();
        for (name, seconds) in [("b", 2), ("a", 1), ("c", 3), ("a", 2)] {
            assert_eq!(timers.ask(Duration::ZERO, start(name, seconds, "u")), Answer::Done);
        }
        assert_eq!(timers.next(), Some(SECOND));
        assert_eq!(timers.due(SECOND - Duration::from_nanos(1)), []);
        assert_eq!(over(&mut timers, 2), ["a", "b", "a"]);
        assert_eq!(over(&mut timers, 2), [""; 0]);
        assert_eq!(over(&mut timers, 9), ["c"]);
        assert!(timers.is_empty() && timers.next().is_none());
    }

    #[rstest]
    // All of the name go, of whichever UPS.
    #[case(cancel("t", Some("late"), false, "a"), &["other"], None)]
    #[case(cancel("t", None, true, "a"), &["t", "other"], None)]
    #[case(cancel("t", Some("late"), true, "c"), &["t", "t", "other"], Some("late"))]
    #[case(cancel("x", Some("late"), false, "a"), &["t", "t", "other"], Some("late"))]
    #[case(cancel("x", None, false, "a"), &["t", "t", "other"], None)]
    fn cancelling(#[case] request: Request, #[case] left: &[&str], #[case] runs: Option<&str>) {
        let mut timers = Timers::default();
        for (name, ups) in [("t", "a"), ("t", "b"), ("other", "a")] {
            timers.ask(Duration::ZERO, start(name, 5, ups));
        }
        let answer = timers.ask(SECOND, request);
        let call = match &answer {
            Answer::Run(call) => Some(call.argument.as_str()),
            _ => None,
        };
        assert_eq!((timers.names().collect::<Vec<_>>().as_slice(), call), (left, runs));
    }

    #[test]
    fn what_is_joined_keeps_its_time_and_collects_notices() {
        let mut timers = Timers::default();
        timers.ask(Duration::ZERO, join("t", 5, "a"));
        timers.ask(SECOND, join("t", 60, "b"));
        timers.ask(SECOND * 2, join("t", 60, "a"));
        let calls = timers.due(SECOND * 5);
        let joined = Notice { kind: "ONBATT".into(), ups: "a,b".into(), text: "on battery".into() };
        assert_eq!(calls, [Call { argument: "t".into(), notice: joined }]);
        timers.ask(SECOND, join("t", 1, ""));
        timers.ask(
            SECOND,
            Request::Start {
                name: "t".into(),
                after: SECOND,
                shared: true,
                notice: Notice::new("COMMBAD", "c", "gone"),
            },
        );
        let notice = timers.due(SECOND * 2).remove(0).notice;
        assert_eq!(
            (notice.kind.as_str(), notice.ups.as_str(), notice.text.as_str()),
            ("ONBATT,COMMBAD", "c", "on battery.\tgone")
        );
    }

    #[test]
    fn a_list_has_what_is_left() {
        let mut timers = Timers::default();
        timers.ask(Duration::ZERO, start("t", 5, "a"));
        let row = |left| Row { name: "t".into(), left, notice: notice("a") };
        assert_eq!(timers.ask(SECOND * 2, Request::List), Answer::Timers(vec![row(SECOND * 3)]));
        assert_eq!(timers.ask(SECOND * 7, Request::List), Answer::Timers(vec![row(Duration::ZERO)]));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let mut timers = Timers::default();
        for _ in 0..MOST {
            assert_eq!(timers.ask(Duration::ZERO, start("t", 5, "a")), Answer::Done);
        }
        assert_eq!(timers.ask(Duration::ZERO, start("t", 5, "a")), Answer::Full);
        assert_eq!(timers.ask(Duration::ZERO, join("t", 5, "b")), Answer::Done);
        timers.ask(Duration::ZERO, cancel("t", None, false, "a"));
        assert_eq!(timers.ask(Duration::ZERO, start("t", 5, "a")), Answer::Done);
    }

    quickcheck! {
        /// Whatever is asked in whatever order, each timer is over once or was cancelled, and none is over early.
        fn none_is_lost_or_early(script: Vec<(u8, u8, bool)>) -> bool {
            let mut timers = Timers::default();
            let (mut now, mut begun, mut ended) = (Duration::ZERO, 0, 0);
            for (name, length, cancels) in script {
                now += SECOND * u32::from(length % 3);
                let early: Vec<_> = timers.next().into_iter().filter(|at| *at > now).collect();
                let due = timers.due(now);
                if !early.is_empty() && !due.is_empty() {
                    return false;
                }
                ended += due.len();
                let name = format!("{}", name % 4);
                if cancels {
                    let before = timers.names().count();
                    timers.ask(now, cancel(&name, None, false, "a"));
                    if timers.names().any(|other| other == name) {
                        return false;
                    }
                    ended += before - timers.names().count();
                } else {
                    begun += 1;
                    timers.ask(now, start(&name, u32::from(length % 7), "a"));
                }
            }
            ended += timers.due(now + SECOND * 7).len();
            begun == ended && timers.is_empty()
        }
    }
}
