//! The configuration files: read at the start, and again at each reload.

use std::io;
use std::path::{Path, PathBuf};

use outage_config::{Diagnostic, Paths, UpsConf, UpsdConf, UpsdUsers, ups_conf, upsd_conf, upsd_users};
use outage_host::Host;

use super::plain;
use crate::core::{Descriptions, Settings};
use crate::options::Options;

/// Where `cmdvartab` is looked for without DATAPATH.
const DATA_PATH: &str = "/usr/share/nut";

/// All that [`crate::run`] needs to know: the command line, the folders, and what the files say.
#[derive(Clone, Debug)]
pub struct UpsdConfig {
    /// The command line.
    pub options: Options,
    /// The folders; the files are read again from [`Paths::conf`] at a reload.
    pub paths: Paths,
    /// upsd.conf
    pub upsd: UpsdConf,
    /// ups.conf
    pub ups: UpsConf,
    /// upsd.users
    pub users: UpsdUsers,
}

impl UpsdConfig {
    /// Reads the three files from where the environment says. Everything found wrong in them is logged.
    ///
    /// # Errors
    /// ups.conf or upsd.conf cannot be read: a line that says what to do. (Without upsd.users there are no users.)
    pub fn load(host: &Host, options: Options) -> Result<Self, String> {
        let mut paths = Paths::from_env(|name| host.env(name));
        let (upsd, ups, users) = read_files(host, &paths.conf)?;
        let in_env = host.env("NUT_STATEPATH").is_some_and(|path| !path.is_empty());
        if let (Some(state), false) = (&upsd.state_path, in_env) {
            paths.state = PathBuf::from(state);
        }
        Ok(Self { options, paths, upsd, ups, users })
    }

    /// What the files say now; the folders stay. Either all of them can be read, or there is an error.
    pub(super) fn reread(&self, host: &Host) -> Result<Self, String> {
        let (upsd, ups, users) = read_files(host, &self.paths.conf)?;
        if upsd.listen != self.upsd.listen {
            host.warn("LISTEN in upsd.conf was changed: that counts from the next start of upsd on");
        }
        let upsd = UpsdConf { listen: self.upsd.listen.clone(), ..upsd };
        Ok(Self { upsd, ups, users, ..self.clone() })
    }

    /// Says as much as DEBUG_MIN asks for: at the start at least that, after a reload just that (upsd.conf(5)).
    pub(super) fn apply_debug_min(&self, host: &Host, reloaded: bool) {
        let asked = match host.env("NUT_DEBUG_LEVEL").and_then(|level| level.trim().parse().ok()) {
            Some(level) if self.options.debug == 0 => level,
            _ => self.options.debug,
        };
        match self.upsd.debug_min {
            Some(least) if reloaded => host.set_debug_level(least),
            _ if reloaded => {}
            least => host.set_debug_level(least.unwrap_or_default().max(asked)),
        }
    }

    pub(super) fn settings(&self, tls: bool) -> Settings {
        Settings { max_age: self.upsd.max_age, tracking_delay: self.upsd.tracking_delay, tls }
    }

    /// The built-in texts, and over them those of `cmdvartab` in DATAPATH if there is one.
    pub(super) fn descriptions(&self, host: &Host) -> Descriptions {
        let mut descriptions = Descriptions::builtin();
        let path = Path::new(self.upsd.data_path.as_deref().unwrap_or(DATA_PATH)).join("cmdvartab");
        match host.read(&path) {
            Ok(text) => {
                let skipped = descriptions.add(&text);
                if skipped > 0 {
                    host.warn(format!("{}: {skipped} lines are neither VARDESC nor CMDDESC", path.display()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.upsd.data_path.is_none() => {}
            Err(error) => host.warn(format!("failed to read {}: {}", path.display(), plain(&error))),
        }
        descriptions
    }

    /// Whether the environment (any case, NUT's names) or upsd.conf says yes.
    pub(super) fn allows(&self, host: &Host, variable: &str, configured: bool) -> bool {
        match host.env(variable) {
            Some(value) => ["1", "true", "yes", "on", "ok"].iter().any(|yes| value.eq_ignore_ascii_case(yes)),
            None => configured,
        }
    }

    /// Says which of the files and folders everybody may read, passwords and all.
    pub(super) fn check_permissions(&self, host: &Host) {
        let conf = |name: &str| self.paths.conf.join(name);
        // It holds the key.
        let certificate = self.upsd.cert_file.iter().map(PathBuf::from);
        for path in
            [conf("upsd.conf"), conf("upsd.users"), self.paths.state.clone()].into_iter().chain(certificate)
        {
            match host.stat(&path) {
                Ok(info) if info.mode & 0o004 != 0 => {
                    host.warn(format!("{} is world readable", path.display()));
                }
                _ => {}
            }
        }
    }
}

fn read_files(host: &Host, folder: &Path) -> Result<(UpsdConf, UpsConf, UpsdUsers), String> {
    let upsd = parse(host, &folder.join("upsd.conf"), upsd_conf)?;
    let ups = parse(host, &folder.join("ups.conf"), ups_conf)?;
    let path = folder.join("upsd.users");
    let users = match host.stat(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            host.warn(format!(
                "{} does not exist: nobody can log in, set or command anything",
                path.display()
            ));
            UpsdUsers::default()
        }
        _ => parse(host, &path, upsd_users)?,
    };
    Ok((upsd, ups, users))
}

fn parse<T>(
    host: &Host,
    path: &Path,
    parser: impl FnOnce(&str, &[u8]) -> (T, Vec<Diagnostic>),
) -> Result<T, String> {
    let text = host.read(path).map_err(|error| unreadable(path, &error))?;
    let (config, diagnostics) = parser(&path.display().to_string(), &text);
    for diagnostic in diagnostics {
        host.warn(diagnostic);
    }
    Ok(config)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let error = plain(error);
    format!(
        "can't open {}: {error} (it must be there, and readable for the user that upsd runs as)",
        path.display()
    )
}
