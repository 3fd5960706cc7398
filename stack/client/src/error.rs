//! What can go wrong between a client and its server.

use std::fmt;
use std::io;
use std::time::Duration;

use outage_wire::net::ErrorCode;

/// Why a request has no answer. `Display` is the text that NUT's own clients print.
#[derive(Debug)]
pub enum Error {
    /// There is no host of this name.
    NoSuchHost,
    /// The server cannot be reached.
    Connect(io::Error),
    /// The request could not be sent.
    Write(io::Error),
    /// The reply could not be read.
    Read(io::Error),
    /// The server closed the connection, or an earlier request was given up in the middle of its reply.
    Disconnected,
    /// No reply in time. The connection is of no more use.
    Timeout,
    /// The server refused.
    Server(ErrorCode),
    /// The server refused for a reason this client doesn't know.
    UnknownCode(String),
    /// The reply is not one to the request. The connection is of no more use.
    Protocol,
    /// A row of a list has fewer words than rows of its kind. The connection is of no more use.
    Insufficient {
        /// How many words it has.
        got: usize,
        /// How many it needs.
        need: usize,
    },
    /// The reply is longer than any server's. The connection is of no more use.
    TooMuch,
    /// The server does not encrypt, and is required to.
    NoTls,
    /// The TLS handshake failed: what is wrong, e.g. with the server's certificate.
    Tls(String),
    /// There is no connection, and the next attempt at one is so far away (see [`crate::Reconnecting`]).
    NotYet(Duration),
}

impl Error {
    /// Whether the server answered, so that the connection can be used on.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Server(_) | Self::UnknownCode(_))
    }

    /// The code of a refusal.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Server(code) => Some(*code),
            _ => None,
        }
    }

    /// The word that a refusal had after `ERR`.
    #[must_use]
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Server(code) => Some(code.as_str()),
            Self::UnknownCode(word) => Some(word),
            _ => None,
        }
    }

    /// Whether the server hung up before it answered: on a connection that was idle for long, the request may simply
    /// be made again on another.
    pub(crate) fn is_hang_up(&self) -> bool {
        match self {
            Self::Disconnected | Self::Write(_) => true,
            Self::Read(error) => {
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchHost => f.write_str("No such host"),
            Self::Connect(error) => write!(f, "Connection failure: {}", system_text(error)),
            Self::Write(error) => write!(f, "Write error: {}", system_text(error)),
            Self::Read(error) => write!(f, "Read error: {}", system_text(error)),
            Self::Disconnected => f.write_str("Server disconnected"),
            Self::Timeout => f.write_str("Read error: Connection timed out"),
            Self::Server(code) => f.write_str(code.description()),
            Self::UnknownCode(_) => f.write_str("Unknown error"),
            Self::Protocol => f.write_str("Protocol error"),
            Self::Insufficient { got, need } => {
                write!(f, "insufficient data (got {got} args, need at least {need})")
            }
            Self::TooMuch => f.write_str("Protocol error: the reply has no end"),
            Self::NoTls => f.write_str("SSL is not available"),
            Self::Tls(why) => write!(f, "SSL error: {why}"),
            Self::NotYet(wait) => {
                write!(f, "Not connected; the next attempt is in {:.1} s", wait.as_secs_f64())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Connect(error) | Self::Write(error) | Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

/// As `strerror` words it, also for errors that did not come from the operating system.
pub(crate) fn system_text(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => "Connection refused",
        io::ErrorKind::ConnectionReset => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        io::ErrorKind::BrokenPipe => "Broken pipe",
        io::ErrorKind::HostUnreachable => "No route to host",
        io::ErrorKind::NetworkUnreachable => "Network is unreachable",
        io::ErrorKind::AddrNotAvailable => "Cannot assign requested address",
        io::ErrorKind::NotFound => "No such file or directory",
        io::ErrorKind::PermissionDenied => "Permission denied",
        io::ErrorKind::IsADirectory => "Is a directory",
        _ => {
            let text = error.to_string();
            return match text.find(" (os error ") {
                Some(end) => text[..end].to_owned(),
                None => text,
            };
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Error::Connect(io::Error::from_raw_os_error(111)), "Connection failure: Connection refused")]
    #[case(Error::Connect(io::ErrorKind::ConnectionRefused.into()), "Connection failure: Connection refused")]
    #[case(Error::Connect(io::Error::from_raw_os_error(24)), "Connection failure: Too many open files")]
    #[case(Error::Server(ErrorCode::DataStale), "Data stale")]
    #[case(Error::Server(ErrorCode::DriverNotConnected), "Driver not connected")]
    #[case(Error::Server(ErrorCode::UnknownUps), "Unknown UPS")]
    #[case(Error::Server(ErrorCode::AccessDenied), "Access denied")]
    #[case(Error::UnknownCode("NEW-ONE".to_owned()), "Unknown error")]
    #[case(Error::NoSuchHost, "No such host")]
    #[case(Error::Disconnected, "Server disconnected")]
    #[case(Error::Protocol, "Protocol error")]
    #[case(Error::NoTls, "SSL is not available")]
    #[case(Error::Insufficient { got: 3, need: 4 }, "insufficient data (got 3 args, need at least 4)")]
    fn texts_are_those_of_nut(#[case] error: Error, #[case] text: &str) {
        assert_eq!(error.to_string(), text);
    }
}
