//! The outcomes of requests that clients want to follow (`SET TRACKING ON`).

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use outage_wire::sock::TrackingStatus;

/// No more outcomes than this are kept; the oldest go first.
const MOST_KEPT: usize = 10_000;

/// What became of a tracked request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pending,
    Success,
    Unknown,
    InvalidArgument,
    Failed,
}

impl Outcome {
    /// The reply to `GET TRACKING <id>`.
    pub(super) const fn reply(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Unknown => "ERR UNKNOWN",
            Self::InvalidArgument => "ERR INVALID-ARGUMENT",
            Self::Failed => "ERR FAILED",
        }
    }
}

impl From<TrackingStatus> for Outcome {
    fn from(status: TrackingStatus) -> Self {
        match status {
            TrackingStatus::Handled => Self::Success,
            TrackingStatus::Unknown => Self::Unknown,
            TrackingStatus::Invalid | TrackingStatus::ConversionFailed => Self::InvalidArgument,
            TrackingStatus::Failed => Self::Failed,
        }
    }
}

/// Outcomes by id.
#[derive(Debug, Default)]
pub(super) struct Tracking {
    outcomes: BTreeMap<String, Outcome>,
    /// Ids in the order they were made, with the time.
    made: VecDeque<(Duration, String)>,
}

impl Tracking {
    /// Starts to follow a request under an id made of `random`: a version 4 UUID in upper case.
    pub(super) fn start(&mut self, now: Duration, random: [u8; 16]) -> String {
        let id = uuid(random);
        if self.outcomes.insert(id.clone(), Outcome::Pending).is_none() {
            self.made.push_back((now, id.clone()));
        }
        while self.made.len() > MOST_KEPT {
            self.drop_oldest();
        }
        id
    }

    /// What a driver said about an id; ids that are not followed are ignored.
    pub(super) fn finish(&mut self, id: &str, outcome: Outcome) {
        if let Some(kept) = self.outcomes.get_mut(&id.to_ascii_uppercase()) {
            *kept = outcome;
        }
    }

    /// Stops to follow a request that never got to its driver.
    pub(super) fn abandon(&mut self, id: &str) {
        self.outcomes.remove(id);
        self.made.retain(|(_, made)| made != id);
    }

    pub(super) fn outcome(&self, id: &str) -> Option<Outcome> {
        self.outcomes.get(id).copied()
    }

    /// Forgets what is older than `lifetime`.
    pub(super) fn expire(&mut self, now: Duration, lifetime: Duration) {
        while self.made.front().is_some_and(|(made, _)| now.saturating_sub(*made) > lifetime) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, id)) = self.made.pop_front() {
            self.outcomes.remove(&id);
        }
    }
}

fn uuid(mut random: [u8; 16]) -> String {
    random[6] = 0x40 | (random[6] & 0x0f);
    random[8] = 0x80 | (random[8] & 0x3f);
    let mut id = String::with_capacity(36);
    for (i, byte) in random.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02X}");
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_4_in_upper_case() {
        assert_eq!(uuid([0xff; 16]), "FFFFFFFF-FFFF-4FFF-BFFF-FFFFFFFFFFFF");
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn outcomes_expire_after_their_lifetime_and_no_sooner() {
        let mut tracking = Tracking::default();
        let second = Duration::from_secs(1);
        let id = tracking.start(second, [7; 16]);
        tracking.finish(&id, Outcome::Success);
        tracking.expire(second * 11, second * 10);
        assert_eq!(tracking.outcome(&id), Some(Outcome::Success));
        tracking.expire(second * 11 + Duration::from_millis(1), second * 10);
        assert_eq!(tracking.outcome(&id), None);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut tracking = Tracking::default();
        let first = tracking.start(Duration::ZERO, [0; 16]);
        for n in 1..=MOST_KEPT as u128 {
            tracking.start(Duration::ZERO, n.to_be_bytes());
        }
        assert_eq!(tracking.outcome(&first), None);
        assert_eq!(tracking.outcomes.len(), tracking.made.len());
    }
}
