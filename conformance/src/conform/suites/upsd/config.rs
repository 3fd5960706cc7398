//! upsd.conf: limits, addresses, and lines that make no sense.

use std::time::Duration;

use super::{SEEN, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Miss, Outcome, Setup, Stage, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/config/bad-lines",
        SEEN,
        Should,
        "Directives that there are not, or that lack their value, lose nothing else of upsd.conf.",
        r#"
        setup: upsd.conf NONSENSE 1
        setup: upsd.conf MAXAGE
        setup: upsd.conf MAXAGE soon
        setup: upsd.conf MAXCONN many
        setup: upsd.conf TRACKINGDELAY never
        setup: upsd.conf ALLOW_NO_DEVICE perhaps
        setup: upsd.conf LISTEN
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/config/obsolete",
        SEEN,
        Observed,
        "ACL, ACCEPT and REJECT of long ago are passed over.",
        r#"
        setup: upsd.conf ACL all 0.0.0.0/0
        setup: upsd.conf ACCEPT all
        setup: upsd.conf REJECT all
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/config/no-device-allowed",
        "upsd.conf(5), ALLOW_NO_DEVICE",
        Must,
        "With ALLOW_NO_DEVICE upsd serves without any UPS.",
        "
        setup: bare
        > LIST UPS
        < BEGIN LIST UPS
        < END LIST UPS
        > GET VAR dummy ups.status
        < ERR UNKNOWN-UPS
        > PROTVER
        < 1.3
        ",
    ),
    talk(
        "upsd/config/no-device-then-some",
        "upsd.conf(5), ALLOW_NO_DEVICE",
        Must,
        "An upsd without any UPS gets one by a reload.",
        r#"
        setup: bare
        > LIST UPS
        < BEGIN LIST UPS
        < END LIST UPS
        play attic "Under the roof"
        reload
        > LIST UPS
        < BEGIN LIST UPS
        < UPS attic "Under the roof"
        < END LIST UPS
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        "#,
    ),
    talk(
        "upsd/config/unquoted-description",
        SEEN,
        Observed,
        "Of a description without quotes only the first word counts.",
        r#"
        setup: ups.conf [attic]
        setup: ups.conf driver = dummy-ups
        setup: ups.conf port = none
        setup: ups.conf desc = Under the roof
        > GET UPSDESC attic
        < UPSDESC attic "Under"
        "#,
    ),
    run(
        "upsd/config/maxconn-refuses",
        "upsd.conf(5), MAXCONN",
        Must,
        "More connections than MAXCONN allows are not served; those that are there are.",
        run_check!(maxconn_refuses),
    ),
    run(
        "upsd/config/maxconn-frees",
        "upsd.conf(5), MAXCONN",
        Must,
        "When a client goes another one has its place.",
        run_check!(maxconn_frees),
    ),
    run(
        "upsd/config/hundred-clients",
        "upsd.conf(5), MAXCONN (the system's limit when nothing is said of it)",
        Must,
        "A hundred clients are served at the same time.",
        run_check!(hundred_clients),
    ),
];

/// Opens connections until one is not served, at most `most`; those that are.
async fn fill(stage: &mut Stage, most: usize) -> Result<Vec<crate::conform::Wire>, Miss> {
    let mut served = Vec::new();
    while served.len() < most {
        let Ok(mut wire) = stage.connect().await else { break };
        // Neither hung up on nor left waiting.
        if wire.send("PROTVER").await.is_err()
            || wire.line_within(Duration::from_millis(500)).await.ok().as_deref() != Some("1.3")
        {
            break;
        }
        served.push(wire);
    }
    Ok(served)
}

async fn maxconn_refuses(stage: &mut Stage) -> Outcome {
    // One driver, one address, and what is left for clients.
    stage.upsd(Setup::standard().conf("MAXCONN 6").alone()).await?;
    let mut served = fill(stage, 10).await?;
    let count = served.len();
    ensure((1..=6).contains(&count), || format!("{count} clients are served with MAXCONN 6"))?;
    for wire in &mut served {
        wire.says("GET VAR dummy ups.status", "VAR dummy ups.status \"OL\"").await?;
    }
    Ok(())
}

async fn maxconn_frees(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().conf("MAXCONN 6").alone()).await?;
    let mut served = fill(stage, 10).await?;
    let count = served.len();
    ensure((1..=6).contains(&count), || format!("{count} clients are served with MAXCONN 6"))?;
    let Some(mut gone) = served.pop() else { return Err("nobody is served".into()) };
    gone.says("LOGOUT", "OK Goodbye").await?;
    gone.closed().await?;
    let begun = stage.record().now();
    loop {
        if fill(stage, 1).await?.len() == 1 {
            return Ok(());
        }
        ensure(stage.record().now() < begun + Duration::from_secs(5), || {
            "nobody gets the place of a client that has gone".to_owned()
        })?;
    }
}

async fn hundred_clients(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut wires = Vec::new();
    for _ in 0..100 {
        wires.push(stage.connect().await?);
    }
    for wire in &mut wires {
        wire.send("GET VAR dummy ups.status").await?;
    }
    for wire in wires.iter_mut().rev() {
        wire.expect("VAR dummy ups.status \"OL\"").await?;
    }
    Ok(())
}
