//! The network protocol: what clients ask of `upsd`, and what it answers. Version 1.3, TCP port 3493.

mod error;
mod reply;
mod request;

pub use error::{ErrorCode, UnknownErrorCode};
pub use reply::{Reply, ReplyError, TrackingState, VarType};
pub use request::{Get, List, Request, RequestError, Verb};
