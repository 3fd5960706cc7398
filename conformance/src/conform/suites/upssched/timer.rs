//! Timers: when they are over, what is run then, and what they don't wait for.

use std::time::Duration;

use super::{LIMIT, SECOND, SEEN, exactly, gone, notice, prepare, run, until};
use crate::conform::Level::{May, Must, Observed};
use crate::conform::{Case, Miss, Outcome, Stage, ensure, ensure_eq};
use crate::run_check;

const MAN: &str = "upssched.conf(5)";

/// How much later than it should something may come on a machine that is busy.
const SLACK: Duration = Duration::from_millis(1500);

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/timer/over",
        MAN,
        Must,
        "When a timer is over, CMDSCRIPT is run with its name as the only argument, once.",
        run_check!(over),
    ),
    run("upssched/timer/not-early", MAN, Must, "A timer is not over before its time.", run_check!(not_early)),
    run(
        "upssched/timer/not-late",
        MAN,
        Must,
        "A timer is over within a second or so of its time.",
        run_check!(not_late),
    ),
    run(
        "upssched/timer/returns-at-once",
        "upssched(8)",
        Must,
        "upssched itself does not wait for the timer that it starts.",
        run_check!(returns_at_once),
    ),
    run("upssched/timer/zero", SEEN, Observed, "A timer of 0 is over at once.", run_check!(zero)),
    run(
        "upssched/timer/their-order",
        MAN,
        Must,
        "Timers are over in the order of their times, not in that of the file.",
        run_check!(their_order),
    ),
    run(
        "upssched/timer/twice",
        SEEN,
        Observed,
        "START-TIMER of a name that runs starts a second timer of this name.",
        run_check!(twice),
    ),
    run(
        "upssched/timer/shared",
        "clients/upssched.c after nut 2.8.0",
        May,
        "START-TIMER-SHARED joins a timer that runs: CMDSCRIPT is run once, at the first one's time, for both UPSes.",
        run_check!(shared),
    ),
    run(
        "upssched/timer/environment",
        "clients/upssched.c after nut 2.8.0",
        Must,
        "What a timer runs has the NOTIFYTYPE and UPSNAME of the notice that started this timer.",
        run_check!(environment),
    ),
    run(
        "upssched/timer/slow-script",
        "nut#3115",
        Must,
        "A CMDSCRIPT that takes its time holds up no other timer.",
        run_check!(slow_script),
    ),
    run(
        "upssched/timer/slow-execute",
        "nut#3115",
        Must,
        "An EXECUTE that takes its time does not hold up the timer of the next line.",
        run_check!(slow_execute),
    ),
    run(
        "upssched/timer/script-fails",
        SEEN,
        Observed,
        "That CMDSCRIPT fails for one timer is nothing to the next.",
        run_check!(script_fails),
    ),
    run(
        "upssched/timer/the-last",
        "upssched(8)",
        Must,
        "When the last timer is over, the process that held them ends, and its socket and lock go.",
        run_check!(the_last),
    ),
    run(
        "upssched/timer/again",
        "upssched(8)",
        Must,
        "After the last timer, the next START-TIMER starts one again.",
        run_check!(again),
    ),
];

async fn over(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["onbatt"], LIMIT).await?;
    ensure_eq("the number of arguments", super::calls(stage)?[0].count.as_str(), "1")
}

/// Starts these and waits for the first run: how long after upssched was started, and after it had ended.
async fn first(stage: &mut Stage, rules: &str) -> Result<(Duration, Duration), Miss> {
    prepare(stage, rules)?;
    let begun = stage.record().now();
    notice(stage, "ONBATT", "a@localhost").await?;
    let ended = stage.record().now();
    until(stage, 1, LIMIT * 2).await?;
    let now = stage.record().now();
    Ok((now - begun, now - ended))
}

async fn not_early(stage: &mut Stage) -> Outcome {
    // A clock of whole seconds may be right by chance: not at both of two times half a second apart on it.
    let begun = stage.record().now();
    for phase in [0, 500] {
        let passed = (stage.record().now() - begun).subsec_millis();
        stage.wait(Duration::from_millis(((1000 + phase - passed) % 1000).into())).await;
        let (most, _) = first(stage, "AT ONBATT * START-TIMER onbatt 1\n").await?;
        ensure(most >= SECOND, || format!("a timer of 1 s was over after {most:?}"))?;
        gone(stage, LIMIT * 4).await?;
    }
    Ok(())
}

