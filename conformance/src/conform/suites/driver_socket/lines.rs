//! Lines that are none: halves, garbage, foreign bytes, and more than fits. What matters is that the next good line counts.

use super::{SEEN, SOCKET, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Outcome, Setup, Stage};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/lines/two-in-one",
        SOCKET,
        Must,
        "Several lines in one write all count, in their order.",
        r#"
        driver dummy >> "SETINFO a.one \"1\"\nSETINFO a.two \"2\"\nSETINFO a.one \"3\"\n"
        > GET VAR dummy a.two
        < VAR dummy a.two "2"
        > GET VAR dummy a.one
        < VAR dummy a.one "3"
        "#,
    ),
    talk(
        "driver-socket/lines/half",
        SOCKET,
        Must,
        "A line that comes in pieces counts when its end has come, and not before.",
        r#"
        driver dummy >> "SETINFO battery.charge \"4"
        wait 50ms
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        driver dummy >> "2\"\n"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "42"
        "#,
    ),
    talk(
        "driver-socket/lines/byte-by-byte",
        SOCKET,
        Must,
        "A line that comes one byte at a time is a line.",
        r#"
        driver dummy >> "S"
        driver dummy >> "E"
        driver dummy >> "T"
        driver dummy >> "I"
        driver dummy >> "NFO a"
        driver dummy >> " "
        driver dummy >> "\""
        driver dummy >> "b\\"
        driver dummy >> "\"c"
        driver dummy >> "\""
        driver dummy >> "\n"
        > GET VAR dummy a
        < VAR dummy a "b\"c"
        "#,
    ),
    talk(
        "driver-socket/lines/carriage-return",
        SEEN,
        Observed,
        "A carriage return does not count.",
        r#"
        driver dummy >> "SETINFO a.cr \"1\"\r\n"
        > GET VAR dummy a.cr
        < VAR dummy a.cr "1"
        "#,
    ),
    talk(
        "driver-socket/lines/nul",
        SEEN,
        Observed,
        "A NUL does not count, and what follows it does.",
        r#"
        driver dummy >> "SETINFO a.n\x00ul \"1\x002\"\n"
        > GET VAR dummy a.nul
        < VAR dummy a.nul "12"
        "#,
    ),
    talk(
        "driver-socket/lines/eight-bit",
        SEEN,
        Observed,
        "Bytes above 0x7f do not count.",
        r#"
        driver dummy >> "SETINFO a.eight \"\xc3\xa4x\xff\"\n"
        > GET VAR dummy a.eight
        < VAR dummy a.eight "x"
        "#,
    ),
    talk(
        "driver-socket/lines/blank",
        SEEN,
        Observed,
        "Blank lines and lines of blanks say nothing.",
        r#"
        driver dummy >> "\n\n   \n\t\nSETINFO a.last \"1\"\n"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        "#,
    ),
    talk(
        "driver-socket/lines/comment",
        SEEN,
        Observed,
        "A comment says nothing, and ends with its line.",
        r##"
        driver dummy >> "# SETINFO battery.charge \"1\"\nSETINFO a.last \"1\" # and so on\n"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "##,
    ),
    talk(
        "driver-socket/lines/unknown-verb",
        SOCKET,
        Must,
        "An unknown verb changes nothing, and costs nothing but its line.",
        r#"
        driver dummy: FROBNICATE battery.charge "1"
        driver dummy: VAR dummy battery.charge "1"
        driver dummy: ADDINFO battery.charge "1"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/lines/requests-of-clients",
        SOCKET,
        Must,
        "A driver has no client's rights: GET, SET and FSD on its socket are unknown verbs.",
        r#"
        driver dummy: FSD dummy
        driver dummy: SET battery.charge "1"
        driver dummy: INSTCMD load.off
        driver dummy: GET VAR dummy ups.status
        driver dummy: DUMPALL
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/lines/unescaped-number-sign",
        "nut 2.8.0 as seen (live updates of its drivers are not escaped)",
        Should,
        "A number sign within quotes that is not escaped loses at most its own line.",
        r#"
        driver dummy >> "SETINFO a.bad \"x#y\"\n"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/lines/unescaped-in-one-write",
        SOCKET,
        Must,
        "What is wrong with one line is no harm to another in the same write.",
        r#"
        driver dummy >> "SETINFO a.bad \"x#y\"\nSETINFO a.last \"1\"\n"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        "#,
    ),
    talk(
        "driver-socket/lines/open-quote",
        "nut 2.8.0 as seen (live updates of its drivers are not escaped)",
        Should,
        "A quote that is not closed takes no more than its own line with it.",
        r#"
        driver dummy: SETINFO a.open "x
        driver dummy: SETINFO a.middle "2"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy a.middle
        < VAR dummy a.middle "2"
        "#,
    ),
    talk(
        "driver-socket/lines/long-word",
        SEEN,
        Observed,
        "A word of 5000 characters is no harm, and the next line counts.",
        r#"
        driver dummy: SETINFO a.long "{x*5000}"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        "#,
    ),
    talk(
        "driver-socket/lines/many-words",
        SEEN,
        Observed,
        "A line of 1000 words is no harm, and the next line counts.",
        r#"
        driver dummy: SETINFO a.many {w *1000}
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        "#,
    ),
    talk(
        "driver-socket/lines/long-name",
        SEEN,
        Observed,
        "A name of 600 characters is no harm, and LIST VAR still has its end.",
        r#"
        driver dummy: SETINFO {n*600} "1"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < ...
        > PROTVER
        < 1.3
        "#,
    ),
    run(
        "driver-socket/lines/endless",
        SOCKET,
        Must,
        "Half a megabyte without an end of line is no harm to clients, and after its end lines count again.",
        run_check!(endless),
    ),
    run(
        "driver-socket/lines/noise",
        SOCKET,
        Must,
        "Bytes without sense are no harm to clients, and after an end of line lines count again.",
        run_check!(noise),
    ),
];

async fn endless(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut client = stage.connect().await?;
    for _ in 0..128 {
        stage.driver("dummy")?.bytes(&[b'x'; 4096])?;
    }
    stage.settle().await;
    client.says("GET VAR dummy ups.status", "VAR dummy ups.status \"OL\"").await?;
    recovers(stage).await
}

async fn noise(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    // The same noise every time: a linear congruence.
    let mut state: u32 = 42;
    let mut bytes = Vec::with_capacity(65_536);
    for _ in 0..65_536 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push(state.to_be_bytes()[0]);
    }
    stage.driver("dummy")?.bytes(&bytes)?;
    recovers(stage).await
}

/// An end of whatever quote and line was open, and then a good line.
async fn recovers(stage: &mut Stage) -> Outcome {
    stage.driver("dummy")?.bytes(b"\n\"\n\n")?;
    let mut client = stage.connect().await?;
    let mut last = String::new();
    for _ in 0..200 {
        stage.driver("dummy")?.say("SETINFO a.last \"1\"")?;
        stage.settle().await;
        last = client.ask("GET VAR dummy a.last").await?.remove(0);
        if last == "VAR dummy a.last \"1\"" {
            client.says("GET VAR dummy ups.status", "VAR dummy ups.status \"OL\"").await?;
            return client.says("GET VAR dummy battery.charge", "VAR dummy battery.charge \"100\"").await;
        }
    }
    Err(format!("no good line counts any more: {last}").into())
}
