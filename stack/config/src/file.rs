//! A file as rows of words, and the list of what is wrong in it.

use std::collections::BTreeSet;

use outage_wire::lex::{LexError, Lexer, Line, Place};

use crate::diagnostic::{Diagnostic, Severity};
use crate::duration::DurationError;
use crate::suggest::nearest;

/// A place in a file: where it begins, and the offset after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) start: Place,
    pub(crate) end: usize,
}

/// A word of a file.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) spot: Spot,
    pub(crate) quoted: bool,
}

impl Token {
    /// Whether it is the separator `=` (and not the value `"="`).
    pub(crate) fn is_equals(&self) -> bool {
        !self.quoted && self.text == "="
    }
}

/// A logical line with at least one word.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    first: Token,
    rest: Vec<Token>,
}

impl Row {
    fn new(line: &Line<'_>) -> Option<Self> {
        let mut tokens = line.words().map(|word| Token {
            text: word.text.to_owned(),
            spot: Spot { start: word.start, end: word.end },
            quoted: word.quoted,
        });
        Some(Self { first: tokens.next()?, rest: tokens.collect() })
    }

    /// The directive's or the setting's name.
    pub(crate) fn key(&self) -> &Token {
        &self.first
    }

    /// The words behind it.
    pub(crate) fn values(&self) -> &[Token] {
        &self.rest
    }

    /// The words behind the key, without the `=` that may stand between.
    pub(crate) fn assigned(&self) -> &[Token] {
        match self.rest.split_first() {
            Some((first, rest)) if first.is_equals() => rest,
            _ => &self.rest,
        }
    }

    /// The physical line it begins on.
    pub(crate) fn line(&self) -> usize {
        self.first.spot.start.line
    }

    /// From the first word to the last.
    pub(crate) fn spot(&self) -> Spot {
        Spot { start: self.first.spot.start, end: self.rest.last().unwrap_or(&self.first).spot.end }
    }

    /// The name of a section, if this is a header `[name]`.
    pub(crate) fn section(&self) -> Option<&str> {
        if self.first.quoted {
            return None;
        }
        self.first.text.strip_prefix('[')?.strip_suffix(']')
    }
}

/// What is wrong in a file, as it is found.
#[derive(Debug)]
pub(crate) struct Faults {
    file: String,
    list: Vec<Diagnostic>,
    said: BTreeSet<&'static str>,
}

impl Faults {
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), said: BTreeSet::new() }
    }

    /// All of them, in the order of their places.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|fault| fault.span.start);
        self.list
    }

    pub(crate) fn note(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Note, spot, message.into())
    }

    pub(crate) fn warning(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, spot, message.into())
    }

    pub(crate) fn error(&mut self, spot: Spot, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, spot, message.into())
    }

    fn add(&mut self, severity: Severity, spot: Spot, message: String) -> &mut Diagnostic {
        let index = self.list.len();
        self.list.push(Diagnostic {
            file: self.file.clone(),
            line: spot.start.line,
            column: spot.start.column,
            span: spot.start.offset..spot.end,
            severity,
            message,
            help: None,
        });
        &mut self.list[index]
    }

    /// A name that is not among the known ones.
    pub(crate) fn unknown(
        &mut self,
        what: &str,
        word: &Token,
        known: impl IntoIterator<Item = &'static str>,
    ) {
        let near = nearest(&word.text, known);
        let fault = self.warning(word.spot, format!("unknown {what} {}, ignored", shown(&word.text)));
        if let Some(near) = near {
            fault.help(format!("did you mean {near}?"));
        }
    }

    /// Something to know about a directive; said once a file.
    pub(crate) fn once(&mut self, row: &Row, directive: &'static str, message: &str, help: Option<&str>) {
        if self.said.insert(directive) {
            let fault = self.note(row.key().spot, message);
            if let Some(help) = help {
                fault.help(help);
            }
        }
    }

    /// Words beyond those a directive uses.
    pub(crate) fn surplus(&mut self, words: &[Token]) -> Option<&mut Diagnostic> {
        let (first, last) = (words.first()?, words.last()?);
        let spot = Spot { start: first.spot.start, end: last.spot.end };
        let message = if words.len() == 1 { "surplus word ignored" } else { "surplus words ignored" };
        Some(self.warning(spot, message))
    }

    /// A value that is no time.
    pub(crate) fn bad_time(&mut self, directive: &str, word: &Token, why: DurationError) {
        const FORM: &str = "write 5, 500ms, 2s, 3m or 1h";
        let given = shown(&word.text);
        let message = match why {
            DurationError::NotANumber => format!("{directive} needs a time, not {given}"),
            DurationError::UnknownUnit => format!("unknown unit of time in {given}"),
            DurationError::Negative => format!("{directive} cannot be negative"),
            DurationError::TooLong => format!("{directive} cannot be that long"),
        };
        let fault = self.error(word.spot, message);
        if matches!(why, DurationError::NotANumber | DurationError::UnknownUnit) {
            fault.help(FORM);
        }
    }
}

