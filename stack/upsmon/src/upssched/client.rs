//! What upsmon starts: does what the AT lines say, with the help of the process that holds the timers.

use std::fmt;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use outage_config::{SchedCommand, UpsschedConf};
use outage_host::{BoxStream, Command, ExitStatus, Host};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;

use super::core::{Call, Notice, Request};
use super::{LOCK_MODE, options, script, wire};

/// How long the process that holds the timers may take to be there and to answer.
const LIMIT: Duration = Duration::from_secs(15);

/// How long to wait before the next attempt.
const PAUSE: Duration = Duration::from_millis(20);

/// Does what the AT lines say about a notice, in their order. A slow CMDSCRIPT holds up no timer.
pub(super) async fn act(conf: &UpsschedConf, notice: Notice, host: &Host) -> ExitCode {
    let (calls, queue) = mpsc::unbounded_channel();
    let ordering = async move {
        let mut code = ExitCode::SUCCESS;
        for rule in conf.rules.iter().filter(|rule| rule.matches(&notice.kind, &notice.ups)) {
            let done = order(conf, &rule.command, &notice, &calls, host).await;
            if let Err(error) = done {
                host.error(format_args!("upssched.conf:{}: {error}", rule.line));
                code = ExitCode::FAILURE;
            }
        }
        code
    };
    let (code, ()) = tokio::join!(ordering, script::run(host.clone(), conf.script.clone(), queue, None));
    code
}

async fn order(
    conf: &UpsschedConf,
    command: &SchedCommand,
    notice: &Notice,
    calls: &mpsc::UnboundedSender<Call>,
    host: &Host,
) -> Result<(), AskError> {
    let run = |argument: &str| {
        // Its receiver runs beside this until the sender is gone.
        let _ = calls.send(Call { argument: argument.to_owned(), notice: notice.clone() });
    };
    match command {
        SchedCommand::Execute(argument) => run(argument),
        SchedCommand::Start { timer, after, shared } => {
            let (name, notice) = (timer.clone(), notice.clone());
            ask(conf, &Request::Start { name, after: *after, shared: *shared, notice }, host).await?;
        }
        SchedCommand::Cancel { timer, command, matched } => {
            let (name, command, notice) = (timer.clone(), command.clone(), notice.clone());
            let request = Request::Cancel { name, command: command.clone(), matched: *matched, notice };
            if let (None, Some(argument)) = (ask(conf, &request, host).await?, command) {
                // Nobody holds any timer.
                run(&argument);
            }
        }
    }
    Ok(())
}

/// Prints the timers that run.
pub(super) async fn list(conf: &UpsschedConf, host: &Host) -> ExitCode {
    if conf.pipe.is_none() || conf.lock.is_none() {
        host.error("PIPEFN and LOCKFN must be set");
        return ExitCode::FAILURE;
    }
    match ask(conf, &Request::List, host).await {
        Ok(answer) => {
            for row in wire::rows(&answer.unwrap_or_default()) {
                host.print(&format!("{row}\n"));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            host.error(error);
            ExitCode::FAILURE
        }
    }
}

/// Why something was not ordered.
#[derive(Debug)]
enum AskError {
    /// PIPEFN can't be connected to.
    Connect(String, io::Error),
    /// LOCKFN can't be locked.
    Lock(String, io::Error),
    /// The process that holds the timers can't be started.
    Start(io::Error),
    /// It ended at once.
    Ended(ExitStatus),
    /// It refuses.
    Refused(String),
    /// It takes too long.
    Silent(String),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(pipe, error) => write!(f, "failed to connect to {pipe} (PIPEFN): {error}"),
            Self::Lock(lock, error) => write!(f, "failed to lock {lock} (LOCKFN): {error}"),
            Self::Start(error) => {
                write!(f, "Unable to connect to daemon and unable to start daemon: {error}")
            }
            Self::Ended(status) => {
                write!(f, "Unable to connect to daemon and unable to start daemon: it ended with {status}")
            }
            Self::Refused(answer) => write!(f, "the timer daemon answered {answer}"),
            Self::Silent(pipe) => write!(f, "Unable to connect to daemon: {pipe} (PIPEFN) does not answer"),
        }
    }
}

