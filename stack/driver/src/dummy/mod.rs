//! `dummy-ups`: a UPS that a file describes, or that another server knows.
//!
//! [`core`] understands definition files and plays them, and copies what a server tells; `Simulation` is the family of
//! `dummy-once` and `dummy-loop`, `Repeater` that of `repeater`.

pub mod core;

mod repeater;
mod simulation;

use std::path::{Path, PathBuf};

use outage_config::Paths;
use outage_host::Host;

use self::core::player::Player;
use self::repeater::Repeater;
use self::simulation::Simulation;
use crate::config::DriverConfig;
use crate::drivers::{DriverInfo, OptionInfo};
use crate::family::{DeviceError, Family};

/// `dummy-ups`
pub const DUMMY_UPS: DriverInfo = DriverInfo {
    name: "dummy-ups",
    title: "Device simulation and repeater driver",
    version: "0.26",
    components: &[],
    options: &[
        OptionInfo {
            name: "mode",
            help: "dummy-once, dummy-loop (or dummy), repeater (or meta); else the port tells: .dev is played once, \
                   ups@host repeats, all else loops",
        },
        OptionInfo {
            name: "authconf",
            help: "repeater: who to be at the other server: default, none, or a file like nutauth.conf",
        },
        OptionInfo {
            name: "repeater_disable_strict_start",
            help: "repeater: wait for the other server instead of ending when it cannot be reached at start",
        },
    ],
    make,
};

/// Where the UPS comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// A file is played; as `driver.parameter.mode` shows it, and whether the file is played again and again.
    File(&'static str, bool),
    /// Another server tells.
    Repeater,
}

impl Mode {
    /// `mode`, or what NUT takes it for by the port.
    fn find(option: Option<&str>, port: &str) -> Result<Self, DeviceError> {
        match option {
            Some("dummy-once") => Ok(Self::File("dummy-once", false)),
            Some("dummy-loop" | "dummy") => Ok(Self::File("dummy-loop", true)),
            // Meta is meant to make one UPS of several, and is a repeater as long as NUT does not do that.
            Some("repeater" | "meta") => Ok(Self::Repeater),
            Some(other) => Err(DeviceError::Config(format!(
                "mode = {other}: not one of dummy-once, dummy-loop, dummy, repeater, meta"
            ))),
            None if port.contains('@') => Ok(Self::Repeater),
            None if port.ends_with(".seq") => Ok(Self::File("dummy-loop", true)),
            None if port.ends_with(".dev") => Ok(Self::File("dummy-once", false)),
            None => Ok(Self::File("dummy", true)),
        }
    }
}

fn make(config: &DriverConfig, host: &Host) -> Result<Box<dyn Family>, DeviceError> {
    if config.port.is_empty() {
        return Err(DeviceError::Config("port is missing: a definition file, or ups@host".into()));
    }
    match Mode::find(config.options.get("mode"), &config.port)? {
        Mode::Repeater => Ok(Box::new(Repeater::new(config, host)?)),
        Mode::File(mode, repeats) => Ok(Box::new(Simulation {
            host: host.clone(),
            ups: config.ups.clone(),
            path: path(config, host),
            repeats,
            mode,
            player: Player::default(),
            stamp: None,
        })),
    }
}

/// The folder of ups.conf.
fn conf_folder(config: &DriverConfig, host: &Host) -> PathBuf {
    match config.conf_path.as_deref().and_then(Path::parent) {
        Some(folder) => folder.into(),
        None => Paths::from_env(|name| host.env(name)).conf,
    }
}

/// The definition file; a relative path begins beside ups.conf.
fn path(config: &DriverConfig, host: &Host) -> PathBuf {
    conf_folder(config, host).join(&config.port)
}

#[cfg(test)]
mod tests;
