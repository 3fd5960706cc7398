//! `usbhid-ups`: UPSes that are USB HID power devices.

mod apc;
mod command;
mod cps;
mod dates;
mod device;
mod explore;
#[cfg(test)]
mod fake;
mod generic;
#[cfg(test)]
mod makes;
pub(crate) mod mapping;
mod mge;
mod model;
mod open;
mod orders;
mod plan;
mod settings;
mod status;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use outage_hid::ReportKind;
use outage_host::Host;
use outage_host::usb::TransferError;
use tokio::select;

use crate::config::DriverConfig;
use crate::core::tree::Tree;
use crate::drivers::DriverInfo;
use crate::family::{DeviceError, Family, Outcome};
use crate::usb::UsbBackend;

use device::{HidDevice, ReportError};
use mapping::{Defaults, Initial, Subdriver};
use open::Known;
use plan::{Health, Learnt, Mode, Plan, polled_item};
use settings::{Identity, Settings};
use status::Judge;

pub use settings::OPTIONS;

/// The driver, for the table of drivers.
pub const USBHID_UPS: DriverInfo = DriverInfo {
    name: "usbhid-ups",
    title: "Generic HID driver",
    version: env!("CARGO_PKG_VERSION"),
    components: &[concat!("USB communication driver ", env!("CARGO_PKG_VERSION"))],
    options: OPTIONS,
    make: |config, host| Ok(Box::new(UsbHid::new(config, host)?)),
};

/// Subdrivers, in the order they are asked.
pub(crate) const SUBDRIVERS: &[Subdriver] = &[mge::MGE, apc::APC, cps::CPS, generic::GENERIC];

/// Failures in a row after which the interrupt pipe is given up for polling.
const PIPE_FAILURES: u32 = 3;
/// Most interrupt reports that are taken in one cycle.
const MAX_INTERRUPTS: usize = 64;

/// The device while it is open.
struct Opened {
    device: HidDevice,
    identity: Identity,
    subdriver: &'static Subdriver,
    plan: Plan,
    learnt: Learnt,
    timing: Defaults,
    /// Interrupt endpoint and length while the pipe works.
    pipe: Option<(u8, usize)>,
    pipe_failures: u32,
    /// Interrupt reports to be taken in.
    queue: Vec<Vec<u8>>,
    /// Something was written, or the mains came or went: everything is to be read.
    dirty: bool,
    wrote: bool,
    next_full: Duration,
    last_read: Option<Duration>,
    online: Option<bool>,
    published: bool,
}

/// The family.
pub struct UsbHid {
    host: Host,
    settings: Settings,
    backend: UsbBackend,
    judge: Judge,
    known: Option<Known>,
    opened: Option<Opened>,
    /// When OL with DISCHRG was last told.
    told: Option<Duration>,
}

fn gone(what: impl std::fmt::Display) -> DeviceError {
    DeviceError::Gone(what.to_string())
}

impl UsbHid {
    /// A driver for the UPS that a section means. Nothing is opened yet.
    ///
    /// # Errors
    /// [`DeviceError::Config`]: an option's value cannot work.
    pub fn new(config: &DriverConfig, host: &Host) -> Result<Self, DeviceError> {
        let settings = Settings::new(config)?;
        Ok(Self {
            host: host.clone(),
            backend: UsbBackend::new(host.clone(), settings.port.clone(), settings.access),
            judge: Judge {
                online_discharge: settings.online_discharge,
                low_delay: settings.low_delay.unwrap_or_default(),
                delay_always: settings.delay_always,
                low_since: None,
                replace_since: None,
            },
            settings,
            known: None,
            opened: None,
            told: None,
        })
    }

    fn opened(&mut self) -> Result<&mut Opened, DeviceError> {
        self.opened.as_mut().ok_or_else(|| gone("the UPS is not open"))
    }

