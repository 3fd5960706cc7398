//! Instant commands and writes.

use std::time::Duration;

use outage_hid::{EncodeError, Item, ReportKind};
use outage_host::Host;

use super::mapping::{Action, CommandRow, Row};
use super::plan::{finite, polled_item};
use super::{Opened, base};
use crate::core::tree::Tree;
use crate::family::Outcome;

/// Between the command to start again and the one to stop: some devices lose one that comes at once.
const BETWEEN: Duration = Duration::from_millis(125);

/// So many seconds the load is off at least, where it would be none: as with the usual delays, and long enough for every
/// machine to notice.
const LEAST_OFF: f64 = 10.0;

/// What `shutdown.default` tries, until one works.
const SHUTDOWN: [&str; 4] = ["shutdown.return", "shutdown.reboot", "load.off.delay", "shutdown.stayoff"];

/// A delay counted in steps, of minutes for one, must not become none: 20 s is a minute then, rather than a cut at once
/// (nut#1394), and -1 s, which is never, is a step less than none.
fn away_from_zero(item: &Item, value: f64, stored: i64) -> i64 {
    let next = match item.physical(stored) {
        physical if value > 0.0 && physical < value => stored + 1,
        physical if value < 0.0 && physical > value => stored - 1,
        _ => return stored,
    };
    if item.logical(item.physical(next)) == Ok(next) { next } else { stored }
}

/// What a delay becomes in the device: the nearest that it takes.
fn fitted(item: &Item, seconds: f64) -> Result<i64, EncodeError> {
    let stored = match item.logical(seconds) {
        Err(EncodeError::OutOfRange { min, max }) => item.logical(seconds.clamp(min as f64, max as f64)),
        stored => stored,
    };
    stored.map(|stored| away_from_zero(item, seconds, stored))
}

impl Opened {
    /// The item that is written for a path; `None` when the device says that it is constant.
    pub(super) fn feature(&self, path: &str) -> Option<Item> {
        polled_item(&self.device.descriptor, path, false).filter(|item| {
            item.kind == ReportKind::Feature
                && !item.attributes.is_constant()
                && !self.plan.is_unsupported(item.report_id)
        })
    }

    /// The row of a command that the device has.
    fn row(&self, name: &str) -> Option<(&'static CommandRow, Item)> {
        let mut rows = self
            .subdriver
            .commands
            .iter()
            .copied()
            .flatten()
            .filter(|row| row.name.eq_ignore_ascii_case(name));
        rows.find_map(|row| self.feature(row.path).map(|item| (row, item)))
    }

    /// The commands that the device has.
    pub(super) fn commands(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for row in self.subdriver.commands.iter().copied().flatten() {
            if !names.contains(&row.name) && self.row(row.name).is_some() {
                names.push(row.name);
            }
        }
        let (off, on) = (names.contains(&"load.off.delay"), names.contains(&"load.on.delay"));
        if off {
            names.push("load.off");
        }
        if on {
            names.push("load.on");
        }
        if off && on {
            names.extend(["shutdown.return", "shutdown.stayoff"]);
            names.sort_unstable();
            names.dedup();
        }
        if names.contains(&"beeper.enable") {
            names.extend(["beeper.on", "beeper.off"]);
        }
        names
    }

    /// Writes a value in its unit to the device.
    async fn put(&mut self, item: &Item, value: f64, host: &Host) -> Outcome {
        self.put_stored(item, value, item.logical(value), host).await
    }

    /// Writes a value as the device is to store it.
    async fn put_stored(
        &mut self,
        item: &Item,
        value: f64,
        stored: Result<i64, EncodeError>,
        host: &Host,
    ) -> Outcome {
        let logical = match stored {
            Ok(logical) => logical,
            Err(EncodeError::OutOfRange { min, max }) => {
                host.error(format!("{} = {value}: the UPS takes {min} to {max}", item.path));
                return Outcome::Invalid;
            }
            Err(error) => {
                host.error(format!("{} = {value}: {error}", item.path));
                return Outcome::Failed;
            }
        };
        let stored = item.physical(logical);
        if (stored - value).abs() >= 1.0 {
            host.warn(format!("{} = {value}: the UPS can only take {stored}", item.path));
        }
        let written = match base(self, item.report_id).await {
            Err(error) => Err(error.to_string()),
            Ok(mut data) => match item.write(&mut data, logical) {
                Err(error) => Err(error.to_string()),
                Ok(()) => self.device.set_report(item.report_id, &data).await.map_err(|e| e.to_string()),
            },
        };
        self.dirty = true;
        self.wrote = true;
        match written {
            Ok(()) => Outcome::Handled,
            Err(text) => {
                host.error(format!("cannot write {} to the UPS: {text}", item.path));
                Outcome::Failed
            }
        }
    }

