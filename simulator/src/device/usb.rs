//! A USB device as its bus sees it: requests in, answers out. Pure; time is an argument.

use std::time::Duration;

/// Signalling rate of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// 1.5 Mbit/s; endpoint 0 is 8 bytes.
    Low,
    /// 12 Mbit/s.
    Full,
    /// 480 Mbit/s.
    High,
}

/// The eight bytes of a SETUP packet (USB 2.0, 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// bmRequestType
    pub request_type: u8,
    /// bRequest
    pub request: u8,
    /// wValue
    pub value: u16,
    /// wIndex
    pub index: u16,
    /// wLength
    pub length: u16,
}

/// What a device does with a control request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The data stage of an IN request (the bus cuts it at `wLength`), or the good status of an OUT request (empty).
    Data(Vec<u8>),
    /// The endpoint stalls.
    Stall,
    /// No answer at all: the endpoint NAKs until the host gives up and unlinks.
    Silence,
    /// The transfer fails on the bus (EPROTO, "input/output error").
    Fault,
    /// More data than the host asked for (EOVERFLOW).
    Babble,
    /// This answer, after so much of the device's time.
    Late(Duration, Box<Reply>),
    /// The device leaves the bus in mid-transfer.
    Leave,
}

/// What makes a device itself: everything Chapter 9 needs to answer for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Signalling rate.
    pub speed: Speed,
    /// The device descriptor, 18 bytes, verbatim.
    pub device: Vec<u8>,
    /// The configuration with its interface, class and endpoint descriptors, verbatim.
    pub configuration: Vec<u8>,
    /// LANGIDs of string descriptor 0.
    pub languages: Vec<u16>,
    /// String descriptors by index.
    pub strings: std::collections::BTreeMap<u8, String>,
}

impl Identity {
    /// Gives the device another serial number: the text of the string that the device descriptor names. One that names
    /// none has none.
    pub fn set_serial_number(&mut self, serial_number: String) {
        if let Some(index) = self.device.get(16).copied().filter(|index| *index != 0) {
            self.strings.insert(index, serial_number);
        }
    }
}

/// The part of a USB device that Chapter 9 does not define: its class and vendor requests and its interrupt reports.
pub trait Function: Send {
    /// Who it is.
    fn identity(&self) -> &Identity;
    /// A class or vendor request, or GET_DESCRIPTOR for a class descriptor of an interface (HID, report), already
    /// checked against the interfaces there are. `data` is the OUT data stage.
    fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Reply;
    /// The next packet an interrupt IN endpoint has to say; `None`: NAK.
    fn interrupt(&mut self, now: Duration, endpoint: u8) -> Option<Vec<u8>>;
    /// The host chose this configuration (0: none), or reset the port: idle rates, protocol and pending packets are as new.
    fn configured(&mut self, now: Duration, configuration: u8);
    /// What an interrupt IN endpoint answers when the host polls it; `None`: NAK. [`Reply::Stall`] halts the endpoint
    /// until the host clears it. Only faults need anything but the default, [`Function::interrupt`].
    fn poll(&mut self, now: Duration, endpoint: u8) -> Option<Reply> {
        self.interrupt(now, endpoint).map(Reply::Data)
    }
    /// Data for an interrupt OUT endpoint that the configuration has.
    fn output(&mut self, _now: Duration, _endpoint: u8, _data: &[u8]) -> Reply {
        Reply::Stall
    }
    /// A look at every control request before Chapter 9 answers: firmware that answers a standard request in its own
    /// way (a string descriptor that stalls, that is slow, or that carries commands), or endpoint 0 gone silent.
    fn intercept(&mut self, _now: Duration, _setup: Setup, _data: &[u8]) -> Option<Reply> {
        None
    }
    /// When [`Function::interrupt`] may have something new without anyone touching the device.
    fn wake_at(&self) -> Option<Duration>;
}

impl<F: Function + ?Sized> Function for Box<F> {
    fn identity(&self) -> &Identity {
        (**self).identity()
    }

    fn control(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Reply {
        (**self).control(now, setup, data)
    }

    fn interrupt(&mut self, now: Duration, endpoint: u8) -> Option<Vec<u8>> {
        (**self).interrupt(now, endpoint)
    }

    fn configured(&mut self, now: Duration, configuration: u8) {
        (**self).configured(now, configuration);
    }

    fn poll(&mut self, now: Duration, endpoint: u8) -> Option<Reply> {
        (**self).poll(now, endpoint)
    }

    fn output(&mut self, now: Duration, endpoint: u8, data: &[u8]) -> Reply {
        (**self).output(now, endpoint, data)
    }

    fn intercept(&mut self, now: Duration, setup: Setup, data: &[u8]) -> Option<Reply> {
        (**self).intercept(now, setup, data)
    }

    fn wake_at(&self) -> Option<Duration> {
        (**self).wake_at()
    }
}
