//! Completions for bash, zsh and fish, made from the programs' own options.

use std::fmt::Write as _;

use super::plan::MARK;
use crate::flags::{self, Flag};
use crate::{COMMANDS, PROGRAMS};

/// What a program takes beside its options: words of its own, and whether a UPS is named. And the words for an option's
/// value.
struct Words {
    operands: &'static [&'static str],
    ups: Ups,
    commands: &'static [&'static str],
}

/// Where a program takes the name of a UPS from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ups {
    Nowhere,
    /// A section of ups.conf.
    Section,
    /// A UPS of the server on this machine.
    Server,
}

fn words(program: &str) -> Words {
    let (operands, ups, commands): (&[_], _, &[_]) = match program {
        "upsd" => (&[], Ups::Nowhere, &["reload", "stop"]),
        "upssched" => (&[], Ups::Nowhere, &[]),
        "upsmon" => (&[], Ups::Nowhere, &["fsd", "reload", "stop"]),
        "upsdrvctl" => (
            &["start", "stop", "shutdown", "status", "list"],
            Ups::Section,
            &["reload", "reload-or-error", "reload-or-exit", "exit", "dump"],
        ),
        "upsc" | "upscmd" | "upsrw" | "upslog" => (&[], Ups::Server, &[]),
        _ => (&[], Ups::Section, &["reload", "reload-or-error", "reload-or-exit", "exit"]),
    };
    Words { operands, ups, commands }
}

/// The command whose output has the names of UPSes.
const fn names(ups: Ups) -> &'static str {
    match ups {
        Ups::Nowhere => "",
        // The first line is the program's own.
        Ups::Section => "upsdrvctl list 2>/dev/null | tail -n +2",
        Ups::Server => "upsc -l localhost 2>/dev/null",
    }
}

/// What an option's value is.
fn value(program: &str, flag: &Flag) -> Value {
    match (program, flag.letter) {
        (_, 'c') if !words(program).commands.is_empty() => Value::Words,
        ("upslog", 's') => Value::Ups,
        ("upsmon" | "upslog" | "upsc" | "upscmd" | "upsrw", 'f' | 'A') | ("upslog", 'l') => Value::File,
        (_, 'a') => Value::Ups,
        (_, 'r') => Value::File,
        _ => Value::Free,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Words,
    Ups,
    File,
    Free,
}

/// The options that a help names.
fn shown(program: &str) -> Vec<Flag> {
    flags::of(program).into_iter().filter(|flag| !flag.about.is_empty()).collect()
}

/// What `ups` itself takes first.
fn own_words() -> Vec<&'static str> {
    PROGRAMS.iter().chain(COMMANDS).map(|program| program.name).collect()
}

const INSTALL: [&str; 4] = ["--root", "--prefix", "--dry-run", "--help"];

/// Every file: its path below the root, and its text.
#[must_use]
pub fn all(prefix: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let share = format!("{prefix}/share");
    for name in ["ups"].into_iter().chain(PROGRAMS.iter().map(|program| program.name)) {
        files.push((format!("{share}/bash-completion/completions/{name}"), bash(name)));
        files.push((format!("{share}/zsh/site-functions/_{name}"), zsh(name)));
        files.push((format!("{share}/fish/vendor_completions.d/{name}.fish"), fish(name)));
    }
    files
}

/// A name as a part of a shell function's.
fn function(name: &str) -> String {
    format!("_outage_{}", name.replace('-', "_"))
}

