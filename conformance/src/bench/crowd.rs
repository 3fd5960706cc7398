//! Clients that are only there, or are a nuisance; and those that all come at once.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, socket_with, sockopt};

use super::figures::Figures;
use super::histogram::Histogram;
use super::load::connect_all;
use super::server::Server;
use super::ups::{self, Question};
use crate::clock::Stopwatch;

/// The requests that one who never reads sends at most: their replies fill any buffer between the two.
const FLOOD: usize = 8_000;

/// Connections that stay until they are dropped.
pub(super) struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// Clients that say nothing. With `each`, every one of them has asked for something before.
    pub(super) fn silent(server: &Server, count: usize, each: bool) -> Result<Self, String> {
        connect_all(server, count, each).map(Self)
    }

    /// A third says nothing, a third half a line, and a third asks for lists and never reads.
    pub(super) fn hostile(server: &Server, count: usize) -> Result<Self, String> {
        let crowd = Self::silent(server, count, false)?;
        for stream in crowd.0.iter().skip(1).step_by(3) {
            let half = &ups::request(Question::Get, 0)[..10];
            (&*stream)
                .write_all(half.as_bytes())
                .map_err(|error| format!("failed to say half a line: {error}"))?;
        }
        for stream in crowd.0.iter().skip(2).step_by(3) {
            flood(stream)?;
        }
        Ok(crowd)
    }

    /// One that asks for lists and never reads.
    pub(super) fn deaf(server: &Server) -> Result<Self, String> {
        let crowd = Self::silent(server, 1, true)?;
        flood(&crowd.0[0])?;
        Ok(crowd)
    }

    /// How many the server has hung up on.
    pub(super) fn gone(&self) -> usize {
        let gone = |stream: &&TcpStream| {
            let nothing = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
            match nothing {
                Ok(count) => count == 0,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            }
        };
        self.0.iter().filter(gone).count()
    }
}

/// Asks for more than fits anywhere, as long as somebody takes it.
fn flood(mut stream: &TcpStream) -> Result<(), String> {
    let requests = ups::request(Question::List, 0).repeat(FLOOD);
    let written = stream.set_nonblocking(true).and_then(|()| stream.write(requests.as_bytes()));
    match written {
        Err(error) if error.kind() != ErrorKind::WouldBlock => {
            Err(format!("failed to ask for lists: {error}"))
        }
        _ => Ok(()),
    }
}

/// Connects so many at once; each asks one thing. Measures when each has its answer, from the moment the first
/// connects.
pub(super) fn burst(server: &Server, count: usize, limit: Duration) -> Result<Figures, String> {
    let failed = |error: rustix::io::Errno| format!("failed to connect many at once: {error}");
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(failed)?;
    let mut events = Vec::with_capacity(count);
    let mut streams = Vec::with_capacity(count);
    let mut histogram = Histogram::new();
    let request = ups::request(Question::Get, 0);
    let watch = Stopwatch::start();
    for at in 0..count {
        let stream = begin_to_connect(server.address).map_err(failed)?;
        let data = epoll::EventData::new_u64(at as u64);
        epoll::add(&epoll, &stream, data, epoll::EventFlags::OUT).map_err(failed)?;
        streams.push(Some(TcpStream::from(stream)));
    }
    let mut open = count;
    while open > 0 && watch.elapsed() < limit {
        events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(failed(error)),
        }
        for event in &events {
            let (at, flags) = (event.data.u64() as usize, event.flags);
            let Some(mut stream) = streams[at].as_ref() else { continue };
            if flags.contains(epoll::EventFlags::OUT) {
                // A connection that failed stays without an answer.
                if stream.write_all(request.as_bytes()).is_err() {
                    streams[at] = None;
                    continue;
                }
                let data = epoll::EventData::new_u64(at as u64);
                epoll::modify(&epoll, stream, data, epoll::EventFlags::IN).map_err(failed)?;
            } else {
                match stream.read(&mut [0; 256]) {
                    Ok(1..) => {
                        histogram.record(watch.elapsed().as_nanos() as u64);
                        open -= 1;
                        // Stays connected till all are through.
                        epoll::delete(&epoll, stream).map_err(failed)?;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    _ => streams[at] = None,
                }
            }
        }
    }
    let all = watch.elapsed().as_secs_f64();
    Ok(Figures {
        rate: (open == 0).then(|| count as f64 / all),
        p50: histogram.quantile(0.5),
        p99: histogram.quantile(0.99),
        longest: (open == 0).then(|| histogram.longest()),
        unanswered: Some((open, count)),
        ..Figures::default()
    })
}

fn begin_to_connect(address: SocketAddr) -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket),
        Err(error) => Err(error),
    }
}
