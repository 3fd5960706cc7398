//! Devices for the tests of the buses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::device::serial::SerialDevice;
use crate::device::usb::{Function, Identity, Reply, Setup, Speed};

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

/// A low-speed HID device whose answers a test sets. It hears of everything.
pub(crate) struct Script {
    identity: Identity,
    shared: Arc<Mutex<Scripted>>,
}

/// What a [`Script`] says and has heard.
#[derive(Default)]
pub(crate) struct Scripted {
    /// The answers to class requests, by wValue; others get their wValue back.
    pub(crate) answers: BTreeMap<u16, Reply>,
    /// Packets for the interrupt endpoint, each from its time on.
    pub(crate) packets: Vec<(Duration, Reply)>,
    /// The answer for interrupt OUT data.
    pub(crate) output: Option<Reply>,
    /// Whether `wake_at` claims that there is something to say when there is not.
    pub(crate) restless: bool,
    /// What it has heard.
    pub(crate) heard: Vec<String>,
    /// How often the interrupt endpoint was polled.
    pub(crate) polls: usize,
    /// A request with this wValue is a bug in the firmware.
    pub(crate) panics_at: Option<u16>,
}

/// A device at low speed, but for what a test changes.
pub(crate) fn identity() -> Identity {
    Identity {
        speed: Speed::Low,
        device: vec![18, 1, 0x10, 1, 0, 0, 0, 8, 0x63, 4, 0xff, 0xff, 0x02, 0x01, 1, 2, 0, 1],
        #[rustfmt::skip]
        configuration: vec![
            9, 2, 41, 0, 1, 1, 0, 0xa0, 10,
            9, 4, 0, 0, 2, 3, 0, 0, 0,
            9, 0x21, 0x10, 1, 33, 1, 0x22, 0x79, 2,
            7, 5, 0x81, 3, 8, 0, 20,
            7, 5, 0x02, 3, 8, 0, 20,
        ],
        languages: vec![0x0409],
        strings: BTreeMap::from([(1, "EATON".to_string()), (2, "3S".to_string())]),
    }
}

impl Script {
    pub(crate) fn new(identity: Identity) -> (Self, Arc<Mutex<Scripted>>) {
        let shared = Arc::new(Mutex::new(Scripted::default()));
        (Self { identity, shared: Arc::clone(&shared) }, shared)
    }

    fn lock(&self) -> MutexGuard<'_, Scripted> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Function for Script {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn control(&mut self, _now: Duration, setup: Setup, data: &[u8]) -> Reply {
        let mut script = self.lock();
        assert!(script.panics_at != Some(setup.value), "a bug in the firmware");
        script.heard.push(format!("{:04x} {data:02x?}", setup.value));
        let echo = || Reply::Data(setup.value.to_be_bytes().to_vec());
        script.answers.get(&setup.value).cloned().unwrap_or_else(echo)
    }

    fn interrupt(&mut self, _now: Duration, _endpoint: u8) -> Option<Vec<u8>> {
        unreachable!("the bus polls")
    }

    fn poll(&mut self, now: Duration, _endpoint: u8) -> Option<Reply> {
        let mut script = self.lock();
        script.polls += 1;
        let at = script.packets.iter().position(|(at, _)| *at <= now)?;
        Some(script.packets.remove(at).1)
    }

    fn output(&mut self, _now: Duration, endpoint: u8, data: &[u8]) -> Reply {
        let mut script = self.lock();
        script.heard.push(format!("out {endpoint} {data:02x?}"));
        script.output.clone().unwrap_or(Reply::Data(Vec::new()))
    }

    fn configured(&mut self, _now: Duration, configuration: u8) {
        self.lock().heard.push(format!("configuration {configuration}"));
    }

    fn wake_at(&self) -> Option<Duration> {
        let script = self.lock();
        if script.restless {
            return Some(Duration::ZERO);
        }
        script.packets.iter().map(|(at, _)| *at).min()
    }
}
