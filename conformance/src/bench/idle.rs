//! `outage bench idle`: what a stack costs while nothing happens, beside NUT's in the same minute.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::report::{Paint, target_lines, targets_json};
use super::server::Subject;
use super::stack::{Stacks, Wanted};
use super::targets::{Bound, Target};
use super::{Output, Settings, machine, pause};
use crate::clock::Stopwatch;

/// At first there is still something to do: connections are made, helper threads end.
const SETTLING: Duration = Duration::from_secs(12);

/// What a program used of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cost {
    /// Time on a core in a minute, in milliseconds.
    cpu: f64,
    /// How often in a minute it went on after it had waited.
    wakes: f64,
    /// Its share of the memory it has (PSS), in KB.
    memory: f64,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            wakes: self.wakes + other.wakes,
            memory: self.memory + other.memory,
        }
    }
}

/// The costs of a stack's programs.
type Costs = Vec<(&'static str, Cost)>;

/// What the stacks of one kind cost.
struct Bill {
    subject: Subject,
    about: String,
    stacks: Vec<Costs>,
}

impl Bill {
    /// The mean of a program's costs in all stacks; without a name, of a whole stack's.
    fn mean(&self, name: Option<&str>) -> Cost {
        let of = self.stacks.iter().flatten().filter(|(other, _)| name.is_none_or(|name| name == *other));
        let sum = of.fold(Cost::default(), |sum, (_, cost)| sum.plus(*cost));
        let count = self.stacks.len() as f64;
        Cost { cpu: sum.cpu / count, wakes: sum.wakes / count, memory: sum.memory / count }
    }

    /// The least and the most time on a core that one of the stacks took.
    fn range(&self) -> (f64, f64) {
        let totals = self.stacks.iter().map(|costs| costs.iter().map(|(_, cost)| cost.cpu).sum::<f64>());
        totals.fold((f64::INFINITY, 0.0), |(least, most), total| (least.min(total), most.max(total)))
    }
}

/// Measures as many stacks of each kind for `length`, and says what was found.
pub(super) fn run(
    settings: &Settings,
    program: &Path,
    count: usize,
    length: Duration,
    output: Output,
) -> Result<String, String> {
    let description = machine::description();
    let stacks = Stacks::new(program, settings.nut.as_deref())?;
    let (subjects, unmet) = stacks.subjects();
    if let (Some(unmet), Some(_)) = (&unmet, &settings.nut) {
        return Err(unmet.clone());
    }
    // On one core: on a machine that is shared, a wake-up may cost several times as much on one core as on another.
    let cores = machine::Cores::share();
    let mut running = Vec::new();
    // In turns, so that those that are compared lie in the same parts of the memory.
    for (nth, &subject) in (1..=count).flat_map(|nth| subjects.iter().map(move |subject| (nth, subject))) {
        let home = stacks.home(&format!("{}-{nth}", subject.id()))?;
        let wanted = Wanted { driver: true, ..Wanted::default() };
        running.push((subject, cores.on_servers(|| stacks.start(subject, &home, &wanted))?));
    }
    pause_for(SETTLING.min(length));
    let usage = |pid| (machine::cpu(pid), machine::wakes(pid));
    let watch = Stopwatch::start();
    let before: Vec<Vec<_>> =
        running.iter().map(|(_, stack)| stack.pids().map(|(_, pid)| usage(pid)).collect()).collect();
    pause_for(length);
    let bill = |&subject| Bill { subject, about: stacks.about(subject), stacks: Vec::new() };
    let mut bills: Vec<_> = subjects.iter().map(bill).collect();
    let minutes = watch.elapsed().as_secs_f64() / 60.0;
    for ((subject, stack), before) in running.iter_mut().zip(before) {
        let cost = |pid, (cpu, wakes): (u64, u64)| Cost {
            cpu: (machine::cpu(pid) - cpu) as f64 / 1e6 / minutes,
            wakes: (machine::wakes(pid) - wakes) as f64 / minutes,
            memory: machine::memory(pid).share as f64 / 1024.0,
        };
        let costs = stack.pids().zip(before).map(|((name, pid), before)| (name, cost(pid, before))).collect();
        stack.check()?;
        if let Some(bill) = bills.iter_mut().find(|bill| bill.subject == *subject) {
            bill.stacks.push(costs);
        }
    }
    let seconds = length.as_secs();
    let each = if count == 1 { String::new() } else { format!(", {count} of each") };
    let head = format!(
        "{description}\nidle for {seconds} s; one UPS, dummy-ups by a file, POLLFREQ 5; the stacks side by side{each}"
    );
    let targets = judge(&bills);
    Ok(match output {
        Output::Table { colour } => table(&head, unmet.as_deref(), &bills, &targets, Paint(colour)),
        Output::Json => {
            format!("{:#}\n", document(&description, seconds, unmet.as_deref(), &bills, &targets))
        }
    })
}

fn pause_for(length: Duration) {
    let watch = Stopwatch::start();
    while let Some(rest) = length.checked_sub(watch.elapsed()).filter(|rest| !rest.is_zero()) {
        pause(rest);
    }
}

fn judge(bills: &[Bill]) -> Vec<Target> {
    let total = |subject| bills.iter().find(|bill| bill.subject == subject).map(|bill| bill.mean(None));
    let both = total(Subject::Ours).zip(total(Subject::Nut));
    // Several of NUT's share the memory of their libraries; ours have theirs within.
    let alone = bills.iter().all(|bill| bill.stacks.len() == 1);
    let ratio = |field: fn(&Cost) -> f64| both.as_ref().map(|(ours, nut)| field(ours) / field(nut));
    let target = |claim, bound, value| Target { claim, bound: Bound::AtMost(bound), unit: "x", value };
    vec![
        target("time on a core of all three, beside NUT's", 1.0, ratio(|cost| cost.cpu)),
        target("wake-ups of all three, beside NUT's", 1.0, ratio(|cost| cost.wakes)),
        target("memory of all three, beside NUT's", 2.0, ratio(|cost| cost.memory).filter(|_| alone)),
    ]
}

fn table(head: &str, unmet: Option<&str>, bills: &[Bill], targets: &[Target], paint: Paint) -> String {
    let mut text = format!("{head}\n");
    for bill in bills {
        let _ = writeln!(text, "  {:<5} {}", bill.subject.id(), bill.about);
    }
    if let Some(unmet) = unmet {
        let _ = writeln!(text, "{unmet}");
    }
    let columns =
        format!("{:<16}{:>15}{:>20}{:>16}", "", "CPU a minute", "wake-ups a minute", "memory (PSS)");
    let _ = writeln!(text, "\n{}", paint.with("1", &columns));
    for name in programs(bills).map(Some).chain([None]) {
        for (nth, bill) in bills.iter().enumerate() {
            let Cost { cpu, wakes, memory } = bill.mean(name);
            let name = if nth == 0 { name.unwrap_or("all") } else { "" };
            let _ = writeln!(
                text,
                "{name:<10}{:<6}{:>15}{:>20}{:>16}",
                bill.subject.id(),
                format!("{cpu:.1} ms"),
                format!("{wakes:.0}"),
                format!("{memory:.0} KB")
            );
        }
    }
    if bills.iter().any(|bill| bill.stacks.len() > 1) {
        let range = |bill: &Bill| {
            let (least, most) = bill.range();
            format!("{} {least:.1} to {most:.1} ms", bill.subject.id())
        };
        let ranges: Vec<_> = bills.iter().map(range).collect();
        let _ = writeln!(text, "CPU a minute of each stack: {}", ranges.join(", "));
    }
    text + &target_lines(targets, paint)
}

/// The names of a stack's programs.
fn programs(bills: &[Bill]) -> impl Iterator<Item = &'static str> {
    bills.iter().flat_map(|bill| &bill.stacks).take(1).flatten().map(|(name, _)| *name)
}

