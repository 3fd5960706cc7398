//! What a UPS says: pure machines over a plant.

pub mod chapter9;
pub mod serial;
pub mod usb;
