//! The device's side of a driver: finds it, polls it, carries out what clients ask, and reports what changed.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use outage_host::Host;
use tokio::select;
use tokio::sync::mpsc::{Receiver, UnboundedSender};
use tokio::sync::oneshot;

use crate::config::DriverConfig;
use crate::core::freshness::{Freshness, max_age};
use crate::core::reconnect::Reconnect;
use crate::core::tree::{Change, Tree};
use crate::family::{DeviceError, Family, Outcome};

/// How long letting go of the device may take.
const CLOSING: Duration = Duration::from_secs(5);

/// Whom to tell what became of a request: a client of the server, and the TRACKING id it gave.
pub(super) type Ticket = (u64, String);

/// What the server asks of the device.
#[derive(Debug)]
pub(super) enum Request {
    /// Run an instant command.
    Command { name: String, parameter: Option<String>, ticket: Option<Ticket> },
    /// Set a variable.
    Set { name: String, value: String, ticket: Option<Ticket> },
    /// Shut the load down as `sdcommands` says.
    KillPower { ticket: Option<Ticket> },
    /// Poll at another pace from now on.
    PollInterval(Duration),
}

/// What the device tells the server, in order.
#[derive(Debug)]
pub(super) enum Report {
    /// Variables and commands changed.
    Changes(Vec<Change>),
    /// `driver.state`
    State(&'static str),
    /// The data became stale, or fresh.
    Stale(bool),
    /// What became of a request.
    Outcome(Ticket, Outcome),
}

/// Why there is no point in going on.
#[derive(Debug)]
pub(super) enum Defeat {
    /// The driver ends.
    Stopped,
    /// The configuration can never work.
    Config(String),
    /// `reconnect_max_tries` is used up; the last reason.
    MaxTries(String),
}

/// One device and what is known of it.
pub(super) struct Device {
    host: Host,
    ups: String,
    port: String,
    family: Box<dyn Family>,
    tree: Tree,
    poll_interval: Duration,
    shutdown_commands: Vec<String>,
    ignore_lb: bool,
    freshness: Freshness,
    reconnect: Reconnect,
    reports: UnboundedSender<Report>,
    /// What the server was told last.
    told_stale: bool,
    /// Something was read since the start.
    ever_read: bool,
    /// Its loss was logged.
    lost: bool,
    ready: bool,
}

impl Device {
    pub(super) fn new(
        config: &DriverConfig,
        family: Box<dyn Family>,
        host: Host,
        reports: UnboundedSender<Report>,
    ) -> Self {
        Self {
            host,
            ups: config.ups.clone(),
            port: config.port.clone(),
            family,
            tree: initial_tree(config),
            poll_interval: config.poll_interval,
            shutdown_commands: config.shutdown_commands.clone(),
            ignore_lb: config.ignore_lb,
            freshness: Freshness::new(max_age(config.poll_interval)),
            reconnect: Reconnect::new(config.poll_interval, config.max_tries, config.report_every),
            reports,
            told_stale: true,
            ever_read: false,
            lost: false,
            ready: false,
        }
    }

    /// Looks after the device until there is no point in it, or until the sender of `stopped` is gone; then lets go of it.
    pub(super) async fn live(
        mut self,
        mut requests: Receiver<Request>,
        stopped: oneshot::Receiver<()>,
    ) -> Defeat {
        let defeat = select! {
            biased;
            _ = stopped => Defeat::Stopped,
            defeat = self.run(&mut requests) => defeat,
        };
        if self.host.timeout(CLOSING, self.family.close()).await.is_err() {
            self.host.warn(format_args!("[{}] the device did not let go in time", self.ups));
        }
        defeat
    }

    /// Looks after the device for ever.
    async fn run(&mut self, requests: &mut Receiver<Request>) -> Defeat {
        self.publish();
        loop {
            self.state(if self.ever_read { "reconnect.trying" } else { "init.device" });
            let why = match self.connect().await {
                Ok(()) => {
                    let why = self.serve(requests).await;
                    self.lose(&why);
                    // The first attempt to get it back is made at once.
                    self.family.close().await;
                    continue;
                }
                Err(DeviceError::Config(why)) if !self.ever_read => return Defeat::Config(why),
                Err(
                    DeviceError::Gone(why)
                    | DeviceError::Failed(why)
                    | DeviceError::Stale(why)
                    | DeviceError::Config(why),
                ) => why,
            };
            self.family.close().await;
            let verdict = self.reconnect.failed(self.host.now(), &why);
            if verdict.report {
                let Self { ups, port, .. } = self;
                self.host.warn(format_args!("[{ups}] no UPS on {port} yet: {why}; will keep looking for it"));
            }
            let Some(wait) = verdict.wait else { return Defeat::MaxTries(why) };
            self.ready();
            self.wait(wait, requests).await;
        }
    }

