//! A connection to `upsd`.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use outage_host::{BoxStream, Host};
use outage_wire::Lexer;
use outage_wire::lex::{LexError, Line};
use outage_wire::net::{ErrorCode, Get, List, Reply, Request, TrackingState, VarType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::error::Error;

/// A list longer than this is not read to its end.
const MOST_ROWS: usize = 100_000;
/// Bytes asked for at once.
const CHUNK: usize = 8 * 1024;

/// A connection. Every request has the time limit given to [`Client::connect`].
///
/// A refusal ([`Error::is_refusal`]) leaves the connection as it was. After any other error, and when a call's future
/// was dropped before its end, every further call fails with [`Error::Disconnected`]: connect anew.
pub struct Client {
    host: Host,
    stream: BoxStream,
    timeout: Duration,
    lexer: Lexer,
    input: Vec<u8>,
    /// What of `input` was used.
    used: usize,
    output: String,
    /// A request was begun and its reply not read to the end.
    midway: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("timeout", &self.timeout)
            .field("midway", &self.midway)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to the server at `address` (name or IP address). `timeout` limits this call and each later one.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`] or [`Error::Connect`].
    pub async fn connect(host: &Host, address: &str, port: u16, timeout: Duration) -> Result<Self, Error> {
        let stream = match host.timeout(timeout, host.connect_tcp(address, port)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                let resolved = host.timeout(timeout, host.resolve(address, port)).await;
                return Err(if matches!(resolved, Ok(Err(_))) {
                    Error::NoSuchHost
                } else {
                    Error::Connect(error)
                });
            }
            Err(_) => return Err(Error::Connect(io::ErrorKind::TimedOut.into())),
        };
        Ok(Self {
            host: host.clone(),
            stream,
            timeout,
            lexer: Lexer::network(),
            input: Vec::new(),
            used: 0,
            output: String::new(),
            midway: false,
        })
    }

    /// The value of a variable.
    ///
    /// # Errors
    /// [`Error`]; e.g. `ERR DATA-STALE` as [`Error::Server`].
    pub async fn get_var(&mut self, ups: &str, var: &str) -> Result<String, Error> {
        self.ask(Request::Get(Get::Var { ups, var }), |reply| match reply {
            Reply::Var { var: named, value, .. } if named.eq_ignore_ascii_case(var) => Some(value.to_owned()),
            _ => None,
        })
        .await
    }

    /// How many clients are logged in to a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn num_logins(&mut self, ups: &str) -> Result<u64, Error> {
        self.ask(Request::Get(Get::NumLogins { ups }), |reply| match reply {
            Reply::NumLogins { count, .. } => Some(count),
            _ => None,
        })
        .await
    }

    /// The description of a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn ups_desc(&mut self, ups: &str) -> Result<String, Error> {
        self.ask(Request::Get(Get::UpsDesc { ups }), |reply| match reply {
            Reply::UpsDesc { description, .. } => Some(description.to_owned()),
            _ => None,
        })
        .await
    }

    /// The description of a variable.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn var_desc(&mut self, ups: &str, var: &str) -> Result<String, Error> {
        self.ask(Request::Get(Get::Desc { ups, var }), |reply| match reply {
            Reply::Desc { description, .. } => Some(description.to_owned()),
            _ => None,
        })
        .await
    }

    /// The description of an instant command.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn command_desc(&mut self, ups: &str, command: &str) -> Result<String, Error> {
        self.ask(Request::Get(Get::CmdDesc { ups, command }), |reply| match reply {
            Reply::CmdDesc { description, .. } => Some(description.to_owned()),
            _ => None,
        })
        .await
    }

    /// What a variable may be set to.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn var_type(&mut self, ups: &str, var: &str) -> Result<VarType, Error> {
        self.ask(Request::Get(Get::Type { ups, var }), |reply| match reply {
            Reply::Type { kind, .. } => Some(kind),
            _ => None,
        })
        .await
    }

    /// What the server says it is.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn version(&mut self) -> Result<String, Error> {
        self.ask(Request::Ver, |reply| match reply {
            Reply::Text(line) => Some(line.texts().collect::<Vec<_>>().join(" ")),
            _ => None,
        })
        .await
    }

    /// The server's UPSes with their descriptions, in its order.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_ups(&mut self) -> Result<Vec<(String, String)>, Error> {
        self.list(List::Ups, |reply| match reply {
            Reply::Ups { ups, description } => Some((ups.to_owned(), description.to_owned())),
            _ => None,
        })
        .await
    }

    /// All variables of a UPS with their values.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_vars(&mut self, ups: &str) -> Result<Vec<(String, String)>, Error> {
        self.list(List::Var { ups }, |reply| match reply {
            Reply::Var { var, value, .. } => Some((var.to_owned(), value.to_owned())),
            _ => None,
        })
        .await
    }

    /// The variables of a UPS that can be set, with their values.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_rw(&mut self, ups: &str) -> Result<Vec<(String, String)>, Error> {
        self.list(List::Rw { ups }, |reply| match reply {
            Reply::Rw { var, value, .. } => Some((var.to_owned(), value.to_owned())),
            _ => None,
        })
        .await
    }

    /// The instant commands of a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_commands(&mut self, ups: &str) -> Result<Vec<String>, Error> {
        self.list(List::Cmd { ups }, |reply| match reply {
            Reply::Cmd { command, .. } => Some(command.to_owned()),
            _ => None,
        })
        .await
    }

    /// The addresses of the clients that are logged in to a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_clients(&mut self, ups: &str) -> Result<Vec<String>, Error> {
        self.list(List::Client { ups }, |reply| match reply {
            Reply::Client { address, .. } => Some(address.to_owned()),
            _ => None,
        })
        .await
    }

    /// The values a variable may be set to.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_enum(&mut self, ups: &str, var: &str) -> Result<Vec<String>, Error> {
        self.list(List::Enum { ups, var }, |reply| match reply {
            Reply::Enum { value, .. } => Some(value.to_owned()),
            _ => None,
        })
        .await
    }

    /// The ranges a variable may be set within.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_ranges(&mut self, ups: &str, var: &str) -> Result<Vec<(i64, i64)>, Error> {
        self.list(List::Range { ups, var }, |reply| match reply {
            Reply::Range { min, max, .. } => Some((min, max)),
            _ => None,
        })
        .await
    }

    /// Says who is asking. The server judges name and password only when something needs them.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Error> {
        self.expect_ok(Request::Username(user)).await?;
        self.expect_ok(Request::Password(password)).await
    }

    /// Counts this machine as one that the UPS feeds, until the connection ends.
    ///
    /// # Errors
    /// [`Error`]; [`ErrorCode::AccessDenied`] for a wrong password, and for a user who is not granted LOGIN.
    pub async fn login(&mut self, ups: &str) -> Result<(), Error> {
        self.expect_ok(Request::Login { ups }).await
    }

    /// Asks whether this user may be the primary of the UPS; servers before protocol 1.3 are asked in their words.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn primary(&mut self, ups: &str) -> Result<(), Error> {
        match self.expect_ok(Request::Primary { ups }).await {
            Err(Error::Server(ErrorCode::UnknownCommand)) => self.expect_ok(Request::Master { ups }).await,
            other => other,
        }
    }

    /// Tells all machines on the UPS to shut down.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn fsd(&mut self, ups: &str) -> Result<(), Error> {
        self.expect_ok(Request::Fsd { ups }).await
    }

    /// Has later [`Client::set`] and [`Client::instcmd`] tracked, or no longer.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn set_tracking(&mut self, on: bool) -> Result<(), Error> {
        self.expect_ok(Request::SetTracking(on)).await
    }

    /// What became of a tracked request. Failures come as [`Error::Server`].
    ///
    /// # Errors
    /// [`Error`]
    pub async fn tracking(&mut self, id: &str) -> Result<TrackingState, Error> {
        self.ask(Request::Get(Get::Tracking { id: Some(id) }), |reply| match reply {
            Reply::Tracking(state) => Some(state),
            _ => None,
        })
        .await
    }

    /// Sets a variable: the server has handed it to the driver. Returns the id if it is tracked.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn set(&mut self, ups: &str, var: &str, value: &str) -> Result<Option<String>, Error> {
        self.ask(Request::SetVar { ups, var, value }, tracking_id).await
    }

    /// Runs an instant command: the server has handed it to the driver. Returns the id if it is tracked.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn instcmd(
        &mut self,
        ups: &str,
        command: &str,
        parameter: Option<&str>,
    ) -> Result<Option<String>, Error> {
        self.ask(Request::InstCmd { ups, command, parameter }, tracking_id).await
    }

    /// Says goodbye and closes the connection.
    ///
    /// # Errors
    /// [`Error`]; the connection is closed all the same.
    pub async fn logout(mut self) -> Result<(), Error> {
        self.expect_ok(Request::Logout).await
    }

    async fn expect_ok(&mut self, request: Request<'_>) -> Result<(), Error> {
        self.ask(request, |reply| matches!(reply, Reply::Ok { .. }).then_some(())).await
    }

    /// Sends a request whose reply is one line, and takes from it what `pick` finds.
    async fn ask<T>(
        &mut self,
        request: Request<'_>,
        pick: impl FnOnce(Reply<'_>) -> Option<T>,
    ) -> Result<T, Error> {
        let (host, limit) = (self.host.clone(), self.timeout);
        let work = async {
            self.send(request).await?;
            self.read_line(|line| pick_from(line, pick)).await?
        };
        let answer = host.timeout(limit, work).await.unwrap_or(Err(Error::Timeout));
        self.settle(answer)
    }

    /// Sends a request whose reply is a list, and takes from each row what `pick` finds; other rows are skipped.
    async fn list<T>(
        &mut self,
        list: List<'_>,
        pick: impl Fn(Reply<'_>) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let (host, limit) = (self.host.clone(), self.timeout);
        let work = async {
            self.send(Request::List(list)).await?;
            self.read_line(|line| pick_from(line, |reply| matches!(reply, Reply::Begin(_)).then_some(())))
                .await??;
            let mut rows = Vec::new();
            for _ in 0..MOST_ROWS {
                let row = self
                    .read_line(|line| match line.as_ref().ok().map(Reply::parse) {
                        Some(Ok(Reply::End(_))) => Row::End,
                        Some(Ok(Reply::Err { code, word, .. })) => Row::Refused(refusal(code, word)),
                        Some(Ok(reply)) => pick(reply).map_or(Row::Skipped, Row::Picked),
                        _ => Row::Skipped,
                    })
                    .await?;
                match row {
                    Row::Picked(item) => rows.push(item),
                    Row::Skipped => {}
                    Row::End => return Ok(rows),
                    Row::Refused(error) => return Err(error),
                }
            }
            Err(Error::Protocol)
        };
        let answer = host.timeout(limit, work).await.unwrap_or(Err(Error::Timeout));
        self.settle(answer)
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
        self.output.clear();
        // Writing to a String cannot fail.
        let _ = writeln!(self.output, "{request}");
        self.stream.write_all(self.output.as_bytes()).await.map_err(Error::Write)?;
        self.stream.flush().await.map_err(Error::Write)?;
        if matches!(request, Request::Password(_)) {
            self.output = String::new();
        }
        Ok(())
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
            self.input.reserve(CHUNK);
            match self.stream.read_buf(&mut self.input).await {
                Ok(0) => return Err(Error::Disconnected),
                Ok(_) => {}
                Err(error) => return Err(Error::Read(error)),
            }
        }
    }
}

enum Row<T> {
    Picked(T),
    Skipped,
    End,
    Refused(Error),
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

fn tracking_id(reply: Reply<'_>) -> Option<Option<String>> {
    match reply {
        Reply::Ok { note: Some("TRACKING"), argument: Some(id) } => Some(Some(id.to_owned())),
        Reply::Ok { .. } => Some(None),
        _ => None,
    }
}
