//! The standard device requests of USB 2.0, chapter 9, answered in front of a [`Function`]. Pure; time is an argument.
//!
//! Where the specification says "request error" the answer is a stall; where it leaves the behaviour open, the answer is
//! what common firmware does, and a comment says so.

use std::collections::BTreeSet;
use std::time::Duration;

use super::usb::{Function, Identity, Reply, Setup, Speed};

/// bRequest of the standard requests (USB 2.0, table 9-4).
mod request {
    pub(super) const GET_STATUS: u8 = 0;
    pub(super) const CLEAR_FEATURE: u8 = 1;
    pub(super) const SET_FEATURE: u8 = 3;
    pub(super) const SET_ADDRESS: u8 = 5;
    pub(super) const GET_DESCRIPTOR: u8 = 6;
    pub(super) const GET_CONFIGURATION: u8 = 8;
    pub(super) const SET_CONFIGURATION: u8 = 9;
    pub(super) const GET_INTERFACE: u8 = 10;
    pub(super) const SET_INTERFACE: u8 = 11;
}

/// bDescriptorType (USB 2.0, table 9-5; BOS and DEVICE CAPABILITY: USB 3.x, table 9-6).
mod descriptor {
    pub(super) const DEVICE: u8 = 1;
    pub(super) const CONFIGURATION: u8 = 2;
    pub(super) const STRING: u8 = 3;
    pub(super) const INTERFACE: u8 = 4;
    pub(super) const ENDPOINT: u8 = 5;
    pub(super) const DEVICE_QUALIFIER: u8 = 6;
    pub(super) const OTHER_SPEED_CONFIGURATION: u8 = 7;
    pub(super) const BOS: u8 = 15;
}

/// Feature selectors (USB 2.0, table 9-6).
const ENDPOINT_HALT: u16 = 0;
const DEVICE_REMOTE_WAKEUP: u16 = 1;

/// Where a device is between a port reset and being ready for use (USB 2.0, 9.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Reset, no address yet.
    Default,
    /// It has an address; only endpoint 0 exists.
    Addressed,
    /// In use, by this configuration value.
    Configured(u8),
}

/// An endpoint of the configuration, from its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// bEndpointAddress: bit 7 is set for IN.
    pub address: u8,
    /// bmAttributes: the low two bits are 0 control, 1 isochronous, 2 bulk, 3 interrupt.
    pub attributes: u8,
    /// wMaxPacketSize, bytes.
    pub max_packet: u16,
    /// bInterval, verbatim.
    pub interval: u8,
    /// bInterfaceNumber of the interface it belongs to.
    pub interface: u8,
}

impl Endpoint {
    /// How often a host polls it: bInterval counts frames of 1 ms at low and full speed, and is the exponent of a number
    /// of microframes of 125 us at high speed (USB 2.0, table 9-13).
    #[must_use]
    pub fn period(&self, speed: Speed) -> Duration {
        match speed {
            Speed::Low | Speed::Full => Duration::from_millis(u64::from(self.interval.max(1))),
            Speed::High => Duration::from_micros(125 << u32::from(self.interval.clamp(1, 16) - 1)),
        }
    }
}

/// An interface of the configuration (alternate setting 0), from its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// bInterfaceNumber.
    pub number: u8,
    /// bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol.
    pub class: [u8; 3],
}

/// What Chapter 9 needs from a configuration's descriptors. Parsed leniently: reading ends at the first descriptor that
/// is cut short, as firmware with such a blob would still hand it out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Configuration {
    /// bConfigurationValue.
    pub value: u8,
    /// bmAttributes: bit 6 self-powered, bit 5 remote wakeup.
    pub attributes: u8,
    /// In the order of their descriptors.
    pub interfaces: Vec<Interface>,
    /// In the order of their descriptors.
    pub endpoints: Vec<Endpoint>,
}

