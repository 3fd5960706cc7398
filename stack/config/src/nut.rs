//! nut.conf(5): assignments as a shell reads them.

use outage_wire::lex::Place;

use crate::diagnostic::Diagnostic;
use crate::file::{Faults, Spot, shown};
use crate::model::NutConf;
use crate::suggest::nearest;
use crate::value::boolean;

/// What MODE may be.
pub const NUT_MODES: &[&str] = &["none", "standalone", "netserver", "netclient", "controlled", "manual"];

/// The variables of nut.conf(5), as a table for those who tell people of them.
pub const NUT_NAMES: &[&str] = &[
    "ALLOW_NOT_ALL_LISTENERS",
    "ALLOW_NO_DEVICE",
    "MODE",
    "NUT_DEBUG_LEVEL",
    "NUT_DEBUG_PID",
    "NUT_DEBUG_PROCNAME",
    "NUT_DEBUG_SYSLOG",
    "NUT_DEFAULT_CONNECT_TIMEOUT",
    "NUT_IGNORE_CHECKPROCNAME",
    "NUT_IGNORE_NOWAIT",
    "NUT_QUIET_INIT_BANNER",
    "NUT_QUIET_INIT_LISTENER",
    "NUT_QUIET_INIT_SSL",
    "NUT_QUIET_INIT_UPSNOTIFY",
    "NUT_STATEPATH",
    "NUT_PIDPATH",
    "NUT_ALTPIDPATH",
    "NUT_CONFPATH",
    "POWEROFF_QUIET",
    "POWEROFF_WAIT",
    "UPSD_OPTIONS",
    "UPSMON_OPTIONS",
];

/// Reads nut.conf: `NAME=value` with a shell's quotes, optionally after `export`. Nothing is expanded or run.
#[must_use]
pub fn nut_conf(file: &str, text: &[u8]) -> (NutConf, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = NutConf::default();
    let mut scanner = Scanner { text, at: 0, line: 1, line_start: 0 };
    while scanner.skip_blanks() {
        match scanner.assignment() {
            Ok(found) => found.into_iter().for_each(|found| take(&mut conf, found, &mut faults)),
            Err(Fault::NotAnAssignment(spot)) => {
                faults
                    .error(spot, "not an assignment, rest of the line ignored")
                    .help("write NAME=value, without blanks around =");
            }
            Err(Fault::Unclosed(spot)) => {
                faults.error(spot, "quote is never closed, line ignored");
            }
        }
    }
    (conf, faults.finish())
}

struct Assignment {
    name: String,
    name_spot: Spot,
    value: String,
    value_spot: Spot,
    expands: bool,
    lossy: bool,
}

enum Fault {
    NotAnAssignment(Spot),
    Unclosed(Spot),
}

