//! Report descriptor bytes to items.

use std::collections::BTreeSet;

use crate::descriptor::Descriptor;
use crate::item::{Attributes, Item, ReportKind};
use crate::oddity::Oddity;
use crate::path::{Path, Usage};

/// Most items that are kept of one descriptor. Real ones have up to about 700.
pub const MAX_ITEMS: usize = 4096;
/// Deepest nesting whose items are named. Real ones have up to 6.
const MAX_DEPTH: usize = 32;
/// Most open Push.
const MAX_PUSH: usize = 32;
/// Most oddities that are told; a descriptor of garbage has one a byte.
const MAX_ODDITIES: usize = 200;
/// Longest report that is not odd, in bytes: a whole low-speed or full-speed packet holds 64 with the id.
const LONG_REPORT: u32 = 64;

/// A Logical or Physical Minimum or Maximum: which number it is depends on the sign of the other.
#[derive(Clone, Copy, Default)]
struct Extent {
    bits: u32,
    bytes: usize,
    at: usize,
}

impl Extent {
    fn signed(self) -> i64 {
        match self.bytes {
            1 => i64::from(self.bits as u8 as i8),
            2 => i64::from(self.bits as u16 as i16),
            _ => i64::from(self.bits as i32),
        }
    }

    fn unsigned(self) -> i64 {
        i64::from(self.bits)
    }
}

/// Global items: they last until they are changed.
#[derive(Clone, Copy, Default)]
struct Globals {
    page: u16,
    logical_min: Extent,
    logical_max: Extent,
    physical_min: Extent,
    physical_max: Extent,
    exponent: i8,
    unit: u32,
    size: u32,
    count: u32,
    id: u8,
}

/// Local items: they last until the next main item.
#[derive(Default)]
struct Locals {
    ranges: Vec<(u32, u32)>,
    minimum: Option<u32>,
    in_alternatives: bool,
    alternative_taken: bool,
}

impl Locals {
    fn push(&mut self, low: u32, high: u32) {
        if self.in_alternatives && std::mem::replace(&mut self.alternative_taken, true) {
            return;
        }
        self.ranges.push((low, high));
    }

    fn single(&self) -> bool {
        matches!(self.ranges[..], [(low, high)] if low == high)
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    globals: Globals,
    stack: Vec<Globals>,
    locals: Locals,
    path: Vec<Usage>,
    /// Nodes that each open collection added to `path`.
    open: Vec<usize>,
    lost: usize,
    anonymous: bool,
    told: BTreeSet<usize>,
    descriptor: Descriptor,
    oddities: Vec<Oddity>,
}

/// Parses a report descriptor. Whatever the bytes are, this returns; the work is bounded by their number and [`MAX_ITEMS`].
#[must_use]
pub fn parse(bytes: &[u8]) -> (Descriptor, Vec<Oddity>) {
    let mut parser = Parser {
        bytes,
        globals: Globals::default(),
        stack: Vec::new(),
        locals: Locals::default(),
        path: Vec::new(),
        open: Vec::new(),
        lost: 0,
        anonymous: false,
        told: BTreeSet::new(),
        descriptor: Descriptor::default(),
        oddities: Vec::new(),
    };
    parser.run();
    (parser.descriptor, parser.oddities)
}

impl Parser<'_> {
    fn odd(&mut self, oddity: Oddity) {
        if self.oddities.len() < MAX_ODDITIES {
            self.oddities.push(oddity);
        }
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(&prefix) = self.bytes.get(at) {
            if prefix == 0xfe {
                self.odd(Oddity::LongItem { at });
                let length = self.bytes.get(at + 1).copied().unwrap_or(0);
                at += 3 + usize::from(length);
                continue;
            }
            let length = [0, 1, 2, 4][usize::from(prefix & 3)];
            let Some(data) = self.bytes.get(at + 1..at + 1 + length) else {
                self.odd(Oddity::Truncated { at });
                break;
            };
            let value = data.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            match prefix >> 2 & 3 {
                0 => self.main(at, prefix, value),
                1 => self.global(at, prefix, value, length),
                2 => self.local(at, prefix, value, length),
                _ => self.odd(Oddity::Reserved { at, prefix }),
            }
            at += 1 + length;
        }
        if !self.open.is_empty() {
            self.odd(Oddity::OpenCollections { count: self.open.len() + self.lost });
        }
        if self.descriptor.has_report_ids && self.anonymous {
            self.odd(Oddity::SomeWithoutReportId);
        }
        let long: Vec<_> = self
            .descriptor
            .bits
            .iter()
            .filter(|(_, bits)| **bits > 8 * LONG_REPORT)
            .map(|((kind, report_id), bits)| Oddity::LongReport {
                kind: *kind,
                report_id: *report_id,
                bytes: bits.div_ceil(8),
            })
            .collect();
        for oddity in long {
            self.odd(oddity);
        }
    }

