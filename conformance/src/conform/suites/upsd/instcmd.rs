//! INSTCMD: what reaches the driver.

use super::{PROTOCOL, SEEN, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/instcmd/to-the-driver",
        "net-protocol; docs: sock-protocol",
        Must,
        "INSTCMD is handed to the driver and answered with OK.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < OK
        driver dummy < INSTCMD load.off
        ",
    ),
    talk(
        "upsd/instcmd/parameter",
        "net-protocol, protocol version 1.3",
        Must,
        "INSTCMD hands its parameter on.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off 120
        < OK
        driver dummy <~ INSTCMD load\.off "?120"?
        "#,
    ),
    talk(
        "upsd/instcmd/parameter-is-one-word",
        "docs: sock-protocol (INSTCMD <cmdname> [<cmdparam>])",
        Must,
        "A parameter with blanks or quotes reaches the driver as one word.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off "a b"
        < OK
        driver dummy < INSTCMD load.off "a b"
        > INSTCMD dummy load.off "a \"b\""
        < OK
        driver dummy < INSTCMD load.off "a \"b\""
        "#,
    ),
    talk(
        "upsd/instcmd/parameter-is-no-tracking",
        "docs: sock-protocol",
        Must,
        "A parameter does not pass for the words that follow it: what a client sends becomes no TRACKING id.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off "5 TRACKING 1"
        < OK
        driver dummy < INSTCMD load.off "5 TRACKING 1"
        "#,
    ),
    talk(
        "upsd/instcmd/surplus",
        SEEN,
        Observed,
        "With more than one word behind the command there is no parameter.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off 1 2
        < OK
        driver dummy < INSTCMD load.off
        ",
    ),
    talk(
        "upsd/instcmd/unknown",
        PROTOCOL,
        Must,
        "A command that the UPS does not have is answered with CMD-NOT-SUPPORTED.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy outage.nothing
        < ERR CMD-NOT-SUPPORTED
        > INSTCMD dummy load
        < ERR CMD-NOT-SUPPORTED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/instcmd/per-ups",
        PROTOCOL,
        Must,
        "A command goes to the driver of the UPS that was named, if that one has it.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        setup: dump attic: ADDCMD shutdown.stop
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD attic load.off
        < ERR CMD-NOT-SUPPORTED
        > INSTCMD attic shutdown.stop
        < OK
        driver attic < INSTCMD shutdown.stop
        driver dummy silence
        "#,
    ),
    talk(
        "upsd/instcmd/live",
        "docs: sock-protocol",
        Must,
        "Commands come and go as the driver says.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        driver dummy: DELCMD load.off
        driver dummy: ADDCMD load.on
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy beeper.toggle
        < CMD dummy load.on
        < CMD dummy test.battery.start
        < END LIST CMD dummy
        > INSTCMD dummy load.off
        < ERR CMD-NOT-SUPPORTED
        > INSTCMD dummy load.on
        < OK
        driver dummy < INSTCMD load.on
        ",
    ),
    talk(
        "upsd/instcmd/missing",
        PROTOCOL,
        Must,
        "INSTCMD without UPS or command is answered with INVALID-ARGUMENT.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD
        < ERR INVALID-ARGUMENT
        > INSTCMD dummy
        < ERR INVALID-ARGUMENT
        > INSTCMD load.off
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/instcmd/case",
        SEEN,
        Observed,
        "Commands are found in any case, and handed on as they were typed.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD DUMMY Load.OFF
        < OK
        driver dummy < INSTCMD Load.OFF
        ",
    ),
];
