//! Running other programs.

use std::io;

use async_trait::async_trait;

/// A program to run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Command {
    /// Program and arguments; with [`Command::shell`], one element: the line the shell runs.
    pub argv: Vec<String>,
    /// Name the program is called by (`argv[0]`) when it is not `argv[0]` above.
    pub name: Option<String>,
    /// Variables added to the environment.
    pub env: Vec<(String, String)>,
    /// Text for its standard input; `None`: `/dev/null`.
    pub stdin: Option<String>,
    /// Run `argv[0]` by `/bin/sh -c`.
    pub shell: bool,
}

impl Command {
    /// A program with its arguments.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// A line for the shell.
    pub fn shell(line: impl Into<String>) -> Self {
        Self { argv: vec![line.into()], shell: true, ..Self::default() }
    }
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl ExitStatus {
    /// Whether it exited with 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A running program. Dropping it leaves the program running.
#[async_trait]
pub trait Child: Send {
    /// Process id.
    fn id(&self) -> u32;
    /// Waits for its end. Cancel safe.
    ///
    /// # Errors
    /// The operating system lost track of it.
    async fn wait(&mut self) -> io::Result<ExitStatus>;
    /// Ends it at once.
    fn kill(&mut self);
}
