//! A serial UPS on a pseudo-terminal, under a name of the user's.
//!
//! A driver opens the link as it would open `/dev/ttyS0`. The pty is raw; the rate that the driver sets is read back from
//! it, and at any other rate than the UPS's the line carries noise, as a real one does. A pty has no modem lines, so
//! contact-closure UPSes can't be served here.
#![expect(clippy::disallowed_methods, reason = "a bus is an edge to the operating system")]

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::bus::exchange::What;
use crate::bus::line::{End, Line, serve_heard};
use crate::ups::{BusKind, Ups};

/// Why a UPS can't be put on a pty.
#[derive(Debug)]
pub enum PtyError {
    /// The folder that the link would be in is not there.
    NoFolder(PathBuf),
    /// Something that is not a link has the name already.
    Taken(PathBuf),
    /// The UPS has no serial plug.
    NotSerial(String),
    /// The operating system refused: what, on which path.
    System(&'static str, PathBuf, io::Error),
}

impl fmt::Display for PtyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder(link) => write!(
                f,
                "link a pty to {}: its folder is missing; create it or take another path",
                link.display()
            ),
            Self::Taken(link) => write!(
                f,
                "link a pty to {}: there is a file that is not a link; remove it or take another path",
                link.display()
            ),
            Self::NotSerial(name) => write!(f, "put {name} on a pty: it is a USB UPS"),
            Self::System(what, path, error) => write!(f, "{what} {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for PtyError {}

/// A UPS on a pty. The link is there while its cable is in; it goes when this is dropped.
pub struct Pty {
    ups: Ups,
    link: PathBuf,
    line: Line,
    plugged: Option<Plugged>,
}

/// A pty with its link.
struct Plugged {
    master: Master,
    /// Held open, so that the master does not hang up while no driver has the other end open.
    _slave: OwnedFd,
    _link: Link,
}

impl Pty {
    /// Opens a pty and links `link` to it. A link that is there already, from a run that had no chance to tidy up, is
    /// replaced. Needs the runtime that [`Pty::serve`] will run in.
    ///
    /// # Errors
    /// When the link can't be made, or there are no ptys to be had.
    pub fn link(ups: Ups, link: impl Into<PathBuf>) -> Result<Self, PtyError> {
        let link = link.into();
        let line = Line::new(&link.to_string_lossy());
        Self::with_line(ups, link, line)
    }

    /// [`Pty::link`], with another rate or pace, or an observer.
    ///
    /// # Errors
    /// As [`Pty::link`].
    pub fn with_line(ups: Ups, link: impl Into<PathBuf>, line: Line) -> Result<Self, PtyError> {
        let link = link.into();
        if ups.kind() != BusKind::Serial {
            return Err(PtyError::NotSerial(ups.name().to_owned()));
        }
        let plugged = if ups.attached() { Some(Plugged::new(&link)?) } else { None };
        Ok(Self { ups, link, line, plugged })
    }

    /// What a driver opens.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.link
    }

    /// Serves the UPS for good: through drivers that come and go, and the cable out and in again. Pulling the cable
    /// hangs the line up and takes the link away, as a USB serial adapter does.
    ///
    /// # Errors
    /// When the pty fails, or its link can't be made again.
    pub async fn serve(mut self) -> Result<(), PtyError> {
        loop {
            let plugged = match self.plugged.take() {
                Some(plugged) => plugged,
                None => {
                    self.ups.wait_attached().await;
                    Plugged::new(&self.link)?
                }
            };
            let Plugged { master, _slave, _link } = plugged;
            self.line.observe(self.ups.now(), What::Attached, &[]);
            let baud = self.line.baud;
            let terminal = master.0.get_ref().try_clone();
            let terminal = terminal.map_err(|error| PtyError::System("read", self.link.clone(), error))?;
            let understood = || tcgetattr(&terminal).is_ok_and(|settings| settings.output_speed() == baud);
            let ended = serve_heard(&self.ups, &self.line, master, understood).await;
            self.line.observe(self.ups.now(), What::Detached, &[]);
            match ended {
                Ok(End::Unplugged | End::Closed) => {}
                Err(error) => return Err(PtyError::System("serve", self.link, error)),
            }
        }
    }
}

impl Plugged {
    fn new(link: &Path) -> Result<Self, PtyError> {
        let (master, slave, name) =
            open().map_err(|error| PtyError::System("open a pty for", link.to_owned(), error.into()))?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe; what that asks for, a descriptor that stays open and the same, an OwnedFd \
                      that nobody replaces gives"
        )]
        let master = AsyncFd::new(master)
            .map_err(|error| PtyError::System("open a pty for", link.to_owned(), error))?;
        let link = Link::make(link, &name)?;
        Ok(Self { master: Master(master), _slave: slave, _link: link })
    }
}

/// A raw pty: the simulator's end, the driver's end, and the name of the latter.
fn open() -> rustix::io::Result<(OwnedFd, OwnedFd, PathBuf)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let slave = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings)?;
    fcntl_setfl(&master, fcntl_getfl(&master)? | OFlags::NONBLOCK)?;
    Ok((master, slave, PathBuf::from(OsStr::from_bytes(name.as_bytes()))))
}

/// A symbolic link of ours; dropped, it is removed, unless it has become someone else's.
struct Link {
    path: PathBuf,
    target: PathBuf,
}

impl Link {
    fn make(path: &Path, target: &Path) -> Result<Self, PtyError> {
        let refused = |error| PtyError::System("link a pty to", path.to_owned(), error);
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_symlink() => return Err(PtyError::Taken(path.to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(PtyError::NoFolder(path.to_owned()));
            }
            Err(error) => return Err(refused(error)),
        }
        // Made beside it and moved over it, so that there is no moment without a link where there was one.
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let made = match std::os::unix::fs::symlink(target, &beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&beside).and_then(|()| std::os::unix::fs::symlink(target, &beside))
            }
            made => made,
        };
        made.and_then(|()| fs::rename(&beside, path)).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                PtyError::NoFolder(path.to_owned())
            } else {
                refused(error)
            }
        })?;
        Ok(Self { path: path.to_owned(), target: target.to_owned() })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if fs::read_link(&self.path).is_ok_and(|target| target == self.target) {
            // Nothing is left to do about a link that can't be removed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The simulator's end of a pty.
struct Master(AsyncFd<OwnedFd>);

impl AsyncRead for Master {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            let read = guard.try_io(|fd| Ok(rustix::io::read(fd, buffer.initialize_unfilled())?));
            match read {
                Ok(Ok(count)) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Ok(Err(error)) => return Poll::Ready(Err(error)),
                Err(_would_block) => {}
            }
        }
    }
}

impl AsyncWrite for Master {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.0.poll_write_ready(cx))?;
            match guard.try_io(|fd| Ok(rustix::io::write(fd, bytes)?)) {
                Ok(written) => return Poll::Ready(written),
                Err(_would_block) => {}
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
