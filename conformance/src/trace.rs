//! What happened, in order: the one record from which everything is judged, drawn and written.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::scenario::MachineState;

/// Something that happened, somewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    /// When, in scenario seconds.
    #[serde(rename = "t", serialize_with = "seconds")]
    pub at: Duration,
    /// Where: a machine or a UPS.
    pub place: String,
    /// What.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each field is named for what it holds")]
pub enum What {
    /// The script did something to a UPS or on a machine.
    Action { text: String },
    /// A UPS went over to its battery, came back, ran low, ..
    Ups { text: String },
    /// A UPS's output went on or off.
    Output { on: bool, reason: String },
    /// A UPS was told to cut its output.
    CutOrdered,
    /// A machine changed its state.
    Machine { state: MachineState },
    /// upsmon gave a notice.
    Notice { kind: String, ups: String, text: String },
    /// upsmon ran SHUTDOWNCMD.
    ShutdownCommand,
    /// POWERDOWNFLAG appeared.
    FlagWritten,
    /// Something was lost or broken that must not be, whatever a scenario says.
    Damage { text: String },
    /// A process said something.
    Log { process: String, text: String },
    /// A process ended.
    Exit { process: String, text: String },
    /// The answer to a question, where it differs from the answer before.
    Answer { variable: String, text: String },
}

impl Serialize for MachineState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Seconds, cut to milliseconds: nothing in a report needs more.
#[expect(clippy::cast_precision_loss, reason = "a scenario lasts less than 2^53 milliseconds")]
pub(crate) fn millis(at: Duration) -> f64 {
    at.as_millis() as f64 / 1000.0
}

fn seconds<S: Serializer>(at: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(millis(*at))
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.2}  {:<9} {}", self.at.as_secs_f64(), self.place, self.what)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action { text } => write!(f, ">> {text}"),
            Self::Ups { text } => f.write_str(text),
            Self::Output { on, reason } => write!(f, "output {} ({reason})", if *on { "on" } else { "off" }),
            Self::CutOrdered => f.write_str("is told to cut its output"),
            Self::Machine { state } => write!(f, "is {state}"),
            Self::Notice { kind, text, .. } => write!(f, "upsmon: {kind}: {text}"),
            Self::ShutdownCommand => f.write_str("upsmon runs the shutdown command"),
            Self::FlagWritten => f.write_str("the powerdown flag is there"),
            Self::Damage { text } => write!(f, "DAMAGE: {text}"),
            Self::Log { process, text } => write!(f, "{process}: {text}"),
            Self::Exit { process, text } => write!(f, "{process} ended: {text}"),
            Self::Answer { variable, text } => write!(f, "{variable}: {text}"),
        }
    }
}
