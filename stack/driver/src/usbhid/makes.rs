//! The makes' tables against captured descriptors and answers: what they show, and what they write.

use rstest::rstest;

use super::fake::{Bench, Ups};
use crate::family::{DeviceError, Family, Outcome};

const CS_500: &str = include_str!("../../../hid/tests/captures/apc-back-ups-cs-500-051d-0002.hex");
const CS_500_ANSWERS: &str =
    include_str!("../../../hid/tests/captures/apc-back-ups-cs-500-051d-0002.reports.txt");
const BK650M2: &str = include_str!("../../../hid/tests/captures/apc-back-ups-bk650m2-ch-051d-0002.hex");
const BK650M2_ANSWERS: &str =
    include_str!("../../../hid/tests/captures/apc-back-ups-bk650m2-ch-051d-0002.reports.txt");
const SMX_750: &str = include_str!("../../../hid/tests/captures/apc-smart-ups-x-750-051d-0003.hex");
const EC850LCD: &str = include_str!("../../../hid/tests/captures/cyberpower-ec850lcd-0764-0501.hex");
const CST135UC2: &str = include_str!("../../../hid/tests/captures/cyberpower-cst135uc2-0764-0601.hex");
const ARDUINO: &str = include_str!("../../../hid/tests/captures/arduino-hidpowerdevice-abratchik.hex");

fn cs_500() -> Ups {
    let strings = [
        (3, "American Power Conversion"),
        (1, "Back-UPS 500 FW: 6.5.I USB FW: c1 "),
        (2, "AB0427000000"),
        (4, "PbAc"),
    ];
    Ups::other((0x051d, 0x0002), CS_500, &strings).answers_as_captured(CS_500_ANSWERS)
}

fn bk650m2() -> Ups {
    let strings = [(1, "American Power Conversion"), (2, "BK650M2-CH"), (3, "9B2019A14274"), (4, "PbAc")];
    Ups::other((0x051d, 0x0002), BK650M2, &strings).answers_as_captured(BK650M2_ANSWERS)
}

fn smx_750() -> Ups {
    let strings = [
        (1, "American Power Conversion "),
        (2, "Smart-UPS X 750  FW:COM 03.8 / UPS 03.8"),
        (3, "AS1147000000"),
        (4, "PbAc"),
    ];
    let answers: [&[u8]; 11] = [
        &[0x05, 4],
        &[0x07, 0x0d, 0], // charging, mains, a battery
        &[0x08, 150, 0, 0],
        &[0x09, 0x7c, 0x3f],
        &[0x0a, 0xc0, 0x12],
        &[0x0b, 0x50, 0x14],
        &[0x0c, 66],
        &[0x0d, 0xff, 0xff],
        &[0x11, 10],
        &[0x12, 0xff, 0xff],
        &[0x13, 0xff, 0xff, 0xff],
    ];
    Ups::other((0x051d, 0x0003), SMX_750, &strings).answers(&answers).answers(&[&[0x0f, 50], &[0x14, 2]])
}

fn ec850lcd() -> Ups {
    let strings = [(3, "CPS"), (1, "EC850LCD"), (0, ""), (5, "PbAcid")];
    let answers: [&[u8]; 18] = [
        &[0x03, 5],
        &[0x04, 3],
        &[0x07, 100, 1, 1, 20, 10, 100],
        &[0x08, 104, 0xa3, 0x02, 0x2c, 0x01],
        &[0x09, 120],
        &[0x0a, 142],
        &[0x0b, 0x11],
        &[0x0c, 2],
        &[0x0e, 120, 0],
        &[0x0f, 123, 0],
        &[0x10, 96, 0, 140, 0],
        &[0x12, 122, 0],
        &[0x13, 40, 0],
        &[0x14, 6],
        &[0x15, 0xff, 0xff],
        &[0x16, 0, 0],
        &[0x18, 0xfe, 0x01],
        &[0x2a, 0],
    ];
    Ups::other((0x0764, 0x0501), EC850LCD, &strings).answers(&answers)
}

