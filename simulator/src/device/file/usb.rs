//! `usb { ... }`: identity and descriptors, from stated values or verbatim bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use kdl::KdlNode;

use super::reader::{Reader, arguments, children, entry_span, name_span};
use crate::device::hid::HidFirmware;
use crate::device::usb::{Identity, Speed};

const NODES: &[&str] = &[
    "speed",
    "device",
    "device-descriptor",
    "strings",
    "configuration",
    "configuration-descriptor",
    "interface",
    "hid",
    "endpoint",
    "report-descriptor",
    "sample",
];

/// USB descriptor types (USB 2.0, table 9-5; HID 1.11, 7.1).
const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const INTERFACE: u8 = 4;
const ENDPOINT: u8 = 5;
const HID: u8 = 0x21;
const REPORT: u8 = 0x22;

/// HID interface class.
const HID_CLASS: u8 = 3;

/// A UPS's USB part; its reports come from elsewhere.
pub(super) fn read(reader: &mut Reader, node: &KdlNode) -> Option<HidFirmware> {
    reader.shape(node, 0, &[], NODES);
    let speed = read_speed(reader, node);
    let (languages, strings) = read_strings(reader, node);
    let device = read_device(reader, node, &strings);
    let report_descriptors = read_report_descriptors(reader, node);
    let hid_descriptors = read_hid(reader, node, &report_descriptors);
    let configuration = read_configuration(reader, node, hid_descriptors.first().map_or(&[], Vec::as_slice));
    let (interface, endpoint) = match hid_function(&configuration) {
        Some(found) => found,
        None => {
            if !configuration.is_empty() {
                reader.fault(name_span(node), "no HID interface with an interrupt IN endpoint", None);
            }
            return None;
        }
    };
    let sample = match reader.child(node, "sample") {
        Some(node) => {
            reader.shape(node, 1, &[], &[]);
            let seconds = arguments(node).next().and_then(|entry| reader.entry_number(entry, 0.01..86400.0));
            Duration::from_secs_f64(seconds.unwrap_or(1.0))
        }
        None => Duration::from_secs(1),
    };
    Some(HidFirmware {
        identity: Identity { speed, device, configuration, languages, strings },
        interface,
        endpoint,
        hid_descriptors,
        report_descriptors,
        reports: Vec::new(),
        sample,
    })
}

fn read_speed(reader: &mut Reader, usb: &KdlNode) -> Speed {
    let Some(node) = reader.child(usb, "speed") else {
        reader.missing(usb, "speed", "speed \"low\"");
        return Speed::Full;
    };
    reader.shape(node, 1, &[], &[]);
    match arguments(node).next().and_then(|entry| entry.value().as_string()) {
        Some("low") => Speed::Low,
        Some("full") => Speed::Full,
        Some("high") => Speed::High,
        _ => {
            reader.fault(name_span(node), "no such speed", Some("\"low\", \"full\" or \"high\"".into()));
            Speed::Full
        }
    }
}

fn read_strings(reader: &mut Reader, usb: &KdlNode) -> (Vec<u16>, BTreeMap<u8, String>) {
    let mut strings = BTreeMap::new();
    let Some(node) = reader.child(usb, "strings") else { return (Vec::new(), strings) };
    reader.shape(node, usize::MAX, &[], &["string"]);
    let languages: Vec<u16> = arguments(node)
        .filter_map(|entry| reader.entry_integer(entry, 0..0x1_0000).map(|language| language as u16))
        .collect();
    if languages.is_empty() {
        reader.missing(node, "a language", "strings 0x0409 { string 1 \"EATON\" }");
    }
    for child in children(node).filter(|child| child.name().value() == "string") {
        reader.shape(child, 2, &[], &[]);
        let index = arguments(child).next().and_then(|entry| reader.entry_integer(entry, 1..256));
        let text = reader.text(child, 1, "a text");
        let (Some(index), Some(text)) = (index, text) else { continue };
        if text.encode_utf16().count() > 126 {
            reader.fault(name_span(child), "a string descriptor has room for 126 characters", None);
        }
        if strings.insert(index as u8, text).is_some() {
            reader.fault(name_span(child), &format!("string {index} is given twice"), None);
        }
    }
    (languages, strings)
}

