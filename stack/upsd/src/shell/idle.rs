//! Clients that say nothing: dropped after a while, at no cost to them until then.
//!
//! One timer serves all clients. It rings when the first of them may be due; one that was heard meanwhile is put back.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::core::ClientId;

/// A client that completes no line, and takes no reply, for so long is dropped (nut 2.8: a constant in its code too).
const PATIENCE: Duration = Duration::from_secs(60);

/// When a client was last heard: written by its connection, read here.
#[derive(Clone, Debug)]
pub(super) struct Heard(Arc<AtomicU64>);

impl Heard {
    pub(super) fn new(now: Duration) -> Self {
        Self(Arc::new(AtomicU64::new(nanoseconds(now))))
    }

    pub(super) fn at(&self, now: Duration) {
        self.0.store(nanoseconds(now), Ordering::Relaxed);
    }

    fn last(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Who is to be looked at when.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeSet<(Duration, ClientId)>);

impl Watch {
    pub(super) fn add(&mut self, client: ClientId, heard: &Heard) {
        self.0.insert((heard.last() + PATIENCE, client));
    }

    /// When to call [`Watch::due`] next.
    pub(super) fn next(&self) -> Option<Duration> {
        self.0.first().map(|(at, _)| *at)
    }

    /// The clients that were silent for too long. `heard` knows those that are still there.
    pub(super) fn due<'a>(
        &mut self,
        now: Duration,
        heard: impl Fn(ClientId) -> Option<&'a Heard>,
    ) -> Vec<ClientId> {
        let mut silent = Vec::new();
        while let Some((_, client)) = self.0.first().copied().filter(|(at, _)| *at <= now) {
            self.0.pop_first();
            match heard(client) {
                Some(heard) if heard.last() + PATIENCE > now => self.add(client, heard),
                Some(_) => silent.push(client),
                None => {}
            }
        }
        silent
    }
}
