//! Streams of Unix sockets that wake nobody for nothing.
//!
//! The kernel says of such a socket that it can be written to each time the other side has read something, although it could
//! be all the time. The runtime's own stream listens to that, and wakes a daemon once more for each line that it wrote. This
//! one asks only after it was told to wait.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::net::{SendFlags, Shutdown};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;

use super::sys;

/// A connected socket.
pub(super) struct Local {
    socket: AsyncFd<OwnedFd>,
    /// The same socket, once more was written than the kernel takes at once.
    full: Option<AsyncFd<OwnedFd>>,
}

impl Local {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        let socket = sys::watch_for(stream.into_std()?.into(), Interest::READABLE)?;
        Ok(Self { socket, full: None })
    }
}

fn send(socket: &OwnedFd, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            sent => return Ok(sent?),
        }
    }
}

impl AsyncRead for Local {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(context))?;
            let space = buffer.initialize_unfilled();
            match guard.try_io(|socket| Ok(rustix::io::read(socket, &mut *space)?)) {
                Err(_) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Ok(Ok(count)) => {
                    // Less than there was room for: that was all. The next try would only say so.
                    if (1..space.len()).contains(&count) {
                        guard.clear_ready();
                    }
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Local {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.full.is_none() {
            match send(self.socket.get_ref(), bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let same = self.socket.get_ref().try_clone()?;
                    self.full = Some(sys::watch_for(same, Interest::WRITABLE)?);
                }
                sent => return Poll::Ready(sent),
            }
        }
        while let Some(full) = &self.full {
            let mut guard = ready!(full.poll_write_ready(context))?;
            if let Ok(sent) = guard.try_io(|socket| send(socket.get_ref(), bytes)) {
                drop(guard);
                self.full = None;
                return Poll::Ready(sent);
            }
        }
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(rustix::net::shutdown(self.socket.get_ref(), Shutdown::Write)?))
    }
}
