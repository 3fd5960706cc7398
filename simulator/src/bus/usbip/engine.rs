//! The URB engine: what a host controller and a device make of the transfers of one attached device. Pure; time is an
//! argument.
//!
//! Transfers of one endpoint end in the order they came; endpoints don't wait for each other. An interrupt IN transfer
//! stays pending while the device has nothing to say (NAK), and data go over the wire no more often than the endpoint's
//! polling period allows. A transfer ends with a status as Linux counts it, 0 or a negative errno.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::bus::exchange::Outcome;
use crate::device::chapter9::Chapter9;
use crate::device::usb::{Function, Identity, Reply, Setup};

/// Statuses as on Linux, on every machine: they are part of the protocol.
const EPIPE: i32 = 32;
const EPROTO: i32 = 71;
const EOVERFLOW: i32 = 75;
const ECONNRESET: i32 = 104;
const ESHUTDOWN: i32 = 108;

/// A host that has more transfers pending is no host of a UPS.
const MOST_PENDING: usize = 1024;

/// The status that Linux reports for an outcome: RET_SUBMIT's and RET_UNLINK's `status` field.
pub(crate) fn status(outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Done => 0,
        Outcome::Stall => -EPIPE,
        Outcome::Fault => -EPROTO,
        Outcome::Babble => -EOVERFLOW,
        Outcome::Unlinked => -ECONNRESET,
        Outcome::Gone => -ESHUTDOWN,
    }
}

/// A transfer that the host asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Urb {
    pub(crate) seqnum: u32,
    /// Endpoint address: bit 7 is set for IN. Endpoint 0 has one queue; its direction is the setup packet's.
    pub(crate) address: u8,
    pub(crate) setup: Setup,
    /// What an OUT transfer carries.
    pub(crate) data: Vec<u8>,
    /// How much the host has room for, or sends.
    pub(crate) length: usize,
    /// Device time when it came.
    pub(crate) asked: Duration,
}

/// A transfer that is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completed<'a> {
    pub(crate) urb: &'a Urb,
    pub(crate) at: Duration,
    pub(crate) outcome: Outcome,
    /// What the host gets of an IN transfer.
    pub(crate) data: &'a [u8],
}

impl Completed<'_> {
    /// How many bytes went over the wire, whichever way.
    pub(crate) fn actual(&self) -> usize {
        match self.outcome {
            Outcome::Done if self.urb.is_in() => self.data.len(),
            Outcome::Done => self.urb.data.len(),
            _ => 0,
        }
    }
}

impl Urb {
    /// Whether data come from the device.
    pub(crate) fn is_in(&self) -> bool {
        self.address & 0x80 != 0
    }

    fn queue(&self) -> u8 {
        if self.address & 0x7f == 0 { 0 } else { self.address }
    }

    /// Whether it is SetPortFeature(PORT_RESET), a hub's request, which no device gets on a real bus. Sent to a USB/IP
    /// server it asks for a reset of the attached device's port (Linux `stub_rx.c`, `is_reset_device_cmd`).
    fn is_port_reset(&self) -> bool {
        let Setup { request_type, request, value, .. } = self.setup;
        self.queue() == 0 && (request_type, request, value) == (0x23, 3, 4)
    }

    /// Whether the endpoints start afresh after it: a port reset or SET_CONFIGURATION.
    fn renews(&self) -> bool {
        self.is_port_reset()
            || self.queue() == 0 && (self.setup.request_type, self.setup.request) == (0x00, 9)
    }
}

/// What the device does with the transfer at the head of a queue.
#[derive(Debug, Default)]
enum Head {
    /// It has not been asked yet, or has answered NAK.
    #[default]
    Asking,
    /// This answer, at that time.
    Due(Duration, Reply),
    /// No answer, ever: pending until unlinked.
    Never,
}

/// The transfers of one endpoint.
#[derive(Debug, Default)]
struct Queue {
    urbs: VecDeque<Urb>,
    head: Head,
    /// The next poll of an interrupt endpoint.
    not_before: Duration,
    /// What remains of a report that the last transfer had no room for.
    rest: Vec<u8>,
}

/// Where the next transfer of a queue stands.
enum Step {
    Pending,
    Over(Outcome, Vec<u8>),
    Left,
}

