//! A conversation as data.

use std::time::Duration;

use crate::conform::Setup;

/// A conversation.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The fixture.
    pub setup: Setup,
    /// No upsd is started: the conversation is about programs and a played server.
    pub no_upsd: bool,
    /// Skipped where time is real, for this reason.
    pub virtual_only: Option<String>,
    /// Skipped where time is virtual, for this reason.
    pub real_only: Option<String>,
    /// Rules of the played server; `None` when there is none.
    pub rules: Vec<String>,
    /// The rules stand alone, without those of a server that is right.
    pub rules_only: bool,
    /// What happens, with the number of its line from 1 and its text.
    pub steps: Vec<(usize, String, Step)>,
}

/// A line that is expected, its facts not yet put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this.
    Exact(String),
    /// Exactly these bytes.
    Bytes(Vec<u8>),
    /// What matches this.
    Pattern(String),
}

/// One step of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// On the client's connection of this name.
    Client(char, Client),
    /// With the played driver of this UPS.
    Driver(String, Driver),
    /// With a file of the subject.
    Config(String, Edit),
    /// One UPS more with a played driver.
    Play(String, Option<String>),
    /// SIGHUP.
    Reload,
    /// SIGTERM, and the end with 0.
    Stop,
    /// It has ended by itself with this code.
    Ended(i32),
    /// Time passes.
    Wait(Duration),
    /// A line of the log matches in some part, or none does.
    Log(String, bool),
    /// What the next program finds at its standard input.
    Stdin(Vec<u8>),
    /// A program is run to its end.
    Run(Vec<String>),
    /// It ended with this code.
    Exit(i32),
    /// It ended with another one.
    ExitNot(i32),
    /// The next line of its standard output.
    Stdout(Expected),
    /// No more of it.
    StdoutEnd,
    /// Some line of its standard error matches in some part.
    Stderr(String),
    /// The played server heard this line, or did not.
    Heard(String, bool),
}

/// A step on a client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Client {
    /// Connects.
    Open,
    /// Sends a line.
    Send(String),
    /// Sends bytes.
    Raw(Vec<u8>),
    /// The next line.
    Expect(Expected),
    /// What the next line should be.
    Should(Expected),
    /// Everything up to the end of a list.
    List,
    /// The other side hangs up, within the usual limit or this one.
    Closed(Option<Duration>),
    /// Nothing comes.
    Silence,
    /// We hang up.
    Close,
    /// We say that we send no more.
    Finish,
}

/// A step with a played driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Driver {
    /// It says a line.
    Say(String),
    /// It sends bytes.
    Raw(Vec<u8>),
    /// upsd says this to it.
    Expect(Expected),
    /// upsd says nothing to it.
    Silence,
    /// It closes the connection.
    HangsUp,
    /// It closes its socket too.
    Goes,
    /// It listens.
    Comes,
    /// upsd has connected again.
    Reconnected,
    /// It answers PING no more.
    IgnoresPings,
    /// A line more in its next dump.
    Dump(String),
    /// Its next dump begins empty.
    NoDump,
    /// It is of another manner from its next dump on.
    Manner(crate::conform::Manner),
}

/// A change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A line more.
    Add(String),
    /// A line less.
    Remove(String),
    /// No line at all.
    Clear,
}
