//! A device, its plant and a clock: the handle that a bus serves, that a display reads and that a scenario pulls the
//! plug of.
//!
//! The clock is tokio's, so the same handle runs in real time and under a paused clock. Nothing ticks: the handle
//! wakes at the device's own times, and only while someone waits for it. A handle takes its zero of time when it is
//! made, so make it inside the runtime that will wait for it.

mod machine;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::device::file::{DeviceFile, Firmware};
use crate::device::hid::Hid;
use crate::device::megatec::Megatec;
use crate::device::serial::SerialDevice;
use crate::device::usb::{Function, Identity, Reply, Setup};
use crate::fault::Faulty;
use crate::plant::{Event, Plant, Settings};
use machine::Machine;
pub use world::State;

/// The longest single sleep; a wake-up beyond it is reached in several.
const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 24 * 3600);

/// How a UPS is made from its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// For whatever is left to chance.
    pub seed: u64,
    /// Device seconds for each second of the host's clock.
    pub time_scale: f64,
    /// Instead of the one in the file (USB only).
    pub serial_number: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, time_scale: 1.0, serial_number: None }
    }
}

/// Which kind of bus a UPS belongs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusKind {
    /// [`Ups::control`], [`Ups::interrupt`], [`Ups::wait_input`].
    Usb,
    /// [`Ups::receive`], [`Ups::transmit`], [`Ups::wait_transmit`].
    Serial,
}

struct Inner {
    machine: Machine,
    attached: bool,
    /// How often it has left the bus.
    departures: u64,
    /// All that ever happened to the plant.
    events: Vec<Event>,
}

impl Inner {
    fn function(&mut self) -> Option<&mut dyn Function> {
        if self.attached { self.machine.function() } else { None }
    }

    /// The plant at this time, with its events taken note of.
    fn advance(&mut self, now: Duration) -> &mut Plant {
        let plant = self.machine.plant();
        plant.advance(now);
        self.events.extend(plant.take_events());
        plant
    }

    fn leave(&mut self) {
        if self.attached {
            self.attached = false;
            self.departures += 1;
        }
    }
}

struct Shared {
    name: String,
    kind: BusKind,
    identity: Option<Identity>,
    epoch: Instant,
    time_scale: f64,
    inner: Mutex<Inner>,
    changed: Notify,
}

/// A running virtual UPS. Clones are handles to the same one.
#[derive(Clone)]
pub struct Ups {
    shared: Arc<Shared>,
}

