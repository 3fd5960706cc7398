//! A run: one scenario, one choice of devices, one lane.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outage_host::virt::Timeline;
use outage_simulator::clock::TokioClock;
use outage_simulator::ups::{Options, State, Ups};
use tokio::sync::mpsc;

use crate::clock::{Clock, Leaping};
use crate::director::Director;
use crate::judge::{Failure, Held};
use crate::lane::kernel::{self, KernelLane, Programs};
use crate::lane::process::ProcessLane;
use crate::lane::virt::VirtualLane;
use crate::lane::{Lane, LaneKind, Trouble};
use crate::scenario::Scenario;
use crate::trace::{Event, What};

/// One run to do.
#[derive(Clone, Debug)]
pub struct Run {
    /// The scenario; each of its UPSes has exactly one device.
    pub scenario: Scenario,
    /// Scenario and devices: `low-battery/eaton-3s-700`.
    pub name: String,
    /// The devices alone.
    pub device_names: String,
    /// The lane.
    pub lane: LaneKind,
    /// Whose programs it runs, in the kernel lane.
    pub programs: Programs,
    /// The seed of everything random.
    pub seed: u64,
}

/// What became of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// As in [`Run::name`].
    pub name: String,
    /// As in [`Run::device_names`].
    pub device_names: String,
    /// The lane.
    pub lane: LaneKind,
    /// Whose programs ran, in the kernel lane.
    pub programs: Programs,
    /// The seed.
    pub seed: u64,
    /// What the run would have needed and is not here: it was skipped.
    pub unmet: Option<String>,
    /// What failed, if anything did.
    pub failure: Option<Failure>,
    /// The steps that held.
    pub held: Vec<Held>,
    /// Everything that happened.
    pub trace: Vec<Event>,
    /// Scenario time it took.
    pub lasted: Duration,
    /// Real time it took.
    pub took: Duration,
    /// The folder with its files, when it was kept.
    pub kept: Option<PathBuf>,
}

/// A scenario as one run for each of its devices; none in a lane that it is not for.
#[must_use]
pub fn runs(scenario: &Scenario, lane: LaneKind, seed: u64) -> Vec<Run> {
    if scenario.only_lane.is_some_and(|only| only != lane) {
        return Vec::new();
    }
    let count = scenario.upses.iter().map(|ups| ups.devices.len()).max().unwrap_or(1);
    let one = |index: usize| {
        let mut scenario = scenario.clone();
        for ups in &mut scenario.upses {
            ups.devices = ups.devices.iter().cycle().nth(index).cloned().into_iter().collect();
        }
        let devices: Vec<_> = scenario.upses.iter().flat_map(|ups| ups.devices.clone()).collect();
        let device_names = devices.join("+");
        let (name, programs) = (format!("{}/{device_names}", scenario.name), Programs::Ours);
        Run { name, device_names, scenario, lane, programs, seed }
    };
    (0..count).map(one).collect()
}

/// Where the world's events go: they get their time here.
#[derive(Clone)]
pub(crate) struct Sink {
    clock: Clock,
    sender: mpsc::UnboundedSender<Event>,
}

impl Sink {
    pub(crate) fn new(clock: Clock, sender: mpsc::UnboundedSender<Event>) -> Self {
        Self { clock, sender }
    }

    pub(crate) fn send(&self, place: &str, what: What) {
        // The director only leaves at the end of a run, when nobody listens any more.
        let _ = self.sender.send(Event { at: self.clock.now(), place: place.to_owned(), what });
    }
}

/// Someone who watches a run.
pub trait Watch {
    /// Something happened.
    fn event(&mut self, event: &Event);
    /// The UPSes as they stand; called a few times a second in the process lane, and at each event.
    fn picture(&mut self, at: Duration, upses: &[(String, State)]);
}

/// Nobody watches.
pub struct Nobody;

impl Watch for Nobody {
    fn event(&mut self, _: &Event) {}
    fn picture(&mut self, _: Duration, _: &[(String, State)]) {}
}

