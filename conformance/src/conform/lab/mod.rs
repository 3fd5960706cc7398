//! Labs: where a subject lives. The same checks, with more or less of the world real.

pub(crate) mod drivers;
pub mod process;
pub mod programs;
pub mod remote;
pub mod virt;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use outage_host::{BoxStream, Signal};

use super::Miss;
use super::record::Record;

/// What is judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Our programs, as processes.
    Ours,
    /// Our programs on machines in memory, in virtual time.
    OursVirtual,
    /// NUT's own programs in C, in PATH or where Debian has them.
    Nut,
    /// A server somewhere, that is only read from.
    Remote(String, u16),
}

impl Target {
    /// Whether it runs in virtual time.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        *self == Self::OursVirtual
    }

    /// The name of its file of expectations; a server somewhere has none.
    #[must_use]
    pub fn ledger(&self) -> Option<&'static str> {
        match self {
            Self::Ours => Some("ours"),
            Self::OursVirtual => Some("ours-virtual"),
            Self::Nut => Some("nut"),
            Self::Remote(..) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(host, port) if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Self::Remote(host, port) => write!(f, "tcp://{host}:{port}"),
            other => f.pad(other.ledger().unwrap_or_default()),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no target: ours, ours-virtual, nut or tcp://HOST:PORT");
        match text {
            "ours" => return Ok(Self::Ours),
            "ours-virtual" => return Ok(Self::OursVirtual),
            "nut" => return Ok(Self::Nut),
            _ => {}
        }
        let rest = text.strip_prefix("tcp://").ok_or_else(wrong)?;
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
                (host, port.strip_prefix(':'))
            }
            None => rest.rsplit_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(3493), str::parse).map_err(|_| wrong())?;
        if host.is_empty() { Err(wrong()) } else { Ok(Self::Remote(host.to_owned(), port)) }
    }
}

/// What a program that has ended left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it or it had to be killed.
    pub code: Option<i32>,
    /// All of its standard output.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
    /// It did not end within the limit, and was killed.
    pub hung: bool,
}

/// How a program is started.
#[derive(Clone, Debug, Default)]
pub struct Start<'a> {
    /// The name it is called by.
    pub program: &'a str,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What its standard input holds; closed at once when `None`.
    pub stdin: Option<Vec<u8>>,
    /// More of its environment.
    pub environment: Vec<(String, String)>,
}

impl<'a> Start<'a> {
    /// A program with arguments.
    #[must_use]
    pub fn new(program: &'a str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { program, arguments, ..Self::default() }
    }
}

/// A place with files, programs and sockets for one subject.
///
/// Paths are relative to the place: `etc/upsd.conf`, `run/dummy-ups-dummy`.
#[async_trait]
pub trait Lab: Send + Sync {
    /// What is judged here.
    fn target(&self) -> &Target;

    /// A path as the programs see it.
    fn path(&self, relative: &str) -> PathBuf;

    /// Writes a file.
    ///
    /// # Errors
    /// As the operating system's.
    fn write(&self, relative: &str, content: &[u8], mode: u32) -> io::Result<()>;

    /// Reads a file.
    ///
    /// # Errors
    /// As the operating system's.
    fn read(&self, relative: &str) -> io::Result<Vec<u8>>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system's.
    fn remove(&self, relative: &str) -> io::Result<()>;

    /// The host and port at which the subject's upsd is to listen, or does.
    fn upsd_address(&self) -> (String, u16);

    /// Connects to the subject's upsd.
    async fn connect(&self) -> io::Result<BoxStream>;

    /// Connects to it to see whether it is ready, which is no part of any check.
    async fn connect_aside(&self) -> io::Result<BoxStream> {
        self.connect().await
    }

    /// Connects to a driver's socket.
    async fn connect_unix(&self, relative: &str) -> io::Result<BoxStream>;

    /// Listens where a driver of this name would.
    async fn listen_unix(&self, relative: &str) -> io::Result<Box<dyn Accept>>;

    /// Listens for clients: the address as the subject's programs write it (`host:port`), and the socket.
    async fn listen_tcp(&self) -> io::Result<(String, Box<dyn Accept>)>;

    /// Listens for clients once more at an address of [`Lab::listen_tcp`] whose socket is closed.
    async fn listen_tcp_again(&self, address: &str) -> io::Result<Box<dyn Accept>>;

    /// All that the subject's programs have told everyone who is logged in: lines. None of it reaches a real terminal.
    fn broadcasts(&self) -> String;

    /// Starts a program of the subject.
    ///
    /// # Errors
    /// [`Miss::Precondition`]: the subject has no such program. [`Miss::Skipped`]: this lab can't do it.
    async fn start(&self, start: Start<'_>, record: &Record) -> Result<Box<dyn Process>, Miss>;
}

/// A listening socket.
#[async_trait]
pub trait Accept: Send + Sync {
    /// The next connection.
    async fn accept(&self) -> io::Result<BoxStream>;
}

/// A running program.
#[async_trait]
pub trait Process: Send + Sync {
    /// Waits for its end: the exit code, `None` for a signal. Cancel safe.
    async fn ended(&mut self) -> Option<i32>;

    /// Sends it a signal; one that is gone is not missed.
    fn signal(&mut self, signal: Signal);

    /// Its standard output and standard error so far.
    fn output(&self) -> (String, String);

    /// Its process id.
    fn id(&self) -> u32;
}

/// What has ended has no process id; no process has this one.
pub(crate) const NO_PROCESS: u32 = 4_194_304;

/// Folder of the programs that the subject runs: `notify` (NOTIFYCMD), `halt` and `fail` (SHUTDOWNCMD). What they see
/// is a line each in [`TOLD`].
pub(crate) const HOOKS: &str = "hooks";

/// What the programs in [`HOOKS`] saw: `notice TYPE UPS TEXT` and `shutdown FLAG ARGUMENTS`, with tabs between.
pub(crate) const TOLD: &str = "run/told";

/// POWERDOWNFLAG.
pub(crate) const FLAG: &str = "run/killpower";

/// How long a check waits for what must come. Long: it is only used up by what fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// How often it is looked for what has no event.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The name of a file without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
