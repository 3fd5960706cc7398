//! When a UPS is critical, worked out from what was read of it and nothing else: the whole history is looked through
//! each time. It shares no line with the judgement that it judges.

use super::*;
use outage_config::Confirm;

/// A reading, as far as it matters.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    at: Duration,
    words: Vec<String>,
    /// On battery, by the last OL or OB that was ever read.
    ob: bool,
    charge: Option<f64>,
}

#[derive(Clone, Debug)]
enum Entry {
    Read(Seen),
    /// An error; `true`: upsd has nothing from its driver yet.
    Nothing(bool),
}

/// What became of a UPS's polls since the start, or since the machine slept.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    pub(super) asked: Option<Duration>,
    /// When the last poll began or ended.
    pub(super) last_poll: Duration,
}

/// Whether a limit is only reached, or so far behind that no grace and no late answer can excuse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    May,
    Must,
}

impl View {
    fn past(self, now: Duration, limit: Duration) -> bool {
        match self {
            Self::May => now >= limit,
            Self::Must => now > limit + secs(1),
        }
    }
}

impl Seen {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    fn low(&self) -> bool {
        self.ob && self.has("LB")
    }
}

impl History {
    /// The machine slept: nothing that was read is true any more.
    pub(super) fn forget(&mut self, now: Duration) {
        self.entries.clear();
        self.last_poll = now;
    }

