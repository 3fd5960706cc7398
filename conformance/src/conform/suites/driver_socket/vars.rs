//! Variables: SETINFO and DELINFO after the dump.

use super::{SEEN, SOCKET, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/vars/new",
        SOCKET,
        Must,
        "SETINFO of a name that is new adds the variable.",
        r#"
        > GET VAR dummy input.voltage
        < ERR VAR-NOT-SUPPORTED
        driver dummy: SETINFO input.voltage "230.1"
        > GET VAR dummy input.voltage
        < VAR dummy input.voltage "230.1"
        "#,
    ),
    talk(
        "driver-socket/vars/change",
        SOCKET,
        Must,
        "SETINFO of a known name changes its value.",
        r#"
        driver dummy: SETINFO battery.charge "42"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "42"
        "#,
    ),
    talk(
        "driver-socket/vars/change-keeps-type",
        SOCKET,
        Must,
        "SETINFO of a known name keeps its flags, its length and its list of values.",
        r#"
        driver dummy: SETINFO ups.id "other"
        driver dummy: SETINFO input.sensitivity "low"
        > GET VAR dummy input.sensitivity
        < VAR dummy input.sensitivity "low"
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        > GET TYPE dummy input.sensitivity
        <~ TYPE dummy input.sensitivity RW ENUM.*
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "low"
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < END LIST ENUM dummy input.sensitivity
        "#,
    ),
    talk(
        "driver-socket/vars/case-only-change",
        "nut 2.8.0 as seen (drivers do not even send it)",
        Must,
        "A change of letters' case alone is a change.",
        r#"
        driver dummy: SETINFO device.mfr "OUTAGE"
        > GET VAR dummy device.mfr
        < VAR dummy device.mfr "OUTAGE"
        "#,
    ),
    talk(
        "driver-socket/vars/empty",
        SEEN,
        Observed,
        "A value may be empty.",
        r#"
        driver dummy: SETINFO battery.charge ""
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge ""
        "#,
    ),
    talk(
        "driver-socket/vars/unquoted",
        SEEN,
        Observed,
        "A value without quotes is understood.",
        r#"
        driver dummy: SETINFO battery.charge 43
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "43"
        "#,
    ),
    talk(
        "driver-socket/vars/more-words",
        SEEN,
        Observed,
        "Words after the value do not count.",
        r#"
        driver dummy: SETINFO battery.charge "44" "45" x
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "44"
        "#,
    ),
    talk(
        "driver-socket/vars/no-value",
        SEEN,
        Observed,
        "SETINFO without a value, or without anything, changes nothing.",
        r#"
        driver dummy: SETINFO battery.charge
        driver dummy: SETINFO
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/vars/equals-sign",
        SEEN,
        Observed,
        "An equals sign is a word of its own.",
        r#"
        driver dummy: SETINFO battery.charge = "46"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "="
        "#,
    ),
    talk(
        "driver-socket/vars/verb-case",
        "sock-protocol as seen",
        Observed,
        "Verbs count in any case.",
        r#"
        driver dummy: setinfo battery.charge "47"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "47"
        driver dummy: DelInfo battery.charge
        > GET VAR dummy battery.charge
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "driver-socket/vars/name-case",
        SEEN,
        Observed,
        "A name in other letters is the same variable.",
        r#"
        driver dummy: SETINFO BATTERY.charge "48"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "48"
        driver dummy: DELINFO battery.CHARGE
        > GET VAR dummy battery.charge
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "driver-socket/vars/escapes",
        SOCKET,
        Must,
        "Escaped quotes, backslashes and number signs of a value reach the client escaped the same way.",
        r#"
        driver dummy: SETINFO device.model "a \"b\" \\ \# c"
        > GET VAR dummy device.model
        < VAR dummy device.model "a \"b\" \\ \# c"
        "#,
    ),
    talk(
        "driver-socket/vars/blanks",
        SOCKET,
        Must,
        "Blanks within quotes are the value's own.",
        r#"
        driver dummy: SETINFO device.model "  two  blanks  "
        > GET VAR dummy device.model
        < VAR dummy device.model "  two  blanks  "
        "#,
    ),
    talk(
        "driver-socket/vars/value-of-255",
        "nut 2.8.0 as seen: values of up to 255 characters",
        Must,
        "A value of 255 characters is served whole.",
        r#"
        driver dummy: SETINFO device.model "{v*255}"
        > GET VAR dummy device.model
        < VAR dummy device.model "{v*255}"
        "#,
    ),
    talk(
        "driver-socket/vars/delete",
        SOCKET,
        Must,
        "DELINFO removes the variable from GET VAR, LIST VAR, LIST RW and GET TYPE.",
        r#"
        driver dummy: DELINFO ups.id
        > GET VAR dummy ups.id
        < ERR VAR-NOT-SUPPORTED
        > GET TYPE dummy ups.id
        < ERR VAR-NOT-SUPPORTED
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < RW dummy battery.charge.low "20"
        < RW dummy input.sensitivity "medium"
        < RW dummy input.transfer.low "160"
        < END LIST RW dummy
        "#,
    ),
    talk(
        "driver-socket/vars/delete-and-again",
        SOCKET,
        Must,
        "A variable that comes again after DELINFO has nothing of the old one's type.",
        r#"
        driver dummy: DELINFO ups.id
        driver dummy: SETINFO ups.id "new"
        > GET VAR dummy ups.id
        < VAR dummy ups.id "new"
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id NUMBER
        driver dummy: DELINFO input.sensitivity
        driver dummy: SETINFO input.sensitivity "low"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < END LIST ENUM dummy input.sensitivity
        "#,
    ),
    talk(
        "driver-socket/vars/delete-unknown",
        SEEN,
        Observed,
        "DELINFO of a name that is not there, or of none, changes nothing.",
        r#"
        driver dummy: DELINFO no.such.thing
        driver dummy: DELINFO
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/vars/delete-status",
        SEEN,
        Observed,
        "Even ups.status can be deleted.",
        r#"
        driver dummy: DELINFO ups.status
        > GET VAR dummy ups.status
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "driver-socket/vars/sorted",
        SEEN,
        Observed,
        "LIST VAR is sorted by name, in whatever order and letters the driver said them.",
        r#"
        setup: bare
        setup: ups dummy
        setup: dump dummy: SETINFO ups.status "OL"
        setup: fresh
        driver dummy: SETINFO b.two "2"
        driver dummy: SETINFO A.one "1"
        driver dummy: SETINFO c.three "3"
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < VAR dummy A.one "1"
        < VAR dummy b.two "2"
        < VAR dummy c.three "3"
        < VAR dummy ups.status "OL"
        < END LIST VAR dummy
        "#,
    ),
    talk(
        "driver-socket/vars/own-tree",
        SOCKET,
        Must,
        "What one driver says is no other UPS's.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OB"
        setup: fresh
        driver attic: SETINFO battery.charge "7"
        > GET VAR attic battery.charge
        < VAR attic battery.charge "7"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
];
