//! nutauth.conf(5): who the command-line clients are to a server, and how they trust it. (NUT after 2.8.5.)

use crate::diagnostic::Diagnostic;
use crate::file::{Faults, Row, Token, rows, shown};
use crate::value::boolean;

/// The port of a section that names none (IANA: nut).
const PORT: u16 = 3493;
/// How deep files may include each other.
const DEEPEST: u8 = 8;

const KEYS: &[&str] = &[
    "CERTFILE",
    "CERTHOST",
    "CERTIDENT_NAME",
    "CERTIDENT_PASS",
    "CERTPATH",
    "CERTVERIFY",
    "FORCESSL",
    "INCLUDE",
    "INCLUDE_REQUIRED",
    "PASS",
    "PASSWORD",
    "SSLBACKEND",
    "USER",
    "USERNAME",
];

/// What is set in one place; `None` is not set there. `Debug` never shows the passwords.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AuthSettings {
    /// USER
    pub user: Option<String>,
    /// PASS
    pub password: Option<String>,
    /// CERTPATH: a PEM file of certificates that are trusted, or a folder of such files.
    pub cert_path: Option<String>,
    /// CERTFILE: a PEM file with the client's certificates and their key.
    pub cert_file: Option<String>,
    /// CERTIDENT_NAME: the name that the client's own certificate is to have.
    pub cert_ident_name: Option<String>,
    /// CERTIDENT_PASS: what opens the key in CERTFILE.
    pub cert_ident_pass: Option<String>,
    /// CERTHOST: the name that the server's certificate is to have, instead of the host's.
    pub cert_host: Option<String>,
    /// CERTVERIFY
    pub cert_verify: Option<bool>,
    /// FORCESSL
    pub force_ssl: Option<bool>,
}

impl std::fmt::Debug for AuthSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthSettings")
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("cert_path", &self.cert_path)
            .field("cert_file", &self.cert_file)
            .field("cert_ident_name", &self.cert_ident_name)
            .field("cert_ident_pass", &self.cert_ident_pass.as_ref().map(|_| "***"))
            .field("cert_host", &self.cert_host)
            .field("cert_verify", &self.cert_verify)
            .field("force_ssl", &self.force_ssl)
            .finish()
    }
}

impl AuthSettings {
    /// What `over` sets counts before what stands here.
    fn overlay(&mut self, over: &Self) {
        fn take<T: Clone>(into: &mut Option<T>, from: &Option<T>) {
            if from.is_some() {
                into.clone_from(from);
            }
        }
        take(&mut self.user, &over.user);
        take(&mut self.password, &over.password);
        take(&mut self.cert_path, &over.cert_path);
        take(&mut self.cert_file, &over.cert_file);
        take(&mut self.cert_ident_name, &over.cert_ident_name);
        take(&mut self.cert_ident_pass, &over.cert_ident_pass);
        take(&mut self.cert_host, &over.cert_host);
        take(&mut self.cert_verify, &over.cert_verify);
        take(&mut self.force_ssl, &over.force_ssl);
    }
}

/// `[user@host:port]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSection {
    /// For this user only, who is the section's USER.
    pub user: Option<String>,
    /// Name or address of the server, lower-case.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is set.
    pub settings: AuthSettings,
}

/// nutauth.conf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthConf {
    /// For all servers.
    pub defaults: AuthSettings,
    /// For some, in the order of the file.
    pub sections: Vec<AuthSection>,
}

/// Where settings go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Defaults,
    Section(usize),
    /// Behind a header that was not understood, or in an included file that has no business with it.
    Nowhere,
}

impl AuthConf {
    /// Reads nutauth.conf. `include` gives the content of a file that it includes: a path, and whether it must be there;
    /// `None` when it is not (which `include` says, if it matters).
    pub fn read(
        file: &str,
        text: &[u8],
        mut include: impl FnMut(&str, bool) -> Option<Vec<u8>>,
    ) -> (Self, Vec<Diagnostic>) {
        let mut conf = Self::default();
        let mut found = Vec::new();
        conf.take(file, text, Scope::Defaults, 0, &mut include, &mut found);
        (conf, found)
    }

    /// What counts for a server, and for this user there or, when none is named, for the first that the file has for it.
    #[must_use]
    pub fn settings(&self, user: Option<&str>, host: &str, port: u16) -> AuthSettings {
        let mut settings = self.defaults.clone();
        let here = |section: &&AuthSection| section.host.eq_ignore_ascii_case(host) && section.port == port;
        for section in self.sections.iter().filter(here).filter(|section| section.user.is_none()) {
            settings.overlay(&section.settings);
        }
        let wanted = user.or(settings.user.as_deref()).map(str::to_owned);
        let mut named = self.sections.iter().filter(here).filter(|section| section.user.is_some());
        let section = named.find(|section| wanted.is_none() || section.user == wanted);
        if let Some(section) = section {
            settings.overlay(&section.settings);
            settings.user.clone_from(&section.user);
        }
        settings
    }

