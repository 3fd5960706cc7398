//! Guests that go wrong, with a script in QEMU's place. The tests play what is in the guest.

use std::os::unix::fs::PermissionsExt as _;

use rstest::rstest;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};

use super::*;
use crate::clock::Clock;
use crate::trace::Event;

/// What no test waits for.
const LONG: Duration = Duration::from_secs(120);
/// What a test waits for in full.
const SHORT: Duration = Duration::from_millis(300);
/// Ends when the test says so.
const UNTIL_TOLD: &str = "while [ ! -e \"$0.end\" ]; do sleep 0.05; done";
const FOREVER: &str = "exec sleep 1000";

/// One machine, whose emulator is a script.
struct Bench {
    lane: KernelLane,
    events: mpsc::UnboundedReceiver<Event>,
    folder: TempDir,
}

impl Bench {
    /// The emulator leaves last words on the console and for the one who called it, then does what `script` says.
    fn new(script: &str, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let head = "for word; do case $word in file:*) echo 'Kernel panic: no init' >\"${word#file:}\" ;; esac; done";
        std::fs::write(
            at("emulator"),
            format!("#!/bin/sh\n{head}\necho 'emulator: no memory' >&2\n{script}\n"),
        )
        .unwrap();
        std::fs::set_permissions(at("emulator"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::write(at("own.gz"), "").unwrap();
        let machine = Machine {
            folder: folder.path().to_owned(),
            own: at("own.gz"),
            disk: at("disk"),
            port: 0,
            lines: Vec::new(),
            count: Arc::default(),
            guest: Mutex::new(None),
            ran: tokio::sync::Mutex::new(None),
        };
        let (sender, events) = mpsc::unbounded_channel();
        let lane = KernelLane {
            image: Arc::new(Image::empty(&at("emulator"))),
            machines: BTreeMap::from([("server".to_owned(), machine)]),
            network: Network::default(),
            limits,
            sink: Sink::new(Clock::standing(1.0), sender),
            tasks: Mutex::default(),
        };
        Self { lane, events, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn end(&self) {
        std::fs::write(self.at("emulator.end"), "").unwrap();
    }

    /// The guest's ends of its lines: the agent's and the log's. They are there once the emulator runs.
    async fn lines(&self) -> (UnixStream, UnixStream) {
        while std::fs::read(self.at("console")).unwrap_or_default().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let agent = UnixListener::bind(self.at("agent.sock")).unwrap();
        let log = UnixListener::bind(self.at("syslog.sock")).unwrap();
        (agent.accept().await.unwrap().0, log.accept().await.unwrap().0)
    }

    /// A machine whose services were started.
    async fn booted(&self) -> (UnixStream, UnixStream) {
        let (booted, lines) = tokio::join!(self.lane.boot("server"), async {
            let (mut agent, log) = self.lines().await;
            agent.write_all(b"booted\n").await.unwrap();
            (agent, log)
        });
        booted.unwrap();
        lines
    }

    async fn damage(&mut self) -> String {
        loop {
            if let What::Damage { text } = self.events.recv().await.unwrap().what {
                return text;
            }
        }
    }
}

fn limits(sockets: Duration, boot: Duration, order: Duration) -> Limits {
    Limits { sockets, boot, order }
}

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

/// What every error shows.
const LAST_WORDS: [&str; 2] = ["its console's last lines:\n  Kernel panic: no init", "emulator: no memory"];

#[rstest]
#[case::that_ends("exit 1", LONG, "qemu-system-x86_64 ended at once")]
#[case::without_sockets(FOREVER, SHORT, "qemu-system-x86_64 made no sockets within 300ms")]
#[tokio::test]
async fn an_emulator(#[case] script: &str, #[case] sockets: Duration, #[case] fault: &str) {
    let bench = Bench::new(script, limits(sockets, LONG, LONG));
    let text = bench.lane.boot("server").await.unwrap_err();
    holds(&text, &[fault]);
    // One that was given up on may not have got to say anything.
    if sockets == LONG {
        holds(&text, &LAST_WORDS);
    }
}

#[tokio::test]
async fn an_agent_that_stays_silent_at_the_boot() {
    let bench = Bench::new(FOREVER, limits(LONG, SHORT, LONG));
    let (booted, _lines) = tokio::join!(bench.lane.boot("server"), bench.lines());
    let text = booted.unwrap_err();
    holds(&text, &["no services within 300ms"]);
    holds(&text, &LAST_WORDS);
}

#[tokio::test]
async fn a_guest_that_ends_while_it_boots() {
    let bench = Bench::new(UNTIL_TOLD, limits(LONG, LONG, LONG));
    let (booted, _lines) = tokio::join!(bench.lane.boot("server"), async {
        let lines = bench.lines().await;
        bench.end();
        lines
    });
    let text = booted.unwrap_err();
    holds(&text, &["it ended while it booted"]);
    holds(&text, &LAST_WORDS);
}

#[tokio::test]
async fn a_guest_that_is_cut_while_it_boots_has_no_fault() {
    let bench = Bench::new(FOREVER, limits(LONG, LONG, LONG));
    let (booted, _lines) = tokio::join!(bench.lane.boot("server"), async {
        let lines = bench.lines().await;
        while lock(&bench.lane.machines["server"].guest).is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bench.lane.cut("server");
        lines
    });
    assert_eq!(booted, Ok(()));
}

/// A console of as many lines as `before`, a panic, and as many as `after`.
#[rstest]
#[case::that_ends_in_a_panic(100, true, 5, "line 66")]
#[case::whose_panic_left_a_long_trace(100, true, 80, "Kernel panic - not syncing")]
#[case::without_a_panic(100, false, 5, "line 65")]
#[case::of_few_lines(3, false, 0, "line 0")]
fn a_console(#[case] before: usize, #[case] panic: bool, #[case] after: usize, #[case] first: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut lines: Vec<_> = (0..before).map(|line| format!("line {line}")).collect();
    lines.extend(panic.then(|| "Kernel panic - not syncing: Attempted to kill init!".to_owned()));
    lines.extend((0..after).map(|line| format!(" trace {line}")));
    std::fs::write(folder.path().join("console"), lines.join("\n")).unwrap();
    let text = guest::says(folder.path());
    let shown: Vec<_> = text.lines().skip(2).map(|line| line.strip_prefix("  ").unwrap()).collect();
    assert!(shown[0].starts_with(first), "{text}");
    assert_eq!(shown, lines[lines.len() - shown.len()..], "{text}");
}

#[tokio::test]
async fn a_ups_that_cannot_be_attached() {
    let mut bench = Bench::new(FOREVER, limits(LONG, LONG, LONG));
    let (mut agent, _log) = bench.booted().await;
    agent.write_all(b"fault\tnot attached: 10.0.2.2:1/1-1: usbip: error: import\n").await.unwrap();
    let text = bench.damage().await;
    holds(&text, &["not attached: 10.0.2.2:1/1-1: usbip: error: import\n"]);
    holds(&text, &LAST_WORDS);
}

#[tokio::test]
async fn an_agent_that_falls_silent() {
    let bench = Bench::new(FOREVER, limits(LONG, LONG, SHORT));
    let (_agent, _log) = bench.booted().await;
    let text = bench.lane.flag("server").await.unwrap_err();
    holds(&text, &["the agent of server is silent: `test -e /var/killpower` was not done in 300ms"]);
    holds(&text, &LAST_WORDS);
}

#[tokio::test]
async fn a_guest_that_ends_by_itself() {
    let mut bench = Bench::new(UNTIL_TOLD, limits(LONG, LONG, LONG));
    let (_agent, _log) = bench.booted().await;
    bench.end();
    let text = bench.damage().await;
    holds(&text, &["it ended by itself"]);
    holds(&text, &LAST_WORDS);
}
