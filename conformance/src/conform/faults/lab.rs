//! Machines in memory with a fault put in between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use outage_host::{BoxStream, Signal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::Notify;

use super::{Fate, Kind, Left};
use crate::conform::Miss;
use crate::conform::lab::drivers::CALLED;
use crate::conform::lab::virt::VirtualLab;
use crate::conform::lab::{Accept, FLAG, Lab, Process, Start, TOLD, Target};
use crate::conform::record::{Record, latin};

/// What fits between the two ends of a wire.
const ROOM: usize = 64 * 1024;

/// How long a server is waited for that answers after the end of the stream.
const ANSWER: Duration = Duration::from_millis(10);

/// The programs that end by themselves.
const CLIENTS: [&str; 6] = ["upsc", "upscmd", "upsrw", "upslog", "upssched", "upsdrvctl"];
/// Where a CMDSCRIPT of the suites notes how it was called.
const SCRIPT_CALLS: &str = "run/calls";

/// What every answer of a server that talks nonsense is.
const NONSENSE: &[u8] = b"NONSENSE\n";

/// What the wires of one lab share.
#[derive(Default)]
struct Shared {
    running: bool,
    /// Real ids of TRACKING in the order in which they were given out.
    ids: Vec<String>,
    /// The highest number of logins so far, by UPS.
    logins: BTreeMap<String, u32>,
    /// Clients in the middle of a line.
    half: BTreeSet<usize>,
    clients: usize,
    /// What drivers said, by socket and variable.
    old: BTreeMap<String, BTreeMap<String, String>>,
    requests: String,
    /// What the harness wrote in the place of upsmon's flag.
    flag: Option<Vec<u8>>,
}

/// A lab with one fault.
pub struct FaultyLab {
    inner: VirtualLab,
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
    /// Clients are dropped, or may go on.
    news: Arc<Notify>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FaultyLab {
    /// Makes the machines.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub fn new(seed: u64, fault: &super::Fault) -> Result<Self, String> {
        let inner = VirtualLab::new(seed)?;
        Ok(Self { inner, kind: fault.kind, shared: Arc::default(), news: Arc::default() })
    }
}

