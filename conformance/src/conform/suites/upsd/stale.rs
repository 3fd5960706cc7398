//! Staleness: data that can't be believed are not told.

use std::time::Duration;

use super::{PROTOCOL, SEEN, run, talk, until};
use crate::conform::Level::{Must, Observed};
use crate::conform::{Case, Manner, Outcome, Setup, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/get-var/stale",
        PROTOCOL,
        Must,
        "While its driver says DATASTALE a UPS's data are refused with DATA-STALE, and told again after DATAOK.",
        r#"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy: DATASTALE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        driver dummy: DATAOK
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/stale/refused",
        PROTOCOL,
        Must,
        "Stale data are refused in each form.",
        "
        setup: driver dummy stale
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        > GET TYPE dummy ups.status
        < ERR DATA-STALE
        > LIST VAR dummy
        < ERR DATA-STALE
        > LIST RW dummy
        < ERR DATA-STALE
        > LIST CMD dummy
        < ERR DATA-STALE
        > LIST ENUM dummy input.sensitivity
        < ERR DATA-STALE
        > LIST RANGE dummy input.transfer.low
        < ERR DATA-STALE
        ",
    ),
    talk(
        "upsd/stale/answered",
        SEEN,
        Observed,
        "What is not the driver's is told nevertheless.",
        r#"
        setup: driver dummy stale
        > GET UPSDESC dummy
        < UPSDESC dummy "The standard UPS"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < END LIST UPS
        > LIST CLIENT dummy
        < BEGIN LIST CLIENT dummy
        < END LIST CLIENT dummy
        > GET VAR dummy server.version
        <~ VAR dummy server\.version ".*"
        "#,
    ),
    talk(
        "upsd/stale/descriptions",
        SEEN,
        Observed,
        "Explanations of variables and commands are refused with the data.",
        "
        setup: driver dummy stale
        > GET DESC dummy ups.status
        < ERR DATA-STALE
        > GET CMDDESC dummy load.off
        < ERR DATA-STALE
        ",
    ),
    talk(
        "upsd/stale/nothing-is-done",
        PROTOCOL,
        Must,
        "While data are stale nothing is set and no command run.",
        "
        setup: driver dummy stale
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET VAR dummy ups.id x
        < ERR DATA-STALE
        > INSTCMD dummy load.off
        < ERR DATA-STALE
        driver dummy silence
        ",
    ),
    talk(
        "upsd/stale/updates-go-on",
        "docs: sock-protocol",
        Must,
        "What a driver says while its data are stale is there after DATAOK.",
        r#"
        driver dummy: DATASTALE
        > GET VAR dummy battery.charge
        < ERR DATA-STALE
        driver dummy: SETINFO battery.charge "50"
        driver dummy: DATAOK
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "50"
        "#,
    ),
    talk(
        "upsd/stale/one-ups",
        PROTOCOL,
        Must,
        "Staleness is one UPS's: others are served.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OB"
        setup: driver dummy stale
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        > GET VAR attic ups.status
        < VAR attic ups.status "OB"
        "#,
    ),
    run(
        "upsd/stale/silent-driver",
        "upsd.conf(5), MAXAGE",
        Must,
        "A driver that says nothing, not even to PING, for longer than MAXAGE has stale data.",
        run_check!(silent_driver),
    ),
    run(
        "upsd/stale/silent-driver-speaks",
        "upsd(8), DIAGNOSTICS",
        Must,
        "When a silent driver speaks again its data are told again.",
        run_check!(silent_driver_speaks),
    ),
    run(
        "upsd/stale/pings",
        "upsd(8), DIAGNOSTICS",
        Must,
        "A driver that answers PING and says nothing else has fresh data.",
        run_check!(pings),
    ),
    run(
        "upsd/stale/pinged-in-time",
        SEEN,
        Observed,
        "A silent driver is sent PING before MAXAGE is over.",
        run_check!(pinged_in_time),
    ),
    run(
        "upsd/stale/any-line-is-life",
        "docs: sock-protocol",
        Must,
        "Any line of a driver shows that it lives, not only PONG.",
        run_check!(any_line),
    ),
    run(
        "upsd/stale/garbage-is-no-life",
        SEEN,
        Observed,
        "Lines that upsd does not know do not show that a driver lives.",
        run_check!(garbage),
    ),
    run(
        "upsd/stale/default-age",
        "upsd.conf(5), MAXAGE",
        Must,
        "MAXAGE is 15 s when nothing is said of it.",
        run_check!(default_age),
    ),
    run(
        "upsd/stale/never-dumped",
        SEEN,
        Observed,
        "Of a driver that took the connection and said nothing yet the status is WAIT, and nothing else is known.",
        run_check!(never_dumped),
    ),
    run(
        "upsd/stale/never-dumped-is-stale",
        "upsd.conf(5), MAXAGE",
        Must,
        "A driver that never says a word has stale data after MAXAGE.",
        run_check!(never_dumped_is_stale),
    ),
    talk(
        "upsd/stale/before-the-dump-is-done",
        SEEN,
        Observed,
        "DATASTALE counts from DUMPDONE on: what comes of a dump before can be read.",
        r#"
        setup: driver dummy mute
        driver dummy: DATASTALE
        driver dummy: SETINFO ups.status "OL"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        driver dummy: DUMPDONE
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        "#,
    ),
];

