//! The file that says which process upsd is.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outage_config::Paths;
use outage_host::{Host, Signal};

use super::plain;
use crate::options::{Command, Options};

/// `<altpid>/upsd.pid`
pub(super) fn path(paths: &Paths) -> PathBuf {
    paths.alt_pid.join("upsd.pid")
}

/// Does `-c reload` and `-c stop`.
pub(crate) fn send_command(host: &Host, options: &Options) -> ExitCode {
    let file = path(&Paths::from_env(|name| host.env(name)));
    let pid = match options.pid {
        Some(pid) => pid,
        None => match read(host, &file) {
            Ok(pid) => pid,
            Err(error) => {
                let error = plain(&error);
                host.error(format!(
                    "can't tell which process upsd is: failed to read {}: {error} (is upsd running? \
                     With -F it writes no PID file; give its process id with -P)",
                    file.display()
                ));
                return ExitCode::FAILURE;
            }
        },
    };
    let signal = match options.command {
        Some(Command::Stop) => Signal::Term,
        _ => Signal::Hup,
    };
    match host.send_signal(pid, signal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = plain(&error);
            host.error(format!(
                "failed to signal process {pid}: {error} (upsd no longer runs, or is not yours)"
            ));
            ExitCode::FAILURE
        }
    }
}

fn read(host: &Host, file: &Path) -> io::Result<u32> {
    let text = host.read(file)?;
    let text = String::from_utf8_lossy(&text);
    text.trim()
        .parse()
        .ok()
        .filter(|&pid| pid > 1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no process id in it"))
}

/// Fails when another upsd lives.
pub(super) fn check(host: &Host, file: &Path) -> Result<(), String> {
    match read(host, file) {
        Ok(pid) if pid != host.pid() && host.is_alive(pid) && host.is_called(pid, "upsd") != Some(false) => {
            Err(format!(
                "A previous upsd instance is already running! (process {pid}, by {}) \
                 Either stop the previous instance first, or use the 'reload' command.",
                file.display()
            ))
        }
        _ => Ok(()),
    }
}

/// The written file; gone when this is dropped.
pub(super) struct PidFile {
    host: Host,
    file: PathBuf,
}

impl PidFile {
    pub(super) fn write(host: &Host, file: &Path) -> Option<Self> {
        match host.write(file, format!("{}\n", host.pid()).as_bytes(), 0o644) {
            Ok(()) => Some(Self { host: host.clone(), file: file.to_owned() }),
            Err(error) => {
                let error = plain(&error);
                host.warn(format!(
                    "failed to write {}: {error}; upsd -c reload and stop will not find this upsd",
                    file.display()
                ));
                None
            }
        }
    }

    /// Removes the file: the orderly end.
    pub(super) fn remove(self) {
        if let Err(error) = self.host.remove(&self.file) {
            self.host.debug(1, format!("failed to remove {}: {error}", self.file.display()));
        }
    }
}