fn read_device(reader: &mut Reader, usb: &KdlNode, strings: &BTreeMap<u8, String>) -> Vec<u8> {
    if let Some(node) = reader.child(usb, "device-descriptor") {
        reader.shape(node, usize::MAX, &[], &["bytes"]);
        let bytes = reader.bytes(node);
        if bytes.len() != 18 || bytes[1] != DEVICE {
            reader.fault(name_span(node), "a device descriptor is 18 bytes that start 12 01", None);
        }
        return bytes;
    }
    let Some(node) = reader.child(usb, "device") else {
        reader.missing(usb, "device", "device vendor=0x0463 product=0xffff");
        return Vec::new();
    };
    const PROPERTIES: &[&str] = &[
        "version",
        "class",
        "subclass",
        "protocol",
        "max-packet",
        "vendor",
        "product",
        "release",
        "manufacturer-string",
        "product-string",
        "serial-string",
    ];
    reader.shape(node, 0, PROPERTIES, &[]);
    let word = 0..0x1_0000;
    let byte = 0..0x100;
    let version = reader.integer_or(node, "version", word.clone(), 0x0200) as u16;
    let vendor = reader.integer(node, "vendor", word.clone()).unwrap_or(0) as u16;
    let product = reader.integer(node, "product", word.clone()).unwrap_or(0) as u16;
    let release = reader.integer_or(node, "release", word, 0x0100) as u16;
    let mut small = |name, otherwise| reader.integer_or(node, name, byte.clone(), otherwise) as u8;
    let class = [small("class", 0), small("subclass", 0), small("protocol", 0), small("max-packet", 8)];
    let names = ["manufacturer-string", "product-string", "serial-string"].map(|name| small(name, 0));
    for (index, name) in names.into_iter().zip(["manufacturer-string", "product-string", "serial-string"]) {
        if index != 0
            && !strings.contains_key(&index)
            && let Some(entry) = node.entry(name)
        {
            reader.fault(entry_span(entry), &format!("there is no string {index}"), None);
        }
    }
    let mut bytes = vec![18, DEVICE];
    bytes.extend(version.to_le_bytes());
    bytes.extend(class);
    bytes.extend([vendor, product, release].into_iter().flat_map(u16::to_le_bytes));
    bytes.extend(names);
    bytes.push(1);
    bytes
}

fn read_report_descriptors(reader: &mut Reader, usb: &KdlNode) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for node in children(usb).filter(|node| node.name().value() == "report-descriptor") {
        reader.shape(node, usize::MAX, &[], &["bytes"]);
        let bytes = reader.bytes(node);
        let given = arguments(node).next().is_some() || children(node).next().is_some();
        if !given || bytes.len() > 0xffff {
            let help = "report-descriptor \"05 84 09 04 a1 01 ... c0\", at most 65535 bytes";
            reader.missing(node, "bytes", help);
        }
        all.push(bytes);
    }
    if all.is_empty() {
        reader.missing(usb, "report-descriptor", "report-descriptor \"05 84 09 04 a1 01 ... c0\"");
    }
    all
}

/// A HID descriptor for each report descriptor (HID 1.11, 6.2.1).
fn read_hid(reader: &mut Reader, usb: &KdlNode, reports: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let node = reader.child(usb, "hid");
    let (mut version, mut country, mut length) = (0x0110, 0, None);
    if let Some(node) = node {
        reader.shape(node, 0, &["version", "country", "report-length"], &[]);
        version = reader.integer_or(node, "version", 0..0x1_0000, version);
        country = reader.integer_or(node, "country", 0..0x100, country);
        length = node.entry("report-length").and_then(|entry| reader.entry_integer(entry, 0..0x1_0000));
    }
    let [low, high] = (version as u16).to_le_bytes();
    reports
        .iter()
        .map(|report| {
            let [less, more] = length.map_or(report.len() as u16, |length| length as u16).to_le_bytes();
            vec![9, HID, low, high, country as u8, 1, REPORT, less, more]
        })
        .collect()
}

