//! The workspace's only `unsafe`: what neither `std` nor a safe wrapper offers. Each function here is safe to call.
#![expect(unsafe_code, reason = "this is the one module that may; each block says why it is sound")]

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::ioctl::{Direction, opcode};
use serialport::TTYPort;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::os::LocalTime;

/// Which of two processes this is, after [`fork`].
pub(super) enum Forked {
    /// The one that was there before; the child's process id.
    Parent(i32),
    /// The new one.
    Child,
}

/// Makes a second process of this one. To be called while this process has only one thread.
pub(super) fn fork() -> io::Result<Forked> {
    // SAFETY: fork(2) itself touches no memory of ours. What makes it dangerous, locks that other threads hold in the
    // child for ever, cannot be: `real::start` calls this before it makes a runtime, hence before any other thread.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        child => Ok(Forked::Parent(child)),
    }
}

/// A serial port's descriptor.
pub(super) fn tty_fd(port: &TTYPort) -> BorrowedFd<'_> {
    // SAFETY: a `TTYPort` owns its descriptor, open till it is dropped; it is borrowed for as long as the result lives.
    unsafe { BorrowedFd::borrow_raw(port.as_raw_fd()) }
}

/// Registers a serial port with the runtime's event loop.
pub(super) fn watch_tty(port: TTYPort) -> io::Result<AsyncFd<TTYPort>> {
    // SAFETY: a `TTYPort` always gives the same descriptor, which stays open till it is dropped, and nothing here
    // replaces or closes it while the `AsyncFd` owns the port.
    Ok(unsafe { AsyncFd::register(port) }?)
}

/// Registers a descriptor with the runtime's event loop.
pub(super) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    watch_for(descriptor, Interest::READABLE | Interest::WRITABLE)
}

/// The same for one direction.
pub(super) fn watch_for(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always gives the same descriptor, which stays open till it is dropped, and nothing takes it out
    // of the `AsyncFd` again.
    Ok(unsafe { AsyncFd::register_with_interest(descriptor, interest) }?)
}

/// What is asked of a hidraw node: numbers of its ioctls (linux/hidraw.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HidRequest {
    /// HIDIOCSFEATURE
    SetFeature = 0x06,
    /// HIDIOCGFEATURE
    GetFeature = 0x07,
    /// HIDIOCGINPUT, since Linux 5.11.
    GetInput = 0x0a,
}

/// Longest report that a hidraw node is asked for: more would not fit into the size of an ioctl on every processor.
const MAX_REPORT: usize = 0x1fff;

/// Transfers one report. Its first byte is the report's id, 0 in a device that numbers none. How many bytes came or went,
/// that one among them.
pub(super) fn hid_report(node: BorrowedFd<'_>, request: HidRequest, report: &mut [u8]) -> io::Result<usize> {
    if report.len() > MAX_REPORT {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let code = opcode::from_components(Direction::ReadWrite, b'H', request as u8, report.len());
    // SAFETY: the descriptor is open for as long as it is borrowed. The code holds the length of the buffer, which is live,
    // exclusively borrowed and initialised, and within which the kernel's hidraw reads and writes. Whatever else may
    // understand this code (the descriptor is of a node that the kernel lists as hidraw) finds a buffer of that length too.
    let done = unsafe { libc::ioctl(node.as_raw_fd(), code as _, report.as_mut_ptr()) };
    usize::try_from(done).map_err(|_| io::Error::last_os_error())
}

/// Splits seconds since 1970 as the machine's time zone wants it.
pub(super) fn local_time(seconds: i64) -> LocalTime {
    let mut parts = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to live, properly aligned objects of the right types, and localtime_r keeps neither.
    // All-zero bytes are a valid `tm` (integers, and a null zone name), so it may be read even if the call failed.
    let parts = unsafe {
        libc::localtime_r(&raw const seconds, parts.as_mut_ptr());
        parts.assume_init()
    };
    let zone = if parts.tm_zone.is_null() {
        String::new()
    } else {
        // SAFETY: not null, so localtime_r has set it to a zone name of the C library, which ends in NUL and lives at
        // least until the zone is set anew, which nothing in this process does.
        unsafe { CStr::from_ptr(parts.tm_zone) }.to_string_lossy().into_owned()
    };
    // localtime_r keeps to the ranges that the types have.
    let small = |value: i32| u8::try_from(value).unwrap_or(0);
    LocalTime {
        unix: seconds,
        year: i64::from(parts.tm_year) + 1900,
        month: small(parts.tm_mon + 1),
        day: small(parts.tm_mday),
        hour: small(parts.tm_hour),
        minute: small(parts.tm_min),
        second: small(parts.tm_sec),
        weekday: small(parts.tm_wday),
        year_day: u16::try_from(parts.tm_yday).unwrap_or(0),
        offset: i32::try_from(parts.tm_gmtoff).unwrap_or(0),
        zone,
    }
}
