//! dummy-ups on a virtual machine, as clients of its socket see it.

mod files;
mod repeating;

use std::path::Path;
use std::time::Duration;

use outage_host::virt::{EventKind, Machine, World};
use outage_host::{BoxStream, ExitStatus, Host};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cli::run_on;

const SOCKET: &str = "/var/state/ups/dummy-ups-den";

struct Bench {
    world: World,
    machine: Machine,
    pid: u32,
}

impl Bench {
    /// A machine with these settings of `[den]` in its ups.conf.
    fn prepare(settings: &str) -> Self {
        let world = World::new(1);
        let machine = world.machine("m");
        let conf = format!("[den]\n driver = dummy-ups\n {settings}\n");
        machine.put_file("/etc/nut/ups.conf", conf, 0o640).unwrap();
        Self { world, machine, pid: 0 }
    }

    fn drive(&mut self) {
        let args = ["dummy-ups", "-a", "den"].map(str::to_owned).to_vec();
        self.pid = self.machine.run("dummy-ups", |host| run_on(args, host));
    }

    /// With a definition file beside ups.conf.
    fn start(settings: &str, file: &str, text: &str) -> Self {
        let mut bench = Self::prepare(settings);
        bench.put(file, text);
        bench.drive();
        bench
    }

    fn put(&self, file: &str, text: &str) {
        self.machine.put_file(Path::new("/etc/nut").join(file), text, 0o640).unwrap();
    }

    async fn sleep(&self, milliseconds: u64) {
        self.world.sleep_until(self.world.now() + Duration::from_millis(milliseconds)).await;
    }

    async fn client(&self) -> Client {
        self.sleep(10).await;
        let host = self.machine.host("client");
        let stream = host.connect_unix(Path::new(SOCKET)).await.unwrap();
        Client { stream, host }
    }

    /// A variable as a new client sees it; `stale` when the data are.
    async fn value(&self, name: &str) -> String {
        let answer = self.client().await.ask(&format!("DUMPVALUE {name}")).await;
        if answer.contains("DATASTALE") {
            return "stale".into();
        }
        match answer.lines().find_map(|line| line.strip_prefix(&format!("SETINFO {name} "))) {
            Some(value) => value.trim_matches('"').to_owned(),
            None => "none".into(),
        }
    }

    async fn ended(&self) -> Option<ExitStatus> {
        let status = self.machine.exited(self.pid).await;
        status.or_else(|| {
            self.world.events().into_iter().find_map(|event| match event.kind {
                EventKind::Exited(pid, status) if pid == self.pid => Some(status),
                _ => None,
            })
        })
    }

    fn logged(&self, text: &str) -> usize {
        let events = self.world.events();
        events.iter().filter(|e| matches!(&e.kind, EventKind::Log(_, line) if line.contains(text))).count()
    }
}

struct Client {
    stream: BoxStream,
    host: Host,
}

impl Client {
    /// Everything that arrives within so many milliseconds.
    async fn hear(&mut self, milliseconds: u64) -> String {
        let until = self.host.now() + Duration::from_millis(milliseconds);
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while self.host.now() < until {
            match self.host.timeout(until - self.host.now(), self.stream.read(&mut buffer)).await {
                Ok(Ok(length)) if length > 0 => heard.extend_from_slice(&buffer[..length]),
                _ => break,
            }
        }
        String::from_utf8(heard).unwrap()
    }

    async fn ask(&mut self, line: &str) -> String {
        self.stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.hear(50).await
    }
}
