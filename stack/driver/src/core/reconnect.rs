//! When to look for a device again, and when to say that it is still missing.

use std::time::Duration;

/// The first wait is no longer than this.
const FIRST: Duration = Duration::from_secs(1);
/// Waits grow up to five poll intervals, but not beyond this (unless one poll interval is longer).
const LONGEST: Duration = Duration::from_secs(30);
/// The same complaint is not logged again before this.
const REPEAT: Duration = Duration::from_secs(300);

/// Doubling waits between attempts to open the device, for ever unless `reconnect_max_tries` says otherwise.
#[derive(Clone, Debug)]
pub struct Reconnect {
    first: Duration,
    longest: Duration,
    max_tries: Option<u32>,
    report_every: Option<u32>,
    failures: u32,
    reported: Option<(Duration, String)>,
}

/// What follows from a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Wait so long, then try again; `None`: `reconnect_max_tries` is used up.
    pub wait: Option<Duration>,
    /// Log this failure.
    pub report: bool,
}

impl Reconnect {
    /// `max_tries` and `report_every` as in [`crate::DriverConfig`].
    #[must_use]
    pub fn new(poll_interval: Duration, max_tries: Option<u32>, report_every: Option<u32>) -> Self {
        Self {
            first: poll_interval.min(FIRST),
            longest: (poll_interval * 5).min(LONGEST).max(poll_interval),
            max_tries,
            report_every,
            failures: 0,
            reported: None,
        }
    }

    /// The device is open: the next trouble starts from the beginning.
    pub fn connected(&mut self) {
        self.failures = 0;
        self.reported = None;
    }

    /// An attempt failed at `now` because of `why`.
    pub fn failed(&mut self, now: Duration, why: &str) -> Verdict {
        let report = match (&self.reported, self.report_every) {
            (None, _) => true,
            (Some((_, said)), _) if said != why => true,
            (Some(_), Some(every)) => every > 0 && self.failures.is_multiple_of(every),
            (Some((at, _)), None) => now >= *at + REPEAT,
        };
        if report {
            self.reported = Some((now, why.to_owned()));
        }
        let wait = self.first.saturating_mul(1 << self.failures.min(16)).min(self.longest);
        self.failures = self.failures.saturating_add(1);
        let over = self.max_tries.is_some_and(|most| self.failures > most);
        Verdict { wait: (!over).then_some(wait), report }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn waits(poll_interval: u64, max_tries: Option<u32>, count: usize) -> Vec<Option<u128>> {
        let mut reconnect = Reconnect::new(Duration::from_millis(poll_interval), max_tries, None);
        (0..count).map(|_| reconnect.failed(Duration::ZERO, "x").wait.map(|w| w.as_millis())).collect()
    }

    #[rstest]
    #[case(2000, &[1000, 2000, 4000, 8000, 10_000, 10_000])]
    #[case(500, &[500, 1000, 2000, 2500, 2500, 2500])]
    #[case(10_000, &[1000, 2000, 4000, 8000, 16_000, 30_000])]
    #[case(60_000, &[1000, 2000, 4000, 8000, 16_000, 32_000])]
    fn waits_grow_and_are_capped(#[case] poll_interval: u64, #[case] expected: &[u128]) {
        let expected: Vec<_> = expected.iter().copied().map(Some).collect();
        assert_eq!(waits(poll_interval, None, 6), expected);
    }

    #[test]
    fn it_goes_on_for_ever() {
        assert!(waits(2000, None, 100_000).iter().skip(4).all(|wait| *wait == Some(10_000)));
    }

    #[test]
    fn unless_it_may_not() {
        assert_eq!(waits(2000, Some(0), 1), [None]);
        assert_eq!(waits(2000, Some(2), 3), [Some(1000), Some(2000), None]);
    }

    #[test]
    fn being_connected_starts_anew() {
        let mut reconnect = Reconnect::new(Duration::from_secs(2), Some(2), None);
        for _ in 0..5 {
            assert_eq!(
                reconnect.failed(Duration::ZERO, "x"),
                Verdict { wait: Some(Duration::from_secs(1)), report: true }
            );
            reconnect.connected();
        }
    }

    #[test]
    fn a_complaint_is_repeated_seldom_and_a_new_one_at_once() {
        let mut reconnect = Reconnect::new(Duration::from_secs(2), None, None);
        let mut report = |at, why| reconnect.failed(Duration::from_secs(at), why).report;
        assert!(report(0, "no device"));
        assert!(!report(10, "no device"));
        assert!(report(20, "permission denied"));
        assert!(!report(319, "permission denied"));
        assert!(report(320, "permission denied"));
    }

    #[test]
    fn the_user_may_want_every_second_one() {
        let mut reconnect = Reconnect::new(Duration::from_secs(2), None, Some(2));
        let said: Vec<bool> = (0..5).map(|_| reconnect.failed(Duration::ZERO, "x").report).collect();
        assert_eq!(said, [true, false, true, false, true]);
    }
}
