//! Why two drivers differ: one reviewed file.
//!
//! ```kdl
//! differs "battery.voltage" {
//!     device "cyberpower-ec850lcd"
//!     whose "device"
//!     reason "it is .. because .."
//!     source "nut#1512"
//! }
//! ```
//!
//! An entry is for a kind of difference (`differs`, `only-nut`, `only-ours`) in the variables that it names, of the devices
//! that it names, or of any. `whose` doing it is: `nut`, `ours`, `device` or `nobody`.

use kdl::{KdlDocument, KdlNode};

use super::Kind;
use crate::conform::expectations::{line, text};

const FILE: &str = include_str!("../../expectations/peers.kdl");
const WORDS: [&str; 4] = ["device", "whose", "reason", "source"];
const WHOSE: [&str; 4] = ["nut", "ours", "device", "nobody"];

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Where it stands in its file.
    pub line: usize,
    /// Of which kind the differences are.
    pub kind: Kind,
    /// In which variables.
    pub variables: Vec<String>,
    /// Of which devices; of any, if there is none.
    pub devices: Vec<String>,
    /// Whose doing it is.
    pub whose: String,
    /// Why they differ.
    pub reason: String,
    /// Who says so: a clause of a specification, a man page, an issue, a capture, `as seen`.
    pub source: String,
}

impl Reason {
    /// Whether a difference is one of those that it explains.
    #[must_use]
    pub fn explains(&self, kind: Kind, device: &str, variable: &str) -> bool {
        self.kind == kind
            && self.variables.iter().any(|name| name == variable)
            && (self.devices.is_empty() || self.devices.iter().any(|name| name == device))
    }
}

/// The reasons.
///
/// # Errors
/// Every fault of the file, a line each.
pub fn all() -> Result<Vec<Reason>, String> {
    let devices: Vec<_> = outage_simulator::devices().iter().map(|device| device.name).collect();
    let (reasons, faults) = parse(FILE, &devices);
    if faults.is_empty() {
        return Ok(reasons);
    }
    let lines: Vec<_> = faults.iter().map(|fault| format!("expectations/peers.kdl:{fault}")).collect();
    Err(lines.join("\n"))
}

/// Reads a file: the entries that make sense, and the faults of all others, each with its line.
#[must_use]
pub fn parse(source: &str, devices: &[&str]) -> (Vec<Reason>, Vec<String>) {
    let document: KdlDocument = match source.parse() {
        Ok(document) => document,
        Err(error) => return (Vec::new(), vec![crate::conform::expectations::not_kdl(source, &error)]),
    };
    let mut reasons: Vec<Reason> = Vec::new();
    let mut faults = Vec::new();
    for node in document.nodes() {
        let at = line(source, node.span().offset());
        match entry(node, at, devices) {
            Ok(entry) => reasons.push(entry),
            Err(error) => faults.push(format!("{at}: {error}")),
        }
    }
    (reasons, faults)
}

fn entry(node: &KdlNode, line: usize, devices: &[&str]) -> Result<Reason, String> {
    let name = node.name().value();
    let kind = [Kind::OnlyOurs, Kind::OnlyNut, Kind::Differs].into_iter().find(|kind| kind.word() == name);
    let kind = kind.ok_or_else(|| format!("`{name}`: differs, only-nut or only-ours"))?;
    let variables = words(node)?;
    let Some(first) = variables.first() else { return Err(format!("{kind} what? There is no variable")) };
    let children = node.children().map(KdlDocument::nodes).unwrap_or_default();
    if let Some(other) = children.iter().find(|child| !WORDS.contains(&child.name().value())) {
        return Err(format!("{first}: `{}`: device, whose, reason or source", other.name().value()));
    }
    let named = children.iter().filter(|child| child.name().value() == "device").map(words);
    let named: Vec<String> = named.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    if let Some(unknown) = named.iter().find(|name| !devices.contains(&name.as_str())) {
        return Err(format!("{first}: there is no device {unknown}"));
    }
    let whose = text(children, "whose", first)?;
    if !WHOSE.contains(&whose.as_str()) {
        return Err(format!("{first}: whose doing is `{whose}`? nut, ours, device or nobody"));
    }
    Ok(Reason {
        line,
        kind,
        whose,
        reason: text(children, "reason", first)?,
        source: text(children, "source", first)?,
        variables,
        devices: named,
    })
}

/// A node's arguments.
fn words(node: &KdlNode) -> Result<Vec<String>, String> {
    let word = |entry: &kdl::KdlEntry| match (entry.name(), entry.value().as_string()) {
        (None, Some(word)) => Ok(word.to_owned()),
        _ => Err(format!("{}: {entry}: only words", node.name().value())),
    };
    node.entries().iter().map(word).collect()
}
