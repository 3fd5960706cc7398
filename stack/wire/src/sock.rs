//! The protocol on a driver's Unix socket, between the driver and `upsd` (or a sibling tool such as `upsdrvctl`).
//!
//! Values are always sent escaped. NUT's drivers send the live changes of a variable unescaped; such lines are read as
//! NUT reads them.

use std::fmt;

use crate::lex::Line;
use crate::quote::{bare, quoted};

/// What a variable is, beside its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VarFlags {
    /// It can be written.
    pub writable: bool,
    /// It is a string; SETAUX says how long it may be.
    pub string: bool,
    /// It is a number.
    pub number: bool,
}

/// What became of a tracked SET or INSTCMD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackingStatus {
    /// 0
    Handled,
    /// 1: no such command or variable.
    Unknown,
    /// 2: the value or parameter is not acceptable.
    Invalid,
    /// 3: the device refused, or could not be reached.
    Failed,
    /// 4: the value could not be converted.
    ConversionFailed,
}

impl TrackingStatus {
    /// From its number on the wire; numbers that NUT doesn't use are `None`.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        Some(match code {
            0 => Self::Handled,
            1 => Self::Unknown,
            2 => Self::Invalid,
            3 => Self::Failed,
            4 => Self::ConversionFailed,
            _ => return None,
        })
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Handled => 0,
            Self::Unknown => 1,
            Self::Invalid => 2,
            Self::Failed => 3,
            Self::ConversionFailed => 4,
        }
    }
}

/// A line from a driver. `Display` is that line, without LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as its verb, fields as the protocol names them")]
pub enum FromDriver<'a> {
    SetInfo {
        var: &'a str,
        value: &'a str,
    },
    DelInfo {
        var: &'a str,
    },
    AddEnum {
        var: &'a str,
        value: &'a str,
    },
    DelEnum {
        var: &'a str,
        value: &'a str,
    },
    AddRange {
        var: &'a str,
        min: i64,
        max: i64,
    },
    DelRange {
        var: &'a str,
        min: i64,
        max: i64,
    },
    SetAux {
        var: &'a str,
        length: i64,
    },
    SetFlags {
        var: &'a str,
        flags: VarFlags,
    },
    AddCmd {
        command: &'a str,
    },
    DelCmd {
        command: &'a str,
    },
    DumpDone,
    DataOk,
    DataStale,
    Pong,
    Pid(u32),
    Tracking {
        id: &'a str,
        status: TrackingStatus,
    },
    /// `OK Goodbye`, in answer to LOGOUT.
    Goodbye,
}

/// A line to a driver. `Display` is that line, without LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as its verb, fields as the protocol names them")]
pub enum ToDriver<'a> {
    Ping,
    DumpAll,
    DumpValue {
        var: &'a str,
    },
    DumpStatus,
    InstCmd {
        command: &'a str,
        parameter: Option<&'a str>,
        tracking: Option<&'a str>,
    },
    Set {
        var: &'a str,
        value: &'a str,
        tracking: Option<&'a str>,
    },
    GetPid,
    /// `BROADCAST 1` (true) or `NOBROADCAST`: whether this connection hears of changes.
    Broadcast(bool),
    Logout,
}

/// A line that is none of the protocol's. It is logged and changes nothing; there is no answer on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SockError {
    /// No words.
    Empty,
    /// The first word is no verb.
    UnknownVerb(String),
    /// Too few words behind this verb.
    Missing(&'static str),
    /// A word behind this verb that should be a number.
    NotANumber(&'static str, String),
}

impl fmt::Display for SockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty line"),
            Self::UnknownVerb(verb) => write!(f, "unknown verb {verb:?}"),
            Self::Missing(verb) => write!(f, "{verb} without its arguments"),
            Self::NotANumber(verb, word) => write!(f, "{verb} with {word:?} instead of a number"),
        }
    }
}

impl std::error::Error for SockError {}

/// Picks the arguments of one verb off a line.
struct Args<'l, 'a> {
    verb: &'static str,
    line: &'l Line<'a>,
}

