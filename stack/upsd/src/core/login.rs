//! What needs a name and a password: LOGIN, PRIMARY, FSD, SET, INSTCMD.

use std::time::Duration;

use outage_config::Grant;
use outage_wire::net::ErrorCode;
use outage_wire::sock::ToDriver;

use super::answer::{Entropy, Reply, reply};
use super::session::{Session, State};
use super::ups::Login;
use super::variable::Variable;
use super::{Core, Notice};

impl Core {
    /// LOGIN and ATTACH are one, but for what they say the second time.
    pub(super) fn login(
        &mut self,
        client: &mut State,
        ups: &str,
        already: ErrorCode,
        out: &mut Vec<u8>,
    ) -> Reply {
        if client.login.is_some() {
            return Err(already);
        }
        self.store.find(ups)?;
        self.check_grant(client, Grant::Login, "LOGIN")?;
        let found = self.store.find_mut(ups)?;
        found.logins.push(Login { client: client.id, address: client.address() });
        client.login = Some(found.id);
        self.notices.push(Notice::Login {
            user: client.user(),
            address: client.address(),
            ups: found.name.clone(),
        });
        reply(out, &["OK\n"])
    }

    /// A client's connection ended: its login no longer counts.
    pub fn close(&mut self, session: &Session) {
        let client = &session.state;
        // None of this when the UPS is no longer in ups.conf.
        let Some(ups) = client.login.and_then(|ups| self.store.get_mut(ups)) else { return };
        ups.logins.retain(|login| login.client != client.id);
        self.notices.push(Notice::Logout {
            user: client.user(),
            address: client.address(),
            ups: ups.name.clone(),
        });
    }

    /// Only answers whether it would be allowed; nothing is remembered.
    pub(super) fn probe_primary(
        &mut self,
        client: &mut State,
        ups: &str,
        granted: &str,
        out: &mut Vec<u8>,
    ) -> Reply {
        self.store.find(ups)?;
        self.check_grant(client, Grant::Primary, "be primary")?;
        reply(out, &[granted])
    }

    pub(super) fn fsd(&mut self, client: &mut State, ups: &str, out: &mut Vec<u8>) -> Reply {
        self.store.find(ups)?;
        self.check_grant(client, Grant::Fsd, "FSD")?;
        let found = self.store.find_mut(ups)?;
        found.latch_fsd();
        let ups = found.name.clone();
        self.notices.push(Notice::Fsd { user: client.user(), address: client.address(), ups });
        reply(out, &["OK FSD-SET\n"])
    }

    pub(super) fn set_variable(
        &mut self,
        client: &mut State,
        [ups, variable, value]: [&str; 3],
        now: Duration,
        entropy: Entropy<'_>,
        out: &mut Vec<u8>,
    ) -> Reply {
        self.available(ups, now)?;
        self.check_grant(client, Grant::Set, "SET")?;
        check_value(self.store.find(ups)?.variable(variable)?, value)?;
        let tracking = self.start_tracking(client, now, entropy);
        let line = ToDriver::Set { var: variable, value, tracking: tracking.as_deref() };
        self.tell(ups, &line, tracking.as_deref(), out).map_err(|_| ErrorCode::SetFailed)?;
        self.notices.push(Notice::Set {
            user: client.user(),
            address: client.address(),
            ups: ups.to_owned(),
            variable: variable.to_owned(),
            tracking,
        });
        Ok(())
    }

    pub(super) fn instcmd(
        &mut self,
        client: &mut State,
        (ups, command, parameter): (&str, &str, Option<&str>),
        now: Duration,
        entropy: Entropy<'_>,
        out: &mut Vec<u8>,
    ) -> Reply {
        if !self.available(ups, now)?.has_command(command) {
            return Err(ErrorCode::CmdNotSupported);
        }
        if !self.users.may_run(client.username(), client.password(), command) {
            return Err(self.denied(client, "run this instant command"));
        }
        let tracking = self.start_tracking(client, now, entropy);
        let line = ToDriver::InstCmd { command, parameter, tracking: tracking.as_deref() };
        self.tell(ups, &line, tracking.as_deref(), out).map_err(|_| ErrorCode::InstcmdFailed)?;
        self.notices.push(Notice::Command {
            user: client.user(),
            address: client.address(),
            ups: ups.to_owned(),
            command: command.to_owned(),
            tracking,
        });
        Ok(())
    }

    fn start_tracking(&mut self, client: &State, now: Duration, entropy: Entropy<'_>) -> Option<String> {
        self.expire_tracking(now);
        client.tracking.then(|| self.tracking.start(now, entropy()))
    }

    /// Puts a line out to the driver of `ups` and replies `OK`, with the id under which it is tracked.
    fn tell(&mut self, ups: &str, line: &ToDriver<'_>, tracking: Option<&str>, out: &mut Vec<u8>) -> Reply {
        let found = self.store.find_mut(ups)?;
        if let Err(error) = found.tell(line) {
            if let Some(id) = tracking {
                self.tracking.abandon(id);
            }
            return Err(error);
        }
        self.woken.push(found.id);
        match tracking {
            Some(id) => reply(out, &["OK TRACKING ", id, "\n"]),
            None => reply(out, &["OK\n"]),
        }
    }

    fn check_grant(&mut self, client: &mut State, grant: Grant, what: &'static str) -> Reply {
        if self.users.may(client.username(), client.password(), grant) {
            Ok(())
        } else {
            Err(self.denied(client, what))
        }
    }

    fn denied(&mut self, client: &mut State, what: &'static str) -> ErrorCode {
        if !client.denial_said {
            client.denial_said = true;
            self.notices.push(Notice::Denied { user: client.user(), address: client.address(), what });
        }
        ErrorCode::AccessDenied
    }
}

impl State {
    pub(super) fn address(&self) -> String {
        String::from(&*self.address)
    }

    fn username(&self) -> &str {
        self.username.as_deref().unwrap_or_default()
    }

    fn password(&self) -> &str {
        self.password.as_deref().unwrap_or_default()
    }

    fn user(&self) -> String {
        self.username().to_owned()
    }
}

/// Whether `value` may be written to `variable`, in the order in which NUT asks.
fn check_value(variable: &Variable, value: &str) -> Reply {
    if !variable.writable {
        return Err(ErrorCode::ReadOnly);
    }
    if variable.text {
        let longest =
            usize::try_from(variable.longest).ok().filter(|&n| n > 0).ok_or(ErrorCode::SetFailed)?;
        if value.len() > longest {
            return Err(ErrorCode::TooLong);
        }
    }
    if !variable.choices.is_empty() && !variable.choices.iter().any(|choice| choice == value) {
        return Err(ErrorCode::InvalidValue);
    }
    if !variable.ranges.is_empty() {
        let number = leading_integer(value);
        if !variable.ranges.iter().any(|&(min, max)| (min..=max).contains(&number)) {
            return Err(ErrorCode::InvalidValue);
        }
    }
    Ok(())
}

/// What C's `atoi` makes of a text: its leading integer, or 0.
fn leading_integer(text: &str) -> i64 {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let magnitude = match digits.get(..end) {
        None | Some("") => 0,
        Some(digits) => digits.parse::<i64>().unwrap_or(i64::MAX),
    };
    if negative { -magnitude } else { magnitude }
}
