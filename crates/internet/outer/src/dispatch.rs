//! From the spool through a worker over the border, one mail after the other,
//! several at a time.
//!
//! Every path ends in a settlement, or in the lease's being dropped, which
//! puts the mail back: nothing is lost, whatever breaks.

use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::admin::Release;
use sekisho_channel::handoff;
use sekisho_job::{Answers, FileRules, HoldReason, Job, Limits, Orders, Report, Rules, Share};
use sekisho_policy::Policy;
use sekisho_safe_message::{Sha256, Timestamp};
use sekisho_store::{ItemView, Lease, Settled, State, Store, StoreError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::book::{Begun, Note};
use crate::clock::now_ms;
use crate::counters::Counters;
use crate::desk::{Desk, read};
use crate::handover::Handover;
use crate::meta::{Meta, mail_id};
use crate::pool::{Failure, Heard, Pool, WorkError};
use crate::release;
use crate::retain::Retention;
use crate::settle::{self, Along, Fate, Outcome};
use crate::vault::{Unopened, Vault};

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
    pub(crate) vault: Arc<Vault>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) handover: Handover,
    pub(crate) plan: Plan,
    pub(crate) desk: Desk,
    pub(crate) counters: Arc<Counters>,
}

/// A mail to read, and who wants it read.
pub(crate) struct Task {
    pub(crate) job: Job,
    /// Who has it done, if it is not the queue's turn.
    pub(crate) note: Option<Note>,
    /// The same as it is written down before anything crosses.
    pub(crate) order: Option<Begun>,
    /// Settle only if something crosses; else the mail stays as it is.
    pub(crate) only_if_delivered: bool,
    /// It is a request to the gateway itself.
    pub(crate) petition: bool,
    /// It is a mail to people inside.
    pub(crate) crosses: bool,
}

impl Task {
    /// What a person, or a password that came, has done to one mail.
    pub(crate) fn by(note: Note, how: Release, job: Job, only_if_delivered: bool) -> Self {
        let order = Some(Begun::new(job.id, note.clone(), &how));
        Self { job, note: Some(note), order, only_if_delivered, petition: false, crosses: true }
    }
}

