//! RFC 9271's own names for what NUT calls LOGIN, LOGOUT and NUMLOGINS. NUT's C server has not taken them over.

use super::talk;
use crate::conform::Case;
use crate::conform::Level::{May, Should};

const RFC: &str = "RFC 9271";

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/rfc/attach",
        RFC,
        Should,
        "ATTACH is what LOGIN is.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > ATTACH dummy
        < OK
        [b] > GET NUMLOGINS dummy
        [b] < NUMLOGINS dummy 1
        ",
    ),
    talk(
        "upsd/rfc/attach-needs-a-user",
        RFC,
        Should,
        "ATTACH needs name, password and the grant, like LOGIN.",
        "
        > ATTACH dummy
        < ERR USERNAME-REQUIRED
        > USERNAME guest
        < OK
        > ATTACH dummy
        < ERR PASSWORD-REQUIRED
        > PASSWORD secret
        < OK
        > ATTACH
        < ERR INVALID-ARGUMENT
        > ATTACH nowhere
        < ERR UNKNOWN-UPS
        > ATTACH dummy
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/rfc/attach-twice",
        RFC,
        Should,
        "A second ATTACH is answered with ALREADY-ATTACHED, after LOGIN too.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > ATTACH dummy
        < OK
        > ATTACH dummy
        < ERR ALREADY-ATTACHED
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        [b] > ATTACH dummy
        [b] < ERR ALREADY-ATTACHED
        ",
    ),
    talk(
        "upsd/rfc/login-after-attach",
        "net-protocol",
        Should,
        "LOGIN after ATTACH is answered with the word that clients of NUT know.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > ATTACH dummy
        < OK
        > LOGIN dummy
        < ERR ALREADY-LOGGED-IN
        ",
    ),
    talk(
        "upsd/rfc/detach",
        RFC,
        Should,
        "DETACH is what LOGOUT is: a farewell, and the server hangs up.",
        "
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > ATTACH dummy
        < OK
        > DETACH
        < OK Goodbye
        closed within 4s
        [b] > GET NUMLOGINS dummy
        [b] < NUMLOGINS dummy 0
        ",
    ),
    talk(
        "upsd/rfc/numattach",
        RFC,
        Should,
        "GET NUMATTACH counts what GET NUMLOGINS counts, under its own name.",
        "
        > GET NUMATTACH dummy
        < NUMATTACH dummy 0
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        > GET NUMATTACH dummy
        < NUMATTACH dummy 1
        > GET NUMATTACH nowhere
        < ERR UNKNOWN-UPS
        > GET NUMATTACH
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/rfc/case",
        RFC,
        May,
        "These verbs may be written in small letters like all others.",
        "
        > get numattach dummy
        < NUMATTACH dummy 0
        > detach
        < OK Goodbye
        closed within 4s
        ",
    ),
];
