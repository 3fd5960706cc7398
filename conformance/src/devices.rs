//! Device files: those that come with the simulator, and the user's own.

use std::fmt;

use outage_simulator::device::file::{DeviceFile, Fault};

use crate::report::caret;

/// Why there is no such device. `Display` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not the name of a device that comes with the simulator.
    Unknown(String),
    /// There is no file at this path.
    Missing(String),
    /// The file can't be read: path and why.
    Unreadable(String, String),
    /// Its faults, each with a caret under its place: path and text.
    Faulty(String, String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let known: Vec<_> = outage_simulator::devices().iter().map(|device| device.name).collect();
                let known = known.join(", ");
                write!(f, "there is no device `{name}`: it is one of {known}, or a path that ends in .kdl")
            }
            Self::Missing(path) => {
                write!(f, "there is no device file {path}; those of `outage devices` are named without .kdl")
            }
            Self::Unreadable(path, why) => write!(f, "failed to read the device file {path}: {why}"),
            Self::Faulty(_, text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// The device file of this name, or at this path (anything that ends in `.kdl`).
///
/// # Errors
/// What is wrong in it, with carets, or which devices there are.
pub fn find(name: &str) -> Result<DeviceFile, Error> {
    if !name.ends_with(".kdl") {
        return outage_simulator::device(name).ok_or_else(|| Error::Unknown(name.to_owned()));
    }
    let text = std::fs::read_to_string(name).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::Missing(name.to_owned()),
        _ => Error::Unreadable(name.to_owned(), error.to_string()),
    })?;
    DeviceFile::parse(&text).map_err(|faults| {
        let render = |fault: &Fault| {
            caret::render(name, &text, &fault.span, &fault.message, fault.help.as_deref(), false)
        };
        Error::Faulty(name.to_owned(), caret::several(faults.iter().map(render), name))
    })
}
