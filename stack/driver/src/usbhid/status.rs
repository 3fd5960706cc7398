//! Flags to status. Pure.

use std::time::Duration;

use super::mapping::Sense;
use super::settings::OnlineDischarge;

/// Every flag row's sense and its value, `None` until it was read.
pub(crate) type Flags = [(Sense, Option<bool>)];

/// What is published of the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Status tokens; none while it is not known whether the UPS is on line.
    pub(crate) tokens: Vec<&'static str>,
    /// Alarm texts.
    pub(crate) alarms: Vec<&'static str>,
    /// `input.transfer.reason`
    pub(crate) transfer_reason: Option<&'static str>,
    /// Whether the mains are there.
    pub(crate) online: Option<bool>,
}

/// What the judgement needs besides the flags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge {
    pub(crate) online_discharge: OnlineDischarge,
    /// How long LB and RB must last while on line (`lbrb_log_delay_sec`).
    pub(crate) low_delay: Duration,
    /// That also when not calibrating.
    pub(crate) delay_always: bool,
    pub(crate) low_since: Option<Duration>,
    pub(crate) replace_since: Option<Duration>,
}

/// Whether the flag, from any row, is set; `None` when no row was read.
pub(crate) fn any(flags: &Flags, sense: Sense) -> Option<bool> {
    let mut values = flags.iter().filter(|(known, _)| *known == sense).filter_map(|(_, value)| *value);
    let first = values.next()?;
    Some(first || values.any(|value| value))
}

/// Whether the mains feed the load. `None`: nothing that tells was read yet.
pub(crate) fn online(flags: &Flags) -> Option<bool> {
    // Where several usages tell, the first that was read does: a later one may never change.
    let mut told = flags.iter().filter(|(sense, _)| *sense == Sense::Online).filter_map(|(_, value)| *value);
    if let Some(online) = told.next() {
        return Some(online);
    }
    // Of a UPS that is off, the converter's inputs tell nothing.
    let off = any(flags, Sense::Good) == Some(false);
    let used = any(flags, Sense::MainsUsed).filter(|_| !off);
    let battery = any(flags, Sense::BatteryUsed).map(|used| !used);
    let low = any(flags, Sense::MainsTooLow).filter(|low| *low).map(|_| false);
    // A UPS that tells nothing else but discharges is on battery.
    let discharging = any(flags, Sense::Discharging).filter(|d| *d).map(|_| false);
    used.or(battery).or(low).or(discharging)
}

/// What the charger of an ABM model does: charging, discharging; both false for resting.
fn charger(flags: &Flags, chargers: (Option<i64>, Option<i64>)) -> Option<(bool, bool)> {
    any(flags, Sense::AbmEnabled).filter(|on| *on)?;
    // Mode: 1 charging, 2 discharging, 3 floating. Status: 1 charging, 2 floating, 4 discharging.
    match chargers {
        (Some(mode), _) => Some((matches!(mode, 1 | 3), mode == 2)),
        (None, Some(status)) => Some((matches!(status, 1 | 2), status == 4)),
        (None, None) => None,
    }
}

impl Judge {
    fn lasted(since: &mut Option<Duration>, now: Duration, delay: Duration) -> bool {
        now.saturating_sub(*since.get_or_insert(now)) >= delay
    }

    /// Whether a token is held back and the flags must be judged again though nothing changed.
    pub(crate) fn is_waiting(&self) -> bool {
        self.low_delay > Duration::ZERO && (self.low_since.is_some() || self.replace_since.is_some())
    }

