//! Durations by the million: counted in buckets, no memory taken while measuring.

/// Buckets in each doubling of the duration: a quantile is right to 1/64 of itself.
const STEPS: u64 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Enough for every `u64`.
const BUCKETS: usize = (64 - STEP_BITS as usize + 1) * STEPS as usize;

/// Counts of durations, in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    counts: Box<[u64]>,
    total: u64,
    longest: u64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0, longest: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.counts.fill(0);
        (self.total, self.longest) = (0, 0);
    }

    pub(super) fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
        self.longest = self.longest.max(nanoseconds);
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The longest, in microseconds.
    pub(super) fn longest(&self) -> f64 {
        self.longest as f64 / 1e3
    }

    /// The duration that `part` (0 to 1) of all are not longer than, in microseconds; `None` without any.
    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        let rank = ((self.total as f64 * part).ceil() as u64).max(1);
        let mut seen = 0;
        self.counts.iter().enumerate().find_map(|(at, count)| {
            seen += count;
            (seen >= rank && self.total > 0).then(|| middle(at).min(self.longest as f64) / 1e3)
        })
    }
}

/// Exact below 64, then 64 buckets for each doubling.
fn bucket(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let shift = value.ilog2() - STEP_BITS;
    (((u64::from(shift) + 1) << STEP_BITS) + ((value >> shift) - STEPS)) as usize
}

fn middle(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket as f64;
    }
    let shift = (bucket >> STEP_BITS) - 1;
    let low = (bucket % STEPS + STEPS) as f64;
    (low + 0.5) * 2_f64.powi(shift as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quickcheck::quickcheck;

    quickcheck! {
        fn a_bucket_s_middle_is_near_what_is_in_it(value: u64) -> bool {
            let middle = middle(bucket(value));
            (middle - value as f64).abs() <= value as f64 / 64.0 + 1.0
        }

        fn buckets_keep_the_order(a: u64, b: u64) -> bool {
            (a <= b) == (bucket(a) <= bucket(b)) || bucket(a) == bucket(b)
        }
    }

    #[test]
    fn quantiles_of_a_hundred() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(0.5), None);
        for microseconds in 1..=100 {
            histogram.record(microseconds * 1000);
        }
        let near = |part, expected: f64| {
            let got = histogram.quantile(part).unwrap();
            assert!((got - expected).abs() <= expected / 50.0, "{got} for {expected}");
        };
        near(0.5, 50.0);
        near(0.99, 99.0);
        near(1.0, 100.0);
        assert_eq!((histogram.total(), histogram.longest()), (100, 100.0));
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
        histogram.clear();
        assert_eq!(histogram.quantile(1.0), None);
    }
}