/// Does a run, from setting its world up to the verdict.
///
/// `program` is this binary: the process lane runs it under the names of the stack. A failed run's folder is kept.
#[must_use]
pub fn execute(run: &Run, program: &std::path::Path, watch: &mut dyn Watch) -> Outcome {
    let mut outcome = Outcome {
        name: run.name.clone(),
        device_names: run.device_names.clone(),
        lane: run.lane,
        programs: run.programs,
        seed: run.seed,
        unmet: None,
        failure: None,
        held: Vec::new(),
        trace: Vec::new(),
        lasted: Duration::ZERO,
        took: Duration::ZERO,
        kept: None,
    };
    let stopwatch = crate::clock::Stopwatch::start();
    let timeline = Timeline::default();
    let mut builder = tokio::runtime::Builder::new_current_thread();
    match run.lane {
        // Without a clock of its own: whoever asked it for the time would not be in this world.
        LaneKind::Virtual => {
            let timeline = timeline.clone();
            builder.on_thread_park(move || timeline.leap())
        }
        LaneKind::Process | LaneKind::Kernel => builder.enable_all(),
    };
    let result = match builder.build() {
        Ok(runtime) => runtime.block_on(drive(run, timeline, program, watch, &mut outcome)),
        Err(error) => Err(Trouble::Broken(format!("failed to start a runtime: {error}"))),
    };
    match result {
        Ok(()) => {}
        Err(Trouble::Unmet(what)) => outcome.unmet = Some(what),
        Err(Trouble::Broken(seen)) => {
            let step = "the scenario's world can be set up".to_owned();
            outcome.failure = Some(Failure { at: Duration::ZERO, span: None, step, seen });
        }
    }
    outcome.took = stopwatch.elapsed();
    outcome
}

async fn drive(
    run: &Run,
    timeline: Timeline,
    program: &std::path::Path,
    watch: &mut dyn Watch,
    outcome: &mut Outcome,
) -> Result<(), Trouble> {
    let (base, scale): (Arc<dyn outage_simulator::clock::Clock>, _) = match run.lane {
        LaneKind::Virtual => (Arc::new(Leaping(timeline.clone())), 1.0),
        LaneKind::Process => (Arc::new(TokioClock::default()), run.scenario.scale),
        LaneKind::Kernel => (Arc::new(TokioClock::default()), kernel::scale(&run.scenario, run.programs)),
    };
    let clock = Clock::over(Arc::clone(&base), scale);
    let (sender, events) = mpsc::unbounded_channel();
    let sink = Sink::new(clock.clone(), sender);
    let mut upses = BTreeMap::new();
    for spec in &run.scenario.upses {
        let device = spec.devices.first().map_or("", String::as_str);
        let file = crate::devices::find(device).map_err(|error| error.to_string())?;
        let options =
            Options { seed: run.seed, time_scale: scale, serial_number: None, clock: Arc::clone(&base) };
        let ups = Ups::new(&spec.name, &file, options);
        ups.charge(spec.charge);
        ups.load(spec.load);
        upses.insert(spec.name.clone(), ups);
    }
    match run.lane {
        LaneKind::Virtual => {
            let lane = VirtualLane::set_up(&run.scenario, &upses, run.seed, timeline, sink.clone()).await?;
            Director::new(run.scenario.clone(), lane, upses, clock, sink, events).play(watch, outcome).await;
            Ok(())
        }
        LaneKind::Process | LaneKind::Kernel => {
            let folder = tempfile::Builder::new()
                .prefix("outage-")
                .tempdir()
                .map_err(|error| format!("failed to make a folder for the run: {error}"))?;
            let (place, own) = (folder.path(), sink.clone());
            let lane: Arc<dyn Lane> = if run.lane == LaneKind::Kernel {
                KernelLane::set_up(place, program, run.programs, scale, &run.scenario, &upses, own).await?
            } else {
                ProcessLane::set_up(place, program, &run.scenario, &upses, own).await?
            };
            Director::new(run.scenario.clone(), lane, upses, clock, sink, events).play(watch, outcome).await;
            if outcome.failure.is_some() {
                outcome.kept = Some(folder.keep());
            }
            Ok(())
        }
    }
}