    /// Judges the flags. `chargers` are the values of ChargerMode and ChargerStatus, `charge` is `battery.charge`.
    pub(crate) fn judge(
        &mut self,
        flags: &Flags,
        chargers: (Option<i64>, Option<i64>),
        charge: Option<f64>,
        now: Duration,
    ) -> Status {
        let is = |sense| any(flags, sense) == Some(true);
        let mut status = Status { online: online(flags), ..Status::default() };
        status.transfer_reason = if is(Sense::VoltageOutOfRange) {
            Some("input voltage out of range")
        } else if is(Sense::FrequencyOutOfRange) {
            Some("input frequency out of range")
        } else {
            None
        };
        self.alarms(flags, &mut status.alarms);
        let Some(online) = status.online else { return status };

        let abm = charger(flags, chargers);
        let (charging, discharging) = abm.unwrap_or((is(Sense::Charging), is(Sense::Discharging)));
        let tokens = &mut status.tokens;
        let online_discharging = online && discharging;
        let calibrating = is(Sense::Calibrating) || (online_discharging && self.online_discharge.calibration);
        if calibrating {
            tokens.push("CAL");
        }
        if !online || (online_discharging && self.online_discharge.on_battery) {
            tokens.push("OB");
        } else if !(online_discharging && self.online_discharge.calibration) || is(Sense::Calibrating) {
            tokens.push("OL");
        }
        if discharging && !is(Sense::Depleted) {
            tokens.push("DISCHRG");
        }
        let full = match any(flags, Sense::FullyCharged) {
            Some(full) => full,
            // Some models go on charging for ever.
            None => abm.is_none() && !charge.is_some_and(|charge| (1.0..100.0).contains(&charge)),
        };
        if charging && !full {
            tokens.push("CHRG");
        }

        let delayed = online && self.low_delay > Duration::ZERO && (calibrating || self.delay_always);
        let low = is(Sense::LowBattery) || is(Sense::TimeLimitExpired) || is(Sense::ShutdownImminent);
        if !low {
            self.low_since = None;
        } else if Self::lasted(&mut self.low_since, now, self.low_delay) || !delayed {
            tokens.push("LB");
        }
        if is(Sense::Overload) {
            tokens.push("OVER");
        }
        let replace = is(Sense::ReplaceBattery) || any(flags, Sense::BatteryPresent) == Some(false);
        if !replace {
            self.replace_since = None;
        } else if Self::lasted(&mut self.replace_since, now, self.low_delay) || !delayed {
            tokens.push("RB");
        }
        for (sense, token) in [(Sense::Trim, "TRIM"), (Sense::Boost, "BOOST")] {
            if is(sense) {
                tokens.push(token);
            }
        }
        if is(Sense::AutomaticBypass) || is(Sense::ManualBypass) {
            tokens.push("BYPASS");
        }
        if any(flags, Sense::Good) == Some(false) {
            tokens.push("OFF");
        }
        status
    }

