//! What the files say, once understood.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// `key = value`, or a flag (`value` is `None`), in ups.conf. `Debug` hides values that may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name as written.
    pub key: String,
    /// Value, unquoted.
    pub value: Option<String>,
    /// Line of the file, from 1.
    pub line: usize,
}

impl std::fmt::Debug for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Of drivers for networked UPSes: password, authPassword, privPassword, community.
        let key = self.key.to_ascii_lowercase();
        let secret = key.contains("pass") || key.contains("community");
        match &self.value {
            None => f.write_str(&self.key),
            Some(_) if secret => write!(f, "{} = ***", self.key),
            Some(value) => write!(f, "{} = {value:?}", self.key),
        }
    }
}

/// ups.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpsConf {
    /// Settings before the first section.
    pub globals: Vec<Setting>,
    /// One a UPS, in the file's order. Sections without driver or port are left out (and said).
    pub sections: Vec<UpsSection>,
    /// How many sections were ignored: without a driver or a port, or with a header that cannot be read.
    pub bad_sections: usize,
}

/// `[name]` of ups.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpsSection {
    /// The UPS's name.
    pub name: String,
    /// `driver`
    pub driver: String,
    /// `port`
    pub port: String,
    /// `desc`
    pub desc: Option<String>,
    /// All settings of the section, `driver`, `port` and `desc` included, in order.
    pub settings: Vec<Setting>,
}

impl UpsSection {
    /// The last value of `key` (names are case-sensitive); a flag has the value "".
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.settings.iter().rev().find(|s| s.key == key).map(|s| s.value.as_deref().unwrap_or(""))
    }
}

impl UpsConf {
    /// The last global value of `key`; a flag has the value "".
    #[must_use]
    pub fn global(&self, key: &str) -> Option<&str> {
        self.globals.iter().rev().find(|s| s.key == key).map(|s| s.value.as_deref().unwrap_or(""))
    }

    /// The section of this name, compared without regard to case.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&UpsSection> {
        self.sections.iter().find(|s| s.name.eq_ignore_ascii_case(name))
    }
}

/// `LISTEN address [port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address, name or `*`.
    pub address: String,
    /// Port, 3493 unless given.
    pub port: u16,
}

/// `CERTIDENT name password`. `Debug` never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct CertIdent {
    /// Name of the certificate.
    pub name: String,
    /// Password of its key.
    pub password: String,
}

impl std::fmt::Debug for CertIdent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CERTIDENT {} ***", self.name)
    }
}

/// upsd.conf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpsdConf {
    /// MAXAGE, 15 s.
    pub max_age: Duration,
    /// TRACKINGDELAY, 3600 s.
    pub tracking_delay: Duration,
    /// ALLOW_NO_DEVICE
    pub allow_no_device: bool,
    /// ALLOW_NOT_ALL_LISTENERS
    pub allow_not_all_listeners: bool,
    /// MAXCONN
    pub max_connections: Option<usize>,
    /// STATEPATH
    pub state_path: Option<String>,
    /// DATAPATH
    pub data_path: Option<String>,
    /// LISTEN lines; empty: 127.0.0.1 and ::1, port 3493.
    pub listen: Vec<Listen>,
    /// How many LISTEN lines cannot be understood.
    pub bad_listen: usize,
    /// CERTFILE
    pub cert_file: Option<String>,
    /// CERTPATH
    pub cert_path: Option<String>,
    /// CERTIDENT
    pub cert_ident: Option<CertIdent>,
    /// CERTREQUEST: 0, 1 or 2.
    pub cert_request: u8,
    /// DISABLE_WEAK_SSL; TLS before 1.2 is not spoken in either case.
    pub disable_weak_ssl: bool,
    /// DEBUG_MIN
    pub debug_min: Option<u8>,
}

impl Default for UpsdConf {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(15),
            tracking_delay: Duration::from_secs(3600),
            allow_no_device: false,
            allow_not_all_listeners: false,
            max_connections: None,
            state_path: None,
            data_path: None,
            listen: Vec::new(),
            bad_listen: 0,
            cert_file: None,
            cert_path: None,
            cert_ident: None,
            cert_request: 0,
            disable_weak_ssl: false,
            debug_min: None,
        }
    }
}

/// What a user of upsd may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// SET VAR
    Set,
    /// FSD
    Fsd,
    /// LOGIN
    Login,
    /// PRIMARY and MASTER
    Primary,
}

/// `[name]` of upsd.users. `Debug` never shows the password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password; a user without one can never authenticate.
    pub password: Option<String>,
    /// From `actions` and `upsmon`.
    pub grants: BTreeSet<Grant>,
    /// From `instcmds`, as written; `ALL` (in any case) grants every command.
    pub commands: Vec<String>,
    /// Line of the section's header.
    pub line: usize,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("grants", &self.grants)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}

/// upsd.users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpsdUsers {
    /// In the file's order.
    pub users: Vec<User>,
}

/// Who asks whom to wait: the machine that a MONITOR line makes this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonitorRole {
    /// `primary` or `master`: shuts down last and turns the UPS off.
    Primary,
    /// `secondary` or `slave`.
    Secondary,
}

/// `MONITOR system power-value user password role`. `Debug` never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Monitor {
    /// As written: `ups@host:port`. What notices call the UPS.
    pub system: String,
    /// The UPS's name on its server.
    pub ups: String,
    /// `localhost` unless given. An IPv6 address stands without its brackets.
    pub host: String,
    /// 3493 unless given.
    pub port: u16,
    /// How many of this machine's power supplies it feeds.
    pub power_value: u32,
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Role.
    pub role: MonitorRole,
    /// Line of the file.
    pub line: usize,
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MONITOR {} {} {} *** {:?}", self.system, self.power_value, self.user, self.role)
    }
}

