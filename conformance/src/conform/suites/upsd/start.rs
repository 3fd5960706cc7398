//! Starting and ending: what stops upsd from starting, what does not, and the command line.

use std::time::Duration;

use super::{SEEN, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::lab::Start;
use crate::conform::{Case, Miss, Outcome, Setup, Stage, ensure, ensure_eq};
use crate::run_check;

const MAN: &str = "upsd(8)";

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/start/no-device",
        "upsd.conf(5), ALLOW_NO_DEVICE",
        Must,
        "Without any UPS upsd does not start.",
        "
        setup: bare
        setup: fresh
        setup: no-wait
        setup: upsd.conf ALLOW_NO_DEVICE false
        ended 1
        log ~ at least one UPS must be defined
        ",
    ),
    talk(
        "upsd/start/no-address",
        "upsd.conf(5), LISTEN",
        Must,
        "With no address to listen on upsd does not start, and says so.",
        "
        real-only: any address can be listened on there
        setup: fresh
        setup: no-wait
        setup: no-listen
        setup: upsd.conf LISTEN 192.0.2.1 34930
        ended 1
        log ~ 192\\.0\\.2\\.1
        ",
    ),
    talk(
        "upsd/start/bad-port",
        "upsd.conf(5), LISTEN",
        Should,
        "A port that is none stops upsd from starting, with a message that names it.",
        "
        setup: fresh
        setup: no-wait
        setup: no-listen
        setup: upsd.conf LISTEN 127.0.0.1 notaport
        ended 1
        log ~ notaport
        ",
    ),
    talk(
        "upsd/start/stop-by-command",
        "upsd(8), -c stop and -FF",
        Must,
        "`upsd -c stop` ends the upsd of the PID file, which -FF writes.",
        "
        real-only: programs reach no others by PID file there
        setup: fresh
        setup: argument -F
        > PROTVER
        < 1.3
        run upsd -c stop
        exit 0
        closed
        ended 0
        ",
    ),
    talk(
        "upsd/start/commands-may-be-short",
        SEEN,
        Observed,
        "The command of -c may be shortened.",
        "
        real-only: programs reach no others by PID file there
        setup: fresh
        setup: argument -F
        run upsd -c s
        exit 0
        ended 0
        ",
    ),
    talk(
        "upsd/start/second",
        SEEN,
        Observed,
        "A second upsd does not start beside the one of the PID file.",
        "
        real-only: programs reach no others by PID file there
        setup: fresh
        setup: argument -F
        run upsd -F
        exit 1
        > PROTVER
        < 1.3
        ",
    ),
    talk(
        "upsd/start/one-address-of-two",
        "upsd.conf(5) of NUT 2.8.2, ALLOW_NOT_ALL_LISTENERS; nut#723",
        Must,
        "With ALLOW_NOT_ALL_LISTENERS an address that is not there does not keep upsd from serving the others.",
        r#"
        real-only: any address can be listened on there
        setup: fresh
        setup: upsd.conf ALLOW_NOT_ALL_LISTENERS true
        setup: upsd.conf LISTEN 192.0.2.1 34930
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        log ~ 192\.0\.2\.1
        "#,
    ),
    talk(
        "upsd/start/not-all-addresses",
        "upsd.conf(5) of NUT 2.8.2, ALLOW_NOT_ALL_LISTENERS",
        Should,
        "Without ALLOW_NOT_ALL_LISTENERS upsd does not start when one of its addresses is not there.",
        r#"
        real-only: any address can be listened on there
        setup: fresh
        setup: no-wait
        setup: upsd.conf LISTEN 192.0.2.1 34930
        ended 1
        log ~ 192\.0\.2\.1
        "#,
    ),
    run(
        "upsd/start/address-taken",
        "upsd.conf(5) of NUT 2.8.2, ALLOW_NOT_ALL_LISTENERS",
        Should,
        "An address that another program listens on stops upsd from starting, and is named.",
        run_check!(address_taken),
    ),
    run(
        "upsd/start/no-device-environment",
        "upsd.conf(5), ALLOW_NO_DEVICE (an environment variable of this name counts more)",
        Must,
        "With ALLOW_NO_DEVICE=true in its environment upsd starts without any UPS.",
        run_check!(no_device_environment),
    ),
    run(
        "upsd/start/term",
        MAN,
        Must,
        "SIGTERM ends upsd with 0, and hangs up on everyone.",
        run_check!(term),
    ),
    run("upsd/start/interrupt", SEEN, Observed, "SIGINT ends upsd with 0.", run_check!(interrupt)),
    run("upsd/start/version", MAN, Must, "`upsd -V` shows the version and ends with 0.", run_check!(version)),
    run("upsd/start/help", MAN, Must, "`upsd -h` shows its options and ends with 0.", run_check!(help)),
    run(
        "upsd/start/unknown-command",
        SEEN,
        Observed,
        "`upsd -c nonsense` shows the options, does nothing, and starts no server.",
        run_check!(unknown_command),
    ),
    run(
        "upsd/start/stop-nobody",
        MAN,
        Must,
        "`upsd -c stop` ends with an error when no upsd runs.",
        run_check!(stop_nobody),
    ),
    run(
        "upsd/start/no-users",
        SEEN,
        Observed,
        "Without a upsd.users upsd does not start.",
        run_check!(no_users),
    ),
    run(
        "upsd/start/no-upsd-conf",
        SEEN,
        Observed,
        "Without a upsd.conf upsd does not start.",
        run_check!(no_upsd_conf),
    ),
    run(
        "upsd/start/world-readable",
        "upsd(8) (do not make them world-readable)",
        Should,
        "A upsd.users that everybody can read is a warning in the log, and upsd starts.",
        run_check!(world_readable),
    ),
];

