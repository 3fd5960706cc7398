//! The servers that are measured: ours, NUT's, and the echo. Each with a folder, a driver and a port of its own.

use std::cell::Cell;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::machine::Cores;
use super::played::Played;
use super::ups::{self, Question};
use super::{echo, pause};
use crate::clock::Stopwatch;

/// How long a server may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(20);
/// How often it is looked whether it does.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long one answer may take while it is looked.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// MAXCONN, where as many files may be open.
const MOST_CONNECTIONS: usize = 18_000;
/// Files that a server, or this program, has open beside its connections.
pub(super) const SPARE_FILES: usize = 200;
/// Folders of NUT's own programs. What Debian has in /usr/sbin under the names of the daemons are scripts.
const LIBRARY: [&str; 2] = ["/lib/nut", "/usr/lib/nut"];
/// Folders that the PATH of a user who is not root may lack.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// Outage's upsd.
    Ours,
    /// The C upsd of NUT.
    Nut,
    /// The server that only gives bytes back.
    Echo,
}

impl Subject {
    /// As programs call it.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Nut => "nut",
            Self::Echo => "echo",
        }
    }
}

/// NUT's programs.
#[derive(Clone, Debug)]
pub(super) struct NutPrograms {
    upsd: PathBuf,
    pub(super) upsc: PathBuf,
    /// What upsd says of itself.
    pub(super) version: String,
}

impl NutPrograms {
    /// Finds them in `folder`, or where they are usually installed.
    ///
    /// # Errors
    /// Text that says where it was looked for.
    pub(super) fn find(folder: Option<&Path>) -> Result<Self, String> {
        let upsd = find("upsd", folder)?;
        let upsc = find("upsc", folder)?;
        let version = version(&upsd)?;
        Ok(Self { upsd, upsc, version })
    }
}

/// What an upsd says of itself.
pub(super) fn version(upsd: &Path) -> Result<String, String> {
    let said = Command::new(upsd).arg("-V").output();
    let said = said.map_err(|error| format!("failed to run {}: {error}", upsd.display()))?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let version = said.lines().next().unwrap_or_default().trim();
    Ok(version.rsplit(" upsd ").next().unwrap_or(version).to_owned())
}

