//! Unmodified clients of other makers at our upsd: `ci/ecosystem.sh && cargo test --test ecosystem`.
//!
//! NUT's own C programs come from the distribution, the libraries from target/ecosystem, where ci/ecosystem.sh puts them.
//! A test whose client is not there is ignored, and says so: it has not passed.

#[expect(dead_code, reason = "the room of the other tests, of which these need a part")]
#[path = "../nut/lab.rs"]
mod lab;
#[path = "../nut/programs.rs"]
mod programs;

mod distribution;
mod libraries;
mod room;

use libtest_mimic::{Arguments, Failed, Trial};

/// What a test needs.
#[derive(Clone, Copy)]
enum Need {
    /// A C program of NUT's.
    C(&'static str),
    /// A file of target/ecosystem.
    Installed(&'static str),
    /// A program in the PATH.
    Program(&'static str),
}

/// A test with what it needs.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    needs: &'static [Need],
    run: fn() -> Result<(), String>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // These wait most of their time.
    arguments.test_threads.get_or_insert(4);
    let cases = [distribution::CASES, libraries::CASES].concat();
    let trials = cases.into_iter().map(|case| {
        let unmet = case.needs.iter().find_map(|need| unmet(*need));
        if let Some(unmet) = unmet.as_ref().filter(|_| !arguments.list) {
            eprintln!("{}: {unmet}", case.name);
        }
        let ignored = unmet.is_some();
        let run = move || unmet.map_or_else(case.run, Err).map_err(Failed::from);
        Trial::test(case.name, run).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// What is missing.
fn unmet(need: Need) -> Option<String> {
    match need {
        Need::C(name) => programs::c(name).err(),
        Need::Installed(name) => {
            let path = libraries::home().join(name);
            (!path.exists())
                .then(|| format!("precondition unmet: there is no {} (run ci/ecosystem.sh)", path.display()))
        }
        Need::Program(name) => {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
            (!found).then(|| format!("precondition unmet: there is no {name} in PATH"))
        }
    }
}
