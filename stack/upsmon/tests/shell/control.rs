//! Starting, signals, reloading, and what a day costs.

use std::time::Duration;

use outage_host::virt::{EventKind, World};
use outage_host::{ExitStatus, Priority, Signal};
use rstest::rstest;

use crate::server::Server;
use crate::{CONF, Lab};

const PRIMARY: &str = "MONITOR eaton@rack 1 admin secret primary";

#[tokio::test(start_paused = true)]
async fn what_is_said_at_the_start() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, &format!("{PRIMARY}\nMONITOR spare@rack 0 admin secret secondary"));
    lab.until(1.0).await;
    let lines: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Log(_, text) => Some(text),
            EventKind::Ready => Some("ready".into()),
            _ => None,
        })
        .collect();
    assert_eq!(
        lines,
        [
            "UPS: eaton@rack (primary) (power value 1)",
            "UPS: spare@rack (monitoring only)",
            "Using power down flag file /etc/killpower",
            "RUN_AS_USER is not set: everything runs as root",
            "ready",
        ]
    );
}

#[rstest]
#[case::no_monitor("MINSUPPLIES 1", "no UPS definitions in /etc/nut/upsmon.conf")]
#[case::too_little(
    "MONITOR a@b 1 u p primary\nMINSUPPLIES 2",
    "the sum of power values is 1, MINSUPPLIES is 2"
)]
#[case::nothing_valid("MONITOR a@b one u p primary", "no UPS definitions in /etc/nut/upsmon.conf")]
#[tokio::test(start_paused = true)]
async fn configurations_that_cannot_be_used(#[case] conf: &str, #[case] text: &str) {
    let world = World::new(1);
    let lab = Lab::start(&world, conf);
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(1)));
    assert_eq!(lab.find(text).len(), 1, "{:?}", lab.seen());
}

/// What would make a shutdown fail is said while somebody looks, not in the hour of need.
#[rstest]
#[case::no_command("", "no shutdown command defined: this machine will not be shut down")]
#[case::absent("SHUTDOWNCMD \"/sbin/shutdwon -h +0\"", "SHUTDOWNCMD: there is no /sbin/shutdwon")]
#[case::absent_before_more(
    "SHUTDOWNCMD \"/sbin/shutdwon; true\"",
    "SHUTDOWNCMD: there is no /sbin/shutdwon:"
)]
#[case::no_notifycmd("NOTIFYFLAG ONBATT EXEC", "NOTIFYFLAG says EXEC, but there is no NOTIFYCMD")]
#[case::absent_notifycmd("NOTIFYFLAG ONBATT EXEC\nNOTIFYCMD /bin/mial", "NOTIFYCMD: there is no /bin/mial")]
#[case::trust_for_nothing("CERTPATH /etc/nut/ca", "CERTPATH does nothing without CERTVERIFY 1")]
#[tokio::test(start_paused = true)]
async fn what_cannot_be_meant_is_said_at_the_start(#[case] conf: &str, #[case] text: &str) {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = Lab::start_with(&world, &format!("{PRIMARY}\n{conf}\n"), |_| {});
    lab.until(1.0).await;
    assert_eq!(lab.find(text).len(), 1, "{:?}", lab.seen());
}

#[rstest]
#[case("SHUTDOWNCMD halt")]
#[case("SHUTDOWNCMD \"/usr/bin/notify -x\"\nNOTIFYCMD /usr/bin/notify\nNOTIFYFLAG ONBATT EXEC")]
#[case("SHUTDOWNCMD \"/sbin/$WHICH now\"")]
#[case("SHUTDOWNCMD halt\nNOTIFYCMD /nowhere")]
#[case("SHUTDOWNCMD halt\nCERTPATH /etc/nut/ca\nCERTHOST rack rack 1 1")]
#[tokio::test(start_paused = true)]
async fn what_can_be_meant_is_not(#[case] conf: &str) {
    let world = World::new(1);
    let lab = Lab::start_with(&world, &format!("{PRIMARY}\n{conf}\n"), |_| {});
    lab.until(0.0).await;
    let warned = |event: outage_host::virt::Event| match event.kind {
        EventKind::Log(Priority::Warning, text) => Some(text),
        _ => None,
    };
    assert_eq!(world.events().into_iter().filter_map(warned).collect::<Vec<_>>(), [""; 0]);
}

