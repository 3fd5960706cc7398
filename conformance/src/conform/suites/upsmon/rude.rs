//! Servers whose answers are none: nothing is decided on what was not read.

use super::{MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/rude/error",
        MAN,
        Must,
        "An error that says LB is an error.",
        "
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR OB-LB
        notice COMMBAD @0s..1500ms =1s
        quiet 2s
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/rude/unknown-ups",
        "net-protocol",
        Must,
        "A server that does not know the UPS is a COMMBAD, and upsmon goes on asking.",
        "
        conf: NOTIFYFLAG NOCOMM IGNORE
        say GET VAR dummy ups.status => ERR UNKNOWN-UPS
        start
        notice COMMBAD @0s..1s
        log ~ (?i)unknown ups|does not exist
        asks 2 GET VAR dummy ups.status @0s..12s
        status OL
        notice COMMOK @0s..6s
        ",
    ),
    watch(
        "upsmon/rude/other-ups",
        "net-protocol",
        Must,
        "An answer about another UPS is no answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR other ups.status "OB LB"
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/other-variable",
        "net-protocol",
        Must,
        "An answer about another variable is no answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR dummy ups.alarm "OB LB"
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/other-question",
        "net-protocol",
        Must,
        "An answer to another question is no answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => TYPE dummy ups.status "OB LB"
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/garbage",
        "net-protocol",
        Must,
        "Garbage is no answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {raw "\x00\xff\x80 OB LB FSD\n"}
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/no-value",
        "net-protocol",
        Must,
        "An answer without a value is no answer.",
        "
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR dummy ups.status
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/rude/empty-status",
        SEEN,
        Must,
        "An empty status is no status: COMMBAD, and what was known stays.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR dummy ups.status ""
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        status OL
        notice COMMOK @0s..1500ms
        quiet 1s
        "#,
    ),
    watch(
        "upsmon/rude/endless-line",
        "net-protocol",
        Must,
        "A line without an end is no answer, and takes neither the memory nor the time.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {raw "VAR dummy ups.status \"{OB LB *30000}"}
        notice COMMBAD @0s..12s
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/long-line",
        "net-protocol",
        Must,
        "A status of a thousand words does no harm.",
        r#"
        conf: NOTIFYFLAG OTHER IGNORE
        conf: NOTIFYFLAG COMMBAD IGNORE
        conf: NOTIFYFLAG COMMOK IGNORE
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {raw "VAR dummy ups.status \"OL {X *1000}\"\n"}
        asks 2 GET VAR dummy ups.status @0s..14s
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/half-a-line",
        "net-protocol",
        Must,
        "Half an answer before a hang-up is no answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {raw "VAR dummy ups.status \"OB LB"} | {hang up}
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/two-answers",
        "net-protocol",
        Must,
        "Two answers to one question: the second is not taken for what was asked next.",
        r#"
        conf: NOTIFYFLAG COMMBAD IGNORE
        conf: NOTIFYFLAG COMMOK IGNORE
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR dummy ups.status "OL" | VAR dummy ups.status "OB LB"
        quiet 3500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/two-answers-apart",
        "net-protocol",
        Must,
        "The same where the second comes while nobody reads.",
        r#"
        conf: NOTIFYFLAG COMMBAD IGNORE
        conf: NOTIFYFLAG COMMOK IGNORE
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => VAR dummy ups.status "OL" | {wait 300ms} | VAR dummy ups.status "OB LB"
        quiet 3500ms
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/bare-err",
        "net-protocol",
        Must,
        "ERR without a code is an error.",
        "
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/rude/hangs-up-at-once",
        MAN,
        Must,
        "A server that hangs up at once is a COMMBAD, and is tried again.",
        "
        conf: NOTIFYFLAG NOCOMM IGNORE
        say on connect => {hang up}
        start
        notice COMMBAD @0s..1500ms
        quiet 2s
        runs
        ",
    ),
    watch(
        "upsmon/rude/late-answer",
        MAN,
        Must,
        "An answer that comes two seconds late is an answer.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {wait 2s} | VAR dummy ups.status "OB"
        notice ONBATT @1s..5s
        runs
        "#,
    ),
    watch(
        "upsmon/rude/answer-of-the-past",
        "net-protocol",
        Should,
        "An answer that comes after its time was over is not taken for that of the next question.",
        r#"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => {wait 7s} | VAR dummy ups.status "OB LB"
        notice COMMBAD @0s..12s
        status OL
        notice COMMOK @0s..14s
        quiet 2s
        never FSD
        runs
        "#,
    ),
    watch(
        "upsmon/rude/login-garbage",
        "net-protocol",
        Must,
        "Garbage in answer to LOGIN is no login, and no shutdown.",
        r#"
        conf: NOTIFYFLAG NOCOMM IGNORE
        conf: NOTIFYFLAG COMMBAD IGNORE
        conf: NOTIFYFLAG COMMOK IGNORE
        say LOGIN dummy => {raw "\x01\x02 FSD OB LB\n"}
        start
        asks LOGIN dummy
        quiet 2500ms
        never FSD
        runs
        "#,
    ),
];
