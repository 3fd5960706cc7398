//! LIST: UPS, VAR, RW, CMD, ENUM, RANGE, CLIENT.

use super::{PROTOCOL, SEEN, read, run, talk};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Outcome, Setup, Stage, ensure_eq};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/list-ups/rows",
        PROTOCOL,
        Must,
        "LIST UPS tells name and description of each UPS of ups.conf, in its order.",
        r#"
        setup: ups attic "Under the roof"
        setup: ups Cellar "In the cellar"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Under the roof"
        < UPS Cellar "In the cellar"
        < END LIST UPS
        "#,
    ),
    talk(
        "upsd/list-ups/no-description",
        SEEN,
        Observed,
        "In LIST UPS a UPS without desc has `Description unavailable`, other than in GET UPSDESC.",
        r#"
        setup: ups attic
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Description unavailable"
        < END LIST UPS
        "#,
    ),
    talk(
        "upsd/list-ups/without-driver",
        PROTOCOL,
        Must,
        "LIST UPS has a UPS whose driver is not there, too.",
        r#"
        setup: ups attic "Under the roof"
        setup: driver attic absent
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Under the roof"
        < END LIST UPS
        "#,
    ),
    talk(
        "upsd/list-ups/none",
        PROTOCOL,
        Must,
        "LIST UPS without any UPS is an empty list.",
        "
        setup: bare
        > LIST UPS
        < BEGIN LIST UPS
        < END LIST UPS
        ",
    ),
    talk(
        "upsd/list-ups/incomplete-section",
        SEEN,
        Observed,
        "A section without driver or port is no UPS.",
        r#"
        setup: ups.conf [noport]
        setup: ups.conf driver = dummy-ups
        setup: ups.conf [nodriver]
        setup: ups.conf port = none
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < END LIST UPS
        > GET UPSDESC noport
        < ERR UNKNOWN-UPS
        "#,
    ),
    talk(
        "upsd/list-var/rows",
        PROTOCOL,
        Must,
        "LIST VAR tells each variable and its value, framed by the words of the request.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO device.mfr "Outage"
        setup: dump attic: SETINFO ups.status "OL CHRG"
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic device.mfr "Outage"
        < VAR attic ups.status "OL CHRG"
        < END LIST VAR attic
        "#,
    ),
    talk(
        "upsd/list-var/order",
        SEEN,
        Observed,
        "Variables are listed by name, whatever the order in which the driver said them, and case does not count.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        setup: dump attic: SETINFO battery.charge "1"
        setup: dump attic: SETINFO Input.voltage "2"
        setup: dump attic: SETINFO input.current "3"
        setup: dump attic: SETINFO battery.charge.low "4"
        setup: dump attic: SETINFO battery.a "5"
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic battery.a "5"
        < VAR attic battery.charge "1"
        < VAR attic battery.charge.low "4"
        < VAR attic input.current "3"
        < VAR attic Input.voltage "2"
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        "#,
    ),
    run(
        "upsd/list-var/many",
        PROTOCOL,
        Must,
        "A list of 500 variables comes whole.",
        run_check!(many_variables),
    ),
    run(
        "upsd/list-var/same-as-get",
        PROTOCOL,
        Must,
        "LIST VAR and GET VAR tell the same value of each variable.",
        run_check!(same_as_get),
    ),
    talk(
        "upsd/list-var/each-change",
        "docs: sock-protocol",
        Must,
        "A list that was asked for before shows each change: a new value, a new variable, one that is gone.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO battery.charge "9"
        setup: dump attic: SETINFO ups.status "OL"
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic battery.charge "9"
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        driver attic: SETINFO battery.charge "10"
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic battery.charge "10"
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        driver attic: SETINFO input.voltage "230"
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic battery.charge "10"
        < VAR attic input.voltage "230"
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        driver attic: DELINFO battery.charge
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic input.voltage "230"
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        "#,
    ),
    talk(
        "upsd/list-var/fsd-at-once",
        "net-protocol (FSD is seen in the status)",
        Must,
        "A list that was asked for before FSD shows FSD after it, also in the same segment.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        >> "LIST VAR attic\nFSD attic\nLIST VAR attic\nGET VAR attic ups.status\n"
        < BEGIN LIST VAR attic
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        < OK FSD-SET
        < BEGIN LIST VAR attic
        < VAR attic ups.status "FSD OL"
        < END LIST VAR attic
        < VAR attic ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/list-var/name-each-time",
        SEEN,
        Observed,
        "Lists that are asked for under several spellings of a UPS's name have each its own in all rows.",
        r#"
        setup: ups Attic
        setup: dump Attic: SETINFO ups.status "OL"
        > LIST VAR Attic
        < BEGIN LIST VAR Attic
        < VAR Attic ups.status "OL"
        < END LIST VAR Attic
        > LIST VAR attic
        < BEGIN LIST VAR attic
        < VAR attic ups.status "OL"
        < END LIST VAR attic
        > LIST VAR ATTIC
        < BEGIN LIST VAR ATTIC
        < VAR ATTIC ups.status "OL"
        < END LIST VAR ATTIC
        > LIST VAR Attic
        < BEGIN LIST VAR Attic
        < VAR Attic ups.status "OL"
        < END LIST VAR Attic
        "#,
    ),
    talk(
        "upsd/list-rw/each-change",
        "docs: sock-protocol",
        Must,
        "A list of what can be written that was asked for before shows what can be written now.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO battery.charge.low "9"
        setup: dump attic: SETINFO ups.status "OL"
        > LIST RW attic
        < BEGIN LIST RW attic
        < END LIST RW attic
        driver attic: SETFLAGS battery.charge.low RW
        > LIST RW attic
        < BEGIN LIST RW attic
        < RW attic battery.charge.low "9"
        < END LIST RW attic
        "#,
    ),
    talk(
        "upsd/list-rw/rows",
        PROTOCOL,
        Must,
        "LIST RW tells only what can be written.",
        r#"
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < RW dummy battery.charge.low "20"
        < RW dummy input.sensitivity "medium"
        < RW dummy input.transfer.low "160"
        < RW dummy ups.id "lab"
        < END LIST RW dummy
        "#,
    ),
    talk(
        "upsd/list-rw/none",
        PROTOCOL,
        Must,
        "LIST RW of a UPS of which nothing can be written is an empty list.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        > LIST RW attic
        < BEGIN LIST RW attic
        < END LIST RW attic
        "#,
    ),
    talk(
        "upsd/list-cmd/rows",
        PROTOCOL,
        Must,
        "LIST CMD tells the instant commands.",
        "
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy beeper.toggle
        < CMD dummy load.off
        < CMD dummy test.battery.start
        < END LIST CMD dummy
        ",
    ),
    talk(
        "upsd/list-cmd/order",
        SEEN,
        Observed,
        "Instant commands are listed by name, each once, whatever the driver said.",
        r#"
        setup: ups attic
        setup: dump attic: ADDCMD test.panel.start
        setup: dump attic: ADDCMD beeper.on
        setup: dump attic: ADDCMD load.off
        setup: dump attic: ADDCMD beeper.on
        setup: dump attic: ADDCMD Calibrate.start
        > LIST CMD attic
        < BEGIN LIST CMD attic
        < CMD attic beeper.on
        < CMD attic Calibrate.start
        < CMD attic load.off
        < CMD attic test.panel.start
        < END LIST CMD attic
        "#,
    ),
    talk(
        "upsd/list-enum/rows",
        PROTOCOL,
        Must,
        "LIST ENUM tells the choices of a variable, in the driver's order.",
        r#"
        > LIST ENUM dummy input.sensitivity
        < BEGIN LIST ENUM dummy input.sensitivity
        < ENUM dummy input.sensitivity "low"
        < ENUM dummy input.sensitivity "medium"
        < ENUM dummy input.sensitivity "high"
        < END LIST ENUM dummy input.sensitivity
        "#,
    ),
    talk(
        "upsd/list-enum/none",
        PROTOCOL,
        Must,
        "LIST ENUM of a variable without choices is an empty list.",
        "
        > LIST ENUM dummy ups.status
        < BEGIN LIST ENUM dummy ups.status
        < END LIST ENUM dummy ups.status
        ",
    ),
    talk(
        "upsd/list-range/rows",
        PROTOCOL,
        Must,
        "LIST RANGE tells the ranges of a variable, least and greatest value in quotes.",
        r#"
        > LIST RANGE dummy input.transfer.low
        < BEGIN LIST RANGE dummy input.transfer.low
        < RANGE dummy input.transfer.low "150" "170"
        < RANGE dummy input.transfer.low "200" "210"
        < END LIST RANGE dummy input.transfer.low
        "#,
    ),
    talk(
        "upsd/list-range/none",
        PROTOCOL,
        Must,
        "LIST RANGE of a variable without ranges is an empty list.",
        "
        > LIST RANGE dummy ups.status
        < BEGIN LIST RANGE dummy ups.status
        < END LIST RANGE dummy ups.status
        ",
    ),
    talk(
        "upsd/list-range/negative",
        PROTOCOL,
        Must,
        "The bounds of a range may be negative.",
        r#"
        setup: dump dummy: SETINFO outage.offset "0"
        setup: dump dummy: ADDRANGE outage.offset -20 -10
        > LIST RANGE dummy outage.offset
        < BEGIN LIST RANGE dummy outage.offset
        < RANGE dummy outage.offset "-20" "-10"
        < END LIST RANGE dummy outage.offset
        "#,
    ),
    talk(
        "upsd/list-client/none",
        PROTOCOL,
        Must,
        "LIST CLIENT of a UPS that nobody is logged into is an empty list: who only asks is not in it.",
        "
        > LIST CLIENT dummy
        < BEGIN LIST CLIENT dummy
        < END LIST CLIENT dummy
        ",
    ),
    talk(
        "upsd/list-client/rows",
        PROTOCOL,
        Must,
        "LIST CLIENT tells the address of each client that is logged in, without its port.",
        "
        setup: ups attic
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        > LIST CLIENT dummy
        < BEGIN LIST CLIENT dummy
        <~ CLIENT dummy ([0-9.]+|[0-9a-f:]+)
        < END LIST CLIENT dummy
        > LIST CLIENT attic
        < BEGIN LIST CLIENT attic
        < END LIST CLIENT attic
        ",
    ),
    talk(
        "upsd/list-client/two",
        PROTOCOL,
        Must,
        "LIST CLIENT has a row for each connection, also from one address.",
        "
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        [c] > USERNAME secondary
        [c] < OK
        [c] > PASSWORD secret
        [c] < OK
        [c] > LOGIN dummy
        [c] < OK
        > LIST CLIENT dummy
        < BEGIN LIST CLIENT dummy
        <~ CLIENT dummy (?<address>\\S+)
        < CLIENT dummy {address}
        < END LIST CLIENT dummy
        ",
    ),
    read(
        "upsd/list/missing",
        PROTOCOL,
        Must,
        "LIST without what it needs is answered with INVALID-ARGUMENT.",
        "
        > LIST
        < ERR INVALID-ARGUMENT
        > LIST VAR
        < ERR INVALID-ARGUMENT
        > LIST RW
        < ERR INVALID-ARGUMENT
        > LIST CMD
        < ERR INVALID-ARGUMENT
        > LIST CLIENT
        < ERR INVALID-ARGUMENT
        > LIST ENUM
        < ERR INVALID-ARGUMENT
        > LIST ENUM {ups}
        < ERR INVALID-ARGUMENT
        > LIST RANGE
        < ERR INVALID-ARGUMENT
        > LIST RANGE {ups}
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/list/unknown",
        "net-protocol (INVALID-ARGUMENT)",
        Must,
        "LIST of what there is not is answered with INVALID-ARGUMENT, however many words follow.",
        "
        > LIST NONSENSE
        < ERR INVALID-ARGUMENT
        > LIST NONSENSE {ups}
        < ERR INVALID-ARGUMENT
        > LIST NONSENSE {ups} {var}
        < ERR INVALID-ARGUMENT
        > LIST CLIENTS {ups}
        < ERR INVALID-ARGUMENT
        ",
    ),
    read(
        "upsd/list/unknown-ups",
        PROTOCOL,
        Must,
        "Each list of a UPS that there is not is answered with UNKNOWN-UPS.",
        "
        > LIST VAR outage-nowhere
        < ERR UNKNOWN-UPS
        > LIST RW outage-nowhere
        < ERR UNKNOWN-UPS
        > LIST CMD outage-nowhere
        < ERR UNKNOWN-UPS
        > LIST CLIENT outage-nowhere
        < ERR UNKNOWN-UPS
        > LIST ENUM outage-nowhere ups.status
        < ERR UNKNOWN-UPS
        > LIST RANGE outage-nowhere ups.status
        < ERR UNKNOWN-UPS
        ",
    ),
    read(
        "upsd/list/unknown-variable",
        PROTOCOL,
        Must,
        "Choices and ranges of a variable that there is not are answered with VAR-NOT-SUPPORTED.",
        "
        > LIST ENUM {ups} outage.nothing
        < ERR VAR-NOT-SUPPORTED
        > LIST RANGE {ups} outage.nothing
        < ERR VAR-NOT-SUPPORTED
        ",
    ),
];

async fn many_variables(stage: &mut Stage) -> Outcome {
    let lines: Vec<_> = (0..500).map(|n| format!("SETINFO outage.many.{n:03} \"value {n}\"")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let mut setup = Setup::bare();
    setup.ups("attic", None);
    stage.upsd(setup.dump("attic", &lines)).await?;
    let mut expected = vec!["BEGIN LIST VAR attic".to_owned()];
    expected.extend((0..500).map(|n| format!("VAR attic outage.many.{n:03} \"value {n}\"")));
    expected.push("END LIST VAR attic".to_owned());
    let mut wire = stage.connect().await?;
    let mut rows = wire.ask("LIST VAR attic").await?;
    // It waits for the driver's first words.
    rows.retain(|row| row != "VAR attic ups.status \"WAIT\"");
    ensure_eq("the list", rows, expected)
}

async fn same_as_get(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wire = stage.connect().await?;
    let rows = wire.ask("LIST VAR dummy").await?;
    for row in &rows[1..rows.len() - 1] {
        let name = row.split(' ').nth(2).unwrap_or_default();
        wire.says(&format!("GET VAR dummy {name}"), row).await?;
    }
    // Of the standard fixture.
    ensure_eq("the number of variables", rows.len() - 2, 8)
}
