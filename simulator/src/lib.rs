#![forbid(unsafe_code)]
//! Virtual UPSes: what a UPS is ([`plant`]), what it says ([`mod@device`]), where it is plugged in ([`bus`]) and what goes
//! wrong between the two ([`fault`]).
//!
//! This crate knows nothing of `stack/`: it is the other side of the wire, and code shared across a wire hides the
//! bugs of both sides. The plant and the devices are pure: time is an argument. Only [`bus`] touches sockets and ptys,
//! and [`ups`] ties a device to a [`clock`].

pub mod bus;
pub mod clock;
pub mod device;
pub mod fault;
pub mod plant;
pub mod ups;

pub use device::{BuiltIn, device, devices};
