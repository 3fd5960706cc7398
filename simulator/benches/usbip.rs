//! What a control transfer costs over an in-memory stream: `cargo bench -p outage-simulator`.
//!
//! The virtual lane polls a UPS for days of virtual time, a few dozen transfers every other second, so this is most of
//! what a scenario costs.
#![expect(clippy::disallowed_methods, reason = "a bench measures real time")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use outage_simulator::bus::usbip::Bus;
use outage_simulator::device::usb::{Function, Identity, Reply, Setup, Speed};
use outage_simulator::ups::Ups;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

const ROUNDS: u32 = 1_000_000;

struct Report(Identity);

impl Function for Report {
    fn identity(&self) -> &Identity {
        &self.0
    }
    fn control(&mut self, _now: Duration, _setup: Setup, _data: &[u8]) -> Reply {
        Reply::Data(vec![6, 100, 0, 0])
    }
    fn interrupt(&mut self, _now: Duration, _endpoint: u8) -> Option<Vec<u8>> {
        None
    }
    fn configured(&mut self, _now: Duration, _configuration: u8) {}
    fn wake_at(&self) -> Option<Duration> {
        None
    }
}

fn submit(devid: u32, seqnum: u32, endpoint: u32, setup: [u8; 8]) -> [u8; 48] {
    let mut message = [0; 48];
    for (at, word) in [(0, 1), (4, seqnum), (8, devid), (12, 1), (16, endpoint), (24, 8)] {
        message[at..at + 4].copy_from_slice(&u32::to_be_bytes(word));
    }
    message[40..].copy_from_slice(&setup);
    message
}

async fn attach(bus: &Bus) -> Result<(DuplexStream, u32), Box<dyn Error>> {
    let (mut client, server) = duplex(1 << 16);
    let bus = bus.clone();
    tokio::spawn(async move { bus.serve(server).await });
    let mut import = [0; 40];
    import[..4].copy_from_slice(&[0x01, 0x11, 0x80, 0x03]);
    import[8..11].copy_from_slice(b"1-1");
    client.write_all(&import).await?;
    let mut reply = [0; 320];
    client.read_exact(&mut reply).await?;
    let word = |at: usize| reply[at..at + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    Ok((client, word(8 + 288) << 16 | word(8 + 292)))
}

async fn measure(paused: bool) -> Result<(), Box<dyn Error>> {
    let identity = Identity {
        speed: Speed::Low,
        device: vec![18, 1, 0x10, 1, 0, 0, 0, 8, 0x63, 4, 0xff, 0xff, 0, 1, 0, 0, 0, 1],
        configuration: vec![
            9, 2, 25, 0, 1, 1, 0, 0xa0, 10, 9, 4, 0, 0, 1, 3, 0, 0, 0, 7, 5, 0x81, 3, 8, 0, 20,
        ],
        languages: vec![0x0409],
        strings: BTreeMap::new(),
    };
    let bus = Bus::new();
    bus.plug("1-1", Ups::over_usb("bench", Box::new(Report(identity))))?;
    let (mut client, devid) = attach(&bus).await?;
    // As a driver has it: an interrupt transfer is pending all the while.
    client.write_all(&submit(devid, 1, 1, [0; 8])).await?;
    let start = Instant::now();
    for seqnum in 0..ROUNDS {
        client.write_all(&submit(devid, seqnum + 2, 0, [0xa1, 1, 6, 3, 0, 0, 8, 0])).await?;
        let mut reply = [0; 52];
        client.read_exact(&mut reply).await?;
    }
    let clock = if paused { "paused" } else { "running" };
    println!("one control transfer, clock {clock}: {:?}", start.elapsed() / ROUNDS);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    for paused in [false, true] {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(paused).build()?;
        runtime.block_on(measure(paused))?;
    }
    Ok(())
}
