//! upsdrvctl against drivers that are a few lines each, on a virtual machine.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use outage_host::process::ExitStatus;
use outage_host::virt::{EventKind, Machine, Running, World};
use outage_host::{Host, Signal};
use rstest::rstest;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const CONF: &str = "\
driverpath = /lib/nut
[a]
  driver = usbhid-ups
  port = auto
  sdorder = 1
[b]
  driver = nutdrv_qx
  port = /dev/ttyS0
";

const PID_FILE: &str = "/var/state/ups/usbhid-ups-a.pid";
const SOCKET: &str = "/var/state/ups/usbhid-ups-a";

fn machine(conf: &str) -> Machine {
    let machine = World::new(1).machine("server");
    machine.put_file("/etc/nut/ups.conf", conf, 0o640).unwrap();
    machine
}

/// What a run ended with, and what it said, without the banner.
async fn upsdrvctl(machine: &Machine, line: &str) -> (ExitCode, String) {
    let args = std::iter::once("upsdrvctl").chain(line.split_whitespace()).map(str::to_owned).collect();
    let host = machine.host("upsdrvctl");
    let code = super::run(args, host).await;
    let said = |kind| match kind {
        EventKind::Log(_, text) => Some(format!("{text}\n")),
        EventKind::Print(text) => Some(text),
        _ => None,
    };
    let events = machine.world().events().into_iter();
    let text: String =
        events.filter(|event| &*event.process == "upsdrvctl").filter_map(|event| said(event.kind)).collect();
    (code, text.strip_prefix(&super::banner()).unwrap_or(&text).to_owned())
}

