//! Encryption, at our own upsd with certificates of the test's own, and at servers that do without.

use std::time::Duration;

use outage_host::virt::{EventKind, Machine, World};
use outage_host::{BoxStream, ExitStatus, Host, Signal};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::Server;
use crate::{CONF, Lab};

const PRIMARY: &str = "MONITOR eaton@rack 1 admin topsecret primary\nPOLLFAIL_LOG_THROTTLE_MAX 0";

/// An authority, and what it signed, as PEM.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, followed by its key.
    fn sign(&self, name: &str) -> String {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.signed_by(&key, &self.0).expect("a certificate").pem() + &key.serialize_pem()
    }

    /// A certificate of this common name, followed by its key, which a password protects.
    fn sign_locked(&self, name: &str) -> String {
        let mut params = CertificateParams::new([]).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::from_pem(KEY).expect("a key");
        params.signed_by(&key, &self.0).expect("a certificate").pem() + LOCKED
    }
}

/// A key, and the same one with the password "opensesame".
const KEY: &str = include_str!("../../../client/tests/keys/plain.pem");
const LOCKED: &str = include_str!("../../../client/tests/keys/aes256.pem");

/// The driver's end of the socket that upsd connects to. Says a status when it is asked, and whenever it has another.
async fn driver(
    host: Host,
    mut status: tokio::sync::watch::Receiver<&'static str>,
) -> std::process::ExitCode {
    let listener =
        host.listen_unix("/var/state/ups/dummy-ups-eaton".as_ref(), 0o660).await.expect("a socket");
    let (mut stream, _): (BoxStream, _) = listener.accept().await.expect("upsd");
    let mut bytes = [0; 256];
    loop {
        let text = tokio::select! {
            biased;
            read = stream.read(&mut bytes) => match read {
                Ok(length @ 1..) if bytes[..length].starts_with(b"DUMPALL") => {
                    format!("SETINFO ups.status \"{}\"\nDATAOK\nDUMPDONE\n", *status.borrow_and_update())
                }
                Ok(1..) => "PONG\n".to_owned(),
                _ => return crate::served(),
            },
            Ok(()) = status.changed() => format!("SETINFO ups.status \"{}\"\n", *status.borrow_and_update()),
        };
        stream.write_all(text.as_bytes()).await.expect("upsd listens");
    }
}

/// Our upsd on the machine `rack`.
struct Upsd {
    machine: Machine,
    status: tokio::sync::watch::Sender<&'static str>,
}

impl Upsd {
    /// Starts it with this certificate, if any, and these lines of upsd.conf.
    async fn start(world: &World, certificate: Option<&str>, lines: &str) -> Self {
        let machine = world.machine("rack");
        let mut conf = format!("LISTEN 0.0.0.0\n{lines}\n");
        if let Some(pem) = certificate {
            conf += "CERTFILE /etc/nut/upsd.pem\n";
            machine.put_file("/etc/nut/upsd.pem", pem, 0o600).expect("a file");
        }
        let users = "[admin]\npassword = topsecret\nupsmon primary\n";
        for (file, text) in [
            ("/etc/nut/ups.conf", "[eaton]\ndriver = dummy-ups\nport = none\n"),
            ("/etc/nut/upsd.conf", &conf),
            ("/etc/nut/upsd.users", users),
            ("/var/state/ups/.keep", ""),
        ] {
            machine.put_file(file, text, 0o640).expect("a file");
        }
        let status = tokio::sync::watch::Sender::new("OL");
        let heard = status.subscribe();
        machine.run("dummy-ups", |host| driver(host, heard));
        machine.run("upsd", |host| outage_upsd::upsd(vec!["-F".to_owned()], host));
        world.sleep_until(Duration::from_secs(2)).await;
        Self { machine, status }
    }
}

/// Starts upsmon with what it needs to trust and to show in its files.
fn start(world: &World, conf: &str, authority: &Authority) -> Lab {
    let lab = format!("{PRIMARY}\n{conf}\nSHUTDOWNCMD \"halt now\"\nFINALDELAY 0\n");
    Lab::start_with(world, &lab, |machine| {
        machine.set_debug(1);
        machine.put_file("/etc/nut/ca/readme", "what we trust", 0o644).expect("a file");
        machine.put_file("/etc/nut/ca/ca.pem", authority.pem(), 0o644).expect("a file");
        machine.put_file("/etc/nut/me.pem", authority.sign("desk"), 0o600).expect("a file");
        machine.put_file("/etc/nut/locked.pem", authority.sign_locked("My desk"), 0o600).expect("a file");
    })
}

