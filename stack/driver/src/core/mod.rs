//! What every driver shares: no I/O, no clock.

pub mod freshness;
pub mod reconnect;
pub mod shared;
pub mod socket;
pub mod tree;
