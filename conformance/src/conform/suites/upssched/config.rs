//! upssched.conf: what is read, and what is said of what can't be.

use super::{LIMIT, SECOND, SEEN, configure, exactly, head, nothing, notice, prepare, run, run_for};
use crate::conform::Level::{May, Must, Observed};
use crate::conform::{Case, Outcome, Stage, ensure, ensure_eq};
use crate::run_check;

const MAN: &str = "upssched.conf(5)";

pub(super) const CASES: &[Case] = &[
    run(
        "upssched/config/no-file",
        SEEN,
        Observed,
        "Without upssched.conf upssched names the file and ends with 1.",
        run_check!(no_file),
    ),
    run(
        "upssched/config/no-script",
        MAN,
        Must,
        "CMDSCRIPT is required: without it upssched says so and ends with 1.",
        run_check!(no_script),
    ),
    run(
        "upssched/config/no-pipe",
        MAN,
        Must,
        "PIPEFN is required: without it upssched says so and ends with 1.",
        run_check!(no_pipe),
    ),
    run(
        "upssched/config/no-lock",
        MAN,
        Must,
        "LOCKFN is required: without it upssched says so and ends with 1.",
        run_check!(no_lock),
    ),
    run(
        "upssched/config/unknown-directive",
        SEEN,
        Observed,
        "A directive that there is not is named, and the other lines are done.",
        run_check!(unknown_directive),
    ),
    run(
        "upssched/config/unknown-command",
        SEEN,
        Observed,
        "A command that there is not is named, and the other lines are done.",
        run_check!(unknown_command),
    ),
    run(
        "upssched/config/capital-letters",
        SEEN,
        Observed,
        "Directives and commands are written in capital letters; others do nothing.",
        run_check!(capital_letters),
    ),
    run(
        "upssched/config/missing-words",
        SEEN,
        Observed,
        "AT lines with too few words are said, and the other lines are done.",
        run_check!(missing_words),
    ),
    run(
        "upssched/config/no-time",
        MAN,
        Must,
        "START-TIMER without a time is said, starts no timer, and the other lines are done.",
        run_check!(no_time),
    ),
    run(
        "upssched/config/no-number",
        MAN,
        Must,
        "A time that is no number starts no timer: above all none that is over at once.",
        run_check!(no_number),
    ),
    run("upssched/config/negative", SEEN, Observed, "A negative time starts no timer.", run_check!(negative)),
    run(
        "upssched/config/units",
        "upssched.conf(5), upsmon.conf(5)",
        May,
        "A time may have a unit, as in other files: 1500ms.",
        run_check!(units),
    ),
    run(
        "upssched/config/comments",
        MAN,
        Must,
        "What follows a # is no part of a line, and a line that ends with a backslash goes on with the next.",
        run_check!(comments),
    ),
    run(
        "upssched/config/quotes",
        MAN,
        Must,
        "Words may stand in quotes, with blanks in them: a timer's name is a single argument.",
        run_check!(quotes),
    ),
    run(
        "upssched/config/no-shell",
        MAN,
        Must,
        "No shell makes something else of a timer's name.",
        run_check!(no_shell),
    ),
    run(
        "upssched/config/script-arguments",
        SEEN,
        Observed,
        "CMDSCRIPT in quotes may have arguments of its own; they come before.",
        run_check!(script_arguments),
    ),
    run(
        "upssched/config/read-each-time",
        "upssched(8)",
        Must,
        "The file is read for each notice.",
        run_check!(read_each_time),
    ),
];

const LAST: &str = "AT ONBATT * EXECUTE last\n";

async fn no_file(stage: &mut Stage) -> Outcome {
    prepare(stage, "")?;
    let removed = stage.lab().remove("etc/upssched.conf");
    removed.map_err(|error| format!("failed to remove upssched.conf: {error}"))?;
    let ran = run_for(stage, "ONBATT", "a@localhost").await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    ensure(super::said(&ran).contains("upssched.conf"), || format!("it says {:?}", super::said(&ran)))
}

async fn without(stage: &mut Stage, directive: &str) -> Outcome {
    let lines = head(stage) + LAST;
    let kept: String =
        lines.lines().filter(|line| !line.starts_with(directive)).map(|line| format!("{line}\n")).collect();
    configure(stage, &kept)?;
    let ran = run_for(stage, "ONBATT", "a@localhost").await?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    let said = format!("{directive} must be set before any ATs");
    ensure(super::said(&ran).contains(&said), || format!("it says {:?}", super::said(&ran)))?;
    nothing(stage, stage.quiet()).await
}

