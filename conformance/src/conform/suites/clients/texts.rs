//! What the clients say when the server refuses: the texts are what scripts and people look for.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/texts/server",
        SEEN,
        Observed,
        "Each refusal of a server has its text, after `Error: `, on standard error; the exit code is 1.",
        "
        serve: GET VAR dummy e.1 => ERR ACCESS-DENIED
        serve: GET VAR dummy e.2 => ERR UNKNOWN-UPS
        serve: GET VAR dummy e.3 => ERR VAR-NOT-SUPPORTED
        serve: GET VAR dummy e.4 => ERR DRIVER-NOT-CONNECTED
        serve: GET VAR dummy e.5 => ERR DATA-STALE
        run upsc dummy@{server} e.1
        exit 1
        stderr ~ ^Error: Access denied$
        stdout end
        run upsc dummy@{server} e.2
        exit 1
        stderr ~ ^Error: Unknown UPS$
        run upsc dummy@{server} e.3
        exit 1
        stderr ~ ^Error: Variable not supported by UPS$
        run upsc dummy@{server} e.4
        exit 1
        stderr ~ ^Error: Driver not connected$
        run upsc dummy@{server} e.5
        exit 1
        stderr ~ ^Error: Data stale$
        ",
    ),
    talk(
        "clients/texts/orders",
        SEEN,
        Observed,
        "Refusals that belong to orders have their texts too.",
        "
        serve: GET VAR dummy e.1 => ERR CMD-NOT-SUPPORTED
        serve: GET VAR dummy e.2 => ERR INSTCMD-FAILED
        serve: GET VAR dummy e.3 => ERR SET-FAILED
        serve: GET VAR dummy e.4 => ERR READONLY
        serve: GET VAR dummy e.5 => ERR TOO-LONG
        serve: GET VAR dummy e.6 => ERR INVALID-VALUE
        run upsc dummy@{server} e.1
        stderr ~ ^Error: Instant command not supported$
        run upsc dummy@{server} e.2
        stderr ~ ^Error: Instant command failed$
        run upsc dummy@{server} e.3
        stderr ~ ^Error: Set command failed$
        run upsc dummy@{server} e.4
        stderr ~ ^Error: Read-only variable$
        run upsc dummy@{server} e.5
        stderr ~ ^Error: New value is too long$
        run upsc dummy@{server} e.6
        exit 1
        stderr ~ ^Error: Invalid value for variable$
        ",
    ),
    talk(
        "clients/texts/login",
        SEEN,
        Observed,
        "Refusals that belong to the login have their texts too.",
        "
        serve: GET VAR dummy e.1 => ERR ALREADY-LOGGED-IN
        serve: GET VAR dummy e.2 => ERR INVALID-PASSWORD
        serve: GET VAR dummy e.3 => ERR ALREADY-SET-PASSWORD
        serve: GET VAR dummy e.4 => ERR INVALID-USERNAME
        serve: GET VAR dummy e.5 => ERR ALREADY-SET-USERNAME
        serve: GET VAR dummy e.6 => ERR USERNAME-REQUIRED
        serve: GET VAR dummy e.7 => ERR PASSWORD-REQUIRED
        run upsc dummy@{server} e.1
        stderr ~ ^Error: Already logged in$
        run upsc dummy@{server} e.2
        stderr ~ ^Error: Invalid password$
        run upsc dummy@{server} e.3
        stderr ~ ^Error: Already set password$
        run upsc dummy@{server} e.4
        stderr ~ ^Error: Invalid username$
        run upsc dummy@{server} e.5
        stderr ~ ^Error: Already set username$
        run upsc dummy@{server} e.6
        stderr ~ ^Error: Username required$
        run upsc dummy@{server} e.7
        exit 1
        stderr ~ ^Error: Password required$
        ",
    ),
    talk(
        "clients/texts/old",
        SEEN,
        Observed,
        "Refusals of servers from before NUT 1.4 have their texts too.",
        "
        serve: GET VAR dummy e.1 => ERR VAR-UNKNOWN
        serve: GET VAR dummy e.2 => ERR UNKNOWN-TYPE
        serve: GET VAR dummy e.3 => ERR UNKNOWN-INSTCMD
        serve: GET VAR dummy e.4 => ERR MISSING-ARGUMENT
        run upsc dummy@{server} e.1
        stderr ~ ^Error: Variable unknown$
        run upsc dummy@{server} e.2
        stderr ~ ^Error: Unknown variable type$
        run upsc dummy@{server} e.3
        stderr ~ ^Error: Unknown instant command$
        run upsc dummy@{server} e.4
        exit 1
        stderr ~ ^Error: Missing argument$
        ",
    ),
    talk(
        "clients/texts/old-server",
        SEEN,
        Observed,
        "A server that does not know GET or LIST is called old.",
        "
        serve: GET VAR dummy ups.status => ERR UNKNOWN-COMMAND
        serve: LIST VAR dummy => ERR UNKNOWN-COMMAND
        run upsc dummy@{server} ups.status
        exit 1
        stderr ~ ^Error: variable unknown \\(old upsd detected\\)$
        run upsc dummy@{server}
        exit 1
        stderr ~ ^Error: upsd is too old to support this query$
        ",
    ),
    talk(
        "clients/texts/unheard-of",
        SEEN,
        Must,
        "A refusal that nobody has heard of is an error too, and so are words after a known one.",
        r#"
        serve: GET VAR dummy e.1 => ERR NO-COFFEE
        serve: GET VAR dummy e.2 => ERR DATA-STALE "for a while"
        serve: GET VAR dummy e.3 => ERR data-stale
        run upsc dummy@{server} e.1
        exit 1
        stderr ~ ^Error: .+
        stdout end
        run upsc dummy@{server} e.2
        exit 1
        stderr ~ ^Error: Data stale
        run upsc dummy@{server} e.3
        exit 1
        stderr ~ ^Error: .+
        "#,
    ),
    talk(
        "clients/texts/lists",
        SEEN,
        Observed,
        "A refused list has the same texts.",
        "
        serve: LIST VAR dummy => ERR DATA-STALE
        serve: LIST UPS => ERR ACCESS-DENIED
        serve: LIST CLIENT dummy => ERR UNKNOWN-UPS
        serve: LIST CMD dummy => ERR DRIVER-NOT-CONNECTED
        serve: LIST RW dummy => ERR DATA-STALE
        run upsc dummy@{server}
        exit 1
        stderr ~ ^Error: Data stale$
        run upsc -l {server}
        exit 1
        stderr ~ ^Error: Access denied$
        run upsc -c dummy@{server}
        exit 1
        stderr ~ ^Error: Unknown UPS$
        run upscmd -l dummy@{server}
        exit 1
        stderr ~ ^Error: Driver not connected$
        run upsrw dummy@{server}
        exit 1
        stderr ~ ^Error: Data stale$
        ",
    ),
];
