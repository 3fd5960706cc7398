//! What runs a driver: the device on one side, the socket on the other, signals and files around them.

mod client;
mod device;
mod killpower;
mod reload;
mod server;
mod sibling;

use std::io;
use std::panic::resume_unwind;
use std::process::ExitCode;

use outage_host::{Host, boxed};
use tokio::select;
use tokio::sync::mpsc::{channel, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use self::device::{Defeat, Device};
use self::server::{End, Server};
use crate::config::DriverConfig;
use crate::drivers;
use crate::family::Family;

pub use killpower::{dump, kill_power};

/// What a driver that ends for a reload exits with: 128 and SIGUSR1.
const RESTART: u8 = 128 + 10;

/// Requests that may wait for the device.
const PENDING_REQUESTS: usize = 32;

/// The group of the user that upsd becomes.
const GROUP: &str = "nut";

/// Runs a driver until it is told to end: serves its socket from the start, looks for the device for ever, polls it.
///
/// [`outage_host::Os::ready`] is called when the first data are there, or when it is clear that the device has to be
/// waited for.
pub async fn run(config: DriverConfig, family: Box<dyn Family>, host: Host) -> ExitCode {
    for note in drivers::unknown_options(&config) {
        host.warn(note);
    }
    if let Err(why) = sibling::displace(&config, &host).await {
        host.error(why);
        return ExitCode::FAILURE;
    }
    let listener = match host.listen_unix(&config.socket(), 0o660).await {
        Ok(listener) => listener,
        Err(error) => {
            host.error(no_socket(&config, &host, &error));
            return ExitCode::FAILURE;
        }
    };
    share(&config, &host);
    if let Err(error) = host.write(&config.pid_file(), format!("{}\n", host.pid()).as_bytes(), 0o644) {
        host.warn(format_args!("failed to write {}: {error}", config.pid_file().display()));
    }

    let (request_sender, requests) = channel(PENDING_REQUESTS);
    let (report_sender, mut reports) = unbounded_channel();
    let mut server = Server::new(config.clone(), host.clone(), listener, request_sender);
    let device = Device::new(&config, family, host.clone(), report_sender);
    // A task of its own: neither is gone through when the other is woken.
    let mut tasks = JoinSet::new();
    let (stop, stopped) = oneshot::channel();
    tasks.spawn(boxed(|| device.live(requests, stopped)));
    let work = async {
        select! {
            biased;
            end = server.run(&mut reports) => Ok(end),
            defeat = join(&mut tasks) => Err(defeat),
        }
    };
    let end = host.watched(work).await;
    host.notify_manager("STOPPING=1");
    drop(stop);
    if end.is_ok() {
        join(&mut tasks).await;
    }
    // Before the last line to clients: whoever waits for this driver to go may start at once then.
    for path in [config.socket(), config.pid_file()] {
        if let Err(error) = host.remove(&path)
            && error.kind() != io::ErrorKind::NotFound
        {
            host.warn(format_args!("failed to remove {}: {error}", path.display()));
        }
    }
    server.finish(&mut reports).await;
    match end {
        Ok(End::Asked) | Err(Defeat::Stopped) => ExitCode::SUCCESS,
        Ok(End::Restart) => ExitCode::from(RESTART),
        Err(Defeat::Config(why)) => {
            host.error(format_args!("[{}] {why}", config.ups));
            ExitCode::FAILURE
        }
        Err(Defeat::MaxTries(why)) => {
            host.error(format_args!("[{}] giving up, as reconnect_max_tries says: {why}", config.ups));
            ExitCode::FAILURE
        }
    }
}

/// What became of the device's task. Its panic is its driver's.
async fn join(tasks: &mut JoinSet<Defeat>) -> Defeat {
    match tasks.join_next().await {
        Some(Ok(defeat)) => defeat,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        Some(Err(_)) | None => Defeat::Stopped,
    }
}

/// Lets upsd, which does not stay root, at the socket of a driver that does.
fn share(config: &DriverConfig, host: &Host) {
    let Some(group) = host.group_id(GROUP).filter(|_| host.is_root()) else { return };
    if let Err(error) = host.set_owner(&config.socket(), 0, group) {
        host.warn(format_args!("failed to give {} to the group {GROUP}: {error}", config.socket().display()));
    }
}

/// Why there is no socket, and what to do about it.
fn no_socket(config: &DriverConfig, host: &Host, error: &io::Error) -> String {
    let folder = config.state_path.display();
    match host.stat(&config.state_path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            format!(
                "the state folder {folder} is missing: make it (mkdir -p {folder}), writable for the driver's user"
            )
        }
        Ok(info) if !info.is_dir => {
            format!("the state folder {folder} is not a folder: set statepath in ups.conf")
        }
        _ if error.kind() == io::ErrorKind::PermissionDenied => {
            format!("the state folder {folder} is not writable for this user: change its owner or mode")
        }
        _ => format!("failed to listen on {}: {error}", config.socket().display()),
    }
}

#[cfg(test)]
mod tests;
