//! upsmon.conf at the start.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/config/no-file",
        MAN,
        Must,
        "Without a MONITOR line upsmon does not start.",
        "
        conf: # nothing
        conf without MONITOR
        start
        ended not 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/config/too-few-supplies",
        CONF,
        Must,
        "A sum of power values below MINSUPPLIES keeps upsmon from starting, and is said.",
        "
        conf: MINSUPPLIES 2
        start
        ended not 0 @0s..3s
        log ~ (?i)MINSUPPLIES
        ",
    ),
    watch(
        "upsmon/config/no-power",
        SEEN,
        Observed,
        "Power values of 0 alone with MINSUPPLIES 1 keep it from starting.",
        "
        conf: MONITOR dummy@{server} 0 admin secret primary
        start
        ended not 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/config/monitor-without-user",
        SEEN,
        Observed,
        "A MONITOR line of four words, as 20 years ago, keeps it from starting.",
        "
        conf: MONITOR dummy@{server} 1 secret primary
        start
        ended not 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/config/unknown-directive",
        SEEN,
        Must,
        "An unknown directive is said with its line, and costs nothing else.",
        r"
        conf: NOSUCHTHING 5
        start
        asks GET VAR dummy ups.status
        log ~ (?i)upsmon\.conf.*NOSUCHTHING|NOSUCHTHING
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
    watch(
        "upsmon/config/bad-number",
        SEEN,
        Must,
        "A number that is none is said, and the standard one counts.",
        "
        conf: FINALDELAY soon
        start
        asks GET VAR dummy ups.status
        log ~ FINALDELAY
        runs
        ",
    ),
    watch(
        "upsmon/config/bad-power-value",
        SEEN,
        Must,
        "A power value that is no number costs its line, and is said.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} x admin secret primary
        start
        asks GET VAR dummy ups.status
        log ~ (?i)conf.*power.value|invalid power value
        [b] never LOGIN
        runs
        ",
    ),
    watch(
        "upsmon/config/bad-role",
        SEEN,
        Must,
        "A role that is none costs its line, and is said.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret boss
        start
        asks GET VAR dummy ups.status
        log ~ (?i)role|boss
        [b] never LOGIN
        runs
        ",
    ),
    watch(
        "upsmon/config/duplicate",
        SEEN,
        Observed,
        "A UPS that is named twice is watched once, and that is said.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server} 1 admin secret primary
        start
        asks GET VAR dummy ups.status
        log ~ (?i)duplicate|twice|already
        status OB
        notice ONBATT @0s..1500ms
        quiet 1s
        ",
    ),
    watch(
        "upsmon/config/quoted-words",
        CONF,
        Must,
        "Words in double quotes may hold blanks and escaped quotes.",
        r#"
        conf: NOTIFYFLAG ONBATT SYSLOG
        conf: NOTIFYMSG ONBATT "a \"quoted\" %s"
        start
        asks GET VAR dummy ups.status
        status OB
        log ~ a "quoted" {ups}
        runs
        "#,
    ),
    watch(
        "upsmon/config/comments",
        CONF,
        Must,
        "What comes after # is no part of a line.",
        "
        conf: NOTIFYFLAG ONBATT IGNORE # EXEC
        start
        asks GET VAR dummy ups.status
        status OB
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/config/introduces-itself",
        SEEN,
        Observed,
        "At the start it says what it watches: the UPS, the role and the power value.",
        r"
        start
        log ~ UPS: {ups} \(primary\) \(power value 1\)
        asks GET VAR dummy ups.status
        ",
    ),
    watch(
        "upsmon/config/says-monitor-only",
        SEEN,
        Observed,
        "A UPS of power value 0 is introduced as one that is only monitored.",
        r"
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 0 admin secret secondary
        start
        log ~ UPS: dummy@{server_b} \(monitoring only\)
        ",
    ),
    watch(
        "upsmon/config/notifyflag-typo",
        SEEN,
        Must,
        "A notice that there is not is said, and costs nothing else.",
        "
        conf: NOTIFYFLAG NOSUCHNOTICE EXEC
        start
        asks GET VAR dummy ups.status
        log ~ NOSUCHNOTICE
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
];
