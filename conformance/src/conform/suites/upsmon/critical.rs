//! When a UPS counts as a supply no more, and when that is too few.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/critical/low-on-battery",
        MAN,
        Must,
        "OB and LB on a primary is a shutdown at once.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1s =1s
        shutdown @0s..1500ms =1s
        ended 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/critical/battery-alone",
        MAN,
        Must,
        "OB alone is none, however long.",
        "
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        quiet 4500ms
        runs
        ",
    ),
    watch(
        "upsmon/critical/low-on-line",
        SEEN,
        Must,
        "LB while the mains are there is none.",
        "
        start
        asks GET VAR dummy ups.status
        status OL LB
        notice LOWBATT @0s..1s
        quiet 2500ms
        runs
        ",
    ),
    watch(
        "upsmon/critical/low-while-calibrating",
        SEEN,
        Must,
        "OB and LB in a calibration is none.",
        "
        conf: NOTIFYFLAG CAL IGNORE
        conf: NOTIFYFLAG LOWBATT IGNORE
        conf: NOTIFYFLAG ONBATT IGNORE
        status OL CAL
        start
        asks GET VAR dummy ups.status
        status OB CAL LB
        quiet 3s
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/critical/forced",
        MAN,
        Must,
        "FSD in the status is a shutdown at once on a secondary, whatever else the status says.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OL CHRG
        notice FSD SHUTDOWN @0s..1s =1s
        shutdown @0s..1500ms =1s
        ended 0 @0s..3s
        never FSD
        ",
    ),
    watch(
        "upsmon/critical/one-of-two",
        MAN,
        Must,
        "With MINSUPPLIES 1, one low UPS of two is no shutdown, and its return is said.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        quiet 2500ms
        status OL
        notice ONLINE @0s..1500ms
        never FSD
        [b] never FSD
        runs
        ",
    ),
    watch(
        "upsmon/critical/both-of-two",
        MAN,
        Must,
        "With MINSUPPLIES 1, both low are a shutdown, and both are told FSD.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        [b] status OB LB
        asks FSD dummy @0s..1500ms
        [b] asks FSD dummy @0s..1500ms
        shutdown @0s..2s
        notice ONBATT LOWBATT SHUTDOWN
        ",
    ),
    watch(
        "upsmon/critical/two-are-needed",
        MAN,
        Must,
        "With MINSUPPLIES 2, one low UPS of two is a shutdown, and both are told FSD.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: MINSUPPLIES 2
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        status OB LB
        asks FSD dummy @0s..1500ms =1s
        [b] asks FSD dummy @0s..1500ms
        shutdown @0s..2s =1s
        notice ONBATT LOWBATT SHUTDOWN
        ",
    ),
    watch(
        "upsmon/critical/power-values",
        CONF,
        Must,
        "Power values count, not lines: a UPS of value 2 is enough for MINSUPPLIES 2 alone.",
        "
        conf: MINSUPPLIES 2
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 2 admin secret primary
        start
        asks GET VAR dummy ups.status
        [b] asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        quiet 2s
        runs
        ",
    ),
    watch(
        "upsmon/critical/monitor-only",
        CONF,
        Must,
        "A UPS of power value 0 is watched, and its low battery is no shutdown.",
        "
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 0 admin secret secondary
        start
        [b] asks GET VAR dummy ups.status
        [b] status OB LB
        notice ONBATT LOWBATT @0s..1500ms
        about dummy@{server_b}
        quiet 3s
        runs
        ",
    ),
    watch(
        "upsmon/critical/feeds-nothing",
        CONF,
        Must,
        "With MINSUPPLIES 0 and power values of 0, nothing is a shutdown.",
        "
        conf: MINSUPPLIES 0
        conf: MONITOR dummy@{server} 0 admin secret primary
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        quiet 2s
        never FSD
        runs
        ",
    ),
    watch(
        "upsmon/critical/never-seen",
        SEEN,
        Observed,
        "A UPS that was never heard of counts as fine.",
        "
        goes
        start
        notice COMMBAD @0s..1s
        notice NOCOMM @0s..6s =1s
        quiet 2s
        runs
        ",
    ),
    watch(
        "upsmon/critical/secondary-waits",
        MAN,
        Must,
        "OB and LB on a secondary is a shutdown only after HOSTSYNC: the primary is expected to say FSD before.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        notice SHUTDOWN @2s..4500ms =3200ms
        shutdown +0s..1s
        never FSD
        ",
    ),
    watch(
        "upsmon/critical/secondary-is-told",
        MAN,
        Must,
        "A secondary that sees FSD does not wait for HOSTSYNC.",
        "
        conf: HOSTSYNC 30
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        status FSD OB LB
        notice FSD SHUTDOWN @0s..1s =1s
        shutdown @0s..1500ms =1s
        ",
    ),
    watch(
        "upsmon/critical/secondary-is-relieved",
        MAN,
        Must,
        "On a secondary, a low battery that is one no more before HOSTSYNC is over is no shutdown.",
        "
        conf: HOSTSYNC 4
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        status OL
        notice ONLINE @0s..1500ms
        quiet 4s
        runs
        ",
    ),
    watch(
        "upsmon/critical/off",
        CONF,
        Must,
        "A UPS that is OFF for longer than OFFDURATION is a shutdown, and not before.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: OFFDURATION 2
        start
        asks GET VAR dummy ups.status
        status OFF
        notice OFF @0s..1s =1s
        notice SHUTDOWN +2s..4s =2200ms
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/critical/off-at-once",
        CONF,
        Must,
        "With OFFDURATION 0, OFF is a shutdown at once.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: OFFDURATION 0
        start
        asks GET VAR dummy ups.status
        status OFF
        notice OFF SHUTDOWN @0s..1500ms =1s
        shutdown @0s..1500ms =1s
        ",
    ),
    watch(
        "upsmon/critical/off-never",
        CONF,
        Must,
        "With OFFDURATION -1, OFF is none.",
        "
        conf: OFFDURATION -1
        start
        asks GET VAR dummy ups.status
        status OFF
        notice OFF @0s..1s =1s
        quiet 3500ms
        runs
        ",
    ),
    watch(
        "upsmon/critical/off-for-a-moment",
        CONF,
        Must,
        "OFF that is over before OFFDURATION is no shutdown, and counts from the start again when it returns.",
        "
        conf: OFFDURATION 3
        start
        asks GET VAR dummy ups.status
        status OFF
        notice OFF @0s..1s =1s
        quiet 1s
        status OL
        notice NOTOFF @0s..1500ms
        status OFF
        notice OFF @0s..1s =1s
        quiet 1s
        status OL
        notice NOTOFF @0s..1500ms
        quiet 2s
        runs
        ",
    ),
    watch(
        "upsmon/critical/grace",
        CONF,
        Must,
        "With OBLBDURATION, OB and LB must last so long.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: OBLBDURATION 3
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        notice SHUTDOWN +3s..5s =3s
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/critical/grace-is-enough",
        CONF,
        Must,
        "A low battery that is one no more before OBLBDURATION is over is no shutdown.",
        "
        conf: OBLBDURATION 3
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT @0s..1s =1s
        quiet 1s
        status OB
        quiet 3s
        runs
        ",
    ),
    watch(
        "upsmon/critical/over-is-no-reason",
        CONF,
        Must,
        "Overload, bypass, alarm and the like are no shutdown while the UPS answers.",
        "
        start
        asks GET VAR dummy ups.status
        status OL OVER BYPASS ALARM TRIM
        notice BYPASS OVER TRIM ALARM @0s..1s =1s
        quiet 2500ms
        runs
        ",
    ),
];
