//! upsmon as processes: a user who lacks a grant, a service manager, and the parent that keeps root's rights. Without
//! these rights the tests of the parent are ignored, and say so.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "these tests are outside, as a user is"
)]

mod etc;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use etc::{Daemon, Etc, LIMIT, free_port};
use libtest_mimic::{Arguments, Trial};

/// A test's name, whether it needs root's rights, and the test.
type Row = (&'static str, bool, fn());

const TESTS: &[Row] = &[
    (
        "a_login_without_a_grant_is_explained_and_each_status_is_shown",
        false,
        a_login_without_a_grant_is_explained_and_each_status_is_shown,
    ),
    ("only_the_parent_keeps_root_s_rights", true, only_the_parent_keeps_root_s_rights),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, as_root, test) in TESTS {
        let unmet = *as_root && !is_root();
        if unmet && !arguments.list {
            eprintln!("{name}: precondition unmet: only root may start it");
        }
        let run = || {
            test();
            Ok(())
        };
        trials.push(Trial::test(*name, run).with_ignored_flag(unmet));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A folder with a UPS of a file that says this, and an upsd that serves it; both run.
fn served<'a>(etc: &'a Etc, port: u16, users: &str) -> [Daemon<'a>; 2] {
    etc.write("ups.conf", "[eaton3s]\ndriver = dummy-ups\nport = eaton3s.dev\n");
    etc.write("eaton3s.dev", "ups.status: OL CHRG\n");
    etc.write("upsd.conf", &format!("LISTEN 127.0.0.1 {port}\n"));
    etc.write("upsd.users", users);
    let driver = etc.start(&format!("dummy-ups -F -a eaton3s{}", as_root()));
    let socket = etc.state().join("dummy-ups-eaton3s");
    wait("the driver listens", || socket.exists());
    let upsd = etc.start(&format!("upsd -F{}", as_root()));
    upsd.until("Connected to UPS [eaton3s]");
    [driver, upsd]
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Root's daemons would become a user of their own, who may not look into the folder.
fn as_root() -> &'static str {
    if is_root() { " -u root" } else { "" }
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The set-up guides' puzzle: the user has actions and no `upsmon` line. The login's refusal is said as NUT says it, then
/// what is missing and where; each status is shown all the same.
fn a_login_without_a_grant_is_explained_and_each_status_is_shown() {
    let (etc, port) = (Etc::new(&[]), free_port());
    let users = "[admin]\npassword = \"s3cr3t-pw\"\nactions = SET\ninstcmds = ALL\n";
    let _served = served(&etc, port, users);
    let system = format!("eaton3s@127.0.0.1:{port}");
    let conf = format!("MONITOR {system} 1 admin s3cr3t-pw master\nSHUTDOWNCMD /bin/true\nPOLLFREQ 1\n");
    etc.write("upsmon.conf", &conf);

    let manager = UnixDatagram::bind(etc.state().join("manager")).unwrap();
    manager.set_read_timeout(Some(LIMIT)).unwrap();
    let mut command = etc.command(&format!("upsmon -DD{}", as_root()));
    command.env("NOTIFY_SOCKET", etc.state().join("manager")).env("WATCHDOG_USEC", "300000");
    let mut upsmon = etc.start_command(command);
    let said = upsmon.until("no 'upsmon primary' in upsd.users");
    assert!(said.contains(&format!("Login on UPS [{system}] failed - got [ERR ACCESS-DENIED]\n")), "{said}");
    for _ in 0..3 {
        upsmon.until(&format!("UPS [{system}]: status [OL CHRG]"));
    }
    let heard = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let first: Vec<_> = (0..3).map(|_| heard()).collect();
    assert!(first.contains(&format!("READY=1\nMAINPID={}", upsmon.child.id())), "{first:?}");
    assert!(first.contains(&"WATCHDOG=1".to_owned()), "{first:?}");
    let pid = upsmon.child.id();
    assert_eq!(etc.run(&format!("upsmon -c stop -P {pid}")).0, 0);
    while heard() != "STOPPING=1" {}
    assert!(upsmon.child.wait().unwrap().success());
}

/// The parent stays root and does nothing but run the shutdown command; the child watches as another user.
fn only_the_parent_keeps_root_s_rights() {
    let (etc, port) = (Etc::new(&[]), free_port());
    let users = "[mon]\npassword = hunter2-pw\nupsmon primary\n";
    let _served = served(&etc, port, users);
    let path = |name: &str| etc.0.path().join(name).display().to_string();
    let conf = format!(
        "MONITOR eaton3s@127.0.0.1:{port} 1 mon hunter2-pw primary\nRUN_AS_USER nobody\nFINALDELAY 0\nHOSTSYNC 1\n\
         POWERDOWNFLAG {}\nSHUTDOWNCMD \"id -u >{}\"\n",
        path("killpower"),
        path("shutdown")
    );
    etc.write("upsmon.conf", &conf);
    let mut upsmon = etc.start("upsmon -FF -D");
    upsmon.until("connected, ");
    let child = fs::read_to_string(etc.state().join("upsmon.pid")).unwrap();
    let user = |pid: &str| fs::metadata(format!("/proc/{}", pid.trim())).unwrap().uid();
    assert_eq!(user(&upsmon.child.id().to_string()), 0);
    assert!(user(&child) != 0 && child.trim() != upsmon.child.id().to_string(), "{child}");
    let own = fs::read_to_string(format!("/proc/{}/status", child.trim())).unwrap();
    assert!(own.contains("CapEff:\t0000000000000000"), "{own}");

    assert_eq!(etc.run("upsmon -c fsd").0, 0);
    assert!(upsmon.child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(path("shutdown")).unwrap(), "0\n");
    assert_eq!(fs::read_to_string(path("killpower")).unwrap(), "upsmon-shutdown-file");
    assert_eq!(etc.run("upsmon -K").0, 0);
    assert!(!etc.state().join("upsmon.pid").exists());
}
