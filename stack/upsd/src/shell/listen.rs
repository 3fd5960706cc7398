//! Which addresses are listened on, and what becomes of those that are not there.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use outage_config::Listen;
use outage_host::{BoxListener, BoxStream, Host};
use tokio::sync::mpsc;

use super::plain;
use crate::options::Family;

/// Between two attempts to listen on an address that was not there.
const RETRY: Duration = Duration::from_secs(5);
/// After a connection could not be accepted (too many open files), before the next attempt.
const BREATH: Duration = Duration::from_secs(1);

/// A connection, and where it comes from.
pub(super) type Incoming = (BoxStream, String);

/// One address that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Address or name.
    address: String,
    port: u16,
    /// One half of `*`.
    wildcard: bool,
}

/// What is listened on, and what is not yet.
pub(super) struct Listening {
    pub(super) bound: Vec<BoxListener>,
    pub(super) missing: Vec<Wanted>,
}

/// What LISTEN lines ask for; without any, localhost.
pub(super) fn wanted(lines: &[Listen], family: Family) -> Vec<Wanted> {
    let mut all = Vec::new();
    let mut add = |address: &str, port: u16, wildcard: bool| {
        let other_family = matches!(
            (family, address.parse::<IpAddr>()),
            (Family::V4, Ok(IpAddr::V6(_))) | (Family::V6, Ok(IpAddr::V4(_)))
        );
        let one = Wanted { address: address.to_owned(), port, wildcard };
        if !other_family && !all.contains(&one) {
            all.push(one);
        }
    };
    for line in lines {
        if line.address == "*" {
            add("::", line.port, true);
            add("0.0.0.0", line.port, true);
        } else {
            add(line.address.trim_matches(['[', ']']), line.port, false);
        }
    }
    if lines.is_empty() {
        add("127.0.0.1", outage_wire::DEFAULT_PORT, false);
        add("::1", outage_wire::DEFAULT_PORT, false);
    }
    all
}

/// Listens on what is wanted.
///
/// An address that this machine does not have (yet) is put off, so that a server comes up before its network does; so is
/// every other failure with `lenient` (ALLOW_NOT_ALL_LISTENERS).
///
/// # Errors
/// Nothing could be listened on, or an address is taken: each failure was logged.
pub(super) async fn listen(
    host: &Host,
    wanted: Vec<Wanted>,
    family: Family,
    lenient: bool,
) -> Result<Listening, String> {
    let mut listening = Listening { bound: Vec::new(), missing: Vec::new() };
    let mut taken = false;
    let mut wildcards = Vec::new();
    // Behind a wildcard, an address of its kind needs no socket of its own and could not have one (nut#3060).
    let (wide, narrow): (Vec<_>, Vec<_>) = wanted.into_iter().partition(Wanted::is_wildcard);
    for one in wide.into_iter().chain(narrow) {
        match one.bind(host, family).await {
            Ok((address, listener)) => {
                wildcards.extend(address.ip().is_unspecified().then_some(address));
                listening.bound.push(listener);
            }
            Err(BindError { address: Some(address), error })
                if error.kind() == io::ErrorKind::AddrInUse
                    && wildcards.iter().any(|wildcard| covers(*wildcard, address)) =>
            {
                host.info(format_args!("listening on {} port {} with all others", one.address, one.port));
            }
            Err(BindError { error, .. }) => {
                let put_off = lenient || one.may_come(&error);
                let Wanted { address, port, .. } = &one;
                let text =
                    format!("not listening on {address} port {port}: {} ({})", plain(&error), advice(&error));
                if put_off {
                    host.warn(text);
                } else {
                    host.error(text);
                    taken = true;
                }
                listening.missing.push(one);
            }
        }
    }
    if taken {
        return Err("not every LISTEN address can be listened on; \
                    ALLOW_NOT_ALL_LISTENERS true in upsd.conf lets upsd start with the others"
            .to_owned());
    }
    if listening.bound.is_empty() {
        return Err("no listening interface available: check the LISTEN lines of upsd.conf".to_owned());
    }
    Ok(listening)
}

/// Whether who listens on `wildcard` listens on `address` too.
fn covers(wildcard: SocketAddr, address: SocketAddr) -> bool {
    wildcard.port() == address.port() && wildcard.is_ipv4() == address.is_ipv4()
}

/// Why an address cannot be listened on.
struct BindError {
    /// The address, if the name has one.
    address: Option<SocketAddr>,
    error: io::Error,
}

impl From<io::Error> for BindError {
    fn from(error: io::Error) -> Self {
        Self { address: None, error }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program has it, perhaps another upsd: stop that, or change LISTEN in upsd.conf"
        }
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are root's: change LISTEN in upsd.conf, or start upsd as root"
        }
        _ => "no interface of this machine has it now; trying again until one does",
    }
}

impl Wanted {
    fn is_wildcard(&self) -> bool {
        self.address.parse().is_ok_and(|address: IpAddr| address.is_unspecified())
    }

    async fn bind(&self, host: &Host, family: Family) -> Result<(SocketAddr, BoxListener), BindError> {
        let fits = |address: &SocketAddr| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        let addresses = host.resolve(&self.address, self.port).await?;
        let first = addresses.into_iter().find(fits);
        let first = first.ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        let listener =
            host.listen_tcp(first).await.map_err(|error| BindError { address: Some(first), error })?;
        host.info(format!("listening on {} port {}", self.address, listener.port()));
        Ok((first, listener))
    }

    /// Whether the failure is one that passes by itself, or does not matter since the other half of `*` is there.
    fn may_come(&self, error: &io::Error) -> bool {
        match error.kind() {
            io::ErrorKind::AddrInUse => false,
            io::ErrorKind::PermissionDenied => self.wildcard,
            _ => true,
        }
    }

    /// Listens as soon as that is possible, then accepts.
    pub(super) async fn accept_when_there(self, host: Host, family: Family, to: mpsc::Sender<Incoming>) {
        loop {
            host.sleep(RETRY).await;
            match self.bind(&host, family).await {
                Ok((_, listener)) => return accept(listener, host, to).await,
                Err(BindError { error, .. }) => {
                    host.debug(2, format!("not listening on {} port {}: {error}", self.address, self.port));
                }
            }
        }
    }
}

/// Hands connections over for as long as somebody takes them.
pub(super) async fn accept(listener: BoxListener, host: Host, to: mpsc::Sender<Incoming>) {
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok(incoming) => {
                failing = false;
                if to.send(incoming).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if !failing {
                    host.error(format!("failed to accept a connection: {}", plain(&error)));
                }
                failing = true;
                host.sleep(BREATH).await;
            }
        }
    }
}
