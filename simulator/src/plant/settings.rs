//! The ratings and policies of a UPS.

use std::time::Duration;

/// What a UPS is built to do. Every figure is brought into its range by [`Settings::checked`], which [`super::Plant::new`]
/// calls, so no setting, however absurd, makes a NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Rated apparent power, VA.
    pub apparent_power: f64,
    /// Rated active power, W. Its ratio to the apparent power is the power factor of whatever is plugged in.
    pub active_power: f64,
    /// Voltage it is made for, V.
    pub nominal_voltage: f64,
    /// Frequency it is made for, Hz.
    pub nominal_frequency: f64,
    /// Mains below this are not used, V.
    pub transfer_low: f64,
    /// Mains above this are not used, V.
    pub transfer_high: f64,
    /// How far inside the limits mains must come back to be used again, V.
    pub transfer_hysteresis: f64,
    /// The battery.
    pub battery: Battery,
    /// Charger, W into the battery.
    pub charger_power: f64,
    /// Part of what the charger draws that reaches the battery, 0.1..=1.
    pub charger_efficiency: f64,
    /// Part of what leaves the battery that reaches the load, 0.1..=1.
    pub inverter_efficiency: f64,
    /// What the inverter burns with no load, W.
    pub inverter_idle: f64,
    /// What the electronics burn on mains, W.
    pub mains_idle: f64,
    /// Charge at and below which the battery is low, percent.
    pub low_charge: f64,
    /// Remaining runtime at and below which the battery is low while it carries the load.
    pub low_runtime: Option<Duration>,
    /// Charge the battery must have before the output comes back, percent.
    pub restart_charge: f64,
    /// Whether the output comes back with the mains.
    pub automatic_restart: bool,
    /// From the return of the mains to the return of the output.
    pub restart_delay: Duration,
    /// The shortest time the output stays off after a commanded shutdown.
    pub minimum_off: Duration,
    /// Whether the start timer puts the output back even without mains (nut#625), while the battery lasts.
    pub starts_on_battery: bool,
    /// How long a self-test runs when nobody says.
    pub test_duration: Duration,
}

/// A battery of cells in series.
#[derive(Clone, Debug, PartialEq)]
pub struct Battery {
    /// Capacity when new, Wh.
    pub capacity: f64,
    /// Part of the capacity that is left, 0.01..=1.
    pub age: f64,
    /// Cells in series.
    pub cells: u32,
    /// Nominal voltage of a cell, V.
    pub cell_voltage: f64,
    /// Voltage of a resting cell by charge: points of (percent, V), rising in both.
    pub curve: Vec<(f64, f64)>,
    /// Temperature, degrees Celsius.
    pub temperature: f64,
}

impl Battery {
    /// Nominal voltage of the whole, V.
    pub fn nominal_voltage(&self) -> f64 {
        f64::from(self.cells) * self.cell_voltage
    }

    /// What it holds when full, at its age, J.
    pub fn full(&self) -> f64 {
        self.capacity * 3600.0 * self.age
    }

    /// Voltage of a resting cell at a charge in percent, V.
    pub fn resting_cell(&self, charge: f64) -> f64 {
        let mut below = match self.curve.first() {
            Some(&first) => first,
            None => return self.cell_voltage,
        };
        for &point in &self.curve {
            if charge <= point.0 {
                let span = point.0 - below.0;
                let part = if span > 0.0 { ((charge - below.0) / span).clamp(0.0, 1.0) } else { 1.0 };
                return below.1 + (point.1 - below.1) * part;
            }
            below = point;
        }
        below.1
    }
}

impl Default for Battery {
    /// A 12 V, 7 Ah lead-acid block, new, at room temperature.
    fn default() -> Self {
        Self {
            capacity: 84.0,
            age: 1.0,
            cells: 6,
            cell_voltage: 2.0,
            curve: vec![(0.0, 1.75), (10.0, 1.88), (25.0, 1.95), (50.0, 2.03), (75.0, 2.09), (100.0, 2.13)],
            temperature: 25.0,
        }
    }
}

impl Default for Settings {
    /// A 700 VA, 420 W, 230 V stand-by UPS with one lead-acid block.
    fn default() -> Self {
        Self {
            apparent_power: 700.0,
            active_power: 420.0,
            nominal_voltage: 230.0,
            nominal_frequency: 50.0,
            transfer_low: 184.0,
            transfer_high: 264.0,
            transfer_hysteresis: 5.0,
            battery: Battery::default(),
            charger_power: 12.0,
            charger_efficiency: 0.85,
            inverter_efficiency: 0.85,
            inverter_idle: 4.0,
            mains_idle: 4.0,
            low_charge: 20.0,
            low_runtime: None,
            restart_charge: 0.0,
            automatic_restart: true,
            restart_delay: Duration::ZERO,
            minimum_off: Duration::ZERO,
            starts_on_battery: false,
            test_duration: Duration::from_secs(10),
        }
    }
}

/// `value` if it is a number, brought into `low..=high`; else `otherwise`.
pub(super) fn bounded(value: f64, low: f64, high: f64, otherwise: f64) -> f64 {
    if value.is_nan() { otherwise } else { value.clamp(low, high) }
}

impl Settings {
    /// The same with every figure in its range; what is no number becomes the default's.
    pub fn checked(mut self) -> Self {
        let usual = Self::default();
        let power = |value, otherwise| bounded(value, 0.0, 1e7, otherwise);
        self.apparent_power = bounded(self.apparent_power, 1.0, 1e7, usual.apparent_power);
        self.active_power = bounded(self.active_power, 1.0, self.apparent_power, self.apparent_power);
        self.nominal_voltage = bounded(self.nominal_voltage, 1.0, 1000.0, usual.nominal_voltage);
        self.nominal_frequency = bounded(self.nominal_frequency, 1.0, 1000.0, usual.nominal_frequency);
        self.transfer_low = bounded(self.transfer_low, 0.0, self.nominal_voltage, 0.0);
        self.transfer_high = bounded(self.transfer_high, self.nominal_voltage, 2000.0, 2000.0);
        self.transfer_hysteresis = bounded(self.transfer_hysteresis, 0.0, 100.0, usual.transfer_hysteresis);
        self.battery = self.battery.checked();
        self.charger_power = power(self.charger_power, usual.charger_power);
        self.charger_efficiency = bounded(self.charger_efficiency, 0.1, 1.0, usual.charger_efficiency);
        self.inverter_efficiency = bounded(self.inverter_efficiency, 0.1, 1.0, usual.inverter_efficiency);
        self.inverter_idle = power(self.inverter_idle, usual.inverter_idle);
        self.mains_idle = power(self.mains_idle, usual.mains_idle);
        self.low_charge = bounded(self.low_charge, 0.0, 100.0, usual.low_charge);
        self.restart_charge = bounded(self.restart_charge, 0.0, 100.0, usual.restart_charge);
        self
    }
}

impl Battery {
    fn checked(mut self) -> Self {
        let usual = Self::default();
        self.capacity = bounded(self.capacity, 0.001, 1e7, usual.capacity);
        self.age = bounded(self.age, 0.01, 1.0, usual.age);
        self.cells = self.cells.clamp(1, 1000);
        self.cell_voltage = bounded(self.cell_voltage, 0.1, 100.0, usual.cell_voltage);
        self.temperature = bounded(self.temperature, -50.0, 150.0, usual.temperature);
        self.curve.retain(|(charge, volts)| charge.is_finite() && volts.is_finite());
        for point in &mut self.curve {
            *point = (point.0.clamp(0.0, 100.0), point.1.clamp(0.0, 100.0));
        }
        self.curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        self
    }
}
