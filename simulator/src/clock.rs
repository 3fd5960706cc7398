//! What tells a virtual UPS the time.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

/// Waits for a point in time.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A clock that only goes forward.
pub trait Clock: Send + Sync + 'static {
    /// Time since some origin.
    fn now(&self) -> Duration;
    /// Returns at `at`, or at once if that has passed.
    fn sleep_until(&self, at: Duration) -> Sleep<'_>;
}

/// Tokio's clock, real or paused.
pub struct TokioClock(Instant);

impl Default for TokioClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the laboratory's own clock; devices get time as an argument"
    )]
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, at: Duration) -> Sleep<'_> {
        Box::pin(tokio::time::sleep_until(self.0 + at))
    }
}
