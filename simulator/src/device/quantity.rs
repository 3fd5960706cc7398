//! The names by which a device file reaches into the plant, and the units each of them has.

use std::time::Duration;

use crate::plant::{Beeper, Plant, State, TestResult};

/// Something of the plant that firmware shows, or lets a host set. Flags read 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Any voltage at the input.
    MainsPresent,
    /// Mains in the range the UPS takes.
    MainsGood,
    /// The load has power.
    OutputOn,
    /// The battery carries the load for want of mains.
    OnBattery,
    /// Battery at its low threshold.
    Low,
    /// Battery takes energy.
    Charging,
    /// Battery gives energy.
    Discharging,
    /// Nothing left.
    Empty,
    /// Fully charged.
    Full,
    /// More load than the rating.
    Overload,
    /// Battery worn out.
    ReplaceBattery,
    /// A self-test runs.
    Testing,
    /// It beeps.
    Beeping,
    /// The battery carries the load, and a cut is ordered.
    ShutdownImminent,
    /// Percent.
    Charge,
    /// Seconds the battery carries what is plugged in; saturates.
    Runtime,
    /// Percent of the rating.
    Load,
    /// W.
    ActivePower,
    /// VA.
    ApparentPower,
    /// V.
    InputVoltage,
    /// Hz.
    InputFrequency,
    /// V.
    OutputVoltage,
    /// Hz.
    OutputFrequency,
    /// V.
    BatteryVoltage,
    /// Degrees Celsius.
    BatteryTemperature,
    /// V.
    NominalVoltage,
    /// Hz.
    NominalFrequency,
    /// V.
    NominalBatteryVoltage,
    /// VA.
    NominalApparentPower,
    /// W.
    NominalActivePower,
    /// Percent; can be set.
    LowCharge,
    /// Seconds; can be set, 0: none.
    LowRuntime,
    /// V; can be set.
    TransferLow,
    /// V; can be set.
    TransferHigh,
    /// Seconds to the ordered cut, -1: none; can be set (negative: call it off).
    ShutdownTimer,
    /// Seconds to the output's return, -1: none; can be set (negative: stay off).
    StartTimer,
    /// Seconds to an ordered cut, -1: none; can be set: a cut after which the output comes back by itself (negative:
    /// call it off).
    RebootTimer,
    /// 1 disabled, 2 enabled, 3 muted (HID power devices, 0x84:5a); can be set.
    Beeper,
    /// Whether the output comes back with the mains; can be set.
    AutomaticRestart,
    /// 1 passed, 3 failed, 4 aborted, 5 in progress, 6 none (0x84:58). Set: 1 quick, 2 until low, 3 stop.
    Test,
}

use Quantity as Q;

/// Every name there is.
pub const NAMES: &[(&str, Quantity)] = &[
    ("mains-present", Q::MainsPresent),
    ("mains-good", Q::MainsGood),
    ("output-on", Q::OutputOn),
    ("on-battery", Q::OnBattery),
    ("low", Q::Low),
    ("charging", Q::Charging),
    ("discharging", Q::Discharging),
    ("empty", Q::Empty),
    ("full", Q::Full),
    ("overload", Q::Overload),
    ("replace-battery", Q::ReplaceBattery),
    ("testing", Q::Testing),
    ("beeping", Q::Beeping),
    ("shutdown-imminent", Q::ShutdownImminent),
    ("charge", Q::Charge),
    ("runtime", Q::Runtime),
    ("load", Q::Load),
    ("active-power", Q::ActivePower),
    ("apparent-power", Q::ApparentPower),
    ("input-voltage", Q::InputVoltage),
    ("input-frequency", Q::InputFrequency),
    ("output-voltage", Q::OutputVoltage),
    ("output-frequency", Q::OutputFrequency),
    ("battery-voltage", Q::BatteryVoltage),
    ("battery-temperature", Q::BatteryTemperature),
    ("nominal-voltage", Q::NominalVoltage),
    ("nominal-frequency", Q::NominalFrequency),
    ("nominal-battery-voltage", Q::NominalBatteryVoltage),
    ("nominal-apparent-power", Q::NominalApparentPower),
    ("nominal-active-power", Q::NominalActivePower),
    ("low-charge", Q::LowCharge),
    ("low-runtime", Q::LowRuntime),
    ("transfer-low", Q::TransferLow),
    ("transfer-high", Q::TransferHigh),
    ("shutdown-timer", Q::ShutdownTimer),
    ("start-timer", Q::StartTimer),
    ("reboot-timer", Q::RebootTimer),
    ("beeper", Q::Beeper),
    ("automatic-restart", Q::AutomaticRestart),
    ("test", Q::Test),
];

fn seconds(duration: Option<Duration>, none: f64) -> f64 {
    duration.map_or(none, |duration| duration.as_secs_f64())
}

