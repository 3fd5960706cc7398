//! `-K`, and `-c` to a running upsmon.

use outage_host::ExitStatus;
use outage_host::virt::World;
use rstest::rstest;

use crate::server::Server;
use crate::{CONF, Lab};

/// Runs `upsmon` with these arguments as a process of its own.
async fn upsmon(lab: &Lab, args: &[&str]) -> ExitStatus {
    let args: Vec<_> = args.iter().map(|&word| word.to_owned()).collect();
    let pid = lab.machine.run("tool", |host| outage_upsmon::upsmon(args, host));
    lab.machine.exited(pid).await.expect("it was started")
}

fn idle(world: &World, conf: &str) -> Lab {
    let machine = world.machine("desk");
    machine.put_file(CONF, conf, 0o640).expect("a file");
    Lab { world: world.clone(), machine, pid: 0 }
}

#[rstest]
#[case::set("POWERDOWNFLAG /etc/killpower", Some("upsmon-shutdown-file"), 0)]
#[case::set_by_an_editor("POWERDOWNFLAG /etc/killpower", Some("upsmon-shutdown-file\nmore\n"), 0)]
#[case::absent("POWERDOWNFLAG /etc/killpower", None, 1)]
#[case::foreign("POWERDOWNFLAG /etc/killpower", Some("hello"), 1)]
#[case::cut("POWERDOWNFLAG /etc/killpower", Some("upsmon-shut"), 1)]
#[case::empty("POWERDOWNFLAG /etc/killpower", Some(""), 1)]
#[case::unconfigured("MINSUPPLIES 1", Some("upsmon-shutdown-file"), 1)]
#[tokio::test(start_paused = true)]
async fn whether_the_power_is_to_be_cut(#[case] conf: &str, #[case] flag: Option<&str>, #[case] code: i32) {
    let lab = idle(&World::new(1), conf);
    if let Some(content) = flag {
        lab.machine.put_file("/etc/killpower", content, 0o600).expect("a file");
    }
    assert_eq!(upsmon(&lab, &["-K"]).await, ExitStatus::Code(code));
    assert_eq!(lab.machine.stat("/etc/killpower").is_ok(), flag.is_some(), "asking changes nothing");
}

/// STALEFLAG: whose flag it is. What upsmon writes is known again until the machine was started anew.
#[rstest]
#[case::bound("STALEFLAG yes", "STALEFLAG yes", 0, 1)]
#[case::plain("STALEFLAG no", "STALEFLAG no", 0, 0)]
#[case::written_without("STALEFLAG no", "STALEFLAG yes", 1, 1)]
#[case::asked_without("STALEFLAG yes", "STALEFLAG no", 0, 0)]
#[tokio::test(start_paused = true)]
async fn a_flag_of_this_boot_and_of_another(
    #[case] writer: &str,
    #[case] reader: &str,
    #[case] now: i32,
    #[case] later: i32,
) {
    let world = World::new(1);
    let server = Server::start(&world, "rack", "OL");
    let lab = Lab::start(&world, &format!("MONITOR eaton@rack 1 admin secret primary\n{writer}"));
    lab.until(2.0).await;
    server.status("OB LB");
    assert_eq!(lab.ended(60).await, Some(ExitStatus::Code(0)));
    let flag =
        String::from_utf8(lab.machine.read_file("/etc/killpower").expect("it is there")).expect("a text");
    let mut lines = flag.lines();
    assert_eq!(lines.next(), Some("upsmon-shutdown-file"), "what any NUT looks for");
    assert_eq!(lines.next().is_some_and(|line| line.starts_with("boot ")), writer.ends_with("yes"));
    let conf = format!("POWERDOWNFLAG /etc/killpower\n{reader}\n");
    lab.machine.put_file(CONF, conf, 0o640).expect("a file");
    assert_eq!(upsmon(&lab, &["-K"]).await, ExitStatus::Code(now));
    lab.machine.stop();
    lab.machine.start();
    assert_eq!(upsmon(&lab, &["-K"]).await, ExitStatus::Code(later));
    let said = lab.find("not counted (STALEFLAG)").len();
    assert_eq!(said, usize::from(now == 1) + usize::from(later == 1), "a no for this reason says it");
}

#[tokio::test(start_paused = true)]
async fn without_a_configuration_no_power_is_cut() {
    let lab = idle(&World::new(1), "");
    lab.machine.remove_file(CONF).expect("it is there");
    assert_eq!(upsmon(&lab, &["-K"]).await, ExitStatus::Code(1));
}

#[rstest]
#[case("fsd", "shell halt now", 1)]
#[case("f", "shell halt now", 1)]
#[case("stop", "shell halt now", 0)]
#[tokio::test(start_paused = true)]
async fn orders_to_a_running_one(#[case] command: &str, #[case] what: &str, #[case] times: usize) {
    let world = World::new(1);
    Server::start(&world, "rack", "OL");
    let lab = idle(&world, "MONITOR eaton@rack 1 admin secret primary\nSHUTDOWNCMD \"halt now\"\n");
    lab.machine.on_spawn(crate::programs);
    lab.machine.put_file("/run/keep", "", 0o600).expect("a folder");
    let args = ["-FF", "-p"].map(str::to_owned).to_vec();
    let lab = Lab { pid: lab.machine.run("upsmon", |host| outage_upsmon::upsmon(args, host)), ..lab };
    lab.until(3.0).await;
    let order = ["-c", command];
    let (ended, told) = tokio::join!(lab.ended(30), upsmon(&lab, &order));
    assert_eq!((ended, told), (Some(ExitStatus::Code(0)), ExitStatus::Code(0)));
    assert_eq!(lab.find(what).len(), times);
    assert!(lab.machine.stat("/run/upsmon.pid").is_err(), "the PID file goes with the process");
}

#[tokio::test(start_paused = true)]
async fn orders_to_nobody() {
    let lab = idle(&World::new(1), "");
    assert_eq!(upsmon(&lab, &["-c", "fsd"]).await, ExitStatus::Code(1));
    assert_eq!(lab.find("is upsmon running?").len(), 1);
    assert_eq!(upsmon(&lab, &["-c", "fsd", "-P", "4711"]).await, ExitStatus::Code(1));
    assert_eq!(lab.find("failed to signal process 4711").len(), 1);
}
