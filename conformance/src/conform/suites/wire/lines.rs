//! Where a request ends: line feeds, carriage returns, halves of lines and many of them at once.

use std::time::Duration;

use super::talk;
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Outcome, Profile, Setup, Stage, ensure_eq};
use crate::run_check;

const PROTOCOL: &str = "net-protocol";
const SEEN: &str = "nut 2.8.0 as seen";

pub(super) const CASES: &[Case] = &[
    talk(
        "wire/line/one",
        PROTOCOL,
        Must,
        "A request is a line that ends in a line feed, and so is its answer.",
        r#"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/line/crlf",
        "net-protocol (people use telnet, which ends lines in CR LF)",
        Must,
        "A carriage return before the line feed is no part of the request.",
        r#"
        >> "GET VAR dummy ups.status\r\n"
        < VAR dummy ups.status "OL"
        >> "PROTVER\r\n"
        < 1.3
        "#,
    ),
    talk(
        "wire/line/crlf-alone",
        SEEN,
        Observed,
        "A line of a carriage return only is an empty line.",
        r#"
        >> "\r\n"
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/line/lone-cr",
        SEEN,
        Observed,
        "A carriage return without a line feed ends no line: it separates words.",
        r#"
        >> "PROTVER\rPROTVER\n"
        < ERR INVALID-ARGUMENT
        >> "\rPROTVER\n"
        < 1.3
        "#,
    ),
    talk(
        "wire/line/empty",
        SEEN,
        Observed,
        "An empty line is answered as an unknown command.",
        "
        >
        < ERR UNKNOWN-COMMAND
        > PROTVER
        < 1.3
        ",
    ),
    talk(
        "wire/line/blank",
        SEEN,
        Observed,
        "A line of blanks and tabs is answered as an unknown command.",
        r#"
        >> "    \n"
        < ERR UNKNOWN-COMMAND
        >> "\t\t\n"
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/line/half",
        PROTOCOL,
        Must,
        "Half a line is not answered before its other half has come.",
        r#"
        >> "PROT"
        silence
        >> "VER\n"
        < 1.3
        "#,
    ),
    Case {
        id: "wire/line/byte-by-byte",
        source: "RFC 9293 (TCP is a stream of bytes)",
        level: Must,
        claim: "A request that comes one byte at a time is answered like one that comes whole.",
        profile: Profile::Own,
        check: run_check!(byte_by_byte),
    },
    talk(
        "wire/line/quoted-halves",
        "RFC 9293 (TCP is a stream of bytes)",
        Must,
        "A request may be cut within a quoted word and behind a backslash.",
        r#"
        >> "GET VAR dummy \"ups\\"
        silence
        >> ".st"
        >> "atus\"\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/line/two-at-once",
        PROTOCOL,
        Must,
        "Two requests in one segment are answered both, in their order.",
        r#"
        >> "PROTVER\nGET UPSDESC dummy\n"
        < 1.3
        < UPSDESC dummy "The standard UPS"
        "#,
    ),
    talk(
        "wire/line/one-and-a-half",
        PROTOCOL,
        Must,
        "Of one and a half requests in a segment the whole one is answered at once.",
        r#"
        >> "PROTVER\nGET UPSD"
        < 1.3
        silence
        >> "ESC dummy\n"
        < UPSDESC dummy "The standard UPS"
        "#,
    ),
    talk(
        "wire/line/errors-keep-their-place",
        PROTOCOL,
        Must,
        "Answers and errors come in the order of the requests.",
        r#"
        >> "PROTVER\nNONSENSE\nGET UPSDESC dummy\nGET VAR attic ups.status\nPROTVER\n"
        < 1.3
        < ERR UNKNOWN-COMMAND
        < UPSDESC dummy "The standard UPS"
        < ERR UNKNOWN-UPS
        < 1.3
        "#,
    ),
    talk(
        "wire/line/session-in-one-segment",
        PROTOCOL,
        Must,
        "A whole session may come in one segment: each request sees what those before it did.",
        r#"
        >> "USERNAME primary\nPASSWORD secret\nLOGIN dummy\nPRIMARY dummy\nSET TRACKING ON\nGET TRACKING\nLOGOUT\n"
        < OK
        < OK
        < OK
        < OK PRIMARY-GRANTED
        < OK
        < ON
        < OK Goodbye
        closed
        "#,
    ),
    Case {
        id: "wire/line/thousand-at-once",
        source: PROTOCOL,
        level: Must,
        claim: "A thousand requests in one write are answered all, in their order.",
        profile: Profile::Own,
        check: run_check!(thousand),
    },
    Case {
        id: "wire/line/lists-pipelined",
        source: PROTOCOL,
        level: Must,
        claim: "The rows of lists that were asked for at once are not mixed.",
        profile: Profile::Own,
        check: run_check!(lists_pipelined),
    },
    Case {
        id: "wire/line/across-reads",
        source: "RFC 9293 (TCP is a stream of bytes)",
        level: Must,
        claim: "Requests that lie across any boundary of the server's reads are answered like others.",
        profile: Profile::Own,
        check: run_check!(across_reads),
    },
    talk(
        "wire/line/connections-apart",
        PROTOCOL,
        Must,
        "Halves of lines on two connections are not put together.",
        r#"
        [a] >> "PROT"
        [b] >> "GET UPS"
        [a] silence
        [b] >> "DESC dummy\n"
        [b] < UPSDESC dummy "The standard UPS"
        [a] >> "VER\n"
        [a] < 1.3
        "#,
    ),
    Case {
        id: "wire/line/half-closed",
        source: "RFC 9293 (a side that has closed can still receive)",
        level: Should,
        claim: "A client that has closed for sending gets the answer to what it had asked.",
        profile: Profile::Own,
        check: run_check!(half_closed),
    },
    Case {
        id: "wire/line/unfinished-at-the-end",
        source: PROTOCOL,
        level: Should,
        claim: "A line without a line feed before the end of the stream is no request.",
        profile: Profile::Own,
        check: run_check!(unfinished),
    },
    talk(
        "wire/line/comment",
        "docs: parseconf (the lexer of files and wires)",
        Observed,
        "What follows `#` outside of quotes is a comment to the end of the line.",
        r#"
        > GET VAR dummy ups.status # and more
        < VAR dummy ups.status "OL"
        > GET VAR dummy ups.status#and more
        < VAR dummy ups.status "OL"
        > PROTVER#
        < 1.3
        "#,
    ),
    talk(
        "wire/line/comment-alone",
        SEEN,
        Observed,
        "A line with a comment only is answered as an unknown command.",
        "
        > # nothing
        < ERR UNKNOWN-COMMAND
        > #
        < ERR UNKNOWN-COMMAND
        ",
    ),
    talk(
        "wire/line/comment-hides-quote",
        "docs: parseconf (the lexer of files and wires)",
        Observed,
        "Quotes and backslashes in a comment mean nothing.",
        r#"
        >> "PROTVER # \"\n"
        < 1.3
        >> "PROTVER # \\\n"
        < 1.3
        "#,
    ),
];

