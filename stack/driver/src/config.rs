//! What one driver is told: the section of its UPS, the globals of ups.conf and the `-x` pairs, put together.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use outage_config::{SECTION_KEYS, Setting, UpsConf, UpsSection};

/// The update cycle unless `pollinterval` says otherwise.
pub const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// Options whose value never shows in `driver.parameter.*`, whoever asks.
const SECRET_WORDS: [&str; 6] = ["pass", "secret", "community", "authkey", "privkey", "token"];

/// Options by name; a flag has no value. What was given last counts, and `-x` counts more than ups.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options(BTreeMap<String, Option<String>>);

impl Options {
    /// The value of an option; a flag has the value "".
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_deref().unwrap_or(""))
    }

    /// Whether a flag is given. A value that says no (`no`, `false`, `off`, `0`, `disabled`) counts as not given.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| yes(value).unwrap_or(true))
    }

    /// Gives an option, replacing what was given before.
    pub fn set(&mut self, name: impl Into<String>, value: Option<String>) {
        self.0.insert(name.into(), value);
    }

    /// Takes an option back.
    pub fn unset(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// All of them, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

/// `-x name` or `-x name=value`.
pub type ExtraOption = (String, Option<String>);

/// Everything a driver needs to know; [`DriverConfig::build`] makes it, [`crate::run`] uses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverConfig {
    /// The name the driver is called by: `usbhid-ups`, `nutdrv_qx`, ..
    pub driver: String,
    /// The UPS's name: the section's, or that of `-s`.
    pub ups: String,
    /// `port`
    pub port: String,
    /// Every option of the section and of `-x`.
    pub options: Options,
    /// Time between two update cycles, never zero.
    pub poll_interval: Duration,
    /// Folder of the socket.
    pub state_path: PathBuf,
    /// Folder of the pid file.
    pub pid_path: PathBuf,
    /// ups.conf, read again on reload; `None` with `-s`.
    pub conf_path: Option<PathBuf>,
    /// What `-x` gave; kept for reload.
    pub extra: Vec<ExtraOption>,
    /// Least verbosity: `debug_min`.
    pub debug_min: u8,
    /// `user`: who to become when started by root.
    pub user: Option<String>,
    /// `group`
    pub group: Option<String>,
    /// `chroot`: the folder that is made `/` before the device is opened.
    pub root: Option<PathBuf>,
    /// `synchronous`, as it is shown. Nothing follows from it: what is said to clients of the socket always waits in
    /// queues of their own.
    pub synchronous: &'static str,
    /// `sdcommands`: what `-k` tries, in order, until one works.
    pub shutdown_commands: Vec<String>,
    /// `allow_killpower`: `driver.killpower` works without being allowed first.
    pub allow_killpower: bool,
    /// `ignorelb`: LB is judged from charge and runtime, not believed.
    pub ignore_lb: bool,
    /// `override.NAME`
    pub overrides: Vec<(String, String)>,
    /// `default.NAME`
    pub defaults: Vec<(String, String)>,
    /// `reconnect_max_tries`: how many failed opens end the driver; `None` (-1): none do.
    pub max_tries: Option<u32>,
    /// `reconnect_report_freq`: log every n-th failed open; `None` (-1): seldom.
    pub report_every: Option<u32>,
}

