//! The order of a shutdown, and everything that could hold it up.

use rstest::rstest;

use super::*;

#[test]
fn a_primary_alone() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.step("a", "OB LB", 60);
    assert_eq!(
        lab.news(),
        [
            "5 OnBatt a@h",
            "5 LowBatt a@h",
            "5 fsd 0",
            "5 Fsd a@h",
            "5 Shutdown",
            "10 flag /flag",
            "10 run Some(\"halt\")",
            "10 exit 0",
        ]
    );
}

#[test]
fn a_secondary_sets_nothing_and_waits_for_nobody() {
    let mut lab = Lab::new(conf(&["a secondary"]), &[("a", "FSD OB LB")]);
    lab.logins = Some(7);
    lab.run_until(60);
    assert_eq!(
        lab.news(),
        [
            "0 Fsd a@h",
            "0 OnBatt a@h",
            "0 LowBatt a@h",
            "0 Shutdown",
            "5 flag /flag",
            "5 run Some(\"halt\")",
            "5 exit 0"
        ]
    );
}

#[test]
fn all_upses_of_a_primary_are_told_not_only_the_critical_one() {
    let conf = UpsmonConf { min_supplies: 2, ..conf(&["a primary", "b primary", "c secondary"]) };
    let mut lab = Lab::new(conf, &[("a", "OL"), ("b", "OL"), ("c", "OL")]);
    lab.set("c", "OL OFF");
    lab.set("b", "OB LB");
    lab.run_until(60);
    assert!(lab.ran_at().is_some());
    let fsd: Vec<_> = lab.done.iter().filter(|line| line.contains(" fsd ")).cloned().collect();
    assert_eq!(fsd, ["36 fsd 0", "36 fsd 1"]);
}

#[test]
fn the_primary_waits_until_its_secondaries_have_left() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.logins = Some(3);
    lab.step("a", "OB LB", 12);
    lab.logins = Some(1);
    lab.run_until(60);
    let news = lab.news();
    assert_eq!(
        news[3..],
        [
            "5 Fsd a@h",
            "5 ShutdownHostSync",
            "12.25 Shutdown",
            "17.25 flag /flag",
            "17.25 run Some(\"halt\")",
            "17.25 exit 0"
        ]
    );
}

/// Whatever does not answer costs HOSTSYNC at most.
#[rstest]
#[case::a_secondary_that_stays(Some(2), Some(Ok(())), 25.25)]
#[case::logins_never_answered(None, Some(Ok(())), 25.25)]
#[case::fsd_never_answered(Some(1), None, 25.25)]
#[case::fsd_refused(Some(1), Some(Err("ERR ACCESS-DENIED".to_owned())), 10.0)]
fn nothing_holds_the_shutdown_up(
    #[case] logins: Option<u32>,
    #[case] fsd: Option<Result<(), String>>,
    #[case] at: f64,
) {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    (lab.logins, lab.fsd) = (logins, fsd);
    lab.step("a", "OB LB", 60);
    assert_eq!(lab.ran_at(), Some(at));
}

#[test]
fn an_order_of_the_administrator_is_enough() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.run_until(7);
    lab.send(Event::ForceShutdown);
    lab.send(Event::ForceShutdown);
    lab.run_until(60);
    assert_eq!(
        lab.news(),
        ["7 fsd 0", "7 Fsd a@h", "7 Shutdown", "12 flag /flag", "12 run Some(\"halt\")", "12 exit 0"]
    );
}

#[test]
fn without_a_flag_file_and_a_command() {
    let conf = UpsmonConf { powerdown_flag: None, shutdown_cmd: None, ..conf(&["a secondary"]) };
    let mut lab = Lab::new(conf, &[("a", "FSD OB")]);
    lab.shutdown = Err("no SHUTDOWNCMD".into());
    lab.run_until(60);
    assert_eq!(lab.news()[2..], ["0 Shutdown", "5 run None", "5 exit 1"]);
}

/// SHUTDOWNEXIT.
#[rstest]
#[case::at_once(Some(0), Some("10 exit 0"))]
#[case::later(Some(40), Some("50 exit 0"))]
#[case::never(None, None)]
fn how_long_it_stays(#[case] stay: Option<u64>, #[case] exit: Option<&str>) {
    let conf = UpsmonConf { shutdown_exit: stay.map(secs), ..conf(&["a primary"]) };
    let mut lab = Lab::new(conf, &[("a", "OL")]);
    lab.step("a", "OB LB", 1000);
    assert_eq!(lab.done.iter().find(|line| line.contains(" exit ")).map(String::as_str), exit);
    if exit.is_none() {
        lab.send(Event::Stop);
        assert_eq!(lab.done.last().map(String::as_str), Some("1000 exit 0"));
    }
    assert_eq!(lab.done.iter().filter(|line| line.contains(" run ")).count(), 1);
}

