//! Who we are to a server and how we trust it, from nutauth.conf(5).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use outage_config::{AuthConf, AuthSettings, Paths};
use outage_host::{Host, Priority};

use crate::error::system_text;
use crate::{Credentials, ServerAddress, Tls, TlsError, TlsSettings};

/// Where the authorities are that this machine trusts for the Web: one file on Debian, Alpine and Arch, on Fedora, on SUSE.
const SYSTEM_TRUST: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// A nutauth.conf that was read, with what it includes.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    conf: AuthConf,
}

/// What counts for a server.
#[derive(Clone, Debug)]
pub struct Access {
    /// Who we are; `None` unless the file names both user and password.
    pub credentials: Option<Credentials>,
    /// The user the file names, with or without a password.
    pub user: Option<String>,
    /// How to encrypt.
    pub tls: Tls,
}

/// Why nutauth.conf cannot be followed.
#[derive(Debug)]
pub enum AuthError {
    /// A file that must be there cannot be read.
    Read(PathBuf, io::Error),
    /// There is none of the files that are looked for.
    Missing(Vec<PathBuf>),
    /// A certificate or key file, and what is wrong with it.
    Tls(PathBuf, TlsError),
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read {}: {}", path.display(), system_text(error)),
            Self::Missing(paths) => {
                let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
                write!(f, "there is no nutauth.conf; looked for {}", paths.join(", "))
            }
            Self::Tls(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for AuthError {}

impl Auth {
    /// Reads nutauth.conf. `choice` is the value of `-A`: `none`, `default` (one of the usual files must be there), or a
    /// path; without it, one of the usual files is read if there is one: `~/.config/nut/nutauth.conf`,
    /// `~/.nutauth.conf`, `<confpath>/nutauth.conf`.
    ///
    /// What is wrong in the file is logged, and the rest of it counts.
    ///
    /// # Errors
    /// [`AuthError::Read`], [`AuthError::Missing`]
    pub fn load(host: &Host, choice: Option<&str>) -> Result<Self, AuthError> {
        let path = match choice {
            Some("none") => return Ok(Self::default()),
            None | Some("default") => {
                let usual = usual_files(host);
                match usual.iter().find(|path| host.stat(path).is_ok_and(|file| !file.is_dir)) {
                    Some(path) => path.clone(),
                    None if choice.is_none() => return Ok(Self::default()),
                    None => return Err(AuthError::Missing(usual)),
                }
            }
            Some(path) => PathBuf::from(path),
        };
        let text = match host.read(&path) {
            Ok(text) => text,
            // Not ours to read, and nobody asked for it.
            Err(error) if choice.is_none() => {
                host.debug(1, format_args!("{}: {}", path.display(), system_text(&error)));
                return Ok(Self::default());
            }
            Err(error) => return Err(AuthError::Read(path, error)),
        };
        host.debug(1, format_args!("reading {}", path.display()));
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let mut missing = None;
        let (conf, faults) = AuthConf::read(&path.display().to_string(), &text, |name, required| {
            let path = folder.join(name);
            match host.read(&path) {
                Ok(text) => Some(text),
                Err(error) => {
                    if required && missing.is_none() {
                        missing = Some(AuthError::Read(path, error));
                    }
                    None
                }
            }
        });
        if let Some(error) = missing {
            return Err(error);
        }
        for fault in &faults {
            host.log(Priority::Warning, &fault.to_string());
        }
        let secrets = conf.defaults.password.is_some()
            || conf.sections.iter().any(|section| section.settings.password.is_some());
        if secrets && host.stat(&path).is_ok_and(|file| file.mode & 0o004 != 0) {
            host.warn(format_args!(
                "{} holds passwords and is readable by all: chmod 600 it",
                path.display()
            ));
        }
        Ok(Self { conf })
    }

    /// What counts for a server, and for this user there or, without one, for the user that the file names.
    ///
    /// # Errors
    /// [`AuthError::Read`] or [`AuthError::Tls`] for the files with certificates and keys.
    pub fn lookup(
        &self,
        host: &Host,
        user: Option<&str>,
        server: &ServerAddress,
    ) -> Result<Access, AuthError> {
        let found = self.conf.settings(user, &server.host, server.port);
        let tls = tls(host, &found)?;
        let credentials = match (&found.user, found.password) {
            (Some(user), Some(password)) => Some(Credentials { user: user.clone(), password }),
            _ => None,
        };
        Ok(Access { credentials, user: found.user, tls })
    }
}

/// How to encrypt by these settings, from the files that they name.
///
/// # Errors
/// [`AuthError::Read`] or [`AuthError::Tls`] for the files with certificates and keys.
pub fn tls(host: &Host, wanted: &AuthSettings) -> Result<Tls, AuthError> {
    let mut settings = TlsSettings {
        server_name: wanted.cert_host.clone(),
        required: wanted.force_ssl == Some(true),
        ..TlsSettings::default()
    };
    let mut about = PathBuf::from("CERTHOST");
    if wanted.cert_verify == Some(true) {
        about = wanted.cert_path.as_ref().map_or_else(|| system_trust(host), PathBuf::from);
        settings.trust = Some(read_trust(host, &about)?);
    }
    // One after the other, so that it is known which file is wrong.
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |error| AuthError::Tls(path, error)
    };
    let tls = Tls::new(&settings).map_err(wrong(&about))?;
    let Some(file) = wanted.cert_file.as_ref().map(PathBuf::from) else { return Ok(tls) };
    settings.identity = Some(read(host, &file)?);
    settings.identity_name = wanted.cert_ident_name.clone().filter(|name| !name.is_empty());
    settings.key_password = wanted.cert_ident_pass.clone().filter(|password| !password.is_empty());
    Tls::new(&settings).map_err(wrong(&file))
}

fn usual_files(host: &Host) -> Vec<PathBuf> {
    let paths = Paths::from_env(|name| host.env(name));
    let home = host.env("HOME").filter(|home| home.starts_with('/')).map(PathBuf::from);
    let own = home.map(|home| [home.join(".config/nut/nutauth.conf"), home.join(".nutauth.conf")]);
    own.into_iter().flatten().chain([paths.conf.join("nutauth.conf")]).collect()
}

fn read(host: &Host, path: &Path) -> Result<Vec<u8>, AuthError> {
    host.read(path).map_err(|error| AuthError::Read(path.to_owned(), error))
}

fn system_trust(host: &Host) -> PathBuf {
    let found = SYSTEM_TRUST.iter().find(|path| host.stat(Path::new(path)).is_ok());
    PathBuf::from(found.unwrap_or(&SYSTEM_TRUST[0]))
}

/// The PEM certificates of a file, or of all files in a folder.
///
/// # Errors
/// [`AuthError::Read`]
fn read_trust(host: &Host, path: &Path) -> Result<Vec<u8>, AuthError> {
    let is_folder = host.stat(path).is_ok_and(|file| file.is_dir);
    if !is_folder {
        return read(host, path);
    }
    let files = host.list(path).map_err(|error| AuthError::Read(path.to_owned(), error))?;
    let mut pem = Vec::new();
    for file in files {
        // Sub-folders, and links to nowhere.
        let Ok(content) = host.read(&file) else { continue };
        if content.windows(10).any(|window| window == b"-----BEGIN") {
            pem.extend_from_slice(&content);
            pem.push(b'\n');
        }
    }
    Ok(pem)
}
