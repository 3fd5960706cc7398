//! Plays a watch.

use std::collections::BTreeMap;
use std::time::Duration;

use outage_host::Signal;
use regex_lite::Regex;
use tokio::time::{sleep, timeout};

use super::{Act, Step, Text, Watch, Window};
use crate::conform::lab::{FLAG, HOOKS, LIMIT, LOOK_EVERY, Process, Start, TOLD};
use crate::conform::serve::Server;
use crate::conform::{Miss, Outcome, Ran, Script, Stage, Target, ensure};

/// What a server needs besides to be one that upsmon can log in at.
const UPSD: &str = r"
PRIMARY dummy => OK PRIMARY-GRANTED
MASTER dummy => OK MASTER-GRANTED
FSD dummy => OK FSD-SET
";

/// What real time is allowed behind the end of a window, for machines that are busy.
const BUSY: Duration = Duration::from_millis(2500);
/// How much earlier than the start of a window the harness may see something that is right.
const EARLY: Duration = Duration::from_millis(100);
/// How exact times are where they are virtual: as often as is looked, and a little.
const EXACT: Duration = Duration::from_millis(25);
/// How long what has no window may take.
const UNTIMED: Duration = Duration::from_secs(10);
/// How long upsmon has to end after it was told to, before it is killed.
const END: Duration = Duration::from_secs(2);

/// Plays a watch on a stage.
///
/// # Errors
/// The first step that did not go as written, or what happened besides.
pub async fn play(watch: &Watch, stage: &mut Stage) -> Outcome {
    if let Some((_, reason)) = watch.skips.iter().find(|(target, _)| target == stage.target()) {
        return Err(Miss::Skipped(reason.clone()));
    }
    let mut player = Player {
        stage,
        servers: BTreeMap::new(),
        upsmon: None,
        act: Duration::ZERO,
        last: Duration::ZERO,
        read: 0,
        notices: Vec::new(),
        shutdowns: Vec::new(),
        notice: None,
        ran: None,
        asked: BTreeMap::new(),
    };
    let mut done = player.prepare(watch).await;
    for (number, line, step) in &watch.steps {
        if done.is_ok() {
            done = player.step(step).await.map_err(|miss| at(miss, *number, line));
        }
    }
    if done.is_ok() {
        done = player.nothing_more();
    }
    let done = done.map_err(|miss| player.unknown(miss));
    player.end().await;
    done
}

fn at(miss: Miss, number: usize, line: &str) -> Miss {
    match miss {
        Miss::Fail(text) => Miss::Fail(format!("at line {number}, `{line}`: {text}")),
        other => other,
    }
}

#[derive(Clone, Debug)]
struct Notice {
    at: Duration,
    kind: String,
    ups: String,
    text: String,
}

#[derive(Clone, Debug)]
struct Shutdown {
    at: Duration,
    flag: String,
    arguments: String,
}

struct Player<'a> {
    stage: &'a mut Stage,
    servers: BTreeMap<char, Server>,
    upsmon: Option<Box<dyn Process>>,
    /// When the harness last did something.
    act: Duration,
    /// When what was expected last happened.
    last: Duration,
    /// Lines of what the hooks told that were read.
    read: usize,
    /// Not expected yet.
    notices: Vec<Notice>,
    shutdowns: Vec<Shutdown>,
    /// The last one that was expected.
    notice: Option<Notice>,
    ran: Option<Ran>,
    /// How far `asks` has come, by server.
    asked: BTreeMap<char, usize>,
}

