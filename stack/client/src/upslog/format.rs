//! The format of a line.

use outage_host::LocalTime;

use super::strftime::strftime;

/// What is logged unless `-f` says otherwise.
pub(super) const DEFAULT: &str = "%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load% \
                                  [%VAR ups.status%] %VAR ups.temperature% %VAR input.frequency%";

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// With `%` in its conversions already.
    Time(String),
    EpochTime,
    Host,
    UpsHost,
    Pid,
    Var(String),
}

/// A format, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format(Vec<Piece>);

/// What a line is made of, beside the variables.
pub(super) struct Facts<'a> {
    pub(super) time: LocalTime,
    pub(super) host: &'a str,
    pub(super) ups_host: &'a str,
    pub(super) pid: u32,
}

const INVALID: &str = "INVALID";
/// In the order in which NUT tries them. A word that only begins as one of these is one of these.
const COMMANDS: [&str; 6] = ["HOST", "UPSHOST", "PID", "TIME", "VAR", "ETIME"];

impl Format {
    pub(super) fn parse(format: &str) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            let (before, after) =
                (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
            text.push_str(before);
            if let Some(behind) = after.strip_prefix('%') {
                text.push('%');
                rest = behind;
                continue;
            }
            // NUT 2.8.0 has no %t, and %time ...% there; both are understood.
            if let Some(behind) = after.strip_prefix('t').filter(|_| !begins_with(after, "TIME")) {
                text.push('\t');
                rest = behind;
                continue;
            }
            let Some((command, behind)) = after.split_once('%') else {
                // No end: NUT goes on behind the first %.
                text.push_str(INVALID);
                rest = after;
                continue;
            };
            rest = behind;
            match piece(command) {
                Some(piece) => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    pieces.push(piece);
                }
                None => text.push_str(INVALID),
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Self(pieces)
    }

    /// The variables it names, each once.
    pub(super) fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for piece in &self.0 {
            if let Piece::Var(name) = piece
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// A line. `value` gives a variable's value, if it has one.
    pub(super) fn line<'v>(&self, facts: &Facts<'_>, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut line = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Time(format) => line.push_str(&strftime(format, &facts.time)),
                Piece::EpochTime => line.push_str(&facts.time.unix.to_string()),
                Piece::Host => line.push_str(facts.host),
                Piece::UpsHost => line.push_str(facts.ups_host),
                Piece::Pid => line.push_str(&facts.pid.to_string()),
                Piece::Var(name) => line.push_str(value(name).unwrap_or("NA")),
            }
        }
        line
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// What stands between two `%`.
fn piece(command: &str) -> Option<Piece> {
    let (word, argument) = command.split_once(' ').map_or((command, None), |(word, rest)| (word, Some(rest)));
    let known = COMMANDS.into_iter().find(|known| begins_with(word, known))?;
    Some(match known {
        "HOST" => Piece::Host,
        "UPSHOST" => Piece::UpsHost,
        "PID" => Piece::Pid,
        // % is taken on the command line: @ stands for it.
        "TIME" => Piece::Time(argument?.replace('@', "%")),
        "VAR" => Piece::Var(argument.filter(|name| name.contains('.'))?.to_owned()),
        _ => Piece::EpochTime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;
    use rstest::rstest;

    fn line(format: &str) -> String {
        let facts = Facts {
            time: LocalTime { unix: 77, year: 2026, month: 1, day: 2, ..LocalTime::default() },
            host: "here",
            ups_host: "eaton@nas",
            pid: 42,
        };
        Format::parse(format).line(&facts, |name| match name {
            "ups.status" => Some("OL CHRG"),
            _ => None,
        })
    }

    #[rstest]
    #[case(DEFAULT, "20260102 000000 NA NA NA [OL CHRG] NA NA")]
    #[case("%HOST% %UPSHOST% %PID% %ETIME%", "here eaton@nas 42 77")]
    #[case("100%% %VAR ups.status%", "100% OL CHRG")]
    #[case("%UPSHOST%%t%VAR ups.status%", "eaton@nas\tOL CHRG")]
    #[case("%var ups.status%|%time @Y%", "OL CHRG|2026")]
    #[case("%VARIABLE ups.status%", "OL CHRG")]
    #[case("%VAR%", "INVALID")]
    #[case("%VAR status%", "INVALID")]
    #[case("%TIME%", "INVALID")]
    #[case("%WHAT ever%!", "INVALID!")]
    #[case("a %VAR ups.status", "a INVALIDVAR ups.status")]
    #[case("%", "INVALID")]
    #[case("", "")]
    #[case("ü% ü", "üINVALID ü")]
    fn lines(#[case] format: &str, #[case] expected: &str) {
        assert_eq!(line(format), expected);
    }

    #[test]
    fn each_variable_is_asked_for_once() {
        assert_eq!(Format::parse("%VAR a.b% %VAR c.d% %VAR a.b%").variables(), ["a.b", "c.d"]);
    }

    quickcheck! {
        fn any_format_gives_a_line(format: String) -> bool {
            let plain = !format.contains('%');
            let line = line(&format);
            !plain || line == format
        }
    }
}
