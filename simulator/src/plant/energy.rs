//! Book-keeping of energy: straight lines between events, so that asking in between changes nothing.

use std::time::Duration;

/// Sums of energy since the beginning, J.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Energy {
    /// In the battery now.
    pub stored: f64,
    /// Taken from the mains.
    pub drawn: f64,
    /// Given to the load.
    pub delivered: f64,
    /// Turned into heat.
    pub lost: f64,
    /// Put into the battery (or taken out, when negative) by decree: [`super::Plant::set_charge`] and ageing.
    pub granted: f64,
}

impl Energy {
    /// What is unaccounted for, given what the battery held at the beginning, J. Zero, but for rounding.
    pub fn imbalance(&self, initially_stored: f64) -> f64 {
        (self.drawn + self.granted) - (self.delivered + self.lost) - (self.stored - initially_stored)
    }

    fn after(&self, rates: &Rates, seconds: f64) -> Self {
        Self {
            stored: self.stored + rates.stored * seconds,
            drawn: self.drawn + rates.drawn * seconds,
            delivered: self.delivered + rates.delivered * seconds,
            lost: self.lost + rates.lost * seconds,
            granted: self.granted,
        }
    }
}

/// Power, W: how the sums grow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rates {
    pub(super) stored: f64,
    pub(super) drawn: f64,
    pub(super) delivered: f64,
    pub(super) lost: f64,
}

/// The sums at the last event and the powers since.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    since: Duration,
    base: Energy,
    rates: Rates,
    /// Nothing is booked: the sums stay what they are.
    held: bool,
}

impl Ledger {
    pub(super) fn new(stored: f64) -> Self {
        Self {
            since: Duration::ZERO,
            base: Energy { stored, ..Energy::default() },
            rates: Rates::default(),
            held: false,
        }
    }

    pub(super) fn rates(&self) -> &Rates {
        &self.rates
    }

    pub(super) fn at(&self, now: Duration) -> Energy {
        if self.held {
            return self.base;
        }
        self.base.after(&self.rates, now.saturating_sub(self.since).as_secs_f64())
    }

    /// New powers from `now` on. The same powers again change nothing, not even by a rounding.
    pub(super) fn turn(&mut self, now: Duration, rates: Rates) {
        if rates != self.rates {
            self.settle(now);
            self.rates = rates;
        }
    }

    /// Stops booking, or goes on with it.
    pub(super) fn hold(&mut self, now: Duration, held: bool) {
        self.settle(now);
        self.held = held;
    }

    /// Puts the battery at `stored`, by decree.
    pub(super) fn grant(&mut self, now: Duration, stored: f64) {
        self.settle(now);
        self.base.granted += stored - self.base.stored;
        self.base.stored = stored;
    }

    /// Puts the battery at `stored`, which it has reached but for the nanosecond an event's time is rounded up by.
    pub(super) fn snap(&mut self, now: Duration, stored: f64) {
        self.settle(now);
        self.base.lost += self.base.stored - stored;
        self.base.stored = stored;
    }

    /// When the battery will hold `stored`, if it is on its way there.
    pub(super) fn when(&self, stored: f64) -> Option<Duration> {
        let (way, rate) = (stored - self.base.stored, self.rates.stored);
        if way == 0.0 {
            return (rate != 0.0).then_some(self.since);
        }
        // A battery already past the mark, by a rounding, is there; one that goes the other way never will be.
        let seconds = way / rate;
        if rate == 0.0 || seconds < 0.0 || self.held {
            return None;
        }
        let after = Duration::try_from_secs_f64(seconds).ok()?;
        self.since.checked_add(after)?.checked_add(Duration::from_nanos(1))
    }

    fn settle(&mut self, now: Duration) {
        self.base = self.at(now);
        self.since = self.since.max(now);
    }
}
