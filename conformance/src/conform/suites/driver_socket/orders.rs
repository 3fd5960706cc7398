//! Orders: ADDCMD and DELCMD, and how SET and INSTCMD reach the driver.

use super::{SEEN, SOCKET, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/orders/add",
        SOCKET,
        Must,
        "ADDCMD adds a command, once however often it is said; LIST CMD is sorted.",
        r#"
        driver dummy: ADDCMD test.panel.start
        driver dummy: ADDCMD battery.wake
        driver dummy: ADDCMD load.off
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy battery.wake
        < CMD dummy beeper.toggle
        < CMD dummy load.off
        < CMD dummy test.battery.start
        < CMD dummy test.panel.start
        < END LIST CMD dummy
        "#,
    ),
    talk(
        "driver-socket/orders/delete",
        SOCKET,
        Must,
        "DELCMD removes a command, and it can't be given any more.",
        r#"
        driver dummy: DELCMD load.off
        driver dummy: DELCMD no.such
        driver dummy: DELCMD
        driver dummy: ADDCMD
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy beeper.toggle
        < CMD dummy test.battery.start
        < END LIST CMD dummy
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < ERR CMD-NOT-SUPPORTED
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/orders/instcmd",
        SOCKET,
        Must,
        "An instant command reaches the driver as INSTCMD and its name.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < OK
        driver dummy < INSTCMD load.off
        driver dummy silence
        ",
    ),
    talk(
        "driver-socket/orders/instcmd-parameter",
        SOCKET,
        Must,
        "The parameter of an instant command reaches the driver.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off 30
        < OK
        driver dummy <~ INSTCMD load.off "?30"?
        "#,
    ),
    talk(
        "driver-socket/orders/instcmd-parameter-of-words",
        SOCKET,
        Must,
        "A parameter with blanks reaches the driver as one word.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off "in an hour"
        < OK
        driver dummy < INSTCMD load.off "in an hour"
        "#,
    ),
    talk(
        "driver-socket/orders/instcmd-parameter-escaped",
        SOCKET,
        Must,
        "Quotes and backslashes of a parameter reach the driver escaped.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off "a \"b\" \\ c"
        < OK
        driver dummy < INSTCMD load.off "a \"b\" \\ c"
        "#,
    ),
    talk(
        "driver-socket/orders/instcmd-name",
        SEEN,
        Observed,
        "A command counts in any case, and reaches the driver in its own spelling or in the client's.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy LOAD.Off
        < OK
        driver dummy <~ INSTCMD (LOAD.Off|load.off)
        ",
    ),
    talk(
        "driver-socket/orders/instcmd-refused",
        SOCKET,
        Must,
        "A command that is refused never reaches the driver.",
        "
        > USERNAME operator
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        > INSTCMD dummy no.such
        < ERR CMD-NOT-SUPPORTED
        driver dummy silence
        > INSTCMD dummy beeper.toggle
        < OK
        driver dummy < INSTCMD beeper.toggle
        ",
    ),
    talk(
        "driver-socket/orders/set",
        SOCKET,
        Must,
        "SET reaches the driver with the value in quotes.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id new
        < OK
        driver dummy < SET ups.id "new"
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/orders/set-escaped",
        SOCKET,
        Must,
        "Quotes, backslashes and number signs of a value reach the driver escaped.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "a\"b\\c\#"
        < OK
        driver dummy < SET ups.id "a\"b\\c\#"
        "#,
    ),
    talk(
        "driver-socket/orders/set-empty",
        SEEN,
        Observed,
        "A string can be set to nothing.",
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
        "driver-socket/orders/set-changes-nothing-by-itself",
        SOCKET,
        Must,
        "What is set is served when the driver says so, not before.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "new"
        < OK
        driver dummy < SET ups.id "new"
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy ups.id
        < VAR dummy ups.id "lab"
        driver dummy: SETINFO ups.id "nearly"
        > GET VAR dummy ups.id
        < VAR dummy ups.id "nearly"
        "#,
    ),
    talk(
        "driver-socket/orders/set-refused",
        SOCKET,
        Must,
        "A SET that is refused never reaches the driver.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id "far too long"
        < ERR TOO-LONG
        > SET VAR dummy input.sensitivity "deaf"
        < ERR INVALID-VALUE
        > SET VAR dummy input.transfer.low 199
        < ERR INVALID-VALUE
        > SET VAR dummy ups.status "OB"
        < ERR READONLY
        > SET VAR dummy no.such 1
        < ERR VAR-NOT-SUPPORTED
        driver dummy silence
        > SET VAR dummy ups.id "ok"
        < OK
        driver dummy < SET ups.id "ok"
        "#,
    ),
    talk(
        "driver-socket/orders/right-driver",
        SOCKET,
        Must,
        "An order reaches the driver of the UPS that it is for, and no other.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        setup: dump attic: ADDCMD load.off
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD attic load.off
        < OK
        driver attic < INSTCMD load.off
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/orders/in-order",
        SOCKET,
        Must,
        "Orders of one client reach the driver in the order in which it gave them.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        >> "SET VAR dummy ups.id 1\nINSTCMD dummy load.off\nSET VAR dummy ups.id 2\nINSTCMD dummy beeper.toggle\n"
        < OK
        < OK
        < OK
        < OK
        driver dummy < SET ups.id "1"
        driver dummy < INSTCMD load.off
        driver dummy < SET ups.id "2"
        driver dummy < INSTCMD beeper.toggle
        "#,
    ),
    talk(
        "driver-socket/orders/no-driver",
        "net-protocol",
        Must,
        "Without a driver orders are refused, and the driver that comes back hears nothing of them.",
        r#"
        setup: fresh
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        driver dummy goes
        > GET VAR dummy ups.status
        < ERR DRIVER-NOT-CONNECTED
        > INSTCMD dummy load.off
        < ERR DRIVER-NOT-CONNECTED
        > SET VAR dummy ups.id 1
        < ERR DRIVER-NOT-CONNECTED
        driver dummy comes
        driver dummy reconnected
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy silence
        "#,
    ),
    talk(
        "driver-socket/orders/stale",
        "net-protocol",
        Must,
        "While the data is stale orders are refused, and never reach the driver.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        > INSTCMD dummy load.off
        < ERR DATA-STALE
        > SET VAR dummy ups.id 1
        < ERR DATA-STALE
        driver dummy silence
        ",
    ),
];
