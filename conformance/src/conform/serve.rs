//! A server that the harness plays for clients: right, slow, rude or dead, by a script.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use outage_host::BoxStream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::lab::{Accept, Lab};
use super::record::{Kind, Record, latin};
use super::talk::escaped;
use super::{Miss, Outcome};

/// What a played server does when a client says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends bytes.
    Say(Vec<u8>),
    /// Sends these bytes over and over until the client is gone.
    Flood(Vec<u8>),
    /// Waits until the client says more, line or not.
    Hear,
    /// Lets time pass.
    Wait(Duration),
    /// Closes the connection.
    HangUp,
}

/// When a rule applies, and what is done.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    when: String,
    acts: Vec<Act>,
}

/// A played server's script: rules, of which the first that fits a client's line counts.
///
/// ```text
/// # connect           when a client connects
/// # GET VAR a b       when it says exactly this
/// # GET *             when it says something that begins like this
/// # *                 whatever it says
/// on connect => {hang up}
/// GET VAR a b => VAR a b "1"
/// LIST UPS => BEGIN LIST UPS | UPS a "text" | END LIST UPS
/// GET * => {wait 3s} | ERR DATA-STALE
/// LOGIN * => {nothing}
/// STARTTLS => OK STARTTLS | {hear} | {raw "nonsense\n"}
/// VER => {raw "half a li"} | {hang up}
/// * => {flood "x\n"}
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    rules: Vec<Rule>,
}

/// The rules of a server that is right, with one UPS `dummy`; to come after a script's own.
pub const RIGHT: &str = r#"
STARTTLS => ERR FEATURE-NOT-SUPPORTED
VER => Network UPS Tools upsd 2.8.0 - https://www.networkupstools.org/
NETVER => 1.3
PROTVER => 1.3
USERNAME * => OK
PASSWORD * => OK
LOGOUT => OK Goodbye | {hang up}
LIST UPS => BEGIN LIST UPS | UPS dummy "The standard UPS" | END LIST UPS
LIST CLIENT dummy => BEGIN LIST CLIENT dummy | CLIENT dummy 127.0.0.1 | END LIST CLIENT dummy
LIST VAR dummy => BEGIN LIST VAR dummy | VAR dummy battery.charge "100" | VAR dummy device.mfr "Outage" | VAR dummy ups.status "OL" | END LIST VAR dummy
GET VAR dummy battery.charge => VAR dummy battery.charge "100"
GET VAR dummy device.mfr => VAR dummy device.mfr "Outage"
GET VAR dummy ups.status => VAR dummy ups.status "OL"
GET VAR dummy ups.id => VAR dummy ups.id "lab"
GET VAR dummy input.sensitivity => VAR dummy input.sensitivity "medium"
GET VAR dummy input.transfer.low => VAR dummy input.transfer.low "160"
GET VAR dummy * => ERR VAR-NOT-SUPPORTED
LIST RW dummy => BEGIN LIST RW dummy | RW dummy input.sensitivity "medium" | RW dummy input.transfer.low "160" | RW dummy ups.id "lab" | END LIST RW dummy
GET TYPE dummy ups.id => TYPE dummy ups.id RW STRING:8
GET TYPE dummy input.sensitivity => TYPE dummy input.sensitivity RW ENUM
GET TYPE dummy input.transfer.low => TYPE dummy input.transfer.low RW RANGE NUMBER
GET DESC dummy ups.id => DESC dummy ups.id "UPS system identifier"
GET DESC dummy input.sensitivity => DESC dummy input.sensitivity "Input power sensitivity"
GET DESC dummy input.transfer.low => DESC dummy input.transfer.low "Low voltage transfer point (V)"
GET DESC dummy * => DESC dummy unknown "Description unavailable"
LIST ENUM dummy input.sensitivity => BEGIN LIST ENUM dummy input.sensitivity | ENUM dummy input.sensitivity "low" | ENUM dummy input.sensitivity "medium" | END LIST ENUM dummy input.sensitivity
LIST RANGE dummy input.transfer.low => BEGIN LIST RANGE dummy input.transfer.low | RANGE dummy input.transfer.low "150" "170" | END LIST RANGE dummy input.transfer.low
LIST CMD dummy => BEGIN LIST CMD dummy | CMD dummy beeper.toggle | CMD dummy load.off | END LIST CMD dummy
GET CMDDESC dummy beeper.toggle => CMDDESC dummy beeper.toggle "Toggle the UPS beeper"
GET CMDDESC dummy load.off => CMDDESC dummy load.off "Turn off the load immediately"
GET UPSDESC dummy => UPSDESC dummy "The standard UPS"
GET NUMLOGINS dummy => NUMLOGINS dummy 1
SET TRACKING * => OK
SET VAR dummy * => OK
INSTCMD dummy * => OK
LOGIN dummy => OK
GET * => ERR UNKNOWN-UPS
LIST * => ERR UNKNOWN-UPS
SET * => ERR UNKNOWN-UPS
INSTCMD * => ERR UNKNOWN-UPS
LOGIN * => ERR UNKNOWN-UPS
* => ERR UNKNOWN-COMMAND
"#;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Text: a line that is no rule.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            script.rule(line)?;
        }
        Ok(script)
    }

    /// The server that is right.
    ///
    /// # Errors
    /// Never: [`RIGHT`] is tested.
    pub fn right() -> Result<Self, String> {
        Self::parse(RIGHT)
    }

    /// Adds one rule after those there are.
    ///
    /// # Errors
    /// Text: it is none.
    pub fn rule(&mut self, line: &str) -> Result<(), String> {
        let (when, acts) =
            line.split_once(" => ").ok_or_else(|| format!("`{line}`: a rule is WHEN => WHAT"))?;
        let acts = acts.split(" | ").map(act).collect::<Result<Vec<_>, _>>()?;
        let acts = acts.into_iter().flatten().collect();
        self.rules.push(Rule { when: when.trim().to_owned(), acts });
        Ok(())
    }

    /// Puts a rule before all others, in place of one for the same line.
    fn put(&mut self, rule: Self) {
        self.rules.retain(|old| rule.rules.iter().all(|new| new.when != old.when));
        self.rules.splice(0..0, rule.rules);
    }

    /// This script, and where it has no rule the other.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.rules.extend(other.rules);
        self
    }

    /// What is done when a client says `line`; `None` for its coming.
    fn acts(&self, line: Option<&str>) -> Vec<Act> {
        let fits = |rule: &&Rule| match line {
            None => rule.when == "on connect",
            Some(_) if rule.when == "on connect" => false,
            Some(line) => match rule.when.strip_suffix('*') {
                Some(start) => line.starts_with(start),
                None => line == rule.when,
            },
        };
        self.rules.iter().find(fits).map(|rule| rule.acts.clone()).unwrap_or_default()
    }
}

