//! What a UPS says: pure machines over a plant.

pub mod chapter9;
pub mod file;
pub mod hid;
pub mod megatec;
pub mod quantity;
pub mod report;
pub mod serial;
pub mod usb;

use crate::plant::Plant;

/// A device file that comes with this crate.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// What it is asked for by.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "eaton-3s-700", text: include_str!("../../devices/eaton-3s-700.kdl") },
    BuiltIn { name: "megatec-650", text: include_str!("../../devices/megatec-650.kdl") },
];

/// The device files that come with this crate, by name.
pub fn devices() -> &'static [BuiltIn] {
    BUILT_IN
}

/// One of [`devices`], read.
pub fn device(name: &str) -> Option<file::DeviceFile> {
    let found = BUILT_IN.iter().find(|built_in| built_in.name == name)?;
    file::DeviceFile::parse(found.text).ok()
}

/// Anything with a plant in it.
pub trait Machine {
    /// What it is.
    fn plant(&self) -> &Plant;
    /// What it is, to change it.
    fn plant_mut(&mut self) -> &mut Plant;
}
