//! Requests by mail, and passwords that come by mail.

use std::time::Duration;

use sekisho_channel::admin::{OriginalRequest, Release, RequestState};
use sekisho_job::{Answers, HoldReason, Job, MAX_SECRETS, Orders};
use sekisho_safe_message::{MailId, SafeLine, SafeMessage, SafeText, Secret, Untrusted, frame};
use sekisho_store::{ItemId, Query, State, StoreError};

use super::{REQUESTS_MAX, lock};
use crate::book::Note;
use crate::clock::now_ms;
use crate::dispatch::{Dispatch, Task, Treated};
use crate::meta::{Meta, item_id, mail_id};
use crate::original::answer::Answer;
use crate::original::petition::{self, Declined, Incoming, Known, Lookups, Petition};
use crate::record::Record;
use crate::settle::{Amended, amend};
use crate::terms;

/// Held mails that one following mail may open.
const OPENED_MAX: usize = 5;

/// The text of a mail, out of a worker's answer.
pub(crate) fn read(answers: &Answers) -> Option<SafeMessage> {
    let frame = answers.shares().iter().find_map(|share| answers.frame(share))?;
    frame::decode(Untrusted::new(frame)).ok()
}

fn candidates(subject: &SafeLine, text: &SafeText) -> Vec<Secret> {
    let mut found = sekisho_job::candidates(subject, text);
    found.truncate(MAX_SECRETS);
    found
}

impl Dispatch {
    /// Serves a mail to the request address.
    pub(crate) async fn petition(&self, job: &Job, message: &SafeMessage) -> Result<(), StoreError> {
        let incoming = Incoming {
            id: job.id,
            from: job.envelope.from(),
            subject: &message.headers().subject,
            text: message.text(),
            automatic: message.headers().auto_submitted.is_some(),
        };
        let lookups = Lookups { known: |id| self.known(id), candidates };
        let read = {
            let mut rate = lock(&self.desk.rate);
            petition::read(incoming, &self.desk.tokens, &mut rate, now_ms(), lookups)
        };
        match read {
            Ok(petition) => self.petitioned(petition).await,
            Err(Declined { why, told }) => {
                tracing::warn!(event = "original.declined", id = %job.id, reason = why.code());
                let from = job.envelope.from().map_or_else(|| "mail:<>".to_owned(), |from| format!("mail:{from}"));
                let note = Note::of(&from, "request", "", now_ms()).result(why.code());
                let about = told.as_ref().map_or(job.id, |(id, ..)| *id);
                self.store.append(vec![note.entry(Some(about))]).await?;
                if let Some((id, to, answer)) = told {
                    self.tell_requester(answer, id, self.subject_of(id), &to).await;
                }
                Ok(())
            }
        }
    }

    fn known(&self, id: MailId) -> Option<Known> {
        let view = self.store.get(item_id(id)).ok()??;
        let meta = Meta::decode(&view.meta)?;
        let pending = meta.book.requests.iter().filter(|request| request.state == RequestState::Pending);
        Some(Known {
            recipients: meta.envelope.to().iter().chain(&meta.served).cloned().collect(),
            original: view.body == sekisho_store::BodyFate::Keep,
            pending: pending.flat_map(|request| request.to.clone()).collect(),
        })
    }

    fn subject_of(&self, id: MailId) -> Option<SafeLine> {
        let view = self.store.get(item_id(id)).ok()??;
        Some(Record::decode(view.record.as_deref()?)?.report.source.subject)
    }