/// What was logged at any level that holds `what`.
fn logged(world: &World, what: &str) -> Vec<String> {
    let of_desk = |event: outage_host::virt::Event| match event.kind {
        EventKind::Log(_, text) if &*event.machine == "desk" && text.contains(what) => Some(text),
        _ => None,
    };
    world.events().into_iter().filter_map(of_desk).collect()
}

/// How the connection to our upsd with a certificate for `rack` comes about, or why it does not.
#[rstest]
#[case::as_ever("", Ok("encrypted"))]
#[case::forced("FORCESSL 1", Ok("encrypted"))]
#[case::verified("CERTVERIFY 1\nCERTPATH /etc/nut/ca", Ok("encrypted"))]
#[case::verified_by_a_file("CERTVERIFY 1\nCERTPATH /etc/nut/ca/ca.pem", Ok("encrypted"))]
#[case::trusting_nobody("CERTVERIFY 1", Err("cannot read /etc/ssl/certs/ca-certificates.crt"))]
#[case::trusting_nothing("CERTVERIFY 1\nCERTPATH /etc/nut/ca/readme", Err("no certificate to trust"))]
#[case::another_name(
    "CERTVERIFY 1\nCERTPATH /etc/nut/ca\nCERTHOST rack closet -1 -1",
    Err("SSL error: invalid peer certificate")
)]
#[case::no_name(
    "CERTPATH /etc/nut/ca\nCERTHOST rack \"My nut server\" 1 0",
    Err("\"My nut server\" is no name of a server")
)]
#[case::any_name("CERTHOST rack \"My nut server\" 0 0", Ok("encrypted"))]
#[case::that_name("CERTPATH /etc/nut/ca\nCERTHOST rack rack 1 -1", Ok("encrypted"))]
#[case::not_this_host("CERTVERIFY 1\nCERTHOST RACK rack 0 0", Ok("encrypted"))]
#[case::of_another_host("CERTPATH /etc/nut/ca\nCERTVERIFY 1\nCERTHOST roof roof 0 0", Ok("encrypted"))]
#[case::no_key(
    "CERTFILE /etc/nut/ca/ca.pem",
    Err("/etc/nut/ca/ca.pem: cannot use the key of the client's certificate")
)]
#[case::no_file("CERTFILE /nowhere", Err("cannot read /nowhere"))]
#[tokio::test(start_paused = true)]
async fn at_our_upsd(#[case] conf: &str, #[case] outcome: Result<&str, &str>) {
    let world = World::new(1);
    let authority = Authority::new();
    let upsd = Upsd::start(&world, Some(&authority.sign("rack")), "").await;
    let lab = start(&world, conf, &authority);
    lab.until(20.0).await;
    match outcome {
        Ok(how) => {
            assert_eq!(logged(&world, "connected, "), [format!("UPS [eaton@rack]: connected, {how}")]);
            upsd.status.send_replace("OB LB");
            assert_eq!(lab.ended(20).await, Some(ExitStatus::Code(0)));
            assert_eq!(lab.find("shell").len(), 1);
        }
        Err(why) => {
            let said = logged(&world, "connect failed: ");
            assert_eq!(said.len(), 1, "said once with POLLFAIL_LOG_THROTTLE_MAX 0: {said:?}");
            assert!(said[0].contains(why), "{said:?}");
            assert_eq!(logged(&world, "connected, "), [""; 0]);
            assert_eq!(lab.find("log Communications with UPS eaton@rack lost").len(), 1);
        }
    }
    assert_eq!(logged(&world, "topsecret"), [""; 0]);
}