fn cst135uc2() -> Ups {
    let strings = [(3, "CPS"), (1, "CST135UC2"), (2, "CXXNT2000000"), (5, "PbAcid"), (6, "CR02101C5")];
    let answers: [&[u8]; 20] = [
        &[0x03, 5],
        &[0x04, 3],
        &[0x07, 100, 1, 1, 20, 10, 100],
        &[0x08, 100, 0xc6, 0x0c, 0x2c, 0x01],
        &[0x09, 240, 0],
        &[0x0a, 0x10, 0x01],
        &[0x0b, 0x11],
        &[0x0c, 2],
        &[0x0e, 120],
        &[0x0f, 121, 0],
        &[0x10, 100, 0, 140, 0],
        // More than either the descriptor's 255 of the input or 144 of the transfer allow.
        &[0x12, 0x7a, 0x01],
        &[0x13, 12],
        &[0x14, 6],
        &[0x15, 0xff, 0xff],
        &[0x16, 0xff, 0xff],
        &[0x17, 0x02],
        &[0x18, 0x2a, 0x03, 0x46, 0x05],
        &[0x19, 0x61, 0],
        &[0x1d, 0x9f, 0],
    ];
    Ups::other((0x0764, 0x0601), CST135UC2, &strings).answers(&answers).answers(&[&[0x1a, 1], &[0x1b, 6]])
}

fn arduino() -> Ups {
    let strings = [(1, "Arduino LLC"), (2, "Arduino Leonardo"), (0, ""), (5, "LiP")];
    let answers: [&[u8]; 12] = [
        &[0x07, 0x0d, 0],
        &[0x08, 0x58, 0x02],
        &[0x0a, 0xb0, 0x04],
        &[0x0b, 0x46, 0x05],
        &[0x0c, 88],
        &[0x0d, 0x60, 0x09],
        &[0x0f, 10],
        &[0x11, 5],
        &[0x12, 0xff, 0xff],
        &[0x13, 0xff, 0xff],
        &[0x14, 2],
        &[0x1f, 5],
    ];
    Ups::other((0x2341, 0x8036), ARDUINO, &strings).answers(&answers)
}

async fn running(ups: Ups, options: &[(&str, &str)]) -> Bench {
    let mut bench = Bench::of(ups, options);
    bench.plug("1-1");
    bench.start().await.unwrap();
    bench
}

/// All that it publishes.
fn shown(bench: &Bench) -> String {
    let lines = bench.tree.variables().map(|(name, variable)| {
        let writable = if variable.flags.rw { " (rw)" } else { "" };
        format!("{name}: {}{writable}", variable.value)
    });
    let commands: Vec<&str> = bench.tree.commands().collect();
    format!("{}\ncommands: {}", lines.collect::<Vec<_>>().join("\n"), commands.join(" "))
}

#[rstest]
#[case("apc-cs-500", cs_500())]
#[case("apc-bk650m2-ch", bk650m2())]
#[case("apc-smx-750", smx_750())]
#[case("cyberpower-ec850lcd", ec850lcd())]
#[case("cyberpower-cst135uc2", cst135uc2())]
#[case("arduino", arduino())]
#[tokio::test(start_paused = true)]
async fn what_it_shows(#[case] name: &str, #[case] ups: Ups) {
    let bench = running(ups, &[]).await;
    insta::assert_snapshot!(name, shown(&bench));
}

/// What NUT published of the very same answers (NUT device dump library, NUT 2.8.0): all of it but what is its own, and
/// the spaces around versions.
#[rstest]
#[case(
    cs_500(),
    &[
        ("battery.charge", "100"), ("battery.charge.low", "10"), ("battery.charge.warning", "50"),
        ("battery.mfr.date", "2004/07/03"), ("battery.runtime", "2580"), ("battery.type", "PbAc"),
        ("battery.voltage", "13.6"), ("battery.voltage.nominal", "12.0"), ("ups.firmware", "6.5.I"),
        ("ups.firmware.aux", "c1"), ("ups.mfr", "American Power Conversion"), ("ups.mfr.date", "2004/07/03"),
        ("ups.model", "Back-UPS 500"), ("ups.productid", "0002"), ("ups.status", "OL"), ("ups.timer.reboot", "0"),
        ("ups.vendorid", "051d"),
    ]
)]
#[case(
    bk650m2(),
    &[
        ("battery.charge", "100"), ("battery.charge.low", "50"), ("battery.mfr.date", "2001/01/01"),
        ("battery.runtime", "3618"), ("battery.runtime.low", "300"), ("battery.type", "PbAc"),
        ("battery.voltage", "13.5"), ("battery.voltage.nominal", "12.0"), ("input.sensitivity", "low"),
        ("input.transfer.high", "278"), ("input.transfer.low", "160"), ("input.voltage", "232.0"),
        ("input.voltage.nominal", "220"), ("ups.beeper.status", "disabled"), ("ups.delay.shutdown", "20"),
        ("ups.mfr", "American Power Conversion"), ("ups.mfr.date", "2020/05/08"), ("ups.model", "BK650M2-CH"),
        ("ups.realpower.nominal", "390"), ("ups.status", "OL DISCHRG"), ("ups.test.result", "Done and passed"),
        ("ups.timer.reboot", "0"), ("ups.timer.shutdown", "-1"),
    ]
)]
#[tokio::test(start_paused = true)]
async fn the_same_as_nut(#[case] ups: Ups, #[case] published: &[(&str, &str)]) {
    let bench = running(ups, &[]).await;
    for (variable, value) in published {
        assert_eq!(bench.tree.get(variable), Some(*value), "{variable}");
    }
}

