//! `outage bench upsmon`: from the mains' failure at the driver's socket until NOTIFYCMD runs, beside NUT's stack.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};

use super::played::Played;
use super::report::{Paint, target_lines, targets_json, times};
use super::server::Subject;
use super::stack::{Stacks, Wanted};
use super::targets::{Bound, Target};
use super::{Output, Settings, machine, pause};
use crate::clock::Stopwatch;

/// POLLFREQ and POLLFREQALERT of the rows, in seconds. 5 is what upsmon does by itself.
const PERIODS: [u64; 2] = [1, 5];

/// A notice that takes longer is not coming.
const NOTICE_LIMIT: Duration = Duration::from_secs(60);

/// The golden ratio's fractional part: its multiples fall evenly into a poll's period, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// The delays of one stack with one POLLFREQ, in seconds.
struct Series {
    period: u64,
    subject: Subject,
    delays: Vec<f64>,
}

/// The delay that `part` of all are not longer than.
fn quantile(delays: &[f64], part: f64) -> f64 {
    let mut sorted = delays.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((sorted.len() as f64 * part).ceil() as usize).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// Measures `samples` failures with each POLLFREQ, and says what was found.
pub(super) fn run(
    settings: &Settings,
    program: &Path,
    samples: usize,
    output: Output,
    progress: &mut dyn FnMut(&str),
) -> Result<String, String> {
    let description = machine::description();
    let stacks = Stacks::new(program, settings.nut.as_deref())?;
    let (subjects, unmet) = stacks.subjects();
    if let (Some(unmet), Some(_)) = (&unmet, &settings.nut) {
        return Err(unmet.clone());
    }
    let mut series = Vec::new();
    for period in PERIODS {
        progress(&format!("POLLFREQ {period}"));
        // Side by side, each at its own pace: the machine is the same for both.
        let found: Vec<Result<Series, String>> = std::thread::scope(|scope| {
            let measure = |subject| {
                let stacks = &stacks;
                scope.spawn(move || {
                    let delays = measure(stacks, subject, period, samples)?;
                    Ok(Series { period, subject, delays })
                })
            };
            let threads: Vec<_> = subjects.iter().copied().map(measure).collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread.join().unwrap_or_else(|_| Err("the measuring thread panicked".to_owned()))
                })
                .collect()
        });
        for found in found {
            series.push(found?);
        }
    }
    let about: Vec<_> = subjects.iter().map(|&subject| (subject, stacks.about(subject))).collect();
    let targets = judge(&series);
    Ok(match output {
        Output::Table { colour } => {
            let head = format!(
                "{description}\nfrom OB at the driver's socket to NOTIFYCMD's first act; {samples} samples each; the stacks side by side"
            );
            table(&head, &about, unmet.as_deref(), &series, &targets, Paint(colour))
        }
        Output::Json => {
            format!("{:#}\n", document(&description, &about, unmet.as_deref(), &series, &targets))
        }
    })
}

/// The delays of one stack, of which the driver is played.
fn measure(stacks: &Stacks, subject: Subject, period: u64, samples: usize) -> Result<Vec<f64>, String> {
    let home = stacks.home(&format!("{}-{period}", subject.id()))?;
    let failed = |what: &str, error: String| format!("failed to {what} in {}: {error}", home.display());
    let (fifo, script) = (home.join("notices"), home.join("notify"));
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0)
        .map_err(|error| failed("make a fifo", error.to_string()))?;
    // `echo` is the shell's own: nothing more is started.
    let text = format!("#!/bin/sh\necho \"$NOTIFYTYPE\" >{}\n", fifo.display());
    fs::write(&script, text)
        .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)))
        .map_err(|error| failed("write a script", error.to_string()))?;
    // Open for both, so that it has an end neither for us nor for the script.
    let notices = fs::File::options().read(true).write(true).open(&fifo);
    let notices = notices.map_err(|error| failed("open a fifo", error.to_string()))?;
    let watch = Stopwatch::start();
    let (sender, heard) = channel();
    // Ends with this process: it may wait for a line that never comes.
    std::thread::spawn(move || {
        let lines = BufReader::new(notices).lines().map_while(Result::ok);
        lines.map(|line| (watch.elapsed(), line)).try_for_each(|heard| sender.send(heard))
    });
    let driver = Played::listen(&home)?;
    let upsmon = format!(
        "POLLFREQ {period}\nPOLLFREQALERT {period}\nNOTIFYCMD {}\nNOTIFYFLAG ONBATT EXEC\nNOTIFYFLAG ONLINE EXEC\n",
        script.display()
    );
    let mut stack = stacks.start(subject, &home, &Wanted { driver: false, upsmon })?;
    let mut delays = Vec::new();
    for sample in 0..samples {
        // A poll has just been: from here on the next failure comes at every part of a period equally often.
        pause(Duration::from_secs(period).mul_f64((sample as f64 * GOLDEN).fract()));
        let off = watch.elapsed();
        driver.say_status("OB")?;
        let on_battery = notice(&heard, "ONBATT").map_err(|text| failed("measure", text))?;
        delays.push((on_battery - off).as_secs_f64());
        driver.say_status("OL")?;
        notice(&heard, "ONLINE").map_err(|text| failed("measure", text))?;
        stack.check()?;
    }
    Ok(delays)
}

