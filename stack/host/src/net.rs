//! Byte streams and listeners: TCP and Unix sockets, real or virtual.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// How long one address may take to answer before the next one is tried. An address that drops packets would
/// otherwise keep a client for two minutes.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Anything bytes can be read from and written to without blocking.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + ?Sized> ByteStream for T {}

/// A connected socket.
pub type BoxStream = Box<dyn ByteStream>;

/// A bound socket that accepts connections until it is dropped.
pub type BoxListener = Box<dyn Listener>;

/// A bound TCP or Unix socket.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Waits for the next connection: its stream, and the peer's address as text without a port
    /// (`127.0.0.1`, `::1`; empty for a Unix socket). Cancel safe.
    ///
    /// # Errors
    /// What the socket said; the listener itself stays usable (e.g. after "too many open files").
    async fn accept(&self) -> io::Result<(BoxStream, String)>;

    /// The port this listens on (0 for a Unix socket): of use after asking for port 0.
    fn port(&self) -> u16;
}
