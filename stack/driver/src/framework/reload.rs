//! What a changed ups.conf means to a running driver.

use outage_config::{Severity, ups_conf};
use outage_host::Host;

use crate::config::DriverConfig;

/// Settings that a running driver takes, or that are not the driver's at all.
const TAKEN: [&str; 12] = [
    "pollinterval",
    "debug_min",
    "sdcommands",
    "allow_killpower",
    "desc",
    "sdorder",
    "maxstartdelay",
    "maxretry",
    "retrydelay",
    "nowait",
    "reconnect_max_tries",
    "reconnect_report_freq",
];

/// What differs between two configurations, by the settings' names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Taken while running.
    pub(super) taken: Vec<String>,
    /// Taken at the next start.
    pub(super) needs_restart: Vec<String>,
}

/// Reads and understands ups.conf anew.
pub(super) fn read(config: &DriverConfig, host: &Host) -> Result<DriverConfig, String> {
    let Some(path) = &config.conf_path else {
        // Started with `-s`, or by the laboratory: there is no file, so nothing can have changed.
        return Ok(config.clone());
    };
    let text = host.read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let (conf, diagnostics) = ups_conf(&path.display().to_string(), &text);
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.severity >= Severity::Warning) {
        host.warn(diagnostic);
    }
    let section = conf
        .section(&config.ups)
        .ok_or_else(|| format!("{} has no section [{}] any more", path.display(), config.ups))?;
    let (mut new, notes) = DriverConfig::build(
        &config.driver,
        &conf,
        section,
        &config.extra,
        &config.state_path,
        &config.pid_path,
    );
    for note in notes {
        host.warn(note);
    }
    new.ups.clone_from(&config.ups);
    new.conf_path.clone_from(&config.conf_path);
    Ok(new)
}

/// Compares two configurations.
pub(super) fn plan(old: &DriverConfig, new: &DriverConfig) -> Plan {
    let mut plan = Plan::default();
    let mut names: Vec<&str> = old.options.iter().chain(new.options.iter()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if old.options.get(name) != new.options.get(name) {
            let list = if TAKEN.contains(&name) { &mut plan.taken } else { &mut plan.needs_restart };
            list.push(name.to_owned());
        }
    }
    // Those that may stand before the first section, too.
    for (name, differs) in [
        ("pollinterval", old.poll_interval != new.poll_interval),
        ("debug_min", old.debug_min != new.debug_min),
    ] {
        if differs && !plan.taken.iter().any(|taken| taken == name) {
            plan.taken.push(name.to_owned());
        }
    }
    for (name, differs) in [("user", old.user != new.user), ("group", old.group != new.group)] {
        if differs && !plan.needs_restart.iter().any(|known| known == name) {
            plan.needs_restart.push(name.to_owned());
        }
    }
    plan
}

/// The configuration of a driver that took what it could: what needs a restart stays as it was, so that the next reload
/// says it again.
pub(super) fn merge(old: &DriverConfig, new: DriverConfig) -> DriverConfig {
    let mut merged = old.clone();
    for name in TAKEN {
        match new.options.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => merged.options.set(name, value.map(Into::into)),
            None => merged.options.unset(name),
        }
    }
    DriverConfig {
        poll_interval: new.poll_interval,
        debug_min: new.debug_min,
        shutdown_commands: new.shutdown_commands,
        allow_killpower: new.allow_killpower,
        max_tries: new.max_tries,
        report_every: new.report_every,
        ..merged
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn config(options: &[(&str, &str)]) -> DriverConfig {
        let options: Vec<_> =
            options.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        DriverConfig::ad_hoc("nutdrv_qx", "den", &options, "/run/nut", "/run/nut").0
    }

    #[test]
    fn what_can_be_taken_is_and_the_rest_is_named_each_time() {
        let old = config(&[("port", "/dev/ttyS0"), ("pollinterval", "2"), ("offdelay", "30"), ("desc", "x")]);
        let new = config(&[("port", "/dev/ttyS1"), ("pollinterval", "5"), ("ondelay", "60"), ("desc", "y")]);
        let found = plan(&old, &new);
        assert_eq!(found.taken, ["desc", "pollinterval"]);
        assert_eq!(found.needs_restart, ["offdelay", "ondelay", "port"]);
        let merged = merge(&old, new.clone());
        assert_eq!(merged.poll_interval, Duration::from_secs(5));
        assert_eq!(merged.port, "/dev/ttyS0");
        assert_eq!(plan(&merged, &new).taken, Vec::<String>::new());
        assert_eq!(plan(&merged, &new).needs_restart, ["offdelay", "ondelay", "port"]);
    }

    #[test]
    fn nothing_changed() {
        let same = config(&[("port", "/dev/ttyS0")]);
        assert_eq!(plan(&same, &same.clone()), Plan::default());
    }
}
