//! TLS: the files that upsd.conf names, and the handshake.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use outage_config::UpsdConf;
use outage_host::{BoxStream, Host};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ServerConfig, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

use super::plain;

/// A client has so long to complete its handshake.
const LIMIT: Duration = Duration::from_secs(10);

/// A handshake on its way to an encrypted stream.
pub(super) type Handshake = Pin<Box<dyn Future<Output = io::Result<BoxStream>> + Send>>;

/// What STARTTLS needs, from CERTFILE, CERTPATH and CERTREQUEST; none without CERTFILE.
///
/// # Errors
/// A file cannot be used: which, why, and what to do.
pub(super) fn acceptor(host: &Host, conf: &UpsdConf) -> Result<Option<TlsAcceptor>, String> {
    let Some(file) = &conf.cert_file else {
        if conf.cert_path.is_some() || conf.cert_request > 0 {
            host.warn(
                "CERTPATH and CERTREQUEST do nothing without CERTFILE: clients are served in clear text \
                 (put the certificate, its chain and its key, as PEM, into a file, and name it with CERTFILE)",
            );
        }
        return Ok(None);
    };
    let (chain, key) = identity(host, Path::new(file))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: rustls::Error| format!("can't use CERTFILE {file}: {error}");
    // 1.2 at least, which is all that DISABLE_WEAK_SSL asks for.
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?;
    let builder = match verifier(host, conf, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(unusable)?;
    // Clients of NUT never resume a session, so nothing is kept or sent for that.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// The certificate with its chain, and the key.
fn identity(
    host: &Host,
    file: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let unusable = |why: &str| format!("can't use CERTFILE {}: {why}", file.display());
    let text = host.read(file).map_err(|error| {
        unusable(&format!("{} (it must be readable for the user that upsd runs as)", plain(&error)))
    })?;
    let chain = certificates(&text).map_err(|why| unusable(&why))?;
    if chain.is_empty() {
        return Err(unusable(
            "no certificate in it (it holds the certificate, its chain and its key, as PEM)",
        ));
    }
    let encrypted = text.windows(ENCRYPTED.len()).any(|window| window == ENCRYPTED);
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok((chain, key)),
        Err(_) if encrypted => Err(unusable(
            "its key is encrypted (decrypt it with `openssl pkey`, and let only upsd's user read the file)",
        )),
        Err(rustls::pki_types::pem::Error::NoItemsFound) => {
            Err(unusable("no private key in it (append the key, as PEM)"))
        }
        Err(error) => Err(unusable(&error.to_string())),
    }
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("broken certificate: {error}"))
}

/// Who judges clients' certificates: CERTREQUEST 1 takes those without one, 2 does not.
fn verifier(
    host: &Host,
    conf: &UpsdConf,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    if conf.cert_request == 0 {
        return Ok(None);
    }
    let Some(path) = &conf.cert_path else {
        return Err("CERTREQUEST needs CERTPATH: a PEM file with the certificates of the authorities that \
                    clients' certificates come from, or a folder of such files"
            .to_owned());
    };
    let roots = Arc::new(authorities(host, Path::new(path))?);
    let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider);
    if conf.cert_request == 1 {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map(Some).map_err(|error| format!("can't use CERTPATH {path}: {error}"))
}

/// The certificates of a file, or of all files of a folder. Files without one are passed over.
fn authorities(host: &Host, path: &Path) -> Result<RootCertStore, String> {
    let unusable = |why: &str| format!("can't use CERTPATH {}: {why}", path.display());
    let info = host.stat(path).map_err(|error| unusable(&plain(&error)))?;
    let files = if info.is_dir {
        host.list(path).map_err(|error| unusable(&plain(&error)))?
    } else {
        vec![path.to_owned()]
    };
    let mut roots = RootCertStore::empty();
    for file in files {
        if info.is_dir && host.stat(&file).is_ok_and(|info| info.is_dir) {
            continue;
        }
        let found = match host.read(&file) {
            Ok(text) => certificates(&text),
            Err(error) => Err(plain(&error)),
        };
        let problems = match found {
            Ok(found) => {
                found.into_iter().filter_map(|root| roots.add(root).err()).map(|e| e.to_string()).collect()
            }
            Err(why) => vec![why],
        };
        for why in problems {
            host.warn(format_args!("CERTPATH: {} is left out: {why}", file.display()));
        }
    }
    if roots.is_empty() {
        return Err(unusable("no certificate of an authority in it (they are to be PEM)"));
    }
    Ok(roots)
}

/// Takes a client's handshake, of which it has sent `begun` already.
pub(super) fn handshake(host: Host, acceptor: TlsAcceptor, stream: BoxStream, begun: Vec<u8>) -> Handshake {
    let stream: BoxStream =
        if begun.is_empty() { stream } else { Box::new(Preceded { begun, read: 0, stream }) };
    Box::pin(async move {
        match host.timeout(LIMIT, acceptor.accept(stream)).await {
            Ok(stream) => Ok(Box::new(stream?) as BoxStream),
            Err(elapsed) => Err(io::Error::new(io::ErrorKind::TimedOut, elapsed)),
        }
    })
}

/// A stream of which the beginning was read too early.
struct Preceded {
    begun: Vec<u8>,
    read: usize,
    stream: BoxStream,
}

impl AsyncRead for Preceded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = self.begun.get(self.read..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = rest.len().min(buffer.remaining());
        buffer.put_slice(rest.get(..length).unwrap_or_default());
        self.read += length;
        if self.read == self.begun.len() {
            self.begun = Vec::new();
            self.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Preceded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
