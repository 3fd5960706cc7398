//! What a check holds in its hands: the subject's upsd with its played drivers, connections, programs, played servers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use outage_host::Signal;
use tokio::time::{sleep, timeout};

use super::lab::{LIMIT, LOOK_EVERY, Lab, Process, Ran, Start, Target};
use super::record::Record;
use super::serve::{Script, Server};
use super::setup::{CMDVARTAB, Manner, Setup};
use super::wire::Wire;
use super::{Driver, Miss, Outcome};

/// How long nothing must come for it to count as silence: no time at all where time is virtual, little where it is not.
const QUIET_VIRTUAL: Duration = Duration::from_secs(3);
const QUIET: Duration = Duration::from_millis(250);
/// How long upsd may take to answer SIGTERM.
const END_LIMIT: Duration = Duration::from_secs(5);

/// A stage for one check after the other.
pub struct Stage {
    lab: Arc<dyn Lab>,
    record: Record,
    setup: Option<Setup>,
    upsd: Option<Box<dyn Process>>,
    drivers: BTreeMap<String, Driver>,
    connections: usize,
    /// Something happened to upsd that the next case must not find.
    dirty: bool,
    facts: BTreeMap<String, String>,
}

impl Stage {
    /// A stage in a lab; inside the runtime that is to run the checks.
    #[must_use]
    pub fn new(lab: Arc<dyn Lab>) -> Self {
        Self {
            lab,
            record: Record::begin(),
            setup: None,
            upsd: None,
            drivers: BTreeMap::new(),
            connections: 0,
            dirty: false,
            facts: BTreeMap::new(),
        }
    }

    /// What is judged.
    #[must_use]
    pub fn target(&self) -> &Target {
        self.lab.target()
    }

