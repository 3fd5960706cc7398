//! Lanes: the same scenario with more or less of the world real.

mod files;
pub mod process;
pub mod virt;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use crate::judge::Answer;

/// Which lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaneKind {
    /// The daemons' own code in one process, in virtual time.
    Virtual,
    /// The real programs as processes, in real time that the scenario's scale stretches.
    Process,
}

impl fmt::Display for LaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Virtual => "virtual",
            Self::Process => "process",
        })
    }
}

impl FromStr for LaneKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "virtual" => Ok(Self::Virtual),
            "process" => Ok(Self::Process),
            other => Err(format!("there is no lane `{other}`: virtual or process")),
        }
    }
}

/// A world in which machines run the stack. What happens there reaches the director as events.
#[async_trait]
pub(crate) trait Lane: Send + Sync {
    /// Power is there: starts a machine's drivers, upsd and upsmon.
    async fn boot(&self, machine: &str) -> Result<(), String>;
    /// The orderly stop that a shutdown command asks for: ends the services and, last of all, turns the UPS off when the
    /// powerdown flag says so (`upsmon -K` and `upsdrvctl shutdown`).
    async fn stop(&self, machine: &str);
    /// The power is gone: everything on the machine ends where it stands.
    fn cut(&self, machine: &str);
    /// Asks a machine's upsd for a variable.
    async fn ask(&self, machine: &str, ups: &str, variable: &str) -> Answer;
}
