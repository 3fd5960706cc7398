//! Deliberately wrong servers and programs: the harness's test of itself.
//!
//! Each is ours on machines in memory with one fault put in between: on the clients' wires, on the drivers' sockets, in its
//! files, or in what its programs leave. A fault that no case notices is a claim that nobody checks.

mod lab;
mod sched;
mod table;
mod upsmon;

use std::sync::Arc;

use outage_host::Signal;

use super::Case;
use super::expectations::Ledger;
use super::runner::{self, Options};
use super::verdict::Verdict;

pub use self::lab::FaultyLab;
pub use self::table::NONSENSE;

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on as it is.
    Passes,
    /// This goes on in its place.
    Becomes(String),
    /// It is swallowed.
    Lost,
    /// It is swallowed, and whoever sent it gets this line.
    Answered(String),
}

/// A function of a line.
type OfLine = fn(&str) -> Fate;

/// What a program leaves: exit code, standard output, standard error.
pub(crate) type Left = (Option<i32>, String, String);

/// Where the fault sits and what it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Each line of an answer.
    Reply(OfLine),
    /// Each line of an answer, with the request before it.
    ReplyTo(fn(request: &str, reply: &str) -> Fate),
    /// Each request.
    Request(OfLine),
    /// The bytes of requests, in whatever pieces they come.
    Bytes(fn(&[u8]) -> Vec<u8>),
    /// Of each piece that arrives only the first line is taken.
    FirstOfSegment,
    /// The end of each piece that arrives is the end of a line.
    SegmentIsLine,
    /// The end of the stream is the end of a line.
    EndIsLine,
    /// Connections are never closed.
    KeepsOpen,
    /// Ids of TRACKING are counted up.
    CountedIds,
    /// The number of logins never falls.
    LoginsStay,
    /// While one client's line is not finished, no other client is served.
    HalfLineStopsAll,
    /// Each line that a driver says; whether its dump is over.
    FromDriver(fn(line: &str, dumped: bool) -> Fate),
    /// Each line that upsd says to a driver.
    ToDriver(OfLine),
    /// That a driver is gone is not noticed.
    DeadDriverLives,
    /// What a driver said before it went stays beside its new dump.
    OldDumpStays,
    /// What configuration files say: by the file's name.
    File(fn(name: &str, text: &str) -> String),
    /// A file of this name is read once and never again.
    ReadOnce(&'static str),
    /// What upssched.conf says.
    Sched(fn(text: &str) -> String),
    /// What upssched's CMDSCRIPT wrote down of its runs.
    Calls(fn(text: &str) -> String),
    /// upssched does nothing while there is this file.
    StoppedBy(&'static str),
    /// upssched removes whatever is at this path first.
    Removes(&'static str),
    /// SIGHUP is ignored.
    NoReload,
    /// SIGHUP drops all clients.
    ReloadDropsClients,
    /// What clients say is in the log.
    LogsRequests,
    /// Whatever is said on any wire, and whatever a program leaves, is nonsense.
    Nonsense,
    /// How drivers were called: each line of [`super::lab::drivers::CALLED`] becomes these.
    Called(fn(&str) -> Vec<String>),
    /// Drivers were called in the opposite order.
    CalledBackwards,
    /// Each line that upsmon says to a played server.
    ToServer(OfLine),
    /// Each line that a played server says to upsmon.
    FromServer(OfLine),
    /// Each line that upsmon's NOTIFYCMD and SHUTDOWNCMD tell.
    Told(OfLine),
    /// What upsmon.conf says.
    Conf(fn(&str) -> String),
    /// upsmon is deaf to a signal.
    Deaf(Signal),
    /// What upsmon leaves: exit code, standard output, standard error.
    MonitorLeaves(fn(arguments: &[String], code: Option<i32>, out: &str, err: &str) -> Left),
    /// What upsmon says to servers is in its log.
    LogsWords,
    /// What upsmon says to everyone who is logged in.
    Wall(fn(&str) -> String),
    /// The flag of an earlier shutdown stays.
    FlagStays,
    /// Whatever is in the flag's place is removed at the start.
    FlagTaken,
    /// What a client program leaves: exit code, standard output, standard error.
    Leaves(fn(code: Option<i32>, out: &str, err: &str) -> Left),
}

impl Kind {
    /// Whether a case of this suite can meet it at all.
    fn reaches(self, suite: &str) -> bool {
        let upssched =
            matches!(self, Self::Sched(_) | Self::Calls(_) | Self::StoppedBy(_) | Self::Removes(_));
        let all = matches!(self, Self::Nonsense);
        all || ((!upssched || suite == "upssched") && (suite == "upsmon") == self.is_of_upsmon())
    }

    /// Whether upsmon is what is wrong.
    fn is_of_upsmon(self) -> bool {
        matches!(
            self,
            Self::ToServer(_)
                | Self::FromServer(_)
                | Self::Told(_)
                | Self::Conf(_)
                | Self::Deaf(_)
                | Self::MonitorLeaves(_)
                | Self::LogsWords
                | Self::Wall(_)
                | Self::FlagStays
                | Self::FlagTaken
        )
    }
}

/// A wrong server or program.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What it does wrong.
    pub about: &'static str,
    pub(crate) kind: Kind,
}

/// Every fault: those of servers and clients, then those of an upssched and an upsmon.
pub const FAULTS: &[Fault] = &{
    let (first, second, third) = (table::FAULTS, sched::SCHED, upsmon::UPSMON);
    let mut faults = [first[0]; table::FAULTS.len() + sched::SCHED.len() + upsmon::UPSMON.len()];
    let mut index = 0;
    while index < faults.len() {
        let after = index.saturating_sub(first.len());
        faults[index] = if index < first.len() {
            first[index]
        } else if after < second.len() {
            second[after]
        } else {
            third[after - second.len()]
        };
        index += 1;
    }
    faults
};

/// The ids of the first `enough` cases that do not pass with this fault in between. All of them pass without it.
///
/// # Errors
/// Text: a lab could not be made.
pub fn noticed(
    fault: &Fault,
    sound: &[&'static Case],
    options: &Options,
    enough: usize,
) -> Result<Vec<&'static str>, String> {
    let mut found = Vec::new();
    for case in sound.iter().filter(|case| fault.kind.reaches(case.suite())) {
        if found.len() >= enough {
            break;
        }
        let make = |seed| Ok(Arc::new(FaultyLab::new(seed, fault)?) as Arc<dyn super::lab::Lab>);
        if runner::virtually(case, &Ledger::new(), options, make)?.verdict != Verdict::Pass {
            found.push(case.id);
        }
    }
    Ok(found)
}