async fn term(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    let mut wire = stage.connect().await?;
    wire.says("PROTVER", "1.3").await?;
    let code = stage.stop().await?;
    ensure_eq("its exit code", code, Some(0))?;
    wire.closed().await
}

async fn interrupt(stage: &mut Stage) -> Outcome {
    stage.upsd(Setup::standard().alone()).await?;
    stage.signal(outage_host::Signal::Int)?;
    let code = stage.upsd_ended().await?;
    ensure_eq("its exit code", code, Some(0))
}

async fn version(stage: &mut Stage) -> Outcome {
    let ran = stage.program("upsd", &["-V"]).await?;
    ensure_eq("its exit code", ran.code, Some(0))?;
    let first = ran.stdout.lines().next().unwrap_or_default().to_owned();
    ensure(first.starts_with("Network UPS Tools upsd "), || format!("it shows {first:?}"))
}

async fn help(stage: &mut Stage) -> Outcome {
    let ran = stage.program("upsd", &["-h"]).await?;
    ensure_eq("its exit code", ran.code, Some(0))?;
    for option in ["-c ", "-P ", "-D", "-F", "-B", "-h", "-r ", "-q", "-u ", "-V", "-4", "-6"] {
        ensure(ran.stdout.contains(option), || format!("it does not show {option}: {}", ran.stdout))?;
    }
    Ok(())
}

async fn unknown_command(stage: &mut Stage) -> Outcome {
    let ran = stage.program("upsd", &["-c", "nonsense"]).await?;
    ensure(!ran.hung, || "it went on running".to_owned())?;
    let shown = ran.stdout + &ran.stderr;
    ensure(shown.contains("reload") && shown.contains("stop"), || format!("it shows {shown:?}"))
}

async fn stop_nobody(stage: &mut Stage) -> Outcome {
    stage.end_upsd().await;
    let ran = stage.program("upsd", &["-c", "stop"]).await?;
    ensure(!ran.hung && ran.code.is_some_and(|code| code != 0), || format!("it ended with {:?}", ran.code))
}

/// Starts upsd by hand in a folder that `spoil` has changed; its exit code and what it said.
async fn start_spoilt(stage: &mut Stage, file: &str) -> Result<(Option<i32>, String), Miss> {
    stage.upsd(Setup::standard().alone()).await?;
    stage.end_upsd().await;
    stage.touch();
    let gone = stage.lab().remove(&format!("etc/{file}"));
    gone.map_err(|error| Miss::Fail(format!("failed to remove {file}: {error}")))?;
    let ran = stage.run(Start::new("upsd", &["-F"]), Duration::from_secs(3)).await?;
    ensure(!ran.hung, || format!("it started without {file}"))?;
    Ok((ran.code, ran.stdout + &ran.stderr))
}

async fn no_users(stage: &mut Stage) -> Outcome {
    let (code, said) = start_spoilt(stage, "upsd.users").await?;
    ensure(code == Some(1) && said.contains("upsd.users"), || format!("it ended with {code:?}: {said}"))
}

async fn no_upsd_conf(stage: &mut Stage) -> Outcome {
    let (code, said) = start_spoilt(stage, "upsd.conf").await?;
    ensure(code == Some(1) && said.contains("upsd.conf"), || format!("it ended with {code:?}: {said}"))
}

async fn world_readable(stage: &mut Stage) -> Outcome {
    let setup = Setup::standard().alone();
    let users = setup.upsd_users_text();
    stage.upsd(setup).await?;
    stage.write("etc/upsd.users", &users, 0o644)?;
    stage.reload().await?;
    stage.logged("upsd.users is world readable").await?;
    let mut wire = stage.connect().await?;
    wire.says("GET VAR dummy ups.status", "VAR dummy ups.status \"OL\"").await
}

async fn no_device_environment(stage: &mut Stage) -> Outcome {
    stage.end_upsd().await;
    stage.touch();
    let (host, port) = stage.lab().upsd_address();
    stage.write("etc/ups.conf", "", 0o640)?;
    stage.write("etc/upsd.users", "", 0o640)?;
    stage.write("etc/upsd.conf", &format!("LISTEN {host} {port}\n"), 0o640)?;
    let mut start = Start::new("upsd", &["-F"]);
    start.environment.push(("ALLOW_NO_DEVICE".to_owned(), "true".to_owned()));
    let mut upsd = stage.start(start).await?;
    let begun = stage.record().now();
    let answer = loop {
        if let Ok(mut wire) = stage.connect().await {
            break wire.ask("LIST UPS").await;
        }
        if stage.record().now() > begun + Duration::from_secs(3) {
            let (out, err) = upsd.output();
            break Err(Miss::Fail(format!("it does not serve: {out}{err}")));
        }
        stage.wait(Duration::from_millis(20)).await;
    };
    upsd.signal(outage_host::Signal::Term);
    upsd.ended().await;
    ensure_eq("LIST UPS", answer?, vec!["BEGIN LIST UPS".to_owned(), "END LIST UPS".to_owned()])
}

async fn address_taken(stage: &mut Stage) -> Outcome {
    if stage.is_virtual() {
        return Err(Miss::Skipped("the harness has a machine of its own there".to_owned()));
    }
    let taken = stage.lab().listen_tcp().await;
    let (address, _listener) = taken.map_err(|error| Miss::Fail(format!("failed to listen: {error}")))?;
    let (host, port) = address.rsplit_once(':').unwrap_or((&address, ""));
    let mut setup = Setup::standard().conf(format!("LISTEN {host} {port}")).alone();
    setup.no_wait = true;
    stage.upsd(setup).await?;
    let code = stage.upsd_ended().await?;
    let log = stage.log();
    ensure(code == Some(1) && log.contains(port), || format!("it ended with {code:?}: {log}"))
}