    /// Opens the device and reads what does not change.
    async fn connect(&mut self) -> Result<(), DeviceError> {
        self.family.open().await?;
        self.state(if self.ever_read { "reconnect.updateinfo" } else { "init.info" });
        self.family.init(&mut self.tree).await?;
        self.publish();
        Ok(())
    }

    /// Polls until the device is gone; returns why.
    async fn serve(&mut self, requests: &mut Receiver<Request>) -> String {
        if !self.ever_read {
            self.state("init.updateinfo");
        }
        let mut deaf = false;
        loop {
            let next = self.host.now() + self.poll_interval;
            if let Err(why) = self.poll().await {
                return why;
            }
            loop {
                select! {
                    biased;
                    request = requests.recv() => match request {
                        Some(request) => self.request(request).await,
                        // The server is gone, and so will be this.
                        None => std::future::pending().await,
                    },
                    event = self.family.event(), if !deaf => match event {
                        Ok(()) => break,
                        Err(DeviceError::Gone(why)) => return why,
                        Err(why) => {
                            // Not again before the next poll: it might fail at once each time.
                            self.host.debug(1, format_args!("failed to wait for an event: {why}"));
                            deaf = true;
                        }
                    },
                    () = self.host.sleep_until(next) => {
                        deaf = false;
                        break;
                    }
                }
            }
        }
    }

    /// One update cycle. An error is why the device is gone.
    async fn poll(&mut self) -> Result<(), String> {
        let Self { host, freshness, reports, told_stale, family, tree, .. } = self;
        let outcome = watched(host, freshness, reports, told_stale, family.poll(tree)).await;
        self.publish();
        match outcome {
            Ok(()) => {
                self.freshness.good(self.host.now());
                self.reconnect.connected();
                if !self.ever_read {
                    self.ever_read = true;
                    self.check_low_marks();
                }
                if self.told_stale {
                    self.state("quiet");
                }
                if self.lost {
                    self.lost = false;
                    self.host.notice(format_args!("Communications with UPS [{}] re-established", self.ups));
                }
                self.tell_staleness();
                self.ready();
                Ok(())
            }
            Err(DeviceError::Gone(why)) => Err(why),
            Err(DeviceError::Stale(why)) => {
                self.lose(&why);
                self.ready();
                Ok(())
            }
            Err(DeviceError::Failed(why) | DeviceError::Config(why)) => {
                self.freshness.failed(self.host.now());
                self.host
                    .debug(1, format_args!("update failed ({} in a row): {why}", self.freshness.failures()));
                if self.freshness.is_stale() && self.ever_read {
                    self.lose(&why);
                }
                self.tell_staleness();
                self.ready();
                Ok(())
            }
        }
    }

    /// The data can't be believed any more; said once.
    fn lose(&mut self, why: &str) {
        self.freshness.gone();
        self.tell_staleness();
        if !self.lost {
            self.lost = true;
            self.host.warn(format_args!("Communications with UPS [{}] lost: {why}", self.ups));
        }
    }

    /// Waits for the next attempt. Requests fail meanwhile: there is no device.
    async fn wait(&mut self, length: Duration, requests: &mut Receiver<Request>) {
        let until = self.host.now() + length;
        loop {
            select! {
                biased;
                request = requests.recv() => match request {
                    Some(Request::PollInterval(length)) => self.set_poll_interval(length),
                    Some(
                        Request::Command { ticket, .. } | Request::Set { ticket, .. } | Request::KillPower { ticket },
                    ) => self.answer(ticket, Outcome::Failed),
                    None => std::future::pending().await,
                },
                () = self.host.sleep_until(until) => return,
            }
        }
    }

    async fn request(&mut self, request: Request) {
        let Self { host, freshness, reports, told_stale, family, tree, .. } = self;
        let (outcome, ticket) = match request {
            Request::Command { name, parameter, ticket } => {
                let work = command(family.as_mut(), &name, parameter.as_deref(), tree);
                let outcome = watched(host, freshness, reports, told_stale, work).await;
                host.notice(format_args!("[{}] command {name}: {}", self.ups, said(outcome)));
                (outcome, ticket)
            }
            Request::Set { name, value, ticket } => {
                let writable = tree.variable(&name).is_some_and(|variable| variable.flags.rw);
                let outcome = if writable {
                    watched(host, freshness, reports, told_stale, family.set(&name, &value, tree)).await
                } else {
                    Outcome::Unknown
                };
                host.notice(format_args!("[{}] set {name} to \"{value}\": {}", self.ups, said(outcome)));
                (outcome, ticket)
            }
            Request::KillPower { ticket } => {
                let work = shut_down(family.as_mut(), tree, &self.shutdown_commands, host);
                (watched(host, freshness, reports, told_stale, work).await, ticket)
            }
            Request::PollInterval(length) => return self.set_poll_interval(length),
        };
        self.publish();
        self.answer(ticket, outcome);
    }

