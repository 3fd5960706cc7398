//! A state that was read poll after poll: how long it is known to last.

use std::time::Duration;

use outage_config::Confirm;

/// What one reading says of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The UPS is in it.
    Seen,
    /// The reading does not tell. What was known stays.
    Unclear,
    /// It is not.
    Gone,
}

impl Sight {
    pub(super) const fn of(seen: bool) -> Self {
        if seen { Self::Seen } else { Self::Gone }
    }
}

/// A state, from the first reading that saw it to the last one. A poll that read nothing neither ends it nor prolongs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) since: Duration,
    last: Duration,
    polls: u32,
}

impl Held {
    /// What is known after one more reading.
    pub(super) fn next(before: Option<Self>, sight: Sight, now: Duration) -> Option<Self> {
        match (sight, before) {
            (Sight::Gone, _) => None,
            (Sight::Unclear, before) => before,
            (Sight::Seen, None) => Some(Self { since: now, last: now, polls: 1 }),
            (Sight::Seen, Some(held)) => {
                Some(Self { last: now, polls: held.polls.saturating_add(1), ..held })
            }
        }
    }

    /// Whether it was read this long after it was first read, and ever in between.
    pub(super) fn lasted(self, limit: Duration) -> bool {
        self.last >= self.since + limit
    }

    /// CONFIRM.
    pub(super) fn confirmed(self, confirm: Confirm) -> bool {
        match confirm {
            Confirm::Polls(polls) => self.polls >= polls,
            Confirm::Time(time) => self.lasted(time),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Readings at 0, 5, 10 ..: `+` seen, `?` unclear, `-` gone. Since when, how many polls, how long.
    #[rstest]
    #[case("", None)]
    #[case("-", None)]
    #[case("?", None)]
    #[case("+", Some((0, 1, 0)))]
    #[case("+++", Some((0, 3, 10)))]
    #[case("++-", None)]
    #[case("+-++", Some((10, 2, 5)))]
    #[case("+?+", Some((0, 2, 10)))]
    #[case("+??", Some((0, 1, 0)))]
    #[case("?+", Some((5, 1, 0)))]
    fn readings(#[case] sights: &str, #[case] want: Option<(u64, u32, u64)>) {
        let mut held = None;
        for (at, sight) in (0..).step_by(5).map(Duration::from_secs).zip(sights.chars()) {
            let sight = match sight {
                '+' => Sight::Seen,
                '?' => Sight::Unclear,
                _ => Sight::Gone,
            };
            held = Held::next(held, sight, at);
        }
        let got = held.map(|held| (held.since.as_secs(), held.polls, (held.last - held.since).as_secs()));
        assert_eq!(got, want);
        if let (Some(held), Some((_, polls, long))) = (held, want) {
            assert!(held.confirmed(Confirm::Polls(polls)) && !held.confirmed(Confirm::Polls(polls + 1)));
            let time = Duration::from_secs(long);
            assert!(held.confirmed(Confirm::Time(time)));
            assert!(!held.confirmed(Confirm::Time(time + Duration::from_millis(1))));
        }
    }
}
