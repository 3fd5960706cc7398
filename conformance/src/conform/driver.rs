//! A driver that the harness plays: its socket, its dump, and what upsd has to say to it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outage_host::BoxStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::lab::{Accept, LIMIT, Lab};
use super::record::{Kind, Record, latin};
use super::setup::{Manner, PlayedUps};
use super::{Miss, Outcome};

/// What the socket's task and its owner share.
#[derive(Default)]
struct Shared {
    /// Lines from upsd that are not answered by themselves.
    heard: VecDeque<String>,
    /// Connections so far.
    connections: u32,
    /// Dumps that were answered so far.
    dumps: u32,
    dump: Vec<String>,
    manner: Manner,
    /// PING is not answered.
    ignores_ping: bool,
    /// To the present connection's task.
    output: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

/// A played driver. It answers DUMPALL and PING by itself; everything else that upsd says is kept for
/// [`Driver::heard`].
pub struct Driver {
    name: String,
    socket: String,
    shared: Arc<Mutex<Shared>>,
    news: Arc<Notify>,
    record: Record,
    task: Option<JoinHandle<()>>,
    /// It has said something that was not in its dump, or went: what upsd knows is no longer the fixture.
    changed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driver {
    /// Opens the socket of a UPS's driver, unless that is to be absent.
    ///
    /// # Errors
    /// The socket could not be made.
    pub async fn open(lab: &dyn Lab, ups: &PlayedUps, record: &Record) -> io::Result<Self> {
        let shared = Shared { dump: ups.dump.clone(), manner: ups.manner, ..Shared::default() };
        let mut driver = Self {
            name: format!("driver {}", ups.name),
            socket: ups.socket(),
            shared: Arc::new(Mutex::new(shared)),
            news: Arc::default(),
            record: record.clone(),
            task: None,
            changed: false,
        };
        if ups.manner != Manner::Absent {
            driver.listen(lab).await?;
        }
        Ok(driver)
    }

    async fn listen(&mut self, lab: &dyn Lab) -> io::Result<()> {
        let listener = lab.listen_unix(&self.socket).await?;
        let (shared, news) = (Arc::clone(&self.shared), Arc::clone(&self.news));
        let (record, name) = (self.record.clone(), self.name.clone());
        self.task = Some(tokio::spawn(serve(listener, shared, news, record, name)));
        Ok(())
    }

    /// Whether it did anything besides answering DUMPALL and PING.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// Says a line to upsd.
    ///
    /// # Errors
    /// upsd is not connected.
    pub fn say(&mut self, line: &str) -> Outcome {
        self.bytes(format!("{line}\n").as_bytes())
    }

    /// Sends bytes to upsd as they are.
    ///
    /// # Errors
    /// upsd is not connected.
    pub fn bytes(&mut self, bytes: &[u8]) -> Outcome {
        self.changed = true;
        let sent = match &lock(&self.shared).output {
            Some(output) => output.send(bytes.to_vec()).is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { Err(Miss::Fail(format!("{}: upsd is not connected", self.name))) }
    }

    /// The next line that upsd said, other than DUMPALL and PING.
    ///
    /// # Errors
    /// None came within the limit.
    pub async fn heard(&mut self) -> Result<String, Miss> {
        self.heard_within(LIMIT).await
    }

    /// The same with a limit of its own.
    ///
    /// # Errors
    /// As [`Driver::heard`].
    pub async fn heard_within(&mut self, limit: Duration) -> Result<String, Miss> {
        self.changed = true;
        let waiting = async {
            loop {
                if let Some(line) = lock(&self.shared).heard.pop_front() {
                    return line;
                }
                self.news.notified().await;
            }
        };
        let found = timeout(limit, waiting).await;
        found.map_err(|_| Miss::Fail(format!("{}: upsd said nothing within {limit:?}", self.name)))
    }

    /// The next line that upsd said must be this.
    ///
    /// # Errors
    /// It is not.
    pub async fn expect(&mut self, expected: &str) -> Outcome {
        let seen = self.heard().await?;
        super::ensure(seen == expected, || {
            format!("{}: expected {expected:?}, upsd said {seen:?}", self.name)
        })
    }

    /// upsd must say nothing for a while.
    ///
    /// # Errors
    /// It said something.
    pub async fn silence(&mut self, quiet: Duration) -> Outcome {
        match self.heard_within(quiet).await {
            Ok(seen) => Err(Miss::Fail(format!("{}: expected silence, upsd said {seen:?}", self.name))),
            Err(_) => Ok(()),
        }
    }

    /// From now on PING is kept for [`Driver::heard`] instead of being answered.
    pub fn ignore_pings(&mut self) {
        self.changed = true;
        lock(&self.shared).ignores_ping = true;
    }

    /// It is of another manner from its next dump on.
    pub fn set_manner(&mut self, manner: Manner) {
        self.changed = true;
        lock(&self.shared).manner = manner;
    }

    /// The next dump begins empty.
    pub fn clear_dump(&mut self) {
        self.changed = true;
        lock(&self.shared).dump.clear();
    }

    /// Adds a line to what the next DUMPALL is answered with.
    pub fn add_to_dump(&mut self, line: &str) {
        self.changed = true;
        lock(&self.shared).dump.push(line.to_owned());
    }

    /// Hangs up on upsd, but goes on listening.
    pub fn hang_up(&mut self) {
        self.changed = true;
        self.record.did(&self.name, "hangs up");
        lock(&self.shared).output = None;
    }

    /// Goes: hangs up and takes its socket away.
    ///
    /// # Errors
    /// The socket can't be removed.
    pub fn go(&mut self, lab: &dyn Lab) -> Outcome {
        self.changed = true;
        if let Some(task) = self.task.take() {
            task.abort();
        }
        lock(&self.shared).output = None;
        self.record.did(&self.name, "goes");
        match lab.remove(&self.socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Miss::Fail(format!("failed to remove {}: {error}", self.socket)))
            }
            _ => Ok(()),
        }
    }

