//! Files in which nothing is wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use outage_config::{
    Confirm, Grant, MonitorRole, NotifyFlags, NotifyType, NutConf, SchedCommand, UpsConf, UpsdConf,
    UpsdUsers, UpsmonConf, UpsschedConf, nut_conf, ups_conf, upsd_conf, upsd_users, upsmon_conf,
    upssched_conf,
};

#[track_caller]
fn clean<T>((conf, faults): (T, Vec<outage_config::Diagnostic>)) -> T {
    assert!(faults.is_empty(), "{faults:#?}");
    conf
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn ups_conf_is_kept_as_written() {
    let conf: UpsConf = clean(ups_conf("ups.conf", include_bytes!("files/ups.conf")));
    assert_eq!(conf.globals.len(), 15);
    assert_eq!(
        (conf.global("pollinterval"), conf.global("nowait"), conf.global("nosuch")),
        (Some("500ms"), Some(""), None)
    );
    let names: Vec<&str> = conf.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["eaton3s", "serial"]);
    let eaton = conf.section("EATON3S").expect("names are found in any case");
    assert_eq!((eaton.driver.as_str(), eaton.port.as_str()), ("usbhid-ups", "auto"));
    assert_eq!(eaton.desc.as_deref(), Some("Büro, rack #1"));
    assert_eq!(eaton.get("productid"), Some("ffff"));
    assert_eq!(eaton.get("ignorelb"), Some(""));
    assert_eq!(eaton.get("override.battery.charge.low"), Some("20"));
    assert_eq!(eaton.settings.iter().find(|s| s.key == "productid").map(|s| s.line), Some(23));
}

#[test]
fn upsd_conf_has_every_directive() {
    let conf: UpsdConf = clean(upsd_conf("upsd.conf", include_bytes!("files/upsd.conf")));
    assert_eq!((conf.max_age, conf.tracking_delay), (seconds(25), seconds(3600)));
    assert!(conf.allow_no_device && conf.allow_not_all_listeners);
    assert_eq!((conf.max_connections, conf.debug_min), (Some(1024), Some(1)));
    assert_eq!(
        (conf.state_path.as_deref(), conf.data_path.as_deref()),
        (Some("/run/nut"), Some("/usr/share/nut"))
    );
    let listen: Vec<(&str, u16)> = conf.listen.iter().map(|l| (l.address.as_str(), l.port)).collect();
    assert_eq!(listen, [("127.0.0.1", 3493), ("::1", 3493), ("*", 3493)]);
    assert_eq!(clean(upsd_conf("upsd.conf", b"")), UpsdConf::default());
}

#[test]
fn upsd_users_add_up() {
    let conf: UpsdUsers = clean(upsd_users("upsd.users", include_bytes!("files/upsd.users")));
    let [admin, monuser, observer] = conf.users.as_slice() else { panic!("{conf:?}") };
    assert_eq!(admin.password.as_deref(), Some("my \"pass\" word#"));
    assert_eq!(admin.grants, BTreeSet::from([Grant::Set, Grant::Fsd, Grant::Login]));
    assert_eq!(admin.commands, ["ALL"]);
    assert_eq!(monuser.grants, BTreeSet::from([Grant::Login, Grant::Primary, Grant::Fsd]));
    assert_eq!(monuser.commands, ["test.battery.start", "load.off", "load.on"]);
    assert_eq!((observer.password.as_deref(), observer.line), (Some("other"), 13));
    assert_eq!(observer.grants, BTreeSet::from([Grant::Login]));
    let shown = format!("{conf:?}");
    assert!(!shown.contains("pass\\\"") && !shown.contains("other"), "{shown}");
}