fn take(conf: &mut NutConf, found: Assignment, faults: &mut Faults) {
    let Assignment { name, name_spot, value, value_spot, expands, lossy } = found;
    if lossy {
        faults.warning(value_spot, "not valid UTF-8").help("save the file as UTF-8");
    }
    if expands {
        faults
            .warning(value_spot, "kept as it stands: nothing is expanded or run")
            .help("put it in single quotes if this is meant");
    }
    if !NUT_NAMES.contains(&name.as_str()) {
        let near = nearest(&name, NUT_NAMES.iter().copied());
        let fault = faults.warning(name_spot, format!("unknown variable {}", shown(&name)));
        if let Some(near) = near {
            fault.help(format!("did you mean {near}?"));
        }
    }
    match name.as_str() {
        "MODE" if !NUT_MODES.contains(&value.as_str()) => {
            let near = nearest(&value, NUT_MODES.iter().copied());
            let help = near.map_or_else(
                || format!("one of {}", NUT_MODES.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            faults.error(value_spot, format!("unknown mode {}", shown(&value))).help(help);
        }
        "ALLOW_NO_DEVICE" | "ALLOW_NOT_ALL_LISTENERS" if boolean(&value).is_none() => {
            faults.error(value_spot, format!("{name} needs yes or no, not {}", shown(&value)));
        }
        _ => {}
    }
    if conf.values.contains_key(&name) {
        faults.warning(name_spot, format!("{} is set again, this one counts", shown(&name)));
    }
    conf.values.insert(name, value);
}

struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
    line_start: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn bump(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
            self.line_start = self.at;
        }
        Some(byte)
    }

    fn place(&self) -> Place {
        Place { offset: self.at, line: self.line, column: self.at - self.line_start + 1 }
    }

    fn spot_from(&self, start: Place) -> Spot {
        Spot { start, end: self.at }
    }

    /// Up to the next assignment; false at the end of the file.
    fn skip_blanks(&mut self) -> bool {
        if self.at == 0 && self.text.starts_with(b"\xef\xbb\xbf") {
            self.at = 3;
        }
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' => drop(self.bump()),
                b'\\' if self.text.get(self.at + 1) == Some(&b'\n') => {
                    self.bump();
                    self.bump();
                }
                b'#' => self.skip_line(),
                _ => return true,
            }
        }
        false
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|byte| byte != b'\n') {
            self.bump();
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(byte) = self.peek() {
            let digit = byte.is_ascii_digit() && !name.is_empty();
            if !(byte.is_ascii_alphabetic() || byte == b'_' || digit) {
                break;
            }
            name.push(char::from(byte));
            self.bump();
        }
        name
    }

    /// One assignment, or `export NAME`, which is none.
    fn assignment(&mut self) -> Result<Option<Assignment>, Fault> {
        let start = self.place();
        let mut name_start = start;
        let mut name = self.name();
        let mut exported = false;
        while matches!(self.peek(), Some(b' ' | b'\t')) && (name == "export" || exported) {
            exported = true;
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.bump();
            }
            name_start = self.place();
            name = self.name();
        }
        if exported && self.peek().is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b';' | b'#')) {
            return Ok(None);
        }
        let name_spot = self.spot_from(name_start);
        if name.is_empty() || self.peek() != Some(b'=') {
            self.skip_line();
            return Err(Fault::NotAnAssignment(self.spot_from(start)));
        }
        self.bump();
        let value_start = self.place();
        let mut value = Value::default();
        loop {
            match self.peek() {
                None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';') => break,
                Some(b'\'') => self.quoted(&mut value, b'\'')?,
                Some(b'"') => self.quoted(&mut value, b'"')?,
                Some(b'\\') => {
                    self.bump();
                    value.bytes.extend(self.bump().filter(|byte| *byte != b'\n'));
                }
                Some(byte) => {
                    self.bump();
                    value.push(byte);
                }
            }
        }
        // Nothing at all has no place of its own.
        let empty = self.at == value_start.offset;
        let value_spot = self.spot_from(if empty { name_start } else { value_start });
        let lossy = std::str::from_utf8(&value.bytes).is_err();
        let text = String::from_utf8_lossy(&value.bytes).into_owned();
        Ok(Some(Assignment { name, name_spot, value: text, value_spot, expands: value.expands, lossy }))
    }

    /// What stands in quotes. In double quotes a backslash escapes `$`, a backquote, `"`, itself and the end of the line.
    fn quoted(&mut self, value: &mut Value, quote: u8) -> Result<(), Fault> {
        let start = self.place();
        self.bump();
        while let Some(byte) = self.bump() {
            match byte {
                _ if byte == quote => return Ok(()),
                b'\\' if quote == b'"' => match self.bump() {
                    Some(b'\n') | None => {}
                    Some(next @ (b'$' | b'`' | b'"' | b'\\')) => value.bytes.push(next),
                    Some(next) => value.bytes.extend([b'\\', next]),
                },
                _ if quote == b'"' => value.push(byte),
                _ => value.bytes.push(byte),
            }
        }
        // What follows is no part of the quote: go on with the next line.
        (self.at, self.line, self.line_start) = (start.offset, start.line, start.offset + 1 - start.column);
        let spot = Spot { start, end: start.offset + 1 };
        self.skip_line();
        Err(Fault::Unclosed(spot))
    }
}

#[derive(Default)]
struct Value {
    bytes: Vec<u8>,
    expands: bool,
}

impl Value {
    /// A byte where a shell would expand variables and run commands.
    fn push(&mut self, byte: u8) {
        self.expands |= matches!(byte, b'$' | b'`');
        self.bytes.push(byte);
    }
}
