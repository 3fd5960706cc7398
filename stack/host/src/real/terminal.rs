//! Questions to whoever runs the program.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The longest line that is taken.
const LONGEST: u64 = 4096;

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<F: AsFd> {
    terminal: F,
    before: Termios,
}

impl<F: AsFd> Hidden<F> {
    /// `None`: it is no terminal.
    fn new(terminal: F) -> Option<Self> {
        let before = tcgetattr(&terminal).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // Flush: what was typed before the question is no answer to it.
        tcsetattr(&terminal, OptionalActions::Flush, &hidden).ok()?;
        Some(Self { terminal, before })
    }
}

impl<F: AsFd> Drop for Hidden<F> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}

pub(super) async fn ask(prompt: &str, secret: bool) -> io::Result<Option<String>> {
    if !secret {
        say(io::stdout(), prompt)?;
        return read(io::stdin).await;
    }
    match File::options().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => {
            let hidden = Hidden::new(terminal.try_clone()?);
            say(&terminal, prompt)?;
            let reader = terminal.try_clone()?;
            let line = read(|| reader).await;
            if hidden.is_some() {
                // The end of the line was not shown either.
                let _ = say(&terminal, "\n");
            }
            line
        }
        // No terminal: a script's input, as getpass(3) does.
        Err(_) => {
            say(io::stderr(), prompt)?;
            let _hidden = Hidden::new(io::stdin());
            read(io::stdin).await
        }
    }
}

fn say(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}

/// A line of what `open` gives, in a thread of its own. Nobody waits for that thread when the answer is no longer wanted.
async fn read<R: ReadLine>(open: impl FnOnce() -> R + Send + 'static) -> io::Result<Option<String>> {
    tokio::task::spawn_blocking(move || line(open())).await.map_err(io::Error::other)?
}

trait ReadLine: 'static {
    fn read_line(self, line: &mut Vec<u8>) -> io::Result<usize>;
}

impl ReadLine for io::Stdin {
    fn read_line(self, line: &mut Vec<u8>) -> io::Result<usize> {
        self.lock().take(LONGEST).read_until(b'\n', line)
    }
}

impl ReadLine for File {
    fn read_line(self, line: &mut Vec<u8>) -> io::Result<usize> {
        // A terminal gives one line at a time: nothing of the next one is swallowed.
        BufReader::new(self).take(LONGEST).read_until(b'\n', line)
    }
}

fn line(reader: impl ReadLine) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}
