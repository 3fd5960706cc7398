//! Which reports hold what the tables ask for, and what was learnt from them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use outage_hid::{Descriptor, Item, Path, ReportKind};

use super::dates::{apc_date, date, packed_date};
use super::mapping::{FlagRow, Form, Poll, Row, Sense, Subdriver};
use super::model::Line;
use crate::core::tree::Tree;

/// What a field is for: the index of a variable row or of a flag row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Variable(usize),
    Flag(usize),
}

/// A mapped item.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) what: What,
    pub(crate) item: Item,
}

/// What is known of a report since the device was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// Not asked for yet.
    Unknown,
    /// It was read.
    Good,
    /// The device stalled on it from the first: it is not asked for again.
    Unsupported,
}

/// A report with mapped items.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) kind: ReportKind,
    pub(crate) id: u8,
    pub(crate) fields: Vec<Field>,
    /// The most frequent of its rows.
    pub(crate) poll: Poll,
    /// Asked for in every cycle even when the device sends reports by itself.
    pub(crate) heartbeat: bool,
    pub(crate) health: Health,
    /// Data as they were last applied.
    pub(crate) last: Option<Vec<u8>>,
}

/// Which reports a cycle reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All there are.
    Init,
    /// What changes by itself, and after a write what that may have changed.
    Full { after_write: bool },
    /// What the status hangs on; without `pushed`, everything marked quick.
    Quick { pushed: bool },
}

impl Report {
    pub(crate) fn is_due(&self, mode: Mode) -> bool {
        self.health != Health::Unsupported
            && match mode {
                Mode::Init => true,
                Mode::Full { after_write } => {
                    self.poll <= if after_write { Poll::AfterWrite } else { Poll::Full }
                }
                Mode::Quick { pushed } => self.heartbeat || (!pushed && self.poll == Poll::Quick),
            }
    }
}

/// The reports to ask for, and the input reports that may come unasked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) reports: Vec<Report>,
    pub(crate) inputs: BTreeMap<u8, Vec<Field>>,
}

fn find(descriptor: &Descriptor, path: &str, kind: ReportKind) -> Option<Item> {
    let path: Path = path.parse().ok()?;
    descriptor.find(&path, kind).cloned()
}

/// The item to poll for a path: the feature, else the input.
pub(crate) fn polled_item(descriptor: &Descriptor, path: &str, input_only: bool) -> Option<Item> {
    let feature = if input_only { None } else { find(descriptor, path, ReportKind::Feature) };
    feature.or_else(|| find(descriptor, path, ReportKind::Input))
}

impl Plan {
    pub(crate) fn new(
        descriptor: &Descriptor,
        subdriver: &Subdriver,
        rows: &[&Row],
        input_only: bool,
    ) -> Self {
        let mut plan = Self::default();
        // What the charger says means nothing without Advanced Battery Monitoring.
        let abm = subdriver.flags.iter().filter(|flag| flag.sense == Sense::AbmEnabled);
        let abm = abm.into_iter().any(|flag| polled_item(descriptor, flag.path, false).is_some());
        for (at, row) in rows.iter().enumerate() {
            if matches!(row.form, Form::Charger(_)) && !abm {
                continue;
            }
            plan.add(descriptor, subdriver, What::Variable(at), row.path, row.poll, false, input_only);
        }
        for (at, flag) in subdriver.flags.iter().enumerate() {
            if matches!(flag.sense, Sense::ChargerMode | Sense::ChargerStatus) && !abm {
                continue;
            }
            let poll = if flag.quick { Poll::Quick } else { Poll::Full };
            // The heart-beat: what tells of the mains, and quick flags that are never sent unasked.
            let pushed = find(descriptor, flag.path, ReportKind::Input).is_some();
            let heartbeat = flag.sense == Sense::Online || (flag.quick && !pushed);
            plan.add(descriptor, subdriver, What::Flag(at), flag.path, poll, heartbeat, input_only);
        }
        plan
    }

