//! The director: plays a scenario in a lane. It pulls the plugs, keeps the machines' power and asks the judge.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use outage_simulator::plant::PlantEvent;
use outage_simulator::ups::{State, Ups};
use tokio::select;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::judge::{Answer, Judge};
use crate::lane::{self, Lane};
use crate::run::{Outcome, Sink, Watch};
use crate::scenario::{Action, ActionKind, MachineState, Question, Scenario, UpsAction};
use crate::trace::{Event, What};

/// How often upsd is asked for what the judge waits for, in scenario time.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often a watcher sees the UPSes, in the runtime's time.
const PICTURE_EVERY: Duration = Duration::from_millis(100);

/// What a task of the director's comes back with.
enum Done {
    Booted(String, Result<(), String>),
    /// The orderly stop came to its end.
    Stopped(String),
    Answered(Question, Answer),
    /// The script's actions were done, or one of them could not be.
    Acted(Result<(), (Action, String)>),
    Changed(String),
}

/// One run in progress.
pub(crate) struct Director {
    scenario: Scenario,
    lane: Arc<dyn Lane>,
    upses: BTreeMap<String, Ups>,
    clock: Clock,
    sink: Sink,
    events: mpsc::UnboundedReceiver<Event>,
    machines: BTreeMap<String, MachineState>,
    outputs: BTreeMap<String, bool>,
    cursors: BTreeMap<String, usize>,
    tasks: JoinSet<Done>,
    /// Questions on their way.
    asking: usize,
    last_answers: BTreeMap<Question, Answer>,
    /// Actions on their way.
    acting: usize,
}

impl Director {
    pub(crate) fn new(
        scenario: Scenario,
        lane: Arc<dyn Lane>,
        upses: BTreeMap<String, Ups>,
        clock: Clock,
        sink: Sink,
        events: mpsc::UnboundedReceiver<Event>,
    ) -> Self {
        let outputs = upses.iter().map(|(name, ups)| (name.clone(), ups.state().output_on)).collect();
        Self {
            machines: scenario.machines.iter().map(|m| (m.name.clone(), MachineState::Running)).collect(),
            scenario,
            lane,
            outputs,
            cursors: BTreeMap::new(),
            upses,
            clock,
            sink,
            events,
            tasks: JoinSet::new(),
            asking: 0,
            last_answers: BTreeMap::new(),
            acting: 0,
        }
    }

