//! Whether what the driver last read can still be believed.

use std::time::Duration;

/// Failed update cycles that are put up with before the data count as stale.
pub const TOLERATED_FAILURES: u32 = 3;

/// Fresh or stale, judged from what was truly read.
///
/// The data are stale from the start until the first good cycle; when the device is gone; after more than
/// [`TOLERATED_FAILURES`] failed cycles in a row; and when nothing was read for [`max_age`], which also catches a cycle
/// that hangs.
#[derive(Clone, Debug)]
pub struct Freshness {
    max_age: Duration,
    last_good: Option<Duration>,
    failures: u32,
    stale: bool,
}

/// How old the last value read may become at this `pollinterval`: 15 s at the usual 2 s.
#[must_use]
pub fn max_age(poll_interval: Duration) -> Duration {
    (poll_interval * 15 / 2).min(poll_interval * 3 + Duration::from_secs(9)).max(Duration::from_secs(3))
}

impl Freshness {
    /// Stale, with data that may become `max_age` old.
    #[must_use]
    pub fn new(max_age: Duration) -> Self {
        Self { max_age, last_good: None, failures: 0, stale: true }
    }

    /// Something was read at `now`.
    pub fn good(&mut self, now: Duration) {
        self.last_good = Some(now);
        self.failures = 0;
        self.stale = false;
    }

    /// An update cycle failed at `now`.
    pub fn failed(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        self.stale |= self.failures > TOLERATED_FAILURES;
        self.check(now);
    }

    /// The device is gone.
    pub fn gone(&mut self) {
        self.stale = true;
    }

    /// Looks at the age of the data at `now`.
    pub fn check(&mut self, now: Duration) {
        self.stale |= self.expires().is_none_or(|at| at <= now);
    }

    /// Another `pollinterval` came by reload.
    pub fn set_max_age(&mut self, max_age: Duration) {
        self.max_age = max_age;
    }

    /// When the data become stale by age if nothing is read until then; `None` when nothing was read yet.
    #[must_use]
    pub fn expires(&self) -> Option<Duration> {
        self.last_good.map(|at| at + self.max_age)
    }

    /// Whether the data are stale.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Failed cycles in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// `g`ood, `f`ailed, `x` gone, `c`heck; one a second.
    #[rstest]
    #[case::at_first("", true)]
    #[case::first_cycle_failed("f", true)]
    #[case::good("g", false)]
    #[case::three_failures_are_tolerated("gfff", false)]
    #[case::four_are_not("gffff", true)]
    #[case::the_count_starts_anew("gfffgfff", false)]
    #[case::good_again("gffffg", false)]
    #[case::gone("gx", true)]
    #[case::back("gxg", false)]
    #[case::a_failure_after_gone_changes_nothing("gxf", true)]
    #[case::young("gccccc", false)]
    #[case::old("gcccccc", true)]
    #[case::old_with_failures("gcfcfcf", true)]
    fn judgement(#[case] events: &str, #[case] stale: bool) {
        let mut freshness = Freshness::new(Duration::from_secs(6));
        for (second, event) in (100..).zip(events.chars()) {
            let now = Duration::from_secs(second);
            match event {
                'g' => freshness.good(now),
                'f' => freshness.failed(now),
                'x' => freshness.gone(),
                _ => freshness.check(now),
            }
        }
        assert_eq!(freshness.is_stale(), stale);
    }

    #[rstest]
    #[case(2000, 15_000)]
    #[case(100, 3000)]
    #[case(1000, 7500)]
    #[case(60_000, 189_000)]
    fn ages(#[case] poll_interval: u64, #[case] age: u64) {
        assert_eq!(max_age(Duration::from_millis(poll_interval)), Duration::from_millis(age));
    }
}
