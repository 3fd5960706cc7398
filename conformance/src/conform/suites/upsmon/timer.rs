//! The timers of upsmon.conf.

use super::{CONF, MAN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/timer/pollfreq",
        CONF,
        Must,
        "POLLFREQ is the time between polls.",
        "
        conf: POLLFREQ 2
        start
        asks GET VAR dummy ups.status
        asks GET VAR dummy ups.status +1s..2500ms =2s
        asks GET VAR dummy ups.status +1900ms..2500ms =2s
        quiet 100ms
        ",
    ),
    watch(
        "upsmon/timer/pollfreqalert",
        CONF,
        Must,
        "POLLFREQALERT is the time between polls while a UPS is on battery.",
        "
        conf: POLLFREQ 4
        conf: POLLFREQALERT 1
        status OB
        start
        notice ONBATT @0s..1s
        asks GET VAR dummy ups.status
        asks GET VAR dummy ups.status +500ms..1500ms =1s
        asks GET VAR dummy ups.status +500ms..1500ms =1s
        ",
    ),
    watch(
        "upsmon/timer/pollfreq-again",
        CONF,
        Must,
        "POLLFREQ is back when the UPS is on line again.",
        "
        conf: POLLFREQ 3
        conf: POLLFREQALERT 1
        status OB
        start
        notice ONBATT @0s..1s
        status OL
        notice ONLINE @0s..1500ms =1s
        asks 1 GET VAR dummy ups.status @2900ms..5s =4s
        ",
    ),
    watch(
        "upsmon/timer/alert-of-two",
        CONF,
        Should,
        "While one UPS is on battery, POLLFREQALERT stays, whatever the others are.",
        "
        conf: POLLFREQ 4
        conf: POLLFREQALERT 1
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        status OB
        start
        notice ONBATT @0s..1s
        [b] asks GET VAR dummy ups.status
        [b] status OB
        notice ONBATT
        about dummy@{server_b}
        [b] status OL
        notice ONLINE @0s..1500ms
        asks 2 GET VAR dummy ups.status @0s..3500ms
        ",
    ),
    watch(
        "upsmon/timer/nocomm",
        CONF,
        Must,
        "NOCOMM is said when a UPS has been away for NOCOMMWARNTIME, and again each time that has passed.",
        "
        conf: NOCOMMWARNTIME 2
        start
        asks GET VAR dummy ups.status
        goes
        notice COMMBAD @0s..1500ms =1s
        notice NOCOMM @1s..4s =2s
        about {ups}
        notice NOCOMM +1900ms..4s =3s
        quiet 1s
        comes
        notice COMMOK @0s..1500ms
        quiet 1s
        ",
    ),
    watch(
        "upsmon/timer/rbwarntime",
        CONF,
        Must,
        "REPLBATT is said again after RBWARNTIME.",
        "
        conf: RBWARNTIME 2
        status OL RB
        start
        notice REPLBATT @0s..1s =0s
        notice REPLBATT +2s..4s =3s
        quiet 1s
        ",
    ),
    watch(
        "upsmon/timer/finaldelay",
        CONF,
        Must,
        "FINALDELAY passes between SHUTDOWN and SHUTDOWNCMD.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1s =1s
        quiet 1500ms
        shutdown +1900ms..3s =2s
        ",
    ),
    watch(
        "upsmon/timer/finaldelay-on-a-secondary",
        CONF,
        Must,
        "FINALDELAY counts on a secondary, too.",
        "
        conf: FINALDELAY 2
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OB
        notice ONBATT FSD SHUTDOWN @0s..1s =1s
        shutdown +1900ms..3s =2s
        ",
    ),
    watch(
        "upsmon/timer/hostsync",
        MAN,
        Must,
        "A primary whose secondaries do not leave waits for HOSTSYNC, and not longer.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: NOTIFYFLAG SHUTDOWN_HOSTSYNC IGNORE
        conf: HOSTSYNC 3
        say GET NUMLOGINS dummy => NUMLOGINS dummy 2
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        notice SHUTDOWN +3s..5s =3250ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/timer/throttle-on-change",
        CONF,
        Must,
        "POLLFAIL_LOG_THROTTLE_MAX 0 logs a failure when it is another one.",
        r"
        conf: POLLFAIL_LOG_THROTTLE_MAX 0
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1s
        asks 3 GET VAR dummy ups.status @0s..5s
        log 1 ~ Poll UPS \[{ups}\] failed
        say GET VAR dummy ups.status => ERR DRIVER-NOT-CONNECTED
        asks 3 GET VAR dummy ups.status @0s..5s
        log 2 ~ Poll UPS \[{ups}\] failed
        ",
    ),
    watch(
        "upsmon/timer/throttle-never",
        CONF,
        Must,
        "By default each poll that fails is logged.",
        r"
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1s
        asks 2 GET VAR dummy ups.status @0s..5s
        asks 1 GET VAR dummy ups.status @0s..6s
        log ~ Poll UPS \[{ups}\] failed - Data stale
        goes
        log ~ {ups}.*Connection refused
        ",
    ),
];
