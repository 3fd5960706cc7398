//! Where a UPS is plugged in: USB/IP over any byte stream, ptys, and serial lines in the same process.
//!
//! This is the simulator's edge to the operating system: sockets and ptys are opened here and nowhere else in the
//! crate. All waiting goes through tokio's clock, so that over in-memory streams a paused clock jumps from one event to
//! the next.

pub mod exchange;
pub mod line;
pub mod pty;
#[cfg(test)]
mod testing;
pub mod usbip;
