//! upsmon's command line (upsmon(8)).

use std::path::PathBuf;
use std::time::Duration;

use outage_config::Paths;
use outage_config::args::{Getopt, GetoptError};
use outage_host::Signal;

use crate::shell::{Family, UpsmonConfig};

/// getopt's letters; `-i` is taken and ignored, as NUT's.
pub const LETTERS: &str = "DFBhic:P:f:pu:VK46W:";

/// What is printed for `-h`.
pub const HELP: &str = "\
usage: upsmon [OPTIONS]

  -c <cmd>    send a command to the running process
              commands:
               - fsd: shut down all primary UPSes (use with caution)
               - reload: reread the configuration
               - stop: stop monitoring and exit
  -P <pid>    send the command to this process instead of the one in the PID file
  -K          check the POWERDOWNFLAG: exit code 0 if it is set, else 1
  -D          show more, and stay in the foreground; repeat for still more
  -F          stay in the foreground; twice: write the PID file all the same
  -B          go to the background, even with -D
  -f <file>   read this file instead of upsmon.conf
  -u <user>   run as this user (overrides RUN_AS_USER)
  -p          one process: no privileged parent
  -4, -6      use IPv4 or IPv6 only
  -W <secs>   how long a connection may take to be made (10)
  -V          show the version
  -h          show this help
";

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// `-h`
    Help,
    /// `-V`
    Version,
    /// `-K`
    CheckFlag,
    /// `-c`, and `-P`
    Send(Signal, Option<u32>),
    /// To watch.
    Watch,
    /// To watch on behalf of the process that made this socket.
    Child(PathBuf),
}

/// A command line that can't be followed. `Display` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UsageError {
    Getopt(GetoptError),
    Value { flag: char, value: String, wanted: &'static str },
    Surplus(String),
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Getopt(error) => error.fmt(f),
            Self::Value { flag, value, wanted } => write!(f, "-{flag} {value}: not {wanted}"),
            Self::Surplus(word) => write!(f, "what is {word}? upsmon takes options only"),
        }
    }
}

/// How the parent tells the child where it is. Not for people.
const PARENT: &str = "--parent=";

/// Reads a command line, without the program's name.
pub(crate) fn parse(args: Vec<String>, paths: &Paths) -> Result<(Task, UpsmonConfig), UsageError> {
    let mut config = UpsmonConfig::new(paths);
    let mut task = Task::Watch;
    let (mut foreground, mut background, mut pid, mut command) = (0_u8, false, None, None);
    let (parent, args): (Vec<_>, Vec<_>) = args.into_iter().partition(|word| word.starts_with(PARENT));
    let mut options = Getopt::new(LETTERS, args);
    for option in options.by_ref() {
        let option = option.map_err(UsageError::Getopt)?;
        let value = option.value.unwrap_or_default();
        let wrong = |wanted| UsageError::Value { flag: option.flag, value: value.clone(), wanted };
        match option.flag {
            'D' => config.debug = config.debug.saturating_add(1),
            'F' => foreground = foreground.saturating_add(1),
            'B' => background = true,
            'c' => command = Some(signal(&value).ok_or_else(|| wrong("fsd, reload or stop"))?),
            'P' => {
                let parsed = value.parse().ok().filter(|pid| *pid > 0);
                pid = Some(parsed.ok_or_else(|| wrong("a process id"))?);
            }
            'f' => config.conf_file = PathBuf::from(value),
            'u' => config.user = Some(value),
            'p' => config.single_process = true,
            '4' => config.family = Family::V4,
            '6' => config.family = Family::V6,
            'W' => config.connect_timeout = timeout(&value).ok_or_else(|| wrong("a number of seconds"))?,
            'K' => task = Task::CheckFlag,
            'V' => return Ok((Task::Version, config)),
            'h' => return Ok((Task::Help, config)),
            // -i: the C program takes and ignores it.
            _ => {}
        }
    }
    if let Some(word) = options.operands().into_iter().next() {
        return Err(UsageError::Surplus(word));
    }
    config.background = background || (foreground == 0 && config.debug == 0);
    let file = paths.pid.join("upsmon.pid");
    config.pid_file = (config.background || foreground > 1 || command.is_some()).then_some(file);
    if let Some(socket) = parent.first().and_then(|word| word.strip_prefix(PARENT)) {
        task = Task::Child(PathBuf::from(socket));
    } else if let Some(signal) = command {
        task = Task::Send(signal, pid);
    }
    Ok((task, config))
}

/// The signal for a command, of which the beginning is enough.
fn signal(command: &str) -> Option<Signal> {
    [("fsd", Signal::Usr1), ("stop", Signal::Term), ("reload", Signal::Hup)]
        .into_iter()
        .find(|(name, _)| !command.is_empty() && name.starts_with(command))
        .map(|(_, signal)| signal)
}

fn timeout(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|limit| !limit.is_zero())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(line: &str) -> Result<(Task, UpsmonConfig), UsageError> {
        parse(line.split_whitespace().map(str::to_owned).collect(), &Paths::default())
    }

    #[rstest]
    #[case("", Task::Watch)]
    #[case("-DD", Task::Watch)]
    #[case("-F -p -h", Task::Help)]
    #[case("-V", Task::Version)]
    #[case("-K", Task::CheckFlag)]
    #[case("-c fsd", Task::Send(Signal::Usr1, None))]
    #[case("-c f", Task::Send(Signal::Usr1, None))]
    #[case("-cstop -P 17", Task::Send(Signal::Term, Some(17)))]
    #[case("-c rel", Task::Send(Signal::Hup, None))]
    #[case("--parent=/run/upsmon-7.sock -B -u nut", Task::Child("/run/upsmon-7.sock".into()))]
    fn tasks(#[case] line: &str, #[case] task: Task) {
        assert_eq!(read(line).map(|(task, _)| task), Ok(task));
    }

    #[rstest]
    #[case("-c", "option requires an argument -- 'c'")]
    #[case("-c halt", "-c halt: not fsd, reload or stop")]
    #[case("-c fsdx", "-c fsdx: not fsd, reload or stop")]
    #[case("-P x", "-P x: not a process id")]
    #[case("-P 0", "-P 0: not a process id")]
    #[case("-W 0", "-W 0: not a number of seconds")]
    #[case("-W soon", "-W soon: not a number of seconds")]
    #[case("-z", "invalid option -- 'z'")]
    #[case("start", "what is start? upsmon takes options only")]
    fn faults(#[case] line: &str, #[case] text: &str) {
        assert_eq!(read(line).map_err(|error| error.to_string()), Err(text.to_owned()));
    }

    /// Background or not, and the PID file with it.
    #[rstest]
    #[case("", true, true)]
    #[case("-D", false, false)]
    #[case("-F", false, false)]
    #[case("-FF", false, true)]
    #[case("-DB", true, true)]
    #[case("-p", true, true)]
    fn where_it_runs(#[case] line: &str, #[case] background: bool, #[case] pid_file: bool) {
        let (_, config) = read(line).expect("a good line");
        assert_eq!((config.background, config.pid_file.is_some()), (background, pid_file));
    }

    #[test]
    fn values() {
        let (_, config) = read("-DDD -f /tmp/x -u nut -p -6 -W 2.5").expect("a good line");
        let want = UpsmonConfig {
            conf_file: "/tmp/x".into(),
            connect_timeout: Duration::from_millis(2500),
            family: Family::V6,
            user: Some("nut".into()),
            single_process: true,
            debug: 3,
            ..UpsmonConfig::new(&Paths::default())
        };
        assert_eq!(config, want);
    }
}
