//! GET: one fact.

use std::time::Duration;

use outage_wire::net::{ErrorCode, Get, VarType};

use super::answer::{Reply, push_all, push_words, reply};
use super::session::State;
use super::ups::Ups;
use super::variable::{Variable, push_quoted};
use super::{Core, URL, VERSION};

impl Core {
    pub(super) fn get(&mut self, client: &State, get: Get<'_>, now: Duration, out: &mut Vec<u8>) -> Reply {
        match get {
            Get::Var { ups, var } => return self.get_var(ups, var, now, out),
            Get::NumLogins { ups } => {
                let count = self.store.find(ups)?.logins.len();
                push_words(out, &["NUMLOGINS", ups]);
                push_all(out, &[&count.to_string(), "\n"]);
            }
            Get::NumAttach { ups } => {
                let count = self.store.find(ups)?.logins.len();
                push_words(out, &["NUMATTACH", ups]);
                push_all(out, &[&count.to_string(), "\n"]);
            }
            Get::UpsDesc { ups } => {
                let found = self.store.find(ups)?;
                push_words(out, &["UPSDESC", ups]);
                push_quoted_line(out, found.description.as_deref().unwrap_or("Unavailable"));
            }
            Get::Type { ups, var } => {
                let found = self.available(ups, now)?.variable(var)?;
                push_words(out, &["TYPE", ups, var]);
                push_type(out, found);
            }
            Get::Desc { ups, var } => {
                self.available(ups, now)?;
                push_words(out, &["DESC", ups, var]);
                push_quoted_line(out, self.descriptions.variable(var));
            }
            Get::CmdDesc { ups, command } => {
                self.available(ups, now)?;
                push_words(out, &["CMDDESC", ups, command]);
                push_quoted_line(out, self.descriptions.command(command));
            }
            Get::Tracking { id: None } => {
                return reply(out, &[if client.tracking { "ON\n" } else { "OFF\n" }]);
            }
            Get::Tracking { id: Some(id) } => {
                if !client.tracking {
                    return Err(ErrorCode::FeatureNotConfigured);
                }
                self.expire_tracking(now);
                let outcome = self.tracking.outcome(&id.to_ascii_uppercase()).ok_or(ErrorCode::Unknown)?;
                push_all(out, &[outcome.reply(), "\n"]);
            }
        }
        Ok(())
    }

    fn get_var(&self, ups: &str, variable: &str, now: Duration, out: &mut Vec<u8>) -> Reply {
        // What is said of the server itself is said whatever UPS is named, even one that does not exist.
        if let Some(about) = server_variable(variable) {
            let (name, value) = match about {
                "info" => ("server.info", format!("Network UPS Tools upsd {VERSION} - {URL}")),
                "version" => ("server.version", VERSION.to_owned()),
                _ => return Err(ErrorCode::VarNotSupported),
            };
            push_words(out, &["VAR", ups, name]);
            push_quoted_line(out, &value);
            return Ok(());
        }
        let found = self.available(ups, now)?;
        let value = found.variable(variable)?;
        push_words(out, &["VAR", ups, variable]);
        found.push_value(value, out);
        Ok(())
    }

    /// The UPS of this name, if its data can be believed.
    pub(super) fn available(&self, ups: &str, now: Duration) -> Result<&Ups, ErrorCode> {
        let found = self.store.find(ups)?;
        found.available(now, self.settings.max_age)?;
        Ok(found)
    }
}

impl Ups {
    pub(super) fn variable(&self, name: &str) -> Result<&Variable, ErrorCode> {
        self.variables.get(name).ok_or(ErrorCode::VarNotSupported)
    }

    /// Appends the value of one of its variables and the line's end: a latched FSD shows in `ups.status`.
    pub(super) fn push_value(&self, variable: &Variable, out: &mut Vec<u8>) {
        if self.fsd && variable.name.eq_ignore_ascii_case("ups.status") {
            variable.push_value_with_fsd(out);
        } else {
            variable.push_value(out);
        }
    }
}

/// What follows `server.`, in lower case; `None` for other variables.
fn server_variable(variable: &str) -> Option<&'static str> {
    let (head, tail) = variable.split_at_checked("server.".len())?;
    if !head.eq_ignore_ascii_case("server.") {
        return None;
    }
    Some(["info", "version"].into_iter().find(|name| tail.eq_ignore_ascii_case(name)).unwrap_or("?"))
}

fn push_type(out: &mut Vec<u8>, variable: &Variable) {
    let kind = VarType {
        writable: variable.writable,
        enumerated: !variable.choices.is_empty(),
        ranged: !variable.ranges.is_empty(),
        string: variable.text.then_some(variable.longest),
    };
    push_all(out, &[&kind.to_string(), "\n"]);
}

pub(super) fn push_quoted_line(out: &mut Vec<u8>, text: &str) {
    push_quoted(out, text);
    out.push(b'\n');
}
