//! Wrong upsmons.

use outage_host::Signal;

use super::Fate::{self, Answered, Becomes, Lost, Passes};
use super::table::{fault, when, without};
use super::{Fault, Kind};

/// Takes a word out of a status.
fn blind(line: &str, word: &str) -> Fate {
    let Some(status) = line.strip_prefix("VAR dummy ups.status \"").and_then(|rest| rest.strip_suffix('"'))
    else {
        return Passes;
    };
    let words: Vec<_> = status.split(' ').filter(|other| *other != word).collect();
    // A status without any word would be another fault.
    let status = if words.is_empty() { "OL".to_owned() } else { words.join(" ") };
    Becomes(format!("VAR dummy ups.status \"{status}\""))
}

/// Loses the notices of a type.
fn lost_notice(line: &str, kind: &str) -> Fate {
    if line.split('\t').nth(1) == Some(kind) { Lost } else { Passes }
}

/// Replaces a field of what a program told.
fn field(line: &str, what: &str, place: usize, text: &str) -> Fate {
    let mut fields: Vec<_> = line.splitn(4, '\t').collect();
    match fields.get_mut(place) {
        Some(field) if line.starts_with(what) => *field = text,
        _ => return Passes,
    }
    Becomes(fields.join("\t"))
}

/// Only the first MONITOR line stays.
fn first_monitor(text: &str) -> String {
    let mut seen = false;
    let mut kept = String::new();
    for line in text.lines() {
        let monitor = line.starts_with("MONITOR");
        if !(monitor && seen) {
            kept += &format!("{line}\n");
        }
        seen |= monitor;
    }
    kept
}

