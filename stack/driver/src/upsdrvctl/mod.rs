//! upsdrvctl(8): starts and stops the drivers by the sections of ups.conf.
//!
//! [`plan`] decides what is to run and in which order, without doing anything; `act` does it.

mod act;
mod cli;
mod plan;
mod status;
mod talk;
#[cfg(test)]
mod tests;

use std::io;
use std::process::ExitCode;

use outage_config::{Paths, Severity, UpsConf};
use outage_host::Host;
use outage_host::real::{Start, start};

pub use cli::{Ground, LETTERS, Order, Parsed, USAGE, Verb, Word, parse};
pub use plan::{Job, Place, plan, stays};

use self::act::Started;

/// The line that every run begins with.
#[must_use]
pub fn banner() -> String {
    format!("Network UPS Tools - UPS driver controller {}\n", env!("CARGO_PKG_VERSION"))
}

/// Runs upsdrvctl on this machine. `args` begin with the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let debug = match parse(args.get(1..).unwrap_or_default()) {
        Ok(Parsed::Run(order)) => order.debug,
        _ => 0,
    };
    start(Start { ident: "upsdrvctl".to_owned(), debug, ..Start::default() }, |host| run(args, host))
}

/// Runs upsdrvctl on `host`. `args` begin with the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    host.print(&banner());
    let order = match parse(args.get(1..).unwrap_or_default()) {
        Ok(Parsed::Run(order)) => order,
        Ok(Parsed::Help) => {
            host.print(&format!("\n{USAGE}"));
            return ExitCode::SUCCESS;
        }
        Ok(Parsed::Version) => return ExitCode::SUCCESS,
        Err(text) => {
            host.error(format!("upsdrvctl: {text}"));
            host.print(&format!("\n{USAGE}"));
            return ExitCode::FAILURE;
        }
    };
    host.set_debug_level(host.debug_level().max(order.debug));
    match carry_out(&host, &order).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            host.error(format!("upsdrvctl: {text}"));
            ExitCode::FAILURE
        }
    }
}

/// Reads ups.conf and says what is wrong in it.
fn configuration(host: &Host, paths: &Paths) -> Result<UpsConf, String> {
    let path = paths.conf.join("ups.conf");
    let text = host.read(&path).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => {
                ": create it, with a section for each UPS, or set NUT_CONFPATH to its folder"
            }
            io::ErrorKind::PermissionDenied => ": run this as root, or let this user read it",
            _ => "",
        };
        format!("failed to read {}: {error}{help}", path.display())
    })?;
    let (conf, faults) = outage_config::ups_conf(&path.to_string_lossy(), &text);
    for fault in faults {
        match fault.severity {
            Severity::Note => host.debug(1, fault),
            Severity::Warning => host.warn(fault),
            Severity::Error => host.error(fault),
        }
    }
    Ok(conf)
}

/// Whether every step went well, or one line that says why there was none.
async fn carry_out(host: &Host, order: &Order) -> Result<bool, String> {
    let env = |name: &str| host.env(name).filter(|value| !value.is_empty());
    let mut paths = Paths::from_env(env);
    let conf = configuration(host, &paths)?;
    if let Some(path) = conf.global("statepath").filter(|_| env("NUT_STATEPATH").is_none()) {
        paths.state = path.into();
        if env("NUT_ALTPIDPATH").is_none() {
            paths.alt_pid = path.into();
        }
    }
    let place = Place {
        program: host.program().0,
        built_in: |name| crate::drivers::find(name).is_some(),
        state: paths.state.clone(),
        pid: paths.alt_pid,
        ignore_nowait: env("NUT_IGNORE_NOWAIT").is_some(),
    };
    let (jobs, notes) = plan(&conf, order, &place)?;
    for note in notes {
        host.warn(note);
    }
    if order.test {
        host.print(&rehearsal(&jobs, order));
        return Ok(true);
    }
    Ok(match order.verb {
        Verb::List => {
            let names: String = jobs.iter().map(|job| format!("{}\n", job.ups)).collect();
            host.print(&names);
            true
        }
        Verb::Status => {
            let mut rows = Vec::new();
            for job in &jobs {
                rows.push(status::look(host, job).await);
            }
            host.print(&status::table(&rows));
            rows.iter().all(status::Row::runs)
        }
        Verb::Start => {
            // Each in its own root.
            for folder in jobs.iter().filter_map(|job| job.socket.parent()) {
                if !host.stat(folder).is_ok_and(|info| info.is_dir) {
                    return Err(format!(
                        "the state folder {0} is missing: create it (mkdir -p {0}) for the user that drivers run \
                         as, or set NUT_STATEPATH",
                        folder.display()
                    ));
                }
            }
            let started = if stays(order) {
                act::start_and_stay(host, &jobs).await
            } else {
                start_all(host, &jobs).await
            };
            // Whoever asked for all of them has not got those that the file tells too little of.
            started && (conf.bad_sections == 0 || order.ups.is_some())
        }
        Verb::Stop => {
            let mut good = true;
            for job in &jobs {
                good &= act::stop(host, job).await;
            }
            good
        }
        Verb::Shutdown => {
            let mut good = true;
            for job in &jobs {
                good &= act::shut_down(host, job).await;
            }
            good
        }
        Verb::Tell(word) => {
            let mut good = true;
            for job in &jobs {
                good &= act::tell(host, job, word).await;
            }
            good
        }
    })
}

/// One driver after the other. A slow one is no failure yet; it is asked again when all had their turn.
async fn start_all(host: &Host, jobs: &[Job]) -> bool {
    let mut good = true;
    let mut slow = Vec::new();
    for job in jobs {
        match act::start(host, job).await {
            Started::Yes => {}
            Started::Slowly(starting) => slow.push((job, starting)),
            Started::No => good = false,
        }
    }
    for (job, starting) in slow {
        good &= act::is_ready(host, job, starting).await;
    }
    good
}

/// What `-t` prints.
fn rehearsal(jobs: &[Job], order: &Order) -> String {
    let mut text = "*** Testing mode: not calling exec/kill\n".to_owned();
    for job in jobs {
        let what = match (order.verb, &job.command) {
            (Verb::Start | Verb::Shutdown, Err(error)) => {
                // Errors name the UPS themselves, and so does this line.
                error.strip_prefix(&format!("[{}] ", job.ups)).unwrap_or(error).to_owned()
            }
            (Verb::Shutdown, Ok(_)) if job.order.is_none() => "left on: its sdorder is -1".to_owned(),
            (Verb::Start | Verb::Shutdown, Ok(command)) => match &command.name {
                Some(name) => format!("exec as {name}: {}", command.argv.join(" ")),
                None => format!("exec: {}", command.argv.join(" ")),
            },
            (Verb::Stop | Verb::Tell(Word::Exit), _) => {
                format!(
                    "SIGTERM to the process of {}, or driver.exit at {}",
                    job.pid_file.display(),
                    job.socket.display()
                )
            }
            (Verb::Tell(word), _) => format!("{word:?} to {}", job.socket.display()),
            (Verb::List | Verb::Status, _) => format!("ask at {}", job.socket.display()),
        };
        text += &format!("[{}] {what}\n", job.ups);
    }
    text
}
