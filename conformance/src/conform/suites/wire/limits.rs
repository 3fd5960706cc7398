//! Long lines, long answers, those who never read and those who never speak.

use std::time::Duration;

use tokio::time::timeout;

use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Miss, Outcome, Profile, Setup, Stage, ensure, ensure_eq};
use crate::run_check;

const PROTOCOL: &str = "net-protocol";
const SEEN: &str = "nut 2.8.0 as seen";

const fn run(
    id: &'static str,
    source: &'static str,
    level: crate::conform::Level,
    claim: &'static str,
    check: crate::conform::Check,
) -> Case {
    Case { id, source, level, claim, profile: Profile::Own, check }
}

pub(super) const CASES: &[Case] = &[
    run(
        "wire/limit/long-word",
        "CVE-2012-2944",
        Must,
        "A line of one word of 100,000 characters gets one answer or is hung up on; others are served.",
        run_check!(long_word),
    ),
    run(
        "wire/limit/long-blanks",
        SEEN,
        Observed,
        "Thousands of blanks around a request do not matter.",
        run_check!(long_blanks),
    ),
    run(
        "wire/limit/long-comment",
        SEEN,
        Observed,
        "A comment of 5,000 characters behind a request does not matter.",
        run_check!(long_comment),
    ),
    run(
        "wire/limit/no-line-feed",
        "CWE-400",
        Must,
        "Megabytes without a line feed leave the server to others.",
        run_check!(no_line_feed),
    ),
    run(
        "wire/limit/long-answer-is-a-line",
        PROTOCOL,
        Must,
        "An answer is a line, however long the names in it: it ends in a line feed.",
        run_check!(long_answer),
    ),
    run(
        "wire/limit/longest-value",
        PROTOCOL,
        Must,
        "A value of 255 characters, the longest that NUT keeps, is answered whole.",
        run_check!(longest_value),
    ),
    run(
        "wire/limit/many-escapes",
        PROTOCOL,
        Must,
        "A value of 200 quotes, twice as long on the wire, is answered whole.",
        run_check!(many_escapes),
    ),
    run(
        "wire/limit/set-is-one-line",
        "docs: sock-protocol (requests are lines)",
        Must,
        "A long value that is written reaches the driver as one whole line, or the client hears that it did not.",
        run_check!(long_set),
    ),
    run(
        "wire/limit/never-reads",
        "CWE-400",
        Must,
        "A client that asks and never reads the answers leaves the server to others.",
        run_check!(never_reads),
    ),
    run(
        "wire/limit/slow-reader",
        PROTOCOL,
        Must,
        "A client that reads late gets all that it asked for.",
        run_check!(slow_reader),
    ),
    run(
        "wire/idle/sixty-seconds",
        SEEN,
        Observed,
        "A connection without a line for more than 60 s is closed.",
        run_check!(idle),
    ),
    run(
        "wire/idle/lines-keep-it",
        SEEN,
        Observed,
        "A connection with a line every 50 s stays.",
        run_check!(kept_alive),
    ),
    run(
        "wire/idle/half-lines-do-not",
        SEEN,
        Observed,
        "Halves of lines do not keep a connection.",
        run_check!(half_lines),
    ),
];

const STATUS: &str = "GET VAR dummy ups.status";
const OL: &str = "VAR dummy ups.status \"OL\"";

async fn long_word(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let mut bytes = vec![b'x'; 100_000];
    bytes.push(b'\n');
    // Hung up on in the middle is an answer, too.
    let sent = wire.bytes(&bytes).await;
    if sent.is_ok() && wire.send("PROTVER").await.is_ok() {
        let heard = wire.line().await;
        if let Ok(line) = heard {
            ensure(line == "ERR UNKNOWN-COMMAND", || format!("a word of 100,000 characters: {line:?}"))?;
            wire.expect("1.3").await?;
        }
    }
    let mut other = stage.connect().await?;
    other.says(STATUS, OL).await
}

async fn long_blanks(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let blanks = " ".repeat(5000);
    wire.says(&format!("{blanks}PROTVER{blanks}"), "1.3").await?;
    wire.says("PROTVER", "1.3").await
}

async fn long_comment(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    wire.says(&format!("PROTVER #{}", "x".repeat(5000)), "1.3").await?;
    wire.says("PROTVER", "1.3").await
}

async fn no_line_feed(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut good = stage.connect().await?;
    let mut bad = stage.connect().await?;
    for _ in 0..64 {
        // It may be hung up on.
        if bad.bytes(&[b'x'; 65_536]).await.is_err() {
            break;
        }
        good.says(STATUS, OL).await?;
    }
    good.says(STATUS, OL).await
}

