//! `upsc` at a server whose answers are none.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/rude/other-variable",
        SEEN,
        Must,
        "An answer about another variable, another UPS or another question is no answer.",
        r#"
        serve: GET VAR dummy e.1 => VAR dummy e.2 "x"
        serve: GET VAR dummy e.2 => VAR other e.2 "x"
        serve: GET VAR dummy e.3 => TYPE dummy e.3 "x"
        serve: GET VAR dummy e.4 => OK
        serve: GET VAR dummy e.5 => BEGIN LIST VAR dummy
        run upsc dummy@{server} e.1
        exit 1
        stderr ~ ^Error: Protocol error$
        stdout end
        run upsc dummy@{server} e.2
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc dummy@{server} e.3
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc dummy@{server} e.4
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc dummy@{server} e.5
        exit 1
        stderr ~ ^Error: Protocol error$
        "#,
    ),
    talk(
        "clients/rude/blank",
        SEEN,
        Must,
        "A blank line is no answer.",
        r#"
        serve: GET VAR dummy ups.status => {raw "\n"}
        run upsc dummy@{server} ups.status
        exit 1
        stderr ~ ^Error: Protocol error$
        "#,
    ),
    talk(
        "clients/rude/short",
        SEEN,
        Must,
        "An answer that is cut off before its variable is no answer.",
        "
        serve: GET VAR dummy ups.status => VAR dummy
        run upsc dummy@{server} ups.status
        exit 1
        stderr ~ ^Error: Protocol error$
        ",
    ),
    talk(
        "clients/rude/no-value",
        "net-protocol",
        Must,
        "An answer without a value is an error, and no crash.",
        "
        serve: GET VAR dummy ups.status => VAR dummy ups.status
        run upsc dummy@{server} ups.status
        exit 1
        heard GET VAR dummy ups.status
        stderr ~ ^Error: .+
        stdout end
        ",
    ),
    talk(
        "clients/rude/bare-err",
        SEEN,
        Must,
        "ERR without a code is an error.",
        "
        serve: GET VAR dummy ups.status => ERR
        run upsc dummy@{server} ups.status
        exit 1
        heard GET VAR dummy ups.status
        stderr ~ ^Error: .+
        stdout end
        ",
    ),
    talk(
        "clients/rude/lenient",
        SEEN,
        Observed,
        "An answer in other letters, without quotes, with a carriage return or with more words is understood.",
        r#"
        serve: GET VAR dummy e.1 => var DUMMY E.1 "one"
        serve: GET VAR dummy e.2 => VAR dummy e.2 two
        serve: GET VAR dummy e.3 => {raw "VAR dummy e.3 \"three\"\r\n"}
        serve: GET VAR dummy e.4 => VAR dummy e.4 "four" five
        run upsc dummy@{server} e.1
        stdout one
        run upsc dummy@{server} e.2
        stdout two
        run upsc dummy@{server} e.3
        stdout three
        run upsc dummy@{server} e.4
        exit 0
        stdout four
        "#,
    ),
    talk(
        "clients/rude/foreign-bytes",
        SEEN,
        Must,
        "Control characters of a value never reach the terminal.",
        r#"
        serve: GET VAR dummy ups.id => {raw "VAR dummy ups.id \"a\x1b[31m\x07bc\"\n"}
        run upsc dummy@{server} ups.id
        exit 0
        stdout a[31mbc
        "#,
    ),
    talk(
        "clients/rude/endless-line",
        "net-protocol",
        Must,
        "A line without an end is an error, not a wait for ever.",
        r#"
        serve: GET VAR dummy ups.status => {flood "V"}
        serve: LIST VAR dummy => {flood "V"}
        run upsc dummy@{server} ups.status
        exit 1
        heard GET VAR dummy ups.status
        stderr ~ ^Error: .+
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        "#,
    ),
    talk(
        "clients/rude/no-list",
        SEEN,
        Must,
        "A list that begins as another, as none, or with its end is an error.",
        r#"
        serve: LIST VAR one => BEGIN LIST VAR other | END LIST VAR other
        serve: LIST VAR two => BEGIN LIST RW two | END LIST RW two
        serve: LIST VAR three => OK
        serve: LIST VAR four => VAR four a.b "1"
        serve: LIST VAR five => END LIST VAR five
        serve: LIST VAR six => {raw "\n"}
        run upsc one@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        stdout end
        run upsc two@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc three@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc four@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc five@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        run upsc six@{server}
        exit 1
        stderr ~ ^Error: Protocol error$
        "#,
    ),
    talk(
        "clients/rude/list-of-what",
        "net-protocol",
        Must,
        "BEGIN LIST without a kind of list is an error, and no crash.",
        "
        serve: LIST VAR dummy => BEGIN LIST | END LIST
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        ",
    ),
    talk(
        "clients/rude/row-without-value",
        SEEN,
        Must,
        "A row without a value is an error.",
        "
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy a.b | END LIST VAR dummy
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        ",
    ),
    talk(
        "clients/rude/list-breaks-off",
        "net-protocol",
        Should,
        "A list that the server breaks off is an error: what was printed is not all.",
        r#"
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy a.b "1" | {raw "VAR dummy c.d \"2"} | {hang up}
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        "#,
    ),
    talk(
        "clients/rude/error-amid-list",
        "net-protocol",
        Should,
        "An ERR amid a list is an error.",
        r#"
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy a.b "1" | ERR DATA-STALE
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        "#,
    ),
    talk(
        "clients/rude/wrong-row",
        "net-protocol",
        Should,
        "A row of another UPS or of another list is an error.",
        r#"
        serve: LIST VAR one => BEGIN LIST VAR one | VAR one a.b "1" | VAR other c.d "2" | END LIST VAR one
        serve: LIST VAR two => BEGIN LIST VAR two | RW two a.b "1" | END LIST VAR two
        run upsc one@{server}
        exit 1
        heard LIST VAR one
        stderr ~ ^Error: .+
        run upsc two@{server}
        stdout end
        exit 1
        heard LIST VAR two
        "#,
    ),
    talk(
        "clients/rude/wrong-end",
        "net-protocol",
        Should,
        "A list that ends as another is an error.",
        r#"
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy a.b "1" | END LIST VAR other
        run upsc dummy@{server}
        exit 1
        heard LIST VAR dummy
        stderr ~ ^Error: .+
        "#,
    ),
    talk(
        "clients/rude/long-value",
        "net-protocol",
        Must,
        "A value of 2000 characters is no harm to the next row.",
        r#"
        serve: LIST VAR dummy => BEGIN LIST VAR dummy | {raw "VAR dummy a.b \"{x*2000}\"\n"} | VAR dummy c.d "2" | END LIST VAR dummy
        run upsc dummy@{server}
        exit 0
        stdout ~ a.b: x+
        stdout c.d: 2
        "#,
    ),
];
