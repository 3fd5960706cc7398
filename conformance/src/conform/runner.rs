//! Runs cases at a target.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::expectations::Ledger;
use super::lab::process::{ProcessLab, Programs};
use super::lab::remote::RemoteLab;
use super::lab::virt::VirtualLab;
use super::lab::{LIMIT, Lab, Target};
use super::verdict::{Judged, Standing, Verdict};
use super::{BoxFuture, Case, Check, Miss, Outcome, Profile, Stage, keep, talk, watch};
use crate::clock::Stopwatch;

/// The longest that one check may take where time is real.
const CASE_LIMIT: Duration = Duration::from_secs(90);
/// The same where it is virtual: nothing but a check that waits for ever takes a day.
const CASE_LIMIT_VIRTUAL: Duration = Duration::from_secs(24 * 3600);
/// The most cases that share one upsd: more would leave workers without work at the end.
const GROUP: usize = 12;
/// Workers for what does nothing but wait, to each of the others.
const WAITERS: usize = 4;
/// The seed of machines in memory: the same in every run.
const SEED: u64 = 1;

/// How cases are run.
#[derive(Clone)]
pub struct Options {
    /// This binary: our programs are it under other names.
    pub program: PathBuf,
    /// A folder with NUT's programs.
    pub bin: Option<PathBuf>,
    /// Cases at a time.
    pub jobs: usize,
    /// Where the files of what did not go as expected are kept.
    pub keep: Option<PathBuf>,
    /// The second attempt of what fails where time is real is left out.
    pub once: bool,
}