/// Asks the process that holds the timers; `None`: there is none, and the request does not call for one.
///
/// It answers what it has done only. Where there is no answer, because it was about to end, nothing was done.
async fn ask(conf: &UpsschedConf, request: &Request, host: &Host) -> Result<Option<Vec<String>>, AskError> {
    let (pipe, lock) = (conf.pipe.clone().unwrap_or_default(), conf.lock.clone().unwrap_or_default());
    let starts = matches!(request, Request::Start { .. });
    let line = wire::line(request);
    let end = host.now() + LIMIT;
    let mut started = false;
    loop {
        let rest = end.saturating_sub(host.now());
        match host.connect_unix(&pipe).await {
            Ok(stream) => match host.timeout(rest, talk(stream, &line)).await {
                Ok(Ok(mut lines)) => match lines.pop() {
                    Some(last) if last == wire::OK => return Ok(Some(lines)),
                    Some(last) => return Err(AskError::Refused(last)),
                    None => host.debug(1, "the timer daemon was about to end: trying again"),
                },
                Ok(Err(error)) => host.debug(1, format_args!("no answer: {error}: trying again")),
                Err(_) => {}
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error)
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                return Err(AskError::Connect(pipe.display().to_string(), error));
            }
            Err(_) if starts => {
                start(rest, host).await?;
                if !std::mem::replace(&mut started, true) {
                    continue;
                }
            }
            Err(_) => {
                // It may be about to come, or about to go.
                match host.stat(&lock).and_then(|_| host.lock_file(&lock, LOCK_MODE)) {
                    Ok(Some(_)) => return Ok(None),
                    Ok(None) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(AskError::Lock(lock.display().to_string(), error)),
                }
            }
        }
        if host.now() >= end {
            return Err(AskError::Silent(pipe.display().to_string()));
        }
        host.sleep(PAUSE).await;
    }
}

/// Says a line; the lines of the answer, of which the last is OK or an error. Empty: it went without an answer.
async fn talk(stream: BoxStream, line: &str) -> io::Result<Vec<String>> {
    let mut stream = BufReader::new(stream);
    stream.write_all(line.as_bytes()).await?;
    stream.flush().await?;
    let (mut lines, mut input) = (Vec::new(), stream.take(wire::LONGEST_ANSWER));
    loop {
        let mut bytes = Vec::new();
        input.read_until(b'\n', &mut bytes).await?;
        if bytes.pop() != Some(b'\n') {
            return Ok(Vec::new());
        }
        let line = String::from_utf8_lossy(&bytes).into_owned();
        let last = line == wire::OK || line.starts_with("ERR ");
        lines.push(line);
        if last {
            return Ok(lines);
        }
    }
}

/// Starts the process that holds the timers, and waits until it listens, or another one does.
async fn start(limit: Duration, host: &Host) -> Result<(), AskError> {
    let (program, _) = host.program();
    let mut words = vec![program.display().to_string(), options::TIMERS.to_owned()];
    words.extend((0..host.debug_level()).map(|_| "-D".to_owned()));
    let mut command = Command::new(words);
    command.name = Some("upssched".into());
    // It is no service: upsmon's manager is not to take it for upsmon.
    command.env = vec![("NOTIFY_SOCKET".into(), String::new())];
    let started = async {
        let mut child = host.spawn(&command).await?;
        child.wait().await
    };
    match host.timeout(limit, started).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(AskError::Ended(status)),
        Ok(Err(error)) => Err(AskError::Start(error)),
        Err(_) => Err(AskError::Start(io::ErrorKind::TimedOut.into())),
    }
}
