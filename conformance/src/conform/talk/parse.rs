//! The text of a conversation to its steps.

use std::time::Duration;

use super::step::{Client, Driver, Edit, Expected, Step, Talk};
use crate::conform::{Manner, Script, Setup};

/// Reads a conversation.
///
/// # Errors
/// Text: the first line that makes no sense, with its number.
pub fn parse(text: &str) -> Result<Talk, String> {
    let mut talk = Talk {
        setup: Setup::standard(),
        no_upsd: false,
        virtual_only: None,
        real_only: None,
        rules: Vec::new(),
        rules_only: false,
        steps: Vec::new(),
    };
    let mut programs = false;
    let mut server = false;
    for (number, line) in text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line)) {
        if line.is_empty() || line == "#" || line.starts_with("# ") {
            continue;
        }
        let wrong = |error: String| format!("line {number}, `{line}`: {error}");
        if let Some(rest) = line.strip_prefix("setup: ") {
            server = true;
            talk.setup.line(rest.trim()).map_err(wrong)?;
        } else if let Some(reason) = line.strip_prefix("virtual-only: ") {
            talk.virtual_only = Some(reason.to_owned());
        } else if let Some(reason) = line.strip_prefix("real-only: ") {
            talk.real_only = Some(reason.to_owned());
        } else if let Some(rule) = line.strip_prefix("serve: ") {
            Script::default().rule(rule).map_err(wrong)?;
            talk.rules.push(rule.to_owned());
        } else if let Some(rule) = line.strip_prefix("serve-only: ") {
            Script::default().rule(rule).map_err(wrong)?;
            talk.rules.push(rule.to_owned());
            talk.rules_only = true;
        } else {
            let step = step(line).map_err(wrong)?;
            match &step {
                Step::Run(..) => programs = true,
                Step::Stdin(..)
                | Step::Exit(..)
                | Step::ExitNot(..)
                | Step::Stdout(..)
                | Step::StdoutEnd
                | Step::Stderr(..)
                | Step::Heard(..) => {}
                _ => server = true,
            }
            talk.steps.push((number, line.to_owned(), step));
        }
    }
    if talk.steps.is_empty() {
        return Err("it says nothing".to_owned());
    }
    talk.no_upsd = programs && !server;
    Ok(talk)
}

fn step(line: &str) -> Result<Step, String> {
    let (name, rest) = match line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, rest)) => {
            let mut chars = name.chars();
            match (chars.next(), chars.next()) {
                (Some(name), None) => (name, rest.trim_start()),
                _ => return Err("a connection's name is one letter".to_owned()),
            }
        }
        None => ('a', line),
    };
    if let Some(client) = client(rest)? {
        return Ok(Step::Client(name, client));
    }
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim_start();
    Ok(match word {
        "driver" => driver(rest)?,
        "config" => config(rest)?,
        "play" => {
            let (name, desc) = rest.split_once(' ').unwrap_or((rest, ""));
            let desc = desc.trim().trim_matches('"');
            Step::Play(name.to_owned(), (!desc.is_empty()).then(|| desc.to_owned()))
        }
        "reload" => Step::Reload,
        "stop" => Step::Stop,
        "ended" => Step::Ended(number(rest)?),
        "wait" => Step::Wait(length(rest)?),
        "log" => match rest.split_once(' ') {
            Some(("~", pattern)) => Step::Log(pattern.to_owned(), true),
            Some(("!~", pattern)) => Step::Log(pattern.to_owned(), false),
            _ => return Err("log ~ PATTERN or log !~ PATTERN".to_owned()),
        },
        "stdin" => Step::Stdin(escaped(rest)?),
        "run" => Step::Run(words(rest)),
        "exit" => match rest.strip_prefix("not ") {
            Some(code) => Step::ExitNot(number(code)?),
            None => Step::Exit(number(rest)?),
        },
        "stdout" if rest == "end" => Step::StdoutEnd,
        "stdout" => Step::Stdout(match rest.strip_prefix("~ ") {
            Some(pattern) => Expected::Pattern(pattern.to_owned()),
            None => Expected::Exact(rest.to_owned()),
        }),
        "stderr" => match rest.strip_prefix("~ ") {
            Some(pattern) => Step::Stderr(pattern.to_owned()),
            None => return Err("stderr ~ PATTERN".to_owned()),
        },
        "heard" => match rest.strip_prefix("not ") {
            Some(line) => Step::Heard(line.to_owned(), false),
            None => Step::Heard(rest.to_owned(), true),
        },
        _ => return Err("no such step".to_owned()),
    })
}

