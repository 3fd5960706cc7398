//! The configuration files of a scenario's machine.

use std::fmt::Write as _;
use std::time::Duration;

use crate::scenario::{MachineSpec, NOTICES, Role, UpsSpec};

/// The password of the scenario's users: it protects nothing.
const PASSWORD: &str = "secret";
/// Name and password of the user who gives instant commands.
pub(super) const OPERATOR: (&str, &str) = ("operator", PASSWORD);
/// What upsmon writes into POWERDOWNFLAG (upsmon.conf(5)).
pub(super) const FLAG_CONTENT: &str = "upsmon-shutdown-file";

/// Timers with NUT's defaults: written out in every file, so that a lane can scale them.
const UPSMON_TIMERS: [(&str, f64); 8] = [
    ("POLLFREQ", 5.0),
    ("POLLFREQALERT", 5.0),
    ("DEADTIME", 15.0),
    ("HOSTSYNC", 15.0),
    ("FINALDELAY", 5.0),
    ("RBWARNTIME", 43200.0),
    ("NOCOMMWARNTIME", 300.0),
    ("OFFDURATION", 30.0),
];
/// Timers that are scaled when a scenario names them; without a line they are off, or count in polls.
const OTHER_TIMERS: [&str; 6] =
    ["CONFIRM", "FSDCLEAR", "OBLBDURATION", "ONBATTSHUTDOWN", "OVERDURATION", "SHUTDOWNEXIT"];
/// What FSDCLEAR's `yes` stands for (docs/upsmon.md).
const FSDCLEAR_YES: f64 = 300.0;
const UPSD_TIMERS: [(&str, f64); 1] = [("MAXAGE", 15.0)];
const DRIVER_TIMERS: [(&str, f64); 2] = [("pollinterval", 2.0), ("pollfreq", 30.0)];

/// What a lane gives a machine's files.
pub(super) struct Place<'a> {
    /// Scenario seconds in a second of the daemons' clocks.
    pub(super) scale: f64,
    /// Folder of the driver sockets.
    pub(super) state: String,
    /// Port upsd listens on.
    pub(super) listen: u16,
    /// Driver and port of a UPS.
    pub(super) device: &'a dyn Fn(&str) -> (String, String),
    /// Address and port of a machine's upsd.
    pub(super) server: &'a dyn Fn(&str) -> (String, u16),
    /// POWERDOWNFLAG
    pub(super) flag: String,
    /// SHUTDOWNCMD
    pub(super) shutdown: String,
    /// NOTIFYCMD
    pub(super) notify: String,
}

