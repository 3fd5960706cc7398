//! Processes, signals and users of the operating system.

use std::ffi::CString;
use std::future::{Future, poll_fn};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use nix::errno::Errno;
use nix::sys::signal::{Signal as UnixSignal, kill};
use nix::unistd::{Gid, Group, Pid, Uid, User, getgrouplist, setgid, setgroups, setuid};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::timer::Timers;
use crate::os::{Signal, UserInfo};
use crate::process::{Child, Command, ExitStatus};
use crate::quiet::{Quiet, boxed};

struct RealChild(tokio::process::Child, u32);

#[async_trait]
impl Child for RealChild {
    fn id(&self) -> u32 {
        self.1
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.0.wait().await?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => ExitStatus::Code(code),
            (None, Some(signal)) => ExitStatus::Signal(signal),
            (None, None) => ExitStatus::Code(-1),
        })
    }

    fn kill(&mut self) {
        // It may have ended already.
        let _ = self.0.start_kill();
    }
}

pub(super) fn spawn(command: &Command) -> io::Result<Box<dyn Child>> {
    let (program, arguments) = command.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let mut builder = if command.shell {
        let mut builder = tokio::process::Command::new("/bin/sh");
        builder.arg("-c").arg(program);
        builder
    } else {
        tokio::process::Command::new(program)
    };
    builder.args(arguments).envs(command.env.iter().cloned()).kill_on_drop(false);
    if let Some(name) = &command.name {
        builder.arg0(name);
    }
    builder.stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    let mut child = builder.spawn()?;
    if let (Some(text), Some(mut stdin)) = (command.stdin.clone(), child.stdin.take()) {
        // Not awaited: the program may never read it.
        tokio::spawn(async move { stdin.write_all(text.as_bytes()).await });
    }
    let id = child.id().unwrap_or(0);
    Ok(Box::new(RealChild(child, id)))
}

/// The name of the user that this process was started by.
pub(super) fn user_name() -> Option<String> {
    User::from_uid(Uid::current()).ok().flatten().map(|user| user.name)
}

/// How long a message to all terminals may hold its sender up. One that nobody reads can hold wall(1) up for minutes.
const WALL_LIMIT: Duration = Duration::from_secs(1);

/// Shows a message on every terminal. When wall(1) takes its time, it goes on alone.
pub(super) async fn wall(text: &str, timers: &Timers) -> io::Result<()> {
    let mut builder = tokio::process::Command::new("wall");
    builder.stdin(Stdio::piped()).kill_on_drop(false);
    let mut child = builder.spawn()?;
    let told = async {
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(format!("{text}\n").as_bytes()).await?;
        }
        child.wait().await
    };
    match timers.timeout(WALL_LIMIT, told).await {
        Ok(Ok(status)) if !status.success() => Err(io::Error::other(status.to_string())),
        Ok(result) => result.map(drop),
        Err(_) => Ok(()),
    }
}

