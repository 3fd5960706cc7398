//! Words to bytes: what [`crate::lex`] reads back as the same word.

use std::fmt;

/// `text` with a backslash before each `#`, `\` and `"`, fit to stand between double quotes.
///
/// Control characters are kept: a lexer drops them (and LF would end the word's line in a peer that is not careful),
/// so values that may hold them are written with [`quoted`], which leaves them out.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if needs_escape(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `text` as a word in double quotes, escaped; control characters are left out, since no word can hold them.
#[must_use]
pub const fn quoted(text: &str) -> Quoted<'_> {
    Quoted { text, bare: false }
}

/// `text` as it stands if a lexer reads it back as this one word, otherwise as [`quoted`].
///
/// For names and for the credentials of a login: NUT's own clients send those bare, so the bytes are the same as theirs
/// wherever theirs work.
#[must_use]
pub fn bare(text: &str) -> Quoted<'_> {
    let plain = !text.is_empty()
        && text.bytes().all(|b| matches!(b, 0x21..=0x7e) && !matches!(b, b'"' | b'\\' | b'#' | b'='));
    Quoted { text, bare: plain }
}

/// What [`quoted`] and [`bare`] return, for `write!`.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a> {
    text: &'a str,
    bare: bool,
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.bare {
            return f.write_str(self.text);
        }
        f.write_str("\"")?;
        let mut rest = self.text;
        while let Some(at) = rest.find(|c: char| needs_escape(c) || c.is_ascii_control()) {
            let (plain, tail) = rest.split_at(at);
            f.write_str(plain)?;
            let mut chars = tail.chars();
            if let Some(c) = chars.next()
                && needs_escape(c)
            {
                write!(f, "\\{c}")?;
            }
            rest = chars.as_str();
        }
        f.write_str(rest)?;
        f.write_str("\"")
    }
}

const fn needs_escape(c: char) -> bool {
    matches!(c, '#' | '\\' | '"')
}
