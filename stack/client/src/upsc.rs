//! `upsc`: shows what `upsd` knows.

use std::process::ExitCode;

use outage_host::Host;
use outage_host::real::{Start, start};
use outage_wire::net::ErrorCode;

use crate::tool::{self, Failure, Instead, Session, list_failure, shown};
use crate::{Client, ServerAddress, UpsAddress, Variable};

/// getopt's letters, without those that all clients have.
pub const LETTERS: &str = "lLcj";

/// What `-h` prints, before what all clients have.
pub const USAGE: &str = "\
usage: upsc [-j] -l | -L [<hostname>[:port]]
       upsc [-j] <ups> [<variable>]
       upsc [-j] -c <ups>

Shows what upsd knows of its UPSes.

First form (lists UPSes):
  -l         - lists each UPS on <hostname>, one per line.
  -L         - lists each UPS followed by its description (from ups.conf).
               Default hostname: localhost

Second form (lists variables and values):
  <ups>      - upsd server, <upsname>[@<hostname>[:<port>]] form
  <variable> - optional, display this variable only.
               Default: list all variables for <host>

Third form (lists clients connected to a device):
  -c         - lists each client connected on <ups>, one per line.
  <ups>      - upsd server, <upsname>[@<hostname>[:<port>]] form

Option:
  -j         - display output in JSON format
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Names,
    Descriptions,
    Clients,
    Variables,
}

/// Runs `upsc` on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    start(Start { ident: "upsc".to_owned(), ..Start::default() }, |host| run(args, host))
}

/// Runs `upsc` on `host`. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let (mut form, mut json) = (Form::Variables, false);
    let parsed = tool::options(LETTERS, args, |option| {
        match option.flag {
            'l' if form != Form::Descriptions => form = Form::Names,
            'L' => form = Form::Descriptions,
            'c' => form = Form::Clients,
            'j' => json = true,
            _ => {}
        }
        Ok(())
    });
    let (common, operands) = match parsed {
        Ok(parsed) => parsed,
        Err(instead) => return Instead::finish(&instead, &host, "upsc", USAGE),
    };
    let shown = match common.session(&host) {
        Ok(session) => show(&session, form, json, &operands).await,
        Err(failure) => Err(failure),
    };
    match shown {
        Ok(text) => {
            host.print(&text);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            failure.report(&host);
            if json {
                host.print(&format!("{{\"error\": {}}}\n", string(&failure.text)));
            }
            ExitCode::FAILURE
        }
    }
}

async fn show(session: &Session, form: Form, json: bool, operands: &[String]) -> Result<String, Failure> {
    let first = operands.first().map(String::as_str);
    if matches!(form, Form::Names | Form::Descriptions) {
        let server: ServerAddress = match first.unwrap_or("localhost") {
            // To the library that is this machine; to NUT's it is a variable of a script that was not set.
            "" => None,
            server => server.parse().ok(),
        }
        .ok_or_else(|| Failure::error("invalid hostname.\nRequired format: [hostname[:port]]"))?;
        let upses =
            session.ask(&server, async |client| client.list_ups().await.map_err(list_failure)).await?;
        let pairs = upses.iter().map(|ups| (ups.name.as_str(), ups.description.as_str()));
        return Ok(match (form, json) {
            (Form::Names, false) => lines(upses.iter().map(|ups| shown(&ups.name))),
            (Form::Names, true) => array(upses.iter().map(|ups| ups.name.as_str())),
            (_, false) => colons(pairs),
            (_, true) => object(pairs),
        });
    }
    let UpsAddress { ups, server } = first
        .unwrap_or_default()
        .parse()
        .map_err(|_| Failure::error("invalid UPS definition.\nRequired format: upsname[@hostname[:port]]"))?;
    if form == Form::Clients {
        let list = async |client: &mut Client| client.list_clients(&ups).await.map_err(list_failure);
        let clients = session.ask(&server, list).await?;
        let clients = clients.iter().map(String::as_str);
        return Ok(if json { array(clients) } else { lines(clients.map(shown)) });
    }
    let Some(var) = operands.get(1) else {
        let list = async |client: &mut Client| client.list_vars(&ups).await.map_err(list_failure);
        let vars = session.ask(&server, list).await?;
        let pairs = vars.iter().map(|Variable { name, value }| (name.as_str(), value.as_str()));
        return Ok(if json { object(pairs) } else { colons(pairs) });
    };
    let get = async |client: &mut Client| {
        // NUT's says what is wrong with the server first.
        if !var.contains('.') {
            return Err(Failure::error("old-style variable names are not supported"));
        }
        client.get_var(&ups, var).await.map_err(|error| match error.code() {
            Some(ErrorCode::UnknownCommand) => Failure::error("variable unknown (old upsd detected)"),
            _ => error.into(),
        })
    };
    let value = session.ask(&server, get).await?;
    Ok(if json { format!("{}\n", string(&value)) } else { lines([shown(&value)]) })
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |mut text, line| {
        text += &line;
        text.push('\n');
        text
    })
}

fn colons<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    lines(pairs.into_iter().map(|(name, value)| format!("{}: {}", shown(name), shown(value))))
}

/// A JSON string.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The order of the server is kept.
fn object<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    block('{', pairs.into_iter().map(|(name, value)| format!("{}: {}", string(name), string(value))), '}')
}

fn array<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    block('[', items.into_iter().map(string), ']')
}

fn block(open: char, items: impl Iterator<Item = String>, close: char) -> String {
    let items: Vec<_> = items.map(|item| format!("  {item}")).collect();
    if items.is_empty() {
        format!("{open}{close}\n")
    } else {
        format!("{open}\n{}\n{close}\n", items.join(",\n"))
    }
}
