//! The load: many connections, one thread, no runtime; one read and one write for each turn of a connection, nothing
//! allocated while it runs.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{Timespec, epoll};

use super::figures::Figures;
use super::histogram::Histogram;
use super::machine;
use super::server::{Server, connect};
use super::ups::{self, Question, Script};
use crate::clock::Stopwatch;

/// Nobody was answered for so long: nobody will be.
const STALLED: Duration = Duration::from_secs(2);
/// What may still be answered after the time is over.
const GRACE: Duration = Duration::from_millis(500);
/// Connections that may wait to be accepted at NUT's upsd: more would wait a second for the kernel to try again.
const TOGETHER: usize = 8;
/// Bytes read at once: many replies.
const CHUNK: usize = 128 * 1024;
/// Connections looked after at once.
const EVENTS: usize = 256;

/// Who is connected, and what they ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) question: Question,
    pub(super) connections: usize,
    /// Requests that each has under way.
    pub(super) depth: usize,
}

/// Connections to one server that ask as fast as they are answered, or at a pace.
pub(super) struct Load<'a> {
    server: &'a Server,
    shape: Shape,
    script: Script,
    peers: Vec<Peer>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    buffer: Box<[u8]>,
    histogram: Histogram,
    watch: Stopwatch,
    /// Look for replies without ever sleeping: waking up would be measured too.
    spin: bool,
}

/// One connection.
struct Peer {
    stream: TcpStream,
    /// What it asks next.
    place: usize,
    /// Lines of the reply that is being read.
    lines: usize,
    /// When what is under way was sent, or should have been (in nanoseconds).
    sent: VecDeque<u64>,
}

/// A running count.
#[derive(Default)]
struct Count {
    answered: usize,
    since: u64,
    cpu: u64,
    idle: u64,
}

impl<'a> Load<'a> {
    /// Connects; returns when the server has accepted all.
    pub(super) fn connect(server: &'a Server, shape: Shape, spin: bool) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("failed to watch a connection: {error}");
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
        let mut peers = Vec::with_capacity(shape.connections);
        for (at, stream) in connect_all(server, shape.connections, false)?.into_iter().enumerate() {
            stream.set_nonblocking(true).map_err(failed)?;
            let data = epoll::EventData::new_u64(at as u64);
            epoll::add(&epoll, &stream, data, epoll::EventFlags::IN).map_err(|error| failed(error.into()))?;
            let place = at % ups::VARIABLES.len();
            peers.push(Peer { stream, place, lines: 0, sent: VecDeque::with_capacity(shape.depth) });
        }
        Ok(Self {
            server,
            shape,
            script: Script::new(shape.question, shape.depth),
            peers,
            epoll,
            events: Vec::with_capacity(EVENTS),
            buffer: vec![0; CHUNK].into_boxed_slice(),
            histogram: Histogram::new(),
            watch: Stopwatch::start(),
            spin,
        })
    }

    fn now(&self) -> u64 {
        nanoseconds(self.watch.elapsed())
    }

    /// Each connection asks again as soon as it is answered. What is answered within `warm` does not count.
    pub(super) fn closed(&mut self, warm: Duration, window: Duration) -> Result<Figures, String> {
        let start = self.now();
        for at in 0..self.peers.len() {
            self.ask(at, self.shape.depth, start)?;
        }
        let from = start + nanoseconds(warm);
        let end = from + nanoseconds(window);
        let mut under_way = self.peers.len() * self.shape.depth;
        let (mut count, mut figures) = (None, None);
        let mut last = start;
        self.histogram.clear();
        while under_way > 0 {
            let now = self.now();
            if count.is_none() && now >= from {
                self.histogram.clear();
                count = Some(self.begin(now));
            }
            if figures.is_none() && now >= end {
                figures = count.as_ref().map(|count| self.figures(count, now));
            }
            if now > last + nanoseconds(STALLED) {
                break;
            }
            if self.wait(Duration::from_millis(50))? == 0 {
                if let Some(count) = &mut count {
                    count.idle += self.now() - now;
                }
                continue;
            }
            last = now;
            for event in 0..self.events.len() {
                let at = self.events[event].data.u64() as usize;
                let (answered, now) = self.hear(at, count.is_some() && figures.is_none())?;
                if let Some(count) = &mut count {
                    count.answered += answered;
                }
                if figures.is_none() && answered > 0 {
                    self.ask(at, answered, now)?;
                } else {
                    under_way -= answered;
                }
            }
        }
        let now = self.now();
        let mut figures = figures.unwrap_or_else(|| match &count {
            Some(count) => self.figures(count, now.min(end)),
            None => Figures::default(),
        });
        let waiting = self.peers.iter().filter(|peer| !peer.sent.is_empty()).count();
        figures.unanswered = Some((waiting, self.peers.len()));
        Ok(figures)
    }