#[rstest]
#[case::fixed(cs_500, "shutdown.default", Outcome::Handled, "40:[01]")]
#[case::only_reboot(cs_500, "shutdown.return", Outcome::Unknown, "")]
#[case::panel(cs_500, "test.panel.start", Outcome::Handled, "35:[01]")]
#[case::short_answer(bk650m2, "shutdown.default", Outcome::Handled, "40:[0a]")]
#[case::off(bk650m2, "load.off.delay", Outcome::Handled, "15:[14, 00]")]
#[case::called_off(bk650m2, "shutdown.stop", Outcome::Handled, "15:[ff, ff]")]
#[case::test(bk650m2, "test.battery.start.quick", Outcome::Handled, "21:[01]")]
#[case::muted(bk650m2, "beeper.mute", Outcome::Handled, "18:[03]")]
#[case::reboot(smx_750, "shutdown.default", Outcome::Handled, "13:[0a, 00, 00]")]
#[case::in_minutes(ec850lcd, "shutdown.default", Outcome::Handled, "16:[02, 00] 15:[01, 00]")]
#[case::stay_off(ec850lcd, "shutdown.stayoff", Outcome::Handled, "16:[ff, ff] 15:[01, 00]")]
#[case::minutes_called_off(ec850lcd, "shutdown.stop", Outcome::Handled, "15:[ff, ff]")]
#[case::at_once(ec850lcd, "load.off", Outcome::Handled, "15:[00, 00]")]
#[case::deep_test(cst135uc2, "test.battery.start.deep", Outcome::Handled, "14:[02]")]
#[case::no_start_timer(arduino, "shutdown.default", Outcome::Handled, "13:[0a, 00]")]
#[tokio::test(start_paused = true)]
async fn commands(
    #[case] ups: fn() -> Ups,
    #[case] name: &str,
    #[case] outcome: Outcome,
    #[case] written: &str,
) {
    let mut bench = running(ups(), &[]).await;
    assert_eq!(bench.family.command(name, None, &mut bench.tree).await, outcome);
    assert_eq!(bench.ups.written().join(" "), written);
}

#[rstest]
#[case::never_at_once("20", "15:[01, 00]")]
#[case::a_minute_and_a_bit("61", "15:[02, 00]")]
#[case::whole("120", "15:[02, 00]")]
#[case::none("0", "15:[00, 00]")]
#[tokio::test(start_paused = true)]
async fn minutes_are_rounded_up(#[case] seconds: &str, #[case] written: &str) {
    let mut bench = running(ec850lcd(), &[]).await;
    bench.family.command("load.off.delay", Some(seconds), &mut bench.tree).await;
    assert_eq!(bench.ups.written().join(" "), written);
    bench.family.command("shutdown.return", None, &mut bench.tree).await;
}

/// Both are two minutes in the device, though one is more than the other here.
#[tokio::test(start_paused = true)]
async fn the_start_comes_after_the_stop_in_the_device_s_minutes() {
    let mut bench = running(ec850lcd(), &[("offdelay", "100"), ("ondelay", "110")]).await;
    assert_eq!(bench.family.command("shutdown.return", None, &mut bench.tree).await, Outcome::Handled);
    assert_eq!(bench.ups.written().join(" "), "16:[03, 00] 15:[02, 00]");
}

