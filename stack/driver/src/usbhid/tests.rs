//! The family against a UPS that answers with captured bytes, and fails as UPSes in the field do.

use std::time::Duration;

use outage_host::usb::{TransferError, UsbAccess};
use outage_host::virt::EventKind;
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;

use super::UsbHid;
use super::fake::{Bench, Ups};
use crate::config::DriverConfig;
use crate::family::{DeviceError, Family, Outcome};
use crate::framework;

fn fault() -> TransferError {
    TransferError::Fault("input/output error".into())
}

#[tokio::test(start_paused = true)]
async fn what_a_3s_shows() {
    let bench = Bench::running(&[], |_| {}).await;
    let shown: Vec<String> = bench.tree.variables().map(|(name, v)| format!("{name}: {}", v.value)).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let commands: Vec<&str> = bench.tree.commands().collect();
    insta::assert_snapshot!(commands.join(" "), @"beeper.disable beeper.enable beeper.mute beeper.off beeper.on load.off load.off.delay load.on load.on.delay shutdown.return shutdown.stayoff shutdown.stop");
    let voltage = bench.tree.variable("output.voltage.nominal").unwrap();
    assert!(voltage.flags.rw && voltage.flags.string);
    assert_eq!((voltage.aux, voltage.enums.join(" ")), (3, "220 230 240".to_owned()));
    assert_eq!(bench.log(), ["Using subdriver: MGE HID 0.1"]);
}

#[tokio::test(start_paused = true)]
async fn reports_that_come_unasked_count_at_once_and_all() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.says(&[0x06, 70, 0x2c, 0x01, 0, 0]);
    bench.ups.says(&[0x06, 69, 0x2c]); // short: the charge counts, the runtime stays
    bench.family.event().await.unwrap();
    bench.poll().await.unwrap();
    assert_eq!(
        (bench.tree.get("battery.charge"), bench.tree.get("battery.runtime")),
        (Some("69"), Some("300"))
    );
    assert!(bench.ups.asked().is_empty(), "what came is enough for now");
}

#[tokio::test(start_paused = true)]
async fn what_came_unasked_is_not_taken_for_what_was_asked() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.says(&[0x01, 0x30, 0, 0]);
    bench.poll().await.unwrap();
    // The feature says, with the very bytes it had before, that the mains are there again.
    bench.next().await.unwrap();
    bench.next().await.unwrap();
    assert_eq!(bench.status(), "OL CHRG");
}

#[tokio::test(start_paused = true)]
async fn odd_interrupt_reports_hurt_nobody() {
    let mut bench = Bench::running(&[], |_| {}).await;
    for report in [&[][..], &[0x01], &[0x77, 1, 2], &[0x06]] {
        bench.ups.says(report);
        bench.poll().await.unwrap();
    }
    assert_eq!(bench.status(), "OL CHRG");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_status_before_the_mains_were_read() {
    let mut bench = Bench::running(&[], |ups| {
        ups.failures.insert(0x01, fault());
    })
    .await;
    assert_eq!(bench.status(), "-");
    assert_eq!(bench.tree.get("battery.charge"), Some("80"));
    bench.ups.with(|ups| ups.failures.clear());
    bench.next().await.unwrap();
    assert_eq!(bench.status(), "OL CHRG");
}

#[rstest]
#[case(TransferError::Stall)]
#[case(TransferError::Overflow)]
#[case(fault())]
#[tokio::test(start_paused = true)]
async fn a_failed_read_changes_nothing(#[case] error: TransferError) {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| {
        ups.failures.insert(0x01, error.clone());
        ups.failures.insert(0x06, error);
    });
    for _ in 0..20 {
        bench.next().await.unwrap();
        assert_eq!((bench.status(), bench.tree.get("battery.charge")), ("OL CHRG", Some("80")));
    }
    bench.ups.with(|ups| {
        ups.failures.clear();
        ups.features.insert(0x01, vec![0x30, 0, 0]);
    });
    bench.next().await.unwrap();
    assert_eq!(bench.status(), "OB DISCHRG");
}