    fn alarms(&self, flags: &Flags, alarms: &mut Vec<&'static str>) {
        let texts = [
            (Sense::ReplaceBattery, "Replace battery!"),
            (Sense::ShutdownImminent, "Shutdown imminent!"),
            (Sense::FanFailure, "Fan failure!"),
            (Sense::BatteryVoltageLow, "Battery voltage too low!"),
            (Sense::BatteryVoltageHigh, "Battery voltage too high!"),
            (Sense::ChargerFailure, "Battery charger fail!"),
            (Sense::OverTemperature, "Temperature too high!"),
            (Sense::InternalFailure, "Internal UPS fault!"),
            (Sense::AwaitingPower, "Awaiting power!"),
            (Sense::AutomaticBypass, "Automatic bypass mode!"),
            (Sense::ManualBypass, "Manual bypass mode!"),
        ];
        alarms.extend(texts.iter().filter(|(sense, _)| any(flags, *sense) == Some(true)).map(|row| row.1));
        if any(flags, Sense::BatteryPresent) == Some(false) {
            alarms.push("No battery installed!");
        }
        for (sense, value) in flags {
            if let (Sense::Alarm(text), Some(true)) = (sense, value) {
                alarms.push(text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn judge(options: &str) -> Judge {
        Judge {
            online_discharge: OnlineDischarge {
                on_battery: options.contains("onbattery"),
                calibration: options.contains("calibration"),
            },
            low_delay: Duration::from_secs(if options.contains("delay") { 3 } else { 0 }),
            delay_always: options.contains("delay"),
            low_since: None,
            replace_since: None,
        }
    }

    fn tokens(options: &str, flags: &[(Sense, bool)], charge: f64) -> String {
        let flags: Vec<_> = flags.iter().map(|(sense, value)| (*sense, Some(*value))).collect();
        judge(options).judge(&flags, (None, None), Some(charge), Duration::ZERO).tokens.join(" ")
    }

    use Sense::{
        AutomaticBypass, BatteryPresent, BatteryUsed, Boost, Charging, Discharging, FullyCharged, Good,
        LowBattery, MainsTooLow, MainsUsed, Online, Overload, ReplaceBattery, ShutdownImminent, Trim,
    };

    #[rstest]
    #[case::nothing_read(&[], 50.0, "")]
    #[case::no_power_state_read(&[(Charging, true), (LowBattery, true)], 50.0, "")]
    #[case::on_line(&[(Online, true)], 50.0, "OL")]
    #[case::charging(&[(Online, true), (Charging, true)], 50.0, "OL CHRG")]
    #[case::charging_for_ever(&[(Online, true), (Charging, true)], 100.0, "OL")]
    #[case::charging_and_says_when_full(&[(Online, true), (Charging, true), (FullyCharged, false)], 100.0, "OL CHRG")]
    #[case::on_battery(&[(Online, false), (Discharging, true)], 50.0, "OB DISCHRG")]
    #[case::low(&[(Online, false), (Discharging, true), (LowBattery, true)], 5.0, "OB DISCHRG LB")]
    #[case::imminent_at_high_charge(&[(Online, false), (ShutdownImminent, true)], 95.0, "OB LB")]
    #[case::mains_but_discharging(&[(Online, true), (Discharging, true)], 100.0, "OL DISCHRG")]
    #[case::off(&[(Online, true), (Good, false)], 100.0, "OL OFF")]
    #[case::on(&[(Online, true), (Good, true)], 100.0, "OL")]
    #[case::no_battery(&[(Online, true), (BatteryPresent, false)], 100.0, "OL RB")]
    #[case::everything(
        &[(Online, true), (Overload, true), (ReplaceBattery, true), (Trim, true), (Boost, true), (AutomaticBypass, true)],
        50.0,
        "OL OVER RB TRIM BOOST BYPASS"
    )]
    #[case::the_first_that_tells_of_the_mains(&[(Online, false), (Online, true)], 50.0, "OB")]
    // Of two rows for one flag, the second must not wipe out the first.
    #[case::one_overload_of_two(&[(Online, true), (Overload, true), (Overload, false)], 50.0, "OL OVER")]
    // Without ACPresent, what feeds the converter tells.
    #[case::mains_used(&[(MainsUsed, true)], 50.0, "OL")]
    #[case::mains_not_used(&[(MainsUsed, false)], 50.0, "OB")]
    #[case::nothing_used_but_off(&[(MainsUsed, false), (Good, false)], 50.0, "")]
    #[case::battery_used(&[(BatteryUsed, true)], 50.0, "OB")]
    #[case::mains_too_low(&[(MainsTooLow, true)], 50.0, "OB")]
    #[case::only_discharging(&[(Discharging, true)], 50.0, "OB DISCHRG")]
    // With ACPresent, a self-test on battery is no power failure.
    #[case::self_test(&[(Online, true), (BatteryUsed, true), (Discharging, true)], 90.0, "OL DISCHRG")]
    fn statuses(#[case] flags: &[(Sense, bool)], #[case] charge: f64, #[case] status: &str) {
        assert_eq!(tokens("", flags, charge), status);
    }

    #[rstest]
    #[case("", "OL DISCHRG")]
    #[case("onbattery", "OB DISCHRG")]
    #[case("calibration", "CAL DISCHRG")]
    #[case("onbattery calibration", "CAL OB DISCHRG")]
    fn mains_but_discharging_as_the_user_says(#[case] options: &str, #[case] status: &str) {
        assert_eq!(tokens(options, &[(Online, true), (Discharging, true)], 90.0), status);
        assert_eq!(tokens(options, &[(Online, true), (Discharging, false)], 90.0), "OL");
    }

    #[test]
    fn low_battery_is_held_back_on_line_only() {
        let flags = |online, low| [(Online, Some(online)), (LowBattery, Some(low))];
        let mut judge = judge("delay");
        let mut at = |seconds, online, low| {
            let flags = flags(online, low);
            judge.judge(&flags, (None, None), None, Duration::from_secs(seconds)).tokens.join(" ")
        };
        assert_eq!(at(10, true, true), "OL");
        assert_eq!(at(12, true, true), "OL");
        assert_eq!(at(13, true, true), "OL LB");
        assert_eq!(at(14, true, false), "OL");
        assert_eq!(at(15, true, true), "OL");
        assert_eq!(at(16, false, true), "OB LB");
    }

    #[rstest]
    #[case(Some(1), None, "OL CHRG")]
    #[case(Some(2), None, "OL DISCHRG")]
    #[case(Some(3), None, "OL CHRG")]
    #[case(Some(4), None, "OL")]
    #[case(None, Some(2), "OL CHRG")]
    #[case(None, Some(4), "OL DISCHRG")]
    #[case(None, Some(3), "OL")]
    #[case(None, None, "OL DISCHRG")]
    fn advanced_battery_monitoring(
        #[case] mode: Option<i64>,
        #[case] charger: Option<i64>,
        #[case] status: &str,
    ) {
        let flags = [(Online, Some(true)), (Discharging, Some(true)), (Sense::AbmEnabled, Some(true))];
        let told = judge("").judge(&flags, (mode, charger), Some(80.0), Duration::ZERO);
        assert_eq!(told.tokens.join(" "), status);
        let flags = [(Online, Some(true)), (Sense::AbmEnabled, Some(false))];
        let told = judge("").judge(&flags, (mode, charger), Some(80.0), Duration::ZERO);
        assert_eq!(told.tokens.join(" "), "OL", "without ABM the charger's modes mean nothing");
    }

    #[test]
    fn alarms_and_reasons() {
        let flags = [
            (ReplaceBattery, Some(true)),
            (BatteryPresent, Some(false)),
            (Sense::Alarm("Wiring fault!"), Some(true)),
            (Sense::Alarm("Emergency stop!"), Some(false)),
            (Sense::FrequencyOutOfRange, Some(true)),
        ];
        let status = judge("").judge(&flags, (None, None), None, Duration::ZERO);
        assert_eq!(status.alarms, ["Replace battery!", "No battery installed!", "Wiring fault!"]);
        assert_eq!(status.transfer_reason, Some("input frequency out of range"));
        assert!(status.tokens.is_empty());
    }
}
