//! A real driver's side of the socket: the harness plays upsd to the subject's `dummy-ups`, which needs no device.

use outage_host::Signal;
use tokio::time::timeout;

use super::{SEEN, SOCKET, run};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::lab::{LIMIT, Process, Start};
use crate::conform::{Case, Miss, Outcome, Stage, Wire, ensure, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "driver-socket/daemon/dump",
        SOCKET,
        Must,
        "DUMPALL is answered with every variable and command, DATAOK and at last DUMPDONE.",
        run_check!(dump),
    ),
    run(
        "driver-socket/daemon/dump-order",
        SOCKET,
        Must,
        "In a dump a variable comes before its type, and the commands after all variables, which are sorted.",
        run_check!(dump_order),
    ),
    run(
        "driver-socket/daemon/dump-escapes",
        SOCKET,
        Must,
        "In a dump quotes and backslashes of values are escaped.",
        run_check!(dump_escapes),
    ),
    run(
        "driver-socket/daemon/dump-to-the-asker",
        SOCKET,
        Must,
        "A dump goes to who asked for it and to nobody else; each may ask for one.",
        run_check!(dump_to_the_asker),
    ),
    run("driver-socket/daemon/ping", SOCKET, Must, "PING is answered with PONG.", run_check!(ping)),
    run(
        "driver-socket/daemon/ping-in-any-form",
        SEEN,
        Observed,
        "PING counts in any case, with blanks around it, with a carriage return, and with words after it.",
        run_check!(ping_in_any_form),
    ),
    run(
        "driver-socket/daemon/pieces",
        SOCKET,
        Must,
        "A line may come in pieces, and several in one write.",
        run_check!(pieces),
    ),
    run(
        "driver-socket/daemon/garbage",
        SOCKET,
        Must,
        "Unknown verbs, blank lines, missing words, long lines and foreign bytes are not answered, and the next good line is.",
        run_check!(garbage),
    ),
    run(
        "driver-socket/daemon/eight-bit",
        SEEN,
        Observed,
        "Bytes above 0x7f do not count.",
        run_check!(eight_bit),
    ),
    run(
        "driver-socket/daemon/instcmd-unknown",
        SOCKET,
        Must,
        "A command that the driver does not have is answered with TRACKING and 1 when an id came with it.",
        run_check!(instcmd_unknown),
    ),
    run(
        "driver-socket/daemon/instcmd-untracked",
        SOCKET,
        Must,
        "An order without an id is not answered.",
        run_check!(instcmd_untracked),
    ),
    run(
        "driver-socket/daemon/set",
        "dummy-ups(8), sock-protocol",
        Must,
        "A SET with an id is answered with the new value and with TRACKING and 0.",
        run_check!(set),
    ),
    run(
        "driver-socket/daemon/set-is-told-to-all",
        SOCKET,
        Must,
        "A new value is told to every connection, the TRACKING answer only to who asked.",
        run_check!(set_is_told_to_all),
    ),
    run(
        "driver-socket/daemon/set-escapes",
        SOCKET,
        Should,
        "A new value with quotes and backslashes is escaped when it is told, as it is in a dump.",
        run_check!(set_escapes),
    ),
    run(
        "driver-socket/daemon/many-connections",
        SOCKET,
        Must,
        "Twenty connections at once are all answered.",
        run_check!(many_connections),
    ),
    run(
        "driver-socket/daemon/hang-ups",
        SOCKET,
        Must,
        "Who hangs up in the middle of a line, or before its dump, is no harm to the others.",
        run_check!(hang_ups),
    ),
    run(
        "driver-socket/daemon/never-reads",
        "nut#3666",
        Must,
        "Who asks for dumps and never reads them is no harm to the others.",
        run_check!(never_reads),
    ),
    run(
        "driver-socket/daemon/ends",
        "nutupsdrv(8)",
        Must,
        "SIGTERM ends the driver with 0; it hangs up, and its socket is gone.",
        run_check!(ends),
    ),
];

const DEVICE: &str = "battery.charge: 90\ninput.voltage: 230.0\nups.mfr: Acme\nups.status: OL\n";
/// The socket of the driver that is judged.
pub(super) const SOCKET_NAME: &str = "dummy-ups-office";

/// Starts the subject's `dummy-ups` and connects to it as upsd would.
pub(super) async fn driver(stage: &mut Stage) -> Result<(Box<dyn Process>, Wire), Miss> {
    // The files are no longer what an upsd that may run here was started with.
    stage.touch();
    stage.write("etc/ups.conf", "[office]\n  driver = dummy-ups\n  port = office.dev\n", 0o640)?;
    stage.write("etc/office.dev", DEVICE, 0o640)?;
    let process = stage.start(Start::new("dummy-ups", &["-F", "-a", "office"])).await?;
    let wire = stage.connect_driver(SOCKET_NAME).await?;
    Ok((process, wire))
}

