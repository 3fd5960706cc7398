//! Servers that are dead, or as good as: nobody there, hang-ups, silence.

use std::time::Duration;

use super::{SEEN, run, talk};
use crate::conform::Level::{Must, Observed};
use crate::conform::lab::Start;
use crate::conform::{Case, Outcome, Script, Stage, ensure, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/dead/nobody",
        SEEN,
        Observed,
        "Where nobody listens, each client says so and ends with 1.",
        "
        run upsc dummy@{nobody}
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        stdout end
        run upsc -l {nobody}
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        run upsc -c dummy@{nobody}
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        run upscmd -u a -p b dummy@{nobody} load.off
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        run upscmd -l dummy@{nobody}
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        run upsrw dummy@{nobody}
        exit 1
        stderr ~ ^Error: Connection failure: Connection refused$
        ",
    ),
    talk(
        "clients/dead/hangs-up-at-once",
        SEEN,
        Must,
        "A server that hangs up on upsc at once is an error, and the exit code is 1.",
        "
        serve-only: on connect => {hang up}
        run upsc dummy@{server} ups.status
        exit 1
        stderr ~ ^Error: .+
        stdout end
        ",
    ),
    talk(
        "clients/dead/hangs-up-on-orders",
        "signal(7): a broken pipe",
        Must,
        "A server that hangs up on upscmd or upsrw at once is an error with a text, not a death by a signal.",
        "
        serve-only: on connect => {hang up}
        run upscmd -u a -p b dummy@{server} load.off
        exit 1
        stderr ~ .+
        run upsrw -u a -p b -s ups.id=x dummy@{server}
        exit 1
        stderr ~ .+
        run upsrw dummy@{server}
        exit 1
        stderr ~ .+
        ",
    ),
    talk(
        "clients/dead/hangs-up-at-question",
        SEEN,
        Observed,
        "A server that hangs up instead of an answer has disconnected.",
        "
        serve: GET VAR dummy ups.status => {hang up}
        serve: LIST VAR dummy => {hang up}
        serve: LIST UPS => {hang up}
        run upsc dummy@{server} ups.status
        exit 1
        stderr ~ ^Error: Server disconnected$
        run upsc dummy@{server}
        exit 1
        stderr ~ ^Error: Server disconnected$
        run upsc -l {server}
        exit 1
        stderr ~ ^Error: Server disconnected$
        ",
    ),
    talk(
        "clients/dead/silent-upsc",
        "nut#2371",
        Must,
        "A server that never answers does not hold upsc for ever.",
        "
        serve-only: on connect => {nothing}
        run upsc dummy@{server} ups.status
        exit 1
        heard STARTTLS
        stderr ~ ^Error: .+
        stdout end
        ",
    ),
    talk(
        "clients/dead/silent-upscmd",
        SEEN,
        Must,
        "A server that never answers does not hold upscmd for ever.",
        "
        serve-only: on connect => {nothing}
        run upscmd -u a -p b dummy@{server} load.off
        exit 1
        stderr ~ .+
        ",
    ),
    talk(
        "clients/dead/silent-upsrw",
        SEEN,
        Must,
        "A server that never answers does not hold upsrw for ever.",
        "
        serve-only: on connect => {nothing}
        run upsrw dummy@{server}
        exit 1
        stderr ~ .+
        ",
    ),
    talk(
        "clients/dead/silent-at-starttls",
        SEEN,
        Must,
        "A server that never answers STARTTLS alone does not hold upsc for ever either.",
        "
        serve: STARTTLS => {nothing}
        run upsc dummy@{server} ups.status
        exit 1
        heard STARTTLS
        stderr ~ ^Error: .+
        ",
    ),
    talk(
        "clients/dead/tls-that-is-none",
        "net-protocol STARTTLS",
        Must,
        "A server that agrees to TLS and hangs up is an error: nothing is asked in the clear.",
        "
        serve: STARTTLS => OK STARTTLS | {hang up}
        run upsc dummy@{server} ups.status
        exit 1
        heard STARTTLS
        stdout end
        heard not GET VAR dummy ups.status
        ",
    ),
    run(
        "clients/dead/tls-garbage",
        "net-protocol STARTTLS",
        Must,
        "A server that agrees to TLS and answers the handshake with something else is an error.",
        run_check!(tls_garbage),
    ),
    run(
        "clients/dead/tls-early",
        "net-protocol STARTTLS; RFC 2595 section 3.1",
        Must,
        "What a server says in the clear after it agreed to TLS is part of the handshake, and no answer: an error.",
        run_check!(tls_early),
    ),
    run(
        "clients/dead/tls-silence",
        "net-protocol STARTTLS",
        Must,
        "A server that agrees to TLS and never speaks does not hold upsc for ever.",
        run_check!(tls_silence),
    ),
];

async fn tls(stage: &mut Stage, rules: &str, limit: Duration) -> Outcome {
    let server = stage.serve(Script::parse(rules)?).await?;
    let address = format!("dummy@{}", server.address);
    let ran = stage.run(Start::new("upsc", &[&address, "ups.status"]), limit).await?;
    ensure(!ran.hung, || format!("upsc still waits after {limit:?}"))?;
    ensure_eq("the exit code", ran.code, Some(1))?;
    ensure_eq("standard output", ran.stdout.as_str(), "")?;
    let heard = server.heard();
    ensure(heard.iter().any(|line| line == "STARTTLS"), || format!("it did not ask for TLS: {heard:?}"))?;
    let asked = heard.iter().any(|line| line.starts_with("GET"));
    ensure(!asked, || "it asked in the clear".to_owned())
}

async fn tls_garbage(stage: &mut Stage) -> Outcome {
    let rules = "STARTTLS => OK STARTTLS | {hear} | {raw \"this is no handshake\\n\"}\n* => {nothing}\n";
    tls(stage, rules, Duration::from_secs(5)).await
}

async fn tls_early(stage: &mut Stage) -> Outcome {
    // In one write, so that no client sees the one line without the other.
    let rules = "STARTTLS => {raw \"OK STARTTLS\\nVAR dummy ups.status \\\"OB LB\\\"\\n\"}\n* => {nothing}\n";
    tls(stage, rules, Duration::from_secs(5)).await
}

async fn tls_silence(stage: &mut Stage) -> Outcome {
    tls(stage, "STARTTLS => OK STARTTLS\n* => {nothing}\n", Duration::from_secs(12)).await
}
