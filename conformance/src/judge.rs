//! The judge: plays a scenario's blocks and decides, from what happened, whether it holds. Pure: time is an argument.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use crate::scenario::{Action, Bound, Condition, Expectation, MachineState, Question, Scenario, Start};
use crate::trace::{Event, What};

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A value.
    Value(String),
    /// `ERR code`.
    Error(String),
    /// No answer, no connection.
    Nothing,
}

/// Why a scenario does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When it was clear, in scenario seconds.
    pub at: Duration,
    /// The place of the step in the file; `None` for what every scenario demands.
    pub span: Option<Range<usize>>,
    /// The step.
    pub step: String,
    /// What was seen instead.
    pub seen: String,
}

/// A step that held, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// When it came true.
    pub at: Duration,
    /// The step.
    pub step: String,
}

/// What is still open.
struct Open {
    condition: Condition,
    span: Range<usize>,
    kind: Kind,
}

enum Kind {
    /// Must come true by then. Steps of a sequence match what happens, not what is already so.
    Comes { by: Duration, sequence: Option<usize> },
    /// Must not come true before then.
    Refuted { until: Duration },
}

/// A sequence of steps in play: those after the current one.
struct Sequence {
    rest: std::vec::IntoIter<(Condition, Duration, Range<usize>)>,
}

/// Plays one run of a scenario.
pub struct Judge {
    scenario: Scenario,
    next_block: usize,
    /// When everything the blocks so far expect had come true.
    idle_since: Option<Duration>,
    open: Vec<Open>,
    sequences: Vec<Sequence>,
    machines: BTreeMap<String, MachineState>,
    outputs: BTreeMap<String, bool>,
    answers: BTreeMap<Question, Answer>,
    held: Vec<Held>,
    failure: Option<Failure>,
}

