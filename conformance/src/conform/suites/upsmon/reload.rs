//! SIGHUP: the configuration is read again.

use super::{MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/reload/by-signal",
        MAN,
        Must,
        "SIGHUP reads upsmon.conf again, and everything goes on.",
        "
        start
        asks GET VAR dummy ups.status
        signal HUP
        log ~ (?i)reload
        asks GET VAR dummy ups.status @0s..2s
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
    watch(
        "upsmon/reload/by-command",
        MAN,
        Must,
        "upsmon -c reload does the same.",
        "
        start
        asks GET VAR dummy ups.status
        conf - NOTIFYFLAG ONBATT EXEC
        conf + NOTIFYFLAG ONBATT IGNORE
        run upsmon -c reload -P {pid}
        exit 0
        asks 2 GET VAR dummy ups.status @0s..3s
        status OB
        quiet 2s
        status OL
        notice ONLINE @0s..1500ms
        ",
    ),
    watch(
        "upsmon/reload/new-ups",
        MAN,
        Must,
        "A MONITOR line that is new is watched.",
        "
        start
        asks GET VAR dummy ups.status
        conf + MONITOR dummy@{server_b} 1 admin secret primary
        signal HUP
        [b] asks LOGIN dummy @0s..2s
        [b] asks GET VAR dummy ups.status @0s..3s
        [b] status OB
        notice ONBATT @0s..1500ms
        about dummy@{server_b}
        ",
    ),
    watch(
        "upsmon/reload/dropped-ups",
        MAN,
        Must,
        "A MONITOR line that is gone is watched no more.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        conf - MONITOR dummy@{server_b} 1 admin secret primary
        signal HUP
        log ~ (?i)reload
        asks 2 GET VAR dummy ups.status @0s..4s
        [b] status OB LB
        quiet 2s
        runs
        ",
    ),
    watch(
        "upsmon/reload/keeps-what-is-known",
        SEEN,
        Must,
        "What is known of a UPS stays: on battery before and after is no news.",
        "
        status OB
        start
        notice ONBATT @0s..1s
        signal HUP
        asks 2 GET VAR dummy ups.status @0s..4s
        quiet 1s
        runs
        ",
    ),
    watch(
        "upsmon/reload/other-role",
        SEEN,
        Observed,
        "A MONITOR line whose role has changed logs in again, as what it now is.",
        "
        conf: NOTIFYFLAG COMMBAD IGNORE
        conf: NOTIFYFLAG COMMOK IGNORE
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        conf - MONITOR dummy@{server} 1 admin secret secondary
        conf + MONITOR dummy@{server} 1 admin secret primary
        signal HUP
        asks PRIMARY dummy @0s..3s
        ",
    ),
    watch(
        "upsmon/reload/other-password",
        SEEN,
        Should,
        "A MONITOR line whose password has changed logs in again, with the new one.",
        "
        start
        asks GET VAR dummy ups.status
        conf - MONITOR dummy@{server} 1 admin secret primary
        conf + MONITOR dummy@{server} 1 admin other primary
        signal HUP
        asks PASSWORD other @0s..3s
        asks LOGIN dummy +0s..1s
        ",
    ),
    watch(
        "upsmon/reload/other-power-value",
        MAN,
        Must,
        "A power value that has changed counts.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        conf: MINSUPPLIES 1
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        conf - MONITOR dummy@{server_b} 1 admin secret primary
        conf + MONITOR dummy@{server_b} 0 admin secret primary
        signal HUP
        asks 2 GET VAR dummy ups.status @0s..4s
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown @0s..2s
        ",
    ),
    watch(
        "upsmon/reload/timers",
        MAN,
        Must,
        "Timers that have changed count.",
        "
        conf: POLLFREQ 3
        start
        asks GET VAR dummy ups.status
        conf - POLLFREQ 3
        conf + POLLFREQ 1
        signal HUP
        asks 4 GET VAR dummy ups.status @0s..6500ms
        ",
    ),
    watch(
        "upsmon/reload/shutdowncmd",
        SEEN,
        Observed,
        "As one process, a SHUTDOWNCMD that has changed counts.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        conf - SHUTDOWNCMD "{hooks}/halt"
        conf + SHUTDOWNCMD "{hooks}/halt other"
        signal HUP
        asks 2 GET VAR dummy ups.status @0s..4s
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown other
        "#,
    ),
    watch(
        "upsmon/reload/too-few-supplies",
        "docs/differences.md",
        Should,
        "A file by which MINSUPPLIES can't be met does not end the protection: the old one stays in force.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        conf - MINSUPPLIES 1
        conf + MINSUPPLIES 9
        signal HUP
        log ~ (?i)reload
        quiet 1500ms
        runs
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown @0s..2s
        ",
    ),
    watch(
        "upsmon/reload/broken-line",
        SEEN,
        Must,
        "A line that makes no sense is said, and costs nothing else.",
        "
        start
        asks GET VAR dummy ups.status
        conf + MONITOR only three words
        signal HUP
        log ~ (?i)reload
        asks 2 GET VAR dummy ups.status @0s..4s
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
];
