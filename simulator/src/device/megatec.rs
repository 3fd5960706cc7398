//! Megatec (Q1) firmware over a plant: the protocol of most small serial UPSes.
//!
//! A command is ASCII up to a carriage return. Queries are answered; orders are obeyed in silence; what is not
//! understood is sent back as it came.

use std::collections::VecDeque;
use std::time::Duration;

use super::Machine;
use super::serial::SerialDevice;
use crate::plant::{Beeper, Plant, TestResult};

/// Time the firmware thinks before it answers.
const THINKING: Duration = Duration::from_millis(20);
/// Time of one character at 2400 baud, 8N1.
const CHARACTER: Duration = Duration::from_micros(4167);
/// The longest command kept; more before a carriage return is noise.
const LONGEST: usize = 32;
/// How long the output stays off after a shutdown without a return time.
const SHORT_OFF: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// What it calls itself (the answer to `I`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameplate {
    /// At most 15 characters.
    pub manufacturer: String,
    /// At most 10 characters.
    pub model: String,
    /// At most 10 characters.
    pub firmware: String,
    /// An on-line UPS: status bit 3 is 0, and the battery voltage is that of a cell.
    pub online: bool,
}

/// A Megatec UPS.
pub struct Megatec {
    nameplate: Nameplate,
    plant: Plant,
    command: Vec<u8>,
    answers: VecDeque<(Duration, Vec<u8>)>,
}

impl Megatec {
    /// A device that was just powered.
    pub fn new(nameplate: Nameplate, plant: Plant) -> Self {
        Self { nameplate, plant, command: Vec::new(), answers: VecDeque::new() }
    }

    /// Does what a command says; the answer with its carriage return, or nothing.
    fn obey(&mut self, now: Duration, command: &str) -> Option<String> {
        match command {
            "" => return None,
            "Q1" => return Some(self.status()),
            "F" => return Some(self.rating()),
            "I" => return Some(self.information()),
            "Q" => {
                let enabled = self.plant.state().beeper == Beeper::Enabled;
                self.plant.set_beeper(now, if enabled { Beeper::Disabled } else { Beeper::Enabled });
            }
            "T" => {
                let duration = self.plant.settings().test_duration;
                self.plant.start_test(now, Some(duration));
            }
            "TL" => self.plant.start_test(now, None),
            "CT" => self.plant.stop_test(now),
            "C" => {
                self.plant.cancel(now);
                if !self.plant.state().output_on {
                    self.plant.start_after(now, Some(Duration::ZERO));
                }
            }
            _ => {
                if self.obey_with_argument(now, command).is_none() {
                    return Some(format!("{command}\r"));
                }
            }
        }
        None
    }

    fn obey_with_argument(&mut self, now: Duration, command: &str) -> Option<()> {
        if let Some(minutes) = command.strip_prefix('T') {
            let minutes = digits(minutes, 2).filter(|minutes| *minutes > 0)?;
            self.plant.start_test(now, Some(MINUTE * minutes));
            return Some(());
        }
        let rest = command.strip_prefix('S')?;
        let (off, on) = match rest.split_once('R') {
            Some((off, on)) => (shutdown_delay(off)?, Some(digits(on, 4)?)),
            None => (shutdown_delay(rest)?, None),
        };
        match on {
            Some(0) => self.plant.start_after(now, None),
            Some(minutes) => self.plant.start_after_cut(now, MINUTE * minutes),
            None => self.plant.start_after_cut(now, SHORT_OFF),
        }
        self.plant.shutdown_after(now, Some(off));
        Some(())
    }

