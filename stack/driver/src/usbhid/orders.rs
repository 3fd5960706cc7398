//! Rows of instant commands that several makes have, for one path each.

/// The three tests of a battery.
macro_rules! tests {
    ($path:literal) => {
        &[
            CommandRow::new("test.battery.start.quick", $path, Action::Value(1)),
            CommandRow::new("test.battery.start.deep", $path, Action::Value(2)),
            CommandRow::new("test.battery.stop", $path, Action::Value(3)),
        ]
    };
}

/// The timers of a part of the device.
macro_rules! timers {
    ($part:literal) => {
        &[
            CommandRow::new("load.off.delay", concat!($part, ".DelayBeforeShutdown"), Action::OffDelay),
            CommandRow::new("load.on.delay", concat!($part, ".DelayBeforeStartup"), Action::OnDelay),
            CommandRow::new("shutdown.stop", concat!($part, ".DelayBeforeShutdown"), Action::Value(-1)),
            CommandRow::new("shutdown.reboot", concat!($part, ".DelayBeforeReboot"), Action::Seconds(10)),
        ]
    };
}

/// A beeper.
macro_rules! beeper {
    ($path:literal) => {
        &[
            CommandRow::new("beeper.enable", $path, Action::Value(2)),
            CommandRow::new("beeper.disable", $path, Action::Value(1)),
            CommandRow::new("beeper.mute", $path, Action::Value(3)),
        ]
    };
}

pub(super) use {beeper, tests, timers};
