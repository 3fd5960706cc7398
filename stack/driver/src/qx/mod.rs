//! UPSes that speak Megatec ("Q1") over a serial line: `nutdrv_qx` and `blazer_ser`.
//!
//! [`megatec`] and [`battery`] understand; [`line`](self) exchanges; `Qx` is the family.

pub mod battery;
pub mod megatec;

mod line;
mod options;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use outage_host::{Host, SerialSettings};

use self::battery::{Battery, Known};
use self::line::{Answer, Expect, Line, cannot_open};
use self::megatec::{COMMANDS, NoRequest, Rating, Status, Vendor};
use self::options::{OnDelay, QxOptions, off_delay, on_delay};
use crate::config::DriverConfig;
use crate::core::tree::{Flags, Tree};
use crate::drivers::DriverInfo;
use crate::family::{DeviceError, Family, Outcome};

/// `nutdrv_qx`
pub const NUTDRV_QX: DriverInfo = DriverInfo {
    name: "nutdrv_qx",
    title: "Generic Q* Serial driver",
    version: "0.47",
    components: &["Megatec protocol driver 0.06"],
    options: options::OPTIONS,
    make: |config, host| make(config, host, OnDelay::Seconds),
};

/// `blazer_ser`
pub const BLAZER_SER: DriverInfo = DriverInfo {
    name: "blazer_ser",
    title: "Megatec/Q1 protocol serial driver",
    version: "1.64",
    components: &["Megatec protocol driver 0.06"],
    options: options::OPTIONS,
    make: |config, host| make(config, host, OnDelay::Minutes),
};

/// Attempts at each request that has to get through.
const TRIES: u32 = 3;
/// After DTR and RTS were set, the cable's own electronics start. Most are ready at once, and so are those that had power
/// before: that is tried first.
const SETTLE_FIRST: Duration = Duration::from_millis(100);
/// All are ready after this.
const SETTLE: Duration = Duration::from_millis(1100);

fn make(config: &DriverConfig, host: &Host, unit: OnDelay) -> Result<Box<dyn Family>, DeviceError> {
    let options = QxOptions::parse(config, unit)?;
    Ok(Box::new(Qx {
        host: host.clone(),
        port: config.port.clone(),
        // Only `nutdrv_qx` lets clients write the delays.
        writable_delays: unit == OnDelay::Seconds,
        identity: if unit == OnDelay::Seconds {
            ["device.mfr", "device.model"]
        } else {
            ["ups.mfr", "ups.model"]
        },
        battery: Battery::new(options.known()),
        options,
        line: None,
        last: None,
        shown: Vec::new(),
    }))
}

