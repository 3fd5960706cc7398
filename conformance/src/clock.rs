//! The laboratory's one clock: scenario time.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use outage_host::virt::Timeline;
use outage_simulator::clock::{Clock as Base, Sleep, TokioClock};

/// Scenario time: the time of a base, which is real or leaps, times the scale. It stands at 0 until it begins. Clones
/// are the same clock.
#[derive(Clone)]
pub struct Clock {
    base: Arc<dyn Base>,
    start: Arc<OnceLock<Duration>>,
    scale: f64,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, scale, .. } = self;
        f.debug_struct("Clock").field("start", start).field("scale", scale).finish_non_exhaustive()
    }
}

impl Clock {
    /// A clock that has not begun; `scale` scenario seconds will pass in a second of tokio's time.
    #[must_use]
    pub fn standing(scale: f64) -> Self {
        Self::over(Arc::new(TokioClock::default()), scale)
    }

    /// The same over another base.
    #[must_use]
    pub fn over(base: Arc<dyn Base>, scale: f64) -> Self {
        Self { base, start: Arc::default(), scale }
    }

    /// The scenario begins: time runs from now on.
    pub fn begin(&self) {
        self.start.get_or_init(|| self.base.now());
    }

    /// The scenario's time.
    #[must_use]
    pub fn now(&self) -> Duration {
        let elapsed = self.start.get().map_or(Duration::ZERO, |start| self.base.now().saturating_sub(*start));
        // Exact where it can be: the virtual lane compares times for equality.
        if self.scale == 1.0 { elapsed } else { elapsed.mul_f64(self.scale) }
    }

    /// How long `length` of scenario time lasts in the base's.
    #[must_use]
    pub fn real(&self, length: Duration) -> Duration {
        if self.scale == 1.0 { length } else { length.div_f64(self.scale) }
    }

    /// How much scenario time passes in `length` of the base's.
    #[must_use]
    pub fn scenario(&self, length: Duration) -> Duration {
        if self.scale == 1.0 { length } else { length.mul_f64(self.scale) }
    }

    /// Returns at `at` of scenario time; never, before that begins.
    pub async fn sleep_until(&self, at: Duration) {
        match self.start.get() {
            Some(start) => self.base.sleep_until(*start + self.real(at)).await,
            None => std::future::pending().await,
        }
    }

    /// Returns after `length` of scenario time.
    pub async fn sleep(&self, length: Duration) {
        self.base.sleep_until(self.base.now() + self.real(length)).await;
    }
}

/// The time of the machines in memory, as the virtual UPSes beside them take it.
pub struct Leaping(pub Timeline);

impl Base for Leaping {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep_until(&self, at: Duration) -> Sleep<'_> {
        Box::pin(self.0.sleep_until(at))
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
