//! Signals, flags and commands of a command line.

use super::{MAN, SEEN, watch};
use crate::conform::Case;
use crate::conform::Level::{May, Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    watch(
        "upsmon/control/fsd-by-signal",
        MAN,
        Must,
        "SIGUSR1 sets FSD and shuts down, whatever the UPS says.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        signal USR1
        asks FSD dummy @0s..1500ms
        notice SHUTDOWN
        shutdown @0s..2s
        ended 0 @0s..4s
        ",
    ),
    watch(
        "upsmon/control/fsd-by-command",
        MAN,
        Must,
        "upsmon -c fsd does the same to the process that -P names.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        start
        asks GET VAR dummy ups.status
        run upsmon -c fsd -P {pid}
        exit 0
        asks FSD dummy @0s..1500ms
        notice SHUTDOWN
        shutdown @0s..2s
        ",
    ),
    watch(
        "upsmon/control/fsd-on-a-secondary",
        SEEN,
        Observed,
        "On a secondary, -c fsd shuts this machine down, and nobody else is told.",
        "
        conf: MONITOR dummy@{server} 1 admin secret secondary
        start
        asks GET VAR dummy ups.status
        run upsmon -c fsd -P {pid}
        exit 0
        notice SHUTDOWN @0s..1500ms
        shutdown @0s..2s
        never FSD
        ",
    ),
    watch(
        "upsmon/control/stop-by-signal",
        MAN,
        Must,
        "SIGTERM ends upsmon with 0, and shuts nothing down.",
        "
        start
        asks GET VAR dummy ups.status
        signal TERM
        ended 0 @0s..3s
        never FSD
        ",
    ),
    watch(
        "upsmon/control/stop-by-int",
        MAN,
        Must,
        "SIGINT does the same.",
        "
        start
        asks GET VAR dummy ups.status
        signal INT
        ended 0 @0s..3s
        never FSD
        ",
    ),
    watch(
        "upsmon/control/stop-by-command",
        MAN,
        Must,
        "upsmon -c stop does the same to the process that -P names.",
        "
        start
        asks GET VAR dummy ups.status
        run upsmon -c stop -P {pid}
        exit 0
        ended 0 @0s..3s
        never FSD
        ",
    ),
    watch(
        "upsmon/control/stop-says-goodbye",
        "net-protocol",
        Should,
        "When it ends, it logs out.",
        "
        start
        asks GET VAR dummy ups.status
        signal TERM
        asks LOGOUT @0s..2s
        ended 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/control/stop-on-battery",
        MAN,
        Must,
        "It also ends while a UPS is on battery.",
        "
        status OB
        start
        notice ONBATT @0s..1s
        signal TERM
        ended 0 @0s..3s
        never FSD
        ",
    ),
    watch(
        "upsmon/control/shortened",
        SEEN,
        Observed,
        "The beginning of a command is enough.",
        "
        start
        asks GET VAR dummy ups.status
        run upsmon -c st -P {pid}
        exit 0
        ended 0 @0s..3s
        ",
    ),
    watch(
        "upsmon/control/unknown-command",
        MAN,
        Must,
        "An unknown command is refused, and nothing is sent.",
        "
        start
        asks GET VAR dummy ups.status
        run upsmon -c halt -P {pid}
        exit not 0
        quiet 500ms
        runs
        ",
    ),
    watch(
        "upsmon/control/nobody-there",
        MAN,
        Must,
        "A command to a process that is not there fails.",
        "
        run upsmon -c stop -P 4194304
        exit not 0
        ",
    ),
    watch(
        "upsmon/control/pid-file",
        MAN,
        Must,
        "upsmon -c finds the process by its PID file.",
        "
        conf: NOTIFYFLAG FSD IGNORE
        skip nut: its PID file is the machine's own, whatever its environment says
        start -F
        asks GET VAR dummy ups.status
        run upsmon -c fsd
        exit 0
        asks FSD dummy @0s..1500ms
        notice SHUTDOWN
        shutdown @0s..2s
        ",
    ),
    watch(
        "upsmon/control/no-pid-file",
        MAN,
        Must,
        "Without a PID file and -P, upsmon -c fails.",
        "
        skip nut: its PID file is the machine's own, whatever its environment says
        run upsmon -c stop
        exit not 0
        ",
    ),
    watch(
        "upsmon/control/help",
        MAN,
        Must,
        "-h shows what there is, and ends with 0.",
        "
        run upsmon -h
        exit 0
        stdout ~ -c <cmd>
        stdout ~ -K
        ",
    ),
    watch(
        "upsmon/control/version",
        MAN,
        Must,
        "-V shows the version, and ends with 0.",
        r"
        run upsmon -V
        exit 0
        stdout ~ upsmon \d
        ",
    ),
    watch(
        "upsmon/control/unknown-option",
        MAN,
        Must,
        "An unknown option is refused.",
        "
        run upsmon -Z
        exit not 0
        ",
    ),
    watch(
        "upsmon/control/debug",
        MAN,
        Must,
        "With -D it says more, and does the same.",
        "
        start -D -D
        asks GET VAR dummy ups.status
        log ~ (?i)(dummy|{ups})
        status OB
        notice ONBATT @0s..1500ms
        runs
        ",
    ),
    watch(
        "upsmon/control/other-file",
        "nut after 2.8.0",
        May,
        "-f names another configuration file.",
        "
        start -f {etc}/absent.conf
        ended not 0 @0s..3s
        log ~ absent.conf
        ",
    ),
];
