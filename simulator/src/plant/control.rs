//! What can be done to a UPS: by the world, and by a host that gives its firmware orders.

use std::time::Duration;

use super::settings::bounded;
use super::{Beeper, HIGHEST_LOAD, OffReason, OnReason, Plant, PlantEvent, Start, Test, TestResult};

/// What the world does to it.
impl Plant {
    /// The mains go out or come back, at the voltage and frequency they had.
    pub fn set_mains(&mut self, now: Duration, present: bool) {
        self.change(now, |plant| plant.mains_present = present);
    }

    /// The mains' voltage while present, V.
    pub fn set_mains_voltage(&mut self, now: Duration, volts: f64) {
        self.change(now, |plant| plant.mains_voltage = bounded(volts, 0.0, 2000.0, plant.mains_voltage));
    }

    /// The mains' frequency while present, Hz.
    pub fn set_mains_frequency(&mut self, now: Duration, hertz: f64) {
        self.change(now, |plant| plant.mains_frequency = bounded(hertz, 0.0, 1000.0, plant.mains_frequency));
    }

    /// Another battery charge, by decree, percent.
    pub fn set_charge(&mut self, now: Duration, percent: f64) {
        self.change(now, |plant| {
            let full = plant.settings.battery.full();
            let stored = plant.ledger.at(plant.now).stored;
            let percent = bounded(percent, 0.0, 100.0, stored / full * 100.0);
            plant.ledger.grant(plant.now, full * percent / 100.0);
            plant.full = percent >= 100.0;
        });
    }

    /// Energy stands still, or flows again: a battery that is held discharges and charges, for all there is to see, and
    /// holds what it holds. Timers go on. For who wants to look twice at the same thing.
    pub fn hold(&mut self, now: Duration, held: bool) {
        self.change(now, |plant| plant.ledger.hold(plant.now, held));
    }

    /// Another load is plugged in, percent of the rating.
    pub fn set_load(&mut self, now: Duration, percent: f64) {
        self.change(now, |plant| plant.load = bounded(percent, 0.0, HIGHEST_LOAD, plant.load));
    }

    /// A new battery, fully charged, is put in place of the old one.
    pub fn replace_battery(&mut self, now: Duration) {
        self.change(now, |plant| {
            plant.settings.battery.age = 1.0;
            plant.ledger.grant(plant.now, plant.settings.battery.full());
            plant.full = true;
        });
    }

    /// The battery ages: the part of its capacity that is left, 0.01..=1. Its charge in percent stays.
    pub fn set_age(&mut self, now: Duration, age: f64) {
        self.change(now, |plant| {
            let before = plant.settings.battery.full();
            let part = plant.ledger.at(plant.now).stored / before;
            plant.settings.battery.age = bounded(age, 0.01, 1.0, plant.settings.battery.age);
            plant.ledger.grant(plant.now, plant.settings.battery.full() * part.clamp(0.0, 1.0));
        });
    }

    /// The battery's temperature, degrees Celsius.
    pub fn set_temperature(&mut self, now: Duration, celsius: f64) {
        self.change(now, |plant| {
            let before = plant.settings.battery.temperature;
            plant.settings.battery.temperature = bounded(celsius, -50.0, 150.0, before);
        });
    }

    /// Someone presses the button: the output goes on (if there is anything to feed it) or off.
    pub fn press_button(&mut self, now: Duration, on: bool) {
        self.change(now, |plant| {
            plant.shutdown_at = None;
            if on && !plant.output_on {
                if plant.mains_good || plant.ledger.at(plant.now).stored > 0.0 {
                    plant.switch(OnReason::Button);
                }
            } else if !on && plant.output_on {
                plant.start = Start::Never;
                plant.cut(OffReason::Button);
            }
        });
    }
}

/// What its firmware does, by order of a host.
impl Plant {
    /// Orders the output off after `delay`; `None` calls an ordered shutdown off.
    pub fn shutdown_after(&mut self, now: Duration, delay: Option<Duration>) {
        self.change(now, |plant| match delay {
            Some(delay) => {
                let at = plant.now.saturating_add(delay);
                plant.shutdown_at = Some(at);
                plant.ordered_on_battery = !plant.mains_good;
                plant.emit(PlantEvent::ShutdownOrdered(at));
            }
            None => plant.call_off(),
        });
    }

