//! The faults of an upssched: in what it understands of its file, and in how it runs CMDSCRIPT.

use super::{Fault, Kind};

const fn fault(name: &'static str, about: &'static str, kind: Kind) -> Fault {
    Fault { name, about, kind }
}

/// Replaces a part of upssched.conf wherever it is.
macro_rules! reads {
    ($seen:literal => $instead:literal) => {
        Kind::Sched(|text| text.replace($seen, $instead))
    };
}

/// Changes each line of upssched.conf that has this word in it; the change gets the words.
fn lines(text: &str, word: &str, change: impl Fn(&[&str]) -> String) -> String {
    text.lines()
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            if words.contains(&word) { change(&words) + "\n" } else { format!("{line}\n") }
        })
        .collect()
}

/// Each timer's time becomes this.
fn times(text: &str, change: impl Fn(&str) -> String) -> String {
    lines(text, "START-TIMER", |words| match words {
        [head @ .., time] if words.len() == 6 => format!("{} {}", head.join(" "), change(time)),
        other => other.join(" "),
    })
}

/// Changes the cells of each run: number of arguments, arguments, NOTIFYTYPE, UPSNAME, NOTIFYMSG.
fn cells<'text>(text: &'text str, change: impl Fn(&mut Vec<&'text str>)) -> String {
    text.lines()
        .map(|line| {
            let mut cells: Vec<_> = line.split('|').collect();
            cells.resize(5, "");
            change(&mut cells);
            cells.join("|") + "\n"
        })
        .collect()
}

