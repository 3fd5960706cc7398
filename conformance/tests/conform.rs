//! Every suite at our programs as processes, and at NUT's own where those are installed: `cargo test --test conform --
//! nut::upsd/login`. A test is a topic.

use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use outage_conformance::conform::lab::programs;
use outage_conformance::conform::report::text;
use outage_conformance::conform::runner::{self, Options};
use outage_conformance::conform::{Case, Target, expectations, suites};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // These wait most of their time.
    arguments.test_threads.get_or_insert(4);
    let unmet = ["upsd", "upsc", "dummy-ups"].iter().find_map(|name| programs::find(name, None).err());
    if let Some(unmet) = unmet.as_ref().filter(|_| !arguments.list) {
        eprintln!("nut: precondition unmet: {}", unmet.text());
    }
    let mut trials = Vec::new();
    for target in [Target::Ours, Target::Nut] {
        let mut topics: Vec<(&str, Vec<&'static Case>)> = Vec::new();
        for case in suites::all() {
            match topics.last_mut() {
                Some((topic, cases)) if *topic == case.topic() => cases.push(case),
                _ => topics.push((case.topic(), vec![case])),
            }
        }
        let ignored = target == Target::Nut && unmet.is_some();
        for (topic, cases) in topics {
            let name = format!("{target}::{topic}");
            let target = target.clone();
            trials.push(Trial::test(name, move || check(&target, &cases)).with_ignored_flag(ignored));
        }
    }
    assert!(!trials.is_empty());
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(target: &Target, cases: &[&'static Case]) -> Result<(), Failed> {
    let options = Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_outage")),
        bin: None,
        jobs: 2,
        keep: None,
        once: false,
    };
    let ledger = expectations::of(target)?;
    let mut failures = String::new();
    runner::run(target, cases, &ledger, &options, |judged| {
        failures.extend(text::failure(&judged).map(|text| format!("\n{text}")));
    })?;
    if failures.is_empty() { Ok(()) } else { Err(failures.into()) }
}
