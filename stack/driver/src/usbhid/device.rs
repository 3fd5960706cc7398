//! One HID device on a bus: its descriptors, strings and reports.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use outage_hid::{Descriptor, Path, ReportKind, parse};
use outage_host::Host;
use outage_host::usb::{Setup, TransferError, UsbDevice};

use super::explore::hex;
use super::settings::Settings;

/// How long a report may take.
const REPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a string may take.
const STRING_TIMEOUT: Duration = Duration::from_secs(1);
/// Longest report descriptor that is asked for; C NUT's limit.
const MAX_DESCRIPTOR: usize = 0x1800;
/// Least length that is asked for once a device answered more than it declares.
const WIDE: usize = 64;
/// Attempts at a descriptor.
const ATTEMPTS: u32 = 2;

const GET_REPORT: u8 = 0x01;
const SET_REPORT: u8 = 0x09;
const GET_DESCRIPTOR: u8 = 0x06;
const SET_INTERFACE: u8 = 0x0b;
const CLASS_HID: u8 = 3;
const HID_DESCRIPTOR: u8 = 0x21;
const REPORT_DESCRIPTOR: u8 = 0x22;
const ENGLISH: u16 = 0x0409;

/// Why a report was not had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReportError {
    /// The device does not have it.
    Stalled,
    /// No answer.
    TimedOut,
    /// Something else, this time.
    Failed(String),
    /// The device is gone.
    Gone(String),
}

impl From<TransferError> for ReportError {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Stall => Self::Stalled,
            TransferError::Timeout => Self::TimedOut,
            TransferError::Overflow | TransferError::Fault(_) => Self::Failed(error.to_string()),
            TransferError::Disconnected | TransferError::Access(_) | TransferError::Busy => {
                Self::Gone(error.to_string())
            }
        }
    }
}

impl std::fmt::Display for ReportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stalled => f.write_str("not supported by the device (stall)"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Failed(text) | Self::Gone(text) => f.write_str(text),
        }
    }
}

/// A HID interface as the configuration describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) number: u8,
    /// Length of the report descriptor, as the configuration has it; 0: no HID descriptor in there.
    pub(crate) length: usize,
    /// Interrupt IN endpoint and its packet size.
    pub(crate) endpoint: Option<(u8, usize)>,
}

/// The HID interfaces of a configuration (alternate setting 0 of each).
pub(crate) fn interfaces(configuration: &[u8]) -> Vec<Interface> {
    let mut found: Vec<Interface> = Vec::new();
    let (mut rest, mut inside) = (configuration, false);
    while let [length, kind, ..] = *rest {
        let length = usize::from(length);
        if length < 2 || length > rest.len() {
            break;
        }
        let (one, more) = rest.split_at(length);
        match (kind, found.last_mut()) {
            (4, _) if length >= 9 => {
                inside = one[5] == CLASS_HID && one[3] == 0;
                if inside {
                    found.push(Interface { number: one[2], length: 0, endpoint: None });
                }
            }
            (HID_DESCRIPTOR, Some(interface)) if inside => interface.length = report_length(one).unwrap_or(0),
            (5, Some(interface)) if inside && length >= 7 && one[2] & 0x80 != 0 && one[3] & 3 == 3 => {
                let packet = usize::from(u16::from_le_bytes([one[4], one[5]]) & 0x07ff);
                interface.endpoint = interface.endpoint.or(Some((one[2], packet)));
            }
            _ => {}
        }
        rest = more;
    }
    found
}

/// The report descriptor's length in a HID descriptor (HID 1.11, 6.2.1).
fn report_length(descriptor: &[u8]) -> Option<usize> {
    let entries = descriptor.get(6..)?.chunks_exact(3);
    let mut reports = entries.filter(|entry| entry[0] == REPORT_DESCRIPTOR);
    reports.next().map(|entry| usize::from(u16::from_le_bytes([entry[1], entry[2]])))
}

/// A UPS's HID interface, open.
pub(crate) struct HidDevice {
    host: Host,
    device: Box<dyn UsbDevice>,
    interface: u8,
    pub(crate) endpoint: Option<(u8, usize)>,
    pub(crate) descriptor: Descriptor,
    language: Option<u16>,
    strings: BTreeMap<u8, Option<String>>,
    wide: BTreeSet<u8>,
    max_report: bool,
}