async fn no_script(stage: &mut Stage) -> Outcome {
    without(stage, "CMDSCRIPT").await
}

async fn no_pipe(stage: &mut Stage) -> Outcome {
    without(stage, "PIPEFN").await
}

async fn no_lock(stage: &mut Stage) -> Outcome {
    without(stage, "LOCKFN").await
}

/// Of these lines this must be said, and the last line must be done.
async fn bad_lines(stage: &mut Stage, lines: &str, said: &[&str]) -> Outcome {
    prepare(stage, &format!("{lines}{LAST}"))?;
    let ran = notice(stage, "ONBATT", "a@localhost").await?;
    let err = super::said(&ran).to_lowercase();
    for text in said {
        ensure(err.contains(&text.to_lowercase()), || format!("nothing is said of {text}: {err:?}"))?;
    }
    exactly(stage, &["last"], LIMIT).await
}

async fn unknown_directive(stage: &mut Stage) -> Outcome {
    bad_lines(stage, "COMMAND /bin/true\n", &["directive", "COMMAND"]).await
}

async fn unknown_command(stage: &mut Stage) -> Outcome {
    bad_lines(stage, "AT ONBATT * FROBNICATE x\n", &["invalid command", "FROBNICATE"]).await
}

async fn capital_letters(stage: &mut Stage) -> Outcome {
    bad_lines(
        stage,
        "at ONBATT * EXECUTE small\nAT ONBATT * execute small\n",
        &["directive", "invalid command"],
    )
    .await
}

async fn missing_words(stage: &mut Stage) -> Outcome {
    let lines = "AT\nAT ONBATT\nAT ONBATT *\nAT ONBATT * EXECUTE\nAT ONBATT * CANCEL-TIMER\n";
    bad_lines(stage, lines, &["upssched.conf"]).await
}

async fn no_time(stage: &mut Stage) -> Outcome {
    bad_lines(stage, "AT ONBATT * START-TIMER lost\n", &["START-TIMER"]).await
}

async fn no_number(stage: &mut Stage) -> Outcome {
    bad_lines(stage, "AT ONBATT * START-TIMER lost soon\n", &[]).await?;
    stage.wait(SECOND * 2).await;
    exactly(stage, &["last"], LIMIT).await
}

async fn negative(stage: &mut Stage) -> Outcome {
    bad_lines(stage, "AT ONBATT * START-TIMER lost -3\n", &[]).await?;
    stage.wait(SECOND * 2).await;
    exactly(stage, &["last"], LIMIT).await
}

async fn units(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * START-TIMER soon 1500ms\nAT ONLINE * CANCEL-TIMER soon late\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let done = exactly(stage, &["soon"], LIMIT).await;
    // One that takes it for 1500 seconds is not left with it.
    notice(stage, "ONLINE", "a@localhost").await?;
    done
}

async fn comments(stage: &mut Stage) -> Outcome {
    prepare(
        stage,
        "# AT ONBATT * EXECUTE no\nAT ONBATT * EXECUTE yes # AT\nAT ONBATT * \\\nEXECUTE joined\n",
    )?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["yes", "joined"], LIMIT).await
}

async fn quotes(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT \"ONBATT\" \"*\" \"EXECUTE\" \"two words\"\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let calls = super::until(stage, 1, LIMIT).await?;
    ensure_eq("the arguments", calls[0].arguments.as_str(), "two words")?;
    ensure_eq("their number", calls[0].count.as_str(), "1")
}

async fn no_shell(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE \"$(echo oops)\"\nAT ONBATT * EXECUTE \"a;b\"\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["$(echo oops)", "a;b"], LIMIT).await
}

async fn script_arguments(stage: &mut Stage) -> Outcome {
    let path = stage.lab().path("run/upssched-cmd").display().to_string();
    let text = head(stage).replace(&path, &format!("\"{path} first second\""));
    configure(stage, &(text + LAST))?;
    notice(stage, "ONBATT", "a@localhost").await?;
    let calls = super::until(stage, 1, LIMIT).await?;
    ensure_eq("the arguments", calls[0].arguments.as_str(), "first second last")?;
    ensure_eq("their number", calls[0].count.as_str(), "3")
}

async fn read_each_time(stage: &mut Stage) -> Outcome {
    prepare(stage, "AT ONBATT * EXECUTE one\n")?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["one"], LIMIT).await?;
    let text = head(stage) + "AT ONBATT * EXECUTE two\n";
    stage.write("etc/upssched.conf", &text, 0o640)?;
    notice(stage, "ONBATT", "a@localhost").await?;
    exactly(stage, &["one", "two"], LIMIT).await
}
