#![forbid(unsafe_code)]
//! The UPS drivers: a framework they all share, one folder a family, and `upsdrvctl`.

pub mod core;
pub mod family;
