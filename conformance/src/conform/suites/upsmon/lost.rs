//! What becomes of a UPS that is heard of no more.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/lost/on-line",
        MAN,
        Must,
        "A UPS that is lost while it was on line is no shutdown, however long.",
        "
        start
        asks GET VAR dummy ups.status
        goes
        notice COMMBAD @0s..1s =1s
        quiet 6s
        runs
        ",
    ),
    watch(
        "upsmon/lost/on-battery",
        MAN,
        Must,
        "A UPS that is lost while it was on battery is taken for low after DEADTIME.",
        "
        status OB
        start
        notice ONBATT @0s..1s =0s
        goes
        notice COMMBAD @0s..1500ms
        notice SHUTDOWN @2s..6s =3300ms
        shutdown +0s..1s
        log ~ (?i){ups}
        ",
    ),
    watch(
        "upsmon/lost/stale-on-battery",
        MAN,
        Must,
        "The same goes for data that is stale; the server is told FSD.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        status OB
        start
        notice ONBATT @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms
        asks FSD dummy @2s..6s =3300ms
        notice SHUTDOWN
        shutdown @2s..6s
        ",
    ),
    watch(
        "upsmon/lost/driver-gone-on-battery",
        MAN,
        Must,
        "The same goes for a driver that is gone.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        status OB
        start
        notice ONBATT @0s..1s =0s
        say GET VAR dummy ups.status => ERR DRIVER-NOT-CONNECTED
        notice COMMBAD @0s..1500ms
        asks FSD dummy @2s..6s =3300ms
        notice SHUTDOWN
        shutdown @2s..6s
        ",
    ),
    watch(
        "upsmon/lost/dead-for-a-moment",
        MAN,
        Must,
        "A UPS that is lost on battery and back before DEADTIME is no shutdown.",
        "
        conf: DEADTIME 5
        status OB
        start
        notice ONBATT @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms
        quiet 1500ms
        status OB
        notice COMMOK @0s..1500ms
        quiet 4s
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/lost/silent-server",
        MAN,
        Must,
        "A server that takes the question and never answers is as good as none: on battery, DEADTIME counts.",
        "
        status OB
        start
        notice ONBATT @0s..1s =0s
        mute
        shutdown @2s..14s =5550ms
        log ~ (?i){ups}
        notice COMMBAD SHUTDOWN
        ",
    ),
    watch(
        "upsmon/lost/silent-server-on-line",
        MAN,
        Must,
        "A server that falls silent while the UPS is on line is COMMBAD, and no shutdown.",
        "
        start
        asks GET VAR dummy ups.status
        mute
        notice COMMBAD @0s..12s =6s
        quiet 3s
        runs
        ",
    ),
    watch(
        "upsmon/lost/secondary",
        SEEN,
        Observed,
        "On a secondary, DEADTIME and HOSTSYNC run at the same time: the longer one counts.",
        "
        conf: HOSTSYNC 5
        conf: MONITOR dummy@{server} 1 admin secret secondary
        status OB
        start
        notice ONBATT @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms
        notice SHUTDOWN @4s..8s =5500ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/lost/primary-dies",
        MAN,
        Must,
        "A secondary whose primary dies with its server in the middle of an outage shuts down by itself.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        status OB LB
        start
        notice ONBATT LOWBATT @0s..1s =0s
        goes
        notice COMMBAD @0s..1500ms
        notice SHUTDOWN @1s..6s
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/lost/one-host-delays-no-other",
        "docs/differences.md",
        Should,
        "A server that is silent delays no other: the UPS of another one is polled as before.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 0 admin secret secondary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        [b] mute
        [b] asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1500ms
        about {ups}
        ",
    ),
    watch(
        "upsmon/lost/one-is-away",
        MAN,
        Must,
        "A server that is away keeps no other UPS from a shutdown.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 0 admin secret secondary
        start
        asks GET VAR dummy ups.status
        [b] goes
        notice COMMBAD @0s..1500ms
        about dummy@{server_b}
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown @0s..2s
        ",
    ),
    watch(
        "upsmon/lost/calibrating",
        CONF,
        Must,
        "A UPS that is lost in a calibration is critical at once.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf ours: COMPAT nut
        conf: DEADTIME 30
        status OL CAL
        start
        notice CAL @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD SHUTDOWN @0s..2500ms
        shutdown @0s..2500ms
        ",
    ),
    watch(
        "upsmon/lost/restart-in-a-calibration",
        "nut#2794",
        Should,
        "A driver that restarts in a calibration, and is back before DEADTIME, is no shutdown.",
        "
        conf: DEADTIME 5
        status OL CAL
        start
        notice CAL @0s..1s =0s
        say GET VAR dummy ups.status => ERR DRIVER-NOT-CONNECTED
        notice COMMBAD @0s..1500ms =1s
        quiet 1500ms
        status OL CAL
        notice COMMOK @0s..1500ms
        quiet 1s
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/lost/bypass",
        CONF,
        Must,
        "A UPS that is lost on bypass is critical at once.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf ours: COMPAT nut
        conf: DEADTIME 30
        status OL BYPASS
        start
        notice BYPASS @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD SHUTDOWN @0s..1500ms =1s
        shutdown @0s..1500ms =1s
        ",
    ),
    watch(
        "upsmon/lost/alarm",
        CONF,
        Must,
        "A UPS that is lost with an alarm is critical at once (ALARMCRITICAL is 1 by default).",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf ours: COMPAT nut
        conf: DEADTIME 30
        status OL ALARM
        start
        notice ALARM @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD SHUTDOWN @0s..1500ms =1s
        shutdown @0s..1500ms =1s
        ",
    ),
    watch(
        "upsmon/lost/alarm-by-choice",
        CONF,
        Must,
        "With ALARMCRITICAL 0, a UPS that is lost with an alarm is not critical.",
        "
        conf: ALARMCRITICAL 0
        status OL ALARM
        start
        notice ALARM @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms =1s
        quiet 4s
        runs
        ",
    ),
    watch(
        "upsmon/lost/off",
        CONF,
        Must,
        "A UPS that is lost while it was off is critical at once.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: OFFDURATION 30
        conf ours: COMPAT nut
        conf: DEADTIME 30
        status OL OFF
        start
        notice OFF @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD SHUTDOWN @0s..1500ms =1s
        shutdown @0s..1500ms =1s
        ",
    ),
    watch(
        "upsmon/lost/off-by-choice",
        CONF,
        Must,
        "With OFFDURATION -1, a UPS that is lost while it was off is not critical.",
        "
        conf: OFFDURATION -1
        status OL OFF
        start
        notice OFF @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms =1s
        quiet 4s
        runs
        ",
    ),
    watch(
        "upsmon/lost/overload",
        CONF,
        Must,
        "With OVERDURATION, a UPS that is lost overloaded is critical after so long.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: OVERDURATION 3
        conf: DEADTIME 30
        status OL OVER
        start
        notice OVER @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms =1s
        notice SHUTDOWN @2s..5s =3300ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/lost/overload-by-default",
        CONF,
        Must,
        "Without OVERDURATION, a UPS that is lost overloaded is not critical.",
        "
        status OL OVER
        start
        notice OVER @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms =1s
        quiet 4s
        runs
        ",
    ),
    watch(
        "upsmon/lost/trim",
        CONF,
        Must,
        "A UPS that is lost while it trimmed is not critical.",
        "
        status OL TRIM
        start
        notice TRIM @0s..1s =0s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1500ms =1s
        quiet 4s
        runs
        ",
    ),
];
