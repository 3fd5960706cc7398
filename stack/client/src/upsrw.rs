//! `upsrw`: variables that can be set.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use outage_host::Host;
use outage_host::real::{Start, start};

use crate::auth::Access;
use crate::tool::{self, Failure, Instead, Session, list_failure, shown};
use crate::{Client, UpsAddress, Variable};

/// getopt's letters, without those that all clients have.
pub const LETTERS: &str = "ls:u:p:t:w";

/// What `-h` prints, before what all clients have.
pub const USAGE: &str = "\
usage: upsrw [-h]
       upsrw [-s <variable>] [-u <username>] [-p <password>] [-w] [-t <timeout>] <ups>

Sets variables within UPS hardware.

  -s <variable> specify variable to be changed
                use -s VAR=VALUE to avoid prompting for value
  -l            show all possible read/write variables.
  -u <username> set username for command authentication
  -p <password> set password for command authentication
  -w            wait for the completion of setting by the driver
                and return its actual result from the device
  -t <timeout>  set a timeout when using -w (in seconds, default: 10)

  <ups>         UPS identifier - <upsname>[@<hostname>[:<port>]]

Call without -s to show all possible read/write variables (same as -l).
";

/// How long `-w` waits unless `-t` says otherwise.
const TRACKING: Duration = Duration::from_secs(10);

struct Choice {
    set: Option<String>,
    /// `-l` behind `-s`.
    overridden: bool,
    user: Option<String>,
    password: Option<String>,
    wait: bool,
    limit: Duration,
}

/// Runs `upsrw` on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    start(Start { ident: "upsrw".to_owned(), ..Start::default() }, |host| run(args, host))
}

/// Runs `upsrw` on `host`. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    let mut choice =
        Choice { set: None, overridden: false, user: None, password: None, wait: false, limit: TRACKING };
    let parsed = tool::options(LETTERS, args, |option| {
        let value = option.value.clone();
        match option.flag {
            's' => choice.set = value,
            'l' => choice.overridden |= choice.set.take().is_some(),
            'u' => choice.user = value,
            'p' => choice.password = value,
            't' => choice.limit = tool::tracking_limit(&value.unwrap_or_default())?,
            'w' => choice.wait = true,
            _ => {}
        }
        Ok(())
    });
    let (common, operands) = match parsed {
        Ok(parsed) if parsed.1.is_empty() => return Instead::Help(None).finish(&host, "upsrw", USAGE),
        Ok(parsed) => parsed,
        Err(instead) => return instead.finish(&host, "upsrw", USAGE),
    };
    if choice.overridden {
        host.warn("Listing mode requested, overriding setvar specified earlier!");
    }
    let done = match common.session(&host) {
        Ok(session) => work(&session, choice, &operands).await,
        Err(failure) => Err(failure),
    };
    match done {
        Ok(Done::Listed(text)) => host.print(&text),
        // On standard error, as NUT's.
        Ok(Done::Ordered(text)) => host.notice(text),
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
}

async fn work(session: &Session, choice: Choice, operands: &[String]) -> Result<Done, Failure> {
    let address = operands.first().map(String::as_str).unwrap_or_default();
    let UpsAddress { ups, server } = address
        .parse()
        .map_err(|_| Failure::error("invalid UPS definition.  Required format: upsname[@hostname[:port]]"))?;
    let (mut client, access) = session.connect(choice.user.as_deref(), &server).await?;
    let done = talk(session, choice, &ups, &mut client, access).await;
    client.leave().await;
    done
}

async fn talk(
    session: &Session,
    choice: Choice,
    ups: &str,
    client: &mut Client,
    access: Access,
) -> Result<Done, Failure> {
    let Some(set) = choice.set else { return list(client, ups).await.map(Done::Listed) };
    let (var, value) = match set.split_once('=') {
        Some((var, value)) => (var.to_owned(), Some(value.to_owned())),
        None => (set, None),
    };
    if !var.contains('.') {
        return Err(Failure::error("old variable names are not supported"));
    }
    let credentials = session.credentials(choice.user, choice.password, access).await?;
    let value = match value {
        Some(value) => value,
        None => {
            let prompt = format!("Enter new value for {var}: ");
            session
                .prompt(&prompt, false)
                .await?
                .ok_or_else(|| Failure::plain("Error reading from stdin!"))?
        }
    };
    session.authenticate(client, &credentials).await?;
    if choice.wait {
        tool::track(client, "set variable").await?;
    }
    let answer = client.set(ups, &var, &value).await;
    let limit = choice.wait.then_some(choice.limit);
    tool::outcome(client, answer, "Set variable failed", limit).await.map(Done::Ordered)
}

