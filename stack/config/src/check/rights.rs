//! Whom the files belong to: who may change what root acts on, and whether the daemons may read what is for them.

use super::sheet::{BEGIN, Sheet};
use super::{Account, Accounts, Facts, Files, Rights, There};
use crate::file::{Spot, shown};

/// The user that upsd becomes unless it is told otherwise.
const USUAL: &str = "nut";

/// A daemon that becomes another user than root.
#[derive(Clone)]
struct Daemon {
    program: &'static str,
    user: String,
    account: Account,
}

impl Daemon {
    fn new(program: &'static str, user: &str, accounts: Accounts<'_>) -> Option<Self> {
        Some(Self { program, user: user.to_owned(), account: accounts(user)? })
    }
}

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
    server(files, accounts, facts);
    watcher(files, accounts, facts);
}

/// upsd reads its files as root at the start, and as another user at each reload.
fn server(files: &mut Files, accounts: Accounts<'_>, facts: &Facts<'_>) {
    let values = &files.nut.conf.values;
    if matches!(values.get("MODE").map(String::as_str), Some("none" | "netclient")) {
        return;
    }
    let chosen = chosen(values.get("UPSD_OPTIONS"));
    let name = chosen.as_deref().unwrap_or(USUAL);
    let upsd = Daemon::new("upsd", name, accounts);
    if let Some(upsd) = &upsd {
        readable(&mut files.ups, upsd);
        readable(&mut files.upsd, upsd);
        readable(&mut files.users, upsd);
    } else if chosen.is_some() {
        // Without the usual one it stays root, and says so.
        nobody(&mut files.nut, BEGIN, name);
    }
    let (file, path) = (files.upsd.conf.cert_file.clone(), files.upsd.conf.cert_path.clone());
    certificates(&mut files.upsd, [file, path], upsd.as_ref(), facts);
}

/// upsmon's child, and upssched that it runs.
fn watcher(files: &mut Files, accounts: Accounts<'_>, facts: &Facts<'_>) {
    let chosen = chosen(files.nut.conf.values.get("UPSMON_OPTIONS"));
    let elsewhere = chosen.is_some();
    let name = chosen.or_else(|| files.upsmon.conf.run_as_user.clone());
    let upsmon = name.as_ref().and_then(|name| Daemon::new("upsmon", name, accounts));
    match (&upsmon, &name) {
        (Some(upsmon), _) => {
            readable(&mut files.upsmon, upsmon);
            let command = files.upsmon.conf.notify_cmd.as_deref().unwrap_or_default();
            if command.split_whitespace().next().is_some_and(|program| program.ends_with("upssched")) {
                readable(&mut files.upssched, &Daemon { program: "upssched", ..upsmon.clone() });
            }
        }
        (None, Some(name)) if elsewhere => nobody(&mut files.nut, BEGIN, name),
        (None, Some(name)) => {
            let spot = files.upsmon.spot("RUN_AS_USER");
            nobody(&mut files.upsmon, spot, name);
        }
        (None, None) => {}
    }
    let (file, path) = (files.upsmon.conf.cert_file.clone(), files.upsmon.conf.cert_path.clone());
    certificates(&mut files.upsmon, [file, path], upsmon.as_ref(), facts);
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

/// Whether a daemon may read its file as the user that it becomes.
fn readable<T>(sheet: &mut Sheet<T>, daemon: &Daemon) {
    let Some(rights) = sheet.rights.filter(|_| sheet.there) else { return };
    let (file, path) = (sheet.name().to_owned(), sheet.path.clone());
    may_read(sheet, BEGIN, (&file, &path), rights, daemon);
}

fn may_read<T>(
    sheet: &mut Sheet<T>,
    spot: Spot,
    (file, path): (&str, &str),
    rights: Rights,
    Daemon { program, user, account }: &Daemon,
) {
    if rights.allow(account, 0o4) {
        return;
    }
    let text = format!(
        "{program} runs as {}, who may not read {file} (mode {:04o}, user {}, group {})",
        shown(user),
        rights.mode,
        rights.user,
        rights.group
    );
    let help = format!("chgrp it to a group that {user} is in, and chmod 640 {path}");
    sheet.faults.error(spot, text).help(help);
}

/// What a daemon encrypts with: CERTFILE and CERTPATH. Without a [`Daemon`] it stays root.
fn certificates<T>(
    sheet: &mut Sheet<T>,
    [file, path]: [Option<String>; 2],
    daemon: Option<&Daemon>,
    facts: &Facts<'_>,
) {
    if let Some(file) = &file {
        let spot = sheet.spot("CERTFILE");
        match (facts.at)(file) {
            Some(There::Nothing) => {
                sheet
                    .faults
                    .error(spot, format!("there is no {file} for CERTFILE"))
                    .help("a file in PEM with the certificate, its chain and its key");
            }
            Some(There::Folder) => {
                sheet.faults.error(spot, format!("CERTFILE is a file, but {file} is a folder"));
            }
            Some(There::File(rights)) => {
                if rights.mode & 0o004 != 0 {
                    let text = format!(
                        "every user of this machine can read the key in {file} (mode {:04o})",
                        rights.mode
                    );
                    sheet.faults.warning(spot, text).help(format!("chmod 640 {file}"));
                }
                if let Some(daemon) = daemon {
                    may_read(sheet, spot, (file, file), rights, daemon);
                }
            }
            None => {}
        }
    }
    if let Some(path) = path.filter(|path| (facts.at)(path) == Some(There::Nothing)) {
        let spot = sheet.spot("CERTPATH");
        sheet
            .faults
            .error(spot, format!("there is no {path} for CERTPATH"))
            .help("a file in PEM with the certificates that are trusted, or a folder of such files");
    }
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
