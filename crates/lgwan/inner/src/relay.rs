//! From the safe spool to the LGWAN mail server.
//!
//! Owns: turns and their concurrency, the way's back-off, the verdicts per
//! recipient and what follows from them. One [`Transport`] carries the mails.
//!
//! Never: anything but a [`VerifiedMail`], or a message to the Internet side.
//! A mail that cannot be delivered is buried with one report to the
//! administrator inside.

mod maildir;
mod outcome;
mod report;
mod route;
mod schedule;
mod smtp;
mod wire;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sekisho_safe_message::{Address, Language, MailId};
use sekisho_settings::RetrySchedule;
use sekisho_store::{Lease, Settled, StoreError};
use sekisho_verify::VerifiedMail;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::audit;
use crate::clock::Clock;
use crate::events;
use crate::record::{Kind, Meta, Record, Standing};
use crate::render::Charset;
use crate::spool::{InHand, Opened, Spool, json, mail_id, open, remaining};

pub use maildir::Maildir;
pub use outcome::{Attempt, Cause, Enhanced, Meaning, Reply, Trouble, Verdict};
pub use route::{Backoff, Route};
pub use schedule::{Next, next};
pub use smtp::{Limits, Security, SetUpError, Smtp};

/// How long the queue rests after trouble with the spool itself.
const SPOOL_REST: Duration = Duration::from_secs(1);

/// Memory in KiB that mails under way may cost together: one of the largest, or
/// a thousand of the usual.
const MEMORY: u32 = 256 * 1024;
/// What one mail costs: itself, and its text or its largest file while it is
/// proven again.
const COST: u64 = 3;
/// How long a mail waits when nobody can be asked about its files.
const UNREAD_REST: Duration = Duration::from_secs(30);
/// Mails up to this are read where they are; longer ones get a thread of their
/// own for the milliseconds that it takes.
const SHORT: u64 = 64 * 1024;

/// A way that mails take.
pub trait Transport: Send + Sync + 'static {
    /// Tries to deliver `mail` to every recipient of its envelope.
    fn deliver(&self, mail: &VerifiedMail) -> impl Future<Output = Attempt> + Send;

    /// Whether the other end would take mail now, without sending any.
    fn probe(&self) -> impl Future<Output = Result<(), Trouble>> + Send;
}

/// How a relay behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// When a mail is tried again.
    pub schedule: RetrySchedule,
    /// Mails under way at one time.
    pub concurrency: usize,
    /// How long a closed way rests.
    pub backoff: Backoff,
    /// Who gets the reports.
    pub postmaster: Address,
    /// Who the reports are from.
    pub daemon: Address,
    /// The language that a report begins with; it says everything in both.
    pub language: Language,
    /// What the reports are written in.
    pub charset: Charset,
}

/// What happened since the start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Mails that every recipient has.
    pub relayed: AtomicU64,
    /// Attempts that left recipients waiting.
    pub deferred: AtomicU64,
    /// Mails given up.
    pub buried: AtomicU64,
}

/// The relay of one spool over one transport.
pub struct Relay<T> {
    spool: Spool,
    transport: T,
    options: Options,
    clock: Clock,
    route: Route,
    /// In KiB.
    memory: Semaphore,
    /// Mails that crashed us and are not held yet: one for each place at most.
    crashed: Mutex<BTreeSet<MailId>>,
    counters: Counters,
}

impl<T: Transport> Relay<T> {
    /// A relay that does nothing yet.
    pub fn new(spool: Spool, transport: T, options: Options, clock: Clock) -> Self {
        let route = Route::new(options.backoff);
        let memory = Semaphore::new(MEMORY as usize);
        Self {
            spool,
            transport,
            options,
            clock,
            route,
            memory,
            crashed: Mutex::default(),
            counters: Counters::default(),
        }
    }