impl Player<'_> {
    async fn prepare(&mut self, watch: &Watch) -> Outcome {
        for (name, fact) in [('a', "server"), ('b', "server_b")] {
            let server = self.stage.serve(Script::parse(UPSD)?.or(Script::right()?)).await?;
            self.stage.fact(fact, &server.address.clone());
            self.servers.insert(name, server);
        }
        let address = self.servers[&'a'].address.clone();
        self.stage.nobody().await?;
        self.stage.fact("server", &address);
        self.stage.fact("ups", &format!("dummy@{address}"));
        for (name, path) in [("hooks", HOOKS), ("flag", FLAG), ("etc", "etc")] {
            let path = self.stage.lab().path(path).display().to_string();
            self.stage.fact(name, &path);
        }
        for left in [TOLD, FLAG] {
            // Most often it is not there.
            let _ = self.stage.lab().remove(left);
        }
        if let Some(text) = &watch.flag {
            self.stage.write(FLAG, text, 0o600)?;
        }
        // An old upsmon is not bothered with words that the watch does not need.
        let named =
            |notice: &str| watch.steps.iter().any(|(_, line, _)| line.split(' ').any(|word| word == notice));
        let nut = *self.stage.target() == Target::Nut;
        let mut text = watch.conf.text(|notice| !nut || named(notice));
        if !nut {
            text.extend(watch.conf.ours.iter().map(|line| format!("{line}\n")));
        }
        self.stage.write(CONF, &self.fill(&text), 0o640)
    }

    fn fill(&self, text: &str) -> String {
        let facts = self.stage.facts().iter();
        facts.fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn pattern(&self, pattern: &str) -> Result<Regex, Miss> {
        let facts = self.stage.facts().iter();
        let escaped = |text: String, (name, value): (&String, &String)| {
            text.replace(&format!("{{{name}}}"), &regex_lite::escape(value))
        };
        let filled = facts.fold(pattern.to_owned(), escaped);
        Regex::new(&filled).map_err(|error| Miss::Fail(format!("`{pattern}` is no pattern: {error}")))
    }

    fn now(&self) -> Duration {
        self.stage.record().now()
    }

    async fn step(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Start(more) => self.start(more).await,
            Step::Server(name, act) => self.serve(*name, act).await,
            Step::Add(line) => {
                let text = self.stage.read(CONF)? + &self.fill(line) + "\n";
                self.stage.write(CONF, &text, 0o640)
            }
            Step::Remove(line) => {
                let (line, text) = (self.fill(line), self.stage.read(CONF)?);
                ensure(text.lines().any(|other| other == line), || format!("there is no line `{line}`"))?;
                let kept = text.lines().filter(|other| *other != line);
                let text: String = kept.map(|line| format!("{line}\n")).collect();
                self.stage.write(CONF, &text, 0o640)
            }
            Step::Signal(signal) => {
                let Some(upsmon) = &mut self.upsmon else { return Err("upsmon was not started".into()) };
                upsmon.signal(*signal);
                self.stage.record().did("upsmon", format!("is sent {signal:?}"));
                self.acted();
                Ok(())
            }
            Step::Run(words) => {
                let words: Vec<_> = words.iter().map(|word| self.fill(word)).collect();
                let (program, arguments) = words.split_first().ok_or("run PROGRAM")?;
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                self.acted();
                self.ran = Some(self.stage.program(program, &arguments).await?);
                Ok(())
            }
            Step::Wait(length) => {
                self.stage.wait(*length).await;
                Ok(())
            }
            Step::Notice(kinds, window) => self.expect_notices(kinds, *window).await,
            Step::Text(text) => {
                let notice = self.noticed()?;
                let fits = match text {
                    Text::Exact(text) => self.fill(text) == notice.text,
                    Text::Pattern(pattern) => {
                        self.pattern(&format!("^(?:{pattern})$"))?.is_match(&notice.text)
                    }
                };
                ensure(fits, || format!("the text is {:?}", notice.text))
            }
            Step::About(ups) => {
                let (ups, notice) = (self.fill(ups), self.noticed()?);
                ensure(notice.ups == ups, || format!("it is about {:?}", notice.ups))
            }
            Step::Shutdown(flag, arguments, window) => {
                let seen = self
                    .until(*window, "SHUTDOWNCMD was not run", |player| {
                        let found = (!player.shutdowns.is_empty()).then(|| player.shutdowns.remove(0));
                        found.map(|found| (found.at, found))
                    })
                    .await?;
                ensure(seen.flag == *flag, || {
                    format!("when SHUTDOWNCMD ran, the flag's file was {:?}", seen.flag)
                })?;
                let arguments = self.fill(arguments);
                ensure(seen.arguments == arguments, || format!("its arguments were {:?}", seen.arguments))
            }
            Step::Quiet(length) => {
                let end = self.now() + *length;
                loop {
                    self.look();
                    self.nothing_more()?;
                    let rest = end.saturating_sub(self.now());
                    if rest.is_zero() {
                        return Ok(());
                    }
                    sleep(rest.min(LOOK_EVERY)).await;
                }
            }
            Step::Asks(name, line, window) => self.asks(*name, line, *window).await,
            Step::AsksOften(name, count, line, window) => {
                let (from, line) = (self.served(*name)?.heard_from(0).len(), self.fill(line));
                self.until(Some(*window), "it was not asked so often", |player| {
                    let heard = player.servers.get(name)?.heard_from(from);
                    let at = heard.iter().filter(|(_, other)| *other == line).nth(count - 1)?.0;
                    Some((at, ()))
                })
                .await
            }
            Step::Never(name, start) => {
                let start = self.fill(start);
                let heard = self.served(*name)?.heard();
                let said = heard.iter().find(|line| line.starts_with(&start));
                ensure(said.is_none(), || format!("the server was told {said:?}"))
            }
            Step::Ended(is, code, window) => self.ended(*is, *code, *window).await,
            Step::Runs => {
                let Some(upsmon) = &mut self.upsmon else { return Err("upsmon was not started".into()) };
                match timeout(Duration::ZERO, upsmon.ended()).await {
                    Err(_) => Ok(()),
                    Ok(code) => Err(Miss::Fail(format!("upsmon ended with {code:?}"))),
                }
            }
            Step::Log(pattern, count) => self.log(pattern, *count).await,
            Step::Wall(pattern, wanted) => {
                let (regex, wanted) = (self.pattern(pattern)?, *wanted);
                let fits = |player: &Player<'_>| {
                    player.stage.lab().broadcasts().lines().any(|line| regex.is_match(line)) == wanted
                };
                let limit = if wanted { LIMIT } else { Duration::ZERO };
                self.in_time(limit, fits).await;
                ensure(fits(self), || format!("said to everyone: {:?}", self.stage.lab().broadcasts()))
            }
            Step::Flag(wanted) => {
                let seen = self.stage.lab().read(FLAG).ok();
                let seen = seen.map(|text| String::from_utf8_lossy(&text).into_owned());
                ensure(seen == *wanted, || format!("the flag's file holds {seen:?}"))
            }
            Step::Exit(is, code) => {
                let ran = self.ran()?;
                let fits = !ran.hung && ran.code.is_some_and(|seen| (seen == *code) == *is);
                ensure(fits, || format!("it ended with {:?}; stderr: {:?}", ran.code, ran.stderr))
            }
            Step::Stdout(pattern) => {
                let (regex, ran) = (self.pattern(pattern)?, self.ran()?);
                ensure(ran.stdout.lines().any(|line| regex.is_match(line)), || {
                    format!("seen {:?}", ran.stdout)
                })
            }
            Step::Stderr(pattern) => {
                let (regex, ran) = (self.pattern(pattern)?, self.ran()?);
                ensure(ran.stderr.lines().any(|line| regex.is_match(line)), || {
                    format!("seen {:?}", ran.stderr)
                })
            }
        }
    }

    /// From here on `@` and `+` count.
    fn acted(&mut self) {
        self.act = self.now();
        self.last = self.act;
    }

    async fn start(&mut self, more: &[String]) -> Outcome {
        let mut start = Start::new("upsmon", &["-F", "-p"]);
        start.arguments.extend(more.iter().map(|word| self.fill(word)));
        self.acted();
        let upsmon = self.stage.start(start).await?;
        self.stage.fact("pid", &upsmon.id().to_string());
        self.upsmon = Some(upsmon);
        Ok(())
    }

    fn served(&self, name: char) -> Result<&Server, Miss> {
        self.servers.get(&name).ok_or_else(|| Miss::Fail(format!("there is no server {name}")))
    }

    async fn serve(&mut self, name: char, act: &Act) -> Outcome {
        let lab = self.stage.lab().clone();
        let rule = if let Act::Rule(rule) = act { self.fill(rule) } else { String::new() };
        let Some(server) = self.servers.get_mut(&name) else {
            return Err(Miss::Fail(format!("there is no server {name}")));
        };
        match act {
            Act::Rule(_) => {
                server.put(&rule)?;
                self.stage.record().did(&format!("server {name}"), format!("from now on {rule}"));
            }
            Act::Goes => server.go().await,
            Act::Comes => server.come(&*lab).await?,
            Act::Mute => server.set_mute(true),
            Act::Talks => server.set_mute(false),
            Act::HangsUp => server.hang_up(),
        }
        self.acted();
        Ok(())
    }

    /// Reads what the hooks told since the last time.
    fn look(&mut self) {
        let told = self.stage.lab().read(TOLD).unwrap_or_default();
        let told = String::from_utf8_lossy(&told).into_owned();
        let whole = told.rfind('\n').map_or("", |end| &told[..end]);
        let (at, record) = (self.now(), self.stage.record().clone());
        for line in whole.lines().skip(self.read) {
            self.read += 1;
            record.did("hooks", line.replace('\t', " "));
            let mut fields = line.splitn(4, '\t').map(str::to_owned);
            let mut next = || fields.next().unwrap_or_default();
            match next().as_str() {
                "notice" => self.notices.push(Notice { at, kind: next(), ups: next(), text: next() }),
                "shutdown" => self.shutdowns.push(Shutdown { at, flag: next(), arguments: next() }),
                other => self.notices.push(Notice { at, kind: other.to_owned(), ups: next(), text: next() }),
            }
        }
    }

    fn noticed(&self) -> Result<&Notice, Miss> {
        self.notice.as_ref().ok_or_else(|| "no notice was expected yet".into())
    }

    fn ran(&self) -> Result<&Ran, Miss> {
        self.ran.as_ref().ok_or_else(|| "no program was run yet".into())
    }

    /// Notices and shutdowns that nobody expected.
    fn nothing_more(&mut self) -> Outcome {
        self.look();
        let notice = self.notices.first();
        ensure(notice.is_none(), || format!("nobody expected {:?}", self.notices))?;
        ensure(self.shutdowns.is_empty(), || format!("nobody expected {:?}", self.shutdowns))
    }

    /// Looks until it is so, or the limit is over.
    async fn in_time(&mut self, limit: Duration, fits: impl Fn(&Self) -> bool) {
        let end = self.now() + limit;
        while !fits(self) && self.now() < end {
            sleep(LOOK_EVERY).await;
        }
    }

    fn since(&self, window: Option<Window>) -> Duration {
        if window.is_some_and(|window| !window.since_act) { self.last } else { self.act }
    }

    /// The last moment at which something may be seen.
    fn limit(&self, window: Option<Window>) -> Duration {
        match window {
            None => self.now() + UNTIMED,
            Some(window) if self.stage.is_virtual() => self.since(Some(window)) + window.to + EXACT,
            Some(window) => self.since(Some(window)) + window.to + BUSY,
        }
    }

    /// Looks until something has happened: it must have in its window.
    async fn until<T>(
        &mut self,
        window: Option<Window>,
        missing: &str,
        mut find: impl FnMut(&mut Self) -> Option<(Duration, T)>,
    ) -> Result<T, Miss> {
        let (since, limit) = (self.since(window), self.limit(window));
        let (at, found) = loop {
            self.look();
            if let Some(found) = find(self) {
                break found;
            }
            if self.now() > limit {
                let begun = limit.saturating_sub(since);
                let (notices, shutdowns) = (&self.notices, &self.shutdowns);
                return Err(Miss::Fail(format!(
                    "{missing} within {begun:?}; not yet expected: {notices:?} {shutdowns:?}"
                )));
            }
            sleep(LOOK_EVERY).await;
        };
        self.in_window(window, since, at)?;
        self.last = at;
        Ok(found)
    }

    fn in_window(&self, window: Option<Window>, since: Duration, at: Duration) -> Outcome {
        let Some(window) = window else { return Ok(()) };
        let took = at.saturating_sub(since);
        let (early, late) = if self.stage.is_virtual() { (Duration::ZERO, EXACT) } else { (EARLY, BUSY) };
        ensure(took + early >= window.from, || format!("it was too early, after {took:?}"))?;
        ensure(took <= window.to + late, || format!("it was too late, after {took:?}"))?;
        match window.exact.filter(|_| self.stage.is_virtual()) {
            Some(exact) => ensure(took.abs_diff(exact) <= EXACT, || {
                format!("it was after {took:?}, and not exactly {exact:?}")
            }),
            None => Ok(()),
        }
    }

    async fn expect_notices(&mut self, kinds: &[String], window: Option<Window>) -> Outcome {
        let missing = format!("NOTIFYCMD was not run for {}", kinds.join(" "));
        let count = kinds.len();
        let seen = self
            .until(window, &missing, |player| {
                let enough = player.notices.len() >= count;
                let seen: Vec<_> =
                    if enough { player.notices.drain(..count).collect() } else { return None };
                Some((seen.last()?.at, seen))
            })
            .await?;
        let mut names: Vec<_> = seen.iter().map(|notice| notice.kind.clone()).collect();
        let mut expected = kinds.to_vec();
        // In which order is not claimed, and programs that are started at the same time may overtake each other.
        names.sort();
        expected.sort();
        ensure(names == expected, || format!("expected {kinds:?}, seen {seen:?}"))?;
        self.notice = seen.into_iter().next_back();
        Ok(())
    }

    async fn asks(&mut self, name: char, line: &str, window: Option<Window>) -> Outcome {
        let line = self.fill(line);
        let from = self.asked.get(&name).copied().unwrap_or(0);
        self.served(name)?;
        let (at, place) = {
            let (since, limit) = (self.since(window), self.limit(window));
            loop {
                let heard = self.served(name)?.heard_from(from);
                if let Some(place) = heard.iter().position(|(_, other)| *other == line) {
                    let at = heard[place].0;
                    self.in_window(window, since, at)?;
                    break (at, place);
                }
                let late = self.now() > limit;
                ensure(!late, || {
                    format!("the server was not told {line:?} since then, but {:?}", brief(&heard))
                })?;
                sleep(LOOK_EVERY).await;
            }
        };
        self.asked.insert(name, from + place + 1);
        self.last = at;
        Ok(())
    }

    async fn ended(&mut self, is: bool, code: i32, window: Option<Window>) -> Outcome {
        let (since, limit) = (self.since(window), self.limit(window));
        let rest = limit.saturating_sub(self.now()).max(LOOK_EVERY);
        let Some(upsmon) = &mut self.upsmon else { return Err("upsmon was not started".into()) };
        let Ok(seen) = timeout(rest, upsmon.ended()).await else {
            return Err(Miss::Fail("upsmon still runs".to_owned()));
        };
        let at = self.now();
        ensure(seen.is_some_and(|seen| (seen == code) == is), || format!("upsmon ended with {seen:?}"))?;
        self.in_window(window, since, at)?;
        self.last = at;
        Ok(())
    }

    fn output(&self) -> String {
        self.upsmon.as_ref().map(|upsmon| upsmon.output()).map(|(out, err)| out + &err).unwrap_or_default()
    }

    async fn log(&mut self, pattern: &str, count: Option<usize>) -> Outcome {
        let regex = self.pattern(pattern)?;
        let found = |player: &Self| player.output().lines().filter(|line| regex.is_match(line)).count();
        let least = count.unwrap_or(1);
        self.in_time(LIMIT, |player| found(player) >= least).await;
        let seen = found(self);
        let fits = count.map_or(seen >= 1, |count| seen == count);
        ensure(fits, || format!("{seen} lines of the log match:\n{}", self.output()))
    }

    /// What upsmon says it does not know can't be judged.
    fn unknown(&self, miss: Miss) -> Miss {
        let refusals =
            ["invalid directive", "invalid notify type", "not a valid notify event name", "invalid option"];
        let refuses = |line: &&str| refusals.iter().any(|refusal| line.contains(refusal));
        let log = self.output();
        match (miss, log.lines().find(refuses)) {
            (Miss::Fail(text), Some(line)) if *self.stage.target() == Target::Nut => {
                Miss::Unimplemented(format!("{line} ({text})"))
            }
            (miss, _) => miss,
        }
    }

    async fn end(&mut self) {
        if let Some(mut upsmon) = self.upsmon.take() {
            upsmon.signal(Signal::Term);
            if timeout(END, upsmon.ended()).await.is_err() {
                upsmon.signal(Signal::Kill);
                // It can't refuse.
                let _ = timeout(END, upsmon.ended()).await;
            }
        }
    }
}

/// The configuration.
const CONF: &str = "etc/upsmon.conf";

/// The last lines that a server was told.
fn brief(heard: &[(Duration, String)]) -> Vec<&str> {
    heard.iter().rev().take(6).rev().map(|(_, line)| line.as_str()).collect()
}
