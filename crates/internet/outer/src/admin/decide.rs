//! What people decide about a mail. Every decision names who, when, why and
//! what came of it, beside the mail and in the audit record.
//!
//! Nothing here carries an original into LGWAN: a release is a sanitizing anew.

use std::sync::Arc;
use std::time::Duration;

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Act, Decided, OriginalForm, OriginalRequest, Release, Replies, Reply, RequestState};
use sekisho_job::Job;
use sekisho_safe_message::{Address, MailId, SafeLine};
use sekisho_store::{BodyFate, Lease, Settled, State, StoreError};
use tokio::time::Instant;

use super::{Admin, Stopped, by, invalid, reasoned};
use crate::book::{Book, Note};
use crate::clock::now_ms;
use crate::desk::{Handed, REQUESTS_MAX, pick};
use crate::dispatch::{Task, Treated};
use crate::meta::{Meta, item_id};
use crate::original::answer::Answer;
use crate::person::Person;
use crate::release::{goes_on, ordered};
use crate::rotate::RotateError;
use crate::settle::{Amended, amend, amend_or_refuse, deleted};

/// How often a caller that waits hears that it is not forgotten.
const TICK: Duration = Duration::from_secs(5);
/// How long somebody else's work on a mail is waited for, and how often it is
/// looked at.
const BUSY: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Admin {
    pub(super) async fn retry(
        &self,
        person: &Person,
        id: MailId,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let (lease, mut meta) = self.take(id).await?;
        if !matches!(lease.state(), State::Held | State::Waiting | State::Ready) {
            return Err(Stopped::With(Box::new(Reply::Conflict)));
        }
        not_begun(id, &meta.book)?;
        let note = by(person, "retry", reason).result("queued");
        meta.book.add(note.act.clone());
        let now = now_ms();
        let settled = Settled::new("retry").meta(meta.encode()).entry(note.entry(Some(id)));
        let settled = match lease.view().terms.clone() {
            Some(terms) => settled.terms(terms),
            None => settled,
        };
        lease.defer(now, now, settled.refusable()).await?;
        tracing::info!(event = "operator.retry", %id, person = %person.name, reason = %reason);
        Ok(replies.send(&Reply::Done).await?)
    }

    /// Has a mail sanitized again, and hands over what comes out.
    pub(super) async fn release(
        &self,
        person: &Person,
        id: MailId,
        how: Release,
        reason: &SafeLine,
        dry_run: bool,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let (lease, meta) = self.take(id).await?;
        if lease.view().body == BodyFate::Free {
            return Err(gone(id, &meta.book));
        }
        if !how.again
            && lease.state() == State::Kept
            && let Some(act) = meta.book.last("release")
        {
            return Err(decided(id, act));
        }
        if !matches!(lease.state(), State::Held | State::Kept) {
            return Err(Stopped::With(Box::new(Reply::Conflict)));
        }
        let job = self.dispatch.job_of(lease.view()).ok_or_else(|| invalid("damaged"))?;
        let job = ordered(job, &lease, &meta, &how).map_err(invalid)?;
        if dry_run {
            drop(lease);
            return self.tried(id, &job, replies).await;
        }
        let note = noted(by(person, "release", reason), &how, &job);
        let only_if_delivered = lease.state() == State::Kept;
        let task = Task::by(note.clone(), how, job, only_if_delivered);
        let dispatch = Arc::clone(&self.dispatch);
        // On its own: a caller that goes away does not stop it half-way.
        let work = tokio::spawn(async move { dispatch.treat(lease, task).await });
        let treated = patient(work, replies).await?.map_err(|_| invalid("internal"))??;
        let (outcome, report) = match treated {
            Treated::Delivered(report) => ("delivered", Some(report)),
            Treated::Held(report) => ("held", Some(report)),
            Treated::Untouched => (self.untouched(id)?, None),
        };
        if outcome != "delivered" && (only_if_delivered || report.is_none()) {
            // Nothing was settled that could tell of it.
            self.note(&note.result(outcome), Some(id)).await?;
        }
        tracing::info!(event = "operator.release", %id, person = %person.name, outcome, reason = %reason);
        let outcome = SafeLine::clean(outcome).value;
        let report = report.and_then(|report| serde_json::to_value(*report).ok());
        Ok(replies.send(&Reply::Released { outcome, report }).await?)
    }

    /// Why nothing came of a release so far.
    fn untouched(&self, id: MailId) -> Result<&'static str, StoreError> {
        let view = self.dispatch.store.get(item_id(id))?;
        Ok(if view.is_some_and(|view| goes_on(&view)) { "begun" } else { "unreachable" })
    }

    /// What a release would come to, without handing anything over.
    async fn tried(&self, id: MailId, job: &Job, replies: &mut Replies) -> Result<(), Stopped> {
        let (dispatch, job) = (Arc::clone(&self.dispatch), job.clone());
        let work = tokio::spawn(async move { dispatch.look(id, &job).await });
        let answer = patient(work, replies).await?.map_err(|_| invalid("internal"))?.map_err(|code| invalid(&code))?;
        let report = answer.shares().iter().map(|share| &share.report).find(|report| report.hold_reason.is_some());
        let outcome = if report.is_some() { "held" } else { "delivered" };
        let report = report.or(answer.shares().first().map(|share| &share.report));
        let report = report.and_then(|report| serde_json::to_value(report).ok());
        Ok(replies.send(&Reply::Released { outcome: SafeLine::clean(outcome).value, report }).await?)
    }

    pub(super) async fn delete(
        &self,
        person: &Person,
        id: MailId,
        reason: &SafeLine,
        dry_run: bool,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let (lease, mut meta) = self.take(id).await?;
        if lease.view().body == BodyFate::Free {
            return Err(gone(id, &meta.book));
        }
        if meta.book.legal_hold {
            return Err(invalid("legal-hold"));
        }
        not_begun(id, &meta.book)?;
        if !matches!(lease.state(), State::Held | State::Kept) {
            return Err(Stopped::With(Box::new(Reply::Conflict)));
        }
        if dry_run {
            return Ok(replies.send(&Reply::Done).await?);
        }
        let note = by(person, "delete", reason).result("deleted");
        meta.book.add(note.act.clone());
        let now = now_ms();
        let expires_ms = Some(self.dispatch.plan.retention.record_expires(now));
        deleted(lease, Amended { meta, entries: vec![note.entry(Some(id))], expires_ms }, now).await?;
        tracing::info!(event = "operator.delete", %id, person = %person.name, reason = %reason);
        Ok(replies.send(&Reply::Done).await?)
    }

    pub(super) async fn legal_hold(
        &self,
        person: &Person,
        id: MailId,
        on: bool,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let (lease, mut meta) = self.take(id).await?;
        if meta.book.legal_hold == on {
            return Ok(replies.send(&Reply::Done).await?);
        }
        if on && lease.view().body == BodyFate::Free {
            return Err(gone(id, &meta.book));
        }
        let what = if on { "legal-hold" } else { "legal-hold-lifted" };
        let note = by(person, what, reason).result("done");
        meta.book.legal_hold = on;
        meta.book.add(note.act.clone());
        let now = now_ms();
        let settled = matches!(lease.state(), State::Kept | State::Done | State::Buried);
        let expires_ms = (settled && !on).then(|| self.dispatch.plan.retention.record_expires(now));
        amend_or_refuse(lease, Amended { meta, entries: vec![note.entry(Some(id))], expires_ms }, now).await?;
        Ok(replies.send(&Reply::Done).await?)
    }

    pub(super) async fn request_original(
        &self,
        person: &Person,
        id: MailId,
        to: Vec<Address>,
        form: OriginalForm,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        if !self.dispatch.desk.is_open() {
            return Err(invalid("no-server"));
        }
        let (lease, mut meta) = self.take(id).await?;
        if lease.view().body == BodyFate::Free {
            return Err(gone(id, &meta.book));
        }
        let to = recipients(&meta, to)?;
        if meta.book.requests.len() >= REQUESTS_MAX {
            return Err(invalid("too-many-requests"));
        }
        let open = |request: &&OriginalRequest| {
            matches!(request.state, RequestState::Pending | RequestState::Approved) && request.to == to
        };
        if let Some(request) = meta.book.requests.iter().find(open) {
            // Asked before: the same request, not another.
            return Ok(replies.send(&Reply::Request(Box::new(request.clone()))).await?);
        }
        // One person is enough: then asking is deciding. A parcel needs one who hears its password.
        let at_once = !self.dispatch.desk.two_persons() && form == OriginalForm::Plain;
        let state = if at_once { RequestState::Approved } else { RequestState::Pending };
        let number = u32::try_from(meta.book.requests.len()).unwrap_or(u32::MAX).saturating_add(1);
        let note = by(person, "request", reason).detail("request", &number.to_string());
        let note = note.result(if at_once { "approved" } else { "pending" });
        let asked = note.act.clone();
        let request = OriginalRequest { number, to, form, state, asked, decided: None, attempts: 0, reply: None };
        meta.book.requests.push(request.clone());
        meta.book.add(note.act.clone());
        self.amended(id, lease, meta, &note).await?;
        if at_once {
            self.dispatch.desk.wake();
        }
        Ok(replies.send(&Reply::Request(Box::new(request))).await?)
    }

    pub(super) async fn decide_original(
        &self,
        person: &Person,
        id: MailId,
        number: Option<u32>,
        approve: bool,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let (lease, mut meta) = self.take(id).await?;
        let request = pick(&mut meta.book.requests, number, RequestState::Pending);
        let Some(request) = request else { return Err(invalid("no-request")) };
        if request.state != RequestState::Pending {
            let act = request.decided.clone().unwrap_or_else(|| request.asked.clone());
            return Err(decided(id, &act));
        }
        if approve && self.dispatch.desk.two_persons() && request.asked.who == person.name {
            return Err(Stopped::With(Box::new(Reply::Denied { role: None })));
        }
        let note = by(person, if approve { "approve" } else { "reject" }, reason);
        let note = note.detail("request", &request.number.to_string());
        let (number, form, to) = (request.number, request.form, request.to.clone());
        if approve && form == OriginalForm::Zip {
            return self.send_parcel(id, lease, meta, number, note, replies).await;
        }
        let note = note.result(if approve { "approved" } else { "rejected" });
        request.state = if approve { RequestState::Approved } else { RequestState::Rejected };
        request.decided = Some(note.act.clone());
        let (request, by_mail) = (request.clone(), request.asked.who.as_str().starts_with("mail:"));
        meta.book.add(note.act.clone());
        self.amended(id, lease, meta, &note).await?;
        if approve {
            self.dispatch.desk.wake();
        } else if by_mail && let Some(to) = to.first() {
            self.dispatch.tell_requester(Answer::Rejected, id, None, to).await;
        }
        Ok(replies.send(&Reply::Request(Box::new(request))).await?)
    }

    /// An original in an encrypted zip goes now, while somebody is there who
    /// hears its password; it is told once and kept nowhere.
    async fn send_parcel(
        &self,
        id: MailId,
        lease: Lease,
        mut meta: Meta,
        number: u32,
        note: Note,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        let Some(at) = meta.book.requests.iter().position(|request| request.number == number) else {
            return Err(invalid("no-request"));
        };
        // On record before anything leaves.
        self.note(&note.clone().result("begun"), Some(id)).await?;
        let secret = sekisho_vault::password().map_err(|_| invalid("internal"))?;
        let to = meta.book.requests[at].to.clone();
        let handed = {
            let hand = self.dispatch.hand_original(lease.view(), &meta, &to, OriginalForm::Zip, Some(secret.clone()));
            ticking(hand, replies).await?
        };
        let request = &mut meta.book.requests[at];
        request.attempts = request.attempts.saturating_add(1);
        let (state, result, said) = match handed {
            Handed::Delivered(said) => (RequestState::Delivered, "delivered", said),
            Handed::Refused(said) => (RequestState::Failed, "refused", said),
            // Nobody has the password yet: it may be approved again.
            Handed::Later(_, said) => (RequestState::Pending, "not-delivered", said),
        };
        let note = note.result(result);
        request.state = state;
        request.reply = Some(said);
        if state != RequestState::Pending {
            request.decided = Some(note.act.clone());
        }
        let request = request.clone();
        meta.book.add(note.act.clone());
        let expires_ms = lease.view().expires_ms;
        amend(lease, Amended { meta, entries: vec![note.entry(Some(id))], expires_ms }, now_ms()).await?;
        if request.state == RequestState::Delivered {
            replies.send(&Reply::Password { secret }).await?;
        }
        Ok(replies.send(&Reply::Request(Box::new(request))).await?)
    }

    pub(super) async fn rotate(
        &self,
        person: &Person,
        reason: &SafeLine,
        replies: &mut Replies,
    ) -> Result<(), Stopped> {
        reasoned(reason)?;
        let dispatch = Arc::clone(&self.dispatch);
        let work = tokio::spawn(async move { crate::rotate::all(&dispatch).await });
        let done = patient(work, replies).await?.map_err(|_| invalid("internal"))?;
        let done = done.map_err(|err| {
            tracing::error!(event = "vault.failed", error = %err);
            match err {
                RotateError::Store(err) => Stopped::from(err),
                RotateError::Keys(_) => invalid("keys"),
            }
        })?;
        let note = by(person, "rotate-keys", reason).detail("rewrapped", &done.rewrapped.to_string());
        let note =
            note.detail("failed", &done.failed.to_string()).result(if done.failed == 0 { "done" } else { "partly" });
        self.note(&note, None).await?;
        Ok(replies.send(&Reply::Count { count: done.rewrapped, more: done.failed > 0 }).await?)
    }

    /// The mail for this request alone, and the facts of it. Who has it now is
    /// waited for: what became of it is a better answer than that it is busy.
    async fn take(&self, id: MailId) -> Result<(Lease, Meta), Stopped> {
        let until = Instant::now() + BUSY;
        let lease = loop {
            match self.dispatch.store.lease(item_id(id)) {
                Err(StoreError::Busy) if Instant::now() < until => tokio::time::sleep(LOOK_AGAIN).await,
                lease => break lease?,
            }
        };
        let meta = Meta::decode(lease.meta()).ok_or_else(|| invalid("damaged"))?;
        Ok((lease, meta))
    }

    async fn amended(&self, id: MailId, lease: Lease, meta: Meta, note: &Note) -> Result<(), Stopped> {
        let expires_ms = lease.view().expires_ms;
        amend_or_refuse(lease, Amended { meta, entries: vec![note.entry(Some(id))], expires_ms }, now_ms()).await?;
        tracing::info!(event = "operator.decided", %id, act = %note.act.what, who = %note.act.who, result = %note.act.result);
        Ok(())
    }
}

