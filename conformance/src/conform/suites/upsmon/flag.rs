//! The file POWERDOWNFLAG, by which the end of the system's shutdown knows that the UPS is to be switched off.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/flag/content",
        MAN,
        Must,
        "The flag holds `upsmon-shutdown-file` when SHUTDOWNCMD runs, and is not there before.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 1
        start
        asks GET VAR dummy ups.status
        flag absent
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown is upsmon-shutdown-file
        flag is upsmon-shutdown-file
        ",
    ),
    watch(
        "upsmon/flag/on-a-secondary",
        SEEN,
        Observed,
        "A secondary writes the flag, too.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OB LB
        notice ONBATT LOWBATT FSD SHUTDOWN @0s..1500ms
        shutdown is upsmon-shutdown-file
        ",
    ),
    watch(
        "upsmon/flag/left-over",
        MAN,
        Must,
        "A flag that an earlier shutdown left is removed at the start.",
        "
        flag: upsmon-shutdown-file
        start
        asks GET VAR dummy ups.status
        flag absent
        quiet 500ms
        ",
    ),
    watch(
        "upsmon/flag/foreign",
        SEEN,
        Must,
        "A file of somebody else in its place is left alone at the start, and said.",
        "
        flag: my own notes
        start
        asks GET VAR dummy ups.status
        log ~ (?i)POWERDOWNFLAG.*magic
        flag is my own notes
        ",
    ),
    watch(
        "upsmon/flag/foreign-at-the-end",
        SEEN,
        Must,
        "A file of somebody else in its place is not overwritten by the shutdown, which happens all the same.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        flag: notes
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown is notes
        flag is notes
        ",
    ),
    watch(
        "upsmon/flag/none",
        CONF,
        Must,
        "Without POWERDOWNFLAG none is written, and the shutdown happens.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        conf without POWERDOWNFLAG
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown absent
        flag absent
        ",
    ),
    watch(
        "upsmon/flag/check-set",
        MAN,
        Must,
        "upsmon -K ends with 0 while the flag is set.",
        "
        flag: upsmon-shutdown-file
        run upsmon -K
        exit 0
        flag is upsmon-shutdown-file
        ",
    ),
    watch(
        "upsmon/flag/check-absent",
        MAN,
        Must,
        "upsmon -K does not end with 0 while there is no flag.",
        "
        run upsmon -K
        exit not 0
        flag absent
        ",
    ),
    watch(
        "upsmon/flag/check-foreign",
        SEEN,
        Must,
        "upsmon -K does not end with 0 while somebody else's file is in its place.",
        "
        flag: my own notes
        run upsmon -K
        exit not 0
        flag is my own notes
        ",
    ),
    watch(
        "upsmon/flag/check-more",
        SEEN,
        Observed,
        "What comes after the magic text in the flag does not count.",
        "
        flag: upsmon-shutdown-file and more
        run upsmon -K
        exit 0
        ",
    ),
    watch(
        "upsmon/flag/check-without",
        SEEN,
        Must,
        "upsmon -K does not end with 0 when no POWERDOWNFLAG is configured.",
        "
        conf without POWERDOWNFLAG
        flag: upsmon-shutdown-file
        run upsmon -K
        exit not 0
        ",
    ),
    watch(
        "upsmon/flag/check-beside-a-running-one",
        MAN,
        Must,
        "upsmon -K may be asked while upsmon runs, and disturbs nothing.",
        "
        start
        asks GET VAR dummy ups.status
        run upsmon -K
        exit not 0
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
    watch(
        "upsmon/flag/after-the-shutdown",
        MAN,
        Must,
        "After a shutdown, upsmon -K ends with 0.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        status OB LB
        notice ONBATT LOWBATT SHUTDOWN @0s..1500ms
        shutdown +0s..1s
        ended 0 +0s..3s
        run upsmon -K
        exit 0
        ",
    ),
];
