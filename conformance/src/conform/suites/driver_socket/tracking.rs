//! TRACKING: how the driver's word on an order reaches the client.

use super::{SEEN, SOCKET, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/tracking/instcmd",
        SOCKET,
        Must,
        "With tracking the driver is told the id that the client got.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy < INSTCMD load.off TRACKING {id}
        > GET TRACKING {id}
        < PENDING
        driver dummy: TRACKING {id} 0
        > GET TRACKING {id}
        < SUCCESS
        "#,
    ),
    talk(
        "driver-socket/tracking/instcmd-parameter",
        SOCKET,
        Must,
        "With tracking the parameter comes before the id.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off "5"
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy <~ INSTCMD load.off "?5"? TRACKING {id}
        "#,
    ),
    talk(
        "driver-socket/tracking/set",
        SOCKET,
        Must,
        "SET with tracking ends in the id.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > SET VAR dummy ups.id "tr"
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy < SET ups.id "tr" TRACKING {id}
        driver dummy: TRACKING {id} 0
        > GET TRACKING {id}
        < SUCCESS
        "#,
    ),
    talk(
        "driver-socket/tracking/unknown",
        SOCKET,
        Must,
        "The driver's 1 is ERR UNKNOWN.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy: TRACKING {id} 1
        > GET TRACKING {id}
        < ERR UNKNOWN
        "#,
    ),
    talk(
        "driver-socket/tracking/invalid",
        SOCKET,
        Must,
        "The driver's 2 is ERR INVALID-ARGUMENT.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy: TRACKING {id} 2
        > GET TRACKING {id}
        < ERR INVALID-ARGUMENT
        "#,
    ),
    talk(
        "driver-socket/tracking/failed",
        SOCKET,
        Must,
        "The driver's 3 is ERR FAILED.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > SET VAR dummy ups.id 1
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy: TRACKING {id} 3
        > GET TRACKING {id}
        < ERR FAILED
        "#,
    ),
    talk(
        "driver-socket/tracking/no-number",
        "sock-protocol (says nothing of it)",
        Must,
        "A status that is no number is no success.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy: TRACKING {id} well
        driver dummy: TRACKING {id}
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET TRACKING {id}
        <~ PENDING|ERR .*
        "#,
    ),
    talk(
        "driver-socket/tracking/other-id",
        SOCKET,
        Must,
        "An answer to an id that was never given out is no answer to any other, and is not kept.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy: TRACKING 00000000-0000-0000-0000-000000000000 0
        driver dummy: TRACKING
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET TRACKING {id}
        < PENDING
        > GET TRACKING 00000000-0000-0000-0000-000000000000
        < ERR UNKNOWN
        "#,
    ),
    talk(
        "driver-socket/tracking/two-orders",
        SOCKET,
        Must,
        "Answers may come in another order than the orders.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<one>[0-9A-Fa-f-]{36})
        > INSTCMD dummy beeper.toggle
        <~ OK TRACKING (?<two>[0-9A-Fa-f-]{36})
        driver dummy < INSTCMD load.off TRACKING {one}
        driver dummy < INSTCMD beeper.toggle TRACKING {two}
        driver dummy: TRACKING {two} 0
        > GET TRACKING {two}
        < SUCCESS
        > GET TRACKING {one}
        < PENDING
        driver dummy: TRACKING {one} 3
        > GET TRACKING {one}
        < ERR FAILED
        > GET TRACKING {two}
        < SUCCESS
        "#,
    ),
    talk(
        "driver-socket/tracking/driver-gone",
        SEEN,
        Observed,
        "An order whose driver goes stays pending.",
        r#"
        setup: fresh
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>[0-9A-Fa-f-]{36})
        driver dummy goes
        > GET VAR dummy ups.status
        < ERR DRIVER-NOT-CONNECTED
        > GET TRACKING {id}
        < PENDING
        "#,
    ),
    talk(
        "driver-socket/tracking/off",
        SOCKET,
        Must,
        "After SET TRACKING OFF the driver is told no id any more.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > SET TRACKING OFF
        < OK
        > INSTCMD dummy load.off
        < OK
        driver dummy < INSTCMD load.off
        "#,
    ),
];
