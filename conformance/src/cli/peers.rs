//! `outage peers`.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outage_simulator::device::file::{DeviceFile, Firmware};

use crate::devices;
use crate::lane::Trouble;
use crate::lane::kernel::{
    self,
    peers::{Read, read},
};
use crate::peers::document::{changes, document};
use crate::peers::{faults, reasons};
use crate::report::say;

pub(super) const HELP: &str = "\
Both run in one Linux guest (see `outage run --lane kernel`), which needs Debian's nut-server and nut-client beside QEMU.
What differs needs a reason in conformance/expectations/peers.kdl, and a reason needs something that differs.
Exit codes: 0 all that differs has a reason (also when a precondition is unmet: it is said), 1 something has none, or the
file that is checked is behind, 2 something is wrong with the command, a file, or the guest.";

/// Arguments of `outage peers`.
#[derive(clap::Args)]
pub(crate) struct PeersArgs {
    /// Say only in what this file differs from the document, instead of printing it
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Devices on USB, by name or by path; all that come with the simulator unless given
    #[arg(conflicts_with = "check")]
    devices: Vec<String>,
}

/// Reads, compares and prints.
pub(super) fn main(args: &PeersArgs) -> Result<ExitCode, String> {
    let reasons = reasons::all()?;
    let behind = args.check.as_deref().map(|path| kept(path).map(|text| (path, text))).transpose()?;
    let devices = chosen(&args.devices)?;
    let program = super::this_program()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("failed to start a runtime: {error}"))?;
    let terminal = std::io::stderr().is_terminal();
    let mut progress = |what: &str| {
        if terminal {
            eprint!("\r\x1b[K{what}");
            // A terminal that is gone shows no progress.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{what}");
        }
    };
    let read = runtime.block_on(read(&program, &devices, &mut progress));
    kernel::clean_up();
    if terminal {
        eprint!("\r\x1b[K");
    }
    let Read { version, readings } = match read {
        Ok(read) => read,
        Err(Trouble::Unmet(what)) => {
            eprintln!("precondition unmet: {what}");
            return Ok(ExitCode::SUCCESS);
        }
        Err(Trouble::Broken(text)) => return Err(text),
    };
    let text = document(&version, &readings, &reasons);
    let mut wrong = faults(&readings, &reasons, args.devices.is_empty());
    match behind {
        None => say(text.trim_end()),
        Some((path, old)) => {
            let changes = changes(&old, &text);
            if !changes.is_empty() {
                wrong.push(format!(
                    "{} is behind: outage peers >{0}\n{}",
                    path.display(),
                    changes.join("\n")
                ));
            }
        }
    }
    for fault in &wrong {
        eprintln!("{fault}");
    }
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn kept(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("failed to read {}: {error}", path.display()))
}

/// The devices that were asked for.
fn chosen(names: &[String]) -> Result<Vec<(String, DeviceFile)>, String> {
    let on_usb = |device: &DeviceFile| matches!(device.firmware, Firmware::Hid(_));
    if names.is_empty() {
        let all =
            outage_simulator::devices().iter().filter_map(|device| outage_simulator::device(device.name));
        return Ok(all.filter(on_usb).map(|device| (device.name.clone(), device)).collect());
    }
    let one = |name: &String| match devices::find(name) {
        Ok(device) if on_usb(&device) => Ok((device.name.clone(), device)),
        Ok(_) => Err(format!("{name} is no UPS on USB")),
        Err(error) => Err(error.to_string()),
    };
    names.iter().map(one).collect()
}