#[rstest]
#[case(TransferError::Timeout, "the UPS no longer answers")]
#[case(TransferError::Disconnected, "no such device")]
#[case(fault(), "cannot read the UPS: input/output error")]
#[tokio::test(start_paused = true)]
async fn when_nothing_can_be_read_the_device_is_gone(#[case] error: TransferError, #[case] said: &str) {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| {
        for id in 0..=0xff {
            ups.failures.insert(id, error.clone());
        }
    });
    bench.pass(60).await;
    assert_eq!(bench.poll().await, Err(DeviceError::Gone(said.to_owned())));
    assert_eq!(bench.status(), "OL CHRG");
}

#[tokio::test(start_paused = true)]
async fn a_silent_heart_beat_is_enough() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| ups.failures.insert(0x01, TransferError::Timeout));
    assert_eq!(bench.next().await, Err(DeviceError::Gone("cannot read the UPS: timed out".into())));
    assert_eq!(bench.ups.asked(), [0x01]);
}

#[tokio::test(start_paused = true)]
async fn a_stall_and_then_silence_wants_the_device_opened_anew() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| {
        ups.failures.insert(0x01, TransferError::Stall);
        ups.failures.extend([(0x06, TransferError::Timeout), (0x07, TransferError::Timeout)]);
    });
    bench.pass(40).await;
    assert_eq!(bench.poll().await, Err(DeviceError::Gone("the UPS no longer answers".into())));
}

#[tokio::test(start_paused = true)]
async fn what_the_device_never_had_is_not_asked_for_again_until_it_is_reopened() {
    let mut bench = Bench::running(&[], |ups| {
        ups.features.remove(&0x0e);
        ups.features.remove(&0x09);
    })
    .await;
    assert_eq!(bench.tree.get("output.voltage"), None);
    assert!(!bench.tree.has_command("load.off.delay") && bench.tree.has_command("load.on.delay"));
    for _ in 0..40 {
        bench.next().await.unwrap();
    }
    assert!(!bench.ups.asked().contains(&0x0e));
    bench.family.close().await;
    bench.ups.with(|ups| ups.features.insert(0x0e, vec![231, 0]));
    bench.start().await.unwrap();
    assert_eq!(bench.tree.get("output.voltage"), Some("231.0"));
}

#[tokio::test(start_paused = true)]
async fn quick_cycles_ask_for_the_status_only() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.next().await.unwrap();
    bench.next().await.unwrap();
    assert_eq!(bench.ups.asked(), [0x01, 0x01]);
    bench.pass(30).await;
    bench.poll().await.unwrap();
    // What changes by itself, each report once; nothing that stands still.
    let mut full = bench.ups.asked();
    full.sort_unstable();
    assert_eq!(full, [0x01, 0x02, 0x03, 0x06, 0x07, 0x09, 0x0a, 0x0e]);
}

#[tokio::test(start_paused = true)]
async fn without_the_pipe_timers_are_polled_too() {
    let mut bench = Bench::running(&[("pollonly", "1")], |_| {}).await;
    bench.next().await.unwrap();
    let mut quick = bench.ups.asked();
    quick.sort_unstable();
    assert_eq!(quick, [0x01, 0x09, 0x0a]);
    let endless = select! {
        biased;
        _ = bench.family.event() => false,
        () = bench.world.sleep_until(bench.world.now() + Duration::from_secs(9)) => true,
    };
    assert!(endless);
}

#[tokio::test(start_paused = true)]
async fn when_the_mains_go_everything_is_read_again() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| {
        ups.features.insert(0x01, vec![0x30, 0, 0]);
        ups.features.insert(0x0e, vec![225, 0]);
    });
    bench.ups.says(&[0x01, 0x30, 0, 0]);
    bench.poll().await.unwrap();
    assert_eq!((bench.status(), bench.tree.get("output.voltage")), ("OB DISCHRG", Some("225.0")));
}

