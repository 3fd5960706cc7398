//! Servers, programs and disks that fail: none of them may hold up or prevent a shutdown.

use std::io;

use outage_host::ExitStatus;
use outage_host::virt::World;
use rstest::rstest;

use crate::Lab;
use crate::server::Server;

/// How a server can be dead.
#[derive(Clone, Copy, Debug)]
enum Dead {
    /// Its machine has no power.
    Off,
    /// It takes connections, and never answers.
    Mute,
    /// The machine is there, but no upsd.
    Refusing,
    /// There is no such name.
    Unknown,
}

#[rstest]
#[case(Dead::Off)]
#[case(Dead::Mute)]
#[case(Dead::Refusing)]
#[case(Dead::Unknown)]
#[tokio::test(start_paused = true)]
async fn a_dead_server_delays_nobody(#[case] dead: Dead) {
    let world = World::new(1);
    let good = Server::start(&world, "rack", "OL");
    match dead {
        Dead::Off => world.machine("dead").stop(),
        Dead::Mute => Server::start(&world, "dead", "OL").mute(true),
        Dead::Refusing => _ = world.machine("dead"),
        Dead::Unknown => {}
    }
    let conf =
        "MONITOR other@dead 1 admin secret primary\nMONITOR eaton@rack 1 admin secret primary\nMINSUPPLIES 2";
    let lab = Lab::start(&world, conf);
    lab.until(12.0).await;
    good.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    let polls: Vec<_> = good.heard().into_iter().filter(|line| line.ends_with("ups.status")).collect();
    assert_eq!(polls, [0, 5, 10, 15].map(|at| format!("{at} 1 GET VAR eaton ups.status")));
    // FSD can't reach the dead one: two seconds are the most that may cost each of its steps.
    let ran = lab.find("shell halt now");
    let at: f64 = ran[0].split(' ').next().and_then(|at| at.parse().ok()).expect("a time");
    let limit = if matches!(dead, Dead::Refusing | Dead::Unknown) { 20.0 } else { 26.0 };
    assert!((20.0..=limit).contains(&at), "{at}");
    assert_eq!(good.count("FSD eaton"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_on_battery() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary\nHOSTSYNC 3");
    lab.until(7.0).await;
    server.status("OB");
    lab.until(12.0).await;
    server.mute(true);
    assert_eq!(lab.ended(120).await, Some(ExitStatus::Code(0)));
    // The last status was read at 10; DEADTIME, a second for the last answer, then FSD at the dead server, then 5.
    assert_eq!(
        lab.find("has not answered for DEADTIME"),
        [
            "26 log UPS [eaton@rack] was last known to be on battery and has not answered for DEADTIME, assuming a low battery"
        ]
    );
    let ran = lab.find("shell halt now");
    let at: f64 = ran[0].split(' ').next().and_then(|at| at.parse().ok()).expect("a time");
    assert!(at <= 26.0 + 3.25 + 5.0, "{at}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_on_line_power_costs_nothing_but_notices() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary\nPOLLFAIL_LOG_THROTTLE_MAX 0");
    lab.until(7.0).await;
    server.answer("GET VAR eaton ups.status", "ERR DATA-STALE");
    lab.until(320.0).await;
    server.answer("GET VAR eaton ups.status", "");
    lab.until(400.0).await;
    assert_eq!(
        lab.find(" log "),
        [
            "10 log Poll UPS [eaton@rack] failed - Data stale",
            "10 log Communications with UPS eaton@rack lost",
            "305 log UPS eaton@rack is unavailable",
            "320 log Communications with UPS eaton@rack established",
        ]
    );
    assert_eq!(server.count("LOGIN eaton"), 1, "stale data leave the connection as it is");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_restarts_is_logged_in_to_again() {
    let world = World::new(1);
    let machine = world.machine("rack");
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(7.0).await;
    let upsd = machine.pid("upsd").expect("it runs");
    machine.signal(upsd, outage_host::Signal::Kill).expect("it runs");
    lab.until(8.0).await;
    let again = Server::start(&world, "rack", "OL");
    lab.until(30.0).await;
    assert_eq!(
        lab.find(" log "),
        [
            "10 log Poll UPS [eaton@rack] failed - Write error: Broken pipe",
            "10 log Communications with UPS eaton@rack lost",
            "15 log Communications with UPS eaton@rack established",
        ]
    );
    assert_eq!((server.count("LOGIN eaton"), again.count("LOGIN eaton")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_said_and_tried_again_while_polling_goes_on() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    server.answer("LOGIN eaton", "ERR ACCESS-DENIED");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin \"PLZset@strongpassw0rdh3r3!\" master");
    lab.until(50.0).await;
    assert_eq!(
        lab.find(" log "),
        [
            "0 log Login on UPS [eaton@rack] failed - got [ERR ACCESS-DENIED]",
            "0 log user admin has no 'upsmon primary' in upsd.users on rack, or the password differs; the UPS is watched \
             all the same, but upsd does not count this machine in, and the login is tried again",
        ]
    );
    assert_eq!((server.count("LOGIN eaton"), server.count("ups.status")), (2, 10));
    server.answer("LOGIN eaton", "");
    lab.until(65.0).await;
    assert_eq!(
        lab.find("Login on UPS").last().map(String::as_str),
        Some("60 log Login on UPS [eaton@rack] succeeded")
    );
    assert_eq!((server.count("USERNAME admin"), server.count("PRIMARY eaton")), (1, 1));
    assert_eq!(lab.find("strongpassw0rd"), [""; 0], "no password in the log");
}

#[tokio::test(start_paused = true)]
async fn notices_that_hang_hold_nothing_up() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let conf = "MONITOR eaton@rack 1 admin secret primary\nNOTIFYCMD /usr/bin/hang\nNOTIFYFLAG LOWBATT EXEC\n\
                NOTIFYFLAG SHUTDOWN EXEC\nFINALDELAY 0";
    let lab = Lab::start(&world, conf);
    lab.until(7.0).await;
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.find("shell"), ["10 shell halt now"]);
    assert_eq!(lab.find("/usr/bin/hang").len(), 2, "both notices are on their way");
}

/// Each trouble of NOTIFYCMD is said once, by its name; what comes after success is news again.
#[rstest]
#[case::missing("/nowhere", &["0 log NOTIFYCMD /nowhere cannot be run: entity not found; this is not said again until it changes"])]
#[case::fails("fail", &["0 log NOTIFYCMD fail ended with exit code 3; this is not said again until it changes"])]
#[case::hangs(
    "/usr/bin/hang",
    &["301 log NOTIFYCMD /usr/bin/hang has been running for 5 minutes and is not waited for any more; \
       this is not said again until it changes"]
)]
#[tokio::test(start_paused = true)]
async fn trouble_with_notifycmd_is_said_once(#[case] command: &str, #[case] said: &[&str]) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OB");
    let conf = format!(
        "MONITOR eaton@rack 1 admin secret primary\nNOTIFYCMD {command}\nNOTIFYFLAG ONBATT EXEC\nNOTIFYFLAG ONLINE EXEC"
    );
    let lab = Lab::start(&world, &conf);
    for (at, status) in [(3.0, "OL"), (8.0, "OB"), (13.0, "OL")] {
        lab.until(at).await;
        server.status(status);
    }
    lab.until(700.0).await;
    assert_eq!(lab.find("this is not said again"), said);
    assert_eq!(server.count("ups.status"), 140, "polling goes on");
}