/// For bash.
#[must_use]
pub fn bash(program: &str) -> String {
    let function = function(program);
    let mut text = format!(
        "# {MARK}\n\n{function}() {{\n    local word=${{COMP_WORDS[COMP_CWORD]}} last=${{COMP_WORDS[COMP_CWORD - 1]}}\n    COMPREPLY=()\n"
    );
    // Writing to a String cannot fail.
    let mut line = |line: &str| _ = writeln!(text, "    {line}");
    if program == "ups" {
        line(&format!(
            "case ${{COMP_WORDS[1]}} in\n        install) COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;",
            INSTALL.join(" ")
        ));
        line(&format!(
            "    *) ((COMP_CWORD > 1)) || COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n    esac",
            own_words().join(" ")
        ));
    } else {
        let Words { operands, ups, commands } = words(program);
        let flags = shown(program);
        line("case $last in");
        for kind in [Value::Words, Value::Ups, Value::File, Value::Free] {
            let of_kind: Vec<_> = flags
                .iter()
                .filter(|flag| flag.value && value(program, flag) == kind)
                .map(|flag| format!("-{}", flag.letter))
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let reply = match kind {
                Value::Words => format!("COMPREPLY=($(compgen -W '{}' -- \"$word\")); ", commands.join(" ")),
                Value::Ups => format!("COMPREPLY=($(compgen -W \"$({})\" -- \"$word\")); ", names(ups)),
                Value::File => "COMPREPLY=($(compgen -f -- \"$word\")); ".to_owned(),
                Value::Free => String::new(),
            };
            line(&format!("    {}) {reply}return ;;", of_kind.join(" | ")));
        }
        line("esac");
        let all: Vec<_> = flags.iter().map(|flag| format!("-{}", flag.letter)).collect();
        line("case $word in");
        line(&format!("    -*) COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;", all.join(" ")));
        if ups != Ups::Nowhere {
            line(&format!(
                "    *) COMPREPLY=($(compgen -W \"{} $({})\" -- \"$word\")) ;;",
                operands.join(" "),
                names(ups)
            ));
        }
        line("esac");
    }
    text + &format!("}}\ncomplete -F {function} {program}\n")
}

/// A text within single quotes of a shell; `extra` are characters that mean something to the completion.
fn quoted(text: &str, extra: &[char]) -> String {
    text.replace('\'', "'\\''")
        .chars()
        .flat_map(|c| extra.contains(&c).then_some('\\').into_iter().chain([c]))
        .collect()
}

/// For zsh.
#[must_use]
pub fn zsh(program: &str) -> String {
    let mut text = format!("#compdef {program}\n# {MARK}\n\n");
    if program == "ups" {
        let rows: String = PROGRAMS
            .iter()
            .chain(COMMANDS)
            .map(|program| format!("    '{}:{}'\n", program.name, quoted(program.about, &[':'])))
            .collect();
        _ = write!(
            text,
            "local -a words_of_ups=(\n{rows})\n_arguments '1:program:{{_describe program words_of_ups}}' '*:: :_normal'\n"
        );
        return text;
    }
    let Words { operands, ups, commands } = words(program);
    text += "_arguments -s";
    for flag in shown(program) {
        let about = quoted(&flag.about, &['[', ']', ':']);
        let action = match (flag.value, value(program, &flag)) {
            (false, _) => String::new(),
            (true, Value::Words) => format!(":command:({})", commands.join(" ")),
            (true, Value::Ups) => format!(":UPS:($({}))", names(ups)),
            (true, Value::File) => ":file:_files".to_owned(),
            (true, Value::Free) => ":value:".to_owned(),
        };
        _ = write!(text, " \\\n    '*-{}[{about}]{action}'", flag.letter);
    }
    if ups != Ups::Nowhere {
        _ = write!(text, " \\\n    '*:operand:({} '\"$({})\"')'", operands.join(" "), names(ups));
    }
    text + "\n"
}

/// For fish.
#[must_use]
pub fn fish(program: &str) -> String {
    let mut text = format!("# {MARK}\n\n");
    let mut row = |row: &str| _ = writeln!(text, "complete -c {program} -f {row}");
    if program == "ups" {
        for program in PROGRAMS.iter().chain(COMMANDS) {
            row(&format!("-n __fish_use_subcommand -a {} -d '{}'", program.name, quoted(program.about, &[])));
        }
        for option in INSTALL {
            let long = option.trim_start_matches('-');
            row(&format!("-n '__fish_seen_subcommand_from install' -l {long}"));
        }
        return text;
    }
    let Words { operands, ups, commands } = words(program);
    for flag in shown(program) {
        let action = match (flag.value, value(program, &flag)) {
            (false, _) => String::new(),
            (true, Value::Words) => format!(" -x -a '{}'", commands.join(" ")),
            (true, Value::Ups) => format!(" -x -a '({})'", names(ups)),
            (true, Value::File) => " -r -F".to_owned(),
            (true, Value::Free) => " -x".to_owned(),
        };
        row(&format!("-s {} -d '{}'{action}", flag.letter, quoted(&flag.about, &[])));
    }
    if !operands.is_empty() {
        row(&format!("-a '{}'", operands.join(" ")));
    }
    if ups != Ups::Nowhere {
        row(&format!("-a '({})'", names(ups)));
    }
    text
}
