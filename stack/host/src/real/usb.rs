//! USB devices of the operating system, by usbfs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use nusb::transfer::{Buffer, ControlIn, ControlOut, ControlType, In, Interrupt, Recipient};
use nusb::{Device, DeviceInfo, Endpoint, ErrorKind, Interface, MaybeFuture};

use crate::usb::{Setup, TransferError, UsbDevice, UsbInfo};

/// Where the kernel lists devices. Absent without USB.
const LISTING: &str = "/sys/bus/usb/devices";

fn node(device: &DeviceInfo) -> String {
    format!("/dev/bus/usb/{:03}/{:03}", device.busnum(), device.device_address())
}

fn info(device: &DeviceInfo) -> UsbInfo {
    let ports: Vec<_> = device.port_chain().iter().map(u8::to_string).collect();
    UsbInfo {
        id: node(device),
        bus: format!("{:03}", device.busnum()),
        address: format!("{:03}", device.device_address()),
        port_path: format!("{}-{}", device.busnum(), ports.join(".")),
        vendor_id: device.vendor_id(),
        product_id: device.product_id(),
        release: device.device_version(),
    }
}

fn error_of(error: nusb::Error, node: &str) -> TransferError {
    match error.kind() {
        ErrorKind::Disconnected => TransferError::Disconnected,
        ErrorKind::Busy => TransferError::Busy,
        ErrorKind::PermissionDenied => TransferError::Access(node.into()),
        _ => TransferError::Fault(error.to_string()),
    }
}

fn transfer_error(error: nusb::transfer::TransferError) -> TransferError {
    use nusb::transfer::TransferError as E;
    match error {
        E::Cancelled => TransferError::Timeout,
        E::Stall => TransferError::Stall,
        E::Disconnected => TransferError::Disconnected,
        // An overflow (EOVERFLOW) is among the faults.
        E::Fault | E::InvalidArgument | E::Unknown(_) => TransferError::Fault(error.to_string()),
    }
}

/// Runs what waits for the kernel apart from the daemon's thread.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TransferError> + Send + 'static,
) -> Result<T, TransferError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(TransferError::Fault(error.to_string())))
}

fn list() -> Result<Vec<DeviceInfo>, TransferError> {
    if !Path::new(LISTING).exists() {
        return Ok(Vec::new());
    }
    let mut devices: Vec<_> =
        nusb::list_devices().wait().map_err(|error| error_of(error, LISTING))?.collect();
    devices.sort_by_key(|device| (device.busnum(), device.device_address()));
    Ok(devices)
}

pub(super) async fn devices() -> Result<Vec<UsbInfo>, TransferError> {
    blocking(|| Ok(list()?.iter().map(info).collect())).await
}

pub(super) async fn open(id: &str) -> Result<Box<dyn UsbDevice>, TransferError> {
    let id = id.to_owned();
    blocking(move || {
        let found = list()?.into_iter().find(|device| node(device) == id);
        let found = found.ok_or(TransferError::Disconnected)?;
        let device = found.open().wait().map_err(|error| error_of(error, &id))?;
        let claims = Claims::none(&device);
        let opened: Box<dyn UsbDevice> =
            Box::new(Usbfs { device, node: id, endpoints: BTreeMap::new(), claims });
        Ok(opened)
    })
    .await
}

/// Claimed interfaces. Dropped, they go back to the kernel's driver, which asks the device who it is and waits for its
/// answers: not those of a device that does not answer, since who waits there cannot even be killed.
struct Claims {
    device: Device,
    interfaces: BTreeMap<u8, Interface>,
    /// The device let the last control transfer time out.
    silent: bool,
}

impl Claims {
    fn none(device: &Device) -> Self {
        Self { device: device.clone(), interfaces: BTreeMap::new(), silent: false }
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        if self.silent {
            for interface in self.interfaces.keys() {
                // To claim what is claimed already changes nothing but who lets go of it: this claim gives it to nobody, and
                // the one that would give it back has nothing left to give.
                drop(self.device.claim_interface(*interface).wait());
            }
        }
    }
}

/// An open device. Its endpoints are dropped before their interfaces, as usbfs wants it.
struct Usbfs {
    device: Device,
    node: String,
    endpoints: BTreeMap<u8, Endpoint<Interrupt, In>>,
    claims: Claims,
}

impl Usbfs {
    /// Notes whether the device answers.
    fn heard<T>(&mut self, done: Result<T, TransferError>) -> Result<T, TransferError> {
        self.claims.silent = matches!(done, Err(TransferError::Timeout));
        done
    }

    /// The endpoint of this address of a claimed interface.
    fn endpoint(&mut self, address: u8) -> Result<&mut Endpoint<Interrupt, In>, TransferError> {
        use std::collections::btree_map::Entry;
        match self.endpoints.entry(address) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let opened =
                    self.claims.interfaces.values().find_map(|interface| interface.endpoint(address).ok());
                let missing = || {
                    TransferError::Fault(format!(
                        "no interrupt IN endpoint {address:#04x} in a claimed interface"
                    ))
                };
                Ok(entry.insert(opened.ok_or_else(missing)?))
            }
        }
    }
}

