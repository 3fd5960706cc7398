//! One client's connection, as far as the server's judgement goes.

use outage_wire::Lexer;

use super::ups::UpsId;

/// Names a client for as long as upsd runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(pub(super) u64);

/// What a client has said so far. Made by [`super::Core::open`]; give it back to [`super::Core::close`].
#[derive(Debug)]
pub struct Session {
    /// The line that has begun; none between lines.
    pub(super) lexer: Option<Box<Lexer>>,
    pub(super) state: State,
}

/// Whether the bytes of a session are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// No.
    None,
    /// The client was told `OK STARTTLS`: what it sends next is no request.
    Starting,
    /// Yes.
    Done,
}

/// [`Session`] without what it is reading.
pub(super) struct State {
    pub(super) id: ClientId,
    pub(super) address: Box<str>,
    pub(super) username: Option<Box<str>>,
    pub(super) password: Option<Box<str>>,
    pub(super) login: Option<UpsId>,
    pub(super) tracking: bool,
    pub(super) closing: bool,
    pub(super) encryption: Encryption,
    /// Refusals for want of a grant are logged once a session.
    pub(super) denial_said: bool,
    /// Lines answered, or dropped as unreadable.
    pub(super) lines: u64,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("id", &self.id)
            .field("address", &self.address)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(super) fn new(id: ClientId, address: &str) -> Self {
        let state = State {
            id,
            address: address.into(),
            username: None,
            password: None,
            login: None,
            tracking: false,
            closing: false,
            encryption: Encryption::None,
            denial_said: false,
            lines: 0,
        };
        Self { lexer: None, state }
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.state.id
    }

    /// Where it comes from.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.state.address
    }

    /// Whether the client said goodbye: send what is left, then close.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.state.closing
    }

    /// Whether the client waits for the server's half of a TLS handshake: send what is left, then do that, and say
    /// [`Session::encrypted`]. Bytes that were not used by [`super::Core::answer`] belong to the handshake.
    #[must_use]
    pub fn is_starting_tls(&self) -> bool {
        self.state.encryption == Encryption::Starting
    }

    /// The handshake is done: requests come encrypted from now on.
    pub fn encrypted(&mut self) {
        self.state.encryption = Encryption::Done;
    }

    /// About how many bytes it holds on the heap.
    #[must_use]
    pub fn held(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let lexer = self.lexer.as_ref().map_or(0, |lexer| size_of::<Lexer>() + lexer.held());
        lexer + self.state.address.len() + text(&self.state.username) + text(&self.state.password)
    }

    /// How many lines it completed.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.state.lines
    }
}
