//! EXECUTE, and which AT lines are for a notice.

use super::{LIMIT, SEEN, calls, configure, exactly, head, nothing, notice, prepare, run, until};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Outcome, Stage, ensure, ensure_eq};
use crate::run_check;

const MAN: &str = "upssched.conf(5)";

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/execute/at-once",
        MAN,
        Must,
        "EXECUTE runs CMDSCRIPT at once, with the command as its only argument.",
        run_check!(at_once),
    ),
    run(
        "upssched/execute/other-notice",
        MAN,
        Must,
        "A line is for its own notice only.",
        run_check!(other_notice),
    ),
    run(
        "upssched/execute/any-case",
        SEEN,
        Observed,
        "The notice may be written in small letters.",
        run_check!(any_case),
    ),
    run(
        "upssched/execute/one-ups",
        MAN,
        Must,
        "A line for one UPS is for the one of exactly this name, as upsmon.conf has it.",
        run_check!(one_ups),
    ),
    run("upssched/execute/any-ups", MAN, Must, "A line for * is for every UPS.", run_check!(any_ups)),
    run(
        "upssched/execute/all-in-order",
        MAN,
        Must,
        "Every line that is for the notice is done, in the file's order.",
        run_check!(all_in_order),
    ),
    run(
        "upssched/execute/unknown-notice",
        SEEN,
        Observed,
        "A notice that only a later upsmon knows is a notice.",
        run_check!(unknown_notice),
    ),
    run(
        "upssched/execute/environment",
        SEEN,
        Observed,
        "CMDSCRIPT has NOTIFYTYPE and UPSNAME in its environment.",
        run_check!(environment),
    ),
    run(
        "upssched/execute/script-fails",
        SEEN,
        Observed,
        "That CMDSCRIPT fails is said; the other lines are done, and upssched ends with 0.",
        run_check!(script_fails),
    ),
    run(
        "upssched/execute/no-such-script",
        SEEN,
        Observed,
        "That there is no such CMDSCRIPT is said; upssched ends with 0.",
        run_check!(no_such_script),
    ),
];

async fn at_once(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE now\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["now"], LIMIT).await?;
    ensure_eq("the number of arguments", calls(stage)?[0].count.as_str(), "1")
}

async fn other_notice(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE battery\nAT ONLINE * EXECUTE line\n")?;
    notice(stage, "LOWBATT", "a@localhost").await?;
    nothing(stage, stage.quiet()).await?;
    notice(stage, "ONLINE", "a@localhost").await?;
    exactly(stage, &["line"], LIMIT).await
}

async fn any_case(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT OnBatt * EXECUTE now\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["now"], LIMIT).await
}

async fn one_ups(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT a@localhost EXECUTE mine\n")?;
    for other in ["b@localhost", "A@localhost", "a", "a@localhost:3493"] {
        notice(stage, "ONBATT", other).await?;
    }
    nothing(stage, stage.quiet()).await?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["mine"], LIMIT).await
}

async fn any_ups(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE any\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    notice(stage, "ONBATT", "b@server:4000").await?;
    exactly(stage, &["any"; 2], LIMIT).await
}

async fn all_in_order(stage: &mut Stage) -> Outcome {
    prepare(
        stage,
        "AT ONBATT * EXECUTE one\nAT ONLINE * EXECUTE no\nAT ONBATT a@localhost EXECUTE two\nAT ONBATT * EXECUTE three\n",
    )?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["one", "two", "three"], LIMIT).await
}

async fn unknown_notice(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT COFFEE * EXECUTE coffee\n")?;
    notice(stage, "COFFEE", "a@localhost").await?;
    exactly(stage, &["coffee"], LIMIT).await
}

async fn environment(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE now\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let call = until(stage, 1, LIMIT).await?.remove(0);
    ensure_eq("NOTIFYTYPE", call.notice.as_str(), "ONBATT")?;
    ensure_eq("UPSNAME", call.ups.as_str(), "a@localhost")
}

async fn script_fails(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE fail\nAT ONBATT * EXECUTE next\n")?;
    let ran = notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["fail", "next"], LIMIT).await?;
    ensure(super::said(&ran).contains("returned 3"), || format!("it says {:?}", super::said(&ran)))
}

async fn no_such_script(stage: &mut Stage) -> Outcome {
    let text = head(stage).replace("upssched-cmd", "no-such-cmd");
    configure(stage, &(text + "AT ONBATT * EXECUTE now\n"))?;
    let ran = notice(stage, "ONBATT", "a@localhost").await?;
    ensure(super::said(&ran).contains("no-such-cmd"), || format!("it says {:?}", super::said(&ran)))
}
