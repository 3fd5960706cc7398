//! The options of `nutdrv_qx` and `blazer_ser`.

use super::battery::{Calibration, Known};
use super::megatec::Delays;
use crate::config::DriverConfig;
use crate::drivers::OptionInfo;
use crate::family::DeviceError;

/// What DTR and RTS are set to: many cables feed on one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CablePower {
    Normal,
    Reverse,
    Both,
    None,
}

impl CablePower {
    /// DTR and RTS.
    pub(super) fn lines(self) -> (bool, bool) {
        match self {
            Self::Normal => (true, false),
            Self::Reverse => (false, true),
            Self::Both => (true, true),
            Self::None => (false, false),
        }
    }
}

/// The options, understood.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct QxOptions {
    pub(super) delays: Delays,
    pub(super) stay_off: bool,
    pub(super) cable_power: CablePower,
    pub(super) ignore_shutdown_bit: bool,
    pub(super) no_rating: bool,
    pub(super) no_vendor: bool,
    pub(super) calibration: Option<Calibration>,
    pub(super) charge_time: Option<f64>,
    pub(super) idle_load: Option<f64>,
}

/// How the two drivers read `ondelay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnDelay {
    /// `nutdrv_qx`: seconds, cut to minutes.
    Seconds,
    /// `blazer_ser`
    Minutes,
}

/// What both drivers take.
pub(super) const OPTIONS: &[OptionInfo] = &[
    OptionInfo { name: "cablepower", help: "DTR and RTS: normal (default), reverse, both, none" },
    OptionInfo { name: "chargetime", help: "seconds to charge the empty battery (43200)" },
    OptionInfo { name: "idleload", help: "least load for the runtime estimate, in percent (10)" },
    OptionInfo { name: "ignoresab", help: "ignore the status bit 'shutdown active'" },
    OptionInfo { name: "norating", help: "don't ask for the rating (F)" },
    OptionInfo { name: "novendor", help: "don't ask for maker and model (I)" },
    OptionInfo { name: "offdelay", help: "delay before the load is cut, in seconds (30)" },
    OptionInfo {
        name: "ondelay",
        help: "least delay before it comes back: seconds (180), blazer_ser: minutes (3)",
    },
    OptionInfo { name: "pollfreq", help: "without effect: every update asks for all there is" },
    OptionInfo { name: "protocol", help: "megatec" },
    OptionInfo {
        name: "runtimecal",
        help: "seconds,load,seconds,load: how long the battery lasts at two loads",
    },
    OptionInfo { name: "stayoff", help: "shut down for good, not until the mains is back" },
];

/// Protocols that are Megatec by another name.
const MEGATEC: [&str; 3] = ["megatec", "q1", "zinto"];

