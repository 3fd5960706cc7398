#![forbid(unsafe_code)]
//! The two line protocols of NUT, as bytes and values: the network protocol between clients and `upsd` (RFC 9271 and
//! what NUT really answers) and the protocol on the Unix socket between a driver and `upsd`.
//!
//! - [`lex`]: bytes to lines of words. Configuration files use the same words, so they are lexed here too.
//! - [`mod@quote`]: words back to bytes.
//! - [`net`]: requests, replies and error codes of the network protocol.
//! - [`sock`]: both directions of the driver socket.
//!
//! Nothing here reads or writes anything. No input panics, and what is kept of a peer's input is bounded by
//! [`lex::Limits`].

pub mod lex;
pub mod net;
pub mod quote;
pub mod sock;

pub use lex::{LexError, Lexer, Limits, Line, Place, Word};
pub use quote::{quote, quoted};

/// The version of the network protocol that is spoken: the answer to PROTVER.
pub const PROTOCOL_VERSION: &str = "1.3";

/// The TCP port of `upsd` (IANA: nut).
pub const DEFAULT_PORT: u16 = 3493;
