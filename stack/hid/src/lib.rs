#![forbid(unsafe_code)]
//! USB HID report descriptors and report values, leniently.
//!
//! [`parse`] turns any bytes into a [`Descriptor`] and a list of what is odd about them; it never fails and never
//! panics, since every UPS has a descriptor that is wrong somewhere. An [`Item`] turns a report's bytes into a value
//! and back.
//!
//! Sources: Device Class Definition for HID 1.11 (section 6.2.2: report descriptor), Universal Serial Bus Usage Tables
//! for HID Power Devices 1.0 (pages 0x84 and 0x85), and what NUT's users met.

mod descriptor;
mod item;
mod oddity;
mod parser;
mod path;
mod tables;
mod value;

pub use descriptor::Descriptor;
pub use item::{Attributes, Item, ReportKind};
pub use oddity::Oddity;
pub use parser::{MAX_ITEMS, parse};
pub use path::{Path, PathError, Usage};
pub use value::{EncodeError, Reading};
