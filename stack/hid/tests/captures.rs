//! Descriptors of real devices, the broken ones too, against another program's decode of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use outage_hid::{Descriptor, Item, Path, ReportKind, parse};
use rstest::rstest;

#[expect(clippy::disallowed_methods, reason = "a test may read its fixtures")]
fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn hex(text: &str) -> Vec<u8> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::split_whitespace)
        .map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits"))
        .collect()
}

fn descriptor(name: &str) -> Descriptor {
    parse(&hex(&file(&format!("{name}.hex")))).0
}

/// The line that the other program would write for consecutive items of one usage. It leaves `[n]` out, and names only
/// usages of a small table.
fn lines(descriptor: &Descriptor, known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut runs: Vec<(String, u32, u32, u32, String)> = Vec::new();
    for item in descriptor.items() {
        let nodes = item.path.0.iter().filter(|u| u.as_index().is_none());
        let path: Vec<String> = nodes
            .map(|u| {
                let name = u.to_string();
                if known(&name) { name } else { format!("{:08x}", u.0) }
            })
            .collect();
        let kind = match item.kind {
            ReportKind::Input => 'I',
            ReportKind::Output => 'O',
            ReportKind::Feature => 'F',
        };
        let head = format!("0x{:02x} {kind}", item.report_id);
        let tail = format!(
            "{} {}..{} phys {}..{} unit {:08x} exp {} flags {:02x}",
            path.join("."),
            item.logical_min,
            item.logical_max,
            item.physical_min,
            item.physical_max,
            item.unit,
            item.exponent,
            item.attributes.0
        );
        match runs.last_mut() {
            Some(run)
                if run.0 == head
                    && run.2 == item.size
                    && run.4 == tail
                    && item.offset == run.1 + run.2 * run.3 =>
            {
                run.3 += 1;
            }
            _ => runs.push((head, item.offset, item.size, 1, tail)),
        }
    }
    runs.into_iter()
        .map(|(head, offset, size, count, tail)| {
            let times = if count == 1 { String::new() } else { format!(" x{count}") };
            format!("{head} {offset} {size}{times} {tail}")
        })
        .collect()
}

#[rstest]
#[case("apc-back-ups-bk650m2-ch-051d-0002")]
#[case("apc-back-ups-cs-500-051d-0002")]
#[case("apc-smart-ups-x-750-051d-0003")]
#[case("arduino-hidpowerdevice-abratchik")]
#[case("cyberpower-cst135uc2-0764-0601")]
#[case("cyberpower-ec850lcd-0764-0501")]
#[case("santak-tg-box-850-mge-0463-ffff")]
#[case("unknown-ups-nut-issue-3227")]
fn items_are_those_of_the_other_decode(#[case] name: &str) {
    // The other program left the signed maximum of `25 ff` as it is.
    let expected = file(&format!("{name}.items")).replace(" 0..-1 ", " 0..255 ");
    let (items, lengths): (Vec<&str>, Vec<&str>) =
        expected.lines().filter(|l| !l.starts_with('#')).partition(|l| !l.starts_with("lengths "));
    let words: Vec<&str> = items.iter().filter_map(|l| l.split(' ').find(|w| w.starts_with("UPS"))).collect();
    let known = |name: &str| words.iter().any(|path| path.split('.').any(|node| node == name));
    let descriptor = descriptor(name);
    assert_eq!(lines(&descriptor, known), items);

    let mut ours = BTreeMap::new();
    for (kind, id, bytes) in descriptor.reports() {
        let letter = kind.to_string().remove(0);
        ours.insert(format!("0x{id:02x}{letter}"), bytes);
    }
    let theirs: BTreeMap<String, usize> = lengths[0]["lengths ".len()..]
        .split(", ")
        .map(|pair| pair.split_once('=').expect("a pair"))
        .map(|(report, bytes)| (report.to_owned(), bytes.parse().expect("a length")))
        .collect();
    assert_eq!(ours, theirs);
}

#[rstest]
#[case("apc-back-ups-bk650m2-ch-051d-0002")]
#[case("apc-back-ups-cs-500-051d-0002")]
#[case("apc-smart-ups-x-750-051d-0003")]
#[case("arduino-hidpowerdevice-abratchik")]
#[case("cyberpower-cst135uc2-0764-0601")]
#[case("cyberpower-ec850lcd-0764-0501")]
#[case("partial-cyberpower-0764-0501-nut-issue-2997")]
#[case("santak-tg-box-850-mge-0463-ffff")]
#[case("unknown-ups-nut-issue-3227")]
fn oddities(#[case] name: &str) {
    let (_, odd) = parse(&hex(&file(&format!("{name}.hex"))));
    let text: Vec<String> = odd.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(format!("oddities-{name}"), text.join("\n"));
}

