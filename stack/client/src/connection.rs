//! Requests and replies on a stream: whole lines out, whole lines in, within limits of time and of memory.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use outage_host::{BoxStream, Host};
use outage_wire::Lexer;
use outage_wire::lex::{Charset, LexError, Limits, Line};
use outage_wire::net::{ErrorCode, List, Reply, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::Error;
use crate::{Options, ServerAddress, Tls};

/// Bytes asked for at once.
const CHUNK: usize = 8 * 1024;
/// A reply with more bytes than this is not read to its end: 10,000 times what a UPS has to say.
const LONGEST: usize = 16 * 1024 * 1024;

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// One connection. A request that was not answered to the end spoils it.
pub(crate) struct Connection {
    host: Host,
    stream: BoxStream,
    limit: Duration,
    lexer: Lexer,
    input: Vec<u8>,
    /// What of `input` was used.
    used: usize,
    output: String,
    /// A request was begun and its reply not read to the end.
    midway: bool,
    /// Bytes of the reply so far.
    received: usize,
    encrypted: bool,
}

impl Connection {
    /// Connects, and encrypts as the options want it.
    pub(crate) async fn open(host: &Host, server: &ServerAddress, options: &Options) -> Result<Self, Error> {
        let connecting = host.connect_tcp(&server.host, server.port);
        let stream = match host.timeout(options.connect_timeout, connecting).await {
            Ok(Ok(stream)) => stream,
            // No socket says this: the name has no address.
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(Error::NoSuchHost),
            Ok(Err(error)) => return Err(Error::Connect(error)),
            Err(_) => return Err(Error::Connect(io::ErrorKind::TimedOut.into())),
        };
        let connection = Self::over(host, stream, options.timeout);
        match &options.tls {
            Some(tls) => connection.encrypt(tls, &server.host).await,
            None => Ok(connection),
        }
    }

    pub(crate) fn over(host: &Host, stream: BoxStream, limit: Duration) -> Self {
        Self {
            host: host.clone(),
            stream,
            limit,
            lexer: Lexer::with_limits(Limits { charset: Charset::Utf8, ..Limits::NETWORK }),
            input: Vec::new(),
            used: 0,
            output: String::new(),
            midway: false,
            received: 0,
            encrypted: false,
        }
    }

    /// Asks for encryption, and begins it if the server agrees.
    async fn encrypt(mut self, tls: &Tls, name: &str) -> Result<Self, Error> {
        let agreed = self.ask(Request::StartTls, |reply| {
            // Nothing but "OK STARTTLS" means that TLS follows. Old servers and odd ones have many ways to say no.
            let agrees = |note: &str| note.eq_ignore_ascii_case("STARTTLS");
            Some(matches!(reply, Reply::Ok { note: Some(note), .. } if agrees(note)))
        });
        let agreed = match agreed.await {
            Ok(agreed) => agreed,
            Err(_) if self.is_usable() => false,
            Err(error) => return Err(error),
        };
        if !agreed {
            return if tls.is_required() { Err(Error::NoTls) } else { Ok(self) };
        }
        // Words that came in the clear must not be taken for some that came after the handshake.
        if self.used < self.input.len() {
            return Err(Error::Protocol);
        }
        let stream = match self.host.timeout(self.limit, tls.handshake(self.stream, name)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(why)) => return Err(Error::Tls(why)),
            Err(_) => return Err(Error::Tls("no answer to the handshake".to_owned())),
        };
        let mut connection = Self::over(&self.host, stream, self.limit);
        connection.encrypted = true;
        Ok(connection)
    }

    pub(crate) const fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    pub(crate) const fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Whether the last reply was read to its end.
    pub(crate) const fn is_usable(&self) -> bool {
        !self.midway
    }

    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    /// Sends a request whose reply is one line, and takes from it what `pick` finds.
    pub(crate) async fn ask<T>(
        &mut self,
        request: Request<'_>,
        pick: impl FnOnce(Reply<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let (host, limit) = (self.host.clone(), self.limit);
        let work = async {
            self.send(request).await?;
            self.read_line(|line| pick_from(line, pick)).await?
        };
        let answer = host.timeout(limit, work).await.unwrap_or(Err(Error::Timeout));
        let answer = self.settle(answer);
        // One line came for one request: it was none of the answers to it, and the next one may be.
        if matches!(answer, Err(Error::Protocol)) && self.used == self.input.len() {
            self.midway = false;
        }
        answer
    }

    /// Sends a request whose reply is one line, and returns its words, whatever they are.
    pub(crate) async fn ask_words(&mut self, request: Request<'_>) -> Result<Vec<String>, Error> {
        let (host, limit) = (self.host.clone(), self.limit);
        let work = async {
            self.send(request).await?;
            self.read_line(|line| {
                let line = line.map_err(|_| Error::Protocol)?;
                match Reply::parse(&line) {
                    Ok(Reply::Err { code, word, .. }) => Err(refusal(code, word)),
                    _ => Ok(line.texts().map(str::to_owned).collect()),
                }
            })
            .await?
        };
        let answer = host.timeout(limit, work).await.unwrap_or(Err(Error::Timeout));
        self.settle(answer)
    }

    /// Sends a request whose reply is a list of rows with `need` words each, and hands each row to `take` as it comes.
    /// `take` returns false for what is no row of this list.
    pub(crate) async fn list(
        &mut self,
        list: List<'_>,
        need: usize,
        mut take: impl FnMut(Reply<'_>) -> bool,
    ) -> Result<(), Error> {
        let (host, limit) = (self.host.clone(), self.limit);
        let work = async {
            self.send(Request::List(list)).await?;
            let begins = |reply: Reply<'_>| match reply {
                Reply::Begin(begun) if same_list(&begun, &list) => Some(()),
                _ => None,
            };
            self.read_line(|line| pick_from(line, begins)).await??;
            loop {
                let row = self.read_line(|line| {
                    let line = line.map_err(|_| Error::Protocol)?;
                    match Reply::parse(&line) {
                        Ok(Reply::End(ended)) if same_list(&ended, &list) => Ok(false),
                        Ok(Reply::Err { code, word, .. }) => Err(refusal(code, word)),
                        Ok(reply) if take(reply) => Ok(true),
                        _ if line.len() < need && line.get(0) == Some(row_word(&list)) => {
                            Err(Error::Insufficient { got: line.len(), need })
                        }
                        _ => Err(Error::Protocol),
                    }
                });
                if !row.await?? {
                    return Ok(());
                }
            }
        };
        let answer = host.timeout(limit, work).await.unwrap_or(Err(Error::Timeout));
        self.settle(answer)
    }

    /// Closes the stream in an orderly way; with a farewell, unless that was said. Nobody is waited for.
    pub(crate) async fn close(mut self, farewell: bool) {
        let host = self.host.clone();
        let closing = async {
            if farewell {
                self.stream.write_all(format!("{}\n", Request::Logout).as_bytes()).await?;
            }
            self.stream.shutdown().await
        };
        // Whether or not the other side listens still.
        let _ = host.timeout(FAREWELL, closing).await;
    }

    /// A connection whose reply was read to its end, refusals included, can take the next request.
    fn settle<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        self.midway = answer.as_ref().err().is_some_and(|error| !error.is_refusal());
        answer
    }

    async fn send(&mut self, request: Request<'_>) -> Result<(), Error> {
        if self.midway {
            return Err(Error::Disconnected);
        }
        self.midway = true;
        // What nobody asked for would be taken for the answer to this.
        if self.used < self.input.len() || self.has_more().await {
            return Err(Error::Protocol);
        }
        self.received = 0;
        self.output.clear();
        // Writing to a String cannot fail.
        let _ = writeln!(self.output, "{request}");
        if self.host.wants(outage_host::Priority::Debug(3)) {
            self.host.debug(3, format_args!("to the server: {request:?}"));
        }
        let sent = self.stream.write_all(self.output.as_bytes()).await.map_err(Error::Write);
        if matches!(request, Request::Password(_)) {
            self.output = String::new();
        }
        sent?;
        self.stream.flush().await.map_err(Error::Write)
    }

    /// Whether bytes came since the last reply; none are waited for. The end of the stream is left to who reads next.
    async fn has_more(&mut self) -> bool {
        self.input.clear();
        self.used = 0;
        let mut read = pin!(self.stream.read_buf(&mut self.input));
        poll_fn(|context| Poll::Ready(matches!(read.as_mut().poll(context), Poll::Ready(Ok(1..))))).await
    }

    async fn read_line<T>(&mut self, pick: impl FnOnce(Result<Line<'_>, LexError>) -> T) -> Result<T, Error> {
        loop {
            let mut rest = self.input.get(self.used..).unwrap_or_default();
            let line = self.lexer.next(&mut rest);
            self.used = self.input.len() - rest.len();
            if let Some(line) = line {
                return Ok(pick(line));
            }
            self.input.clear();
            self.used = 0;
            if self.received > LONGEST {
                return Err(Error::TooMuch);
            }
            self.input.reserve(CHUNK);
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Err(Error::Disconnected),
                Ok(count) => self.received += count,
                Err(error) => return Err(Error::Read(error)),
            }
        }
    }
}

