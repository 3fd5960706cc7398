//! What a poll read, as words.

use std::fmt;

/// A word of `ups.status` that upsmon acts on (RFC 9271, section 5.1, and NUT's additions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// `OL`: on line power.
    OnLine,
    /// `OB`: on battery.
    OnBattery,
    /// `LB`: the battery is low.
    LowBattery,
    /// `RB`: the battery needs to be replaced.
    ReplaceBattery,
    /// `CAL`: a runtime calibration is under way.
    Calibrating,
    /// `OFF`: no power on the outlets, by someone's order.
    Off,
    /// `BYPASS`: the load hangs on the mains directly.
    Bypass,
    /// `ECO`: a mode with less protection and less loss.
    Eco,
    /// `ALARM`: see `ups.alarm`.
    Alarm,
    /// `OVER`: overloaded.
    Overload,
    /// `TRIM`: high mains are being lowered.
    Trim,
    /// `BOOST`: low mains are being raised.
    Boost,
    /// `FSD`: a primary has ordered the shutdown of everyone.
    ForcedShutdown,
}

impl Word {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::OnLine,
        Self::OnBattery,
        Self::LowBattery,
        Self::ReplaceBattery,
        Self::Calibrating,
        Self::Off,
        Self::Bypass,
        Self::Eco,
        Self::Alarm,
        Self::Overload,
        Self::Trim,
        Self::Boost,
        Self::ForcedShutdown,
    ];

    /// As it stands in `ups.status`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OnLine => "OL",
            Self::OnBattery => "OB",
            Self::LowBattery => "LB",
            Self::ReplaceBattery => "RB",
            Self::Calibrating => "CAL",
            Self::Off => "OFF",
            Self::Bypass => "BYPASS",
            Self::Eco => "ECO",
            Self::Alarm => "ALARM",
            Self::Overload => "OVER",
            Self::Trim => "TRIM",
            Self::Boost => "BOOST",
            Self::ForcedShutdown => "FSD",
        }
    }

    /// The word, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.text().eq_ignore_ascii_case(text))
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of [`Word`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Words(u16);

impl Words {
    /// Whether `word` is in it.
    #[must_use]
    pub const fn has(self, word: Word) -> bool {
        self.0 & word.bit() != 0
    }

    /// Puts `word` in, or takes it out.
    pub const fn set(&mut self, word: Word, on: bool) {
        if on {
            self.0 |= word.bit();
        } else {
            self.0 &= !word.bit();
        }
    }

    /// Whether none is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Word> for Words {
    fn from_iter<I: IntoIterator<Item = Word>>(words: I) -> Self {
        let mut set = Self::default();
        for word in words {
            set.set(word, true);
        }
        set
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for word in Word::ALL.into_iter().filter(|word| self.has(*word)) {
            write!(f, "{gap}{}", word.text())?;
            gap = " ";
        }
        Ok(())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

/// What one poll read from upsd.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `ups.status`.
    pub status: String,
    /// `ups.alarm`; asked for only while the status says ALARM.
    pub alarm: Option<String>,
    /// `battery.charge` in percent; asked for only with CHARGESHUTDOWN, and while the status says OB.
    pub charge: Option<String>,
    /// `ups.mode.buzzwords` and `experimental.ups.mode.buzzwords` in one, where the server has them.
    pub buzzwords: Option<String>,
}

impl Reading {
    /// A reading of nothing but a status.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self { status: status.to_owned(), ..Self::default() }
    }
}

/// A reading, understood.
#[derive(Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) words: Words,
    /// The same words as they follow each other, each once; ECO by buzzwords comes first.
    pub(super) order: Vec<Word>,
    /// Words that are none of upsmon's, in order.
    pub(super) other: String,
    /// There is a status at all: not empty, and more than upsd's `WAIT` (the driver's first dump is not complete).
    pub(super) says_something: bool,
    /// FSD is the first word and no other, which is where upsd puts the one that it holds. A driver's own stands
    /// behind OL or OB.
    pub(super) fsd_by_server: bool,
    /// `battery.charge`, if it is a number.
    pub(super) charge: Option<f64>,
}

