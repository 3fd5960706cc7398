//! upsmon.conf: whether what it watches is there, whether it is let in, and whether its times fit together.

use std::time::Duration;

use super::{Facts, Files, There, is_local, server};
use crate::file::shown;
use crate::model::{Grant, Monitor, MonitorRole, User};
use crate::suggest::nearest;

pub(super) fn look(files: &mut Files, facts: &Facts<'_>) {
    if !files.upsmon.there {
        return;
    }
    for at in 0..files.upsmon.conf.monitors.len() {
        let monitor = files.upsmon.conf.monitors[at].clone();
        if is_local(&monitor.host, facts) && (files.ups.there || files.users.there) {
            local(files, &monitor);
        }
    }
    power(files);
    shutdown(files, facts);
    times(files);
    notices(files);
}

/// A MONITOR line of this machine's own server.
fn local(files: &mut Files, monitor: &Monitor) {
    let conf = &files.ups.conf;
    if files.ups.there && conf.section(&monitor.ups).is_none() {
        let spot = files.upsmon.word(monitor.line, 1);
        let names: Vec<_> = conf.sections.iter().map(|section| section.name.as_str()).collect();
        let help = match nearest(&monitor.ups, names.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "ups.conf has no UPS".to_owned(),
            None => format!("ups.conf has {}", names.join(", ")),
        };
        let text = format!("there is no UPS {} in ups.conf", shown(&monitor.ups));
        files.upsmon.faults.error(spot, text).help(help);
    }
    if !files.users.there {
        return;
    }
    let spot = files.upsmon.word(monitor.line, 3);
    let users = &files.users.conf.users;
    let Some(user) = users.iter().find(|user| user.name == monitor.user).cloned() else {
        let help = nearest(&monitor.user, users.iter().map(|user| user.name.as_str())).map_or_else(
            || format!("add [{}] with this password and `upsmon {}`", monitor.user, word(monitor.role)),
            |near| format!("did you mean {near}?"),
        );
        let text = format!("there is no user {} in upsd.users", shown(&monitor.user));
        files.upsmon.faults.error(spot, text).help(help);
        return;
    };
    let section = user.line;
    if user.password.as_deref() != Some(monitor.password.as_str()) {
        let text = match user.password {
            Some(_) => format!(
                "this password is not that of user {} (line {section} of upsd.users)",
                shown(&user.name)
            ),
            None => format!("user {} has no password (line {section} of upsd.users)", shown(&user.name)),
        };
        files.upsmon.faults.error(spot, text).help("both must be the same, letter by letter");
    }
    role(files, monitor, &user);
}

/// The word for a role.
fn word(role: MonitorRole) -> &'static str {
    match role {
        MonitorRole::Primary => "primary",
        MonitorRole::Secondary => "secondary",
    }
}

/// Whether the user may be what the MONITOR line says.
fn role(files: &mut Files, monitor: &Monitor, user: &User) {
    let needed: &[Grant] = match monitor.role {
        MonitorRole::Primary => &[Grant::Login, Grant::Primary, Grant::Fsd],
        MonitorRole::Secondary => &[Grant::Login],
    };
    if needed.iter().all(|grant| user.grants.contains(grant)) {
        return;
    }
    let (name, role, line) = (shown(&user.name), word(monitor.role), monitor.line);
    let text = if user.grants.contains(&Grant::Login) {
        format!("user {name} is no primary, as MONITOR on line {line} of upsmon.conf wants")
    } else {
        format!("user {name} has no upsmon role: MONITOR on line {line} of upsmon.conf is refused")
    };
    let spot = files.users.word(user.line, 0);
    files.users.faults.error(spot, text).help(format!("add `upsmon {role}` below [{}]", user.name));
}

/// Whether there is enough power for upsmon to begin.
fn power(files: &mut Files) {
    let Some(text) = files.upsmon.conf.problem() else { return };
    let key = if files.upsmon.row("MINSUPPLIES").is_some() { "MINSUPPLIES" } else { "MONITOR" };
    let spot = files.upsmon.spot(key);
    files.upsmon.faults.error(spot, text);
}

/// Whether the machine goes down, and the UPS after it.
fn shutdown(files: &mut Files, facts: &Facts<'_>) {
    let conf = files.upsmon.conf.clone();
    if conf.min_supplies == 0 {
        return;
    }
    let begin = files.upsmon.spot("SHUTDOWNCMD");
    if conf.shutdown_cmd.is_none() {
        files
            .upsmon
            .faults
            .error(begin, "without SHUTDOWNCMD nothing shuts this machine down")
            .help("write SHUTDOWNCMD \"/sbin/shutdown -h +0\"");
    }
    let primary = |monitor: &&Monitor| monitor.role == MonitorRole::Primary;
    let feeds = |monitor: &&Monitor| monitor.power_value > 0;
    let spot = files.upsmon.spot("POWERDOWNFLAG");
    match &conf.powerdown_flag {
        None if conf.monitors.iter().filter(feeds).any(|monitor| primary(&monitor)) => {
            files
                .upsmon
                .faults
                .warning(
                    spot,
                    "without POWERDOWNFLAG the UPS stays on: the machine may not come back with the mains",
                )
                .help("write POWERDOWNFLAG /etc/killpower");
        }
        None => {}
        Some(flag) => flag_file(files, flag, facts),
    }
    // Somebody has to be the last to go.
    let own: Vec<_> = conf
        .monitors
        .iter()
        .filter(|monitor| is_local(&monitor.host, facts) && monitor.power_value > 0)
        .filter(|monitor| files.ups.conf.section(&monitor.ups).is_some_and(|ups| ups.driver != "dummy-ups"))
        .collect();
    for monitor in own.iter().filter(|monitor| monitor.role == MonitorRole::Secondary) {
        let spot = files.upsmon.word(monitor.line, 5);
        files
            .upsmon
            .faults
            .warning(spot, format!("this machine's own UPS {} has no primary here", shown(&monitor.ups)))
            .help("the machine with the UPS is the primary: it goes down last");
    }
}

