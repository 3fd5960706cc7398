//! Types: ADDENUM, DELENUM, ADDRANGE, DELRANGE, SETAUX and SETFLAGS.

use super::{SEEN, SOCKET, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/types/enum",
        SOCKET,
        Must,
        "ADDENUM adds a value to LIST ENUM, in the order in which they come, and makes the type ENUM.",
        r#"
        driver dummy: SETINFO beeper.mode "on"
        driver dummy: ADDENUM beeper.mode "on"
        driver dummy: ADDENUM beeper.mode "at \"night\""
        driver dummy: ADDENUM beeper.mode "off"
        > LIST ENUM dummy beeper.mode
        < BEGIN LIST ENUM dummy beeper.mode
        < ENUM dummy beeper.mode "on"
        < ENUM dummy beeper.mode "at \"night\""
        < ENUM dummy beeper.mode "off"
        < END LIST ENUM dummy beeper.mode
        > GET TYPE dummy beeper.mode
        <~ TYPE dummy beeper.mode ENUM.*
        "#,
    ),
    talk(
        "driver-socket/types/enum-twice",
        SEEN,
        Observed,
        "A value that is said twice is listed once.",
        r#"
        driver dummy: ADDENUM input.sensitivity "low"
        driver dummy: ADDENUM input.sensitivity "new"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "low"
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < ENUM dummy input.sensitivity "new"
        < END LIST ENUM dummy input.sensitivity
        "#,
    ),
    talk(
        "driver-socket/types/enum-delete",
        SOCKET,
        Must,
        "DELENUM removes one value; of one that is not there it removes nothing.",
        r#"
        driver dummy: DELENUM input.sensitivity "no such"
        driver dummy: DELENUM input.sensitivity "low"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < END LIST ENUM dummy input.sensitivity
        "#,
    ),
    talk(
        "driver-socket/types/enum-allows",
        "net-protocol",
        Must,
        "SET takes exactly the values of the list at the time.",
        r#"
        driver dummy: ADDENUM input.sensitivity "auto"
        driver dummy: DELENUM input.sensitivity "low"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < ENUM dummy input.sensitivity "auto"
        < END LIST ENUM dummy input.sensitivity
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy input.sensitivity "low"
        < ERR INVALID-VALUE
        > SET VAR dummy input.sensitivity "auto"
        < OK
        driver dummy < SET input.sensitivity "auto"
        "#,
    ),
    talk(
        "driver-socket/types/of-nothing",
        SOCKET,
        Must,
        "A type of a variable that is not there makes no variable.",
        r#"
        driver dummy: ADDENUM no.such "1"
        driver dummy: ADDRANGE no.such 1 2
        driver dummy: SETAUX no.such 3
        driver dummy: SETFLAGS no.such RW
        driver dummy: DELENUM no.such "1"
        driver dummy: DELRANGE no.such 1 2
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy no.such
        < ERR VAR-NOT-SUPPORTED
        > GET TYPE dummy no.such
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "driver-socket/types/too-few-words",
        SEEN,
        Observed,
        "A type with too few words changes nothing.",
        r#"
        driver dummy: ADDENUM input.sensitivity
        driver dummy: DELENUM input.sensitivity
        driver dummy: ADDRANGE input.transfer.low 300
        driver dummy: DELRANGE input.transfer.low 150
        driver dummy: SETAUX ups.id
        driver dummy: ADDENUM
        driver dummy: ADDRANGE
        driver dummy: SETAUX
        driver dummy: SETFLAGS
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "low"
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < END LIST ENUM dummy input.sensitivity
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "150" "170"
        < RANGE dummy input.transfer.low "200" "210"
        < END LIST RANGE dummy input.transfer.low
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        "#,
    ),
    talk(
        "driver-socket/types/range",
        SOCKET,
        Must,
        "ADDRANGE adds a range to LIST RANGE, quoted or not, and makes the type RANGE.",
        r#"
        driver dummy: SETINFO ups.delay "20"
        driver dummy: ADDRANGE ups.delay 0 30
        driver dummy: ADDRANGE ups.delay "60" "90"
        > LIST RANGE dummy ups.delay
        < BEGIN LIST RANGE dummy ups.delay
        < RANGE dummy ups.delay "0" "30"
        < RANGE dummy ups.delay "60" "90"
        < END LIST RANGE dummy ups.delay
        > GET TYPE dummy ups.delay
        < TYPE dummy ups.delay RANGE NUMBER
        "#,
    ),
    talk(
        "driver-socket/types/range-twice",
        SEEN,
        Observed,
        "A range that is said twice is listed once.",
        r#"
        driver dummy: ADDRANGE input.transfer.low 150 170
        driver dummy: ADDRANGE input.transfer.low 300 310
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "150" "170"
        < RANGE dummy input.transfer.low "200" "210"
        < RANGE dummy input.transfer.low "300" "310"
        < END LIST RANGE dummy input.transfer.low
        "#,
    ),
    talk(
        "driver-socket/types/range-upside-down",
        SEEN,
        Observed,
        "A range whose end lies before its beginning is none.",
        r#"
        driver dummy: ADDRANGE input.transfer.low 310 300
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "150" "170"
        < RANGE dummy input.transfer.low "200" "210"
        < END LIST RANGE dummy input.transfer.low
        "#,
    ),
    talk(
        "driver-socket/types/range-delete",
        SOCKET,
        Must,
        "DELRANGE removes one range; of one that is not there it removes nothing.",
        r#"
        driver dummy: DELRANGE input.transfer.low 1 2
        driver dummy: DELRANGE input.transfer.low 150 170
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "200" "210"
        < END LIST RANGE dummy input.transfer.low
        "#,
    ),
    talk(
        "driver-socket/types/range-allows",
        "net-protocol",
        Must,
        "SET takes exactly what lies in a range at the time.",
        r#"
        driver dummy: DELRANGE input.transfer.low 150 170
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "200" "210"
        < END LIST RANGE dummy input.transfer.low
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy input.transfer.low "160"
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low "210"
        < OK
        driver dummy < SET input.transfer.low "210"
        "#,
    ),
    talk(
        "driver-socket/types/aux",
        SOCKET,
        Must,
        "SETAUX sets the length of a string.",
        r#"
        driver dummy: SETAUX ups.id 3
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:3
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "four"
        < ERR TOO-LONG
        > SET VAR dummy ups.id "ups"
        < OK
        driver dummy < SET ups.id "ups"
        "#,
    ),
    talk(
        "driver-socket/types/aux-no-number",
        SOCKET,
        Should,
        "SETAUX of what is no number changes nothing.",
        r#"
        driver dummy: SETAUX ups.id many
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        "#,
    ),
    talk(
        "driver-socket/types/flags",
        SOCKET,
        Must,
        "SETFLAGS replaces all flags.",
        r#"
        driver dummy: SETFLAGS ups.id STRING
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id STRING:8
        driver dummy: SETFLAGS ups.id RW
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW NUMBER
        driver dummy: SETFLAGS ups.id STRING RW
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        "#,
    ),
    talk(
        "driver-socket/types/flags-read-only",
        SOCKET,
        Must,
        "A variable that loses RW can't be set any more, and is not in LIST RW.",
        r#"
        setup: bare
        setup: ups dummy
        setup: dump dummy: SETINFO ups.id "lab"
        setup: dump dummy: SETAUX ups.id 8
        setup: dump dummy: SETFLAGS ups.id RW STRING
        setup: upsd.users [admin]
        setup: upsd.users password = secret
        setup: upsd.users actions = SET
        setup: fresh
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < RW dummy ups.id "lab"
        < END LIST RW dummy
        driver dummy: SETFLAGS ups.id STRING
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < END LIST RW dummy
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "x"
        < ERR READONLY
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/types/flags-case",
        SEEN,
        Observed,
        "Flags count in any case.",
        r#"
        driver dummy: SETFLAGS battery.charge rw string
        driver dummy: SETAUX battery.charge 4
        > GET TYPE dummy battery.charge
        < TYPE dummy battery.charge RW STRING:4
        "#,
    ),
    talk(
        "driver-socket/types/flags-unknown",
        SEEN,
        Observed,
        "An unknown flag does not count, and takes none of the others with it.",
        r#"
        driver dummy: SETFLAGS battery.charge RW WOBBLY STRING
        driver dummy: SETAUX battery.charge 4
        > GET TYPE dummy battery.charge
        < TYPE dummy battery.charge RW STRING:4
        "#,
    ),
    talk(
        "driver-socket/types/flags-none",
        SEEN,
        Observed,
        "SETFLAGS without a flag changes nothing.",
        r#"
        driver dummy: SETFLAGS ups.id
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        "#,
    ),
    talk(
        "driver-socket/types/no-type",
        "net-protocol",
        Must,
        "A variable that the driver said no type of is a NUMBER that can't be set.",
        "
        > GET TYPE dummy battery.charge
        < TYPE dummy battery.charge NUMBER
        ",
    ),
];
