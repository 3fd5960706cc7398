//! One client of a bus.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use usbip::usbip_protocol::{UsbIpCommand, UsbIpResponse};

use super::engine::{Completed, Engine, Urb, status};
use super::frame::{self, Malformed};
use super::port::Lease;
use super::{Bus, ServeError};
use crate::bus::exchange::{Exchange, Outcome, What};
use crate::device::usb::Setup;
use crate::ups::Alarm;

/// How much is read at once, at the least.
const CHUNK: usize = 4096;
/// How long a client has to take the last messages of a device that left.
const FAREWELL: Duration = Duration::from_secs(1);

/// Bytes that came and have not been taken yet.
#[derive(Default)]
struct Input {
    bytes: Vec<u8>,
    taken: usize,
}

impl Input {
    /// The next message, if it is complete.
    fn message(&mut self) -> Result<Option<UsbIpCommand>, Malformed> {
        let found = frame::next(self.bytes.get(self.taken..).unwrap_or(&[]))?;
        Ok(found.map(|(command, length)| {
            self.taken += length;
            command
        }))
    }

    /// Reads more; false at the end of the stream. Cancel safe.
    async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<bool, ServeError> {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.reserve(CHUNK);
        let read = stream.read_buf(&mut self.bytes).await?;
        if read == 0 && !self.bytes.is_empty() {
            return Err(Malformed::Cut.into());
        }
        Ok(read > 0)
    }
}

/// See [`Bus::serve`].
pub(super) async fn serve<S>(bus: &Bus, mut stream: S) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = Input::default();
    // Requests for the bus, until one attaches a device.
    loop {
        let Some(command) = input.message()? else {
            if input.fill(&mut stream).await? {
                continue;
            }
            return Ok(());
        };
        match command {
            UsbIpCommand::OpReqDevlist { .. } => {
                let list = UsbIpResponse::op_rep_devlist(&bus.list());
                stream.write_all(&list.to_bytes()).await?;
            }
            UsbIpCommand::OpReqImport { busid, .. } => match bus.import(&busid) {
                Ok((device, lease)) => {
                    let reply = UsbIpResponse::op_rep_import_success(&device);
                    stream.write_all(&reply.to_bytes()).await?;
                    return attached(lease, bus, input, stream).await;
                }
                Err(refusal) => {
                    let reply = UsbIpResponse::OpRepImport { status: refusal as u32, device: None };
                    stream.write_all(&reply.to_bytes()).await?;
                }
            },
            UsbIpCommand::UsbIpCmdSubmit { .. } | UsbIpCommand::UsbIpCmdUnlink { .. } => {
                return Err(Malformed::OutOfPlace.into());
            }
        }
    }
}

/// Where the ends of transfers go: to the client, and to the observer.
struct Output<'a> {
    bus: &'a Bus,
    busid: &'a str,
    bytes: Vec<u8>,
}

impl Output<'_> {
    fn observe(&self, over: &Completed<'_>) {
        let Urb { address, setup, asked, data, .. } = over.urb;
        let what = match address & 0x7f {
            0 => What::Control(*setup),
            _ => What::Endpoint(*address),
        };
        self.bus.observe(&Exchange {
            at: over.at,
            asked: *asked,
            port: self.busid,
            what,
            data: if over.urb.is_in() { over.data } else { data },
            outcome: over.outcome,
        });
    }

    fn completed(&mut self, over: &Completed<'_>) {
        let actual = u32::try_from(over.actual()).unwrap_or(u32::MAX);
        frame::ret_submit(&mut self.bytes, over.urb.seqnum, status(over.outcome), actual, over.data);
        self.observe(over);
    }
}

/// Serves the transfers of the attached device.
async fn attached<S>(lease: Lease, bus: &Bus, mut input: Input, mut stream: S) -> Result<(), ServeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Lease { ups, attachment, busid, .. } = &lease;
    let mark = |what| {
        let now = ups.now();
        bus.observe(&Exchange { at: now, asked: now, port: busid, what, data: &[], outcome: Outcome::Done });
    };
    let Some(identity) = ups.identity() else { return Ok(()) };
    let Some((mut engine, _)) =
        ups.with_function(*attachment, |function, now| Engine::attach(now, identity, function))
    else {
        return Ok(());
    };
    mark(What::Attached);
    let mut output = Output { bus, busid, bytes: Vec::new() };
    let ended = transfers(&lease, &mut engine, &mut output, &mut input, &mut stream).await;
    if let Ok(End::Gone) = ended {
        // The host hears of it as from Linux: what is pending ends, and so does the connection.
        ups.unplug_since(*attachment);
        engine.gone(ups.now(), &mut |over| output.completed(over));
        mark(What::Detached);
        let farewell = async {
            stream.write_all(&output.bytes).await?;
            stream.shutdown().await
        };
        // A client that does not read is not waited for.
        return ups.within(FAREWELL, farewell).await.unwrap_or(Ok(())).map_err(ServeError::from);
    }
    mark(What::Detached);
    ended.map(|_| ())
}