    /// Plays the scenario to its end.
    pub(crate) async fn play(mut self, watch: &mut dyn Watch, outcome: &mut Outcome) {
        let mut judge = Judge::new(self.scenario.clone());
        // The scenario begins once the machines are up: how long that takes is no part of it.
        let mut boots = JoinSet::new();
        for machine in &self.scenario.machines {
            let (lane, name) = (self.lane.clone(), machine.name.clone());
            boots.spawn(async move { (lane.boot(&name).await, name) });
        }
        while let Some(booted) = boots.join_next().await {
            if let Ok((Err(error), machine)) = booted {
                judge.broken(Duration::ZERO, format!("{machine} boots"), error);
            }
        }
        self.clock.begin();
        for name in self.upses.keys().cloned().collect::<Vec<_>>() {
            self.watch_ups(name);
        }
        let mut next_question = Duration::ZERO;
        let mut next_picture = Duration::ZERO;
        let picture_every = self.clock.scenario(PICTURE_EVERY);
        while !self.is_over(&judge) {
            let now = self.clock.now();
            self.act(judge.tick(now));
            if self.is_over(&judge) {
                break;
            }
            let questions = judge.questions();
            if !questions.is_empty() && self.asking == 0 && now >= next_question {
                self.ask(questions.clone());
                next_question = now + ASK_EVERY;
            }
            if outcome.lane != lane::LaneKind::Virtual && now >= next_picture {
                watch.picture(now, &self.picture());
                next_picture = now + picture_every;
            }
            let mut wake = judge.wake_at();
            if !questions.is_empty() && self.asking == 0 {
                wake = Some(wake.map_or(next_question, |at| at.min(next_question)));
            }
            if outcome.lane != lane::LaneKind::Virtual {
                wake = Some(wake.map_or(next_picture, |at| at.min(next_picture)));
            }
            let sleep = async {
                match wake {
                    Some(at) => self.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            select! {
                biased;
                event = self.events.recv() => if let Some(event) = event {
                    self.happened(event, &mut judge, watch, outcome);
                },
                done = self.tasks.join_next(), if !self.tasks.is_empty() => if let Some(Ok(done)) = done {
                    self.done(done, &mut judge);
                },
                () = sleep => {}
            }
        }
        // What was said up to the verdict belongs to the record.
        while let Ok(event) = self.events.try_recv() {
            watch.event(&event);
            outcome.trace.push(event);
        }
        watch.picture(self.clock.now(), &self.picture());
        for machine in &self.scenario.machines {
            self.lane.cut(&machine.name);
        }
        outcome.lasted = self.clock.now();
        outcome.failure = judge.failure().cloned();
        outcome.held = judge.held().to_vec();
    }

    /// Whether the verdict is there: nothing is open, and everything that the script says was done.
    fn is_over(&self, judge: &Judge) -> bool {
        judge.failure().is_some() || (judge.finished() && self.acting == 0)
    }

    fn picture(&self) -> Vec<(String, State)> {
        self.upses.iter().map(|(name, ups)| (name.clone(), ups.state())).collect()
    }

    fn happened(&mut self, event: Event, judge: &mut Judge, watch: &mut dyn Watch, outcome: &mut Outcome) {
        judge.event(&event);
        watch.event(&event);
        if matches!(event.what, What::ShutdownCommand) && self.state(&event.place) == MachineState::Running {
            self.begin_stop(&event.place);
        }
        outcome.trace.push(event);
        watch.picture(self.clock.now(), &self.picture());
    }

    fn done(&mut self, done: Done, judge: &mut Judge) {
        match done {
            Done::Booted(_, Ok(())) => {}
            Done::Booted(machine, Err(error)) => {
                judge.broken(self.clock.now(), format!("{machine} boots"), error);
            }
            Done::Stopped(machine) => {
                if self.state(&machine) == MachineState::Stopping {
                    self.become_(&machine, MachineState::Stopped);
                    self.power(&machine);
                }
            }
            Done::Answered(question, answer) => {
                self.asking -= 1;
                judge.answer(self.clock.now(), question.clone(), answer.clone());
                let before = self.last_answers.insert(question.clone(), answer.clone());
                if before.as_ref() != Some(&answer) {
                    let text = match answer {
                        Answer::Value(value) => value,
                        Answer::Error(code) => format!("ERR {code}"),
                        Answer::Nothing => "no answer".to_owned(),
                    };
                    let variable = question.subject().to_owned();
                    self.sink.send(question.place(), What::Answer { variable, text });
                }
            }
            Done::Acted(acted) => {
                self.acting -= 1;
                if let Err((action, error)) = acted {
                    judge.broken(self.clock.now(), format!("{} on {}", action.kind, action.place), error);
                }
            }
            Done::Changed(name) => {
                self.look_at(&name);
                self.watch_ups(name);
            }
        }
    }

    fn state(&self, machine: &str) -> MachineState {
        self.machines.get(machine).copied().unwrap_or(MachineState::Off)
    }

    fn become_(&mut self, machine: &str, state: MachineState) {
        self.machines.insert(machine.to_owned(), state);
        self.sink.send(machine, What::Machine { state });
    }

    fn boot(&mut self, machine: &str) {
        let (lane, name) = (self.lane.clone(), machine.to_owned());
        self.tasks.spawn(async move {
            let booted = lane.boot(&name).await;
            Done::Booted(name, booted)
        });
    }

    /// The shutdown command ran: the services go down in the machine's own time.
    fn begin_stop(&mut self, machine: &str) {
        self.become_(machine, MachineState::Stopping);
        let Some(spec) = self.scenario.machines.iter().find(|spec| spec.name == machine) else { return };
        let (lane, spec, clock, sink) =
            (self.lane.clone(), spec.clone(), self.clock.clone(), self.sink.clone());
        self.tasks.spawn(async move {
            let name = spec.name;
            if spec.early_killpower
                && let Err(text) = lane.killpower(&name).await
            {
                sink.send(&name, What::Log { process: "early".to_owned(), text });
            }
            clock.sleep(spec.stop_time).await;
            if spec.hangs {
                std::future::pending::<()>().await;
            }
            lane.stop(&name).await;
            Done::Stopped(name)
        });
    }

    /// Wakes the director when a UPS does something by itself.
    fn watch_ups(&mut self, name: String) {
        let Some(ups) = self.upses.get(&name).cloned() else { return };
        let cursor = self.cursors.get(&name).copied().unwrap_or_default();
        self.tasks.spawn(async move {
            ups.wait_events(cursor).await;
            Done::Changed(name)
        });
    }

    /// Takes note of what a UPS did.
    fn look_at(&mut self, name: &str) {
        let Some(ups) = self.upses.get(name).cloned() else { return };
        let cursor = self.cursors.entry(name.to_owned()).or_default();
        let events = ups.events_since(*cursor);
        *cursor += events.len();
        for event in events {
            match event.output() {
                Some(on) => {
                    self.outputs.insert(name.to_owned(), on);
                    // "output off: ordered"
                    let text = event.to_string();
                    let reason = text.split_once(": ").map_or("", |(_, reason)| reason).to_owned();
                    self.sink.send(name, What::Output { on, reason });
                    let fed: Vec<_> =
                        self.scenario.machines.iter().map(|machine| machine.name.clone()).collect();
                    for machine in fed {
                        self.power(&machine);
                    }
                }
                None if matches!(event.what, PlantEvent::ShutdownOrdered(_)) => {
                    self.sink.send(name, What::CutOrdered);
                }
                None => self.sink.send(name, What::Ups { text: event.to_string() }),
            }
        }
    }

    /// What the power at a machine's outlets makes of it. A machine that no UPS feeds never loses its power.
    fn power(&mut self, machine: &str) {
        let Some(spec) = self.scenario.machines.iter().find(|spec| spec.name == machine) else { return };
        let powered = spec.plugged_into.is_empty()
            || spec.plugged_into.iter().any(|ups| self.outputs.get(ups).is_some_and(|on| *on));
        match (powered, self.state(machine)) {
            (false, MachineState::Running | MachineState::Stopping) => {
                self.lane.cut(machine);
                self.become_(machine, MachineState::Crashed);
            }
            (false, MachineState::Stopped) => {
                self.lane.cut(machine);
                self.become_(machine, MachineState::Off);
            }
            (true, MachineState::Off | MachineState::Crashed) => {
                self.become_(machine, MachineState::Running);
                self.boot(machine);
            }
            _ => {}
        }
    }

    /// Does what the script says, in order. From the first thing on that takes its time, that is a task's.
    fn act(&mut self, actions: Vec<Action>) {
        let mut rest = Vec::new();
        for action in actions {
            match action.kind {
                ActionKind::Ups(deed) if rest.is_empty() => {
                    self.sink.send(&action.place, What::Action { text: deed.to_string() });
                    if let Some(ups) = self.upses.get(&action.place) {
                        befall(ups, deed);
                    }
                    self.look_at(&action.place);
                }
                _ => rest.push(action),
            }
        }
        if rest.is_empty() {
            return;
        }
        let (lane, upses, sink) = (self.lane.clone(), self.upses.clone(), self.sink.clone());
        self.acting += 1;
        self.tasks.spawn(async move {
            for action in rest {
                sink.send(&action.place, What::Action { text: action.kind.to_string() });
                let done = match (&action.kind, upses.get(&action.place)) {
                    (ActionKind::Ups(deed), Some(ups)) => {
                        befall(ups, *deed);
                        Ok(())
                    }
                    (ActionKind::Ups(_), None) => Err("there is no such ups".to_owned()),
                    (ActionKind::Machine(deed), _) => lane::act(&*lane, &action.place, deed).await,
                };
                if let Err(error) = done {
                    return Done::Acted(Err((action, error)));
                }
            }
            Done::Acted(Ok(()))
        });
    }

    /// Asks each UPS's server, and each machine.
    fn ask(&mut self, questions: Vec<Question>) {
        for question in questions {
            let lane = self.lane.clone();
            match &question {
                Question::Variable { ups, name } => {
                    let Some(server) =
                        self.scenario.machines.iter().find(|machine| machine.serves.contains(ups))
                    else {
                        continue;
                    };
                    let (machine, ups, name) = (server.name.clone(), ups.clone(), name.clone());
                    self.tasks.spawn(async move {
                        Done::Answered(question, lane.ask(&machine, &ups, &name).await)
                    });
                }
                Question::Flag { machine } => {
                    let machine = machine.clone();
                    self.tasks
                        .spawn(async move { Done::Answered(question, lane::flag(&*lane, &machine).await) });
                }
            }
            self.asking += 1;
        }
    }
}

/// What the world does to a UPS.
fn befall(ups: &Ups, deed: UpsAction) {
    match deed {
        UpsAction::Mains(on) => ups.mains(on),
        UpsAction::MainsVoltage(volts) => ups.mains_voltage(volts),
        UpsAction::Charge(percent) => ups.charge(percent),
        UpsAction::BatteryHealth(percent) => ups.change(|plant, now| plant.set_age(now, percent / 100.0)),
        UpsAction::ReplaceBattery => ups.change(|plant, now| plant.replace_battery(now)),
        UpsAction::Load(percent) => ups.load(percent),
        UpsAction::Unplug => ups.unplug(),
        UpsAction::Replug => ups.replug(),
        UpsAction::Freeze => ups.freeze(),
        UpsAction::Thaw => ups.thaw(),
    }
}
