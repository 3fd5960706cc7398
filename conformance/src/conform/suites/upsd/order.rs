//! When several things are wrong at once: which error is said. Clients tell causes apart by it.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::Observed;

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/order/user-before-arguments",
        SEEN,
        Observed,
        "That there is no user is said before that words are missing.",
        "
        > LOGIN
        < ERR USERNAME-REQUIRED
        > SET
        < ERR USERNAME-REQUIRED
        > INSTCMD
        < ERR USERNAME-REQUIRED
        > FSD
        < ERR USERNAME-REQUIRED
        > USERNAME guest
        < OK
        > LOGIN
        < ERR PASSWORD-REQUIRED
        > SET NONSENSE
        < ERR PASSWORD-REQUIRED
        ",
    ),
    talk(
        "upsd/order/arguments-before-names",
        SEEN,
        Observed,
        "That words are missing or too many is said before that a UPS is unknown.",
        "
        > USERNAME guest
        < OK
        > PASSWORD secret
        < OK
        > LOGIN nowhere nowhere
        < ERR INVALID-ARGUMENT
        > INSTCMD nowhere
        < ERR INVALID-ARGUMENT
        > SET VAR nowhere ups.id
        < ERR INVALID-ARGUMENT
        > GET VAR nowhere
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/order/login-twice-before-names",
        SEEN,
        Observed,
        "That a connection is logged in already is said before that a UPS is unknown, and after that words are missing.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > LOGIN nowhere
        < ERR ALREADY-LOGGED-IN
        > LOGIN
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/order/names-before-grants",
        SEEN,
        Observed,
        "That a UPS is unknown is said before that the user may not.",
        "
        > USERNAME guest
        < OK
        > PASSWORD wrong
        < OK
        > LOGIN nowhere
        < ERR UNKNOWN-UPS
        > PRIMARY nowhere
        < ERR UNKNOWN-UPS
        > FSD nowhere
        < ERR UNKNOWN-UPS
        > SET VAR nowhere ups.id x
        < ERR UNKNOWN-UPS
        > INSTCMD nowhere load.off
        < ERR UNKNOWN-UPS
        ",
    ),
    talk(
        "upsd/order/freshness-before-grants",
        SEEN,
        Observed,
        "That data are stale, or the driver is not there, is said before that the user may not, for SET and INSTCMD.",
        "
        setup: driver dummy stale
        setup: ups attic
        setup: driver attic absent
        > USERNAME guest
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < ERR DATA-STALE
        > INSTCMD dummy load.off
        < ERR DATA-STALE
        > SET VAR attic ups.id x
        < ERR DRIVER-NOT-CONNECTED
        > INSTCMD attic load.off
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/order/freshness-before-variables",
        SEEN,
        Observed,
        "That data are stale is said before that there is no such variable or command.",
        "
        setup: driver dummy stale
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > GET VAR dummy outage.nothing
        < ERR DATA-STALE
        > GET TYPE dummy outage.nothing
        < ERR DATA-STALE
        > LIST ENUM dummy outage.nothing
        < ERR DATA-STALE
        > SET VAR dummy outage.nothing x
        < ERR DATA-STALE
        > INSTCMD dummy outage.nothing
        < ERR DATA-STALE
        ",
    ),
    talk(
        "upsd/order/grants-before-variables",
        SEEN,
        Observed,
        "SET VAR says that the user may not before anything of the variable or the value.",
        "
        > USERNAME guest
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.nothing x
        < ERR ACCESS-DENIED
        > SET VAR dummy ups.status x
        < ERR ACCESS-DENIED
        > SET VAR dummy input.sensitivity nonsense
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/order/commands-before-grants",
        SEEN,
        Observed,
        "INSTCMD says that there is no such command before that the user may not: LIST CMD tells everyone anyway.",
        "
        > USERNAME guest
        < OK
        > PASSWORD wrong
        < OK
        > INSTCMD dummy outage.nothing
        < ERR CMD-NOT-SUPPORTED
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/order/length-before-choices",
        SEEN,
        Observed,
        "That a value is too long is said before that it is no choice.",
        r#"
        setup: dump dummy: SETINFO outage.both "a"
        setup: dump dummy: SETAUX outage.both 3
        setup: dump dummy: SETFLAGS outage.both RW STRING
        setup: dump dummy: ADDENUM outage.both "a"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.both abcd
        < ERR TOO-LONG
        > SET VAR dummy outage.both abc
        < ERR INVALID-VALUE
        "#,
    ),
    talk(
        "upsd/order/read-only-before-values",
        SEEN,
        Observed,
        "That a variable can't be written is said before anything of the value.",
        r#"
        setup: dump dummy: SETINFO outage.fixed "a"
        setup: dump dummy: SETAUX outage.fixed 3
        setup: dump dummy: SETFLAGS outage.fixed STRING
        setup: dump dummy: ADDENUM outage.fixed "a"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.fixed abcd
        < ERR READONLY
        "#,
    ),
    talk(
        "upsd/order/choices-and-ranges",
        SEEN,
        Observed,
        "A value must be one of the choices and lie in a range, when there are both.",
        r#"
        setup: dump dummy: SETINFO outage.both "5"
        setup: dump dummy: SETFLAGS outage.both RW
        setup: dump dummy: ADDENUM outage.both "5"
        setup: dump dummy: ADDENUM outage.both "50"
        setup: dump dummy: ADDRANGE outage.both 0 9
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.both 50
        < ERR INVALID-VALUE
        > SET VAR dummy outage.both 6
        < ERR INVALID-VALUE
        > SET VAR dummy outage.both 5
        < OK
        "#,
    ),
];
