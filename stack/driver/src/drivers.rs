//! The drivers there are: one row a name.

use outage_config::SECTION_KEYS;
use outage_host::Host;

use crate::config::DriverConfig;
use crate::family::{DeviceError, Family};
use crate::{dummy, qx, usbhid};

/// An option of a driver, as ups.conf and `-x` take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionInfo {
    /// Name.
    pub name: &'static str,
    /// What it is for, in half a line.
    pub help: &'static str,
}

/// Makes a family.
pub type Make = fn(&DriverConfig, &Host) -> Result<Box<dyn Family>, DeviceError>;

/// One driver. A family's module makes a `pub const` of it (e.g. `usbhid::USBHID_UPS`) and a row of [`DRIVERS`] names it.
#[derive(Clone, Copy)]
pub struct DriverInfo {
    /// The name it is called by.
    pub name: &'static str,
    /// What the banner calls it: `Generic HID driver`.
    pub title: &'static str,
    /// Its own version, published as `driver.version.internal`.
    pub version: &'static str,
    /// Further lines of the banner: `USB communication driver 0.49`.
    pub components: &'static [&'static str],
    /// The options it knows, beyond those that every driver knows ([`SECTION_KEYS`]).
    pub options: &'static [OptionInfo],
    /// Makes the family. [`DeviceError::Config`] when an option's value cannot work; nothing is opened yet.
    pub make: Make,
}

/// Every driver, sorted by name.
pub const DRIVERS: &[DriverInfo] = &[qx::BLAZER_SER, dummy::DUMMY_UPS, qx::NUTDRV_QX, usbhid::USBHID_UPS];

/// Whether a driver takes this option in its section.
#[must_use]
pub fn knows(driver: &DriverInfo, name: &str) -> bool {
    name.starts_with("override.")
        || name.starts_with("default.")
        || SECTION_KEYS.contains(&name)
        || driver.options.iter().any(|option| option.name == name)
}

/// One line for each option of the section that the driver does not know; they change nothing.
#[must_use]
pub fn unknown_options(config: &DriverConfig) -> Vec<String> {
    let Some(driver) = find(&config.driver) else { return Vec::new() };
    let unknown = config.options.iter().map(|(name, _)| name).filter(|name| !knows(driver, name));
    unknown
        .map(|name| {
            format!(
                "[{}] {} knows no option '{name}': ignored (-h lists those it knows)",
                config.ups, driver.name
            )
        })
        .collect()
}

/// The driver of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static DriverInfo> {
    DRIVERS.iter().find(|driver| driver.name == name)
}

/// Makes the family that `config.driver` names.
///
/// # Errors
/// [`DeviceError::Config`]: there is no such driver, or an option's value cannot work.
pub fn family(config: &DriverConfig, host: &Host) -> Result<Box<dyn Family>, DeviceError> {
    match find(&config.driver) {
        Some(driver) => (driver.make)(config, host),
        None => {
            let names: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
            Err(DeviceError::Config(format!(
                "there is no driver '{}' (there are: {})",
                config.driver,
                names.join(", ")
            )))
        }
    }
}