    /// `(MMM.M NNN.N PPP.P QQQ RR.R S.SS TT.T b7b6b5b4b3b2b1b0`
    fn status(&self) -> String {
        let state = self.plant.state();
        let cells = f64::from(self.plant.settings().battery.cells);
        let battery = match self.nameplate.online {
            true => (state.battery_voltage / cells, 1, 2),
            false => (state.battery_voltage, 2, 1),
        };
        let frequency = if state.discharging { state.output_frequency } else { state.input_frequency };
        let shutting_down = state.shutdown_in.is_some() || (!state.output_on && state.start_in.is_some());
        let mut text = columns(
            '(',
            &[
                volts(state.input_voltage),
                // The voltage of the last transfer to battery would be here; of this firmware it is the present one.
                volts(state.input_voltage),
                volts(state.output_voltage),
                (state.load, 3, 0),
                (frequency, 2, 1),
                battery,
                (state.battery_temperature, 2, 1),
            ],
        );
        text.push(' ');
        text.extend(
            [
                !state.mains_good,
                state.low,
                false,
                state.test_result == TestResult::Failed,
                !self.nameplate.online,
                state.testing,
                shutting_down,
                state.beeper == Beeper::Enabled,
            ]
            .map(|bit| if bit { '1' } else { '0' }),
        );
        text.push('\r');
        text
    }

    /// `#MMM.M QQQ SSS.S RR.R`: voltage, current, battery voltage, frequency.
    fn rating(&self) -> String {
        let settings = self.plant.settings();
        let mut text = columns(
            '#',
            &[
                volts(settings.nominal_voltage),
                (settings.apparent_power / settings.nominal_voltage, 3, 0),
                volts(settings.battery.nominal_voltage()),
                (settings.nominal_frequency, 2, 1),
            ],
        );
        text.push('\r');
        text
    }

    fn information(&self) -> String {
        let Nameplate { manufacturer, model, firmware, .. } = &self.nameplate;
        format!("#{manufacturer:<15.15} {model:<10.10} {firmware:<10.10}\r")
    }
}

/// A number in columns of fixed width: its value, and the places before and after the point.
type Figure = (f64, u32, u32);

fn volts(value: f64) -> Figure {
    (value, 3, 1)
}

/// Numbers as firmware prints them: in whole units of their last place, never beyond what their columns hold.
fn columns(start: char, figures: &[Figure]) -> String {
    // The longest answer, and then some.
    let mut text = String::with_capacity(64);
    text.push(start);
    for (index, (value, whole, fraction)) in figures.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        let most = 10_u32.pow(whole + fraction) - 1;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; what is no number is 0"
        )]
        let scaled = (value * f64::from(10_u32.pow(*fraction))).round().clamp(0.0, f64::from(most)) as u32;
        for place in (0..whole + fraction).rev() {
            if place + 1 == *fraction {
                text.push('.');
            }
            let digit = scaled / 10_u32.pow(place) % 10;
            text.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
    }
    text
}

/// Exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// `.2` to `.9`: tenths of a minute; `01` to `10`: minutes; `00`: at once.
fn shutdown_delay(text: &str) -> Option<Duration> {
    match text.strip_prefix('.') {
        Some(tenths) => digits(tenths, 1).filter(|tenths| *tenths >= 2).map(|tenths| MINUTE * tenths / 10),
        None => digits(text, 2).filter(|minutes| *minutes <= 10).map(|minutes| MINUTE * minutes),
    }
}

impl Machine for Megatec {
    fn plant(&self) -> &Plant {
        &self.plant
    }

    fn plant_mut(&mut self) -> &mut Plant {
        &mut self.plant
    }
}

impl SerialDevice for Megatec {
    fn receive(&mut self, now: Duration, bytes: &[u8]) {
        self.plant.advance(now);
        for byte in bytes {
            match byte {
                b'\r' => {
                    let command = std::mem::take(&mut self.command);
                    if command.len() > LONGEST {
                        continue;
                    }
                    let command = String::from_utf8_lossy(&command).into_owned();
                    if let Some(answer) = self.obey(now, &command) {
                        let begin = self.answers.back().map_or(now, |(at, _)| now.max(*at));
                        let took = CHARACTER.saturating_mul(answer.len() as u32);
                        self.answers.push_back((begin + THINKING + took, answer.into_bytes()));
                    }
                }
                // Some hosts end a line with both.
                b'\n' => {}
                // One more than the longest marks noise, however much of it comes.
                _ if self.command.len() <= LONGEST => self.command.push(*byte),
                _ => {}
            }
        }
    }

