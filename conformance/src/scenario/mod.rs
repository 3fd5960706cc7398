//! The scenario language: scripted power failures, and what must come of them.
//!
//! `docs/scenarios.md` is its reference. A scenario is data: a lane sets its world up, the [`crate::judge`] plays its
//! blocks and judges what happens. Parsing never fails as a whole: it returns what it understood and every fault.

mod check;
mod model;
mod node;
mod parse;

pub(crate) use check::NOTICES;
pub use check::is_device_file;
pub use model::{
    Action, ActionKind, Block, Bound, Condition, Expectation, MachineAction, MachineSpec, MachineState,
    MonitorSpec, Question, Role, Scenario, Service, Start, UpsAction, UpsSpec,
};
pub use node::Fault;
pub use parse::parse;
