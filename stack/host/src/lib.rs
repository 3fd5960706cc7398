//! The machine a daemon runs on, behind one handle.
//!
//! Every daemon of the stack is `async fn run(config, host: Host, ..)`. It asks its [`Host`] for sockets, serial
//! lines, USB devices, files, processes, signals, time and the log, and cannot tell whether the answer comes from
//! the operating system ([`real`]) or from a machine that exists only in memory ([`virt`], feature `virtual`).
//!
//! This is the only crate of `stack/` that calls the operating system, and its `real::sys` module is the only
//! place of the workspace that may say `unsafe`.

pub mod net;
pub mod os;
pub mod process;
pub mod serial;
pub mod usb;

pub mod real;
#[cfg(feature = "virtual")]
pub mod virt;

mod host;
mod quiet;

pub use host::{Elapsed, Host, before};
pub use net::{BoxListener, BoxStream, ByteStream, Listener};
pub use os::{BoxLock, FileInfo, FileLock, LocalTime, Os, Priority, Signal, UserInfo};
pub use process::{Child, Command, ExitStatus};
pub use quiet::{BoxFuture, boxed};
pub use serial::{BoxSerial, Parity, SerialLine, SerialSettings};
