//! upslog, on machines in memory where an hour takes no time.

use std::process::ExitCode;
use std::time::Duration;

use outage_host::Signal;
use outage_host::virt::{Machine, World};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::play::{machine, said};

/// A server for any number of connections, that knows the status of two UPSes.
async fn upsd(machine: &Machine) {
    let host = machine.host("upsd");
    let listener = host.listen_tcp("0.0.0.0:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let _host = host;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut line = String::new();
                while let Ok(byte) = stream.read_u8().await {
                    if byte != b'\n' {
                        line.push(char::from(byte));
                        continue;
                    }
                    let answer = match line.as_str() {
                        "LIST UPS" => "BEGIN LIST UPS\nUPS a \"A\"\nUPS b \"B\"\nEND LIST UPS\n",
                        "GET VAR a ups.status" => "VAR a ups.status \"OL\"\n",
                        "GET VAR b ups.status" => "VAR b ups.status \"OB\u{1b}[31m\"\n",
                        "LOGOUT" => "OK Goodbye\n",
                        _ => "ERR VAR-NOT-SUPPORTED\n",
                    };
                    line.clear();
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
}

/// Starts upslog; returns its process id.
fn start(machine: &Machine, args: &'static [&'static str]) -> u32 {
    machine.run("upslog", |host| {
        outage_client::upslog::run(args.iter().map(|&arg| arg.to_owned()).collect(), host)
    })
}

fn file(machine: &Machine, path: &str) -> String {
    String::from_utf8(machine.read_file(path).unwrap()).unwrap()
}

async fn pass(world: &World, seconds: u64) {
    world.machine("clock").host("clock").sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_at_each_interval() {
    let (world, machine) = machine();
    upsd(&machine).await;
    let pid = start(
        &machine,
        &[
            "-s",
            "a@localhost",
            "-l",
            "/tmp/ups.log",
            "-i",
            "60",
            "-f",
            "%TIME @H:@M:@S% %HOST% %UPSHOST% %PID% %VAR ups.status% %VAR no.such%",
        ],
    );
    pass(&world, 130).await;
    let line = |time: &str| format!("{time} here a@localhost {pid} OL NA\n");
    assert_eq!(file(&machine, "/tmp/ups.log"), line("00:00:00") + &line("00:01:00") + &line("00:02:00"));
    assert_eq!(file(&machine, "/run/upslog.pid"), format!("{pid}\n"));
    machine.signal(pid, Signal::Term).unwrap();
    assert_eq!(machine.exited(pid).await, Some(outage_host::ExitStatus::Code(0)));
    assert!(machine.read_file("/run/upslog.pid").is_err());
    insta::assert_snapshot!(said(&world, "upslog").replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r"
    Network UPS Tools upslog VERSION
    logging status of a@localhost to /tmp/ups.log (60s intervals)
    ! Signal 15: exiting
    ");
}

#[tokio::test(start_paused = true)]
async fn signals_write_a_line_now_and_open_another_file() {
    let (world, machine) = machine();
    upsd(&machine).await;
    let pid = start(&machine, &["-m", "a@localhost,/tmp/log", "-i", "30", "-f", "%ETIME% %VAR ups.status%"]);
    pass(&world, 5).await;
    machine.signal(pid, Signal::Usr1).unwrap();
    pass(&world, 1).await;
    let before = file(&machine, "/tmp/log");
    assert_eq!(before, "1767225600 OL\n1767225605 OL\n");
    // As logrotate does it: the old file is taken away.
    machine.remove_file("/tmp/log").unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    pass(&world, 1).await;
    assert_eq!(file(&machine, "/tmp/log"), "");
    pass(&world, 30).await;
    assert_eq!(file(&machine, "/tmp/log"), "1767225630 OL\n");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_waited_for_and_delays_nobody() {
    let (world, machine) = machine();
    upsd(&machine).await;
    // Its power is off: it does not even refuse.
    let dark = world.machine("dark");
    dark.stop();
    let pid = start(
        &machine,
        &["-m", "a@dark,-", "-m", "a@localhost,-", "-i", "10", "-N", "-f", "%ETIME% %VAR ups.status%"],
    );
    pass(&world, 15).await;
    dark.start();
    upsd(&dark).await;
    pass(&world, 20).await;
    machine.signal(pid, Signal::Term).unwrap();
    machine.exited(pid).await;
    let text = said(&world, "upslog").replace(env!("CARGO_PKG_VERSION"), "VERSION").replace('\t', " ");
    insta::assert_snapshot!(text, @r"
    Network UPS Tools upslog VERSION
    logging status of a@dark to - (10s intervals)
    logging status of a@localhost to - (10s intervals)
    a@localhost 1767225600 OL
    ! Warning: initial connect failed: Connection failure: No route to host
    a@dark 1767225603 NA
    a@localhost 1767225610 OL
    a@dark 1767225613 NA
    a@localhost 1767225620 OL
    ! a@dark: connected
    a@dark 1767225620 OL
    a@localhost 1767225630 OL
    a@dark 1767225630 OL
    ! Signal 15: exiting
    ");
}

/// All UPSes of a server; no order of it to the terminal gets through; so many times and no more.
#[tokio::test(start_paused = true)]
async fn a_star_is_every_ups_of_the_server() {
    let (world, machine) = machine();
    upsd(&machine).await;
    let pid =
        start(&machine, &["-m", "*@localhost,-", "-d", "2", "-i", "2", "-f", "%UPSHOST% %VAR ups.status%"]);
    assert_eq!(machine.exited(pid).await, Some(outage_host::ExitStatus::Code(0)));
    let text = said(&world, "upslog").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text, @r"
    Network UPS Tools upslog VERSION
    logging status of *@localhost to - (2s intervals)
    a@localhost:3493 OL
    b@localhost:3493 OB[31m
    a@localhost:3493 OL
    b@localhost:3493 OB[31m
    ! 2 loops have elapsed
    ");
}

#[tokio::test(start_paused = true)]
async fn files_that_cannot_be_written() {
    let (world, machine) = machine();
    upsd(&machine).await;
    let run = |args: &'static [&'static str]| {
        let host = machine.host("early");
        outage_client::upslog::run(args.iter().map(|&arg| arg.to_owned()).collect(), host)
    };
    assert_eq!(run(&["-s", "a", "-l", "/no/such/log"]).await, ExitCode::FAILURE);
    assert!(
        said(&world, "early").ends_with("! could not open logfile /no/such/log: No such file or directory\n")
    );

    // A disk that fills up costs lines, which is said once, and not the program.
    let pid = start(&machine, &["-s", "a", "-l", "/tmp/log", "-i", "10", "-f", "%VAR ups.status%"]);
    pass(&world, 5).await;
    machine.fail_files("/tmp", Some(std::io::ErrorKind::StorageFull));
    pass(&world, 30).await;
    machine.fail_files("/tmp", None);
    pass(&world, 10).await;
    assert_eq!(file(&machine, "/tmp/log"), "OL\nOL\n");
    assert_eq!(said(&world, "upslog").matches("failed to write to /tmp/log").count(), 1);
    machine.signal(pid, Signal::Int).unwrap();
    machine.exited(pid).await;
}