/// A program of NUT's in this folder, or where it is usually installed.
pub(super) fn find(name: &str, folder: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(folder) = folder {
        let path = folder.join(name);
        return if is_program(&path) {
            Ok(path)
        } else {
            Err(format!("precondition unmet: {} is no program", path.display()))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = LIBRARY.map(PathBuf::from).into_iter();
    let folders = folders.chain(std::env::split_paths(&path)).chain(SYSTEM.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| is_program(path)).ok_or_else(|| {
        format!(
            "precondition unmet: no {name} of NUT in PATH, /usr/sbin or /lib/nut (apt-get install nut-server nut-client)"
        )
    })
}

/// Whether this is a program: not a script around one, nor Outage under NUT's names.
fn is_program(path: &Path) -> bool {
    let executable =
        fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let mut start = [0; 2];
    let script =
        fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_err() || &start == b"#!";
    let target = fs::canonicalize(path).ok();
    let target = target.as_deref().and_then(Path::file_name);
    executable && !script && target.is_some_and(|name| name != "ups" && name != "outage")
}

/// Where servers are started.
pub(super) struct Bed {
    folder: TempDir,
    pub(super) nut: Result<NutPrograms, String>,
    pub(super) cores: Cores,
    /// MAXCONN: NUT's upsd does not start with more than it may have open.
    most: usize,
    count: Cell<usize>,
}

/// A server that runs. Dropped, it is killed.
pub(super) struct Server {
    pub(super) subject: Subject,
    pub(super) address: SocketAddr,
    pub(super) driver: Option<Played>,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that serves nobody any more hears no other signal either.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Bed {
    /// Makes a folder. `program` is this binary; servers may have so many files open.
    pub(super) fn new(
        program: &Path,
        nut: Option<&Path>,
        cores: Cores,
        open_files: usize,
    ) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("outage-bench-").tempdir();
        let folder = folder.map_err(|error| format!("failed to make a folder: {error}"))?;
        for name in ["upsd", "upsc", echo::NAME] {
            let link = folder.path().join(name);
            symlink(program, &link).map_err(|error| format!("failed to link {}: {error}", link.display()))?;
        }
        let most = open_files.saturating_sub(SPARE_FILES).min(MOST_CONNECTIONS);
        Ok(Self { folder, nut: NutPrograms::find(nut), cores, most, count: Cell::new(0) })
    }

    /// Those that there are.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let nut = self.nut.is_ok().then_some(Subject::Nut);
        [Some(Subject::Ours), nut, Some(Subject::Echo)].into_iter().flatten().collect()
    }

    /// A program's file: ours by `name`, or NUT's.
    pub(super) fn upsc(&self, subject: Subject) -> Result<PathBuf, String> {
        match subject {
            Subject::Nut => self.nut.clone().map(|nut| nut.upsc),
            _ => Ok(self.folder.path().join("upsc")),
        }
    }

    /// Starts a server, and returns when it serves what the benchmark asks for.
    pub(super) fn start(&self, subject: Subject) -> Result<Server, String> {
        self.count.set(self.count.get() + 1);
        let home = self.folder.path().join(format!("{}-{}", subject.id(), self.count.get()));
        let made = fs::DirBuilder::new().mode(0o750).create(&home);
        made.map_err(|error| format!("failed to make {}: {error}", home.display()))?;
        match subject {
            Subject::Echo => self.start_echo(),
            Subject::Ours => self.start_upsd(subject, &self.folder.path().join("upsd"), &home),
            Subject::Nut => self.start_upsd(subject, &self.nut.clone()?.upsd, &home),
        }
    }

    fn start_echo(&self) -> Result<Server, String> {
        let mut command = Command::new(self.folder.path().join(echo::NAME));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let failed = |error: std::io::Error| format!("failed to start the echo server: {error}");
        let mut child = self.cores.on_servers(|| command.spawn()).map_err(failed)?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(failed)?;
        }
        let Ok(port) = line.trim().parse() else {
            return Err(format!("failed to start the echo server: it said {line:?} and no port"));
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Server { subject: Subject::Echo, address, driver: None, child })
    }

    fn start_upsd(&self, subject: Subject, program: &Path, home: &Path) -> Result<Server, String> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let address = port.map_err(|error| format!("failed to find a free port: {error}"))?;
        let (name, driver) = (ups::NAME, ups::DRIVER);
        let files = [
            ("ups.conf", format!("[{name}]\n  driver = {driver}\n  port = none\n")),
            ("upsd.conf", format!("LISTEN {} {}\nMAXCONN {}\n", address.ip(), address.port(), self.most)),
            ("upsd.users", String::new()),
        ];
        for (file, text) in files {
            let path = home.join(file);
            let opened = fs::OpenOptions::new().create_new(true).write(true).mode(0o640).open(&path);
            opened
                .and_then(|mut opened| opened.write_all(text.as_bytes()))
                .map_err(|error| format!("failed to write {}: {error}", path.display()))?;
        }
        let played = Played::listen(home)?;
        let log = home.join("log");
        let said = |text: String| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            format!("{}'s upsd ({}) {text}\nWhat it said:\n{log}", subject.id(), program.display())
        };
        let output = fs::File::create(&log).and_then(|file| Ok((file.try_clone()?, file)));
        let (output, errors) = output.map_err(|error| said(format!("has no log: {error}")))?;
        let mut command = Command::new(program);
        command
            .arg("-F")
            .env("NUT_CONFPATH", home)
            .env("NUT_STATEPATH", home)
            .env("NUT_ALTPIDPATH", home)
            .env("NUT_PIDPATH", home)
            .env_remove("NOTIFY_SOCKET")
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if rustix::process::geteuid().is_root() {
            // Root's upsd would become a user of its own, who may not look into this folder.
            command.args(["-u", "root"]);
        }
        let child = self.cores.on_servers(|| command.spawn());
        let child = child.map_err(|error| said(format!("does not start: {error}")))?;
        let mut server = Server { subject, address, driver: Some(played), child };
        server.await_answers().map_err(said)?;
        Ok(server)
    }
}

impl Server {
    /// Waits until it serves, then checks that it says of every variable what the driver said.
    fn await_answers(&mut self) -> Result<(), String> {
        let watch = Stopwatch::start();
        let mut last = "nothing yet".to_owned();
        while watch.elapsed() < START_LIMIT {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("ended with {status}"));
            }
            match check(self.address) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
            pause(LOOK_EVERY);
        }
        Err(format!("does not serve the UPS after {START_LIMIT:?}: {last}"))
    }
}

/// Asks for each variable, and for all.
fn check(address: SocketAddr) -> Result<(), String> {
    let mut stream = connect(address)?;
    for (question, at) in (0..ups::VARIABLES.len()).map(|at| (Question::Get, at)).chain([(Question::List, 0)])
    {
        let (request, expected) = (ups::request(question, at), ups::reply(question, at));
        let mut reply = vec![0; expected.len()];
        stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        stream.read_exact(&mut reply[..4]).map_err(|error| format!("{}: {error}", request.trim_end()))?;
        if !expected.as_bytes().starts_with(&reply[..4]) {
            let mut line = String::from_utf8_lossy(&reply[..4]).into_owned();
            let _ = BufReader::new(&stream).read_line(&mut line);
            return Err(format!("it answered {:?} to {:?}", line.trim_end(), request.trim_end()));
        }
        stream.read_exact(&mut reply[4..]).map_err(|error| format!("{}: {error}", request.trim_end()))?;
        let reply = String::from_utf8_lossy(&reply);
        if reply != expected {
            return Err(format!("it answered {reply:?} to {:?}, not {expected:?}", request.trim_end()));
        }
    }
    Ok(())
}

/// A connection as a well-behaved client's: small requests go out at once.
pub(super) fn connect(address: SocketAddr) -> Result<TcpStream, String> {
    let failed = |error: std::io::Error| format!("failed to connect to {address}: {error}");
    let stream = TcpStream::connect_timeout(&address, START_LIMIT).map_err(failed)?;
    stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(ANSWER_LIMIT))).map_err(failed)?;
    Ok(stream)
}
