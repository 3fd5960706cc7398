//! The command line itself.

use super::{MAN, SEEN, TWO, called, code, conf, known, run, said, says, told, upsdrvctl};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Outcome, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/options/help",
        MAN,
        Must,
        "-h prints a usage that names start, stop and shutdown to standard output, and ends with 0.",
        run_check!(help),
    ),
    run(
        "upsdrvctl/options/version",
        MAN,
        Must,
        "-V prints the line with its version, nothing else, and ends with 0.",
        run_check!(version),
    ),
    run(
        "upsdrvctl/options/banner",
        SEEN,
        Observed,
        "Every run begins with the line of its version on standard output.",
        run_check!(banner),
    ),
    run(
        "upsdrvctl/options/unknown",
        SEEN,
        Should,
        "An option that it does not know is named, the usage is printed, and no driver is called.",
        run_check!(unknown_option),
    ),
    run(
        "upsdrvctl/options/unknown-command",
        SEEN,
        Must,
        "A command that it does not know is named, ends with 1, and no driver is called.",
        run_check!(unknown_command),
    ),
    run(
        "upsdrvctl/options/surplus",
        MAN,
        Should,
        "A second UPS on the command line is refused with 1: who gave two would not have one started.",
        run_check!(surplus),
    ),
    run(
        "upsdrvctl/options/test",
        MAN,
        Must,
        "-t calls no driver, says so, names each driver's program with a level of debugging, and ends with 0.",
        run_check!(test),
    ),
    run("upsdrvctl/options/test-stop", MAN, Must, "-t stop signals no driver.", run_check!(test_stop)),
    run(
        "upsdrvctl/options/debug",
        MAN,
        Should,
        "With -DD it says how it calls each driver.",
        run_check!(debug),
    ),
    run(
        "upsdrvctl/options/secrets",
        "ups.conf(5) of snmp-ups and of others with passwords",
        Must,
        "With any level of debugging no password of ups.conf is said.",
        run_check!(secrets),
    ),
];

async fn help(stage: &mut Stage) -> Outcome {
    let ran = upsdrvctl(stage, &["-h"]).await?;
    code(&ran, 0)?;
    for word in ["usage: ", "start", "stop", "shutdown"] {
        ensure(ran.stdout.contains(word), || format!("no {word:?} on standard output: {:?}", ran.stdout))?;
    }
    Ok(())
}

/// The first line of every run.
fn begins(stdout: &str) -> Outcome {
    let first = stdout.lines().next().unwrap_or_default();
    ensure(first.starts_with("Network UPS Tools - UPS driver controller "), || {
        format!("it begins with {first:?}")
    })
}

async fn version(stage: &mut Stage) -> Outcome {
    let ran = upsdrvctl(stage, &["-V"]).await?;
    code(&ran, 0)?;
    begins(&ran.stdout)?;
    ensure(ran.stdout.lines().count() == 1, || format!("more than a line: {:?}", ran.stdout))
}

async fn banner(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    for arguments in [&["start"][..], &["shutdown", "two"], &["start", "nemo"]] {
        begins(&upsdrvctl(stage, arguments).await?.stdout)?;
    }
    Ok(())
}

async fn unknown_option(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["-Z", "start"]).await?;
    says(&ran, "invalid option -- 'Z'")?;
    ensure(ran.stdout.contains("usage: "), || format!("no usage: {:?}", ran.stdout))?;
    told(stage, &[])
}

async fn unknown_command(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["begin"]).await?;
    code(&ran, 1)?;
    ensure(ran.stderr.contains("unrecognized command") && ran.stderr.contains("begin"), || {
        format!("it does not name the command: {:?}", ran.stderr)
    })?;
    told(stage, &[])
}

async fn surplus(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["start", "one", "two"]).await?;
    code(&ran, 1)?;
    says(&ran, "two")?;
    told(stage, &[])
}

async fn test(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    for verb in ["start", "shutdown"] {
        let ran = upsdrvctl(stage, &["-t", "-DD", verb]).await?;
        code(&ran, 0)?;
        says(&ran, "Testing mode")?;
        for call in ["drivers/good -a one", "drivers/other -a two"] {
            says(&ran, call)?;
        }
    }
    told(stage, &[])
}

async fn test_stop(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = daemon\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    says(&upsdrvctl(stage, &["-t", "stop"]).await?, "Testing mode")?;
    stage.settle().await;
    told(stage, &["daemon -a one"])?;
    // It is still there to be stopped.
    code(&upsdrvctl(stage, &["stop"]).await?, 0)?;
    super::stop::signalled(stage, "daemon one TERM").await
}

async fn debug(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["-DD", "start", "two"]).await?;
    code(&ran, 0)?;
    says(&ran, "drivers/other -a two")?;
    told(stage, &["other -a two"])
}

async fn secrets(stage: &mut Stage) -> Outcome {
    let secrets = ["Xyzzy-privpass", "Xyzzy-authpass", "Xyzzy-community", "Xyzzy-password"];
    conf(
        stage,
        "[one]\n  driver = bad\n  port = auto\n  privPassword = Xyzzy-privpass\n  authPassword = \"Xyzzy-authpass\"\n  \
         community = Xyzzy-community\n  password = Xyzzy-password\n",
    )?;
    for arguments in [&["-DDDDDD", "start"][..], &["-DDDDDD", "shutdown"], &["-DDDDDD", "-t", "start"]] {
        let ran = upsdrvctl(stage, arguments).await?;
        says(&ran, "Network UPS Tools")?;
        let said = said(&ran);
        for secret in secrets {
            ensure(!said.contains(secret), || format!("{arguments:?}: it says {secret}"))?;
        }
    }
    known(&upsdrvctl(stage, &["-DDDDDD", "start"]).await?)?;
    ensure(called(stage).iter().all(|call| call == "bad -a one" || call == "bad -a one -k"), || {
        format!("drivers were called with more: {:?}", called(stage))
    })
}
