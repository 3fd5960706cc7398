//! CANCEL-TIMER: in time, too late, and with nothing to cancel.

use std::time::Duration;

use super::{LIMIT, SECOND, SEEN, arguments, exactly, gone, nothing, notice, prepare, run, until};
use crate::conform::Level::{May, Must};
use crate::conform::{Case, Miss, Outcome, Stage, ensure};
use crate::run_check;

const MAN: &str = "upssched.conf(5)";

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/cancel/in-time",
        MAN,
        Must,
        "A timer that is cancelled in time runs nothing, nor does the cancelling.",
        run_check!(in_time),
    ),
    run(
        "upssched/cancel/too-late",
        MAN,
        Must,
        "When the timer is over, CANCEL-TIMER runs CMDSCRIPT with its own command.",
        run_check!(too_late),
    ),
    run(
        "upssched/cancel/too-late-while-others-run",
        MAN,
        Must,
        "The same while another timer still runs.",
        run_check!(too_late_while_others_run),
    ),
    run(
        "upssched/cancel/too-late-without-command",
        MAN,
        Must,
        "Without a command of its own, CANCEL-TIMER that comes too late does nothing.",
        run_check!(without_command),
    ),
    run(
        "upssched/cancel/none-runs",
        "upssched(8)",
        Must,
        "Where no timer runs, CANCEL-TIMER leaves no process behind that would hold any.",
        run_check!(none_runs),
    ),
    run("upssched/cancel/other-name", MAN, Must, "Timers of other names run on.", run_check!(other_name)),
    run(
        "upssched/cancel/all-of-the-name",
        "clients/upssched.c after nut 2.8.0",
        Must,
        "All timers of the name are cancelled: none that was started twice is left to shut a machine down.",
        run_check!(all_of_the_name),
    ),
    run(
        "upssched/cancel/from-another-notice",
        SEEN,
        Must,
        "CANCEL-TIMER cancels by name, whichever UPS the timer was started for.",
        run_check!(from_another),
    ),
    run(
        "upssched/cancel/matched",
        "clients/upssched.c after nut 2.8.0",
        May,
        "CANCEL-TIMER-MATCHED cancels the timers of the notice's own UPS only.",
        run_check!(matched),
    ),
    run(
        "upssched/cancel/the-last",
        "upssched(8)",
        Must,
        "When the last timer is cancelled, the process that held them ends.",
        run_check!(the_last),
    ),
    run(
        "upssched/cancel/environment",
        SEEN,
        Must,
        "What CANCEL-TIMER runs has the NOTIFYTYPE and UPSNAME of its own notice, also where another's timers run.",
        run_check!(environment),
    ),
    run(
        "upssched/cancel/at-its-end",
        MAN,
        Must,
        "A timer that is cancelled at its end either has run, and the command too, or neither has.",
        run_check!(at_its_end),
    ),
];

const RULES: &str = "AT ONBATT * START-TIMER onbatt 1\nAT ONLINE * CANCEL-TIMER onbatt back\n";

async fn in_time(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 3\nAT ONLINE * CANCEL-TIMER onbatt back\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    nothing(stage, SECOND * 4).await
}

async fn too_late(stage: &mut Stage) -> Outcome {
    prepare(stage, RULES)?;
    notice(stage, "ONBATT", "a@localhost").await?;
    until(stage, 1, LIMIT).await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["onbatt", "back"], LIMIT).await
}

async fn too_late_while_others_run(stage: &mut Stage) -> Outcome {
    prepare(stage, &format!("{RULES}AT ONBATT * START-TIMER other 3\n"))?;
    notice(stage, "ONBATT", "a@localhost").await?;
    until(stage, 1, LIMIT).await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["onbatt", "back", "other"], LIMIT).await
}

async fn without_command(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 1\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    until(stage, 1, LIMIT).await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["onbatt"], LIMIT).await
}

async fn none_runs(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONLINE * CANCEL-TIMER onbatt back\nAT ONLINE * CANCEL-TIMER other\n")?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["back"], LIMIT).await?;
    gone(stage, LIMIT * 4).await
}

async fn other_name(stage: &mut Stage) -> Outcome {
    prepare(
        stage,
        "AT ONBATT * START-TIMER one 2\nAT ONBATT * START-TIMER two 2\nAT ONLINE * CANCEL-TIMER one\n",
    )?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["two"], LIMIT).await
}

async fn all_of_the_name(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 3\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    nothing(stage, SECOND * 4).await
}

async fn from_another(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 3\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "b@localhost").await?;
    nothing(stage, SECOND * 4).await
}

async fn matched(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 3\nAT ONLINE * CANCEL-TIMER-MATCHED onbatt\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONBATT", "b@localhost").await?;
    let ran = notice(stage, "ONLINE", "a@localhost").await?;
    if super::said(&ran).contains("Invalid command") {
        until(stage, 2, LIMIT).await?;
        return Err(Miss::Unimplemented("it has no CANCEL-TIMER-MATCHED".to_owned()));
    }
    exactly(stage, &["onbatt"], LIMIT).await?;
    let ups = super::calls(stage)?.remove(0).ups;
    ensure(ups == "b@localhost", || format!("the timer of {ups} was left"))
}

async fn the_last(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER onbatt 600\nAT ONLINE * CANCEL-TIMER onbatt\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    gone(stage, LIMIT * 4).await
}

async fn environment(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER other 2\nAT ONLINE * CANCEL-TIMER onbatt back\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONLINE", "b@localhost").await?;
    let call = until(stage, 1, LIMIT).await?.remove(0);
    until(stage, 2, LIMIT).await?;
    let seen = (call.arguments.as_str(), call.notice.as_str(), call.ups.as_str());
    crate::conform::ensure_eq("what ran", seen, ("back", "ONLINE", "b@localhost"))
}

async fn at_its_end(stage: &mut Stage) -> Outcome {
    let waits: &[u64] =
        if stage.is_virtual() { &[980, 990, 998, 999, 1000, 1001, 1002, 1010] } else { &[960, 980, 995] };
    for wait in waits {
        prepare(stage, RULES)?;
        notice(stage, "ONBATT", "a@localhost").await?;
        stage.wait(Duration::from_millis(*wait)).await;
        notice(stage, "ONLINE", "a@localhost").await?;
        gone(stage, LIMIT * 4).await?;
        stage.wait(stage.quiet()).await;
        let seen = arguments(stage)?;
        ensure(seen.is_empty() || seen == ["onbatt", "back"], || format!("after {wait} ms: {seen:?}"))?;
    }
    Ok(())
}
