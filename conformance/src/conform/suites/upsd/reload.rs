//! SIGHUP: what of the files counts at once, and who stays.

use std::time::Duration;

use super::{SEEN, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::{Case, Miss, Outcome, Setup, Stage};
use crate::run_check;

const RELOADING: &str = "upsd(8), RELOADING";

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/reload/added",
        RELOADING,
        Must,
        "A UPS that is new in ups.conf is served after a reload.",
        r#"
        > GET VAR attic ups.status
        < ERR UNKNOWN-UPS
        play attic "Under the roof"
        reload
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        > GET UPSDESC attic
        < UPSDESC attic "Under the roof"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/reload/added-order",
        "ups.conf(5) (its order)",
        Should,
        "A UPS that a reload brought is listed in its place in ups.conf.",
        r#"
        play attic "Under the roof"
        reload
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < UPS attic "Under the roof"
        < END LIST UPS
        "#,
    ),
    talk(
        "upsd/reload/removed",
        RELOADING,
        Must,
        "A UPS that is no longer in ups.conf is unknown after a reload.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OB"
        > GET VAR attic ups.status
        < VAR attic ups.status "OB"
        config ups.conf clear
        config ups.conf + [dummy]
        config ups.conf + driver = dummy-ups
        config ups.conf + port = none
        reload
        > GET VAR attic ups.status
        < ERR UNKNOWN-UPS
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "Description unavailable"
        < END LIST UPS
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        "#,
    ),
    talk(
        "upsd/reload/removed-logins",
        SEEN,
        Observed,
        "Clients that are logged into a UPS that goes are hung up on; others stay.",
        "
        setup: ups attic
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN attic
        [b] < OK
        [c] > USERNAME secondary
        [c] < OK
        [c] > PASSWORD secret
        [c] < OK
        [c] > LOGIN dummy
        [c] < OK
        config ups.conf clear
        config ups.conf + [dummy]
        config ups.conf + driver = dummy-ups
        config ups.conf + port = none
        reload
        [b] closed
        [c] > PROTVER
        [c] < 1.3
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        ",
    ),
    talk(
        "upsd/reload/clients-stay",
        RELOADING,
        Must,
        "A reload disturbs no client: names, logins, TRACKING and half a line stay.",
        r#"
        > USERNAME admin
        < OK
        > PASSWORD secret
        < OK
        > SET TRACKING ON
        < OK
        >> "GET TRACK"
        [b] > USERNAME primary
        [b] < OK
        [b] > PASSWORD secret
        [b] < OK
        [b] > LOGIN dummy
        [b] < OK
        reload
        [c] > GET NUMLOGINS dummy
        [c] < NUMLOGINS dummy 1
        >> "ING\n"
        < ON
        > INSTCMD dummy load.off
        <~ OK TRACKING .*
        [b] > LOGIN dummy
        [b] < ERR ALREADY-LOGGED-IN
        "#,
    ),
    talk(
        "upsd/reload/data-stay",
        SEEN,
        Observed,
        "A reload that leaves a UPS as it is leaves its data and its driver's connection.",
        r#"
        driver dummy: SETINFO battery.charge "33"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "33"
        play attic
        reload
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        > GET VAR dummy battery.charge
        < VAR dummy battery.charge "33"
        "#,
    ),
    talk(
        "upsd/reload/description",
        RELOADING,
        Must,
        "A new description counts after a reload.",
        r#"
        config ups.conf + desc = "Another one"
        reload
        > GET UPSDESC dummy
        < UPSDESC dummy "Another one"
        "#,
    ),
    talk(
        "upsd/reload/description-in-lists",
        RELOADING,
        Must,
        "A list of UPSes that was asked for before shows a new description after a reload.",
        r#"
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "The standard UPS"
        < END LIST UPS
        config ups.conf + desc = "Another one"
        reload
        > LIST UPS
        < BEGIN LIST UPS
        < UPS dummy "Another one"
        < END LIST UPS
        "#,
    ),
    talk(
        "upsd/reload/by-command",
        "upsd(8), -c reload",
        Must,
        "`upsd -c reload` has the upsd of the PID file read its files again.",
        r#"
        real-only: programs reach no others by PID file there
        setup: fresh
        setup: argument -F
        config ups.conf + desc = "Another one"
        run upsd -c reload
        exit 0
        wait 1ms
        > GET UPSDESC dummy
        < UPSDESC dummy "Another one"
        "#,
    ),
    talk(
        "upsd/reload/driver",
        SEEN,
        Must,
        "A UPS that has another driver after a reload is asked of that one: nothing of the old one is told.",
        "
        setup: ups attic
        setup: dump attic: SETINFO ups.status \"OB\"
        > GET VAR attic ups.status
        < VAR attic ups.status \"OB\"
        config ups.conf clear
        config ups.conf + [dummy]
        config ups.conf + driver = dummy-ups
        config ups.conf + port = none
        config ups.conf + [attic]
        config ups.conf + driver = usbhid-ups
        config ups.conf + port = auto
        reload
        > GET VAR attic ups.status
        < ERR DRIVER-NOT-CONNECTED
        ",
    ),
    talk(
        "upsd/reload/fsd",
        "net-protocol (FSD is a latch)",
        Must,
        "A reload leaves FSD set.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD dummy
        < OK FSD-SET
        play attic
        reload
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        > GET VAR dummy ups.status
        < VAR dummy ups.status "FSD OL"
        "#,
    ),
    talk(
        "upsd/reload/fsd-cleared",
        "net-protocol (dropping a UPS and adding it again clears FSD)",
        Must,
        "A UPS that was taken out of ups.conf and put back has FSD no longer.",
        r#"
        setup: ups attic
        setup: dump attic: SETINFO ups.status "OL"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > FSD attic
        < OK FSD-SET
        > GET VAR attic ups.status
        < VAR attic ups.status "FSD OL"
        config ups.conf clear
        config ups.conf + [dummy]
        config ups.conf + driver = dummy-ups
        config ups.conf + port = none
        reload
        > GET VAR attic ups.status
        < ERR UNKNOWN-UPS
        config ups.conf + [attic]
        config ups.conf + driver = dummy-ups
        config ups.conf + port = none
        reload
        > GET VAR attic ups.status
        < VAR attic ups.status "OL"
        "#,
    ),
    talk(
        "upsd/reload/users-new",
        RELOADING,
        Must,
        "New users count after a reload, for connections that are there too.",
        r#"
        > USERNAME late
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < ERR ACCESS-DENIED
        config upsd.users + [late]
        config upsd.users + password = secret
        config upsd.users + upsmon secondary
        play attic
        reload
        [b] > GET VAR attic ups.status
        [b] < VAR attic ups.status "OL"
        > LOGIN dummy
        < OK
        "#,
    ),
    talk(
        "upsd/reload/users-gone",
        RELOADING,
        Must,
        "A user that is gone after a reload may do nothing more, on connections that are there too; a login stays counted.",
        r#"
        > USERNAME primary
        < OK
        > PASSWORD secret
        < OK
        > LOGIN dummy
        < OK
        > PRIMARY dummy
        < OK PRIMARY-GRANTED
        config upsd.users clear
        play attic
        reload
        [b] > GET VAR attic ups.status
        [b] < VAR attic ups.status "OL"
        > PRIMARY dummy
        < ERR ACCESS-DENIED
        > FSD dummy
        < ERR ACCESS-DENIED
        > GET NUMLOGINS dummy
        < NUMLOGINS dummy 1
        "#,
    ),
    talk(
        "upsd/reload/max-age",
        RELOADING,
        Must,
        "A new MAXAGE counts after a reload.",
        r#"
        setup: upsd.conf MAXAGE 60
        driver dummy ignores pings
        config upsd.conf + MAXAGE 1
        reload
        > GET VAR dummy ups.status
        < ERR DATA-STALE
        "#,
    ),
    run(
        "upsd/reload/no-upsd-conf",
        SEEN,
        Observed,
        "Without an upsd.conf nothing of a reload is done, and upsd goes on.",
        run_check!(no_upsd_conf),
    ),
    run(
        "upsd/reload/no-ups-conf",
        "upsd(8), RELOADING (a file that can't be read is a message in the log)",
        Should,
        "Without a ups.conf a reload leaves upsd serving what it served.",
        run_check!(no_ups_conf),
    ),
    talk(
        "upsd/reload/twice",
        RELOADING,
        Must,
        "Each reload reads the files as they are then.",
        r#"
        play attic "One"
        reload
        > GET UPSDESC attic
        < UPSDESC attic "One"
        config ups.conf - desc = "One"
        config ups.conf + desc = "Two"
        reload
        > GET UPSDESC attic
        < UPSDESC attic "Two"
        "#,
    ),
    talk(
        "upsd/reload/garbage",
        "upsd(8), RELOADING (check the log for messages)",
        Must,
        "Lines that make no sense in a file that is read again lose nothing else.",
        r#"
        config ups.conf + [unfinished
        config ups.conf + nonsense
        config upsd.users + "open quote
        config upsd.conf + MAXAGE soon
        play attic
        reload
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > PROTVER
        < 1.3
        "#,
    ),
];

/// Takes a file of the subject away.
fn remove(stage: &mut Stage, file: &str) -> Outcome {
    stage.touch();
    let done = stage.lab().remove(&format!("etc/{file}"));
    done.map_err(|error| Miss::Fail(format!("failed to remove {file}: {error}")))
}

const STATUS: &str = "GET VAR dummy ups.status";
const OL: &str = "VAR dummy ups.status \"OL\"";

async fn no_upsd_conf(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut wire = stage.connect().await?;
    wire.says("USERNAME primary", "OK").await?;
    wire.says("PASSWORD secret", "OK").await?;
    remove(stage, "upsd.conf")?;
    // Were it read, nobody could do anything.
    stage.write("etc/upsd.users", "", 0o640)?;
    stage.reload().await?;
    stage.wait(Duration::from_millis(300)).await;
    wire.says("PRIMARY dummy", "OK PRIMARY-GRANTED").await?;
    wire.says(STATUS, OL).await
}

async fn no_ups_conf(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut wire = stage.connect().await?;
    remove(stage, "ups.conf")?;
    stage.reload().await?;
    stage.wait(Duration::from_millis(300)).await;
    wire.says(STATUS, OL).await?;
    let mut other = stage.connect().await?;
    other.says(STATUS, OL).await
}
