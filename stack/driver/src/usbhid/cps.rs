//! CyberPower Systems.
//!
//! Which usage means what is known from the usages' names, from descriptors and dumps of real devices, and from what NUT
//! publishes for these devices (cps-hid). Their descriptors declare ranges that belong to other items: no reading is cut
//! to one, so that nothing needs to be mended (nut#439, nut#1512, nut#2917).

use std::time::Duration;

use super::mapping::{
    Action, BEEPER, Choices, CommandRow, Defaults, FlagRow, Form, Kept, Quirks, Row, Sense, Subdriver,
    TEST_RESULT, UsbId,
};
use super::model::Line;
use super::orders::{beeper, tests, timers};

const SENSITIVITY: Choices = &[(0, "low"), (1, "normal"), (2, "high")];

#[rustfmt::skip]
const BATTERY: &[Row] = &[
    Row::text("battery.type", "UPS.PowerSummary.iDeviceChemistry"),
    Row::number("battery.mfr.date", "UPS.Battery.ManufacturerDate", 0).form(Form::Date).writable(10),
    // No date at all in most models, but the maker's name.
    Row::text("battery.mfr.date", "UPS.PowerSummary.iOEMInformation"),
    Row::number("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", 0).once(),
    Row::number("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", 0).writable(10),
    Row::number("battery.charge", "UPS.PowerSummary.RemainingCapacity", 0).form(Form::Charge),
    Row::number("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", 0),
    Row::number("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", 0).writable(10),
    Row::number("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 0).once(),
    Row::number("battery.voltage", "UPS.PowerSummary.Voltage", 1).form(Form::BatteryVoltage),
    Row::number("battery.status", "UPS.PowerSummary.FullChargeCapacity", 0).form(Form::Percent),
];

#[rustfmt::skip]
const UPS: &[Row] = &[
    Row::number("ups.load", "UPS.Output.PercentLoad", 0),
    Row::choice("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", BEEPER).after_write(),
    Row::choice("ups.test.result", "UPS.Output.Test", TEST_RESULT),
    Row::number("ups.power", "UPS.Output.ApparentPower", 0),
    Row::number("ups.power.nominal", "UPS.Output.ConfigApparentPower", 0).once(),
    Row::number("ups.realpower", "UPS.Output.ActivePower", 0),
    Row::number("ups.realpower.nominal", "UPS.Output.ConfigActivePower", 0).once(),
    Row::number("ups.timer.start", "UPS.Output.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.Output.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.Output.DelayBeforeReboot", 0).quick(),
    // CyberPower's own.
    Row::text("ups.firmware", "UPS.PowerSummary.ff0100d0"),
    Row::number("ups.temperature", "UPS.PowerSummary.Temperature", 0).form(Form::Celsius),
];

#[rustfmt::skip]
const LINES: &[Row] = &[
    Row::number("input.frequency", "UPS.Input.Frequency", 1).form(Form::Frequency),
    Row::number("input.voltage.nominal", "UPS.Input.ConfigVoltage", 0).once(),
    Row::number("input.voltage", "UPS.Input.Voltage", 1),
    Row::number("input.transfer.low", "UPS.Input.LowVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.low", "UPS.Output.LowVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.high", "UPS.Input.HighVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.high", "UPS.Output.HighVoltageTransfer", 0).writable(10),
    // CyberPower's own.
    Row::choice("input.sensitivity", "UPS.Output.ff010043", SENSITIVITY).writable(10).listed(),
    Row::number("output.frequency", "UPS.Output.Frequency", 1).form(Form::Frequency),
    Row::number("output.voltage", "UPS.Output.Voltage", 1),
    Row::number("output.voltage.nominal", "UPS.Output.ConfigVoltage", 0).once(),
];

const KEPT: &[Kept] =
    &[Kept::start("UPS.Output.DelayBeforeStartup"), Kept::shutdown("UPS.Output.DelayBeforeShutdown")];

#[rustfmt::skip]
const FLAGS: &[FlagRow] = &[
    FlagRow::quick("UPS.PowerSummary.PresentStatus.ACPresent", Sense::Online),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Charging", Sense::Charging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Discharging", Sense::Discharging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", Sense::LowBattery),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired", Sense::TimeLimitExpired),
    FlagRow::full("UPS.PowerSummary.PresentStatus.FullyCharged", Sense::FullyCharged),
    FlagRow::full("UPS.PowerSummary.PresentStatus.NeedReplacement", Sense::ReplaceBattery),
    FlagRow::full("UPS.Output.Boost", Sense::Boost),
    FlagRow::full("UPS.Output.Overload", Sense::Overload),
];

const COMMANDS: &[&[CommandRow]] =
    &[tests!("UPS.Output.Test"), timers!("UPS.Output"), beeper!("UPS.PowerSummary.AudibleAlarmControl")];

/// CyberPower's, and those who sell its models.
#[rustfmt::skip]
pub(crate) const IDS: &[UsbId] = &[
    UsbId::new(0x0764, 0x0005, "CyberPower", "900AVR, BC900D"),
    UsbId::new(0x0764, 0x0501, "CyberPower", "BR, CP, CST, EC, LE, UT, Value, VP series and others; Dynex DX-800U"),
    UsbId::new(0x0764, 0x0601, "CyberPower", "CP1350EPFCLCD, CST, OR and PR series and others"),
    UsbId::new(0x0483, 0xa430, "Cyber Energy", "UPSes made by CyberPower"),
];

/// CyberPower.
pub(super) const CPS: Subdriver = Subdriver {
    name: "CyberPower HID 0.1",
    maker: "CPS",
    ids: IDS,
    rows: &[BATTERY, UPS, LINES],
    kept: KEPT,
    flags: FLAGS,
    commands: COMMANDS,
    poison: &[],
    model: |product, _| (product.trim().to_owned(), Line::Default),
    more: |_| Vec::new(),
    // Their timers count minutes; and they drop off the bus when they are left alone for long (nut#2017).
    defaults: Defaults { off_delay: 60, on_delay: 120, poll_freq: Duration::from_secs(12) },
    quirks: |identity| Quirks { battery_voltage: identity.product_id == 0x0501, ..Quirks::default() },
    for_any: false,
};