fn pick_from<T>(
    line: Result<Line<'_>, LexError>,
    pick: impl FnOnce(Reply<'_>) -> Option<T>,
) -> Result<T, Error> {
    let line = line.map_err(|_| Error::Protocol)?;
    match Reply::parse(&line) {
        Ok(Reply::Err { code, word, .. }) => Err(refusal(code, word)),
        Ok(reply) => pick(reply).ok_or(Error::Protocol),
        Err(_) => Err(Error::Protocol),
    }
}

fn refusal(code: Option<ErrorCode>, word: &str) -> Error {
    code.map_or_else(|| Error::UnknownCode(word.to_owned()), Error::Server)
}

/// The word that rows of a list begin with.
const fn row_word(list: &List<'_>) -> &'static str {
    match list {
        List::Ups => "UPS",
        List::Var { .. } => "VAR",
        List::Rw { .. } => "RW",
        List::Cmd { .. } => "CMD",
        List::Client { .. } => "CLIENT",
        List::Enum { .. } => "ENUM",
        List::Range { .. } => "RANGE",
    }
}

/// Whether what begins is what was asked for. Servers may write a name as they know it.
fn same_list(begun: &List<'_>, asked: &List<'_>) -> bool {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    match (*begun, *asked) {
        (List::Ups, List::Ups) => true,
        (List::Var { ups: a }, List::Var { ups: b })
        | (List::Rw { ups: a }, List::Rw { ups: b })
        | (List::Cmd { ups: a }, List::Cmd { ups: b })
        | (List::Client { ups: a }, List::Client { ups: b }) => same(a, b),
        (List::Enum { ups: a, var: v }, List::Enum { ups: b, var: w })
        | (List::Range { ups: a, var: v }, List::Range { ups: b, var: w }) => same(a, b) && same(v, w),
        _ => false,
    }
}
