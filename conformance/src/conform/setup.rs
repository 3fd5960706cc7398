//! Fixtures: the configuration of the subject's upsd and the drivers that the harness plays for it.

use std::fmt::Write as _;
use std::path::Path;

/// What a played driver does when upsd comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Answers DUMPALL with its dump, and PING with PONG.
    #[default]
    Right,
    /// The same, but says DATASTALE before it says DUMPDONE.
    Stale,
    /// Accepts the connection and never says a word.
    Mute,
    /// Is not there: no socket.
    Absent,
}

/// A UPS of the fixture, whose driver the harness plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayedUps {
    /// Its section in ups.conf.
    pub name: String,
    /// Its `desc`, if it has one.
    pub desc: Option<String>,
    /// What its driver does when upsd comes.
    pub manner: Manner,
    /// The lines of its dump, without DATAOK and DUMPDONE.
    pub dump: Vec<String>,
}

impl PlayedUps {
    /// The socket of its driver, below the state folder.
    #[must_use]
    pub fn socket(&self) -> String {
        format!("run/dummy-ups-{}", self.name)
    }
}

/// A fixture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The UPSes with a driver that the harness plays, in the order of ups.conf.
    pub upses: Vec<PlayedUps>,
    /// Lines of upsd.conf besides LISTEN.
    pub upsd_conf: Vec<String>,
    /// Lines of upsd.users.
    pub upsd_users: Vec<String>,
    /// Lines at the end of ups.conf: sections that the harness plays no driver for.
    pub ups_conf: Vec<String>,
    /// More arguments of upsd.
    pub arguments: Vec<String>,
    /// No other case may use the same upsd, before or after.
    pub fresh: bool,
    /// No `LISTEN` line is written but what [`Setup::upsd_conf`] says.
    pub no_listen: bool,
    /// upsd is not waited for.
    pub no_wait: bool,
}

/// The standard fixture's UPS.
pub const UPS: &str = "dummy";
/// Every user's password in the standard fixture.
pub const PASSWORD: &str = "secret";

/// The dump of the standard fixture's driver.
pub const STANDARD_DUMP: &[&str] = &[
    "SETINFO battery.charge \"100\"",
    "SETINFO battery.charge.low \"20\"",
    "SETAUX battery.charge.low 10",
    "SETFLAGS battery.charge.low RW STRING",
    "SETINFO device.mfr \"Outage\"",
    "SETINFO device.model \"A \\\"quoted\\\" \\\\ \\# model\"",
    "SETINFO input.sensitivity \"medium\"",
    "ADDENUM input.sensitivity \"low\"",
    "ADDENUM input.sensitivity \"medium\"",
    "ADDENUM input.sensitivity \"high\"",
    "SETFLAGS input.sensitivity RW",
    "SETINFO input.transfer.low \"160\"",
    "ADDRANGE input.transfer.low 150 170",
    "ADDRANGE input.transfer.low 200 210",
    "SETFLAGS input.transfer.low RW",
    "SETINFO ups.id \"lab\"",
    "SETAUX ups.id 8",
    "SETFLAGS ups.id RW STRING",
    "SETINFO ups.status \"OL\"",
    "ADDCMD beeper.toggle",
    "ADDCMD load.off",
    "ADDCMD test.battery.start",
];

/// The descriptions that every fixture's upsd is given: what a machine has installed must change no verdict. The texts of
/// names that people know are those that they know.
pub const CMDVARTAB: &str = r#"# Descriptions of the conformance harness.
VARDESC battery.charge "Battery charge (percent of full)"
VARDESC battery.charge.low "Remaining battery level when UPS switches to LB (percent)"
VARDESC device.mfr "Device manufacturer"
VARDESC device.model "Device model"
VARDESC input.sensitivity "Input power sensitivity"
VARDESC input.transfer.low "Low voltage transfer point (V)"
VARDESC ups.id "UPS system identifier"
VARDESC ups.status "UPS status"
CMDDESC beeper.toggle "Toggle the UPS beeper"
CMDDESC load.off "Turn off the load immediately"
CMDDESC test.battery.start "Start a battery test"
"#;

/// upsd.users of the standard fixture.
pub const STANDARD_USERS: &[&str] = &[
    "[admin]",
    "password = secret",
    "actions = SET",
    "actions = FSD",
    "instcmds = ALL",
    "[operator]",
    "password = secret",
    "instcmds = beeper.toggle",
    "instcmds = test.battery.start",
    "[guest]",
    "password = secret",
    "[nopassword]",
    "actions = SET",
    "instcmds = ALL",
    "[primary]",
    "password = secret",
    "upsmon primary",
    "[secondary]",
    "password = secret",
    "upsmon secondary",
    "[master]",
    "password = secret",
    "upsmon master",
    "[slave]",
    "password = secret",
    "upsmon slave",
];

impl Setup {
    /// The standard fixture: one UPS, `dummy` ("The standard UPS"), with [`STANDARD_DUMP`] and [`STANDARD_USERS`].
    #[must_use]
    pub fn standard() -> Self {
        let mut setup = Self::bare();
        setup.ups(UPS, Some("The standard UPS")).dump = owned(STANDARD_DUMP);
        setup.upsd_users = owned(STANDARD_USERS);
        setup
    }

    /// No UPS, no users.
    #[must_use]
    pub fn bare() -> Self {
        Self::default()
    }

