//! A run as a person watches it: what happens as lines, and the UPS drawn over time.

mod live;
mod plain;
pub mod strip;

use std::io::IsTerminal as _;
use std::time::Duration;

use outage_simulator::ups::State;

use crate::report::say;
use crate::run::{Outcome, Run, Watch};
use crate::scenario::MachineState;
use crate::trace::{Event, What};
use strip::{Sample, Strip};

/// Shows a run as it happens: drawn on a terminal, plain lines elsewhere. Ends with the picture and the verdict.
///
/// # Errors
/// The terminal cannot be drawn on.
pub fn show(run: &Run, execute: impl FnOnce(&mut dyn Watch) -> Outcome) -> Result<Outcome, String> {
    let heading = format!(
        "{}\n{}, real processes, {} times as fast as life\n",
        run.scenario.title, run.name, run.scenario.scale
    );
    let (outcome, strip) = if std::io::stdout().is_terminal() {
        live::show(&heading, execute)?
    } else {
        plain::show(&heading, execute)
    };
    say(format_args!("\n{}", strip.text(72)));
    say(format_args!("\n{}", verdict(&outcome)));
    Ok(outcome)
}

/// What a person wants to know in the end.
fn verdict(outcome: &Outcome) -> String {
    if let Some(failure) = &outcome.failure {
        return format!(
            "FAILED at {:.1} s: expected {}, but {}",
            failure.at.as_secs_f64(),
            failure.step,
            failure.seen
        );
    }
    let time = |wanted: &dyn Fn(&What) -> bool| {
        outcome.trace.iter().find(|event| wanted(&event.what)).map(|event| event.at)
    };
    let stopped = time(&|what| matches!(what, What::Machine { state: MachineState::Stopped }));
    let cut = time(&|what| matches!(what, What::Output { on: false, .. }));
    let back = outcome
        .trace
        .iter()
        .rfind(|event| matches!(event.what, What::Machine { state: MachineState::Running }))
        .map(|event| event.at);
    let mut text = String::from("PASSED: ");
    if let (Some(stopped), Some(cut)) = (stopped, cut) {
        let margin = cut.saturating_sub(stopped).as_secs_f64();
        text.push_str(&format!(
            "the machine had stopped at {:.1} s, {margin:.1} s before its outlet died at {:.1} s",
            stopped.as_secs_f64(),
            cut.as_secs_f64()
        ));
    }
    if let Some(back) = back {
        text.push_str(&format!(", and was running again at {:.1} s", back.as_secs_f64()));
    }
    text.push_str(&format!(
        "\n{} steps held; {:.0} s of it in {:.1} s",
        outcome.held.len(),
        outcome.lasted.as_secs_f64(),
        outcome.took.as_secs_f64()
    ));
    text
}

/// Whether an event is worth a line: a notice comes both from NOTIFYCMD and in upsmon's log, one of them is enough.
fn notable(event: &Event) -> bool {
    match &event.what {
        What::Log { process, text } => process != "upsmon" || !text.contains("UPS ") || text.contains("fail"),
        What::Answer { variable, .. } => variable == "ups.status",
        _ => true,
    }
}

fn sample(at: Duration, upses: &[(String, State)], machine: MachineState) -> Option<Sample> {
    let (_, state) = upses.first()?;
    let load = if state.output_on { state.load } else { 0.0 };
    Some(Sample { at, mains: state.mains, output: state.output_on, charge: state.charge, load, machine })
}

/// Collects what both views draw.
struct Collector {
    strip: Strip,
    machine: MachineState,
}

impl Collector {
    fn new() -> Self {
        Self { strip: Strip::default(), machine: MachineState::Running }
    }

    fn event(&mut self, event: &Event) {
        if let What::Machine { state } = event.what {
            self.machine = state;
        }
    }

    fn picture(&mut self, at: Duration, upses: &[(String, State)]) {
        if let Some(sample) = sample(at, upses, self.machine) {
            self.strip.push(sample);
        }
    }
}
