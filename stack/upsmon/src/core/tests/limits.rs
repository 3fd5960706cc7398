//! Every branch of what makes a UPS critical, and the time limits in it.

use rstest::rstest;

use super::*;

/// The UPS says each status from its time on (there is a poll at 0 and every 5 s); when the shutdown command runs, or
/// never. HOSTSYNC plays no part for a primary that is alone; FINALDELAY is 0 here.
#[rstest]
#[case::on_line("primary", &[(0, "OL")], None)]
#[case::low_but_on_line("primary", &[(0, "OL LB")], None)]
#[case::on_battery("primary", &[(0, "OB")], None)]
#[case::on_battery_and_low("primary", &[(0, "OL"), (8, "OB"), (13, "OB LB")], Some(15.0))]
#[case::fsd("primary", &[(0, "OL"), (8, "FSD OL")], Some(10.0))]
#[case::fsd_reaches_a_secondary_at_once("secondary", &[(0, "OL"), (8, "FSD OB LB")], Some(10.0))]
#[case::fsd_before_calibration("primary", &[(0, "FSD OB LB CAL")], Some(0.0))]
// Never contacted: nothing bad is known.
#[case::never_contacted("primary", &[(0, "-")], None)]
#[case::never_contacted_silent("primary", &[(0, "...")], None)]
// Communications lost.
#[case::lost_on_line("primary", &[(0, "OL"), (3, "-")], None)]
#[case::lost_on_line_low("primary", &[(0, "OL LB"), (3, "-")], None)]
#[case::lost_trimming("primary", &[(0, "OL TRIM BOOST"), (3, "-")], None)]
#[case::lost_overloaded_never("primary", &[(0, "OL OVER"), (3, "-")], None)]
// Silence may be the end: DEADTIME from the last status read, and one second for an answer that is due right then.
#[case::lost_alarm("primary", &[(0, "OL ALARM"), (3, "-")], Some(16.0))]
#[case::lost_calibrating("primary", &[(0, "OL CAL"), (3, "stale")], Some(16.0))]
#[case::lost_bypass("primary", &[(0, "OL BYPASS"), (3, "-")], Some(16.0))]
#[case::lost_off("primary", &[(0, "OFF"), (8, "-")], Some(21.0))]
#[case::lost_calibrating_secondary("secondary", &[(0, "OL CAL"), (3, "-")], Some(16.0))]
#[case::lost_calibrating_on_battery("primary", &[(0, "OB LB CAL"), (8, "-")], Some(21.0))]
#[case::lost_by_silence("primary", &[(0, "OL BYPASS"), (3, "...")], Some(16.0))]
#[case::lost_by_a_driver_that_stays_away("primary", &[(0, "OL CAL"), (3, "WAIT")], Some(16.0))]
#[case::driver_restarts_while_calibrating("primary", &[(0, "OL CAL"), (3, "stale"), (8, "WAIT"), (14, "OL CAL")], None)]
#[case::alarm_and_a_short_loss("primary", &[(0, "OL ALARM"), (3, "-"), (14, "OL ALARM")], None)]
#[case::test_with_off_and_a_short_loss("primary", &[(0, "OL OFF"), (8, "-"), (18, "OL")], None)]
// The calibration had ended when the line was lost.
#[case::calibration_over("primary", &[(0, "OL CAL"), (3, "OL"), (8, "-")], None)]
// On battery and silent: DEADTIME from the last status read, and one second for an answer that is due right then.
#[case::dead("primary", &[(0, "OB"), (8, "-")], Some(21.0))]
#[case::dead_by_stale_data("primary", &[(0, "OB"), (8, "stale")], Some(21.0))]
#[case::dead_by_silence("primary", &[(0, "OB"), (8, "...")], Some(21.0))]
#[case::dead_by_waiting("primary", &[(0, "OB"), (8, "WAIT")], Some(21.0))]
#[case::back_at_the_last_moment("primary", &[(0, "OB"), (8, "-"), (19, "OB")], None)]
#[case::back_on_line("primary", &[(0, "OB"), (8, "-"), (14, "OL"), (18, "-")], None)]
#[case::dead_secondary_waits_no_longer("secondary", &[(0, "OB"), (8, "-")], Some(21.0))]
// Off.
#[case::off_for_29("primary", &[(0, "OL"), (5, "OFF"), (34, "OL")], None)]
#[case::off_for_31("primary", &[(0, "OL"), (5, "OFF"), (36, "OL")], Some(36.0))]
#[case::off_on_line("primary", &[(0, "OL OFF")], Some(31.0))]
#[case::off_is_asked_again_first("primary", &[(0, "OL"), (5, "OFF"), (34, "OL"), (41, "OL OFF")], Some(76.0))]
#[case::off_twice("primary", &[(0, "OFF"), (20, "OL"), (25, "OFF"), (45, "OL")], None)]
// On battery and low.
#[case::low_and_calibrating("primary", &[(0, "OB LB CAL")], None)]
#[case::calibration_ends("primary", &[(0, "OB LB CAL"), (18, "OB LB")], Some(20.0))]
#[case::calibration_ends_secondary("secondary", &[(0, "OB LB CAL"), (18, "OB LB")], Some(31.0))]
#[case::secondary_waits("secondary", &[(0, "OL"), (8, "OB LB")], Some(26.0))]
#[case::secondary_waits_for_its_primary("secondary", &[(0, "OL"), (8, "OB LB"), (12, "FSD OB LB")], Some(15.0))]
#[case::secondary_sees_mains_again("secondary", &[(0, "OL"), (8, "OB LB"), (19, "OL")], None)]
fn when_it_shuts_down(#[case] role: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    assert_eq!(shutdown_of(conf_with(role, ""), history), at);
}

