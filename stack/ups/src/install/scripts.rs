//! The init script, systemd's units and hooks, and udev's rules.

use std::collections::BTreeSet;

use outage_driver::hardware::{Connection, Hardware, hardware};

use super::plan::MARK;

/// Files of the machine's own start and end: below the root, with `@PREFIX@` and the like filled in.
const SCRIPTS: &[(&str, &str, u32)] = &[
    ("/etc/init.d/nut", include_str!("../../files/init/nut"), 0o755),
    ("@UNITS@/nut.target", include_str!("../../files/systemd/nut.target"), 0o644),
    ("@UNITS@/nut-driver.target", include_str!("../../files/systemd/nut-driver.target"), 0o644),
    ("@UNITS@/nut-driver@.service", include_str!("../../files/systemd/nut-driver@.service"), 0o644),
    ("@UNITS@/nut-server.service", include_str!("../../files/systemd/nut-server.service"), 0o644),
    ("@UNITS@/nut-monitor.service", include_str!("../../files/systemd/nut-monitor.service"), 0o644),
    (
        "@SYSTEMD@/system-generators/nut-driver-generator",
        include_str!("../../files/systemd/nut-driver-generator"),
        0o755,
    ),
    ("@SYSTEMD@/system-shutdown/nutshutdown", include_str!("../../files/systemd/nutshutdown"), 0o755),
];

/// Where systemd looks for what is run early and late, which is under /usr whatever the prefix.
const SYSTEMD: &str = "/usr/lib/systemd";
/// How long a daemon may be silent before systemd takes it for hung. Its event loop says that it goes round twice in that
/// time.
const WATCHDOG: &str = "WatchdogSec=60s\n";
/// Where udev looks for rules that packages bring.
const RULES: &str = "/usr/lib/udev/rules.d/62-nut-usbups.rules";

/// Every script with its path and mode.
#[must_use]
pub fn all(prefix: &str) -> Vec<(String, String, u32)> {
    let fill = |text: &str| {
        text.replace("@MARK@", MARK)
            .replace("@PREFIX@", prefix)
            .replace("@UNITS@", &format!("{SYSTEMD}/system"))
            .replace("@SYSTEMD@", SYSTEMD)
            .replace("@WATCHDOG@", WATCHDOG)
    };
    let mut scripts: Vec<_> =
        SCRIPTS.iter().map(|(path, text, mode)| (fill(path), fill(text), *mode)).collect();
    scripts.push((RULES.to_owned(), udev_rules(), 0o644));
    scripts
}

/// The rules by which the daemons' group may open every USB UPS that a driver knows.
#[must_use]
pub fn udev_rules() -> String {
    let mut text = format!(
        "# {MARK}\n#\n# USB UPSes that the drivers know, made from the drivers' own tables: they belong to the group that \
         the\n# drivers run as.\n\nACTION==\"remove\", GOTO=\"nut_end\"\nSUBSYSTEM!=\"usb\", GOTO=\"nut_end\"\n\
         ENV{{DEVTYPE}}!=\"usb_device\", GOTO=\"nut_end\"\n"
    );
    let mut heading = String::new();
    let mut known = BTreeSet::new();
    for Hardware { maker, driver, connection, .. } in hardware() {
        let Connection::Usb { vendor, product } = connection else { continue };
        // Makers that share ids share the rule.
        if !known.insert((vendor, product)) {
            continue;
        }
        let title = format!("\n# {driver} - {maker}\n");
        if title != heading {
            text += &title;
            heading = title;
        }
        text += &format!(
            "ATTR{{idVendor}}==\"{vendor:04x}\", ATTR{{idProduct}}==\"{product:04x}\", MODE=\"664\", GROUP=\"nut\"\n"
        );
    }
    text += "\nLABEL=\"nut_end\"\n";
    text
}