impl HidDevice {
    pub(crate) fn new(host: Host, device: Box<dyn UsbDevice>, max_report: bool) -> Self {
        Self {
            host,
            device,
            interface: 0,
            endpoint: None,
            descriptor: Descriptor::default(),
            language: None,
            strings: BTreeMap::new(),
            wide: BTreeSet::new(),
            max_report,
        }
    }

    /// Every report is asked for with the longest length from now on.
    pub(crate) fn ask_widely(&mut self) {
        self.max_report = true;
    }

    pub(crate) fn device_descriptor(&self) -> Vec<u8> {
        self.device.device_descriptor()
    }

    /// Finds the interface that is a UPS's, claims it and reads its report descriptor. `known` is the descriptor of the
    /// same device when it was open before: it serves when the device does not hand it out again.
    pub(crate) async fn choose_interface(
        &mut self,
        settings: &Settings,
        vendor: u16,
        release: u16,
        known: Option<&Descriptor>,
    ) -> Result<(), ReportError> {
        let mut all = interfaces(&self.device.configuration_descriptor());
        if let Some(number) = settings.interface {
            all.retain(|interface| interface.number == number);
            if all.is_empty() {
                all.push(Interface {
                    number,
                    length: 0,
                    endpoint: settings.endpoint.map(|e| (e | 0x80, 64)),
                });
            }
        }
        let mut problem = ReportError::Failed("it has no HID interface".into());
        let mut second: Option<(Interface, Descriptor)> = None;
        for interface in all {
            if let Err(error) = self.device.claim(interface.number).await {
                problem = error.into();
                continue;
            }
            if let Some(alternate) = settings.alternate {
                let setup = Setup {
                    request_type: 0x01,
                    request: SET_INTERFACE,
                    value: alternate.into(),
                    index: interface.number.into(),
                };
                let _ = self.device.control_out(setup, &[], REPORT_TIMEOUT).await;
            }
            match self.report_descriptor(settings, interface, vendor, release).await {
                Ok((descriptor, true)) => {
                    self.adopt(interface, descriptor, settings);
                    return Ok(());
                }
                Ok((descriptor, false)) => {
                    second.get_or_insert((interface, descriptor));
                }
                Err(error) => match known {
                    Some(known) if !matches!(error, ReportError::Gone(_)) => {
                        self.host.debug(1, format!("report descriptor: {error}; using the one read before"));
                        self.adopt(interface, known.clone(), settings);
                        return Ok(());
                    }
                    _ => problem = error,
                },
            }
        }
        match second {
            Some((interface, descriptor)) => {
                self.adopt(interface, descriptor, settings);
                Ok(())
            }
            None => Err(problem),
        }
    }

    fn adopt(&mut self, interface: Interface, descriptor: Descriptor, settings: &Settings) {
        self.interface = interface.number;
        self.endpoint = match settings.endpoint {
            Some(number) => Some((number | 0x80, interface.endpoint.map_or(64, |(_, packet)| packet))),
            None => interface.endpoint,
        };
        self.descriptor = descriptor;
    }

