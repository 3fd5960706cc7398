//! A UPS drawn over time: one row each for the mains, the battery's charge, the load, the output and the machine.

use std::time::Duration;

use crate::scenario::MachineState;

/// A UPS and its machine at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Scenario time.
    pub at: Duration,
    /// Whether the mains are there.
    pub mains: bool,
    /// Whether the load has power.
    pub output: bool,
    /// Percent.
    pub charge: f64,
    /// Percent.
    pub load: f64,
    /// What the machine does.
    pub machine: MachineState,
}

/// Samples in order of time.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    samples: Vec<Sample>,
}

/// Eighths of a character cell, from the bottom.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl Strip {
    /// Adds a sample; time never runs backwards.
    pub fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// The last sample.
    #[must_use]
    pub fn last(&self) -> Option<&Sample> {
        self.samples.last()
    }

    /// The rows, label and drawing each, `width` columns wide. Empty without samples.
    #[must_use]
    pub fn rows(&self, width: usize) -> Vec<(&'static str, String)> {
        let Some(end) = self.samples.last().map(|sample| sample.at) else { return Vec::new() };
        let columns = self.columns(width, end);
        let row =
            |draw: &dyn Fn(&Sample) -> char| columns.iter().map(|sample| sample.map_or(' ', draw)).collect();
        let line = |on: bool| if on { '━' } else { '·' };
        vec![
            ("mains", row(&|sample| line(sample.mains))),
            ("charge", row(&|sample| eighth(sample.charge))),
            ("load", row(&|sample| eighth(sample.load))),
            ("output", row(&|sample| line(sample.output))),
            ("machine", row(&|sample| letter(sample.machine))),
        ]
    }

    /// The whole picture as text, with a scale of time below.
    #[must_use]
    pub fn text(&self, width: usize) -> String {
        let mut lines: Vec<_> =
            self.rows(width).into_iter().map(|(label, row)| format!("{label:>8} {row}")).collect();
        if let Some(end) = self.last().map(|sample| sample.at.as_secs_f64()) {
            let end = format!("{end:.0} s");
            lines.push(format!("{:>8} 0 s{end:>width$}", "", width = width.saturating_sub(3)));
            lines.push(format!("{:>8} machine: R running, s stopping, S stopped, . off, X crashed", ""));
        }
        lines.join("\n")
    }

    /// The sample that stands for each column: the last one in it, else the one before.
    fn columns(&self, width: usize, end: Duration) -> Vec<Option<&Sample>> {
        let end = end.as_secs_f64().max(f64::EPSILON);
        let mut columns = vec![None; width];
        for sample in &self.samples {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a column's number is small and never negative"
            )]
            let column = (sample.at.as_secs_f64() / end * width as f64) as usize;
            if let Some(column) = columns.get_mut(column.min(width.saturating_sub(1))) {
                *column = Some(sample);
            }
        }
        let mut before = None;
        for column in &mut columns {
            before = column.or(before);
            *column = before;
        }
        columns
    }
}

fn eighth(percent: f64) -> char {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=8")]
    let eighths = (percent / 12.5).round().clamp(0.0, 8.0) as usize;
    // Something is not nothing.
    EIGHTHS[if percent > 0.0 { eighths.max(1) } else { eighths }]
}

fn letter(state: MachineState) -> char {
    match state {
        MachineState::Running => 'R',
        MachineState::Stopping => 's',
        MachineState::Stopped => 'S',
        MachineState::Off => '.',
        MachineState::Crashed => 'X',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: u64, mains: bool, output: bool, charge: f64, machine: MachineState) -> Sample {
        let load = if output { 40.0 } else { 0.0 };
        Sample { at: Duration::from_secs(at), mains, output, charge, load, machine }
    }

    #[test]
    fn an_outage_drawn() {
        let mut strip = Strip::default();
        for (at, mains, output, charge, machine) in [
            (0, true, true, 70.0, MachineState::Running),
            (40, false, true, 65.0, MachineState::Running),
            (80, false, true, 12.0, MachineState::Stopping),
            (90, false, true, 10.0, MachineState::Stopped),
            (100, false, false, 8.0, MachineState::Off),
            (160, true, true, 20.0, MachineState::Running),
            (200, true, true, 40.0, MachineState::Running),
        ] {
            strip.push(sample(at, mains, output, charge, machine));
        }
        insta::assert_snapshot!(strip.text(40), @r"
           mains ━━━━━━━━························━━━━━━━━
          charge ▆▆▆▆▆▆▆▆▅▅▅▅▅▅▅▅▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂▂▂▂▂▂▂▃
            load ▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃▃            ▃▃▃▃▃▃▃▃
          output ━━━━━━━━━━━━━━━━━━━━············━━━━━━━━
         machine RRRRRRRRRRRRRRRRssSS............RRRRRRRR
                 0 s                                200 s
                 machine: R running, s stopping, S stopped, . off, X crashed
        ");
    }

    #[test]
    fn nothing_drawn_of_nothing() {
        assert_eq!(Strip::default().text(40), "");
    }
}
