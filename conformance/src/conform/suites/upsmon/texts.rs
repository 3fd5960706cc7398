//! Where notices go and what they say.

use super::{CONF, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/texts/onbatt",
        CONF,
        Must,
        "NOTIFYCMD's argument is the text, with the UPS's full name.",
        "
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        text UPS {ups} on battery
        about {ups}
        status OL
        notice ONLINE @0s..1500ms
        text UPS {ups} on line power
        ",
    ),
    watch(
        "upsmon/texts/battery",
        CONF,
        Must,
        "The texts of LOWBATT and REPLBATT.",
        "
        start
        asks GET VAR dummy ups.status
        status OL LB
        notice LOWBATT @0s..1s
        text UPS {ups} battery is low
        status OL RB
        notice REPLBATT @0s..1500ms
        text UPS {ups} battery needs to be replaced
        ",
    ),
    watch(
        "upsmon/texts/comm",
        CONF,
        Must,
        "The texts of COMMBAD, NOCOMM and COMMOK.",
        "
        conf: NOCOMMWARNTIME 1
        goes
        start
        notice COMMBAD @0s..1s
        text Communications with UPS {ups} lost
        notice NOCOMM @0s..7s
        text UPS {ups} is unavailable
        ",
    ),
    watch(
        "upsmon/texts/commok",
        CONF,
        Must,
        "The text of COMMOK.",
        "
        goes
        start
        notice COMMBAD @0s..1s
        comes
        notice COMMOK @0s..6s
        text Communications with UPS {ups} established
        ",
    ),
    watch(
        "upsmon/texts/shutdown",
        CONF,
        Must,
        "The texts of FSD and SHUTDOWN.",
        "
        conf: NOTIFYFLAG SHUTDOWN SYSLOG
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        status FSD OL
        notice FSD @0s..1s =1s
        text UPS {ups}: forced shutdown in progress
        about {ups}
        shutdown +0s..1500ms
        log ~ Auto logout and shutdown proceeding
        ",
    ),
    watch(
        "upsmon/texts/shutdown-about-nothing",
        CONF,
        Must,
        "SHUTDOWN is about no UPS: its UPSNAME is empty.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        signal USR1
        notice SHUTDOWN @0s..1500ms
        text Auto logout and shutdown proceeding
        about nothing
        shutdown +0s..1s
        ",
    ),
    watch(
        "upsmon/texts/own-text",
        CONF,
        Must,
        "NOTIFYMSG replaces a text; %s stands for the UPS's name.",
        r#"
        conf: NOTIFYMSG ONBATT "Power of %s is out"
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        text Power of {ups} is out
        "#,
    ),
    watch(
        "upsmon/texts/own-text-without-name",
        CONF,
        Must,
        "NOTIFYMSG need not name the UPS.",
        r#"
        conf: NOTIFYMSG ONBATT "The power is out"
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        text The power is out
        about {ups}
        "#,
    ),
    watch(
        "upsmon/texts/ignore",
        CONF,
        Must,
        "A notice with the flag IGNORE goes nowhere.",
        "
        conf: NOTIFYFLAG ONBATT IGNORE
        start
        asks GET VAR dummy ups.status
        status OB
        quiet 1500ms
        log !~ on battery
        wall !~ on battery
        status OL
        notice ONLINE @0s..1500ms
        ",
    ),
    watch(
        "upsmon/texts/exec-only",
        CONF,
        Must,
        "A notice with the flag EXEC goes to NOTIFYCMD, and neither to the log nor to the terminals.",
        "
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        quiet 500ms
        log !~ on battery
        wall !~ on battery
        ",
    ),
    watch(
        "upsmon/texts/syslog-only",
        CONF,
        Must,
        "A notice with the flag SYSLOG goes to the log, and neither to NOTIFYCMD nor to the terminals.",
        "
        conf: NOTIFYFLAG ONBATT SYSLOG
        start
        asks GET VAR dummy ups.status
        status OB
        log ~ UPS {ups} on battery
        quiet 1s
        wall !~ on battery
        ",
    ),
    watch(
        "upsmon/texts/wall-only",
        CONF,
        Must,
        "A notice with the flag WALL goes to the terminals, and neither to NOTIFYCMD nor to the log.",
        "
        conf: NOTIFYFLAG ONBATT WALL
        start
        asks GET VAR dummy ups.status
        status OB
        wall ~ UPS {ups} on battery
        quiet 1s
        log !~ on battery
        ",
    ),
    watch(
        "upsmon/texts/by-default",
        CONF,
        Must,
        "Without a NOTIFYFLAG a notice goes to the log and to the terminals; NOTIFYCMD alone does nothing.",
        "
        conf without NOTIFYFLAG ONBATT
        start
        asks GET VAR dummy ups.status
        status OB
        wall ~ UPS {ups} on battery
        log ~ UPS {ups} on battery
        quiet 1s
        ",
    ),
    watch(
        "upsmon/texts/all-three",
        CONF,
        Must,
        "SYSLOG+WALL+EXEC is all three.",
        "
        conf: NOTIFYFLAG ONBATT SYSLOG+WALL+EXEC
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        wall ~ UPS {ups} on battery
        log ~ UPS {ups} on battery
        ",
    ),
    watch(
        "upsmon/texts/arguments-of-notifycmd",
        SEEN,
        Observed,
        "NOTIFYCMD may have arguments; the text comes after them.",
        r#"
        conf: NOTIFYCMD "{hooks}/notify -x"
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        text -x UPS {ups} on battery
        "#,
    ),
    watch(
        "upsmon/texts/slow-notifycmd",
        SEEN,
        Must,
        "A NOTIFYCMD that takes its time delays no notice for long, and no shutdown.",
        r#"
        conf: NOTIFYFLAG FSD IGNORE
        conf: FINALDELAY 3
        conf: NOTIFYCMD "{hooks}/slow"
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        status OB LB
        notice LOWBATT SHUTDOWN @0s..4s
        shutdown @0s..5s =4s
        "#,
    ),
    watch(
        "upsmon/texts/no-notifycmd",
        CONF,
        Must,
        "A NOTIFYCMD that is not there keeps nothing else from happening.",
        r#"
        conf: NOTIFYCMD "{hooks}/absent"
        start
        asks GET VAR dummy ups.status
        status OB LB
        shutdown @0s..1500ms =1s
        ended 0 @0s..3s
        "#,
    ),
    watch(
        "upsmon/texts/text-is-no-command",
        "CWE-78",
        Should,
        "A notice's text is an argument of NOTIFYCMD as it stands, and nothing that a shell would run.",
        r#"
        conf: NOTIFYMSG ONBATT "%s $(echo gone) `echo gone` $HOME"
        start
        asks GET VAR dummy ups.status
        status OB
        notice ONBATT @0s..1s
        text {ups} $(echo gone) `echo gone` $HOME
        "#,
    ),
];
