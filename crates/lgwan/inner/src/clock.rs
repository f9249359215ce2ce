//! Time and chance from outside, so that nothing else reads them.

use std::sync::Arc;

/// A wall clock and a source of chance. Clones share them.
#[derive(Clone)]
pub struct Clock {
    now_ms: Arc<dyn Fn() -> u64 + Send + Sync>,
    chance: Arc<dyn Fn() -> u32 + Send + Sync>,
}

impl Clock {
    /// The system's clock and random numbers.
    pub fn system() -> Self {
        Self::new(system_ms, system_chance)
    }

    /// Others, for tests: milliseconds since 1970, and any number.
    pub fn new(
        now_ms: impl Fn() -> u64 + Send + Sync + 'static,
        chance: impl Fn() -> u32 + Send + Sync + 'static,
    ) -> Self {
        Self { now_ms: Arc::new(now_ms), chance: Arc::new(chance) }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        (self.now_ms)()
    }

    /// A number, evenly spread.
    pub fn chance(&self) -> u32 {
        (self.chance)()
    }
}

fn system_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn system_chance() -> u32 {
    // It only spreads retries; without chance they come in step.
    getrandom::u32().unwrap_or(u32::MAX / 2)
}
