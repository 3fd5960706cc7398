//! What is a word: blanks, quotes, backslashes, `=`, and the limits on them.

use super::talk;
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Miss, Outcome, Profile, Setup, Stage, ensure_eq};
use crate::run_check;

const PROTOCOL: &str = "net-protocol";
const LEXER: &str = "docs: parseconf (the lexer of files and wires)";
const SEEN: &str = "nut 2.8.0 as seen";

pub(super) const CASES: &[Case] = &[
    talk(
        "wire/word/blanks",
        LEXER,
        Must,
        "Any number of blanks and tabs separates words, before the first and behind the last one too.",
        r#"
        >> "  GET   VAR\tdummy \t ups.status   \n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/word/other-white-space",
        SEEN,
        Observed,
        "Vertical tabs and form feeds separate words, too.",
        r#"
        >> "GET\x0bVAR\x0cdummy ups.status\x0c\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/word/quoted",
        PROTOCOL,
        Must,
        "A word in quotes is that word.",
        r#"
        > GET VAR dummy "ups.status"
        < VAR dummy ups.status "OL"
        > GET VAR "dummy" "ups.status"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/word/quoted-verb",
        LEXER,
        Observed,
        "Verbs may be quoted like all words.",
        r#"
        > "GET" "VAR" "dummy" "ups.status"
        < VAR dummy ups.status "OL"
        > "PROTVER"
        < 1.3
        "#,
    ),
    talk(
        "wire/word/empty",
        LEXER,
        Should,
        "A pair of quotes with nothing between is a word: an empty one.",
        r#"
        > PROTVER ""
        < ERR INVALID-ARGUMENT
        > GET VAR "" ups.status
        < ERR UNKNOWN-UPS
        > ""
        < ERR UNKNOWN-COMMAND
        > "" PROTVER
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/word/quotes-end-words",
        SEEN,
        Observed,
        "A closing quote ends a word, even when no blank follows.",
        r#"
        > GET VAR dummy "ups".status
        < ERR VAR-NOT-SUPPORTED
        > GET VAR "dummy""ups.status"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/word/quote-inside",
        SEEN,
        Observed,
        "A quote in the middle of a bare word is a letter like others.",
        r#"
        > GET VAR dummy ups".status"
        < ERR VAR-NOT-SUPPORTED
        > GET VAR dummy ups.status"
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "wire/word/open-quote",
        SEEN,
        Observed,
        "In quotes a line feed is dropped and ends no request: an open quote goes on in the next line.",
        r#"
        >> "GET VAR dummy \"ups.\n"
        silence
        >> "status\"\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/word/backslash-in-quotes",
        PROTOCOL,
        Must,
        "In quotes a backslash makes the next character a plain one: a quote, a backslash, a hash.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "a\"b\\c\#"
        < OK
        driver dummy < SET ups.id "a\"b\\c\#"
        "#,
    ),
    talk(
        "wire/word/backslash-in-bare-word",
        LEXER,
        Should,
        "In a bare word a backslash makes the next character a plain one: blanks, quotes, hashes.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id a\ b
        < OK
        driver dummy < SET ups.id "a b"
        > SET VAR dummy ups.id \"\#\\
        < OK
        driver dummy < SET ups.id "\"\#\\"
        "#,
    ),
    talk(
        "wire/word/backslash-before-letter",
        LEXER,
        Should,
        "A backslash before an ordinary character is that character.",
        r#"
        > GET VAR dum\my ups.st\atus
        < VAR dummy ups.status "OL"
        > \GET VAR "dum\my" ups.status
        < VAR dummy ups.status "OL"
        > PROT\VER
        < 1.3
        "#,
    ),
    talk(
        "wire/word/backslash-line-feed",
        LEXER,
        Observed,
        "A backslash before a line feed joins two lines.",
        r#"
        >> "GET VAR dummy ups\\\n.status\n"
        < VAR dummy ups.status "OL"
        >> "GET VAR dummy \"ups\\\n.status\"\n"
        < VAR dummy ups.status "OL"
        >> "\\\nPROTVER\n"
        < 1.3
        "#,
    ),
    talk(
        "wire/word/backslash-equals",
        LEXER,
        Should,
        "A backslash takes its meaning from `=`, too.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id a\=b
        < OK
        driver dummy < SET ups.id "a=b"
        > SET VAR dummy ups.id "c=d"
        < OK
        driver dummy < SET ups.id "c=d"
        "#,
    ),
    talk(
        "wire/word/equals-splits",
        LEXER,
        Observed,
        "Outside of quotes `=` is always a word of its own.",
        r#"
        > PROTVER=
        < ERR INVALID-ARGUMENT
        > USERNAME a=b
        < ERR INVALID-ARGUMENT
        > USERNAME =a
        < ERR INVALID-ARGUMENT
        > USERNAME a=
        < ERR INVALID-ARGUMENT
        > USERNAME "a=b"
        < OK
        > =
        < ERR UNKNOWN-COMMAND
        > = PROTVER
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/word/single-quotes",
        LEXER,
        Observed,
        "Single quotes are letters like others.",
        "
        > GET VAR 'dummy' ups.status
        < ERR UNKNOWN-UPS
        > USERNAME 'a b'
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "wire/word/no-separators",
        LEXER,
        Observed,
        "Semicolons, commas and pipes are letters like others.",
        "
        > PROTVER;PROTVER
        < ERR UNKNOWN-COMMAND
        > GET VAR dummy ups.status,battery.charge
        < ERR VAR-NOT-SUPPORTED
        > GET VAR dummy ups.status|x
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
    talk(
        "wire/word/bare-hash-in-quotes",
        SEEN,
        Observed,
        "A line with a bare `#` in quotes can't be read; it gets no answer.",
        r#"
        > GET VAR dummy "ups.#status"
        silence
        > PROTVER
        < 1.3
        "#,
    ),
    talk(
        "wire/word/bad-line-alone",
        "RFC 9293 (TCP is a stream of bytes)",
        Should,
        "A line that can't be read takes no other with it, however they are cut into segments.",
        r##"
        >> "GET VAR dummy \"#\"\nPROTVER\n"
        < 1.3
        "##,
    ),
    talk(
        "wire/word/bad-line-whole",
        "RFC 9293 (TCP is a stream of bytes)",
        Should,
        "Of a line that can't be read nothing is taken for a request, however it is cut into segments.",
        r#"
        >> "GET VAR dummy \"ups.#sta"
        silence
        >> "tus PROTVER\"\n"
        silence
        > PROTVER
        < 1.3
        "#,
    ),
    Case {
        id: "wire/word/many",
        source: "CVE-2012-2944",
        level: Must,
        claim: "A line of 31, 32, 33 or 3,000 words is answered as its first words are.",
        profile: Profile::Own,
        check: run_check!(many_words),
    },
    talk(
        "wire/word/surplus-of-get",
        SEEN,
        Observed,
        "Words more than GET and LIST need are ignored.",
        r#"
        > GET VAR dummy ups.status and more
        < VAR dummy ups.status "OL"
        > LIST UPS please
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < END LIST UPS
        "#,
    ),
    Case {
        id: "wire/word/longest",
        source: "docs: parseconf (512 characters a word)",
        level: Observed,
        claim: "Of a word the first 512 characters count; what is more is cut off.",
        profile: Profile::Own,
        check: run_check!(longest_word),
    },
    Case {
        id: "wire/word/shorter-is-another",
        source: "docs: parseconf (512 characters a word)",
        level: Must,
        claim: "A word of 511 characters is not taken for one of 512.",
        profile: Profile::Own,
        check: run_check!(shorter_word),
    },
];

async fn many_words(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    for count in [30, 31, 32, 33, 34, 100, 3000] {
        let words: Vec<String> = (0..count - 4).map(|n| format!("w{n}")).collect();
        wire.says(&format!("GET VAR dummy ups.status {}", words.join(" ")), "VAR dummy ups.status \"OL\"")
            .await?;
        wire.says(&format!("PROTVER {}", words.join(" ")), "ERR INVALID-ARGUMENT").await?;
    }
    wire.says("PROTVER", "1.3").await
}

/// What a user whose password has 512 characters is told when `length` of its characters are given.
async fn password_of(stage: &mut Stage, length: usize) -> Result<String, Miss> {
    let password = format!("password = {}", "p".repeat(512));
    stage.upsd(Setup::standard().users(&["[long]", &password, "actions = SET"])).await?;
    let mut wire = stage.connect().await?;
    wire.says("USERNAME long", "OK").await?;
    wire.says(&format!("PASSWORD {}", "p".repeat(length)), "OK").await?;
    wire.send("SET VAR dummy ups.id x").await?;
    wire.line().await
}

async fn longest_word(stage: &mut Stage) -> Outcome {
    for length in [512, 513, 600] {
        let answer = password_of(stage, length).await?;
        ensure_eq(&format!("a word of {length} characters for one of 512"), answer.as_str(), "OK")?;
    }
    Ok(())
}

async fn shorter_word(stage: &mut Stage) -> Outcome {
    let answer = password_of(stage, 511).await?;
    ensure_eq("a word of 511 characters for one of 512", answer.as_str(), "ERR ACCESS-DENIED")
}
