//! What a person or a program reads of a run.

pub mod caret;
pub mod json;
pub mod junit;
pub mod text;
