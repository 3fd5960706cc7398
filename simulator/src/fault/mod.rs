//! What goes wrong between a UPS and its host: a decorator round a device, switched while it runs.
//!
//! A fault never touches the plant: a frozen device still drains its battery.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::device::Machine;
use crate::device::serial::SerialDevice;
use crate::device::usb::{Function, Identity, Reply, Setup};
use crate::plant::Plant;

/// bmRequestType of HID class requests to an interface, host to device and device to host.
const CLASS: [u8; 2] = [0x21, 0xa1];
const GET_REPORT: u8 = 0x01;
const SET_REPORT: u8 = 0x09;

/// What becomes of a request for a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// It stalls.
    Stall,
    /// It fails on the bus.
    Fault,
    /// It is not answered.
    Silence,
    /// It is answered after so much of the device's time.
    Late(Duration),
    /// The answer is cut to so many bytes; what is sent to the device is taken.
    Short(usize),
    /// The device leaves the bus.
    Leave,
}

/// A fault of one report.
#[derive(Clone, Debug, PartialEq)]
struct ReportFault {
    trouble: Trouble,
    /// Of a request, 0..=1.
    chance: f64,
}

/// A device with faults.
pub struct Faulty<D> {
    device: D,
    frozen: bool,
    reports: BTreeMap<u8, ReportFault>,
    dice: Dice,
}

impl<D> Faulty<D> {
    /// A device without faults yet; equal seeds draw equal lots.
    pub fn new(device: D, seed: u64) -> Self {
        Self { device, frozen: false, reports: BTreeMap::new(), dice: Dice(seed) }
    }

    /// The device itself.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// The device itself, to change it.
    pub fn device_mut(&mut self) -> &mut D {
        &mut self.device
    }

    /// Whether it answers nothing.
    pub fn frozen(&self) -> bool {
        self.frozen
    }

    /// From now on it answers nothing: control requests are left pending, interrupt endpoints and serial lines are
    /// silent. Or it answers again; what it was sent meanwhile is lost.
    pub fn freeze(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// From now on requests for a report get into trouble, so many of them (0..=1). `None`: no longer.
    pub fn trouble_report(&mut self, id: u8, trouble: Option<Trouble>, chance: f64) {
        match trouble {
            Some(trouble) => {
                let chance = if chance.is_nan() { 1.0 } else { chance.clamp(0.0, 1.0) };
                self.reports.insert(id, ReportFault { trouble, chance });
            }
            None => {
                self.reports.remove(&id);
            }
        }
    }

    fn trouble_of(&mut self, setup: Setup) -> Option<Trouble> {
        if !CLASS.contains(&setup.request_type) || !matches!(setup.request, GET_REPORT | SET_REPORT) {
            return None;
        }
        let [id, _] = setup.value.to_le_bytes();
        let fault = self.reports.get(&id)?;
        (self.dice.roll() < fault.chance).then(|| fault.trouble.clone())
    }
}

impl<D: Machine> Machine for Faulty<D> {
    fn plant(&self) -> &Plant {
        self.device.plant()
    }

    fn plant_mut(&mut self) -> &mut Plant {
        self.device.plant_mut()
    }
}

impl<D: Function> Function for Faulty<D> {
    fn identity(&self) -> &Identity {
        self.device.identity()
    }

    fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Reply {
        if self.frozen {
            return Reply::Silence;
        }
        match self.trouble_of(setup) {
            None => self.device.control(now, setup, data),
            Some(Trouble::Stall) => Reply::Stall,
            Some(Trouble::Fault) => Reply::Fault,
            Some(Trouble::Silence) => Reply::Silence,
            Some(Trouble::Leave) => Reply::Leave,
            Some(Trouble::Late(delay)) => Reply::Late(delay, Box::new(self.device.control(now, setup, data))),
            Some(Trouble::Short(length)) => match self.device.control(now, setup, data) {
                Reply::Data(mut bytes) => {
                    bytes.truncate(length);
                    Reply::Data(bytes)
                }
                other => other,
            },
        }
    }

    fn interrupt(&mut self, now: Duration, endpoint: u8) -> Option<Vec<u8>> {
        if self.frozen { None } else { self.device.interrupt(now, endpoint) }
    }

    fn configured(&mut self, now: Duration, configuration: u8) {
        self.device.configured(now, configuration);
    }

    fn poll(&mut self, now: Duration, endpoint: u8) -> Option<Reply> {
        if self.frozen { None } else { self.device.poll(now, endpoint) }
    }

