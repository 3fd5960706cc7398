//! The conformance harness: cases that say what must be true of a server, a driver's socket or a client, each with its
//! source, run against any implementation.
//!
//! A [`Case`] is data and a check. Most checks are a written conversation ([`talk`]); what a conversation can't say is
//! code with a [`stage::Stage`]. Both reach what is judged, the *subject*, through a [`lab::Lab`] only: our programs as
//! processes, NUT's own C programs, ours on machines in memory, or a server somewhere. Nothing in here uses code of the
//! stack that stands on the other side of a wire.

pub mod driver;
pub mod expectations;
pub mod faults;
pub mod keep;
pub mod lab;
pub mod record;
pub mod report;
pub mod runner;
pub mod serve;
pub mod setup;
pub mod stage;
pub mod suites;
pub mod talk;
pub mod verdict;
pub mod watch;
pub mod wire;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

pub use self::driver::Driver;
pub use self::lab::{Ran, Target};
pub use self::serve::Script;
pub use self::setup::{Manner, PlayedUps, Setup};
pub use self::stage::Stage;
pub use self::wire::Wire;

/// A future that can be kept in a table of functions.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One claim and how it is checked.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// `suite/topic/name`, for ever: expectations, reports and people's notes go by it.
    pub id: &'static str,
    /// Where the claim comes from: `RFC 9271 section 4.2.3`, `net-protocol`, `upsd(8)`, `upsd.users(5)`,
    /// `nut 2.8.0 as seen`, `nut#2371`, `CVE-2012-2944`.
    pub source: &'static str,
    /// How binding it is.
    pub level: Level,
    /// One sentence: what must be true.
    pub claim: &'static str,
    /// What the check may do to the subject.
    pub profile: Profile,
    /// How it is found out.
    pub check: Check,
}

impl Case {
    /// The first part of the id.
    #[must_use]
    pub fn suite(&self) -> &'static str {
        self.id.split('/').next().unwrap_or_default()
    }

    /// The first two parts of the id.
    #[must_use]
    pub fn topic(&self) -> &'static str {
        self.id.rfind('/').map_or(self.id, |at| &self.id[..at])
    }
}

/// How binding a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What NUT's C programs do and no text says; programs have come to rely on it.
    Observed,
    /// Allowed; if it is done then like this.
    May,
    /// Right, with room for good reasons.
    Should,
    /// Required.
    Must,
}

impl Level {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
            Self::Observed => "OBSERVED",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Must, Self::Should, Self::May, Self::Observed]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("`{text}` is no level: MUST, SHOULD, MAY or OBSERVED"))
    }
}

/// What a check may do to its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The harness starts the subject with a configuration of its own, and may do anything to it.
    Own,
    /// Only reads: also safe against a server that protects real machines.
    ReadOnly,
}

/// How a claim is checked.
#[derive(Clone, Copy)]
pub enum Check {
    /// A written conversation: see [`talk`].
    Talk(&'static str),
    /// What upsmon must do while its servers are played: see [`watch`].
    Watch(&'static str),
    /// Code: [`run!`](crate::run_check) makes one of an `async fn(&mut Stage) -> Outcome`.
    Run(for<'a> fn(&'a mut Stage) -> BoxFuture<'a, Outcome>),
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Talk(text) => f.debug_tuple("Talk").field(text).finish(),
            Self::Watch(text) => f.debug_tuple("Watch").field(text).finish(),
            Self::Run(_) => f.write_str("Run(..)"),
        }
    }
}

/// Makes a [`Check::Run`] of an `async fn(&mut Stage) -> Outcome`.
#[macro_export]
macro_rules! run_check {
    ($check:path) => {
        $crate::conform::Check::Run(|stage| Box::pin($check(stage)))
    };
}

/// What a check found: the claim holds, or why not.
pub type Outcome = Result<(), Miss>;

/// Why a claim was not seen to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It does not hold.
    Fail(String),
    /// What must be holds, what should be does not.
    NonStrict(String),
    /// The subject says that it does not have this.
    Unimplemented(String),
    /// Something that the check needs is not there: a program, a kernel's feature.
    Precondition(String),
    /// The check makes no sense of this subject.
    Skipped(String),
}

impl Miss {
    /// A failure.
    pub fn fail(text: impl Into<String>) -> Self {
        Self::Fail(text.into())
    }

    /// The text of any kind.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Fail(text)
            | Self::NonStrict(text)
            | Self::Unimplemented(text)
            | Self::Precondition(text)
            | Self::Skipped(text) => text,
        }
    }
}

impl From<String> for Miss {
    fn from(text: String) -> Self {
        Self::Fail(text)
    }
}

impl From<&str> for Miss {
    fn from(text: &str) -> Self {
        Self::Fail(text.to_owned())
    }
}

/// Fails with a text unless `holds`.
///
/// # Errors
/// [`Miss::Fail`].
pub fn ensure(holds: bool, text: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Miss::Fail(text())) }
}

/// Fails unless both are equal.
///
/// # Errors
/// [`Miss::Fail`] with both.
pub fn ensure_eq<T: PartialEq + fmt::Debug>(what: &str, seen: T, expected: T) -> Outcome {
    ensure(seen == expected, || format!("{what}: expected {expected:?}, seen {seen:?}"))
}
