//! JUnit XML, for CI services: a suite for each target and suite.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::conform::keep::transcript;
use crate::conform::verdict::{Judged, Standing};

/// All judged cases as a JUnit document.
///
/// # Errors
/// The XML could not be written (only for want of memory).
pub fn document(all: &[Judged]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("outage conform");
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for judged in all {
        let name = format!("{} {}", judged.target, judged.case.suite());
        let at = suites.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
            suites.push((name.clone(), TestSuite::new(name)));
            suites.len() - 1
        });
        suites[at].1.add_test_case(case(judged));
    }
    for (_, suite) in suites {
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(judged: &Judged) -> TestCase {
    let status = match judged.standing() {
        Standing::Passed => TestCaseStatus::success(),
        Standing::NotJudged | Standing::Expected => {
            let mut status = TestCaseStatus::skipped();
            let why = match &judged.entry {
                Some(entry) if judged.standing() == Standing::Expected => {
                    format!("{}: {} ({})", judged.word(), entry.reason, entry.source)
                }
                _ => format!("{}: {}", judged.word(), judged.text),
            };
            status.set_message(why);
            status
        }
        Standing::Unexpected | Standing::UnexpectedPass => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let text = if judged.text.is_empty() { judged.word() } else { judged.text.clone() };
            status.set_message(format!("{}: {text}", judged.case.claim));
            status.set_type(judged.word());
            status.set_description(format!("{}\n{}", judged.command(), transcript(judged)));
            status
        }
    };
    let mut case = TestCase::new(judged.case.id, status);
    case.set_classname(format!("{}.{}", judged.target, judged.case.topic().replace('/', ".")));
    case.set_time(judged.took);
    case
}
