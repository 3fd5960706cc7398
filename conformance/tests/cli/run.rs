//! `outage run`: verdicts for people and for programs.

use std::fs;

use quick_junit::{Report, TestCaseStatus};
use rstest::rstest;

use super::{outage, said, scenario};

#[rstest]
#[case::one_machine("low-battery", 2)]
#[case::four_machines("primary-and-secondaries", 1)]
fn equal_seeds_give_equal_bytes(#[case] name: &str, #[case] runs: u32) {
    let file = format!("scenarios/{name}.kdl");
    let run = || said(outage().args(["run", &file, "--lane", "virtual", "--seed", "7", "--json"]));
    let (code, out, err) = run();
    assert_eq!((code, err.as_str()), (0, ""));
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["passed"], &document["failed"]), (&runs.into(), &0.into()));
    assert_eq!(document["runs"][0]["name"], format!("{name}/eaton-3s-700"));
    assert_eq!(document["runs"][0]["seed"], 7);
    assert!(document["runs"][0]["trace"].as_array().unwrap().len() > 10);
    assert_eq!(run().1, out);
}

#[test]
fn a_failing_scenario_is_explained_and_can_be_run_again_alone() {
    let folder = tempfile::tempdir().unwrap();
    // Names that hold each other, and that a shell would take apart.
    let home = folder.path().join("it's mine");
    fs::create_dir(&home).unwrap();
    fs::copy("../simulator/devices/megatec-650.kdl", home.join("my megatec-650.kdl")).unwrap();
    fs::write(home.join("ol.kdl"), scenario("\"megatec-650\" \"my megatec-650.kdl\"", "OB")).unwrap();
    fs::write(home.join("col.kdl"), scenario("\"megatec-650\"", "OL")).unwrap();
    let (code, out, err) = said(outage().current_dir(folder.path()).args([
        "run",
        "--lane",
        "virtual",
        "--seed",
        "3",
        "it's mine",
    ]));
    assert_eq!(code, 1, "{err}");
    assert!(out.starts_with("pass  col/megatec-650 "), "{out}");
    assert!(out.ends_with("1 passed, 2 failed\n"), "{out}");

    // The step, what was seen, what happened, and the command.
    let first = err.split("again: ").next().unwrap();
    assert!(first.contains("error: expected: status of u OB"), "{first}");
    assert!(first.contains("--> it's mine/ol.kdl:4:17\n") && first.contains("^^^^^^"), "{first}");
    assert!(first.contains("OL"), "it does not say what was seen: {first}");
    assert!(
        first.contains("what happened (scenario seconds):") && first.contains("Startup successful"),
        "{first}"
    );

    let commands: Vec<_> = err.lines().filter_map(|line| line.strip_prefix("again: ")).collect();
    let [command, other] = commands[..] else { panic!("{err}") };
    assert_eq!(command, r"outage run --lane virtual --seed 3 --only ol/megatec-650 'it'\''s mine/ol.kdl'");
    for command in [command, other] {
        let bin = std::path::Path::new(env!("CARGO_BIN_EXE_outage")).parent().unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let (code, out, again) = said(
            assert_cmd::Command::new("sh").current_dir(folder.path()).env("PATH", path).args(["-c", command]),
        );
        assert_eq!(code, 1, "{again}");
        assert!(out.ends_with("\n0 passed, 1 failed\n"), "{out}");
        assert!(err.contains(again.trim()), "it is not the same run:\n{again}\n{err}");
    }
}

#[test]
fn a_junit_report_is_written_whatever_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("good.kdl"), scenario("\"megatec-650\"", "OL")).unwrap();
    fs::write(folder.path().join("bad.kdl"), scenario("\"megatec-650\"", "OB")).unwrap();
    fs::write(folder.path().join("report.xml"), "an old and much longer report\n".repeat(1000)).unwrap();
    let (code, out, _) = said(outage().current_dir(folder.path()).args([
        "run",
        ".",
        "--lane",
        "virtual",
        "--json",
        "--junit",
        "report.xml",
    ]));
    assert_eq!(code, 1);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["runs"][0]["verdict"], "fail");
    assert_eq!(document["runs"][0]["failure"]["step"], "status of u OB");

    let xml = fs::read_to_string(folder.path().join("report.xml")).unwrap();
    let report = Report::deserialize_from_str(&xml).unwrap();
    let cases: Vec<_> = report.test_suites[0]
        .test_cases
        .iter()
        .map(|case| (case.name.to_string(), matches!(case.status, TestCaseStatus::Success { .. })))
        .collect();
    let want = [("virtual::bad/megatec-650", false), ("virtual::good/megatec-650", true)];
    assert_eq!(cases, want.map(|(name, good)| (name.to_owned(), good)));
}

#[test]
fn only_chooses_runs_by_their_names() {
    let run = |only: &str| {
        said(outage().args([
            "run",
            "scenarios/on-battery.kdl",
            "scenarios/unplugged.kdl",
            "--lane",
            "virtual",
            "--only",
            only,
        ]))
    };
    let names = |out: &str| -> Vec<String> {
        out.lines()
            .filter_map(|line| line.strip_prefix("pass  ")?.split(' ').next().map(str::to_owned))
            .collect()
    };
    assert_eq!(names(&run("eaton").1), ["on-battery/eaton-3s-700", "unplugged/eaton-3s-700"]);
    assert_eq!(names(&run("unplugged/megatec-650").1), ["unplugged/megatec-650"]);
    let (code, out, err) = run("apc");
    assert_eq!((code, out.as_str()), (2, ""));
    insta::assert_snapshot!(err, @r#"
    no run's name holds `apc`; there are:
      on-battery/eaton-3s-700
      on-battery/megatec-650
      unplugged/eaton-3s-700
      unplugged/megatec-650
    "#);
}
