use std::time::Duration;

use super::{Answer, Judge};
use crate::scenario::{MachineState, Question, parse};
use crate::trace::{Event, What};

const WORLD: &str = r#"
scenario "a test"
ups "u" { device "eaton-3s-700"; }
machine "m" { plugged-into "u"; serves "u"; monitor "u"; }
"#;

fn judge(blocks: &str) -> Judge {
    let (scenario, faults) = parse("test", &format!("{WORLD}{blocks}"));
    assert_eq!(faults, []);
    Judge::new(scenario)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn notice(at: u64, kind: &str) -> Event {
    let (kind, ups, text) = (kind.to_owned(), "u@localhost".to_owned(), String::new());
    Event { at: s(at), place: "m".to_owned(), what: What::Notice { kind, ups, text } }
}

fn happened(at: u64, what: What) -> Event {
    Event { at: s(at), place: "m".to_owned(), what }
}

fn output(at: u64, on: bool) -> Event {
    Event { at: s(at), place: "u".to_owned(), what: What::Output { on, reason: String::new() } }
}

fn machine(at: u64, state: MachineState) -> Event {
    happened(at, What::Machine { state })
}

fn status() -> Question {
    Question::Variable { ups: "u".to_owned(), name: "ups.status".to_owned() }
}

fn failed_step(judge: &Judge) -> Option<&str> {
    judge.failure().map(|failure| failure.step.as_str())
}

#[test]
fn what_was_expected_comes_in_time() {
    let mut judge = judge(r#"at 0 { expect { notice "ONBATT" within=5; }; }"#);
    judge.tick(s(0));
    judge.event(&notice(4, "ONBATT"));
    assert!(judge.finished());
    assert_eq!(judge.failure(), None);
    assert_eq!(judge.held().len(), 1);
}

#[test]
fn what_comes_too_late_did_not_come() {
    let mut judge = judge(r#"at 0 { expect { notice "ONBATT" within=5; }; }"#);
    judge.tick(s(0));
    assert_eq!(judge.wake_at(), Some(s(5)));
    judge.tick(s(5));
    judge.event(&notice(6, "ONBATT"));
    assert_eq!(failed_step(&judge), Some("notice ONBATT"));
}

#[test]
fn what_came_before_the_block_does_not_count() {
    let mut judge = judge(r#"at 10 { expect { notice "ONBATT" within=5; }; }"#);
    judge.tick(s(0));
    judge.event(&notice(4, "ONBATT"));
    judge.tick(s(10));
    assert!(!judge.finished());
    judge.tick(s(15));
    assert!(judge.failure().is_some());
}

#[test]
fn the_wrong_order_fails() {
    let blocks = r#"at 0 { in-order { flag-written; shutdown-command; }; }"#;
    let mut right = judge(blocks);
    right.tick(s(0));
    right.event(&happened(1, What::FlagWritten));
    right.event(&happened(1, What::ShutdownCommand));
    assert!(right.finished() && right.failure().is_none());

    let mut wrong = judge(blocks);
    wrong.tick(s(0));
    wrong.event(&happened(1, What::ShutdownCommand));
    wrong.event(&happened(1, What::FlagWritten));
    wrong.tick(s(11));
    assert_eq!(failed_step(&wrong), Some("shutdown command on m"));
}

#[test]
fn one_event_is_one_step_of_a_sequence() {
    let mut judge = judge(r#"at 0 { in-order { notice "ALARM"; notice "ALARM"; }; }"#);
    judge.tick(s(0));
    judge.event(&notice(1, "ALARM"));
    assert!(!judge.finished());
    judge.event(&notice(2, "ALARM"));
    assert!(judge.finished());
}

#[test]
fn what_is_refuted_must_not_come_before_its_time_is_over() {
    let blocks = r#"at 0 { refute for=10 { notice "COMMBAD"; }; }"#;
    let mut quiet = judge(blocks);
    quiet.tick(s(0));
    quiet.tick(s(10));
    assert!(quiet.finished() && quiet.failure().is_none());

    let mut loud = judge(blocks);
    loud.tick(s(0));
    loud.event(&notice(9, "COMMBAD"));
    assert_eq!(failed_step(&loud), Some("no notice COMMBAD"));
}

#[test]
fn what_must_never_happen_fails_at_once() {
    let mut judge = judge(r#"at 0 { expect { notice "ONBATT" within=50; }; }; never { notice "SHUTDOWN"; }"#);
    judge.tick(s(0));
    judge.event(&notice(3, "SHUTDOWN"));
    assert_eq!(failed_step(&judge), Some("never notice SHUTDOWN"));
}

#[test]
fn a_machine_that_loses_its_power_while_it_runs_fails_every_scenario() {
    let mut judge = judge(r#"at 0 { expect { notice "ONBATT" within=50; }; }"#);
    judge.tick(s(0));
    judge.event(&machine(3, MachineState::Crashed));
    assert_eq!(failed_step(&judge), Some("m is stopped before its power goes"));
}

#[test]
fn states_hold_at_once_and_changes_have_to_happen() {
    let mut level = judge(r#"at 0 { expect { output "on"; machine "running"; }; }"#);
    level.tick(s(0));
    assert!(level.finished() && level.failure().is_none());

    let mut change = judge(r#"at 0 { in-order { output "on"; }; }"#);
    change.tick(s(0));
    assert!(!change.finished());
    change.event(&output(1, true));
    assert!(change.finished());
}

#[test]
fn answers_from_before_a_block_do_not_count() {
    let mut judge =
        judge(r#"at 0 { expect { status "OL"; }; }; at 20 { expect { status "OL" without="OB"; }; }"#);
    judge.tick(s(0));
    assert_eq!(judge.questions(), [status()]);
    judge.answer(s(1), status(), Answer::Value("OL CHRG".to_owned()));
    assert!(judge.questions().is_empty());
    judge.tick(s(20));
    assert!(!judge.finished());
    judge.answer(s(21), status(), Answer::Value("OL OB".to_owned()));
    assert!(!judge.finished());
    judge.answer(s(22), status(), Answer::Error("DATA-STALE".to_owned()));
    judge.tick(s(30));
    assert_eq!(judge.failure().map(|failure| failure.seen.as_str()), Some("upsd answers ERR DATA-STALE"));
}

#[test]
fn a_status_word_is_a_word() {
    let mut judge = judge(r#"at 0 { expect { status "LB"; }; }"#);
    judge.tick(s(0));
    judge.answer(s(1), status(), Answer::Value("OB LBX".to_owned()));
    assert!(!judge.finished());
}

#[test]
fn then_waits_for_everything_before_it() {
    let mut judge = judge(
        r#"at 0 { expect { notice "ONBATT"; }; }
           then after=30 { mains "on"; expect { notice "ONLINE"; }; }"#,
    );
    judge.tick(s(0));
    judge.event(&notice(4, "ONBATT"));
    assert_eq!(judge.wake_at(), Some(s(34)));
    assert_eq!(judge.tick(s(33)).len(), 0);
    assert_eq!(judge.tick(s(34)).len(), 1);
}

#[test]
fn an_order_to_cut_is_of_a_ups() {
    let mut judge = judge(r#"at 0 { expect { cut-ordered; }; }"#);
    judge.tick(s(0));
    judge.event(&happened(1, What::CutOrdered));
    assert!(!judge.finished(), "that was the machine");
    judge.event(&Event { at: s(2), place: "u".to_owned(), what: What::CutOrdered });
    assert!(judge.finished() && judge.failure().is_none());
}

#[test]
fn a_flag_is_what_all_who_look_say() {
    let mut judge = judge(r#"at 0 { expect { flag "absent"; }; }"#);
    judge.tick(s(0));
    let question = Question::Flag { machine: "m".to_owned() };
    assert_eq!(judge.questions(), std::slice::from_ref(&question));
    judge.answer(s(1), question.clone(), Answer::Value("present".to_owned()));
    judge.answer(s(2), question.clone(), Answer::Value("absent, but upsmon -K says yes".to_owned()));
    assert!(!judge.finished());
    judge.answer(s(3), question, Answer::Value("absent".to_owned()));
    assert!(judge.finished() && judge.failure().is_none());
}
