//! Machines in memory: our programs' own code in virtual time. What waits costs nothing, and every run is the same.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use outage_host::virt::{EventKind, Machine, Running, Spawn, World};
use outage_host::{BoxListener, BoxStream, ExitStatus, Host, Signal};

use super::{Accept, FLAG, HOOKS, Lab, Process, Start, TOLD, Target, drivers};
use crate::conform::Miss;
use crate::conform::record::Record;
use crate::lane::virt::own_program;

/// The subject's machine.
const SUBJECT: &str = "subject";
/// The harness's machine.
const HARNESS: &str = "harness";
const PORT: u16 = 3493;

/// Two machines: the subject's and the harness's.
pub struct VirtualLab {
    world: World,
    subject: Machine,
    harness: Host,
    /// Listens on the subject's machine, as drivers do. By path, since a process that ends takes its sockets with it.
    drivers: Mutex<BTreeMap<String, Host>>,
    ports: Mutex<u16>,
}

impl VirtualLab {
    /// Makes the machines; inside the runtime whose clock is paused.
    ///
    /// # Errors
    /// Text that says what could not be made.
    pub fn new(seed: u64) -> Result<Self, String> {
        let world = World::new(seed);
        let subject = world.machine(SUBJECT);
        subject
            .put_file("/run/nut/.keep", "", 0o640)
            .and_then(|()| subject.set_mode("/run/nut", 0o770))
            .map_err(|error| format!("failed to set the machine up: {error}"))?;
        for (name, value) in
            [("NUT_CONFPATH", "/etc/nut"), ("NUT_STATEPATH", "/run/nut"), ("NUT_ALTPIDPATH", "/run/nut")]
        {
            subject.set_env(name, value);
        }
        subject.on_spawn(move |spawn| {
            own_program(spawn)
                .or_else(|| drivers::play(spawn))
                .or_else(|| hook(spawn))
                .unwrap_or_else(|| script(spawn))
        });
        let harness = world.machine(HARNESS).host("harness");
        Ok(Self { world, subject, harness, drivers: Mutex::default(), ports: Mutex::new(40_000) })
    }
}

/// The CMDSCRIPT of the suite `upssched`, which a shell runs elsewhere: writes down how it was run; `slow` takes its time,
/// `fail` fails.
fn script(spawn: &Spawn) -> Running {
    let (Some(program), "upssched-cmd") = (spawn.command.argv.first(), spawn.program()) else {
        return Running::Missing;
    };
    let calls = PathBuf::from(program).with_file_name("calls");
    let arguments = spawn.command.argv[1..].to_vec();
    spawn.foreground("upssched-cmd", |host| async move {
        let variable = |name| host.env(name).unwrap_or_default();
        let line = format!(
            "{}|{}|{}|{}|{}\n",
            arguments.len(),
            arguments.join(" "),
            variable("NOTIFYTYPE"),
            variable("UPSNAME"),
            variable("NOTIFYMSG")
        );
        let written = host.append(&calls).and_then(|mut file| file.write_all(line.as_bytes()));
        match arguments.first().map(String::as_str) {
            _ if written.is_err() => ExitCode::from(2),
            Some("slow") => {
                host.sleep(Duration::from_secs(4)).await;
                ExitCode::SUCCESS
            }
            Some("fail") => ExitCode::from(3),
            _ => ExitCode::SUCCESS,
        }
    })
}

/// `etc/..` and `run/..` where a packaged NUT has them.
pub(super) fn place(relative: &str) -> PathBuf {
    match relative.split_once('/') {
        Some(("etc", rest)) => PathBuf::from("/etc/nut").join(rest),
        Some(("run", rest)) => PathBuf::from("/run/nut").join(rest),
        _ if relative == "etc" => PathBuf::from("/etc/nut"),
        _ if relative == "run" => PathBuf::from("/run/nut"),
        _ => PathBuf::from("/tmp").join(relative),
    }
}

