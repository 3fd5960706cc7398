//! Connections of a world: between which processes they are, and what befalls them together.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::World;
use super::files::Node;
use super::life::Life;
use super::network::{
    Bound, Offer, Queue, UNREACHABLE_AFTER, VirtualListener, is_loopback, localhost, machine_address,
};
use super::pipe::{Connection, Pipe, lock};
use super::world::State;
use crate::net::CONNECT_LIMIT;

/// One side of a connection.
struct Owner {
    machine: Arc<str>,
    pid: u32,
    /// Its machine lost power since; it stays silent for ever.
    vanished: bool,
}

impl Owner {
    fn new(machine: &Arc<str>, pid: u32) -> Self {
        Self { machine: Arc::clone(machine), pid, vanished: false }
    }
}

struct Link {
    connection: Weak<Mutex<Connection>>,
    /// By side; a serial line has no second process.
    owners: [Option<Owner>; 2],
    /// The serial line that this is.
    line: Option<PathBuf>,
}

/// All connections that are open, and the pairs of machines that cannot reach each other.
#[derive(Default)]
pub(super) struct Links {
    links: Vec<Link>,
    /// Tidy up when there are this many.
    limit: usize,
    cuts: BTreeSet<(Arc<str>, Arc<str>)>,
}

fn pair(a: &Arc<str>, b: &Arc<str>) -> (Arc<str>, Arc<str>) {
    if a <= b { (Arc::clone(a), Arc::clone(b)) } else { (Arc::clone(b), Arc::clone(a)) }
}

impl Links {
    fn add(&mut self, pipe: &Pipe, owners: [Option<Owner>; 2], line: Option<PathBuf>) {
        if self.links.len() >= self.limit.max(16) {
            self.links.retain(|link| link.connection.strong_count() > 0);
            self.limit = self.links.len() * 2;
        }
        self.links.push(Link { connection: Arc::downgrade(pipe.connection()), owners, line });
    }

    pub(super) fn add_line(&mut self, near: &Pipe, machine: &Arc<str>, pid: u32, path: &Path) {
        self.add(near, [Some(Owner::new(machine, pid)), None], Some(path.into()));
    }

    /// A serial adapter is gone.
    pub(super) fn hang_up(&mut self, machine: &Arc<str>, path: &Path) {
        for link in &self.links {
            let here = matches!(&link.owners[0], Some(owner) if owner.machine == *machine);
            if here
                && link.line.as_deref() == Some(path)
                && let Some(connection) = link.connection.upgrade()
            {
                lock(&connection).hang_up();
            }
        }
    }

    pub(super) fn end_process(&mut self, machine: &Arc<str>, pid: u32) {
        for link in &self.links {
            for (side, owner) in link.owners.iter().enumerate() {
                let its = matches!(owner, Some(owner)
                    if owner.machine == *machine && owner.pid == pid && !owner.vanished);
                if its && let Some(connection) = link.connection.upgrade() {
                    lock(&connection).kill(side);
                }
            }
        }
    }

    pub(super) fn power_off(&mut self, machine: &Arc<str>) {
        for link in &mut self.links {
            let Some(connection) = link.connection.upgrade() else { continue };
            let is_line = link.line.is_some();
            for (side, owner) in link.owners.iter_mut().enumerate() {
                let Some(owner) = owner.as_mut().filter(|owner| owner.machine == *machine) else { continue };
                owner.vanished = true;
                if is_line {
                    lock(&connection).kill(side);
                } else {
                    lock(&connection).vanish(side);
                }
            }
        }
    }

    pub(super) fn power_on(&mut self, machine: &Arc<str>) {
        for link in &self.links {
            let Some(connection) = link.connection.upgrade() else { continue };
            for (side, owner) in link.owners.iter().enumerate() {
                if matches!(owner, Some(owner) if owner.machine == *machine && owner.vanished) {
                    lock(&connection).forget(side);
                }
            }
        }
    }

    fn set_cut(&mut self, a: &Arc<str>, b: &Arc<str>, cut: bool) {
        let key = pair(a, b);
        let changed = if cut { self.cuts.insert(key.clone()) } else { self.cuts.remove(&key) };
        if !changed {
            return;
        }
        for link in &self.links {
            let [Some(one), Some(other)] = &link.owners else { continue };
            if one.vanished || other.vanished || pair(&one.machine, &other.machine) != key {
                continue;
            }
            if let Some(connection) = link.connection.upgrade() {
                let mut connection = lock(&connection);
                if cut { connection.cut() } else { connection.heal() }
            }
        }
    }
}

/// What became of an attempt to connect.
enum Attempt {
    Connected(Pipe),
    Refused,
    /// No answer; after so long the sender gives up like this.
    Silence(Duration, io::ErrorKind),
}

impl World {
    /// Cuts the cable between two machines: nothing arrives any more, and nobody is told.
    pub fn cut(&self, a: &str, b: &str) {
        self.set_cut(a, b, true);
    }

    /// Mends the cable between two machines: what is on the way arrives.
    pub fn heal(&self, a: &str, b: &str) {
        self.set_cut(a, b, false);
    }

    fn set_cut(&self, a: &str, b: &str, cut: bool) {
        let (a, b) = (self.machine(a).name, self.machine(b).name);
        self.state().links.set_cut(&a, &b, cut);
    }