/// Reads a status word by word. Where a confused driver says both OL and OB the later one counts, as in NUT.
pub(super) fn parse(reading: &Reading) -> Parsed {
    let mut words = Words::default();
    let mut order: Vec<Word> = Vec::new();
    let mut other: Vec<&str> = Vec::new();
    let mut says_something = false;
    let mut fsd_by_server = false;
    if reading.buzzwords.as_deref().is_some_and(means_economy) {
        words.set(Word::Eco, true);
        order.push(Word::Eco);
    }
    for (at, text) in reading.status.split_ascii_whitespace().enumerate() {
        if text.eq_ignore_ascii_case("WAIT") {
            continue;
        }
        says_something = true;
        match Word::parse(text) {
            Some(word) => {
                match word {
                    Word::OnLine => words.set(Word::OnBattery, false),
                    Word::OnBattery => words.set(Word::OnLine, false),
                    Word::ForcedShutdown => fsd_by_server = at == 0,
                    _ => {}
                }
                words.set(word, true);
                if !order.contains(&word) {
                    order.push(word);
                }
            }
            None if ["HB", "CHRG", "DISCHRG"].iter().any(|known| known.eq_ignore_ascii_case(text)) => {}
            None if other.contains(&text) => {}
            None => other.push(text),
        }
    }
    let charge = reading.charge.as_deref().and_then(|text| text.trim().parse().ok());
    let charge = charge.filter(|percent: &f64| percent.is_finite() && *percent >= 0.0);
    Parsed { words, order, other: other.join(" "), says_something, fsd_by_server, charge }
}

/// Buzzwords look like `vendor:default:ECO`; the last part is the mode. ESS and HE are two makers' words for it.
fn means_economy(buzzwords: &str) -> bool {
    buzzwords
        .split_ascii_whitespace()
        .filter_map(|word| word.rsplit(':').next())
        .any(|mode| ["ECO", "ESS", "HE"].iter().any(|known| known.eq_ignore_ascii_case(mode)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("OL", "OL", "", true)]
    #[case("OL CHRG", "OL", "", true)]
    #[case("ob dischrg lb", "OB LB", "", true)]
    #[case("FSD OB LB", "OB LB FSD", "", true)]
    #[case("OL OB", "OB", "", true)]
    #[case("OB OL", "OL", "", true)]
    // A word that merely holds another one is another word.
    #[case("OL LBX OFFLINE", "OL", "LBX OFFLINE", true)]
    #[case("OL TEST BY TEST", "OL", "TEST BY", true)]
    #[case("WAIT", "", "", false)]
    #[case("FSD WAIT", "FSD", "", true)]
    #[case("  ", "", "", false)]
    #[case("", "", "", false)]
    fn status_by_whole_words(
        #[case] status: &str,
        #[case] words: &str,
        #[case] other: &str,
        #[case] says: bool,
    ) {
        let parsed = parse(&Reading::status(status));
        assert_eq!(
            (parsed.words.to_string().as_str(), parsed.other.as_str(), parsed.says_something),
            (words, other, says)
        );
    }

    #[rstest]
    #[case(Some("vendor:default:ECO"), true)]
    #[case(Some("vendor:eaton:HE vendor:default:none"), true)]
    #[case(Some("vendor:eaton:ESS"), true)]
    #[case(Some("vendor:default:online"), false)]
    #[case(Some("vendor:ECO:off"), false)]
    #[case(Some(""), false)]
    #[case(None, false)]
    fn economy_by_buzzword(#[case] buzzwords: Option<&str>, #[case] eco: bool) {
        let reading = Reading { buzzwords: buzzwords.map(str::to_owned), ..Reading::status("OL") };
        assert_eq!(parse(&reading).words.has(Word::Eco), eco);
    }

    /// Whose FSD it is.
    #[rstest]
    #[case("FSD OL", true)]
    #[case("FSD OB LB", true)]
    #[case("OL FSD", false)]
    #[case("FSD OL FSD", false)]
    #[case("OL", false)]
    fn where_fsd_stands(#[case] status: &str, #[case] by_server: bool) {
        assert_eq!(parse(&Reading::status(status)).fsd_by_server, by_server);
    }

    #[rstest]
    #[case(Some("87"), Some(87.0))]
    #[case(Some(" 9.5 "), Some(9.5))]
    #[case(Some("0"), Some(0.0))]
    #[case(Some("-1"), None)]
    #[case(Some("NaN"), None)]
    #[case(Some("inf"), None)]
    #[case(Some("full"), None)]
    #[case(Some(""), None)]
    #[case(None, None)]
    fn charges(#[case] text: Option<&str>, #[case] percent: Option<f64>) {
        let reading = Reading { charge: text.map(str::to_owned), ..Reading::status("OB") };
        assert_eq!(parse(&reading).charge, percent);
    }
}
