//! The way over the border: connections to the LGWAN side, and whether it
//! answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sekisho_channel::ChannelError;
use sekisho_channel::handoff::{Answer, Link, Target};

/// First and longest pause between attempts to reach the LGWAN side.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Idle connections kept for the next frames.
const IDLE_MAX: usize = 64;

/// Connections over the border.
pub(crate) struct Handover {
    target: Target,
    patience: Duration,
    idle: Mutex<Vec<Link>>,
    down: AtomicBool,
    /// Before the next attempt. It grows until a frame is answered: a side that
    /// can be connected to and takes nothing (its disk is full) must not have
    /// every mail read anew without end.
    pause: Mutex<Duration>,
}

impl Handover {
    /// Connections to `target`, whose answers may take `patience`; none is
    /// opened yet.
    pub(crate) fn new(target: Target, patience: Duration) -> Self {
        Self {
            target,
            patience,
            idle: Mutex::new(Vec::new()),
            down: AtomicBool::new(false),
            pause: Mutex::new(Duration::ZERO),
        }
    }

    /// Whether the LGWAN side failed to answer the last time.
    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Waits until the LGWAN side answers, so that no mail is read in vain.
    /// Cancel-safe.
    pub(crate) async fn reachable(&self) {
        while self.is_down() {
            let pause = *lock(&self.pause);
            tokio::time::sleep(pause).await;
            match Link::connect(&self.target, self.patience).await {
                Ok(link) => {
                    tracing::info!(event = "handoff.up");
                    self.down.store(false, Ordering::Relaxed);
                    self.keep(link);
                }
                Err(err) => {
                    let pause = self.lengthen();
                    tracing::warn!(event = "handoff.down", error = %err, retry_in_ms = pause.as_millis());
                }
            }
        }
    }

    /// Sends `frame`. A connection that had been idle may have died unnoticed;
    /// then one fresh connection is tried, which is harmless: frames carry
    /// their mail's id. The flag says whether it was.
    ///
    /// # Errors
    /// What stopped the last attempt; the frame counts as not taken.
    pub(crate) async fn send(&self, frame: &[u8]) -> Result<(Answer, bool), ChannelError> {
        let kept = lock(&self.idle).pop();
        let repeated = kept.is_some();
        if let Some(link) = kept
            && let Ok((answer, link)) = link.send(frame).await
        {
            self.answered(link);
            return Ok((answer, false));
        }
        let sent = async { Link::connect(&self.target, self.patience).await?.send(frame).await }.await;
        match sent {
            Ok((answer, link)) => {
                self.answered(link);
                Ok((answer, repeated))
            }
            Err(err) => {
                lock(&self.idle).clear();
                // Those that fail together lengthen it once.
                if !self.down.swap(true, Ordering::Relaxed) {
                    self.lengthen();
                }
                Err(err)
            }
        }
    }

    fn answered(&self, link: Link) {
        *lock(&self.pause) = Duration::ZERO;
        self.keep(link);
    }

    fn lengthen(&self) -> Duration {
        let mut pause = lock(&self.pause);
        *pause = (*pause * 2).clamp(PAUSES.0, PAUSES.1);
        *pause
    }

    fn keep(&self, link: Link) {
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_MAX {
            idle.push(link);
        }
    }
}

/// A list or a number cannot be half changed.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
