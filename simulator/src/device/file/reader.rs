//! Reading KDL nodes with an eye for what doesn't belong.

use std::ops::Range;

use kdl::{KdlEntry, KdlNode, KdlValue};

use super::Fault;

/// Collects faults while values are taken out of nodes.
#[derive(Default)]
pub(super) struct Reader {
    faults: Vec<Fault>,
}

pub(super) fn entry_span(entry: &KdlEntry) -> Range<usize> {
    let span = entry.span();
    span.offset()..span.offset() + span.len()
}

/// Where a letter first stands in a text of many lines; the whole of it when that can't be told.
fn letter_span(entry: &KdlEntry, letter: char) -> Range<usize> {
    let whole = entry_span(entry);
    let found = entry.format().and_then(|format| format.value_repr.find(letter));
    match found.map(|at| whole.start + at) {
        Some(start) if start + letter.len_utf8() <= whole.end => start..start + letter.len_utf8(),
        _ => whole,
    }
}

/// Where a node's name stands.
pub(super) fn name_span(node: &KdlNode) -> Range<usize> {
    let span = node.name().span();
    span.offset()..span.offset() + span.len()
}

pub(super) fn children(node: &KdlNode) -> impl Iterator<Item = &KdlNode> + Clone {
    node.children().into_iter().flat_map(|document| document.nodes())
}

/// The arguments of a node, without its properties.
pub(super) fn arguments(node: &KdlNode) -> impl Iterator<Item = &KdlEntry> + Clone {
    node.entries().iter().filter(|entry| entry.name().is_none())
}

fn list(names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| format!("one of: {}", names.join(", ")))
}

impl Reader {
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    pub(super) fn fault(&mut self, span: Range<usize>, message: &str, help: Option<String>) {
        self.faults.push(Fault { message: message.to_owned(), span, help });
    }

    pub(super) fn missing(&mut self, node: &KdlNode, what: &str, help: &str) {
        let message = format!("{} without {what}", node.name().value());
        self.fault(name_span(node), &message, Some(help.to_owned()));
    }

    /// Faults everything a node may not have.
    pub(super) fn shape(&mut self, node: &KdlNode, most: usize, properties: &[&str], nodes: &[&str]) {
        let name = node.name().value();
        for entry in arguments(node).skip(most) {
            self.fault(entry_span(entry), &format!("{name} takes no such value"), None);
        }
        let mut seen = Vec::new();
        for entry in node.entries() {
            let Some(property) = entry.name().map(|name| name.value()) else { continue };
            if !properties.contains(&property) {
                self.fault(
                    entry_span(entry),
                    &format!("{name} has no property {property:?}"),
                    list(properties),
                );
            } else if seen.contains(&property) {
                self.fault(entry_span(entry), &format!("{property} is given twice"), None);
            }
            seen.push(property);
        }
        for child in children(node) {
            let child_name = child.name().value();
            if !nodes.contains(&child_name) {
                self.fault(name_span(child), &format!("unknown {child_name:?} in {name}"), list(nodes));
            }
        }
    }

    /// The one child of that name; a second one is a fault.
    pub(super) fn child<'a>(&mut self, node: &'a KdlNode, name: &str) -> Option<&'a KdlNode> {
        let mut found = children(node).filter(|child| child.name().value() == name);
        let first = found.next();
        for second in found {
            self.fault(name_span(second), &format!("{name} is given twice"), None);
        }
        first
    }

    pub(super) fn entry_text(&mut self, entry: &KdlEntry, what: &str) -> Option<String> {
        match entry.value() {
            KdlValue::String(text) => Some(text.clone()),
            _ => {
                self.fault(entry_span(entry), &format!("not {what}"), Some("a text in quotes".into()));
                None
            }
        }
    }

    pub(super) fn entry_flag(&mut self, entry: &KdlEntry) -> Option<bool> {
        let flag = entry.value().as_bool();
        if flag.is_none() {
            self.fault(entry_span(entry), "neither true nor false", Some("#true or #false".into()));
        }
        flag
    }

    pub(super) fn entry_number(&mut self, entry: &KdlEntry, range: Range<f64>) -> Option<f64> {
        let value = match entry.value() {
            KdlValue::Integer(value) => *value as f64,
            KdlValue::Float(value) => *value,
            _ => {
                self.fault(entry_span(entry), "not a number", None);
                return None;
            }
        };
        if (range.start..=range.end).contains(&value) {
            return Some(value);
        }
        let help = Some(format!("{} to {}", range.start, range.end));
        self.fault(entry_span(entry), &format!("{value} is out of range"), help);
        None
    }

    pub(super) fn entry_integer(&mut self, entry: &KdlEntry, range: Range<i128>) -> Option<i128> {
        let Some(value) = entry.value().as_integer() else {
            self.fault(entry_span(entry), "not a whole number", None);
            return None;
        };
        if range.contains(&value) {
            return Some(value);
        }
        let help = Some(format!("{} to {} ({:#x})", range.start, range.end - 1, range.end - 1));
        self.fault(entry_span(entry), &format!("{value} is out of range"), help);
        None
    }

    /// The text argument at a place; it must be there.
    pub(super) fn text(&mut self, node: &KdlNode, place: usize, what: &str) -> Option<String> {
        match arguments(node).nth(place) {
            Some(entry) => self.entry_text(entry, what),
            None => {
                self.missing(node, what, &format!("{} \"...\"", node.name().value()));
                None
            }
        }
    }

    /// A whole-number property with a default.
    pub(super) fn integer_or(
        &mut self,
        node: &KdlNode,
        name: &str,
        range: Range<i128>,
        otherwise: i128,
    ) -> i128 {
        node.entry(name).and_then(|entry| self.entry_integer(entry, range)).unwrap_or(otherwise)
    }

    /// A whole-number property that must be there.
    pub(super) fn integer(&mut self, node: &KdlNode, name: &str, range: Range<i128>) -> Option<i128> {
        match node.entry(name) {
            Some(entry) => self.entry_integer(entry, range),
            None => {
                self.missing(node, name, &format!("{} {name}=...", node.name().value()));
                None
            }
        }
    }

    /// Bytes as hex digits in quotes, white space between them as one likes.
    pub(super) fn entry_bytes(&mut self, entry: &KdlEntry) -> Option<Vec<u8>> {
        let text = self.entry_text(entry, "bytes")?;
        let digits: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        if let Some(stranger) = digits.iter().find(|letter| !letter.is_ascii_hexdigit()) {
            let help = Some("two hex digits a byte: \"05 84 09 04\"".into());
            self.fault(letter_span(entry, *stranger), &format!("{stranger:?} is no hex digit"), help);
            return None;
        }
        if !digits.len().is_multiple_of(2) {
            self.fault(entry_span(entry), "half a byte too many", Some("two hex digits a byte".into()));
            return None;
        }
        let value = |letter: char| letter.to_digit(16).unwrap_or_default() as u8;
        Some(digits.chunks(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect())
    }

    /// Bytes of a node: its arguments, and those of its `bytes` children, one after the other.
    pub(super) fn bytes(&mut self, node: &KdlNode) -> Vec<u8> {
        let mut all = Vec::new();
        let inner = children(node).filter(|child| child.name().value() == "bytes");
        for child in inner.clone() {
            self.shape(child, usize::MAX, &[], &[]);
        }
        for entry in arguments(node).chain(inner.flat_map(arguments)) {
            all.extend(self.entry_bytes(entry).unwrap_or_default());
        }
        all
    }
}
