//! What `ups install` lays down, judged by the tools of others that it is for. Each test needs its tool; without it, it is
//! ignored, and says which one.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test has no host")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Output};

use assert_cmd::cargo::cargo_bin;
use libtest_mimic::{Arguments, Failed, Trial};
use outage_ups::install::plan::{PREFIX, plan};

/// A test's name, the tool it needs, and the test.
type Row = (&'static str, &'static str, fn() -> Result<(), Failed>);

const TESTS: &[Row] = &[
    ("systemd_finds_nothing_wrong_with_the_units", "systemd-analyze", units),
    ("drivers_are_instances_by_the_sections_of_ups_conf", "systemd-escape", generator),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, tool, test) in TESTS {
        let there = Command::new(tool).arg("--version").output().is_ok();
        if !there && !arguments.list {
            eprintln!("{name}: precondition unmet: there is no {tool} here");
        }
        trials.push(Trial::test(*name, *test).with_ignored_flag(!there));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let output =
        Command::new(cargo_bin("ups")).arg("install").arg("--root").arg(root.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    root
}

fn units() -> Result<(), Failed> {
    let root = installed();
    let units = root.path().join("usr/lib/systemd/system");
    // The programs are not where the units look for them on this machine.
    for item in plan(PREFIX).iter().filter(|item| item.path.ends_with(".service")) {
        let path = root.path().join(item.path.trim_start_matches('/'));
        let programs = format!("={}/usr/sbin/", root.path().display());
        fs::write(&path, fs::read_to_string(&path)?.replace("=/usr/sbin/", &programs))?;
    }
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no", "nut.target", "nut-driver@eaton3s.service"]).current_dir(&units);
    // Those of the system are behind ours, for what ours name: network.target.
    let output = command.env("SYSTEMD_UNIT_PATH", format!("{}:", units.display())).output()?;
    let said = said(&output);
    let ours: Vec<_> = said.lines().filter(|line| line.contains("nut")).collect();
    if output.status.success() && ours.is_empty() { Ok(()) } else { Err(said.into()) }
}

fn generator() -> Result<(), Failed> {
    let root = installed();
    let conf = root.path().join("etc/nut");
    fs::write(conf.join("ups.conf"), "[one]\ndriver=dummy-ups\nport=x\n[two]\ndriver=dummy-ups\nport=x\n")?;
    let generator =
        fs::read_to_string(root.path().join("usr/lib/systemd/system-generators/nut-driver-generator"))?;
    let here = generator
        .replace("/etc/nut", &conf.display().to_string())
        .replace("/usr/sbin", &root.path().join("usr/sbin").display().to_string());
    let wants = root.path().join("out/nut-driver.target.wants");
    let mut command = Command::new("sh");
    command.arg("-c").arg(here).arg("generator").arg(root.path().join("out")).env("NUT_CONFPATH", &conf);
    let output = command.output()?;
    assert!(output.status.success(), "{}", said(&output));
    for ups in ["one", "two"] {
        let target = fs::read_link(wants.join(format!("nut-driver@{ups}.service")))?;
        assert_eq!(target, Path::new("/usr/lib/systemd/system/nut-driver@.service"));
    }
    assert_eq!(fs::read_dir(&wants)?.count(), 2);
    Ok(())
}