/// However many hang, each is started before the shutdown command is, which is not held up by them.
#[tokio::test(start_paused = true)]
async fn notices_that_hang_do_not_keep_those_behind_them() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let conf = "MONITOR eaton@rack 1 admin secret secondary\nNOTIFYCMD /usr/bin/hang\nNOTIFYFLAG LOWBATT EXEC\n\
                NOTIFYFLAG ONBATT EXEC\nNOTIFYFLAG FSD EXEC\nNOTIFYFLAG SHUTDOWN EXEC\nFINALDELAY 0";
    let lab = Lab::start(&world, conf);
    lab.until(7.0).await;
    server.status("FSD OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    let started: Vec<_> = lab
        .seen()
        .iter()
        .filter(|line| line.contains("NOTIFYTYPE=") || line.contains("shell"))
        .map(|line| line.rsplit("NOTIFYTYPE=").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        started,
        [
            "FSD UPSNAME=eaton@rack",
            "ONBATT UPSNAME=eaton@rack",
            "LOWBATT UPSNAME=eaton@rack",
            "SHUTDOWN UPSNAME=",
            "10 shell halt now",
        ]
    );
}

/// A link of three hangs half-open, one is refused, one goes on: the shutdown is what it would be without them, and the
/// same each time.
#[tokio::test(start_paused = true)]
async fn equal_seeds_give_equal_traces_also_in_a_hurry() {
    async fn trace() -> Vec<String> {
        let world = World::new(7);
        let good = Server::start(&world, "rack", "OL");
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let mut conf = "MONITOR eaton@rack 1 admin secret primary\nMINSUPPLIES 1\nHOSTSYNC 3\n".to_owned();
        for name in names {
            Server::start(&world, name, "OL").mute(true);
            conf += &format!("MONITOR ups@{name} 0 admin secret primary\n");
        }
        let lab = Lab::start(&world, &conf);
        lab.until(12.0).await;
        good.status("OB LB");
        assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
        world.events().iter().map(|event| format!("{event:?}")).collect()
    }
    let first = trace().await;
    for _ in 0..5 {
        assert_eq!(trace().await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flag_that_cannot_be_written_is_said_loudly_and_the_machine_goes_down() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(7.0).await;
    lab.machine.fail_files("/etc", Some(io::ErrorKind::ReadOnlyFilesystem));
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    let lines = lab.find("failed to write the power down flag file /etc/killpower");
    assert_eq!(lines.iter().map(|line| &line[..8]).collect::<Vec<_>>(), ["15 log f", "15 wall "]);
    assert_eq!(lab.find("shell"), ["15 shell halt now"]);
}

#[rstest]
#[case::fails("SHUTDOWNCMD fail", "the shutdown command fail ended with exit code 3")]
#[case::missing("SHUTDOWNCMD /nowhere", "unable to call shutdown command: /nowhere: entity not found")]
#[case::none("", "no shutdown command defined (SHUTDOWNCMD)")]
#[tokio::test(start_paused = true)]
async fn a_shutdown_command_that_fails(#[case] command: &str, #[case] text: &str) {
    let world = World::new(1);
    Server::start(&world, "rack", "FSD OB LB");
    let conf = format!("MONITOR eaton@rack 1 admin secret secondary\n{command}\n");
    let lab = Lab::start_with(&world, &conf, |_| {});
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(1)));
    let text = format!("Unable to shut this machine down: {text}");
    assert_eq!(lab.find("Unable"), [format!("5 log {text}"), format!("5 wall {text}")]);
}

/// It is waited for long, since some end virtual machines one by one; then SHUTDOWNEXIT counts as ever.
#[rstest]
#[case("", 605.0)]
#[case("SHUTDOWNEXIT 7", 612.0)]
#[tokio::test(start_paused = true)]
async fn a_shutdown_command_that_hangs(#[case] conf: &str, #[case] end: f64) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "FSD OB LB");
    let conf = format!("MONITOR eaton@rack 1 admin secret secondary\nSHUTDOWNCMD hang\n{conf}\n");
    let lab = Lab::start_with(&world, &conf, |_| {});
    assert_eq!(lab.ended(700).await, Some(ExitStatus::Code(1)));
    let text = "Unable to shut this machine down: the shutdown command hang still runs after 10 minutes";
    assert_eq!(lab.find("Unable"), [format!("605 log {text}"), format!("605 wall {text}")]);
    assert_eq!(world.now().as_secs_f64(), end);
    assert_eq!(server.count("LOGOUT"), 1, "the login is held until then");
}