    /// Notes a request that counts, and tries the password that came with it.
    async fn petitioned(&self, petition: Petition) -> Result<(), StoreError> {
        let now = now_ms();
        let who = petition.who();
        let lease = self.store.lease(item_id(petition.id))?;
        let Some(mut meta) = Meta::decode(lease.meta()) else { return Ok(()) };
        if meta.book.requests.len() >= REQUESTS_MAX {
            return Ok(());
        }
        let note = Note::of(who.as_str(), "request", petition.why.as_str(), now).result("pending");
        let number = u32::try_from(meta.book.requests.len()).unwrap_or(u32::MAX).saturating_add(1);
        let note = note.detail("request", &number.to_string());
        meta.book.requests.push(OriginalRequest {
            number,
            to: vec![petition.requester.clone()],
            form: self.desk.form(),
            state: RequestState::Pending,
            asked: note.act.clone(),
            decided: None,
            attempts: 0,
            reply: None,
        });
        meta.book.add(note.act.clone());
        let (entries, expires_ms) = (vec![note.entry(Some(petition.id))], lease.view().expires_ms);
        let waits_for_password = lease.view().label == HoldReason::EncryptedFile.code();
        let subject = self.subject_of(petition.id);
        amend(lease, Amended { meta, entries, expires_ms }, now).await?;
        tracing::info!(event = "original.requested", id = %petition.id, by = "mail");
        self.tell_requester(Answer::Received, petition.id, subject, &petition.requester).await;
        if waits_for_password && !petition.secrets.is_empty() {
            let note = Note::of(who.as_str(), "password", petition.why.as_str(), now);
            self.open_held(item_id(petition.id), petition.secrets, note).await?;
        }
        Ok(())
    }

    /// Looks whether `message` brings the password of a mail that its sender
    /// sent before to one of the same recipients.
    pub(crate) async fn follow(&self, job: &Job, message: &SafeMessage) -> Result<(), StoreError> {
        let Some(from) = job.envelope.from() else { return Ok(()) };
        let since = ms(self.desk.passwords.window);
        let mut opened = 0;
        for to in job.envelope.to().iter().take(20) {
            let query = Query {
                states: vec![State::Held],
                label: Some(HoldReason::EncryptedFile.code().to_owned()),
                terms: terms::between(from, to),
                since_ms: Some(now_ms().saturating_sub(since)),
                limit: OPENED_MAX,
                order: sekisho_store::Order::NewestFirst,
                ..Query::default()
            };
            for view in self.store.list(&query)? {
                let secrets = candidates(&message.headers().subject, message.text());
                if secrets.is_empty() || opened >= OPENED_MAX || mail_id(view.id) == job.id {
                    return Ok(());
                }
                opened += 1;
                let note = Note::of("sekisho", "password", &format!("following mail {}", job.id), now_ms());
                self.open_held(view.id, secrets, note).await?;
            }
        }
        Ok(())
    }

    /// Whether a mail waits that a following one may open.
    pub(crate) fn waits_for_passwords(&self) -> Result<bool, StoreError> {
        if !self.desk.passwords.follow {
            return Ok(false);
        }
        let label = Some(HoldReason::EncryptedFile.code().to_owned());
        let query = Query { states: vec![State::Held], label, limit: 1, ..Query::default() };
        Ok(!self.store.list(&query)?.is_empty())
    }

    /// Tries passwords on a held mail. Where none opens it, it stays as it is.
    async fn open_held(&self, id: ItemId, secrets: Vec<Secret>, note: Note) -> Result<(), StoreError> {
        let lease = match self.store.lease(id) {
            Ok(lease) if lease.state() == State::Held => lease,
            Ok(_) | Err(StoreError::Busy | StoreError::NotFound) => return Ok(()),
            Err(err) => return Err(err),
        };
        let Some(job) = self.job_of(lease.view()) else { return Ok(()) };
        let how = Release { secret: secrets.first().cloned(), ..Release::default() };
        let orders = Orders { secrets, ..job.orders.clone() };
        let task = Task::by(note, how, Job { orders, ..job }, true);
        // It calls this in turn, for what comes from the queue alone.
        let treated = Box::pin(self.treat(lease, task)).await?;
        let opened = matches!(treated, Treated::Delivered(_));
        tracing::info!(event = "password.tried", id = %mail_id(id), opened);
        Ok(())
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
