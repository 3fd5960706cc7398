//! `nutdrv_qx` and `blazer_ser` against a scripted serial line on a virtual machine.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use outage_host::virt::{Machine, SerialEnd, World};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::config::{DriverConfig, ExtraOption};
use crate::core::tree::Tree;
use crate::drivers;
use crate::family::{DeviceError, Family, Outcome};

const PORT: &str = "/dev/ttyS0";
const ON_LINE: &str = "(230.1 229.0 230.2 025 50.0 13.6 25.0 00001001\r";
const ON_BATTERY: &str = "(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r";

/// What the UPS says to each request; what is not listed gets no answer. Bytes after a `~` come that late, in
/// milliseconds: `"half~300~rest"`.
#[derive(Default)]
struct Script {
    answers: BTreeMap<String, Vec<String>>,
    heard: Vec<String>,
    wires: Option<(bool, bool)>,
    baud: u32,
}

#[derive(Clone, Default)]
struct Ups(Arc<Mutex<Script>>);

impl Ups {
    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on, these are the answers to a request, in turn; the last one for good.
    fn says(&self, request: &str, answers: &[&str]) {
        self.with(|script| {
            script
                .answers
                .insert(request.into(), answers.iter().rev().map(|&answer| answer.into()).collect());
        });
    }

    fn answer(&self, request: &str) -> Option<String> {
        self.with(|script| {
            script.heard.push(request.into());
            let answers = script.answers.get_mut(request)?;
            if answers.len() > 1 { answers.pop() } else { answers.last().cloned() }
        })
    }

    fn heard(&self) -> Vec<String> {
        self.with(|script| std::mem::take(&mut script.heard))
    }

    async fn live(self, world: World, mut line: SerialEnd) {
        let mut request = String::new();
        while let Ok(byte) = line.read_u8().await {
            if byte != b'\r' {
                request.push(char::from(byte));
                continue;
            }
            self.with(|script| {
                script.wires = Some(line.outputs());
                script.baud = line.settings().baud;
            });
            let answer = self.answer(&std::mem::take(&mut request)).unwrap_or_default();
            for (place, part) in answer.split('~').enumerate() {
                if place % 2 == 0 {
                    let _ = line.write_all(part.as_bytes()).await;
                } else {
                    let late = Duration::from_millis(part.parse().unwrap());
                    world.sleep_until(world.now() + late).await;
                }
            }
        }
    }
}

struct Bench {
    world: World,
    machine: Machine,
    ups: Ups,
    family: Box<dyn Family>,
    tree: Tree,
}

fn bench(driver: &str, extra: &[(&str, &str)]) -> Bench {
    let world = World::new(1);
    let machine = world.machine("m");
    let ups = Ups::default();
    ups.says("Q1", &[ON_LINE]);
    ups.says("F", &["#230.0 004 012.0 50.0\r"]);
    ups.says("I", &["#ACME            PRO-700    V1.2      \r"]);
    plug(&world, &machine, &ups);
    let given = extra.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned())));
    let extra: Vec<ExtraOption> =
        std::iter::once(("port".to_owned(), Some(PORT.to_owned()))).chain(given).collect();
    let (config, _) = DriverConfig::ad_hoc(driver, "den", &extra, "/var/state/ups", "/var/state/ups");
    let family = drivers::family(&config, &machine.host(driver)).unwrap();
    let mut tree = Tree::default();
    for (name, value) in &config.defaults {
        tree.set(name, value);
    }
    Bench { world, machine, ups, family, tree }
}

fn plug(world: &World, machine: &Machine, ups: &Ups) {
    let (world, ups) = (world.clone(), ups.clone());
    machine.plug_serial(PORT, move |line| {
        tokio::spawn(ups.clone().live(world.clone(), line));
    });
}

impl Bench {
    async fn begin(&mut self) -> Result<(), DeviceError> {
        self.family.open().await?;
        self.family.init(&mut self.tree).await?;
        self.ups.heard();
        Ok(())
    }

    async fn poll(&mut self) -> Result<Option<String>, DeviceError> {
        self.family.poll(&mut self.tree).await?;
        Ok(self.tree.get("ups.status").map(Into::into))
    }

    async fn command(&mut self, name: &str) -> Outcome {
        self.family.command(name, None, &mut self.tree).await
    }
}

#[tokio::test(start_paused = true)]
async fn what_upsc_shows() {
    let mut bench = bench("nutdrv_qx", &[("runtimecal", "240,100,720,50")]);
    bench.begin().await.unwrap();
    bench.poll().await.unwrap();
    let shown: Vec<String> = bench.tree.variables().map(|(name, v)| format!("{name}: {}", v.value)).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    battery.charge: 100
    battery.runtime: 2160
    battery.voltage: 13.60
    battery.voltage.high: 13.00
    battery.voltage.low: 10.40
    battery.voltage.nominal: 12.0
    device.mfr: ACME
    device.model: PRO-700
    driver.version.data: Megatec 0.06
    input.current.nominal: 4.0
    input.frequency: 50.0
    input.frequency.nominal: 50
    input.voltage: 230.1
    input.voltage.fault: 229.0
    input.voltage.nominal: 230
    output.voltage: 230.2
    ups.beeper.status: enabled
    ups.delay.shutdown: 30
    ups.delay.start: 180
    ups.firmware: V1.2
    ups.load: 25
    ups.status: OL
    ups.temperature: 25.0
    ups.type: offline / line interactive
    ");
    assert_eq!(bench.ups.with(|script| (script.baud, script.wires)), (2400, Some((true, false))));
}

