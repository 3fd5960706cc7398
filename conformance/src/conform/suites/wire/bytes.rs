//! Bytes that are no printable ASCII characters, and other protocols' bytes.

use super::{read, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Outcome, Profile, Setup, Stage};
use crate::run_check;

const CVE: &str = "CVE-2012-2944";
const SEEN: &str = "nut 2.8.0 as seen";

pub(super) const CASES: &[Case] = &[
    talk(
        "wire/byte/nul",
        CVE,
        Must,
        "A NUL within a line is dropped: it ends neither word nor line.",
        r#"
        >> "GET VAR dum\x00my ups.status\n"
        < VAR dummy ups.status "OL"
        >> "\x00PROTVER\x00\n"
        < 1.3
        "#,
    ),
    read(
        "wire/byte/nul-alone",
        SEEN,
        Observed,
        "A line of a NUL is answered as an unknown command.",
        r#"
        >> "\x00\n"
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/byte/eight-bit",
        CVE,
        Must,
        "Bytes above 0x7f are dropped from words.",
        r#"
        >> "GET VAR dummy ups.\xe9status\n"
        < VAR dummy ups.status "OL"
        >> "GET VAR \xc3\xa9dummy \"ups.stat\xffus\"\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/byte/control",
        CVE,
        Must,
        "Control characters are dropped from words.",
        r#"
        >> "GET VAR dummy ups.\x1b\x07status\n"
        < VAR dummy ups.status "OL"
        >> "GET VAR dummy \"ups.\tstatus\"\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/byte/delete",
        "CVE-2012-2944 (characters from blank to tilde are taken)",
        Should,
        "The byte 0x7f is no printable character: it is dropped from words.",
        r#"
        >> "GET VAR dummy ups.\x7fstatus\n"
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "wire/byte/word-of-dropped-bytes",
        SEEN,
        Observed,
        "A word that has dropped bytes only is a word: an empty one.",
        r#"
        >> "USERNAME \xc3\xa9\n"
        < OK
        >> "\xe9 PROTVER\n"
        < ERR UNKNOWN-COMMAND
        "#,
    ),
    talk(
        "wire/byte/to-the-driver",
        CVE,
        Must,
        "What a client writes reaches the driver without bytes that are not printable.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        >> "SET VAR dummy ups.id \"a\x1b\xe9\x00b\"\n"
        < OK
        driver dummy < SET ups.id "ab"
        "#,
    ),
    talk(
        "wire/byte/no-new-line-for-the-driver",
        "CVE-2012-2944 (nothing a client sends may become a line of its own elsewhere)",
        Must,
        "A line feed in a quoted value does not become one on the driver's socket.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        >> "SET VAR dummy ups.id \"a\nb\"\n"
        < OK
        driver dummy < SET ups.id "ab"
        "#,
    ),
    read(
        "wire/byte/telnet",
        SEEN,
        Observed,
        "Option bytes of telnet in front of the first request are dropped, as far as they are not printable.",
        r#"
        >> "\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1fPROTVER\r\n"
        < 1.3
        "#,
    ),
    Case {
        id: "wire/byte/tls-hello",
        source: "RFC 8446 section 4.1.2",
        level: Must,
        claim: "A TLS handshake where a line was expected does no harm: the next line is answered.",
        profile: Profile::Own,
        check: run_check!(tls_hello),
    },
    talk(
        "wire/byte/http",
        "RFC 9112",
        Must,
        "A request of HTTP gets errors, a line each.",
        r#"
        >> "GET / HTTP/1.1\r\nHost: ups\r\n\r\n"
        < ERR INVALID-ARGUMENT
        < ERR UNKNOWN-COMMAND
        < ERR UNKNOWN-COMMAND
        > PROTVER
        < 1.3
        "#,
    ),
    Case {
        id: "wire/byte/noise",
        source: CVE,
        level: Must,
        claim: "Noise on one connection does no harm to another.",
        profile: Profile::Own,
        check: run_check!(noise),
    },
];

async fn tls_hello(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let mut hello = vec![0x16, 0x03, 0x01, 0x00, 0x2e, 0x01, 0x00, 0x00, 0x2a, 0x03, 0x03];
    // A random that has neither a line feed nor what the lexer knows.
    hello.extend([0xa5; 32]);
    hello.extend([0x00, 0x00, 0x02, 0x13, 0x01, 0x01, 0x00]);
    wire.bytes(&hello).await?;
    wire.bytes(b"\n").await?;
    wire.expect("ERR UNKNOWN-COMMAND").await?;
    wire.says("PROTVER", "1.3").await
}

async fn noise(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut good = stage.connect().await?;
    let mut state = 0x2545_f491_u32;
    for _ in 0..20 {
        let mut bad = stage.connect().await?;
        let mut bytes = Vec::with_capacity(4096);
        for _ in 0..1024 {
            // Numerical Recipes' generator: the same noise each time.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.extend(state.to_be_bytes());
        }
        // It may well be hung up on.
        let _ = bad.bytes(&bytes).await;
        good.says("GET VAR dummy ups.status", "VAR dummy ups.status \"OL\"").await?;
    }
    Ok(())
}
