//! Every scenario is a test by name, in both lanes: `cargo test --test scenarios -- process::low-battery`.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use outage_conformance::lane::LaneKind;
use outage_conformance::report::text;
use outage_conformance::run::{self, Nobody, Run};
use outage_conformance::scenario;

fn main() {
    let mut arguments = Arguments::from_args();
    // The process lane waits most of its time; more threads than cores keep the whole short.
    arguments.test_threads.get_or_insert(8);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let mut trials = Vec::new();
    for path in files(&root.join("scenarios")) {
        let source = std::fs::read_to_string(&path).expect("the file was just listed");
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let (scenario, faults) = scenario::parse(&stem, &source);
        assert!(faults.is_empty(), "{}: {faults:?}", path.display());
        for lane in [LaneKind::Virtual, LaneKind::Process] {
            for run in run::runs(&scenario, lane, 1) {
                let (name, path, source) = (format!("{lane}::{}", run.name), path.clone(), source.clone());
                trials.push(Trial::test(name, move || check(&run, &path, &source)));
            }
        }
    }
    assert!(!trials.is_empty());
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(run: &Run, path: &Path, source: &str) -> Result<(), Failed> {
    let outcome = run::execute(run, Path::new(env!("CARGO_BIN_EXE_outage")), &mut Nobody);
    match text::failure(&outcome, &path.display().to_string(), source, false) {
        None => Ok(()),
        Some(text) => Err(text.into()),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "kdl") {
            found.push(path);
        }
    }
    found.sort();
    found
}
