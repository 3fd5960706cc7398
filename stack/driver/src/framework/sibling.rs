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
        if obeyed && gone(config, host, pid, PATIENCE).await {
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

/// Waits until nobody answers at the socket and the process, if known, is no more.
async fn gone(config: &DriverConfig, host: &Host, pid: Option<u32>, limit: Duration) -> bool {
    let wait = async {
        loop {
            let alive = match pid {
                Some(pid) => host.send_signal(pid, Signal::Probe).is_ok(),
                None => host.connect_unix(&config.socket()).await.is_ok(),
            };
            if !alive {
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
    host.send_signal(pid, Signal::Probe).ok()?;
    let line = host.read(format!("/proc/{pid}/cmdline").as_ref()).ok()?;
    let called = line.split(|byte| *byte == 0).next().and_then(|name| std::str::from_utf8(name).ok())?;
    let name = called.rsplit('/').next().unwrap_or(called);
    (name == config.driver).then_some(pid)
}
