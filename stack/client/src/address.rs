//! How users name servers and UPSes: `host[:port]`, `ups[@host[:port]]`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use outage_wire::DEFAULT_PORT;

/// `host[:port]`; nothing is localhost. An IPv6 address stands in brackets when a port follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAddress {
    /// Name or address, without brackets.
    pub host: String,
    /// 3493 unless given.
    pub port: u16,
}

/// `ups[@host[:port]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpsAddress {
    /// The UPS's name on its server.
    pub ups: String,
    /// Where.
    pub server: ServerAddress,
}

/// What is wrong with an address. `Display` is NUT's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Not `[host[:port]]`.
    Server,
    /// Not `ups[@host[:port]]`.
    Ups,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "invalid hostname. Required format: [hostname[:port]]",
            Self::Ups => "invalid UPS definition. Required format: upsname[@hostname[:port]]",
        })
    }
}

impl std::error::Error for AddressError {}

impl Default for ServerAddress {
    fn default() -> Self {
        Self { host: "localhost".to_owned(), port: DEFAULT_PORT }
    }
}

/// `host:port`, with brackets around an IPv6 address.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// `ups@host:port`
impl fmt::Display for UpsAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.ups, self.server)
    }
}

impl FromStr for ServerAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        // More than one colon and no brackets: an IPv6 address that goes without a port.
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self { host: text.to_owned(), port: DEFAULT_PORT });
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']').ok_or(AddressError::Server)?;
                match behind.strip_prefix(':') {
                    None if behind.is_empty() => (host, None),
                    None => return Err(AddressError::Server),
                    Some(port) => (host, Some(port)),
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '@') {
            return Err(AddressError::Server);
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(AddressError::Server)?,
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl FromStr for UpsAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (ups, server) = match text.split_once('@') {
            None => (text, ServerAddress::default()),
            Some((_, "")) => return Err(AddressError::Ups),
            Some((ups, server)) => (ups, server.parse().map_err(|_| AddressError::Ups)?),
        };
        if ups.is_empty() || ups.contains(char::is_whitespace) {
            return Err(AddressError::Ups);
        }
        Ok(Self { ups: ups.to_owned(), server })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("eaton", Some(("eaton", "localhost", 3493)))]
    #[case("eaton@nas", Some(("eaton", "nas", 3493)))]
    #[case("eaton@nas:1234", Some(("eaton", "nas", 1234)))]
    #[case("eaton@127.0.0.1:1", Some(("eaton", "127.0.0.1", 1)))]
    #[case("eaton@[::1]:1234", Some(("eaton", "::1", 1234)))]
    #[case("eaton@[fe80::1%eth0]", Some(("eaton", "fe80::1%eth0", 3493)))]
    #[case("eaton@::1", Some(("eaton", "::1", 3493)))]
    #[case("", None)]
    #[case("@nas", None)]
    #[case("eaton@", None)]
    #[case("eaton@nas:", None)]
    #[case("eaton@nas:0", None)]
    #[case("eaton@nas:65536", None)]
    #[case("eaton@nas:x", None)]
    #[case("eaton@[::1", None)]
    #[case("eaton@[::1]1", None)]
    #[case("eaton@[]:1", None)]
    #[case("eaton@nas@x", None)]
    #[case("eaton 1", None)]
    fn ups_addresses(#[case] text: &str, #[case] expected: Option<(&str, &str, u16)>) {
        let read = text.parse::<UpsAddress>().ok();
        let read = read.as_ref().map(|a| (a.ups.as_str(), a.server.host.as_str(), a.server.port));
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn what_is_shown_is_read_again() {
        for text in ["eaton@nas:3493", "eaton@[::1]:77"] {
            assert_eq!(text.parse::<UpsAddress>().map(|address| address.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn no_server_is_localhost() {
        assert_eq!("".parse(), Ok(ServerAddress { host: "localhost".to_owned(), port: 3493 }));
        assert_eq!(":1".parse::<ServerAddress>(), Err(AddressError::Server));
    }
}
