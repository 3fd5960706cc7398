//! A shutdown from its cause to its end.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/sequence/in-order",
        MAN,
        Must,
        "FSD is set before the logins are counted; the command comes last, with the flag written.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 1
        start
        asks GET VAR dummy ups.status
        status OB LB
        asks FSD dummy @0s..1s =1s
        asks GET NUMLOGINS dummy +0s..1s
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +900ms..2s
        flag is upsmon-shutdown-file
        ended 0 +0s..2s
        ",
    ),
    watch(
        "upsmon/sequence/three-secondaries",
        MAN,
        Must,
        "A primary waits until only its own login is left: 4, 3, 2, 1.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: NOTIFYFLAG SHUTDOWN_HOSTSYNC IGNORE
        conf: HOSTSYNC 30
        say GET NUMLOGINS dummy => NUMLOGINS dummy 4
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        quiet 500ms
        say GET NUMLOGINS dummy => NUMLOGINS dummy 3
        quiet 500ms
        say GET NUMLOGINS dummy => NUMLOGINS dummy 2
        quiet 800ms
        say GET NUMLOGINS dummy => NUMLOGINS dummy 1
        notice SHUTDOWN @0s..500ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/sequence/counts-often",
        SEEN,
        Observed,
        "While it waits, it counts the logins four times a second.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: NOTIFYFLAG SHUTDOWN_HOSTSYNC IGNORE
        conf: HOSTSYNC 30
        say GET NUMLOGINS dummy => NUMLOGINS dummy 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        asks 4 GET NUMLOGINS dummy +500ms..1500ms
        say GET NUMLOGINS dummy => NUMLOGINS dummy 1
        notice SHUTDOWN @0s..500ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/sequence/hostsync-is-said",
        CONF,
        Must,
        "That it waits for secondaries is said as SHUTDOWN_HOSTSYNC.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        say GET NUMLOGINS dummy => NUMLOGINS dummy 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN_HOSTSYNC @0s..1500ms
        say GET NUMLOGINS dummy => NUMLOGINS dummy 1
        notice SHUTDOWN @0s..500ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/sequence/logins-refused",
        SEEN,
        Must,
        "A server that does not count logins is not waited for.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: HOSTSYNC 30
        say GET NUMLOGINS dummy => ERR DATA-STALE
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/sequence/fsd-is-said",
        CONF,
        Must,
        "A primary that has set FSD says so, once, although the server says it too from then on.",
        "
        conf: FINALDELAY 1
        conf: NOTIFYFLAG LOWBATT IGNORE
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s =1s
        status OB LB
        asks FSD dummy @0s..1500ms
        notice FSD SHUTDOWN
        about nothing
        status FSD OB LB
        shutdown @0s..2s
        ended 0 +0s..3s
        ",
    ),
    watch(
        "upsmon/sequence/fsd-refused",
        SEEN,
        Must,
        "An FSD that is refused is said, and the shutdown goes on.",
        "
        say FSD dummy => ERR ACCESS-DENIED
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        log ~ (?i)FSD set on UPS {ups} failed
        ",
    ),
    watch(
        "upsmon/sequence/fsd-on-a-new-connection",
        MAN,
        Should,
        "Where the connection turns out to be broken, FSD is said on a new one: secondaries hear of it by no other way.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        hangs up
        signal USR1
        asks LOGIN dummy @0s..1500ms
        asks FSD dummy
        notice SHUTDOWN
        shutdown @0s..2s
        ended 0 +0s..3s
        ",
    ),
    watch(
        "upsmon/sequence/fsd-unanswered",
        MAN,
        Must,
        "An FSD that is never answered does not hold the shutdown up for long.",
        "
        say FSD dummy => {nothing}
        say GET NUMLOGINS dummy => {nothing}
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        notice SHUTDOWN @0s..14s =3s
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/sequence/secondary-sets-nothing",
        "net-protocol",
        Must,
        "A secondary says neither FSD nor GET NUMLOGINS.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OB LB
        notice ONBATT LOWBATT FSD SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        ended 0 +0s..3s
        never FSD
        never GET NUMLOGINS
        ",
    ),
    watch(
        "upsmon/sequence/said-to-everyone",
        SEEN,
        Observed,
        "Everyone who is logged in is told of the shutdown.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        wall ~ Executing automatic power-fail shutdown
        log ~ Executing automatic power-fail shutdown
        ",
    ),
    watch(
        "upsmon/sequence/exit",
        MAN,
        Must,
        "upsmon ends with 0 after SHUTDOWNCMD.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        ended 0 +0s..3s
        ",
    ),
    watch(
        "upsmon/sequence/exit-later",
        CONF,
        Must,
        "With SHUTDOWNEXIT 2 it ends so many seconds later.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: SHUTDOWNEXIT 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        ended 0 +1900ms..4s =2s
        ",
    ),
    watch(
        "upsmon/sequence/exit-never",
        CONF,
        Must,
        "With SHUTDOWNEXIT no it stays until it is told to end.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: SHUTDOWNEXIT no
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        quiet 2s
        runs
        signal TERM
        ended 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/sequence/command-with-arguments",
        CONF,
        Must,
        "SHUTDOWNCMD is a line with arguments.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        conf: SHUTDOWNCMD "{hooks}/halt -h +0"
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown -h +0
        "#,
    ),
    watch(
        "upsmon/sequence/command-by-a-shell",
        CONF,
        Must,
        "SHUTDOWNCMD is a line for a shell.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        skip ours-virtual: there is no shell in memory
        conf: SHUTDOWNCMD "true && {hooks}/halt one; {hooks}/halt two"
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown one
        shutdown two
        "#,
    ),
    watch(
        "upsmon/sequence/command-fails",
        SEEN,
        Must,
        "A SHUTDOWNCMD that fails is said, and upsmon does not end as if all were well.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        conf: SHUTDOWNCMD "{hooks}/fail"
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        log ~ (?i)shut
        ended not 0 +0s..4s
        "#,
    ),
    watch(
        "upsmon/sequence/command-missing",
        SEEN,
        Must,
        "A SHUTDOWNCMD that is not there is said, and upsmon does not end as if all were well.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        conf: SHUTDOWNCMD "{hooks}/absent"
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        log ~ (?i)unable to (call shutdown command|shut)
        ended not 0 +0s..4s
        "#,
    ),
    watch(
        "upsmon/sequence/no-command",
        SEEN,
        Observed,
        "Without a SHUTDOWNCMD, upsmon warns.",
        "
        conf without SHUTDOWNCMD
        start
        asks GET VAR dummy ups.status
        signal TERM
        ended 0 @0s..3s
        log ~ (?i)no shutdown command defined
        ",
    ),
    watch(
        "upsmon/sequence/once",
        MAN,
        Must,
        "A shutdown happens once: more bad news while it is under way changes nothing.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 3
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        status FSD OB LB
        signal USR1
        shutdown +0s..4s
        ended 0 +0s..4s
        ",
    ),
    watch(
        "upsmon/sequence/not-called-off",
        MAN,
        Should,
        "Once it has told the others, a shutdown is not called off by mains that come back.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        status OL
        shutdown @1s..3s
        ended 0 +0s..3s
        ",
    ),
];
