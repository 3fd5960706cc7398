//! The variables that NUT's dummy-ups knows, and how it lets clients write them.

use crate::core::tree::{Flags, Tree};

/// How a variable can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// As text of at most so many bytes.
    Text(usize),
    /// As a number, or whatever else: nothing is said of it.
    Plain,
}
use Kind::{Plain, Text};

/// What a variable is that is not in the table.
const OTHER: Kind = Text(32);

/// The variables of NUT's table (`drivers/dummy-ups.h`), sorted. Most lengths there are those of no real UPS; a client
/// sees them in `GET TYPE`, so they are kept.
const KNOWN: &[(&str, Kind)] = &[
    ("ambient.humidity", Plain),
    ("ambient.humidity.alarm", Plain),
    ("ambient.humidity.high", Plain),
    ("ambient.humidity.low", Plain),
    ("ambient.temperature", Plain),
    ("ambient.temperature.alarm", Plain),
    ("ambient.temperature.high", Plain),
    ("ambient.temperature.low", Plain),
    ("battery.charge", Plain),
    ("battery.charge.low", Plain),
    ("battery.charge.restart", Plain),
    ("battery.current", Plain),
    ("battery.runtime", Plain),
    ("battery.runtime.low", Plain),
    ("battery.temperature", Plain),
    ("battery.voltage", Plain),
    ("battery.voltage.nominal", Plain),
    ("input.frequency", Plain),
    ("input.quality", Text(6)),
    ("input.sensitivity", Text(1)),
    ("input.transfer.boost.high", Plain),
    ("input.transfer.boost.low", Plain),
    ("input.transfer.high", Plain),
    ("input.transfer.low", Plain),
    ("input.transfer.reason", Text(1)),
    ("input.transfer.trim.high", Plain),
    ("input.transfer.trim.low", Plain),
    ("input.voltage", Plain),
    ("input.voltage.maximum", Plain),
    ("input.voltage.minimum", Plain),
    ("input.voltage.nominal", Plain),
    ("output.current", Plain),
    ("output.frequency", Plain),
    ("output.voltage", Plain),
    ("ups.alarm", Text(32)),
    ("ups.date", Text(16)),
    ("ups.delay.reboot", Plain),
    ("ups.delay.shutdown", Plain),
    ("ups.delay.start", Plain),
    ("ups.firmware", Text(16)),
    ("ups.firmware.aux", Text(16)),
    ("ups.id", Text(16)),
    ("ups.load", Plain),
    ("ups.mfr", Text(32)),
    ("ups.mfr.date", Text(16)),
    ("ups.model", Text(32)),
    ("ups.serial", Text(32)),
    ("ups.status", Text(32)),
    ("ups.temperature", Plain),
    ("ups.test.interval", Plain),
    ("ups.test.result", Text(16)),
    ("ups.time", Text(16)),
];

fn kind(name: &str) -> Kind {
    let name = name.to_ascii_lowercase();
    KNOWN
        .binary_search_by(|(known, _)| (*known).cmp(&name))
        .ok()
        .and_then(|at| KNOWN.get(at))
        .map_or(OTHER, |k| k.1)
}

/// Lets clients write a variable (that exists).
pub(super) fn declare(tree: &mut Tree, name: &str) {
    match kind(name) {
        Text(length) => tree.set_writable_string(name, length),
        Plain => tree.set_flags(name, Flags { rw: true, string: false, number: false }),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(KNOWN.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[rstest]
    #[case("ups.mfr", Text(32))]
    #[case("UPS.Mfr.Date", Text(16))]
    #[case("battery.charge", Plain)]
    #[case("outlet.1.status", Text(32))]
    fn kinds(#[case] name: &str, #[case] expected: Kind) {
        assert_eq!(kind(name), expected);
    }
}
