//! A serial UPS at the end of a byte stream.

use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::bus::exchange::{Exchange, Observer, Outcome, What};
use crate::ups::{Alarm, Ups};

/// What a host may leave unread before bytes are lost, as on a UART that nobody empties.
const BACKLOG: usize = 64 * 1024;

/// The line between a UPS and its host.
#[derive(Clone)]
pub struct Line {
    /// Where the other end of the line is, for transcripts.
    pub port: String,
    /// The rate that the UPS is built for, bits per second; a character takes ten of them.
    pub baud: u32,
    /// Whether characters take their time, in the time of the device. Without it an answer comes at once.
    pub paced: bool,
    /// Sees every exchange, after the fact.
    pub observer: Option<Observer>,
}

impl Line {
    /// A line of 2400 baud, the rate of the Megatec family, at a realistic pace.
    #[must_use]
    pub fn new(port: &str) -> Self {
        Self { port: port.to_owned(), baud: 2400, paced: true, observer: None }
    }

    /// The same without the wait for each character.
    #[must_use]
    pub fn unpaced(mut self) -> Self {
        self.paced = false;
        self
    }

    /// The same, observed.
    #[must_use]
    pub fn observed(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    fn character(&self) -> Duration {
        if self.paced { Duration::from_secs(10) / self.baud.max(1) } else { Duration::ZERO }
    }

    pub(crate) fn observe(&self, at: Duration, what: What, data: &[u8]) {
        if let Some(observer) = &self.observer {
            observer(&Exchange { at, asked: at, port: &self.port, what, data, outcome: Outcome::Done });
        }
    }
}

/// Why [`serve`] came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The host closed its side.
    Closed,
    /// The cable was pulled.
    Unplugged,
}

/// Serves a serial UPS until the host closes the stream or the cable is pulled.
///
/// # Errors
/// When the stream fails.
pub async fn serve<S>(ups: &Ups, line: &Line, stream: S) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite,
{
    serve_heard(ups, line, stream, || true).await
}

/// [`serve`], over a line that carries noise, both ways, while `understood` says no: the two ends have different rates.
pub(crate) async fn serve_heard<S>(
    ups: &Ups,
    line: &Line,
    stream: S,
    understood: impl Fn() -> bool,
) -> io::Result<End>
where
    S: AsyncRead + AsyncWrite,
{
    let Some(attachment) = ups.attachment() else { return Ok(End::Unplugged) };
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut departed = pin!(ups.wait_departed(attachment));
    let mut alarm = Alarm::new(ups);
    let mut queue = Transmitter::new(line.character());
    let mut due = Vec::new();
    let mut incoming = [0; 512];
    loop {
        let wake_at = queue.take_due(ups.now(), &mut due);
        alarm.set(wake_at);
        tokio::select! {
            biased;
            () = departed.as_mut() => return Ok(End::Unplugged),
            read = reader.read(&mut incoming) => {
                let bytes = &mut incoming[..read?];
                if bytes.is_empty() {
                    return Ok(End::Closed);
                }
                if !understood() {
                    garble(bytes);
                }
                line.observe(ups.now(), What::ToDevice, bytes);
                ups.receive(bytes);
            }
            written = writer.write(&due), if !due.is_empty() => {
                due.drain(..written?);
            }
            mut bytes = ups.wait_transmit() => {
                if !understood() {
                    garble(&mut bytes);
                }
                line.observe(ups.now(), What::FromDevice, &bytes);
                queue.send(ups.now(), &bytes);
            }
            () = alarm.ring() => {}
        }
        let excess = due.len().saturating_sub(BACKLOG);
        due.drain(..excess);
    }
}

/// What a UART makes of characters at another rate; not what it would make of them bit by bit, but as unlike them.
fn garble(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = byte.rotate_left(3) ^ 0xa6 | 0x80;
    }
}

/// The sending half of a UART: one character after the other.
struct Transmitter {
    character: Duration,
    queue: VecDeque<u8>,
    /// When the first character in the queue has gone out.
    out_at: Duration,
}

impl Transmitter {
    fn new(character: Duration) -> Self {
        Self { character, queue: VecDeque::new(), out_at: Duration::ZERO }
    }

    fn send(&mut self, now: Duration, bytes: &[u8]) {
        if self.queue.is_empty() {
            self.out_at = now + self.character;
        }
        let room = BACKLOG.saturating_sub(self.queue.len());
        self.queue.extend(bytes.iter().take(room));
    }

    /// Moves the characters that have gone out by now to `due`; when the next one will have, if there is one.
    fn take_due(&mut self, now: Duration, due: &mut Vec<u8>) -> Option<Duration> {
        if self.character.is_zero() {
            due.extend(self.queue.drain(..));
            return None;
        }
        while self.out_at <= now
            && let Some(byte) = self.queue.pop_front()
        {
            due.push(byte);
            self.out_at += self.character;
        }
        (!self.queue.is_empty()).then_some(self.out_at)
    }
}

#[cfg(test)]
mod tests;