impl Judge {
    /// A judge at the start of a run: every machine runs and every output is on.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        let machines = scenario.machines.iter().map(|m| (m.name.clone(), MachineState::Running)).collect();
        let outputs = scenario.upses.iter().map(|ups| (ups.name.clone(), true)).collect();
        Self {
            scenario,
            next_block: 0,
            idle_since: Some(Duration::ZERO),
            open: Vec::new(),
            sequences: Vec::new(),
            machines,
            outputs,
            answers: BTreeMap::new(),
            held: Vec::new(),
            failure: None,
        }
    }

    /// What failed, if anything did: the run is over then.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The steps that came true, in order.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// Whether the run is over.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.failure.is_some() || (self.next_block == self.scenario.blocks.len() && self.open.is_empty())
    }

    /// When [`Judge::tick`] has to be called next, if nothing happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Duration> {
        let deadlines = self.open.iter().map(|open| match open.kind {
            Kind::Comes { by, .. } => by,
            Kind::Refuted { until } => until,
        });
        deadlines.chain(self.next_start()).min()
    }

    /// What has to be asked now, without duplicates.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let mut questions: Vec<_> = self.open.iter().filter_map(|open| open.condition.asks()).collect();
        questions.sort();
        questions.dedup();
        questions
    }

    fn next_start(&self) -> Option<Duration> {
        match self.scenario.blocks.get(self.next_block)?.start {
            Start::At(at) => Some(at),
            Start::Then(after) => self.idle_since.map(|since| since + after),
        }
    }

    /// Time passed: deadlines are judged, and blocks whose time has come start. Returns what the script does now.
    pub fn tick(&mut self, now: Duration) -> Vec<Action> {
        let mut actions = Vec::new();
        self.deadlines(now);
        while self.failure.is_none() && self.next_start().is_some_and(|start| start <= now) {
            let block = self.scenario.blocks[self.next_block].clone();
            self.next_block += 1;
            self.idle_since = None;
            actions.extend(block.actions);
            // Answers from before the block say nothing about what it expects.
            self.answers.clear();
            for expectation in block.expectations {
                self.open(now, expectation);
            }
            self.levels(now);
            self.settle(now);
        }
        actions
    }

    fn open(&mut self, now: Duration, expectation: Expectation) {
        match expectation {
            Expectation::Comes { condition, within, span } => {
                self.open.push(Open {
                    condition,
                    span,
                    kind: Kind::Comes { by: now + within, sequence: None },
                });
            }
            Expectation::Refuted { condition, lasting, span } => {
                self.open.push(Open { condition, span, kind: Kind::Refuted { until: now + lasting } });
            }
            Expectation::InOrder { steps, .. } => {
                self.sequences.push(Sequence { rest: steps.into_iter() });
                self.advance(self.sequences.len() - 1, now);
            }
        }
    }

    /// Opens the next step of a sequence.
    fn advance(&mut self, sequence: usize, now: Duration) {
        if let Some((condition, within, span)) = self.sequences[sequence].rest.next() {
            let kind = Kind::Comes { by: now + within, sequence: Some(sequence) };
            self.open.push(Open { condition, span, kind });
        }
    }

    fn deadlines(&mut self, now: Duration) {
        let late = self.open.iter().position(|open| matches!(open.kind, Kind::Comes { by, .. } if by <= now));
        if let Some(late) = late {
            let open = self.open.remove(late);
            let seen = self.instead(&open.condition);
            self.fail(now, Some(open.span), open.condition.to_string(), seen);
            return;
        }
        let (over, open): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open| matches!(open.kind, Kind::Refuted { until } if until <= now));
        self.open = open;
        for refuted in over {
            self.held.push(Held { at: now, step: format!("no {}", refuted.condition) });
        }
        self.settle(now);
    }

    /// Something happened.
    pub fn event(&mut self, event: &Event) {
        if self.finished() {
            return;
        }
        match &event.what {
            What::Machine { state } => {
                self.machines.insert(event.place.clone(), *state);
                let may = self.scenario.machines.iter().any(|m| m.name == event.place && m.may_crash);
                if *state == MachineState::Crashed && !may {
                    let seen = "its power went while it ran".to_owned();
                    self.fail(
                        event.at,
                        None,
                        format!("{} is stopped before its power goes", event.place),
                        seen,
                    );
                    return;
                }
            }
            What::Damage { text } => {
                let step = format!("nothing is lost or broken on {}", event.place);
                self.fail(event.at, None, step, text.clone());
                return;
            }
            What::Output { on, .. } => {
                self.outputs.insert(event.place.clone(), *on);
            }
            _ => {}
        }
        if let Some((condition, span)) =
            self.scenario.never.iter().find(|(condition, _)| happens(condition, event))
        {
            let (step, span) = (format!("never {condition}"), span.clone());
            self.fail(event.at, Some(span), step, event.to_string());
            return;
        }
        self.matched(event.at, |open| happens(&open.condition, event));
        self.levels(event.at);
        self.settle(event.at);
    }

    /// A question was answered.
    pub fn answer(&mut self, now: Duration, question: Question, answer: Answer) {
        self.answers.insert(question, answer);
        self.levels(now);
        self.settle(now);
    }

    /// Takes every open step that `matches`: those that had to come true held, refuted ones failed.
    fn matched(&mut self, now: Duration, matches: impl Fn(&Open) -> bool) {
        let mut index = 0;
        // Steps that a sequence opens on the way stand behind `end`: one event is one step of a sequence.
        let mut end = self.open.len();
        while index < end {
            if !matches(&self.open[index]) {
                index += 1;
                continue;
            }
            end -= 1;
            let open = self.open.remove(index);
            match open.kind {
                Kind::Refuted { .. } => {
                    let step = format!("no {}", open.condition);
                    self.fail(now, Some(open.span), step, "it happened".to_owned());
                    return;
                }
                Kind::Comes { sequence, .. } => {
                    self.held.push(Held { at: now, step: open.condition.to_string() });
                    if let Some(sequence) = sequence {
                        self.advance(sequence, now);
                    }
                }
            }
        }
    }

    /// Takes the open steps that are true as things stand. A sequence's machine and output steps are changes, not states.
    fn levels(&mut self, now: Duration) {
        if self.failure.is_some() {
            return;
        }
        let (machines, outputs, answers) =
            (self.machines.clone(), self.outputs.clone(), self.answers.clone());
        self.matched(now, |open| match &open.condition {
            Condition::Machine { name, state } => !open.in_sequence() && machines.get(name) == Some(state),
            Condition::Output { ups, on } => !open.in_sequence() && outputs.get(ups) == Some(on),
            condition => condition.asks().is_some_and(|question| {
                answers.get(&question).is_some_and(|answer| fulfils(condition, answer))
            }),
        });
    }

    fn settle(&mut self, now: Duration) {
        if self.open.is_empty() && self.idle_since.is_none() {
            self.idle_since = Some(now);
        }
    }

    fn fail(&mut self, at: Duration, span: Option<Range<usize>>, step: String, seen: String) {
        self.failure.get_or_insert(Failure { at, span, step, seen });
    }

    /// A fault of the run itself, e.g. a daemon that could not be started.
    pub fn broken(&mut self, at: Duration, step: String, seen: String) {
        self.fail(at, None, step, seen);
    }

    /// What stands where `condition` was expected.
    fn instead(&self, condition: &Condition) -> String {
        match condition {
            Condition::Machine { name, .. } => {
                self.machines.get(name).map_or_else(String::new, |state| format!("{name} is {state}"))
            }
            Condition::Output { ups, .. } => {
                let on = self.outputs.get(ups).is_some_and(|on| *on);
                format!("the output is {}", if on { "on" } else { "off" })
            }
            condition => match condition.asks() {
                None => "it did not happen".to_owned(),
                Some(question) => match (self.answers.get(&question), question) {
                    (Some(Answer::Value(value)), question) => {
                        format!("{} is \"{value}\"", question.subject())
                    }
                    (Some(Answer::Error(code)), _) => format!("upsd answers ERR {code}"),
                    (_, Question::Variable { .. }) => "upsd does not answer".to_owned(),
                    (_, Question::Flag { .. }) => "upsmon -K does not answer".to_owned(),
                },
            },
        }
    }
}

