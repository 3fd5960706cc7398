//! SET VAR: which values go to the driver.

use super::{PROTOCOL, SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/set/to-the-driver",
        "net-protocol; docs: sock-protocol",
        Must,
        "SET VAR is handed to the driver in quotes, and answered with OK.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "my ups"
        < OK
        driver dummy < SET ups.id "my ups"
        "#,
    ),
    talk(
        "upsd/set/not-believed",
        "net-protocol (OK: it was delivered)",
        Must,
        "The value stays what the driver says it is.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id new
        < OK
        driver dummy < SET ups.id "new"
        > GET VAR dummy ups.id
        < VAR dummy ups.id "lab"
        driver dummy: SETINFO ups.id "new"
        > GET VAR dummy ups.id
        < VAR dummy ups.id "new"
        "#,
    ),
    talk(
        "upsd/set/right-driver",
        PROTOCOL,
        Must,
        "SET VAR goes to the driver of the UPS that was named, and to no other.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.id "attic"
        setup: dump attic: SETAUX ups.id 8
        setup: dump attic: SETFLAGS ups.id RW STRING
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR attic ups.id x
        < OK
        driver attic < SET ups.id "x"
        driver dummy silence
        "#,
    ),
    talk(
        "upsd/set/unknown-variable",
        PROTOCOL,
        Must,
        "SET VAR of a variable that there is not is answered with VAR-NOT-SUPPORTED.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.nothing x
        < ERR VAR-NOT-SUPPORTED
        > SET VAR dummy server.info x
        < ERR VAR-NOT-SUPPORTED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/set/read-only",
        PROTOCOL,
        Must,
        "SET VAR of a variable that is not RW is answered with READONLY.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.status OB
        < ERR READONLY
        driver dummy silence
        ",
    ),
    talk(
        "upsd/set/too-long",
        PROTOCOL,
        Must,
        "A string may be as long as its type says, and no longer.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id 123456789
        < ERR TOO-LONG
        > SET VAR dummy ups.id 12345678
        < OK
        driver dummy < SET ups.id "12345678"
        "#,
    ),
    talk(
        "upsd/set/length-without-escapes",
        PROTOCOL,
        Must,
        "The length is that of the value, not of its escaped form.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "\"\"\"\"\"\"\"\""
        < OK
        driver dummy < SET ups.id "\"\"\"\"\"\"\"\""
        "#,
    ),
    talk(
        "upsd/set/string-without-length",
        SEEN,
        Observed,
        "A string whose driver said no length can't be set: SET-FAILED.",
        r#"
        setup: dump dummy: SETINFO outage.mad "x"
        setup: dump dummy: SETFLAGS outage.mad RW STRING
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy outage.mad y
        < ERR SET-FAILED
        driver dummy silence
        "#,
    ),
    talk(
        "upsd/set/empty",
        SEEN,
        Observed,
        "A string may be set to nothing.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id ""
        < OK
        driver dummy < SET ups.id ""
        "#,
    ),
    talk(
        "upsd/set/enum",
        PROTOCOL,
        Must,
        "Of a variable with choices only these can be set, and their case counts.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy input.sensitivity none
        < ERR INVALID-VALUE
        > SET VAR dummy input.sensitivity LOW
        < ERR INVALID-VALUE
        > SET VAR dummy input.sensitivity ""
        < ERR INVALID-VALUE
        > SET VAR dummy input.sensitivity high
        < OK
        driver dummy < SET input.sensitivity "high"
        "#,
    ),
    talk(
        "upsd/set/range",
        PROTOCOL,
        Must,
        "Of a variable with ranges only what lies in one of them can be set, its bounds too.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy input.transfer.low 149
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low 171
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low 185
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low 211
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low -160
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low 150
        < OK
        > SET VAR dummy input.transfer.low 170
        < OK
        > SET VAR dummy input.transfer.low 205
        < OK
        driver dummy < SET input.transfer.low "150"
        driver dummy < SET input.transfer.low "170"
        driver dummy < SET input.transfer.low "205"
        "#,
    ),
    talk(
        "upsd/set/range-of-text",
        SEEN,
        Observed,
        "A text is in a range if the whole number it begins with is; one without a number is 0.",
        r#"
        setup: dump dummy: SETINFO outage.zero "1"
        setup: dump dummy: ADDRANGE outage.zero 0 9
        setup: dump dummy: SETFLAGS outage.zero RW
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy input.transfer.low 160.5
        < OK
        > SET VAR dummy input.transfer.low 160V
        < OK
        > SET VAR dummy input.transfer.low V160
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low ""
        < ERR INVALID-VALUE
        > SET VAR dummy outage.zero text
        < OK
        driver dummy < SET input.transfer.low "160.5"
        driver dummy < SET input.transfer.low "160V"
        driver dummy < SET outage.zero "text"
        "#,
    ),
    talk(
        "upsd/set/number-unchecked",
        SEEN,
        Observed,
        "A number without choices and ranges is the driver's to check.",
        r#"
        setup: dump dummy: SETINFO ups.delay.start "1"
        setup: dump dummy: SETFLAGS ups.delay.start RW NUMBER
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.delay.start soon
        < OK
        driver dummy < SET ups.delay.start "soon"
        "#,
    ),
    talk(
        "upsd/set/missing",
        PROTOCOL,
        Must,
        "SET without what it needs is answered with INVALID-ARGUMENT.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET
        < ERR INVALID-ARGUMENT
        > SET VAR
        < ERR INVALID-ARGUMENT
        > SET VAR dummy
        < ERR INVALID-ARGUMENT
        > SET VAR dummy ups.id
        < ERR INVALID-ARGUMENT
        > SET NONSENSE
        < ERR INVALID-ARGUMENT
        > SET NONSENSE dummy ups.id x
        < ERR INVALID-ARGUMENT
        > SET dummy ups.id x
        < ERR INVALID-ARGUMENT
        driver dummy silence
        ",
    ),
    talk(
        "upsd/set/surplus",
        SEEN,
        Observed,
        "Of a value without quotes only the first word counts.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id my ups
        < OK
        driver dummy < SET ups.id "my"
        "#,
    ),
    talk(
        "upsd/set/name-as-typed",
        SEEN,
        Observed,
        "Driver and UPS are found in any case; the driver gets the variable's name as it was typed.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > set var DUMMY UPS.Id x
        < OK
        driver dummy < SET UPS.Id "x"
        "#,
    ),
];
