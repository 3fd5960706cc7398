//! What the command-line clients have in common: options, limits, how they fail, whom they ask.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use outage_config::args::{Getopt, Opt};
use outage_host::{Host, Signal};
use outage_wire::net::ErrorCode;

use crate::auth::{Access, Auth};
use crate::{Client, Credentials, Error, Options, ServerAddress};

/// How long a server may take to be reached unless `-W` or the environment says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// getopt's letters of what all of them take.
pub const COMMON_LETTERS: &str = "hVDW:A:";

/// The end of every help text.
pub const COMMON_HELP: &str = "\
Common arguments:
  -V         - display the version of this software
  -W <secs>  - network timeout for initial connections (default: 10)
  -A <name>  - require use of specified authentication configuration file
               (pass 'default' to require finding one user- or system-provided
               locations, or 'none' to not seek any such file)
  -D         - raise debugging level
  -h         - display this help text
";

/// What all of them take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Common {
    /// `-W`
    pub(crate) patience: Option<String>,
    /// `-A`
    pub(crate) auth: Option<String>,
    /// How many `-D`.
    pub(crate) debug: u8,
}

impl Common {
    /// Whether the option is one of those.
    pub(crate) fn take(&mut self, option: &Opt) -> bool {
        match option.flag {
            'W' => self.patience.clone_from(&option.value),
            'A' => self.auth.clone_from(&option.value),
            'D' => self.debug = self.debug.saturating_add(1),
            _ => return false,
        }
        true
    }

    /// Applies the debugging level, and reads what else of the environment and of files counts.
    pub(crate) fn session(&self, host: &Host) -> Result<Session, Failure> {
        let level = match self.debug {
            0 => host.env("NUT_DEBUG_LEVEL").and_then(|level| level.trim().parse().ok()).unwrap_or(0),
            given => given,
        };
        if level > 0 {
            host.set_debug_level(level.max(host.debug_level()));
        }
        let given = self.patience.clone();
        let patience =
            given.or_else(|| host.env("NUT_DEFAULT_CONNECT_TIMEOUT").filter(|text| !text.is_empty()));
        let connect_timeout = match &patience {
            None => PATIENCE,
            Some(text) => {
                seconds(text).ok_or_else(|| Failure::error(format!("invalid network timeout: {text}")))?
            }
        };
        let auth = Auth::load(host, self.auth.as_deref()).map_err(Failure::error)?;
        let options = Options { connect_timeout, ..Options::default() };
        Ok(Session { host: host.clone(), auth, options })
    }
}

/// A positive number of seconds.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().parse::<f64>().ok().filter(|seconds| *seconds > 0.0)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A run of a tool.
pub(crate) struct Session {
    pub(crate) host: Host,
    auth: Auth,
    options: Options,
}

impl Session {
    /// How to talk to this server, as this user if one is named.
    pub(crate) fn access(
        &self,
        user: Option<&str>,
        server: &ServerAddress,
    ) -> Result<(Options, Access), Failure> {
        let access = self.auth.lookup(&self.host, user, server).map_err(Failure::error)?;
        Ok((self.options.clone().tls(access.tls.clone()), access))
    }

    /// Connects.
    pub(crate) async fn connect(
        &self,
        user: Option<&str>,
        server: &ServerAddress,
    ) -> Result<(Client, Access), Failure> {
        let (options, access) = self.access(user, server)?;
        let client = Client::connect_with(&self.host, server, &options).await?;
        let how = if client.is_encrypted() { "encrypted" } else { "in the clear" };
        self.host.debug(1, format_args!("connected to {}, {how}", server.host));
        if client.is_encrypted() && !access.tls.verifies() {
            self.host.debug(1, "the server's certificate is not verified");
        }
        Ok((client, access))
    }

    /// Connects, asks, and says goodbye.
    pub(crate) async fn ask<T>(
        &self,
        server: &ServerAddress,
        ask: impl AsyncFnOnce(&mut Client) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (mut client, _) = self.connect(None, server).await?;
        let answer = ask(&mut client).await;
        client.leave().await;
        answer
    }

