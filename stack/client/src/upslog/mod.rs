//! `upslog`: writes what UPSes say to a file, line by line.

mod format;
mod run;
mod strftime;

use std::process::ExitCode;
use std::time::Duration;

use outage_host::Host;
use outage_host::real::{Start, start};

use crate::tool::{self, Common, Failure, Instead, banner};
use crate::{ServerAddress, UpsAddress};
use format::Format;

/// getopt's letters, without those that all clients have.
pub const LETTERS: &str = "s:l:i:d:Nf:u:p:FBm:";

/// What `-h` prints, before what all clients have.
pub const USAGE: &str = "\
UPS status logger.

usage: upslog [OPTIONS]

  -f <format>    - Log format.  See below for details.
                 - Use -f \"<format>\" so your shell doesn't break it up.
  -N             - Prefix \"%UPSHOST%%t\" before the format (default/custom):
                   useful when logging many systems into same target.
  -i <interval>  - Time between updates, in seconds
  -d <count>     - Exit after specified amount of updates
  -l <logfile>   - Log file name, or - for stdout (foreground by default)
  -F             - stay foregrounded even if logging into a file
  -B             - stay backgrounded even if logging to stdout or debugging
  -p <pidbase>   - Base name for PID file (defaults to \"upslog\")
  -s <ups>       - Monitor UPS <ups> - <upsname>@<host>[:<port>]
                 - Example: -s myups@server
                 - Specify '*' as upsname to query all devices on the host
  -m <tuple>     - Monitor UPS <ups,logfile>
                 - Example: -m myups@server,/var/log/myups.log
                 - Unlike one '-s ups -l file' spec, you can specify many tuples
  -u <user>      - Switch to <user> if started as root

Some valid format string escapes:
\t%% insert a single %
\t%t insert a tab
\t%TIME format% insert the time with strftime formatting, @ for %
\t%ETIME% insert the time in seconds since 1970
\t%HOST% insert the local hostname
\t%UPSHOST% insert the host of the ups being monitored
\t%PID% insert the pid of upslog
\t%VAR varname% insert the value of ups variable varname

format string defaults to:
%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load% \
[%VAR ups.status%] %VAR ups.temperature% %VAR input.frequency%
";

/// Which UPSes of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    /// `*`: those that it has at that time.
    All,
    One(String),
}

/// A system that is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    /// As it was given.
    name: String,
    which: Which,
    server: ServerAddress,
    /// Which of [`Plan::files`] its lines go to.
    file: usize,
}

/// What a command line asks for.
#[derive(Clone, Debug)]
struct Plan {
    common: Common,
    targets: Vec<Target>,
    /// `-` is standard output.
    files: Vec<String>,
    interval: Duration,
    count: Option<u64>,
    format: Format,
    user: Option<String>,
    pid_base: String,
    background: bool,
}

/// Runs `upslog` on this machine. `args` are without the program's name.
#[must_use]
pub fn main(args: Vec<String>) -> ExitCode {
    let plan = parse(args);
    let (background, debug) = match &plan {
        Ok(plan) => (plan.background, plan.common.debug),
        Err(_) => (false, 0),
    };
    start(Start { ident: "upslog".to_owned(), background, debug, syslog: false }, |host| begin(plan, host))
}

/// Runs `upslog` on `host`, until a signal ends it. `args` are without the program's name.
pub async fn run(args: Vec<String>, host: Host) -> ExitCode {
    begin(parse(args), host).await
}

async fn begin(plan: Result<Plan, Instead>, host: Host) -> ExitCode {
    let done = match plan {
        Ok(plan) => {
            host.print(&banner("upslog"));
            run::run(plan, &host).await
        }
        // NUT ends with success after an unknown option; no log is written, and whoever started this is to know.
        Err(Instead::Help(Some(complaint))) => {
            Err(Failure::plain(format!("upslog: {complaint}\nTry -h for help.")))
        }
        Err(instead) => return instead.finish(&host, "upslog", USAGE),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(&host);
            ExitCode::FAILURE
        }
    }
}

