//! The driver that the benchmark plays, on the Unix socket where upsd looks for one.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::ups;

/// A driver that answers one upsd from a thread of its own. Dropped, it is gone.
pub(super) struct Played {
    path: PathBuf,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    over: AtomicBool,
    /// The connection, while there is one.
    stream: Mutex<Option<UnixStream>>,
    value: AtomicU32,
}

impl Shared {
    fn stream(&self) -> std::sync::MutexGuard<'_, Option<UnixStream>> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, text: &str) -> io::Result<()> {
        match &mut *self.stream() {
            Some(stream) => stream.write_all(text.as_bytes()),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Played {
    /// Listens in the state folder of an upsd.
    pub(super) fn listen(folder: &Path) -> Result<Self, String> {
        let path = folder.join(format!("{}-{}", ups::DRIVER, ups::NAME));
        let failed = |error: io::Error| format!("failed to play a driver at {}: {error}", path.display());
        let listener = UnixListener::bind(&path).map_err(failed)?;
        let shared = Arc::new(Shared {
            over: AtomicBool::new(false),
            stream: Mutex::default(),
            value: AtomicU32::new(ups::FIRST_VALUE),
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("driver".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                if own.over.load(Ordering::SeqCst) {
                    return;
                }
                // An upsd that went comes again.
                let _ = stream.and_then(|stream| serve(&own, stream));
                *own.stream() = None;
            }
        });
        Ok(Self { thread: Some(thread.map_err(failed)?), shared, path })
    }

    /// Says what the UPS's status is from now on.
    pub(super) fn say_status(&self, status: &str) -> Result<(), String> {
        let line = format!("SETINFO ups.status \"{status}\"\n");
        self.shared.say(&line).map_err(|error| format!("failed to tell upsd of a status: {error}"))
    }

    /// Changes the one variable that changes, and returns its new value.
    pub(super) fn change(&self) -> Result<u32, String> {
        let next = self.shared.value.load(Ordering::SeqCst) + 1;
        let next = if next < ups::VALUES_END { next } else { ups::FIRST_VALUE };
        self.shared.value.store(next, Ordering::SeqCst);
        let line = format!("SETINFO {} \"{next}\"\n", ups::CHANGING);
        self.shared.say(&line).map_err(|error| format!("failed to tell upsd of a change: {error}"))?;
        Ok(next)
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(stream) = &*self.shared.stream() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // It waits for a connection: that is one.
        drop(UnixStream::connect(&self.path));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(shared: &Shared, stream: UnixStream) -> io::Result<()> {
    let reader = stream.try_clone()?;
    *shared.stream() = Some(stream);
    for line in BufReader::new(reader).lines() {
        let line = line?;
        match line.split(' ').next() {
            Some("DUMPALL") => shared.say(&ups::dump(shared.value.load(Ordering::SeqCst)))?,
            Some("PING") => shared.say("PONG\n")?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn it_dumps_answers_and_changes() {
        let folder = tempfile::tempdir().unwrap();
        let played = Played::listen(folder.path()).unwrap();
        let mut stream = UnixStream::connect(&played.path).unwrap();
        stream.write_all(b"DUMPALL\nPING\n").unwrap();
        let mut text = vec![0; ups::dump(ups::FIRST_VALUE).len() + "PONG\n".len()];
        stream.read_exact(&mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().ends_with("DUMPDONE\nPONG\n"));
        assert_eq!(played.change(), Ok(10_001));
        let mut text = [0; "SETINFO battery.runtime \"10001\"\n".len()];
        stream.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"SETINFO battery.runtime \"10001\"\n");
        drop(played);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it hangs up when it is dropped");
    }
}