    /// Who gives orders: by the command line, then by nutauth.conf, then by whoever runs the program.
    pub(crate) async fn credentials(
        &self,
        user: Option<String>,
        password: Option<String>,
        access: Access,
    ) -> Result<Credentials, Failure> {
        if let (None, None, Some(credentials)) = (&user, &password, &access.credentials) {
            return Ok(credentials.clone());
        }
        // A password of the file's belongs to the user of the file's.
        let of_file = access.credentials.filter(|own| user.as_ref().is_none_or(|user| *user == own.user));
        let user = match user.or(access.user) {
            Some(user) => user,
            None => self.ask_user().await?,
        };
        let password = match password.or(of_file.map(|own| own.password)) {
            Some(password) => password,
            // None at all is an empty one, as with getpass(3).
            None => self.prompt("Password: ", true).await?.unwrap_or_default(),
        };
        Ok(Credentials { user, password })
    }

    async fn ask_user(&self) -> Result<String, Failure> {
        let own = self.host.user_name();
        let prompt =
            own.as_ref().map_or_else(|| "Username: ".to_owned(), |own| format!("Username ({own}): "));
        match self.prompt(&prompt, false).await? {
            None => Err(Failure::plain("Error reading from stdin!")),
            Some(user) if user.is_empty() => {
                own.ok_or_else(|| Failure::plain("No username available - even tried getpwuid"))
            }
            Some(user) => Ok(user),
        }
    }

    /// A line from whoever runs the program. A signal ends the program, with the terminal as it was.
    pub(crate) async fn prompt(&self, prompt: &str, secret: bool) -> Result<Option<String>, Failure> {
        let answer = self.host.ask(prompt, secret);
        let ended = async {
            loop {
                let signal = self.host.next_signal().await;
                if matches!(signal, Signal::Int | Signal::Term | Signal::Quit | Signal::Hup) {
                    return;
                }
            }
        };
        tokio::select! {
            biased;
            answer = answer => {
                answer.map_err(|error| Failure::plain(format!("cannot read the answer: {error}")))
            }
            () = ended => Err(Failure::plain("interrupted")),
        }
    }

    /// Says who we are.
    pub(crate) async fn authenticate(
        &self,
        client: &mut Client,
        credentials: &Credentials,
    ) -> Result<(), Failure> {
        let outdated = |error: &Error| error.code() == Some(ErrorCode::UnknownCommand);
        client.username(&credentials.user).await.map_err(|error| {
            if outdated(&error) {
                Failure::plain(
                    "Set username failed due to an unknown command.\nYou probably need to upgrade upsd.",
                )
            } else {
                Failure::plain(format!("Set username failed: {error}"))
            }
        })?;
        client
            .password(&credentials.password)
            .await
            .map_err(|error| Failure::plain(format!("Set password failed: {error}")))
    }
}

/// Has orders tracked. `what` is how the texts name the order.
pub(crate) async fn track(client: &mut Client, what: &str) -> Result<(), Failure> {
    client.set_tracking(true).await.map_err(|error| match error.word() {
        Some(word) => {
            Failure::plain(format!("Enabling {what} status tracking failed. upsd answered: ERR {word}"))
        }
        None => Failure::plain(format!("Enabling {what} status tracking failed: {error}")),
    })
}

