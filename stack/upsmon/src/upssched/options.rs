//! upssched's command line (upssched(8)).

use outage_config::args::{Getopt, GetoptError};

/// getopt's letters.
pub const LETTERS: &str = "DVhl";

/// What is printed for `-h`.
pub const HELP: &str = "\
usage: upssched [OPTIONS] [NOTIFYMSG]

upsmon runs it as NOTIFYCMD, with NOTIFYTYPE and UPSNAME in the environment. It does what upssched.conf says about them.

  -l          list the timers that run: name, end, seconds left, notice, UPS and text, with tabs between
  -D          show more; repeat for still more
  -V          show the version
  -h          show this help
";

/// How upssched calls itself to hold the timers. Not for people.
pub(super) const TIMERS: &str = "--timers";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// `-h`
    Help,
    /// `-V`
    Version,
    /// `-l`
    List,
    /// To hold the timers.
    Timers,
    /// What the AT lines say about the notice in the environment.
    Notice,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) task: Task,
    /// How many `-D`, or NUT_DEBUG_LEVEL without any.
    pub(super) debug: u8,
    /// The notice's text.
    pub(super) message: String,
    /// What was taken for the notice's text, being nothing else.
    pub(super) problem: Option<GetoptError>,
}

/// Reads a command line, without the program's name.
///
/// A notice whose text looks like an option is not lost: with NOTIFYTYPE in the environment, what can't be read as options
/// is the text.
pub(super) fn parse(args: &[String], env: impl Fn(&str) -> Option<String>) -> Result<Options, GetoptError> {
    let level = env("NUT_DEBUG_LEVEL").and_then(|level| level.trim().parse().ok()).unwrap_or(0);
    let mut found = Options { task: Task::Notice, debug: 0, message: String::new(), problem: None };
    let (own, args): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|word| word == TIMERS);
    let mut options = Getopt::new(&format!("+{LETTERS}"), args.clone());
    for option in options.by_ref() {
        match option.map(|option| option.flag) {
            Ok('D') => found.debug = found.debug.saturating_add(1),
            Ok('V') => found.task = Task::Version,
            Ok('h') => found.task = Task::Help,
            Ok(_) => found.task = Task::List,
            Err(error) if env("NOTIFYTYPE").is_some() => {
                let message = args.last().cloned().unwrap_or_default();
                return Ok(Options { task: Task::Notice, debug: level, message, problem: Some(error) });
            }
            Err(error) => return Err(error),
        }
    }
    found.message = options.operands().join(" ");
    if found.debug == 0 {
        found.debug = level;
    }
    if !own.is_empty() {
        found.task = Task::Timers;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(args: &[&str], notice: bool) -> Result<Options, GetoptError> {
        let args: Vec<_> = args.iter().map(|word| (*word).to_owned()).collect();
        parse(&args, |name| match name {
            "NOTIFYTYPE" if notice => Some("ONBATT".to_owned()),
            "NUT_DEBUG_LEVEL" => Some("3".to_owned()),
            _ => None,
        })
    }

    #[rstest]
    #[case(&[], Task::Notice, 3, "")]
    #[case(&["UPS a on battery"], Task::Notice, 3, "UPS a on battery")]
    #[case(&["-D", "UPS", "-l"], Task::Notice, 1, "UPS -l")]
    #[case(&["-lDD"], Task::List, 2, "")]
    #[case(&["-V"], Task::Version, 3, "")]
    #[case(&["-h"], Task::Help, 3, "")]
    #[case(&["--timers", "-D"], Task::Timers, 1, "")]
    fn lines(#[case] args: &[&str], #[case] task: Task, #[case] debug: u8, #[case] message: &str) {
        let message = message.to_owned();
        assert_eq!(read(args, true), Ok(Options { task, debug, message, problem: None }));
    }

    #[test]
    fn a_text_that_looks_like_an_option_is_a_text() {
        let read_as = |notice| read(&["-- it is me"], notice);
        assert!(read_as(false).is_err());
        let options = read_as(true).unwrap();
        assert_eq!((options.task, options.message.as_str()), (Task::Notice, "-- it is me"));
        assert!(options.problem.is_some());
    }
}
