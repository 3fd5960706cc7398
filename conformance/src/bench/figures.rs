//! What was measured, round by round, and what stays of it.

use std::collections::BTreeMap;

use super::server::Subject;

/// One measurement. What it does not have was not asked, or could not be measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Requests answered in a second.
    pub(super) rate: Option<f64>,
    /// Half of the requests took no longer, in microseconds.
    pub(super) p50: Option<f64>,
    /// 99 of 100 took no longer, in microseconds.
    pub(super) p99: Option<f64>,
    /// The longest, in microseconds.
    pub(super) longest: Option<f64>,
    /// Time of the server on its core for a request, in microseconds.
    pub(super) cpu: Option<f64>,
    /// The part of the time in which the load generator had something to do, 0 to 1.
    pub(super) generator: Option<f64>,
    /// Bytes of the server's memory for a connection: its share, and what is resident.
    pub(super) memory: Option<(f64, f64)>,
    /// Requests, or connections, that got no answer, and how many there were.
    pub(super) unanswered: Option<(usize, usize)>,
}

/// All rounds of one measurement, by subject.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) rounds: BTreeMap<Subject, Vec<Figures>>,
}

/// The middle one; of an even number, the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

/// The median of the ratios of each round of one to that round of the other. Nothing is said of one that stood still.
pub(super) fn ratio_of(
    one: &[Figures],
    other: &[Figures],
    field: fn(&Figures) -> Option<f64>,
) -> Option<f64> {
    let pairs = one.iter().zip(other).filter_map(|(one, other)| Some(field(one)? / field(other)?));
    median(pairs.filter(|ratio| ratio.is_finite()).collect())
}

impl Row {
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, rounds: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, subject: Subject, figures: Figures) {
        self.rounds.entry(subject).or_default().push(figures);
    }

    /// The medians of all rounds of a subject.
    pub(super) fn median(&self, subject: Subject) -> Option<Figures> {
        let rounds = self.rounds.get(&subject)?;
        let of = |field: fn(&Figures) -> Option<f64>| median(rounds.iter().filter_map(field).collect());
        let share = of(|round| round.memory.map(|(share, _)| share));
        let resident = of(|round| round.memory.map(|(_, resident)| resident));
        Some(Figures {
            rate: of(|round| round.rate),
            p50: of(|round| round.p50),
            p99: of(|round| round.p99),
            longest: of(|round| round.longest),
            cpu: of(|round| round.cpu),
            generator: of(|round| round.generator),
            memory: share.zip(resident),
            // The worst: that it happened at all is what matters.
            unanswered: rounds.iter().filter_map(|round| round.unanswered).max(),
        })
    }

    /// How many times as large a figure is with one subject as with another: the median of the rounds, each compared
    /// with its neighbour in time, so that what else the machine does cancels out.
    pub(super) fn ratio(
        &self,
        one: Subject,
        other: Subject,
        field: fn(&Figures) -> Option<f64>,
    ) -> Option<f64> {
        ratio_of(self.rounds.get(&one)?, self.rounds.get(&other)?, field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(&[], None)]
    #[case(&[3.0], Some(3.0))]
    #[case(&[9.0, 1.0, 2.0], Some(2.0))]
    #[case(&[9.0, 1.0, 2.0, 4.0], Some(3.0))]
    fn medians(#[case] values: &[f64], #[case] expected: Option<f64>) {
        assert_eq!(median(values.to_vec()), expected);
    }

    #[test]
    fn rounds_are_compared_with_their_neighbours() {
        let mut row = Row::new("x", "x");
        // The machine slows down from round to round; ours stays twice as fast.
        for rate in [100.0, 50.0, 10.0] {
            row.push(Subject::Ours, Figures { rate: Some(rate * 2.0), ..Figures::default() });
            row.push(
                Subject::Nut,
                Figures { rate: Some(rate), unanswered: Some((0, 9)), ..Figures::default() },
            );
        }
        row.push(Subject::Nut, Figures { unanswered: Some((3, 9)), ..Figures::default() });
        assert_eq!(row.ratio(Subject::Ours, Subject::Nut, |round| round.rate), Some(2.0));
        assert_eq!(row.ratio(Subject::Ours, Subject::Echo, |round| round.rate), None);
        assert_eq!(row.ratio(Subject::Ours, Subject::Nut, |round| round.cpu), None);
        let nut = row.median(Subject::Nut).unwrap();
        assert_eq!((nut.rate, nut.unanswered), (Some(50.0), Some((3, 9))));
    }
}
