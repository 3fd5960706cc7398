//! STARTTLS: what is encrypted, who is refused, and that nobody else waits meanwhile.

use std::sync::Arc;

use outage_host::ByteStream;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rstest::rstest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;

use super::*;

/// An authority, and what it signs.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
struct Identity {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { pem: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Identity {
    fn file(&self) -> String {
        format!("{}{}", self.certificate, self.key)
    }
}

const CERTFILE: &str = "/etc/nut/upsd.pem";
type Versions = &'static [&'static SupportedProtocolVersion];
const BOTH: Versions = &[&TLS13, &TLS12];
const OLD: Versions = &[&TLS12];
const NEW: Versions = &[&TLS13];

/// A client that trusts one authority, and shows a certificate if it has one.
struct Trust<'a> {
    authority: &'a Authority,
    identity: Option<&'a Identity>,
    versions: Versions,
}

impl Trust<'_> {
    fn connector(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        TlsConnector::from(Arc::new(config))
    }

    /// Encrypts a connection; the error is the client's view of a failed handshake.
    async fn encrypt(&self, mut client: Client, name: &'static str) -> std::io::Result<Client> {
        assert_eq!(client.ask("STARTTLS").await, "OK STARTTLS");
        let stream = self.connector().connect(name.try_into().unwrap(), client.stream).await?;
        Ok(Client { host: client.host, stream: Box::new(stream) as Box<dyn ByteStream> })
    }
}

/// upsd with a certificate for `upsd.example`, and with these lines of upsd.conf besides.
async fn server(authority: &Authority, lines: &str) -> (World, Machine, u32) {
    let (world, machine) = machine(ONE_UPS, &format!("CERTFILE {CERTFILE}\n{lines}"));
    machine.put_file(CERTFILE, authority.issue("upsd.example").file(), 0o600).unwrap();
    let pid = start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    (world, machine, pid)
}

fn trust(authority: &Authority) -> Trust<'_> {
    Trust { authority, identity: None, versions: BOTH }
}