/// The family: one UPS on one serial line.
struct Qx {
    host: Host,
    port: String,
    options: QxOptions,
    writable_delays: bool,
    /// Where maker and model go: NUT's `nutdrv_qx` tells them of the device only, `blazer_ser` of the UPS, too.
    identity: [&'static str; 2],
    line: Option<Line>,
    battery: Battery,
    /// The last answer to Q1, and what it means.
    last: Option<(String, Status)>,
    /// The numbers that were published last: most polls find the same again.
    shown: Vec<(&'static str, f64)>,
}

impl Qx {
    fn line(&mut self) -> Result<&mut Line, DeviceError> {
        self.line.as_mut().ok_or_else(|| DeviceError::Gone(format!("{} is not open", self.port)))
    }

    async fn status(&mut self) -> Result<Status, DeviceError> {
        match self.line()?.ask("Q1", Expect::Status).await? {
            Answer::Line(text) => {
                // Mostly it is the same again.
                if let Some((_, status)) = self.last.as_ref().filter(|(last, _)| *last == text) {
                    return Ok(*status);
                }
                let status = Status::parse(&text).ok_or_else(|| {
                    DeviceError::Failed(format!("the answer to Q1 makes no sense: {text:?}"))
                })?;
                self.last = Some((text, status));
                Ok(status)
            }
            Answer::Nak | Answer::Echo => Err(DeviceError::Failed("the UPS does not know Q1".into())),
            Answer::Ack | Answer::Silence => Err(DeviceError::Failed("no answer to Q1".into())),
        }
    }

    /// Asks for something that some UPSes don't tell. An answer that makes no sense is none.
    async fn info<T>(
        &mut self,
        request: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, DeviceError> {
        for _ in 0..TRIES {
            match self.line()?.ask(request, Expect::Info).await? {
                Answer::Line(text) => {
                    if let Some(found) = parse(&text) {
                        return Ok(Some(found));
                    }
                    self.host.debug(1, format_args!("the answer to {request} makes no sense: {text:?}"));
                }
                Answer::Nak | Answer::Echo => return Ok(None),
                Answer::Ack | Answer::Silence => {}
            }
        }
        Ok(None)
    }

    /// Sends a command. Silence means yes.
    async fn order(&mut self, request: &str) -> Outcome {
        let answer = match self.line() {
            Ok(line) => line.ask(request, Expect::Verdict).await,
            Err(why) => Err(why),
        };
        match answer {
            Ok(Answer::Ack | Answer::Silence | Answer::Line(_)) => Outcome::Handled,
            Ok(Answer::Nak | Answer::Echo) => {
                self.host.warn(format_args!("the UPS does not know the command {request}"));
                Outcome::Failed
            }
            Err(why) => {
                self.host.warn(format_args!("failed to send {request}: {why}"));
                Outcome::Failed
            }
        }
    }

    /// Sends a command up to three times.
    async fn insist(&mut self, request: &str) -> Outcome {
        let mut outcome = Outcome::Failed;
        for _ in 0..TRIES {
            outcome = self.order(request).await;
            if outcome == Outcome::Handled {
                break;
            }
        }
        outcome
    }

    /// Stops a shutdown that may be under way, then shuts down: back with the mains, or for good (`stayoff`).
    async fn shut_down(&mut self) -> Outcome {
        // Not all know it, and there may be nothing to stop.
        let _: Outcome = self.insist("C").await;
        let name = if self.options.stay_off { "shutdown.stayoff" } else { "shutdown.return" };
        match megatec::request(name, None, self.options.delays) {
            Ok(request) => self.insist(&request).await,
            Err(_) => Outcome::Unknown,
        }
    }

    fn publish_delays(&self, tree: &mut Tree) {
        let delays = self.options.delays;
        tree.set("ups.delay.shutdown", delays.off.to_string());
        tree.set("ups.delay.start", (delays.on * 60).to_string());
    }
}

impl Qx {
    /// Publishes a number that was read.
    fn show(&mut self, tree: &mut Tree, name: &'static str, value: Option<f64>, digits: usize) {
        let Some(value) = value else { return };
        match self.shown.iter_mut().find(|(shown, _)| *shown == name) {
            Some((_, old)) if *old == value => return,
            Some((_, old)) => *old = value,
            None => self.shown.push((name, value)),
        }
        tree.set(name, decimal(value, digits));
    }
}

#[async_trait]
impl Family for Qx {
    async fn open(&mut self) -> Result<(), DeviceError> {
        let serial = self.host.open_serial(Path::new(&self.port), SerialSettings::new(2400)).await;
        let serial = serial.map_err(|error| cannot_open(&self.port, &error))?;
        let mut line = Line::new(self.host.clone(), serial, self.port.clone());
        let (dtr, rts) = self.options.cable_power.lines();
        // A pty has no such wires, and nothing behind them that starts.
        let wired = [line.serial().set_dtr(dtr), line.serial().set_rts(rts)].iter().any(Result::is_ok);
        self.line = Some(line);
        if wired {
            let ready = self.host.now() + SETTLE;
            self.host.sleep(SETTLE_FIRST).await;
            if self.status().await.is_ok() {
                return Ok(());
            }
            self.host.sleep_until(ready).await;
        }
        let mut why = DeviceError::Failed(String::new());
        for _ in 0..TRIES {
            match self.status().await {
                Ok(_) => return Ok(()),
                Err(gone @ DeviceError::Gone(_)) => return Err(gone),
                Err(failed) => why = failed,
            }
        }
        Err(DeviceError::Failed(format!(
            "{why} at 2400 baud (is it switched on, is this its cable, does it speak Megatec?)"
        )))
    }

    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        self.shown.clear();
        if !self.options.no_rating
            && let Some(rating) = self.info("F", Rating::parse).await?
        {
            for (name, value, digits) in [
                ("input.voltage.nominal", rating.voltage, 0),
                ("input.current.nominal", rating.current, 1),
                ("battery.voltage.nominal", rating.battery_voltage, 1),
                ("input.frequency.nominal", rating.frequency, 0),
            ] {
                self.show(tree, name, value, digits);
            }
        }
        if !self.options.no_vendor
            && let Some(vendor) = self.info("I", Vendor::parse).await?
        {
            let [maker, model] = self.identity;
            for (name, value) in
                [(maker, vendor.maker), (model, vendor.model), ("ups.firmware", vendor.firmware)]
            {
                if !value.is_empty() {
                    tree.set(name, value);
                }
            }
        }
        let known = Known {
            nominal: tree.number("battery.voltage.nominal"),
            high: tree.number("battery.voltage.high"),
            low: tree.number("battery.voltage.low"),
            packs: tree.number("battery.packs"),
            ..self.options.known()
        };
        self.battery.learn(known);
        if let Some((low, high)) = self.battery.limits() {
            self.show(tree, "battery.voltage.low", Some(low), 2);
            self.show(tree, "battery.voltage.high", Some(high), 2);
        }
        tree.set("driver.version.data", "Megatec 0.06");
        self.publish_delays(tree);
        if self.writable_delays {
            let flags = Flags { rw: true, string: false, number: true };
            tree.set_flags("ups.delay.shutdown", flags);
            tree.add_range("ups.delay.shutdown", 12, 600);
            tree.set_flags("ups.delay.start", flags);
            tree.add_range("ups.delay.start", 0, 599_940);
        }
        for command in COMMANDS {
            tree.add_command(command);
        }
        Ok(())
    }

    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        let status = self.status().await?;
        let bits = status.bits;
        for (name, value, digits) in [
            ("input.voltage", status.input_voltage, 1),
            ("input.voltage.fault", status.fault_voltage, 1),
            ("output.voltage", status.output_voltage, 1),
            ("ups.load", status.load, 0),
            ("input.frequency", status.frequency, 1),
            ("ups.temperature", status.temperature, 1),
        ] {
            self.show(tree, name, value, digits);
        }
        if let Some(standby) = bits.standby {
            tree.set("ups.type", if standby { "offline / line interactive" } else { "online" });
        }
        if let Some(on) = bits.beeper {
            tree.set("ups.beeper.status", if on { "enabled" } else { "disabled" });
        }
        let now = self.host.now();
        let estimate = self.battery.observe(status.battery_voltage, status.load, !bits.utility_fail, now);
        self.show(tree, "battery.voltage", estimate.voltage, 2);
        self.show(tree, "battery.charge", estimate.charge, 0);
        self.show(tree, "battery.runtime", estimate.runtime, 0);
        let (tokens, alarms) = status.judge(self.options.ignore_shutdown_bit);
        tree.status_begin();
        for token in tokens {
            tree.status_add(token);
        }
        for alarm in alarms {
            tree.alarm_add(alarm);
        }
        tree.status_commit();
        Ok(())
    }

    async fn event(&mut self) -> Result<(), DeviceError> {
        // These UPSes speak only when asked.
        std::future::pending().await
    }

    async fn command(&mut self, name: &str, parameter: Option<&str>, _tree: &mut Tree) -> Outcome {
        if name.eq_ignore_ascii_case("shutdown.default") {
            return self.shut_down().await;
        }
        match megatec::request(name, parameter, self.options.delays) {
            Ok(request) => self.order(&request).await,
            Err(NoRequest::Unknown) => Outcome::Unknown,
            Err(NoRequest::Parameter) => Outcome::Invalid,
        }
    }

    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome {
        let delays = &mut self.options.delays;
        let (field, value) = if variable.eq_ignore_ascii_case("ups.delay.shutdown") {
            (&mut delays.off, off_delay(value))
        } else if variable.eq_ignore_ascii_case("ups.delay.start") {
            (&mut delays.on, on_delay(value))
        } else {
            return Outcome::Unknown;
        };
        let Some(value) = value else { return Outcome::Invalid };
        *field = value;
        *delays = delays.rounded();
        self.publish_delays(tree);
        Outcome::Handled
    }

    async fn close(&mut self) {
        self.line = None;
    }
}

/// A number with so many digits after the point.
fn decimal(value: f64, digits: usize) -> String {
    // Whole numbers of its last place print many times faster than fractions do, and a driver does it for ever.
    let unit = 10_u32.pow(u32::try_from(digits).unwrap_or_default());
    let scaled = (value * f64::from(unit)).round();
    if digits == 0 || scaled.abs() > 1e15 {
        return format!("{value:.digits$}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "its size was just checked")]
    let scaled = scaled as i64;
    let (sign, scaled) = (if scaled < 0 { "-" } else { "" }, scaled.unsigned_abs());
    format!("{sign}{}.{:0digits$}", scaled / u64::from(unit), scaled % u64::from(unit))
}

#[cfg(test)]
mod tests;
