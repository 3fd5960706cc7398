//! The programs with wrong files, wrong arguments, and what they need missing: each fault is said with its place, the rest
//! is used, and the exit code is 1 only where NUT's is.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "these tests are outside, as a user is"
)]
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

mod etc;

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use etc::{Etc, free_port};

impl Etc {
    /// Runs a program that must fail, and returns what it said.
    fn fails(&self, line: &str) -> String {
        let (code, text) = self.run(line);
        assert_eq!(code, 1, "{text}");
        text
    }
}

const UPS_CONF: &str = "maxretry = abc
frobnicate = 1
[a]
driver = usbhid-ups
port = usbip://127.0.0.1:9/1-1
offdelay = \"soon
[b]
driver = nutdrv_qx
port = /dev/ttyNOSUCH
nonsense = 3
[c]
port = x
[d]
driver = nosuchdriver
port = auto
sdorder = -7
[b]
driver = nutdrv_qx
port = /dev/ttyOTHER
";

const UPSD_USERS: &str = "[admin]
password = \"s3cr3t-pw\"
actions = FLY
instcmds = ALL
[mon]
password = hunter2-pw
upsmon primary
frob = 1
[admin]
password = wr0ng-pw
";

#[test]
fn faults_of_ups_conf_are_listed_and_the_rest_is_used() {
    let etc = Etc::new(&[("ups.conf", UPS_CONF)]);
    let (code, text) = etc.run("upsdrvctl list");
    assert_eq!(code, 0);
    insta::assert_snapshot!("ups.conf", text);
    let last = |text: String| text.lines().last().unwrap().to_owned();
    insta::assert_snapshot!(last(etc.fails("upsdrvctl list zz")), @"upsdrvctl: UPS zz not found in ups.conf; there are: a, b, d");
    insta::assert_snapshot!(last(etc.fails("usbhid-ups -F -a zz")), @"ETC/ups.conf has no section [zz] with a driver and a port (there are: a, b, d)");
    insta::assert_snapshot!(last(etc.fails("usbhid-ups -F -a b")), @"[b] in ETC/ups.conf is for the driver nutdrv_qx, and this is usbhid-ups");
    insta::assert_snapshot!(last(etc.fails("upsdrvctl start d")), @"[d] driver nosuchdriver is not built into this program: check its name, or say with driverpath in ups.conf where it is");
    assert!(etc.run("upsdrvctl -l").1.contains("VERSION\na\nb\nd\n"));
}