#[test]
fn upsmon_conf_has_every_directive() {
    let conf: UpsmonConf = clean(upsmon_conf("upsmon.conf", include_bytes!("files/upsmon.conf")));
    let monitors: Vec<_> = conf
        .monitors
        .iter()
        .map(|m| {
            (m.ups.as_str(), m.host.as_str(), m.port, m.power_value, m.password.as_str(), m.role, m.line)
        })
        .collect();
    assert_eq!(
        monitors,
        [
            ("eaton3s", "localhost", 3493, 1, "pass word", MonitorRole::Primary, 2),
            ("su700", "server.example.com", 5678, 0, "pass", MonitorRole::Secondary, 3),
            ("remote", "2001:db8::1", 3493, 1, "pass", MonitorRole::Secondary, 4),
            ("local", "localhost", 3493, 2, "pass", MonitorRole::Primary, 5),
        ]
    );
    assert_eq!(conf.monitors[2].system, "remote@[2001:db8::1]:3493");
    assert_eq!((conf.power_value(), conf.min_supplies, conf.problem()), (4, 2, None));
    assert_eq!((conf.poll_freq, conf.poll_freq_alert), (Duration::from_millis(500), seconds(2)));
    assert_eq!(
        (conf.dead_time, conf.host_sync, conf.final_delay),
        (seconds(60), seconds(15), Duration::ZERO)
    );
    assert_eq!((conf.rb_warn_time, conf.no_comm_warn_time), (seconds(43200), seconds(300)));
    assert_eq!(
        (conf.off_duration, conf.over_duration, conf.oblb_duration),
        (None, Some(seconds(10)), Duration::ZERO)
    );
    assert_eq!((conf.shutdown_exit, conf.poll_fail_log_throttle), (Some(seconds(30)), 100));
    assert!(!conf.alarm_critical);
    assert_eq!(conf.shutdown_cmd.as_deref(), Some("/sbin/shutdown -h +0"));
    assert_eq!(conf.notify_cmd.as_deref(), Some("/usr/sbin/upssched"));
    assert_eq!(
        (conf.powerdown_flag.as_deref(), conf.run_as_user.as_deref()),
        (Some("/etc/killpower"), Some("nut"))
    );
    assert_eq!(conf.debug_min, Some(3));
    assert_eq!(conf.cert_path.as_deref(), Some("/etc/nut/authorities"));
    assert_eq!(conf.cert_file.as_deref(), Some("/etc/nut/client.pem"));
    assert_eq!((conf.cert_verify, conf.force_ssl), (true, false));
    let hosts: Vec<_> =
        conf.cert_hosts.iter().map(|c| (c.host.as_str(), c.name.as_str(), c.verify, c.force)).collect();
    assert_eq!(
        hosts,
        [
            ("server.example.com", "nut.example.com", None, Some(true)),
            ("LOCALHOST", "localhost.example.com", Some(true), None),
        ]
    );
    assert_eq!(conf.notify[&NotifyType::Online].message, "UPS %s is back");
    assert_eq!(conf.notify[&NotifyType::Online].flags, NotifyFlags { syslog: true, wall: true, exec: true });
    assert_eq!(
        conf.notify[&NotifyType::OnBatt].flags,
        NotifyFlags { syslog: false, wall: false, exec: true }
    );
    assert_eq!(conf.notify[&NotifyType::OnBatt].message, "UPS %s on battery");
    assert_eq!(conf.notify[&NotifyType::LowBatt].flags, NotifyFlags::IGNORE);
    assert_eq!(conf.notify[&NotifyType::CommBad].flags, NotifyFlags::default());
    assert_eq!(conf.notify.len(), NotifyType::COUNT);
    assert_eq!(clean(upsmon_conf("upsmon.conf", b"")), UpsmonConf::default());
    assert!(!format!("{conf:?}").contains("pass word"));
}

