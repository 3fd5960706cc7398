//! USERNAME and PASSWORD: once each, taken as they are, judged when something needs them.

use super::{PROTOCOL, SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/auth/accepted",
        PROTOCOL,
        Must,
        "USERNAME and PASSWORD are answered with OK.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        ",
    ),
    talk(
        "upsd/auth/any-order",
        SEEN,
        Observed,
        "The password may come before the name.",
        "
        > PASSWORD secret
        < OK
        > USERNAME primary
        < OK
        > LOGIN dummy
        < OK
        ",
    ),
    talk(
        "upsd/auth/wrong-is-taken",
        "nut 2.8.0 as seen (it tells nobody which names there are)",
        Observed,
        "A wrong name or password is taken like a right one: the first request that needs it is refused.",
        "
        > USERNAME nobody
        < OK
        > PASSWORD wrong
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD wrong
        [b] < OK
        [b] > LOGIN dummy
        [b] < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/auth/name-twice",
        PROTOCOL,
        Must,
        "A second USERNAME is answered with ALREADY-SET-USERNAME, and the first counts.",
        "
        > USERNAME primary
        < OK
        > USERNAME secondary
        < ERR ALREADY-SET-USERNAME
        > USERNAME primary
        < ERR ALREADY-SET-USERNAME
        > PASSWORD secret
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        ",
    ),
    talk(
        "upsd/auth/password-twice",
        PROTOCOL,
        Must,
        "A second PASSWORD is answered with ALREADY-SET-PASSWORD, and the first counts: there is no guessing on one connection.",
        "
        > USERNAME primary
        < OK
        > PASSWORD wrong
        < OK
        > PASSWORD secret
        < ERR ALREADY-SET-PASSWORD
        > LOGIN dummy
        < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/auth/arguments",
        PROTOCOL,
        Must,
        "USERNAME and PASSWORD take exactly one word; what was refused was not taken.",
        "
        > USERNAME
        < ERR INVALID-ARGUMENT
        > USERNAME two words
        < ERR INVALID-ARGUMENT
        > PASSWORD
        < ERR INVALID-ARGUMENT
        > PASSWORD two words
        < ERR INVALID-ARGUMENT
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        ",
    ),
    talk(
        "upsd/auth/arguments-before-state",
        SEEN,
        Observed,
        "That words are missing is said before that there is a name already.",
        "
        > USERNAME primary
        < OK
        > USERNAME
        < ERR INVALID-ARGUMENT
        > PASSWORD secret
        < OK
        > PASSWORD
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/auth/name-required",
        PROTOCOL,
        Must,
        "What needs a user is answered with USERNAME-REQUIRED as long as there is none.",
        "
        > LOGIN dummy
        < ERR USERNAME-REQUIRED
        > PRIMARY dummy
        < ERR USERNAME-REQUIRED
        > MASTER dummy
        < ERR USERNAME-REQUIRED
        > FSD dummy
        < ERR USERNAME-REQUIRED
        > SET VAR dummy ups.id x
        < ERR USERNAME-REQUIRED
        > SET TRACKING ON
        < ERR USERNAME-REQUIRED
        > INSTCMD dummy load.off
        < ERR USERNAME-REQUIRED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/auth/password-required",
        PROTOCOL,
        Must,
        "With a name alone it is PASSWORD-REQUIRED.",
        "
        > USERNAME admin
        < OK
        > LOGIN dummy
        < ERR PASSWORD-REQUIRED
        > PRIMARY dummy
        < ERR PASSWORD-REQUIRED
        > FSD dummy
        < ERR PASSWORD-REQUIRED
        > SET VAR dummy ups.id x
        < ERR PASSWORD-REQUIRED
        > SET TRACKING ON
        < ERR PASSWORD-REQUIRED
        > INSTCMD dummy load.off
        < ERR PASSWORD-REQUIRED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/auth/password-alone",
        SEEN,
        Observed,
        "With a password alone it is USERNAME-REQUIRED.",
        "
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < ERR USERNAME-REQUIRED
        ",
    ),
    talk(
        "upsd/auth/case",
        SEEN,
        Must,
        "In names of users and passwords case counts.",
        "
        > USERNAME PRIMARY
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD SECRET
        [b] < OK
        [b] > LOGIN dummy
        [b] < ERR ACCESS-DENIED
        ",
    ),
    talk(
        "upsd/auth/part-of-a-password",
        "upsd.users(5)",
        Must,
        "Neither the beginning of a password nor one that goes on is the password.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secre
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secrets
        [b] < OK
        [b] > LOGIN dummy
        [b] < ERR ACCESS-DENIED
        [c] > USERNAME primary
        [c] < OK
        [c] > PASSWORD ""
        [c] < OK
        [c] > LOGIN dummy
        [c] < ERR ACCESS-DENIED
        "#,
    ),
    talk(
        "upsd/auth/no-password-no-user",
        SEEN,
        Must,
        "A user without a password in upsd.users can do nothing, whatever password is given.",
        r#"
        > USERNAME nopassword
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        [b] > USERNAME nopassword
        [b] < OK
        [b] > PASSWORD ""
        [b] < OK
        [b] > SET VAR dummy ups.id x
        [b] < ERR ACCESS-DENIED
        driver dummy silence
        "#,
    ),
    talk(
        "upsd/auth/per-connection",
        PROTOCOL,
        Must,
        "Name and password are those of one connection.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        [b] > INSTCMD dummy load.off
        [b] < ERR USERNAME-REQUIRED
        ",
    ),
    talk(
        "upsd/auth/quoted",
        PROTOCOL,
        Must,
        "A password may have blanks, hashes, equals signs, quotes and backslashes, in the file as on the wire.",
        r#"
        setup: upsd.users [torture]
        setup: upsd.users password = "a b=c\#d\"e\\f"
        setup: upsd.users actions = SET
        > USERNAME torture
        < OK
        > PASSWORD "a b=c\#d\"e\\f"
        < OK
        > SET VAR dummy ups.id x
        < OK
        "#,
    ),
    talk(
        "upsd/auth/not-in-the-log",
        "CWE-532",
        Must,
        "Passwords are not in the log, right or wrong ones.",
        "
        setup: fresh
        setup: argument -D
        > USERNAME primary
        < OK
        > PASSWORD Tr0ub4dor
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        log ~ primary
        log !~ Tr0ub4dor
        log !~ secret
        ",
    ),
];
