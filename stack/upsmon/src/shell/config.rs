//! What upsmon is told when it starts, and its configuration file.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use outage_config::{Diagnostic, MonitorRole, Paths, Severity, UpsmonConf, upsmon_conf};
use outage_host::{Host, Priority, Signal};

/// Which addresses of a host are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All, as the resolver orders them.
    #[default]
    Any,
    /// `-4`
    V4,
    /// `-6`
    V6,
}

/// How one upsmon is to run: what its command line and its environment say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpsmonConfig {
    /// `-f`: upsmon.conf. Read at the start and at every reload.
    pub conf_file: PathBuf,
    /// Where the process id is written; `None`: nowhere, as with a single `-F`.
    pub pid_file: Option<PathBuf>,
    /// `-W`: how long a connection may take to be made.
    pub connect_timeout: Duration,
    /// `-4`, `-6`.
    pub family: Family,
    /// `-u`, before RUN_AS_USER.
    pub user: Option<String>,
    /// `-p`: no privileged parent.
    pub single_process: bool,
    /// Where the parent meets its child; only root may write there.
    pub run_folder: PathBuf,
    /// Whether it runs in the background, and says everything to syslog.
    pub background: bool,
    /// How many `-D` were given.
    pub debug: u8,
}

impl UpsmonConfig {
    /// The defaults, in these folders.
    #[must_use]
    pub fn new(paths: &Paths) -> Self {
        Self {
            conf_file: paths.conf.join("upsmon.conf"),
            pid_file: None,
            connect_timeout: Duration::from_secs(10),
            family: Family::Any,
            user: None,
            single_process: false,
            run_folder: paths.pid.clone(),
            background: false,
            debug: 0,
        }
    }

    /// Says as much as DEBUG_MIN asks for: at the start at least that, after a reload just that (upsmon.conf(5)).
    pub(crate) fn apply_debug_min(&self, host: &Host, least: Option<u8>, reloaded: bool) {
        let Some(least) = least else { return };
        host.set_debug_level(if reloaded { least } else { least.max(self.debug) });
    }

    /// Writes this process's id where `-c` looks for it.
    pub(crate) fn claim_pid_file(&self, host: &Host) {
        let Some(file) = &self.pid_file else { return };
        let own = host.pid();
        let old = host.read(file).ok().and_then(|text| pid_in(&text));
        if let Some(old) = old.filter(|old| *old != own && host.send_signal(*old, Signal::Probe).is_ok()) {
            // Not a reason to end: after a crash the number may be anybody's.
            host.warn(format_args!(
                "{} names process {old}, which is running: if that is an upsmon too, stop one of them",
                file.display()
            ));
        }
        if let Err(error) = host.write(file, format!("{own}\n").as_bytes(), 0o644) {
            host.warn(format_args!(
                "failed to write {}: {error}; upsmon -c will not find this process",
                file.display()
            ));
        }
    }
}

/// The process id in a PID file.
pub(crate) fn pid_in(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Why a configuration can't be used.
#[derive(Debug)]
pub(crate) enum ConfigError {
    /// The file can't be read.
    Read(PathBuf, io::Error),
    /// No UPS is named.
    NoMonitor(PathBuf),
    /// MINSUPPLIES can never be met.
    Insufficient(PathBuf, String),
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(file, error) => {
                let file = file.display();
                write!(
                    f,
                    "can't open {file}: {error}; create it, with a MONITOR line and SHUTDOWNCMD, or name another with -f"
                )
            }
            Self::NoMonitor(file) => {
                write!(f, "no UPS definitions in {}: it needs a valid MONITOR line", file.display())
            }
            Self::Insufficient(file, problem) => write!(f, "{}: {problem}", file.display()),
        }
    }
}

/// Reads upsmon.conf and says every fault in it. What is refused is what NUT ends for, too.
pub(crate) fn load(host: &Host, file: &Path) -> Result<UpsmonConf, ConfigError> {
    let bytes = host.read(file).map_err(|error| ConfigError::Read(file.into(), error))?;
    let (conf, faults) = upsmon_conf(&file.display().to_string(), &bytes);
    for fault in &faults {
        say(host, fault);
    }
    if conf.monitors.is_empty() {
        return Err(ConfigError::NoMonitor(file.into()));
    }
    match conf.problem() {
        Some(problem) => Err(ConfigError::Insufficient(file.into(), problem)),
        None => Ok(conf),
    }
}

fn say(host: &Host, fault: &Diagnostic) {
    let priority = match fault.severity {
        Severity::Error => Priority::Error,
        Severity::Warning => Priority::Warning,
        Severity::Note => Priority::Info,
    };
    host.log(priority, &fault.to_string());
}

/// Says what is being watched, and what of it can't be meant.
pub(crate) fn introduce(host: &Host, conf: &UpsmonConf) {
    for monitor in &conf.monitors {
        let role = match monitor.role {
            MonitorRole::Primary => "primary",
            MonitorRole::Secondary => "secondary",
        };
        let system = &monitor.system;
        match monitor.power_value {
            0 => host.info(format_args!("UPS: {system} (monitoring only)")),
            value => host.info(format_args!("UPS: {system} ({role}) (power value {value})")),
        }
    }
    if conf.shutdown_cmd.is_none() && conf.min_supplies > 0 {
        host.warn("no shutdown command defined: this machine will not be shut down. Set SHUTDOWNCMD");
    }
    if let Some(program) = conf.shutdown_cmd.as_deref().and_then(|command| missing(host, command)) {
        host.warn(format_args!(
            "SHUTDOWNCMD: there is no {program}: this machine will not be shut down. Name a program that is there"
        ));
    }
    if conf.notify.values().any(|rule| rule.flags.exec) {
        match conf.notify_cmd.as_deref() {
            None => host.warn("NOTIFYFLAG says EXEC, but there is no NOTIFYCMD to run"),
            Some(command) => {
                if let Some(program) = missing(host, command) {
                    host.warn(format_args!(
                        "NOTIFYCMD: there is no {program}: notices with EXEC will not be run"
                    ));
                }
            }
        }
    }
    if conf.cert_path.is_some()
        && !conf.cert_verify
        && !conf.cert_hosts.iter().any(|own| own.verify == Some(true))
    {
        host.warn("CERTPATH does nothing without CERTVERIFY 1: no server's certificate is looked at");
    }
    if conf.cert_ident.is_some() && conf.cert_file.is_none() {
        host.warn("CERTIDENT does nothing without CERTFILE: no certificate is shown to a server");
    }
    if conf.poll_freq_alert > conf.dead_time {
        host.warn(format_args!(
            "POLLFREQALERT ({:?}) is longer than DEADTIME ({:?}): one lost answer is enough to call a UPS on battery dead",
            conf.poll_freq_alert, conf.dead_time
        ));
    }
}

/// The program of a command, if it is named by its path and is not there. What a shell would make something else of is
/// not judged.
fn missing<'c>(host: &Host, command: &'c str) -> Option<&'c str> {
    let command = command.trim_start();
    let end =
        command.find(|c: char| c.is_whitespace() || ";&|<>()$`\"'\\*?[".contains(c)).unwrap_or(command.len());
    let (program, rest) = command.split_at(end);
    let whole = !rest.starts_with(['$', '`', '"', '\'', '\\', '*', '?', '[']);
    let absent = || host.stat(Path::new(program)).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    (whole && program.starts_with('/') && absent()).then_some(program)
}
