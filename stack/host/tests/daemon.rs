//! Programs run by `real::start`, as processes: this test binary starts itself as each of them. (No test harness: a
//! program has to be started with one thread.)
#![expect(clippy::unwrap_used, reason = "a test: what is not as expected, fails it")]

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use std::time::{Duration, Instant};

use outage_host::real::{Start, start};
use outage_host::{Host, Signal};

/// Names the program that this process is to be.
const PART: &str = "OUTAGE_TEST_PART";
const FOLDER: &str = "OUTAGE_TEST_FOLDER";

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).map(PathBuf::from).unwrap()
}

fn main() -> ExitCode {
    let part = std::env::var(PART).unwrap_or_default();
    let options = |background, debug| Start { ident: "test".into(), background, debug, syslog: false };
    match part.as_str() {
        "says" => start(options(false, 1), |host| async move {
            host.print("result\n");
            host.notice("one\ntwo");
            host.debug(1, "shown");
            host.debug(2, "not shown");
            ExitCode::from(5)
        }),
        "daemon" => start(options(true, 0), daemon),
        "fails" => start(options(true, 0), |host| async move {
            host.error("no such device");
            ExitCode::from(3)
        }),
        "asked" => start(options(false, 0), |host| async move {
            host.ready();
            host.send_signal(host.pid(), Signal::Term).unwrap();
            ExitCode::from(if host.next_signal().await == Signal::Term { 7 } else { 1 })
        }),
        "sleeps" => start(options(false, 0), sleepers),
        "panics" => start(options(false, 0), |host| async move {
            tokio::spawn(async { panic!("bug") });
            // A ghost would get here.
            host.sleep(Duration::from_secs(20)).await;
            ExitCode::SUCCESS
        }),
        "" => {
            says();
            goes_to_the_background();
            says_how_bad_it_is_to_the_journal();
            fails_before_it_is_ready();
            leaves_no_ghost();
            takes_signals_from_the_start();
            sleeps();
            println!("daemon: 7 passed");
            ExitCode::SUCCESS
        }
        other => panic!("{other}"),
    }
}

async fn daemon(host: Host) -> ExitCode {
    let pid_file = folder().join("pid");
    host.write(&pid_file, host.pid().to_string().as_bytes(), 0o644).unwrap();
    host.notice("starting");
    host.ready();
    host.notice("not seen on the terminal");
    println!("not seen either");
    // When the test fails before it sends the signal, nothing stays behind.
    assert_eq!(host.timeout(Duration::from_secs(20), host.next_signal()).await, Ok(Signal::Term));
    host.remove(&pid_file).unwrap();
    ExitCode::SUCCESS
}

/// Whoever sleeps wakes when it is time, in order, whoever else was given up meanwhile.
async fn sleepers(host: Host) -> ExitCode {
    let start = host.now();
    let mut tasks = tokio::task::JoinSet::new();
    for length in [300, 20, 150, 20, 0] {
        let host = host.clone();
        tasks.spawn(async move {
            host.sleep(Duration::from_millis(length)).await;
            length
        });
    }
    // The earliest of all, and one that nobody waits for long enough.
    assert!(host.timeout(Duration::from_millis(5), std::future::pending::<()>()).await.is_err());
    assert!(host.timeout(Duration::from_millis(1), host.sleep(Duration::from_secs(60))).await.is_err());
    let mut order = Vec::new();
    while let Some(length) = tasks.join_next().await {
        let length = length.unwrap();
        assert!(host.now() - start >= Duration::from_millis(length));
        order.push(length);
    }
    assert_eq!(order, [0, 20, 20, 150, 300]);
    // The timer was set for earlier ones that are gone; this one still comes.
    host.sleep(Duration::from_millis(30)).await;
    assert!(host.now() - start >= Duration::from_millis(330));
    ExitCode::from(7)
}

fn sleeps() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("sleeps", folder.path());
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

fn run(part: &str, folder: &Path) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PART, part).env(FOLDER, folder).env("NOTIFY_SOCKET", folder.join("notify"));
    command.stdin(Stdio::null()).output().unwrap()
}

/// Waits for something that another process does.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn says() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("says", folder.path());
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(output.stdout, b"result\n");
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = text.lines().map(|line| line.split_once('\t').unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line.1).collect::<Vec<_>>(), ["one two", "[D1] shown"]);
    assert!(lines.iter().all(|line| line.0.starts_with("   0.") && line.0.len() == 11), "{text}");
}

/// The journal takes a line's severity from its beginning; nobody else sees such a beginning.
fn says_how_bad_it_is_to_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let file = std::fs::File::create(&path).unwrap();
    let metadata = file.metadata().unwrap();
    let own = format!("{}:{}", metadata.dev(), metadata.ino());
    for (stream, prefix) in [(own, "<5>"), ("1:1".to_owned(), "")] {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(PART, "says").env(FOLDER, folder.path()).env("JOURNAL_STREAM", &stream);
        std::fs::write(&path, "").unwrap();
        let journal = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        command.stdout(Stdio::null()).stderr(journal).status().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().next().unwrap();
        assert!(line.starts_with(&format!("{prefix}   0.")), "{stream}: {text}");
    }
}

fn goes_to_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
    // Returns when the pipes of its output are closed: the daemon does not hold them.
    let output = run("daemon", folder.path());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stdout, b"");
    assert_eq!(output.stderr, b"starting\n");
    let pid_file = folder.path().join("pid");
    let pid: u32 = std::fs::read_to_string(&pid_file).unwrap().parse().unwrap();
    let mut message = [0; 64];
    let length = manager.recv(&mut message).unwrap();
    assert_eq!(message[..length], *format!("READY=1\nMAINPID={pid}").as_bytes());

    // A session of its own, without a terminal.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap().to_owned();
    assert_eq!(session, pid.to_string());
    for descriptor in 0..3 {
        let target = std::fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).unwrap();
        assert_eq!(target, Path::new("/dev/null"));
    }
    let host = outage_host::real::host("test", 0);
    until("the daemon ends", || {
        // It may not listen for signals yet at the first; it does from the first on that it takes.
        let listens =
            std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| catches(&status, 15));
        if listens {
            let _ = host.send_signal(pid, Signal::Term);
        }
        !pid_file.exists()
    });
}

/// Whether the process of this /proc status catches a signal.
fn catches(status: &str, signal: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(line.trim(), 16).is_ok_and(|mask| mask & (1 << (signal - 1)) != 0)
}

fn fails_before_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("fails", folder.path());
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stderr, b"no such device\n");
}

/// None that comes before the first is waited for is lost, or ends the program.
fn takes_signals_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = run("asked", folder.path());
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}

fn leaves_no_ghost() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env(PART, "panics").env(FOLDER, folder.path()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(101));
    assert!(text.starts_with("internal error, please report it: panicked at "), "{text}");
    std::io::stdout().flush().unwrap();
}
