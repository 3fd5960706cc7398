//! upsd.users(5).

use crate::diagnostic::Diagnostic;
use crate::file::{Faults, Row, Spot, Token, rows, shown};
use crate::model::{Grant, UpsdUsers, User};

/// The settings of a section of upsd.users(5).
pub const USERS_KEYS: &[&str] = &["actions", "instcmds", "password", "upsmon"];
const ACTIONS: &[&str] = &["FSD", "LOGIN", "MASTER", "PRIMARY", "SET"];
const ROLES: &[&str] = &["master", "primary", "secondary", "slave"];

/// Reads upsd.users. `key = value` and `key value` are the same; lists on one line and on several lines add up.
#[must_use]
pub fn upsd_users(file: &str, text: &[u8]) -> (UpsdUsers, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = UpsdUsers::default();
    let mut headers: Vec<Spot> = Vec::new();
    // Whether settings belong to the last user; not behind a header that was ignored.
    let mut inside = false;
    let mut before_any = true;
    for row in rows(text, &mut faults) {
        if let Some(name) = row.section() {
            faults.surplus(row.values());
            before_any = false;
            inside = open(&mut conf, &mut headers, name, &row, &mut faults);
        } else if row.key().text.starts_with('[') && !row.key().quoted {
            faults
                .error(row.key().spot, "broken section header, section ignored")
                .help("write [name], without blanks in the name");
            (inside, before_any) = (false, false);
        } else if let (true, Some(user)) = (inside, conf.users.last_mut()) {
            setting(user, &row, &mut faults);
        } else if before_any {
            faults.error(row.key().spot, "setting outside of a [user] section, ignored");
        }
    }
    for (user, header) in conf.users.iter().zip(&headers) {
        if user.password.is_none() {
            faults.note(*header, format!("user {} has no password and can never log in", shown(&user.name)));
        }
    }
    (conf, faults.finish())
}

fn open(conf: &mut UpsdUsers, headers: &mut Vec<Spot>, name: &str, row: &Row, faults: &mut Faults) -> bool {
    let spot = row.key().spot;
    if name.is_empty() {
        faults.error(spot, "section without a name, ignored");
        return false;
    }
    if let Some(first) = conf.users.iter().find(|user| user.name == name) {
        faults.warning(
            spot,
            format!("user {} appears again, ignored (first on line {})", shown(name), first.line),
        );
        return false;
    }
    conf.users.push(User { name: name.to_owned(), line: row.line(), ..User::default() });
    headers.push(spot);
    true
}

fn setting(user: &mut User, row: &Row, faults: &mut Faults) {
    let key = row.key();
    let name = key.text.to_ascii_lowercase();
    if name == "allowfrom" {
        faults.warning(key.spot, "allowfrom is obsolete, ignored").help("let a firewall do it");
        return;
    }
    let values = row.assigned();
    if values.is_empty() {
        // A lone word may be a password that slipped out of its line: it is not shown.
        let what = USERS_KEYS.iter().find(|known| **known == name).copied().unwrap_or("setting");
        faults.error(row.spot(), format!("{what} without a value, ignored"));
        return;
    }
    match name.as_str() {
        "password" => password(user, row, values, faults),
        "actions" => {
            for word in values {
                match action(&word.text) {
                    Some(grant) => drop(user.grants.insert(grant)),
                    None => list_fault("action", word, ACTIONS, faults),
                }
            }
        }
        "instcmds" => {
            for word in values {
                if word.text.ends_with(',') {
                    list_fault("instant command", word, &[], faults);
                } else {
                    user.commands.push(word.text.clone());
                }
            }
        }
        "upsmon" => {
            for word in values {
                match word.text.to_ascii_lowercase().as_str() {
                    "primary" | "master" => user.grants.extend([Grant::Login, Grant::Primary, Grant::Fsd]),
                    "secondary" | "slave" => user.grants.extend([Grant::Login]),
                    _ => list_fault("role", word, ROLES, faults),
                }
            }
        }
        _ => faults.unknown("setting", key, USERS_KEYS.iter().copied()),
    }
}

fn action(word: &str) -> Option<Grant> {
    Some(match word.to_ascii_uppercase().as_str() {
        "SET" => Grant::Set,
        "FSD" => Grant::Fsd,
        "LOGIN" => Grant::Login,
        "PRIMARY" | "MASTER" => Grant::Primary,
        _ => return None,
    })
}

fn password(user: &mut User, row: &Row, values: &[Token], faults: &mut Faults) {
    let Some((word, surplus)) = values.split_first() else { return };
    if user.password.is_some() {
        faults.warning(row.key().spot, format!("second password of user {}, ignored", shown(&user.name)));
        return;
    }
    if let Some(fault) = faults.surplus(surplus) {
        fault.help("put a password with blanks in double quotes");
    }
    if word.text.is_empty() {
        faults.warning(word.spot, format!("user {} has an empty password", shown(&user.name)));
    }
    user.password = Some(word.text.clone());
}

fn list_fault(what: &str, word: &Token, known: &'static [&'static str], faults: &mut Faults) {
    if word.text.contains(',') {
        faults
            .error(word.spot, format!("{what} {} ignored", shown(&word.text)))
            .help("separate words by blanks, not by commas");
    } else {
        faults.unknown(what, word, known.iter().copied());
    }
}
