//! `upscmd`: instant commands.

use std::process::ExitCode;
use std::time::Duration;

use outage_host::Host;
use outage_host::real::{Start, start};

use crate::auth::Access;
use crate::tool::{self, Failure, Instead, Session, list_failure, shown};
use crate::{Client, UpsAddress};

/// getopt's letters, without those that all clients have.
pub const LETTERS: &str = "lu:p:t:w";

/// What `-h` prints, before what all clients have.
pub const USAGE: &str = "\
usage: upscmd [-h]
       upscmd [-l <ups>]
       upscmd [-u <username>] [-p <password>] [-w] [-t <timeout>] <ups> <command> [<value>]

Runs instant commands on UPS hardware.

  -l <ups>      show available commands on UPS <ups>
  -u <username> set username for command authentication
  -p <password> set password for command authentication
  -w            wait for the completion of command by the driver
                and return its actual result from the device
  -t <timeout>  set a timeout when using -w (in seconds, default: 10)

  <ups>         UPS identifier - <upsname>[@<hostname>[:<port>]]
  <command>     Valid instant command - test.panel.start, etc.
  [<value>]     Additional data for command - number of seconds, etc.
";

/// How long `-w` waits unless `-t` says otherwise.
const TRACKING: Duration = Duration::from_secs(10);

struct Choice {
    list: bool,
    user: Option<String>,
    password: Option<String>,
    wait: bool,
    limit: Duration,
}

/// Runs `upscmd` on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    start(Start { ident: "upscmd".to_owned(), ..Start::default() }, |host| run(args, host))
}

/// Runs `upscmd` on `host`. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let mut choice = Choice { list: false, user: None, password: None, wait: false, limit: TRACKING };
    let parsed = tool::options(LETTERS, args, |option| {
        let value = option.value.clone();
        match option.flag {
            'l' => choice.list = true,
            'u' => choice.user = value,
            'p' => choice.password = value,
            't' => choice.limit = tool::tracking_limit(&value.unwrap_or_default())?,
            'w' => choice.wait = true,
            _ => {}
        }
        Ok(())
    });
    let (common, operands) = match parsed {
        Ok(parsed) if parsed.1.is_empty() => {
            return Instead::Help(None).finish(&host, "upscmd", USAGE);
        }
        Ok(parsed) => parsed,
        Err(instead) => return instead.finish(&host, "upscmd", USAGE),
    };
    let done = match common.session(&host) {
        Ok(session) => work(&session, choice, &operands).await,
        Err(failure) => Err(failure),
    };
    match done {
        Ok(Done::Listed(text)) => host.print(&text),
        // On standard error, as NUT's.
        Ok(Done::Ordered(text)) => host.notice(text),
        Ok(Done::Help) => return Instead::Help(None).finish(&host, "upscmd", USAGE),
        Err(failure) => {
            failure.report(&host);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

enum Done {
    Listed(String),
    Ordered(&'static str),
    Help,
}

async fn work(session: &Session, choice: Choice, operands: &[String]) -> Result<Done, Failure> {
    let address = operands.first().map(String::as_str).unwrap_or_default();
    let UpsAddress { ups, server } = address
        .parse()
        .map_err(|_| Failure::error("invalid UPS definition.  Required format: upsname[@hostname[:port]]"))?;
    let (mut client, access) = session.connect(choice.user.as_deref(), &server).await?;
    let done = talk(session, choice, operands, &ups, &mut client, access).await;
    client.leave().await;
    done
}

async fn talk(
    session: &Session,
    choice: Choice,
    operands: &[String],
    ups: &str,
    client: &mut Client,
    access: Access,
) -> Result<Done, Failure> {
    if choice.list {
        return list(client, ups).await.map(Done::Listed);
    }
    let Some(command) = operands.get(1) else { return Ok(Done::Help) };
    if !command.contains('.') {
        return Err(Failure::error("old command names are not supported"));
    }
    let credentials = session.credentials(choice.user, choice.password, access).await?;
    session.authenticate(client, &credentials).await?;
    if choice.wait {
        tool::track(client, "command").await?;
    }
    let value = operands.get(2).map(String::as_str);
    let answer = client.instcmd(ups, command, value).await;
    let limit = choice.wait.then_some(choice.limit);
    tool::outcome(client, answer, "Instant command failed", limit).await.map(Done::Ordered)
}

async fn list(client: &mut Client, ups: &str) -> Result<String, Failure> {
    let commands = client.list_commands(ups).await.map_err(list_failure)?;
    let mut text = format!("Instant commands supported on UPS [{ups}]:\n\n");
    for command in commands {
        text += &shown(&command);
        match client.command_desc(ups, &command).await {
            Ok(description) => {
                text += " - ";
                text += &shown(&description);
            }
            Err(_) if client.is_usable() => {}
            Err(error) => return Err(error.into()),
        }
        text.push('\n');
    }
    Ok(text)
}
