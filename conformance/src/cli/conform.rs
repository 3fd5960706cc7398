//! `outage conform`.

use std::fs;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::clock::Stopwatch;
use crate::conform::faults::{self, FAULTS};
use crate::conform::report::{differences, html, json, junit, text};
use crate::conform::verdict::{Judged, Verdict};
use crate::conform::{Case, Level, Target, expectations, runner, suites};
use crate::report::say;

pub(super) const HELP: &str = "\
Targets: ours (our programs as processes), ours-virtual (the same on machines in memory, in virtual time), nut (NUT's own
programs in C, where they are installed or in --bin DIR), tcp://HOST:PORT (a server somewhere, which is only read from).
Cases: SUITE, SUITE/TOPIC or SUITE/TOPIC/NAME; all unless given.
Exit codes: 0 all went as expected, 1 something did not, 2 something is wrong with the command or a ledger.";

/// Arguments of `outage conform`.
#[derive(clap::Args)]
pub(crate) struct ConformArgs {
    /// What is judged; may be given several times; ours unless given
    #[arg(long = "target", short, value_name = "TARGET")]
    targets: Vec<Target>,
    /// Folder with NUT's programs
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
    /// Only claims at least as binding as this: MUST, SHOULD, MAY or OBSERVED
    #[arg(long)]
    level: Option<Level>,
    /// Cases at a time
    #[arg(long, value_name = "N", default_value_t = 6)]
    jobs: usize,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a page that shows the claims by the targets
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Where to keep what is needed to see why a case failed; a new folder for temporary files unless given
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Show also what was skipped and what failed as expected
    #[arg(long, short)]
    verbose: bool,
    /// Only list the cases
    #[arg(long)]
    list: bool,
    /// Only show what would be said to the targets
    #[arg(long)]
    dry_run: bool,
    /// Only print the generated part of docs/differences.md
    #[arg(long)]
    differences: bool,
    /// Judge deliberately wrong servers instead: which case notices which fault?
    #[arg(long)]
    self_test: bool,
    /// Whose ledger a server somewhere is held to (nut: it runs NUT's own programs)
    #[arg(long, value_name = "TARGET")]
    ledger: Option<Target>,
    /// The cases
    #[arg(value_name = "SUITE[/CASE]")]
    cases: Vec<String>,
}

