//! upsdrvctl's command line.

use outage_config::args::{Getopt, Opt};

/// What is asked of the drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `start`
    Start,
    /// `stop`
    Stop,
    /// `shutdown`: turn the load off.
    Shutdown,
    /// `list`, `-l`: the names of the UPSes.
    List,
    /// `status`
    Status,
    /// `-c`: a word to running drivers.
    Tell(Word),
}

/// What `-c` says to running drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `reload`, `reload-or-error`
    ReloadOrError,
    /// `reload-or-exit`
    ReloadOrExit,
    /// `exit`
    Exit,
    /// `dump`, `data-dump`: the driver prints its variables.
    Dump,
}

/// Where the drivers run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// In the background, unless they are told to debug.
    #[default]
    Unsaid,
    /// `-F`
    Foreground,
    /// `-FF`: in the foreground, with a pid file.
    ForegroundWithPid,
    /// `-B`: in the background in any case.
    Background,
}

/// A command line that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What to do.
    pub verb: Verb,
    /// With this UPS only.
    pub ups: Option<String>,
    /// `-t`: show what would be done.
    pub test: bool,
    /// `-r`: passed on.
    pub root: Option<String>,
    /// `-u`: passed on.
    pub user: Option<String>,
    /// How many `-D`.
    pub debug: u8,
    /// `-d`: the drivers get as many.
    pub pass_debug: bool,
    /// `-F`, `-FF`, `-B`: passed on.
    pub ground: Ground,
}

/// What a command line turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Something to do.
    Run(Order),
    /// `-h`
    Help,
    /// `-V`
    Version,
}

/// getopt's letters.
pub const LETTERS: &str = "htr:u:DdFBVlc:";

/// The help.
pub const USAGE: &str = "\
Starts and stops UPS drivers by the sections of ups.conf.

usage: upsdrvctl [OPTIONS] (start | stop | shutdown | status | list) [<ups>]
       upsdrvctl [OPTIONS] -c <command> [<ups>]

  start        start all UPS drivers in ups.conf, or only <ups>
  stop         stop all UPS drivers, or only <ups>
  shutdown     turn the load of all UPSes off, by their sdorder (not where that is
               negative), or only of <ups>
  status       show which drivers run, and what they say
  list         list the UPSes in ups.conf

  -c <command> tell running drivers: reload (the same as reload-or-error),
               reload-or-exit, exit, dump; the beginning of a word is enough
  -l           the same as list
  -t           testing mode: print what would be done, do nothing
  -r <dir>     drivers will chroot to <dir>
  -u <user>    drivers started will switch from root to <user>
  -D           raise debugging level; twice or more for more
  -d           pass the debugging level on to the drivers
  -F           drivers stay in the foreground
  -FF          drivers stay in the foreground, and still save their PID
  -B           drivers go to the background even when debugging
  -V           display the version of this software
  -h           display this help
";

fn word(text: &str) -> Result<Word, String> {
    // The first that fits: "reload" alone means reload-or-error.
    const WORDS: [(&str, Word); 6] = [
        ("reload", Word::ReloadOrError),
        ("reload-or-error", Word::ReloadOrError),
        ("reload-or-exit", Word::ReloadOrExit),
        ("exit", Word::Exit),
        ("dump", Word::Dump),
        ("data-dump", Word::Dump),
    ];
    let found = WORDS.iter().find(|(name, _)| !text.is_empty() && name.starts_with(text));
    let missing = || format!("unknown command '{text}' for -c: reload, reload-or-exit, exit or dump");
    found.map(|(_, word)| *word).ok_or_else(missing)
}

fn verb(text: &str) -> Result<Verb, String> {
    Ok(match text {
        "start" => Verb::Start,
        "stop" => Verb::Stop,
        "shutdown" => Verb::Shutdown,
        "list" => Verb::List,
        "status" => Verb::Status,
        _ => return Err(format!("unrecognized command '{text}': start, stop, shutdown, status or list")),
    })
}

/// Reads a command line (without the program's name).
///
/// # Errors
/// One line that says what is wrong.
pub fn parse(args: &[String]) -> Result<Parsed, String> {
    let mut told = None;
    let mut order = Order {
        verb: Verb::List,
        ups: None,
        test: false,
        root: None,
        user: None,
        debug: 0,
        pass_debug: false,
        ground: Ground::default(),
    };
    let mut options = Getopt::new(LETTERS, args.iter().cloned());
    for option in options.by_ref() {
        let Opt { flag, value } = option.map_err(|error| error.to_string())?;
        match flag {
            'h' => return Ok(Parsed::Help),
            'V' => return Ok(Parsed::Version),
            't' => order.test = true,
            'r' => order.root = value,
            'u' => order.user = value,
            'D' => order.debug = order.debug.saturating_add(1),
            'd' => order.pass_debug = true,
            'F' if order.ground == Ground::Foreground => order.ground = Ground::ForegroundWithPid,
            'F' if order.ground == Ground::ForegroundWithPid => {}
            'F' => order.ground = Ground::Foreground,
            'B' => order.ground = Ground::Background,
            'l' => told = Some(Verb::List),
            _ => told = Some(Verb::Tell(word(value.as_deref().unwrap_or_default())?)),
        }
    }
    let mut operands = options.operands().into_iter();
    order.verb = match told {
        Some(verb) => verb,
        None => verb(&operands.next().ok_or("say what to do: start, stop, shutdown, status or list")?)?,
    };
    order.ups = operands.next();
    match operands.next() {
        Some(surplus) => Err(format!("'{surplus}' is too much: one UPS, or none for all of them")),
        None => Ok(Parsed::Run(order)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn order(line: &str) -> Result<Order, String> {
        let args: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        parse(&args).map(|parsed| match parsed {
            Parsed::Run(order) => order,
            other => panic!("{other:?}"),
        })
    }

    #[rstest]
    #[case("start", Verb::Start, None)]
    #[case("stop eaton", Verb::Stop, Some("eaton"))]
    #[case("shutdown", Verb::Shutdown, None)]
    #[case("-l", Verb::List, None)]
    #[case("-c reload", Verb::Tell(Word::ReloadOrError), None)]
    #[case("-c reload-or-ex eaton", Verb::Tell(Word::ReloadOrExit), Some("eaton"))]
    #[case("-c e", Verb::Tell(Word::Exit), None)]
    #[case("-c data", Verb::Tell(Word::Dump), None)]
    fn verbs(#[case] line: &str, #[case] verb: Verb, #[case] ups: Option<&str>) {
        let order = order(line).unwrap();
        assert_eq!((order.verb, order.ups.as_deref()), (verb, ups));
    }

    #[rstest]
    #[case("-F start", Ground::Foreground)]
    #[case("-FF start", Ground::ForegroundWithPid)]
    #[case("-FFF start", Ground::ForegroundWithPid)]
    #[case("-D -B start", Ground::Background)]
    #[case("-D start", Ground::Unsaid)]
    fn grounds(#[case] line: &str, #[case] ground: Ground) {
        assert_eq!(order(line).unwrap().ground, ground);
    }

    #[rstest]
    #[case("", "say what to do")]
    #[case("begin", "unrecognized command 'begin'")]
    #[case("start a b", "'b' is too much")]
    #[case("-c jump", "unknown command 'jump'")]
    #[case("-z start", "invalid option")]
    fn faults(#[case] line: &str, #[case] text: &str) {
        assert!(order(line).unwrap_err().contains(text));
    }
}
