//! The commands and variables that every driver has, whatever it drives.

use crate::config::yes;

/// An instant command of the framework's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedCommand {
    /// `shutdown.default`: what `sdcommands` lists.
    ShutdownDefault,
    /// `driver.killpower`: the same, if `driver.flag.allow_killpower` is 1.
    KillPower,
    /// `driver.reload`: read ups.conf again and take what can be taken while running.
    Reload,
    /// `driver.reload-or-exit`: end, to be started anew, if something can't be taken while running.
    ReloadOrExit,
    /// `driver.reload-or-error`: fail if something can't be taken while running.
    ReloadOrError,
    /// `driver.exit`: end. Taken, but not advertised.
    Exit,
}

/// The commands that are advertised.
pub const ADVERTISED: [&str; 5] = [
    "shutdown.default",
    "driver.killpower",
    "driver.reload",
    "driver.reload-or-exit",
    "driver.reload-or-error",
];

impl SharedCommand {
    /// The command of this name, in any case; `None`: it is the family's.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "shutdown.default" => Self::ShutdownDefault,
            "driver.killpower" => Self::KillPower,
            "driver.reload" => Self::Reload,
            "driver.reload-or-exit" => Self::ReloadOrExit,
            "driver.reload-or-error" => Self::ReloadOrError,
            "driver.exit" => Self::Exit,
            _ => return None,
        })
    }
}

/// A variable of the framework's own that clients may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedVariable {
    /// `driver.debug`: verbosity; `None`: back to what was configured (a negative number).
    Debug(Option<u8>),
    /// `driver.flag.allow_killpower`
    AllowKillPower(bool),
}

impl SharedVariable {
    /// What setting `name` to `value` means. `None`: it is the family's. `Some(None)`: the value is not acceptable.
    #[must_use]
    pub fn parse(name: &str, value: &str) -> Option<Option<Self>> {
        if name.eq_ignore_ascii_case("driver.debug") {
            let level = value.trim().parse::<i64>().ok();
            return Some(
                level.map(|level| Self::Debug((level >= 0).then(|| u8::try_from(level).unwrap_or(u8::MAX)))),
            );
        }
        name.eq_ignore_ascii_case("driver.flag.allow_killpower").then(|| yes(value).map(Self::AllowKillPower))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn what_is_advertised_is_known() {
        for name in ADVERTISED {
            assert!(SharedCommand::parse(name).is_some(), "{name}");
        }
        assert_eq!(SharedCommand::parse("Driver.Exit"), Some(SharedCommand::Exit));
        assert_eq!(SharedCommand::parse("load.off"), None);
    }

    #[rstest]
    #[case("driver.debug", "3", Some(Some(SharedVariable::Debug(Some(3)))))]
    #[case("driver.debug", "-1", Some(Some(SharedVariable::Debug(None))))]
    #[case("driver.debug", "9999", Some(Some(SharedVariable::Debug(Some(255)))))]
    #[case("driver.debug", "much", Some(None))]
    #[case("Driver.Flag.allow_killpower", "1", Some(Some(SharedVariable::AllowKillPower(true))))]
    #[case("driver.flag.allow_killpower", "off", Some(Some(SharedVariable::AllowKillPower(false))))]
    #[case("driver.flag.allow_killpower", "perhaps", Some(None))]
    #[case("ups.id", "1", None)]
    fn variables(#[case] name: &str, #[case] value: &str, #[case] expected: Option<Option<SharedVariable>>) {
        assert_eq!(SharedVariable::parse(name, value), expected);
    }
}
