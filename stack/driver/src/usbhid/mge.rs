//! Eaton, formerly MGE UPS Systems, and those who sell their models.
//!
//! Which usage means what is known from the usages' names, from MGE's own descriptions of its page 0xffff, and from
//! what NUT publishes for these devices (mge-hid).

use super::mapping::{
    Action, BEEPER, Choices, CommandRow, Defaults, FlagRow, Form, Initial, Kept, Models, Quirks, Row, Sense,
    Subdriver, TEST_RESULT, UsbId,
};
use super::model;
use super::orders::{beeper, tests, timers};

const YES_NO: Choices = &[(0, "no"), (1, "yes")];
const ON_OFF: Choices = &[(0, "off"), (1, "on")];
const ENABLED: Choices = &[(0, "disabled"), (1, "enabled")];
const SENSITIVITY: Choices = &[(0, "normal"), (1, "high"), (2, "low")];
const UPS_TYPE: Choices = &[
    (1, "offline / line interactive"),
    (2, "online"),
    (3, "online - unitary/parallel"),
    (4, "online - parallel with hot standy"),
    (5, "online - hot standby redundancy"),
];
const CHARGER_TYPE: Choices = &[
    (0, "None"),
    (1, "Extended (CLA)"),
    (2, "Large extension"),
    (3, "Extra large extension (XL)"),
    (4, "ABM"),
    (5, "Constant Charge (CC)"),
];
const CHARGER_MODE: Choices =
    &[(1, "charging"), (2, "discharging"), (3, "floating"), (4, "resting"), (6, "off")];
const CHARGER_STATUS: Choices =
    &[(1, "charging"), (2, "floating"), (3, "resting"), (4, "discharging"), (6, "off")];
const OUTLET_POWER: Choices = &[(10, "10"), (25, "25"), (60, "60")];
const OUTLET_ECO: Choices = &[(0, "The outlet is not ECO controlled"), (1, "The outlet is ECO controlled")];
const OUTLET_PROTECTION: Choices = &[(0, "not powered"), (1, "not protected"), (2, "protected")];
const BYPASS_ON: Choices = &[(0, "disabled"), (1, "on")];
const BYPASS_OFF: Choices = &[(0, "disabled"), (1, "off")];

