//! upssched as upsmon runs it, on machines in memory: many at once, at the worst of times.
#![expect(clippy::unwrap_used, reason = "a test: what is not as expected, fails it")]

use std::time::Duration;

use outage_host::virt::{EventKind, Machine, Running, Spawn, World};
use outage_host::{ExitStatus, Signal};
use outage_upsmon::upssched;
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

const CONF: &str = "\
CMDSCRIPT /bin/cmd
PIPEFN /run/nut/upssched.pipe
LOCKFN /run/nut/upssched.lock
AT ONBATT * START-TIMER onbatt 2
AT ONLINE * CANCEL-TIMER onbatt back
AT LOWBATT * EXECUTE low
AT COMMBAD * START-TIMER-SHARED gone 500ms
AT COMMOK * CANCEL-TIMER-MATCHED onbatt
AT CAL * EXECUTE slow
AT CAL * START-TIMER slow 1
AT CAL * START-TIMER quick 2
";

struct Room {
    world: World,
    machine: Machine,
}

/// A program that is started: upssched, or its script, which takes a minute when it is to be slow.
fn program(spawn: &Spawn) -> Running {
    let words: Vec<String> = spawn.command.argv.iter().skip(1).cloned().collect();
    match spawn.program() {
        "upssched" => spawn.background("upssched", |host| upssched::run(words, host)),
        "cmd" if words == ["slow"] => Running::Exit(ExitStatus::Code(3), SECOND * 60),
        "cmd" => Running::Exit(ExitStatus::Code(0), MS),
        _ => Running::Missing,
    }
}

impl Room {
    fn new() -> Self {
        let world = World::new(7);
        let machine = world.machine("a");
        machine.put_file("/etc/nut/upssched.conf", CONF, 0o640).unwrap();
        machine.on_spawn(program);
        Self { world, machine }
    }

    fn start(&self, kind: &str, ups: &str) -> u32 {
        let env = [("NOTIFYTYPE".to_owned(), kind.to_owned()), ("UPSNAME".to_owned(), ups.to_owned())].into();
        self.machine.run_with("client", env, |host| upssched::run(vec![format!("UPS {ups}")], host))
    }

    async fn run(&self, kind: &str, ups: &str) {
        let pid = self.start(kind, ups);
        let ended = self.world.timeout(SECOND * 30, self.machine.exited(pid)).await;
        assert_eq!(ended, Ok(Some(ExitStatus::Code(0))), "{kind} {ups}");
    }

    async fn wait(&self, length: Duration) {
        self.world.sleep_until(self.world.now() + length).await;
    }

    /// The runs of the script so far: when, its argument, its UPS.
    fn runs(&self) -> Vec<(Duration, String, String)> {
        let events = self.world.events().into_iter();
        events
            .filter_map(|event| match event.kind {
                EventKind::Spawned(_, command) if command.argv[0] == "/bin/cmd" => {
                    assert_eq!(command.argv.len(), 2);
                    assert_eq!(command.env[2].0, "NOTIFYMSG");
                    Some((event.at, command.argv[1].clone(), command.env[1].1.clone()))
                }
                _ => None,
            })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.runs().into_iter().map(|(_, name, _)| name).collect()
    }

    fn daemons(&self) -> usize {
        let events = self.world.events();
        events.iter().filter(|event| matches!(event.kind, EventKind::Ready)).count()
    }

