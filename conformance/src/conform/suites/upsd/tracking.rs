//! TRACKING: what became of a SET or an INSTCMD.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{PROTOCOL, SEEN, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Miss, Outcome, Setup, Stage, Wire, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/tracking/off-at-first",
        PROTOCOL,
        Must,
        "A connection has TRACKING off at first.",
        "
        > GET TRACKING
        < OFF
        ",
    ),
    talk(
        "upsd/tracking/switch",
        PROTOCOL,
        Must,
        "SET TRACKING switches it, for this connection only.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > GET TRACKING
        < ON
        [b] > GET TRACKING
        [b] < OFF
        > SET TRACKING OFF
        < OK
        > GET TRACKING
        < OFF
        ",
    ),
    talk(
        "upsd/tracking/switch-case",
        SEEN,
        Observed,
        "ON and OFF may be written in small letters.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > set tracking on
        < OK
        > get tracking
        < ON
        > SET TRACKING Off
        < OK
        > GET TRACKING
        < OFF
        ",
    ),
    talk(
        "upsd/tracking/switch-errors",
        PROTOCOL,
        Must,
        "SET TRACKING takes ON or OFF.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING
        < ERR INVALID-ARGUMENT
        > SET TRACKING 1
        < ERR INVALID-ARGUMENT
        > SET TRACKING YES
        < ERR INVALID-ARGUMENT
        > GET TRACKING
        < OFF
        ",
    ),
    talk(
        "upsd/tracking/any-user",
        SEEN,
        Observed,
        "SET TRACKING needs a name and a password, but not right ones: nothing is learnt by it.",
        "
        > USERNAME nobody
        < OK
        > PASSWORD wrong
        < OK
        > SET TRACKING ON
        < OK
        > GET TRACKING
        < ON
        ",
    ),
    talk(
        "upsd/tracking/no-id-when-off",
        PROTOCOL,
        Must,
        "With TRACKING off the answer to SET and INSTCMD is OK alone, and the driver gets no id.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > INSTCMD dummy load.off
        < OK
        > SET VAR dummy ups.id x
        < OK
        driver dummy < INSTCMD load.off
        driver dummy < SET ups.id "x"
        "#,
    ),
    talk(
        "upsd/tracking/id-of-instcmd",
        "net-protocol; docs: sock-protocol",
        Must,
        "With TRACKING on INSTCMD is answered with an id, and the driver gets the same.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\S+)
        driver dummy < INSTCMD load.off TRACKING {id}
        > INSTCMD dummy load.off 5
        <~ OK TRACKING (?<other>\S+)
        driver dummy <~ INSTCMD load\.off "?5"? TRACKING {other}
        "#,
    ),
    talk(
        "upsd/tracking/id-of-set",
        "net-protocol; docs: sock-protocol",
        Must,
        "With TRACKING on SET VAR is answered with an id, and the driver gets the same.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > SET VAR dummy ups.id "a b"
        <~ OK TRACKING (?<id>\S+)
        driver dummy < SET ups.id "a b" TRACKING {id}
        "#,
    ),
    talk(
        "upsd/tracking/id-form",
        "RFC 9562 section 5.4; nut 2.8.0 as seen",
        Observed,
        "An id is a UUID of version 4, in capitals.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING [0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}
        ",
    ),
    run(
        "upsd/tracking/ids-differ",
        PROTOCOL,
        Must,
        "No two requests have the same id.",
        run_check!(ids_differ),
    ),
    run(
        "upsd/tracking/ids-unguessable",
        "CWE-340 (ids are capabilities: who knows one sees what became of a request)",
        Should,
        "A server that starts again gives out other ids than before.",
        run_check!(ids_unguessable),
    ),
    talk(
        "upsd/tracking/pending",
        PROTOCOL,
        Must,
        "A request is PENDING until the driver says what became of it, then SUCCESS.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\\S+)
        > GET TRACKING {id}
        < PENDING
        driver dummy: TRACKING {id} 0
        > GET TRACKING {id}
        < SUCCESS
        > GET TRACKING {id}
        < SUCCESS
        ",
    ),
    talk(
        "upsd/tracking/outcomes",
        "net-protocol; docs: sock-protocol",
        Must,
        "What the driver says became of a request is what its client is told: unknown, invalid, failed.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<unknown>\S+)
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<invalid>\S+)
        > SET VAR dummy ups.id x
        <~ OK TRACKING (?<failed>\S+)
        driver dummy: TRACKING {unknown} 1
        driver dummy: TRACKING {invalid} 2
        driver dummy: TRACKING {failed} 3
        > GET TRACKING {failed}
        < ERR FAILED
        > GET TRACKING {invalid}
        < ERR INVALID-ARGUMENT
        > GET TRACKING {unknown}
        < ERR UNKNOWN
        "#,
    ),
    talk(
        "upsd/tracking/ids-in-any-case",
        SEEN,
        Observed,
        "Case does not count in ids, neither a client's nor a driver's.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\S+)
        > GET TRACKING 00000000-0000-4000-8000-000000000000
        < ERR UNKNOWN
        > get tracking {id}
        < PENDING
        "#,
    ),
    run(
        "upsd/tracking/driver-ids-in-any-case",
        SEEN,
        Observed,
        "A driver that writes an id in small letters means the same request.",
        run_check!(lower_case_ids),
    ),
    talk(
        "upsd/tracking/unknown-id",
        PROTOCOL,
        Must,
        "An id that was never given out is ERR UNKNOWN.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > GET TRACKING nonsense
        < ERR UNKNOWN
        > GET TRACKING 00000000-0000-4000-8000-000000000000
        < ERR UNKNOWN
        ",
    ),
    talk(
        "upsd/tracking/off-hides-ids",
        SEEN,
        Observed,
        "With TRACKING off GET TRACKING of an id is answered with FEATURE-NOT-CONFIGURED.",
        "
        > GET TRACKING nonsense
        < ERR FEATURE-NOT-CONFIGURED
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\\S+)
        > SET TRACKING OFF
        < OK
        > GET TRACKING {id}
        < ERR FEATURE-NOT-CONFIGURED
        > SET TRACKING ON
        < OK
        > GET TRACKING {id}
        < PENDING
        ",
    ),
    talk(
        "upsd/tracking/other-connection",
        SEEN,
        Observed,
        "Who knows an id may ask for it on another connection that has TRACKING on, also after the first has gone.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\\S+)
        close
        [b] > USERNAME guest
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > SET TRACKING ON
        [b] < OK
        [b] > GET TRACKING {id}
        [b] < PENDING
        ",
    ),
    talk(
        "upsd/tracking/refused-has-no-id",
        PROTOCOL,
        Must,
        "A request that was refused has an error and no id.",
        "
        > USERNAME operator
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        < ERR ACCESS-DENIED
        > INSTCMD dummy outage.nothing
        < ERR CMD-NOT-SUPPORTED
        > SET VAR dummy ups.id x
        < ERR ACCESS-DENIED
        driver dummy silence
        ",
    ),
    talk(
        "upsd/tracking/strange-status",
        "docs: sock-protocol (statuses are numbers)",
        Should,
        "A driver's answer that is no number is not taken for success.",
        "
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        > INSTCMD dummy load.off
        <~ OK TRACKING (?<id>\\S+)
        driver dummy: TRACKING {id} FAILED
        driver dummy: SETINFO outage.mark \"1\"
        > GET VAR dummy outage.mark
        < VAR dummy outage.mark \"1\"
        > GET TRACKING {id}
        <~ PENDING|ERR FAILED|ERR UNKNOWN
        ",
    ),
    talk(
        "upsd/tracking/strange-id",
        "docs: sock-protocol",
        Must,
        "A driver's answer with an id that nobody has does no harm.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        driver dummy: TRACKING nonsense 0
        driver dummy: TRACKING
        driver dummy: TRACKING nonsense
        driver dummy: SETINFO outage.mark "1"
        > GET VAR dummy outage.mark
        < VAR dummy outage.mark "1"
        > GET TRACKING nonsense
        < ERR UNKNOWN
        "#,
    ),
    run(
        "upsd/tracking/delay",
        "upsd.conf(5), TRACKINGDELAY",
        Must,
        "What became of a request is kept for TRACKINGDELAY and forgotten after it.",
        run_check!(delay),
    ),
];