/// Whether the flag is there still when the machine is about to be halted.
fn flag_file(files: &mut Files, flag: &str, facts: &Facts<'_>) {
    let spot = files.upsmon.spot("POWERDOWNFLAG");
    let faults = &mut files.upsmon.faults;
    let Some((folder, name)) = flag.rsplit_once('/').filter(|_| flag.starts_with('/')) else {
        faults.error(spot, "POWERDOWNFLAG needs a path that begins with /");
        return;
    };
    let folder = if folder.is_empty() { "/" } else { folder };
    if name.is_empty() || (facts.at)(flag) == Some(There::Folder) {
        faults.error(spot, format!("POWERDOWNFLAG is a file, but {flag} is a folder"));
    } else if matches!((facts.at)(folder), Some(There::Nothing | There::File(_))) {
        faults
            .error(spot, format!("the folder {folder} of POWERDOWNFLAG is not there"))
            .help(format!("mkdir -p {folder}"));
    } else if let Some(mount) = (facts.mount_point)(folder).filter(|mount| !stays(mount)) {
        faults
            .warning(spot, format!("{mount} may be unmounted before POWERDOWNFLAG is looked for"))
            .help("a file in /etc or /run is there to the end");
    }
}

/// Whether a file system is mounted to the end of a shutdown.
fn stays(mount: &str) -> bool {
    ["/", "/etc", "/run"].contains(&mount) || mount.starts_with("/run/") || mount.starts_with("/etc/")
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// Whether the times fit together.
fn times(files: &mut Files) {
    let conf = files.upsmon.conf.clone();
    let poll = conf.poll_freq.max(conf.poll_freq_alert);
    let slower = if conf.poll_freq >= conf.poll_freq_alert { "POLLFREQ" } else { "POLLFREQALERT" };
    let place = |key: &'static str, or: &'static str| if files.upsmon.row(key).is_some() { key } else { or };
    let dead = files.upsmon.spot(place("DEADTIME", slower));
    if conf.dead_time < poll * 3 {
        let (dead_time, poll) = (seconds(conf.dead_time), seconds(poll));
        files
            .upsmon
            .faults
            .warning(dead, format!("DEADTIME ({dead_time}) is less than three times {slower} ({poll}): a lost answer or two on battery count as a dead UPS"))
            .help("make it three times as long, or more");
    }
    let max_age = files.upsd.conf.max_age;
    let own = files.upsd.there && conf.monitors.iter().any(|monitor| monitor.host == "localhost");
    if own && conf.poll_freq_alert > max_age {
        let spot = files.upsmon.spot("POLLFREQALERT");
        let text = format!(
            "on battery this looks every {}, but upsd takes data for stale after {} (MAXAGE)",
            seconds(conf.poll_freq_alert),
            seconds(max_age)
        );
        files.upsmon.faults.warning(spot, text).help("look more often: POLLFREQALERT 5");
    }
    // A secondary sees the order at its next look, and leaves after its FINALDELAY. Theirs are taken to be as ours.
    let primary = conf.monitors.iter().any(|monitor| monitor.role == MonitorRole::Primary);
    let needed = conf.poll_freq_alert + conf.final_delay;
    if primary && server::reachable(files) && conf.host_sync < needed {
        let place = if files.upsmon.row("HOSTSYNC").is_some() { "HOSTSYNC" } else { "FINALDELAY" };
        let spot = files.upsmon.spot(place);
        let text = format!(
            "HOSTSYNC ({}) is too short for secondaries: they look every {} and take {} to go",
            seconds(conf.host_sync),
            seconds(conf.poll_freq_alert),
            seconds(conf.final_delay)
        );
        files.upsmon.faults.warning(spot, text).help(format!("{} or more", seconds(needed)));
    }
}

/// Whether NOTIFYCMD has something to do, and finds what it needs.
fn notices(files: &mut Files) {
    let Some(command) = files.upsmon.conf.notify_cmd.clone() else { return };
    let spot = files.upsmon.spot("NOTIFYCMD");
    let faults = &mut files.upsmon.faults;
    if !files.upsmon.conf.notify.values().any(|rule| rule.flags.exec) {
        faults
            .warning(spot, "NOTIFYCMD is never run: no NOTIFYFLAG has EXEC")
            .help("write NOTIFYFLAG ONBATT SYSLOG+WALL+EXEC, and the like");
    }
    let program = command.split_whitespace().next().unwrap_or_default();
    if program.rsplit('/').next() == Some("upssched") && !files.upssched.there {
        faults.error(spot, "NOTIFYCMD is upssched, which needs upssched.conf, which is not there");
    }
}
