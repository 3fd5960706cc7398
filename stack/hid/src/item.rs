//! What a report is made of.

use std::fmt;

use crate::path::Path;

/// Which of the three kinds of report, with the numbers that GET_REPORT and SET_REPORT use (HID 1.11, 7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// From the device, also unasked through the interrupt endpoint.
    Input = 1,
    /// To the device.
    Output = 2,
    /// Both ways, asked for by control transfers.
    Feature = 3,
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "Input",
            Self::Output => "Output",
            Self::Feature => "Feature",
        })
    }
}

/// The data bits of an Input, Output or Feature item (HID 1.11, 6.2.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Attributes(pub u32);

impl Attributes {
    /// The host may not write it.
    #[must_use]
    pub const fn is_constant(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// One value a usage; an array otherwise.
    #[must_use]
    pub const fn is_variable(self) -> bool {
        self.0 & 0x02 != 0
    }

    /// The device may change it by itself.
    #[must_use]
    pub const fn is_volatile(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// One value in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where it lies in the device.
    pub path: Path,
    /// Kind of report.
    pub kind: ReportKind,
    /// Report id; 0 when the descriptor has none.
    pub report_id: u8,
    /// First bit, counted from the first byte after the id, for this kind and id alone.
    pub offset: u32,
    /// Length in bits.
    pub size: u32,
    /// Data, constant, volatile, ...
    pub attributes: Attributes,
    /// Logical Minimum.
    pub logical_min: i64,
    /// Logical Maximum, taken as unsigned where it would be less than the minimum otherwise.
    pub logical_max: i64,
    /// Physical Minimum; with [`Item::physical_max`] 0 and 0 when not declared.
    pub physical_min: i64,
    /// Physical Maximum.
    pub physical_max: i64,
    /// Unit, in nibbles (HID 1.11, 6.2.2.7).
    pub unit: u32,
    /// Unit Exponent, -8 to 7.
    pub exponent: i8,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Path: {}, Type: {}, ReportID: 0x{:02x}, Offset: {}, Size: {}",
            self.path, self.kind, self.report_id, self.offset, self.size
        )
    }
}