#[rustfmt::skip]
const BATTERY: &[Row] = &[
    Row::number("device.country", "UPS.PowerSummary.Country", 0).form(Form::Country).once(),
    Row::text("device.usb.version", "UPS.System.USB.iVersion"),
    Row::number("battery.charge", "UPS.PowerSummary.RemainingCapacity", 0),
    Row::number("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimitSetting", 0).writable(5),
    Row::number("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", 0).once(),
    Row::number("battery.charge.restart", "UPS.PowerSummary.RestartLevel", 0).writable(3),
    // Ampere seconds.
    Row::number("battery.capacity", "UPS.BatterySystem.Battery.DesignCapacity", 0).form(Form::Divided(3600.0, 2)).once(),
    Row::number("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", 0),
    Row::number("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", 0).writable(10),
    Row::number("battery.runtime.elapsed", "UPS.StatisticSystem.Input.[1].Statistic.[1].Time", 0),
    Row::number("battery.temperature", "UPS.BatterySystem.Battery.Temperature", 0).form(Form::Celsius),
    Row::text("battery.type", "UPS.PowerSummary.iDeviceChemistry"),
    Row::number("battery.voltage", "UPS.BatterySystem.Voltage", 1),
    Row::number("battery.voltage", "UPS.PowerSummary.Voltage", 1).only(Models::TrueBatteryVoltage),
    Row::number("battery.voltage.nominal", "UPS.BatterySystem.ConfigVoltage", 0).once(),
    Row::number("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 0).once().only(Models::TrueBatteryVoltage),
    Row::choice("battery.protection", "UPS.BatterySystem.Battery.DeepDischargeProtection", YES_NO).writable(5),
    Row::choice("battery.energysave", "UPS.PowerConverter.Input.[3].EnergySaving", YES_NO).writable(5),
    Row::number("battery.energysave.load", "UPS.PowerConverter.Input.[3].ConfigPercentLoad", 0).writable(5),
    Row::number("battery.energysave.delay", "UPS.PowerConverter.Input.[3].EnergySaving.ShutdownTimer", 0).writable(5),
    Row::number("battery.energysave.delay", "UPS.PowerConverter.Input.[3].ShutdownTimer", 0).writable(5),
    Row::number("battery.energysave.realpower", "UPS.PowerConverter.Input.[3].ConfigActivePower", 0).writable(5),
    Row::number("battery.charger.status", "UPS.BatterySystem.Charger.Mode", 0).form(Form::Charger(CHARGER_MODE)).quick(),
    Row::number("battery.charger.status", "UPS.BatterySystem.Charger.Status", 0).form(Form::Charger(CHARGER_STATUS)).quick(),
    Row::choice("battery.charger.type", "UPS.BatterySystem.Charger.ChargerType", CHARGER_TYPE),
];

#[rustfmt::skip]
const UPS: &[Row] = &[
    Row::number("ups.efficiency", "UPS.PowerConverter.Output.Efficiency", 0),
    Row::text("ups.firmware", "UPS.PowerSummary.iVersion"),
    Row::number("ups.load", "UPS.PowerSummary.PercentLoad", 0),
    Row::number("ups.load.high", "UPS.Flow.[4].ConfigPercentLoad", 0).writable(5),
    Row::number("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.PowerSummary.DelayBeforeReboot", 0).quick(),
    Row::choice("ups.test.result", "UPS.BatterySystem.Battery.Test", TEST_RESULT),
    Row::number("ups.test.interval", "UPS.BatterySystem.Battery.TestPeriod", 0).writable(8),
    Row::choice("ups.beeper.status", "UPS.BatterySystem.Battery.AudibleAlarmControl", BEEPER).after_write(),
    Row::choice("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", BEEPER).after_write(),
    Row::choice("ups.beeper.status", "UPS.AudibleAlarmControl", BEEPER).after_write(),
    Row::number("ups.temperature", "UPS.PowerSummary.Temperature", 0).form(Form::Celsius),
    Row::number("ups.power", "UPS.PowerConverter.Output.ApparentPower", 0),
    Row::number("ups.power.nominal", "UPS.Flow.[4].ConfigApparentPower", 0).once(),
    Row::number("ups.realpower", "UPS.PowerConverter.Output.ActivePower", 0),
    Row::number("ups.realpower.nominal", "UPS.Flow.[4].ConfigActivePower", 0).once(),
    Row::choice("ups.start.auto", "UPS.PowerConverter.Input.[1].AutomaticRestart", YES_NO).writable(5),
    Row::choice("ups.start.battery", "UPS.PowerConverter.Input.[3].StartOnBattery", YES_NO).writable(5),
    Row::choice("ups.start.reboot", "UPS.PowerConverter.Output.ForcedReboot", YES_NO).writable(5),
    Row::choice("ups.shutdown", "UPS.PowerSummary.PresentStatus.Switchable", ENABLED).writable(10).listed(),
    Row::choice("ups.type", "UPS.PowerConverter.ConverterType", UPS_TYPE).once(),
];

#[rustfmt::skip]
const INPUT: &[Row] = &[
    Row::number("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", 1),
    Row::number("input.voltage.nominal", "UPS.Flow.[1].ConfigVoltage", 0).once(),
    Row::number("input.current", "UPS.PowerConverter.Input.[1].Current", 2),
    Row::number("input.current.nominal", "UPS.Flow.[1].ConfigCurrent", 2).once(),
    Row::number("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", 1),
    Row::number("input.frequency.nominal", "UPS.Flow.[1].ConfigFrequency", 0).once(),
    Row::number("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", 0).writable(5),
    Row::number("input.transfer.high", "UPS.PowerConverter.Output.HighVoltageTransfer", 0).writable(5),
    Row::number("input.transfer.eco.low", "UPS.PowerConverter.Output.LowVoltageEcoTransfer", 0).writable(5),
    Row::number("input.transfer.eco.high", "UPS.PowerConverter.Output.HighVoltageEcoTransfer", 0).writable(5),
    Row::number("input.transfer.bypass.low", "UPS.PowerConverter.Output.LowVoltageBypassTransfer", 0).writable(5),
    Row::number("input.transfer.bypass.high", "UPS.PowerConverter.Output.HighVoltageBypassTransfer", 0).writable(5),
    Row::number("input.transfer.boost.low", "UPS.PowerConverter.Output.LowVoltageBoostTransfer", 0).writable(5),
    Row::number("input.transfer.boost.high", "UPS.PowerConverter.Output.HighVoltageBoostTransfer", 0).writable(5),
    Row::number("input.transfer.trim.low", "UPS.PowerConverter.Output.LowVoltageBuckTransfer", 0).writable(5),
    Row::number("input.transfer.trim.high", "UPS.PowerConverter.Output.HighVoltageBuckTransfer", 0).writable(5),
    Row::number("input.transfer.frequency.bypass.range", "UPS.PowerConverter.Output.FrequencyRangeBypassTransfer", 0).writable(5),
    Row::number("input.transfer.frequency.eco.range", "UPS.PowerConverter.Output.FrequencyRangeEcoTransfer", 0).writable(5),
    Row::number("input.transfer.hysteresis", "UPS.PowerConverter.Output.HysteresisVoltageTransfer", 0).writable(5),
    Row::choice("input.transfer.bypass.forced", "UPS.PowerConverter.Input.[2].ForcedTransferEnable", ENABLED).writable(8),
    Row::choice("input.transfer.bypass.overload", "UPS.PowerConverter.Input.[2].OverloadTransferEnable", ENABLED).writable(8),
    Row::choice("input.transfer.bypass.outlimits", "UPS.PowerConverter.Input.[2].OutOfToleranceTransferEnable", ENABLED).writable(8),
    Row::choice("input.sensitivity", "UPS.PowerConverter.Output.SensitivityMode", SENSITIVITY).writable(10),
    Row::choice("input.voltage.extended", "UPS.PowerConverter.Output.ExtendedVoltageMode", YES_NO).writable(5),
    Row::choice("input.frequency.extended", "UPS.PowerConverter.Output.ExtendedFrequencyMode", YES_NO).writable(5),
    Row::number("input.bypass.voltage", "UPS.PowerConverter.Input.[2].Voltage", 1),
    Row::number("input.bypass.voltage.nominal", "UPS.Flow.[2].ConfigVoltage", 0).once(),
    Row::number("input.bypass.current", "UPS.PowerConverter.Input.[2].Current", 2),
    Row::number("input.bypass.current.nominal", "UPS.Flow.[2].ConfigCurrent", 2).once(),
    Row::number("input.bypass.frequency", "UPS.PowerConverter.Input.[2].Frequency", 1),
    Row::number("input.bypass.frequency.nominal", "UPS.Flow.[2].ConfigFrequency", 0).once(),
    Row::choice("input.bypass.switch.on", "UPS.PowerConverter.Input.[2].SwitchOnControl", BYPASS_ON).writable(8),
    Row::choice("input.bypass.switch.off", "UPS.PowerConverter.Input.[2].SwitchOffControl", BYPASS_OFF).writable(12),
    Row::choice("input.bypass.switchable", "UPS.PowerConverter.Input.[2].Switchable", ENABLED).writable(8),
];

#[rustfmt::skip]
const OUTPUT: &[Row] = &[
    Row::number("output.voltage", "UPS.PowerConverter.Output.Voltage", 1),
    Row::number("output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", 0).form(Form::NominalVoltage).writable(3).listed(),
    Row::number("output.current", "UPS.PowerConverter.Output.Current", 2),
    Row::number("output.current.nominal", "UPS.Flow.[4].ConfigCurrent", 2).once(),
    Row::number("output.frequency", "UPS.PowerConverter.Output.Frequency", 1),
    Row::number("output.frequency.nominal", "UPS.Flow.[4].ConfigFrequency", 0).once(),
    Row::number("output.powerfactor", "UPS.PowerConverter.Output.PowerFactor", 0).form(Form::Divided(100.0, 2)),
];

/// Three phases of one thing: its voltages to neutral and to each other, and its currents.
macro_rules! phases {
    ($variable:literal, $path:literal) => {
        &[
            Row::number(concat!($variable, ".L1-N.voltage"), concat!($path, ".Phase.[1].Voltage"), 1),
            Row::number(concat!($variable, ".L2-N.voltage"), concat!($path, ".Phase.[2].Voltage"), 1),
            Row::number(concat!($variable, ".L3-N.voltage"), concat!($path, ".Phase.[3].Voltage"), 1),
            Row::number(concat!($variable, ".L1-L2.voltage"), concat!($path, ".Phase.[12].Voltage"), 1),
            Row::number(concat!($variable, ".L2-L3.voltage"), concat!($path, ".Phase.[23].Voltage"), 1),
            Row::number(concat!($variable, ".L3-L1.voltage"), concat!($path, ".Phase.[31].Voltage"), 1),
            Row::number(concat!($variable, ".L1.current"), concat!($path, ".Phase.[1].Current"), 1),
            Row::number(concat!($variable, ".L2.current"), concat!($path, ".Phase.[2].Current"), 1),
            Row::number(concat!($variable, ".L3.current"), concat!($path, ".Phase.[3].Current"), 1),
        ]
    };
}

#[rustfmt::skip]
const PHASE_POWER: &[Row] = &[
    Row::number("ups.L1.power", "UPS.PowerConverter.Output.Phase.[1].ApparentPower", 0),
    Row::number("ups.L2.power", "UPS.PowerConverter.Output.Phase.[2].ApparentPower", 0),
    Row::number("ups.L3.power", "UPS.PowerConverter.Output.Phase.[3].ApparentPower", 0),
    Row::number("ups.L1.realpower", "UPS.PowerConverter.Output.Phase.[1].ActivePower", 0),
    Row::number("ups.L2.realpower", "UPS.PowerConverter.Output.Phase.[2].ActivePower", 0),
    Row::number("ups.L3.realpower", "UPS.PowerConverter.Output.Phase.[3].ActivePower", 0),
];

/// What every outlet has: `outlet`, the main one, is `Outlet.[1]`; `outlet.1` is `Outlet.[2]`, and so on.
macro_rules! outlet {
    ($variable:literal, $path:literal) => {
        &[
            Row::number(concat!($variable, ".id"), concat!($path, ".OutletID"), 0).once(),
            Row::number(concat!($variable, ".power"), concat!($path, ".ApparentPower"), 0),
            Row::number(concat!($variable, ".realpower"), concat!($path, ".ActivePower"), 0),
            Row::number(concat!($variable, ".current"), concat!($path, ".Current"), 2),
            Row::number(concat!($variable, ".powerfactor"), concat!($path, ".PowerFactor"), 2),
        ]
    };
}

/// What only outlets that can be switched have.
macro_rules! switched_outlet {
    ($variable:literal, $path:literal) => {
        &[
            Row::choice(concat!($variable, ".status"), concat!($path, ".PresentStatus.SwitchOn/Off"), ON_OFF),
            Row::choice(concat!($variable, ".protect.status"), concat!($path, ".Status"), OUTLET_PROTECTION),
            Row::text(concat!($variable, ".designator"), concat!($path, ".iDesignator")),
            Row::number(
                concat!($variable, ".autoswitch.charge.low"),
                concat!($path, ".RemainingCapacityLimit"),
                0,
            )
            .writable(3),
            Row::number(concat!($variable, ".delay.shutdown"), concat!($path, ".ShutdownTimer"), 0)
                .writable(5),
            Row::number(concat!($variable, ".delay.start"), concat!($path, ".StartupTimer"), 0).writable(5),
            Row::choice(concat!($variable, ".ecocontrol"), concat!($path, ".ECOControl"), OUTLET_ECO)
                .after_write(),
        ]
    };
}

#[rustfmt::skip]
const OUTLETS: &[Row] = &[
    Row::choice("outlet.switchable", "UPS.OutletSystem.Outlet.[1].PresentStatus.Switchable", YES_NO).once(),
    // The power on the master outlet below which the slave outlets go off.
    Row::choice("outlet.power", "UPS.OutletSystem.Outlet.[1].ConfigApparentPower", OUTLET_POWER)
        .writable(6).listed().only(Models::EcoControl),
    Row::choice("outlet.1.switchable", "UPS.OutletSystem.Outlet.[2].PresentStatus.Switchable", YES_NO).once(),
    Row::choice("outlet.2.switchable", "UPS.OutletSystem.Outlet.[3].PresentStatus.Switchable", YES_NO)
        .writable(3).only(Models::EcoControl),
    Row::choice("outlet.2.switchable", "UPS.OutletSystem.Outlet.[3].PresentStatus.Switchable", YES_NO),
    Row::choice("outlet.3.switchable", "UPS.OutletSystem.Outlet.[4].PresentStatus.Switchable", YES_NO)
        .writable(3).only(Models::EcoControl),
    Row::choice("outlet.3.switchable", "UPS.OutletSystem.Outlet.[4].PresentStatus.Switchable", YES_NO),
];

/// For small models with an outlet that has no battery behind it: it has power when the mains have.
const LAST_RESORT: &[Row] =
    &[Row::choice("outlet.1.status", "UPS.PowerSummary.PresentStatus.ACPresent", ON_OFF)];

const fn kept(variable: &'static str, path: &'static str, initial: Initial, length: usize) -> Kept {
    Kept { variable, path, initial, length }
}

#[rustfmt::skip]
const KEPT: &[Kept] = &[
    Kept::start("UPS.PowerSummary.DelayBeforeStartup"),
    Kept::shutdown("UPS.PowerSummary.DelayBeforeShutdown"),
    kept("outlet.desc", "UPS.OutletSystem.Outlet.[1].OutletID", Initial::Is("Main Outlet"), 20),
    kept("outlet.1.desc", "UPS.OutletSystem.Outlet.[2].OutletID", Initial::Is("PowerShare Outlet 1"), 20),
    kept("outlet.2.desc", "UPS.OutletSystem.Outlet.[3].OutletID", Initial::Is("PowerShare Outlet 2"), 20),
    kept("outlet.3.desc", "UPS.OutletSystem.Outlet.[4].OutletID", Initial::Is("PowerShare Outlet 3"), 20),
];

#[rustfmt::skip]
const FLAGS: &[FlagRow] = &[
    FlagRow::quick("UPS.PowerSummary.PresentStatus.ACPresent", Sense::Online),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Discharging", Sense::Discharging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Charging", Sense::Charging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", Sense::LowBattery),
    // Some models raise nothing else before they go off (nut#1942).
    FlagRow::quick("UPS.PowerSummary.PresentStatus.ShutdownImminent", Sense::ShutdownImminent),
    FlagRow::full("UPS.BatterySystem.Charger.ABMEnable", Sense::AbmEnabled),
    FlagRow::quick("UPS.BatterySystem.Charger.Mode", Sense::ChargerMode),
    FlagRow::quick("UPS.BatterySystem.Charger.Status", Sense::ChargerStatus),
    FlagRow::full("UPS.PowerConverter.Input.[3].PresentStatus.Used", Sense::BatteryUsed),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.Used", Sense::MainsUsed),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.VoltageTooLow", Sense::MainsTooLow),
    FlagRow::full("UPS.PowerConverter.Input.[2].PresentStatus.Used", Sense::AutomaticBypass),
    FlagRow::full("UPS.PowerConverter.Input.[4].PresentStatus.Used", Sense::ManualBypass),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.Buck", Sense::Trim),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.Boost", Sense::Boost),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.VoltageOutOfRange", Sense::VoltageOutOfRange),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.FrequencyOutOfRange", Sense::FrequencyOutOfRange),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.VoltageTooHigh", Sense::BatteryVoltageHigh),
    FlagRow::full("UPS.PowerConverter.Output.Overload.[1].PresentStatus.OverThreshold", Sense::Overload),
    FlagRow::full("UPS.PowerConverter.Output.Overload.[2].PresentStatus.OverThreshold", Sense::Overload),
    FlagRow::full("UPS.PowerSummary.PresentStatus.Overload", Sense::Overload),
    FlagRow::full("UPS.PowerSummary.PresentStatus.NeedReplacement", Sense::ReplaceBattery),
    FlagRow::full("UPS.LCMSystem.LCMAlarm.[2].PresentStatus.TimerExpired", Sense::ReplaceBattery),
    FlagRow::full("UPS.PowerSummary.PresentStatus.Good", Sense::Good),
    FlagRow::full("UPS.PowerSummary.PresentStatus.FanFailure", Sense::FanFailure),
    FlagRow::full("UPS.PowerSummary.PresentStatus.InternalFailure", Sense::InternalFailure),
    FlagRow::full("UPS.PowerSummary.PresentStatus.OverTemperature", Sense::OverTemperature),
    FlagRow::full("UPS.BatterySystem.Battery.PresentStatus.Present", Sense::BatteryPresent),
    FlagRow::full("UPS.BatterySystem.Battery.PresentStatus.VoltageTooHigh", Sense::BatteryVoltageHigh),
    FlagRow::full("UPS.BatterySystem.Charger.PresentStatus.InternalFailure", Sense::ChargerFailure),
    FlagRow::full("UPS.BatterySystem.Charger.PresentStatus.VoltageTooHigh", Sense::BatteryVoltageHigh),
    FlagRow::full("UPS.BatterySystem.Charger.PresentStatus.VoltageTooLow", Sense::BatteryVoltageLow),
    FlagRow::full("UPS.PowerSummary.PresentStatus.EmergencyStop", Sense::Alarm("Emergency stop!")),
    FlagRow::full("UPS.PowerConverter.Input.[1].PresentStatus.WiringFault", Sense::Alarm("Wiring fault!")),
    FlagRow::full("UPS.PowerSummary.PresentStatus.ConfigurationFailure", Sense::Alarm("Fatal EEPROM fault!")),
    FlagRow::full("UPS.PowerConverter.Inverter.PresentStatus.VoltageTooHigh", Sense::Alarm("Inverter AC voltage too high!")),
    FlagRow::full("UPS.PowerConverter.Inverter.PresentStatus.VoltageTooLow", Sense::Alarm("Inverter AC voltage too low!")),
    FlagRow::full("UPS.PowerConverter.Output.PresentStatus.ShortCircuit", Sense::Alarm("Output short circuit!")),
];

