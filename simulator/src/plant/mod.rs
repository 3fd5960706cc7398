//! What a UPS *is*: mains, battery, charger, inverter, load, one output and its timers.
//!
//! Between two events every power is constant, so every sum of energy is a straight line and the next event's time is
//! known. [`Plant::advance`] goes from event to event: a year without one costs what a second costs, and a time step
//! taken in pieces ends in the same bits as the whole.

mod control;
mod energy;
mod event;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use energy::Energy;
use energy::{Ledger, Rates};
pub use event::{Event, OffReason, OnReason, PlantEvent, TestResult};
pub use settings::{Battery, Settings};
pub use state::{Beeper, State};

/// The highest load that can be plugged in, percent of the rating.
const HIGHEST_LOAD: f64 = 200.0;

/// How far off the nominal frequency mains may be, as a part of it.
const FREQUENCY_WINDOW: f64 = 0.1;

/// What is known of the output's return, while it is off or going off.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// Nothing was said: it comes back with the mains, if that is the policy.
    Unset,
    /// Someone said: stay off.
    Never,
    /// At this time, if there are mains then.
    At(Duration, OnReason),
    /// So long after the output goes off.
    AfterCut(Duration),
    /// As soon as there are mains, and charge enough.
    Waiting(OnReason),
}

/// What comes next. The order is the order of events of one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Low,
    Recovered,
    Full,
    Empty,
    TestOver,
    Shutdown,
    Start,
}

#[derive(Clone, Copy, Debug)]
struct Test {
    until: Option<Duration>,
}

/// A UPS, without a word of any protocol.
#[derive(Clone, Debug)]
pub struct Plant {
    settings: Settings,
    now: Duration,
    mains_present: bool,
    mains_voltage: f64,
    mains_frequency: f64,
    mains_good: bool,
    load: f64,
    output_on: bool,
    cut_at: Duration,
    shutdown_at: Option<Duration>,
    /// Whether the pending shutdown was ordered while the battery carried the load: then mains that come back before
    /// the cut count as mains that came back.
    ordered_on_battery: bool,
    start: Start,
    full: bool,
    low: bool,
    test: Option<Test>,
    test_result: TestResult,
    beeper: Beeper,
    ledger: Ledger,
    initially_stored: f64,
    events: Vec<Event>,
    revision: u64,
    /// What comes next, unless something is changed before.
    next: Option<(Duration, Next)>,
}

impl Plant {
    /// A UPS on good mains, fully charged, its output on, with a load of 25 %.
    pub fn new(settings: Settings) -> Self {
        let settings = settings.checked();
        let stored = settings.battery.full();
        let mut plant = Self {
            now: Duration::ZERO,
            mains_present: true,
            mains_voltage: settings.nominal_voltage,
            mains_frequency: settings.nominal_frequency,
            mains_good: true,
            load: 25.0,
            output_on: true,
            cut_at: Duration::ZERO,
            shutdown_at: None,
            ordered_on_battery: false,
            start: Start::Unset,
            full: true,
            low: false,
            test: None,
            test_result: TestResult::None,
            beeper: Beeper::Enabled,
            ledger: Ledger::new(stored),
            initially_stored: stored,
            events: Vec::new(),
            revision: 0,
            next: None,
            settings,
        };
        plant.settle();
        plant
    }

    /// Its ratings and policies, as they are now.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The time it has been advanced to.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Another number whenever something changed other than by the mere passing of time.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What happened since this was last asked, oldest first.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Moves on to `now`, through every event until then. Time never goes back: an earlier `now` changes nothing.
    pub fn advance(&mut self, now: Duration) {
        while let Some((at, next)) = self.next {
            if at > now {
                break;
            }
            self.now = self.now.max(at);
            self.happen(next);
            self.settle();
        }
        self.now = self.now.max(now);
    }

    /// When something will happen by itself.
    pub fn next_event(&self) -> Option<Duration> {
        self.next.map(|(at, _)| at)
    }

