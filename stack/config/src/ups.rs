//! ups.conf(5).

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::duration::{duration, duration_or_never};
use crate::file::{Faults, Row, Spot, Token, rows, shown};
use crate::model::{Setting, UpsConf, UpsSection};
use crate::value::boolean;

/// Settings that mean something before the first section (and most of them inside one, too).
pub const GLOBAL_KEYS: &[&str] = &[
    "chroot",
    "debug_min",
    "driverpath",
    "group",
    "LIBUSB_DEBUG",
    "maxretry",
    "maxstartdelay",
    "nowait",
    "pollinterval",
    "reconnect_max_tries",
    "reconnect_report_freq",
    "retrydelay",
    "statepath",
    "synchronous",
    "user",
];

/// Settings of a section that every driver shares. All others but `default.*` and `override.*` are the driver's own,
/// and the driver says what it does not know.
pub const SECTION_KEYS: &[&str] = &[
    "allow_killpower",
    "chroot",
    "debug_min",
    "desc",
    "driver",
    "group",
    "ignorelb",
    "LIBUSB_DEBUG",
    "maxretry",
    "maxstartdelay",
    "nolock",
    "nowait",
    "pollinterval",
    "port",
    "reconnect_max_tries",
    "reconnect_report_freq",
    "retrydelay",
    "sdcommands",
    "sdorder",
    "synchronous",
    "user",
];

/// Reads ups.conf. Every setting is kept as it was written; those that all drivers share are checked.
///
/// Section names are compared without regard to case, as `upsd` compares them: a section that appears twice is one.
#[must_use]
pub fn ups_conf(file: &str, text: &[u8]) -> (UpsConf, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = UpsConf::default();
    let mut place = Place::Globals;
    let mut headers: Vec<Spot> = Vec::new();
    for row in rows(text, &mut faults) {
        if let Some(name) = row.section() {
            faults.surplus(row.values());
            place = open(&mut conf, &mut headers, name, &row, &mut faults);
            conf.bad_sections += usize::from(place == Place::Nowhere);
            continue;
        }
        if row.key().text.starts_with('[') && !row.key().quoted {
            faults
                .error(row.spot(), "broken section header, section ignored")
                .help("write [name], without blanks in the name");
            place = Place::Nowhere;
            conf.bad_sections += 1;
            continue;
        }
        let Some(setting) = setting(&row, &mut faults) else { continue };
        match place {
            Place::Nowhere => {}
            Place::Globals => {
                if !GLOBAL_KEYS.contains(&setting.key.as_str()) {
                    faults.unknown("global setting", row.key(), GLOBAL_KEYS.iter().copied());
                }
                check(&setting, &row, &mut faults);
                twice(&conf.globals, &setting, &row, &mut faults);
                conf.globals.push(setting);
            }
            Place::Section(index) => {
                check(&setting, &row, &mut faults);
                if let Some(section) = conf.sections.get_mut(index) {
                    twice(&section.settings, &setting, &row, &mut faults);
                    fill(section, &setting);
                    section.settings.push(setting);
                }
            }
        }
    }
    complete(&mut conf, &headers, &mut faults);
    (conf, faults.finish())
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Globals,
    /// Index of the section.
    Section(usize),
    /// Behind a header that could not be read.
    Nowhere,
}

fn open(conf: &mut UpsConf, headers: &mut Vec<Spot>, name: &str, row: &Row, faults: &mut Faults) -> Place {
    let spot = row.key().spot;
    if name.is_empty() {
        faults.error(spot, "section without a name, ignored");
        return Place::Nowhere;
    }
    if name.contains('/') {
        faults.error(spot, "a UPS's name cannot contain /, section ignored");
        return Place::Nowhere;
    }
    if let Some(index) = conf.sections.iter().position(|section| section.name.eq_ignore_ascii_case(name)) {
        let first = headers.get(index).map_or(0, |header| header.start.line);
        faults.warning(spot, format!("section {} appears again", shown(name))).help(format!(
            "its settings are added to those of line {first}; of two alike the later one counts"
        ));
        return Place::Section(index);
    }
    if name.contains(['@', ':']) || name.contains(char::is_whitespace) {
        faults
            .warning(spot, format!("clients cannot name a UPS that is called {}", shown(name)))
            .help("use letters, digits, - and _");
    }
    conf.sections.push(UpsSection { name: name.to_owned(), ..UpsSection::default() });
    headers.push(spot);
    Place::Section(conf.sections.len() - 1)
}