    /// Reads the report descriptor by each way there is, until one makes sense. `true`: it is a UPS's, with a summary;
    /// `false`: it only has something of the power pages.
    async fn report_descriptor(
        &mut self,
        settings: &Settings,
        interface: Interface,
        vendor: u16,
        release: u16,
    ) -> Result<(Descriptor, bool), ReportError> {
        let index = settings.descriptor_index.unwrap_or(0);
        let mut ways: Vec<(u8, usize)> = vec![(index, interface.length)];
        // By request; the first descriptor of these Eatons is a reduced one (nut#3534).
        let reduced = vendor == 0x0463 && release == 0x0202 && settings.descriptor_index.is_none();
        for index in if reduced { vec![1, index] } else { vec![index] } {
            match self.get_descriptor(HID_DESCRIPTOR, index, interface.number, 9).await {
                Ok(bytes) => ways.push((index, report_length(&bytes).unwrap_or(0))),
                Err(ReportError::Gone(text)) => return Err(ReportError::Gone(text)),
                Err(error) => self.host.debug(2, format!("HID descriptor {index}: {error}")),
            }
        }
        if reduced {
            ways.rotate_left(1);
        }
        ways.retain(|(_, length)| (1..=MAX_DESCRIPTOR).contains(length));
        ways.dedup();
        let mut problem = ReportError::Failed("it has no usable HID descriptor".into());
        let mut second = None;
        for (index, length) in ways {
            let bytes = match self.get_descriptor(REPORT_DESCRIPTOR, index, interface.number, length).await {
                Ok(bytes) => bytes,
                Err(ReportError::Gone(text)) => return Err(ReportError::Gone(text)),
                Err(error) => {
                    problem = error;
                    continue;
                }
            };
            if bytes.len() < length {
                let text = format!("report descriptor of {} bytes instead of {length}", bytes.len());
                self.host.warn(text);
            }
            if settings.explore {
                self.host.notice(format!("Report descriptor, {} bytes: {}", bytes.len(), hex(&bytes)));
            }
            let (descriptor, oddities) = parse(&bytes);
            for oddity in oddities {
                self.host.debug(2, format!("report descriptor: {oddity}"));
            }
            if has(&descriptor, "UPS.PowerSummary") {
                return Ok((descriptor, true));
            }
            problem = ReportError::Failed("its report descriptor has nothing of a UPS".into());
            let power = descriptor
                .items()
                .iter()
                .any(|item| item.path.0.first().is_some_and(|usage| matches!(usage.page(), 0x84 | 0x85)));
            if power && second.is_none() {
                second = Some(descriptor);
            }
        }
        second.map(|descriptor| (descriptor, false)).ok_or(problem)
    }

