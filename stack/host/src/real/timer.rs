//! Sleeping, with one timer of the kernel's for the whole program.
//!
//! The runtime's own timers live in a wheel: one of a few seconds wakes the program two or three times on its way from
//! ring to ring, which is most of what a daemon does that has nothing to do. This one wakes it when it is time, and its
//! clock goes on while the machine sleeps.

use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::os::boot_time;
use super::sys;
use crate::host::{Elapsed, before};

/// What a program sleeps by.
#[derive(Clone)]
pub(super) enum Timers {
    /// The runtime's own timers.
    Runtime,
    /// One of the kernel's.
    Kernel(Arc<Alarm>),
}

impl Timers {
    /// A timer for [`Timers::kernel`]. Kernels before 3.15 have none with this clock.
    pub(super) fn create() -> io::Result<OwnedFd> {
        Ok(timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?)
    }

    /// To be called in the runtime, once.
    pub(super) fn kernel(timer: OwnedFd) -> io::Result<Self> {
        let timer = sys::watch_for(timer, Interest::READABLE)?;
        let alarm = Arc::new(Alarm { timer, state: Mutex::default() });
        alarm.listen();
        Ok(Self::Kernel(alarm))
    }

    /// Sleeps until a time of the clock that goes on during suspend.
    pub(super) async fn sleep_until(&self, at: Duration) {
        match self {
            Self::Kernel(alarm) => Sleep { alarm, at, number: None }.await,
            // Again when the machine was suspended meanwhile, or the timer was early.
            Self::Runtime => {
                while let Some(rest) = at.checked_sub(boot_time()).filter(|rest| !rest.is_zero()) {
                    tokio::time::sleep(rest).await;
                }
            }
        }
    }

    pub(super) async fn sleep(&self, length: Duration) {
        self.sleep_until(boot_time() + length).await;
    }

    /// Runs `work` for at most `length`.
    pub(super) async fn timeout<T>(
        &self,
        length: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, Elapsed> {
        before(self.sleep(length), work).await
    }
}

/// The timer, and who sleeps by it. It is what the runtime wakes when the timer goes off: a task between the two would have
/// to be run first, each time.
pub(super) struct Alarm {
    timer: AsyncFd<OwnedFd>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the timer goes off.
    armed: Option<Duration>,
    /// In no order: a program has few of them.
    sleepers: Vec<Sleeper>,
    /// The number of the next one.
    next: u64,
}

struct Sleeper {
    number: u64,
    at: Duration,
    waker: Waker,
}

impl State {
    /// Where the first to be woken is, and when.
    fn first(&self) -> Option<(usize, Duration)> {
        let sleepers = self.sleepers.iter().enumerate();
        let first = sleepers.min_by_key(|(_, sleeper)| (sleeper.at, sleeper.number));
        first.map(|(index, sleeper)| (index, sleeper.at))
    }

    /// Has the timer go off at `at`.
    fn arm(&mut self, timer: &AsyncFd<OwnedFd>, at: Duration) {
        if self.armed == Some(at) {
            return;
        }
        let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: seconds, tv_nsec: i64::from(at.subsec_nanos()) };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        // Fails for arguments that are wrong, and these are not. If it did, the next who sleeps would try again.
        if timerfd_settime(timer.get_ref(), TimerfdTimerFlags::ABSTIME, &once).is_ok() {
            self.armed = Some(at);
        }
    }
}

