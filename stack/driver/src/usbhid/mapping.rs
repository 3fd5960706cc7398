//! What a subdriver is made of: tables of which usage is which variable, flag or command. Data, no code.

use std::time::Duration;

use super::model::Line;
use super::settings::Identity;

/// How often a variable's report is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Poll {
    /// Every cycle.
    Quick,
    /// Every full update.
    Full,
    /// At start, and after something was written.
    AfterWrite,
    /// At start.
    Once,
}

/// A number's word.
pub(crate) type Choices = &'static [(i64, &'static str)];

/// AudibleAlarmControl (HID Power Devices 1.0, 0x84:5a).
pub(crate) const BEEPER: Choices = &[(1, "disabled"), (2, "enabled"), (3, "muted")];
/// Test (0x84:58), in NUT's words.
pub(crate) const TEST_RESULT: Choices = &[
    (1, "Done and passed"),
    (2, "Done and warning"),
    (3, "Done and error"),
    (4, "Aborted"),
    (5, "In progress"),
    (6, "No test initiated"),
    (7, "Test scheduled"),
];

/// How a value becomes a variable's text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A number with this many decimals.
    Number(usize),
    /// A number divided first.
    Divided(f64, usize),
    /// One of these words; other numbers are not published.
    Choice(Choices),
    /// The string descriptor of this index.
    Text,
    /// Kelvin, where it can be; degrees Celsius come out.
    Celsius,
    /// Volts that the output may be set to: those of the same kind of mains.
    NominalVoltage,
    /// What the charger does, once Advanced Battery Monitoring is known to be on.
    Charger(Choices),
    /// Not published: the country code that settings depend on.
    Country,
    /// Percent; a little more than 100 is 100, much more is no percentage.
    Charge,
    /// Percent, with its sign.
    Percent,
    /// The battery's voltage, which some firmware gives one and a half times ([`Quirks::battery_voltage`]).
    BatteryVoltage,
    /// Hertz, or tenths of them (499 is 49.9).
    Frequency,
    /// A date as HID power devices have it: year from 1980 on, month, day, in 7, 4 and 5 bits.
    Date,
    /// A date as APC has it: month, day and year, two decimal digits in each byte.
    ApcDate,
}

/// Which models a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Models {
    /// Any.
    All,
    /// Lines whose PowerSummary voltage is the battery's.
    TrueBatteryVoltage,
    /// Lines with master and slave outlets; the 3S only outside Europe.
    EcoControl,
}

impl Models {
    pub(crate) fn include(self, line: Line, country: Option<i64>) -> bool {
        match self {
            Self::All => true,
            Self::TrueBatteryVoltage => {
                matches!(line, Line::Evolution | Line::PulsarM | Line::Eaton5P | Line::Eaton9E)
            }
            Self::EcoControl => line == Line::Pegasus || (line == Line::Eaton3S && country != Some(0)),
        }
    }
}

/// A variable. Of several rows for one variable the first counts that exists in the device and has a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) variable: &'static str,
    pub(crate) path: &'static str,
    pub(crate) form: Form,
    pub(crate) poll: Poll,
    /// Clients may set it; the longest text.
    pub(crate) writable: Option<usize>,
    /// Its words are announced as the values it may take.
    pub(crate) listed: bool,
    pub(crate) models: Models,
}

impl Row {
    pub(crate) const fn number(variable: &'static str, path: &'static str, decimals: usize) -> Self {
        Self {
            variable,
            path,
            form: Form::Number(decimals),
            poll: Poll::Full,
            writable: None,
            listed: false,
            models: Models::All,
        }
    }

    pub(crate) const fn choice(variable: &'static str, path: &'static str, choices: Choices) -> Self {
        Self { form: Form::Choice(choices), ..Self::number(variable, path, 0) }
    }

    pub(crate) const fn text(variable: &'static str, path: &'static str) -> Self {
        Self { form: Form::Text, poll: Poll::Once, ..Self::number(variable, path, 0) }
    }

