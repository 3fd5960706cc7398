//! The devices that come with the simulator: against what was captured of them, and through driver and server to upsc.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is a failed test")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outage_host::virt::{EventKind, Machine, World};
use outage_simulator::bus::usbip::Bus;
use outage_simulator::clock::TokioClock;
use outage_simulator::device::file::Firmware;
use outage_simulator::device::usb::{Reply, Setup};
use outage_simulator::ups::{Options, Ups};
use rstest::rstest;

macro_rules! capture {
    ($name:literal) => {
        include_str!(concat!("../../stack/hid/tests/captures/", $name))
    };
}

fn hex(text: &str) -> Vec<u8> {
    let words = text.lines().filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace);
    words.map(|word| u8::from_str_radix(word, 16).unwrap()).collect()
}

fn ups(device: &str) -> Ups {
    let clock = Arc::new(TokioClock::default());
    let options = Options { seed: 1, time_scale: 1.0, serial_number: None, clock };
    Ups::new("office", &outage_simulator::device(device).unwrap(), options)
}

#[rstest]
#[case("apc-cs-500", capture!("apc-back-ups-cs-500-051d-0002.hex"))]
#[case("apc-bk650m2-ch", capture!("apc-back-ups-bk650m2-ch-051d-0002.hex"))]
#[case("apc-smx-750", capture!("apc-smart-ups-x-750-051d-0003.hex"))]
#[case("cyberpower-ec850lcd", capture!("cyberpower-ec850lcd-0764-0501.hex"))]
#[case("cyberpower-cst135uc2", capture!("cyberpower-cst135uc2-0764-0601.hex"))]
#[case("santak-tg-box-850", capture!("santak-tg-box-850-mge-0463-ffff.hex"))]
fn the_report_descriptor_is_the_captured_one(#[case] device: &str, #[case] captured: &str) {
    let Firmware::Hid(firmware) = outage_simulator::device(device).unwrap().firmware else {
        panic!("not on USB")
    };
    assert_eq!(firmware.report_descriptors, [hex(captured)]);
}

/// Feature reports of a capture, and those that are otherwise here, since they hang on what was plugged in and done to it.
#[rstest]
#[case(
    "apc-cs-500",
    capture!("apc-back-ups-cs-500-051d-0002.reports.txt"),
    // Voltage of the battery; runtime.
    &[0x09, 0x0c]
)]
#[case(
    "apc-bk650m2-ch",
    capture!("apc-back-ups-bk650m2-ch-051d-0002.reports.txt"),
    // Runtime, beeper, test, voltages, load.
    &[0x0f, 0x18, 0x21, 0x23, 0x26, 0x31, 0x50, 0x78]
)]
#[case(
    "santak-tg-box-850",
    "get 01 25 00 00\nget 06 64 e0 04 00 00\nget 07 02 02 01 00 03 18 02\nget 08 14\nget 0d 52 03 32\nget 0e e6 00\n\
     get 12 dc\nget 13 08 01\nget 14 b8\nget 1f 02",
    // Runtime, load, voltage.
    &[0x06, 0x07, 0x0e]
)]
#[tokio::test(start_paused = true)]
async fn answers_at_rest_are_the_captured_ones(
    #[case] device: &str,
    #[case] captured: &str,
    #[case] otherwise: &[u8],
) {
    let ups = ups(device);
    let mut other = Vec::new();
    let mut compared = 0;
    for line in captured.lines() {
        let line = line.split('#').next().unwrap();
        let Some(bytes) = line.strip_prefix("get ").or_else(|| line.strip_prefix("err ")) else { continue };
        let report = hex(bytes);
        let value = 0x0300 | u16::from(report[0]);
        let reply = ups.control(Setup { request_type: 0xa1, request: 1, value, index: 0, length: 255 }, &[]);
        let Reply::Data(answer) = reply else { panic!("report {:#04x} is missing", report[0]) };
        assert_eq!(answer.len(), report.len(), "report {:#04x}", report[0]);
        if answer != report {
            other.push(report[0]);
        }
        compared += 1;
    }
    assert_eq!((other, compared > 9), (otherwise.to_vec(), true));
}

const HOUR: Duration = Duration::from_secs(3600);

/// A machine with a driver and a server for one UPS.
struct Room {
    world: World,
    server: Machine,
}

impl Room {
    async fn new(ups: &Ups) -> Self {
        let world = World::new(1);
        let bus = Bus::new();
        bus.plug("1-1", ups.clone()).unwrap();
        let lab = world.machine("lab").host("usbipd");
        let listener = lab.listen_tcp(SocketAddr::from(([0, 0, 0, 0], 3240))).await.unwrap();
        tokio::spawn(async move {
            let _lab = lab;
            while let Ok((stream, _)) = listener.accept().await {
                let bus = bus.clone();
                tokio::spawn(async move { bus.serve(stream).await });
            }
        });
        let server = world.machine("server");
        let ups_conf =
            "statepath = /run/ups\n[office]\n  driver = usbhid-ups\n  port = usbip://lab:3240/1-1\n";
        server.put_file("/etc/nut/ups.conf", ups_conf, 0o640).unwrap();
        server.put_file("/etc/nut/upsd.conf", "STATEPATH /run/ups\nLISTEN 0.0.0.0 3493\n", 0o640).unwrap();
        server
            .put_file(
                "/etc/nut/upsd.users",
                "[admin]\n  password = x\n  actions = SET\n  instcmds = ALL\n",
                0o640,
            )
            .unwrap();
        server.put_file("/run/ups/.keep", "", 0o640).unwrap();
        server.set_mode("/run/ups", 0o770).unwrap();
        let room = Self { world, server };
        room.start(&["usbhid-ups", "-F", "-a", "office"]);
        room.start(&["upsd", "-F"]);
        room.pass(15).await;
        room
    }

