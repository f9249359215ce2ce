//! From the spool through a worker over the border, one mail after the other,
//! several at a time.
//!
//! Every path ends in a settlement, or in the lease's being dropped, which
//! puts the mail back: nothing is lost, whatever breaks.

use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::handoff;
use sekisho_job::{Answers, FileRules, HoldReason, Job, Limits, Report, Rules, Share};
use sekisho_policy::Policy;
use sekisho_safe_message::{Sha256, Timestamp};
use sekisho_store::{Lease, Settled, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::clock::now_ms;
use crate::counters::Counters;
use crate::handover::Handover;
use crate::meta::{Meta, mail_id};
use crate::pool::{Failure, Heard, Pool, WorkError};
use crate::retain::Retention;
use crate::settle::{self, Fate, Outcome};

/// Mails between lease and settlement at one time. More than workers, so that
/// those that wait for the LGWAN side's sync share it.
const IN_FLIGHT: usize = 64;

/// How long to wait after trouble that is not the mail's own.
const PAUSE: Duration = Duration::from_secs(1);

/// What every mail is read with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) rules: Rules,
    pub(crate) policy: Policy,
    pub(crate) files: FileRules,
    pub(crate) retention: Retention,
}

/// The dispatcher's parts.
pub(crate) struct Dispatch {
    pub(crate) store: Store,
    pub(crate) pool: Arc<Pool>,
    pub(crate) handover: Handover,
    pub(crate) plan: Plan,
    pub(crate) counters: Arc<Counters>,
}