const COMMANDS: &[&[CommandRow]] = &[
    tests!("UPS.BatterySystem.Battery.Test"),
    timers!("UPS.PowerSummary"),
    beeper!("UPS.BatterySystem.Battery.AudibleAlarmControl"),
    beeper!("UPS.PowerSummary.AudibleAlarmControl"),
    OWN,
];

#[rustfmt::skip]
const OWN: &[CommandRow] = &[
    CommandRow::new("beeper.disable", "UPS.AudibleAlarmControl", Action::Value(1)),
    CommandRow::new("beeper.enable", "UPS.AudibleAlarmControl", Action::Value(2)),
    CommandRow::new("outlet.1.load.off", "UPS.OutletSystem.Outlet.[2].DelayBeforeShutdown", Action::Seconds(0)),
    CommandRow::new("outlet.1.load.on", "UPS.OutletSystem.Outlet.[2].DelayBeforeStartup", Action::Seconds(0)),
    CommandRow::new("outlet.2.load.off", "UPS.OutletSystem.Outlet.[3].DelayBeforeShutdown", Action::Seconds(0)),
    CommandRow::new("outlet.2.load.on", "UPS.OutletSystem.Outlet.[3].DelayBeforeStartup", Action::Seconds(0)),
    CommandRow::new("outlet.3.load.off", "UPS.OutletSystem.Outlet.[4].DelayBeforeShutdown", Action::Seconds(0)),
    CommandRow::new("outlet.3.load.on", "UPS.OutletSystem.Outlet.[4].DelayBeforeStartup", Action::Seconds(0)),
    CommandRow::new("experimental.ecomode.start", "UPS.PowerConverter.Input.[5].Switchable", Action::Value(1)),
    CommandRow::new("experimental.ecomode.stop", "UPS.PowerConverter.Input.[5].Switchable", Action::Value(0)),
    CommandRow::new("experimental.essmode.start", "UPS.PowerConverter.Input.[5].Switchable", Action::Value(2)),
    CommandRow::new("experimental.essmode.stop", "UPS.PowerConverter.Input.[5].Switchable", Action::Value(0)),
    CommandRow::new("bypass.start", "UPS.PowerConverter.Input.[2].SwitchOnControl", Action::Value(1)),
    CommandRow::new("bypass.stop", "UPS.PowerConverter.Input.[2].SwitchOffControl", Action::Value(1)),
];

