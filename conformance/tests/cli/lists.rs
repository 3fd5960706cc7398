//! Help and lists.

use super::{outage, said};

fn shown(arguments: &[&str]) -> String {
    let (code, out, err) = said(outage().args(arguments));
    assert_eq!((code, err.as_str()), (0, ""));
    out
}

#[test]
fn help_is_enough_to_start() {
    insta::assert_snapshot!("help", shown(&["--help"]));
    insta::assert_snapshot!("help-run", shown(&["run", "--help"]));
    insta::assert_snapshot!("help-list", shown(&["list", "--help"]));
    insta::assert_snapshot!("help-sim", shown(&["sim", "--help"]));
    insta::assert_snapshot!("help-bench", shown(&["bench", "upsd", "--help"]));
    assert_eq!(shown(&["run", "-h"]), shown(&["run", "--help"]));
}

#[test]
fn list_shows_each_scenario_with_its_devices() {
    insta::assert_snapshot!("list", shown(&["list", "scenarios/low-battery.kdl", "scenarios/unplugged.kdl"]));
    assert_eq!(shown(&["list"]), shown(&["list", "scenarios"]));
}

#[test]
fn list_and_devices_are_there_for_programs_too() {
    let list: serde_json::Value = serde_json::from_str(&shown(&["list", "--json"])).unwrap();
    let low = list.as_array().unwrap().iter().find(|one| one["name"] == "low-battery").unwrap();
    assert_eq!(low["path"], "scenarios/low-battery.kdl");
    assert_eq!(low["upses"][0]["devices"], serde_json::json!(["eaton-3s-700", "megatec-650"]));
    assert!(low["title"].as_str().unwrap().starts_with("The battery runs low"));

    let devices: serde_json::Value = serde_json::from_str(&shown(&["devices", "--json"])).unwrap();
    let eaton = devices.as_array().unwrap().iter().find(|one| one["name"] == "eaton-3s-700").unwrap();
    let about = "Eaton 3S 700: stand-by, USB, MGE HID (usbhid-ups)";
    assert_eq!(*eaton, serde_json::json!({ "bus": "usb", "description": about, "name": "eaton-3s-700" }));
    insta::assert_snapshot!(shown(&["devices"]));
}

#[test]
fn under_the_name_of_a_program_it_is_that_program() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("upsc");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_outage"), &link).unwrap();
    let (code, out, _) = said(assert_cmd::Command::new(&link).arg("-V"));
    assert_eq!(code, 0);
    assert!(out.starts_with("Network UPS Tools upsc"), "{out}");
}
