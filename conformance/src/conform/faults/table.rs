//! The faults.

use super::Fate::{self, Answered, Becomes, Lost, Passes};
use super::{Fault, Kind};

pub(super) const fn fault(name: &'static str, about: &'static str, kind: Kind) -> Fault {
    Fault { name, about, kind }
}

/// Replaces one answer by another.
macro_rules! says {
    ($seen:literal => $instead:literal) => {
        Kind::Reply(|line| if line == $seen { Becomes($instead.to_owned()) } else { Passes })
    };
}

/// Loses what a driver says beginning with this word.
macro_rules! deaf_to {
    ($word:literal) => {
        Kind::FromDriver(|line, _| if line.split(' ').next() == Some($word) { Lost } else { Passes })
    };
}

/// Drivers are called without this option.
macro_rules! without_option {
    ($option:literal) => {
        Kind::Called(|line| vec![line.replace(concat!(" ", $option), "")])
    };
}

/// Loses lines of a configuration file that begin with this word.
macro_rules! skips {
    ($word:literal) => {
        Kind::File(|_, text| without(text, $word))
    };
}

pub(super) fn without(text: &str, word: &str) -> String {
    text.lines()
        .filter(|line| line.split_whitespace().next() != Some(word))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Adds grants to every section of upsd.users.
fn granted(name: &str, text: &str, grants: &str) -> String {
    if name != "upsd.users" {
        return text.to_owned();
    }
    let add = |line: &str| {
        if line.trim_start().starts_with('[') { format!("{line}\n{grants}\n") } else { format!("{line}\n") }
    };
    text.lines().map(add).collect()
}

/// Changes a line that begins like this.
pub(super) fn when(line: &str, start: &str, change: impl FnOnce(&str) -> String) -> Fate {
    line.strip_prefix(start).map_or(Passes, |rest| Becomes(change(rest)))
}

/// The verb of a request, in capital letters.
fn verb(request: &str) -> String {
    request.split_whitespace().next().unwrap_or_default().to_ascii_uppercase()
}

/// All is nonsense: no case may be content with it.
pub const NONSENSE: Fault = fault("nonsense", "everything that is said is nonsense", Kind::Nonsense);

/// The faults of servers and clients, by where they sit.
pub(super) const FAULTS: &[Fault] = &[
    // Words
    fault(
        "wrong-error-word",
        "ERR VAR-UNKNOWN, as 20 years ago",
        says!("ERR VAR-NOT-SUPPORTED" => "ERR VAR-UNKNOWN"),
    ),
    fault(
        "wrong-ups-error",
        "a UPS that it does not know is an invalid argument",
        says!("ERR UNKNOWN-UPS" => "ERR INVALID-ARGUMENT"),
    ),
    fault(
        "wrong-command-error",
        "an unknown verb is an invalid argument",
        says!("ERR UNKNOWN-COMMAND" => "ERR INVALID-ARGUMENT"),
    ),
    fault(
        "wrong-argument-error",
        "a missing argument is an unknown verb",
        says!("ERR INVALID-ARGUMENT" => "ERR UNKNOWN-COMMAND"),
    ),
    fault(
        "silent-on-unknown-verbs",
        "an unknown verb is not answered",
        Kind::Reply(|line| if line == "ERR UNKNOWN-COMMAND" { Lost } else { Passes }),
    ),
    fault(
        "errors-explained",
        "text behind the error's word without quotes",
        Kind::Reply(|line| when(line, "ERR ", |rest| format!("ERR {rest} (sorry)"))),
    ),
    fault("old-protocol", "PROTVER says 1.2", says!("1.3" => "1.2")),
    fault("other-goodbye", "LOGOUT is answered with OK alone", says!("OK Goodbye" => "OK")),
    fault(
        "one-grant-word",
        "MASTER is granted by the word of PRIMARY",
        says!("OK MASTER-GRANTED" => "OK PRIMARY-GRANTED"),
    ),
    fault("fsd-said-plainly", "FSD is answered with OK alone", says!("OK FSD-SET" => "OK")),
    fault(
        "starttls-without-certificate",
        "STARTTLS is granted with nothing to encrypt with",
        Kind::ReplyTo(|request, reply| {
            if verb(request) == "STARTTLS" && reply.starts_with("ERR ") {
                Becomes("OK STARTTLS".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "help-names-nothing",
        "HELP lists no verbs",
        Kind::Reply(|line| when(line, "Commands:", |_| "Commands:".to_owned())),
    ),
    // Quoting
    fault(
        "forgets-escaping",
        "quotes and backslashes in values are not escaped",
        Kind::Reply(|line| {
            if line.starts_with("VAR ") && line.contains('\\') {
                Becomes(line.replace("\\\"", "\"").replace("\\\\", "\\"))
            } else {
                Passes
            }
        }),
    ),
    fault(
        "forgets-quoting",
        "values are not in quotes",
        Kind::Reply(|line| when(line, "VAR ", |rest| format!("VAR {}", rest.replace('"', "")))),
    ),
    fault(
        "numbers-for-text",
        "a range has no quotes",
        Kind::Reply(|line| when(line, "RANGE ", |rest| format!("RANGE {}", rest.replace('"', "")))),
    ),
    fault(
        "names-as-configured",
        "answers carry the UPS's name in small letters, not as it was typed",
        Kind::Reply(|line| when(line, "VAR DUMMY", |rest| format!("VAR dummy{rest}"))),
    ),
    // Lists
    fault(
        "truncates-lists",
        "the last row of each list is missing",
        Kind::Reply(|line| if line.starts_with("VAR dummy ups.status") { Lost } else { Passes }),
    ),
    fault(
        "wrong-end",
        "END LIST does not repeat the query",
        Kind::Reply(|line| when(line, "END LIST ", |_| "END LIST".to_owned())),
    ),
    fault(
        "wrong-begin",
        "BEGIN LIST does not repeat the query",
        Kind::Reply(|line| when(line, "BEGIN LIST ", |_| "BEGIN LIST".to_owned())),
    ),
    fault(
        "no-end",
        "lists have no end line",
        Kind::Reply(|line| if line.starts_with("END LIST") { Lost } else { Passes }),
    ),
    fault(
        "read-only-in-rw",
        "LIST RW has rows of LIST VAR",
        Kind::Reply(|line| when(line, "RW ", |rest| format!("VAR {rest}"))),
    ),
    fault(
        "clients-hidden",
        "LIST CLIENT is empty",
        Kind::Reply(|line| if line.starts_with("CLIENT ") { Lost } else { Passes }),
    ),
    fault(
        "commands-hidden",
        "LIST CMD is empty",
        Kind::Reply(|line| if line.starts_with("CMD ") { Lost } else { Passes }),
    ),
    fault(
        "enums-hidden",
        "LIST ENUM is empty",
        Kind::Reply(|line| if line.starts_with("ENUM ") { Lost } else { Passes }),
    ),
    fault(
        "upses-hidden",
        "LIST UPS is empty",
        Kind::Reply(|line| if line.starts_with("UPS ") { Lost } else { Passes }),
    ),
    fault(
        "descriptions-lost",
        "every UPS is without a description",
        Kind::Reply(|line| {
            when(line, "UPSDESC ", |rest| {
                format!("UPSDESC {} \"Unavailable\"", rest.split(' ').next().unwrap_or_default())
            })
        }),
    ),
    fault(
        "texts-lost",
        "no variable has a description",
        Kind::Reply(|line| {
            if line.starts_with("DESC ") {
                Becomes(line.split('"').next().unwrap_or_default().to_owned() + "\"Description unavailable\"")
            } else {
                Passes
            }
        }),
    ),
    // Types
    fault(
        "nothing-writable",
        "GET TYPE says RW of nothing",
        Kind::Reply(|line| if line.starts_with("TYPE ") { Becomes(line.replace(" RW", "")) } else { Passes }),
    ),
    fault(
        "lengths-lost",
        "GET TYPE has no length",
        Kind::Reply(|line| {
            if line.starts_with("TYPE ") {
                Becomes(line.split(':').next().unwrap_or_default().to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "kinds-lost",
        "GET TYPE says neither ENUM nor RANGE",
        Kind::Reply(|line| {
            if line.starts_with("TYPE ") {
                Becomes(line.replace(" ENUM", "").replace(" RANGE", ""))
            } else {
                Passes
            }
        }),
    ),
    // Lines
    fault(
        "case-sensitive-verbs",
        "verbs in small letters are unknown",
        Kind::Request(|line| {
            if verb(line) == line.split_whitespace().next().unwrap_or_default() {
                Passes
            } else {
                Answered("ERR UNKNOWN-COMMAND".to_owned())
            }
        }),
    ),
    fault(
        "case-sensitive-names",
        "UPSes in capital letters are unknown",
        Kind::Request(
            |line| if line.contains("DUMMY") { Answered("ERR UNKNOWN-UPS".to_owned()) } else { Passes },
        ),
    ),
    fault(
        "merges-pipelined-lines",
        "of the lines of one segment only the first is served",
        Kind::FirstOfSegment,
    ),
    fault("segment-is-a-line", "the end of a segment ends the line", Kind::SegmentIsLine),
    fault("end-is-a-line", "the end of the stream ends the line", Kind::EndIsLine),
    fault("half-line-stops-all", "a client in the middle of a line stops all others", Kind::HalfLineStopsAll),
    fault(
        "carriage-returns-count",
        "CR is a character like any other",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == b'\r' { b'x' } else { *byte }).collect()),
    ),
    fault(
        "nul-ends-a-line",
        "NUL ends the line",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == 0 { b'\n' } else { *byte }).collect()),
    ),
    fault(
        "eight-bits-count",
        "bytes over 0x7f are characters like any other",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte > 0x7f { b'x' } else { *byte }).collect()),
    ),
    fault(
        "tabs-count",
        "a tab is a character like any other",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == b'\t' { b'x' } else { *byte }).collect()),
    ),
    fault(
        "quotes-count",
        "a quote is a character like any other",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == b'"' { b'x' } else { *byte }).collect()),
    ),
    fault(
        "no-escapes",
        "a backslash is a character like any other",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == b'\\' { b'x' } else { *byte }).collect()),
    ),
    fault(
        "no-comments",
        "# begins no comment",
        Kind::Bytes(|bytes| bytes.iter().map(|byte| if *byte == b'#' { b'x' } else { *byte }).collect()),
    ),
    fault(
        "blank-lines-ignored",
        "an empty line is not answered",
        Kind::Request(|line| if line.trim().is_empty() { Lost } else { Passes }),
    ),
    fault(
        "one-blank-only",
        "words are separated by one blank exactly",
        Kind::Request(
            |line| if line.contains("  ") { Answered("ERR INVALID-ARGUMENT".to_owned()) } else { Passes },
        ),
    ),
    fault(
        "short-lines",
        "lines over 128 characters are refused",
        Kind::Request(
            |line| if line.len() > 128 { Answered("ERR INVALID-ARGUMENT".to_owned()) } else { Passes },
        ),
    ),
    fault(
        "short-answers",
        "answers are cut at 100 characters",
        Kind::Reply(|line| if line.len() > 100 { Becomes(line.chars().take(100).collect()) } else { Passes }),
    ),
    fault("never-hangs-up", "LOGOUT, and silence, leave the connection open", Kind::KeepsOpen),
    // Who may do what
    fault(
        "ignores-grants",
        "every user may do everything",
        Kind::File(|name, text| granted(name, text, "actions = SET FSD\ninstcmds = ALL\nupsmon primary")),
    ),
    fault(
        "ignores-actions",
        "every user may SET",
        Kind::File(|name, text| granted(name, text, "actions = SET")),
    ),
    fault(
        "ignores-instcmds",
        "every user may give every command",
        Kind::File(|name, text| granted(name, text, "instcmds = ALL")),
    ),
    fault(
        "ignores-roles",
        "every user may log in",
        Kind::File(|name, text| granted(name, text, "upsmon secondary")),
    ),
    fault(
        "secondaries-are-primaries",
        "a secondary has the rights of a primary",
        Kind::File(|_, text| text.replace("upsmon secondary", "upsmon primary")),
    ),
    fault(
        "masters-are-nobody",
        "the old words master and slave grant nothing",
        Kind::File(|_, text| text.replace("upsmon master", "").replace("upsmon slave", "")),
    ),
    fault(
        "any-password",
        "every password is right",
        Kind::Request(|line| {
            if verb(line) == "PASSWORD" && line.split_whitespace().count() == 2 {
                Becomes("PASSWORD secret".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "password-checked-early",
        "a wrong password is refused at once",
        Kind::Request(|line| match line.strip_prefix("PASSWORD ") {
            Some(word) if !word.contains(' ') && word != "secret" => {
                Answered("ERR INVALID-PASSWORD".to_owned())
            }
            _ => Passes,
        }),
    ),
    fault(
        "unknown-users-said",
        "an unknown user is refused at once",
        Kind::Request(|line| match line.strip_prefix("USERNAME ") {
            Some(name) if ["nobody", "wrong", "unknown", "stranger", "ghost"].contains(&name) => {
                Answered("ERR INVALID-USERNAME".to_owned())
            }
            _ => Passes,
        }),
    ),
    fault(
        "set-without-login",
        "what needs a user is done without one",
        says!("ERR USERNAME-REQUIRED" => "OK"),
    ),
    fault(
        "password-first",
        "a missing password is said before a missing user",
        says!("ERR USERNAME-REQUIRED" => "ERR PASSWORD-REQUIRED"),
    ),
    fault("second-username", "a second USERNAME is taken", says!("ERR ALREADY-SET-USERNAME" => "OK")),
    fault("second-password", "a second PASSWORD is taken", says!("ERR ALREADY-SET-PASSWORD" => "OK")),
    fault("second-login", "a second LOGIN is taken", says!("ERR ALREADY-LOGGED-IN" => "OK")),
    fault(
        "denied-before-unknown",
        "who may not is told so before a command that there is not",
        says!("ERR CMD-NOT-SUPPORTED" => "ERR ACCESS-DENIED"),
    ),
    fault(
        "denied-is-unknown",
        "who may not is told that there is no such thing",
        says!("ERR ACCESS-DENIED" => "ERR CMD-NOT-SUPPORTED"),
    ),
    fault("logs-passwords", "what clients say is in the log", Kind::LogsRequests),
    // Values that are written
    fault("writes-read-only", "what is read-only is written", says!("ERR READONLY" => "OK")),
    fault(
        "writes-any-value",
        "values outside of an enumeration or a range are written",
        says!("ERR INVALID-VALUE" => "OK"),
    ),
    fault("writes-too-long", "values that are too long are written", says!("ERR TOO-LONG" => "OK")),
    // Logins, FSD, tracking
    fault(
        "miscounts-logins",
        "NUMLOGINS counts one more",
        Kind::Reply(|line| {
            if line.starts_with("NUMLOGINS ") {
                Becomes(match line.rsplit_once(' ') {
                    Some((start, count)) => format!("{start} {}", count.parse::<u32>().unwrap_or(0) + 1),
                    None => line.to_owned(),
                })
            } else {
                Passes
            }
        }),
    ),
    fault("logins-stay", "who is gone is still counted", Kind::LoginsStay),
    fault(
        "fsd-forgotten",
        "FSD is granted and not shown",
        Kind::Reply(
            |line| if line.contains(" \"FSD ") { Becomes(line.replace(" \"FSD ", " \"")) } else { Passes },
        ),
    ),
    fault("tracking-countable", "ids of TRACKING count up", Kind::CountedIds),
    fault("tracking-never-done", "what was asked for stays pending", says!("SUCCESS" => "PENDING")),
    fault("tracking-always-good", "what failed is a success", says!("ERR FAILED" => "SUCCESS")),
    fault(
        "tracking-ids-unasked",
        "ids are given out to who did not ask for them",
        Kind::ReplyTo(|request, reply| {
            if reply == "OK" && verb(request) == "INSTCMD" {
                Becomes("OK TRACKING 1C41F5E4-24B7-4110-8D1F-821741A49CA4".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault("tracking-always-on", "GET TRACKING says ON", says!("OFF" => "ON")),
    // Drivers
    fault("stale-never-reported", "what a driver says of stale data is not heard", deaf_to!("DATASTALE")),
    fault(
        "stale-for-ever",
        "what a driver says of fresh data is not heard once its dump is over",
        Kind::FromDriver(|line, dumped| if line == "DATAOK" && dumped { Lost } else { Passes }),
    ),
    fault(
        "answers-old-data",
        "values change in a dump only",
        Kind::FromDriver(|line, dumped| if dumped && line.starts_with("SETINFO ") { Lost } else { Passes }),
    ),
    fault(
        "stale-data-served",
        "stale data are served like fresh ones",
        Kind::ReplyTo(|request, reply| {
            if reply == "ERR DATA-STALE" && verb(request) == "GET" {
                Becomes("VAR dummy ups.status \"OL\"".to_owned())
            } else {
                Passes
            }
        }),
    ),
    fault(
        "silence-is-fine",
        "a driver that answers no PING stays fresh",
        Kind::ToDriver(|line| if line == "PING" { Answered("PONG".to_owned()) } else { Passes }),
    ),
    fault(
        "pings-never",
        "a driver that is silent is never asked",
        Kind::ToDriver(|line| if line == "PING" { Lost } else { Passes }),
    ),
    fault("dead-driver-lives", "that a driver is gone is not noticed", Kind::DeadDriverLives),
    fault("dumps-mix", "variables of an earlier dump stay beside those of the new one", Kind::OldDumpStays),
    fault("variables-stay", "DELINFO is not heard", deaf_to!("DELINFO")),
    fault("commands-stay", "DELCMD is not heard", deaf_to!("DELCMD")),
    fault("commands-never-come", "ADDCMD is not heard", deaf_to!("ADDCMD")),
    fault("enums-stay", "DELENUM is not heard", deaf_to!("DELENUM")),
    fault("ranges-stay", "DELRANGE is not heard", deaf_to!("DELRANGE")),
    fault("ranges-never-come", "ADDRANGE is not heard", deaf_to!("ADDRANGE")),
    fault(
        "flags-unheard",
        "SETFLAGS is not heard after the dump",
        Kind::FromDriver(|line, dumped| if dumped && line.starts_with("SETFLAGS ") { Lost } else { Passes }),
    ),
    fault(
        "lengths-unheard",
        "SETAUX is not heard after the dump",
        Kind::FromDriver(|line, dumped| if dumped && line.starts_with("SETAUX ") { Lost } else { Passes }),
    ),
    fault("answers-unheard", "what a driver says of a request's end is not heard", deaf_to!("TRACKING")),
    fault(
        "requests-untracked",
        "a driver is not told the id of a request",
        Kind::ToDriver(|line| match line.split_once(" TRACKING ") {
            Some((rest, _)) => Becomes(rest.to_owned()),
            None => Passes,
        }),
    ),
    fault(
        "values-unquoted",
        "a value goes to the driver without quotes",
        Kind::ToDriver(|line| when(line, "SET ", |rest| format!("SET {}", rest.replace('"', "")))),
    ),
    fault(
        "parameters-lost",
        "a command goes to the driver without its parameter",
        Kind::ToDriver(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            ["INSTCMD", name, _] => Becomes(format!("INSTCMD {name}")),
            _ => Passes,
        }),
    ),
    fault(
        "asks-twice",
        "a driver is asked for its dump twice",
        Kind::ToDriver(
            |line| if line == "DUMPALL" { Becomes("DUMPALL\nDUMPALL".to_owned()) } else { Passes },
        ),
    ),
    fault(
        "never-asks",
        "a driver is not asked for its dump",
        Kind::ToDriver(|line| if line == "DUMPALL" { Lost } else { Passes }),
    ),
    fault(
        "requests-lost",
        "a command is granted and never sent",
        Kind::ToDriver(|line| if line.starts_with("INSTCMD ") { Lost } else { Passes }),
    ),
    // Files and signals
    fault("maxconn-ignored", "MAXCONN is ignored", skips!("MAXCONN")),
    fault("maxage-ignored", "MAXAGE is ignored", skips!("MAXAGE")),
    fault("trackingdelay-ignored", "TRACKINGDELAY is ignored", skips!("TRACKINGDELAY")),
    fault("users-read-once", "upsd.users is never read again", Kind::ReadOnce("upsd.users")),
    fault("upses-read-once", "ups.conf is never read again", Kind::ReadOnce("ups.conf")),
    fault("settings-read-once", "upsd.conf is never read again", Kind::ReadOnce("upsd.conf")),
    fault("no-reload", "SIGHUP is ignored", Kind::NoReload),
    fault("reload-drops-clients", "SIGHUP drops all clients", Kind::ReloadDropsClients),
    // Client programs
    fault(
        "client-always-content",
        "client programs end with 0 whatever happens",
        Kind::Leaves(|_, out, err| (Some(0), out.to_owned(), err.to_owned())),
    ),
    fault(
        "client-other-code",
        "client programs fail with 2",
        Kind::Leaves(|code, out, err| {
            (code.map(|code| if code == 1 { 2 } else { code }), out.to_owned(), err.to_owned())
        }),
    ),
    fault(
        "client-mute",
        "client programs do not say what is wrong",
        Kind::Leaves(|code, out, _| (code, out.to_owned(), String::new())),
    ),
    fault(
        "client-loses-a-line",
        "client programs do not print the last line",
        Kind::Leaves(|code, out, err| {
            (
                code,
                out.trim_end().rsplit_once('\n').map_or(String::new(), |(rest, _)| format!("{rest}\n")),
                err.to_owned(),
            )
        }),
    ),
    fault(
        "client-says-more",
        "client programs print a line more",
        Kind::Leaves(|code, out, err| (code, format!("{out}done\n"), err.to_owned())),
    ),
    // How upsdrvctl calls drivers
    fault("drivers-backwards", "upsdrvctl goes through ups.conf from its end", Kind::CalledBackwards),
    fault("drivers-never", "upsdrvctl calls no driver", Kind::Called(|_| Vec::new())),
    fault(
        "drivers-twice",
        "upsdrvctl calls every driver twice",
        Kind::Called(|line| vec![line.to_owned(); 2]),
    ),
    fault(
        "drivers-once",
        "upsdrvctl tries no driver again",
        Kind::Called(|line| if again(line) { Vec::new() } else { vec![line.to_owned()] }),
    ),
    fault("drivers-unnamed", "upsdrvctl does not tell drivers whose they are", without_option!("-a")),
    fault("drivers-without-kill", "upsdrvctl shutdown starts drivers", without_option!("-k")),
    fault("drivers-without-root", "-r is not passed on", without_option!("-r")),
    fault("drivers-without-user", "-u is not passed on", without_option!("-u")),
    fault("drivers-without-debug", "-d passes no -D on", without_option!("-DD")),
    fault("drivers-without-ground", "-F is not passed on", without_option!("-F")),
    fault(
        "drivers-on-and-on",
        "upsdrvctl stop signals nobody",
        Kind::Called(|line| if line.ends_with(" TERM") { Vec::new() } else { vec![line.to_owned()] }),
    ),
    fault(
        "drivers-at-once",
        "upsdrvctl does not wait for a driver before it starts the next",
        Kind::Called(|line| if line.ends_with(" done") { Vec::new() } else { vec![line.to_owned()] }),
    ),
];

/// Whether a call is of a driver that is called again because it failed.
fn again(line: &str) -> bool {
    ["second ", "third "].iter().any(|name| line.starts_with(name))
}
