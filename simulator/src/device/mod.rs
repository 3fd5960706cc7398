//! What a UPS says: pure machines over a plant.

pub mod serial;
pub mod usb;
