//! Bytes to lines of words, by the rules of NUT's `parseconf`.
//!
//! Blanks separate words; `"` opens a word that may hold blanks; `\` takes the next character as it is, inside quotes
//! and outside; `#` outside quotes starts a comment; `=` outside quotes is a word of its own. A line ends at LF, except
//! that a backslash before it, or an open quote, carries the line on. LF itself never becomes part of a word.
//!
//! Two things differ from NUT on purpose. An unescaped `#` inside quotes, which is an error, costs that line alone (NUT
//! goes on in the middle of the line, and `upsd` throws away what else it had read). And a backslash before the end of
//! a line, between words, joins the lines without leaving an empty word.

mod line;

pub use line::{Charset, LexError, Limits, Line, Loss, Place, Word};

use line::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Between words.
    Find,
    /// After a backslash between words.
    FindEscape,
    /// In a bare word.
    Bare,
    /// After a backslash in one.
    BareEscape,
    /// In a quoted word.
    Quoted,
    /// After a backslash in one.
    QuotedEscape,
    /// In a comment.
    Comment,
    /// After an error, up to the end of the line.
    Skip,
    /// A line was handed out; the next byte starts another.
    Done,
}

/// The lexer: feed it bytes as they come, cut anywhere; it hands out one line at a time and holds what is incomplete.
///
/// ```
/// # use outage_wire::Lexer;
/// let mut lexer = Lexer::network();
/// let mut lines = Vec::new();
/// for mut chunk in [&b"GET VAR eaton ups.st"[..], b"atus\nVE", b"R\n"] {
///     while let Some(line) = lexer.next(&mut chunk) {
///         lines.push(line?.texts().collect::<Vec<_>>().join("|"));
///     }
/// }
/// assert_eq!(lines, ["GET|VAR|eaton|ups.status", "VER"]);
/// # Ok::<(), outage_wire::LexError>(())
/// ```
#[derive(Debug)]
pub struct Lexer {
    limits: Limits,
    quotes_span_lines: bool,
    state: State,
    /// The words' bytes, one after the other. Valid UTF-8 up to the end of the last finished word.
    text: Vec<u8>,
    words: Vec<Span>,
    surplus: usize,
    /// Of the word being read.
    from: usize,
    start: Place,
    loss: Loss,
    error: Option<LexError>,
    /// Where the next byte stands.
    offset: usize,
    line: usize,
    line_start: usize,
}

impl Lexer {
    /// A lexer for a peer's lines.
    #[must_use]
    pub const fn network() -> Self {
        Self::with_limits(Limits::NETWORK)
    }

    /// A lexer for what a driver says on its socket: a quote that is open ends with its line.
    ///
    /// NUT's drivers send changed values unescaped, so that one which ends in a quote (`SETINFO device.model "Rack 19""`)
    /// leaves one open, and would take the next lines along.
    #[must_use]
    pub const fn driver() -> Self {
        let mut lexer = Self::network();
        lexer.quotes_span_lines = false;
        lexer
    }

    /// A lexer for configuration files.
    #[must_use]
    pub const fn file() -> Self {
        Self::with_limits(Limits::FILE)
    }

    /// The same lexer, with its first byte at another place than the origin.
    #[must_use]
    pub const fn starting_at(mut self, place: Place) -> Self {
        self.offset = place.offset;
        self.line = place.line;
        self.line_start = place.offset.saturating_sub(place.column - 1);
        self
    }

    /// A lexer with limits of one's own.
    #[must_use]
    pub const fn with_limits(limits: Limits) -> Self {
        let origin = Place { offset: 0, line: 1, column: 1 };
        Self {
            limits,
            quotes_span_lines: true,
            state: State::Find,
            text: Vec::new(),
            words: Vec::new(),
            surplus: 0,
            from: 0,
            start: origin,
            loss: Loss { cut: false, dropped: false, not_utf8: false, line_end: false },
            error: None,
            offset: 0,
            line: 1,
            line_start: 0,
        }
    }

