//! Which change of a status says what.

use rstest::rstest;

use super::*;

/// Polls at 0 with `first`, at 5 with `second`: the notices of the second poll.
#[rstest]
#[case::silent("OL", "OL", &[])]
#[case::charge_words("OL", "OL CHRG HB", &[])]
#[case::on_battery("OL", "OB DISCHRG", &["OnBatt a@h"])]
#[case::on_line("OB", "OL", &["Online a@h"])]
#[case::low("OB", "OB LB", &["LowBatt a@h"])]
#[case::low_once("OL LB", "OL LB", &[])]
#[case::low_ends_silently("OL LB", "OL", &[])]
#[case::both_at_once("OL", "OB RB CAL", &["OnBatt a@h", "ReplBatt a@h", "Cal a@h"])]
#[case::words_in_their_order("OL", "FSD OVER LB OB", &["Fsd a@h", "Over a@h", "LowBatt a@h", "OnBatt a@h"])]
#[case::other_comes_last("OL TEST", "OL BOOST", &["Boost a@h", "NotOther a@h"])]
#[case::cal("OL", "OL CAL", &["Cal a@h"])]
#[case::not_cal("OL CAL", "OL", &["NotCal a@h"])]
#[case::off("OL", "OFF", &["Off a@h"])]
#[case::not_off("OFF", "OL", &["NotOff a@h"])]
#[case::not_off_by_whole_word("OL OFF", "OL OFFLINE", &["NotOff a@h", "Other a@h OFFLINE"])]
#[case::bypass("OL", "OL BYPASS", &["Bypass a@h"])]
#[case::not_bypass("BYPASS", "OL BYP", &["NotBypass a@h", "Other a@h BYP"])]
#[case::eco("OL", "OL ECO", &["Eco a@h"])]
#[case::not_eco("OL ECO", "OL", &["NotEco a@h"])]
#[case::over("OL", "OL OVER", &["Over a@h"])]
#[case::not_over("OL OVER", "OL", &["NotOver a@h"])]
#[case::trim("OL", "OL TRIM", &["Trim a@h"])]
#[case::not_trim("OL TRIM", "OL", &["NotTrim a@h"])]
#[case::boost("OL", "OL BOOST", &["Boost a@h"])]
#[case::not_boost("OL BOOST", "OL", &["NotBoost a@h"])]
#[case::alarm("OL", "ALARM OL", &["Alarm a@h"])]
#[case::not_alarm("ALARM OL", "OL", &["NotAlarm a@h"])]
#[case::other("OL", "OL TEST", &["Other a@h TEST"])]
#[case::other_changes("OL TEST", "OL TEST BY", &["Other a@h TEST BY"])]
#[case::other_stays("OL TEST", "OL TEST", &[])]
#[case::not_other("OL TEST", "OL", &["NotOther a@h"])]
#[case::replace("OL", "OL RB", &["ReplBatt a@h"])]
#[case::wait_says_nothing("OL", "WAIT", &[])]
#[case::wait_ends_nothing("OL TRIM", "WAIT", &[])]
#[case::lost("OL", "-", &["CommBad a@h"])]
#[case::stale("OL", "stale", &["CommBad a@h"])]
#[case::empty("OL", "", &["CommBad a@h"])]
#[case::back("-", "OL", &["CommOk a@h"])]
#[case::back_on_battery("-", "OB", &["CommOk a@h", "OnBatt a@h"])]
#[case::never_there("-", "-", &["NoComm a@h"])]
#[case::order_of_ends("OL CAL OFF TRIM", "OB", &["NotCal a@h", "NotOff a@h", "NotTrim a@h", "OnBatt a@h"])]
fn one_change(#[case] first: &str, #[case] second: &str, #[case] notices: &[&str]) {
    let mut lab = Lab::new(UpsmonConf { min_supplies: 0, ..conf(&["a primary 0"]) }, &[("a", first)]);
    lab.run_until(4);
    lab.news();
    lab.step("a", second, 2);
    let want: Vec<String> = notices.iter().map(|text| format!("5 {text}")).collect();
    assert_eq!(lab.news(), want);
}

/// What the very first poll says.
#[rstest]
#[case("OL", &[])]
#[case("OL CHRG", &[])]
#[case("WAIT", &[])]
#[case("OB", &["0 OnBatt a@h"])]
#[case("OL RB", &["0 ReplBatt a@h"])]
#[case("-", &["0 CommBad a@h"])]
fn first_poll(#[case] status: &str, #[case] notices: &[&str]) {
    let mut lab = Lab::new(conf(&["a primary 1"]), &[("a", status)]);
    assert_eq!(lab.news(), notices);
}

#[test]
fn replace_battery_repeats_after_its_time() {
    let mut lab =
        Lab::new(UpsmonConf { rb_warn_time: secs(60), ..conf(&["a primary 1"]) }, &[("a", "OL RB")]);
    lab.run_until(140);
    assert_eq!(lab.news(), ["0 ReplBatt a@h", "65 ReplBatt a@h", "130 ReplBatt a@h"]);
}

#[test]
fn a_battery_flag_that_flaps_is_said_once_in_its_time() {
    let mut lab = Lab::new(conf(&["a primary 1"]), &[("a", "OL RB")]);
    for _ in 0..5 {
        lab.step("a", "OL", 5);
        lab.step("a", "OL RB", 5);
    }
    assert_eq!(lab.news(), ["0 ReplBatt a@h"]);
}

