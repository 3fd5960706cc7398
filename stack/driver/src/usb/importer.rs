//! A USB/IP importer: a device on another machine, without a kernel module and without root.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use outage_host::usb::{Setup, TransferError, UsbDevice, UsbInfo};
use outage_host::{BoxStream, Host};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::session::{Done, Event, Session};
use super::wire::{self, DEVICE, INTERFACE, OPERATION, Operation};

/// How long a server may take to answer an operation.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a transfer that timed out may take to be taken back; the connection is lost after that.
const UNLINK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a device may take to hand out its standard descriptors.
const DESCRIPTOR_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts at the first descriptor; a device that has just been plugged in may need a second one.
const ATTEMPTS: u32 = 3;
/// Most devices that a server is believed to export.
const MAX_DEVICES: u32 = 1024;
/// Longest configuration that is read.
const MAX_CONFIGURATION: u16 = 8192;
/// Interrupt reports that wait to be taken, an endpoint.
const MAX_QUEUED: usize = 16;

const GET_DESCRIPTOR: Setup = Setup { request_type: 0x80, request: 6, value: 0, index: 0 };
const DESCRIPTOR_DEVICE: u16 = 0x0100;
const DESCRIPTOR_CONFIGURATION: u16 = 0x0200;
const SET_CONFIGURATION: u8 = 9;
const CLEAR_FEATURE: u8 = 1;
const RECIPIENT_ENDPOINT: u8 = 2;

fn unreachable_server(server: &str, port: u16, why: impl std::fmt::Display) -> TransferError {
    TransferError::Fault(format!("cannot reach the USB/IP server {server} port {port}: {why}"))
}

async fn connect(host: &Host, server: &str, port: u16) -> Result<BoxStream, TransferError> {
    match host.timeout(OPERATION_TIMEOUT, host.connect_tcp(server, port)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(unreachable_server(server, port, error)),
        Err(elapsed) => Err(unreachable_server(server, port, elapsed)),
    }
}

/// Reads an operation's header; its status word.
async fn answer(stream: &mut BoxStream, operation: Operation) -> io::Result<u32> {
    let mut head = [0; OPERATION];
    stream.read_exact(&mut head).await?;
    wire::operation_status(&head, operation).map_err(io::Error::other)
}

async fn read_list(stream: &mut BoxStream) -> io::Result<Vec<UsbInfo>> {
    stream.write_all(&wire::request_list()).await?;
    stream.flush().await?;
    if answer(stream, Operation::List).await? != 0 {
        return Err(io::Error::other("the server refused to list its devices"));
    }
    let count = stream.read_u32().await?;
    if count > MAX_DEVICES {
        return Err(io::Error::other(format!("{count} devices are more than a server has")));
    }
    let mut list = Vec::new();
    for _ in 0..count {
        let mut bytes = [0; DEVICE];
        stream.read_exact(&mut bytes).await?;
        let exported = wire::device(&bytes);
        let mut interfaces = [0; INTERFACE * 256];
        stream.read_exact(&mut interfaces[..INTERFACE * usize::from(exported.interfaces)]).await?;
        list.push(exported.info);
    }
    Ok(list)
}

/// The devices that a server exports.
///
/// # Errors
/// It cannot be reached, or does not speak USB/IP.
pub(super) async fn list(host: &Host, server: &str, port: u16) -> Result<Vec<UsbInfo>, TransferError> {
    let mut stream = connect(host, server, port).await?;
    match host.timeout(OPERATION_TIMEOUT, read_list(&mut stream)).await {
        Ok(Ok(list)) => Ok(list),
        Ok(Err(error)) => Err(unreachable_server(server, port, error)),
        Err(elapsed) => Err(unreachable_server(server, port, elapsed)),
    }
}

/// An interrupt endpoint's transfers.
#[derive(Default)]
struct Endpoint {
    length: u32,
    pending: Option<u32>,
    queue: VecDeque<Done>,
}

/// An imported device. It stays imported until this is dropped.
pub struct Importer {
    host: Host,
    stream: BoxStream,
    session: Session,
    /// Bytes of `session.out` that are written.
    written: usize,
    /// The control transfer that is waited for.
    control: Option<u32>,
    /// Whether the last control transfer was taken back.
    taken_back: bool,
    endpoints: BTreeMap<u8, Endpoint>,
    lost: bool,
    device: Vec<u8>,
    configuration: Vec<u8>,
}

