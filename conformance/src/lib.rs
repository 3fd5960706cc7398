#![forbid(unsafe_code)]
//! Outage's laboratory: scripted power failures ([`scenario`]), judged ([`judge`]) in lanes that differ only in what is
//! real ([`lane`]), and shown to people and programs ([`report`], [`view`]).

mod bench;
pub mod cli;
pub mod clock;
pub mod conform;
pub mod devices;
mod director;
mod hooks;
pub mod judge;
pub mod lane;
pub mod peers;
mod probe;
pub mod report;
pub mod run;
pub mod scenario;
pub mod trace;
pub mod view;
