//! User names and passwords: from options, from standard input, and what becomes of refusals.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/login/asks-user",
        "upscmd(8), upsrw(8)",
        Must,
        "Without -u the user's name is read from standard input.",
        r#"
        stdin "joe\n"
        run upscmd -p secret dummy@{server} load.off
        exit 0
        stdout ~ Username \(.*\): .*
        heard USERNAME joe
        heard PASSWORD secret
        stdin "jill\n"
        run upsrw -p secret -s ups.id=x dummy@{server}
        exit 0
        stdout ~ Username \(.*\): .*
        heard USERNAME jill
        "#,
    ),
    talk(
        "clients/login/asks-password",
        "upscmd(8), upsrw(8)",
        Must,
        "Without -p the password is read from standard input when there is no terminal.",
        r#"
        stdin "hush\n"
        run upscmd -u joe dummy@{server} load.off
        exit 0
        stderr ~ Password:
        heard USERNAME joe
        heard PASSWORD hush
        stdin "quiet\n"
        run upsrw -u joe -s ups.id=x dummy@{server}
        exit 0
        stderr ~ Password:
        heard PASSWORD quiet
        "#,
    ),
    talk(
        "clients/login/asks-both",
        SEEN,
        Observed,
        "Without both, the name comes first and the password second.",
        r#"
        stdin "joe\nhush\n"
        run upscmd dummy@{server} load.off
        exit 0
        heard USERNAME joe
        heard PASSWORD hush
        heard INSTCMD dummy load.off
        "#,
    ),
    talk(
        "clients/login/asks-nobody",
        SEEN,
        Should,
        "When nobody answers the question for the name, nothing is ordered.",
        r#"
        run upscmd dummy@{server} load.off
        exit 1
        stderr ~ .+
        heard not INSTCMD dummy load.off
        "#,
    ),
    talk(
        "clients/login/asks-nobody-upsrw",
        "common sense",
        Should,
        "When nobody answers the question for the name, upsrw sets nothing.",
        r#"
        run upsrw -s ups.id=x dummy@{server}
        exit 1
        heard not SET VAR dummy ups.id "x"
        "#,
    ),
    talk(
        "clients/login/never-shown",
        "common sense",
        Must,
        "The password is never printed.",
        r#"
        serve: PASSWORD * => ERR INVALID-PASSWORD
        serve: INSTCMD dummy load.off => ERR ACCESS-DENIED
        run upscmd -u joe -p hush-hush dummy@{server} load.off
        exit 1
        heard PASSWORD hush-hush
        stdout end
        stderr ~ ^[^h]*$
        "#,
    ),
    talk(
        "clients/login/user-refused",
        SEEN,
        Should,
        "A refused user name is an error: no password is sent, and nothing is ordered.",
        r#"
        serve: USERNAME * => ERR INVALID-USERNAME
        run upscmd -u joe -p secret dummy@{server} load.off
        exit 1
        heard USERNAME joe
        stderr ~ .+
        heard not INSTCMD dummy load.off
        run upsrw -u joe -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ .+
        heard not SET VAR dummy ups.id "x"
        "#,
    ),
    talk(
        "clients/login/password-refused",
        SEEN,
        Should,
        "A refused password is an error, and nothing is ordered.",
        r#"
        serve: PASSWORD * => ERR INVALID-PASSWORD
        run upscmd -u joe -p secret dummy@{server} load.off
        exit 1
        heard PASSWORD secret
        stderr ~ .+
        heard not INSTCMD dummy load.off
        run upsrw -u joe -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ .+
        heard not SET VAR dummy ups.id "x"
        "#,
    ),
    talk(
        "clients/login/hangs-up-at-user",
        SEEN,
        Observed,
        "A server that hangs up at the user's name is named with what failed.",
        "
        serve: USERNAME * => {hang up}
        run upscmd -u joe -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Set username failed: Server disconnected$
        run upsrw -u joe -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ ^Set username failed: Server disconnected$
        ",
    ),
    talk(
        "clients/login/hangs-up-at-password",
        SEEN,
        Observed,
        "A server that hangs up at the password is named with what failed.",
        "
        serve: PASSWORD * => {hang up}
        run upscmd -u joe -p secret dummy@{server} load.off
        exit 1
        stderr ~ ^Set password failed: Server disconnected$
        run upsrw -u joe -p secret -s ups.id=x dummy@{server}
        exit 1
        stderr ~ ^Set password failed: Server disconnected$
        ",
    ),
    talk(
        "clients/login/any-password",
        "net-protocol",
        Should,
        "A name and a password with blanks, quotes and backslashes are sent as one word each.",
        r#"
        run upscmd -u 'joe b' -p 'p "q" \ #' dummy@{server} load.off
        exit 0
        heard USERNAME "joe b"
        heard PASSWORD "p \"q\" \\ \#"
        "#,
    ),
];