    fn start(&self, words: &[&str]) -> u32 {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.server.run(&words[0].clone(), |host| outage_ups::run(words, host))
    }

    async fn pass(&self, seconds: u64) {
        self.world.sleep_until(self.world.now() + Duration::from_secs(seconds)).await;
    }

    /// What a program prints.
    async fn said(&self, words: &[&str]) -> String {
        let seen = self.world.events().len();
        let pid = self.start(words);
        self.world.timeout(HOUR, self.server.exited(pid)).await.unwrap();
        let printed = self.world.events_since(seen).into_iter().filter_map(|event| match event.kind {
            EventKind::Print(text) if &*event.process == words[0] => Some(text),
            _ => None,
        });
        printed.collect()
    }

    /// What upsc shows, without what is the driver's own.
    async fn variables(&self) -> BTreeMap<String, String> {
        let said = self.said(&["upsc", "office"]).await;
        let pairs = said.lines().filter_map(|line| line.split_once(": "));
        pairs
            .filter(|(name, _)| !name.starts_with("driver.") && !name.starts_with("device."))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// What is in `now` and was otherwise in `before`.
fn changes(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> String {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let lines = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    lines.map(|name| format!("{name}: {}\n", now.get(name).map_or("(gone)", String::as_str))).collect()
}

#[rstest]
#[case("apc-cs-500")]
#[case("apc-bk650m2-ch")]
#[case("apc-smx-750")]
#[case("cyberpower-ec850lcd")]
#[case("cyberpower-cst135uc2")]
#[case("eaton-3s-700")]
#[case("santak-tg-box-850")]
#[tokio::test(start_paused = true)]
async fn what_upsc_shows_through_a_power_failure(#[case] device: &str) {
    let ups = ups(device);
    ups.load(40.0);
    let room = Room::new(&ups).await;
    room.pass(45).await;
    let rest = room.variables().await;
    let mut text = String::from("at rest\n");
    for (name, value) in &rest {
        text.push_str(&format!("{name}: {value}\n"));
    }
    ups.mains(false);
    room.pass(60).await;
    let on_battery = room.variables().await;
    text.push_str(&format!("\non battery\n{}", changes(&rest, &on_battery)));
    ups.charge(8.0);
    room.pass(45).await;
    let low = room.variables().await;
    text.push_str(&format!("\nlow\n{}", changes(&on_battery, &low)));
    ups.mains(true);
    room.pass(60).await;
    text.push_str(&format!("\ncharging\n{}", changes(&low, &room.variables().await)));
    insta::assert_snapshot!(device, text);
}

/// What may be ordered and set does what it says, in the plant behind it.
#[rstest]
#[case("apc-bk650m2-ch", "test.battery.start.quick", true)]
#[case("apc-cs-500", "test.battery.start.quick", false)]
#[case("cyberpower-ec850lcd", "test.battery.start.quick", true)]
#[case("cyberpower-cst135uc2", "test.battery.start.quick", true)]
#[case("santak-tg-box-850", "test.battery.start.quick", false)]
#[tokio::test(start_paused = true)]
async fn a_self_test_runs_where_there_is_one(#[case] device: &str, #[case] order: &str, #[case] known: bool) {
    let ups = ups(device);
    let room = Room::new(&ups).await;
    room.said(&["upscmd", "-u", "admin", "-p", "x", "office", order]).await;
    assert_eq!(ups.state().testing, known);
    room.pass(60).await;
    let result = room.variables().await.remove("ups.test.result");
    assert_eq!(result.as_deref().filter(|_| known), known.then_some("Done and passed"));
}

#[rstest]
#[case("apc-bk650m2-ch")]
#[case("apc-smx-750")]
#[case("cyberpower-ec850lcd")]
#[case("cyberpower-cst135uc2")]
#[case("santak-tg-box-850")]
#[tokio::test(start_paused = true)]
async fn a_delayed_cut_can_be_called_off(#[case] device: &str) {
    let ups = ups(device);
    let room = Room::new(&ups).await;
    room.said(&["upscmd", "-u", "admin", "-p", "x", "office", "load.off.delay", "30"]).await;
    assert!(ups.state().shutdown_in.is_some());
    room.said(&["upscmd", "-u", "admin", "-p", "x", "office", "shutdown.stop"]).await;
    room.pass(120).await;
    assert!(ups.state().output_on && ups.state().shutdown_in.is_none());
    room.said(&["upscmd", "-u", "admin", "-p", "x", "office", "load.off.delay", "30"]).await;
    room.pass(20).await;
    assert!(ups.state().output_on, "not before its time");
    room.pass(45).await;
    assert!(!ups.state().output_on);
}
