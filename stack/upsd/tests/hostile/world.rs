//! A server core among enemies: any bytes from two clients and a driver, and what must hold after each piece. The fuzz
//! target (`fuzz/`) and the tests beside this share it.

use std::time::Duration;

use outage_config::{ups_conf, upsd_users};
use outage_upsd::core::{Change, Core, Descriptions, Session, Settings, UpsId};

/// What a session may hold, whatever it was sent: 32 words of 512 bytes, twice as much while a buffer grows, and the
/// places of the words.
const MOST_HELD: usize = 48 * 1024;
/// The password that must not come to light.
const SECRET: &str = "pa55word";
const USERS: &str = "[admin]\npassword = pa55word\nactions = SET FSD\ninstcmds = ALL\nupsmon primary\n";
const DUMP: &str = "SETINFO ups.status \"OL\"\nSETINFO ups.id \"x\"\nSETAUX ups.id 8\nSETFLAGS ups.id RW STRING\n\
    SETINFO a.range \"5\"\nADDRANGE a.range 1 9\nSETFLAGS a.range RW\nADDCMD beeper.mute\nDATAOK\nDUMPDONE\n";

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A client that was given the right password.
    Trusted,
    /// One that was not.
    Stranger,
    /// The driver.
    Driver,
}

/// The server, and those who talk to it.
pub(crate) struct World {
    core: Core,
    ups: UpsId,
    trusted: Session,
    stranger: Session,
    now: Duration,
    random: u8,
    out: Vec<u8>,
}

impl Default for World {
    fn default() -> Self {
        let mut core = Core::new(Settings { tls: true, ..Settings::default() });
        core.set_users(upsd_users("upsd.users", USERS.as_bytes()).0);
        core.set_descriptions(Descriptions::builtin());
        let conf = ups_conf("ups.conf", b"[eaton]\ndriver = usbhid-ups\nport = auto\n").0;
        let ups = match core.configure(&conf).first() {
            Some(Change::Added { ups, .. }) => *ups,
            other => panic!("{other:?}"),
        };
        let now = Duration::from_secs(1);
        core.connected(ups, now);
        core.from_driver(ups, DUMP.as_bytes(), now);
        let (trusted, stranger) = (core.open("192.0.2.1"), core.open("192.0.2.2"));
        let mut world = Self { core, ups, trusted, stranger, now, random: 0, out: Vec::new() };
        world.log_in();
        world
    }
}

impl World {
    /// Takes a piece, and checks everything that must hold.
    pub(crate) fn hear(&mut self, who: Who, bytes: &[u8]) {
        self.now += Duration::from_millis(1);
        match who {
            Who::Driver => {
                self.core.from_driver(self.ups, bytes, self.now);
                self.core.supervise(self.ups, self.now);
            }
            Who::Trusted | Who::Stranger => self.ask(who, bytes),
        }
        // The driver reads what it is told, and the log is written.
        drop(self.core.take_outgoing(self.ups));
        for notice in self.core.take_notices() {
            let line = notice.to_string();
            assert!(who == Who::Driver || !line.contains(SECRET), "a secret in the log: {line}");
        }
        self.core.take_woken();
    }

    fn ask(&mut self, who: Who, mut bytes: &[u8]) {
        loop {
            let session = if who == Who::Trusted { &mut self.trusted } else { &mut self.stranger };
            self.out.clear();
            let mut entropy = || {
                self.random = self.random.wrapping_add(1);
                [self.random; 16]
            };
            let used = self.core.answer(session, bytes, self.now, 4096, &mut entropy, &mut self.out).used;
            let rest = bytes.get(used..).expect("no more is used than there is");
            check_replies(&self.out);
            assert!(session.held() <= MOST_HELD, "a session holds {} bytes", session.held());
            assert!(!format!("{session:?}").contains(SECRET), "a secret in a session's Debug");
            if session.is_starting_tls() {
                // As if the handshake had taken none of it.
                session.encrypted();
            } else if session.is_closing() {
                self.reopen(who);
                return;
            } else {
                assert!(rest.len() < bytes.len() || bytes.is_empty(), "no step forward");
            }
            if rest.is_empty() {
                return;
            }
            bytes = rest;
        }
    }

    fn reopen(&mut self, who: Who) {
        let fresh = self.core.open("192.0.2.3");
        let old = match who {
            Who::Trusted => std::mem::replace(&mut self.trusted, fresh),
            _ => std::mem::replace(&mut self.stranger, fresh),
        };
        self.core.close(&old);
        if who == Who::Trusted {
            self.log_in();
        }
    }

    fn log_in(&mut self) {
        self.ask(Who::Trusted, format!("USERNAME admin\nPASSWORD {SECRET}\nSET TRACKING ON\n").as_bytes());
    }

    /// The server serves a new client as if nothing had been.
    pub(crate) fn check_alive(&mut self) {
        let mut session = self.core.open("192.0.2.4");
        let mut out = Vec::new();
        let asked = b"PROTVER\nGET UPSDESC eaton\n";
        self.core.answer(&mut session, asked, self.now, 4096, &mut || [0; 16], &mut out);
        assert_eq!(out, b"1.3\nUPSDESC eaton \"Unavailable\"\n");
        self.core.close(&session);
    }
}

/// Whole lines of printable characters.
fn check_replies(out: &[u8]) {
    assert!(out.is_empty() || out.ends_with(b"\n"), "half a reply");
    let strange = out.iter().find(|byte| !matches!(byte, b'\n' | 0x20..=0x7e));
    assert!(strange.is_none(), "{strange:?} in a reply");
}

/// Takes any bytes as pieces: who says it, how long it is, and what.
pub(crate) fn play(script: &[u8]) {
    let mut world = World::default();
    let mut rest = script;
    while let [who, length, tail @ ..] = rest {
        let who = match who % 4 {
            0 => Who::Driver,
            1 => Who::Stranger,
            _ => Who::Trusted,
        };
        let (piece, more) = tail.split_at(usize::from(*length).min(tail.len()));
        world.hear(who, piece);
        rest = more;
    }
    world.check_alive();
}
