//! Encryption, against a server with certificates of the test's own.

use std::sync::Arc;
use std::time::Duration;

use outage_client::auth::Auth;
use outage_client::{Client, Error, Options, Tls, TlsSettings};
use outage_host::BoxStream;
use outage_host::virt::Machine;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rstest::rstest;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::play::{Script, machine, play, server};

const STATUS: Script = &[("GET VAR eaton ups.status", "VAR eaton ups.status \"OL\"\n")];

/// An authority, and what it signed, as PEM.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn pem(&self) -> Vec<u8> {
        self.issuer.pem().into_bytes()
    }

    /// A certificate for this name, followed by its key.
    fn sign(&self, name: &str) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem() + &key.serialize_pem()).into_bytes()
    }
}

/// One key as OpenSSL writes it: with nothing to protect it, and in three ways with the password "opensesame".
const PLAIN: &str = include_str!("../keys/plain.pem");
const AES: &str = include_str!("../keys/aes256.pem");
const DES: &str = include_str!("../keys/des3.pem");
const TRADITIONAL: &str = include_str!("../keys/traditional.pem");

/// A certificate that is its own authority, followed by its key.
fn self_signed(name: &str) -> Vec<u8> {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem() + &key.serialize_pem()).into_bytes()
}

/// A server that encrypts with this certificate, and wants one of the client's from `clients`.
async fn encrypting(machine: &Machine, pem: &[u8], clients: Option<&Authority>) {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(&authority.pem()).unwrap()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().unwrap();
    let config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(pem).unwrap()).unwrap();
    let host = machine.host("server");
    let listener = host.listen_tcp("127.0.0.1:3493".parse().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let _host = host;
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut line = [0; 9];
        stream.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"STARTTLS\n");
        stream.write_all(b"OK STARTTLS\n").await.unwrap();
        // A client that turns away, turns away.
        let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let mut stream: BoxStream = Box::new(stream);
        play(&mut stream, STATUS).await;
    });
}

/// Asks for the status by these settings.
async fn status(machine: &Machine, settings: &TlsSettings) -> Result<(String, bool), Error> {
    let tls = Tls::new(settings).unwrap();
    let host = machine.host("client");
    let options = Options::default().tls(tls);
    let mut client = Client::connect_with(&host, &"localhost".parse().unwrap(), &options).await?;
    Ok((client.get_var("eaton", "ups.status").await?, client.is_encrypted()))
}

fn trusting(pem: Vec<u8>) -> TlsSettings {
    TlsSettings { trust: Some(pem), ..TlsSettings::default() }
}

#[tokio::test(start_paused = true)]
async fn without_trust_any_server_that_encrypts_will_do() {
    let (_world, machine) = machine();
    encrypting(&machine, &self_signed("elsewhere"), None).await;
    assert_eq!(status(&machine, &TlsSettings::default()).await.unwrap(), ("OL".to_owned(), true));
}

