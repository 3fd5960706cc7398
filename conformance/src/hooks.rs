//! The programs that a scenario's upsmon runs: NOTIFYCMD and SHUTDOWNCMD. In the process lane they are this binary under
//! other names, and tell the laboratory over a Unix socket.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use crate::run::Sink;
use crate::trace::What;

/// NOTIFYCMD
pub(crate) const NOTIFY: &str = "notify-hook";
/// SHUTDOWNCMD
pub(crate) const SHUTDOWN: &str = "shutdown-hook";
/// Both.
pub(crate) const NAMES: [&str; 2] = [NOTIFY, SHUTDOWN];

/// Variable that names the laboratory's socket.
pub(crate) const SOCKET: &str = "OUTAGE_LAB_SOCKET";
/// Variable that names the machine.
pub(crate) const MACHINE: &str = "OUTAGE_LAB_MACHINE";
/// Variable that names the powerdown flag.
pub(crate) const FLAG: &str = "OUTAGE_LAB_FLAG";

/// Separates the fields of a message: no notice holds it.
const SEPARATOR: char = '\u{1f}';

/// Runs a hook if `name` is one.
#[must_use]
pub(crate) fn main(name: &str, arguments: &[String]) -> Option<ExitCode> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let fields = match name {
        NOTIFY => vec![
            "notice".to_owned(),
            variable(MACHINE),
            variable("NOTIFYTYPE"),
            variable("UPSNAME"),
            arguments.join(" "),
        ],
        SHUTDOWN => {
            let flag = std::path::Path::new(&variable(FLAG)).exists();
            vec!["shutdown".to_owned(), variable(MACHINE), if flag { "flag" } else { "" }.to_owned()]
        }
        _ => return None,
    };
    let message = fields.join(&SEPARATOR.to_string());
    let told =
        UnixStream::connect(variable(SOCKET)).and_then(|mut stream| stream.write_all(message.as_bytes()));
    Some(match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: failed to tell the laboratory ({SOCKET}): {error}");
            ExitCode::FAILURE
        }
    })
}

/// Turns a hook's message into events.
pub(crate) fn report(message: &str, sink: &Sink) {
    let fields: Vec<_> = message.split(SEPARATOR).collect();
    match fields[..] {
        ["notice", machine, kind, ups, text] => {
            let (kind, ups, text) = (kind.to_owned(), ups.to_owned(), text.to_owned());
            sink.send(machine, What::Notice { kind, ups, text });
        }
        ["shutdown", machine, flag] => {
            if flag == "flag" {
                sink.send(machine, What::FlagWritten);
            }
            sink.send(machine, What::ShutdownCommand);
        }
        _ => {}
    }
}
