//! The whole server on a machine in memory: drivers and clients are played by the tests.

mod limits;
mod tls;

use std::process::ExitCode;
use std::time::Duration;

use outage_host::virt::{EventKind, Machine, World};
use outage_host::{BoxListener, BoxStream, ExitStatus, Host, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const DUMP: &str = "SETINFO ups.status \"OL\"\nADDCMD beeper.mute\nDATAOK\nDUMPDONE\n";
const USERS: &str = "[mon]\npassword = \"mon pw\"\nupsmon primary\n";

/// A machine with configuration files. `upsd` is not started yet.
fn machine(ups_conf: &str, upsd_conf: &str) -> (World, Machine) {
    let world = World::new(1);
    let machine = world.machine("server");
    machine.put_file("/etc/nut/ups.conf", ups_conf, 0o640).unwrap();
    machine.put_file("/etc/nut/upsd.conf", upsd_conf, 0o640).unwrap();
    machine.put_file("/etc/nut/upsd.users", USERS, 0o640).unwrap();
    machine.host("setup").create_dir_all("/var/state/ups".as_ref()).unwrap();
    machine.set_mode("/var/state/ups", 0o770).unwrap();
    (world, machine)
}

const ONE_UPS: &str = "[eaton]\ndriver = usbhid-ups\nport = auto\n";

fn start(machine: &Machine, args: &[&str]) -> u32 {
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    machine.run("upsd", |host| crate::upsd(args, host))
}

async fn started(args: &[&str]) -> (World, Machine, u32) {
    let (world, machine) = machine(ONE_UPS, "");
    let pid = start(&machine, args);
    world.sleep_until(Duration::from_secs(2)).await;
    (world, machine, pid)
}

/// What upsd logged and printed so far, a line each.
fn said(world: &World) -> Vec<String> {
    let text = |kind: EventKind| match kind {
        EventKind::Log(_, text) => Some(text),
        EventKind::Print(text) => Some(text.trim_end().to_owned()),
        _ => None,
    };
    world
        .events()
        .into_iter()
        .filter(|event| &*event.process == "upsd")
        .filter_map(|event| text(event.kind))
        .collect()
}

fn count(lines: &[String], part: &str) -> usize {
    lines.iter().filter(|line| line.contains(part)).count()
}

/// A driver's socket, played by the test.
struct Driver {
    host: Host,
    listener: BoxListener,
}

impl Driver {
    async fn listen(machine: &Machine, socket: &str) -> Self {
        let host = machine.host("driver");
        let path = std::path::Path::new("/var/state/ups").join(socket);
        let listener = host.listen_unix(&path, 0o660).await.unwrap();
        Self { host, listener }
    }

    /// Takes the server's connection and gives it everything.
    async fn dump(&self) -> BoxStream {
        let (mut stream, _) =
            self.host.timeout(Duration::from_secs(10), self.listener.accept()).await.unwrap().unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(&asked, b"DUMPALL\n");
        stream.write_all(DUMP.as_bytes()).await.unwrap();
        settle(&self.host).await;
        stream
    }
}

/// Lets everything that can be done now be done.
async fn settle(host: &Host) {
    host.sleep(Duration::from_millis(10)).await;
}

struct Client {
    host: Host,
    stream: BoxStream,
}

impl Client {
    async fn connect(machine: &Machine) -> Self {
        let host = machine.host("client");
        let stream = host.connect_tcp("localhost", 3493).await.unwrap();
        Self { host, stream }
    }

    /// The reply's first line; nothing when the connection is closed.
    async fn ask(&mut self, request: &str) -> String {
        if self.stream.write_all(format!("{request}\n").as_bytes()).await.is_err() {
            return String::new();
        }
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            match self.host.timeout(Duration::from_secs(5), self.stream.read_u8()).await.expect("a reply") {
                Ok(byte) => line.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    async fn log_in(&mut self) {
        assert_eq!(self.ask("USERNAME mon").await, "OK");
        assert_eq!(self.ask("PASSWORD \"mon pw\"").await, "OK");
        assert_eq!(self.ask("LOGIN eaton").await, "OK");
    }
}

const OL: &str = "VAR eaton ups.status \"OL\"";
const STATUS: &str = "GET VAR eaton ups.status";

#[tokio::test(start_paused = true)]
async fn it_says_what_the_guide_says_and_goes_on_a_signal() {
    let (world, machine) = machine(ONE_UPS, "LISTEN 127.0.0.1 3493\n");
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let pid = start(&machine, &[]);
    let _stream = driver.dump().await;
    assert_eq!(machine.read_file("/var/state/ups/upsd.pid").unwrap(), format!("{pid}\n").as_bytes());
    machine.signal(pid, Signal::Term).unwrap();
    assert_eq!(machine.exited(pid).await, Some(ExitStatus::Code(0)));
    assert!(machine.read_file("/var/state/ups/upsd.pid").is_err());
    let banner = format!("Network UPS Tools upsd {}", crate::core::VERSION);
    let lines = said(&world);
    for line in
        [banner.as_str(), "listening on 127.0.0.1 port 3493", "Connected to UPS [eaton]: usbhid-ups-eaton"]
    {
        assert!(lines.iter().any(|said| said == line), "{line}: {lines:?}");
    }
    assert!(world.events().iter().any(|event| event.kind == EventKind::Ready));
    assert_eq!(count(&lines, "world readable"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_driver_may_come_late_go_and_come_back() {
    let (world, machine, _) = started(&[]).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask(STATUS).await, "ERR DRIVER-NOT-CONNECTED");
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let stream = driver.dump().await;
    assert_eq!(client.ask(STATUS).await, OL);
    drop((stream, driver));
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, "ERR DRIVER-NOT-CONNECTED");
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let _stream = driver.dump().await;
    assert_eq!(client.ask(STATUS).await, OL);
    let lines = said(&world);
    assert_eq!(count(&lines, "Connected to UPS [eaton]"), 2, "{lines:?}");
    assert_eq!(count(&lines, "Lost the driver of UPS [eaton]"), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn an_absent_driver_is_spoken_of_every_five_minutes_not_more() {
    let (world, _machine, _) = started(&[]).await;
    world.sleep_until(Duration::from_secs(590)).await;
    assert_eq!(count(&said(&world), "Can't connect to UPS [eaton] (usbhid-ups-eaton)"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_driver_is_pinged_then_stale_then_back() {
    let (world, machine, _) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    let mut client = Client::connect(&machine).await;
    let start = world.now();
    let mut pings = [0; 10];
    stream.read_exact(&mut pings).await.unwrap();
    assert_eq!(&pings, b"PING\nPING\n");
    let waited = world.now() - start;
    assert!(waited > Duration::from_millis(11_900) && waited <= Duration::from_secs(12), "{waited:?}");
    assert_eq!(client.ask(STATUS).await, OL);
    world.sleep_until(start + Duration::from_millis(16_100)).await;
    assert_eq!(client.ask(STATUS).await, "ERR DATA-STALE");
    stream.write_all(b"PONG\n").await.unwrap();
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, OL);
    let lines = said(&world);
    assert_eq!(count(&lines, "Data for UPS [eaton] is stale - check driver"), 1);
    assert_eq!(count(&lines, "UPS [eaton] data is no longer stale"), 1);
}

#[tokio::test(start_paused = true)]
async fn commands_reach_the_driver() {
    let (_world, machine, _) = started(&[]).await;
    machine.put_file("/etc/nut/upsd.users", "[a]\npassword = b\ninstcmds = ALL\n", 0o640).unwrap();
    machine.signal(machine.pid("upsd").unwrap(), Signal::Hup).unwrap();
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    let mut client = Client::connect(&machine).await;
    client.ask("USERNAME a").await;
    client.ask("PASSWORD b").await;
    client.ask("SET TRACKING ON").await;
    let reply = client.ask("INSTCMD eaton beeper.mute").await;
    let id = reply.strip_prefix("OK TRACKING ").unwrap();
    let mut told = vec![0; "INSTCMD beeper.mute TRACKING \n".len() + id.len()];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(String::from_utf8(told).unwrap(), format!("INSTCMD beeper.mute TRACKING {id}\n"));
    stream.write_all(format!("TRACKING {id} 0\n").as_bytes()).await.unwrap();
    settle(&client.host).await;
    assert_eq!(client.ask(&format!("GET TRACKING {id}")).await, "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_clients_logins_and_the_fsd_latch() {
    let (world, machine, pid) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let _stream = driver.dump().await;
    let mut client = Client::connect(&machine).await;
    client.log_in().await;
    assert_eq!(client.ask("FSD eaton").await, "OK FSD-SET");
    machine
        .put_file("/etc/nut/ups.conf", format!("[new]\ndriver = dummy-ups\nport = x\n{ONE_UPS}"), 0o640)
        .unwrap();
    machine
        .put_file("/etc/nut/upsd.users", format!("{USERS}[late]\npassword = x\nupsmon secondary\n"), 0o640)
        .unwrap();
    // The shape a user types.
    let command = start_command(&machine, &["-c", "rel"]).await;
    assert_eq!(command, Some(ExitStatus::Code(0)));
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, "VAR eaton ups.status \"FSD OL\"");
    assert_eq!(client.ask("GET NUMLOGINS eaton").await, "NUMLOGINS eaton 1");
    assert_eq!(client.ask("GET UPSDESC new").await, "UPSDESC new \"Unavailable\"");
    let mut late = Client::connect(&machine).await;
    late.ask("USERNAME late").await;
    late.ask("PASSWORD x").await;
    assert_eq!(late.ask("LOGIN eaton").await, "OK");
    assert_eq!(count(&said(&world), "Connected to UPS [eaton]"), 1);
    // A UPS that is no longer there takes its clients along, and nobody else.
    let mut reader = Client::connect(&machine).await;
    machine.put_file("/etc/nut/ups.conf", "[new]\ndriver = dummy-ups\nport = x\n", 0o640).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, "");
    assert_eq!(reader.ask(STATUS).await, "ERR UNKNOWN-UPS");
}

/// Runs `upsd` with arguments that end at once.
async fn start_command(machine: &Machine, args: &[&str]) -> Option<ExitStatus> {
    let args = args.iter().map(|&arg| arg.to_owned()).collect();
    let pid = machine.run("upsd-command", |host| crate::upsd(args, host));
    machine.exited(pid).await
}

#[tokio::test(start_paused = true)]
async fn files_that_cannot_be_read_cancel_a_reload() {
    let (world, machine, pid) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let _stream = driver.dump().await;
    let mut client = Client::connect(&machine).await;
    client.log_in().await;
    machine.remove_file("/etc/nut/ups.conf").unwrap();
    machine.put_file("/etc/nut/upsd.users", "", 0o640).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, OL);
    assert_eq!(client.ask("PRIMARY eaton").await, "OK PRIMARY-GRANTED");
    assert_eq!(count(&said(&world), "Reload failed: can't open /etc/nut/ups.conf"), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_do_not_read_hold_up_nobody() {
    let (_world, machine, _) = started(&[]).await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    let mut deaf = Client::connect(&machine).await;
    let flood = "LIST VAR eaton\n".repeat(200_000);
    let deaf_host = deaf.host.clone();
    let writing = deaf_host.timeout(Duration::from_secs(3), deaf.stream.write_all(flood.as_bytes())).await;
    assert!(writing.is_err(), "the server takes requests although nobody reads the replies");
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask(STATUS).await, OL);
    stream.write_all(b"SETINFO ups.status \"OB\"\n").await.unwrap();
    settle(&client.host).await;
    assert_eq!(client.ask(STATUS).await, "VAR eaton ups.status \"OB\"");
    // And they don't stay for ever.
    client.host.sleep(Duration::from_secs(30)).await;
    assert_eq!(client.ask(STATUS).await, "ERR DATA-STALE");
    client.host.sleep(Duration::from_secs(40)).await;
    let mut rest = Vec::new();
    let end = client.host.timeout(Duration::from_secs(5), deaf.stream.read_to_end(&mut rest)).await;
    assert!(end.is_ok(), "still connected");
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_for_a_minute() {
    let (world, machine, _) = started(&[]).await;
    let mut client = Client::connect(&machine).await;
    for _ in 0..3 {
        client.host.sleep(Duration::from_secs(59)).await;
        assert_eq!(client.ask("PROTVER").await, "1.3");
    }
    // Half a line is no line.
    let start = world.now();
    client.host.sleep(Duration::from_secs(30)).await;
    client.stream.write_all(b"PROT").await.unwrap();
    assert!(client.stream.read_u8().await.is_err());
    assert_eq!((world.now() - start).as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn logins_end_with_their_connection() {
    let (_world, machine, _) = started(&[]).await;
    let mut one = Client::connect(&machine).await;
    one.log_in().await;
    let mut two = Client::connect(&machine).await;
    two.log_in().await;
    assert_eq!(one.ask("GET NUMLOGINS eaton").await, "NUMLOGINS eaton 2");
    drop(two);
    settle(&one.host).await;
    assert_eq!(one.ask("GET NUMLOGINS eaton").await, "NUMLOGINS eaton 1");
    assert_eq!(one.ask("LOGOUT").await, "OK Goodbye");
    assert_eq!(one.ask("PROTVER").await, "");
}

/// Starts upsd on a machine and expects it to end at once; returns what it said.
async fn refused(world: &World, machine: &Machine, args: &[&str]) -> Vec<String> {
    let pid = start(machine, args);
    let end = machine.host("test").timeout(Duration::from_secs(60), machine.exited(pid)).await;
    assert_eq!(end, Ok(Some(ExitStatus::Code(1))), "{:?}", said(world));
    said(world)
}

#[tokio::test(start_paused = true)]
async fn it_says_why_it_does_not_start() {
    let (world, machine) = machine("", "");
    let lines = refused(&world, &machine, &[]).await;
    assert_eq!(
        count(&lines, "Fatal error: at least one UPS must be defined in /etc/nut/ups.conf"),
        1,
        "{lines:?}"
    );
    machine.put_file("/etc/nut/ups.conf", ONE_UPS, 0o640).unwrap();
    machine.put_file("/etc/nut/upsd.conf", "LISTEN 127.0.0.1 99999\n", 0o640).unwrap();
    let lines = refused(&world, &machine, &[]).await;
    assert_eq!(count(&lines, "Fatal error: no LISTEN line of /etc/nut/upsd.conf"), 1, "{lines:?}");
    machine.remove_file("/etc/nut/upsd.conf").unwrap();
    let lines = refused(&world, &machine, &[]).await;
    assert_eq!(count(&lines, "Fatal error: can't open /etc/nut/upsd.conf"), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn no_ups_and_no_users_are_allowed_when_asked_for() {
    let (world, machine) = machine("", "ALLOW_NO_DEVICE true\n");
    machine.remove_file("/etc/nut/upsd.users").unwrap();
    start(&machine, &["-F"]);
    world.sleep_until(Duration::from_secs(2)).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask("LIST UPS").await, "BEGIN LIST UPS");
    assert_eq!(count(&said(&world), "/etc/nut/upsd.users does not exist"), 1);
    assert!(machine.read_file("/var/state/ups/upsd.pid").is_err(), "-F writes no PID file");
}

#[tokio::test(start_paused = true)]
async fn a_second_upsd_is_refused_and_a_dead_one_is_not_in_the_way() {
    let (world, machine, first) = started(&["-FF"]).await;
    let lines = refused(&world, &machine, &[]).await;
    assert_eq!(count(&lines, "A previous upsd instance is already running!"), 1, "{lines:?}");
    machine.signal(first, Signal::Kill).unwrap();
    machine.exited(first).await;
    assert!(machine.read_file("/var/state/ups/upsd.pid").is_ok());
    let second = start(&machine, &[]);
    world.sleep_until(world.now() + Duration::from_secs(2)).await;
    assert_eq!(machine.pid("upsd"), Some(second));
    assert_eq!(start_command(&machine, &["-c", "stop"]).await, Some(ExitStatus::Code(0)));
    machine.exited(second).await;
    assert_eq!(machine.pid("upsd"), None);
    assert_eq!(start_command(&machine, &["-c", "stop"]).await, Some(ExitStatus::Code(1)));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_outlived_a_power_cut_is_not_in_the_way() {
    let (world, machine) = machine(ONE_UPS, "LISTEN 127.0.0.1 3493\n");
    let other = machine.run("sshd", |_| std::future::pending());
    machine.put_file("/var/state/ups/upsd.pid", format!("{other}\n"), 0o644).unwrap();
    machine.put_file(format!("/proc/{other}/cmdline"), "/usr/sbin/sshd\0-D\0", 0o444).unwrap();
    let upsd = start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    assert_eq!(machine.pid("upsd"), Some(upsd));
    assert_eq!(machine.read_file("/var/state/ups/upsd.pid").unwrap(), format!("{upsd}\n").as_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_taken_port_is_said_and_what_to_do() {
    let (world, machine) = machine(ONE_UPS, "LISTEN 127.0.0.1 3493\nLISTEN 127.0.0.1 4000\n");
    let host = machine.host("other");
    let _taken = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    let lines = refused(&world, &machine, &[]).await;
    assert_eq!(count(&lines, "not listening on 127.0.0.1 port 3493: "), 1, "{lines:?}");
    assert_eq!(count(&lines, "change LISTEN in upsd.conf"), 1, "{lines:?}");
    assert_eq!(count(&lines, "ALLOW_NOT_ALL_LISTENERS"), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_taken_port_is_tried_again_when_that_is_allowed() {
    let conf = "LISTEN 127.0.0.1 3493\nLISTEN 127.0.0.1 4000\nALLOW_NOT_ALL_LISTENERS true\n";
    let (world, machine) = machine(ONE_UPS, conf);
    let host = machine.host("other");
    let taken = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(20)).await;
    assert!(host.connect_tcp("127.0.0.1", 4000).await.is_ok());
    drop(taken);
    world.sleep_until(Duration::from_secs(30)).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask("PROTVER").await, "1.3");
}

#[tokio::test(start_paused = true)]
async fn names_that_are_not_known_yet_hold_up_nothing() {
    let (world, machine) = machine(ONE_UPS, "LISTEN no.such.host\nLISTEN 127.0.0.1\n");
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask("PROTVER").await, "1.3");
    assert_eq!(count(&said(&world), "not listening on no.such.host port 3493"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_everybody_may_read_is_said() {
    let (world, machine) = machine(ONE_UPS, "");
    machine.set_mode("/etc/nut/upsd.users", 0o644).unwrap();
    machine.set_mode("/var/state/ups", 0o755).unwrap();
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let lines = said(&world);
    assert!(lines.contains(&"/etc/nut/upsd.users is world readable".to_owned()), "{lines:?}");
    assert!(lines.contains(&"/var/state/ups is world readable".to_owned()));
    assert_eq!(count(&lines, "world readable"), 2);
}

#[tokio::test(start_paused = true)]
async fn so_many_clients_and_no_more() {
    let (world, machine) = machine(ONE_UPS, "MAXCONN 5\n");
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let mut one = Client::connect(&machine).await;
    let mut two = Client::connect(&machine).await;
    assert_eq!((one.ask("PROTVER").await, two.ask("PROTVER").await), ("1.3".to_owned(), "1.3".to_owned()));
    let mut three = Client::connect(&machine).await;
    assert_eq!(three.ask("PROTVER").await, "");
    drop(one);
    settle(&two.host).await;
    let mut four = Client::connect(&machine).await;
    assert_eq!(four.ask("PROTVER").await, "1.3");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_server_drops_everything_it_started() {
    let (world, machine) = machine(ONE_UPS, "");
    let host = machine.host("upsd");
    let config = crate::UpsdConfig::load(&host, crate::options::Options::default()).unwrap();
    let running = tokio::spawn(crate::run(config, host));
    world.sleep_until(Duration::from_secs(2)).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask("PROTVER").await, "1.3");
    running.abort();
    settle(&client.host).await;
    assert_eq!(client.ask("PROTVER").await, "");
    assert!(client.host.connect_tcp("localhost", 3493).await.is_err());
}

/// Only for its type: `run` must be able to move between threads.
#[expect(dead_code, reason = "compiled, never called")]
fn run_is_send(config: crate::UpsdConfig, host: Host) -> impl Future<Output = ExitCode> + Send {
    crate::run(config, host)
}
