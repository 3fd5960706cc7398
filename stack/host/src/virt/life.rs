//! Whether a process runs.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Notify, watch};

use super::pipe::lock;
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
    signals: Mutex<VecDeque<Signal>>,
    signalled: Notify,
    /// Whether it takes signals itself.
    catches: AtomicBool,
}

impl Default for Life {
    fn default() -> Self {
        Self {
            dead: AtomicBool::new(false),
            end: watch::Sender::new(None),
            ready: watch::Sender::new(false),
            signals: Mutex::default(),
            signalled: Notify::new(),
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
        if !signals.contains(&signal) {
            signals.push_back(signal);
        }
        drop(signals);
        self.signalled.notify_one();
    }

    /// From now on signals wait for [`Life::next_signal`].
    pub(super) fn take_signals(&self) {
        self.catches.store(true, Ordering::Relaxed);
    }

    pub(super) async fn next_signal(&self) -> Signal {
        self.take_signals();
        loop {
            self.check().await;
            if let Some(signal) = lock(&self.signals).pop_front() {
                return signal;
            }
            self.signalled.notified().await;
        }
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
