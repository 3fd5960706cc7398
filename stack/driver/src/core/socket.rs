//! The driver's side of the driver socket: one session's requests, the dump, and what is broadcast.
//!
//! Lines are words separated by blanks; a value stands in double quotes with `"`, `\` and `#` escaped, in broadcasts as
//! in dumps.

use std::fmt::Write;

use crate::core::tree::{Change, Flags, Tree, Variable};

/// What the other end of a session asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send it this text: whole lines.
    Send(String),
    /// Close the session, once everything was sent.
    Close,
    /// Run an instant command, then answer with [`tracking`] if an id is given.
    Command {
        /// The command.
        name: String,
        /// Its parameter.
        parameter: Option<String>,
        /// The id to answer with.
        tracking: Option<String>,
    },
    /// Set a variable, then answer with [`tracking`] if an id is given.
    Set {
        /// The variable.
        name: String,
        /// Its new value.
        value: String,
        /// The id to answer with.
        tracking: Option<String>,
    },
    /// Nothing to do: the request is not one. Worth a line of debug log.
    Unknown,
}

/// What requests are answered from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What the driver knows.
    pub tree: &'a Tree,
    /// Whether it can't be believed any more.
    pub stale: bool,
    /// The driver's process id.
    pub pid: u32,
}

/// One connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    muted: bool,
}

impl Session {
    /// Whether it asked to be spared broadcasts.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.muted
    }

    /// Takes one request, split into words. Verbs are compared without regard to case.
    pub fn handle<S: AsRef<str>>(&mut self, words: &[S], view: &View<'_>) -> Action {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let Some((verb, arguments)) = words.split_first() else { return Action::Unknown };
        match (verb.to_ascii_uppercase().as_str(), arguments) {
            ("PING", _) => Action::Send("PONG\n".into()),
            ("DUMPALL", _) => Action::Send(dump(view)),
            ("DUMPVALUE", [name, ..]) => Action::Send(dump_value(view, name)),
            ("DUMPSTATUS", _) => Action::Send(dump_value(view, "ups.status")),
            ("GETPID", _) => Action::Send(format!("PID {}\n", view.pid)),
            ("NOBROADCAST", _) => {
                self.muted = true;
                Action::Send(String::new())
            }
            ("BROADCAST", arguments) => {
                self.muted = arguments.first().is_some_and(|n| n.parse::<i64>().is_ok_and(|n| n < 1));
                Action::Send(String::new())
            }
            ("LOGOUT", _) => Action::Close,
            ("INSTCMD", [name, rest @ ..]) => {
                let (parameter, tracking) = match rest {
                    [verb, id, ..] if verb.eq_ignore_ascii_case("TRACKING") => (None, Some(*id)),
                    [parameter, verb, id, ..] if verb.eq_ignore_ascii_case("TRACKING") => {
                        (Some(*parameter), Some(*id))
                    }
                    [parameter, ..] => (Some(*parameter), None),
                    [] => (None, None),
                };
                Action::Command {
                    name: (*name).to_owned(),
                    parameter: parameter.map(Into::into),
                    tracking: tracking.map(Into::into),
                }
            }
            ("SET", [name, value, rest @ ..]) => {
                let tracking = match rest {
                    [verb, id, ..] if verb.eq_ignore_ascii_case("TRACKING") => Some((*id).to_owned()),
                    _ => None,
                };
                Action::Set { name: (*name).to_owned(), value: (*value).to_owned(), tracking }
            }
            _ => Action::Unknown,
        }
    }
}

/// Answer to a request that carried a TRACKING id; `code` is a [`crate::family::Outcome`].
#[must_use]
pub fn tracking(id: &str, outcome: crate::family::Outcome) -> String {
    format!("TRACKING {} {}\n", word(id), outcome as u8)
}

/// `DATASTALE` or `DATAOK`.
#[must_use]
pub fn freshness(stale: bool) -> &'static str {
    if stale { "DATASTALE\n" } else { "DATAOK\n" }
}

/// Answer to LOGOUT.
pub const GOODBYE: &str = "OK Goodbye\n";