    fn set_poll_interval(&mut self, length: Duration) {
        self.poll_interval = length;
        self.freshness.set_max_age(max_age(length));
    }

    /// Reports what changed, and mirrors the UPS's identity as the device's.
    fn publish(&mut self) {
        let mut changes = self.tree.take_changes();
        if changes.is_empty() {
            return;
        }
        mirror(&changes, &mut self.tree);
        changes.extend(self.tree.take_changes());
        self.report(Report::Changes(changes));
    }

    /// With `ignorelb`, there has to be something to judge by.
    fn check_low_marks(&self) {
        if self.ignore_lb && self.tree.low().is_none() {
            self.host.error(format_args!(
                "[{}] ignorelb needs battery.charge and battery.charge.low, or battery.runtime and \
                 battery.runtime.low, and this UPS has neither pair: its own low-battery flag counts until it has \
                 (add override.battery.charge.low = 20, or remove ignorelb)",
                self.ups
            ));
        }
    }

    fn ready(&mut self) {
        if !self.ready {
            self.ready = true;
            self.host.info("Startup successful");
            self.host.ready();
        }
    }

    fn state(&self, state: &'static str) {
        self.report(Report::State(state));
    }

    fn answer(&self, ticket: Option<Ticket>, outcome: Outcome) {
        if let Some(ticket) = ticket {
            self.report(Report::Outcome(ticket, outcome));
        }
    }

    fn tell_staleness(&mut self) {
        tell_staleness(&self.freshness, &self.reports, &mut self.told_stale);
    }

    fn report(&self, report: Report) {
        // The server ends before this does only when both are dropped.
        let _ = self.reports.send(report);
    }
}

/// The variables that are known before the device is.
pub(super) fn initial_tree(config: &DriverConfig) -> Tree {
    let mut tree = Tree::default();
    tree.set("device.type", "ups");
    for (name, value) in &config.defaults {
        tree.set(name, value);
    }
    for (name, value) in &config.overrides {
        tree.set_override(name, value);
    }
    tree.set_ignore_lb(config.ignore_lb);
    tree
}

/// Publishes what changed of the UPS's identity as the device's.
pub(super) fn mirror(changes: &[Change], tree: &mut Tree) {
    for change in changes {
        let Change::SetInfo(name, value) = change else { continue };
        let mirror = match name.as_str() {
            "ups.mfr" => "device.mfr",
            "ups.model" => "device.model",
            "ups.serial" => "device.serial",
            _ => continue,
        };
        tree.set(mirror, value);
    }
}

/// Runs one of the family's commands. `shutdown.default`, if the family has no opinion of its own, is the first of
/// `shutdown.return`, `shutdown.stayoff` and `load.off` that it knows.
pub(super) async fn command(
    family: &mut dyn Family,
    name: &str,
    parameter: Option<&str>,
    tree: &mut Tree,
) -> Outcome {
    let outcome = family.command(name, parameter, tree).await;
    if outcome != Outcome::Unknown || !name.eq_ignore_ascii_case("shutdown.default") {
        return outcome;
    }
    for name in ["shutdown.return", "shutdown.stayoff", "load.off"] {
        let outcome = family.command(name, parameter, tree).await;
        if outcome != Outcome::Unknown {
            return outcome;
        }
    }
    Outcome::Unknown
}

/// Runs `sdcommands` until one works.
pub(super) async fn shut_down(
    family: &mut dyn Family,
    tree: &mut Tree,
    commands: &[String],
    host: &Host,
) -> Outcome {
    let mut last = Outcome::Unknown;
    for name in commands {
        last = command(family, name, None, tree).await;
        host.notice(format_args!("shutdown command {name}: {}", said(last)));
        if last == Outcome::Handled {
            break;
        }
    }
    last
}

/// Does some work with the device, and sees the data grow stale meanwhile.
async fn watched<T>(
    host: &Host,
    freshness: &mut Freshness,
    reports: &UnboundedSender<Report>,
    told_stale: &mut bool,
    work: impl Future<Output = T>,
) -> T {
    let mut work = pin!(work);
    loop {
        let Some(expires) = freshness.expires().filter(|_| !freshness.is_stale()) else { return work.await };
        select! {
            biased;
            value = &mut work => return value,
            () = host.sleep_until(expires) => {
                freshness.check(host.now());
                tell_staleness(freshness, reports, told_stale);
            }
        }
    }
}

fn tell_staleness(freshness: &Freshness, reports: &UnboundedSender<Report>, told_stale: &mut bool) {
    if *told_stale != freshness.is_stale() {
        *told_stale = freshness.is_stale();
        let _ = reports.send(Report::Stale(*told_stale));
    }
}

pub(super) fn said(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Handled => "done",
        Outcome::Unknown => "unknown to this UPS",
        Outcome::Invalid => "value not acceptable",
        Outcome::Failed => "failed",
    }
}
