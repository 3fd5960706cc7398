//! The network of the process and the kernel lane: between a machine and the upsd of another there is a cable that can be cut.
//!
//! All machines are at 127.0.0.1, or reach it, so a cable is a forwarder. While it is cut, nothing gets through, neither bytes nor the
//! end of a connection, and nobody is told; what was on the way arrives when it is mended.

use std::collections::BTreeMap;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::scenario::Scenario;

/// Whether bytes get through.
type Up = watch::Receiver<bool>;

/// The cables of one run.
#[derive(Default)]
pub(super) struct Network {
    /// By client and server: the port at which the server is for this client.
    ports: BTreeMap<(String, String), u16>,
    /// By the names of both ends, in their order.
    cables: BTreeMap<(String, String), watch::Sender<bool>>,
}

fn pair(one: &str, other: &str) -> (String, String) {
    (one.min(other).to_owned(), one.max(other).to_owned())
}

impl Network {
    /// Lays a cable for each machine that watches the UPS of another; `ports` are those of the servers.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub(super) async fn lay(
        scenario: &Scenario,
        ports: &BTreeMap<String, u16>,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, String> {
        let mut network = Self::default();
        for machine in &scenario.machines {
            for server in machine.monitors.iter().map(|monitor| &monitor.server) {
                let ends = (machine.name.clone(), server.clone());
                if *server == machine.name || network.ports.contains_key(&ends) {
                    continue;
                }
                let failed = |error: std::io::Error| format!("failed to lay a cable at 127.0.0.1: {error}");
                let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
                network.ports.insert(ends, listener.local_addr().map_err(failed)?.port());
                let cable = network.cables.entry(pair(&machine.name, server));
                let up = cable.or_insert_with(|| watch::Sender::new(true)).subscribe();
                tasks.spawn(forward(listener, ports[server], up));
            }
        }
        Ok(network)
    }

    /// Where a client finds the upsd of another machine.
    pub(super) fn port(&self, client: &str, server: &str) -> Option<u16> {
        self.ports.get(&(client.to_owned(), server.to_owned())).copied()
    }

    /// Cuts or mends.
    pub(super) fn set(&self, one: &str, other: &str, up: bool) {
        if let Some(cable) = self.cables.get(&pair(one, other)) {
            cable.send_replace(up);
        }
    }
}

async fn forward(listener: TcpListener, port: u16, up: Up) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        connections.spawn(connection(near, port, up.clone()));
        while connections.try_join_next().is_some() {}
    }
}

/// One connection; where no server listens, the client sees it end.
async fn connection(near: TcpStream, port: u16, mut up: Up) {
    if up.wait_for(|up| *up).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::join!(pump(near_in, far_out, up.clone()), pump(far_in, near_out, up));
}

/// Carries bytes, and the end of them, one way.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut up: Up) {
    let mut chunk = [0; 4096];
    loop {
        // A connection that breaks ends for the other side too.
        let count = from.read(&mut chunk).await.unwrap_or(0);
        if up.wait_for(|up| *up).await.is_err() {
            return;
        }
        if count == 0 {
            let _ = to.shutdown().await;
            return;
        }
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::parse;

    /// Generous: nothing of this takes time by itself.
    const LIMIT: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn what_is_sent_over_a_cut_cable_arrives_when_it_is_mended() {
        let text = r#"scenario "a cable"
ups "u" { device "megatec-650"; }
machine "server" { serves "u"; }
machine "client" { monitor "u" at="server" role="secondary"; }
never { shutdown-command machine="client"; }
"#;
        let (scenario, faults) = parse("cable", text);
        assert_eq!(faults, []);
        let upsd = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ports = BTreeMap::from([("server".to_owned(), upsd.local_addr().unwrap().port())]);
        let mut tasks = JoinSet::new();
        let network = Network::lay(&scenario, &ports, &mut tasks).await.unwrap();
        assert_eq!(network.port("server", "client"), None, "nobody there serves anything");
        let port = network.port("client", "server").unwrap();

        let exchange = async {
            let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            client.write_all(b"1").await.unwrap();
            let (mut server, _) = upsd.accept().await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), b'1');

            network.set("server", "client", false);
            client.write_all(b"2").await.unwrap();
            drop(client);
            let mut another = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            another.write_all(b"3").await.unwrap();
            let early = tokio::time::timeout(Duration::from_millis(200), server.read_u8()).await;
            assert!(early.is_err(), "{early:?} came through a cut cable");

            network.set("client", "server", true);
            let mut rest = Vec::new();
            server.read_to_end(&mut rest).await.unwrap();
            assert_eq!(rest, b"2");
            let (mut server, _) = upsd.accept().await.unwrap();
            assert_eq!(server.read_u8().await.unwrap(), b'3');
        };
        tokio::time::timeout(LIMIT, exchange).await.unwrap();
    }
}