    fn global(&mut self, at: usize, prefix: u8, value: u32, bytes: usize) {
        let extent = Extent { bits: value, bytes, at };
        match prefix >> 4 {
            0x0 => self.globals.page = value as u16,
            0x1 => self.globals.logical_min = extent,
            0x2 => self.globals.logical_max = extent,
            0x3 => self.globals.physical_min = extent,
            0x4 => self.globals.physical_max = extent,
            // A nibble by the rules; some devices write a whole signed byte.
            0x5 => {
                let byte = value as u8 as i8;
                self.globals.exponent = if (8..16).contains(&byte) { byte - 16 } else { byte };
            }
            0x6 => self.globals.unit = value,
            0x7 => self.globals.size = value,
            0x8 => {
                if value == 0 {
                    self.odd(Oddity::ReportIdZero { at });
                } else {
                    self.descriptor.has_report_ids = true;
                }
                self.globals.id = value as u8;
            }
            0x9 => self.globals.count = value,
            0xa if self.stack.len() < MAX_PUSH => self.stack.push(self.globals),
            0xa => self.odd(Oddity::PushTooDeep { at }),
            0xb => match self.stack.pop() {
                Some(globals) => self.globals = globals,
                None => self.odd(Oddity::StrayPop { at }),
            },
            _ => self.odd(Oddity::Reserved { at, prefix }),
        }
    }

    fn local(&mut self, at: usize, prefix: u8, value: u32, bytes: usize) {
        let usage = if bytes == 4 { value } else { u32::from(self.globals.page) << 16 | value };
        match prefix >> 4 {
            0x0 => self.locals.push(usage, usage),
            0x1 => self.locals.minimum = Some(usage),
            0x2 => {
                if let Some(low) = self.locals.minimum.take() {
                    self.locals.push(low, usage.max(low));
                }
            }
            // Designators and strings say nothing about values.
            0x3..=0x5 | 0x7..=0x9 => {}
            0xa => {
                self.locals.in_alternatives = value != 0;
                self.locals.alternative_taken = false;
            }
            _ => self.odd(Oddity::Reserved { at, prefix }),
        }
    }

    fn main(&mut self, at: usize, prefix: u8, value: u32) {
        match prefix >> 4 {
            0x8 => self.data(at, ReportKind::Input, value),
            0x9 => self.data(at, ReportKind::Output, value),
            0xb => self.data(at, ReportKind::Feature, value),
            0xa => self.open_collection(at, value),
            0xc => {
                if self.lost > 0 {
                    self.lost -= 1;
                } else if let Some(nodes) = self.open.pop() {
                    self.path.truncate(self.path.len().saturating_sub(nodes));
                } else {
                    self.odd(Oddity::StrayEndCollection { at });
                }
            }
            _ => self.odd(Oddity::Reserved { at, prefix }),
        }
        self.locals = Locals::default();
    }

    fn open_collection(&mut self, at: usize, kind: u32) {
        if self.open.len() == MAX_DEPTH {
            if self.lost == 0 {
                self.odd(Oddity::TooDeep { at });
            }
            self.lost += 1;
            return;
        }
        let usage = self.locals.ranges.first().map_or(0, |range| range.0);
        self.path.push(Usage(usage));
        if kind & 0x80 != 0 {
            self.path.push(Usage::index(kind as u8));
        }
        self.open.push(if kind & 0x80 != 0 { 2 } else { 1 });
    }

    fn data(&mut self, at: usize, kind: ReportKind, attributes: u32) {
        let Globals { size, count, id, unit, exponent, .. } = self.globals;
        let bits = self.descriptor.bits.entry((kind, id)).or_insert(0);
        let start = *bits;
        *bits = start.saturating_add(size.saturating_mul(count));
        self.anonymous |= id == 0;
        // Without a usage it is padding.
        if self.locals.ranges.is_empty() || count == 0 {
            return;
        }
        if size == 0 || size > 64 {
            self.odd(Oddity::UnusableSize { at, size });
        }
        if size == 0 {
            return;
        }
        if self.locals.single() && count > 1 {
            self.odd(Oddity::RepeatedUsage { at, report_id: id, count });
        }
        let (logical_min, logical_max) = self.logical();
        if size < 32 && logical_max >= 1 << size {
            self.odd(Oddity::MaximumTooWide { at, report_id: id });
        }
        let physical_min = self.globals.physical_min.signed();
        let mut physical_max = self.globals.physical_max.signed();
        if physical_max < physical_min {
            physical_max = self.globals.physical_max.unsigned();
        }
        let locals = std::mem::take(&mut self.locals);
        let usages = locals.ranges.iter().flat_map(|(low, high)| *low..=*high);
        let last = locals.ranges.last().map_or(0, |range| range.1);
        for (nth, usage) in usages.chain(std::iter::repeat(last)).take(count as usize).enumerate() {
            if self.descriptor.items.len() == MAX_ITEMS {
                self.odd(Oddity::TooManyItems { at });
                return;
            }
            if self.lost > 0 {
                return;
            }
            let mut path = self.path.clone();
            path.push(Usage(usage));
            self.descriptor.items.push(Item {
                path: Path(path),
                kind,
                report_id: id,
                offset: start.saturating_add(size.saturating_mul(nth as u32)),
                size,
                attributes: Attributes(attributes),
                logical_min,
                logical_max,
                physical_min,
                physical_max,
                unit,
                exponent,
            });
        }
    }

    fn logical(&mut self) -> (i64, i64) {
        let (min, max) = (self.globals.logical_min.signed(), self.globals.logical_max);
        let mut value = max.signed();
        if value < min {
            value = max.unsigned();
            if self.told.insert(max.at) {
                self.odd(if value < min {
                    Oddity::EmptyRange { at: max.at }
                } else {
                    Oddity::UnsignedMaximum { at: max.at, taken_as: value }
                });
            }
        }
        (min, value)
    }
}
