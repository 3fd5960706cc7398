//! What is to be reached, as ratios within one run: figures of two machines, or of two hours, don't compare.

use super::figures::{Figures, Row, ratio_of};
use super::server::Subject::{self, Echo, Nut, Ours};

/// On which side of its bound a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// One thing to be reached, and how far it was.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    pub(super) claim: &'static str,
    pub(super) bound: Bound,
    /// What the figure is of: `x`, `ms`, `B`.
    pub(super) unit: &'static str,
    /// `None` when it was not measured.
    pub(super) value: Option<f64>,
}

impl Target {
    /// Whether it is reached; `None` when it was not measured.
    pub(super) fn met(&self) -> Option<bool> {
        self.value.map(|value| match self.bound {
            Bound::AtLeast(bound) => value >= bound,
            Bound::AtMost(bound) => value <= bound,
        })
    }
}

fn rate(figures: &Figures) -> Option<f64> {
    figures.rate
}

fn p50(figures: &Figures) -> Option<f64> {
    figures.p50
}

fn p99(figures: &Figures) -> Option<f64> {
    figures.p99
}

struct Found<'a>(&'a [Row]);

impl Found<'_> {
    fn row(&self, id: &str) -> Option<&Row> {
        self.0.iter().find(|row| row.id == id)
    }

    fn rates(&self, id: &str, one: Subject, other: Subject) -> Option<f64> {
        self.row(id)?.ratio(one, other, rate)
    }

    /// The same subject in two rows that took turns.
    fn between(
        &self,
        id: &str,
        other: &str,
        subject: Subject,
        field: fn(&Figures) -> Option<f64>,
    ) -> Option<f64> {
        let rounds = |id: &str| self.row(id)?.rounds.get(&subject);
        ratio_of(rounds(id)?, rounds(other)?, field)
    }

    fn best(&self, family: &str, subject: Subject) -> Option<f64> {
        let rows = self.0.iter().filter(|row| row.id.starts_with(family));
        rows.filter_map(|row| row.median(subject)?.rate).max_by(f64::total_cmp)
    }

    fn median(&self, id: &str, field: fn(&Figures) -> Option<f64>) -> Option<f64> {
        field(&self.row(id)?.median(Ours)?)
    }
}

/// All targets, with what `rows` say of them.
pub(super) fn judge(rows: &[Row]) -> Vec<Target> {
    use Bound::{AtLeast, AtMost};
    let found = Found(rows);
    let target = |claim, bound, unit, value| Target { claim, bound, unit, value };
    vec![
        target(
            "GET VAR, 256 connections, beside NUT's",
            AtLeast(1.3),
            "x",
            found.rates("get/256", Ours, Nut),
        ),
        target(
            "GET VAR, 256 connections, beside the echo",
            AtLeast(0.85),
            "x",
            found.rates("get/256", Ours, Echo),
        ),
        target(
            "GET VAR pipelined, 256 connections, beside NUT's",
            AtLeast(1.3),
            "x",
            found.rates("get-pipelined/256", Ours, Nut),
        ),
        target(
            "GET VAR pipelined, 256 connections, beside the echo",
            AtLeast(0.85),
            "x",
            found.rates("get-pipelined/256", Ours, Echo),
        ),
        target(
            "LIST VAR, our best beside NUT's best",
            AtLeast(8.0),
            "x",
            found.best("list", Ours).zip(found.best("list", Nut)).map(|(ours, nut)| ours / nut),
        ),
        target(
            "LIST VAR, one connection, beside NUT's",
            AtLeast(200.0),
            "x",
            found.rates("list/1", Ours, Nut),
        ),
        target(
            "rate with 4,000 idle connections, beside none",
            AtLeast(0.9),
            "x",
            found.between("idle/4000", "idle/0", Ours, rate),
        ),
        target(
            "rate beside one that never reads, beside alone",
            AtLeast(0.95),
            "x",
            found.between("silent-reader/with", "silent-reader/without", Ours, rate),
        ),
        target(
            "p99 of good clients among 1,000 bad ones, beside alone",
            AtMost(1.2),
            "x",
            found.between("hostile/with", "hostile/without", Ours, p99),
        ),
        target(
            "memory of each of 10,000 connections",
            AtMost(4096.0),
            "B",
            found.median("held/10000", |figures| figures.memory.map(|(share, _)| share)),
        ),
        target("upsc, start to end", AtMost(5.0), "ms", found.median("upsc", p50).map(|time| time / 1e3)),
        target(
            "a change seen by a polling client, beside NUT's",
            AtMost(1.1),
            "x",
            found.row("change").and_then(|row| row.ratio(Ours, Nut, p50)),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &'static str, rates: &[(Subject, f64)]) -> Row {
        let mut row = Row::new(id, id);
        for &(subject, rate) in rates {
            row.push(subject, Figures { rate: Some(rate), p99: Some(1e6 / rate), ..Figures::default() });
        }
        row
    }

    fn value(rows: &[Row], claim: &str) -> Option<(f64, bool)> {
        let target = judge(rows).into_iter().find(|target| target.claim == claim).unwrap();
        target.value.zip(target.met())
    }

    #[test]
    fn rates_are_judged_beside_the_rivals() {
        let rows = [row("get/256", &[(Ours, 130.0), (Nut, 100.0), (Echo, 160.0)])];
        assert_eq!(value(&rows, "GET VAR, 256 connections, beside NUT's"), Some((1.3, true)));
        assert_eq!(value(&rows, "GET VAR, 256 connections, beside the echo"), Some((0.8125, false)));
        assert_eq!(value(&rows, "LIST VAR, one connection, beside NUT's"), None);
    }

    #[test]
    fn the_best_of_all_lists_is_compared() {
        let rows = [
            row("list/1", &[(Ours, 20.0), (Nut, 1.0)]),
            row("list/256", &[(Ours, 90.0), (Nut, 5.0)]),
            row("list-pipelined/16", &[(Ours, 80.0), (Nut, 10.0)]),
        ];
        assert_eq!(value(&rows, "LIST VAR, our best beside NUT's best"), Some((9.0, true)));
        assert_eq!(value(&rows, "LIST VAR, one connection, beside NUT's"), Some((20.0, false)));
    }

    #[test]
    fn the_same_server_is_compared_with_itself() {
        let rows = [row("idle/0", &[(Ours, 100.0)]), row("idle/4000", &[(Ours, 91.0)])];
        assert_eq!(value(&rows, "rate with 4,000 idle connections, beside none"), Some((0.91, true)));
        let rows = [row("hostile/without", &[(Ours, 100.0)]), row("hostile/with", &[(Ours, 80.0)])];
        let claim = "p99 of good clients among 1,000 bad ones, beside alone";
        assert_eq!(value(&rows, claim), Some((1.25, false)));
    }
}
