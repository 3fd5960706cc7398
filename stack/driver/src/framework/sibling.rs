//! Another instance of the same driver for the same UPS: it has to go first.

use std::time::Duration;

use outage_host::{Host, Signal};

use crate::config::DriverConfig;
use crate::control::{Control, ControlError};

/// How long a sibling may take to answer that it will go, and to go.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take after each SIGTERM.
const AFTER_SIGNAL: Duration = Duration::from_secs(5);
/// How often its end is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// Asks a running sibling to end: through its socket, then by SIGTERM, then by SIGKILL.
///
/// # Errors
/// It is still there.
pub(super) async fn displace(config: &DriverConfig, host: &Host) -> Result<(), String> {
    let path = config.socket();
    let mut pid = None;
    if let Ok(mut sibling) = Control::connect(host, &path).await {
        host.notice(format_args!(
            "[{}] another {} is running for this UPS: asking it to exit",
            config.ups, config.driver
        ));
        pid = sibling.pid(AFTER_SIGNAL).await.ok();
        if pid == Some(host.pid()) {
            return Ok(());
        }
        // A driver that closes the connection at once has obeyed as well.
        let obeyed = match sibling.command("driver.exit", None, PATIENCE).await {
            Ok(_) | Err(ControlError::Closed | ControlError::Io(_)) => sibling.closed(PATIENCE).await.is_ok(),
            Err(ControlError::Elapsed) => false,
        };
        if obeyed && gone(config, host, None, PATIENCE).await {
            return Ok(());
        }
    }
    let Some(pid) = pid.or_else(|| recorded(config, host)) else { return Ok(()) };
    for (signal, attempts) in [(Signal::Term, 3), (Signal::Kill, 1)] {
        for _ in 0..attempts {
            host.warn(format_args!("[{}] ending process {pid}, an older {}", config.ups, config.driver));
            if host.send_signal(pid, signal).is_err() || gone(config, host, Some(pid), AFTER_SIGNAL).await {
                return Ok(());
            }
        }
    }
    Err(format!(
        "process {pid}, an older {} for UPS [{}], does not end: end it, then start this driver again",
        config.driver, config.ups
    ))
}

/// Waits until a process is no more; without one, until nobody listens at the socket: a driver that ends has let go of
/// its device and removed its files by then.
async fn gone(config: &DriverConfig, host: &Host, pid: Option<u32>, limit: Duration) -> bool {
    let wait = async {
        loop {
            let there = match pid {
                Some(pid) => host.is_alive(pid),
                None => host.connect_unix(&config.socket()).await.is_ok(),
            };
            if !there {
                return;
            }
            host.sleep(LOOK).await;
        }
    };
    host.timeout(limit, wait).await.is_ok()
}

/// The process in the pid file, if it runs and is what it says: process ids are used again after a crash.
fn recorded(config: &DriverConfig, host: &Host) -> Option<u32> {
    let text = String::from_utf8(host.read(&config.pid_file()).ok()?).ok()?;
    let pid: u32 = text.trim().parse().ok().filter(|pid| *pid > 1 && *pid != host.pid())?;
    (host.is_alive(pid) && host.is_called(pid, &config.driver) == Some(true)).then_some(pid)
}
