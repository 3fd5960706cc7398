//! What a server tells.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Tls;

/// A UPS of a server: a row of LIST UPS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ups {
    /// What it is called by.
    pub name: String,
    /// `desc` of ups.conf, or what the server says in its place (NUT: `Description unavailable`).
    pub description: String,
}

/// A variable of a UPS with its value: a row of LIST VAR or LIST RW.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// As in `battery.charge`.
    pub name: String,
    /// As it stands on the wire, unquoted.
    pub value: String,
}

impl Variable {
    /// The value as a number, or as whatever else can be read from a text.
    ///
    /// ```
    /// # use outage_client::Variable;
    /// let charge = Variable { name: "battery.charge".to_owned(), value: "93.5".to_owned() };
    /// assert_eq!(charge.parse(), Ok(93.5));
    /// ```
    ///
    /// # Errors
    /// Those of the type.
    pub fn parse<T: FromStr>(&self) -> Result<T, T::Err> {
        self.value.trim().parse()
    }
}

/// Both ends of a range that a variable may be set within: a row of LIST RANGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The least value.
    pub min: i64,
    /// The greatest.
    pub max: i64,
}

impl Range {
    /// Whether a value lies in it.
    #[must_use]
    pub const fn contains(&self, value: i64) -> bool {
        self.min <= value && value <= self.max
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.min, self.max)
    }
}

/// What a server is told to trust an order. `Debug` never shows the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// A section of the server's upsd.users.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Credentials {
    /// From a name and a password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).field("password", &"***").finish()
    }
}

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long looking up the name and making the connection may take: 10 s unless set.
    pub connect_timeout: Duration,
    /// How long each request may take up to the last byte of its reply, and a TLS handshake: 5 s unless set, as in
    /// NUT's clients.
    pub timeout: Duration,
    /// Encryption; none unless set.
    pub tls: Option<Tls>,
}

impl Default for Options {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), timeout: Duration::from_secs(5), tls: None }
    }
}

impl Options {
    /// The same limit for every step.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self.timeout = limit;
        self
    }

    /// With encryption.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }
}
