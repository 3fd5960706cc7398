//! The hidraw nodes of USB devices, as sysfs describes them.
//!
//! `class/hidraw/hidraw0/device` leads to the HID device, whose folder lies in that of a USB interface, which lies in that
//! of the USB device (Documentation/ABI/testing/sysfs-bus-usb, sysfs-driver-hid). What of Bluetooth or of a program's making
//! is HID lies elsewhere.

use std::fs;
use std::path::{Path, PathBuf};

use crate::usb::UsbInfo;

/// Kinds of descriptors.
const CONFIGURATION: u8 = 2;
const INTERFACE: u8 = 4;
/// Length of a device descriptor.
const DEVICE_LENGTH: usize = 18;

/// A HID interface of a USB device that the kernel's driver has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HidNode {
    /// Its node's name below /dev: `hidraw0`.
    pub(super) name: String,
    /// The device. [`UsbInfo::id`] is left to the caller.
    pub(super) info: UsbInfo,
    pub(super) interface: u8,
    pub(super) device_descriptor: Vec<u8>,
    /// The active configuration, with this interface alone.
    pub(super) configuration: Vec<u8>,
    pub(super) report_descriptor: Vec<u8>,
    /// What the kernel read of manufacturer, product and serial number.
    pub(super) strings: [Option<String>; 3],
}

/// An attribute's text, without the line feed that the kernel ends it with.
fn text(folder: &Path, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&fs::read(folder.join(name)).ok()?).into_owned();
    Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

fn decimal(folder: &Path, name: &str) -> Option<u16> {
    text(folder, name)?.trim().parse().ok()
}

fn hexadecimal(folder: &Path, name: &str) -> Option<u16> {
    u16::from_str_radix(text(folder, name)?.trim(), 16).ok()
}

/// Every hidraw node of a USB device, in the order of their numbers. `sys` is where sysfs is mounted.
pub(super) fn hid_nodes(sys: &Path) -> Vec<HidNode> {
    let entries = fs::read_dir(sys.join("class/hidraw")).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    // hidraw10 is behind hidraw9.
    names.sort_by_key(|name| (name.len(), name.clone()));
    names.iter().filter_map(|name| hid_node(sys, name)).collect()
}

/// The hidraw node of this name; `None`: there is none, it is no USB device's, or it is just going.
pub(super) fn hid_node(sys: &Path, name: &str) -> Option<HidNode> {
    let hid = fs::canonicalize(sys.join("class/hidraw").join(name).join("device")).ok()?;
    let (interface_folder, device) = usb_folders(&hid)?;
    let interface = u8::try_from(hexadecimal(interface_folder, "bInterfaceNumber")?).ok()?;
    let descriptors = fs::read(device.join("descriptors")).ok()?;
    let device_descriptor = descriptors.get(..DEVICE_LENGTH)?.to_vec();
    let active = decimal(device, "bConfigurationValue").and_then(|value| u8::try_from(value).ok());
    Some(HidNode {
        name: name.to_owned(),
        info: UsbInfo {
            id: String::new(),
            bus: format!("{:03}", decimal(device, "busnum")?),
            address: format!("{:03}", decimal(device, "devnum")?),
            port_path: device.file_name()?.to_str()?.to_owned(),
            vendor_id: hexadecimal(device, "idVendor")?,
            product_id: hexadecimal(device, "idProduct")?,
            release: hexadecimal(device, "bcdDevice").unwrap_or_default(),
        },
        interface,
        configuration: only(configuration(&descriptors[DEVICE_LENGTH..], active), interface),
        device_descriptor,
        report_descriptor: fs::read(hid.join("report_descriptor")).ok()?,
        strings: ["manufacturer", "product", "serial"].map(|name| text(device, name)),
    })
}

/// The folders of the USB interface and of the USB device that a HID device's folder lies in. Right above it: what hangs on
/// a USB radio has one further up, too.
fn usb_folders(hid: &Path) -> Option<(&Path, &Path)> {
    let interface = hid.parent()?;
    let device = interface.parent()?;
    let there = |folder: &Path, name: &str| PathBuf::from(folder).join(name).exists();
    (there(interface, "bInterfaceNumber") && there(device, "idVendor")).then_some((interface, device))
}

/// Descriptors one by one, as far as they are whole.
fn descriptors(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let length = usize::from(*bytes.first()?);
        if length < 2 || length > bytes.len() {
            return None;
        }
        let (one, more) = bytes.split_at(length);
        bytes = more;
        Some(one)
    })
}

/// The active one of several configurations, one behind the other; the first if that is not known.
fn configuration(all: &[u8], active: Option<u8>) -> &[u8] {
    let mut found: &[u8] = &[];
    let mut rest = all;
    while let [_, CONFIGURATION, low, high, _, value, ..] = *rest {
        let length = usize::from(u16::from_le_bytes([low, high])).min(rest.len());
        if length == 0 {
            break;
        }
        let (one, more) = rest.split_at(length);
        if found.is_empty() || Some(value) == active {
            found = one;
        }
        rest = more;
    }
    found
}

