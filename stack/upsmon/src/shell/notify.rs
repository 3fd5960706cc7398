//! Takes notices to where they go, without making the judgement wait.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outage_config::{NotifyFlags, NotifyType};
use outage_host::{Command, ExitStatus, Host};
use outage_wire::lex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// What is on its way to people.
#[derive(Debug)]
pub(crate) enum Message {
    /// To everyone who is logged in.
    Broadcast(String),
    /// A notice, without its line in the log.
    Notice { kind: NotifyType, ups: String, text: String, flags: NotifyFlags, command: Option<String> },
    /// Wants to know when the program of everything before this was started.
    Started(oneshot::Sender<()>),
}

/// Whether the end has come, of this machine or of this program: then no notice waits for another any more.
pub(crate) type LastCall = watch::Receiver<bool>;

/// wall(1) may hang on a terminal; starting a program may hang on a network's file system.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);

/// So long, the next notice waits for the NOTIFYCMD of the one before: else two that come together may overtake each
/// other, and a script that counts on "on line" coming after "on battery" does the wrong thing.
const IN_TURN: Duration = Duration::from_secs(1);

/// A NOTIFYCMD that runs for longer is worth a word, and is not waited for. It is left alone: people do sleep in them
/// before they shut something down.
const LONG_RUN: Duration = Duration::from_secs(300);

/// Delivers until the sender is gone and everything is delivered. Programs that it started are left running.
pub(crate) async fn deliver(
    host: Host,
    mut messages: mpsc::UnboundedReceiver<Message>,
    mut last_call: LastCall,
) {
    let mut running = JoinSet::new();
    let mut walls = JoinSet::new();
    let complaints = Complaints { host: host.clone(), last: Arc::default() };
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            Some(_) = running.join_next() => continue,
            Some(_) = walls.join_next() => continue,
        };
        let (wall, notice) = match message {
            None => break,
            // Who asked may have had enough.
            Some(Message::Started(asked)) => {
                _ = asked.send(());
                continue;
            }
            Some(Message::Broadcast(text)) => (Some(text), None),
            Some(Message::Notice { kind, ups, text, flags, command }) => (
                flags.wall.then(|| text.clone()),
                command.filter(|_| flags.exec).map(|c| (c, kind, ups, text)),
            ),
        };
        if let Some(text) = wall {
            walls.spawn(broadcast(host.clone(), text));
            while in_turn(&host, DELIVERY_LIMIT, &mut last_call, walls.join_next()).await.flatten().is_some()
            {
            }
        }
        if let Some((command, kind, ups, text)) = notice {
            execute(&complaints, &mut running, &mut last_call, &command, kind, ups, text).await;
        }
    }
    while walls.join_next().await.is_some() {}
}

/// What comes of `work`, unless it takes too long for what waits behind it.
async fn in_turn<T>(
    host: &Host,
    patience: Duration,
    last_call: &mut LastCall,
    work: impl Future<Output = T>,
) -> Option<T> {
    let called = async {
        if last_call.wait_for(|called| *called).await.is_err() {
            // Nobody is left to call.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        done = work => Some(done),
        () = called => None,
        () = host.sleep(patience) => None,
    }
}

/// What is wrong with NOTIFYCMD is said once, until it has worked again or is wrong in another way.
#[derive(Clone)]
struct Complaints {
    host: Host,
    last: Arc<Mutex<Option<(String, String)>>>,
}

impl Complaints {
    fn say(&self, program: &str, what: impl Into<String>) {
        let complaint = (program.to_owned(), what.into());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() != Some(&complaint) {
            let (program, what) = last.insert(complaint);
            self.host
                .error(format_args!("NOTIFYCMD {program} {what}; this is not said again until it changes"));
        }
    }

    fn worked(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn broadcast(host: Host, text: String) {
    if host.timeout(DELIVERY_LIMIT, host.broadcast(&text)).await.is_err() {
        host.warn("failed to reach all terminals: wall takes too long");
    }
}

/// NOTIFYCMD is words, not a line for a shell; the text is one more word (NUT after 2.8.5).
async fn execute(
    complaints: &Complaints,
    running: &mut JoinSet<()>,
    last_call: &mut LastCall,
    command: &str,
    kind: NotifyType,
    ups: String,
    text: String,
) {
    let host = &complaints.host;
    let mut argv = match lex::words(command) {
        Ok(argv) if !argv.is_empty() => argv,
        Ok(_) => return,
        Err(error) => return complaints.say(command, format!("cannot be read: {error:?}")),
    };
    argv.push(text);
    let mut command = Command::new(argv);
    command.env = vec![("NOTIFYTYPE".into(), kind.to_string()), ("UPSNAME".into(), ups)];
    let program = command.argv[0].clone();
    let mut child = match host.timeout(DELIVERY_LIMIT, host.spawn(&command)).await {
        Ok(Ok(child)) => child,
        Ok(Err(error)) => return complaints.say(&program, format!("cannot be run: {error}")),
        Err(elapsed) => return complaints.say(&program, format!("cannot be run: {elapsed}")),
    };
    while running.try_join_next().is_some() {}
    // Where one hangs, the next may hang as well, and there may be little time left for those behind it.
    let patience = if running.is_empty() { IN_TURN } else { IN_TURN / 10 };
    if let Some(status) = in_turn(host, patience, last_call, child.wait()).await {
        return ended(complaints, &program, status);
    }
    let complaints = complaints.clone();
    running.spawn(async move {
        match complaints.host.timeout(LONG_RUN, child.wait()).await {
            Ok(status) => ended(&complaints, &program, status),
            Err(_) => {
                complaints.say(&program, "has been running for 5 minutes and is not waited for any more");
            }
        }
    });
}

fn ended(complaints: &Complaints, program: &str, status: io::Result<ExitStatus>) {
    match status {
        Ok(status) if status.success() => complaints.worked(),
        Ok(status) => complaints.say(program, format!("ended with {status}")),
        Err(error) => complaints.say(program, format!("was lost track of: {error}")),
    }
}