#[tokio::test(start_paused = true)]
async fn a_halted_pipe_is_cleared_and_then_given_up() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| ups.interrupts.push_back(Err(TransferError::Stall)));
    bench.ups.says(&[0x06, 42, 1, 0, 0, 0]);
    bench.poll().await.unwrap();
    assert_eq!(bench.tree.get("battery.charge"), Some("42"));
    bench.ups.with(|ups| ups.interrupts.extend((0..9).map(|_| Err(TransferError::Stall))));
    bench.poll().await.unwrap();
    assert_eq!(bench.ups.with(|ups| (ups.halts_cleared, ups.interrupts.len())), (3, 6));
    assert!(bench.log().iter().any(|line| line == "interrupt pipe given up (stall): polling instead"));
    bench.ups.asked();
    bench.next().await.unwrap();
    assert_eq!(bench.ups.asked().len(), 3);
}

#[rstest]
#[case(TransferError::Overflow)]
#[case::as_usbfs_has_it(fault())]
#[tokio::test(start_paused = true)]
async fn a_device_that_says_more_than_it_declares_is_asked_for_more(#[case] overflow: TransferError) {
    let mut bench = Bench::running(&[], |ups| {
        ups.features.insert(0x0e, vec![229, 0, 0, 0, 7]);
        ups.overflow = overflow;
    })
    .await;
    assert_eq!(bench.tree.get("output.voltage"), Some("229.0"));
    // From then on at once.
    bench.pass(30).await;
    bench.poll().await.unwrap();
    let lengths = bench.ups.with(|ups| std::mem::take(&mut ups.asked));
    let lengths: Vec<u16> = lengths.iter().filter(|(id, _)| *id == 0x0e).map(|(_, length)| *length).collect();
    assert_eq!(lengths, [64]);
}

#[tokio::test(start_paused = true)]
async fn the_answer_of_another_report_is_not_taken() {
    let mut bench = Bench::running(&[], |_| {}).await;
    // A short answer gives what is there.
    bench.ups.with(|ups| ups.features.insert(0x06, vec![33]));
    bench.pass(30).await;
    bench.poll().await.unwrap();
    assert_eq!(
        (bench.tree.get("battery.charge"), bench.tree.get("battery.runtime")),
        (Some("33"), Some("1800"))
    );
}

#[rstest]
#[case("load.off", None, Outcome::Handled, "09:[00, 00, 00, 00]")]
#[case("load.off.delay", None, Outcome::Handled, "09:[14, 00, 00, 00]")]
#[case("load.off.delay", Some("90"), Outcome::Handled, "09:[5a, 00, 00, 00]")]
#[case("load.off.delay", Some("soon"), Outcome::Invalid, "")]
#[case("load.off.delay", Some("-2"), Outcome::Invalid, "")]
#[case("load.on", None, Outcome::Handled, "0a:[00, 00, 00, 00]")]
#[case("load.on.delay", None, Outcome::Handled, "0a:[1e, 00, 00, 00]")]
#[case("shutdown.return", None, Outcome::Handled, "0a:[1e, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[case("shutdown.stayoff", None, Outcome::Handled, "0a:[ff, ff, ff, ff] 09:[14, 00, 00, 00]")]
#[case("shutdown.default", None, Outcome::Handled, "0a:[1e, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[case("shutdown.stop", None, Outcome::Handled, "09:[ff, ff, ff, ff]")]
#[case("shutdown.reboot", None, Outcome::Unknown, "")]
#[case("beeper.mute", None, Outcome::Handled, "20:[03]")]
#[case("beeper.off", None, Outcome::Handled, "20:[01]")]
#[case("BEEPER.ENABLE", None, Outcome::Handled, "20:[02]")]
#[case("test.battery.start.quick", None, Outcome::Unknown, "")]
#[case("make.tea", None, Outcome::Unknown, "")]
#[tokio::test(start_paused = true)]
async fn commands(
    #[case] name: &str,
    #[case] parameter: Option<&str>,
    #[case] outcome: Outcome,
    #[case] written: &str,
) {
    let mut bench = Bench::running(&[], |_| {}).await;
    assert_eq!(bench.family.command(name, parameter, &mut bench.tree).await, outcome);
    assert_eq!(bench.ups.written().join(" "), written);
}