    pub(super) fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let addresses = if let Ok(address) = host.parse::<IpAddr>() {
            vec![address]
        } else if host.eq_ignore_ascii_case("localhost") {
            localhost().to_vec()
        } else {
            let state = self.state();
            let found = state.machines.iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
            let Some((_, machine)) = found else {
                return Err(io::Error::new(io::ErrorKind::NotFound, "no such host"));
            };
            vec![machine_address(machine.number)]
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    pub(super) async fn connect_tcp(
        &self,
        machine: &Arc<str>,
        pid: u32,
        host: &str,
        port: u16,
    ) -> io::Result<Pipe> {
        let mut last = io::ErrorKind::NotFound;
        for address in self.resolve(host, port)? {
            let start = self.now();
            // Requests are repeated after 1 s, 3 s, 7 s, ..
            let mut pause = Duration::from_secs(1);
            last = loop {
                match self.attempt(machine, pid, address) {
                    Attempt::Connected(stream) => return Ok(stream),
                    Attempt::Refused => break io::ErrorKind::ConnectionRefused,
                    Attempt::Silence(limit, kind) => {
                        let waited = self.now() - start;
                        if waited >= limit {
                            break kind;
                        }
                        self.sleep_until(self.now() + pause.min(limit - waited)).await;
                        pause *= 2;
                    }
                }
            };
        }
        Err(last.into())
    }

    fn attempt(&self, machine: &Arc<str>, pid: u32, address: SocketAddr) -> Attempt {
        let unreachable = Attempt::Silence(UNREACHABLE_AFTER, io::ErrorKind::HostUnreachable);
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let local = is_loopback(address.ip());
        let target = machines.iter().find(|(name, other)| {
            if local { *name == machine } else { machine_address(other.number) == address.ip() }
        });
        let Some((name, target)) = target else { return unreachable };
        if !target.running {
            return unreachable;
        }
        if links.cuts.contains(&pair(machine, name)) {
            return Attempt::Silence(CONNECT_LIMIT, io::ErrorKind::TimedOut);
        }
        let mut reached = address;
        if address.ip().is_unspecified() {
            let [v6, v4] = localhost();
            reached.set_ip(if address.is_ipv4() { v4 } else { v6 });
        }
        let Some(bound) = target.bound.iter().find(|bound| bound.takes(reached) && !bound.queue.is_closed())
        else {
            return Attempt::Refused;
        };
        let source = if name == machine {
            reached.ip()
        } else {
            machines.get(machine).map_or(reached.ip(), |own| machine_address(own.number))
        };
        let (near, far) = Pipe::pair();
        let owners = [Some(Owner::new(machine, pid)), Some(Owner::new(name, bound.pid))];
        match bound.queue.offer(far, source.to_string()) {
            Offer::Taken => {
                links.add(&near, owners, None);
                Attempt::Connected(near)
            }
            Offer::Refused => Attempt::Refused,
            Offer::Ignored => Attempt::Silence(CONNECT_LIMIT, io::ErrorKind::TimedOut),
        }
    }

    pub(super) fn listen_tcp(
        &self,
        machine: &str,
        pid: u32,
        life: &Arc<Life>,
        address: SocketAddr,
    ) -> io::Result<VirtualListener> {
        self.with(machine, |own| {
            own.bound.retain(|bound| !bound.queue.is_closed());
            if !is_loopback(address.ip()) && machine_address(own.number) != address.ip() {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            let mut address = address;
            if address.port() == 0 {
                while own.bound.iter().any(|bound| bound.address.port() == own.next_port) {
                    own.next_port += 1;
                }
                address.set_port(own.next_port);
                own.next_port += 1;
            }
            if own.bound.iter().any(|bound| bound.conflicts(address)) {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            let queue = Arc::new(Queue::default());
            own.bound.push(Bound { address, queue: Arc::clone(&queue), pid });
            Ok(VirtualListener { queue, port: address.port(), life: Arc::clone(life) })
        })
    }

    pub(super) fn connect_unix(&self, machine: &Arc<str>, pid: u32, path: &Path) -> io::Result<Pipe> {
        let mut state = self.state();
        let State { machines, links } = &mut *state;
        let Some(own) = machines.get(machine) else { return Err(io::ErrorKind::NotFound.into()) };
        let Node::Socket { queue, .. } = own.files.get(path)? else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let Some(queue) = queue.upgrade() else { return Err(io::ErrorKind::ConnectionRefused.into()) };
        let owner = own.unix_owner(&queue);
        let (near, far) = Pipe::pair();
        let owners = [Some(Owner::new(machine, pid)), owner.map(|pid| Owner::new(machine, pid))];
        match queue.offer(far, String::new()) {
            Offer::Taken => {
                links.add(&near, owners, None);
                Ok(near)
            }
            Offer::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
            Offer::Ignored => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(super) fn listen_unix(
        &self,
        machine: &str,
        pid: u32,
        life: &Arc<Life>,
        path: &Path,
        mode: u32,
    ) -> io::Result<VirtualListener> {
        self.with(machine, |own| {
            let queue = Arc::new(Queue::default());
            own.files.bind(path, Arc::downgrade(&queue), mode)?;
            own.unix.retain(|(queue, _)| !queue.is_closed());
            own.unix.push((Arc::clone(&queue), pid));
            Ok(VirtualListener { queue, port: 0, life: Arc::clone(life) })
        })
    }
}