/// Eaton, and those who sell its models.
#[rustfmt::skip]
pub(crate) const IDS: &[UsbId] = &[
    UsbId::new(0x0463, 0x0001, "Eaton", "MGE UPS Systems: Ellipse, Evolution, Pulsar and others"),
    UsbId::new(0x0463, 0xffff, "Eaton", "3S, 5E, 5P, 5PX, 5S, 5SC, 9E, 9PX, 9SX, Ellipse, Evolution and others"),
    UsbId::new(0x047c, 0xffff, "Dell", "rack and tower UPSes"),
    UsbId::new(0x0592, 0x0004, "Powerware", "9140"),
    UsbId::new(0x03f0, 0x1fe5, "HP", "R/T3000"),
    UsbId::new(0x03f0, 0x1fe6, "HP", "R/T3000"),
    UsbId::new(0x03f0, 0x1fe7, "HP", "R/T and T series"),
    UsbId::new(0x03f0, 0x1fe8, "HP", "R/T and T series"),
    UsbId::new(0x2b2d, 0xffff, "AEG", "PROTECT B, PROTECT NAS"),
    // Phoenixtec sells other makes under the same ids.
    UsbId::new(0x06da, 0xffff, "AEG", "PROTECT NAS").with_word("AEG"),
    UsbId::new(0x04b3, 0x0001, "IBM", "6000 VA LCD 4U, 5396-1Kx"),
    UsbId::new(0x09d6, 0x0001, "KSTAR", "UPSes with an MGE interface").with_word("KSTAR"),
];

