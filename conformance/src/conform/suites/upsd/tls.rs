//! STARTTLS. Certificates are made for the run, and clients trust their issuer alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use outage_host::BoxStream;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{PROTOCOL, SEEN, read, run, talk};
use crate::conform::Level::{Must, Observed, Should};
use crate::conform::lab::Start;
use crate::conform::{Case, Miss, Outcome, Setup, Stage, Wire, ensure, ensure_eq};
use crate::run_check;

const CONF: &str = "upsd.conf(5), CERTFILE";

pub(super) const CASES: &[Case] = &[
    talk(
        "upsd/tls/not-configured",
        PROTOCOL,
        Must,
        "Without a certificate STARTTLS is refused, and the session goes on in clear.",
        r#"
        > STARTTLS
        < ERR FEATURE-NOT-CONFIGURED
        > GET VAR dummy ups.status
        < VAR dummy ups.status "OL"
        > STARTTLS
        < ERR FEATURE-NOT-CONFIGURED
        "#,
    ),
    talk(
        "upsd/tls/arguments",
        SEEN,
        Observed,
        "Words behind STARTTLS are ignored.",
        "
        > STARTTLS now
        < ERR FEATURE-NOT-CONFIGURED
        ",
    ),
    read(
        "upsd/tls/first-word-of-all-clients",
        "nut 2.8.0 as seen (libupsclient sends STARTTLS on each connection)",
        Must,
        "Whatever STARTTLS is answered with, a client that may go on without it can.",
        "
        > STARTTLS.
        < ERR UNKNOWN-COMMAND
        > PROTVER
        < 1.3
        ",
    ),
    run("upsd/tls/handshake", CONF, Must, "With a certificate STARTTLS encrypts.", run_check!(handshake)),
    run(
        "upsd/tls/already",
        PROTOCOL,
        Must,
        "STARTTLS on an encrypted connection is answered with ALREADY-SSL-MODE, and the session goes on.",
        run_check!(already),
    ),
    run(
        "upsd/tls/session",
        PROTOCOL,
        Must,
        "A whole session goes over TLS: name, password, LOGIN, SET, LOGOUT.",
        run_check!(session),
    ),
    run(
        "upsd/tls/long-list",
        PROTOCOL,
        Must,
        "A list longer than a record of TLS comes whole.",
        run_check!(long_list),
    ),
    run(
        "upsd/tls/byte-by-byte",
        "RFC 8446 section 5.1",
        Must,
        "A request may be spread over many records.",
        run_check!(byte_by_byte),
    ),
    run(
        "upsd/tls/one-two",
        "upsd.conf(5), DISABLE_WEAK_SSL",
        Should,
        "TLS 1.2 is spoken.",
        run_check!(one_two),
    ),
    run(
        "upsd/tls/no-weak",
        "upsd.conf(5), DISABLE_WEAK_SSL",
        Must,
        "With DISABLE_WEAK_SSL TLS 1.2 is still spoken.",
        run_check!(no_weak),
    ),
    run(
        "upsd/tls/beside-clear",
        PROTOCOL,
        Must,
        "Clients that do without TLS are served beside those with it.",
        run_check!(beside_clear),
    ),
    run(
        "upsd/tls/nothing-slips-in",
        "CVE-2011-0411",
        Must,
        "What comes in clear behind STARTTLS is not taken for a request of the encrypted session.",
        run_check!(nothing_slips_in),
    ),
    run(
        "upsd/tls/garbage",
        "RFC 8446 section 6",
        Must,
        "Who says something else instead of a handshake is hung up on; others are served.",
        run_check!(garbage),
    ),
    run(
        "upsd/tls/slow-handshake",
        "CWE-400",
        Must,
        "Who asks for TLS and then says nothing keeps nobody waiting.",
        run_check!(slow_handshake),
    ),
    run(
        "upsd/tls/client-required",
        "upsd.conf(5), CERTREQUEST",
        Must,
        "With CERTREQUEST 2 a client without a certificate is not served over TLS, one with a trusted one is.",
        run_check!(client_required),
    ),
    run(
        "upsd/tls/client-strange",
        "upsd.conf(5), CERTREQUEST",
        Must,
        "With CERTREQUEST 2 a certificate of somebody else's issuer does not help.",
        run_check!(client_strange),
    ),
    run(
        "upsd/tls/renewed",
        "upsd(8), RELOADING",
        Should,
        "A reload reads the certificate again; connections that are there stay.",
        run_check!(renewed),
    ),
    run(
        "upsd/tls/bad-file",
        CONF,
        Should,
        "A CERTFILE that can't be used stops upsd from starting, and is named.",
        run_check!(bad_file),
    ),
];

