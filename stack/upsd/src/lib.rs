#![forbid(unsafe_code)]
//! The UPS network server: holds what drivers say of their UPSes, and tells it to clients over TCP.
//!
//! [`core`] judges and answers; it knows neither sockets nor clocks. [`run`] is the shell around it.

pub mod core;
pub mod options;
mod shell;

use std::process::ExitCode;

use outage_host::Host;
use outage_host::real::{Start, start};

pub use shell::{UpsdConfig, run};

use options::{Options, Parsed};

/// Runs upsd on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let parsed = options::parse(args);
    let (background, debug) = match &parsed {
        Ok(Parsed::Run(options)) if options.command.is_none() => (!options.foreground, options.debug),
        _ => (false, 0),
    };
    start(Start { ident: "upsd".to_owned(), background, debug, syslog: false }, |host| begin(parsed, host))
}

/// Runs upsd on `host` as its command line says. `args` are without the program's name.
pub async fn upsd(args: Vec<String>, host: Host) -> ExitCode {
    begin(options::parse(args), host).await
}

/// Does `-r`, before anything is read.
fn change_root(host: &Host, options: &Options) -> Result<(), String> {
    let Some(root) = &options.root else { return Ok(()) };
    let user = options.user.as_deref().unwrap_or(shell::USER);
    host.change_root(root.as_ref(), Some(user)).map_err(|error| {
        format!("failed to change the root to {root} (-r): {error} (it must be a folder, and upsd be started as root)")
    })
}

async fn begin(parsed: Result<Parsed, String>, host: Host) -> ExitCode {
    let banner = format!("Network UPS Tools upsd {}\n", core::VERSION);
    let options: Options = match parsed {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Version) => {
            host.print(&banner);
            return ExitCode::SUCCESS;
        }
        Ok(Parsed::Help) => {
            host.print(&format!("{banner}\n{}", options::USAGE));
            return ExitCode::SUCCESS;
        }
        Err(text) => {
            host.error(format!("upsd: {text}"));
            host.print(options::USAGE);
            return ExitCode::FAILURE;
        }
    };
    host.print(&banner);
    if options.command.is_some() {
        return shell::send_command(&host, &options);
    }
    let started = match change_root(&host, &options) {
        Ok(()) => UpsdConfig::load(&host, options),
        Err(text) => Err(text),
    };
    match started {
        Ok(config) => run(config, host).await,
        Err(text) => {
            host.error(format!("Fatal error: {text}"));
            ExitCode::FAILURE
        }
    }
}
