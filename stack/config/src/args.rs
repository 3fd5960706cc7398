//! Command lines of the NUT-named tools, read as getopt(3) reads them.

use std::collections::VecDeque;
use std::fmt;

/// An option of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    /// Its letter.
    pub flag: char,
    /// Its value, if it takes one.
    pub value: Option<String>,
}

/// Why a command line cannot be read. The texts are getopt's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetoptError {
    /// `invalid option -- 'z'`
    Invalid(char),
    /// `option requires an argument -- 'a'`
    MissingValue(char),
    /// `unrecognized option '--foo'`
    Unrecognized(String),
}

impl fmt::Display for GetoptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(flag) => write!(f, "invalid option -- '{flag}'"),
            Self::MissingValue(flag) => write!(f, "option requires an argument -- '{flag}'"),
            Self::Unrecognized(word) => write!(f, "unrecognized option '{word}'"),
        }
    }
}

impl std::error::Error for GetoptError {}

/// An iterator over a command line's options; afterwards, [`Getopt::operands`].
///
/// Options may stand together (`-DDD`), with their value (`-aups`) or before it (`-a ups`), and between the operands, as
/// in glibc; after `--` all are operands. `--help` and `--version` are `-h` and `-V`. A `+` at the beginning of the
/// specification, again as in glibc, lets the first operand end the options, so that a later one may begin with `-`.
///
/// ```
/// # use outage_config::args::Getopt;
/// let mut options = Getopt::new("a:Dk", ["-DD", "-aeaton", "start", "-k"]);
/// let flags: String = options.by_ref().map(|o| o.map(|o| o.flag)).collect::<Result<_, _>>()?;
/// assert_eq!((flags.as_str(), options.operands()), ("DDak", vec!["start".to_owned()]));
/// # Ok::<(), outage_config::args::GetoptError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Getopt {
    spec: Vec<(char, bool)>,
    /// The first operand ends the options.
    operands_last: bool,
    rest: VecDeque<String>,
    /// What is left of a group such as `-DDD`.
    group: VecDeque<char>,
    operands: Vec<String>,
}

impl Getopt {
    /// `spec` is getopt's: each letter an option, with a value when a colon follows. `args` are without the program's
    /// name.
    pub fn new<S: Into<String>>(spec: &str, args: impl IntoIterator<Item = S>) -> Self {
        let mut letters = Vec::new();
        let (spec, operands_last) = match spec.strip_prefix('+') {
            Some(rest) => (rest, true),
            None => (spec, false),
        };
        for c in spec.chars() {
            match letters.last_mut() {
                Some((_, takes_value)) if c == ':' => *takes_value = true,
                _ => letters.push((c, false)),
            }
        }
        Self {
            spec: letters,
            operands_last,
            rest: args.into_iter().map(Into::into).collect(),
            group: VecDeque::new(),
            operands: Vec::new(),
        }
    }

    /// What is not an option. Call it when the iterator has ended; what was not read yet is returned as it stands.
    #[must_use]
    pub fn operands(mut self) -> Vec<String> {
        self.operands.extend(self.rest);
        self.operands
    }

    fn option(&mut self, flag: char) -> Result<Opt, GetoptError> {
        match self.spec.iter().find(|(letter, _)| *letter == flag && flag != ':') {
            None => Err(GetoptError::Invalid(flag)),
            Some((_, false)) => Ok(Opt { flag, value: None }),
            Some((_, true)) if !self.group.is_empty() => {
                Ok(Opt { flag, value: Some(self.group.drain(..).collect()) })
            }
            Some((_, true)) => {
                let value = self.rest.pop_front().ok_or(GetoptError::MissingValue(flag))?;
                Ok(Opt { flag, value: Some(value) })
            }
        }
    }
}

impl Iterator for Getopt {
    type Item = Result<Opt, GetoptError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(flag) = self.group.pop_front() {
                return Some(self.option(flag));
            }
            let word = self.rest.pop_front()?;
            match word.as_str() {
                "--" => {
                    self.operands.extend(self.rest.drain(..));
                    return None;
                }
                "--help" => return Some(Ok(Opt { flag: 'h', value: None })),
                "--version" => return Some(Ok(Opt { flag: 'V', value: None })),
                _ if word.starts_with("--") => return Some(Err(GetoptError::Unrecognized(word))),
                _ if word.len() > 1 && word.starts_with('-') => self.group = word.chars().skip(1).collect(),
                _ => {
                    self.operands.push(word);
                    if self.operands_last {
                        self.operands.extend(self.rest.drain(..));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;
    use rstest::rstest;

    fn show(args: &[&str]) -> String {
        let mut options = Getopt::new("a:s:x:DFBkh", args.iter().copied());
        let mut out = Vec::new();
        for option in options.by_ref() {
            out.push(match option {
                Ok(Opt { flag, value: Some(value) }) => format!("{flag}={value}"),
                Ok(Opt { flag, value: None }) => flag.to_string(),
                Err(error) => format!("({error})"),
            });
        }
        format!("{} | {}", out.join(" "), options.operands().join(" "))
    }

    #[rstest]
    #[case(&[], " | ")]
    #[case(&["-a", "ups"], "a=ups | ")]
    #[case(&["-aups", "-DDD"], "a=ups D D D | ")]
    #[case(&["-DDaups", "-k"], "D D a=ups k | ")]
    #[case(&["-x", "var=val", "-x", "-5"], "x=var=val x=-5 | ")]
    #[case(&["-a", "--", "-k"], "a=-- k | ")]
    #[case(&["start", "-D", "eaton"], "D | start eaton")]
    #[case(&["-D", "--", "-k", "x"], "D | -k x")]
    #[case(&["-", "-D"], "D | -")]
    #[case(&["--help", "--version"], "h V | ")]
    #[case(&["-Dz", "-F"], "D (invalid option -- 'z') F | ")]
    #[case(&["-D", "-a"], "D (option requires an argument -- 'a') | ")]
    #[case(&["--foo", "x"], "(unrecognized option '--foo') | x")]
    #[case(&["-:"], "(invalid option -- ':') | ")]
    #[case(&["-ü"], "(invalid option -- 'ü') | ")]
    fn reads_as_getopt_does(#[case] args: &[&str], #[case] shown: &str) {
        assert_eq!(show(args), shown);
    }

    #[test]
    fn a_plus_lets_the_first_operand_end_the_options() {
        let mut options = Getopt::new("+ab", ["-a", "ups", "-b", "-5"]);
        let flags: String = options.by_ref().map(|option| option.unwrap().flag).collect();
        assert_eq!((flags.as_str(), options.operands().join(" ").as_str()), ("a", "ups -b -5"));
        assert!(Getopt::new("+a", ["-+"]).next().unwrap().is_err());
    }

    quickcheck! {
        fn nothing_is_lost(args: Vec<String>) -> bool {
            let mut options = Getopt::new("", args.iter().cloned());
            let errors = options.by_ref().filter(Result::is_err).count();
            let marker = args.iter().any(|a| a == "--" || a == "--help" || a == "--version");
            marker || errors + options.operands().len() >= args.len()
        }
    }
}
