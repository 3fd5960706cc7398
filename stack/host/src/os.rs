//! What a machine can do for a daemon.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::net::{BoxListener, BoxStream};
use crate::process::{Child, Command};
use crate::serial::{BoxSerial, SerialSettings};
use crate::usb::{TransferError, UsbAccess, UsbDevice, UsbInfo};

/// Priorities of a log line: syslog's, and the levels of `-D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// `LOG_EMERG`
    Emergency,
    /// `LOG_ALERT`
    Alert,
    /// `LOG_CRIT`
    Critical,
    /// `LOG_ERR`
    Error,
    /// `LOG_WARNING`
    Warning,
    /// `LOG_NOTICE`
    Notice,
    /// `LOG_INFO`
    Info,
    /// Shown with this many `-D` or more; never goes to syslog.
    Debug(u8),
}

/// What a daemon is told by signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// SIGHUP
    Hup,
    /// SIGINT
    Int,
    /// SIGQUIT
    Quit,
    /// SIGTERM
    Term,
    /// SIGUSR1
    Usr1,
    /// SIGUSR2
    Usr2,
    /// SIGURG
    Urg,
    /// SIGKILL; can be sent, is never received.
    Kill,
    /// Signal 0: asks whether the process is there.
    Probe,
}

impl Signal {
    /// The system's number for it; 0 for one that only asks whether a process is there.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Hup => libc::SIGHUP,
            Self::Int => libc::SIGINT,
            Self::Quit => libc::SIGQUIT,
            Self::Term => libc::SIGTERM,
            Self::Usr1 => libc::SIGUSR1,
            Self::Usr2 => libc::SIGUSR2,
            Self::Urg => libc::SIGURG,
            Self::Kill => libc::SIGKILL,
            Self::Probe => 0,
        }
    }
}

/// What `stat` says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Permission bits.
    pub mode: u32,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// Whether it is a plain file: neither a directory nor a device, a pipe or a socket.
    pub is_file: bool,
    /// The number of the user whose it is.
    pub user: u32,
    /// The number of its group.
    pub group: u32,
    /// When its content was last changed. Only to be compared with what was said before.
    pub modified: SystemTime,
}

/// A user of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfo {
    /// The user's number.
    pub user: u32,
    /// The numbers of all groups that the user is in.
    pub groups: Vec<u32>,
}

/// A point in time on a machine's own calendar: what strftime(3) wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalTime {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    pub unix: i64,
    /// The year, as in 2026.
    pub year: i64,
    /// From 1.
    pub month: u8,
    /// Of the month, from 1.
    pub day: u8,
    /// From 0 to 23.
    pub hour: u8,
    /// From 0 to 59.
    pub minute: u8,
    /// From 0 to 60.
    pub second: u8,
    /// From 0, which is Sunday.
    pub weekday: u8,
    /// Days since the first of January.
    pub year_day: u16,
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// The time zone's short name.
    pub zone: String,
}

/// A lock on a file. It ends with its process, or when it is dropped, and then the file goes, if nothing is in it.
pub trait FileLock: Send + Sync {}

/// A lock that is held.
pub type BoxLock = Box<dyn FileLock>;

