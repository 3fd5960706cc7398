//! The bytes of USB/IP 1.1.1 (Linux, Documentation/usb/usbip_protocol.rst), from the client's side. All numbers are big-endian.

use outage_host::usb::{Setup, UsbInfo};

/// Protocol version in the operation headers.
const VERSION: u16 = 0x0111;
/// Bytes of a bus id, its zero included.
pub(super) const BUSID: usize = 32;
/// Bytes of a device's path on the server.
const PATH: usize = 256;
/// Bytes of an operation's header.
pub(super) const OPERATION: usize = 8;
/// Bytes of a device in an operation's reply.
pub(super) const DEVICE: usize = PATH + BUSID + 24;
/// Bytes of an interface in the list of devices.
pub(super) const INTERFACE: usize = 4;
/// Bytes of a command's or a reply's header.
pub(super) const HEADER: usize = 48;

const OP_REQ_DEVLIST: u16 = 0x8005;
const OP_REP_DEVLIST: u16 = 0x0005;
const OP_REQ_IMPORT: u16 = 0x8003;
const OP_REP_IMPORT: u16 = 0x0003;

const CMD_SUBMIT: u32 = 1;
const CMD_UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// OP_REQ_DEVLIST.
pub(super) fn request_list() -> Vec<u8> {
    [&VERSION.to_be_bytes()[..], &OP_REQ_DEVLIST.to_be_bytes(), &[0; 4]].concat()
}

/// OP_REQ_IMPORT.
pub(super) fn request_import(busid: &str) -> Vec<u8> {
    let mut bytes = [&VERSION.to_be_bytes()[..], &OP_REQ_IMPORT.to_be_bytes(), &[0; 4]].concat();
    let mut field = [0; BUSID];
    for (to, from) in field[..BUSID - 1].iter_mut().zip(busid.bytes()) {
        *to = from;
    }
    bytes.extend(field);
    bytes
}

/// Which operation is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    List,
    Import,
}

/// The status word of an operation's reply, after its code was found right.
pub(super) fn operation_status(bytes: &[u8; OPERATION], operation: Operation) -> Result<u32, String> {
    let expected = match operation {
        Operation::List => OP_REP_DEVLIST,
        Operation::Import => OP_REP_IMPORT,
    };
    let (version, code) = (u16_at(bytes, 0), u16_at(bytes, 2));
    if code != expected {
        return Err(format!("not a USB/IP server: answered 0x{version:04x} 0x{code:04x}"));
    }
    Ok(u32_at(bytes, 4))
}

/// A device as operations describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exported {
    pub(super) info: UsbInfo,
    /// What commands call it: bus number and device number.
    pub(super) devid: u32,
    pub(super) interfaces: u8,
}

/// Understands [`DEVICE`] bytes.
pub(super) fn device(bytes: &[u8; DEVICE]) -> Exported {
    let rest = &bytes[PATH + BUSID..];
    let busid = text(&bytes[PATH..PATH + BUSID]);
    let (bus, number) = (u32_at(rest, 0), u32_at(rest, 4));
    Exported {
        info: UsbInfo {
            id: busid.clone(),
            bus: format!("{bus:03}"),
            address: format!("{number:03}"),
            port_path: busid,
            vendor_id: u16_at(rest, 12),
            product_id: u16_at(rest, 14),
            release: u16_at(rest, 16),
        },
        devid: bus << 16 | number & 0xffff,
        interfaces: rest[23],
    }
}

/// One transfer to ask for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Submit<'a> {
    pub(super) seq: u32,
    pub(super) devid: u32,
    pub(super) endpoint: u8,
    pub(super) input: bool,
    pub(super) length: u32,
    pub(super) interval: u32,
    pub(super) setup: Option<Setup>,
    pub(super) data: &'a [u8],
}

/// Appends USBIP_CMD_SUBMIT.
pub(super) fn submit(out: &mut Vec<u8>, submit: Submit<'_>) {
    let words = [
        CMD_SUBMIT,
        submit.seq,
        submit.devid,
        u32::from(submit.input),
        u32::from(submit.endpoint),
        0,
        submit.length,
        0,
        0,
        submit.interval,
    ];
    words.iter().for_each(|word| out.extend(word.to_be_bytes()));
    let mut setup = [0; 8];
    if let Some(Setup { request_type, request, value, index }) = submit.setup {
        let length = submit.length as u16;
        setup[0] = request_type;
        setup[1] = request;
        setup[2..4].copy_from_slice(&value.to_le_bytes());
        setup[4..6].copy_from_slice(&index.to_le_bytes());
        setup[6..8].copy_from_slice(&length.to_le_bytes());
    }
    out.extend(setup);
    out.extend(submit.data);
}

/// Appends USBIP_CMD_UNLINK.
pub(super) fn unlink(out: &mut Vec<u8>, seq: u32, devid: u32, victim: u32) {
    [CMD_UNLINK, seq, devid, 0, 0, victim].iter().for_each(|word| out.extend(word.to_be_bytes()));
    out.extend([0; 24]);
}

/// The header of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// USBIP_RET_SUBMIT; after it come `actual` bytes if the transfer was IN.
    Submit { seq: u32, status: i32, actual: u32 },
    /// USBIP_RET_UNLINK; `seq` is the unlink's own.
    Unlink { seq: u32 },
}

/// Understands [`HEADER`] bytes.
pub(super) fn reply(bytes: &[u8; HEADER]) -> Result<Reply, String> {
    let seq = u32_at(bytes, 4);
    match u32_at(bytes, 0) {
        RET_SUBMIT => Ok(Reply::Submit { seq, status: u32_at(bytes, 20) as i32, actual: u32_at(bytes, 24) }),
        RET_UNLINK => Ok(Reply::Unlink { seq }),
        other => Err(format!("unknown reply 0x{other:08x}")),
    }
}
