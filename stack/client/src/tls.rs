//! Encryption: what is trusted, and who we are.

use std::fmt;
use std::sync::Arc;

use outage_host::BoxStream;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::identity;

/// How a connection is encrypted. Cheap to clone.
///
/// The protocol begins in the clear; the client asks for encryption with STARTTLS. A server that refuses is used in the
/// clear unless encryption is required, which it is when anything is to be verified.
///
/// ```
/// # use outage_client::{Tls, TlsSettings};
/// // As NUT's own clients do unless told otherwise: encrypted when the server can, whoever the server is.
/// let tls = Tls::new(&TlsSettings::default())?;
/// assert!(!tls.is_required());
///
/// let nothing = TlsSettings { trust: Some(b"no certificate in here".to_vec()), ..TlsSettings::default() };
/// assert_eq!(Tls::new(&nothing).unwrap_err().to_string(), "no certificate to trust");
/// # Ok::<(), outage_client::TlsError>(())
/// ```
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    required: bool,
    verifies: bool,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .field("required", &self.required)
            .field("verifies", &self.verifies)
            .finish_non_exhaustive()
    }
}

/// What a [`Tls`] is made of. `Debug` shows no key.
#[derive(Clone, Default)]
pub struct TlsSettings {
    /// PEM certificates that are trusted: authorities, or the server's own one. `None`: any server is taken, without
    /// looking at its certificate.
    pub trust: Option<Vec<u8>>,
    /// The client's own PEM certificate with those that lead to its authority, and its key, for servers that ask.
    pub identity: Option<Vec<u8>>,
    /// The name that the client's own certificate must have: lest another one is shown by mistake.
    pub identity_name: Option<String>,
    /// What opens the client's key, if a password protects it.
    pub key_password: Option<String>,
    /// The name that the server's certificate must have, unless it is that of the address.
    pub server_name: Option<String>,
    /// Whether a server that does not encrypt is turned away. With [`TlsSettings::trust`], it always is.
    pub required: bool,
}

impl fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("trust", &self.trust.is_some())
            .field("identity", &self.identity.as_ref().map(|_| "***"))
            .field("identity_name", &self.identity_name)
            .field("key_password", &self.key_password.as_ref().map(|_| "***"))
            .field("server_name", &self.server_name)
            .field("required", &self.required)
            .finish()
    }
}

/// Why there is no [`Tls`] of some [`TlsSettings`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsError {
    /// Not one certificate is among what is to be trusted.
    NothingToTrust,
    /// What is to be trusted cannot be read.
    Trust(String),
    /// The client's certificates cannot be read.
    Identity(String),
    /// There is no usable key with the client's certificates.
    Key(String),
    /// Not the name of a server.
    ServerName(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingToTrust => f.write_str("no certificate to trust"),
            Self::Trust(why) => write!(f, "cannot use the certificates to trust: {why}"),
            Self::Identity(why) => write!(f, "cannot use the client's certificate: {why}"),
            Self::Key(why) => write!(f, "cannot use the key of the client's certificate: {why}"),
            Self::ServerName(name) => write!(f, "{name:?} is no name of a server"),
        }
    }
}

impl std::error::Error for TlsError {}

impl Tls {
    /// Reads the certificates and the key.
    ///
    /// # Errors
    /// [`TlsError`]
    pub fn new(settings: &TlsSettings) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match &settings.trust {
            Some(pem) => Arc::new(Trust::read(pem, &provider)?),
            None => Arc::new(Anyone(Arc::clone(&provider))),
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Trust(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match identity::read(settings)? {
            Some((chain, key)) => {
                builder.with_client_auth_cert(chain, key).map_err(|error| TlsError::Key(error.to_string()))?
            }
            None => builder.with_no_client_auth(),
        };
        let server_name = match &settings.server_name {
            Some(name) => Some(server_name(name)?),
            None => None,
        };
        let verifies = settings.trust.is_some();
        let required = settings.required || verifies;
        Ok(Self { config: Arc::new(config), server_name, required, verifies })
    }

    /// Whether a server that does not encrypt is turned away.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        self.required
    }

    /// Whether the server's certificate is verified.
    #[must_use]
    pub const fn verifies(&self) -> bool {
        self.verifies
    }

    /// The handshake with a server that was reached as `address`.
    pub(crate) async fn handshake(&self, stream: BoxStream, address: &str) -> Result<BoxStream, String> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(address).map_err(|error| error.to_string())?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        Ok(Box::new(stream))
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    // An IPv6 address may come with its interface, which no certificate knows.
    let plain = name.split_once('%').map_or(name, |(address, _)| address);
    ServerName::try_from(plain.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

/// Takes any certificate, as long as whoever shows it has its key.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes what leads to a trusted authority and has the right name, and a certificate that is itself trusted.
///
/// The latter since a NUT server's certificate is more often than not its own authority, which the rules of the Web
/// don't take for a server's. Who lists that very certificate means it, whatever name and end it has.
#[derive(Debug)]
struct Trust {
    authorities: Arc<WebPkiServerVerifier>,
    listed: Vec<CertificateDer<'static>>,
}

impl Trust {
    fn read(pem: &[u8], provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let listed = certificates(pem).map_err(TlsError::Trust)?;
        if listed.is_empty() {
            return Err(TlsError::NothingToTrust);
        }
        let mut roots = RootCertStore::empty();
        // A folder of authorities may hold one that is too odd to use. All of them is another matter.
        roots.add_parsable_certificates(listed.iter().cloned());
        let authorities = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| TlsError::Trust(error.to_string()))?;
        Ok(Self { authorities, listed })
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.listed.iter().any(|listed| listed == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.authorities.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}