/// A machine: everything a daemon can ask for. [`crate::Host`] is the handle daemons hold.
///
/// Paths are absolute. Errors are those of the operating system; the virtual machine answers with the same kinds.
#[async_trait]
pub trait Os: Send + Sync + 'static {
    /// Monotonic time since some origin; goes on during suspend.
    fn now(&self) -> Duration;
    /// How much of that time this machine has slept since it was booted (suspend, hibernation).
    fn asleep(&self) -> Duration;
    /// The calendar's time, for texts only.
    fn wall_clock(&self) -> SystemTime;
    /// The same in the machine's time zone.
    fn local_time(&self) -> LocalTime;
    /// Returns at `at` of [`Os::now`], or at once if that has passed. Cancel safe.
    async fn sleep_until(&self, at: Duration);
    /// `length` unguessable bytes. The virtual machine takes them from its seed.
    fn random(&self, length: usize) -> Vec<u8>;

    /// The addresses of a host name or address literal, in order of preference; never empty.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
    /// Connects by TCP to the first address of `host` that answers, with TCP_NODELAY set.
    async fn connect_tcp(&self, host: &str, port: u16) -> io::Result<BoxStream>;
    /// Listens on one address (IPv6 sockets take IPv6 only).
    async fn listen_tcp(&self, address: SocketAddr) -> io::Result<BoxListener>;
    /// Connects to a Unix stream socket.
    async fn connect_unix(&self, path: &Path) -> io::Result<BoxStream>;
    /// Listens on a Unix stream socket with these permission bits; an old socket file there is removed first.
    async fn listen_unix(&self, path: &Path, mode: u32) -> io::Result<BoxListener>;

    /// Opens a serial line, raw and locked.
    async fn open_serial(&self, path: &Path, settings: SerialSettings) -> io::Result<BoxSerial>;
    /// The USB devices that are plugged in and can be reached so.
    async fn usb_devices(&self, access: UsbAccess) -> Result<Vec<UsbInfo>, TransferError>;
    /// Opens one of them by [`UsbInfo::id`].
    async fn open_usb(&self, access: UsbAccess, id: &str) -> Result<Box<dyn UsbDevice>, TransferError>;

    /// A file's content.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Replaces a file, by way of a temporary file beside it, so that no reader sees half of it; flushed to disk.
    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()>;
    /// Opens a file to write at its end; it is made, by the umask, if it is not there.
    fn append(&self, path: &Path) -> io::Result<Box<dyn io::Write + Send>>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// What `stat` says.
    fn stat(&self, path: &Path) -> io::Result<FileInfo>;
    /// The paths of what a directory holds, in order.
    fn list(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    /// Locks a file that exists for this only, and makes it, with these permission bits, if it is not there. `None`: another
    /// process holds the lock. One that a crash left behind is free.
    fn lock_file(&self, path: &Path, mode: u32) -> io::Result<Option<BoxLock>>;
    /// Makes a directory and those above it.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Changes a file's or a folder's permission bits.
    fn set_mode(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Gives a file or a folder to a user and a group, by their numbers.
    fn set_owner(&self, path: &Path, user: u32, group: u32) -> io::Result<()>;
    /// The number of a group of this name.
    fn group_id(&self, name: &str) -> Option<u32>;
    /// Makes a symbolic link at `path` that holds `target`, in place of an old link or file.
    fn make_link(&self, path: &Path, target: &Path) -> io::Result<()>;
    /// What a symbolic link holds; [`io::ErrorKind::InvalidInput`] when `path` is none.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
    /// A variable of the environment.
    fn env(&self, name: &str) -> Option<String>;
    /// The file of the running program, and the name it was called by (`argv[0]`'s last part).
    fn program(&self) -> (PathBuf, String);

    /// The machine's name, as hostname(1) prints it.
    fn host_name(&self) -> String;
    /// What tells this boot of the machine from every other one; `None` where the system does not say. Linux: boot_id,
    /// random(4).
    fn boot_id(&self) -> Option<String>;
    /// The name of the user this process belongs to, if there is one.
    fn user_name(&self) -> Option<String>;
    /// This process's id.
    fn pid(&self) -> u32;
    /// Whether this process may do anything (uid 0).
    fn is_root(&self) -> bool;
    /// The user of this name, if there is one.
    fn find_user(&self, name: &str) -> Option<UserInfo>;
    /// From now on `/` is the directory `root` (chroot(2)), which is the working directory too. Paths and
    /// [`Os::become_user`] go by what is in it; `user` is looked up before, for the new root may not know it.
    fn change_root(&self, root: &Path, user: Option<&str>) -> io::Result<()>;
    /// How many files and sockets this process may have open: its limit is raised as far as the administrator's goes.
    fn open_files(&self) -> usize;
    /// Becomes `user` (by name) and its groups for good; `group` overrides the primary group.
    fn become_user(&self, user: &str, group: Option<&str>) -> io::Result<()>;
    /// Starts a program; its output goes where this program's goes.
    async fn spawn(&self, command: &Command) -> io::Result<Box<dyn Child>>;
    /// Sends a signal to a process. [`io::ErrorKind::NotFound`] when there is none.
    fn send_signal(&self, pid: u32, signal: Signal) -> io::Result<()>;
    /// Waits for the next signal to this process; to be called by one task at a time. Cancel safe. From the first call on,
    /// these signals no longer end the process.
    async fn next_signal(&self) -> Signal;

    /// How many `-D` the log goes by now.
    fn debug_level(&self) -> u8;
    /// Changes that: `debug_min` of a configuration file, `driver.debug`.
    fn set_debug_level(&self, level: u8);
    /// Whether a line of this priority would be shown anywhere: saves making the texts of those that would not.
    fn wants(&self, priority: Priority) -> bool;
    /// Says a line: to standard error in the foreground, to syslog in the background. One line, no newline.
    fn log(&self, priority: Priority, text: &str);
    /// Prints to standard output (a program's result, not its log). No newline is added.
    fn print(&self, text: &str);
    /// Asks whoever runs this program for a line, which comes without its end; `None` when there is none to come.
    ///
    /// A `secret` is asked on the terminal, if there is one, and not shown while it is typed. Cancel safe but for what
    /// was typed: the terminal shows again what is typed then.
    async fn ask(&self, prompt: &str, secret: bool) -> io::Result<Option<String>>;
    /// A message to everyone who is logged in, as wall(1) does.
    async fn broadcast(&self, text: &str);
    /// Start-up is over: a background daemon lets go of its terminal and its parent exits with 0; tells systemd `READY=1`.
    /// From here on, no signal that [`Os::next_signal`] tells of ends this process by itself.
    fn ready(&self);
    /// Tells a service manager something (`RELOADING=1`, `STOPPING=1`, `WATCHDOG=1`, `STATUS=..`); nothing without one.
    fn notify_manager(&self, state: &str);
}
