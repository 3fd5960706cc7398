//! The rules of HID 1.11, 6.2.2, one by one.

use outage_hid::{Item, Path, ReportKind, parse};
use rstest::rstest;

/// `0xID kind offset size path` of each item, then the oddities.
fn told(bytes: &[u8]) -> String {
    let (descriptor, oddities) = parse(bytes);
    let mut lines: Vec<String> = descriptor
        .items()
        .iter()
        .map(|i: &Item| format!("{:02x} {} {}+{} {}", i.report_id, i.kind, i.offset, i.size, i.path))
        .collect();
    lines.extend(oddities.iter().map(|odd| format!("! {odd}")));
    lines.join("\n")
}

#[test]
fn without_report_ids_offsets_go_on() {
    // NUT begins every item at bit 0 here.
    let bytes = [
        0x05, 0x84, 0x75, 8, 0x95, 1, 0x09, 0x30, 0xb1, 0x02, 0x09, 0x31, 0xb1, 0x02, 0x09, 0x32, 0x81, 0x02,
        0x09, 0x35, 0xb1, 0x02,
    ];
    insta::assert_snapshot!(told(&bytes), @r"
    00 Feature 0+8 Voltage
    00 Feature 8+8 Current
    00 Input 0+8 Frequency
    00 Feature 16+8 PercentLoad
    ");
    let (descriptor, _) = parse(&bytes);
    assert!(!descriptor.has_report_ids());
    assert_eq!(descriptor.split(&[1, 2, 3]), Some((0, &[1, 2, 3][..])));
}

#[test]
fn offsets_are_counted_for_each_report_and_kind() {
    let bytes = [
        0x05, 0x84, 0x75, 8, 0x95, 1, 0x85, 1, 0x09, 0x30, 0xb1, 2, 0x85, 2, 0x09, 0x31, 0xb1, 2, 0x85, 1,
        0x09, 0x32, 0xb1, 2, 0x09, 0x32, 0x81, 2, 0x09, 0x32, 0x91, 2,
    ];
    insta::assert_snapshot!(told(&bytes), @r"
    01 Feature 0+8 Voltage
    02 Feature 0+8 Current
    01 Feature 8+8 Frequency
    01 Input 0+8 Frequency
    01 Output 0+8 Frequency
    ");
}

#[test]
fn usages_ranges_and_padding() {
    let bytes = [
        // Three fields for two usages: the last one repeats. Then a range, padding, and a usage with its own page.
        0x05, 0x84, 0x75, 1, 0x95, 3, 0x09, 0x6e, 0x09, 0x6f, 0xb1, 2, 0x19, 0x60, 0x29, 0x62, 0xb1, 2, 0x95,
        2, 0xb1, 1, 0x95, 1, 0x0b, 0xd0, 0, 0x85, 0, 0xb1, 2,
    ];
    insta::assert_snapshot!(told(&bytes), @r"
    00 Feature 0+1 Boost
    00 Feature 1+1 Buck
    00 Feature 2+1 Buck
    00 Feature 3+1 Present
    00 Feature 4+1 Good
    00 Feature 5+1 InternalFailure
    00 Feature 8+1 ACPresent
    ");
}

#[test]
fn push_and_pop_keep_the_globals() {
    let bytes = [
        0x05, 0x84, 0x75, 8, 0x95, 1, 0xa4, 0x75, 16, 0x85, 3, 0x09, 0x30, 0xb1, 2, 0xb4, 0x85, 4, 0x09,
        0x31, 0xb1, 2, 0xb4,
    ];
    insta::assert_snapshot!(told(&bytes), @r"
    03 Feature 0+16 Voltage
    04 Feature 0+8 Current
    ! byte 22: pop without push
    ");
}

#[test]
fn of_alternative_usages_the_first_counts() {
    let bytes = [0x05, 0x84, 0x75, 8, 0x95, 1, 0xa9, 1, 0x09, 0x30, 0x09, 0x31, 0xa9, 0, 0xb1, 2];
    insta::assert_snapshot!(told(&bytes), @"00 Feature 0+8 Voltage");
}

#[test]
fn what_is_not_understood_is_skipped() {
    let bytes = [
        0x05, 0x84, 0xfe, 3, 0x42, 1, 2, 3, 0x75, 8, 0x95, 1, 0x0d, 1, 0xf5, 1, 0xc0, 0x85, 0, 0x09, 0x30,
        0xb1, 2, 0x0c, 0x09, 0x04, 0xa1, 0, 0x26, 1,
    ];
    insta::assert_snapshot!(told(&bytes), @r"
    00 Feature 0+8 Voltage
    ! byte 2: long item skipped
    ! byte 12: reserved item 0x0d skipped
    ! byte 14: reserved item 0xf5 skipped
    ! byte 16: end of a collection that was not begun
    ! byte 17: report id 0
    ! byte 23: reserved item 0x0c skipped
    ! byte 28: the last item is cut off
    ! 1 collections are not ended
    ");
}

// Logical Minimum and Maximum as they are written, and what they are.
#[rstest]
#[case(&[0x15, 0x00, 0x25, 0xff], 0, 255)]
#[case(&[0x15, 0x00, 0x26, 0xff, 0xff], 0, 65535)]
#[case(&[0x15, 0x00, 0x26, 0xff, 0x00], 0, 255)]
#[case(&[0x15, 0xff, 0x25, 0x7f], -1, 127)]
#[case(&[0x15, 0x80, 0x25, 0xff], -128, -1)]
#[case(&[0x17, 0, 0, 0, 0x80, 0x27, 0xff, 0xff, 0xff, 0x7f], -2_147_483_648, 2_147_483_647)]
// GoldenMate: a maximum in the wrong byte order.
#[case(&[0x15, 0x00, 0x27, 0xff, 0xff, 0xff, 0xfe], 0, 4_278_190_079)]
fn extents(#[case] head: &[u8], #[case] min: i64, #[case] max: i64) {
    let mut bytes = head.to_vec();
    bytes.extend([0x05, 0x84, 0x75, 32, 0x95, 1, 0x09, 0x30, 0xb1, 2]);
    let item = parse(&bytes).0.items()[0].clone();
    assert_eq!((item.logical_min, item.logical_max), (min, max));
}

#[test]
fn a_longer_path_is_not_found_by_its_beginning() {
    let bytes = [0x05, 0x84, 0x09, 0x04, 0xa1, 1, 0x75, 8, 0x95, 1, 0x09, 0x30, 0xb1, 2, 0xc0];
    let (descriptor, _) = parse(&bytes);
    let path = |text: &str| text.parse::<Path>().expect("a path");
    assert!(descriptor.find(&path("UPS.Voltage"), ReportKind::Feature).is_some());
    assert!(descriptor.find(&path("UPS"), ReportKind::Feature).is_none());
    assert!(descriptor.find(&path("UPS.Voltage"), ReportKind::Input).is_none());
    assert!(descriptor.contains(&path("UPS")));
    assert!(!descriptor.contains(&path("Voltage")));
}