impl FaultyLab {
    fn is_there(&self, relative: &str) -> bool {
        !matches!(self.inner.read(relative), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// A played server's socket, with the fault between it and upsmon.
    fn played(&self, inner: Box<dyn Accept>) -> Box<dyn Accept> {
        if self.kind.is_of_upsmon() {
            Box::new(ServerSocket { inner, kind: self.kind, shared: Arc::clone(&self.shared) })
        } else {
            inner
        }
    }
}

#[async_trait]
impl Lab for FaultyLab {
    fn target(&self) -> &Target {
        self.inner.target()
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.inner.path(relative)
    }

    fn write(&self, relative: &str, content: &[u8], mode: u32) -> io::Result<()> {
        let name = relative.rsplit('/').next().unwrap_or(relative);
        if relative == FLAG {
            lock(&self.shared).flag = Some(content.to_vec());
        }
        match self.kind {
            Kind::Conf(change) if name == "upsmon.conf" => {
                let text = change(&String::from_utf8_lossy(content));
                self.inner.write(relative, text.as_bytes(), mode)
            }
            Kind::File(change) => {
                let text = change(name, &String::from_utf8_lossy(content));
                self.inner.write(relative, text.as_bytes(), mode)
            }
            Kind::Sched(change) if name == "upssched.conf" => {
                let text = change(&String::from_utf8_lossy(content));
                self.inner.write(relative, text.as_bytes(), mode)
            }
            Kind::ReadOnce(once) if once == name && lock(&self.shared).running => Ok(()),
            _ => self.inner.write(relative, content, mode),
        }
    }

    fn read(&self, relative: &str) -> io::Result<Vec<u8>> {
        let content = self.inner.read(relative);
        if matches!(self.kind, Kind::FlagStays) && relative == FLAG && content.is_err() {
            return lock(&self.shared).flag.clone().ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let mut content = content?;
        let text = || String::from_utf8_lossy(&content).into_owned();
        let lines: Vec<String> = match (self.kind, relative) {
            (Kind::Calls(change), SCRIPT_CALLS) => return Ok(change(&text()).into_bytes()),
            (Kind::Called(change), CALLED) => text().lines().flat_map(change).collect(),
            (Kind::CalledBackwards, CALLED) => text().lines().rev().map(str::to_owned).collect(),
            (Kind::Nonsense, CALLED | TOLD) => return Ok(NONSENSE.to_vec()),
            (Kind::Told(change), TOLD) => {
                let mut told = Vec::new();
                for line in lines(&mut content) {
                    settle(change(&line), &line, &mut told, &mut Vec::new());
                }
                return Ok(told);
            }
            _ => return Ok(content),
        };
        Ok(lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes())
    }

    fn remove(&self, relative: &str) -> io::Result<()> {
        self.inner.remove(relative)
    }

    fn upsd_address(&self) -> (String, u16) {
        self.inner.upsd_address()
    }

    async fn connect(&self) -> io::Result<BoxStream> {
        let far = self.inner.connect().await?;
        let number = {
            let mut shared = lock(&self.shared);
            shared.clients += 1;
            shared.clients
        };
        let (near, middle) = duplex(ROOM);
        let wire = ClientWire {
            kind: self.kind,
            shared: Arc::clone(&self.shared),
            news: Arc::clone(&self.news),
            number,
            last: String::new(),
        };
        tokio::spawn(wire.run(middle, far));
        Ok(Box::new(near))
    }

    async fn connect_aside(&self) -> io::Result<BoxStream> {
        self.inner.connect().await
    }

    async fn connect_unix(&self, relative: &str) -> io::Result<BoxStream> {
        let far = self.inner.connect_unix(relative).await?;
        if !matches!(self.kind, Kind::Nonsense) {
            return Ok(far);
        }
        let (near, middle) = duplex(ROOM);
        let (kind, shared, socket) = (self.kind, Arc::clone(&self.shared), relative.to_owned());
        // To the one who says it, nonsense from a driver is like nonsense from upsd.
        tokio::spawn(DriverWire { kind, shared, socket, dumped: false }.run(middle, far));
        Ok(Box::new(near))
    }

    async fn listen_unix(&self, relative: &str) -> io::Result<Box<dyn Accept>> {
        let inner = self.inner.listen_unix(relative).await?;
        let (kind, shared, socket) = (self.kind, Arc::clone(&self.shared), relative.to_owned());
        Ok(Box::new(DriverSocket { inner, kind, shared, socket }))
    }

    async fn listen_tcp(&self) -> io::Result<(String, Box<dyn Accept>)> {
        let (address, inner) = self.inner.listen_tcp().await?;
        Ok((address, self.played(inner)))
    }

    async fn listen_tcp_again(&self, address: &str) -> io::Result<Box<dyn Accept>> {
        Ok(self.played(self.inner.listen_tcp_again(address).await?))
    }

    fn broadcasts(&self) -> String {
        match self.kind {
            Kind::Wall(change) => change(&self.inner.broadcasts()),
            _ => self.inner.broadcasts(),
        }
    }

    async fn start(&self, start: Start<'_>, record: &Record) -> Result<Box<dyn Process>, Miss> {
        let control = start.arguments.iter().any(|argument| argument == "-c");
        let upsd = start.program == "upsd" && !control;
        let client = control || CLIENTS.contains(&start.program);
        let mut start = start;
        let upsmon = (start.program == "upsmon").then(|| start.arguments.clone());
        match self.kind {
            Kind::StoppedBy(file) if self.is_there(file) => {
                start.arguments = vec!["-?".to_owned()];
                start.environment.clear();
            }
            // What is not there needs no removing.
            Kind::Removes(file) => drop(self.inner.remove(file)),
            Kind::FlagTaken if start.program == "upsmon" => drop(self.inner.remove(FLAG)),
            _ => {}
        }
        let inner = self.inner.start(start, record).await?;
        if upsd {
            lock(&self.shared).running = true;
        }
        let (kind, shared, news) = (self.kind, Arc::clone(&self.shared), Arc::clone(&self.news));
        Ok(Box::new(FaultyProcess { inner, kind, shared, news, client, upsd, upsmon }))
    }
}

/// One client's connection.
struct ClientWire {
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
    news: Arc<Notify>,
    number: usize,
    /// The last request.
    last: String,
}

impl ClientWire {
    async fn run(mut self, near: DuplexStream, far: BoxStream) {
        let (mut near_in, mut near_out) = tokio::io::split(near);
        let (mut far_in, mut far_out) = tokio::io::split(far);
        let (mut asked, mut said) = (Vec::new(), Vec::new());
        let (mut near_chunk, mut far_chunk) = ([0; 4096], [0; 4096]);
        let drops = matches!(self.kind, Kind::ReloadDropsClients);
        loop {
            tokio::select! {
                biased;
                () = self.news.notified(), if drops => break,
                count = near_in.read(&mut near_chunk) => {
                    let Ok(count @ 1..) = count else {
                        if matches!(self.kind, Kind::EndIsLine) {
                            // What it did is to be seen, not what it answers.
                            let _ = far_out.write_all(b"\n").await;
                            let answer = tokio::time::timeout(ANSWER, far_in.read(&mut far_chunk)).await;
                            let count = answer.ok().and_then(Result::ok).unwrap_or(0);
                            let _ = near_out.write_all(&far_chunk[..count]).await;
                        }
                        break;
                    };
                    let (forth, back) = self.asked(&mut asked, &near_chunk[..count]).await;
                    if far_out.write_all(&forth).await.is_err() || near_out.write_all(&back).await.is_err() {
                        break;
                    }
                }
                count = far_in.read(&mut far_chunk) => {
                    let count = count.unwrap_or(0);
                    if count == 0 {
                        if matches!(self.kind, Kind::KeepsOpen) {
                            // Until the client has enough of it.
                            while near_in.read(&mut near_chunk).await.is_ok_and(|count| count > 0) {}
                        }
                        break;
                    }
                    let back = self.said(&mut said, &far_chunk[..count]);
                    if near_out.write_all(&back).await.is_err() {
                        break;
                    }
                }
            }
        }
        lock(&self.shared).half.remove(&self.number);
        self.news.notify_waiters();
        // Both ends hear of it.
        let _ = near_out.shutdown().await;
        let _ = far_out.shutdown().await;
    }

    /// What a client sent: what goes to the server, and what comes back at once.
    async fn asked(&mut self, kept: &mut Vec<u8>, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        match self.kind {
            Kind::Bytes(change) => return (change(bytes), Vec::new()),
            Kind::FirstOfSegment => {
                let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
                return (bytes[..end].to_vec(), Vec::new());
            }
            Kind::SegmentIsLine => {
                let mut bytes = bytes.to_vec();
                if bytes.last() != Some(&b'\n') {
                    bytes.push(b'\n');
                }
                return (bytes, Vec::new());
            }
            Kind::HalfLineStopsAll => {
                let half = bytes.last() != Some(&b'\n');
                if half {
                    lock(&self.shared).half.insert(self.number);
                } else {
                    lock(&self.shared).half.remove(&self.number);
                    self.news.notify_waiters();
                }
                loop {
                    let waiting = self.news.notified();
                    if lock(&self.shared).half.iter().all(|other| *other == self.number) {
                        break;
                    }
                    waiting.await;
                }
                return (bytes.to_vec(), Vec::new());
            }
            Kind::LogsRequests => {
                lock(&self.shared).requests += &latin(bytes);
                return (bytes.to_vec(), Vec::new());
            }
            Kind::Request(_) | Kind::ReplyTo(_) | Kind::CountedIds => {}
            _ => return (bytes.to_vec(), Vec::new()),
        }
        kept.extend_from_slice(bytes);
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        for line in lines(kept) {
            self.last.clone_from(&line);
            let fate = match self.kind {
                Kind::Request(change) => change(&line),
                Kind::CountedIds => self.real_id(&line),
                _ => Fate::Passes,
            };
            settle(fate, &line, &mut forth, &mut back);
        }
        (forth, back)
    }

    /// What the server sent: what goes to the client.
    fn said(&self, kept: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
        match self.kind {
            Kind::Nonsense => return NONSENSE.to_vec(),
            Kind::Reply(_) | Kind::ReplyTo(_) | Kind::CountedIds | Kind::LoginsStay => {}
            _ => return bytes.to_vec(),
        }
        kept.extend_from_slice(bytes);
        let mut forth = Vec::new();
        for line in lines(kept) {
            let fate = match self.kind {
                Kind::Reply(change) => change(&line),
                Kind::ReplyTo(change) => change(&self.last, &line),
                Kind::CountedIds => self.counted_id(&line),
                Kind::LoginsStay => self.highest_logins(&line),
                _ => Fate::Passes,
            };
            settle(fate, &line, &mut forth, &mut Vec::new());
        }
        forth
    }

    fn counted_id(&self, line: &str) -> Fate {
        let Some(id) = line.strip_prefix("OK TRACKING ") else { return Fate::Passes };
        let mut shared = lock(&self.shared);
        shared.ids.push(id.to_owned());
        Fate::Becomes(format!("OK TRACKING {}", counted(shared.ids.len())))
    }

    fn real_id(&self, line: &str) -> Fate {
        let Some(id) = line.strip_prefix("GET TRACKING ") else { return Fate::Passes };
        let shared = lock(&self.shared);
        let real = shared.ids.iter().zip(1..).find(|(_, number)| counted(*number).eq_ignore_ascii_case(id));
        real.map_or(Fate::Passes, |(real, _)| Fate::Becomes(format!("GET TRACKING {real}")))
    }

    fn highest_logins(&self, line: &str) -> Fate {
        let Some((ups, count)) = line.strip_prefix("NUMLOGINS ").and_then(|rest| rest.split_once(' ')) else {
            return Fate::Passes;
        };
        let mut shared = lock(&self.shared);
        let highest = shared.logins.entry(ups.to_owned()).or_default();
        *highest = (*highest).max(count.parse().unwrap_or(0));
        Fate::Becomes(format!("NUMLOGINS {ups} {highest}"))
    }
}

/// The `number`th id of a server that counts: of the right shape.
fn counted(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

/// Takes the whole lines out of what was received.
fn lines(kept: &mut Vec<u8>) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(end) = kept.iter().position(|byte| *byte == b'\n') {
        let line: Vec<u8> = kept.drain(..=end).collect();
        found.push(latin(&line[..end]));
    }
    found
}

/// Does with a line what is to become of it.
fn settle(fate: Fate, line: &str, forth: &mut Vec<u8>, back: &mut Vec<u8>) {
    // Lines are ISO 8859-1 while they are text.
    let bytes = |text: &str| text.chars().map(|char| u8::try_from(char).unwrap_or(b'?')).collect::<Vec<_>>();
    let (out, text) = match fate {
        Fate::Passes => (forth, line.to_owned()),
        Fate::Becomes(other) => (forth, other),
        Fate::Lost => return,
        Fate::Answered(answer) => (back, answer),
    };
    out.extend(bytes(&text));
    out.push(b'\n');
}

/// A played server's socket.
struct ServerSocket {
    inner: Box<dyn Accept>,
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
}

#[async_trait]
impl Accept for ServerSocket {
    async fn accept(&self) -> io::Result<BoxStream> {
        let far = self.inner.accept().await?;
        let (near, middle) = duplex(ROOM);
        tokio::spawn(between(self.kind, Arc::clone(&self.shared), middle, far));
        Ok(Box::new(near))
    }
}

/// One connection between a played server and upsmon.
async fn between(kind: Kind, shared: Arc<Mutex<Shared>>, near: DuplexStream, far: BoxStream) {
    let (mut near_in, mut near_out) = tokio::io::split(near);
    let (mut far_in, mut far_out) = tokio::io::split(far);
    let (mut said, mut asked) = (Vec::new(), Vec::new());
    let (mut near_chunk, mut far_chunk) = ([0; 4096], [0; 4096]);
    loop {
        let (mut to_upsmon, mut to_server) = (Vec::new(), Vec::new());
        tokio::select! {
            biased;
            count = near_in.read(&mut near_chunk) => {
                let Ok(count @ 1..) = count else { break };
                match kind {
                    Kind::FromServer(change) => {
                        said.extend_from_slice(&near_chunk[..count]);
                        for line in lines(&mut said) {
                            settle(change(&line), &line, &mut to_upsmon, &mut to_server);
                        }
                    }
                    _ => to_upsmon.extend_from_slice(&near_chunk[..count]),
                }
            }
            count = far_in.read(&mut far_chunk) => {
                let Ok(count @ 1..) = count else { break };
                match kind {
                    Kind::ToServer(change) => {
                        asked.extend_from_slice(&far_chunk[..count]);
                        for line in lines(&mut asked) {
                            settle(change(&line), &line, &mut to_server, &mut to_upsmon);
                        }
                    }
                    Kind::LogsWords => {
                        lock(&shared).requests += &latin(&far_chunk[..count]);
                        to_server.extend_from_slice(&far_chunk[..count]);
                    }
                    _ => to_server.extend_from_slice(&far_chunk[..count]),
                }
            }
        }
        if far_out.write_all(&to_upsmon).await.is_err() || near_out.write_all(&to_server).await.is_err() {
            break;
        }
    }
    // Both ends hear of it.
    let _ = near_out.shutdown().await;
    let _ = far_out.shutdown().await;
}

/// A played driver's socket.
struct DriverSocket {
    inner: Box<dyn Accept>,
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
    socket: String,
}

#[async_trait]
impl Accept for DriverSocket {
    async fn accept(&self) -> io::Result<BoxStream> {
        let far = self.inner.accept().await?;
        let (near, middle) = duplex(ROOM);
        let (shared, socket) = (Arc::clone(&self.shared), self.socket.clone());
        tokio::spawn(DriverWire { kind: self.kind, shared, socket, dumped: false }.run(middle, far));
        Ok(Box::new(near))
    }
}

/// One connection between a played driver and upsd.
struct DriverWire {
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
    socket: String,
    dumped: bool,
}

impl DriverWire {
    async fn run(mut self, near: DuplexStream, far: BoxStream) {
        let (mut near_in, mut near_out) = tokio::io::split(near);
        let (mut far_in, mut far_out) = tokio::io::split(far);
        let (mut from_driver, mut from_upsd) = (Vec::new(), Vec::new());
        let (mut near_chunk, mut far_chunk) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                biased;
                count = near_in.read(&mut near_chunk) => {
                    let Ok(count @ 1..) = count else { break };
                    let (forth, back) = self.driver_said(&mut from_driver, &near_chunk[..count]);
                    if far_out.write_all(&forth).await.is_err() || near_out.write_all(&back).await.is_err() {
                        break;
                    }
                }
                count = far_in.read(&mut far_chunk) => {
                    let Ok(count @ 1..) = count else { break };
                    let (forth, back) = self.upsd_said(&mut from_upsd, &far_chunk[..count]);
                    if near_out.write_all(&forth).await.is_err() || far_out.write_all(&back).await.is_err() {
                        break;
                    }
                }
            }
        }
        if matches!(self.kind, Kind::DeadDriverLives) {
            while let Ok(count @ 1..) = far_in.read(&mut far_chunk).await {
                if latin(&far_chunk[..count]).contains("PING") && far_out.write_all(b"PONG\n").await.is_err()
                {
                    break;
                }
            }
        }
        // Both ends hear of it.
        let _ = near_out.shutdown().await;
        let _ = far_out.shutdown().await;
    }

    fn driver_said(&mut self, kept: &mut Vec<u8>, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        if !matches!(self.kind, Kind::FromDriver(_) | Kind::OldDumpStays) {
            return (bytes.to_vec(), Vec::new());
        }
        kept.extend_from_slice(bytes);
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        for line in lines(kept) {
            let fate = match self.kind {
                Kind::FromDriver(change) => change(&line, self.dumped),
                _ => self.with_the_old(&line, &mut forth),
            };
            settle(fate, &line, &mut forth, &mut back);
            self.dumped |= line == "DUMPDONE";
        }
        (forth, back)
    }

    /// Says what an earlier connection said before the end of a dump that lacks it.
    fn with_the_old(&self, line: &str, forth: &mut Vec<u8>) -> Fate {
        let mut shared = lock(&self.shared);
        let old = shared.old.entry(self.socket.clone()).or_default();
        if let Some(variable) = line.strip_prefix("SETINFO ").and_then(|rest| rest.split(' ').next()) {
            old.insert(variable.to_owned(), line.to_owned());
        }
        if line == "DUMPDONE" {
            for line in old.values() {
                settle(Fate::Passes, line, forth, &mut Vec::new());
            }
        }
        Fate::Passes
    }

    fn upsd_said(&self, kept: &mut Vec<u8>, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let change = match self.kind {
            Kind::ToDriver(change) => change,
            // Played drivers still give their dump, so that there is a fixture.
            Kind::Nonsense if bytes != b"DUMPALL\n" => return (NONSENSE.to_vec(), Vec::new()),
            _ => return (bytes.to_vec(), Vec::new()),
        };
        kept.extend_from_slice(bytes);
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        for line in lines(kept) {
            settle(change(&line), &line, &mut forth, &mut back);
        }
        (forth, back)
    }
}

struct FaultyProcess {
    inner: Box<dyn Process>,
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
    news: Arc<Notify>,
    client: bool,
    upsd: bool,
    /// upsmon, with its arguments.
    upsmon: Option<Vec<String>>,
}

impl FaultyProcess {
    fn left(&self, code: Option<i32>) -> Left {
        let (out, mut err) = self.inner.output();
        match self.kind {
            Kind::Leaves(change) if self.client => change(code, &out, &err),
            Kind::Nonsense if !self.upsd => {
                let text = String::from_utf8_lossy(NONSENSE).into_owned();
                (Some(99), text.clone(), text)
            }
            Kind::Nonsense => (Some(99), String::new(), String::new()),
            Kind::MonitorLeaves(change) => match &self.upsmon {
                Some(arguments) => change(arguments, code, &out, &err),
                None => (code, out, err),
            },
            Kind::LogsWords if self.upsmon.is_some() => {
                err += &lock(&self.shared).requests;
                (code, out, err)
            }
            Kind::LogsRequests if self.upsd => {
                err += &lock(&self.shared).requests;
                (code, out, err)
            }
            _ => (code, out, err),
        }
    }
}

#[async_trait]
impl Process for FaultyProcess {
    async fn ended(&mut self) -> Option<i32> {
        let code = self.inner.ended().await;
        if self.upsd {
            lock(&self.shared).running = false;
        }
        self.left(code).0
    }

    fn signal(&mut self, signal: Signal) {
        match (self.kind, signal) {
            (Kind::NoReload, Signal::Hup) if self.upsd => return,
            (Kind::Deaf(deaf), _) if deaf == signal && self.upsmon.is_some() => return,
            (Kind::ReloadDropsClients, Signal::Hup) => self.news.notify_waiters(),
            (_, Signal::Term | Signal::Kill) if self.upsd => lock(&self.shared).running = false,
            _ => {}
        }
        self.inner.signal(signal);
    }

    fn id(&self) -> u32 {
        self.inner.id()
    }

    fn output(&self) -> (String, String) {
        let (_, out, err) = self.left(None);
        (out, err)
    }
}
