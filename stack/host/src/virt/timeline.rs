//! Time that leaps: when nothing is left to do at one moment, it is the next one at which something is due.
//!
//! Tokio's paused clock does the same by way of a timer wheel, which costs a stop at each of its levels. A laboratory
//! that runs days in a fraction of a second asks for this one, in a runtime without a clock of its own.

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

/// Few at a time, and most of them are gone again before time moves on (what was waited for came in time): a row is
/// cheaper than anything in the order of time.
#[derive(Default)]
struct Sleepers {
    /// The oldest first.
    row: Vec<Sleeper>,
    /// The number of the next one.
    next: u64,
}

struct Sleeper {
    number: u64,
    /// The millisecond that it waits for.
    at: u64,
    waker: Waker,
}

impl Sleepers {
    fn find(&self, number: u64) -> Result<usize, usize> {
        self.row.binary_search_by_key(&number, |sleeper| sleeper.number)
    }
}

impl Timeline {
    /// The time, in whole milliseconds.
    #[must_use]
    pub fn now(&self) -> Duration {
        Duration::from_millis(self.0.now.load(Ordering::Relaxed))
    }

    /// Returns at `at`, rounded up to a millisecond; at once if that has passed. Cancel safe.
    #[must_use]
    pub fn sleep_until(&self, at: Duration) -> Sleep<'_> {
        let at = u64::try_from(at.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        Sleep { timeline: self, at, number: None }
    }

    /// Goes to the next moment that somebody waits for, and wakes everybody who waits for it, the oldest first. To be
    /// called when there is nothing left to do at this one.
    pub fn leap(&self) {
        let Shared { now, sleepers } = &*self.0;
        let mut sleepers = lock(sleepers);
        let Some(moment) = sleepers.row.iter().map(|sleeper| sleeper.at).min() else { return };
        now.store(moment, Ordering::Relaxed);
        let woken: Vec<_> = sleepers.row.extract_if(.., |sleeper| sleeper.at == moment).collect();
        drop(sleepers);
        for sleeper in woken {
            sleeper.waker.wake();
        }
    }
}

/// See [`Timeline::sleep_until`].
pub struct Sleep<'a> {
    timeline: &'a Timeline,
    at: u64,
    /// Its number among the sleepers.
    number: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Self { timeline, at, number } = &mut *self;
        let Shared { now, sleepers } = &*timeline.0;
        if now.load(Ordering::Relaxed) >= *at {
            return Poll::Ready(());
        }
        let mut sleepers = lock(sleepers);
        if let Some(number) = *number
            && let Ok(place) = sleepers.find(number)
        {
            sleepers.row[place].waker.clone_from(context.waker());
        } else {
            let new = *number.insert(sleepers.next);
            sleepers.next += 1;
            sleepers.row.push(Sleeper { number: new, at: *at, waker: context.waker().clone() });
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let mut sleepers = lock(&self.timeline.0.sleepers);
            if let Ok(place) = sleepers.find(number) {
                sleepers.row.remove(place);
            }
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
            assert!(lock(&timeline.0.sleepers).row.is_empty());
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
