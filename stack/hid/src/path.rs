//! Usages and the paths they form.

use std::fmt;
use std::str::FromStr;

use crate::tables::{BATTERY_SYSTEM, MGE, POWER_DEVICE};

/// A usage with its page: `page << 16 | id`. Collections of a type of 0x80 and above add a second node to a path,
/// `0x00ff00NN`, which is written `[n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usage(pub u32);

impl Usage {
    /// The node that stands for the `n` of an indexed collection (type `0x80 + n`).
    #[must_use]
    pub const fn index(n: u8) -> Self {
        Self(0x00ff_0000 | (n & 0x7f) as u32)
    }

    /// `n` of a node `[n]`.
    #[must_use]
    pub const fn as_index(self) -> Option<u8> {
        if self.0 & 0xffff_ff80 == 0x00ff_0000 { Some((self.0 & 0x7f) as u8) } else { None }
    }

    /// The usage page.
    #[must_use]
    pub const fn page(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Its name, when one is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let table = match self.page() {
            0x0084 => POWER_DEVICE,
            0x0085 => BATTERY_SYSTEM,
            0xffff => MGE,
            _ => return None,
        };
        let id = (self.0 & 0xffff) as u16;
        table.binary_search_by_key(&id, |row| row.0).ok().map(|at| table[at].1)
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.as_index(), self.name()) {
            (Some(n), _) => write!(f, "[{n}]"),
            (None, Some(name)) => f.write_str(name),
            (None, None) => write!(f, "{:08x}", self.0),
        }
    }
}

impl FromStr for Usage {
    type Err = PathError;

    /// A name, `[n]`, or eight hexadecimal digits. Names on two pages (`VoltageOutOfRange`, `Undefined`) mean the first
    /// page that has them.
    fn from_str(text: &str) -> Result<Self, PathError> {
        let unknown = || PathError(text.to_owned());
        if let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            return match inner.parse::<u8>() {
                Ok(n) if n < 0x80 => Ok(Self::index(n)),
                _ => Err(unknown()),
            };
        }
        for (page, table) in [(0x0084_u32, POWER_DEVICE), (0x0085, BATTERY_SYSTEM), (0xffff, MGE)] {
            if let Some((id, _)) = table.iter().find(|row| row.1 == text) {
                return Ok(Self(page << 16 | u32::from(*id)));
            }
        }
        if text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return u32::from_str_radix(text, 16).map(Self).map_err(|_| unknown());
        }
        Err(unknown())
    }
}

/// A path has a part that names no usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathError(pub String);

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown usage {:?}", self.0)
    }
}

impl std::error::Error for PathError {}

/// The collections an item lies in, and its own usage. Two paths are the same only when every node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Usage>);

impl Path {
    /// Whether it lies in (or is) `other`.
    #[must_use]
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The item's own usage.
    #[must_use]
    pub fn last(&self) -> Option<Usage> {
        self.0.last().copied()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, usage) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            usage.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        text.split('.').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("UPS.PowerSummary.PresentStatus.ACPresent", &[0x0084_0004, 0x0084_0024, 0x0084_0002, 0x0085_00d0])]
    #[case("UPS.Flow.[4].ConfigVoltage", &[0x0084_0004, 0x0084_001e, 0x00ff_0004, 0x0084_0040])]
    #[case("UPS.PowerSummary.iModel", &[0x0084_0004, 0x0084_0024, 0xffff_00f0])]
    #[case("UPS.OutletSystem.Outlet.[2].PresentStatus.SwitchOn/Off",
        &[0x0084_0004, 0x0084_0018, 0x0084_0020, 0x00ff_0002, 0x0084_0002, 0x0084_006b])]
    #[case("UPS.ff860005.ff86007c", &[0x0084_0004, 0xff86_0005, 0xff86_007c])]
    fn paths_both_ways(#[case] text: &str, #[case] nodes: &[u32]) {
        let path: Path = text.parse().expect("a path");
        assert_eq!(path.0, nodes.iter().copied().map(Usage).collect::<Vec<_>>());
        assert_eq!(path.to_string(), text);
    }

    #[rstest]
    #[case("UPS..Voltage", "")]
    #[case("UPS.Voltag", "Voltag")]
    #[case("UPS.[128]", "[128]")]
    #[case("UPS.[x]", "[x]")]
    #[case("UPS.ff86007", "ff86007")]
    fn bad_paths_name_the_part(#[case] text: &str, #[case] part: &str) {
        assert_eq!(text.parse::<Path>(), Err(PathError(part.to_owned())));
    }

    #[test]
    fn tables_are_sorted_for_the_search() {
        for table in [POWER_DEVICE, BATTERY_SYSTEM, MGE] {
            assert!(table.is_sorted_by(|a, b| a.0 < b.0));
        }
    }

    #[test]
    fn names_survive_the_way_there_and_back() {
        for (page, table) in [(0x84_u32, POWER_DEVICE), (0x85, BATTERY_SYSTEM), (0xffff, MGE)] {
            for (id, name) in table {
                let usage = Usage(page << 16 | u32::from(*id));
                assert_eq!(usage.to_string(), *name);
                if !matches!(*name, "Undefined" | "VoltageOutOfRange") {
                    assert_eq!(name.parse(), Ok(usage));
                }
            }
        }
    }
}