impl Diagnostic {
    pub(crate) fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }
}

/// A word of a file for a message: quoted, and cut when it is very long.
pub(crate) fn shown(word: &str) -> String {
    const MOST: usize = 40;
    if word.chars().count() > MOST {
        let cut: String = word.chars().take(MOST).collect();
        format!("{:?}...", cut)
    } else {
        format!("{word:?}")
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Cuts a file into rows. What the lexer had to drop is said.
///
/// A quote that is still open at the end of the file costs its own line only: NUT would take all that follows for one
/// word, and lose it.
pub(crate) fn rows(text: &[u8], faults: &mut Faults) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut from = Place { offset: 0, line: 1, column: 1 };
    if text.starts_with(BYTE_ORDER_MARK) {
        from = Place { offset: BYTE_ORDER_MARK.len(), line: 1, column: 1 + BYTE_ORDER_MARK.len() };
    }
    while let Some(quote) = rows_from(text, from, faults, &mut rows) {
        let spot = Spot { start: quote, end: quote.offset + 1 };
        faults.error(spot, "quote is never closed, line ignored");
        let Some(rest) = text.get(quote.offset..) else { break };
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { break };
        from = Place { offset: quote.offset + end + 1, line: quote.line + 1, column: 1 };
    }
    rows
}

/// Returns the quote that is never closed, if there is one.
fn rows_from(text: &[u8], from: Place, faults: &mut Faults, rows: &mut Vec<Row>) -> Option<Place> {
    let mut lexer = Lexer::file().starting_at(from);
    let mut input = text.get(from.offset..).unwrap_or_default();
    while let Some(line) = lexer.next(&mut input) {
        take(line, faults, rows);
    }
    let last = lexer.finish()?;
    let unclosed = last.as_ref().ok().and_then(Line::unclosed);
    if unclosed.is_none() {
        take(last, faults, rows);
    }
    unclosed
}

fn take(line: Result<Line<'_>, LexError>, faults: &mut Faults, rows: &mut Vec<Row>) {
    let line = match line {
        Ok(line) => line,
        Err(error) => {
            let start = error.place();
            let spot = Spot { start, end: start.offset + 1 };
            faults.error(spot, format!("{error}, line ignored")).help("write \\# for a # inside quotes");
            return;
        }
    };
    for word in line.words() {
        let spot = Spot { start: word.start, end: word.end };
        if word.loss.not_utf8 {
            faults.warning(spot, "not valid UTF-8").help("save the file as UTF-8");
        }
        if word.loss.dropped {
            faults.warning(spot, "control character dropped");
        }
        if word.loss.line_end {
            faults
                .warning(spot, "quoted word goes on over the end of the line")
                .help("close the quote, or end the line with \\ if this is meant");
        }
    }
    rows.extend(Row::new(&line));
}