fn act(text: &str) -> Result<Option<Act>, String> {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Ok(Some(Act::Say(format!("{text}\n").into_bytes())));
    };
    let (word, rest) = inner.split_once(' ').unwrap_or((inner, ""));
    Ok(Some(match (word, rest) {
        ("hang", "up") => Act::HangUp,
        ("nothing", "") => return Ok(None),
        ("hear", "") => Act::Hear,
        ("wait", length) => Act::Wait(super::talk::length(length)?),
        ("raw", text) => Act::Say(escaped(text)?),
        ("flood", text) => Act::Flood(escaped(text)?),
        _ => {
            return Err(format!("`{text}`: hang up, nothing, hear, wait LENGTH, raw \"..\" or flood \"..\""));
        }
    }))
}

/// A played server that runs until it is dropped.
pub struct Server {
    /// `host:port`, as the subject's programs write it.
    pub address: String,
    shared: Arc<Shared>,
    record: Record,
    task: JoinHandle<()>,
}

/// What a server's owner and its connections share.
#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    /// When which line was said.
    heard: Mutex<Vec<(Duration, String)>>,
    /// It takes what it is told and says nothing.
    mute: AtomicBool,
    /// All connections are to be closed.
    closing: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Server {
    /// Serves by this script.
    #[must_use]
    pub fn run(address: String, listener: Box<dyn Accept>, script: Script, record: Record) -> Self {
        let shared = Arc::new(Shared { script: Mutex::new(script), ..Shared::default() });
        let task = tokio::spawn(listen(listener, Arc::clone(&shared), record.clone()));
        Self { address, shared, record, task }
    }

    /// All lines that clients said, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        lock(&self.shared.heard).iter().map(|(_, line)| line.clone()).collect()
    }

    /// The same from the `from`th on, with the times of the record.
    #[must_use]
    pub fn heard_from(&self, from: usize) -> Vec<(Duration, String)> {
        lock(&self.shared.heard).get(from..).unwrap_or_default().to_vec()
    }

    /// From now on this rule comes before all others, in place of one for the same line.
    ///
    /// # Errors
    /// Text: it is none.
    pub fn put(&self, rule: &str) -> Result<(), String> {
        let mut script = Script::default();
        script.rule(rule)?;
        lock(&self.shared.script).put(script);
        Ok(())
    }

    /// From now on it answers nothing (and goes on listening, as a machine does whose program hangs), or does again.
    pub fn set_mute(&self, mute: bool) {
        self.record.did("server", if mute { "falls silent" } else { "answers again" });
        self.shared.mute.store(mute, Ordering::Relaxed);
    }

    /// Closes all connections, and goes on listening.
    pub fn hang_up(&self) {
        self.record.did("server", "hangs up on everyone");
        self.shared.closing.notify_waiters();
    }

    /// Closes all connections and its socket.
    pub async fn go(&mut self) {
        self.record.did("server", "goes");
        self.task.abort();
        // What was aborted has no result.
        let _ = (&mut self.task).await;
    }

    /// Listens again at its address.
    ///
    /// # Errors
    /// The address can't be had.
    pub async fn come(&mut self, lab: &dyn Lab) -> Outcome {
        let listener = lab.listen_tcp_again(&self.address).await;
        let listener =
            listener.map_err(|error| Miss::Fail(format!("failed to listen at {}: {error}", self.address)))?;
        self.record.did("server", "comes back");
        self.task = tokio::spawn(listen(listener, Arc::clone(&self.shared), self.record.clone()));
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: Box<dyn Accept>, shared: Arc<Shared>, record: Record) {
    let (mut clients, mut count) = (JoinSet::new(), 0);
    loop {
        let stream = tokio::select! {
            biased;
            () = shared.closing.notified() => {
                clients.abort_all();
                continue;
            }
            stream = listener.accept() => stream,
        };
        let Ok(stream) = stream else { return };
        count += 1;
        let name = format!("server {count}");
        record.did(&name, "a client connected");
        clients.spawn(serve(stream, Arc::clone(&shared), record.clone(), name));
        while clients.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: BoxStream, shared: Arc<Shared>, record: Record, name: String) {
    let acts = |line: Option<&str>| {
        if shared.mute.load(Ordering::Relaxed) { Vec::new() } else { lock(&shared.script).acts(line) }
    };
    let mut heard = Vec::new();
    if !perform(&mut stream, acts(None), &mut heard, &record, &name).await {
        return;
    }
    while hear(&mut stream, &mut heard, &record, &name).await {
        while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = heard.drain(..=end).collect();
            let line = latin(&line[..end]);
            let acts = acts(Some(&line));
            lock(&shared.heard).push((record.now(), line));
            if !perform(&mut stream, acts, &mut heard, &record, &name).await {
                return;
            }
        }
    }
}

