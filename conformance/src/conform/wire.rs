//! A connection of the harness to something that speaks in lines.

use std::time::Duration;

use outage_host::BoxStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::lab::LIMIT;
use super::record::{Kind, Record, latin};
use super::{Miss, Outcome};

/// The longest line that is waited for to end.
const LONGEST: usize = 1 << 20;
/// More lines than this are no list.
const MOST_LINES: usize = 100_000;

/// One connection. Lines are text in which each byte is one character (ISO 8859-1), so that nothing is lost.
pub struct Wire {
    name: String,
    stream: BoxStream,
    heard: Vec<u8>,
    ended: bool,
    record: Record,
    quiet: Duration,
}

impl Wire {
    /// Speaks over a stream. `quiet` is how long nothing must come for it to count as silence.
    #[must_use]
    pub fn new(name: &str, stream: BoxStream, record: Record, quiet: Duration) -> Self {
        Self { name: name.to_owned(), stream, heard: Vec::new(), ended: false, record, quiet }
    }

    /// Its name in the record.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a line.
    ///
    /// # Errors
    /// The other side takes nothing any more.
    pub async fn send(&mut self, line: &str) -> Outcome {
        self.bytes(format!("{line}\n").as_bytes()).await
    }

    /// Sends bytes as they are, in one write.
    ///
    /// # Errors
    /// The other side takes nothing any more.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Outcome {
        self.record.bytes(&self.name, Kind::Sent, bytes);
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(LIMIT, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Miss::Fail(format!("{}: failed to send: {error}", self.name))),
            Err(_) => Err(Miss::Fail(format!("{}: the other side takes nothing any more", self.name))),
        }
    }

    /// Reads more, until `limit` is over. Whether there was any; none at the end of the stream.
    async fn more(&mut self, limit: Duration) -> Option<bool> {
        if self.ended {
            return Some(false);
        }
        let mut chunk = [0; 4096];
        match timeout(limit, self.stream.read(&mut chunk)).await {
            Err(_) => None,
            Ok(Ok(0)) => {
                self.ended = true;
                self.record.did(&self.name, "the other side closed");
                Some(false)
            }
            Ok(Err(error)) => {
                self.ended = true;
                self.record.did(&self.name, format!("the connection broke: {error}"));
                Some(false)
            }
            Ok(Ok(count)) => {
                self.record.bytes(&self.name, Kind::Heard, &chunk[..count]);
                self.heard.extend_from_slice(&chunk[..count]);
                Some(true)
            }
        }
    }

    /// The next line, without its line feed, if it comes before `limit` is over and before the end of the stream.
    ///
    /// # Errors
    /// Text: what came instead.
    pub async fn line_within(&mut self, limit: Duration) -> Result<String, Miss> {
        let waiting = async {
            loop {
                if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = self.heard.drain(..=end).collect();
                    return Ok(latin(&line[..end]));
                }
                if self.heard.len() > LONGEST {
                    return Err(Miss::Fail(format!("{}: a line without an end", self.name)));
                }
                if self.more(limit).await == Some(false) {
                    return Err(Miss::Fail(format!(
                        "{}: the other side closed where a line was expected",
                        self.name
                    )));
                }
            }
        };
        match timeout(limit, waiting).await {
            Ok(done) => done,
            Err(_) => Err(Miss::Fail(format!("{}: no line within {limit:?}", self.name))),
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// It did not come within the limit, or the other side closed.
    pub async fn line(&mut self) -> Result<String, Miss> {
        self.line_within(LIMIT).await
    }

    /// An answer: one line, or all lines of a list with its BEGIN and END.
    ///
    /// # Errors
    /// It did not come whole.
    pub async fn answer(&mut self) -> Result<Vec<String>, Miss> {
        let mut lines = vec![self.line().await?];
        if lines[0].starts_with("BEGIN LIST") {
            while !lines[lines.len() - 1].starts_with("END LIST") {
                if lines.len() > MOST_LINES {
                    return Err(Miss::Fail(format!("{}: a list without an end", self.name)));
                }
                lines.push(self.line().await?);
            }
        }
        Ok(lines)
    }

    /// Sends a line and returns the answer.
    ///
    /// # Errors
    /// As [`Wire::send`] and [`Wire::answer`].
    pub async fn ask(&mut self, line: &str) -> Result<Vec<String>, Miss> {
        self.send(line).await?;
        self.answer().await
    }

    /// The next line must be this one.
    ///
    /// # Errors
    /// It is not.
    pub async fn expect(&mut self, expected: &str) -> Outcome {
        let seen = self.line().await?;
        if seen == expected { Ok(()) } else { Err(unlike(&self.name, expected, &seen)) }
    }

    /// Sends a line; the one line of the answer must be this.
    ///
    /// # Errors
    /// It is not.
    pub async fn says(&mut self, line: &str, expected: &str) -> Outcome {
        self.send(line).await?;
        self.expect(expected).await
    }

    /// The other side must hang up, without another word.
    ///
    /// # Errors
    /// It did not within the limit, or said something.
    pub async fn closed(&mut self) -> Outcome {
        self.closed_within(LIMIT).await
    }

    /// The same with a limit of its own.
    ///
    /// # Errors
    /// As [`Wire::closed`].
    pub async fn closed_within(&mut self, limit: Duration) -> Outcome {
        if self.heard.is_empty() && self.more(limit).await.is_none() {
            return Err(Miss::Fail(format!("{}: still open after {limit:?}", self.name)));
        }
        self.nothing_heard("that it hangs up")
    }

    /// Nothing must come for a while, and the connection must stay open.
    ///
    /// # Errors
    /// Something came, or it closed.
    pub async fn silence(&mut self) -> Outcome {
        if self.heard.is_empty() && self.more(self.quiet).await == Some(false) {
            return Err(Miss::Fail(format!("{}: expected silence, but the other side closed", self.name)));
        }
        self.nothing_heard("silence")
    }

    fn nothing_heard(&self, expected: &str) -> Outcome {
        if self.heard.is_empty() {
            return Ok(());
        }
        let first = self.heard.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Err(unlike(&self.name, expected, &latin(first)))
    }

    /// What was heard and not yet read as lines.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.heard
    }

    /// Everything that comes until the other side closes, or until `limit` is over.
    pub async fn drain(&mut self, limit: Duration) -> Vec<u8> {
        // What came in time counts, whole or not.
        let _ = timeout(limit, async { while self.more(limit).await == Some(true) {} }).await;
        std::mem::take(&mut self.heard)
    }

    /// Says that nothing more will be sent; what the other side has to say can still be read.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn finish(&mut self) -> Outcome {
        self.record.did(&self.name, "closed for sending");
        let done = self.stream.shutdown().await;
        done.map_err(|error| Miss::Fail(format!("{}: failed to close for sending: {error}", self.name)))
    }

    /// Hangs up.
    pub fn close(self) {
        self.record.did(&self.name, "closed");
    }
}

/// What was said instead of what was expected. A subject that says it does not have this is no failure but
/// [`Miss::Unimplemented`].
#[must_use]
pub fn unlike(on: &str, expected: &str, seen: &str) -> Miss {
    let text = format!("{on}: expected {expected:?}, seen {seen:?}");
    let refusal =
        |line: &str| line.starts_with("ERR UNKNOWN-COMMAND") || line.starts_with("ERR FEATURE-NOT-SUPPORTED");
    if refusal(seen) && !expected.starts_with("ERR ") && !expected.starts_with("silence") {
        Miss::Unimplemented(text)
    } else {
        Miss::Fail(text)
    }
}
