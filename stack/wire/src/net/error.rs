//! What `upsd` says when it says no.

use std::fmt;
use std::str::FromStr;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $text:literal;)*) => {
        /// The word after `ERR`. `Display` is that word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As on the wire: `DATA-STALE`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// As NUT's clients print it: `Data stale`. Codes that C clients don't know (they print
            /// `Unknown error`) have a text of the same kind.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The user may not do this, or the password is wrong.
    AccessDenied = "ACCESS-DENIED", "Access denied";
    /// No section of this name in ups.conf.
    UnknownUps = "UNKNOWN-UPS", "Unknown UPS";
    /// The driver has no such variable.
    VarNotSupported = "VAR-NOT-SUPPORTED", "Variable not supported by UPS";
    /// The driver has no such instant command.
    CmdNotSupported = "CMD-NOT-SUPPORTED", "Instant command not supported";
    /// Too few or too many words, or an unknown sub-verb.
    InvalidArgument = "INVALID-ARGUMENT", "Invalid argument";
    /// The command could not be handed to the driver.
    InstcmdFailed = "INSTCMD-FAILED", "Instant command failed";
    /// The value could not be handed to the driver.
    SetFailed = "SET-FAILED", "Set command failed";
    /// The variable cannot be written.
    ReadOnly = "READONLY", "Read-only variable";
    /// The value is longer than the variable.
    TooLong = "TOO-LONG", "New value is too long";
    /// Not built in.
    FeatureNotSupported = "FEATURE-NOT-SUPPORTED", "Feature not supported";
    /// Built in, not configured.
    FeatureNotConfigured = "FEATURE-NOT-CONFIGURED", "Feature not configured";
    /// STARTTLS a second time.
    AlreadySslMode = "ALREADY-SSL-MODE", "Already in SSL mode";
    /// The driver is not running, or `upsd` is not connected to it.
    DriverNotConnected = "DRIVER-NOT-CONNECTED", "Driver not connected";
    /// The driver is there, its data are too old.
    DataStale = "DATA-STALE", "Data stale";
    /// LOGIN a second time.
    AlreadyLoggedIn = "ALREADY-LOGGED-IN", "Already logged in";
    /// ATTACH a second time: RFC 9271's name for ALREADY-LOGGED-IN.
    AlreadyAttached = "ALREADY-ATTACHED", "Already attached";
    /// Documented; never sent.
    InvalidPassword = "INVALID-PASSWORD", "Invalid password";
    /// PASSWORD a second time.
    AlreadySetPassword = "ALREADY-SET-PASSWORD", "Already set password";
    /// Documented; never sent.
    InvalidUsername = "INVALID-USERNAME", "Invalid username";
    /// USERNAME a second time.
    AlreadySetUsername = "ALREADY-SET-USERNAME", "Already set username";
    /// The verb needs USERNAME first.
    UsernameRequired = "USERNAME-REQUIRED", "Username required";
    /// The verb needs PASSWORD first.
    PasswordRequired = "PASSWORD-REQUIRED", "Password required";
    /// No such verb, or an empty line.
    UnknownCommand = "UNKNOWN-COMMAND", "Unknown command";
    /// Not in the variable's list, or outside its ranges.
    InvalidValue = "INVALID-VALUE", "Invalid value for variable";
    /// Only in answer to `GET TRACKING id`: no such id, or the driver knows no such command or variable.
    Unknown = "UNKNOWN", "Unknown";
    /// Only in answer to `GET TRACKING id`: the device refused.
    Failed = "FAILED", "Failed";
    /// Only from servers before NUT 1.5.
    VarUnknown = "VAR-UNKNOWN", "Variable unknown";
    /// Only from servers before NUT 1.5.
    UnknownType = "UNKNOWN-TYPE", "Unknown variable type";
    /// Only from servers before NUT 1.5.
    UnknownInstcmd = "UNKNOWN-INSTCMD", "Unknown instant command";
    /// Only from servers before NUT 1.5.
    MissingArgument = "MISSING-ARGUMENT", "Missing argument";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::error::Error for ErrorCode {}

/// The word is no error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownErrorCode;

impl fmt::Display for UnknownErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown error code")
    }
}

impl std::error::Error for UnknownErrorCode {}

impl FromStr for ErrorCode {
    type Err = UnknownErrorCode;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(UnknownErrorCode)
    }
}
