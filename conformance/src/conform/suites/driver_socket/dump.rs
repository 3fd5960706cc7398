//! The dump: what upsd asks a driver at first, and what it makes of the answer.

use super::{SEEN, SOCKET, run, talk};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Outcome, Setup, Stage};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "driver-socket/dump/asked",
        SOCKET,
        Must,
        "The first thing that upsd says to a driver is DUMPALL.",
        "
        setup: driver dummy mute
        setup: fresh
        driver dummy < DUMPALL
        ",
    ),
    talk(
        "driver-socket/dump/once",
        SEEN,
        Observed,
        "upsd asks for the dump once a connection, and is silent afterwards.",
        "
        setup: driver dummy mute
        setup: fresh
        driver dummy < DUMPALL
        driver dummy silence
        ",
    ),
    talk(
        "driver-socket/dump/wait",
        SEEN,
        Observed,
        "Until the driver has said its status, ups.status is WAIT.",
        r#"
        setup: driver dummy mute
        > GET VAR dummy ups.status
        < VAR dummy ups.status "WAIT"
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < VAR dummy ups.status "WAIT"
        < END LIST VAR dummy
        "#,
    ),
    talk(
        "driver-socket/dump/wait-has-no-variables",
        SEEN,
        Observed,
        "Before the dump any other variable is not supported, and there are no commands.",
        "
        setup: driver dummy mute
        > GET VAR dummy battery.charge
        < ERR VAR-NOT-SUPPORTED
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < END LIST CMD dummy
        ",
    ),
    talk(
        "driver-socket/dump/served-as-it-comes",
        SEEN,
        Observed,
        "What a driver has said of its dump is served before DUMPDONE.",
        r#"
        setup: driver dummy mute
        setup: fresh
        driver dummy: SETINFO battery.charge "50"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "50"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "WAIT"
        driver dummy: SETINFO ups.status "OL"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/dump/stale-waits-for-its-end",
        SEEN,
        Observed,
        "DATASTALE within a dump counts from DUMPDONE on.",
        r#"
        setup: driver dummy mute
        setup: fresh
        driver dummy: SETINFO ups.status "OL"
        driver dummy: DATASTALE
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy: DUMPDONE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        "#,
    ),
    talk(
        "driver-socket/dump/stale",
        SOCKET,
        Must,
        "A dump with DATASTALE is stale until DATAOK.",
        r#"
        setup: driver dummy stale
        setup: fresh
        > GET VAR dummy battery.charge
        < ERR DATA-STALE
        > LIST VAR dummy
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/dump/neither-stale-nor-ok",
        SEEN,
        Observed,
        "A dump that says neither DATAOK nor DATASTALE is stale until DATAOK.",
        r#"
        setup: driver dummy mute
        setup: fresh
        driver dummy: SETINFO ups.status "OL"
        driver dummy: DUMPDONE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "driver-socket/dump/empty",
        SEEN,
        Observed,
        "After an empty dump ups.status is still WAIT.",
        r#"
        setup: driver dummy mute
        setup: fresh
        driver dummy: DATAOK
        driver dummy: DUMPDONE
        driver dummy: SETINFO a.last "1"
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < VAR dummy a.last "1"
        < VAR dummy ups.status "WAIT"
        < END LIST VAR dummy
        "#,
    ),
    talk(
        "driver-socket/dump/whole",
        SOCKET,
        Must,
        "What a dump says is what LIST VAR, LIST RW and LIST CMD answer, no more and no less.",
        r#"
        setup: bare
        setup: ups dummy
        setup: dump dummy: SETINFO battery.charge "90"
        setup: dump dummy: SETINFO ups.delay "20"
        setup: dump dummy: SETAUX ups.delay 5
        setup: dump dummy: SETFLAGS ups.delay RW STRING
        setup: dump dummy: SETINFO ups.status "OL"
        setup: dump dummy: ADDCMD beeper.off
        setup: dump dummy: ADDCMD load.off
        > LIST VAR dummy
        < BEGIN LIST VAR dummy
        < VAR dummy battery.charge "90"
        < VAR dummy ups.delay "20"
        < VAR dummy ups.status "OL"
        < END LIST VAR dummy
        > LIST RW dummy
        < BEGIN LIST RW dummy
        < RW dummy ups.delay "20"
        < END LIST RW dummy
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy beeper.off
        < CMD dummy load.off
        < END LIST CMD dummy
        > GET TYPE dummy ups.delay
        < TYPE dummy ups.delay RW STRING:5
        "#,
    ),
    talk(
        "driver-socket/dump/any-order",
        SOCKET,
        Must,
        "Commands may come before variables, and DATAOK before both.",
        r#"
        setup: driver dummy mute
        setup: fresh
        driver dummy: DATAOK
        driver dummy: ADDCMD load.off
        driver dummy: SETINFO ups.status "OL"
        driver dummy: DUMPDONE
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > LIST CMD dummy
        < BEGIN LIST CMD dummy
        < CMD dummy load.off
        < END LIST CMD dummy
        "#,
    ),
    talk(
        "driver-socket/dump/done-again",
        SEEN,
        Observed,
        "A second DUMPDONE changes nothing.",
        r#"
        driver dummy: DUMPDONE
        driver dummy: SETINFO a.last "1"
        > GET VAR dummy a.last
        < VAR dummy a.last "1"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "100"
        "#,
    ),
    talk(
        "driver-socket/dump/others-are-served",
        SOCKET,
        Must,
        "A driver that never answers DUMPALL keeps no other UPS from being served.",
        r#"
        setup: ups attic "Under the roof"
        setup: driver attic mute
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > GET VAR attic ups.status
        < VAR attic ups.status "WAIT"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Under the roof"
        < END LIST UPS
        "#,
    ),
    talk(
        "driver-socket/dump/never-answered",
        "nut 2.8.0 as seen, upsd.conf(5) MAXAGE",
        Must,
        "A driver that never answers anything is reported as stale after MAXAGE.",
        "
        setup: upsd.conf MAXAGE 2
        setup: driver dummy mute
        setup: fresh
        driver dummy ignores pings
        wait 3s
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        ",
    ),
    run(
        "driver-socket/dump/large",
        SOCKET,
        Must,
        "A dump of 500 variables and 200 commands is served whole.",
        run_check!(large),
    ),
];

async fn large(stage: &mut Stage) -> Outcome {
    let mut setup = Setup::bare().alone();
    let dump = &mut setup.ups("dummy", None).dump;
    for number in 0..500 {
        dump.push(format!("SETINFO outlet.{number:03}.desc \"Outlet number {number}\""));
    }
    for number in 0..200 {
        dump.push(format!("ADDCMD outlet.{number:03}.load.off"));
    }
    stage.upsd(setup).await?;
    let mut client = stage.connect().await?;
    // ups.status is still WAIT.
    let variables = client.ask("LIST VAR dummy").await?;
    crate::conform::ensure_eq("lines of LIST VAR", variables.len(), 503)?;
    let last = "VAR dummy outlet.499.desc \"Outlet number 499\"";
    crate::conform::ensure_eq("the last outlet", variables[500].as_str(), last)?;
    let commands = client.ask("LIST CMD dummy").await?;
    crate::conform::ensure_eq("lines of LIST CMD", commands.len(), 202)?;
    crate::conform::ensure_eq("the last command", commands[200].as_str(), "CMD dummy outlet.199.load.off")
}
