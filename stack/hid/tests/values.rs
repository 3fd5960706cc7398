//! Fields of reports, both ways, without a descriptor of a real device around them.

use outage_hid::{EncodeError, Item, ReportKind, parse};
use quickcheck::{QuickCheck, TestResult};
use rstest::rstest;

/// A descriptor with one feature field.
fn field(offset: u8, size: u8, min: i32, max: i32, extra: &[u8]) -> Item {
    let mut bytes = vec![0x06, 0x84, 0x00, 0x85, 0x01];
    if offset > 0 {
        bytes.extend([0x75, offset, 0x95, 1, 0xb1, 0x03]);
    }
    bytes.extend(extra);
    bytes.push(0x17);
    bytes.extend(min.to_le_bytes());
    bytes.push(0x27);
    bytes.extend(max.to_le_bytes());
    bytes.extend([0x75, size, 0x95, 1, 0x09, 0x30, 0xb1, 0x02]);
    let (descriptor, _) = parse(&bytes);
    let item = descriptor.items()[0].clone();
    assert_eq!((item.offset, item.size, item.kind), (offset.into(), size.into(), ReportKind::Feature));
    item
}

// The vectors of NUT's tests/getvaluetest.c: bytes after the id, offset, size, minimum, maximum, value.
#[rstest]
#[case(&[0xff, 0xff, 0xff, 0xff], 0, 32, -1, 2_147_483_647, -1)]
#[case(&[0xff], 0, 8, -1, 127, -1)]
#[case(&[0xff], 0, 8, 0, 127, 127)]
#[case(&[0xff], 0, 8, 0, 255, 255)]
#[case(&[0x00, 0x0a, 0x08, 0x80], 0, 32, 0, 65535, 2560)]
#[case(&[0x00, 0x08, 0x00, 0x00], 0, 32, 0, 65535, 2048)]
#[case(&[0x00, 0x00, 0x08], 0, 8, 0, 255, 0)]
#[case(&[0x00, 0x00, 0x08], 8, 8, 0, 255, 0)]
#[case(&[0x00, 0x00, 0x08], 16, 8, 0, 255, 8)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 0, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 1, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 2, 1, 0, 1, 1)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 3, 1, 0, 1, 1)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 4, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 5, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 6, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 7, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 8, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 9, 1, 0, 1, 0)]
#[case(&[0x0c, 0x00, 0x00, 0x00], 10, 1, 0, 1, 0)]
fn what_nut_reads(
    #[case] data: &[u8],
    #[case] offset: u8,
    #[case] size: u8,
    #[case] min: i32,
    #[case] max: i32,
    #[case] value: i64,
) {
    assert_eq!(field(offset, size, min, max, &[]).read(data).expect("a value").clamped, value);
}

// A range that the reading exceeds: believed, unless whole words above the range are junk.
#[rstest]
#[case::back_ups_bf500(&[0x00, 0x0a, 0x08, 0x80], 32, 0, 65535, 2560)]
#[case::cps_output_voltage(&[0xef, 0x00], 16, 136, 142, 239)]
#[case::overload(&[130], 8, 0, 100, 130)]
#[case::xs_1400u(&[230], 8, 75, 140, 230)]
#[case::empty_range(&[9], 8, 12, 3, 9)]
fn what_is_believed(
    #[case] data: &[u8],
    #[case] size: u8,
    #[case] min: i32,
    #[case] max: i32,
    #[case] value: i64,
) {
    let item = field(0, size, min, max, &[]);
    let reading = item.read(data).expect("a value");
    assert!(!reading.in_range);
    assert_eq!(item.believed(reading), value);
}

#[rstest]
#[case::volts(&[0x67, 0x21, 0xd1, 0xf0, 0x00, 0x55, 0x07], 230.0)]
#[case::tenths_of_volts(&[0x67, 0x21, 0xd1, 0xf0, 0x00, 0x55, 0x06], 23.0)]
#[case::exponent_as_a_signed_byte(&[0x55, 0xfe], 2.3)]
#[case::exponent_as_a_nibble(&[0x55, 0x0e], 2.3)]
#[case::watts(&[0x66, 0x21, 0xd1, 0x55, 0x07], 230.0)]
#[case::seconds(&[0x66, 0x01, 0x10, 0x55, 0x00], 230.0)]
#[case::physical_range(&[0x36, 0x00, 0x00, 0x46, 0x88, 0x13], 1150.0)]
#[case::physical_range_of_nothing(&[0x35, 0x00, 0x45, 0x00], 230.0)]
fn units(#[case] extra: &[u8], #[case] value: f64) {
    let item = field(0, 16, 0, 1000, extra);
    assert_eq!(item.decode(&[230, 0]), Some(value));
    assert_eq!(item.logical(value), Ok(230));
}

#[test]
fn a_short_report_gives_what_is_there() {
    let (first, second) = (field(0, 8, 0, 255, &[]), field(8, 16, 0, 65535, &[]));
    assert_eq!(first.decode(&[7]), Some(7.0));
    assert_eq!(second.decode(&[7]), None);
    assert_eq!(second.decode(&[7, 1]), None);
    assert_eq!(second.decode(&[7, 1, 0]), Some(1.0));
}

#[test]
fn what_cannot_be_written() {
    let item = field(0, 8, -1, 100, &[]);
    assert_eq!(item.logical(101.0), Err(EncodeError::OutOfRange { min: -1, max: 100 }));
    assert_eq!(item.logical(f64::NAN), Err(EncodeError::OutOfRange { min: -1, max: 100 }));
    assert_eq!(item.logical(-1.0), Ok(-1));
    assert_eq!(item.write(&mut [], 1), Err(EncodeError::TooShort));
    let constant = parse(&[0x05, 0x84, 0x09, 0x30, 0x75, 8, 0x95, 1, 0xb1, 0x03]).0;
    assert_eq!(constant.items()[0].logical(1.0), Err(EncodeError::Constant));
}

#[test]
fn what_is_written_is_read_and_neighbours_stay() {
    fn check(offset: u8, size: u8, value: i64, mut data: Vec<u8>) -> TestResult {
        let (offset, size) = (offset % 24, size % 32 + 1);
        let item = field(offset, size, -1, i32::MAX, &[]);
        let before = data.clone();
        let Ok(()) = item.write(&mut data, value) else {
            return TestResult::from_bool(usize::from(offset + size) > data.len() * 8 && data == before);
        };
        let shift = 64 - u32::from(size);
        let read = item.read(&data).expect("it was written").raw == value << shift >> shift;
        let outside = (0..data.len() * 8)
            .filter(|bit| !(usize::from(offset)..usize::from(offset + size)).contains(bit))
            .all(|bit| (data[bit / 8] ^ before[bit / 8]) >> (bit % 8) & 1 == 0);
        TestResult::from_bool(read && outside)
    }
    QuickCheck::new().tests(2000).quickcheck(check as fn(u8, u8, i64, Vec<u8>) -> TestResult);
}