#[rstest]
#[case("CERTFILE /etc/nut/me.pem", "")]
#[case("CERTFILE /etc/nut/locked.pem\nCERTIDENT \"My desk\" opensesame", "")]
#[case("CERTFILE /etc/nut/locked.pem\nCERTIDENT \"\" opensesame", "")]
#[case("CERTFILE /etc/nut/me.pem\nCERTIDENT desk \"\"", "")]
#[case("", "connect failed: the server closed the connection")]
#[case("CERTIDENT \"My desk\" opensesame", "CERTIDENT does nothing without CERTFILE")]
#[case("CERTFILE /etc/nut/locked.pem", "protected by a password, and none is given")]
#[case(
    "CERTFILE /etc/nut/locked.pem\nCERTIDENT \"My desk\" sesame",
    "/etc/nut/locked.pem: cannot use the key of the client's certificate: the password does not open it"
)]
#[case(
    "CERTFILE /etc/nut/locked.pem\nCERTIDENT \"My roof\" opensesame",
    "it is that of \"My desk\", not of \"My roof\""
)]
#[tokio::test(start_paused = true)]
async fn a_server_may_ask_who_we_are(#[case] conf: &str, #[case] why_not: &str) {
    let world = World::new(1);
    let authority = Authority::new();
    let request = "CERTPATH /etc/nut/clients.pem\nCERTREQUEST 2";
    let rack = world.machine("rack");
    rack.put_file("/etc/nut/clients.pem", authority.pem(), 0o644).expect("a file");
    let _upsd = Upsd::start(&world, Some(&authority.sign("rack")), request).await;
    let lab = start(&world, conf, &authority);
    lab.until(20.0).await;
    assert_eq!(
        lab.find("log Communications with UPS eaton@rack lost").len(),
        usize::from(!why_not.is_empty()),
        "{:?}",
        lab.seen()
    );
    assert!(!logged(&world, why_not).is_empty(), "{:?}", lab.seen());
    assert_eq!(logged(&world, "sesame"), [""; 0]);
}

/// With FORCESSL, no password leaves in the clear, and polls are tried on and on; without, it does as it ever did.
#[rstest]
#[case("FORCESSL 1", "FORCESSL")]
#[case("CERTVERIFY 1\nCERTPATH /etc/nut/ca", "CERTVERIFY")]
#[case("CERTHOST rack rack -1 1", "FORCESSL")]
#[case("FORCESSL 0\nCERTHOST rack rack 0 0", "")]
#[case("FORCESSL 1\nCERTHOST rack rack -1 0", "")]
#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_encrypt(#[case] conf: &str, #[case] wanted_by: &str) {
    let world = World::new(1);
    let authority = Authority::new();
    let server = Server::start(&world, "rack", "OL");
    let lab = start(&world, conf, &authority);
    lab.until(62.0).await;
    let passwords = server.heard().iter().filter(|line| line.contains("PASSWORD")).count();
    if wanted_by.is_empty() {
        assert_eq!((passwords, server.count("ups.status")), (1, 13));
        return;
    }
    assert_eq!((passwords, server.count("STARTTLS"), server.heard().len()), (0, 13, 13));
    let said = logged(&world, "does not encrypt");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains(&format!("which {wanted_by} wants: no password is sent")), "{said:?}");
    // As soon as the server can, all is well.
    server.answer("STARTTLS", "ERR FEATURE-NOT-CONFIGURED");
    lab.machine.put_file(CONF, format!("{PRIMARY}\n"), 0o640).expect("a file");
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(70.0).await;
    assert_eq!(lab.find("log Communications with UPS eaton@rack established").len(), 1);
}

/// A reload that forces encryption ends connections in the clear; one that changes nothing leaves them alone.
#[tokio::test(start_paused = true)]
async fn a_reload_may_force_encryption() {
    let world = World::new(1);
    let authority = Authority::new();
    let server = Server::start(&world, "rack", "OL");
    let lab = start(&world, "", &authority);
    lab.until(7.0).await;
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(11.0).await;
    assert_eq!((server.count("LOGOUT"), server.count("ups.status")), (0, 3));
    lab.machine.put_file(CONF, format!("{PRIMARY}\nFORCESSL 1\n"), 0o640).expect("a file");
    lab.machine.signal(lab.pid, Signal::Hup).expect("it runs");
    lab.until(30.0).await;
    assert_eq!((server.count("LOGOUT"), server.count("ups.status")), (1, 3));
    assert_eq!(logged(&world, "does not encrypt").len(), 1);
}

/// A certificate that was renewed meanwhile is found without a reload.
#[tokio::test(start_paused = true)]
async fn files_that_are_mended_are_read_again() {
    let world = World::new(1);
    let (old, new) = (Authority::new(), Authority::new());
    let upsd = Upsd::start(&world, Some(&new.sign("rack")), "").await;
    let lab = start(&world, "CERTVERIFY 1\nCERTPATH /etc/nut/ca", &old);
    lab.until(12.0).await;
    assert_eq!(lab.find("log Communications with UPS eaton@rack lost").len(), 1);
    lab.machine.put_file("/etc/nut/ca/ca.pem", new.pem(), 0o644).expect("a file");
    lab.until(20.0).await;
    assert_eq!(lab.find("log Communications with UPS eaton@rack established").len(), 1);
    assert!(upsd.machine.is_running());
}
