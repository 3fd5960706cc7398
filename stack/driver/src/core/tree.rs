//! The variable tree of one UPS, and the composition of its status and alarms.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Longest value in bytes; what is longer is cut (`ST_MAX_VALUE_LEN` of NUT).
pub const MAX_VALUE: usize = 256;

/// Flags of a variable, as `SETFLAGS` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Clients may SET it.
    pub rw: bool,
    /// It is text, at most `aux` characters long.
    pub string: bool,
    /// It is a number.
    pub number: bool,
}

/// One variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its value.
    pub value: String,
    /// Flags.
    pub flags: Flags,
    /// Longest text a client may SET, in bytes; 0: not given.
    pub aux: usize,
    /// The values it may take, when they are few.
    pub enums: Vec<String>,
    /// The ranges its value may lie in.
    pub ranges: Vec<(i64, i64)>,
}

/// What changed in a tree: each is one line on the driver socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A variable has a new value.
    SetInfo(String, String),
    /// A variable is gone.
    DelInfo(String),
    /// A variable may take one more value.
    AddEnum(String, String),
    /// A variable may no longer take this value.
    DelEnum(String, String),
    /// A variable's value may lie in one more range.
    AddRange(String, i64, i64),
    /// A range is gone.
    DelRange(String, i64, i64),
    /// A variable's longest text has changed.
    SetAux(String, usize),
    /// A variable's flags have changed.
    SetFlags(String, Flags),
    /// There is one more instant command.
    AddCommand(String),
    /// An instant command is gone.
    DelCommand(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// As first spelt.
    name: String,
    variable: Variable,
    /// Overridden by the configuration: no driver may change it.
    fixed: bool,
}

/// Variables, instant commands, status and alarms of one UPS.
///
/// Names are compared without regard to ASCII case, and dumped in that order. Every change is remembered until the
/// framework takes it ([`Tree::take_changes`]) and broadcasts it; setting what is already so changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// By name in lower case.
    variables: BTreeMap<String, Entry>,
    /// By name in lower case; the value is the name as first spelt.
    commands: BTreeMap<String, String>,
    changes: Vec<Change>,
    tokens: Vec<String>,
    alarms: Vec<String>,
    ignore_lb: bool,
}

