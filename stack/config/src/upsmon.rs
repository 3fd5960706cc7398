//! upsmon.conf(5).

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::duration::{duration, duration_or_never};
use crate::file::{Faults, Row, Token, rows, shown};
use crate::model::{
    CertHost, CertIdent, Confirm, Monitor, MonitorRole, NotifyFlags, NotifyRule, NotifyType, UpsmonConf,
};
use crate::notify;
use crate::suggest::nearest;
use crate::value::{Directive, boolean};

/// The directives of upsmon.conf(5), as a table for those who tell people of them.
pub const UPSMON_DIRECTIVES: &[&str] = &[
    "ALARMCRITICAL",
    "CERTFILE",
    "CERTHOST",
    "CERTIDENT",
    "CERTPATH",
    "CERTVERIFY",
    "CHARGESHUTDOWN",
    "COMPAT",
    "CONFIRM",
    "DEADTIME",
    "DEBUG_MIN",
    "FINALDELAY",
    "FORCESSL",
    "FSDCLEAR",
    "HOSTSYNC",
    "MINSUPPLIES",
    "MONITOR",
    "NOCOMMWARNTIME",
    "NOTIFYCMD",
    "NOTIFYFLAG",
    "NOTIFYMSG",
    "OBLBDURATION",
    "OFFDURATION",
    "ONBATTSHUTDOWN",
    "OVERDURATION",
    "POLLFAIL_LOG_THROTTLE_MAX",
    "POLLFREQ",
    "POLLFREQALERT",
    "POWERDOWNFLAG",
    "RBWARNTIME",
    "RUN_AS_USER",
    "SHUTDOWNCMD",
    "SHUTDOWNEXIT",
    "STALEFLAG",
];

/// `FSDCLEAR yes`: HOSTSYNC, FINALDELAY, and all the time that a machine may take to go down.
const FSD_CLEAR: Duration = Duration::from_secs(300);

impl Default for UpsmonConf {
    /// What upsmon does with an empty file.
    fn default() -> Self {
        Self {
            monitors: Vec::new(),
            min_supplies: 1,
            poll_freq: Duration::from_secs(5),
            poll_freq_alert: Duration::from_secs(5),
            poll_fail_log_throttle: -1,
            dead_time: Duration::from_secs(15),
            host_sync: Duration::from_secs(15),
            final_delay: Duration::from_secs(5),
            rb_warn_time: Duration::from_secs(43200),
            no_comm_warn_time: Duration::from_secs(300),
            off_duration: Some(Duration::from_secs(30)),
            over_duration: None,
            oblb_duration: Duration::ZERO,
            alarm_critical: true,
            compat_nut: false,
            confirm: Confirm::Polls(1),
            on_batt_shutdown: None,
            charge_shutdown: None,
            fsd_clear: None,
            stale_flag: false,
            shutdown_exit: Some(Duration::ZERO),
            shutdown_cmd: None,
            notify_cmd: None,
            notify: notify::stock(),
            powerdown_flag: None,
            run_as_user: None,
            cert_path: None,
            cert_file: None,
            cert_ident: None,
            cert_hosts: Vec::new(),
            cert_verify: false,
            force_ssl: false,
            debug_min: None,
        }
    }
}

impl UpsmonConf {
    /// The sum of all power values.
    #[must_use]
    pub fn power_value(&self) -> u64 {
        self.monitors.iter().map(|monitor| u64::from(monitor.power_value)).sum()
    }

    /// Why upsmon cannot run with this: it would shut the machine down at once. A fragment, without a full stop.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let (sum, least) = (self.power_value(), self.min_supplies);
        if sum >= u64::from(least) {
            return None;
        }
        let remedy = if self.monitors.is_empty() {
            "there is no valid MONITOR line".to_owned()
        } else {
            "raise a power value, or lower MINSUPPLIES".to_owned()
        };
        Some(format!(
            "insufficient power configured: the sum of power values is {sum}, MINSUPPLIES is {least}; {remedy}"
        ))
    }
}

/// Reads upsmon.conf. Directives are upper-case, except that DEBUG_MIN may be written in any case.
///
/// Also ask [`UpsmonConf::problem`] whether upsmon can run with it.
#[must_use]
pub fn upsmon_conf(file: &str, text: &[u8]) -> (UpsmonConf, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = UpsmonConf::default();
    for row in rows(text, &mut faults) {
        directive(&mut conf, &row, &mut faults);
    }
    (conf, faults.finish())
}

