//! What is printed of a run.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::figures::{Figures, Row};
use super::server::Subject;
use super::targets::{Bound, Target};

/// A run, to be reported.
pub(super) struct Run {
    pub(super) machine: String,
    /// What each subject is, in a line.
    pub(super) subjects: Vec<(Subject, String)>,
    /// Why there is less than there could be.
    pub(super) remarks: Vec<String>,
    pub(super) rows: Vec<Row>,
    pub(super) targets: Vec<Target>,
}

/// Terminal colours, or none.
#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The table that people read.
pub(super) fn table(run: &Run, colour: bool) -> String {
    let paint = Paint(colour);
    let mut text = format!("{}\n", run.machine);
    for (subject, about) in &run.subjects {
        let _ = writeln!(text, "  {:<5} {about}", subject.id());
    }
    for remark in &run.remarks {
        let _ = writeln!(text, "{remark}");
    }
    let head = format!(
        "{:<58}{:>10} {:>9} {:>9} {:>8} {:>9}  ours beside it",
        "", "requests/s", "p50", "p99", "CPU each", "generator"
    );
    let _ = writeln!(text, "\n{}", paint.with("1", &head));
    for row in &run.rows {
        for (nth, &subject) in row.rounds.keys().enumerate() {
            let Some(figures) = row.median(subject) else { continue };
            let name = if nth == 0 { row.title } else { "" };
            let _ = writeln!(text, "{name:<52}{:<6}{}", subject.id(), line(row, subject, &figures));
        }
    }
    text + &target_lines(&run.targets, paint)
}

/// What was to be reached, and whether it was.
pub(super) fn target_lines(targets: &[Target], paint: Paint) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "\n{}", paint.with("1", "Targets"));
    for target in targets {
        let (wanted, bound) = match target.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let verdict = match target.met() {
            Some(true) => paint.with("32", "met"),
            Some(false) => paint.with("31", "missed"),
            None => "not measured".to_owned(),
        };
        let value = target.value.map_or_else(|| "-".to_owned(), |value| with_unit(value, target.unit));
        let bound = with_unit(bound, target.unit);
        let _ = writeln!(text, "{:<58}{value:>10}  {wanted} {bound:<8} {verdict}", target.claim);
    }
    text
}

fn line(row: &Row, subject: Subject, figures: &Figures) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let mut text = format!(
        "{:>10} {:>9} {:>9} {:>8} {:>9}",
        or_dash(figures.rate.map(|rate| grouped(rate.round() as u64))),
        or_dash(figures.p50.map(time)),
        or_dash(figures.p99.map(time)),
        or_dash(figures.cpu.map(time)),
        or_dash(figures.generator.map(|part| format!("{:.0}%", part * 100.0)))
    );
    let mut remarks = Vec::new();
    if subject != Subject::Ours {
        remarks.extend(
            row.ratio(Subject::Ours, subject, |f| f.rate).map(|ratio| format!("{} the rate", times(ratio))),
        );
        remarks.extend(
            row.ratio(subject, Subject::Ours, |f| f.cpu).map(|ratio| format!("{} by CPU", times(ratio))),
        );
        if figures.rate.is_none() {
            remarks.extend(
                row.ratio(Subject::Ours, subject, |f| f.p50).map(|ratio| format!("{} the p50", times(ratio))),
            );
        }
    }
    if let Some((share, resident)) = figures.memory {
        remarks.push(format!(
            "{} bytes each (resident: {})",
            grouped(share as u64),
            grouped(resident as u64)
        ));
    }
    if let Some((without, all)) = figures.unanswered.filter(|(without, _)| *without > 0) {
        remarks.push(format!("{} of {} without an answer", grouped(without as u64), grouped(all as u64)));
    }
    if !remarks.is_empty() {
        let _ = write!(text, "  {}", remarks.join(", "));
    }
    text.trim_end().to_owned()
}

/// A duration of microseconds.
fn time(microseconds: f64) -> String {
    match microseconds {
        ..10.0 => format!("{microseconds:.2} us"),
        ..1e3 => format!("{microseconds:.0} us"),
        ..1e4 => format!("{:.2} ms", microseconds / 1e3),
        ..1e6 => format!("{:.0} ms", microseconds / 1e3),
        _ => format!("{:.1} s", microseconds / 1e6),
    }
}

/// How many times.
pub(super) fn times(ratio: f64) -> String {
    if ratio < 20.0 { format!("{ratio:.2}x") } else { format!("{ratio:.0}x") }
}

fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "x" => times(value),
        "B" => format!("{} B", grouped(value.round() as u64)),
        unit => format!("{value:.1} {unit}"),
    }
}

/// A number with a comma before each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One JSON document: all rounds, their medians, and the targets.
pub(super) fn document(run: &Run) -> Value {
    let subjects = run.subjects.iter().map(|(subject, about)| (subject.id().to_owned(), json!(about)));
    let rows = run.rows.iter().map(|row| {
        let of = |subject: &Subject, rounds: &Vec<Figures>| {
            let median = row.median(*subject).as_ref().map(figures);
            let rounds: Vec<_> = rounds.iter().map(figures).collect();
            (subject.id().to_owned(), json!({ "median": median, "rounds": rounds }))
        };
        let subjects: serde_json::Map<_, _> =
            row.rounds.iter().map(|(subject, rounds)| of(subject, rounds)).collect();
        json!({ "id": row.id, "title": row.title, "subjects": subjects })
    });
    json!({
        "machine": run.machine,
        "subjects": subjects.collect::<serde_json::Map<_, _>>(),
        "remarks": run.remarks,
        "rows": rows.collect::<Vec<_>>(),
        "targets": targets_json(&run.targets),
    })
}