    /// The next whole line, taken off the front of `input`; `None` once `input` is used up.
    ///
    /// The line borrows the lexer's buffer, which is used again for the next one.
    ///
    /// # Errors
    /// The line could not be read as words. It is gone; the next call goes on behind it.
    pub fn next<'a>(&'a mut self, input: &mut &[u8]) -> Option<Result<Line<'a>, LexError>> {
        if self.state == State::Done {
            self.reset();
        }
        while let Some((&byte, rest)) = input.split_first() {
            let run = self.plain_run(input);
            if run > 0 {
                let (plain, rest) = input.split_at(run);
                self.append(plain);
                self.offset += run;
                *input = rest;
                continue;
            }
            *input = rest;
            let ended = self.step(byte);
            self.offset += 1;
            if byte == b'\n' {
                self.line += 1;
                self.line_start = self.offset;
            }
            if ended {
                return Some(self.take(None));
            }
        }
        None
    }

    /// The last line, if the input ended without LF. Start a new lexer for further input.
    ///
    /// # Errors
    /// As [`Lexer::next`].
    pub fn finish(&mut self) -> Option<Result<Line<'_>, LexError>> {
        let mut unclosed = None;
        match self.state {
            State::Done => return None,
            State::Find | State::FindEscape | State::Comment | State::Skip => {}
            State::Bare | State::BareEscape => self.end_word(self.offset, false),
            State::Quoted | State::QuotedEscape => {
                unclosed = Some(self.start);
                self.end_word(self.offset, true);
            }
        }
        if self.words.is_empty() && self.error.is_none() {
            self.state = State::Done;
            return None;
        }
        Some(self.take(unclosed))
    }

    /// Whether no part of a line is held.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match self.state {
            State::Done => true,
            State::Find => self.words.is_empty() && self.surplus == 0,
            _ => false,
        }
    }

    /// How many bytes its buffers take.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.text.capacity() + self.words.capacity() * size_of::<Span>()
    }

    /// Where the next byte will stand.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { offset: self.offset, line: self.line, column: self.offset - self.line_start + 1 }
    }

    fn reset(&mut self) {
        self.state = State::Find;
        self.text.clear();
        self.words.clear();
        self.surplus = 0;
        self.error = None;
    }

    fn take(&mut self, unclosed: Option<Place>) -> Result<Line<'_>, LexError> {
        self.state = State::Done;
        if let Some(error) = self.error {
            return Err(error);
        }
        // Every word was made valid when it ended, and what came after the last one was cut off.
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        Ok(Line { text, words: &self.words, surplus: self.surplus, unclosed })
    }

    /// How many bytes at the front of `input` have no meaning of their own in this state.
    fn plain_run(&self, input: &[u8]) -> usize {
        let stop: u8 = match self.state {
            State::Bare => BARE,
            State::Quoted => QUOTED,
            State::Comment | State::Skip => {
                return input.iter().position(|&b| b == b'\n').unwrap_or(input.len());
            }
            _ => return 0,
        };
        let stop = if self.limits.charset == Charset::Ascii { stop | HIGH } else { stop };
        input.iter().position(|&b| CLASS[b as usize] & stop != 0).unwrap_or(input.len())
    }

    fn append(&mut self, bytes: &[u8]) {
        if matches!(self.state, State::Comment | State::Skip) || self.words.len() >= self.limits.words {
            return;
        }
        let room = self.limits.word_length.saturating_sub(self.text.len() - self.from);
        if bytes.len() > room {
            self.loss.cut = true;
            self.text.extend_from_slice(&bytes[..room]);
        } else {
            self.text.extend_from_slice(bytes);
        }
    }

    /// Adds one byte to the word, whatever it means elsewhere.
    fn add(&mut self, byte: u8) {
        let class = CLASS[byte as usize];
        if class & CONTROL != 0 || (class & HIGH != 0 && self.limits.charset == Charset::Ascii) {
            self.loss.dropped = true;
        } else {
            self.append(&[byte]);
        }
    }

    fn begin_word(&mut self) {
        self.from = self.text.len();
        self.start = self.place();
        self.loss = Loss::default();
    }

    fn end_word(&mut self, end: usize, quoted: bool) {
        if self.words.len() >= self.limits.words {
            self.surplus += 1;
            return;
        }
        if self.limits.charset == Charset::Utf8
            && let Some(word) = self.text.get(self.from..)
            && std::str::from_utf8(word).is_err()
        {
            let repaired = String::from_utf8_lossy(word).into_owned();
            self.text.truncate(self.from);
            self.text.extend_from_slice(repaired.as_bytes());
            self.loss.not_utf8 = true;
        }
        let (from, to) = (self.from, self.text.len());
        self.words.push(Span { from, to, start: self.start, end, quoted, loss: self.loss });
    }

    /// One byte through the state machine; true when it ended the line.
    fn step(&mut self, byte: u8) -> bool {
        match self.state {
            State::Done | State::Find => return self.find(byte),
            State::FindEscape if byte == b'\n' => self.state = State::Find,
            State::FindEscape | State::BareEscape => {
                if byte != b'\n' {
                    self.add(byte);
                }
                self.state = State::Bare;
            }
            State::QuotedEscape => {
                if byte != b'\n' {
                    self.add(byte);
                }
                self.state = State::Quoted;
            }
            State::Bare => return self.bare(byte),
            State::Quoted => match byte {
                b'"' => {
                    self.end_word(self.offset + 1, true);
                    self.state = State::Find;
                }
                b'#' => {
                    self.error = Some(LexError::HashInQuotes(self.place()));
                    self.state = State::Skip;
                }
                b'\\' => self.state = State::QuotedEscape,
                b'\n' if self.quotes_span_lines => self.loss.line_end = true,
                b'\n' => {
                    self.end_word(self.offset, true);
                    return true;
                }
                _ => self.add(byte),
            },
            State::Comment | State::Skip => return byte == b'\n',
        }
        false
    }

    fn find(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' => return true,
            b'#' => self.state = State::Comment,
            b'"' => {
                self.begin_word();
                self.state = State::Quoted;
            }
            b'\\' => {
                self.begin_word();
                self.state = State::FindEscape;
            }
            b'=' => self.equals(),
            _ if CLASS[byte as usize] & BLANK != 0 => {}
            // In a file, stray ones between words are not worth a word.
            _ if CLASS[byte as usize] & CONTROL != 0 && self.limits.charset == Charset::Utf8 => {}
            // Whatever else comes begins a word, as with NUT; even if nothing of it is kept.
            _ => {
                self.begin_word();
                self.add(byte);
                self.state = State::Bare;
            }
        }
        false
    }

    fn bare(&mut self, byte: u8) -> bool {
        match byte {
            b'\\' => {
                self.state = State::BareEscape;
                return false;
            }
            b'\n' | b'#' | b'=' => {}
            _ if CLASS[byte as usize] & BLANK != 0 => {}
            _ => {
                self.add(byte);
                return false;
            }
        }
        self.end_word(self.offset, false);
        self.state = if byte == b'#' { State::Comment } else { State::Find };
        if byte == b'=' {
            self.equals();
        }
        byte == b'\n'
    }

    fn equals(&mut self) {
        self.begin_word();
        self.append(b"=");
        self.end_word(self.offset + 1, false);
    }
}

