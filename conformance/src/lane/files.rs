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
        let millis = Duration::try_from_secs_f64(seconds / self.scale).unwrap_or_default().as_millis();
        format!("{}ms", millis.max(1))
    }

    /// A directive's value: a timer is scaled, anything else stays as the scenario says.
    fn value(&self, timers: &[(&str, f64)], name: &str, value: &str) -> String {
        let timer = timers.iter().any(|(timer, _)| *timer == name);
        match value.parse::<f64>() {
            Ok(seconds) if timer && seconds >= 0.0 => self.time(seconds),
            _ => value.to_owned(),
        }
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

/// A word in double quotes, with what has a meaning there escaped.
fn quote(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "._:/-".contains(c));
    if plain { word.to_owned() } else { format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"")) }
}
