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

/// The rules by which the daemons' group may open every USB UPS that a driver knows, and the hidraw nodes of those.
#[must_use]
pub fn udev_rules() -> String {
    // Whoever may read a hidraw node may also write feature reports, such as the one that cuts the load.
    let (usb, hidraw) = (rules("ATTR", "664"), rules("ATTRS", "660"));
    format!(
        "# {MARK}\n#\n# USB UPSes that the drivers know, made from the drivers' own tables: they belong to the group that \
         the\n# drivers run as.\n\nACTION==\"remove\", GOTO=\"nut_end\"\nSUBSYSTEM==\"hidraw\", GOTO=\"nut_hidraw\"\n\
         SUBSYSTEM!=\"usb\", GOTO=\"nut_end\"\nENV{{DEVTYPE}}!=\"usb_device\", GOTO=\"nut_end\"\n{usb}\n\
         GOTO=\"nut_end\"\nLABEL=\"nut_hidraw\"\n{hidraw}\nLABEL=\"nut_end\"\n"
    )
}

/// A rule for each UPS that has these ids itself (`ATTR`), or whose USB device has them (`ATTRS`).
fn rules(attribute: &str, mode: &str) -> String {
    let mut text = String::new();
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
            "{attribute}{{idVendor}}==\"{vendor:04x}\", {attribute}{{idProduct}}==\"{product:04x}\", \
             MODE=\"{mode}\", GROUP=\"nut\"\n"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What the rules do with an event: the node's mode, if they set one (udev(7), as far as they use it).
    fn mode(event: &[(&str, &str)]) -> Option<String> {
        let rules = udev_rules();
        let (mut mode, mut label) = (None, None);
        for line in rules.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<_> = line.split(", ").map(|word| word.strip_suffix('"').unwrap()).collect();
            if label.is_some_and(|label: &str| words != [format!("LABEL=\"{label}")]) {
                continue;
            }
            label = None;
            let value = |key: &str| event.iter().find(|(own, _)| *own == key).map(|(_, value)| *value);
            let fits = words.iter().all(|word| match word.split_once("!=\"") {
                Some((key, not)) => value(key) != Some(not),
                None => word.split_once("==\"").is_none_or(|(key, is)| value(key) == Some(is)),
            });
            for word in words.iter().filter(|_| fits) {
                match word.split_once("=\"").unwrap() {
                    ("GOTO", to) => label = Some(to),
                    ("MODE", bits) => mode = Some(bits.to_owned()),
                    _ => {}
                }
            }
        }
        assert_eq!(label, None, "a GOTO leads nowhere");
        mode
    }

    const DEVICE: &str = "usb_device";

    #[rstest]
    #[case::a_ups("add", "usb", DEVICE, "ATTR", "0463", Some("664"))]
    #[case::its_interface("add", "usb", "usb_interface", "ATTRS", "0463", None)]
    #[case::something_else("add", "usb", DEVICE, "ATTR", "0001", None)]
    #[case::behind_it("add", "usb", DEVICE, "ATTRS", "0463", None)]
    #[case::its_hidraw_node("add", "hidraw", "", "ATTRS", "0463", Some("660"))]
    #[case::a_keyboard_s("add", "hidraw", "", "ATTRS", "0001", None)]
    #[case::what_goes("remove", "hidraw", "", "ATTRS", "0463", None)]
    #[case::another_node("add", "tty", "", "ATTRS", "0463", None)]
    fn rules_for_udev(
        #[case] action: &str,
        #[case] subsystem: &str,
        #[case] devtype: &str,
        #[case] attribute: &str,
        #[case] vendor: &str,
        #[case] expected: Option<&str>,
    ) {
        let (own, product) = (format!("{attribute}{{idVendor}}"), format!("{attribute}{{idProduct}}"));
        let event = [
            ("ACTION", action),
            ("SUBSYSTEM", subsystem),
            ("ENV{DEVTYPE}", devtype),
            (own.as_str(), vendor),
            (product.as_str(), "ffff"),
        ];
        assert_eq!(mode(&event).as_deref(), expected);
    }
}
