//! From the spool through a worker over the border, one mail after the other,
//! several at a time.
//!
//! Every path ends in a settlement, or in the lease's being dropped, which
//! puts the mail back: nothing is lost, whatever breaks.

use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::handoff;
use sekisho_job::{Answer, HoldReason, Job, Limits, Report, Rules};
use sekisho_safe_message::{ProfileName, Sha256, Timestamp, frame};
use sekisho_store::{Lease, Settled, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::clock::now_ms;
use crate::counters::Counters;
use crate::handover::Handover;
use crate::meta::{Meta, mail_id};
use crate::pool::{Failure, Pool, WorkError, Worked};
use crate::retain::Retention;
use crate::settle;

/// Mails between lease and settlement at one time. More than workers, so that
/// those that wait for the LGWAN side's sync share it.
const IN_FLIGHT: usize = 64;

/// Memory for frames in flight, in KiB.
const FRAME_BUDGET: u32 = 32 * 1024;

/// How long to wait after trouble that is not the mail's own.
const PAUSE: Duration = Duration::from_secs(1);

/// What every mail is read with.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) profile: ProfileName,
    pub(crate) rules: Rules,
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
        let frames = Arc::new(Semaphore::new(FRAME_BUDGET as usize));
        loop {
            let lease = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                lease = self.next() => lease,
            };
            let Ok(place) = Arc::clone(&in_flight).acquire_owned().await else { break };
            let Ok(room) = Arc::clone(&frames).acquire_many_owned(frame_weight(lease.size())).await else { break };
            let this = Arc::clone(&self);
            tokio::spawn(async move { this.serve(lease, (place, room)).await });
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

    async fn serve(&self, lease: Lease, _places: (OwnedSemaphorePermit, OwnedSemaphorePermit)) {
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
        let worked = match lease.body() {
            Ok(body) => self.pool.work(&job, body).await,
            Err(err) => return self.unreadable(lease, &job, &err.to_string(), is_lasting(&err)).await,
        };
        match worked {
            Ok(Worked { answer: Ok(Answer::Deliver(_, frame, report)), .. }) => {
                self.deliver(lease, &frame, *report).await
            }
            Ok(Worked { answer: Ok(Answer::Hold(_, report)), .. }) => self.hold(lease, &report, None).await,
            Ok(Worked { answer: Err(failure), sha256 }) => self.failed(lease, &job, failure, sha256).await,
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
            profile: self.plan.profile.clone(),
            rules: self.plan.rules.clone(),
        })
    }

    async fn deliver(&self, lease: Lease, frame: &[u8], mut report: Report) -> Result<(), StoreError> {
        let id = report.id;
        match self.handover.send(frame).await {
            Ok((handoff::Answer::Taken, repeated)) => {
                Counters::add(&self.counters.delivered);
                if repeated {
                    Counters::add(&self.counters.repeats);
                }
                let (parts, us) = (report.parts.len(), report.timings_us);
                tracing::info!(event = "mail.handed-over", %id, size = report.source.size, parts, us);
                settle::taken(lease, &report, self.plan.retention, now_ms());
                Ok(())
            }
            Ok((handoff::Answer::Refused, _)) => {
                Counters::add(&self.counters.refused);
                tracing::error!(event = "mail.refused", %id, "the LGWAN side refused a mail: a defect or an attack");
                report.hold_reason = Some(HoldReason::Refused);
                report.outcome = sekisho_job::Verdict::Hold;
                self.hold(lease, &report, Some("refused")).await
            }
            Err(err) => {
                tracing::warn!(event = "handoff.failed", %id, error = %err);
                drop(lease);
                Ok(())
            }
        }
    }

    async fn failed(&self, lease: Lease, job: &Job, failure: Failure, sha256: Sha256) -> Result<(), StoreError> {
        Counters::add(&self.counters.worker_failures);
        let detail = failure.answer.map(|err| err.to_string()).unwrap_or_default();
        tracing::warn!(event = "worker.failed", id = %job.id, reason = failure.reason.code(), detail);
        self.hold(lease, &Report::unread(job, failure.reason, sha256), None).await
    }

    async fn unreadable(&self, lease: Lease, job: &Job, why: &str, lasting: bool) -> Result<(), StoreError> {
        tracing::error!(event = "spool.unreadable", id = %job.id, error = why, lasting);
        if lasting {
            return self.hold(lease, &Report::unread(job, HoldReason::Damaged, Sha256::of(b"")), None).await;
        }
        tokio::time::sleep(PAUSE).await;
        drop(lease);
        Ok(())
    }

    async fn hold(&self, lease: Lease, report: &Report, handoff: Option<&'static str>) -> Result<(), StoreError> {
        Counters::add(&self.counters.held);
        let reason = report.hold_reason.map_or("", HoldReason::code);
        tracing::warn!(event = "mail.held", id = %report.id, reason, size = report.source.size);
        settle::held(lease, report, handoff, now_ms()).await
    }
}

/// Whether reading a body again would fail again.
fn is_lasting(err: &StoreError) -> bool {
    matches!(err, StoreError::NoBody | StoreError::Damaged(_) | StoreError::NotFound)
}

/// KiB that the frame of a mail of `size` octets may take: text grows at most
/// some threefold on its way to UTF-8, and never past a frame's bound.
fn frame_weight(size: u64) -> u32 {
    let most = size.saturating_mul(3).saturating_add(64 * 1024).min(frame::MAX as u64);
    u32::try_from(most / 1024).unwrap_or(FRAME_BUDGET).min(FRAME_BUDGET)
}