/// DEBUG_MIN shows each status as -DD does, from the start or from a reload on.
#[tokio::test(start_paused = true)]
async fn debug_min_counts_from_the_start_and_after_a_reload() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL CHRG");
    let lab = Lab::start(&world, &format!("{PRIMARY}\nDEBUG_MIN 2"));
    let shown = || {
        let of_status = |event: &outage_host::virt::Event| matches!(&event.kind, EventKind::Log(Priority::Debug(2), text) if text == "UPS [eaton@rack]: status [OL CHRG]");
        world.events().iter().filter(|event| of_status(event)).count()
    };
    lab.until(11.0).await;
    assert_eq!(shown(), 3, "at 0, 5 and 10");
    lab.machine.put_file(CONF, format!("{PRIMARY}\nDEBUG_MIN 0\n"), 0o640).expect("a file");
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(31.0).await;
    assert_eq!(shown(), 3);
}

/// A service manager is told of the start, of reloads, of the end, and in between that nothing hangs.
#[tokio::test(start_paused = true)]
async fn a_service_manager_is_kept_informed() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = Lab::start_with(&world, &format!("{PRIMARY}\nSHUTDOWNCMD halt\n"), |machine| {
        machine.set_env("WATCHDOG_USEC", "8000000");
    });
    lab.until(5.0).await;
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(9.0).await;
    lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(0)));
    let told: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Manager(text) => Some(format!("{} {text}", event.at.as_secs())),
            EventKind::Ready => Some(format!("{} ready", event.at.as_secs())),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 ready",
            "0 WATCHDOG=1",
            "4 WATCHDOG=1",
            "5 RELOADING=1",
            "5 READY=1",
            "8 WATCHDOG=1",
            "9 STOPPING=1"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_configuration() {
    let world = World::new(1);
    let lab = Lab::start_with(&world, "", |machine| machine.remove_file(CONF).expect("it is there"));
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(1)));
    assert_eq!(lab.find("can't open /etc/nut/upsmon.conf").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn faults_are_all_listed_and_the_rest_is_used() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, &format!("POLLFREQ often\nNONSENSE 1\n{PRIMARY}"));
    lab.until(11.0).await;
    let faults = lab.find("upsmon.conf:");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("upsmon.conf:1:") && faults[1].contains("upsmon.conf:2:"), "{faults:?}");
    assert_eq!(server.count("ups.status"), 3);
}

