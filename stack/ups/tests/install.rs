//! `ups install` in a folder that stands for `/`, and what it laid down at work.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a test has no host")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;
use outage_ups::install::plan::{PREFIX, Thing, folder_of, plan};
use rstest::rstest;

fn install(root: &Path, more: &[&str]) -> Output {
    Command::new(cargo_bin("ups")).arg("install").arg("--root").arg(root).args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Installs in a folder of its own.
fn installed() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let output = install(root.path(), &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    root
}

/// Everything below a folder, by its path from there: mode, and content or target.
fn tree(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let info = fs::symlink_metadata(&path).unwrap();
            let content = if info.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if info.is_symlink() {
                fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap()
            };
            let mode = info.permissions().mode() & 0o7777;
            found.insert(path.strip_prefix(root).unwrap().to_owned(), (mode, content));
        }
    }
    found
}

#[test]
fn it_lays_everything_down_with_its_modes() {
    let root = installed();
    let there = tree(root.path());
    for item in plan(PREFIX) {
        let (mode, content) = &there[Path::new(item.path.trim_start_matches('/'))];
        assert_eq!(*mode, item.mode, "{}", item.path);
        let expected = match &item.thing {
            Thing::Folder => Vec::new(),
            Thing::Program => fs::read(cargo_bin("ups")).unwrap(),
            Thing::Link(to) => to.clone().into_bytes(),
            Thing::Text(text) => {
                let left = ["@MARK@", "@PREFIX@", "@UNITS@", "@SYSTEMD@", "@WATCHDOG@"];
                assert!(!left.iter().any(|word| text.contains(word)), "{}", item.path);
                text.as_bytes().to_vec()
            }
            Thing::Sample(text) => text.as_bytes().to_vec(),
        };
        assert!(*content == expected, "{}", item.path);
    }
    let files = there.iter().filter(|(path, _)| !root.path().join(path).is_dir()).count();
    let planned = plan(PREFIX).iter().filter(|item| item.thing != Thing::Folder).count();
    assert_eq!(files, planned, "nothing is laid down that is not in the plan");
}

#[test]
fn every_program_answers_where_it_lies() {
    let root = installed();
    for program in outage_ups::PROGRAMS {
        let folder = folder_of(program.name);
        let link = root.path().join("usr").join(folder).join(program.name);
        let output = Command::new(&link).arg("-V").output().unwrap();
        assert!(text(&output.stdout).starts_with("Network UPS Tools"), "{}", link.display());
    }
}

#[test]
fn a_second_time_it_keeps_what_people_wrote_and_mends_the_rest() {
    let root = installed();
    let at = |path: &str| root.path().join(path);
    fs::write(at("etc/nut/ups.conf"), "[mine]\n").unwrap();
    fs::set_permissions(at("var/state/ups"), fs::Permissions::from_mode(0o750)).unwrap();
    let before = tree(root.path());
    let again = install(root.path(), &[]);
    assert!(text(&again.stdout).starts_with("0 installed or replaced, "), "{}", text(&again.stdout));
    assert!(tree(root.path()) == before);

    let script = fs::read_to_string(at("etc/init.d/nut")).unwrap();
    fs::write(at("etc/init.d/nut"), format!("{script}\necho changed\n")).unwrap();
    fs::write(at("etc/nut/upsd.conf.sample"), "another NUT's\n").unwrap();
    fs::remove_file(at("usr/sbin/upsmon")).unwrap();
    symlink("/opt/old/bin/ups", at("usr/sbin/upsmon")).unwrap();
    let again = install(root.path(), &[]);
    let said = text(&again.stdout);
    assert!(said.contains("3 installed or replaced, ") && said.contains("replaced "), "{said}");
    assert!(tree(root.path()) == before, "{said}");
}

#[test]
fn what_is_not_ours_stops_it_before_anything_is_done() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("usr/sbin")).unwrap();
    fs::create_dir_all(root.path().join("etc/init.d")).unwrap();
    fs::write(root.path().join("usr/sbin/upsd"), "\x7fELF of somebody else's").unwrap();
    fs::write(root.path().join("etc/init.d/nut"), "#!/bin/sh\necho theirs\n").unwrap();
    let before = tree(root.path());
    let output = install(root.path(), &[]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for part in ["usr/sbin/upsd", "etc/init.d/nut", "nothing was done", "--prefix /usr/local"] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }
    assert!(tree(root.path()) == before);
    fs::remove_file(root.path().join("etc/init.d/nut")).unwrap();
    assert!(install(root.path(), &["--prefix", "/usr/local"]).status.success());
    let script = fs::read_to_string(root.path().join("etc/init.d/nut")).unwrap();
    assert!(script.contains("$ROOT/usr/local/sbin"), "{script}");
}

