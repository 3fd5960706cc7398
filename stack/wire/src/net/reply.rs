//! What `upsd` answers.

use std::fmt;

use super::{ErrorCode, List};
use crate::lex::Line;
use crate::quote::{bare, quoted};

/// What became of a SET or INSTCMD that is being tracked, or whether tracking is on. Failures are `ERR` replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackingState {
    /// `ON`: this client tracks.
    On,
    /// `OFF`: it doesn't.
    Off,
    /// The driver has not answered yet.
    Pending,
    /// Done.
    Success,
}

impl TrackingState {
    const ALL: [Self; 4] = [Self::On, Self::Off, Self::Pending, Self::Success];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
        }
    }
}

/// What GET TYPE says of a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VarType {
    /// It can be written.
    pub writable: bool,
    /// It has a list of values.
    pub enumerated: bool,
    /// It has ranges.
    pub ranged: bool,
    /// A string of at most so many characters; `None`: a number.
    pub string: Option<i64>,
}

impl fmt::Display for VarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (set, word) in [(self.writable, "RW "), (self.enumerated, "ENUM "), (self.ranged, "RANGE ")] {
            if set {
                f.write_str(word)?;
            }
        }
        match self.string {
            Some(length) => write!(f, "STRING:{length}"),
            None => f.write_str("NUMBER"),
        }
    }
}

