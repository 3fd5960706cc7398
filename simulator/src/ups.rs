//! A device, its plant and a clock: the handle that a bus serves, that a display reads and that a scenario pulls the
//! plug of.
//!
//! Unless it is given another, the clock is tokio's: the same handle runs in real time and under a paused clock. Nothing
//! ticks: the handle wakes at the device's own times, and only while someone waits for it. A handle takes its zero of time
//! when it is made, so make it inside the runtime that will wait for it.

mod alarm;
mod machine;
mod world;

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::{Clock, Sleep, TokioClock};
use crate::device::file::{DeviceFile, Firmware};
use crate::device::hid::Hid;
use crate::device::megatec::Megatec;
use crate::device::serial::SerialDevice;
use crate::device::usb::{Function, Identity, Reply, Setup};
use crate::fault::Faulty;
use crate::plant::{Event, Plant, Settings};
pub(crate) use alarm::Alarm;
use machine::Machine;
pub use world::State;

/// The longest single sleep; a wake-up beyond it is reached in several.
const LONGEST_SLEEP: Duration = Duration::from_secs(30 * 24 * 3600);

/// How a UPS is made from its file.
#[derive(Clone)]
pub struct Options {
    /// For whatever is left to chance.
    pub seed: u64,
    /// Device seconds for each second of the host's clock.
    pub time_scale: f64,
    /// Instead of the one in the file (USB only).
    pub serial_number: Option<String>,
    /// What tells it the time.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 0, time_scale: 1.0, serial_number: None, clock: Arc::new(TokioClock::default()) }
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
    /// How many of the events there were when those who wait for them were last told, and what was due next.
    told: (usize, Option<Duration>),
    /// Whether it was plugged in when those who wait for that were last told, and how often it had left.
    told_place: (bool, u64),
    /// How often somebody else than its bus did something to it, and the bus's task, if that waits for the next time.
    touches: u64,
    bus: Option<Waker>,
}

/// Who is to be told.
struct News {
    moved: bool,
    happened: bool,
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

    /// Runs `f` on the USB function, when it is one and has not been off the bus since `attachment`.
    fn run<T>(
        &mut self,
        attachment: u64,
        now: Duration,
        f: impl FnOnce(&mut dyn Function, Duration) -> T,
    ) -> Option<T> {
        let function = if self.departures == attachment { self.function() } else { None };
        function.map(|function| f(function, now))
    }

    /// What there is to tell since the last time.
    fn news(&mut self, now: Duration) -> News {
        let next = self.advance(now).next_event();
        let happenings = (self.events.len(), next);
        let place = (self.attached, self.departures);
        News {
            moved: std::mem::replace(&mut self.told_place, place) != place,
            happened: std::mem::replace(&mut self.told, happenings) != happenings,
        }
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
    clock: Arc<dyn Clock>,
    epoch: Duration,
    time_scale: f64,
    inner: Mutex<Inner>,
    /// Somebody did something to it.
    changed: Notify,
    /// It was plugged in or out.
    moved: Notify,
    /// Something happened to the plant, or the time of what will happen next is another one.
    happened: Notify,
}

/// A running virtual UPS. Clones are handles to the same one.
#[derive(Clone)]
pub struct Ups {
    shared: Arc<Shared>,
}

impl Ups {
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
        Self::with_machine(name, machine, options.time_scale, options.clock)
    }

    /// A UPS over a USB function of one's own making, which has nothing to do with the plant that the handle shows.
    pub fn over_usb(name: &str, function: Box<dyn Function>) -> Self {
        let plant = Box::new(Plant::new(Settings::default()));
        Self::with_machine(
            name,
            Machine::Function(Faulty::new(function, 0), plant),
            1.0,
            Arc::new(TokioClock::default()),
        )
    }

    /// A UPS over a serial device of one's own making, as [`Ups::over_usb`].
    pub fn over_serial(name: &str, device: Box<dyn SerialDevice>) -> Self {
        let plant = Box::new(Plant::new(Settings::default()));
        Self::with_machine(
            name,
            Machine::Serial(Faulty::new(device, 0), plant),
            1.0,
            Arc::new(TokioClock::default()),
        )
    }

