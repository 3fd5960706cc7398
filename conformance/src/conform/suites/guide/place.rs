//! The folder that stands for `/`, and the UPS of the guide.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use outage_simulator::bus::usbip::Bus;
use outage_simulator::ups::{Options, Ups};
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::conform::lab::{LIMIT, LOOK_EVERY, Process, Start};
use crate::conform::{Miss, Outcome, Ran, Stage, Target, ensure};

/// Below the lab's folder.
const ROOT: &str = "root";
/// How long a program that goes to the background may take for it.
const START_LIMIT: Duration = Duration::from_secs(30);
/// No process has this number: it is beyond the largest.
pub(super) const NOBODY: &str = "4194304";
/// The UPS's name in the guide.
pub(super) const UPS: &str = "eaton3s";
/// The user and password of the guide.
pub(super) const ADMIN: &str =
    "[admin]\n\tpassword = \"PLZset@strongpassw0rdh3r3!\"\n\tactions = SET\n\tinstcmds = ALL\n";
/// The guide's password in a MONITOR line.
pub(super) const MONITOR_USER: &str = "admin \"PLZset@strongpassw0rdh3r3!\"";

/// A machine in a folder, with its UPS. What was started in it ends with this.
pub(super) struct Guide {
    /// The folder.
    pub(super) root: PathBuf,
    /// The UPS, if it is on a virtual bus.
    ups: Option<Ups>,
    port: String,
    driver: &'static str,
    listen: (String, u16),
    bus: Option<JoinHandle<()>>,
}

fn io(what: impl std::fmt::Display) -> impl FnOnce(std::io::Error) -> Miss {
    move |error| Miss::Fail(format!("failed to {what}: {error}"))
}

impl Guide {
    /// An empty machine with the software installed and no configuration.
    pub(super) async fn begin(stage: &mut Stage) -> Result<Self, Miss> {
        let root = stage.lab().path(ROOT);
        let ours = match stage.target() {
            Target::Ours => true,
            Target::Nut => false,
            _ => return Err(Miss::Skipped("the guide wants a folder that stands for /".to_owned())),
        };
        stage.touch();
        // A second attempt, or another case, may have been here.
        let _ = fs::remove_dir_all(&root);
        for folder in ["etc/nut", "var/state/ups", "run", "tmp", "fake"] {
            fs::create_dir_all(root.join(folder)).map_err(io(format_args!("make {folder}")))?;
        }
        let guide = Self {
            root,
            ups: None,
            port: "eaton3s.dev".to_owned(),
            driver: "dummy-ups",
            listen: stage.lab().upsd_address(),
            bus: None,
        };
        guide.mode("var/state/ups", 0o750)?;
        // wall(1) for this machine: what would be on the terminals is in a file.
        let wall = format!("#!/bin/sh\ncat >>{}\n", guide.root.join("terminals").display());
        guide.write("fake/wall", &wall, 0o755)?;
        if ours {
            let root = guide.root.display().to_string();
            let done = stage.run(Start::new("ups", &["install", "--root", &root]), START_LIMIT).await?;
            ensure(done.code == Some(0), || format!("ups install: {}{}", done.stdout, done.stderr))?;
        }
        Ok(guide)
    }

