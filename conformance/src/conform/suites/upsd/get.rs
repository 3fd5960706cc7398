//! GET: VAR, TYPE, DESC, CMDDESC, UPSDESC, and what each makes of arguments that are missing or wrong.

use super::{PROTOCOL, SEEN, read, talk};
use crate::conform::Case;
use crate::conform::Level::{May, Must, Observed, Should};

pub(super) const CASES: &[Case] = &[
    read(
        "upsd/get-var/value",
        PROTOCOL,
        Must,
        "GET VAR tells a variable's value in quotes.",
        r#"
        > GET VAR {ups} {var}
        < VAR {ups} {var} "{value}"
        "#,
    ),
    read(
        "upsd/get-var/unknown-ups",
        PROTOCOL,
        Must,
        "GET VAR of a UPS that there is not is answered with UNKNOWN-UPS.",
        "
        > GET VAR outage-nowhere ups.status
        < ERR UNKNOWN-UPS
        ",
    ),
    read(
        "upsd/get-var/unknown-variable",
        PROTOCOL,
        Must,
        "GET VAR of a variable that there is not is answered with VAR-NOT-SUPPORTED.",
        "
        > GET VAR {ups} outage.nothing
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
    read(
        "upsd/get-var/part-of-a-name",
        PROTOCOL,
        Must,
        "Names of variables are not to be shortened.",
        "
        > GET VAR {ups} device
        < ERR VAR-NOT-SUPPORTED
        > GET VAR {ups} ups
        < ERR VAR-NOT-SUPPORTED
        > GET VAR {ups} {var}.
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
    read(
        "upsd/get-var/missing",
        PROTOCOL,
        Must,
        "GET VAR without its UPS or variable is answered with INVALID-ARGUMENT.",
        "
        > GET VAR
        < ERR INVALID-ARGUMENT
        > GET VAR {ups}
        < ERR INVALID-ARGUMENT
        ",
    ),
    talk(
        "upsd/get-var/live-update",
        "docs: sock-protocol",
        Must,
        "What a driver says after its dump changes what GET VAR tells.",
        r#"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        driver dummy: SETINFO battery.charge "42"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "42"
        "#,
    ),
    talk(
        "upsd/get-var/by-ups",
        PROTOCOL,
        Must,
        "A variable is looked up in the UPS that was named.",
        r#"
        setup: ups attic "Under the roof"
        setup: dump attic: SETINFO ups.status "OB"
        > GET VAR attic ups.status
        < VAR attic ups.status "OB"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > GET VAR attic battery.charge
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    read(
        "upsd/get-var/server-info",
        SEEN,
        Observed,
        "server.info is what VER tells.",
        r#"
        > VER
        <~ (?<version>Network UPS Tools upsd .*)
        > GET VAR {ups} server.info
        < VAR {ups} server.info "{version}"
        "#,
    ),
    read(
        "upsd/get-var/server-version",
        SEEN,
        Observed,
        "server.version is the version in VER.",
        r#"
        > VER
        <~ Network UPS Tools upsd (?<version>\S+) - .*
        > GET VAR {ups} server.version
        < VAR {ups} server.version "{version}"
        "#,
    ),
    read(
        "upsd/get-var/server-any-ups",
        SEEN,
        Observed,
        "What is told of the server is told whatever UPS is named.",
        r#"
        > GET VAR outage-nowhere server.version
        <~ VAR outage-nowhere server\.version ".+"
        "#,
    ),
    read(
        "upsd/get-var/server-unknown",
        "net-protocol (VAR-NOT-SUPPORTED)",
        Must,
        "Variables in the server's own space that there are not are answered with VAR-NOT-SUPPORTED.",
        "
        > GET VAR {ups} server.nothing
        < ERR VAR-NOT-SUPPORTED
        > GET VAR {ups} server.
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
    read(
        "upsd/get-var/server-unlisted",
        SEEN,
        Observed,
        "A driver's list has no variables of the server.",
        r#"
        > GET VAR {ups} server.info
        <~ VAR .*
        > GET TYPE {ups} server.info
        < ERR VAR-NOT-SUPPORTED
        "#,
    ),
    talk(
        "upsd/get-type/string",
        PROTOCOL,
        Must,
        "A string's type is STRING with its greatest length.",
        "
        > GET TYPE dummy ups.id
        < TYPE dummy ups.id RW STRING:8
        > GET TYPE dummy battery.charge.low
        < TYPE dummy battery.charge.low RW STRING:10
        ",
    ),
    talk(
        "upsd/get-type/number",
        "net-protocol (the default type is numeric)",
        Must,
        "What is neither string nor anything else is a number, and RW only when it can be written.",
        "
        > GET TYPE dummy battery.charge
        < TYPE dummy battery.charge NUMBER
        ",
    ),
    talk(
        "upsd/get-type/enum",
        PROTOCOL,
        Must,
        "A variable with choices has ENUM in its type.",
        "
        > GET TYPE dummy input.sensitivity
        <~ TYPE dummy input\\.sensitivity RW ENUM( .*)?
        ",
    ),
    talk(
        "upsd/get-type/range",
        PROTOCOL,
        Must,
        "A variable with ranges has RANGE in its type.",
        "
        > GET TYPE dummy input.transfer.low
        <~ TYPE dummy input\\.transfer\\.low RW RANGE( .*)?
        ",
    ),
    talk(
        "upsd/get-type/words",
        SEEN,
        Observed,
        "The last word of a type is STRING with a length, or NUMBER; it is there with ENUM and RANGE, too.",
        r#"
        setup: dump dummy: SETINFO outage.all "1"
        setup: dump dummy: ADDENUM outage.all "1"
        setup: dump dummy: ADDRANGE outage.all 0 9
        setup: dump dummy: SETAUX outage.all 12
        setup: dump dummy: SETFLAGS outage.all STRING RW
        > GET TYPE dummy input.sensitivity
        < TYPE dummy input.sensitivity RW ENUM NUMBER
        > GET TYPE dummy input.transfer.low
        < TYPE dummy input.transfer.low RW RANGE NUMBER
        > GET TYPE dummy outage.all
        < TYPE dummy outage.all RW ENUM RANGE STRING:12
        "#,
    ),
    talk(
        "upsd/get-type/read-only-string",
        PROTOCOL,
        Must,
        "A string that can't be written has no RW.",
        r#"
        setup: dump dummy: SETINFO outage.text "x"
        setup: dump dummy: SETAUX outage.text 20
        setup: dump dummy: SETFLAGS outage.text STRING
        > GET TYPE dummy outage.text
        < TYPE dummy outage.text STRING:20
        "#,
    ),
    read(
        "upsd/get-type/errors",
        PROTOCOL,
        Must,
        "GET TYPE needs a UPS and a variable that there are.",
        "
        > GET TYPE
        < ERR INVALID-ARGUMENT
        > GET TYPE {ups}
        < ERR INVALID-ARGUMENT
        > GET TYPE outage-nowhere ups.status
        < ERR UNKNOWN-UPS
        > GET TYPE {ups} outage.nothing
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
    talk(
        "upsd/get-desc/known",
        PROTOCOL,
        Must,
        "GET DESC explains a variable.",
        r#"
        > GET DESC dummy ups.status
        < DESC dummy ups.status "UPS status"
        > GET DESC dummy battery.charge
        < DESC dummy battery.charge "Battery charge (percent of full)"
        "#,
    ),
    read(
        "upsd/get-desc/unknown",
        "net-protocol (it may be unavailable)",
        May,
        "GET DESC of a variable without a text says that there is none, whether the UPS has it or not.",
        r#"
        > GET DESC {ups} outage.nothing
        < DESC {ups} outage.nothing "Description unavailable"
        "#,
    ),
    read(
        "upsd/get-desc/errors",
        PROTOCOL,
        Must,
        "GET DESC needs a UPS that there is, and a variable.",
        "
        > GET DESC
        < ERR INVALID-ARGUMENT
        > GET DESC {ups}
        < ERR INVALID-ARGUMENT
        > GET DESC outage-nowhere ups.status
        < ERR UNKNOWN-UPS
        ",
    ),
    talk(
        "upsd/get-cmddesc/known",
        PROTOCOL,
        Must,
        "GET CMDDESC explains an instant command.",
        r#"
        > GET CMDDESC dummy load.off
        < CMDDESC dummy load.off "Turn off the load immediately"
        > GET CMDDESC dummy beeper.toggle
        < CMDDESC dummy beeper.toggle "Toggle the UPS beeper"
        "#,
    ),
    read(
        "upsd/get-cmddesc/unknown",
        "net-protocol (it may be unavailable)",
        May,
        "GET CMDDESC of a command without a text says that there is none, whether the UPS has it or not.",
        r#"
        > GET CMDDESC {ups} outage.nothing
        < CMDDESC {ups} outage.nothing "Description unavailable"
        "#,
    ),
    read(
        "upsd/get-cmddesc/errors",
        PROTOCOL,
        Must,
        "GET CMDDESC needs a UPS that there is, and a command.",
        "
        > GET CMDDESC
        < ERR INVALID-ARGUMENT
        > GET CMDDESC {ups}
        < ERR INVALID-ARGUMENT
        > GET CMDDESC outage-nowhere load.off
        < ERR UNKNOWN-UPS
        ",
    ),
    talk(
        "upsd/get-upsdesc/text",
        PROTOCOL,
        Must,
        "GET UPSDESC tells desc of ups.conf.",
        r#"
        > GET UPSDESC dummy
        < UPSDESC dummy "The standard UPS"
        "#,
    ),
    talk(
        "upsd/get-upsdesc/none",
        PROTOCOL,
        Must,
        "GET UPSDESC of a UPS without desc is Unavailable.",
        r#"
        setup: ups attic
        > GET UPSDESC attic
        < UPSDESC attic "Unavailable"
        "#,
    ),
    read(
        "upsd/get-upsdesc/errors",
        PROTOCOL,
        Must,
        "GET UPSDESC needs a UPS that there is.",
        "
        > GET UPSDESC
        < ERR INVALID-ARGUMENT
        > GET UPSDESC outage-nowhere
        < ERR UNKNOWN-UPS
        ",
    ),
    read(
        "upsd/get/nothing",
        PROTOCOL,
        Must,
        "GET without a word of what is answered with INVALID-ARGUMENT.",
        "
        > GET
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/get/unknown",
        "net-protocol (INVALID-ARGUMENT)",
        Must,
        "GET of what there is not is answered with INVALID-ARGUMENT, however many words follow.",
        "
        > GET NONSENSE
        < ERR INVALID-ARGUMENT
        > GET NONSENSE {ups}
        < ERR INVALID-ARGUMENT
        > GET NONSENSE {ups} {var}
        < ERR INVALID-ARGUMENT
        > GET {ups} {var}
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/get/without-a-name",
        "net-protocol (only SET, INSTCMD, LOGIN, PRIMARY and FSD ask for a user)",
        Should,
        "Who only reads needs neither name nor password.",
        r#"
        > GET VAR {ups} {var}
        < VAR {ups} {var} "{value}"
        > LIST UPS
        < BEGIN LIST UPS
        < ...
        "#,
    ),
];
