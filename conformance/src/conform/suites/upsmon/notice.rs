//! What the status of a UPS makes upsmon say, and when it says nothing.

use super::{CONF, MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/notice/online-at-first",
        SEEN,
        Must,
        "The first OL after the start is no news.",
        "
        start
        asks GET VAR dummy ups.status
        quiet 2500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/onbatt-at-first",
        SEEN,
        Must,
        "A UPS that is on battery at the start is news.",
        "
        status OB
        start
        notice ONBATT @0s..1s =0s
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/out-and-back",
        MAN,
        Must,
        "ONBATT is said when the mains fail, ONLINE when they are back, each once.",
        "
        start
        asks GET VAR dummy ups.status
        status OB DISCHRG
        notice ONBATT @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL CHRG
        notice ONLINE @0s..1500ms
        about {ups}
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/lowbatt-once",
        MAN,
        Must,
        "LOWBATT is said once an episode of LB, also while the mains are there, and shuts nothing down then.",
        "
        start
        asks GET VAR dummy ups.status
        status OL LB
        notice LOWBATT @0s..1s =1s
        about {ups}
        quiet 2500ms
        status OL
        quiet 1500ms
        status OL LB
        notice LOWBATT @0s..1s
        runs
        ",
    ),
    watch(
        "upsmon/notice/fsd-is-seen",
        MAN,
        Must,
        "FSD in the status is said as FSD, and is a shutdown.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OL
        notice FSD SHUTDOWN @0s..1s =1s
        shutdown @0s..1500ms
        ",
    ),
    watch(
        "upsmon/notice/replbatt-once",
        MAN,
        Must,
        "REPLBATT is said when RB comes, and not again before RBWARNTIME has passed, whether RB stays or comes and goes.",
        "
        start
        asks GET VAR dummy ups.status
        status OL RB
        notice REPLBATT @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        quiet 1500ms
        status OL RB
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/comm-lost-and-back",
        MAN,
        Must,
        "COMMBAD is said at the first poll that fails, COMMOK at the first that does not; a UPS lost on line is no reason to shut down.",
        "
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice COMMOK @0s..1500ms
        about {ups}
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/commok-at-first",
        SEEN,
        Must,
        "The first poll that succeeds is no COMMOK.",
        "
        start
        asks GET VAR dummy ups.status
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/commbad-at-first",
        SEEN,
        Observed,
        "A server that is away at the start is a COMMBAD, and its coming a COMMOK.",
        "
        goes
        start
        notice COMMBAD @0s..1s =0s
        about {ups}
        quiet 500ms
        comes
        notice COMMOK @0s..6s =500ms
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/back-on-battery",
        SEEN,
        Must,
        "What a UPS was before it was lost is not forgotten: on battery before and after is COMMOK alone.",
        "
        status OB
        start
        notice ONBATT @0s..1s
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1s
        status OB
        notice COMMOK @0s..1s
        quiet 1s
        runs
        ",
    ),
    watch(
        "upsmon/notice/back-and-changed",
        SEEN,
        Must,
        "A UPS that comes back with other news: COMMOK, and the news.",
        "
        start
        asks GET VAR dummy ups.status
        say GET VAR dummy ups.status => ERR DATA-STALE
        notice COMMBAD @0s..1s =1s
        status OB
        notice COMMOK ONBATT @0s..1s
        quiet 1s
        ",
    ),
    watch(
        "upsmon/notice/cal",
        CONF,
        Must,
        "CAL is said when a calibration begins, NOTCAL when it ends.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL CAL
        notice CAL @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTCAL @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/off",
        CONF,
        Must,
        "OFF is said at once when it comes, NOTOFF when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL OFF
        notice OFF @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTOFF @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/bypass",
        CONF,
        Must,
        "BYPASS is said when it comes, NOTBYPASS when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL BYPASS
        notice BYPASS @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTBYPASS @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/eco",
        CONF,
        Must,
        "ECO is said when it comes, NOTECO when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL ECO
        notice ECO @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTECO @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/over",
        CONF,
        Must,
        "OVER is said when it comes, NOTOVER when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL OVER
        notice OVER @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTOVER @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/trim",
        CONF,
        Must,
        "TRIM is said when it comes, NOTTRIM when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL TRIM
        notice TRIM @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTTRIM @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/boost",
        CONF,
        Must,
        "BOOST is said when it comes, NOTBOOST when it goes.",
        "
        status OL
        start
        asks GET VAR dummy ups.status
        status OL BOOST
        notice BOOST @0s..1s =1s
        about {ups}
        quiet 1500ms
        status OL
        notice NOTBOOST @0s..1500ms
        about {ups}
        quiet 1500ms
        ",
    ),
    watch(
        "upsmon/notice/alarm",
        CONF,
        Must,
        "ALARM is said with its text when it comes, again when the text changes, NOTALARM when it goes.",
        r#"
        say GET VAR dummy ups.alarm => VAR dummy ups.alarm "Fan failure"
        start
        asks GET VAR dummy ups.status
        status ALARM OL
        notice ALARM @0s..1s =1s
        about {ups}
        text ~ .*{ups}.*\[Fan failure\].*
        quiet 1500ms
        say GET VAR dummy ups.alarm => VAR dummy ups.alarm "Too hot"
        notice ALARM @0s..1500ms
        text ~ .*\[Too hot\].*
        quiet 1500ms
        status OL
        notice NOTALARM @0s..1500ms
        quiet 1s
        "#,
    ),
    watch(
        "upsmon/notice/alarms-of-two",
        CONF,
        Should,
        "Two UPSes with different alarms say each of them once.",
        r#"
        conf: MONITOR dummy@{server} 1 admin secret primary
        conf: MONITOR dummy@{server_b} 1 admin secret primary
        say GET VAR dummy ups.alarm => VAR dummy ups.alarm "Fan failure"
        [b] say GET VAR dummy ups.alarm => VAR dummy ups.alarm "Too hot"
        status OL ALARM
        start
        notice ALARM
        about {ups}
        [b] status OL ALARM
        notice ALARM @0s..1500ms
        about dummy@{server_b}
        quiet 2500ms
        "#,
    ),
    watch(
        "upsmon/notice/other",
        CONF,
        Must,
        "Words that upsmon does not know are OTHER, with the words; NOTOTHER says that there are none any more.",
        r"
        start
        asks GET VAR dummy ups.status
        status OL NEW WORDS
        notice OTHER @0s..1s =1s
        text ~ .*{ups}.*\[NEW WORDS\].*
        quiet 1500ms
        status OL
        notice NOTOTHER @0s..1500ms
        quiet 1s
        ",
    ),
    watch(
        "upsmon/notice/words-without-notice",
        SEEN,
        Must,
        "CHRG, DISCHRG and HB are no news.",
        "
        start
        asks GET VAR dummy ups.status
        status OL CHRG HB
        quiet 1500ms
        status OL DISCHRG
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/whole-words",
        "RFC 9271 section 5.1",
        Should,
        "A word that only holds another one is not that word: LBX does not mean that LB stays.",
        "
        start
        asks GET VAR dummy ups.status
        status OB LBX
        notice ONBATT OTHER @0s..1s
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/any-letters",
        SEEN,
        Observed,
        "Status words are understood in any letters.",
        "
        start
        asks GET VAR dummy ups.status
        status ob dischrg
        notice ONBATT @0s..1s =1s
        quiet 1s
        ",
    ),
    watch(
        "upsmon/notice/several-at-once",
        MAN,
        Must,
        "Each of several news in one status is said.",
        "
        conf: MONITOR dummy@{server} 0 admin secret primary
        conf: MINSUPPLIES 0
        start
        asks GET VAR dummy ups.status
        status OB LB RB
        notice ONBATT LOWBATT REPLBATT @0s..1s =1s
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/later-word-counts",
        SEEN,
        Observed,
        "Where a confused driver says OL and OB in one status, both are news at the first sight of it, and the later one counts.",
        "
        conf: NOTIFYFLAG ONLINE IGNORE
        status OL OB
        start
        notice ONBATT @0s..1s
        runs
        ",
    ),
    watch(
        "upsmon/notice/flapping",
        MAN,
        Must,
        "Mains that come and go are said each time, and shut nothing down.",
        "
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s =1s
        status OL
        notice ONLINE @0s..1s =1s
        status OB
        notice ONBATT @0s..1s =1s
        status OL
        notice ONLINE @0s..1s =1s
        runs
        ",
    ),
    watch(
        "upsmon/notice/low-for-a-moment",
        MAN,
        Must,
        "LB that comes without OB, and OB that comes after it went, is no shutdown.",
        "
        start
        asks GET VAR dummy ups.status
        status OL LB
        notice LOWBATT @0s..1s =1s
        status OL
        asks 1 GET VAR dummy ups.status @0s..2s
        status OB
        notice ONBATT @0s..1500ms
        quiet 1500ms
        runs
        ",
    ),
    watch(
        "upsmon/notice/unknown-driver-state",
        "nut 2.8.0, server/sstate.c: WAIT",
        Should,
        "WAIT, which upsd says until a driver has dumped its first data, is no news.",
        "
        status WAIT
        start
        asks GET VAR dummy ups.status
        quiet 2s
        status OL
        quiet 1500ms
        runs
        ",
    ),
];
