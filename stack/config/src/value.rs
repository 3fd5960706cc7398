//! Values of directives: what most of the files have in common.

use std::str::FromStr;
use std::time::Duration;

use crate::duration::{duration, duration_or_never};
use crate::file::{Faults, Row, Token, shown};

/// `yes`, `true`, `on`, `1` or their opposites, in any case.
pub(crate) fn boolean(word: &str) -> Option<bool> {
    let is = |list: &[&str]| list.iter().any(|w| w.eq_ignore_ascii_case(word));
    if is(&["yes", "true", "on", "1"]) {
        Some(true)
    } else if is(&["no", "false", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A directive, its values, and where to complain.
pub(crate) struct Directive<'r, 'f> {
    pub(crate) name: &'static str,
    pub(crate) row: &'r Row,
    pub(crate) faults: &'f mut Faults,
}

impl<'r> Directive<'r, '_> {
    /// The directive's values, if there are `least` to `most` of them. Too few is an error, too many a warning.
    pub(crate) fn values(&mut self, least: usize, most: usize) -> Option<&'r [Token]> {
        let values = self.row.values();
        let (kept, surplus) = values.split_at_checked(most.min(values.len()))?;
        if values.len() < least {
            let (name, given) = (self.name, values.len());
            let message = match (least, given) {
                (1, _) => format!("{name} needs a value, ignored"),
                _ => format!("{name} needs {least} values, ignored"),
            };
            self.faults.error(self.row.spot(), message);
            return None;
        }
        self.faults.surplus(surplus);
        Some(kept)
    }

    /// Its one value. `help` is for those who gave more.
    pub(crate) fn one(&mut self, help: Option<&str>) -> Option<&'r Token> {
        let (first, surplus) = match self.row.values().split_first() {
            Some(split) => split,
            None => {
                self.faults.error(self.row.spot(), format!("{} needs a value, ignored", self.name));
                return None;
            }
        };
        if let (Some(fault), Some(help)) = (self.faults.surplus(surplus), help) {
            fault.help(help);
        }
        Some(first)
    }

    /// A text.
    pub(crate) fn text(&mut self, into: &mut Option<String>) {
        if let Some(word) = self.one(None) {
            *into = Some(word.text.clone());
        }
    }

    /// A command or a message, which people forget to quote.
    pub(crate) fn phrase(&mut self, into: &mut Option<String>) {
        if let Some(word) = self.one(Some("put the whole of it in double quotes")) {
            *into = Some(word.text.clone());
        }
    }

    pub(crate) fn boolean(&mut self, into: &mut bool) {
        let Some(word) = self.one(None) else { return };
        match boolean(&word.text) {
            Some(value) => *into = value,
            None => self.bad(word, "needs yes or no"),
        }
    }

    pub(crate) fn number<T: FromStr>(&mut self, into: &mut T) {
        let Some(word) = self.one(None) else { return };
        match word.text.parse() {
            Ok(value) => *into = value,
            Err(_) => self.bad_number(word),
        }
    }

    pub(crate) fn optional_number<T: FromStr>(&mut self, into: &mut Option<T>) {
        let Some(word) = self.one(None) else { return };
        match word.text.parse() {
            Ok(value) => *into = Some(value),
            Err(_) => self.bad_number(word),
        }
    }

    /// A time.
    pub(crate) fn time(&mut self, into: &mut Duration) {
        let Some(word) = self.one(None) else { return };
        match duration(&word.text) {
            Ok(value) => *into = value,
            Err(why) => self.faults.bad_time(self.name, word, why),
        }
    }

    /// A time that cannot be zero.
    pub(crate) fn period(&mut self, into: &mut Duration) {
        let Some(word) = self.one(None) else { return };
        match duration(&word.text) {
            Ok(Duration::ZERO) => self.bad(word, "must be more than 0"),
            Ok(value) => *into = value,
            Err(why) => self.faults.bad_time(self.name, word, why),
        }
    }

    /// A time; negative: never.
    pub(crate) fn time_or_never(&mut self, into: &mut Option<Duration>) {
        let Some(word) = self.one(None) else { return };
        match duration_or_never(&word.text) {
            Ok(value) => *into = value,
            Err(why) => self.faults.bad_time(self.name, word, why),
        }
    }

    pub(crate) fn bad(&mut self, word: &Token, need: &str) {
        self.faults.error(word.spot, format!("{} {need}, not {}", self.name, shown(&word.text)));
    }

    fn bad_number(&mut self, word: &Token) {
        let message = match word.text.parse::<i128>() {
            Ok(..0) => format!("{} cannot be negative", self.name),
            Ok(_) => format!("{} cannot be that large", self.name),
            Err(_) => format!("{} needs a whole number, not {}", self.name, shown(&word.text)),
        };
        self.faults.error(word.spot, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("yes", Some(true))]
    #[case("TRUE", Some(true))]
    #[case("On", Some(true))]
    #[case("1", Some(true))]
    #[case("no", Some(false))]
    #[case("Off", Some(false))]
    #[case("0", Some(false))]
    #[case("2", None)]
    #[case("", None)]
    fn booleans(#[case] word: &str, #[case] value: Option<bool>) {
        assert_eq!(boolean(word), value);
    }
}
