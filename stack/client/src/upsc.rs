//! `upsc`: shows what `upsd` knows.

use std::process::ExitCode;
use std::time::Duration;

use outage_config::args::{Getopt, Opt};
use outage_host::Host;
use outage_host::real::{Start, start};
use serde_json::{Map, Value};

use crate::{Client, Error, ServerAddress, UpsAddress};

/// How long a server may take to answer unless `-W` says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

const USAGE: &str = "usage: upsc -l | -L [<hostname>[:port]]
       upsc <ups> [<variable>]
       upsc -c <ups>

Shows what upsd knows of its UPSes.

First form (lists UPSes):
  -l         - lists each UPS on <hostname>, one per line.
  -L         - lists each UPS followed by its description (from ups.conf).
               Default hostname: localhost

Second form (lists variables and values):
  <ups>      - upsd server, <upsname>[@<hostname>[:<port>]] form
  <variable> - optional, display this variable only.
               Default: list all variables

Third form (lists clients connected to a device):
  -c         - lists each client connected on <ups>, one per line.

Common options:
  -j         - print JSON
  -W <secs>  - how long to wait for the server (default: 10)
  -A <file>  - accepted for compatibility; upsc needs no credentials
  -V         - display the version of this software
  -h         - display this help
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Names,
    Descriptions,
    Clients,
    Variables,
}

/// What goes wrong, as it stands after `Error: `.
struct Failure(String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs `upsc` on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    start(Start { ident: "upsc".to_owned(), ..Start::default() }, |host| run(args, host))
}

/// Runs `upsc` on `host`. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let (form, json, patience, operands) = match options(args) {
        Ok(Parsed::Run { form, json, patience, operands }) => (form, json, patience, operands),
        Ok(Parsed::Print(text)) => {
            host.print(&text);
            return ExitCode::SUCCESS;
        }
        Err(text) => {
            host.error(format!("upsc: {text}"));
            host.print(USAGE);
            return ExitCode::FAILURE;
        }
    };
    match show(&host, form, json, patience, &operands).await {
        Ok(text) => {
            host.print(&text);
            ExitCode::SUCCESS
        }
        Err(Failure(text)) => {
            host.error(format!("Error: {text}"));
            if json {
                let object = Map::from_iter([("error".to_owned(), Value::from(text))]);
                host.print(&pretty(&Value::Object(object)));
            }
            ExitCode::FAILURE
        }
    }
}

enum Parsed {
    Run { form: Form, json: bool, patience: Duration, operands: Vec<String> },
    Print(String),
}

fn options(args: Vec<String>) -> Result<Parsed, String> {
    let (mut form, mut json, mut patience) = (Form::Variables, false, PATIENCE);
    let mut options = Getopt::new("hlLcVjW:A:", args);
    for option in options.by_ref() {
        let Opt { flag, value } = option.map_err(|error| error.to_string())?;
        match flag {
            'l' => form = Form::Names,
            'L' => form = Form::Descriptions,
            'c' => form = Form::Clients,
            'j' => json = true,
            'W' => patience = seconds(value.as_deref().unwrap_or_default())?,
            'V' => {
                return Ok(Parsed::Print(format!("Network UPS Tools upsc {}\n", env!("CARGO_PKG_VERSION"))));
            }
            'h' => {
                return Ok(Parsed::Print(format!(
                    "Network UPS Tools upsc {}\n\n{USAGE}",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            _ => {}
        }
    }
    let operands = options.operands();
    let (least, most) = match form {
        Form::Names | Form::Descriptions => (0, 1),
        Form::Clients => (1, 1),
        Form::Variables => (1, 2),
    };
    if operands.len() < least {
        return Err("a UPS must be named: upsc <upsname>[@<hostname>[:<port>]]".to_owned());
    }
    if let Some(surplus) = operands.get(most) {
        return Err(format!("too many arguments: {surplus}"));
    }
    Ok(Parsed::Run { form, json, patience, operands })
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("-W takes a number of seconds, not {text:?}"))
}

async fn show(
    host: &Host,
    form: Form,
    json: bool,
    patience: Duration,
    operands: &[String],
) -> Result<String, Failure> {
    let first = operands.first().map(String::as_str).unwrap_or_default();
    let wrong = |error: crate::AddressError| Failure(error.to_string());
    let connect =
        async |server: &ServerAddress| Client::connect(host, &server.host, server.port, patience).await;
    match form {
        Form::Names | Form::Descriptions => {
            let server: ServerAddress = first.parse().map_err(wrong)?;
            let upses = connect(&server).await?.list_ups().await?;
            Ok(match (form, json) {
                (Form::Names, false) => lines(upses.into_iter().map(|(name, _)| name)),
                (Form::Names, true) => pretty(&upses.into_iter().map(|(name, _)| name).collect()),
                (_, false) => lines(upses.into_iter().map(|(name, text)| format!("{name}: {text}"))),
                (_, true) => object(upses),
            })
        }
        Form::Clients => {
            let address: UpsAddress = first.parse().map_err(wrong)?;
            let clients = connect(&address.server).await?.list_clients(&address.ups).await?;
            Ok(if json { pretty(&clients.into_iter().collect()) } else { lines(clients) })
        }
        Form::Variables => {
            let address: UpsAddress = first.parse().map_err(wrong)?;
            if let Some(var) = operands.get(1) {
                if !var.contains('.') {
                    return Err(Failure("old-style variable names are not supported".to_owned()));
                }
                let value = connect(&address.server).await?.get_var(&address.ups, var).await?;
                return Ok(if json { pretty(&Value::from(value)) } else { lines([value]) });
            }
            let vars = connect(&address.server).await?.list_vars(&address.ups).await?;
            Ok(if json {
                object(vars)
            } else {
                lines(vars.into_iter().map(|(name, value)| format!("{name}: {value}")))
            })
        }
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

fn object(pairs: Vec<(String, String)>) -> String {
    pretty(&Value::Object(pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}