impl Configuration {
    /// Walks a configuration descriptor and what follows it.
    #[must_use]
    pub fn parse(blob: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = blob;
        // Endpoints belong to the interface before them; those of alternate settings other than 0 don't exist for us.
        let mut current = None;
        while let [length, kind, ..] = *rest {
            let Some((one, after)) = rest.split_at_checked(usize::from(length.max(2))) else {
                break;
            };
            rest = after;
            match (kind, one) {
                (descriptor::CONFIGURATION, &[_, _, _, _, _, value, _, attributes, ..]) => {
                    found.value = value;
                    found.attributes = attributes;
                }
                (descriptor::INTERFACE, &[_, _, number, alternate, _, class, subclass, protocol, ..]) => {
                    current = (alternate == 0).then_some(number);
                    if alternate == 0 {
                        found.interfaces.push(Interface { number, class: [class, subclass, protocol] });
                    }
                }
                (descriptor::ENDPOINT, &[_, _, address, attributes, low, high, interval, ..]) => {
                    if let Some(interface) = current {
                        found.endpoints.push(Endpoint {
                            address,
                            attributes,
                            max_packet: u16::from_le_bytes([low, high]) & 0x07ff,
                            interval,
                            interface,
                        });
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// The state that Chapter 9 keeps for one device.
#[derive(Clone, Debug)]
pub struct Chapter9 {
    state: State,
    configuration: Configuration,
    speed: Speed,
    halted: BTreeSet<u8>,
    remote_wakeup: bool,
}

impl Chapter9 {
    /// A device that was just plugged in.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        Self {
            state: State::Default,
            configuration: Configuration::parse(&identity.configuration),
            speed: identity.speed,
            halted: BTreeSet::new(),
            remote_wakeup: false,
        }
    }

    /// Where the device is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// What its configuration consists of, chosen or not.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The endpoint of this address, if the device is configured and has it.
    #[must_use]
    pub fn endpoint(&self, address: u8) -> Option<&Endpoint> {
        match self.state {
            State::Configured(_) => {
                self.configuration.endpoints.iter().find(|endpoint| endpoint.address == address)
            }
            State::Default | State::Addressed => None,
        }
    }

    /// Signalling rate.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether this endpoint answers STALL to everything.
    #[must_use]
    pub fn halted(&self, address: u8) -> bool {
        self.halted.contains(&address)
    }

    /// The device halts an endpoint of its own accord.
    pub fn halt(&mut self, address: u8) {
        self.halted.insert(address);
    }

    /// The host resets the port.
    pub fn reset(&mut self, now: Duration, function: &mut dyn Function) {
        self.state = State::Default;
        self.halted.clear();
        self.remote_wakeup = false;
        function.configured(now, 0);
    }

    /// The host resets the port, gives the device an address and chooses its configuration: what a USB/IP server's own
    /// host has done with a device before it exports it.
    pub fn enumerate(&mut self, now: Duration, function: &mut dyn Function) {
        self.reset(now, function);
        self.state = State::Addressed;
        self.configure(now, function, self.configuration.value);
    }

    /// Answers a control request. Data for the host is cut at `wLength`, wherever it comes from.
    pub fn control(
        &mut self,
        now: Duration,
        function: &mut dyn Function,
        setup: Setup,
        data: &[u8],
    ) -> Reply {
        let reply = match function.intercept(now, setup, data) {
            Some(reply) => reply,
            None => self.answer(now, function, setup, data),
        };
        cut(reply, usize::from(setup.length))
    }

    fn answer(&mut self, now: Duration, function: &mut dyn Function, setup: Setup, data: &[u8]) -> Reply {
        match Kind::of(setup) {
            Kind::Standard => self.standard(now, function, setup, data).unwrap_or(Reply::Stall),
            Kind::Own if self.there(setup) => function.control(now, setup, data),
            Kind::Own | Kind::Reserved => Reply::Stall,
        }
    }

    /// Whether the interface or endpoint that a request is for is there.
    fn there(&self, setup: Setup) -> bool {
        let [low, _] = setup.index.to_le_bytes();
        match setup.request_type & 0x1f {
            0 => self.state != State::Default,
            1 => self.interface(low),
            2 => low & 0x7f == 0 || self.endpoint(low).is_some(),
            // "Other": the specification leaves it to the device.
            3 => true,
            _ => false,
        }
    }

    fn interface(&self, number: u8) -> bool {
        matches!(self.state, State::Configured(_))
            && self.configuration.interfaces.iter().any(|interface| interface.number == number)
    }

    /// The standard requests; `None` is a request error.
    fn standard(
        &mut self,
        now: Duration,
        function: &mut dyn Function,
        setup: Setup,
        data: &[u8],
    ) -> Option<Reply> {
        let done = || Some(Reply::Data(Vec::new()));
        let [low, high] = setup.index.to_le_bytes();
        // The whole of bmRequestType counts: SET_CONFIGURATION to an interface is no SET_CONFIGURATION.
        match (setup.request_type, setup.request) {
            (0x80, request::GET_DESCRIPTOR) => {
                descriptor_of(function.identity(), setup.value).map(Reply::Data)
            }
            // A class descriptor of an interface: HID's own and its report descriptor (HID 1.11, 7.1.1).
            (0x81, request::GET_DESCRIPTOR) => {
                self.interface(low).then(|| function.control(now, setup, data))
            }
            (0x00, request::SET_ADDRESS) => {
                let address = u8::try_from(setup.value).ok().filter(|address| *address < 128)?;
                self.state = match (self.state, address) {
                    // Unspecified in the configured state.
                    (State::Configured(_), _) => return None,
                    (_, 0) => State::Default,
                    _ => State::Addressed,
                };
                done()
            }
            _ if self.state == State::Default => None,
            (0x80, request::GET_STATUS) => Some(Reply::Data(vec![
                self.configuration.attributes >> 6 & 1 | u8::from(self.remote_wakeup) << 1,
                0,
            ])),
            (0x81, request::GET_STATUS) => {
                (self.interface(low) && high == 0).then(|| Reply::Data(vec![0, 0]))
            }
            (0x82, request::GET_STATUS) => (low & 0x7f == 0 || self.endpoint(low).is_some())
                .then(|| Reply::Data(vec![u8::from(self.halted(low)), 0])),
            (0x00, request::CLEAR_FEATURE | request::SET_FEATURE) if setup.value == DEVICE_REMOTE_WAKEUP => {
                // Only a device whose descriptor says it can wake its host has this feature.
                (self.configuration.attributes & 0x20 != 0).then_some(())?;
                self.remote_wakeup = setup.request == request::SET_FEATURE;
                done()
            }
            (0x02, request::CLEAR_FEATURE) if setup.value == ENDPOINT_HALT => {
                (low & 0x7f == 0 || self.endpoint(low).is_some()).then_some(())?;
                self.halted.remove(&low);
                done()
            }
            // Endpoint 0 can't be halted for good: the host could not undo it.
            (0x02, request::SET_FEATURE) if setup.value == ENDPOINT_HALT => {
                self.endpoint(low)?;
                self.halted.insert(low);
                done()
            }
            (0x80, request::GET_CONFIGURATION) => Some(Reply::Data(vec![match self.state {
                State::Configured(value) => value,
                State::Default | State::Addressed => 0,
            }])),
            (0x00, request::SET_CONFIGURATION) => {
                // The upper byte of wValue is reserved.
                let [value, _] = setup.value.to_le_bytes();
                (value == 0 || value == self.configuration.value).then_some(())?;
                self.configure(now, function, value);
                done()
            }
            (0x81, request::GET_INTERFACE) => self.interface(low).then(|| Reply::Data(vec![0])),
            (0x01, request::SET_INTERFACE) => {
                (self.interface(low) && setup.value == 0).then_some(())?;
                let own: BTreeSet<u8> = self
                    .configuration
                    .endpoints
                    .iter()
                    .filter(|endpoint| endpoint.interface == low)
                    .map(|endpoint| endpoint.address)
                    .collect();
                self.halted.retain(|address| !own.contains(address));
                done()
            }
            // SET_DESCRIPTOR, SYNCH_FRAME (isochronous only), test modes, and what no specification knows.
            _ => None,
        }
    }

    fn configure(&mut self, now: Duration, function: &mut dyn Function, value: u8) {
        self.state = if value == 0 { State::Addressed } else { State::Configured(value) };
        self.halted.clear();
        function.configured(now, value);
    }
}

/// bmRequestType, bits 5 and 6.
enum Kind {
    Standard,
    /// Class or vendor: the function's own.
    Own,
    Reserved,
}

impl Kind {
    fn of(setup: Setup) -> Self {
        match setup.request_type >> 5 & 3 {
            0 => Self::Standard,
            1 | 2 => Self::Own,
            _ => Self::Reserved,
        }
    }
}

/// What GET_DESCRIPTOR answers for the device as a whole; `wValue` is type and index.
fn descriptor_of(identity: &Identity, value: u16) -> Option<Vec<u8>> {
    let [index, kind] = value.to_le_bytes();
    let byte = |at: usize| identity.device.get(at).copied().unwrap_or(0);
    match kind {
        descriptor::DEVICE => Some(identity.device.clone()),
        descriptor::CONFIGURATION => (index == 0).then(|| identity.configuration.clone()),
        descriptor::STRING if index == 0 => {
            let words = identity.languages.iter().copied();
            (!identity.languages.is_empty()).then(|| string(words))
        }
        // An unknown LANGID gets the text all the same, as from most firmware.
        descriptor::STRING => identity.strings.get(&index).map(|text| string(text.encode_utf16())),
        // Only a device that can also run at another speed has these two (USB 2.0, 9.6.2 and 9.6.4).
        descriptor::DEVICE_QUALIFIER => (identity.speed == Speed::High).then(|| {
            let mut qualifier = vec![10, descriptor::DEVICE_QUALIFIER];
            qualifier.extend((2..=6).map(byte));
            qualifier.extend([64, byte(17), 0]);
            qualifier
        }),
        descriptor::OTHER_SPEED_CONFIGURATION => (identity.speed == Speed::High && index == 0).then(|| {
            let mut other = identity.configuration.clone();
            if let Some(kind) = other.get_mut(1) {
                *kind = descriptor::OTHER_SPEED_CONFIGURATION;
            }
            other
        }),
        // One capability, "USB 2.0 extension", without link power management.
        descriptor::BOS => (u16::from_le_bytes([byte(2), byte(3)]) >= 0x0201)
            .then(|| vec![5, descriptor::BOS, 12, 0, 1, 7, 0x10, 0x02, 0, 0, 0, 0]),
        _ => None,
    }
}

/// A string descriptor of these UTF-16 units; its length is a byte, so 126 of them fit.
fn string(units: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut bytes = vec![0, descriptor::STRING];
    bytes.extend(units.take(126).flat_map(u16::to_le_bytes));
    bytes[0] = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    bytes
}

fn cut(reply: Reply, length: usize) -> Reply {
    match reply {
        Reply::Data(mut data) => {
            data.truncate(length);
            Reply::Data(data)
        }
        Reply::Late(after, reply) => Reply::Late(after, Box::new(cut(*reply, length))),
        other => other,
    }
}

#[cfg(test)]
mod tests;
