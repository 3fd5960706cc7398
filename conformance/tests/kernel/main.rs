//! The kernel lane as a person meets it: what it needs, what it finds, and that nothing of it is left behind.
//!
//! Tests that boot a guest are ignored where one of the things that a guest is made of is missing, and say so: they have
//! not passed.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

mod emulator;
mod guests;
mod place;

use std::process::Stdio;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Whether it boots a guest.
    boots: bool,
    run: fn() -> Result<(), String>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // A guest that boots keeps a core busy.
    arguments.test_threads.get_or_insert(2);
    let cases = [emulator::CASES, guests::CASES].concat();
    let unmet = if arguments.list { None } else { unmet() };
    if let Some(unmet) = &unmet {
        eprintln!("{unmet}");
    }
    let trials = cases.into_iter().map(|case| {
        let unmet = unmet.clone().filter(|_| case.boots);
        let ignored = unmet.is_some();
        let run = move || unmet.map_or_else(case.run, Err).map_err(Failed::from);
        Trial::test(case.name, run).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// What a guest needs and is not here.
fn unmet() -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut build = std::process::Command::new(place::build());
    build.arg("--ups").arg(place::OUTAGE).arg("--out").arg(folder.path());
    let built = build.stdin(Stdio::null()).stdout(Stdio::null()).output().unwrap();
    // Any other fault is for the tests to find.
    (built.status.code() == Some(3)).then(|| String::from_utf8_lossy(&built.stderr).trim().to_owned())
}
