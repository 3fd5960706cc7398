//! Requests in, replies out: which verb is whose.

use std::time::Duration;

use outage_wire::lex::Line;
use outage_wire::net::{ErrorCode, Request, RequestError, Verb};
use outage_wire::quote::bare;
use outage_wire::{Lexer, PROTOCOL_VERSION};

use super::session::{ClientId, Encryption, Session, State};
use super::{Core, URL, VERSION};

/// Sixteen unguessable bytes, asked for when a request is to be tracked.
pub(super) type Entropy<'a> = &'a mut dyn FnMut() -> [u8; 16];

/// A reply was appended whole, or nothing was and this is why.
pub(super) type Reply = Result<(), ErrorCode>;

/// How far [`Core::answer`] got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Bytes of the input that were used. The rest comes again, in front of what follows it.
    pub used: usize,
}

impl Core {
    /// A client connected from `address`.
    pub fn open(&mut self, address: &str) -> Session {
        self.next_client += 1;
        Session::new(ClientId(self.next_client), address)
    }

    /// Answers what a client sent, cut into pieces anyhow: replies are appended to `out` in order.
    ///
    /// Stops early, between lines, once `out` holds more than `enough` bytes, the client said goodbye, or what follows
    /// is a TLS handshake.
    pub fn answer(
        &mut self,
        session: &mut Session,
        input: &[u8],
        now: Duration,
        enough: usize,
        entropy: &mut dyn FnMut() -> [u8; 16],
        out: &mut Vec<u8>,
    ) -> Answered {
        let Session { lexer: begun, state } = session;
        let mut rest = input;
        let mut lexer: Option<Box<Lexer>> = begun.take();
        while !rest.is_empty()
            && out.len() <= enough
            && !state.closing
            && state.encryption != Encryption::Starting
        {
            if lexer.as_ref().is_none_or(|lexer| lexer.is_idle())
                && let Some(length) = self.quick(rest, now, out)
            {
                state.lines += 1;
                rest = rest.get(length..).unwrap_or_default();
                continue;
            }
            let lexer = lexer.get_or_insert_with(|| self.spare.take().unwrap_or_else(new_lexer));
            let Some(line) = lexer.next(&mut rest) else { break };
            state.lines += 1;
            // A line that cannot be read as words gets no reply, as with NUT.
            let Ok(line) = line else { continue };
            let length = out.len();
            if let Err(code) = self.line(state, &line, now, entropy, out) {
                out.truncate(length);
                push_all(out, &["ERR ", code.as_str(), "\n"]);
            }
        }
        match lexer {
            Some(lexer) if lexer.is_idle() => self.spare = Some(lexer),
            unfinished => *begun = unfinished,
        }
        if now >= self.pings_from {
            self.look_after_silent(now);
        }
        Answered { used: input.len() - rest.len() }
    }

    fn line(
        &mut self,
        client: &mut State,
        line: &Line<'_>,
        now: Duration,
        entropy: Entropy<'_>,
        out: &mut Vec<u8>,
    ) -> Reply {
        let request = Request::parse(line);
        let verb = match &request {
            Ok(request) => Some(request.verb()),
            Err(RequestError { verb, .. }) => *verb,
        };
        if verb.is_some_and(Verb::needs_credentials) {
            check_named(client)?;
        }
        match request.map_err(|error| error.code)? {
            Request::Get(get) => self.get(client, get, now, out),
            Request::List(list) => self.list(list, now, out),
            Request::Username(name) => {
                set_once(&mut client.username, name, ErrorCode::AlreadySetUsername, out)
            }
            Request::Password(word) => {
                set_once(&mut client.password, word, ErrorCode::AlreadySetPassword, out)
            }
            Request::Login { ups } => self.login(client, ups, ErrorCode::AlreadyLoggedIn, out),
            Request::Attach { ups } => self.login(client, ups, ErrorCode::AlreadyAttached, out),
            Request::Primary { ups } => self.probe_primary(client, ups, "OK PRIMARY-GRANTED\n", out),
            Request::Master { ups } => self.probe_primary(client, ups, "OK MASTER-GRANTED\n", out),
            Request::Fsd { ups } => self.fsd(client, ups, out),
            Request::SetVar { ups, var, value } => {
                self.set_variable(client, [ups, var, value], now, entropy, out)
            }
            Request::SetTracking(on) => {
                client.tracking = on;
                reply(out, &["OK\n"])
            }
            Request::InstCmd { ups, command, parameter } => {
                self.instcmd(client, (ups, command, parameter), now, entropy, out)
            }
            Request::Ver => reply(out, &["Network UPS Tools upsd ", VERSION, " - ", URL, "\n"]),
            Request::ProtVer | Request::NetVer => reply(out, &[PROTOCOL_VERSION, "\n"]),
            Request::Help => reply(out, &[HELP]),
            Request::StartTls if client.encryption == Encryption::Done => Err(ErrorCode::AlreadySslMode),
            Request::StartTls if !self.settings.tls => Err(ErrorCode::FeatureNotConfigured),
            Request::StartTls => {
                client.encryption = Encryption::Starting;
                reply(out, &["OK STARTTLS\n"])
            }
            Request::Logout | Request::Detach => {
                client.closing = true;
                reply(out, &["OK Goodbye\n"])
            }
        }
    }
}

fn new_lexer() -> Box<Lexer> {
    Box::new(Lexer::network())
}

const HELP: &str =
    "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD STARTTLS\n";

/// Appends texts as they are.
pub(super) fn push_all(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// Appends a whole reply.
pub(super) fn reply(out: &mut Vec<u8>, parts: &[&str]) -> Reply {
    push_all(out, parts);
    Ok(())
}

/// Appends words, each with a blank behind it, quoted where a reader would otherwise take them for something else.
/// (NUT sends names back bare, whatever is in them.)
pub(super) fn push_words(out: &mut Vec<u8>, words: &[&str]) {
    for word in words {
        if word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && !word.is_empty()
        {
            out.extend_from_slice(word.as_bytes());
        } else {
            out.extend_from_slice(bare(word).to_string().as_bytes());
        }
        out.push(b' ');
    }
}

/// USERNAME and PASSWORD: taken as they are, once; they are judged when something needs them.
fn set_once(slot: &mut Option<Box<str>>, value: &str, already: ErrorCode, out: &mut Vec<u8>) -> Reply {
    if slot.is_some() {
        return Err(already);
    }
    *slot = Some(value.into());
    reply(out, &["OK\n"])
}

/// Privileged verbs are for those who gave a name and a password, be they right or wrong.
fn check_named(client: &State) -> Reply {
    if client.username.is_none() {
        return Err(ErrorCode::UsernameRequired);
    }
    if client.password.is_none() {
        return Err(ErrorCode::PasswordRequired);
    }
    Ok(())
}