#[tokio::test(start_paused = true)]
async fn the_mains_fail_and_return() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    assert_eq!(bench.poll().await, Ok(Some("OL".into())));
    bench.ups.says("Q1", &[ON_BATTERY]);
    assert_eq!(bench.poll().await, Ok(Some("OB".into())));
    assert_eq!(bench.tree.get("battery.charge"), Some("50"));
    bench.ups.says("Q1", &[ON_LINE]);
    assert_eq!(bench.poll().await, Ok(Some("OL".into())));
}

#[rstest]
#[case::echo("Q1\r(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r")]
#[case::garbage_before("\0\x7f~30~xx(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r")]
#[case::cut_line_before("(230.1 229.0 23(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r")]
#[case::other_line_before("NOISE\r#230.0 004 012.0 50.0\r(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r")]
#[case::byte_by_byte("(000.0 140.0~900~ 230.2 025 50.0 11.7 25.0 1000~900~1001\r")]
#[case::line_feed("(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\n")]
#[case::no_end("(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001")]
#[case::long_garbage(
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r"
)]
#[tokio::test(start_paused = true)]
async fn a_noisy_line_is_understood(#[case] answer: &str) {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.ups.says("Q1", &[answer]);
    assert_eq!(bench.poll().await, Ok(Some("OB".into())));
}

#[rstest]
#[case::silence("")]
#[case::nak("NAK\r")]
#[case::echo("Q1\r")]
#[case::short("(000.0 140.0 230.2 025\r")]
#[case::no_bit("(000.0 140.0 230.2 025 50.0 11.7 25.0 x0001001\r")]
#[case::another_answer("#230.0 004 012.0 50.0\r")]
#[tokio::test(start_paused = true)]
async fn what_was_not_understood_changes_nothing(#[case] answer: &str) {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.poll().await.unwrap();
    bench.tree.take_changes();
    bench.ups.says("Q1", &[answer]);
    assert!(matches!(bench.poll().await, Err(DeviceError::Failed(_))));
    assert_eq!(bench.tree.take_changes(), []);
    assert_eq!(bench.tree.get("ups.status"), Some("OL"));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_not_taken_for_the_next_one() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.ups.says("Q1", &["~1500~(000.0 140.0 230.2 025 50.0 11.7 25.0 10001001\r", ON_LINE]);
    assert!(bench.poll().await.is_err());
    bench.world.sleep_until(bench.world.now() + Duration::from_secs(2)).await;
    assert_eq!(bench.poll().await, Ok(Some("OL".into())));
}

#[tokio::test(start_paused = true)]
async fn endless_junk_ends_the_exchange_in_time() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    let junk = "junk\r~100~".repeat(1000);
    bench.ups.says("Q1", &[junk.trim_end_matches("~100~")]);
    let start = bench.world.now();
    assert!(bench.poll().await.is_err());
    assert!(bench.world.now() - start <= Duration::from_secs(5));
}

