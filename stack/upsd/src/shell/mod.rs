//! Sockets, signals and files around the core.

mod client;
mod config;
mod driver;
mod idle;
mod listen;
mod pid_file;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outage_host::{BoxStream, Host, Signal, boxed};
use tokio::select;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::core::{Change, ClientId, Core, Notice, Session, UpsId};
use client::Connection;
use driver::Driver;
use idle::{Heard, Watch};
use listen::Incoming;
use pid_file::PidFile;

pub use config::UpsdConfig;
pub(crate) use pid_file::send_command;

/// Start-up is over when every driver was tried once, or after this.
const FIRST_ATTEMPTS: Duration = Duration::from_secs(1);
/// The user that upsd becomes when root starts it without `-u`.
pub(crate) const USER: &str = "nut";
/// Files that upsd has open beside its sockets: standard streams, the event loop's, the log's, and one to read.
const OTHER_FILES: usize = 16;
/// With so many bytes of replies to write, no more requests are answered until they are written.
const ENOUGH: usize = 16 * 1024;
/// Room for replies that was used is kept for the next client, unless one of them asked for something huge.
const KEPT: usize = 256 * 1024;

/// What all tasks share.
struct Server {
    host: Host,
    quiet: u8,
    shared: Mutex<Shared>,
    tls: Mutex<Option<TlsAcceptor>>,
    /// By UPS: its driver has something to be told.
    wakers: Mutex<BTreeMap<UpsId, Arc<Notify>>>,
}

struct Shared {
    core: Core,
    /// Room for replies, empty.
    room: Vec<u8>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Asks the core something, logs what it has to say and wakes those it has work for.
    fn with<T>(&self, ask: impl FnOnce(&mut Core) -> T) -> T {
        let (answer, news) = {
            let Shared { core, .. } = &mut *lock(&self.shared);
            let answer = ask(core);
            let news = core.has_news().then(|| (core.take_notices(), core.take_woken()));
            (answer, news)
        };
        if let Some((notices, woken)) = news {
            for notice in notices {
                self.log(&notice);
            }
            let wakers = lock(&self.wakers);
            for waker in woken.iter().filter_map(|ups| wakers.get(ups)) {
                waker.notify_one();
            }
        }
        answer
    }

    /// Answers as much of `input` as [`Core::answer`] does at a time; returns how much that was, and the replies, to be
    /// [given back](Server::give_back).
    fn answer(&self, session: &mut Session, input: &[u8], now: Duration) -> (usize, Vec<u8>) {
        let mut entropy = || {
            let bytes = self.host.random(16);
            std::array::from_fn(|i| bytes.get(i).copied().unwrap_or_default())
        };
        let (answered, replies, news) = {
            let Shared { core, room } = &mut *lock(&self.shared);
            let mut replies = std::mem::take(room);
            let answered = core.answer(session, input, now, ENOUGH, &mut entropy, &mut replies);
            (answered, replies, core.has_news())
        };
        if news {
            self.with(|_| ());
        }
        (answered.used, replies)
    }

    /// Takes back the room of replies that are sent.
    fn give_back(&self, mut replies: Vec<u8>) {
        if replies.capacity() <= KEPT {
            replies.clear();
            lock(&self.shared).room = replies;
        }
    }

    /// What STARTTLS needs, if it can be done.
    fn tls(&self) -> Option<TlsAcceptor> {
        lock(&self.tls).clone()
    }

    fn log(&self, notice: &Notice) {
        if notice.is_warning() {
            self.host.warn(notice);
        } else if notice.is_debug() {
            self.host.debug(1, notice);
        } else {
            self.info(notice);
        }
    }

    fn info(&self, text: impl std::fmt::Display) {
        if self.quiet < 1 {
            self.host.info(text);
        }
    }

    fn notice(&self, text: impl std::fmt::Display) {
        if self.quiet < 2 {
            self.host.notice(text);
        }
    }
}

/// Runs the server until a signal ends it. Everything it started ends with this future.
///
/// Ends with failure when it cannot start: no UPS, no address to listen on, another upsd. The log says why.
pub async fn run(config: UpsdConfig, host: Host) -> ExitCode {
    let pid_path = pid_file::path(&config.paths);
    let prepared = match pid_file::check(&host, &pid_path) {
        Ok(()) => Running::prepare(config, &host).await,
        Err(text) => Err(text),
    };
    let mut running = match prepared {
        Ok(running) => running,
        Err(text) => {
            host.error(format_args!("Fatal error: {text}"));
            return ExitCode::FAILURE;
        }
    };
    let pid_file = if running.config.options.pid_file { PidFile::write(&host, &pid_path) } else { None };
    host.watched(running.serve()).await;
    host.notify_manager("STOPPING=1");
    // Who waits for the PID file to go starts the next upsd then: its addresses must be free.
    running.tasks.shutdown().await;
    if let Some(file) = pid_file {
        file.remove();
    }
    ExitCode::SUCCESS
}