    pub(crate) const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    pub(crate) const fn quick(self) -> Self {
        Self { poll: Poll::Quick, ..self }
    }

    pub(crate) const fn after_write(self) -> Self {
        Self { poll: Poll::AfterWrite, ..self }
    }

    pub(crate) const fn once(self) -> Self {
        Self { poll: Poll::Once, ..self }
    }

    /// Writable, and read again after a write.
    pub(crate) const fn writable(self, length: usize) -> Self {
        Self { writable: Some(length), poll: Poll::AfterWrite, ..self }
    }

    pub(crate) const fn listed(self) -> Self {
        Self { listed: true, ..self }
    }

    pub(crate) const fn only(self, models: Models) -> Self {
        Self { models, ..self }
    }
}

/// A variable that only the driver keeps; it exists where the path does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub(crate) variable: &'static str,
    pub(crate) path: &'static str,
    pub(crate) initial: Initial,
    pub(crate) length: usize,
}

/// What a [`Kept`] variable begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Initial {
    /// Option `ondelay`.
    OnDelay,
    /// Option `offdelay`.
    OffDelay,
    /// This text.
    Is(&'static str),
}

/// What a value means for the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// Mains are there.
    Online,
    /// The converter is fed by the mains (unless the UPS is off).
    MainsUsed,
    /// The converter is fed by the battery.
    BatteryUsed,
    /// The mains are too low to be used.
    MainsTooLow,
    Charging,
    Discharging,
    FullyCharged,
    Depleted,
    LowBattery,
    TimeLimitExpired,
    ShutdownImminent,
    Overload,
    ReplaceBattery,
    /// 0: there is no battery.
    BatteryPresent,
    Trim,
    Boost,
    AutomaticBypass,
    ManualBypass,
    /// 0: the output is off.
    Good,
    Calibrating,
    FanFailure,
    ChargerFailure,
    BatteryVoltageHigh,
    BatteryVoltageLow,
    InternalFailure,
    OverTemperature,
    AwaitingPower,
    VoltageOutOfRange,
    FrequencyOutOfRange,
    /// 1 when Advanced Battery Monitoring charges the battery.
    AbmEnabled,
    /// What the charger does, as older ABM models say it.
    ChargerMode,
    /// What the charger does, as newer ABM models say it.
    ChargerStatus,
    /// 1: this alarm text.
    Alarm(&'static str),
}

/// A flag. Of several rows of one sense, any that is set counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlagRow {
    pub(crate) path: &'static str,
    pub(crate) sense: Sense,
    pub(crate) quick: bool,
    /// The numbers that set it; all but zero when there are none here.
    pub(crate) values: &'static [i64],
}

impl FlagRow {
    /// Looked at in every cycle.
    pub(crate) const fn quick(path: &'static str, sense: Sense) -> Self {
        Self { path, sense, quick: true, values: &[] }
    }

    /// Looked at in full updates, and when it comes unasked.
    pub(crate) const fn full(path: &'static str, sense: Sense) -> Self {
        Self { quick: false, ..Self::quick(path, sense) }
    }

    /// Set by these numbers only.
    pub(crate) const fn by(self, values: &'static [i64]) -> Self {
        Self { values, ..self }
    }

    /// Whether a number sets it.
    pub(crate) fn is_set(&self, number: i64) -> bool {
        if self.values.is_empty() { number != 0 } else { self.values.contains(&number) }
    }
}

/// An instant command: writes a value. Of several rows for one command the first counts that exists in the device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandRow {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) value: Action,
}

impl CommandRow {
    pub(crate) const fn new(name: &'static str, path: &'static str, value: Action) -> Self {
        Self { name, path, value }
    }
}

impl Kept {
    /// `ups.delay.start`, where a device has this usage.
    pub(crate) const fn start(path: &'static str) -> Self {
        Self { variable: "ups.delay.start", path, initial: Initial::OnDelay, length: 10 }
    }

