//! USB devices as a host sees them. [`UsbDevice`] is also implemented, outside this crate, by the USB/IP importer.

use std::time::Duration;

use async_trait::async_trait;

/// How the devices on a machine's own bus are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum UsbAccess {
    /// By usbfs: an interface is claimed, and the kernel's own driver detached from it meanwhile.
    #[default]
    Usbfs,
    /// By hidraw: by way of the kernel's HID driver, which stays where it is. One interface of a device, and of the
    /// requests only those of HID.
    Hidraw,
}

/// A device on the bus, before it is opened.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct UsbInfo {
    /// What [`crate::Os::open_usb`] takes: unique, by each way to reach it, while the device stays plugged in.
    pub id: String,
    /// Bus number as text, three digits as in `lsusb` (`001`).
    pub bus: String,
    /// Device address on the bus, three digits; changes at every replug.
    pub address: String,
    /// The chain of ports, `1-1.4`: where it is plugged in.
    pub port_path: String,
    /// Vendor id.
    pub vendor_id: u16,
    /// Product id.
    pub product_id: u16,
    /// bcdDevice.
    pub release: u16,
}

/// Why a USB transfer failed. The words are those of the USB specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// The endpoint answered STALL: the request is not supported, or the endpoint is halted.
    Stall,
    /// The device is gone.
    Disconnected,
    /// No answer within the time allowed.
    Timeout,
    /// More bytes came than were asked for.
    Overflow,
    /// Access was refused: the device node belongs to someone else.
    Access(String),
    /// The device, or its interface, is in use by another program.
    Busy,
    /// The bus reported an error, or anything else the operating system says.
    Fault(String),
}

impl std::fmt::Display for TransferError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stall => f.write_str("stall"),
            Self::Disconnected => f.write_str("no such device"),
            Self::Timeout => f.write_str("timed out"),
            Self::Overflow => f.write_str("overflow"),
            Self::Access(node) => write!(f, "no permission to use {node}"),
            Self::Busy => f.write_str("resource busy"),
            Self::Fault(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TransferError {}

/// The eight bytes that start a control transfer, without the length of an IN transfer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// bmRequestType: direction, type and recipient.
    pub request_type: u8,
    /// bRequest.
    pub request: u8,
    /// wValue.
    pub value: u16,
    /// wIndex.
    pub index: u16,
}

/// An open USB device.
#[async_trait]
pub trait UsbDevice: Send {
    /// The device descriptor, 18 bytes, as read at enumeration.
    fn device_descriptor(&self) -> Vec<u8>;
    /// The active configuration's descriptors, `wTotalLength` bytes.
    fn configuration_descriptor(&self) -> Vec<u8>;
    /// Claims an interface for this program; detaches a kernel driver that holds it.
    async fn claim(&mut self, interface: u8) -> Result<(), TransferError>;
    /// Control transfer IN of at most `length` bytes: what came, possibly shorter.
    async fn control_in(
        &mut self,
        setup: Setup,
        length: u16,
        timeout: Duration,
    ) -> Result<Vec<u8>, TransferError>;
    /// Control transfer OUT.
    async fn control_out(
        &mut self,
        setup: Setup,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), TransferError>;
    /// Waits for the next packet from an interrupt IN endpoint of at most `length` bytes; hidraw has whole reports, however
    /// long. Cancel safe: the transfer stays pending on the bus between calls, and control transfers go on meanwhile.
    async fn interrupt_in(&mut self, endpoint: u8, length: usize) -> Result<Vec<u8>, TransferError>;
    /// Clears an endpoint's halt.
    async fn clear_halt(&mut self, endpoint: u8) -> Result<(), TransferError>;
    /// Gives the interfaces back to whom they were taken from. To be called last: a device that is only dropped gives them
    /// back in its own time, which may be too late for a process that ends.
    async fn close(&mut self) {}
}
