//! What goes into the judgement, and what comes out of it.

use std::fmt;
use std::time::Duration;

use outage_config::{NotifyFlags, NotifyType, UpsmonConf};

use super::status::Reading;

/// How much a line in the log matters, by syslog's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "syslog's names")]
pub enum Priority {
    Alert,
    Critical,
    Error,
    Warning,
    Notice,
    Info,
}

/// A MONITOR line, for as long as it is watched the same way. Never used twice, not even after a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonitorId(pub u32);

/// Why a poll read nothing. `Display` fits "poll failed - ...".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollError {
    /// There is no connection, and none could be made.
    Connect(String),
    /// The connection broke, or the server was silent for too long.
    Lost(String),
    /// The server answered `ERR` with this code.
    Refused(String),
    /// The server answered with an empty status.
    Empty,
}

impl fmt::Display for PollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(text) => write!(f, "connect failed: {text}"),
            Self::Lost(text) => f.write_str(text),
            Self::Empty => f.write_str("Empty status"),
            Self::Refused(code) => f.write_str(match code.as_str() {
                "DATA-STALE" => "Data stale",
                "DRIVER-NOT-CONNECTED" => "Driver not connected",
                "UNKNOWN-UPS" => "Unknown UPS",
                "ACCESS-DENIED" => "Access denied",
                "VAR-NOT-SUPPORTED" => "Variable not supported by UPS",
                other => other,
            }),
        }
    }
}

/// The step of a login that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// USERNAME, PASSWORD or LOGIN.
    Login,
    /// PRIMARY, and MASTER after it.
    Primary,
}

/// A login that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginError {
    /// Where.
    pub step: LoginStep,
    /// The server's answer (`ERR ACCESS-DENIED`), or what became of the connection.
    pub answer: String,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// An [`Action::Poll`] ended.
    Polled(MonitorId, Result<Reading, PollError>),
    /// A login was tried: after connecting, or by [`Action::Login`].
    LoggedIn(MonitorId, Result<(), LoginError>),
    /// An [`Action::SetFsd`] ended.
    FsdSet(MonitorId, Result<(), String>),
    /// An [`Action::QueryLogins`] ended.
    Logins(MonitorId, Result<u32, String>),
    /// The time of [`Action::WakeAt`] has come.
    Timer,
    /// This machine has slept since the event before.
    Slept,
    /// Someone wants the forced shutdown now (SIGUSR1).
    ForceShutdown,
    /// The configuration was read again.
    Reload(Box<UpsmonConf>),
    /// Someone wants the program to end (SIGTERM).
    Stop,
    /// [`Action::RunShutdown`] ended.
    ShutdownRan(Result<(), String>),
    /// The process that would run the shutdown command is gone.
    ParentGone,
}

/// Something to be done, in the order given.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A line for the log.
    Log(Priority, String),
    /// A notice, sent where `flags` say.
    Notify {
        /// Which.
        kind: NotifyType,
        /// The UPS's full name; empty when it is about none.
        ups: String,
        /// The text, filled in.
        text: String,
        /// Where it goes.
        flags: NotifyFlags,
    },
    /// A text for everyone who is logged in, whatever NOTIFYFLAG says.
    Broadcast(String),
    /// Begin to watch a UPS: nothing is connected yet.
    Open(MonitorId),
    /// Log out and forget about it.
    Close(MonitorId),
    /// Connect if need be (with a login), and read the status.
    Poll(MonitorId),
    /// Log in on the connection that is there.
    Login(MonitorId),
    /// From here on, no server is worth waiting for as long as usual.
    Hurry,
    /// Order the shutdown of everyone who is fed by this UPS.
    SetFsd(MonitorId),
    /// Ask how many are logged in.
    QueryLogins(MonitorId),
    /// Leave the mark by which the end of the system's shutdown knows that the UPS is to be switched off.
    WritePowerDownFlag(String),
    /// Shut this machine down; `None`: no command is configured. Always after [`Action::WritePowerDownFlag`].
    RunShutdown(Option<String>),
    /// Read the configuration again.
    Reread,
    /// Come back with [`Event::Timer`] at this time, unless something happens before. Replaces the earlier one.
    WakeAt(Duration),
    /// Log out everywhere and end with this code.
    Exit(u8),
}