/// Type and recipient of a bmRequestType (USB 2.0, table 9-2).
fn request_type(bits: u8) -> Result<(ControlType, Recipient), TransferError> {
    let control_type = match bits >> 5 & 3 {
        0 => ControlType::Standard,
        1 => ControlType::Class,
        2 => ControlType::Vendor,
        _ => return Err(TransferError::Fault("reserved request type".into())),
    };
    let recipient = match bits & 0x1f {
        0 => Recipient::Device,
        1 => Recipient::Interface,
        2 => Recipient::Endpoint,
        _ => Recipient::Other,
    };
    Ok((control_type, recipient))
}

/// Submits one more transfer, of as many whole packets as hold `length` bytes.
fn submit(endpoint: &mut Endpoint<Interrupt, In>, length: usize) {
    let packet = endpoint.max_packet_size().max(1);
    endpoint.submit(Buffer::new(length.max(1).next_multiple_of(packet)));
}

#[async_trait]
impl UsbDevice for Usbfs {
    fn device_descriptor(&self) -> Vec<u8> {
        self.device.device_descriptor().as_bytes().to_vec()
    }

    fn configuration_descriptor(&self) -> Vec<u8> {
        let active = self.device.active_configuration();
        active.map(|configuration| configuration.as_bytes().to_vec()).unwrap_or_default()
    }

    async fn claim(&mut self, interface: u8) -> Result<(), TransferError> {
        if self.claims.interfaces.contains_key(&interface) {
            return Ok(());
        }
        let claimed = self.device.detach_and_claim_interface(interface).await;
        let claimed = claimed.map_err(|error| error_of(error, &self.node))?;
        self.claims.interfaces.insert(interface, claimed);
        Ok(())
    }

    async fn control_in(
        &mut self,
        setup: Setup,
        length: u16,
        timeout: Duration,
    ) -> Result<Vec<u8>, TransferError> {
        let (control_type, recipient) = request_type(setup.request_type)?;
        let Setup { request, value, index, .. } = setup;
        let transfer = ControlIn { control_type, recipient, request, value, index, length };
        let done = self.device.control_in(transfer, timeout).await.map_err(transfer_error);
        self.heard(done)
    }

    async fn control_out(
        &mut self,
        setup: Setup,
        data: &[u8],
        timeout: Duration,
    ) -> Result<(), TransferError> {
        let (control_type, recipient) = request_type(setup.request_type)?;
        let Setup { request, value, index, .. } = setup;
        let transfer = ControlOut { control_type, recipient, request, value, index, data };
        let done = self.device.control_out(transfer, timeout).await.map_err(transfer_error);
        self.heard(done)
    }

    async fn interrupt_in(&mut self, endpoint: u8, length: usize) -> Result<Vec<u8>, TransferError> {
        let endpoint = self.endpoint(endpoint)?;
        if endpoint.pending() == 0 {
            submit(endpoint, length);
        }
        let done = endpoint.next_complete().await;
        done.status.map_err(transfer_error)?;
        // The next report has somewhere to go even before it is waited for.
        submit(endpoint, length);
        let mut bytes = done.buffer.into_vec();
        bytes.truncate(done.actual_len);
        if bytes.len() > length { Err(TransferError::Overflow) } else { Ok(bytes) }
    }

    async fn clear_halt(&mut self, endpoint: u8) -> Result<(), TransferError> {
        let node = self.node.clone();
        let endpoint = self.endpoint(endpoint)?;
        endpoint.cancel_all();
        while endpoint.pending() > 0 {
            endpoint.next_complete().await;
        }
        endpoint.clear_halt().await.map_err(|error| error_of(error, &node))
    }

    async fn close(&mut self) {
        // What is pending holds the interface: the kernel's driver gets it back when the last of that is taken back.
        for mut endpoint in std::mem::take(&mut self.endpoints).into_values() {
            endpoint.cancel_all();
            while endpoint.pending() > 0 {
                endpoint.next_complete().await;
            }
        }
        let claims = std::mem::replace(&mut self.claims, Claims::none(&self.device));
        // The kernel's driver asks the device who it is.
        let given_back = blocking(move || {
            drop(claims);
            Ok(())
        });
        // There is nobody to tell if that did not work.
        let _ = given_back.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_types_are_taken_apart() {
        // GET_REPORT of HID 1.11, section 7.2.1, and GET_DESCRIPTOR to the device.
        assert_eq!(request_type(0xa1), Ok((ControlType::Class, Recipient::Interface)));
        assert_eq!(request_type(0x80), Ok((ControlType::Standard, Recipient::Device)));
        assert!(request_type(0xe0).is_err());
    }

    #[test]
    fn a_time_out_is_not_a_fault() {
        use nusb::transfer::TransferError as E;
        assert_eq!(transfer_error(E::Cancelled), TransferError::Timeout);
        assert_eq!(transfer_error(E::Stall), TransferError::Stall);
        assert_eq!(transfer_error(E::Disconnected), TransferError::Disconnected);
        assert!(matches!(transfer_error(E::Fault), TransferError::Fault(_)));
    }

    #[tokio::test]
    async fn a_device_that_is_not_there_is_disconnected() {
        let opened = open("/dev/bus/usb/000/000").await;
        assert_eq!(opened.err(), Some(TransferError::Disconnected));
    }
}
