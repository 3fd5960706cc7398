//! A timer on a device's clock.

use std::future::pending;
use std::time::Duration;

use super::Ups;
use crate::clock::Sleep;

/// A timer that is set anew now and then, by the time of a device.
pub(crate) struct Alarm<'a> {
    ups: &'a Ups,
    at: Option<Duration>,
    sleep: Option<Sleep<'a>>,
    rang: bool,
}

impl<'a> Alarm<'a> {
    /// One that never rings.
    pub(crate) fn new(ups: &'a Ups) -> Self {
        Self { ups, at: None, sleep: None, rang: false }
    }

    /// Rings at `at`. A time that it is set to already changes nothing.
    pub(crate) fn set(&mut self, at: Option<Duration>) {
        if self.at != at {
            (self.at, self.rang) = (at, false);
            self.sleep = at.map(|at| self.ups.sleep_until(at));
        } else if self.rang {
            // It rang too early: by a rounding error of a scaled clock, or after the longest sleep.
            self.rang = false;
            let clock = &self.ups.shared.clock;
            let soon = clock.now() + Duration::from_millis(1);
            self.sleep = at.map(|at| clock.sleep_until(self.ups.on_the_clock(at).max(soon)));
        }
    }

    /// Returns when it rings. Cancel safe.
    pub(crate) async fn ring(&mut self) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().await,
            None => pending().await,
        }
        self.sleep = None;
        self.rang = true;
    }
}
