//! A whole stack as it stands on a machine with one UPS: driver, upsd and upsmon, ours or NUT's, in a folder of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::server::{Subject, connect, find, version};
use super::{pause, ups};
use crate::clock::Stopwatch;

/// Where Debian's upsmon says that it runs, whatever its environment says.
const PID_FILE: &str = "/run/nut/upsmon.pid";

/// How long a stack may take until upsmon is logged in at upsd.
const START_LIMIT: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where the programs of the stacks are, and the folders that the stacks live in.
pub(super) struct Stacks {
    folder: TempDir,
    /// This binary, which is all of our programs.
    own: PathBuf,
    nut: Result<Nut, String>,
    /// NUT's upsmon does not start beside another: whoever measures one, or tests one, holds this.
    _alone: fs::File,
}

struct Nut {
    driver: PathBuf,
    upsd: PathBuf,
    upsmon: PathBuf,
    version: String,
}

/// What a stack is to be like, beside what all have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Whether dummy-ups runs; without it, the caller plays the driver.
    pub(super) driver: bool,
    /// More lines of upsmon.conf.
    pub(super) upsmon: String,
}

/// A stack that runs. Dropped, it is killed.
pub(super) struct Stack {
    home: PathBuf,
    address: SocketAddr,
    programs: Vec<(&'static str, Child)>,
}

impl Stacks {
    /// Makes a folder.
    pub(super) fn new(program: &Path, nut: Option<&Path>) -> Result<Self, String> {
        let lock = std::env::temp_dir().join("outage-nut-upsmon.lock");
        let alone = fs::File::create(&lock).and_then(|file| file.lock().map(|()| file));
        let alone = alone.map_err(|error| format!("failed to lock {}: {error}", lock.display()))?;
        let made = tempfile::Builder::new().prefix("outage-bench-").tempdir();
        let folder = made.map_err(|error| format!("failed to make a folder: {error}"))?;
        Ok(Self { folder, own: program.to_owned(), nut: Nut::find(nut), _alone: alone })
    }

    /// Those that there are, and what there is not.
    pub(super) fn subjects(&self) -> (Vec<Subject>, Option<String>) {
        match &self.nut {
            Ok(_) => (vec![Subject::Ours, Subject::Nut], None),
            Err(unmet) => (vec![Subject::Ours], Some(unmet.clone())),
        }
    }

    /// What a subject is, in a line.
    pub(super) fn about(&self, subject: Subject) -> String {
        match (&self.nut, subject) {
            (Ok(nut), Subject::Nut) => format!("NUT's driver, upsd and upsmon {}", nut.version),
            _ => format!("Outage's driver, upsd and upsmon {}", env!("CARGO_PKG_VERSION")),
        }
    }

    /// A folder of a stack, with the configuration files that don't name it.
    pub(super) fn home(&self, name: &str) -> Result<PathBuf, String> {
        let home = self.folder.path().join(name);
        let made = fs::DirBuilder::new().mode(0o750).create(&home);
        made.map_err(|error| format!("failed to make {}: {error}", home.display()))?;
        Ok(home)
    }

    /// Starts a stack in its folder, and returns when upsmon is logged in.
    pub(super) fn start(&self, subject: Subject, home: &Path, wanted: &Wanted) -> Result<Stack, String> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = port.map_err(|error| format!("failed to find a free port: {error}"))?;
        let mut stack = Stack { home: home.to_owned(), address, programs: Vec::new() };
        stack.configure(wanted)?;
        let [driver, upsd, upsmon] = self.programs(subject, home)?;
        if wanted.driver {
            stack.run("driver", &driver, &["-F", "-a", ups::NAME])?;
            let socket = home.join(format!("{}-{}", ups::DRIVER, ups::NAME));
            stack.until("the driver's socket", || socket.exists().then_some(()).ok_or_else(String::new))?;
        }
        stack.run("upsd", &upsd, &["-F"])?;
        let status = format!("VAR {} ups.status \"OL\"\n", ups::NAME);
        stack.until("upsd to serve the UPS", || ask(address, "GET VAR bench ups.status\n", &status))?;
        clear_pid_file(None);
        // One process: a parent that keeps root's rights is not what is measured.
        let pid = stack.run("upsmon", &upsmon, &["-F", "-p"])?;
        let logins = format!("NUMLOGINS {} 1\n", ups::NAME);
        stack.until("upsmon to log in", || ask(address, "GET NUMLOGINS bench\n", &logins))?;
        clear_pid_file(Some(pid));
        Ok(stack)
    }

    /// Puts a copy of the programs into a stack's folder. What is a file of its own shares no memory with another stack,
    /// nor with whoever measures it.
    fn programs(&self, subject: Subject, home: &Path) -> Result<[PathBuf; 3], String> {
        let place = |from: &Path, name: &str| {
            let to = home.join(name);
            let copied = fs::copy(from, &to);
            copied.map_err(|error| format!("failed to copy {}: {error}", from.display()))?;
            Ok::<_, String>(to)
        };
        if subject == Subject::Nut {
            let Nut { driver, upsd, upsmon, .. } = self.nut.as_ref().map_err(Clone::clone)?;
            return Ok([place(driver, ups::DRIVER)?, place(upsd, "upsd")?, place(upsmon, "upsmon")?]);
        }
        let own = place(&self.own, "outage")?;
        let link = |name: &str| {
            let link = home.join(name);
            let made = symlink(&own, &link);
            made.map_err(|error| format!("failed to link {}: {error}", link.display()))?;
            Ok::<_, String>(link)
        };
        Ok([link(ups::DRIVER)?, link("upsd")?, link("upsmon")?])
    }
}

