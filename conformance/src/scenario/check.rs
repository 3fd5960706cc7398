//! What can only be checked once a whole file was read.

use std::collections::BTreeMap;
use std::ops::Range;

use super::model::Scenario;
use super::node::Fault;

/// The notices of upsmon (upsmon.conf(5), NOTIFYMSG): a misspelt one would never be given.
pub(crate) const NOTICES: [&str; 32] = [
    "ONLINE",
    "ONBATT",
    "LOWBATT",
    "FSD",
    "COMMOK",
    "COMMBAD",
    "SHUTDOWN",
    "SHUTDOWN_HOSTSYNC",
    "REPLBATT",
    "NOCOMM",
    "NOPARENT",
    "CAL",
    "NOTCAL",
    "OFF",
    "NOTOFF",
    "BYPASS",
    "NOTBYPASS",
    "ECO",
    "NOTECO",
    "ALARM",
    "NOTALARM",
    "OVER",
    "NOTOVER",
    "TRIM",
    "NOTTRIM",
    "BOOST",
    "NOTBOOST",
    "OTHER",
    "NOTOTHER",
    "SUSPEND_STARTING",
    "SUSPEND_FINISHED",
    "SUSPEND_TIMEJUMP_UNEXPECTED",
];

/// A machine names a UPS.
pub(super) struct Mention {
    pub(super) ups: String,
    /// The machine whose upsd is asked for it.
    pub(super) server: Option<String>,
    pub(super) span: Range<usize>,
}

/// Says which UPSes are named and not there, or not served where they are asked for.
pub(super) fn mentions(scenario: &Scenario, mentions: &[Mention], faults: &mut Vec<Fault>) {
    for Mention { ups, server, span } in mentions {
        let known: Vec<_> = scenario.upses.iter().map(|spec| spec.name.as_str()).collect();
        if !known.contains(&ups.as_str()) {
            let fault = Fault::new(span.clone(), format!("there is no ups `{ups}`"));
            faults.push(if known.is_empty() {
                fault
            } else {
                fault.help(format!("there is: {}", known.join(", ")))
            });
            continue;
        }
        let Some(server) = server else { continue };
        match scenario.machines.iter().find(|machine| machine.name == *server) {
            None => faults.push(Fault::new(span.clone(), format!("there is no machine `{server}`"))),
            Some(machine) if !machine.serves.contains(ups) => {
                let message = format!("machine `{server}` does not serve the ups `{ups}`");
                let help = format!("write `serves \"{ups}\"` there, or say with `at=` which machine does");
                faults.push(Fault::new(span.clone(), message).help(help));
            }
            Some(_) => {}
        }
    }
}

/// Names become those of sections and folders, so they are plain, and each is there once.
pub(super) fn names(scenario: &Scenario, faults: &mut Vec<Fault>) {
    let upses = scenario.upses.iter().map(|ups| ("ups", &ups.name, &ups.span));
    let machines = scenario.machines.iter().map(|machine| ("machine", &machine.name, &machine.span));
    let mut seen = BTreeMap::new();
    for (kind, name, span) in upses.chain(machines) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(plain) {
            let help = "letters, digits, `-` and `_`";
            faults.push(Fault::new(span.clone(), format!("`{name}` is no name for a {kind}")).help(help));
        }
        if seen.insert((kind, name), ()).is_some() {
            faults.push(Fault::new(span.clone(), format!("there is a {kind} `{name}` above already")));
        }
    }
}

/// What is missing in the file as a whole; `start` is its first character. What was misspelt is not said to be missing.
pub(super) fn whole(scenario: &Scenario, start: Range<usize>, faults: &mut Vec<Fault>) {
    if !faults.is_empty() {
        return;
    }
    if scenario.title.is_empty() {
        let help = "begin with it: docs/scenarios.md has an example";
        faults.push(Fault::new(start.clone(), "the file has no `scenario \"what happens\"`").help(help));
    }
    if scenario.blocks.iter().all(|block| block.expectations.is_empty()) && scenario.never.is_empty() {
        let help = "say what must come of it: expect, in-order or refute in a block, or never";
        faults.push(Fault::new(start, "nothing is expected: this scenario can't fail").help(help));
    }
}

/// Whether a file describes a device.
#[must_use]
pub fn is_device_file(text: &str) -> bool {
    let first = kdl::KdlDocument::parse(text).ok().and_then(|document| document.nodes().first().cloned());
    first.is_some_and(|node| node.name().value() == "device")
}

/// What is not KDL. One fault a line: the parser stumbles on after the first.
pub(super) fn syntax(error: kdl::KdlError, text: &str) -> Vec<Fault> {
    let mut faults: Vec<_> = error
        .diagnostics
        .into_iter()
        .map(|diagnostic| {
            let message =
                diagnostic.message.or(diagnostic.label).unwrap_or_else(|| "this is not KDL".to_owned());
            let start = diagnostic.span.offset().min(text.len());
            let span = start..(start + diagnostic.span.len()).min(text.len());
            Fault { span, message: lower(&message), help: diagnostic.help }
        })
        .collect();
    faults.sort_by_key(|fault| fault.span.start);
    faults.dedup_by_key(|fault| crate::report::caret::line_of(text, fault.span.start));
    faults
}

/// A message's first letter in lower case, as all our messages have it.
fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
