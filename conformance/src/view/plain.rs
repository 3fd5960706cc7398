//! Plain lines, for anything that is not a terminal.

use std::time::Duration;

use outage_simulator::ups::State;

use super::strip::Strip;
use super::{Collector, notable};
use crate::report::say;
use crate::run::{Outcome, Watch};
use crate::trace::Event;

struct Plain(Collector);

impl Watch for Plain {
    fn event(&mut self, event: &Event) {
        self.0.event(event);
        if notable(event) {
            say(format_args!("{event}"));
        }
    }

    fn picture(&mut self, at: Duration, upses: &[(String, State)]) {
        self.0.picture(at, upses);
    }
}

pub(super) fn show(heading: &str, execute: impl FnOnce(&mut dyn Watch) -> Outcome) -> (Outcome, Strip) {
    say(format_args!("{heading}"));
    let mut plain = Plain(Collector::new());
    let outcome = execute(&mut plain);
    (outcome, plain.0.strip)
}