impl Queue {
    /// Takes the first transfer as far as it goes by now; `None` when there is none.
    fn step(
        &mut self,
        now: Duration,
        address: u8,
        chapter9: &mut Chapter9,
        function: &mut dyn Function,
    ) -> Option<Step> {
        let urb = self.urbs.front()?;
        let reply = match &mut self.head {
            Head::Never => return Some(Step::Pending),
            Head::Due(at, _) if *at > now => return Some(Step::Pending),
            Head::Due(_, reply) => std::mem::replace(reply, Reply::Silence),
            Head::Asking if address == 0 => control(now, urb, chapter9, function),
            Head::Asking => match self.poll(now, address, chapter9, function) {
                Some(reply) => reply,
                None => return Some(Step::Pending),
            },
        };
        Some(self.settle(now, address, chapter9, reply))
    }

    /// What another endpoint than 0 answers to the first transfer; `None`: NAK.
    fn poll(
        &mut self,
        now: Duration,
        address: u8,
        chapter9: &Chapter9,
        function: &mut dyn Function,
    ) -> Option<Reply> {
        let urb = self.urbs.front()?;
        if chapter9.endpoint(address).is_none() || chapter9.halted(address) {
            return Some(Reply::Stall);
        }
        if !urb.is_in() {
            return Some(function.output(now, address, &urb.data));
        }
        if now < self.not_before {
            return None;
        }
        if !self.rest.is_empty() {
            return Some(Reply::Data(std::mem::take(&mut self.rest)));
        }
        function.poll(now, address)
    }

    /// What an answer means for the first transfer.
    fn settle(&mut self, now: Duration, address: u8, chapter9: &mut Chapter9, mut reply: Reply) -> Step {
        let Some(urb) = self.urbs.front() else { return Step::Pending };
        let mut after = Duration::ZERO;
        while let Reply::Late(more, inner) = reply {
            after = after.saturating_add(more);
            reply = *inner;
        }
        if !after.is_zero() {
            self.head = Head::Due(now.saturating_add(after), reply);
            return Step::Pending;
        }
        match reply {
            Reply::Data(mut data) if urb.is_in() => {
                if let Some(endpoint) = chapter9.endpoint(address) {
                    let packet = usize::from(endpoint.max_packet).max(1);
                    // A report goes over the wire in packets; a transfer ends with a short one, or when it is full.
                    if data.len() > urb.length && urb.length > 0 && urb.length % packet == 0 {
                        self.rest = data.split_off(urb.length);
                    }
                    let packets = u32::try_from(data.len().div_ceil(packet)).unwrap_or(u32::MAX).max(1);
                    self.not_before = now + endpoint.period(chapter9.speed()).saturating_mul(packets);
                }
                if data.len() > urb.length {
                    Step::Over(Outcome::Babble, Vec::new())
                } else {
                    Step::Over(Outcome::Done, data)
                }
            }
            Reply::Data(_) => Step::Over(Outcome::Done, Vec::new()),
            Reply::Stall => {
                if chapter9.endpoint(address).is_some() {
                    chapter9.halt(address);
                }
                Step::Over(Outcome::Stall, Vec::new())
            }
            Reply::Fault => Step::Over(Outcome::Fault, Vec::new()),
            Reply::Babble => Step::Over(Outcome::Babble, Vec::new()),
            Reply::Leave => Step::Left,
            // No `Late` is left after the loop above.
            Reply::Silence | Reply::Late(..) => {
                self.head = Head::Never;
                Step::Pending
            }
        }
    }
}

/// What the device answers to a transfer on endpoint 0.
fn control(now: Duration, urb: &Urb, chapter9: &mut Chapter9, function: &mut dyn Function) -> Reply {
    let Urb { setup, data, .. } = urb;
    if urb.is_port_reset() {
        chapter9.enumerate(now, function);
        return Reply::Data(Vec::new());
    }
    let length = usize::from(setup.length);
    let to_host = setup.request_type & 0x80 != 0;
    // A request without a data stage has no direction to get wrong. One whose data stage goes the other way, or ends
    // before it is complete, is a protocol error, and the device stalls.
    if length > 0 && (to_host != urb.is_in() || !to_host && data.len() < length) {
        return Reply::Stall;
    }
    let data = if to_host { &[] } else { data.get(..length).unwrap_or(&[]) };
    chapter9.control(now, function, *setup, data)
}

