//! LOGIN, LOGOUT, NUMLOGINS, PRIMARY and MASTER: who draws power, and who decides.

use super::{PROTOCOL, SEEN, read, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/login/counts",
        PROTOCOL,
        Must,
        "Each LOGIN is one more in NUMLOGINS.",
        "
        setup: ups attic
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        [c] > USERNAME secondary
        [c] < OK
        [c] > PASSWORD secret
        [c] < OK
        [c] > LOGIN dummy
        [c] < OK
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 2
        > GET NUMLOGINS attic
        < NUMLOGINS attic 0
        ",
    ),
    talk(
        "upsd/login/name-alone-counts-not",
        PROTOCOL,
        Must,
        "Name and password without LOGIN do not count.",
        "
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > PRIMARY dummy
        [b] < OK PRIMARY-GRANTED
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        ",
    ),
    talk(
        "upsd/login/refused-counts-not",
        PROTOCOL,
        Must,
        "A LOGIN that was refused does not count.",
        "
        [b] > USERNAME guest
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < ERR ACCESS-DENIED
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        ",
    ),
    talk(
        "upsd/login/logout-uncounts",
        PROTOCOL,
        Must,
        "LOGOUT takes the login away.",
        "
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        [b] > LOGOUT
        [b] < OK Goodbye
        [b] closed
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        > LIST CLIENT dummy
        < BEGIN LIST CLIENT dummy
        < END LIST CLIENT dummy
        ",
    ),
    talk(
        "upsd/login/hang-up-uncounts",
        "PR networkupstools/nut#3086 (a primary waits for those who are counted)",
        Must,
        "A client that hangs up without LOGOUT counts no longer.",
        "
        [b] > USERNAME secondary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        [b] close
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        ",
    ),
    talk(
        "upsd/login/twice",
        PROTOCOL,
        Must,
        "A second LOGIN on a connection is answered with ALREADY-LOGGED-IN and counts once, for another UPS too.",
        "
        setup: ups attic
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > LOGIN dummy
        < ERR ALREADY-LOGGED-IN
        > LOGIN attic
        < ERR ALREADY-LOGGED-IN
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        > GET NUMLOGINS attic
        < NUMLOGINS attic 0
        ",
    ),
    talk(
        "upsd/login/after-a-refusal",
        PROTOCOL,
        Must,
        "A LOGIN that was refused may be tried again, for a UPS that there is.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN nowhere
        < ERR UNKNOWN-UPS
        > LOGIN dummy
        < OK
        ",
    ),
    talk(
        "upsd/login/without-driver",
        SEEN,
        Observed,
        "LOGIN, PRIMARY and LIST CLIENT work for a UPS whose driver is not there: its machines still draw power.",
        "
        setup: ups attic
        setup: driver attic absent
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN attic
        < OK
        > PRIMARY attic
        < OK PRIMARY-GRANTED
        > LIST CLIENT attic
        < BEGIN LIST CLIENT attic
        <~ CLIENT attic \\S+
        < END LIST CLIENT attic
        ",
    ),
    talk(
        "upsd/login/stale",
        SEEN,
        Observed,
        "LOGIN works for a UPS with stale data.",
        "
        setup: driver dummy stale
        > USERNAME secondary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        ",
    ),
    read(
        "upsd/numlogins/errors",
        PROTOCOL,
        Must,
        "GET NUMLOGINS needs a UPS that there is.",
        "
        > GET NUMLOGINS
        < ERR INVALID-ARGUMENT
        > GET NUMLOGINS outage-nowhere
        < ERR UNKNOWN-UPS
        ",
    ),
    talk(
        "upsd/numlogins/stale",
        SEEN,
        Observed,
        "GET NUMLOGINS is refused while the data of the UPS are stale or its driver is not there.",
        "
        setup: ups attic
        setup: driver attic absent
        setup: driver dummy stale
        > GET NUMLOGINS attic
        < ERR DRIVER-NOT-CONNECTED
        > GET NUMLOGINS dummy
        < ERR DATA-STALE
        ",
    ),
    read(
        "upsd/logout/form",
        PROTOCOL,
        Must,
        "LOGOUT is answered with OK Goodbye, and the server hangs up.",
        "
        > LOGOUT
        < OK Goodbye
        closed within 4s
        ",
    ),
    read(
        "upsd/logout/arguments",
        SEEN,
        Observed,
        "LOGOUT takes no argument; with one the session goes on.",
        "
        > LOGOUT now
        < ERR INVALID-ARGUMENT
        > PROTVER
        < 1.3
        ",
    ),
    talk(
        "upsd/logout/is-the-end",
        PROTOCOL,
        Must,
        "Nothing that comes behind LOGOUT is answered.",
        r#"
        >> "PROTVER\nLOGOUT\nPROTVER\nPROTVER\n"
        < 1.3
        < OK Goodbye
        closed within 4s
        "#,
    ),
    talk(
        "upsd/logout/effects-end-with-it",
        PROTOCOL,
        Must,
        "Nothing that comes behind LOGOUT is done.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        >> "LOGOUT\nINSTCMD dummy load.off\n"
        < OK Goodbye
        driver dummy silence
        "#,
    ),
    talk(
        "upsd/primary/granted",
        "net-protocol, NUT 2.8.0",
        Must,
        "PRIMARY of a user with `upsmon primary` is answered with OK PRIMARY-GRANTED.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        ",
    ),
    talk(
        "upsd/primary/master",
        "net-protocol (the older name)",
        Must,
        "MASTER is answered with OK MASTER-GRANTED.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > MASTER dummy
        < OK MASTER-GRANTED
        ",
    ),
    talk(
        "upsd/primary/denied",
        PROTOCOL,
        Must,
        "PRIMARY and MASTER are not for secondaries, nor for users who may SET and run commands.",
        "
        > USERNAME secondary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > MASTER dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME admin
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > PRIMARY dummy
        [b] < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/primary/without-login",
        SEEN,
        Observed,
        "PRIMARY needs no LOGIN, changes nothing and may be asked often.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        > MASTER dummy
        < OK MASTER-GRANTED
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 0
        ",
    ),
    talk(
        "upsd/primary/two",
        SEEN,
        Observed,
        "Two connections may be primary of one UPS.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        [b] > USERNAME master
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > PRIMARY dummy
        [b] < OK PRIMARY-GRANTED
        ",
    ),
    talk(
        "upsd/primary/errors",
        PROTOCOL,
        Must,
        "PRIMARY and MASTER need one UPS that there is.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > PRIMARY
        < ERR INVALID-ARGUMENT
        > PRIMARY dummy dummy
        < ERR INVALID-ARGUMENT
        > PRIMARY nowhere
        < ERR UNKNOWN-UPS
        > MASTER
        < ERR INVALID-ARGUMENT
        > MASTER nowhere
        < ERR UNKNOWN-UPS
        ",
    ),
];
