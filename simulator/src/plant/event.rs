//! What happens to a UPS, and when.

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