fn directive(conf: &mut UpsmonConf, row: &Row, faults: &mut Faults) {
    let key = row.key();
    let known = UPSMON_DIRECTIVES.iter().copied().find(|name| *name == key.text);
    let known = known.or_else(|| key.text.eq_ignore_ascii_case("DEBUG_MIN").then_some("DEBUG_MIN"));
    let Some(name) = known else {
        faults.unknown("directive", key, UPSMON_DIRECTIVES.iter().copied());
        return;
    };
    let mut directive = Directive { name, row, faults };
    match name {
        "MONITOR" => monitor(conf, &mut directive),
        "MINSUPPLIES" => directive.number(&mut conf.min_supplies),
        "POLLFREQ" => directive.period(&mut conf.poll_freq),
        "POLLFREQALERT" => directive.period(&mut conf.poll_freq_alert),
        "POLLFAIL_LOG_THROTTLE_MAX" => directive.number(&mut conf.poll_fail_log_throttle),
        "DEADTIME" => directive.time(&mut conf.dead_time),
        "HOSTSYNC" => directive.time(&mut conf.host_sync),
        "FINALDELAY" => directive.time(&mut conf.final_delay),
        "RBWARNTIME" => directive.time(&mut conf.rb_warn_time),
        "NOCOMMWARNTIME" => directive.time(&mut conf.no_comm_warn_time),
        "OFFDURATION" => directive.time_or_never(&mut conf.off_duration),
        "OVERDURATION" => directive.time_or_never(&mut conf.over_duration),
        "OBLBDURATION" => {
            // Zero and less: at once.
            let mut grace = Some(conf.oblb_duration);
            directive.time_or_never(&mut grace);
            conf.oblb_duration = grace.unwrap_or_default();
        }
        "ALARMCRITICAL" => directive.boolean(&mut conf.alarm_critical),
        "COMPAT" => compat(conf, &mut directive),
        "CONFIRM" => confirm(conf, &mut directive),
        "ONBATTSHUTDOWN" => directive.time_or_never(&mut conf.on_batt_shutdown),
        "CHARGESHUTDOWN" => charge_shutdown(conf, &mut directive),
        "FSDCLEAR" => fsd_clear(conf, &mut directive),
        "STALEFLAG" => directive.boolean(&mut conf.stale_flag),
        "SHUTDOWNEXIT" => shutdown_exit(conf, &mut directive),
        "SHUTDOWNCMD" => directive.phrase(&mut conf.shutdown_cmd),
        "NOTIFYCMD" => directive.phrase(&mut conf.notify_cmd),
        "NOTIFYMSG" => notify_msg(conf, &mut directive),
        "NOTIFYFLAG" => notify_flag(conf, &mut directive),
        "POWERDOWNFLAG" => directive.text(&mut conf.powerdown_flag),
        "RUN_AS_USER" => directive.text(&mut conf.run_as_user),
        "DEBUG_MIN" => directive.optional_number(&mut conf.debug_min),
        "CERTPATH" => directive.text(&mut conf.cert_path),
        "CERTFILE" => directive.text(&mut conf.cert_file),
        "CERTVERIFY" => {
            if let Some(word) = directive.one(None) {
                conf.cert_verify = guard(&mut directive, word);
            }
        }
        "FORCESSL" => {
            if let Some(word) = directive.one(None) {
                conf.force_ssl = guard(&mut directive, word);
            }
        }
        "CERTHOST" => cert_host(conf, &mut directive),
        "CERTIDENT" => {
            if let Some([name, password]) = directive.values(2, 2) {
                conf.cert_ident =
                    Some(CertIdent { name: name.text.clone(), password: password.text.clone() });
            }
        }
        _ => {}
    }
}