    /// Comes (back): listens on its socket.
    ///
    /// # Errors
    /// The socket can't be made.
    pub async fn come(&mut self, lab: &dyn Lab) -> Outcome {
        self.changed = true;
        self.record.did(&self.name, "comes");
        {
            let mut shared = lock(&self.shared);
            if shared.manner == Manner::Absent {
                shared.manner = Manner::Right;
            }
        }
        let done = self.listen(lab).await;
        done.map_err(|error| Miss::Fail(format!("failed to listen on {}: {error}", self.socket)))
    }

    /// How often upsd connected so far.
    #[must_use]
    pub fn connections(&self) -> u32 {
        lock(&self.shared).connections
    }

    /// How many dumps upsd was given so far.
    #[must_use]
    pub fn dumps(&self) -> u32 {
        lock(&self.shared).dumps
    }

    /// Waits until upsd has connected (again): until there were `count` connections.
    ///
    /// # Errors
    /// There were not within `limit`.
    pub async fn connected(&self, count: u32, limit: Duration) -> Outcome {
        self.until(limit, &format!("upsd connects ({count})"), |shared| shared.connections >= count).await
    }

    /// Waits until `count` dumps were given.
    ///
    /// # Errors
    /// There were not within `limit`.
    pub async fn dumped(&self, count: u32, limit: Duration) -> Outcome {
        self.until(limit, &format!("upsd has its dump ({count})"), |shared| shared.dumps >= count).await
    }

    async fn until(&self, limit: Duration, what: &str, holds: impl Fn(&Shared) -> bool) -> Outcome {
        let waiting = async {
            while !holds(&lock(&self.shared)) {
                self.news.notified().await;
            }
        };
        let done = timeout(limit, waiting).await;
        done.map_err(|_| Miss::Fail(format!("{}: waited {limit:?} until {what}", self.name)))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Serves one upsd after the other; a new connection replaces the old one.
async fn serve(
    listener: Box<dyn Accept>,
    shared: Arc<Mutex<Shared>>,
    news: Arc<Notify>,
    record: Record,
    name: String,
) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok(stream) = listener.accept().await {
        record.did(&name, "upsd connected");
        let (sender, receiver) = mpsc::unbounded_channel();
        {
            let mut shared = lock(&shared);
            shared.connections += 1;
            shared.output = Some(sender);
        }
        news.notify_one();
        let (shared, news) = (Arc::clone(&shared), Arc::clone(&news));
        connections.spawn(talk(stream, receiver, shared, news, record.clone(), name.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection.
async fn talk(
    mut stream: BoxStream,
    mut output: mpsc::UnboundedReceiver<Vec<u8>>,
    shared: Arc<Mutex<Shared>>,
    news: Arc<Notify>,
    record: Record,
    name: String,
) {
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        tokio::select! {
            biased;
            bytes = output.recv() => {
                // The owner let go of this connection: it hangs up.
                let Some(bytes) = bytes else { return };
                record.bytes(&name, Kind::Sent, &bytes);
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    record.did(&name, "upsd takes nothing any more");
                    return;
                }
            }
            count = stream.read(&mut chunk) => {
                let count = count.unwrap_or(0);
                if count == 0 {
                    record.did(&name, "upsd closed");
                    return;
                }
                record.bytes(&name, Kind::Heard, &chunk[..count]);
                heard.extend_from_slice(&chunk[..count]);
                while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = heard.drain(..=end).collect();
                    take(&latin(&line[..end]), &shared);
                    news.notify_one();
                }
            }
        }
    }
}

/// Answers a line of upsd, or keeps it.
fn take(line: &str, shared: &Mutex<Shared>) {
    let mut shared = lock(shared);
    let mute = shared.manner == Manner::Mute;
    let reply = match line {
        "DUMPALL" if !mute => {
            let mut text: String = shared.dump.iter().map(|line| format!("{line}\n")).collect();
            text += if shared.manner == Manner::Stale { "DATASTALE\n" } else { "DATAOK\n" };
            text += "DUMPDONE\n";
            shared.dumps += 1;
            text
        }
        "PING" if !mute && !shared.ignores_ping => "PONG\n".to_owned(),
        other => {
            shared.heard.push_back(other.to_owned());
            return;
        }
    };
    if let Some(output) = &shared.output {
        // A connection that ended meanwhile needs no answer.
        let _ = output.send(reply.into_bytes());
    }
}
