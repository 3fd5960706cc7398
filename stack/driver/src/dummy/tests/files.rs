//! UPSes that files describe.

use rstest::rstest;

use super::*;

/// A dump as `upsc` writes it, with what such files hold beside.
const DUMP: &str = "Init SSL without certificate database\n\
    # a comment\n\
    battery.charge: 100\n\
    device.mfr: other\n\
    driver.name: usbhid-ups\n\
    driver.parameter.port: auto\n\
    foo.bar: \"two  blanks\" # behind\n\
    ups.alarm: Fan\n\
    ups.load: 12\n\
    ups.mfr: ACME\n\
    ups.serial:\n\
    ups.status: OL CHRG OL\n";

#[tokio::test(start_paused = true)]
async fn a_dump_is_shown_as_nut_shows_it() {
    let bench = Bench::start("port = a.dev", "a.dev", DUMP);
    let dump = bench.client().await.ask("DUMPALL").await.replace(crate::VERSION, "VERSION");
    insta::assert_snapshot!(dump, @r#"
    SETINFO battery.charge "100"
    SETFLAGS battery.charge RW
    SETINFO device.mfr "ACME"
    SETAUX device.mfr 32
    SETFLAGS device.mfr RW STRING
    SETINFO device.model "Dummy UPS"
    SETINFO device.type "ups"
    SETINFO driver.debug "0"
    SETFLAGS driver.debug RW NUMBER
    SETINFO driver.flag.allow_killpower "0"
    SETFLAGS driver.flag.allow_killpower RW NUMBER
    SETINFO driver.name "dummy-ups"
    SETINFO driver.parameter.mode "dummy-once"
    SETINFO driver.parameter.pollinterval "2"
    SETINFO driver.parameter.port "a.dev"
    SETINFO driver.parameter.synchronous "auto"
    SETINFO driver.state "quiet"
    SETINFO driver.version "VERSION"
    SETINFO driver.version.internal "0.26"
    SETINFO foo.bar "two  blanks"
    SETAUX foo.bar 32
    SETFLAGS foo.bar RW STRING
    SETINFO ups.alarm "Fan"
    SETAUX ups.alarm 32
    SETFLAGS ups.alarm RW STRING
    SETINFO ups.load "12"
    SETFLAGS ups.load RW
    SETINFO ups.mfr "ACME"
    SETAUX ups.mfr 32
    SETFLAGS ups.mfr RW STRING
    SETINFO ups.model "Dummy UPS"
    SETAUX ups.model 32
    SETFLAGS ups.model RW STRING
    SETINFO ups.status "OL CHRG"
    SETAUX ups.status 32
    SETFLAGS ups.status RW STRING
    ADDCMD driver.killpower
    ADDCMD driver.reload
    ADDCMD driver.reload-or-error
    ADDCMD driver.reload-or-exit
    ADDCMD load.off
    ADDCMD shutdown.default
    DATAOK
    DUMPDONE
    "#);
    assert_eq!(bench.logged("/etc/nut/a.dev:1: 'Init' is neither"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_empty_file_is_a_ups_on_line() {
    let bench = Bench::start("port = a.dev", "a.dev", "");
    for (name, value) in
        [("ups.mfr", "Dummy Manufacturer"), ("device.model", "Dummy UPS"), ("ups.status", "OL")]
    {
        assert_eq!(bench.value(name).await, value);
    }
}

#[rstest]
#[case("port = a.dev", "a.dev", "dummy-once")]
#[case("port = a.seq", "a.seq", "dummy-loop")]
#[case("port = a", "a", "dummy")]
#[case("port = a\n mode = dummy-once", "a", "dummy-once")]
#[case("port = a.dev\n mode = dummy-loop", "a.dev", "dummy-loop")]
#[case("port = a.dev\n mode = dummy", "a.dev", "dummy-loop")]
#[case("port = a@b.dev\n mode = dummy-once", "a@b.dev", "dummy-once")]
#[case("port = sub/a.dev", "sub/a.dev", "dummy-once")]
#[case("port = ./a.dev", "a.dev", "dummy-once")]
#[case("port = /srv/a.dev", "/srv/a.dev", "dummy-once")]
#[tokio::test(start_paused = true)]
async fn modes_and_paths(#[case] settings: &str, #[case] file: &str, #[case] mode: &str) {
    let bench = Bench::start(settings, file, "ups.load: 7\n");
    assert_eq!(bench.value("ups.load").await, "7");
    assert_eq!(bench.value("driver.parameter.mode").await, mode);
    // A file that is played again and again takes back what a client sets.
    let mut client = bench.client().await;
    assert!(client.ask("SET ups.load 8 TRACKING 1").await.ends_with("TRACKING 1 0\n"));
    client.hear(5_000).await;
    assert_eq!(bench.value("ups.load").await, if mode == "dummy-once" { "8" } else { "7" });
}

#[rstest]
#[case("port = a.dev\n mode = dummy-twice", "mode = dummy-twice: not one of")]
#[case("port = a@b@c", "port = a@b@c: invalid UPS definition")]
#[tokio::test(start_paused = true)]
async fn what_can_never_work_ends_it(#[case] settings: &str, #[case] said: &str) {
    let bench = Bench::start(settings, "a.dev", "");
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(bench.logged(said), 1);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_keeps_its_times_and_begins_again() {
    let text = "ups.status: OL\nTIMER 60\nups.status: OB\nALARM On battery\nTIMER 29.5\nups.status: OB LB\nTIMER 10\n";
    let bench = Bench::start("port = a.seq", "a.seq", text);
    let mut client = bench.client().await;
    let start = bench.world.now().as_millis() - 10;
    let mut seen = Vec::new();
    while seen.len() < 6 {
        let heard = client.hear(100).await;
        if let Some(status) = heard.lines().find_map(|line| line.strip_prefix("SETINFO ups.status ")) {
            let second = (bench.world.now().as_millis() - start).div_euclid(100);
            seen.push(format!("{}.{} {status}", second / 10, second % 10));
        }
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
    60.0 "ALARM OB"
    89.5 "ALARM OB LB"
    99.5 "OL"
    159.5 "ALARM OB"
    189.0 "ALARM OB LB"
    199.0 "OL"
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_played_once_is_read_again_when_it_changed() {
    let bench = Bench::start("port = a.dev", "a.dev", "ups.load: 1\nfoo.bar: x\nTIMER 5\nups.load: 2\n");
    let mut client = bench.client().await;
    assert_eq!(client.hear(60_000).await.replace("SETINFO ", ""), "ups.load \"2\"\n");
    client.ask("SET ups.load 9").await;
    assert_eq!(client.hear(60_000).await, "", "played once");
    bench.put("a.dev", "ups.load: 3\nfoo.bar:\n");
    assert_eq!(client.hear(60_000).await, "SETINFO ups.load \"3\"\nDELINFO foo.bar\n");
    // Touched.
    client.ask("SET ups.load 9").await;
    bench.put("a.dev", "ups.load: 3\nfoo.bar:\n");
    assert_eq!(client.hear(60_000).await, "SETINFO ups.load \"3\"\n");
}

#[tokio::test(start_paused = true)]
async fn a_file_without_waits_costs_a_look_a_cycle() {
    let bench = Bench::start("port = a.seq", "a.seq", "ups.load: 1\nTIMER 0\nups.load: 2\n");
    let mut client = bench.client().await;
    let heard = client.hear(20_000).await;
    assert!((8..=11).contains(&heard.lines().count()), "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_is_waited_for() {
    let mut bench = Bench::prepare("port = a.dev");
    bench.drive();
    bench.sleep(30_000).await;
    assert_eq!(bench.value("ups.status").await, "stale");
    assert_eq!(bench.logged("no UPS on a.dev yet: failed to read /etc/nut/a.dev: "), 1);
    bench.put("a.dev", "ups.load: 1\n");
    bench.sleep(11_000).await;
    assert_eq!(bench.value("ups.load").await, "1");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_goes_leaves_old_data_behind() {
    let bench = Bench::start("port = a.dev", "a.dev", "ups.load: 1\n");
    assert_eq!(bench.value("ups.load").await, "1");
    bench.machine.remove_file("/etc/nut/a.dev").unwrap();
    bench.sleep(5_000).await;
    assert_eq!(bench.value("ups.load").await, "1", "somebody may just be writing it");
    bench.sleep(10_000).await;
    assert_eq!(bench.value("ups.load").await, "stale");
    assert_eq!(bench.logged("Communications with UPS [den] lost: failed to read /etc/nut/a.dev"), 1);
    bench.put("a.dev", "ups.load: 2\n");
    bench.sleep(3_000).await;
    assert_eq!(bench.value("ups.load").await, "2");
}

#[tokio::test(start_paused = true)]
async fn something_else_than_a_file_is_not_read() {
    let mut bench = Bench::prepare("port = sub");
    bench.put("sub/a.dev", "");
    bench.drive();
    bench.sleep(1000).await;
    assert_eq!(bench.logged("failed to read /etc/nut/sub: not a plain file"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_file_is_told_of_once_and_its_good_lines_count() {
    let mut text = String::from("ups.load: 1\n");
    for _ in 0..15 {
        text.push_str("TIMER soon\n");
    }
    text.push_str("ups.id: \"half #\nups.load: 2\n\"unclosed");
    let bench = Bench::start("port = a.seq", "a.seq", &text);
    bench.sleep(60_000).await;
    assert_eq!(bench.value("ups.load").await, "2");
    assert_eq!(bench.logged("TIMER soon: not a number"), 10);
    assert_eq!(bench.logged("/etc/nut/a.seq: and 7 more"), 1);
}

#[tokio::test(start_paused = true)]
async fn clients_write_what_they_like_and_run_nothing() {
    let bench = Bench::start("port = a.dev", "a.dev", "ups.status: OL\nALARM Fan\nups.load: 5\n");
    let mut client = bench.client().await;
    assert_eq!(
        client.ask("SET ups.status \"OB LB\" TRACKING 1").await,
        "SETINFO ups.status \"ALARM OB LB\"\nTRACKING 1 0\n"
    );
    assert_eq!(client.ask("SET ups.load \"\" TRACKING 2").await, "DELINFO ups.load\nTRACKING 2 0\n");
    assert_eq!(client.ask("SET ups.load 5 TRACKING 3").await, "TRACKING 3 1\n", "it is not there any more");
    assert_eq!(client.ask("SET driver.name x TRACKING 4").await, "TRACKING 4 1\n");
    for (id, command) in ["load.off", "no.such", "shutdown.default"].into_iter().enumerate() {
        assert_eq!(
            client.ask(&format!("INSTCMD {command} TRACKING {id}")).await,
            format!("TRACKING {id} 1\n")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn it_prints_what_clients_would_see() {
    let bench = Bench::prepare("port = a.dev\n mode = dummy");
    bench.put("a.dev", "ups.load: 7\nups.id: \\#1\n");
    let args = ["dummy-ups", "-a", "den", "-d", "1"].map(str::to_owned).to_vec();
    let pid = bench.machine.run("once", |host| run_on(args, host));
    assert_eq!(bench.machine.exited(pid).await, Some(ExitStatus::Code(0)));
    let printed = |line: &str| {
        bench.world.events().iter().any(|e| matches!(&e.kind, EventKind::Print(text) if text == line))
    };
    for line in [
        "ups.load: 7\n",
        "ups.id: \\#1\n",
        "driver.parameter.mode: dummy-loop\n",
        "driver.version.internal: 0.26\n",
    ] {
        assert!(printed(line), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_cannot_turn_a_load_off() {
    let bench = Bench::start("port = a.dev", "a.dev", "");
    bench.sleep(100).await;
    let args = ["dummy-ups", "-a", "den", "-k"].map(str::to_owned).to_vec();
    let pid = bench.machine.run("killer", |host| run_on(args, host));
    assert_eq!(bench.machine.exited(pid).await, Some(ExitStatus::Code(1)));
}
