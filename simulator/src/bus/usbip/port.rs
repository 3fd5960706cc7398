//! The ports of a bus: which device is there, under which number, and who has it attached.

use std::sync::{Arc, Mutex};

use usbip::{SetupPacket, UsbDevice, UsbEndpoint, UsbInterface, UsbInterfaceHandler};

use super::Bus;
use crate::device::chapter9::Configuration;
use crate::device::usb::{Identity, Speed};
use crate::ups::Ups;

/// Refusals of OP_REQ_IMPORT (Linux `tools/usb/usbip/libsrc/usbip_common.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `ST_DEV_BUSY`: another host has it.
    Busy = 2,
    /// `ST_NODEV`: no such bus id, or the cable is out.
    NoDevice = 4,
}

/// Where a UPS is plugged in.
pub(super) struct Port {
    pub(super) ups: Ups,
    /// The device number, for this time that it is plugged in.
    number: Option<(u64, u32)>,
    /// Who has it attached: a lease, and the time it was plugged in.
    lease: Option<(u64, u64)>,
}

impl Port {
    pub(super) fn new(ups: Ups) -> Self {
        Self { ups, number: None, lease: None }
    }

    /// The device as hosts see it now, and which time it is that it is plugged in; `None` when it is not. `numbers` is
    /// the count of device numbers handed out.
    fn describe(&mut self, busid: &str, numbers: &mut u32) -> Option<(UsbDevice, u64)> {
        let attachment = self.ups.attachment()?;
        let number = match self.number {
            Some((since, number)) if since == attachment => number,
            _ => {
                // 1 is the root hub. Linux's run from 1 to 127.
                let number = *numbers % 126 + 2;
                *numbers = numbers.wrapping_add(1);
                self.number = Some((attachment, number));
                number
            }
        };
        let identity = self.ups.identity()?;
        Some((description(busid, number, identity), attachment))
    }
}

/// A host's hold on a device. Dropped, the device is free again, whatever ended the connection.
pub(super) struct Lease {
    bus: Bus,
    pub(super) busid: String,
    pub(super) ups: Ups,
    pub(super) attachment: u64,
    /// What the host has to name the device by in every transfer.
    pub(super) devid: u32,
    number: u64,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(port) = self.bus.lock().by_busid.get_mut(&self.busid)
            && port.lease.is_some_and(|(number, _)| number == self.number)
        {
            port.lease = None;
        }
    }
}

impl Bus {
    /// The devices that hosts see.
    pub(super) fn list(&self) -> Vec<UsbDevice> {
        let ports = &mut *self.lock();
        let numbers = &mut ports.numbers;
        let described = ports.by_busid.iter_mut().filter_map(|(busid, port)| port.describe(busid, numbers));
        described.map(|(device, _)| device).collect()
    }

    /// Attaches the device at a bus id, as it came in the request: padded with zeros.
    pub(super) fn import(&self, busid: &[u8]) -> Result<(UsbDevice, Lease), Refusal> {
        let end = busid.iter().position(|byte| *byte == 0).unwrap_or(busid.len());
        let busid = std::str::from_utf8(&busid[..end]).map_err(|_| Refusal::NoDevice)?;
        let ports = &mut *self.lock();
        let port = ports.by_busid.get_mut(busid).ok_or(Refusal::NoDevice)?;
        let (device, attachment) = port.describe(busid, &mut ports.numbers).ok_or(Refusal::NoDevice)?;
        // A lease of an earlier time is of a connection that is about to notice that the device was away.
        if port.lease.is_some_and(|(_, since)| since == attachment) {
            return Err(Refusal::Busy);
        }
        ports.leases += 1;
        port.lease = Some((ports.leases, attachment));
        let lease = Lease {
            bus: self.clone(),
            busid: busid.to_owned(),
            ups: port.ups.clone(),
            attachment,
            devid: device.bus_num << 16 | device.dev_num,
            number: ports.leases,
        };
        Ok((device, lease))
    }
}

/// Whether it can be a bus id: Linux keeps 32 bytes for it, the last one zero.
pub(super) fn is_busid(busid: &str) -> bool {
    (1..32).contains(&busid.len())
        && busid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte))
}

/// The device as OP_REP_DEVLIST and OP_REP_IMPORT describe it.
fn description(busid: &str, number: u32, identity: &Identity) -> UsbDevice {
    let byte = |at: usize| identity.device.get(at).copied().unwrap_or(0);
    let word = |at: usize| u16::from_le_bytes([byte(at), byte(at + 1)]);
    let configuration = Configuration::parse(&identity.configuration);
    let digits = busid.split(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    let bus = digits.parse::<u16>().unwrap_or(1).max(1);
    let mut device = UsbDevice::default();
    device.path = format!("/sys/devices/platform/outage/usb{bus}/{busid}");
    device.bus_id = busid.to_owned();
    device.bus_num = u32::from(bus);
    device.dev_num = number;
    device.speed = match identity.speed {
        Speed::Low => 1,
        Speed::Full => 2,
        Speed::High => 3,
    };
    device.vendor_id = word(8);
    device.product_id = word(10);
    // The codec writes `major` and `minor` as the two bytes of bcdDevice, and leaves `patch` out.
    device.device_bcd.major = byte(13);
    device.device_bcd.minor = byte(12);
    device.device_class = byte(4);
    device.device_subclass = byte(5);
    device.device_protocol = byte(6);
    device.configuration_value = configuration.value;
    device.num_configurations = byte(17);
    device.interfaces = configuration
        .interfaces
        .iter()
        .map(|interface| UsbInterface {
            interface_class: interface.class[0],
            interface_subclass: interface.class[1],
            interface_protocol: interface.class[2],
            endpoints: Vec::new(),
            string_interface: 0,
            class_specific_descriptor: Vec::new(),
            handler: Arc::new(Mutex::new(Box::new(Unused))),
        })
        .collect();
    device
}

/// The codec's interfaces come with a handler for the crate's own engine, which is not used here.
#[derive(Debug)]
struct Unused;

impl UsbInterfaceHandler for Unused {
    fn get_class_specific_descriptor(&self) -> Vec<u8> {
        Vec::new()
    }

    fn handle_urb(
        &mut self,
        _interface: &UsbInterface,
        _ep: UsbEndpoint,
        _transfer_buffer_length: u32,
        _setup: SetupPacket,
        _req: &[u8],
    ) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
