//! What happens to a UPS, and when.

use std::fmt;
use std::time::Duration;

/// Something that happened, at its exact time by the device's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Duration,
    /// What.
    pub what: PlantEvent,
}

/// What happens to a UPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantEvent {
    /// The mains went out, or out of the range it takes.
    OnBattery,
    /// The mains are back in range.
    OnMains,
    /// The battery fell to its low threshold.
    BatteryLow,
    /// The battery rose over its low threshold.
    BatteryRecovered,
    /// Fully charged.
    BatteryFull,
    /// Nothing left.
    BatteryEmpty,
    /// The load lost its power.
    OutputOff(OffReason),
    /// The load has power again.
    OutputOn(OnReason),
    /// A shutdown was ordered: the output goes off at this time.
    ShutdownOrdered(Duration),
    /// An ordered shutdown was called off.
    ShutdownCancelled,
    /// A self-test began.
    TestStarted,
    /// A self-test ended.
    TestEnded(TestResult),
}

/// Why the output went off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffReason {
    /// The host ordered it.
    Commanded,
    /// The battery was empty.
    BatteryEmpty,
    /// Someone pressed the button.
    Button,
}

/// Why the output came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReason {
    /// The start timer ran out, and there were mains.
    Commanded,
    /// The mains came back.
    MainsBack,
    /// Someone pressed the button.
    Button,
}

/// How a self-test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestResult {
    /// There was none yet.
    None,
    /// It is running.
    InProgress,
    /// The battery held.
    Passed,
    /// The battery ran low or empty under it.
    Failed,
    /// Someone, or a power cut, ended it.
    Aborted,
}

impl Event {
    /// The output's new state, when that is what happened.
    pub fn output(&self) -> Option<bool> {
        match self.what {
            PlantEvent::OutputOff(_) => Some(false),
            PlantEvent::OutputOn(_) => Some(true),
            _ => None,
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }
}

impl fmt::Display for PlantEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnBattery => f.write_str("mains out of range, on battery"),
            Self::OnMains => f.write_str("mains back in range"),
            Self::BatteryLow => f.write_str("battery low"),
            Self::BatteryRecovered => f.write_str("battery no longer low"),
            Self::BatteryFull => f.write_str("battery full"),
            Self::BatteryEmpty => f.write_str("battery empty"),
            Self::OutputOff(reason) => write!(f, "output off: {reason}"),
            Self::OutputOn(reason) => write!(f, "output on: {reason}"),
            Self::ShutdownOrdered(at) => write!(f, "shutdown ordered for {:.1} s", at.as_secs_f64()),
            Self::ShutdownCancelled => f.write_str("shutdown called off"),
            Self::TestStarted => f.write_str("self-test started"),
            Self::TestEnded(result) => write!(f, "self-test ended: {result}"),
        }
    }
}

impl fmt::Display for OffReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commanded => "ordered",
            Self::BatteryEmpty => "battery empty",
            Self::Button => "button",
        })
    }
}

impl fmt::Display for OnReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commanded => "ordered",
            Self::MainsBack => "mains back",
            Self::Button => "button",
        })
    }
}

impl fmt::Display for TestResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none yet",
            Self::InProgress => "in progress",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        })
    }
}
