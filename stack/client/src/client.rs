//! A connection to `upsd`, and what can be asked on it.

use std::time::Duration;

use outage_host::{BoxStream, Host};
use outage_wire::net::{ErrorCode, Get, List, Reply, Request, TrackingState, VarType};

use crate::connection::Connection;
use crate::error::Error;
use crate::{Credentials, Options, Range, ServerAddress, Ups, Variable};

/// How often it is asked what became of an order.
const TRACK_EVERY: Duration = Duration::from_millis(200);

/// A connection to a server. Every request has a time limit ([`Options::timeout`]).
///
/// A refusal ([`Error::is_refusal`]) leaves the connection as it was, and so does a single line that is no answer
/// ([`Error::Protocol`] to a request without a list). After any other error, and when a call's future was dropped before
/// its end, every further call fails with [`Error::Disconnected`]: connect anew, or let [`crate::Reconnecting`] do it.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
/// # fn main() { example(async |host| {
/// use outage_client::{Client, Options};
///
/// let mut client = Client::connect_with(&host, &"localhost".parse()?, &Options::default()).await?;
/// for ups in client.list_ups().await? {
///     println!("{}: {}", ups.name, ups.description);
///     for variable in client.list_vars(&ups.name).await? {
///         println!("  {} = {}", variable.name, variable.value);
///     }
/// }
/// # Ok(())
/// # }); }
/// ```
pub struct Client {
    connection: Connection,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("encrypted", &self.connection.is_encrypted())
            .field("usable", &self.connection.is_usable())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Connects to the server at `address` (name or IP address), without encryption. `timeout` limits this call and each
    /// later one.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`] or [`Error::Connect`].
    pub async fn connect(host: &Host, address: &str, port: u16, timeout: Duration) -> Result<Self, Error> {
        let server = ServerAddress { host: address.to_owned(), port };
        Self::connect_with(host, &server, &Options::default().timeout(timeout)).await
    }

    /// Connects as the options say.
    ///
    /// # Errors
    /// [`Error::NoSuchHost`] or [`Error::Connect`]; with encryption, [`Error::NoTls`], [`Error::Tls`] and all that befalls
    /// a request.
    pub async fn connect_with(host: &Host, server: &ServerAddress, options: &Options) -> Result<Self, Error> {
        Ok(Self { connection: Connection::open(host, server, options).await? })
    }

    /// A client on a stream that is connected already: a tunnel, or a test's.
    #[must_use]
    pub fn over(host: &Host, stream: BoxStream, timeout: Duration) -> Self {
        Self { connection: Connection::over(host, stream, timeout) }
    }

    /// Gives every request from now on another time limit.
    pub const fn set_timeout(&mut self, limit: Duration) {
        self.connection.set_limit(limit);
    }

