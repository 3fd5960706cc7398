//! Any bytes through sessions of the server core: no panic, no growing session, no secret in the log.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../stack/upsd/tests/hostile/world.rs"]
mod world;

fuzz_target!(|script: &[u8]| world::play(script));
