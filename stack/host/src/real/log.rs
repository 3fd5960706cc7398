//! Where a program's lines go: standard error, syslog, the service manager.

use std::io::Write;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::sys;
use crate::os::Priority;

/// Facility `LOG_DAEMON` (RFC 3164, section 4.1.1).
const FACILITY_DAEMON: u8 = 3;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A program's log.
pub(super) struct Log {
    ident: String,
    debug: AtomicU8,
    start: Instant,
    to_stderr: AtomicBool,
    to_syslog: AtomicBool,
    /// Standard error is the journal's: it takes a line's severity from its beginning.
    to_journal: bool,
    socket: Mutex<Option<UnixDatagram>>,
}

fn severity(priority: Priority) -> u8 {
    match priority {
        Priority::Emergency => 0,
        Priority::Alert => 1,
        Priority::Critical => 2,
        Priority::Error => 3,
        Priority::Warning => 4,
        Priority::Notice => 5,
        Priority::Info => 6,
        Priority::Debug(_) => 7,
    }
}

/// A line for a terminal. With debugging on, each has the time since the program's start before it, as NUT's.
fn terminal_line(debug: u8, elapsed: Duration, priority: Priority, text: &str) -> String {
    let mut line = String::new();
    if debug > 0 {
        line = format!("{:4}.{:06}\t", elapsed.as_secs(), elapsed.subsec_micros());
    }
    if let Priority::Debug(level) = priority {
        line += &format!("[D{level}] ");
    }
    line + text
}

/// A message as a local syslog daemon takes it: RFC 3164 without a host name.
fn syslog_message(ident: &str, pid: u32, unix_time: i64, priority: Priority, text: &str) -> String {
    let time = sys::local_time(unix_time);
    let month = MONTHS.get(usize::from(time.month).wrapping_sub(1)).copied().unwrap_or("Jan");
    format!(
        "<{}>{month} {:2} {:02}:{:02}:{:02} {ident}[{pid}]: {text}",
        FACILITY_DAEMON * 8 + severity(priority),
        time.day,
        time.hour,
        time.minute,
        time.second,
    )
}

impl Log {
    pub(super) fn new(ident: &str, debug: u8, syslog: bool) -> Self {
        Self {
            ident: ident.into(),
            debug: AtomicU8::new(debug),
            start: Instant::now(),
            to_stderr: AtomicBool::new(true),
            to_syslog: AtomicBool::new(syslog),
            to_journal: is_journal(),
            socket: Mutex::new(None),
        }
    }

    /// From now on there is no terminal.
    pub(super) fn background(&self) {
        self.to_stderr.store(false, Ordering::Relaxed);
        self.to_syslog.store(true, Ordering::Relaxed);
    }

    /// Connects to syslog now: its socket will be out of reach.
    pub(super) fn open_syslog(&self) {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        if socket.is_none() {
            *socket = connect_syslog().ok();
        }
    }

    pub(super) fn debug_level(&self) -> u8 {
        self.debug.load(Ordering::Relaxed)
    }

    pub(super) fn set_debug_level(&self, level: u8) {
        self.debug.store(level, Ordering::Relaxed);
    }

    pub(super) fn wants(&self, priority: Priority) -> bool {
        match priority {
            Priority::Debug(level) => level <= self.debug_level(),
            _ => true,
        }
    }

    pub(super) fn write(&self, priority: Priority, text: &str) {
        if !self.wants(priority) {
            return;
        }
        // A line break within would forge a line of its own.
        let text = text.replace(['\n', '\r', '\0'], " ");
        let mut stderr = self.to_stderr.load(Ordering::Relaxed);
        let debug = matches!(priority, Priority::Debug(_));
        if self.to_syslog.load(Ordering::Relaxed) && !debug && !self.send_to_syslog(priority, &text) {
            stderr = true;
        }
        if stderr {
            let mut line = terminal_line(self.debug_level(), self.start.elapsed(), priority, &text) + "\n";
            if self.to_journal {
                line.insert_str(0, &format!("<{}>", severity(priority)));
            }
            // There is nowhere left to say that this failed.
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }

    fn send_to_syslog(&self, priority: Priority, text: &str) -> bool {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(0);
        let message = syslog_message(&self.ident, std::process::id(), now, priority, text);
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        // Twice, since the daemon may have been restarted.
        for _ in 0..2 {
            if socket.is_none() {
                *socket = connect_syslog().ok();
            }
            match socket.as_ref().map(|socket| socket.send(message.as_bytes())) {
                Some(Ok(_)) => return true,
                // A full queue: rather lose a line than stand still.
                Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => return true,
                Some(Err(_)) => *socket = None,
                None => return false,
            }
        }
        false
    }
}

/// Whether standard error goes to systemd's journal (systemd.exec(5), JOURNAL_STREAM; sd-daemon(3) has the prefixes).
fn is_journal() -> bool {
    let named = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let own = rustix::fs::fstat(std::io::stderr()).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    own.is_ok_and(|own| own == named)
}

fn connect_syslog() -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect("/dev/log")?;
    Ok(socket)
}

/// Tells the service manager that waits at `NOTIFY_SOCKET` (sd_notify(3)).
pub(super) fn notify_manager(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let path = path.as_encoded_bytes();
    let address = match path.split_first() {
        Some((b'@', name)) => SocketAddr::from_abstract_name(name),
        Some((b'/', _)) => match std::str::from_utf8(path) {
            Ok(path) => SocketAddr::from_pathname(path),
            Err(_) => return,
        },
        _ => return,
    };
    let sent = address.and_then(|address| {
        let socket = UnixDatagram::unbound()?;
        // Nobody's queue may make a daemon stand still.
        socket.set_nonblocking(true)?;
        socket.send_to_addr(state.as_bytes(), &address)
    });
    // sd_notify too goes on when nobody takes the message.
    let _ = sent;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_lines_look_as_nuts() {
        let elapsed = Duration::from_micros(12_345);
        let line = |debug, priority| terminal_line(debug, elapsed, priority, "text");
        assert_eq!(line(0, Priority::Notice), "text");
        assert_eq!(line(1, Priority::Notice), "   0.012345\ttext");
        assert_eq!(line(2, Priority::Debug(2)), "   0.012345\t[D2] text");
    }

    #[test]
    fn syslog_messages_have_facility_daemon_and_a_time() {
        let message = syslog_message("upsmon", 42, 0, Priority::Alert, "on battery");
        // 1970-01-01 in UTC, or the evening before west of it.
        assert!(message.starts_with("<25>Jan  1 ") || message.starts_with("<25>Dec 31 "), "{message}");
        assert!(message.ends_with(" upsmon[42]: on battery"), "{message}");
        assert_eq!(message.len(), "<25>Jan  1 00:00:00 upsmon[42]: on battery".len());
    }
}
