//! Drivers that are not there, go and come back: what clients see of it.

use super::{PROTOCOL, SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/driver/absent",
        PROTOCOL,
        Must,
        "Data of a UPS whose driver is not there are refused with DRIVER-NOT-CONNECTED in each form.",
        "
        setup: ups attic
        setup: driver attic absent
        > GET VAR attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        > GET TYPE attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        > LIST VAR attic
        < ERR DRIVER-NOT-CONNECTED
        > LIST RW attic
        < ERR DRIVER-NOT-CONNECTED
        > LIST CMD attic
        < ERR DRIVER-NOT-CONNECTED
        > LIST ENUM attic input.sensitivity
        < ERR DRIVER-NOT-CONNECTED
        > LIST RANGE attic input.transfer.low
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/driver/absent-descriptions",
        SEEN,
        Observed,
        "Explanations of variables and commands are refused with the data.",
        "
        setup: ups attic
        setup: driver attic absent
        > GET DESC attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        > GET CMDDESC attic load.off
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/driver/absent-nothing-is-done",
        PROTOCOL,
        Must,
        "SET and INSTCMD for a UPS whose driver is not there are refused.",
        "
        setup: ups attic
        setup: driver attic absent
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR attic ups.id x
        < ERR DRIVER-NOT-CONNECTED
        > INSTCMD attic load.off
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/driver/comes",
        "upsd(8)",
        Must,
        "A driver that starts after upsd is found.",
        r#"
        setup: ups attic
        setup: driver attic absent
        setup: dump attic: SETINFO ups.status "OB"
        > GET VAR attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        driver attic comes
        driver attic reconnected
        > GET VAR attic ups.status
        < VAR attic ups.status "OB"
        "#,
    ),
    talk(
        "upsd/driver/goes",
        PROTOCOL,
        Must,
        "When a driver ends its data are gone at once, clients stay, and other UPSes are served.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OB"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy goes
        > GET VAR dummy ups.status
        < ERR DRIVER-NOT-CONNECTED
        > LIST CMD dummy
        < ERR DRIVER-NOT-CONNECTED
        > GET VAR attic ups.status
        < VAR attic ups.status "OB"
        "#,
    ),
    talk(
        "upsd/driver/comes-back",
        "nut#1626",
        Must,
        "A driver that was started again is found, and nothing of before is told as if it were of now.",
        r#"
        driver dummy goes
        > GET VAR dummy ups.status
        < ERR DRIVER-NOT-CONNECTED
        driver dummy no-dump
        driver dummy dump: SETINFO ups.status "OB"
        driver dummy dump: ADDCMD load.on
        driver dummy comes
        driver dummy reconnected
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < VAR dummy ups.status "OB"
        < END LIST VAR dummy
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy load.on
        < END LIST CMD dummy
        "#,
    ),
    talk(
        "upsd/driver/logins-stay",
        "nut#1626",
        Must,
        "Clients stay logged in while a driver is started again.",
        "
        [b] > USERNAME secondary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        driver dummy hangs up
        driver dummy reconnected
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        [b] > PROTVER
        [b] < 1.3
        ",
    ),
    talk(
        "upsd/driver/several-times",
        "nut#1626",
        Must,
        "A driver may go and come back again and again.",
        r#"
        driver dummy hangs up
        driver dummy reconnected
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy hangs up
        driver dummy reconnected
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy goes
        > GET VAR dummy ups.status
        < ERR DRIVER-NOT-CONNECTED
        driver dummy comes
        driver dummy reconnected
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/driver/pending-over-a-restart",
        PROTOCOL,
        Must,
        "What a driver never said to have done is not told to be done because it was started again.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\\S+)
        driver dummy < INSTCMD load.off TRACKING {id}
        driver dummy hangs up
        driver dummy reconnected
        > GET TRACKING {id}
        <~ PENDING|ERR .*
        ",
    ),
];
