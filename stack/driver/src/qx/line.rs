//! The exchange of requests and answers over the serial line.
//!
//! A line is noisy: echoes, rests of answers that were given up on, late answers, junk from the wire. Everything that
//! arrived before a request is thrown away, and what arrives after it is looked through until an answer of the kind that
//! was asked for stands there, or time is up.

use std::io;
use std::time::Duration;

use outage_host::{BoxSerial, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::megatec::{END, Reply};
use crate::family::DeviceError;

/// An answer starts within this, and goes on within this after each byte.
const ANSWER: Duration = Duration::from_secs(1);
/// No exchange takes longer, however much junk arrives.
const EXCHANGE: Duration = Duration::from_secs(4);
/// No line is longer; what is beyond is junk.
const LONGEST: usize = 128;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// A line of the kind that was asked for, from its first character on.
    Line(String),
    /// `ACK`
    Ack,
    /// `NAK`
    Nak,
    /// The request came back and nothing else: the device does not know it, or the line echoes.
    Echo,
    /// Nothing that makes sense came in time.
    Silence,
}

/// What a request expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// A line that starts with `(`.
    Status,
    /// A line that starts with `#`.
    Info,
    /// ACK, NAK or nothing.
    Verdict,
}

pub(super) struct Line {
    host: Host,
    serial: BoxSerial,
    /// Where it is, for messages.
    port: String,
    /// Requests come back before their answers.
    echoes: bool,
}

impl Line {
    pub(super) fn new(host: Host, serial: BoxSerial, port: String) -> Self {
        Self { host, serial, port, echoes: false }
    }

    pub(super) fn serial(&mut self) -> &mut BoxSerial {
        &mut self.serial
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &str, expect: Expect) -> Result<Answer, DeviceError> {
        self.serial.discard_input().map_err(|error| gone(&self.port, &error))?;
        let bytes = [request.as_bytes(), &[END]].concat();
        let host = self.host.clone();
        match host.timeout(ANSWER, self.serial.write_all(&bytes)).await {
            Ok(written) => written.map_err(|error| gone(&self.port, &error))?,
            Err(_) => return Err(DeviceError::Failed(format!("{} takes no characters", self.port))),
        }
        let mut echoed = false;
        let answer = self.listen(request, expect, &mut echoed).await?;
        self.echoes |= echoed && matches!(answer, Answer::Line(_));
        // On a line that echoes, the echo says nothing about the request.
        let answer = if answer == Answer::Silence && echoed && !self.echoes { Answer::Echo } else { answer };
        self.host.debug(3, format_args!("{request} -> {answer:?}"));
        Ok(answer)
    }

    /// Reads until something stands there that `request` expects, or nothing comes any more.
    async fn listen(
        &mut self,
        request: &str,
        expect: Expect,
        echoed: &mut bool,
    ) -> Result<Answer, DeviceError> {
        let mut line: Vec<u8> = Vec::with_capacity(LONGEST);
        let mut buffer = [0; 64];
        let end = self.host.now() + EXCHANGE;
        loop {
            let Some(left) = end.checked_sub(self.host.now()).filter(|left| !left.is_zero()) else {
                return Ok(Answer::Silence);
            };
            let length = match self.host.timeout(ANSWER.min(left), self.serial.read(&mut buffer)).await {
                Err(_) => {
                    // An answer whose CR got lost.
                    let answer = understand(&line, request, expect, echoed);
                    return Ok(answer.unwrap_or(Answer::Silence));
                }
                Ok(Ok(0)) => return Err(gone(&self.port, &io::Error::from(io::ErrorKind::UnexpectedEof))),
                Ok(Ok(length)) => length,
                Ok(Err(error)) => return Err(gone(&self.port, &error)),
            };
            for &byte in buffer.get(..length).unwrap_or_default() {
                if byte != END && byte != b'\n' {
                    if line.len() == LONGEST {
                        line.clear();
                    }
                    line.push(byte);
                } else if let Some(answer) = understand(&std::mem::take(&mut line), request, expect, echoed) {
                    return Ok(answer);
                }
            }
        }
    }
}

fn understand(line: &[u8], request: &str, expect: Expect, echoed: &mut bool) -> Option<Answer> {
    let line = String::from_utf8_lossy(line);
    match (Reply::of(&line, request), expect) {
        (Reply::Status(text), Expect::Status) | (Reply::Info(text), Expect::Info) => {
            Some(Answer::Line(text.to_owned()))
        }
        (Reply::Ack, Expect::Verdict) => Some(Answer::Ack),
        (Reply::Nak, _) => Some(Answer::Nak),
        (Reply::Echo, _) => {
            *echoed = true;
            None
        }
        // A late answer to an earlier request, or junk.
        _ => None,
    }
}

fn gone(port: &str, error: &io::Error) -> DeviceError {
    DeviceError::Gone(match error.kind() {
        io::ErrorKind::UnexpectedEof => format!("{port} hung up"),
        _ => format!("{port}: {error}"),
    })
}

/// Why a line cannot be opened, and what to do about it.
pub(super) fn cannot_open(port: &str, error: &io::Error) -> DeviceError {
    DeviceError::Gone(match error.kind() {
        io::ErrorKind::NotFound => format!("{port} does not exist (is the adapter plugged in?)"),
        io::ErrorKind::PermissionDenied => {
            format!("{port} may not be opened by this user (add it to the port's group, often dialout)")
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::ResourceBusy => {
            format!("{port} is in use by another program (another driver?)")
        }
        _ => format!("failed to open {port}: {error}"),
    })
}