    #[expect(clippy::too_many_arguments, reason = "one place calls it, twice")]
    fn add(
        &mut self,
        descriptor: &Descriptor,
        subdriver: &Subdriver,
        what: What,
        path: &str,
        poll: Poll,
        heartbeat: bool,
        input_only: bool,
    ) {
        if let Some(item) = find(descriptor, path, ReportKind::Input) {
            self.inputs.entry(item.report_id).or_default().push(Field { what, item });
        }
        let Some(item) = polled_item(descriptor, path, input_only) else { return };
        if subdriver.poison.contains(&item.report_id) {
            return;
        }
        let (kind, id) = (item.kind, item.report_id);
        let field = Field { what, item };
        match self.reports.iter_mut().find(|report| report.kind == kind && report.id == id) {
            Some(report) => {
                report.fields.push(field);
                report.poll = report.poll.min(poll);
                report.heartbeat |= heartbeat;
            }
            None => self.reports.push(Report {
                kind,
                id,
                fields: vec![field],
                poll,
                heartbeat,
                health: Health::Unknown,
                last: None,
            }),
        }
    }

    /// Whether a feature report is known to be beyond the device.
    pub(crate) fn is_unsupported(&self, id: u8) -> bool {
        self.reports.iter().any(|report| {
            report.id == id && report.kind == ReportKind::Feature && report.health == Health::Unsupported
        })
    }
}

/// What was learnt from reports since the device was opened.
#[derive(Clone, Debug)]
pub(crate) struct Learnt {
    pub(crate) rows: Vec<&'static Row>,
    pub(crate) flags: Vec<(Sense, Option<bool>)>,
    /// Values of ChargerMode and ChargerStatus.
    pub(crate) chargers: (Option<i64>, Option<i64>),
    /// Which row publishes a variable.
    pub(crate) owners: BTreeMap<&'static str, usize>,
    pub(crate) line: Line,
    /// Variables of timers that are running.
    pub(crate) timers: BTreeSet<&'static str>,
    /// Strings to fetch: row and index.
    pub(crate) strings: Vec<(usize, u8)>,
    /// The battery's voltage may be one and a half times the true one.
    pub(crate) doubtful_voltage: bool,
    /// What the battery's voltage is multiplied by.
    pub(crate) battery_scale: f64,
    /// Advanced Battery Monitoring went on or off: what depends on it must be seen again.
    pub(crate) abm_changed: bool,
}

impl Learnt {
    pub(crate) fn new(subdriver: &Subdriver, line: Line, country: Option<i64>) -> Self {
        let rows = subdriver.rows.iter().copied().flatten();
        Self {
            rows: rows.filter(|row| row.models.include(line, country)).collect(),
            flags: subdriver.flags.iter().map(|flag| (flag.sense, None)).collect(),
            chargers: (None, None),
            owners: BTreeMap::new(),
            line,
            timers: BTreeSet::new(),
            strings: Vec::new(),
            doubtful_voltage: false,
            battery_scale: 1.0,
            abm_changed: false,
        }
    }

    /// Takes a report's data in; whether a flag or a variable changed. What the data are too short for stays.
    pub(crate) fn apply(
        &mut self,
        subdriver: &Subdriver,
        fields: &[Field],
        data: &[u8],
        tree: &mut Tree,
    ) -> bool {
        let mut changed = false;
        for field in fields {
            let Some(value) = field.item.decode(data) else { continue };
            changed |= match field.what {
                What::Flag(at) => self.flag(&subdriver.flags[at], at, value),
                What::Variable(at) => self.variable(at, value, tree),
            };
        }
        changed
    }

    fn flag(&mut self, row: &FlagRow, at: usize, value: f64) -> bool {
        let number = value as i64;
        let (sense, known) = &mut self.flags[at];
        let charger = match sense {
            Sense::ChargerMode => &mut self.chargers.0,
            Sense::ChargerStatus => &mut self.chargers.1,
            _ => {
                let now = Some(row.is_set(number));
                let changed = std::mem::replace(known, now) != now;
                self.abm_changed |= changed && *sense == Sense::AbmEnabled;
                return changed;
            }
        };
        charger.replace(number) != Some(number)
    }

