//! A room with our driver and our upsd in it, in the clear or encrypted.

use std::ffi::OsStr;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::process::Command;

use crate::lab::{LIMIT, Lab, Ran, play};
use crate::programs::Maker::Ours;

/// Whether the server can encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Clear,
    Tls,
}

/// Plays `case` with a server that it is told the address of, and where the authority of its certificate is.
///
/// # Errors
/// What the case says.
pub(crate) fn serve(
    wire: Wire,
    case: impl AsyncFnOnce(&mut Lab, SocketAddr, &Path) -> Result<(), String>,
) -> Result<(), String> {
    play("eaton-3s-700", 1.0, async |lab| {
        lab.configure_for(lab.driver, "")?;
        let server: SocketAddr =
            lab.server(Ours).parse().map_err(|error| format!("no address of the server: {error}"))?;
        let authority = lab.path("ours").join("authority.pem");
        if wire == Wire::Tls {
            let (authority, certificate) =
                certificates(server.ip()).map_err(|error| format!("no certificate: {error}"))?;
            lab.configure("ours", "authority.pem", &authority)?;
            lab.configure("ours", "server.pem", &certificate)?;
            let file = lab.path("ours").join("server.pem");
            let (ip, port) = (server.ip(), server.port());
            let conf = format!("LISTEN {ip} {port}\nCERTFILE \"{}\"\n", file.display());
            lab.configure("ours", "upsd.conf", &conf)?;
        }
        lab.start_driver(Ours, lab.driver).await?;
        lab.start_upsd(Ours).await?;
        case(lab, server, &authority).await
    })
}

/// An authority, and a server's certificate from it with its key, as PEM.
fn certificates(server: IpAddr) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new([server.to_string()])?;
    params.distinguished_name.push(rcgen::DnType::CommonName, server.to_string());
    let certificate = params.signed_by(&key, &authority)?;
    Ok((authority.pem(), certificate.pem() + &key.serialize_pem()))
}

/// Runs a program to its end.
///
/// # Errors
/// It could not be started, or did not end.
pub(crate) async fn run(
    program: PathBuf,
    arguments: &[&OsStr],
    environment: &[(&str, &OsStr)],
) -> Result<Ran, String> {
    let mut command = Command::new(&program);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output()).await;
    let output = output.map_err(|_| format!("{} did not end in {LIMIT:?}", program.display()))?;
    let output = output.map_err(|error| format!("failed to run {}: {error}", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Ran { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
}

/// Whether a variable has come to this value.
///
/// # Errors
/// It has not within the limit.
pub(crate) async fn becomes(lab: &Lab, name: &str, value: &str) -> Result<(), String> {
    let ups = lab.at(Ours);
    lab.until(&format!("{name} is {value}"), async |lab| {
        let now = lab.upsc(Ours, &[&ups, name]).await?;
        if now.trim_end() == value { Ok(()) } else { Err(now) }
    })
    .await
}
