//! One client's connection: bytes in, replies out, and the switch to TLS in between.
//!
//! Thousands of clients are idle nearly all of the time, so this is a future written by hand: it holds no buffer while
//! it waits for a request, and no timer ever (see [`super::idle`]). A request is read onto the stack and answered into
//! room that all clients share; what a client does not take at once is all that is kept for it.

use std::io;
use std::mem::{MaybeUninit, take};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use outage_host::BoxStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Server;
use super::idle::Heard;
use super::tls::{self, Handshake};
use crate::core::{ClientId, Session};

/// Bytes read at once.
const CHUNK: usize = 2 * 1024;
/// Reads and writes of one client before the others have their turn.
const TURNS: usize = 4;

/// A connection and the session on it, to its end. However it ends, its login ends with it.
pub(super) struct Connection {
    server: Arc<Server>,
    session: Session,
    stream: Stream,
    heard: Heard,
    held: Option<Box<Held>>,
}

enum Stream {
    Open(BoxStream),
    Handshake(Handshake),
    Closed,
}

/// What is kept for a client that takes its replies slower than it asks.
#[derive(Default)]
struct Held {
    replies: Vec<u8>,
    /// How much of them is written.
    written: usize,
    /// Requests that were read, and are answered when the replies are gone.
    requests: Vec<u8>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.server.with(|core| core.close(&self.session));
        self.server.host.debug(2, format_args!("Disconnect from {}", self.session.address()));
    }
}

impl Future for Connection {
    type Output = ClientId;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ClientId> {
        let connection = self.get_mut();
        if let Err(error) = ready!(connection.advance(cx)) {
            let address = connection.session.address();
            connection.server.host.debug(2, format_args!("Disconnect {address}: {error}"));
        }
        Poll::Ready(connection.session.id())
    }
}

impl Connection {
    pub(super) fn new(server: Arc<Server>, session: Session, stream: BoxStream, heard: Heard) -> Self {
        Self { server, session, stream: Stream::Open(stream), heard, held: None }
    }

    /// Goes on as far as possible; ready when the connection is to be closed.
    fn advance(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..TURNS {
            if let Stream::Handshake(handshake) = &mut self.stream {
                match ready!(handshake.as_mut().poll(cx)) {
                    Ok(stream) => {
                        self.stream = Stream::Open(stream);
                        self.session.encrypted();
                        self.heard.at(self.server.host.now());
                    }
                    Err(error) => {
                        let address = self.session.address();
                        self.server.notice(format_args!("TLS handshake with {address} failed: {error}"));
                        return Poll::Ready(Ok(()));
                    }
                }
            }
            let Stream::Open(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
            if let Some(held) = &mut self.held {
                ready!(write(stream, &held.replies, &mut held.written, cx))?;
                // It reads, slow as it may be.
                self.heard.at(self.server.host.now());
                let requests = take(&mut held.requests);
                self.held = None;
                if self.session.is_starting_tls() {
                    self.start_tls(requests);
                    continue;
                }
                if !requests.is_empty() {
                    self.answer(&requests, cx)?;
                    continue;
                }
            }
            if self.session.is_closing() {
                return Pin::new(stream).poll_shutdown(cx);
            }
            let mut room = [MaybeUninit::uninit(); CHUNK];
            let mut input = ReadBuf::uninit(&mut room);
            ready!(Pin::new(stream).poll_read(cx, &mut input))?;
            if input.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.answer(input.filled(), cx)?;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Answers what was read, and sends the replies in one go as far as the client takes them.
    fn answer(&mut self, input: &[u8], cx: &mut Context<'_>) -> io::Result<()> {
        let now: Duration = self.server.host.now();
        let lines = self.session.lines();
        let (used, replies) = self.server.answer(&mut self.session, input, now);
        if self.session.lines() > lines {
            self.heard.at(now);
        }
        let rest = input.get(used..).unwrap_or_default();
        let mut written = 0;
        let sent = match &mut self.stream {
            Stream::Open(stream) if !replies.is_empty() => write(stream, &replies, &mut written, cx)?,
            _ => Poll::Ready(()),
        };
        let unsent = if sent.is_pending() { replies.get(written..).map(<[u8]>::to_vec) } else { None };
        self.server.give_back(replies);
        if let Some(replies) = unsent {
            self.held = Some(Box::new(Held { replies, written: 0, requests: rest.to_vec() }));
        } else if self.session.is_starting_tls() {
            self.start_tls(rest.to_vec());
        } else if !rest.is_empty() && !self.session.is_closing() {
            self.held = Some(Box::new(Held { requests: rest.to_vec(), ..Held::default() }));
        }
        Ok(())
    }

    /// The client was told to go on in TLS. `begun` is what it has sent of that already.
    fn start_tls(&mut self, begun: Vec<u8>) {
        self.stream = match (std::mem::replace(&mut self.stream, Stream::Closed), self.server.tls()) {
            (Stream::Open(stream), Some(acceptor)) => {
                Stream::Handshake(tls::handshake(self.server.host.clone(), acceptor, stream, begun))
            }
            // The certificate went with a reload, in this very moment.
            _ => Stream::Closed,
        };
    }
}

/// Writes what is not written yet, and sees it on its way.
fn write(
    stream: &mut BoxStream,
    bytes: &[u8],
    written: &mut usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while let Some(rest) = bytes.get(*written..).filter(|rest| !rest.is_empty()) {
        match ready!(Pin::new(&mut *stream).poll_write(cx, rest))? {
            0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => *written += count,
        }
    }
    Pin::new(stream).poll_flush(cx)
}
