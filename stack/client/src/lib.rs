#![forbid(unsafe_code)]
//! A client of `upsd`: the library that upsmon and the command-line tools use, and `upsc`.
//!
//! ```no_run
//! # async fn example(host: outage_host::Host) -> Result<(), outage_client::Error> {
//! use std::time::Duration;
//! let mut client = outage_client::Client::connect(&host, "localhost", 3493, Duration::from_secs(5)).await?;
//! let status = client.get_var("eaton3s", "ups.status").await?;
//! # Ok(())
//! # }
//! ```

mod address;
mod client;
mod error;
pub mod upsc;

pub use address::{AddressError, ServerAddress, UpsAddress};
pub use client::Client;
pub use error::Error;
pub use outage_wire::net::{ErrorCode, TrackingState, VarType};
