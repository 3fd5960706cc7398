#![forbid(unsafe_code)]
//! The UPS network server.

pub mod core;
