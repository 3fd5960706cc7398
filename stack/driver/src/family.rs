//! What a driver family is to the framework.

use std::fmt;

use async_trait::async_trait;

use crate::core::tree::Tree;

/// Why a device cannot be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// It is not there, or it left: close it, and look for it again.
    Gone(String),
    /// It is there but this exchange failed; the device stays open. Nothing was learnt: no variable and no flag changes.
    Failed(String),
    /// It is there and answers, but says itself that what it knows is too old: the data are stale at once; the device
    /// stays open.
    Stale(String),
    /// It can never work like this: the configuration is wrong. Said at start, exit 1.
    Config(String),
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(text) | Self::Failed(text) | Self::Stale(text) | Self::Config(text) => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for DeviceError {}

/// What became of an instant command or a write; the discriminants are the driver socket's TRACKING codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Handled = 0,
    /// No such command or variable here.
    Unknown = 1,
    /// The value or parameter is not acceptable.
    Invalid = 2,
    /// The device refused, or could not be reached.
    Failed = 3,
}

/// A driver family: it reads one device and tells the tree.
///
/// The framework calls `open` at start and after every [`DeviceError::Gone`] (with back-off), `init` after each
/// successful `open`, then `poll` every `pollinterval` and whenever `event` returned. A family never sets a variable or
/// a status token from data it did not read in this call or before.
#[async_trait]
pub trait Family: Send {
    /// Finds the device and opens it. Lines to print at start go to the host's log.
    async fn open(&mut self) -> Result<(), DeviceError>;
    /// Reads what does not change and declares variables' flags, ranges and the instant commands.
    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError>;
    /// One update cycle: reads, sets variables, composes the status (`tree.status_begin()` .. `tree.status_commit()`).
    /// `Ok` means that at least one value was truly read: the data are fresh.
    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError>;
    /// Waits until the device says something unasked (an interrupt report, an alert character). Cancel safe; never
    /// returns for families whose devices never do. The framework polls right after.
    async fn event(&mut self) -> Result<(), DeviceError>;
    /// Runs an instant command the framework does not know itself.
    ///
    /// `shutdown.default` is what `-k` runs unless `sdcommands` says otherwise. A family to which that is
    /// [`Outcome::Unknown`] is given `shutdown.return`, `shutdown.stayoff` and `load.off` in its place, until it knows one.
    async fn command(&mut self, name: &str, parameter: Option<&str>, tree: &mut Tree) -> Outcome;
    /// Writes a variable.
    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome;
    /// Lets go of the device. Called before every reopen and at the end.
    async fn close(&mut self);
}