#[test]
fn upssched_conf_has_every_directive() {
    let conf: UpsschedConf = clean(upssched_conf("upssched.conf", include_bytes!("files/upssched.conf")));
    assert_eq!(conf.script, ["/etc/nut/upssched-cmd", "--quiet"]);
    assert_eq!(conf.pipe.as_deref(), Some("/run/nut/upssched/pipe".as_ref()));
    assert_eq!(conf.lock.as_deref(), Some("/run/nut/upssched/lock".as_ref()));
    assert_eq!((conf.debug_min, conf.problem()), (Some(2), None));
    let start = |timer: &str, millis, shared| SchedCommand::Start {
        timer: timer.to_owned(),
        after: Duration::from_millis(millis),
        shared,
    };
    let cancel = |timer: &str, command: Option<&str>, matched| SchedCommand::Cancel {
        timer: timer.to_owned(),
        command: command.map(str::to_owned),
        matched,
    };
    let commands: Vec<_> = conf.rules.iter().map(|rule| rule.command.clone()).collect();
    assert_eq!(
        commands,
        [
            start("onbatt", 30_000, false),
            start("early shutdown", 90_000, false),
            cancel("onbatt", Some("back"), false),
            cancel("early shutdown", None, true),
            start("gone", 500, true),
            SchedCommand::Execute("low battery".to_owned()),
        ]
    );
    let lines = |notice: &str, ups: &str| -> Vec<usize> {
        conf.rules.iter().filter(|rule| rule.matches(notice, ups)).map(|rule| rule.line).collect()
    };
    assert_eq!(lines("ONBATT", "eaton3s@localhost"), [6, 7]);
    assert_eq!(lines("Onbatt", "EATON3S@localhost"), [6]);
    assert_eq!(lines("ONLINE", ""), [8, 9]);
    assert_eq!(lines("ONLIN", ""), [0; 0]);
    assert_eq!(clean(upssched_conf("upssched.conf", b"")), UpsschedConf::default());
}

#[test]
fn the_example_of_upssched_is_clean() {
    let text = include_bytes!("../../../docs/examples/upssched/upssched.conf");
    let conf = clean(upssched_conf("upssched.conf", text));
    assert_eq!((conf.rules.len(), conf.problem()), (5, None));
}

#[test]
fn cmdscript_is_one_word_or_several() {
    let script = |line: &str| clean(upssched_conf("", format!("CMDSCRIPT {line}\n").as_bytes())).script;
    assert_eq!(script("/bin/cmd"), ["/bin/cmd"]);
    assert_eq!(script("/bin/cmd a \"b c\""), ["/bin/cmd", "a", "b c"]);
    assert_eq!(script("\"/bin/cmd a b\""), ["/bin/cmd", "a", "b"]);
}

#[test]
fn upssched_needs_three_files() {
    let problem =
        |lines: &str| upssched_conf("", format!("{lines}AT ONLINE * EXECUTE x\n").as_bytes()).0.problem();
    assert_eq!(problem(""), Some("CMDSCRIPT must be set before any ATs in the config file".to_owned()));
    let one = "CMDSCRIPT /c\n";
    assert_eq!(problem(one), Some("PIPEFN must be set before any ATs in the config file".to_owned()));
    let two = format!("{one}PIPEFN /p\n");
    assert_eq!(problem(&two), Some("LOCKFN must be set before any ATs in the config file".to_owned()));
    assert_eq!(
        problem(&format!("{two}LOCKFN /p\n")),
        Some("PIPEFN and LOCKFN name the same file".to_owned())
    );
    assert_eq!(problem(&format!("{two}LOCKFN /l\n")), None);
    assert_eq!(
        clean(upssched_conf("", b"PIPEFN /p\n")).problem(),
        None,
        "without AT lines there is nothing to do"
    );
}

#[test]
fn too_little_power_is_a_problem() {
    let one = b"MONITOR a@b 1 u p primary\n";
    assert_eq!(clean(upsmon_conf("", one)).problem(), None);
    let two = [one.as_slice(), b"MINSUPPLIES 2\n"].concat();
    insta::assert_snapshot!(
        clean(upsmon_conf("", &two)).problem().unwrap_or_default(),
        @"insufficient power configured: the sum of power values is 1, MINSUPPLIES is 2; raise a power value, or lower MINSUPPLIES"
    );
    insta::assert_snapshot!(
        UpsmonConf::default().problem().unwrap_or_default(),
        @"insufficient power configured: the sum of power values is 0, MINSUPPLIES is 1; there is no valid MONITOR line"
    );
    assert_eq!(clean(upsmon_conf("", b"MINSUPPLIES 0\n")).problem(), None);
}

