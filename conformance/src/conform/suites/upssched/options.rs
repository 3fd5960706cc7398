//! The command line and the environment of `upssched`.

use super::{LIMIT, SECOND, SEEN, exactly, nothing, notice, prepare, run, start};
use crate::conform::Level::{May, Must, Observed, Should};
use crate::conform::lab::Start;
use crate::conform::{Case, Miss, Outcome, Ran, Stage, ensure, ensure_eq};
use crate::run_check;

/// upssched(8) since it has options.
const LATER: &str = "upssched(8) after nut 2.8.0";

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/options/no-environment",
        SEEN,
        Observed,
        "Without UPSNAME and NOTIFYTYPE upssched says so and ends with 1.",
        run_check!(no_environment),
    ),
    run(
        "upssched/options/no-ups-name",
        SEEN,
        Observed,
        "NOTIFYTYPE alone is not enough: upssched ends with 1 and does nothing.",
        run_check!(no_ups_name),
    ),
    run(
        "upssched/options/no-ups",
        "upsmon(8)",
        Must,
        "A notice about no UPS has an empty UPSNAME; lines for any UPS are for it too, those for one are not.",
        run_check!(no_ups),
    ),
    run(
        "upssched/options/version",
        LATER,
        Should,
        "-V shows the version and ends with 0, also without a notice.",
        run_check!(version),
    ),
    run(
        "upssched/options/help",
        LATER,
        Should,
        "-h shows the options, -l among them, and ends with 0.",
        run_check!(help),
    ),
    run(
        "upssched/options/list",
        LATER,
        May,
        "-l lists the timers: name, end, seconds left, notice, UPS and text, with tabs between.",
        run_check!(list),
    ),
    run(
        "upssched/options/list-of-none",
        LATER,
        May,
        "Without timers -l lists none, ends with 0 and starts nothing.",
        run_check!(list_of_none),
    ),
    run(
        "upssched/options/text",
        LATER,
        Should,
        "The notice's text is the argument; CMDSCRIPT has it in NOTIFYMSG, at once and after a timer.",
        run_check!(text),
    ),
    run(
        "upssched/options/text-with-dashes",
        "upsmon.conf(5)",
        Must,
        "A notice whose text begins with a dash is not taken for an option and lost.",
        run_check!(dashes),
    ),
    run(
        "upssched/options/no-text",
        SEEN,
        Observed,
        "A notice without a text is a notice: EXECUTE runs.",
        run_check!(no_text),
    ),
];

/// A run with options; one that wants a notice first has none.
async fn with(stage: &mut Stage, arguments: &[&str]) -> Result<Ran, Miss> {
    let ran = stage.run(Start::new("upssched", arguments), LIMIT).await?;
    if ran.code == Some(1) && super::said(&ran).contains("must be set") {
        return Err(Miss::Unimplemented("it takes no options".to_owned()));
    }
    Ok(ran)
}

async fn no_environment(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE x\n")?;
    let ran = stage.run(Start::new("upssched", &[]), LIMIT).await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    ensure(super::said(&ran).contains("UPSNAME and NOTIFYTYPE must be set"), || {
        format!("it says {:?}", super::said(&ran))
    })
}

async fn no_ups_name(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE x\n")?;
    let mut start = start("ONBATT", "");
    start.environment.truncate(1);
    let ran = stage.run(start, LIMIT).await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    nothing(stage, stage.quiet()).await
}

async fn no_ups(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT SHUTDOWN * EXECUTE any\nAT SHUTDOWN a@localhost EXECUTE one\n")?;
    notice(stage, "SHUTDOWN", "").await?;
    exactly(stage, &["any"], LIMIT).await
}

async fn version(stage: &mut Stage) -> Outcome {
    let ran = with(stage, &["-V"]).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    ensure(ran.stdout.contains("Network UPS Tools"), || format!("it prints {:?}", ran.stdout))
}

async fn help(stage: &mut Stage) -> Outcome {
    let ran = with(stage, &["-h"]).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    ensure(ran.stdout.contains("-l"), || format!("it prints {:?}", ran.stdout))
}

async fn list(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER one 8\nAT ONLINE * CANCEL-TIMER one\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let listed = with(stage, &["-l"]).await;
    notice(stage, "ONLINE", "a@localhost").await?;
    let ran = listed?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    let row = ran.stdout.lines().find(|line| line.starts_with("one\t"));
    let row = row.ok_or_else(|| format!("there is no row of it: {:?}", ran.stdout))?;
    let cells: Vec<_> = row.split('\t').collect();
    ensure_eq("the cells", &cells[3..], &["ONBATT", "a@localhost", super::MESSAGE][..])?;
    let number = |cell: &str| cell.parse::<f64>().ok();
    ensure(number(cells[1]).is_some_and(|end| end > 1e9), || format!("the end is {:?}", cells[1]))?;
    ensure(number(cells[2]).is_some_and(|left| (0.0..=8.0).contains(&left)), || {
        format!("what is left is {:?}", cells[2])
    })
}

async fn list_of_none(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER one 8\n")?;
    let ran = with(stage, &["-l"]).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    ensure(!ran.stdout.contains("one"), || format!("it prints {:?}", ran.stdout))?;
    let started = stage.lab().connect_unix("run/upssched.pipe").await.is_ok();
    ensure(!started, || "it started a process for that".to_owned())
}

async fn text(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE now\nAT ONBATT * START-TIMER later 1\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    for call in super::until(stage, 2, LIMIT).await? {
        ensure_eq(&format!("NOTIFYMSG of {}", call.arguments), call.message.as_str(), super::MESSAGE)?;
    }
    Ok(())
}

async fn dashes(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE now\n")?;
    for text in ["-- UPS a on battery --", "-z", "-D"] {
        let mut start = start("ONBATT", "a@localhost");
        start.arguments = vec![text.to_owned()];
        let ran = stage.run(start, LIMIT).await?;
        ensure_eq(&format!("the exit code for {text:?}"), ran.code, Some(0))?;
    }
    exactly(stage, &["now"; 3], LIMIT).await
}

async fn no_text(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE now\n")?;
    let mut start = start("ONBATT", "a@localhost");
    start.arguments.clear();
    let ran = stage.run(start, SECOND * 10).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    exactly(stage, &["now"], LIMIT).await
}
