//! `outage bench`: how fast the programs are, and what they cost, beside their rivals in the same run.
//!
//! `upsmon` ([`notice`]) and `idle` ([`idle`]) measure whole stacks ([`stack`]), ours and NUT's side by side. Of `upsd`, three subjects take turns at every measurement: our upsd, NUT's where it is installed, and a server that only gives
//! bytes back on the runtime that ours uses: the limit. All serve the same 60 variables (which this program, playing
//! their driver, tells them) on one core, and are loaded from another by one thread ([`load`]). It uses no code of the
//! stack.

mod crowd;
mod echo;
mod figures;
mod histogram;
mod idle;
mod load;
mod machine;
mod measure;
mod notice;
mod played;
mod report;
mod server;
mod stack;
mod targets;
mod ups;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use figures::Row;
use measure::Family;
use report::Run;
use server::{Bed, SPARE_FILES, Subject};

/// What is to be measured, and how long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Seconds instead of minutes.
    pub(crate) quick: bool,
    /// A folder with NUT's programs.
    pub(crate) nut: Option<PathBuf>,
    /// Only rows whose name holds this.
    pub(crate) only: Option<String>,
}

/// Of a whole stack's benchmark.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// A folder with NUT's programs.
    pub(crate) nut: Option<PathBuf>,
}

/// How long after the mains' failure upsmon's NOTIFYCMD runs: so many samples with each POLLFREQ.
///
/// # Errors
/// What could not be measured, and why.
pub(crate) fn upsmon(
    settings: &Settings,
    program: &Path,
    samples: usize,
    output: Output,
    progress: &mut dyn FnMut(&str),
) -> Result<String, String> {
    notice::run(settings, program, samples, output, progress)
}

/// What the stacks, so many of each, cost while nothing happens for so long.
///
/// # Errors
/// What could not be measured, and why.
pub(crate) fn idle(
    settings: &Settings,
    program: &Path,
    count: usize,
    length: Duration,
    output: Output,
) -> Result<String, String> {
    idle::run(settings, program, count, length, output)
}

/// How long and how often.
struct Plan {
    /// How many turns each subject has.
    rounds: usize,
    /// Before it counts.
    warm: Duration,
    /// As long as it counts.
    window: Duration,
    /// How long a burst of connections may take.
    burst_limit: Duration,
    /// How often a program is run in a round.
    runs: usize,
    /// How often the driver says something new in a round.
    changes: usize,
    /// Connections that others than ours hold at most: NUT's takes its time to accept many.
    rivals_hold: usize,
    /// Files this process may have open.
    open_files: usize,
}

impl Plan {
    fn new(quick: bool) -> Self {
        let open_files = machine::open_files();
        let milliseconds = Duration::from_millis;
        if quick {
            return Self {
                rounds: 2,
                warm: milliseconds(20),
                window: milliseconds(60),
                burst_limit: milliseconds(300),
                runs: 2,
                changes: 20,
                rivals_hold: 1_000,
                open_files,
            };
        }
        Self {
            rounds: 5,
            warm: milliseconds(100),
            window: milliseconds(400),
            burst_limit: milliseconds(3000),
            runs: 5,
            changes: 60,
            rivals_hold: usize::MAX,
            open_files,
        }
    }
}

impl Plan {
    /// Whether a row may have so many connections.
    fn allows(&self, row: &str, connections: usize) -> Result<(), String> {
        if connections + SPARE_FILES <= self.open_files {
            return Ok(());
        }
        Err(format!(
            "precondition unmet: {row} needs {connections} open files, and {} are allowed (ulimit -Hn)",
            self.open_files
        ))
    }
}

/// A family of rows, measured together: the name and title of each.
const FAMILIES: &[(Family, &[(&str, &str)])] = &[
    (measure::closed, &[("get/1", "GET VAR, 1 connection")]),
    (measure::closed, &[("get/16", "GET VAR, 16 connections")]),
    (measure::closed, &[("get/256", "GET VAR, 256 connections")]),
    (measure::closed, &[("get-pipelined/1", "GET VAR, 16 under way, 1 connection")]),
    (measure::closed, &[("get-pipelined/16", "GET VAR, 16 under way, 16 connections")]),
    (measure::closed, &[("get-pipelined/256", "GET VAR, 16 under way, 256 connections")]),
    (measure::closed, &[("list/1", "LIST VAR, 1 connection")]),
    (measure::closed, &[("list/16", "LIST VAR, 16 connections")]),
    (measure::closed, &[("list/256", "LIST VAR, 256 connections")]),
    (measure::closed, &[("list-pipelined/16", "LIST VAR, 16 under way, 16 connections")]),
    (measure::closed, &[("list-pipelined/256", "LIST VAR, 16 under way, 256 connections")]),
    (
        measure::idle,
        &[
            ("idle/0", "GET VAR, 1 connection, 0 idle ones"),
            ("idle/1000", "GET VAR, 1 connection, 1,000 idle ones"),
            ("idle/4000", "GET VAR, 1 connection, 4,000 idle ones"),
        ],
    ),
    (
        measure::deaf,
        &[
            ("silent-reader/without", "GET VAR, 16 connections, alone"),
            ("silent-reader/with", "GET VAR, 16 connections, one never reads"),
        ],
    ),
    (
        measure::hostile,
        &[
            ("hostile/without", "GET VAR, 100 connections at a pace, alone"),
            ("hostile/with", "GET VAR, 100 at a pace, 1,000 bad ones"),
        ],
    ),
    (measure::bursts, &[("burst/500", "500 connect at once, each asks GET VAR")]),
    (measure::held, &[("held/10000", "10,000 connections held")]),
    (measure::change, &[("change", "a driver's change, seen by a polling client")]),
    (measure::upsc, &[("upsc", "upsc, start to end")]),
];

