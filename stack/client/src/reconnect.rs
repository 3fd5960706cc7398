//! A client that outlives its connections.

use std::time::Duration;

use outage_host::Host;

use crate::{Client, Credentials, Error, Options, Range, ServerAddress, Ups, VarType, Variable};

/// How long to wait between attempts: twice as long after each that failed, up to a limit, and a little more or less than
/// that, so that a thousand clients of a restarted server don't all come at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    failed: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(500), Duration::from_secs(30))
    }
}

impl Backoff {
    /// From `first` up to `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failed: 0 }
    }

    /// How long to wait after one more attempt that failed. `chance` is any number; equal numbers give equal times.
    ///
    /// ```
    /// # use outage_client::Backoff;
    /// # use std::time::Duration;
    /// let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
    /// let waits: Vec<_> = (0..4).map(|_| backoff.failed(128).as_secs()).collect();
    /// assert_eq!(waits, [1, 2, 4, 5]);
    /// backoff.succeeded();
    /// assert_eq!(backoff.failed(0), Duration::from_millis(750));
    /// ```
    pub fn failed(&mut self, chance: u8) -> Duration {
        let wait =
            self.first.saturating_mul(1_u32.checked_shl(self.failed).unwrap_or(u32::MAX)).min(self.most);
        self.failed = self.failed.saturating_add(1).min(31);
        // Three to five quarters.
        wait * (384 + u32::from(chance)) / 512
    }

    /// The next failure is a first one again.
    pub const fn succeeded(&mut self) {
        self.failed = 0;
    }
}

/// A client that connects when it is needed and again when the connection broke, at growing intervals while the server is
/// away; that says anew who it is each time.
///
/// What changes nothing is asked here. When the connection turns out to have been closed by the server while it was idle
/// (NUT's do after a minute), a new one is made and the question is asked again, once.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
/// # fn main() { example(async |host| {
/// use outage_client::{Options, Reconnecting};
///
/// let mut client = Reconnecting::new(&host, "localhost".parse()?, Options::default());
/// assert_eq!(client.get_var("eaton", "ups.status").await?, "OL");
/// // An order goes to the connection itself: it is never repeated, since it may have been carried out although no
/// // answer came.
/// client.client().await?.authenticate("admin", "secret").await?;
/// # Ok(())
/// # }); }
/// ```
pub struct Reconnecting {
    host: Host,
    server: ServerAddress,
    options: Options,
    credentials: Option<Credentials>,
    backoff: Backoff,
    client: Option<Client>,
    /// No attempt before this.
    not_before: Option<Duration>,
}

impl std::fmt::Debug for Reconnecting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reconnecting")
            .field("server", &self.server)
            .field("credentials", &self.credentials)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Reconnecting {
    /// A client of this server, not connected yet.
    #[must_use]
    pub fn new(host: &Host, server: ServerAddress, options: Options) -> Self {
        Self {
            host: host.clone(),
            server,
            options,
            credentials: None,
            backoff: Backoff::default(),
            client: None,
            not_before: None,
        }
    }

    /// Each connection begins with these.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// At these intervals.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The server it is for.
    #[must_use]
    pub const fn server(&self) -> &ServerAddress {
        &self.server
    }

    /// Whether there is a connection, as far as this side knows.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_usable)
    }

    /// The connection, a new one unless there is one.
    ///
    /// # Errors
    /// What befalls an attempt; [`Error::NotYet`] when it is too early for another one.
    pub async fn client(&mut self) -> Result<&mut Client, Error> {
        if !self.is_connected() {
            self.client = None;
            let now = self.host.now();
            if let Some(wait) =
                self.not_before.and_then(|at| at.checked_sub(now)).filter(|wait| !wait.is_zero())
            {
                return Err(Error::NotYet(wait));
            }
            match self.connect().await {
                Ok(client) => {
                    self.backoff.succeeded();
                    self.not_before = None;
                    self.client = Some(client);
                }
                Err(error) => {
                    let chance = self.host.random(1).first().copied().unwrap_or(128);
                    self.not_before = Some(self.host.now() + self.backoff.failed(chance));
                    return Err(error);
                }
            }
        }
        self.client.as_mut().ok_or(Error::Disconnected)
    }

    /// Waits until there is a connection, however long that takes. Cancel safe.
    pub async fn connected(&mut self) {
        loop {
            match self.client().await {
                Ok(_) => return,
                Err(Error::NotYet(wait)) => self.host.sleep(wait).await,
                Err(_) => {}
            }
        }
    }

    /// Says goodbye. The next question makes a connection anew.
    pub async fn disconnect(&mut self) {
        if let Some(client) = self.client.take() {
            client.leave().await;
        }
    }

    /// (`&mut`, since a stream is none that threads may share.)
    async fn connect(&mut self) -> Result<Client, Error> {
        let mut client = Client::connect_with(&self.host, &self.server, &self.options).await?;
        if let Some(credentials) = &self.credentials {
            client.authenticate_as(credentials).await?;
        }
        Ok(client)
    }
}

macro_rules! questions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident),*) -> $answer:ty;)*) => {
        impl Reconnecting {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`Error`]
                pub async fn $name(&mut self, $($argument: &str),*) -> Result<$answer, Error> {
                    let kept = self.is_connected();
                    match self.client().await?.$name($($argument),*).await {
                        Err(error) if kept && error.is_hang_up() => {
                            self.client = None;
                            self.client().await?.$name($($argument),*).await
                        }
                        other => other,
                    }
                }
            )*
        }
    };
}

questions! {
    /// The value of a variable.
    get_var(ups, var) -> String;
    /// The server's UPSes with their descriptions, in its order.
    list_ups() -> Vec<Ups>;
    /// All variables of a UPS with their values.
    list_vars(ups) -> Vec<Variable>;
    /// The variables of a UPS that can be set, with their values.
    list_rw(ups) -> Vec<Variable>;
    /// The instant commands of a UPS.
    list_commands(ups) -> Vec<String>;
    /// The addresses of the clients that are logged in to a UPS.
    list_clients(ups) -> Vec<String>;
    /// The values a variable may be set to.
    list_enum(ups, var) -> Vec<String>;
    /// The ranges a variable may be set within.
    list_ranges(ups, var) -> Vec<Range>;
    /// The description of a UPS.
    ups_desc(ups) -> String;
    /// The description of a variable.
    var_desc(ups, var) -> String;
    /// The description of an instant command.
    command_desc(ups, command) -> String;
    /// What a variable may be set to.
    var_type(ups, var) -> VarType;
    /// How many clients are logged in to a UPS.
    num_logins(ups) -> u64;
    /// What the server says it is.
    version() -> String;
}
