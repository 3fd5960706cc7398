//! Plays the instructions of a definition file against a tree.

use std::time::Duration;

use super::condition::Condition;
use super::script::Step;
use super::variables::declare;
use crate::core::tree::Tree;

/// Where a pass through the file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between two passes.
    Outside,
    /// The next instruction is this one, and may be played at this time.
    At(usize, Duration),
}

/// What became of a call of [`Player::play`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// It waits for a timer, or for the next update cycle.
    Waits,
    /// The file is played to its end. `waited`: the last thing in it was a wait, so that the next pass may begin at once.
    Ended {
        /// See there.
        waited: bool,
    },
}

/// The state of one simulated UPS.
#[derive(Debug)]
pub struct Player {
    steps: Vec<Step>,
    place: Place,
    condition: Condition,
}

impl Default for Player {
    /// A UPS on line, of which nothing else is known.
    fn default() -> Self {
        Self { steps: Vec::new(), place: Place::Outside, condition: Condition::new("OL") }
    }
}

impl Player {
    /// Begins a pass through `steps`, or through those of the last pass. Alarms last as long as a pass.
    pub fn begin(&mut self, steps: Option<Vec<Step>>) {
        if let Some(steps) = steps {
            self.steps = steps;
        }
        self.condition.alarms.clear();
        self.place = Place::At(0, Duration::ZERO);
    }

    /// Whether a pass is under way.
    pub fn is_playing(&self) -> bool {
        self.place != Place::Outside
    }

    /// When it goes on, if that is not simply at the next update cycle.
    pub fn wakes(&self) -> Option<Duration> {
        match self.place {
            Place::At(_, at) => Some(at).filter(|at| !at.is_zero()),
            Place::Outside => None,
        }
    }

    /// Plays all that is to be played at `now`.
    pub fn play(&mut self, now: Duration, tree: &mut Tree) -> Played {
        let Place::At(mut next, at) = self.place else { return Played::Ended { waited: false } };
        if now < at {
            return Played::Waits;
        }
        let mut waited = next > 0 && !at.is_zero();
        let mut played = None;
        while let Some(step) = self.steps.get(next) {
            next += 1;
            waited = false;
            match step {
                Step::Set(name, value) => set(&mut self.condition, tree, name, value),
                Step::Alarm(text) => self.condition.alarms.push(text.clone()),
                Step::NoAlarm => self.condition.alarms.clear(),
                Step::Timer(wait) => {
                    // One of no length is over at the next call.
                    let at = if wait.is_zero() { Duration::ZERO } else { now + *wait };
                    self.place = Place::At(next, at);
                    played = Some(Played::Waits);
                    break;
                }
            }
        }
        self.publish(tree);
        played.unwrap_or_else(|| {
            self.place = Place::Outside;
            Played::Ended { waited }
        })
    }

    /// Publishes what is known before the file is: a UPS on line.
    pub fn introduce(&mut self, tree: &mut Tree) {
        for (name, value) in [("ups.mfr", "Dummy Manufacturer"), ("ups.model", "Dummy UPS")] {
            tree.set(name, value);
            declare(tree, name);
        }
        self.publish(tree);
    }

    /// What a client sets.
    pub fn set(&mut self, tree: &mut Tree, name: &str, value: &str) {
        set(&mut self.condition, tree, name, value);
        self.publish(tree);
    }

    fn publish(&mut self, tree: &mut Tree) {
        self.condition.publish(tree);
        declare(tree, "ups.status");
        declare(tree, "ups.alarm");
    }
}

