//! Notices: their texts and where they go.

use outage_config::{NotifyRule, NotifyType, UpsmonConf};

use super::action::Action;

/// The notice `kind` with its text filled in.
pub(super) fn notify(conf: &UpsmonConf, kind: NotifyType, ups: &str, args: &[&str]) -> Action {
    let NotifyRule { message, flags } = conf.notify.get(&kind).cloned().unwrap_or_else(|| NotifyRule {
        message: format!("{kind:?} %s"),
        flags: outage_config::NotifyFlags::default(),
    });
    Action::Notify { kind, ups: ups.to_owned(), text: fill(&message, args), flags }
}

/// Puts `args` in the places of the `%s`, in order. Places without an argument become nothing; every other `%` stands
/// for itself, so that no text from a file or a server can do harm here.
fn fill(template: &str, args: &[&str]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut args = args.iter();
    let mut rest = template;
    while let Some(at) = rest.find("%s") {
        text.push_str(&rest[..at]);
        text.push_str(args.next().unwrap_or(&""));
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("UPS %s on battery", &["a@b"], "UPS a@b on battery")]
    #[case("UPS %s: %s!", &["a@b", "hot %s"], "UPS a@b: hot %s!")]
    #[case("no place", &["a@b"], "no place")]
    #[case("%s%s", &["x"], "x")]
    #[case("100 %d %s", &["x"], "100 %d x")]
    fn placeholders(#[case] template: &str, #[case] args: &[&str], #[case] text: &str) {
        assert_eq!(fill(template, args), text);
    }
}
