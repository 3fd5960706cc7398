//! What the lexer hands out.

use std::fmt;

/// Which bytes may be part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// 0x20 to 0x7e; all others are dropped (CVE-2012-2944).
    Ascii,
    /// Those, and everything from 0x80 up. Words are UTF-8; bytes that are not become U+FFFD, and the word says so.
    Utf8,
}

/// How much of a line is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Words a line; further ones are dropped and counted.
    pub words: usize,
    /// Bytes a word; further ones are dropped, and the word says so.
    pub word_length: usize,
    /// What words are made of.
    pub charset: Charset,
}

impl Limits {
    /// What NUT keeps of a line from a peer: 32 words of 512 characters.
    pub const NETWORK: Self = Self { words: 32, word_length: 512, charset: Charset::Ascii };
    /// For files: everything.
    pub const FILE: Self = Self { words: usize::MAX, word_length: usize::MAX, charset: Charset::Utf8 };
}

/// A place in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Bytes before it, since the lexer was made.
    pub offset: usize,
    /// Line (physical), from 1.
    pub line: usize,
    /// Column in bytes, from 1.
    pub column: usize,
}

/// A word of a [`Line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What it says, unquoted.
    pub text: &'a str,
    /// Its first byte: the quote of a quoted word.
    pub start: Place,
    /// The offset after its last byte (the closing quote of a quoted word).
    pub end: usize,
    /// Whether it stood in quotes: `"="` is a value where `=` is a separator.
    pub quoted: bool,
    /// What was lost of it.
    pub loss: Loss,
}

/// What a word lost on its way through the lexer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// Bytes beyond [`Limits::word_length`].
    pub cut: bool,
    /// Control characters, or bytes outside the charset.
    pub dropped: bool,
    /// It was not UTF-8.
    pub not_utf8: bool,
    /// A line ended inside the quotes, without a backslash.
    pub line_end: bool,
}

/// A word of the lexer's buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Where its text begins in the buffer.
    pub(super) from: usize,
    /// And where it ends.
    pub(super) to: usize,
    pub(super) start: Place,
    pub(super) end: usize,
    pub(super) quoted: bool,
    pub(super) loss: Loss,
}

/// A logical line. An empty line, or one with a comment only, has no words.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) words: &'a [Span],
    pub(super) surplus: usize,
    pub(super) unclosed: Option<Place>,
}

impl<'a> Line<'a> {
    /// How many words were kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The text of a word, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a str> {
        self.words.get(index).and_then(|span| self.text.get(span.from..span.to))
    }

    /// A word with its place, from 0.
    #[must_use]
    pub fn word(&self, index: usize) -> Option<Word<'a>> {
        self.words.get(index).map(|span| self.resolve(span))
    }

    /// All words with their places.
    pub fn words(&self) -> impl ExactSizeIterator<Item = Word<'a>> + use<'a> {
        let line = *self;
        self.words.iter().map(move |span| line.resolve(span))
    }

    /// All words' texts.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        self.words().map(|word| word.text)
    }

    /// How many words were dropped because of [`Limits::words`].
    #[must_use]
    pub const fn surplus(&self) -> usize {
        self.surplus
    }

    /// The quote that was still open when the input ended (only from [`super::Lexer::finish`]).
    #[must_use]
    pub const fn unclosed(&self) -> Option<Place> {
        self.unclosed
    }

    fn resolve(&self, span: &Span) -> Word<'a> {
        Word {
            text: self.text.get(span.from..span.to).unwrap_or_default(),
            start: span.start,
            end: span.end,
            quoted: span.quoted,
            loss: span.loss,
        }
    }
}

impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.texts()).finish()
    }
}

/// Why a line has no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexError {
    /// A `#` inside quotes, at this place, without a backslash before it. The whole line is dropped.
    HashInQuotes(Place),
}

impl LexError {
    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::HashInQuotes(place) => *place,
        }
    }
}

impl fmt::Display for LexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HashInQuotes(_) => f.write_str("unescaped # inside quotes"),
        }
    }
}

impl std::error::Error for LexError {}
