//! The driver's socket: answers clients from what the device reported last, whatever the device is doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use outage_host::{BoxListener, Host, Signal};
use outage_wire::quote;
use outage_wire::sock::ToDriver;
use tokio::select;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};
use tokio::task::JoinSet;

use super::client::Client;
use super::device::{Report, Request, Ticket};
use super::reload::{self, Plan};
use crate::config::DriverConfig;
use crate::core::shared::{ADVERTISED, SharedCommand, SharedVariable};
use crate::core::socket::{self, Action, View};
use crate::core::tree::{Change, Flags, Tree};
use crate::drivers;
use crate::family::Outcome;

/// Connections that are served at a time; `upsd` needs one.
const MAX_CLIENTS: usize = 64;

/// How long the last lines to clients may take at the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why the driver ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was asked to.
    Asked,
    /// A reload needs a new start (`reload-or-exit`).
    Restart,
}

/// The socket, its clients, and what they are told.
pub(super) struct Server {
    host: Host,
    config: DriverConfig,
    /// The verbosity it was started with.
    first_debug: u8,
    pid: u32,
    listener: Option<BoxListener>,
    tree: Tree,
    stale: bool,
    clients: BTreeMap<u64, Client>,
    next_client: u64,
    tasks: JoinSet<u64>,
    inbox: Receiver<(u64, Vec<u8>)>,
    inbox_sender: Sender<(u64, Vec<u8>)>,
    requests: Sender<Request>,
}

impl Server {
    pub(super) fn new(
        config: DriverConfig,
        host: Host,
        listener: BoxListener,
        requests: Sender<Request>,
    ) -> Self {
        let (inbox_sender, inbox) = channel(64);
        let first_debug = host.debug_level();
        let tree = first_variables(&config, first_debug);
        Self {
            first_debug,
            pid: host.pid(),
            host,
            config,
            listener: Some(listener),
            tree,
            stale: true,
            clients: BTreeMap::new(),
            next_client: 0,
            tasks: JoinSet::new(),
            inbox,
            inbox_sender,
            requests,
        }
    }

