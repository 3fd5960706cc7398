//! Futures that are polled only when something woke them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A part of a task that has a waker of its own: it is polled when that was woken, and not whenever another part of
/// the task was. For the long-lived parts of a daemon, since it costs allocations.
pub(crate) struct Quiet<'a, T> {
    future: BoxFuture<'a, T>,
    bell: Arc<Bell>,
    waker: Waker,
}

struct Bell {
    rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel)
            && let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner)
        {
            task.wake_by_ref();
        }
    }
}

impl<'a, T> Quiet<'a, T> {
    /// The same future, with a waker of its own.
    #[must_use]
    pub(crate) fn new(future: BoxFuture<'a, T>) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(None) });
        Self { future, waker: Arc::clone(&bell).into(), bell }
    }
}

impl<T> Future for Quiet<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        {
            let mut task = self.bell.task.lock().unwrap_or_else(PoisonError::into_inner);
            match &*task {
                Some(known) if known.will_wake(context.waker()) => {}
                _ => *task = Some(context.waker().clone()),
            }
        }
        if !self.bell.rung.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let Self { future, waker, .. } = &mut *self;
        future.as_mut().poll(&mut Context::from_waker(waker))
    }
}

/// A future in a box, of whatever kind.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a future in a box, with no room for it, nor for what it does, on the caller's stack.
///
/// For what is large and goes on for long (the runtime makes room for a task's whole future each time it goes on with it) or
/// is rarely done (a function makes room for all that it may ever do). A daemon that has slept for seconds pays more for a
/// page that it touches than for anything it does there.
#[inline(never)]
pub fn boxed<'a, F: Future + Send + 'a>(make: impl FnOnce() -> F) -> BoxFuture<'a, F::Output> {
    Box::pin(make())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::AtomicU32;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_when_it_was_woken_and_at_no_other_time() {
        let (polls, bell, other) = (AtomicU32::new(0), Notify::new(), Notify::new());
        let mut quiet = Quiet::new(boxed(|| async {
            let mut notified = std::pin::pin!(bell.notified());
            poll_fn(|context| {
                polls.fetch_add(1, Ordering::Relaxed);
                notified.as_mut().poll(context)
            })
            .await;
        }));
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = &mut quiet => unreachable!("nobody rang"),
                () = other.notified() => {}
                () = async { other.notify_one(); tokio::task::yield_now().await } => {}
            }
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        bell.notify_one();
        quiet.await;
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn it_wakes_the_task_that_polled_it_last() {
        let bell = Arc::new(Notify::new());
        let mut quiet = Quiet::new(boxed(|| {
            let bell = Arc::clone(&bell);
            async move { bell.notified().await }
        }));
        assert!(poll_fn(|context| Poll::Ready(Pin::new(&mut quiet).poll(context))).await.is_pending());
        let waits = tokio::spawn(quiet);
        tokio::task::yield_now().await;
        bell.notify_one();
        waits.await.unwrap();
    }
}
