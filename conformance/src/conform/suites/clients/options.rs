//! Options and operands: what is printed where, and the exit code.

use super::{SEEN, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Outcome, Stage, ensure, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/options/help",
        "upsc(8), upscmd(8), upsrw(8), upslog(8)",
        Must,
        "-h prints the usage to standard output and ends with 0.",
        "
        run upsc -h
        exit 0
        stdout ~ Network UPS Tools upsc .*
        stdout
        stdout ~ usage: upsc .*
        run upscmd -h
        exit 0
        stdout ~ Network UPS Tools upscmd .*
        stdout
        stdout ~ usage: upscmd .*
        run upsrw -h
        exit 0
        stdout ~ Network UPS Tools upsrw .*
        stdout
        stdout ~ usage: upsrw .*
        run upslog -h
        exit 0
        stdout ~ Network UPS Tools upslog .*
        ",
    ),
    run(
        "clients/options/version",
        "upsc(8), upscmd(8), upsrw(8), upslog(8)",
        Must,
        "-V prints a name and a version, and ends with 0.",
        run_check!(version),
    ),
    run(
        "clients/options/version-of-upsc",
        "upsc(8)",
        Should,
        "upsc -V names upsc.",
        run_check!(version_of_upsc),
    ),
    talk(
        "clients/options/unknown",
        SEEN,
        Should,
        "An option that upsc, upscmd or upsrw does not know is named, and the usage is printed.",
        "
        run upsc -Z
        stderr ~ invalid option -- 'Z'
        stdout ~ Network UPS Tools upsc .*
        run upscmd -Z
        stderr ~ invalid option -- 'Z'
        stdout ~ Network UPS Tools upscmd .*
        run upsrw -Z
        stderr ~ invalid option -- 'Z'
        stdout ~ Network UPS Tools upsrw .*
        ",
    ),
    talk(
        "clients/options/unknown-of-upslog",
        SEEN,
        Observed,
        "An option that upslog does not know is named, and without a system it ends with 1.",
        "
        run upslog -Z
        exit 1
        stderr ~ invalid option -- 'Z'
        ",
    ),
    talk(
        "clients/options/missing-argument",
        SEEN,
        Should,
        "An option without its argument is named, and the usage is printed.",
        "
        run upscmd -u
        stdout ~ Network UPS Tools upscmd .*
        stderr ~ option requires an argument -- 'u'
        run upsrw -s
        stdout ~ Network UPS Tools upsrw .*
        stderr ~ option requires an argument -- 's'
        ",
    ),
    talk(
        "clients/options/no-ups",
        SEEN,
        Observed,
        "upsc without a UPS says how one is written and ends with 1.",
        "
        run upsc
        exit 1
        stderr ~ Error: invalid UPS definition
        stderr ~ Required format: upsname\\[@hostname\\[:port\\]\\]
        stdout end
        run upsc -c
        exit 1
        stderr ~ Error: invalid UPS definition
        ",
    ),
    talk(
        "clients/options/no-ups-of-others",
        SEEN,
        Observed,
        "upscmd and upsrw without operands print their usage.",
        "
        run upscmd
        stdout ~ Network UPS Tools upscmd .*
        stdout
        stdout ~ usage: upscmd .*
        run upsrw
        stdout ~ Network UPS Tools upsrw .*
        stdout
        stdout ~ usage: upsrw .*
        run upscmd -l
        stdout ~ Network UPS Tools upscmd .*
        ",
    ),
    talk(
        "clients/options/bad-address",
        "upsc(8)",
        Must,
        "An empty name, an empty host, and a port that is none are refused with 1 before anything is asked.",
        "
        run upsc ''
        exit 1
        stderr ~ Error: invalid UPS definition
        run upsc dummy@
        exit 1
        stderr ~ Error: invalid UPS definition
        run upsc dummy@127.0.0.1:
        exit 1
        stderr ~ Error: invalid UPS definition
        run upsc dummy@127.0.0.1:abc
        exit 1
        stderr ~ Error: invalid UPS definition
        run upsc dummy@127.0.0.1:0
        exit 1
        stderr ~ Error: invalid UPS definition
        run upsc dummy@127.0.0.1:65536
        exit 1
        stderr ~ Error: invalid UPS definition
        ",
    ),
    talk(
        "clients/options/bad-host",
        SEEN,
        Observed,
        "upsc -l says how a host is written when it is none.",
        "
        run upsc -l ''
        exit 1
        stderr ~ Error: invalid hostname
        stderr ~ Required format: \\[hostname\\[:port\\]\\]
        run upsc -l 127.0.0.1:abc
        exit 1
        stderr ~ Error: invalid hostname
        ",
    ),
    talk(
        "clients/options/no-such-host",
        SEEN,
        Observed,
        "A host that does not exist is said, with 1.",
        "
        real-only: machines in memory have no resolver
        run upsc dummy@no-such-host.invalid
        exit 1
        stderr ~ Error: No such host
        run upscmd -u a -p b dummy@no-such-host.invalid load.off
        exit 1
        stderr ~ Error: No such host
        run upsrw dummy@no-such-host.invalid
        exit 1
        stderr ~ Error: No such host
        ",
    ),
    talk(
        "clients/options/two-hosts",
        SEEN,
        Observed,
        "An address with two @ is an error.",
        "
        real-only: machines in memory have no resolver
        run upsc dummy@one@two
        exit 1
        stderr ~ ^Error: .+
        ",
    ),
    talk(
        "clients/options/old-names",
        SEEN,
        Observed,
        "Names without a dot, from before NUT 1.4, are refused before anything is asked.",
        "
        run upsc dummy@{server} status
        exit 1
        stderr ~ Error: old-style variable names are not supported
        heard not GET VAR dummy status
        run upscmd -u admin -p secret dummy@{server} off
        exit 1
        stderr ~ Error: old command names are not supported
        heard not INSTCMD dummy off
        run upsrw -u admin -p secret -s id=x dummy@{server}
        exit 1
        stderr ~ Error: old variable names are not supported
        heard not SET VAR dummy id \"x\"
        ",
    ),
    talk(
        "clients/options/more-operands",
        SEEN,
        Observed,
        "Operands after those that count do not count.",
        r#"
        serve: INSTCMD dummy load.off 1 => OK
        serve: INSTCMD dummy load.off "1" => OK
        serve: INSTCMD * => ERR INVALID-ARGUMENT
        run upsc dummy@{server} ups.status and more
        exit 0
        stdout OL
        stdout end
        run upscmd -u admin -p secret dummy@{server} load.off 1 2 3
        exit 0
        "#,
    ),
    talk(
        "clients/options/after-operands",
        SEEN,
        Observed,
        "Options count before the first operand only, as POSIX has it, and -- ends them.",
        r#"
        run upsc -- dummy@{server} ups.status
        exit 0
        stdout OL
        "#,
    ),
    talk(
        "clients/options/last-form-wins",
        SEEN,
        Observed,
        "Of -l and -L the one that prints more wins, in either order.",
        "
        run upsc -l -L {server}
        exit 0
        stdout dummy: The standard UPS
        run upsc -L -l {server}
        exit 0
        stdout ~ dummy.*
        ",
    ),
];

/// What a program prints with `-V`, on either stream.
async fn version_text(stage: &mut Stage, program: &str) -> Result<String, crate::conform::Miss> {
    let ran = stage.program(program, &["-V"]).await?;
    ensure_eq("the exit code", ran.code, Some(0))?;
    Ok(ran.stdout + &ran.stderr)
}

async fn version(stage: &mut Stage) -> Outcome {
    for program in ["upsc", "upscmd", "upsrw", "upslog"] {
        let text = version_text(stage, program).await?;
        let version = text.strip_prefix("Network UPS Tools ups").and_then(|rest| rest.split(' ').nth(1));
        let number = version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
        ensure(number, || format!("{program} -V: no version in {text:?}"))?;
    }
    Ok(())
}

async fn version_of_upsc(stage: &mut Stage) -> Outcome {
    let text = version_text(stage, "upsc").await?;
    ensure(text.starts_with("Network UPS Tools upsc "), || format!("upsc -V: {text:?}"))
}
