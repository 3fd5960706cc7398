//! Drivers that are only played: programs by which is seen how, and in which order, `upsdrvctl` calls drivers. They are
//! there in every lab, as scripts where programs are processes.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use outage_host::virt::{Running, Spawn};
use outage_host::{ExitStatus, Host, Signal};

use super::virt::place;

/// Their folder, for `driverpath`.
pub(crate) const FOLDER: &str = "drivers";
/// What they tell of themselves, a line each: `NAME ARGUMENTS` when one is called, and what it does later.
pub(crate) const CALLED: &str = "run/called";

/// How long [`Act::Slow`] takes.
pub(crate) const SLOW: Duration = Duration::from_secs(2);
/// How long a daemon takes to end.
const ENDING: Duration = Duration::from_millis(500);
/// How long [`Act::Hangs`] does, and how long daemons live at most: nothing is left over for ever.
const LONG: Duration = Duration::from_secs(60);

/// What one of them does.
#[derive(Clone, Copy)]
enum Act {
    /// Ends with this code at once, but for the first so many calls, which fail.
    Ends(u8, u32),
    /// Takes [`SLOW`], says `NAME done`, and ends with 0.
    Slow,
    /// Never gets ready.
    Hangs,
    /// Goes to the background, with a PID file. Whether it ends at SIGTERM, which takes it [`ENDING`]; then it tells of
    /// it: `NAME UPS TERM`.
    Daemon(bool),
}

/// Their names.
const DRIVERS: &[(&str, Act)] = &[
    ("good", Act::Ends(0, 0)),
    ("other", Act::Ends(0, 0)),
    ("bad", Act::Ends(3, 0)),
    ("second", Act::Ends(0, 1)),
    ("third", Act::Ends(0, 2)),
    ("slow", Act::Slow),
    ("hangs", Act::Hangs),
    ("daemon", Act::Daemon(true)),
    ("deaf", Act::Daemon(false)),
];

/// Their scripts, for a lab in `folder`.
pub(super) fn scripts(folder: &Path) -> Vec<(&'static str, String)> {
    let run = folder.join("run").display().to_string();
    let (slow, long) = (SLOW.as_secs(), LONG.as_secs());
    let script = |name: &str, act: Act| {
        let act = match act {
            Act::Ends(code, 0) => format!("exit {code}"),
            Act::Ends(code, failures) => {
                format!("[ \"$(grep -c '^{name} ' '{run}/called')\" -gt {failures} ] || exit 1\nexit {code}")
            }
            Act::Slow => format!("sleep {slow}\necho '{name} done' >>'{run}/called'"),
            Act::Hangs => format!("exec sleep {long}"),
            Act::Daemon(ends) => {
                let (begin, end) = if ends {
                    (format!("sleep {}; ", ENDING.as_secs_f64()), "; rm -f \"$pid\"; exit 0")
                } else {
                    (String::new(), "")
                };
                let turns = long * 10;
                format!(
                    "ups=; last=\nfor word; do [ \"$last\" != -a ] || ups=$word; last=$word; done\n\
                     pid='{run}'/{name}-$ups.pid\n\
                     (\ntrap \"{begin}echo '{name}' $ups TERM >>'{run}/called'{end}\" TERM\n: >\"$pid.ready\"\n\
                     turn=0; while [ $turn -lt {turns} ]; do sleep 0.1; turn=$((turn + 1)); done\n) &\n\
                     echo $! >\"$pid\"\nwhile [ ! -e \"$pid.ready\" ]; do sleep 0.02; done"
                )
            }
        };
        format!("#!/bin/sh\necho {name} \"$*\" >>'{run}/called'\nexec </dev/null >/dev/null 2>&1\n{act}\n")
    };
    DRIVERS.iter().map(|(name, act)| (*name, script(name, *act))).collect()
}

fn tell(host: &Host, line: &str) {
    // A line that is missing is what the check will miss.
    let _ = host.append(&place(CALLED)).and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}

/// Plays the program that a process in memory starts, if it is one of these.
pub(super) fn play(spawn: &Spawn) -> Option<Running> {
    let words = spawn.command.argv.clone();
    let path = Path::new(words.first()?);
    if path.parent() != Some(&*place(FOLDER)) {
        return None;
    }
    let name = spawn.program().to_owned();
    let (_, act) = DRIVERS.iter().find(|(known, _)| *known == name)?;
    let host = spawn.host(&name);
    tell(&host, &format!("{name} {}", words[1..].join(" ")));
    Some(match *act {
        Act::Ends(code, failures) => {
            let told = host.read(&place(CALLED)).unwrap_or_default();
            let told = String::from_utf8_lossy(&told).into_owned();
            let calls = told.lines().filter(|line| line.split(' ').next() == Some(&*name)).count();
            let code = if calls as u32 > failures { i32::from(code) } else { 1 };
            Running::Exit(ExitStatus::Code(code), Duration::ZERO)
        }
        Act::Slow => Running::task(async move {
            host.sleep(SLOW).await;
            tell(&host, &format!("{name} done"));
            ExitStatus::Code(0)
        }),
        Act::Hangs => Running::Exit(ExitStatus::Code(0), LONG),
        Act::Daemon(ends) => {
            let at = words.iter().position(|word| word == "-a").map_or(0, |at| at + 1);
            let ups = words.get(at).cloned().unwrap_or_default();
            spawn.background(&name.clone(), move |host| daemon(host, name, ups, ends))
        }
    })
}

async fn daemon(host: Host, name: String, ups: String, ends: bool) -> ExitCode {
    let file = place("run").join(format!("{name}-{ups}.pid"));
    if host.write(&file, format!("{}\n", host.pid()).as_bytes(), 0o644).is_err() {
        return ExitCode::FAILURE;
    }
    host.ready();
    loop {
        if host.next_signal().await != Signal::Term {
            continue;
        }
        if ends {
            host.sleep(ENDING).await;
        }
        tell(&host, &format!("{name} {ups} TERM"));
        if ends {
            let _ = host.remove(&file);
            return ExitCode::SUCCESS;
        }
    }
}
