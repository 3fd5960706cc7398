//! upssched.conf(5).

use std::path::{Path, PathBuf};
use std::time::Duration;

use outage_wire::lex;

use crate::diagnostic::Diagnostic;
use crate::duration::duration;
use crate::file::{Faults, Row, Token, rows, shown};
use crate::model::NotifyType;
use crate::suggest::nearest;
use crate::value::Directive;

/// The directives of upssched.conf(5), as a table for those who tell people of them.
pub const UPSSCHED_DIRECTIVES: &[&str] = &["AT", "CMDSCRIPT", "DEBUG_MIN", "LOCKFN", "PIPEFN"];

const COMMANDS: &[&str] =
    &["START-TIMER", "START-TIMER-SHARED", "CANCEL-TIMER", "CANCEL-TIMER-MATCHED", "EXECUTE"];

/// upssched.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpsschedConf {
    /// CMDSCRIPT: a program and its first arguments; empty when there is none.
    pub script: Vec<String>,
    /// PIPEFN: the socket of the process that holds the timers.
    pub pipe: Option<PathBuf>,
    /// LOCKFN: what that process locks.
    pub lock: Option<PathBuf>,
    /// DEBUG_MIN
    pub debug_min: Option<u8>,
    /// AT lines, in the file's order.
    pub rules: Vec<SchedRule>,
}

/// `AT notice ups command`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchedRule {
    /// The notice's type as written; an upsmon may know more of them than we do.
    pub notice: String,
    /// The UPS's name as upsmon.conf has it; `None`: `*`, any, and notices that are about none.
    pub ups: Option<String>,
    /// What is done.
    pub command: SchedCommand,
    /// Line of the file.
    pub line: usize,
}

impl SchedRule {
    /// Whether it is about this notice: its type in any case, the UPS's name letter by letter.
    #[must_use]
    pub fn matches(&self, notice: &str, ups: &str) -> bool {
        self.notice.eq_ignore_ascii_case(notice) && self.ups.as_deref().is_none_or(|own| own == ups)
    }
}

/// What an AT line does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchedCommand {
    /// `START-TIMER name interval`, `START-TIMER-SHARED name interval`
    Start {
        /// The timer's name, which becomes the argument of CMDSCRIPT.
        timer: String,
        /// When it is over.
        after: Duration,
        /// One that runs already under this name is joined.
        shared: bool,
    },
    /// `CANCEL-TIMER name [command]`, `CANCEL-TIMER-MATCHED name [command]`
    Cancel {
        /// The timer's name.
        timer: String,
        /// The argument of CMDSCRIPT when no such timer runs.
        command: Option<String>,
        /// Only those that the same UPS started.
        matched: bool,
    },
    /// `EXECUTE command`: CMDSCRIPT with this argument, now.
    Execute(String),
}

impl UpsschedConf {
    /// Why upssched can't do what AT lines say. A fragment, without a full stop.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.rules.is_empty() {
            return None;
        }
        let missing = match (self.script.is_empty(), &self.pipe, &self.lock) {
            (true, ..) => "CMDSCRIPT",
            (_, None, _) => "PIPEFN",
            (_, _, None) => "LOCKFN",
            (_, pipe, lock) if pipe == lock => {
                return Some("PIPEFN and LOCKFN name the same file".to_owned());
            }
            _ => return None,
        };
        Some(format!("{missing} must be set before any ATs in the config file"))
    }
}

/// Reads upssched.conf. Directives and commands are upper-case, except that DEBUG_MIN may be written in any case.
///
/// Also ask [`UpsschedConf::problem`] whether upssched can run with it.
#[must_use]
pub fn upssched_conf(file: &str, text: &[u8]) -> (UpsschedConf, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = UpsschedConf::default();
    for row in rows(text, &mut faults) {
        directive(&mut conf, &row, &mut faults);
    }
    (conf, faults.finish())
}

fn directive(conf: &mut UpsschedConf, row: &Row, faults: &mut Faults) {
    let key = row.key();
    let known = UPSSCHED_DIRECTIVES.iter().copied().find(|name| *name == key.text);
    let known = known.or_else(|| key.text.eq_ignore_ascii_case("DEBUG_MIN").then_some("DEBUG_MIN"));
    let Some(name) = known else {
        faults.unknown("directive", key, UPSSCHED_DIRECTIVES.iter().copied());
        return;
    };
    let mut directive = Directive { name, row, faults };
    match name {
        "CMDSCRIPT" => script(&mut conf.script, &mut directive),
        "PIPEFN" => file(&mut conf.pipe, &mut directive),
        "LOCKFN" => file(&mut conf.lock, &mut directive),
        "DEBUG_MIN" => directive.optional_number(&mut conf.debug_min),
        _ => {
            if conf.script.is_empty() || conf.pipe.is_none() || conf.lock.is_none() {
                let message = "AT stands above CMDSCRIPT, PIPEFN or LOCKFN";
                directive.faults.once(row, "AT", message, Some("NUT's upssched refuses such a file"));
            }
            conf.rules.extend(rule(&mut directive));
        }
    }
}

