//! `outage conform` as a person or a CI job meets it.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use assert_cmd::Command;
use outage_conformance::conform::suites;
use serde_json::Value;

fn conform(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outage"));
    command.arg("conform").args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_list_has_every_case() {
    let output = conform(&["--list"]).assert().success().get_output().stdout.clone();
    let output = text(&output);
    for case in suites::all() {
        assert!(output.contains(case.id) && output.contains(case.claim), "{}", case.id);
    }
}

#[test]
fn a_dry_run_says_what_would_be_said() {
    let output = conform(&["--dry-run", "upsd/get-var"]).assert().success().get_output().stdout.clone();
    assert!(text(&output).contains("    > GET VAR"), "{}", text(&output));
}

#[test]
fn what_is_wrong_with_the_command_is_said_with_code_2() {
    for (arguments, expected) in [
        (&["upsd/get-vra"][..], "there is no suite, topic or case `upsd/get-vra`; there are:"),
        (&["--target", "theirs"], "`theirs` is no target: ours, ours-virtual, nut or tcp://HOST:PORT"),
        (&["--level", "PERHAPS"], "`PERHAPS` is no level: MUST, SHOULD, MAY or OBSERVED"),
        (&["--target", "tcp://127.0.0.1:1"], "failed to connect to tcp://127.0.0.1:1: "),
        (
            &["--target", "ours-virtual", "--html", "/no/such/place.html"],
            "failed to write /no/such/place.html: ",
        ),
    ] {
        let output = conform(arguments).assert().code(2).get_output().stderr.clone();
        assert!(text(&output).contains(expected), "{arguments:?}: {}", text(&output));
    }
}

#[test]
fn programs_read_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (junit, html) = (folder.path().join("junit.xml"), folder.path().join("page.html"));
    let arguments = [
        "--target",
        "ours-virtual",
        "--json",
        "--junit",
        &junit.display().to_string(),
        "--html",
        &html.display().to_string(),
        "upsd/get-var",
    ];
    let output = conform(&arguments).assert().success().get_output().stdout.clone();
    let document: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(document["as_expected"], true);
    assert_eq!(document["targets"][0]["target"], "ours-virtual");
    let cases = document["cases"].as_array().unwrap();
    assert!(
        !cases.is_empty()
            && cases.iter().all(|case| case["id"].as_str().unwrap().starts_with("upsd/get-var/"))
    );
    let junit = std::fs::read_to_string(junit).unwrap();
    assert!(
        junit.contains("<testsuite name=\"ours-virtual upsd\"") && junit.contains("upsd/get-var/"),
        "{junit}"
    );
    let html = std::fs::read_to_string(html).unwrap();
    assert_eq!(html.matches("<tr class=\"case\"").count(), cases.len());
    assert!(!html.contains("src=") && !html.contains("<link"), "the page needs another file");
}

/// A server that knows one UPS and answers everything else wrongly.
fn wrong_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut output = stream.try_clone().unwrap();
                for line in BufReader::new(stream).lines() {
                    let Ok(line) = line else { return };
                    let answer = match &*line {
                        "LIST UPS" => "BEGIN LIST UPS\nUPS shed \"The shed\"\nEND LIST UPS\n",
                        "LIST VAR shed" => {
                            "BEGIN LIST VAR shed\nVAR shed device.mfr \"Shed\"\nEND LIST VAR shed\n"
                        }
                        _ => "ERR I-DO-NOT-FEEL-LIKE-IT\n",
                    };
                    if output.write_all(answer.as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("tcp://{address}")
}

#[test]
fn a_wrong_server_somewhere_fails_with_all_there_is_to_know() {
    let folder = tempfile::tempdir().unwrap();
    let (server, keep) = (wrong_server(), folder.path().display().to_string());
    let read_only = suites::all().into_iter().find(|case| {
        case.suite() == "upsd" && case.profile == outage_conformance::conform::Profile::ReadOnly
    });
    let id = read_only.expect("the suite has cases that only read").id;
    let output =
        conform(&["--target", &server, "--keep", &keep, id]).assert().code(1).get_output().stdout.clone();
    let output = text(&output);
    assert!(output.contains(&format!("outage conform --target {server} {id}")), "{output}");
    assert!(output.contains("ERR I-DO-NOT-FEEL-LIKE-IT"), "{output}");
    let kept = files(folder.path());
    for name in ["verdict.txt", "transcript.txt"] {
        assert!(kept.iter().any(|path| path.ends_with(name)), "{kept:?}");
    }
}

#[test]
fn a_server_somewhere_is_only_read_from() {
    let server = wrong_server();
    let own =
        suites::all().into_iter().find(|case| case.profile == outage_conformance::conform::Profile::Own);
    let id = own.expect("there are cases that need a fixture").id;
    let output = conform(&["--target", &server, "-v", id]).assert().success().get_output().stdout.clone();
    assert!(text(&output).contains("skipped"), "{}", text(&output));
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path.display().to_string()) }
    }
    found
}
