//! The driver's side of the driver socket: one session's requests, the dump, and what is broadcast.
//!
//! Values are escaped in broadcasts as they are in dumps.

use std::fmt::Write;

use outage_wire::sock::{FromDriver, ToDriver, TrackingStatus, VarFlags};

use crate::core::tree::{Change, Flags, Tree, Variable};
use crate::family::Outcome;

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
    /// Done already, and nothing to answer.
    Nothing,
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

    /// Takes one request.
    pub fn handle(&mut self, request: ToDriver<'_>, view: &View<'_>) -> Action {
        match request {
            ToDriver::Ping => Action::Send(line(FromDriver::Pong)),
            ToDriver::DumpAll => Action::Send(dump(view)),
            ToDriver::DumpValue { var } => Action::Send(dump_value(view, var)),
            ToDriver::DumpStatus => Action::Send(dump_value(view, "ups.status")),
            ToDriver::GetPid => Action::Send(line(FromDriver::Pid(view.pid))),
            ToDriver::Broadcast(on) => {
                self.muted = !on;
                Action::Nothing
            }
            ToDriver::Logout => Action::Close,
            ToDriver::InstCmd { command, parameter, tracking } => Action::Command {
                name: command.to_owned(),
                parameter: parameter.map(Into::into),
                tracking: tracking.map(Into::into),
            },
            ToDriver::Set { var, value, tracking } => Action::Set {
                name: var.to_owned(),
                value: value.to_owned(),
                tracking: tracking.map(Into::into),
            },
        }
    }
}

/// Answer to a request that carried a TRACKING id.
#[must_use]
pub fn tracking(id: &str, outcome: Outcome) -> String {
    let status = match outcome {
        Outcome::Handled => TrackingStatus::Handled,
        Outcome::Unknown => TrackingStatus::Unknown,
        Outcome::Invalid => TrackingStatus::Invalid,
        Outcome::Failed => TrackingStatus::Failed,
    };
    line(FromDriver::Tracking { id, status })
}

/// `DATASTALE` or `DATAOK`.
#[must_use]
pub fn freshness(stale: bool) -> String {
    line(if stale { FromDriver::DataStale } else { FromDriver::DataOk })
}

/// Answer to LOGOUT.
#[must_use]
pub fn goodbye() -> String {
    line(FromDriver::Goodbye)
}

/// Everything: DATASTALE first if stale; each variable with its enumerated values, ranges, length and flags; the
/// commands; DATAOK if fresh; DUMPDONE.
fn dump(view: &View<'_>) -> String {
    framed(view, |text| {
        for (name, variable) in view.tree.variables() {
            push_variable(text, name, variable);
        }
        for command in view.tree.commands() {
            push(text, FromDriver::AddCmd { command });
        }
    })
}

/// One variable, framed as the dump is.
fn dump_value(view: &View<'_>, name: &str) -> String {
    framed(view, |text| {
        if let Some(variable) = view.tree.variable(name) {
            push_variable(text, name, variable);
        }
    })
}

fn framed(view: &View<'_>, fill: impl FnOnce(&mut String)) -> String {
    let mut text = String::new();
    if view.stale {
        push(&mut text, FromDriver::DataStale);
    }
    fill(&mut text);
    if !view.stale {
        push(&mut text, FromDriver::DataOk);
    }
    push(&mut text, FromDriver::DumpDone);
    text
}

fn push_variable(text: &mut String, var: &str, variable: &Variable) {
    let Variable { value, flags, aux, enums, ranges } = variable;
    push(text, FromDriver::SetInfo { var, value });
    for value in enums {
        push(text, FromDriver::AddEnum { var, value });
    }
    for &(min, max) in ranges {
        push(text, FromDriver::AddRange { var, min, max });
    }
    if *aux != 0 {
        push(text, FromDriver::SetAux { var, length: length(*aux) });
    }
    if *flags != Flags::default() {
        push(text, FromDriver::SetFlags { var, flags: wire_flags(*flags) });
    }
}

/// One change as one line.
pub fn push_change(text: &mut String, change: &Change) {
    push(
        text,
        match change {
            Change::SetInfo(var, value) => FromDriver::SetInfo { var, value },
            Change::DelInfo(var) => FromDriver::DelInfo { var },
            Change::AddEnum(var, value) => FromDriver::AddEnum { var, value },
            Change::DelEnum(var, value) => FromDriver::DelEnum { var, value },
            Change::AddRange(var, min, max) => FromDriver::AddRange { var, min: *min, max: *max },
            Change::DelRange(var, min, max) => FromDriver::DelRange { var, min: *min, max: *max },
            Change::SetAux(var, aux) => FromDriver::SetAux { var, length: length(*aux) },
            Change::SetFlags(var, flags) => FromDriver::SetFlags { var, flags: wire_flags(*flags) },
            Change::AddCommand(command) => FromDriver::AddCmd { command },
            Change::DelCommand(command) => FromDriver::DelCmd { command },
        },
    );
}

fn push(text: &mut String, message: FromDriver<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{message}");
}

fn line(message: FromDriver<'_>) -> String {
    format!("{message}\n")
}

fn length(aux: usize) -> i64 {
    i64::try_from(aux).unwrap_or(i64::MAX)
}

fn wire_flags(Flags { rw, string, number }: Flags) -> VarFlags {
    VarFlags { writable: rw, string, number }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use outage_wire::Lexer;

    use super::*;

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

    fn handle(session: &mut Session, request: &str, view: &View<'_>) -> Action {
        let mut lexer = Lexer::network();
        let line = format!("{request}\n");
        let line = lexer.next(&mut line.as_bytes()).map(|line| line.map(|line| ToDriver::parse(&line)));
        match line {
            Some(Ok(Ok(request))) => session.handle(request, view),
            other => panic!("{other:?}"),
        }
    }

    fn ask(request: &str, stale: bool) -> Action {
        handle(&mut Session::default(), request, &View { tree: &tree(), stale, pid: 42 })
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
    #[case(&["NOBROADCAST"], true)]
    #[case(&["NOBROADCAST", "BROADCAST"], false)]
    #[case(&["BROADCAST 0"], true)]
    #[case(&["BROADCAST -1", "BROADCAST 1"], false)]
    #[case(&["NOBROADCAST", "BROADCAST x"], false)]
    fn muting(#[case] requests: &[&str], #[case] muted: bool) {
        let mut session = Session::default();
        for request in requests {
            let view = View { tree: &Tree::default(), stale: true, pid: 1 };
            assert_eq!(handle(&mut session, request, &view), Action::Nothing);
        }
        assert_eq!(session.is_muted(), muted);
    }

    #[test]
    fn a_change_reads_back_as_it_was() {
        let mut tree = tree();
        let mut text = String::new();
        for change in tree.take_changes() {
            push_change(&mut text, &change);
        }
        assert!(text.contains("SETINFO ups.id \"the \\\"den\\\" \\\\ \\#1\"\n"), "{text}");
        assert!(
            text.contains("SETFLAGS ups.delay.shutdown RW NUMBER\n") || text.contains("SETFLAGS UPS.Delay"),
            "{text}"
        );
        assert_eq!(tracking("7", Outcome::Invalid), "TRACKING 7 2\n");
    }
}