#[test]
fn no_comm_after_its_time_and_again() {
    let mut lab = Lab::new(conf(&["a primary 1"]), &[("a", "OL")]);
    lab.run_until(2);
    lab.step("a", "stale", 700);
    assert_eq!(lab.news(), ["5 CommBad a@h", "300 NoComm a@h", "605 NoComm a@h"]);
    lab.step("a", "OL", 5);
    assert_eq!(lab.news(), ["705 CommOk a@h"]);
}

#[test]
fn each_ups_has_an_alarm_text_of_its_own() {
    let alarm = |text: &str| Reading { alarm: Some(text.into()), ..Reading::status("OL ALARM") };
    let mut lab = Lab::new(conf(&["a primary 1", "b primary 1"]), &[]);
    lab.set_reading("a", alarm("hot"));
    lab.set_reading("b", alarm("fan"));
    lab = Lab { wake: Duration::ZERO, ..lab };
    for id in [0, 1] {
        lab.send(Event::Polled(MonitorId(id), Ok(alarm(["hot", "fan"][id as usize]))));
    }
    lab.run_until(30);
    assert_eq!(lab.news(), ["0 Alarm a@h hot", "0 Alarm b@h fan"]);
    lab.set_reading("b", alarm("fan stopped"));
    lab.run_until(40);
    assert_eq!(lab.news(), ["35 Alarm b@h fan stopped"]);
}

#[test]
fn economy_by_buzzword_only_when_it_says_so() {
    let mut lab = Lab::new(conf(&["a primary 1"]), &[("a", "OL")]);
    let reading = |words: &str| Reading { buzzwords: Some(words.into()), ..Reading::status("OL") };
    lab.set_reading("a", reading("vendor:default:online"));
    lab.run_until(5);
    assert_eq!(lab.news(), [""; 0]);
    lab.set_reading("a", reading("vendor:default:ECO"));
    lab.run_until(10);
    lab.set("a", "OL");
    lab.run_until(15);
    assert_eq!(lab.news(), ["10 Eco a@h", "15 NotEco a@h"]);
}

/// POLLFAIL_LOG_THROTTLE_MAX.
#[rstest]
#[case(-1, 7)]
#[case(0, 1)]
#[case(3, 3)]
fn failures_are_logged_as_often_as_asked(#[case] throttle: i32, #[case] lines: usize) {
    let conf = UpsmonConf { poll_fail_log_throttle: throttle, ..conf(&["a primary 1"]) };
    let mut lab = Lab::new(conf, &[("a", "stale")]);
    lab.run_until(30);
    let logged = lab.done.iter().filter(|line| line.contains("Poll UPS [a@h] failed - Data stale")).count();
    assert_eq!(logged, lines);
}

#[rstest]
#[case("primary", LoginStep::Login, "ERR ACCESS-DENIED", &[
    "0 log: Login on UPS [a@h] failed - got [ERR ACCESS-DENIED]",
    "0 log: user admin has no 'upsmon primary' in upsd.users on h, or the password differs; the UPS is watched all the \
     same, but upsd does not count this machine in, and the login is tried again",
])]
#[case("secondary", LoginStep::Login, "ERR ACCESS-DENIED", &[
    "0 log: Login on UPS [a@h] failed - got [ERR ACCESS-DENIED]",
    "0 log: user admin has no 'upsmon secondary' in upsd.users on h, or the password differs; the UPS is watched all \
     the same, but upsd does not count this machine in, and the login is tried again",
])]
#[case("primary", LoginStep::Primary, "ERR ACCESS-DENIED", &[
    "0 log: Primary managerial privileges unavailable on UPS [a@h]",
    "0 log: Response: [ERR ACCESS-DENIED]",
    "0 log: user admin has no 'upsmon primary' in upsd.users on h; the UPS is watched all the same, but upsd does not \
     count this machine in, and the login is tried again",
])]
#[case("primary", LoginStep::Login, "ERR UNKNOWN-UPS", &[
    "0 log: Login on UPS [a@h] failed - got [ERR UNKNOWN-UPS]",
])]
fn a_refused_login_is_said_once_and_tried_again(
    #[case] role: &str,
    #[case] step: LoginStep,
    #[case] answer: &str,
    #[case] lines: &[&str],
) {
    let mut lab = Lab::new(conf(&[&format!("a {role}")]), &[("a", "OL")]);
    let error = LoginError { step, answer: answer.into() };
    lab.send(Event::LoggedIn(MonitorId(0), Err(error.clone())));
    assert_eq!(std::mem::take(&mut lab.done), lines);
    lab.run_until(30);
    assert_eq!(std::mem::take(&mut lab.done), ["30 login 0"], "polling goes on, and the login is tried");
    lab.send(Event::LoggedIn(MonitorId(0), Err(error)));
    assert_eq!(std::mem::take(&mut lab.done), [""; 0], "the same is not said twice");
    lab.run_until(60);
    lab.send(Event::LoggedIn(MonitorId(0), Ok(())));
    lab.run_until(300);
    assert_eq!(lab.done, ["60 login 0"]);
    assert_eq!(lab.polls, 61);
}