/// A program with arguments: the words of the line, or of its one word. NUT 2.8.0 has a shell read the one word; later
/// versions run the words.
fn script(into: &mut Vec<String>, directive: &mut Directive<'_, '_>) {
    let words: Vec<_> = match directive.row.values() {
        [] => Vec::new(),
        [one] => match lex::words(&one.text) {
            Ok(words) => words,
            Err(error) => {
                let (spot, given) = (one.spot, shown(&one.text));
                directive.faults.error(spot, format!("CMDSCRIPT {given} can't be read: {error}, ignored"));
                return;
            }
        },
        words => words.iter().map(|word| word.text.clone()).collect(),
    };
    match words.first() {
        Some(program) if !program.is_empty() => *into = words,
        _ => {
            directive.faults.error(directive.row.spot(), "CMDSCRIPT needs a program, ignored");
        }
    }
}

/// A file. One without a leading slash is below `/`, which is where upsmon and what it starts are.
fn file(into: &mut Option<PathBuf>, directive: &mut Directive<'_, '_>) {
    let Some(word) = directive.one(None) else { return };
    if word.text.is_empty() {
        directive.bad(word, "needs a file");
        return;
    }
    let path = Path::new("/").join(&word.text);
    if !word.text.starts_with('/') {
        let message = format!("{} has no leading slash, taken as {}", directive.name, path.display());
        directive.faults.warning(word.spot, message);
    }
    *into = Some(path);
}

fn rule(directive: &mut Directive<'_, '_>) -> Option<SchedRule> {
    let (row, faults) = (directive.row, &mut *directive.faults);
    let [notice, ups, command, arguments @ ..] = row.values() else {
        faults.error(row.spot(), "AT needs a notice, a UPS or *, and a command, ignored");
        return None;
    };
    let command = act(row, command, arguments, faults)?;
    if notice.text.parse::<NotifyType>().is_err() {
        let near = nearest(&notice.text, NotifyType::ALL.iter().map(|notice| notice.as_str()));
        let message = format!("unknown notice {}: nothing may ever call for this", shown(&notice.text));
        let fault = faults.warning(notice.spot, message);
        if let Some(near) = near {
            fault.help(format!("did you mean {near}?"));
        }
    }
    let any = ups.text == "*";
    Some(SchedRule {
        notice: notice.text.clone(),
        ups: (!any).then(|| ups.text.clone()),
        command,
        line: row.line(),
    })
}

fn act(row: &Row, command: &Token, arguments: &[Token], faults: &mut Faults) -> Option<SchedCommand> {
    let name = command.text.as_str();
    let (done, most) = match (name, arguments) {
        ("START-TIMER" | "START-TIMER-SHARED", [timer, after, ..]) if !timer.text.is_empty() => {
            let after = match duration(&after.text) {
                Ok(after) => after,
                Err(why) => {
                    faults.bad_time(name, after, why);
                    return None;
                }
            };
            (SchedCommand::Start { timer: timer.text.clone(), after, shared: name != "START-TIMER" }, 2)
        }
        ("CANCEL-TIMER" | "CANCEL-TIMER-MATCHED", [timer, rest @ ..]) if !timer.text.is_empty() => {
            let command = rest.first().map(|word| word.text.clone()).filter(|text| !text.is_empty());
            (SchedCommand::Cancel { timer: timer.text.clone(), command, matched: name != "CANCEL-TIMER" }, 2)
        }
        ("EXECUTE", [command, ..]) if !command.text.is_empty() => {
            (SchedCommand::Execute(command.text.clone()), 1)
        }
        ("START-TIMER" | "START-TIMER-SHARED", _) => {
            faults.error(row.spot(), format!("{name} needs the timer's name and a time, ignored"));
            return None;
        }
        ("CANCEL-TIMER" | "CANCEL-TIMER-MATCHED", _) => {
            faults.error(row.spot(), format!("{name} needs the timer's name, ignored"));
            return None;
        }
        ("EXECUTE", _) => {
            faults.error(row.spot(), "EXECUTE needs an argument for CMDSCRIPT, ignored");
            return None;
        }
        _ => {
            let message = format!("invalid command {}, ignored", shown(name));
            let near = nearest(name, COMMANDS.iter().copied());
            let help = near.map_or_else(
                || format!("commands are {}", COMMANDS.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            faults.error(command.spot, message).help(help);
            return None;
        }
    };
    if let Some(fault) = faults.surplus(arguments.get(most..).unwrap_or_default())
        && name == "EXECUTE"
    {
        fault.help("put the whole argument in double quotes");
    }
    Some(done)
}