impl Quantity {
    /// By its name in a device file.
    pub fn by_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, quantity)| *quantity)
    }

    /// Its value now.
    pub fn read(self, plant: &Plant, state: &State) -> f64 {
        let settings = plant.settings();
        let flag = |on: bool| if on { 1.0 } else { 0.0 };
        match self {
            Q::MainsPresent => flag(state.mains_present),
            Q::MainsGood => flag(state.mains_good),
            Q::OutputOn => flag(state.output_on),
            Q::OnBattery => flag(state.on_battery),
            Q::Low => flag(state.low),
            Q::Charging => flag(state.charging),
            Q::Discharging => flag(state.discharging),
            Q::Empty => flag(state.empty),
            Q::Full => flag(state.full),
            Q::Overload => flag(state.overload),
            Q::ReplaceBattery => flag(state.replace_battery),
            Q::Testing => flag(state.testing),
            Q::Beeping => flag(state.beeping),
            Q::ShutdownImminent => flag(state.on_battery && state.shutdown_in.is_some()),
            Q::Charge => state.charge,
            Q::Runtime => seconds(state.runtime, f64::INFINITY),
            Q::Load => state.load,
            Q::ActivePower => state.active_power,
            Q::ApparentPower => state.apparent_power,
            Q::InputVoltage => state.input_voltage,
            Q::InputFrequency => state.input_frequency,
            Q::OutputVoltage => state.output_voltage,
            Q::OutputFrequency => state.output_frequency,
            Q::BatteryVoltage => state.battery_voltage,
            Q::BatteryTemperature => state.battery_temperature,
            Q::NominalVoltage => settings.nominal_voltage,
            Q::NominalFrequency => settings.nominal_frequency,
            Q::NominalBatteryVoltage => settings.battery.nominal_voltage(),
            Q::NominalApparentPower => settings.apparent_power,
            Q::NominalActivePower => settings.active_power,
            Q::LowCharge => settings.low_charge,
            Q::LowRuntime => seconds(settings.low_runtime, 0.0),
            Q::TransferLow => settings.transfer_low,
            Q::TransferHigh => settings.transfer_high,
            // A timer shows the seconds that are left, begun ones included, as a clock that counts down does.
            Q::ShutdownTimer | Q::RebootTimer => seconds(state.shutdown_in, -1.0).ceil(),
            Q::StartTimer => seconds(state.start_in, -1.0).ceil(),
            Q::Beeper => match state.beeper {
                Beeper::Disabled => 1.0,
                Beeper::Enabled => 2.0,
                Beeper::Muted => 3.0,
            },
            Q::AutomaticRestart => flag(settings.automatic_restart),
            Q::Test => match state.test_result {
                TestResult::Passed => 1.0,
                TestResult::Failed => 3.0,
                TestResult::Aborted => 4.0,
                TestResult::InProgress => 5.0,
                TestResult::None => 6.0,
            },
        }
    }

    /// Whether a host can set it.
    pub fn settable(self) -> bool {
        matches!(
            self,
            Q::LowCharge
                | Q::LowRuntime
                | Q::TransferLow
                | Q::TransferHigh
                | Q::ShutdownTimer
                | Q::StartTimer
                | Q::RebootTimer
                | Q::Beeper
                | Q::AutomaticRestart
                | Q::Test
        )
    }

    /// Whether setting it makes something happen even when its value stays: a timer starts again.
    pub(crate) fn is_order(self) -> bool {
        self.is_timer() || self == Q::Test
    }

    /// Whether it is a timer, which firmware may count in its own way.
    pub(crate) fn is_timer(self) -> bool {
        matches!(self, Q::ShutdownTimer | Q::StartTimer | Q::RebootTimer)
    }

    /// Sets it, as far as the plant allows; what makes no sense is not done.
    pub fn write(self, plant: &mut Plant, now: Duration, value: f64) {
        let delay = Duration::try_from_secs_f64(value).ok();
        match self {
            Q::LowCharge => plant.set_low_charge(now, value),
            Q::LowRuntime => plant.set_low_runtime(now, delay.filter(|delay| !delay.is_zero())),
            Q::TransferLow => plant.set_transfer_low(now, value),
            Q::TransferHigh => plant.set_transfer_high(now, value),
            Q::ShutdownTimer => plant.shutdown_after(now, delay),
            Q::StartTimer => plant.start_after(now, delay),
            Q::RebootTimer => match delay {
                Some(delay) => {
                    let off = plant.settings().restart_delay;
                    plant.shutdown_after(now, Some(delay));
                    plant.start_after_cut(now, off);
                }
                None => plant.cancel(now),
            },
            Q::Beeper => match value {
                1.0 => plant.set_beeper(now, Beeper::Disabled),
                2.0 => plant.set_beeper(now, Beeper::Enabled),
                3.0 => plant.set_beeper(now, Beeper::Muted),
                _ => {}
            },
            Q::AutomaticRestart => plant.set_automatic_restart(now, value != 0.0),
            Q::Test => match value {
                1.0 => {
                    let duration = plant.settings().test_duration;
                    plant.start_test(now, Some(duration));
                }
                2.0 => plant.start_test(now, None),
                3.0 => plant.stop_test(now),
                _ => {}
            },
            _ => {}
        }
    }
}