    fn look_ahead(&self) -> Option<(Duration, Next)> {
        let rate = self.ledger.rates().stored;
        let low_at = self.low_threshold();
        let candidates = [
            (rate < 0.0 && !self.low).then(|| self.ledger.when(low_at)).flatten().map(|at| (at, Next::Low)),
            (rate > 0.0 && self.low)
                .then(|| self.ledger.when(low_at))
                .flatten()
                .map(|at| (at, Next::Recovered)),
            (rate > 0.0)
                .then(|| self.ledger.when(self.settings.battery.full()))
                .flatten()
                .map(|at| (at, Next::Full)),
            (rate < 0.0).then(|| self.ledger.when(0.0)).flatten().map(|at| (at, Next::Empty)),
            self.test.and_then(|test| test.until).map(|at| (at, Next::TestOver)),
            self.shutdown_at.map(|at| (at, Next::Shutdown)),
            self.start_at().map(|at| (at, Next::Start)),
        ];
        candidates.into_iter().flatten().map(|(at, next)| (at.max(self.now), next)).min()
    }

    /// When the output's return is next looked at.
    fn start_at(&self) -> Option<Duration> {
        match self.start {
            Start::At(at, _) => (!self.output_on || self.shutdown_at.is_none()).then_some(at),
            Start::Waiting(_) if !self.output_on && self.mains_good => {
                let needed = self.restart_threshold();
                if self.ledger.at(self.now).stored >= needed {
                    Some(self.now)
                } else {
                    self.ledger.when(needed)
                }
            }
            _ => None,
        }
    }

    fn happen(&mut self, next: Next) {
        let now = self.now;
        match next {
            Next::Low => {
                self.ledger.snap(now, self.low_threshold());
                self.low = true;
                self.emit(PlantEvent::BatteryLow);
                if self.test.is_some() {
                    let until_low = self.test.is_some_and(|test| test.until.is_none());
                    self.end_test(if until_low { TestResult::Passed } else { TestResult::Failed });
                }
            }
            Next::Recovered => {
                self.ledger.snap(now, self.low_threshold());
                self.low = false;
                self.emit(PlantEvent::BatteryRecovered);
            }
            Next::Full => {
                self.ledger.snap(now, self.settings.battery.full());
                self.full = true;
                self.emit(PlantEvent::BatteryFull);
            }
            Next::Empty => {
                self.ledger.snap(now, 0.0);
                self.emit(PlantEvent::BatteryEmpty);
                if self.test.is_some() {
                    self.end_test(TestResult::Failed);
                }
                if !self.mains_good {
                    self.shutdown_at = None;
                    self.cut(OffReason::BatteryEmpty);
                }
            }
            Next::TestOver => self.end_test(TestResult::Passed),
            Next::Shutdown => {
                self.shutdown_at = None;
                if self.output_on {
                    self.cut(OffReason::Commanded);
                }
            }
            Next::Start => self.try_start(),
        }
    }

    fn try_start(&mut self) {
        let reason = match self.start {
            Start::At(_, reason) | Start::Waiting(reason) => reason,
            _ => return,
        };
        if self.output_on {
            self.start = Start::Unset;
            return;
        }
        let stored = self.ledger.at(self.now).stored;
        let on_battery = self.settings.starts_on_battery && reason == OnReason::Commanded && stored > 0.0;
        if self.mains_good && matches!(self.start, Start::Waiting(_)) {
            // Looked at only when the charge is there, but for a rounding.
            self.switch(reason);
        } else if on_battery || (self.mains_good && stored >= self.restart_threshold()) {
            self.switch(reason);
        } else if self.mains_good || self.settings.automatic_restart {
            self.start = Start::Waiting(reason);
        } else {
            self.start = Start::Unset;
        }
    }

    fn switch(&mut self, reason: OnReason) {
        self.output_on = true;
        self.start = Start::Unset;
        self.emit(PlantEvent::OutputOn(reason));
    }

    fn cut(&mut self, reason: OffReason) {
        let now = self.now;
        let earliest = now.saturating_add(self.settings.minimum_off);
        self.output_on = false;
        self.cut_at = now;
        if self.test.is_some() {
            self.end_test(TestResult::Aborted);
        }
        self.emit(PlantEvent::OutputOff(reason));
        self.start = match self.start {
            Start::At(at, why) => Start::At(at.max(earliest), why),
            Start::AfterCut(delay) => Start::At(now.saturating_add(delay).max(earliest), OnReason::Commanded),
            Start::Unset if reason == OffReason::Commanded && self.mains_came_back() => {
                Start::At(now.saturating_add(self.settings.restart_delay).max(earliest), OnReason::MainsBack)
            }
            other => other,
        };
    }

    /// Whether the mains came back between the order to shut down and the cut.
    fn mains_came_back(&self) -> bool {
        self.settings.automatic_restart && self.ordered_on_battery && self.mains_good
    }