fn read_configuration(reader: &mut Reader, usb: &KdlNode, hid: &[u8]) -> Vec<u8> {
    if let Some(node) = reader.child(usb, "configuration-descriptor") {
        reader.shape(node, usize::MAX, &[], &["bytes"]);
        let bytes = reader.bytes(node);
        if bytes.len() < 9 || bytes[1] != CONFIGURATION {
            reader.fault(
                name_span(node),
                "a configuration descriptor is 9 bytes or more that start 09 02",
                None,
            );
        }
        return bytes;
    }
    let byte = 0..0x100;
    let mut head = vec![9, CONFIGURATION, 0, 0, 1, 1, 0, 0xa0, 50];
    if let Some(node) = reader.child(usb, "configuration") {
        reader.shape(node, 0, &["value", "string", "attributes", "power"], &[]);
        head[5] = reader.integer_or(node, "value", 1..0x100, 1) as u8;
        head[6] = reader.integer_or(node, "string", byte.clone(), 0) as u8;
        head[7] = reader.integer_or(node, "attributes", byte.clone(), 0xa0) as u8;
        // In units of 2 mA.
        head[8] = (reader.integer_or(node, "power", 0..511, 100) / 2) as u8;
    }
    let mut interface = vec![9, INTERFACE, 0, 0, 1, HID_CLASS, 0, 0, 0];
    if let Some(node) = reader.child(usb, "interface") {
        reader.shape(node, 1, &["subclass", "protocol", "string"], &[]);
        let number = arguments(node).next().and_then(|entry| reader.entry_integer(entry, 0..32));
        interface[2] = number.unwrap_or(0) as u8;
        interface[6] = reader.integer_or(node, "subclass", byte.clone(), 0) as u8;
        interface[7] = reader.integer_or(node, "protocol", byte.clone(), 0) as u8;
        interface[8] = reader.integer_or(node, "string", byte, 0) as u8;
    }
    let Some(node) = reader.child(usb, "endpoint") else {
        reader.missing(usb, "endpoint", "endpoint 0x81 max-packet=8 interval=20");
        return Vec::new();
    };
    reader.shape(node, 1, &["max-packet", "interval"], &[]);
    let address = arguments(node).next().and_then(|entry| reader.entry_integer(entry, 0x81..0x90));
    if arguments(node).next().is_none() {
        reader.missing(node, "an address", "endpoint 0x81 max-packet=8 interval=20");
    }
    let packet = reader.integer_or(node, "max-packet", 1..1025, 8) as u16;
    let interval = reader.integer_or(node, "interval", 1..256, 20) as u8;
    let [low, high] = packet.to_le_bytes();
    let endpoint = [7, ENDPOINT, address.unwrap_or(0x81) as u8, 3, low, high, interval];
    let mut bytes = [head, interface, hid.to_vec(), endpoint.to_vec()].concat();
    let [low, high] = (bytes.len() as u16).to_le_bytes();
    (bytes[2], bytes[3]) = (low, high);
    bytes
}

/// The number of the first HID interface in a configuration, and its interrupt IN endpoint.
fn hid_function(configuration: &[u8]) -> Option<(u8, u8)> {
    let mut rest = configuration;
    let mut interface = None;
    while let [length, kind, ..] = *rest {
        let (descriptor, after) = rest.split_at_checked(usize::from(length).max(2))?;
        match kind {
            INTERFACE => interface = (descriptor.get(5) == Some(&HID_CLASS)).then(|| descriptor[2]),
            ENDPOINT => {
                let (address, attributes) = (*descriptor.get(2)?, *descriptor.get(3)?);
                if let Some(interface) = interface
                    && address & 0x80 != 0
                    && attributes & 3 == 3
                {
                    return Some((interface, address));
                }
            }
            _ => {}
        }
        rest = after;
    }
    None
}
