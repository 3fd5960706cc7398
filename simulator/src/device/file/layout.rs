//! `report ID "feature" "input" { ... }`: reports as they lie in the firmware's memory.

use std::collections::BTreeMap;

use kdl::{KdlNode, KdlValue};

use super::reader::{Reader, arguments, children, entry_span, name_span};
use crate::device::quantity::{NAMES, Quantity};
use crate::device::report::{Count, Field, Report, Source};

/// Width and sign by the name of a field's node.
const INTEGERS: &[(&str, u8, bool)] = &[
    ("u8", 8, false),
    ("i8", 8, true),
    ("u16", 16, false),
    ("i16", 16, true),
    ("u24", 24, false),
    ("i24", 24, true),
    ("u32", 32, false),
    ("i32", 32, true),
    ("u64", 64, false),
    ("bit", 1, false),
];

const FIELDS: &[&str] =
    &["u8", "i8", "u16", "i16", "u24", "i24", "u32", "i32", "u64", "bit", "bits", "pad", "registers"];

/// The longest report, bytes: what a SET_REPORT can carry.
const LONGEST: i128 = 0xffff;

pub(super) fn read(
    reader: &mut Reader,
    device: &KdlNode,
    strings: Option<&BTreeMap<u8, String>>,
) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    for node in children(device).filter(|node| node.name().value() == "report") {
        let Some(report) = read_report(reader, node, strings) else { continue };
        let taken = |other: &Report| {
            other.id == report.id && ((other.feature && report.feature) || (other.input && report.input))
        };
        if reports.iter().any(taken) {
            let message = format!("report {:#04x} is given twice", report.id);
            reader.fault(name_span(node), &message, None);
        }
        reports.push(report);
    }
    reports.sort_by_key(|report| report.id);
    reports
}

fn read_report(
    reader: &mut Reader,
    node: &KdlNode,
    strings: Option<&BTreeMap<u8, String>>,
) -> Option<Report> {
    reader.shape(node, 3, &[], FIELDS);
    let mut entries = arguments(node);
    let id = match entries.next() {
        Some(entry) => reader.entry_integer(entry, 0..256).map(|id| id as u8),
        None => {
            reader.missing(node, "an id", "report 0x06 \"feature\" \"input\" { ... }");
            None
        }
    };
    let (mut feature, mut input) = (false, false);
    for entry in entries {
        match entry.value().as_string() {
            Some("feature") => feature = true,
            Some("input") => input = true,
            _ => {
                reader.fault(
                    entry_span(entry),
                    "not a type of report",
                    Some("\"feature\", \"input\"".into()),
                );
            }
        }
    }
    if !feature && !input {
        reader.missing(node, "a type", "report 0x06 \"feature\" \"input\" { ... }");
    }
    let mut fields = Vec::new();
    for child in children(node) {
        read_field(reader, child, strings, &mut fields);
    }
    let bits: usize = fields.iter().map(|field| usize::from(field.bits)).sum();
    if !bits.is_multiple_of(8) {
        let help = Some(format!("pad {}", 8 - bits % 8));
        reader.fault(name_span(node), &format!("{bits} bits are no whole number of bytes"), help);
    } else if bits == 0 {
        reader.missing(node, "a field", "report 0x06 \"feature\" { u8 \"charge\" }");
    }
    Some(Report { id: id?, feature, input, fields })
}

fn read_field(
    reader: &mut Reader,
    node: &KdlNode,
    strings: Option<&BTreeMap<u8, String>>,
    fields: &mut Vec<Field>,
) {
    let name = node.name().value();
    let plain = |bits, signed, source| Field {
        bits,
        signed,
        source,
        scale: 1.0,
        offset: 0.0,
        writable: false,
        count: Count::default(),
    };
    match name {
        "pad" => {
            reader.shape(node, 1, &[], &[]);
            let width = count(reader, node, 0, 1..64 + 1, "pad 3").unwrap_or(8);
            fields.push(plain(width as u8, false, Source::Constant(0)));
        }
        "registers" => {
            reader.shape(node, 1, &["writable"], &[]);
            let bytes = count(reader, node, 0, 1..LONGEST, "registers 10").unwrap_or(1);
            let writable = writable(reader, node);
            let register = Field { writable, ..plain(8, false, Source::Constant(0)) };
            fields.extend((0..bytes).map(|_| register.clone()));
        }
        "bits" => {
            let width = count(reader, node, 0, 1..64 + 1, "bits 4 \"load\"").unwrap_or(8);
            fields.push(bound_field(reader, node, 1, width as u8, false, strings));
        }
        _ => {
            // Others are faults already.
            if let Some((_, width, signed)) = INTEGERS.iter().find(|(known, ..)| *known == name) {
                fields.push(bound_field(reader, node, 0, *width, *signed, strings));
            }
        }
    }
}

