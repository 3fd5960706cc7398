#![forbid(unsafe_code)]
//! upsmon: watches UPSes by way of upsd, and shuts this machine down before their batteries are empty.
//!
//! [`core`] is the judgement: pure, a state machine over readings and times. [`run`] does what it says, on a real
//! machine or a virtual one: a task for each MONITOR line, so that a dead server delays nobody else; notices; the flag
//! file, then the shutdown command. [`upssched`] is a program of its own, which upsmon runs for what is to be done later.

pub mod core;
mod options;
pub(crate) mod shell;
pub mod upssched;

use std::process::ExitCode;

use outage_config::{Paths, UpsmonConf, upsmon_conf};
use outage_host::{Host, Signal, real};

use options::Task;
pub use options::{HELP, LETTERS};
pub use shell::{Family, UpsmonConfig, run, run_child};

/// The first line of everything.
const BANNER: &str = concat!("Network UPS Tools upsmon ", env!("CARGO_PKG_VERSION"));

/// The program. `args` are those after its name.
///
/// Exit codes: 0 after `-c stop` or a shutdown that went well; 1 when it can't be started, or the shutdown command
/// failed; for `-K`, 0 when the flag is set.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let tool = real::host("upsmon", 0);
    let paths = Paths::from_env(|name| tool.env(name));
    let (task, config) = match options::parse(args, &paths) {
        Ok(read) => read,
        Err(error) => {
            tool.error(format_args!("{error}; see upsmon -h"));
            return ExitCode::FAILURE;
        }
    };
    if let Some(code) = brief(&task, &config, &tool) {
        return code;
    }
    if let Task::Child(socket) = task {
        let start = real::Start { background: false, syslog: config.background, ..start(&config) };
        return real::start(start, |host| run_child(config, socket, host));
    }
    tool.print(&format!("{BANNER}\n"));
    let start = start(&config);
    real::start(start, |host| run(config, host))
}

/// Runs upsmon on `host`, in the foreground, whatever `args` say of that. They are without the program's name.
pub async fn upsmon(args: Vec<String>, host: Host) -> ExitCode {
    let paths = Paths::from_env(|name| host.env(name));
    let (task, config) = match options::parse(args, &paths) {
        Ok(read) => read,
        Err(error) => {
            host.error(format_args!("{error}; see upsmon -h"));
            return ExitCode::FAILURE;
        }
    };
    if let Some(code) = brief(&task, &config, &host) {
        return code;
    }
    if let Task::Child(socket) = task {
        return run_child(config, socket, host).await;
    }
    host.print(&format!("{BANNER}\n"));
    run(config, host).await
}

/// The tasks that are done at once.
fn brief(task: &Task, config: &UpsmonConfig, host: &Host) -> Option<ExitCode> {
    match task {
        Task::Help => {
            host.print(&format!("{BANNER}\n\n{}", HELP));
            Some(ExitCode::SUCCESS)
        }
        Task::Version => {
            host.print(&format!("{BANNER}\n"));
            Some(ExitCode::SUCCESS)
        }
        Task::CheckFlag => Some(check_flag(host, config)),
        Task::Send(signal, pid) => Some(send(host, config, *signal, *pid)),
        Task::Watch | Task::Child(_) => None,
    }
}

fn start(config: &UpsmonConfig) -> real::Start {
    real::Start { ident: "upsmon".into(), background: config.background, debug: config.debug, syslog: false }
}

/// `-K`: whether the UPS is to be switched off now. Anything that is not a clear yes is a no.
fn check_flag(host: &Host, config: &UpsmonConfig) -> ExitCode {
    let file = &config.conf_file;
    let conf: UpsmonConf = match host.read(file) {
        Ok(text) => upsmon_conf(&file.display().to_string(), &text).0,
        Err(error) => {
            host.error(format_args!("can't open {}: {error}", file.display()));
            return ExitCode::FAILURE;
        }
    };
    let UpsmonConf { powerdown_flag, stale_flag, .. } = conf;
    let set =
        powerdown_flag.is_some_and(|flag| shell::powerdown_flag_is_set(host, flag.as_ref(), stale_flag));
    if set { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `-c`: sends a signal to the running upsmon.
fn send(host: &Host, config: &UpsmonConfig, signal: Signal, pid: Option<u32>) -> ExitCode {
    let file = config.pid_file.clone().unwrap_or_default();
    let pid = match pid {
        Some(pid) => Ok(pid),
        None => match host.read(&file) {
            Ok(text) => shell::pid_in(&text).ok_or_else(|| format!("{} holds no process id", file.display())),
            Err(error) => Err(format!("can't open {}: {error}; is upsmon running?", file.display())),
        },
    };
    let sent = pid.and_then(|pid| {
        host.send_signal(pid, signal).map_err(|error| format!("failed to signal process {pid}: {error}"))
    });
    match sent {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            host.error(text);
            ExitCode::FAILURE
        }
    }
}