impl Importer {
    /// Imports a device by its bus id, reads its descriptors and configures it.
    ///
    /// # Errors
    /// The server cannot be reached or does not have the device; the device is in use, or does not answer.
    pub async fn import(host: &Host, server: &str, port: u16, busid: &str) -> Result<Self, TransferError> {
        let mut stream = connect(host, server, port).await?;
        let operation = async {
            stream.write_all(&wire::request_import(busid)).await?;
            stream.flush().await?;
            let status = answer(&mut stream, Operation::Import).await?;
            if status != 0 {
                return Ok(Err(status));
            }
            let mut bytes = [0; DEVICE];
            stream.read_exact(&mut bytes).await?;
            Ok::<_, io::Error>(Ok(wire::device(&bytes)))
        };
        let exported = match host.timeout(OPERATION_TIMEOUT, operation).await {
            Ok(Ok(Ok(exported))) => exported,
            // ST_DEV_BUSY
            Ok(Ok(Err(2))) => return Err(TransferError::Busy),
            // ST_NODEV
            Ok(Ok(Err(4))) => return Err(TransferError::Disconnected),
            Ok(Ok(Err(_))) => {
                return Err(TransferError::Fault(format!(
                    "the USB/IP server {server} port {port} has no device {busid}, or another machine uses it"
                )));
            }
            Ok(Err(error)) => return Err(unreachable_server(server, port, error)),
            Err(elapsed) => return Err(unreachable_server(server, port, elapsed)),
        };
        let mut importer = Self {
            host: host.clone(),
            stream,
            session: Session::new(exported.devid),
            written: 0,
            control: None,
            taken_back: false,
            endpoints: BTreeMap::new(),
            lost: false,
            device: Vec::new(),
            configuration: Vec::new(),
        };
        importer.enumerate().await?;
        Ok(importer)
    }

    async fn descriptor(&mut self, which: u16, length: u16) -> Result<Vec<u8>, TransferError> {
        let setup = Setup { value: which, ..GET_DESCRIPTOR };
        self.control_in(setup, length, DESCRIPTOR_TIMEOUT).await
    }

    async fn enumerate(&mut self) -> Result<(), TransferError> {
        let mut attempt = 1;
        self.device = loop {
            match self.descriptor(DESCRIPTOR_DEVICE, 18).await {
                Ok(bytes) if bytes.len() == 18 => break bytes,
                Err(TransferError::Disconnected) => return Err(TransferError::Disconnected),
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Ok(bytes) if attempt == ATTEMPTS => {
                    return Err(TransferError::Fault(format!("device descriptor of {} bytes", bytes.len())));
                }
                Ok(_) | Err(_) => attempt += 1,
            }
        };
        let head = self.descriptor(DESCRIPTOR_CONFIGURATION, 9).await?;
        let &[_, _, low, high, _, value, ..] = &head[..] else {
            return Err(TransferError::Fault(format!("configuration descriptor of {} bytes", head.len())));
        };
        let length = u16::from_le_bytes([low, high]).clamp(9, MAX_CONFIGURATION);
        self.configuration = self.descriptor(DESCRIPTOR_CONFIGURATION, length).await?;
        let configure =
            Setup { request_type: 0, request: SET_CONFIGURATION, value: u16::from(value), index: 0 };
        self.control_out(configure, &[], DESCRIPTOR_TIMEOUT).await
    }

    fn lose(&mut self, why: impl std::fmt::Display) -> TransferError {
        if !std::mem::replace(&mut self.lost, true) {
            self.host.debug(1, format!("USB/IP connection lost: {why}"));
        }
        TransferError::Disconnected
    }

