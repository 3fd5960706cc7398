//! The captures as `hidreport` and `hidparser` read them: what they make of a descriptor, we make of it too.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use outage_hid::{ReportKind, parse};
use rstest::rstest;

/// Kind, report id, first bit after the id, bits, usage.
type Place = (ReportKind, u8, u32, u32, u32);

#[expect(clippy::disallowed_methods, reason = "a test may read its fixtures")]
fn capture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(format!("{name}.hex"));
    let text = fs::read_to_string(path).expect("a capture");
    let words = text.lines().filter(|l| !l.starts_with('#')).flat_map(str::split_whitespace);
    words.map(|w| u8::from_str_radix(w, 16).expect("a byte")).collect()
}

/// Our items that are not constant: those the others name.
fn ours(bytes: &[u8]) -> BTreeSet<Place> {
    let (descriptor, _) = parse(bytes);
    let items = descriptor.items().iter().filter(|i| !i.attributes.is_constant());
    items.map(|i| (i.kind, i.report_id, i.offset, i.size, i.path.last().expect("a usage").0)).collect()
}

fn of_hidreport(kind: ReportKind, reports: &[impl hidreport::Report], places: &mut BTreeSet<Place>) {
    for report in reports {
        let id = report.report_id().as_ref().map(|id| u8::from(*id));
        let head = if id.is_some() { 8 } else { 0 };
        for field in report.fields() {
            if let hidreport::Field::Variable(field) = field {
                let usage = u32::from(u16::from(field.usage.usage_page)) << 16
                    | u32::from(u16::from(field.usage.usage_id));
                let (start, end) = (field.bits.start as u32, field.bits.end as u32);
                places.insert((kind, id.unwrap_or(0), start - head, end - start, usage));
            }
        }
    }
}

fn hidreports(bytes: &[u8]) -> Option<BTreeSet<Place>> {
    let descriptor = hidreport::ReportDescriptor::try_from(bytes).ok()?;
    let mut places = BTreeSet::new();
    of_hidreport(ReportKind::Input, descriptor.input_reports(), &mut places);
    of_hidreport(ReportKind::Output, descriptor.output_reports(), &mut places);
    of_hidreport(ReportKind::Feature, descriptor.feature_reports(), &mut places);
    Some(places)
}

fn hidparsers(bytes: &[u8]) -> Option<BTreeSet<Place>> {
    let descriptor = hidparser::parse_report_descriptor(bytes).ok()?;
    let mut places = BTreeSet::new();
    let kinds = [
        (ReportKind::Input, &descriptor.input_reports),
        (ReportKind::Output, &descriptor.output_reports),
        (ReportKind::Feature, &descriptor.features),
    ];
    for (kind, reports) in kinds {
        for report in reports {
            let id = report.report_id.map_or(0, u32::from);
            for field in &report.fields {
                if let hidparser::ReportField::Variable(field) = field
                    && !field.attributes.constant
                {
                    let usage = u32::from(field.usage.page()) << 16 | u32::from(field.usage.id());
                    let (start, end) = (field.bits.start, field.bits.end);
                    places.insert((kind, id as u8, start, end - start, usage));
                }
            }
        }
    }
    Some(places)
}

// The capture without its head is left out: neither takes it.
#[rstest]
#[case("apc-back-ups-bk650m2-ch-051d-0002")]
#[case("apc-back-ups-cs-500-051d-0002")]
#[case("apc-smart-ups-x-750-051d-0003")]
#[case("arduino-hidpowerdevice-abratchik")]
#[case("cyberpower-cst135uc2-0764-0601")]
#[case("cyberpower-ec850lcd-0764-0501")]
#[case("santak-tg-box-850-mge-0463-ffff")]
#[case("unknown-ups-nut-issue-3227")]
fn same_places(#[case] name: &str) {
    let bytes = capture(name);
    let ours = ours(&bytes);
    assert!(!ours.is_empty());
    for (who, theirs) in [("hidreport", hidreports(&bytes)), ("hidparser", hidparsers(&bytes))] {
        let theirs = theirs.unwrap_or_else(|| panic!("{who} takes it"));
        assert_eq!(ours.symmetric_difference(&theirs).collect::<Vec<_>>(), Vec::<&Place>::new(), "{who}");
    }
}
