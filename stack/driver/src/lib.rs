#![forbid(unsafe_code)]
//! The UPS drivers: a framework they all share, one folder a family, and `upsdrvctl`.

pub mod cli;
pub mod config;
pub mod control;
pub mod core;
pub mod drivers;
pub mod dummy;
pub mod family;
pub mod framework;
pub mod hardware;
pub mod qx;
pub mod upsdrvctl;
pub mod usb;
pub mod usbhid;

pub use cli::{main, run_on};
pub use config::DriverConfig;
pub use drivers::family;
pub use framework::run;

/// The version of these programs, published as `driver.version`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
