//! What a client asks.

use std::fmt;

use super::ErrorCode;
use crate::lex::Line;
use crate::quote::{bare, quoted};

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// The first word of a request, in any case. `Display` is the word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Verb {
            $($(#[$doc])* $name,)*
        }

        impl Verb {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

verbs! {
    /// Asks for a value.
    Get = "GET";
    /// Asks for a list.
    List = "LIST";
    /// Which server this is.
    Ver = "VER";
    /// Which protocol version.
    ProtVer = "PROTVER";
    /// PROTVER's name before protocol 1.3.
    NetVer = "NETVER";
    /// Which verbs there are.
    Help = "HELP";
    /// Starts encryption.
    StartTls = "STARTTLS";
    /// Who asks.
    Username = "USERNAME";
    /// And the proof.
    Password = "PASSWORD";
    /// This client's machine hangs on the UPS.
    Login = "LOGIN";
    /// RFC 9271's name for LOGIN.
    Attach = "ATTACH";
    /// Ends the connection.
    Logout = "LOGOUT";
    /// RFC 9271's name for LOGOUT.
    Detach = "DETACH";
    /// May this user be the primary of the UPS?
    Primary = "PRIMARY";
    /// PRIMARY's name before protocol 1.3.
    Master = "MASTER";
    /// Tells all machines on the UPS to shut down.
    Fsd = "FSD";
    /// Writes a variable.
    Set = "SET";
    /// Runs an instant command.
    InstCmd = "INSTCMD";
}

impl Verb {
    /// The verb of a word, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verb| verb.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether both USERNAME and PASSWORD must have been given (with any values): otherwise the answer is
    /// USERNAME-REQUIRED or PASSWORD-REQUIRED, in that order, before anything else of the request is looked at.
    #[must_use]
    pub const fn needs_credentials(self) -> bool {
        use Verb::{Attach, Fsd, InstCmd, Login, Master, Primary, Set};
        matches!(self, Login | Attach | Primary | Master | Fsd | Set | InstCmd)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// GET and its sub-verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named as the protocol names them")]
pub enum Get<'a> {
    /// How many clients are logged in to the UPS.
    NumLogins { ups: &'a str },
    /// The same by RFC 9271's name.
    NumAttach { ups: &'a str },
    /// The UPS's description, from ups.conf.
    UpsDesc { ups: &'a str },
    /// A variable's value.
    Var { ups: &'a str, var: &'a str },
    /// A variable's type.
    Type { ups: &'a str, var: &'a str },
    /// A variable's description.
    Desc { ups: &'a str, var: &'a str },
    /// An instant command's description.
    CmdDesc { ups: &'a str, command: &'a str },
    /// What became of a SET or INSTCMD, or (without an id) whether tracking is on.
    Tracking { id: Option<&'a str> },
}

/// LIST and its sub-verbs. Also what stands behind `BEGIN LIST` and `END LIST`. `Display` is the query's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are named as the protocol names them")]
pub enum List<'a> {
    /// All UPSes.
    Ups,
    /// All variables.
    Var { ups: &'a str },
    /// Those that can be written.
    Rw { ups: &'a str },
    /// Instant commands.
    Cmd { ups: &'a str },
    /// Logged-in clients.
    Client { ups: &'a str },
    /// What the variable may be.
    Enum { ups: &'a str, var: &'a str },
    /// The ranges it may be in.
    Range { ups: &'a str, var: &'a str },
}

/// A request. `Display` is the line to send, without LF. Names are kept as typed. `Debug` never shows a password.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named as its verb, which says what it does")]
pub enum Request<'a> {
    Get(Get<'a>),
    List(List<'a>),
    Ver,
    ProtVer,
    NetVer,
    Help,
    StartTls,
    Username(&'a str),
    Password(&'a str),
    Login { ups: &'a str },
    Attach { ups: &'a str },
    Logout,
    Detach,
    Primary { ups: &'a str },
    Master { ups: &'a str },
    Fsd { ups: &'a str },
    SetVar { ups: &'a str, var: &'a str, value: &'a str },
    SetTracking(bool),
    InstCmd { ups: &'a str, command: &'a str, parameter: Option<&'a str> },
}

/// A line that is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// What NUT answers: UNKNOWN-COMMAND or INVALID-ARGUMENT.
    pub code: ErrorCode,
    /// The verb, if it was one. If it [needs credentials](Verb::needs_credentials), those are asked for first.
    pub verb: Option<Verb>,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verb {
            Some(verb) => write!(f, "invalid arguments to {verb}"),
            None => f.write_str("unknown command"),
        }
    }
}

impl std::error::Error for RequestError {}

impl<'a> Request<'a> {
    /// Reads a request by NUT's rules of how many words each verb takes: some count exactly, some ignore surplus words.
    ///
    /// # Errors
    /// The code that NUT answers.
    pub fn parse(line: &Line<'a>) -> Result<Self, RequestError> {
        let verb = line.get(0).and_then(Verb::parse);
        let Some(verb) = verb else {
            return Err(RequestError { code: ErrorCode::UnknownCommand, verb: None });
        };
        Self::arguments(verb, line).ok_or(RequestError { code: ErrorCode::InvalidArgument, verb: Some(verb) })
    }

    fn arguments(verb: Verb, line: &Line<'a>) -> Option<Self> {
        let given = line.len() - 1;
        let alone = |request| (given == 0).then_some(request);
        let one = || if given == 1 { line.get(1) } else { None };
        match verb {
            Verb::Get => Get::parse(line).map(Self::Get),
            Verb::List => List::parse(line, 1).map(Self::List),
            Verb::Ver => alone(Self::Ver),
            Verb::ProtVer => alone(Self::ProtVer),
            Verb::NetVer => alone(Self::NetVer),
            Verb::Help => alone(Self::Help),
            Verb::StartTls => Some(Self::StartTls),
            Verb::Username => one().map(Self::Username),
            Verb::Password => one().map(Self::Password),
            Verb::Login => one().map(|ups| Self::Login { ups }),
            Verb::Attach => one().map(|ups| Self::Attach { ups }),
            Verb::Logout => alone(Self::Logout),
            Verb::Detach => alone(Self::Detach),
            Verb::Primary => one().map(|ups| Self::Primary { ups }),
            Verb::Master => one().map(|ups| Self::Master { ups }),
            Verb::Fsd => one().map(|ups| Self::Fsd { ups }),
            Verb::Set => Self::set(line),
            Verb::InstCmd => Some(Self::InstCmd {
                ups: line.get(1)?,
                command: line.get(2)?,
                parameter: if given == 3 { line.get(3) } else { None },
            }),
        }
    }

    fn set(line: &Line<'a>) -> Option<Self> {
        let (what, first) = (line.get(1)?, line.get(2)?);
        if what.eq_ignore_ascii_case("VAR") {
            Some(Self::SetVar { ups: first, var: line.get(3)?, value: line.get(4)? })
        } else if what.eq_ignore_ascii_case("TRACKING") {
            if first.eq_ignore_ascii_case("ON") {
                Some(Self::SetTracking(true))
            } else if first.eq_ignore_ascii_case("OFF") {
                Some(Self::SetTracking(false))
            } else {
                None
            }
        } else {
            None
        }
    }

    /// Its verb.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::Get(_) => Verb::Get,
            Self::List(_) => Verb::List,
            Self::Ver => Verb::Ver,
            Self::ProtVer => Verb::ProtVer,
            Self::NetVer => Verb::NetVer,
            Self::Help => Verb::Help,
            Self::StartTls => Verb::StartTls,
            Self::Username(_) => Verb::Username,
            Self::Password(_) => Verb::Password,
            Self::Login { .. } => Verb::Login,
            Self::Attach { .. } => Verb::Attach,
            Self::Logout => Verb::Logout,
            Self::Detach => Verb::Detach,
            Self::Primary { .. } => Verb::Primary,
            Self::Master { .. } => Verb::Master,
            Self::Fsd { .. } => Verb::Fsd,
            Self::SetVar { .. } | Self::SetTracking(_) => Verb::Set,
            Self::InstCmd { .. } => Verb::InstCmd,
        }
    }
}

impl<'a> Get<'a> {
    fn parse(line: &Line<'a>) -> Option<Self> {
        let what = line.get(1)?;
        let is = |word: &str| what.eq_ignore_ascii_case(word);
        if is("TRACKING") {
            return Some(Self::Tracking { id: line.get(2) });
        }
        let ups = line.get(2)?;
        if is("NUMLOGINS") {
            return Some(Self::NumLogins { ups });
        }
        if is("NUMATTACH") {
            return Some(Self::NumAttach { ups });
        }
        if is("UPSDESC") {
            return Some(Self::UpsDesc { ups });
        }
        let name = line.get(3)?;
        if is("VAR") {
            Some(Self::Var { ups, var: name })
        } else if is("TYPE") {
            Some(Self::Type { ups, var: name })
        } else if is("DESC") {
            Some(Self::Desc { ups, var: name })
        } else if is("CMDDESC") {
            Some(Self::CmdDesc { ups, command: name })
        } else {
            None
        }
    }
}

impl<'a> List<'a> {
    /// The query that begins at word `from`.
    pub(super) fn parse(line: &Line<'a>, from: usize) -> Option<Self> {
        let what = line.get(from)?;
        let is = |word: &str| what.eq_ignore_ascii_case(word);
        if is("UPS") {
            return Some(Self::Ups);
        }
        let ups = line.get(from + 1)?;
        if is("VAR") {
            return Some(Self::Var { ups });
        }
        if is("RW") {
            return Some(Self::Rw { ups });
        }
        if is("CMD") {
            return Some(Self::Cmd { ups });
        }
        if is("CLIENT") {
            return Some(Self::Client { ups });
        }
        let var = line.get(from + 2)?;
        if is("ENUM") {
            Some(Self::Enum { ups, var })
        } else if is("RANGE") {
            Some(Self::Range { ups, var })
        } else {
            None
        }
    }
}

impl fmt::Display for Get<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NumLogins { ups } => write!(f, "NUMLOGINS {}", bare(ups)),
            Self::NumAttach { ups } => write!(f, "NUMATTACH {}", bare(ups)),
            Self::UpsDesc { ups } => write!(f, "UPSDESC {}", bare(ups)),
            Self::Var { ups, var } => write!(f, "VAR {} {}", bare(ups), bare(var)),
            Self::Type { ups, var } => write!(f, "TYPE {} {}", bare(ups), bare(var)),
            Self::Desc { ups, var } => write!(f, "DESC {} {}", bare(ups), bare(var)),
            Self::CmdDesc { ups, command } => write!(f, "CMDDESC {} {}", bare(ups), bare(command)),
            Self::Tracking { id: None } => f.write_str("TRACKING"),
            Self::Tracking { id: Some(id) } => write!(f, "TRACKING {}", bare(id)),
        }
    }
}

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ups => f.write_str("UPS"),
            Self::Var { ups } => write!(f, "VAR {}", bare(ups)),
            Self::Rw { ups } => write!(f, "RW {}", bare(ups)),
            Self::Cmd { ups } => write!(f, "CMD {}", bare(ups)),
            Self::Client { ups } => write!(f, "CLIENT {}", bare(ups)),
            Self::Enum { ups, var } => write!(f, "ENUM {} {}", bare(ups), bare(var)),
            Self::Range { ups, var } => write!(f, "RANGE {} {}", bare(ups), bare(var)),
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb().as_str())?;
        match *self {
            Self::Get(get) => write!(f, " {get}"),
            Self::List(list) => write!(f, " {list}"),
            Self::Ver | Self::ProtVer | Self::NetVer | Self::Help | Self::StartTls => Ok(()),
            Self::Logout | Self::Detach => Ok(()),
            Self::Username(word) | Self::Password(word) => write!(f, " {}", bare(word)),
            Self::Login { ups }
            | Self::Attach { ups }
            | Self::Primary { ups }
            | Self::Master { ups }
            | Self::Fsd { ups } => write!(f, " {}", bare(ups)),
            Self::SetVar { ups, var, value } => {
                write!(f, " VAR {} {} {}", bare(ups), bare(var), quoted(value))
            }
            Self::SetTracking(on) => f.write_str(if on { " TRACKING ON" } else { " TRACKING OFF" }),
            Self::InstCmd { ups, command, parameter } => {
                write!(f, " {} {}", bare(ups), bare(command))?;
                parameter.map_or(Ok(()), |parameter| write!(f, " {}", quoted(parameter)))
            }
        }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password(_) => f.write_str("PASSWORD ***"),
            other => write!(f, "{other}"),
        }
    }
}
