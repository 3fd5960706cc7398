//! LIST: many facts, framed by `BEGIN` and `END`.

use std::time::Duration;

use outage_wire::net::List;

use super::Core;
use super::answer::{Reply, push_all, push_words};
use super::get::push_quoted_line;
use super::ups::Ups;
use super::variable::Variable;

impl Core {
    pub(super) fn list(&self, list: List<'_>, now: Duration, out: &mut Vec<u8>) -> Reply {
        match list {
            List::Ups => {
                begin(out, list);
                for ups in self.store.iter() {
                    push_words(out, &["UPS", &ups.name]);
                    push_quoted_line(out, ups.description.as_deref().unwrap_or("Description unavailable"));
                }
            }
            List::Var { ups } => {
                let found = self.available(ups, now)?;
                begin(out, list);
                found.push_rows(out, ["VAR", ups], |_| true);
            }
            List::Rw { ups } => {
                let found = self.available(ups, now)?;
                begin(out, list);
                found.push_rows(out, ["RW", ups], |variable| variable.writable);
            }
            List::Cmd { ups } => {
                let found = self.available(ups, now)?;
                begin(out, list);
                for command in &found.commands {
                    push_words(out, &["CMD", ups]);
                    push_line(out, command);
                }
            }
            List::Client { ups } => {
                let found = self.store.find(ups)?;
                begin(out, list);
                for login in &found.logins {
                    push_words(out, &["CLIENT", &found.name]);
                    push_line(out, &login.address);
                }
            }
            List::Enum { ups, var } => {
                let found = self.available(ups, now)?.variable(var)?;
                begin(out, list);
                for choice in &found.choices {
                    push_words(out, &["ENUM", ups, var]);
                    push_quoted_line(out, choice);
                }
            }
            List::Range { ups, var } => {
                let found = self.available(ups, now)?.variable(var)?;
                begin(out, list);
                for (min, max) in &found.ranges {
                    push_words(out, &["RANGE", ups, var]);
                    push_all(out, &[&format!("\"{min}\" \"{max}\"\n")]);
                }
            }
        }
        end(out, list);
        Ok(())
    }
}

impl Ups {
    fn push_rows(&self, out: &mut Vec<u8>, [kind, ups]: [&str; 2], wanted: impl Fn(&Variable) -> bool) {
        // The same words begin every row.
        let mut head = Vec::new();
        push_words(&mut head, &[kind, ups]);
        for variable in self.variables.iter().filter(|variable| wanted(variable)) {
            out.extend_from_slice(&head);
            push_words(out, &[&variable.name]);
            self.push_value(variable, out);
        }
    }

    /// Appends the whole reply to LIST VAR.
    pub(super) fn push_listing(&self, out: &mut Vec<u8>) {
        let list = List::Var { ups: &self.name };
        begin(out, list);
        self.push_rows(out, ["VAR", &self.name], |_| true);
        end(out, list);
    }
}

fn begin(out: &mut Vec<u8>, list: List<'_>) {
    push_all(out, &["BEGIN LIST ", &list.to_string(), "\n"]);
}

fn end(out: &mut Vec<u8>, list: List<'_>) {
    push_all(out, &["END LIST ", &list.to_string(), "\n"]);
}

/// Appends the last word of a line, and its end.
fn push_line(out: &mut Vec<u8>, word: &str) {
    push_all(out, &[word, "\n"]);
}