    fn output(&mut self, now: Duration, endpoint: u8, data: &[u8]) -> Reply {
        if self.frozen { Reply::Silence } else { self.device.output(now, endpoint, data) }
    }

    fn intercept(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Option<Reply> {
        if self.frozen { Some(Reply::Silence) } else { self.device.intercept(now, setup, data) }
    }

    fn wake_at(&self) -> Option<Duration> {
        if self.frozen { None } else { self.device.wake_at() }
    }
}

impl<D: SerialDevice> SerialDevice for Faulty<D> {
    fn receive(&mut self, now: Duration, bytes: &[u8]) {
        if !self.frozen {
            self.device.receive(now, bytes);
        }
    }

    fn transmit(&mut self, now: Duration) -> Vec<u8> {
        // What it would have said while frozen is lost.
        let bytes = self.device.transmit(now);
        if self.frozen { Vec::new() } else { bytes }
    }

    fn wake_at(&self) -> Option<Duration> {
        if self.frozen { None } else { self.device.wake_at() }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, and the same everywhere.
struct Dice(u64);

impl Dice {
    /// In 0..1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const GET_CHARGE: Setup =
        Setup { request_type: 0xa1, request: GET_REPORT, value: 0x0306, index: 0, length: 64 };

    fn eaton(seed: u64) -> Faulty<crate::device::hid::Hid> {
        let file = crate::device("eaton-3s-700").unwrap();
        let crate::device::file::Firmware::Hid(firmware) = file.firmware else { panic!("not on USB") };
        Faulty::new(crate::device::hid::Hid::new(firmware, Plant::new(file.settings)), seed)
    }

    #[rstest]
    #[case::stall(Trouble::Stall, Reply::Stall)]
    #[case::fault(Trouble::Fault, Reply::Fault)]
    #[case::silence(Trouble::Silence, Reply::Silence)]
    #[case::leave(Trouble::Leave, Reply::Leave)]
    #[case::short(Trouble::Short(2), Reply::Data(vec![6, 100]))]
    fn a_report_in_trouble(#[case] trouble: Trouble, #[case] reply: Reply) {
        let mut ups = eaton(0);
        ups.trouble_report(6, Some(trouble), 1.0);
        assert_eq!(ups.control(Duration::ZERO, GET_CHARGE, &[]), reply);
        let other = Setup { value: 0x0301, ..GET_CHARGE };
        assert!(matches!(ups.control(Duration::ZERO, other, &[]), Reply::Data(_)));
        ups.trouble_report(6, None, 1.0);
        assert!(matches!(ups.control(Duration::ZERO, GET_CHARGE, &[]), Reply::Data(_)));
    }

    #[test]
    fn a_late_answer_is_the_right_answer() {
        let mut ups = eaton(0);
        let right = ups.control(Duration::ZERO, GET_CHARGE, &[]);
        let second = Duration::from_secs(1);
        ups.trouble_report(6, Some(Trouble::Late(second)), 1.0);
        assert_eq!(ups.control(Duration::ZERO, GET_CHARGE, &[]), Reply::Late(second, Box::new(right)));
    }

    #[test]
    fn equal_seeds_draw_equal_lots() {
        let lots = |seed| -> Vec<bool> {
            let mut ups = eaton(seed);
            ups.trouble_report(6, Some(Trouble::Stall), 0.3);
            (0..1000).map(|_| ups.control(Duration::ZERO, GET_CHARGE, &[]) == Reply::Stall).collect()
        };
        assert_eq!(lots(1), lots(1));
        assert_ne!(lots(1), lots(2));
        let stalls = lots(1).into_iter().filter(|stalled| *stalled).count();
        assert!((250..350).contains(&stalls), "{stalls}");
    }

    #[test]
    fn a_frozen_device_says_nothing_and_thaws() {
        let mut ups = eaton(0);
        ups.freeze(true);
        let status = Setup { request_type: 0x80, request: 0, value: 0, index: 0, length: 2 };
        assert_eq!(ups.intercept(Duration::ZERO, status, &[]), Some(Reply::Silence));
        assert_eq!(ups.control(Duration::ZERO, GET_CHARGE, &[]), Reply::Silence);
        ups.plant_mut().set_mains(Duration::ZERO, false);
        assert_eq!(ups.interrupt(Duration::ZERO, 0x81), None);
        assert_eq!(ups.wake_at(), None);
        ups.freeze(false);
        assert_eq!(ups.wake_at(), Some(Duration::ZERO));
        assert!(ups.interrupt(Duration::ZERO, 0x81).is_some());
    }
}