/// What became of an order, as NUT's programs print it: `OK`, or what tracking told.
///
/// # Errors
/// The order failed.
pub(crate) async fn outcome(
    client: &mut Client,
    answer: Result<Option<String>, Error>,
    failed: &str,
    limit: Option<Duration>,
) -> Result<&'static str, Failure> {
    let id = answer.map_err(|error| match error.word() {
        Some(word) => Failure::plain(format!("Unexpected response from upsd: ERR {word}")),
        None if matches!(error, Error::Protocol) => {
            Failure::plain("Unexpected response from upsd: not an answer to this")
        }
        None => Failure::plain(format!("{failed}: {error}")),
    })?;
    let (Some(id), Some(limit)) = (id, limit) else { return Ok("OK") };
    match client.wait_tracked(&id, limit).await {
        Ok(()) => Ok("SUCCESS"),
        Err(error) => Err(match error.word() {
            Some(word) => Failure::plain(format!("ERR {word}")),
            None if matches!(error, Error::Timeout) => {
                Failure::plain("Can't receive status tracking information: timeout")
            }
            None => Failure::plain(format!("Can't receive status tracking information: {error}")),
        }),
    }
}

/// `-t`: whole seconds.
pub(crate) fn tracking_limit(text: &str) -> Result<Duration, Failure> {
    text.trim().parse().map(Duration::from_secs).map_err(|_| {
        Failure::plain(
            "Could not convert the provided value for timeout ('-t' option) to unsigned int: Invalid argument",
        )
    })
}

/// Why a tool ends without success: the text for standard error, of one or more lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `Error: ` stands before it.
    is_error: bool,
    pub(crate) text: String,
}

impl Failure {
    /// `Error: text`
    pub(crate) fn error(text: impl fmt::Display) -> Self {
        Self { is_error: true, text: text.to_string() }
    }

    /// Only the text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { is_error: false, text: text.into() }
    }

    /// Says it.
    pub(crate) fn report(&self, host: &Host) {
        let prefix = if self.is_error { "Error: " } else { "" };
        for line in format!("{prefix}{}", self.text).lines() {
            host.error(line);
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::error(error)
    }
}

/// What to say of a LIST that a server does not know.
pub(crate) fn list_failure(error: Error) -> Failure {
    if error.code() == Some(ErrorCode::UnknownCommand) {
        return Failure::error("upsd is too old to support this query");
    }
    error.into()
}

/// How a command line ends that asks for no work.
pub(crate) enum Instead {
    /// `-V`
    Version,
    /// `-h`, and what NUT's programs answer with their help: they end with success then.
    Help(Option<String>),
    /// Something is wrong with a value.
    Failed(Failure),
}

impl Instead {
    /// Prints what there is to print. `program` is the name it goes by.
    pub(crate) fn finish(&self, host: &Host, program: &str, usage: &str) -> ExitCode {
        let banner = banner(program);
        match self {
            Self::Version => host.print(&banner),
            Self::Help(complaint) => {
                if let Some(complaint) = complaint {
                    host.error(format!("{program}: {complaint}"));
                }
                host.print(&format!("{banner}\n{usage}\n{COMMON_HELP}"));
            }
            Self::Failed(failure) => {
                failure.report(host);
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    }
}

pub(crate) fn banner(program: &str) -> String {
    format!("Network UPS Tools {program} {}\n", env!("CARGO_PKG_VERSION"))
}

/// Reads a command line: `take` is given each option that is not common to all tools, and returns whether it is one.
pub(crate) fn options(
    spec: &str,
    args: Vec<String>,
    mut take: impl FnMut(&Opt) -> Result<(), Failure>,
) -> Result<(Common, Vec<String>), Instead> {
    let mut common = Common::default();
    let mut options = Getopt::new(&format!("+{spec}{COMMON_LETTERS}"), args);
    for option in options.by_ref() {
        let option = option.map_err(|error| Instead::Help(Some(error.to_string())))?;
        match option.flag {
            'V' => return Err(Instead::Version),
            'h' => return Err(Instead::Help(None)),
            _ if common.take(&option) => {}
            _ => take(&option).map_err(Instead::Failed)?,
        }
    }
    Ok((common, options.operands()))
}

/// Text of a server's, fit for a terminal: no control characters, which could be orders to it.
pub(crate) fn shown(text: &str) -> String {
    if text.chars().any(char::is_control) {
        text.chars().filter(|c| !c.is_control()).collect()
    } else {
        text.to_owned()
    }
}
