//! The binary as a user meets it.

use std::os::unix::fs::symlink;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

fn ups() -> Command {
    Command::new(cargo_bin("ups"))
}

#[test]
fn alone_it_lists_what_it_is() {
    let output = ups().assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn an_unknown_name_is_one_line() {
    let output = ups().arg("upsx").assert().code(1);
    let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert!(text.starts_with("ups: there is no program 'upsx' in here; there are: upsd, "), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn every_program_answers_by_argument_and_by_link() {
    let folder = tempfile::tempdir().unwrap();
    for program in outage_ups::PROGRAMS {
        ups().args([program.name, "-V"]).assert().success();
        let link = folder.path().join(program.name);
        symlink(cargo_bin("ups"), &link).unwrap();
        let output = Command::new(&link).arg("-V").assert().success();
        let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        assert!(text.starts_with("Network UPS Tools"), "{}: {text}", program.name);
    }
}

#[test]
fn upsdrvctl_says_what_to_do_without_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = ups();
    command.args(["upsdrvctl", "start"]).env("NUT_CONFPATH", folder.path());
    let output = command.assert().code(1);
    let text = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("ups.conf: ") && text.contains("create it"), "{text}");
}
