//! Programs that processes of a world start.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::World;
use super::life::Life;
use super::os::VirtualOs;
use crate::host::Host;
use crate::process::{Child, Command, ExitStatus};

/// A program about to run: what [`super::Machine::on_spawn`] decides about.
pub struct Spawn {
    pub(super) world: World,
    /// The machine.
    pub machine: Arc<str>,
    /// The process that started it.
    pub parent: Arc<str>,
    /// Its process id.
    pub pid: u32,
    /// What is to run.
    pub command: Command,
    pub(super) life: Arc<Life>,
}

/// How a started program goes on.
pub enum Running {
    /// There is no such program: the start fails.
    Missing,
    /// It ends like this after so long.
    Exit(ExitStatus, Duration),
    /// It is this future. A signal that ends the process drops it.
    Task(Pin<Box<dyn Future<Output = ExitStatus> + Send>>),
}

impl Running {
    /// A program that is this future.
    pub fn task(future: impl Future<Output = ExitStatus> + Send + 'static) -> Self {
        Self::Task(Box::pin(future))
    }
}

impl Spawn {
    /// The name of the program: what it is called by, or else the last part of its path.
    #[must_use]
    pub fn program(&self) -> &str {
        program_name(&self.command)
    }

    /// This process's own view of its machine, under a name for the log.
    #[must_use]
    pub fn host(&self, name: &str) -> Host {
        self.world.rename(&self.machine, self.pid, name);
        VirtualOs::host(&self.world, &self.machine, name, self.program(), self.pid, &self.life, true)
    }

    /// The program runs in the foreground, as `run`.
    #[must_use]
    pub fn foreground<F>(&self, name: &str, run: impl FnOnce(Host) -> F) -> Running
    where
        F: Future<Output = ExitCode> + Send + 'static,
    {
        let task = run(self.host(name));
        Running::task(async move { status_of(task.await) })
    }

    /// The program is a daemon that goes to the background: `run` gets a process id of its own, and this process ends
    /// with 0 once `run` called [`crate::Os::ready`], or as `run` ends when that comes first.
    #[must_use]
    pub fn background<F>(&self, name: &str, run: impl FnOnce(Host) -> F) -> Running
    where
        F: Future<Output = ExitCode> + Send + 'static,
    {
        let env = self.world.own_env(&self.machine, self.pid);
        let (pid, life) = self.world.add_process(&self.machine, name, env);
        let host = VirtualOs::host(&self.world, &self.machine, name, self.program(), pid, &life, true);
        let task = run(host);
        self.world.start_task(&self.machine, pid, async move { status_of(task.await) });
        Running::task(async move {
            let mut ready = life.ready.subscribe();
            tokio::select! {
                biased;
                status = life.ended() => status,
                _ = ready.wait_for(|ready| *ready) => ExitStatus::Code(0),
            }
        })
    }
}

pub(super) fn program_name(command: &Command) -> &str {
    let called = match &command.name {
        Some(name) => name,
        None if command.shell => "sh",
        None => command.argv.first().map_or("", String::as_str),
    };
    Path::new(called).file_name().and_then(|name| name.to_str()).unwrap_or(called)
}

/// The number in an [`ExitCode`], which has no getter.
pub(super) fn status_of(code: ExitCode) -> ExitStatus {
    let number = (0..=u8::MAX).find(|number| ExitCode::from(*number) == code);
    ExitStatus::Code(number.map_or(1, i32::from))
}

/// A program that a virtual process started.
pub(super) struct VirtualChild {
    pub(super) world: World,
    pub(super) machine: Arc<str>,
    pub(super) pid: u32,
    pub(super) life: Arc<Life>,
    pub(super) parent: Arc<Life>,
}

#[async_trait]
impl Child for VirtualChild {
    fn id(&self) -> u32 {
        self.pid
    }

    async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.parent.check().await;
        let status = self.life.ended().await;
        self.parent.check().await;
        Ok(status)
    }

    fn kill(&mut self) {
        if self.parent.is_dead() {
            return;
        }
        self.world.end_process(&self.machine, self.pid, ExitStatus::Signal(libc::SIGKILL));
    }
}