async fn not_late(stage: &mut Stage) -> Outcome {
    let (_, least) = first(stage, "AT ONBATT * START-TIMER onbatt 2\n").await?;
    ensure(least <= SECOND * 2 + SLACK, || format!("a timer of 2 s was over after {least:?}"))
}

async fn returns_at_once(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 4\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    let begun = stage.record().now();
    notice(stage, "ONBATT", "a@localhost").await?;
    let took = stage.record().now() - begun;
    super::ran(stage, &[])?;
    notice(stage, "ONLINE", "a@localhost").await?;
    ensure(took < SECOND * 3, || format!("it took {took:?}"))
}

async fn zero(stage: &mut Stage) -> Outcome {
    let (_, least) = first(stage, "AT ONBATT * START-TIMER onbatt 0\n").await?;
    ensure(least <= SECOND + SLACK, || format!("a timer of 0 was over after {least:?}"))
}

async fn their_order(stage: &mut Stage) -> Outcome {
    prepare(
        stage,
        "AT ONBATT * START-TIMER third 3\nAT ONBATT * START-TIMER first 1\nAT ONBATT * START-TIMER second 2\n",
    )?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["first", "second", "third"], LIMIT * 2).await
}

async fn twice(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["onbatt"; 2], LIMIT).await
}

async fn shared(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER-SHARED onbatt 2\n")?;
    let ran = notice(stage, "ONBATT", "a@localhost").await?;
    if super::said(&ran).contains("Invalid command") {
        return Err(Miss::Unimplemented("it has no START-TIMER-SHARED".to_owned()));
    }
    notice(stage, "ONBATT", "b@localhost").await?;
    exactly(stage, &["onbatt"], LIMIT).await?;
    let call = super::calls(stage)?.remove(0);
    ensure_eq("UPSNAME", call.ups.as_str(), "a@localhost,b@localhost")?;
    ensure_eq("NOTIFYTYPE", call.notice.as_str(), "ONBATT")
}

async fn environment(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 2\nAT COMMBAD * START-TIMER commbad 2\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "COMMBAD", "b@localhost").await?;
    for call in until(stage, 2, LIMIT).await? {
        let (kind, ups) = match call.arguments.as_str() {
            "onbatt" => ("ONBATT", "a@localhost"),
            _ => ("COMMBAD", "b@localhost"),
        };
        let seen = (call.notice.as_str(), call.ups.as_str());
        ensure_eq(&format!("NOTIFYTYPE and UPSNAME of {}", call.arguments), seen, (kind, ups))?;
    }
    Ok(())
}

async fn slow_script(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER slow 1\nAT ONBATT * START-TIMER quick 2\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    until(stage, 1, LIMIT).await?;
    let begun = stage.record().now();
    until(stage, 2, LIMIT * 2).await?;
    let later = stage.record().now() - begun;
    ensure(later <= SECOND + SLACK, || {
        format!("a timer that ends a second after a slow script began was over {later:?} after it")
    })
}

async fn slow_execute(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE slow\nAT ONBATT * START-TIMER quick 1\n")?;
    let begun = stage.record().now();
    let mut process = stage.start(super::start("ONBATT", "a@localhost")).await?;
    until(stage, 2, LIMIT * 2).await?;
    let later = stage.record().now() - begun;
    let code = process.ended().await;
    ensure_eq("the exit code", code, Some(0))?;
    ensure(later <= SECOND + SLACK, || format!("a timer of 1 s was over after {later:?}"))
}

async fn script_fails(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER fail 1\nAT ONBATT * START-TIMER next 2\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["fail", "next"], LIMIT).await
}

async fn the_last(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let there = stage.lab().connect_unix("run/upssched.pipe").await.is_ok();
    ensure(there, || "nobody listens on PIPEFN while a timer runs".to_owned())?;
    until(stage, 1, LIMIT).await?;
    // NUT waits for up to 15 s for somebody who wants it again.
    gone(stage, LIMIT * 4).await?;
    // It goes after the socket.
    stage.wait(Duration::from_millis(250)).await;
    ensure(stage.lab().read("run/upssched.lock").is_err(), || "LOCKFN is still there".to_owned())
}

async fn again(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    until(stage, 1, LIMIT).await?;
    gone(stage, LIMIT * 4).await?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["onbatt"; 2], LIMIT).await
}
