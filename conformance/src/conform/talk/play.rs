//! Plays a conversation.

use std::collections::BTreeMap;
use std::time::Duration;

use regex_lite::Regex;
use tokio::time::sleep;

use super::step::{Client, Driver, Edit, Expected, Step, Talk};
use crate::conform::lab::{LIMIT, LOOK_EVERY, Start};
use crate::conform::record::latin;
use crate::conform::serve::Server;
use crate::conform::wire::{Wire, unlike};
use crate::conform::{Miss, Outcome, PlayedUps, Ran, Script, Stage, ensure};

/// Plays a conversation on a stage.
///
/// # Errors
/// The first step that did not go as written; or the first that only should have.
pub async fn play(talk: &Talk, stage: &mut Stage) -> Outcome {
    match (&talk.virtual_only, &talk.real_only) {
        (Some(reason), _) if !stage.is_virtual() => return Err(Miss::Skipped(reason.clone())),
        (_, Some(reason)) if stage.is_virtual() => return Err(Miss::Skipped(reason.clone())),
        _ => {}
    }
    if !talk.no_upsd {
        stage.upsd(talk.setup.clone()).await?;
    }
    let mut player = Player {
        stage,
        wires: BTreeMap::new(),
        captured: BTreeMap::new(),
        unsettled: false,
        should: None,
        server: None,
        stdin: None,
        ran: None,
        output: Vec::new(),
        connections: BTreeMap::new(),
    };
    let mut at = 0;
    while let Some((number, line, step)) = talk.steps.get(at) {
        let done = match player.again(&talk.steps[at..]).await {
            Some(Ok(count)) => {
                at += count;
                continue;
            }
            Some(Err(miss)) => Err(miss),
            None => player.step(step, talk).await,
        };
        if let Err(miss) = done {
            return Err(within(miss, *number, line));
        }
        at += 1;
    }
    match player.should {
        Some(text) => Err(Miss::NonStrict(text)),
        None => Ok(()),
    }
}

/// Says at which line it was.
fn within(miss: Miss, number: usize, line: &str) -> Miss {
    let text = |text: String| format!("at line {number}, `{line}`: {text}");
    match miss {
        Miss::Fail(other) => Miss::Fail(text(other)),
        Miss::NonStrict(other) => Miss::NonStrict(text(other)),
        Miss::Unimplemented(other) => Miss::Unimplemented(text(other)),
        other => other,
    }
}

struct Player<'a> {
    stage: &'a mut Stage,
    wires: BTreeMap<char, Wire>,
    captured: BTreeMap<String, String>,
    /// Something happened that upsd learns of on another wire.
    unsettled: bool,
    /// What should have been.
    should: Option<String>,
    server: Option<Server>,
    stdin: Option<Vec<u8>>,
    ran: Option<Ran>,
    /// Lines of its standard output that are not yet read.
    output: Vec<String>,
    /// By UPS: how often upsd had connected when the driver last went.
    connections: BTreeMap<String, u32>,
}

