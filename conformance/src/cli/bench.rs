//! `outage bench`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use super::{Bench, BenchArgs};
use crate::bench::{self, Options, Output, Settings};
use crate::report::say;

/// What every row means is in docs/performance.md.
pub(super) const HELP: &str = "\
Three servers take turns: ours, NUT's where it is installed, and one that only gives as many bytes back (the limit).
They run on one core, the load on another. Compare figures within a run only; a busy machine changes both sides.
Where `generator` is near 100% the load was the limit, not the server: compare by CPU there.
Exit codes: 0 measured (also when a target is missed), 2 something could not be measured.";

pub(super) const UPSMON_HELP: &str = "\
The driver is played: it says OB, and the time runs until NOTIFYCMD writes a line. Both stacks run side by side with the
same files, first with POLLFREQ 1, then with 5. Takes about 12 s for each sample.
Exit codes: 0 measured (also when a target is missed), 2 something could not be measured.";

pub(super) const IDLE_HELP: &str = "\
Both stacks run side by side: a driver of a file, upsd, and upsmon with POLLFREQ 5; all of copies of the programs. How
dear a wake-up is depends on where in the memory a copy came to lie: several stacks of each tell more than one. Memory
is judged with one of each: several of NUT's share their libraries, and ours have theirs within.
Exit codes: 0 measured (also when a target is missed), 2 something could not be measured.";

/// Measures, and prints what was found.
pub(super) fn main(bench: &Bench) -> Result<ExitCode, String> {
    let (json, bin) = match bench {
        Bench::Upsd(args) => (args.json, &args.bin),
        Bench::Upsmon(args) => (args.json, &args.bin),
        Bench::Idle(args) => (args.json, &args.bin),
    };
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
    let (program, settings) = (super::this_program()?, Settings { nut: bin.clone() });
    let text = match bench {
        Bench::Upsd(BenchArgs { quick, only, .. }) => {
            let options = Options { quick: *quick, nut: bin.clone(), only: only.clone() };
            bench::run(&options, &program, output, &mut progress)
        }
        Bench::Upsmon(args) => {
            let samples = if args.quick { 3 } else { args.samples as usize };
            bench::upsmon(&settings, &program, samples, output, &mut progress)
        }
        Bench::Idle(args) => {
            let length = Duration::from_secs(if args.quick { 5 } else { args.seconds });
            progress(&format!("{} s of nothing", length.as_secs()));
            bench::idle(&settings, &program, args.stacks as usize, length, output)
        }
    };
    if terminal {
        eprint!("\r\x1b[K");
    }
    say(text?.trim_end());
    Ok(ExitCode::SUCCESS)
}
