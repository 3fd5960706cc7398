//! Client libraries from PyPI, npm and crates.io.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::room::{Wire, becomes, run, serve};
use crate::{Case, Need};

const PYTHON: &str = "venv/bin/python";

pub(crate) const CASES: &[Case] = &[
    Case { name: "pypi::PyNUTClient", needs: &[Need::Installed(PYTHON)], run: || pynut(Wire::Clear) },
    Case { name: "pypi::PyNUTClient-over-TLS", needs: &[Need::Installed(PYTHON)], run: || pynut(Wire::Tls) },
    Case { name: "pypi::nut2", needs: &[Need::Installed(PYTHON)], run: nut2 },
    Case {
        name: "npm::node-nut",
        needs: &[Need::Program("node"), Need::Installed("node_modules/node-nut")],
        run: node_nut,
    },
    Case { name: "crates.io::rups", needs: &[Need::Installed("bin/rups-client")], run: || rups(Wire::Clear) },
    Case {
        name: "crates.io::rups-over-TLS",
        needs: &[Need::Installed("bin/rups-client")],
        run: || rups(Wire::Tls),
    },
];

/// Where ci/ecosystem.sh puts what it installs.
pub(crate) fn home() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    std::env::var_os("OUTAGE_ECOSYSTEM").map_or_else(|| root.join("target/ecosystem"), PathBuf::from)
}

/// A program that uses a library.
fn user(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ecosystem/clients").join(name)
}

/// Runs a client, which must end well and print this; and looks whether its orders have been carried out.
fn check(
    wire: Wire,
    program: PathBuf,
    script: Option<PathBuf>,
    expected: &str,
    delay: Option<&str>,
) -> Result<(), String> {
    serve(wire, async |lab, server, authority| {
        let (ip, port) = (server.ip().to_string(), server.port().to_string());
        let how = if wire == Wire::Tls { "tls" } else { "plain" };
        let mut arguments: Vec<&OsStr> = script.iter().map(|script| script.as_os_str()).collect();
        arguments.extend([ip.as_ref(), port.as_ref(), how.as_ref(), authority.as_os_str()]);
        let modules = home().join("node_modules");
        let ran = run(program, &arguments, &[("NODE_PATH", modules.as_os_str())]).await?;
        if ran.code != Some(0) || ran.stdout != expected {
            return Err(format!("expected:\n{expected}\ngot: {:?}\n{}{}", ran.code, ran.stdout, ran.stderr));
        }
        if let Some(delay) = delay {
            becomes(lab, "ups.delay.shutdown", delay).await?;
            becomes(lab, "ups.beeper.status", "disabled").await?;
        }
        Ok(())
    })
}

fn pynut(wire: Wire) -> Result<(), String> {
    let expected = "ups office: The office\nstatus OL\navailable True\ncommand True\nmutable True\nset OK\nrun OK\n\
                    refused ERR CMD-NOT-SUPPORTED\nlogin OK\nclients 1\n";
    check(wire, home().join(PYTHON), Some(user("pynut.py")), expected, Some("41"))
}

fn nut2() -> Result<(), String> {
    let expected = "ups office: The office\ndescribed The office\nstatus OL\nget OL\ncommand True\nmutable True\n\
                    logins 0\nrefused ERR VAR-NOT-SUPPORTED\n";
    check(Wire::Clear, home().join(PYTHON), Some(user("nut2.py")), expected, Some("42"))
}

fn node_nut() -> Result<(), String> {
    let expected = "ups office: The office\nstatus OL\ncommand true\nmutable true\nrefused UNKNOWN-UPS\nuser null\n\
                    password null\nset null\nrun null\n";
    check(Wire::Clear, "node".into(), Some(user("node-nut.js")), expected, Some("43"))
}

/// It has no way to set a variable, and its orders go to no UPS in particular.
fn rups(wire: Wire) -> Result<(), String> {
    let expected = "protocol 1.3\nups office: The office\ndescribed The office\nstatus OL\nlogins 0\nlisted true\n\
                    mutable true\ncommand true\nclients 0\nrefused Client error: Server error: VAR-NOT-SUPPORTED\n";
    check(wire, home().join("bin/rups-client"), None, expected, None)
}
