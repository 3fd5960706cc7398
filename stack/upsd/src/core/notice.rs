//! What happened that is worth a line in the log. Never holds a password or a value that a client sent.

use std::fmt;

/// An event. `Display` is the line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they are: names and addresses")]
pub enum Notice {
    /// A driver was silent for too long, or says itself that it lost its device.
    Stale { ups: String },
    /// It is back.
    Fresh { ups: String },
    /// The driver has told all it has.
    DumpDone { ups: String },
    /// A driver's line cannot be taken apart.
    BadLine { ups: String },
    /// A driver's line has no meaning: why.
    UnknownLine { ups: String, why: String },
    /// A line about a variable that the driver never announced.
    UnknownVariable { ups: String, variable: String },
    /// LOGIN
    Login { user: String, address: String, ups: String },
    /// The session of a LOGIN ended.
    Logout { user: String, address: String, ups: String },
    /// A name and password that do not allow what was asked.
    Denied { user: String, address: String, what: &'static str },
    /// FSD
    Fsd { user: String, address: String, ups: String },
    /// SET VAR was handed to the driver.
    Set { user: String, address: String, ups: String, variable: String, tracking: Option<String> },
    /// INSTCMD was handed to the driver.
    Command { user: String, address: String, ups: String, command: String, tracking: Option<String> },
}

impl Notice {
    /// Whether someone should look into it.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::BadLine { .. } | Self::Denied { .. })
    }

    /// Whether it is of use to those only who look for a fault.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        matches!(self, Self::DumpDone { .. } | Self::UnknownLine { .. } | Self::UnknownVariable { .. })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { ups } => write!(f, "Data for UPS [{ups}] is stale - check driver"),
            Self::Fresh { ups } => write!(f, "UPS [{ups}] data is no longer stale"),
            Self::DumpDone { ups } => write!(f, "UPS [{ups}]: dump is done"),
            Self::BadLine { ups } => {
                write!(f, "Parse error on the driver socket of UPS [{ups}]: line ignored")
            }
            Self::UnknownLine { ups, why } => write!(f, "UPS [{ups}]: driver line ignored: {why}"),
            Self::UnknownVariable { ups, variable } => {
                write!(f, "UPS [{ups}]: driver line ignored: it describes {variable}, which was never set")
            }
            Self::Login { user, address, ups } => write!(f, "User {user}@{address} logged into UPS [{ups}]"),
            Self::Logout { user, address, ups } => {
                write!(f, "User {user}@{address} logged out from UPS [{ups}]")
            }
            Self::Denied { user, address, what } => {
                write!(
                    f,
                    "User {user}@{address} may not {what}: wrong name or password, or not granted in upsd.users"
                )
            }
            Self::Fsd { user, address, ups } => write!(f, "Client {user}@{address} set FSD on UPS [{ups}]"),
            Self::Set { user, address, ups, variable, tracking } => {
                write!(f, "Set variable: {user}@{address} set {variable} on {ups}")?;
                write_tracking(f, tracking)
            }
            Self::Command { user, address, ups, command, tracking } => {
                write!(f, "Instant command: {user}@{address} did {command} on {ups}")?;
                write_tracking(f, tracking)
            }
        }
    }
}

fn write_tracking(f: &mut fmt::Formatter<'_>, tracking: &Option<String>) -> fmt::Result {
    match tracking {
        Some(id) => write!(f, " (tracking ID: {id})"),
        None => Ok(()),
    }
}