pub(super) fn send_signal(pid: u32, signal: Signal) -> io::Result<()> {
    // 0 and negative numbers mean whole groups of processes.
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0).ok_or(io::ErrorKind::InvalidInput)?;
    let signal = match signal {
        Signal::Hup => Some(UnixSignal::SIGHUP),
        Signal::Int => Some(UnixSignal::SIGINT),
        Signal::Quit => Some(UnixSignal::SIGQUIT),
        Signal::Term => Some(UnixSignal::SIGTERM),
        Signal::Usr1 => Some(UnixSignal::SIGUSR1),
        Signal::Usr2 => Some(UnixSignal::SIGUSR2),
        Signal::Urg => Some(UnixSignal::SIGURG),
        Signal::Kill => Some(UnixSignal::SIGKILL),
        Signal::Probe => None,
    };
    match kill(Pid::from_raw(pid), signal) {
        Ok(()) => Ok(()),
        Err(Errno::ESRCH) => Err(io::ErrorKind::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

/// The signals that this process takes.
pub(super) struct Signals(Quiet<'static, (Signal, Streams)>);

type Streams = [(Signal, Stream); 7];

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self::after([
            (Signal::Term, signal(SignalKind::terminate())?),
            (Signal::Int, signal(SignalKind::interrupt())?),
            (Signal::Quit, signal(SignalKind::quit())?),
            (Signal::Hup, signal(SignalKind::hangup())?),
            (Signal::Usr1, signal(SignalKind::user_defined1())?),
            (Signal::Usr2, signal(SignalKind::user_defined2())?),
            (Signal::Urg, signal(SignalKind::from_raw(libc::SIGURG))?),
        ]))
    }

    /// Whoever waits for signals does so for as long as it runs, and is woken for other things: quiet, so that seven streams
    /// are not asked each time.
    fn after(streams: Streams) -> Self {
        Self(Quiet::new(boxed(|| next(streams))))
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        let (signal, streams) = ready!(Pin::new(&mut self.0).poll(context));
        *self = Self::after(streams);
        Poll::Ready(signal)
    }
}

/// The next signal, and the streams for the one after it.
async fn next(mut streams: Streams) -> (Signal, Streams) {
    let signal = poll_fn(|context| {
        for (signal, stream) in &mut streams {
            if stream.poll_recv(context) == Poll::Ready(Some(())) {
                return Poll::Ready(*signal);
            }
        }
        Poll::Pending
    })
    .await;
    (signal, streams)
}

pub(super) fn named_group(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// By name, or by number as text.
fn group_id(name: &str) -> io::Result<Gid> {
    if let Some(group) = Group::from_name(name)? {
        return Ok(group.gid);
    }
    let no_such = || io::Error::new(io::ErrorKind::NotFound, format!("no such group: {name}"));
    name.parse().map(Gid::from_raw).map_err(|_| no_such())
}

/// A user, looked up.
#[derive(Clone, Debug)]
pub(super) struct Account {
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

impl Account {
    /// What /etc/passwd and /etc/group (or their likes) say of a user.
    pub(super) fn find(name: &str) -> io::Result<Self> {
        let no_such = || io::Error::new(io::ErrorKind::NotFound, format!("no such user: {name}"));
        let user = User::from_name(name)?.ok_or_else(no_such)?;
        let groups = getgrouplist(&CString::new(name)?, user.gid)?;
        Ok(Self { user: user.uid, group: user.gid, groups })
    }

    /// Its numbers.
    pub(super) fn info(self) -> UserInfo {
        UserInfo { user: self.user.as_raw(), groups: self.groups.into_iter().map(Gid::as_raw).collect() }
    }

    /// Becomes this user, for good. `group` overrides the primary group.
    pub(super) fn adopt(mut self, group: Option<&str>) -> io::Result<()> {
        if let Some(group) = group {
            let group = group_id(group)?;
            self.groups.retain(|member| *member != self.group);
            self.groups.push(group);
            self.group = group;
        }
        if Uid::effective() == self.user && Gid::effective() == self.group {
            return Ok(());
        }
        // In this order: afterwards there is no right to do the rest.
        setgroups(&self.groups)?;
        setgid(self.group)?;
        setuid(self.user)?;
        if !self.user.is_root() && setuid(Uid::from_raw(0)).is_ok() {
            return Err(io::Error::other("root's rights could be taken back"));
        }
        Ok(())
    }
}

/// chroot(2), with no way left to what is outside.
pub(super) fn change_root(root: &Path) -> io::Result<()> {
    rustix::process::chroot(root)?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// Raises the limit of open files as far as this process may; returns it.
pub(super) fn open_files() -> usize {
    let limits = getrlimit(Resource::Nofile);
    let mut most = limits.current;
    if limits.current != limits.maximum
        && setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, maximum: limits.maximum }).is_ok()
    {
        most = limits.maximum;
    }
    most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX)
}
