//! Definition files as instructions.
//!
//! A file is a dump of `upsc` (`name: value`, a line each), with two words more: `TIMER` and a number of seconds waits,
//! `ALARM` and a text raises an alarm, and alone it ends all. Words are cut as in every file of NUT's: `#` starts a
//! comment, quotes keep blanks.

use std::fmt;
use std::time::Duration;

use outage_wire::lex::{LexError, Lexer, Line};

use crate::config::is_variable_name;

/// Shortest wait: a file of nothing but tiny waits must not keep a processor busy.
const SHORTEST: Duration = Duration::from_millis(10);

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A variable has this value; an empty one removes it.
    Set(String, String),
    /// Raise an alarm.
    Alarm(String),
    /// End all alarms.
    NoAlarm,
    /// Wait; zero waits for the next update cycle.
    Timer(Duration),
}

/// What is wrong with a line. `Display` is a fragment that begins with the line's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what became of it.
    pub text: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.text)
    }
}

/// Reads a definition file. A line that means nothing costs that line alone.
#[must_use]
pub fn parse(mut bytes: &[u8]) -> (Vec<Step>, Vec<Fault>) {
    let (mut steps, mut faults) = (Vec::new(), Vec::new());
    let mut take = |line: Result<Line<'_>, LexError>| {
        let understood = match line {
            Ok(line) if line.is_empty() => return,
            Ok(line) => step(&line).map_err(|text| Fault { line: number(&line), text }),
            Err(why) => {
                Err(Fault { line: why.place().line, text: format!("{why}: line ignored (write \\#)") })
            }
        };
        match understood {
            Ok(step) => steps.extend(step),
            Err(fault) => faults.push(fault),
        }
    };
    let mut lexer = Lexer::file();
    while let Some(line) = lexer.next(&mut bytes) {
        take(line);
    }
    if let Some(line) = lexer.finish() {
        take(line);
    }
    (steps, faults)
}

fn number(line: &Line<'_>) -> usize {
    line.word(0).map_or(1, |word| word.start.line)
}

fn step(line: &Line<'_>) -> Result<Option<Step>, String> {
    let first = line.get(0).unwrap_or_default();
    // `name: value`, and also `name:value`.
    let (name, colon, stuck) = match first.split_once(':') {
        Some((name, stuck)) => (name, true, stuck),
        None => (first, false, ""),
    };
    let mut value = stuck.to_owned();
    for word in line.texts().skip(1) {
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(word);
    }
    match name {
        "TIMER" => {
            let text = value.split_ascii_whitespace().next().unwrap_or_default();
            let wait = outage_config::duration(text)
                .map_err(|why| format!("TIMER {text}: {why}: ignored (write TIMER 60)"))?;
            return Ok(Some(Step::Timer(if wait.is_zero() { wait } else { wait.max(SHORTEST) })));
        }
        "ALARM" if value.is_empty() => return Ok(Some(Step::NoAlarm)),
        "ALARM" => return Ok(Some(Step::Alarm(value))),
        _ => {}
    }
    if !is_variable_name(name) {
        return Err(format!("'{name}' is no name of a variable: line ignored"));
    }
    // A dump often holds a message or two of the program that wrote it.
    if !colon && !name.contains('.') {
        return Err(format!(
            "'{name}' is neither a variable (name: value) nor TIMER nor ALARM: line ignored"
        ));
    }
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("driver.") || lower.starts_with("server.") {
        // Those are this driver's and this server's own.
        return Ok(None);
    }
    Ok(Some(Step::Set(name.to_owned(), value)))
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;

    fn shown(text: &str) -> String {
        let (steps, faults) = parse(text.as_bytes());
        let steps = steps.iter().map(|step| match step {
            Step::Set(name, value) => format!("{name}={value}"),
            Step::Alarm(text) => format!("!{text}"),
            Step::NoAlarm => "!".into(),
            Step::Timer(wait) => format!("{}ms", wait.as_millis()),
        });
        let faults = faults.iter().map(|fault| format!("?{fault}"));
        steps.chain(faults).collect::<Vec<_>>().join("|")
    }

    #[rstest]
    #[case::one("ups.mfr: ACME\n", "ups.mfr=ACME")]
    #[case::no_line_end("ups.mfr: ACME", "ups.mfr=ACME")]
    #[case::dos("ups.mfr: ACME\r\nups.id: x\r\n", "ups.mfr=ACME|ups.id=x")]
    #[case::words_are_joined("ups.model:  Pro   X  700 ", "ups.model=Pro X 700")]
    #[case::quotes_keep_blanks("ups.model: \"Pro  X\" 700", "ups.model=Pro  X 700")]
    #[case::equals_is_a_word("ups.model: a=b", "ups.model=a = b")]
    #[case::escapes(r"ups.model: 19\ \#1 \\", r"ups.model=19 #1 \")]
    #[case::comments("# all\nups.id: x # this\n  #that\n", "ups.id=x")]
    #[case::no_colon("ups.id x", "ups.id=x")]
    #[case::stuck("ups.id:x y", "ups.id=x y")]
    #[case::blank("ups.id:\nups.load: \"\"\nups.mfr", "ups.id=|ups.load=|ups.mfr=")]
    #[case::own("driver.name: x\nDRIVER.flag.y: 1\nserver.info: z\nups.id: x", "ups.id=x")]
    #[case::timer("TIMER 5\nTIMER 0.5\nTIMER 2m\nTIMER 0\nTIMER 0.0001", "5000ms|500ms|120000ms|0ms|10ms")]
    #[case::alarm("ALARM [Too hot]  now\nALARM\nALARM \"\"\nALARM: x", "![Too hot] now|!|!|!x")]
    #[case::utf8("ups.id: Büro", "ups.id=Büro")]
    #[case::carried("ups.model: a \\\n b", "ups.model=a b")]
    #[case::bad_timer(
        "TIMER\nTIMER soon\nTIMER -1\nups.id: x",
        "ups.id=x|?1: TIMER : not a number: ignored (write TIMER 60)|\
        ?2: TIMER soon: not a number: ignored (write TIMER 60)|?3: TIMER -1: negative: ignored (write TIMER 60)"
    )]
    #[case::chatter(
        "Init SSL without certificate database\nups.id: x",
        "ups.id=x|?1: 'Init' is neither a variable \
        (name: value) nor TIMER nor ALARM: line ignored"
    )]
    #[case::no_name(
        "\n: x\n\"a b\": x\nups/id: x",
        "?2: '' is no name of a variable: line ignored|?3: 'a b' is no name \
        of a variable: line ignored|?4: 'ups/id' is no name of a variable: line ignored"
    )]
    #[case::hash_in_quotes(
        "ups.id: \"#1\"\nups.mfr: x",
        "ups.mfr=x|?1: unescaped # inside quotes: line ignored (write \\#)"
    )]
    fn files(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(shown(text), expected);
    }

    quickcheck! {
        fn any_bytes_are_read_and_names_fit_the_wire(bytes: Vec<u8>) -> bool {
            let (steps, _) = parse(&bytes);
            steps.iter().all(|step| !matches!(step, Step::Set(name, _) if !is_variable_name(name)))
        }
    }
}
