//! A folder of configuration files, and programs that run with it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// How long something may take before a test fails for it.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
/// Words that must never be shown.
const SECRETS: [&str; 3] = ["s3cr3t-pw", "hunter2-pw", "wr0ng-pw"];

/// A folder of configuration files, with a state folder in it.
pub(crate) struct Etc(pub(crate) TempDir);

impl Etc {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let etc = Self(tempfile::tempdir().unwrap());
        fs::create_dir(etc.state()).unwrap();
        for (name, text) in files {
            etc.write(name, text);
        }
        etc
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(cargo_bin("ups"));
        command.args(line.split_whitespace()).env("NUT_CONFPATH", self.0.path());
        for folder in ["NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"] {
            command.env(folder, self.state());
        }
        command
    }

    /// Runs a program that ends by itself: exit code, and all it said.
    pub(crate) fn run(&self, line: &str) -> (i32, String) {
        let mut command = assert_cmd::Command::from_std(self.command(line));
        let output = command.timeout(LIMIT).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!SECRETS.iter().any(|secret| text.contains(secret)), "a secret is shown: {text}");
        (output.status.code().expect("it goes on"), self.plain(&text))
    }

    fn plain(&self, text: &str) -> String {
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        text.replace(self.0.path().to_str().unwrap(), "ETC")
            .replace(cargo_bin("ups").to_str().unwrap(), "UPS")
    }

    pub(crate) fn start(&self, line: &str) -> Daemon<'_> {
        self.start_command(self.command(line))
    }

    pub(crate) fn start_command(&self, mut command: Command) -> Daemon<'_> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            std::thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
            });
        }
        Daemon { etc: self, child, lines }
    }
}

/// A program that runs until it is told to end.
pub(crate) struct Daemon<'a> {
    etc: &'a Etc,
    pub(crate) child: Child,
    lines: Receiver<String>,
}

impl Daemon<'_> {
    /// What it says up to a line that holds `text`, without the times of -D.
    pub(crate) fn until(&self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok(line) => {
                    let line = line.split_once('\t').map_or(line.as_str(), |(_, line)| line);
                    seen += &format!("{line}\n");
                    if line.contains(text) {
                        assert!(
                            !SECRETS.iter().any(|secret| seen.contains(secret)),
                            "a secret is shown: {seen}"
                        );
                        return self.etc.plain(&seen);
                    }
                }
                Err(error) => panic!("no line with {text:?} ({error}) after: {seen}"),
            }
        }
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
