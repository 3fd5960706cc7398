//! Cuts a byte stream into USB/IP messages (Linux `Documentation/usb/usbip_protocol.rst`), and writes the answers.
//!
//! The codec is the `usbip` crate's. It takes what it reads on trust, though: it allocates as many bytes as a length
//! field says before one of them has come, multiplies a count of isochronous packets by 16 without a bound, and holds
//! direction and status right by `debug_assert!`. So the fixed part of each message is checked here first, and the codec
//! sees only whole messages of a known length.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use usbip::usbip_protocol::{
    OP_REQ_DEVLIST, OP_REQ_IMPORT, USBIP_CMD_SUBMIT, USBIP_CMD_UNLINK, USBIP_RET_SUBMIT, USBIP_RET_UNLINK,
    USBIP_VERSION, UsbIpCommand, UsbIpHeaderBasic, UsbIpResponse,
};

/// The most that one OUT transfer may carry. No UPS has a use for a fraction of it.
pub(crate) const LARGEST_OUT: u32 = 1 << 20;
/// As in Linux (`USBIP_MAX_ISO_PACKETS`).
const MOST_ISO_PACKETS: u32 = 1024;

const OP_HEADER: usize = 8;
const OP_IMPORT: usize = 40;
const COMMAND: usize = 48;

/// Why a byte stream is not USB/IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A protocol version other than 1.1.1.
    Version(u16),
    /// A message code that no message of a client has.
    Command(u32),
    /// A request that says it failed.
    Status(u32),
    /// A direction other than OUT (0) and IN (1).
    Direction(u32),
    /// An endpoint number above 15.
    Endpoint(u32),
    /// A transfer longer than there can be.
    Length(u32),
    /// More isochronous packets than there can be.
    IsoPackets(u32),
    /// A device number that is not the attached device's.
    Device(u32),
    /// A request for the bus while a device is attached, or a transfer while none is.
    OutOfPlace,
    /// More transfers pending than a host has reason to.
    TooManyPending,
    /// The stream ended within a message.
    Cut,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "unknown USB/IP version {version:#06x}"),
            Self::Command(command) => write!(f, "unknown USB/IP message {command:#010x}"),
            Self::Status(status) => write!(f, "request with status {status}"),
            Self::Direction(direction) => write!(f, "direction {direction} is neither in nor out"),
            Self::Endpoint(endpoint) => write!(f, "endpoint {endpoint} is above 15"),
            Self::Length(length) => write!(f, "transfer of {length} bytes is too long"),
            Self::IsoPackets(packets) => write!(f, "{packets} isochronous packets are too many"),
            Self::Device(device) => write!(f, "device number {device:#x} is not the attached device's"),
            Self::OutOfPlace => f.write_str("message out of place"),
            Self::TooManyPending => f.write_str("too many transfers pending"),
            Self::Cut => f.write_str("stream ended within a message"),
        }
    }
}

impl std::error::Error for Malformed {}

/// The first message in `bytes` and its length; `None` while it is not complete.
pub(crate) fn next(bytes: &[u8]) -> Result<Option<(UsbIpCommand, usize)>, Malformed> {
    let Some(length) = length(bytes)? else { return Ok(None) };
    let Some(mut message) = bytes.get(..length) else { return Ok(None) };
    // The message is complete, so the codec never has to wait for more of it.
    let read = pin!(UsbIpCommand::read_from_socket(&mut message));
    match read.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(command)) => Ok(Some((command, length))),
        Poll::Ready(Err(_)) | Poll::Pending => Err(Malformed::Cut),
    }
}

/// How long the first message is, as soon as its fixed part can tell; everything that the codec takes on trust is
/// checked.
fn length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let word =
        |at: usize| bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map(u32::from_be_bytes);
    let Some(first) = word(0) else { return Ok(None) };
    let version = u16::try_from(first >> 16).unwrap_or(u16::MAX);
    let code = u16::try_from(first & 0xffff).unwrap_or(u16::MAX);
    match (version, code) {
        (USBIP_VERSION, OP_REQ_DEVLIST | OP_REQ_IMPORT) => {
            let Some(status) = word(4) else { return Ok(None) };
            if status != 0 {
                return Err(Malformed::Status(status));
            }
            Ok(Some(if code == OP_REQ_IMPORT { OP_IMPORT } else { OP_HEADER }))
        }
        (0, USBIP_CMD_SUBMIT) => {
            let (Some(direction), Some(endpoint), Some(length), Some(packets)) =
                (word(12), word(16), word(24), word(32))
            else {
                return Ok(None);
            };
            check_target(direction, endpoint)?;
            let out = direction == 0;
            if length > if out { LARGEST_OUT } else { i32::MAX.unsigned_abs() } {
                return Err(Malformed::Length(length));
            }
            // The documentation wants all ones where there are none; Linux sends zero.
            let packets = if packets == u32::MAX { 0 } else { packets };
            if packets > MOST_ISO_PACKETS {
                return Err(Malformed::IsoPackets(packets));
            }
            let data = if out { length as usize } else { 0 };
            Ok(Some(COMMAND + data + packets as usize * 16))
        }
        (0, USBIP_CMD_UNLINK) => {
            let (Some(direction), Some(endpoint)) = (word(12), word(16)) else { return Ok(None) };
            check_target(direction, endpoint)?;
            Ok(Some(COMMAND))
        }
        (0 | USBIP_VERSION, _) => Err(Malformed::Command(first)),
        (version, _) => Err(Malformed::Version(version)),
    }
}

