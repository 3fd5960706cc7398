//! A file as it may be shown: without its passwords.

use std::ops::Range;

use crate::file::{Faults, Row, Token, rows};
use crate::suggest::nearest;

/// What stands for text that is not shown.
const MASK: &str = "***";

/// The text of a file in which everything that is, or may be, a password is `***`. Only the words that are surely none
/// are shown: what cannot be read may be anything.
#[derive(Clone, Debug)]
pub struct Masked {
    /// The text.
    pub text: String,
    /// Pieces, each by its offset in the file and in the text.
    pieces: Vec<(usize, usize)>,
}

impl Masked {
    /// The file of this name (`upsd.users`; what stands before a slash does not count).
    #[must_use]
    pub fn new(path: &str, file: &[u8]) -> Self {
        let mut masked = Self { text: String::new(), pieces: Vec::new() };
        let name = path.rsplit('/').next().unwrap_or(path);
        let mut at = 0;
        for shown in shown(name, file) {
            masked.gap(file, at..shown.start);
            masked.piece(file, shown.clone());
            at = at.max(shown.end);
        }
        masked.gap(file, at..file.len());
        masked
    }

    /// Where a place of the file is in the text.
    #[must_use]
    pub fn span(&self, span: &Range<usize>) -> Range<usize> {
        let map = |offset: usize| {
            let next = self.pieces.partition_point(|(start, _)| *start <= offset);
            let (start, new) = next.checked_sub(1).map_or((0, 0), |at| self.pieces[at]);
            let end = self.pieces.get(next).map_or(self.text.len(), |(_, new)| *new);
            (new + (offset - start)).min(end)
        };
        let start = map(span.start);
        start..map(span.end).max(start)
    }

    fn piece(&mut self, file: &[u8], range: Range<usize>) {
        self.pieces.push((range.start, self.text.len()));
        self.text += &String::from_utf8_lossy(file.get(range).unwrap_or_default());
    }

    /// What stands between words that are shown: blanks, `=` and quotes, or else nobody knows what.
    fn gap(&mut self, file: &[u8], range: Range<usize>) {
        let mut at = range.start;
        for line in file.get(range).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
            let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'=';
            let harmless = line.iter().all(|byte| blank(byte) || *byte == b'"');
            let begin = line.iter().position(|byte| !blank(byte)).filter(|_| !harmless);
            match begin {
                None => self.piece(file, at..at + line.len()),
                Some(begin) => {
                    let end = line
                        .iter()
                        .rposition(|byte| !byte.is_ascii_whitespace())
                        .map_or(begin, |end| end + 1);
                    self.piece(file, at..at + begin);
                    self.pieces.push((at + begin, self.text.len()));
                    self.text += MASK;
                    self.piece(file, at + end..at + line.len());
                }
            }
            at += line.len();
        }
    }
}

/// The places of the words that are no secrets, in order.
#[expect(clippy::single_range_in_vec_init, reason = "the whole file is one range")]
fn shown(name: &str, file: &[u8]) -> Vec<Range<usize>> {
    if name == "nut.conf" {
        return vec![0..file.len()];
    }
    let rows = rows(file, &mut Faults::new(name));
    let words = rows.iter().flat_map(|row| public(name, row));
    words.map(|word| word.spot.start.offset..word.spot.end).collect()
}

/// The words of a row that are no secrets.
fn public<'a>(name: &str, row: &'a Row) -> Vec<&'a Token> {
    let key = row.key();
    let values = row.values();
    let all = || std::iter::once(key).chain(values).collect::<Vec<_>>();
    let some = |places: &[usize]| {
        std::iter::once(key).chain(places.iter().filter_map(|at| values.get(*at))).collect::<Vec<_>>()
    };
    let like = |word: &'static str| nearest(&key.text, [word]).is_some();
    match name {
        "upsd.users" => match key.text.to_ascii_lowercase().as_str() {
            _ if row.section().is_some() => all(),
            "actions" | "instcmds" | "upsmon" => all(),
            "password" => vec![key],
            // A lone word may be a password that slipped out of its line.
            _ => Vec::new(),
        },
        "upsmon.conf" if key.text == "MONITOR" && values.len() == 5 => some(&[0, 1, 2, 4]),
        "upsmon.conf" if like("MONITOR") => some(&[0]),
        _ if like("CERTIDENT") => some(&[0]),
        "upsmon.conf" if values.len() > 3 => vec![key],
        "ups.conf" => {
            let word = key.text.to_ascii_lowercase();
            let secret =
                ["pass", "secret", "community", "auth", "priv"].iter().any(|part| word.contains(part));
            if secret { vec![key] } else { all() }
        }
        _ => all(),
    }
}
