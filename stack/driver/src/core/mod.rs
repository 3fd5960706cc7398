//! What every driver does with what it read: the variable tree, the status, the answers to `upsd`. Pure.

pub mod tree;
