//! ups.conf: drivers, their options, and two sections for one device.

use super::sheet::Sheet;
use super::{Facts, Files};
use crate::duration::duration;
use crate::file::shown;
use crate::model::{UpsConf, UpsSection};
use crate::suggest::nearest;

/// What tells two devices apart that are both found by `port = auto`.
const TELLS_APART: [&str; 8] =
    ["vendorid", "productid", "vendor", "product", "serial", "bus", "device", "busport"];

pub(super) fn look(files: &mut Files, facts: &Facts<'_>) {
    let sheet = &mut files.ups;
    let own_drivers = sheet.conf.global("driverpath").is_none_or(str::is_empty);
    for at in 0..sheet.conf.sections.len() {
        let section = sheet.conf.sections[at].clone();
        let (name, driver) = (&section.name, section.driver.as_str());
        if own_drivers && !facts.drivers.contains(&driver) {
            let spot = sheet.setting(name, "driver");
            let near = nearest(driver, facts.drivers.iter().copied());
            let help = near.map_or_else(
                || format!("there are {}; `ups hardware` lists what they are for", facts.drivers.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            sheet.faults.error(spot, format!("there is no driver {}", shown(driver))).help(help);
        } else if own_drivers {
            let unknown: Vec<_> =
                section.settings.iter().filter(|one| !(facts.knows_option)(driver, &one.key)).collect();
            for setting in unknown {
                let spot = sheet.setting(name, &setting.key);
                let text = format!("{driver} knows no option {}, ignored", shown(&setting.key));
                sheet.faults.warning(spot, text).help(format!("{driver} -h lists those it knows"));
            }
        }
        delays(sheet, &section);
        let same = sheet.conf.sections[..at]
            .iter()
            .find(|other| one_device(other, &section))
            .map(|o| o.name.clone());
        if let Some(other) = same {
            let spot = sheet.setting(name, "port");
            let help = if section.port == "auto" {
                "say by serial, or by vendorid and productid, which is which".to_owned()
            } else {
                "a device has one driver: take one of the sections out, or correct its port".to_owned()
            };
            sheet
                .faults
                .error(spot, format!("{} and {} are for one and the same device", shown(&other), shown(name)))
                .help(help);
        }
    }
}

/// Whether two sections find the same device.
fn one_device(a: &UpsSection, b: &UpsSection) -> bool {
    // Files and servers may be read by several.
    if a.driver == "dummy-ups" || b.driver == "dummy-ups" || a.port != b.port {
        return false;
    }
    a.port != "auto" || TELLS_APART.iter().all(|key| a.get(key) == b.get(key))
}

/// A load that is to come back before it has gone stays off for good with some UPSes, and on with others.
fn delays(sheet: &mut Sheet<UpsConf>, section: &UpsSection) {
    let (off, on) = match section.driver.as_str() {
        "usbhid-ups" => (20, 30),
        "nutdrv_qx" => (30, 180),
        // blazer_ser counts ondelay in minutes.
        _ => return,
    };
    let seconds = |key: &str, default: u64| match section.get(key) {
        None => Some(default),
        Some(text) => duration(text).ok().map(|time| time.as_secs()),
    };
    let (Some(off), Some(on)) = (seconds("offdelay", off), seconds("ondelay", on)) else { return };
    // Zero is "as soon as the mains are back" to a Megatec; a HID device's timer has run out at once.
    if (on != 0 || section.driver == "usbhid-ups") && off >= on {
        let key = if section.get("ondelay").is_some() { "ondelay" } else { "offdelay" };
        let spot = sheet.setting(&section.name, key);
        sheet
            .faults
            .warning(
                spot,
                format!(
                    "the load would be turned on again (ondelay {on} s) before it is off (offdelay {off} s)"
                ),
            )
            .help("ondelay must be greater than offdelay");
    }
}
