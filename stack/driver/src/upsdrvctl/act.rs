//! Doing what was planned: starting, stopping and telling drivers.

use std::io;
use std::time::Duration;

use outage_host::process::{Child, ExitStatus};
use outage_host::{Host, Signal};
use outage_wire::sock::{ToDriver, TrackingStatus};

use super::cli::Word;
use super::plan::Job;
use super::talk::Driver;

/// How often, and how far apart, a driver is looked at after it was told to end: for 5 s, as NUT's, but without making
/// everybody wait a whole second.
const STOP_CHECKS: u32 = 50;
const STOP_INTERVAL: Duration = Duration::from_millis(100);

/// How long a driver may take to end when it is asked at its socket: it lets go of its device first.
const EXIT_PATIENCE: Duration = Duration::from_secs(15);

/// A driver that was started and is not ready yet.
pub(super) struct Starting(Box<dyn Child>);

/// What became of an attempt to start a driver.
pub(super) enum Started {
    /// It is ready, or not to be waited for.
    Yes,
    /// It took longer than `maxstartdelay`, and still goes on.
    Slowly(Starting),
    /// It failed; the reason was said.
    No,
}

fn say_failed(host: &Host, job: &Job, status: ExitStatus) {
    let how = match status {
        ExitStatus::Code(code) => format!("exit status={code}"),
        ExitStatus::Signal(signal) => format!("signal {signal}"),
    };
    host.error(format!("[{}] Driver failed to start ({how})", job.ups));
}

async fn spawn(host: &Host, job: &Job) -> Option<Box<dyn Child>> {
    let command = match &job.command {
        Ok(command) => command,
        Err(text) => {
            host.error(text);
            return None;
        }
    };
    host.debug(2, format!("exec: {}", command.argv.join(" ")));
    match host.spawn(command).await {
        Ok(child) => Some(child),
        Err(error) => {
            let program = command.argv.first().map_or("", String::as_str);
            let help =
                if error.kind() == io::ErrorKind::NotFound { ": check driverpath in ups.conf" } else { "" };
            host.error(format!("[{}] failed to start {program}: {error}{help}", job.ups));
            None
        }
    }
}

/// Starts a driver, as often as `maxretry` says. A driver goes to the background once it is ready: its first process
/// ends then.
pub(super) async fn start(host: &Host, job: &Job) -> Started {
    host.debug(1, format!("Starting UPS: {}", job.ups));
    for attempt in 1..=job.attempts {
        if attempt > 1 {
            host.sleep(job.retry_delay).await;
        }
        let Some(mut child) = spawn(host, job).await else { return Started::No };
        if !job.wait {
            return Started::Yes;
        }
        match host.timeout(job.start_delay, child.wait()).await {
            Ok(Ok(status)) if status.success() => return Started::Yes,
            Ok(Ok(status)) => say_failed(host, job, status),
            Ok(Err(error)) => host.error(format!("[{}] lost track of the driver: {error}", job.ups)),
            Err(_) => {
                host.warn(format!("[{}] Startup timer elapsed, continuing...", job.ups));
                return Started::Slowly(Starting(child));
            }
        }
    }
    Started::No
}

/// Whether a driver that was slow to start is ready after all.
pub(super) async fn is_ready(host: &Host, job: &Job, starting: Starting) -> bool {
    let Starting(mut child) = starting;
    match host.timeout(Duration::ZERO, child.wait()).await {
        Ok(Ok(status)) if status.success() => true,
        Ok(Ok(status)) => {
            say_failed(host, job, status);
            false
        }
        Ok(Err(_)) | Err(_) => {
            let limit = job.start_delay.as_secs();
            host.error(format!(
                "[{}] Driver is still starting after {limit} s: its device may not answer; see its log, or raise \
                 maxstartdelay in ups.conf",
                job.ups
            ));
            false
        }
    }
}

/// Starts drivers that stay in the foreground, and stays with them till the last has ended.
pub(super) async fn start_and_stay(host: &Host, jobs: &[Job]) -> bool {
    let mut children = Vec::new();
    let mut good = true;
    for job in jobs {
        match spawn(host, job).await {
            Some(child) => children.push((job, child)),
            None => good = false,
        }
    }
    for (job, mut child) in children {
        match child.wait().await {
            Ok(status) if status.success() => {}
            Ok(status) => {
                host.error(format!("[{}] Driver ended ({status})", job.ups));
                good = false;
            }
            Err(error) => {
                host.error(format!("[{}] lost track of the driver: {error}", job.ups));
                good = false;
            }
        }
    }
    good
}

/// The process of a driver's pid file.
pub(super) fn read_pid(host: &Host, job: &Job) -> Option<u32> {
    let text = host.read(&job.pid_file).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok().filter(|pid| *pid > 1)
}

/// Whether a process may be the driver. Where the system doesn't tell, it may be.
fn may_be(host: &Host, pid: u32, job: &Job) -> bool {
    if host.env("NUT_IGNORE_CHECKPROCNAME").is_some_and(|value| crate::config::yes(&value) == Some(true)) {
        return true;
    }
    host.is_called(pid, &job.driver) != Some(false)
}

