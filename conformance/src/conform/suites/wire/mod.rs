//! Suite `wire`: the line protocol of upsd as bytes, whatever the words say.

use crate::conform::Case;

/// The topics.
pub const CASES: &[&[Case]] = &[];
