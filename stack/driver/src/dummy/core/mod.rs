//! What a file or another server says, turned into a tree: no I/O, no clock.

mod condition;
pub mod copy;
pub mod player;
pub mod script;
mod variables;
