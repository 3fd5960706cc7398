//! A device, its plant and a clock.