async fn list(client: &mut Client, ups: &str) -> Result<String, Failure> {
    let mut text = String::new();
    for variable in client.list_rw(ups).await.map_err(list_failure)? {
        describe(client, ups, &variable, &mut text).await?;
    }
    Ok(text)
}

async fn describe(
    client: &mut Client,
    ups: &str,
    variable: &Variable,
    text: &mut String,
) -> Result<(), Failure> {
    let Variable { name, value } = variable;
    let description = match client.var_desc(ups, name).await {
        Ok(description) => description,
        Err(_) if client.is_usable() => "Description unavailable".to_owned(),
        Err(error) => return Err(error.into()),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "[{}]\n{}", shown(name), shown(&description));
    let value = shown(value);
    let words = match client.type_words(ups, name).await {
        Ok(words) => words,
        Err(_) if client.is_usable() => {
            *text += "Unknown type\n\n";
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    // The words are taken as they come: what is said of a RANGE ends the description, ENUM waits for what follows.
    let mut options = None;
    for word in words {
        let upper = word.to_ascii_uppercase();
        let length = upper.strip_prefix("STRING:").map(|length| length.parse::<i64>().unwrap_or(0));
        match (upper.as_str(), length) {
            ("RW", _) => {}
            ("ENUM", _) => options = Some("Type: ENUM\n".to_owned()),
            ("RANGE", _) => {
                *text += "Type: RANGE NUMBER\n";
                for range in client.list_ranges(ups, name).await? {
                    let chosen = whole_number(&value).is_some_and(|value| range.contains(value));
                    let _ = writeln!(text, "Option: \"{range}\"{}", mark(chosen));
                }
                break;
            }
            (_, Some(length)) if options.is_some() => {
                options = Some(format!("Type: ENUM STRING\nMaximum length: {length}\n"));
                break;
            }
            (_, Some(length)) => {
                let _ = writeln!(text, "Type: STRING\nMaximum length: {length}\nValue: {value}");
                break;
            }
            ("NUMBER", _) if options.is_some() => {
                options = Some("Type: ENUM NUMBER\n".to_owned());
                break;
            }
            ("NUMBER", _) => {
                let _ = writeln!(text, "Type: NUMBER\nValue: {value}");
                break;
            }
            _ => {
                let _ = writeln!(text, "Type: {} (unrecognized)", shown(&word));
            }
        }
    }
    if let Some(head) = options {
        *text += &head;
        for option in client.list_enum(ups, name).await? {
            let _ = writeln!(text, "Option: \"{}\"{}", shown(&option), mark(option == variable.value));
        }
    }
    text.push('\n');
    Ok(())
}

const fn mark(chosen: bool) -> &'static str {
    if chosen { " SELECTED" } else { "" }
}

/// The whole number that a value begins with, as atoi(3) reads it: `5.7` lies between 5 and 6.
fn whole_number(value: &str) -> Option<i64> {
    let value = value.trim_start();
    let sign = usize::from(value.starts_with(['-', '+']));
    let digits = value.get(sign..)?.bytes().take_while(u8::is_ascii_digit).count();
    value.get(..sign + digits)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::whole_number;
    use rstest::rstest;

    #[rstest]
    #[case("20", Some(20))]
    #[case(" -3.5", Some(-3))]
    #[case("+7x", Some(7))]
    #[case("", None)]
    #[case("x", None)]
    #[case("99999999999999999999", None)]
    fn numbers_are_read_as_atoi_does(#[case] value: &str, #[case] expected: Option<i64>) {
        assert_eq!(whole_number(value), expected);
    }
}
