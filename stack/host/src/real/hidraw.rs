//! USB devices by way of the kernel's HID driver: reports through a hidraw node, everything else from sysfs.
//!
//! Nothing is detached and nothing claimed, and the node is all that is needed of /dev, so this is for containers, and for
//! those who want the kernel's driver left where it is. What is not of HID cannot be asked for: of a device's strings there
//! are the three that the kernel has read itself.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

use super::sys::{self, HidRequest};
use super::sysfs::{HidNode, hid_node, hid_nodes};
use super::usb::blocking;
use crate::usb::{Setup, TransferError, UsbDevice, UsbInfo};

/// Longest report that the kernel hands out (HID_MAX_BUFFER_SIZE of older kernels; no UPS comes near it).
const LONGEST: usize = 4096;
/// Languages: English (United States).
const LANGUAGES: [u8; 4] = [4, 3, 9, 4];
/// Most UTF-16 units that a string descriptor holds.
const MAX_UNITS: usize = 126;

/// Where things are.
pub(super) struct Places {
    sys: PathBuf,
    dev: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev".into() }
    }
}

impl Places {
    fn info(&self, node: HidNode) -> UsbInfo {
        UsbInfo { id: self.dev.join(&node.name).display().to_string(), ..node.info }
    }
}

pub(super) fn devices(places: &Places) -> Vec<UsbInfo> {
    hid_nodes(&places.sys).into_iter().map(|node| places.info(node)).collect()
}

pub(super) async fn open(places: &Places, id: &str) -> Result<Box<dyn UsbDevice>, TransferError> {
    let name = Path::new(id).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let known = hid_node(&places.sys, name).ok_or(TransferError::Disconnected)?;
    let path = id.to_owned();
    // The kernel wakes the device.
    let node = blocking(move || open_node(&path)).await?;
    let node =
        sys::watch(node).map_err(|error| TransferError::Fault(format!("failed to watch {id}: {error}")))?;
    Ok(Box::new(Hidraw { node: Arc::new(node), id: id.to_owned(), known, buffer: vec![0; LONGEST] }))
}

/// Opens a node that sysfs lists, for one of us: nobody claims anything here, and of two drivers that mean any UPS each
/// shall have its own.
fn open_node(path: &str) -> Result<OwnedFd, TransferError> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => TransferError::Fault(format!(
            "{path} is missing, though the kernel has its device: a container must be given it"
        )),
        _ => failure(&error, path),
    })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file.into()),
        Err(Errno::WOULDBLOCK) => Err(TransferError::Busy),
        Err(error) => Err(failure(&error.into(), path)),
    }
}

/// What an error of the kernel's HID and USB drivers says (Documentation/driver-api/usb/error-codes).
fn failure(error: &io::Error, node: &str) -> TransferError {
    match error.raw_os_error() {
        Some(libc::EPIPE) => TransferError::Stall,
        Some(libc::ENODEV | libc::ENXIO | libc::ESHUTDOWN | libc::ECONNRESET | libc::ENOENT) => {
            TransferError::Disconnected
        }
        Some(libc::ETIMEDOUT) => TransferError::Timeout,
        Some(libc::EOVERFLOW) => TransferError::Overflow,
        Some(libc::EACCES | libc::EPERM) => TransferError::Access(node.to_owned()),
        Some(libc::EBUSY) => TransferError::Busy,
        _ => TransferError::Fault(format!("{node}: {error}")),
    }
}

/// The same when reading reports that come unasked: a node whose device is gone says EIO.
fn read_failure(error: &io::Error, node: &str) -> TransferError {
    match error.raw_os_error() {
        Some(libc::EIO) => TransferError::Disconnected,
        _ => failure(error, node),
    }
}

/// A control transfer, as far as it can be had without the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    ReportDescriptor,
    Languages,
    /// A string by its index.
    String(u8),
    Get(HidRequest, u8),
    Set(HidRequest, u8),
    /// What hidraw has no way for.
    Nothing,
}

