//! What upsmon says to a server before it asks.

use super::{CONF, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/login/primary",
        "net-protocol",
        Must,
        "A primary says USERNAME, PASSWORD, LOGIN and PRIMARY, then asks.",
        "
        start
        asks USERNAME admin
        asks PASSWORD secret
        asks LOGIN dummy
        asks PRIMARY dummy
        asks GET VAR dummy ups.status
        quiet 1s
        ",
    ),
    watch(
        "upsmon/login/master",
        "net-protocol",
        Should,
        "At a server that does not know PRIMARY, it is MASTER.",
        "
        say PRIMARY dummy => ERR UNKNOWN-COMMAND
        start
        asks LOGIN dummy
        asks PRIMARY dummy
        asks MASTER dummy
        asks GET VAR dummy ups.status
        quiet 1s
        log !~ privileges unavailable
        ",
    ),
    watch(
        "upsmon/login/secondary",
        "net-protocol",
        Must,
        "A secondary says USERNAME, PASSWORD and LOGIN, and never PRIMARY.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks USERNAME admin
        asks PASSWORD secret
        asks LOGIN dummy
        asks GET VAR dummy ups.status
        quiet 1s
        never PRIMARY
        never MASTER
        ",
    ),
    watch(
        "upsmon/login/old-role-words",
        CONF,
        Must,
        "master and slave in MONITOR are primary and secondary.",
        "
        conf: MONITOR dummy@{server} 1 admin secret master
        conf: MONITOR dummy@{server_b} 1 admin secret slave
        start
        asks PRIMARY dummy
        [b] asks LOGIN dummy
        [b] asks GET VAR dummy ups.status
        [b] never PRIMARY
        [b] never MASTER
        ",
    ),
    watch(
        "upsmon/login/once-a-connection",
        "net-protocol",
        Must,
        "It logs in once a connection, and keeps that.",
        "
        start
        asks LOGIN dummy
        asks 2 GET VAR dummy ups.status @0s..4s
        quiet 500ms
        asks 2 GET VAR dummy ups.status @0s..6s
        hangs up
        notice COMMBAD @0s..2s
        notice COMMOK @0s..3s
        asks LOGIN dummy @0s..2s
        ",
    ),
    watch(
        "upsmon/login/again-after-a-break",
        "net-protocol",
        Must,
        "A connection that broke is made anew, with a login.",
        "
        start
        asks PRIMARY dummy
        asks GET VAR dummy ups.status
        hangs up
        asks USERNAME admin @0s..2s
        asks PASSWORD secret +0s..1s
        asks LOGIN dummy +0s..1s
        asks PRIMARY dummy +0s..1s
        asks GET VAR dummy ups.status +0s..1500ms
        notice COMMBAD @0s..2s
        notice COMMOK @0s..3s
        ",
    ),
    watch(
        "upsmon/login/refused-login-still-polls",
        SEEN,
        Must,
        "A refused LOGIN is said, and the UPS is watched all the same.",
        r"
        say LOGIN dummy => ERR ACCESS-DENIED
        start
        asks LOGIN dummy
        log ~ (?i)login on UPS \[{ups}\] failed
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1500ms
        ",
    ),
    watch(
        "upsmon/login/refused-login-said-once",
        SEEN,
        Must,
        "A refused LOGIN is said once, not at each poll.",
        "
        say LOGIN dummy => ERR ACCESS-DENIED
        start
        asks LOGIN dummy
        asks 3 GET VAR dummy ups.status @0s..5s
        log 1 ~ (?i)login on UPS .* failed
        runs
        ",
    ),
    watch(
        "upsmon/login/refused-password",
        SEEN,
        Must,
        "A refused PASSWORD is said; LOGIN is not tried with it, and the UPS is watched all the same.",
        "
        say PASSWORD secret => ERR INVALID-PASSWORD
        start
        asks PASSWORD secret
        log ~ (?i)(login|password).*{ups}.*INVALID-PASSWORD|{ups}.*INVALID-PASSWORD
        asks 2 GET VAR dummy ups.status @0s..4s
        runs
        ",
    ),
    watch(
        "upsmon/login/refused-login-is-tried-again",
        "docs/differences.md",
        Should,
        "A refused LOGIN is tried again within a minute.",
        "
        skip nut: half a minute is long where time is real; NUT 2.8.0 never does
        skip ours: half a minute is long where time is real
        say LOGIN dummy => ERR ACCESS-DENIED
        start
        asks LOGIN dummy
        asks LOGIN dummy @1s..60s =30s
        say LOGIN dummy => OK
        asks LOGIN dummy @1s..60s =30s
        log ~ (?i)login on UPS .* succeeded
        ",
    ),
    watch(
        "upsmon/login/not-primary",
        SEEN,
        Must,
        "A primary that is refused PRIMARY says so, and watches.",
        r"
        say PRIMARY dummy => ERR ACCESS-DENIED
        say MASTER dummy => ERR ACCESS-DENIED
        start
        asks PRIMARY dummy
        log ~ (?i)privileges unavailable on UPS \[{ups}\]
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1500ms
        ",
    ),
    watch(
        "upsmon/login/password-is-no-log",
        "CWE-532",
        Must,
        "The password is neither in the log nor in a notice, not even when it was refused.",
        "
        conf: MONITOR dummy@{server} 1 admin verysecret primary
        say PASSWORD verysecret => ERR ACCESS-DENIED
        start -D -D -D
        asks PASSWORD verysecret
        log ~ (?i)ACCESS-DENIED
        asks GET VAR dummy ups.status
        log !~ verysecret
        wall !~ verysecret
        ",
    ),
    watch(
        "upsmon/login/forced-tls",
        CONF,
        Must,
        "With FORCESSL, a server without STARTTLS is told no user and no password, and counts as away.",
        "
        conf: NOTIFYFLAG NOCOMM IGNORE
        conf: FORCESSL 1
        start
        notice COMMBAD @0s..2s
        quiet 1500ms
        log ~ (?i)(tls|ssl)
        never USERNAME
        never PASSWORD
        never LOGIN
        never GET
        ",
    ),
    watch(
        "upsmon/login/forced-tls-that-is-none",
        CONF,
        Must,
        "With FORCESSL, a server that agrees to STARTTLS and speaks no TLS is told no password.",
        r#"
        conf: NOTIFYFLAG NOCOMM IGNORE
        conf: FORCESSL 1
        say STARTTLS => OK STARTTLS | {raw "this is no handshake\n"} | {hang up}
        start
        notice COMMBAD @0s..3s
        never USERNAME
        never PASSWORD
        "#,
    ),
    watch(
        "upsmon/login/without-tls",
        CONF,
        Must,
        "Without FORCESSL, a server without STARTTLS is good enough.",
        "
        conf: FORCESSL 0
        start
        asks LOGIN dummy
        quiet 1s
        ",
    ),
    watch(
        "upsmon/login/two-upses-of-a-server",
        "net-protocol",
        Must,
        "Each MONITOR line logs in, also two at one server.",
        r#"
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR attic@{server} 1 admin secret primary
        say LOGIN attic => OK
        say PRIMARY attic => OK PRIMARY-GRANTED
        say GET VAR attic ups.status => VAR attic ups.status "OL"
        start
        asks GET VAR attic ups.status @0s..2s
        asks GET VAR dummy ups.status @0s..3s
        quiet 500ms
        "#,
    ),
];
