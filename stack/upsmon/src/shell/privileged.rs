//! Two processes: a small one that keeps root's rights, and one without them that does all the rest.
//!
//! The parent reads the configuration, then starts this program once more and waits on a Unix socket that only root can
//! reach. The child connects while it is still root, then becomes RUN_AS_USER and watches. One byte from it, 1, is the
//! order to shut down; one byte back says how that went. 2 is a sign of life for a service manager that
//! wants one: the parent passes it on. When either goes away, the other sees the socket close.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use outage_config::UpsmonConf;
use outage_host::{BoxStream, Child, Command, ExitStatus, Host, Priority, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use super::config::{self, Family, UpsmonConfig};
use super::flag;
use super::watch::{Executor, Watch, flag_failure, start_shutdown};
use crate::core::Event;

/// The child's order.
pub(super) const SHUT_DOWN: u8 = 1;
/// Its sign of life.
const ALIVE: u8 = 2;
/// The parent's answers.
const DONE: u8 = 0;
const FAILED: u8 = 1;

/// How long the child may take to report.
const CHILD_LIMIT: Duration = Duration::from_secs(30);

/// The parent: starts the child, and waits for its order.
pub(super) async fn run(config: &UpsmonConfig, conf: &UpsmonConf, user: &str, host: Host) -> ExitCode {
    // From here on, no signal ends this process by itself, and leaves a child that nobody stops.
    host.ready();
    let mut stopping = false;
    let code = match start_child(config, user, &host, &mut stopping).await {
        Ok((mut child, stream)) => serve(&host, conf, &mut *child, stream, stopping).await,
        Err(_) if stopping => ExitCode::SUCCESS,
        Err(error) => {
            host.error(format_args!(
                "Fatal error: failed to start the process that watches as user {user}: {error}; \
                 with -p, one process does everything as root"
            ));
            ExitCode::FAILURE
        }
    };
    if let Some(file) = &config.pid_file {
        // The child can't, without root's rights.
        let _ = host.remove(file);
    }
    code
}

/// Whether a signal asks this process to end; the others are the child's.
fn stops(signal: Signal) -> bool {
    matches!(signal, Signal::Term | Signal::Int | Signal::Quit)
}

/// The child goes when it may: a shutdown that has begun is not called off.
fn stop(host: &Host, child: &dyn Child) {
    host.notify_manager("STOPPING=1");
    let _ = host.send_signal(child.id(), Signal::Term);
}

async fn start_child(
    config: &UpsmonConfig,
    user: &str,
    host: &Host,
    stopping: &mut bool,
) -> io::Result<(Box<dyn Child>, BoxStream)> {
    let socket = config.run_folder.join(format!("upsmon-{}.sock", host.pid()));
    let listener = host.listen_unix(&socket, 0o600).await?;
    let (program, _) = host.program();
    let mut command = Command::new(child_args(config, &program, &socket, user));
    command.name = Some("upsmon".into());
    // Whoever watches this process has to be told of the one that does the work.
    let watchdog = if host.watchdog_period().is_some() { "WATCHDOG_PID" } else { "WATCHDOG_USEC" };
    command.env = vec![(watchdog.into(), String::new())];
    let accepted = async {
        let mut child = host.spawn(&command).await?;
        let limit = host.now() + CHILD_LIMIT;
        loop {
            tokio::select! {
                biased;
                signal = host.next_signal() => if stops(signal) {
                    *stopping = true;
                    stop(host, &*child);
                },
                accepted = listener.accept() => return match accepted {
                    Ok((stream, _)) => Ok((child, stream)),
                    Err(error) => {
                        child.kill();
                        Err(error)
                    }
                },
                status = child.wait() => return Err(match status {
                    Ok(status) => io::Error::other(format!("it ended with {status}")),
                    Err(error) => error,
                }),
                () = host.sleep_until(limit) => {
                    child.kill();
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }
    .await;
    let _ = host.remove(&socket);
    accepted
}

fn child_args(config: &UpsmonConfig, program: &Path, socket: &Path, user: &str) -> Vec<String> {
    let text = |path: &Path| path.display().to_string();
    let mut args = vec![text(program), format!("--parent={}", text(socket))];
    args.push(if config.background { "-B" } else { "-F" }.into());
    if config.pid_file.is_some() && !config.background {
        args.push("-F".into());
    }
    args.extend(["-f".into(), text(&config.conf_file), "-u".into(), user.into()]);
    args.extend(["-W".into(), config.connect_timeout.as_secs_f64().to_string()]);
    match config.family {
        Family::Any => {}
        Family::V4 => args.push("-4".into()),
        Family::V6 => args.push("-6".into()),
    }
    args.extend((0..config.debug).map(|_| "-D".to_owned()));
    args
}

async fn serve(
    host: &Host,
    conf: &UpsmonConf,
    child: &mut dyn Child,
    mut stream: BoxStream,
    mut stopping: bool,
) -> ExitCode {
    let mut open = true;
    loop {
        tokio::select! {
            biased;
            status = child.wait() => return match status {
                Ok(ExitStatus::Code(code)) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
                // It was asked to end before it took signals.
                Ok(ExitStatus::Signal(signal)) if stopping && signal == Signal::Term.number() => ExitCode::SUCCESS,
                Ok(ExitStatus::Signal(signal)) => {
                    host.error(format_args!("the watching process was ended by signal {signal}"));
                    ExitCode::FAILURE
                }
                Err(error) => {
                    host.error(format_args!("lost track of the watching process: {error}"));
                    ExitCode::FAILURE
                }
            },
            signal = host.next_signal() => if stops(signal) {
                stopping = true;
                stop(host, child);
            },
            byte = stream.read_u8(), if open => match byte {
                Ok(SHUT_DOWN) => {
                    let answer = if host.watched(obey(host, conf)).await { DONE } else { FAILED };
                    open = stream.write_all(&[answer]).await.is_ok();
                }
                Ok(ALIVE) => host.notify_manager("WATCHDOG=1"),
                Ok(_) => {}
                Err(_) => open = false,
            },
        }
    }
}

/// The flag, then the command.
async fn obey(host: &Host, conf: &UpsmonConf) -> bool {
    if let Some(path) = &conf.powerdown_flag
        && let Err(error) = flag::write(host, Path::new(path), conf.stale_flag)
    {
        host.log(Priority::Critical, &flag_failure(path, &error));
    }
    let started = start_shutdown(host, conf.shutdown_cmd.as_deref()).await;
    let ended = match started {
        Ok(running) => running.end(host).await,
        Err(text) => Err(text),
    };
    match ended {
        Ok(()) => true,
        Err(text) => {
            host.log(Priority::Critical, &text);
            false
        }
    }
}

/// The child, started by the parent with the path of its socket: becomes the user, and watches.
pub async fn run_child(config: UpsmonConfig, socket: PathBuf, host: Host) -> ExitCode {
    match prepare_child(&config, &socket, &host).await {
        Ok((conf, stream)) => {
            let (orders, queue) = mpsc::unbounded_channel();
            let alive = orders.clone();
            config.apply_debug_min(&host, conf.debug_min, false);
            let watch = Watch::new(config, conf, Executor::Parent(orders), host.clone());
            let events = watch.events();
            let mut parent = tokio::task::JoinSet::new();
            parent.spawn(talk(stream, queue, events));
            // When the parent is gone, so is whoever would have to know.
            host.watched_by(watch.run(), || _ = alive.send(ALIVE)).await
        }
        Err(text) => {
            host.error(text);
            ExitCode::FAILURE
        }
    }
}

async fn prepare_child(
    config: &UpsmonConfig,
    socket: &Path,
    host: &Host,
) -> Result<(UpsmonConf, BoxStream), String> {
    let stream = host.connect_unix(socket).await;
    let stream = stream.map_err(|error| format!("failed to reach the parent process: {error}"))?;
    let conf = config::load(host, &config.conf_file).map_err(|error| format!("Fatal error: {error}"))?;
    config.claim_pid_file(host);
    if let Some(user) = &config.user {
        host.become_user(user, None).map_err(|error| {
            format!("failed to become user {user}: {error}; name another one with RUN_AS_USER")
        })?;
    }
    Ok((conf, stream))
}

/// Hands orders to the parent, and its answers and its end to the judgement.
async fn talk(
    mut stream: BoxStream,
    mut orders: mpsc::UnboundedReceiver<u8>,
    events: mpsc::UnboundedSender<Event>,
) {
    let mut ordered = false;
    loop {
        let byte = tokio::select! {
            biased;
            byte = stream.read_u8() => byte,
            Some(order) = orders.recv() => {
                ordered |= order == SHUT_DOWN;
                match stream.write_all(&[order]).await {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                }
            }
        };
        let event = match byte {
            Ok(DONE) => Event::ShutdownRan(Ok(())),
            Ok(_) => Event::ShutdownRan(Err("the shutdown command failed, see the lines before".into())),
            Err(_) => {
                let _ = events.send(Event::ParentGone);
                if ordered {
                    let text = "the parent process died before it had shut this machine down";
                    let _ = events.send(Event::ShutdownRan(Err(text.into())));
                }
                return;
            }
        };
        let _ = events.send(event);
    }
}