#[test]
fn a_dry_run_does_nothing_and_says_the_same() {
    let root = tempfile::tempdir().unwrap();
    let dry = install(root.path(), &["--dry-run"]);
    assert!(dry.status.success());
    assert!(tree(root.path()).is_empty());
    let lines = |output: &Output| -> Vec<String> {
        let said = text(&output.stdout);
        said.lines()
            .filter(|line| line.contains(" /"))
            .map(|line| line.replace("would install", "installed"))
            .collect()
    };
    let done = install(root.path(), &[]);
    let mut done = lines(&done);
    done.retain(|line| line.starts_with("installed /"));
    assert!(done.len() > 20);
    assert_eq!(lines(&dry), done);
}

#[test]
fn it_says_what_to_do_when_it_may_not() {
    let output = install(Path::new("/proc/nowhere"), &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.starts_with("ups install: failed to ") && said.contains("/proc/nowhere"), "{said}");
}

/// The shells that are here and may run an init script.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["sh"], vec!["dash"], vec!["bash", "--posix"], vec!["busybox", "ash"]];
    let works = |shell: &Vec<&str>| {
        let run = Command::new(shell[0]).args(&shell[1..]).args(["-c", "exit 0"]).output();
        run.is_ok_and(|output| output.status.success())
    };
    all.into_iter().filter(works).collect()
}

/// A root with a UPS that is a file, and daemons that stay whoever runs the test.
struct Machine {
    root: tempfile::TempDir,
    shell: Vec<&'static str>,
}

impl Machine {
    fn new(shell: &[&'static str], mode: &str) -> Self {
        let root = installed();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let machine = Self { root, shell: shell.to_vec() };
        // Root's daemons would become a user that may not look into this folder.
        let user = if text(&Command::new("id").arg("-u").output().unwrap().stdout).trim() == "0" {
            "-u root"
        } else {
            ""
        };
        machine.write(
            "etc/nut/nut.conf",
            &format!("MODE={mode}\nUPSD_OPTIONS='{user}'\nUPSMON_OPTIONS=\"{user} -p\"\n"),
        );
        machine.write("etc/nut/ups.conf", "[office]\ndriver = dummy-ups\nport = office.dev\n");
        machine.write("etc/nut/office.dev", "ups.status: OL\nbattery.charge: 90\n");
        machine.write("etc/nut/upsd.conf", &format!("LISTEN 127.0.0.1 {port}\n"));
        machine.write("etc/nut/upsd.users", "[here]\npassword = hush\nupsmon = primary\n");
        let flag = machine.at("killpower");
        let conf = format!(
            "MONITOR office@127.0.0.1:{port} 1 here hush primary\nSHUTDOWNCMD \"true\"\nPOWERDOWNFLAG {}\n",
            flag.display()
        );
        machine.write("etc/nut/upsmon.conf", &conf);
        fs::create_dir_all(machine.at("run")).unwrap();
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(0o640)).unwrap();
    }

