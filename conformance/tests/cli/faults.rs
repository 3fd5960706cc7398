//! Files and arguments that are wrong: exit code 2, and what to do.

use std::fs;
use std::path::Path;

use super::{outage, refused, scenario};

#[test]
fn every_fault_of_every_file_is_shown_under_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let device = fs::read_to_string("../simulator/devices/megatec-650.kdl").unwrap();
    let device = device
        .replace("frequency 50", "frequency 500")
        .replace("model=\"Q1-650\"", "model=\"Q1-650 with a long name\"");
    fs::write(folder.path().join("mine.kdl"), device.replace("test duration", "tset duration")).unwrap();
    let text = scenario("\"nosuch\" \"megatec-650\" \"mine.kdl\" \"gone.kdl\"", "OL")
        .replace("plugged-into \"u\"", "plugged-into \"w\"");
    let faulty = folder.path().join("faulty");
    fs::create_dir(&faulty).unwrap();
    fs::rename(folder.path().join("mine.kdl"), faulty.join("mine.kdl")).unwrap();
    fs::write(folder.path().join("a.kdl"), text.replace("\"mine.kdl\"", "\"faulty/mine.kdl\"")).unwrap();
    fs::write(folder.path().join("b.kdl"), scenario("\"megatec-650\"", "OL").replace("at 0", "at noon"))
        .unwrap();
    let files = ["a.kdl", "b.kdl", "c.kdl"];
    // From its folder and from elsewhere: a device's path is as seen from the scenario.
    let near = refused(outage().current_dir(folder.path()).arg("run").args(files));
    let far = refused(outage().arg("run").args(files.map(|file| folder.path().join(file))));
    let prefix = format!("{}/", folder.path().display());
    assert_eq!(far.replace(&prefix, ""), near);
    insta::assert_snapshot!(near);
    assert_eq!(refused(outage().current_dir(folder.path()).arg("list").args(files)), near);
}

#[test]
fn what_is_not_kdl_does_not_fill_the_screen() {
    let err = refused(outage().args(["run", "README.md"]));
    assert!(err.starts_with("error: found invalid node name\n --> README.md:1:1\n"), "{err}");
    assert_eq!(err.matches("error: ").count(), 10, "{err}");
    assert!(err.trim_end().ends_with("more faults in README.md"), "{err}");
}

#[test]
fn a_device_file_is_no_scenario() {
    let err = refused(outage().args(["run", "simulator/devices/megatec-650.kdl"]));
    insta::assert_snapshot!(err, @r#"
    error: this is a device file, not a scenario
     --> simulator/devices/megatec-650.kdl:2:1
      |
    2 | device "megatec-650" {
      | ^^^^^^
      |
    help: `outage sim` serves it; a scenario names it with `device` in its ups
    "#);
    let err = refused(outage().args(["run", "simulator/devices"]));
    assert_eq!(err, "there are device files only: `outage sim` serves them\n");
}

#[test]
fn a_device_file_is_shown_under_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.kdl");
    let device = fs::read_to_string("../simulator/devices/eaton-3s-700.kdl").unwrap();
    let device =
        device.replace("u8 \"overload\" ", "u8 \"overlaod\" ").replace("speed \"low\"", "speed \"slow\"");
    fs::write(&file, device.replace("82 c0 09 14", "8z c0 09 14").replace("interval=20", "interval=2000"))
        .unwrap();
    let err = refused(outage().current_dir(folder.path()).args(["sim", "mine.kdl"]));
    insta::assert_snapshot!(err);
}

#[test]
fn what_is_not_there_is_said_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut texts = Vec::new();
    for arguments in [
        &["list"][..],
        &["run", "gone.kdl"],
        &["run", "."],
        &["sim", "eaton"],
        &["sim", "gone.kdl"],
        &["sim", "eaton-3s-700", "--pty", "tty"],
        &["sim", "megatec-650"],
        &["sim", "megatec-650", "megatec-650", "--pty", "tty", "--pty", "./tty"],
    ] {
        let err = refused(
            outage().current_dir(folder.path()).args(arguments).timeout(std::time::Duration::from_secs(60)),
        );
        assert_eq!(err.lines().count(), 1, "{err}");
        texts.push(format!("{}: {err}", arguments.join(" ")));
    }
    let here = format!("{}/", folder.path().display());
    insta::assert_snapshot!(texts.concat().replace(&here, ""), @r#"
    list: scenarios is not there: name a scenario file, or a folder of them
    run gone.kdl: gone.kdl is not there: name a scenario file, or a folder of them
    run .: there is no scenario in .: it is searched for files that end in .kdl
    sim eaton: there is no device `eaton`: it is one of apc-bk650m2-ch, apc-cs-500, apc-smx-750, cyberpower-cst135uc2, cyberpower-ec850lcd, eaton-3s-700, megatec-650, santak-tg-box-850, or a path that ends in .kdl
    sim gone.kdl: there is no device file gone.kdl; those of `outage devices` are named without .kdl
    sim eaton-3s-700 --pty tty: no serial device is left for --pty tty
    sim megatec-650: megatec-650 is a serial device: say where its pty is linked with --pty LINK
    sim megatec-650 megatec-650 --pty tty --pty ./tty: two serial devices can't both be linked to tty
    "#);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was left");
}

#[test]
fn arguments_that_ask_for_nothing_are_refused() {
    for arguments in [
        &["run"][..],
        &["run", "scenarios", "--lane", "cloud"],
        &["run", "scenarios", "--seed", "x"],
        &["play"],
        &["sim"],
        &["sim", "eaton-3s-700", "--usbip", "3240"],
    ] {
        let err = refused(outage().args(arguments));
        assert!(err.contains("--help"), "{err}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_found_out_before_the_runs() {
    let err = refused(outage().args([
        "run",
        "scenarios/on-battery.kdl",
        "--lane",
        "virtual",
        "--junit",
        "gone/report.xml",
    ]));
    assert!(err.starts_with("failed to write the JUnit report to gone/report.xml: "), "{err}");
    assert!(!Path::new("gone").exists());
}