#[rstest]
#[case(&[], "0a:[1e, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[case(&[("ondelay", "180"), ("offdelay", "120")], "0a:[b4, 00, 00, 00] 09:[78, 00, 00, 00]")]
#[case(&[("ondelay", "21")], "0a:[15, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[case::never(&[("ondelay", "-1")], "0a:[ff, ff, ff, ff] 09:[14, 00, 00, 00]")]
#[case::not_before_the_stop(&[("offdelay", "60")], "0a:[46, 00, 00, 00] 09:[3c, 00, 00, 00]")]
#[case::nor_with_it(&[("ondelay", "20")], "0a:[1e, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[case::nor_at_once(&[("ondelay", "0")], "0a:[1e, 00, 00, 00] 09:[14, 00, 00, 00]")]
#[tokio::test(start_paused = true)]
async fn killpower_from_a_fresh_open(#[case] options: &[(&str, &str)], #[case] written: &str) {
    let mut bench = Bench::new(options);
    bench.plug("1-1");
    bench.family.open().await.unwrap();
    assert_eq!(bench.family.command("shutdown.default", None, &mut bench.tree).await, Outcome::Handled);
    assert_eq!(bench.ups.written().join(" "), written);
    assert!(bench.world.now() >= Duration::from_millis(125), "the two writes are apart");
}

