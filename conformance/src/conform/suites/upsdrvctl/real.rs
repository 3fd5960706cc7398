//! With a real driver: the subject's `dummy-ups`.

use super::{CONF, MAN, code, known, run, said, says, upsdrvctl};
use crate::conform::Level::{Must, Should};
use crate::conform::{Case, Miss, Outcome, Ran, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/real/start-and-stop",
        MAN,
        Must,
        "When start has ended a driver serves its data; when it was stopped its socket is gone.",
        run_check!(start_and_stop),
    ),
    run(
        "upsdrvctl/real/no-device",
        "nut#2227, docs/differences.md",
        Should,
        "A driver whose device is not there starts, says so, waits for it, and serves it as soon as it is there.",
        run_check!(no_device),
    ),
    run(
        "upsdrvctl/real/list",
        "upsdrvctl(8) of NUT 2.8.1",
        Must,
        "list and -l print the UPSes of ups.conf, a line each, in the order of the file; or the one that is named.",
        run_check!(list),
    ),
    run(
        "upsdrvctl/real/list-unknown",
        "upsdrvctl(8) of NUT 2.8.1",
        Must,
        "list of a UPS that is not in ups.conf ends with 1.",
        run_check!(list_unknown),
    ),
    run(
        "upsdrvctl/real/status-stopped",
        "upsdrvctl(8) of NUT 2.8.3",
        Must,
        "status prints a header and a line for each UPS: drivers that do not run are STOPPED, and it ends with 1.",
        run_check!(status_stopped),
    ),
    run(
        "upsdrvctl/real/status",
        "upsdrvctl(8) of NUT 2.8.3",
        Must,
        "status of a driver that runs says RUNNING and RESPONSIVE, its process id twice, and ups.status.",
        run_check!(status),
    ),
    run(
        "upsdrvctl/real/reload",
        "upsdrvctl(8) of NUT 2.8.1",
        Must,
        "-c reload is answered by a driver that runs, and ends with 1 for one that does not.",
        run_check!(reload),
    ),
    run("upsdrvctl/real/exit", "upsdrvctl(8) of NUT 2.8.1", Must, "-c exit ends a driver.", run_check!(exit)),
    run(
        "upsdrvctl/real/unknown-word",
        "upsdrvctl(8) of NUT 2.8.1",
        Should,
        "A word for -c that there is not is refused with 1.",
        run_check!(unknown_word),
    ),
    run(
        "upsdrvctl/real/shutdown",
        CONF,
        Must,
        "shutdown of a UPS whose driver cannot turn its load off ends with 1 and leaves no driver behind.",
        run_check!(shutdown),
    ),
];

const DEVICE: &str = "battery.charge: 90\nups.mfr: Acme\nups.status: OL\n";
const SOCKET: &str = "dummy-ups-office";

/// Writes ups.conf with a real driver; `more` are lines of its section.
fn conf(stage: &mut Stage, more: &str) -> Outcome {
    stage.touch();
    // Root's drivers would become a user who may not look into the lab's folder.
    let user = if stage.is_virtual() { "" } else { "user = root\n" };
    let device = stage.lab().path("etc").join("office.dev");
    let text = format!("{user}[office]\n  driver = dummy-ups\n  port = {}\n{more}", device.display());
    stage.write("etc/ups.conf", &text, 0o640)
}

/// Runs a check with a driver that runs, and leaves none behind.
async fn with_driver(stage: &mut Stage, check: impl AsyncFnOnce(&mut Stage) -> Outcome) -> Outcome {
    stage.write("etc/office.dev", DEVICE, 0o640)?;
    conf(stage, "")?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    let outcome = check(stage).await;
    // It may have ended as it should.
    let _ = upsdrvctl(stage, &["stop"]).await?;
    outcome
}

/// What the driver's dump says: waits until that holds a line.
async fn serves(stage: &mut Stage, line: &str) -> Outcome {
    for _ in 0..100 {
        let mut wire = stage.connect_driver(SOCKET).await?;
        wire.send("DUMPALL").await?;
        let mut found = false;
        loop {
            match wire.line().await?.as_str() {
                "DUMPDONE" => break,
                other => found |= other == line,
            }
        }
        if found {
            return Ok(());
        }
        stage.wait(std::time::Duration::from_millis(100)).await;
    }
    Err(Miss::Fail(format!("the driver never said `{line}`")))
}

/// Nobody listens at the driver's socket.
async fn gone(stage: &mut Stage) -> Outcome {
    for _ in 0..100 {
        if stage.lab().connect_unix(&format!("run/{SOCKET}")).await.is_err() {
            return Ok(());
        }
        stage.wait(std::time::Duration::from_millis(50)).await;
    }
    Err(Miss::fail("the driver still listens"))
}

async fn start_and_stop(stage: &mut Stage) -> Outcome {
    with_driver(stage, async |stage| {
        serves(stage, "SETINFO ups.status \"OL\"").await?;
        code(&upsdrvctl(stage, &["stop"]).await?, 0)?;
        gone(stage).await
    })
    .await
}

