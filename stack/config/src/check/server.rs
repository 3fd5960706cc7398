//! nut.conf and upsd.conf: what is to run here, and who can reach it.

use std::net::IpAddr;

use super::{Facts, Files, is_local};

pub(super) fn look(files: &mut Files, facts: &Facts<'_>) {
    let mode = files.nut.conf.values.get("MODE").map(|mode| mode.to_ascii_lowercase());
    let set_up = !files.ups.conf.sections.is_empty() || !files.upsmon.conf.monitors.is_empty();
    let spot = mode_spot(files);
    let faults = &mut files.nut.faults;
    match mode.as_deref() {
        Some("none") if set_up => {
            faults
                .warning(spot, "MODE is none, so that nothing of this is started")
                .help("standalone: a UPS on this machine, for it alone; netserver: others watch it, too; netclient: a UPS elsewhere");
        }
        None if files.nut.there && set_up => {
            faults.warning(spot, "without a MODE nothing of this is started").help("write MODE=standalone");
        }
        Some(mode @ ("standalone" | "netserver")) => {
            let files_of = [
                ("ups.conf", files.ups.there),
                ("upsd.conf", files.upsd.there),
                ("upsd.users", files.users.there),
                ("upsmon.conf", files.upsmon.there),
            ];
            for (name, _) in files_of.iter().filter(|(_, there)| !there) {
                faults.error(spot, format!("MODE={mode} needs {name}, which is not there"));
            }
            if mode == "netserver" && !reachable(files) {
                let spot = files.upsd.spot("LISTEN");
                let upsd = &mut files.upsd.faults;
                upsd.warning(spot, "MODE is netserver, but no other machine can reach this server")
                    .help("write LISTEN 0.0.0.0, or this machine's own address");
            }
        }
        Some("netclient") => {
            if !files.upsmon.there {
                faults.error(spot, "MODE=netclient needs upsmon.conf, which is not there");
            }
            if !files.ups.conf.sections.is_empty() {
                faults
                    .warning(spot, "MODE is netclient, so that the drivers of ups.conf are not started")
                    .help("write MODE=netserver or MODE=standalone, or empty ups.conf");
            }
            let monitors = &files.upsmon.conf.monitors;
            if !monitors.is_empty() && monitors.iter().all(|monitor| is_local(&monitor.host, facts)) {
                faults.warning(spot, "MODE is netclient, but every MONITOR is of a server on this machine, which is not started");
            }
        }
        _ => {}
    }
    listeners(files);
}

fn mode_spot(files: &Files) -> crate::file::Spot {
    files.nut.spot("MODE")
}

/// Whether an address is for other machines, too.
fn is_open(address: &str) -> bool {
    match address.parse::<IpAddr>() {
        Ok(address) => !address.is_loopback(),
        Err(_) => !address.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether other machines can reach the server.
pub(super) fn reachable(files: &Files) -> bool {
    files.upsd.conf.listen.iter().any(|listen| is_open(&listen.address))
}

fn listeners(files: &mut Files) {
    let open =
        files.upsd.rows("LISTEN").find(|row| row.values().first().is_some_and(|word| is_open(&word.text)));
    let Some(spot) = open.map(crate::file::Row::spot) else { return };
    let conf = &files.upsd.conf;
    let encrypted = conf.cert_file.is_some() || conf.cert_path.is_some();
    let users = files.users.conf.users.iter().filter(|user| user.password.is_some()).count();
    let faults = &mut files.upsd.faults;
    if users == 0 {
        faults
            .warning(spot, "other machines can reach this server, but upsd.users lets none of them log in")
            .help("add a user with a password and `upsmon secondary`: a primary waits for those alone who have logged in");
    } else if !encrypted {
        faults.note(spot, "without CERTFILE passwords cross the network in the clear");
    }
}