    fn variable(&mut self, at: usize, value: f64, tree: &mut Tree) -> bool {
        let row = self.rows[at];
        if let Form::Text = row.form {
            // A string's index; the string itself is the caller's to fetch.
            if let Some(index) = u8::try_from(value as i64).ok().filter(|index| *index != 0) {
                self.strings.push((at, index));
            }
            return false;
        }
        if row.variable.starts_with("ups.timer.") {
            if value > 0.0 {
                self.timers.insert(row.variable);
            } else {
                self.timers.remove(row.variable);
            }
        }
        if let Form::BatteryVoltage = row.form {
            self.doubt(value, tree);
        }
        match self.text(row.form, value) {
            Some(text) => self.publish(at, &text, tree),
            None => {
                // It has no word any more, e.g. the charger after its monitoring was turned off.
                if self.owners.get(row.variable) == Some(&at) && !matches!(row.form, Form::Choice(_)) {
                    self.owners.remove(row.variable);
                    tree.remove(row.variable);
                    return true;
                }
                false
            }
        }
    }

    /// Looks whether the battery's voltage is one and a half times what a battery can have, and remembers it: a battery
    /// that runs low must not seem to be mended. What two thirds would not make plausible is left as it is (nut#2983).
    fn doubt(&mut self, value: f64, tree: &Tree) {
        let nominal = tree.number("battery.voltage.nominal").filter(|nominal| *nominal > 0.0);
        if self.doubtful_voltage && nominal.is_some_and(|nominal| (1.4..2.1).contains(&(value / nominal))) {
            self.battery_scale = 2.0 / 3.0;
        }
    }

    /// Publishes a variable, unless an earlier row does.
    pub(crate) fn publish(&mut self, at: usize, text: &str, tree: &mut Tree) -> bool {
        let variable = self.rows[at].variable;
        match self.owners.get(variable) {
            Some(owner) if *owner < at => return false,
            Some(owner) if *owner == at => {}
            _ => {
                self.owners.insert(variable, at);
            }
        }
        if tree.get(variable) == Some(text) {
            return false;
        }
        tree.set(variable, text);
        true
    }

    fn text(&self, form: Form, value: f64) -> Option<String> {
        let word = |choices: super::mapping::Choices| {
            choices.iter().find(|(number, _)| *number as f64 == value).map(|(_, word)| (*word).to_owned())
        };
        match form {
            Form::Number(decimals) => Some(number(value, decimals)),
            Form::Divided(by, decimals) => Some(number(value / by, decimals)),
            Form::Choice(choices) => word(choices),
            Form::Celsius => {
                Some(number(if (273.0..=373.0).contains(&value) { value - 273.15 } else { value }, 1))
            }
            Form::NominalVoltage => Some(number(value, 0)),
            Form::Charge if value > 125.0 => None,
            Form::Charge => Some(number(value.min(100.0), 0)),
            Form::Percent => Some(format!("{}%", number(value, 0))),
            Form::BatteryVoltage => Some(number(value * self.battery_scale, 1)),
            Form::Frequency => Some(number(if value >= 400.0 { value / 10.0 } else { value }, 1)),
            Form::Date => Some(date(value)),
            Form::ApcDate => Some(apc_date(value)),
            Form::Charger(choices) => super::status::any(&self.flags, Sense::AbmEnabled)
                .filter(|on| *on)
                .and_then(|_| word(choices)),
            Form::Text | Form::Country => None,
        }
    }