/// C's `isspace`.
const BLANK: u8 = 1;
/// Not printable.
const CONTROL: u8 = 2;
/// Above ASCII.
const HIGH: u8 = 4;
/// Has a meaning in a bare word.
const BARE_SIGN: u8 = 8;
/// Has a meaning in a quoted word.
const QUOTED_SIGN: u8 = 16;
/// What a bare word stops at.
const BARE: u8 = BLANK | CONTROL | BARE_SIGN;
/// What a quoted word stops at.
const QUOTED: u8 = CONTROL | QUOTED_SIGN;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut class = 0;
        if byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) {
            class |= BLANK;
        }
        if byte < 0x20 || byte == 0x7f {
            class |= CONTROL;
        }
        if byte >= 0x80 {
            class |= HIGH;
        }
        if byte == b'#' as usize || byte == b'\\' as usize || byte == b'=' as usize {
            class |= BARE_SIGN;
        }
        if byte == b'#' as usize || byte == b'\\' as usize || byte == b'"' as usize {
            class |= QUOTED_SIGN;
        }
        table[byte] = class;
        byte += 1;
    }
    table
};

/// The words of one line of text, e.g. of a command line in a configuration file. What comes after a LF is ignored.
///
/// # Errors
/// As [`Lexer::next`].
pub fn words(line: &str) -> Result<Vec<String>, LexError> {
    let mut lexer = Lexer::file();
    let mut input = line.as_bytes();
    if let Some(result) = lexer.next(&mut input) {
        return result.map(|line| line.texts().map(str::to_owned).collect());
    }
    lexer
        .finish()
        .map_or_else(|| Ok(Vec::new()), |result| result.map(|line| line.texts().map(str::to_owned).collect()))
}
