//! A short conversation with a running driver, at its socket.

use std::io;
use std::path::Path;
use std::time::Duration;

use outage_host::{BoxStream, Host};
use outage_wire::lex::{Charset, Lexer, Limits};
use outage_wire::sock::{FromDriver, ToDriver, TrackingStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a driver may take to answer. One that is busy with its device answers between two exchanges.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a driver's lines are held to.
const LIMITS: Limits = Limits { words: 32, word_length: 512, charset: Charset::Utf8 };

/// The name under which a command's outcome is asked for.
const TRACKING: &str = "upsdrvctl";

/// A connection to a driver.
pub(super) struct Driver<'a> {
    host: &'a Host,
    stream: BoxStream,
    lexer: Lexer,
    unread: Vec<u8>,
}

impl<'a> Driver<'a> {
    pub(super) async fn connect(host: &'a Host, socket: &Path) -> io::Result<Self> {
        let stream = host.connect_unix(socket).await?;
        let mut driver = Self { host, stream, lexer: Lexer::with_limits(LIMITS), unread: Vec::new() };
        // What changes meanwhile is of no interest. NUT's drivers before 2.8.0 don't know this and log a line.
        driver.say(ToDriver::Broadcast(false)).await?;
        Ok(driver)
    }

    pub(super) async fn say(&mut self, request: ToDriver<'_>) -> io::Result<()> {
        self.stream.write_all(format!("{request}\n").as_bytes()).await
    }

    /// Reads lines until `pick` finds what it looks for in one.
    async fn until<T>(&mut self, mut pick: impl FnMut(FromDriver<'_>) -> Option<T>) -> io::Result<T> {
        let work = async {
            let mut buffer = [0; 1024];
            loop {
                let bytes = std::mem::take(&mut self.unread);
                let mut input = bytes.as_slice();
                while let Some(line) = self.lexer.next(&mut input) {
                    // A line that makes no sense is no answer.
                    let Ok(line) = line else { continue };
                    if let Some(found) = FromDriver::parse(&line).ok().and_then(&mut pick) {
                        self.unread = input.to_vec();
                        return Ok(found);
                    }
                }
                match self.stream.read(&mut buffer).await? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    length => self.unread.extend(buffer.iter().take(length)),
                }
            }
        };
        self.host.timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Whether it answers a PING.
    pub(super) async fn ping(&mut self) -> io::Result<()> {
        self.say(ToDriver::Ping).await?;
        self.until(|line| matches!(line, FromDriver::Pong).then_some(())).await
    }

    /// Its process id.
    pub(super) async fn pid(&mut self) -> io::Result<u32> {
        self.say(ToDriver::GetPid).await?;
        self.until(|line| if let FromDriver::Pid(pid) = line { Some(pid) } else { None }).await
    }

    /// `ups.status`; `None` when it has none.
    pub(super) async fn status(&mut self) -> io::Result<Option<String>> {
        self.say(ToDriver::DumpStatus).await?;
        let mut status = None;
        self.until(|line| {
            match line {
                FromDriver::SetInfo { var: "ups.status", value } => status = Some(value.to_owned()),
                FromDriver::DumpDone => return Some(()),
                _ => {}
            }
            None
        })
        .await?;
        Ok(status)
    }

    /// Runs an instant command, to its outcome.
    pub(super) async fn command(&mut self, command: &str) -> io::Result<TrackingStatus> {
        self.say(ToDriver::InstCmd { command, parameter: None, tracking: Some(TRACKING) }).await?;
        self.until(|line| match line {
            FromDriver::Tracking { id: TRACKING, status } => Some(status),
            _ => None,
        })
        .await
    }

    /// Waits until the driver closes the connection, as at its end.
    pub(super) async fn closed(mut self, patience: Duration) -> bool {
        let mut buffer = [0; 1024];
        let work = async { while let Ok(1..) = self.stream.read(&mut buffer).await {} };
        self.host.timeout(patience, work).await.is_ok()
    }
}