/// The name in the server's certificates.
const NAME: &str = "upsd.example";
const STATUS: &str = "GET VAR dummy ups.status";
const OL: &str = "VAR dummy ups.status \"OL\"";
/// How long a handshake may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Somebody who signs certificates.
struct Issuer(CertifiedIssuer<'static, KeyPair>);

fn made<T>(result: Result<T, rcgen::Error>) -> Result<T, Miss> {
    result.map_err(|error| Miss::Fail(format!("failed to make a certificate: {error}")))
}

impl Issuer {
    fn new() -> Result<Self, Miss> {
        let mut params = made(CertificateParams::new(Vec::new()))?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(made(CertifiedIssuer::self_signed(params, made(KeyPair::generate())?))?))
    }

    /// A certificate for this name and its key, as one PEM.
    fn sign(&self, name: &str) -> Result<String, Miss> {
        let key = made(KeyPair::generate())?;
        let params = made(CertificateParams::new([name.to_owned()]))?;
        let certificate = made(params.signed_by(&key, &self.0))?;
        Ok(certificate.pem() + &key.serialize_pem())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// What a client of ours goes by that trusts this issuer, and shows a certificate or not.
    fn client(
        &self,
        identity: Option<&str>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<ClientConfig, Miss> {
        let wrong =
            |error: &dyn std::fmt::Display| Miss::Fail(format!("failed to set a TLS client up: {error}"));
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).map_err(|error| wrong(&error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| wrong(&error))?
            .with_root_certificates(roots);
        let Some(pem) = identity else { return Ok(builder.with_no_client_auth()) };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| wrong(&error))?;
        builder
            .with_client_auth_cert(chain.map_err(|error| wrong(&error))?, key)
            .map_err(|error| wrong(&error))
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Starts upsd with a certificate of this issuer and these lines more in upsd.conf.
async fn start(stage: &mut Stage, issuer: &Issuer, lines: &[&str]) -> Outcome {
    stage.write("etc/upsd.pem", &issuer.sign(NAME)?, 0o600)?;
    let mut setup = Setup::standard().conf(conf_line("CERTFILE", &stage.lab().path("etc/upsd.pem"))).alone();
    for line in lines {
        setup = setup.conf(*line);
    }
    stage.upsd(setup).await
}

fn conf_line(directive: &str, path: &Path) -> String {
    format!("{directive} \"{}\"", path.display())
}

/// Connects, says STARTTLS and reads the answer, without reading a byte too many.
async fn ask_for_tls(stage: &mut Stage, with: &[u8]) -> Result<BoxStream, Miss> {
    let stream = stage.lab().connect().await;
    let mut stream = stream.map_err(|error| Miss::Fail(format!("failed to connect: {error}")))?;
    let exchange = async {
        stream.write_all(b"STARTTLS\n").await?;
        stream.write_all(with).await?;
        stream.flush().await?;
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(stream.read_u8().await?);
        }
        Ok::<_, std::io::Error>(line)
    };
    let line = match timeout(LIMIT, exchange).await {
        Ok(Ok(line)) => String::from_utf8_lossy(&line).trim_end().to_owned(),
        Ok(Err(error)) => return Err(Miss::Fail(format!("STARTTLS: {error}"))),
        Err(_) => return Err(Miss::Fail(format!("STARTTLS is not answered within {LIMIT:?}"))),
    };
    stage.record().did("client tls", format!("STARTTLS is answered with {line}"));
    if line == "OK STARTTLS" {
        return Ok(stream);
    }
    if stage.log().lines().any(|line| line.contains("invalid directive") && line.contains("CERTFILE")) {
        let why = "it is built with another TLS library than OpenSSL, and takes no CERTFILE";
        return Err(Miss::Precondition(why.to_owned()));
    }
    Err(crate::conform::wire::unlike("client tls", "OK STARTTLS", &line))
}

/// A client's handshake on a stream.
async fn shake(stage: &Stage, stream: BoxStream, config: ClientConfig) -> Result<Wire, Miss> {
    let name = ServerName::try_from(NAME).map_err(|error| Miss::Fail(error.to_string()))?;
    match timeout(LIMIT, TlsConnector::from(Arc::new(config)).connect(name, stream)).await {
        Ok(Ok(stream)) => {
            stage.record().did("client tls", "the handshake is done");
            Ok(Wire::new("client tls", Box::new(stream), stage.record().clone(), stage.quiet()))
        }
        Ok(Err(error)) => Err(Miss::Fail(format!("the handshake failed: {error}"))),
        Err(_) => Err(Miss::Fail(format!("the handshake is not done within {LIMIT:?}"))),
    }
}

/// An encrypted connection.
async fn secure(stage: &mut Stage, issuer: &Issuer) -> Result<Wire, Miss> {
    let stream = ask_for_tls(stage, b"").await?;
    shake(stage, stream, issuer.client(None, BOTH)?).await
}

async fn handshake(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut wire = secure(stage, &issuer).await?;
    wire.says("PROTVER", "1.3").await?;
    wire.says(STATUS, OL).await
}

async fn already(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut wire = secure(stage, &issuer).await?;
    wire.says("STARTTLS", "ERR ALREADY-SSL-MODE").await?;
    wire.says(STATUS, OL).await
}

async fn session(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut wire = secure(stage, &issuer).await?;
    wire.says("USERNAME primary", "OK").await?;
    wire.says("PASSWORD secret", "OK").await?;
    wire.says("LOGIN dummy", "OK").await?;
    wire.says("PRIMARY dummy", "OK PRIMARY-GRANTED").await?;
    wire.says("GET NUMLOGINS dummy", "NUMLOGINS dummy 1").await?;
    let mut admin = secure(stage, &issuer).await?;
    admin.says("USERNAME admin", "OK").await?;
    admin.says("PASSWORD secret", "OK").await?;
    admin.says("SET VAR dummy ups.id x", "OK").await?;
    stage.driver("dummy")?.expect("SET ups.id \"x\"").await?;
    wire.says("LOGOUT", "OK Goodbye").await?;
    wire.closed().await
}

async fn long_list(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    stage.write("etc/upsd.pem", &issuer.sign(NAME)?, 0o600)?;
    let lines: Vec<_> = (0..600).map(|n| format!("SETINFO outage.many.{n:03} \"value {n}\"")).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let setup = Setup::standard().dump("dummy", &lines);
    let setup = setup.conf(conf_line("CERTFILE", &stage.lab().path("etc/upsd.pem"))).alone();
    stage.upsd(setup).await?;
    let mut wire = secure(stage, &issuer).await?;
    let encrypted = wire.ask("LIST VAR dummy").await?;
    let mut clear = stage.connect().await?;
    let rows = clear.ask("LIST VAR dummy").await?;
    ensure(rows.len() > 600, || format!("a list of {} lines", rows.len()))?;
    ensure_eq("the encrypted list", encrypted, rows)
}

async fn byte_by_byte(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut wire = secure(stage, &issuer).await?;
    for byte in format!("{STATUS}\n").bytes() {
        wire.bytes(&[byte]).await?;
    }
    wire.expect(OL).await?;
    wire.bytes(format!("{STATUS}\nPROTVER\n").as_bytes()).await?;
    wire.expect(OL).await?;
    wire.expect("1.3").await
}

async fn version(stage: &mut Stage, lines: &[&str], version: &'static SupportedProtocolVersion) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, lines).await?;
    let stream = ask_for_tls(stage, b"").await?;
    let mut wire = shake(stage, stream, issuer.client(None, &[version])?).await?;
    wire.says(STATUS, OL).await
}

async fn one_two(stage: &mut Stage) -> Outcome {
    version(stage, &[], &TLS12).await
}

async fn no_weak(stage: &mut Stage) -> Outcome {
    version(stage, &["DISABLE_WEAK_SSL true"], &TLS12).await
}

async fn beside_clear(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut clear = stage.connect().await?;
    clear.says(STATUS, OL).await?;
    let mut wire = secure(stage, &issuer).await?;
    clear.says("PROTVER", "1.3").await?;
    wire.says(STATUS, OL).await?;
    clear.says(STATUS, OL).await
}

async fn nothing_slips_in(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let stream = ask_for_tls(stage, b"GET UPSDESC dummy\n").await?;
    // That the handshake fails over it is as good.
    let Ok(mut wire) = shake(stage, stream, issuer.client(None, BOTH)?).await else { return Ok(()) };
    if wire.send("PROTVER").await.is_ok()
        && let Ok(line) = wire.line().await
    {
        ensure_eq("the first line of the encrypted session", line.as_str(), "1.3")?;
    }
    Ok(())
}

async fn garbage(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let stream = ask_for_tls(stage, b"").await?;
    let mut wire = Wire::new("client tls", stream, stage.record().clone(), stage.quiet());
    // It may be hung up on in the middle.
    let _ = wire.bytes(&b"this is no handshake\n".repeat(50)).await;
    let heard = wire.drain(LIMIT).await;
    let said = String::from_utf8_lossy(&heard).into_owned();
    ensure(!said.contains("ERR ") && !said.contains("VAR "), || {
        format!("it was answered in clear: {said:?}")
    })?;
    let mut good = secure(stage, &issuer).await?;
    good.says(STATUS, OL).await
}

async fn slow_handshake(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    let mut clear = stage.connect().await?;
    clear.says("PROTVER", "1.3").await?;
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(ask_for_tls(stage, b"").await?);
    }
    let begun = stage.record().now();
    clear.says(STATUS, OL).await?;
    let mut other = secure(stage, &issuer).await?;
    other.says(STATUS, OL).await?;
    let took = stage.record().now().saturating_sub(begun);
    ensure(took < Duration::from_secs(2), || format!("others waited {took:?}"))
}

/// Whether upsd serves a client with this certificate.
async fn serves(stage: &mut Stage, issuer: &Issuer, identity: Option<&str>) -> Result<bool, Miss> {
    let stream = ask_for_tls(stage, b"").await?;
    let Ok(mut wire) = shake(stage, stream, issuer.client(identity, BOTH)?).await else { return Ok(false) };
    // With TLS 1.3 a client learns only after its handshake that it was refused.
    Ok(wire.send(STATUS).await.is_ok() && wire.line().await.is_ok_and(|line| line == OL))
}

/// Starts upsd so that it wants certificates of clients.
async fn demanding(stage: &mut Stage, issuer: &Issuer) -> Outcome {
    stage.write("etc/ca.pem", &issuer.pem(), 0o600)?;
    let path = conf_line("CERTPATH", &stage.lab().path("etc/ca.pem"));
    start(stage, issuer, &[&path, "CERTREQUEST 2"]).await
}

async fn client_required(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    demanding(stage, &issuer).await?;
    let identity = issuer.sign("client.example")?;
    ensure(serves(stage, &issuer, Some(&identity)).await?, || "a trusted client is not served".to_owned())?;
    ensure(!serves(stage, &issuer, None).await?, || "a client without a certificate is served".to_owned())
}

async fn client_strange(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    demanding(stage, &issuer).await?;
    let stranger = Issuer::new()?.sign("client.example")?;
    ensure(!serves(stage, &issuer, Some(&stranger)).await?, || "a stranger is served".to_owned())?;
    let identity = issuer.sign("client.example")?;
    ensure(serves(stage, &issuer, Some(&identity)).await?, || "a trusted client is not served".to_owned())
}

async fn renewed(stage: &mut Stage) -> Outcome {
    let (old, new) = (Issuer::new()?, Issuer::new()?);
    start(stage, &old, &[]).await?;
    let mut wire = secure(stage, &old).await?;
    wire.says(STATUS, OL).await?;
    stage.write("etc/upsd.pem", &new.sign(NAME)?, 0o600)?;
    stage.reload().await?;
    let begun = stage.record().now();
    loop {
        let stream = ask_for_tls(stage, b"").await?;
        match shake(stage, stream, new.client(None, BOTH)?).await {
            Ok(mut other) => {
                other.says(STATUS, OL).await?;
                break;
            }
            Err(miss) if stage.record().now() > begun + LIMIT => {
                return Err(Miss::Fail(format!("the new certificate is not shown: {}", miss.text())));
            }
            Err(_) => stage.wait(Duration::from_millis(50)).await,
        }
    }
    wire.says(STATUS, OL).await
}

async fn bad_file(stage: &mut Stage) -> Outcome {
    let issuer = Issuer::new()?;
    start(stage, &issuer, &[]).await?;
    // Whether this build reads the file at all.
    secure(stage, &issuer).await?;
    stage.end_upsd().await;
    stage.touch();
    stage.write("etc/upsd.pem", "no certificate\n", 0o600)?;
    let ran = stage.run(Start::new("upsd", &["-F"]), Duration::from_secs(3)).await?;
    let said = ran.stdout + &ran.stderr;
    ensure(!ran.hung && ran.code == Some(1) && said.contains("upsd.pem"), || {
        format!("it ended with {:?}: {said}", ran.code)
    })
}
