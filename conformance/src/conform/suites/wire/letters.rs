//! Upper and lower case, and the form of answers: quotes, escapes, names as they were asked for.

use super::{read, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed, Should};

const PROTOCOL: &str = "net-protocol";
const SEEN: &str = "nut 2.8.0 as seen";

pub(super) const CASES: &[Case] = &[
    read(
        "wire/case/verbs",
        SEEN,
        Observed,
        "Verbs may be written in small letters, too.",
        "
        > protver
        < 1.3
        > ProtVer
        < 1.3
        ",
    ),
    read(
        "wire/case/sub-verbs",
        SEEN,
        Observed,
        "What is asked for may be written in small letters, too.",
        r#"
        > get var {ups} {var}
        < VAR {ups} {var} "{value}"
        > Get UpsDesc {ups}
        < UPSDESC {ups} "{desc}"
        "#,
    ),
    talk(
        "wire/case/lists",
        SEEN,
        Observed,
        "A list that was asked for in small letters is framed in capitals.",
        "
        > list cmd dummy
        < BEGIN LIST CMD dummy
        < CMD dummy beeper.toggle
        < CMD dummy load.off
        < CMD dummy test.battery.start
        < END LIST CMD dummy
        ",
    ),
    talk(
        "wire/case/ups-names",
        SEEN,
        Observed,
        "UPSes are found by names in any case; the answer has the name as it was asked for.",
        r#"
        > GET VAR DUMMY ups.status
        < VAR DUMMY ups.status "OL"
        > GET UPSDESC Dummy
        < UPSDESC Dummy "The standard UPS"
        > LIST CMD dUMMY
        < BEGIN LIST CMD dUMMY
        < CMD dUMMY beeper.toggle
        < CMD dUMMY load.off
        < CMD dUMMY test.battery.start
        < END LIST CMD dUMMY
        "#,
    ),
    talk(
        "wire/case/variable-names",
        SEEN,
        Observed,
        "Variables are found by names in any case; the answer has the name as it was asked for.",
        r#"
        > GET VAR dummy UPS.Status
        < VAR dummy UPS.Status "OL"
        > GET TYPE dummy UPS.ID
        < TYPE dummy UPS.ID RW STRING:8
        > GET DESC dummy UPS.STATUS
        < DESC dummy UPS.STATUS "UPS status"
        "#,
    ),
    talk(
        "wire/case/values",
        PROTOCOL,
        Must,
        "Values keep their case.",
        r#"
        setup: dump dummy: SETINFO outage.mixed "MiXed Case"
        > GET VAR dummy outage.mixed
        < VAR dummy outage.mixed "MiXed Case"
        "#,
    ),
    talk(
        "wire/answer/escapes",
        PROTOCOL,
        Must,
        "In an answer's quotes a backslash stands before each quote and backslash of the value.",
        r#"
        setup: dump dummy: SETINFO outage.quote "say \"yes\""
        setup: dump dummy: SETINFO outage.backslash "C:\\nut"
        > GET VAR dummy outage.quote
        < VAR dummy outage.quote "say \"yes\""
        > GET VAR dummy outage.backslash
        < VAR dummy outage.backslash "C:\\nut"
        "#,
    ),
    talk(
        "wire/answer/escaped-hash",
        SEEN,
        Observed,
        "A backslash stands before each hash of a value, too: a NUT client's lexer would take it for an error.",
        r#"
        setup: dump dummy: SETINFO outage.hash "number \#1"
        > GET VAR dummy outage.hash
        < VAR dummy outage.hash "number \#1"
        "#,
    ),
    talk(
        "wire/answer/escapes-in-lists",
        PROTOCOL,
        Must,
        "Values in lists are escaped like others.",
        r#"
        setup: dump dummy: SETINFO outage.choice "a \"b\""
        setup: dump dummy: ADDENUM outage.choice "a \"b\""
        setup: dump dummy: ADDENUM outage.choice "c\\d \#e"
        setup: dump dummy: SETFLAGS outage.choice RW
        > LIST ENUM dummy outage.choice
        < BEGIN LIST ENUM dummy outage.choice
        < ENUM dummy outage.choice "a \"b\""
        < ENUM dummy outage.choice "c\\d \#e"
        < END LIST ENUM dummy outage.choice
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < RW dummy battery.charge.low "20"
        < RW dummy input.sensitivity "medium"
        < RW dummy input.transfer.low "160"
        < RW dummy outage.choice "a \"b\""
        < RW dummy ups.id "lab"
        < END LIST RW dummy
        "#,
    ),
    talk(
        "wire/answer/escapes-in-descriptions",
        PROTOCOL,
        Must,
        "Descriptions of UPSes are escaped like values.",
        r#"
        setup: ups.conf [attic]
        setup: ups.conf driver = dummy-ups
        setup: ups.conf port = none
        setup: ups.conf desc = "Under the \"old\" roof, C:\\ \#2"
        > GET UPSDESC attic
        < UPSDESC attic "Under the \"old\" roof, C:\\ \#2"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Under the \"old\" roof, C:\\ \#2"
        < END LIST UPS
        "#,
    ),
    talk(
        "wire/answer/empty-value",
        PROTOCOL,
        Must,
        "An empty value is a pair of quotes.",
        r#"
        setup: dump dummy: SETINFO outage.empty ""
        > GET VAR dummy outage.empty
        < VAR dummy outage.empty ""
        "#,
    ),
    talk(
        "wire/answer/blanks-in-values",
        PROTOCOL,
        Must,
        "Blanks of a value are kept, at its ends too.",
        r#"
        setup: dump dummy: SETINFO outage.blanks "  a   b "
        > GET VAR dummy outage.blanks
        < VAR dummy outage.blanks "  a   b "
        "#,
    ),
    talk(
        "wire/answer/equals-in-values",
        PROTOCOL,
        Must,
        "In quotes `=` needs no backslash.",
        r#"
        setup: dump dummy: SETINFO outage.equals "a=b = c"
        > GET VAR dummy outage.equals
        < VAR dummy outage.equals "a=b = c"
        "#,
    ),
    talk(
        "wire/answer/names-with-blanks",
        "net-protocol (multi-word elements are within quotes)",
        Should,
        "A name with a blank comes back in quotes: a reader of the answer must find as many words as it has.",
        r#"
        > GET DESC dummy "two words"
        < DESC dummy "two words" "Description unavailable"
        > GET CMDDESC dummy "a \"b\""
        < CMDDESC dummy "a \"b\"" "Description unavailable"
        "#,
    ),
];
