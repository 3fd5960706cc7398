//! docs/peers.md, and what is behind when it is not what it would be.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::reasons::Reason;
use super::{Kind, LOAD, Readings, Row, SETTINGS, rows};
use crate::conform::report::differences::cell;

/// What stands where a driver says nothing.
const NOTHING: &str = "-";

/// A variable's values by setting: one word where they are all the same.
#[must_use]
pub fn values(values: &[Option<&str>]) -> String {
    let word = |value: &Option<&str>| match value {
        Some("") => "(empty)".to_owned(),
        Some(text) => cell(text),
        None => NOTHING.to_owned(),
    };
    let words: Vec<String> = values.iter().map(word).collect();
    match words.first() {
        Some(first) if words.iter().all(|word| word == first) => first.clone(),
        _ => words.join(" / "),
    }
}

/// The whole document. `version` is that of NUT's driver.
#[must_use]
pub fn document(version: &str, all: &[Readings], reasons: &[Reason]) -> String {
    let mut text = head(version);
    // Writing to a String can't fail.
    let _ = writeln!(text, "| device | variables | the same | not the same |\n| --- | --- | --- | --- |");
    for readings in all {
        let rows = rows(readings);
        let differ = rows.iter().filter(|row| row.kind().is_some()).count();
        let (name, count) = (&readings.device, rows.len());
        let _ = writeln!(text, "| [{name}](#{name}) | {count} | {} | {differ} |", count - differ);
    }
    for readings in all {
        device(&mut text, readings, reasons);
    }
    text
}

fn head(version: &str) -> String {
    let settings: Vec<_> = SETTINGS
        .iter()
        .map(|setting| format!("{} (battery at {} %)", setting.name, setting.charge))
        .collect();
    format!(
        "<!-- Written by `outage peers`; `outage peers --check` says when it is behind. -->\n\
         # What NUT's driver makes of the same UPS\n\n\
         Each virtual UPS on USB is plugged into a Linux guest twice. NUT's `usbhid-ups` ({version}, in C, as Debian has \
         it) reads one, ours the other, through the same kernel: {}. The load is {LOAD} %, and \
         while it is read a battery holds what it holds: there is nothing to be lucky with.\n\n\
         In the tables a value that is the same each time stands there once; else values stand in that order, `{NOTHING}` \
         where a driver says nothing. `=` is the very same text. `driver.*` is what a driver says of itself, and left out. \
         Whatever else differs has a reason here, or `outage peers` fails: they are kept in \
         `conformance/expectations/peers.kdl`.\n\n",
        settings.join(", ")
    )
}

fn device(text: &mut String, readings: &Readings, reasons: &[Reason]) {
    let _ = writeln!(text, "\n## {}\n\n{}\n", readings.device, cell(&readings.description));
    let _ = writeln!(text, "| variable | NUT's driver | ours |\n| --- | --- | --- |");
    let rows = rows(readings);
    let mut explained: Vec<(&Reason, BTreeSet<&str>)> = Vec::new();
    let mut open = Vec::new();
    for row in &rows {
        let Row { variable, nut, ours } = row;
        let Some(kind) = row.kind() else {
            let _ = writeln!(text, "| `{variable}` | {} | = |", values(nut));
            continue;
        };
        let _ = writeln!(text, "| **`{variable}`** | {} | {} |", values(nut), values(ours));
        match reasons.iter().find(|reason| reason.explains(kind, &readings.device, variable)) {
            None => open.push(*variable),
            Some(reason) => match explained.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, variables)) => {
                    variables.insert(variable);
                }
                None => explained.push((reason, BTreeSet::from([*variable]))),
            },
        }
    }
    if explained.is_empty() && open.is_empty() {
        return;
    }
    text.push('\n');
    for (reason, variables) in explained {
        let names: Vec<_> = variables.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(
            text,
            "- {} ({}, {}): {} *{}*",
            names.join(", "),
            how(reason.kind),
            whose(&reason.whose),
            reason.reason,
            reason.source
        );
    }
    for variable in open {
        let _ = writeln!(text, "- `{variable}`: **nobody knows why**");
    }
}

fn how(kind: Kind) -> &'static str {
    match kind {
        Kind::OnlyOurs => "only ours has it",
        Kind::OnlyNut => "only NUT's has it",
        Kind::Differs => "other values",
    }
}

fn whose(word: &str) -> &'static str {
    match word {
        "nut" => "NUT's doing",
        "ours" => "our doing",
        "device" => "the device's doing",
        _ => "nobody's fault",
    }
}

/// The lines in which two texts differ, with `-` before those of the old one, `+` before those of the new; nothing when
/// they don't.
#[must_use]
pub fn changes(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // How much of the two tails is common, by where they begin.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("-{}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+{}", new[j]));
            j += 1;
        }
    }
    lines
}
