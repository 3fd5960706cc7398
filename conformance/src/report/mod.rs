//! What a person or a program reads of a run.

pub mod caret;
pub mod json;
pub mod junit;
pub mod text;

use std::fmt::Display;
use std::io::Write as _;

/// Prints a line. Whoever reads may stop (`| head`) without ending a run in the middle.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