    /// Serves until the driver is told to end.
    pub(super) async fn run(&mut self, reports: &mut UnboundedReceiver<Report>) -> End {
        loop {
            let end = select! {
                biased;
                signal = self.host.next_signal() => self.signal(signal),
                Some(report) = reports.recv() => {
                    self.report(report);
                    None
                }
                Some(ended) = self.tasks.join_next() => {
                    if let Ok(id) = ended {
                        self.clients.remove(&id);
                    }
                    None
                }
                Some((id, bytes)) = self.inbox.recv() => self.hear(id, &bytes),
                accepted = accept(self.listener.as_ref()) => {
                    match accepted {
                        Ok(stream) if self.clients.len() < MAX_CLIENTS => {
                            let id = self.next_client;
                            self.next_client += 1;
                            let (client, pump) = Client::new(id, stream, self.inbox_sender.clone());
                            self.clients.insert(id, client);
                            self.tasks.spawn(pump.run());
                        }
                        Ok(_) => self.host.warn(format_args!(
                            "[{}] more than {MAX_CLIENTS} connections to the driver's socket: refused one",
                            self.config.ups
                        )),
                        Err(error) => {
                            self.host.warn(format_args!("failed to accept a connection: {error}"));
                            self.host.sleep(Duration::from_millis(100)).await;
                        }
                    }
                    None
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Says the last words, and lets the clients go.
    pub(super) async fn finish(&mut self, reports: &mut UnboundedReceiver<Report>) {
        while let Ok(report) = reports.try_recv() {
            self.report(report);
        }
        self.report(Report::State("cleanup.exit"));
        self.listener = None;
        self.clients.clear();
        let host = self.host.clone();
        let _ = host.timeout(LAST_WORDS, async { while self.tasks.join_next().await.is_some() {} }).await;
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Changes(changes) => {
                for change in &changes {
                    self.tree.apply(change);
                }
                self.broadcast_changes();
            }
            Report::State(state) => self.publish("driver.state", state),
            Report::Stale(stale) => {
                self.stale = stale;
                self.broadcast(&socket::freshness(stale));
            }
            Report::Outcome((client, id), outcome) => self.send(client, &socket::tracking(&id, outcome)),
        }
    }

    fn publish(&mut self, name: &str, value: &str) {
        self.tree.set(name, value);
        self.broadcast_changes();
    }

    fn broadcast_changes(&mut self) {
        let mut text = String::new();
        for change in self.tree.take_changes() {
            socket::push_change(&mut text, &change);
        }
        self.broadcast(&text);
    }

    fn broadcast(&mut self, text: &str) {
        if !text.is_empty() && !self.clients.is_empty() {
            let text: Arc<str> = text.into();
            let (host, ups) = (&self.host, &self.config.ups);
            self.clients.retain(|_, client| client.session.is_muted() || keep(host, ups, client.send(&text)));
        }
    }

    fn send(&mut self, id: u64, text: &str) {
        if let Some(client) = self.clients.get(&id)
            && !keep(&self.host, &self.config.ups, client.send(&text.into()))
        {
            self.clients.remove(&id);
        }
    }

    /// Takes bytes from a client.
    fn hear(&mut self, id: u64, mut bytes: &[u8]) -> Option<End> {
        loop {
            let view = View { tree: &self.tree, stale: self.stale, pid: self.pid };
            // A client that was let go of has nothing more to say.
            let client = self.clients.get_mut(&id)?;
            let action = match client.lexer.next(&mut bytes)? {
                Ok(line) if line.is_empty() => continue,
                Ok(line) => match ToDriver::parse(&line) {
                    Ok(request) => client.session.handle(request, &view),
                    Err(why) => {
                        self.host.debug(1, format_args!("driver socket: {why}"));
                        continue;
                    }
                },
                Err(why) => {
                    self.host.debug(1, format_args!("driver socket: {why}"));
                    continue;
                }
            };
            match action {
                Action::Nothing => {}
                Action::Send(text) => self.send(id, &text),
                Action::Close => {
                    self.send(id, &socket::goodbye());
                    self.clients.remove(&id);
                }
                Action::Command { name, parameter, tracking } => {
                    let ticket = tracking.map(|tracking| (id, tracking));
                    if let Some(end) = self.command(name, parameter, ticket) {
                        return Some(end);
                    }
                }
                Action::Set { name, value, tracking } => {
                    self.set(name, value, tracking.map(|tracking| (id, tracking)));
                }
            }
        }
    }

    fn command(&mut self, name: String, parameter: Option<String>, ticket: Option<Ticket>) -> Option<End> {
        let (outcome, end) = match SharedCommand::parse(&name) {
            None | Some(SharedCommand::ShutdownDefault) => {
                self.ask(Request::Command { name, parameter, ticket });
                return None;
            }
            Some(SharedCommand::KillPower) => {
                if self.tree.get("driver.flag.allow_killpower") == Some("1") {
                    self.publish("driver.state", "fsd.killpower");
                    self.ask(Request::KillPower { ticket });
                    return None;
                }
                self.host.error(format_args!(
                    "[{}] driver.killpower refused: driver.flag.allow_killpower is not 1",
                    self.config.ups
                ));
                (Outcome::Invalid, None)
            }
            Some(SharedCommand::Exit) => (Outcome::Handled, Some(End::Asked)),
            Some(SharedCommand::Reload) => (self.reload(false).0, None),
            Some(SharedCommand::ReloadOrError) => (self.reload(true).0, None),
            Some(SharedCommand::ReloadOrExit) => {
                let (outcome, complete) = self.reload(false);
                (outcome, (!complete).then_some(End::Restart))
            }
        };
        self.answer(ticket, outcome);
        end
    }

    fn set(&mut self, name: String, value: String, ticket: Option<Ticket>) {
        let outcome = match SharedVariable::parse(&name, &value) {
            None => return self.ask(Request::Set { name, value, ticket }),
            Some(None) => Outcome::Invalid,
            Some(Some(SharedVariable::Debug(level))) => {
                let level = level.unwrap_or(self.first_debug);
                self.host.set_debug_level(level);
                self.publish("driver.debug", &level.to_string());
                Outcome::Handled
            }
            Some(Some(SharedVariable::AllowKillPower(on))) => {
                self.publish("driver.flag.allow_killpower", if on { "1" } else { "0" });
                Outcome::Handled
            }
        };
        self.answer(ticket, outcome);
    }

    /// Hands a request to the device; one too many fails.
    fn ask(&mut self, request: Request) {
        if let Err(TrySendError::Full(request) | TrySendError::Closed(request)) =
            self.requests.try_send(request)
            && let Request::Command { ticket, .. }
            | Request::Set { ticket, .. }
            | Request::KillPower { ticket } = request
        {
            self.answer(ticket, Outcome::Failed);
        }
    }

    fn answer(&mut self, ticket: Option<Ticket>, outcome: Outcome) {
        if let Some((client, id)) = ticket {
            self.send(client, &socket::tracking(&id, outcome));
        }
    }

    fn signal(&mut self, signal: Signal) -> Option<End> {
        match signal {
            Signal::Term | Signal::Int | Signal::Quit => Some(End::Asked),
            Signal::Hup => {
                self.reload(false);
                None
            }
            Signal::Usr1 => (!self.reload(false).1).then_some(End::Restart),
            Signal::Urg => {
                for (name, variable) in self.tree.variables() {
                    self.host.print(&format!("{name}: {}\n", quote(&variable.value)));
                }
                None
            }
            Signal::Usr2 | Signal::Kill | Signal::Probe => None,
        }
    }

    /// Reads ups.conf again. Returns the outcome, and whether all of it could be taken while running; `strict`: nothing
    /// is taken unless all can.
    fn reload(&mut self, strict: bool) -> (Outcome, bool) {
        self.host.notify_manager("RELOADING=1");
        let result = self.reload_now(strict);
        self.host.notify_manager("READY=1");
        result
    }

    fn reload_now(&mut self, strict: bool) -> (Outcome, bool) {
        let ups = self.config.ups.clone();
        let new = match reload::read(&self.config, &self.host) {
            Ok(new) => new,
            Err(why) => {
                self.host.error(format_args!("[{ups}] failed to reload: {why}"));
                return (Outcome::Failed, true);
            }
        };
        let Plan { taken, needs_restart } = reload::plan(&self.config, &new);
        if !needs_restart.is_empty() {
            self.host.warn(format_args!(
                "[{ups}] a changed {} takes effect when the driver is started again",
                needs_restart.join(", ")
            ));
            if strict {
                return (Outcome::Failed, false);
            }
        }
        if !taken.is_empty() {
            self.host.notice(format_args!("[{ups}] reloaded: {}", taken.join(", ")));
        }
        if new.debug_min != self.config.debug_min {
            self.first_debug = self.first_debug.max(new.debug_min);
            self.host.set_debug_level(self.first_debug);
            self.publish("driver.debug", &self.first_debug.to_string());
        }
        if new.poll_interval != self.config.poll_interval {
            self.ask(Request::PollInterval(new.poll_interval));
        }
        self.config = reload::merge(&self.config, new);
        for (name, value) in self.config.published() {
            if name == "driver.parameter.pollinterval"
                || taken.iter().any(|taken| name.ends_with(taken.as_str()))
            {
                self.tree.set(&name, value);
            }
        }
        self.broadcast_changes();
        (Outcome::Handled, needs_restart.is_empty())
    }
}

async fn accept(listener: Option<&BoxListener>) -> std::io::Result<outage_host::BoxStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// Says why a client is dropped.
fn keep(host: &Host, ups: &str, sent: bool) -> bool {
    if !sent {
        host.debug(
            1,
            format_args!("[{ups}] a client of the driver's socket went, or does not read: dropped"),
        );
    }
    sent
}

/// What is known of the driver itself.
fn first_variables(config: &DriverConfig, debug: u8) -> Tree {
    let mut tree = Tree::default();
    tree.set("driver.name", &config.driver);
    tree.set("driver.version", crate::VERSION);
    if let Some(driver) = drivers::find(&config.driver) {
        tree.set("driver.version.internal", driver.version);
    }
    tree.set("driver.debug", debug.to_string());
    tree.set("driver.state", "init.starting");
    for (name, value) in config.published() {
        tree.set(&name, value);
    }
    let writable_number = Flags { rw: true, string: false, number: true };
    tree.set_flags("driver.debug", writable_number);
    tree.set_flags("driver.flag.allow_killpower", writable_number);
    for name in ADVERTISED {
        tree.add_command(name);
    }
    // Nobody is there to hear of it yet.
    let _: Vec<Change> = tree.take_changes();
    tree
}
