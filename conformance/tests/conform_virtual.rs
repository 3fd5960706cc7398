//! Every suite at our programs in virtual time, what the ledgers may say, and the harness's test of itself.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use outage_conformance::conform::faults::{self, FAULTS, NONSENSE};
use outage_conformance::conform::lab::virt::VirtualLab;
use outage_conformance::conform::report::{differences, text};
use outage_conformance::conform::runner::{self, Options};
use outage_conformance::conform::verdict::{Judged, Verdict};
use outage_conformance::conform::{Case, Check, Target, expectations, suites, talk};

fn options() -> Options {
    Options {
        program: PathBuf::from(env!("CARGO_BIN_EXE_outage")),
        bin: None,
        jobs: 2,
        keep: None,
        once: true,
    }
}

fn judge_all() -> Vec<Judged> {
    let ledger = expectations::of(&Target::OursVirtual).unwrap();
    let mut all = Vec::new();
    runner::run(&Target::OursVirtual, &suites::all(), &ledger, &options(), |judged| all.push(judged))
        .unwrap();
    all
}

#[test]
fn every_case_goes_as_expected() {
    let all = judge_all();
    let failures: Vec<_> = all.iter().filter_map(text::failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let passed = all.iter().filter(|judged| judged.verdict == Verdict::Pass).count();
    assert!(passed * 10 > all.len() * 8, "only {passed} of {} cases were judged", all.len());
}

#[test]
fn a_run_is_the_same_every_time() {
    // The random numbers of TLS are the machine's own.
    let encrypted = |judged: &&Judged| judged.transcript.iter().any(|entry| entry.text == "OK STARTTLS");
    let trace = |judged: &Judged| judged.transcript.iter().map(ToString::to_string).collect::<Vec<_>>();
    let traces = |all: Vec<Judged>| -> BTreeMap<&str, Vec<String>> {
        all.iter().filter(|judged| !encrypted(judged)).map(|judged| (judged.case.id, trace(judged))).collect()
    };
    let (one, other) = (traces(judge_all()), traces(judge_all()));
    for (id, trace) in &one {
        assert_eq!(Some(trace), other.get(id), "{id}");
    }
}

#[test]
fn ids_are_in_order_and_unique() {
    let all = suites::all();
    assert!(!all.is_empty());
    let mut seen = BTreeMap::new();
    for case in &all {
        let parts: Vec<_> = case.id.split('/').collect();
        let clean = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
                })
        };
        assert!(parts.len() == 3 && parts.iter().all(clean), "{}: suite/topic/name", case.id);
        assert!(seen.insert(case.id, ()).is_none(), "{} is there twice", case.id);
        assert!(!case.source.trim().is_empty(), "{}: says who?", case.id);
        assert!((10..250).contains(&case.claim.len()), "{}: the claim is one sentence", case.id);
    }
}

#[test]
fn every_conversation_can_be_read_and_can_fail() {
    for case in suites::all() {
        let Check::Talk(text) = case.check else { continue };
        let talk = talk::parse(text).unwrap_or_else(|error| panic!("{}: {error}", case.id));
        let expects = |step: &talk::Step| {
            !matches!(
                step,
                talk::Step::Client(
                    _,
                    talk::Client::Send(_) | talk::Client::Raw(_) | talk::Client::Open | talk::Client::Close
                ) | talk::Step::Run(_)
                    | talk::Step::Wait(_)
                    | talk::Step::Reload
                    | talk::Step::Config(..)
                    | talk::Step::Stdin(_)
            )
        };
        assert!(talk.steps.iter().any(|(_, _, step)| expects(step)), "{}: expects nothing", case.id);
    }
}

#[test]
fn what_only_reads_says_nothing_that_changes_anything() {
    for case in suites::all()
        .into_iter()
        .filter(|case| case.profile == outage_conformance::conform::Profile::ReadOnly)
    {
        let Check::Talk(text) = case.check else {
            panic!("{}: only a conversation shows what it does", case.id)
        };
        let talk = talk::parse(text).unwrap();
        for (_, line, step) in &talk.steps {
            let bytes = match step {
                talk::Step::Client(_, talk::Client::Send(text)) => text.clone().into_bytes(),
                talk::Step::Client(_, talk::Client::Raw(bytes)) => bytes.clone(),
                talk::Step::Client(..) => continue,
                _ => panic!("{}: `{line}` is no reading", case.id),
            };
            let words = String::from_utf8_lossy(&bytes).to_ascii_uppercase();
            for verb in ["SET ", "INSTCMD ", "FSD ", "LOGIN ", "ATTACH ", "PASSWORD "] {
                let begins = words.lines().any(|line| line.trim_start().starts_with(verb));
                // A server somewhere has no UPS of this name, and no user was named.
                assert!(!begins || !words.contains("{UPS}"), "{}: `{line}` is no reading", case.id);
            }
        }
    }
}

#[test]
fn ledgers_have_no_faults() {
    for target in [Target::Ours, Target::OursVirtual, Target::Nut] {
        expectations::of(&target).unwrap_or_else(|faults| panic!("{faults}"));
    }
}

#[test]
fn the_list_of_differences_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/differences.md");
    let file = std::fs::read_to_string(&path).unwrap();
    let renewed = differences::renew(&file).unwrap();
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&path, &renewed).unwrap();
    }
    assert!(
        file == renewed,
        "docs/differences.md is behind the ledgers: RENEW=1 cargo test --test conform_virtual differences"
    );
}

/// The cases that a wrong server is judged by: those that pass without a fault.
fn sound() -> Vec<&'static Case> {
    let passes = |case: &&'static Case| {
        let ledger = expectations::Ledger::new();
        let judged =
            runner::virtually(case, &ledger, &options(), |seed| Ok(Arc::new(VirtualLab::new(seed)?)));
        judged.unwrap().verdict == Verdict::Pass
    };
    suites::all().into_iter().filter(passes).collect()
}

#[test]
fn every_wrong_server_is_caught() {
    let sound = sound();
    let mut uncaught = Vec::new();
    for fault in FAULTS {
        let caught = !faults::noticed(fault, &sound, &options(), 1).unwrap().is_empty();
        if !caught {
            uncaught.push(format!("{}: {}", fault.name, fault.about));
        }
    }
    assert!(uncaught.is_empty(), "no case notices:\n{}", uncaught.join("\n"));
}

/// Whatever is said, some case may be content with nonsense: one that claims silence, or just no success. Then some other
/// fault must be what it notices.
#[test]
fn no_case_is_content_with_everything() {
    let sound = sound();
    let noticed = faults::noticed(&NONSENSE, &sound, &options(), usize::MAX).unwrap();
    assert!(
        noticed.len() * 10 > sound.len() * 9,
        "only {} of {} cases notice nonsense",
        noticed.len(),
        sound.len()
    );
    let mut content = Vec::new();
    for case in sound.into_iter().filter(|case| !noticed.contains(&case.id)) {
        let notices = |fault| !faults::noticed(fault, &[case], &options(), 1).unwrap().is_empty();
        if !FAULTS.iter().any(notices) {
            content.push(case.id);
        }
    }
    assert!(content.is_empty(), "these can't fail:\n{}", content.join("\n"));
}

#[test]
fn names_of_wrong_servers_are_unique() {
    let mut names: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FAULTS.len());
}