#[test]
fn upsdrvctl_rehearses_and_looks() {
    let conf = UPS_CONF.lines().filter(|line| {
        !["maxretry", "frob", "offdelay", "nonsense", "sdorder"].iter().any(|word| line.starts_with(word))
    });
    let conf = conf.take_while(|line| *line != "[c]").collect::<Vec<_>>().join("\n")
        + "\n[d]\ndriver = nosuchdriver\nport = x\n";
    let etc = Etc::new(&[("ups.conf", &conf)]);
    insta::assert_snapshot!(etc.run("upsdrvctl -t start").1, @r#"
    Network UPS Tools - UPS driver controller VERSION
    *** Testing mode: not calling exec/kill
    [a] exec as usbhid-ups: UPS -a a
    [b] exec as nutdrv_qx: UPS -a b
    [d] driver nosuchdriver is not built into this program: check its name, or say with driverpath in ups.conf where it is
    "#);
    insta::assert_snapshot!(etc.run("upsdrvctl -t shutdown").1, @r#"
    Network UPS Tools - UPS driver controller VERSION
    *** Testing mode: not calling exec/kill
    [a] exec as usbhid-ups: UPS -a a -k
    [b] exec as nutdrv_qx: UPS -a b -k
    [d] driver nosuchdriver is not built into this program: check its name, or say with driverpath in ups.conf where it is
    "#);
    let (code, text) = etc.run("upsdrvctl status");
    assert_eq!(code, 1);
    insta::assert_snapshot!(text, @r#"
    Network UPS Tools - UPS driver controller VERSION
    UPSNAME  UPSDRV        RUNNING  PF_PID  S_RESPONSIVE    S_PID  S_STATUS
    a        usbhid-ups    STOPPED  N/A     NOT_RESPONSIVE  N/A
    b        nutdrv_qx     STOPPED  N/A     NOT_RESPONSIVE  N/A
    d        nosuchdriver  STOPPED  N/A     NOT_RESPONSIVE  N/A
    "#);
    insta::assert_snapshot!(etc.fails("upsdrvctl stop b"), @r#"
    Network UPS Tools - UPS driver controller VERSION
    [b] driver nutdrv_qx is not running: ETC/state/nutdrv_qx-b.pid names no running process, and nobody answers at ETC/state/nutdrv_qx-b
    "#);
}

#[test]
fn what_is_missing_is_said_in_a_line() {
    let etc = Etc::new(&[]);
    let mut texts = String::new();
    for line in [
        "upsdrvctl start",
        "usbhid-ups -F -a x",
        "upsd -F",
        "upsmon -F",
        "upsmon -K",
        "upsd -c stop",
        "upsmon -c stop",
    ] {
        let text = etc.fails(line);
        texts += &format!(
            "{line}: {}\n",
            text.lines().filter(|line| !line.starts_with("Network UPS Tools")).collect::<Vec<_>>().join("\n")
        );
    }
    etc.write("ups.conf", "[b]\ndriver = nutdrv_qx\nport = /dev/ttyNOSUCH\n");
    fs::remove_dir(etc.state()).unwrap();
    for line in ["upsdrvctl start b", "nutdrv_qx -F -q -a b"] {
        texts += &format!("{line}: {}\n", etc.fails(line).lines().last().unwrap());
    }
    insta::assert_snapshot!(texts, @r#"
    upsdrvctl start: upsdrvctl: failed to read ETC/ups.conf: No such file or directory (os error 2): create it, with a section for each UPS, or set NUT_CONFPATH to its folder
    usbhid-ups -F -a x: ETC/ups.conf cannot be read: No such file or directory (os error 2) (create it with a section [x], or set NUT_CONFPATH to its folder)
    upsd -F: Fatal error: can't open ETC/upsd.conf: No such file or directory (it must be there, and readable for the user that upsd runs as)
    upsmon -F: Fatal error: can't open ETC/upsmon.conf: No such file or directory (os error 2); create it, with a MONITOR line and SHUTDOWNCMD, or name another with -f
    upsmon -K: can't open ETC/upsmon.conf: No such file or directory (os error 2)
    upsd -c stop: can't tell which process upsd is: failed to read ETC/state/upsd.pid: No such file or directory (is upsd running? With -F it writes no PID file; give its process id with -P)
    upsmon -c stop: can't open ETC/state/upsmon.pid: No such file or directory (os error 2); is upsmon running?
    upsdrvctl start b: upsdrvctl: the state folder ETC/state is missing: create it (mkdir -p ETC/state) for the user that drivers run as, or set NUT_STATEPATH
    nutdrv_qx -F -q -a b: the state folder ETC/state is missing: make it (mkdir -p ETC/state), writable for the driver's user
    "#);
}

#[test]
fn faults_of_upsd_conf_and_upsd_users_are_listed_and_the_rest_is_served() {
    let port = free_port();
    let conf = format!("LISTEN 127.0.0.1 {port}\nMAXAGE soon\nLISTEN\nFROB 1\nMAXCONN \"3\n");
    let etc = Etc::new(&[("ups.conf", UPS_CONF), ("upsd.conf", &conf), ("upsd.users", UPSD_USERS)]);
    let upsd = etc.start("upsd -F -DDDDD");
    let said = upsd.until("Can't connect to UPS [d]");
    let faults: String = said
        .lines()
        .filter(|line| line.starts_with("ETC/upsd") && line.contains(": "))
        .map(|line| format!("{line}\n"))
        .collect();
    insta::assert_snapshot!(faults, @r#"
    ETC/upsd.conf:2:8: error: MAXAGE needs a time, not "soon" (write 5, 500ms, 2s, 3m or 1h)
    ETC/upsd.conf:3:1: error: LISTEN needs a value, ignored
    ETC/upsd.conf:4:1: warning: unknown directive "FROB", ignored
    ETC/upsd.conf:5:9: error: quote is never closed, line ignored
    ETC/upsd.users:3:11: warning: unknown action "FLY", ignored
    ETC/upsd.users:8:1: warning: unknown setting "frob", ignored
    ETC/upsd.users:9:1: warning: user "admin" appears again, ignored (first on line 1)
    "#);
    assert!(said.contains(&format!("listening on 127.0.0.1 port {port}\n")), "{said}");
    assert_eq!(etc.run(&format!("upsc -l 127.0.0.1:{port}")), (0, "a\nb\nd\n".to_owned()));

    // What upsc says when it is asked for what is not there.
    let mut texts = String::new();
    for line in [
        "upsc zz@HERE",
        "upsc b@HERE",
        "upsc b@HERE ups.status",
        "upsc b@HERE STATUS",
        "upsc -j b@HERE",
        "upsc b@127.0.0.1:port",
    ] {
        texts += &format!("{line}: {}", etc.fails(&line.replace("HERE", &format!("127.0.0.1:{port}"))));
    }
    insta::assert_snapshot!(texts, @r#"
    upsc zz@HERE: Error: Unknown UPS
    upsc b@HERE: Error: Driver not connected
    upsc b@HERE ups.status: Error: Driver not connected
    upsc b@HERE STATUS: Error: old-style variable names are not supported
    upsc -j b@HERE: {"error": "Driver not connected"}
    Error: Driver not connected
    upsc b@127.0.0.1:port: Error: invalid UPS definition.
    Required format: upsname[@hostname[:port]]
    "#);
}

#[test]
fn a_port_in_use_is_said_in_a_line() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let conf = format!("LISTEN 127.0.0.1 {port}\n");
    let etc = Etc::new(&[("ups.conf", "[b]\ndriver = nutdrv_qx\nport = x\n"), ("upsd.conf", &conf)]);
    let text = etc.fails("upsd -F").replace(&port.to_string(), "PORT");
    let text: Vec<_> =
        text.lines().filter(|line| line.contains("PORT") || line.starts_with("Fatal")).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    not listening on 127.0.0.1 port PORT: Address already in use (another program has it, perhaps another upsd: stop that, or change LISTEN in upsd.conf)
    Fatal error: not every LISTEN address can be listened on; ALLOW_NOT_ALL_LISTENERS true in upsd.conf lets upsd start with the others
    "#);
}

#[test]
fn faults_of_upsmon_conf_are_listed_and_the_rest_is_watched() {
    // Nothing listens on port 1.
    let conf = "MONITOR a@127.0.0.1:1 1 mon hunter2-pw primary
MONITOR b@127.0.0.1 x mon hunter2-pw primary
MONITOR c@127.0.0.1 1 mon hunter2-pw boss
MONITOR d@127.0.0.1 1 mon
SHUTDOWNCMD /bin/true
DEADTIME soon
NOTIFYFLAG FOO SYSLOG
NOTIFYFLAG ONLINE FOO
FROB
MONITOR e@127.0.0.1:1 1 mon s3cr3t-pw primary wr0ng-pw
";
    let etc = Etc::new(&[("upsmon.conf", conf)]);
    let upsmon = etc.start("upsmon -F -p -DDDDD");
    let said = upsmon.until("Communications with UPS a@");
    let said: Vec<_> =
        said.lines().filter(|line| line.starts_with("ETC/") || line.starts_with("UPS: ")).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    ETC/upsmon.conf:2:21: error: power value must be a whole number, 0 or more, line ignored (write MONITOR ups@host power-value user password primary|secondary)
    ETC/upsmon.conf:3:38: error: role must be primary or secondary, line ignored (write MONITOR ups@host power-value user password primary|secondary)
    ETC/upsmon.conf:4:1: error: MONITOR needs five values, ignored (write MONITOR ups@host power-value user password primary|secondary)
    ETC/upsmon.conf:6:10: error: DEADTIME needs a time, not "soon" (write 5, 500ms, 2s, 3m or 1h)
    ETC/upsmon.conf:7:12: warning: unknown notice "FOO", ignored
    ETC/upsmon.conf:8:19: error: unknown flag "FOO", ignored (flags are SYSLOG, WALL, EXEC, IGNORE)
    ETC/upsmon.conf:9:1: warning: unknown directive "FROB", ignored
    ETC/upsmon.conf:10:47: warning: surplus word ignored
    UPS: a@127.0.0.1:1 (primary) (power value 1)
    UPS: e@127.0.0.1:1 (primary) (power value 1)
    "#);
    drop(upsmon);

    etc.write("upsmon.conf", "SHUTDOWNCMD \"/bin/true\"\n");
    insta::assert_snapshot!(etc.fails("upsmon -F -p"), @r#"
    Network UPS Tools upsmon VERSION
    Fatal error: no UPS definitions in ETC/upsmon.conf: it needs a valid MONITOR line
    "#);
}

#[test]
fn a_wrong_password_is_said_without_it() {
    let port = free_port();
    let etc = Etc::new(&[
        ("ups.conf", "[a]\ndriver = nutdrv_qx\nport = x\n"),
        ("upsd.conf", &format!("LISTEN 127.0.0.1 {port}\n")),
        ("upsd.users", UPSD_USERS),
    ]);
    let upsd = etc.start("upsd -F -DDDDD");
    upsd.until("Can't connect to UPS [a]");
    etc.write(
        "upsmon.conf",
        &format!("MONITOR a@127.0.0.1:{port} 1 mon wr0ng-pw primary\nSHUTDOWNCMD /bin/true\n"),
    );
    let upsmon = etc.start("upsmon -F -p -DDDDD");
    upsmon.until("Login on UPS");
    upsd.until("may not LOGIN");
}

/// Exit code of `upsmon -K` with this configuration and this content of the flag file.
fn kill_power(directive: bool, content: Option<&str>) -> i32 {
    let etc = Etc::new(&[]);
    let flag = etc.0.path().join("killpower");
    let line = if directive { format!("POWERDOWNFLAG {}\n", flag.display()) } else { String::new() };
    etc.write(
        "upsmon.conf",
        &format!("MONITOR a@localhost 1 mon hunter2-pw primary\nSHUTDOWNCMD /bin/true\n{line}"),
    );
    if let Some(content) = content {
        fs::write(flag, content).unwrap();
    }
    etc.run("upsmon -K").0
}

#[test]
fn the_ups_is_switched_off_only_for_upsmons_own_flag() {
    const MAGIC: &str = "upsmon-shutdown-file";
    let cases = [
        (true, Some(MAGIC), 0),
        (true, Some("upsmon-shutdown-file\n"), 0),
        (true, None, 1),
        (true, Some(""), 1),
        (true, Some("upsmon-shutdown"), 1),
        (true, Some("another file\n"), 1),
        (false, Some(MAGIC), 1),
        (false, None, 1),
    ];
    for (directive, content, code) in cases {
        assert_eq!(kill_power(directive, content), code, "{directive} {content:?}");
    }
    // A folder is no flag.
    let etc = Etc::new(&[]);
    etc.write("upsmon.conf", &format!("POWERDOWNFLAG {}\n", etc.state().display()));
    assert_eq!(etc.run("upsmon -K").0, 1);
}

#[test]
fn arguments_that_cannot_be_followed_are_refused() {
    let etc = Etc::new(&[("ups.conf", "[b]\ndriver = nutdrv_qx\nport = x\n")]);
    for line in [
        "upsd -z",
        "upsd -c dance",
        "upsd surplus",
        "upsmon -z",
        "upsmon -c dance",
        "upsmon surplus",
        "upsdrvctl",
        "upsdrvctl begin",
        "upsdrvctl start b surplus",
        "usbhid-ups",
        "nutdrv_qx -F -s q -x nonsense=1",
        "nutdrv_qx -F -s q",
        "upsc",
        "upsc -W soon b",
        "upsc a b c",
    ] {
        let text = etc.fails(line);
        assert!(!text.is_empty(), "{line} says nothing");
        assert!(!text.contains("panicked"), "{text}");
    }
    assert!(Path::new(&etc.state()).read_dir().unwrap().next().is_none(), "something is left");
}
