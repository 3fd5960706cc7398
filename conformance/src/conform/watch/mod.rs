//! Written watches: what upsmon must do while the harness plays the servers that it watches.
//!
//! A watch is lines; blank ones and those that begin with `# ` say nothing. Everything before `start` prepares:
//!
//! ```text
//! conf: DEADTIME 5                   a line of upsmon.conf, in place of the standard one for the same thing (see `Conf`); all
//!                                    MONITOR lines of a watch are in place of the standard one
//! conf ours: COMPAT nut               the same for our own programs alone
//! conf without SHUTDOWNCMD           the standard line for it is left out
//! skip nut: its PID file is fixed    not judged at this target, for this reason (also ours, ours-virtual)
//! flag: some text                    what the file POWERDOWNFLAG holds before the start
//! status OB                          ups.status of the UPS `dummy` at server a; it is OL until something else is said
//! start -D                           starts upsmon in the foreground, as one process, with these arguments more
//! ```
//!
//! Then, acts of the harness. The time of the last one is what `@` counts from:
//!
//! ```text
//! status OB LB                       what the server says of ups.status from now on ([b] status .. at a second server,
//!                                    which is at {server_b}: all acts of a server may be those of another)
//! say GET VAR dummy x => ERR DATA-STALE      a rule of the server, before all others: see `Script`
//! goes / comes                       it closes its connections and its socket, or listens again
//! mute / talks                       it takes what it is told and says nothing, or answers again
//! hangs up                           it closes all connections, and goes on listening
//! conf + NOTIFYCMD x                 a line more in upsmon.conf (conf - NOTIFYCMD x: one less)
//! signal HUP                         upsmon is sent HUP, TERM, USR1 or INT
//! run upsmon -c fsd -P {pid}         a program of the subject runs to its end
//! wait 2s                            time passes
//! ```
//!
//! And what upsmon must do. Nothing else may have happened: notices and shutdowns that are not expected fail the case, if only
//! at its end.
//!
//! ```text
//! notice ONBATT LOWBATT @0s..2s      NOTIFYCMD was run for these, the next ones, in any order
//! text UPS {ups} on battery          the text of the last notice (text ~ PATTERN: matches it as a whole)
//! about dummy@{server_b}             NOTIFYCMD was told that the last notice is about this (about nothing)
//! shutdown @2s..4s                   SHUTDOWNCMD was run, with the flag set, and with no arguments
//! shutdown absent -h now             the same without the flag, with these (shutdown is TEXT ..: with another file in its place)
//! quiet 2s                           no notice and no shutdown, for so long from now
//! asks FSD dummy +0s..1s             the server was told this line since the last expectation of its kind ([b] asks ..)
//! asks 3 GET VAR dummy ups.status @0s..4s    it is told it so often more
//! never LOGIN                        the server was never told a line that begins like this
//! ended 0 @0s..1s                    upsmon ended with this exit code (ended not 0)
//! runs                               upsmon runs
//! log ~ PATTERN                      a line of its log matches in some part (log !~: none does by now; log 1 ~: exactly one)
//! wall ~ PATTERN                     something like this was said to everyone who is logged in (wall !~)
//! flag absent                        the file POWERDOWNFLAG is not there (flag is TEXT)
//! exit 0                             of the last `run` (exit not 0); stdout ~ PATTERN, stderr ~ PATTERN: of some line
//! ```
//!
//! `@2s..4s` is a time since the last act, `+2s..4s` since what was expected before. Both are exact where time is virtual; where
//! it is real, more is allowed behind the end, for machines that are busy. `=3300ms` behind it is the exact time where that is
//! virtual. `{server}`, `{server_b}`, `{ups}` (`dummy@{server}`), `{nobody}`, `{pid}` and `{hooks}` stand for facts; in patterns
//! they are taken literally.

mod conf;
mod parse;
mod play;

use std::time::Duration;

use outage_host::Signal;

pub use self::conf::Conf;
pub use self::parse::parse;
pub use self::play::play;
use super::Target;

/// A watch.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// upsmon.conf.
    pub conf: Conf,
    /// Targets that it makes no sense of, and why.
    pub skips: Vec<(Target, String)>,
    /// What the file POWERDOWNFLAG holds at first.
    pub flag: Option<String>,
    /// What happens, with the number of its line from 1 and its text.
    pub steps: Vec<(usize, String, Step)>,
}

/// When something must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Counted from the last act, not from the last expectation.
    pub since_act: bool,
    /// Not before.
    pub from: Duration,
    /// Not after, give or take where time is real.
    pub to: Duration,
    /// Exactly then, where time is virtual.
    pub exact: Option<Duration>,
}

/// A text that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// This.
    Exact(String),
    /// What matches this.
    Pattern(String),
}

/// One step of a watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// upsmon is started.
    Start(Vec<String>),
    /// A server does something.
    Server(char, Act),
    /// A line more in upsmon.conf.
    Add(String),
    /// A line less.
    Remove(String),
    /// upsmon is sent a signal.
    Signal(Signal),
    /// A program is run to its end.
    Run(Vec<String>),
    /// Time passes.
    Wait(Duration),
    /// Notices, in any order.
    Notice(Vec<String>, Option<Window>),
    /// The last notice's text.
    Text(Text),
    /// The last notice's UPS; empty for none.
    About(String),
    /// SHUTDOWNCMD ran: what the flag was, its arguments.
    Shutdown(String, String, Option<Window>),
    /// Nothing happens for so long.
    Quiet(Duration),
    /// A server is told a line.
    Asks(char, String, Option<Window>),
    /// A server is told a line so often more.
    AsksOften(char, usize, String, Window),
    /// A server was never told a line that begins like this.
    Never(char, String),
    /// upsmon has ended with this code, or not with it.
    Ended(bool, i32, Option<Window>),
    /// upsmon runs.
    Runs,
    /// How many lines of the log match: `None` for at least one.
    Log(String, Option<usize>),
    /// Whether something like this was said to everyone who is logged in.
    Wall(String, bool),
    /// The file POWERDOWNFLAG.
    Flag(Option<String>),
    /// The last run program's exit code, or another.
    Exit(bool, i32),
    /// A line of its standard output.
    Stdout(String),
    /// A line of its standard error.
    Stderr(String),
}

/// What a played server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It has another rule.
    Rule(String),
    /// It closes its connections and its socket.
    Goes,
    /// It listens again.
    Comes,
    /// It answers nothing.
    Mute,
    /// It answers again.
    Talks,
    /// It closes its connections.
    HangsUp,
}
