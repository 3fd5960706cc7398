//! upsmon's notices: their names, their texts, where they go.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::model::{NotifyFlags, NotifyRule, NotifyType};

impl NotifyType {
    /// How many there are.
    pub const COUNT: usize = 32;

    /// All of them, in NUT's order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Online,
        Self::OnBatt,
        Self::LowBatt,
        Self::Fsd,
        Self::CommOk,
        Self::CommBad,
        Self::Shutdown,
        Self::ShutdownHostSync,
        Self::ReplBatt,
        Self::NoComm,
        Self::NoParent,
        Self::Cal,
        Self::NotCal,
        Self::Off,
        Self::NotOff,
        Self::Bypass,
        Self::NotBypass,
        Self::Eco,
        Self::NotEco,
        Self::Alarm,
        Self::NotAlarm,
        Self::Over,
        Self::NotOver,
        Self::Trim,
        Self::NotTrim,
        Self::Boost,
        Self::NotBoost,
        Self::Other,
        Self::NotOther,
        Self::SuspendTimeJumpUnexpected,
        Self::SuspendStarting,
        Self::SuspendFinished,
    ];

    /// The name in upsmon.conf and in the environment of NOTIFYCMD.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The text unless NOTIFYMSG says otherwise (upsmon.conf(5)).
    #[must_use]
    pub const fn default_message(self) -> &'static str {
        self.row().1
    }

    /// How many `%s` are filled in: the UPS's full name, then for ALARM the alarms and for OTHER the unknown words.
    #[must_use]
    pub const fn placeholders(self) -> usize {
        match self {
            Self::Alarm | Self::Other => 2,
            Self::Shutdown
            | Self::ShutdownHostSync
            | Self::NoParent
            | Self::SuspendStarting
            | Self::SuspendFinished => 0,
            _ => 1,
        }
    }

    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Online => ("ONLINE", "UPS %s on line power"),
            Self::OnBatt => ("ONBATT", "UPS %s on battery"),
            Self::LowBatt => ("LOWBATT", "UPS %s battery is low"),
            Self::Fsd => ("FSD", "UPS %s: forced shutdown in progress"),
            Self::CommOk => ("COMMOK", "Communications with UPS %s established"),
            Self::CommBad => ("COMMBAD", "Communications with UPS %s lost"),
            Self::Shutdown => ("SHUTDOWN", "Auto logout and shutdown proceeding"),
            Self::ShutdownHostSync => (
                "SHUTDOWN_HOSTSYNC",
                "Shutdown initiated; primary system is waiting for secondaries to log out or time out",
            ),
            Self::ReplBatt => ("REPLBATT", "UPS %s battery needs to be replaced"),
            Self::NoComm => ("NOCOMM", "UPS %s is unavailable"),
            Self::NoParent => ("NOPARENT", "upsmon parent process died - shutdown impossible"),
            Self::Cal => ("CAL", "UPS %s: calibration in progress"),
            Self::NotCal => ("NOTCAL", "UPS %s: calibration finished"),
            Self::Off => ("OFF", "UPS %s: administratively OFF or asleep"),
            Self::NotOff => ("NOTOFF", "UPS %s: no longer administratively OFF or asleep"),
            Self::Bypass => ("BYPASS", "UPS %s: on bypass (powered, not protecting)"),
            Self::NotBypass => ("NOTBYPASS", "UPS %s: no longer on bypass"),
            Self::Eco => ("ECO", "UPS %s: in ECO mode (as defined by vendor)"),
            Self::NotEco => ("NOTECO", "UPS %s: no longer in ECO mode (as defined by vendor)"),
            Self::Alarm => ("ALARM", "UPS %s: one or more active alarms: [%s]"),
            Self::NotAlarm => ("NOTALARM", "UPS %s is no longer in an alarm state (no active alarms)"),
            Self::Over => ("OVER", "UPS %s: overloaded"),
            Self::NotOver => ("NOTOVER", "UPS %s: no longer overloaded"),
            Self::Trim => ("TRIM", "UPS %s: trimming incoming voltage"),
            Self::NotTrim => ("NOTTRIM", "UPS %s: no longer trimming incoming voltage"),
            Self::Boost => ("BOOST", "UPS %s: boosting incoming voltage"),
            Self::NotBoost => ("NOTBOOST", "UPS %s: no longer boosting incoming voltage"),
            Self::Other => ("OTHER", "UPS %s: has at least one unclassified status token: [%s]"),
            Self::NotOther => ("NOTOTHER", "UPS %s has no unclassified status tokens anymore"),
            Self::SuspendTimeJumpUnexpected => (
                "SUSPEND_TIMEJUMP_UNEXPECTED",
                "Clock jumped by %s: assuming that the OS was asleep, de-activating obsolete UPS readings",
            ),
            Self::SuspendStarting => ("SUSPEND_STARTING", "OS is entering sleep/suspend/hibernate mode"),
            Self::SuspendFinished => (
                "SUSPEND_FINISHED",
                "OS just finished sleep/suspend/hibernate mode, de-activating obsolete UPS readings to avoid an unfortunate shutdown",
            ),
        }
    }
}

impl fmt::Display for NotifyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is no notice's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownNotifyType;

impl fmt::Display for UnknownNotifyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown notice")
    }
}

impl std::error::Error for UnknownNotifyType {}

impl FromStr for NotifyType {
    type Err = UnknownNotifyType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|notice| notice.as_str().eq_ignore_ascii_case(name))
            .ok_or(UnknownNotifyType)
    }
}

impl NotifyFlags {
    /// IGNORE: nowhere.
    pub const IGNORE: Self = Self { syslog: false, wall: false, exec: false };
}

impl NotifyRule {
    /// What NUT does with a notice that upsmon.conf says nothing of.
    #[must_use]
    pub fn stock(notice: NotifyType) -> Self {
        Self { message: notice.default_message().to_owned(), flags: NotifyFlags::default() }
    }
}

/// Every notice with its stock rule.
pub(crate) fn stock() -> BTreeMap<NotifyType, NotifyRule> {
    NotifyType::ALL.into_iter().map(|notice| (notice, NotifyRule::stock(notice))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_in_any_case() {
        for notice in NotifyType::ALL {
            assert_eq!(notice.to_string().parse(), Ok(notice));
            assert_eq!(notice.to_string().to_lowercase().parse(), Ok(notice));
        }
        assert_eq!("ONLINED".parse::<NotifyType>(), Err(UnknownNotifyType));
    }

    #[test]
    fn every_notice_is_listed_once_and_in_order() {
        assert!(NotifyType::ALL.is_sorted_by(|a, b| a < b));
        assert_eq!(stock().len(), NotifyType::COUNT);
    }

    #[test]
    fn stock_texts_have_the_placeholders_that_are_filled() {
        for notice in NotifyType::ALL {
            assert_eq!(notice.default_message().matches("%s").count(), notice.placeholders(), "{notice}");
        }
    }
}
