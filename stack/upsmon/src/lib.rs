#![forbid(unsafe_code)]
//! upsmon: watches UPSes by way of upsd, and shuts this machine down before their batteries are empty.
//!
//! [`core`] is the judgement, pure; the rest does what it says.

pub mod core;
