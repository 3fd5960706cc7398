//! HID firmware over a plant: class requests and interrupt reports (HID 1.11, section 7).

use std::collections::BTreeMap;
use std::time::Duration;

use super::Machine;
use super::report::Report;
use super::usb::{Function, Identity, Reply, Setup};
use crate::plant::Plant;

/// bmRequestType: class request to an interface, device to host.
const CLASS_IN: u8 = 0xa1;
/// bmRequestType: class request to an interface, host to device.
const CLASS_OUT: u8 = 0x21;
/// bmRequestType: standard request to an interface, device to host.
const STANDARD_IN: u8 = 0x81;

const GET_DESCRIPTOR: u8 = 0x06;
const GET_REPORT: u8 = 0x01;
const GET_IDLE: u8 = 0x02;
const SET_REPORT: u8 = 0x09;
const SET_IDLE: u8 = 0x0a;

const HID_DESCRIPTOR: u8 = 0x21;
const REPORT_DESCRIPTOR: u8 = 0x22;

const INPUT: u8 = 1;
const FEATURE: u8 = 3;

/// The unit of the idle rate (7.2.4).
const IDLE_UNIT: Duration = Duration::from_millis(4);

/// What the firmware was built with: a device file's USB part.
#[derive(Clone, Debug, PartialEq)]
pub struct HidFirmware {
    /// Descriptors and strings.
    pub identity: Identity,
    /// The HID interface.
    pub interface: u8,
    /// Its interrupt IN endpoint.
    pub endpoint: u8,
    /// HID descriptors by index, 9 bytes and more each.
    pub hid_descriptors: Vec<Vec<u8>>,
    /// Report descriptors by index, verbatim.
    pub report_descriptors: Vec<Vec<u8>>,
    /// Reports in memory, by id.
    pub reports: Vec<Report>,
    /// How often values that drift (charge, runtime) are looked at for interrupt reports.
    pub sample: Duration,
}

/// What was last said of an input report.
#[derive(Clone, Debug)]
struct Said {
    bytes: Vec<u8>,
    at: Duration,
    /// In units of 4 ms; 0: only on change.
    idle: u8,
}

/// A HID UPS.
pub struct Hid {
    firmware: HidFirmware,
    plant: Plant,
    /// By the report's place in the firmware.
    registers: Vec<Vec<i64>>,
    said: BTreeMap<usize, Said>,
    /// The plant's revision at which there was nothing to say, nor will be by the mere passing of time.
    quiet_at: Option<u64>,
}

impl Hid {
    /// A device that was just powered.
    pub fn new(firmware: HidFirmware, plant: Plant) -> Self {
        let registers = firmware.reports.iter().map(Report::registers).collect();
        let mut hid = Self { firmware, plant, registers, said: BTreeMap::new(), quiet_at: None };
        hid.forget(Duration::ZERO);
        hid
    }

    fn bytes(&self, place: usize) -> Vec<u8> {
        let state = self.plant.state();
        self.firmware.reports[place].encode(&self.registers[place], &self.plant, &state)
    }

    /// Starts afresh: no idle rates, and nothing to say until something changes.
    fn forget(&mut self, now: Duration) {
        self.plant.advance(now);
        self.quiet_at = None;
        let inputs: Vec<usize> = self.inputs().collect();
        self.said = inputs
            .into_iter()
            .map(|place| (place, Said { bytes: self.bytes(place), at: now, idle: 0 }))
            .collect();
    }

    fn inputs(&self) -> impl Iterator<Item = usize> {
        (0..self.firmware.reports.len()).filter(|place| self.firmware.reports[*place].input)
    }

    /// The place of a report by type and id.
    fn find(&self, kind: u8, id: u8) -> Option<usize> {
        self.firmware.reports.iter().position(|report| {
            report.id == id && ((kind == FEATURE && report.feature) || (kind == INPUT && report.input))
        })
    }

    fn get_descriptor(&self, setup: Setup) -> Option<Vec<u8>> {
        let [index, kind] = setup.value.to_le_bytes();
        let all = match kind {
            HID_DESCRIPTOR => &self.firmware.hid_descriptors,
            REPORT_DESCRIPTOR => &self.firmware.report_descriptors,
            _ => return None,
        };
        all.get(usize::from(index)).cloned()
    }

