//! Report bytes to values, and back.

use std::fmt;

use crate::item::Item;

/// Units whose exponent counts from the SI unit's own (HID Power Devices 1.0, 3.2.3): volts and watts are 10^7 of
/// the centimetre-gramme-second unit that the nibbles spell.
const FOLDED_UNITS: [(u32, i32); 2] = [(0x00f0_d121, 7), (0x0000_d121, 7)];
/// Junk bits above the range that make a value be cut to it, rather than believed.
const JUNK_BITS: u32 = 16;

/// A field's value before scaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// All bits, signed when the Logical Minimum is negative.
    pub raw: i64,
    /// The bits that the logical range needs, forced into the range: what NUT takes.
    pub clamped: i64,
    /// Whether [`Reading::raw`] lies in the logical range.
    pub in_range: bool,
}

/// A value cannot be put into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The device says that it is constant.
    Constant,
    /// It is not a number, or beyond the logical range, which is, scaled:
    OutOfRange {
        /// Least value, rounded.
        min: i64,
        /// Greatest value, rounded.
        max: i64,
    },
    /// The report is too short for it.
    TooShort,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant => f.write_str("the device says that this is constant"),
            Self::OutOfRange { min, max } => write!(f, "only {min} to {max} can be set"),
            Self::TooShort => f.write_str("the report is too short"),
        }
    }
}

impl std::error::Error for EncodeError {}

/// Bits that a magnitude needs.
fn width(value: i64) -> u32 {
    let magnitude = if value < 0 { !value } else { value };
    64 - magnitude.leading_zeros()
}

impl Item {
    /// Takes the field out of a report's data (without the id). `None` when the data end before the field does.
    #[must_use]
    pub fn read(&self, data: &[u8]) -> Option<Reading> {
        if self.size == 0 || self.size > 64 {
            return None;
        }
        let end = self.offset.checked_add(self.size)?;
        if end as usize > data.len().saturating_mul(8) {
            return None;
        }
        let mut bits = 0_u64;
        for nth in 0..self.size {
            let at = (self.offset + nth) as usize;
            bits |= u64::from(data[at / 8] >> (at % 8) & 1) << nth;
        }
        Some(self.judge(bits))
    }

    fn judge(&self, bits: u64) -> Reading {
        let (min, max) = (self.logical_min, self.logical_max);
        let signed = min < 0;
        let extend = |bits: u64, size: u32| {
            let shift = 64 - size;
            if signed { ((bits << shift) as i64) >> shift } else { (bits << shift >> shift) as i64 }
        };
        let raw = extend(bits, self.size);
        let needed = (width(min).max(width(max)) + u32::from(signed)).clamp(1, self.size);
        let clamped = extend(bits, needed);
        let clamped = if min <= max { clamped.clamp(min, max) } else { clamped };
        Reading { raw, clamped, in_range: min <= raw && raw <= max }
    }

    /// The number to believe: all bits, in range or not (a range copied from another item must not clip a reading),
    /// except when whole words above the range are junk, as in NUT's Back-UPS BF500.
    #[must_use]
    pub fn believed(&self, reading: Reading) -> i64 {
        let needed = width(self.logical_min).max(width(self.logical_max)) + u32::from(self.logical_min < 0);
        if !reading.in_range && needed > 0 && self.size >= needed + JUNK_BITS {
            reading.clamped
        } else {
            reading.raw
        }
    }

    /// The field's value in its unit. `None` when the data end before the field does.
    #[must_use]
    pub fn decode(&self, data: &[u8]) -> Option<f64> {
        self.read(data).map(|reading| self.physical(self.believed(reading)))
    }

    /// Decimal exponent by which the stored number is multiplied to get volts, watts, seconds, ...
    #[must_use]
    pub fn decimal_exponent(&self) -> i32 {
        let folded = FOLDED_UNITS.iter().find(|(unit, _)| *unit == self.unit).map_or(0, |(_, fold)| *fold);
        i32::from(self.exponent) - folded
    }

    fn is_scaled(&self) -> bool {
        self.physical_max > self.physical_min && self.logical_max > self.logical_min
    }

    /// A stored number in its unit.
    #[must_use]
    pub fn physical(&self, logical: i64) -> f64 {
        let mut value = logical as f64;
        if self.is_scaled() {
            let factor =
                (self.physical_max - self.physical_min) as f64 / (self.logical_max - self.logical_min) as f64;
            value = self.physical_min as f64 + (value - self.logical_min as f64) * factor;
        }
        // Dividing by a power of ten is exact where multiplying by its inverse is not: 1369 / 100 is 13.69.
        match self.decimal_exponent() {
            0 => value,
            up @ 1.. => value * 10_f64.powi(up),
            down => value / 10_f64.powi(-down),
        }
    }

    /// The stored number for a value in its unit: the nearest there is.
    ///
    /// # Errors
    /// [`EncodeError::Constant`], [`EncodeError::OutOfRange`].
    pub fn logical(&self, value: f64) -> Result<i64, EncodeError> {
        if self.attributes.is_constant() {
            return Err(EncodeError::Constant);
        }
        let mut stored = match self.decimal_exponent() {
            0 => value,
            up @ 1.. => value / 10_f64.powi(up),
            down => value * 10_f64.powi(-down),
        };
        if self.is_scaled() {
            let factor =
                (self.logical_max - self.logical_min) as f64 / (self.physical_max - self.physical_min) as f64;
            stored = self.logical_min as f64 + (stored - self.physical_min as f64) * factor;
        }
        let stored = stored.round();
        let (min, max) = self.writable_range();
        if !(stored >= min as f64 && stored <= max as f64) {
            let (min, max) = (self.physical(min).round() as i64, self.physical(max).round() as i64);
            return Err(EncodeError::OutOfRange { min, max });
        }
        Ok(stored as i64)
    }

    /// The logical range, cut to what the bits hold; all they hold where the range is empty.
    fn writable_range(&self) -> (i64, i64) {
        let signed = self.logical_min < 0;
        let bits = self.size.clamp(1, if signed { 64 } else { 63 });
        let high = i64::MAX >> (if signed { 64 } else { 63 } - bits);
        let low = if signed { !high } else { 0 };
        let (min, max) = (self.logical_min.max(low), self.logical_max.min(high));
        if min <= max { (min, max) } else { (low, high) }
    }

    /// Puts a stored number into a report's data (without the id); other bits stay.
    ///
    /// # Errors
    /// [`EncodeError::TooShort`]; the data are as they were.
    pub fn write(&self, data: &mut [u8], logical: i64) -> Result<(), EncodeError> {
        let end = self.offset.checked_add(self.size).ok_or(EncodeError::TooShort)?;
        if end as usize > data.len().saturating_mul(8) {
            return Err(EncodeError::TooShort);
        }
        for nth in 0..self.size {
            let at = (self.offset + nth) as usize;
            let bit = logical >> nth.min(63) & 1 != 0;
            let mask = 1 << (at % 8);
            data[at / 8] = if bit { data[at / 8] | mask } else { data[at / 8] & !mask };
        }
        Ok(())
    }
}
