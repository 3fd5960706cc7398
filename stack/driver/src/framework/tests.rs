//! Drivers of a made-up family on a virtual machine: what clients of the socket see.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use outage_host::virt::{Event, EventKind, Machine, World};
use outage_host::{BoxStream, ExitStatus, Host, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;
use crate::config::ExtraOption;
use crate::core::tree::Tree;
use crate::family::{DeviceError, Outcome};

const SOCKET: &str = "/var/state/ups/fake-den";

/// What the made-up device does; tests change it while it is driven.
#[derive(Default)]
struct Device {
    /// Why it cannot be opened.
    missing: Option<DeviceError>,
    /// What goes wrong with a poll.
    trouble: Option<DeviceError>,
    /// A poll never ends.
    hangs: bool,
    charge: u32,
    opened: u32,
    polls: u32,
    /// Commands and writes that reached it.
    orders: Vec<String>,
}

#[derive(Clone, Default)]
struct Handle {
    device: Arc<Mutex<Device>>,
    event: Arc<Notify>,
}

impl Handle {
    fn with<T>(&self, change: impl FnOnce(&mut Device) -> T) -> T {
        change(&mut self.device.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Fake(Handle);

#[async_trait]
impl Family for Fake {
    async fn open(&mut self) -> Result<(), DeviceError> {
        self.0.with(|device| {
            device.opened += 1;
            device.missing.clone().map_or(Ok(()), Err)
        })
    }

    async fn init(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        tree.set("ups.mfr", "ACME");
        tree.set("ups.id", "den");
        tree.set_writable_string("ups.id", 16);
        tree.add_command("load.off");
        Ok(())
    }

    async fn poll(&mut self, tree: &mut Tree) -> Result<(), DeviceError> {
        if self.0.with(|device| device.hangs) {
            std::future::pending::<()>().await;
        }
        let charge = self.0.with(|device| {
            device.polls += 1;
            device.trouble.clone().map_or(Ok(device.charge), Err)
        })?;
        tree.set("battery.charge", charge.to_string());
        tree.status_begin();
        tree.status_add("OL");
        tree.status_commit();
        Ok(())
    }

    async fn event(&mut self) -> Result<(), DeviceError> {
        self.0.event.notified().await;
        Ok(())
    }

    async fn command(&mut self, name: &str, parameter: Option<&str>, _: &mut Tree) -> Outcome {
        if !matches!(name, "load.off" | "shutdown.return") {
            return Outcome::Unknown;
        }
        self.0.with(|device| device.orders.push(format!("{name} {}", parameter.unwrap_or("-"))));
        Outcome::Handled
    }

    async fn set(&mut self, variable: &str, value: &str, tree: &mut Tree) -> Outcome {
        if value.len() > 16 {
            return Outcome::Invalid;
        }
        self.0.with(|device| device.orders.push(format!("{variable} = {value}")));
        tree.set(variable, value);
        Outcome::Handled
    }

    async fn close(&mut self) {}
}

struct Bench {
    world: World,
    machine: Machine,
    handle: Handle,
    pid: u32,
}

fn config(extra: &[(&str, &str)]) -> DriverConfig {
    let extra: Vec<ExtraOption> =
        extra.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
    DriverConfig::ad_hoc("fake", "den", &extra, "/var/state/ups", "/var/state/ups").0
}

impl Bench {
    fn prepare() -> Self {
        let world = World::new(1);
        let machine = world.machine("m");
        machine.put_file("/var/state/ups/.keep", "", 0o644).unwrap();
        Self { world, machine, handle: Handle::default(), pid: 0 }
    }

    fn start(extra: &[(&str, &str)], prepare: impl FnOnce(&mut Device)) -> Self {
        let mut bench = Self::prepare();
        bench.handle.with(|device| device.charge = 100);
        bench.handle.with(prepare);
        bench.drive(config(extra));
        bench
    }

    fn drive(&mut self, config: DriverConfig) {
        let family = Box::new(Fake(self.handle.clone()));
        self.pid = self.machine.run("fake", |host| run(config, family, host));
    }

    async fn sleep(&self, milliseconds: u64) {
        self.world.sleep_until(self.world.now() + Duration::from_millis(milliseconds)).await;
    }

    async fn client(&self) -> Client {
        self.sleep(10).await;
        let host = self.machine.host("client");
        let stream = host.connect_unix(Path::new(SOCKET)).await.unwrap();
        Client { stream, host }
    }

    /// How the driver ended; waits for it.
    async fn ended(&self) -> Option<ExitStatus> {
        let status = self.machine.exited(self.pid).await;
        let recorded = |event: Event| match event.kind {
            EventKind::Exited(pid, status) if pid == self.pid => Some(status),
            _ => None,
        };
        status.or_else(|| self.world.events().into_iter().find_map(recorded))
    }

    fn logged(&self, text: &str) -> usize {
        let events = self.world.events();
        events.iter().filter(|e| matches!(&e.kind, EventKind::Log(_, line) if line.contains(text))).count()
    }
}

struct Client {
    stream: BoxStream,
    host: Host,
}

impl Client {
    async fn say(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Everything that arrives within so many milliseconds.
    async fn hear(&mut self, milliseconds: u64) -> String {
        let until = self.host.now() + Duration::from_millis(milliseconds);
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while self.host.now() < until {
            match self.host.timeout(until - self.host.now(), self.stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => heard.extend_from_slice(&buffer[..length]),
                _ => break,
            }
        }
        String::from_utf8(heard).unwrap()
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(line).await;
        self.hear(50).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_dump_of_a_driver_with_data() {
    let bench = Bench::start(&[("override.ups.mfr", "Other"), ("default.ups.model", "X")], |_| {});
    let mut client = bench.client().await;
    let dump = client.ask("DUMPALL").await.replace(crate::VERSION, "VERSION");
    insta::assert_snapshot!(dump, @r#"
    SETINFO battery.charge "100"
    SETINFO device.mfr "Other"
    SETINFO device.model "X"
    SETINFO device.type "ups"
    SETINFO driver.debug "0"
    SETFLAGS driver.debug RW NUMBER
    SETINFO driver.flag.allow_killpower "0"
    SETFLAGS driver.flag.allow_killpower RW NUMBER
    SETINFO driver.name "fake"
    SETINFO driver.parameter.pollinterval "2"
    SETINFO driver.parameter.port ""
    SETINFO driver.parameter.synchronous "auto"
    SETINFO driver.state "quiet"
    SETINFO driver.version "VERSION"
    SETINFO ups.id "den"
    SETAUX ups.id 16
    SETFLAGS ups.id RW STRING
    SETINFO ups.mfr "Other"
    SETINFO ups.model "X"
    SETINFO ups.status "OL"
    ADDCMD driver.killpower
    ADDCMD driver.reload
    ADDCMD driver.reload-or-error
    ADDCMD driver.reload-or-exit
    ADDCMD load.off
    ADDCMD shutdown.default
    DATAOK
    DUMPDONE
    "#);
    assert!(bench.world.events().iter().any(|event| event.kind == EventKind::Ready));
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_a_device_answers_and_waits_for_it() {
    let missing = DeviceError::Gone("no matching device".into());
    let bench = Bench::start(&[], |device| device.missing = Some(missing));
    let mut client = bench.client().await;
    let dump = client.ask("DUMPALL").await;
    assert!(
        dump.starts_with("DATASTALE\n") && !dump.contains("DATAOK") && dump.ends_with("DUMPDONE\n"),
        "{dump}"
    );
    assert!(!dump.contains("ups.status"), "{dump}");
    assert_eq!(client.ask("PING").await, "PONG\n");
    assert_eq!(client.ask("INSTCMD load.off TRACKING 1").await, "TRACKING 1 3\n");
    assert!(bench.world.events().iter().any(|event| event.kind == EventKind::Ready));
    client.hear(3_600_000).await;
    assert_eq!(bench.logged("no matching device"), 12, "said again every five minutes, not more");
    bench.handle.with(|device| device.missing = None);
    let heard = client.hear(11_000).await;
    assert!(heard.contains("SETINFO ups.status \"OL\"\n"), "{heard}");
    assert_eq!(heard.matches("DATAOK\n").count(), 1, "{heard}");
}

#[tokio::test(start_paused = true)]
async fn a_few_failed_polls_are_tolerated_and_staleness_is_said_once() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    bench.handle.with(|device| device.trouble = Some(DeviceError::Failed("no answer".into())));
    assert_eq!(client.hear(7_000).await, "");
    assert_eq!(client.hear(100_000).await, "DATASTALE\n");
    bench.handle.with(|device| device.trouble = None);
    assert_eq!(client.hear(100_000).await, "DATAOK\n");
    assert_eq!((bench.logged("lost"), bench.logged("re-established")), (1, 1));
    assert_eq!(bench.handle.with(|device| device.opened), 1);
}

#[tokio::test(start_paused = true)]
async fn a_device_that_calls_its_data_old_is_stale_at_once_and_stays_open() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    bench.handle.with(|device| device.trouble = Some(DeviceError::Stale("data stale".into())));
    assert_eq!(client.hear(2_500).await, "DATASTALE\n");
    assert_eq!(client.hear(100_000).await, "");
    bench.handle.with(|device| device.trouble = None);
    assert!(client.hear(2_500).await.ends_with("DATAOK\n"));
    assert_eq!((bench.logged("lost"), bench.logged("re-established")), (1, 1));
    assert_eq!(bench.handle.with(|device| device.opened), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unplugged_device_is_stale_at_once_and_opened_again() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    bench.handle.with(|device| {
        device.trouble = Some(DeviceError::Gone("unplugged".into()));
        device.missing = device.trouble.clone();
    });
    let heard = client.hear(2_500).await;
    assert!(heard.starts_with("DATASTALE\n"), "{heard}");
    bench.handle.with(|device| {
        device.trouble = None;
        device.missing = None;
    });
    let heard = client.hear(10_000).await;
    assert!(heard.ends_with("SETINFO driver.state \"quiet\"\nDATAOK\n"), "{heard}");
    assert!(!heard.contains("DATASTALE"), "{heard}");
    assert_eq!((bench.logged("lost"), bench.logged("re-established")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_hangs_makes_the_data_stale_while_the_socket_answers() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    bench.handle.with(|device| device.hangs = true);
    assert_eq!(client.hear(14_000).await, "");
    assert_eq!(client.hear(2_000).await, "DATASTALE\n");
    assert_eq!(client.ask("PING").await, "PONG\n");
}

#[tokio::test(start_paused = true)]
async fn commands_and_writes_are_answered_when_asked() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    assert_eq!(client.ask("INSTCMD load.off 5 TRACKING a").await, "TRACKING a 0\n");
    assert_eq!(client.ask("INSTCMD load.off").await, "");
    assert_eq!(client.ask("INSTCMD no.such TRACKING b").await, "TRACKING b 1\n");
    assert_eq!(client.ask("SET ups.mfr x TRACKING c").await, "TRACKING c 1\n", "not writable");
    assert_eq!(client.ask("SET no.such x TRACKING d").await, "TRACKING d 1\n");
    assert_eq!(client.ask("SET ups.id 12345678901234567 TRACKING e").await, "TRACKING e 2\n");
    let answer = client.ask(r#"SET ups.id "a \"b\"" TRACKING f"#).await;
    assert_eq!(answer, "SETINFO ups.id \"a \\\"b\\\"\"\nTRACKING f 0\n");
    assert_eq!(client.ask("INSTCMD shutdown.default TRACKING g").await, "TRACKING g 0\n");
    let orders = bench.handle.with(|device| device.orders.clone());
    assert_eq!(orders, ["load.off 5", "load.off -", "ups.id = a \"b\"", "shutdown.return -"]);
}

#[tokio::test(start_paused = true)]
async fn killpower_has_to_be_allowed() {
    let bench = Bench::start(&[("sdcommands", "no.such, load.off, shutdown.return")], |_| {});
    let mut client = bench.client().await;
    assert_eq!(client.ask("INSTCMD driver.killpower TRACKING 1").await, "TRACKING 1 2\n");
    assert_eq!(client.ask("SET driver.flag.allow_killpower perhaps TRACKING 2").await, "TRACKING 2 2\n");
    assert!(client.ask("SET driver.flag.allow_killpower 1 TRACKING 3").await.ends_with("TRACKING 3 0\n"));
    assert!(client.ask("INSTCMD driver.killpower TRACKING 4").await.ends_with("TRACKING 4 0\n"));
    assert_eq!(bench.handle.with(|device| device.orders.clone()), ["load.off -"]);
}

#[tokio::test(start_paused = true)]
async fn verbosity_can_be_set() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    client.ask("HELLO").await;
    assert_eq!(bench.logged("unknown verb"), 0);
    let answer = client.ask("SET driver.debug 1 TRACKING 1").await;
    assert_eq!(answer, "SETINFO driver.debug \"1\"\nTRACKING 1 0\n");
    client.ask("HELLO").await;
    assert_eq!(bench.logged("unknown verb"), 1);
    client.ask("SET driver.debug -1").await;
    client.ask("HELLO").await;
    assert_eq!(bench.logged("unknown verb"), 1);
}

#[tokio::test(start_paused = true)]
async fn broadcasts_reach_all_but_those_who_muted_them() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    let mut muted = bench.client().await;
    muted.say("NOBROADCAST").await;
    let mut gone = bench.client().await;
    assert_eq!(gone.ask("LOGOUT").await, "OK Goodbye\n");
    bench.handle.with(|device| device.charge = 99);
    bench.handle.event.notify_one();
    assert_eq!(client.hear(100).await, "SETINFO battery.charge \"99\"\n", "an event polls at once");
    assert_eq!(muted.hear(100).await, "");
    assert_eq!(muted.ask("BROADCAST 1\nPING").await, "PONG\n");
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_passed_over() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    let mut nonsense = vec![b'x'; 100_000];
    nonsense.extend_from_slice(b"\n\n\xff\xfe\0 #\n\"unclosed # \nSET\nINSTCMD\nHELLO there\n");
    client.stream.write_all(&nonsense).await.unwrap();
    assert_eq!(client.ask("PING").await, "PONG\n");
    client.stream.write_all(b"P\xffI\xc3\xa4NG\n").await.unwrap();
    assert_eq!(client.hear(50).await, "PONG\n", "as NUT's, it drops what is not ASCII");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped_alone() {
    let bench = Bench::start(&[], |_| {});
    let mut slow = bench.client().await;
    let mut client = bench.client().await;
    for _ in 0..4000 {
        let written = slow.stream.write_all(b"DUMPALL\n");
        if !matches!(slow.host.timeout(Duration::from_millis(10), written).await, Ok(Ok(()))) {
            break;
        }
    }
    bench.sleep(1000).await;
    assert_eq!(client.ask("PING").await, "PONG\n");
    let rest = slow.hear(1000).await;
    assert!(rest.len() < 3 << 20, "{}", rest.len());
    assert!(slow.stream.write_all(b"PING\n").await.is_err() || slow.hear(100).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_idle_day_costs_one_poll_every_two_seconds_and_no_broadcast() {
    let bench = Bench::start(&[], |_| {});
    let mut client = bench.client().await;
    assert_eq!(client.hear(86_400_000).await, "");
    let polls = bench.handle.with(|device| device.polls);
    assert!((43_190..=43_202).contains(&polls), "{polls}");
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_asked_and_leaves_nothing_behind() {
    for ask in [None, Some(Signal::Term), Some(Signal::Int), Some(Signal::Quit)] {
        let bench = Bench::start(&[], |_| {});
        let mut client = bench.client().await;
        assert_eq!(
            bench.machine.read_file("/var/state/ups/fake-den.pid").unwrap(),
            format!("{}\n", bench.pid).as_bytes()
        );
        match ask {
            None => assert!(client.ask("INSTCMD driver.exit TRACKING 1").await.starts_with("TRACKING 1 0\n")),
            Some(signal) => bench.machine.signal(bench.pid, signal).unwrap(),
        }
        assert_eq!(bench.ended().await, Some(ExitStatus::Code(0)));
        assert_eq!(bench.machine.files(), [Path::new("/var/state/ups/.keep")]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_in_the_middle_of_a_poll() {
    let bench = Bench::start(&[], |device| device.hangs = true);
    bench.sleep(1000).await;
    bench.machine.signal(bench.pid, Signal::Term).unwrap();
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(0)));
}

#[tokio::test(start_paused = true)]
async fn a_second_instance_takes_over() {
    let mut bench = Bench::start(&[], |_| {});
    let first = bench.pid;
    bench.sleep(100).await;
    bench.drive(config(&[]));
    assert_eq!(bench.machine.exited(first).await, Some(ExitStatus::Code(0)));
    bench.sleep(1000).await;
    assert_eq!(bench.client().await.ask("PING").await, "PONG\n");
    assert_eq!(
        bench.machine.read_file("/var/state/ups/fake-den.pid").unwrap(),
        format!("{}\n", bench.pid).as_bytes()
    );
}

#[tokio::test(start_paused = true)]
async fn what_can_never_work_ends_it_with_one_line() {
    let bench =
        Bench::start(&[], |device| device.missing = Some(DeviceError::Config("offdelay is odd".into())));
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(bench.logged("offdelay is odd"), 1);

    let mut bench = Bench::prepare();
    let extra = [("port".into(), Some("x".into()))];
    bench.drive(DriverConfig::ad_hoc("fake", "den", &extra, "/no/such", "/no/such").0);
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(bench.logged("the state folder /no/such is missing: make it"), 1);
}

#[tokio::test(start_paused = true)]
async fn reconnect_max_tries_is_honoured() {
    let missing = DeviceError::Gone("nothing there".into());
    let bench = Bench::start(&[("reconnect_max_tries", "2")], |device| device.missing = Some(missing));
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(1)));
    assert_eq!(bench.handle.with(|device| device.opened), 3);
}

#[tokio::test(start_paused = true)]
async fn low_marks_are_missed_when_lb_is_to_be_judged() {
    let bench = Bench::start(&[("ignorelb", "yes")], |_| {});
    bench.sleep(10_000).await;
    assert_eq!(bench.logged("ignorelb needs"), 1);
    let bench = Bench::start(&[("ignorelb", "yes"), ("override.battery.charge.low", "100")], |_| {});
    bench.sleep(10_000).await;
    assert_eq!(bench.logged("ignorelb needs"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_what_it_can() {
    const CONF: &str = "/etc/nut/ups.conf";
    let mut bench = Bench::prepare();
    bench.machine.put_file(CONF, "[den]\ndriver = fake\nport = x\npollinterval = 7\n", 0o644).unwrap();
    let mut config = config(&[]);
    config.conf_path = Some(CONF.into());
    config.port = "x".into();
    config.options.set("driver", Some("fake".into()));
    config.options.set("port", Some("x".into()));
    bench.drive(config);
    let mut client = bench.client().await;
    assert_eq!(client.ask("PING").await, "PONG\n");
    bench.machine.signal(bench.pid, Signal::Hup).unwrap();
    assert_eq!(client.hear(100).await, "SETINFO driver.parameter.pollinterval \"7\"\n");
    let polls = bench.handle.with(|device| device.polls);
    bench.sleep(70_000).await;
    assert!(bench.handle.with(|device| device.polls) - polls <= 12);

    bench.machine.put_file(CONF, "[den]\ndriver = fake\nport = y\n", 0o644).unwrap();
    assert_eq!(client.ask("INSTCMD driver.reload-or-error TRACKING 1").await, "TRACKING 1 3\n");
    assert!(client.ask("INSTCMD driver.reload TRACKING 2").await.ends_with("TRACKING 2 0\n"));
    assert_eq!(bench.logged("a changed port takes effect when the driver is started again"), 2);
    bench.machine.remove_file(CONF).unwrap();
    assert_eq!(client.ask("INSTCMD driver.reload TRACKING 3").await, "TRACKING 3 3\n");
    bench.machine.put_file(CONF, "[den]\ndriver = fake\nport = y\n", 0o644).unwrap();
    bench.machine.signal(bench.pid, Signal::Usr1).unwrap();
    assert_eq!(bench.ended().await, Some(ExitStatus::Code(138)));
}

async fn kill(bench: &Bench) -> Option<ExitStatus> {
    let family = Box::new(Fake(bench.handle.clone()));
    let pid = bench.machine.run("killer", |host| kill_power(config(&[]), family, host));
    bench.machine.exited(pid).await
}

#[tokio::test(start_paused = true)]
async fn power_is_killed_through_the_running_driver() {
    let bench = Bench::start(&[], |_| {});
    bench.sleep(100).await;
    assert_eq!(kill(&bench).await, Some(ExitStatus::Code(0)));
    assert_eq!(
        bench.handle.with(|device| (device.opened, device.orders.clone())),
        (1, vec!["shutdown.return -".into()])
    );
    assert!(bench.machine.pid("fake").is_some());
}

#[tokio::test(start_paused = true)]
async fn power_is_killed_without_a_running_driver() {
    let bench = Bench::prepare();
    assert_eq!(kill(&bench).await, Some(ExitStatus::Code(0)));
    assert_eq!(bench.handle.with(|device| device.orders.clone()), ["shutdown.return -"]);
}

#[tokio::test(start_paused = true)]
async fn power_is_killed_instead_of_a_driver_that_hangs() {
    let bench = Bench::start(&[], |device| device.hangs = true);
    bench.sleep(100).await;
    assert_eq!(kill(&bench).await, Some(ExitStatus::Code(0)));
    assert_eq!(bench.machine.pid("fake"), None);
}

#[tokio::test(start_paused = true)]
async fn power_that_cannot_be_killed_is_a_failure() {
    let bench = Bench::prepare();
    bench.handle.with(|device| device.missing = Some(DeviceError::Gone("nothing there".into())));
    assert_eq!(kill(&bench).await, Some(ExitStatus::Code(1)));
    assert_eq!(bench.logged("nothing there"), 1);
}

#[tokio::test(start_paused = true)]
async fn data_can_be_dumped_once() {
    let bench = Bench::prepare();
    let family = Box::new(Fake(bench.handle.clone()));
    let pid = bench.machine.run("once", |host| dump(config(&[]), family, host, 3));
    assert_eq!(bench.machine.exited(pid).await, Some(ExitStatus::Code(0)));
    assert_eq!(bench.handle.with(|device| device.polls), 3);
    let printed: Vec<String> = (bench.world.events().into_iter())
        .filter_map(|event| match event.kind {
            EventKind::Print(text) => Some(text),
            _ => None,
        })
        .collect();
    for line in ["ups.status: OL\n", "device.type: ups\n", "driver.parameter.pollinterval: 2\n"] {
        assert!(printed.contains(&line.to_owned()), "{printed:?}");
    }
}

#[test]
#[ignore = "measures time: run with --release --ignored"]
fn what_an_idle_day_costs() {
    let clock = outage_host::real::host("clock", 0);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let start = clock.now();
    runtime.block_on(async {
        let bench = Bench::start(&[], |_| {});
        bench.sleep(86_400_000).await;
    });
    eprintln!("24 h of polling every 2 s: {:?}", clock.now() - start);
}