    /// Whether time is virtual: waiting costs nothing.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.target().is_virtual()
    }

    /// The lab.
    #[must_use]
    pub fn lab(&self) -> &Arc<dyn Lab> {
        &self.lab
    }

    /// The record of what happened.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// How long nothing must come for it to count as silence.
    #[must_use]
    pub fn quiet(&self) -> Duration {
        if self.is_virtual() { QUIET_VIRTUAL } else { QUIET }
    }

    /// Lets time pass.
    pub async fn wait(&self, length: Duration) {
        sleep(length).await;
    }

    /// Lets the subject do what it can do at once: exact in virtual time, a moment in real time.
    pub async fn settle(&self) {
        sleep(Duration::from_millis(if self.is_virtual() { 1 } else { 20 })).await;
    }

    /// A fact that conversations may name in braces: `ups`, `var`, `value`.
    #[must_use]
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.facts
    }

    /// From now on, what is known of upsd is no fixture that another case could use.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// Starts the subject's upsd with this fixture and its played drivers, and waits until it serves what they say.
    /// If it runs already with the same fixture and nothing happened to it, it stays.
    ///
    /// # Errors
    /// It did not start, or does not serve the fixture within the limit.
    pub async fn upsd(&mut self, setup: Setup) -> Outcome {
        if let Target::Remote(..) = self.target() {
            return self.read_facts().await;
        }
        let same = self.setup.as_ref() == Some(&setup);
        let changed = self.dirty || self.drivers.values().any(Driver::changed);
        if same && !changed && !setup.fresh && self.upsd.is_some() {
            return Ok(());
        }
        self.end_upsd().await;
        self.dirty = setup.fresh;
        let (host, port) = self.lab.upsd_address();
        self.write("etc/ups.conf", &setup.ups_conf_text(), 0o640)?;
        self.write("etc/upsd.conf", &setup.upsd_conf_text(&host, port, &self.lab.path("etc")), 0o640)?;
        self.write("etc/cmdvartab", CMDVARTAB, 0o640)?;
        self.write("etc/upsd.users", &setup.upsd_users_text(), 0o640)?;
        for ups in &setup.upses {
            let driver = Driver::open(&*self.lab, ups, &self.record).await;
            let driver =
                driver.map_err(|error| Miss::Fail(format!("failed to play {}: {error}", ups.socket())))?;
            self.drivers.insert(ups.name.clone(), driver);
        }
        let mut start = Start::new("upsd", &["-F"]);
        start.arguments.extend(setup.arguments.iter().cloned());
        self.upsd = Some(self.lab.start(start, &self.record).await?);
        self.set_facts(&setup);
        let wait = !setup.no_wait;
        self.setup = Some(setup);
        if wait { self.ready().await } else { Ok(()) }
    }

    fn set_facts(&mut self, setup: &Setup) {
        self.facts.clear();
        let (host, port) = self.lab.upsd_address();
        self.fact("upsd", &format!("{host}:{port}"));
        let Some(ups) = setup.upses.first() else { return };
        self.fact("ups", &ups.name);
        self.fact("desc", ups.desc.as_deref().unwrap_or_default());
        let said = ups.dump.iter().find_map(|line| {
            let (variable, value) = line.strip_prefix("SETINFO ")?.split_once(' ')?;
            Some((variable, value.trim_matches('"')))
        });
        if let Some((variable, value)) = said {
            self.fact("var", variable);
            self.fact("value", value);
        }
    }

    /// Gives a fact a name.
    pub fn fact(&mut self, name: &str, value: &str) {
        self.facts.insert(name.to_owned(), value.to_owned());
    }

    /// Reads the facts of a server somewhere: its first UPS that has data, and a variable that stays as it is.
    async fn read_facts(&mut self) -> Outcome {
        if self.facts.contains_key("ups") {
            return Ok(());
        }
        let mut wire = self.connect().await?;
        let upses = wire.ask("LIST UPS").await?;
        for row in upses.iter().filter_map(|line| line.strip_prefix("UPS ")) {
            let Some((ups, desc)) = row.split_once(' ') else { continue };
            let rows = wire.ask(&format!("LIST VAR {ups}")).await?;
            let start = format!("VAR {ups} ");
            let mut rows: Vec<_> = rows
                .iter()
                .filter_map(|line| line.strip_prefix(&start)?.split_once(' '))
                .filter(|(_, value)| !value.contains('\\'))
                .collect();
            // What the maker wrote does not change while we look.
            rows.sort_by_key(|(name, _)| !(name.starts_with("device.") || name.starts_with("ups.mfr")));
            if let Some((variable, value)) = rows.first() {
                self.fact("ups", ups);
                self.fact("desc", desc.trim_matches('"'));
                self.fact("var", variable);
                self.fact("value", value.trim_matches('"'));
                return Ok(());
            }
        }
        Err(Miss::Precondition("the server has no UPS with data".to_owned()))
    }

    /// Waits until upsd serves what its drivers said.
    async fn ready(&mut self) -> Outcome {
        let Some(setup) = self.setup.clone() else { return Ok(()) };
        let mut last = "nothing".to_owned();
        let looking = async {
            loop {
                match self.look(&setup).await {
                    Ok(()) => return Ok(()),
                    Err(text) => last = text,
                }
                if let Some(upsd) = &mut self.upsd
                    && let Ok(code) = timeout(Duration::ZERO, upsd.ended()).await
                {
                    self.upsd = None;
                    let (why, code) = (&last, code.map_or("a signal".to_owned(), |code| code.to_string()));
                    return Err(Miss::Fail(format!("upsd ended at once with {code} ({why})")));
                }
                sleep(LOOK_EVERY).await;
            }
        };
        match timeout(LIMIT, looking).await {
            Ok(done) => done,
            Err(_) => Err(Miss::Fail(format!("upsd does not serve the fixture after {LIMIT:?}: {last}"))),
        }
    }

    /// Whether upsd serves what its drivers said; text of what it says instead.
    async fn look(&self, setup: &Setup) -> Result<(), String> {
        let connected = self.lab.connect_aside().await;
        let stream = connected.map_err(|error| format!("no connection: {error}"))?;
        // Not in the record: it is no part of any check.
        let mut wire = Wire::new("ready", stream, Record::begin(), self.quiet());
        for ups in &setup.upses {
            let last = ups.dump.iter().rev().find_map(|line| line.strip_prefix("SETINFO "));
            let last = last.and_then(|rest| rest.split(' ').next());
            let (request, expected) = match (ups.manner, last) {
                (Manner::Absent, _) => ("ups.status", "ERR DRIVER-NOT-CONNECTED"),
                (Manner::Mute, _) => ("ups.status", "VAR"),
                (Manner::Stale, _) => ("ups.status", "ERR DATA-STALE"),
                (Manner::Right, Some(variable)) => (variable, "VAR"),
                (Manner::Right, None) => ("outage.nothing", "ERR VAR-NOT-SUPPORTED"),
            };
            let answer = wire.ask(&format!("GET VAR {} {request}", ups.name)).await;
            let answer = answer.map_err(|miss| miss.text().to_owned())?;
            if !answer[0].starts_with(expected) {
                return Err(answer[0].clone());
            }
            // A dump's commands come after its variables.
            let command = ups.dump.iter().rev().find_map(|line| line.strip_prefix("ADDCMD "));
            if let (Manner::Right, Some(command)) = (ups.manner, command) {
                let answer = wire.ask(&format!("LIST CMD {}", ups.name)).await;
                let answer = answer.map_err(|miss| miss.text().to_owned())?;
                if !answer.iter().any(|line| line.ends_with(&format!(" {command}"))) {
                    return Err(answer.join(" / "));
                }
            }
        }
        // Goodbye, so that no half-closed connection is left to the first case.
        wire.send("LOGOUT").await.map_err(|miss| miss.text().to_owned())?;
        wire.drain(Duration::from_millis(500)).await;
        Ok(())
    }

    /// Connects to the subject's upsd.
    ///
    /// # Errors
    /// It does not take the connection.
    pub async fn connect(&mut self) -> Result<Wire, Miss> {
        self.connections += 1;
        let name = format!("client {}", self.connections);
        self.connect_as(&name).await
    }

    /// The same with a name for the record.
    ///
    /// # Errors
    /// It does not take the connection.
    pub async fn connect_as(&mut self, name: &str) -> Result<Wire, Miss> {
        match timeout(LIMIT, self.lab.connect()).await {
            Ok(Ok(stream)) => {
                self.record.did(name, "connected");
                Ok(Wire::new(name, stream, self.record.clone(), self.quiet()))
            }
            Ok(Err(error)) => Err(Miss::Fail(format!("{name}: failed to connect: {error}"))),
            Err(_) => Err(Miss::Fail(format!("{name}: no connection within {LIMIT:?}"))),
        }
    }

    /// Connects to a real driver's socket, as upsd would: `dummy-ups-office`.
    ///
    /// # Errors
    /// There is no such socket within the limit.
    pub async fn connect_driver(&mut self, socket: &str) -> Result<Wire, Miss> {
        let relative = format!("run/{socket}");
        let looking = async {
            loop {
                match self.lab.connect_unix(&relative).await {
                    Ok(stream) => return stream,
                    Err(_) => sleep(LOOK_EVERY).await,
                }
            }
        };
        match timeout(LIMIT, looking).await {
            Ok(stream) => Ok(Wire::new(socket, stream, self.record.clone(), self.quiet())),
            Err(_) => Err(Miss::Fail(format!("no driver listens on {socket} within {LIMIT:?}"))),
        }
    }

    /// The played driver of a UPS.
    ///
    /// # Errors
    /// The fixture has none.
    pub fn driver(&mut self, ups: &str) -> Result<&mut Driver, Miss> {
        if let Target::Remote(..) = self.lab.target() {
            return Err(Miss::Skipped("a server somewhere has drivers of its own".to_owned()));
        }
        self.drivers.get_mut(ups).ok_or_else(|| Miss::Fail(format!("the fixture has no driver of `{ups}`")))
    }

    /// The played driver of a UPS goes: it hangs up and takes its socket away.
    ///
    /// # Errors
    /// There is none.
    pub fn driver_goes(&mut self, ups: &str) -> Outcome {
        let lab = Arc::clone(&self.lab);
        self.driver(ups)?.go(&*lab)
    }

    /// The played driver of a UPS comes (back).
    ///
    /// # Errors
    /// There is none, or its socket can't be made.
    pub async fn driver_comes(&mut self, ups: &str) -> Outcome {
        let lab = Arc::clone(&self.lab);
        self.driver(ups)?.come(&*lab).await
    }

    /// Plays a driver more, for a section that a reload brings.
    ///
    /// # Errors
    /// Its socket can't be made.
    pub async fn play(&mut self, ups: &super::PlayedUps) -> Outcome {
        self.dirty = true;
        let driver = Driver::open(&*self.lab, ups, &self.record).await;
        let driver =
            driver.map_err(|error| Miss::Fail(format!("failed to play {}: {error}", ups.socket())))?;
        self.drivers.insert(ups.name.clone(), driver);
        Ok(())
    }

    /// Writes a file of the subject: `etc/upsd.users`.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&self, relative: &str, text: &str, mode: u32) -> Outcome {
        let done = self.lab.write(relative, text.as_bytes(), mode);
        done.map_err(|error| Miss::Fail(format!("failed to write {relative}: {error}")))
    }

    /// Reads a file of the subject.
    ///
    /// # Errors
    /// It can't be read.
    pub fn read(&self, relative: &str) -> Result<String, Miss> {
        let bytes = self.lab.read(relative);
        let bytes = bytes.map_err(|error| Miss::Fail(format!("failed to read {relative}: {error}")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Tells upsd by SIGHUP to read its files again, and lets it.
    ///
    /// # Errors
    /// It does not run.
    pub async fn reload(&mut self) -> Outcome {
        self.signal(Signal::Hup)?;
        self.settle().await;
        Ok(())
    }

    /// Sends upsd a signal.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&mut self, signal: Signal) -> Outcome {
        self.dirty = true;
        let Some(upsd) = &mut self.upsd else { return Err("upsd does not run".into()) };
        self.record.did("upsd", format!("is sent {signal:?}"));
        upsd.signal(signal);
        Ok(())
    }

    /// Waits for the end of upsd: its exit code, `None` for a signal.
    ///
    /// # Errors
    /// It still runs after the limit.
    pub async fn upsd_ended(&mut self) -> Result<Option<i32>, Miss> {
        self.dirty = true;
        let Some(mut upsd) = self.upsd.take() else { return Err("upsd does not run".into()) };
        match timeout(END_LIMIT, upsd.ended()).await {
            Ok(code) => {
                // What it said stays to be read.
                self.upsd = Some(upsd);
                Ok(code)
            }
            Err(_) => Err(Miss::Fail(format!("upsd still runs after {END_LIMIT:?}"))),
        }
    }

    /// Ends upsd by SIGTERM: its exit code.
    ///
    /// # Errors
    /// It does not run, or still does after the limit.
    pub async fn stop(&mut self) -> Result<Option<i32>, Miss> {
        self.signal(Signal::Term)?;
        self.upsd_ended().await
    }

    /// What upsd wrote to standard error and standard output so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.upsd.as_ref().map(|upsd| upsd.output()).map(|(out, err)| out + &err).unwrap_or_default()
    }

    /// Waits until a line of upsd's log holds this text.
    ///
    /// # Errors
    /// None does within the limit.
    pub async fn logged(&self, text: &str) -> Outcome {
        let looking = async {
            while !self.log().lines().any(|line| line.contains(text)) {
                sleep(LOOK_EVERY).await;
            }
        };
        let done = timeout(LIMIT, looking).await;
        done.map_err(|_| Miss::Fail(format!("upsd's log holds no {text:?}:\n{}", self.log())))
    }

    /// Plays a server for clients. It ends when it is dropped.
    ///
    /// # Errors
    /// No port to listen on.
    pub async fn serve(&mut self, script: Script) -> Result<Server, Miss> {
        let listening = self.lab.listen_tcp().await;
        let (address, listener) =
            listening.map_err(|error| Miss::Fail(format!("failed to listen for clients: {error}")))?;
        self.fact("server", &address);
        Ok(Server::run(address, listener, script, self.record.clone()))
    }

    /// An address at which nobody listens.
    ///
    /// # Errors
    /// No port to be had.
    pub async fn nobody(&mut self) -> Result<String, Miss> {
        let listening = self.lab.listen_tcp().await;
        let (address, _) =
            listening.map_err(|error| Miss::Fail(format!("failed to find a port: {error}")))?;
        self.fact("nobody", &address);
        Ok(address)
    }

    /// Starts a program of the subject that goes on running.
    ///
    /// # Errors
    /// There is none of this name, or it can't be started.
    pub async fn start(&mut self, start: Start<'_>) -> Result<Box<dyn Process>, Miss> {
        self.lab.start(start, &self.record).await
    }

    /// Runs a program of the subject to its end.
    ///
    /// # Errors
    /// There is none of this name, or it can't be started.
    pub async fn program(&mut self, name: &str, arguments: &[&str]) -> Result<Ran, Miss> {
        self.run(Start::new(name, arguments), LIMIT * 4).await
    }

    /// The same with more to say about it, and a limit after which it is killed.
    ///
    /// # Errors
    /// As [`Stage::program`].
    pub async fn run(&mut self, start: Start<'_>, limit: Duration) -> Result<Ran, Miss> {
        let name = start.program.to_owned();
        let mut process = self.lab.start(start, &self.record).await?;
        let ended = timeout(limit, process.ended()).await;
        let hung = ended.is_err();
        if hung {
            self.record.did(&name, format!("still ran after {limit:?}, killed"));
            process.signal(Signal::Kill);
            // It can't refuse.
            let _ = timeout(END_LIMIT, process.ended()).await;
        }
        let (stdout, stderr) = process.output();
        let code = ended.unwrap_or_default();
        self.record.did(&name, format!("ended with {code:?}"));
        Ok(Ran { code, stdout, stderr, hung })
    }

    /// Ends upsd, if it runs, and the drivers.
    pub async fn end_upsd(&mut self) {
        if let Some(mut upsd) = self.upsd.take() {
            upsd.signal(Signal::Term);
            if timeout(END_LIMIT, upsd.ended()).await.is_err() {
                upsd.signal(Signal::Kill);
                // It can't refuse.
                let _ = timeout(END_LIMIT, upsd.ended()).await;
            }
        }
        self.drivers.clear();
        self.setup = None;
    }
}
