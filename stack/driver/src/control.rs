//! Talking to a running driver through its socket, as `upsdrvctl`, a second instance, and `-k` do.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use outage_host::{BoxStream, Elapsed, Host};
use outage_wire::lex::{Charset, Lexer, Limits};
use outage_wire::sock::{FromDriver, ToDriver, TrackingStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A connection to a driver.
pub struct Control {
    host: Host,
    stream: BoxStream,
    lexer: Lexer,
    /// Bytes that were read and not yet understood.
    input: Vec<u8>,
    next_id: u64,
}

/// Why a driver gave no answer.
#[derive(Debug)]
pub enum ControlError {
    /// There is nobody at this socket, or the connection broke.
    Io(io::Error),
    /// The driver closed the connection.
    Closed,
    /// It took too long.
    Elapsed,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Closed => f.write_str("the driver closed the connection"),
            Self::Elapsed => f.write_str("the driver does not answer"),
        }
    }
}

impl std::error::Error for ControlError {}

impl From<io::Error> for ControlError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Elapsed> for ControlError {
    fn from(Elapsed: Elapsed) -> Self {
        Self::Elapsed
    }
}

impl Control {
    /// Connects, and asks to be spared broadcasts.
    ///
    /// # Errors
    /// [`ControlError::Io`]: no driver listens at this path.
    pub async fn connect(host: &Host, socket: &Path) -> Result<Self, ControlError> {
        let stream = host.connect_unix(socket).await?;
        let limits = Limits { charset: Charset::Utf8, ..Limits::NETWORK };
        let mut control = Self {
            host: host.clone(),
            stream,
            lexer: Lexer::with_limits(limits),
            input: Vec::new(),
            next_id: 1,
        };
        control.send(ToDriver::Broadcast(false)).await?;
        Ok(control)
    }

    /// Runs an instant command and waits for what became of it.
    ///
    /// # Errors
    /// [`ControlError`]
    pub async fn command(
        &mut self,
        command: &str,
        parameter: Option<&str>,
        limit: Duration,
    ) -> Result<TrackingStatus, ControlError> {
        let id = self.id();
        self.send(ToDriver::InstCmd { command, parameter, tracking: Some(&id) }).await?;
        self.outcome(&id, limit).await
    }

    /// Sets a variable and waits for what became of it.
    ///
    /// # Errors
    /// [`ControlError`]
    pub async fn set(
        &mut self,
        var: &str,
        value: &str,
        limit: Duration,
    ) -> Result<TrackingStatus, ControlError> {
        let id = self.id();
        self.send(ToDriver::Set { var, value, tracking: Some(&id) }).await?;
        self.outcome(&id, limit).await
    }

    /// The driver's process id.
    ///
    /// # Errors
    /// [`ControlError`]
    pub async fn pid(&mut self, limit: Duration) -> Result<u32, ControlError> {
        self.send(ToDriver::GetPid).await?;
        self.answer(limit, |message| match message {
            FromDriver::Pid(pid) => Some(*pid),
            _ => None,
        })
        .await
    }

    /// A variable's value, and whether the data are stale; `None` without such a variable.
    ///
    /// # Errors
    /// [`ControlError`]
    pub async fn value(
        &mut self,
        var: &str,
        limit: Duration,
    ) -> Result<(Option<String>, bool), ControlError> {
        self.send(ToDriver::DumpValue { var }).await?;
        let (mut found, mut stale) = (None, false);
        self.answer(limit, |message| {
            match message {
                FromDriver::SetInfo { value, .. } => found = Some((*value).to_owned()),
                FromDriver::DataStale => stale = true,
                FromDriver::DumpDone => return Some(()),
                _ => {}
            }
            None
        })
        .await?;
        Ok((found, stale))
    }

    /// Waits until the driver closes the connection.
    ///
    /// # Errors
    /// [`ControlError::Elapsed`]: it did not.
    pub async fn closed(&mut self, limit: Duration) -> Result<(), ControlError> {
        match self.answer(limit, |_| None::<()>).await {
            Err(ControlError::Elapsed) => Err(ControlError::Elapsed),
            _ => Ok(()),
        }
    }

    fn id(&mut self) -> String {
        let id = self.next_id;
        self.next_id += 1;
        id.to_string()
    }

    async fn send(&mut self, message: ToDriver<'_>) -> Result<(), ControlError> {
        Ok(self.stream.write_all(format!("{message}\n").as_bytes()).await?)
    }

    async fn outcome(&mut self, id: &str, limit: Duration) -> Result<TrackingStatus, ControlError> {
        self.answer(limit, |message| match message {
            FromDriver::Tracking { id: answered, status } if *answered == id => Some(*status),
            _ => None,
        })
        .await
    }

    /// Reads until `pick` finds what it looks for.
    async fn answer<T>(
        &mut self,
        limit: Duration,
        mut pick: impl FnMut(&FromDriver<'_>) -> Option<T>,
    ) -> Result<T, ControlError> {
        let host = self.host.clone();
        host.timeout(limit, async {
            loop {
                let mut rest = self.input.as_slice();
                while let Some(line) = self.lexer.next(&mut rest) {
                    if let Ok(line) = line
                        && let Ok(message) = FromDriver::parse(&line)
                        && let Some(found) = pick(&message)
                    {
                        self.input = rest.to_vec();
                        return Ok(found);
                    }
                }
                self.input.clear();
                let mut buffer = [0; 1024];
                match self.stream.read(&mut buffer).await? {
                    0 => return Err(ControlError::Closed),
                    length => self.input.extend_from_slice(buffer.get(..length).unwrap_or_default()),
                }
            }
        })
        .await?
    }
}
