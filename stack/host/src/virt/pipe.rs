//! Connections in memory: two bounded byte queues with the manners of a socket.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that one direction holds before its writer has to wait; about what a socket buffer takes.
const CAPACITY: usize = 64 * 1024;

/// Locks, whatever became of the last holder: the data behind these locks are consistent at every unlock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One direction of a connection.
#[derive(Default)]
struct Direction {
    bytes: VecDeque<u8>,
    /// How many bytes at the queue's end are still on the way (the link is cut).
    held: usize,
    /// The writer closed.
    end: bool,
    /// The end is still on the way.
    end_held: bool,
    /// After the bytes, the reader gets "connection reset" instead of the end.
    reset: bool,
    /// The reader is gone: writing fails.
    no_reader: bool,
    /// Nobody at the other end knows of this connection any more: the next write brings a reset back.
    forgotten: bool,
    /// What is written from now on stays on the way.
    cut: bool,
    reader: Waiter,
    writer: Waiter,
}

/// Somebody who waits for something, again and again: its waker is kept, since it is mostly the same.
#[derive(Default)]
pub(super) struct Waiter {
    waker: Option<Waker>,
    waits: bool,
}

impl Waiter {
    pub(super) fn wait(&mut self, context: &Context<'_>) {
        self.waits = true;
        match &self.waker {
            Some(waker) if waker.will_wake(context.waker()) => {}
            _ => self.waker = Some(context.waker().clone()),
        }
    }

    /// Wakes it, if it waits.
    pub(super) fn wake(&mut self) {
        if std::mem::take(&mut self.waits)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }
}

impl Direction {
    fn finish(&mut self) {
        if !self.end {
            self.end = true;
            self.end_held = self.cut;
            self.reader.wake();
        }
    }
}

/// Both directions. `directions[s]` is what side `s` writes.
#[derive(Default)]
pub(super) struct Connection {
    directions: [Direction; 2],
    /// The process at this side runs no more; its reads and writes never return.
    frozen: [bool; 2],
    closed: [bool; 2],
}

impl Connection {
    /// This side closes, as at the end of its process: the peer reads what is on the way, then the end, or a reset
    /// when this side left bytes unread.
    fn close(&mut self, side: usize) {
        if std::mem::replace(&mut self.closed[side], true) {
            return;
        }
        let unread = !self.directions[1 - side].bytes.is_empty();
        self.directions[side].reset |= unread;
        self.directions[side].finish();
        self.directions[1 - side].no_reader = true;
        self.directions[1 - side].writer.wake();
    }

    /// The process at this side was killed.
    pub(super) fn kill(&mut self, side: usize) {
        self.frozen[side] = true;
        self.close(side);
    }

    /// Side 0 is a serial line whose device is gone.
    pub(super) fn hang_up(&mut self) {
        self.close(1);
        self.close(0);
    }

    /// The machine at this side lost its power: the other machine hears nothing of it.
    pub(super) fn vanish(&mut self, side: usize) {
        self.frozen[side] = true;
        self.closed[side] = true;
        self.cut();
    }

    /// The machine at this side is up again and does not know this connection.
    pub(super) fn forget(&mut self, side: usize) {
        let peer = 1 - side;
        if self.directions[peer].held > 0 || self.directions[peer].end_held {
            self.reset(peer);
        } else {
            self.directions[peer].forgotten = true;
        }
    }

    /// `side` gets a reset.
    fn reset(&mut self, side: usize) {
        let incoming = &mut self.directions[1 - side];
        incoming.reset = true;
        incoming.end = true;
        incoming.end_held = false;
        incoming.reader.wake();
        self.directions[side].no_reader = true;
        self.directions[side].writer.wake();
    }

    /// From now on nothing arrives.
    pub(super) fn cut(&mut self) {
        for direction in &mut self.directions {
            direction.cut = true;
        }
    }

    /// What was on the way arrives.
    pub(super) fn heal(&mut self) {
        for direction in &mut self.directions {
            direction.cut = false;
            direction.held = 0;
            direction.end_held = false;
            direction.reader.wake();
            direction.writer.wake();
        }
    }
}

/// One end of a connection in memory. Dropping it closes the connection.
pub struct Pipe {
    connection: Arc<Mutex<Connection>>,
    side: usize,
}

impl Pipe {
    /// Two ends of a new connection.
    #[must_use]
    pub fn pair() -> (Self, Self) {
        let connection = Arc::new(Mutex::new(Connection::default()));
        (Self { connection: Arc::clone(&connection), side: 0 }, Self { connection, side: 1 })
    }

    /// Whether the other end has closed, or is about to be seen closed.
    #[must_use]
    pub fn peer_closed(&self) -> bool {
        lock(&self.connection).closed[1 - self.side]
    }

    /// Throws away what has arrived and was not read.
    pub(super) fn discard(&self) {
        let mut connection = lock(&self.connection);
        let incoming = &mut connection.directions[1 - self.side];
        let arrived = incoming.bytes.len() - incoming.held;
        incoming.bytes.drain(..arrived);
        incoming.writer.wake();
    }

    pub(super) fn connection(&self) -> &Arc<Mutex<Connection>> {
        &self.connection
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        lock(&self.connection).close(self.side);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut connection = lock(&self.connection);
        if connection.frozen[self.side] {
            return Poll::Pending;
        }
        let incoming = &mut connection.directions[1 - self.side];
        let arrived = incoming.bytes.len() - incoming.held;
        let length = arrived.min(buffer.remaining());
        if length > 0 {
            let (front, back) = incoming.bytes.as_slices();
            let from_front = front.len().min(length);
            buffer.put_slice(&front[..from_front]);
            buffer.put_slice(&back[..length - from_front]);
            incoming.bytes.drain(..length);
            incoming.writer.wake();
            return Poll::Ready(Ok(()));
        }
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if incoming.end && !incoming.end_held {
            return Poll::Ready(if incoming.reset {
                Err(io::ErrorKind::ConnectionReset.into())
            } else {
                Ok(())
            });
        }
        incoming.reader.wait(context);
        Poll::Pending
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let mut connection = lock(&self.connection);
        if connection.frozen[self.side] {
            return Poll::Pending;
        }
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let side = self.side;
        let outgoing = &mut connection.directions[side];
        if outgoing.end || outgoing.no_reader {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if outgoing.forgotten {
            connection.reset(side);
            return Poll::Ready(Ok(data.len()));
        }
        let length = data.len().min(CAPACITY - outgoing.bytes.len());
        if length == 0 {
            outgoing.writer.wait(context);
            return Poll::Pending;
        }
        outgoing.bytes.extend(&data[..length]);
        if outgoing.cut {
            outgoing.held += length;
        } else {
            outgoing.reader.wake();
        }
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut connection = lock(&self.connection);
        if connection.frozen[self.side] {
            return Poll::Pending;
        }
        connection.directions[self.side].finish();
        Poll::Ready(Ok(()))
    }
}