impl Place<'_> {
    /// A number of scenario seconds as a directive's value.
    fn time(&self, seconds: f64) -> String {
        if self.scale == 1.0 {
            return seconds.to_string();
        }
        self.scaled(seconds)
    }

    /// The daemons' time for a number of scenario seconds.
    fn scaled(&self, seconds: f64) -> String {
        let millis = Duration::try_from_secs_f64(seconds / self.scale).unwrap_or_default().as_millis();
        format!("{}ms", millis.max(1))
    }

    /// A directive's value: a timer is scaled, anything else stays as the scenario says.
    fn value(&self, timers: &[(&str, f64)], name: &str, value: &str) -> String {
        let timer = timers.iter().any(|(timer, _)| *timer == name) || OTHER_TIMERS.contains(&name);
        if self.scale == 1.0 || !timer {
            return value.to_owned();
        }
        let time = match (name, value.to_ascii_lowercase().as_str()) {
            ("FSDCLEAR", "yes" | "1") => Some(FSDCLEAR_YES),
            // A number alone is one of polls.
            ("CONFIRM", number) if number.parse::<u32>().is_ok() => None,
            (_, text) => seconds(text),
        };
        // Below zero is never, and nothing stays nothing.
        time.filter(|time| *time > 0.0).map_or_else(|| value.to_owned(), |time| self.scaled(time))
    }

    fn directives(&self, timers: &[(&str, f64)], given: &[(String, Vec<String>)]) -> String {
        let mut text = String::new();
        for (name, seconds) in timers {
            if !given.iter().any(|(own, _)| own == name) {
                let _ = writeln!(text, "{name} {}", self.time(*seconds));
            }
        }
        for (name, words) in given {
            let words: Vec<_> = words.iter().map(|word| quote(&self.value(timers, name, word))).collect();
            let _ = writeln!(text, "{name} {}", words.join(" "));
        }
        text
    }

    /// ups.conf
    pub(super) fn ups_conf(&self, machine: &MachineSpec, upses: &[UpsSpec]) -> String {
        let mut text = format!("statepath = {}\n", quote(&self.state));
        for ups in upses.iter().filter(|ups| machine.serves.contains(&ups.name)) {
            let (driver, port) = (self.device)(&ups.name);
            let _ = write!(text, "\n[{}]\n  driver = {driver}\n  port = {}\n", ups.name, quote(&port));
            for (name, seconds) in DRIVER_TIMERS {
                if !ups.settings.iter().any(|(own, _)| own == name) {
                    let _ = writeln!(text, "  {name} = {}", self.time(seconds));
                }
            }
            for (name, value) in &ups.settings {
                let _ = match value {
                    Some(value) => {
                        writeln!(text, "  {name} = {}", quote(&self.value(&DRIVER_TIMERS, name, value)))
                    }
                    None => writeln!(text, "  {name}"),
                };
            }
        }
        text
    }

    /// upsd.conf
    pub(super) fn upsd_conf(&self, machine: &MachineSpec, address: &str) -> String {
        let timers = self.directives(&UPSD_TIMERS, &machine.upsd);
        format!("STATEPATH {}\nLISTEN {address} {}\n{timers}", quote(&self.state), self.listen)
    }

    /// upsd.users
    pub(super) fn upsd_users(&self) -> String {
        format!(
            "[primary]\n  password = {PASSWORD}\n  upsmon primary\n\n\
             [secondary]\n  password = {PASSWORD}\n  upsmon secondary\n\n\
             [{}]\n  password = {PASSWORD}\n  instcmds = ALL\n",
            OPERATOR.0
        )
    }

    /// upsmon.conf
    pub(super) fn upsmon_conf(&self, machine: &MachineSpec) -> String {
        let mut text = String::new();
        for monitor in &machine.monitors {
            let (address, port) = (self.server)(&monitor.server);
            let role = match monitor.role {
                Role::Primary => "primary",
                Role::Secondary => "secondary",
            };
            let (ups, value) = (&monitor.ups, monitor.power_value);
            let _ = writeln!(text, "MONITOR {ups}@{address}:{port} {value} {role} {PASSWORD} {role}");
        }
        let _ = writeln!(text, "POWERDOWNFLAG {}", quote(&self.flag));
        let _ = writeln!(text, "SHUTDOWNCMD {}", quote(&self.shutdown));
        let _ = writeln!(text, "NOTIFYCMD {}", quote(&self.notify));
        for notice in NOTICES {
            let _ = writeln!(text, "NOTIFYFLAG {notice} SYSLOG+EXEC");
        }
        text.push_str(&self.directives(&UPSMON_TIMERS, &machine.upsmon));
        text
    }
}

/// A time as the daemons' files have it: seconds, or a number and its unit.
fn seconds(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

/// A word in double quotes, with what has a meaning there escaped.
fn quote(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c));
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn place(scale: f64) -> Place<'static> {
        Place {
            scale,
            state: String::new(),
            listen: 0,
            device: &|_| (String::new(), String::new()),
            server: &|_| (String::new(), 0),
            flag: String::new(),
            shutdown: String::new(),
            notify: String::new(),
        }
    }

    /// What a scenario says, and what stands in the file of a lane that is ten times as fast.
    #[rstest]
    #[case("DEADTIME", "15", "1500ms")]
    #[case("DEADTIME", "1.5m", "9000ms")]
    #[case("FINALDELAY", "0", "0")]
    #[case("ONBATTSHUTDOWN", "120", "12000ms")]
    #[case("ONBATTSHUTDOWN", "2m", "12000ms")]
    #[case("ONBATTSHUTDOWN", "-1", "-1")]
    #[case("OBLBDURATION", "30", "3000ms")]
    #[case("OVERDURATION", "-1", "-1")]
    #[case("SHUTDOWNEXIT", "no", "no")]
    #[case("SHUTDOWNEXIT", "7", "700ms")]
    #[case("FSDCLEAR", "yes", "30000ms")]
    #[case("FSDCLEAR", "1", "30000ms")]
    #[case("FSDCLEAR", "No", "No")]
    #[case("FSDCLEAR", "0", "0")]
    #[case("FSDCLEAR", "90s", "9000ms")]
    #[case("CONFIRM", "3", "3")]
    #[case("CONFIRM", "10s", "1000ms")]
    #[case("CONFIRM", "500ms", "50ms")]
    #[case("MINSUPPLIES", "2", "2")]
    #[case("CHARGESHUTDOWN", "20", "20")]
    fn timers_are_scaled(#[case] name: &str, #[case] given: &str, #[case] written: &str) {
        assert_eq!(place(10.0).value(&UPSMON_TIMERS, name, given), written);
        assert_eq!(place(1.0).value(&UPSMON_TIMERS, name, given), given);
    }
}