impl Open {
    fn in_sequence(&self) -> bool {
        matches!(self.kind, Kind::Comes { sequence: Some(_), .. })
    }
}

/// Whether `event` is what `condition` speaks of.
fn happens(condition: &Condition, event: &Event) -> bool {
    match (condition, &event.what) {
        (Condition::Notice { kind, ups, machine }, What::Notice { kind: seen, ups: of, .. }) => {
            kind.eq_ignore_ascii_case(seen)
                && ups.as_ref().is_none_or(|ups| of == ups || of.split('@').next() == Some(ups))
                && machine.as_ref().is_none_or(|machine| *machine == event.place)
        }
        (Condition::ShutdownCommand { machine }, What::ShutdownCommand)
        | (Condition::FlagWritten { machine }, What::FlagWritten) => *machine == event.place,
        (Condition::Machine { name, state }, What::Machine { state: seen }) => {
            *name == event.place && state == seen
        }
        (Condition::CutOrdered { ups }, What::CutOrdered) => *ups == event.place,
        (Condition::Output { ups, on }, What::Output { on: seen, .. }) => *ups == event.place && on == seen,
        (Condition::Log { machine, process, text }, What::Log { process: by, text: said }) => {
            *machine == event.place && process == by && said.contains(text.as_str())
        }
        _ => false,
    }
}

/// Whether an answer of upsd is what `condition` asks for.
fn fulfils(condition: &Condition, answer: &Answer) -> bool {
    match (condition, answer) {
        (Condition::Status { has, lacks, .. }, Answer::Value(value)) => {
            let words: Vec<_> = value.split_whitespace().collect();
            has.iter().all(|word| words.contains(&word.as_str()))
                && !lacks.iter().any(|word| words.contains(&word.as_str()))
        }
        (Condition::Variable { bound: Bound::Is(expected), .. }, Answer::Value(value)) => expected == value,
        (Condition::Variable { bound: Bound::Within { min, max }, .. }, Answer::Value(value)) => value
            .parse::<f64>()
            .is_ok_and(|value| min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)),
        (Condition::ErrorCode { code, .. }, Answer::Error(seen)) => code == seen,
        (Condition::Flag { present, .. }, Answer::Value(seen)) => {
            seen == if *present { "present" } else { "absent" }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
