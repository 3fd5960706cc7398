//! One variable of a UPS as upsd keeps it, with the text of its value ready to be sent.

use std::cmp::Ordering;

use outage_wire::sock::VarFlags;

use super::index::{Index, same_name};

/// Orders names as NUT does: without regard to ASCII case.
pub(super) fn compare_names(a: &str, b: &str) -> Ordering {
    let fold = |byte: &u8| byte.to_ascii_lowercase();
    a.as_bytes().iter().map(fold).cmp(b.as_bytes().iter().map(fold))
}

/// Appends `value` in double quotes, with a backslash before each `"`, `\` and `#`.
pub(super) fn push_quoted(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    for byte in value.bytes() {
        if matches!(byte, b'"' | b'\\' | b'#') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A variable, and what may be set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: Box<str>,
    pub(super) value: String,
    /// The value quoted and escaped, with the line's end: what `GET` and `LIST` append.
    encoded: Vec<u8>,
    pub(super) writable: bool,
    pub(super) text: bool,
    /// Longest text a client may set, in bytes.
    pub(super) longest: i64,
    pub(super) choices: Vec<String>,
    pub(super) ranges: Vec<(i64, i64)>,
}

impl Variable {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Whether clients are told of the server itself by this name, and not of what a driver says.
    pub(super) fn is_servers(&self) -> bool {
        self.name.as_bytes().first_chunk().is_some_and(|head: &[u8; 7]| head.eq_ignore_ascii_case(b"server."))
    }

    pub(super) fn set(&mut self, value: &str) {
        value.clone_into(&mut self.value);
        self.encoded.clear();
        push_quoted(&mut self.encoded, value);
        self.encoded.push(b'\n');
    }

    /// Appends `"value"` and the line's end.
    pub(super) fn push_value(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.encoded);
    }

    /// As [`Variable::push_value`], with `FSD ` before the value.
    pub(super) fn push_value_with_fsd(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"FSD ");
        out.extend_from_slice(self.encoded.get(1..).unwrap_or(b"\"\n"));
    }

    /// `SETFLAGS`: replaces all flags. `NUMBER` is what a variable is that is not text.
    pub(super) fn set_flags(&mut self, flags: VarFlags) {
        self.writable = flags.writable;
        self.text = flags.string;
    }
}

/// Variables in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    sorted: Vec<Variable>,
    index: Index,
    /// The index is of other names than these.
    outdated: bool,
}

impl Variables {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.sorted.binary_search_by(|v| compare_names(&v.name, name))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Variable> {
        self.named(name.as_bytes())
    }

    /// The variable of this name.
    pub(super) fn named(&self, name: &[u8]) -> Option<&Variable> {
        if self.outdated {
            let place = self.place(std::str::from_utf8(name).ok()?).ok()?;
            return self.sorted.get(place);
        }
        let is = |at: usize| self.sorted.get(at).is_some_and(|v| same_name(v.name.as_bytes(), name));
        self.index.find(name, is).and_then(|at| self.sorted.get(at))
    }

    /// To be called when what a driver said is taken in: names are found faster from then on.
    pub(super) fn settle(&mut self) {
        if std::mem::take(&mut self.outdated) {
            self.index.build(self.sorted.iter().map(|variable| &*variable.name));
        }
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Variable> {
        self.place(name).ok().and_then(|i| self.sorted.get_mut(i))
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        let at = match self.place(name) {
            Ok(at) => at,
            Err(at) => {
                self.sorted.insert(at, Variable::new(name));
                self.outdated = true;
                at
            }
        };
        self.sorted[at].set(value);
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Ok(at) = self.place(name) {
            self.sorted.remove(at);
            self.outdated = true;
        }
    }

    pub(super) fn clear(&mut self) {
        self.sorted.clear();
        self.outdated = true;
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Variable> {
        self.sorted.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_and_match_without_regard_to_case() {
        let mut variables = Variables::default();
        for name in ["ups.status", "Battery.charge", "input.voltage", "battery.Alarm"] {
            variables.set(name, name);
        }
        variables.set("UPS.STATUS", "OL");
        variables.settle();
        let names: Vec<&str> = variables.iter().map(|v| &*v.name).collect();
        assert_eq!(names, ["battery.Alarm", "Battery.charge", "input.voltage", "ups.status"]);
        assert_eq!(variables.get("Ups.Status").map(|v| v.value.as_str()), Some("OL"));
        variables.remove("BATTERY.CHARGE");
        assert!(variables.get("battery.charge").is_none());
        variables.settle();
        assert!(variables.get("battery.charge").is_none());
        assert!(variables.get("battery.alarm").is_some());
    }

    #[test]
    fn values_are_quoted_and_escaped_once() {
        let mut variable = Variable::new("ups.model");
        variable.set(r#"Say "hi" \ #1"#);
        let mut out = Vec::new();
        variable.push_value(&mut out);
        variable.push_value_with_fsd(&mut out);
        let expected = concat!(r#""Say \"hi\" \\ \#1""#, "\n", r#""FSD Say \"hi\" \\ \#1""#, "\n");
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
