//! What happened since the program started, for `sekisho status`.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of one run of the program. All relaxed: they order nothing.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Mails answered with 250.
    pub(crate) received: AtomicU64,
    /// Mails that the LGWAN side took.
    pub(crate) delivered: AtomicU64,
    /// Mails held, for any reason.
    pub(crate) held: AtomicU64,
    /// Mails held because a worker crashed, hung, flooded or wrote garbage.
    pub(crate) worker_failures: AtomicU64,
    /// Mails that the LGWAN side refused: alarms.
    pub(crate) refused: AtomicU64,
    /// Frames sent again after a broken connection.
    pub(crate) repeats: AtomicU64,
}

impl Counters {
    /// Counts one.
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Names and values, in the order of a mail's life.
    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        [
            ("received", &self.received),
            ("delivered", &self.delivered),
            ("held", &self.held),
            ("worker-failures", &self.worker_failures),
            ("refused", &self.refused),
            ("repeats", &self.repeats),
        ]
        .into_iter()
        .map(|(name, counter)| (name.to_owned(), counter.load(Ordering::Relaxed)))
        .collect()
    }
}
