//! The parent that keeps root's rights, and the child that watches without them.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use outage_host::virt::{EventKind, Running, Spawn, World};
use outage_host::{ExitStatus, Signal};
use rstest::rstest;

use crate::server::Server;
use crate::{Lab, programs};

const CONF: &str = "MONITOR eaton@rack 1 admin secret primary\nRUN_AS_USER nut\nSHUTDOWNCMD \"halt now\"\n\
                    POWERDOWNFLAG /etc/killpower\n";

/// The program that the parent starts is upsmon once more.
fn upsmon(spawn: &Spawn) -> Running {
    if spawn.program() != "upsmon" {
        return programs(spawn);
    }
    let args = spawn.command.argv[1..].to_vec();
    spawn.foreground("upsmon-child", |host| outage_upsmon::upsmon(args, host))
}

fn start(world: &World) -> Lab {
    Lab::start_with(world, CONF, |machine| machine.on_spawn(upsmon))
}

#[tokio::test(start_paused = true)]
async fn the_child_watches_and_the_parent_shuts_down() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = start(&world);
    lab.until(7.0).await;
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    let by: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| {
            let what = match event.kind {
                EventKind::BecameUser(user, _) => format!("became {user}"),
                EventKind::Wrote(path, ..) => format!("wrote {}", path.display()),
                EventKind::Spawned(_, command) if command.shell => "shut down".into(),
                EventKind::Exited(_, status) => format!("end: {status}"),
                _ => return None,
            };
            (&*event.machine == "desk").then(|| format!("{} {} {what}", event.at.as_secs(), event.process))
        })
        .collect();
    assert_eq!(
        by,
        [
            "0 upsmon-child became nut",
            "15 upsmon wrote /etc/killpower",
            "15 upsmon shut down",
            "15 halt now end: exit code 0",
            "15 upsmon-child end: exit code 0",
            "15 upsmon end: exit code 0",
        ]
        .map(|line| line.replace("halt now end", "sh end"))
    );
    assert!(lab.machine.files().iter().all(|file| !file.to_string_lossy().ends_with(".sock")));
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_the_parent_stops_the_child() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = start(&world);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(0)));
    assert_eq!(server.count("LOGOUT"), 1);
    assert_eq!(lab.machine.pid("upsmon-child"), None);
}

/// No signal ends the parent without its child, from before there is one: when it comes as the child is started, before
/// the child has reported, or before it takes signals itself.
#[rstest]
#[case::as_it_is_started(Duration::ZERO, None)]
#[case::before_it_reports(Duration::from_secs(3), Some(1.0))]
#[tokio::test(start_paused = true)]
async fn a_stop_while_the_child_is_started(#[case] late: Duration, #[case] at: Option<f64>) {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let parent = Arc::new(OnceLock::new());
    let own = Arc::clone(&parent);
    let lab = Lab::start_with(&world, CONF, |machine| {
        let there = machine.clone();
        machine.on_spawn(move |spawn| {
            if at.is_none() {
                there.signal(*own.get().expect("it was started"), Signal::Term).expect("it runs");
            }
            let args = spawn.command.argv[1..].to_vec();
            spawn.foreground("upsmon-child", |host| async move {
                host.sleep(late).await;
                outage_upsmon::upsmon(args, host).await
            })
        });
    });
    parent.set(lab.pid).expect("once");
    if let Some(at) = at {
        lab.until(at).await;
        lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    }
    assert_eq!(lab.ended(10).await, Some(ExitStatus::Code(0)));
    assert_eq!(lab.machine.pid("upsmon-child"), None);
    assert!(lab.machine.files().iter().all(|file| !file.to_string_lossy().ends_with(".sock")));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_dies_ends_the_parent_with_an_error() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = start(&world);
    lab.until(7.0).await;
    let child = lab.machine.pid("upsmon-child").expect("it runs");
    lab.machine.signal(child, Signal::Kill).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(1)));
    assert_eq!(lab.find("was ended by signal 9").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_dies_is_said_and_the_child_does_what_it_can() {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = start(&world);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Kill).expect("it runs");
    lab.until(130.0).await;
    let notices = lab.find("log upsmon parent process died - shutdown impossible");
    assert_eq!(notices.len(), 2, "{notices:?}");
    server.status("OB LB");
    lab.until(150.0).await;
    assert_eq!(lab.find("shell"), ["135 shell halt now"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_be_started_is_fatal() {
    let world = World::new(1);
    let lab = Lab::start_with(&world, CONF, |_| {});
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(1)));
    assert_eq!(lab.find("failed to start the process that watches as user nut").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_is_not_there_is_fatal_at_once() {
    let world = World::new(1);
    let conf = CONF.replace("RUN_AS_USER nut", "RUN_AS_USER nosuch");
    let lab = Lab::start_with(&world, &conf, |machine| machine.on_spawn(upsmon));
    assert_eq!(lab.ended(1).await, Some(ExitStatus::Code(1)));
    assert_eq!(lab.find("there is no user nosuch: name another one with RUN_AS_USER").len(), 1);
    assert!(!world.events().iter().any(|event| event.kind == EventKind::Ready));
}

/// The parent says to the service manager what the child has to say: that the one who watches does not hang.
#[tokio::test(start_paused = true)]
async fn the_parent_passes_on_the_child_s_signs_of_life() {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = Lab::start_with(&world, CONF, |machine| {
        machine.set_env("WATCHDOG_USEC", "6000000");
        machine.on_spawn(upsmon);
    });
    lab.until(10.0).await;
    lab.machine.signal(lab.pid, Signal::Term).expect("it runs");
    assert_eq!(lab.ended(5).await, Some(ExitStatus::Code(0)));
    let told: Vec<_> = world
        .events()
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Manager(text) => Some(format!("{} {} {text}", event.at.as_secs(), event.process)),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 upsmon WATCHDOG=1",
            "3 upsmon WATCHDOG=1",
            "6 upsmon WATCHDOG=1",
            "9 upsmon WATCHDOG=1",
            "10 upsmon STOPPING=1",
            "10 upsmon-child STOPPING=1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_child_that_never_reports_is_ended() {
    let world = World::new(1);
    let lab = Lab::start_with(&world, CONF, |machine| {
        machine.on_spawn(|_| Running::Exit(ExitStatus::Code(0), Duration::from_secs(3600)));
    });
    assert_eq!(lab.ended(40).await, Some(ExitStatus::Code(1)));
}
