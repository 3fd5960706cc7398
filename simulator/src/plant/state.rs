//! A look at a UPS.

use std::time::Duration;

use super::{Energy, Plant, Start, TestResult};

/// Voltage a cell under charge is lifted by, V.
const CHARGING_LIFT: f64 = 0.12;
/// Voltage of a full cell on the charger, as a part of its nominal voltage (2.27 V for lead and acid).
const FLOATING: f64 = 1.135;
/// What a cell drops at a discharge in one hour, V.
const SAG: f64 = 0.04;

/// What the beeper may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beeper {
    /// Never.
    Disabled,
    /// When there is reason to.
    Enabled,
    /// Not until the reason has gone.
    Muted,
}

/// Everything there is to see, at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Device time.
    pub at: Duration,
    /// Whether there is any voltage at the input.
    pub mains_present: bool,
    /// Whether the mains are in the range it takes.
    pub mains_good: bool,
    /// Voltage at the input, V; zero without mains.
    pub input_voltage: f64,
    /// Frequency at the input, Hz; zero without mains.
    pub input_frequency: f64,
    /// Whether the load has power.
    pub output_on: bool,
    /// Voltage at the output, V.
    pub output_voltage: f64,
    /// Frequency at the output, Hz.
    pub output_frequency: f64,
    /// Load on the output, percent of the rating; zero while it is off.
    pub load: f64,
    /// What is plugged in, percent of the rating, whether it has power or not.
    pub plugged_load: f64,
    /// Active power of the output, W.
    pub active_power: f64,
    /// Apparent power of the output, VA.
    pub apparent_power: f64,
    /// More load than the rating.
    pub overload: bool,
    /// Whether the battery carries the load because of the mains.
    pub on_battery: bool,
    /// The battery takes energy.
    pub charging: bool,
    /// The battery gives energy.
    pub discharging: bool,
    /// Battery charge, 0..=100 percent.
    pub charge: f64,
    /// How long the battery carries (or would carry) what is plugged in; `None` when for ever.
    pub runtime: Option<Duration>,
    /// Whether the battery is at its low threshold.
    pub low: bool,
    /// Nothing left.
    pub empty: bool,
    /// Fully charged.
    pub full: bool,
    /// Voltage at the battery's poles, V.
    pub battery_voltage: f64,
    /// Degrees Celsius.
    pub battery_temperature: f64,
    /// Less than half of the capacity is left.
    pub replace_battery: bool,
    /// Time left until an ordered cut.
    pub shutdown_in: Option<Duration>,
    /// Time left until the output comes on, while the start timer runs.
    pub start_in: Option<Duration>,
    /// A self-test runs.
    pub testing: bool,
    /// How the last one went.
    pub test_result: TestResult,
    /// What the beeper may do.
    pub beeper: Beeper,
    /// It beeps.
    pub beeping: bool,
    /// Sums of energy.
    pub energy: Energy,
}

impl Plant {
    /// A look at it, at the time it was advanced to.
    pub fn state(&self) -> State {
        let s = &self.settings;
        let energy = self.ledger.at(self.now);
        let charge = (energy.stored / s.battery.full() * 100.0).clamp(0.0, 100.0);
        let on_battery = self.output_on && !self.mains_good;
        let discharging = self.discharging();
        let load = if self.output_on { self.load } else { 0.0 };
        let (input_voltage, input_frequency) =
            if self.mains_present { (self.mains_voltage, self.mains_frequency) } else { (0.0, 0.0) };
        let (output_voltage, output_frequency) = match (self.output_on, discharging) {
            (false, _) => (0.0, 0.0),
            (true, true) => (s.nominal_voltage, s.nominal_frequency),
            (true, false) => (input_voltage, input_frequency),
        };
        State {
            at: self.now,
            mains_present: self.mains_present,
            mains_good: self.mains_good,
            input_voltage,
            input_frequency,
            output_on: self.output_on,
            output_voltage,
            output_frequency,
            load,
            plugged_load: self.load,
            active_power: s.active_power * load / 100.0,
            apparent_power: s.apparent_power * load / 100.0,
            overload: load > 100.0,
            on_battery,
            charging: self.ledger.rates().stored > 0.0,
            discharging,
            charge,
            runtime: self.runtime(energy.stored),
            low: self.low,
            empty: energy.stored <= 0.0,
            full: self.full,
            battery_voltage: self.battery_voltage(charge),
            battery_temperature: s.battery.temperature,
            replace_battery: s.battery.age < 0.5,
            shutdown_in: self.shutdown_at.map(|at| at.saturating_sub(self.now)),
            start_in: match self.start {
                Start::At(at, _) => Some(at.saturating_sub(self.now)),
                Start::AfterCut(delay) => Some(delay),
                Start::Unset | Start::Never | Start::Waiting(_) => None,
            },
            testing: self.test.is_some(),
            test_result: self.test_result,
            beeper: self.beeper,
            beeping: self.beeper == Beeper::Enabled && (on_battery || load > 100.0),
            energy,
        }
    }

    /// What is unaccounted for in the sums of energy, J: zero, but for rounding.
    pub fn imbalance(&self) -> f64 {
        self.ledger.at(self.now).imbalance(self.initially_stored)
    }

    fn runtime(&self, stored: f64) -> Option<Duration> {
        Duration::try_from_secs_f64(stored.max(0.0) / self.drain()).ok()
    }

    fn battery_voltage(&self, charge: f64) -> f64 {
        let battery = &self.settings.battery;
        let resting = battery.resting_cell(charge);
        let floating = battery.cell_voltage * FLOATING;
        let rate = self.ledger.rates().stored;
        let cell = if rate < 0.0 {
            // In hours of its capacity: a discharge in one hour is 1.
            let hours = -rate * 3600.0 / battery.full();
            (resting - SAG * hours).max(0.0)
        } else if rate > 0.0 {
            (resting + CHARGING_LIFT).min(floating)
        } else if self.mains_good && self.full {
            floating
        } else {
            resting
        };
        f64::from(battery.cells) * cell
    }
}