    /// Judges the flags and publishes the status.
    fn commit(&mut self, tree: &mut Tree, now: Duration) {
        let Some(opened) = self.opened.as_mut() else { return };
        let charge = tree.number("battery.charge");
        let learnt = &opened.learnt;
        let status = self.judge.judge(&learnt.flags, learnt.chargers, charge, now);
        tree.status_begin();
        for token in &status.tokens {
            tree.status_add(token);
        }
        for alarm in &status.alarms {
            tree.alarm_add(alarm);
        }
        tree.status_commit();
        match status.transfer_reason {
            Some(reason) => tree.set("input.transfer.reason", reason),
            None => tree.remove("input.transfer.reason"),
        }
        if opened.online.is_some() && opened.online != status.online {
            // Voltages, load and runtime are other ones now.
            opened.dirty = true;
        }
        opened.online = status.online;
        opened.published = true;
        let contradiction = status.tokens.contains(&"OL") && status.tokens.contains(&"DISCHRG");
        if !contradiction {
            self.told = None;
        } else if charge.is_none_or(|charge| charge < self.settings.hover_charge)
            && self.told.is_none_or(|told| now >= told + self.settings.throttle)
        {
            self.told = Some(now);
            self.host.warn(
                "the UPS says that the mains are there (OL) and that it discharges (DISCHRG): if it is calibrating, \
                 set onlinedischarge_calibration; if it is on battery then, set onlinedischarge_onbattery",
            );
        }
    }
}

impl Opened {
    /// Reads the reports that are due; whether anything changed. An error when the device is gone, or nothing at all
    /// could be read.
    async fn cycle(&mut self, mode: Mode, host: &Host, tree: &mut Tree) -> Result<bool, DeviceError> {
        let (mut changed, mut asked, mut read, mut timeouts, mut stalls) = (false, 0, 0, 0, 0);
        let mut problem = ReportError::Failed("it has no report that tells its state".into());
        for at in 0..self.plan.reports.len() {
            let report = &self.plan.reports[at];
            if !report.is_due(mode) {
                continue;
            }
            asked += 1;
            let (kind, id) = (report.kind, report.id);
            match self.device.get_report(kind, id).await {
                Ok(data) => {
                    read += 1;
                    changed |= self.take(at, data, tree);
                    continue;
                }
                Err(error) => problem = error,
            }
            let report = &mut self.plan.reports[at];
            match &problem {
                ReportError::Gone(text) => return Err(gone(text)),
                // Never answered: the device doesn't have it. Answered before: this time only.
                ReportError::Stalled => {
                    stalls += u32::from(report.health == Health::Good);
                    if report.health == Health::Unknown {
                        report.health = Health::Unsupported;
                    }
                }
                // A device that stalls and then falls silent wants to be opened anew (nut#3573).
                ReportError::TimedOut => {
                    timeouts += 1;
                    if timeouts > 1 || stalls > 0 {
                        return Err(gone("the UPS no longer answers"));
                    }
                }
                ReportError::Failed(_) => {}
            }
            host.debug(1, format!("{kind} report 0x{id:02x}: {problem}"));
        }
        self.fetch_strings(tree, &mut changed).await;
        if std::mem::take(&mut self.learnt.abm_changed) {
            self.forget_data();
        }
        if read > 0 {
            return Ok(changed);
        }
        match (mode, &problem) {
            // Is it this report, or the device? Ask for the others.
            (Mode::Quick { .. }, error) if asked == 0 || *error != ReportError::TimedOut => {
                Box::pin(self.cycle(Mode::Full { after_write: false }, host, tree)).await
            }
            (_, error) => Err(gone(format!("cannot read the UPS: {error}"))),
        }
    }

    /// Takes a polled report in.
    fn take(&mut self, at: usize, data: Vec<u8>, tree: &mut Tree) -> bool {
        let report = &mut self.plan.reports[at];
        report.health = Health::Good;
        if report.last.as_ref() == Some(&data) {
            return false;
        }
        let changed = self.learnt.apply(self.subdriver, &report.fields, &data, tree);
        report.last = Some(data);
        changed
    }