    /// Runs an instant command.
    pub(super) async fn command(
        &mut self,
        name: &str,
        parameter: Option<&str>,
        host: &Host,
        tree: &mut Tree,
    ) -> Outcome {
        let name = name.to_ascii_lowercase();
        let delay = |variable: &str, option: i64| tree.number(variable).unwrap_or(option as f64);
        let on_delay = delay("ups.delay.start", self.timing.on_delay);
        let off_delay = delay("ups.delay.shutdown", self.timing.off_delay);
        match name.as_str() {
            "beeper.off" | "beeper.on" => {
                let new = if name == "beeper.off" { "beeper.disable" } else { "beeper.enable" };
                host.warn(format!("The '{name}' command has been renamed to '{new}'"));
                self.simple(new, None, (on_delay, off_delay), host).await
            }
            "load.off" => self.simple("load.off.delay", Some("0"), (on_delay, off_delay), host).await,
            "load.on" => self.simple("load.on.delay", Some("0"), (on_delay, off_delay), host).await,
            "shutdown.return" => self.shut_down("1", on_delay, off_delay, host).await,
            "shutdown.stayoff" => self.shut_down("0", -1.0, off_delay, host).await,
            "shutdown.default" => {
                for name in SHUTDOWN {
                    let outcome = match name {
                        "shutdown.return" => self.shut_down("1", on_delay, off_delay, host).await,
                        "shutdown.stayoff" => self.shut_down("0", -1.0, off_delay, host).await,
                        name => self.simple(name, None, (on_delay, off_delay), host).await,
                    };
                    if outcome == Outcome::Handled {
                        host.notice(format!("Shutdown successful with '{name}'"));
                        return outcome;
                    }
                }
                host.error("Shutdown failed!");
                Outcome::Failed
            }
            name => self.simple(name, parameter, (on_delay, off_delay), host).await,
        }
    }

