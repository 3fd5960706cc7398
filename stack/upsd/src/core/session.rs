//! One client's connection, as far as the server's judgement goes.

use outage_wire::Lexer;

use super::ups::UpsId;

/// Names a client for as long as upsd runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(pub(super) u64);

/// What a client has said so far. Made by [`super::Core::open`]; give it back to [`super::Core::close`].
#[derive(Debug)]
pub struct Session {
    pub(super) lexer: Lexer,
    pub(super) state: State,
}

/// [`Session`] without what it is reading.
pub(super) struct State {
    pub(super) id: ClientId,
    pub(super) address: String,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) login: Option<UpsId>,
    pub(super) tracking: bool,
    pub(super) closing: bool,
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
    pub(super) fn new(id: ClientId, address: String) -> Self {
        let state = State {
            id,
            address,
            username: None,
            password: None,
            login: None,
            tracking: false,
            closing: false,
            denial_said: false,
            lines: 0,
        };
        Self { lexer: Lexer::network(), state }
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

    /// How many lines it completed.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.state.lines
    }
}
