//! USB/IP, the serving side: a [`Bus`] of virtual UPSes that hosts attach over any byte stream.
//!
//! What it speaks is Linux's protocol 1.1.1 (`Documentation/usb/usbip_protocol.rst`), so `usbip attach` and vhci-hcd
//! work with it, and so does any importer in user space. From the `usbip` crate come the codec and the device
//! description; the URB engine is our own, since the crate's cannot leave an interrupt IN transfer pending, stall with
//! EPIPE, delay, or unlink.

mod connection;
mod engine;
mod frame;
mod listener;
mod port;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::frame::Malformed;
pub use self::listener::Listener;
use self::port::Port;
use crate::bus::exchange::{Exchange, Observer};
use crate::ups::Ups;

/// A USB bus that hosts reach by USB/IP. Clones are handles to the same bus.
#[derive(Clone, Default)]
pub struct Bus {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ports: Mutex<Ports>,
    observer: Option<Observer>,
}

#[derive(Default)]
struct Ports {
    by_busid: BTreeMap<String, Port>,
    /// Device numbers and attachments handed out so far; neither is used twice.
    numbers: u32,
    leases: u64,
}

/// Why a device can't be plugged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlugError {
    /// Not a bus id as Linux writes them: up to 31 of `0-9 a-z A-Z . - _ :`.
    BadBusid(String),
    /// There is a device already.
    Taken(String),
    /// The UPS has no USB plug.
    NotUsb(String),
}

impl fmt::Display for PlugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadBusid(busid) => write!(
                f,
                "plug a UPS in at '{}': a bus id looks like 1-1 and has 1 to 31 of 0-9, a-z, A-Z and .-_:",
                busid.escape_debug()
            ),
            Self::Taken(busid) => write!(f, "plug a UPS in at {busid}: there is one already"),
            Self::NotUsb(name) => write!(f, "plug {name} in on a USB bus: it is a serial UPS"),
        }
    }
}

impl std::error::Error for PlugError {}

/// How a connection ended when it did not end well. The device is free again in any case.
#[derive(Debug)]
pub enum ServeError {
    /// What the client sent is not USB/IP.
    Malformed(Malformed),
    /// The stream failed.
    Stream(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => write!(f, "serve a USB/IP client: {malformed}"),
            Self::Stream(error) => write!(f, "serve a USB/IP client: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<Malformed> for ServeError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<io::Error> for ServeError {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl Bus {
    /// A bus with nothing on it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A bus whose every exchange `observer` sees. It is called between two steps of a device: it must not wait.
    #[must_use]
    pub fn observed(observer: Observer) -> Self {
        let shared = Shared { ports: Mutex::default(), observer: Some(observer) };
        Self { shared: Arc::new(shared) }
    }

    /// Plugs a UPS in. It is visible while its cable is in ([`Ups::attached`]).
    ///
    /// # Errors
    /// When the bus id is none, or is taken, or the UPS is not a USB device.
    pub fn plug(&self, busid: &str, ups: Ups) -> Result<(), PlugError> {
        if !port::is_busid(busid) {
            return Err(PlugError::BadBusid(busid.to_owned()));
        }
        if ups.identity().is_none() {
            return Err(PlugError::NotUsb(ups.name().to_owned()));
        }
        let mut ports = self.lock();
        if ports.by_busid.contains_key(busid) {
            return Err(PlugError::Taken(busid.to_owned()));
        }
        ports.by_busid.insert(busid.to_owned(), Port::new(ups));
        Ok(())
    }

    /// Pulls the cable of the UPS at this bus id: what is pending there ends, and its host's connection with it. False
    /// when there is none. [`Ups::unplug`] does the same.
    pub fn unplug(&self, busid: &str) -> bool {
        self.at(busid).is_some_and(|ups| {
            ups.unplug();
            true
        })
    }

    /// Puts the cable back: the device is there again, under a new device number. False when there is none.
    /// [`Ups::replug`] does the same.
    pub fn replug(&self, busid: &str) -> bool {
        self.at(busid).is_some_and(|ups| {
            ups.replug();
            true
        })
    }

    /// Takes the UPS off the bus for good, as [`Bus::unplug`] does.
    pub fn remove(&self, busid: &str) -> Option<Ups> {
        let port = self.lock().by_busid.remove(busid)?;
        port.ups.unplug();
        Some(port.ups)
    }

    /// The UPS at this bus id, its cable in or out.
    #[must_use]
    pub fn at(&self, busid: &str) -> Option<Ups> {
        self.lock().by_busid.get(busid).map(|port| port.ups.clone())
    }

    /// Bus ids with their UPSes, in order.
    #[must_use]
    pub fn devices(&self) -> Vec<(String, Ups)> {
        let ports = self.lock();
        ports.by_busid.iter().map(|(busid, port)| (busid.clone(), port.ups.clone())).collect()
    }

    /// Serves one client until it goes, the device it attached leaves, or it sends what is not USB/IP. Dropping the
    /// future ends the connection; the device is free again however it ends.
    ///
    /// # Errors
    /// When the client's bytes are not USB/IP, or the stream fails.
    pub async fn serve<S>(&self, stream: S) -> Result<(), ServeError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        connection::serve(self, stream).await
    }

    fn lock(&self) -> MutexGuard<'_, Ports> {
        // Nothing here is half done when a panic strikes.
        self.shared.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, exchange: &Exchange<'_>) {
        if let Some(observer) = &self.shared.observer {
            observer(exchange);
        }
    }
}

#[cfg(test)]
mod tests;
