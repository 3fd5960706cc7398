//! APC (American Power Conversion, Schneider Electric).
//!
//! Which usage means what is known from the usages' names, from descriptors and dumps of real devices, and from what NUT
//! publishes for these devices (apc-hid). APC's own usages lie on page 0xff86 and have no names in a path:
//! `ff860005` is a general collection, `ff860006` the environment, and in them `ff86007c`, `ff86007d` and `ff86007e` the
//! delays before a reboot, a shutdown and a start.

use std::time::Duration;

use super::mapping::{
    Action, BEEPER, Choices, CommandRow, Defaults, FlagRow, Form, Kept, Quirks, Row, Sense, Subdriver,
    TEST_RESULT, UsbId,
};
use super::model::Line;
use super::orders::{beeper, tests, timers};
use super::settings::Identity;

const SENSITIVITY: Choices = &[(0, "low"), (1, "medium"), (2, "high")];

#[rustfmt::skip]
const BATTERY: &[Row] = &[
    Row::number("battery.charge", "UPS.PowerSummary.RemainingCapacity", 0),
    Row::number("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", 0).writable(10),
    Row::number("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", 0).once(),
    Row::number("battery.runtime", "UPS.Battery.RunTimeToEmpty", 0),
    Row::number("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", 0),
    Row::number("battery.runtime.low", "UPS.Battery.RemainingTimeLimit", 0).writable(10),
    Row::number("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", 0).writable(10),
    Row::number("battery.voltage", "UPS.Battery.Voltage", 1),
    Row::number("battery.voltage", "UPS.PowerSummary.Voltage", 1),
    Row::number("battery.voltage.nominal", "UPS.Battery.ConfigVoltage", 1).once(),
    Row::number("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 1).once(),
    Row::number("battery.temperature", "UPS.Battery.Temperature", 1).form(Form::Celsius),
    Row::text("battery.type", "UPS.PowerSummary.iDeviceChemistry"),
    Row::number("battery.mfr.date", "UPS.Battery.ManufacturerDate", 0).form(Form::Date).writable(10),
    // When the battery was replaced, as the owner said.
    Row::number("battery.mfr.date", "UPS.PowerSummary.ff860016", 0).form(Form::ApcDate).after_write(),
    Row::number("battery.date", "UPS.Battery.ff860016", 0).form(Form::ApcDate).after_write(),
];

#[rustfmt::skip]
const UPS: &[Row] = &[
    Row::number("ups.load", "UPS.Output.PercentLoad", 1),
    Row::number("ups.load", "UPS.PowerConverter.PercentLoad", 0),
    Row::number("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.start", "UPS.Output.DelayBeforeStartup", 0).quick(),
    Row::number("ups.timer.start", "UPS.ff860005.ff86007e", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.Output.DelayBeforeShutdown", 0).quick(),
    Row::number("ups.timer.shutdown", "UPS.ff860005.ff86007d", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.PowerSummary.DelayBeforeReboot", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.Output.DelayBeforeReboot", 0).quick(),
    Row::number("ups.timer.reboot", "UPS.ff860005.ff86007c", 0).quick(),
    Row::choice("ups.test.result", "UPS.Battery.Test", TEST_RESULT),
    Row::choice("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", BEEPER).after_write(),
    Row::number("ups.mfr.date", "UPS.ManufacturerDate", 0).form(Form::Date).once(),
    Row::number("ups.mfr.date", "UPS.PowerSummary.ManufacturerDate", 0).form(Form::Date).once(),
    Row::number("ups.realpower.nominal", "UPS.PowerConverter.ConfigActivePower", 0).once(),
    Row::number("ups.realpower.nominal", "UPS.Output.ConfigActivePower", 0).once(),
];

#[rustfmt::skip]
const LINES: &[Row] = &[
    Row::number("input.voltage", "UPS.Input.Voltage", 1),
    Row::number("input.voltage.nominal", "UPS.Input.ConfigVoltage", 0).once(),
    Row::number("input.transfer.low", "UPS.Output.LowVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.low", "UPS.Input.LowVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.high", "UPS.Output.HighVoltageTransfer", 0).writable(10),
    Row::number("input.transfer.high", "UPS.Input.HighVoltageTransfer", 0).writable(10),
    Row::choice("input.sensitivity", "UPS.Input.ff860061", SENSITIVITY).writable(10),
    Row::number("output.voltage", "UPS.Output.Voltage", 1),
    Row::number("output.voltage.nominal", "UPS.Output.ConfigVoltage", 1).once(),
    Row::number("output.current", "UPS.Output.Current", 2),
    Row::number("output.frequency", "UPS.Output.Frequency", 1),
    Row::number("ambient.temperature", "UPS.ff860006.ff860007.Temperature", 1).form(Form::Celsius),
    Row::number("ambient.humidity", "UPS.ff860006.ff860007.Humidity", 1),
];

const KEPT: &[Kept] = &[
    Kept::start("UPS.PowerSummary.DelayBeforeStartup"),
    Kept::start("UPS.Output.DelayBeforeStartup"),
    Kept::start("UPS.ff860005.ff86007e"),
    Kept::shutdown("UPS.PowerSummary.DelayBeforeShutdown"),
    Kept::shutdown("UPS.Output.DelayBeforeShutdown"),
    Kept::shutdown("UPS.ff860005.ff86007d"),
];

#[rustfmt::skip]
const FLAGS: &[FlagRow] = &[
    FlagRow::quick("UPS.PowerSummary.PresentStatus.ACPresent", Sense::Online),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Discharging", Sense::Discharging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.Charging", Sense::Charging),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.ShutdownImminent", Sense::ShutdownImminent),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.BelowRemainingCapacityLimit", Sense::LowBattery),
    FlagRow::quick("UPS.PowerSummary.PresentStatus.RemainingTimeLimitExpired", Sense::TimeLimitExpired),
    FlagRow::full("UPS.PowerSummary.PresentStatus.Overload", Sense::Overload),
    FlagRow::full("UPS.PowerSummary.PresentStatus.NeedReplacement", Sense::ReplaceBattery),
    FlagRow::full("UPS.PowerSummary.PresentStatus.BatteryPresent", Sense::BatteryPresent),
    // Without a collection of their own: older Back-UPSes.
    FlagRow::quick("UPS.PowerSummary.ACPresent", Sense::Online),
    FlagRow::quick("UPS.PowerSummary.Discharging", Sense::Discharging),
    FlagRow::quick("UPS.PowerSummary.Charging", Sense::Charging),
    FlagRow::quick("UPS.PowerSummary.ShutdownImminent", Sense::ShutdownImminent),
    FlagRow::quick("UPS.PowerSummary.BelowRemainingCapacityLimit", Sense::LowBattery),
    // 8 is on, 16 is on for a moment after the start, 0 is off.
    FlagRow::quick("UPS.PowerSummary.ff860060", Sense::Good),
    // The cause of the last transfer to battery: voltages; frequency. Others, such as self-tests, are none of these.
    FlagRow::full("UPS.Input.ff860052", Sense::VoltageOutOfRange).by(&[1, 2, 4, 8, 9]),
    FlagRow::full("UPS.Input.ff860052", Sense::FrequencyOutOfRange).by(&[7]),
];