    /// Takes an interrupt report in; `None` when it isn't one of the device's.
    fn take_interrupt(&mut self, bytes: &[u8], tree: &mut Tree) -> Option<bool> {
        let (id, data) = self.device.descriptor.split(bytes)?;
        let fields = self.plan.inputs.get(&id)?;
        let changed = self.learnt.apply(self.subdriver, fields, data, tree);
        // What is polled next is compared with nothing older than this.
        self.forget_data();
        Some(changed)
    }

    fn forget_data(&mut self) {
        for report in &mut self.plan.reports {
            report.last = None;
        }
    }

    async fn fetch_strings(&mut self, tree: &mut Tree, changed: &mut bool) {
        for (row, index) in std::mem::take(&mut self.learnt.strings) {
            if let Some(text) = self.device.string(index).await {
                *changed |= self.learnt.publish(row, text.trim(), tree);
            }
        }
    }

    /// One value by its path, asked for now.
    async fn value(&mut self, path: &str) -> Option<f64> {
        let item = polled_item(&self.device.descriptor, path, false)?;
        let data = self.device.get_report(item.kind, item.report_id).await.ok()?;
        item.decode(&data)
    }

    /// Waits for the next interrupt report; for ever when there is no pipe. Cancel safe.
    async fn interrupt(&mut self, host: &Host) -> Result<Vec<u8>, DeviceError> {
        loop {
            let Some((endpoint, length)) = self.pipe else { return std::future::pending().await };
            let error = match self.device.interrupt(endpoint, length).await {
                Ok(bytes) => {
                    self.pipe_failures = 0;
                    if bytes.is_empty() {
                        continue;
                    }
                    return Ok(bytes);
                }
                Err(TransferError::Disconnected) => return Err(gone("the UPS was unplugged")),
                Err(error) => error,
            };
            self.pipe_failures += 1;
            if self.pipe_failures >= PIPE_FAILURES {
                self.pipe = None;
                host.warn(format!("interrupt pipe given up ({error}): polling instead"));
            } else if error == TransferError::Stall {
                // Counted as a failure already; whether it helped shows at the next report.
                let _ = self.device.clear_halt(endpoint).await;
            }
        }
    }

    /// Interrupt reports that have arrived, without waiting for more.
    async fn arrived(&mut self, host: &Host) -> Result<Vec<Vec<u8>>, DeviceError> {
        let mut reports = std::mem::take(&mut self.queue);
        while self.pipe.is_some() && reports.len() < MAX_INTERRUPTS {
            let next = select! {
                biased;
                next = self.interrupt(host) => Some(next?),
                () = std::future::ready(()) => None,
            };
            match next {
                Some(bytes) => reports.push(bytes),
                None => break,
            }
        }
        Ok(reports)
    }

    /// `ups.realpower` from load and rating, for models that don't measure it.
    fn estimate_power(&self, tree: &mut Tree) {
        if self.learnt.owners.contains_key("ups.realpower") {
            return;
        }
        if let (Some(load), Some(rating)) = (tree.number("ups.load"), tree.number("ups.power.nominal")) {
            let factor = tree.number("output.powerfactor").unwrap_or(0.8);
            tree.set("ups.realpower", format!("{:.0}", load * 0.01 * rating * factor));
        }
    }

    async fn update(
        &mut self,
        settings: &Settings,
        host: &Host,
        tree: &mut Tree,
    ) -> Result<bool, DeviceError> {
        let now = host.now();
        let (mut changed, mut fresh) = (false, false);
        for bytes in self.arrived(host).await? {
            match self.take_interrupt(&bytes, tree) {
                Some(news) => {
                    fresh = true;
                    changed |= news;
                }
                None => host.debug(2, format!("interrupt report not known: {bytes:02x?}")),
            }
        }
        let online = status::online(&self.learnt.flags);
        let turned = self.online.is_some() && online != self.online;
        if self.dirty || turned || now >= self.next_full {
            let after_write = std::mem::take(&mut self.wrote);
            self.dirty = false;
            changed |= self.cycle(Mode::Full { after_write }, host, tree).await?;
            self.estimate_power(tree);
            self.next_full = now + self.timing.poll_freq;
            self.last_read = Some(now);
        } else if !fresh || self.last_read.is_none_or(|read| now >= read + settings.poll_interval) {
            let pushed = self.pipe.is_some() && self.learnt.timers.is_empty();
            changed |= self.cycle(Mode::Quick { pushed }, host, tree).await?;
            self.last_read = Some(now);
        }
        Ok(changed)
    }

