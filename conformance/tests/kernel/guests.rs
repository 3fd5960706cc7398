//! Guests that are to fail: a verdict that can't is worth nothing.

use serde_json::Value;

use crate::Case;
use crate::place::{FILE, Place, RUN, holds, judged, root, scenario};

pub(crate) const CASES: &[Case] = &[
    Case { name: "guests::an_off_delay_shorter_than_the_shutdown", boots: true, run: too_short },
    Case { name: "guests::an_init_that_fails", boots: true, run: no_init },
    Case { name: "guests::a_ups_that_cannot_be_attached", boots: true, run: not_attached },
];

/// The failure of the only run.
fn failure(document: &Value) -> Result<(&str, &str), String> {
    let failure = &document["runs"][0]["failure"];
    match (failure["step"].as_str(), failure["seen"].as_str()) {
        (Some(step), Some(seen)) => Ok((step, seen)),
        _ => Err(format!("it did not fail: {document:#}")),
    }
}

fn too_short() -> Result<(), String> {
    let file = "conformance/tests/kernel/off-delay-too-short.kdl";
    let (code, document) = judged(Place::new().run(&[&scenario(file)]).current_dir(root()))?;
    let (step, seen) = failure(&document)?;
    holds(step, &["never kernel on server says \"journal replayed\""])?;
    holds(seen, &["server", "kernel: journal replayed"])?;
    if code != 1 {
        return Err(format!("it ended with {code}"));
    }
    // It went down in the middle of its stop, and came back.
    let states = document["runs"][0]["trace"].as_array().into_iter().flatten();
    let states: Vec<_> = states.filter_map(|event| event["what"]["state"].as_str()).collect();
    if states != ["stopping", "crashed", "running"] {
        return Err(format!("the machine was {states:?}"));
    }
    Ok(())
}

fn no_init() -> Result<(), String> {
    let place = Place::new();
    place.script("root/init", "#!/bin/busybox sh\nexit 1\n");
    place.lay_over();
    let (_, document) = judged(&mut place.run(&[&scenario(FILE), "--only", RUN]))?;
    let (step, seen) = failure(&document)?;
    holds(step, &["server boots"])?;
    holds(seen, &["it ended while it booted", "its console's last lines", "Attempted to kill init!"])
}

fn not_attached() -> Result<(), String> {
    let place = Place::new();
    place.script("root/usr/sbin/usbip", "#!/bin/sh\necho 'usbip: error: no vhci here' >&2\nexit 1\n");
    place.lay_over();
    let (_, document) = judged(&mut place.run(&[&scenario(FILE), "--only", RUN]))?;
    let (step, seen) = failure(&document)?;
    holds(step, &["nothing is lost or broken on server"])?;
    holds(seen, &["not attached: 10.0.2.2:", "usbip: error: no vhci here"])
}