const COMMANDS: &[&[CommandRow]] = &[
    tests!("UPS.BatterySystem.Battery.Test"),
    tests!("UPS.Battery.Test"),
    timers!("UPS.PowerSummary"),
    timers!("UPS.Output"),
    OWN,
    beeper!("UPS.PowerSummary.AudibleAlarmControl"),
];

#[rustfmt::skip]
const OWN: &[CommandRow] = &[
    CommandRow::new("test.panel.start", "UPS.ff860072", Action::Value(1)),
    CommandRow::new("test.panel.start", "UPS.PowerSummary.ff860072", Action::Value(1)),
    CommandRow::new("test.panel.stop", "UPS.ff860072", Action::Value(0)),
    CommandRow::new("test.panel.stop", "UPS.PowerSummary.ff860072", Action::Value(0)),
    CommandRow::new("load.off.delay", "UPS.ff860005.ff86007d", Action::OffDelay),
    CommandRow::new("load.on.delay", "UPS.ff860005.ff86007e", Action::OnDelay),
    CommandRow::new("shutdown.stop", "UPS.ff860005.ff86007d", Action::Value(-1)),
    CommandRow::new("shutdown.reboot", "UPS.ff860005.ff86007c", Action::Seconds(10)),
    CommandRow::new("shutdown.return", "UPS.Output.ff86007c", Action::Value(1)),
];

