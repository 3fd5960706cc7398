#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
//! The whole server on this machine: real sockets, real files, real signals.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use outage_config::{Listen, Paths, UpsdConf, ups_conf, upsd_conf, upsd_users};
use outage_host::{BoxStream, Host, Signal};
use outage_upsd::UpsdConfig;
use outage_upsd::options::Options;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_rustls::TlsConnector;

/// Nothing here should take as long; it is there so that a fault ends.
const LIMIT: Duration = Duration::from_secs(20);

struct Lab {
    host: Host,
    folder: TempDir,
    port: u16,
}

impl Lab {
    /// A server on a free port, with these lines of upsd.conf.
    async fn start(conf: impl Fn(&Host, &Path) -> String) -> Self {
        let folder = TempDir::new().unwrap();
        let host = outage_host::real::host("upsd", 0);
        let port = host.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap().port();
        let lab = Self { host, folder, port };
        for (name, text) in [
            ("ups.conf", "[eaton]\ndriver = dummy-ups\nport = x\n".to_owned()),
            ("upsd.conf", conf(&lab.host, lab.folder.path())),
            ("upsd.users", String::new()),
        ] {
            lab.host.write(&lab.folder.path().join(name), text.as_bytes(), 0o600).unwrap();
        }
        let read = |name: &str| lab.host.read(&lab.folder.path().join(name)).unwrap();
        let listen = vec![Listen { address: "127.0.0.1".to_owned(), port }];
        let config = UpsdConfig {
            options: Options { foreground: true, user: Some("root".to_owned()), ..Options::default() },
            paths: Paths {
                conf: lab.folder.path().to_owned(),
                state: lab.folder.path().to_owned(),
                pid: lab.folder.path().to_owned(),
                alt_pid: lab.folder.path().to_owned(),
            },
            upsd: UpsdConf { listen, ..upsd_conf("upsd.conf", &read("upsd.conf")).0 },
            ups: ups_conf("ups.conf", &read("ups.conf")).0,
            users: upsd_users("upsd.users", &read("upsd.users")).0,
        };
        tokio::spawn(outage_upsd::run(config, lab.host.clone()));
        lab
    }

    async fn connect(&self) -> BoxStream {
        let trying = async {
            loop {
                match self.host.connect_tcp("127.0.0.1", self.port).await {
                    Ok(stream) => return stream,
                    Err(_) => self.host.sleep(Duration::from_millis(5)).await,
                }
            }
        };
        self.host.timeout(LIMIT, trying).await.unwrap()
    }

    /// Sends a line and returns one.
    async fn ask(&self, stream: &mut BoxStream, line: &str) -> String {
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut reply = String::new();
        let reading = async {
            while !reply.ends_with('\n') {
                match stream.read_u8().await {
                    Ok(byte) => reply.push(byte.into()),
                    Err(_) => break,
                }
            }
        };
        self.host.timeout(LIMIT, reading).await.unwrap();
        reply
    }

    async fn encrypt(&self, trusted: &CertificateDer<'static>) -> std::io::Result<BoxStream> {
        let mut stream = self.connect().await;
        assert_eq!(self.ask(&mut stream, "STARTTLS").await, "OK STARTTLS\n");
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "upsd.example".try_into().unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Box::new(stream))
    }
}

fn certificate() -> (CertificateDer<'static>, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["upsd.example".to_owned()]).unwrap();
    (cert.der().clone(), format!("{}{}", cert.pem(), signing_key.serialize_pem()))
}

#[tokio::test]
async fn tls_and_a_new_certificate_by_signal() {
    let (old, old_file) = certificate();
    let (new, new_file) = certificate();
    let lab = Lab::start(|host, folder| {
        let file = folder.join("upsd.pem");
        host.write(&file, old_file.as_bytes(), 0o600).unwrap();
        format!("CERTFILE {}\n", file.display())
    })
    .await;
    let mut first = lab.encrypt(&old).await.unwrap();
    assert_eq!(lab.ask(&mut first, "GET VAR eaton ups.status").await, "ERR DRIVER-NOT-CONNECTED\n");
    lab.host.write(&lab.folder.path().join("upsd.pem"), new_file.as_bytes(), 0o600).unwrap();
    lab.host.send_signal(lab.host.pid(), Signal::Hup).unwrap();
    let changing = async {
        while lab.encrypt(&new).await.is_err() {
            lab.host.sleep(Duration::from_millis(5)).await;
        }
    };
    lab.host.timeout(LIMIT, changing).await.unwrap();
    assert!(lab.encrypt(&old).await.is_err());
    assert_eq!(lab.ask(&mut first, "PROTVER").await, "1.3\n");
    assert_eq!(lab.ask(&mut first, "LOGOUT").await, "OK Goodbye\n");
    let mut rest = Vec::new();
    // The end is said in TLS (close_notify), or this would be an error.
    lab.host.timeout(LIMIT, first.read_to_end(&mut rest)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_burst_of_clients_is_served_at_once() {
    let lab = Lab::start(|_, _| String::new()).await;
    drop(lab.connect().await);
    let mut streams = Vec::new();
    for _ in 0..300 {
        streams.push(lab.connect().await);
    }
    for stream in &mut streams {
        assert_eq!(lab.ask(stream, "PROTVER").await, "1.3\n");
    }
}

#[tokio::test]
async fn one_that_never_reads_stops_nobody() {
    let lab = Lab::start(|_, _| String::new()).await;
    let mut deaf = lab.connect().await;
    let flood = "HELP\n".repeat(100_000);
    let writing = lab.host.timeout(Duration::from_millis(500), async {
        loop {
            deaf.write_all(flood.as_bytes()).await.unwrap();
        }
    });
    assert!(writing.await.is_err(), "the server reads without end");
    let mut good = lab.connect().await;
    for _ in 0..100 {
        assert_eq!(lab.ask(&mut good, "PROTVER").await, "1.3\n");
    }
    // And the deaf one lost nothing, should it change its mind.
    let mut lines = BufReader::new(deaf).lines();
    for _ in 0..100_000 {
        let line = lab.host.timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().unwrap();
        assert!(line.starts_with("Commands: "), "{line}");
    }
}