    /// The UPS of this name, added with this description when there is none yet.
    pub fn ups(&mut self, name: &str, desc: Option<&str>) -> &mut PlayedUps {
        let at = self.upses.iter().position(|ups| ups.name == name).unwrap_or_else(|| {
            self.upses.push(PlayedUps {
                name: name.to_owned(),
                desc: None,
                manner: Manner::Right,
                dump: Vec::new(),
            });
            self.upses.len() - 1
        });
        let ups = &mut self.upses[at];
        if let Some(desc) = desc {
            ups.desc = Some(desc.to_owned());
        }
        ups
    }

    /// The same with a line more in upsd.conf.
    #[must_use]
    pub fn conf(mut self, line: impl Into<String>) -> Self {
        self.upsd_conf.push(line.into());
        self
    }

    /// The same with lines more in upsd.users.
    #[must_use]
    pub fn users(mut self, lines: &[&str]) -> Self {
        self.upsd_users.extend(owned(lines));
        self
    }

    /// The same with lines more in the dump of a UPS's driver.
    #[must_use]
    pub fn dump(mut self, ups: &str, lines: &[&str]) -> Self {
        self.ups(ups, None).dump.extend(owned(lines));
        self
    }

    /// The same with another manner of a UPS's driver.
    #[must_use]
    pub fn manner(mut self, ups: &str, manner: Manner) -> Self {
        self.ups(ups, None).manner = manner;
        self
    }

    /// The same for one case alone.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Does what a `setup:` line of a conversation says:
    ///
    /// ```text
    /// setup: bare                       nothing of the standard fixture: no UPS, no users
    /// setup: ups attic "Under the roof" one UPS more; the description may be missing
    /// setup: dump dummy: SETINFO a "b"  a line more in the dump of its driver
    /// setup: no-dump dummy              its dump begins empty
    /// setup: driver dummy stale         or mute, absent, right: see `Manner`
    /// setup: upsd.conf MAXAGE 2         a line more in upsd.conf
    /// setup: upsd.users [new]           a line more in upsd.users
    /// setup: ups.conf [raw]             a line more at the end of ups.conf
    /// setup: argument -q                one argument more for upsd
    /// setup: fresh                      an upsd of its own
    /// setup: no-listen                  no LISTEN line is written
    /// setup: no-wait                    upsd is not waited for: what becomes of it is the claim
    /// ```
    ///
    /// # Errors
    /// Text: it says none of these.
    pub fn line(&mut self, text: &str) -> Result<(), String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let rest = rest.trim_start();
        match word {
            "bare" => *self = Self { fresh: self.fresh, ..Self::bare() },
            "fresh" => self.fresh = true,
            "no-listen" => self.no_listen = true,
            "no-wait" => self.no_wait = true,
            "ups" => {
                let (name, desc) = rest.split_once(' ').unwrap_or((rest, ""));
                let desc = desc.trim().trim_matches('"');
                self.ups(name, (!desc.is_empty()).then_some(desc));
            }
            "dump" => {
                let (name, line) =
                    rest.split_once(": ").ok_or_else(|| format!("`dump {rest}`: dump UPS: LINE"))?;
                self.known(name)?.dump.push(line.to_owned());
            }
            "no-dump" => self.known(rest)?.dump.clear(),
            "driver" => {
                let (name, manner) =
                    rest.split_once(' ').ok_or_else(|| format!("`driver {rest}`: driver UPS MANNER"))?;
                self.known(name)?.manner = match manner {
                    "right" => Manner::Right,
                    "stale" => Manner::Stale,
                    "mute" => Manner::Mute,
                    "absent" => Manner::Absent,
                    other => return Err(format!("`{other}`: right, stale, mute or absent")),
                };
            }
            "upsd.conf" => self.upsd_conf.push(rest.to_owned()),
            "upsd.users" => self.upsd_users.push(rest.to_owned()),
            "ups.conf" => self.ups_conf.push(rest.to_owned()),
            "argument" => self.arguments.push(rest.to_owned()),
            other => return Err(format!("there is no setup `{other}`")),
        }
        Ok(())
    }

    fn known(&mut self, name: &str) -> Result<&mut PlayedUps, String> {
        let missing = || format!("the fixture has no UPS `{name}`");
        self.upses.iter_mut().find(|ups| ups.name == name).ok_or_else(missing)
    }

    /// The text of ups.conf.
    #[must_use]
    pub fn ups_conf_text(&self) -> String {
        let mut text = String::new();
        for ups in &self.upses {
            // Writing to a String can't fail.
            let _ = writeln!(text, "[{}]\n  driver = dummy-ups\n  port = none", ups.name);
            if let Some(desc) = &ups.desc {
                let _ = writeln!(text, "  desc = \"{desc}\"");
            }
        }
        for line in &self.ups_conf {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The text of upsd.conf for an upsd that is to listen here, and finds [`CMDVARTAB`] in the folder `data`.
    #[must_use]
    pub fn upsd_conf_text(&self, host: &str, port: u16, data: &Path) -> String {
        let mut text = if self.no_listen { String::new() } else { format!("LISTEN {host} {port}\n") };
        if !self.upsd_conf.iter().any(|line| line.starts_with("DATAPATH")) {
            text += &format!("DATAPATH \"{}\"\n", data.display());
        }
        if self.upses.is_empty() && self.ups_conf.is_empty() {
            text += "ALLOW_NO_DEVICE true\n";
        }
        for line in &self.upsd_conf {
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The text of upsd.users.
    #[must_use]
    pub fn upsd_users_text(&self) -> String {
        self.upsd_users.iter().map(|line| format!("{line}\n")).collect()
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}