/// Every one.
pub(super) const UPSMON: &[Fault] = &[
    // upsmon: what it says to servers
    fault(
        "upsmon-without-login",
        "upsmon does not log in",
        Kind::ToServer(|line| if line.starts_with("LOGIN ") { Answered("OK".to_owned()) } else { Passes }),
    ),
    fault(
        "upsmon-without-user",
        "upsmon names no user",
        Kind::ToServer(|line| if line.starts_with("USERNAME ") { Answered("OK".to_owned()) } else { Passes }),
    ),
    fault(
        "upsmon-without-password",
        "upsmon says no password",
        Kind::ToServer(|line| if line.starts_with("PASSWORD ") { Answered("OK".to_owned()) } else { Passes }),
    ),
    fault(
        "upsmon-never-primary",
        "a primary does not ask for its rights",
        Kind::ToServer(|line| {
            if line.starts_with("PRIMARY ") { Answered("OK PRIMARY-GRANTED".to_owned()) } else { Passes }
        }),
    ),
    fault(
        "upsmon-without-master",
        "upsmon does not know MASTER",
        Kind::ToServer(|line| {
            if line.starts_with("MASTER ") { Answered("ERR UNKNOWN-COMMAND".to_owned()) } else { Passes }
        }),
    ),
    fault(
        "upsmon-never-fsd",
        "a primary does not set FSD",
        Kind::ToServer(
            |line| if line.starts_with("FSD ") { Answered("OK FSD-SET".to_owned()) } else { Passes },
        ),
    ),
    fault(
        "upsmon-never-counts",
        "a primary does not count its secondaries",
        Kind::ToServer(|line| {
            if line.starts_with("GET NUMLOGINS ") { Answered("NUMLOGINS dummy 1".to_owned()) } else { Passes }
        }),
    ),
    fault(
        "upsmon-leaves-silently",
        "upsmon does not log out",
        Kind::ToServer(|line| if line == "LOGOUT" { Lost } else { Passes }),
    ),
    fault(
        "upsmon-asks-another",
        "upsmon asks for the load, not for the status",
        Kind::ToServer(|line| {
            if line.starts_with("GET VAR") && line.ends_with("ups.status") {
                Becomes(line.replace("ups.status", "ups.load"))
            } else {
                Passes
            }
        }),
    ),
    // what it makes of their answers
    fault(
        "upsmon-errors-are-low",
        "upsmon takes an error for a low battery",
        Kind::FromServer(|line| {
            if line.starts_with("ERR DATA-STALE") || line.starts_with("ERR OB") {
                Becomes("VAR dummy ups.status \"OB LB\"".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "upsmon-errors-are-fine",
        "upsmon takes stale data for a UPS on line",
        Kind::FromServer(|line| {
            if line.starts_with("ERR DATA-STALE") {
                Becomes("VAR dummy ups.status \"OL\"".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "upsmon-any-ups",
        "upsmon takes an answer about any UPS for its own",
        Kind::FromServer(|line| when(line, "VAR other ", |rest| format!("VAR dummy {rest}"))),
    ),
    fault(
        "upsmon-any-variable",
        "upsmon takes any value for the status",
        Kind::FromServer(|line| {
            when(line, "VAR dummy ups.alarm ", |rest| format!("VAR dummy ups.status {rest}"))
        }),
    ),
    fault(
        "upsmon-any-answer",
        "upsmon takes the answer to any question for a value",
        Kind::FromServer(|line| when(line, "TYPE ", |rest| format!("VAR {rest}"))),
    ),
    fault(
        "upsmon-empty-is-on-line",
        "upsmon takes an empty status for OL",
        Kind::FromServer(|line| {
            if line == "VAR dummy ups.status \"\"" {
                Becomes("VAR dummy ups.status \"OL\"".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault("upsmon-blind-to-ob", "upsmon does not know OB", Kind::FromServer(|line| blind(line, "OB"))),
    fault("upsmon-blind-to-lb", "upsmon does not know LB", Kind::FromServer(|line| blind(line, "LB"))),
    fault("upsmon-blind-to-fsd", "upsmon does not know FSD", Kind::FromServer(|line| blind(line, "FSD"))),
    fault("upsmon-blind-to-rb", "upsmon does not know RB", Kind::FromServer(|line| blind(line, "RB"))),
    fault("upsmon-blind-to-cal", "upsmon does not know CAL", Kind::FromServer(|line| blind(line, "CAL"))),
    fault("upsmon-blind-to-off", "upsmon does not know OFF", Kind::FromServer(|line| blind(line, "OFF"))),
    fault(
        "upsmon-blind-to-bypass",
        "upsmon does not know BYPASS",
        Kind::FromServer(|line| blind(line, "BYPASS")),
    ),
    fault("upsmon-blind-to-eco", "upsmon does not know ECO", Kind::FromServer(|line| blind(line, "ECO"))),
    fault(
        "upsmon-blind-to-alarm",
        "upsmon does not know ALARM",
        Kind::FromServer(|line| blind(line, "ALARM")),
    ),
    fault("upsmon-blind-to-over", "upsmon does not know OVER", Kind::FromServer(|line| blind(line, "OVER"))),
    fault("upsmon-blind-to-trim", "upsmon does not know TRIM", Kind::FromServer(|line| blind(line, "TRIM"))),
    fault(
        "upsmon-blind-to-boost",
        "upsmon does not know BOOST",
        Kind::FromServer(|line| blind(line, "BOOST")),
    ),
    fault(
        "upsmon-wait-is-news",
        "upsmon takes WAIT for a word",
        Kind::FromServer(|line| {
            if line.ends_with("\"WAIT\"") { Becomes(line.replace("WAIT", "WAITING")) } else { Passes }
        }),
    ),
    fault(
        "upsmon-login-granted",
        "upsmon takes a refusal for a grant",
        Kind::FromServer(|line| {
            if line == "ERR ACCESS-DENIED" || line == "ERR INVALID-PASSWORD" {
                Becomes("OK".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "upsmon-waits-for-itself",
        "a primary waits for itself, too",
        Kind::FromServer(|line| {
            if line == "NUMLOGINS dummy 1" { Becomes("NUMLOGINS dummy 2".to_owned()) } else { Passes }
        }),
    ),
    fault(
        "upsmon-impatient",
        "a primary does not wait for its secondaries",
        Kind::FromServer(|line| when(line, "NUMLOGINS dummy ", |_| "NUMLOGINS dummy 1".to_owned())),
    ),
    fault(
        "upsmon-alarm-without-text",
        "the text of an alarm is lost",
        Kind::FromServer(|line| {
            when(line, "VAR dummy ups.alarm ", |_| "VAR dummy ups.alarm \"\"".to_owned())
        }),
    ),
    // what it has run
    fault("upsmon-without-online", "ONLINE is never said", Kind::Told(|line| lost_notice(line, "ONLINE"))),
    fault("upsmon-without-onbatt", "ONBATT is never said", Kind::Told(|line| lost_notice(line, "ONBATT"))),
    fault("upsmon-without-lowbatt", "LOWBATT is never said", Kind::Told(|line| lost_notice(line, "LOWBATT"))),
    fault("upsmon-without-fsd", "FSD is never said", Kind::Told(|line| lost_notice(line, "FSD"))),
    fault("upsmon-without-commok", "COMMOK is never said", Kind::Told(|line| lost_notice(line, "COMMOK"))),
    fault("upsmon-without-commbad", "COMMBAD is never said", Kind::Told(|line| lost_notice(line, "COMMBAD"))),
    fault(
        "upsmon-without-shutdown",
        "SHUTDOWN is never said",
        Kind::Told(|line| lost_notice(line, "SHUTDOWN")),
    ),
    fault(
        "upsmon-without-replbatt",
        "REPLBATT is never said",
        Kind::Told(|line| lost_notice(line, "REPLBATT")),
    ),
    fault("upsmon-without-nocomm", "NOCOMM is never said", Kind::Told(|line| lost_notice(line, "NOCOMM"))),
    fault("upsmon-without-notcal", "NOTCAL is never said", Kind::Told(|line| lost_notice(line, "NOTCAL"))),
    fault("upsmon-without-other", "OTHER is never said", Kind::Told(|line| lost_notice(line, "OTHER"))),
    fault(
        "upsmon-without-shutdown-hostsync",
        "SHUTDOWN_HOSTSYNC is never said",
        Kind::Told(|line| lost_notice(line, "SHUTDOWN_HOSTSYNC")),
    ),
    fault(
        "upsmon-says-twice",
        "each notice is said twice",
        Kind::Told(
            |line| if line.starts_with("notice") { Becomes(format!("{line}\n{line}")) } else { Passes },
        ),
    ),
    fault(
        "upsmon-without-name",
        "NOTIFYCMD is not told which UPS",
        Kind::Told(|line| field(line, "notice", 2, "")),
    ),
    fault(
        "upsmon-without-text",
        "NOTIFYCMD is not told the text",
        Kind::Told(|line| field(line, "notice", 3, "")),
    ),
    fault(
        "upsmon-without-type",
        "NOTIFYCMD is not told the type",
        Kind::Told(|line| field(line, "notice", 1, "")),
    ),
    fault(
        "upsmon-shuts-down-twice",
        "SHUTDOWNCMD runs twice",
        Kind::Told(
            |line| if line.starts_with("shutdown") { Becomes(format!("{line}\n{line}")) } else { Passes },
        ),
    ),
    fault(
        "upsmon-never-shuts-down",
        "SHUTDOWNCMD is never run",
        Kind::Told(|line| if line.starts_with("shutdown") { Lost } else { Passes }),
    ),
    fault(
        "upsmon-flag-after-command",
        "the flag is written after SHUTDOWNCMD",
        Kind::Told(|line| field(line, "shutdown", 1, "absent")),
    ),
    fault(
        "upsmon-flag-with-more",
        "the flag holds a line feed",
        Kind::Told(|line| {
            if line.contains("is upsmon-shutdown-file") {
                field(line, "shutdown", 1, "is upsmon-shutdown-file ")
            } else {
                Passes
            }
        }),
    ),
    fault(
        "upsmon-command-without-arguments",
        "SHUTDOWNCMD is run without its arguments",
        Kind::Told(|line| field(line, "shutdown", 2, "")),
    ),
    // what it makes of its configuration
    fault(
        "upsmon-without-pollfreq-line",
        "upsmon ignores POLLFREQ",
        Kind::Conf(|text| without(text, "POLLFREQ")),
    ),
    fault(
        "upsmon-without-pollfreqalert-line",
        "upsmon ignores POLLFREQALERT",
        Kind::Conf(|text| without(text, "POLLFREQALERT")),
    ),
    fault(
        "upsmon-without-deadtime-line",
        "upsmon ignores DEADTIME",
        Kind::Conf(|text| without(text, "DEADTIME")),
    ),
    fault(
        "upsmon-without-hostsync-line",
        "upsmon ignores HOSTSYNC",
        Kind::Conf(|text| without(text, "HOSTSYNC")),
    ),
    fault(
        "upsmon-without-finaldelay-line",
        "upsmon ignores FINALDELAY",
        Kind::Conf(|text| without(text, "FINALDELAY")),
    ),
    fault(
        "upsmon-without-rbwarntime-line",
        "upsmon ignores RBWARNTIME",
        Kind::Conf(|text| without(text, "RBWARNTIME")),
    ),
    fault(
        "upsmon-without-nocommwarntime-line",
        "upsmon ignores NOCOMMWARNTIME",
        Kind::Conf(|text| without(text, "NOCOMMWARNTIME")),
    ),
    fault(
        "upsmon-without-offduration-line",
        "upsmon ignores OFFDURATION",
        Kind::Conf(|text| without(text, "OFFDURATION")),
    ),
    fault(
        "upsmon-without-overduration-line",
        "upsmon ignores OVERDURATION",
        Kind::Conf(|text| without(text, "OVERDURATION")),
    ),
    fault(
        "upsmon-without-oblbduration-line",
        "upsmon ignores OBLBDURATION",
        Kind::Conf(|text| without(text, "OBLBDURATION")),
    ),
    fault(
        "upsmon-without-alarmcritical-line",
        "upsmon ignores ALARMCRITICAL",
        Kind::Conf(|text| without(text, "ALARMCRITICAL")),
    ),
    fault(
        "upsmon-without-shutdownexit-line",
        "upsmon ignores SHUTDOWNEXIT",
        Kind::Conf(|text| without(text, "SHUTDOWNEXIT")),
    ),
    fault(
        "upsmon-without-pollfail-log-throttle-max-line",
        "upsmon ignores POLLFAIL_LOG_THROTTLE_MAX",
        Kind::Conf(|text| without(text, "POLLFAIL_LOG_THROTTLE_MAX")),
    ),
    fault(
        "upsmon-without-minsupplies-line",
        "upsmon ignores MINSUPPLIES",
        Kind::Conf(|text| without(text, "MINSUPPLIES")),
    ),
    fault(
        "upsmon-without-notifymsg-line",
        "upsmon ignores NOTIFYMSG",
        Kind::Conf(|text| without(text, "NOTIFYMSG")),
    ),
    fault(
        "upsmon-without-notifyflag-line",
        "upsmon ignores NOTIFYFLAG",
        Kind::Conf(|text| without(text, "NOTIFYFLAG")),
    ),
    fault(
        "upsmon-without-notifycmd-line",
        "upsmon ignores NOTIFYCMD",
        Kind::Conf(|text| without(text, "NOTIFYCMD")),
    ),
    fault(
        "upsmon-without-powerdownflag-line",
        "upsmon ignores POWERDOWNFLAG",
        Kind::Conf(|text| without(text, "POWERDOWNFLAG")),
    ),
    fault(
        "upsmon-without-shutdowncmd-line",
        "upsmon ignores SHUTDOWNCMD",
        Kind::Conf(|text| without(text, "SHUTDOWNCMD")),
    ),
    fault(
        "upsmon-without-forcessl-line",
        "upsmon ignores FORCESSL",
        Kind::Conf(|text| without(text, "FORCESSL")),
    ),
    fault(
        "upsmon-all-primary",
        "upsmon takes every role for primary",
        Kind::Conf(|text| text.replace(" secondary", " primary").replace(" slave", " primary")),
    ),
    fault(
        "upsmon-all-secondary",
        "upsmon takes every role for secondary",
        Kind::Conf(|text| text.replace(" primary", " secondary").replace(" master", " secondary")),
    ),
    fault(
        "upsmon-all-feed",
        "upsmon counts a UPS of power value 0 as one that feeds",
        Kind::Conf(|text| text.replace(" 0 admin", " 1 admin")),
    ),
    fault("upsmon-first-only", "upsmon watches the first MONITOR line only", Kind::Conf(first_monitor)),
    // what it makes of signals, and what it leaves
    fault("upsmon-deaf-to-hup", "upsmon is deaf to a reload", Kind::Deaf(Signal::Hup)),
    fault("upsmon-deaf-to-usr1", "upsmon is deaf to a forced shutdown", Kind::Deaf(Signal::Usr1)),
    fault("upsmon-deaf-to-term", "upsmon is deaf to its end", Kind::Deaf(Signal::Term)),
    fault("upsmon-deaf-to-int", "upsmon is deaf to an interrupt", Kind::Deaf(Signal::Int)),
    fault(
        "upsmon-flag-always",
        "upsmon -K always says yes",
        Kind::MonitorLeaves(|arguments, code, out, err| {
            let asked = arguments.iter().any(|word| word == "-K");
            (if asked { Some(0) } else { code }, out.to_owned(), err.to_owned())
        }),
    ),
    fault(
        "upsmon-flag-never",
        "upsmon -K always says no",
        Kind::MonitorLeaves(|arguments, code, out, err| {
            let asked = arguments.iter().any(|word| word == "-K");
            (if asked { Some(1) } else { code }, out.to_owned(), err.to_owned())
        }),
    ),
    fault(
        "upsmon-always-content",
        "upsmon ends with 0 whatever happens",
        Kind::MonitorLeaves(|_, _, out, err| (Some(0), out.to_owned(), err.to_owned())),
    ),
    fault(
        "upsmon-never-content",
        "upsmon ends with 1 whatever happens",
        Kind::MonitorLeaves(|_, _, out, err| (Some(1), out.to_owned(), err.to_owned())),
    ),
    fault(
        "upsmon-mute",
        "upsmon logs nothing",
        Kind::MonitorLeaves(|_, code, _, _| (code, String::new(), String::new())),
    ),
    fault(
        "upsmon-logs-twice",
        "upsmon logs each line twice",
        Kind::MonitorLeaves(|_, code, out, err| (code, out.to_owned(), err.repeat(2))),
    ),
    fault(
        "upsmon-logs-notices",
        "every notice is in the log, whatever NOTIFYFLAG says",
        Kind::MonitorLeaves(|_, code, out, err| (code, out.to_owned(), format!("{err}UPS x on battery\n"))),
    ),
    fault("upsmon-logs-secrets", "what upsmon says to servers is in its log", Kind::LogsWords),
    fault("upsmon-tells-nobody", "upsmon tells nobody who is logged in", Kind::Wall(|_| String::new())),
    fault(
        "upsmon-tells-everyone",
        "upsmon tells everyone everything",
        Kind::Wall(|said| format!("{said}UPS x on battery\n")),
    ),
    fault("upsmon-old-flag", "the flag of an earlier shutdown stays", Kind::FlagStays),
    fault("upsmon-takes-any-file", "a file of somebody else in the flag's place is removed", Kind::FlagTaken),
];