/// How the transfers of a device ended.
enum End {
    /// The client closed the connection.
    Closed,
    /// The device left the bus.
    Gone,
}

async fn transfers<S>(
    lease: &Lease,
    engine: &mut Engine,
    output: &mut Output<'_>,
    input: &mut Input,
    stream: &mut S,
) -> Result<End, ServeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Lease { ups, attachment, .. } = lease;
    let mut alarm = Alarm::new(ups);
    loop {
        // When the engine has something to do by itself, as of which touch of the device.
        let mut next = None;
        while let Some(command) = input.message()? {
            let here = ups.with_function(*attachment, |function, now| {
                take(command, lease.devid, engine, now, output)?;
                engine.advance(now, function, &mut |over| output.completed(over));
                Ok::<_, Malformed>(engine.wake_at(now, function))
            });
            let Some((taken, touches)) = here else { return Ok(End::Gone) };
            next = Some((taken?, touches));
            if engine.left() {
                return Ok(End::Gone);
            }
        }
        let looked = next.or_else(|| {
            ups.look_at_function(*attachment, |function, now| {
                engine.advance(now, function, &mut |over| output.completed(over));
                engine.wake_at(now, function)
            })
        });
        let Some((wake_at, touches)) = looked else { return Ok(End::Gone) };
        if engine.left() {
            return Ok(End::Gone);
        }
        if !output.bytes.is_empty() {
            let mut rest = output.bytes.as_slice();
            tokio::select! {
                biased;
                written = stream.write_all_buf(&mut rest) => written?,
                () = ups.wait_departed(*attachment) => {
                    let written = output.bytes.len() - rest.len();
                    output.bytes.drain(..written);
                    return Ok(End::Gone);
                }
            }
            output.bytes.clear();
        }
        alarm.set(wake_at);
        tokio::select! {
            biased;
            more = input.fill(stream) => if !more? {
                return Ok(End::Closed);
            },
            () = ups.touched(touches) => {}
            () = alarm.ring() => {}
        }
    }
}

/// Takes one command of the client's.
fn take(
    command: UsbIpCommand,
    devid: u32,
    engine: &mut Engine,
    now: Duration,
    output: &mut Output<'_>,
) -> Result<(), Malformed> {
    match command {
        UsbIpCommand::UsbIpCmdSubmit { header, transfer_buffer_length, setup, data, .. } => {
            if header.devid != devid {
                return Err(Malformed::Device(header.devid));
            }
            let [request_type, request, value_low, value_high, index_low, index_high, low, high] = setup;
            let number = u8::try_from(header.ep).map_err(|_| Malformed::Endpoint(header.ep))?;
            let urb = Urb {
                seqnum: header.seqnum,
                address: if header.direction == 0 { number } else { number | 0x80 },
                setup: Setup {
                    request_type,
                    request,
                    value: u16::from_le_bytes([value_low, value_high]),
                    index: u16::from_le_bytes([index_low, index_high]),
                    length: u16::from_le_bytes([low, high]),
                },
                data,
                length: transfer_buffer_length as usize,
                asked: now,
            };
            if engine.submit(urb) { Ok(()) } else { Err(Malformed::TooManyPending) }
        }
        UsbIpCommand::UsbIpCmdUnlink { header, unlink_seqnum } => {
            if header.devid != devid {
                return Err(Malformed::Device(header.devid));
            }
            let pending = engine.unlink(now, unlink_seqnum, &mut |over| output.observe(over));
            let outcome = if pending { Outcome::Unlinked } else { Outcome::Done };
            frame::ret_unlink(&mut output.bytes, header.seqnum, status(outcome));
            Ok(())
        }
        UsbIpCommand::OpReqDevlist { .. } | UsbIpCommand::OpReqImport { .. } => Err(Malformed::OutOfPlace),
    }
}