fn parse(args: Vec<String>) -> Result<Plan, Instead> {
    let (mut system, mut file, mut format, mut user, mut pid_base) = (None, None, None, None, None);
    let (mut interval, mut count, mut prefix, mut foreground) = (None, None, false, None);
    let mut tuples = Vec::new();
    let (common, operands) = tool::options(LETTERS, args, |option| {
        let value = option.value.clone();
        match option.flag {
            's' => system = value,
            'l' => file = value,
            'm' => tuples.extend(value),
            'i' => interval = value,
            'd' => count = value,
            'f' => format = value,
            'N' => prefix = true,
            'u' => user = value,
            'p' => pid_base = value,
            'F' => foreground = Some(true),
            'B' => foreground = Some(false),
            _ => {}
        }
        Ok(())
    })?;
    // The old way: system, file, interval and words of the format.
    if let [old_system, old_file, old_interval, words @ ..] = operands.as_slice() {
        system = Some(old_system.clone());
        file = Some(old_file.clone());
        interval = Some(old_interval.clone());
        if !words.is_empty() {
            format = Some(words.iter().map(|word| format!("{word} ")).collect());
        }
    } else if !operands.is_empty() {
        return Err(Instead::Help(None));
    }
    let mut plan = Plan {
        common,
        targets: Vec::new(),
        files: Vec::new(),
        interval: Duration::from_secs(30),
        count: None,
        format: Format::parse(&match (prefix, format.as_deref().unwrap_or(format::DEFAULT)) {
            (true, format) => format!("%UPSHOST%%t{format}"),
            (false, format) => format.to_owned(),
        }),
        user,
        pid_base: pid_base.unwrap_or_else(|| "upslog".to_owned()),
        background: false,
    };
    for tuple in tuples {
        let (system, file) =
            tuple.rsplit_once(',').filter(|(_, file)| !file.is_empty()).ok_or_else(|| {
                failed(format!("invalid tuple {tuple:?}. Required format: upsname[@hostname[:port]],logfile"))
            })?;
        plan.add(system, file)?;
    }
    match (system, file) {
        (Some(system), Some(file)) => plan.add(&system, &file)?,
        (None, None) if !plan.targets.is_empty() => {}
        (None, _) => {
            return Err(Instead::Failed(Failure::plain("No UPS defined for monitoring - use -s <system>")));
        }
        (_, None) => {
            return Err(Instead::Failed(Failure::plain("No filename defined for logging - use -l <file>")));
        }
    }
    if let Some(text) = interval {
        plan.interval = tool::seconds(&text)
            .ok_or_else(|| failed(format!("invalid interval {text:?}: -i takes a number of seconds")))?;
    }
    if let Some(text) = count {
        let count = text.trim().parse().ok().filter(|count| *count > 0);
        plan.count = Some(count.ok_or_else(|| failed(format!("invalid count {text:?}: -d takes a number")))?);
    }
    let to_terminal = plan.common.debug > 0 || plan.files.iter().any(|file| file == "-");
    plan.background = !foreground.unwrap_or(to_terminal);
    Ok(plan)
}

fn failed(text: String) -> Instead {
    Instead::Failed(Failure::error(text))
}

impl Plan {
    fn add(&mut self, system: &str, file: &str) -> Result<(), Instead> {
        let UpsAddress { ups, server } = system.parse().map_err(|_| {
            failed("invalid UPS definition.  Required format: upsname[@hostname[:port]]".to_owned())
        })?;
        let known = self.files.iter().position(|known| known == file);
        let index = known.unwrap_or_else(|| {
            self.files.push(file.to_owned());
            self.files.len() - 1
        });
        let which = if ups == "*" { Which::All } else { Which::One(ups) };
        self.targets.push(Target { name: system.to_owned(), which, server, file: index });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn plan(args: &[&str]) -> Result<String, String> {
        let plan = match parse(args.iter().map(|&arg| arg.to_owned()).collect()) {
            Ok(plan) => plan,
            Err(Instead::Failed(failure)) => return Err(failure.text),
            Err(Instead::Help(complaint)) => return Err(complaint.unwrap_or_else(|| "help".to_owned())),
            Err(Instead::Version) => return Err("version".to_owned()),
        };
        let targets = plan.targets.iter().map(|t| format!("{} > {}", t.name, plan.files[t.file]));
        let targets = targets.collect::<Vec<_>>().join(", ");
        let place = if plan.background { "background" } else { "foreground" };
        Ok(format!("{targets}; {:?}; {place}", plan.interval))
    }

    #[rstest]
    #[case(&["-s", "a@b", "-l", "/log"], "a@b > /log; 30s; background")]
    #[case(&["-s", "a", "-l", "-", "-i", "5"], "a > -; 5s; foreground")]
    #[case(&["-s", "a", "-l", "-", "-B"], "a > -; 30s; background")]
    #[case(&["-s", "a", "-l", "/log", "-D"], "a > /log; 30s; foreground")]
    #[case(&["-F", "-m", "a@b,/log", "-m", "*@c:1,/log", "-i", "0.5"], "a@b > /log, *@c:1 > /log; 500ms; foreground")]
    #[case(&["a@b", "/log", "9", "%HOST%", "x"], "a@b > /log; 9s; background")]
    fn command_lines(#[case] args: &[&str], #[case] expected: &str) {
        assert_eq!(plan(args).as_deref(), Ok(expected));
    }

    #[rstest]
    #[case(&[], "No UPS defined for monitoring - use -s <system>")]
    #[case(&["-l", "x"], "No UPS defined for monitoring - use -s <system>")]
    #[case(&["-s", "x"], "No filename defined for logging - use -l <file>")]
    #[case(&["-s", "x@", "-l", "-"], "invalid UPS definition.  Required format: upsname[@hostname[:port]]")]
    #[case(&["-s", "x", "-l", "-", "-i", "0"], "invalid interval \"0\": -i takes a number of seconds")]
    #[case(&["-s", "x", "-l", "-", "-d", "x"], "invalid count \"x\": -d takes a number")]
    #[case(&["-m", "x"], "invalid tuple \"x\". Required format: upsname[@hostname[:port]],logfile")]
    #[case(&["x", "y"], "help")]
    #[case(&["-V"], "version")]
    #[case(&["-z"], "invalid option -- 'z'")]
    fn what_is_wrong_with_one(#[case] args: &[&str], #[case] expected: &str) {
        assert_eq!(plan(args).unwrap_err(), expected);
    }
}
