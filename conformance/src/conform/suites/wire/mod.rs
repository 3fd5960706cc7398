//! Suite `wire`: how bytes become requests, and answers bytes, whatever the requests are.

mod bytes;
mod letters;
mod limits;
mod lines;
mod words;

use super::{read, talk};
use crate::conform::Case;

/// The cases of the suite, by topic.
pub const CASES: &[&[Case]] = &[lines::CASES, words::CASES, letters::CASES, bytes::CASES, limits::CASES];
