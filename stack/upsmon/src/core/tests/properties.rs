//! Whatever happens.

use quickcheck::{Arbitrary, Gen, quickcheck};

use super::*;

/// A stretch of time in which a UPS says one thing.
#[derive(Clone, Debug)]
struct Stretch {
    ups: &'static str,
    answer: &'static str,
    seconds: u64,
}

impl Arbitrary for Stretch {
    fn arbitrary(g: &mut Gen) -> Self {
        let ups = *g.choose(&["a", "b"]).expect("not empty");
        let answer = *g
            .choose(&[
                "OL",
                "OL CHRG",
                "OB",
                "OB LB",
                "OL LB",
                "LB",
                "OL CAL",
                "OB LB CAL",
                "OL RB",
                "OFF",
                "OL OFF",
                "BYPASS",
                "OL ALARM",
                "OL OVER",
                "OL TRIM",
                "FSD OL",
                "WAIT",
                "",
                "-",
                "...",
                "stale",
                "LBX OBX",
                "OL TEST",
            ])
            .expect("not empty");
        Self { ups, answer, seconds: u64::arbitrary(g) % 50 }
    }
}

/// Words of which at least one must have been read for a UPS to become critical.
const GROUNDS: [&str; 6] = ["OB", "CAL", "BYPASS", "OFF", "ALARM", "FSD"];

fn play(conf: UpsmonConf, history: &[Stretch]) -> Lab {
    let mut lab = Lab::new(conf, &[("a", "OL"), ("b", "OL")]);
    for stretch in history {
        lab.step(stretch.ups, stretch.answer, stretch.seconds);
    }
    lab
}

fn gave_grounds(history: &[Stretch], ups: &str) -> bool {
    history
        .iter()
        .filter(|stretch| stretch.ups == ups)
        .any(|stretch| stretch.answer.split(' ').any(|word| GROUNDS.contains(&word)))
}

quickcheck! {
    fn no_shutdown_without_a_cause_that_was_read(history: Vec<Stretch>) -> bool {
        let lab = play(conf(&["a primary", "b secondary"]), &history);
        lab.ran_at().is_none() || (gave_grounds(&history, "a") && gave_grounds(&history, "b"))
    }

    fn the_flag_comes_before_the_command_and_both_once(history: Vec<Stretch>) -> bool {
        let conf = UpsmonConf { min_supplies: 2, ..conf(&["a primary", "b secondary"]) };
        let lab = play(conf, &history);
        let at = |what: &str| lab.done.iter().enumerate().filter(|(_, line)| line.contains(what)).map(|(at, _)| at).collect::<Vec<_>>();
        match (at(" flag ").as_slice(), at(" run ").as_slice()) {
            ([], []) => true,
            ([flag], [run]) => flag < run,
            _ => false,
        }
    }

    fn more_supplies_wanted_never_means_a_later_shutdown(history: Vec<Stretch>) -> bool {
        let ran = |min_supplies| {
            let conf = UpsmonConf { min_supplies, ..conf(&["a primary", "b primary"]) };
            play(conf, &history).ran_at().unwrap_or(f64::INFINITY)
        };
        ran(2) <= ran(1) && ran(0) == f64::INFINITY
    }

    fn equal_histories_give_equal_deeds(history: Vec<Stretch>) -> bool {
        let conf = conf(&["a primary", "b secondary"]);
        play(conf.clone(), &history).done == play(conf, &history).done
    }

    fn low_on_battery_ends_in_time(history: Vec<Stretch>) -> bool {
        // Whatever was before: a primary whose only UPS stays on battery and low goes down within a poll and the delays.
        let mut lab = play(conf(&["a primary"]), &history);
        let from = lab.now.as_secs();
        lab.set("a", "OB LB");
        // A poll that never was answered is the shell's to end; here it is ended by hand.
        lab.send(Event::Polled(MonitorId(0), Ok(Reading::status("OB LB"))));
        lab.run_until(from + 60);
        lab.ran_at().is_some_and(|at| at <= (from + 5 + 5) as f64)
    }
}