    fn is_clean(&self) -> bool {
        self.machine.pid("upssched").is_none()
            && self.machine.files().iter().all(|file| !file.starts_with("/run"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_timer_runs_and_the_process_goes() {
    let room = Room::new();
    room.run("ONBATT", "a@b").await;
    let begun = room.world.now();
    assert!(room.machine.pid("upssched").is_some());
    room.wait(SECOND * 5).await;
    let runs = room.runs();
    assert_eq!((runs.len(), runs[0].1.as_str(), runs[0].2.as_str()), (1, "onbatt", "a@b"));
    assert!(runs[0].0 >= SECOND * 2 && runs[0].0 <= begun + SECOND * 2, "{runs:?}");
    assert!(room.is_clean());
}

#[tokio::test(start_paused = true)]
async fn many_at_once_make_one_process_and_lose_no_timer() {
    let room = Room::new();
    let pids: Vec<_> = (0..40).map(|number| room.start("ONBATT", &format!("u{number}"))).collect();
    for pid in pids {
        room.machine.exited(pid).await;
    }
    room.wait(SECOND * 4).await;
    let mut upses: Vec<_> = room.runs().into_iter().map(|(_, _, ups)| ups).collect();
    upses.sort();
    upses.dedup();
    assert_eq!((upses.len(), room.runs().len(), room.daemons()), (40, 40, 1));
    assert!(room.is_clean());
}

/// Whenever it comes while the process is about to end, a timer is started.
#[rstest]
#[tokio::test(start_paused = true)]
async fn none_is_lost_between_two_processes(
    #[values(2990, 2999, 3000, 3001, 3002, 3003, 3005, 3010, 3020)] at: u64,
) {
    for micros in [0, 1, 300, 500, 999] {
        let room = Room::new();
        room.run("ONBATT", "first").await;
        room.world.sleep_until(MS * u32::try_from(at).unwrap() + Duration::from_micros(micros)).await;
        let pids: Vec<_> = (0..3).map(|number| room.start("ONBATT", &format!("u{number}"))).collect();
        for pid in pids {
            room.machine.exited(pid).await;
        }
        room.wait(SECOND * 5).await;
        assert_eq!(room.names(), ["onbatt"; 4], "{at} ms {micros} us");
        assert!(room.daemons() <= 2 && room.is_clean(), "{at} ms {micros} us");
    }
}

/// A timer that is called off at its end has run, or has not; then the command of the cancelling has.
#[rstest]
#[tokio::test(start_paused = true)]
async fn called_off_at_its_end(#[values(1990, 1999, 2000, 2001, 2002, 2010)] at: u64) {
    let room = Room::new();
    room.run("ONBATT", "a").await;
    room.world.sleep_until(MS * u32::try_from(at).unwrap()).await;
    room.run("ONLINE", "a").await;
    room.wait(SECOND * 5).await;
    let names = room.names();
    assert!(names.is_empty() || names == ["onbatt", "back"], "{at} ms: {names:?}");
    assert_eq!(names.is_empty(), at < 2000, "{at} ms");
}

#[tokio::test(start_paused = true)]
async fn calling_off_without_timers_starts_no_process() {
    let room = Room::new();
    room.run("ONLINE", "a").await;
    room.run("COMMOK", "a").await;
    assert_eq!((room.names(), room.daemons()), (vec!["back".to_owned()], 0));
    assert!(room.is_clean());
}

#[tokio::test(start_paused = true)]
async fn only_its_own_timers_are_called_off_when_matched() {
    let room = Room::new();
    room.run("ONBATT", "a").await;
    room.run("ONBATT", "b").await;
    room.run("COMMOK", "a").await;
    room.wait(SECOND * 5).await;
    assert_eq!(room.runs().iter().map(|run| run.2.as_str()).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_shared_timer_runs_once_for_all() {
    let room = Room::new();
    room.run("COMMBAD", "a").await;
    room.run("COMMBAD", "b").await;
    room.wait(SECOND * 5).await;
    let runs = room.runs();
    assert_eq!((runs.len(), runs[0].1.as_str(), runs[0].2.as_str()), (1, "gone", "a,b"));
}

/// Neither the one that is run at once nor the one of a timer holds up the others.
#[tokio::test(start_paused = true)]
async fn a_slow_script_holds_up_nothing() {
    let room = Room::new();
    let pid = room.start("CAL", "a");
    room.wait(SECOND * 4).await;
    let runs = room.runs();
    let at = |name: &str| runs.iter().filter(|run| run.1 == name).map(|run| run.0).collect::<Vec<_>>();
    assert_eq!((at("slow").len(), at("quick").len()), (2, 1), "{runs:?}");
    assert!(at("quick")[0] < SECOND * 3, "{runs:?}");
    assert!(room.machine.pid("upssched").is_some(), "its own script still runs");
    assert_eq!(room.machine.exited(pid).await, Some(ExitStatus::Code(0)));
    room.wait(SECOND * 5).await;
    assert!(room.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_holds_up_nothing() {
    let room = Room::new();
    room.run("ONBATT", "a").await;
    let host = room.machine.host("mute");
    let mut mute = Vec::new();
    for _ in 0..50 {
        let stream = host.connect_unix("/run/nut/upssched.pipe".as_ref()).await.unwrap();
        mute.push(stream);
    }
    mute[0].write_all(b"START \"half").await.unwrap();
    let before = room.world.now();
    room.run("ONBATT", "b").await;
    assert!(room.world.now() - before < SECOND);
    room.wait(SECOND * 5).await;
    assert_eq!(room.names(), ["onbatt"; 2]);
    room.wait(SECOND * 5).await;
    assert!(room.is_clean());
    let mut rest = Vec::new();
    let _ = mute[0].read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_leaves_behind_is_taken_over() {
    let room = Room::new();
    room.run("ONBATT", "lost").await;
    room.machine.signal(room.machine.pid("upssched").unwrap(), Signal::Kill).unwrap();
    let left =
        ["/run/nut/upssched.lock", "/run/nut/upssched.pipe"].map(|path| room.machine.stat(path).is_ok());
    assert_eq!(left, [true, true]);
    room.run("ONLINE", "a").await;
    room.run("ONBATT", "a").await;
    room.wait(SECOND * 5).await;
    assert_eq!(room.names(), ["back", "onbatt"]);
    assert!(room.is_clean());
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_file_is_not_touched() {
    let room = Room::new();
    room.machine.put_file("/run/nut/upssched.pipe", "precious", 0o640).unwrap();
    let pid = room.start("ONBATT", "a");
    assert_eq!(room.machine.exited(pid).await, Some(ExitStatus::Code(1)));
    assert_eq!(room.machine.read_file("/run/nut/upssched.pipe").unwrap(), b"precious");
    room.machine.put_file("/run/nut/upssched.pipe", "", 0o640).unwrap();
    room.run("ONBATT", "a").await;
    room.wait(SECOND * 5).await;
    assert_eq!(room.names(), ["onbatt"]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_it_and_names_what_is_lost() {
    let room = Room::new();
    room.run("ONBATT", "a").await;
    room.machine.signal(room.machine.pid("upssched").unwrap(), Signal::Term).unwrap();
    room.wait(SECOND).await;
    assert!(room.is_clean());
    let said = |text: &str| {
        room.world
            .events()
            .iter()
            .any(|event| matches!(&event.kind, EventKind::Log(_, line) if line.contains(text)))
    };
    assert!(said("these timers are lost: onbatt"));
}

#[tokio::test(start_paused = true)]
async fn timers_are_listed() {
    let room = Room::new();
    let list = || async {
        let seen = room.world.events().len();
        let pid = room.machine.run("list", |host| upssched::run(vec!["-l".to_owned()], host));
        room.machine.exited(pid).await;
        let printed = room.world.events_since(seen).into_iter().filter_map(|event| match event.kind {
            EventKind::Print(text) => Some(text.to_string()),
            _ => None,
        });
        printed.collect::<String>()
    };
    assert_eq!(list().await, "");
    room.run("ONBATT", "a@b").await;
    let text = list().await;
    let cells: Vec<_> = text.trim_end().split('\t').collect();
    assert_eq!(
        (cells.len(), cells[0], &cells[3..]),
        (6, "onbatt", &["ONBATT", "a@b", "UPS a@b"][..]),
        "{text}"
    );
    assert!(cells[2].parse::<f64>().unwrap() <= 2.0, "{text}");
}

#[tokio::test(start_paused = true)]
async fn without_a_notice_or_a_file_there_is_an_error() {
    let room = Room::new();
    for (args, code) in [(vec![], 1), (vec!["-h".to_owned()], 0), (vec!["-z".to_owned()], 1)] {
        let pid = room.machine.run("client", |host| async move { upssched::run(args, host).await });
        assert_eq!(room.machine.exited(pid).await, Some(ExitStatus::Code(code)));
    }
    room.machine.remove_file("/etc/nut/upssched.conf").unwrap();
    let pid = room.start("ONBATT", "a");
    assert_eq!(room.machine.exited(pid).await, Some(ExitStatus::Code(1)));
}

/// The process that holds the timers takes a client in, and ends before it did anything: the client asks the next one.
#[tokio::test(start_paused = true)]
async fn no_answer_is_no_success() {
    let room = Room::new();
    let dying = room.machine.host("dying");
    let (pipe, lock) = ("/run/nut/upssched.pipe".as_ref(), "/run/nut/upssched.lock".as_ref());
    let held = dying.lock_file(lock, 0o600).unwrap();
    let listener = dying.listen_unix(pipe, 0o660).await.unwrap();
    let clients = [room.start("ONBATT", "a"), room.start("ONBATT", "b")];
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut line = vec![0; 1000];
    let length = stream.read(&mut line).await.unwrap();
    assert!(line.starts_with(b"START \"onbatt\" \"") && line[length - 1] == b'\n');
    dying.remove(pipe).unwrap();
    drop((stream, listener));
    room.wait(MS * 100).await;
    drop(held);
    room.wait(SECOND * 5).await;
    assert_eq!((room.names(), room.daemons()), (vec!["onbatt".to_owned(); 2], 1));
    assert!(clients.iter().all(|pid| room.machine.signal(*pid, Signal::Probe).is_err()), "one still runs");
}
