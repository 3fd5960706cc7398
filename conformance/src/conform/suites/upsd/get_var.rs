//! GET VAR.

use crate::conform::{Case, Check, Level, Miss, Outcome, Profile, Setup, Stage};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    Case {
        id: "upsd/get-var/stale",
        source: "net-protocol",
        level: Level::Must,
        claim: "GET VAR of a UPS whose driver says DATASTALE is answered with ERR DATA-STALE, and with data again after DATAOK",
        profile: Profile::Own,
        check: Check::Talk(
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
    },
    Case {
        id: "upsd/get-var/live-update",
        source: "sock-protocol",
        level: Level::Must,
        claim: "A SETINFO after the dump changes what GET VAR answers",
        profile: Profile::Own,
        check: run_check!(live_update),
    },
];

async fn live_update(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard()).await?;
    let mut client = stage.connect().await?;
    client.says("GET VAR dummy battery.charge", "VAR dummy battery.charge \"100\"").await?;
    stage.driver("dummy")?.say("SETINFO battery.charge \"42\"")?;
    for _ in 0..200 {
        stage.settle().await;
        if client.ask("GET VAR dummy battery.charge").await? == ["VAR dummy battery.charge \"42\""] {
            return Ok(());
        }
    }
    Err(Miss::fail("the new value never came"))
}