fn client(text: &str) -> Result<Option<Client>, String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    Ok(Some(match word {
        ">" => Client::Send(rest.to_owned()),
        ">>" => Client::Raw(escaped(rest)?),
        "<" if rest == "..." => Client::List,
        "<" => Client::Expect(Expected::Exact(rest.to_owned())),
        "<<" => Client::Expect(Expected::Bytes(escaped(rest)?)),
        "<~" => Client::Expect(Expected::Pattern(rest.to_owned())),
        "<?" => Client::Should(Expected::Exact(rest.to_owned())),
        "<?~" => Client::Should(Expected::Pattern(rest.to_owned())),
        "open" => Client::Open,
        "close" => Client::Close,
        "finish" => Client::Finish,
        "silence" => Client::Silence,
        "closed" => match rest.strip_prefix("within ") {
            Some(limit) => Client::Closed(Some(length(limit)?)),
            None if rest.is_empty() => Client::Closed(None),
            None => return Err("closed, or closed within LENGTH".to_owned()),
        },
        _ => return Ok(None),
    }))
}

fn driver(text: &str) -> Result<Step, String> {
    let colon = text.find(": ").filter(|at| !text[..*at].contains(' '));
    if let Some(at) = colon {
        return Ok(Step::Driver(text[..at].to_owned(), Driver::Say(text[at + 2..].to_owned())));
    }
    let (ups, rest) = text.split_once(' ').ok_or("driver UPS WHAT")?;
    let (word, argument) = rest.split_once(' ').unwrap_or((rest, ""));
    let step = match word {
        ">>" => Driver::Raw(escaped(argument)?),
        "<" => Driver::Expect(Expected::Exact(argument.to_owned())),
        "<<" => Driver::Expect(Expected::Bytes(escaped(argument)?)),
        "<~" => Driver::Expect(Expected::Pattern(argument.to_owned())),
        "silence" => Driver::Silence,
        "hangs" => Driver::HangsUp,
        "goes" => Driver::Goes,
        "comes" => Driver::Comes,
        "reconnected" => Driver::Reconnected,
        "ignores" => Driver::IgnoresPings,
        "dump:" => Driver::Dump(argument.to_owned()),
        "no-dump" => Driver::NoDump,
        "manner" => Driver::Manner(match argument {
            "right" => Manner::Right,
            "stale" => Manner::Stale,
            "mute" => Manner::Mute,
            other => return Err(format!("`{other}`: right, stale or mute")),
        }),
        other => return Err(format!("a driver does not `{other}`")),
    };
    Ok(Step::Driver(ups.to_owned(), step))
}

fn config(text: &str) -> Result<Step, String> {
    let (file, rest) = text.split_once(' ').ok_or("config FILE + LINE, - LINE or clear")?;
    if !["upsd.conf", "upsd.users", "ups.conf"].contains(&file) {
        return Err(format!("`{file}`: upsd.conf, upsd.users or ups.conf"));
    }
    let edit = match rest.split_once(' ') {
        Some(("+", line)) => Edit::Add(line.to_owned()),
        Some(("-", line)) => Edit::Remove(line.trim().to_owned()),
        None if rest == "clear" => Edit::Clear,
        _ => return Err("config FILE + LINE, - LINE or clear".to_owned()),
    };
    Ok(Step::Config(file.to_owned(), edit))
}