#[rstest]
#[case::ready(ON_LINE, 100, 300)]
#[case::starts_still("\u{7f}x(00", 1100, 4000)]
#[tokio::test(start_paused = true)]
async fn a_cable_may_need_a_while_but_need_not(#[case] first: &str, #[case] least: u64, #[case] most: u64) {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.ups.says("Q1", &[first, ON_LINE]);
    let start = bench.world.now();
    assert_eq!(bench.family.open().await, Ok(()));
    let took = bench.world.now() - start;
    assert!((least..most).contains(&u64::try_from(took.as_millis()).unwrap()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_ups_that_still_boots_gets_three_chances() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.ups.says("Q1", &["", "\r", ON_LINE]);
    assert_eq!(bench.begin().await, Ok(()));
    bench.ups.says("Q1", &[""]);
    bench.family.close().await;
    match bench.begin().await {
        Err(DeviceError::Failed(why)) => assert!(why.contains("no answer to Q1"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_ups_may_know_only_q1() {
    let mut bench = bench("nutdrv_qx", &[("default.battery.voltage.nominal", "12")]);
    bench.ups.says("F", &["F\r"]);
    bench.ups.says("I", &[""]);
    bench.begin().await.unwrap();
    bench.poll().await.unwrap();
    assert_eq!(bench.tree.get("device.mfr"), None);
    assert_eq!(bench.tree.get("battery.charge"), Some("100"));
}

#[tokio::test(start_paused = true)]
async fn a_pulled_cable_is_gone_and_comes_back() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.machine.unplug_serial(Path::new(PORT));
    assert!(matches!(bench.poll().await, Err(DeviceError::Gone(_))));
    bench.family.close().await;
    match bench.begin().await {
        Err(DeviceError::Gone(why)) => {
            assert_eq!(why, "/dev/ttyS0 does not exist (is the adapter plugged in?)");
        }
        other => panic!("{other:?}"),
    }
    plug(&bench.world, &bench.machine, &bench.ups);
    bench.begin().await.unwrap();
    assert_eq!(bench.poll().await, Ok(Some("OL".into())));
}

#[tokio::test(start_paused = true)]
async fn the_port_is_said_to_be_in_use() {
    let mut bench = bench("nutdrv_qx", &[]);
    let other = bench.machine.host("other");
    let _held = other.open_serial(Path::new(PORT), outage_host::SerialSettings::new(2400)).await.unwrap();
    match bench.begin().await {
        Err(DeviceError::Gone(why)) => assert!(why.contains("in use by another program"), "{why}"),
        result => panic!("{result:?}"),
    }
}

#[rstest]
#[case::silence("", Outcome::Handled)]
#[case::ack("ACK\r", Outcome::Handled)]
#[case::bracketed_ack("(ACK\r", Outcome::Handled)]
#[case::nak("(NAK\r", Outcome::Failed)]
#[case::echo("Q\r", Outcome::Failed)]
#[tokio::test(start_paused = true)]
async fn commands(#[case] answer: &str, #[case] outcome: Outcome) {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.ups.says("Q", &[answer]);
    assert_eq!(bench.command("beeper.toggle").await, outcome);
    assert_eq!(bench.ups.heard(), ["Q"]);
    assert_eq!(bench.command("no.such").await, Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn on_a_line_that_echoes_an_echo_is_no_refusal() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.ups.says("Q1", &[&format!("Q1\r{ON_LINE}")]);
    bench.ups.says("Q", &["Q\r"]);
    bench.begin().await.unwrap();
    assert_eq!(bench.command("beeper.toggle").await, Outcome::Handled);
}

#[rstest]
#[case("nutdrv_qx", &[], &["C", "S.5R0003"])]
#[case("nutdrv_qx", &[("offdelay", "120"), ("ondelay", "600")], &["C", "S02R0010"])]
#[case("blazer_ser", &[("offdelay", "120"), ("ondelay", "600")], &["C", "S02R0600"])]
#[case("nutdrv_qx", &[("stayoff", "yes")], &["C", "S.5R0000"])]
#[tokio::test(start_paused = true)]
async fn the_load_is_shut_down(
    #[case] driver: &str,
    #[case] extra: &[(&str, &str)],
    #[case] expected: &[&str],
) {
    let mut bench = bench(driver, extra);
    bench.begin().await.unwrap();
    assert_eq!(bench.command("shutdown.default").await, Outcome::Handled);
    assert_eq!(bench.ups.heard(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_tried_three_times() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    bench.ups.says("C", &["NAK\r"]);
    bench.ups.says("S.5R0003", &["NAK\r", "NAK\r", "ACK\r"]);
    assert_eq!(bench.command("shutdown.default").await, Outcome::Handled);
    assert_eq!(bench.ups.heard(), ["C", "C", "C", "S.5R0003", "S.5R0003", "S.5R0003"]);
    bench.ups.says("S.5R0003", &["NAK\r"]);
    assert_eq!(bench.command("shutdown.default").await, Outcome::Failed);
}

#[tokio::test(start_paused = true)]
async fn delays_can_be_written_and_read_back() {
    let mut bench = bench("nutdrv_qx", &[]);
    bench.begin().await.unwrap();
    for (name, value, outcome, stored) in [
        ("ups.delay.shutdown", "119", Outcome::Handled, "60"),
        ("ups.delay.shutdown", "5", Outcome::Invalid, "60"),
        ("ups.delay.start", "200", Outcome::Handled, "180"),
        ("ups.delay.start", "-1", Outcome::Invalid, "180"),
    ] {
        assert_eq!(bench.family.set(name, value, &mut bench.tree).await, outcome, "{name} {value}");
        assert_eq!(bench.tree.get(name), Some(stored));
    }
    assert_eq!(bench.family.set("ups.id", "x", &mut bench.tree).await, Outcome::Unknown);
    bench.command("shutdown.return").await;
    assert_eq!(bench.ups.heard(), ["S01R0003"]);
}

#[rstest]
#[case(&[], "ALARM OL FSD")]
#[case(&[("ignoresab", "yes")], "OL")]
#[tokio::test(start_paused = true)]
async fn an_active_shutdown_means_fsd_unless_ignored(#[case] extra: &[(&str, &str)], #[case] status: &str) {
    let mut bench = bench("nutdrv_qx", extra);
    bench.ups.says("Q1", &["(230.1 229.0 230.2 025 50.0 13.6 25.0 00001011\r"]);
    bench.begin().await.unwrap();
    assert_eq!(bench.poll().await, Ok(Some(status.into())));
}
