//! UPSes that another server knows. The server is played here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;

use super::*;

/// What the other server says.
#[derive(Default)]
struct Server {
    variables: BTreeMap<&'static str, String>,
    /// What it answers to everything about the UPS, if it refuses.
    refuses: Option<&'static str>,
    /// What became of what is tracked.
    tracking: &'static str,
    /// Requests that change something.
    orders: Vec<String>,
    connections: usize,
    lists: usize,
}

type Shared = Arc<Mutex<Server>>;

fn with<T>(server: &Shared, change: impl FnOnce(&mut Server) -> T) -> T {
    change(&mut server.lock().unwrap_or_else(PoisonError::into_inner))
}

fn answer(server: &mut Server, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    if let (Some(why), "LIST" | "GET") = (server.refuses, words[0]) {
        return format!("ERR {why}\n");
    }
    let list = |rows: Vec<String>| format!("BEGIN {line}\n{}END {line}\n", rows.concat());
    match words.as_slice() {
        ["LIST", "VAR", _] => {
            server.lists += 1;
            list(
                server
                    .variables
                    .iter()
                    .map(|(name, value)| format!("VAR eaton {name} \"{value}\"\n"))
                    .collect(),
            )
        }
        ["LIST", "RW", _] => {
            let rows = ["ups.id", "ups.beeper.status", "ups.delay.start"];
            let there = rows.iter().filter_map(|name| Some((name, server.variables.get(name)?)));
            list(there.map(|(name, value)| format!("RW eaton {name} \"{value}\"\n")).collect())
        }
        ["GET", "TYPE", _, "ups.id"] => "TYPE eaton ups.id RW STRING:8\n".into(),
        ["GET", "TYPE", _, "ups.beeper.status"] => "TYPE eaton ups.beeper.status RW ENUM STRING:8\n".into(),
        ["GET", "TYPE", _, name] => format!("TYPE eaton {name} RW RANGE NUMBER\n"),
        ["LIST", "ENUM", _, name] => {
            list(["on", "off"].map(|value| format!("ENUM eaton {name} \"{value}\"\n")).to_vec())
        }
        ["LIST", "RANGE", _, name] => list(vec![format!("RANGE eaton {name} \"0\" \"600\"\n")]),
        ["LIST", "CMD", _] => {
            list(["load.off", "shutdown.default"].map(|name| format!("CMD eaton {name}\n")).to_vec())
        }
        ["GET", "TRACKING", _] => format!("{}\n", server.tracking),
        ["SET", "TRACKING", "ON"] | ["USERNAME" | "PASSWORD", ..] => {
            server.orders.push(line.to_owned());
            "OK\n".into()
        }
        ["SET", "VAR", _, name, value] => {
            server.orders.push(line.to_owned());
            let name = ["ups.id", "ups.beeper.status"].into_iter().find(|known| known == name).unwrap();
            server.variables.insert(name, value.trim_matches('"').to_owned());
            "OK TRACKING 7\n".into()
        }
        ["INSTCMD", ..] => {
            server.orders.push(line.to_owned());
            "OK TRACKING 7\n".into()
        }
        ["LOGOUT"] => "OK Goodbye\n".into(),
        _ => "ERR UNKNOWN-COMMAND\n".into(),
    }
}