impl<'a> Args<'_, 'a> {
    fn word(&self, index: usize) -> Result<&'a str, SockError> {
        self.line.get(index).ok_or(SockError::Missing(self.verb))
    }

    /// An integer; like NUT's, a fraction is cut off (`SETAUX` of some drivers).
    fn number(&self, index: usize) -> Result<i64, SockError> {
        let word = self.word(index)?;
        word.parse().or_else(|_| {
            word.parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .map(|n| n as i64)
                .ok_or_else(|| SockError::NotANumber(self.verb, word.to_owned()))
        })
    }
}

fn verb_of(line: &Line<'_>, verbs: &[&'static str]) -> Result<&'static str, SockError> {
    let word = line.get(0).ok_or(SockError::Empty)?;
    let found = verbs.iter().copied().find(|verb| verb.eq_ignore_ascii_case(word));
    found.ok_or_else(|| SockError::UnknownVerb(word.to_owned()))
}

impl<'a> FromDriver<'a> {
    const VERBS: &'static [&'static str] = &[
        "SETINFO",
        "DATAOK",
        "DATASTALE",
        "PONG",
        "ADDENUM",
        "ADDRANGE",
        "SETFLAGS",
        "SETAUX",
        "ADDCMD",
        "DUMPDONE",
        "DELINFO",
        "DELENUM",
        "DELRANGE",
        "DELCMD",
        "PID",
        "TRACKING",
        "OK",
    ];

    /// Reads a line. Verbs are taken in any case; surplus words are ignored, unknown flags too.
    ///
    /// # Errors
    /// It is no line of a driver's.
    pub fn parse(line: &Line<'a>) -> Result<Self, SockError> {
        let verb = verb_of(line, Self::VERBS)?;
        let args = Args { verb, line };
        Ok(match verb {
            "SETINFO" => Self::SetInfo { var: args.word(1)?, value: args.word(2)? },
            "DELINFO" => Self::DelInfo { var: args.word(1)? },
            "ADDENUM" => Self::AddEnum { var: args.word(1)?, value: args.word(2)? },
            "DELENUM" => Self::DelEnum { var: args.word(1)?, value: args.word(2)? },
            "ADDRANGE" => Self::AddRange { var: args.word(1)?, min: args.number(2)?, max: args.number(3)? },
            "DELRANGE" => Self::DelRange { var: args.word(1)?, min: args.number(2)?, max: args.number(3)? },
            "SETAUX" => Self::SetAux { var: args.word(1)?, length: args.number(2)? },
            // Without a flag it is no line (nut 2.8).
            "SETFLAGS" => {
                args.word(2)?;
                Self::SetFlags { var: args.word(1)?, flags: VarFlags::parse(line, 2) }
            }
            "ADDCMD" => Self::AddCmd { command: args.word(1)? },
            "DELCMD" => Self::DelCmd { command: args.word(1)? },
            "DUMPDONE" => Self::DumpDone,
            "DATAOK" => Self::DataOk,
            "DATASTALE" => Self::DataStale,
            "PONG" => Self::Pong,
            "PID" => {
                let pid = args.number(1)?;
                Self::Pid(u32::try_from(pid).map_err(|_| SockError::NotANumber(verb, pid.to_string()))?)
            }
            "TRACKING" => {
                let code = args.number(2)?;
                let status = TrackingStatus::from_code(code)
                    .ok_or_else(|| SockError::NotANumber(verb, code.to_string()))?;
                Self::Tracking { id: args.word(1)?, status }
            }
            _ => Self::Goodbye,
        })
    }
}

impl VarFlags {
    fn parse(line: &Line<'_>, from: usize) -> Self {
        let mut flags = Self::default();
        for word in line.texts().skip(from) {
            flags.writable |= word.eq_ignore_ascii_case("RW");
            flags.string |= word.eq_ignore_ascii_case("STRING");
            flags.number |= word.eq_ignore_ascii_case("NUMBER");
        }
        flags
    }
}

