//! Device files: those that come with the simulator, and the user's own.

use outage_simulator::device::file::{DeviceFile, Fault};

use crate::report::caret;

/// The device file of this name, or at this path (anything that ends in `.kdl`).
///
/// # Errors
/// Text for a person: what is wrong in it, with carets, or which devices there are.
pub fn find(name: &str) -> Result<DeviceFile, String> {
    if !name.ends_with(".kdl") {
        return outage_simulator::device(name).ok_or_else(|| {
            let known: Vec<_> = outage_simulator::devices().iter().map(|device| device.name).collect();
            format!("there is no device `{name}`: it is one of {}, or a path that ends in .kdl", known.join(", "))
        });
    }
    let text = std::fs::read_to_string(name).map_err(|error| format!("failed to read {name}: {error}"))?;
    DeviceFile::parse(&text).map_err(|faults| {
        let render = |fault: &Fault| {
            caret::render(name, &text, &fault.span, &fault.message, fault.help.as_deref(), false)
        };
        faults.iter().map(render).collect::<Vec<_>>().join("\n\n")
    })
}
