//! A parsed report descriptor.

use std::collections::BTreeMap;

use crate::item::{Item, ReportKind};
use crate::path::Path;

/// The items of a report descriptor, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    pub(crate) items: Vec<Item>,
    pub(crate) bits: BTreeMap<(ReportKind, u8), u32>,
    pub(crate) has_report_ids: bool,
}

impl Descriptor {
    /// All items, padding left out.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The first item of this path and kind. The path is compared whole.
    #[must_use]
    pub fn find(&self, path: &Path, kind: ReportKind) -> Option<&Item> {
        self.items.iter().find(|item| item.kind == kind && item.path == *path)
    }

    /// Whether any item lies in this path.
    #[must_use]
    pub fn contains(&self, path: &Path) -> bool {
        self.items.iter().any(|item| item.path.starts_with(path))
    }

    /// The items of one report.
    pub fn report(&self, kind: ReportKind, id: u8) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.kind == kind && item.report_id == id)
    }

    /// The declared length of a report in bytes, without the id. 0 for a report that isn't declared.
    #[must_use]
    pub fn report_length(&self, kind: ReportKind, id: u8) -> usize {
        self.bits.get(&(kind, id)).map_or(0, |bits| bits.div_ceil(8) as usize)
    }

    /// Every report with its declared length in bytes, without the id.
    pub fn reports(&self) -> impl Iterator<Item = (ReportKind, u8, usize)> {
        self.bits.iter().map(|((kind, id), bits)| (*kind, *id, bits.div_ceil(8) as usize))
    }

    /// Whether reports begin with an id byte.
    #[must_use]
    pub fn has_report_ids(&self) -> bool {
        self.has_report_ids
    }

    /// Takes a report as it came over the bus apart: its id and its data. `None` for an empty one.
    #[must_use]
    pub fn split<'a>(&self, bytes: &'a [u8]) -> Option<(u8, &'a [u8])> {
        if self.has_report_ids {
            bytes.split_first().map(|(id, data)| (*id, data))
        } else if bytes.is_empty() {
            None
        } else {
            Some((0, bytes))
        }
    }
}
