//! The UPS that is served: 60 variables of the usual names and lengths, and what is asked of it.

use std::fmt::Write as _;

/// Its name.
pub(super) const NAME: &str = "bench";
/// The program that is said to drive it: part of the socket's name.
pub(super) const DRIVER: &str = "dummy-ups";
/// The variable that the played driver changes. Its value always has as many digits.
pub(super) const CHANGING: &str = "battery.runtime";
/// The first of them.
pub(super) const FIRST_VALUE: u32 = 10_000;
/// And the one after the last.
pub(super) const VALUES_END: u32 = 100_000;

/// All variables.
pub(super) const VARIABLES: [(&str, &str); 60] = [
    ("ambient.humidity", "41.2"),
    ("ambient.temperature", "22.6"),
    ("battery.charge", "100"),
    ("battery.charge.low", "20"),
    ("battery.charge.restart", "0"),
    ("battery.charge.warning", "50"),
    ("battery.capacity", "9.00"),
    ("battery.current", "0.00"),
    ("battery.date", "2026/03/14"),
    ("battery.packs", "1"),
    ("battery.protection", "yes"),
    (CHANGING, "10000"),
    ("battery.runtime.low", "180"),
    ("battery.temperature", "27.5"),
    ("battery.type", "PbAc"),
    ("battery.voltage", "54.6"),
    ("battery.voltage.nominal", "48"),
    ("device.mfr", "EATON"),
    ("device.model", "Eaton 5PX 1500"),
    ("device.part", "5PX1500iRT"),
    ("device.serial", "G098B12345"),
    ("device.type", "ups"),
    ("driver.name", "dummy-ups"),
    ("driver.parameter.pollinterval", "2"),
    ("driver.parameter.port", "auto"),
    ("driver.version", "2.8.0"),
    ("driver.version.internal", "0.16"),
    ("input.current", "1.40"),
    ("input.frequency", "50.0"),
    ("input.frequency.nominal", "50"),
    ("input.sensitivity", "normal"),
    ("input.transfer.high", "294"),
    ("input.transfer.low", "160"),
    ("input.voltage", "231.7"),
    ("input.voltage.nominal", "230"),
    ("outlet.1.desc", "PowerShare Outlet 1"),
    ("outlet.1.id", "1"),
    ("outlet.1.status", "on"),
    ("outlet.1.switchable", "yes"),
    ("outlet.2.desc", "PowerShare Outlet 2"),
    ("outlet.2.id", "2"),
    ("outlet.2.status", "on"),
    ("outlet.2.switchable", "yes"),
    ("output.current", "1.30"),
    ("output.frequency", "50.0"),
    ("output.voltage", "230.4"),
    ("output.voltage.nominal", "230"),
    ("ups.beeper.status", "enabled"),
    ("ups.delay.shutdown", "20"),
    ("ups.delay.start", "30"),
    ("ups.efficiency", "97"),
    ("ups.firmware", "02.14.0026"),
    ("ups.load", "23"),
    ("ups.mfr", "EATON"),
    ("ups.model", "Eaton 5PX 1500"),
    ("ups.power", "310"),
    ("ups.realpower", "298"),
    ("ups.serial", "G098B12345"),
    ("ups.status", "OL"),
    ("ups.temperature", "31.4"),
];

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// `GET VAR`, of one variable after the other.
    Get,
    /// `LIST VAR`.
    List,
}

impl Question {
    /// Lines of one reply.
    pub(super) const fn lines(self) -> usize {
        match self {
            Self::Get => 1,
            Self::List => VARIABLES.len() + 2,
        }
    }
}

/// Requests, ready to be sent any number at a time.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) question: Question,
    bytes: Vec<u8>,
    /// Where each request begins, and the end.
    starts: Vec<usize>,
}

impl Script {
    /// Requests of which up to `depth` are sent at a time.
    pub(super) fn new(question: Question, depth: usize) -> Self {
        let (mut bytes, mut starts) = (Vec::new(), vec![0]);
        for at in 0..VARIABLES.len() + depth {
            bytes.extend_from_slice(request(question, at).as_bytes());
            starts.push(bytes.len());
        }
        Self { question, bytes, starts }
    }

    /// `count` requests from place `from` on (which is less than 60): the bytes, and the next place.
    pub(super) fn requests(&self, from: usize, count: usize) -> (&[u8], usize) {
        (&self.bytes[self.starts[from]..self.starts[from + count]], (from + count) % VARIABLES.len())
    }
}

/// The request at a place: one variable after the other.
pub(super) fn request(question: Question, at: usize) -> String {
    match question {
        Question::Get => format!("GET VAR {NAME} {}\n", VARIABLES[at % VARIABLES.len()].0),
        Question::List => format!("LIST VAR {NAME}\n"),
    }
}

/// What an upsd that knows what the played driver said answers.
pub(super) fn reply(question: Question, at: usize) -> String {
    let line = |(name, value): (&str, &str)| format!("VAR {NAME} {name} \"{value}\"\n");
    match question {
        Question::Get => line(VARIABLES[at % VARIABLES.len()]),
        Question::List => {
            let mut sorted = VARIABLES;
            sorted.sort_unstable();
            let lines: String = sorted.into_iter().map(line).collect();
            format!("BEGIN LIST VAR {NAME}\n{lines}END LIST VAR {NAME}\n")
        }
    }
}

/// By how many bytes a reply to `GET VAR` is longer than its request, on average.
pub(super) fn surplus() -> usize {
    let total = |text: fn(Question, usize) -> String| -> usize {
        (0..VARIABLES.len()).map(|at| text(Question::Get, at).len()).sum()
    };
    (total(reply) - total(request)).div_ceil(VARIABLES.len())
}

/// All that a driver says to one who asks for a dump.
pub(super) fn dump(runtime: u32) -> String {
    let mut text = String::new();
    for (name, value) in VARIABLES {
        let _ = match name {
            CHANGING => writeln!(text, "SETINFO {name} \"{runtime}\""),
            _ => writeln!(text, "SETINFO {name} \"{value}\""),
        };
    }
    text + "DATAOK\nDUMPDONE\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_goes_round() {
        let script = Script::new(Question::Get, 16);
        let (bytes, next) = script.requests(59, 2);
        assert_eq!(bytes, b"GET VAR bench ups.temperature\nGET VAR bench ambient.humidity\n");
        assert_eq!(next, 1);
        let script = Script::new(Question::List, 1);
        assert_eq!(script.requests(3, 1), (b"LIST VAR bench\n".as_slice(), 4));
    }

    #[test]
    fn replies_have_the_lines_that_are_counted() {
        for question in [Question::Get, Question::List] {
            let reply = reply(question, 7);
            assert_eq!(reply.lines().count(), question.lines());
        }
        assert!(reply(Question::Get, 0).len().abs_diff(request(Question::Get, 0).len() + surplus()) < 20);
    }

    #[test]
    fn a_dump_holds_every_variable_once() {
        let dump = dump(FIRST_VALUE);
        for (name, value) in VARIABLES {
            let line = format!("SETINFO {name} \"{value}\"");
            assert_eq!(dump.lines().filter(|said| *said == line).count(), 1, "{line}");
        }
        assert!(dump.ends_with("DATAOK\nDUMPDONE\n"));
    }
}
