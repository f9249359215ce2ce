//! What was sent and what arrived, mail by mail.
//!
//! Sender and sink share one ledger and one clock: latency needs no stamp in
//! the mail, which a gateway is free to rewrite. A mail is known again by its
//! envelope recipient, `m<NUMBER>@bench.example`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::spread::Percentiles;

/// The domain of every recipient (RFC 2606 3).
pub const DOMAIN: &str = "bench.example";

/// The mails of one measurement.
#[derive(Debug)]
pub struct Ledger {
    origin: Instant,
    first: u64,
    mails: Box<[Mail]>,
    next: AtomicU64,
    arrivals: Mutex<Arrivals>,
    changed: Condvar,
}

/// When something happened to a mail, in nanoseconds since the ledger's
/// origin; 0 is not yet.
#[derive(Debug, Default)]
struct Mail {
    dot: AtomicU64,
    accepted: AtomicU64,
    arrived: AtomicU64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Arrivals {
    distinct: u64,
    again: u64,
    strange: u64,
}

/// What became of the mails of one ledger.
#[derive(Debug, Clone)]
pub struct Tally {
    /// Mails that got `250`.
    pub accepted: u64,
    /// Distinct mails that arrived.
    pub delivered: u64,
    /// Arrivals of a mail that had arrived before.
    pub duplicates: u64,
    /// Arrivals under recipients that are not of this ledger.
    pub strange: u64,
    /// From the ledger's making to the last `250`.
    pub accepting: Duration,
    /// From the ledger's making to the last first arrival.
    pub delivering: Duration,
    /// From the final dot to `250`.
    pub to_reply: Percentiles,
    /// From the final dot to the arrival.
    pub to_arrival: Percentiles,
}

impl Ledger {
    /// A ledger of `count` mails, numbered from `first`. Its clock starts now.
    pub fn new(first: u64, count: u64) -> Self {
        Self {
            origin: Instant::now(),
            first,
            mails: (0..count).map(|_| Mail::default()).collect(),
            next: AtomicU64::new(first),
            arrivals: Mutex::new(Arrivals::default()),
            changed: Condvar::new(),
        }
    }

    /// The number of the next mail to send, until all are taken.
    pub fn take(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.mail(number).map(|_| number)
    }

    /// Notes that the final dot of a mail is about to be written.
    pub fn dotted(&self, number: u64) {
        let now = self.now();
        if let Some(mail) = self.mail(number) {
            mail.dot.store(now, Ordering::Relaxed);
        }
    }

    /// Notes the `250` to a mail.
    pub fn accepted(&self, number: u64) {
        let now = self.now();
        if let Some(mail) = self.mail(number) {
            mail.accepted.store(now, Ordering::Relaxed);
        }
    }

    /// Notes the arrival of a mail at this recipient.
    pub fn arrived(&self, recipient: &str) {
        let now = self.now();
        let mail = number(recipient).and_then(|number| self.mail(number));
        let first =
            mail.map(|mail| mail.arrived.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok());
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        match first {
            Some(true) => arrivals.distinct += 1,
            Some(false) => arrivals.again += 1,
            None => arrivals.strange += 1,
        }
        self.changed.notify_all();
    }

    /// Waits until `count` distinct mails are in; gives up when nothing has
    /// come for `patience`.
    pub fn wait(&self, count: u64, patience: Duration) -> bool {
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        while arrivals.distinct < count {
            let (guard, timeout) =
                self.changed.wait_timeout(arrivals, patience).unwrap_or_else(PoisonError::into_inner);
            arrivals = guard;
            if timeout.timed_out() {
                return arrivals.distinct >= count;
            }
        }
        true
    }

    /// How it stands.
    pub fn tally(&self) -> Tally {
        let times: Vec<[u64; 3]> = self.mails.iter().map(Mail::times).collect();
        let latency = |end: usize| {
            times.iter().filter(|mail| mail[0] > 0 && mail[end] > mail[0]).map(|mail| mail[end] - mail[0]).collect()
        };
        let last = |at: usize| Duration::from_nanos(times.iter().map(|mail| mail[at]).max().unwrap_or(0));
        let arrivals = *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        Tally {
            accepted: times.iter().filter(|mail| mail[1] > 0).count() as u64,
            delivered: arrivals.distinct,
            duplicates: arrivals.again,
            strange: arrivals.strange,
            accepting: last(1),
            delivering: last(2),
            to_reply: Percentiles::of_nanos(latency(1)),
            to_arrival: Percentiles::of_nanos(latency(2)),
        }
    }

    fn mail(&self, number: u64) -> Option<&Mail> {
        let at = number.checked_sub(self.first)?;
        self.mails.get(usize::try_from(at).ok()?)
    }

    fn now(&self) -> u64 {
        // 584 years fit. Never 0, which is "not yet".
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }
}

impl Mail {
    fn times(&self) -> [u64; 3] {
        [&self.dot, &self.accepted, &self.arrived].map(|time| time.load(Ordering::Relaxed))
    }
}

/// The recipient of a mail.
pub fn recipient(number: u64) -> String {
    format!("m{number}@{DOMAIN}")
}

fn number(recipient: &str) -> Option<u64> {
    recipient.strip_prefix('m')?.split_once('@').filter(|(_, domain)| *domain == DOMAIN)?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use std::time::Duration;

    use super::{Ledger, number, recipient};

    #[test]
    fn a_mail_is_known_by_its_recipient() {
        assert_eq!(number(&recipient(7)), Some(7));
        for strange in ["7@bench.example", "m@bench.example", "m7@b.example", "m7", "mx@bench.example"] {
            assert_eq!(number(strange), None, "{strange}");
        }
    }

    #[test]
    fn each_mail_counts_once() {
        let ledger = Ledger::new(10, 2);
        assert_eq!([ledger.take(), ledger.take(), ledger.take()], [Some(10), Some(11), None]);
        ledger.dotted(10);
        ledger.accepted(10);
        for recipient in ["m10@bench.example", "m10@bench.example", "m12@bench.example", "m9@bench.example"] {
            ledger.arrived(recipient);
        }
        assert!(ledger.wait(1, Duration::ZERO));
        assert!(!ledger.wait(2, Duration::ZERO));
        let tally = ledger.tally();
        assert_eq!((tally.accepted, tally.delivered, tally.duplicates, tally.strange), (1, 1, 1, 2));
        assert!(tally.delivering >= tally.accepting);
    }
}