/// Runs cases at a target, and reports each as soon as it is judged.
///
/// # Errors
/// Text: the lab itself can't be set up.
pub fn run(
    target: &Target,
    cases: &[&'static Case],
    ledger: &Ledger,
    options: &Options,
    mut report: impl FnMut(Judged),
) -> Result<(), String> {
    let remote = matches!(target, Target::Remote(..));
    if remote {
        runtime(false)?.block_on(async {
            let connected = timeout(LIMIT, lab(target, options)?.connect()).await;
            let connected = connected.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
            connected.map(drop).map_err(|error| format!("failed to connect to {target}: {error}"))
        })?;
    }
    let waits = |case: &Case| matches!(case.check, Check::Watch(_)) && !target.is_virtual();
    let (waiting, working): (Vec<_>, Vec<_>) = cases.iter().copied().partition(|case| waits(case));
    // A server somewhere has better things to do than to serve several of us.
    let jobs = if remote { 1 } else { options.jobs.max(1) };
    // What waits for timers of whole seconds leaves the machine to others.
    let waiters = if jobs > 1 { jobs * WAITERS } else { 1 };
    let queues =
        [(Mutex::new(groups(target, &working)), jobs), (Mutex::new(groups(target, &waiting)), waiters)];
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for queue in queues.iter().flat_map(|(queue, workers)| (0..*workers).map(move |_| queue)) {
            let sender = sender.clone();
            scope.spawn(move || {
                let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                while let Some(group) = next() {
                    let done = work(target, &group, ledger, options, &mut |judged| {
                        // The receiver outlives the threads.
                        let _ = sender.send(Ok(judged));
                    });
                    if let Err(text) = done {
                        let _ = sender.send(Err(text));
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut broken = None;
        for judged in receiver {
            match judged {
                Ok(judged) => report(judged),
                Err(text) => broken = Some(text),
            }
        }
        broken.map_or(Ok(()), Err)
    })
}

/// Cases that can use the same upsd, one after the other.
fn groups(target: &Target, cases: &[&'static Case]) -> VecDeque<Vec<&'static Case>> {
    if target.is_virtual() {
        return cases.iter().map(|case| vec![*case]).collect();
    }
    let mut alike: Vec<(String, Vec<&'static Case>)> = Vec::new();
    let mut alone = Vec::new();
    for case in cases {
        let setup = match &case.check {
            Check::Talk(text) => talk::parse(text).ok().filter(|talk| !talk.no_upsd && !talk.setup.fresh),
            Check::Watch(_) | Check::Run(_) => None,
        };
        match setup.map(|talk| format!("{:?}", talk.setup)) {
            Some(key) => match alike.iter_mut().find(|(other, group)| *other == key && group.len() < GROUP) {
                Some((_, group)) => group.push(case),
                None => alike.push((key, vec![case])),
            },
            None => alone.push(vec![*case]),
        }
    }
    // What waits longest begins first: those alone have timers, most of them.
    alone.into_iter().chain(alike.into_iter().map(|(_, group)| group)).collect()
}

fn work(
    target: &Target,
    group: &[&'static Case],
    ledger: &Ledger,
    options: &Options,
    report: &mut dyn FnMut(Judged),
) -> Result<(), String> {
    if target.is_virtual() {
        for case in group {
            report(virtually(case, ledger, options, |seed| Ok(Arc::new(VirtualLab::new(seed)?)))?);
        }
        return Ok(());
    }
    let runtime = runtime(false)?;
    runtime.block_on(async {
        let mut stage = Stage::new(lab(target, options)?);
        for case in group {
            let mut judged = judge(case, target, &mut stage, ledger).await;
            if judged.standing() == Standing::Unexpected && !options.once {
                let first = (judged.text.clone(), judged.transcript.clone());
                stage.end_upsd().await;
                stage = Stage::new(lab(target, options)?);
                let again = judge(case, target, &mut stage, ledger).await;
                if again.as_expected() {
                    judged = again;
                    (judged.flaky, judged.transcript) = (Some(first.0), first.1);
                }
            }
            if !judged.as_expected() || judged.flaky.is_some() {
                judged.kept = keep::keep(options.keep.as_deref(), &judged, &stage)?;
                stage.end_upsd().await;
                stage = Stage::new(lab(target, options)?);
            }
            report(judged);
        }
        stage.end_upsd().await;
        Ok(())
    })
}

/// Judges one case on machines in memory, in a world of its own.
///
/// # Errors
/// Text: there is no such world.
pub fn virtually(
    case: &'static Case,
    ledger: &Ledger,
    options: &Options,
    make: impl FnOnce(u64) -> Result<Arc<dyn Lab>, String>,
) -> Result<Judged, String> {
    runtime(true)?.block_on(async {
        let mut stage = Stage::new(make(SEED)?);
        let mut judged = judge(case, &Target::OursVirtual, &mut stage, ledger).await;
        if !judged.as_expected() {
            judged.kept = keep::keep(options.keep.as_deref(), &judged, &stage)?;
        }
        Ok(judged)
    })
}

fn runtime(paused: bool) -> Result<Runtime, String> {
    let mut builder = Builder::new_current_thread();
    let builder = if paused { builder.enable_time().start_paused(true) } else { builder.enable_all() };
    builder.build().map_err(|error| format!("failed to start a runtime: {error}"))
}

fn lab(target: &Target, options: &Options) -> Result<Arc<dyn Lab>, String> {
    Ok(match target {
        Target::Ours => Arc::new(ProcessLab::new(Programs::Ours(options.program.clone()))?),
        Target::Nut => Arc::new(ProcessLab::new(Programs::Nut(options.bin.clone()))?),
        Target::OursVirtual => Arc::new(VirtualLab::new(SEED)?),
        Target::Remote(host, port) => Arc::new(RemoteLab::new(host, *port)),
    })
}

async fn judge(case: &'static Case, target: &Target, stage: &mut Stage, ledger: &Ledger) -> Judged {
    let watch = Stopwatch::start();
    let from = stage.record().len();
    let outcome = if matches!(target, Target::Remote(..)) && case.profile != Profile::ReadOnly {
        Err(Miss::Skipped("only what reads is safe at a server somewhere".to_owned()))
    } else {
        let limit = if stage.is_virtual() { CASE_LIMIT_VIRTUAL } else { CASE_LIMIT };
        match timeout(limit, unwound(check(case, stage))).await {
            Ok(outcome) => outcome,
            Err(_) => {
                stage.touch();
                Err(Miss::Fail(format!("it took longer than {limit:?}")))
            }
        }
    };
    if outcome.is_err() {
        // Whatever it left, the next case is not to find it.
        stage.touch();
    }
    let (verdict, text) = Verdict::of(case.level, outcome);
    let transcript = stage.record().entries().split_off(from);
    let entry = ledger.get(case.id).cloned();
    Judged {
        case,
        target: target.clone(),
        verdict,
        text,
        entry,
        flaky: None,
        transcript,
        took: watch.elapsed(),
        kept: None,
    }
}

fn check<'a>(case: &'static Case, stage: &'a mut Stage) -> BoxFuture<'a, Outcome> {
    match case.check {
        Check::Talk(text) => Box::pin(async move {
            let talk = talk::parse(text)?;
            talk::play(&talk, stage).await
        }),
        Check::Watch(text) => Box::pin(async move {
            let watch = watch::parse(text)?;
            watch::play(&watch, stage).await
        }),
        Check::Run(check) => check(stage),
    }
}

/// A check that panics has failed; those after it run on.
async fn unwound(mut check: BoxFuture<'_, Outcome>) -> Outcome {
    poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| check.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
            Poll::Ready(Err(Miss::Fail(format!("the check panicked: {text}"))))
        })
    })
    .await
}
