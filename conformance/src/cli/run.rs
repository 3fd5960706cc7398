//! `outage run`.

use std::collections::{BTreeMap, VecDeque};
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use outage_simulator::ups::State;

use super::{RunArgs, files};
use crate::lane::LaneKind;
use crate::lane::kernel::{self, Programs};
use crate::report::{Count, count, say};
use crate::report::{json, junit, text};
use crate::run::{self, Nobody, Outcome, Run, Watch};
use crate::trace::Event;

/// Scenarios of one guest at a time, at most.
const GUESTS: usize = 2;

/// Runs what was asked for and reports it.
pub(super) fn main(args: &RunArgs) -> Result<ExitCode, String> {
    let colour = std::io::stderr().is_terminal();
    let loaded = files::load(&args.paths, colour)?;
    let lanes = args.lane.map_or_else(|| vec![LaneKind::Virtual, LaneKind::Process], |lane| vec![lane]);
    let mut runs = Vec::new();
    for lane in lanes {
        for (file, loaded) in loaded.iter().enumerate() {
            for mut run in run::runs(&loaded.scenario, lane, args.seed) {
                run.programs = args.target;
                runs.push((file, run));
            }
        }
    }
    if let Some(only) = &args.only {
        choose(&mut runs, only)?;
    }
    if runs.is_empty() {
        return Err("nothing to run: the scenarios are for another lane".to_owned());
    }
    if let Some(path) = &args.junit {
        // Found out before the runs, not after them.
        let opened = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path);
        opened.map_err(|error| not_written(path, &error))?;
    }
    if args.target == Programs::Nut && runs.iter().any(|(_, run)| run.lane != LaneKind::Kernel) {
        return Err("--target nut goes with --lane kernel: the other lanes run our programs".to_owned());
    }
    let program = super::this_program()?;
    let mut outcomes = Vec::new();
    let mut report = |file: usize, outcome: Outcome| {
        if !args.json {
            say(format_args!("{}", text::line(&outcome)));
        }
        if let Some(failure) = text::failure(&outcome, &loaded[file].path, &loaded[file].source, colour) {
            eprintln!("\n{failure}\n");
        }
        outcomes.push((file, outcome));
    };
    // The process lane waits most of the time, so several run side by side; a guest keeps a core busy while it boots; the
    // virtual lane keeps one busy all the time.
    let mut lots: BTreeMap<LaneKind, Vec<(usize, Run)>> = BTreeMap::new();
    for (file, run) in runs {
        lots.entry(if args.verbose { LaneKind::Virtual } else { run.lane }).or_default().push((file, run));
    }
    let mut lot = |lane| lots.remove(&lane).unwrap_or_default();
    for (file, run) in lot(LaneKind::Virtual) {
        let outcome = if args.verbose {
            run::execute(&run, &program, &mut Printer)
        } else {
            run::execute(&run, &program, &mut Nobody)
        };
        report(file, outcome);
    }
    side_by_side(lot(LaneKind::Process), args.jobs.max(1), &program, &mut report);
    let (several, alone): (Vec<_>, Vec<_>) =
        lot(LaneKind::Kernel).into_iter().partition(|(_, run)| run.scenario.machines.len() > 1);
    side_by_side(alone, args.jobs.clamp(1, GUESTS), &program, &mut report);
    side_by_side(several, 1, &program, &mut report);
    kernel::clean_up();
    outcomes.sort_by_key(|(file, outcome)| (outcome.lane, *file, outcome.name.clone()));
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    finish(args, &outcomes)
}

fn side_by_side(
    runs: Vec<(usize, Run)>,
    jobs: usize,
    program: &Path,
    report: &mut impl FnMut(usize, Outcome),
) {
    let queue = Mutex::new(VecDeque::from(runs));
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            let (queue, sender) = (&queue, sender.clone());
            scope.spawn(move || {
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some((file, run)) = next else { return };
                    // The receiver outlives the threads.
                    let _ = sender.send((file, run::execute(&run, program, &mut Nobody)));
                }
            });
        }
        drop(sender);
        for (file, outcome) in receiver {
            report(file, outcome);
        }
    });
}

fn finish(args: &RunArgs, outcomes: &[Outcome]) -> Result<ExitCode, String> {
    if let Some(path) = &args.junit {
        let xml =
            junit::document(outcomes).map_err(|error| format!("failed to make the JUnit report: {error}"))?;
        write(path, &xml)?;
    }
    let Count { passed, failed, skipped } = count(outcomes);
    if args.json {
        say(format_args!("{}", json::document(outcomes)));
    } else {
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        say(format_args!("{passed} passed, {failed} failed{skipped}"));
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Keeps the runs that `--only` asks for.
fn choose(runs: &mut Vec<(usize, Run)>, only: &str) -> Result<(), String> {
    let mut names: Vec<_> = runs.iter().map(|(_, run)| run.name.clone()).collect();
    let whole = names.iter().any(|name| name == only);
    runs.retain(|(_, run)| if whole { run.name == only } else { run.name.contains(only) });
    if !runs.is_empty() {
        return Ok(());
    }
    names.sort();
    names.dedup();
    Err(format!("no run's name holds `{only}`; there are:\n  {}", names.join("\n  ")))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| not_written(path, &error))
}

fn not_written(path: &Path, error: &std::io::Error) -> String {
    format!("failed to write the JUnit report to {}: {error}", path.display())
}

/// Prints events as they happen.
struct Printer;

impl Watch for Printer {
    fn event(&mut self, event: &Event) {
        say(format_args!("{event}"));
    }

    fn picture(&mut self, _: Duration, _: &[(String, State)]) {}
}
