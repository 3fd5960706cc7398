//! The HID firmware, asked as a host asks: every request of the class, and every malformed one.

use quickcheck::{Arbitrary, Gen, quickcheck};
use rstest::rstest;

use super::*;
use crate::device::file::{DeviceFile, Firmware};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn device(file: DeviceFile) -> Hid {
    let Firmware::Hid(firmware) = file.firmware else { panic!("not on USB") };
    Hid::new(firmware, Plant::new(file.settings))
}

fn eaton() -> Hid {
    device(crate::device("eaton-3s-700").unwrap())
}

fn get(request_type: u8, request: u8, value: u16, index: u16, length: u16) -> Setup {
    Setup { request_type, request, value, index, length }
}

fn set_feature(hid: &mut Hid, now: Duration, data: &[u8]) -> Reply {
    let setup = get(CLASS_OUT, SET_REPORT, 0x0300 | u16::from(data[0]), 0, data.len() as u16);
    hid.control(now, setup, data)
}

fn feature(hid: &mut Hid, now: Duration, id: u8) -> Vec<u8> {
    match hid.control(now, get(CLASS_IN, GET_REPORT, 0x0300 | u16::from(id), 0, 0xffff), &[]) {
        Reply::Data(bytes) => bytes,
        other => panic!("report {id:#x}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[rstest]
#[case::hid_descriptor(get(0x81, 6, 0x2100, 0, 9), Some("09 21 10 01 21 01 22 d2 03"))]
#[case::hid_descriptor_cut(get(0x81, 6, 0x2100, 0, 2), Some("09 21"))]
#[case::report_descriptor_cut(get(0x81, 6, 0x2200, 0, 4), Some("05 84 09 04"))]
#[case::second_report_descriptor(get(0x81, 6, 0x2201, 0, 4), None)]
#[case::physical_descriptor(get(0x81, 6, 0x2300, 0, 255), None)]
#[case::descriptor_of_no_interface(get(0x81, 6, 0x2200, 1, 255), None)]
#[case::set_descriptor(get(0x01, 7, 0x2200, 0, 0), None)]
#[case::feature(get(0xa1, 1, 0x0306, 0, 6), Some("06 64 43 09 00 00"))]
#[case::feature_longer(get(0xa1, 1, 0x0306, 0, 64), Some("06 64 43 09 00 00"))]
#[case::feature_shorter(get(0xa1, 1, 0x0306, 0, 2), Some("06 64"))]
#[case::feature_of_nothing(get(0xa1, 1, 0x0306, 0, 0), Some(""))]
#[case::input(get(0xa1, 1, 0x0101, 0, 8), Some("01 21 00 00"))]
#[case::output(get(0xa1, 1, 0x0201, 0, 8), None)]
#[case::no_such_type(get(0xa1, 1, 0x0001, 0, 8), None)]
#[case::feature_only_as_input(get(0xa1, 1, 0x0107, 0, 8), None)]
#[case::no_such_report(get(0xa1, 1, 0x0305, 0, 8), None)]
#[case::report_zero(get(0xa1, 1, 0x0300, 0, 8), None)]
#[case::report_of_no_interface(get(0xa1, 1, 0x0306, 1, 8), None)]
#[case::report_of_a_device(get(0xa0, 1, 0x0306, 0, 8), None)]
#[case::get_idle(get(0xa1, 2, 0x0000, 0, 1), Some("00"))]
#[case::get_idle_of_a_report(get(0xa1, 2, 0x0006, 0, 1), Some("00"))]
#[case::get_idle_of_a_feature(get(0xa1, 2, 0x0007, 0, 1), None)]
#[case::get_protocol(get(0xa1, 3, 0, 0, 1), None)]
#[case::set_protocol(get(0x21, 11, 1, 0, 0), None)]
#[case::set_idle(get(0x21, 10, 0x7d00, 0, 0), Some(""))]
#[case::set_idle_of_no_report(get(0x21, 10, 0x7d05, 0, 0), None)]
#[case::set_idle_with_data(get(0x21, 10, 0x7d00, 0, 1), None)]
#[case::set_report_without_data(get(0x21, 9, 0x0309, 0, 0), None)]
#[case::vendor(get(0xc1, 1, 0x0306, 0, 8), None)]
fn requests(#[case] setup: Setup, #[case] answer: Option<&str>) {
    let reply = eaton().control(Duration::ZERO, setup, &[]);
    let expected = answer.map_or(Reply::Stall, |hex| {
        Reply::Data(hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect())
    });
    assert_eq!(reply, expected);
}

#[rstest]
#[case::short(0x0309, 5, &[9, 20, 0, 0])]
#[case::shorter_than_told(0x0309, 5, &[9])]
#[case::longer_than_told(0x0309, 4, &[9, 20, 0, 0, 0])]
#[case::long(0x0309, 6, &[9, 20, 0, 0, 0, 0])]
#[case::other_id(0x0309, 5, &[10, 20, 0, 0, 0])]
#[case::nothing_to_set(0x0306, 6, &[6, 1, 2, 3, 4, 5])]
#[case::as_input(0x0109, 5, &[9, 20, 0, 0, 0])]
#[case::as_output(0x0209, 5, &[9, 20, 0, 0, 0])]
#[case::no_such_report(0x0305, 1, &[5])]
fn a_wrong_set_report_stalls_and_changes_nothing(
    #[case] value: u16,
    #[case] length: u16,
    #[case] data: &[u8],
) {
    let mut hid = eaton();
    let before = hid.plant().state();
    assert_eq!(hid.control(Duration::ZERO, get(CLASS_OUT, SET_REPORT, value, 0, length), data), Reply::Stall);
    assert_eq!(hid.plant().state(), before);
}

#[test]
fn every_report_of_the_eaton() {
    let mut hid = eaton();
    hid.plant_mut().set_load(s(0), 40.0);
    hid.plant_mut().set_mains(s(10), false);
    hid.plant_mut().set_charge(s(10), 60.0);
    set_feature(&mut hid, s(10), &[0x0a, 90, 0, 0, 0]);
    set_feature(&mut hid, s(10), &[0x09, 60, 0, 0, 0]);
    let ids: Vec<u8> = hid.firmware.reports.iter().map(|report| report.id).collect();
    let lines: Vec<String> = ids.iter().map(|id| hex(&feature(&mut hid, s(12), *id))).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
        01 30 00 01
        02 01 01
        03 00 00 00 00
        06 3c 82 03 00 00
        07 00 02 01 00 00 28 00
        08 14
        09 3a 00 00 00
        0a 58 00 00 00
        0b 04 04 01 04 02 01 01 01 04 01
        0c 00 01 01 02 64 64 00
        0d bc 02 32
        0e e6 00
        10 05 01 03 02 07 04 06 06
        12 e6
        13 08 01
        14 b8
        15 00
        17 01 02 03 04 05
        18 00 00 00 00 00 00 00 00 00 00
        19 01
        1f 02
        20 02
        22 14
        23 03 01 01
        24 f4 01
        25 18 01 a8 00
        fd 00
        fe 00 00 00 00 00 00 00 00 00 00
        ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
    ");
}

/// Reports whose captured answers are shorter than the descriptor has them, and those the device file says nothing of.
fn other_than_declared(device: &str) -> Vec<(u8, u8)> {
    match device {
        "apc-bk650m2-ch" => {
            let short = [
                0x16, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x30, 0x31, 0x32, 0x33, 0x35, 0x36, 0x40,
                0x50, 0x52, 0x7a,
            ];
            [(INPUT, 0x16), (INPUT, 0x20), (INPUT, 0x21)]
                .into_iter()
                .chain(short.map(|id| (FEATURE, id)))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn report_lengths_are_those_of_the_descriptor() {
    use hidreport::Report as _;
    for built_in in crate::devices() {
        let file = crate::device(built_in.name).unwrap();
        let Firmware::Hid(firmware) = file.firmware else { continue };
        let descriptor = hidreport::ReportDescriptor::try_from(&firmware.report_descriptors[0]).unwrap();
        let mut declared = BTreeMap::new();
        for report in descriptor.feature_reports() {
            let id = u8::from(report.report_id().unwrap());
            declared.insert((FEATURE, id), report.size_in_bytes() - 1);
        }
        for report in descriptor.input_reports() {
            let id = u8::from(report.report_id().unwrap());
            declared.insert((INPUT, id), report.size_in_bytes() - 1);
        }
        let mut laid_out = BTreeMap::new();
        for report in &firmware.reports {
            for (kind, has) in [(FEATURE, report.feature), (INPUT, report.input)] {
                if has {
                    laid_out.insert((kind, report.id), report.length());
                }
            }
        }
        let keys: std::collections::BTreeSet<(u8, u8)> =
            laid_out.keys().chain(declared.keys()).copied().collect();
        let other: Vec<(u8, u8)> =
            keys.into_iter().filter(|key| laid_out.get(key) != declared.get(key)).collect();
        assert_eq!(other, other_than_declared(built_in.name), "{}", built_in.name);
    }
}

#[test]
fn delays_shut_down_and_bring_back() {
    let mut hid = eaton();
    hid.plant_mut().set_mains(s(1), false);
    assert_eq!(hex(&feature(&mut hid, s(2), 9)), "09 ff ff ff ff");
    assert_eq!(set_feature(&mut hid, s(2), &[0x0a, 30, 0, 0, 0]), Reply::Data(vec![]));
    assert_eq!(set_feature(&mut hid, s(2), &[0x09, 20, 0, 0, 0]), Reply::Data(vec![]));
    assert_eq!(hex(&feature(&mut hid, s(7), 9)), "09 0f 00 00 00");
    assert_eq!(hex(&feature(&mut hid, s(7), 1)), "01 30 00 01");
    assert_eq!(hex(&feature(&mut hid, s(22), 1)), "01 00 00 00", "off, and so not good");
    hid.plant_mut().set_mains(s(60), true);
    assert_eq!(hex(&feature(&mut hid, s(62), 1)), "01 25 00 00");
    set_feature(&mut hid, s(70), &[0x09, 20, 0, 0, 0]);
    set_feature(&mut hid, s(75), &[0x09, 0xff, 0xff, 0xff, 0xff]);
    hid.plant_mut().advance(s(200));
    assert!(hid.plant().state().output_on, "a negative delay calls it off");
}

#[test]
fn settings_can_be_written_and_read_back() {
    let mut hid = eaton();
    for (data, read) in [
        (&[0x22, 35][..], "22 23"),
        (&[0x1f, 1], "1f 01"),
        (&[0x13, 0x18, 1], "13 18 01"),
        (&[0x14, 160], "14 a0"),
        (&[0x12, 220], "12 dc"),
    ] {
        assert_eq!(set_feature(&mut hid, s(0), data), Reply::Data(vec![]));
        assert_eq!(hex(&feature(&mut hid, s(0), data[0])), read);
    }
    assert_eq!(hex(&feature(&mut hid, s(0), 8)), "08 23", "the limit follows its setting");
    assert_eq!(hex(&feature(&mut hid, s(0), 0x20)), "20 01", "two reports, one beeper");
}

#[test]
fn an_input_report_goes_out_when_a_value_in_it_changes() {
    let mut hid = eaton();
    assert_eq!(hid.interrupt(s(0), 0x81), None);
    assert_eq!(hid.wake_at(), None, "nothing changes on mains, fully charged");
    hid.plant_mut().set_mains(s(10), false);
    assert_eq!(hid.wake_at(), Some(s(10)));
    assert_eq!(hid.interrupt(s(10), 0x82), None, "another endpoint");
    assert_eq!(hid.interrupt(s(10), 0x81).map(|bytes| hex(&bytes)).as_deref(), Some("01 30 00 00"));
    assert_eq!(hid.interrupt(s(10), 0x81), None);
    assert_eq!(hid.wake_at(), Some(s(11)), "the runtime falls");
    assert_eq!(hid.interrupt(s(11), 0x81).map(|bytes| hex(&bytes)).as_deref(), Some("06 64 42 09 00 00"));
    hid.plant_mut().set_mains(s(12), true);
    hid.configured(s(12), 1);
    assert_eq!(hid.interrupt(s(12), 0x81), None, "a new configuration starts afresh");
}

#[test]
fn an_idle_rate_repeats_reports_without_a_change() {
    let mut hid = eaton();
    let ms = Duration::from_millis;
    // 500 ms for report 1.
    hid.control(s(1), get(CLASS_OUT, SET_IDLE, 0x7d01, 0, 0), &[]);
    assert_eq!(hid.control(s(1), get(CLASS_IN, GET_IDLE, 0x0001, 0, 1), &[]), Reply::Data(vec![0x7d]));
    assert_eq!(hid.control(s(1), get(CLASS_IN, GET_IDLE, 0x0002, 0, 1), &[]), Reply::Data(vec![0]));
    assert_eq!(hid.wake_at(), Some(ms(1500)));
    assert_eq!(hid.interrupt(ms(1499), 0x81), None);
    assert_eq!(hid.interrupt(ms(1500), 0x81).map(|bytes| bytes[0]), Some(1));
    assert_eq!(hid.interrupt(ms(1501), 0x81), None);
    assert_eq!(hid.wake_at(), Some(ms(2000)));
    hid.configured(s(3), 1);
    assert_eq!(hid.wake_at(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Control(Setup, Vec<u8>),
    Interrupt(u8),
    Mains(bool),
    Configured(u8),
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Self {
        let pick = |g: &mut Gen, likely: &[u8]| {
            if bool::arbitrary(g) { *g.choose(likely).unwrap() } else { u8::arbitrary(g) }
        };
        match u8::arbitrary(g) % 8 {
            0 => Self::Interrupt(pick(g, &[0x81])),
            1 => Self::Mains(bool::arbitrary(g)),
            2 => Self::Configured(pick(g, &[0, 1])),
            _ => {
                let data: Vec<u8> = Vec::arbitrary(g);
                let request_type = pick(g, &[0x21, 0xa1, 0x81, 0x01]);
                let request = pick(g, &[1, 2, 6, 9, 9, 10]);
                let kind = pick(g, &[1, 3, 0x21, 0x22]);
                let id = pick(g, &[1, 6, 9, 0x0a, 0x1f, 0xff]);
                let data = if bool::arbitrary(g) { [vec![id], data].concat() } else { data };
                let length = if bool::arbitrary(g) { data.len() as u16 } else { u16::arbitrary(g) };
                let value = u16::from_le_bytes([id, kind]);
                let index = u16::arbitrary(g) % 2;
                Self::Control(Setup { request_type, request, value, index, length }, data)
            }
        }
    }
}

#[test]
fn no_requests_make_it_panic_babble_or_stop_answering() {
    fn property(steps: Vec<(u16, Step)>) -> bool {
        let mut hid = eaton();
        let mut now = Duration::ZERO;
        for (after, step) in steps {
            now += Duration::from_millis(after.into());
            match step {
                Step::Control(setup, data) => match hid.control(now, setup, &data) {
                    Reply::Data(bytes) if bytes.len() > usize::from(setup.length) => return false,
                    Reply::Data(_) | Reply::Stall => {}
                    _ => return false,
                },
                Step::Interrupt(endpoint) => {
                    hid.interrupt(now, endpoint);
                }
                Step::Mains(on) => hid.plant_mut().set_mains(now, on),
                Step::Configured(configuration) => hid.configured(now, configuration),
            }
        }
        feature(&mut hid, now, 6).len() == 6
    }
    quickcheck(property as fn(Vec<(u16, Step)>) -> bool);
}

#[test]
fn it_never_promises_what_it_does_not_have() {
    // A wake-up time that has come, and then nothing to say, must move on: a bus would spin on it.
    fn property(steps: Vec<(u16, Step)>) -> bool {
        let mut hid = eaton();
        let mut now = Duration::ZERO;
        for (after, step) in steps {
            now += Duration::from_millis(after.into());
            if let Step::Control(setup, data) = step {
                hid.control(now, setup, &data);
            } else if let Step::Mains(on) = step {
                hid.plant_mut().set_mains(now, on);
            }
            for _ in 0..10 {
                if hid.interrupt(now, 0x81).is_none() {
                    break;
                }
            }
            if hid.wake_at().is_some_and(|at| at <= now) {
                return false;
            }
        }
        true
    }
    quickcheck(property as fn(Vec<(u16, Step)>) -> bool);
}
