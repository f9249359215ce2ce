//! What happened since the program started, for `sekisho status`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_channel::admin::Refused;
use sekisho_receiver::{Closing, Event, Observer};

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
    /// When the audit record was signed last; 0 for not yet.
    pub(crate) signed_ms: AtomicU64,
    /// What the receiver refused: what, why (codes of closed lists), how often.
    refusals: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

impl Counters {
    /// Counts one.
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What the receiver refused.
    pub(crate) fn refusals(&self) -> Vec<Refused> {
        let refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |(&(what, reason), &count): (&(&str, &str), &u64)| Refused {
            what: what.to_owned(),
            reason: reason.to_owned(),
            count,
        };
        refusals.iter().map(told).collect()
    }

    fn refuse(&self, what: &'static str, reason: &'static str) {
        *self.refusals.lock().unwrap_or_else(PoisonError::into_inner).entry((what, reason)).or_default() += 1;
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

/// Counts what the receiver refuses.
pub(crate) struct Gatekeeper(pub(crate) Arc<Counters>);

impl Observer for Gatekeeper {
    fn observe(&self, event: &Event) {
        match event {
            Event::Denied { denial, .. } => self.0.refuse("client", denial.code()),
            Event::Refused { reply, .. } => self.0.refuse("command", reply.status()),
            Event::MailRefused { refusal, .. } => self.0.refuse("mail", refusal.code()),
            Event::Interrupted { .. } => self.0.refuse("mail", "interrupted"),
            Event::Closed { closing, .. } => match closing {
                Closing::Quit | Closing::Lost => {}
                Closing::Offence(_) | Closing::Limit(_) | Closing::Flood(_) | Closing::Handshake => {
                    self.0.refuse("connection", closing.code());
                }
            },
            Event::Connected { .. } | Event::Secured { .. } | Event::Accepted { .. } => {}
        }
    }
}