/// The settings that change it, for a primary.
#[rstest]
#[case::dead_time("DEADTIME 40", &[(0, "OB"), (3, "-")], Some(41.0))]
#[case::dead_time_for_an_alarm("DEADTIME 40", &[(0, "OL ALARM"), (3, "-")], Some(41.0))]
#[case::dead_time_below_a_second("DEADTIME 500ms", &[(0, "OB"), (3, "-")], Some(5.0))]
#[case::dead_time_zero("DEADTIME 0", &[(0, "OB"), (3, "-")], Some(5.0))]
#[case::dead_time_zero_and_silent("DEADTIME 0", &[(0, "OB"), (3, "...")], Some(5.1))]
#[case::dead_time_zero_and_answers("DEADTIME 0", &[(0, "OB")], None)]
#[case::polls_rarer_than_dead_time("POLLFREQALERT 60", &[(0, "OB")], None)]
#[case::polls_rarer_and_silent("POLLFREQALERT 60", &[(0, "OB"), (3, "...")], Some(65.0))]
#[case::off_at_once("OFFDURATION 0", &[(0, "OL"), (3, "OFF")], Some(5.0))]
#[case::off_later("OFFDURATION 12", &[(0, "OL"), (3, "OFF")], Some(18.0))]
#[case::off_never("OFFDURATION -1", &[(0, "OFF")], None)]
#[case::off_never_even_when_lost("OFFDURATION -1", &[(0, "OFF"), (3, "-")], None)]
#[case::over_lost_at_once("OVERDURATION 0", &[(0, "OL OVER"), (3, "-")], Some(5.0))]
#[case::over_lost_later("OVERDURATION 20", &[(0, "OL"), (3, "OL OVER"), (8, "-")], Some(26.0))]
#[case::over_alone("OVERDURATION 0", &[(0, "OL OVER")], None)]
#[case::alarm_not_critical("ALARMCRITICAL 0", &[(0, "OL ALARM"), (3, "-")], None)]
#[case::grace_for_low("OBLBDURATION 12", &[(0, "OL"), (3, "OB LB")], Some(17.0))]
#[case::grace_for_low_used("OBLBDURATION 12", &[(0, "OL"), (3, "OB LB"), (13, "OB")], None)]
#[case::grace_begins_anew("OBLBDURATION 12", &[(0, "OB LB"), (9, "OB"), (14, "OB LB")], Some(27.0))]
#[case::grace_and_no_more_data("OBLBDURATION 12", &[(0, "OL"), (3, "OB LB"), (8, "-")], Some(18.0))]
#[case::grace_on_top_of_dead("OBLBDURATION 12", &[(0, "OB"), (3, "-")], Some(29.0))]
#[case::final_delay("FINALDELAY 7", &[(0, "FSD OB LB")], Some(7.0))]
#[case::monitoring_only("MINSUPPLIES 0", &[(0, "FSD OB LB")], None)]
// NUT's rule: no DEADTIME for these.
#[case::nut_alarm("COMPAT nut", &[(0, "OL ALARM"), (3, "-")], Some(5.0))]
#[case::nut_calibrating("COMPAT nut", &[(0, "OL CAL"), (3, "stale")], Some(5.0))]
#[case::nut_bypass("COMPAT nut", &[(0, "OL BYPASS"), (3, "-")], Some(5.0))]
#[case::nut_off("COMPAT nut", &[(0, "OFF"), (3, "-")], Some(5.0))]
#[case::nut_off_never("COMPAT nut; OFFDURATION -1", &[(0, "OFF"), (3, "-")], None)]
#[case::nut_alarm_not_critical("COMPAT nut; ALARMCRITICAL 0", &[(0, "OL ALARM"), (3, "-")], None)]
#[case::nut_on_line("COMPAT nut", &[(0, "OL"), (3, "-")], None)]
#[case::nut_on_battery("COMPAT nut", &[(0, "OB"), (8, "-")], Some(21.0))]
fn what_settings_do(#[case] lines: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    assert_eq!(shutdown_of(conf_with("primary", lines), history), at);
}

