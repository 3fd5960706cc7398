//! The client library and its programs against servers that the tests play, on machines in memory.

#![expect(clippy::unwrap_used, reason = "outside of #[test] functions clippy does not see that this is one")]

mod library;
mod play;
mod reconnect;
mod tls;
mod tools;
mod upslog;
