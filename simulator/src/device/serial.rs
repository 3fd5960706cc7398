//! A serial device as its line sees it: bytes in, bytes out. Pure; time is an argument.

use std::time::Duration;

/// A UPS at the end of a serial line. Baud rates are the bus's business: a device says when its answer is ready, and
/// the line may take longer to carry it.
pub trait SerialDevice: Send {
    /// Bytes from the host. A device keeps half a command until the rest comes; nothing it receives is an error.
    fn receive(&mut self, now: Duration, bytes: &[u8]);
    /// The bytes that are due by `now`, and no others; empty when there is nothing to say yet.
    fn transmit(&mut self, now: Duration) -> Vec<u8>;
    /// When [`SerialDevice::transmit`] will have something to say without anyone touching the device; `now` or earlier
    /// when it has already.
    fn wake_at(&self) -> Option<Duration>;
}

impl<D: SerialDevice + ?Sized> SerialDevice for Box<D> {
    fn receive(&mut self, now: Duration, bytes: &[u8]) {
        (**self).receive(now, bytes);
    }

    fn transmit(&mut self, now: Duration) -> Vec<u8> {
        (**self).transmit(now)
    }

    fn wake_at(&self) -> Option<Duration> {
        (**self).wake_at()
    }
}
