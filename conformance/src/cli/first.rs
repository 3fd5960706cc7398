//! Bare `outage`: the battery runs low, live.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use super::files;
use crate::lane::LaneKind;
use crate::report::text;
use crate::run;
use crate::view;

/// The scenario, from where it stands in the repository.
const SOURCE: &str = include_str!("../../../scenarios/low-battery.kdl");
const PATH: &str = "scenarios/low-battery.kdl";

/// Runs the low-battery scenario with real processes and shows it as it happens.
pub(super) fn main() -> Result<ExitCode, String> {
    let colour = std::io::stdout().is_terminal();
    let scenario = files::understand(PATH, SOURCE, colour)?;
    let Some(run) = run::runs(&scenario, LaneKind::Process, 1).into_iter().next() else {
        return Err("the scenario has no device".to_owned());
    };
    let program = super::this_program()?;
    let outcome = view::show(&run, |watch| run::execute(&run, &program, watch))?;
    // The file is built in: only in the repository could it be named.
    if let Some(failure) = text::failure_with(&outcome, PATH, SOURCE, "outage", colour) {
        eprintln!("\n{failure}");
        return Ok(ExitCode::from(1));
    }
    Ok(ExitCode::SUCCESS)
}
