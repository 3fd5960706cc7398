//! Futures that are polled only when something woke them.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A part of a task that has a waker of its own: it is polled when that was woken, and not whenever another part of
/// the task was. For the long-lived parts of a daemon, since it costs an allocation.
pub struct Quiet<F> {
    future: Pin<Box<F>>,
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

impl<F: Future> Quiet<F> {
    /// The same future, with a waker of its own.
    pub fn new(future: F) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), task: Mutex::new(None) });
        Self { future: Box::pin(future), waker: Arc::clone(&bell).into(), bell }
    }
}

impl<F: Future> Future for Quiet<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_when_it_was_woken_and_at_no_other_time() {
        let (polls, bell, other) = (Cell::new(0), Notify::new(), Notify::new());
        let mut quiet = Quiet::new(async {
            let mut notified = std::pin::pin!(bell.notified());
            poll_fn(|context| {
                polls.set(polls.get() + 1);
                notified.as_mut().poll(context)
            })
            .await;
        });
        for _ in 0..3 {
            tokio::select! {
                biased;
                () = &mut quiet => unreachable!("nobody rang"),
                () = other.notified() => {}
                () = async { other.notify_one(); tokio::task::yield_now().await } => {}
            }
        }
        assert_eq!(polls.get(), 1);
        bell.notify_one();
        quiet.await;
        assert_eq!(polls.get(), 2);
    }

    #[tokio::test]
    async fn it_wakes_the_task_that_polled_it_last() {
        let bell = Arc::new(Notify::new());
        let mut quiet = Quiet::new({
            let bell = Arc::clone(&bell);
            async move { bell.notified().await }
        });
        assert!(poll_fn(|context| Poll::Ready(Pin::new(&mut quiet).poll(context))).await.is_pending());
        let waits = tokio::spawn(quiet);
        tokio::task::yield_now().await;
        bell.notify_one();
        waits.await.unwrap();
    }
}
