//! Power failures, seen from the machine and from the wire.

use std::time::Duration;

use outage_host::ExitStatus;
use outage_host::virt::{Running, World};

use crate::Lab;
use crate::server::Server;

const PRIMARY: &str = "MONITOR eaton@rack 1 admin secret primary\nNOTIFYCMD \"/usr/bin/notify -x\"\n\
                       NOTIFYFLAG ONBATT SYSLOG+WALL+EXEC\nNOTIFYFLAG LOWBATT EXEC";

#[tokio::test(start_paused = true)]
async fn low_battery_from_the_first_notice_to_the_end() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(12.0).await;
    server.status("OB DISCHRG");
    lab.until(22.0).await;
    server.status("OB DISCHRG LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(
        lab.seen(),
        [
            "15 log UPS eaton@rack on battery",
            "15 wall UPS eaton@rack on battery",
            "15 exec [\"/usr/bin/notify\", \"-x\", \"UPS eaton@rack on battery\"] NOTIFYTYPE=ONBATT UPSNAME=eaton@rack",
            "15 end: exit code 0",
            "25 log UPS [eaton@rack] is on battery, and the battery is low",
            "25 log power supplies left: 0, MINSUPPLIES is 1: shutting down",
            "25 exec [\"/usr/bin/notify\", \"-x\", \"UPS eaton@rack battery is low\"] NOTIFYTYPE=LOWBATT UPSNAME=eaton@rack",
            "25 end: exit code 0",
            "25 log UPS eaton@rack: forced shutdown in progress",
            "25 wall UPS eaton@rack: forced shutdown in progress",
            "25 log Executing automatic power-fail shutdown",
            "25 log Auto logout and shutdown proceeding",
            "25 wall Executing automatic power-fail shutdown",
            "25 wall Auto logout and shutdown proceeding",
            "30 wrote /etc/killpower \"upsmon-shutdown-file\" 600",
            "30 shell halt now",
            "30 end: exit code 0",
            "30 end: exit code 0",
        ]
    );
    assert_eq!(
        server.heard(),
        [
            "0 1 STARTTLS",
            "0 1 USERNAME admin",
            "0 1 PASSWORD secret",
            "0 1 LOGIN eaton",
            "0 1 PRIMARY eaton",
            "0 1 GET VAR eaton ups.status",
            "0 1 GET VAR eaton ups.mode.buzzwords",
            "0 1 GET VAR eaton experimental.ups.mode.buzzwords",
            "5 1 GET VAR eaton ups.status",
            "10 1 GET VAR eaton ups.status",
            "15 1 GET VAR eaton ups.status",
            "20 1 GET VAR eaton ups.status",
            "25 1 GET VAR eaton ups.status",
            "25 1 FSD eaton",
            "25 1 GET NUMLOGINS eaton",
            "30 1 LOGOUT",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn out_and_back() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(7.0).await;
    server.status("OB");
    lab.until(60.0).await;
    server.status("OL CHRG");
    lab.until(3600.0).await;
    assert_eq!(
        lab.find(" log "),
        ["10 log UPS eaton@rack on battery", "60 log UPS eaton@rack on line power"],
        "and no shutdown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_secondary_obeys_the_primary_and_sets_nothing() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret secondary");
    lab.until(6.0).await;
    server.status("FSD OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.find("shell"), ["15 shell halt now"]);
    assert_eq!(
        server.count("FSD eaton") + server.count("PRIMARY eaton") + server.count("GET NUMLOGINS eaton"),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn secondaries_leave_first() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    server.logins(3);
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(7.0).await;
    server.status("OB LB");
    lab.until(14.1).await;
    server.logins(1);
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.find("shell"), ["19.25 shell halt now"]);
    assert_eq!(lab.find("log Shutdown initiated").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn alarms_are_read_only_while_there_are_some() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    server.answer("GET VAR eaton ups.alarm", "VAR eaton ups.alarm \"Fan failure\"");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(12.0).await;
    server.status("ALARM OL");
    lab.until(22.0).await;
    server.status("OL");
    lab.until(40.0).await;
    assert_eq!(
        lab.find(" log "),
        [
            "15 log UPS eaton@rack: one or more active alarms: [Fan failure]",
            "25 log UPS eaton@rack is no longer in an alarm state (no active alarms)"
        ]
    );
    assert_eq!(server.count("ups.alarm"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_with_buzzwords_is_asked_for_them() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let name = "experimental.ups.mode.buzzwords";
    server.answer(&format!("GET VAR eaton {name}"), &format!("VAR eaton {name} \"vendor:default:ECO\""));
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary");
    lab.until(21.0).await;
    assert_eq!(lab.find(" log "), ["0 log UPS eaton@rack: in ECO mode (as defined by vendor)"]);
    assert_eq!((server.count("eaton ups.mode.buzzwords"), server.count(name)), (1, 5));
}

/// CHARGESHUTDOWN: the charge is asked for on battery only, and only if it is to be known.
#[rstest::rstest]
#[case("CHARGESHUTDOWN 20", Some("25 shell halt now"), 2)]
#[case("CHARGESHUTDOWN 10", None, 9)]
#[case("", None, 0)]
#[tokio::test(start_paused = true)]
async fn charge_on_battery(#[case] line: &str, #[case] ran: Option<&str>, #[case] asked: usize) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    server.answer("GET VAR eaton battery.charge", "VAR eaton battery.charge \"50\"");
    let lab = Lab::start(&world, &format!("MONITOR eaton@rack 1 admin secret primary\n{line}"));
    lab.until(12.0).await;
    server.status("OB DISCHRG");
    lab.until(17.0).await;
    server.answer("GET VAR eaton battery.charge", "VAR eaton battery.charge \"20\"");
    lab.until(59.0).await;
    assert_eq!(lab.find("shell").first().map(String::as_str), ran);
    assert_eq!(server.count("battery.charge"), asked);
}

/// A calibration that a restart of the driver interrupts (nut#2794): by NUT's rule it is the end of the machine.
#[rstest::rstest]
#[case("", 0)]
#[case("COMPAT nut", 1)]
#[tokio::test(start_paused = true)]
async fn a_driver_that_restarts_amid_a_calibration(#[case] line: &str, #[case] shutdowns: usize) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL CAL");
    let lab = Lab::start(&world, &format!("MONITOR eaton@rack 1 admin secret primary\n{line}"));
    lab.until(12.0).await;
    server.answer("GET VAR eaton ups.status", "ERR DRIVER-NOT-CONNECTED");
    lab.until(24.0).await;
    server.answer("GET VAR eaton ups.status", "");
    lab.until(120.0).await;
    assert_eq!(lab.find("shell halt now").len(), shutdowns);
}

/// What upsmon says goes by way of upssched: a timer that the power's coming back calls off, then one that is over.
#[tokio::test(start_paused = true)]
async fn upssched_is_its_notifycmd() {
    let conf = "MONITOR eaton@rack 1 admin secret primary\nNOTIFYCMD /sbin/upssched\n\
                NOTIFYFLAG ONBATT SYSLOG+EXEC\nNOTIFYFLAG ONLINE SYSLOG+EXEC\n";
    let rules = "CMDSCRIPT /bin/cmd\nPIPEFN /run/nut/pipe\nLOCKFN /run/nut/lock\n\
                 AT ONBATT * START-TIMER onbatt 30\nAT ONLINE * CANCEL-TIMER onbatt back\n";
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start_with(&world, conf, |machine| {
        machine.put_file("/etc/nut/upssched.conf", rules, 0o640).expect("a file");
        machine.on_spawn(|spawn| {
            let words: Vec<_> = spawn.command.argv.iter().skip(1).cloned().collect();
            match (spawn.program(), words.iter().any(|word| word == "--timers")) {
                ("upssched", true) => {
                    spawn.background("upssched", |host| outage_upsmon::upssched::run(words, host))
                }
                ("upssched", false) => {
                    spawn.foreground("upssched", |host| outage_upsmon::upssched::run(words, host))
                }
                _ => Running::Exit(ExitStatus::Code(0), Duration::ZERO),
            }
        });
    });
    for (at, status) in [(7.0, "OB"), (27.0, "OL"), (57.0, "OB"), (107.0, "OL")] {
        lab.until(at).await;
        server.status(status);
    }
    lab.until(200.0).await;
    assert_eq!(
        lab.find("/bin/cmd"),
        [
            "90 exec [\"/bin/cmd\", \"onbatt\"] NOTIFYTYPE=ONBATT UPSNAME=eaton@rack NOTIFYMSG=UPS eaton@rack on battery",
            "110 exec [\"/bin/cmd\", \"back\"] NOTIFYTYPE=ONLINE UPSNAME=eaton@rack NOTIFYMSG=UPS eaton@rack on line power",
        ]
    );
    assert!(lab.machine.pid("upssched").is_none());
}