fn count(
    reader: &mut Reader,
    node: &KdlNode,
    place: usize,
    range: std::ops::Range<i128>,
    help: &str,
) -> Option<i128> {
    match arguments(node).nth(place) {
        Some(entry) => reader.entry_integer(entry, range),
        None => {
            reader.missing(node, "a number", help);
            None
        }
    }
}

fn writable(reader: &mut Reader, node: &KdlNode) -> bool {
    node.entry("writable").and_then(|entry| reader.entry_flag(entry)).unwrap_or(false)
}

fn bound_field(
    reader: &mut Reader,
    node: &KdlNode,
    place: usize,
    bits: u8,
    signed: bool,
    strings: Option<&BTreeMap<u8, String>>,
) -> Field {
    reader.shape(node, place + 1, &["scale", "offset", "writable", "string", "step", "idle", "fixed"], &[]);
    let mut field = Field {
        bits,
        signed,
        source: Source::Constant(0),
        scale: factor(reader, node),
        offset: node.entry("offset").and_then(|entry| reader.entry_number(entry, -1e12..1e12)).unwrap_or(0.0),
        writable: writable(reader, node),
        count: Count::default(),
    };
    let value = arguments(node).nth(place);
    match (value.map(|entry| (entry, entry.value())), node.entry("string")) {
        (None, Some(entry)) => {
            if let Some(index) = reader.entry_integer(entry, 0..256) {
                field.source = Source::Constant(index as i64);
                if index != 0 && strings.is_some_and(|strings| !strings.contains_key(&(index as u8))) {
                    reader.fault(entry_span(entry), &format!("there is no string {index}"), None);
                }
            }
        }
        (Some((entry, KdlValue::String(name))), None) => match Quantity::by_name(name) {
            Some(quantity) => {
                field.source = Source::Plant(quantity);
                if quantity.is_timer() {
                    field.count = count_of_a_timer(reader, node, &field);
                }
                if field.writable && !quantity.settable() {
                    reader.fault(entry_span(entry), &format!("{name} can't be set"), settable());
                }
            }
            None => {
                reader.fault(entry_span(entry), &format!("a UPS has no {name:?}"), nearest(name));
            }
        },
        (Some((entry, KdlValue::Integer(value))), None) => {
            let raw = i64::try_from(*value).ok().filter(|raw| field.holds(*raw));
            match raw {
                Some(raw) => field.source = Source::Constant(raw),
                None => {
                    reader.fault(entry_span(entry), &format!("{value} doesn't fit {bits} bits"), None);
                }
            }
        }
        _ => reader.fault(
            name_span(node),
            "a field is a quantity, a whole number or string=INDEX",
            Some(format!("{0} \"charge\", {0} 4, or {0} string=4", node.name().value())),
        ),
    }
    for name in ["step", "idle", "fixed"] {
        if let Some(entry) = node.entry(name)
            && !matches!(field.source, Source::Plant(quantity) if quantity.is_timer())
        {
            reader.fault(entry_span(entry), "only a timer is counted", None);
        }
    }
    field
}

fn count_of_a_timer(reader: &mut Reader, node: &KdlNode, field: &Field) -> Count {
    let seconds = 1.0..86400.0;
    let mut count = Count::default();
    if let Some(entry) = node.entry("step") {
        count.step = reader.entry_number(entry, seconds.clone()).unwrap_or(1.0);
    }
    if let Some(entry) = node.entry("idle") {
        let idle = reader.entry_integer(entry, -0x8000_0000..0x1_0000_0000).map(|idle| idle as i64);
        match idle.filter(|idle| field.holds(*idle)) {
            Some(idle) => count.idle = idle,
            None => reader.fault(entry_span(entry), &format!("doesn't fit {} bits", field.bits), None),
        }
    }
    count.fixed = node.entry("fixed").and_then(|entry| reader.entry_number(entry, seconds));
    count
}

fn factor(reader: &mut Reader, node: &KdlNode) -> f64 {
    let Some(entry) = node.entry("scale") else { return 1.0 };
    match reader.entry_number(entry, -1e12..1e12) {
        Some(scale) if scale.abs() >= 1e-12 => scale,
        Some(_) => {
            reader.fault(entry_span(entry), "a scale of nothing", None);
            1.0
        }
        None => 1.0,
    }
}

fn settable() -> Option<String> {
    let names: Vec<&str> =
        NAMES.iter().filter(|(_, quantity)| quantity.settable()).map(|(name, _)| *name).collect();
    Some(format!("one of: {}", names.join(", ")))
}

/// The names with a word in common, or all of them.
fn nearest(name: &str) -> Option<String> {
    let known = NAMES.iter().map(|(known, _)| *known);
    let akin: Vec<&str> = known
        .clone()
        .filter(|known| name.split('-').any(|word| known.split('-').any(|k| k == word)))
        .collect();
    let names = if akin.is_empty() { known.collect() } else { akin };
    Some(format!("one of: {}", names.join(", ")))
}
