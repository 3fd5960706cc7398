use rstest::rstest;

use super::document::{changes, document};
use super::reasons::parse;
use super::*;

const DEVICES: &[&str] = &["apc-cs-500", "eaton-3s-700"];

fn readings(nut: &[&str], ours: &[&str]) -> Readings {
    let dumps = |texts: &[&str]| texts.iter().map(|text| dump(text)).collect();
    Readings { device: "apc-cs-500".into(), description: "A UPS".into(), nut: dumps(nut), ours: dumps(ours) }
}

/// A UPS that differs in each of the ways.
fn example() -> Readings {
    readings(
        &[
            "ups.status: OL\nbattery.voltage: 13.6\nups.load: 40\nbattery.type: PbAc",
            "ups.status: OB DISCHRG\nbattery.voltage: 12.0\nups.load: 40\nbattery.type: PbAc",
        ],
        &[
            "ups.status: OL\nbattery.voltage: 13.6\nups.load: 40\ninput.voltage: 230.0",
            "ups.status: OB DISCHRG\nbattery.voltage: 12.0\ninput.voltage: 0.0",
        ],
    )
}

const REASONS: &str = r#"
only-ours "input.voltage" { whose "nobody"; reason "It reads it."; source "as seen"; }
only-nut "battery.type" {
    device "apc-cs-500"
    whose "ours"
    reason "It has no table for that."
    source "nut#1"
}
differs "ups.load" { whose "device"; reason "It stalls."; source "as seen"; }
"#;

fn explained() -> Vec<Reason> {
    let (reasons, faults) = parse(REASONS, DEVICES);
    assert_eq!(faults, [""; 0]);
    reasons
}

#[test]
fn a_dump_is_what_has_a_name_of_a_variable() {
    let text = "Network UPS Tools - Generic HID driver 0.47 (2.8.0)\nUsing subdriver: APC HID 0.98\n\
                driver.version: 2.8.0\nups.status: OL CHRG\nups.test.result: Done: passed\nbattery.type:\n\
                   1.234\tmain: a message\ninput.L1-N.voltage: 230.0\nups.x y: 1";
    let pairs: Vec<_> = dump(text).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        pairs,
        ["battery.type=", "input.L1-N.voltage=230.0", "ups.status=OL CHRG", "ups.test.result=Done: passed"]
    );
}

#[rstest]
#[case::the_same(&["ups.load: 1", "ups.load: 2"], &["ups.load: 1", "ups.load: 2"], None)]
#[case::once_otherwise(&["ups.load: 1", "ups.load: 2"], &["ups.load: 1", "ups.load: 3"], Some(Kind::Differs))]
#[case::once_not_there(&["ups.load: 1", "ups.load: 2"], &["ups.load: 1", ""], Some(Kind::Differs))]
#[case::another_text(&["ups.load: 1", ""], &["ups.load: 1.0", ""], Some(Kind::Differs))]
#[case::never_there(&["ups.load: 1", "ups.load: 2"], &["", ""], Some(Kind::OnlyNut))]
#[case::only_here(&["", ""], &["", "ups.load: 3"], Some(Kind::OnlyOurs))]
#[case::empty_is_not_missing(&["ups.load:", ""], &["", ""], Some(Kind::OnlyNut))]
fn kinds(#[case] nut: &[&str], #[case] ours: &[&str], #[case] kind: Option<Kind>) {
    let readings = readings(nut, ours);
    let found: Vec<_> = rows(&readings).iter().map(Row::kind).collect();
    assert_eq!(found, [kind]);
}

#[test]
fn what_is_explained_is_no_fault() {
    assert_eq!(faults(&[example()], &explained(), true), [""; 0]);
}

#[test]
fn each_difference_needs_a_reason_and_each_reason_a_difference() {
    let text = r#"
only-nut "input.voltage" { whose "nobody"; reason "r"; source "s"; }
only-nut "battery.type" "battery.date" { whose "nobody"; reason "r"; source "s"; }
differs "ups.load" { device "eaton-3s-700"; whose "device"; reason "r"; source "s"; }
"#;
    let (reasons, wrong) = parse(text, DEVICES);
    assert_eq!(wrong, [""; 0]);
    insta::assert_snapshot!(faults(&[example()], &reasons, true).join("\n"), @r#"
    apc-cs-500: only-ours "input.voltage" has no reason: NUT's says -, ours 230.0 / 0.0
    apc-cs-500: differs "ups.load" has no reason: NUT's says 40, ours 40 / -
    line 2: only-nut explains nothing of input.voltage
    line 3: only-nut explains nothing of battery.date
    line 4: differs explains nothing of ups.load
    line 4: differs explains nothing of eaton-3s-700
    "#);
    // Of some devices only what has no reason can be told.
    assert_eq!(faults(&[example()], &reasons, false).len(), 2);
}

#[test]
fn the_document() {
    insta::assert_snapshot!(document("2.8.0", &[example()], &explained()));
}

#[test]
fn the_document_says_what_nobody_knows() {
    let text = document("2.8.0", &[example()], &explained()[..2]);
    assert!(text.ends_with("\n- `ups.load`: **nobody knows why**\n"), "{text}");
}

#[test]
fn every_fault_has_its_line() {
    let text = r#"
differs "ups.load" { whose "device"; reason "r"; source "s"; }
differs { whose "device"; reason "r"; source "s"; }
differs "ups.load" 1 { whose "device"; reason "r"; source "s"; }
differs "ups.load" { whose "somebody"; reason "r"; source "s"; }
differs "ups.load" { whose "ours"; reason " "; source "s"; }
differs "ups.load" { whose "ours"; reason "r"; }

differs "ups.load" { device "apc-cs-501"; whose "ours"; reason "r"; source "s"; }
differs "ups.load" { since "1"; whose "ours"; reason "r"; source "s"; }
expect "ups.load" { whose "ours"; reason "r"; source "s"; }
"#;
    let (reasons, faults) = parse(text, DEVICES);
    assert_eq!(reasons.len(), 1);
    insta::assert_snapshot!(faults.join("\n"), @r#"
    3: differs what? There is no variable
    4: differs:  1: only words
    5: ups.load: whose doing is `somebody`? nut, ours, device or nobody
    6: ups.load: no reason
    7: ups.load: no source
    9: ups.load: there is no device apc-cs-501
    10: ups.load: `since`: device, whose, reason or source
    11: `expect`: differs, only-nut or only-ours
    "#);
}

#[test]
fn the_file_of_reasons_has_no_faults() {
    assert!(reasons::all().is_ok(), "{:?}", reasons::all());
}

#[rstest]
#[case("a\nb\nc\n", "a\nb\nc\n", "")]
#[case("a\nb\nc\nd\n", "a\nc\nx\nd\n", "-b +x")]
#[case("a\nb\n", "a\nx\n", "-b +x")]
#[case("", "a\n", "+a")]
#[case("a\n", "", "-a")]
fn what_changed(#[case] old: &str, #[case] new: &str, #[case] lines: &str) {
    assert_eq!(changes(old, new).join(" "), lines);
}
