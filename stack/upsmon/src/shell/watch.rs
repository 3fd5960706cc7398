//! The loop: events in, actions out.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use outage_config::{NotifyFlags, UpsmonConf};
use outage_host::{Child, Command, Host, Priority, Signal, boxed};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::config::{self, UpsmonConfig};
use super::flag;
use super::link::{Hurry, Link, Order};
use super::notify::{self, Message};
use super::privileged::SHUT_DOWN;
use super::secure::Security;
use crate::core::{self, Action, Core, Event, MonitorId};

/// How long the end waits for servers to say goodbye and for notices to be sent.
const FAREWELL: Duration = Duration::from_secs(2);

/// A sleep of this machine that is shorter changes nothing.
const SLEEP: Duration = Duration::from_secs(1);

/// How long the shutdown waits for the programs of notices to be started, should that hang.
const START_LIMIT: Duration = Duration::from_secs(2);

/// A shutdown command that takes longer hangs. Long, since some end virtual machines one by one, and a service manager
/// may end them with this process.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(600);

/// Who writes the flag and runs SHUTDOWNCMD.
#[derive(Debug)]
pub(crate) enum Executor {
    /// This process.
    Own,
    /// Its parent, which has kept root's rights. It says by an event how that went.
    Parent(mpsc::UnboundedSender<u8>),
}

/// A running upsmon.
pub(crate) struct Watch {
    host: Host,
    config: UpsmonConfig,
    /// The configuration that the first links are opened for; the core has it afterwards.
    start: Option<UpsmonConf>,
    executor: Executor,
    links: BTreeMap<MonitorId, mpsc::UnboundedSender<Order>>,
    link_tasks: JoinSet<()>,
    tasks: JoinSet<()>,
    sender: mpsc::UnboundedSender<Event>,
    events: mpsc::UnboundedReceiver<Event>,
    hurry: Arc<Hurry>,
    /// Whether notices are not to wait for each other any more, since the end has come.
    last_call: watch::Sender<bool>,
    wake: Duration,
    /// How long this machine had slept at the last event.
    asleep: Duration,
}

