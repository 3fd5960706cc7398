//! TCP and Unix sockets of the operating system.

use std::io::{self, IoSlice};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::Mode;
use rustix::net::sockopt::set_tcp_quickack;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};

use super::local::Local;
use super::timer::Timers;
use crate::net::{BoxListener, BoxStream, CONNECT_LIMIT, Listener};

/// Connections that may wait to be accepted: a rack of machines that all come back at once. The kernel's own limit
/// (net.core.somaxconn) counts if that is lower.
const BACKLOG: u32 = 4096;
/// What the kernel holds for a connection in each direction, at most. Left to itself it holds up to 4 MB for a client
/// that sends requests and never reads a reply; a line and a list are a few KB.
const BUFFER: u32 = 64 * 1024;

pub(super) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // RFC 6761, section 6.3: never a question for a name server. (A machine without /etc/hosts would wait for one.)
    if host.eq_ignore_ascii_case("localhost") {
        let both: [IpAddr; 2] = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        return Ok(both.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    let no_such_host = |text: String| io::Error::new(io::ErrorKind::NotFound, text);
    let mut addresses: Vec<_> = match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(no_such_host(format!("no such host: {error}"))),
    };
    let mut seen = std::collections::BTreeSet::new();
    addresses.retain(|address| seen.insert(*address));
    if addresses.is_empty() {
        return Err(no_such_host("no such host: it has no address".into()));
    }
    Ok(addresses)
}

pub(super) async fn connect_tcp(host: &str, port: u16, timers: &Timers) -> io::Result<BoxStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in resolve(host, port).await? {
        match timers.timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(Box::new(Prompt(stream)));
            }
            // "localhost" is tried by IPv6 first: what IPv4 says after that counts more.
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

/// A client's connection, which acknowledges at once what it has received. A server that writes line by line and waits for
/// the acknowledgement of the first one before it sends the others (Nagle's algorithm, RFC 896; NUT's upsd does) would
/// otherwise take 40 ms for a list.
struct Prompt(TcpStream);

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        if read.is_ready() {
            // Linux forgets it at its own discretion, so it is asked for each time. Without it, all goes on more slowly.
            let _ = set_tcp_quickack(&self.0, true);
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

pub(super) fn listen_tcp(address: SocketAddr, timers: &Timers) -> io::Result<BoxListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        let socket = TcpSocket::new_v6()?;
        rustix::net::sockopt::set_ipv6_v6only(&socket, true)?;
        socket
    };
    // Without this, a restarted server would have to wait for its last incarnation's connections to time out.
    socket.set_reuseaddr(true)?;
    // Accepted sockets inherit these. What cannot be set stays as it is.
    let _ = socket.set_send_buffer_size(BUFFER);
    let _ = socket.set_recv_buffer_size(BUFFER);
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let port = listener.local_addr()?.port();
    Ok(Box::new(Tcp { listener, port, timers: timers.clone() }))
}

pub(super) async fn connect_unix(path: &Path) -> io::Result<BoxStream> {
    Ok(Box::new(Local::new(UnixStream::connect(path).await?)?))
}

/// The umask belongs to the whole process: one at a time.
static UMASK: Mutex<()> = Mutex::new(());

pub(super) fn listen_unix(path: &Path, mode: u32, timers: &Timers) -> io::Result<BoxListener> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => std::fs::remove_file(path)?,
        _ => {}
    }
    let guard = UMASK.lock();
    // A chmod afterwards would leave a moment in which anybody can connect.
    let before = rustix::process::umask(Mode::from_raw_mode(!mode & 0o777));
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    drop(guard);
    Ok(Box::new(Unix { listener: listener?, timers: timers.clone() }))
}

struct Tcp {
    listener: TcpListener,
    port: u16,
    timers: Timers,
}

struct Unix {
    listener: UnixListener,
    timers: Timers,
}

/// Errors of accept(2) that say nothing about the listener: try again. When the machine is out of something, a little
/// later, or the caller's loop would spin.
async fn calm(error: io::Error, timers: &Timers) -> io::Result<()> {
    match error.raw_os_error() {
        Some(libc::ECONNABORTED | libc::EINTR | libc::EPROTO) => Ok(()),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => {
            timers.sleep(Duration::from_millis(100)).await;
            Err(error)
        }
        _ => Err(error),
    }
}

#[async_trait]
impl Listener for Tcp {
    async fn accept(&self) -> io::Result<(BoxStream, String)> {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    // Fails only when the peer is gone again; the first read tells.
                    let _ = stream.set_nodelay(true);
                    return Ok((Box::new(stream), peer.ip().to_string()));
                }
                Err(error) => calm(error, &self.timers).await?,
            }
        }
    }

    fn port(&self) -> u16 {
        self.port
    }
}

#[async_trait]
impl Listener for Unix {
    async fn accept(&self) -> io::Result<(BoxStream, String)> {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Ok((Box::new(Local::new(stream)?), String::new())),
                Err(error) => calm(error, &self.timers).await?,
            }
        }
    }

    fn port(&self) -> u16 {
        0
    }
}
