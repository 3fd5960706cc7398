//! What went over a bus, one exchange at a time: transcripts are drawn from these.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::device::usb::Setup;

/// Takes part in every exchange of a bus, after the fact.
pub type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// One completed transfer, one run of serial bytes, or a coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// Device time when it was over.
    pub at: Duration,
    /// Device time when the host asked.
    pub asked: Duration,
    /// Where the device is plugged in: a bus id, or the path of a pty.
    pub port: &'a str,
    /// What it was.
    pub what: What,
    /// The bytes that went over the wire, whichever way; empty where the outcome is not [`Outcome::Done`], but for
    /// what the host sent.
    pub data: &'a [u8],
    /// How it ended.
    pub outcome: Outcome,
}

/// The kind of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A transfer on endpoint 0.
    Control(Setup),
    /// A transfer on another endpoint, by its address: bit 7 is set for IN.
    Endpoint(u8),
    /// Serial bytes, towards the UPS.
    ToDevice,
    /// Serial bytes, from the UPS.
    FromDevice,
    /// A host attached the device.
    Attached,
    /// The host let go of the device, or the device left.
    Detached,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Done,
    /// The endpoint answered STALL.
    Stall,
    /// The bus reported an error.
    Fault,
    /// The device sent more than there was room for.
    Babble,
    /// The host gave up waiting.
    Unlinked,
    /// The device left.
    Gone,
}

impl Exchange<'_> {
    /// Whether the bytes went from the UPS to the host.
    #[must_use]
    pub fn from_device(&self) -> bool {
        match self.what {
            What::Control(setup) => setup.request_type & 0x80 != 0,
            What::Endpoint(address) => address & 0x80 != 0,
            What::FromDevice => true,
            What::ToDevice | What::Attached | What::Detached => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "ok",
            Self::Stall => "stall",
            Self::Fault => "bus error",
            Self::Babble => "babble",
            Self::Unlinked => "unlinked",
            Self::Gone => "gone",
        })
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Control(setup) => write!(
                f,
                "control {:02x} {:02x} {:04x} {:04x} {}",
                setup.request_type, setup.request, setup.value, setup.index, setup.length
            ),
            Self::Endpoint(address) if address & 0x80 != 0 => write!(f, "in {}", address & 0x7f),
            Self::Endpoint(address) => write!(f, "out {address}"),
            Self::ToDevice => f.write_str("serial"),
            Self::FromDevice => f.write_str("serial"),
            Self::Attached => f.write_str("attached"),
            Self::Detached => f.write_str("detached"),
        }
    }
}

/// One line: device time in seconds, port, what, `>` for data to the UPS or `<` for data from it, and the outcome where
/// it is not a good one. Serial bytes are shown as text.
impl fmt::Display for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6}.{:06} {} {}", self.at.as_secs(), self.at.subsec_micros(), self.port, self.what)?;
        if !self.data.is_empty() {
            f.write_str(if self.from_device() { " <" } else { " >" })?;
            match self.what {
                What::ToDevice | What::FromDevice => write!(f, " {}", self.data.escape_ascii())?,
                _ => self.data.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?,
            }
        }
        match self.outcome {
            Outcome::Done => Ok(()),
            other => write!(f, " {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FEATURE: Setup = Setup { request_type: 0xa1, request: 1, value: 0x0306, index: 0, length: 8 };
    const WRITE: Setup = Setup { request_type: 0x21, request: 9, value: 0x0306, index: 0, length: 2 };

    #[rstest]
    #[case(What::Control(FEATURE), &[6, 100], Outcome::Done, "    12.250000 1-1 control a1 01 0306 0000 8 < 06 64")]
    #[case(What::Control(FEATURE), &[], Outcome::Stall, "    12.250000 1-1 control a1 01 0306 0000 8 stall")]
    #[case(What::Control(WRITE), &[6, 1], Outcome::Stall, "    12.250000 1-1 control 21 09 0306 0000 2 > 06 01 stall")]
    #[case(What::Endpoint(0x81), &[6, 0x0d], Outcome::Done, "    12.250000 1-1 in 1 < 06 0d")]
    #[case(What::Endpoint(0x81), &[], Outcome::Unlinked, "    12.250000 1-1 in 1 unlinked")]
    #[case(What::Endpoint(0x02), &[1], Outcome::Gone, "    12.250000 1-1 out 2 > 01 gone")]
    #[case(What::ToDevice, b"Q1\r", Outcome::Done, r"    12.250000 1-1 serial > Q1\r")]
    #[case(What::FromDevice, b"(\xff", Outcome::Done, r"    12.250000 1-1 serial < (\xff")]
    #[case(What::Attached, b"", Outcome::Done, "    12.250000 1-1 attached")]
    fn one_line(#[case] what: What, #[case] data: &[u8], #[case] outcome: Outcome, #[case] line: &str) {
        let at = Duration::from_millis(12250);
        let exchange = Exchange { at, asked: at, port: "1-1", what, data, outcome };
        assert_eq!(exchange.to_string(), line);
    }
}