/// A connection with TRACKING on.
async fn tracking(stage: &mut Stage) -> Result<Wire, Miss> {
    stage.touch();
    let mut wire = stage.connect().await?;
    wire.says("USERNAME admin", "OK").await?;
    wire.says("PASSWORD secret", "OK").await?;
    wire.says("SET TRACKING ON", "OK").await?;
    Ok(wire)
}

/// The id of one more request.
async fn id(wire: &mut Wire) -> Result<String, Miss> {
    let answer = wire.ask("INSTCMD dummy load.off").await?;
    let id = answer[0].strip_prefix("OK TRACKING ");
    id.map(str::to_owned).ok_or_else(|| Miss::Fail(format!("expected OK TRACKING, seen {:?}", answer[0])))
}

async fn ids_differ(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let (mut one, mut other) = (tracking(stage).await?, tracking(stage).await?);
    let mut ids = BTreeSet::new();
    for _ in 0..50 {
        for wire in [&mut one, &mut other] {
            let id = id(wire).await?;
            ensure(ids.insert(id.clone()), || format!("{id} was given out twice"))?;
        }
    }
    Ok(())
}

async fn ids_unguessable(stage: &mut Stage) -> Outcome {
    if stage.is_virtual() {
        return Err(Miss::Skipped("chance comes from a seed there, so that runs can be repeated".to_owned()));
    }
    let mut starts = Vec::new();
    for _ in 0..2 {
        stage.upsd(Setup::standard().alone()).await?;
        let mut wire = tracking(stage).await?;
        let mut ids = BTreeSet::new();
        for _ in 0..5 {
            ids.insert(id(&mut wire).await?);
        }
        starts.push(ids);
        stage.end_upsd().await;
    }
    let same: Vec<_> = starts[0].intersection(&starts[1]).collect();
    ensure(same.is_empty(), || format!("after a new start it gave out the same ids again: {same:?}"))
}