impl Watch {
    pub(crate) fn new(config: UpsmonConfig, conf: UpsmonConf, executor: Executor, host: Host) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        Self {
            wake: host.now(),
            asleep: host.asleep(),
            host,
            config,
            start: Some(conf),
            executor,
            links: BTreeMap::new(),
            link_tasks: JoinSet::new(),
            tasks: JoinSet::new(),
            sender,
            events,
            hurry: Arc::default(),
            last_call: watch::Sender::new(false),
        }
    }

    /// Where others put events.
    pub(crate) fn events(&self) -> mpsc::UnboundedSender<Event> {
        self.sender.clone()
    }

    /// Watches until the end.
    pub(crate) async fn run(mut self) -> ExitCode {
        let (messages, queue) = mpsc::unbounded_channel();
        let mut notifier = JoinSet::new();
        notifier.spawn(boxed(|| notify::deliver(self.host.clone(), queue, self.last_call.subscribe())));
        let conf = self.start.take().unwrap_or_default();
        let (mut core, mut actions) = Core::start(conf, self.host.now());
        self.host.ready();
        let code = loop {
            if let Some(code) = self.perform(&core, actions, &messages).await {
                break code;
            }
            let event = self.next_event(&core).await;
            let reloaded = matches!(event, Some(Event::Reload(_)));
            // Before anything else: what was known, and what was asked for, is of the time before.
            let slept = self.has_slept().then_some(Event::Slept);
            let now = self.host.now();
            actions = slept.map(|slept| core.handle(now, slept)).unwrap_or_default();
            actions.extend(event.map(|event| core.handle(now, event)).unwrap_or_default());
            if reloaded {
                self.secure(&core);
            }
        };
        drop(messages);
        self.farewell(notifier).await;
        ExitCode::from(code)
    }

    /// Whether this machine has slept since this was last asked.
    fn has_slept(&mut self) -> bool {
        let before = std::mem::replace(&mut self.asleep, self.host.asleep());
        self.asleep.saturating_sub(before) >= SLEEP
    }

    /// Waits for whatever comes first. `None`: it was nothing for the judgement.
    async fn next_event(&mut self, core: &Core) -> Option<Event> {
        let signal = tokio::select! {
            biased;
            signal = self.host.next_signal() => signal,
            // The sender of our own keeps the channel open.
            Some(event) = self.events.recv() => {
                if event == Event::ParentGone {
                    // Better to try without root's rights than not at all.
                    self.executor = Executor::Own;
                }
                return Some(event);
            }
            () = self.host.sleep_until(self.wake) => return Some(Event::Timer),
            Some(_) = self.link_tasks.join_next() => return None,
            Some(_) = self.tasks.join_next() => return None,
        };
        match signal {
            Signal::Usr1 => {
                self.host.info("Signal 10: User requested FSD");
                Some(Event::ForceShutdown)
            }
            Signal::Hup => self.reread(core),
            Signal::Term | Signal::Int | Signal::Quit => {
                self.host.info("asked to stop: exiting");
                self.host.notify_manager("STOPPING=1");
                Some(Event::Stop)
            }
            _ => None,
        }
    }

    /// Reads the configuration again. One that can't be used changes nothing.
    fn reread(&self, core: &Core) -> Option<Event> {
        self.host.info("Reloading configuration");
        self.host.notify_manager("RELOADING=1");
        let event = self.read_again(core);
        self.host.notify_manager("READY=1");
        event
    }

    fn read_again(&self, core: &Core) -> Option<Event> {
        let mut conf = match config::load(&self.host, &self.config.conf_file) {
            Ok(conf) => conf,
            Err(error) => {
                self.host
                    .error(format_args!("failed to reload: {error}; the old configuration stays in force"));
                return None;
            }
        };
        let old = core.conf();
        let fixed = matches!(self.executor, Executor::Parent(_));
        if fixed && conf.shutdown_cmd != old.shutdown_cmd {
            self.host.warn("SHUTDOWNCMD has changed: restart upsmon to use the new one");
            conf.shutdown_cmd.clone_from(&old.shutdown_cmd);
        }
        if fixed && conf.stale_flag != old.stale_flag {
            self.host.warn("STALEFLAG has changed: restart upsmon, or -K will not know its own flag");
        }
        if fixed {
            // What is in force may differ from the file: a flag that is not upsmon's is not used.
            conf.powerdown_flag.clone_from(&old.powerdown_flag);
        } else if conf.powerdown_flag != old.powerdown_flag {
            flag::prepare(&self.host, &mut conf);
        }
        config::introduce(&self.host, &conf);
        self.config.apply_debug_min(&self.host, conf.debug_min, true);
        Some(Event::Reload(Box::new(conf)))
    }

    /// Does what is to be done, in order. An exit code ends the program.
    async fn perform(
        &mut self,
        core: &Core,
        actions: Vec<Action>,
        messages: &mpsc::UnboundedSender<Message>,
    ) -> Option<u8> {
        for action in actions {
            match action {
                Action::WakeAt(at) => self.wake = at,
                Action::Poll(id) => {
                    self.order(id, Order::Poll { charge: core.conf().charge_shutdown.is_some() });
                }
                Action::Login(id) => self.order(id, Order::Login),
                Action::SetFsd(id) => self.order(id, Order::SetFsd),
                Action::QueryLogins(id) => self.order(id, Order::QueryLogins),
                Action::Hurry => self.hurry.begin(),
                Action::Open(id) => self.open(core, id),
                Action::Close(id) => {
                    self.order(id, Order::Close);
                    self.links.remove(&id);
                }
                Action::Log(priority, text) => self.host.log(syslog(priority), &text),
                // The notifier lives as long as we do.
                Action::Broadcast(text) => _ = messages.send(Message::Broadcast(text)),
                Action::Notify { kind, ups, text, flags } => {
                    if flags.syslog {
                        self.host.log(Priority::Notice, &text);
                    }
                    let NotifyFlags { wall, exec, .. } = flags;
                    if wall || exec {
                        let command = core.conf().notify_cmd.clone();
                        _ = messages.send(Message::Notice { kind, ups, text, flags, command });
                    }
                }
                Action::WritePowerDownFlag(path) => {
                    self.write_flag(&path, core.conf().stale_flag, messages);
                }
                Action::RunShutdown(command) => {
                    self.start_notices(messages).await;
                    self.run_shutdown(command).await;
                }
                Action::Reread => {
                    if let Some(event) = self.reread(core) {
                        _ = self.sender.send(event);
                    }
                }
                Action::Exit(code) => return Some(code),
            }
        }
        None
    }

    fn open(&mut self, core: &Core, id: MonitorId) {
        let Some(monitor) = core.monitor(id) else { return };
        let (orders, queue) = mpsc::unbounded_channel();
        let link = Link {
            host: self.host.clone(),
            id,
            monitor: monitor.clone(),
            connect_timeout: self.config.connect_timeout,
            family: self.config.family,
            security: Security::of(core.conf(), &monitor.host),
            said_clear: false,
            events: self.sender.clone(),
            hurry: Arc::clone(&self.hurry),
            connection: None,
        };
        self.link_tasks.spawn(boxed(|| link.run(queue)));
        self.links.insert(id, orders);
    }

    /// Tells the links that stay how to encrypt from now on.
    fn secure(&self, core: &Core) {
        for id in self.links.keys() {
            if let Some(monitor) = core.monitor(*id) {
                self.order(*id, Order::Secure(Box::new(Security::of(core.conf(), &monitor.host))));
            }
        }
    }

    fn order(&self, id: MonitorId, order: Order) {
        if let Some(link) = self.links.get(&id) {
            // A link's task ends only after the order to close it.
            let _ = link.send(order);
        }
    }

    fn write_flag(&self, path: &str, bound: bool, messages: &mpsc::UnboundedSender<Message>) {
        if matches!(self.executor, Executor::Parent(_)) {
            return;
        }
        if let Err(error) = flag::write(&self.host, Path::new(path), bound) {
            let text = flag_failure(path, &error);
            self.host.log(Priority::Critical, &text);
            _ = messages.send(Message::Broadcast(text));
        }
    }

    /// Sees to it that the program of every notice so far is started: after the shutdown command it may be too late.
    /// None of them is waited for.
    async fn start_notices(&self, messages: &mpsc::UnboundedSender<Message>) {
        self.last_call.send_replace(true);
        let (asked, started) = oneshot::channel();
        _ = messages.send(Message::Started(asked));
        if self.host.timeout(START_LIMIT, started).await.is_err() {
            self.host.warn("some notices could not be sent before the shutdown");
        }
    }

    /// Starts the shutdown command before anything else is done: what the judgement puts after it comes after it.
    async fn run_shutdown(&mut self, command: Option<String>) {
        if let Executor::Parent(parent) = &self.executor
            && parent.send(SHUT_DOWN).is_ok()
        {
            return;
        }
        let (started, events) = (start_shutdown(&self.host, command.as_deref()).await, self.sender.clone());
        let host = self.host.clone();
        self.tasks.spawn(async move {
            let result = match started {
                Ok(running) => running.end(&host).await,
                Err(text) => Err(text),
            };
            _ = events.send(Event::ShutdownRan(result));
        });
    }

    async fn farewell(mut self, mut notifier: JoinSet<()>) {
        self.last_call.send_replace(true);
        for link in self.links.values() {
            let _ = link.send(Order::Close);
        }
        self.links.clear();
        let everyone = async {
            while self.link_tasks.join_next().await.is_some() {}
            while notifier.join_next().await.is_some() {}
        };
        let _ = self.host.timeout(FAREWELL, everyone).await;
        if let Some(file) = &self.config.pid_file {
            // Without root's rights it may have to stay; the next upsmon takes it over.
            let _ = self.host.remove(file);
        }
    }
}

