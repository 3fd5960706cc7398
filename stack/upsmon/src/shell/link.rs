//! The connection to one MONITOR's server: a task of its own, so that a dead server delays nobody else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use outage_client::{Client, Error, Options, ServerAddress};
use outage_config::{Monitor, MonitorRole};
use outage_host::{Elapsed, Host, before, boxed};
use tokio::sync::{Notify, mpsc};

use super::config::Family;
use super::secure::Security;
use crate::core::{Event, LoginError, LoginStep, MonitorId, PollError, Reading, Word};

/// How long an answer may take. NUT's clients wait as long.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// How long anything may still take once a shutdown has begun.
const HURRY_LIMIT: Duration = Duration::from_secs(2);

/// How long a farewell may take.
const LOGOUT_LIMIT: Duration = Duration::from_millis(500);

const BUZZWORDS: [&str; 2] = ["ups.mode.buzzwords", "experimental.ups.mode.buzzwords"];

/// What is asked of a link. Done one after the other.
#[derive(Debug)]
pub(crate) enum Order {
    /// With `battery.charge`, when that is to be known.
    Poll {
        charge: bool,
    },
    /// The configuration was read again: how to encrypt from now on.
    Secure(Box<Security>),
    Login,
    SetFsd,
    QueryLogins,
    Close,
}

/// The client's end of a MONITOR line.
pub(crate) struct Link {
    pub(crate) host: Host,
    pub(crate) id: MonitorId,
    pub(crate) monitor: Monitor,
    pub(crate) connect_timeout: Duration,
    pub(crate) family: Family,
    pub(crate) security: Security,
    /// It was said that this server does not encrypt.
    pub(crate) said_clear: bool,
    pub(crate) events: mpsc::UnboundedSender<Event>,
    pub(crate) hurry: Arc<Hurry>,
    pub(crate) connection: Option<Connection>,
}

/// Whether there is no time to lose any more.
#[derive(Debug, Default)]
pub(crate) struct Hurry {
    begun: AtomicBool,
    beginning: Notify,
}

impl Hurry {
    /// From now on.
    pub(crate) fn begin(&self) {
        self.begun.store(true, Ordering::Release);
        self.beginning.notify_waiters();
    }

    async fn wait(&self) {
        // Listening before looking, so that no beginning is lost between the two.
        let beginning = self.beginning.notified();
        if !self.begun.load(Ordering::Acquire) {
            beginning.await;
        }
    }
}

/// An open connection.
pub(crate) struct Connection {
    client: Client,
    /// The user's name and password are with the server.
    introduced: bool,
    /// LOGIN was granted.
    logged_in: bool,
    /// Those of [`BUZZWORDS`] that the server has; `None`: not asked yet.
    buzzwords: Option<Vec<&'static str>>,
}

