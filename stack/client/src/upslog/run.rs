//! The life of upslog: a task for each system, so that a server that is away delays no other one's lines.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outage_config::Paths;
use outage_host::{Host, Signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::format::Facts;
use super::{Plan, Target, Which};
use crate::error::system_text;
use crate::tool::{Failure, shown};
use crate::{Backoff, Error, Reconnecting, UpsAddress};

/// Whom upslog is, if it was started by root and nobody else was named.
const USER: &str = "nut";
/// Servers are not kept waiting for the next question for longer than this.
const KEEP_OPEN: Duration = Duration::from_secs(30);
/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);
/// Lines that wait to be written.
const WAITING: usize = 64;

/// A line and the file it is for.
type Line = (usize, String);

pub(super) async fn run(plan: Plan, host: &Host) -> Result<(), Failure> {
    let session = plan.common.session(host)?;
    let mut accesses = Vec::new();
    for target in &plan.targets {
        let file = plan.files.get(target.file).map(String::as_str).unwrap_or_default();
        let interval = plan.interval.as_secs_f64();
        host.print(&format!("logging status of {} to {file} ({interval}s intervals)\n", target.name));
        accesses.push(session.access(None, &target.server)?.0);
    }
    let mut files = Vec::new();
    for path in &plan.files {
        files.push(File::open(host, path)?);
    }
    let pid_file = write_pid_file(host, &plan.pid_base);
    drop_privileges(host, plan.user.as_deref())?;
    host.ready();

    let plan = Arc::new(plan);
    let (lines, mut written) = mpsc::channel(WAITING);
    // One for each follower: all are called in the same order each time, and the end of it sends them home.
    let mut calls = Vec::new();
    let mut tasks = JoinSet::new();
    for (target, options) in plan.targets.iter().zip(accesses) {
        let follower = Follower {
            host: host.clone(),
            plan: Arc::clone(&plan),
            target: target.clone(),
            client: Reconnecting::new(host, target.server.clone(), options)
                // At every interval there is another attempt.
                .backoff(Backoff::new(plan.interval / 2, plan.interval / 2)),
            trouble: None,
            first: true,
        };
        let (call, called) = mpsc::channel(1);
        calls.push(call);
        tasks.spawn(follower.run(lines.clone(), called));
    }
    drop(lines);
    let signal = loop {
        tokio::select! {
            biased;
            signal = host.next_signal() => match signal {
                Signal::Hup => {
                    host.info("Signal 1: reopening log file");
                    files.iter_mut().for_each(|file| file.reopen(host));
                }
                // One that is called already needs no second call.
                Signal::Usr1 => calls.iter().for_each(|call| _ = call.try_send(())),
                Signal::Int | Signal::Quit | Signal::Term => break Some(signal),
                _ => {}
            },
            line = written.recv() => match line {
                Some(line) => write(&mut files, line, host),
                None => break None,
            },
        }
    };
    // Those that wait for their next time say goodbye; those that wait for a server are not waited for.
    drop(calls);
    let _ = host.timeout(FAREWELL, async { while tasks.join_next().await.is_some() {} }).await;
    drop(tasks);
    while let Ok(line) = written.try_recv() {
        write(&mut files, line, host);
    }
    match signal {
        Some(signal) => host.info(format_args!("Signal {}: exiting", signal.number())),
        None => host.info(format_args!("{} loops have elapsed", plan.count.unwrap_or_default())),
    }
    if let Some(path) = pid_file {
        // Not ours any more after the privileges were dropped, as often as not.
        let _ = host.remove(&path);
    }
    Ok(())
}

/// Returns where it is, if it could be written; upslog logs without it.
fn write_pid_file(host: &Host, base: &str) -> Option<PathBuf> {
    let folder = Paths::from_env(|name| host.env(name)).pid;
    let path = if base.starts_with('/') { PathBuf::from(base) } else { folder.join(format!("{base}.pid")) };
    match host.write(&path, format!("{}\n", host.pid()).as_bytes(), 0o644) {
        Ok(()) => Some(path),
        Err(error) => {
            host.notice(format_args!("writepid: fopen {}: {}", path.display(), system_text(&error)));
            None
        }
    }
}

fn drop_privileges(host: &Host, user: Option<&str>) -> Result<(), Failure> {
    if !host.is_root() || user == Some("root") {
        return Ok(());
    }
    match (host.become_user(user.unwrap_or(USER), None), user) {
        (Ok(()), _) => Ok(()),
        (Err(error), Some(user)) => {
            Err(Failure::plain(format!("failed to become {user} (-u): {}", system_text(&error))))
        }
        (Err(error), None) => {
            let error = system_text(&error);
            host.warn(format_args!(
                "staying root: failed to become {USER}: {error} (make that user, or name one with -u)"
            ));
            Ok(())
        }
    }
}

