//! Many upssched at once, what a crash leaves behind, and clients that are none.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{LIMIT, SECOND, calls, exactly, gone, nothing, notice, prepare, run, start, until};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Outcome, Stage, ensure, ensure_eq};
use crate::run_check;

const MAN: &str = "upssched.conf(5)";

/// How many upssched are started at once: upsmon does so when power fails where many UPSes are watched.
const CROWD: usize = 8;

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/race/no-timer-is-lost",
        MAN,
        Must,
        "Of many upssched that are started at once, each has its timer, and ends with 0.",
        run_check!(no_timer_is_lost),
    ),
    run(
        "upssched/race/one-process",
        MAN,
        Must,
        "Many upssched at once start one process to hold the timers: one CANCEL-TIMER reaches all of them.",
        run_check!(one_process),
    ),
    run(
        "upssched/race/about-to-end",
        "upssched(8)",
        Must,
        "START-TIMER that comes while the process is about to end is not lost.",
        run_check!(about_to_end),
    ),
    run(
        "upssched/race/stale-lock",
        MAN,
        Must,
        "A LOCKFN that a crash left behind is no obstacle.",
        run_check!(stale_lock),
    ),
    run(
        "upssched/race/stale-socket",
        MAN,
        Must,
        "A PIPEFN that a crash left behind is no obstacle: nobody listens there.",
        run_check!(stale_socket),
    ),
    run(
        "upssched/race/stale-socket-cancel",
        MAN,
        Must,
        "Nor is it one for CANCEL-TIMER, whose command is run.",
        run_check!(stale_cancel),
    ),
    run(
        "upssched/race/precious-file",
        MAN,
        Must,
        "A PIPEFN that names somebody's file by mistake does not destroy it; upssched says so and ends with 1.",
        run_check!(precious_file),
    ),
    run(
        "upssched/race/no-such-folder",
        MAN,
        Must,
        "Where PIPEFN can't be made, START-TIMER says so and upssched ends with 1; EXECUTE is done all the same.",
        run_check!(no_such_folder),
    ),
    run(
        "upssched/race/silent-client",
        "nut#3115",
        Must,
        "Clients that connect to PIPEFN and say nothing hold up no timer and no other client.",
        run_check!(silent_client),
    ),
    run(
        "upssched/race/wrong-request",
        "nut 2.8.0 as seen",
        Observed,
        "A request that there is not is answered with ERR UNKNOWN, and the timers run on.",
        run_check!(wrong_request),
    ),
];

async fn crowd(stage: &mut Stage) -> Outcome {
    let mut processes = Vec::new();
    for number in 0..CROWD {
        processes.push(stage.start(start("ONBATT", &format!("u{number}@localhost"))).await?);
    }
    for process in &mut processes {
        let ended = timeout(LIMIT * 4, process.ended()).await;
        let code = ended.map_err(|_| "one of them does not end")?;
        ensure_eq("the exit code of one of them", code, Some(0))?;
    }
    Ok(())
}

async fn no_timer_is_lost(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 2\n")?;
    crowd(stage).await?;
    exactly(stage, &["onbatt"; CROWD], LIMIT * 2).await
}

async fn one_process(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 4\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    crowd(stage).await?;
    notice(stage, "ONLINE", "u0@localhost").await?;
    nothing(stage, SECOND * 5).await
}

async fn about_to_end(stage: &mut Stage) -> Outcome {
    let waits: &[u64] = if stage.is_virtual() {
        &[0, 1, 500, 990, 998, 999, 1000, 1001, 1002, 1010]
    } else {
        &[0, 10, 990, 1000, 1010]
    };
    for wait in waits {
        prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
        notice(stage, "ONBATT", "a@localhost").await?;
        until(stage, 1, LIMIT).await?;
        stage.wait(Duration::from_millis(*wait)).await;
        notice(stage, "ONBATT", "b@localhost").await?;
        until(stage, 2, LIMIT).await?;
    }
    gone(stage, LIMIT * 4).await
}

async fn stale_lock(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    stage.write("run/upssched.lock", "", 0o600)?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["onbatt"], LIMIT).await
}

/// A socket that nobody listens at.
async fn leave_socket(stage: &Stage) -> Outcome {
    let listener = stage.lab().listen_unix("run/upssched.pipe").await;
    drop(listener.map_err(|error| format!("failed to make a socket: {error}"))?);
    let there = stage.lab().connect_unix("run/upssched.pipe").await;
    match there {
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => Ok(()),
        other => Err(format!("the socket is not left as by a crash: {:?}", other.map(drop)).into()),
    }
}

async fn stale_socket(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    leave_socket(stage).await?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["onbatt"], LIMIT).await
}

async fn stale_cancel(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONLINE * CANCEL-TIMER onbatt back\n")?;
    leave_socket(stage).await?;
    stage.write("run/upssched.lock", "", 0o600)?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["back"], LIMIT).await
}

async fn precious_file(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    stage.write("run/upssched.pipe", "precious\n", 0o640)?;
    let ran = super::run_for(stage, "ONBATT", "a@localhost").await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    let text = stage.read("run/upssched.pipe")?;
    ensure_eq("the file", text.as_str(), "precious\n")
}

async fn no_such_folder(stage: &mut Stage) -> Outcome {
    let text = super::head(stage).replace("upssched.pipe", "no/such/pipe");
    super::configure(stage, &(text + "AT ONBATT * START-TIMER onbatt 1\nAT ONBATT * EXECUTE now\n"))?;
    let ran = super::run_for(stage, "ONBATT", "a@localhost").await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    ensure(!super::said(&ran).is_empty(), || "it says nothing".to_owned())?;
    exactly(stage, &["now"], LIMIT).await
}

async fn silent_client(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 3\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let begun = stage.record().now();
    let mut silent = Vec::new();
    for _ in 0..4 {
        let connected = stage.lab().connect_unix("run/upssched.pipe").await;
        silent.push(connected.map_err(|error| format!("failed to connect to PIPEFN: {error}"))?);
    }
    let half = silent[0].write_all(b"START \"half").await;
    half.map_err(|error| format!("failed to write to PIPEFN: {error}"))?;
    notice(stage, "ONBATT", "b@localhost").await?;
    let took = stage.record().now() - begun;
    ensure(took < SECOND * 2, || format!("the next client took {took:?}"))?;
    until(stage, 2, LIMIT * 2).await?;
    let took = stage.record().now() - begun;
    ensure(took < SECOND * 5, || format!("timers of 3 s were over after {took:?}"))?;
    drop(silent);
    Ok(())
}

async fn wrong_request(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 2\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let connected = stage.lab().connect_unix("run/upssched.pipe").await;
    let mut stream = connected.map_err(|error| format!("failed to connect to PIPEFN: {error}"))?;
    let written = stream.write_all(b"FROBNICATE \"all\"\n").await;
    written.map_err(|error| format!("failed to write to PIPEFN: {error}"))?;
    let mut answer = [0; 12];
    let read = timeout(LIMIT, stream.read_exact(&mut answer)).await;
    ensure(matches!(read, Ok(Ok(_))), || format!("no answer: {read:?}"))?;
    ensure_eq("the answer", String::from_utf8_lossy(&answer).as_ref(), "ERR UNKNOWN\n")?;
    drop(stream);
    exactly(stage, &["onbatt"], LIMIT).await?;
    ensure_eq("the runs of CMDSCRIPT", calls(stage)?.len(), 1)
}
