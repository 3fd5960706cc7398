//! What went over the wires and into the logs, in one order with times: what a person needs to see why a check failed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The harness sent this.
    Sent,
    /// The subject sent this.
    Heard,
    /// A line of a program's output.
    Said,
    /// What the harness did or saw: connected, closed, started.
    Did,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the check began.
    pub at: Duration,
    /// Whose wire or output: `client a`, `driver dummy`, `upsd`.
    pub on: String,
    /// What it is.
    pub kind: Kind,
    /// One line, bytes that are not printable escaped.
    pub text: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.kind {
            Kind::Sent => '>',
            Kind::Heard => '<',
            Kind::Said => '|',
            Kind::Did => '-',
        };
        write!(f, "{:>9.4}  {:<14} {mark} {}", self.at.as_secs_f64(), self.on, self.text)
    }
}

/// The record of one check. Clones are the same record.
#[derive(Clone, Debug)]
pub struct Record {
    clock: Clock,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Record {
    /// An empty record whose time begins now, inside the runtime whose time it is to be.
    #[must_use]
    pub fn begin() -> Self {
        let clock = Clock::standing(1.0);
        clock.begin();
        Self { clock, entries: Arc::default() }
    }

    /// The time since it began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    fn push(&self, on: &str, kind: Kind, text: String) {
        let entry = Entry { at: self.now(), on: on.to_owned(), kind, text };
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    /// Bytes that were sent or heard, a line each.
    pub fn bytes(&self, on: &str, kind: Kind, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.push(on, kind, show(line));
        }
    }

    /// A line that a program said.
    pub fn said(&self, on: &str, line: &str) {
        self.push(on, Kind::Said, line.to_owned());
    }

    /// Something that the harness did.
    pub fn did(&self, on: &str, what: impl Into<String>) {
        self.push(on, Kind::Did, what.into());
    }

    /// All of it.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much there is.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A line for the eye: without its line feed, everything that is no printable ASCII character escaped; what lacks the line
/// feed ends in `⏎`-less `…`.
#[must_use]
pub fn show(bytes: &[u8]) -> String {
    let (line, whole) = match bytes.strip_suffix(b"\n") {
        Some(line) => (line, true),
        None => (bytes, false),
    };
    let mut text = String::with_capacity(line.len() + 8);
    for byte in line {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            0x20..=0x7e => text.push(char::from(*byte)),
            other => text.push_str(&format!("\\x{other:02x}")),
        }
    }
    if !whole {
        text.push_str(" [no line feed]");
    }
    text
}

/// Bytes as text in which every byte is one character: nothing is lost, and ASCII is itself.
#[must_use]
pub fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
