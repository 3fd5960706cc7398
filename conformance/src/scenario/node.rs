//! Reading KDL nodes by a schema: what is taken is checked, what is left over is a fault.

use std::ops::Range;
use std::time::Duration;

use kdl::{KdlEntry, KdlNode, KdlValue};

/// What is wrong in a scenario file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Byte range in the file.
    pub span: Range<usize>,
    /// A lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// A fault without advice.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// An entry's place in the file.
fn place(entry: &KdlEntry) -> Range<usize> {
    let span = entry.span();
    span.offset()..span.offset() + span.len()
}

/// A node being read. What was not taken when [`Reader::finish`] is called becomes a fault.
pub(super) struct Reader<'a> {
    node: &'a KdlNode,
    arguments: Vec<&'a KdlEntry>,
    properties: Vec<&'a KdlEntry>,
    known: Vec<&'static str>,
    /// Where the value stands that was taken last.
    taken: Option<Range<usize>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(node: &'a KdlNode) -> Self {
        let (properties, arguments) = node.entries().iter().partition(|entry| entry.name().is_some());
        Self { node, arguments, properties, known: Vec::new(), taken: None }
    }

    pub(super) fn name(&self) -> &'a str {
        self.node.name().value()
    }

    /// The node's place: its name, which is where a caret is most help.
    pub(super) fn span(&self) -> Range<usize> {
        let span = self.node.name().span();
        span.offset()..span.offset() + span.len()
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.span(), message)
    }

    /// A fault of the value that was taken last.
    pub(super) fn wrong(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.taken.clone().unwrap_or_else(|| self.span()), message)
    }

    /// The next argument, if there is one.
    pub(super) fn argument(&mut self) -> Option<(&'a KdlValue, Range<usize>)> {
        if self.arguments.is_empty() {
            return None;
        }
        let entry = self.arguments.remove(0);
        self.taken = Some(place(entry));
        Some((entry.value(), place(entry)))
    }

    /// The next argument as text.
    pub(super) fn text(&mut self, what: &str) -> Result<String, Fault> {
        match self.argument() {
            Some((KdlValue::String(text), _)) => Ok(text.clone()),
            Some((_, span)) => Err(Fault::new(span, format!("{what} must be text"))),
            None => Err(self.fault(format!("`{}` needs {what}", self.name()))),
        }
    }

    /// All arguments that are left, as words with their places.
    pub(super) fn words(&mut self) -> Vec<(String, Range<usize>)> {
        std::iter::from_fn(|| self.argument()).map(|(value, span)| (word(value), span)).collect()
    }

    /// The next argument as a number.
    pub(super) fn number(&mut self, what: &str) -> Result<f64, Fault> {
        match self.argument() {
            Some((value, span)) => {
                number(value).ok_or_else(|| Fault::new(span, format!("{what} must be a number")))
            }
            None => Err(self.fault(format!("`{}` needs {what}", self.name()))),
        }
    }

    /// The next argument as a number of seconds.
    pub(super) fn seconds(&mut self, what: &str) -> Result<Duration, Fault> {
        match self.argument() {
            Some((value, span)) => seconds(value).ok_or_else(|| not_seconds(span, what)),
            None => Err(self.fault(format!("`{}` needs {what}", self.name()))),
        }
    }

    fn property(&mut self, name: &'static str) -> Option<&'a KdlEntry> {
        self.known.push(name);
        let at = self.properties.iter().position(|entry| entry.name().is_some_and(|n| n.value() == name))?;
        let entry = self.properties.remove(at);
        self.taken = Some(place(entry));
        Some(entry)
    }

    /// A property as text.
    pub(super) fn text_of(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        match self.property(name) {
            None => Ok(None),
            Some(entry) => match entry.value() {
                KdlValue::String(text) => Ok(Some(text.clone())),
                value => Ok(Some(word(value))),
            },
        }
    }

    /// A property as a number.
    pub(super) fn number_of(&mut self, name: &'static str) -> Result<Option<f64>, Fault> {
        let Some(entry) = self.property(name) else { return Ok(None) };
        let fault = || Fault::new(place(entry), format!("`{name}` must be a number"));
        number(entry.value()).map(Some).ok_or_else(fault)
    }

    /// A property as a number of seconds.
    pub(super) fn seconds_of(&mut self, name: &'static str) -> Result<Option<Duration>, Fault> {
        let Some(entry) = self.property(name) else { return Ok(None) };
        seconds(entry.value()).map(Some).ok_or_else(|| not_seconds(place(entry), &format!("`{name}`")))
    }

    /// The children, each to be read in turn.
    pub(super) fn children(&self) -> impl Iterator<Item = &'a KdlNode> + use<'a> {
        self.node.children().into_iter().flat_map(|document| document.nodes())
    }

    /// Says what was not taken.
    pub(super) fn finish(self, faults: &mut Vec<Fault>) {
        for entry in self.arguments {
            faults.push(Fault::new(
                place(entry),
                format!("`{}` takes no further value", self.node.name().value()),
            ));
        }
        for entry in self.properties {
            let name = entry.name().map_or("", |name| name.value());
            let fault = Fault::new(place(entry), format!("`{}` has no `{name}`", self.node.name().value()));
            faults.push(if self.known.is_empty() {
                fault
            } else {
                fault.help(format!("it has: {}", self.known.join(", ")))
            });
        }
    }
}

fn not_seconds(span: Range<usize>, what: &str) -> Fault {
    Fault::new(span, format!("{what} must be a number of seconds, 0 or more"))
}

fn number(value: &KdlValue) -> Option<f64> {
    match value {
        KdlValue::Integer(n) => i32::try_from(*n).ok().map(f64::from),
        KdlValue::Float(x) if x.is_finite() => Some(*x),
        _ => None,
    }
}

fn seconds(value: &KdlValue) -> Option<Duration> {
    number(value).and_then(|n| Duration::try_from_secs_f64(n).ok())
}

/// A value as the word a configuration file would hold.
pub(super) fn word(value: &KdlValue) -> String {
    match value {
        KdlValue::String(text) => text.clone(),
        KdlValue::Integer(n) => n.to_string(),
        KdlValue::Float(x) => x.to_string(),
        KdlValue::Bool(true) => "yes".to_owned(),
        KdlValue::Bool(false) => "no".to_owned(),
        KdlValue::Null => String::new(),
    }
}
