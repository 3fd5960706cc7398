//! Status and alarms as somebody else worded them: a file, a client, another server.

use crate::core::tree::Tree;

/// What was said, until it is said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    /// Words of `ups.status`.
    pub(super) status: String,
    /// Texts of alarms that were raised. With any, ALARM is part of the status.
    pub(super) alarms: Vec<String>,
    /// `ups.alarm` as a mere variable: the status does not follow it.
    pub(super) text: String,
    /// What was published, and what low battery was judged to be then (with `ignorelb`).
    published: Option<Published>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Published {
    status: String,
    alarms: Vec<String>,
    text: String,
    low: Option<bool>,
}

impl Condition {
    /// A status, and nothing else.
    pub(super) fn new(status: &str) -> Self {
        Self { status: status.to_owned(), ..Self::default() }
    }

    /// Publishes `ups.status` and `ups.alarm`, if anything is new.
    pub(super) fn publish(&mut self, tree: &mut Tree) {
        let (status, alarms, text) = (self.status.clone(), self.alarms.clone(), self.text.clone());
        let now = Published { status, alarms, text, low: tree.low() };
        if self.published.as_ref() == Some(&now) {
            return;
        }
        tree.status_begin();
        tree.status_add(&self.status);
        for alarm in &self.alarms {
            tree.alarm_add(alarm);
        }
        // A text that comes with the token is an alarm like any other.
        let raised = self.status.split_ascii_whitespace().any(|token| token == "ALARM");
        if raised && self.alarms.is_empty() {
            tree.alarm_add(&self.text);
        }
        tree.status_commit();
        if !raised && self.alarms.is_empty() && !self.text.is_empty() {
            tree.set("ups.alarm", &self.text);
        }
        self.published = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("OL", &[], "", Some("OL"), None)]
    #[case::twice("OL CHRG OL", &[], "", Some("OL CHRG"), None)]
    #[case::raised("OL", &["Fan", "Hot"], "", Some("ALARM OL"), Some("Fan Hot"))]
    #[case::raised_beats_text("OL", &["Fan"], "Old", Some("ALARM OL"), Some("Fan"))]
    #[case::text_alone("OL", &[], "Fan", Some("OL"), Some("Fan"))]
    #[case::text_and_token("OL ALARM RB", &[], "Fan", Some("ALARM OL RB"), Some("Fan"))]
    #[case::token_alone("OL ALARM", &[], "", Some("ALARM OL"), None)]
    #[case::nothing("", &[], "", None, None)]
    fn what_is_published(
        #[case] status: &str,
        #[case] alarms: &[&str],
        #[case] text: &str,
        #[case] expected_status: Option<&str>,
        #[case] expected_alarm: Option<&str>,
    ) {
        let mut tree = Tree::default();
        let mut condition =
            Condition { status: "OB".into(), alarms: vec!["x".into()], ..Condition::default() };
        condition.publish(&mut tree);
        condition.status = status.into();
        condition.alarms = alarms.iter().map(|alarm| (*alarm).to_owned()).collect();
        condition.text = text.into();
        condition.publish(&mut tree);
        assert_eq!((tree.get("ups.status"), tree.get("ups.alarm")), (expected_status, expected_alarm));
        tree.take_changes();
        condition.publish(&mut tree);
        assert_eq!(tree.take_changes(), []);
    }

    #[test]
    fn a_battery_that_becomes_low_is_judged_anew() {
        let mut tree = Tree::default();
        tree.set_ignore_lb(true);
        tree.set("battery.charge.low", "20");
        tree.set("battery.charge", "50");
        let mut condition = Condition::new("OB");
        condition.publish(&mut tree);
        tree.set("battery.charge", "10");
        condition.publish(&mut tree);
        assert_eq!(tree.get("ups.status"), Some("OB LB"));
    }
}
