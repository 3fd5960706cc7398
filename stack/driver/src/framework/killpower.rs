//! `-k` and `-d`: what a driver does once, without serving anybody.

use std::process::ExitCode;
use std::time::Duration;

use outage_host::Host;
use outage_wire::quote;
use outage_wire::sock::TrackingStatus;

use super::device::{initial_tree, mirror, said, shut_down};
use super::sibling;
use crate::config::DriverConfig;
use crate::control::{Control, ControlError};
use crate::core::tree::Tree;
use crate::drivers;
use crate::family::{DeviceError, Family, Outcome};

/// How long a running instance may take to say yes, and then to shut the load down.
const ANSWER: Duration = Duration::from_secs(5);
const SHUTDOWN: Duration = Duration::from_secs(30);
/// For how long the device is tried to be opened: just before, somebody else may have had it. A device that answers
/// nothing must not hold up a machine that is going down.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_secs(1);

/// Shuts the load down (`-k`): through the running instance if there is one, since it holds the device; else, or if that
/// fails, by opening the device here. Success when a shutdown command was carried out.
pub async fn kill_power(config: DriverConfig, mut family: Box<dyn Family>, host: Host) -> ExitCode {
    match through_running(&config, &host).await {
        Ok(TrackingStatus::Handled) => {
            host.notice(format_args!("[{}] the running driver shuts the UPS down", config.ups));
            return ExitCode::SUCCESS;
        }
        Ok(status) => host.warn(format_args!(
            "[{}] the running driver could not shut the UPS down (code {}): trying without it",
            config.ups,
            status.code()
        )),
        Err(ControlError::Io(_)) => {}
        Err(why) => host.warn(format_args!("[{}] {why}: trying without it", config.ups)),
    }
    if let Err(why) = sibling::displace(&config, &host).await {
        // The device may be free all the same.
        host.warn(why);
    }
    let mut tree = initial_tree(&config);
    if let Err(why) = open(family.as_mut(), &mut tree, &host).await {
        host.error(format_args!("[{}] failed to shut down the UPS on {}: {why}", config.ups, config.port));
        family.close().await;
        return ExitCode::FAILURE;
    }
    let outcome = shut_down(family.as_mut(), &mut tree, &config.shutdown_commands, &host).await;
    family.close().await;
    if outcome == Outcome::Handled {
        return ExitCode::SUCCESS;
    }
    host.error(format_args!(
        "[{}] failed to shut down the UPS on {}: {} ({})",
        config.ups,
        config.port,
        config.shutdown_commands.join(", "),
        said(outcome)
    ));
    ExitCode::FAILURE
}

async fn through_running(config: &DriverConfig, host: &Host) -> Result<TrackingStatus, ControlError> {
    let mut running = Control::connect(host, &config.socket()).await?;
    running.set("driver.flag.allow_killpower", "1", ANSWER).await?;
    running.command("driver.killpower", None, SHUTDOWN).await
}

/// Opens the device and learns what it can do.
async fn open(family: &mut dyn Family, tree: &mut Tree, host: &Host) -> Result<(), DeviceError> {
    let until = host.now() + PATIENCE;
    loop {
        let opened = match family.open().await {
            Ok(()) => family.init(tree).await,
            Err(why) => Err(why),
        };
        match opened {
            Err(DeviceError::Gone(why) | DeviceError::Failed(why) | DeviceError::Stale(why))
                if host.now() < until =>
            {
                host.debug(1, format_args!("not yet: {why}"));
                family.close().await;
                host.sleep(BETWEEN).await;
            }
            other => return other,
        }
    }
}

/// Polls `cycles` times, prints every variable as `name: value`, and ends (`-d`). Success when there were data.
pub async fn dump(config: DriverConfig, mut family: Box<dyn Family>, host: Host, cycles: u32) -> ExitCode {
    let mut tree = initial_tree(&config);
    let mut result = open(family.as_mut(), &mut tree, &host).await;
    for cycle in 0..cycles.max(1) {
        if matches!(result, Err(DeviceError::Gone(_) | DeviceError::Config(_))) {
            break;
        }
        if cycle > 0 {
            host.sleep(config.poll_interval).await;
        }
        result = family.poll(&mut tree).await;
    }
    family.close().await;
    if let Err(why) = result {
        host.error(format_args!("[{}] failed to read the UPS on {}: {why}", config.ups, config.port));
        return ExitCode::FAILURE;
    }
    for (name, value) in config.published() {
        // The family may have a better answer.
        if tree.get(&name).is_none() {
            tree.set(&name, value);
        }
    }
    tree.set("driver.name", &config.driver);
    tree.set("driver.version", crate::VERSION);
    if let Some(driver) = drivers::find(&config.driver) {
        tree.set("driver.version.internal", driver.version);
    }
    let changes = tree.take_changes();
    mirror(&changes, &mut tree);
    for (name, variable) in tree.variables() {
        // Escaped, so that a definition file for dummy-ups can be made of it.
        host.print(&format!("{name}: {}\n", quote(&variable.value)));
    }
    ExitCode::SUCCESS
}
