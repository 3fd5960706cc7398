//! Serial lines of the operating system.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{FlockOperation, OFlags};
use rustix::io::Errno;
use serialport::{ClearBuffer, DataBits, ErrorKind, FlowControl, SerialPort, StopBits, TTYPort};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::sys;
use super::timer::Timers;
use crate::serial::{BoxSerial, Parity, SerialLine, SerialSettings};

struct Tty(AsyncFd<TTYPort>, Timers);

/// As the operating system would have said it; the crate keeps only its text.
fn error_of(error: serialport::Error) -> io::Error {
    let kind = match error.kind() {
        ErrorKind::NoDevice => io::ErrorKind::ResourceBusy,
        ErrorKind::InvalidInput => io::ErrorKind::InvalidInput,
        ErrorKind::Io(kind) => kind,
        ErrorKind::Unknown => io::ErrorKind::Other,
    };
    io::Error::new(kind, error.description)
}

pub(super) fn open(path: &Path, settings: SerialSettings, timers: &Timers) -> io::Result<BoxSerial> {
    let name = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
    let data_bits = match settings.data_bits {
        5 => DataBits::Five,
        6 => DataBits::Six,
        7 => DataBits::Seven,
        8 => DataBits::Eight,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let stop_bits = match settings.stop_bits {
        1 => StopBits::One,
        2 => StopBits::Two,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    let parity = match settings.parity {
        Parity::None => serialport::Parity::None,
        Parity::Odd => serialport::Parity::Odd,
        Parity::Even => serialport::Parity::Even,
    };
    let builder = serialport::new(name, settings.baud)
        .data_bits(data_bits)
        .stop_bits(stop_bits)
        .parity(parity)
        .flow_control(FlowControl::None)
        .exclusive(false);
    let port = TTYPort::open(&builder).map_err(error_of)?;
    let descriptor = sys::tty_fd(&port);
    // NUT's drivers lock a line so. The crate's way marks the line as well (TIOCEXCL), and a mark outlives a driver that
    // was killed for as long as anybody else has the line open.
    match rustix::fs::flock(descriptor, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Err(io::ErrorKind::ResourceBusy.into()),
        result => result?,
    }
    // The crate opens it so, and then takes it back.
    let flags = rustix::fs::fcntl_getfl(descriptor)?;
    rustix::fs::fcntl_setfl(descriptor, flags | OFlags::NONBLOCK)?;
    Ok(Box::new(Tty(sys::watch_tty(port)?, timers.clone())))
}

impl AsyncRead for Tty {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(context))?;
            let space = buffer.initialize_unfilled();
            match guard.try_io(|port| Ok(rustix::io::read(sys::tty_fd(port.get_ref()), &mut *space)?)) {
                Ok(Ok(length)) => {
                    buffer.advance(length);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                // How a pty says that its other end is closed; an adapter that was pulled out reads as the end of file.
                Ok(Err(error)) if error.raw_os_error() == Some(libc::EIO) => return Poll::Ready(Ok(())),
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Tty {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(context))?;
            match guard.try_io(|port| Ok(rustix::io::write(sys::tty_fd(port.get_ref()), data)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return Poll::Ready(result),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A line has no half-close.
        Poll::Ready(Ok(()))
    }
}

/// Ends a break, even when who waits for its end is dropped.
struct Break<'a>(&'a TTYPort);

impl Drop for Break<'_> {
    fn drop(&mut self) {
        let _ = self.0.clear_break();
    }
}

impl Tty {
    /// The errno of a modem line's ioctl is not kept by the crate: asks once more for it.
    fn wire_error(&self, error: serialport::Error) -> io::Error {
        match rustix::termios::tcgetattr(sys::tty_fd(self.0.get_ref())) {
            // The line is fine, but has no such wire.
            Ok(_) => io::Error::from_raw_os_error(libc::ENOTTY),
            Err(Errno::IO) => io::Error::from_raw_os_error(libc::EIO),
            Err(_) => error_of(error),
        }
    }
}

#[async_trait]
impl SerialLine for Tty {
    fn set_dtr(&mut self, on: bool) -> io::Result<()> {
        self.0.get_mut().write_data_terminal_ready(on).map_err(|error| self.wire_error(error))
    }

    fn set_rts(&mut self, on: bool) -> io::Result<()> {
        self.0.get_mut().write_request_to_send(on).map_err(|error| self.wire_error(error))
    }

    fn modem_lines(&mut self) -> io::Result<[bool; 4]> {
        let port = self.0.get_mut();
        let lines = (|| {
            Ok([
                port.read_clear_to_send()?,
                port.read_data_set_ready()?,
                port.read_carrier_detect()?,
                port.read_ring_indicator()?,
            ])
        })();
        lines.map_err(|error| self.wire_error(error))
    }

    async fn send_break(&mut self, length: Duration) -> io::Result<()> {
        let port = self.0.get_ref();
        port.set_break().map_err(|error| self.wire_error(error))?;
        let _break = Break(port);
        self.1.sleep(length).await;
        Ok(())
    }

    fn discard_input(&mut self) -> io::Result<()> {
        self.0.get_ref().clear(ClearBuffer::Input).map_err(error_of)
    }
}