    /// Whether what is sent and received is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.connection.is_encrypted()
    }

    /// Whether the connection can take a request, as far as this side knows.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        self.connection.is_usable()
    }

    /// The value of a variable.
    ///
    /// # Errors
    /// [`Error`]; e.g. `ERR DATA-STALE` as [`Error::Server`].
    pub async fn get_var(&mut self, ups: &str, var: &str) -> Result<String, Error> {
        let same = |named: &str, asked: &str| named.eq_ignore_ascii_case(asked);
        self.connection
            .ask(Request::Get(Get::Var { ups, var }), |reply| match reply {
                Reply::Var { ups: of, var: named, value } if same(of, ups) && same(named, var) => {
                    Some(value.to_owned())
                }
                _ => None,
            })
            .await
    }

    /// How many clients are logged in to a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn num_logins(&mut self, ups: &str) -> Result<u64, Error> {
        self.connection
            .ask(Request::Get(Get::NumLogins { ups }), |reply| match reply {
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
        self.connection
            .ask(Request::Get(Get::UpsDesc { ups }), |reply| match reply {
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
        self.connection
            .ask(Request::Get(Get::Desc { ups, var }), |reply| match reply {
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
        self.connection
            .ask(Request::Get(Get::CmdDesc { ups, command }), |reply| match reply {
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
        self.connection
            .ask(Request::Get(Get::Type { ups, var }), |reply| match reply {
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
        self.text(Request::Ver).await
    }

    /// The version of the protocol that the server speaks, as in `1.3`.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn protocol_version(&mut self) -> Result<String, Error> {
        match self.text(Request::ProtVer).await {
            // Before NUT 2.8.
            Err(Error::Server(ErrorCode::UnknownCommand)) => self.text(Request::NetVer).await,
            other => other,
        }
    }

    /// The server's UPSes with their descriptions, in its order.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_ups(&mut self) -> Result<Vec<Ups>, Error> {
        self.list(List::Ups, 3, |reply| match reply {
            Reply::Ups { ups, description } => {
                Some(Ups { name: ups.to_owned(), description: description.to_owned() })
            }
            _ => None,
        })
        .await
    }

    /// All variables of a UPS with their values.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_vars(&mut self, ups: &str) -> Result<Vec<Variable>, Error> {
        self.list(List::Var { ups }, 4, |reply| match reply {
            Reply::Var { ups: of, var, value } => of.eq_ignore_ascii_case(ups).then(|| variable(var, value)),
            _ => None,
        })
        .await
    }

    /// The variables of a UPS that can be set, with their values.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_rw(&mut self, ups: &str) -> Result<Vec<Variable>, Error> {
        self.list(List::Rw { ups }, 4, |reply| match reply {
            Reply::Rw { ups: of, var, value } => of.eq_ignore_ascii_case(ups).then(|| variable(var, value)),
            _ => None,
        })
        .await
    }

    /// The instant commands of a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_commands(&mut self, ups: &str) -> Result<Vec<String>, Error> {
        self.list(List::Cmd { ups }, 3, |reply| match reply {
            Reply::Cmd { ups: of, command } => of.eq_ignore_ascii_case(ups).then(|| command.to_owned()),
            _ => None,
        })
        .await
    }

    /// The addresses of the clients that are logged in to a UPS.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_clients(&mut self, ups: &str) -> Result<Vec<String>, Error> {
        self.list(List::Client { ups }, 3, |reply| match reply {
            Reply::Client { ups: of, address } => of.eq_ignore_ascii_case(ups).then(|| address.to_owned()),
            _ => None,
        })
        .await
    }

    /// The values a variable may be set to.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_enum(&mut self, ups: &str, var: &str) -> Result<Vec<String>, Error> {
        self.list(List::Enum { ups, var }, 4, |reply| match reply {
            Reply::Enum { value, .. } => Some(value.to_owned()),
            _ => None,
        })
        .await
    }

    /// The ranges a variable may be set within.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn list_ranges(&mut self, ups: &str, var: &str) -> Result<Vec<Range>, Error> {
        self.list(List::Range { ups, var }, 5, |reply| match reply {
            Reply::Range { min, max, .. } => Some(Range { min, max }),
            _ => None,
        })
        .await
    }

    /// Says who is asking. The server judges name and password only when something needs them.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Error> {
        self.username(user).await?;
        self.password(password).await
    }

    /// The first half of [`Client::authenticate`].
    ///
    /// # Errors
    /// [`Error`]
    pub async fn username(&mut self, user: &str) -> Result<(), Error> {
        self.expect_ok(Request::Username(user)).await
    }

    /// The second half of [`Client::authenticate`].
    ///
    /// # Errors
    /// [`Error`]
    pub async fn password(&mut self, password: &str) -> Result<(), Error> {
        self.expect_ok(Request::Password(password)).await
    }

    /// [`Client::authenticate`] with what belongs together.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn authenticate_as(&mut self, credentials: &Credentials) -> Result<(), Error> {
        self.authenticate(&credentials.user, &credentials.password).await
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
        self.connection
            .ask(Request::Get(Get::Tracking { id: Some(id) }), |reply| match reply {
                Reply::Tracking(state) => Some(state),
                _ => None,
            })
            .await
    }

    /// Waits until a tracked request is done, for at most `limit`.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(async |host| {
    /// # use std::time::Duration;
    /// # let mut client = outage_client::Client::connect(&host, "localhost", 3493, Duration::from_secs(5)).await?;
    /// client.authenticate("admin", "secret").await?;
    /// client.set_tracking(true).await?;
    /// if let Some(id) = client.instcmd("eaton", "beeper.toggle", None).await? {
    ///     // What the device made of it, and not only that the server took it.
    ///     client.wait_tracked(&id, Duration::from_secs(10)).await?;
    /// }
    /// # Ok(())
    /// # }); }
    /// ```
    ///
    /// # Errors
    /// What it failed with, as [`Error::Server`]; [`Error::Timeout`] when it is still not done, after which the connection
    /// can be used on if [`Client::is_usable`].
    pub async fn wait_tracked(&mut self, id: &str, limit: Duration) -> Result<(), Error> {
        let host = self.connection.host().clone();
        let end = host.now() + limit;
        loop {
            if self.tracking(id).await? != TrackingState::Pending {
                return Ok(());
            }
            let now = host.now();
            if now >= end {
                return Err(Error::Timeout);
            }
            host.sleep(TRACK_EVERY.min(end - now)).await;
        }
    }

    /// Sets a variable: the server has handed it to the driver. Returns the id if it is tracked.
    ///
    /// # Errors
    /// [`Error`]
    pub async fn set(&mut self, ups: &str, var: &str, value: &str) -> Result<Option<String>, Error> {
        self.connection.ask(Request::SetVar { ups, var, value }, tracking_id).await
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
        self.connection.ask(Request::InstCmd { ups, command, parameter }, tracking_id).await
    }

    /// Says goodbye and closes the connection.
    ///
    /// # Errors
    /// [`Error`]; the connection is closed all the same.
    pub async fn logout(mut self) -> Result<(), Error> {
        let answer = self.expect_ok(Request::Logout).await;
        self.connection.close(false).await;
        answer
    }

    /// Says goodbye and closes the connection without waiting for an answer.
    pub async fn leave(self) {
        self.connection.close(true).await;
    }

    /// The words of the answer to GET TYPE, also those that no server of today sends.
    pub(crate) async fn type_words(&mut self, ups: &str, var: &str) -> Result<Vec<String>, Error> {
        let words = self.connection.ask_words(Request::Get(Get::Type { ups, var })).await?;
        match words.as_slice() {
            [word, of, named, kind @ ..]
                if word.eq_ignore_ascii_case("TYPE")
                    && of.eq_ignore_ascii_case(ups)
                    && named.eq_ignore_ascii_case(var) =>
            {
                Ok(kind.to_vec())
            }
            _ => Err(Error::Protocol),
        }
    }

    async fn expect_ok(&mut self, request: Request<'_>) -> Result<(), Error> {
        self.connection.ask(request, |reply| matches!(reply, Reply::Ok { .. }).then_some(())).await
    }

    async fn text(&mut self, request: Request<'_>) -> Result<String, Error> {
        self.connection
            .ask(request, |reply| match reply {
                Reply::Text(line) => Some(line.texts().collect::<Vec<_>>().join(" ")),
                _ => None,
            })
            .await
    }

    async fn list<T>(
        &mut self,
        list: List<'_>,
        need: usize,
        pick: impl Fn(Reply<'_>) -> Option<T>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        let take = |reply: Reply<'_>| pick(reply).map(|row| rows.push(row)).is_some();
        self.connection.list(list, need, take).await?;
        Ok(rows)
    }
}

fn variable(name: &str, value: &str) -> Variable {
    Variable { name: name.to_owned(), value: value.to_owned() }
}

fn tracking_id(reply: Reply<'_>) -> Option<Option<String>> {
    match reply {
        Reply::Ok { note: Some("TRACKING"), argument: Some(id) } => Some(Some(id.to_owned())),
        Reply::Ok { .. } => Some(None),
        _ => None,
    }
}