/// `MONITOR system power-value user password role`. No message shows a word: with one left out, any may be the password.
fn monitor(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    const FORM: &str = "write MONITOR ups@host power-value user password primary|secondary";
    let (row, faults) = (directive.row, &mut *directive.faults);
    let values = row.values();
    if values.len() == 4 {
        faults.error(row.spot(), "MONITOR with four values is the form before NUT 1.4, ignored").help(FORM);
        return;
    }
    let [system, power_value, user, password, role, surplus @ ..] = values else {
        faults.error(row.spot(), "MONITOR needs five values, ignored").help(FORM);
        return;
    };
    faults.surplus(surplus);
    let Some((ups, host, port)) = split_system(&system.text) else {
        faults.error(system.spot, "MONITOR needs ups@host or ups@host:port, line ignored");
        return;
    };
    let Ok(power_value) = power_value.text.parse::<u32>() else {
        faults
            .error(power_value.spot, "power value must be a whole number, 0 or more, line ignored")
            .help(FORM);
        return;
    };
    let role = match role.text.to_ascii_lowercase().as_str() {
        "primary" | "master" => MonitorRole::Primary,
        "secondary" | "slave" => MonitorRole::Secondary,
        _ => {
            faults.error(role.spot, "role must be primary or secondary, line ignored").help(FORM);
            return;
        }
    };
    if let Some(first) = conf.monitors.iter().find(|other| other.system == system.text) {
        let line = first.line;
        faults.warning(system.spot, format!("this UPS is monitored already (line {line}), line ignored"));
        return;
    }
    conf.monitors.push(Monitor {
        system: system.text.clone(),
        ups: ups.to_owned(),
        host: host.to_owned(),
        port,
        power_value,
        user: user.text.clone(),
        password: password.text.clone(),
        role,
        line: row.line(),
    });
}

/// `ups[@host[:port]]`, with an IPv6 address in brackets, into UPS, host and port.
#[must_use]
pub fn split_system(system: &str) -> Option<(&str, &str, u16)> {
    let (ups, place) = match system.split_once('@') {
        Some((ups, place)) => (ups, Some(place)),
        None => (system, None),
    };
    if ups.is_empty() {
        return None;
    }
    let Some(place) = place else { return Some((ups, "localhost", outage_wire::DEFAULT_PORT)) };
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            match rest {
                "" => (host, None),
                _ => (host, Some(rest.strip_prefix(':')?)),
            }
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port {
        None => outage_wire::DEFAULT_PORT,
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
    };
    (!host.is_empty()).then_some((ups, host, port))
}

/// Whether something is guarded. What cannot be read is no reason to leave it open.
fn guard(directive: &mut Directive<'_, '_>, word: &Token) -> bool {
    boolean(&word.text).unwrap_or_else(|| {
        let text = format!("{} needs 0 or 1, not {}", directive.name, shown(&word.text));
        directive.faults.error(word.spot, text).help("until it is mended it counts as 1");
        true
    })
}

/// `CERTHOST host name verify force`, of which the last two are 1, 0 or -1.
fn cert_host(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let Some([host, name, verify, force]) = directive.values(4, 4) else { return };
    let mut flag = |word: &Token| (word.text != "-1").then(|| guard(&mut *directive, word));
    let (verify, force) = (flag(verify), flag(force));
    conf.cert_hosts.retain(|other| !other.host.eq_ignore_ascii_case(&host.text));
    conf.cert_hosts.push(CertHost { host: host.text.clone(), name: name.text.clone(), verify, force });
}

fn shutdown_exit(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let Some(word) = directive.one(None) else { return };
    // 1 and 0 are seconds here.
    if let Ok(time) = duration_or_never(&word.text) {
        conf.shutdown_exit = time;
    } else if let Some(exit) = boolean(&word.text) {
        conf.shutdown_exit = exit.then_some(Duration::ZERO);
    } else {
        directive.bad(word, "needs yes, no or a time");
    }
}

/// `COMPAT nut`. There is nothing else to be compatible with.
fn compat(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let Some(word) = directive.one(None) else { return };
    if word.text.eq_ignore_ascii_case("nut") {
        conf.compat_nut = true;
    } else {
        directive.bad(word, "can only be nut");
    }
}