impl Dispatch {
    /// Works until `stop` turns true, then finishes what is in flight.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
        loop {
            let lease = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                lease = self.next() => lease,
            };
            let Ok(place) = Arc::clone(&in_flight).acquire_owned().await else { break };
            let this = Arc::clone(&self);
            tokio::spawn(async move { this.serve(lease, place).await });
        }
        // What is in flight gives its places back when it is settled.
        let all = u32::try_from(IN_FLIGHT).unwrap_or(u32::MAX);
        let _ = in_flight.acquire_many(all).await;
    }

    /// The next mail whose turn has come, once the LGWAN side can be reached.
    /// Cancel-safe: a lease that is dropped is free again.
    async fn next(&self) -> Lease {
        loop {
            self.handover.reachable().await;
            let changed = self.store.changed();
            match self.store.next(now_ms()) {
                Ok(Some(lease)) => return lease,
                Ok(None) => self.idle(changed).await,
                Err(err) => {
                    tracing::error!(event = "spool.failed", error = %err);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits for a change of the queue, or for the first time that is due.
    async fn idle(&self, changed: impl Future<Output = ()>) {
        let wait = match self.store.next_due() {
            Ok(Some(due)) => Duration::from_millis(due.saturating_sub(now_ms()).max(1)),
            Ok(None) => Duration::from_secs(3600),
            Err(_) => PAUSE,
        };
        let _ = tokio::time::timeout(wait, changed).await;
    }

    async fn serve(&self, lease: Lease, _place: OwnedSemaphorePermit) {
        let id = mail_id(lease.id());
        if let Err(err) = self.settle(lease).await {
            // The store puts the mail back; trying it again is harmless.
            tracing::error!(event = "spool.settle-failed", %id, error = %err);
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn settle(&self, lease: Lease) -> Result<(), StoreError> {
        let id = mail_id(lease.id());
        let Some(job) = self.job(&lease) else {
            tracing::error!(event = "spool.damaged", %id);
            return lease.hold(now_ms(), Settled::new(HoldReason::Damaged.code())).await;
        };
        let heard = match lease.body() {
            Ok(body) => self.pool.hear(&job, body).await,
            Err(err) => return self.unreadable(lease, &job, &err.to_string(), is_lasting(&err)).await,
        };
        match heard {
            // The room is kept until the frames have been handed over.
            Ok(Heard { answers: Ok(answers), room: _room, .. }) => self.deliver(lease, &job, &answers).await,
            Ok(Heard { answers: Err(failure), sha256, .. }) => self.failed(lease, &job, failure, sha256).await,
            Err(WorkError::Body(err)) => {
                let lasting = err.kind() == std::io::ErrorKind::InvalidData;
                self.unreadable(lease, &job, &err.to_string(), lasting).await
            }
            Err(err @ (WorkError::NoWorker(_) | WorkError::Zygote(_) | WorkError::Pipe(_))) => {
                tracing::error!(event = "worker.unavailable", %id, error = %err);
                tokio::time::sleep(PAUSE).await;
                // Not the mail's fault: it keeps its place.
                drop(lease);
                Ok(())
            }
        }
    }

    fn job(&self, lease: &Lease) -> Option<Job> {
        let meta = Meta::decode(lease.meta())?;
        Some(Job {
            id: mail_id(lease.id()),
            envelope: meta.envelope,
            received: Timestamp::from_unix_ms_jst(lease.arrived_ms()),
            size: lease.size(),
            limits: self.plan.limits,
            profile: self.plan.policy.profile().clone(),
            rules: self.plan.rules.clone(),
            policy: self.plan.policy.clone(),
            files: self.plan.files,
        })
    }

    /// Hands over every share that crosses, and settles the mail when the
    /// LGWAN side has answered to each. If it does not, all of them come again:
    /// those that it has taken it knows by their ids.
    async fn deliver(&self, lease: Lease, job: &Job, answers: &Answers) -> Result<(), StoreError> {
        let mut fates = Vec::with_capacity(answers.shares().len());
        for share in answers.shares() {
            match self.hand_over(job, answers, share).await {
                Some(fate) => fates.push(fate),
                None => {
                    drop(lease);
                    return Ok(());
                }
            }
        }
        let Some(outcome) = Outcome::new(job, answers.shares(), &fates) else {
            return self
                .failed(lease, job, Failure { reason: HoldReason::Internal, answer: None }, Sha256::of(b""))
                .await;
        };
        if fates.contains(&Fate::Taken) {
            Counters::add(&self.counters.delivered);
        }
        if outcome.waits() {
            self.count_held(&outcome.report);
            return settle::waiting(lease, &outcome, now_ms()).await;
        }
        settle::taken(lease, &outcome, self.plan.retention, now_ms());
        Ok(())
    }

    /// What became of one share; `None` if nobody answered.
    async fn hand_over(&self, job: &Job, answers: &Answers, share: &Share) -> Option<Fate> {
        let Some(frame) = answers.frame(share) else { return Some(Fate::Waits) };
        let (id, to) = (job.id, share.job.envelope.to().len());
        match self.handover.send(frame).await {
            Ok((handoff::Answer::Taken, repeated)) => {
                if repeated {
                    Counters::add(&self.counters.repeats);
                }
                let (parts, us) = (share.report.parts.len(), share.report.timings_us);
                let size = job.size;
                if share.job.id == id {
                    tracing::info!(event = "mail.handed-over", %id, size, parts, us);
                } else {
                    tracing::info!(event = "mail.handed-over", %id, share = %share.job.id, to, size, parts, us);
                }
                Some(Fate::Taken)
            }
            Ok((handoff::Answer::Refused, _)) => {
                Counters::add(&self.counters.refused);
                tracing::error!(event = "mail.refused", %id, "the LGWAN side refused a mail: a defect or an attack");
                Some(Fate::Refused)
            }
            Err(err) => {
                tracing::warn!(event = "handoff.failed", %id, error = %err);
                None
            }
        }
    }

    async fn failed(&self, lease: Lease, job: &Job, failure: Failure, sha256: Sha256) -> Result<(), StoreError> {
        Counters::add(&self.counters.worker_failures);
        let detail = failure.answer.map(|err| err.to_string()).unwrap_or_default();
        tracing::warn!(event = "worker.failed", id = %job.id, reason = failure.reason.code(), detail);
        self.hold(lease, &Report::unread(job, failure.reason, sha256)).await
    }

    async fn unreadable(&self, lease: Lease, job: &Job, why: &str, lasting: bool) -> Result<(), StoreError> {
        tracing::error!(event = "spool.unreadable", id = %job.id, error = why, lasting);
        if lasting {
            return self.hold(lease, &Report::unread(job, HoldReason::Damaged, Sha256::of(b""))).await;
        }
        tokio::time::sleep(PAUSE).await;
        drop(lease);
        Ok(())
    }

    async fn hold(&self, lease: Lease, report: &Report) -> Result<(), StoreError> {
        self.count_held(report);
        settle::held(lease, report, now_ms()).await
    }

    fn count_held(&self, report: &Report) {
        Counters::add(&self.counters.held);
        let reason = report.hold_reason.map_or("", HoldReason::code);
        tracing::warn!(event = "mail.held", id = %report.id, reason, size = report.source.size);
    }
}

/// Whether reading a body again would fail again.
fn is_lasting(err: &StoreError) -> bool {
    matches!(err, StoreError::NoBody | StoreError::Damaged(_) | StoreError::NotFound)
}
