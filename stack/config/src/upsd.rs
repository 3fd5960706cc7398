//! upsd.conf(5).

use crate::diagnostic::Diagnostic;
use crate::file::{Faults, Row, Token, rows, shown};
use crate::model::{CertIdent, Listen, UpsdConf};
use crate::value::Directive;

/// The directives of upsd.conf(5), as a table for those who tell people of them.
pub const UPSD_DIRECTIVES: &[&str] = &[
    "ALLOW_NOT_ALL_LISTENERS",
    "ALLOW_NO_DEVICE",
    "CERTFILE",
    "CERTIDENT",
    "CERTPATH",
    "CERTREQUEST",
    "DATAPATH",
    "DEBUG_MIN",
    "DISABLE_WEAK_SSL",
    "LISTEN",
    "MAXAGE",
    "MAXCONN",
    "STATEPATH",
    "TRACKINGDELAY",
];

/// Reads upsd.conf. Directives are upper-case, except that DEBUG_MIN may be written in any case.
#[must_use]
pub fn upsd_conf(file: &str, text: &[u8]) -> (UpsdConf, Vec<Diagnostic>) {
    let mut faults = Faults::new(file);
    let mut conf = UpsdConf::default();
    for row in rows(text, &mut faults) {
        directive(&mut conf, &row, &mut faults);
    }
    (conf, faults.finish())
}

fn directive(conf: &mut UpsdConf, row: &Row, faults: &mut Faults) {
    let key = row.key();
    let known = UPSD_DIRECTIVES.iter().copied().find(|name| *name == key.text);
    let known = known.or_else(|| key.text.eq_ignore_ascii_case("DEBUG_MIN").then_some("DEBUG_MIN"));
    let Some(name) = known else {
        if matches!(key.text.as_str(), "ACL" | "ACCEPT" | "REJECT") {
            faults
                .warning(key.spot, format!("{} is obsolete, ignored", key.text))
                .help("name the addresses to listen on with LISTEN, and let a firewall do the rest");
        } else {
            faults.unknown("directive", key, UPSD_DIRECTIVES.iter().copied());
        }
        return;
    };
    let mut directive = Directive { name, row, faults };
    match name {
        "MAXAGE" => directive.period(&mut conf.max_age),
        "TRACKINGDELAY" => directive.time(&mut conf.tracking_delay),
        "ALLOW_NO_DEVICE" => directive.boolean(&mut conf.allow_no_device),
        "ALLOW_NOT_ALL_LISTENERS" => directive.boolean(&mut conf.allow_not_all_listeners),
        "MAXCONN" => directive.optional_number(&mut conf.max_connections),
        "STATEPATH" => directive.text(&mut conf.state_path),
        "DATAPATH" => directive.text(&mut conf.data_path),
        "LISTEN" => {
            let line = directive
                .values(1, 2)
                .and_then(|values| listen(values.first()?, values.get(1), directive.faults));
            conf.bad_listen += usize::from(line.is_none());
            conf.listen.extend(line);
        }
        "DEBUG_MIN" => directive.optional_number(&mut conf.debug_min),
        "DISABLE_WEAK_SSL" => directive.boolean(&mut conf.disable_weak_ssl),
        "CERTFILE" => directive.text(&mut conf.cert_file),
        "CERTPATH" => directive.text(&mut conf.cert_path),
        "CERTIDENT" => {
            if let Some([ident, password]) = directive.values(2, 2) {
                conf.cert_ident =
                    Some(CertIdent { name: ident.text.clone(), password: password.text.clone() });
            }
            faults.once(
                row,
                name,
                "CERTIDENT is for certificates in an NSS database, which this upsd does not use",
                Some("put the certificate, its chain and its key, as PEM and not encrypted, into CERTFILE"),
            );
        }
        "CERTREQUEST" => {
            if let Some(word) = directive.one(None) {
                match word.text.to_ascii_uppercase().as_str() {
                    "0" | "NO" => conf.cert_request = 0,
                    "1" | "REQUEST" => conf.cert_request = 1,
                    "2" | "REQUIRE" => conf.cert_request = 2,
                    _ => directive.bad(word, "needs NO, REQUEST or REQUIRE"),
                }
            }
        }
        _ => {}
    }
}

fn listen(address: &Token, port: Option<&Token>, faults: &mut Faults) -> Option<Listen> {
    let text =
        address.text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&address.text);
    if text.is_empty() {
        faults.error(address.spot, "LISTEN needs an address, ignored");
        return None;
    }
    let port = match port {
        None => outage_wire::DEFAULT_PORT,
        Some(word) if word.text == "nut" => outage_wire::DEFAULT_PORT,
        Some(word) => match word.text.parse::<u16>() {
            Ok(port) if port != 0 => port,
            _ => {
                let given = shown(&word.text);
                faults.error(
                    word.spot,
                    format!("LISTEN needs a port from 1 to 65535, not {given}; line ignored"),
                );
                return None;
            }
        },
    };
    Some(Listen { address: text.to_owned(), port })
}