    /// The connections ask in turn, `rate` times a second together, whether the server keeps up or not. What took
    /// long counts from when it should have been asked.
    pub(super) fn paced(&mut self, rate: f64, window: Duration) -> Result<Figures, String> {
        let start = self.now();
        let step = (1e9 / rate) as u64;
        let end = start + nanoseconds(window);
        let mut next = (start, 0);
        let mut due: Vec<u64> = (0..self.peers.len()).map(|at| start + step * at as u64).collect();
        let turn = step * due.len() as u64;
        self.histogram.clear();
        let mut count = self.begin(start);
        loop {
            let now = self.now();
            let under_way = due.iter().any(|&due| due < end);
            if now >= end && (now >= end + nanoseconds(GRACE) || !under_way) {
                break;
            }
            while next.0 <= now && next.0 < end {
                let (time, at) = next;
                if self.peers[at].sent.is_empty() {
                    self.ask(at, 1, time)?;
                }
                next = (time + step, (at + 1) % self.peers.len());
            }
            let rest = Duration::from_nanos(next.0.saturating_sub(now).clamp(100_000, 1_000_000));
            if self.wait(rest)? == 0 {
                count.idle += self.now() - now;
                continue;
            }
            for event in 0..self.events.len() {
                let at = self.events[event].data.u64() as usize;
                let (answered, now) = self.hear(at, true)?;
                if answered == 0 {
                    continue;
                }
                count.answered += answered;
                due[at] += turn;
                if due[at] <= now && due[at] < end {
                    self.ask(at, 1, due[at])?;
                }
            }
        }
        let now = self.now();
        let mut missed = 0;
        for first in due {
            let mut due = first;
            while due < end {
                self.histogram.record(now - due);
                missed += 1;
                due += turn;
            }
        }
        let mut figures = self.figures(&count, end);
        figures.unanswered = Some((missed, count.answered + missed));
        Ok(figures)
    }

    fn begin(&self, now: u64) -> Count {
        Count { since: now, cpu: machine::cpu(self.server.pid()), ..Count::default() }
    }

    fn figures(&self, count: &Count, now: u64) -> Figures {
        let elapsed = (now - count.since) as f64;
        let cpu = machine::cpu(self.server.pid()).saturating_sub(count.cpu) as f64;
        let answered = count.answered as f64;
        let any = count.answered > 0;
        Figures {
            rate: Some(answered * 1e9 / elapsed),
            p50: self.histogram.quantile(0.5),
            p99: self.histogram.quantile(0.99),
            longest: any.then(|| self.histogram.longest()),
            cpu: any.then(|| cpu / 1e3 / answered),
            generator: Some((1.0 - count.idle as f64 / elapsed).clamp(0.0, 1.0)),
            ..Figures::default()
        }
    }

    /// Waits for replies, for a while; returns from how many there is something to read.
    fn wait(&mut self, at_most: Duration) -> Result<usize, String> {
        let limit = if self.spin { Duration::ZERO } else { at_most };
        let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: i64::from(limit.subsec_nanos()) };
        self.events.clear();
        let buffer = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, buffer, Some(&limit)) {
            Ok(count) => Ok(count),
            Err(rustix::io::Errno::INTR) => Ok(0),
            Err(error) => Err(format!("failed to wait for replies: {error}")),
        }
    }

    /// One connection asks; its requests count from `since` on.
    fn ask(&mut self, at: usize, requests: usize, since: u64) -> Result<(), String> {
        let peer = &mut self.peers[at];
        let (bytes, next) = self.script.requests(peer.place, requests);
        peer.place = next;
        peer.sent.extend(std::iter::repeat_n(since, requests));
        match (&peer.stream).write(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err("the server takes no more requests".to_owned()),
            Err(error) => Err(format!("failed to send a request: {error}")),
        }
    }

    /// Reads from one connection; returns how many requests were answered, and when.
    fn hear(&mut self, at: usize, counting: bool) -> Result<(usize, u64), String> {
        let peer = &mut self.peers[at];
        let read = match (&peer.stream).read(&mut self.buffer) {
            Ok(0) => return Err("the server hung up".to_owned()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(format!("failed to read a reply: {error}")),
        };
        let now = nanoseconds(self.watch.elapsed());
        let said = &self.buffer[..read];
        let question = self.script.question;
        // A reply that begins here must not be a refusal.
        let refused = peer.lines == 0 && said.starts_with(b"ERR");
        if refused {
            let line = said.split(|&byte| byte == b'\n').next().unwrap_or_default();
            return Err(format!("the server answered {:?}", String::from_utf8_lossy(line)));
        }
        let lines = peer.lines + newlines(said);
        peer.lines = lines % question.lines();
        let answered = (lines / question.lines()).min(peer.sent.len());
        for sent in peer.sent.drain(..answered) {
            if counting {
                self.histogram.record(now.saturating_sub(sent));
            }
        }
        Ok((answered, now))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

/// Counts lines, in steps that fit a byte, which the compiler turns into vectors of them.
fn newlines(bytes: &[u8]) -> usize {
    let few = |chunk: &[u8]| chunk.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    bytes.chunks(255).map(|chunk| usize::from(few(chunk))).sum()
}

/// Connects so many clients, few at a time, and returns when all are accepted. With `each`, every one of them asks for
/// something once; else only so many as prove it.
pub(super) fn connect_all(server: &Server, count: usize, each: bool) -> Result<Vec<TcpStream>, String> {
    let mut streams = Vec::with_capacity(count);
    while streams.len() < count {
        let first = streams.len();
        for _ in 0..TOGETHER.min(count - first) {
            streams.push(connect(server.address)?);
        }
        let asking = if each { &streams[first..] } else { &streams[streams.len() - 1..] };
        let asked = |error| format!("connection {} of {count} is not served: {error}", first + 1);
        for mut stream in asking {
            stream.write_all(ups::request(Question::Get, 0).as_bytes()).map_err(asked)?;
        }
        let mut reply = [0; 256];
        for mut stream in asking {
            let mut last = 0;
            while last != b'\n' {
                match stream.read(&mut reply).map_err(asked)? {
                    0 => return Err(asked(ErrorKind::UnexpectedEof.into())),
                    read => last = reply[read - 1],
                }
            }
        }
    }
    Ok(streams)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    quickcheck! {
        fn newlines_are_all_counted(bytes: Vec<bool>) -> bool {
            let bytes: Vec<u8> = bytes.into_iter().map(|one| if one { b'\n' } else { b'x' }).collect();
            let long = bytes.repeat(9);
            newlines(&long) == long.iter().filter(|&&byte| byte == b'\n').count()
        }
    }
}