/// Where lines go.
struct File {
    path: String,
    /// `None`: standard output.
    file: Option<Box<dyn Write + Send>>,
    /// The last line could not be written.
    failed: bool,
}

impl File {
    fn open(host: &Host, path: &str) -> Result<Self, Failure> {
        let file = match path {
            "-" => None,
            path => Some(host.append(path.as_ref()).map_err(|error| {
                Failure::plain(format!("could not open logfile {path}: {}", system_text(&error)))
            })?),
        };
        Ok(Self { path: path.to_owned(), file, failed: false })
    }

    /// Another file may have taken its name's place. If it cannot be opened, the old one is better than none.
    fn reopen(&mut self, host: &Host) {
        if self.file.is_none() {
            host.info("logging to stdout");
            return;
        }
        match host.append(self.path.as_ref()) {
            Ok(file) => self.file = Some(file),
            Err(error) => host.error(format_args!(
                "could not reopen logfile {}, going on with the old one: {}",
                self.path,
                system_text(&error)
            )),
        }
    }
}

fn write(files: &mut [File], (index, mut line): Line, host: &Host) {
    let Some(File { path, file, failed }) = files.get_mut(index) else { return };
    line.push('\n');
    let Some(file) = file else { return host.print(&line) };
    match file.write_all(line.as_bytes()).and_then(|()| file.flush()) {
        Ok(()) => *failed = false,
        Err(error) => {
            if !*failed {
                host.error(format_args!("failed to write to {path}: {}", system_text(&error)));
            }
            *failed = true;
        }
    }
}

/// One system's task.
struct Follower {
    host: Host,
    plan: Arc<Plan>,
    target: Target,
    client: Reconnecting,
    /// What is wrong with its server.
    trouble: Option<String>,
    /// Nothing was asked yet.
    first: bool,
}

impl Follower {
    async fn run(mut self, lines: mpsc::Sender<Line>, mut called: mpsc::Receiver<()>) {
        let mut at = self.host.now();
        let mut done = 0_u64;
        loop {
            for line in self.poll().await {
                if lines.send((self.target.file, line)).await.is_err() {
                    return;
                }
            }
            done += 1;
            if self.plan.count.is_some_and(|count| done >= count) {
                return self.client.disconnect().await;
            }
            if self.plan.interval > KEEP_OPEN {
                self.client.disconnect().await;
            }
            // What took longer than the interval begins it anew.
            if at <= self.host.now() {
                at = (at + self.plan.interval).max(self.host.now());
            }
            tokio::select! {
                biased;
                () = self.host.sleep_until(at) => {}
                call = called.recv() => if call.is_none() {
                    return self.client.disconnect().await;
                },
            }
        }
    }

    /// The lines of this time: one for each UPS.
    async fn poll(&mut self) -> Vec<String> {
        let upses = match &self.target.which {
            Which::One(ups) => vec![(ups.clone(), self.target.name.clone())],
            Which::All => match self.client.list_ups().await {
                Ok(upses) => {
                    let server = &self.target.server;
                    let named = |ups: String| {
                        let name = UpsAddress { ups: ups.clone(), server: server.clone() }.to_string();
                        (ups, name)
                    };
                    upses.into_iter().map(|ups| named(ups.name)).collect()
                }
                Err(error) => {
                    self.tell(Some(&error));
                    Vec::new()
                }
            },
        };
        let mut lines = Vec::new();
        for (ups, name) in upses {
            let values = self.values(&ups).await;
            let facts = Facts {
                time: self.host.local_time(),
                host: &self.host.host_name(),
                ups_host: &name,
                pid: self.host.pid(),
            };
            lines.push(self.plan.format.line(&facts, |name| values.get(name).map(String::as_str)));
        }
        lines
    }

    async fn values(&mut self, ups: &str) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        let plan = Arc::clone(&self.plan);
        let mut trouble = None;
        for name in plan.format.variables() {
            match self.client.get_var(ups, name).await {
                Ok(value) => {
                    values.insert(name.to_owned(), shown(&value));
                }
                Err(_) if self.client.is_connected() => {}
                // No use in asking on: each question would wait as long again.
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        self.tell(trouble.as_ref());
        values
    }

    /// Says when a server goes away and when it comes back.
    fn tell(&mut self, error: Option<&Error>) {
        let (host, name) = (&self.host, &self.target.name);
        match error {
            Some(Error::NotYet(_)) => {}
            Some(error) => {
                let text = error.to_string();
                if self.first {
                    host.warn(format_args!("Warning: initial connect failed: {text}"));
                } else if self.trouble.as_ref() != Some(&text) {
                    host.warn(format_args!("{name}: {text}"));
                }
                self.trouble = Some(text);
            }
            None => {
                if self.trouble.take().is_some() {
                    host.notice(format_args!("{name}: connected"));
                }
            }
        }
        self.first = false;
    }
}