    /// A command that is one write.
    async fn simple(
        &mut self,
        name: &str,
        parameter: Option<&str>,
        (on_delay, off_delay): (f64, f64),
        host: &Host,
    ) -> Outcome {
        let Some((row, item)) = self.row(name) else { return Outcome::Unknown };
        let given = match parameter.map(str::trim).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => match finite(text) {
                Some(value) => Some(value),
                None => return Outcome::Invalid,
            },
        };
        let value = match row.value {
            Action::Value(value) => value as f64,
            Action::Seconds(default) => given.unwrap_or(default as f64),
            Action::OnDelay => given.unwrap_or(on_delay),
            Action::OffDelay => given.unwrap_or(off_delay),
        };
        // A default that this device does not take becomes the nearest that it does.
        let stored = match given {
            Some(_) => item.logical(value).map(|stored| away_from_zero(&item, value, stored)),
            None => fitted(&item, value),
        };
        self.put_stored(&item, value, stored, host).await
    }

    /// When to start, where it would be before the stop or with it. Both count from now: a UPS whose load is still on
    /// when the start is due has nothing to start, and after the stop the load stays off although the mains are there.
    pub(super) fn later_start(&self, on_delay: f64, off_delay: f64) -> Option<f64> {
        let in_device = |name: &str, seconds: f64| {
            let (_, item) = self.row(name)?;
            fitted(&item, seconds).ok().map(|stored| item.physical(stored))
        };
        let (start, stop) = (in_device("load.on.delay", on_delay)?, in_device("load.off.delay", off_delay)?);
        // Below zero is never, and meant.
        (on_delay >= 0.0 && start <= stop).then_some(stop + LEAST_OFF)
    }

    /// Off after a delay, and on again when the mains return (`on_delay` -1: never). Whether it may start by itself is
    /// said first, where the device can be told.
    async fn shut_down(&mut self, automatic: &str, on_delay: f64, off_delay: f64, host: &Host) -> Outcome {
        if automatic == "1" && self.row("shutdown.return").is_some() {
            return self.simple("shutdown.return", None, (on_delay, off_delay), host).await;
        }
        let later = self.later_start(on_delay, off_delay);
        if let Some(later) = later {
            host.notice(format!(
                "ups.delay.start ({on_delay} s) is not more than ups.delay.shutdown ({off_delay} s): \
                 the UPS is told to start after {later} s"
            ));
        }
        let delays = (later.unwrap_or(on_delay), off_delay);
        if self.row("load.on.delay").is_none() || self.row("load.off.delay").is_none() {
            return Outcome::Unknown;
        }
        let start = self.learnt.rows.iter().copied().find(|row| row.variable == "ups.start.auto");
        if let Some(item) = start.and_then(|row: &Row| self.feature(row.path)) {
            let value = if automatic == "1" { 1.0 } else { 0.0 };
            if self.put(&item, value, host).await != Outcome::Handled {
                host.warn("ups.start.auto could not be set; going on with the shutdown");
            }
        }
        let started = self.simple("load.on.delay", None, delays, host).await;
        if started != Outcome::Handled {
            return started;
        }
        host.sleep(BETWEEN).await;
        self.simple("load.off.delay", None, delays, host).await
    }

    /// Writes a variable, and reads back what the device made of it.
    pub(super) async fn write(
        &mut self,
        variable: &str,
        text: &str,
        host: &Host,
        tree: &mut Tree,
    ) -> Outcome {
        if let Some(kept) =
            self.subdriver.kept.iter().find(|kept| kept.variable.eq_ignore_ascii_case(variable))
        {
            if tree.get(kept.variable).is_none() {
                return Outcome::Unknown;
            }
            let is_number = kept.variable.contains(".delay.");
            if text.len() > kept.length || (is_number && finite(text).is_none()) {
                return Outcome::Invalid;
            }
            tree.set(kept.variable, text);
            return Outcome::Handled;
        }
        let owner = self.learnt.owners.iter().find(|(name, _)| name.eq_ignore_ascii_case(variable));
        let Some(at) = owner.map(|(_, at)| *at) else { return Outcome::Unknown };
        let row = self.learnt.rows[at];
        let (Some(length), Some(item)) = (row.writable, self.feature(row.path)) else {
            return Outcome::Unknown;
        };
        let Some(value) = self.learnt.value(row, text).filter(|_| text.len() <= length) else {
            return Outcome::Invalid;
        };
        if row.listed {
            let current = tree.get(row.variable).unwrap_or("").to_owned();
            if !self.learnt.listed(row, &current).iter().any(|word| word.eq_ignore_ascii_case(text.trim())) {
                return Outcome::Invalid;
            }
        }
        let before = tree.get(row.variable).map(str::to_owned);
        let outcome = self.put(&item, value, host).await;
        if outcome != Outcome::Handled {
            return outcome;
        }
        let Ok(data) = self.device.get_report(ReportKind::Feature, item.report_id).await else {
            return outcome;
        };
        if let Some(report) = self
            .plan
            .reports
            .iter_mut()
            .find(|report| report.kind == ReportKind::Feature && report.id == item.report_id)
        {
            self.learnt.apply(self.subdriver, &report.fields, &data, tree);
            report.last = Some(data.clone());
        }
        let stored = item.decode(&data);
        if stored == Some(value) || stored.is_none() {
            return outcome;
        }
        let now = tree.get(row.variable).unwrap_or("").to_owned();
        if before.as_deref() == Some(now.as_str()) {
            host.error(format!("{} = {text}: the UPS keeps {now}", row.variable));
            return Outcome::Failed;
        }
        host.warn(format!("{} = {text}: the UPS made {now} of it", row.variable));
        outcome
    }
}
