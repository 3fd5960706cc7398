//! What only a virtual world can show: cables cut, power lost, signals by name, one trace.
#![expect(clippy::unwrap_used, reason = "a test: what is not as expected, fails it")]

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use outage_host::process::{Command, ExitStatus};
use outage_host::virt::{EventKind, Machine, Running, World};
use outage_host::{BoxStream, Elapsed, Host, Priority, SerialSettings, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SECOND: Duration = Duration::from_secs(1);

struct Pair {
    world: World,
    a: Machine,
    b: Machine,
    host_a: Host,
    host_b: Host,
    stream_a: BoxStream,
    stream_b: BoxStream,
}

/// Two machines with a connection from `b` to `a`.
async fn pair() -> Pair {
    let world = World::new(7);
    let (a, b) = (world.machine("a"), world.machine("b"));
    let (host_a, host_b) = (a.host("upsd"), b.host("upsmon"));
    let listener = host_a.listen_tcp(([0, 0, 0, 0], 3493).into()).await.unwrap();
    let stream_b = host_b.connect_tcp("a", 3493).await.unwrap();
    let (stream_a, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, b.address().to_string());
    Pair { world, a, b, host_a, host_b, stream_a, stream_b }
}

async fn read(host: &Host, stream: &mut BoxStream) -> Result<std::io::Result<Vec<u8>>, Elapsed> {
    let mut bytes = vec![0; 64];
    let length = host.timeout(60 * SECOND, stream.read(&mut bytes)).await?;
    Ok(length.map(|length| bytes[..length].to_vec()))
}

#[tokio::test(start_paused = true)]
async fn a_cut_cable_is_silent_and_a_mended_one_delivers() {
    let mut pair = pair().await;
    pair.stream_a.write_all(b"before ").await.unwrap();
    pair.world.cut("b", "a");
    pair.stream_a.write_all(b"after").await.unwrap();
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.unwrap().unwrap(), b"before ");
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.err(), Some(Elapsed));
    drop(pair.stream_a);
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.err(), Some(Elapsed));

    let start = pair.world.now();
    let refused = pair.host_b.connect_tcp("a", 3493).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::TimedOut);
    assert_eq!(pair.world.now() - start, 10 * SECOND);

    pair.world.heal("a", "b");
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.unwrap().unwrap(), b"after");
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.unwrap().unwrap(), b"");
    // The listener went with `pair()`.
    assert_eq!(pair.host_b.connect_tcp("a", 3493).await.err().unwrap().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn a_cable_mended_in_time_connects() {
    let pair = pair().await;
    let _listener = pair.host_a.listen_tcp(([0, 0, 0, 0], 3493).into()).await.unwrap();
    pair.world.cut("a", "b");
    let world = pair.world.clone();
    tokio::spawn(async move {
        tokio::time::sleep(4 * SECOND).await;
        world.heal("a", "b");
    });
    assert!(pair.host_b.connect_tcp("a", 3493).await.is_ok());
    assert_eq!(pair.world.now(), 7 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_power_is_silent_and_forgets() {
    let mut pair = pair().await;
    pair.a.put_file("/etc/killpower", "x", 0o600).unwrap();
    pair.a.put_file("/run/upsd.pid", "1", 0o600).unwrap();
    pair.a.stop();
    assert!(!pair.a.is_running());
    // The other side hears nothing, and may even write.
    assert_eq!(read(&pair.host_b, &mut pair.stream_b).await.err(), Some(Elapsed));
    pair.stream_b.write_all(b"anybody there?").await.unwrap();
    assert_eq!(pair.host_b.connect_tcp("a", 3493).await.err().unwrap().kind(), ErrorKind::HostUnreachable);
    // A process of it does nothing any more.
    assert_eq!(read(&pair.host_b, &mut pair.stream_a).await.err(), Some(Elapsed));
    let sleep = pair.host_a.sleep(SECOND);
    assert!(tokio::time::timeout(60 * SECOND, sleep).await.is_err());
    pair.host_a.notice("still here");
    assert!(pair.host_a.write("/tmp/x".as_ref(), b"", 0o600).is_err());

    pair.a.start();
    assert_eq!(
        read(&pair.host_b, &mut pair.stream_b).await.unwrap().unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert!(pair.a.read_file("/etc/killpower").is_ok());
    assert!(pair.a.read_file("/run/upsd.pid").is_err());
    let kinds: Vec<_> = pair.world.events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::PoweredOff, EventKind::PoweredOn]);
    // Old handles stay dead; new processes run.
    assert!(tokio::time::timeout(60 * SECOND, pair.host_a.sleep(SECOND)).await.is_err());
    pair.a.host("upsd").sleep(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_from_before_is_reset_when_it_is_used() {
    let mut pair = pair().await;
    pair.a.stop();
    pair.a.start();
    pair.stream_b.write_all(b"VER\n").await.unwrap();
    assert_eq!(
        read(&pair.host_b, &mut pair.stream_b).await.unwrap().unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
    assert!(pair.b.is_running());
}

/// A server that takes signals, and says which.
async fn daemon(host: Host) -> ExitCode {
    let listener = host.listen_tcp(([127, 0, 0, 1], 3493).into()).await.unwrap();
    host.ready();
    loop {
        tokio::select! {
            biased;
            signal = host.next_signal() => match signal {
                Signal::Term => return ExitCode::from(7),
                other => host.notice(format!("{other:?}")),
            },
            Ok((mut stream, _)) = listener.accept() => {
                // Held until the peer goes.
                let _ = stream.read(&mut [0]).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn signals_are_taken_or_end_the_process() {
    let world = World::new(1);
    let machine = world.machine("server");
    let deaf = machine.run("deaf", |_| std::future::pending());
    let pid = machine.run("upsd", daemon);
    tokio::task::yield_now().await;
    assert_eq!((machine.pid("upsd"), machine.pid("deaf")), (Some(pid), Some(deaf)));

    machine.signal(pid, Signal::Hup).unwrap();
    machine.signal(pid, Signal::Term).unwrap();
    assert_eq!(machine.exited(pid).await, Some(ExitStatus::Code(7)));
    assert_eq!(machine.pid("upsd"), None);
    machine.signal(deaf, Signal::Urg).unwrap();
    assert_eq!(machine.pid("deaf"), Some(deaf));
    machine.signal(deaf, Signal::Hup).unwrap();
    assert_eq!(machine.pid("deaf"), None);
    assert_eq!(machine.signal(pid, Signal::Probe).unwrap_err().kind(), ErrorKind::NotFound);
    let notice = EventKind::Log(Priority::Notice, "Hup".into());
    assert!(world.events().iter().any(|event| event.kind == notice && &*event.process == "upsd"));
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_closes_what_it_had_open() {
    let machine = World::new(1).machine("server");
    machine.plug_serial("/dev/ttyS0", drop);
    let pid = machine.run("upsd", |host| async move {
        let _line = host.open_serial("/dev/ttyS0".as_ref(), SerialSettings::new(2400)).await.unwrap();
        daemon(host).await
    });
    tokio::task::yield_now().await;
    let host = machine.host("upsc");
    let mut stream = host.connect_tcp("localhost", 3493).await.unwrap();
    assert_eq!(read(&host, &mut stream).await.err(), Some(Elapsed));
    machine.signal(pid, Signal::Kill).unwrap();
    assert_eq!(read(&host, &mut stream).await.unwrap().unwrap(), b"");
    assert_eq!(host.connect_tcp("localhost", 3493).await.err().unwrap().kind(), ErrorKind::ConnectionRefused);
    assert!(host.open_serial("/dev/ttyS0".as_ref(), SerialSettings::new(2400)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_background_daemon_lets_its_parent_go_when_ready() {
    let world = World::new(1);
    let machine = world.machine("server");
    machine.on_spawn(|spawn| match spawn.program() {
        "upsd" => spawn.background("upsd", |host| async move {
            host.sleep(3 * SECOND).await;
            daemon(host).await
        }),
        "broken" => spawn.background("broken", |_| async { ExitCode::from(2) }),
        _ => Running::Missing,
    });
    let host = machine.host("upsdrvctl");
    let mut child = host.spawn(&Command::new(["/usr/sbin/upsd"])).await.unwrap();
    assert_eq!(child.wait().await.unwrap(), ExitStatus::Code(0));
    assert_eq!(world.now(), 3 * SECOND);
    let pid = machine.pid("upsd").unwrap();
    assert_ne!(pid, child.id());
    assert!(host.connect_tcp("localhost", 3493).await.is_ok());

    let mut child = host.spawn(&Command::new(["broken"])).await.unwrap();
    assert_eq!(child.wait().await.unwrap(), ExitStatus::Code(2));
}

#[tokio::test(start_paused = true)]
async fn the_trace_is_in_order_and_can_be_awaited() {
    let world = World::new(1);
    let host = world.machine("server").host("upsmon");
    let waiting = tokio::spawn({
        let world = world.clone();
        async move { world.next_events(1).await }
    });
    host.notice("first");
    host.debug(1, "not shown");
    host.sleep(SECOND).await;
    host.write("/etc/killpower".as_ref(), b"magic", 0o600).unwrap();
    host.broadcast("second").await;
    let events = waiting.await.unwrap();
    assert_eq!(events[0].at, SECOND);
    assert_eq!(events[0].kind, EventKind::Wrote("/etc/killpower".into(), b"magic".to_vec(), 0o600));
    assert_eq!(world.events_since(2)[0].kind, EventKind::Broadcast("second".into()));
    assert_eq!(world.events().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_more_node_shifts_nobody_elses_random_bytes() {
    let bytes = |names: &[&str], seed| {
        let world = World::new(seed);
        let hosts: Vec<_> = names.iter().map(|name| world.machine(name).host("upsd")).collect();
        hosts.last().unwrap().random(16)
    };
    assert_eq!(bytes(&["b"], 1), bytes(&["a", "b"], 1));
    assert_ne!(bytes(&["a"], 1), bytes(&["b"], 1));
    assert_ne!(bytes(&["a"], 1), bytes(&["a"], 2));
    // A process that is started anew makes other keys.
    let machine = World::new(1).machine("a");
    let first = machine.host("upsd").random(16);
    assert_ne!(machine.host("upsd").random(16), first);
}

#[tokio::test(start_paused = true)]
async fn an_unplugged_line_hangs_up_on_both_sides() {
    let machine = World::new(1).machine("server");
    let (send, mut ends) = tokio::sync::mpsc::unbounded_channel();
    machine.plug_serial("/dev/ttyS0", move |end| send.send(end).unwrap());
    let host = machine.host("nutdrv_qx");
    let mut line = host.open_serial("/dev/ttyS0".as_ref(), SerialSettings::new(2400)).await.unwrap();
    let mut end = ends.recv().await.unwrap();
    line.set_rts(false).unwrap();
    end.set_inputs([true, false, false, true]);
    line.send_break(SECOND).await.unwrap();
    assert_eq!((end.settings().baud, end.outputs(), end.take_breaks()), (2400, (true, false), vec![SECOND]));
    assert_eq!(line.modem_lines().unwrap(), [true, false, false, true]);

    machine.unplug_serial("/dev/ttyS0".as_ref());
    assert_eq!(line.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(end.read(&mut [0]).await.unwrap(), 0);
    assert!(line.set_rts(true).is_err());
    let reopened = host.open_serial("/dev/ttyS0".as_ref(), SerialSettings::new(2400)).await;
    assert_eq!(reopened.err().unwrap().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn disks_fail_where_they_are_told_to() {
    let machine = World::new(1).machine("server");
    let host = machine.host("upsmon");
    machine.fail_files("/etc", Some(ErrorKind::StorageFull));
    assert_eq!(host.write("/etc/killpower".as_ref(), b"", 0o600).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(host.write("/tmp/killpower".as_ref(), b"", 0o600).is_ok());
    machine.fail_files("/etc", None);
    assert!(host.write("/etc/killpower".as_ref(), b"", 0o600).is_ok());
}

/// A service manager that watches is told twice as often as it looks, and by nobody else than the one it means.
#[tokio::test(start_paused = true)]
async fn a_watchdog_is_fed_for_as_long_as_the_work_goes_on() {
    for (pid, usec, expected) in [
        (None, "4000000", vec![0, 2, 4]),
        (Some("own"), "4000000", vec![0, 2, 4]),
        (Some(""), "4000000", vec![0, 2, 4]),
        (Some("1"), "4000000", vec![]),
        (None, "", vec![]),
        (None, "0", vec![]),
        (None, "soon", vec![]),
    ] {
        let world = World::new(1);
        let machine = world.machine("a");
        let host = machine.host("upsd");
        machine.set_env("WATCHDOG_USEC", usec);
        if let Some(pid) = pid {
            machine.set_env("WATCHDOG_PID", &pid.replace("own", &host.pid().to_string()));
        }
        assert_eq!(host.watched(async { host.sleep(5 * SECOND).await }).await, ());
        host.sleep(5 * SECOND).await;
        let fed: Vec<_> = world
            .events()
            .into_iter()
            .filter(|event| event.kind == EventKind::Manager("WATCHDOG=1".into()))
            .map(|event| event.at.as_secs())
            .collect();
        assert_eq!(fed, expected, "{pid:?} {usec}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_and_its_children_have_variables_of_their_own() {
    let world = World::new(7);
    let machine = world.machine("a");
    machine.set_env("HOME", "/root");
    let told =
        |host: &Host| ["HOME", "UPSNAME", "TYPE"].map(|name| host.env(name).unwrap_or_default()).join(" ");
    machine.on_spawn(move |spawn| {
        spawn.foreground("child", move |host| async move {
            host.print(&told(&host));
            ExitCode::SUCCESS
        })
    });
    let own = [("UPSNAME".to_owned(), "a".to_owned())].into();
    let pid = machine.run_with("parent", own, move |host| async move {
        host.print(&told(&host));
        let mut command = Command::new(["child"]);
        command.env = vec![("TYPE".into(), "ONBATT".into())];
        host.spawn(&command).await.unwrap().wait().await.unwrap();
        ExitCode::SUCCESS
    });
    machine.exited(pid).await;
    let printed: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Print(text) => Some(text.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(printed, ["/root a ", "/root a ONBATT"]);
    assert_eq!(machine.host("other").env("UPSNAME"), None);
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_holds_no_lock() {
    let world = World::new(7);
    let machine = world.machine("a");
    let pid = machine.run("holder", |host| async move {
        let _lock = host.lock_file("/run/nut/lock".as_ref(), 0o600).unwrap();
        host.sleep(SECOND * 3600).await;
        ExitCode::SUCCESS
    });
    let host = machine.host("other");
    host.sleep(SECOND).await;
    assert!(host.lock_file("/run/nut/lock".as_ref(), 0o600).unwrap().is_none());
    machine.signal(pid, Signal::Kill).unwrap();
    assert!(host.lock_file("/run/nut/lock".as_ref(), 0o600).unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn each_boot_has_an_id_of_its_own() {
    let world = World::new(1);
    let machine = world.machine("server");
    let id = || machine.host("upsmon").boot_id().unwrap();
    let first = id();
    assert_eq!(id(), first, "of the machine, not of the process");
    assert_ne!(world.machine("other").host("upsmon").boot_id().unwrap(), first);
    machine.stop();
    machine.start();
    assert_ne!(id(), first);
}
