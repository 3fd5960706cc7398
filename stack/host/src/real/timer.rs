//! Sleeping, with one timer of the kernel's for the whole program.
//!
//! The runtime's own timers live in a wheel: one of a few seconds wakes the program two or three times on its way from
//! ring to ring, which is most of what a daemon does that has nothing to do. This one wakes it when it is time, and its
//! clock goes on while the machine sleeps.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

use super::os::boot_time;
use super::sys;

/// The sleepers of a program.
pub(super) struct Timers(Arc<Shared>);

struct Shared {
    timer: AsyncFd<OwnedFd>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When the timer goes off.
    armed: Option<Duration>,
    /// Who sleeps until when; the number tells those apart that wake at one time.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the timer go off at `at`, unless it does before.
    fn arm(&self, state: &mut State, at: Duration) -> io::Result<()> {
        if state.armed.is_some_and(|armed| armed <= at) {
            return Ok(());
        }
        let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: seconds, tv_nsec: i64::from(at.subsec_nanos()) };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &once)?;
        state.armed = Some(at);
        Ok(())
    }

    /// Wakes those whose time has come, and has the timer go off for the next.
    fn ring(&self) -> io::Result<()> {
        let mut state = self.state();
        state.armed = None;
        let later = state.sleepers.split_off(&(boot_time(), u64::MAX));
        let due = std::mem::replace(&mut state.sleepers, later);
        let next = state.sleepers.first_key_value().map(|((at, _), _)| *at);
        let armed = next.map_or(Ok(()), |at| self.arm(&mut state, at));
        // Not under the lock: who is woken may sleep again.
        drop(state);
        due.into_values().for_each(Waker::wake);
        armed
    }
}

impl Timers {
    /// To be called in the runtime, once. An error: there are no such timers here.
    pub(super) fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let shared = Arc::new(Shared { timer: sys::watch(timer)?, state: Mutex::default() });
        let own = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let Ok(mut ready) = own.timer.readable().await else { return };
                // How often it went off is of no interest; without this it would go on saying that it did.
                let _ = rustix::io::read(own.timer.get_ref(), &mut [0; 8]);
                ready.clear_ready();
                if own.ring().is_err() {
                    return;
                }
            }
        });
        Ok(Self(shared))
    }

    /// Sleeps until a time of the clock that goes on during suspend.
    pub(super) fn sleep_until(&self, at: Duration) -> Sleep {
        Sleep { shared: Arc::clone(&self.0), at, number: None }
    }
}

/// A sleeper. Dropped, it is not woken.
pub(super) struct Sleep {
    shared: Arc<Shared>,
    at: Duration,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if boot_time() >= self.at {
            return Poll::Ready(());
        }
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        let number = *self.number.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        let waker = state.sleepers.entry((self.at, number)).or_insert_with(|| context.waker().clone());
        waker.clone_from(context.waker());
        // What cannot be armed is looked at again with whatever else wakes this program.
        let _ = shared.arm(&mut state, self.at);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            let waker = self.shared.state().sleepers.remove(&(self.at, number));
            drop(waker);
        }
    }
}