/// What a setup asks for (USB 2.0, table 9-3; HID 1.11, chapter 7).
fn wanted(setup: Setup, interface: u8) -> Wanted {
    let [low, high] = setup.value.to_le_bytes();
    let own = setup.index == u16::from(interface);
    match (setup.request_type, setup.request, high) {
        (0x80, 6, 3) if low == 0 => Wanted::Languages,
        (0x80, 6, 3) => Wanted::String(low),
        (0x81, 6, 0x22) if own && low == 0 => Wanted::ReportDescriptor,
        (0xa1, 1, 1) if own => Wanted::Get(HidRequest::GetInput, low),
        (0xa1, 1, 3) if own => Wanted::Get(HidRequest::GetFeature, low),
        (0x21, 9, 3) if own => Wanted::Set(HidRequest::SetFeature, low),
        _ => Wanted::Nothing,
    }
}

/// A string descriptor.
fn string_descriptor(text: &str) -> Vec<u8> {
    let units: Vec<_> = text.encode_utf16().take(MAX_UNITS).flat_map(u16::to_le_bytes).collect();
    [&[2 + units.len() as u8, 3], &units[..]].concat()
}

/// An open node.
struct Hidraw {
    node: Arc<AsyncFd<OwnedFd>>,
    id: String,
    known: HidNode,
    buffer: Vec<u8>,
}

impl Hidraw {
    /// Transfers a report, the id first. The kernel gives up after 5 s, whatever the caller would have waited.
    async fn transfer(&self, request: HidRequest, mut report: Vec<u8>) -> Result<Vec<u8>, TransferError> {
        let (node, id) = (Arc::clone(&self.node), self.id.clone());
        blocking(move || {
            let done = sys::hid_report(node.get_ref().as_fd(), request, &mut report);
            report.truncate(done.map_err(|error| failure(&error, &id))?);
            Ok(report)
        })
        .await
    }

    /// The string of this index, if it is one of those that the kernel knows.
    fn string(&self, index: u8) -> Option<&str> {
        // iManufacturer, iProduct, iSerialNumber
        let indices = self.known.device_descriptor.get(14..17)?;
        let at = indices.iter().position(|known| *known == index)?;
        self.known.strings[at].as_deref()
    }
}

#[async_trait]
impl UsbDevice for Hidraw {
    fn device_descriptor(&self) -> Vec<u8> {
        self.known.device_descriptor.clone()
    }

    fn configuration_descriptor(&self) -> Vec<u8> {
        self.known.configuration.clone()
    }

    async fn claim(&mut self, interface: u8) -> Result<(), TransferError> {
        if interface == self.known.interface {
            return Ok(());
        }
        let Self { id, known, .. } = self;
        Err(TransferError::Fault(format!("{id} is interface {}, not {interface}", known.interface)))
    }

    async fn control_in(&mut self, setup: Setup, length: u16, _: Duration) -> Result<Vec<u8>, TransferError> {
        let length = usize::from(length);
        let mut answer = match wanted(setup, self.known.interface) {
            Wanted::ReportDescriptor => self.known.report_descriptor.clone(),
            Wanted::Languages => LANGUAGES.to_vec(),
            Wanted::String(index) => string_descriptor(self.string(index).ok_or(TransferError::Stall)?),
            Wanted::Get(request, id) => {
                // The id of a report that has none is not on the bus. One byte alone the kernel does not take.
                let unnumbered = usize::from(id == 0);
                let mut report = vec![0; (length + unnumbered).clamp(2, LONGEST)];
                report[0] = id;
                let mut report = self.transfer(request, report).await?;
                report.drain(..unnumbered.min(report.len()));
                report
            }
            Wanted::Set(..) | Wanted::Nothing => return Err(TransferError::Stall),
        };
        answer.truncate(length);
        Ok(answer)
    }

    async fn control_out(&mut self, setup: Setup, data: &[u8], _: Duration) -> Result<(), TransferError> {
        match wanted(setup, self.known.interface) {
            Wanted::Set(request, 0) => self.transfer(request, [&[0], data].concat()).await.map(drop),
            Wanted::Set(request, _) => self.transfer(request, data.to_vec()).await.map(drop),
            _ => Err(TransferError::Stall),
        }
    }

