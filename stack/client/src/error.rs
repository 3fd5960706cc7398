//! What can go wrong between a client and its server.

use std::fmt;
use std::io;

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
            Self::Protocol => f.write_str("Invalid response from server"),
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
fn system_text(error: &io::Error) -> String {
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => "Connection refused",
        io::ErrorKind::ConnectionReset => "Connection reset by peer",
        io::ErrorKind::TimedOut => "Connection timed out",
        io::ErrorKind::BrokenPipe => "Broken pipe",
        io::ErrorKind::HostUnreachable => "No route to host",
        io::ErrorKind::NetworkUnreachable => "Network is unreachable",
        io::ErrorKind::AddrNotAvailable => "Cannot assign requested address",
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
    fn texts_are_those_of_nut(#[case] error: Error, #[case] text: &str) {
        assert_eq!(error.to_string(), text);
    }
}
