//! Freshness: DATAOK and DATASTALE, PING and PONG, and silence.

use super::{SEEN, SOCKET, talk};
use crate::conform::Case;
use crate::conform::Level::{Must, Observed};

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/fresh/stale-and-ok",
        SOCKET,
        Must,
        "DATASTALE makes the data stale, DATAOK fresh, as often as they are said.",
        r#"
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy: DATAOK
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        "#,
    ),
    talk(
        "driver-socket/fresh/values-do-not-freshen",
        SOCKET,
        Must,
        "After DATASTALE a SETINFO changes the value, but only DATAOK makes it fresh.",
        r#"
        driver dummy: DATASTALE
        > GET VAR dummy battery.charge
        < ERR DATA-STALE
        driver dummy: SETINFO battery.charge "13"
        > LIST VAR dummy
        < ERR DATA-STALE
        wait 100ms
        > GET VAR dummy battery.charge
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "13"
        "#,
    ),
    talk(
        "driver-socket/fresh/more-words",
        SEEN,
        Observed,
        "Words after DATASTALE and DATAOK do not count, nor does the verbs' case.",
        r#"
        driver dummy: datastale because of "it"
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: DataOk again
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/one-of-two",
        SOCKET,
        Must,
        "One stale driver makes no other UPS stale.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OB"
        driver attic: DATASTALE
        > GET VAR attic ups.status
        < ERR DATA-STALE
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/ping",
        SOCKET,
        Must,
        "A driver that has been silent for more than a third of MAXAGE is asked by PING.",
        "
        setup: upsd.conf MAXAGE 3
        setup: driver dummy mute
        setup: fresh
        driver dummy < DUMPALL
        driver dummy < PING
        ",
    ),
    talk(
        "driver-socket/fresh/pong",
        SOCKET,
        Must,
        "A driver that has nothing to say but PONG stays fresh.",
        r#"
        setup: upsd.conf MAXAGE 1
        setup: fresh
        wait 3500ms
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/silent",
        "upsd.conf(5) MAXAGE",
        Must,
        "A driver that says nothing for MAXAGE and a second more is stale, and fresh again as soon as it speaks.",
        r#"
        setup: upsd.conf MAXAGE 1
        setup: fresh
        driver dummy ignores pings
        wait 2s
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: PONG
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/not-too-soon",
        "upsd.conf(5) MAXAGE",
        Must,
        "A driver that has been silent for less than MAXAGE is not stale.",
        r#"
        setup: upsd.conf MAXAGE 4
        setup: fresh
        driver dummy ignores pings
        wait 3s
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/update-counts",
        SEEN,
        Observed,
        "Any update shows that a driver is there: it needs no PONG.",
        r#"
        setup: upsd.conf MAXAGE 1
        setup: fresh
        driver dummy ignores pings
        wait 1200ms
        driver dummy: SETINFO battery.charge "99"
        wait 1200ms
        driver dummy: SETINFO battery.charge "98"
        wait 1200ms
        driver dummy: SETINFO battery.charge "97"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "97"
        log !~ UPS \[dummy\] is stale
        "#,
    ),
    talk(
        "driver-socket/fresh/silence-is-not-stale-data",
        SEEN,
        Observed,
        "A driver that said DATASTALE and was silent is not fresh by speaking, but by DATAOK.",
        r#"
        setup: upsd.conf MAXAGE 1
        setup: fresh
        driver dummy: DATASTALE
        driver dummy ignores pings
        wait 2500ms
        driver dummy: SETINFO battery.charge "5"
        > GET VAR dummy battery.charge
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "5"
        "#,
    ),
    talk(
        "driver-socket/fresh/pong-unasked",
        SEEN,
        Observed,
        "A PONG that nobody asked for is no harm, nor are words after it.",
        r#"
        driver dummy: PONG
        driver dummy: pong again
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/fresh/description-without-data",
        "net-protocol",
        Must,
        "What is known of a UPS without its driver is answered while its data is stale.",
        r#"
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        > GET UPSDESC dummy
        < UPSDESC dummy "The standard UPS"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < END LIST UPS
        "#,
    ),
];