#[test]
fn a_stop_ends_the_watch_but_not_a_shutdown() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.send(Event::Stop);
    assert_eq!(lab.news(), ["0 exit 0"]);

    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.step("a", "OB LB", 7);
    lab.send(Event::Stop);
    lab.run_until(60);
    assert_eq!(lab.ran_at(), Some(10.0));
}

#[test]
fn mains_that_return_during_the_wait_change_nothing() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.step("a", "OB LB", 6);
    lab.step("a", "OL", 60);
    assert_eq!(lab.ran_at(), Some(10.0), "the secondaries have been told already");
}

#[test]
fn a_reload_keeps_what_is_known() {
    let mut lab = Lab::new(conf(&["a primary", "b primary"]), &[("a", "OB"), ("b", "OL")]);
    lab.set("c", "OL");
    lab.run_until(7);
    lab.news();
    let mut next = conf(&["c primary", "a primary"]);
    next.monitors[1].power_value = 2;
    lab.send(Event::Reload(Box::new(next)));
    lab.run_until(20);
    assert_eq!(lab.news(), ["7 close 1"], "a is not said to be on battery again");
    let mut next = conf(&["a primary"]);
    next.monitors[0].password = "another".into();
    lab.send(Event::Reload(Box::new(next)));
    lab.run_until(30);
    assert_eq!(lab.news(), ["20 close 0", "20 close 2"], "another login, the same UPS");
    lab.step("a", "-", 60);
    assert_eq!(lab.news()[..2], ["35 CommBad a@h", "46 fsd 3"]);
}

#[test]
fn after_a_sleep_only_new_readings_count() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OB")]);
    lab.run_until(20);
    lab.news();
    lab.now = secs(8 * 3600);
    lab.set("a", "-");
    lab.send(Event::Timer);
    lab.run_until(9 * 3600);
    assert_eq!(
        lab.news(),
        [
            "28800 SuspendTimeJumpUnexpected 28775 s",
            "28800 reread",
            "28800 CommBad a@h",
            "28805 NoComm a@h",
            "29110 NoComm a@h",
            "29415 NoComm a@h",
            "29720 NoComm a@h",
            "30025 NoComm a@h",
            "30330 NoComm a@h",
            "30635 NoComm a@h",
            "30940 NoComm a@h",
            "31245 NoComm a@h",
            "31550 NoComm a@h",
            "31855 NoComm a@h",
            "32160 NoComm a@h",
        ]
    );
}

/// However short it was: here no poll is late yet, and DEADTIME for the OB of before does not run on.
#[test]
fn a_sleep_that_the_machine_tells_of_is_one_however_short() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OB")]);
    lab.run_until(20);
    lab.news();
    lab.now = secs(22);
    lab.set("a", "-");
    lab.send(Event::Slept);
    lab.run_until(200);
    assert_eq!(
        lab.news(),
        ["22 SuspendFinished", "22 reread", "22 CommBad a@h"],
        "a UPS that was never read since is not critical"
    );
}

#[test]
fn a_sleep_in_a_shutdown_changes_nothing() {
    let mut lab = Lab::new(conf(&["a secondary"]), &[("a", "FSD OB LB")]);
    lab.run_until(2);
    lab.news();
    lab.send(Event::Slept);
    lab.run_until(60);
    assert_eq!(lab.ran_at(), Some(5.0));
}

#[test]
fn an_answer_from_before_the_sleep_is_thrown_away() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "...")]);
    lab.now = secs(3600);
    lab.set("a", "OL");
    lab.send(Event::Polled(MonitorId(0), Ok(Reading::status("FSD OB LB"))));
    lab.run_until(3700);
    assert_eq!(lab.ran_at(), None);
    assert!(lab.polls > 10);
}

#[test]
fn a_lost_parent_is_said_again_and_again() {
    let mut lab = Lab::new(conf(&["a primary"]), &[("a", "OL")]);
    lab.run_until(3);
    lab.send(Event::ParentGone);
    lab.run_until(250);
    assert_eq!(lab.news(), ["3 NoParent", "123 NoParent", "243 NoParent"]);
}
