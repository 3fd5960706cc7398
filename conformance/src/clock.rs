//! The laboratory's one clock: scenario time.

use std::time::Duration;

use tokio::time::Instant;

/// Scenario time since the start of a run: tokio's time, which the virtual lane pauses, times the scale.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
    scale: f64,
}

impl Clock {
    /// A clock that starts now; `scale` scenario seconds pass in a second of the runtime.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn start(scale: f64) -> Self {
        Self { start: Instant::now(), scale }
    }

    /// The scenario's time.
    #[must_use]
    pub fn now(&self) -> Duration {
        let elapsed = self.start.elapsed();
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

    /// Returns at `at` of scenario time.
    pub async fn sleep_until(&self, at: Duration) {
        tokio::time::sleep_until(self.start + self.real(at)).await;
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
