#![forbid(unsafe_code)]
//! NUT's configuration files: what they say, and everything that is wrong in them.
//!
//! Every parser takes a file's name (for messages) and its bytes, and returns what could be understood together with
//! all faults found, each with its place: one bad line loses nothing else. Nothing here reads a file or a clock.

pub mod args;
mod auth;
pub mod check;
mod diagnostic;
mod duration;
mod file;
mod model;
mod notify;
mod nut;
mod paths;
mod suggest;
mod ups;
mod upsd;
mod upsmon;
mod upssched;
mod users;
mod value;

pub use auth::{AuthConf, AuthSection, AuthSettings};
pub use diagnostic::{Diagnostic, Severity};
pub use duration::{DurationError, duration, duration_or_never};
pub use model::{
    CertHost, CertIdent, Confirm, Grant, Listen, Monitor, MonitorRole, NotifyFlags, NotifyRule, NotifyType,
    NutConf, Setting, UpsConf, UpsSection, UpsdConf, UpsdUsers, UpsmonConf, User,
};
pub use notify::UnknownNotifyType;
pub use nut::{NUT_MODES, NUT_NAMES, nut_conf};
pub use paths::Paths;
pub use ups::{GLOBAL_KEYS, SECTION_KEYS, ups_conf};
pub use upsd::{UPSD_DIRECTIVES, upsd_conf};
pub use upsmon::{UPSMON_DIRECTIVES, split_system, upsmon_conf};
pub use upssched::{SchedCommand, SchedRule, UPSSCHED_DIRECTIVES, UpsschedConf, upssched_conf};
pub use users::{USERS_KEYS, upsd_users};