fn setting(row: &Row, faults: &mut Faults) -> Option<Setting> {
    let (key, line) = (row.key().text.clone(), row.line());
    if row.key().is_equals() {
        faults.error(row.spot(), "value without a name, line ignored");
        return None;
    }
    let value = match row.values() {
        [] => None,
        [equals] if equals.is_equals() => {
            faults.error(row.spot(), format!("{} has no value, ignored", shown(&key)));
            return None;
        }
        [equals, value, surplus @ ..] if equals.is_equals() => {
            if let Some(fault) = faults.surplus(surplus) {
                fault.help("put a value with blanks in double quotes");
            }
            Some(value.text.clone())
        }
        _ => {
            faults
                .error(row.spot(), format!("no = behind {}, line ignored", shown(&key)))
                .help("write name = value, or the name alone for a flag");
            return None;
        }
    };
    Some(Setting { key, value, line })
}

fn fill(section: &mut UpsSection, setting: &Setting) {
    let Some(value) = &setting.value else { return };
    match setting.key.as_str() {
        "driver" => section.driver.clone_from(value),
        "port" => section.port.clone_from(value),
        "desc" => section.desc = Some(value.clone()),
        _ => {}
    }
}

fn twice(earlier: &[Setting], setting: &Setting, row: &Row, faults: &mut Faults) {
    if let Some(first) = earlier.iter().find(|other| other.key == setting.key) {
        faults.warning(
            row.key().spot,
            format!("{} is set again, this one counts (first on line {})", shown(&setting.key), first.line),
        );
    }
}

/// Drops the sections no driver can be started for.
fn complete(conf: &mut UpsConf, headers: &[Spot], faults: &mut Faults) {
    let (mut headers, mut bad) = (headers.iter(), 0);
    conf.sections.retain(|section| {
        let Some(header) = headers.next() else { return true };
        let missing = match (section.driver.is_empty(), section.port.is_empty()) {
            (false, false) => return true,
            (true, true) => "neither driver nor port",
            (true, false) => "no driver",
            (false, true) => "no port",
        };
        faults.error(*header, format!("section {} has {missing}, ignored", shown(&section.name)));
        bad += 1;
        false
    });
    conf.bad_sections += bad;
}

/// What the settings that all drivers share must look like.
fn check(setting: &Setting, row: &Row, faults: &mut Faults) {
    enum Kind {
        Flag,
        Text,
        Period,
        Time,
        Number { least: i64 },
        Bool,
        Synchronous,
    }
    let kind = match setting.key.as_str() {
        "nolock" | "ignorelb" | "nowait" => Kind::Flag,
        "driver" | "port" | "desc" | "user" | "group" | "chroot" | "driverpath" | "statepath"
        | "sdcommands" => Kind::Text,
        "pollinterval" => Kind::Period,
        "maxstartdelay" | "retrydelay" => Kind::Time,
        "maxretry" => Kind::Number { least: 1 },
        "debug_min" => Kind::Number { least: 0 },
        "sdorder" | "reconnect_max_tries" | "reconnect_report_freq" => Kind::Number { least: -1 },
        "allow_killpower" => Kind::Bool,
        "synchronous" => Kind::Synchronous,
        _ => return,
    };
    let key = row.key();
    let Some(word) = value(row) else {
        if !matches!(kind, Kind::Flag | Kind::Bool) {
            faults.error(key.spot, format!("{} needs a value", key.text));
        }
        return;
    };
    match kind {
        Kind::Flag | Kind::Text => {}
        Kind::Period => match duration(&word.text) {
            Ok(Duration::ZERO) => drop_bad(faults, key, word, "must be more than 0"),
            Ok(_) => {}
            Err(why) => faults.bad_time(&key.text, word, why),
        },
        Kind::Time => {
            if let Err(why) = duration_or_never(&word.text) {
                faults.bad_time(&key.text, word, why);
            }
        }
        Kind::Number { least } => match word.text.parse::<i64>() {
            Ok(number) if number >= least => {}
            Ok(_) => drop_bad(faults, key, word, &format!("must be {least} or more")),
            Err(_) => drop_bad(faults, key, word, "needs a whole number"),
        },
        Kind::Bool => {
            if boolean(&word.text).is_none() {
                drop_bad(faults, key, word, "needs yes or no");
            }
        }
        Kind::Synchronous => {
            if boolean(&word.text).is_none() && !word.text.eq_ignore_ascii_case("auto") {
                drop_bad(faults, key, word, "needs auto, yes or no");
            }
        }
    }
}

fn value(row: &Row) -> Option<&Token> {
    row.values().get(1)
}

fn drop_bad(faults: &mut Faults, key: &Token, word: &Token, need: &str) {
    faults.error(word.spot, format!("{} {need}, not {}", key.text, shown(&word.text)));
}
