//! The text of a watch to its steps.

use std::time::Duration;

use outage_host::Signal;

use super::{Act, Step, Text, Watch, Window};
use crate::conform::Script;
use crate::conform::talk::length;

/// Reads a watch.
///
/// # Errors
/// Text: the first line that makes no sense, with its number.
pub fn parse(text: &str) -> Result<Watch, String> {
    let mut watch = Watch::default();
    for (number, line) in text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line)) {
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        let wrong = |error: String| format!("line {number}, `{line}`: {error}");
        if let Some(rest) = line.strip_prefix("conf: ") {
            watch.conf.own.push(rest.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix("conf ours: ") {
            watch.conf.ours.push(rest.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix("conf without ") {
            watch.conf.without.push(rest.trim().to_owned());
        } else if let Some(rest) = line.strip_prefix("skip ") {
            let (target, reason) =
                rest.split_once(": ").ok_or_else(|| wrong("skip TARGET: REASON".to_owned()))?;
            watch.skips.push((target.parse().map_err(wrong)?, reason.to_owned()));
        } else if let Some(rest) = line.strip_prefix("flag: ") {
            watch.flag = Some(rest.to_owned());
        } else {
            watch.steps.push((number, line.to_owned(), step(line).map_err(wrong)?));
        }
    }
    if watch.steps.is_empty() {
        return Err("it says nothing".to_owned());
    }
    Ok(watch)
}

fn step(line: &str) -> Result<Step, String> {
    let (server, line) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((name, rest)) => match (name.chars().next(), name.len()) {
            (Some(name @ 'a'..='z'), 1) => (name, rest.trim_start()),
            _ => return Err("a server's name is one letter".to_owned()),
        },
        None => ('a', line),
    };
    if let Some(act) = act(line)? {
        return Ok(Step::Server(server, act));
    }
    let (line, window) = window(line)?;
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim();
    let timed = matches!(word, "notice" | "shutdown" | "asks" | "ended");
    if window.is_some() && !timed {
        return Err(format!("`{word}` has no time"));
    }
    Ok(match word {
        "start" => Step::Start(words(rest)),
        "conf" => match rest.split_once(' ') {
            Some(("+", line)) => Step::Add(line.to_owned()),
            Some(("-", line)) => Step::Remove(line.to_owned()),
            _ => return Err("conf + LINE or conf - LINE".to_owned()),
        },
        "signal" => Step::Signal(match rest {
            "HUP" => Signal::Hup,
            "TERM" => Signal::Term,
            "INT" => Signal::Int,
            "USR1" => Signal::Usr1,
            _ => return Err("HUP, TERM, INT or USR1".to_owned()),
        }),
        "run" => Step::Run(words(rest)),
        "wait" => Step::Wait(length(rest)?),
        "notice" if !rest.is_empty() => Step::Notice(words(rest), window),
        "text" => Step::Text(match rest.strip_prefix("~ ") {
            Some(pattern) => Text::Pattern(pattern.to_owned()),
            None => Text::Exact(rest.to_owned()),
        }),
        "about" => Step::About(if rest == "nothing" { String::new() } else { rest.to_owned() }),
        "shutdown" => shutdown(rest, window),
        "quiet" => Step::Quiet(length(rest)?),
        "asks" => asks(server, rest, window)?,
        "never" if !rest.is_empty() => Step::Never(server, rest.to_owned()),
        "ended" => {
            let (is, code) = code(rest)?;
            Step::Ended(is, code, window)
        }
        "runs" => Step::Runs,
        "log" => match rest.split_once(' ') {
            Some(("~", pattern)) => Step::Log(pattern.to_owned(), None),
            Some(("!~", pattern)) => Step::Log(pattern.to_owned(), Some(0)),
            Some((count, rest)) => {
                let pattern = rest.strip_prefix("~ ").ok_or("log COUNT ~ PATTERN")?;
                Step::Log(pattern.to_owned(), Some(count.parse().map_err(|_| "log COUNT ~ PATTERN")?))
            }
            None => return Err("log ~ PATTERN, log !~ PATTERN or log COUNT ~ PATTERN".to_owned()),
        },
        "wall" => match rest.split_once(' ') {
            Some(("~", pattern)) => Step::Wall(pattern.to_owned(), true),
            Some(("!~", pattern)) => Step::Wall(pattern.to_owned(), false),
            _ => return Err("wall ~ PATTERN or wall !~ PATTERN".to_owned()),
        },
        "flag" => match rest.strip_prefix("is ") {
            Some(text) => Step::Flag(Some(text.to_owned())),
            None if rest == "absent" => Step::Flag(None),
            None => return Err("flag absent or flag is TEXT".to_owned()),
        },
        "exit" => {
            let (is, code) = code(rest)?;
            Step::Exit(is, code)
        }
        "stdout" => Step::Stdout(rest.strip_prefix("~ ").ok_or("stdout ~ PATTERN")?.to_owned()),
        "stderr" => Step::Stderr(rest.strip_prefix("~ ").ok_or("stderr ~ PATTERN")?.to_owned()),
        _ => return Err("no such step".to_owned()),
    })
}

fn act(line: &str) -> Result<Option<Act>, String> {
    if let Some(status) = line.strip_prefix("status ").or((line == "status").then_some("")) {
        return Ok(Some(Act::Rule(format!("GET VAR dummy ups.status => VAR dummy ups.status \"{status}\""))));
    }
    if let Some(rule) = line.strip_prefix("say ") {
        Script::default().rule(rule)?;
        return Ok(Some(Act::Rule(rule.to_owned())));
    }
    Ok(Some(match line {
        "goes" => Act::Goes,
        "comes" => Act::Comes,
        "mute" => Act::Mute,
        "talks" => Act::Talks,
        "hangs up" => Act::HangsUp,
        _ => return Ok(None),
    }))
}

fn shutdown(rest: &str, window: Option<Window>) -> Step {
    // A program's file in the flag's place is one word in these texts.
    let (flag, arguments) = match rest.strip_prefix("is ") {
        Some(rest) => {
            let (text, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
            (format!("is {text}"), arguments)
        }
        None => match rest.strip_prefix("absent") {
            Some(arguments) => ("absent".to_owned(), arguments.trim()),
            None => ("is upsmon-shutdown-file".to_owned(), rest),
        },
    };
    Step::Shutdown(flag, arguments.to_owned(), window)
}

fn asks(server: char, rest: &str, window: Option<Window>) -> Result<Step, String> {
    let often = rest.split_once(' ').and_then(|(count, line)| Some((count.parse().ok()?, line)));
    match (often, window) {
        (Some((count, line)), Some(window)) => Ok(Step::AsksOften(server, count, line.to_owned(), window)),
        (Some(_), None) => Err("asks COUNT LINE takes a time".to_owned()),
        (None, window) if !rest.is_empty() => Ok(Step::Asks(server, rest.to_owned(), window)),
        _ => Err("asks LINE".to_owned()),
    }
}

fn code(text: &str) -> Result<(bool, i32), String> {
    let (is, digits) = text.strip_prefix("not ").map_or((true, text), |rest| (false, rest));
    Ok((is, digits.parse().map_err(|_| format!("`{text}` is no exit code"))?))
}

/// Takes the time from the end of a line.
fn window(line: &str) -> Result<(&str, Option<Window>), String> {
    let (line, exact) = match line.rsplit_once(" =") {
        Some((rest, exact)) if length(exact).is_ok() => (rest, Some(length(exact)?)),
        _ => (line, None),
    };
    let found = line.rsplit_once(' ').and_then(|(rest, time)| {
        let since_act = time.starts_with('@');
        let (from, to) = time.strip_prefix(['@', '+'])?.split_once("..")?;
        Some((rest, since_act, from, to))
    });
    match found {
        Some((rest, since_act, from, to)) => {
            let (from, to): (Duration, Duration) = (length(from)?, length(to)?);
            let whole = exact.unwrap_or(from);
            if from > to || whole < from || whole > to {
                return Err("a time is FROM..TO, and the exact one is in between".to_owned());
            }
            Ok((rest.trim_end(), Some(Window { since_act, from, to, exact })))
        }
        None if exact.is_some() => Err("an exact time stands behind a time".to_owned()),
        None => Ok((line, None)),
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn time(since_act: bool, from: u64, to: u64, exact: Option<u64>) -> Option<Window> {
        let length = Duration::from_millis;
        Some(Window { since_act, from: length(from), to: length(to), exact: exact.map(length) })
    }

    #[rstest]
    #[case("start -D -D", Step::Start(vec!["-D".into(), "-D".into()]))]
    #[case("[b] mute", Step::Server('b', Act::Mute))]
    #[case("status OB", Step::Server('a', Act::Rule("GET VAR dummy ups.status => VAR dummy ups.status \"OB\"".into())))]
    #[case("notice ONBATT LOWBATT @0s..2s", Step::Notice(vec!["ONBATT".into(), "LOWBATT".into()], time(true, 0, 2000, None)))]
    #[case("shutdown +1s..2s =1500ms", Step::Shutdown("is upsmon-shutdown-file".into(), String::new(), time(false, 1000, 2000, Some(1500))))]
    #[case("shutdown absent -h now", Step::Shutdown("absent".into(), "-h now".into(), None))]
    #[case("[b] asks FSD dummy", Step::Asks('b', "FSD dummy".into(), None))]
    #[case("ended not 0", Step::Ended(false, 0, None))]
    #[case("log 2 ~ a b", Step::Log("a b".into(), Some(2)))]
    #[case("log !~ a = b", Step::Log("a = b".into(), Some(0)))]
    #[case("conf - NOTIFYCMD x", Step::Remove("NOTIFYCMD x".into()))]
    fn a_step(#[case] line: &str, #[case] expected: Step) {
        assert_eq!(step(line), Ok(expected));
    }

    #[rstest]
    #[case("dance", "line 1, `dance`: no such step")]
    #[case("notice", "line 1, `notice`: no such step")]
    #[case(
        "start\nnotice FSD @2s..1s",
        "line 2, `notice FSD @2s..1s`: a time is FROM..TO, and the exact one is in between"
    )]
    #[case("runs @0s..1s", "line 1, `runs @0s..1s`: `runs` has no time")]
    #[case("say GET", "line 1, `say GET`: `GET`: a rule is WHEN => WHAT")]
    #[case("# nothing", "it says nothing")]
    fn what_makes_no_sense(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse(text).unwrap_err(), expected);
    }
}
