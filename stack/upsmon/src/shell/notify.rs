//! Takes notices to where they go, without making the judgement wait.

use std::io;
use std::time::Duration;

use outage_config::{NotifyFlags, NotifyType};
use outage_host::{Command, ExitStatus, Host};
use outage_wire::lex;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What is on its way to people.
#[derive(Debug)]
pub(crate) enum Message {
    /// To everyone who is logged in.
    Broadcast(String),
    /// A notice, without its line in the log.
    Notice { kind: NotifyType, ups: String, text: String, flags: NotifyFlags, command: Option<String> },
}

/// wall(1) may hang on a terminal; starting a program may hang on a network's file system.
const DELIVERY_LIMIT: Duration = Duration::from_secs(10);

/// So long, the next notice waits for the NOTIFYCMD of the one before: else two that come together may overtake each
/// other, and a script that counts on "on line" coming after "on battery" does the wrong thing.
const IN_TURN: Duration = Duration::from_secs(1);

/// A NOTIFYCMD that runs for longer is worth a word. It is left alone: people do sleep in them.
const LONG_RUN: Duration = Duration::from_secs(300);

/// Delivers until the sender is gone and everything is delivered. Programs that it started are left running.
pub(crate) async fn deliver(host: Host, mut messages: mpsc::UnboundedReceiver<Message>) {
    let mut running = JoinSet::new();
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            Some(_) = running.join_next() => continue,
        };
        match message {
            None => return,
            Some(Message::Broadcast(text)) => broadcast(&host, &text).await,
            Some(Message::Notice { kind, ups, text, flags, command }) => {
                if flags.wall {
                    broadcast(&host, &text).await;
                }
                if let Some(command) = command.filter(|_| flags.exec) {
                    execute(&host, &mut running, &command, kind, ups, text).await;
                }
            }
        }
    }
}

async fn broadcast(host: &Host, text: &str) {
    if host.timeout(DELIVERY_LIMIT, host.broadcast(text)).await.is_err() {
        host.warn("failed to reach all terminals: wall takes too long");
    }
}

/// NOTIFYCMD is words, not a line for a shell; the text is one more word (NUT after 2.8.5).
async fn execute(
    host: &Host,
    running: &mut JoinSet<()>,
    command: &str,
    kind: NotifyType,
    ups: String,
    text: String,
) {
    let mut argv = match lex::words(command) {
        Ok(argv) if !argv.is_empty() => argv,
        Ok(_) => return,
        Err(error) => return host.error(format_args!("failed to read NOTIFYCMD {command}: {error:?}")),
    };
    argv.push(text);
    let mut command = Command::new(argv);
    command.env = vec![("NOTIFYTYPE".into(), kind.to_string()), ("UPSNAME".into(), ups)];
    let program = command.argv[0].clone();
    let mut child = match host.timeout(DELIVERY_LIMIT, host.spawn(&command)).await {
        Ok(Ok(child)) => child,
        Ok(Err(error)) => return host.error(format_args!("failed to run NOTIFYCMD {program}: {error}")),
        Err(elapsed) => return host.error(format_args!("failed to run NOTIFYCMD {program}: {elapsed}")),
    };
    if let Ok(status) = host.timeout(IN_TURN, child.wait()).await {
        return ended(host, &program, kind, status);
    }
    let host = host.clone();
    running.spawn(async move {
        let status = match host.timeout(LONG_RUN, child.wait()).await {
            Ok(status) => status,
            Err(_) => {
                host.warn(format_args!("NOTIFYCMD {program} for {kind} has been running for 5 minutes"));
                child.wait().await
            }
        };
        ended(&host, &program, kind, status);
    });
}

fn ended(host: &Host, program: &str, kind: NotifyType, status: io::Result<ExitStatus>) {
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => host.warn(format_args!("NOTIFYCMD {program} for {kind} ended with {status}")),
        Err(error) => host.warn(format_args!("failed to wait for NOTIFYCMD {program}: {error}")),
    }
}