async fn no_device(stage: &mut Stage) -> Outcome {
    conf(stage, "")?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    let outcome = waits(stage, &ran).await;
    let _ = upsdrvctl(stage, &["stop"]).await?;
    outcome
}

async fn waits(stage: &mut Stage, ran: &Ran) -> Outcome {
    code(ran, 0)?;
    // In memory each program's words are kept apart, and these are the driver's.
    if !stage.is_virtual() {
        says(ran, "office")?;
        says(ran, "will keep looking for it")?;
    }
    serves(stage, "DATASTALE").await?;
    stage.write("etc/office.dev", DEVICE, 0o640)?;
    serves(stage, "SETINFO ups.status \"OL\"").await
}

/// What it printed after its first line.
fn printed(ran: &Ran) -> Vec<&str> {
    ran.stdout.lines().skip(1).collect()
}

async fn list(stage: &mut Stage) -> Outcome {
    conf(stage, "[attic]\n  driver = dummy-ups\n  port = attic.dev\n")?;
    for (arguments, expected) in [
        (&["list"][..], &["office", "attic"][..]),
        (&["-l"], &["office", "attic"]),
        (&["list", "attic"], &["attic"]),
        (&["-l", "office"], &["office"]),
    ] {
        let ran = upsdrvctl(stage, arguments).await?;
        known(&ran)?;
        code(&ran, 0)?;
        crate::conform::ensure_eq(&format!("{arguments:?}"), printed(&ran).as_slice(), expected)?;
    }
    Ok(())
}

async fn list_unknown(stage: &mut Stage) -> Outcome {
    conf(stage, "")?;
    let ran = upsdrvctl(stage, &["list", "nemo"]).await?;
    known(&ran)?;
    code(&ran, 1)?;
    says(&ran, "nemo")
}

/// The words of the lines of a status.
fn table(ran: &Ran) -> Vec<Vec<&str>> {
    printed(ran).into_iter().map(|line| line.split_whitespace().collect()).collect()
}

const HEADER: [&str; 7] = ["UPSNAME", "UPSDRV", "RUNNING", "PF_PID", "S_RESPONSIVE", "S_PID", "S_STATUS"];

async fn status_stopped(stage: &mut Stage) -> Outcome {
    conf(stage, "[attic]\n  driver = dummy-ups\n  port = attic.dev\n")?;
    let ran = upsdrvctl(stage, &["status"]).await?;
    known(&ran)?;
    code(&ran, 1)?;
    let rows = table(&ran);
    ensure(rows.len() == 3 && rows[0] == HEADER, || format!("the table: {rows:?}"))?;
    for (row, ups) in rows[1..].iter().zip(["office", "attic"]) {
        ensure(row.starts_with(&[ups, "dummy-ups", "STOPPED", "N/A", "NOT_RESPONSIVE", "N/A"]), || {
            format!("{row:?}")
        })?;
    }
    Ok(())
}

async fn status(stage: &mut Stage) -> Outcome {
    with_driver(stage, async |stage| {
        let ran = upsdrvctl(stage, &["status"]).await?;
        known(&ran)?;
        code(&ran, 0)?;
        let pid = stage.read("run/dummy-ups-office.pid")?;
        let pid = pid.trim();
        let rows = table(&ran);
        let wanted = ["office", "dummy-ups", "RUNNING", pid, "RESPONSIVE", pid, "OL"];
        ensure(rows.len() == 2 && rows[0] == HEADER && rows[1] == wanted, || {
            format!("the table: expected {wanted:?}, seen {rows:?}")
        })
    })
    .await
}

async fn reload(stage: &mut Stage) -> Outcome {
    with_driver(stage, async |stage| {
        let ran = upsdrvctl(stage, &["-c", "reload", "office"]).await?;
        known(&ran)?;
        code(&ran, 0)?;
        serves(stage, "SETINFO ups.status \"OL\"").await?;
        code(&upsdrvctl(stage, &["stop"]).await?, 0)?;
        code(&upsdrvctl(stage, &["-c", "reload", "office"]).await?, 1)
    })
    .await
}

async fn exit(stage: &mut Stage) -> Outcome {
    with_driver(stage, async |stage| {
        let ran = upsdrvctl(stage, &["-c", "exit"]).await?;
        known(&ran)?;
        code(&ran, 0)?;
        gone(stage).await
    })
    .await
}

async fn unknown_word(stage: &mut Stage) -> Outcome {
    conf(stage, "")?;
    let ran = upsdrvctl(stage, &["-c", "jump"]).await?;
    known(&ran)?;
    code(&ran, 1)?;
    ensure(ran.stderr.contains("jump"), || format!("it does not name the word: {:?}", said(&ran)))
}

async fn shutdown(stage: &mut Stage) -> Outcome {
    stage.write("etc/office.dev", DEVICE, 0o640)?;
    conf(stage, "")?;
    let ran = upsdrvctl(stage, &["shutdown"]).await?;
    code(&ran, 1)?;
    gone(stage).await
}