impl Tree {
    /// Sets a variable's value, creating it. Overridden variables keep their value.
    ///
    /// Control characters are dropped from the value, and it is cut at [`MAX_VALUE`].
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        let value = clean(value.as_ref());
        match self.variables.get_mut(&*key(name)) {
            Some(entry) if entry.fixed || entry.variable.value == value => {}
            Some(entry) => {
                entry.variable.value = value.clone().into_owned();
                self.changes.push(Change::SetInfo(entry.name.clone(), value.into_owned()));
            }
            None => {
                self.changes.push(Change::SetInfo(name.to_owned(), value.clone().into_owned()));
                let variable = Variable { value: value.into_owned(), ..Variable::default() };
                self.variables
                    .insert(key(name).into_owned(), Entry { name: name.to_owned(), variable, fixed: false });
            }
        }
    }

    /// Fixes a variable's value for good, as `override.NAME` in ups.conf asks. It can't be written by clients either.
    pub fn set_override(&mut self, name: &str, value: impl AsRef<str>) {
        if let Some(entry) = self.variables.get_mut(&*key(name)) {
            entry.fixed = false;
        }
        self.set(name, value);
        if let Some(entry) = self.variables.get_mut(&*key(name)) {
            entry.fixed = true;
        }
    }

    /// Lets go of an override; the value stays until something sets it.
    pub fn clear_override(&mut self, name: &str) {
        if let Some(entry) = self.variables.get_mut(&*key(name)) {
            entry.fixed = false;
        }
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variable(name).map(|variable| variable.value.as_str())
    }

    /// A variable's value as a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// A variable with its flags, enumerated values and ranges.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(&*key(name)).map(|entry| &entry.variable)
    }

    /// All variables by name, sorted without regard to case.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Variable)> {
        self.variables.values().map(|entry| (entry.name.as_str(), &entry.variable))
    }

    /// All instant commands, sorted without regard to case.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.commands.values().map(String::as_str)
    }

    /// Whether there is such an instant command.
    #[must_use]
    pub fn has_command(&self, name: &str) -> bool {
        self.commands.contains_key(&*key(name))
    }

    /// Removes a variable. Overridden variables stay.
    pub fn remove(&mut self, name: &str) {
        if self.variables.get(&*key(name)).is_some_and(|entry| !entry.fixed)
            && let Some(entry) = self.variables.remove(&*key(name))
        {
            self.changes.push(Change::DelInfo(entry.name));
        }
    }

    /// Declares a variable (that exists) writable text of at most `aux` bytes.
    pub fn set_writable_string(&mut self, name: &str, aux: usize) {
        self.set_flags(name, Flags { rw: true, string: true, number: false });
        self.set_aux(name, aux);
    }

    /// Sets the longest text that a variable (that exists) may be given, in bytes.
    pub fn set_aux(&mut self, name: &str, aux: usize) {
        if let Some(entry) = self.variables.get_mut(&*key(name))
            && entry.variable.aux != aux
        {
            entry.variable.aux = aux;
            self.changes.push(Change::SetAux(entry.name.clone(), aux));
        }
    }

    /// Replaces the flags of a variable (that exists). One that is overridden is never writable.
    pub fn set_flags(&mut self, name: &str, flags: Flags) {
        if let Some(entry) = self.variables.get_mut(&*key(name)) {
            let flags = Flags { rw: flags.rw && !entry.fixed, ..flags };
            if entry.variable.flags != flags {
                entry.variable.flags = flags;
                self.changes.push(Change::SetFlags(entry.name.clone(), flags));
            }
        }
    }

    /// Adds a value to those that a variable (that exists) may take.
    pub fn add_enum(&mut self, name: &str, value: &str) {
        let value = clean(value);
        if let Some(entry) = self.variables.get_mut(&*key(name))
            && !entry.variable.enums.iter().any(|known| *known == value)
        {
            entry.variable.enums.push(value.clone().into_owned());
            self.changes.push(Change::AddEnum(entry.name.clone(), value.into_owned()));
        }
    }

    /// Takes a value from those that a variable may take.
    pub fn remove_enum(&mut self, name: &str, value: &str) {
        if let Some(entry) = self.variables.get_mut(&*key(name))
            && let Some(place) = entry.variable.enums.iter().position(|known| known == value)
        {
            entry.variable.enums.remove(place);
            self.changes.push(Change::DelEnum(entry.name.clone(), value.to_owned()));
        }
    }

    /// Adds a range that the value of a variable (that exists) may lie in.
    pub fn add_range(&mut self, name: &str, min: i64, max: i64) {
        if let Some(entry) = self.variables.get_mut(&*key(name))
            && !entry.variable.ranges.contains(&(min, max))
        {
            entry.variable.ranges.push((min, max));
            self.changes.push(Change::AddRange(entry.name.clone(), min, max));
        }
    }

    /// Removes a range of a variable.
    pub fn remove_range(&mut self, name: &str, min: i64, max: i64) {
        if let Some(entry) = self.variables.get_mut(&*key(name))
            && let Some(place) = entry.variable.ranges.iter().position(|known| *known == (min, max))
        {
            entry.variable.ranges.remove(place);
            self.changes.push(Change::DelRange(entry.name.clone(), min, max));
        }
    }

    /// Declares an instant command.
    pub fn add_command(&mut self, name: &str) {
        if !self.has_command(name) {
            self.commands.insert(key(name).into_owned(), name.to_owned());
            self.changes.push(Change::AddCommand(name.to_owned()));
        }
    }

    /// Removes an instant command.
    pub fn remove_command(&mut self, name: &str) {
        if let Some(name) = self.commands.remove(&*key(name)) {
            self.changes.push(Change::DelCommand(name));
        }
    }

    /// What changed since this was last asked, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// Repeats a change that another tree reported; this tree reports it in turn only if it is news here.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::SetInfo(name, value) => self.set(name, value),
            Change::DelInfo(name) => self.remove(name),
            Change::AddEnum(name, value) => self.add_enum(name, value),
            Change::DelEnum(name, value) => self.remove_enum(name, value),
            Change::AddRange(name, min, max) => self.add_range(name, *min, *max),
            Change::DelRange(name, min, max) => self.remove_range(name, *min, *max),
            Change::SetAux(name, aux) => self.set_aux(name, *aux),
            Change::SetFlags(name, flags) => self.set_flags(name, *flags),
            Change::AddCommand(name) => self.add_command(name),
            Change::DelCommand(name) => self.remove_command(name),
        }
    }

    /// Judges LB from charge and runtime instead of believing the device (`ignorelb`). The device is believed all the
    /// same while neither can be compared with its low mark: an empty battery must not go unseen.
    pub fn set_ignore_lb(&mut self, on: bool) {
        self.ignore_lb = on;
    }

    /// Starts composing status and alarms: forgets the tokens of the last cycle.
    pub fn status_begin(&mut self) {
        self.tokens.clear();
        self.alarms.clear();
    }

    /// Adds status tokens (`"OL CHRG"`); duplicates are dropped.
    pub fn status_add(&mut self, tokens: &str) {
        for token in tokens.split_ascii_whitespace() {
            if !self.tokens.iter().any(|known| known == token) {
                self.tokens.push(token.to_owned());
            }
        }
    }

    /// Adds an alarm text; one that is already there is not repeated.
    pub fn alarm_add(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() && !self.alarms.iter().any(|known| known == text) {
            self.alarms.push(text.to_owned());
        }
    }

    /// Publishes `ups.status` and `ups.alarm` (ALARM comes first when there is one; LB is judged anew with `ignorelb`).
    ///
    /// Without any token there is no `ups.status`: nothing is known. Unlike NUT's, this never adds CHRG or DISCHRG by
    /// itself when the charge moved: the token would last one cycle, and it can contradict the device.
    pub fn status_commit(&mut self) {
        let alarm = !self.alarms.is_empty() || self.tokens.iter().any(|token| token == "ALARM");
        let low = if self.ignore_lb { self.low() } else { None };
        let mut status = String::new();
        let tokens = self.tokens.iter().map(String::as_str);
        let kept = tokens.filter(|&token| token != "ALARM" && !(low.is_some() && token == "LB"));
        let low = low == Some(true);
        for token in alarm.then_some("ALARM").into_iter().chain(kept).chain(low.then_some("LB")) {
            if !status.is_empty() {
                status.push(' ');
            }
            status.push_str(token);
        }
        if status.is_empty() {
            self.remove("ups.status");
        } else {
            self.set("ups.status", status);
        }
        if self.alarms.is_empty() {
            self.remove("ups.alarm");
        } else {
            self.set("ups.alarm", self.alarms.join(" "));
        }
    }

    /// Whether charge or runtime is below its low mark; `None` when neither can be compared.
    #[must_use]
    pub fn low(&self) -> Option<bool> {
        let below = |value, mark| Some(self.number(value)?.trunc() < self.number(mark)?.trunc());
        let charge = below("battery.charge", "battery.charge.low");
        let runtime = below("battery.runtime", "battery.runtime.low");
        charge.or(runtime)?;
        Some(charge == Some(true) || runtime == Some(true))
    }
}