impl Player<'_> {
    /// Puts facts into a text.
    fn fill(&self, text: &str) -> String {
        let mut filled = repeated(text);
        for (name, value) in self.stage.facts().iter().chain(&self.captured) {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }

    async fn wire(&mut self, name: char) -> Result<&mut Wire, Miss> {
        use std::collections::btree_map::Entry;
        match self.wires.entry(name) {
            Entry::Occupied(found) => Ok(found.into_mut()),
            Entry::Vacant(free) => Ok(free.insert(self.stage.connect_as(&format!("client {name}")).await?)),
        }
    }

    /// A question that may be asked again: with the expectations that follow it, as often as needed. How many steps it
    /// took; `None` when it is no such question.
    async fn again(&mut self, steps: &[(usize, String, Step)]) -> Option<Result<usize, Miss>> {
        let (_, _, Step::Client(name, Client::Send(text))) = steps.first()? else { return None };
        let verb = text.split(' ').next().unwrap_or_default();
        if !self.unsettled || !["GET", "LIST"].iter().any(|known| verb.eq_ignore_ascii_case(known)) {
            return None;
        }
        let expected: Vec<_> = steps[1..]
            .iter()
            .map_while(|(_, _, step)| match step {
                Step::Client(on, Client::Expect(expected)) if on == name => Some(Some(expected)),
                Step::Client(on, Client::List) if on == name => Some(None),
                _ => None,
            })
            .collect();
        if expected.is_empty() {
            return None;
        }
        let text = self.fill(text);
        let begun = self.stage.record().now();
        loop {
            let answer = match self.wire(*name).await {
                Ok(wire) => wire.ask(&text).await,
                Err(miss) => return Some(Err(miss)),
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(miss) => return Some(Err(miss)),
            };
            match self.compare(*name, &expected, &answer) {
                Ok(()) => return Some(Ok(1 + expected.len())),
                Err(miss) if self.stage.record().now() > begun + LIMIT => return Some(Err(miss)),
                Err(_) => sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Compares a whole answer; `None` skips the rest of a list.
    fn compare(&mut self, name: char, expected: &[Option<&Expected>], answer: &[String]) -> Outcome {
        let on = format!("client {name}");
        let mut lines = answer.iter();
        for expected in expected {
            match expected {
                None => {
                    let end = lines.any(|line| line.starts_with("END LIST"));
                    ensure(end, || format!("{on}: expected the end of a list, seen {answer:?}"))?;
                }
                Some(expected) => match lines.next() {
                    Some(line) => self.matches(&on, expected, line)?,
                    None => {
                        return Err(Miss::Fail(format!("{on}: expected {expected:?} after {answer:?}")));
                    }
                },
            }
        }
        match lines.next() {
            None => Ok(()),
            Some(line) => Err(Miss::Fail(format!("{on}: expected no more, seen {line:?}"))),
        }
    }

    /// Whether a line is as expected. Named groups become facts.
    fn matches(&mut self, on: &str, expected: &Expected, seen: &str) -> Outcome {
        match expected {
            Expected::Exact(text) => {
                let text = latin(self.fill(text).as_bytes());
                if text == seen { Ok(()) } else { Err(unlike(on, &text, seen)) }
            }
            Expected::Bytes(bytes) => {
                let text = latin(bytes);
                if text == seen { Ok(()) } else { Err(unlike(on, &text, seen)) }
            }
            Expected::Pattern(pattern) => {
                let pattern = self.fill_pattern(pattern);
                let regex = regex(&format!("^(?:{pattern})$"))?;
                let Some(groups) = regex.captures(seen) else {
                    return Err(unlike(on, &format!("~ {pattern}"), seen));
                };
                for name in regex.capture_names().flatten() {
                    if let Some(found) = groups.name(name) {
                        self.captured.insert(name.to_owned(), found.as_str().to_owned());
                    }
                }
                Ok(())
            }
        }
    }

    /// As [`Player::fill`], with the facts taken literally.
    fn fill_pattern(&self, pattern: &str) -> String {
        let mut filled = repeated(pattern);
        for (name, value) in self.stage.facts().iter().chain(&self.captured) {
            filled = filled.replace(&format!("{{{name}}}"), &regex_lite::escape(value));
        }
        filled
    }

    async fn step(&mut self, step: &Step, talk: &Talk) -> Outcome {
        match step {
            Step::Client(name, step) => self.client(*name, step).await,
            Step::Driver(ups, step) => self.driver(ups, step).await,
            Step::Config(file, edit) => self.config(file, edit),
            Step::Play(name, desc) => self.play_more(name, desc.as_deref()).await,
            Step::Reload => {
                self.unsettled = true;
                self.stage.reload().await
            }
            Step::Stop => {
                let code = self.stage.stop().await?;
                ensure(code == Some(0), || format!("upsd ended with {code:?}"))
            }
            Step::Ended(expected) => {
                let code = self.stage.upsd_ended().await?;
                ensure(code == Some(*expected), || format!("upsd ended with {code:?}"))
            }
            Step::Wait(length) => {
                self.unsettled = true;
                self.stage.wait(*length).await;
                Ok(())
            }
            Step::Log(pattern, wanted) => self.log(pattern, *wanted).await,
            Step::Stdin(bytes) => {
                self.stdin = Some(bytes.clone());
                Ok(())
            }
            Step::Run(words) => self.run(words, talk).await,
            Step::Exit(expected) => {
                let ran = self.ran()?;
                let done = ensure(!ran.hung && ran.code == Some(*expected), || ended(ran));
                done.map_err(|miss| self.refused_option(miss))
            }
            Step::ExitNot(other) => {
                let ran = self.ran()?;
                ensure(!ran.hung && ran.code.is_some_and(|code| code != *other), || ended(ran))
            }
            Step::Stdout(expected) => {
                self.ran()?;
                let missing = || format!("stdout: expected {expected:?}, seen its end");
                ensure(!self.output.is_empty(), missing).map_err(|miss| self.refused_option(miss))?;
                let line = latin(self.output.remove(0).as_bytes());
                let done = self.matches("stdout", expected, &line);
                done.map_err(|miss| self.refused_option(miss))
            }
            Step::StdoutEnd => {
                self.ran()?;
                ensure(self.output.is_empty(), || format!("stdout: expected no more, seen {:?}", self.output))
            }
            Step::Stderr(pattern) => {
                let regex = regex(&self.fill_pattern(pattern))?;
                let ran = self.ran()?;
                let found = ran.stderr.lines().any(|line| regex.is_match(line));
                ensure(found, || format!("stderr: no line matches, seen {:?}", ran.stderr))
            }
            Step::Heard(line, wanted) => {
                let line = self.fill(line);
                let server = self.server.as_ref().ok_or("no server was played yet")?;
                let heard = server.heard();
                ensure(heard.contains(&line) == *wanted, || format!("the server heard {heard:?}"))
            }
        }
    }

    async fn client(&mut self, name: char, step: &Client) -> Outcome {
        match step {
            Client::Open => {
                let wire = self.stage.connect_as(&format!("client {name}")).await?;
                self.wires.insert(name, wire);
                Ok(())
            }
            Client::Send(text) => {
                let text = self.fill(text);
                self.changes(text.as_bytes());
                self.wire(name).await?.send(&text).await
            }
            Client::Raw(bytes) => {
                self.changes(bytes);
                self.wire(name).await?.bytes(bytes).await
            }
            Client::Expect(expected) => {
                let line = self.wire(name).await?.line().await?;
                self.matches(&format!("client {name}"), expected, &line)
            }
            Client::Should(expected) => {
                let line = self.wire(name).await?.line().await?;
                if let Err(miss) = self.matches(&format!("client {name}"), expected, &line) {
                    self.should.get_or_insert_with(|| miss.text().to_owned());
                }
                Ok(())
            }
            Client::List => {
                let wire = self.wire(name).await?;
                while !wire.line().await?.starts_with("END LIST") {}
                Ok(())
            }
            Client::Closed(limit) => {
                self.unsettled = true;
                let wire = self.wire(name).await?;
                wire.closed_within(limit.unwrap_or(LIMIT)).await
            }
            Client::Silence => self.wire(name).await?.silence().await,
            Client::Close => {
                self.unsettled = true;
                if let Some(wire) = self.wires.remove(&name) {
                    wire.close();
                }
                Ok(())
            }
            Client::Finish => self.wire(name).await?.finish().await,
        }
    }

    /// A request that changes something in upsd leaves no fixture for the next conversation.
    fn changes(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).to_ascii_uppercase();
        if ["FSD", "SET", "INSTCMD", "LOGIN", "ATTACH"].iter().any(|verb| text.contains(verb)) {
            self.stage.touch();
        }
    }

    async fn driver(&mut self, ups: &str, step: &Driver) -> Outcome {
        self.unsettled = true;
        let quiet = self.stage.quiet();
        match step {
            Driver::Say(text) => {
                let text = self.fill(text);
                self.stage.driver(ups)?.say(&text)?;
                self.stage.settle().await;
                Ok(())
            }
            Driver::Raw(bytes) => {
                self.stage.driver(ups)?.bytes(bytes)?;
                self.stage.settle().await;
                Ok(())
            }
            Driver::Expect(expected) => {
                let line = self.stage.driver(ups)?.heard().await?;
                self.matches(&format!("driver {ups}"), expected, &line)
            }
            Driver::Silence => self.stage.driver(ups)?.silence(quiet).await,
            Driver::HangsUp => {
                let driver = self.stage.driver(ups)?;
                let connections = driver.connections();
                driver.hang_up();
                self.connections.insert(ups.to_owned(), connections);
                self.stage.settle().await;
                Ok(())
            }
            Driver::Goes => {
                let connections = self.stage.driver(ups)?.connections();
                self.connections.insert(ups.to_owned(), connections);
                self.stage.driver_goes(ups)?;
                self.stage.settle().await;
                Ok(())
            }
            Driver::Comes => self.stage.driver_comes(ups).await,
            Driver::Reconnected => {
                let before = self.connections.get(ups).copied().unwrap_or(0);
                self.stage.driver(ups)?.connected(before + 1, LIMIT * 2).await
            }
            Driver::IgnoresPings => {
                self.stage.driver(ups)?.ignore_pings();
                Ok(())
            }
            Driver::Dump(line) => {
                let line = self.fill(line);
                self.stage.driver(ups)?.add_to_dump(&line);
                Ok(())
            }
            Driver::NoDump => {
                self.stage.driver(ups)?.clear_dump();
                Ok(())
            }
            Driver::Manner(manner) => {
                self.stage.driver(ups)?.set_manner(*manner);
                Ok(())
            }
        }
    }

    fn config(&mut self, file: &str, edit: &Edit) -> Outcome {
        self.stage.touch();
        let relative = format!("etc/{file}");
        let mut text = self.stage.read(&relative)?;
        match edit {
            Edit::Add(line) => text += &format!("{}\n", self.fill(line)),
            Edit::Remove(line) => {
                let line = self.fill(line);
                let before = text.lines().count();
                let kept: Vec<_> = text.lines().filter(|other| other.trim() != line).collect();
                ensure(kept.len() < before, || format!("{file} has no line `{line}`"))?;
                text = kept.iter().map(|line| format!("{line}\n")).collect();
            }
            Edit::Clear => text.clear(),
        }
        self.stage.write(&relative, &text, 0o640)
    }

    async fn play_more(&mut self, name: &str, desc: Option<&str>) -> Outcome {
        let ups = PlayedUps {
            name: name.to_owned(),
            desc: desc.map(str::to_owned),
            manner: crate::conform::Manner::Right,
            dump: vec!["SETINFO ups.status \"OL\"".to_owned()],
        };
        self.stage.play(&ups).await?;
        let mut text = self.stage.read("etc/ups.conf")?;
        text += &format!("[{name}]\n  driver = dummy-ups\n  port = none\n");
        if let Some(desc) = desc {
            text += &format!("  desc = \"{desc}\"\n");
        }
        self.stage.write("etc/ups.conf", &text, 0o640)
    }

    async fn log(&mut self, pattern: &str, wanted: bool) -> Outcome {
        let regex = regex(&self.fill_pattern(pattern))?;
        let begun = self.stage.record().now();
        let limit = if wanted { LIMIT } else { Duration::ZERO };
        loop {
            let log = self.stage.log();
            if log.lines().any(|line| regex.is_match(line)) == wanted {
                return Ok(());
            }
            if self.stage.record().now() >= begun + limit {
                let what = if wanted { "no line matches" } else { "a line matches" };
                return Err(Miss::Fail(format!("upsd's log: {what}:\n{log}")));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn run(&mut self, words: &[String], talk: &Talk) -> Outcome {
        if self.server.is_none() {
            let mut script = Script::default();
            for rule in &talk.rules {
                script.rule(rule)?;
            }
            if !talk.rules_only {
                script = script.or(Script::right()?);
            }
            self.server = Some(self.stage.serve(script).await?);
            self.stage.nobody().await?;
        }
        let words: Vec<_> = words.iter().map(|word| self.fill(word)).collect();
        let (program, arguments) = words.split_first().ok_or("run PROGRAM")?;
        let mut start = Start::new(program, &[]);
        start.arguments = arguments.to_vec();
        start.stdin = self.stdin.take();
        let ran = self.stage.run(start, LIMIT * 4).await?;
        self.output = ran.stdout.lines().map(str::to_owned).collect();
        self.ran = Some(ran);
        Ok(())
    }

    /// A program that does not know an option of its command line says so: then the claim's subject is not there.
    fn refused_option(&self, miss: Miss) -> Miss {
        let refuses = |line: &str| line.contains("invalid option") || line.contains("unrecognized option");
        let refused = self.ran.as_ref().is_some_and(|ran| ran.stderr.lines().any(refuses));
        match miss {
            Miss::Fail(text) if refused => Miss::Unimplemented(text),
            other => other,
        }
    }

    fn ran(&self) -> Result<&Ran, Miss> {
        self.ran.as_ref().ok_or_else(|| Miss::fail("no program was run yet"))
    }
}

fn ended(ran: &Ran) -> String {
    let how = match (ran.hung, ran.code) {
        (true, _) => "it did not end".to_owned(),
        (false, Some(code)) => format!("it ended with {code}"),
        (false, None) => "a signal ended it".to_owned(),
    };
    format!("{how}; stderr: {:?}", ran.stderr)
}

fn regex(pattern: &str) -> Result<Regex, Miss> {
    Regex::new(pattern).map_err(|error| Miss::Fail(format!("`{pattern}` is no pattern: {error}")))
}

/// Writes `{x*3}` out.
pub(super) fn repeated(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out += &rest[..open];
        let inner = &rest[open + 1..];
        let found = inner.find('}').and_then(|close| {
            let (what, count) = inner[..close].rsplit_once('*')?;
            Some((what, count.parse::<usize>().ok()?, close))
        });
        match found {
            Some((what, count, close)) => {
                out += &what.repeat(count);
                rest = &inner[close + 1..];
            }
            None => {
                out.push('{');
                rest = inner;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions() {
        assert_eq!(repeated("GET {x*3} {y} {ab*2}{c*0}"), "GET xxx {y} abab");
        assert_eq!(repeated("[0-9]{36} {x*"), "[0-9]{36} {x*");
    }
}
