//! What upsmon.conf can say here and not to NUT.

use rstest::rstest;

use super::*;

/// CONFIRM: nothing that one reading says is enough; nothing that silence says is held back.
#[rstest]
#[case::off("CONFIRM 1", &[(0, "OL"), (3, "OB LB")], Some(5.0))]
#[case::third_poll("CONFIRM 3", &[(0, "OL"), (3, "OB LB")], Some(15.0))]
#[case::one_poll_only("CONFIRM 2", &[(0, "OL"), (3, "OB LB"), (8, "OL")], None)]
#[case::in_a_row("CONFIRM 3", &[(0, "OL"), (3, "OB LB"), (13, "OB"), (18, "OB LB")], Some(30.0))]
#[case::a_failed_poll_is_no_poll("CONFIRM 3", &[(0, "OL"), (3, "OB LB"), (8, "-"), (13, "OB LB")], Some(20.0))]
#[case::silence_amid("CONFIRM 3", &[(0, "OL"), (3, "OB LB"), (8, "-")], Some(21.0))]
#[case::mute_amid("CONFIRM 3", &[(0, "OL"), (3, "OB LB"), (8, "...")], Some(21.0))]
#[case::stale_amid("CONFIRM 100", &[(0, "OL"), (3, "OB LB"), (8, "stale")], Some(21.0))]
#[case::silence_and_grace("CONFIRM 100; OBLBDURATION 30", &[(0, "OL"), (3, "OB LB"), (8, "-")], Some(36.0))]
#[case::for_a_time("CONFIRM 12s", &[(0, "OL"), (3, "OB LB")], Some(17.0))]
#[case::for_less_than_a_poll("CONFIRM 500ms", &[(0, "OL"), (3, "OB LB")], Some(5.5))]
#[case::not_for_a_time("CONFIRM 12s", &[(0, "OL"), (3, "OB LB"), (16, "OB")], None)]
#[case::time_and_silence("CONFIRM 12s", &[(0, "OL"), (3, "OB LB"), (8, "-")], Some(21.0))]
#[case::beside_grace("CONFIRM 5; OBLBDURATION 12", &[(0, "OL"), (3, "OB LB")], Some(22.0))]
#[case::grace_is_longer("CONFIRM 2; OBLBDURATION 12", &[(0, "OL"), (3, "OB LB")], Some(17.0))]
#[case::an_order_is_obeyed("CONFIRM 3", &[(0, "OL"), (3, "FSD OB LB")], Some(5.0))]
#[case::off_too("CONFIRM 3; OFFDURATION 0", &[(0, "OL"), (3, "OFF")], Some(15.0))]
#[case::not_while_calibrating("CONFIRM 2", &[(0, "OB LB CAL"), (18, "OB LB")], Some(25.0))]
#[case::lost_by_nuts_rule("CONFIRM 3; COMPAT nut", &[(0, "OL CAL"), (3, "-")], Some(5.0))]
fn confirm(#[case] lines: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    assert_eq!(shutdown_of(conf_with("primary", lines), history), at);
}

#[test]
fn what_is_to_be_confirmed_is_said_once() {
    let mut lab = Lab::new(conf_with("primary", "CONFIRM 3"), &[("a", "OL")]);
    let mut warnings = 0;
    for status in ["OB", "OB LB", "OB LB"] {
        for action in lab.core.handle(lab.now, Event::Polled(MonitorId(0), Ok(Reading::status(status)))) {
            warnings += u32::from(
                matches!(action, Action::Log(Priority::Warning, text) if text.contains("(CONFIRM)")),
            );
        }
    }
    assert_eq!(warnings, 1);
}

/// ONBATTSHUTDOWN: on battery without a break, whatever the charge.
#[rstest]
#[case::primary("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB")], Some(35.0))]
#[case::secondary_at_once("secondary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB")], Some(35.0))]
#[case::at_once("primary", "ONBATTSHUTDOWN 0", &[(0, "OL"), (3, "OB")], Some(5.0))]
#[case::never("primary", "ONBATTSHUTDOWN -1", &[(0, "OL"), (3, "OB")], None)]
#[case::back_in_time("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (34, "OL")], None)]
#[case::a_break("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (18, "OL"), (23, "OB")], Some(55.0))]
#[case::no_data_is_no_break("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (13, "-"), (18, "OB")], Some(35.0))]
#[case::silence("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (13, "-")], Some(26.0))]
#[case::silent_at_the_end("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (33, "-")], Some(46.0))]
#[case::rare_polls("primary", "ONBATTSHUTDOWN 30; POLLFREQALERT 60", &[(0, "OL"), (3, "OB")], Some(35.0))]
#[case::low_comes_first("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB"), (18, "OB LB")], Some(20.0))]
#[case::calibration("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB CAL")], None)]
#[case::after_it("primary", "ONBATTSHUTDOWN 30", &[(0, "OL"), (3, "OB CAL"), (48, "OB")], Some(80.0))]
fn on_battery_shutdown(
    #[case] role: &str,
    #[case] lines: &str,
    #[case] history: &[(u64, &str)],
    #[case] at: Option<f64>,
) {
    assert_eq!(shutdown_of(conf_with(role, lines), history), at);
}

