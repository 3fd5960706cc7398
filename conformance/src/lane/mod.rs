//! Lanes: the same scenario with more or less of the world real.

mod files;
pub mod kernel;
mod network;
pub mod process;
pub mod virt;

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;

use crate::judge::Answer;
use crate::scenario::{MachineAction, Service};

/// Which lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LaneKind {
    /// The daemons' own code in one process, in virtual time.
    Virtual,
    /// The real programs as processes, in real time that the scenario's scale stretches.
    Process,
    /// Linux guests in QEMU, with a kernel, an init and a power-off of their own.
    Kernel,
}

impl fmt::Display for LaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Virtual => "virtual",
            Self::Process => "process",
            Self::Kernel => "kernel",
        })
    }
}

impl FromStr for LaneKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "virtual" => Ok(Self::Virtual),
            "process" => Ok(Self::Process),
            "kernel" => Ok(Self::Kernel),
            other => Err(format!("there is no lane `{other}`: virtual, process or kernel")),
        }
    }
}

/// How a service is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// SIGKILL
    Kill,
    /// SIGTERM, and the time to obey it.
    Stop,
}

/// Why a lane's world could not be set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Something that it needs is not here.
    Unmet(String),
    /// Something failed.
    Broken(String),
}

impl From<String> for Trouble {
    fn from(text: String) -> Self {
        Self::Broken(text)
    }
}

/// A world in which machines run the stack. What happens there reaches the director as events.
#[async_trait]
pub(crate) trait Lane: Send + Sync {
    /// Power is there: starts a machine's drivers, upsd and upsmon.
    async fn boot(&self, machine: &str) -> Result<(), String>;
    /// The orderly stop that a shutdown command asks for: ends the services and, last of all, turns the UPS off when the
    /// powerdown flag says so (`upsmon -K` and `upsdrvctl shutdown`), unless that was ordered early.
    async fn stop(&self, machine: &str);
    /// Orders the UPS to cut its output while the services still run (`upsdrvctl shutdown`).
    async fn killpower(&self, machine: &str) -> Result<(), String>;
    /// The power is gone: everything on the machine ends where it stands.
    fn cut(&self, machine: &str);
    /// Asks a machine's upsd for a variable.
    async fn ask(&self, machine: &str, ups: &str, variable: &str) -> Answer;
    /// Starts a service and waits, like a service manager, until it says that it is ready.
    async fn start(&self, machine: &str, service: &Service) -> Result<(), String>;
    /// Ends a service, and waits until it has.
    async fn end(&self, machine: &str, service: &Service, how: Ending) -> Result<(), String>;
    /// Gives a UPS an instant command by way of a machine's upsd.
    async fn command(&self, machine: &str, ups: &str, command: &str) -> Result<(), String>;
    /// Cuts or mends the network between two machines. What is on the way meanwhile arrives when it is mended.
    fn network(&self, one: &str, other: &str, up: bool);
    /// Puts a powerdown flag where upsmon looks for it.
    async fn write_flag(&self, machine: &str) -> Result<(), String>;
    /// Whether the powerdown flag is there, and whether `upsmon -K` says so.
    async fn flag(&self, machine: &str) -> Result<(bool, bool), String>;
}

/// Does what the script says on a machine.
pub(crate) async fn act(lane: &dyn Lane, machine: &str, action: &MachineAction) -> Result<(), String> {
    match action {
        MachineAction::Kill(service) => lane.end(machine, service, Ending::Kill).await,
        MachineAction::Start(service) => lane.start(machine, service).await,
        MachineAction::Restart(service) => {
            lane.end(machine, service, Ending::Stop).await?;
            lane.start(machine, service).await
        }
        MachineAction::WriteFlag => lane.write_flag(machine).await,
        MachineAction::Network { other, up } => {
            lane.network(machine, other, *up);
            Ok(())
        }
        MachineAction::Command { ups, command } => lane.command(machine, ups, command).await,
    }
}

/// Asks a machine for its powerdown flag: an answer only where the file and `upsmon -K` say the same.
pub(crate) async fn flag(lane: &dyn Lane, machine: &str) -> Answer {
    Answer::Value(match lane.flag(machine).await {
        Ok((true, true)) => "present".to_owned(),
        Ok((false, false)) => "absent".to_owned(),
        Ok((true, false)) => "present, but upsmon -K says no".to_owned(),
        Ok((false, true)) => "absent, but upsmon -K says yes".to_owned(),
        Err(error) => error,
    })
}

/// The command line of a service; `driver` is the driver of a UPS.
fn command_line<'a>(service: &'a Service, driver: impl FnOnce(&str) -> &'a str) -> Vec<&'a str> {
    match service {
        Service::Driver(ups) => vec![driver(ups), "-F", "-a", ups],
        Service::Upsd => vec!["upsd", "-F"],
        Service::Upsmon => vec!["upsmon", "-F", "-p"],
    }
}
