//! What is said on the socket of the process that holds the timers, in NUT's words: a request is a line, the answer ends with
//! a line `OK` or one that begins with `ERR`.

use std::fmt::Write as _;
use std::time::Duration;

use outage_config::duration;
use outage_wire::{lex, quoted};

use super::core::{Notice, Request, Row};

/// The longest request that is read.
pub(super) const LONGEST: u64 = 64 * 1024;

/// The longest answer that is read.
pub(super) const LONGEST_ANSWER: u64 = 16 * 1024 * 1024;

/// The last line of an answer.
pub(super) const OK: &str = "OK";
/// There is no such request.
pub(super) const UNKNOWN: &str = "ERR UNKNOWN";
/// There are too many timers.
pub(super) const FULL: &str = "ERR TOO-MANY-TIMERS";

const BEGIN: &str = "BEGIN LIST TIMERS";
const END: &str = "END LIST TIMERS";

/// The line of a request, with its end.
pub(super) fn line(request: &Request) -> String {
    let (verb, name, word, notice) = match request {
        Request::List => return "LIST-TIMERS\n".to_owned(),
        Request::Start { name, after, shared, notice } => {
            (if *shared { "START-SHARED" } else { "START" }, name, seconds(*after), notice)
        }
        Request::Cancel { name, command, matched, notice } => {
            let verb = if *matched { "CANCEL-MATCHED" } else { "CANCEL" };
            (verb, name, command.clone().unwrap_or_default(), notice)
        }
    };
    let mut line = verb.to_owned();
    for word in [name, &word, &notice.kind, &notice.ups, &notice.text] {
        // Writing to a String can't fail.
        let _ = write!(line, " {}", quoted(word));
    }
    line.push('\n');
    line
}

/// Reads a request. NUT 2.8.0 says no more than `START name seconds` and `CANCEL name command`.
pub(super) fn request(line: &str) -> Option<Request> {
    let words = lex::words(line).ok()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let notice = |rest: &[&str]| {
        let word = |at| rest.get(at).copied().unwrap_or_default();
        Notice::new(word(0), word(1), word(2))
    };
    Some(match words.as_slice() {
        ["LIST-TIMERS", ..] => Request::List,
        [verb @ ("START" | "START-SHARED"), name, after, rest @ ..] if !name.is_empty() => Request::Start {
            name: (*name).to_owned(),
            after: duration(after).ok()?,
            shared: *verb == "START-SHARED",
            notice: notice(rest),
        },
        [verb @ ("CANCEL" | "CANCEL-MATCHED"), name, rest @ ..] => {
            let command = rest.first().map(|word| (*word).to_owned()).filter(|word| !word.is_empty());
            let notice = notice(rest.get(1..).unwrap_or_default());
            Request::Cancel { name: (*name).to_owned(), command, matched: *verb == "CANCEL-MATCHED", notice }
        }
        _ => return None,
    })
}

/// The answer to LIST-TIMERS: name, end in seconds since 1970, seconds left, and the notice, with tabs between.
pub(super) fn list(rows: &[Row], since_1970: Duration) -> String {
    let mut text = format!("{BEGIN}\n");
    for row in rows {
        let shown = |part: &str| if part.is_empty() { "\"\"".to_owned() } else { part.to_owned() };
        let Notice { kind, ups, text: message } = &row.notice;
        let end = (since_1970 + row.left).as_secs();
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{}\t{end}\t{}\t{}\t{}\t{}",
            row.name,
            // Tenths of a second are enough for people.
            seconds(row.left - Duration::from_nanos(u64::from(row.left.subsec_nanos() % 100_000_000))),
            shown(kind),
            shown(ups),
            shown(message)
        );
    }
    text + END + "\n" + OK + "\n"
}

/// The rows of such an answer.
pub(super) fn rows(answer: &[String]) -> impl Iterator<Item = &String> {
    answer.iter().filter(|line| *line != BEGIN && *line != END)
}

/// Seconds, to the nanosecond and without needless zeros.
fn seconds(length: Duration) -> String {
    let text = format!("{}.{:09}", length.as_secs(), length.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use quickcheck::quickcheck;
    use rstest::rstest;

    use super::*;

    fn start(name: &str, after: Duration, shared: bool, notice: Notice) -> Request {
        Request::Start { name: name.to_owned(), after, shared, notice }
    }

    #[test]
    fn lines_are_those_of_nut() {
        let notice = Notice::new("ONBATT", "eaton@localhost", "UPS \"eaton\"\non battery");
        let request = start("t 1", Duration::from_millis(1500), false, notice.clone());
        assert_eq!(
            line(&request),
            "START \"t 1\" \"1.5\" \"ONBATT\" \"eaton@localhost\" \"UPS \\\"eaton\\\" on battery\"\n"
        );
        let request = Request::Cancel { name: "t".into(), command: None, matched: true, notice };
        assert!(line(&request).starts_with("CANCEL-MATCHED \"t\" \"\" \"ONBATT\" "));
        assert_eq!(line(&Request::List), "LIST-TIMERS\n");
    }

    #[rstest]
    #[case("START t 30", Some(start("t", Duration::from_secs(30), false, Notice::default())))]
    #[case("CANCEL t", Some(Request::Cancel { name: "t".into(), command: None, matched: false, notice: Notice::default() }))]
    #[case("LIST-TIMERS", Some(Request::List))]
    #[case("START t", None)]
    #[case("START t soon", None)]
    #[case("START t -1", None)]
    #[case("START \"\" 1", None)]
    #[case("START \"t 1", None)]
    #[case("start t 1", None)]
    #[case("", None)]
    fn short_ones_and_wrong_ones(#[case] line: &str, #[case] read: Option<Request>) {
        assert_eq!(request(line), read);
    }

    #[test]
    fn a_list_is_a_table() {
        let notice = Notice::new("ONBATT", "", "a");
        let rows_in = [Row { name: "t".into(), left: Duration::from_millis(29_500), notice }];
        let text = list(&rows_in, Duration::from_secs(1000));
        assert_eq!(text, "BEGIN LIST TIMERS\nt\t1029\t29.5\tONBATT\t\"\"\ta\nEND LIST TIMERS\nOK\n");
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        assert_eq!(rows(&lines[..3]).count(), 1);
    }

    quickcheck! {
        fn what_is_said_is_heard(name: String, millis: u32, shared: bool, words: (String, String, String)) -> bool {
            let notice = Notice::new(&words.0, &words.1, &words.2);
            let name = Notice::new(&name, "", "").kind;
            if name.is_empty() {
                return true;
            }
            let after = Duration::from_millis(millis.into());
            let said = start(&name, after, shared, notice.clone());
            let command = (!notice.text.is_empty()).then(|| notice.text.clone());
            let cancel = Request::Cancel { name, command, matched: shared, notice };
            [said, cancel].into_iter().all(|said| {
                let line = line(&said);
                line.matches('\n').count() == 1 && request(line.trim_end_matches('\n')) == Some(said)
            })
        }
    }
}
