//! The connection to one driver: made, lost, made again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outage_host::BoxStream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;
use tokio::sync::{Notify, mpsc};

use super::{Server, plain};
use crate::core::UpsId;

/// Between attempts to connect: at first, so that it doesn't matter which of the two starts first;
const FIRST_RETRY: Duration = Duration::from_millis(50);
/// and later on.
const LAST_RETRY: Duration = Duration::from_secs(2);
/// A driver that cannot be reached is spoken of this often.
const REMINDER: Duration = Duration::from_secs(300);

/// A UPS whose driver is to be connected to.
pub(super) struct Driver {
    pub(super) server: Arc<Server>,
    pub(super) ups: UpsId,
    pub(super) name: String,
    /// File name of the socket.
    pub(super) socket: String,
    /// The socket.
    pub(super) path: PathBuf,
    /// There is something to tell the driver.
    pub(super) wake: Arc<Notify>,
}

impl Driver {
    /// Stays connected to the driver, as long as this future lives. Says on `attempted` when it first tried.
    pub(super) async fn attend(self, attempted: mpsc::Sender<()>) {
        let mut attempted = Some(attempted);
        let host = &self.server.host;
        let mut delay = FIRST_RETRY;
        let mut complaint: Option<(Duration, io::ErrorKind)> = None;
        loop {
            let start = host.now();
            let connected = host.connect_unix(&self.path).await;
            match connected {
                Ok(stream) => {
                    complaint = None;
                    self.server.info(format!("Connected to UPS [{}]: {}", self.name, self.socket));
                    self.server.with(|core| core.connected(self.ups, host.now()));
                    drop(attempted.take());
                    let end = self.converse(stream).await;
                    self.server.with(|core| core.disconnected(self.ups));
                    let why = end
                        .err()
                        .map_or_else(|| "it closed the connection".to_owned(), |error| plain(&error));
                    self.server
                        .notice(format!("Lost the driver of UPS [{}] ({}): {why}", self.name, self.socket));
                    if host.now() - start > LAST_RETRY {
                        delay = FIRST_RETRY;
                    }
                }
                Err(error) => {
                    let due =
                        complaint.is_none_or(|(said, kind)| start >= said + REMINDER || kind != error.kind());
                    if due {
                        complaint = Some((start, error.kind()));
                        host.warn(format!(
                            "Can't connect to UPS [{}] ({}): {}{}",
                            self.name,
                            self.socket,
                            plain(&error),
                            advice(&error)
                        ));
                    }
                    drop(attempted.take());
                }
            }
            host.sleep(delay).await;
            delay = (delay * 2).min(LAST_RETRY);
        }
    }

    /// Listens to the driver, and tells it what there is to tell, until the connection ends.
    async fn converse(&self, stream: BoxStream) -> io::Result<()> {
        let host = &self.server.host;
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut input = vec![0; 16 * 1024];
        let mut output = Vec::new();
        loop {
            let (more, next) = self.server.with(|core| {
                let next = core.supervise(self.ups, host.now());
                (core.take_outgoing(self.ups), next)
            });
            output.extend(more);
            let next = next.unwrap_or_else(|| host.now() + LAST_RETRY);
            select! {
                biased;
                read = reader.read(&mut input) => match read? {
                    0 => return Ok(()),
                    count => {
                        let said = input.get(..count).unwrap_or_default();
                        self.server.with(|core| core.from_driver(self.ups, said, host.now()));
                    }
                },
                written = writer.write(&output), if !output.is_empty() => match written? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => {
                        output.drain(..count.min(output.len()));
                    }
                },
                () = self.wake.notified() => {}
                () = host.sleep_until(next) => {}
            }
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (the driver runs as another user: start both with the same -u)",
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            " (is the driver running? upsdrvctl start)"
        }
        _ => "",
    }
}
