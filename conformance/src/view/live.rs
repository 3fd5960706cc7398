//! A run on a terminal: lines scroll by above, the UPS is drawn below as it changes.

use std::io::Stdout;
use std::time::Duration;

use outage_simulator::ups::State;
use ratatui::backend::CrosstermBackend;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, Widget as _};
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::strip::Strip;
use super::{Collector, notable};
use crate::report::say;
use crate::run::{Outcome, Watch};
use crate::scenario::MachineState;
use crate::trace::{Event, What};

/// Rows of the drawing: five rows, and the frame with the lamps.
const HEIGHT: u16 = 7;

struct Live {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    collector: Collector,
    /// A terminal that stopped taking what is drawn must not end the run: its first error is kept.
    error: Option<String>,
}

impl Live {
    fn line(&mut self, line: Line<'static>) {
        let drawn = self.terminal.insert_before(1, |buffer| Paragraph::new(line).render(buffer.area, buffer));
        self.keep(drawn);
    }

    fn keep(&mut self, drawn: std::io::Result<()>) {
        if let Err(error) = drawn {
            self.error.get_or_insert_with(|| format!("failed to draw on the terminal: {error}"));
        }
    }

    fn draw(&mut self) {
        let strip = &self.collector.strip;
        let lamps = lamps(strip, self.collector.machine);
        let drawn = self
            .terminal
            .draw(|frame| {
                let block = Block::default().borders(Borders::ALL).title(lamps);
                let width = usize::from(frame.area().width.saturating_sub(12));
                let lines: Vec<_> =
                    strip.rows(width).into_iter().map(|(label, row)| coloured(label, &row)).collect();
                frame.render_widget(Paragraph::new(lines).block(block), frame.area());
            })
            .map(|_| ());
        self.keep(drawn);
    }
}

/// Mains, charge, load, output and machine as they are now.
fn lamps(strip: &Strip, machine: MachineState) -> Line<'static> {
    let Some(now) = strip.last() else { return Line::from(" starting ") };
    let lamp = |name: &'static str, on: bool| {
        let (mark, colour) = if on { ("●", Color::Green) } else { ("○", Color::Red) };
        Span::styled(format!(" {mark} {name} "), Style::new().fg(colour))
    };
    Line::from(vec![
        Span::raw(format!(" {:6.1} s ", now.at.as_secs_f64())),
        lamp("mains", now.mains),
        Span::raw(format!(" charge {:5.1} %  load {:3.0} % ", now.charge, now.load)),
        lamp("output", now.output),
        Span::styled(format!(" machine {machine} "), machine_style(machine)),
    ])
}

fn machine_style(machine: MachineState) -> Style {
    Style::new().fg(match machine {
        MachineState::Running => Color::Green,
        MachineState::Stopping | MachineState::Stopped => Color::Yellow,
        MachineState::Off => Color::DarkGray,
        MachineState::Crashed => Color::Red,
    })
}

/// A row of the drawing, lines and letters in the colours of what they stand for.
fn coloured(label: &'static str, row: &str) -> Line<'static> {
    let mut spans = vec![Span::raw(format!("{label:>8} "))];
    for char in row.chars() {
        let colour = match (label, char) {
            (_, '━') | ("machine", 'R') => Color::Green,
            (_, '·') | ("machine", 'X') => Color::Red,
            ("machine", 's' | 'S') => Color::Yellow,
            ("charge", _) => Color::Cyan,
            _ => Color::DarkGray,
        };
        spans.push(Span::styled(char.to_string(), Style::new().fg(colour)));
    }
    Line::from(spans)
}

fn style(event: &Event) -> Style {
    match &event.what {
        What::Action { .. } => Style::new().fg(Color::Magenta).add_modifier(Modifier::BOLD),
        What::Notice { .. } | What::ShutdownCommand | What::FlagWritten | What::CutOrdered => {
            Style::new().fg(Color::Yellow)
        }
        What::Machine { state } => machine_style(*state).add_modifier(Modifier::BOLD),
        What::Output { on, .. } => Style::new().fg(if *on { Color::Green } else { Color::Red }),
        What::Ups { .. } | What::Answer { .. } => Style::new().fg(Color::Cyan),
        What::Damage { .. } => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        What::Log { .. } | What::Exit { .. } => Style::new().fg(Color::DarkGray),
    }
}

impl Watch for Live {
    fn event(&mut self, event: &Event) {
        self.collector.event(event);
        if notable(event) {
            self.line(Line::styled(event.to_string(), style(event)));
        }
    }

    fn picture(&mut self, at: Duration, upses: &[(String, State)]) {
        self.collector.picture(at, upses);
        self.draw();
    }
}

pub(super) fn show(
    heading: &str,
    execute: impl FnOnce(&mut dyn Watch) -> Outcome,
) -> Result<(Outcome, Strip), String> {
    say(format_args!("{heading}"));
    let options = TerminalOptions { viewport: Viewport::Inline(HEIGHT) };
    let terminal =
        Terminal::with_options(CrosstermBackend::new(std::io::stdout()), options).map_err(|error| {
            format!("failed to draw on the terminal: {error} (with `| cat` it prints plain lines)")
        })?;
    let mut live = Live { terminal, collector: Collector::new(), error: None };
    let outcome = execute(&mut live);
    let cleared = live.terminal.clear();
    live.keep(cleared);
    match live.error {
        None => Ok((outcome, live.collector.strip)),
        Some(error) => Err(error),
    }
}
