//! The machine this program runs on.