    /// Plugs the guide's UPS in, `scale` times as fast as the clock; where nothing can reach it, a file stands in.
    pub(super) async fn plug_in(&mut self, stage: &Stage, scale: f64) -> Outcome {
        if *stage.target() != Target::Ours {
            return self.write(
                "etc/nut/eaton3s.dev",
                "ups.status: OL\nbattery.charge: 100\nups.mfr: EATON\n",
                0o644,
            );
        }
        let file = crate::devices::find("eaton-3s-700").map_err(|error| Miss::Fail(error.to_string()))?;
        let ups = Ups::new(UPS, &file, Options { seed: 1, time_scale: scale, ..Options::default() });
        let bus = Bus::new();
        bus.plug("1-1", ups.clone()).map_err(|error| Miss::Fail(format!("failed to {error}")))?;
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, server) =
            bus.listen(address).await.map_err(|error| Miss::Fail(format!("failed to {error}")))?;
        self.bus = Some(tokio::spawn(async move {
            let _server = server;
            std::future::pending::<()>().await;
        }));
        self.ups = Some(ups);
        self.port = format!("usbip://{address}/1-1");
        self.driver = "usbhid-ups";
        Ok(())
    }

    /// The virtual UPS.
    pub(super) fn ups(&self) -> Result<&Ups, Miss> {
        let missing = || {
            Miss::Precondition(
                "NUT's own usbhid-ups reaches a virtual UPS by the kernel's vhci-hcd only, not in user space"
                    .to_owned(),
            )
        };
        self.ups.as_ref().ok_or_else(missing)
    }

    /// The driver's socket: what upsd says it is connected to.
    pub(super) fn socket(&self) -> String {
        format!("{}-{UPS}", self.driver)
    }

    /// What the guide writes `eaton3s@localhost`: the port is another one here.
    pub(super) fn system(&self) -> String {
        format!("{UPS}@{}:{}", self.listen.0, self.listen.1)
    }

    /// Where upsd listens.
    pub(super) fn listen(&self) -> (&str, u16) {
        (&self.listen.0, self.listen.1)
    }

    /// Ends the upsd that runs in the background. The C one removes its PID file before it lets go of its address.
    pub(super) async fn stop_upsd(&self, stage: &mut Stage) -> Outcome {
        const PID_FILE: &str = "var/state/ups/upsd.pid";
        self.until("upsd has written its PID file", || self.exists(PID_FILE)).await?;
        self.good(stage, "upsd", &["-c", "stop"]).await?;
        self.until("upsd has removed its PID file", || !self.exists(PID_FILE)).await?;
        self.until("upsd listens no more", || TcpStream::connect(self.listen()).is_err()).await
    }

    pub(super) fn mode(&self, path: &str, mode: u32) -> Outcome {
        fs::set_permissions(self.root.join(path), fs::Permissions::from_mode(mode))
            .map_err(io(format_args!("chmod {path}")))
    }

    pub(super) fn write(&self, path: &str, text: &str, mode: u32) -> Outcome {
        fs::write(self.root.join(path), text).map_err(io(format_args!("write {path}")))?;
        self.mode(path, mode)
    }

    pub(super) fn read(&self, path: &str) -> Result<String, Miss> {
        let bytes = fs::read(self.root.join(path)).map_err(io(format_args!("read {path}")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The sample of a configuration file, as the installation brought it.
    pub(super) fn sample(&self, stage: &Stage, name: &str) -> Result<String, Miss> {
        if *stage.target() == Target::Ours {
            return self.read(&format!("etc/nut/{name}.sample"));
        }
        // What Debian lays down as the file itself is NUT's sample.
        let text = fs::read_to_string(Path::new("/etc/nut").join(name))
            .map_err(|error| Miss::Precondition(format!("no sample at /etc/nut/{name}: {error}")))?;
        // Nothing here is to shut this machine down, nor to write to its /etc.
        let harmless = |line: &&str| !line.starts_with("SHUTDOWNCMD") && !line.starts_with("POWERDOWNFLAG");
        Ok(text.lines().filter(harmless).map(|line| format!("{line}\n")).collect())
    }

    /// `cp NAME.sample NAME`, and lines more.
    pub(super) fn copy_sample(&self, stage: &Stage, name: &str, more: &str) -> Outcome {
        let text = self.sample(stage, name)?;
        self.write(&format!("etc/nut/{name}"), &format!("{text}\n{more}"), 0o640)
    }

    /// ups.conf and upsd.conf as the guide has them, and a upsd.users with these users.
    pub(super) fn configure(&self, stage: &Stage, users: &str) -> Outcome {
        self.copy_sample(stage, "ups.conf", &self.section())?;
        self.copy_sample(stage, "upsd.conf", &format!("LISTEN {} {}\n", self.listen.0, self.listen.1))?;
        self.copy_sample(stage, "upsd.users", users)
    }

    /// The guide's section of ups.conf. The delays are short: nobody waits for them here.
    pub(super) fn section(&self) -> String {
        let delays = if self.ups.is_some() { "\toffdelay = 5\n\tondelay = 10\n" } else { "" };
        format!("[{UPS}]\n\tdriver = {}\n\tport = {}\n\tdesc = \"UPS\"\n{delays}", self.driver, self.port)
    }

    /// upsmon.conf as the guide has it, with lines more.
    pub(super) fn watch(&self, stage: &Stage, role: &str, more: &str) -> Outcome {
        let text = format!(
            "MONITOR {} 1 {MONITOR_USER} {role}\nPOWERDOWNFLAG {}\nSHUTDOWNCMD \"touch {}\"\nPOLLFREQ 1\nPOLLFREQALERT 1\n\
             FINALDELAY 1\nHOSTSYNC 1\n{more}",
            self.system(),
            self.root.join("etc/killpower").display(),
            self.root.join("down").display()
        );
        self.copy_sample(stage, "upsmon.conf", &text)
    }

    /// How a program of this machine is started.
    fn call<'a>(&self, program: &'a str, arguments: &[&str]) -> Start<'a> {
        let mut start = Start::new(program, arguments);
        if program == "upsdrvctl" && rustix::process::geteuid().is_root() {
            // Its drivers would become a user of their own, who may not look into the folder.
            start.arguments.splice(0..0, ["-u".to_owned(), "root".to_owned()]);
        }
        let path = std::env::var("PATH").unwrap_or_default();
        let at = |folder: &str| self.root.join(folder).display().to_string();
        let fake = format!("{}:{path}", at("fake"));
        for (name, value) in [
            ("NUT_CONFPATH", at("etc/nut")),
            ("NUT_STATEPATH", at("var/state/ups")),
            ("NUT_ALTPIDPATH", at("var/state/ups")),
            ("NUT_PIDPATH", at("run")),
            ("NUT_ROOT", self.root.display().to_string()),
            ("PATH", fake),
        ] {
            start.environment.push((name.to_owned(), value));
        }
        start
    }

    /// Runs a program to its end, or into the background.
    pub(super) async fn run(
        &self,
        stage: &mut Stage,
        program: &str,
        arguments: &[&str],
    ) -> Result<Ran, Miss> {
        let ran = stage.run(self.call(program, arguments), START_LIMIT).await?;
        ensure(!ran.hung, || {
            format!("{program} {} does not end: {}{}", arguments.join(" "), ran.stdout, ran.stderr)
        })?;
        Ok(ran)
    }

    /// The same; it must be content.
    pub(super) async fn good(
        &self,
        stage: &mut Stage,
        program: &str,
        arguments: &[&str],
    ) -> Result<String, Miss> {
        let ran = self.run(stage, program, arguments).await?;
        let said = ran.stdout + &ran.stderr;
        ensure(ran.code == Some(0), || format!("{program} {}: {:?}: {said}", arguments.join(" "), ran.code))?;
        Ok(said)
    }

    /// Starts upsmon in the foreground, as one process.
    pub(super) async fn start_upsmon(
        &self,
        stage: &mut Stage,
        option: &str,
    ) -> Result<Box<dyn Process>, Miss> {
        let mut arguments = vec![option, "-p"];
        if *stage.target() == Target::Nut {
            // It would not start beside another one on this machine, and is told of a process that is none.
            arguments.extend(["-P", NOBODY]);
        }
        self.stay(stage, "upsmon", &arguments).await
    }

    /// Starts a program that stays in the foreground.
    pub(super) async fn stay(
        &self,
        stage: &mut Stage,
        program: &str,
        arguments: &[&str],
    ) -> Result<Box<dyn Process>, Miss> {
        stage.start(self.call(program, arguments)).await
    }

    /// `upsdrvctl start`; what it and the driver printed.
    pub(super) async fn start_driver(&self, stage: &mut Stage) -> Result<String, Miss> {
        // NUT's looks for its drivers beside itself.
        self.good(stage, "upsdrvctl", &["start"]).await
    }

    /// Driver and server, with these users.
    pub(super) async fn serve(&self, stage: &mut Stage, users: &str) -> Outcome {
        self.configure(stage, users)?;
        self.start_driver(stage).await?;
        self.good(stage, "upsd", &[]).await?;
        self.answers(stage, "OL").await
    }

    /// Waits until `upsc eaton3s@localhost ups.status` begins with this.
    pub(super) async fn answers(&self, stage: &mut Stage, status: &str) -> Outcome {
        let system = self.system();
        let mut last = String::new();
        let asking = async {
            loop {
                let ran = self.run(stage, "upsc", &[&system, "ups.status"]).await?;
                if ran.code == Some(0) && ran.stdout.starts_with(status) {
                    return Ok(());
                }
                last = ran.stdout + &ran.stderr;
                sleep(LOOK_EVERY * 10).await;
            }
        };
        match timeout(LIMIT * 4, asking).await {
            Ok(done) => done,
            Err(_) => Err(Miss::Fail(format!("ups.status does not become {status}: {last}"))),
        }
    }

    /// Waits until something is so.
    pub(super) async fn until(&self, what: &str, mut so: impl FnMut() -> bool) -> Outcome {
        let looking = async {
            while !so() {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(LIMIT * 4, looking)
            .await
            .map_err(|_| Miss::Fail(format!("waited {:?} until {what}", LIMIT * 4)))
    }

    /// The processes that were started in this machine: those whose environment is this machine's.
    pub(super) fn processes(&self) -> Vec<u32> {
        let Ok(folder) = fs::read_dir("/proc") else { return Vec::new() };
        let own = format!("NUT_ROOT={}", self.root.display());
        let pids = folder.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let of_here = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes())
        };
        let mut found: Vec<u32> = pids.filter(of_here).collect();
        // The environment of one that has become another user may be hidden; its pid file is not.
        for entry in fs::read_dir(self.root.join("var/state/ups")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let pid =
                text.trim().parse().ok().filter(|_| entry.path().extension().is_some_and(|end| end == "pid"));
            let program = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            found.extend(pid.filter(|pid| program(pid).starts_with("ups")));
        }
        found
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        for pid in self.processes().into_iter().filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            // One that has gone meanwhile is what is wanted.
            let _ = kill_process(pid, Signal::KILL);
        }
        if let Some(bus) = self.bus.take() {
            bus.abort();
        }
    }
}

/// What was said must hold this.
pub(super) fn says(said: &str, part: &str) -> Outcome {
    ensure(said.contains(part), || format!("nothing says {part:?}: {said}"))
}

/// A line must begin with this, and go on: with a version, for example.
pub(super) fn has_line(said: &str, start: &str, end: &str) -> Outcome {
    let found = said.lines().any(|line| {
        let line = line.trim_end();
        line.len() > start.len() + end.len() && line.starts_with(start) && line.ends_with(end)
    });
    ensure(found, || format!("no line `{start}..{end}`: {said}"))
}