    fn declare(&self, tree: &mut Tree) {
        for (variable, at) in &self.learnt.owners {
            let row = self.learnt.rows[*at];
            let Some(length) = row.writable.filter(|_| self.feature(row.path).is_some()) else { continue };
            tree.set_writable_string(variable, length);
            if row.listed {
                let current = tree.get(variable).unwrap_or("").to_owned();
                for word in self.learnt.listed(row, &current) {
                    tree.add_enum(variable, &word);
                }
            }
        }
        for kept in self.subdriver.kept {
            if polled_item(&self.device.descriptor, kept.path, false).is_none() {
                continue;
            }
            if tree.get(kept.variable).is_none() {
                let initial = match kept.initial {
                    Initial::OnDelay => self.timing.on_delay.to_string(),
                    Initial::OffDelay => self.timing.off_delay.to_string(),
                    Initial::Is(text) => text.to_owned(),
                };
                tree.set(kept.variable, initial);
            }
            tree.set_writable_string(kept.variable, kept.length);
        }
        for command in self.commands() {
            tree.add_command(command);
        }
    }
}

#[async_trait]
impl Family for UsbHid {
    async fn open(&mut self) -> Result<(), DeviceError> {
        if self.known.is_some() && !self.settings.wait_before_reconnect.is_zero() {
            self.host.sleep(self.settings.wait_before_reconnect).await;
        }
        let known = self.known.as_ref();
        let first = known.is_none();
        let found = open::find(&self.host, &self.backend, &self.settings, SUBDRIVERS, known).await?;
        if first {
            self.host.notice(format!("Using subdriver: {}", found.subdriver.name));
        }
        self.known =
            Some(Known { identity: found.identity.clone(), descriptor: found.device.descriptor.clone() });
        let settings = &self.settings;
        let learnt = Learnt::new(found.subdriver, model::Line::Default, None);
        let quirks = (found.subdriver.quirks)(&found.identity);
        self.judge.low_delay = settings.low_delay.or(quirks.low_delay).unwrap_or_default();
        let pipe = if settings.poll_only || quirks.poll_only { None } else { found.device.endpoint };
        let opened = self.opened.insert(Opened {
            plan: Plan::new(&found.device.descriptor, found.subdriver, &learnt.rows, settings.interrupt_only),
            device: found.device,
            identity: found.identity,
            subdriver: found.subdriver,
            learnt,
            timing: settings.timing(found.subdriver.defaults),
            pipe: pipe.map(|(number, packet)| (number, settings.interrupt_size.unwrap_or(packet).max(1))),
            pipe_failures: 0,
            queue: Vec::new(),
            dirty: true,
            wrote: false,
            next_full: Duration::ZERO,
            last_read: None,
            online: None,
            published: false,
        });
        let Defaults { on_delay, off_delay, .. } = opened.timing;
        if let Some(later) = opened.later_start(on_delay as f64, off_delay as f64).filter(|_| first) {
            self.host.warn(format!(
                "ups.conf [{}]: ondelay ({on_delay} s) is not more than offdelay ({off_delay} s). Both count from the \
                 shutdown command, and a UPS that is to start before it has stopped may stay off although the mains are \
                 there: it will be told to start after {later} s. Set ondelay to more than offdelay",
                settings.section
            ));
        }
        Ok(())
    }

    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        let host = self.host.clone();
        let settings = self.settings.clone();
        let opened = self.opened()?;
        let mut model = None;
        if let Some(index) = opened.value("UPS.PowerSummary.iModel").await {
            model = opened.device.string(index as u8).await;
        }
        if model.is_none() {
            model = opened.value("UPS.Flow.[4].ConfigApparentPower").await.map(|power| format!("{power:.0}"));
        }
        let country = opened.value("UPS.PowerSummary.Country").await.map(|country| country as i64);
        let identity = opened.identity.clone();
        let product = identity.product.as_deref();
        let (name, line) = match (&model, product) {
            (None, None) => (String::new(), model::Line::Default),
            _ => (opened.subdriver.model)(product.unwrap_or("unknown"), model.as_deref().unwrap_or("")),
        };
        opened.learnt = Learnt::new(opened.subdriver, line, country);
        opened.learnt.doubtful_voltage = (opened.subdriver.quirks)(&identity).battery_voltage;
        opened.plan = Plan::new(
            &opened.device.descriptor,
            opened.subdriver,
            &opened.learnt.rows,
            settings.interrupt_only,
        );
        if settings.explore {
            opened.explore(&host).await;
        }
        opened.cycle(Mode::Init, &host, tree).await?;
        opened.estimate_power(tree);
        opened.dirty = false;
        opened.next_full = host.now() + opened.timing.poll_freq;