impl<'a> ToDriver<'a> {
    const VERBS: &'static [&'static str] = &[
        "PING",
        "DUMPALL",
        "DUMPVALUE",
        "DUMPSTATUS",
        "INSTCMD",
        "SET",
        "GETPID",
        "NOBROADCAST",
        "BROADCAST",
        "LOGOUT",
    ];

    /// Reads a line. Verbs are taken in any case; surplus words are ignored.
    ///
    /// # Errors
    /// It is no line to a driver.
    pub fn parse(line: &Line<'a>) -> Result<Self, SockError> {
        let verb = verb_of(line, Self::VERBS)?;
        let args = Args { verb, line };
        Ok(match verb {
            "PING" => Self::Ping,
            "DUMPALL" => Self::DumpAll,
            "DUMPVALUE" => Self::DumpValue { var: args.word(1)? },
            "DUMPSTATUS" => Self::DumpStatus,
            "INSTCMD" => {
                let command = args.word(1)?;
                let tracking = tracking_at(line, 2);
                if line.len() == 4 && tracking.is_some() {
                    Self::InstCmd { command, parameter: None, tracking }
                } else {
                    Self::InstCmd { command, parameter: line.get(2), tracking: tracking_at(line, 3) }
                }
            }
            "SET" => Self::Set { var: args.word(1)?, value: args.word(2)?, tracking: tracking_at(line, 3) },
            "GETPID" => Self::GetPid,
            "NOBROADCAST" => Self::Broadcast(false),
            "BROADCAST" => {
                Self::Broadcast(line.get(1).and_then(|n| n.parse::<i64>().ok()).is_none_or(|n| n >= 1))
            }
            _ => Self::Logout,
        })
    }
}

fn tracking_at<'a>(line: &Line<'a>, index: usize) -> Option<&'a str> {
    line.get(index).filter(|word| word.eq_ignore_ascii_case("TRACKING")).and_then(|_| line.get(index + 1))
}

impl fmt::Display for FromDriver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SetInfo { var, value } => write!(f, "SETINFO {} {}", bare(var), quoted(value)),
            Self::DelInfo { var } => write!(f, "DELINFO {}", bare(var)),
            Self::AddEnum { var, value } => write!(f, "ADDENUM {} {}", bare(var), quoted(value)),
            Self::DelEnum { var, value } => write!(f, "DELENUM {} {}", bare(var), quoted(value)),
            Self::AddRange { var, min, max } => write!(f, "ADDRANGE {} {min} {max}", bare(var)),
            Self::DelRange { var, min, max } => write!(f, "DELRANGE {} {min} {max}", bare(var)),
            Self::SetAux { var, length } => write!(f, "SETAUX {} {length}", bare(var)),
            Self::SetFlags { var, flags } => {
                write!(f, "SETFLAGS {}", bare(var))?;
                for (set, word) in
                    [(flags.writable, " RW"), (flags.string, " STRING"), (flags.number, " NUMBER")]
                {
                    if set {
                        f.write_str(word)?;
                    }
                }
                Ok(())
            }
            Self::AddCmd { command } => write!(f, "ADDCMD {}", bare(command)),
            Self::DelCmd { command } => write!(f, "DELCMD {}", bare(command)),
            Self::DumpDone => f.write_str("DUMPDONE"),
            Self::DataOk => f.write_str("DATAOK"),
            Self::DataStale => f.write_str("DATASTALE"),
            Self::Pong => f.write_str("PONG"),
            Self::Pid(pid) => write!(f, "PID {pid}"),
            Self::Tracking { id, status } => write!(f, "TRACKING {} {}", bare(id), status.code()),
            Self::Goodbye => f.write_str("OK Goodbye"),
        }
    }
}

impl fmt::Display for ToDriver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tracked = |f: &mut fmt::Formatter<'_>, tracking: Option<&str>| {
            tracking.map_or(Ok(()), |id| write!(f, " TRACKING {}", bare(id)))
        };
        match *self {
            Self::Ping => f.write_str("PING"),
            Self::DumpAll => f.write_str("DUMPALL"),
            Self::DumpValue { var } => write!(f, "DUMPVALUE {}", bare(var)),
            Self::DumpStatus => f.write_str("DUMPSTATUS"),
            Self::InstCmd { command, parameter, tracking } => {
                write!(f, "INSTCMD {}", bare(command))?;
                parameter.map_or(Ok(()), |parameter| write!(f, " {}", quoted(parameter)))?;
                tracked(f, tracking)
            }
            Self::Set { var, value, tracking } => {
                write!(f, "SET {} {}", bare(var), quoted(value))?;
                tracked(f, tracking)
            }
            Self::GetPid => f.write_str("GETPID"),
            Self::Broadcast(true) => f.write_str("BROADCAST 1"),
            Self::Broadcast(false) => f.write_str("NOBROADCAST"),
            Self::Logout => f.write_str("LOGOUT"),
        }
    }
}
