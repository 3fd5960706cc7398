//! `start`: which drivers are called, how, and one after the other.

use super::{CONF, MAN, SEEN, TWO, called, code, conf, known, run, says, told, upsdrvctl, with};
use crate::conform::Level::{Must, Should};
use crate::conform::lab::Start;
use crate::conform::{Case, Outcome, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "upsdrvctl/start/all",
        MAN,
        Must,
        "start calls the driver of each section with its name, in the order of ups.conf.",
        run_check!(all),
    ),
    run("upsdrvctl/start/one", MAN, Must, "start with a UPS calls its driver alone.", run_check!(one)),
    run(
        "upsdrvctl/start/sdorder",
        CONF,
        Must,
        "sdorder is for shutdown only: start goes by the file.",
        run_check!(sdorder),
    ),
    run(
        "upsdrvctl/start/unknown-ups",
        SEEN,
        Must,
        "A UPS that ups.conf does not have is named, ends with 1, and no driver is called.",
        run_check!(unknown_ups),
    ),
    run(
        "upsdrvctl/start/one-by-one",
        CONF,
        Must,
        "Each driver is waited for before the next is called.",
        run_check!(one_by_one),
    ),
    run(
        "upsdrvctl/start/root-and-user",
        MAN,
        Must,
        "-r and -u are passed on to every driver.",
        run_check!(root_and_user),
    ),
    run(
        "upsdrvctl/start/debug",
        MAN,
        Must,
        "-d passes on as many -D as there are; -D alone passes none on.",
        run_check!(debug),
    ),
    run(
        "upsdrvctl/start/foreground",
        "upsdrvctl(8) of NUT 2.8.1",
        Must,
        "-F is passed on, and it stays until the driver has ended.",
        run_check!(foreground),
    ),
    run(
        "upsdrvctl/start/background",
        "upsdrvctl(8) of NUT 2.8.1",
        Must,
        "-B is passed on.",
        run_check!(background),
    ),
    run(
        "upsdrvctl/start/failed",
        MAN,
        Must,
        "A driver that fails makes it end with 1 and say so; the others are started all the same.",
        run_check!(failed),
    ),
    run(
        "upsdrvctl/start/no-such-driver",
        SEEN,
        Must,
        "A driver that is not there is named with its path, and ends with 1.",
        run_check!(no_such_driver),
    ),
    run(
        "upsdrvctl/start/no-such-driver-and-others",
        "upsdrvctl(8): start all UPS drivers",
        Should,
        "A driver that is not there keeps no other from being started.",
        run_check!(others_of_no_such_driver),
    ),
    run(
        "upsdrvctl/start/no-driver-and-others",
        CONF,
        Should,
        "A section without a driver is an error that keeps no other from being started.",
        run_check!(no_driver),
    ),
    run(
        "upsdrvctl/start/path-as-driver",
        "driverpath of ups.conf(5)",
        Should,
        "A driver is looked for in the folder of drivers only: a name with a path in it is refused.",
        run_check!(path_as_driver),
    ),
    run(
        "upsdrvctl/start/no-ups",
        SEEN,
        Must,
        "Without any UPS in ups.conf it says so and ends with 1.",
        run_check!(no_ups),
    ),
    run(
        "upsdrvctl/start/no-file",
        SEEN,
        Must,
        "Without ups.conf it names the file and ends with 1.",
        run_check!(no_file),
    ),
];

async fn all(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    told(stage, &["good -a one", "other -a two"])
}

async fn one(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    code(&upsdrvctl(stage, &["start", "two"]).await?, 0)?;
    told(stage, &["other -a two"])
}

async fn sdorder(stage: &mut Stage) -> Outcome {
    conf(
        stage,
        "[one]\ndriver = good\nport = auto\nsdorder = 5\n[two]\ndriver = other\nport = auto\nsdorder = -1\n",
    )?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    told(stage, &["good -a one", "other -a two"])
}

async fn unknown_ups(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["start", "nemo"]).await?;
    code(&ran, 1)?;
    says(&ran, "UPS nemo not found in ups.conf")?;
    told(stage, &[])
}

async fn one_by_one(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = slow\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 0)?;
    told(stage, &["slow -a one", "slow done", "other -a two"])
}

async fn root_and_user(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    code(&upsdrvctl(stage, &["-r", "/", "-u", "nobody", "start"]).await?, 0)?;
    told(stage, &["good -a one -r / -u nobody", "other -a two -r / -u nobody"])
}

async fn debug(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    code(&upsdrvctl(stage, &["-DD", "-d", "-t", "start", "one"]).await?, 0)?;
    code(&upsdrvctl(stage, &["-DD", "start", "one"]).await?, 0)?;
    code(&upsdrvctl(stage, &["-DD", "-d", "start", "two"]).await?, 0)?;
    told(stage, &["good -a one", "other -DD -a two"])
}

async fn foreground(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = slow\nport = auto\n")?;
    let ran = upsdrvctl(stage, &["-F", "start"]).await?;
    known(&ran)?;
    code(&ran, 0)?;
    told(stage, &["slow -F -a one", "slow done"])
}

async fn background(stage: &mut Stage) -> Outcome {
    conf(stage, TWO)?;
    let ran = upsdrvctl(stage, &["-B", "start", "one"]).await?;
    known(&ran)?;
    code(&ran, 0)?;
    told(stage, &["good -B -a one"])
}

async fn failed(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = bad\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 1)?;
    says(&ran, "Driver failed to start (exit status=3)")?;
    told(stage, &["bad -a one", "other -a two"])
}

const MISSING: &str = "[one]\ndriver = nosuch\nport = auto\n[two]\ndriver = other\nport = auto\n";

async fn no_such_driver(stage: &mut Stage) -> Outcome {
    conf(stage, MISSING)?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 1)?;
    says(&ran, "drivers/nosuch")
}

async fn others_of_no_such_driver(stage: &mut Stage) -> Outcome {
    conf(stage, MISSING)?;
    code(&upsdrvctl(stage, &["start"]).await?, 1)?;
    told(stage, &["other -a two"])
}

async fn no_driver(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\nport = auto\n[two]\ndriver = other\nport = auto\n")?;
    code(&upsdrvctl(stage, &["start"]).await?, 1)?;
    told(stage, &["other -a two"])
}

async fn path_as_driver(stage: &mut Stage) -> Outcome {
    conf(stage, "[one]\ndriver = ../drivers/good\nport = auto\n")?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 1)?;
    ensure(called(stage).is_empty(), || format!("a driver was called: {:?}", called(stage)))
}

async fn no_ups(stage: &mut Stage) -> Outcome {
    conf(stage, "")?;
    let ran = upsdrvctl(stage, &["start"]).await?;
    code(&ran, 1)?;
    says(&ran, "no UPS definitions found in ups.conf")
}

async fn no_file(stage: &mut Stage) -> Outcome {
    stage.touch();
    let ran = with(stage, Start::new("upsdrvctl", &["start"])).await?;
    code(&ran, 1)?;
    says(&ran, "ups.conf")
}