async fn byte_by_byte(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    for byte in b"GET VAR dummy \"ups.status\"\n" {
        wire.bytes(&[*byte]).await?;
        // One segment each: what is written together may travel together.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    wire.expect("VAR dummy ups.status \"OL\"").await
}

async fn thousand(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let mut text = String::new();
    for n in 0..1000 {
        text += &format!("GET DESC dummy x.{n}\n");
    }
    wire.bytes(text.as_bytes()).await?;
    for n in 0..1000 {
        wire.expect(&format!("DESC dummy x.{n} \"Description unavailable\"")).await?;
    }
    Ok(())
}

async fn lists_pipelined(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let mut alone = Vec::new();
    let lists = ["LIST VAR dummy", "LIST CMD dummy", "LIST UPS", "LIST RW dummy"];
    for list in lists {
        alone.extend(wire.ask(list).await?);
    }
    wire.bytes(format!("{}\n", lists.join("\n")).as_bytes()).await?;
    let mut together = Vec::new();
    for _ in lists {
        together.extend(wire.answer().await?);
    }
    ensure_eq("four lists at once", together, alone)
}

async fn across_reads(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    // Servers read 512, 1024, 4096 bytes at once: blanks in front move the request over each of these boundaries.
    for boundary in [512_usize, 1024, 4096] {
        for back in 0..10 {
            let mut text = " ".repeat(boundary - back);
            text += "PROTVER\nGET UPSDESC dummy\n";
            wire.bytes(text.as_bytes()).await?;
            wire.expect("1.3").await?;
            wire.expect("UPSDESC dummy \"The standard UPS\"").await?;
        }
    }
    Ok(())
}

async fn half_closed(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    wire.send("PROTVER").await?;
    wire.finish().await?;
    wire.expect("1.3").await?;
    wire.closed().await
}

async fn unfinished(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    wire.bytes(b"PROTVER").await?;
    wire.finish().await?;
    wire.closed().await
}