/// An error of the system's in its own words, without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The server, and the tasks that are its limbs.
struct Running {
    config: UpsdConfig,
    server: Arc<Server>,
    /// Ends with the id of a client that went; other tasks end only with this.
    tasks: JoinSet<Option<ClientId>>,
    clients: BTreeMap<ClientId, Client>,
    drivers: BTreeMap<UpsId, AbortHandle>,
    incoming: mpsc::Receiver<Incoming>,
    idle: Watch,
    /// LISTEN addresses.
    listeners: usize,
    /// How many files may be open.
    files: usize,
    /// Whether it was said that there is no room for more clients.
    crowded: bool,
}

/// A client's task, and when the client was last heard.
struct Client {
    task: AbortHandle,
    heard: Heard,
}

impl Running {
    async fn prepare(config: UpsdConfig, host: &Host) -> Result<Self, String> {
        config.apply_debug_min(host, false);
        config.check_permissions(host);
        if config.ups.sections.is_empty()
            && !config.allows(host, "ALLOW_NO_DEVICE", config.upsd.allow_no_device)
        {
            return Err(format!(
                "at least one UPS must be defined in {} (ALLOW_NO_DEVICE true in upsd.conf lets upsd start without)",
                config.paths.conf.join("ups.conf").display()
            ));
        }
        if config.upsd.listen.is_empty() && config.upsd.bad_listen > 0 {
            return Err(format!(
                "no LISTEN line of {} can be understood (without any, upsd listens on localhost)",
                config.paths.conf.join("upsd.conf").display()
            ));
        }
        let family = config.options.family;
        let lenient = config.allows(host, "ALLOW_NOT_ALL_LISTENERS", config.upsd.allow_not_all_listeners);
        let wanted = listen::wanted(&config.upsd.listen, family);
        let listening = listen::listen(host, wanted, family, lenient).await?;
        drop_privileges(host, config.options.user.as_deref())?;
        if host.stat(&config.paths.state).is_err() {
            host.warn(format!(
                "the state folder {} can't be entered: make it, for the user that upsd and the drivers run as",
                config.paths.state.display()
            ));
        }

        let tls = tls::acceptor(host, &config.upsd)?;
        let mut core = Core::new(config.settings(tls.is_some()));
        core.set_users(config.users.clone());
        core.set_descriptions(config.descriptions(host));
        let server = Arc::new(Server {
            host: host.clone(),
            quiet: config.options.quiet,
            shared: Mutex::new(Shared { core, room: Vec::new() }),
            tls: Mutex::new(tls),
            wakers: Mutex::default(),
        });
        let listeners = listening.bound.len() + listening.missing.len();
        let (to, incoming) = mpsc::channel(64);
        let mut tasks = JoinSet::new();
        for listener in listening.bound {
            let accept = listen::accept(listener, host.clone(), to.clone());
            tasks.spawn(async {
                accept.await;
                None
            });
        }
        for missing in listening.missing {
            let accept = missing.accept_when_there(host.clone(), family, to.clone());
            tasks.spawn(async {
                accept.await;
                None
            });
        }
        Ok(Self {
            config,
            server,
            tasks,
            clients: BTreeMap::new(),
            drivers: BTreeMap::new(),
            incoming,
            idle: Watch::default(),
            listeners,
            files: host.open_files(),
            crowded: false,
        })
    }

