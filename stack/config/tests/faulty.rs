//! Files with a fault of every kind: what is said, where, and what survives.

use outage_config::{Diagnostic, nut_conf, ups_conf, upsd_conf, upsd_users, upsmon_conf, upssched_conf};
use quickcheck::{Arbitrary, Gen, quickcheck};

/// The faults as a user reads them, each under its line with carets below its place.
fn rendered(text: &[u8], faults: &[Diagnostic]) -> String {
    let mut out = String::new();
    for fault in faults {
        let before = text.get(..fault.span.start).unwrap_or_else(|| panic!("outside of the file: {fault:?}"));
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end = text[start..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| start + at);
        assert_eq!(fault.line, 1 + before.iter().filter(|byte| **byte == b'\n').count(), "{fault}");
        assert_eq!(fault.column, fault.span.start - start + 1, "{fault}");
        let line = String::from_utf8_lossy(&text[start..end]).replace('\t', " ");
        let carets = "^".repeat(fault.span.end.min(end) - fault.span.start);
        out += &format!("{fault}\n  {line}\n  {:indent$}{carets}\n", "", indent = fault.column - 1);
    }
    out
}

#[test]
fn ups_conf_faults() {
    let text = br#"pollinteval = 2
synchronous = perhaps
driverpath
[a]
driver = usbhid-ups
port = auto
pollinterval = 0
maxretry = 0
sdorder = first
retrydelay = 5 seconds
port = /dev/null
desc = My UPS
desc "My UPS"
vendorid =
= 5
maxstartdelay = 3d
allow_killpower = maybe
[b]
driver = usbhid-ups
[c]
desc = "nothing"
[A]
offdelay = 20
[bad name]
driver = lost
[]
[../x]
[ok@home]
driver = nutdrv_qx
port = /dev/ttyS0
desc = "rack #1"
"quoted" = "\"
"#;
    let (conf, faults) = ups_conf("ups.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    let names: Vec<&str> = conf.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["a", "ok@home"]);
    assert_eq!(conf.sections[0].get("offdelay"), Some("20"), "the second [A] belongs to [a]");
    assert_eq!(conf.sections[0].port, "/dev/null");
    assert_eq!(conf.sections[0].get("retrydelay"), Some("5"));
}

#[test]
fn upsd_conf_faults() {
    let text = br#"MAXAG 20
maxage 20
MAXAGE
MAXAGE soon
MAXAGE 0
MAXAGE 20 30
TRACKINGDELAY -1
MAXCONN -5
MAXCONN many
ALLOW_NO_DEVICE maybe
LISTEN 0.0.0.0 99999
LISTEN ""
LISTEN :: 3493 tcp
ACL all 0.0.0.0/0
ACCEPT localhost
STATEPATH "/run/nut
CERTFILE /etc/nut/upsd.pem
CERTFILE /etc/nut/other.pem
CERTIDENT name
CERTREQUEST perhaps
DISABLE_WEAK_SSL true
DEBUG_MIN 300
"#;
    let (conf, faults) = upsd_conf("upsd.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!(conf.max_age.as_secs(), 20);
    assert_eq!(conf.listen.len(), 1);
    assert_eq!(conf.cert_file.as_deref(), Some("/etc/nut/other.pem"));
    assert!(conf.disable_weak_ssl);
}

#[test]
fn upsd_users_faults() {
    let text = br#"password = SECRET
[admin]
password = SECRET words SECRET
password = SECRET
action = SET
actions = SET, FSD
actions = SETT
actions =
allowfrom = localhost
instcmds = load.on, load.off
upsmon owner
[admin]
password = SECRET
actions = FSD
[nopass]
upsmon primary
[empty]
password = ""
[]
password = SECRET
[two words]
password = SECRET
[hash]
password = "SECRET#SECRET"
SECRET
"#;
    let (conf, faults) = upsd_users("upsd.users", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!(conf.users.len(), 4);
    assert_eq!(conf.users[0].commands, ["load.off"]);
    assert!(
        conf.users[0].grants.contains(&outage_config::Grant::Fsd),
        "FSD stood behind the word with the comma"
    );
}

#[test]
fn upsmon_conf_faults() {
    let text = br#"MONITOR
MONITOR a@b 1 SECRET primary
MONITOR a@b one user SECRET primary
MONITOR a@b -1 user SECRET primary
MONITOR a@b 1 user primary SECRET
MONITOR @b 1 user SECRET primary
MONITOR a@b:99999 1 user SECRET primary
MONITOR a@b 1 user SECRET primary for ever
MONITOR a@b 1 user SECRET secondary
MONITR a@c 1 user SECRET primary
MINSUPPLIES -1
MINSUPPLIES
POLLFREQ 0
POLLFREQALERT 5 s
DEADTIME 15sec
HOSTSYNC -15
FINALDELAY five
OFFDURATION never
SHUTDOWNCMD /sbin/shutdown -h +0
SHUTDOWNEXIT sometimes
NOTIFYCMD /bin/notify --now
NOTIFYMSG ONLIN "UPS %s is back"
NOTIFYMSG ONLINE
NOTIFYMSG ONBATT UPS %s on battery
NOTIFYMSG SHUTDOWN "UPS %s goes down"
NOTIFYMSG ONLINE "%s %s"
NOTIFYMSG LOWBATT "UPS #1 is low"
NOTIFYFLAG ONLINE SYSLOG WALL
NOTIFYFLAG ONBATT syslog+EXEC
NOTIFYFLAG ONBATT SYSLOG+SMS
NOTIFYFLAG LOWBATT MAIL
NOTIFYFLAG FSD IGNORE+EXEC
NOTIFYFLAG EVERYTHING SYSLOG
ALARMCRITICAL 2
CERTVERIFY 1
FORCESSL 2
CERTHOST localhost "My nut server" 1
CERTHOST localhost nut maybe 0
CERTIDENT name
POWERDOWNFLAG "/etc/kill
power"
RUN_AS_USER "nut
"#;
    let (conf, faults) = upsmon_conf("upsmon.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!(conf.monitors.len(), 1);
    assert_eq!(conf.problem(), None);
    assert_eq!(conf.shutdown_cmd.as_deref(), Some("/sbin/shutdown"));
    assert_eq!(conf.powerdown_flag.as_deref(), Some("/etc/killpower"));
    assert!(
        conf.notify[&outage_config::NotifyType::LowBatt].flags.wall,
        "unknown flags alone change nothing"
    );
    assert!(conf.notify[&outage_config::NotifyType::OnBatt].flags.syslog);
    assert_eq!(conf.cert_hosts.len(), 1);
    assert!(conf.force_ssl, "what cannot be read opens nothing");
    assert_eq!((conf.cert_hosts[0].verify, conf.cert_hosts[0].force), (Some(true), Some(false)));
}

#[test]
fn upssched_conf_faults() {
    let text = br#"AT ONBATT * EXECUTE early
CMDSCRIPT
CMDSCRIPT ""
CMDSCRIPT /etc/nut/upssched-cmd
PIPEFN run/pipe
PIPEFN "" 
LOCKFN /run/lock and more
CMDSCRIP /bin/cmd
at ONBATT * EXECUTE small
AT
AT ONBATT *
AT ONBAT * EXECUTE typo
AT ONBATT * START-TIMR onbatt 30
AT ONBATT * execute x
AT ONBATT * SHUTDOWN
AT ONBATT * START-TIMER onbatt
AT ONBATT * START-TIMER onbatt soon
AT ONBATT * START-TIMER onbatt -3
AT ONBATT * START-TIMER onbatt 5s now
AT ONBATT * CANCEL-TIMER
AT ONBATT * CANCEL-TIMER onbatt back home
AT ONBATT * EXECUTE
AT ONBATT * EXECUTE two words
AT ONLINE * EXECUTE "open
AT ONLINE * EXECUTE last
"#;
    let (conf, faults) = upssched_conf("upssched.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!(conf.script, ["/etc/nut/upssched-cmd"]);
    assert_eq!(conf.pipe.as_deref(), Some("/run/pipe".as_ref()));
    let lines: Vec<_> = conf.rules.iter().map(|rule| rule.line).collect();
    assert_eq!(lines, [1, 12, 19, 21, 23, 25]);
}

#[test]
fn faults_in_directives_of_our_own() {
    let text = br#"COMPAT
COMPAT apcupsd
CONFIRM 0
CONFIRM -3
CONFIRM 1.5
CONFIRM 0s
CONFIRM 10 s
CONFIRM thrice
ONBATTSHUTDOWN soon
ONBATTSHUTDOWN 5d
CHARGESHUTDOWN 101
CHARGESHUTDOWN 20%
CHARGESHUTDOWN -1
FSDCLEAR maybe
FSDCLEAR 0s
FSDCLEAR -5
STALEFLAG boot
ONBATSHUTDOWN 5
"#;
    let (conf, faults) = upsmon_conf("upsmon.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    let kept = outage_config::UpsmonConf { confirm: outage_config::Confirm::Polls(10), ..Default::default() };
    assert_eq!(conf, kept, "only what could be understood counts");
}

#[test]
fn nut_conf_faults() {
    let text = br#"MODE = standalone
MODE=Standalone
MOD=none
MODE=none MODE=netserver
ALLOW_NO_DEVICE=perhaps
ALLOW_NOT_ALL_LISTENERS=
UPSD_OPTIONS="$OPTIONS -4"
POWEROFF_WAIT=`date`
. /etc/default/ups
if true; then
UPSMON_OPTIONS="-D
POWEROFF_QUIET=yes
"#;
    let (conf, faults) = nut_conf("nut.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!(conf.values["MODE"], "netserver");
    assert_eq!(conf.values["POWEROFF_QUIET"], "yes", "an open quote costs its own line");
}

#[test]
fn bytes_that_are_no_text() {
    let text = b"STATEPATH /B\xfcro\nDATAPATH \"/a\x01b\"\nMAXAGE 20\n";
    let (conf, faults) = upsd_conf("upsd.conf", text);
    insta::assert_snapshot!(rendered(text, &faults));
    assert_eq!((conf.max_age.as_secs(), conf.data_path.as_deref()), (20, Some("/ab")));
}

type Parser = fn(&[u8]) -> Vec<Diagnostic>;

const PARSERS: [Parser; 6] = [
    |text| ups_conf("f", text).1,
    |text| upsd_conf("f", text).1,
    |text| upsd_users("f", text).1,
    |text| upsmon_conf("f", text).1,
    |text| nut_conf("f", text).1,
    |text| upssched_conf("f", text).1,
];

const GOOD: [&[u8]; 6] = [
    include_bytes!("files/ups.conf"),
    include_bytes!("files/upsd.conf"),
    include_bytes!("files/upsd.users"),
    include_bytes!("files/upsmon.conf"),
    include_bytes!("files/nut.conf"),
    include_bytes!("files/upssched.conf"),
];

/// A good file with bytes changed, taken out or put in.
#[derive(Clone, Debug)]
struct Damaged {
    file: usize,
    text: Vec<u8>,
}

impl Arbitrary for Damaged {
    fn arbitrary(g: &mut Gen) -> Self {
        let file = usize::arbitrary(g) % GOOD.len();
        let mut text = GOOD[file].to_vec();
        for _ in 0..1 + u8::arbitrary(g) % 8 {
            let at = usize::arbitrary(g) % text.len();
            let byte = *g.choose(b"\"\\#=[]\n \t'$-+,.;\xff0a").unwrap_or(&0);
            match u8::arbitrary(g) % 4 {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                2 if text.len() > 1 => drop(text.remove(at)),
                _ => text.truncate(at + 1),
            }
        }
        Self { file, text }
    }
}

fn in_place(text: &[u8], faults: &[Diagnostic]) -> bool {
    rendered(text, faults);
    for fault in faults {
        assert!(
            fault.span.start < fault.span.end && fault.span.end <= text.len(),
            "{fault:?} in {}",
            text.escape_ascii()
        );
    }
    faults.is_sorted_by_key(|fault| fault.span.start)
}

quickcheck! {
    fn arbitrary_bytes_never_panic(text: Vec<u8>) -> bool {
        PARSERS.iter().all(|parse| in_place(&text, &parse(&text)))
    }

    fn faults_of_damaged_files_are_in_place(damaged: Damaged) -> bool {
        in_place(&damaged.text, &PARSERS[damaged.file](&damaged.text))
    }

    fn what_stands_before_the_damage_is_still_read(cut: usize) -> bool {
        let text = GOOD[3];
        let lines: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').collect();
        let cut = lines[cut % lines.len()] + 1;
        let whole = upsmon_conf("f", &text[..cut]).0;
        let damaged = [&text[..cut], b"\"\\ \" \xff \"\nNOTIFYMSG ONLINE \"a # b\"\n"].concat();
        upsmon_conf("f", &damaged).0 == whole
    }
}

#[test]
fn no_message_shows_a_password() {
    // The password's word moved to every place of its line, and every other word left out.
    let words = ["MONITOR", "a@b", "1", "user", "primary"];
    for at in 0..=words.len() {
        for without in 0..=words.len() {
            let mut line: Vec<&str> = words.to_vec();
            line.insert(at, "SECRET");
            if without < line.len() && line[without] != "SECRET" {
                line.remove(without);
            }
            if line[0] == "SECRET" {
                continue; // Nothing tells it from a misspelt directive.
            }
            for fault in upsmon_conf("f", (line.join(" ") + "\n").as_bytes()).1 {
                assert!(!fault.to_string().contains("SECRET"), "{line:?}: {fault}");
            }
        }
    }
    for text in [
        "password SECRET",
        "password = SECRET SECRET",
        "pasword = SECRET",
        "password = \"SECRET",
        "SECRET",
        "=",
    ] {
        let text = format!("[u]\npassword = SECRET\n{text}\n");
        for fault in upsd_users("f", text.as_bytes()).1 {
            assert!(!fault.to_string().contains("SECRET"), "{text:?}: {fault}");
        }
    }
    for text in ["CERTIDENT SECRET", "CERTIDENT a SECRET b"] {
        for fault in upsd_conf("f", text.as_bytes()).1.iter().chain(&upsmon_conf("f", text.as_bytes()).1) {
            assert!(!fault.to_string().contains("SECRET"), "{text:?}: {fault}");
        }
    }
}