/// What came of a mail.
#[derive(Debug)]
pub(crate) enum Treated {
    /// The LGWAN side has it, or part of it.
    Delivered(Box<Report>),
    /// It waits, and why.
    Held(Box<Report>),
    /// Nothing is settled: trouble that is not the mail's own, or a side that
    /// does not answer.
    Untouched,
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
        let settled = match self.job_of(lease.view()) {
            Some(job) => self.take_turn(lease, job).await,
            None => {
                tracing::error!(event = "spool.damaged", %id);
                lease.hold(now_ms(), Settled::new(HoldReason::Damaged.code())).await
            }
        };
        if let Err(err) = settled {
            // The store puts the mail back; trying it again is harmless.
            tracing::error!(event = "spool.settle-failed", %id, error = %err);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A mail whose turn it is in the queue.
    async fn take_turn(&self, lease: Lease, job: Job) -> Result<(), StoreError> {
        let (ours, others): (Vec<usize>, Vec<usize>) =
            (0..job.envelope.to().len()).partition(|place| self.desk.is_asked(&job.envelope.to()[*place]));
        let petition = !ours.is_empty();
        // What is for the gateway itself never goes inside.
        let job = if petition { job.share(&others).unwrap_or(job) } else { job };
        let crosses = !petition || !others.is_empty();
        let task = Task { job, note: None, order: None, only_if_delivered: false, petition, crosses };
        self.treat(lease, task).await.map(drop)
    }

    /// Has a mail read by a worker, hands over what comes out, and settles it.
    pub(crate) async fn treat(&self, lease: Lease, task: Task) -> Result<Treated, StoreError> {
        let id = task.job.id;
        let heard = match lease.body() {
            Ok(body) => match self.vault.open_body(&lease.view().seal, body) {
                Ok(body) => self.pool.hear(&task.job, body).await,
                Err(err) => return self.unreadable(lease, &task, &err.to_string(), true).await,
            },
            Err(err) => return self.unreadable(lease, &task, &err.to_string(), is_lasting(&err)).await,
        };
        match heard {
            // The room is kept until the frames have been handed over.
            Ok(Heard { answers: Ok(answers), room: _room, .. }) => self.deliver(lease, &task, &answers).await,
            Ok(Heard { answers: Err(failure), sha256, .. }) => self.failed(lease, &task, failure, sha256).await,
            Err(WorkError::Body(err)) => {
                let lasting = Unopened::while_reading(&err) == Unopened::Damaged;
                self.unreadable(lease, &task, &err.to_string(), lasting).await
            }
            Err(err @ (WorkError::NoWorker(_) | WorkError::Zygote(_) | WorkError::Pipe(_))) => {
                tracing::error!(event = "worker.unavailable", %id, error = %err);
                tokio::time::sleep(PAUSE).await;
                // Not the mail's fault: it keeps its place.
                drop(lease);
                Ok(Treated::Untouched)
            }
        }
    }

    /// What is to be done with a mail, as the site has it done.
    pub(crate) fn job_of(&self, view: &ItemView) -> Option<Job> {
        let meta = Meta::decode(&view.meta)?;
        let id = mail_id(view.id);
        let size = if view.seal.is_empty() { view.size } else { meta.size };
        let appeal = self.desk.appeal(id, view.arrived_ms);
        let digest = view.digest.map(Sha256::from_bytes);
        Some(Job {
            id,
            envelope: meta.envelope,
            received: Timestamp::from_unix_ms_jst(view.arrived_ms),
            size,
            limits: self.plan.limits,
            profile: self.plan.policy.profile().clone(),
            rules: self.plan.rules.clone(),
            policy: self.plan.policy.clone(),
            files: self.plan.files,
            orders: Orders { appeal, digest, ..Orders::default() },
        })
    }

    /// Hands over every share that crosses, and settles the mail when the
    /// LGWAN side has answered to each. If it does not, all of them come again:
    /// those that it has taken it knows by their ids.
    async fn deliver(&self, lease: Lease, task: &Task, answers: &Answers) -> Result<Treated, StoreError> {
        let job = &task.job;
        let message = if self.reads_words(task)? { read(answers) } else { None };
        if let (true, Some(message)) = (task.petition, &message) {
            self.petition(job, message).await?;
            if !task.crosses {
                let Some(share) = answers.shares().first() else { return Ok(Treated::Untouched) };
                settle::answered(lease, &share.report, "petition", &self.along(task, "answered")).await?;
                return Ok(Treated::Untouched);
            }
        }
        let crosses = answers.shares().iter().any(|share| answers.frame(share).is_some());
        let lease = if crosses { release::begin(lease, task, answers).await? } else { lease };
        let mut fates = Vec::with_capacity(answers.shares().len());
        let mut frames = Vec::with_capacity(answers.shares().len());
        for share in answers.shares() {
            match self.hand_over(job, answers, share).await {
                Some(fate) => fates.push(fate),
                None => return Ok(Treated::Untouched),
            }
            frames.push(answers.frame(share).map(Sha256::of));
        }
        let Some(mut outcome) = Outcome::new(job, answers.shares(), &fates, frames) else {
            return self
                .failed(lease, task, Failure { reason: HoldReason::Internal, answer: None }, Sha256::of(b""))
                .await;
        };
        outcome.report.id = mail_id(lease.id());
        let report = Box::new(outcome.report.clone());
        if fates.contains(&Fate::Taken) {
            Counters::add(&self.counters.delivered);
        } else if let (true, Some(order)) = (task.only_if_delivered, &task.order) {
            release::give_up(lease, order, outcome.handoff().unwrap_or("held")).await?;
            return Ok(Treated::Held(report));
        }
        let brings_password = message.as_ref().is_some_and(|message| self.seems_to_bring_password(task, message));
        let along = Along { brings_password, ..self.along(task, outcome.handoff().unwrap_or("held")) };
        let item = lease.id();
        if outcome.waits() && lease.state() != State::Kept {
            self.count_held(&outcome.report);
            settle::waiting(lease, &outcome, &along).await?;
        } else {
            settle::taken(lease, &outcome, &along).await?;
        }
        if task.note.is_none() {
            self.look_for_passwords(job, item, &report, message.as_ref()).await?;
        }
        Ok(if fates.contains(&Fate::Taken) { Treated::Delivered(report) } else { Treated::Held(report) })
    }

    /// Whether what a mail says matters here: a request, or perhaps a password.
    fn reads_words(&self, task: &Task) -> Result<bool, StoreError> {
        let from_queue = task.note.is_none();
        Ok(task.petition || (from_queue && (self.may_bring_password(&task.job) || self.waits_for_passwords()?)))
    }

    /// What goes with the settlement of a task that came out like this.
    fn along(&self, task: &Task, result: &str) -> Along {
        let note = task.note.clone().map(|note| note.result(result));
        // What a person has done to a mail does not send its original out again.
        let dual = if note.is_none() { self.desk.dual() } else { None };
        Along { retention: self.plan.retention, now_ms: now_ms(), note, brings_password: false, dual }
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

    async fn failed(&self, lease: Lease, task: &Task, failure: Failure, sha256: Sha256) -> Result<Treated, StoreError> {
        Counters::add(&self.counters.worker_failures);
        let detail = failure.answer.map(|err| err.to_string()).unwrap_or_default();
        tracing::warn!(event = "worker.failed", id = %task.job.id, reason = failure.reason.code(), detail);
        self.hold(lease, task, Report::unread(&task.job, failure.reason, sha256)).await
    }

    async fn unreadable(&self, lease: Lease, task: &Task, why: &str, lasting: bool) -> Result<Treated, StoreError> {
        tracing::error!(event = "spool.unreadable", id = %task.job.id, error = why, lasting);
        if lasting {
            let known = lease.view().digest.map(Sha256::from_bytes);
            let sha256 = known.unwrap_or_else(|| Sha256::of(b""));
            return self.hold(lease, task, Report::unread(&task.job, HoldReason::Damaged, sha256)).await;
        }
        tokio::time::sleep(PAUSE).await;
        drop(lease);
        Ok(Treated::Untouched)
    }

    async fn hold(&self, lease: Lease, task: &Task, mut report: Report) -> Result<Treated, StoreError> {
        report.id = mail_id(lease.id());
        let kept = matches!(lease.state(), State::Kept | State::Done | State::Buried);
        if !kept && !task.only_if_delivered {
            self.count_held(&report);
            settle::held(lease, &report, &self.along(task, "held")).await?;
        }
        Ok(Treated::Held(Box::new(report)))
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