    fn with_machine(name: &str, mut machine: Machine, time_scale: f64, clock: Arc<dyn Clock>) -> Self {
        let identity = machine.function().map(|function| function.identity().clone());
        let kind = if identity.is_some() { BusKind::Usb } else { BusKind::Serial };
        let time_scale = if time_scale.is_finite() && time_scale > 0.0 { time_scale } else { 1.0 };
        Self {
            shared: Arc::new(Shared {
                name: name.to_owned(),
                kind,
                identity,
                epoch: clock.now(),
                clock,
                time_scale,
                inner: Mutex::new(Inner {
                    machine,
                    attached: true,
                    departures: 0,
                    events: Vec::new(),
                    told: (0, None),
                    told_place: (true, 0),
                    touches: 0,
                    bus: None,
                }),
                changed: Notify::new(),
                moved: Notify::new(),
                happened: Notify::new(),
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
        let host = self.shared.clock.now().saturating_sub(self.shared.epoch);
        if self.shared.time_scale == 1.0 { host } else { host.mul_f64(self.shared.time_scale) }
    }

    /// When the device's time will be `device`, on the clock that timers wait for; no further away than the longest
    /// sleep.
    fn on_the_clock(&self, device: Duration) -> Duration {
        let Shared { clock, epoch, time_scale, .. } = &*self.shared;
        let after = if *time_scale == 1.0 {
            device
        } else {
            Duration::try_from_secs_f64(device.as_secs_f64() / time_scale).unwrap_or(Duration::MAX)
        };
        epoch.saturating_add(after).min(clock.now() + LONGEST_SLEEP)
    }

    /// Waits for a point in the device's time.
    fn sleep_until(&self, device: Duration) -> Sleep<'_> {
        self.shared.clock.sleep_until(self.on_the_clock(device))
    }

    /// Runs `work` for at most `length` of the clock's time, whatever the device's is.
    pub(crate) async fn within<T>(&self, length: Duration, work: impl Future<Output = T>) -> Option<T> {
        let clock = &self.shared.clock;
        tokio::select! {
            biased;
            value = work => Some(value),
            () = clock.sleep_until(clock.now() + length) => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the device as it was: nothing here is half done between two calls.
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` on the machine and tells the waiters that something may have changed.
    fn touch<T>(&self, f: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let now = self.now();
        let (value, news, bus) = {
            let mut inner = self.lock();
            let value = f(&mut inner, now);
            let news = inner.news(now);
            inner.touches += 1;
            (value, news, inner.bus.take())
        };
        self.tell(news);
        bus.into_iter().for_each(Waker::wake);
        value
    }

    fn tell(&self, news: News) {
        let Shared { changed, moved, happened, .. } = &*self.shared;
        changed.notify_waiters();
        if news.moved {
            moved.notify_waiters();
        }
        if news.happened {
            happened.notify_waiters();
        }
    }

    /// Waits until `ready` gives a value: looks now, then whenever the device is touched or wakes by itself.
    async fn wait_for<T>(&self, ready: impl FnMut(&mut Inner, Duration) -> Option<T>) -> T {
        let wake_at = |inner: &mut Inner| if inner.attached { inner.machine.wake_at() } else { None };
        self.wait_until(&self.shared.changed, ready, wake_at).await
    }

    /// The same, waking with some of the changes, and at the times of someone's choice.
    async fn wait_until<T>(
        &self,
        changes: &Notify,
        mut ready: impl FnMut(&mut Inner, Duration) -> Option<T>,
        wake_at: impl Fn(&mut Inner) -> Option<Duration>,
    ) -> T {
        loop {
            // Made before looking: it hears of every change from here on, so none is lost between the look and the wait.
            let changed = changes.notified();
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
                    () = self.sleep_until(at) => {}
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
        self.wait_until(&self.shared.moved, |inner, _| inner.attached.then_some(()), |_| None).await;
    }

    /// Resolves when it is off the bus.
    pub async fn wait_detached(&self) {
        self.wait_until(&self.shared.moved, |inner, _| (!inner.attached).then_some(()), |_| None).await;
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
        self.wait_until(
            &self.shared.moved,
            |inner, _| (inner.departures != attachment).then_some(()),
            |_| None,
        )
        .await;
    }

    /// Runs `f` on the USB function, when it is one and has not been off the bus since `attachment`, and tells the
    /// waiters: how a bus puts Chapter 9 in front of it. With what `f` returns comes what [`Ups::touched`] wants to know.
    pub(crate) fn with_function<T>(
        &self,
        attachment: u64,
        f: impl FnOnce(&mut dyn Function, Duration) -> T,
    ) -> Option<(T, u64)> {
        let now = self.now();
        let (value, news) = {
            let mut inner = self.lock();
            let value = inner.run(attachment, now, f);
            (value.map(|value| (value, inner.touches)), inner.news(now))
        };
        self.tell(news);
        value
    }

    /// The same for what changes nothing that others wait for.
    pub(crate) fn look_at_function<T>(
        &self,
        attachment: u64,
        f: impl FnOnce(&mut dyn Function, Duration) -> T,
    ) -> Option<(T, u64)> {
        let now = self.now();
        let mut inner = self.lock();
        let value = inner.run(attachment, now, f)?;
        Some((value, inner.touches))
    }

    /// Resolves when somebody else than its bus has touched it, after the bus has looked. For one at a time: it is on one
    /// bus.
    pub(crate) async fn touched(&self, since: u64) {
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.touches != since {
                return Poll::Ready(());
            }
            match &mut inner.bus {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests;
