//! What is under way on one USB/IP connection: commands to bytes, bytes to what became of them. Pure.

use std::collections::BTreeMap;

use outage_host::usb::{Setup, TransferError};

use super::wire::{self, HEADER, Reply, Submit};

/// Errors of Linux's USB stack, as USB/IP carries them.
fn failure(status: i32) -> TransferError {
    match -status {
        32 => TransferError::Stall,
        // ENODEV, ESHUTDOWN, ECONNRESET
        19 | 108 | 104 => TransferError::Disconnected,
        // EOVERFLOW
        75 => TransferError::Overflow,
        // ETIMEDOUT
        110 => TransferError::Timeout,
        5 => TransferError::Fault("input/output error".into()),
        71 => TransferError::Fault("protocol error on the bus".into()),
        84 => TransferError::Fault("checksum error on the bus".into()),
        other => TransferError::Fault(format!("error {other} on the bus")),
    }
}

/// What came of a transfer: the data of an IN transfer, nothing of an OUT transfer.
pub(super) type Done = Result<Vec<u8>, TransferError>;

/// News from the connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A transfer ended.
    Done(u32, Done),
    /// A transfer was taken back, or had ended before that.
    Unlinked(u32),
}

#[derive(Clone, Copy)]
struct Pending {
    input: bool,
    length: u32,
}

/// One connection's transfers.
pub(super) struct Session {
    devid: u32,
    last: u32,
    pending: BTreeMap<u32, Pending>,
    unlinks: BTreeMap<u32, u32>,
    /// Bytes to send, in one write.
    pub(super) out: Vec<u8>,
    /// Bytes that came and make no whole reply yet.
    received: Vec<u8>,
    /// How many of them are used up.
    used: usize,
}

impl Session {
    pub(super) fn new(devid: u32) -> Self {
        Self {
            devid,
            last: 0,
            pending: BTreeMap::new(),
            unlinks: BTreeMap::new(),
            out: Vec::new(),
            received: Vec::new(),
            used: 0,
        }
    }

    fn next(&mut self) -> u32 {
        self.last = self.last.wrapping_add(1).max(1);
        self.last
    }

    fn submit(&mut self, endpoint: u8, input: bool, setup: Option<Setup>, length: u32, data: &[u8]) -> u32 {
        let seq = self.next();
        let interval = u32::from(setup.is_none()) * 10;
        let (devid, out) = (self.devid, &mut self.out);
        wire::submit(out, Submit { seq, devid, endpoint, input, length, interval, setup, data });
        self.pending.insert(seq, Pending { input, length });
        seq
    }

    /// A control transfer IN of at most `length` bytes.
    pub(super) fn control_in(&mut self, setup: Setup, length: u16) -> u32 {
        self.submit(0, true, Some(setup), length.into(), &[])
    }

    /// A control transfer OUT; `data` is at most 65535 bytes long.
    pub(super) fn control_out(&mut self, setup: Setup, data: &[u8]) -> u32 {
        self.submit(0, false, Some(setup), data.len() as u32, data)
    }

    /// An interrupt transfer IN.
    pub(super) fn interrupt_in(&mut self, endpoint: u8, length: u32) -> u32 {
        self.submit(endpoint & 0x0f, true, None, length, &[])
    }

    /// Takes a transfer back. Nothing to do when it has ended.
    pub(super) fn unlink(&mut self, victim: u32) {
        if self.pending.contains_key(&victim) && !self.unlinks.values().any(|known| *known == victim) {
            let seq = self.next();
            wire::unlink(&mut self.out, seq, self.devid, victim);
            self.unlinks.insert(seq, victim);
        }
    }

