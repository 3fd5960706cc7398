//! Whom the files belong to: who may change what root acts on, and whether the daemons may read what is for them.

use super::sheet::{BEGIN, Sheet};
use super::{Account, Accounts, Facts, Files, Rights};
use crate::file::{Spot, shown};

/// The user that upsd becomes unless it is told otherwise.
const USUAL: &str = "nut";

pub(super) fn look(files: &mut Files, facts: &Facts<'_>) {
    let own = facts.own_user;
    // Root's shells read the first, and root's programs do what the next two say.
    changeable(&mut files.nut, own, true);
    changeable(&mut files.ups, own, true);
    changeable(&mut files.upsmon, own, true);
    changeable(&mut files.upsd, own, false);
    changeable(&mut files.users, own, false);
    changeable(&mut files.upssched, own, false);
    files.users.keep_secret();
    files.upsmon.keep_secret();
    let Some(accounts) = facts.accounts else { return };
    server(files, accounts);
    watcher(files, accounts);
}

/// upsd reads its files as root at the start, and as another user at each reload.
fn server(files: &mut Files, accounts: Accounts<'_>) {
    let values = &files.nut.conf.values;
    if matches!(values.get("MODE").map(String::as_str), Some("none" | "netclient")) {
        return;
    }
    let user = chosen(values.get("UPSD_OPTIONS"));
    let name = user.clone().unwrap_or_else(|| USUAL.to_owned());
    match accounts(&name) {
        Some(account) => {
            readable(&mut files.ups, "upsd", &name, &account);
            readable(&mut files.upsd, "upsd", &name, &account);
            readable(&mut files.users, "upsd", &name, &account);
        }
        // Without the usual one it stays root, and says so.
        None if user.is_none() => {}
        None => nobody(&mut files.nut, BEGIN, &name),
    }
}

/// upsmon's child, and upssched that it runs.
fn watcher(files: &mut Files, accounts: Accounts<'_>) {
    let chosen = chosen(files.nut.conf.values.get("UPSMON_OPTIONS"));
    let elsewhere = chosen.is_some();
    let Some(name) = chosen.or_else(|| files.upsmon.conf.run_as_user.clone()) else { return };
    let Some(account) = accounts(&name) else {
        if elsewhere {
            nobody(&mut files.nut, BEGIN, &name);
        } else {
            let spot = files.upsmon.spot("RUN_AS_USER");
            nobody(&mut files.upsmon, spot, &name);
        }
        return;
    };
    readable(&mut files.upsmon, "upsmon", &name, &account);
    let command = files.upsmon.conf.notify_cmd.as_deref().unwrap_or_default();
    if command.split_whitespace().next().is_some_and(|program| program.ends_with("upssched")) {
        readable(&mut files.upssched, "upssched", &name, &account);
    }
}

/// The user that `-u` names among a program's options.
fn chosen(options: Option<&String>) -> Option<String> {
    let mut words = options?.split_whitespace();
    while let Some(word) = words.next() {
        match word.strip_prefix("-u") {
            Some("") => return words.next().map(str::to_owned),
            Some(user) => return Some(user.to_owned()),
            None => {}
        }
    }
    None
}

fn nobody<T>(sheet: &mut Sheet<T>, spot: Spot, name: &str) {
    sheet
        .faults
        .error(spot, format!("there is no user {} on this machine", shown(name)))
        .help("name another one, or make it with useradd");
}

/// Whether a daemon may read a file as the user that it becomes.
fn readable<T>(sheet: &mut Sheet<T>, program: &str, name: &str, account: &Account) {
    let Some(rights) = sheet.rights.filter(|_| sheet.there) else { return };
    if rights.allow(account, 0o4) {
        return;
    }
    let (file, path) = (sheet.name().to_owned(), sheet.path.clone());
    let text = format!(
        "{program} runs as {}, who may not read {file} (mode {:04o}, user {}, group {})",
        shown(name),
        rights.mode,
        rights.user,
        rights.group
    );
    sheet
        .faults
        .error(BEGIN, text)
        .help(format!("chgrp it to a group that {name} is in, and chmod 640 {path}"));
}

/// Whether anybody but root, and who asks, may change a file. `acts`: root does what it says.
fn changeable<T>(sheet: &mut Sheet<T>, own: Option<u32>, acts: bool) {
    let Some(Rights { mode, user, group }) = sheet.rights.filter(|_| sheet.there) else { return };
    let (file, path) = (sheet.name().to_owned(), sheet.path.clone());
    if mode & 0o002 != 0 {
        sheet
            .faults
            .error(BEGIN, format!("every user of this machine can change {file} (mode {mode:04o})"))
            .help(format!("chmod 640 {path}"));
        return;
    }
    let why = if acts { ", and so what root does" } else { "" };
    if mode & 0o020 != 0 && group != 0 {
        sheet
            .faults
            .warning(BEGIN, format!("group {group} can change {file} (mode {mode:04o}){why}"))
            .help(format!("chmod g-w {path}"));
    }
    if acts && user != 0 && own != Some(user) {
        sheet
            .faults
            .warning(BEGIN, format!("user {user}, whose it is, can change {file}{why}"))
            .help(format!("chown root {path}"));
    }
}

impl Rights {
    /// Whether a user may do what this bit of a mode's digit stands for.
    fn allow(self, account: &Account, bit: u32) -> bool {
        let digit = if account.user == self.user {
            self.mode >> 6
        } else if account.groups.contains(&self.group) {
            self.mode >> 3
        } else {
            self.mode
        };
        account.user == 0 || digit & bit != 0
    }
}
