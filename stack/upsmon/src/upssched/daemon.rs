//! The process that holds the timers.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use outage_config::UpsschedConf;
use outage_host::{BoxListener, BoxLock, BoxStream, Host, Signal};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::core::{Answer, Call, Request, Timers};
use super::{LOCK_MODE, script, wire};

/// How long it stays when nothing is left to do, in case somebody wants it again.
const LINGER: Duration = Duration::from_secs(1);

/// How long another one, which has the lock, may take to listen or to end.
const CLAIM_LIMIT: Duration = Duration::from_secs(10);

/// How often it is looked for that.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a client may take for a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most clients at a time; others wait their turn.
const CLIENTS: usize = 64;

type Ask = (Request, oneshot::Sender<String>);

/// Holds timers until there are none. Ends with 0 at once when another process does already.
pub(super) async fn run(conf: UpsschedConf, host: Host) -> ExitCode {
    let (Some(pipe), Some(lock)) = (&conf.pipe, &conf.lock) else {
        host.error("PIPEFN and LOCKFN must be set");
        return ExitCode::FAILURE;
    };
    let held = match claim(&host, pipe, lock).await {
        Ok(Some(held)) => held,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            host.error(format_args!("failed to lock {} (LOCKFN): {error}", lock.display()));
            return ExitCode::FAILURE;
        }
    };
    let listener = match listen(&host, pipe).await {
        Ok(listener) => listener,
        Err(error) => {
            host.error(format_args!("failed to listen on {} (PIPEFN): {error}", pipe.display()));
            return ExitCode::FAILURE;
        }
    };
    host.info("Timer daemon started");
    host.ready();
    serve(&conf.script, &listener, &host).await;
    // First the path, so that nobody comes any more; then the door; then the lock, for the next one. Whoever stands in
    // between gets no answer, and asks the next one.
    if let Err(error) = host.remove(pipe) {
        host.debug(1, format_args!("failed to remove {}: {error}", pipe.display()));
    }
    drop(listener);
    drop(held);
    ExitCode::SUCCESS
}

/// The lock; `None` when another process has it and listens.
async fn claim(host: &Host, pipe: &Path, lock: &Path) -> io::Result<Option<BoxLock>> {
    let end = host.now() + CLAIM_LIMIT;
    loop {
        if let Some(held) = host.lock_file(lock, LOCK_MODE)? {
            return Ok(Some(held));
        }
        if host.connect_unix(pipe).await.is_ok() {
            return Ok(None);
        }
        if host.now() >= end {
            return Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                "another process holds it, and does not listen on PIPEFN",
            ));
        }
        host.sleep(LOOK_EVERY).await;
    }
}

/// Listens in the place of what a crash left behind. A file that somebody else may want is not touched.
async fn listen(host: &Host, pipe: &Path) -> io::Result<BoxListener> {
    match host.stat(pipe) {
        Ok(file) if file.is_file && file.size == 0 => host.remove(pipe)?,
        Ok(file) if file.is_file => {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file with other content is there"));
        }
        _ => {}
    }
    host.listen_unix(pipe, 0o660).await
}

async fn serve(script: &[String], listener: &BoxListener, host: &Host) {
    let mut timers = Timers::default();
    let (asks, mut asked) = mpsc::channel::<Ask>(1);
    let (calls, queue) = mpsc::unbounded_channel();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let mut scripts = JoinSet::new();
    scripts.spawn(script::run(host.clone(), script.to_vec(), queue, Some(ended)));
    let mut clients = JoinSet::new();
    let (mut running, mut busy) = (0_usize, host.now());
    let run = |call: Call, running: &mut usize| {
        *running += 1;
        // Its receiver lives as long as this function.
        let _ = calls.send(call);
    };
    loop {
        let now = host.now();
        for call in timers.due(now) {
            host.info(format_args!("Event: {}", call.argument));
            run(call, &mut running);
            busy = now;
        }
        let idle = timers.is_empty() && running == 0;
        if idle && now >= busy + LINGER {
            host.info("Timer queue empty, exiting");
            return;
        }
        let wake = if idle { Some(busy + LINGER) } else { timers.next() };
        tokio::select! {
            biased;
            signal = host.next_signal() => {
                if matches!(signal, Signal::Term | Signal::Int | Signal::Quit) {
                    let names: Vec<_> = timers.names().collect();
                    if !names.is_empty() {
                        host.warn(format_args!("ended by a signal; these timers are lost: {}", names.join(", ")));
                    }
                    return;
                }
            }
            Some(()) = ends.recv() => {
                running = running.saturating_sub(1);
                busy = host.now();
            }
            Some((request, reply)) = asked.recv() => {
                busy = host.now();
                for call in timers.due(busy) {
                    // It was over before this was asked.
                    host.info(format_args!("Event: {}", call.argument));
                    run(call, &mut running);
                }
                tell(host, &request);
                let answer = match timers.ask(busy, request) {
                    Answer::Done => format!("{}\n", wire::OK),
                    Answer::Full => format!("{}\n", wire::FULL),
                    Answer::Timers(rows) => {
                        let wall = host.wall_clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                        wire::list(&rows, wall)
                    }
                    Answer::Run(call) => {
                        host.info(format_args!("Cancel: no such timer, event: {}", call.argument));
                        run(call, &mut running);
                        format!("{}\n", wire::OK)
                    }
                };
                // Who hung up meanwhile wants none.
                let _ = reply.send(answer);
            }
            Some(_) = clients.join_next(), if !clients.is_empty() => {}
            accepted = listener.accept(), if clients.len() < CLIENTS => match accepted {
                Ok((stream, _)) => {
                    let (host, asks) = (host.clone(), asks.clone());
                    clients.spawn(async move {
                        if host.timeout(PATIENCE, client(stream, asks)).await.is_err() {
                            host.debug(1, "a client says nothing: hung up");
                        }
                    });
                }
                Err(error) => {
                    host.warn(format_args!("failed to accept a client: {error}"));
                    host.sleep(LOOK_EVERY).await;
                }
            },
            () = until(wake, host) => {}
        }
    }
}

async fn until(wake: Option<Duration>, host: &Host) {
    match wake {
        Some(at) => host.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn tell(host: &Host, request: &Request) {
    match request {
        Request::Start { name, after, notice, .. } => {
            host.info(format_args!(
                "New timer: {name} ({} seconds, {} {})",
                after.as_secs_f64(),
                notice.kind,
                notice.ups
            ));
        }
        Request::Cancel { name, notice, .. } => {
            host.info(format_args!("Cancelling timer: {name} ({} {})", notice.kind, notice.ups));
        }
        Request::List => {}
    }
}

/// Answers a client's lines until it hangs up.
async fn client(stream: BoxStream, asks: mpsc::Sender<Ask>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut bytes = Vec::new();
        let read = (&mut stream).take(wire::LONGEST).read_until(b'\n', &mut bytes).await;
        if read.is_err() || bytes.pop() != Some(b'\n') {
            return;
        }
        let answer = match wire::request(&String::from_utf8_lossy(&bytes)) {
            None => format!("{}\n", wire::UNKNOWN),
            Some(request) => {
                let (reply, answer) = oneshot::channel();
                if asks.send((request, reply)).await.is_err() {
                    return;
                }
                match answer.await {
                    Ok(answer) => answer,
                    Err(_) => return,
                }
            }
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
