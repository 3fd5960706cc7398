//! The house's order, held by a test: who may know whom, and what may stand where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Each crate with the crates of the workspace it may know.
const MAY_KNOW: [(&str, &[&str]); 11] = [
    ("stack/wire", &[]),
    ("stack/config", &["outage-wire"]),
    ("stack/hid", &[]),
    ("stack/host", &[]),
    ("stack/driver", &["outage-client", "outage-config", "outage-hid", "outage-host", "outage-wire"]),
    ("stack/upsd", &["outage-config", "outage-host", "outage-wire"]),
    ("stack/client", &["outage-config", "outage-host", "outage-wire"]),
    ("stack/upsmon", &["outage-client", "outage-config", "outage-host", "outage-wire"]),
    (
        "stack/ups",
        &["outage-client", "outage-config", "outage-driver", "outage-host", "outage-upsd", "outage-upsmon"],
    ),
    ("simulator", &[]),
    ("conformance", &["outage-host", "outage-simulator", "outage-ups"]),
];

/// Crates that do no I/O: none of these may be among their dependencies.
const PURE: [&str; 3] = ["stack/wire", "stack/config", "stack/hid"];
const IMPURE: [&str; 8] = ["tokio", "async-trait", "nix", "rustix", "libc", "nusb", "serialport", "usbip"];

/// Words that have no place in a `core` module.
const NOT_IN_CORES: [&str; 7] =
    ["tokio", "outage_host", "async fn", "std::net", "std::fs", "std::env", "std::process"];

const LONGEST_FILE: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// The names in a section of a Cargo.toml.
fn section(manifest: &str, name: &str) -> BTreeSet<String> {
    let header = format!("[{name}]");
    manifest
        .lines()
        .skip_while(|line| line.trim() != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn manifest(folder: &str) -> String {
    std::fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a crate has a manifest")
}

/// Every Rust file of the workspace by its path from the root.
fn sources() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<_> =
        ["stack", "simulator", "conformance"].iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be read") {
            let path = entry.expect("a folder can be read").path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name =
                    path.strip_prefix(root()).expect("it was found below the root").display().to_string();
                found.insert(name, std::fs::read_to_string(&path).expect("a source can be read"));
            }
        }
    }
    assert!(found.len() > 50, "only {} files found: the search looks in the wrong place", found.len());
    found
}

/// A file without its comments, so that words in them do not count.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_crate_knows_what_it_must_not_know() {
    for (folder, allowed) in MAY_KNOW {
        let known = section(&manifest(folder), "dependencies");
        assert!(
            folder == "stack/hid" || folder == "stack/wire" || !known.is_empty(),
            "{folder}: nothing was read"
        );
        for other in known.iter().filter(|name| name.starts_with("outage-")) {
            assert!(allowed.contains(&other.as_str()), "{folder} must not know {other}");
        }
    }
}

#[test]
fn every_member_of_the_workspace_has_its_rule() {
    let workspace = manifest("");
    let members: BTreeSet<_> = workspace
        .lines()
        .skip_while(|line| !line.starts_with("members"))
        .skip(1)
        .take_while(|line| !line.starts_with(']'))
        .map(|line| line.trim().trim_matches(['"', ',']).to_owned())
        .collect();
    assert_eq!(members, MAY_KNOW.iter().map(|(folder, _)| (*folder).to_owned()).collect());
}

#[test]
fn pure_crates_have_nothing_to_do_io_with() {
    for folder in PURE {
        let known = section(&manifest(folder), "dependencies");
        for name in IMPURE {
            assert!(!known.contains(name), "{folder} is pure and must not depend on {name}");
        }
    }
}

#[test]
fn cores_are_pure() {
    let cores: Vec<_> = sources().into_iter().filter(|(path, _)| path.contains("/core/")).collect();
    assert!(cores.len() > 10);
    for (path, text) in cores.iter().filter(|(path, _)| path.starts_with("stack/")) {
        for word in NOT_IN_CORES {
            assert!(!code(text).contains(word), "{path} is part of a core and says `{word}`");
        }
    }
}

#[test]
fn unsafe_stands_in_one_place() {
    for (path, text) in sources() {
        if path.ends_with("src/lib.rs") && path != "stack/host/src/lib.rs" {
            assert!(text.contains("#![forbid(unsafe_code)]"), "{path} does not forbid unsafe code");
        }
        let says_unsafe = code(&text).contains("unsafe {") || code(&text).contains("unsafe fn");
        let here = path.starts_with("stack/host/src/real/sys") || path == "conformance/tests/tidy.rs";
        assert!(here || !says_unsafe, "{path} says `unsafe`: only stack/host's real::sys may");
    }
}

#[test]
fn the_laboratory_s_checks_use_no_code_of_the_wire() {
    for (path, text) in sources() {
        if path.starts_with("conformance/src") || path.starts_with("simulator/") {
            assert!(!code(&text).contains("outage_wire"), "{path} uses the code it judges");
        }
        if path.starts_with("simulator/src") {
            assert!(!code(&text).contains("outage_host"), "{path} uses code of the stack");
        }
    }
}

#[test]
fn among_the_drivers_the_repeater_alone_is_a_client() {
    let drivers = sources().into_iter().filter(|(path, _)| path.starts_with("stack/driver/src/"));
    let clients: Vec<_> =
        drivers.filter(|(_, text)| code(text).contains("outage_client")).map(|(path, _)| path).collect();
    assert_eq!(clients, ["stack/driver/src/dummy/repeater.rs"]);
}

#[test]
fn every_select_is_biased() {
    for (path, text) in sources() {
        let code = code(&text);
        for (at, _) in code.match_indices("select! {") {
            let rest = code[at + "select! {".len()..].trim_start();
            let line = code[..at].lines().count();
            assert!(
                path == "conformance/tests/tidy.rs" || rest.starts_with("biased;"),
                "{path}:{line}: a select! without biased"
            );
        }
    }
}

#[test]
fn files_are_of_a_size_to_read() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{path} has {lines} lines");
    }
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    for (path, text) in sources() {
        let allows = code(&text).contains("#[allow(") || code(&text).contains("#![allow(");
        assert!(path == "conformance/tests/tidy.rs" || !allows, "{path}: #[expect(.., reason)] instead");
    }
}

#[test]
fn the_map_of_the_house_names_every_crate() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (folder, _) in MAY_KNOW {
        let heading = format!("### `{folder}`");
        let Some(at) = map.find(&heading) else { panic!("ARCHITECTURE.md has no {heading}") };
        let paragraph = map[at + heading.len()..].split("\n### ").next().unwrap();
        let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("must never know"),
            "ARCHITECTURE.md: {heading} does not say what it must never know"
        );
    }
}