    async fn serve(&mut self) {
        let host = self.server.host.clone();
        let mut attempted = self.configure();
        self.check_limits();
        let mut starting = true;
        let patience = host.now() + FIRST_ATTEMPTS;
        loop {
            select! {
                biased;
                signal = host.next_signal() => match signal {
                    Signal::Hup => self.reload(),
                    Signal::Term | Signal::Int | Signal::Quit => {
                        self.server.info(format!("Signal {}: exiting", signal.number()));
                        return;
                    }
                    _ => {}
                },
                // Each driver's task lets go of its sender once it has tried.
                _ = attempted.recv(), if starting => {
                    starting = false;
                    host.ready();
                }
                () = host.sleep_until(patience), if starting => {
                    starting = false;
                    host.ready();
                }
                ended = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    if let Some(Ok(Some(client))) = ended {
                        self.clients.remove(&client);
                    }
                }
                () = host.sleep_until(self.idle.next().unwrap_or_default()), if self.idle.next().is_some() => {
                    self.drop_silent();
                }
                Some((stream, address)) = self.incoming.recv() => self.welcome(stream, &address),
            }
        }
    }

    fn welcome(&mut self, stream: BoxStream, address: &str) {
        let host = &self.server.host;
        let most = self.most_clients();
        if self.clients.len() >= most {
            if !self.crowded {
                host.warn(format_args!("{most} clients are connected: turning {address} away (see MAXCONN)"));
            }
            self.crowded = true;
            return;
        }
        self.crowded = false;
        host.debug(2, format_args!("Connect from {address}"));
        let session = self.server.with(|core| core.open(address));
        let id = session.id();
        let heard = Heard::new(host.now());
        self.idle.add(id, &heard);
        let connection = Connection::new(Arc::clone(&self.server), session, stream, heard.clone());
        let task = self.tasks.spawn(async { Some(connection.await) });
        self.clients.insert(id, Client { task, heard });
    }

    /// MAXCONN counts LISTEN addresses and UPSes too (upsd.conf(5)); without it, the limit of open files counts.
    fn most_clients(&self) -> usize {
        let others = self.listeners + self.drivers.len();
        let room = self.files.saturating_sub(OTHER_FILES);
        self.config.upsd.max_connections.unwrap_or(room).min(room).saturating_sub(others).max(1)
    }

    /// Says what of MAXCONN cannot be.
    fn check_limits(&self) {
        let Some(wanted) = self.config.upsd.max_connections else { return };
        let host = &self.server.host;
        let most = self.files.saturating_sub(OTHER_FILES);
        if wanted > most {
            host.warn(format_args!(
                "MAXCONN {wanted} is more than the {most} connections that this process may have open \
                 (raise its limit of open files: `ulimit -n`, LimitNOFILE= of systemd)"
            ));
        }
        if wanted <= self.listeners + self.drivers.len() {
            host.warn(format_args!(
                "MAXCONN {wanted} counts each LISTEN address and each UPS too and leaves no room for clients: \
                 serving one at a time"
            ));
        }
    }

    fn drop_silent(&mut self) {
        let clients = &self.clients;
        let silent =
            self.idle.due(self.server.host.now(), |client| clients.get(&client).map(|client| &client.heard));
        for client in silent {
            self.server.host.debug(2, "Dropping a client that was silent for too long");
            self.drop_client(client);
        }
    }

    fn drop_client(&mut self, client: ClientId) {
        if let Some(client) = self.clients.remove(&client) {
            client.task.abort();
        }
    }

    /// Serves the UPSes that the configuration names now. Nothing is ever sent on what this returns: it closes when
    /// every new driver was tried once.
    fn configure(&mut self) -> mpsc::Receiver<()> {
        let (attempted, tried) = mpsc::channel(1);
        let changes = self.server.with(|core| core.configure(&self.config.ups));
        for change in changes {
            match change {
                Change::Added { ups, name, socket } => self.attend(ups, name, socket, attempted.clone()),
                Change::Moved { ups, name, socket } => {
                    self.server.info(format!("Redefined UPS [{name}]"));
                    self.leave(ups);
                    self.attend(ups, name, socket, attempted.clone());
                }
                Change::Removed { ups, name, clients } => {
                    self.server.info(format!("Deleting UPS [{name}]"));
                    self.leave(ups);
                    clients.into_iter().for_each(|client| self.drop_client(client));
                }
            }
        }
        tried
    }

    fn attend(&mut self, ups: UpsId, name: String, socket: String, attempted: mpsc::Sender<()>) {
        let wake = Arc::new(Notify::new());
        lock(&self.server.wakers).insert(ups, Arc::clone(&wake));
        let path = self.config.paths.state.join(&socket);
        let driver = Driver { server: Arc::clone(&self.server), ups, name, socket, path, wake };
        let task = self.tasks.spawn(boxed(|| async {
            driver.attend(attempted).await;
            None
        }));
        self.drivers.insert(ups, task);
    }

    fn leave(&mut self, ups: UpsId) {
        lock(&self.server.wakers).remove(&ups);
        if let Some(task) = self.drivers.remove(&ups) {
            task.abort();
        }
    }

    /// Takes the files as they are now; clients stay. What cannot be read changes nothing.
    fn reload(&mut self) {
        let host = self.server.host.clone();
        self.server.info("SIGHUP: reloading configuration");
        host.notify_manager("RELOADING=1");
        if let Err(text) = self.apply(&host) {
            host.error(format_args!("Reload failed: {text}; going on as before"));
        }
        host.notify_manager("READY=1");
    }
}

impl Running {
    /// Either all files are taken, certificates included, or none.
    fn apply(&mut self, host: &Host) -> Result<(), String> {
        let config = self.config.reread(host)?;
        let tls = tls::acceptor(host, &config.upsd)?;
        self.config = config;
        self.config.check_permissions(host);
        self.config.apply_debug_min(host, true);
        let (settings, users) = (self.config.settings(tls.is_some()), self.config.users.clone());
        let descriptions = self.config.descriptions(host);
        *lock(&self.server.tls) = tls;
        self.server.with(|core| {
            core.set_settings(settings);
            core.set_users(users);
            core.set_descriptions(descriptions);
        });
        drop(self.configure());
        self.check_limits();
        if self.config.ups.sections.is_empty() {
            host.warn("Warning: no UPSes currently defined!");
        }
        Ok(())
    }
}

fn drop_privileges(host: &Host, user: Option<&str>) -> Result<(), String> {
    if !host.is_root() || user == Some("root") {
        return Ok(());
    }
    match (host.become_user(user.unwrap_or(USER), None), user) {
        (Ok(()), _) => Ok(()),
        (Err(error), Some(user)) => Err(format!("failed to become {user} (-u): {}", plain(&error))),
        (Err(error), None) => {
            let error = plain(&error);
            host.warn(format!(
                "staying root: failed to become {USER}: {error} (make that user, or name one with -u)"
            ));
            Ok(())
        }
    }
}
