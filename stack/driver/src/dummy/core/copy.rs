//! What another server tells of a UPS, put into a tree.

use std::collections::BTreeSet;

use super::condition::Condition;
use crate::core::shared::SharedCommand;
use crate::core::tree::{Flags, Tree};

/// A variable that the other server lets its clients write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writable {
    /// Name.
    pub name: String,
    /// It is text of at most so many bytes; `None`: a number.
    pub text: Option<usize>,
    /// The values it may take, when they are few.
    pub values: Vec<String>,
    /// The ranges its value may lie in.
    pub ranges: Vec<(i64, i64)>,
}

/// What a tree holds of another server's.
#[derive(Debug, Default)]
pub struct Copy {
    condition: Condition,
    /// Names of variables, in lower case.
    variables: BTreeSet<String>,
    writable: Vec<Writable>,
}

/// Whether a variable is the other driver's own, or the other server's.
fn is_its_own(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("driver.") || name.starts_with("server.")
}

impl Copy {
    /// Takes all variables of the UPS. What the other server does not tell any more goes from the tree. Returns whether
    /// there are other variables than before.
    pub fn variables(&mut self, told: &[(String, String)], tree: &mut Tree) -> bool {
        let told = || told.iter().filter(|(name, _)| !is_its_own(name));
        let names: BTreeSet<String> = told().map(|(name, _)| name.to_ascii_lowercase()).collect();
        for gone in self.variables.difference(&names) {
            tree.remove(gone);
        }
        let (mut status, mut alarm) = ("", "");
        for (name, value) in told() {
            match name.to_ascii_lowercase().as_str() {
                "ups.status" => status = value,
                "ups.alarm" => alarm = value,
                _ => tree.set(name, value),
            }
        }
        status.clone_into(&mut self.condition.status);
        alarm.clone_into(&mut self.condition.text);
        self.condition.publish(tree);
        let others = names != self.variables;
        self.variables = names;
        for writable in &self.writable {
            declare(writable, tree);
        }
        others
    }

    /// Takes what can be written, and the instant commands.
    pub fn offer(&mut self, writable: Vec<Writable>, commands: &[String], tree: &mut Tree) {
        for old in &self.writable {
            if !writable.iter().any(|new| new.name.eq_ignore_ascii_case(&old.name)) {
                tree.set_flags(&old.name, Flags::default());
                tree.set_aux(&old.name, 0);
            }
        }
        self.writable = writable.into_iter().filter(|variable| !is_its_own(&variable.name)).collect();
        for variable in &self.writable {
            declare(variable, tree);
        }
        let ours = |name: &str| SharedCommand::parse(name).is_none();
        let gone: Vec<String> = tree
            .commands()
            .filter(|known| ours(known) && !commands.iter().any(|name| name.eq_ignore_ascii_case(known)))
            .map(str::to_owned)
            .collect();
        for name in gone {
            tree.remove_command(&name);
        }
        for name in commands.iter().filter(|name| ours(name)) {
            tree.add_command(name);
        }
    }
}

fn declare(Writable { name, text, values, ranges }: &Writable, tree: &mut Tree) {
    tree.set_flags(name, Flags { rw: true, string: text.is_some(), number: text.is_none() });
    tree.set_aux(name, text.unwrap_or(0));
    let (old_values, old_ranges) = match tree.variable(name) {
        Some(variable) => (variable.enums.clone(), variable.ranges.clone()),
        None => return,
    };
    for old in old_values.iter().filter(|old| !values.contains(old)) {
        tree.remove_enum(name, old);
    }
    for (min, max) in old_ranges.into_iter().filter(|old| !ranges.contains(old)) {
        tree.remove_range(name, min, max);
    }
    for value in values {
        tree.add_enum(name, value);
    }
    for &(min, max) in ranges {
        tree.add_range(name, min, max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(String, String)> {
        let pair =
            |line: &str| line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
        text.split(';').filter_map(pair).collect()
    }

    fn shown(tree: &Tree) -> String {
        let all = tree.variables().map(|(name, variable)| format!("{name}={}", variable.value));
        all.collect::<Vec<_>>().join(";")
    }

    fn writable(name: &str, text: Option<usize>, values: &[&str], ranges: &[(i64, i64)]) -> Writable {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Writable { name: name.into(), text, values, ranges: ranges.to_vec() }
    }

    #[test]
    fn variables_come_and_go() {
        let (mut copy, mut tree) = (Copy::default(), Tree::default());
        tree.set("driver.name", "dummy-ups");
        let first = told(
            "battery.charge=9;ups.status=ALARM OB LB;ups.alarm=Hot;driver.name=x;server.info=y;Ups.Id=den",
        );
        assert!(copy.variables(&first, &mut tree));
        assert_eq!(
            shown(&tree),
            "battery.charge=9;driver.name=dummy-ups;ups.alarm=Hot;Ups.Id=den;ups.status=ALARM OB LB"
        );
        assert!(!copy.variables(&first, &mut tree));
        tree.take_changes();
        assert!(copy.variables(&told("ups.status=OL;driver.name=x"), &mut tree));
        assert_eq!(shown(&tree), "driver.name=dummy-ups;ups.status=OL");
        assert!(copy.variables(&told("x=1"), &mut tree));
        assert_eq!(shown(&tree), "driver.name=dummy-ups;x=1");
    }

    #[test]
    fn what_can_be_written_follows() {
        let (mut copy, mut tree) = (Copy::default(), Tree::default());
        copy.variables(&told("a.b=1;c.d=on;e.f=x"), &mut tree);
        let commands = ["load.off".to_owned(), "driver.reload".to_owned(), "shutdown.default".to_owned()];
        let offer = vec![
            writable("a.b", None, &[], &[(0, 9)]),
            writable("c.d", None, &["on", "off"], &[]),
            writable("e.f", Some(8), &[], &[]),
            writable("driver.debug", None, &[], &[]),
        ];
        copy.offer(offer, &commands, &mut tree);
        assert_eq!(tree.commands().collect::<Vec<_>>(), ["load.off"], "the others are this driver's own");
        assert_eq!(tree.variable("a.b").map(|v| (v.flags.rw, v.ranges.clone())), Some((true, vec![(0, 9)])));
        assert_eq!(tree.variable("c.d").map(|v| v.enums.len()), Some(2));
        assert_eq!(tree.variable("e.f").map(|v| (v.flags.string, v.aux)), Some((true, 8)));
        assert_eq!(tree.get("driver.debug"), None);

        // A variable that was away for a while can be written again.
        copy.variables(&told("a.b=1"), &mut tree);
        copy.variables(&told("a.b=1;e.f=y"), &mut tree);
        assert_eq!(tree.variable("e.f").map(|v| v.aux), Some(8));

        copy.offer(vec![writable("a.b", None, &[], &[(1, 9)])], &["load.on".to_owned()], &mut tree);
        assert_eq!(tree.commands().collect::<Vec<_>>(), ["load.on"]);
        assert_eq!(tree.variable("a.b").map(|v| v.ranges.clone()), Some(vec![(1, 9)]));
        assert_eq!(tree.variable("e.f").map(|v| (v.flags, v.aux)), Some((Flags::default(), 0)));
    }
}