    async fn get_descriptor(
        &mut self,
        kind: u8,
        index: u8,
        interface: u8,
        length: usize,
    ) -> Result<Vec<u8>, ReportError> {
        let setup = Setup {
            request_type: 0x81,
            request: GET_DESCRIPTOR,
            value: u16::from(kind) << 8 | u16::from(index),
            index: interface.into(),
        };
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let mut attempt = 1;
        loop {
            match self.device.control_in(setup, length, REPORT_TIMEOUT).await {
                Ok(bytes) => return Ok(bytes),
                Err(TransferError::Timeout | TransferError::Fault(_)) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The data of a report, without the id.
    pub(crate) async fn get_report(&mut self, kind: ReportKind, id: u8) -> Result<Vec<u8>, ReportError> {
        let head = usize::from(self.descriptor.has_report_ids());
        let declared = self.descriptor.report_length(kind, id) + head;
        let wide = self.max_report || self.wide.contains(&id);
        let length = if wide { self.longest() } else { declared };
        let mut answer = self.control_in(kind, id, length).await;
        if !wide && matches!(answer, Err(TransferError::Overflow | TransferError::Fault(_))) {
            // It may have more to say than it declares; usbfs, as nusb has it, tells that from no other fault.
            answer = self.control_in(kind, id, self.longest()).await;
            if answer.as_ref().is_ok_and(|bytes| bytes.len() > declared) {
                self.wide.insert(id);
            }
        }
        let mut bytes = answer?;
        match self.descriptor.split(&bytes) {
            Some((found, data)) if found == id && !data.is_empty() => {
                bytes.drain(..head);
                Ok(bytes)
            }
            Some((found, _)) if found != id => {
                Err(ReportError::Failed(format!("answered with report 0x{found:02x}")))
            }
            _ => Err(ReportError::Failed("empty answer".into())),
        }
    }

    /// Length of the longest report, or of a packet.
    fn longest(&self) -> usize {
        let lengths = self.descriptor.reports().map(|(_, _, length)| length + 1);
        lengths.max().unwrap_or(0).max(WIDE)
    }

    async fn control_in(
        &mut self,
        kind: ReportKind,
        id: u8,
        length: usize,
    ) -> Result<Vec<u8>, TransferError> {
        let setup = Setup {
            request_type: 0xa1,
            request: GET_REPORT,
            value: (kind as u16) << 8 | u16::from(id),
            index: self.interface.into(),
        };
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.device.control_in(setup, length, REPORT_TIMEOUT).await
    }

    /// Writes a feature report's data.
    pub(crate) async fn set_report(&mut self, id: u8, data: &[u8]) -> Result<(), ReportError> {
        let setup = Setup {
            request_type: 0x21,
            request: SET_REPORT,
            value: (ReportKind::Feature as u16) << 8 | u16::from(id),
            index: self.interface.into(),
        };
        let mut bytes = Vec::with_capacity(data.len() + 1);
        if self.descriptor.has_report_ids() {
            bytes.push(id);
        }
        bytes.extend_from_slice(data);
        Ok(self.device.control_out(setup, &bytes, REPORT_TIMEOUT).await?)
    }

    /// A string descriptor; asked for once. `None` for index 0 and for strings that cannot be read.
    pub(crate) async fn string(&mut self, index: u8) -> Option<String> {
        if index == 0 {
            return None;
        }
        if let Some(known) = self.strings.get(&index) {
            return known.clone();
        }
        let language = match self.language {
            Some(language) => language,
            None => {
                let languages = self.raw_string(0, 0).await.unwrap_or_default();
                let language = match languages[..] {
                    [length, 3, low, high, ..] if length >= 4 && length % 2 == 0 => {
                        u16::from_le_bytes([low, high])
                    }
                    _ => ENGLISH,
                };
                *self.language.insert(language)
            }
        };
        let text = match self.raw_string(index, language).await {
            Ok(bytes) => text(&bytes),
            Err(error) => {
                self.host.debug(1, format!("string {index}: {error}"));
                None
            }
        };
        self.strings.insert(index, text.clone());
        text
    }

    async fn raw_string(&mut self, index: u8, language: u16) -> Result<Vec<u8>, TransferError> {
        let setup = Setup {
            request_type: 0x80,
            request: GET_DESCRIPTOR,
            value: 0x0300 | u16::from(index),
            index: language,
        };
        self.device.control_in(setup, 255, STRING_TIMEOUT).await
    }

    /// Waits for an interrupt report. Cancel safe.
    pub(crate) async fn interrupt(&mut self, endpoint: u8, length: usize) -> Result<Vec<u8>, TransferError> {
        self.device.interrupt_in(endpoint, length).await
    }

    pub(crate) async fn clear_halt(&mut self, endpoint: u8) -> Result<(), TransferError> {
        self.device.clear_halt(endpoint).await
    }

    /// Lets go of it.
    pub(crate) async fn close(mut self) {
        self.device.close().await;
    }
}

fn has(descriptor: &Descriptor, path: &str) -> bool {
    path.parse::<Path>().is_ok_and(|path| descriptor.contains(&path))
}

/// The text of a string descriptor; `None` when it isn't one, or empty. Blanks at the ends are the device's own.
fn text(bytes: &[u8]) -> Option<String> {
    let &[length, 3, ..] = bytes else { return None };
    let units = bytes.get(2..usize::from(length).min(bytes.len()))?.chunks_exact(2);
    let units: Vec<u16> = units.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16_lossy(&units);
    let text = text.trim_end_matches(['\0', '\n', '\r']);
    if text.trim().is_empty() { None } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[8, 3, b'3', 0, b'S', 0, b' ', 0], Some("3S "))]
    #[case(&[8, 3, b'3', 0], Some("3"))]
    #[case(&[4, 3, b'3', 0, b'S', 0], Some("3"))]
    #[case(&[2, 3], None)]
    #[case(&[0, 3, b'3', 0], None)]
    #[case(&[4, 3, 0, 0], None)]
    #[case(&[4, 4, b'3', 0], None)]
    #[case(&[4], None)]
    #[case(&[4, 3, 0, 0xd8], Some("\u{fffd}"))]
    fn strings(#[case] bytes: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(text(bytes).as_deref(), expected);
    }

    #[test]
    fn interfaces_of_a_composite_device() {
        #[rustfmt::skip]
        let configuration = [
            9, 2, 0, 0, 2, 1, 0, 0x80, 50,
            9, 4, 0, 0, 1, 2, 2, 1, 0, 7, 5, 0x83, 3, 8, 0, 10,
            9, 4, 2, 0, 2, 3, 0, 0, 0, 9, 0x21, 0x10, 1, 0x21, 1, 0x22, 0xe7, 2, 7, 5, 5, 3, 64, 0, 10, 7, 5, 0x84, 3, 64, 0, 10,
            9, 4, 2, 1, 0, 3, 0, 0, 0,
            7, 5, 0x99,
        ];
        let found = interfaces(&configuration);
        assert_eq!(found, [Interface { number: 2, length: 743, endpoint: Some((0x84, 64)) }]);
        for end in 0..configuration.len() {
            interfaces(&configuration[..end]);
        }
        assert_eq!(interfaces(&[0, 0, 0]), []);
    }
}