const STATUS: &str = "GET VAR dummy ups.status";

/// The standard fixture with another MAXAGE, for one case alone.
fn aged(seconds: u32) -> Setup {
    Setup::standard().conf(format!("MAXAGE {seconds}")).alone()
}

async fn silent_driver(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(2)).await?;
    stage.driver("dummy")?.say("PONG")?;
    stage.driver("dummy")?.ignore_pings();
    let begun = stage.record().now();
    until(stage, STATUS, "ERR DATA-STALE", Duration::from_secs(8)).await?;
    let after = stage.record().now().saturating_sub(begun);
    // Whole seconds are compared, so that two may be a little more than one.
    ensure(after > Duration::from_millis(1000), || format!("it was stale after {after:?}, with MAXAGE 2"))
}

async fn silent_driver_speaks(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(1)).await?;
    stage.driver("dummy")?.ignore_pings();
    until(stage, STATUS, "ERR DATA-STALE", Duration::from_secs(8)).await?;
    stage.driver("dummy")?.say("SETINFO battery.charge \"99\"")?;
    until(stage, "GET VAR dummy battery.charge", "VAR dummy battery.charge \"99\"", Duration::from_secs(5))
        .await
}

async fn pings(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(2)).await?;
    let mut wire = stage.connect().await?;
    for _ in 0..10 {
        stage.wait(Duration::from_millis(500)).await;
        wire.says(STATUS, "VAR dummy ups.status \"OL\"").await?;
    }
    Ok(())
}

async fn pinged_in_time(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(3)).await?;
    stage.driver("dummy")?.ignore_pings();
    let heard = stage.driver("dummy")?.heard_within(Duration::from_secs(4)).await?;
    ensure(heard == "PING", || format!("upsd said {heard:?}"))?;
    // It is asked early enough that an answer helps.
    stage.driver("dummy")?.say("PONG")?;
    let mut wire = stage.connect().await?;
    wire.says(STATUS, "VAR dummy ups.status \"OL\"").await
}

async fn any_line(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(2)).await?;
    stage.driver("dummy")?.ignore_pings();
    let mut wire = stage.connect().await?;
    for n in 0..10 {
        stage.driver("dummy")?.say(&format!("SETINFO battery.charge \"{n}\""))?;
        stage.wait(Duration::from_millis(500)).await;
        wire.says(STATUS, "VAR dummy ups.status \"OL\"").await?;
    }
    Ok(())
}

async fn garbage(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(1)).await?;
    stage.driver("dummy")?.ignore_pings();
    let mut wire = stage.connect().await?;
    for _ in 0..60 {
        stage.driver("dummy")?.say("OUTAGE nonsense")?;
        stage.wait(Duration::from_millis(100)).await;
        if wire.ask(STATUS).await? == ["ERR DATA-STALE"] {
            return Ok(());
        }
    }
    Err("it is not stale after 6 s of nonsense, with MAXAGE 1".into())
}

async fn default_age(stage: &mut Stage) -> Outcome {
    if !stage.is_virtual() {
        return Err(crate::conform::Miss::Skipped("it takes 17 s of real time".to_owned()));
    }
    stage.upsd(Setup::standard().alone()).await?;
    stage.driver("dummy")?.say("PONG")?;
    stage.driver("dummy")?.ignore_pings();
    let mut wire = stage.connect().await?;
    stage.wait(Duration::from_secs(14)).await;
    wire.says(STATUS, "VAR dummy ups.status \"OL\"").await?;
    stage.wait(Duration::from_secs(4)).await;
    wire.says(STATUS, "ERR DATA-STALE").await
}

async fn never_dumped(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().manner("dummy", Manner::Mute)).await?;
    let mut wire = stage.connect().await?;
    wire.says(STATUS, "VAR dummy ups.status \"WAIT\"").await?;
    wire.says("GET VAR dummy battery.charge", "ERR VAR-NOT-SUPPORTED").await?;
    wire.send("LIST CMD dummy").await?;
    wire.expect("BEGIN LIST CMD dummy").await?;
    wire.expect("END LIST CMD dummy").await
}

async fn never_dumped_is_stale(stage: &mut Stage) -> Outcome {
    stage.upsd(aged(1).manner("dummy", Manner::Mute)).await?;
    until(stage, STATUS, "ERR DATA-STALE", Duration::from_secs(8)).await
}