/// The judgement knows no machine, and so none of its priorities.
fn syslog(priority: core::Priority) -> Priority {
    match priority {
        core::Priority::Alert => Priority::Alert,
        core::Priority::Critical => Priority::Critical,
        core::Priority::Error => Priority::Error,
        core::Priority::Warning => Priority::Warning,
        core::Priority::Notice => Priority::Notice,
        core::Priority::Info => Priority::Info,
    }
}

/// What to say when the flag could not be written.
pub(super) fn flag_failure(path: &str, error: &std::io::Error) -> String {
    format!(
        "failed to write the power down flag file {path}: {error}; \
         the shutdown goes on, but the UPS will not be switched off"
    )
}

/// A shutdown command that runs.
pub(super) struct RunningShutdown {
    command: String,
    child: Box<dyn Child>,
}

/// Starts SHUTDOWNCMD by the shell.
pub(super) async fn start_shutdown(host: &Host, command: Option<&str>) -> Result<RunningShutdown, String> {
    let Some(command) = command else {
        return Err("no shutdown command defined (SHUTDOWNCMD)".into());
    };
    match host.spawn(&Command::shell(command)).await {
        Ok(child) => Ok(RunningShutdown { command: command.to_owned(), child }),
        Err(error) => Err(format!("unable to call shutdown command: {command}: {error}")),
    }
}

impl RunningShutdown {
    /// Waits for its end, and whether it was a good one. One that hangs is left alone: it may yet do its work.
    pub(super) async fn end(mut self, host: &Host) -> Result<(), String> {
        let command = &self.command;
        match host.timeout(SHUTDOWN_LIMIT, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(format!("the shutdown command {command} ended with {status}")),
            Ok(Err(error)) => Err(format!("failed to wait for the shutdown command {command}: {error}")),
            Err(_) => {
                let minutes = SHUTDOWN_LIMIT.as_secs() / 60;
                Err(format!("the shutdown command {command} still runs after {minutes} minutes"))
            }
        }
    }
}