/// APC's.
pub(crate) const IDS: &[UsbId] = &[
    UsbId::new(0x051d, 0x0000, "APC", "AP9584 serial to USB kit"),
    UsbId::new(0x051d, 0x0002, "APC", "Back-UPS, Back-UPS Pro, Smart-UPS and others"),
    UsbId::new(0x051d, 0x0003, "APC", "Smart-UPS of the fifth generation: SMC, SMT, SMX and others"),
    UsbId::new(0x051d, 0x0004, "APC", "Smart-UPS of the fifth generation"),
    UsbId::new(0x051d, 0x0005, "APC", "UPSes since 2025"),
];

/// The model's name, which versions of the firmware follow in the product string: `Back-UPS 500 FW: 6.5.I USB FW: c1`.
fn model(product: &str, _: &str) -> (String, Line) {
    let name = product.split_once("FW:").map_or(product, |(name, _)| name);
    (name.trim().to_owned(), Line::Default)
}

fn firmware(product: &str) -> Vec<(&'static str, String)> {
    let Some((_, versions)) = product.split_once("FW:") else { return Vec::new() };
    let (own, usb) = versions.split_once("USB FW:").unwrap_or((versions, ""));
    let texts = [("ups.firmware", own.trim()), ("ups.firmware.aux", usb.trim())];
    texts
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (*name, (*text).to_owned()))
        .collect()
}

/// Models whose flags for a low battery and for a worn out one flap for a second or two while the mains are there
/// (nut#2347, nut#3006): BX...MI, BVK...M2 and BK...M2-CH.
fn flaps(product: &str) -> bool {
    let series = |name: &str| product.starts_with(name) || product.contains(&format!(" {name}"));
    let product_ends = |ends: &[&str]| ends.iter().any(|end| product.ends_with(end));
    (series("BX") && product_ends(&["MI"]))
        || (series("BVK") && product_ends(&["M2"]))
        || (series("BK") && product_ends(&["M2-CH", "M2_CH"]))
}

fn quirks(identity: &Identity) -> Quirks {
    let product = identity.product.as_deref().unwrap_or("").trim();
    let wide = ["Back-UPS ES 525", "Back-UPS CS"].iter().any(|name| product.starts_with(name));
    Quirks {
        // Their interrupt pipe is for APC's own protocol.
        poll_only: matches!(identity.product_id, 0x0003 | 0x0004),
        max_report: identity.product_id == 0x0002 && wide,
        low_delay: flaps(product).then_some(Duration::from_secs(3)),
        ..Quirks::default()
    }
}

/// APC.
pub(super) const APC: Subdriver = Subdriver {
    name: "APC HID 0.1",
    maker: "APC",
    ids: IDS,
    rows: &[BATTERY, UPS, LINES],
    kept: KEPT,
    flags: FLAGS,
    commands: COMMANDS,
    poison: &[],
    model,
    more: firmware,
    defaults: Defaults::USUAL,
    quirks,
    for_any: false,
};

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Back-UPS 500 FW: 6.5.I USB FW: c1 ", "Back-UPS 500", "ups.firmware=6.5.I ups.firmware.aux=c1")]
    #[case("Smart-UPS X 750  FW:COM 03.8 / UPS 03.8", "Smart-UPS X 750", "ups.firmware=COM 03.8 / UPS 03.8")]
    #[case("BK650M2-CH", "BK650M2-CH", "")]
    #[case("FW:", "", "")]
    fn names(#[case] product: &str, #[case] name: &str, #[case] versions: &str) {
        assert_eq!(model(product, "").0, name);
        let told: Vec<String> =
            firmware(product).iter().map(|(variable, text)| format!("{variable}={text}")).collect();
        assert_eq!(told.join(" "), versions);
    }

    #[rstest]
    #[case("Back-UPS BX950MI", 0x0002, Quirks { low_delay: Some(Duration::from_secs(3)), ..Quirks::default() })]
    #[case("BK650M2-CH", 0x0002, Quirks { low_delay: Some(Duration::from_secs(3)), ..Quirks::default() })]
    #[case("Back-UPS BK650M2", 0x0002, Quirks::default())]
    #[case("Back-UPS CS 350 FW:807.q8.I USB FW:q8", 0x0002, Quirks { max_report: true, ..Quirks::default() })]
    #[case("Smart-UPS X 750  FW:COM 03.8 / UPS 03.8", 0x0003, Quirks { poll_only: true, ..Quirks::default() })]
    #[case("", 0x0005, Quirks::default())]
    fn peculiarities(#[case] product: &str, #[case] product_id: u16, #[case] expected: Quirks) {
        let product = Some(product.to_owned());
        assert_eq!(quirks(&Identity { product, product_id, ..Identity::default() }), expected);
    }
}
