//! What was sent and what arrived, mail by mail.
//!
//! Sender and sink share one ledger and one clock: latency needs no stamp in
//! the mail, which a gateway is free to rewrite. A mail is known again by its
//! envelope recipients: `m<NUMBER>@bench.example`, further ones
//! `m<NUMBER>r<WHICH>@bench.example`.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::spread::Percentiles;

/// The domain of every recipient (RFC 2606 3).
pub const DOMAIN: &str = "bench.example";

/// Recipients that one mail may have: a bit each.
pub const MOST_RECIPIENTS: u8 = 64;

/// Mails whose room is made at one time: a run that ends early pays for what it sent.
const BLOCK: u64 = 4096;

/// The mails of one measurement.
#[derive(Debug)]
pub struct Ledger {
    origin: Instant,
    domain: String,
    first: u64,
    count: u64,
    blocks: Box<[OnceLock<Box<[Mail]>>]>,
    next: AtomicU64,
    accepted: AtomicU64,
    arrivals: Mutex<Arrivals>,
    changed: Condvar,
}

/// When something happened to a mail, in nanoseconds since the ledger's
/// origin; 0 is not yet.
#[derive(Debug, Default)]
struct Mail {
    from: AtomicU64,
    accepted: AtomicU64,
    arrived: AtomicU64,
    /// A bit for each recipient that is still awaited, beyond the first.
    more: AtomicU64,
    /// A bit for each recipient that the mail has arrived at.
    came: AtomicU64,
}

