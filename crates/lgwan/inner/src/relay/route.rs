//! The way to the next server: open, or closed for a few seconds.
//!
//! While it is closed no mail is taken from the queue, so that a server which
//! is down costs one connection now and then and not one per mail; when it
//! answers again, everything that is due flows at once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::outcome::Trouble;
use crate::events;

/// How long a closed way rests: doubling from `min` to `max`.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first rest.
    pub min: Duration,
    /// The longest rest.
    pub max: Duration,
}

impl Default for Backoff {
    /// One to eight seconds: short, since one connection costs little and a
    /// mail that waits costs a person's time.
    fn default() -> Self {
        Self { min: Duration::from_secs(1), max: Duration::from_secs(8) }
    }
}

/// The state of the way.
#[derive(Debug)]
pub struct Route {
    backoff: Backoff,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open,
    Closed { trouble: Trouble, until: Instant, rest: Duration },
}

impl Route {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { backoff, state: Mutex::new(State::Open) }
    }

    /// Why it is closed, if it is.
    pub fn trouble(&self) -> Option<Trouble> {
        match *self.lock() {
            State::Open => None,
            State::Closed { trouble, .. } => Some(trouble),
        }
    }

    /// Waits until it may be tried.
    pub(super) async fn open(&self) {
        let until = match *self.lock() {
            State::Open => return,
            State::Closed { until, .. } => until,
        };
        tokio::time::sleep_until(until).await;
    }

    /// It did not lead anywhere just now. Those who were on their way at the
    /// same time say it together and lengthen the rest once.
    pub(super) fn closed(&self, trouble: Trouble) {
        let now = Instant::now();
        let mut state = self.lock();
        let rest = match *state {
            State::Closed { until, .. } if now < until => return,
            State::Closed { rest, .. } => (rest * 2).min(self.backoff.max),
            State::Open => {
                tracing::error!(event = events::RELAY_DOWN, trouble = %trouble);
                self.backoff.min
            }
        };
        *state = State::Closed { trouble, until: now + rest, rest };
    }

    /// A server answered.
    pub(super) fn answered(&self) {
        let mut state = self.lock();
        match *state {
            State::Open => {}
            State::Closed { .. } => {
                tracing::info!(event = events::RELAY_UP);
                *state = State::Open;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment: nothing can be half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(route: &Route) -> Option<Duration> {
        match *route.lock() {
            State::Open => None,
            State::Closed { rest, .. } => Some(rest),
        }
    }

    #[tokio::test]
    async fn rests_double_and_end() {
        let backoff = Backoff { min: Duration::from_millis(1), max: Duration::from_millis(4) };
        let route = Route::new(backoff);
        for millis in [1, 2, 4, 4] {
            route.closed(Trouble::Connect);
            assert_eq!(rest(&route), Some(Duration::from_millis(millis)));
            route.open().await;
        }
        route.answered();
        assert_eq!(route.trouble(), None);
    }

    #[tokio::test]
    async fn those_who_fail_together_lengthen_it_once() {
        let route = Route::new(Backoff { min: Duration::from_secs(60), max: Duration::from_secs(600) });
        for _ in 0..10 {
            route.closed(Trouble::Lost);
        }
        assert_eq!(rest(&route), Some(Duration::from_secs(60)));
    }
}
