//! Device files: those that come with the crate, and broken ones.

use super::{DeviceFile, Firmware};

/// A small file that is right; tests break it.
const GOOD: &str = r#"device "small" {
    description "A small one"
    ratings {
        apparent-power 500
        active-power 300
        voltage 230
        battery capacity=84
    }
    usb {
        speed "low"
        device vendor=0x0463 product=0xffff product-string=1
        strings 0x0409 { string 1 "Small" }
        endpoint 0x81
        report-descriptor "05 84 09 04 a1 01 c0"
    }
    report 0x06 "feature" "input" {
        u8 "charge"
        bit "low"
        pad 7
    }
}
"#;

/// Each fault as "line:column text under the caret: message (help)".
fn faults(text: &str) -> String {
    let Err(faults) = DeviceFile::parse(text) else { return "no fault".into() };
    let lines = faults.iter().map(|fault| {
        let before = &text[..fault.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
        let marked = text[fault.span.clone()].lines().next().unwrap_or_default();
        let help = fault.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{line}:{column} `{marked}`: {}{help}", fault.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_device_that_comes_with_the_crate_is_in_order() {
    for built_in in crate::devices() {
        match DeviceFile::parse(built_in.text) {
            Ok(file) => {
                assert_eq!(file.name, built_in.name);
                assert!(!file.description.is_empty());
            }
            Err(_) => panic!("{}:\n{}", built_in.name, faults(built_in.text)),
        }
    }
    assert!(crate::device("eaton-9000").is_none());
}

#[test]
fn a_small_file() {
    let file = DeviceFile::parse(GOOD).unwrap_or_else(|_| panic!("{}", faults(GOOD)));
    let Firmware::Hid(firmware) = file.firmware else { panic!("not on USB") };
    let identity = &firmware.identity;
    assert_eq!(identity.device, [18, 1, 0, 2, 0, 0, 0, 8, 0x63, 4, 0xff, 0xff, 0, 1, 0, 1, 0, 1]);
    assert_eq!(
        identity.configuration,
        [
            9, 2, 34, 0, 1, 1, 0, 0xa0, 50, 9, 4, 0, 0, 1, 3, 0, 0, 0, 9, 0x21, 0x10, 1, 0, 1, 0x22, 7, 0, 7,
            5, 0x81, 3, 8, 0, 20
        ]
    );
    assert_eq!((firmware.interface, firmware.endpoint), (0, 0x81));
    assert_eq!(firmware.reports.len(), 1);
    assert_eq!(firmware.reports[0].length(), 2);
}

#[test]
fn descriptors_can_be_given_verbatim_right_or_wrong() {
    let verbatim = GOOD
        .replace(
            "device vendor=0x0463 product=0xffff product-string=1",
            "device-descriptor \"12 01 0002 00 00 00 08 6304 ffff 0001 00 01 00 01\"",
        )
        .replace(
            "endpoint 0x81\n",
            "configuration-descriptor \"09 02 2200 02 01 00 a0 32\" {\n\
             bytes \"09 04 02 00 01 03 00 00 00\"; bytes \"09 21 1001 00 01 22 ffff\"; bytes \"07 05 83 03 0800 14\"\n}\n",
        );
    let file = DeviceFile::parse(&verbatim).unwrap_or_else(|_| panic!("{}", faults(&verbatim)));
    let Firmware::Hid(firmware) = file.firmware else { panic!("not on USB") };
    assert_eq!((firmware.interface, firmware.endpoint), (2, 0x83));
    assert_eq!(firmware.identity.configuration.len(), 34);
}

/// What to break in the good file, and how.
const BREAKS: &[(&str, &str)] = &[
    ("device \"small\"", "gadget \"small\""),
    ("device \"small\"", "device"),
    ("description", "descripton"),
    ("u8 \"charge\"", "u8 \"battery-charge\""),
    ("u8 \"charge\"", "u8 \"charge\" times=10"),
    ("u8 \"charge\"", "u8 \"charge\" writable=#true"),
    ("u8 \"charge\"", "u8 \"charge\" step=60"),
    ("u8 \"charge\"", "u8 \"shutdown-timer\" idle=-1"),
    ("u8 \"charge\"", "u8 256"),
    ("u8 \"charge\"", "u9 \"charge\""),
    ("u8 \"charge\"", "u8"),
    ("pad 7", "pad 6"),
    ("u8 \"charge\"", "u8 string=9"),
    ("report 0x06", "report 0x106"),
    ("\"input\"", "\"interrupt\""),
    ("05 84 09", "05 84 0x9"),
    ("05 84 09", "05 84 9"),
    ("\"low\"", "\"super\""),
    ("apparent-power 500", ""),
    ("capacity=84", "capacity=-1"),
    ("active-power 300", "active-power \"lots\""),
    ("active-power 300", "active-power 600"),
    ("voltage 230", "voltage 230; voltage 120"),
    ("vendor=0x0463", "vendor=0x10463"),
    ("endpoint 0x81", ""),
    ("endpoint 0x81", "endpoint 0x01"),
    ("usb {", "megatec manufacturer=\"a\" model=\"b\" firmware=\"c\"\n    usb {"),
    ("u8 \"charge\"", "u8 \"charge"),
];

#[test]
fn broken_files_are_told_where_they_are_broken() {
    let told = BREAKS.iter().map(|(from, to)| {
        assert!(GOOD.contains(from), "{from}");
        format!("{from} -> {to}\n{}", faults(&GOOD.replacen(from, to, 1)))
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn no_text_makes_it_panic() {
    fn property(cut: usize, put: String, at: usize) -> bool {
        let letters: Vec<char> = GOOD.chars().collect();
        let at = at % letters.len();
        let end = (at + cut % 8).min(letters.len());
        let text: String =
            letters[..at].iter().copied().chain(put.chars()).chain(letters[end..].iter().copied()).collect();
        match DeviceFile::parse(&text) {
            Ok(_) => true,
            Err(faults) => {
                !faults.is_empty() && faults.iter().all(|fault| text.get(fault.span.clone()).is_some())
            }
        }
    }
    quickcheck::quickcheck(property as fn(usize, String, usize) -> bool);
}

/// The grammar's page.
const README: &str = include_str!("../../../devices/README.md");

#[test]
fn the_page_names_every_quantity_and_its_example_is_in_order() {
    for (name, _) in crate::device::quantity::NAMES {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
    let example = README.split("```kdl\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example = example.replace(" ... ", " ");
    assert!(DeviceFile::parse(&example).is_ok(), "{}", faults(&example));
}
