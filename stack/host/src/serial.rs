//! Serial lines.

use std::io;
use std::time::Duration;

use async_trait::async_trait;

use crate::net::ByteStream;

/// An open serial line.
pub type BoxSerial = Box<dyn SerialLine>;

/// Parity bit of a serial character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None,
    /// Odd parity.
    Odd,
    /// Even parity.
    Even,
}

/// How a serial line is opened. The line is always raw, with `CLOCAL` set and locked for exclusive use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialSettings {
    /// Bits per second.
    pub baud: u32,
    /// Data bits of a character, 5 to 8.
    pub data_bits: u8,
    /// Parity bit.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
}

impl SerialSettings {
    /// 8N1 at `baud`.
    #[must_use]
    pub const fn new(baud: u32) -> Self {
        Self { baud, data_bits: 8, parity: Parity::None, stop_bits: 1 }
    }
}

/// A serial line: a byte stream with modem lines.
///
/// On a pty the modem lines answer `ENOTTY`; drivers for which they only carry the cable's power ignore that.
#[async_trait]
pub trait SerialLine: ByteStream + Sync {
    /// Sets DTR.
    ///
    /// # Errors
    /// The line has no such wire, or is gone.
    fn set_dtr(&mut self, on: bool) -> io::Result<()>;
    /// Sets RTS.
    ///
    /// # Errors
    /// The line has no such wire, or is gone.
    fn set_rts(&mut self, on: bool) -> io::Result<()>;
    /// Reads CTS, DSR, DCD and RI, in this order.
    ///
    /// # Errors
    /// The line has no such wires, or is gone.
    fn modem_lines(&mut self) -> io::Result<[bool; 4]>;
    /// Holds the line in the break state for `length`.
    ///
    /// # Errors
    /// The line cannot, or is gone.
    async fn send_break(&mut self, length: Duration) -> io::Result<()>;
    /// Throws away what has arrived and was not read.
    ///
    /// # Errors
    /// The line is gone.
    fn discard_input(&mut self) -> io::Result<()>;
}