    /// The state of the way.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Counters since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Relays until `stop` turns true, then finishes what is under way.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let turns = Arc::new(Semaphore::new(self.options.concurrency.max(1)));
        let mut under_way = JoinSet::new();
        while !*stop.borrow() {
            let turn = tokio::select! {
                biased;
                _ = stop.changed() => break,
                turn = self.turn(&turns) => turn,
            };
            let Some((lease, permit)) = turn else { continue };
            let relay = Arc::clone(&self);
            under_way.spawn(async move {
                relay.guarded(lease).await;
                drop(permit);
            });
            // Finished tasks are taken off, so that the set stays small.
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Waits for a free place, an open way and a mail that is due; `None` to
    /// look again. Cancelled, it has taken nothing.
    async fn turn(&self, turns: &Arc<Semaphore>) -> Option<(Lease, OwnedSemaphorePermit)> {
        let permit = Arc::clone(turns).acquire_owned().await.ok()?;
        self.route.open().await;
        // Before the look, so that nothing which comes in between is missed.
        let changed = self.spool.changed();
        match self.spool.next(self.clock.now_ms()) {
            Ok(Some(lease)) => return Some((lease, permit)),
            Ok(None) => {
                let pause = self.spool.next_due().map(|due| due.saturating_sub(self.clock.now_ms()).max(1));
                match pause {
                    Some(pause) => {
                        let _ = tokio::time::timeout(Duration::from_millis(pause), changed).await;
                    }
                    None => changed.await,
                }
            }
            Err(error) => {
                tracing::error!(event = events::SPOOL_TROUBLE, %error);
                tokio::time::sleep(SPOOL_REST).await;
            }
        }
        None
    }

    /// A mail on which our own code crashes is held, or it would crash again
    /// at once and for ever.
    ///
    /// The crash gives its lease back, and the queue may hand it out again
    /// before it can be held here. Whoever gets it then knows it by its id.
    async fn guarded(self: Arc<Self>, lease: Lease) {
        let id = mail_id(lease.id());
        if self.has_crashed(id) {
            return self.hold_crashed(id, lease).await;
        }
        let relay = Arc::clone(&self);
        let work = tokio::spawn(async move { relay.take_up(lease).await });
        let Err(crash) = work.await else { return };
        tracing::error!(event = events::CRASHED, %id, %crash);
        self.crashed.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        // Not ours to have: somebody has it who will find the id.
        if let Ok(lease) = self.spool.lease(id) {
            self.hold_crashed(id, lease).await;
        }
    }

    fn has_crashed(&self, id: MailId) -> bool {
        self.crashed.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    async fn hold_crashed(&self, id: MailId, lease: Lease) {
        match self.hold(lease, "crash").await {
            // From here on a person decides, who may let it try again.
            Ok(()) => {
                self.crashed.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            }
            Err(error) => tracing::error!(event = events::SPOOL_TROUBLE, %id, %error),
        }
    }

    /// Sets a mail aside for a person, whatever is left of it.
    async fn hold(&self, lease: Lease, why: &'static str) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        let entry = audit::held(mail_id(lease.id()), why, lease.attempts(), now_ms);
        lease.hold(now_ms, Settled::new(why).entry(entry.encode())).await
    }

    /// Reads a mail back and relays it; one that is no longer what was stored
    /// is held, and one whose files nobody can read waits.
    async fn take_up(&self, lease: Lease) {
        let cost = u32::try_from(lease.size().saturating_mul(COST) / 1024 + 1).unwrap_or(u32::MAX).min(MEMORY);
        let Ok(_memory) = self.memory.acquire_many(cost).await else { return };
        let opened = if lease.size() <= SHORT { open(lease, None) } else { Opened::Long(Box::new(lease)) };
        let opened = match opened {
            Opened::Long(lease) => self.open_aside(*lease).await,
            other => other,
        };
        match opened {
            // Opened aside it is one of the others.
            Opened::Long(_) => {}
            Opened::Sound(in_hand) => self.relay(*in_hand).await,
            Opened::Damaged(lease, why) => {
                tracing::error!(event = events::SPOOL_DAMAGED, id = %mail_id(lease.id()), why);
                if let Err(error) = self.hold(*lease, "damaged").await {
                    tracing::error!(event = events::SPOOL_TROUBLE, %error);
                }
            }
            Opened::Unread(lease, error) => {
                tracing::error!(event = events::VERIFIER_DOWN, id = %mail_id(lease.id()), %error);
                let now_ms = self.clock.now_ms();
                let rest = u64::try_from(UNREAD_REST.as_millis()).unwrap_or(u64::MAX);
                if let Err(error) = lease.defer(now_ms, now_ms.saturating_add(rest), Settled::new("unread")).await {
                    tracing::error!(event = events::SPOOL_TROUBLE, %error);
                }
            }
        }
    }

    /// Opens a mail where others need not wait for it.
    async fn open_aside(&self, lease: Lease) -> Opened {
        let checker = self.spool.checker().clone();
        match tokio::task::spawn_blocking(move || open(lease, Some(&checker))).await {
            Ok(opened) => opened,
            Err(crash) => std::panic::resume_unwind(Box::new(crash)),
        }
    }

    /// One attempt, and what follows from it.
    async fn relay(&self, in_hand: InHand) {
        let attempt = self.transport.deliver(&in_hand.mail).await;
        let now_ms = self.clock.now_ms();
        let settled = match attempt {
            Attempt::Closed(trouble) => {
                self.route.closed(trouble);
                self.after_closed(in_hand, now_ms).await
            }
            Attempt::Judged(verdicts) => {
                self.route.answered();
                self.after_verdicts(in_hand, &verdicts, now_ms).await
            }
        };
        if let Err(error) = settled {
            tracing::error!(event = events::SPOOL_TROUBLE, %error);
        }
    }

    /// No mail is at fault: it keeps its place in the queue, unless its
    /// lifetime is over.
    async fn after_closed(&self, in_hand: InHand, now_ms: u64) -> Result<(), StoreError> {
        let arrived_ms = in_hand.lease.arrived_ms();
        match next(&self.options.schedule, 1, arrived_ms, now_ms, self.clock.chance()) {
            Next::At(_) => {
                drop(in_hand.lease);
                Ok(())
            }
            Next::Expired => self.expire(in_hand, now_ms).await,
        }
    }

    async fn after_verdicts(&self, mut in_hand: InHand, verdicts: &[Verdict], now_ms: u64) -> Result<(), StoreError> {
        in_hand.record.attempt(verdicts, now_ms);
        let id = in_hand.mail.id();
        let Some(meta) = remaining(&in_hand.meta, &in_hand.record) else {
            return self.finish(in_hand, now_ms).await;
        };
        let attempts = in_hand.lease.attempts().saturating_add(1);
        let arrived_ms = in_hand.lease.arrived_ms();
        match next(&self.options.schedule, attempts, arrived_ms, now_ms, self.clock.chance()) {
            Next::Expired => self.expire(in_hand, now_ms).await,
            Next::At(due_ms) => {
                let cause = verdicts.iter().find_map(|verdict| match verdict {
                    Verdict::Later(cause) => Some(cause.to_string()),
                    Verdict::Done(_) | Verdict::Refused(_) => None,
                });
                let waiting = meta.envelope.to().len();
                tracing::warn!(event = events::DEFERRED, %id, waiting, attempts, due_ms, cause);
                self.counters.deferred.fetch_add(1, Ordering::Relaxed);
                let entry = audit::relayed(&in_hand.record, "deferred", now_ms).encode();
                let settled = Settled::new("deferred").meta(json(&meta)).record(json(&in_hand.record)).entry(entry);
                in_hand.lease.defer(now_ms, due_ms, settled).await
            }
        }
    }

    async fn expire(&self, mut in_hand: InHand, now_ms: u64) -> Result<(), StoreError> {
        in_hand.record.expire(now_ms);
        self.finish(in_hand, now_ms).await
    }

    /// Nobody waits any more: done, or buried with a report.
    async fn finish(&self, in_hand: InHand, now_ms: u64) -> Result<(), StoreError> {
        let InHand { lease, record, meta, .. } = in_hand;
        let refused = !record.standing(Standing::Refused).is_empty();
        let expired = !record.standing(Standing::Expired).is_empty();
        if !refused && !expired {
            tracing::info!(event = events::RELAYED, id = %record.id, recipients = record.recipients.len(), size = record.size);
            self.counters.relayed.fetch_add(1, Ordering::Relaxed);
            // Durable at once: until then a crash makes a duplicate.
            let entry = audit::relayed(&record, "relayed", now_ms).encode();
            let settled = Settled::new("relayed").record(json(&record)).expires_ms(self.spool.expiry(now_ms));
            let settled = settled.entry(entry);
            return lease.done(now_ms, settled).await;
        }
        // The report first: a crash between the two repeats it under the same
        // id, which the spool knows.
        if meta.kind == Kind::Mail
            && let Err(error) = self.report(&record, now_ms).await
        {
            return self.later(lease, &meta, record, now_ms, error).await;
        }
        let label = if refused { "refused" } else { "expired" };
        tracing::error!(event = events::BURIED, id = %record.id, reason = label);
        self.counters.buried.fetch_add(1, Ordering::Relaxed);
        let entry = audit::relayed(&record, label, now_ms).encode();
        let settled = Settled::new(label).record(json(&record)).expires_ms(self.spool.expiry(now_ms)).keep_body();
        let settled = settled.entry(entry);
        lease.bury(now_ms, settled).await
    }

    async fn report(&self, record: &Record, now_ms: u64) -> Result<(), StoreError> {
        let Some(mail) = report::about(record, &self.options, now_ms) else {
            tracing::error!(event = events::REFUSED, id = %record.id, reason = "own-report");
            return Ok(());
        };
        self.spool.put(&mail, Kind::Report, None, now_ms).await?;
        tracing::info!(event = events::REPORTED, id = %record.id, report = %mail.id());
        Ok(())
    }

    /// The report found no room: whoever does not have the mail waits on.
    async fn later(
        &self,
        lease: Lease,
        meta: &Meta,
        mut record: Record,
        now_ms: u64,
        error: StoreError,
    ) -> Result<(), StoreError> {
        tracing::error!(event = events::SPOOL_TROUBLE, id = %record.id, %error);
        record.revive(now_ms);
        let Some(meta) = remaining(meta, &record) else {
            return Ok(());
        };
        let pause = u64::try_from(self.options.schedule.min.as_millis()).unwrap_or(u64::MAX);
        let entry = audit::relayed(&record, "no-room", now_ms).encode();
        let settled = Settled::new("no-room").meta(json(&meta)).record(json(&record)).entry(entry);
        lease.defer(now_ms, now_ms.saturating_add(pause), settled).await
    }
}
