#![forbid(unsafe_code)]
//! A client of `upsd`: a library for programs that talk to a NUT server, and NUT's command-line clients made with it.
//!
//! A [`Client`] is one connection, with a method for each thing the protocol can say (RFC 9271, and what NUT answers). A
//! [`Reconnecting`] one outlives its connections. [`Tls`] encrypts, [`auth::Auth`] reads nutauth.conf(5). Every step has
//! a time limit, and no server can make a client grow without end.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), outage_client::Error> {
//! // Inside any tokio runtime; the handle gives the library sockets, files and the clock.
//! let host = outage_host::real::host("my-program", 0);
//! let mut client = outage_client::Client::connect(&host, "localhost", 3493, Duration::from_secs(5)).await?;
//! let status = client.get_var("eaton3s", "ups.status").await?;
//! println!("{}", if status.split(' ').any(|word| word == "OB") { "on battery" } else { "fine" });
//! client.logout().await
//! # }
//! ```
//!
//! [`upsc`], [`upscmd`], [`upsrw`] and [`upslog`] are the programs, as library functions.

mod address;
pub mod auth;
mod client;
mod connection;
mod error;
mod identity;
mod reconnect;
mod tls;
mod tool;
mod types;
pub mod upsc;
pub mod upscmd;
pub mod upslog;
pub mod upsrw;

pub use address::{AddressError, ServerAddress, UpsAddress};
pub use client::Client;
pub use error::Error;
pub use outage_host::Host;
pub use outage_wire::net::{ErrorCode, TrackingState, VarType};
pub use reconnect::{Backoff, Reconnecting};
pub use tls::{Tls, TlsError, TlsSettings};
pub use tool::{COMMON_HELP, COMMON_LETTERS};
pub use types::{Credentials, Options, Range, Ups, Variable};
