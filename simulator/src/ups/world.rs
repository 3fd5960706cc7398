//! The other side of a handle: what a display reads, and what a scenario does.

use std::time::Duration;

use super::Ups;
use crate::fault::Trouble;
use crate::plant::{self, Event, Plant};

/// What there is to see of a UPS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Device time.
    pub at: Duration,
    /// Whether there is any voltage at the input.
    pub mains: bool,
    /// Whether the mains are in the range it takes.
    pub mains_good: bool,
    /// Voltage at the input, V; zero without mains.
    pub input_voltage: f64,
    /// Voltage at the output, V.
    pub output_voltage: f64,
    /// Voltage at the battery's poles, V.
    pub battery_voltage: f64,
    /// Battery charge, 0..=100 percent.
    pub charge: f64,
    /// What is plugged in, percent of the rating, whether it has power or not.
    pub load: f64,
    /// How long the battery carries (or would carry) what is plugged in; `None` when for ever.
    pub runtime: Option<Duration>,
    /// Whether the load has power.
    pub output_on: bool,
    /// Whether the battery carries the load because of the mains.
    pub on_battery: bool,
    /// Whether the battery takes energy.
    pub charging: bool,
    /// Whether the battery is at its low threshold.
    pub low: bool,
    /// Time left until an ordered cut.
    pub shutdown_in: Option<Duration>,
    /// Time left until the output comes on, while the start timer runs.
    pub start_in: Option<Duration>,
    /// Whether a self-test runs.
    pub testing: bool,
    /// Whether it beeps.
    pub beeping: bool,
    /// Whether the data cable is in.
    pub plugged: bool,
    /// Whether it answers nothing.
    pub frozen: bool,
}

/// What the world does to it, and what it does by itself.
impl Ups {
    /// The mains go out, or come back.
    pub fn mains(&self, on: bool) {
        self.change(|plant, now| plant.set_mains(now, on));
    }

    /// The mains' voltage while they are on, V.
    pub fn mains_voltage(&self, volts: f64) {
        self.change(|plant, now| plant.set_mains_voltage(now, volts));
    }

    /// The mains' frequency while they are on, Hz.
    pub fn mains_frequency(&self, hertz: f64) {
        self.change(|plant, now| plant.set_mains_frequency(now, hertz));
    }

    /// Another battery charge, percent.
    pub fn charge(&self, percent: f64) {
        self.change(|plant, now| plant.set_charge(now, percent));
    }

    /// Another load is plugged in, percent of the rating.
    pub fn load(&self, percent: f64) {
        self.change(|plant, now| plant.set_load(now, percent));
    }

    /// Someone presses the button.
    pub fn press_button(&self, on: bool) {
        self.change(|plant, now| plant.press_button(now, on));
    }

    /// Anything else that can be done to a plant.
    pub fn change<T>(&self, f: impl FnOnce(&mut Plant, Duration) -> T) -> T {
        self.touch(|inner, now| {
            let value = f(inner.advance(now), now);
            inner.advance(now);
            value
        })
    }

    /// It answers nothing from now on; the plant goes on.
    pub fn freeze(&self) {
        self.touch(|inner, _| inner.machine.freeze(true));
    }

    /// It answers again.
    pub fn thaw(&self) {
        self.touch(|inner, _| inner.machine.freeze(false));
    }

    /// Requests for a report get into trouble from now on (see [`crate::fault::Faulty::trouble_report`]).
    pub fn trouble_report(&self, id: u8, trouble: Option<Trouble>, chance: f64) {
        self.touch(|inner, _| inner.machine.trouble_report(id, trouble, chance));
    }

    /// What there is to see now.
    pub fn state(&self) -> State {
        let now = self.now();
        let mut inner = self.lock();
        let plant: plant::State = inner.advance(now).state();
        State {
            at: plant.at,
            mains: plant.mains_present,
            mains_good: plant.mains_good,
            input_voltage: plant.input_voltage,
            output_voltage: plant.output_voltage,
            battery_voltage: plant.battery_voltage,
            charge: plant.charge,
            load: plant.plugged_load,
            runtime: plant.runtime,
            output_on: plant.output_on,
            on_battery: plant.on_battery,
            charging: plant.charging,
            low: plant.low,
            shutdown_in: plant.shutdown_in,
            start_in: plant.start_in,
            testing: plant.testing,
            beeping: plant.beeping,
            plugged: inner.attached,
            frozen: inner.machine.frozen(),
        }
    }

    /// What happened from the `cursor`th event on, oldest first, by the device's clock.
    pub fn events_since(&self, cursor: usize) -> Vec<Event> {
        let now = self.now();
        let mut inner = self.lock();
        inner.advance(now);
        inner.events.get(cursor..).unwrap_or_default().to_vec()
    }

    /// Resolves when there is a `cursor`th event, at its time, whoever or whatever caused it.
    pub async fn wait_events(&self, cursor: usize) {
        self.wait_until(
            &self.shared.happened,
            |inner, now| {
                inner.advance(now);
                (inner.events.len() > cursor).then_some(())
            },
            |inner| inner.machine.plant().next_event(),
        )
        .await;
    }

    /// The next thing that happens to the plant from now on.
    pub async fn next_change(&self) -> Event {
        let now = self.now();
        let cursor = {
            let mut inner = self.lock();
            inner.advance(now);
            inner.events.len()
        };
        self.wait_until(
            &self.shared.happened,
            |inner, now| {
                inner.advance(now);
                inner.events.get(cursor).copied()
            },
            |inner| inner.machine.plant().next_event(),
        )
        .await
    }
}