/// CHARGESHUTDOWN: on battery, and a charge that was read.
#[rstest]
#[case::at_it("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB @50"), (13, "OB @20")], Some(15.0))]
#[case::below("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB @19.5")], Some(5.0))]
#[case::above("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB @20.5")], None)]
#[case::on_line("CHARGESHUTDOWN 20", &[(0, "OL @5"), (3, "OL @1")], None)]
#[case::not_told("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB")], None)]
#[case::no_number("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB @low")], None)]
#[case::not_asked_for("POLLFREQ 5", &[(0, "OL"), (3, "OB @1")], None)]
#[case::calibration("CHARGESHUTDOWN 20", &[(0, "OL"), (3, "OB CAL @5")], None)]
#[case::to_be_confirmed("CHARGESHUTDOWN 20; CONFIRM 2", &[(0, "OL"), (3, "OB @20")], Some(10.0))]
#[case::a_glitch("CHARGESHUTDOWN 20; CONFIRM 2", &[(0, "OL"), (3, "OB @0"), (8, "OB @90")], None)]
#[case::untold_once("CHARGESHUTDOWN 20; CONFIRM 2", &[(0, "OL"), (3, "OB @20"), (8, "OB"), (13, "OB @20")], Some(15.0))]
#[case::silence("CHARGESHUTDOWN 20; CONFIRM 9", &[(0, "OL"), (3, "OB @20"), (8, "-")], Some(21.0))]
fn charge_shutdown(#[case] lines: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    for role in ["primary", "secondary"] {
        let at = if lines.contains("CONFIRM 9") && role == "secondary" { Some(21.0) } else { at };
        assert_eq!(shutdown_of(conf_with(role, lines), history), at, "{role}");
    }
}

/// FSDCLEAR: an FSD beside OL that was there before this upsmon is no order while the server answers.
#[rstest]
#[case::without_it("FSDCLEAR no", &[(0, "FSD OL")], Some(0.0))]
#[case::left_over("FSDCLEAR 60", &[(0, "FSD OL")], None)]
#[case::on_battery("FSDCLEAR 60", &[(0, "FSD OB")], Some(0.0))]
#[case::neither("FSDCLEAR 60", &[(0, "FSD")], Some(0.0))]
#[case::by_the_driver("FSDCLEAR 60", &[(0, "OL FSD")], Some(0.0))]
#[case::by_both("FSDCLEAR 60", &[(0, "FSD OL FSD")], Some(0.0))]
#[case::an_order("FSDCLEAR 60", &[(0, "OL"), (3, "FSD OL")], Some(5.0))]
#[case::an_order_after_any_word("FSDCLEAR 60", &[(0, "BYPASS"), (3, "FSD OL")], Some(5.0))]
#[case::mains_fail_again("FSDCLEAR 60", &[(0, "FSD OL"), (98, "FSD OB")], Some(100.0))]
#[case::an_order_later("FSDCLEAR 60", &[(0, "FSD OL"), (8, "OL"), (18, "FSD OL")], Some(20.0))]
#[case::the_server_goes("FSDCLEAR 60", &[(0, "FSD OL"), (8, "-")], Some(21.0))]
#[case::the_server_goes_late("FSDCLEAR 60", &[(0, "FSD OL"), (98, "-")], Some(111.0))]
#[case::the_driver_goes("FSDCLEAR 60", &[(0, "FSD OL"), (8, "FSD WAIT")], Some(10.0))]
#[case::the_server_restarts("FSDCLEAR 60", &[(0, "FSD OL"), (8, "-"), (13, "OL")], None)]
#[case::a_short_loss("FSDCLEAR 60", &[(0, "FSD OL"), (8, "-"), (13, "FSD OL")], None)]
fn left_over_fsd(#[case] lines: &str, #[case] history: &[(u64, &str)], #[case] at: Option<f64>) {
    for role in ["primary", "secondary"] {
        assert_eq!(shutdown_of(conf_with(role, lines), history), at, "{role}");
    }
}

/// One of two supplies was ordered off, its mains are back, its server goes on: when the other one fails.
#[rstest]
#[case::before_the_time("FSDCLEAR 60", "FSD OL", 50, true)]
#[case::after_it("FSDCLEAR 60", "FSD OL", 80, false)]
#[case::without_it("FSDCLEAR no", "FSD OL", 80, true)]
#[case::on_battery_all_the_time("FSDCLEAR 60", "FSD OB", 80, true)]
fn an_fsd_that_mains_outlive(
    #[case] line: &str,
    #[case] a: &str,
    #[case] after: u64,
    #[case] shutdown: bool,
) {
    let monitors = conf(&["a secondary", "b primary"]).monitors;
    let conf = UpsmonConf { monitors, ..conf_with("primary", line) };
    let mut lab = Lab::new(conf, &[("a", "OL"), ("b", "OL")]);
    lab.step("a", "OL", 3);
    lab.step("a", a, after);
    assert_eq!(lab.ran_at(), None, "b is a supply");
    lab.step("b", "OB LB", 10);
    assert_eq!(lab.ran_at().is_some(), shutdown);
}

#[test]
fn a_loss_begins_the_time_of_fsdclear_anew() {
    let monitors = conf(&["a secondary", "b primary"]).monitors;
    let conf = UpsmonConf { monitors, ..conf_with("primary", "FSDCLEAR 60") };
    let mut lab = Lab::new(conf, &[("a", "OL"), ("b", "OL")]);
    lab.step("a", "OL", 3);
    lab.step("a", "FSD OL", 40);
    lab.step("a", "-", 5);
    lab.step("a", "FSD OL", 40);
    lab.step("b", "OB LB", 10);
    assert!(lab.ran_at().is_some());
}

/// After a sleep of the machine the first reading is a first reading again.
#[test]
fn a_machine_that_slept_through_an_fsd() {
    let mut lab = Lab::new(conf_with("secondary", "FSDCLEAR 60"), &[("a", "OL")]);
    lab.run_until(20);
    lab.set("a", "FSD OL");
    lab.now = secs(3600);
    lab.send(Event::Timer);
    lab.run_until(4000);
    assert_eq!(lab.ran_at(), None);
}
