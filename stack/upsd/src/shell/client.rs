//! One client's connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use outage_host::{BoxStream, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;

use super::Server;
use crate::core::{ClientId, Session};

/// A client that completes no line for so long is dropped.
const IDLE: Duration = Duration::from_secs(60);
/// With so many bytes of replies to write, no more requests are answered until they are written.
const ENOUGH: usize = 64 * 1024;
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// A connection and the session on it. However it ends, its login ends with it.
pub(super) struct Connection {
    pub(super) server: Arc<Server>,
    pub(super) session: Session,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.server.with(|core| core.close(&self.session));
        self.server.host.debug(2, format!("Disconnect from {}", self.session.address()));
    }
}

/// The alarm that ends a silent client, set anew only when it rings.
struct Patience<'a> {
    host: &'a Host,
    last_line: Duration,
    alarm: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
}

impl<'a> Patience<'a> {
    fn new(host: &'a Host) -> Self {
        let now = host.now();
        Self { host, last_line: now, alarm: host.sleep_until(now + IDLE) }
    }

    /// Returns when the client was silent for too long. Cancel safe.
    async fn ends(&mut self) {
        loop {
            self.alarm.as_mut().await;
            let end = self.last_line + IDLE;
            if self.host.now() >= end {
                // Rings again at once, should anybody ask.
                self.alarm = self.host.sleep_until(end);
                return;
            }
            self.alarm = self.host.sleep_until(end);
        }
    }
}

impl Connection {
    /// Answers until the client goes, or is to go.
    pub(super) async fn serve(mut self, mut stream: BoxStream) -> ClientId {
        let id = self.session.id();
        if let Err(error) = self.exchange(&mut stream).await {
            self.server.host.debug(2, format!("Disconnect {}: {error}", self.session.address()));
        }
        id
    }

    async fn exchange(&mut self, stream: &mut BoxStream) -> io::Result<()> {
        let server = Arc::clone(&self.server);
        let mut patience = Patience::new(&server.host);
        let mut input = vec![0; CHUNK];
        let mut output = Vec::new();
        loop {
            let count = select! {
                biased;
                read = stream.read(&mut input) => read?,
                () = patience.ends() => return Err(io::ErrorKind::TimedOut.into()),
            };
            if count == 0 {
                return Ok(());
            }
            let mut rest = input.get(..count).unwrap_or_default();
            while !rest.is_empty() {
                let lines = self.session.lines();
                let now = server.host.now();
                let used = server.answer(&mut self.session, rest, now, ENOUGH, &mut output);
                rest = rest.get(used..).unwrap_or_default();
                if self.session.lines() > lines {
                    patience.last_line = now;
                }
                if !output.is_empty() {
                    select! {
                        biased;
                        written = write(stream, &output) => written?,
                        () = patience.ends() => return Err(io::ErrorKind::TimedOut.into()),
                    }
                    output.clear();
                    output.shrink_to(ENOUGH);
                }
                if self.session.is_closing() {
                    return stream.shutdown().await;
                }
            }
        }
    }
}

async fn write(stream: &mut BoxStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
