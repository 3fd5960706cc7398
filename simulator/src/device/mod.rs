//! What a UPS says: pure machines over a plant.

pub mod chapter9;
pub mod file;
pub mod hid;
pub mod megatec;
pub mod quantity;
pub mod report;
pub mod serial;
pub mod usb;

use std::sync::OnceLock;

use crate::plant::Plant;

/// A device file that comes with this crate.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// What it is asked for by.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// The file of this name.
macro_rules! built_in {
    ($name:literal) => {
        BuiltIn { name: $name, text: include_str!(concat!("../../devices/", $name, ".kdl")) }
    };
}

const BUILT_IN: &[BuiltIn] = &[
    built_in!("apc-bk650m2-ch"),
    built_in!("apc-cs-500"),
    built_in!("apc-smx-750"),
    built_in!("cyberpower-cst135uc2"),
    built_in!("cyberpower-ec850lcd"),
    built_in!("eaton-3s-700"),
    built_in!("megatec-650"),
    built_in!("santak-tg-box-850"),
];

/// The device files that come with this crate, by name.
pub fn devices() -> &'static [BuiltIn] {
    BUILT_IN
}

/// One of [`devices`], read. Each is read once in a process.
pub fn device(name: &str) -> Option<file::DeviceFile> {
    static READ: OnceLock<Vec<file::DeviceFile>> = OnceLock::new();
    let read =
        || BUILT_IN.iter().filter_map(|built_in| file::DeviceFile::parse(built_in.text).ok()).collect();
    READ.get_or_init(read).iter().find(|file| file.name == name).cloned()
}

/// Anything with a plant in it.
pub trait Machine {
    /// What it is.
    fn plant(&self) -> &Plant;
    /// What it is, to change it.
    fn plant_mut(&mut self) -> &mut Plant;
}