fn document(machine: &str, seconds: u64, unmet: Option<&str>, bills: &[Bill], targets: &[Target]) -> Value {
    let cost = |cost: Cost| json!({ "cpu_ms_per_minute": cost.cpu, "wakeups_per_minute": cost.wakes, "pss_kb": cost.memory });
    let of = |bill: &Bill| {
        let mut programs: serde_json::Map<_, _> =
            programs(bills).map(|name| (name.to_owned(), cost(bill.mean(Some(name))))).collect();
        programs.insert("all".to_owned(), cost(bill.mean(None)));
        let (least, most) = bill.range();
        let entry = json!({
            "about": bill.about,
            "stacks": bill.stacks.len(),
            "cpu_ms_per_minute_of_a_stack": { "least": least, "most": most },
            "programs": programs,
        });
        (bill.subject.id().to_owned(), entry)
    };
    let subjects: serde_json::Map<_, _> = bills.iter().map(of).collect();
    json!({
        "machine": machine,
        "seconds": seconds,
        "remark": unmet,
        "subjects": subjects,
        "targets": targets_json(targets),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(costs: [(f64, f64, f64); 3]) -> Costs {
        let costs = costs.map(|(cpu, wakes, memory)| Cost { cpu, wakes, memory });
        ["driver", "upsd", "upsmon"].into_iter().zip(costs).collect()
    }

    fn bill(subject: Subject, of: [(f64, f64, f64); 3]) -> Bill {
        Bill { subject, about: format!("{subject:?}"), stacks: vec![costs(of)] }
    }

    #[test]
    fn what_is_dearer_than_nut_s_is_missed() {
        let bills = [
            bill(Subject::Ours, [(3.0, 60.0, 1000.0), (4.0, 50.0, 900.0), (2.0, 13.0, 1100.4)]),
            bill(Subject::Nut, [(4.04, 74.4, 1100.0), (7.0, 60.0, 1100.0), (2.5, 10.0, 300.0)]),
        ];
        let targets = judge(&bills);
        assert_eq!(targets.iter().map(Target::met).collect::<Vec<_>>(), [Some(true), Some(true), Some(true)]);
        insta::assert_snapshot!(table("a machine", None, &bills, &targets, Paint(false)), @r"
        a machine
          ours  Ours
          nut   Nut

                           CPU a minute   wake-ups a minute    memory (PSS)
        driver    ours           3.0 ms                  60         1000 KB
                  nut            4.0 ms                  74         1100 KB
        upsd      ours           4.0 ms                  50          900 KB
                  nut            7.0 ms                  60         1100 KB
        upsmon    ours           2.0 ms                  13         1100 KB
                  nut            2.5 ms                  10          300 KB
        all       ours           9.0 ms                 123         3000 KB
                  nut           13.5 ms                 144         2500 KB

        Targets
        time on a core of all three, beside NUT's                      0.66x  at most 1.00x    met
        wake-ups of all three, beside NUT's                            0.85x  at most 1.00x    met
        memory of all three, beside NUT's                              1.20x  at most 2.00x    met
        ");
        let dearer =
            [bill(Subject::Ours, [(9.0, 90.0, 9000.0); 3]), bill(Subject::Nut, [(4.0, 74.0, 1100.0); 3])];
        assert!(judge(&dearer).iter().all(|target| target.met() == Some(false)));
        assert!(judge(&dearer[..1]).iter().all(|target| target.met().is_none()));
        let document = document("a machine", 60, Some("no NUT"), &bills, &targets);
        assert_eq!(document["subjects"]["ours"]["programs"]["all"]["wakeups_per_minute"], 123.0);
        assert_eq!(document["targets"][0]["met"], true);
    }

    #[test]
    fn several_stacks_are_judged_by_their_mean() {
        let mut bills = [
            bill(Subject::Ours, [(3.0, 60.0, 1000.0), (4.0, 50.0, 900.0), (2.0, 13.0, 1100.0)]),
            bill(Subject::Nut, [(4.0, 74.0, 1000.0), (7.0, 60.0, 1000.0), (2.0, 10.0, 300.0)]),
        ];
        bills[0].stacks.push(costs([(6.0, 60.0, 1000.0), (8.0, 50.0, 900.0), (4.0, 13.0, 1100.0)]));
        bills[1].stacks.push(costs([(4.0, 74.0, 1000.0), (7.0, 60.0, 1000.0), (3.0, 10.0, 300.0)]));
        let targets = judge(&bills);
        let values: Vec<_> = targets.iter().map(|target| target.value).collect();
        assert_eq!(values, [Some(1.0), Some(123.0 / 144.0), None]);
        let table = table("a machine", None, &bills, &targets, Paint(false));
        let each = "CPU a minute of each stack: ours 9.0 to 18.0 ms, nut 13.0 to 14.0 ms";
        assert!(table.lines().any(|line| line == each), "{table}");
        let document = document("a machine", 60, None, &bills, &targets);
        assert_eq!(document["subjects"]["ours"]["stacks"], 2);
        assert_eq!(document["subjects"]["ours"]["cpu_ms_per_minute_of_a_stack"]["most"], 18.0);
        assert_eq!(document["subjects"]["ours"]["programs"]["upsd"]["cpu_ms_per_minute"], 6.0);
    }
}
