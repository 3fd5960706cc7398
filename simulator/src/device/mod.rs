//! What a UPS says: pure machines over a plant.

pub mod usb;
