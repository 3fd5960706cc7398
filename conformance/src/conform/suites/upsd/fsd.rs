//! FSD: the flag that tells all clients to shut down.

use super::{PROTOCOL, SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/fsd/shows",
        PROTOCOL,
        Must,
        "FSD is answered with OK FSD-SET, and everyone sees FSD in front of the status.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        [b] > GET VAR dummy ups.status
        [b] < VAR dummy ups.status "OL"
        > FSD dummy
        < OK FSD-SET
        [b] > GET VAR dummy ups.status
        [b] < VAR dummy ups.status "FSD OL"
        [c] > GET VAR dummy ups.status
        [c] < VAR dummy ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/fsd/in-lists",
        SEEN,
        Must,
        "LIST VAR shows FSD in the status as GET VAR does, and in nothing else.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO battery.charge "9"
        setup: dump attic: SETINFO ups.status "OB LB"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD attic
        < OK FSD-SET
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic battery.charge "9"
        < VAR attic ups.status "FSD OB LB"
        < END LIST VAR attic
        "#,
    ),
    talk(
        "upsd/fsd/one-ups",
        PROTOCOL,
        Must,
        "FSD is set for the UPS that was named, and for no other.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD attic
        < OK FSD-SET
        > GET VAR attic ups.status
        < VAR attic ups.status "FSD OL"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/fsd/stays-with-a-new-status",
        "net-protocol (FSD is a latch)",
        Must,
        "FSD stays when the driver says another status.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        driver dummy: SETINFO ups.status "OL CHRG"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "FSD OL CHRG"
        "#,
    ),
    talk(
        "upsd/fsd/stays-without-the-client",
        "net-protocol (FSD is a latch)",
        Must,
        "FSD stays when the client that set it has gone.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        > LOGOUT
        < OK Goodbye
        closed
        [b] > GET VAR dummy ups.status
        [b] < VAR dummy ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/fsd/stays-over-a-driver",
        "net-protocol (FSD is a latch)",
        Must,
        "FSD stays when the driver goes and comes back.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        driver dummy hangs up
        driver dummy reconnected
        > GET VAR dummy ups.status
        < VAR dummy ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/fsd/again",
        SEEN,
        Observed,
        "FSD may be set again; it shows once.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        > FSD dummy
        < OK FSD-SET
        > GET VAR dummy ups.status
        < VAR dummy ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/fsd/without-driver",
        SEEN,
        Observed,
        "FSD can be set for a UPS whose driver is not there.",
        "
        setup: ups attic
        setup: driver attic absent
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD attic
        < OK FSD-SET
        > GET VAR attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/fsd/without-login",
        SEEN,
        Observed,
        "FSD needs neither LOGIN nor PRIMARY before it.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        ",
    ),
    talk(
        "upsd/fsd/not-for-the-driver",
        SEEN,
        Observed,
        "The driver hears nothing of it.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        driver dummy silence
        ",
    ),
    talk(
        "upsd/fsd/login-while-set",
        SEEN,
        Observed,
        "While FSD is set others may still log in.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        [b] > USERNAME secondary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        ",
    ),
    talk(
        "upsd/fsd/errors",
        PROTOCOL,
        Must,
        "FSD needs one UPS that there is; what was refused is not set.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD
        < ERR INVALID-ARGUMENT
        > FSD dummy dummy
        < ERR INVALID-ARGUMENT
        > FSD nowhere
        < ERR UNKNOWN-UPS
        [b] > USERNAME secondary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > FSD dummy
        [b] < ERR ACCESS-DENIED
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
];