/// `CONFIRM 3`: polls; with a unit (`CONFIRM 10s`) a time.
fn confirm(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    const NEED: &str = "needs a number of polls, 1 or more, or a time with its unit";
    let Some(word) = directive.one(None) else { return };
    let polls = word.text.parse::<u32>();
    // A number alone counts polls, never seconds.
    let with_unit = word.text.ends_with(|c: char| c.is_ascii_alphabetic());
    conf.confirm = match (polls, duration(&word.text)) {
        (Ok(polls @ 1..), _) => Confirm::Polls(polls),
        (Err(_), Ok(time)) if with_unit && !time.is_zero() => Confirm::Time(time),
        _ => return directive.bad(word, NEED),
    };
}

fn charge_shutdown(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let Some(word) = directive.one(None) else { return };
    match word.text.parse() {
        Ok(percent @ 0..=100) => conf.charge_shutdown = Some(percent),
        _ => directive.bad(word, "needs a whole number of percent, 0 to 100"),
    }
}

/// `FSDCLEAR yes`, `no`, or how long. 1 and 0 are yes and no: a second would be far too short.
fn fsd_clear(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let Some(word) = directive.one(None) else { return };
    match (boolean(&word.text), duration(&word.text)) {
        (Some(on), _) => conf.fsd_clear = on.then_some(FSD_CLEAR),
        (None, Ok(time)) if !time.is_zero() => conf.fsd_clear = Some(time),
        _ => directive.bad(word, "needs yes, no or a time of more than 0"),
    }
}

fn notice(word: &Token, faults: &mut Faults) -> Option<NotifyType> {
    let notice = word.text.parse().ok();
    if notice.is_none() {
        faults.unknown("notice", word, NotifyType::ALL.iter().map(|notice| notice.as_str()));
    }
    notice
}

fn rule(conf: &mut UpsmonConf, notice: NotifyType) -> &mut NotifyRule {
    conf.notify.entry(notice).or_insert_with(|| NotifyRule::stock(notice))
}

fn notify_msg(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let (row, faults) = (directive.row, &mut *directive.faults);
    let [kind, text, surplus @ ..] = row.values() else {
        faults.error(row.spot(), "NOTIFYMSG needs a notice and a text, ignored");
        return;
    };
    if let Some(fault) = faults.surplus(surplus) {
        fault.help("put the whole text in double quotes");
    }
    let Some(notice) = notice(kind, faults) else { return };
    let (given, filled) = (text.text.matches("%s").count(), notice.placeholders());
    if given > filled {
        let most = match filled {
            0 => "none".to_owned(),
            n => format!("only {n}"),
        };
        faults.warning(text.spot, format!("text has {given} %s, but {notice} fills in {most}"));
    }
    rule(conf, notice).message.clone_from(&text.text);
}

fn notify_flag(conf: &mut UpsmonConf, directive: &mut Directive<'_, '_>) {
    let (row, faults) = (directive.row, &mut *directive.faults);
    let [kind, word, surplus @ ..] = row.values() else {
        faults.error(row.spot(), "NOTIFYFLAG needs a notice and flags, ignored");
        return;
    };
    if let Some(fault) = faults.surplus(surplus) {
        fault.help("join flags by +, without blanks");
    }
    let Some(notice) = notice(kind, faults) else { return };
    if let Some(flags) = flags(word, faults) {
        rule(conf, notice).flags = flags;
    }
}

/// `SYSLOG+WALL+EXEC`, or `IGNORE`, which wins. `None` if no flag was known.
fn flags(word: &Token, faults: &mut Faults) -> Option<NotifyFlags> {
    const NAMES: [&str; 4] = ["SYSLOG", "WALL", "EXEC", "IGNORE"];
    let mut flags = NotifyFlags::IGNORE;
    let (mut known, mut ignore) = (0, false);
    for name in word.text.split('+') {
        match name {
            "SYSLOG" => flags.syslog = true,
            "WALL" => flags.wall = true,
            "EXEC" => flags.exec = true,
            "IGNORE" => ignore = true,
            _ => {
                let near = nearest(name, NAMES);
                let fault = faults.error(word.spot, format!("unknown flag {}, ignored", shown(name)));
                let help = near.map_or_else(
                    || format!("flags are {}", NAMES.join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                fault.help(help);
                continue;
            }
        }
        known += 1;
    }
    if ignore && known > 1 {
        faults.warning(word.spot, "IGNORE goes before the other flags: this notice goes nowhere");
    }
    (known > 0).then_some(if ignore { NotifyFlags::IGNORE } else { flags })
}