/// What the record says of the way; that a password was given, never which.
fn noted(note: Note, how: &Release, job: &Job) -> Note {
    let mut note = note.detail("profile", job.profile.as_str());
    for kind in &how.relax {
        note = note.detail(&format!("relax {}", kind.as_str()), "one-step");
    }
    if how.doubts {
        note = note.detail("doubts", "accepted");
    }
    if how.secret.is_some() {
        note = note.detail("password", "given");
    }
    note
}

/// Recipients of the mail, and no others.
fn recipients(meta: &Meta, asked: Vec<Address>) -> Result<Vec<Address>, Stopped> {
    let all: Vec<Address> = meta.envelope.to().iter().chain(&meta.served).cloned().collect();
    if asked.is_empty() {
        return Ok(all);
    }
    if asked.iter().any(|address| !all.contains(address)) {
        return Err(invalid("not-a-recipient"));
    }
    Ok(asked)
}

fn decided(id: MailId, act: &Act) -> Stopped {
    Stopped::With(Box::new(Reply::Decided(Box::new(Decided { id, act: act.clone() }))))
}

/// No release of it goes on by itself.
fn not_begun(id: MailId, book: &Book) -> Result<(), Stopped> {
    let begun = book.begun.as_ref().filter(|begun| begun.how().is_some());
    begun.map_or(Ok(()), |begun| Err(decided(id, &begun.note.act)))
}

/// The original is not there: somebody deleted it, or its time was over.
fn gone(id: MailId, book: &Book) -> Stopped {
    match book.last("delete") {
        Some(act) => decided(id, act),
        None => invalid("no-original"),
    }
}

/// Waits for `work`, and says now and then that it goes on.
pub(super) async fn patient<T>(
    work: tokio::task::JoinHandle<T>,
    replies: &mut Replies,
) -> Result<Result<T, tokio::task::JoinError>, ChannelError> {
    ticking(work, replies).await
}

async fn ticking<T>(work: impl Future<Output = T>, replies: &mut Replies) -> Result<T, ChannelError> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            () = tokio::time::sleep(TICK) => replies.send(&Reply::Working).await?,
        }
    }
}