    pub(super) fn answered(&mut self, at: Duration, answer: &Result<Reading, PollError>) {
        (self.asked, self.last_poll) = (None, at);
        let Ok(reading) = answer else { return self.entries.push(Entry::Nothing(false)) };
        let words: Vec<String> = reading.status.split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return self.entries.push(Entry::Nothing(false));
        }
        if words.iter().all(|word| word == "WAIT") {
            return self.entries.push(Entry::Nothing(true));
        }
        let line = words.iter().rev().find(|word| *word == "OL" || *word == "OB");
        let ob = line.map_or(self.last().is_some_and(|seen| seen.ob), |word| word == "OB");
        let charge = reading.charge.as_deref().and_then(|text| text.parse().ok());
        self.entries.push(Entry::Read(Seen { at, words, ob, charge }));
    }

    fn reads(&self) -> impl DoubleEndedIterator<Item = &Seen> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Read(seen) => Some(seen),
            Entry::Nothing(_) => None,
        })
    }

    fn last(&self) -> Option<&Seen> {
        self.reads().next_back()
    }

    /// Whether it is worth the faster polls.
    pub(super) fn is_alert(&self) -> bool {
        self.last().is_some_and(|seen| seen.ob || seen.has("OFF"))
    }

    /// Failures behind the last reading: of any kind, and without those that only have to wait for the driver.
    fn nothing_since(&self) -> (bool, bool) {
        let tail = self.entries.iter().rev().map_while(|entry| match entry {
            Entry::Read(_) => None,
            Entry::Nothing(wait) => Some(*wait),
        });
        let tail: Vec<bool> = tail.collect();
        (!tail.is_empty(), tail.contains(&false))
    }

    /// No answer for DEADTIME: from when on that is said.
    fn dead_from(&self, conf: &UpsmonConf, view: View) -> Option<Duration> {
        let limit = self.last()?.at + conf.dead_time;
        match (view, self.nothing_since().0) {
            (_, true) => Some(limit),
            // A poll under way may be answered yet, but not for ever.
            (View::May, false) => self.asked.map(|_| limit),
            (View::Must, false) => self.asked.map(|asked| limit.max(asked + secs(5))),
        }
    }

    /// The times at which the last unbroken run of a state was seen. `None` of `state`: that reading does not tell.
    fn run(&self, state: impl Fn(&Seen) -> Option<bool>) -> Vec<Duration> {
        let mut times: Vec<_> = self
            .reads()
            .rev()
            .map_while(|seen| match state(seen) {
                Some(false) => None,
                Some(true) => Some(Some(seen.at)),
                None => Some(None),
            })
            .flatten()
            .collect();
        times.reverse();
        times
    }

    /// Whether the FSD of the last reading is an order.
    fn ordered(&self, conf: &UpsmonConf) -> bool {
        let Some(clear) = conf.fsd_clear else { return true };
        let says_fsd = |entry: &Entry| !matches!(entry, Entry::Read(seen) if !seen.has("FSD"));
        let start = self.entries.iter().rposition(|entry| !says_fsd(entry)).map_or(0, |at| at + 1);
        let mut ordered = self.entries[..start].iter().any(|entry| matches!(entry, Entry::Read(_)));
        let mut calm: Option<Duration> = None;
        for entry in &self.entries[start..] {
            let Entry::Read(seen) = entry else {
                calm = None;
                continue;
            };
            let latch =
                seen.words[0] == "FSD" && seen.words.iter().filter(|word| *word == "FSD").count() == 1;
            if seen.ob || !seen.has("OL") || !latch {
                (ordered, calm) = (true, None);
            } else if seen.at - *calm.get_or_insert(seen.at) >= clear {
                ordered = false;
            }
        }
        ordered
    }

    /// The causes for which the UPS may, or must, be critical at `now`.
    pub(super) fn critical(&self, conf: &UpsmonConf, primary: bool, now: Duration, view: View) -> bool {
        let Some(last) = self.last() else { return false };
        let dead_from = self.dead_from(conf, view);
        let dead = dead_from.is_some_and(|from| view.past(now, from));
        let lost = self.nothing_since().1;
        if last.has("FSD") && (self.ordered(conf) || dead) {
            return true;
        }
        let over = self.run(|seen| Some(seen.has("OVER")));
        if let (true, Some(limit), Some(since)) = (lost, conf.over_duration, over.first())
            && view.past(now, *since + limit)
        {
            return true;
        }
        let shaky = last.has("CAL")
            || last.has("BYPASS")
            || last.has("ALARM") && conf.alarm_critical
            || last.has("OFF") && conf.off_duration.is_some();
        if shaky && (dead || conf.compat_nut && lost) {
            return true;
        }
        let confirmed = |run: &[Duration]| match conf.confirm {
            Confirm::Polls(polls) => run.len() >= polls as usize,
            Confirm::Time(time) => !run.is_empty() && run[run.len() - 1] - run[0] >= time,
        };
        let lasted = |run: &[Duration], limit| !run.is_empty() && run[run.len() - 1] - run[0] >= limit;
        let off = self.run(|seen| Some(seen.has("OFF")));
        if let Some(limit) = conf.off_duration
            && lasted(&off, limit)
            && confirmed(&off)
            && view.past(now, off[0] + limit)
        {
            return true;
        }
        if !last.ob || last.has("CAL") {
            return false;
        }
        // A calibration does not tell.
        let untold = |seen: &Seen, yes| if yes && seen.has("CAL") { None } else { Some(yes) };
        let low = self.run(|seen| untold(seen, seen.low()));
        let since = if last.low() && (confirmed(&low) || dead) {
            low.first().copied()
        } else {
            dead_from.filter(|_| dead).map(|from| if view == View::Must { from + secs(1) } else { from })
        };
        let low_long_enough = since.is_some_and(|since| {
            let grace = conf.oblb_duration;
            let lasted = last.low() && lasted(&low, grace);
            (grace.is_zero() || lasted || view.past(now, since + grace))
                && (primary || view.past(now, self.last_fine() + conf.host_sync))
        });
        let on_batt = self.run(|seen| untold(seen, seen.ob));
        let too_long =
            conf.on_batt_shutdown.is_some_and(|limit| lasted(&on_batt, limit) && confirmed(&on_batt));
        let empty = conf.charge_shutdown.is_some_and(|limit| {
            let run = self.run(|seen| match seen.charge {
                _ if !seen.ob => Some(false),
                None => None,
                Some(percent) => untold(seen, percent <= f64::from(limit)),
            });
            !run.is_empty() && confirmed(&run)
        });
        low_long_enough || too_long || empty
    }

    /// The last reading that was not low on battery, or the first one that was.
    fn last_fine(&self) -> Duration {
        let mut fine = Duration::ZERO;
        let mut before = false;
        for seen in self.reads() {
            if !seen.low() || seen.has("CAL") || !before {
                fine = seen.at;
            }
            before = seen.low();
        }
        fine
    }
}