/// The form that names are compared in.
fn key(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// A value as one line can carry it.
fn clean(value: &str) -> Cow<'_, str> {
    if value.len() <= MAX_VALUE && !value.bytes().any(|b| b.is_ascii_control()) {
        return value.into();
    }
    let mut clean: String = value.chars().filter(|c| !c.is_ascii_control()).collect();
    clean.truncate(clean.floor_char_boundary(MAX_VALUE));
    clean.into()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Runs a little script (`begin`, `+TOKENS`, `!ALARM`, `commit`, `name=value`, `ignorelb`), one step a `;`.
    fn compose(script: &str) -> (Option<String>, Option<String>) {
        let mut tree = Tree::default();
        for step in script.split(';').map(str::trim) {
            if let Some(tokens) = step.strip_prefix('+') {
                tree.status_add(tokens);
            } else if let Some(text) = step.strip_prefix('!') {
                tree.alarm_add(text);
            } else if let Some((name, value)) = step.split_once('=') {
                tree.set(name, value);
            } else {
                match step {
                    "begin" => tree.status_begin(),
                    "commit" => tree.status_commit(),
                    "ignorelb" => tree.set_ignore_lb(true),
                    _ => panic!("no such step: {step}"),
                }
            }
        }
        (tree.get("ups.status").map(Into::into), tree.get("ups.alarm").map(Into::into))
    }

    #[rstest]
    #[case::one("begin;+OL;commit", Some("OL"), None)]
    #[case::order_is_kept("begin;+OL;+CHRG;+RB;commit", Some("OL CHRG RB"), None)]
    #[case::several_words("begin;+OL CHRG;commit", Some("OL CHRG"), None)]
    #[case::blanks("begin;+  OL   CHRG  ;commit", Some("OL CHRG"), None)]
    #[case::twice("begin;+OL;+OL;commit", Some("OL"), None)]
    #[case::twice_in_words("begin;+OL CHRG;+CHRG OL BOOST;commit", Some("OL CHRG BOOST"), None)]
    #[case::not_by_substring("begin;+OLB;+OL;+LB;+L;commit", Some("OLB OL LB L"), None)]
    #[case::no_commit("begin;+OL", None, None)]
    #[case::no_commit_keeps_the_old("begin;+OL;commit;begin;+OB", Some("OL"), None)]
    #[case::begin_clears("begin;+OL;commit;begin;+OB;commit", Some("OB"), None)]
    #[case::no_begin_accumulates("begin;+OL;commit;+CHRG;commit", Some("OL CHRG"), None)]
    #[case::nothing("begin;commit", None, None)]
    #[case::nothing_any_more("begin;+OL;commit;begin;commit", None, None)]
    #[case::alarm_is_first("begin;+OL;!Fan;commit", Some("ALARM OL"), Some("Fan"))]
    #[case::alarms_are_joined("begin;!Fan;+OL;!Hot;!Fan;commit", Some("ALARM OL"), Some("Fan Hot"))]
    #[case::alarm_token("begin;+OL;+ALARM;commit", Some("ALARM OL"), None)]
    #[case::alarm_token_and_text("begin;+OL ALARM;!Fan;commit", Some("ALARM OL"), Some("Fan"))]
    #[case::alarm_goes("begin;+OL;!Fan;commit;begin;+OL;commit", Some("OL"), None)]
    #[case::alarm_needs_commit("begin;+OL;commit;!Fan", Some("OL"), None)]
    #[case::empty_alarm("begin;+OL;! ;commit", Some("OL"), None)]
    #[case::lb_is_believed("begin;+OB LB;commit", Some("OB LB"), None)]
    #[case::ignorelb_drops_it(
        "ignorelb;battery.charge=90;battery.charge.low=10;begin;+LB OB;commit",
        Some("OB"),
        None
    )]
    #[case::ignorelb_knows_nothing("ignorelb;begin;+OB LB;commit", Some("OB LB"), None)]
    #[case::ignorelb_unknown_charge("ignorelb;battery.charge=9;begin;+OB LB;commit", Some("OB LB"), None)]
    #[case::ignorelb_low_charge(
        "ignorelb;battery.charge=9;battery.charge.low=10;begin;+OB;commit",
        Some("OB LB"),
        None
    )]
    #[case::ignorelb_low_on_mains(
        "ignorelb;battery.charge=9;battery.charge.low=10;begin;+OL;commit",
        Some("OL LB"),
        None
    )]
    #[case::ignorelb_at_the_mark(
        "ignorelb;battery.charge=10;battery.charge.low=10;begin;+OB LB;commit",
        Some("OB"),
        None
    )]
    #[case::ignorelb_compares_integers(
        "ignorelb;battery.charge=10.1;battery.charge.low=10.9;begin;+OB;commit",
        Some("OB"),
        None
    )]
    #[case::ignorelb_runtime(
        "ignorelb;battery.runtime=99;battery.runtime.low=120;begin;+OB;commit",
        Some("OB LB"),
        None
    )]
    #[case::ignorelb_no_number(
        "ignorelb;battery.runtime=?;battery.runtime.low=120;begin;+OB LB;commit",
        Some("OB LB"),
        None
    )]
    fn status_and_alarm(#[case] script: &str, #[case] status: Option<&str>, #[case] alarm: Option<&str>) {
        assert_eq!(compose(script), (status.map(Into::into), alarm.map(Into::into)), "{script}");
    }

    #[test]
    fn what_is_already_so_is_no_change() {
        let mut tree = Tree::default();
        for _ in 0..2 {
            tree.set("ups.delay", "20");
            tree.set_writable_string("ups.delay", 5);
            tree.add_enum("ups.delay", "20");
            tree.add_range("ups.delay", 0, 100);
            tree.add_range("ups.delay", 0, 200);
            tree.add_command("load.off");
            tree.status_begin();
            tree.status_add("OL");
            tree.status_commit();
        }
        assert_eq!(
            tree.take_changes(),
            [
                Change::SetInfo("ups.delay".into(), "20".into()),
                Change::SetFlags("ups.delay".into(), Flags { rw: true, string: true, number: false }),
                Change::SetAux("ups.delay".into(), 5),
                Change::AddEnum("ups.delay".into(), "20".into()),
                Change::AddRange("ups.delay".into(), 0, 100),
                Change::AddRange("ups.delay".into(), 0, 200),
                Change::AddCommand("load.off".into()),
                Change::SetInfo("ups.status".into(), "OL".into()),
            ]
        );
        assert_eq!(tree.take_changes(), []);
    }

    #[test]
    fn applying_the_changes_of_one_tree_makes_another_like_it() {
        let mut tree = Tree::default();
        tree.set("ups.Beeper.status", "enabled");
        tree.add_enum("ups.beeper.STATUS", "enabled");
        tree.add_enum("ups.beeper.STATUS", "disabled");
        tree.remove_enum("ups.beeper.status", "enabled");
        tree.set("x", "1");
        tree.remove("X");
        tree.set("y", "1");
        tree.add_range("y", 1, 2);
        tree.remove_range("y", 1, 2);
        tree.add_command("a");
        tree.add_command("B");
        tree.remove_command("A");
        let mut other = Tree::default();
        for change in tree.take_changes() {
            other.apply(&change);
        }
        assert_eq!(other.variables().collect::<Vec<_>>(), tree.variables().collect::<Vec<_>>());
        assert_eq!(other.commands().collect::<Vec<_>>(), ["B"]);
        assert_eq!(
            other.variable("UPS.BEEPER.STATUS").map(|v| v.enums.clone()),
            Some(vec!["disabled".into()])
        );
    }

    #[test]
    fn names_are_sorted_without_regard_to_case_and_keep_their_spelling() {
        let mut tree = Tree::default();
        for name in ["b.two", "A.one", "c", "B.One", "A.ONE"] {
            tree.set(name, name);
        }
        let names: Vec<&str> = tree.variables().map(|(name, _)| name).collect();
        assert_eq!(names, ["A.one", "B.One", "b.two", "c"]);
        assert_eq!(tree.get("a.one"), Some("A.ONE"));
    }

    #[test]
    fn an_overridden_variable_keeps_its_value() {
        let mut tree = Tree::default();
        tree.set("battery.charge.low", "20");
        tree.set_override("battery.charge.low", "40");
        tree.take_changes();
        tree.set("battery.charge.low", "10");
        tree.remove("battery.charge.low");
        tree.set_writable_string("battery.charge.low", 3);
        assert_eq!(tree.get("battery.charge.low"), Some("40"));
        assert!(!tree.variable("battery.charge.low").is_some_and(|v| v.flags.rw));
        tree.set_override("battery.charge.low", "50");
        assert_eq!(tree.get("battery.charge.low"), Some("50"));
        tree.clear_override("battery.charge.low");
        tree.set("battery.charge.low", "10");
        assert_eq!(tree.get("battery.charge.low"), Some("10"));
    }

    #[test]
    fn a_value_fits_one_line() {
        let mut tree = Tree::default();
        tree.set("a", "one\ntwo\r\0three");
        tree.set("b", "ä".repeat(200));
        assert_eq!(tree.get("a"), Some("onetwothree"));
        assert_eq!(tree.get("b"), Some("ä".repeat(128).as_str()));
    }

    #[test]
    fn a_change_of_case_is_a_change() {
        let mut tree = Tree::default();
        tree.set("ups.id", "den");
        tree.set("ups.id", "DEN");
        assert_eq!(tree.get("ups.id"), Some("DEN"));
        assert_eq!(tree.take_changes().len(), 2);
    }

    #[test]
    fn what_is_not_there_gets_no_flags() {
        let mut tree = Tree::default();
        tree.set_writable_string("a", 5);
        tree.add_enum("a", "x");
        tree.add_range("a", 0, 1);
        tree.remove("a");
        tree.remove_command("a");
        assert_eq!(tree.take_changes(), []);
    }
}