/// One line of `upsd`'s. `Display` is that line, without LF.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "fields are named as the protocol names them")]
pub enum Reply<'a> {
    /// `OK`, and what may follow it: `Goodbye`, `STARTTLS`, `FSD-SET`, `PRIMARY-GRANTED`, `TRACKING id`.
    Ok { note: Option<&'a str>, argument: Option<&'a str> },
    /// `ERR CODE [extra]`. `code` is `None` for a word that no NUT sends.
    Err { code: Option<ErrorCode>, word: &'a str, extra: Option<&'a str> },
    /// `BEGIN LIST query`
    Begin(List<'a>),
    /// `END LIST query`
    End(List<'a>),
    /// A row of LIST UPS.
    Ups { ups: &'a str, description: &'a str },
    /// An answer to GET VAR, or a row of LIST VAR.
    Var { ups: &'a str, var: &'a str, value: &'a str },
    /// A row of LIST RW.
    Rw { ups: &'a str, var: &'a str, value: &'a str },
    /// A row of LIST CMD.
    Cmd { ups: &'a str, command: &'a str },
    /// A row of LIST ENUM.
    Enum { ups: &'a str, var: &'a str, value: &'a str },
    /// A row of LIST RANGE.
    Range { ups: &'a str, var: &'a str, min: i64, max: i64 },
    /// A row of LIST CLIENT.
    Client { ups: &'a str, address: &'a str },
    /// An answer to GET NUMLOGINS.
    NumLogins { ups: &'a str, count: u64 },
    /// An answer to GET NUMATTACH.
    NumAttach { ups: &'a str, count: u64 },
    /// An answer to GET UPSDESC.
    UpsDesc { ups: &'a str, description: &'a str },
    /// An answer to GET TYPE.
    Type { ups: &'a str, var: &'a str, kind: VarType },
    /// An answer to GET DESC.
    Desc { ups: &'a str, var: &'a str, description: &'a str },
    /// An answer to GET CMDDESC.
    CmdDesc { ups: &'a str, command: &'a str, description: &'a str },
    /// An answer to GET TRACKING.
    Tracking(TrackingState),
    /// Anything else, such as the answers to VER, PROTVER and HELP.
    Text(Line<'a>),
}

/// A line that begins as a known reply and does not go on as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// No words.
    Empty,
    /// Too few words, or one that is not what it should be.
    Malformed,
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty reply",
            Self::Malformed => "malformed reply",
        })
    }
}

impl std::error::Error for ReplyError {}

/// The words that answers and rows begin with.
const ANSWERS: [&str; 11] =
    ["VAR", "RW", "CMD", "ENUM", "RANGE", "CLIENT", "UPS", "NUMLOGINS", "UPSDESC", "TYPE", "DESC"];

impl<'a> Reply<'a> {
    /// Reads a reply. Surplus words are ignored. The first word of an answer or a row may be in any case, as NUT's clients
    /// take it; `OK`, `ERR`, `BEGIN` and `END` are upper-case, as every server sends them.
    ///
    /// # Errors
    /// The line is empty, or has not what its first word promises.
    pub fn parse(line: &Line<'a>) -> Result<Self, ReplyError> {
        let first = line.get(0).ok_or(ReplyError::Empty)?;
        let at = |index: usize| line.get(index).ok_or(ReplyError::Malformed);
        let keyword = ANSWERS.iter().find(|answer| answer.eq_ignore_ascii_case(first));
        Ok(match *keyword.unwrap_or(&first) {
            "OK" => Self::Ok { note: line.get(1), argument: line.get(2) },
            "ERR" => Self::Err { code: at(1)?.parse().ok(), word: at(1)?, extra: line.get(2) },
            "BEGIN" | "END" => {
                if at(1)? != "LIST" {
                    return Err(ReplyError::Malformed);
                }
                let list = List::parse(line, 2).ok_or(ReplyError::Malformed)?;
                if first == "BEGIN" { Self::Begin(list) } else { Self::End(list) }
            }
            "UPS" => Self::Ups { ups: at(1)?, description: at(2)? },
            "VAR" => Self::Var { ups: at(1)?, var: at(2)?, value: at(3)? },
            "RW" => Self::Rw { ups: at(1)?, var: at(2)?, value: at(3)? },
            "CMD" => Self::Cmd { ups: at(1)?, command: at(2)? },
            "ENUM" => Self::Enum { ups: at(1)?, var: at(2)?, value: at(3)? },
            "RANGE" => Self::Range { ups: at(1)?, var: at(2)?, min: number(at(3)?)?, max: number(at(4)?)? },
            "CLIENT" => Self::Client { ups: at(1)?, address: at(2)? },
            "NUMLOGINS" => Self::NumLogins { ups: at(1)?, count: number(at(2)?)? },
            "NUMATTACH" => Self::NumAttach { ups: at(1)?, count: number(at(2)?)? },
            "UPSDESC" => Self::UpsDesc { ups: at(1)?, description: at(2)? },
            "TYPE" => Self::Type { ups: at(1)?, var: at(2)?, kind: kind(line) },
            "DESC" => Self::Desc { ups: at(1)?, var: at(2)?, description: at(3)? },
            "CMDDESC" => Self::CmdDesc { ups: at(1)?, command: at(2)?, description: at(3)? },
            word => match TrackingState::ALL.iter().find(|state| state.as_str() == word) {
                Some(state) if line.len() == 1 => Self::Tracking(*state),
                _ => Self::Text(*line),
            },
        })
    }
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, ReplyError> {
    word.parse().map_err(|_| ReplyError::Malformed)
}

fn kind(line: &Line<'_>) -> VarType {
    let mut kind = VarType::default();
    for word in line.texts().skip(3) {
        match word {
            "RW" => kind.writable = true,
            "ENUM" => kind.enumerated = true,
            "RANGE" => kind.ranged = true,
            "STRING" => kind.string = Some(0),
            _ => {
                if let Some(length) = word.strip_prefix("STRING:") {
                    kind.string = Some(length.parse().unwrap_or(0));
                }
            }
        }
    }
    kind
}

impl fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ok { note, argument } => {
                f.write_str("OK")?;
                note.map_or(Ok(()), |word| write!(f, " {}", bare(word)))?;
                argument.map_or(Ok(()), |word| write!(f, " {}", bare(word)))
            }
            Self::Err { word, extra, .. } => {
                write!(f, "ERR {}", bare(word))?;
                extra.map_or(Ok(()), |text| write!(f, " {}", quoted(text)))
            }
            Self::Begin(list) => write!(f, "BEGIN LIST {list}"),
            Self::End(list) => write!(f, "END LIST {list}"),
            Self::Ups { ups, description } => write!(f, "UPS {} {}", bare(ups), quoted(description)),
            Self::Var { ups, var, value } => write!(f, "VAR {} {} {}", bare(ups), bare(var), quoted(value)),
            Self::Rw { ups, var, value } => write!(f, "RW {} {} {}", bare(ups), bare(var), quoted(value)),
            Self::Cmd { ups, command } => write!(f, "CMD {} {}", bare(ups), bare(command)),
            Self::Enum { ups, var, value } => write!(f, "ENUM {} {} {}", bare(ups), bare(var), quoted(value)),
            Self::Range { ups, var, min, max } => {
                write!(f, "RANGE {} {} \"{min}\" \"{max}\"", bare(ups), bare(var))
            }
            Self::Client { ups, address } => write!(f, "CLIENT {} {}", bare(ups), bare(address)),
            Self::NumLogins { ups, count } => write!(f, "NUMLOGINS {} {count}", bare(ups)),
            Self::NumAttach { ups, count } => write!(f, "NUMATTACH {} {count}", bare(ups)),
            Self::UpsDesc { ups, description } => write!(f, "UPSDESC {} {}", bare(ups), quoted(description)),
            Self::Type { ups, var, kind } => write!(f, "TYPE {} {} {kind}", bare(ups), bare(var)),
            Self::Desc { ups, var, description } => {
                write!(f, "DESC {} {} {}", bare(ups), bare(var), quoted(description))
            }
            Self::CmdDesc { ups, command, description } => {
                write!(f, "CMDDESC {} {} {}", bare(ups), bare(command), quoted(description))
            }
            Self::Tracking(state) => f.write_str(state.as_str()),
            Self::Text(line) => {
                for (index, word) in line.texts().enumerate() {
                    let gap = if index == 0 { "" } else { " " };
                    write!(f, "{gap}{word}")?;
                }
                Ok(())
            }
        }
    }
}