/// When this notice came.
fn notice(heard: &Receiver<(Duration, String)>, wanted: &str) -> Result<Duration, String> {
    match heard.recv_timeout(NOTICE_LIMIT) {
        Ok((at, line)) if line == wanted => Ok(at),
        Ok((_, line)) => Err(format!("the notice {line} came instead of {wanted}")),
        Err(_) => Err(format!("no {wanted} within {NOTICE_LIMIT:?}")),
    }
}

fn judge(series: &[Series]) -> Vec<Target> {
    let of = |subject, period| {
        let own = series.iter().find(|own| own.subject == subject && own.period == period)?;
        Some(quantile(&own.delays, 0.5))
    };
    let ratio = |period| Some(of(Subject::Ours, period)? / of(Subject::Nut, period)?);
    // The phase of a poll is chance: medians of some tens of samples of the same stack differ by a tenth.
    let target = |claim, value| Target { claim, bound: Bound::AtMost(1.1), unit: "x", value };
    vec![
        target("median with POLLFREQ 1, beside NUT's", ratio(1)),
        target("median with POLLFREQ 5, beside NUT's", ratio(5)),
    ]
}

type About = [(Subject, String)];

fn table(
    head: &str,
    about: &About,
    unmet: Option<&str>,
    series: &[Series],
    targets: &[Target],
    paint: Paint,
) -> String {
    let mut text = format!("{head}\n");
    for (subject, about) in about {
        let _ = writeln!(text, "  {:<5} {about}", subject.id());
    }
    if let Some(unmet) = unmet {
        let _ = writeln!(text, "{unmet}");
    }
    let columns = format!("{:<20}{:>10}{:>10}{:>10}  ours beside it", "", "min", "median", "p99");
    let _ = writeln!(text, "\n{}", paint.with("1", &columns));
    for (nth, own) in series.iter().enumerate() {
        let first = nth == 0 || series[nth - 1].period != own.period;
        let name = if first { format!("POLLFREQ {}", own.period) } else { String::new() };
        let [min, half, most] = [0.0, 0.5, 0.99].map(|part| quantile(&own.delays, part));
        let _ = write!(
            text,
            "{name:<14}{:<6}{:>10}{:>10}{:>10}",
            own.subject.id(),
            format!("{min:.3} s"),
            format!("{half:.3} s"),
            format!("{most:.3} s")
        );
        let ours = series.iter().find(|other| other.subject == Subject::Ours && other.period == own.period);
        if let (Some(ours), true) = (ours, own.subject != Subject::Ours) {
            let ratio = |part, all| quantile(&ours.delays, part) / all;
            let _ = write!(
                text,
                "  {} the median, {} the p99",
                times(ratio(0.5, half)),
                times(ratio(0.99, most))
            );
        }
        text.push('\n');
    }
    text + &target_lines(targets, paint)
}

fn document(
    machine: &str,
    about: &About,
    unmet: Option<&str>,
    series: &[Series],
    targets: &[Target],
) -> Value {
    let about: serde_json::Map<_, _> =
        about.iter().map(|(subject, about)| (subject.id().to_owned(), json!(about))).collect();
    let rows: Vec<_> = series
        .iter()
        .map(|own| {
            let [min, half, most] = [0.0, 0.5, 0.99].map(|part| quantile(&own.delays, part));
            json!({
                "pollfreq": own.period, "subject": own.subject.id(), "samples_s": own.delays,
                "min_s": min, "median_s": half, "p99_s": most,
            })
        })
        .collect();
    json!({ "machine": machine, "subjects": about, "remark": unmet, "rows": rows, "targets": targets_json(targets) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_reported_side_by_side() {
        let series = |subject, delays: &[f64]| Series { period: 1, subject, delays: delays.to_vec() };
        let both =
            [series(Subject::Ours, &[0.9, 0.3, 0.4, 0.1]), series(Subject::Nut, &[0.6, 0.2, 1.0, 0.5])];
        let targets = judge(&both);
        assert_eq!(targets.iter().map(Target::met).collect::<Vec<_>>(), [Some(true), None]);
        let about = [(Subject::Ours, "ours".to_owned()), (Subject::Nut, "theirs".to_owned())];
        insta::assert_snapshot!(table("a machine", &about, None, &both, &targets, Paint(false)), @r"
        a machine
          ours  ours
          nut   theirs

                                   min    median       p99  ours beside it
        POLLFREQ 1    ours     0.100 s   0.300 s   0.900 s
                      nut      0.200 s   0.500 s   1.000 s  0.60x the median, 0.90x the p99

        Targets
        median with POLLFREQ 1, beside NUT's                           0.60x  at most 1.10x    met
        median with POLLFREQ 5, beside NUT's                               -  at most 1.10x    not measured
        ");
        let document = document("a machine", &about, None, &both, &targets);
        assert_eq!(document["rows"][1]["p99_s"], 1.0);
        assert_eq!(document["rows"][0]["min_s"], 0.1);
    }
}