fn item<'a>(descriptor: &'a Descriptor, path: &str) -> &'a Item {
    let path: Path = path.parse().expect("a path");
    descriptor.find(&path, ReportKind::Feature).unwrap_or_else(|| panic!("no {path}"))
}

/// The answer a capture has to GET_REPORT, with the id first.
fn answer(reports: &str, id: u8) -> Vec<u8> {
    let head = [format!("get {id:02x}"), format!("err {id:02x}")];
    let line = reports.lines().find(|l| head.iter().any(|h| l.starts_with(h.as_str()))).expect("an answer");
    hex(line[4..].split('#').next().expect("bytes"))
}

#[rstest]
// 0x0c: charge 100 % in 24 bits, runtime 0x0a14 s after it.
#[case("UPS.PowerSummary.RemainingCapacity", 100.0)]
#[case("UPS.PowerSummary.RunTimeToEmpty", 2580.0)]
// Voltages in hundredths: exponent 5, folded by 7.
#[case("UPS.PowerSummary.ConfigVoltage", 12.0)]
#[case("UPS.PowerSummary.Voltage", 13.58)]
#[case("UPS.PowerSummary.ACPresent", 1.0)]
#[case("UPS.PowerSummary.Discharging", 0.0)]
fn values_of_a_back_ups_cs_500(#[case] path: &str, #[case] value: f64) {
    let descriptor = descriptor("apc-back-ups-cs-500-051d-0002");
    let reports = file("apc-back-ups-cs-500-051d-0002.reports.txt");
    let item = item(&descriptor, path);
    let bytes = answer(&reports, item.report_id);
    let (id, data) = descriptor.split(&bytes).expect("a report");
    assert_eq!(id, item.report_id);
    assert_eq!(item.decode(data), Some(value));
}

#[rstest]
// Report 0x16 declares four bytes and the device answers two: what is there counts, the rest is unknown.
#[case("UPS.PowerSummary.PresentStatus.ACPresent", Some(1.0))]
#[case("UPS.PowerSummary.PresentStatus.Discharging", Some(1.0))]
#[case("UPS.PowerSummary.PresentStatus.Charging", Some(0.0))]
// `25 ff` with a minimum of 0 is 255, so that 100 % is 100 %.
#[case("UPS.PowerSummary.RemainingCapacity", Some(100.0))]
// Declared 46 bytes long, answered with two.
#[case("UPS.PowerSummary.RunTimeToEmpty", Some(3618.0))]
fn values_of_a_back_ups_bk650(#[case] path: &str, #[case] value: Option<f64>) {
    let descriptor = descriptor("apc-back-ups-bk650m2-ch-051d-0002");
    let reports = file("apc-back-ups-bk650m2-ch-051d-0002.reports.txt");
    let item = item(&descriptor, path);
    let bytes = answer(&reports, item.report_id);
    let (_, data) = descriptor.split(&bytes).expect("a report");
    assert_eq!(item.decode(data), value, "{item}");
}

#[test]
fn indexed_collections_are_in_the_path() {
    let descriptor = descriptor("santak-tg-box-850-mge-0463-ffff");
    let power = item(&descriptor, "UPS.Flow.[4].ConfigApparentPower");
    assert_eq!((power.report_id, power.offset, power.size), (0x0d, 0, 16));
    let switch = item(&descriptor, "UPS.OutletSystem.Outlet.[2].PresentStatus.SwitchOn/Off");
    assert_eq!((switch.report_id, switch.offset), (0x02, 8));
    let events = descriptor.items().iter().filter(|i| i.path.to_string().contains("Event.[5]")).count();
    assert_eq!(events, 2);
}

#[test]
fn delays_are_counted_in_minutes_where_the_device_says_so() {
    let descriptor = descriptor("cyberpower-ec850lcd-0764-0501");
    let delay = item(&descriptor, "UPS.Output.DelayBeforeShutdown");
    assert_eq!(delay.decode(&[2, 0]), Some(120.0));
    assert_eq!(delay.decode(&[0xff, 0xff]), Some(-60.0));
    assert_eq!(delay.logical(120.0), Ok(2));
    assert_eq!(delay.logical(20.0), Ok(0));
}

#[test]
fn a_range_copied_from_another_item_does_not_clip() {
    // CyberPower: report 0x18 ConfigActivePower says at most 450, the device says 510.
    let descriptor = descriptor("cyberpower-ec850lcd-0764-0501");
    let power = item(&descriptor, "UPS.Output.ConfigActivePower");
    let reading = power.read(&[0xfe, 0x01]).expect("a value");
    assert_eq!((reading.raw, reading.clamped, reading.in_range), (510, 450, false));
    assert_eq!(power.decode(&[0xfe, 0x01]), Some(510.0));
}