fn number(text: &str) -> Result<i32, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}

/// Words by blanks; one in single quotes is whole.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\'').and_then(|rest| rest.split_once('\'')) {
            Some(found) => found,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// `2s` or `300ms`.
///
/// # Errors
/// Text: it is neither.
pub fn length(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("`{text}` is no length: 300ms or 2s");
    let (digits, millis) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').ok_or_else(wrong)?, 1000),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    Ok(Duration::from_millis(count * millis))
}

/// Bytes of a text in double quotes: `\n \r \t \\ \" \xHH`, and `{x*3}` for three times `x`.
///
/// # Errors
/// Text: it is not in quotes, or has another escape.
pub fn escaped(text: &str) -> Result<Vec<u8>, String> {
    let text = text.trim();
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.ok_or_else(|| format!("`{text}` is not in double quotes"))?;
    let inner = super::play::repeated(inner);
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first().ok_or("a backslash at the end")?;
        rest = after;
        bytes.push(match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'\\' => b'\\',
            b'"' => b'"',
            b'x' => {
                let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                rest = rest.get(2..).unwrap_or_default();
                byte.ok_or("\\x takes two hexadecimal digits")?
            }
            other => return Err(format!("there is no escape \\{}", char::from(*other))),
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("> GET VAR a b", Step::Client('a', Client::Send("GET VAR a b".into())))]
    #[case(">", Step::Client('a', Client::Send(String::new())))]
    #[case("[b] < OK", Step::Client('b', Client::Expect(Expected::Exact("OK".into()))))]
    #[case(r#">> "a\x00\r\n""#, Step::Client('a', Client::Raw(b"a\0\r\n".to_vec())))]
    #[case(r#">> "{ab*2}""#, Step::Client('a', Client::Raw(b"abab".to_vec())))]
    #[case("closed within 70s", Step::Client('a', Client::Closed(Some(Duration::from_secs(70)))))]
    #[case("driver dummy: SETINFO a \"b: c\"", Step::Driver("dummy".into(), Driver::Say("SETINFO a \"b: c\"".into())))]
    #[case("driver dummy dump: SETINFO a \"b\"", Step::Driver("dummy".into(), Driver::Dump("SETINFO a \"b\"".into())))]
    #[case("driver dummy < SET a: b", Step::Driver("dummy".into(), Driver::Expect(Expected::Exact("SET a: b".into()))))]
    #[case("config upsd.users + [new]", Step::Config("upsd.users".into(), Edit::Add("[new]".into())))]
    #[case("run upsc '' -l 'a b'", Step::Run(vec!["upsc".into(), String::new(), "-l".into(), "a b".into()]))]
    #[case("exit not 0", Step::ExitNot(0))]
    #[case("wait 300ms", Step::Wait(Duration::from_millis(300)))]
    fn a_step(#[case] line: &str, #[case] expected: Step) {
        assert_eq!(step(line), Ok(expected));
    }

    #[rstest]
    #[case("< OK\nGET VAR", "line 2, `GET VAR`: no such step")]
    #[case("[ab] > x", "line 1, `[ab] > x`: a connection's name is one letter")]
    #[case(r#">> "\q""#, r#"line 1, `>> "\q"`: there is no escape \q"#)]
    #[case("wait long", "line 1, `wait long`: `long` is no length: 300ms or 2s")]
    #[case(
        "setup: driver attic stale",
        "line 1, `setup: driver attic stale`: the fixture has no UPS `attic`"
    )]
    #[case("# nothing", "it says nothing")]
    fn what_makes_no_sense(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse(text).unwrap_err(), expected);
    }

    #[test]
    fn a_conversation_with_programs_alone_needs_no_upsd() {
        assert!(parse("run upsc -l {nobody}\nexit 1").unwrap().no_upsd);
        assert!(!parse("run upsc -l {upsd}\n> VER\n<~ .*").unwrap().no_upsd);
    }
}