    /// Sends what there is to send, then takes the next reply in. Cancel safe: what was sent and received is remembered.
    async fn step(&mut self) -> Result<Event, TransferError> {
        if self.lost {
            return Err(TransferError::Disconnected);
        }
        match poll_fn(|cx| self.poll_step(cx)).await {
            Ok(event) => Ok(event),
            Err(why) => Err(self.lose(why)),
        }
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event, String>> {
        while self.written < self.session.out.len() {
            let unsent = &self.session.out[self.written..];
            match ready!(Pin::new(&mut self.stream).poll_write(cx, unsent)) {
                Ok(0) => return Poll::Ready(Err("the connection takes no more".into())),
                Ok(count) => self.written += count,
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        }
        self.session.out.clear();
        self.written = 0;
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(cx) {
            return Poll::Ready(Err(error.to_string()));
        }
        loop {
            match self.session.event() {
                Ok(Some(event)) => return Poll::Ready(Ok(event)),
                Ok(None) => {}
                Err(why) => return Poll::Ready(Err(why)),
            }
            let mut bytes = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => {
                    return Poll::Ready(Err("the server closed the connection".into()));
                }
                Ok(()) => self.session.feed(buffer.filled()),
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        }
    }

    /// Puts a reply where it belongs; what came of the control transfer that is waited for is returned.
    fn settle(&mut self, event: Event) -> Option<Done> {
        match event {
            Event::Unlinked(seq) => {
                if self.control == Some(seq) {
                    self.control = None;
                    self.taken_back = true;
                }
                None
            }
            Event::Done(seq, done) => {
                if self.control == Some(seq) {
                    self.control = None;
                    return Some(done);
                }
                let found = self.endpoints.iter_mut().find(|(_, endpoint)| endpoint.pending == Some(seq));
                if let Some((number, endpoint)) = found {
                    endpoint.pending = None;
                    let good = done.is_ok();
                    endpoint.queue.push_back(done);
                    // Ask again at once: what the device says meanwhile must not be lost.
                    if good && endpoint.queue.len() < MAX_QUEUED {
                        endpoint.pending = Some(self.session.interrupt_in(*number, endpoint.length));
                    }
                }
                None
            }
        }
    }

    async fn until_control_ends(&mut self) -> Done {
        loop {
            let event = self.step().await?;
            if let Some(done) = self.settle(event) {
                return done;
            }
            if std::mem::take(&mut self.taken_back) {
                return Err(TransferError::Timeout);
            }
        }
    }

    async fn control(&mut self, seq: u32, timeout: Duration) -> Done {
        self.control = Some(seq);
        self.taken_back = false;
        let host = self.host.clone();
        if let Ok(done) = host.timeout(timeout, self.until_control_ends()).await {
            return done;
        }
        // The transfer may end while the unlink is on its way; then its data are as good as any.
        self.session.unlink(seq);
        match host.timeout(UNLINK_TIMEOUT, self.until_control_ends()).await {
            Ok(done) => done,
            Err(_) => Err(self.lose("the server does not answer")),
        }
    }

    /// Forgets a control transfer whose caller went away.
    fn abandon(&mut self) {
        if let Some(seq) = self.control.take() {
            self.session.unlink(seq);
        }
    }
}

#[async_trait]
impl UsbDevice for Importer {
    fn device_descriptor(&self) -> Vec<u8> {
        self.device.clone()
    }

    fn configuration_descriptor(&self) -> Vec<u8> {
        self.configuration.clone()
    }

    async fn claim(&mut self, _interface: u8) -> Result<(), TransferError> {
        if self.lost { Err(TransferError::Disconnected) } else { Ok(()) }
    }

    async fn control_in(
        &mut self,
        setup: Setup,
        length: u16,
        timeout: Duration,
    ) -> Result<Vec<u8>, TransferError> {
        self.abandon();
        let seq = self.session.control_in(setup, length);
        self.control(seq, timeout).await
    }

    async fn control_out(
        &mut self,
        setup: Setup,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), TransferError> {
        if data.len() > usize::from(u16::MAX) {
            return Err(TransferError::Overflow);
        }
        self.abandon();
        let seq = self.session.control_out(setup, data);
        self.control(seq, timeout).await.map(|_| ())
    }

    async fn interrupt_in(&mut self, endpoint: u8, length: usize) -> Result<Vec<u8>, TransferError> {
        let number = endpoint & 0x0f;
        loop {
            let state = self.endpoints.entry(number).or_default();
            state.length = u32::try_from(length).unwrap_or(u32::MAX).min(1024);
            if let Some(done) = state.queue.pop_front() {
                return done;
            }
            if state.pending.is_none() {
                state.pending = Some(self.session.interrupt_in(number, state.length));
            }
            let event = self.step().await?;
            self.settle(event);
        }
    }

    async fn clear_halt(&mut self, endpoint: u8) -> Result<(), TransferError> {
        let setup = Setup {
            request_type: RECIPIENT_ENDPOINT,
            request: CLEAR_FEATURE,
            value: 0,
            index: u16::from(endpoint),
        };
        self.control_out(setup, &[], DESCRIPTOR_TIMEOUT).await
    }
}