/// Plays the programs of [`HOOKS`].
fn hook(spawn: &Spawn) -> Option<Running> {
    let line = spawn.command.argv.join(" ");
    let (path, arguments) = line.split_once(' ').unwrap_or((&line, ""));
    let Ok(name) = Path::new(path).strip_prefix(place(HOOKS)) else {
        // What is not there is a code of the shell.
        return spawn.command.shell.then_some(Running::Exit(ExitStatus::Code(127), Duration::ZERO));
    };
    let host = spawn.host("hook");
    let env = |name: &str| {
        let found = spawn.command.env.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (told, code, length) = match name.to_str() {
        Some("notify") => (format!("notice\t{}\t{}\t{arguments}\n", env("NOTIFYTYPE"), env("UPSNAME")), 0, 0),
        Some("slow") => (format!("notice\t{}\t{}\t{arguments}\n", env("NOTIFYTYPE"), env("UPSNAME")), 0, 5),
        Some(name @ ("halt" | "fail")) => {
            let flag = host.read(&place(FLAG));
            let flag =
                flag.map_or("absent".to_owned(), |text| format!("is {}", String::from_utf8_lossy(&text)));
            (format!("shutdown\t{flag}\t{arguments}\n"), if name == "fail" { 3 } else { 0 }, 0)
        }
        _ if spawn.command.shell => return Some(Running::Exit(ExitStatus::Code(127), Duration::ZERO)),
        _ => return None,
    };
    let written = host.append(&place(TOLD)).and_then(|mut file| file.write_all(told.as_bytes()));
    let code = if written.is_ok() { code } else { 1 };
    Some(Running::Exit(ExitStatus::Code(code), Duration::from_secs(length)))
}

#[async_trait]
impl Lab for VirtualLab {
    fn target(&self) -> &Target {
        &Target::OursVirtual
    }

    fn path(&self, relative: &str) -> PathBuf {
        place(relative)
    }

    fn write(&self, relative: &str, content: &[u8], mode: u32) -> io::Result<()> {
        self.subject.put_file(place(relative), content, mode)
    }

    fn read(&self, relative: &str) -> io::Result<Vec<u8>> {
        self.subject.read_file(place(relative))
    }

    fn remove(&self, relative: &str) -> io::Result<()> {
        self.subject.remove_file(place(relative))
    }

    fn upsd_address(&self) -> (String, u16) {
        (SUBJECT.to_owned(), PORT)
    }

    async fn connect(&self) -> io::Result<BoxStream> {
        self.harness.connect_tcp(SUBJECT, PORT).await
    }

    async fn connect_unix(&self, relative: &str) -> io::Result<BoxStream> {
        let host = self.subject.host("harness");
        let stream = host.connect_unix(&place(relative)).await?;
        // The process lives as long as its handle.
        self.drivers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(format!("connection {relative}"), host);
        Ok(stream)
    }

    async fn listen_unix(&self, relative: &str) -> io::Result<Box<dyn Accept>> {
        let host = self.subject.host("driver");
        let listener = host.listen_unix(&place(relative), 0o660).await?;
        self.drivers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(relative.to_owned(), host);
        Ok(Box::new(VirtualListener(listener)))
    }

    async fn listen_tcp(&self) -> io::Result<(String, Box<dyn Accept>)> {
        let port = {
            let mut ports = self.ports.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *ports += 1;
            *ports
        };
        let address = format!("{HARNESS}:{port}");
        let listener = self.listen_tcp_again(&address).await?;
        Ok((address, listener))
    }

    async fn listen_tcp_again(&self, address: &str) -> io::Result<Box<dyn Accept>> {
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
        let listener = self.harness.listen_tcp(SocketAddr::from(([0, 0, 0, 0], port))).await?;
        Ok(Box::new(VirtualListener(listener)))
    }

    fn broadcasts(&self) -> String {
        let said = self.world.events().into_iter().filter_map(|event| match event.kind {
            EventKind::Broadcast(text) => Some(text + "\n"),
            _ => None,
        });
        said.collect()
    }

    async fn start(&self, start: Start<'_>, record: &Record) -> Result<Box<dyn Process>, Miss> {
        if outage_ups::find(start.program).is_none() {
            return Err(Miss::Unimplemented(format!("there is no program {} yet", start.program)));
        }
        if start.stdin.is_some() {
            return Err(Miss::Skipped("machines in memory have no terminal".to_owned()));
        }
        let mut words = vec![start.program.to_owned()];
        words.extend(start.arguments.iter().cloned());
        record.did(start.program, format!("started: {}", words.join(" ")));
        let seen = self.world.events().len();
        let environment = start.environment.into_iter().collect();
        let pid = self.subject.run_with(start.program, environment, |host| outage_ups::run(words, host));
        let process = VirtualProcess {
            world: self.world.clone(),
            machine: self.subject.clone(),
            name: start.program.to_owned(),
            pid,
            from: seen,
            told: Mutex::new(seen),
            record: record.clone(),
        };
        Ok(Box::new(process))
    }
}

struct VirtualListener(BoxListener);

#[async_trait]
impl Accept for VirtualListener {
    async fn accept(&self) -> io::Result<BoxStream> {
        Ok(self.0.accept().await?.0)
    }
}

struct VirtualProcess {
    world: World,
    machine: Machine,
    name: String,
    pid: u32,
    from: usize,
    told: Mutex<usize>,
    record: Record,
}

impl VirtualProcess {
    /// Puts what it said since the last time into the record.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for event in self.world.events_since(*told) {
            *told += 1;
            if *event.process != *self.name || event.machine != self.machine.name().into() {
                continue;
            }
            match event.kind {
                EventKind::Log(_, text) => self.record.said(&self.name, &text),
                EventKind::Print(text) => {
                    text.lines().for_each(|line| self.record.said(&self.name, line));
                }
                _ => {}
            }
        }
    }
}

#[async_trait]
impl Process for VirtualProcess {
    async fn ended(&mut self) -> Option<i32> {
        let status = self.machine.exited(self.pid).await;
        let recorded = || {
            self.world.events_since(self.from).into_iter().find_map(|event| match event.kind {
                EventKind::Exited(pid, status) if pid == self.pid => Some(status),
                _ => None,
            })
        };
        let status = status.or_else(recorded);
        self.tell();
        match status {
            Some(ExitStatus::Code(code)) => Some(code),
            _ => None,
        }
    }

    fn signal(&mut self, signal: Signal) {
        // One that has just ended needs no signal.
        let _ = self.machine.signal(self.pid, signal);
    }

    fn id(&self) -> u32 {
        self.pid
    }

    fn output(&self) -> (String, String) {
        self.tell();
        let (mut out, mut err) = (String::new(), String::new());
        for event in self.world.events_since(self.from) {
            if *event.process != *self.name {
                continue;
            }
            match event.kind {
                EventKind::Log(_, text) => err += &format!("{text}\n"),
                EventKind::Print(text) => out += &text,
                _ => {}
            }
        }
        (out, err)
    }
}