/// A flag from before: of an earlier shutdown, or somebody else's file.
#[rstest]
#[case::ours("upsmon-shutdown-file", false, 1)]
#[case::ours_with_more("upsmon-shutdown-file\n", false, 1)]
#[case::foreign("precious", true, 0)]
#[case::empty("", true, 0)]
#[tokio::test(start_paused = true)]
async fn a_flag_file_that_is_there_already(
    #[case] content: &str,
    #[case] stays: bool,
    #[case] written: usize,
) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let conf = format!("{PRIMARY}\nPOWERDOWNFLAG /etc/killpower\nSHUTDOWNCMD \"halt now\"\n");
    let lab = Lab::start_with(&world, &conf, |machine| {
        machine.put_file("/etc/killpower", content, 0o600).expect("a file");
    });
    lab.until(2.0).await;
    assert_eq!(lab.machine.stat("/etc/killpower").is_ok(), stays);
    assert_eq!(lab.find("does not contain the upsmon magic string - disabling!").len(), usize::from(stays));
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.find("wrote /etc/killpower").len(), written);
    assert_eq!(lab.find("shell").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flag_that_could_not_be_written_is_said_at_the_start() {
    let world = World::new(1);
    let lab = Lab::start_with(&world, &format!("{PRIMARY}\nPOWERDOWNFLAG /no/where/flag\n"), |_| {});
    lab.until(1.0).await;
    assert_eq!(lab.find("the power down flag file /no/where/flag cannot be written").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_says_goodbye() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(0)));
    assert_eq!(server.heard().last().map(String::as_str), Some("7 1 LOGOUT"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_a_mute_server() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL").mute(true);
    let lab = Lab::start(&world, PRIMARY);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Int).expect("it runs");
    assert_eq!(lab.ended(3).await, Some(ExitStatus::Code(0)));
}

#[tokio::test(start_paused = true)]
async fn fsd_by_signal() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Usr2).expect("it runs");
    lab.machine.signal(lab.pid, Signal::Usr1).expect("it runs");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!((server.count("FSD eaton"), lab.find("shell")), (1, vec!["12 shell halt now".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_new_lines_and_drops_old_ones() {
    let world = World::new(1);
    let old = Server::start(&world, "rack", "OL");
    let new = Server::start(&world, "roof", "OL");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(7.0).await;
    lab.machine
        .put_file(CONF, "MONITOR apc@roof 1 admin secret secondary\nPOLLFREQ 2s\n", 0o640)
        .expect("a file");
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(12.0).await;
    assert_eq!(old.heard().last().map(String::as_str), Some("7 1 LOGOUT"));
    assert_eq!(new.count("ups.status"), 3, "at 7, 9 and 11");
}

#[tokio::test(start_paused = true)]
async fn a_reload_of_a_bad_file_changes_nothing() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(7.0).await;
    lab.machine.put_file(CONF, "MINSUPPLIES 4\n", 0o640).expect("a file");
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(8.0).await;
    assert_eq!(lab.find("the old configuration stays in force").len(), 1);
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.find("shell"), ["15 shell halt now"]);
}

#[tokio::test(start_paused = true)]
async fn shutdownexit_no_keeps_the_connection_until_the_end() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "FSD OB LB");
    let lab = Lab::start(&world, "MONITOR eaton@rack 1 admin secret secondary\nSHUTDOWNEXIT no");
    lab.until(65.5).await;
    assert_eq!(lab.find("shell"), ["5 shell halt now"]);
    assert_eq!(server.count("GET NUMLOGINS eaton"), 60);
    lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(0)));
}

#[tokio::test(start_paused = true)]
async fn a_day_is_a_poll_every_five_seconds_and_nothing_else() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL CHRG");
    let lab = Lab::start(&world, PRIMARY);
    lab.until(86_399.0).await;
    assert_eq!((server.count("ups.status"), server.heard().len()), (17_280, 17_287));
    assert_eq!(lab.seen(), [""; 0]);
}

/// What was read before it counts no more: the UPS is asked at once, and upsmon.conf is read again.
#[tokio::test(start_paused = true)]
async fn a_sleep_of_the_machine_is_noticed() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OB");
    let lab =
        Lab::start(&world, "MONITOR eaton@rack 1 admin secret primary\nNOTIFYFLAG SUSPEND_FINISHED SYSLOG");
    lab.until(7.0).await;
    lab.machine.add_sleep(Duration::from_secs(2));
    lab.until(11.0).await;
    assert_eq!(
        lab.find("OS just finished sleep"),
        [
            "10 log OS just finished sleep/suspend/hibernate mode, de-activating obsolete UPS readings to avoid an \
             unfortunate shutdown"
        ]
    );
    assert_eq!(lab.find("Clock jumped"), [""; 0]);
    assert_eq!(lab.find("log UPS eaton@rack on battery").len(), 2, "it is news again");
    assert_eq!(server.count("ups.status"), 3);
}