    fn call_off(&mut self) {
        if self.shutdown_at.take().is_some() {
            self.emit(PlantEvent::ShutdownCancelled);
        }
    }

    /// Starts the start timer: the output comes on after `delay` from now, when it is off then and there are mains (it
    /// waits for them if that is the policy). `None`: it stays off until told otherwise.
    pub fn start_after(&mut self, now: Duration, delay: Option<Duration>) {
        self.change(now, |plant| {
            plant.start = match delay {
                None => Start::Never,
                Some(delay) => Start::At(plant.earliest_start(delay), OnReason::Commanded),
            };
        });
    }

    /// As [`Plant::start_after`], but counted from the moment the output goes off.
    pub fn start_after_cut(&mut self, now: Duration, delay: Duration) {
        self.change(now, |plant| {
            plant.start = if plant.output_on {
                Start::AfterCut(delay)
            } else {
                Start::At(plant.cut_at.saturating_add(delay), OnReason::Commanded)
            };
        });
    }

    /// `delay` from now, but not before the output has been off for its shortest time.
    fn earliest_start(&self, delay: Duration) -> Duration {
        let at = self.now.saturating_add(delay);
        if self.output_on { at } else { at.max(self.cut_at.saturating_add(self.settings.minimum_off)) }
    }

    /// Forgets both timers: no shutdown, and a return by policy.
    pub fn cancel(&mut self, now: Duration) {
        self.change(now, |plant| {
            plant.call_off();
            plant.start = Start::Unset;
        });
    }

    /// Runs the load from the battery for `duration`, or until the battery is low. Nothing happens without mains,
    /// without output, with a low battery, or while a test runs.
    pub fn start_test(&mut self, now: Duration, duration: Option<Duration>) {
        self.change(now, |plant| {
            if plant.mains_good && plant.output_on && !plant.low && plant.test.is_none() {
                let until = duration.map(|duration| plant.now.saturating_add(duration));
                plant.test = Some(Test { until });
                plant.test_result = TestResult::InProgress;
                plant.emit(PlantEvent::TestStarted);
            }
        });
    }

    /// Ends a self-test.
    pub fn stop_test(&mut self, now: Duration) {
        self.change(now, |plant| {
            if plant.test.is_some() {
                plant.end_test(TestResult::Aborted);
            }
        });
    }

    /// Sets the beeper.
    pub fn set_beeper(&mut self, now: Duration, beeper: Beeper) {
        self.change(now, |plant| plant.beeper = beeper);
    }

    /// Sets the charge at and below which the battery is low, percent.
    pub fn set_low_charge(&mut self, now: Duration, percent: f64) {
        self.change(now, |plant| {
            plant.settings.low_charge = bounded(percent, 0.0, 100.0, plant.settings.low_charge);
        });
    }

    /// Sets the runtime at and below which a battery that carries the load is low.
    pub fn set_low_runtime(&mut self, now: Duration, limit: Option<Duration>) {
        self.change(now, |plant| plant.settings.low_runtime = limit);
    }

    /// Sets the lower transfer voltage, V; never above the nominal voltage.
    pub fn set_transfer_low(&mut self, now: Duration, volts: f64) {
        self.change(now, |plant| {
            let s = &mut plant.settings;
            s.transfer_low = bounded(volts, 0.0, s.nominal_voltage, s.transfer_low);
        });
    }

    /// Sets the upper transfer voltage, V; never below the nominal voltage.
    pub fn set_transfer_high(&mut self, now: Duration, volts: f64) {
        self.change(now, |plant| {
            let s = &mut plant.settings;
            s.transfer_high = bounded(volts, s.nominal_voltage, 2000.0, s.transfer_high);
        });
    }

    /// Sets whether the output comes back with the mains.
    pub fn set_automatic_restart(&mut self, now: Duration, on: bool) {
        self.change(now, |plant| plant.settings.automatic_restart = on);
    }
}
