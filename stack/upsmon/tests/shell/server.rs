//! A tiny upsd, played line by line. It knows nothing of the stack's own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use outage_host::virt::World;
use outage_host::{BoxStream, Host};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::task::JoinSet;

/// A server that a test holds on to.
#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>);

struct State {
    status: String,
    /// Answers to whole lines that are not the usual ones.
    answers: BTreeMap<String, String>,
    /// It takes connections and requests, and says nothing.
    mute: bool,
    logins: u32,
    heard: Vec<String>,
    connections: usize,
}

impl Server {
    /// A machine of this name with an upsd.
    pub(crate) fn start(world: &World, name: &str, status: &str) -> Self {
        let state = State {
            status: status.into(),
            answers: BTreeMap::new(),
            mute: false,
            logins: 1,
            heard: Vec::new(),
            connections: 0,
        };
        let server = Self(Arc::new(Mutex::new(state)));
        let played = server.clone();
        world.machine(name).run("upsd", |host| async move {
            played.serve(host).await;
            crate::served()
        });
        server
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics with it")
    }

    pub(crate) fn status(&self, status: &str) {
        self.state().status = status.into();
    }

    pub(crate) fn mute(&self, mute: bool) {
        self.state().mute = mute;
    }

    pub(crate) fn logins(&self, logins: u32) {
        self.state().logins = logins;
    }

    /// From now on, this request is answered like this; empty: as usual.
    pub(crate) fn answer(&self, request: &str, answer: &str) {
        let answers = &mut self.state().answers;
        if answer.is_empty() {
            answers.remove(request);
        } else {
            answers.insert(request.into(), answer.into());
        }
    }

    /// What was asked: `seconds connection request`.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.state().heard.clone()
    }

    /// How often this was asked.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.state().heard.iter().filter(|line| line.ends_with(request)).count()
    }

    async fn serve(&self, host: Host) {
        let listener = host.listen_tcp(([0, 0, 0, 0], 3493).into()).await.expect("a free port");
        let mut clients = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let number = {
                let mut state = self.state();
                state.connections += 1;
                state.connections
            };
            clients.spawn(self.clone().talk(host.clone(), number, stream));
        }
    }

    async fn talk(self, host: Host, number: usize, stream: BoxStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            match stream.read_line(&mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let request = line.trim_end();
            let answer = {
                let mut state = self.state();
                let heard = format!("{} {number} {request}", host.now().as_secs_f64());
                state.heard.push(heard);
                if state.mute {
                    continue;
                }
                state.reply(request)
            };
            if stream.get_mut().write_all(format!("{answer}\n").as_bytes()).await.is_err()
                || answer == "OK Goodbye"
            {
                return;
            }
        }
    }
}

impl State {
    fn reply(&self, request: &str) -> String {
        if let Some(answer) = self.answers.get(request) {
            return answer.clone();
        }
        let words: Vec<_> = request.split(' ').collect();
        match words[..] {
            ["USERNAME" | "PASSWORD" | "LOGIN", _] => "OK".into(),
            ["PRIMARY", _] => "OK PRIMARY-GRANTED".into(),
            ["FSD", _] => "OK FSD-SET".into(),
            ["LOGOUT"] => "OK Goodbye".into(),
            ["GET", "VAR", ups, "ups.status"] => format!("VAR {ups} ups.status \"{}\"", self.status),
            ["GET", "VAR", ..] => "ERR VAR-NOT-SUPPORTED".into(),
            ["GET", "NUMLOGINS", ups] => format!("NUMLOGINS {ups} {}", self.logins),
            _ => "ERR UNKNOWN-COMMAND".into(),
        }
    }
}
