//! A real driver's side of the socket: verbs that came after NUT 2.8.0.

use super::daemon::{SOCKET_NAME, driver, has};
use super::run;
use crate::conform::Level::May;
use crate::conform::lab::LIMIT;
use crate::conform::{Case, Miss, Outcome, Stage, Wire, ensure, ensure_eq};
use crate::run_check;

const LATER: &str = "sock-protocol of NUT after 2.8.0";

pub(super) const CASES: &[Case] = &[
    run(
        "driver-socket/daemon/no-broadcast",
        LATER,
        May,
        "After NOBROADCAST a connection is told no new values, until BROADCAST.",
        run_check!(no_broadcast),
    ),
    run(
        "driver-socket/daemon/dump-value",
        LATER,
        May,
        "DUMPVALUE is answered with one variable, DATAOK and DUMPDONE.",
        run_check!(dump_value),
    ),
    run(
        "driver-socket/daemon/dump-status",
        LATER,
        May,
        "DUMPSTATUS is answered with ups.status, DATAOK and DUMPDONE.",
        run_check!(dump_status),
    ),
    run(
        "driver-socket/daemon/get-pid",
        LATER,
        May,
        "GETPID is answered with PID and a number.",
        run_check!(get_pid),
    ),
    run(
        "driver-socket/daemon/logout",
        LATER,
        May,
        "LOGOUT is answered with OK Goodbye, and the driver hangs up.",
        run_check!(logout),
    ),
];

/// The answer to a verb that a driver may not have: it ignores what it does not know, so that PING is answered first.
async fn optional(wire: &mut Wire, request: &str) -> Result<String, Miss> {
    wire.send(request).await?;
    wire.send("PING").await?;
    match wire.line().await?.as_str() {
        "PONG" => Err(Miss::Unimplemented(format!("{request} is not answered"))),
        line => Ok(line.to_owned()),
    }
}

async fn no_broadcast(stage: &mut Stage) -> Outcome {
    let (_process, mut one) = driver(stage).await?;
    let mut two = stage.connect_driver(SOCKET_NAME).await?;
    two.send("NOBROADCAST").await?;
    two.says("PING", "PONG").await?;
    one.send("SET battery.charge 61").await?;
    one.expect("SETINFO battery.charge \"61\"").await?;
    two.send("PING").await?;
    match two.line().await?.as_str() {
        "PONG" => {}
        line => return Err(Miss::Unimplemented(format!("told {line:?} after NOBROADCAST"))),
    }
    two.send("BROADCAST 1").await?;
    two.says("PING", "PONG").await?;
    one.send("SET battery.charge 62").await?;
    two.expect("SETINFO battery.charge \"62\"").await?;
    two.send("BROADCAST 0").await?;
    two.says("PING", "PONG").await?;
    one.expect("SETINFO battery.charge \"62\"").await?;
    one.send("SET battery.charge 63").await?;
    one.expect("SETINFO battery.charge \"63\"").await?;
    two.says("PING", "PONG").await
}

async fn dump_value(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    ensure_eq(
        "the first line",
        optional(&mut wire, "DUMPVALUE battery.charge").await?.as_str(),
        "SETINFO battery.charge \"90\"",
    )?;
    let mut rest = Vec::new();
    while rest.last().map(String::as_str) != Some("PONG") {
        rest.push(wire.line().await?);
    }
    has(&rest, "DATAOK")?;
    has(&rest, "DUMPDONE")?;
    ensure(!rest.iter().any(|line| line.starts_with("SETINFO")), || format!("more variables: {rest:?}"))
}

async fn dump_status(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    ensure_eq(
        "the first line",
        optional(&mut wire, "DUMPSTATUS").await?.as_str(),
        "SETINFO ups.status \"OL\"",
    )?;
    let mut rest = Vec::new();
    while rest.last().map(String::as_str) != Some("PONG") {
        rest.push(wire.line().await?);
    }
    has(&rest, "DATAOK")?;
    has(&rest, "DUMPDONE")
}

async fn get_pid(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    let line = optional(&mut wire, "GETPID").await?;
    let number = line.strip_prefix("PID ").and_then(|number| number.parse::<u32>().ok());
    ensure(number.is_some_and(|number| number > 0), || format!("no pid: {line:?}"))
}

async fn logout(stage: &mut Stage) -> Outcome {
    let (_process, mut wire) = driver(stage).await?;
    wire.send("LOGOUT").await?;
    match wire.line_within(LIMIT / 2).await {
        Ok(line) => ensure_eq("the answer", line.as_str(), "OK Goodbye")?,
        Err(_) => return Err(Miss::Unimplemented("LOGOUT is not answered".to_owned())),
    }
    wire.closed().await
}
