//! The example that mails, run as a user would: upssched as a process, its script by sh, and a `mail` that is ours.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(clippy::disallowed_methods, reason = "a test outside of the stack: real files, real time")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// A folder with upssched, the example's files in it, and a mail program that writes to `mails`.
struct Room {
    folder: TempDir,
    bin: PathBuf,
    /// Where upsmon's service manager would listen.
    manager: UnixDatagram,
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples/upssched").join(name)
}

impl Room {
    /// `program` is the one mail program that is there.
    fn new(program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        for tool in ["uname", "date", "cat"] {
            let found = ["/bin", "/usr/bin"].map(|place| Path::new(place).join(tool));
            let found = found.into_iter().find(|path| path.exists()).expect("every system has it");
            symlink(found, bin.join(tool)).unwrap();
        }
        let script =
            format!("#!/bin/sh\n{{ echo \"== $*\"; cat; }} >> '{}'\n", folder.path().join("mails").display());
        std::fs::write(bin.join(program), script).unwrap();
        std::fs::set_permissions(bin.join(program), PermissionsExt::from_mode(0o755)).unwrap();
        let conf = std::fs::read_to_string(example("upssched.conf")).unwrap();
        let conf = conf
            .replace("/etc/nut/upssched-cmd", &example("upssched-cmd").display().to_string())
            .replace("/run/nut", &folder.path().display().to_string())
            // Nobody waits for half a minute here.
            .replace("START-TIMER onbatt 30", "START-TIMER onbatt 2");
        std::fs::write(folder.path().join("upssched.conf"), conf).unwrap();
        let manager = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        manager.set_nonblocking(true).unwrap();
        Self { folder, bin, manager }
    }

    /// upsmon's part: nothing may be wrong with the file.
    fn notice(&self, kind: &str) {
        let output = Command::new(cargo_bin("ups"))
            .args(["upssched", "UPS rack1@localhost: a notice"])
            .env("NUT_CONFPATH", self.folder.path())
            .env("PATH", &self.bin)
            .env("NOTIFY_SOCKET", self.folder.path().join("notify"))
            .env("NOTIFYTYPE", kind)
            .env("UPSNAME", "rack1@localhost")
            .timeout(Duration::from_secs(60))
            .assert()
            .success();
        let text = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(!text.contains("upssched.conf:"), "{text}");
    }

    fn mails(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("mails")).unwrap_or_default()
    }

    /// Waits until there are so many mails.
    fn until(&self, count: usize) -> String {
        let begun = Instant::now();
        loop {
            let mails = self.mails();
            if mails.matches("\nTime: ").count() >= count {
                return mails;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no {count} mails: {mails}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn it_mails_when_it_should() {
    let room = Room::new("mail");
    room.notice("ONBATT");
    let begun = Instant::now();
    let mails = room.until(1);
    assert!(begun.elapsed() > Duration::from_millis(1500), "at once: {mails}");
    assert!(mails.contains("UPS rack1@localhost has been on battery for a while root\n"), "{mails}");
    assert!(mails.contains("Notice: ONBATT\nText:   UPS rack1@localhost: a notice\n"), "{mails}");
    room.notice("ONLINE");
    assert!(room.until(2).contains("UPS rack1@localhost is on line power again root\n"));
    room.notice("LOWBATT");
    assert!(room.until(3).contains("UPS rack1@localhost: the battery is low root\n"));
    room.notice("COMMBAD");
    assert!(room.until(4).contains("UPS rack1@localhost: communication lost root\n"));
    room.notice("COMMOK");
    assert!(room.until(5).contains("UPS rack1@localhost: communication restored root\n"));
    let told = room.manager.recv(&mut [0; 64]).unwrap_err();
    assert_eq!(told.kind(), std::io::ErrorKind::WouldBlock, "the manager takes it for a service");
}

#[test]
fn a_flicker_is_not_worth_a_mail() {
    let room = Room::new("sendmail");
    room.notice("ONBATT");
    room.notice("ONLINE");
    // What comes after the timer's time shows that nothing came before.
    std::thread::sleep(Duration::from_millis(2500));
    room.notice("LOWBATT");
    let mails = room.until(1);
    assert_eq!(mails.matches("== -t\nTo: root\nSubject: [").count(), 1, "{mails}");
    assert!(mails.contains("] UPS rack1@localhost: the battery is low\n\nUPS "), "{mails}");
}

#[test]
fn what_the_script_does_not_know_is_an_error() {
    Command::new(example("upssched-cmd")).arg("coffee").assert().code(2);
}
