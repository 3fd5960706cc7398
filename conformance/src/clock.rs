//! The laboratory's one clock: scenario time.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

/// Scenario time: tokio's time, which the virtual lane pauses, times the scale. It stands at 0 until it begins. Clones
/// are the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Arc<OnceLock<Instant>>,
    scale: f64,
}

impl Clock {
    /// A clock that has not begun; `scale` scenario seconds will pass in a second of the runtime.
    #[must_use]
    pub fn standing(scale: f64) -> Self {
        Self { start: Arc::default(), scale }
    }

    /// The scenario begins: time runs from now on.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn begin(&self) {
        self.start.get_or_init(Instant::now);
    }

    /// The scenario's time.
    #[must_use]
    pub fn now(&self) -> Duration {
        let elapsed = self.start.get().map_or(Duration::ZERO, Instant::elapsed);
        // Exact where it can be: the virtual lane compares times for equality.
        if self.scale == 1.0 { elapsed } else { elapsed.mul_f64(self.scale) }
    }

    /// How long `length` of scenario time lasts in the runtime's.
    #[must_use]
    pub fn real(&self, length: Duration) -> Duration {
        if self.scale == 1.0 { length } else { length.div_f64(self.scale) }
    }

    /// How much scenario time passes in `length` of the runtime's.
    #[must_use]
    pub fn scenario(&self, length: Duration) -> Duration {
        if self.scale == 1.0 { length } else { length.mul_f64(self.scale) }
    }

    /// Returns at `at` of scenario time; never, before that begins.
    pub async fn sleep_until(&self, at: Duration) {
        match self.start.get() {
            Some(start) => tokio::time::sleep_until(*start + self.real(at)).await,
            None => std::future::pending().await,
        }
    }

    /// Returns after `length` of scenario time.
    pub async fn sleep(&self, length: Duration) {
        tokio::time::sleep(self.real(length)).await;
    }
}

/// Real time, for reports only.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "how long a run took is said, never judged")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
