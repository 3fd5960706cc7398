//! Time that leaps: when nothing is left to do at one moment, it is the next one at which something is due.
//!
//! Tokio's paused clock does the same by way of a timer wheel, which costs a stop at each of its levels. A laboratory
//! that runs days in a fraction of a second asks for this one, in a runtime without a clock of its own.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::pipe::lock;

/// A clock and those who wait for it. Clones are the same clock. It starts at 0.
///
/// It leaps when told to, by [`Timeline::leap`]: make that the runtime's `on_thread_park`.
#[derive(Clone, Default)]
pub struct Timeline(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Milliseconds.
    now: AtomicU64,
    sleepers: Mutex<Sleepers>,
}

#[derive(Default)]
struct Sleepers {
    /// By the millisecond that they wait for, then by age.
    due: BTreeMap<(u64, u64), Waker>,
    /// The age of the next one.
    next: u64,
}

impl Timeline {
    /// The time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_millis(self.0.now.load(Ordering::Relaxed))
    }

    /// Returns at `at`, rounded up to a millisecond; at once if that has passed. Cancel safe.
    #[must_use]
    pub fn sleep_until(&self, at: Duration) -> Sleep {
        let at = u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Sleep { timeline: self.clone(), at, age: None }
    }

    /// Goes to the next moment that somebody waits for, and wakes everybody who waits for it, the oldest first. To be
    /// called when there is nothing left to do at this one.
    pub fn leap(&self) {
        let Shared { now, sleepers } = &*self.0;
        let mut sleepers = lock(sleepers);
        let Some((&(moment, _), _)) = sleepers.due.first_key_value() else { return };
        now.store(moment, Ordering::Relaxed);
        let mut woken = Vec::new();
        while let Some(entry) = sleepers.due.first_entry().filter(|entry| entry.key().0 == moment) {
            woken.push(entry.remove());
        }
        drop(sleepers);
        for waker in woken {
            waker.wake();
        }
    }
}

/// See [`Timeline::sleep_until`].
pub struct Sleep {
    timeline: Timeline,
    at: u64,
    /// With its moment, its place among the sleepers.
    age: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { timeline, at, age } = &mut *self;
        let Shared { now, sleepers } = &*timeline.0;
        if now.load(Ordering::Relaxed) >= *at {
            return Poll::Ready(());
        }
        let mut sleepers = lock(sleepers);
        let age = *age.get_or_insert_with(|| {
            sleepers.next += 1;
            sleepers.next
        });
        let waker = sleepers.due.entry((*at, age)).or_insert_with(|| context.waker().clone());
        if !waker.will_wake(context.waker()) {
            waker.clone_from(context.waker());
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(age) = self.age {
            lock(&self.timeline.0.sleepers).due.remove(&(self.at, age));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn world() -> (Runtime, Timeline) {
        let timeline = Timeline::default();
        let leaping = timeline.clone();
        let runtime = Builder::new_current_thread().on_thread_park(move || leaping.leap()).build().unwrap();
        (runtime, timeline)
    }

    const fn ms(length: u64) -> Duration {
        Duration::from_millis(length)
    }

    #[test]
    fn it_leaps_from_one_thing_to_the_next_and_wakes_the_oldest_first() {
        let (runtime, timeline) = world();
        let (say, said) = mpsc::channel();
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            for (name, at) in
                [("late", ms(86_400_000)), ("first", ms(5)), ("second", Duration::from_micros(4001))]
            {
                let (timeline, say) = (timeline.clone(), say.clone());
                tasks.spawn(async move {
                    timeline.sleep_until(at).await;
                    say.send((name, timeline.now())).unwrap();
                });
            }
            tasks.join_all().await;
        });
        let said: Vec<_> = said.try_iter().collect();
        assert_eq!(said, [("first", ms(5)), ("second", ms(5)), ("late", ms(86_400_000))]);
    }

    #[test]
    fn what_has_passed_is_not_waited_for_and_who_gives_up_is_forgotten() {
        let (runtime, timeline) = world();
        runtime.block_on(async {
            timeline.sleep_until(ms(10)).await;
            timeline.sleep_until(ms(3)).await;
            assert_eq!(timeline.now(), ms(10));
            let given_up = async {
                tokio::select! {
                    biased;
                    () = timeline.sleep_until(ms(20)) => unreachable!("the other is due before"),
                    () = timeline.sleep_until(ms(15)) => {}
                }
            };
            given_up.await;
            assert_eq!(timeline.now(), ms(15));
            assert!(lock(&timeline.0.sleepers).due.is_empty());
        });
    }

    #[test]
    fn it_does_not_leap_while_there_is_something_to_do() {
        let (runtime, timeline) = world();
        runtime.block_on(async {
            let clock = timeline.clone();
            let busy = tokio::spawn(async move {
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
                clock.now()
            });
            timeline.sleep_until(ms(1)).await;
            assert_eq!(busy.await.unwrap(), ms(0));
        });
    }
}