/// Waits for the end of a process.
async fn ends(host: &Host, pid: u32) -> bool {
    for _ in 0..STOP_CHECKS {
        if !host.is_alive(pid) {
            return true;
        }
        host.sleep(STOP_INTERVAL).await;
    }
    !host.is_alive(pid)
}

/// Ends a driver: by its pid file, or else at its socket.
pub(super) async fn stop(host: &Host, job: &Job) -> bool {
    host.debug(1, format!("Stopping UPS: {}", job.ups));
    let pid = read_pid(host, job).filter(|pid| {
        let same = may_be(host, *pid, job);
        if !same {
            let file = job.pid_file.display();
            host.warn(format!("[{}] {file} is stale: process {pid} is something else", job.ups));
        }
        same
    });
    if let Some(pid) = pid {
        match host.send_signal(pid, Signal::Term) {
            Ok(()) => return finish(host, job, pid).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                host.error(format!("[{}] failed to stop process {pid}: {error}", job.ups));
                return false;
            }
        }
    }
    let Ok(mut driver) = Driver::connect(host, &job.socket).await else {
        host.error(format!(
            "[{}] driver {} is not running: {} names no running process, and nobody answers at {}",
            job.ups,
            job.driver,
            job.pid_file.display(),
            job.socket.display()
        ));
        return false;
    };
    let exit = ToDriver::InstCmd { command: "driver.exit", parameter: None, tracking: None };
    if driver.say(exit).await.is_ok() && driver.closed(EXIT_PATIENCE).await {
        return true;
    }
    let limit = EXIT_PATIENCE.as_secs();
    host.error(format!("[{}] driver {} does not end within {limit} s of driver.exit", job.ups, job.driver));
    false
}

/// Sees a driver off that was sent SIGTERM.
async fn finish(host: &Host, job: &Job, pid: u32) -> bool {
    if ends(host, pid).await {
        return true;
    }
    host.warn(format!("[{}] Stopping driver {} failed, retrying harder", job.ups, job.driver));
    // It may be gone just now.
    let _ = host.send_signal(pid, Signal::Kill);
    if !ends(host, pid).await {
        host.error(format!("[{}] process {pid} of driver {} cannot be ended", job.ups, job.driver));
        return false;
    }
    // It could not tidy up any more.
    for path in [&job.pid_file, &job.socket] {
        let _ = host.remove(path);
    }
    true
}

/// Turns a UPS's load off.
pub(super) async fn shut_down(host: &Host, job: &Job) -> bool {
    if job.order.is_none() {
        host.notice(format!("[{}] left on: its sdorder is -1", job.ups));
        return true;
    }
    host.debug(1, format!("Shutdown UPS: {}", job.ups));
    let Some(mut child) = spawn(host, job).await else { return false };
    match host.timeout(job.start_delay, child.wait()).await {
        Ok(Ok(status)) if status.success() => true,
        Ok(Ok(status)) => {
            host.error(format!("[{}] failed to turn the load off: {} -k: {status}", job.ups, job.driver));
            false
        }
        Ok(Err(error)) => {
            host.error(format!("[{}] lost track of the driver: {error}", job.ups));
            false
        }
        Err(_) => {
            let limit = job.start_delay.as_secs();
            host.error(format!("[{}] {} -k did not end within {limit} s, continuing", job.ups, job.driver));
            false
        }
    }
}

/// Tells a running driver something: at its socket, or else by a signal.
pub(super) async fn tell(host: &Host, job: &Job, word: Word) -> bool {
    let (command, signal) = match word {
        Word::Exit => return stop(host, job).await,
        Word::ReloadOrError => ("driver.reload-or-error", Signal::Hup),
        Word::ReloadOrExit => ("driver.reload-or-exit", Signal::Usr1),
        Word::Dump => ("", Signal::Urg),
    };
    if !command.is_empty()
        && let Ok(mut driver) = Driver::connect(host, &job.socket).await
    {
        match driver.command(command).await {
            Ok(TrackingStatus::Handled) => return true,
            // It ended before it could answer, as it was told to if it can't reload.
            Err(error) if word == Word::ReloadOrExit && error.kind() == io::ErrorKind::UnexpectedEof => {
                return true;
            }
            Ok(status) => {
                host.error(format!(
                    "[{}] the driver answers {command} with code {}: see its log",
                    job.ups,
                    status.code()
                ));
                return false;
            }
            Err(error) => host.debug(1, format!("[{}] no answer to {command}: {error}", job.ups)),
        }
    }
    let Some(pid) = read_pid(host, job).filter(|pid| may_be(host, *pid, job)) else {
        host.error(format!("[{}] driver {} is not running", job.ups, job.driver));
        return false;
    };
    match host.send_signal(pid, signal) {
        Ok(()) => true,
        Err(error) => {
            host.error(format!("[{}] failed to signal process {pid}: {error}", job.ups));
            false
        }
    }
}
