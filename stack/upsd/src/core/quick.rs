//! The requests that make up nearly all of a server's day, answered without taking the line apart: `GET VAR ups var` and
//! `LIST VAR ups`, written as every program writes them and with nothing wrong. Everything else, and every refusal, is
//! left to the long way round, which would answer these just the same.

use std::time::Duration;

use super::Core;

/// Characters of names that mean nothing to the lexer.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        byte += 1;
    }
    table
};

/// Names longer than this are left to the lexer, which knows how much of them counts.
const LONGEST: usize = 256;

impl Core {
    /// Answers the line at the front of `input` if it is one of the two; returns its length with its end.
    pub(super) fn quick(&mut self, input: &[u8], now: Duration, out: &mut Vec<u8>) -> Option<usize> {
        if let Some(rest) = input.strip_prefix(b"GET VAR ") {
            let ups = plain(rest)?;
            let rest = rest.get(ups.len()..)?.strip_prefix(b" ")?;
            let name = plain(rest)?;
            let end = line_end(rest.get(name.len()..)?)?;
            let found = self.store.named(ups)?;
            found.available(now, self.settings.max_age).ok()?;
            let variable = found.variables.named(name).filter(|variable| !variable.is_servers())?;
            let words = "GET VAR ".len() + ups.len() + 1 + name.len();
            // `VAR` and both names stand in the request as they stand in the reply.
            out.extend_from_slice(input.get("GET ".len()..words)?);
            out.push(b' ');
            found.push_value(variable, out);
            return Some(words + end);
        }
        let rest = input.strip_prefix(b"LIST VAR ")?;
        let ups = plain(rest)?;
        let end = line_end(rest.get(ups.len()..)?)?;
        let max_age = self.settings.max_age;
        let found = self.store.named_mut(ups)?;
        // The rows say the name as the client does; those that are kept have it from ups.conf.
        if found.name.as_bytes() != ups || found.available(now, max_age).is_err() {
            return None;
        }
        out.extend_from_slice(found.listing());
        Some("LIST VAR ".len() + ups.len() + end)
    }
}

/// The name at the front.
fn plain(input: &[u8]) -> Option<&[u8]> {
    let end = input.iter().position(|&byte| !PLAIN[usize::from(byte)])?;
    input.get(..end).filter(|name| (1..=LONGEST).contains(&name.len()))
}

/// The length of a line's end, if that is what comes.
fn line_end(input: &[u8]) -> Option<usize> {
    match input {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}
