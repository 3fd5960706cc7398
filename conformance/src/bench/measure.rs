//! The measurements, family by family. In each, the subjects take turns.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::crowd::{Crowd, burst};
use super::figures::{Figures, Row};
use super::histogram::Histogram;
use super::load::{Load, Shape};
use super::server::{Bed, Server, Subject, connect};
use super::ups::{self, Question};
use super::{Plan, machine, pause};
use crate::clock::Stopwatch;

/// One connection that asks one thing after the other.
const ONE: Shape = Shape { question: Question::Get, connections: 1, depth: 1 };
/// Good clients beside the bad ones, and how often they ask, all together.
const GOOD: Shape = Shape { question: Question::Get, connections: 100, depth: 1 };
const GOOD_RATE: f64 = 5_000.0;
/// A change that was not seen for so long will not be.
const CHANGE_LIMIT: Duration = Duration::from_secs(2);

/// What one family of rows needs, and gives.
pub(super) type Family = fn(&Bed, &Plan, &[(&'static str, &'static str)]) -> Result<Vec<Row>, String>;

/// GET VAR and LIST VAR by as many connections, each with as many requests under way, as the row's name says.
pub(super) fn closed(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let &[(id, title)] = rows else { return Err("one row at a time".to_owned()) };
    let mut row = Row::new(id, title);
    let (family, connections) = id.split_once('/').unwrap_or((id, "1"));
    let shape = Shape {
        question: if family.starts_with("list") { Question::List } else { Question::Get },
        depth: if family.ends_with("pipelined") { 16 } else { 1 },
        connections: connections.parse().map_err(|_| format!("{id} is no name of a row"))?,
    };
    let servers = start_all(bed, false)?;
    let mut loads = connect_to(bed, &servers, shape)?;
    for _ in 0..plan.rounds {
        for load in &mut loads {
            let figures = load.1.closed(plan.warm, plan.window).map_err(|error| said(id, load.0, &error))?;
            row.push(load.0, figures);
        }
    }
    Ok(vec![row])
}

/// One connection asks, and others only are there: each number of them has its own servers, so that these too take
/// turns.
pub(super) fn idle(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    let mut beds = Vec::new();
    let mut all = 0;
    for &(id, title) in rows {
        let count: usize = id.rsplit('/').next().and_then(|count| count.parse().ok()).unwrap_or_default();
        all += count * bed.subjects().len();
        plan.allows(id, all)?;
        let servers = start_all(bed, false)?;
        beds.push((count, servers));
        found.push(Row::new(id, title));
    }
    let mut crowds = Vec::new();
    for (count, servers) in &beds {
        for server in servers {
            crowds.push(Crowd::silent(server, *count, false)?);
        }
    }
    let mut loads = Vec::new();
    for (_, servers) in &beds {
        loads.push(connect_to(bed, servers, ONE)?);
    }
    for _ in 0..plan.rounds {
        for subject in 0..bed.subjects().len() {
            for (row, loads) in found.iter_mut().zip(&mut loads) {
                let (subject, load) = &mut loads[subject];
                let figures =
                    load.closed(plan.warm, plan.window).map_err(|error| said(row.id, *subject, &error))?;
                row.push(*subject, figures);
            }
        }
    }
    match crowds.iter().map(Crowd::gone).sum() {
        0_usize => Ok(found),
        gone => Err(format!("{gone} idle connections were closed while others were measured")),
    }
}

/// Many connect at once.
pub(super) fn bursts(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    for &(id, title) in rows {
        let mut row = Row::new(id, title);
        let count = id.rsplit('/').next().and_then(|count| count.parse().ok()).unwrap_or(500);
        let servers = start_all(bed, false)?;
        for _ in 0..plan.rounds.min(3) {
            for server in &servers {
                row.push(server.subject, burst(server, count, plan.burst_limit)?);
            }
        }
        found.push(row);
    }
    Ok(found)
}

/// Sixteen connections ask as fast as they can: alone, and beside one that never reads.
pub(super) fn deaf(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let shape = Shape { connections: 16, ..ONE };
    beside(bed, plan, rows, shape, &|server| Crowd::deaf(server), &|load| load.closed(plan.warm, plan.window))
}