/// The transfers of one attached device.
#[derive(Debug)]
pub(crate) struct Engine {
    chapter9: Chapter9,
    queues: BTreeMap<u8, Queue>,
    left: bool,
}

impl Engine {
    /// A device that a host has just attached: reset, and configured as its server's host had left it.
    pub(crate) fn attach(now: Duration, identity: &Identity, function: &mut dyn Function) -> Self {
        let mut chapter9 = Chapter9::new(identity);
        chapter9.enumerate(now, function);
        Self { chapter9, queues: BTreeMap::new(), left: false }
    }

    /// Takes a transfer. It ends in [`Engine::advance`]. False when there are too many pending.
    pub(crate) fn submit(&mut self, urb: Urb) -> bool {
        if self.queues.values().map(|queue| queue.urbs.len()).sum::<usize>() >= MOST_PENDING {
            return false;
        }
        self.queues.entry(urb.queue()).or_default().urbs.push_back(urb);
        true
    }

    /// Takes a transfer back: reported as [`Outcome::Unlinked`] when it was still pending; false when it is over, or
    /// never was.
    pub(crate) fn unlink(
        &mut self,
        now: Duration,
        seqnum: u32,
        report: &mut impl FnMut(&Completed<'_>),
    ) -> bool {
        for queue in self.queues.values_mut() {
            if let Some(at) = queue.urbs.iter().position(|urb| urb.seqnum == seqnum)
                && let Some(urb) = queue.urbs.remove(at)
            {
                if at == 0 {
                    queue.head = Head::Asking;
                }
                report(&Completed { urb: &urb, at: now, outcome: Outcome::Unlinked, data: &[] });
                return true;
            }
        }
        false
    }

    /// Ends every transfer that can end by now.
    pub(crate) fn advance(
        &mut self,
        now: Duration,
        function: &mut dyn Function,
        report: &mut impl FnMut(&Completed<'_>),
    ) {
        let Self { chapter9, queues, left } = self;
        let mut renewed = false;
        // Endpoint 0 comes first: what it changes is what the interrupt endpoints have to say.
        for (address, queue) in queues {
            if renewed {
                queue.rest.clear();
                queue.not_before = now;
            }
            while !*left && let Some(step) = queue.step(now, *address, chapter9, function) {
                match step {
                    Step::Pending => break,
                    Step::Left => *left = true,
                    Step::Over(outcome, data) => {
                        queue.head = Head::Asking;
                        if let Some(urb) = queue.urbs.pop_front() {
                            renewed |= urb.renews();
                            report(&Completed { urb: &urb, at: now, outcome, data: &data });
                        }
                    }
                }
            }
        }
    }

    /// Whether the device has left the bus of its own accord.
    pub(crate) fn left(&self) -> bool {
        self.left
    }

    /// When [`Engine::advance`] may have something to do without anyone touching the device.
    pub(crate) fn wake_at(&self, now: Duration, function: &dyn Function) -> Option<Duration> {
        let mut earliest: Option<Duration> = None;
        for (address, queue) in &self.queues {
            if queue.urbs.is_empty() {
                continue;
            }
            let at = match queue.head {
                Head::Due(at, _) => Some(at),
                Head::Never => None,
                Head::Asking if queue.not_before > now => Some(queue.not_before),
                Head::Asking => function.wake_at().map(|at| {
                    // A device that says "now" and then has nothing to say is asked again at the next poll.
                    if at > now { at } else { now + self.period(*address) }
                }),
            };
            earliest = [earliest, at].into_iter().flatten().min();
        }
        earliest
    }

    fn period(&self, address: u8) -> Duration {
        self.chapter9
            .endpoint(address)
            .map_or(Duration::from_millis(1), |endpoint| endpoint.period(self.chapter9.speed()))
    }

    /// Ends every transfer: the device is gone.
    pub(crate) fn gone(&mut self, now: Duration, report: &mut impl FnMut(&Completed<'_>)) {
        for urb in self.queues.values_mut().flat_map(|queue| queue.urbs.drain(..)) {
            report(&Completed { urb: &urb, at: now, outcome: Outcome::Gone, data: &[] });
        }
    }
}