    fn transmit(&mut self, now: Duration) -> Vec<u8> {
        self.plant.advance(now);
        let mut bytes = Vec::new();
        while let Some((_, answer)) = self.answers.pop_front_if(|(at, _)| *at <= now) {
            bytes.extend(answer);
        }
        bytes
    }

    fn wake_at(&self) -> Option<Duration> {
        self.answers.front().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;
    use crate::plant::Settings;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn ups() -> Megatec {
        let nameplate = Nameplate {
            manufacturer: "Outage".into(),
            model: "Q1-650".into(),
            firmware: "V1.0".into(),
            online: false,
        };
        Megatec::new(nameplate, Plant::new(Settings { apparent_power: 650.0, ..Settings::default() }))
    }

    /// Sends a command and gives the answer, however late it comes.
    fn ask(ups: &mut Megatec, now: Duration, command: &str) -> String {
        ups.receive(now, format!("{command}\r").as_bytes());
        let ready = ups.wake_at().unwrap_or(now);
        String::from_utf8(ups.transmit(ready)).unwrap().replace('\r', "<CR>")
    }

    #[test]
    fn a_dialogue() {
        let mut ups = ups();
        let mut lines = Vec::new();
        let mut say = |ups: &mut Megatec, at: u64, command: &str| {
            let answer = ask(ups, s(at), command);
            lines.push(format!("{at:>5} {command:<9} {answer}").trim_end().to_owned());
        };
        say(&mut ups, 1, "Q1");
        say(&mut ups, 2, "F");
        say(&mut ups, 3, "I");
        say(&mut ups, 4, "D");
        say(&mut ups, 5, "Q");
        say(&mut ups, 6, "Q1");
        say(&mut ups, 7, "T");
        say(&mut ups, 8, "Q1");
        ups.plant_mut().set_mains(s(20), false);
        say(&mut ups, 30, "Q1");
        ups.plant_mut().set_charge(s(31), 15.0);
        say(&mut ups, 32, "Q1");
        say(&mut ups, 33, "S.5R0003");
        say(&mut ups, 34, "Q1");
        say(&mut ups, 64, "Q1");
        ups.plant_mut().set_mains(s(70), true);
        say(&mut ups, 75, "Q1");
        say(&mut ups, 243, "Q1");
        say(&mut ups, 250, "S12R0001");
        insta::assert_snapshot!(lines.join("\n"), @"
        1 Q1        (230.0 230.0 230.0 025 50.0 13.6 25.0 00001001<CR>
        2 F         #230.0 003 012.0 50.0<CR>
        3 I         #Outage          Q1-650     V1.0      <CR>
        4 D         D<CR>
        5 Q
        6 Q1        (230.0 230.0 230.0 025 50.0 13.6 25.0 00001000<CR>
        7 T
        8 Q1        (230.0 230.0 230.0 025 50.0 12.4 25.0 00001100<CR>
       30 Q1        (000.0 000.0 230.0 025 50.0 12.4 25.0 10001000<CR>
       32 Q1        (000.0 000.0 230.0 025 50.0 11.1 25.0 11001000<CR>
       33 S.5R0003
       34 Q1        (000.0 000.0 230.0 025 50.0 11.1 25.0 11001010<CR>
       64 Q1        (000.0 000.0 000.0 000 00.0 11.4 25.0 11001010<CR>
       75 Q1        (230.0 230.0 000.0 000 50.0 12.1 25.0 01001010<CR>
      243 Q1        (230.0 230.0 230.0 025 50.0 12.1 25.0 01001000<CR>
      250 S12R0001  S12R0001<CR>
        ");
    }

    #[rstest]
    #[case("Q1", 47)]
    #[case("F", 22)]
    #[case("I", 39)]
    fn answers_have_their_columns(#[case] query: &str, #[case] length: usize) {
        let mut ups = ups();
        ups.receive(s(0), format!("{query}\r").as_bytes());
        assert_eq!(ups.transmit(s(1)).len(), length);
        ups.plant_mut().set_mains_voltage(s(1), 2000.0);
        ups.plant_mut().set_load(s(1), 200.0);
        ups.plant_mut().set_temperature(s(1), 150.0);
        ups.receive(s(2), format!("{query}\r").as_bytes());
        assert_eq!(ups.transmit(s(3)).len(), length, "with figures that are too large");
    }

    #[rstest]
    #[case::at_once("S00R0000", Some(0), None)]
    #[case::tenths("S.2R0001", Some(12), Some(72))]
    #[case::minutes("S10R0010", Some(600), Some(1200))]
    #[case::no_return("S01R0000", Some(60), None)]
    #[case::no_return_time("S01", Some(60), Some(70))]
    #[case::too_short("S.1R0001", None, None)]
    #[case::too_long("S11R0001", None, None)]
    #[case::short_return("S01R1", None, None)]
    #[case::sign("S+1R0001", None, None)]
    #[case::not_ascii("Sé1R0001", None, None)]
    fn shutdowns(#[case] command: &str, #[case] off: Option<u64>, #[case] on: Option<u64>) {
        let mut ups = ups();
        let answer = ask(&mut ups, s(0), command);
        assert_eq!(answer.is_empty(), off.is_some(), "{answer}");
        let mut seen = (None, None);
        ups.plant_mut().advance(s(10_000));
        for event in ups.plant_mut().take_events() {
            match event.what {
                crate::plant::PlantEvent::OutputOff(_) => seen.0 = Some(event.at.as_secs()),
                crate::plant::PlantEvent::OutputOn(_) => seen.1 = Some(event.at.as_secs()),
                _ => {}
            }
        }
        assert_eq!(seen, (off, on));
    }

    #[test]
    fn cancel_before_and_after_the_cut() {
        let mut ups = ups();
        ask(&mut ups, s(0), "S01R0010");
        ask(&mut ups, s(30), "C");
        ups.plant_mut().advance(s(100));
        assert!(ups.plant().state().output_on);
        ask(&mut ups, s(100), "S01R0010");
        ups.plant_mut().advance(s(170));
        assert!(!ups.plant().state().output_on);
        ask(&mut ups, s(170), "C");
        assert!(ups.plant().state().output_on);
    }

    #[test]
    fn a_command_may_come_in_pieces_and_noise_is_dropped() {
        let mut ups = ups();
        ups.receive(s(0), b"Q");
        ups.receive(s(1), b"1");
        assert_eq!(ups.wake_at(), None);
        ups.receive(s(2), b"\r\n");
        assert_eq!(ups.transmit(s(3)).len(), 47);
        ups.receive(s(4), &[b'x'; 1000]);
        ups.receive(s(4), b"\rF\r");
        assert_eq!(ups.transmit(s(5)).len(), 22);
    }

    #[test]
    fn an_answer_takes_the_time_of_the_line() {
        let mut ups = ups();
        ups.receive(s(1), b"Q1\rF\r");
        assert!(ups.transmit(s(1)).is_empty());
        let first = ups.wake_at().unwrap();
        assert!((Duration::from_millis(1210)..Duration::from_millis(1220)).contains(&first), "{first:?}");
        assert_eq!(ups.transmit(first).len(), 47);
        assert!(ups.wake_at().unwrap() > first + THINKING);
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_it_from_answering() {
        fn property(noise: Vec<Vec<u8>>) -> bool {
            let mut ups = ups();
            for bytes in &noise {
                ups.receive(s(1), bytes);
            }
            ups.receive(s(1), b"\r");
            ups.transmit(s(100_000));
            ups.receive(s(100_000), b"Q1\r");
            ups.transmit(s(100_001)).len() == 47
        }
        quickcheck(property as fn(Vec<Vec<u8>>) -> bool);
    }
}
