//! The man pages name what there is: every option of every program, every setting of every file, every notice.

use std::collections::BTreeSet;

use outage_config::{
    GLOBAL_KEYS, NUT_MODES, NUT_NAMES, NotifyType, SECTION_KEYS, UPSD_DIRECTIVES, UPSMON_DIRECTIVES,
    UPSSCHED_DIRECTIVES, USERS_KEYS,
};
use outage_ups::flags;
use outage_ups::install::man::{pages, roff, sources};

fn page(name: &str) -> String {
    let sources = sources();
    let found = sources.into_iter().find(|(page, _)| *page == name);
    found.unwrap_or_else(|| panic!("there is no page {name}")).1
}

/// The words in code that a page has: `-c COMMAND` is one.
fn codes(page: &str) -> BTreeSet<String> {
    page.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a page has this word in code, alone or with its values behind it.
fn names(codes: &BTreeSet<String>, word: &str) -> bool {
    codes.iter().any(|code| code.split([' ', '[', '=']).next() == Some(word))
}

#[test]
fn every_option_is_on_its_programs_page() {
    for program in outage_ups::PROGRAMS {
        // An older name of the same driver.
        let name = if program.name == "blazer_ser" { "nutdrv_qx" } else { program.name };
        let codes = codes(&page(&format!("{name}.8")));
        for flag in flags::of(program.name).into_iter().filter(|flag| !flag.about.is_empty()) {
            let word = format!("-{}", flag.letter);
            assert!(names(&codes, &word), "{name}(8) does not name {word}");
            let with_value = codes.iter().any(|code| code.starts_with(&format!("{word} ")));
            assert!(!flag.value || with_value, "{name}(8) shows {word} without its value");
        }
    }
}

#[test]
fn every_setting_is_on_its_files_page() {
    let files: [(&str, &[&[&str]]); 6] = [
        ("nut.conf.5", &[NUT_NAMES]),
        ("ups.conf.5", &[GLOBAL_KEYS, SECTION_KEYS]),
        ("upsd.conf.5", &[UPSD_DIRECTIVES]),
        ("upsd.users.5", &[USERS_KEYS]),
        ("upsmon.conf.5", &[UPSMON_DIRECTIVES]),
        ("upssched.conf.5", &[UPSSCHED_DIRECTIVES]),
    ];
    for (name, tables) in files {
        let codes = codes(&page(name));
        for setting in tables.iter().copied().flatten() {
            assert!(names(&codes, setting), "{name} does not name {setting}");
        }
    }
    let modes = page("nut.conf.5");
    assert!(NUT_MODES.iter().all(|mode| modes.contains(&format!("*{mode}*"))), "{modes}");
}

#[test]
fn every_option_of_a_driver_is_on_its_page() {
    for driver in outage_driver::drivers::DRIVERS.iter().filter(|driver| driver.name != "blazer_ser") {
        let codes = codes(&page(&format!("{}.8", driver.name)));
        for option in driver.options {
            assert!(names(&codes, option.name), "{}(8) does not name {}", driver.name, option.name);
        }
    }
}

#[test]
fn every_notice_is_told() {
    let page = page("upsmon.conf.5");
    let words: BTreeSet<_> = page.split(|c: char| !(c.is_ascii_uppercase() || c == '_')).collect();
    for notice in NotifyType::ALL {
        assert!(words.contains(notice.as_str()), "upsmon.conf(5) does not name {notice:?}");
    }
}

#[test]
fn what_a_page_refers_to_is_there() {
    let known: BTreeSet<_> = pages().into_iter().map(|(name, _)| name).collect();
    // Pages of other packages.
    let others = ["strftime.3", "sleep.1"];
    for (name, text) in sources() {
        for (at, _) in text.match_indices("**(") {
            let page = text[..at].rsplit("**").next().unwrap_or_default();
            let section = text[at + 3..].split(')').next().unwrap_or_default();
            let page = format!("{page}.{section}");
            assert!(known.contains(&*page) || others.contains(&&*page), "{name} refers to {page}");
        }
        assert!(
            !text.contains('@') || !text.lines().any(|line| line.starts_with('@')),
            "{name}: a word is left to fill in"
        );
    }
}

#[test]
fn a_page_is_rendered() {
    let text = roff(
        "# x-y(8) - does *it*\n\n## OPTIONS\n\n- `-c WORD`: say **so**\n  twice\n- a point\n\n.first 'quoted' \\n\n\n```\nls -l\n.x\n```\n",
    );
    let body: Vec<_> = text.lines().skip(2).collect();
    insta::assert_snapshot!(body.join("\n"), @r"
    .SH NAME
    x\-y \- does \fIit\fR
    .SH OPTIONS
    .TP
    \fB\-c WORD\fR
    say \fBso\fR twice
    .IP \(bu 2
    a point
    .PP
    \&.first \(aqquoted\(aq \en
    .PP
    .RS 4
    .nf
    \&ls \-l
    \&.x
    .fi
    .RE
    ");
}