impl QxOptions {
    pub(super) fn parse(config: &DriverConfig, unit: OnDelay) -> Result<Self, DeviceError> {
        let options = &config.options;
        let wrong = |name: &str, hint: &str| {
            let value = options.get(name).unwrap_or_default();
            DeviceError::Config(format!("{name} = {value} cannot be used: {hint}"))
        };
        if config.port.is_empty() || config.port == "auto" {
            return Err(DeviceError::Config(format!(
                "{} needs the serial line of the UPS, e.g. port = /dev/ttyS0 (UPSes on USB with this protocol are not \
                 supported yet)",
                config.driver
            )));
        }
        if let Some(protocol) = options.get("protocol")
            && !MEGATEC.iter().any(|known| known.eq_ignore_ascii_case(protocol))
        {
            return Err(wrong("protocol", "this driver speaks megatec"));
        }
        let off = match options.get("offdelay") {
            None => 30,
            Some(text) => off_delay(text).ok_or_else(|| wrong("offdelay", "12 to 600 seconds"))?,
        };
        let on = match (options.get("ondelay"), unit) {
            (None, _) => 3,
            (Some(text), OnDelay::Seconds) => {
                on_delay(text).ok_or_else(|| wrong("ondelay", "0 to 599940 seconds"))?
            }
            (Some(text), OnDelay::Minutes) => text
                .trim()
                .parse()
                .ok()
                .filter(|minutes| *minutes <= Delays::ON_MAX)
                .ok_or_else(|| wrong("ondelay", "0 to 9999 minutes"))?,
        };
        let cable_power = match options.get("cablepower") {
            None | Some("normal") => CablePower::Normal,
            Some("reverse") => CablePower::Reverse,
            Some("both") => CablePower::Both,
            Some("none") => CablePower::None,
            Some(_) => return Err(wrong("cablepower", "normal, reverse, both or none")),
        };
        let calibration = match options.get("runtimecal") {
            None => None,
            Some(text) => Some(Calibration::parse(text).ok_or_else(|| {
                wrong("runtimecal", "seconds,load,seconds,load, with the longer time at the lower load")
            })?),
        };
        let number = |name: &str, most: f64| match options.get(name) {
            None => Ok(None),
            Some(text) => match text.trim().parse::<f64>() {
                Ok(number) if number > 0.0 && number <= most => Ok(Some(number)),
                _ => Err(wrong(name, "a number above zero")),
            },
        };
        Ok(Self {
            delays: Delays { off, on }.rounded(),
            stay_off: options.flag("stayoff"),
            cable_power,
            ignore_shutdown_bit: options.flag("ignoresab"),
            no_rating: options.flag("norating"),
            no_vendor: options.flag("novendor"),
            calibration,
            charge_time: number("chargetime", 1e9)?,
            idle_load: number("idleload", 100.0)?,
        })
    }

    /// What these options say of the battery; voltages and packs are variables, set by `override.*` and `default.*`.
    pub(super) fn known(&self) -> Known {
        Known {
            calibration: self.calibration,
            charge_time: self.charge_time,
            idle_load: self.idle_load,
            ..Known::default()
        }
    }
}

/// A delay before the load is cut, in seconds.
pub(super) fn off_delay(text: &str) -> Option<u32> {
    let (least, most) = Delays::OFF_RANGE;
    text.trim().parse().ok().filter(|seconds| (least..=most).contains(seconds))
}

/// A delay before the load comes back, given in seconds; in minutes.
pub(super) fn on_delay(text: &str) -> Option<u32> {
    text.trim().parse().ok().map(|seconds: u32| seconds / 60).filter(|minutes| *minutes <= Delays::ON_MAX)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(unit: OnDelay, name: &str, value: &str) -> Result<QxOptions, DeviceError> {
        let extra = [("port".into(), Some("/dev/ttyS0".into())), (name.into(), Some(value.into()))];
        QxOptions::parse(&DriverConfig::ad_hoc("nutdrv_qx", "den", &extra, "/", "/").0, unit)
    }

    #[rstest]
    #[case(OnDelay::Seconds, "ondelay", "180", 30, 3)]
    #[case(OnDelay::Seconds, "ondelay", "59", 30, 0)]
    #[case(OnDelay::Minutes, "ondelay", "180", 30, 180)]
    #[case(OnDelay::Seconds, "offdelay", "59", 54, 3)]
    #[case(OnDelay::Seconds, "offdelay", "119", 60, 3)]
    fn delays(
        #[case] unit: OnDelay,
        #[case] name: &str,
        #[case] value: &str,
        #[case] off: u32,
        #[case] on: u32,
    ) {
        assert_eq!(parse(unit, name, value).map(|options| options.delays), Ok(Delays { off, on }));
    }

    #[rstest]
    #[case("offdelay", "11")]
    #[case("offdelay", "601")]
    #[case("offdelay", "-12")]
    #[case("ondelay", "600000")]
    #[case("ondelay", "soon")]
    #[case("cablepower", "full")]
    #[case("runtimecal", "1,2,3")]
    #[case("idleload", "0")]
    #[case("chargetime", "NaN")]
    #[case("protocol", "voltronic")]
    #[case("port", "auto")]
    #[case("port", "")]
    fn what_cannot_work_is_named(#[case] name: &str, #[case] value: &str) {
        match parse(OnDelay::Seconds, name, value) {
            Err(DeviceError::Config(text)) => assert!(text.contains(name), "{text}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn options_are_sorted() {
        assert!(OPTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