impl Ups {
    #[expect(
        clippy::disallowed_methods,
        reason = "the laboratory's own clock; devices get time as an argument"
    )]
    fn clock() -> Instant {
        Instant::now()
    }

    /// A UPS by its file: on good mains, full, its output on, plugged in. Its time begins now.
    pub fn new(name: &str, file: &DeviceFile, options: Options) -> Self {
        let plant = Plant::new(file.settings.clone());
        let machine = match &file.firmware {
            Firmware::Hid(firmware) => {
                let mut firmware = firmware.clone();
                if let Some(serial_number) = options.serial_number {
                    firmware.identity.set_serial_number(serial_number);
                }
                Machine::Hid(Faulty::new(Hid::new(firmware, plant), options.seed))
            }
            Firmware::Megatec(nameplate) => {
                Machine::Megatec(Faulty::new(Megatec::new(nameplate.clone(), plant), options.seed))
            }
        };
        Self::with_machine(name, machine, options.time_scale)
    }

    /// A UPS over a USB function of one's own making, which has nothing to do with the plant that the handle shows.
    pub fn over_usb(name: &str, function: Box<dyn Function>) -> Self {
        let plant = Box::new(Plant::new(Settings::default()));
        Self::with_machine(name, Machine::Function(Faulty::new(function, 0), plant), 1.0)
    }

    /// A UPS over a serial device of one's own making, as [`Ups::over_usb`].
    pub fn over_serial(name: &str, device: Box<dyn SerialDevice>) -> Self {
        let plant = Box::new(Plant::new(Settings::default()));
        Self::with_machine(name, Machine::Serial(Faulty::new(device, 0), plant), 1.0)
    }

    fn with_machine(name: &str, mut machine: Machine, time_scale: f64) -> Self {
        let identity = machine.function().map(|function| function.identity().clone());
        let kind = if identity.is_some() { BusKind::Usb } else { BusKind::Serial };
        let time_scale = if time_scale.is_finite() && time_scale > 0.0 { time_scale } else { 1.0 };
        Self {
            shared: Arc::new(Shared {
                name: name.to_owned(),
                kind,
                identity,
                epoch: Self::clock(),
                time_scale,
                inner: Mutex::new(Inner { machine, attached: true, departures: 0, events: Vec::new() }),
                changed: Notify::new(),
            }),
        }
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Which bus it belongs on.
    pub fn kind(&self) -> BusKind {
        self.shared.kind
    }

    /// Its descriptors, when it is a USB device.
    pub fn identity(&self) -> Option<&Identity> {
        self.shared.identity.as_ref()
    }

    /// The device's time.
    pub fn now(&self) -> Duration {
        let host = Self::clock().saturating_duration_since(self.shared.epoch);
        if self.shared.time_scale == 1.0 { host } else { host.mul_f64(self.shared.time_scale) }
    }

    fn host_instant(&self, device: Duration) -> Instant {
        let host =
            if self.shared.time_scale == 1.0 { device } else { device.div_f64(self.shared.time_scale) };
        let latest = Self::clock() + LONGEST_SLEEP;
        self.shared.epoch.checked_add(host).map_or(latest, |at| at.min(latest))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the device as it was: nothing here is half done between two calls.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` on the machine and tells the waiters that something may have changed.
    fn touch<T>(&self, f: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let value = f(&mut self.lock(), self.now());
        self.shared.changed.notify_waiters();
        value
    }

    /// Waits until `ready` gives a value: looks now, then whenever the device is touched or wakes by itself.
    async fn wait_for<T>(&self, ready: impl FnMut(&mut Inner, Duration) -> Option<T>) -> T {
        let wake_at = |inner: &mut Inner| if inner.attached { inner.machine.wake_at() } else { None };
        self.wait_until(ready, wake_at).await
    }

    /// The same, waking at the times of someone's choice.
    async fn wait_until<T>(
        &self,
        mut ready: impl FnMut(&mut Inner, Duration) -> Option<T>,
        wake_at: impl Fn(&mut Inner) -> Option<Duration>,
    ) -> T {
        loop {
            // Made before looking: it hears of every change from here on, so none is lost between the look and the wait.
            let changed = self.shared.changed.notified();
            let wake = {
                let mut inner = self.lock();
                if let Some(value) = ready(&mut inner, self.now()) {
                    return value;
                }
                wake_at(&mut inner)
            };
            match wake {
                None => changed.await,
                Some(at) => tokio::select! {
                    biased;
                    () = changed => {}
                    () = tokio::time::sleep_until(self.host_instant(at)) => {}
                },
            }
        }
    }

    /// Whether it is plugged in, on the bus.
    pub fn attached(&self) -> bool {
        self.lock().attached
    }

    /// Resolves when it is on the bus.
    pub async fn wait_attached(&self) {
        self.wait_until(|inner, _| inner.attached.then_some(()), |_| None).await;
    }

    /// Resolves when it is off the bus.
    pub async fn wait_detached(&self) {
        self.wait_until(|inner, _| (!inner.attached).then_some(()), |_| None).await;
    }

    /// Pulls the data cable.
    pub fn unplug(&self) {
        self.touch(|inner, _| inner.leave());
    }

    /// Puts the data cable back; a USB device starts unconfigured.
    pub fn replug(&self) {
        self.touch(|inner, now| {
            if !inner.attached {
                inner.attached = true;
                if let Some(function) = inner.machine.function() {
                    function.configured(now, 0);
                }
            }
        });
    }

    /// A class, vendor or interface request (see [`Function::control`]). [`Reply::Leave`] when it is off the bus, or
    /// no USB device at all.
    pub fn control(&self, setup: Setup, data: &[u8]) -> Reply {
        self.touch(|inner, now| {
            let Some(function) = inner.function() else { return Reply::Leave };
            let reply = function.control(now, setup, data);
            if reply == Reply::Leave {
                inner.leave();
            }
            reply
        })
    }

    /// See [`Function::configured`].
    pub fn configured(&self, configuration: u8) {
        self.touch(|inner, now| {
            if let Some(function) = inner.machine.function() {
                function.configured(now, configuration);
            }
        });
    }

    /// The next packet of an interrupt IN endpoint; `None`: NAK.
    pub fn interrupt(&self, endpoint: u8) -> Option<Vec<u8>> {
        let now = self.now();
        self.lock().function()?.interrupt(now, endpoint)
    }

    /// Waits for the next packet of an interrupt IN endpoint, and takes it. Cancel safe: a packet is taken only by the
    /// call that returns it.
    pub async fn next_interrupt(&self, endpoint: u8) -> Vec<u8> {
        self.wait_for(|inner, now| inner.function()?.interrupt(now, endpoint)).await
    }

    /// Resolves when [`Ups::interrupt`] may have a packet, or when the device has left the bus.
    pub async fn wait_input(&self) {
        self.wait_for(|inner, now| {
            let due = inner.machine.wake_at().is_some_and(|at| at <= now);
            (due || !inner.attached).then_some(())
        })
        .await;
    }

    /// Bytes from the host (see [`SerialDevice::receive`]); lost when the cable is out.
    pub fn receive(&self, bytes: &[u8]) {
        self.touch(|inner, now| {
            if inner.attached
                && let Some(device) = inner.machine.serial()
            {
                device.receive(now, bytes);
            }
        });
    }

    /// The bytes that are due by now; empty when there are none. What a device says with the cable out is lost.
    pub fn transmit(&self) -> Vec<u8> {
        let now = self.now();
        let mut inner = self.lock();
        let bytes = inner.machine.serial().map(|device| device.transmit(now)).unwrap_or_default();
        if inner.attached { bytes } else { Vec::new() }
    }

    /// Waits for the next bytes, and takes them. Cancel safe.
    pub async fn wait_transmit(&self) -> Vec<u8> {
        self.wait_for(|inner, now| {
            let bytes = inner.machine.serial()?.transmit(now);
            (inner.attached && !bytes.is_empty()).then_some(bytes)
        })
        .await
    }

    /// Which time this is that it is on the bus; `None` when it is not. A bus that holds an old number knows that the
    /// device has been away, however short the time.
    pub(crate) fn attachment(&self) -> Option<u64> {
        let inner = self.lock();
        inner.attached.then_some(inner.departures)
    }

    /// Takes it off the bus, unless it has been off and on again since `attachment`.
    pub(crate) fn unplug_since(&self, attachment: u64) {
        self.touch(|inner, _| {
            if inner.departures == attachment {
                inner.leave();
            }
        });
    }

    /// Resolves when it has been off the bus since `attachment`.
    pub(crate) async fn wait_departed(&self, attachment: u64) {
        self.wait_until(|inner, _| (inner.departures != attachment).then_some(()), |_| None).await;
    }

    /// Runs `f` on the USB function, when it is one and has not been off the bus since `attachment`, and tells the
    /// waiters: how a bus puts Chapter 9 in front of it.
    pub(crate) fn with_function<T>(
        &self,
        attachment: u64,
        f: impl FnOnce(&mut dyn Function, Duration) -> T,
    ) -> Option<T> {
        let value = self.look_at_function(attachment, f);
        self.shared.changed.notify_waiters();
        value
    }

    /// The same for what changes nothing that others wait for.
    pub(crate) fn look_at_function<T>(
        &self,
        attachment: u64,
        f: impl FnOnce(&mut dyn Function, Duration) -> T,
    ) -> Option<T> {
        let now = self.now();
        let mut inner = self.lock();
        let function = if inner.departures == attachment { inner.function() } else { None };
        function.map(|function| f(function, now))
    }

    /// When the device's time will be `device`, on the clock that timers wait for; no further away than the longest
    /// sleep.
    pub(crate) fn instant_of(&self, device: Duration) -> Instant {
        self.host_instant(device)
    }

    /// Resolves when someone touches the device after this future was enabled.
    pub(crate) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.shared.changed.notified()
    }
}

#[cfg(test)]
mod tests;
