//! `outage` as a person or a program meets it: what it prints, where, and how it ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

#[path = "cli/bench.rs"]
mod bench;
#[path = "cli/faults.rs"]
mod faults;
#[path = "cli/lists.rs"]
mod lists;
#[path = "cli/peers.rs"]
mod peers;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/sim.rs"]
mod sim;

use std::path::Path;

use assert_cmd::Command;

/// `outage`, called in the repository's root.
fn outage() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outage"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
    command
}

/// What it does: exit code, standard output, standard error.
fn said(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// All it says on standard error when it can't do what is asked: exit code 2, nothing on standard output.
fn refused(command: &mut Command) -> String {
    let (code, out, err) = said(command);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    err
}

/// A scenario over `device` that expects the status `status` within 5 s of its beginning.
fn scenario(device: &str, status: &str) -> String {
    format!(
        r#"scenario "The UPS says {status}" scale=20
ups "u" {{ device {device}; }}
machine "m" {{ plugged-into "u"; serves "u"; monitor "u"; }}
at 0 {{ expect {{ status "{status}" within=5; }}; }}
"#
    )
}
