//! Going to the background.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::pipe::{PipeFlags, pipe_with};

use super::log::Log;
use super::sys::{self, Forked};

/// What is left to do when a daemon's start-up is over.
pub(super) enum Readiness {
    /// It stays in the foreground: nothing.
    Foreground,
    /// It lets go of the terminal, and of the parent that waits at this pipe.
    Background(File),
}

/// Which of the two processes goes on here.
pub(super) enum Side {
    /// The daemon.
    Daemon(Readiness),
    /// The one that was started: ends with this.
    Parent(ExitCode),
}

/// Splits the daemon off. The parent returns when the daemon is ready, or dead.
pub(super) fn split() -> std::io::Result<Side> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    // Or both processes would print what is still in the buffer.
    std::io::stdout().flush()?;
    match sys::fork()? {
        Forked::Parent(child) => {
            drop(writer);
            Ok(Side::Parent(wait_for_daemon(reader, child)))
        }
        Forked::Child => {
            drop(reader);
            // Fails only in a process that leads its group, and a fresh child doesn't.
            let _ = rustix::process::setsid();
            Ok(Side::Daemon(Readiness::Background(writer.into())))
        }
    }
}

fn wait_for_daemon(reader: OwnedFd, child: i32) -> ExitCode {
    let mut byte = [0];
    if let Ok(1) = File::from(reader).read(&mut byte) {
        return ExitCode::SUCCESS;
    }
    loop {
        match waitpid(Pid::from_raw(child), None) {
            Ok(WaitStatus::Exited(_, code)) => return ExitCode::from(u8::try_from(code).unwrap_or(1)),
            // As a shell says it.
            Ok(WaitStatus::Signaled(_, signal, _)) => {
                return ExitCode::from(u8::try_from(128 + signal as i32).unwrap_or(1));
            }
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(_) => return ExitCode::FAILURE,
        }
    }
}

impl Readiness {
    pub(super) fn reached(self, log: &Log) {
        let Self::Background(mut parent) = self else { return };
        // Keeps no file system from being unmounted.
        let _ = std::env::set_current_dir("/");
        log.background();
        let null = File::options().read(true).write(true).open("/dev/null");
        if let Ok(null) = null {
            let null = null.as_fd();
            let _ = rustix::stdio::dup2_stdin(null);
            let _ = rustix::stdio::dup2_stdout(null);
            let _ = rustix::stdio::dup2_stderr(null);
        }
        // A parent that was killed meanwhile needs no answer.
        let _ = parent.write_all(b"r");
    }
}