/// The same for programs.
pub(super) fn targets_json(targets: &[Target]) -> Value {
    let targets = targets.iter().map(|target| {
        let (bound, limit) = match target.bound {
            Bound::AtLeast(limit) => ("at-least", limit),
            Bound::AtMost(limit) => ("at-most", limit),
        };
        let (claim, unit, value, met) = (target.claim, target.unit, target.value, target.met());
        json!({ "claim": claim, "value": value, "unit": unit, "bound": bound, "limit": limit, "met": met })
    });
    targets.collect()
}

/// What there is of one measurement.
fn figures(figures: &Figures) -> Value {
    let mut object = serde_json::Map::new();
    let numbers = [
        ("requests_per_second", figures.rate),
        ("p50_us", figures.p50),
        ("p99_us", figures.p99),
        ("longest_us", figures.longest),
        ("server_cpu_us", figures.cpu),
        ("generator_busy", figures.generator),
        ("memory_bytes", figures.memory.map(|(share, _)| share)),
        ("resident_bytes", figures.memory.map(|(_, resident)| resident)),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            object.insert(name.to_owned(), json!(value));
        }
    }
    if let Some((without, all)) = figures.unanswered {
        object.insert("unanswered".to_owned(), json!(without));
        object.insert("asked".to_owned(), json!(all));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::targets;
    use rstest::rstest;

    fn run() -> Run {
        let mut get = Row::new("get/256", "GET VAR, 256 connections");
        let figures = |rate: f64, cpu: f64| Figures {
            rate: Some(rate),
            p50: Some(9.5),
            p99: Some(2_345.0),
            cpu: Some(cpu),
            generator: Some(0.5),
            unanswered: Some((0, 256)),
            ..Figures::default()
        };
        get.push(Subject::Ours, figures(200_000.0, 5.0));
        get.push(Subject::Nut, figures(100_000.0, 6.0));
        get.push(Subject::Echo, figures(250_000.0, 4.0));
        let mut held = Row::new("held/10000", "10,000 connections held");
        let memory = Some((5000.4, 5100.0));
        held.push(Subject::Ours, Figures { memory, unanswered: Some((2, 10_000)), ..Figures::default() });
        let rows = vec![get, held];
        Run {
            machine: "2 x Processor".to_owned(),
            subjects: vec![
                (Subject::Ours, "Outage's upsd".to_owned()),
                (Subject::Nut, "NUT's upsd 2.8.0".to_owned()),
            ],
            remarks: vec!["a remark".to_owned()],
            targets: targets::judge(&rows)
                .into_iter()
                .filter(|target| target.claim.contains("256") || target.unit == "B")
                .collect(),
            rows,
        }
    }

    #[test]
    fn people_read_a_table() {
        insta::assert_snapshot!(table(&run(), false), @r"
        2 x Processor
          ours  Outage's upsd
          nut   NUT's upsd 2.8.0
        a remark

                                                                  requests/s       p50       p99 CPU each generator  ours beside it
        GET VAR, 256 connections                            ours     200,000   9.50 us   2.35 ms  5.00 us       50%
                                                            nut      100,000   9.50 us   2.35 ms  6.00 us       50%  2.00x the rate, 1.20x by CPU
                                                            echo     250,000   9.50 us   2.35 ms  4.00 us       50%  0.80x the rate, 0.80x by CPU
        10,000 connections held                             ours           -         -         -        -         -  5,000 bytes each (resident: 5,100), 2 of 10,000 without an answer

        Targets
        GET VAR, 256 connections, beside NUT's                         2.00x  at least 1.30x    met
        GET VAR, 256 connections, beside the echo                      0.80x  at least 0.85x    missed
        GET VAR pipelined, 256 connections, beside NUT's                   -  at least 1.30x    not measured
        GET VAR pipelined, 256 connections, beside the echo                -  at least 0.85x    not measured
        memory of each of 10,000 connections                         5,000 B  at most 4,096 B  missed
        ");
        assert!(table(&run(), true).contains("\u{1b}[31mmissed\u{1b}[0m"));
    }

    #[test]
    fn programs_read_json() {
        let document = document(&run());
        assert_eq!(document["rows"][0]["subjects"]["ours"]["median"]["requests_per_second"], 200_000.0);
        assert_eq!(document["rows"][0]["subjects"]["nut"]["rounds"][0]["server_cpu_us"], 6.0);
        assert_eq!(document["rows"][1]["subjects"]["ours"]["median"]["unanswered"], 2);
        assert_eq!(document["targets"][0]["met"], true);
        assert_eq!(document["targets"][1]["met"], false);
        assert_eq!(document["targets"][2]["met"], Value::Null);
    }

    #[rstest]
    #[case(1.234, "1.23 us")]
    #[case(99.4, "99 us")]
    #[case(1_500.0, "1.50 ms")]
    #[case(44_400.0, "44 ms")]
    #[case(15e6, "15.0 s")]
    fn times_are_short(#[case] microseconds: f64, #[case] expected: &str) {
        assert_eq!(time(microseconds), expected);
    }

    #[rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1000, "1,000")]
    #[case(1_234_567, "1,234,567")]
    fn numbers_are_grouped(#[case] number: u64, #[case] expected: &str) {
        assert_eq!(grouped(number), expected);
    }
}