#[tokio::test(start_paused = true)]
async fn an_authority_vouches_for_the_name() {
    let authority = Authority::new();
    for (name, asked, ok) in [
        ("localhost", None, true),
        ("elsewhere", None, false),
        ("elsewhere", Some("elsewhere"), true),
        ("localhost", Some("elsewhere"), false),
    ] {
        let (_world, machine) = machine();
        encrypting(&machine, &authority.sign(name), None).await;
        let settings = TlsSettings { server_name: asked.map(str::to_owned), ..trusting(authority.pem()) };
        match status(&machine, &settings).await {
            Ok(answer) => assert!(ok && answer.1, "{name} {asked:?}"),
            Err(error) => assert!(
                !ok && error.to_string().starts_with("SSL error: invalid peer certificate"),
                "{name} {asked:?} {error}"
            ),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_authority_vouches_for_nothing() {
    let (_world, machine) = machine();
    encrypting(&machine, &Authority::new().sign("localhost"), None).await;
    let error = status(&machine, &trusting(Authority::new().pem())).await.unwrap_err();
    assert!(matches!(&error, Error::Tls(why) if why.starts_with("invalid peer certificate")), "{error}");
}

/// What `openssl req -x509` makes is its own authority; who names it as trusted means that one.
#[tokio::test(start_paused = true)]
async fn the_servers_own_certificate_can_be_what_is_trusted() {
    let own = self_signed("any name");
    let (_world, machine) = machine();
    encrypting(&machine, &own, None).await;
    assert_eq!(status(&machine, &trusting(own)).await.unwrap().0, "OL");
    let (_world, machine) = crate::play::machine();
    encrypting(&machine, &self_signed("localhost"), None).await;
    assert!(status(&machine, &trusting(self_signed("localhost"))).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_may_ask_who_the_client_is() {
    let authority = Authority::new();
    for (identity, ok) in [(Some(authority.sign("client")), true), (None, false)] {
        let (_world, machine) = machine();
        encrypting(&machine, &authority.sign("localhost"), Some(&authority)).await;
        let settings = TlsSettings { identity, ..trusting(authority.pem()) };
        assert_eq!(status(&machine, &settings).await.is_ok(), ok);
    }
}

/// A server that does not encrypt is used in the clear, unless encryption is required.
#[rstest::rstest]
#[case("ERR FEATURE-NOT-CONFIGURED\n")]
#[case("ERR UNKNOWN-COMMAND\n")]
#[case("OK\n")]
#[case("WHAT is that\n")]
#[case("\n")]
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_encrypt(#[case] answer: &'static str) {
    let required = TlsSettings { required: true, ..TlsSettings::default() };
    for (settings, ok) in
        [(TlsSettings::default(), true), (required, false), (trusting(Authority::new().pem()), false)]
    {
        let (_world, machine) = machine();
        server(&machine, Box::leak(Box::new([("STARTTLS", answer), STATUS[0]]))).await;
        match status(&machine, &settings).await {
            Ok((value, encrypted)) => assert!(ok && value == "OL" && !encrypted),
            Err(error) => assert!(!ok && matches!(error, Error::NoTls), "{error}"),
        }
    }
}

/// Words that somebody in the middle slips in before the handshake are not taken for the server's.
#[tokio::test(start_paused = true)]
async fn nothing_may_come_between_the_agreement_and_the_handshake() {
    let (_world, machine) = machine();
    server(&machine, &[("STARTTLS", "OK STARTTLS\nVAR eaton ups.status \"FSD OB LB\"\n")]).await;
    assert!(matches!(status(&machine, &TlsSettings::default()).await, Err(Error::Protocol)));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stands_still_ends() {
    let (world, machine) = machine();
    server(&machine, &[("STARTTLS", "OK STARTTLS\n")]).await;
    let host = machine.host("client");
    let options =
        Options::default().timeout(Duration::from_secs(3)).tls(Tls::new(&TlsSettings::default()).unwrap());
    let error = Client::connect_with(&host, &"localhost".parse().unwrap(), &options).await.unwrap_err();
    // The played server reads the first byte of the handshake and hangs up, or says nothing.
    assert!(matches!(error, Error::Tls(_)), "{error}");
    assert!(world.now() <= Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn nutauth_conf_says_whom_to_trust_and_who_we_are() {
    let authority = Authority::new();
    let (world, machine) = machine();
    encrypting(&machine, &authority.sign("localhost"), Some(&authority)).await;
    machine.set_env("HOME", "/root");
    machine.put_file("/root/.nutauth.conf", "CERTPATH = /etc/nut/trusted\nCERTFILE = /etc/nut/me.pem\nCERTVERIFY = 1\n[me@localhost]\nPASS = secret\n", 0o644).unwrap();
    let host = machine.host("client");
    let localhost = "localhost".parse().unwrap();

    let lookup = || Auth::load(&host, None).unwrap().lookup(&host, None, &localhost);
    assert_eq!(lookup().unwrap_err().to_string(), "cannot read /etc/nut/trusted: No such file or directory");
    machine.put_file("/etc/nut/trusted/readme", "nothing in here", 0o644).unwrap();
    assert_eq!(lookup().unwrap_err().to_string(), "/etc/nut/trusted: no certificate to trust");
    machine.put_file("/etc/nut/trusted/a.pem", authority.pem(), 0o644).unwrap();
    machine.put_file("/etc/nut/me.pem", authority.pem(), 0o600).unwrap();
    let error = lookup().unwrap_err().to_string();
    assert!(error.starts_with("/etc/nut/me.pem: cannot use the key of the client's certificate"), "{error}");
    machine.put_file("/etc/nut/me.pem", authority.sign("me"), 0o600).unwrap();

    let access = lookup().unwrap();
    let credentials = access.credentials.unwrap();
    assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("me", "secret"));
    let options = Options::default().tls(access.tls);
    let mut client = Client::connect_with(&host, &localhost, &options).await.unwrap();
    assert_eq!(client.get_var("eaton", "ups.status").await.unwrap(), "OL");

    let said = crate::play::said(&world, "client");
    assert!(
        said.contains("! /root/.nutauth.conf holds passwords and is readable by all: chmod 600 it"),
        "{said}"
    );
    // Another file, or none at all, when that is asked for.
    assert!(Auth::load(&host, Some("none")).unwrap().lookup(&host, None, &localhost).unwrap().user.is_none());
    let missing = Auth::load(&host, Some("/nowhere")).unwrap_err().to_string();
    assert_eq!(missing, "cannot read /nowhere: No such file or directory");
    machine.remove_file("/root/.nutauth.conf").unwrap();
    let missing = Auth::load(&host, Some("default")).unwrap_err().to_string();
    assert!(
        missing.starts_with("there is no nutauth.conf; looked for /root/.config/nut/nutauth.conf, "),
        "{missing}"
    );
}

/// A server that asks is shown the certificate of that name, if its key can be opened.
#[rstest]
#[case::plain(PLAIN, "", "", "")]
#[case::plain_and_a_password(PLAIN, "opensesame", "", "")]
#[case::aes(AES, "opensesame", "", "")]
#[case::triple_des(DES, "opensesame", "", "")]
#[case::common_name(AES, "opensesame", "My desk", "")]
#[case::host_name(AES, "opensesame", "DESK.example", "")]
#[case::address(AES, "opensesame", "192.0.2.7", "")]
#[case::wrong(AES, "sesame", "", "the password does not open it")]
#[case::none(AES, "", "", "it is protected by a password, and none is given")]
#[case::traditional(TRADITIONAL, "opensesame", "", "openssl pkcs8 -topk8")]
#[case::another_name(AES, "opensesame", "My des", "it is that of \"My desk\", not of \"My des\"")]
#[case::another_host(AES, "opensesame", "roof.example", "not of \"roof.example\"")]
#[tokio::test(start_paused = true)]
async fn our_own_certificate(
    #[case] key: &str,
    #[case] password: &str,
    #[case] name: &str,
    #[case] wrong: &str,
) {
    let authority = Authority::new();
    let mut params = CertificateParams::new(["desk.example".to_owned(), "192.0.2.7".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::OrganizationName, "Test");
    params.distinguished_name.push(DnType::CommonName, "My desk");
    let pair = KeyPair::from_pem(PLAIN).unwrap();
    let certificate = params.signed_by(&pair, &authority.issuer).unwrap().pem();
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let settings = TlsSettings {
        identity: Some((certificate + key).into_bytes()),
        identity_name: given(name),
        key_password: given(password),
        ..TlsSettings::default()
    };
    assert!(!format!("{settings:?}").contains("sesame"));
    match Tls::new(&settings) {
        Err(error) => {
            let text = error.to_string();
            assert!(!wrong.is_empty() && text.contains(wrong) && !text.contains("sesame"), "{text}");
        }
        Ok(_) => {
            assert_eq!(wrong, "");
            let (_world, machine) = machine();
            encrypting(&machine, &self_signed("localhost"), Some(&authority)).await;
            assert_eq!(status(&machine, &settings).await.unwrap(), ("OL".to_owned(), true));
        }
    }
}