#[tokio::test(start_paused = true)]
async fn starttls_encrypts_all_that_follows() {
    let authority = Authority::new();
    let (world, machine, _) = server(&authority, "").await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let _stream = driver.dump().await;
    let mut client =
        trust(&authority).encrypt(Client::connect(&machine).await, "upsd.example").await.unwrap();
    assert_eq!(client.ask(STATUS).await, OL);
    assert_eq!(client.ask("STARTTLS").await, "ERR ALREADY-SSL-MODE");
    client.log_in().await;
    assert_eq!(client.ask("LOGOUT").await, "OK Goodbye");
    assert_eq!(client.ask(STATUS).await, "");
    assert!(said(&world).iter().all(|line| !line.contains("mon pw")));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_begin_in_the_same_breath() {
    let authority = Authority::new();
    let (_world, machine, _) = server(&authority, "").await;
    let mut client = Client::connect(&machine).await;
    // A client that doesn't wait for the answer: its hello comes in one write with the request.
    let hello = {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let connector = trust(&authority).connector();
        let connecting = tokio::spawn(connector.connect("upsd.example".try_into().unwrap(), near));
        let mut hello = vec![0; 64 * 1024];
        let length = far.read(&mut hello).await.unwrap();
        connecting.abort();
        hello.truncate(length);
        hello
    };
    let sent = [b"STARTTLS\n".as_slice(), &hello].concat();
    client.stream.write_all(&sent).await.unwrap();
    let mut answer = vec![0; "OK STARTTLS\n".len() + 1];
    client.stream.read_exact(&mut answer).await.unwrap();
    // A handshake record (RFC 8446, section 5.1), and not an alert.
    assert_eq!(answer, b"OK STARTTLS\n\x16");
}

#[tokio::test(start_paused = true)]
async fn replies_longer_than_a_record_arrive_whole() {
    let authority = Authority::new();
    let (_world, machine, _) = server(&authority, "").await;
    let driver = Driver::listen(&machine, "usbhid-ups-eaton").await;
    let mut stream = driver.dump().await;
    let value = "x".repeat(200);
    let many: String = (0..1000).map(|n| format!("SETINFO outlet.{n}.desc \"{value}\"\n")).collect();
    stream.write_all(many.as_bytes()).await.unwrap();
    let mut client =
        trust(&authority).encrypt(Client::connect(&machine).await, "upsd.example").await.unwrap();
    settle(&client.host).await;
    client.stream.write_all(b"LIST VAR eaton\nLIST VAR eaton\nLOGOUT\n").await.unwrap();
    let mut all = String::new();
    client.stream.read_to_string(&mut all).await.unwrap();
    assert_eq!(all.lines().filter(|line| line.contains(&value)).count(), 2000);
    assert!(all.ends_with("END LIST VAR eaton\nOK Goodbye\n"));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_stands_still_holds_up_nobody_and_ends() {
    let authority = Authority::new();
    let (world, machine, _) = server(&authority, "").await;
    let mut silent = Client::connect(&machine).await;
    assert_eq!(silent.ask("STARTTLS").await, "OK STARTTLS");
    let start = world.now();
    let mut other = Client::connect(&machine).await;
    assert_eq!(other.ask("PROTVER").await, "1.3");
    assert_eq!(world.now(), start, "another client waited");
    // An end of file, or a reset: not a byte.
    assert!(silent.stream.read_u8().await.is_err());
    assert_eq!((world.now() - start).as_secs(), 10);
    assert_eq!(count(&said(&world), "TLS handshake with ::1 failed: timed out"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_handshake_is_the_end() {
    let authority = Authority::new();
    let (world, machine, _) = server(&authority, "").await;
    let mut client = Client::connect(&machine).await;
    client.stream.write_all(b"STARTTLS\nUSERNAME mon\nPASSWORD \"mon pw\"\nLOGIN eaton\n").await.unwrap();
    let mut all = Vec::new();
    let _ = client.stream.read_to_end(&mut all).await;
    assert!(all.starts_with(b"OK STARTTLS\n"));
    assert!(!all[12..].contains(&b'K'), "a request was answered in clear text");
    let lines = said(&world);
    assert_eq!(count(&lines, "TLS handshake with ::1 failed"), 1, "{lines:?}");
    assert_eq!(count(&lines, "mon pw"), 0);
    let mut other = Client::connect(&machine).await;
    assert_eq!(other.ask("GET NUMLOGINS eaton").await, "NUMLOGINS eaton 0");
}

#[rstest]
// CERTREQUEST; which certificate the client shows; whether it is served.
#[case("0", None, true)]
#[case("NO", Some("stranger"), true)]
#[case("1", None, true)]
#[case("REQUEST", Some("friend"), true)]
#[case("1", Some("stranger"), false)]
#[case("2", None, false)]
#[case("2", Some("stranger"), false)]
#[case("REQUIRE", Some("friend"), true)]
#[tokio::test(start_paused = true)]
async fn clients_show_who_they_are(
    #[case] request: &str,
    #[case] shows: Option<&str>,
    #[case] served: bool,
    #[values("/etc/nut/ca.pem", "/etc/nut/ca")] path: &str,
) {
    let (authority, other) = (Authority::new(), Authority::new());
    let conf = format!("CERTPATH {path}\nCERTREQUEST {request}\n");
    let (world, machine) = machine(ONE_UPS, &format!("CERTFILE {CERTFILE}\n{conf}"));
    machine.put_file(CERTFILE, authority.issue("upsd.example").file(), 0o600).unwrap();
    machine.put_file("/etc/nut/ca.pem", &authority.pem, 0o644).unwrap();
    machine.put_file("/etc/nut/ca/one.pem", &authority.pem, 0o644).unwrap();
    machine.put_file("/etc/nut/ca/README", "not a certificate", 0o644).unwrap();
    machine.put_file("/etc/nut/ca/deeper/file", "", 0o644).unwrap();
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let identity = shows.map(|who| match who {
        "friend" => authority.issue("client.example"),
        _ => other.issue("client.example"),
    });
    let trust = Trust { authority: &authority, identity: identity.as_ref(), versions: BOTH };
    let got = match trust.encrypt(Client::connect(&machine).await, "upsd.example").await {
        // In TLS 1.3 a client learns that it is refused when it reads (RFC 8446, section 4.4.2.4).
        Ok(mut client) => client.ask("PROTVER").await == "1.3",
        Err(_) => false,
    };
    assert_eq!(got, served, "{:?}", said(&world));
    assert_eq!(count(&said(&world), "TLS handshake"), usize::from(!served));
}

#[rstest]
#[case("", OLD, true)]
#[case("", NEW, true)]
#[case("DISABLE_WEAK_SSL true\n", OLD, true)]
#[case("DISABLE_WEAK_SSL true\n", NEW, true)]
#[tokio::test(start_paused = true)]
async fn tls_1_2_and_1_3_are_spoken_and_neither_is_weak(
    #[case] conf: &str,
    #[case] versions: Versions,
    #[case] served: bool,
) {
    let authority = Authority::new();
    let (_world, machine, _) = server(&authority, conf).await;
    let trust = Trust { authority: &authority, identity: None, versions };
    let got = trust.encrypt(Client::connect(&machine).await, "upsd.example").await;
    assert_eq!(got.is_ok(), served);
}

#[tokio::test(start_paused = true)]
async fn a_reload_takes_the_new_certificate_and_keeps_old_connections() {
    let authority = Authority::new();
    let (world, machine, pid) = server(&authority, "").await;
    let trust = trust(&authority);
    let mut old = trust.encrypt(Client::connect(&machine).await, "upsd.example").await.unwrap();
    machine.put_file(CERTFILE, authority.issue("new.example").file(), 0o600).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&old.host).await;
    assert!(trust.encrypt(Client::connect(&machine).await, "upsd.example").await.is_err());
    assert!(trust.encrypt(Client::connect(&machine).await, "new.example").await.is_ok());
    assert_eq!(old.ask("PROTVER").await, "1.3");
    // Half a certificate changes nothing.
    machine.put_file(CERTFILE, &authority.issue("newer.example").file()[..200], 0o600).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&old.host).await;
    assert!(trust.encrypt(Client::connect(&machine).await, "new.example").await.is_ok());
    assert_eq!(count(&said(&world), "Reload failed: can't use CERTFILE /etc/nut/upsd.pem"), 1);
    // And without CERTFILE there is no STARTTLS any more.
    machine.put_file("/etc/nut/upsd.conf", "", 0o640).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&old.host).await;
    assert_eq!(Client::connect(&machine).await.ask("STARTTLS").await, "ERR FEATURE-NOT-CONFIGURED");
    assert_eq!(old.ask("PROTVER").await, "1.3");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_cannot_be_used_is_said_at_the_start() {
    let authority = Authority::new();
    let (one, two) = (authority.issue("a.example"), authority.issue("b.example"));
    let encrypted = format!(
        "{}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        one.certificate
    );
    let cases = [
        (None, "", "can't use CERTFILE /etc/nut/upsd.pem: entity not found"),
        (Some(String::new()), "", "no certificate in it"),
        (Some(one.key.clone()), "", "no certificate in it"),
        (Some(one.certificate.clone()), "", "no private key in it"),
        (Some(encrypted), "", "its key is encrypted"),
        (
            Some(format!("{}{}", one.certificate, two.key)),
            "",
            "can't use CERTFILE /etc/nut/upsd.pem: keys may not",
        ),
        (Some(one.file()), "CERTREQUEST 2\n", "CERTREQUEST needs CERTPATH"),
        (Some(one.file()), "CERTREQUEST 2\nCERTPATH /none\n", "can't use CERTPATH /none"),
        (Some(one.file()), "CERTREQUEST 2\nCERTPATH /tmp\n", "no certificate of an authority in it"),
    ];
    for (file, lines, expected) in cases {
        let (world, machine) = machine(ONE_UPS, &format!("CERTFILE {CERTFILE}\n{lines}"));
        if let Some(file) = file {
            machine.put_file(CERTFILE, file, 0o600).unwrap();
        }
        let lines = refused(&world, &machine, &[]).await;
        assert_eq!(count(&lines, expected), 1, "{expected}: {lines:#?}");
        assert_eq!(count(&lines, "Fatal error: "), 1);
        assert_eq!(count(&lines, "PRIVATE KEY"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_everybody_may_read_is_said() {
    let authority = Authority::new();
    let (world, machine, pid) = server(&authority, "").await;
    assert_eq!(count(&said(&world), "world readable"), 0);
    machine.set_mode(CERTFILE, 0o644).unwrap();
    machine.signal(pid, Signal::Hup).unwrap();
    settle(&machine.host("test")).await;
    assert_eq!(count(&said(&world), "/etc/nut/upsd.pem is world readable"), 1);
}

#[tokio::test(start_paused = true)]
async fn certpath_alone_is_no_tls() {
    let (world, machine) =
        machine(ONE_UPS, "CERTPATH /etc/nut/certs\nCERTIDENT upsd secret\nCERTIDENT upsd secret\n");
    start(&machine, &[]);
    world.sleep_until(Duration::from_secs(2)).await;
    let mut client = Client::connect(&machine).await;
    assert_eq!(client.ask("STARTTLS").await, "ERR FEATURE-NOT-CONFIGURED");
    let lines = said(&world);
    assert_eq!(count(&lines, "do nothing without CERTFILE"), 1, "{lines:?}");
    assert_eq!(count(&lines, "CERTIDENT is for certificates in an NSS database"), 1, "{lines:?}");
    assert_eq!(count(&lines, "secret"), 0);
}
