//! Serial lines in memory.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::World;
use super::life::Life;
use super::pipe::{Pipe, lock};
use crate::serial::{SerialLine, SerialSettings};

/// The wires of a line beside its data.
#[derive(Default)]
struct Wires {
    dtr: bool,
    rts: bool,
    inputs: [bool; 4],
    breaks: Vec<Duration>,
}

/// The device's end of a serial line that a process has opened: bytes, and what became of the wires.
/// Reads end when the process closes the line.
pub struct SerialEnd {
    pipe: Pipe,
    settings: SerialSettings,
    wires: Arc<Mutex<Wires>>,
}

impl SerialEnd {
    /// How the process opened the line.
    #[must_use]
    pub fn settings(&self) -> SerialSettings {
        self.settings
    }

    /// DTR and RTS, as the process set them; both are on after opening.
    #[must_use]
    pub fn outputs(&self) -> (bool, bool) {
        let wires = lock(&self.wires);
        (wires.dtr, wires.rts)
    }

    /// Sets what the process reads of CTS, DSR, DCD and RI.
    pub fn set_inputs(&self, lines: [bool; 4]) {
        lock(&self.wires).inputs = lines;
    }

    /// The breaks that were sent since this was last asked, by length.
    #[must_use]
    pub fn take_breaks(&self) -> Vec<Duration> {
        std::mem::take(&mut lock(&self.wires).breaks)
    }
}

impl AsyncRead for SerialEnd {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.pipe).poll_read(context, buffer) {
            // A wire knows no reset: what was not read is just lost.
            Poll::Ready(Err(_)) => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

impl AsyncWrite for SerialEnd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}

/// The process's end.
pub(super) struct VirtualSerial {
    pipe: Pipe,
    wires: Arc<Mutex<Wires>>,
    life: Arc<Life>,
    world: World,
    /// Keeps others from opening the line.
    _lock: Arc<()>,
}

/// Both ends of a line that is being opened.
pub(super) fn line(
    world: &World,
    settings: SerialSettings,
    life: Arc<Life>,
    lock: Arc<()>,
) -> (VirtualSerial, SerialEnd) {
    let (near, far) = Pipe::pair();
    let wires = Arc::new(Mutex::new(Wires { dtr: true, rts: true, ..Wires::default() }));
    let line =
        VirtualSerial { pipe: near, wires: Arc::clone(&wires), life, world: world.clone(), _lock: lock };
    (line, SerialEnd { pipe: far, settings, wires })
}

impl VirtualSerial {
    pub(super) fn pipe(&self) -> &Pipe {
        &self.pipe
    }

    fn check(&self) -> io::Result<()> {
        if self.life.is_dead() || self.pipe.peer_closed() {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        Ok(())
    }
}

impl AsyncRead for VirtualSerial {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.pipe).poll_read(context, buffer) {
            Poll::Ready(Err(_)) => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

impl AsyncWrite for VirtualSerial {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.pipe).poll_write(context, data) {
            Poll::Ready(Err(_)) => Poll::Ready(Err(io::Error::from_raw_os_error(libc::EIO))),
            other => other,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A line has no half-close.
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl SerialLine for VirtualSerial {
    fn set_dtr(&mut self, on: bool) -> io::Result<()> {
        self.check()?;
        lock(&self.wires).dtr = on;
        Ok(())
    }

    fn set_rts(&mut self, on: bool) -> io::Result<()> {
        self.check()?;
        lock(&self.wires).rts = on;
        Ok(())
    }

    fn modem_lines(&mut self) -> io::Result<[bool; 4]> {
        self.check()?;
        Ok(lock(&self.wires).inputs)
    }

    async fn send_break(&mut self, length: Duration) -> io::Result<()> {
        self.check()?;
        self.world.sleep_until(self.world.now() + length).await;
        self.life.check().await;
        self.check()?;
        lock(&self.wires).breaks.push(length);
        Ok(())
    }

    fn discard_input(&mut self) -> io::Result<()> {
        self.check()?;
        self.pipe.discard();
        Ok(())
    }
}
