//! A USB/IP client written from the protocol's documentation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;

use crate::bus::testing::{Script, Scripted, identity};
use crate::bus::usbip::{Bus, ServeError};
use crate::device::usb::Identity;
use crate::ups::Ups;

pub(super) type Served = JoinHandle<Result<(), ServeError>>;

/// What a client reads after its import.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Sequence number, status, actual_length, data.
    Submit(u32, i32, u32, Vec<u8>),
    /// Sequence number, status.
    Unlink(u32, i32),
    /// The server closed the connection.
    End,
}

pub(super) struct Client {
    pub(super) stream: DuplexStream,
    pub(super) devid: u32,
    seqnum: u32,
    /// Transfers in flight that expect data, for how long an answer is can only be known from the request.
    ins: Vec<u32>,
}

/// A bus with one scripted device at 1-1.
pub(super) fn bus_with(identity: Identity) -> (Bus, Ups, Arc<Mutex<Scripted>>) {
    let (script, scripted) = Script::new(identity);
    let ups = Ups::over_usb("script", Box::new(script));
    let bus = Bus::new();
    bus.plug("1-1", ups.clone()).unwrap();
    (bus, ups, scripted)
}

pub(super) fn connect(bus: &Bus) -> (DuplexStream, Served) {
    let (client, server) = duplex(1 << 16);
    let bus = bus.clone();
    (client, tokio::spawn(async move { bus.serve(server).await }))
}

pub(super) fn import(busid: &str) -> Vec<u8> {
    let mut request = vec![0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0];
    request.extend(busid.as_bytes());
    request.resize(40, 0);
    request
}

/// The header of the reply to an import: its status.
pub(super) async fn import_status(stream: &mut DuplexStream) -> u32 {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await.unwrap();
    assert_eq!(header[..4], [0x01, 0x11, 0x00, 0x03]);
    u32::from_be_bytes(header[4..].try_into().unwrap())
}

/// Asks for the device at 1-1 and returns the 312 bytes that describe it.
pub(super) async fn attach_raw(stream: &mut DuplexStream) -> Vec<u8> {
    stream.write_all(&import("1-1")).await.unwrap();
    assert_eq!(import_status(stream).await, 0);
    let mut device = vec![0; 312];
    stream.read_exact(&mut device).await.unwrap();
    device
}

/// A client with the device attached, and everything behind it.
pub(super) async fn attached() -> (Client, Bus, Ups, Arc<Mutex<Scripted>>, Served) {
    attached_to(identity()).await
}

pub(super) async fn attached_to(identity: Identity) -> (Client, Bus, Ups, Arc<Mutex<Scripted>>, Served) {
    let (bus, ups, scripted) = bus_with(identity);
    let (client, served) = Client::attach(&bus).await;
    (client, bus, ups, scripted, served)
}

pub(super) const OUT: u32 = 0;
pub(super) const IN: u32 = 1;

impl Client {
    pub(super) async fn attach(bus: &Bus) -> (Self, Served) {
        let (mut stream, served) = connect(bus);
        let device = attach_raw(&mut stream).await;
        let word = |at: usize| u32::from_be_bytes(device[at..at + 4].try_into().unwrap());
        let devid = word(288) << 16 | word(292);
        (Self { stream, devid, seqnum: 0, ins: Vec::new() }, served)
    }

    pub(super) fn header(&mut self, command: u32, direction: u32, endpoint: u32) -> Vec<u8> {
        self.seqnum += 1;
        [command, self.seqnum, self.devid, direction, endpoint]
            .iter()
            .flat_map(|word| word.to_be_bytes())
            .collect()
    }

    /// Submits a transfer; returns its sequence number.
    pub(super) async fn submit(
        &mut self,
        direction: u32,
        endpoint: u32,
        length: u32,
        setup: [u8; 8],
        data: &[u8],
    ) -> u32 {
        let mut message = self.header(1, direction, endpoint);
        for word in [0, length, 0, 0, 20] {
            message.extend(u32::to_be_bytes(word));
        }
        message.extend(setup);
        message.extend(data);
        self.stream.write_all(&message).await.unwrap();
        if direction == IN {
            self.ins.push(self.seqnum);
        }
        self.seqnum
    }

    /// GET_REPORT of feature report `value`.
    pub(super) async fn get(&mut self, value: u16, length: u16) -> u32 {
        let [value_low, value_high] = value.to_le_bytes();
        let [low, high] = length.to_le_bytes();
        let setup = [0xa1, 1, value_low, value_high, 0, 0, low, high];
        self.submit(IN, 0, length.into(), setup, &[]).await
    }

    /// A control request with this setup packet and no data stage, or one from the device.
    pub(super) async fn control(&mut self, setup: [u8; 8]) -> u32 {
        let length = u32::from(setup[7]) << 8 | u32::from(setup[6]);
        self.submit(u32::from(setup[0] >> 7), 0, length, setup, &[]).await
    }

    /// An interrupt IN transfer on endpoint 1.
    pub(super) async fn listen(&mut self, length: u32) -> u32 {
        self.submit(IN, 1, length, [0; 8], &[]).await
    }

    pub(super) async fn unlink(&mut self, seqnum: u32) -> u32 {
        let mut message = self.header(2, OUT, 0);
        message.extend(seqnum.to_be_bytes());
        message.extend([0; 24]);
        self.stream.write_all(&message).await.unwrap();
        self.seqnum
    }

    /// The next message, within ten days of the paused clock: one that never comes fails a test, and does not hang it.
    pub(super) async fn answer(&mut self) -> Answer {
        let mut header = [0; 48];
        let limit = Duration::from_secs(10 * 24 * 3600);
        match tokio::time::timeout(limit, self.stream.read_exact(&mut header)).await.expect("an answer") {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Answer::End,
            Err(error) => panic!("{error}"),
        }
        let word = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        let (command, seqnum, status) = (word(0), word(4), word(20).cast_signed());
        assert_eq!([word(8), word(12), word(16)], [0; 3], "as Linux sends it");
        if command == 4 {
            self.ins.retain(|one| *one != seqnum);
            return Answer::Unlink(seqnum, status);
        }
        assert_eq!(command, 3);
        let actual = word(24);
        let mut data = Vec::new();
        if self.ins.contains(&seqnum) {
            data.resize(actual as usize, 0);
            self.stream.read_exact(&mut data).await.unwrap();
        }
        self.ins.retain(|one| *one != seqnum);
        Answer::Submit(seqnum, status, actual, data)
    }

    /// Nothing comes for so long.
    pub(super) async fn quiet(&mut self, time: Duration) {
        let heard = tokio::time::timeout(time, self.stream.read_u8()).await;
        assert!(heard.is_err(), "the server said something: {heard:?}");
    }
}

/// An answer with data, or with a failure.
pub(super) fn got(seqnum: u32, data: &[u8]) -> Answer {
    Answer::Submit(seqnum, 0, u32::try_from(data.len()).unwrap(), data.to_vec())
}

pub(super) fn failed(seqnum: u32, status: i32) -> Answer {
    Answer::Submit(seqnum, status, 0, Vec::new())
}
