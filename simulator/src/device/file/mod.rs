//! Device files: one UPS each, in KDL. The grammar is described in `simulator/devices/README.md`.

mod layout;
mod ratings;
mod reader;
#[cfg(test)]
mod tests;
mod usb;

use std::ops::Range;

use kdl::{KdlDocument, KdlNode};

use self::reader::Reader;
use super::hid::HidFirmware;
use super::megatec::Nameplate;
use crate::plant::Settings;

/// Something wrong in a device file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// The bytes of the text it is about.
    pub span: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
}

/// A UPS model, as its file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceFile {
    /// The name it is asked for by, `eaton-3s-700`.
    pub name: String,
    /// One line for people.
    pub description: String,
    /// What it is.
    pub settings: Settings,
    /// What it says, and on which bus.
    pub firmware: Firmware,
}

/// What a UPS says, and on which bus.
#[derive(Clone, Debug, PartialEq)]
pub enum Firmware {
    /// A USB HID device.
    Hid(HidFirmware),
    /// Megatec (Q1) on a serial line.
    Megatec(Nameplate),
}

impl DeviceFile {
    /// Reads a device file.
    ///
    /// # Errors
    /// Every fault there is, in the order of the text.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let document = KdlDocument::parse_v2(text).map_err(|error| syntax_faults(&error, text))?;
        let mut reader = Reader::default();
        let file = read_file(&mut reader, &document);
        let mut faults = reader.into_faults();
        match file {
            Some(file) if faults.is_empty() => Ok(file),
            _ => {
                faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
                Err(faults)
            }
        }
    }
}

fn syntax_faults(error: &kdl::KdlError, text: &str) -> Vec<Fault> {
    let mut faults: Vec<Fault> = error
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let start = diagnostic.span.offset().min(text.len());
            Fault {
                message: lower(diagnostic.message.as_deref().unwrap_or("this is no KDL")),
                span: start..(start + diagnostic.span.len()).min(text.len()),
                help: diagnostic.help.clone(),
            }
        })
        .collect();
    if faults.is_empty() {
        faults.push(Fault { message: "this is no KDL".into(), span: 0..0, help: None });
    }
    faults
}

/// A message's first letter in lower case, so that it fits after "failed to ...".
fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn read_file(reader: &mut Reader, document: &KdlDocument) -> Option<DeviceFile> {
    let Some((device, others)) = document.nodes().split_first() else {
        reader.fault(0..0, "no device in the file", Some("device \"NAME\" { ... }".into()));
        return None;
    };
    if device.name().value() != "device" {
        reader.fault(
            reader::name_span(device),
            &format!("{:?} where a device belongs", device.name().value()),
            Some("a file is one node: device \"NAME\" { ... }".into()),
        );
        return None;
    }
    for other in others {
        reader.fault(reader::name_span(other), "a second node in the file", Some("one device a file".into()));
    }
    reader.shape(device, 1, &[], &["description", "ratings", "usb", "report", "megatec"]);
    let name = reader.text(device, 0, "a name");
    let description = match reader.child(device, "description") {
        Some(node) => {
            reader.shape(node, 1, &[], &[]);
            reader.text(node, 0, "one line for people").unwrap_or_default()
        }
        None => String::new(),
    };
    let settings = match reader.child(device, "ratings") {
        Some(node) => ratings::read(reader, node),
        None => {
            reader.missing(device, "ratings", "ratings { apparent-power 700; ... }");
            Settings::default()
        }
    };
    let firmware = read_firmware(reader, device);
    Some(DeviceFile { name: name?, description, settings: settings.checked(), firmware: firmware? })
}

fn read_firmware(reader: &mut Reader, device: &KdlNode) -> Option<Firmware> {
    match (reader.child(device, "usb"), reader.child(device, "megatec")) {
        (Some(node), None) => {
            let usb = usb::read(reader, node);
            let reports = layout::read(reader, device, usb.as_ref().map(|usb| &usb.identity.strings));
            usb.map(|usb| Firmware::Hid(HidFirmware { reports, ..usb }))
        }
        (None, Some(node)) => {
            for report in reader::children(device).filter(|node| node.name().value() == "report") {
                reader.fault(reader::name_span(report), "a report of a device that is not on USB", None);
            }
            Some(Firmware::Megatec(read_nameplate(reader, node)))
        }
        (Some(_), Some(node)) => {
            reader.fault(
                reader::name_span(node),
                "both usb and megatec in one device",
                Some("a device is on one bus".into()),
            );
            None
        }
        (None, None) => {
            reader.missing(device, "usb or megatec", "usb { ... } or megatec { ... }");
            None
        }
    }
}

fn read_nameplate(reader: &mut Reader, node: &KdlNode) -> Nameplate {
    reader.shape(node, 0, &["manufacturer", "model", "firmware", "online"], &[]);
    let mut fixed = |name: &str, width: usize| {
        let entry = node.entry(name);
        let Some(text) = entry.and_then(|entry| reader.entry_text(entry, "a text")) else {
            if entry.is_none() {
                reader.missing(node, name, &format!("{name}=\"...\", at most {width} characters"));
            }
            return String::new();
        };
        if text.len() > width || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let span = entry.map_or(0..0, reader::entry_span);
            let help = Some(format!("the answer to I has {width} columns for it"));
            reader.fault(span, &format!("{name} is more than {width} printable ASCII characters"), help);
        }
        text
    };
    let (manufacturer, model, firmware) =
        (fixed("manufacturer", 15), fixed("model", 10), fixed("firmware", 10));
    let online = node.entry("online").and_then(|entry| reader.entry_flag(entry)).unwrap_or(false);
    Nameplate { manufacturer, model, firmware, online }
}
