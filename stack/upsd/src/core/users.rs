//! Who may do what: upsd.users.

use outage_config::{Grant, UpsdUsers, User};
use subtle::ConstantTimeEq;

/// The users, and the question whether one of them may do something.
#[derive(Debug, Default)]
pub(super) struct Users(Vec<User>);

impl Users {
    pub(super) fn new(users: UpsdUsers) -> Self {
        Self(users.users)
    }

    /// Whether `name` with `password` has `grant`.
    pub(super) fn may(&self, name: &str, password: &str, grant: Grant) -> bool {
        self.authentic(name, password).is_some_and(|user| user.grants.contains(&grant))
    }

    /// Whether `name` with `password` may run the instant command `command`.
    pub(super) fn may_run(&self, name: &str, password: &str, command: &str) -> bool {
        self.authentic(name, password).is_some_and(|user| {
            user.commands
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case("ALL") || allowed.eq_ignore_ascii_case(command))
        })
    }

    /// The user of this name if the password is theirs. Names and passwords are case-sensitive; a user without a
    /// password is nobody. An unknown name costs a comparison too.
    fn authentic(&self, name: &str, password: &str) -> Option<&User> {
        let user = self.0.iter().find(|user| user.name == name);
        let expected = user.and_then(|user| user.password.as_deref());
        let same = same_secret(expected.unwrap_or("no such user"), password);
        user.filter(|_| same && expected.is_some())
    }
}

/// Longer passwords never come: it is where the lexer cuts a client's word.
const LONGEST: usize = 512;

/// Compares without telling by the time taken where the first difference is, or how long the password is.
fn same_secret(expected: &str, given: &str) -> bool {
    let padded = |text: &str| {
        let mut room = [0_u8; LONGEST];
        room.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        room
    };
    let lengths = (expected.len() as u64).ct_eq(&(given.len() as u64));
    bool::from(padded(expected).ct_eq(&padded(given)) & lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        let user = |name: &str, password: Option<&str>, grants: &[Grant], commands: &[&str]| User {
            name: name.to_owned(),
            password: password.map(str::to_owned),
            grants: grants.iter().copied().collect(),
            commands: commands.iter().map(|&c| c.to_owned()).collect(),
            line: 1,
        };
        Users(vec![
            user("admin", Some("secret"), &[Grant::Set], &["all"]),
            user("some", Some("x"), &[], &["Beeper.Mute"]),
            user("nobody", None, &[Grant::Set], &["ALL"]),
        ])
    }

    #[test]
    fn a_grant_needs_the_name_and_the_password_as_they_are_written() {
        let users = users();
        assert!(users.may("admin", "secret", Grant::Set));
        for (name, password) in [
            ("admin", "Secret"),
            ("Admin", "secret"),
            ("admin", "secre"),
            ("admin", "secrets"),
            ("admin", ""),
            ("admin", "secret\0"),
        ] {
            assert!(!users.may(name, password, Grant::Set), "{name} {password}");
        }
        assert!(!users.may("admin", "secret", Grant::Fsd));
    }

    #[test]
    fn no_password_is_no_way_in() {
        let users = users();
        for password in ["", "no such user", "nobody"] {
            assert!(!users.may("nobody", password, Grant::Set));
            assert!(!users.may("who", password, Grant::Set));
        }
    }

    #[test]
    fn commands_are_granted_by_name_or_all_at_once() {
        let users = users();
        assert!(users.may_run("admin", "secret", "load.off"));
        assert!(users.may_run("some", "x", "beeper.mute"));
        assert!(!users.may_run("some", "x", "load.off"));
        assert!(!users.may_run("some", "y", "beeper.mute"));
    }
}
