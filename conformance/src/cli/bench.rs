//! `outage bench`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use super::{Bench, BenchArgs};
use crate::bench::{self, Options, Output};
use crate::report::say;

/// What every row means is in docs/performance.md.
pub(super) const HELP: &str = "\
Three servers take turns: ours, NUT's where it is installed, and one that only gives as many bytes back (the limit).
They run on one core, the load on another. Compare figures within a run only; a busy machine changes both sides.
Where `generator` is near 100% the load was the limit, not the server: compare by CPU there.
Exit codes: 0 measured (also when a target is missed), 2 something could not be measured.";

/// Measures, and prints what was found.
pub(super) fn main(bench: &Bench) -> Result<ExitCode, String> {
    let Bench::Upsd(args) = bench;
    let BenchArgs { json, quick, bin, only } = args;
    let options = Options { quick: *quick, nut: bin.clone(), only: only.clone() };
    let output = match json {
        true => Output::Json,
        false => Output::Table { colour: std::io::stdout().is_terminal() },
    };
    let terminal = std::io::stderr().is_terminal();
    let mut progress = |what: &str| {
        if terminal {
            eprint!("\r\x1b[Kmeasuring {what}");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("measuring {what}");
        }
    };
    let text = bench::run(&options, &super::this_program()?, output, &mut progress);
    if terminal {
        eprint!("\r\x1b[K");
    }
    say(text?.trim_end());
    Ok(ExitCode::SUCCESS)
}
