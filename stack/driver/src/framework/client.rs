//! One connection to the driver's socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outage_host::BoxStream;
use outage_wire::Lexer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::core::socket::Session;

/// Bytes that may wait for a client that does not read. Beyond that it is dropped.
const MAX_QUEUED: usize = 1 << 20;

/// What the server keeps of a connection.
pub(super) struct Client {
    pub(super) lexer: Lexer,
    pub(super) session: Session,
    outbox: UnboundedSender<Arc<str>>,
    queued: Arc<AtomicUsize>,
}

/// The end of a connection that its task holds.
pub(super) struct Pump {
    id: u64,
    stream: BoxStream,
    outbox: UnboundedReceiver<Arc<str>>,
    queued: Arc<AtomicUsize>,
    inbox: Sender<(u64, Vec<u8>)>,
}

impl Client {
    /// A connection. What it sends goes to `inbox`.
    pub(super) fn new(id: u64, stream: BoxStream, inbox: Sender<(u64, Vec<u8>)>) -> (Self, Pump) {
        let (sender, outbox) = unbounded_channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let client = Self {
            lexer: Lexer::network(),
            session: Session::default(),
            outbox: sender,
            queued: Arc::clone(&queued),
        };
        (client, Pump { id, stream, outbox, queued, inbox })
    }

    /// Queues text for it; false when it has not read too much already.
    #[must_use]
    pub(super) fn send(&self, text: &Arc<str>) -> bool {
        let queued = self.queued.fetch_add(text.len(), Ordering::Relaxed) + text.len();
        queued <= MAX_QUEUED && self.outbox.send(Arc::clone(text)).is_ok()
    }
}

impl Pump {
    /// Carries bytes both ways until the peer goes, or the server lets go of its [`Client`] (what was queued is written
    /// before). Returns the connection's number.
    pub(super) async fn run(mut self) -> u64 {
        let mut buffer = vec![0; 1024];
        loop {
            select! {
                biased;
                text = self.outbox.recv() => {
                    let Some(text) = text else {
                        let _ = self.stream.shutdown().await;
                        return self.id;
                    };
                    if self.stream.write_all(text.as_bytes()).await.is_err() {
                        return self.id;
                    }
                    self.queued.fetch_sub(text.len(), Ordering::Relaxed);
                }
                read = self.stream.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return self.id,
                    Ok(length) => {
                        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
                        if self.inbox.send((self.id, bytes)).await.is_err() {
                            return self.id;
                        }
                    }
                },
            }
        }
    }
}