fn check_target(direction: u32, endpoint: u32) -> Result<(), Malformed> {
    match (direction, endpoint) {
        (2.., _) => Err(Malformed::Direction(direction)),
        (_, 16..) => Err(Malformed::Endpoint(endpoint)),
        _ => Ok(()),
    }
}

/// Writes RET_SUBMIT. `actual` is the number of bytes that went over the wire; `data` has them for IN transfers.
///
/// Written by hand: the answer's direction is 0, as Linux sends it, and the codec holds by a `debug_assert!` that no data
/// follow a direction of 0. It saves an allocation for each transfer, too.
pub(crate) fn ret_submit(out: &mut Vec<u8>, seqnum: u32, status: i32, actual: u32, data: &[u8]) {
    let mut header = [0; COMMAND];
    header[0..4].copy_from_slice(&u32::from(USBIP_RET_SUBMIT).to_be_bytes());
    header[4..8].copy_from_slice(&seqnum.to_be_bytes());
    header[20..24].copy_from_slice(&status.to_be_bytes());
    header[24..28].copy_from_slice(&actual.to_be_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(data);
}

/// Writes RET_UNLINK.
pub(crate) fn ret_unlink(out: &mut Vec<u8>, seqnum: u32, status: i32) {
    let header = UsbIpHeaderBasic { command: USBIP_RET_UNLINK.into(), seqnum, devid: 0, direction: 0, ep: 0 };
    let status = status.cast_unsigned();
    out.extend(UsbIpResponse::UsbIpRetUnlink { header, status }.to_bytes());
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// CMD_SUBMIT's fixed part: direction, endpoint, transfer length, number of packets.
    fn submit(direction: u32, endpoint: u32, length: u32, packets: u32) -> Vec<u8> {
        words(&[1, 7, 0x10002, direction, endpoint, 0, length, 0, packets, 0, 0, 0])
    }

    #[rstest]
    #[case::nothing(vec![], Ok(None))]
    #[case::three_bytes(vec![0xff, 0xff, 0xff], Ok(None))]
    #[case::devlist(words(&[0x0111_8005, 0]), Ok(Some(8)))]
    #[case::import(words(&[0x0111_8003, 0]), Ok(Some(40)))]
    #[case::failed_request(words(&[0x0111_8003, 1]), Err(Malformed::Status(1)))]
    #[case::version(words(&[0x0106_8005, 0]), Err(Malformed::Version(0x0106)))]
    #[case::reply(words(&[0x0111_0005, 0]), Err(Malformed::Command(0x0111_0005)))]
    #[case::ret_submit(words(&[3]), Err(Malformed::Command(3)))]
    #[case::http(b"GET / HTTP/1.1\r\n".to_vec(), Err(Malformed::Version(0x4745)))]
    #[case::submit_in(submit(1, 0, 64, 0), Ok(Some(48)))]
    #[case::submit_out(submit(0, 0, 8, 0), Ok(Some(56)))]
    #[case::no_packets(submit(1, 1, 8, u32::MAX), Ok(Some(48)))]
    #[case::packets(submit(1, 1, 8, 2), Ok(Some(80)))]
    #[case::too_many_packets(submit(1, 1, 8, 1025), Err(Malformed::IsoPackets(1025)))]
    #[case::packets_that_overflow(submit(1, 1, 8, 0x1000_0000), Err(Malformed::IsoPackets(0x1000_0000)))]
    #[case::huge_out(submit(0, 0, u32::MAX, 0), Err(Malformed::Length(u32::MAX)))]
    #[case::large_out(submit(0, 0, LARGEST_OUT + 1, 0), Err(Malformed::Length(LARGEST_OUT + 1)))]
    #[case::huge_in(submit(1, 0, 0x8000_0000, 0), Err(Malformed::Length(0x8000_0000)))]
    #[case::sideways(submit(2, 0, 8, 0), Err(Malformed::Direction(2)))]
    #[case::endpoint_16(submit(1, 16, 8, 0), Err(Malformed::Endpoint(16)))]
    #[case::unlink(words(&[2, 8, 0x10002, 0, 0, 7]), Ok(Some(48)))]
    #[case::unlink_sideways(words(&[2, 8, 0x10002, 9, 0, 7]), Err(Malformed::Direction(9)))]
    fn lengths(#[case] bytes: Vec<u8>, #[case] found: Result<Option<usize>, Malformed>) {
        assert_eq!(length(&bytes), found);
    }

    quickcheck! {
        /// Whatever comes, a message is taken only when it is whole, and nothing panics.
        fn any_bytes(start: u8, rest: Vec<u8>) -> bool {
            let mut bytes = match start % 5 {
                0 => submit(0, 1, u32::from(start), 0),
                1 => submit(1, 1, u32::from(start), u32::from(start) / 64),
                2 => words(&[2, 1, 2]),
                3 => words(&[0x0111_8003, 0]),
                _ => Vec::new(),
            };
            bytes.extend(rest);
            match next(&bytes) {
                Ok(Some((_, length))) => length <= bytes.len(),
                Ok(None) | Err(_) => true,
            }
        }
    }
}
