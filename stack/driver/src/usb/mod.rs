//! Where a USB device is reached: on this machine's own bus, or across the network by USB/IP, without a kernel module.

mod importer;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;

use outage_host::Host;
use outage_host::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

pub use importer::Importer;

/// The port that USB/IP servers listen on, registered with IANA.
pub const USBIP_PORT: u16 = 3240;

/// `port` of a USB driver in ups.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsbPort {
    /// This machine's bus. NUT takes any word for that, by custom `auto`.
    Local,
    /// `usbip://HOST[:PORT]/[BUSID]`
    Usbip {
        /// Name or address; an IPv6 address stands without its brackets.
        host: String,
        /// TCP port.
        port: u16,
        /// The device; without it, the first that matches.
        busid: Option<String>,
    },
}

impl UsbPort {
    /// Understands `port`.
    ///
    /// # Errors
    /// What is wrong with a `usbip://` address. Any other text is [`UsbPort::Local`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.trim().strip_prefix("usbip://") else { return Ok(Self::Local) };
        let wrong = |what: &str| Err(format!("port = {text}: {what}; write usbip://HOST:PORT/BUSID"));
        let (server, busid) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match server.strip_prefix('[').map(|inner| inner.split_once(']')) {
            Some(Some((host, port))) => (host, port.strip_prefix(':')),
            Some(None) => return wrong("the bracket is not closed"),
            None if server.matches(':').count() > 1 => return wrong("an IPv6 address needs brackets"),
            None => server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port))),
        };
        if host.is_empty() {
            return wrong("there is no host");
        }
        let port = match port {
            None => USBIP_PORT,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return wrong("the port is no number from 1 to 65535"),
            },
        };
        if busid.len() >= wire::BUSID || !busid.bytes().all(|b| b.is_ascii_graphic() && b != b'/') {
            return wrong("the bus id is not one that a server could have");
        }
        let busid = Some(busid.to_owned()).filter(|busid| !busid.is_empty());
        Ok(Self::Usbip { host: host.to_owned(), port, busid })
    }
}

impl fmt::Display for UsbPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("auto"),
            Self::Usbip { host, port, busid } => {
                let busid = busid.as_deref().unwrap_or("");
                if host.contains(':') {
                    write!(f, "usbip://[{host}]:{port}/{busid}")
                } else {
                    write!(f, "usbip://{host}:{port}/{busid}")
                }
            }
        }
    }
}

/// A device that may be the one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What is known of it.
    pub info: UsbInfo,
    /// Whether the ids in `info` are known before it is opened.
    pub ids_known: bool,
}

/// The bus a driver looks for its device on.
#[derive(Clone)]
pub struct UsbBackend {
    host: Host,
    port: UsbPort,
    access: UsbAccess,
}

/// How it is called in messages.
impl fmt::Display for UsbBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "port = {}", self.port)?;
        match self.access {
            UsbAccess::Usbfs => Ok(()),
            UsbAccess::Hidraw => f.write_str(", backend = hidraw"),
        }
    }
}

impl UsbBackend {
    /// A bus. `access` is for this machine's own.
    #[must_use]
    pub fn new(host: Host, port: UsbPort, access: UsbAccess) -> Self {
        Self { host, port, access }
    }

    /// The devices there are. A device across the network that is named by its bus id is taken to be there.
    ///
    /// # Errors
    /// The bus cannot be listed, or the server not be reached.
    pub async fn candidates(&self) -> Result<Vec<Candidate>, TransferError> {
        match &self.port {
            UsbPort::Local => {
                let infos = self.host.usb_devices(self.access).await?;
                Ok(infos.into_iter().map(|info| Candidate { info, ids_known: true }).collect())
            }
            UsbPort::Usbip { busid: Some(busid), .. } => {
                let info = UsbInfo { id: busid.clone(), port_path: busid.clone(), ..UsbInfo::default() };
                Ok(vec![Candidate { info, ids_known: false }])
            }
            UsbPort::Usbip { host, port, busid: None } => {
                let infos = importer::list(&self.host, host, *port).await?;
                Ok(infos.into_iter().map(|info| Candidate { info, ids_known: true }).collect())
            }
        }
    }

    /// Opens a candidate.
    ///
    /// # Errors
    /// It is gone, in use, or belongs to someone else.
    pub async fn open(&self, candidate: &Candidate) -> Result<Box<dyn UsbDevice>, TransferError> {
        match &self.port {
            UsbPort::Local => self.host.open_usb(self.access, &candidate.info.id).await,
            UsbPort::Usbip { host, port, .. } => {
                let importer = Importer::import(&self.host, host, *port, &candidate.info.id).await?;
                Ok(Box::new(importer))
            }
        }
    }
}

#[cfg(test)]
mod port_tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("auto", "auto")]
    #[case("/dev/ttyS0", "auto")]
    #[case("usbip://nas", "usbip://nas:3240/")]
    #[case("usbip://nas/", "usbip://nas:3240/")]
    #[case("usbip://nas/1-1.4", "usbip://nas:3240/1-1.4")]
    #[case(" usbip://10.0.0.2:9999/1-1 ", "usbip://10.0.0.2:9999/1-1")]
    #[case("usbip://[::1]/2-1", "usbip://[::1]:3240/2-1")]
    #[case("usbip://[fe80::2]:99/2-1", "usbip://[fe80::2]:99/2-1")]
    fn ports(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(UsbPort::parse(text).map(|port| port.to_string()), Ok(shown.to_owned()));
    }

    #[rstest]
    #[case("usbip://", "there is no host")]
    #[case("usbip://:3240/1-1", "there is no host")]
    #[case("usbip://nas:0/1-1", "the port is no number from 1 to 65535")]
    #[case("usbip://nas:x/1-1", "the port is no number from 1 to 65535")]
    #[case("usbip://nas:/1-1", "the port is no number from 1 to 65535")]
    #[case("usbip://::1/1-1", "an IPv6 address needs brackets")]
    #[case("usbip://[::1/1-1", "the bracket is not closed")]
    #[case("usbip://nas/1/2", "the bus id is not one that a server could have")]
    #[case(
        "usbip://nas/1-1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
        "the bus id is not one that a server could have"
    )]
    fn bad_ports(#[case] text: &str, #[case] what: &str) {
        let said = UsbPort::parse(text).expect_err("it is wrong");
        assert!(said.contains(what) && said.contains(text), "{said}");
    }
}