impl DriverConfig {
    /// Puts together what ups.conf says of one UPS and what the command line adds. Also returns one line for each thing
    /// that could not be used; the rest still counts.
    ///
    /// `driver` is the name the program was called by; a section may be run by a driver of another name (it is said).
    #[must_use]
    pub fn build(
        driver: &str,
        conf: &UpsConf,
        section: &UpsSection,
        extra: &[ExtraOption],
        state_path: impl Into<PathBuf>,
        pid_path: impl Into<PathBuf>,
    ) -> (Self, Vec<String>) {
        let mut notes = Vec::new();
        let mut options = Options::default();
        let from_section =
            section.settings.iter().map(|Setting { key, value, .. }| (key.clone(), value.clone()));
        for (name, value) in from_section.chain(extra.iter().cloned()) {
            options.set(name, value);
        }
        let either = |name: &str| options.get(name).or_else(|| conf.global(name)).map(str::to_owned);

        let mut config = Self {
            driver: driver.to_owned(),
            ups: section.name.clone(),
            port: options.get("port").unwrap_or(&section.port).to_owned(),
            poll_interval: POLL_INTERVAL,
            state_path: state_path.into(),
            pid_path: pid_path.into(),
            conf_path: None,
            extra: extra.to_vec(),
            debug_min: 0,
            user: either("user"),
            group: either("group"),
            root: either("chroot").filter(|path| !path.is_empty()).map(PathBuf::from),
            synchronous: match either("synchronous").as_deref() {
                None | Some("auto") => "auto",
                Some("yes") => "yes",
                Some(_) => "no",
            },
            shutdown_commands: vec!["shutdown.default".into()],
            allow_killpower: options.flag("allow_killpower")
                || conf.global("allow_killpower").is_some_and(is_yes),
            ignore_lb: options.flag("ignorelb"),
            overrides: Vec::new(),
            defaults: Vec::new(),
            max_tries: None,
            report_every: None,
            options: Options::default(),
        };
        if let Some(text) = either("pollinterval") {
            match duration(&text).filter(|length| !length.is_zero()) {
                Some(length) => config.poll_interval = length,
                // What stands before the sections was said where the file was read, for all UPSes at once.
                None if options.get("pollinterval").is_none() => {}
                None => notes.push(format!(
                    "[{}] pollinterval = {text} is not a time above zero: using {} s",
                    config.ups,
                    POLL_INTERVAL.as_secs()
                )),
            }
        }
        for (name, field) in [
            ("reconnect_max_tries", &mut config.max_tries),
            ("reconnect_report_freq", &mut config.report_every),
        ] {
            if let Some(text) = either(name) {
                match text.trim().parse::<i64>() {
                    Ok(number) => *field = u32::try_from(number).ok(),
                    Err(_) => {
                        notes.push(format!("[{}] {name} = {text} is not a number: ignored", config.ups));
                    }
                }
            }
        }
        if let Some(text) = either("debug_min") {
            match text.trim().parse() {
                Ok(level) => config.debug_min = level,
                Err(_) => notes.push(format!("[{}] debug_min = {text} is not a number: ignored", config.ups)),
            }
        }
        if let Some(text) = either("sdcommands") {
            let commands: Vec<String> =
                text.split(',').map(str::trim).filter(|c| !c.is_empty()).map(Into::into).collect();
            if !commands.is_empty() {
                config.shutdown_commands = commands;
            }
        }
        for (name, value) in options.iter() {
            for (prefix, list) in [("override.", &mut config.overrides), ("default.", &mut config.defaults)] {
                let Some(variable) = name.strip_prefix(prefix) else { continue };
                match value {
                    Some(value) if is_variable_name(variable) => {
                        list.push((variable.to_owned(), value.to_owned()));
                    }
                    _ => notes
                        .push(format!("[{}] {name} names no variable, or has no value: ignored", config.ups)),
                }
            }
        }
        config.options = options;
        (config, notes)
    }

    /// A configuration for a UPS that no file knows (`-s`), or for a test: defaults, and what `extra` says.
    #[must_use]
    pub fn ad_hoc(
        driver: &str,
        ups: &str,
        extra: &[ExtraOption],
        state_path: impl Into<PathBuf>,
        pid_path: impl Into<PathBuf>,
    ) -> (Self, Vec<String>) {
        let section = UpsSection { name: ups.to_owned(), driver: driver.to_owned(), ..UpsSection::default() };
        Self::build(driver, &UpsConf::default(), &section, extra, state_path, pid_path)
    }

    /// The socket's path: `STATEPATH/DRIVER-UPS`.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.state_path.join(format!("{}-{}", self.driver, self.ups))
    }

    /// The pid file's path: `PIDPATH/DRIVER-UPS.pid`.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.pid_path.join(format!("{}-{}.pid", self.driver, self.ups))
    }

    /// What the driver publishes of its own configuration, as variables; nothing secret.
    #[must_use]
    pub fn published(&self) -> Vec<(String, String)> {
        let mut list = vec![
            ("driver.parameter.pollinterval".to_owned(), seconds(self.poll_interval)),
            ("driver.parameter.port".to_owned(), self.port.clone()),
            ("driver.parameter.synchronous".to_owned(), self.synchronous.to_owned()),
            ("driver.flag.allow_killpower".to_owned(), u8::from(self.allow_killpower).to_string()),
        ];
        for (name, value) in self.options.iter() {
            // Of those that all drivers share, NUT shows these; two more are above.
            let shared =
                SECTION_KEYS.contains(&name) && !matches!(name, "ignorelb" | "nolock" | "sdcommands");
            let lower = name.to_ascii_lowercase();
            if shared
                || name.starts_with("override.")
                || name.starts_with("default.")
                || !is_variable_name(name)
                || SECRET_WORDS.iter().any(|word| lower.contains(word))
            {
                continue;
            }
            list.push(match value {
                Some(value) => (format!("driver.parameter.{name}"), value.to_owned()),
                None => (format!("driver.flag.{name}"), "enabled".to_owned()),
            });
        }
        list
    }
}

