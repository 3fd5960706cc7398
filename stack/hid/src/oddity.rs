//! What can be wrong with a report descriptor and is lived with.

use std::fmt;

use crate::item::ReportKind;

/// Something odd in a report descriptor. `at` is the byte offset of the item that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// The last item's data are cut off.
    Truncated {
        /// Byte offset.
        at: usize,
    },
    /// A long item (HID 1.11, 6.2.2.3), skipped.
    LongItem {
        /// Byte offset.
        at: usize,
    },
    /// An item of a reserved type or tag, skipped.
    Reserved {
        /// Byte offset.
        at: usize,
        /// Its first byte.
        prefix: u8,
    },
    /// End Collection without a collection.
    StrayEndCollection {
        /// Byte offset.
        at: usize,
    },
    /// The descriptor ends with collections open.
    OpenCollections {
        /// How many.
        count: usize,
    },
    /// Collections nest too deeply; items in there are counted but not named.
    TooDeep {
        /// Byte offset.
        at: usize,
    },
    /// Pop without Push.
    StrayPop {
        /// Byte offset.
        at: usize,
    },
    /// More Push than can be meant; not followed.
    PushTooDeep {
        /// Byte offset.
        at: usize,
    },
    /// Report id 0, which is reserved.
    ReportIdZero {
        /// Byte offset.
        at: usize,
    },
    /// Items come before the first report id, but others have one.
    SomeWithoutReportId,
    /// The Logical Maximum is less than the Minimum as a signed number; taken as unsigned (`25 ff` meaning 255).
    UnsignedMaximum {
        /// Byte offset of the Logical Maximum.
        at: usize,
        /// What it is taken for.
        taken_as: i64,
    },
    /// The Logical Maximum is less than the Minimum, whichever way it is read.
    EmptyRange {
        /// Byte offset of the Logical Maximum.
        at: usize,
    },
    /// The Logical Maximum needs more bits than the item has.
    MaximumTooWide {
        /// Byte offset of the main item.
        at: usize,
        /// Report.
        report_id: u8,
    },
    /// One usage fills several fields: a buffer, or a Report Count that was left over.
    RepeatedUsage {
        /// Byte offset of the main item.
        at: usize,
        /// Report.
        report_id: u8,
        /// Fields.
        count: u32,
    },
    /// Items of no bits, or of more than a value can hold (64).
    UnusableSize {
        /// Byte offset of the main item.
        at: usize,
        /// Bits.
        size: u32,
    },
    /// A report longer than any transfer; probably a Report Count that was left over.
    LongReport {
        /// Kind of report.
        kind: ReportKind,
        /// Report.
        report_id: u8,
        /// Bytes without the id.
        bytes: u32,
    },
    /// More items than are kept.
    TooManyItems {
        /// Byte offset of the first main item that was cut.
        at: usize,
    },
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { at } => write!(f, "byte {at}: the last item is cut off"),
            Self::LongItem { at } => write!(f, "byte {at}: long item skipped"),
            Self::Reserved { at, prefix } => write!(f, "byte {at}: reserved item 0x{prefix:02x} skipped"),
            Self::StrayEndCollection { at } => write!(f, "byte {at}: end of a collection that was not begun"),
            Self::OpenCollections { count } => write!(f, "{count} collections are not ended"),
            Self::TooDeep { at } => write!(f, "byte {at}: collections nest too deeply"),
            Self::StrayPop { at } => write!(f, "byte {at}: pop without push"),
            Self::PushTooDeep { at } => write!(f, "byte {at}: too many pushes"),
            Self::ReportIdZero { at } => write!(f, "byte {at}: report id 0"),
            Self::SomeWithoutReportId => f.write_str("items before the first report id"),
            Self::UnsignedMaximum { at, taken_as } => {
                write!(f, "byte {at}: logical maximum below minimum, taken as {taken_as}")
            }
            Self::EmptyRange { at } => write!(f, "byte {at}: logical maximum below minimum"),
            Self::MaximumTooWide { at, report_id } => {
                write!(f, "byte {at}: logical maximum does not fit the size in report 0x{report_id:02x}")
            }
            Self::RepeatedUsage { at, report_id, count } => {
                write!(f, "byte {at}: one usage for {count} fields in report 0x{report_id:02x}")
            }
            Self::UnusableSize { at, size } => write!(f, "byte {at}: items of {size} bits"),
            Self::LongReport { kind, report_id, bytes } => {
                write!(f, "{kind} report 0x{report_id:02x} is {bytes} bytes long")
            }
            Self::TooManyItems { at } => write!(f, "byte {at}: too many items, the rest is left out"),
        }
    }
}
