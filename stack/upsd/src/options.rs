//! The command line.

use outage_config::args::{Getopt, Opt};

/// getopt's letters; `-i` and `-p` are refused with a word of what to do instead.
pub const LETTERS: &str = "c:P:DFBqr:u:46Vhi:p:";

/// What `-h` prints.
pub const USAGE: &str = "usage: upsd [OPTIONS]

Network server for UPS data.

  -c <command>  send <command> to the running upsd:
                 - reload: read the configuration files again
                 - stop: end it
  -P <pid>      send it to this process, whatever the PID file says
  -D            say more (repeat for more still); stays in the foreground
  -F            stay in the foreground
  -FF           stay in the foreground, and write the PID file all the same
  -B            go to the background, even with -D
  -q            say less (repeat for less still)
  -r <dir>      make <dir> the root directory: all files are looked for in it
  -u <user>     become <user> when started as root
  -4            IPv4 only
  -6            IPv6 only
  -V            show the version of this software
  -h            show this text
";

/// A command for the upsd that runs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `-c reload`
    Reload,
    /// `-c stop`
    Stop,
}

/// Which addresses are listened on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All.
    #[default]
    Any,
    /// `-4`
    V4,
    /// `-6`
    V6,
}

/// The command line, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-c`
    pub command: Option<Command>,
    /// `-P`
    pub pid: Option<u32>,
    /// How many `-D`.
    pub debug: u8,
    /// `-F` or `-D`, without `-B`.
    pub foreground: bool,
    /// Whether a PID file is written: in the background, and with `-FF`.
    pub pid_file: bool,
    /// How many `-q`: 1 leaves out what is merely informative, 2 leaves out notices too.
    pub quiet: u8,
    /// `-u`
    pub user: Option<String>,
    /// `-r`
    pub root: Option<String>,
    /// `-4`, `-6`
    pub family: Family,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// To do what upsd is for.
    Run(Options),
    /// `-V`
    Version,
    /// `-h`
    Help,
}

/// Reads a command line (without the program's name).
///
/// # Errors
/// What is wrong with it: a line for the user.
pub fn parse(args: Vec<String>) -> Result<Parsed, String> {
    let mut options = Options::default();
    let (mut foreground, mut background) = (0_u8, false);
    let mut letters = Getopt::new(LETTERS, args);
    for option in letters.by_ref() {
        let Opt { flag, value } = option.map_err(|error| error.to_string())?;
        let value = value.unwrap_or_default();
        match flag {
            'c' => options.command = Some(command(&value)?),
            'P' => {
                let pid = value.parse().ok().filter(|&pid| pid > 0);
                options.pid = Some(pid.ok_or_else(|| format!("-P takes a process id, not {value:?}"))?);
            }
            'D' => options.debug = options.debug.saturating_add(1),
            'F' => foreground = foreground.saturating_add(1),
            'B' => background = true,
            'q' => options.quiet = options.quiet.saturating_add(1),
            'r' => options.root = Some(value),
            'u' => options.user = Some(value),
            '4' => options.family = Family::V4,
            '6' => options.family = Family::V6,
            'V' => return Ok(Parsed::Version),
            'h' => return Ok(Parsed::Help),
            _ => {
                return Err(format!(
                    "-{flag} is no more: write 'LISTEN <address> [<port>]' into upsd.conf instead"
                ));
            }
        }
    }
    if let Some(surplus) = letters.operands().first() {
        return Err(format!("superfluous argument {surplus:?}"));
    }
    options.foreground = (foreground > 0 || options.debug > 0) && !background;
    options.pid_file = !options.foreground || foreground > 1;
    Ok(Parsed::Run(options))
}

/// `reload` and `stop`, or the beginning of either.
fn command(word: &str) -> Result<Command, String> {
    let fits = |name: &str| !word.is_empty() && name.starts_with(word);
    if fits("reload") {
        Ok(Command::Reload)
    } else if fits("stop") {
        Ok(Command::Stop)
    } else {
        Err(format!("-c takes reload or stop, not {word:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn run(args: &[&str]) -> Options {
        match parse(args.iter().map(|&a| a.to_owned()).collect()) {
            Ok(Parsed::Run(options)) => options,
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case(&[], (false, true))]
    #[case(&["-F"], (true, false))]
    #[case(&["-FF"], (true, true))]
    #[case(&["-D"], (true, false))]
    #[case(&["-DDB"], (false, true))]
    #[case(&["-F", "-B"], (false, true))]
    fn foreground_and_pid_file(#[case] args: &[&str], #[case] expected: (bool, bool)) {
        let options = run(args);
        assert_eq!((options.foreground, options.pid_file), expected);
    }

    #[rstest]
    #[case("reload", Some(Command::Reload))]
    #[case("r", Some(Command::Reload))]
    #[case("st", Some(Command::Stop))]
    #[case("", None)]
    #[case("stopp", None)]
    #[case("quit", None)]
    fn commands_may_be_cut_short(#[case] word: &str, #[case] expected: Option<Command>) {
        assert_eq!(command(word).ok(), expected);
    }

    #[rstest]
    #[case(&["-P", "0"])]
    #[case(&["-P", "x"])]
    #[case(&["-i", "127.0.0.1"])]
    #[case(&["-z"])]
    #[case(&["x"])]
    fn what_cannot_be_done_is_refused(#[case] args: &[&str]) {
        assert!(parse(args.iter().map(|&a| a.to_owned()).collect()).is_err());
    }
}
