//! Whether a process runs.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio::sync::watch;

use super::pipe::{Waiter, lock};
use crate::os::Signal;
use crate::process::ExitStatus;

/// What the parts of a process share.
pub(super) struct Life {
    /// It was killed, or its machine has no power: it never does anything again.
    dead: AtomicBool,
    /// How it ended.
    pub(super) end: watch::Sender<Option<ExitStatus>>,
    /// Whether it said that its start-up is over.
    pub(super) ready: watch::Sender<bool>,
    signals: Mutex<Signals>,
    /// Whether it takes signals itself.
    catches: AtomicBool,
}

#[derive(Default)]
struct Signals {
    waiting: VecDeque<Signal>,
    /// Who asks for the next one.
    asks: Waiter,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            dead: AtomicBool::new(false),
            end: watch::Sender::new(None),
            ready: watch::Sender::new(false),
            signals: Mutex::default(),
            catches: AtomicBool::new(false),
        }
    }
}

impl Life {
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub(super) fn set_dead(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }

    /// Returns at once in a process that runs, never in another.
    pub(super) async fn check(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    pub(super) fn catches(&self) -> bool {
        self.catches.load(Ordering::Relaxed)
    }

    pub(super) fn deliver(&self, signal: Signal) {
        let mut signals = lock(&self.signals);
        // As with the kernel's, one that already waits is not queued again.
        if !signals.waiting.contains(&signal) {
            signals.waiting.push_back(signal);
        }
        signals.asks.wake();
    }

    /// From now on signals wait for [`Life::next_signal`].
    pub(super) fn take_signals(&self) {
        self.catches.store(true, Ordering::Relaxed);
    }

    pub(super) async fn next_signal(&self) -> Signal {
        self.take_signals();
        poll_fn(|context| {
            if self.is_dead() {
                return Poll::Pending;
            }
            let mut signals = lock(&self.signals);
            match signals.waiting.pop_front() {
                Some(signal) => Poll::Ready(signal),
                None => {
                    signals.asks.wait(context);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) -> ExitStatus {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or(ExitStatus::Code(0)),
            // The sender lives in `self`.
            Err(_) => ExitStatus::Code(0),
        }
    }
}