/// Once, with its place; not again when the device is opened anew.
#[rstest]
#[case(&[("offdelay", "60")], 1)]
#[case(&[("ondelay", "0")], 1)]
#[case(&[("ondelay", "-1")], 0)]
#[case(&[], 0)]
#[tokio::test(start_paused = true)]
async fn a_start_before_the_stop_is_said(#[case] options: &[(&str, &str)], #[case] times: usize) {
    let mut bench = Bench::new(options);
    bench.plug("1-1");
    for _ in 0..2 {
        bench.family.open().await.unwrap();
        bench.family.close().await;
    }
    let said: Vec<_> =
        bench.log().into_iter().filter(|line| line.contains("ups.conf [den]: ondelay")).collect();
    assert_eq!(said.len(), times, "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_the_ups_refuses_has_failed() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| ups.failures.insert(0x0a, TransferError::Stall));
    bench.ups.with(|ups| ups.failures.insert(0x09, TransferError::Stall));
    assert_eq!(bench.family.command("shutdown.default", None, &mut bench.tree).await, Outcome::Failed);
    assert_eq!(bench.log().last().map(String::as_str), Some("Shutdown failed!"));
    // Start cannot be set, stop can: the load goes off all the same.
    bench.ups.with(|ups| ups.failures.remove(&0x09));
    assert_eq!(bench.family.command("shutdown.default", None, &mut bench.tree).await, Outcome::Handled);
    assert_eq!(bench.ups.written(), ["09:[14, 00, 00, 00]"]);
}

#[rstest]
#[case("battery.charge.low", "30", Outcome::Handled, "22:[1e]", "30")]
#[case("battery.charge.low", "300", Outcome::Invalid, "", "20")]
#[case("battery.charge.low", "much", Outcome::Invalid, "", "20")]
#[case("battery.charge.low", "000030", Outcome::Invalid, "", "20")]
#[case("output.voltage.nominal", "240", Outcome::Handled, "12:[f0]", "240")]
#[case("output.voltage.nominal", "120", Outcome::Invalid, "", "230")]
#[case("input.transfer.high", "270", Outcome::Handled, "13:[0e, 01]", "270")]
#[case("ups.delay.shutdown", "60", Outcome::Handled, "", "60")]
#[case("ups.delay.shutdown", "x", Outcome::Invalid, "", "20")]
#[case("battery.charge", "30", Outcome::Unknown, "", "80")]
#[case("ups.power", "30", Outcome::Unknown, "", "-")]
#[tokio::test(start_paused = true)]
async fn writes(
    #[case] variable: &str,
    #[case] value: &str,
    #[case] outcome: Outcome,
    #[case] written: &str,
    #[case] now: &str,
) {
    let mut bench = Bench::running(&[], |_| {}).await;
    assert_eq!(bench.family.set(variable, value, &mut bench.tree).await, outcome);
    assert_eq!(bench.ups.written().join(" "), written);
    assert_eq!(bench.tree.get(variable).unwrap_or("-"), now);
    bench.next().await.unwrap();
    assert_eq!(bench.tree.get(variable).unwrap_or("-"), now);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_does_not_stick_has_failed() {
    let mut bench = Bench::running(&[], |ups| ups.stubborn = true).await;
    assert_eq!(bench.family.set("battery.charge.low", "30", &mut bench.tree).await, Outcome::Failed);
    assert_eq!(bench.log().last().map(String::as_str), Some("battery.charge.low = 30: the UPS keeps 20"));
    assert_eq!(bench.tree.get("battery.charge.low"), Some("20"));
}

#[tokio::test(start_paused = true)]
async fn delays_that_were_set_are_used() {
    let mut bench = Bench::running(&[("lowbatt", "35")], |_| {}).await;
    assert_eq!(bench.ups.written(), ["22:[23]"]);
    bench.family.set("ups.delay.shutdown", "60", &mut bench.tree).await;
    bench.family.command("shutdown.return", None, &mut bench.tree).await;
    assert_eq!(bench.ups.written(), ["0a:[46, 00, 00, 00]", "09:[3c, 00, 00, 00]"]);
    // A timer that runs is looked at in every cycle.
    bench.next().await.unwrap();
    bench.ups.asked();
    bench.next().await.unwrap();
    assert!(bench.ups.asked().contains(&0x09));
    assert_eq!(bench.tree.get("ups.timer.shutdown"), Some("60"));
}

#[tokio::test(start_paused = true)]
async fn only_the_same_device_is_taken_again() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.ups.with(|ups| ups.gone = true);
    assert!(matches!(bench.next().await, Err(DeviceError::Gone(_))));
    bench.family.close().await;
    bench.ups.with(|ups| {
        ups.gone = false;
        ups.strings.insert(4, "another");
    });
    let refused = bench.family.open().await;
    assert_eq!(refused, Err(DeviceError::Gone("the UPS is gone (port = auto, 1 USB devices seen)".into())));
    bench.ups.with(|ups| ups.strings.insert(4, "G281L1"));
    bench.start().await.unwrap();
    // A string that cannot be read now does not make it another device, nor does a lost descriptor.
    bench.family.close().await;
    bench.ups.with(|ups| {
        ups.strings.remove(&4);
        ups.interfaces.insert(0, Vec::new());
    });
    bench.start().await.unwrap();
    assert_eq!(bench.status(), "OL CHRG");
}

#[rstest]
#[case(TransferError::Access("/dev/bus/usb/001/004".into()), "insufficient permissions on /dev/bus/usb/001/004")]
#[case(TransferError::Busy, "1-1 is in use by another program")]
#[case(TransferError::Disconnected, "1-1: no such device")]
#[tokio::test(start_paused = true)]
async fn why_it_cannot_be_opened(#[case] error: TransferError, #[case] said: &str) {
    let mut bench = Bench::new(&[]);
    bench.plug("1-1");
    bench.ups.with(|ups| ups.refuses = Some(error));
    let text = bench.family.open().await.unwrap_err().to_string();
    assert!(text.contains(said), "{text}");
}

#[rstest]
#[case(&[("serial", "G281.*")], true)]
#[case(&[("serial", "G281")], false)]
#[case(&[("product", "eaton 3s"), ("vendor", "eaton")], true)]
#[case(&[("productid", "0001")], false)]
#[case(&[("busport", "1-2")], false)]
#[case(&[("bus", "001"), ("device", "004")], true)]
#[tokio::test(start_paused = true)]
async fn the_one_that_is_meant(#[case] options: &[(&str, &str)], #[case] found: bool) {
    let mut bench = Bench::new(options);
    bench.plug("1-1");
    assert_eq!(bench.family.open().await.is_ok(), found);
}

#[tokio::test(start_paused = true)]
async fn of_twins_the_one_at_this_port() {
    let mut bench = Bench::new(&[("busport", "1-2")]);
    let twin = Ups::eaton();
    twin.with(|state| state.features.insert(0x06, vec![33, 0x08, 0x07, 0, 0]));
    twin.plug(&bench.machine, UsbAccess::Usbfs, "1-1");
    bench.plug("1-2");
    bench.start().await.unwrap();
    assert_eq!(bench.tree.get("battery.charge"), Some("80"));
    // Its cable is pulled: the twin, alike in everything else, is not taken in its place.
    bench.machine.unplug_usb(UsbAccess::Usbfs, "1-2");
    bench.ups.with(|state| state.gone = true);
    assert_eq!(bench.next().await, Err(DeviceError::Gone("no such device".into())));
    bench.family.close().await;
    let why = bench.family.open().await.unwrap_err().to_string();
    assert_eq!(why, "the UPS is gone (port = auto, 1 USB devices seen)");
    bench.ups.with(|state| state.gone = false);
    bench.plug("1-2");
    bench.start().await.unwrap();
    assert_eq!(bench.tree.get("battery.charge"), Some("80"));
}

#[tokio::test(start_paused = true)]
async fn by_hidraw_what_the_kernel_has() {
    let mut bench = Bench::new(&[("backend", "hidraw")]);
    bench.plug("1-1");
    let why = bench.family.open().await.unwrap_err().to_string();
    assert_eq!(why, "no matching HID UPS found (port = auto, backend = hidraw, 0 USB devices seen)");
    bench.ups.plug(&bench.machine, UsbAccess::Hidraw, "1-1");
    bench.start().await.unwrap();
    assert_eq!(bench.status(), "OL CHRG");
}

/// A driver as it runs, whose device's node belongs to root until a late udev gives it away.
#[rstest]
#[case("usb", UsbAccess::Usbfs, "/dev/bus/usb/001/004")]
#[case("hidraw", UsbAccess::Hidraw, "/dev/hidraw0")]
#[tokio::test(start_paused = true)]
async fn a_node_that_is_given_away_late(
    #[case] backend: &str,
    #[case] access: UsbAccess,
    #[case] node: &str,
) {
    let bench = Bench::new(&[]);
    bench.ups.with(|state| state.refuses = Some(TransferError::Access(node.into())));
    bench.ups.plug(&bench.machine, access, "1-1");
    bench.machine.put_file("/run/.keep", "", 0o644).unwrap();
    let options = [("port", "auto"), ("backend", backend)].map(|(k, v)| (k.to_owned(), Some(v.to_owned())));
    let config = DriverConfig::ad_hoc("usbhid-ups", "den", &options, "/run", "/run").0;
    let socket = config.socket();
    bench.machine.run("usbhid-ups", |host| {
        let family = Box::new(UsbHid::new(&config, &host).unwrap());
        framework::run(config, family, host)
    });
    bench.pass(240).await;
    let ready = bench.world.events().iter().any(|event| event.kind == EventKind::Ready);
    assert!(ready, "the boot does not wait for it");
    assert_eq!(
        bench.log(),
        [
            format!(
                "[den] no UPS on auto yet: insufficient permissions on {node} (1-1): let the driver's user read and write \
                 it, e.g. by a udev rule; will keep looking for it"
            ),
            "Startup successful".to_owned()
        ]
    );
    bench.ups.with(|state| state.refuses = None);
    bench.pass(12).await;
    let mut client = bench.machine.host("client").connect_unix(&socket).await.unwrap();
    client.write_all(b"DUMPALL\n").await.unwrap();
    let mut dump = String::new();
    while !dump.contains("DUMPDONE") {
        let mut buffer = [0; 4096];
        let count = client.read(&mut buffer).await.unwrap();
        dump += std::str::from_utf8(&buffer[..count]).unwrap();
    }
    assert!(dump.contains("SETINFO ups.status \"OL CHRG\"") && dump.contains("\nDATAOK\n"), "{dump}");
}

#[tokio::test(start_paused = true)]
async fn the_interface_is_given_back() {
    let mut bench = Bench::running(&[], |_| {}).await;
    bench.family.close().await;
    assert!(!bench.ups.with(|state| state.kept));
    // Also one that turned out to be of no use.
    let mut bench = Bench::new(&[]);
    bench.plug("1-1");
    bench.ups.with(|state| state.interfaces.insert(0, vec![0xc0; 50]));
    bench.family.open().await.unwrap_err();
    assert!(!bench.ups.with(|state| state.kept));
}

#[tokio::test(start_paused = true)]
async fn the_interface_that_is_a_ups() {
    // Interface 0 is a vendor's.
    let vendor = [0x06, 0x00, 0xff, 0x09, 1, 0xa1, 1, 0x75, 8, 0x95, 8, 0x09, 2, 0xb1, 2, 0xc0];
    let bench = Bench::running(&[], |ups| {
        let real = ups.interfaces.insert(0, vendor.to_vec()).unwrap();
        ups.interfaces.insert(1, real);
    })
    .await;
    assert_eq!(bench.status(), "OL CHRG");
}

#[rstest]
#[case::by_request_stalls(None, Some(Err(TransferError::Stall)))]
#[case::by_request_empty(None, Some(Ok(Vec::new())))]
#[case::by_request_absurd(None, Some(Ok(vec![9, 0x21, 0x10, 1, 0, 1, 0x22, 0xff, 0xff])))]
#[case::configuration_absurd(Some(0xffff), None)]
#[case::configuration_reduced(Some(40), None)]
#[tokio::test(start_paused = true)]
async fn of_two_lengths_the_one_that_works(
    #[case] configuration: Option<u16>,
    #[case] by_request: Option<Result<Vec<u8>, TransferError>>,
) {
    let bench = Bench::running(&[], |ups| {
        ups.configuration_length = configuration;
        ups.hid_descriptor = by_request;
    })
    .await;
    assert_eq!(bench.status(), "OL CHRG");
}

#[tokio::test(start_paused = true)]
async fn a_descriptor_of_garbage_is_no_ups() {
    let mut bench = Bench::new(&[]);
    bench.plug("1-1");
    bench.ups.with(|ups| ups.interfaces.insert(0, vec![0xc0; 50]));
    let text = bench.family.open().await.unwrap_err().to_string();
    assert_eq!(text, "cannot use 1-1: its report descriptor has nothing of a UPS");
}

#[tokio::test(start_paused = true)]
async fn a_day_of_polling_is_one_report_a_cycle() {
    let mut bench = Bench::running(&[], |_| {}).await;
    for _ in 0..43_200 {
        bench.next().await.unwrap();
    }
    // Every fifteenth cycle is a full one, of seven reports more.
    let asked = bench.ups.asked();
    let status = asked.iter().filter(|id| **id == 0x01).count();
    assert_eq!((status, asked.len()), (43_200, 43_200 + 2880 * 7));
}