/// A hundred good clients ask at a pace: alone, and beside a thousand bad ones.
pub(super) fn hostile(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let window = plan.window * 2;
    beside(bed, plan, rows, GOOD, &|server| Crowd::hostile(server, 1_000), &|load| {
        load.paced(GOOD_RATE, window)
    })
}

/// The same load on two servers of each subject, of which the second also has a crowd.
fn beside(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
    shape: Shape,
    crowd: &dyn Fn(&Server) -> Result<Crowd, String>,
    measure: &dyn Fn(&mut Load<'_>) -> Result<Figures, String>,
) -> Result<Vec<Row>, String> {
    let mut found: Vec<_> = rows.iter().map(|&(id, title)| Row::new(id, title)).collect();
    let beds = [start_all(bed, true)?, start_all(bed, true)?];
    let mut loads = Vec::new();
    for servers in &beds {
        loads.push(connect_to(bed, servers, shape)?);
    }
    let mut crowds = Vec::new();
    for server in &beds[1] {
        crowds.push(crowd(server)?);
    }
    // What they sent is taken, or not.
    pause(plan.warm);
    let mut stalled = Vec::new();
    for _ in 0..plan.rounds {
        for subject in 0..beds[0].len() {
            for (row, loads) in found.iter_mut().zip(&mut loads) {
                let (subject, load) = &mut loads[subject];
                if stalled.contains(&(row.id, *subject)) {
                    continue;
                }
                let figures = measure(load).map_err(|error| said(row.id, *subject, &error))?;
                // One that answers nobody does so for good: once is enough.
                if figures.rate.is_none_or(|rate| rate < 1.0) {
                    stalled.push((row.id, *subject));
                }
                row.push(*subject, figures);
            }
        }
    }
    drop(crowds);
    Ok(found)
}

/// Connections that are held, each after one request: what they cost the server in memory.
pub(super) fn held(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let mut found = Vec::new();
    for &(id, title) in rows {
        let mut row = Row::new(id, title);
        let count: usize = id.rsplit('/').next().and_then(|count| count.parse().ok()).unwrap_or_default();
        plan.allows(id, count)?;
        for subject in bed.subjects() {
            let count = if subject == Subject::Ours { count } else { count.min(plan.rivals_hold) };
            let server = bed.start(subject)?;
            let before = machine::memory(server.pid());
            let crowd = Crowd::silent(&server, count, true)?;
            let after = machine::memory(server.pid());
            let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / count as f64;
            row.push(
                subject,
                Figures {
                    memory: Some((each(after.share, before.share), each(after.resident, before.resident))),
                    unanswered: Some((crowd.gone(), count)),
                    ..Figures::default()
                },
            );
        }
        found.push(row);
    }
    Ok(found)
}

/// `upsc` for all variables: from its start to its end.
pub(super) fn upsc(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let &[(id, title)] = rows else { return Err("one row at a time".to_owned()) };
    let mut row = Row::new(id, title);
    let servers = start_all(bed, true)?;
    for server in &servers {
        let output = upsc_command(bed, server)?.output();
        let lines = output.map(|output| String::from_utf8_lossy(&output.stdout).lines().count());
        match lines {
            Ok(lines) if lines == ups::VARIABLES.len() => {}
            other => return Err(said(id, server.subject, &format!("upsc showed {other:?} variables"))),
        }
    }
    for _ in 0..plan.rounds {
        let mut histograms = vec![Histogram::new(); servers.len()];
        for _ in 0..plan.runs {
            for (server, histogram) in servers.iter().zip(&mut histograms) {
                let mut command = upsc_command(bed, server)?;
                let watch = Stopwatch::start();
                let status = command.stdout(Stdio::null()).status();
                histogram.record(watch.elapsed().as_nanos() as u64);
                status.map_err(|error| said(id, server.subject, &format!("failed to run upsc: {error}")))?;
            }
        }
        for (server, histogram) in servers.iter().zip(histograms) {
            row.push(server.subject, of_times(&histogram, 0));
        }
    }
    Ok(vec![row])
}

fn upsc_command(bed: &Bed, server: &Server) -> Result<Command, String> {
    let mut command = Command::new(bed.upsc(server.subject)?);
    command.arg(format!("{}@{}", ups::NAME, server.address)).stdin(Stdio::null()).stderr(Stdio::null());
    Ok(command)
}

/// From the moment that a driver says a new value until a client that asks all the time has it.
pub(super) fn change(
    bed: &Bed,
    plan: &Plan,
    rows: &[(&'static str, &'static str)],
) -> Result<Vec<Row>, String> {
    let &[(id, title)] = rows else { return Err("one row at a time".to_owned()) };
    let mut row = Row::new(id, title);
    let servers = start_all(bed, true)?;
    for round in 0..plan.rounds {
        for server in &servers {
            let figures =
                changes(server, plan.changes, round).map_err(|error| said(id, server.subject, &error))?;
            row.push(server.subject, figures);
        }
    }
    Ok(vec![row])
}

fn changes(server: &Server, count: usize, round: usize) -> Result<Figures, String> {
    let Some(driver) = &server.driver else { return Err("it has no driver".to_owned()) };
    let mut client = Poller::connect(server)?;
    let mut histogram = Histogram::new();
    let mut missed = 0;
    for at in 0..count {
        // The client never rests; the change comes at no particular moment, half of the times while a question is on
        // its way.
        for _ in 0..5 + (at * 37 + round * 11) % 20 {
            client.ask()?;
            client.answer()?;
        }
        let asked = at % 2 == 1;
        if asked {
            client.ask()?;
        }
        let watch = Stopwatch::start();
        let value = driver.change()?;
        let expected = format!("\"{value}\"\n");
        if !asked {
            client.ask()?;
        }
        while !client.answer()?.ends_with(expected.as_bytes()) && watch.elapsed() < CHANGE_LIMIT {
            client.ask()?;
        }
        match watch.elapsed() {
            late if late >= CHANGE_LIMIT => missed += 1,
            seen => histogram.record(seen.as_nanos() as u64),
        }
    }
    Ok(of_times(&histogram, missed))
}

/// A client that asks for the variable that changes, and does not sleep until it is answered.
struct Poller {
    stream: TcpStream,
    request: String,
    buffer: [u8; 256],
}

impl Poller {
    fn connect(server: &Server) -> Result<Self, String> {
        let stream = connect(server.address)?;
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, request: format!("GET VAR {} {}\n", ups::NAME, ups::CHANGING), buffer: [0; 256] })
    }

    fn ask(&mut self) -> Result<(), String> {
        self.stream.write_all(self.request.as_bytes()).map_err(|error| format!("failed to ask: {error}"))
    }

    fn answer(&mut self) -> Result<&[u8], String> {
        let watch = Stopwatch::start();
        let mut read = 0;
        while !self.buffer[..read].ends_with(b"\n") {
            match self.stream.read(&mut self.buffer[read..]) {
                Ok(0) => return Err("it hung up".to_owned()),
                Ok(more) => read += more,
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.to_string()),
                Err(_) if watch.elapsed() > CHANGE_LIMIT => {
                    return Err(format!("no answer for {CHANGE_LIMIT:?}"));
                }
                Err(_) => {}
            }
        }
        Ok(&self.buffer[..read])
    }
}

fn of_times(histogram: &Histogram, missed: usize) -> Figures {
    Figures {
        p50: histogram.quantile(0.5),
        p99: histogram.quantile(0.99),
        longest: (histogram.total() > 0).then(|| histogram.longest()),
        unanswered: Some((missed, missed + histogram.total() as usize)),
        ..Figures::default()
    }
}

/// A server of every subject; only of those with a driver, or of all.
fn start_all(bed: &Bed, driven: bool) -> Result<Vec<Server>, String> {
    let subjects = bed.subjects().into_iter().filter(|&subject| !driven || subject != Subject::Echo);
    subjects.map(|subject| bed.start(subject)).collect()
}

fn connect_to<'a>(
    bed: &Bed,
    servers: &'a [Server],
    shape: Shape,
) -> Result<Vec<(Subject, Load<'a>)>, String> {
    let spin = bed.cores.are_two();
    let connect = |server: &'a Server| Ok((server.subject, Load::connect(server, shape, spin)?));
    servers.iter().map(connect).collect()
}

fn said(id: &str, subject: Subject, error: &str) -> String {
    format!("{id}, {}: {error}", subject.id())
}