/// Judges what was asked for and reports it.
pub(super) fn main(args: &ConformArgs) -> Result<ExitCode, String> {
    if args.differences {
        say(differences::document()?.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let cases = choose(&args.cases, args.level)?;
    if args.list {
        say(text::list(&cases).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        say(text::dry(&cases).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    if args.self_test {
        return self_test(args, &cases);
    }
    // Found out before the run, not after it.
    for path in args.junit.iter().chain(&args.html) {
        let opened = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path);
        opened.map_err(|error| not_written(path, &error))?;
    }
    let mut targets = if args.targets.is_empty() { vec![Target::Ours] } else { args.targets.clone() };
    let mut seen = Vec::new();
    targets.retain(|target| {
        !seen.contains(target) && {
            seen.push(target.clone());
            true
        }
    });
    let ledger = |target| match (target, &args.ledger) {
        (Target::Remote(..), Some(other)) => expectations::of(other),
        (target, _) => expectations::of(&target),
    };
    let ledgers = targets.iter().cloned().map(ledger).collect::<Result<Vec<_>, _>>()?;
    let (keep, temporary) = match &args.keep {
        Some(folder) => (folder.clone(), None),
        None => {
            let folder = tempfile::Builder::new().prefix("outage-conform-kept-").tempdir();
            let folder = folder.map_err(|error| format!("failed to make a folder: {error}"))?;
            (folder.path().to_owned(), Some(folder))
        }
    };
    let options = runner::Options {
        program: super::this_program()?,
        bin: args.bin.clone(),
        jobs: args.jobs,
        keep: Some(keep.clone()),
        once: false,
    };
    let mut all = Vec::new();
    for (target, ledger) in targets.iter().zip(&ledgers) {
        let watch = Stopwatch::start();
        let mut progress = Progress::new(cases.len(), args.json);
        let mut judged = Vec::new();
        runner::run(target, &cases, ledger, &options, |one| {
            progress.show(&one, args);
            judged.push(one);
        })?;
        progress.clear();
        let place = |one: &Judged| cases.iter().position(|case| case.id == one.case.id);
        judged.sort_by_key(place);
        if !args.json {
            say(text::summary(&target.to_string(), &judged.iter().collect::<Vec<_>>(), watch.elapsed()));
        }
        all.extend(judged);
    }
    let kept = all.iter().any(|judged| judged.kept.is_some());
    if let (true, Some(folder)) = (kept, temporary) {
        let folder = folder.keep();
        eprintln!("what is needed to see why is kept in {}", folder.display());
    }
    finish(args, &all)
}

/// Shows for each deliberately wrong server how many cases notice it.
fn self_test(args: &ConformArgs, cases: &[&'static Case]) -> Result<ExitCode, String> {
    let options = runner::Options {
        program: super::this_program()?,
        bin: None,
        jobs: args.jobs,
        keep: None,
        once: true,
    };
    let mut sound = Vec::new();
    runner::run(&Target::OursVirtual, cases, &expectations::Ledger::new(), &options, |judged| {
        if judged.verdict == Verdict::Pass {
            sound.push(judged.case);
        }
    })?;
    sound.sort_by_key(|case| cases.iter().position(|other| other.id == case.id));
    let mut uncaught = 0;
    for fault in FAULTS {
        let noticed = faults::noticed(fault, &sound, &options, usize::MAX)?;
        uncaught += usize::from(noticed.is_empty());
        let by = match noticed.first() {
            None => "NOT NOTICED".to_owned(),
            Some(first) => format!("{:>3} cases, first {first}", noticed.len()),
        };
        say(format_args!("{:<30} {by}\n  {}", fault.name, fault.about));
    }
    say(format_args!("{} wrong servers, {uncaught} not noticed by {} cases", FAULTS.len(), sound.len()));
    Ok(if uncaught == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn finish(args: &ConformArgs, all: &[Judged]) -> Result<ExitCode, String> {
    if let Some(path) = &args.junit {
        let xml =
            junit::document(all).map_err(|error| format!("failed to make the JUnit report: {error}"))?;
        fs::write(path, xml).map_err(|error| not_written(path, &error))?;
    }
    if let Some(path) = &args.html {
        fs::write(path, html::document(all)).map_err(|error| not_written(path, &error))?;
    }
    if args.json {
        say(json::document(all));
    }
    Ok(if all.iter().all(Judged::as_expected) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn not_written(path: &Path, error: &std::io::Error) -> String {
    format!("failed to write {}: {error}", path.display())
}

/// The cases that were asked for, in the order of the suites.
fn choose(wanted: &[String], level: Option<Level>) -> Result<Vec<&'static Case>, String> {
    let all = suites::all();
    for name in wanted {
        if !all.iter().any(|case| fits(case, name)) {
            return Err(unknown(name, &all));
        }
    }
    let mut cases = all;
    cases.retain(|case| {
        let named = wanted.is_empty() || wanted.iter().any(|name| fits(case, name));
        named && level.is_none_or(|level| case.level >= level)
    });
    if cases.is_empty() {
        return Err(
            "no case is left: the level is higher than that of all the cases that were named".to_owned()
        );
    }
    Ok(cases)
}

/// Whether a case is meant by a suite, a topic or an id.
fn fits(case: &Case, name: &str) -> bool {
    let name = name.trim_end_matches('/');
    case.id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn unknown(name: &str, all: &[&'static Case]) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let near: Vec<_> = all.iter().map(|case| case.id).filter(|id| id.contains(last)).take(5).collect();
    let mut topics: Vec<_> = all.iter().map(|case| case.topic()).collect();
    topics.dedup();
    let hint = if near.is_empty() || last.is_empty() { topics } else { near };
    format!("there is no suite, topic or case `{name}`; there are:\n  {}", hint.join("\n  "))
}

/// Shows how far it is: on one line of a terminal, and nowhere else.
struct Progress {
    live: bool,
    done: usize,
    all: usize,
}

impl Progress {
    fn new(all: usize, quiet: bool) -> Self {
        Self { live: !quiet && std::io::stderr().is_terminal(), done: 0, all }
    }

    fn show(&mut self, one: &Judged, args: &ConformArgs) {
        self.done += 1;
        self.clear();
        if let Some(line) = text::line(one).filter(|_| !args.json && (args.verbose || one.flaky.is_some())) {
            say(line);
        }
        if let Some(failure) = text::failure(one).filter(|_| !args.json) {
            say(failure);
        }
        if self.live {
            eprint!("{:>4}/{} {}", self.done, self.all, one.case.id);
            // A terminal that is gone shows no progress.
            let _ = std::io::stderr().flush();
        }
    }

    fn clear(&self) {
        if self.live {
            eprint!("\r\x1b[2K");
        }
    }
}
