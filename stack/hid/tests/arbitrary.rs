//! Whatever the bytes, the parser returns, and what it returns is in bounds.

use std::fs;
use std::path::PathBuf;

use outage_hid::{MAX_ITEMS, Path, parse};
use quickcheck::{QuickCheck, TestResult};

#[expect(clippy::disallowed_methods, reason = "a test may read its fixtures")]
fn captures() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "hex"))
        .map(|path| {
            let text = fs::read_to_string(path).expect("a capture");
            let words = text.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace);
            words.map(|w| u8::from_str_radix(w, 16).expect("a byte")).collect()
        })
        .collect()
}

/// What holds for every descriptor; `data` is a report that came for each item.
fn sound(bytes: &[u8], data: &[u8]) -> bool {
    let (descriptor, oddities) = parse(bytes);
    for oddity in &oddities {
        assert!(!oddity.to_string().is_empty());
    }
    assert!(descriptor.items().len() <= MAX_ITEMS);
    for item in descriptor.items() {
        let end = u64::from(item.offset) + u64::from(item.size);
        let saturated = end > u64::from(u32::MAX) - 8;
        let declared = descriptor.report_length(item.kind, item.report_id) as u64;
        assert!(saturated || end <= declared * 8, "{item} ends beyond its report of {declared} bytes");
        assert_eq!(descriptor.find(&item.path, item.kind).map(|found| &found.path), Some(&item.path));
        if let Some(reading) = item.read(data) {
            assert!(end <= data.len() as u64 * 8);
            assert!(item.physical(item.believed(reading)).is_finite());
            assert!(!reading.in_range || reading.clamped == reading.raw);
        }
        let mut report = data.to_vec();
        let _ = item.write(&mut report, -1);
        if let Ok(logical) = item.logical(17.0) {
            assert!(item.size > 63 || logical.unsigned_abs() < 1 << item.size);
        }
        let named = item.path.to_string().parse::<Path>();
        assert!(named.is_ok(), "{} does not parse", item.path);
    }
    true
}

#[test]
fn arbitrary_bytes() {
    fn check(bytes: Vec<u8>, data: Vec<u8>) -> bool {
        sound(&bytes, &data)
    }
    QuickCheck::new().tests(3000).quickcheck(check as fn(Vec<u8>, Vec<u8>) -> bool);
}

#[test]
fn mutated_captures() {
    fn check(which: usize, changes: Vec<(u16, u8)>, cut: u16, data: Vec<u8>) -> TestResult {
        let captures = captures();
        let mut bytes = captures[which % captures.len()].clone();
        for (at, value) in changes.into_iter().take(8) {
            let at = usize::from(at) % bytes.len();
            bytes[at] = value;
        }
        if cut.is_multiple_of(4) {
            bytes.truncate(usize::from(cut) % bytes.len());
        }
        TestResult::from_bool(sound(&bytes, &data))
    }
    QuickCheck::new().tests(1500).quickcheck(check as fn(usize, Vec<(u16, u8)>, u16, Vec<u8>) -> TestResult);
}

#[test]
fn every_cut_of_every_capture() {
    for bytes in captures() {
        for end in 0..bytes.len() {
            assert!(sound(&bytes[..end], &[0xff; 64]));
        }
    }
}

#[test]
fn a_descriptor_that_asks_for_the_world() {
    // Four thousand million fields of four thousand million bits, a usage range over everything, a hundred levels.
    let mut bytes = vec![0x05, 0x84];
    for _ in 0..100 {
        bytes.extend([0x09, 0x04, 0xa1, 0x00]);
    }
    bytes.extend([0xc0; 100]);
    for _ in 0..200 {
        bytes.extend([0x1b, 0, 0, 0, 0, 0x2b, 0xff, 0xff, 0xff, 0xff]);
        bytes.extend([0x97, 0xff, 0xff, 0xff, 0xff, 0x77, 0xff, 0xff, 0xff, 0xff, 0xb1, 0x02]);
    }
    assert!(sound(&bytes, &[]));
    let (descriptor, oddities) = parse(&bytes);
    assert_eq!(descriptor.items().len(), MAX_ITEMS);
    let text: Vec<String> = oddities.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text[..4].join("\n"), @r"
    byte 132: collections nest too deeply
    byte 522: items of 4294967295 bits
    byte 522: too many items, the rest is left out
    byte 544: items of 4294967295 bits
    ");
}
