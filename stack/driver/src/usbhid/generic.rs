//! Any UPS that keeps to the HID usage tables for power devices (Usage Tables for HID Power Devices 1.0 and 1.1: pages 0x84
//! and 0x85) and that no make's tables are for: home-made ones, and those of makes that are not known here.
//!
//! Only what those tables define is read, wherever the makers of power devices put it. `Good` is left out: what it says
//! of the output differs from make to make.

use super::mapping::{
    Action, BEEPER, CommandRow, Defaults, FlagRow, Form, Kept, Quirks, Row, Sense, Subdriver, TEST_RESULT,
    UsbId,
};
use super::model::Line;
use super::orders::{beeper, tests, timers};

#[rustfmt::skip]
const BATTERY: &[Row] = &[
    Row::number("battery.charge", "UPS.PowerSummary.RemainingCapacity", 0).form(Form::Charge),
    Row::number("battery.charge", "UPS.BatterySystem.RemainingCapacity", 0).form(Form::Charge),
    Row::number("battery.charge", "UPS.BatterySystem.Battery.RemainingCapacity", 0).form(Form::Charge),
    Row::number("battery.charge", "UPS.Battery.RemainingCapacity", 0).form(Form::Charge),
    Row::number("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", 0).form(Form::Charge).writable(10),
    Row::number("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", 0).form(Form::Charge).once(),
    Row::number("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", 0),
    Row::number("battery.runtime", "UPS.BatterySystem.RunTimeToEmpty", 0),
    Row::number("battery.runtime", "UPS.BatterySystem.Battery.RunTimeToEmpty", 0),
    Row::number("battery.runtime", "UPS.Battery.RunTimeToEmpty", 0),
    Row::number("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", 0).writable(10),
    Row::number("battery.voltage", "UPS.BatterySystem.Voltage", 1),
    Row::number("battery.voltage", "UPS.BatterySystem.Battery.Voltage", 1),
    Row::number("battery.voltage", "UPS.Battery.Voltage", 1),
    Row::number("battery.voltage", "UPS.PowerSummary.Voltage", 1),
    Row::number("battery.voltage.nominal", "UPS.BatterySystem.ConfigVoltage", 1).once(),
    Row::number("battery.voltage.nominal", "UPS.BatterySystem.Battery.ConfigVoltage", 1).once(),
    Row::number("battery.voltage.nominal", "UPS.Battery.ConfigVoltage", 1).once(),
    Row::number("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 1).once(),
    Row::number("battery.current", "UPS.BatterySystem.Battery.Current", 2),
    Row::number("battery.current", "UPS.Battery.Current", 2),
    Row::number("battery.current", "UPS.PowerSummary.Current", 2),
    Row::number("battery.temperature", "UPS.BatterySystem.Temperature", 1).form(Form::Celsius),
    Row::number("battery.temperature", "UPS.BatterySystem.Battery.Temperature", 1).form(Form::Celsius),
    Row::number("battery.temperature", "UPS.Battery.Temperature", 1).form(Form::Celsius),
    Row::number("battery.mfr.date", "UPS.BatterySystem.Battery.ManufacturerDate", 0).form(Form::Date).once(),
    Row::number("battery.mfr.date", "UPS.Battery.ManufacturerDate", 0).form(Form::Date).once(),
    Row::text("battery.type", "UPS.PowerSummary.iDeviceChemistry"),
    Row::text("battery.type", "UPS.BatterySystem.Battery.iDeviceChemistry"),
    Row::text("battery.type", "UPS.Battery.iDeviceChemistry"),
];

#[rustfmt::skip]
const UPS: &[Row] = &[
    Row::number("ups.load", "UPS.PowerSummary.PercentLoad", 0),
    Row::number("ups.load", "UPS.PowerConverter.PercentLoad", 0),
    Row::number("ups.load", "UPS.PowerConverter.Output.PercentLoad", 0),
    Row::number("ups.load", "UPS.Output.PercentLoad", 0),
    Row::number("ups.load", "UPS.OutletSystem.Outlet.PercentLoad", 0),
    Row::number("ups.load", "UPS.Flow.PercentLoad", 0),
    Row::number("ups.power", "UPS.PowerConverter.Output.ApparentPower", 0),
    Row::number("ups.power", "UPS.Output.ApparentPower", 0),
    Row::number("ups.power.nominal", "UPS.Flow.ConfigApparentPower", 0).once(),
    Row::number("ups.power.nominal", "UPS.Output.ConfigApparentPower", 0).once(),
    Row::number("ups.realpower", "UPS.PowerConverter.Output.ActivePower", 0),
    Row::number("ups.realpower", "UPS.Output.ActivePower", 0),
    Row::number("ups.realpower.nominal", "UPS.Flow.ConfigActivePower", 0).once(),
    Row::number("ups.realpower.nominal", "UPS.PowerConverter.ConfigActivePower", 0).once(),
    Row::number("ups.realpower.nominal", "UPS.Output.ConfigActivePower", 0).once(),
    Row::number("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.start", "UPS.Output.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.start", "UPS.OutletSystem.Outlet.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.Output.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.PowerSummary.DelayBeforeReboot", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.Output.DelayBeforeReboot", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", 0).quick(),
    Row::choice("ups.test.result", "UPS.BatterySystem.Battery.Test", TEST_RESULT),
    Row::choice("ups.test.result", "UPS.BatterySystem.Test", TEST_RESULT),
    Row::choice("ups.test.result", "UPS.Battery.Test", TEST_RESULT),
    Row::choice("ups.test.result", "UPS.Output.Test", TEST_RESULT),
    Row::choice("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", BEEPER).after_write(),
    Row::choice("ups.beeper.status", "UPS.AudibleAlarmControl", BEEPER).after_write(),
    Row::number("ups.temperature", "UPS.PowerSummary.Temperature", 1).form(Form::Celsius),
    Row::number("ups.mfr.date", "UPS.PowerSummary.ManufacturerDate", 0).form(Form::Date).once(),
    Row::number("ups.mfr.date", "UPS.ManufacturerDate", 0).form(Form::Date).once(),
];

#[rustfmt::skip]
const LINES: &[Row] = &[
    Row::number("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", 1),
    Row::number("input.voltage", "UPS.PowerConverter.Input.Voltage", 1),
    Row::number("input.voltage", "UPS.PowerSummary.Input.Voltage", 1),
    Row::number("input.voltage", "UPS.Input.Voltage", 1),
    Row::number("input.voltage.nominal", "UPS.Flow.[1].ConfigVoltage", 0).once(),
    Row::number("input.voltage.nominal", "UPS.Input.ConfigVoltage", 0).once(),
    Row::number("input.current", "UPS.PowerConverter.Input.[1].Current", 2),
    Row::number("input.current", "UPS.PowerConverter.Input.Current", 2),
    Row::number("input.current", "UPS.Input.Current", 2),
    Row::number("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", 1).form(Form::Frequency),
    Row::number("input.frequency", "UPS.PowerConverter.Input.Frequency", 1).form(Form::Frequency),
    Row::number("input.frequency", "UPS.Input.Frequency", 1).form(Form::Frequency),
    Row::number("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", 0).after_write(),
    Row::number("input.transfer.low", "UPS.Input.LowVoltageTransfer", 0).after_write(),
    Row::number("input.transfer.low", "UPS.Output.LowVoltageTransfer", 0).after_write(),
    Row::number("input.transfer.high", "UPS.PowerConverter.Output.HighVoltageTransfer", 0).after_write(),
    Row::number("input.transfer.high", "UPS.Input.HighVoltageTransfer", 0).after_write(),
    Row::number("input.transfer.high", "UPS.Output.HighVoltageTransfer", 0).after_write(),
    Row::number("output.voltage", "UPS.PowerConverter.Output.Voltage", 1),
    Row::number("output.voltage", "UPS.PowerSummary.Output.Voltage", 1),
    Row::number("output.voltage", "UPS.Output.Voltage", 1),
    Row::number("output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", 0).once(),
    Row::number("output.voltage.nominal", "UPS.Flow.ConfigVoltage", 0).once(),
    Row::number("output.voltage.nominal", "UPS.Output.ConfigVoltage", 0).once(),
    Row::number("output.current", "UPS.PowerConverter.Output.Current", 2),
    Row::number("output.current", "UPS.Output.Current", 2),
    Row::number("output.frequency", "UPS.PowerConverter.Output.Frequency", 1).form(Form::Frequency),
    Row::number("output.frequency", "UPS.Output.Frequency", 1).form(Form::Frequency),
    Row::number("output.frequency.nominal", "UPS.Flow.[4].ConfigFrequency", 0).once(),
    Row::number("output.frequency.nominal", "UPS.Flow.ConfigFrequency", 0).once(),
];

const KEPT: &[Kept] = &[
    Kept::start("UPS.PowerSummary.DelayBeforeStartup"),
    Kept::start("UPS.Output.DelayBeforeStartup"),
    Kept::start("UPS.OutletSystem.Outlet.DelayBeforeStartup"),
    Kept::shutdown("UPS.PowerSummary.DelayBeforeShutdown"),
    Kept::shutdown("UPS.Output.DelayBeforeShutdown"),
    Kept::shutdown("UPS.OutletSystem.Outlet.DelayBeforeShutdown"),
];

/// What a status collection tells, for each place where one may lie.
macro_rules! flags {
    ($($place:literal),*) => {
        &[
            $(
                FlagRow::quick(concat!($place, ".ACPresent"), Sense::Online),
                FlagRow::quick(concat!($place, ".Charging"), Sense::Charging),
                FlagRow::quick(concat!($place, ".Discharging"), Sense::Discharging),
                FlagRow::quick(concat!($place, ".BelowRemainingCapacityLimit"), Sense::LowBattery),
                FlagRow::quick(concat!($place, ".RemainingTimeLimitExpired"), Sense::TimeLimitExpired),
                FlagRow::quick(concat!($place, ".ShutdownImminent"), Sense::ShutdownImminent),
                FlagRow::full(concat!($place, ".FullyCharged"), Sense::FullyCharged),
                FlagRow::full(concat!($place, ".FullyDischarged"), Sense::Depleted),
                FlagRow::full(concat!($place, ".NeedReplacement"), Sense::ReplaceBattery),
                FlagRow::full(concat!($place, ".BatteryPresent"), Sense::BatteryPresent),
                FlagRow::full(concat!($place, ".Overload"), Sense::Overload),
                FlagRow::full(concat!($place, ".Boost"), Sense::Boost),
                FlagRow::full(concat!($place, ".Buck"), Sense::Trim),
                FlagRow::full(concat!($place, ".InternalFailure"), Sense::InternalFailure),
                FlagRow::full(concat!($place, ".OverTemperature"), Sense::OverTemperature),
            )*
        ]
    };
}

const FLAGS: &[FlagRow] = flags!(
    "UPS.PowerSummary.PresentStatus",
    "UPS.PowerSummary",
    "UPS.PresentStatus",
    "UPS.BatterySystem.PresentStatus",
    "UPS.BatterySystem.Battery.PresentStatus",
    "UPS.Battery.PresentStatus",
    "UPS.PowerConverter.Input.[1].PresentStatus",
    "UPS.PowerConverter.PresentStatus",
    "UPS.Output"
);

const COMMANDS: &[&[CommandRow]] = &[
    tests!("UPS.BatterySystem.Battery.Test"),
    tests!("UPS.BatterySystem.Test"),
    tests!("UPS.Battery.Test"),
    tests!("UPS.Output.Test"),
    timers!("UPS.PowerSummary"),
    timers!("UPS.Output"),
    timers!("UPS.OutletSystem.Outlet"),
    beeper!("UPS.PowerSummary.AudibleAlarmControl"),
    beeper!("UPS.AudibleAlarmControl"),
];

/// Those that are known to keep to the tables.
#[rustfmt::skip]
pub(crate) const IDS: &[UsbId] = &[
    UsbId::new(0x2341, 0x0036, "Arduino", "Leonardo with the library HIDPowerDevice"),
    UsbId::new(0x2341, 0x8036, "Arduino", "Leonardo with the library HIDPowerDevice"),
    UsbId::new(0x2a03, 0x0036, "Arduino", "Leonardo with the library HIDPowerDevice"),
    UsbId::new(0x2a03, 0x8036, "Arduino", "Leonardo with the library HIDPowerDevice"),
    UsbId::new(0x2a03, 0x0040, "Arduino", "boards with the library HIDPowerDevice"),
    UsbId::new(0x2a03, 0x8040, "Arduino", "boards with the library HIDPowerDevice"),
    UsbId::new(0x06da, 0xffff, "Phoenixtec", "Ippon, Liebert, PowerWalker and others"),
];

/// The usage tables, and nothing else.
pub(super) const GENERIC: Subdriver = Subdriver {
    name: "Generic HID 0.1",
    maker: "",
    ids: IDS,
    rows: &[BATTERY, UPS, LINES],
    kept: KEPT,
    flags: FLAGS,
    commands: COMMANDS,
    poison: &[],
    model: |product, _| (product.trim().to_owned(), Line::Default),
    more: |_| Vec::new(),
    defaults: Defaults::USUAL,
    quirks: |_| Quirks::default(),
    for_any: true,
};