/// Every fault of an upssched.
pub(super) const SCHED: &[Fault] = &[
    // Which lines are for a notice
    fault("sched-knows-no-any", "upssched takes * for a UPS's name", reads!(" * " => " nobody@nowhere ")),
    fault("sched-any-for-one", "upssched does lines for one UPS for all", reads!(" a@localhost " => " * ")),
    fault(
        "sched-wrong-notice",
        "upssched does the lines of another notice",
        reads!("AT ONBATT" => "AT LOWBATT"),
    ),
    fault(
        "sched-minds-case",
        "upssched knows notices in capital letters only",
        reads!("AT OnBatt" => "AT NOTHING"),
    ),
    fault(
        "sched-first-line-only",
        "upssched does the first line for a notice only",
        Kind::Sched(|text| {
            let mut rules = 0;
            text.lines()
                .filter(|line| {
                    rules += usize::from(line.starts_with("AT "));
                    rules < 2 || !line.starts_with("AT ")
                })
                .map(|line| format!("{line}\n"))
                .collect()
        }),
    ),
    fault(
        "sched-backwards",
        "upssched does the lines from the last to the first",
        Kind::Sched(|text| {
            let (rules, head): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("AT "));
            head.iter().chain(rules.iter().rev()).map(|line| format!("{line}\n")).collect()
        }),
    ),
    // The file
    fault(
        "sched-needs-no-pipe",
        "upssched makes a PIPEFN up",
        Kind::Sched(|text| format!("PIPEFN /run/nut/made-up.pipe\n{text}")),
    ),
    fault(
        "sched-needs-no-lock",
        "upssched makes a LOCKFN up",
        Kind::Sched(|text| format!("LOCKFN /run/nut/made-up.lock\n{text}")),
    ),
    fault(
        "sched-needs-no-script",
        "upssched makes a CMDSCRIPT up",
        Kind::Sched(|text| format!("CMDSCRIPT /run/nut/upssched-cmd\n{text}")),
    ),
    fault(
        "sched-says-nothing",
        "upssched leaves lines out that it can't read, and says nothing",
        Kind::Sched(|text| {
            text.lines()
                .filter(|line| {
                    let words = line.split_whitespace().count();
                    !line.starts_with("COMMAND")
                        && !line.contains("FROBNICATE")
                        && (!line.starts_with("AT") || words > 4)
                })
                .map(|line| format!("{line}\n"))
                .collect()
        }),
    ),
    fault("sched-small-letters", "upssched knows commands in small letters", reads!("execute" => "EXECUTE")),
    fault("sched-does-comments", "upssched does what is commented out", reads!("# AT" => "AT")),
    fault("sched-splits-words", "upssched knows no quotes", Kind::Sched(|text| text.replace('"', ""))),
    fault(
        "sched-reads-no-number-as-0",
        "upssched takes a time that is no number for 0",
        Kind::Sched(|text| times(text, |time| if time == "soon" { "0".to_owned() } else { time.to_owned() })),
    ),
    fault("sched-drops-the-sign", "upssched takes a negative time for a positive one", reads!(" -3" => " 1")),
    fault(
        "sched-no-time-is-0",
        "upssched takes a timer without a time for one of 0",
        Kind::Sched(|text| {
            lines(text, "START-TIMER", |words| {
                if words.len() == 5 { format!("{} 0", words.join(" ")) } else { words.join(" ") }
            })
        }),
    ),
    fault("sched-knows-no-units", "upssched reads the digits of a time only", reads!("1500ms" => "1500")),
    fault("sched-drops-arguments", "upssched drops CMDSCRIPT's own arguments", reads!(" first second" => "")),
    // Timers
    fault(
        "sched-early",
        "timers are over most of a second early",
        Kind::Sched(|text| {
            times(text, |time| match time.parse::<u32>() {
                Ok(seconds @ 1..) => format!("{}ms", seconds * 1000 - 700),
                _ => time.to_owned(),
            })
        }),
    ),
    fault(
        "sched-late",
        "timers take twice their time",
        Kind::Sched(|text| {
            times(text, |time| {
                time.parse::<u32>().map_or(time.to_owned(), |seconds| (seconds * 2).to_string())
            })
        }),
    ),
    fault("sched-never-0", "a timer of 0 is one of a minute", reads!("onbatt 0" => "onbatt 60")),
    fault(
        "sched-one-a-name",
        "a second timer of a name is none",
        reads!("START-TIMER " => "START-TIMER-SHARED "),
    ),
    fault("sched-shares-nothing", "a shared timer is another timer", reads!("TIMER-SHARED" => "TIMER")),
    // Cancelling
    fault(
        "sched-never-cancels",
        "CANCEL-TIMER does nothing",
        reads!("CANCEL-TIMER onbatt" => "CANCEL-TIMER x"),
    ),
    fault(
        "sched-cancels-another",
        "CANCEL-TIMER cancels timers of every name",
        Kind::Sched(|text| text.replace("START-TIMER two", "START-TIMER one")),
    ),
    fault(
        "sched-always-back",
        "CANCEL-TIMER always runs its command",
        Kind::Sched(|text| {
            lines(text, "CANCEL-TIMER", |words| {
                if words.len() == 6 {
                    format!("{}\nAT {} * EXECUTE {}", words[..5].join(" "), words[1], words[5])
                } else {
                    words.join(" ")
                }
            })
        }),
    ),
    fault(
        "sched-never-back",
        "CANCEL-TIMER never runs its command",
        Kind::Sched(|text| lines(text, "CANCEL-TIMER", |words| words[..words.len().min(5)].join(" "))),
    ),
    fault(
        "sched-cancels-its-own",
        "CANCEL-TIMER cancels what the same UPS started",
        reads!(
            "CANCEL-TIMER " => "CANCEL-TIMER-MATCHED "
        ),
    ),
    fault("sched-matches-all", "CANCEL-TIMER-MATCHED cancels all of the name", reads!("-MATCHED" => "")),
    // CMDSCRIPT
    fault(
        "sched-forgets-ups",
        "CMDSCRIPT has no UPSNAME",
        Kind::Calls(|text| cells(text, |cells| cells[3] = "")),
    ),
    fault(
        "sched-forgets-type",
        "CMDSCRIPT has no NOTIFYTYPE",
        Kind::Calls(|text| cells(text, |cells| cells[2] = "")),
    ),
    fault(
        "sched-forgets-text",
        "CMDSCRIPT has no NOTIFYMSG",
        Kind::Calls(|text| cells(text, |cells| cells[4] = "")),
    ),
    fault(
        "sched-one-environment",
        "CMDSCRIPT has the environment of the first timer",
        Kind::Calls(|text| {
            let first: Vec<_> = text.lines().next().unwrap_or_default().split('|').collect();
            cells(text, |cells| {
                if let [_, _, kind, ups, ..] = first.as_slice() {
                    cells[2] = kind;
                    cells[3] = ups;
                }
            })
        }),
    ),
    fault(
        "sched-two-arguments",
        "CMDSCRIPT has one argument more",
        Kind::Calls(|text| cells(text, |cells| cells[0] = "2")),
    ),
    fault(
        "sched-runs-twice",
        "CMDSCRIPT is run twice each time",
        Kind::Calls(|text| text.lines().map(|line| format!("{line}\n{line}\n")).collect()),
    ),
    fault(
        "sched-loses-one-of-many",
        "of many timers one is lost",
        Kind::Calls(|text| text.lines().take(7).map(|line| format!("{line}\n")).collect()),
    ),
    fault(
        "sched-shell",
        "a shell reads CMDSCRIPT's argument",
        Kind::Calls(|text| text.replace("$(echo oops)", "oops")),
    ),
    // What was there before
    fault("sched-stopped-by-lock", "a LOCKFN that is there stops it", Kind::StoppedBy("run/upssched.lock")),
    fault("sched-stopped-by-socket", "a PIPEFN that is there stops it", Kind::StoppedBy("run/upssched.pipe")),
    fault("sched-destroys-pipe", "whatever is at PIPEFN is removed", Kind::Removes("run/upssched.pipe")),
];