    fn take(
        &mut self,
        file: &str,
        text: &[u8],
        outer: Scope,
        depth: u8,
        include: &mut dyn FnMut(&str, bool) -> Option<Vec<u8>>,
        found: &mut Vec<Diagnostic>,
    ) {
        let mut faults = Faults::new(file);
        let mut scope = outer;
        let mut included = Vec::new();
        for row in rows(text, &mut faults) {
            if let Some(title) = row.section() {
                faults.surplus(row.values());
                scope = self.open(title, &row, &mut faults);
                // A file that a section includes tells of that section only.
                if matches!(outer, Scope::Section(_)) && scope != outer {
                    scope = Scope::Nowhere;
                }
                continue;
            }
            if row.key().text.starts_with('[') && !row.key().quoted {
                faults
                    .error(row.key().spot, "broken section header, section ignored")
                    .help("write [user@host:port], without blanks");
                scope = Scope::Nowhere;
                continue;
            }
            let Some((key, value)) = assignment(&row, &mut faults) else { continue };
            let required = key == "INCLUDE_REQUIRED";
            if key == "INCLUDE" || required {
                if depth >= DEEPEST {
                    faults.error(row.spot(), "files include each other too deeply, line ignored");
                } else if let Some(content) = include(&value.text, required) {
                    self.take(&value.text, &content, scope, depth + 1, include, &mut included);
                }
                continue;
            }
            let named = matches!(scope, Scope::Section(index)
                if self.sections.get(index).is_some_and(|section| section.user.is_some()));
            let into = match scope {
                Scope::Defaults => &mut self.defaults,
                Scope::Section(index) => match self.sections.get_mut(index) {
                    Some(section) => &mut section.settings,
                    None => continue,
                },
                Scope::Nowhere => continue,
            };
            if named && key == "USER" {
                faults.warning(row.spot(), "the section names its user already, line ignored");
            } else {
                set(into, key, value, &mut faults);
            }
        }
        found.extend(faults.finish());
        found.append(&mut included);
    }

    /// The section of a title, a new one unless there is one already.
    fn open(&mut self, title: &str, row: &Row, faults: &mut Faults) -> Scope {
        if title.is_empty() || title == "_global_defaults" {
            return Scope::Defaults;
        }
        let Some((user, host, port)) = server(title) else {
            faults
                .error(row.key().spot, format!("{} names no server, section ignored", shown(title)))
                .help("write [user@host:port], [@host:port] or [host]");
            return Scope::Nowhere;
        };
        let same =
            |section: &AuthSection| (&section.user, &*section.host, section.port) == (&user, &*host, port);
        let index = self.sections.iter().position(same).unwrap_or_else(|| {
            self.sections.push(AuthSection { user, host, port, settings: AuthSettings::default() });
            self.sections.len() - 1
        });
        Scope::Section(index)
    }
}

/// Takes `[user]@[host][:port]`, or `host[:port]`, apart.
fn server(title: &str) -> Option<(Option<String>, String, u16)> {
    let (user, server) = title.rsplit_once('@').unwrap_or(("", title));
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            (host, if behind.is_empty() { "" } else { behind.strip_prefix(':')? })
        }
        None => match server.rsplit_once(':') {
            // An IPv6 address without brackets.
            Some((before, _)) if before.contains(':') => (server, ""),
            Some((host, port)) => (host, port),
            None => (server, ""),
        },
    };
    let port = if port.is_empty() || port == "nut" { PORT } else { port.parse().ok()? };
    let host = if host.is_empty() { "localhost".to_owned() } else { host.to_ascii_lowercase() };
    Some(((!user.is_empty()).then(|| user.to_owned()), host, port))
}

/// The name, in its one spelling, and the value of a line.
fn assignment<'r>(row: &'r Row, faults: &mut Faults) -> Option<(&'static str, &'r Token)> {
    let written = row.key();
    let name = written.text.to_ascii_uppercase();
    let Some(known) = KEYS.iter().copied().find(|known| *known == name) else {
        faults.unknown("setting", written, KEYS.iter().copied());
        return None;
    };
    let Some((value, surplus)) = row.assigned().split_first() else {
        faults.error(row.spot(), format!("{known} without a value, ignored"));
        return None;
    };
    faults.surplus(surplus);
    let known = match known {
        "USERNAME" => "USER",
        "PASSWORD" => "PASS",
        other => other,
    };
    Some((known, value))
}