    /// The words that a listed variable may take.
    pub(crate) fn listed(&self, row: &Row, current: &str) -> Vec<String> {
        match row.form {
            Form::Choice(choices) => choices.iter().map(|(_, word)| (*word).to_owned()).collect(),
            Form::NominalVoltage => {
                const KINDS: [&[i64]; 3] = [&[200, 208], &[220, 230, 240], &[100, 110, 120, 127]];
                let Ok(current) = current.parse::<i64>() else { return Vec::new() };
                let low = KINDS[2].contains(&current);
                let kinds = KINDS.iter().enumerate().filter(|(nth, kind)| {
                    // Models that are not off-line do 200 V and 230 V alike.
                    kind.contains(&current) || (!low && *nth < 2 && !self.line.is_offline())
                });
                kinds.flat_map(|(_, kind)| kind.iter().map(ToString::to_string)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The number a client's text stands for; `None` when it isn't one of the words, or no number.
    pub(crate) fn value(&self, row: &Row, text: &str) -> Option<f64> {
        let text = text.trim();
        match row.form {
            Form::Choice(choices) => choices
                .iter()
                .find(|(_, word)| word.eq_ignore_ascii_case(text))
                .map(|(number, _)| *number as f64),
            Form::Divided(by, _) => finite(text).map(|value| value * by),
            Form::Number(_) | Form::NominalVoltage | Form::Charge => finite(text),
            Form::Date => packed_date(text),
            _ => None,
        }
    }
}

/// A number a client wrote.
pub(crate) fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// A number as C's `%.*f` writes it, but never `-0`.
fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|b| matches!(b, b'0' | b'.')) => digits.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::SUBDRIVERS;
    use super::super::mge::MGE;
    use super::*;

    #[test]
    fn every_path_of_the_tables_is_one() {
        for subdriver in SUBDRIVERS {
            let paths = subdriver.rows.iter().flat_map(|rows| rows.iter().map(|row| row.path));
            let paths = paths
                .chain(subdriver.kept.iter().map(|row| row.path))
                .chain(subdriver.flags.iter().map(|row| row.path))
                .chain(subdriver.commands.iter().copied().flatten().map(|row| row.path));
            for path in paths {
                assert_eq!(path.parse::<Path>().map(|parsed| parsed.to_string()).as_deref(), Ok(path));
            }
        }
    }

    #[rstest]
    #[case::as_it_should_be(&[13.5, 9.6], "9.6")]
    #[case::half_as_much_again(&[20.2, 14.4], "9.6")]
    #[case::beyond_mending(&[137.0], "137.0")]
    #[case::begins_low(&[14.4], "14.4")]
    fn battery_voltages(#[case] values: &[f64], #[case] text: &str) {
        let mut learnt = Learnt::new(&MGE, Line::Default, None);
        learnt.doubtful_voltage = true;
        let mut tree = Tree::default();
        tree.set("battery.voltage.nominal", "12");
        for value in values {
            learnt.doubt(*value, &tree);
        }
        let last = values[values.len() - 1];
        assert_eq!(learnt.text(Form::BatteryVoltage, last).as_deref(), Some(text));
    }

    #[rstest]
    #[case(Form::Charge, 101.0, Some("100"))]
    #[case(Form::Charge, 99.0, Some("99"))]
    #[case(Form::Charge, 5000.0, None)]
    #[case(Form::Percent, 100.0, Some("100%"))]
    #[case(Form::Frequency, 499.0, Some("49.9"))]
    #[case(Form::Frequency, 60.0, Some("60.0"))]
    fn texts(#[case] form: Form, #[case] value: f64, #[case] text: Option<&str>) {
        assert_eq!(Learnt::new(&MGE, Line::Default, None).text(form, value).as_deref(), text);
    }

    #[rstest]
    #[case(-0.2, 0, "0")]
    #[case(-0.04, 1, "0.0")]
    #[case(-1.0, 0, "-1")]
    #[case(229.96, 1, "230.0")]
    #[case(2.5, 0, "2")]
    fn numbers(#[case] value: f64, #[case] decimals: usize, #[case] text: &str) {
        assert_eq!(number(value, decimals), text);
    }

    #[rstest]
    #[case(Line::Offline, "230", "220 230 240")]
    #[case(Line::Eaton3S, "208", "200 208")]
    #[case(Line::Default, "230", "200 208 220 230 240")]
    #[case(Line::Default, "120", "100 110 120 127")]
    #[case(Line::Default, "48", "200 208 220 230 240")]
    fn output_voltages(#[case] line: Line, #[case] current: &str, #[case] choices: &str) {
        let learnt = Learnt::new(&MGE, line, None);
        let row = learnt.rows.iter().find(|row| row.variable == "output.voltage.nominal").expect("the row");
        assert_eq!(learnt.listed(row, current).join(" "), choices);
    }
}
