//! A bus on a TCP port.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a bus is an edge to the operating system"
)]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::Bus;

/// A bus that listens. Dropped, it stops listening and its connections end.
#[derive(Debug)]
pub struct Listener {
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Bus {
    /// Listens for USB/IP clients (Linux's port is 3240; port 0 takes a free one). Returns the address it listens on.
    ///
    /// # Errors
    /// When the address can't be had; the text says which, and what to do.
    pub async fn listen(&self, addr: SocketAddr) -> io::Result<(SocketAddr, Listener)> {
        let socket = TcpListener::bind(addr).await.map_err(|error| explain(addr, &error))?;
        let addr = socket.local_addr()?;
        let task = tokio::spawn(accept(self.clone(), socket));
        Ok((addr, Listener { task }))
    }
}

async fn accept(bus: Bus, socket: TcpListener) {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // A client that ends badly ends alone.
            Some(_) = clients.join_next() => {}
            client = socket.accept() => match client {
                Ok((stream, _)) => {
                    let bus = bus.clone();
                    clients.spawn(async move {
                        prepare(&stream);
                        bus.serve(stream).await
                    });
                }
                // No file descriptor to spare, or the client has gone: the next one may fare better.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// As usbipd does: small messages go out at once, and a host that has died is noticed in the end.
fn prepare(stream: &TcpStream) {
    // A socket that refuses either still works.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_socket_keepalive(stream, true);
}

fn explain(addr: SocketAddr, error: &io::Error) -> io::Error {
    let what = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the port is in use; stop what listens there (usbipd, another simulator) or take another port, 0 for any"
                .to_owned()
        }
        io::ErrorKind::AddrNotAvailable => {
            "no interface of this machine has the address; take 127.0.0.1, or 0.0.0.0 for all".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; ports below 1024 need root, take another one".to_owned()
        }
        _ => error.to_string(),
    };
    io::Error::new(error.kind(), format!("listen for USB/IP on {addr}: {what}"))
}
