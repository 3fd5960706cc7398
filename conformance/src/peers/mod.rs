//! What two drivers make of one UPS: NUT's in C and ours, variable by variable. Pure.

pub mod document;
pub mod reasons;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use reasons::Reason;

/// What a driver says of a UPS: variables by name.
pub type Dump = BTreeMap<String, String>;

/// What a UPS is like while it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// What a table calls it.
    pub name: &'static str,
    /// Whether there are mains.
    pub mains: bool,
    /// Battery charge, percent.
    pub charge: f64,
}

/// In which order a UPS goes through what.
pub const SETTINGS: [Setting; 4] = [
    Setting { name: "on mains", mains: true, charge: 100.0 },
    Setting { name: "in an outage", mains: false, charge: 80.0 },
    Setting { name: "with a low battery", mains: false, charge: 5.0 },
    Setting { name: "on mains again", mains: true, charge: 60.0 },
];

/// What is plugged in, percent of the rating.
pub const LOAD: f64 = 40.0;

/// One UPS as both drivers read it, in each of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// The device's name.
    pub device: String,
    /// What it is.
    pub description: String,
    /// What NUT's driver says.
    pub nut: Vec<Dump>,
    /// What ours says.
    pub ours: Vec<Dump>,
}

/// How two drivers differ in a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// NUT's never has it.
    OnlyOurs,
    /// Ours never has it.
    OnlyNut,
    /// Both have it, and not the same.
    Differs,
}

impl Kind {
    /// What an entry that explains it is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnlyOurs => "only-ours",
            Self::OnlyNut => "only-nut",
            Self::Differs => "differs",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A variable, by setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its name.
    pub variable: &'a str,
    /// What NUT's driver says, where it says anything.
    pub nut: Vec<Option<&'a str>>,
    /// What ours says.
    pub ours: Vec<Option<&'a str>>,
}

impl Row<'_> {
    /// How the two differ; `None` when they don't.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let silent = |values: &[Option<&str>]| values.iter().all(Option::is_none);
        if self.nut == self.ours {
            None
        } else if silent(&self.nut) {
            Some(Kind::OnlyOurs)
        } else if silent(&self.ours) {
            Some(Kind::OnlyNut)
        } else {
            Some(Kind::Differs)
        }
    }
}

/// The variables of a dump (`driver -d`): lines such as `ups.status: OL`; other lines are the driver's chatter. What it
/// says of itself (`driver.*`) is not of the UPS, and left out.
#[must_use]
pub fn dump(text: &str) -> Dump {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    let of_a_ups = |name: &str| {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        name.contains('.') && name.chars().all(word) && !name.starts_with("driver.")
    };
    pairs.filter(|(name, _)| of_a_ups(name)).map(|(name, value)| (name.into(), value.trim().into())).collect()
}

/// A UPS's variables, in order.
#[must_use]
pub fn rows(readings: &Readings) -> Vec<Row<'_>> {
    fn values<'a>(dumps: &'a [Dump], name: &str) -> Vec<Option<&'a str>> {
        dumps.iter().map(|dump| dump.get(name).map(String::as_str)).collect()
    }
    let names: BTreeSet<&str> =
        readings.nut.iter().chain(&readings.ours).flat_map(Dump::keys).map(String::as_str).collect();
    let row = |variable| Row {
        variable,
        nut: values(&readings.nut, variable),
        ours: values(&readings.ours, variable),
    };
    names.into_iter().map(row).collect()
}

/// What is wrong between readings and reasons, a line each: differences without a reason, reasons without a difference.
/// With only some of the devices at hand, a reason may be for another one.
#[must_use]
pub fn faults(all: &[Readings], reasons: &[Reason], whole: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut used = vec![BTreeSet::new(); reasons.len()];
    for readings in all {
        for row in rows(readings) {
            let Some(kind) = row.kind() else { continue };
            let device = readings.device.as_str();
            match reasons.iter().position(|reason| reason.explains(kind, device, row.variable)) {
                Some(at) => {
                    used[at].extend([device.to_owned(), row.variable.to_owned()]);
                }
                None => faults.push(format!(
                    "{device}: {kind} \"{}\" has no reason: NUT's says {}, ours {}",
                    row.variable,
                    document::values(&row.nut),
                    document::values(&row.ours)
                )),
            }
        }
    }
    for (reason, used) in reasons.iter().zip(&used).filter(|_| whole) {
        let named = reason.variables.iter().chain(&reason.devices);
        for name in named.filter(|name| !used.contains(*name)) {
            faults.push(format!("line {}: {} explains nothing of {name}", reason.line, reason.kind));
        }
    }
    faults
}

#[cfg(test)]
mod tests;
