#![forbid(unsafe_code)]
//! The UPS drivers: a framework they all share, one folder a family, and `upsdrvctl`.

pub mod config;
pub mod core;
pub mod drivers;
pub mod family;
pub mod usb;
pub mod qx;

pub use config::DriverConfig;
pub use drivers::family;
