//! `upsd`, and what asks it.

use std::time::Duration;

use super::place::{ADMIN, Guide, NOBODY, UPS, has_line, says};
use super::{GUIDE, run};
use crate::conform::Level::Must;
use crate::conform::{Case, Outcome, Stage, Target, ensure};
use crate::run_check;

pub(super) const CASES: &[Case] = &[
    run(
        "guide/server/start",
        GUIDE,
        Must,
        "upsd says what it is, where it listens and which driver it has, and goes to the background.",
        run_check!(start),
    ),
    run(
        "guide/server/no-users",
        GUIDE,
        Must,
        "upsd starts with a upsd.users that names nobody.",
        run_check!(no_users),
    ),
    run(
        "guide/server/listens-there-only",
        GUIDE,
        Must,
        "With one LISTEN line upsd listens at that address and at no other.",
        run_check!(listens),
    ),
    run(
        "guide/server/pid-file",
        GUIDE,
        Must,
        "Neither a missing pid file nor one of a process that is gone keeps upsd from starting.",
        run_check!(pid_file),
    ),
    run(
        "guide/server/upsc",
        GUIDE,
        Must,
        "upsc prints the status alone, OL or OL CHRG, and all variables.",
        run_check!(upsc),
    ),
    run(
        "guide/server/reload",
        GUIDE,
        Must,
        "upsd -c reload takes a new user, and clients stay connected.",
        run_check!(reload),
    ),
];

async fn start(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    guide.start_driver(stage).await?;
    // It returns: what is left runs in the background.
    let said = guide.good(stage, "upsd", &[]).await?;
    has_line(&said, "Network UPS Tools upsd ", "")?;
    let (host, port) = guide.listen();
    says(&said, &format!("listening on {host} port {port}"))?;
    says(&said, &format!("Connected to UPS [{UPS}]: {}", guide.socket()))?;
    guide.answers(stage, "OL").await
}

async fn no_users(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, "").await
}

async fn listens(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, "").await?;
    let port = guide.listen().1;
    for other in ["127.0.0.1", "::1"] {
        let connected = tokio::net::TcpStream::connect((other, port)).await;
        ensure(connected.is_err(), || format!("somebody listens at {other} port {port} too"))?;
    }
    Ok(())
}

async fn pid_file(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.configure(stage, "")?;
    guide.good(stage, "upsd", &[]).await?;
    guide.stop_upsd(stage).await?;
    guide.write("var/state/ups/upsd.pid", &format!("{NOBODY}\n"), 0o644)?;
    guide.good(stage, "upsd", &[]).await?;
    let named = || guide.read("var/state/ups/upsd.pid").is_ok_and(|pid| pid.trim() != NOBODY);
    guide.until("the pid file names another process than the one that is gone", named).await
}

async fn upsc(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, "").await?;
    let system = guide.system();
    let status = guide.run(stage, "upsc", &[&system, "ups.status"]).await?.stdout;
    ensure(matches!(status.as_str(), "OL\n" | "OL CHRG\n"), || format!("ups.status: {status:?}"))?;
    let all = guide.run(stage, "upsc", &[&system]).await?.stdout;
    let mut wanted = vec!["battery.charge: 100", "ups.mfr: EATON"];
    if *stage.target() == Target::Ours {
        wanted.extend([
            "device.model: ",
            "driver.name: usbhid-ups",
            "ups.load: ",
            "outlet.1.",
            "input.transfer.low: ",
        ]);
    }
    wanted.into_iter().try_for_each(|line| {
        ensure(all.lines().any(|seen| seen.starts_with(line)), || format!("no `{line}` in: {all}"))
    })
}

async fn reload(stage: &mut Stage) -> Outcome {
    let mut guide = Guide::begin(stage).await?;
    guide.plug_in(stage, 1.0).await?;
    guide.serve(stage, "").await?;
    let mut client = stage.connect().await?;
    client.says("USERNAME admin", "OK").await?;
    client.says("PASSWORD PLZset@strongpassw0rdh3r3!", "OK").await?;
    let set = format!("SET VAR {UPS} battery.charge 99");
    client.says(&set, "ERR ACCESS-DENIED").await?;
    guide.copy_sample(stage, "upsd.users", ADMIN)?;
    guide.good(stage, "upsd", &["-c", "reload"]).await?;
    // The same connection, as soon as the file was read: another answer than that it may not.
    for _ in 0..200 {
        let answer = client.ask(&set).await?;
        if answer[0] != "ERR ACCESS-DENIED" {
            return Ok(());
        }
        stage.wait(Duration::from_millis(20)).await;
    }
    Err("the running server does not take the new user".into())
}