/// Makes room for another upsmon, which does not start beside one that is noted there: removes what one left that was
/// killed (its number may be another process's by now), and the note of `own`, which needs none.
fn clear_pid_file(own: Option<u32>) {
    let Ok(pid) = fs::read_to_string(PID_FILE) else { return };
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.trim())).unwrap_or_default();
    if name.trim() != "upsmon" || pid.trim().parse().is_ok_and(|pid: u32| Some(pid) == own) {
        // Where that is not allowed, upsmon says what the matter is.
        let _ = fs::remove_file(PID_FILE);
    }
}

impl Nut {
    fn find(folder: Option<&Path>) -> Result<Self, String> {
        let upsd = find("upsd", folder)?;
        let version = version(&upsd)?;
        Ok(Self { driver: find(ups::DRIVER, folder)?, upsmon: find("upsmon", folder)?, upsd, version })
    }
}

impl Stack {
    /// Its programs by what they are, with their process ids.
    pub(super) fn pids(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.programs.iter().map(|(name, child)| (*name, child.id()))
    }

    /// Whether all of it still runs.
    ///
    /// # Errors
    /// What has ended, and what it said.
    pub(super) fn check(&mut self) -> Result<(), String> {
        let ended = self.programs.iter_mut().find_map(|(name, child)| {
            child.try_wait().ok().flatten().map(|status| format!("{name} ended with {status}"))
        });
        ended.map_or(Ok(()), |text| Err(self.said(&text)))
    }

    fn configure(&self, wanted: &Wanted) -> Result<(), String> {
        let (name, driver, address) = (ups::NAME, ups::DRIVER, self.address);
        let port = if wanted.driver { "bench.dev" } else { "none" };
        let (ip, number) = (address.ip(), address.port());
        let variables = ups::VARIABLES.iter().filter(|(name, _)| !name.starts_with("driver."));
        let file: String = variables.map(|(name, value)| format!("{name}: {value}\n")).collect();
        let monitor = format!(
            "MONITOR {name}@{address} 1 monitor secret primary\nMINSUPPLIES 1\nSHUTDOWNCMD /bin/false\n{}",
            wanted.upsmon
        );
        for (file, text) in [
            ("ups.conf", format!("[{name}]\n  driver = {driver}\n  port = {port}\n")),
            ("upsd.conf", format!("LISTEN {ip} {number}\n")),
            ("upsd.users", "[monitor]\n  password = secret\n  upsmon primary\n".to_owned()),
            ("upsmon.conf", monitor),
            ("bench.dev", file),
        ] {
            let path = self.home.join(file);
            let written = fs::write(&path, text)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o640)));
            written.map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// Starts one of its programs; returns its process id.
    fn run(&mut self, name: &'static str, program: &Path, arguments: &[&str]) -> Result<u32, String> {
        let failed = |error: std::io::Error| format!("failed to start {}: {error}", program.display());
        let log =
            fs::File::options().create(true).append(true).open(self.home.join("log")).map_err(failed)?;
        let home = self.home.as_path();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("NUT_CONFPATH", home)
            .env("NUT_STATEPATH", home)
            .env("NUT_ALTPIDPATH", home)
            .env("NUT_PIDPATH", home)
            .env_remove("NOTIFY_SOCKET")
            .env_remove("WATCHDOG_USEC")
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log);
        if rustix::process::geteuid().is_root() {
            // Root's daemons would become a user of their own, who may not look into this folder.
            command.args(["-u", "root"]);
        }
        let child = command.spawn().map_err(failed)?;
        let pid = child.id();
        self.programs.push((name, child));
        Ok(pid)
    }

    /// Waits for something.
    fn until(&mut self, what: &str, done: impl Fn() -> Result<(), String>) -> Result<(), String> {
        let watch = Stopwatch::start();
        loop {
            self.check()?;
            match done() {
                Ok(()) => return Ok(()),
                Err(last) if watch.elapsed() >= START_LIMIT => {
                    return Err(self.said(&format!("waited {START_LIMIT:?} for {what}: {last}")));
                }
                Err(_) => pause(LOOK_EVERY),
            }
        }
    }

    fn said(&self, text: &str) -> String {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        format!("the stack in {}: {text}\nWhat it said:\n{log}", self.home.display())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Whoever listens goes last.
        for (_, child) in self.programs.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Asks a server for one line, which is to be this one.
fn ask(address: SocketAddr, request: &str, expected: &str) -> Result<(), String> {
    let mut stream = connect(address)?;
    let mut reply = vec![0; expected.len()];
    let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.read_exact(&mut reply));
    asked.map_err(|error| error.to_string())?;
    if reply == expected.as_bytes() { Ok(()) } else { Err(String::from_utf8_lossy(&reply).into_owned()) }
}
