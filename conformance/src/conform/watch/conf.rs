//! upsmon.conf of a watch.

use crate::scenario::NOTICES;

/// Notices that every upsmon has; the others of [`NOTICES`] came later.
const OLD: &[&str] = &[
    "ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD", "SHUTDOWN", "REPLBATT", "NOCOMM", "NOPARENT",
];

/// The one that is left to NOTIFYFLAG's default: a machine with much to do may stand still for longer than it takes.
const LEFT_OUT: &str = "SUSPEND_TIMEJUMP_UNEXPECTED";

/// What every watch's upsmon.conf says unless the watch says otherwise: timers short enough for real time, in the whole
/// seconds that every upsmon takes.
const STANDARD: &[&str] = &[
    "MONITOR dummy@{server} 1 admin secret primary",
    "MINSUPPLIES 1",
    "POLLFREQ 1",
    "POLLFREQALERT 1",
    "DEADTIME 3",
    "HOSTSYNC 2",
    "FINALDELAY 0",
    "SHUTDOWNCMD \"{hooks}/halt\"",
    "NOTIFYCMD \"{hooks}/notify\"",
    "POWERDOWNFLAG {flag}",
];

/// The lines of an upsmon.conf, facts not yet put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conf {
    /// Lines of the watch's own.
    pub own: Vec<String>,
    /// Lines that only our own programs understand.
    pub ours: Vec<String>,
    /// Directives whose standard line is left out.
    pub without: Vec<String>,
}

impl Conf {
    /// The text, with a NOTIFYFLAG for each notice that `knows` says yes to.
    #[must_use]
    pub fn text(&self, knows: impl Fn(&str) -> bool) -> String {
        let known = |notice: &&&str| OLD.contains(notice) || (**notice != LEFT_OUT && knows(notice));
        let notices = NOTICES.iter().filter(known);
        let notices = notices.map(|notice| format!("NOTIFYFLAG {notice} EXEC"));
        let standard = STANDARD.iter().map(|line| (*line).to_owned()).chain(notices);
        let replaced = |line: &String| {
            let subject = topic(line);
            self.without.contains(&subject) || self.own.iter().any(|own| topic(own) == subject)
        };
        standard
            .filter(|line| !replaced(line))
            .chain(self.own.iter().cloned())
            .map(|line| line + "\n")
            .collect()
    }
}

/// What a line is about: its directive, and for NOTIFYFLAG and NOTIFYMSG the notice.
fn topic(line: &str) -> String {
    let mut words = line.split_whitespace();
    let directive = words.next().unwrap_or_default();
    match directive {
        "NOTIFYFLAG" | "NOTIFYMSG" => format!("{directive} {}", words.next().unwrap_or_default()),
        _ => directive.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_lines_are_in_place_of_the_standard_ones() {
        let own = [
            "MONITOR x@y 1 a b secondary",
            "MONITOR z@y 1 a b secondary",
            "NOTIFYFLAG FSD IGNORE",
            "OFFDURATION 3",
        ];
        let conf = Conf {
            own: own.map(str::to_owned).to_vec(),
            without: vec!["SHUTDOWNCMD".to_owned()],
            ours: Vec::new(),
        };
        let text = conf.text(|notice| notice == "CAL");
        assert!(text.contains("NOTIFYFLAG CAL EXEC\n") && !text.contains("NOTIFYFLAG ECO"));
        assert!(
            !text.contains("dummy@")
                && !text.contains("SHUTDOWNCMD")
                && !text.contains("NOTIFYFLAG FSD EXEC")
        );
        assert!(text.contains("NOTIFYFLAG ONLINE EXEC\n") && text.contains("POLLFREQ 1\n"));
        assert!(text.ends_with(&(own.join("\n") + "\n")), "{text}");
    }
}