/// Everything: DATASTALE first if stale; each variable with its enumerated values, ranges, length and flags; the
/// commands; DATAOK if fresh; DUMPDONE.
fn dump(view: &View<'_>) -> String {
    let mut text = String::new();
    if view.stale {
        text.push_str(freshness(true));
    }
    for (name, variable) in view.tree.variables() {
        push_variable(&mut text, name, variable);
    }
    for name in view.tree.commands() {
        push_change(&mut text, &Change::AddCommand(name.to_owned()));
    }
    if !view.stale {
        text.push_str(freshness(false));
    }
    text.push_str("DUMPDONE\n");
    text
}

/// One variable, framed as the dump is.
fn dump_value(view: &View<'_>, name: &str) -> String {
    let mut text = String::new();
    if view.stale {
        text.push_str(freshness(true));
    }
    if let Some(variable) = view.tree.variable(name) {
        push_variable(&mut text, name, variable);
    }
    if !view.stale {
        text.push_str(freshness(false));
    }
    text.push_str("DUMPDONE\n");
    text
}

fn push_variable(text: &mut String, name: &str, variable: &Variable) {
    let Variable { value, flags, aux, enums, ranges } = variable;
    push_value(text, "SETINFO", name, value);
    for value in enums {
        push_value(text, "ADDENUM", name, value);
    }
    for (min, max) in ranges {
        let _ = writeln!(text, "ADDRANGE {name} {min} {max}");
    }
    if *aux != 0 {
        let _ = writeln!(text, "SETAUX {name} {aux}");
    }
    if *flags != Flags::default() {
        push_flags(text, name, *flags);
    }
}

/// One change as one line.
pub fn push_change(text: &mut String, change: &Change) {
    // Writing to a String cannot fail.
    let _ = match change {
        Change::SetInfo(name, value) => {
            push_value(text, "SETINFO", name, value);
            Ok(())
        }
        Change::AddEnum(name, value) => {
            push_value(text, "ADDENUM", name, value);
            Ok(())
        }
        Change::DelEnum(name, value) => {
            push_value(text, "DELENUM", name, value);
            Ok(())
        }
        Change::SetFlags(name, flags) => {
            push_flags(text, name, *flags);
            Ok(())
        }
        Change::DelInfo(name) => writeln!(text, "DELINFO {name}"),
        Change::AddRange(name, min, max) => writeln!(text, "ADDRANGE {name} {min} {max}"),
        Change::DelRange(name, min, max) => writeln!(text, "DELRANGE {name} {min} {max}"),
        Change::SetAux(name, aux) => writeln!(text, "SETAUX {name} {aux}"),
        Change::AddCommand(name) => writeln!(text, "ADDCMD {name}"),
        Change::DelCommand(name) => writeln!(text, "DELCMD {name}"),
    };
}