/// Whether a variable may have this name: what every lexer of the protocol takes as one word.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// `yes`, `true`, `on`, `1`, `enabled` and their opposites, in any case.
#[must_use]
pub fn yes(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" | "enable" | "enabled" => Some(true),
        "no" | "false" | "off" | "0" | "disable" | "disabled" => Some(false),
        _ => None,
    }
}

fn is_yes(text: &str) -> bool {
    yes(text).unwrap_or(text.is_empty())
}

/// A time as all of NUT's files take it: `2`, `0.5`, `500ms`, `2s`, `3m`, `1h`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    outage_config::duration(text.trim()).ok()
}

/// A time as `pollinterval` shows it: `2`, or `0.5`.
fn seconds(length: Duration) -> String {
    if length.subsec_nanos() == 0 { length.as_secs().to_string() } else { length.as_secs_f64().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(key: &str, value: Option<&str>) -> Setting {
        Setting { key: key.into(), value: value.map(Into::into), line: 1 }
    }

    fn build(
        globals: &[Setting],
        settings: &[Setting],
        extra: &[ExtraOption],
    ) -> (DriverConfig, Vec<String>) {
        let section = UpsSection {
            name: "den".into(),
            driver: "nutdrv_qx".into(),
            port: "/dev/ttyS0".into(),
            settings: settings.to_vec(),
            ..UpsSection::default()
        };
        let conf = UpsConf { globals: globals.to_vec(), sections: vec![section.clone()], bad_sections: 0 };
        DriverConfig::build("nutdrv_qx", &conf, &section, extra, "/run/nut", "/run")
    }

    #[test]
    fn the_section_beats_the_globals_and_the_command_line_beats_both() {
        let globals = [setting("pollinterval", Some("9"))];
        let section = [setting("pollinterval", Some("5")), setting("offdelay", Some("30"))];
        assert_eq!(build(&globals, &[], &[]).0.poll_interval, Duration::from_secs(9));
        assert_eq!(build(&globals, &section, &[]).0.poll_interval, Duration::from_secs(5));
        let (config, notes) = build(&globals, &section, &[("pollinterval".into(), Some("500ms".into()))]);
        assert_eq!((config.poll_interval, notes.len()), (Duration::from_millis(500), 0));
        assert_eq!(config.options.get("offdelay"), Some("30"));
    }

    #[test]
    fn what_cannot_be_used_is_said_and_loses_nothing_else() {
        let section = [
            setting("pollinterval", Some("0")),
            setting("reconnect_max_tries", Some("many")),
            setting("debug_min", Some("x")),
            setting("override.battery.charge.low", Some("40")),
            setting("override.", Some("40")),
            setting("default.ups.mfr", None),
            setting("sdcommands", Some("load.off, shutdown.return,")),
        ];
        let (config, notes) = build(&[], &section, &[]);
        assert_eq!(notes.len(), 5, "{notes:?}");
        assert_eq!(config.poll_interval, POLL_INTERVAL);
        assert_eq!(config.overrides, [("battery.charge.low".to_owned(), "40".to_owned())]);
        assert_eq!(config.shutdown_commands, ["load.off", "shutdown.return"]);
    }

    #[test]
    fn what_is_wrong_for_all_is_not_said_for_each() {
        let (config, notes) = build(&[setting("pollinterval", Some("0"))], &[], &[]);
        assert_eq!((config.poll_interval, notes), (POLL_INTERVAL, Vec::new()));
    }

    #[test]
    fn published_options_hold_no_secret() {
        let section = [
            setting("driver", Some("x")),
            setting("community", Some("hush")),
            setting("authPassword", Some("hush")),
            setting("ignoresab", None),
            setting("ondelay", Some("180")),
            setting("odd name", Some("1")),
            setting("maxretry", Some("3")),
            setting("sdcommands", Some("load.off")),
            setting("synchronous", Some("yes")),
        ];
        let shown: Vec<String> = build(&[], &section, &[])
            .0
            .published()
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        driver.parameter.pollinterval=2
        driver.parameter.port=/dev/ttyS0
        driver.parameter.synchronous=yes
        driver.flag.allow_killpower=0
        driver.flag.ignoresab=enabled
        driver.parameter.ondelay=180
        driver.parameter.sdcommands=load.off
        ");
    }

    #[test]
    fn flags_and_paths() {
        let (config, _) = build(&[], &[setting("ignorelb", None), setting("nolock", Some("no"))], &[]);
        assert!(config.ignore_lb);
        assert!(!config.options.flag("nolock"));
        assert_eq!(config.socket(), PathBuf::from("/run/nut/nutdrv_qx-den"));
        assert_eq!(config.pid_file(), PathBuf::from("/run/nutdrv_qx-den.pid"));
    }
}