async fn long_answer(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    for length in [400, 480, 500, 512] {
        let name = "n".repeat(length);
        wire.bytes(format!("GET DESC dummy {name}\nPROTVER\n").as_bytes()).await?;
        let line = wire.line().await?;
        ensure(!line.ends_with("1.3"), || {
            format!("the answer to GET DESC with a name of {length} characters has no line feed")
        })?;
        wire.expect("1.3").await?;
    }
    Ok(())
}

async fn longest_value(stage: &mut Stage) -> Outcome {
    let value = "v".repeat(255);
    let line = format!("SETINFO outage.long \"{value}\"");
    stage.upsd(Setup::standard().dump("dummy", &[&line])).await?;
    let mut wire = stage.connect().await?;
    wire.says("GET VAR dummy outage.long", &format!("VAR dummy outage.long \"{value}\"")).await
}

async fn many_escapes(stage: &mut Stage) -> Outcome {
    let value = "\\\"".repeat(200);
    let line = format!("SETINFO outage.long \"{value}\"");
    stage.upsd(Setup::standard().dump("dummy", &[&line])).await?;
    let mut wire = stage.connect().await?;
    wire.says("GET VAR dummy outage.long", &format!("VAR dummy outage.long \"{value}\"")).await
}

async fn long_set(stage: &mut Stage) -> Outcome {
    let lines = ["SETINFO outage.note \"x\"", "SETAUX outage.note 600", "SETFLAGS outage.note RW STRING"];
    stage.upsd(Setup::standard().dump("dummy", &lines).alone()).await?;
    let mut wire = stage.connect().await?;
    wire.says("USERNAME admin", "OK").await?;
    wire.says("PASSWORD secret", "OK").await?;
    for length in [300, 480, 500, 512] {
        let value = "v".repeat(length);
        wire.send(&format!("SET VAR dummy outage.note {value}")).await?;
        let answer = wire.line().await?;
        if answer.starts_with("ERR ") {
            continue;
        }
        stage.driver("dummy")?.expect(&format!("SET outage.note \"{value}\"")).await?;
    }
    Ok(())
}

/// The standard fixture with a list of 300 kB or so.
fn talkative() -> Setup {
    let value = "v".repeat(250);
    let lines: Vec<_> = (0..1000).map(|n| format!("SETINFO outage.many.{n:04} \"{value}\"")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    Setup::standard().dump("dummy", &lines).alone()
}

async fn never_reads(stage: &mut Stage) -> Outcome {
    stage.upsd(talkative()).await?;
    let mut good = stage.connect().await?;
    let mut bad = stage.connect().await?;
    // 150 MB of answers, more than any buffers hold. Nothing more may be taken, or it may be hung up on.
    let requests = "LIST VAR dummy\n".repeat(500);
    let _ = timeout(Duration::from_secs(1), bad.bytes(requests.as_bytes())).await;
    stage.settle().await;
    for _ in 0..20 {
        good.says(STATUS, OL).await?;
    }
    let mut new = stage.connect().await?;
    new.says(STATUS, OL).await
}

async fn slow_reader(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let expected = wire.ask("LIST VAR dummy").await?;
    // More than a connection's buffers hold at their smallest, less than any server should refuse to keep.
    let count = 200;
    wire.bytes("LIST VAR dummy\n".repeat(count).as_bytes()).await?;
    stage.wait(Duration::from_millis(300)).await;
    for n in 0..count {
        ensure_eq(&format!("list {n}"), wire.answer().await?, expected.clone())?;
    }
    Ok(())
}

/// A minute and more is only waited for where that costs nothing.
fn only_virtual(stage: &Stage) -> Outcome {
    if stage.is_virtual() {
        return Ok(());
    }
    Err(Miss::Skipped("it takes more than a minute of real time".to_owned()))
}

async fn idle(stage: &mut Stage) -> Outcome {
    only_virtual(stage)?;
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    wire.says("PROTVER", "1.3").await?;
    let begin = stage.record().now();
    wire.closed_within(Duration::from_secs(70)).await?;
    let open = stage.record().now() - begin;
    ensure(open >= Duration::from_secs(60), || format!("it was closed after {open:?}"))
}

async fn kept_alive(stage: &mut Stage) -> Outcome {
    only_virtual(stage)?;
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    for _ in 0..5 {
        stage.wait(Duration::from_secs(50)).await;
        wire.says("PROTVER", "1.3").await?;
    }
    Ok(())
}

async fn half_lines(stage: &mut Stage) -> Outcome {
    only_virtual(stage)?;
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    for _ in 0..4 {
        stage.wait(Duration::from_secs(20)).await;
        if wire.bytes(b"x").await.is_err() {
            return Ok(());
        }
    }
    wire.closed_within(Duration::from_secs(1)).await
}