fn push_value(text: &mut String, verb: &str, name: &str, value: &str) {
    let _ = write!(text, "{verb} {name} \"");
    for c in value.chars() {
        if matches!(c, '"' | '\\' | '#') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push_str("\"\n");
}

fn push_flags(text: &mut String, name: &str, flags: Flags) {
    let Flags { rw, string, number } = flags;
    let _ = write!(text, "SETFLAGS {name}");
    for (set, word) in [(rw, " RW"), (string, " STRING"), (number, " NUMBER")] {
        if set {
            text.push_str(word);
        }
    }
    text.push('\n');
}

/// An id as given back: what could end the word is dropped.
fn word(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '#' | '=')).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::family::Outcome;

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.set("ups.status", "OL");
        tree.set("battery.charge", "100");
        tree.set("ups.id", r#"the "den" \ #1"#);
        tree.set_writable_string("ups.id", 16);
        tree.set("UPS.Delay.shutdown", "20");
        tree.set_flags("ups.delay.shutdown", Flags { rw: true, string: false, number: true });
        tree.add_range("ups.delay.shutdown", 20, 600);
        tree.add_range("ups.delay.shutdown", -1, 0);
        tree.set("input.sensitivity", "low");
        tree.add_enum("input.sensitivity", "low");
        tree.add_enum("input.sensitivity", "very high");
        tree.add_command("test.battery.start");
        tree.add_command("Load.off");
        tree
    }

    fn ask(request: &str, stale: bool) -> Action {
        let words: Vec<&str> = request.split_ascii_whitespace().collect();
        Session::default().handle(&words, &View { tree: &tree(), stale, pid: 42 })
    }

    fn sent(action: &Action) -> &str {
        match action {
            Action::Send(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dump_order() {
        insta::assert_snapshot!(sent(&ask("dumpall", false)), @r#"
        SETINFO battery.charge "100"
        SETINFO input.sensitivity "low"
        ADDENUM input.sensitivity "low"
        ADDENUM input.sensitivity "very high"
        SETINFO UPS.Delay.shutdown "20"
        ADDRANGE UPS.Delay.shutdown 20 600
        ADDRANGE UPS.Delay.shutdown -1 0
        SETFLAGS UPS.Delay.shutdown RW NUMBER
        SETINFO ups.id "the \"den\" \\ \#1"
        SETAUX ups.id 16
        SETFLAGS ups.id RW STRING
        SETINFO ups.status "OL"
        ADDCMD Load.off
        ADDCMD test.battery.start
        DATAOK
        DUMPDONE
        "#);
    }

    #[rstest]
    #[case("DUMPSTATUS", false, "SETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n")]
    #[case("DUMPSTATUS", true, "DATASTALE\nSETINFO ups.status \"OL\"\nDUMPDONE\n")]
    #[case("DUMPVALUE battery.charge", false, "SETINFO battery.charge \"100\"\nDATAOK\nDUMPDONE\n")]
    #[case("DUMPVALUE no.such", true, "DATASTALE\nDUMPDONE\n")]
    #[case("PING", true, "PONG\n")]
    #[case("GetPid", true, "PID 42\n")]
    fn answers(#[case] request: &str, #[case] stale: bool, #[case] answer: &str) {
        assert_eq!(sent(&ask(request, stale)), answer);
    }

    #[test]
    fn a_stale_dump_says_so_first_and_never_says_ok() {
        let answer = ask("DUMPALL", true);
        assert!(sent(&answer).starts_with("DATASTALE\nSETINFO "));
        assert!(!sent(&answer).contains("DATAOK"));
        assert!(sent(&answer).ends_with("\nDUMPDONE\n"));
    }

    #[rstest]
    #[case("INSTCMD load.off", "load.off", None, None)]
    #[case("instcmd load.off tracking 7", "load.off", None, Some("7"))]
    #[case("INSTCMD load.off 5", "load.off", Some("5"), None)]
    #[case("INSTCMD load.off 5 TRACKING 7", "load.off", Some("5"), Some("7"))]
    fn commands(
        #[case] request: &str,
        #[case] name: &str,
        #[case] parameter: Option<&str>,
        #[case] tracking: Option<&str>,
    ) {
        let (parameter, tracking) = (parameter.map(Into::into), tracking.map(Into::into));
        assert_eq!(ask(request, false), Action::Command { name: name.into(), parameter, tracking });
    }

    #[rstest]
    #[case("SET ups.id den", None)]
    #[case("SET ups.id den TRACKING 7", Some("7"))]
    fn settings(#[case] request: &str, #[case] tracking: Option<&str>) {
        let expected =
            Action::Set { name: "ups.id".into(), value: "den".into(), tracking: tracking.map(Into::into) };
        assert_eq!(ask(request, false), expected);
    }

    #[rstest]
    #[case("")]
    #[case("HELLO")]
    #[case("SET ups.id")]
    #[case("INSTCMD")]
    #[case("DUMPVALUE")]
    fn not_a_request(#[case] request: &str) {
        assert_eq!(ask(request, false), Action::Unknown);
    }

    #[rstest]
    #[case(&["NOBROADCAST"], true)]
    #[case(&["NOBROADCAST", "BROADCAST"], false)]
    #[case(&["BROADCAST 0"], true)]
    #[case(&["BROADCAST -1", "BROADCAST 1"], false)]
    #[case(&["NOBROADCAST", "BROADCAST x"], false)]
    fn muting(#[case] requests: &[&str], #[case] muted: bool) {
        let mut session = Session::default();
        for request in requests {
            let words: Vec<&str> = request.split(' ').collect();
            session.handle(&words, &View { tree: &Tree::default(), stale: true, pid: 1 });
        }
        assert_eq!(session.is_muted(), muted);
    }

    #[test]
    fn tracking_ids_stay_one_word() {
        assert_eq!(tracking("A-1\n\" x", Outcome::Invalid), "TRACKING A-1x 2\n");
    }
}
