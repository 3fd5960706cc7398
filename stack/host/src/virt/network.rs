//! Addresses and listeners of a world.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use super::life::Life;
use super::pipe::{Pipe, lock};
use crate::net::{BoxStream, Listener};

/// Connections that wait to be accepted; more than these go unanswered.
const BACKLOG: usize = 128;

/// After this, a machine on the same network that does not answer is said to be unreachable (Linux: 3 ARP requests).
pub(super) const UNREACHABLE_AFTER: Duration = Duration::from_secs(3);

/// What waits at a listener.
#[derive(Default)]
struct Waiting {
    streams: VecDeque<(Pipe, String)>,
    closed: bool,
}

/// A listener's queue.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

/// What became of a connection that was offered.
pub(super) enum Offer {
    Taken,
    /// Nobody listens.
    Refused,
    /// The queue is full: no answer at all.
    Ignored,
}

impl Queue {
    pub(super) fn offer(&self, stream: Pipe, peer: String) -> Offer {
        let mut waiting = lock(&self.waiting);
        if waiting.closed {
            return Offer::Refused;
        }
        if waiting.streams.len() >= BACKLOG {
            return Offer::Ignored;
        }
        waiting.streams.push_back((stream, peer));
        drop(waiting);
        self.arrived.notify_one();
        Offer::Taken
    }

    pub(super) fn close(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.closed = true;
        let streams = std::mem::take(&mut waiting.streams);
        drop(waiting);
        drop(streams);
    }

    pub(super) fn is_closed(&self) -> bool {
        lock(&self.waiting).closed
    }
}

/// A listening socket in memory.
pub(super) struct VirtualListener {
    pub(super) queue: Arc<Queue>,
    pub(super) port: u16,
    pub(super) life: Arc<Life>,
}

#[async_trait]
impl Listener for VirtualListener {
    async fn accept(&self) -> io::Result<(BoxStream, String)> {
        loop {
            self.life.check().await;
            if let Some((stream, peer)) = lock(&self.queue.waiting).streams.pop_front() {
                return Ok((Box::new(stream), peer));
            }
            self.queue.arrived.notified().await;
        }
    }

    fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for VirtualListener {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// A TCP socket that listens.
pub(super) struct Bound {
    pub(super) address: SocketAddr,
    pub(super) queue: Arc<Queue>,
    pub(super) pid: u32,
}

impl Bound {
    /// Whether a connection to `address` ends here.
    pub(super) fn takes(&self, address: SocketAddr) -> bool {
        let own = self.address.ip();
        self.address.port() == address.port()
            && own.is_ipv4() == address.is_ipv4()
            && (own.is_unspecified() || own == address.ip())
    }

    /// Whether both cannot be bound at once.
    pub(super) fn conflicts(&self, address: SocketAddr) -> bool {
        self.takes(address)
            || (address.ip().is_unspecified()
                && self.address.port() == address.port()
                && self.address.is_ipv4() == address.is_ipv4())
    }
}

/// The address of the `number`th machine, from 1.
pub(super) fn machine_address(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 0, high, low).into()
}

/// Whether `address` stays on the machine that uses it.
pub(super) fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

/// `localhost`, in the order of RFC 6724.
pub(super) fn localhost() -> [IpAddr; 2] {
    [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]
}