/// A configuration with one interface alone.
fn only(configuration: &[u8], interface: u8) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut keep = true;
    for one in descriptors(configuration) {
        if let [_, INTERFACE, number, ..] = one {
            keep = *number == interface;
        }
        if keep {
            kept.extend_from_slice(one);
        }
    }
    kept
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::symlink;

    use rstest::rstest;
    use tempfile::TempDir;

    use super::*;

    /// Two interfaces: a vendor's, and a HID one with report descriptor and endpoint.
    #[rustfmt::skip]
    const CONFIGURATIONS: &[u8] = &[
        9, 2, 9, 0, 0, 1, 0, 0x80, 50,
        9, 2, 50, 0, 2, 2, 0, 0x80, 50,
        9, 4, 0, 0, 1, 0xff, 0, 0, 0, 7, 5, 0x83, 3, 8, 0, 10,
        9, 4, 1, 0, 1, 3, 0, 0, 0, 9, 0x21, 0x10, 1, 0x21, 1, 0x22, 4, 0, 7, 5, 0x81, 3, 8, 0, 10,
    ];
    const DEVICE: &[u8] = &[18, 1, 0x10, 1, 0, 0, 0, 8, 0x63, 4, 0xff, 0xff, 0, 1, 1, 2, 4, 2];
    pub(crate) const REPORT: &[u8] = &[0x05, 0x84, 0x09, 0x04];

    /// A sysfs with an Eaton as hidraw2, and beside it what is no USB device's: something of a program's making, and a
    /// mouse by radio.
    pub(crate) fn sysfs() -> TempDir {
        let sys = tempfile::tempdir().unwrap();
        let port = "devices/platform/vhci_hcd.0/usb1/1-4";
        let device = sys.path().join(port);
        let interface = device.join("1-4:1.1");
        let plug = |name: &str, folder: String| {
            let node = sys.path().join(&folder).join("hidraw").join(name);
            fs::create_dir_all(&node).unwrap();
            symlink("../..", node.join("device")).unwrap();
            let class = sys.path().join("class/hidraw");
            fs::create_dir_all(&class).unwrap();
            symlink(Path::new("../..").join(folder).join("hidraw").join(name), class.join(name)).unwrap();
        };
        plug("hidraw2", format!("{port}/1-4:1.1/0003:0463:FFFF.0001"));
        plug("hidraw10", "devices/virtual/misc/uhid/0003:046D:C31C.0002".to_owned());
        plug("hidraw0", format!("{port}/1-4:1.1/bluetooth/hci0/hci0:256/0005:046D:B342.0005"));
        for (folder, name, content) in [
            (&device, "idVendor", &b"0463\n"[..]),
            (&device, "idProduct", b"ffff\n"),
            (&device, "bcdDevice", b"0100\n"),
            (&device, "busnum", b"1\n"),
            (&device, "devnum", b"12\n"),
            (&device, "bConfigurationValue", b"2\n"),
            (&device, "manufacturer", b"EATON\n"),
            (&device, "product", b"Eaton 3S \n"),
            (&device, "descriptors", &[DEVICE, CONFIGURATIONS].concat()),
            (&interface, "bInterfaceNumber", b"01\n"),
            (&interface.join("0003:0463:FFFF.0001"), "report_descriptor", REPORT),
        ] {
            fs::write(folder.join(name), content).unwrap();
        }
        sys
    }

    #[test]
    fn a_usb_device_is_found_and_nothing_else() {
        let sys = sysfs();
        let nodes = hid_nodes(sys.path());
        let [node] = &nodes[..] else { panic!("{nodes:?}") };
        assert_eq!(node.name, "hidraw2");
        let info = UsbInfo {
            id: String::new(),
            bus: "001".into(),
            address: "012".into(),
            port_path: "1-4".into(),
            vendor_id: 0x0463,
            product_id: 0xffff,
            release: 0x0100,
        };
        assert_eq!(node.info, info);
        assert_eq!((node.interface, &node.device_descriptor[..]), (1, DEVICE));
        assert_eq!(node.report_descriptor, REPORT);
        assert_eq!(node.strings, [Some("EATON".into()), Some("Eaton 3S ".into()), None]);
        assert_eq!(node.configuration, [&CONFIGURATIONS[9..18], &CONFIGURATIONS[34..]].concat());
    }

    #[rstest]
    #[case("idVendor")]
    #[case("busnum")]
    #[case("devnum")]
    #[case("descriptors")]
    #[case("1-4:1.1/bInterfaceNumber")]
    #[case("1-4:1.1/0003:0463:FFFF.0001/report_descriptor")]
    fn a_device_that_is_just_going_is_not_there(#[case] missing: &str) {
        let sys = sysfs();
        fs::remove_file(sys.path().join("devices/platform/vhci_hcd.0/usb1/1-4").join(missing)).unwrap();
        assert_eq!(hid_nodes(sys.path()), []);
    }

    #[test]
    fn without_hidraw_there_are_no_nodes() {
        assert_eq!(hid_nodes(tempfile::tempdir().unwrap().path()), []);
    }

    #[rstest]
    #[case(Some(1), &CONFIGURATIONS[..9])]
    #[case(Some(2), &CONFIGURATIONS[9..])]
    #[case(Some(7), &CONFIGURATIONS[..9])]
    #[case(None, &CONFIGURATIONS[..9])]
    fn the_active_configuration(#[case] active: Option<u8>, #[case] expected: &[u8]) {
        assert_eq!(configuration(CONFIGURATIONS, active), expected);
    }

    #[test]
    fn descriptors_that_make_no_sense() {
        for end in 0..CONFIGURATIONS.len() {
            only(configuration(&CONFIGURATIONS[..end], Some(2)), 1);
        }
        assert_eq!(configuration(&[9, 2, 0, 0, 0, 1], None), &[] as &[u8]);
        assert_eq!(only(&[0, 0, 0], 0), &[] as &[u8]);
    }
}