impl Alarm {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the runtime to be woken the next time that the timer goes off. How often it has is not read: the runtime tells
    /// of each time once, and the kernel starts to count anew when the timer is set.
    fn listen(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut context = Context::from_waker(&waker);
        while let Poll::Ready(Ok(mut ready)) = self.timer.poll_read_ready(&mut context) {
            ready.clear_ready();
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Wakes those whose time has come, and has the timer go off for the next.
    fn wake_by_ref(self: &Arc<Self>) {
        self.listen();
        self.state().armed = None;
        let now = boot_time();
        loop {
            let mut state = self.state();
            let Some((index, at)) = state.first() else { return };
            if at > now {
                return state.arm(&self.timer, at);
            }
            let sleeper = state.sleepers.swap_remove(index);
            // Not under the lock: nobody knows what it does.
            drop(state);
            sleeper.waker.wake();
        }
    }
}

/// Sleeping. Dropped, nobody is woken.
struct Sleep<'a> {
    alarm: &'a Alarm,
    at: Duration,
    number: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if boot_time() >= self.at {
            return Poll::Ready(());
        }
        let mut state = self.alarm.state();
        let number = *self.number.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        match state.sleepers.iter_mut().find(|sleeper| sleeper.number == number) {
            Some(sleeper) => sleeper.waker.clone_from(context.waker()),
            None => state.sleepers.push(Sleeper { number, at: self.at, waker: context.waker().clone() }),
        }
        // Later than before, too: the first may have gone since, and would be woken for nothing.
        if let Some((_, at)) = state.first() {
            state.arm(&self.alarm.timer, at);
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.alarm.state();
        let known = state.sleepers.iter().position(|sleeper| sleeper.number == number);
        let sleeper = known.map(|index| state.sleepers.swap_remove(index));
        drop(state);
        drop(sleeper);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::task::{JoinSet, yield_now};

    use super::*;

    const STEP: Duration = Duration::from_millis(20);

    /// The runtime's timers have the last word, in case that nothing rings.
    async fn in_time<T>(work: impl Future<Output = T>) -> T {
        tokio::time::timeout(STEP * 1_000, work).await.expect("woken in time")
    }

    fn alarm() -> (Timers, Arc<Alarm>) {
        let timers = Timers::kernel(Timers::create().unwrap()).unwrap();
        let Timers::Kernel(alarm) = &timers else { unreachable!("it was made of one of the kernel's") };
        (timers.clone(), Arc::clone(alarm))
    }

    #[tokio::test]
    async fn sleepers_wake_in_their_order_and_none_too_early() {
        let (timers, alarm) = alarm();
        let start = boot_time();
        let mut sleepers = JoinSet::new();
        for step in [3, 1, 4, 1, 0, 2] {
            let timers = timers.clone();
            sleepers.spawn(async move {
                timers.sleep_until(start + STEP * step).await;
                (step, boot_time())
            });
        }
        let woken = in_time(sleepers.join_all()).await;
        assert!(woken.iter().all(|(step, at)| *at >= start + STEP * *step), "{woken:?}");
        let mut order: Vec<_> = woken.iter().map(|(step, at)| (*at, *step)).collect();
        order.sort();
        let order: Vec<_> = order.iter().map(|(_, step)| *step).collect();
        assert_eq!(order, [0, 1, 1, 2, 3, 4]);
        assert!(alarm.state().sleepers.is_empty());
    }

    /// Whoever has gone wakes nobody: the timer is set for the first that is left when the next lies down.
    #[tokio::test]
    async fn one_that_went_is_forgotten() {
        let (timers, alarm) = alarm();
        let (soon, later) = (boot_time() + STEP * 1_000, boot_time() + STEP * 2_000);
        assert_eq!(timers.timeout(Duration::ZERO, timers.sleep_until(soon)).await, Err(Elapsed));
        let mut sleeper = Box::pin(timers.sleep_until(later));
        let polled = |context: &mut Context<'_>| Poll::Ready(sleeper.as_mut().poll(context));
        assert!(std::future::poll_fn(polled).await.is_pending());
        assert_eq!(alarm.state().armed, Some(later));
        assert_eq!(alarm.state().sleepers.len(), 1);
    }

    #[tokio::test]
    async fn a_busy_program_wakes_its_sleepers() {
        let (timers, _) = alarm();
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let busy = tokio::spawn(async move {
            while !seen.load(Ordering::Relaxed) {
                yield_now().await;
            }
        });
        for _ in 0..3 {
            in_time(timers.sleep(STEP)).await;
        }
        over.store(true, Ordering::Relaxed);
        busy.await.unwrap();
    }
}