/// What happened to one mail when, in nanoseconds since the ledger's origin;
/// 0 is not yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// When it was due; if nobody said so, its final dot.
    pub from: u64,
    /// Its `250`.
    pub accepted: u64,
    /// Its arrival at the last of its recipients.
    pub arrived: u64,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Arrivals {
    /// Mails that have come to all of their recipients.
    pub(crate) distinct: u64,
    /// Arrivals at a recipient that had the mail.
    pub(crate) again: u64,
    /// Arrivals at recipients of no mail of this ledger.
    pub(crate) strange: u64,
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
        Self::at(DOMAIN, first, count)
    }

    /// The same, with recipients at `domain`.
    pub fn at(domain: &str, first: u64, count: u64) -> Self {
        Self {
            origin: Instant::now(),
            domain: domain.to_owned(),
            first,
            count,
            blocks: (0..count.div_ceil(BLOCK)).map(|_| OnceLock::new()).collect(),
            next: AtomicU64::new(first),
            accepted: AtomicU64::new(0),
            arrivals: Mutex::new(Arrivals::default()),
            changed: Condvar::new(),
        }
    }

    /// The number of the next mail to send, until all are taken.
    pub fn take(&self) -> Option<u64> {
        self.take_many(1).map(|numbers| numbers.start)
    }

    /// The next `count` numbers, for one mail to so many recipients, each known
    /// by a number of its own.
    pub fn take_many(&self, count: u64) -> Option<Range<u64>> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let last = first.saturating_add(count).checked_sub(1)?;
        self.mail(first).and(self.mail(last)).map(|_| first..last + 1)
    }

    /// How many were taken.
    pub fn taken(&self) -> u64 {
        (self.next.load(Ordering::Relaxed) - self.first).min(self.count)
    }

    /// The place of a mail in the order of sending, from 0.
    pub fn place(&self, number: u64) -> u64 {
        number.saturating_sub(self.first)
    }

    /// Since the clock started.
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }

    /// The recipients of a mail, as many as asked for; the ledger waits for all
    /// of them.
    pub fn recipients(&self, number: u64, count: u8) -> Vec<String> {
        let count = count.clamp(1, MOST_RECIPIENTS);
        if let Some(mail) = self.mail(number) {
            mail.more.store(every(count) & !1, Ordering::Relaxed);
        }
        let further = (1..count).map(|which| format!("m{number}r{which}@{}", self.domain));
        std::iter::once(format!("m{number}@{}", self.domain)).chain(further).collect()
    }

    /// Notes when a mail should have been sent, since the clock started:
    /// latency counts from there, however late it is sent.
    pub fn due(&self, number: u64, at: Duration) {
        if let Some(mail) = self.mail(number) {
            mail.from.store(nanos(at), Ordering::Relaxed);
        }
    }

    /// Notes that the final dot of a mail is about to be written.
    pub fn dotted(&self, number: u64) {
        let now = self.now();
        if let Some(mail) = self.mail(number) {
            // What was due at a time of its own keeps it.
            let _ = mail.from.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Notes the `250` to a mail.
    pub fn accepted(&self, number: u64) {
        let now = self.now();
        if let Some(mail) = self.mail(number) {
            mail.accepted.store(now, Ordering::Relaxed);
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes the arrival of a mail at this recipient.
    pub fn arrived(&self, recipient: &str) {
        let now = self.now();
        let known = self.number(recipient).and_then(|(number, which)| Some((self.mail(number)?, 1_u64 << which)));
        let known = known.filter(|(mail, bit)| mail.wanted() & bit != 0);
        let mut arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            None => arrivals.strange += 1,
            Some((mail, bit)) => {
                let before = mail.came.fetch_or(bit, Ordering::Relaxed);
                if before & bit != 0 {
                    arrivals.again += 1;
                } else if before | bit == mail.wanted() {
                    mail.arrived.store(now, Ordering::Relaxed);
                    arrivals.distinct += 1;
                }
            }
        }
        self.changed.notify_all();
    }

    /// Mails that got `250` so far.
    pub fn accepted_count(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn arrivals(&self) -> Arrivals {
        *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened to each mail that was taken, in the order of sending.
    pub fn times(&self) -> Vec<Times> {
        let taken = self.first..self.first + self.taken();
        taken.filter_map(|number| self.mail(number)).map(Mail::times).collect()
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
        let times = self.times();
        let latency = |end: fn(&Times) -> u64| {
            let done = times.iter().filter(|mail| mail.from > 0 && end(mail) > mail.from);
            done.map(|mail| end(mail) - mail.from).collect()
        };
        let last = |at: fn(&Times) -> u64| Duration::from_nanos(times.iter().map(at).max().unwrap_or(0));
        let arrivals = self.arrivals();
        Tally {
            accepted: times.iter().filter(|mail| mail.accepted > 0).count() as u64,
            delivered: arrivals.distinct,
            duplicates: arrivals.again,
            strange: arrivals.strange,
            accepting: last(|mail| mail.accepted),
            delivering: last(|mail| mail.arrived),
            to_reply: Percentiles::of_nanos(latency(|mail| mail.accepted)),
            to_arrival: Percentiles::of_nanos(latency(|mail| mail.arrived)),
        }
    }

    fn mail(&self, number: u64) -> Option<&Mail> {
        let at = number.checked_sub(self.first).filter(|at| *at < self.count)?;
        let block = self.blocks.get(usize::try_from(at / BLOCK).ok()?)?;
        let block = block.get_or_init(|| (0..BLOCK).map(|_| Mail::default()).collect());
        block.get(usize::try_from(at % BLOCK).ok()?)
    }

    /// Number and place of a recipient of this ledger.
    fn number(&self, recipient: &str) -> Option<(u64, u8)> {
        let (local, domain) = recipient.strip_prefix('m')?.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let (number, which) = local.split_once('r').unwrap_or((local, "0"));
        let which = which.parse().ok().filter(|which| *which < MOST_RECIPIENTS)?;
        Some((number.parse().ok()?, which))
    }

    fn now(&self) -> u64 {
        nanos(self.origin.elapsed())
    }
}

impl Mail {
    fn times(&self) -> Times {
        let [from, accepted, arrived] =
            [&self.from, &self.accepted, &self.arrived].map(|time| time.load(Ordering::Relaxed));
        Times { from, accepted, arrived }
    }

    fn wanted(&self) -> u64 {
        self.more.load(Ordering::Relaxed) | 1
    }
}

/// As many bits.
fn every(count: u8) -> u64 {
    u64::MAX >> (u64::BITS - u32::from(count.clamp(1, MOST_RECIPIENTS)))
}

/// 584 years fit. Never 0, which is "not yet".
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Ledger;

    #[test]
    fn a_mail_is_known_by_its_recipient() {
        let ledger = Ledger::new(5, 5);
        assert_eq!(ledger.recipients(7, 2), ["m7@bench.example", "m7r1@bench.example"]);
        assert_eq!(ledger.number("m7@bench.example"), Some((7, 0)));
        assert_eq!(ledger.number("m7r63@BENCH.example"), Some((7, 63)));
        for strange in
            ["7@bench.example", "m@bench.example", "m7@b.example", "m7", "mx@bench.example", "m7r64@bench.example"]
        {
            assert_eq!(ledger.number(strange), None, "{strange}");
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

    #[test]
    fn a_mail_has_arrived_when_all_recipients_have_it() {
        let ledger = Ledger::at("city.example", 0, 10_000);
        let all = ledger.recipients(9_999, 64);
        for (at, recipient) in all.iter().enumerate() {
            assert_eq!(ledger.tally().delivered, 0, "{at}");
            ledger.arrived(recipient);
        }
        ledger.arrived(&all[63]);
        let arrivals = ledger.arrivals();
        assert_eq!((arrivals.distinct, arrivals.again, arrivals.strange), (1, 1, 0));
    }

    #[test]
    fn latency_counts_from_the_time_a_mail_was_due() {
        let ledger = Ledger::new(0, 2);
        let (_, _) = (ledger.take(), ledger.take());
        ledger.due(0, Duration::from_nanos(5));
        ledger.dotted(0);
        ledger.dotted(1);
        let times = ledger.times();
        assert_eq!(times[0].from, 5);
        assert!(times[1].from > 5);
    }
}