    /// Takes bytes that came.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.used > 0 {
            self.received.drain(..self.used);
            self.used = 0;
        }
        self.received.extend_from_slice(bytes);
    }

    /// The next whole reply.
    ///
    /// # Errors
    /// The bytes cannot be a reply to anything that was asked; the connection is of no use any more.
    pub(super) fn event(&mut self) -> Result<Option<Event>, String> {
        let bytes = &self.received[self.used..];
        let Some(header) = bytes.first_chunk::<HEADER>() else { return Ok(None) };
        match wire::reply(header)? {
            Reply::Unlink { seq } => {
                let Some(victim) = self.unlinks.remove(&seq) else {
                    return Err(format!("answer to unlink {seq}, which was not sent"));
                };
                // Whatever the status says: a transfer that had ended was answered before this.
                self.pending.remove(&victim);
                self.used += HEADER;
                Ok(Some(Event::Unlinked(victim)))
            }
            Reply::Submit { seq, status, actual } => {
                let Some(Pending { input, length }) = self.pending.get(&seq).copied() else {
                    return Err(format!("answer to transfer {seq}, which was not asked for"));
                };
                if actual > length {
                    return Err(format!("{actual} bytes where {length} were asked for"));
                }
                let payload = if input { actual as usize } else { 0 };
                let Some(data) = bytes.get(HEADER..HEADER + payload) else { return Ok(None) };
                let done = if status == 0 { Ok(data.to_vec()) } else { Err(failure(status)) };
                self.pending.remove(&seq);
                self.used += HEADER + payload;
                Ok(Some(Event::Done(seq, done)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quickcheck::QuickCheck;
    use rstest::rstest;

    use super::*;

    const GET: Setup = Setup { request_type: 0xa1, request: 1, value: 0x0301, index: 0 };

    fn submitted(seq: u32, status: i32, actual: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [3, seq, 0, 0, 0, status as u32, actual, 0, 0, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(payload);
        bytes
    }

    fn unlinked(seq: u32, status: i32) -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [4, seq, 0, 0, 0, status as u32, 0, 0, 0, 0, 0, 0] {
            bytes.extend(word.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn a_control_transfer_in_bytes() {
        let mut session = Session::new(0x0001_0002);
        session.control_in(GET, 5);
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, // submit, seq 1, devid, in, endpoint 0
            0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // flags, length, frame, packets, interval
            0xa1, 1, 1, 3, 0, 0, 5, 0,
        ];
        assert_eq!(session.out, expected);
    }

    #[test]
    fn an_answer_in_pieces_is_one_answer() {
        let mut session = Session::new(1);
        let seq = session.control_in(GET, 5);
        let bytes = submitted(seq, 0, 3, &[1, 2, 3]);
        for byte in &bytes[..bytes.len() - 1] {
            session.feed(&[*byte]);
            assert_eq!(session.event(), Ok(None));
        }
        session.feed(&bytes[bytes.len() - 1..]);
        assert_eq!(session.event(), Ok(Some(Event::Done(seq, Ok(vec![1, 2, 3])))));
        assert_eq!(session.event(), Ok(None));
    }

    #[test]
    fn an_out_transfer_has_no_payload_back() {
        let mut session = Session::new(1);
        let out = session.control_out(GET, &[1, 2]);
        let next = session.control_in(GET, 1);
        session.feed(&submitted(out, 0, 2, &[]));
        session.feed(&submitted(next, 0, 1, &[9]));
        assert_eq!(session.event(), Ok(Some(Event::Done(out, Ok(vec![])))));
        assert_eq!(session.event(), Ok(Some(Event::Done(next, Ok(vec![9])))));
    }

    #[rstest]
    #[case(-32, TransferError::Stall)]
    #[case(-19, TransferError::Disconnected)]
    #[case(-108, TransferError::Disconnected)]
    #[case(-104, TransferError::Disconnected)]
    #[case(-75, TransferError::Overflow)]
    #[case(-110, TransferError::Timeout)]
    #[case(-71, TransferError::Fault("protocol error on the bus".into()))]
    #[case(-5, TransferError::Fault("input/output error".into()))]
    #[case(-1, TransferError::Fault("error 1 on the bus".into()))]
    fn statuses(#[case] status: i32, #[case] error: TransferError) {
        let mut session = Session::new(1);
        let seq = session.control_in(GET, 5);
        session.feed(&submitted(seq, status, 0, &[]));
        assert_eq!(session.event(), Ok(Some(Event::Done(seq, Err(error)))));
    }

    #[test]
    fn unlinking_in_time_and_too_late() {
        let mut session = Session::new(1);
        let (early, late) = (session.control_in(GET, 5), session.control_in(GET, 5));
        session.unlink(early);
        session.unlink(late);
        let sent = session.out.len();
        session.unlink(late);
        assert_eq!(session.out.len(), sent, "one unlink a transfer");
        session.feed(&unlinked(3, -104));
        session.feed(&submitted(late, 0, 1, &[7]));
        session.feed(&unlinked(4, 0));
        assert_eq!(session.event(), Ok(Some(Event::Unlinked(early))));
        assert_eq!(session.event(), Ok(Some(Event::Done(late, Ok(vec![7])))));
        assert_eq!(session.event(), Ok(Some(Event::Unlinked(late))));
        assert_eq!(session.event(), Ok(None));
    }

    #[rstest]
    #[case(submitted(9, 0, 0, &[]), "answer to transfer 9, which was not asked for")]
    #[case(submitted(1, 0, 6, &[]), "6 bytes where 5 were asked for")]
    #[case(submitted(1, 0, u32::MAX, &[]), "4294967295 bytes where 5 were asked for")]
    #[case(unlinked(2, 0), "answer to unlink 2, which was not sent")]
    #[case(vec![0xff; 48], "unknown reply 0xffffffff")]
    fn malformed(#[case] bytes: Vec<u8>, #[case] said: &str) {
        let mut session = Session::new(1);
        session.control_in(GET, 5);
        session.feed(&bytes);
        assert_eq!(session.event(), Err(said.to_owned()));
    }

    #[test]
    fn arbitrary_bytes() {
        fn check(chunks: Vec<Vec<u8>>) -> bool {
            let mut session = Session::new(1);
            session.control_in(GET, 5);
            let mut total = 0;
            for chunk in chunks {
                total += chunk.len();
                session.feed(&chunk);
                if session.event().is_err() {
                    break;
                }
            }
            session.received.len() <= total
        }
        QuickCheck::new().tests(2000).quickcheck(check as fn(Vec<Vec<u8>>) -> bool);
    }
}