impl Link {
    /// Does what is ordered until it is closed.
    pub(crate) async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            let event = match order {
                Order::Poll { charge } => {
                    let result = self.poll(charge).await;
                    if let Ok(reading) = &result {
                        let (system, status) = (&self.monitor.system, &reading.status);
                        self.host.debug(2, format_args!("UPS [{system}]: status [{status}]"));
                    }
                    Event::Polled(self.id, result)
                }
                Order::Secure(security) => {
                    if !security.agrees(&self.security) {
                        self.leave().await;
                    }
                    self.security = *security;
                    continue;
                }
                Order::Login => {
                    self.login().await;
                    continue;
                }
                Order::SetFsd => Event::FsdSet(self.id, self.set_fsd().await),
                Order::QueryLogins => Event::Logins(self.id, self.query_logins().await),
                Order::Close => break,
            };
            self.tell(event);
        }
        self.leave().await;
    }

    async fn leave(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Whoever leaves politely is not waited for; whoever can't, leaves all the same.
            let _ = self.host.timeout(LOGOUT_LIMIT, connection.client.logout()).await;
        }
    }

    fn tell(&self, event: Event) {
        // Nobody listens any more when the whole program is on its way out.
        let _ = self.events.send(event);
    }

    async fn poll(&mut self, charge: bool) -> Result<Reading, PollError> {
        self.connected().await.map_err(PollError::Connect)?;
        let status = self.get("ups.status").await?;
        let words = || status.split_ascii_whitespace();
        let mut reading = Reading { status: status.clone(), ..Reading::default() };
        if words().any(|word| Word::parse(word) == Some(Word::Alarm)) {
            reading.alarm = optional(self.get("ups.alarm").await)?;
        }
        if charge && words().any(|word| Word::parse(word) == Some(Word::OnBattery)) {
            reading.charge = optional(self.get("battery.charge").await)?;
        }
        if words().any(|word| !word.eq_ignore_ascii_case("WAIT")) {
            reading.buzzwords = self.buzzwords().await?;
        }
        Ok(reading)
    }

    /// Few servers have buzzwords: a connection learns once which, and asks for no others.
    async fn buzzwords(&mut self) -> Result<Option<String>, PollError> {
        let known = self.connection.as_ref().and_then(|connection| connection.buzzwords.clone());
        let mut found: Option<String> = None;
        let mut supported = Vec::new();
        for name in known.as_deref().unwrap_or(&BUZZWORDS) {
            if let Some(words) = optional(self.get(name).await)? {
                supported.push(*name);
                found = Some(found.map_or(words.clone(), |before| format!("{before} {words}")));
            }
        }
        if let Some(connection) = self.connection.as_mut().filter(|_| known.is_none()) {
            connection.buzzwords = Some(supported);
        }
        Ok(found)
    }

    async fn get(&mut self, name: &str) -> Result<String, PollError> {
        let ups = self.monitor.ups.clone();
        self.request(async |client| client.get_var(&ups, name).await).await.map_err(|failure| match failure {
            Failure::Refused(code) => PollError::Refused(code),
            failure => PollError::Lost(failure.to_string()),
        })
    }

    /// A connection that turns out to be broken is worth another one: the secondaries hear of this by no other way.
    async fn set_fsd(&mut self) -> Result<(), String> {
        let ups = self.monitor.ups.clone();
        let mut is_new = self.connection.is_none();
        loop {
            self.connected().await?;
            match self.request(async |client| client.fsd(&ups).await).await {
                Err(Failure::Lost(_)) if !is_new => is_new = true,
                done => return done.map_err(|failure| failure.to_string()),
            }
        }
    }

    async fn query_logins(&mut self) -> Result<u32, String> {
        let ups = self.monitor.ups.clone();
        let count = self.request(async |client| client.num_logins(&ups).await).await;
        let count = count.map_err(|failure| failure.to_string())?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Makes a connection unless there is one.
    async fn connected(&mut self) -> Result<(), String> {
        if self.connection.is_some() { Ok(()) } else { boxed(|| self.connect()).await }
    }

    /// Makes a connection, and logs in on it.
    async fn connect(&mut self) -> Result<(), String> {
        let limit = self.connect_timeout;
        let (host, hurry) = (self.host.clone(), self.hurry.clone());
        let mut client = match hurried(&host, &hurry, host.timeout(limit, self.open())).await {
            Ok(Ok(Ok(client))) => client,
            Ok(Ok(Err(text))) => return Err(text),
            Ok(Err(elapsed)) | Err(elapsed) => {
                return Err(format!("no answer from {}: {elapsed}", self.monitor.host));
            }
        };
        client.set_timeout(ANSWER_LIMIT);
        self.connection = Some(Connection { client, introduced: false, logged_in: false, buzzwords: None });
        self.login().await;
        if self.connection.is_some() { Ok(()) } else { Err("the server closed the connection".into()) }
    }

    async fn open(&mut self) -> Result<Client, String> {
        let Monitor { host: name, port, .. } = &self.monitor;
        let text = |error: io::Error| format!("Connection failure: {error}");
        let address = match self.family {
            Family::Any => name.clone(),
            family => {
                let of_family = |address: &SocketAddr| address.is_ipv4() == (family == Family::V4);
                let addresses = self.host.resolve(name, *port).await.map_err(text)?;
                let address = addresses.into_iter().find(of_family);
                address.ok_or_else(|| format!("{name} has no such address"))?.ip().to_string()
            }
        };
        let server = ServerAddress { host: address, port: *port };
        let options = Options::default().timeout(self.connect_timeout).tls(self.security.tls(&self.host)?);
        let opened = Client::connect_with(&self.host, &server, &options).await;
        match &opened {
            Ok(client) => {
                self.said_clear = false;
                let (system, how) =
                    (&self.monitor.system, if client.is_encrypted() { "encrypted" } else { "in the clear" });
                self.host.debug(1, format_args!("UPS [{system}]: connected, {how}"));
            }
            Err(Error::NoTls) => self.say_clear(),
            // The certificates may be others by the next time.
            Err(Error::Tls(_)) => self.security.forget(),
            Err(_) => {}
        }
        opened.map_err(|error| error.to_string())
    }

    /// A server that does not encrypt, and has to. The failed polls are logged as ever; why, and what to do, once.
    fn say_clear(&mut self) {
        if std::mem::replace(&mut self.said_clear, true) {
            return;
        }
        let Monitor { system, host, .. } = &self.monitor;
        let directive = self.security.wants().unwrap_or("FORCESSL");
        self.host.error(format_args!(
            "UPS [{system}]: upsd on {host} does not encrypt (STARTTLS), which {directive} wants: no password is sent, and \
             nothing is read from it. Give it a certificate (CERTFILE in upsd.conf), or except it by CERTHOST"
        ));
    }

    /// Tells who we are, as far as the server does not know yet, and says how that went.
    async fn login(&mut self) {
        let result = self.try_login().await;
        if let Some(result) = result {
            self.tell(Event::LoggedIn(self.id, result));
        }
    }

    /// `None`: the connection broke, which the next poll will tell.
    async fn try_login(&mut self) -> Option<Result<(), LoginError>> {
        let Monitor { user, password, ups, role, .. } = self.monitor.clone();
        let connection = self.connection.as_ref()?;
        let (introduced, logged_in) = (connection.introduced, connection.logged_in);
        if !introduced {
            let done = self.request(async |client| client.authenticate(&user, &password).await).await;
            if let Some(refused) = refusal(LoginStep::Login, done) {
                return self.connection.is_some().then_some(Err(refused));
            }
            self.connection.as_mut()?.introduced = true;
        }
        if !logged_in {
            let done = self.request(async |client| client.login(&ups).await).await;
            if let Some(refused) = refusal(LoginStep::Login, done) {
                return self.connection.is_some().then_some(Err(refused));
            }
            self.connection.as_mut()?.logged_in = true;
        }
        if role == MonitorRole::Primary {
            let done = self.request(async |client| client.primary(&ups).await).await;
            if let Some(refused) = refusal(LoginStep::Primary, done) {
                return self.connection.is_some().then_some(Err(refused));
            }
        }
        Some(Ok(()))
    }

    /// One question and its answer. A connection on which that fails is of no more use.
    async fn request<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let Some(connection) = &mut self.connection else {
            return Err(Failure::Lost("Server disconnected".into()));
        };
        let answer = hurried(&self.host, &self.hurry, ask(&mut connection.client)).await;
        let failure = match answer {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => Failure::from(error),
            Err(elapsed) => Failure::Silent(format!("the server does not answer: {elapsed}")),
        };
        if !matches!(failure, Failure::Refused(_)) {
            self.connection = None;
        }
        Err(failure)
    }
}

/// A variable that need not be there.
fn optional(result: Result<String, PollError>) -> Result<Option<String>, PollError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(PollError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn refusal(step: LoginStep, done: Result<(), Failure>) -> Option<LoginError> {
    done.err().map(|failure| LoginError { step, answer: failure.to_string() })
}

/// Why a question has no answer.
enum Failure {
    /// `ERR` and this code.
    Refused(String),
    /// There is no connection any more.
    Lost(String),
    /// The server takes its time, and would on another connection.
    Silent(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Server(code) => Self::Refused(code.to_string()),
            Error::UnknownCode(code) => Self::Refused(code),
            Error::Timeout => Self::Silent(error.to_string()),
            broken => Self::Lost(broken.to_string()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "ERR {code}"),
            Self::Lost(text) | Self::Silent(text) => f.write_str(text),
        }
    }
}

/// `work` for as long as it takes, but not for long once there is no time to lose.
async fn hurried<T>(host: &Host, hurry: &Hurry, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    let end = async {
        hurry.wait().await;
        host.sleep(HURRY_LIMIT).await;
    };
    before(end, work).await
}
