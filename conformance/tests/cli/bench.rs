//! `outage bench`, as far as it takes no time.

use serde_json::Value;

use super::{outage, refused, said};

/// The quick figures of the rows that `only` names.
fn measured(only: &str) -> Value {
    let (code, out, err) = said(outage().args(["bench", "upsd", "--quick", "--json", "--only", only]));
    assert_eq!(code, 0, "{err}");
    assert_eq!(err, format!("measuring {only}\n"));
    serde_json::from_str(&out).unwrap()
}

#[test]
fn a_load_is_answered_and_counted() {
    let run = measured("get-pipelined/16");
    let rows = run["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["id"], "get-pipelined/16");
    let subjects = rows[0]["subjects"].as_object().unwrap();
    // NUT's is there or not: what is there has answered.
    assert!(subjects.contains_key("ours") && subjects.contains_key("echo"), "{subjects:?}");
    for (subject, figures) in subjects {
        let median = &figures["median"];
        assert!(median["requests_per_second"].as_f64().unwrap() > 100.0, "{subject}: {median}");
        assert!(median["server_cpu_us"].as_f64().unwrap() > 0.0, "{subject}: {median}");
        assert!(
            median["p50_us"].as_f64().unwrap() <= median["p99_us"].as_f64().unwrap(),
            "{subject}: {median}"
        );
        assert_eq!(
            (&median["unanswered"], &median["asked"]),
            (&Value::from(0), &Value::from(16)),
            "{subject}"
        );
        assert_eq!(figures["rounds"].as_array().unwrap().len(), 2);
    }
    let targets = run["targets"].as_array().unwrap();
    assert!(targets.len() > 10 && targets.iter().all(|target| target["met"].is_null()));
}

#[test]
fn a_change_of_the_driver_s_is_seen() {
    let run = measured("change");
    let ours = &run["rows"][0]["subjects"]["ours"]["median"];
    assert_eq!((&ours["unanswered"], &ours["asked"]), (&Value::from(0), &Value::from(20)), "{ours}");
    assert!(ours["p50_us"].as_f64().unwrap() > 0.0);
    assert!(run["rows"][0]["subjects"]["echo"].is_null(), "the echo has no driver");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let text = refused(outage().args(["bench", "upsd", "--only", "speed"]));
    assert!(text.starts_with("no row's name holds `speed`; there are:\n  get/1\n"), "{text}");
    let text = refused(outage().args(["bench", "upsd", "--bin", "/no/such/folder", "--only", "get/1"]));
    assert_eq!(text, "precondition unmet: /no/such/folder/upsd is no program\n");
}

/// Whole stacks start, two of each side by side, are found logged in, and cost something.
#[test]
fn an_idle_stack_costs_something() {
    let (code, out, err) =
        said(outage().args(["bench", "idle", "--seconds", "3", "--stacks", "2", "--json"]));
    assert_eq!(code, 0, "{err}");
    let run: Value = serde_json::from_str(&out).unwrap();
    // NUT's, where it is installed, as well: its upsmon does not start beside another of its own accord.
    assert!(run["subjects"].as_object().unwrap().values().all(|subject| subject["stacks"] == 2), "{run}");
    let programs = run["subjects"]["ours"]["programs"].as_object().unwrap();
    assert_eq!(programs.keys().map(String::as_str).collect::<Vec<_>>(), ["all", "driver", "upsd", "upsmon"]);
    for (name, cost) in programs {
        assert!(cost["pss_kb"].as_f64().unwrap() > 0.0, "{name}: {cost}");
    }
    for figure in ["cpu_ms_per_minute", "wakeups_per_minute"] {
        assert!(programs["all"][figure].as_f64().unwrap() > 0.0, "{figure}: {programs:?}");
    }
}

/// The mains' failure at the driver's socket comes out at NOTIFYCMD, within two polls.
#[test]
fn a_power_failure_reaches_notifycmd() {
    let (code, out, err) = said(outage().args(["bench", "upsmon", "--samples", "1", "--json"]));
    assert_eq!(code, 0, "{err}");
    let run: Value = serde_json::from_str(&out).unwrap();
    for row in run["rows"].as_array().unwrap() {
        let (delay, period) = (row["median_s"].as_f64().unwrap(), row["pollfreq"].as_f64().unwrap());
        // The second poll is late on a busy machine.
        assert!(delay > 0.0 && delay < period + 10.0, "{row}");
    }
    let periods = |subject: &str| {
        let rows = run["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["subject"] == subject)
            .map(|row| row["pollfreq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(periods("ours"), [1, 5]);
}