/// Eaton and MGE.
pub(super) const MGE: Subdriver = Subdriver {
    name: "MGE HID 0.1",
    maker: "Eaton",
    ids: IDS,
    rows: &[
        BATTERY,
        UPS,
        INPUT,
        OUTPUT,
        phases!("input", "UPS.PowerConverter.Input.[1]"),
        phases!("input.bypass", "UPS.PowerConverter.Input.[2]"),
        phases!("output", "UPS.PowerConverter.Output"),
        PHASE_POWER,
        OUTLETS,
        outlet!("outlet", "UPS.OutletSystem.Outlet.[1]"),
        outlet!("outlet.1", "UPS.OutletSystem.Outlet.[2]"),
        switched_outlet!("outlet.1", "UPS.OutletSystem.Outlet.[2]"),
        outlet!("outlet.2", "UPS.OutletSystem.Outlet.[3]"),
        switched_outlet!("outlet.2", "UPS.OutletSystem.Outlet.[3]"),
        outlet!("outlet.3", "UPS.OutletSystem.Outlet.[4]"),
        switched_outlet!("outlet.3", "UPS.OutletSystem.Outlet.[4]"),
        LAST_RESORT,
    ],
    kept: KEPT,
    flags: FLAGS,
    commands: COMMANDS,
    poison: &[0xfe, 0xff],
    model: model::eaton,
    more: |_| Vec::new(),
    defaults: Defaults::USUAL,
    quirks: |_| Quirks::default(),
    for_any: false,
};
