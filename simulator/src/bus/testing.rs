//! Devices for the tests of the buses.

use std::time::Duration;

use crate::device::serial::SerialDevice;

/// Answers 48 times the first letter to each line.
#[derive(Default)]
pub(crate) struct Echo {
    line: Vec<u8>,
    answer: Vec<u8>,
}

impl SerialDevice for Echo {
    fn receive(&mut self, _now: Duration, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\r' {
                let letter = self.line.first().copied().unwrap_or(b'?');
                self.answer.extend([letter; 48]);
                self.line.clear();
            } else {
                self.line.push(*byte);
            }
        }
    }

    fn transmit(&mut self, _now: Duration) -> Vec<u8> {
        std::mem::take(&mut self.answer)
    }

    fn wake_at(&self) -> Option<Duration> {
        (!self.answer.is_empty()).then_some(Duration::ZERO)
    }
}
