//! A parsed file together with its rows, so that a finding can point at its place.

use outage_wire::lex::Place;

use super::{Given, Rights};
use crate::diagnostic::Diagnostic;
use crate::file::{Faults, Row, Spot, rows};

/// One file.
pub(super) struct Sheet<T> {
    /// What it says.
    pub(super) conf: T,
    /// Whether there is such a file.
    pub(super) there: bool,
    /// What is found beyond what the parser finds.
    pub(super) faults: Faults,
    pub(super) path: String,
    parsed: Vec<Diagnostic>,
    rows: Vec<Row>,
    pub(super) rights: Option<Rights>,
}

/// Where a file begins: the place of what is missing in it.
pub(super) const BEGIN: Spot = Spot { start: Place { offset: 0, line: 1, column: 1 }, end: 0 };

impl<T> Sheet<T> {
    pub(super) fn new(given: Option<&Given>, parse: fn(&str, &[u8]) -> (T, Vec<Diagnostic>)) -> Self {
        let nothing = Given::default();
        let given_or_nothing = given.unwrap_or(&nothing);
        let Given { path, text, rights } = given_or_nothing;
        let (conf, parsed) = parse(path, text);
        // What the lexer says was said by the parser.
        let rows = rows(text, &mut Faults::new(path));
        Self {
            conf,
            there: given.is_some(),
            faults: Faults::new(path),
            path: path.clone(),
            parsed,
            rows,
            rights: *rights,
        }
    }

    /// The last path part.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The last row that begins with this word.
    pub(super) fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().rev().find(|row| row.key().text == key)
    }

    /// All rows that begin with this word.
    pub(super) fn rows<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.key().text == key)
    }

    /// The place of the last row that begins with this word, or of the file.
    pub(super) fn spot(&self, key: &str) -> Spot {
        self.row(key).map_or(BEGIN, Row::spot)
    }

    /// The place of a word of the row on this line; 0 is its key.
    pub(super) fn word(&self, line: usize, word: usize) -> Spot {
        let Some(row) = self.rows.iter().find(|row| row.line() == line) else { return BEGIN };
        match word.checked_sub(1) {
            None => row.key().spot,
            Some(at) => row.values().get(at).map_or_else(|| row.spot(), |value| value.spot),
        }
    }

    /// The place of a setting in a section, or of the section's header.
    pub(super) fn setting(&self, section: &str, key: &str) -> Spot {
        let mut inside = false;
        let mut found = None;
        for row in &self.rows {
            if let Some(name) = row.section() {
                inside = name.eq_ignore_ascii_case(section);
                if inside && found.is_none() {
                    found = Some(row.key().spot);
                }
            } else if inside && row.key().text == key {
                found = Some(row.spot());
            }
        }
        found.unwrap_or(BEGIN)
    }

    /// A file with passwords is for those alone who need it.
    pub(super) fn keep_secret(&mut self) {
        let Some(Rights { mode, .. }) = self.rights.filter(|_| self.there) else { return };
        let name = self.name().to_owned();
        if mode & 0o006 == 0o004 {
            self.faults
                .warning(
                    BEGIN,
                    format!("every user of this machine can read the passwords in {name} (mode {mode:04o})"),
                )
                .help(format!("chmod 640 {}", self.path));
        }
    }

    /// All that is wrong in it, by place.
    pub(super) fn finish(self) -> Vec<Diagnostic> {
        let mut all = self.parsed;
        all.extend(self.faults.finish());
        all.sort_by_key(|fault| fault.span.start);
        all
    }
}
