//! `outage list` and `outage devices`.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use outage_simulator::device::file::{DeviceFile, Firmware};
use serde_json::json;

use super::files;
use crate::report::say;

/// Lists scenarios with what they are about.
pub(super) fn scenarios(paths: &[PathBuf], as_json: bool) -> Result<ExitCode, String> {
    let loaded = files::load(paths, std::io::stderr().is_terminal())?;
    if as_json {
        let list: Vec<_> = loaded
            .iter()
            .map(|file| {
                let devices: Vec<_> = file.scenario.upses.iter().map(|ups| json!({ "ups": ups.name, "devices": ups.devices })).collect();
                json!({ "name": file.scenario.name, "path": file.path, "title": file.scenario.title, "upses": devices })
            })
            .collect();
        say(format_args!("{}", json!(list)));
        return Ok(ExitCode::SUCCESS);
    }
    for file in loaded {
        say(format_args!("{:<18} {}", file.scenario.name, file.scenario.title));
        for ups in &file.scenario.upses {
            say(format_args!("{:<18}   {}: {}", "", ups.name, ups.devices.join(", ")));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the devices that come with the simulator.
pub(super) fn devices(as_json: bool) -> Result<ExitCode, String> {
    if as_json {
        let list: Vec<_> = built_in()
            .map(|device| json!({ "name": device.name, "bus": bus(&device), "description": device.description }))
            .collect();
        say(format_args!("{}", json!(list)));
        return Ok(ExitCode::SUCCESS);
    }
    for device in built_in() {
        say(format_args!("{:<18} {:<7} {}", device.name, bus(&device), device.description));
    }
    Ok(ExitCode::SUCCESS)
}

fn built_in() -> impl Iterator<Item = DeviceFile> {
    outage_simulator::devices().iter().filter_map(|device| outage_simulator::device(device.name))
}

fn bus(device: &DeviceFile) -> &'static str {
    match device.firmware {
        Firmware::Hid(_) => "usb",
        Firmware::Megatec(_) => "serial",
    }
}