/// A dump, without DUMPDONE.
async fn dumped(wire: &mut Wire, request: &str) -> Result<Vec<String>, Miss> {
    wire.send(request).await?;
    let mut lines = Vec::new();
    loop {
        match wire.line().await?.as_str() {
            "DUMPDONE" => return Ok(lines),
            line if lines.len() < 1000 => lines.push(line.to_owned()),
            _ => return Err(Miss::fail("a dump without an end")),
        }
    }
}

/// Fails unless this line is among them.
pub(super) fn has(lines: &[String], wanted: &str) -> Outcome {
    ensure(lines.iter().any(|line| line == wanted), || format!("no `{wanted}` in {lines:?}"))
}

async fn dump(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    let lines = dumped(&mut wire, "DUMPALL").await?;
    for line in [
        "SETINFO battery.charge \"90\"",
        "SETINFO driver.name \"dummy-ups\"",
        "SETINFO input.voltage \"230.0\"",
        "SETINFO ups.mfr \"Acme\"",
        "SETINFO ups.status \"OL\"",
        "ADDCMD load.off",
    ] {
        has(&lines, line)?;
    }
    ensure_eq("before DUMPDONE", lines.last().map(String::as_str), Some("DATAOK"))
}

async fn dump_order(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    let lines = dumped(&mut wire, "DUMPALL").await?;
    let (mut names, mut commands) = (Vec::new(), 0);
    for line in &lines {
        let mut words = line.split(' ');
        let (verb, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match verb {
            "SETINFO" => {
                ensure(commands == 0, || format!("`{line}` after a command"))?;
                names.push(name.to_owned());
            }
            "SETFLAGS" | "SETAUX" | "ADDENUM" | "ADDRANGE" => {
                ensure_eq("the variable before its type", names.last().map(String::as_str), Some(name))?;
            }
            "ADDCMD" => commands += 1,
            "DATAOK" | "DATASTALE" => {}
            _ => return Err(Miss::fail(format!("no line of a dump: {line:?}"))),
        }
    }
    let mut sorted = names.clone();
    sorted.sort_by_key(|name| name.to_ascii_lowercase());
    ensure_eq("the order of variables", names, sorted)
}

async fn dump_escapes(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.send(r#"SET ups.mfr "a \"b\" \\ c" TRACKING t1"#).await?;
    while wire.line().await? != "TRACKING t1 0" {}
    let lines = dumped(&mut wire, "DUMPALL").await?;
    has(&lines, r#"SETINFO ups.mfr "a \"b\" \\ c""#)
}

async fn dump_to_the_asker(stage: &mut Stage) -> Outcome {
    let (_process, mut one) = driver(stage).await?;
    let mut two = stage.connect_driver(SOCKET_NAME).await?;
    let first = dumped(&mut one, "DUMPALL").await?;
    // Had the other been told anything, it would come before its PONG.
    two.says("PING", "PONG").await?;
    ensure_eq("the other's dump", dumped(&mut two, "DUMPALL").await?, first)
}

async fn ping(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.says("PING", "PONG").await?;
    wire.says("PING", "PONG").await?;
    wire.silence().await
}

async fn ping_in_any_form(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.bytes(b"ping\n  PING  \nPING\r\nPING me \"twice\"\n").await?;
    for _ in 0..4 {
        wire.expect("PONG").await?;
    }
    wire.silence().await
}

async fn pieces(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.bytes(b"PI").await?;
    stage.wait(stage.quiet()).await;
    wire.bytes(b"NG\nPING\nPI").await?;
    wire.expect("PONG").await?;
    wire.expect("PONG").await?;
    wire.silence().await?;
    wire.bytes(b"NG\n").await?;
    wire.expect("PONG").await
}

async fn garbage(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    let long = "x".repeat(3000);
    let many = "w ".repeat(100);
    let lines = [
        "FROBNICATE",
        "",
        "   ",
        "# PING",
        "SET",
        "SET battery.charge",
        "INSTCMD",
        "VER",
        &long,
        &many,
        "\u{1}\u{7f}",
        "PONG",
        "SETINFO battery.charge \"1\"",
        "DUMPDONE",
    ];
    for line in lines {
        wire.send(line).await?;
    }
    wire.bytes(b"P\x00ING\n").await?;
    wire.expect("PONG").await?;
    has(&dumped(&mut wire, "DUMPALL").await?, "SETINFO battery.charge \"90\"")
}

async fn eight_bit(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.bytes(b"P\xffING\xc3\xa4\n").await?;
    wire.expect("PONG").await
}

async fn instcmd_unknown(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.says("INSTCMD no.such.command TRACKING id-1", "TRACKING id-1 1").await?;
    wire.says("INSTCMD no.such.command \"with more\" TRACKING id-2", "TRACKING id-2 1").await
}

async fn instcmd_untracked(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.send("INSTCMD no.such.command").await?;
    wire.send("INSTCMD no.such.command 5").await?;
    wire.says("PING", "PONG").await?;
    wire.send("SET battery.charge 55").await?;
    wire.expect("SETINFO battery.charge \"55\"").await?;
    wire.says("PING", "PONG").await
}

async fn set(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.send("SET battery.charge \"51\" TRACKING t1").await?;
    let mut seen = [wire.line().await?, wire.line().await?];
    seen.sort();
    ensure_eq("the answer", seen, ["SETINFO battery.charge \"51\"".to_owned(), "TRACKING t1 0".to_owned()])?;
    has(&dumped(&mut wire, "DUMPALL").await?, "SETINFO battery.charge \"51\"")
}

async fn set_is_told_to_all(stage: &mut Stage) -> Outcome {
    let (_process, mut one) = driver(stage).await?;
    let mut two = stage.connect_driver(SOCKET_NAME).await?;
    two.says("PING", "PONG").await?;
    one.send("SET battery.charge 52 TRACKING t1").await?;
    two.expect("SETINFO battery.charge \"52\"").await?;
    two.says("PING", "PONG").await?;
    let seen = [one.line().await?, one.line().await?];
    has(&seen, "TRACKING t1 0")
}

async fn set_escapes(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.send(r#"SET ups.mfr "a \"b\" \\ c" TRACKING t1"#).await?;
    let mut seen = vec![wire.line().await?];
    while seen.last().is_some_and(|line| line != "TRACKING t1 0") {
        seen.push(wire.line().await?);
    }
    has(&seen, r#"SETINFO ups.mfr "a \"b\" \\ c""#)
}

async fn many_connections(stage: &mut Stage) -> Outcome {
    let (_process, wire) = driver(stage).await?;
    let mut wires = vec![wire];
    for _ in 1..20 {
        wires.push(stage.connect_driver(SOCKET_NAME).await?);
    }
    for wire in &mut wires {
        wire.send("PING").await?;
    }
    for wire in &mut wires {
        wire.expect("PONG").await?;
    }
    Ok(())
}

async fn hang_ups(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    for bytes in [&b"DUMPALL\n"[..], b"PI", b"SET battery.charge \"1", b"", b"LOGOUT"] {
        let mut other = stage.connect_driver(SOCKET_NAME).await?;
        other.bytes(bytes).await?;
        other.close();
    }
    stage.wait(stage.quiet()).await;
    wire.says("PING", "PONG").await?;
    has(&dumped(&mut wire, "DUMPALL").await?, "SETINFO battery.charge \"90\"")
}

async fn never_reads(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    let mut other = stage.connect_driver(SOCKET_NAME).await?;
    // Far more than a socket holds. The driver may stop listening to it, or hang up on it.
    let asking = async { while other.bytes(&b"DUMPALL\n".repeat(500)).await.is_ok() {} };
    if timeout(LIMIT / 2, asking).await.is_err() {
        stage.record().did(SOCKET_NAME, "takes no more requests of who does not read");
    }
    answered(&mut wire, "PING", "PONG").await?;
    stage.wait(stage.quiet() * 4).await;
    answered(&mut wire, "PING", "PONG").await?;
    answered(&mut wire, "SET battery.charge 53", "SETINFO battery.charge \"53\"").await
}

/// Sends a line and waits for this answer; a driver may say other things before it.
async fn answered(wire: &mut Wire, request: &str, expected: &str) -> Outcome {
    wire.send(request).await?;
    while wire.line().await? != expected {}
    Ok(())
}

async fn ends(stage: &mut Stage) -> Outcome {
    let (mut process, mut wire) = driver(stage).await?;
    wire.says("PING", "PONG").await?;
    process.signal(Signal::Term);
    let code = timeout(LIMIT, process.ended()).await;
    ensure_eq("the exit code", code.map_err(|_| Miss::fail("it does not end"))?, Some(0))?;
    // It may say what it does.
    wire.drain(LIMIT).await;
    wire.closed().await?;
    let left = stage.lab().connect_unix(&format!("run/{SOCKET_NAME}")).await.is_ok();
    ensure(!left, || "somebody still answers at its socket".to_owned())
}