/// HOSTSYNC of a secondary, from the first status that is on battery and low.
#[rstest]
#[case("HOSTSYNC 0", &[(0, "OL"), (8, "OB LB")], Some(10.0))]
#[case("HOSTSYNC 30", &[(0, "OL"), (8, "OB LB")], Some(41.0))]
#[case("HOSTSYNC 30", &[(0, "OB"), (8, "-")], Some(36.0))]
#[case("HOSTSYNC 5; DEADTIME 40", &[(0, "OB"), (8, "-")], Some(46.0))]
#[case("HOSTSYNC 30; OBLBDURATION 12", &[(0, "OL"), (8, "OB LB")], Some(41.0))]
#[case("HOSTSYNC 5; OBLBDURATION 12", &[(0, "OL"), (8, "OB LB")], Some(22.0))]
#[case("HOSTSYNC 500", &[(0, "OL"), (8, "FSD OB LB")], Some(10.0))]
fn how_long_a_secondary_waits(#[case] lines: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    assert_eq!(shutdown_of(conf_with("secondary", lines), history), at);
}

/// Power values against MINSUPPLIES.
#[rstest]
#[case(1, &["a primary 1", "b primary 1"], &["OB LB", "OL"], false)]
#[case(1, &["a primary 1", "b primary 1"], &["OB LB", "OB"], false)]
#[case(1, &["a primary 1", "b primary 1"], &["OB LB", "OB LB"], true)]
#[case(2, &["a primary 1", "b primary 1"], &["OB LB", "OL"], true)]
#[case(2, &["a primary 2", "b primary 1"], &["OL", "OB LB"], false)]
#[case(1, &["a primary 1", "b primary 0"], &["OL", "FSD OB LB"], false)]
#[case(1, &["a primary 1", "b primary 1"], &["OB LB", "-"], false)]
#[case(1, &["a primary 4294967295", "b primary 4294967295"], &["OL", "OL"], false)]
fn supplies(#[case] min: u32, #[case] monitors: &[&str], #[case] answers: &[&str], #[case] shutdown: bool) {
    let conf = UpsmonConf { min_supplies: min, ..conf(monitors) };
    let answers: Vec<_> = ["a", "b"].into_iter().zip(answers.iter().copied()).collect();
    let mut lab = Lab::new(conf, &answers);
    lab.run_until(120);
    assert_eq!(lab.ran_at().is_some(), shutdown, "{:?}", lab.done);
}

/// The alert rate holds as long as any UPS needs it, whatever the others say.
#[test]
fn one_ups_on_line_does_not_slow_down_another_on_battery() {
    let conf =
        UpsmonConf { poll_freq: secs(60), poll_freq_alert: secs(2), ..conf(&["a primary", "b primary"]) };
    let mut lab = Lab::new(conf, &[("a", "OB"), ("b", "OB")]);
    lab.run_until(59);
    lab.polls = 0;
    lab.step("b", "OL", 60);
    assert_eq!(lab.polls, 60, "two UPSes every 2 s");
    lab.step("a", "OL", 10);
    lab.polls = 0;
    lab.step("a", "OL", 60);
    assert_eq!(lab.polls, 2, "two UPSes every 60 s");
}