#[rstest]
#[case::date(bk650m2, "battery.mfr.date", "2024/02/29", Outcome::Handled, "20:[5d, 58]")]
#[case::no_date(bk650m2, "battery.mfr.date", "29.2.2024", Outcome::Invalid, "")]
#[case::out_of_range(ec850lcd, "input.transfer.low", "80", Outcome::Invalid, "")]
#[case::beside_others(ec850lcd, "battery.charge.low", "25", Outcome::Handled, "07:[64, 01, 01, 14, 19, 64]")]
#[case::constant(cst135uc2, "battery.charge.low", "25", Outcome::Unknown, "")]
#[case::word(cst135uc2, "input.sensitivity", "high", Outcome::Handled, "1a:[02]")]
#[tokio::test(start_paused = true)]
async fn writes(
    #[case] ups: fn() -> Ups,
    #[case] variable: &str,
    #[case] value: &str,
    #[case] outcome: Outcome,
    #[case] written: &str,
) {
    let mut bench = running(ups(), &[]).await;
    assert_eq!(bench.family.set(variable, value, &mut bench.tree).await, outcome);
    assert_eq!(bench.ups.written().join(" "), written);
}

#[tokio::test(start_paused = true)]
async fn a_battery_voltage_of_half_as_much_again_is_mended_for_good() {
    let mut bench = running(ec850lcd(), &[]).await;
    assert_eq!(bench.tree.get("battery.voltage"), Some("14.2"));
    for (raw, volts) in [(207, "13.8"), (165, "11.0")] {
        bench.ups.with(|ups| ups.features.insert(0x0a, vec![raw]));
        bench.pass(12).await;
        bench.poll().await.unwrap();
        assert_eq!(bench.tree.get("battery.voltage"), Some(volts));
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_unasked_from_a_smart_ups_is_not_listened_to() {
    let mut bench = running(smx_750(), &[]).await;
    bench.ups.says(&[0x0c, 1]);
    bench.next().await.unwrap();
    assert_eq!(bench.tree.get("battery.charge"), Some("66"));
    assert_eq!(bench.ups.with(|ups| ups.interrupts.len()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flapping_flag_is_held_back_on_models_that_do_it() {
    let mut bench = running(bk650m2(), &[("lbrb_log_delay_without_calibrating", "1")]).await;
    bench.ups.says(&[0x14, 1]);
    bench.poll().await.unwrap();
    assert_eq!(bench.status(), "OL DISCHRG");
    bench.ups.with(|ups| ups.features.insert(0x14, vec![1]));
    bench.pass(4).await;
    bench.poll().await.unwrap();
    assert_eq!(bench.status(), "OL DISCHRG LB");
}

#[rstest]
#[case::unknown((0x1234, 0x5678), &[], None)]
#[case::only_the_vendor((0x1234, 0x5678), &[("vendorid", "1234")], None)]
#[case::named((0x1234, 0x5678), &[("vendorid", "1234"), ("productid", "5678")], Some("Generic HID 0.1"))]
#[case::chosen((0x051d, 0x0002), &[("vendorid", "051d"), ("productid", "0002"), ("subdriver", "Generic.*")], Some("Generic HID 0.1"))]
#[case::a_make_s((0x051d, 0x0002), &[], Some("APC HID 0.1"))]
#[case::a_make_s_unlisted((0x051d, 0x0042), &[], None)]
#[case::a_make_s_named((0x051d, 0x0042), &[("vendorid", "051d"), ("productid", "0042")], Some("APC HID 0.1"))]
#[case::listed((0x06da, 0xffff), &[], Some("Generic HID 0.1"))]
#[tokio::test(start_paused = true)]
async fn whose_it_is(
    #[case] ids: (u16, u16),
    #[case] options: &[(&str, &str)],
    #[case] subdriver: Option<&str>,
) {
    let ups = arduino();
    ups.with(|state| state.ids = ids);
    let mut bench = Bench::of(ups, options);
    bench.plug("1-1");
    match subdriver {
        Some(name) => {
            bench.start().await.unwrap();
            assert_eq!(bench.tree.get("driver.version.data"), Some(name));
            assert_eq!(bench.status(), "OL CHRG");
        }
        None => assert!(matches!(bench.family.open().await, Err(DeviceError::Gone(_)))),
    }
}

#[test]
fn every_id_is_listed_once_and_says_what_it_is() {
    let all = super::SUBDRIVERS.iter().flat_map(|subdriver| subdriver.ids);
    let mut seen = std::collections::BTreeSet::new();
    for id in all {
        assert!(!id.maker.is_empty() && !id.series.is_empty(), "{id:?}");
        assert!(seen.insert((id.vendor, id.product, id.word)), "{id:?}");
    }
}
