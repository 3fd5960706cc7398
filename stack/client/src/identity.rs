//! The client's own certificate and its key, which a password may protect.

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::SecretDocument;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::tls::{TlsError, TlsSettings, certificates};

/// A certificate with those that lead to its authority, and its key.
type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Where a key begins and ends that a password protects (RFC 7468).
const PROTECTED: [&str; 2] = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----END ENCRYPTED PRIVATE KEY-----"];
/// What stands in a key of OpenSSL's older form that a password protects (RFC 1421).
const TRADITIONAL: &str = "Proc-Type: 4,ENCRYPTED";

/// Reads [`TlsSettings::identity`], if there is one.
pub(crate) fn read(settings: &TlsSettings) -> Result<Option<Identity>, TlsError> {
    let Some(pem) = &settings.identity else { return Ok(None) };
    let text = String::from_utf8_lossy(pem);
    if text.contains(TRADITIONAL) {
        return Err(TlsError::Key(
            "it is protected by a password in an old way that is not read (openssl pkcs8 -topk8 makes a new one of it)"
                .to_owned(),
        ));
    }
    let chain = certificates(pem).map_err(TlsError::Identity)?;
    let Some(own) = chain.first() else {
        return Err(TlsError::Identity("no certificate in it".to_owned()));
    };
    if let Some(name) = &settings.identity_name
        && !is_of(own, name)
    {
        let whose = common_name(own).map_or("nobody by name".to_owned(), |own| format!("{own:?}"));
        return Err(TlsError::Identity(format!("it is that of {whose}, not of {name:?}")));
    }
    let key = match between(&text, PROTECTED) {
        Some(protected) => open(protected, settings.key_password.as_deref()),
        None => PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string()),
    };
    Ok(Some((chain, key.map_err(TlsError::Key)?)))
}

/// The key that a password protects.
fn open(protected: &str, password: Option<&str>) -> Result<PrivateKeyDer<'static>, String> {
    let password = password.ok_or("it is protected by a password, and none is given")?;
    let (_, document) = SecretDocument::from_pem(protected).map_err(|error| error.to_string())?;
    let opened = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .and_then(|key| key.decrypt(password))
        .map_err(|error| format!("the password does not open it ({error})"))?;
    Ok(PrivatePkcs8KeyDer::from(opened.as_bytes().to_vec()).into())
}

/// The part of a text from one mark to the other, with both.
fn between<'t>(text: &'t str, [begin, end]: [&str; 2]) -> Option<&'t str> {
    let text = &text[text.find(begin)?..];
    Some(&text[..text.find(end)? + end.len()])
}

/// Whether a certificate is for this name: one of a host or an address, or its common name.
fn is_of(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let host = ServerName::try_from(name).is_ok_and(|name| {
        ParsedCertificate::try_from(certificate).is_ok_and(|own| verify_server_name(&own, &name).is_ok())
    });
    host || common_name(certificate).as_deref() == Some(name)
}

/// The common name of a certificate's subject.
fn common_name(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    certificate.tbs_certificate().subject().common_name().ok()?.map(String::from)
}
