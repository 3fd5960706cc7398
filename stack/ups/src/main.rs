//! `ups`: every program of the stack, by the name it is called by.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    outage_ups::main(std::env::args_os().collect())
}