/// Whether this program was called by a name under which it is one of the servers that are measured.
#[must_use]
pub(crate) fn hidden(name: &str) -> Option<ExitCode> {
    (name == echo::NAME).then(echo::main)
}

/// Measures, and returns what people or programs (`json`) read. `program` is this binary; `progress` hears what is being
/// measured.
///
/// # Errors
/// What could not be measured, and why.
pub(crate) fn run(
    options: &Options,
    program: &Path,
    output: Output,
    progress: &mut dyn FnMut(&str),
) -> Result<String, String> {
    let chosen = choose(options.only.as_deref())?;
    let machine = machine::description();
    let plan = Plan::new(options.quick);
    let bed = Bed::new(program, options.nut.as_deref(), machine::Cores::share(), plan.open_files)?;
    let mut remarks = Vec::new();
    if let Err(unmet) = &bed.nut {
        if options.nut.is_some() {
            return Err(unmet.clone());
        }
        remarks.push(unmet.clone());
    }
    if !bed.cores.are_two() {
        remarks.push("There is one core: servers and load share it, and the figures say little.".to_owned());
    }
    let mut rows: Vec<Row> = Vec::new();
    for (family, wanted) in chosen {
        progress(wanted[0].0);
        match family(&bed, &plan, &wanted) {
            Ok(found) => rows.extend(found),
            Err(text) if text.starts_with("precondition unmet") => remarks.push(text),
            Err(text) => return Err(format!("failed to measure {text}")),
        }
    }
    let subjects = bed.subjects().into_iter().map(|subject| (subject, about(&bed, subject))).collect();
    let run = Run { machine, subjects, remarks, targets: targets::judge(&rows), rows };
    Ok(match output {
        Output::Table { colour } => report::table(&run, colour),
        Output::Json => format!("{:#}\n", report::document(&run)),
    })
}

/// For whom the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// People.
    Table {
        /// On a terminal.
        colour: bool,
    },
    /// Programs.
    Json,
}

fn about(bed: &Bed, subject: Subject) -> String {
    match subject {
        Subject::Ours => format!("Outage's upsd {}", env!("CARGO_PKG_VERSION")),
        Subject::Nut => {
            let version = bed.nut.as_ref().map(|nut| nut.version.clone()).unwrap_or_default();
            format!("NUT's upsd {version}")
        }
        Subject::Echo => "as many bytes, no thought: the limit of the runtime".to_owned(),
    }
}

type Chosen = Vec<(Family, Vec<(&'static str, &'static str)>)>;

fn choose(only: Option<&str>) -> Result<Chosen, String> {
    let only = only.unwrap_or_default();
    let all = || FAMILIES.iter().flat_map(|(_, rows)| rows.iter().map(|(id, _)| *id));
    let whole = all().any(|id| id == only);
    let wanted = |id: &str| if whole { id == only } else { id.contains(only) };
    let chosen: Chosen = FAMILIES
        .iter()
        .map(|(family, rows)| {
            (*family, rows.iter().copied().filter(|(id, _)| wanted(id)).collect::<Vec<_>>())
        })
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    if chosen.is_empty() {
        return Err(format!(
            "no row's name holds `{only}`; there are:\n  {}",
            all().collect::<Vec<_>>().join("\n  ")
        ));
    }
    Ok(chosen)
}

/// Lets time pass.
fn pause(length: Duration) {
    std::thread::park_timeout(length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(only: Option<&str>) -> Result<Vec<&'static str>, String> {
        let families = choose(only)?;
        Ok(families.into_iter().flat_map(|(_, rows)| rows).map(|(id, _)| id).collect())
    }

    #[test]
    fn rows_are_chosen_by_name() {
        assert_eq!(chosen(Some("get/1")).unwrap(), ["get/1"]);
        assert_eq!(chosen(Some("idle")).unwrap(), ["idle/0", "idle/1000", "idle/4000"]);
        assert_eq!(chosen(Some("list-")).unwrap(), ["list-pipelined/16", "list-pipelined/256"]);
        assert!(chosen(None).unwrap().len() > 20);
        let refusal = chosen(Some("speed")).unwrap_err();
        assert!(refusal.starts_with("no row's name holds `speed`; there are:\n  get/1\n"), "{refusal}");
    }

    #[test]
    fn names_are_used_once() {
        let mut names = chosen(None).unwrap();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
