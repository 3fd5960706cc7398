//! `outage`: the laboratory, and under their own names all programs of the stack.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    outage_conformance::cli::main(std::env::args_os().collect())
}
