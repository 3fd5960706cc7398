//! The samples of the configuration files name real directives: each parses without a diagnostic, as it is and with
//! everything uncommented.

use outage_config::{
    Diagnostic, UPSD_DIRECTIVES, UPSMON_DIRECTIVES, UPSSCHED_DIRECTIVES, nut_conf, ups_conf, upsd_conf,
    upsd_users, upsmon_conf, upssched_conf,
};
use outage_ups::install::plan::SAMPLES;

type Parser = fn(&str, &[u8]) -> Vec<Diagnostic>;

/// Each file's parser.
const PARSERS: &[(&str, Parser)] = &[
    ("nut.conf", |file, text| nut_conf(file, text).1),
    ("ups.conf", |file, text| ups_conf(file, text).1),
    ("upsd.conf", |file, text| upsd_conf(file, text).1),
    ("upsd.users", |file, text| upsd_users(file, text).1),
    ("upsmon.conf", |file, text| upsmon_conf(file, text).1),
    ("upssched.conf", |file, text| upssched_conf(file, text).1),
];

fn sample(name: &str) -> &'static str {
    SAMPLES.iter().find(|(sample, ..)| *sample == name).map_or("", |(_, text, _)| *text)
}

/// A sample with all its directives in force: text has a blank behind its `#`.
fn uncommented(text: &str) -> String {
    let bare = |line: &str| {
        line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line).to_owned()
    };
    text.lines().map(|line| bare(line) + "\n").collect()
}

#[test]
fn they_parse_as_they_are_and_uncommented() {
    for (name, parse) in PARSERS {
        let text = sample(name);
        assert_eq!(parse(name, text.as_bytes()), [], "{name}");
        let all = uncommented(text);
        assert!(all.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count() > 3, "{name}");
        assert_eq!(parse(name, all.as_bytes()), [], "{name} with everything uncommented");
    }
}

#[test]
fn uncommented_they_do_something() {
    let (ups, _) = ups_conf("", uncommented(sample("ups.conf")).as_bytes());
    let names: Vec<_> = ups.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, ["eaton3s", "workshop", "practice", "basement"]);
    for section in &ups.sections {
        let driver = outage_driver::drivers::find(&section.driver).unwrap();
        for setting in &section.settings {
            let known = outage_driver::drivers::knows(driver, &setting.key);
            assert!(known, "[{}] {} knows no {}", section.name, section.driver, setting.key);
        }
    }
    let (upsmon, _) = upsmon_conf("", uncommented(sample("upsmon.conf")).as_bytes());
    assert_eq!((upsmon.monitors.len(), upsmon.problem()), (1, None));
    let (users, _) = upsd_users("", uncommented(sample("upsd.users")).as_bytes());
    assert!(users.users.iter().all(|user| user.password.is_some()));
    assert_eq!(users.users.len(), 5);
}

#[test]
fn as_they_are_they_shut_nothing_down_and_open_nothing() {
    let (nut, _) = nut_conf("", sample("nut.conf").as_bytes());
    assert_eq!(nut.values.get("MODE").map(String::as_str), Some("none"));
    assert!(ups_conf("", sample("ups.conf").as_bytes()).0.sections.is_empty());
    assert!(upsd_conf("", sample("upsd.conf").as_bytes()).0.listen.is_empty());
    assert!(upsd_users("", sample("upsd.users").as_bytes()).0.users.is_empty());
    assert!(upsmon_conf("", sample("upsmon.conf").as_bytes()).0.monitors.is_empty());
}

/// For certificates in an NSS database, which upsd does not use.
const LEFT_OUT: [&str; 1] = ["CERTIDENT"];

#[test]
fn every_directive_has_its_line() {
    let missing = |name: &str, directives: &[&'static str]| -> Vec<&'static str> {
        let all = uncommented(sample(name));
        let words: Vec<_> = all.lines().filter_map(|line| line.split_whitespace().next()).collect();
        directives.iter().copied().filter(|directive| !words.contains(directive)).collect()
    };
    assert_eq!(missing("upsmon.conf", UPSMON_DIRECTIVES), [""; 0]);
    assert_eq!(missing("upsd.conf", UPSD_DIRECTIVES), LEFT_OUT);
    assert_eq!(missing("upssched.conf", UPSSCHED_DIRECTIVES), [""; 0]);
}