    async fn interrupt_in(&mut self, _: u8, _: usize) -> Result<Vec<u8>, TransferError> {
        let Self { node, id, buffer, .. } = self;
        loop {
            let mut guard = node.readable().await.map_err(|error| read_failure(&error, id))?;
            match guard.try_io(|node| Ok(rustix::io::read(node.get_ref(), &mut buffer[..])?)) {
                Ok(Ok(count)) => return Ok(buffer[..count].to_vec()),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => return Err(read_failure(&error, id)),
                Err(_would_block) => {}
            }
        }
    }

    async fn clear_halt(&mut self, _: u8) -> Result<(), TransferError> {
        // The kernel's driver does that by itself.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::TempDir;

    use super::super::sysfs::tests::{REPORT, sysfs};
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(5);

    /// A sysfs with an Eaton, interface 1, as hidraw2; of its node there is a pipe.
    fn places() -> (TempDir, Places) {
        let sys = sysfs();
        let dev = sys.path().join("dev");
        std::fs::create_dir(&dev).unwrap();
        mknodat(CWD, dev.join("hidraw2"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let places = Places { sys: sys.path().to_owned(), dev };
        (sys, places)
    }

    fn node(places: &Places) -> String {
        places.dev.join("hidraw2").display().to_string()
    }

    async fn opened(places: &Places) -> Box<dyn UsbDevice> {
        open(places, &node(places)).await.unwrap_or_else(|error| panic!("{error}"))
    }

    #[rstest]
    #[case(0x80, 6, 0x0300, 0, Wanted::Languages)]
    #[case(0x80, 6, 0x0302, 0x0409, Wanted::String(2))]
    #[case(0x81, 6, 0x2200, 1, Wanted::ReportDescriptor)]
    #[case(0x81, 6, 0x2201, 1, Wanted::Nothing)]
    #[case(0x81, 6, 0x2200, 0, Wanted::Nothing)]
    #[case(0x81, 6, 0x2100, 1, Wanted::Nothing)]
    #[case(0xa1, 1, 0x0306, 1, Wanted::Get(HidRequest::GetFeature, 6))]
    #[case(0xa1, 1, 0x0106, 1, Wanted::Get(HidRequest::GetInput, 6))]
    #[case(0xa1, 1, 0x0206, 1, Wanted::Nothing)]
    #[case(0xa1, 1, 0x0306, 0, Wanted::Nothing)]
    #[case(0x21, 9, 0x0300, 1, Wanted::Set(HidRequest::SetFeature, 0))]
    #[case(0x21, 9, 0x0200, 1, Wanted::Nothing)]
    #[case(0x01, 11, 0, 1, Wanted::Nothing)]
    #[case(0xc1, 1, 0x0306, 1, Wanted::Nothing)]
    fn setups(
        #[case] request_type: u8,
        #[case] request: u8,
        #[case] value: u16,
        #[case] index: u16,
        #[case] expected: Wanted,
    ) {
        assert_eq!(wanted(Setup { request_type, request, value, index }, 1), expected);
    }

    #[rstest]
    #[case(libc::EPIPE, TransferError::Stall)]
    #[case(libc::ENODEV, TransferError::Disconnected)]
    #[case(libc::ESHUTDOWN, TransferError::Disconnected)]
    #[case(libc::ETIMEDOUT, TransferError::Timeout)]
    #[case(libc::EOVERFLOW, TransferError::Overflow)]
    #[case(libc::EACCES, TransferError::Access("/dev/hidraw2".into()))]
    // A container's cgroup.
    #[case(libc::EPERM, TransferError::Access("/dev/hidraw2".into()))]
    #[case(libc::EIO, TransferError::Fault("/dev/hidraw2: Input/output error (os error 5)".into()))]
    #[case(libc::EPROTO, TransferError::Fault("/dev/hidraw2: Protocol error (os error 71)".into()))]
    fn errors(#[case] errno: i32, #[case] expected: TransferError) {
        assert_eq!(failure(&io::Error::from_raw_os_error(errno), "/dev/hidraw2"), expected);
    }

    #[test]
    fn a_node_without_its_device_reads_as_one_unplugged() {
        let error = io::Error::from_raw_os_error(libc::EIO);
        assert_eq!(read_failure(&error, "/dev/hidraw2"), TransferError::Disconnected);
    }

    #[rstest]
    #[case("3S", vec![6, 3, b'3', 0, b'S', 0])]
    #[case("", vec![2, 3])]
    #[case(&"x".repeat(300), [&[254, 3][..], &[b'x', 0].repeat(126)].concat())]
    fn strings(#[case] text: &str, #[case] expected: Vec<u8>) {
        assert_eq!(string_descriptor(text), expected);
    }

    #[tokio::test]
    async fn what_sysfs_knows_is_told_as_on_the_bus() {
        let (_sys, places) = places();
        let found: Vec<_> = devices(&places).into_iter().map(|info| (info.id, info.port_path)).collect();
        assert_eq!(found, [(node(&places), "1-4".to_owned())]);
        let mut device = opened(&places).await;
        assert_eq!(device.device_descriptor()[8..10], [0x63, 0x04]);
        assert_eq!(device.configuration_descriptor()[9..12], [9, 4, 1]);
        let descriptor = Setup { request_type: 0x81, request: 6, value: 0x2200, index: 1 };
        assert_eq!(device.control_in(descriptor, 99, TIMEOUT).await.as_deref(), Ok(REPORT));
        assert_eq!(device.control_in(descriptor, 2, TIMEOUT).await.as_deref(), Ok(&REPORT[..2]));
        let string =
            |index: u16| Setup { request_type: 0x80, request: 6, value: 0x0300 | index, index: 0x0409 };
        assert_eq!(device.control_in(string(1), 255, TIMEOUT).await, Ok(string_descriptor("EATON")));
        // The serial number, which it has not, and a string that only the device knows.
        for unknown in [4, 3] {
            assert_eq!(device.control_in(string(unknown), 255, TIMEOUT).await, Err(TransferError::Stall));
        }
        assert!(device.claim(1).await.is_ok());
        let text = device.claim(0).await.unwrap_err().to_string();
        assert!(text.ends_with("hidraw2 is interface 1, not 0"), "{text}");
    }

    #[tokio::test]
    async fn reports_come_whole_and_waiting_can_be_given_up() {
        let (_sys, places) = places();
        let mut device = opened(&places).await;
        let nothing = tokio::time::timeout(Duration::from_millis(1), device.interrupt_in(0x81, 8)).await;
        assert!(nothing.is_err());
        std::fs::write(node(&places), [6, 1, 2, 3, 4, 5, 6, 7, 8, 9]).unwrap();
        assert_eq!(device.interrupt_in(0x81, 8).await.as_deref(), Ok(&[6, 1, 2, 3, 4, 5, 6, 7, 8, 9][..]));
    }

    #[tokio::test]
    async fn a_report_is_asked_of_the_node() {
        let (_sys, places) = places();
        let mut device = opened(&places).await;
        let get = Setup { request_type: 0xa1, request: 1, value: 0x0306, index: 1 };
        let text = device.control_in(get, 8, TIMEOUT).await.unwrap_err().to_string();
        // It is only a pipe.
        assert_eq!(text, format!("{}: Inappropriate ioctl for device (os error 25)", node(&places)));
    }

    #[tokio::test]
    async fn of_two_drivers_one_has_the_node() {
        let (_sys, places) = places();
        let first = opened(&places).await;
        assert_eq!(open(&places, &node(&places)).await.err(), Some(TransferError::Busy));
        drop(first);
        opened(&places).await;
    }

    #[tokio::test]
    async fn a_device_whose_node_is_missing_is_not_one_that_is_gone() {
        let (_sys, places) = places();
        assert_eq!(open(&places, "/dev/hidraw7").await.err(), Some(TransferError::Disconnected));
        std::fs::remove_file(node(&places)).unwrap();
        let text = open(&places, &node(&places)).await.err().map(|error| error.to_string());
        assert!(text.as_ref().is_some_and(|text| text.contains("hidraw2 is missing")), "{text:?}");
    }
}