    /// The init script with one word: its exit code and what it said.
    fn nut(&self, word: &str) -> (i32, String) {
        let mut command = Command::new(self.shell[0]);
        command
            .args(&self.shell[1..])
            .arg(self.at("etc/init.d/nut"))
            .arg(word)
            .env("NUT_ROOT", self.root.path());
        for name in ["NUT_CONFPATH", "NUT_STATEPATH", "NUT_PIDPATH", "NUT_ALTPIDPATH", "NOTIFY_SOCKET"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    }

    fn expect(&self, word: &str, code: i32, parts: &[&str]) {
        let (seen, said) = self.nut(word);
        assert_eq!(seen, code, "{:?} {word}: {said}", self.shell);
        for part in parts {
            assert!(said.contains(part), "{:?} {word}: no {part:?} in: {said}", self.shell);
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.nut("stop");
    }
}

#[test]
fn the_init_script_starts_stops_and_tells() {
    for shell in shells() {
        let machine = Machine::new(&shell, "standalone");
        machine.expect("status", 3, &["upsd is not running", "upsmon is not running"]);
        machine.expect(
            "start",
            0,
            &["UPS driver controller", "Network UPS Tools upsd", "Network UPS Tools upsmon"],
        );
        machine.expect("status", 0, &["office", "upsd is running (process ", "upsmon is running (process "]);
        let pids = || {
            ["var/state/ups/upsd.pid", "run/upsmon.pid"]
                .map(|file| fs::read_to_string(machine.at(file)).unwrap())
        };
        let first = pids();
        // A second start finds all there.
        let (code, said) = machine.nut("start");
        assert!(!said.contains("upsd "), "{code} {said}");
        assert_eq!(pids(), first);
        machine.expect("reload", 0, &[]);
        assert_eq!(pids(), first);
        machine.expect("restart", 0, &["Network UPS Tools upsd"]);
        assert!(pids().iter().zip(&first).all(|(new, old)| new != old));
        machine.expect("stop", 0, &[]);
        machine.expect("status", 3, &["upsd is not running"]);
        machine.expect("stop", 0, &[]);
        assert!(!machine.at("var/state/ups/dummy-ups-office").exists());
    }
}

#[rstest]
#[case("none", 0, 3, "MODE=none: nothing is to run here")]
#[case("controlled", 0, 3, "MODE=controlled: something else")]
#[case("manual", 0, 3, "MODE=manual: something else")]
#[case("sometimes", 1, 4, "MODE=sometimes in ")]
fn the_init_script_goes_by_the_mode(
    #[case] mode: &str,
    #[case] start: i32,
    #[case] status: i32,
    #[case] said: &str,
) {
    let machine = Machine::new(&["sh"], mode);
    machine.expect("start", start, &[said]);
    machine.expect("status", status, &[said]);
    assert!(!machine.at("var/state/ups/upsd.pid").exists());
}

#[test]
fn a_client_of_another_machine_runs_the_watcher_alone() {
    let machine = Machine::new(&["sh"], "netclient");
    machine.expect("start", 0, &["Network UPS Tools upsmon"]);
    machine.expect("status", 0, &["upsmon is running"]);
    assert!(!machine.at("var/state/ups/upsd.pid").exists());
    assert!(!machine.nut("status").1.contains("upsd is"));
}

#[test]
fn one_that_died_is_told_from_one_that_was_stopped() {
    let machine = Machine::new(&["sh"], "standalone");
    machine.expect("start", 0, &[]);
    let file = machine.at("var/state/ups/upsd.pid");
    let pid = fs::read_to_string(&file).unwrap();
    assert!(Command::new("kill").arg(pid.trim()).status().unwrap().success());
    while file.exists() {
        std::thread::yield_now();
    }
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    fs::write(&file, format!("{}\n", dead.id())).unwrap();
    machine.expect("status", 1, &["it died", "upsmon is running"]);
    machine.expect("start", 0, &["Network UPS Tools upsd"]);
    machine.expect("status", 0, &[]);
}

/// After a power cut pid files lie there still, and by now another process has the number.
#[test]
fn a_number_that_is_somebody_elses_by_now_is_left_alone() {
    for shell in shells() {
        let machine = Machine::new(&shell, "standalone");
        let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
        for file in ["var/state/ups/upsd.pid", "run/upsmon.pid"] {
            machine.write(file, &format!("{}\n", other.id()));
        }
        machine.expect("status", 1, &["upsd is not running, but ", "upsmon is not running, but "]);
        machine.expect("stop", 0, &[]);
        assert!(other.try_wait().unwrap().is_none(), "{shell:?} stop ended another process");
        machine.expect("start", 0, &["Network UPS Tools upsd", "Network UPS Tools upsmon"]);
        machine.expect("status", 0, &[]);
        machine.expect("stop", 0, &[]);
        assert!(other.try_wait().unwrap().is_none(), "{shell:?} stop ended another process");
        other.kill().unwrap();
        other.wait().unwrap();
    }
}

#[test]
fn poweroff_cuts_the_power_only_after_a_shutdown_for_the_battery() {
    let machine = Machine::new(&["sh"], "standalone");
    machine.expect("poweroff", 0, &["the UPS stays on"]);
    fs::write(machine.at("killpower"), "upsmon-shutdown-file").unwrap();
    // dummy-ups has no power to cut: what it says shows that it was asked.
    let (_, said) = machine.nut("poweroff");
    assert!(said.contains("telling the UPS to cut the power"), "{said}");
    assert!(said.contains("UPS driver controller"), "{said}");
    machine.write("etc/nut/nut.conf", "MODE=netclient\n");
    machine.expect("poweroff", 0, &[]);
    assert!(!machine.nut("poweroff").1.contains("telling"));
}

#[rstest]
#[case("", 2)]
#[case("begin", 2)]
fn wrong_words_are_refused(#[case] word: &str, #[case] code: i32) {
    let machine = Machine::new(&["sh"], "none");
    machine.expect(word, code, &["usage: nut {start|stop|"]);
}
