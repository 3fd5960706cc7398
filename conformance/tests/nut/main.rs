//! Outage's programs and NUT's own C programs, one against the other, as real processes: `cargo test --test nut`.
//!
//! A test whose C program is not installed is ignored, and says so: it has not passed.

mod clients;
mod drivers;
mod dummies;
mod lab;
mod monitors;
mod programs;
mod servers;

use libtest_mimic::{Arguments, Failed, Trial};

/// A test with the C programs that it needs.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    needs: &'static [&'static str],
    run: fn() -> Result<(), String>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // These wait most of their time, for timers that C programs take in whole seconds only.
    arguments.test_threads.get_or_insert(6);
    let cases = [clients::CASES, servers::CASES, drivers::CASES, dummies::CASES, monitors::CASES].concat();
    let trials = cases.into_iter().map(|case| {
        let unmet = case.needs.iter().find_map(|name| programs::c(name).err());
        if let Some(unmet) = unmet.as_ref().filter(|_| !arguments.list) {
            eprintln!("{}: {unmet}", case.name);
        }
        let ignored = unmet.is_some();
        let run = move || unmet.map_or_else(case.run, Err).map_err(Failed::from);
        Trial::test(case.name, run).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}
