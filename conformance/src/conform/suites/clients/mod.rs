//! Suite `clients`.

use crate::conform::Case;

/// The topics.
pub const CASES: &[&[Case]] = &[];