/// Adds what the client says next to what was heard of it; whether the connection still stands.
async fn hear(stream: &mut BoxStream, heard: &mut Vec<u8>, record: &Record, name: &str) -> bool {
    let mut chunk = [0; 4096];
    let count = stream.read(&mut chunk).await.unwrap_or(0);
    if count == 0 {
        record.did(name, "the client closed");
        return false;
    }
    record.bytes(name, Kind::Heard, &chunk[..count]);
    heard.extend_from_slice(&chunk[..count]);
    true
}

/// Does what the script says; whether the connection still stands.
async fn perform(
    stream: &mut BoxStream,
    acts: Vec<Act>,
    heard: &mut Vec<u8>,
    record: &Record,
    name: &str,
) -> bool {
    for act in acts {
        match act {
            Act::Hear => {
                if !hear(stream, heard, record, name).await {
                    return false;
                }
            }
            Act::Say(bytes) => {
                record.bytes(name, Kind::Sent, &bytes);
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    return false;
                }
            }
            Act::Flood(bytes) => {
                record.did(name, "floods the client");
                let many = bytes.repeat(4096 / bytes.len().max(1) + 1);
                while stream.write_all(&many).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                return false;
            }
            Act::Wait(length) => tokio::time::sleep(length).await,
            Act::HangUp => {
                record.did(name, "hangs up");
                // The client may be gone already.
                let _ = stream.shutdown().await;
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_counts() {
        let own = Script::parse("on connect => {hang up}\nGET VAR dummy * => {wait 2s} | ERR DATA-STALE\n")
            .unwrap();
        let script = own.or(Script::right().unwrap());
        assert_eq!(script.acts(None), [Act::HangUp]);
        let stale = [Act::Wait(Duration::from_secs(2)), Act::Say(b"ERR DATA-STALE\n".to_vec())];
        assert_eq!(script.acts(Some("GET VAR dummy ups.status")), stale);
        assert_eq!(script.acts(Some("PROTVER")), [Act::Say(b"1.3\n".to_vec())]);
        assert_eq!(script.acts(Some("on connect")), [Act::Say(b"ERR UNKNOWN-COMMAND\n".to_vec())]);
    }

    #[test]
    fn what_is_no_rule() {
        assert!(Script::parse("GET VAR").is_err());
        assert!(Script::parse("GET => {dance}").is_err());
        assert!(Script::parse("GET => {wait long}").is_err());
    }
}