    fn end_test(&mut self, result: TestResult) {
        self.test = None;
        self.test_result = result;
        self.emit(PlantEvent::TestEnded(result));
    }

    fn emit(&mut self, what: PlantEvent) {
        self.events.push(Event { at: self.now, what });
    }

    /// Stored energy at which the battery is low, J.
    fn low_threshold(&self) -> f64 {
        let by_charge = self.settings.battery.full() * self.settings.low_charge / 100.0;
        let by_runtime = match self.settings.low_runtime {
            Some(limit) if self.output_on && !self.mains_good => limit.as_secs_f64() * self.drain(),
            _ => 0.0,
        };
        by_charge.max(by_runtime)
    }

    fn restart_threshold(&self) -> f64 {
        self.settings.battery.full() * self.settings.restart_charge / 100.0
    }

    /// Power of what is plugged in, W, whether it gets it or not.
    fn load_power(&self) -> f64 {
        self.settings.active_power * self.load / 100.0
    }

    /// Power the battery gives when it carries the load, W.
    fn drain(&self) -> f64 {
        self.load_power() / self.settings.inverter_efficiency + self.settings.inverter_idle
    }

    fn discharging(&self) -> bool {
        self.output_on && (!self.mains_good || self.test.is_some())
    }

    fn rates_now(&self) -> Rates {
        let mut rates = Rates::default();
        if self.output_on {
            rates.delivered = self.load_power();
        }
        if self.discharging() {
            rates.stored = -self.drain();
            rates.lost = self.drain() - rates.delivered;
        } else if self.output_on {
            rates.drawn = rates.delivered;
        }
        if self.mains_good {
            rates.drawn += self.settings.mains_idle;
            rates.lost += self.settings.mains_idle;
            if !self.discharging() && !self.full {
                let drawn = self.settings.charger_power / self.settings.charger_efficiency;
                rates.stored = self.settings.charger_power;
                rates.drawn += drawn;
                rates.lost += drawn - self.settings.charger_power;
            }
        }
        rates
    }

    /// Draws the consequences of whatever was changed.
    fn settle(&mut self) {
        self.revision += 1;
        self.settle_mains();
        if self.discharging() {
            self.full = false;
        }
        let now = self.now;
        self.ledger.turn(now, self.rates_now());
        let (stored, threshold) = (self.ledger.at(now).stored, self.low_threshold());
        let low = if self.ledger.rates().stored > 0.0 { stored < threshold } else { stored <= threshold };
        if low != self.low {
            self.low = low;
            self.emit(if low { PlantEvent::BatteryLow } else { PlantEvent::BatteryRecovered });
        }
        self.next = self.look_ahead();
    }

    fn settle_mains(&mut self) {
        let good = self.mains_usable();
        if good == self.mains_good {
            return;
        }
        self.mains_good = good;
        if good {
            self.emit(PlantEvent::OnMains);
            if !self.output_on {
                let at = self.now.saturating_add(self.settings.restart_delay);
                let at = at.max(self.cut_at.saturating_add(self.settings.minimum_off));
                self.start = match self.start {
                    Start::Unset if self.settings.automatic_restart => Start::At(at, OnReason::MainsBack),
                    Start::Waiting(_) => Start::At(at, OnReason::MainsBack),
                    other => other,
                };
            }
        } else {
            if self.test.is_some() {
                self.end_test(TestResult::Aborted);
            }
            self.emit(PlantEvent::OnBattery);
        }
    }

    fn mains_usable(&self) -> bool {
        let s = &self.settings;
        // Once refused, mains must come a little further inside before they are taken again.
        let margin = if self.mains_good { 0.0 } else { s.transfer_hysteresis };
        let low = (s.transfer_low + margin).min(s.nominal_voltage);
        let high = (s.transfer_high - margin).max(s.nominal_voltage);
        let off = (self.mains_frequency - s.nominal_frequency).abs();
        self.mains_present
            && (low..=high).contains(&self.mains_voltage)
            && off <= s.nominal_frequency * FREQUENCY_WINDOW
    }

    fn change(&mut self, now: Duration, f: impl FnOnce(&mut Self)) {
        self.advance(now);
        f(self);
        self.settle();
        // What is due at once happens at once: an empty battery when the mains go, a shutdown without delay.
        self.advance(self.now);
    }
}
