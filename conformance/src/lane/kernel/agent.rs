//! What the agent in a guest says: a line an event, fields by tabs. The other side is `ci/guest/root/usr/lib/outage`.

/// Something that happened in a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The services were started.
    Booted,
    /// The disk was mounted; with a journal to be replayed, its last end was not clean.
    Journal { replayed: bool },
    /// The count that was on the disk after the boot.
    Counted(u64),
    /// The count is durable up to here.
    Count(u64),
    /// upsmon gave a notice.
    Notice { kind: String, ups: String, text: String },
    /// POWERDOWNFLAG was there when SHUTDOWNCMD ran.
    Flag,
    /// SHUTDOWNCMD ran.
    Shutdown,
    /// A step of the shutdown was reached: its name.
    Step(String),
    /// Something went wrong in the guest itself.
    Fault(String),
    /// A line that an order printed.
    Printed(String),
    /// An order was carried out: its exit code.
    Ran(i32),
}

/// Reads a line; `None` for one that makes no sense.
pub(super) fn told(line: &str) -> Option<Told> {
    if let Some(printed) = line.strip_prefix("printed\t") {
        return Some(Told::Printed(printed.to_owned()));
    }
    let fields: Vec<_> = line.split('\t').collect();
    Some(match fields[..] {
        ["booted"] => Told::Booted,
        ["journal", "clean"] => Told::Journal { replayed: false },
        ["journal", "replayed"] => Told::Journal { replayed: true },
        ["counted", count] => Told::Counted(count.parse().ok()?),
        ["count", count] => Told::Count(count.parse().ok()?),
        ["notice", kind, ups, text] => {
            Told::Notice { kind: kind.to_owned(), ups: ups.to_owned(), text: text.to_owned() }
        }
        ["flag"] => Told::Flag,
        ["shutdown"] => Told::Shutdown,
        [step @ ("stopping" | "unmounted" | "down")] => Told::Step(step.to_owned()),
        ["fault", text] => Told::Fault(text.to_owned()),
        ["ran", code] => Told::Ran(code.parse().ok()?),
        _ => return None,
    })
}

/// A line of a guest's syslog as process and text: `Nov 27 00:14:02 upsd[201]: listening`.
pub(super) fn logged(line: &str) -> Option<(String, String)> {
    // Month, day and time are of one width each.
    let rest = line.get(16..)?;
    let (tag, text) = rest.split_once(": ")?;
    // Who gives no process id is part of the system, not a service.
    let (name, _) = tag.split_once('[')?;
    // BusyBox's syslogd puts facility and priority, or a host's name, before the tag.
    let name = name.rsplit(' ').next().unwrap_or(name);
    Some((name.to_owned(), text.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("booted", Some(Told::Booted))]
    #[case("journal\treplayed", Some(Told::Journal { replayed: true }))]
    #[case("counted\t17", Some(Told::Counted(17)))]
    #[case("counted\tx", None)]
    #[case("unmounted", Some(Told::Step("unmounted".into())))]
    #[case("fault\tthe disk is busy", Some(Told::Fault("the disk is busy".into())))]
    #[case("printed\tups.status: OL\tx", Some(Told::Printed("ups.status: OL\tx".into())))]
    #[case("printed\t", Some(Told::Printed(String::new())))]
    #[case("ran\t1", Some(Told::Ran(1)))]
    #[case("", None)]
    fn lines_of_the_agent(#[case] line: &str, #[case] want: Option<Told>) {
        assert_eq!(told(line), want);
    }

    #[rstest]
    #[case("Nov 27 00:14:02 upsd[201]: listening on 0.0.0.0 port 3493", Some(("upsd", "listening on 0.0.0.0 port 3493")))]
    #[case("Nov  7 00:14:02 guest daemon.notice upsmon[7]: a: b", Some(("upsmon", "a: b")))]
    #[case("Nov 27 00:14:02 syslogd started: BusyBox v1.35.0", None)]
    #[case("short", None)]
    fn lines_of_syslog(#[case] line: &str, #[case] want: Option<(&str, &str)>) {
        let want = want.map(|(process, text)| (process.to_owned(), text.to_owned()));
        assert_eq!(logged(line), want);
    }
}
