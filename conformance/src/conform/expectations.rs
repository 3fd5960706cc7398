//! Ledgers: what each target is known to do otherwise than a case claims, why, and who says so. One reviewed file a target.
//!
//! ```kdl
//! expect "upsd/get-type/number" "fail" {
//!     reason "it answers ... because ..."
//!     source "https://github.com/networkupstools/nut/issues/..."
//!     since "2.8.0"
//! }
//! ```
//!
//! The verdict is `fail`, `non-strict` or `unimplemented`; `since` is the version of the subject in which it was seen.

use std::collections::BTreeMap;

use kdl::{KdlDocument, KdlError, KdlNode};

use super::{Target, suites};
use crate::conform::verdict::Verdict;

/// The files, by the name of the target.
const FILES: [(&str, &str); 3] = [
    ("ours", include_str!("../../expectations/ours.kdl")),
    ("ours-virtual", include_str!("../../expectations/ours-virtual.kdl")),
    ("nut", include_str!("../../expectations/nut.kdl")),
];

/// A known difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The case.
    pub id: String,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Who says so: a link, a man page, a place in the subject's sources, `as seen`.
    pub source: String,
    /// The version of the subject in which it was seen.
    pub since: String,
}

/// A target's ledger, by case.
pub type Ledger = BTreeMap<String, Entry>;

/// The ledger of a target; empty for a server somewhere.
///
/// # Errors
/// Every fault of its file, a line each.
pub fn of(target: &Target) -> Result<Ledger, String> {
    let Some(name) = target.ledger() else { return Ok(Ledger::new()) };
    let text = FILES.iter().find(|(file, _)| *file == name).map_or("", |(_, text)| text);
    let ids: Vec<_> = suites::all().iter().map(|case| case.id).collect();
    let (ledger, faults) = parse(text, &ids);
    if faults.is_empty() {
        return Ok(ledger);
    }
    let lines: Vec<_> = faults.iter().map(|fault| format!("expectations/{name}.kdl:{fault}")).collect();
    Err(lines.join("\n"))
}

/// Reads a ledger: the entries that make sense, and the faults of all others, each with its line.
#[must_use]
pub fn parse(text: &str, ids: &[&str]) -> (Ledger, Vec<String>) {
    let document: KdlDocument = match text.parse() {
        Ok(document) => document,
        Err(error) => return (Ledger::new(), vec![not_kdl(text, &error)]),
    };
    let mut ledger = Ledger::new();
    let mut faults = Vec::new();
    for node in document.nodes() {
        let at = line(text, node.span().offset());
        match entry(node, ids) {
            Ok(entry) if ledger.contains_key(&entry.id) => {
                faults.push(format!("{at}: {} stands here twice", entry.id));
            }
            Ok(entry) => {
                ledger.insert(entry.id.clone(), entry);
            }
            Err(error) => faults.push(format!("{at}: {error}")),
        }
    }
    (ledger, faults)
}

/// What a text that is no KDL has for a fault, with its line.
pub(crate) fn not_kdl(text: &str, error: &KdlError) -> String {
    let first = error.diagnostics.first();
    let at = first.map_or(0, |first| first.span.offset());
    let what = first.and_then(|first| first.message.clone()).unwrap_or_else(|| error.to_string());
    format!("{}: {what}", line(text, at))
}

/// The line that a node stands in.
pub(crate) fn line(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    // A node's span begins at the end of what is before it.
    let skipped = text.get(offset..).map_or(0, |rest| rest.len() - rest.trim_start().len());
    let blank = text.get(offset..offset + skipped).unwrap_or_default();
    before.matches('\n').count() + blank.matches('\n').count() + 1
}

fn entry(node: &KdlNode, ids: &[&str]) -> Result<Entry, String> {
    if node.name().value() != "expect" {
        return Err(format!("`{}`: each entry is expect \"CASE\" \"VERDICT\" {{ .. }}", node.name().value()));
    }
    let argument = |index: usize| node.get(index).and_then(kdl::KdlValue::as_string);
    let id = argument(0).ok_or("expect what? There is no case")?;
    if !ids.contains(&id) {
        return Err(format!("there is no case {id}"));
    }
    let verdict: Verdict = argument(1).ok_or_else(|| format!("{id}: no verdict"))?.parse()?;
    if !matches!(verdict, Verdict::Fail | Verdict::NonStrict | Verdict::Unimplemented) {
        return Err(format!("{id}: `{verdict}` needs no entry"));
    }
    let children = node.children().map(KdlDocument::nodes).unwrap_or_default();
    if let Some(other) =
        children.iter().find(|child| !["reason", "source", "since"].contains(&child.name().value()))
    {
        return Err(format!("{id}: `{}`: reason, source or since", other.name().value()));
    }
    Ok(Entry {
        id: id.to_owned(),
        verdict,
        reason: text(children, "reason", id)?,
        source: text(children, "source", id)?,
        since: text(children, "since", id)?,
    })
}

/// The one text that an entry's child says; `of` is the entry.
pub(crate) fn text(children: &[KdlNode], name: &str, of: &str) -> Result<String, String> {
    let mut found = children.iter().filter(|child| child.name().value() == name);
    let value = found.next().and_then(|child| child.get(0)).and_then(kdl::KdlValue::as_string);
    match (value.map(str::trim).filter(|value| !value.is_empty()), found.next()) {
        (Some(value), None) => Ok(value.to_owned()),
        (Some(_), Some(_)) => Err(format!("{of}: more than one {name}")),
        (None, _) => Err(format!("{of}: no {name}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
// A comment.
expect "a/b/c" "fail" {
    reason "because"
    source "as seen"
    since "2.8.0"
}
"#;

    #[test]
    fn an_entry() {
        let (ledger, faults) = parse(GOOD, &["a/b/c"]);
        assert_eq!(faults, [""; 0]);
        assert_eq!(ledger["a/b/c"].verdict, Verdict::Fail);
        assert_eq!(ledger["a/b/c"].reason, "because");
    }

    #[test]
    fn every_fault_has_its_line() {
        let text = r#"
expect "a/b/c" "fail" { source "x"; since "1"; }
expect "a/b/c" "fail" { reason " "; source "x"; since "1"; }
expect "a/b/x" "fail" { reason "r"; source "x"; since "1"; }
expect "a/b/c" "pass" { reason "r"; source "x"; since "1"; }
expect "a/b/c" "fail" { reason "r"; source "x"; since "1"; }

expect "a/b/c" "fail" { reason "r"; source "x"; since "1"; }
expect "a/b/d" "fail" { reason "r"; reason "s"; source "x"; since "1"; }
expect "a/b/d" "fail" { reason "r"; link "x"; since "1"; }
except "a/b/d"
"#;
        let (ledger, faults) = parse(text, &["a/b/c", "a/b/d"]);
        assert_eq!(ledger.len(), 1);
        insta::assert_snapshot!(faults.join("\n"), @r#"
        2: a/b/c: no reason
        3: a/b/c: no reason
        4: there is no case a/b/x
        5: a/b/c: `pass` needs no entry
        8: a/b/c stands here twice
        9: a/b/d: more than one reason
        10: a/b/d: `link`: reason, source or since
        11: `except`: each entry is expect "CASE" "VERDICT" { .. }
        "#);
    }

    #[test]
    fn a_file_that_is_no_kdl() {
        let (ledger, faults) = parse("expect \"a\n", &[]);
        assert!(ledger.is_empty());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("1: ") || faults[0].starts_with("2: "), "{faults:?}");
    }
}
