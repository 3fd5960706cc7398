//! What happened in a world, in one order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::os::{Priority, Signal};
use crate::process::{Command, ExitStatus};

/// Something that a process did, or that befell its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Since the world began.
    pub at: Duration,
    /// The machine's name.
    pub machine: Arc<str>,
    /// The process's name; empty for the machine itself.
    pub process: Arc<str>,
    /// What it was.
    pub kind: EventKind,
}

/// What an [`Event`] was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A line for the log.
    Log(Priority, String),
    /// Text for standard output.
    Print(String),
    /// A question to whoever runs the program; whether the answer is a secret.
    Asked(String, bool),
    /// A message to everyone who is logged in.
    Broadcast(String),
    /// The daemon's start-up is over.
    Ready,
    /// A word to the service manager.
    Manager(String),
    /// A program was started as this process id.
    Spawned(u32, Command),
    /// A process ended. Its name stands in [`Event::process`].
    Exited(u32, ExitStatus),
    /// A process was sent a signal. The receiver's name stands in [`Event::process`].
    Signalled(u32, Signal),
    /// A file was written, with this content and these permission bits.
    Wrote(PathBuf, Vec<u8>, u32),
    /// A file was removed.
    Removed(PathBuf),
    /// The process became this user and group.
    BecameUser(String, Option<String>),
    /// The machine lost its power.
    PoweredOff,
    /// The machine has power again.
    PoweredOn,
}
