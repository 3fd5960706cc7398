//! JUnit XML, for CI services.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::run::Outcome;

/// All runs as a JUnit document.
///
/// # Errors
/// The XML could not be written (only for want of memory).
pub fn document(outcomes: &[Outcome]) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("outage");
    let mut suite = TestSuite::new("scenarios");
    for outcome in outcomes {
        let status = match &outcome.failure {
            None if outcome.unmet.is_some() => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(format!(
                    "precondition unmet: {}",
                    outcome.unmet.as_deref().unwrap_or_default()
                ));
                status
            }
            None => TestCaseStatus::success(),
            Some(failure) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let at = failure.at.as_secs_f64();
                status.set_message(format!("expected: {}; at {at:.2} s: {}", failure.step, failure.seen));
                status.set_description(
                    outcome.trace.iter().map(|event| format!("{event}\n")).collect::<String>(),
                );
                status
            }
        };
        let mut case = TestCase::new(format!("{}::{}", outcome.lane, outcome.name), status);
        case.set_time(outcome.took);
        suite.add_test_case(case);
    }
    report.add_test_suite(suite);
    report.to_string()
}