/// Serves until the task is dropped.
async fn serve(host: Host, server: Shared) {
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let server = server.clone();
        with(&server, |server| server.connections += 1);
        tasks.spawn(async move {
            let mut stream = BufReader::new(stream);
            loop {
                let mut line = String::new();
                if !matches!(stream.read_line(&mut line).await, Ok(length) if length > 0) {
                    return;
                }
                let answer = with(&server, |server| answer(server, line.trim_end()));
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

struct Two {
    bench: Bench,
    server: Shared,
    task: tokio::task::JoinHandle<()>,
}

impl Two {
    fn new(settings: &str) -> Self {
        let bench = Bench::prepare(settings);
        let server = Shared::default();
        with(&server, |server| {
            server.tracking = "SUCCESS";
            for (name, value) in [
                ("battery.charge", "90"),
                ("driver.name", "usbhid-ups"),
                ("ups.beeper.status", "on"),
                ("ups.delay.start", "30"),
                ("ups.id", "den"),
                ("ups.status", "OL CHRG"),
            ] {
                server.variables.insert(name, value.into());
            }
        });
        let task = tokio::spawn(serve(bench.machine.host("upsd"), server.clone()));
        Self { bench, server, task }
    }

    fn start(settings: &str) -> Self {
        let mut two = Self::new(settings);
        two.bench.drive();
        two
    }

    fn set(&self, name: &'static str, value: &str) {
        with(&self.server, |server| server.variables.insert(name, value.into()));
    }

    fn refuse(&self, why: Option<&'static str>) {
        with(&self.server, |server| server.refuses = why);
    }

    fn orders(&self) -> Vec<String> {
        with(&self.server, |server| std::mem::take(&mut server.orders))
    }
}

const PORT: &str = "port = eaton@localhost";

#[tokio::test(start_paused = true)]
async fn what_the_server_tells_is_told_on() {
    let two = Two::start(PORT);
    let mut client = two.bench.client().await;
    let dump = client.ask("DUMPALL").await.replace(crate::VERSION, "VERSION");
    insta::assert_snapshot!(dump, @r#"
    SETINFO battery.charge "90"
    SETINFO device.type "ups"
    SETINFO driver.debug "0"
    SETFLAGS driver.debug RW NUMBER
    SETINFO driver.flag.allow_killpower "0"
    SETFLAGS driver.flag.allow_killpower RW NUMBER
    SETINFO driver.name "dummy-ups"
    SETINFO driver.parameter.mode "repeater"
    SETINFO driver.parameter.pollinterval "2"
    SETINFO driver.parameter.port "eaton@localhost"
    SETINFO driver.parameter.synchronous "auto"
    SETINFO driver.state "quiet"
    SETINFO driver.version "VERSION"
    SETINFO driver.version.internal "0.26"
    SETINFO ups.beeper.status "on"
    ADDENUM ups.beeper.status "on"
    ADDENUM ups.beeper.status "off"
    SETAUX ups.beeper.status 8
    SETFLAGS ups.beeper.status RW STRING
    SETINFO ups.delay.start "30"
    ADDRANGE ups.delay.start 0 600
    SETFLAGS ups.delay.start RW NUMBER
    SETINFO ups.id "den"
    SETAUX ups.id 8
    SETFLAGS ups.id RW STRING
    SETINFO ups.status "OL CHRG"
    ADDCMD driver.killpower
    ADDCMD driver.reload
    ADDCMD driver.reload-or-error
    ADDCMD driver.reload-or-exit
    ADDCMD load.off
    ADDCMD shutdown.default
    DATAOK
    DUMPDONE
    "#);
    two.set("ups.status", "ALARM OB LB");
    two.set("ups.alarm", "Hot");
    with(&two.server, |server| server.variables.remove("battery.charge"));
    insta::assert_snapshot!(client.hear(2_500).await, @r#"
    DELINFO battery.charge
    SETINFO ups.status "ALARM OB LB"
    SETINFO ups.alarm "Hot"
    "#);
    assert_eq!(client.hear(300_000).await, "");
    assert_eq!(with(&two.server, |server| server.connections), 1);
}

#[tokio::test(start_paused = true)]
async fn stale_there_is_stale_here_at_once() {
    let two = Two::start(PORT);
    let mut client = two.bench.client().await;
    for why in ["DATA-STALE", "DRIVER-NOT-CONNECTED", "UNKNOWN-UPS"] {
        two.refuse(Some(why));
        assert_eq!(client.hear(2_500).await, "DATASTALE\n", "{why}");
        two.refuse(None);
        assert!(client.hear(2_500).await.ends_with("DATAOK\n"), "{why}");
    }
    assert_eq!(with(&two.server, |server| server.connections), 1, "the connection was good");
    two.set("ups.status", "WAIT");
    assert_eq!(client.hear(2_500).await, "DATASTALE\n", "that server has not heard of its driver");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_started_anew_costs_nothing_and_one_that_is_away_is_stale() {
    let mut two = Two::start(PORT);
    let mut client = two.bench.client().await;
    two.task.abort();
    two.bench.sleep(10).await;
    two.task = tokio::spawn(serve(two.bench.machine.host("upsd"), two.server.clone()));
    assert_eq!(client.hear(30_000).await, "");
    two.task.abort();
    assert_eq!(client.hear(5_000).await, "");
    assert_eq!(client.hear(10_000).await, "DATASTALE\n");
    assert_eq!(
        two.bench.logged("Communications with UPS [den] lost: Connection failure: Connection refused"),
        1
    );
    two.task = tokio::spawn(serve(two.bench.machine.host("upsd"), two.server.clone()));
    assert!(client.hear(2_500).await.ends_with("DATAOK\n"));
}

#[tokio::test(start_paused = true)]
async fn a_start_without_the_server_fails_unless_that_is_allowed() {
    let mut two = Two::new(PORT);
    two.task.abort();
    two.bench.sleep(10).await;
    two.bench.drive();
    assert_eq!(two.bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(
        two.bench
            .logged("failed to repeat eaton@localhost: Connection failure: Connection refused (repeater_dis"),
        1
    );

    let two = Two::new(PORT);
    two.refuse(Some("UNKNOWN-UPS"));
    let mut bench = two.bench;
    bench.drive();
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(1)));

    let mut two = Two::new(&format!("{PORT}\n repeater_disable_strict_start"));
    two.task.abort();
    two.bench.sleep(10).await;
    two.bench.drive();
    two.bench.sleep(60_000).await;
    assert_eq!(two.bench.value("ups.status").await, "stale");
    two.task = tokio::spawn(serve(two.bench.machine.host("upsd"), two.server.clone()));
    two.bench.sleep(11_000).await;
    assert_eq!(two.bench.value("ups.status").await, "OL CHRG");
}

#[tokio::test(start_paused = true)]
async fn commands_and_writes_are_handed_on() {
    let two = Two::start(PORT);
    let mut client = two.bench.client().await;
    assert_eq!(client.ask("INSTCMD load.off 5 TRACKING 1").await, "TRACKING 1 0\n");
    assert_eq!(client.ask("SET ups.id attic TRACKING 2").await, "SETINFO ups.id \"attic\"\nTRACKING 2 0\n");
    assert_eq!(two.orders(), ["INSTCMD eaton load.off \"5\"", "SET VAR eaton ups.id \"attic\""]);
    with(&two.server, |server| server.tracking = "ERR INVALID-ARGUMENT");
    assert_eq!(client.ask("INSTCMD load.off TRACKING 3").await, "TRACKING 3 2\n");
    with(&two.server, |server| server.tracking = "PENDING");
    let mut answer = client.ask("INSTCMD load.off TRACKING 4").await;
    assert_eq!(answer, "");
    with(&two.server, |server| server.tracking = "ERR FAILED");
    answer = client.hear(1_000).await;
    assert_eq!(answer, "TRACKING 4 3\n");
    with(&two.server, |server| server.tracking = "PENDING");
    client.ask("INSTCMD load.off TRACKING 5").await;
    assert_eq!(client.hear(20_000).await, "TRACKING 5 3\n", "not for ever");
}

#[tokio::test(start_paused = true)]
async fn it_is_who_nutauth_conf_says() {
    let file = "[other]\nUSER = mon\nPASS = hush\n[localhost]\nUSER = admin\nPASS = \"a b\"\n";
    for (settings, path) in
        [("", "nutauth.conf"), ("authconf = default", "nutauth.conf"), ("authconf = my.conf", "my.conf")]
    {
        let mut two = Two::new(&format!("{PORT}\n {settings}"));
        two.bench.put(path, file);
        two.bench.drive();
        two.bench.client().await;
        assert_eq!(two.orders(), ["USERNAME admin", "PASSWORD \"a b\"", "SET TRACKING ON"], "{settings}");
    }
    let mut two = Two::new(&format!("{PORT}\n authconf = none"));
    two.bench.put("nutauth.conf", file);
    two.bench.drive();
    two.bench.client().await;
    assert_eq!(two.orders(), Vec::<String>::new());
    let two = Two::start(&format!("{PORT}\n authconf = my.conf"));
    assert_eq!(two.bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(two.bench.logged("authconf: cannot read /etc/nut/my.conf"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_load_of_others_is_not_turned_off_with_all() {
    let two = Two::start(PORT);
    let mut client = two.bench.client().await;
    assert_eq!(client.ask("INSTCMD shutdown.default TRACKING 1").await, "TRACKING 1 3\n");
    let args = ["dummy-ups", "-a", "den", "-k"].map(str::to_owned).to_vec();
    let pid = two.bench.machine.run("killer", |host| run_on(args, host));
    assert_eq!(two.bench.machine.exited(pid).await, Some(ExitStatus::Code(1)));
    assert_eq!(two.orders(), Vec::<String>::new());
    assert!(two.bench.logged("shutdown not supported") > 0);
}