/// upsmon's notices, in NUT's order. `Display` and `FromStr` (any case) use NUT's names, e.g. `SHUTDOWN_HOSTSYNC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is named as upsmon.conf(5) names it")]
pub enum NotifyType {
    Online,
    OnBatt,
    LowBatt,
    Fsd,
    CommOk,
    CommBad,
    Shutdown,
    ShutdownHostSync,
    ReplBatt,
    NoComm,
    NoParent,
    Cal,
    NotCal,
    Off,
    NotOff,
    Bypass,
    NotBypass,
    Eco,
    NotEco,
    Alarm,
    NotAlarm,
    Over,
    NotOver,
    Trim,
    NotTrim,
    Boost,
    NotBoost,
    Other,
    NotOther,
    SuspendTimeJumpUnexpected,
    SuspendStarting,
    SuspendFinished,
}

/// Where a notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifyFlags {
    /// To the log.
    pub syslog: bool,
    /// To everyone who is logged in.
    pub wall: bool,
    /// To NOTIFYCMD.
    pub exec: bool,
}

impl Default for NotifyFlags {
    fn default() -> Self {
        Self { syslog: true, wall: true, exec: false }
    }
}

/// NOTIFYMSG and NOTIFYFLAG of one notice; what was not given has NUT's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotifyRule {
    /// Text with `%s` for the UPS's name (and a second `%s` in ALARM and OTHER).
    pub message: String,
    /// Where it goes; IGNORE is none of them.
    pub flags: NotifyFlags,
}

/// CONFIRM: how a critical state has to be seen before it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// In so many polls in a row; 1 is NUT's rule.
    Polls(u32),
    /// In every poll for so long.
    Time(Duration),
}

/// upsmon.conf. Durations take `5`, `500ms`, `2s`, `1.5s`, `3m` or `1h`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpsmonConf {
    /// MONITOR lines.
    pub monitors: Vec<Monitor>,
    /// MINSUPPLIES, 1.
    pub min_supplies: u32,
    /// POLLFREQ, 5 s.
    pub poll_freq: Duration,
    /// POLLFREQALERT, 5 s.
    pub poll_freq_alert: Duration,
    /// POLLFAIL_LOG_THROTTLE_MAX, -1.
    pub poll_fail_log_throttle: i32,
    /// DEADTIME, 15 s.
    pub dead_time: Duration,
    /// HOSTSYNC, 15 s.
    pub host_sync: Duration,
    /// FINALDELAY, 5 s.
    pub final_delay: Duration,
    /// RBWARNTIME, 43200 s.
    pub rb_warn_time: Duration,
    /// NOCOMMWARNTIME, 300 s.
    pub no_comm_warn_time: Duration,
    /// OFFDURATION, 30 s; `None`: never (a negative number).
    pub off_duration: Option<Duration>,
    /// OVERDURATION, `None` (-1): never.
    pub over_duration: Option<Duration>,
    /// OBLBDURATION, 0.
    pub oblb_duration: Duration,
    /// ALARMCRITICAL, true.
    pub alarm_critical: bool,
    /// COMPAT nut: a UPS that is lost in CAL, BYPASS, ALARM or OFF is critical at once. Ours, like the next five.
    pub compat_nut: bool,
    /// CONFIRM, one poll.
    pub confirm: Confirm,
    /// ONBATTSHUTDOWN, `None`: never.
    pub on_batt_shutdown: Option<Duration>,
    /// CHARGESHUTDOWN in percent, `None`: never.
    pub charge_shutdown: Option<u8>,
    /// FSDCLEAR, `None` (no): FSD counts for as long as the server says it.
    pub fsd_clear: Option<Duration>,
    /// STALEFLAG, false.
    pub stale_flag: bool,
    /// SHUTDOWNEXIT: `Some(0)` yes, exit at once; `None` no, stay; else stay so long.
    pub shutdown_exit: Option<Duration>,
    /// SHUTDOWNCMD
    pub shutdown_cmd: Option<String>,
    /// NOTIFYCMD
    pub notify_cmd: Option<String>,
    /// Every notice's rule (complete: defaults filled in).
    pub notify: BTreeMap<NotifyType, NotifyRule>,
    /// POWERDOWNFLAG
    pub powerdown_flag: Option<String>,
    /// RUN_AS_USER
    pub run_as_user: Option<String>,
    /// CERTPATH
    pub cert_path: Option<String>,
    /// CERTFILE
    pub cert_file: Option<String>,
    /// CERTIDENT
    pub cert_ident: Option<CertIdent>,
    /// CERTHOST lines; of those for one host, the last counts.
    pub cert_hosts: Vec<CertHost>,
    /// CERTVERIFY
    pub cert_verify: bool,
    /// FORCESSL
    pub force_ssl: bool,
    /// DEBUG_MIN
    pub debug_min: Option<u8>,
}

/// `CERTHOST host name verify force`: what counts for one server instead of CERTVERIFY and FORCESSL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertHost {
    /// The server, as MONITOR names it.
    pub host: String,
    /// The name that its certificate is to have.
    pub name: String,
    /// Whether its certificate is verified; `None` (-1): as CERTVERIFY says.
    pub verify: Option<bool>,
    /// Whether it is turned away when it does not encrypt; `None` (-1): as FORCESSL says.
    pub force: Option<bool>,
}

/// nut.conf: shell assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NutConf {
    /// Every assignment by name, unquoted.
    pub values: BTreeMap<String, String>,
}
