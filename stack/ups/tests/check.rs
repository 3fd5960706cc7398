//! `ups check` and `ups hardware` as people and scripts meet them.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(clippy::disallowed_methods, reason = "the test writes the files that the program reads")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

const PASSWORD: &str = "PLZset@strongpassw0rdh3r3!";

/// The files that many people copy from a guide, with its one mistake: the user has no upsmon role.
fn guide() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "nut.conf", "MODE=standalone\n");
    put(&folder, "ups.conf", "[eaton3s]\n  driver = usbhid-ups\n  port = auto\n  desc = \"UPS\"\n");
    put(&folder, "upsd.conf", "LISTEN 127.0.0.1 3493\n");
    put(
        &folder,
        "upsd.users",
        &format!("[admin]\n  password = \"{PASSWORD}\"\n  actions = SET\n  instcmds = ALL\n"),
    );
    put(
        &folder,
        "upsmon.conf",
        &format!(
            "POWERDOWNFLAG /etc/killpower\nMONITOR eaton3s@localhost 1 admin \"{PASSWORD}\" master\n\
             SHUTDOWNCMD \"/sbin/shutdown -h +0\"\n"
        ),
    );
    folder
}

fn put(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
}

/// Runs `ups`: exit code, standard output and standard error, with the folder called `nut`.
fn ups(arguments: &[&str], folder: Option<&Path>) -> (i32, String, String) {
    let mut command = Command::cargo_bin("ups").unwrap();
    command.env_remove("NUT_CONFPATH").args(arguments);
    if let Some(folder) = folder {
        command.arg(folder);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        folder.map_or(text.clone(), |folder| text.replace(&folder.display().to_string(), "nut"))
    };
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!out.contains(PASSWORD) && !err.contains(PASSWORD), "{out}{err}");
    (output.status.code().unwrap(), out, err)
}

#[test]
fn the_guide_s_one_mistake_is_named() {
    let folder = guide();
    let (code, out, err) = ups(&["check"], Some(folder.path()));
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        out,
        "nut/upsd.users:1:1: error: user \"admin\" has no upsmon role: MONITOR on line 2 of upsmon.conf is refused \
         (add `upsmon primary` below [admin])\n"
    );
}

#[test]
fn and_with_the_line_that_it_names_nothing_is_wrong() {
    let folder = guide();
    let users = fs::read_to_string(folder.path().join("upsd.users")).unwrap();
    put(&folder, "upsd.users", &format!("{users}  upsmon primary\n"));
    assert_eq!(ups(&["check"], Some(folder.path())), (0, String::new(), String::new()));
    let (code, out, _) = ups(&["check", "--carets"], Some(folder.path()));
    assert_eq!((code, out.as_str()), (0, "nothing is wrong in nut\n"));
}

#[test]
fn people_see_the_places() {
    let folder = guide();
    put(&folder, "ups.conf", "[eaton3s]\n  driver = usbhid-usp\n  port = auto\n  maxretry = often\n");
    let monitor = format!(
        "MONITOR eaton3@localhost 1 admin \"{PASSWORD}?\" master # {PASSWORD}\nPOLLFREQ 10\nPOWERDOWNFLAG /nowhere/flag\n"
    );
    put(&folder, "upsmon.conf", &monitor);
    let (code, out, err) = ups(&["check", "--carets"], Some(folder.path()));
    assert_eq!((code, err.as_str()), (1, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn programs_read_json() {
    let folder = guide();
    let (code, out, _) = ups(&["check", "--json"], Some(folder.path()));
    assert_eq!(code, 1);
    insta::assert_snapshot!(out);
}

#[test]
fn files_that_everybody_may_read() {
    let folder = guide();
    fs::set_permissions(folder.path().join("upsmon.conf"), Permissions::from_mode(0o644)).unwrap();
    let (_, out, _) = ups(&["check"], Some(folder.path()));
    let expected = "nut/upsmon.conf:1:1: warning: every user of this machine can read the passwords in upsmon.conf \
                    (mode 0644) (chmod 640 nut/upsmon.conf)\n";
    assert!(out.contains(expected), "{out}");
}

/// A draft elsewhere is no daemon's to read, and its users are those of another machine, may be.
#[test]
fn users_are_looked_for_where_the_daemons_read() {
    let folder = guide();
    let upsmon = fs::read_to_string(folder.path().join("upsmon.conf")).unwrap();
    put(&folder, "upsmon.conf", &format!("{upsmon}RUN_AS_USER no-such-user-here\n"));
    let mut command = Command::cargo_bin("ups").unwrap();
    let output = command.env("NUT_CONFPATH", folder.path()).arg("check").output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(out.contains("error: there is no user \"no-such-user-here\" on this machine"), "{out}");
    let (_, out, _) = ups(&["check"], Some(folder.path()));
    assert!(!out.contains("no-such-user-here"), "{out}");
}

#[test]
fn what_cannot_be_read_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = ups(&["check"], Some(folder.path()));
    assert_eq!((code, out.as_str(), err.as_str()), (2, "", "ups check: there is no configuration in nut\n"));
    // A folder where a file should be, to root, too.
    fs::create_dir(folder.path().join("ups.conf")).unwrap();
    let (code, _, err) = ups(&["check"], Some(folder.path()));
    assert_eq!(code, 2);
    assert!(err.contains("failed to read nut/ups.conf: "), "{err}");
    assert_eq!(ups(&["check", "--nonsense"], None).0, 2);
    assert_eq!(ups(&["check", "a", "b"], None).0, 2);
}

#[test]
fn help_is_printed() {
    for name in ["check", "hardware"] {
        let (code, out, _) = ups(&[name, "--help"], None);
        assert_eq!(code, 0);
        assert!(out.contains(&format!("usage: ups {name} ")), "{out}");
    }
}

#[test]
fn hardware_is_found_by_words() {
    let (code, out, _) = ups(&["hardware", "Eaton", "3s"], None);
    assert_eq!(code, 0);
    assert!(out.lines().all(|line| line.starts_with("Eaton ") && line.contains("usbhid-ups")), "{out}");
    let (code, out, err) = ups(&["hardware", "no-such-maker"], None);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("ups hardware: nothing has all of these words"), "{err}");
    let (_, out, _) = ups(&["hardware", "--json"], None);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(list.as_array().unwrap().len() > 10);
}

#[test]
fn the_page_of_hardware_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/hardware.md");
    let (code, renewed, _) = ups(&["hardware", "--markdown"], None);
    assert_eq!(code, 0);
    if std::env::var_os("RENEW").is_some() {
        fs::write(&path, &renewed).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == renewed,
        "docs/hardware.md is behind: RENEW=1 cargo test -p outage-ups --test check hardware"
    );
}
