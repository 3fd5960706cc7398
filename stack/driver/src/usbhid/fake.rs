//! A UPS without a bus: it answers with bytes that a test gives it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use outage_host::usb::{Setup, TransferError, UsbAccess, UsbDevice, UsbInfo};
use outage_host::virt::{EventKind, Machine, World};
use tokio::sync::Notify;

use super::UsbHid;
use crate::config::DriverConfig;
use crate::core::tree::Tree;
use crate::family::{DeviceError, Family};

const SANTAK: &str = include_str!("../../../hid/tests/captures/santak-tg-box-850-mge-0463-ffff.hex");

/// The bytes of a hex listing.
pub(super) fn hex(text: &str) -> Vec<u8> {
    let words = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

/// What the UPS is and what it was asked.
pub(super) struct State {
    /// Vendor and product id.
    pub(super) ids: (u16, u16),
    /// Which strings are the manufacturer, the product and the serial number.
    pub(super) indices: [u8; 3],
    pub(super) interfaces: BTreeMap<u8, Vec<u8>>,
    /// Length of the report descriptor as the configuration has it, where it isn't the true one.
    pub(super) configuration_length: Option<u16>,
    /// The answer to GET_DESCRIPTOR(HID), where it isn't the true one.
    pub(super) hid_descriptor: Option<Result<Vec<u8>, TransferError>>,
    pub(super) strings: BTreeMap<u8, &'static str>,
    /// Feature reports, without their ids.
    pub(super) features: BTreeMap<u8, Vec<u8>>,
    /// Reports that fail.
    pub(super) failures: BTreeMap<u8, TransferError>,
    pub(super) interrupts: VecDeque<Result<Vec<u8>, TransferError>>,
    /// Reports that were asked for, with the length.
    pub(super) asked: Vec<(u8, u16)>,
    /// Reports that were written, without their ids.
    pub(super) written: Vec<(u8, Vec<u8>)>,
    pub(super) halts_cleared: u32,
    /// What it says when an answer is longer than what was asked for.
    pub(super) overflow: TransferError,
    pub(super) gone: bool,
    /// Writes are accepted and forgotten.
    pub(super) stubborn: bool,
    /// A handle was dropped that had not given its interfaces back.
    pub(super) kept: bool,
    /// Why opening fails.
    pub(super) refuses: Option<TransferError>,
}

/// A UPS like an Eaton 3S: the descriptor of its twin.
#[derive(Clone)]
pub(super) struct Ups(Arc<(Mutex<State>, Notify)>);

impl Ups {
    pub(super) fn eaton() -> Self {
        let features = [
            (0x01, vec![0x25, 0, 0]), // mains, charging, good
            (0x02, vec![1, 0]),
            (0x03, vec![0, 0, 0, 0]),
            (0x06, vec![80, 0x08, 0x07, 0, 0]), // 80 %, 1800 s
            (0x07, vec![0, 0, 0, 0, 0, 25, 0]), // load 25 %
            (0x08, vec![20]),
            (0x09, vec![0xff; 4]),
            (0x0a, vec![0xff; 4]),
            (0x0b, vec![1, 1, 1, 2, 2, 1, 1, 1, 1, 1]),
            (0x0c, vec![0, 1, 1, 2, 100, 100, 1]),
            (0x0d, vec![0xbc, 0x02, 50]), // 700 VA, 50 Hz
            (0x0e, vec![0xe6, 0]),        // 230 V
            (0x10, vec![5, 1, 3, 2, 0, 4, 6, 6]),
            (0x12, vec![230]),
            (0x13, vec![0x08, 0x01]), // 264 V
            (0x14, vec![184]),
            (0x15, vec![0]),
            (0x19, vec![1]),
            (0x1f, vec![2]),
            (0x20, vec![2]),
            (0x22, vec![20]),
        ];
        Self(Arc::new((
            Mutex::new(State {
                ids: (0x0463, 0xffff),
                indices: [1, 2, 4],
                interfaces: BTreeMap::from([(0, hex(SANTAK))]),
                configuration_length: None,
                hid_descriptor: None,
                strings: BTreeMap::from([
                    (1, "EATON"),
                    (2, "Eaton 3S"),
                    (3, "700"),
                    (4, "G281L1"),
                    (5, "PbAc"),
                    (6, "02.08"),
                ]),
                features: features.into(),
                failures: BTreeMap::new(),
                interrupts: VecDeque::new(),
                asked: Vec::new(),
                written: Vec::new(),
                halts_cleared: 0,
                overflow: TransferError::Overflow,
                gone: false,
                stubborn: false,
                kept: false,
                refuses: None,
            }),
            Notify::new(),
        )))
    }

    /// Another UPS: ids, report descriptor, and the strings it has: the first are the manufacturer, the product and the
    /// serial number.
    pub(super) fn other(ids: (u16, u16), descriptor: &str, strings: &[(u8, &'static str)]) -> Self {
        let ups = Self::eaton();
        ups.with(|state| {
            state.ids = ids;
            state.indices = [0, 1, 2].map(|nth| strings[nth].0);
            state.interfaces = BTreeMap::from([(0, hex(descriptor))]);
            state.strings = strings.iter().copied().collect();
            state.features.clear();
        });
        ups
    }

    /// Gives it feature reports, each with its id first.
    pub(super) fn answers(self, reports: &[&[u8]]) -> Self {
        self.with(|state| {
            state.features.extend(reports.iter().map(|report| (report[0], report[1..].to_vec())));
        });
        self
    }

    /// Gives it the feature reports of a capture: lines of `get` or `err` and the bytes, with the id first.
    pub(super) fn answers_as_captured(self, capture: &str) -> Self {
        for line in capture.lines() {
            let bytes = line.split('#').next().unwrap_or("");
            if let Some(bytes) = bytes.strip_prefix("get ").or_else(|| bytes.strip_prefix("err ")) {
                let report = hex(bytes);
                self.with(|state| state.features.insert(report[0], report[1..].to_vec()));
            }
        }
        self
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_waiters();
        result
    }

    /// How often each report was asked for since the last time this was asked.
    pub(super) fn asked(&self) -> Vec<u8> {
        self.with(|state| std::mem::take(&mut state.asked)).into_iter().map(|(id, _)| id).collect()
    }

    /// What was written since the last time this was asked: `id: bytes`.
    pub(super) fn written(&self) -> Vec<String> {
        let written = self.with(|state| std::mem::take(&mut state.written));
        written.iter().map(|(id, data)| format!("{id:02x}:{data:02x?}")).collect()
    }

    pub(super) fn says(&self, report: &[u8]) {
        self.with(|state| state.interrupts.push_back(Ok(report.to_vec())));
    }

    /// Plugs it in. `place` is where, and its node's name.
    pub(super) fn plug(&self, machine: &Machine, access: UsbAccess, place: &str) {
        let ups = self.clone();
        let info = UsbInfo {
            id: place.into(),
            bus: "001".into(),
            address: "004".into(),
            port_path: place.into(),
            vendor_id: ups.with(|state| state.ids.0),
            product_id: ups.with(|state| state.ids.1),
            release: 0x0100,
        };
        machine.plug_usb(access, info, move || match ups.with(|state| state.refuses.clone()) {
            Some(error) => Err(error),
            None => Ok(Box::new(Handle { ups: ups.clone(), claimed: Vec::new() })),
        });
    }
}

/// The handle a driver gets.
struct Handle {
    ups: Ups,
    claimed: Vec<u8>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.ups.with(|state| state.kept |= !self.claimed.is_empty());
    }
}

fn string(text: &str) -> Vec<u8> {
    let mut bytes = vec![(2 + 2 * text.len()) as u8, 3];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes
}

fn hid_descriptor(length: usize) -> Vec<u8> {
    let [low, high] = (length as u16).to_le_bytes();
    vec![9, 0x21, 0x10, 1, 33, 1, 0x22, low, high]
}

#[async_trait]
impl UsbDevice for Handle {
    fn device_descriptor(&self) -> Vec<u8> {
        let ((vendor, product), indices) = self.ups.with(|state| (state.ids, state.indices));
        let ids = [vendor, product].map(u16::to_le_bytes).concat();
        [&[18, 1, 0, 2, 0, 0, 0, 8], &ids[..], &[0, 1], &indices[..], &[1]].concat()
    }

    fn configuration_descriptor(&self) -> Vec<u8> {
        self.ups.with(|state| {
            let mut bytes = vec![9, 2, 0, 0, 1, 1, 0, 0xa0, 10];
            for (number, descriptor) in &state.interfaces {
                bytes.extend([9, 4, *number, 0, 1, 3, 0, 0, 0]);
                bytes
                    .extend(hid_descriptor(state.configuration_length.map_or(descriptor.len(), usize::from)));
                bytes.extend([7, 5, 0x81 + number, 3, 8, 0, 20]);
            }
            bytes[2] = bytes.len() as u8;
            bytes
        })
    }

    async fn claim(&mut self, interface: u8) -> Result<(), TransferError> {
        self.claimed.push(interface);
        Ok(())
    }

    async fn control_in(&mut self, setup: Setup, length: u16, _: Duration) -> Result<Vec<u8>, TransferError> {
        let claimed = self.claimed.contains(&(setup.index as u8));
        self.ups.with(|state| {
            if state.gone {
                return Err(TransferError::Disconnected);
            }
            let [low, high] = setup.value.to_le_bytes();
            let interface = state.interfaces.get(&(setup.index as u8));
            let mut answer = match (setup.request_type, setup.request, high) {
                (0x80, 6, 3) if low == 0 => vec![4, 3, 9, 4],
                (0x80, 6, 3) => string(state.strings.get(&low).ok_or(TransferError::Stall)?),
                (0x81, 6, 0x21) => match &state.hid_descriptor {
                    Some(answer) => answer.clone()?,
                    None => hid_descriptor(interface.ok_or(TransferError::Stall)?.len()),
                },
                (0x81, 6, 0x22) if claimed => interface.ok_or(TransferError::Stall)?.clone(),
                (0xa1, 1, 3) if claimed => {
                    state.asked.push((low, length));
                    if let Some(error) = state.failures.get(&low) {
                        return Err(error.clone());
                    }
                    let data = state.features.get(&low).ok_or(TransferError::Stall)?;
                    let answer = [&[low], &data[..]].concat();
                    if answer.len() > usize::from(length) {
                        return Err(state.overflow.clone());
                    }
                    answer
                }
                _ => return Err(TransferError::Stall),
            };
            answer.truncate(length.into());
            Ok(answer)
        })
    }

    async fn control_out(&mut self, setup: Setup, data: &[u8], _: Duration) -> Result<(), TransferError> {
        self.ups.with(|state| {
            if state.gone {
                return Err(TransferError::Disconnected);
            }
            let [id, kind] = setup.value.to_le_bytes();
            if (setup.request_type, setup.request, kind) != (0x21, 9, 3) || data.first() != Some(&id) {
                return Err(TransferError::Stall);
            }
            if let Some(error) = state.failures.get(&id) {
                return Err(error.clone());
            }
            state.written.push((id, data[1..].to_vec()));
            if !state.stubborn {
                state.features.insert(id, data[1..].to_vec());
            }
            Ok(())
        })
    }

    async fn interrupt_in(&mut self, _: u8, length: usize) -> Result<Vec<u8>, TransferError> {
        loop {
            let waiting = self.ups.0.1.notified();
            let next = self.ups.0.0.lock().unwrap().interrupts.pop_front();
            match next {
                Some(Ok(bytes)) if bytes.len() > length => return Err(TransferError::Overflow),
                Some(answer) => return answer,
                None => waiting.await,
            }
        }
    }

    async fn clear_halt(&mut self, _: u8) -> Result<(), TransferError> {
        self.ups.with(|state| state.halts_cleared += 1);
        Ok(())
    }

    async fn close(&mut self) {
        self.claimed.clear();
    }
}

/// A driver, its UPS and what it published.
pub(super) struct Bench {
    pub(super) world: World,
    pub(super) machine: Machine,
    pub(super) ups: Ups,
    pub(super) family: UsbHid,
    pub(super) tree: Tree,
}

impl Bench {
    /// Nothing is open yet.
    pub(super) fn new(options: &[(&str, &str)]) -> Self {
        Self::of(Ups::eaton(), options)
    }

    /// With another UPS.
    pub(super) fn of(ups: Ups, options: &[(&str, &str)]) -> Self {
        let world = World::new(1);
        let machine = world.machine("m");
        let extra: Vec<_> = options.iter().map(|(k, v)| ((*k).to_owned(), Some((*v).to_owned()))).collect();
        let config = DriverConfig::ad_hoc("usbhid-ups", "den", &extra, "/run", "/run").0;
        let family = UsbHid::new(&config, &machine.host("usbhid-ups")).unwrap();
        Self { world, machine, ups, family, tree: Tree::default() }
    }

    pub(super) fn plug(&self, place: &str) {
        self.ups.plug(&self.machine, UsbAccess::Usbfs, place);
    }

    /// Open, initialised and polled once.
    pub(super) async fn running(options: &[(&str, &str)], prepare: impl FnOnce(&mut State)) -> Self {
        let mut bench = Self::new(options);
        bench.ups.with(prepare);
        bench.plug("1-1");
        bench.start().await.unwrap();
        bench.ups.asked();
        bench
    }

    pub(super) async fn start(&mut self) -> Result<(), DeviceError> {
        self.family.open().await?;
        self.family.init(&mut self.tree).await?;
        self.poll().await
    }

    pub(super) async fn poll(&mut self) -> Result<(), DeviceError> {
        self.family.poll(&mut self.tree).await
    }

    /// Polls once, two seconds later.
    pub(super) async fn next(&mut self) -> Result<(), DeviceError> {
        self.pass(2).await;
        self.poll().await
    }

    pub(super) async fn pass(&self, seconds: u64) {
        self.world.sleep_until(self.world.now() + Duration::from_secs(seconds)).await;
    }

    pub(super) fn status(&self) -> &str {
        self.tree.get("ups.status").unwrap_or("-")
    }

    /// Lines of the log so far.
    pub(super) fn log(&self) -> Vec<String> {
        let lines = self.world.events().into_iter().filter_map(|event| match event.kind {
            EventKind::Log(_, text) => Some(text),
            _ => None,
        });
        lines.collect()
    }
}