fn set(condition: &mut Condition, tree: &mut Tree, name: &str, value: &str) {
    if name.eq_ignore_ascii_case("ups.status") {
        value.clone_into(&mut condition.status);
    } else if name.eq_ignore_ascii_case("ups.alarm") {
        value.clone_into(&mut condition.text);
    } else if value.is_empty() {
        tree.remove(name);
    } else {
        tree.set(name, value);
        declare(tree, name);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::script::parse;
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn player(text: &str) -> Player {
        let mut player = Player::default();
        player.begin(Some(parse(text.as_bytes()).0));
        player
    }

    #[test]
    fn a_sequence_goes_on_when_its_timers_say() {
        let mut tree = Tree::default();
        let mut player = player("ups.status: OL\nTIMER 60\nups.status: OB\nTIMER 30\nups.status: OB LB\n");
        assert_eq!(player.play(seconds(5), &mut tree), Played::Waits);
        assert_eq!((tree.get("ups.status"), player.wakes()), (Some("OL"), Some(seconds(65))));
        assert_eq!(player.play(seconds(64), &mut tree), Played::Waits);
        assert_eq!(tree.get("ups.status"), Some("OL"));
        assert_eq!(player.play(seconds(65), &mut tree), Played::Waits);
        assert_eq!((tree.get("ups.status"), player.wakes()), (Some("OB"), Some(seconds(95))));
        assert_eq!(player.play(seconds(95), &mut tree), Played::Ended { waited: false });
        assert_eq!((tree.get("ups.status"), player.wakes()), (Some("OB LB"), None));
        assert!(!player.is_playing());
    }

    #[rstest]
    #[case::timer_last("ups.load: 1\nTIMER 9\n", true)]
    #[case::value_last("ups.load: 1\nTIMER 9\nups.load: 2\n", false)]
    #[case::no_length("ups.load: 1\nTIMER 0\n", false)]
    #[case::no_timer("ups.load: 1\n", false)]
    #[case::empty("", false)]
    fn the_next_pass_may_begin_at_once_after_a_wait_only(#[case] text: &str, #[case] expected: bool) {
        let mut tree = Tree::default();
        let mut player = player(text);
        let mut played = player.play(seconds(1), &mut tree);
        if played == Played::Waits {
            played = player.play(seconds(10), &mut tree);
        }
        assert_eq!(played, Played::Ended { waited: expected });
    }

    #[test]
    fn alarms_last_until_they_are_ended_or_the_pass_is_over() {
        let mut tree = Tree::default();
        let mut player =
            player("ups.status: OL\nALARM Hot\nALARM Fan\nTIMER 5\nALARM\nTIMER 5\nALARM Cold\nTIMER 5\n");
        let seen = |tree: &Tree| {
            [tree.get("ups.status"), tree.get("ups.alarm")]
                .map(|value| value.unwrap_or("-").to_owned())
                .join(", ")
        };
        let mut all = Vec::new();
        for at in [0, 5, 10, 15] {
            player.play(seconds(at), &mut tree);
            all.push(seen(&tree));
        }
        player.begin(Some(parse(b"ups.load: 5").0));
        player.play(seconds(20), &mut tree);
        all.push(seen(&tree));
        assert_eq!(all, ["ALARM OL, Hot Fan", "OL, -", "ALARM OL, Cold", "ALARM OL, Cold", "OL, -"]);
    }

    #[test]
    fn a_variable_without_a_value_is_removed() {
        let mut tree = Tree::default();
        let mut player = player(
            "ups.load: 5\nups.alarm: Fan\nups.status: OL\nTIMER 1\nups.load:\nups.alarm: \"\"\nups.status:\n",
        );
        player.play(seconds(0), &mut tree);
        assert_eq!(
            (tree.get("ups.load"), tree.get("ups.alarm"), tree.get("ups.status")),
            (Some("5"), Some("Fan"), Some("OL"))
        );
        player.play(seconds(1), &mut tree);
        assert_eq!((tree.get("ups.load"), tree.get("ups.alarm"), tree.get("ups.status")), (None, None, None));
    }

    #[test]
    fn everything_can_be_written() {
        let mut tree = Tree::default();
        let mut player = player("ups.load: 5\nfoo.bar: x\nALARM Fan\n");
        player.play(seconds(0), &mut tree);
        let writable = |name: &str| tree.variable(name).map(|variable| (variable.flags.rw, variable.aux));
        assert_eq!(writable("ups.load"), Some((true, 0)));
        assert_eq!(writable("foo.bar"), Some((true, 32)));
        assert_eq!(writable("ups.status"), Some((true, 32)));
        assert_eq!(writable("ups.alarm"), Some((true, 32)));
    }
}
