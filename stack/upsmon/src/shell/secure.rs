//! CERTPATH, CERTFILE, CERTIDENT, CERTVERIFY, FORCESSL and CERTHOST: how the connection to a server is encrypted.

use outage_client::{Tls, auth};
use outage_config::{AuthSettings, UpsmonConf};
use outage_host::Host;

/// How one server is talked to, and what was made of it.
#[derive(Debug)]
pub(super) struct Security {
    settings: AuthSettings,
    /// Made when it is first needed, so that what is wrong with a file can be mended meanwhile.
    tls: Option<Tls>,
}

impl Security {
    /// What `conf` says of the server that MONITOR names `host`.
    pub(super) fn of(conf: &UpsmonConf, host: &str) -> Self {
        let own = conf.cert_hosts.iter().find(|own| own.host.eq_ignore_ascii_case(host));
        let verify = own.and_then(|own| own.verify).unwrap_or(conf.cert_verify);
        let force = own.and_then(|own| own.force).unwrap_or(conf.force_ssl);
        // Without CERTHOST the name is the one in MONITOR, not the address that was found for it.
        let name = own.map_or(host, |own| own.name.as_str());
        let settings = AuthSettings {
            cert_path: conf.cert_path.clone(),
            cert_file: conf.cert_file.clone(),
            cert_ident_name: conf.cert_ident.as_ref().map(|own| own.name.clone()),
            cert_ident_pass: conf.cert_ident.as_ref().map(|own| own.password.clone()),
            // Where nothing is verified, any name will do, also one that is none of a server.
            cert_host: verify.then(|| name.to_owned()),
            cert_verify: Some(verify),
            force_ssl: Some(force),
            ..AuthSettings::default()
        };
        Self { settings, tls: None }
    }

    /// Whether both want the same.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        self.settings == other.settings
    }

    /// The directive by which a server that does not encrypt is turned away, if one does.
    pub(super) fn wants(&self) -> Option<&'static str> {
        match (self.settings.cert_verify, self.settings.force_ssl) {
            (Some(true), _) => Some("CERTVERIFY"),
            (_, Some(true)) => Some("FORCESSL"),
            _ => None,
        }
    }

    /// Reads the files if that was not done yet. The error is for people.
    pub(super) fn tls(&mut self, host: &Host) -> Result<Tls, String> {
        if let Some(tls) = &self.tls {
            return Ok(tls.clone());
        }
        let tls = auth::tls(host, &self.settings).map_err(|error| error.to_string())?;
        Ok(self.tls.insert(tls).clone())
    }

    /// Has the files read again.
    pub(super) fn forget(&mut self) {
        self.tls = None;
    }
}
