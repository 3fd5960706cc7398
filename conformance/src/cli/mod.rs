//! The command line of `outage`.

mod bench;
mod conform;
mod files;
mod first;
mod list;
mod peers;
mod run;
mod sim;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::hooks;
use crate::lane::LaneKind;
use crate::lane::kernel::Programs;

/// Pull the plug on a virtual UPS, and see what the stack makes of it.
#[derive(Parser)]
#[command(name = "outage", version)]
#[command(
    after_help = "Without a command: the battery of a virtual UPS runs low, live, with the real stack behind it.\n\
    Under the name of a program of the stack (upsd, upsmon, upsc, usbhid-ups, ..) it is that program.\n\
    Exit codes: 0 all passed, 1 a scenario failed, 2 something is wrong with the command, a scenario or a device file."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Subcommand)]
enum Sub {
    /// Run scenarios and judge them
    Run(RunArgs),
    /// List the scenarios in a folder
    List {
        /// Scenario files, or folders of them
        #[arg(default_value = "scenarios")]
        paths: Vec<PathBuf>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// List the virtual UPSes there are
    Devices {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Judge programs clause by clause, ours and others
    #[command(after_help = conform::HELP)]
    Conform(conform::ConformArgs),
    /// Compare NUT's usbhid-ups and ours on the same virtual UPSes
    #[command(after_help = peers::HELP)]
    Peers(peers::PeersArgs),
    /// Serve virtual UPSes until stopped
    #[command(after_help = sim::HELP)]
    Sim(SimArgs),
    /// Measure a program beside NUT's
    #[command(subcommand)]
    Bench(Bench),
}

/// What can be measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// upsd: requests a second, latency, processor time and memory, beside NUT's upsd and the limit of the runtime
    #[command(after_help = bench::HELP)]
    Upsd(BenchArgs),
    /// upsmon: from the mains' failure to NOTIFYCMD, our whole stack beside NUT's
    #[command(after_help = bench::UPSMON_HELP)]
    Upsmon(UpsmonArgs),
    /// What driver, upsd and upsmon cost while nothing happens, beside NUT's
    #[command(after_help = bench::IDLE_HELP)]
    Idle(IdleArgs),
}

/// Arguments of `outage bench upsmon`.
#[derive(clap::Args)]
pub(crate) struct UpsmonArgs {
    /// Power failures with each POLLFREQ
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Three of them: less than a minute
    #[arg(long, conflicts_with = "samples")]
    quick: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Folder with NUT's programs; without it they are looked for where they are usually installed
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
}

/// Arguments of `outage bench idle`.
#[derive(clap::Args)]
pub(crate) struct IdleArgs {
    /// How long
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Five of them
    #[arg(long, conflicts_with = "seconds")]
    quick: bool,
    /// Stacks of each at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    stacks: u32,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Folder with NUT's programs; without it they are looked for where they are usually installed
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
}

/// Arguments of `outage bench upsd`.
#[derive(clap::Args)]
pub(crate) struct BenchArgs {
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Seconds instead of minutes: less exact
    #[arg(long)]
    quick: bool,
    /// Folder with NUT's programs; without it they are looked for where they are usually installed
    #[arg(long, value_name = "DIR")]
    bin: Option<PathBuf>,
    /// Only rows whose name holds this text; or the one row whose name it is
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Arguments of `outage run`.
#[derive(clap::Args)]
pub(crate) struct RunArgs {
    /// How real: virtual (one process, virtual time), process (real programs, real time) or kernel (a Linux guest in QEMU); the first two unless given
    #[arg(long)]
    lane: Option<LaneKind>,
    /// Whose programs: ours, or nut (NUT's own as Debian has them, in the kernel lane)
    #[arg(long, default_value = "ours")]
    target: Programs,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only runs whose name holds this text; or the one run whose name it is
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Runs at a time in the process lane
    #[arg(long, value_name = "N", default_value_t = 12)]
    jobs: usize,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Show everything that happens, as it happens (one run at a time)
    #[arg(long, short)]
    verbose: bool,
    /// Scenario files, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

/// Arguments of `outage sim`.
#[derive(clap::Args)]
pub(crate) struct SimArgs {
    /// Devices, by name (see `outage devices`) or by path
    #[arg(required = true)]
    devices: Vec<String>,
    /// IP address and port that serve the USB devices over USB/IP
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:3240")]
    usbip: std::net::SocketAddr,
    /// Where to put a link to the pty of a serial device; once for each of them
    #[arg(long, value_name = "LINK")]
    pty: Vec<PathBuf>,
}

/// Runs `outage`, or the program of the stack by whose name it was called.
#[must_use]
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let called = arguments.first().map(PathBuf::from).unwrap_or_default();
    let name = called.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name == "ups" || outage_ups::find(&name).is_some() {
        return outage_ups::main(arguments);
    }
    let words: Vec<_> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(code) = hooks::main(&name, &words).or_else(|| crate::bench::hidden(&name)) {
        return code;
    }
    let done = match Cli::parse_from(arguments).command {
        None => first::main(),
        Some(Sub::Run(args)) => run::main(&args),
        Some(Sub::List { paths, json }) => list::scenarios(&paths, json),
        Some(Sub::Devices { json }) => list::devices(json),
        Some(Sub::Conform(args)) => conform::main(&args),
        Some(Sub::Peers(args)) => peers::main(&args),
        Some(Sub::Sim(args)) => sim::main(&args),
        Some(Sub::Bench(args)) => bench::main(&args),
    };
    match done {
        Ok(code) => code,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
    }
}

/// This binary's own file: the process lane runs it under other names.
fn this_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("failed to find this program's own file: {error}"))
}