fn set(into: &mut AuthSettings, key: &'static str, value: &Token, faults: &mut Faults) {
    let text = Some(value.text.clone());
    match key {
        "USER" => into.user = text,
        "PASS" => into.password = text,
        "CERTPATH" => into.cert_path = text,
        "CERTFILE" => into.cert_file = text,
        "CERTHOST" => into.cert_host = text,
        "CERTVERIFY" | "FORCESSL" => match boolean(&value.text) {
            Some(on) if key == "FORCESSL" => into.force_ssl = Some(on),
            Some(on) => into.cert_verify = Some(on),
            None => {
                faults.error(value.spot, format!("{key} needs yes or no, not {}", shown(&value.text)));
            }
        },
        "CERTIDENT_NAME" => into.cert_ident_name = text,
        "CERTIDENT_PASS" => into.cert_ident_pass = text,
        other => {
            faults.note(value.spot, format!("{other} does not apply to rustls, ignored"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(text: &str) -> (AuthConf, String) {
        let (conf, faults) = AuthConf::read("nutauth.conf", text.as_bytes(), |name, _| match name {
            "more" => Some(b"PASS = included\n[@nas]\nFORCESSL = on\n".to_vec()),
            "loop" => Some(b"INCLUDE loop\n".to_vec()),
            _ => None,
        });
        let faults: Vec<_> =
            faults.iter().map(|fault| format!("{}: {}", fault.line, fault.message)).collect();
        (conf, faults.join("\n"))
    }

    #[rstest]
    #[case("@host:1", Some((None, "host", 1)))]
    #[case("@Host", Some((None, "host", 3493)))]
    #[case("admin@host", Some((Some("admin"), "host", 3493)))]
    #[case("admin@host:77", Some((Some("admin"), "host", 77)))]
    #[case("host", Some((None, "host", 3493)))]
    #[case(":77", Some((None, "localhost", 77)))]
    #[case("@", Some((None, "localhost", 3493)))]
    #[case("@[::1]:77", Some((None, "::1", 77)))]
    #[case("@::1", Some((None, "::1", 3493)))]
    #[case("@host:nut", Some((None, "host", 3493)))]
    #[case("@host:x", None)]
    #[case("@[::1", None)]
    fn titles(#[case] title: &str, #[case] expected: Option<(Option<&str>, &str, u16)>) {
        let read = server(title);
        let read = read.as_ref().map(|(user, host, port)| (user.as_deref(), host.as_str(), *port));
        assert_eq!(read, expected);
    }

    #[test]
    fn what_is_nearer_counts_more() {
        let (conf, faults) = read(
            "CERTVERIFY = on\nuser = all\nPASS \"a b\"\n[@nas]\nPASSWORD = nas\n[boss@nas]\nPASS = \"b # b\"\nCERTVERIFY 0\n",
        );
        assert_eq!(faults, "7: unescaped # inside quotes, line ignored");
        let elsewhere = conf.settings(None, "rack", 3493);
        assert_eq!((elsewhere.user.as_deref(), elsewhere.password.as_deref()), (Some("all"), Some("a b")));
        let nas = conf.settings(None, "NAS", 3493);
        assert_eq!((nas.user.as_deref(), nas.password.as_deref()), (Some("all"), Some("nas")));
        assert_eq!(nas.cert_verify, Some(true));
        let boss = conf.settings(Some("boss"), "nas", 3493);
        assert_eq!((boss.user.as_deref(), boss.cert_verify), (Some("boss"), Some(false)));
        assert_eq!(conf.settings(None, "nas", 1).password.as_deref(), Some("a b"));
    }

    #[test]
    fn files_include_others() {
        let (conf, faults) = read(
            "PASS = before\nINCLUDE more\n[@nas]\nPASS = nas\nINCLUDE_REQUIRED more\n[@x]\nINCLUDE more\n",
        );
        assert_eq!(faults, "");
        assert_eq!(conf.defaults.password.as_deref(), Some("included"));
        let nas = conf.settings(None, "nas", 3493);
        assert_eq!((nas.password.as_deref(), nas.force_ssl), (Some("included"), Some(true)));
        // The section of another server in it is none of this one's business.
        assert_eq!(conf.settings(None, "x", 3493).force_ssl, None);
        assert!(read("INCLUDE loop\n").1.contains("too deeply"));
    }

    #[test]
    fn faults_lose_nothing_else_and_show_no_secret() {
        let (conf, faults) = read(
            "PASS\nPAS = geheim\nCERTVERIFY = maybe\n[@host:x]\nPASS = geheim\n[a b]\nPASS = geheim\n[@nas]\nFORCESSL = yes\nSSLBACKEND = nss\n[u@nas]\nUSER = v\n",
        );
        assert_eq!(
            faults,
            "1: PASS without a value, ignored\n2: unknown setting \"PAS\", ignored\n\
             3: CERTVERIFY needs yes or no, not \"maybe\"\n4: \"@host:x\" names no server, section ignored\n\
             6: broken section header, section ignored\n10: SSLBACKEND does not apply to rustls, ignored\n\
             12: the section names its user already, line ignored"
        );
        assert_eq!(conf.settings(None, "nas", 3493).force_ssl, Some(true));
        let (conf, _) = read("PASS = geheim\n");
        assert!(conf.defaults.password.is_some() && !format!("{conf:?}").contains("geheim"));
    }
}