    fn set_report(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Option<Vec<u8>> {
        let [id, kind] = setup.value.to_le_bytes();
        // 7.2.2: only what the device says it takes. There are no output reports, and input reports can't be set.
        if kind != FEATURE || data.len() != usize::from(setup.length) {
            return None;
        }
        let place = self.find(kind, id)?;
        let report = &self.firmware.reports[place];
        self.quiet_at = None;
        report.decode(data, &mut self.registers[place], &mut self.plant, now)?;
        Some(Vec::new())
    }

    fn get_idle(&self, setup: Setup) -> Option<Vec<u8>> {
        let [id, zero] = setup.value.to_le_bytes();
        if zero != 0 {
            return None;
        }
        let place = if id == 0 { self.inputs().next() } else { self.find(INPUT, id) }?;
        self.said.get(&place).map(|said| vec![said.idle])
    }

    fn set_idle(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Option<Vec<u8>> {
        let [id, idle] = setup.value.to_le_bytes();
        if setup.length != 0 || !data.is_empty() {
            return None;
        }
        let place = if id == 0 { None } else { Some(self.find(INPUT, id)?) };
        self.quiet_at = None;
        for (_, said) in self.said.iter_mut().filter(|(at, _)| place.is_none_or(|place| place == **at)) {
            said.idle = idle;
            said.at = now;
        }
        Some(Vec::new())
    }

    /// Whether any value changes by itself.
    fn drifts(&self) -> bool {
        let state = self.plant.state();
        state.charging || state.discharging || state.shutdown_in.is_some() || state.start_in.is_some()
    }
}

impl Machine for Hid {
    fn plant(&self) -> &Plant {
        &self.plant
    }

    fn plant_mut(&mut self) -> &mut Plant {
        &mut self.plant
    }
}

impl Function for Hid {
    fn identity(&self) -> &Identity {
        &self.firmware.identity
    }

    fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Reply {
        self.plant.advance(now);
        if setup.index != u16::from(self.firmware.interface) {
            return Reply::Stall;
        }
        let answer = match (setup.request_type, setup.request) {
            (STANDARD_IN, GET_DESCRIPTOR) => self.get_descriptor(setup),
            (CLASS_IN, GET_REPORT) => {
                let [id, kind] = setup.value.to_le_bytes();
                self.find(kind, id).map(|place| self.bytes(place))
            }
            (CLASS_IN, GET_IDLE) => self.get_idle(setup),
            (CLASS_OUT, SET_REPORT) => self.set_report(now, setup, data),
            (CLASS_OUT, SET_IDLE) => self.set_idle(now, setup, data),
            // GET_PROTOCOL and SET_PROTOCOL are for boot devices (7.2.5, 7.2.6); a UPS is none.
            _ => None,
        };
        match answer {
            Some(mut bytes) => {
                bytes.truncate(usize::from(setup.length));
                Reply::Data(bytes)
            }
            None => Reply::Stall,
        }
    }

    fn interrupt(&mut self, now: Duration, endpoint: u8) -> Option<Vec<u8>> {
        if endpoint != self.firmware.endpoint {
            return None;
        }
        self.plant.advance(now);
        if self.quiet() {
            return None;
        }
        let Some(place) = self.first_due(now) else {
            let repeats = self.said.values().any(|said| said.idle != 0);
            self.quiet_at = (!repeats && !self.drifts()).then(|| self.plant.revision());
            return None;
        };
        let bytes = self.bytes(place);
        let said = self.said.get_mut(&place)?;
        said.bytes.clone_from(&bytes);
        said.at = now;
        Some(bytes)
    }

    fn configured(&mut self, now: Duration, _configuration: u8) {
        self.forget(now);
    }

    fn wake_at(&self) -> Option<Duration> {
        let now = self.plant.now();
        if self.quiet() {
            return self.plant.next_event();
        }
        if self.first_due(now).is_some() {
            return Some(now);
        }
        let idle = self
            .said
            .values()
            .filter(|said| said.idle != 0)
            .map(|said| said.at.saturating_add(IDLE_UNIT * u32::from(said.idle)));
        let sample =
            (!self.said.is_empty() && self.drifts()).then(|| now.saturating_add(self.firmware.sample));
        idle.chain(sample).chain(self.plant.next_event()).min()
    }
}

impl Hid {
    fn quiet(&self) -> bool {
        self.quiet_at == Some(self.plant.revision())
    }

    fn first_due(&self, now: Duration) -> Option<usize> {
        self.said.iter().find(|(place, said)| self.due(**place, said, now)).map(|(place, _)| *place)
    }

    fn due(&self, place: usize, said: &Said, now: Duration) -> bool {
        let idle_over = said.idle != 0 && now >= said.at.saturating_add(IDLE_UNIT * u32::from(said.idle));
        idle_over || self.bytes(place) != said.bytes
    }
}

#[cfg(test)]
mod tests;
