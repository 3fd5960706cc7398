//! `upsrw`: lists and sets variables.

use super::{SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    talk(
        "clients/upsrw/list",
        "upsrw(8)",
        Must,
        "upsrw prints what can be set: name, description, type, and what is allowed with the present value marked.",
        r#"
        run upsrw dummy@{server}
        exit 0
        stdout [input.sensitivity]
        stdout Input power sensitivity
        stdout ~ Type: ENUM.*
        stdout Option: "low"
        stdout Option: "medium" SELECTED
        stdout
        stdout [input.transfer.low]
        stdout Low voltage transfer point (V)
        stdout Type: RANGE NUMBER
        stdout Option: "150-170" SELECTED
        stdout
        stdout [ups.id]
        stdout UPS system identifier
        stdout Type: STRING
        stdout Maximum length: 8
        stdout Value: lab
        stdout
        stdout end
        heard not USERNAME root
        "#,
    ),
    talk(
        "clients/upsrw/list-option",
        "upsrw(8)",
        Must,
        "upsrw -l is the same.",
        "
        run upsrw -l dummy@{server}
        exit 0
        stdout [input.sensitivity]
        ",
    ),
    talk(
        "clients/upsrw/list-of-nothing",
        SEEN,
        Observed,
        "A UPS with nothing to set prints nothing and ends with 0.",
        "
        serve: LIST RW dummy => BEGIN LIST RW dummy | END LIST RW dummy
        run upsrw dummy@{server}
        exit 0
        heard LIST RW dummy
        stdout end
        ",
    ),
    talk(
        "clients/upsrw/number",
        SEEN,
        Observed,
        "A number has a type and a value.",
        r#"
        serve: LIST RW dummy => BEGIN LIST RW dummy | RW dummy ups.delay "5" | END LIST RW dummy
        serve: GET VAR dummy ups.delay => VAR dummy ups.delay "5"
        serve: GET DESC dummy ups.delay => DESC dummy ups.delay "Delay (seconds)"
        serve: GET TYPE dummy ups.delay => TYPE dummy ups.delay RW NUMBER
        run upsrw dummy@{server}
        exit 0
        stdout [ups.delay]
        stdout Delay (seconds)
        stdout Type: NUMBER
        stdout Value: 5
        stdout
        stdout end
        "#,
    ),
    talk(
        "clients/upsrw/enum-of-strings",
        SEEN,
        Observed,
        "A list of strings says the longest, and marks nothing when the value is none of them.",
        r#"
        serve: LIST RW dummy => BEGIN LIST RW dummy | RW dummy a.b "c" | END LIST RW dummy
        serve: GET VAR dummy a.b => VAR dummy a.b "c"
        serve: GET DESC dummy a.b => DESC dummy a.b "Choice"
        serve: GET TYPE dummy a.b => TYPE dummy a.b RW ENUM STRING:10
        serve: LIST ENUM dummy a.b => BEGIN LIST ENUM dummy a.b | ENUM dummy a.b "one" | ENUM dummy a.b "two" | END LIST ENUM dummy a.b
        run upsrw dummy@{server}
        exit 0
        stdout [a.b]
        stdout Choice
        stdout Type: ENUM STRING
        stdout Maximum length: 10
        stdout Option: "one"
        stdout Option: "two"
        stdout
        stdout end
        "#,
    ),
    talk(
        "clients/upsrw/two-ranges",
        SEEN,
        Observed,
        "Of several ranges the one that holds the value is marked.",
        r#"
        serve: LIST RANGE dummy input.transfer.low => BEGIN LIST RANGE dummy input.transfer.low | RANGE dummy input.transfer.low "10" "30" | RANGE dummy input.transfer.low "150" "170" | END LIST RANGE dummy input.transfer.low
        serve: LIST RW dummy => BEGIN LIST RW dummy | RW dummy input.transfer.low "160" | END LIST RW dummy
        run upsrw dummy@{server}
        exit 0
        stdout [input.transfer.low]
        stdout Low voltage transfer point (V)
        stdout Type: RANGE NUMBER
        stdout Option: "10-30"
        stdout Option: "150-170" SELECTED
        "#,
    ),
    talk(
        "clients/upsrw/string-with-quotes",
        "net-protocol",
        Must,
        "A value with quotes is printed whole.",
        r#"
        serve: LIST RW dummy => BEGIN LIST RW dummy | RW dummy ups.id "a \"b\" c" | END LIST RW dummy
        serve: GET VAR dummy ups.id => VAR dummy ups.id "a \"b\" c"
        run upsrw dummy@{server}
        exit 0
        stdout [ups.id]
        stdout UPS system identifier
        stdout Type: STRING
        stdout Maximum length: 8
        stdout Value: a "b" c
        "#,
    ),
    talk(
        "clients/upsrw/unknown-type",
        SEEN,
        Observed,
        "A type that is unknown is named so, a description that is refused is unavailable, and the next variable is listed.",
        r#"
        serve: GET TYPE dummy input.sensitivity => TYPE dummy input.sensitivity RW WOBBLY
        serve: GET DESC dummy input.sensitivity => ERR UNKNOWN-COMMAND
        run upsrw dummy@{server}
        exit 0
        stdout [input.sensitivity]
        stdout Description unavailable
        stdout Type: WOBBLY (unrecognized)
        stdout
        stdout [input.transfer.low]
        "#,
    ),
    talk(
        "clients/upsrw/rude-type",
        SEEN,
        Observed,
        "An answer that is no type is an unknown type, and the next variable is listed.",
        r#"
        serve: GET TYPE dummy input.sensitivity => what
        run upsrw dummy@{server}
        exit 0
        stdout [input.sensitivity]
        stdout Input power sensitivity
        stdout Unknown type
        stdout
        stdout [input.transfer.low]
        "#,
    ),
    talk(
        "clients/upsrw/row-without-value",
        SEEN,
        Must,
        "A row without a value is an error.",
        "
        serve: LIST RW dummy => BEGIN LIST RW dummy | RW dummy ups.id | END LIST RW dummy
        run upsrw dummy@{server}
        exit 1
        heard LIST RW dummy
        stderr ~ ^Error: .+
        ",
    ),
    talk(
        "clients/upsrw/set",
        "upsrw(8), net-protocol",
        Must,
        "-s VAR=VALUE sets it after USERNAME and PASSWORD; OK is printed to standard error.",
        r#"
        run upsrw -s ups.id=new -u admin -p secret dummy@{server}
        exit 0
        stderr ~ ^OK$
        stdout end
        heard USERNAME admin
        heard PASSWORD secret
        heard SET VAR dummy ups.id "new"
        heard not LIST RW dummy
        "#,
    ),
    talk(
        "clients/upsrw/set-escaped",
        "net-protocol",
        Must,
        "What follows the first equals sign is the value, and is quoted and escaped.",
        r#"
        run upsrw -s 'ups.id=a b"c\d#e=f' -u admin -p secret dummy@{server}
        exit 0
        heard SET VAR dummy ups.id "a b\"c\\d\#e=f"
        "#,
    ),
    talk(
        "clients/upsrw/set-empty",
        SEEN,
        Observed,
        "A value may be empty.",
        r#"
        run upsrw -s ups.id= -u admin -p secret dummy@{server}
        exit 0
        heard SET VAR dummy ups.id ""
        "#,
    ),
    talk(
        "clients/upsrw/set-twice",
        SEEN,
        Observed,
        "Of several -s the last counts.",
        r#"
        run upsrw -s ups.id=one -s ups.id=two -u admin -p secret dummy@{server}
        exit 0
        heard SET VAR dummy ups.id "two"
        heard not SET VAR dummy ups.id "one"
        "#,
    ),
    talk(
        "clients/upsrw/set-asks",
        "upsrw(8)",
        Must,
        "-s VAR without a value asks for it.",
        r#"
        stdin "typed in\n"
        run upsrw -s ups.id -u admin -p secret dummy@{server}
        exit 0
        stdout ~ Enter new value for ups.id: .*
        heard SET VAR dummy ups.id "typed in"
        "#,
    ),
    talk(
        "clients/upsrw/set-asks-nobody",
        "common sense",
        Should,
        "When nobody answers which value, nothing is set.",
        r#"
        serve: SET VAR * => {hang up}
        run upsrw -s ups.id -u admin -p secret dummy@{server}
        exit not 0
        heard not SET VAR dummy ups.id ""
        heard not SET VAR dummy ups.id "lab"
        stderr ~ [Rr]ead|value|input
        "#,
    ),
    talk(
        "clients/upsrw/refused",
        SEEN,
        Observed,
        "A refusal is printed with the server's word, and the exit code is 1.",
        "
        serve: SET VAR dummy a.a * => ERR ACCESS-DENIED
        serve: SET VAR dummy b.b * => ERR READONLY
        serve: SET VAR dummy c.c * => ERR INVALID-VALUE
        serve: SET VAR dummy d.d * => ERR TOO-LONG
        run upsrw -s a.a=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR ACCESS-DENIED$
        run upsrw -s b.b=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR READONLY$
        run upsrw -s c.c=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR INVALID-VALUE$
        run upsrw -s d.d=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Unexpected response from upsd: ERR TOO-LONG$
        ",
    ),
    talk(
        "clients/upsrw/no-answer",
        SEEN,
        Observed,
        "What begins with neither OK nor ERR, and a hang-up, are no success.",
        "
        serve: SET VAR dummy a.a * => what
        serve: SET VAR dummy b.b * => {hang up}
        run upsrw -s a.a=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Unexpected response from upsd:
        run upsrw -s b.b=1 -u admin -p secret dummy@{server}
        exit 1
        stderr ~ ^Set variable failed: Server disconnected$
        ",
    ),
];