#[test]
fn shutdownexit_takes_words_and_times() {
    let exit = |word: &str| clean(upsmon_conf("", format!("SHUTDOWNEXIT {word}\n").as_bytes())).shutdown_exit;
    assert_eq!(exit("yes"), Some(Duration::ZERO));
    assert_eq!(exit("no"), None);
    assert_eq!(exit("-1"), None);
    assert_eq!(exit("0"), Some(Duration::ZERO));
    assert_eq!(exit("1"), Some(seconds(1)));
}

/// What NUT does not have: each form, and what it means.
#[test]
fn directives_of_our_own() {
    let read = |line: &str| clean(upsmon_conf("", format!("{line}\n").as_bytes()));
    let conf = UpsmonConf::default();
    assert_eq!(
        (
            conf.compat_nut,
            conf.confirm,
            conf.on_batt_shutdown,
            conf.charge_shutdown,
            conf.fsd_clear,
            conf.stale_flag
        ),
        (false, Confirm::Polls(1), None, None, None, false)
    );
    assert!(read("COMPAT nut").compat_nut && read("COMPAT NUT").compat_nut);
    let confirm = |value: &str| read(&format!("CONFIRM {value}")).confirm;
    assert_eq!((confirm("1"), confirm("3")), (Confirm::Polls(1), Confirm::Polls(3)));
    assert_eq!((confirm("10s"), confirm("2m")), (Confirm::Time(seconds(10)), Confirm::Time(seconds(120))));
    assert_eq!(confirm("500ms"), Confirm::Time(Duration::from_millis(500)));
    let on_batt = |value: &str| read(&format!("ONBATTSHUTDOWN {value}")).on_batt_shutdown;
    assert_eq!((on_batt("90"), on_batt("10m"), on_batt("-1")), (Some(seconds(90)), Some(seconds(600)), None));
    let charge = |value: &str| read(&format!("CHARGESHUTDOWN {value}")).charge_shutdown;
    assert_eq!((charge("0"), charge("35"), charge("100")), (Some(0), Some(35), Some(100)));
    let clear = |value: &str| read(&format!("FSDCLEAR {value}")).fsd_clear;
    assert_eq!((clear("yes"), clear("1")), (Some(seconds(300)), Some(seconds(300))));
    assert_eq!((clear("no"), clear("0")), (None, None));
    assert_eq!(
        (clear("1s"), clear("120"), clear("2m")),
        (Some(seconds(1)), Some(seconds(120)), Some(seconds(120)))
    );
    assert!(read("STALEFLAG yes").stale_flag && !read("STALEFLAG no").stale_flag);
}

#[test]
fn nut_conf_is_read_as_a_shell_reads_it() {
    let conf: NutConf = clean(nut_conf("nut.conf", include_bytes!("files/nut.conf")));
    let values: Vec<(&str, &str)> =
        conf.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        values,
        [
            ("ALLOW_NOT_ALL_LISTENERS", "no"),
            ("ALLOW_NO_DEVICE", "true"),
            ("MODE", "netserver"),
            ("NUT_DEBUG_LEVEL", ""),
            ("NUT_QUIET_INIT_BANNER", "$not expanded"),
            ("POWEROFF_QUIET", "a \"b\" c \\n"),
            ("POWEROFF_WAIT", "15m"),
            ("UPSD_OPTIONS", "-4 -D"),
            ("UPSMON_OPTIONS", "-p -D"),
        ]
    );
}

#[test]
fn a_byte_order_mark_and_crlf_do_no_harm() {
    let (conf, faults) = upsd_conf("upsd.conf", b"\xef\xbb\xbfMAXAGE 20\r\nMAXAG 3\r\n");
    assert_eq!(conf.max_age, seconds(20));
    assert_eq!(
        faults.iter().map(|f| (f.line, f.column, f.span.clone())).collect::<Vec<_>>(),
        [(2, 1, 14..19)]
    );
    assert_eq!(clean(nut_conf("nut.conf", b"\xef\xbb\xbfMODE=none\r\n")).values["MODE"], "none");
}