async fn lower_case_ids(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut wire = tracking(stage).await?;
    let id = id(&mut wire).await?;
    stage.driver("dummy")?.say(&format!("TRACKING {} 0", id.to_ascii_lowercase()))?;
    stage.driver("dummy")?.say("SETINFO outage.mark \"1\"")?;
    super::until(stage, "GET VAR dummy outage.mark", "VAR", Duration::from_secs(5)).await?;
    wire.says(&format!("GET TRACKING {id}"), "SUCCESS").await
}

async fn delay(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().conf("TRACKINGDELAY 2").alone()).await?;
    let mut wire = tracking(stage).await?;
    let id = id(&mut wire).await?;
    let asked = stage.record().now();
    wire.says(&format!("GET TRACKING {id}"), "PENDING").await?;
    loop {
        stage.wait(Duration::from_millis(100)).await;
        let answer = wire.ask(&format!("GET TRACKING {id}")).await?;
        let age = stage.record().now().saturating_sub(asked);
        match answer[0].as_str() {
            // Whole seconds are compared: two may be a little less.
            "ERR UNKNOWN" => {
                return ensure(age > Duration::from_millis(1000), || format!("gone after {age:?}"));
            }
            "PENDING" if age < Duration::from_secs(7) => {}
            other => return Err(Miss::Fail(format!("{other:?} after {age:?}"))),
        }
    }
}