        let maker = identity.vendor.as_deref().map_or(opened.subdriver.maker, str::trim);
        tree.set("ups.mfr", maker);
        // Dell's product strings are whole names.
        let whole = (identity.vendor_id == 0x047c).then_some(product).flatten();
        let name = whole.map_or(name, |product| product.trim().to_owned());
        if !name.is_empty() {
            tree.set("ups.model", name);
        }
        for (variable, text) in product.map(opened.subdriver.more).unwrap_or_default() {
            tree.set(variable, text);
        }
        if let Some(serial) = &identity.serial {
            tree.set("ups.serial", serial.trim());
        }
        tree.set("ups.vendorid", format!("{:04x}", identity.vendor_id));
        tree.set("ups.productid", format!("{:04x}", identity.product_id));
        tree.set("driver.version.data", opened.subdriver.name);
        opened.declare(tree);
        if let Some(low) = settings.low_battery {
            let low = low.to_string();
            let outcome = opened.write("battery.charge.low", &low, &host, tree).await;
            if outcome == Outcome::Unknown {
                tree.set("battery.charge.low", low);
            }
        }
        Ok(())
    }

    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        let host = self.host.clone();
        let opened = self.opened.as_mut().ok_or_else(|| gone("the UPS is not open"))?;
        let changed = opened.update(&self.settings, &host, tree).await?;
        if changed || !opened.published || self.judge.is_waiting() {
            self.commit(tree, host.now());
        }
        Ok(())
    }

    async fn event(&mut self) -> Result<(), DeviceError> {
        let host = self.host.clone();
        let Some(opened) = self.opened.as_mut() else { return std::future::pending().await };
        if opened.queue.is_empty() {
            let bytes = opened.interrupt(&host).await?;
            opened.queue.push(bytes);
        }
        Ok(())
    }

    async fn command(&mut self, name: &str, parameter: Option<&str>, tree: &mut Tree) -> Outcome {
        let host = self.host.clone();
        match self.opened.as_mut() {
            Some(opened) => opened.command(name, parameter, &host, tree).await,
            None => Outcome::Failed,
        }
    }

    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome {
        let host = self.host.clone();
        match self.opened.as_mut() {
            Some(opened) => opened.write(variable, value, &host, tree).await,
            None => Outcome::Failed,
        }
    }

    async fn close(&mut self) {
        if let Some(opened) = self.opened.take() {
            opened.device.close().await;
        }
    }
}

/// The feature report's data to write a field into: as the device has them, or empty when the field is alone in there.
async fn base(opened: &mut Opened, id: u8) -> Result<Vec<u8>, ReportError> {
    let length = opened.device.descriptor.report_length(ReportKind::Feature, id);
    if opened.device.descriptor.report(ReportKind::Feature, id).count() <= 1 {
        return Ok(vec![0; length]);
    }
    opened.device.get_report(ReportKind::Feature, id).await
}