    /// `ups.delay.shutdown`, where a device has this usage.
    pub(crate) const fn shutdown(path: &'static str) -> Self {
        Self { variable: "ups.delay.shutdown", path, initial: Initial::OffDelay, length: 10 }
    }
}

/// Options' defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// Seconds.
    pub(crate) off_delay: i64,
    /// Seconds.
    pub(crate) on_delay: i64,
    pub(crate) poll_freq: Duration,
}

impl Defaults {
    /// NUT's, where a make has no others.
    pub(crate) const USUAL: Self = Self { off_delay: 20, on_delay: 30, poll_freq: Duration::from_secs(30) };
}

/// What is peculiar to a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// What comes unasked is of no use.
    pub(crate) poll_only: bool,
    /// It answers with more than it declares: every report is asked for with the longest length.
    pub(crate) max_report: bool,
    /// Default of `lbrb_log_delay_sec`.
    pub(crate) low_delay: Option<Duration>,
    /// The battery's voltage may be one and a half times the true one.
    pub(crate) battery_voltage: bool,
}

/// What a command writes when it is given no parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// This number, whatever the parameter.
    Value(i64),
    /// The parameter, else this number.
    Seconds(i64),
    /// The parameter, else `ups.delay.start`.
    OnDelay,
    /// The parameter, else `ups.delay.shutdown`.
    OffDelay,
}

/// A device by its USB ids, and what it is: what a subdriver is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsbId {
    pub(crate) vendor: u16,
    pub(crate) product: u16,
    /// Who sells it.
    pub(crate) maker: &'static str,
    /// What is known of the models with these ids.
    pub(crate) series: &'static str,
    /// A word that the vendor or product string must have, where others use the same ids.
    pub(crate) word: Option<&'static str>,
}

impl UsbId {
    pub(crate) const fn new(vendor: u16, product: u16, maker: &'static str, series: &'static str) -> Self {
        Self { vendor, product, maker, series, word: None }
    }

    pub(crate) const fn with_word(self, word: &'static str) -> Self {
        Self { word: Some(word), ..self }
    }
}

/// A make of UPS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subdriver {
    /// Name and version, as printed and published.
    pub(crate) name: &'static str,
    /// `ups.mfr` of a device without a vendor string.
    pub(crate) maker: &'static str,
    /// What it is for.
    pub(crate) ids: &'static [UsbId],
    pub(crate) rows: &'static [&'static [Row]],
    pub(crate) kept: &'static [Kept],
    pub(crate) flags: &'static [FlagRow],
    pub(crate) commands: &'static [&'static [CommandRow]],
    /// Reports that must not be asked for: the device breaks.
    pub(crate) poison: &'static [u8],
    /// `ups.model` and line, from the product and model strings.
    pub(crate) model: fn(&str, &str) -> (String, Line),
    /// More variables that are in the product string.
    pub(crate) more: fn(&str) -> Vec<(&'static str, String)>,
    pub(crate) defaults: Defaults,
    pub(crate) quirks: fn(&Identity) -> Quirks,
    /// It is also for devices that no subdriver lists, when the user says which.
    pub(crate) for_any: bool,
}

impl Subdriver {
    /// Whether it is for this device; strings that could not be read match no word.
    pub(crate) fn claims(&self, vendor: u16, product: u16, strings: &[Option<&str>]) -> bool {
        self.ids.iter().any(|id| {
            let word = |word: &str| strings.iter().flatten().any(|text| text.contains(word));
            id.vendor == vendor && id.product == product && id.word.is_none_or(word)
        })
    }

    /// Whether it has this product in its list, whatever its strings.
    pub(crate) fn lists(&self, vendor: u16, product: u16) -> bool {
        self.ids.iter().any(|id| id.vendor == vendor && id.product == product)
    }

    /// Whether it knows the vendor.
    pub(crate) fn knows(&self, vendor: u16) -> bool {
        self.ids.iter().any(|id| id.vendor == vendor)
    }
}
