//! A server somewhere. It may protect real machines: nothing is started or stopped here, and only cases that read are run.

use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use outage_host::BoxStream;
use tokio::net::TcpStream;

use super::{Accept, Lab, Process, Start, Target};
use crate::conform::Miss;
use crate::conform::record::Record;

/// A host and a port.
pub struct RemoteLab {
    target: Target,
    host: String,
    port: u16,
}

impl RemoteLab {
    /// The server at this host and port.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self { target: Target::Remote(host.to_owned(), port), host: host.to_owned(), port }
    }
}

fn none<T>(what: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, format!("a server somewhere has no {what}")))
}

#[async_trait]
impl Lab for RemoteLab {
    fn target(&self) -> &Target {
        &self.target
    }

    fn path(&self, relative: &str) -> PathBuf {
        PathBuf::from(relative)
    }

    fn write(&self, _: &str, _: &[u8], _: u32) -> io::Result<()> {
        none("files")
    }

    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        none("files")
    }

    fn remove(&self, _: &str) -> io::Result<()> {
        none("files")
    }

    fn upsd_address(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }

    async fn connect(&self) -> io::Result<BoxStream> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    async fn connect_unix(&self, _: &str) -> io::Result<BoxStream> {
        none("sockets of drivers")
    }

    async fn listen_unix(&self, _: &str) -> io::Result<Box<dyn Accept>> {
        none("sockets of drivers")
    }

    async fn listen_tcp(&self) -> io::Result<(String, Box<dyn Accept>)> {
        none("programs to listen for")
    }

    async fn listen_tcp_again(&self, _: &str) -> io::Result<Box<dyn Accept>> {
        none("programs to listen for")
    }

    fn broadcasts(&self) -> String {
        String::new()
    }

    async fn start(&self, _: Start<'_>, _: &Record) -> Result<Box<dyn Process>, Miss> {
        Err(Miss::Skipped("nothing is started at a server somewhere".to_owned()))
    }
}