/// What was started, each as one line.
fn spawned(machine: &Machine) -> Vec<String> {
    let events = machine.world().events().into_iter();
    events
        .filter_map(|event| match event.kind {
            EventKind::Spawned(_, command) => Some(command.argv.join(" ")),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn drivers_are_started_one_after_the_other() {
    let machine = machine(CONF);
    machine.on_spawn(|_| Running::Exit(ExitStatus::Code(0), Duration::from_secs(3)));
    assert_eq!(upsdrvctl(&machine, "start").await, (ExitCode::SUCCESS, String::new()));
    assert_eq!(spawned(&machine), ["/lib/nut/usbhid-ups -a a", "/lib/nut/nutdrv_qx -a b"]);
    assert_eq!(machine.world().now(), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_is_tried_again_and_stops_no_other() {
    let machine = machine(&format!("maxretry = 3\nretrydelay = 7\n{CONF}"));
    machine.on_spawn(|spawn| {
        let code = if spawn.program() == "usbhid-ups" { 1 } else { 0 };
        Running::Exit(ExitStatus::Code(code), Duration::ZERO)
    });
    let (code, text) = upsdrvctl(&machine, "start").await;
    assert_eq!(code, ExitCode::FAILURE);
    assert_eq!(text, "[a] Driver failed to start (exit status=1)\n".repeat(3));
    assert_eq!(spawned(&machine).len(), 4);
    assert_eq!(machine.world().now().as_secs(), 14);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_works_at_last_is_good() {
    let machine = machine(&format!("maxretry = 2\n{CONF}"));
    let attempts = AtomicU32::new(0);
    machine.on_spawn(move |_| {
        let first = attempts.fetch_add(1, Ordering::Relaxed) == 0;
        Running::Exit(ExitStatus::Code(i32::from(first)), Duration::ZERO)
    });
    assert_eq!(upsdrvctl(&machine, "start").await.0, ExitCode::SUCCESS);
}

#[rstest]
#[case::ready_while_the_others_start(80, 20, ExitCode::SUCCESS)]
#[case::still_not_ready(200, 20, ExitCode::FAILURE)]
#[tokio::test(start_paused = true)]
async fn a_slow_start_is_judged_at_the_end(#[case] a: u64, #[case] b: u64, #[case] code: ExitCode) {
    let machine = machine(CONF);
    machine.on_spawn(move |spawn| {
        let seconds = if spawn.program() == "usbhid-ups" { a } else { b };
        Running::Exit(ExitStatus::Code(0), Duration::from_secs(seconds))
    });
    let (result, text) = upsdrvctl(&machine, "start").await;
    assert_eq!(result, code, "{text}");
    assert!(text.starts_with("[a] Startup timer elapsed, continuing...\n"), "{text}");
    assert_eq!(machine.world().now().as_secs(), 95);
}

#[tokio::test(start_paused = true)]
async fn nowait_does_not_wait() {
    let machine = machine(&format!("nowait\n{CONF}"));
    machine.on_spawn(|_| Running::Exit(ExitStatus::Code(0), Duration::from_secs(60)));
    assert_eq!(upsdrvctl(&machine, "start").await.0, ExitCode::SUCCESS);
    assert_eq!(machine.world().now(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn in_the_foreground_it_stays_with_the_drivers() {
    let machine = machine(CONF);
    machine.on_spawn(|_| Running::Exit(ExitStatus::Code(0), Duration::from_hours(1)));
    assert_eq!(upsdrvctl(&machine, "-F start").await.0, ExitCode::SUCCESS);
    assert_eq!(spawned(&machine), ["/lib/nut/usbhid-ups -F -a a", "/lib/nut/nutdrv_qx -F -a b"]);
    assert_eq!(machine.world().now(), Duration::from_hours(1));
}

#[tokio::test(start_paused = true)]
async fn loads_are_turned_off_in_their_order() {
    let machine = machine(&format!("{CONF}[c]\ndriver = usbhid-ups\nport = auto\nsdorder = -1\n"));
    machine.on_spawn(|_| Running::Exit(ExitStatus::Code(0), Duration::from_secs(1)));
    let (code, text) = upsdrvctl(&machine, "shutdown").await;
    assert_eq!((code, text.as_str()), (ExitCode::SUCCESS, "[c] left on: its sdorder is -1\n"));
    assert_eq!(spawned(&machine), ["/lib/nut/nutdrv_qx -a b -k", "/lib/nut/usbhid-ups -a a -k"]);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_stays_on_keeps_no_other_on() {
    let machine = machine(CONF);
    machine.on_spawn(|spawn| {
        let code = if spawn.program() == "nutdrv_qx" { 1 } else { 0 };
        Running::Exit(ExitStatus::Code(code), Duration::ZERO)
    });
    let (code, text) = upsdrvctl(&machine, "shutdown").await;
    assert_eq!(code, ExitCode::FAILURE);
    assert_eq!(text, "[b] failed to turn the load off: nutdrv_qx -k: exit code 1\n");
    assert_eq!(spawned(&machine).len(), 2);
}

/// A driver with a pid file that ends when it is told to by one of `signals`.
fn driver_with_pid(machine: &Machine, deaf: bool) {
    let pid = machine.run("usbhid-ups", move |host| async move {
        loop {
            if host.next_signal().await == Signal::Term && !deaf {
                let _ = host.remove(PID_FILE.as_ref());
                return ExitCode::SUCCESS;
            }
        }
    });
    machine.put_file(PID_FILE, format!("{pid}\n"), 0o644).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_stopped_by_its_pid_file() {
    let machine = machine(CONF);
    driver_with_pid(&machine, false);
    tokio::task::yield_now().await;
    assert_eq!(upsdrvctl(&machine, "stop a").await, (ExitCode::SUCCESS, String::new()));
    assert_eq!(machine.pid("usbhid-ups"), None);
    assert!(machine.world().now() <= Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_does_not_end_is_killed() {
    let machine = machine(CONF);
    driver_with_pid(&machine, true);
    tokio::task::yield_now().await;
    let (code, text) = upsdrvctl(&machine, "stop a").await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert_eq!(text, "[a] Stopping driver usbhid-ups failed, retrying harder\n");
    assert_eq!(machine.pid("usbhid-ups"), None);
    assert!(machine.stat(PID_FILE).is_err());
    assert_eq!(machine.world().now().as_secs(), 5);
}

/// A driver without a pid file that answers at its socket.
async fn answer(host: Host) -> ExitCode {
    let Ok(listener) = host.listen_unix(SOCKET.as_ref(), 0o660).await else { return ExitCode::FAILURE };
    loop {
        let Ok((stream, _)) = listener.accept().await else { return ExitCode::FAILURE };
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let reply = match line.as_str() {
                "PING" => "PONG\n",
                "GETPID" => "SETINFO ups.load \"3\"\nPID 4711\n",
                "DUMPSTATUS" => "SETINFO ups.status \"OB DISCHRG\"\nDATAOK\nDUMPDONE\n",
                "INSTCMD driver.reload-or-error TRACKING upsdrvctl" => "TRACKING upsdrvctl 0\n",
                "INSTCMD driver.reload-or-exit TRACKING upsdrvctl" => "TRACKING upsdrvctl 3\n",
                "INSTCMD driver.exit" => return ExitCode::SUCCESS,
                _ => "",
            };
            let _ = lines.get_mut().write_all(reply.as_bytes()).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_driver_is_stopped_at_its_socket() {
    let machine = machine(CONF);
    machine.run("usbhid-ups", answer);
    tokio::task::yield_now().await;
    // A pid file from before the last reboot, and nobody has that number now.
    machine.put_file(PID_FILE, "31000\n", 0o644).unwrap();
    assert_eq!(upsdrvctl(&machine, "stop a").await, (ExitCode::SUCCESS, String::new()));
    assert_eq!(machine.pid("usbhid-ups"), None);
}

#[tokio::test(start_paused = true)]
async fn a_pid_file_that_names_something_else_kills_nothing() {
    let machine = machine(CONF);
    let pid = machine.run("sshd", |_| std::future::pending());
    machine.put_file(PID_FILE, format!("{pid}\n"), 0o644).unwrap();
    machine.put_file(format!("/proc/{pid}/cmdline"), "/usr/sbin/sshd\0-D\0", 0o444).unwrap();
    let (code, text) = upsdrvctl(&machine, "stop a").await;
    assert_eq!(code, ExitCode::FAILURE);
    assert!(text.contains(&format!("is stale: process {pid} is something else\n")), "{text}");
    assert!(text.contains("[a] driver usbhid-ups is not running: "), "{text}");
    assert_eq!(machine.pid("sshd"), Some(pid));
}

#[tokio::test(start_paused = true)]
async fn status_asks_file_and_socket() {
    let machine = machine(CONF);
    machine.run("usbhid-ups", answer);
    tokio::task::yield_now().await;
    let (code, text) = upsdrvctl(&machine, "status").await;
    assert_eq!(code, ExitCode::FAILURE);
    insta::assert_snapshot!(text, @r"
    UPSNAME  UPSDRV      RUNNING  PF_PID  S_RESPONSIVE    S_PID  S_STATUS
    a        usbhid-ups  RUNNING  N/A     RESPONSIVE      4711   OB DISCHRG
    b        nutdrv_qx   STOPPED  N/A     NOT_RESPONSIVE  N/A
    ");
}

#[rstest]
#[case("-c reload a", ExitCode::SUCCESS, "")]
#[case(
    "-c reload-or-exit a",
    ExitCode::FAILURE,
    "[a] the driver answers driver.reload-or-exit with code 3: see its log\n"
)]
#[case("-c exit a", ExitCode::SUCCESS, "")]
#[case("-c dump a", ExitCode::FAILURE, "[a] driver usbhid-ups is not running\n")]
#[tokio::test(start_paused = true)]
async fn drivers_are_told(#[case] line: &str, #[case] code: ExitCode, #[case] text: &str) {
    let machine = machine(CONF);
    machine.run("usbhid-ups", answer);
    tokio::task::yield_now().await;
    assert_eq!(upsdrvctl(&machine, line).await, (code, text.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_a_socket_is_told_by_signal() {
    let machine = machine(CONF);
    driver_with_pid(&machine, false);
    tokio::task::yield_now().await;
    assert_eq!(upsdrvctl(&machine, "-c reload a").await.0, ExitCode::SUCCESS);
    let signals =
        |event: &outage_host::virt::Event| matches!(event.kind, EventKind::Signalled(_, Signal::Hup));
    assert_eq!(machine.world().events().iter().filter(|event| signals(event)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn testing_mode_only_talks() {
    let machine = machine(CONF);
    let (code, text) = upsdrvctl(&machine, "-t shutdown").await;
    assert_eq!(code, ExitCode::SUCCESS);
    insta::assert_snapshot!(text, @r"
    *** Testing mode: not calling exec/kill
    [b] exec: /lib/nut/nutdrv_qx -a b -k
    [a] exec: /lib/nut/usbhid-ups -a a -k
    ");
    assert_eq!(spawned(&machine), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_list_is_the_files() {
    let machine = machine(CONF);
    assert_eq!(upsdrvctl(&machine, "-l").await, (ExitCode::SUCCESS, "a\nb\n".to_owned()));
}

#[rstest]
#[case::no_such_ups("start nemo", "upsdrvctl: UPS nemo not found in ups.conf; there are: a, b\n")]
#[case::no_driver(
    "start b",
    "[b] failed to start /lib/nut/nutdrv_qx: entity not found: check driverpath in ups.conf\n"
)]
#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_one_line(#[case] line: &str, #[case] text: &str) {
    assert_eq!(upsdrvctl(&machine(CONF), line).await, (ExitCode::FAILURE, text.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_and_a_missing_folder_are_one_line() {
    let bare = World::new(1).machine("server");
    let (code, text) = upsdrvctl(&bare, "start").await;
    assert_eq!(code, ExitCode::FAILURE);
    insta::assert_snapshot!(text, @"upsdrvctl: failed to read /etc/nut/ups.conf: entity not found: create it, with a section for each UPS, or set NUT_CONFPATH to its folder");

    let machine = machine(CONF);
    machine.set_env("NUT_STATEPATH", "/nowhere");
    let (code, text) = upsdrvctl(&machine, "start").await;
    assert_eq!(code, ExitCode::FAILURE);
    insta::assert_snapshot!(text, @"upsdrvctl: the state folder /nowhere is missing: create it (mkdir -p /nowhere) for the user that drivers run as, or set NUT_STATEPATH");
}
